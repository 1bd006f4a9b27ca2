"""One trajectory, however it is computed: accumulation, DDP, ZeRO-1/2/3, FSDP2, offload, resume, packing or padding.

Real processes over gloo, a tiny Gemma 3, rows of unlike length (so that means of means would differ), six steps.
"""

import json
import shutil

import pytest
import yaml
from safetensors.torch import load_file

from tests import launch

STEPS = 6
COMMON = {
    "eval_rows": 0,
    "max_steps": STEPS,
    "learning_rate": 3e-3,
    "lr_scheduler_type": "constant",
    "seed": 7,
    "save_steps": 3,
    "save_total_limit": 3,
    "report_to": "none",
    "save_dtype": "float32",
}


EVALUATION = ("--eval_rows", "7", "--sample_rows", "7", "--sample_tokens", "6", "--max_steps", "2")


@pytest.fixture(scope="module")
def run(tiny_folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    rows = launch.write_rows(root / "rows.jsonl")

    def run(name, batch, *options, accelerate="cpu"):
        out = root / name
        sizes = ["--model", str(tiny_folder), "--train", str(rows), "--per_device_train_batch_size", str(batch)]
        common = [text for key, value in COMMON.items() for text in (f"--{key}", str(value))]
        launch.sft(out, *common, *sizes, *options, accelerate=accelerate)
        return out

    return run


@pytest.fixture(scope="module")
def full(run):
    return run("full", 8)


@pytest.fixture(scope="module")
def lora(run):
    return run("lora", 8, "--method", "lora")


def restart_from_three(out):
    """Leave the folder as a kill after step 3 would."""
    shutil.rmtree(out / "checkpoint-6")
    (out / "stage.json").unlink()
    (out / "model.safetensors").unlink()


def assert_same_run(out, reference, tolerance=1e-4):
    losses, expected = launch.log(out, "loss"), launch.log(reference, "loss")
    assert len(losses) == len(expected) == STEPS
    differences = [abs(a - b) for a, b in zip(losses, expected, strict=True)]
    assert max(differences) < tolerance and sum(differences) / STEPS < tolerance / 2, (losses, expected)
    assert expected[0] - expected[-1] > 0.1  # something was learnt, so the comparison says something
    weights, others = (load_file(path / "model.safetensors") for path in (out, reference))
    assert weights.keys() == others.keys()
    assert max((weights[k] - others[k]).abs().max().item() for k in weights) < 2e-3


def test_gradient_accumulation(run, full):
    assert_same_run(run("accumulated", 1, "--gradient_accumulation_steps", "8"), full)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "accelerate", ["cpu_ddp", *(pytest.param(name, marks=SLOW) for name in ("cpu_zero1", "cpu_zero2", "cpu_zero3"))]
)
def test_two_processes(accelerate, run, full):
    assert_same_run(run(accelerate, 4, accelerate=accelerate), full)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["full", "lora"])
def test_fsdp2(method, run, full, lora, fsdp2):
    """Six steps, a sharded checkpoint, resume from step three, and the whole model at the end."""
    reference = {"full": full, "lora": lora}[method]
    out = run(f"fsdp2_{method}", 4, "--method", method, accelerate=fsdp2)
    assert_same_run(out, reference)
    assert list((out / "checkpoint-3").glob("pytorch_model_fsdp_*/*.distcp"))  # sharded, so it was FSDP and not DDP
    restart_from_three(out)
    run(out.name, 4, "--method", method, accelerate=fsdp2)
    assert_same_run(out, reference)


@pytest.mark.slow
@pytest.mark.parametrize("accelerate", ["cpu_ddp", "cpu_zero2", "cpu_zero3"])
def test_two_processes_with_an_adapter(accelerate, run, lora):
    assert_same_run(run(f"lora_{accelerate}", 4, "--method", "lora", accelerate=accelerate), lora)


@pytest.fixture(scope="module")
def zero3_sharded(tmp_path_factory):
    """ZeRO-3 that shards from loading on, even a tiny model: else it keeps tensors below 100,000 elements whole."""
    folder = tmp_path_factory.mktemp("zero3")
    zero = {"stage": 3, "stage3_param_persistence_threshold": 0, "stage3_gather_16bit_weights_on_model_save": True}
    auto = dict.fromkeys(("train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "gradient_clipping"), "auto")
    (folder / "deepspeed.json").write_text(json.dumps(auto | {"zero_optimization": zero}))
    launch_config = yaml.safe_load((launch.ROOT / "accelerate_configs" / "cpu_zero3.yaml").read_text())
    del launch_config["mixed_precision"]  # the DeepSpeed file says it
    launch_config["deepspeed_config"] = {
        "deepspeed_config_file": str(folder / "deepspeed.json"),
        "zero3_init_flag": True,
    }
    (folder / "zero3.yaml").write_text(yaml.safe_dump(launch_config))
    return str(folder / "zero3.yaml")


@pytest.mark.parametrize("method", ["full", pytest.param("lora", marks=SLOW)])
def test_zero3_that_really_shards(method, run, full, lora, zero3_sharded):
    out = run(f"sharded_{method}", 4, "--method", method, accelerate=zero3_sharded)
    assert_same_run(out, {"full": full, "lora": lora}[method])


@pytest.mark.slow
def test_two_processes_and_accumulation(run, full):
    options = ("--gradient_accumulation_steps", "2")
    assert_same_run(run("both", 2, *options, accelerate="cpu_zero2"), full)


@pytest.mark.slow
def test_gradient_checkpointing(run, full):
    assert_same_run(run("checkpointed", 8, "--gradient_checkpointing", "true"), full)


@pytest.mark.slow
def test_zero3_with_offload(run, full):
    """Compiles DeepSpeed's cpu_adam at the first use: minutes."""
    assert_same_run(run("offload", 4, accelerate="cpu_zero3_offload"), full)


@pytest.mark.slow  # a kill in the middle of a run, and going on: test_recipe_errors.py
@pytest.mark.parametrize(("accelerate", "batch"), [("cpu", 8), ("cpu_zero3", 4)])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_resume_from_step_three(accelerate, batch, method, run, full, lora):
    """A run that was killed after step 3 goes on as if nothing had happened."""
    reference = {"full": full, "lora": lora}[method]
    out = run(
        f"resumed_{accelerate}_{method}", batch, "--method", method, "--lora_dropout", "0.0", accelerate=accelerate
    )
    before = launch.log(out, "loss")
    restart_from_three(out)
    run(out.name, batch, "--method", method, "--lora_dropout", "0.0", accelerate=accelerate)
    assert launch.log(out, "loss") == pytest.approx(before, abs=1e-6)
    assert_same_run(out, reference)


@pytest.mark.slow
def test_evaluation_is_a_mean_over_tokens(evaluated, run):
    """Rows in batches of 8, of 3, and laid end to end give one mean over tokens."""
    for options in (("--per_device_eval_batch_size", "3"), ("--packing", "true", "--max_length", "64")):
        out = run(f"evaluated{options[1]}", 8, *EVALUATION, *options)
        assert launch.log(out, "eval_loss")[0] == pytest.approx(launch.log(evaluated, "eval_loss")[0], abs=1e-5)


@pytest.mark.parametrize(
    "accelerate", [*(pytest.param(name, marks=SLOW) for name in ("cpu_ddp", "cpu_zero2", "fsdp2")), "zero3_sharded"]
)
def test_evaluation_on_two_processes(accelerate, run, evaluated, zero3_sharded, fsdp2):
    """The same losses, replies and rates, wherever the rows were answered; 7 rows do not divide by 2."""
    name = f"evaluated_{accelerate}"
    out = run(
        name,
        4,
        *EVALUATION,
        "--per_device_eval_batch_size",
        "2",
        accelerate={"zero3_sharded": zero3_sharded, "fsdp2": fsdp2}.get(accelerate, accelerate),
    )
    for key in ("eval_loss", "eval_stop_rate", "eval_reply_tokens", "eval_mean_token_accuracy"):
        assert launch.log(out, key) == pytest.approx(launch.log(evaluated, key), abs=1e-4), key
    assert (out / "samples.jsonl").read_text() == (evaluated / "samples.jsonl").read_text()


@pytest.fixture(scope="module")
def evaluated(run):
    return run("evaluated", 8, *EVALUATION)
