"""A person's mistake ends in one line before the first step; a machine's (kill -9) costs nothing."""

import json
import os
import shutil
import signal
import sys
import time

import pytest
import yaml
from safetensors.torch import load_file, save_file

from posttrain.recipes import it_sft
from posttrain.tracking import read_lines
from tests import launch

TURN = {"role": "user", "content": "2+2?"}
GOOD = {"messages": [TURN, {"role": "assistant", "content": "4"}]}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def fails(tiny_folder, tmp_path, out, monkeypatch, environment, capfd):
    """Run the recipe in this process with a fault; its one line. A later --key overrides the sound settings."""
    rows = launch.write_rows(tmp_path / "rows.jsonl", 12)

    def fails(*options):
        sound = ["--model", tiny_folder, "--train", rows, "--output_dir", out, "--eval_rows", 0, "--max_steps", 1]
        monkeypatch.setattr(sys, "argv", [str(text) for text in ("it_sft.py", *sound, *options)])
        with pytest.raises(SystemExit) as exit:
            it_sft.main()
        assert exit.value.code == 2
        errors = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error")]
        assert len(errors) == 1 and errors[0].startswith("error: ")
        assert nothing_was_made(out)
        return errors[0]

    return fails


def nothing_was_made(out):
    """At most the settings and the run's id: no step logged, no checkpoint, no model, no stage.json."""
    return {path.name for path in out.glob("*")} <= {"config.yaml", "run.json"}


def write(path, *lines):
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


# --- rows ------------------------------------------------------------------------------------------------------------


def test_a_missing_file(fails):
    assert "no/such/rows.jsonl: no such file (built-in: demo, " in fails("--train", "no/such/rows.jsonl")
    assert "no/such/held_out.jsonl: no such file" in fails("--eval", "no/such/held_out.jsonl", "--eval_rows", 4)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ('{"messages": [', "error: row 2 of bad.jsonl: broken JSON"),
        ({"messages": [TURN, TURN]}, "error: row 2 of bad.jsonl: roles must alternate, found user after user"),
        (
            {"messages": [TURN, {"role": "assistant", "content": ""}]},
            "row 2 of bad.jsonl: an empty reply; drop the row",
        ),
        ({"messages": [TURN]}, "row 2 of bad.jsonl: a training row must end with a reply"),
        ({"text": "x"}, "row 2 of bad.jsonl: columns text fit no known format"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "row 2 of bad.jsonl: message 1 has a part"),
    ],
)
def test_a_bad_row_is_named_whether_it_is_trained_or_held_out(bad, message, fails, tmp_path):
    path = write(tmp_path / "bad.jsonl", GOOD, bad)
    assert message in fails("--train", path)
    assert message in fails("--eval", path, "--eval_rows", 4)


def test_a_file_in_which_every_label_is_cut(fails, tmp_path):
    path = write(tmp_path / "long.jsonl", *[{"prompt": "x" * 50, "completion": "y"}] * 3)
    message = fails("--train", path, "--max_length", 20)
    assert "no row is left to train on (3 rows, 3 with every label cut by max_length=20)" in message


def test_counts_that_cannot_be(fails):
    assert "eval_rows must be at least 0, not -1" in fails("--eval_rows", -1)
    assert "limit must be at least 1, not 0" in fails("--limit", 0)


# --- settings --------------------------------------------------------------------------------------------------------


def test_an_unknown_key_and_what_was_meant(fails, tmp_path):
    config = write(tmp_path / "c.yaml", "learning_rat: 1.0e-3")
    assert "unknown key 'learning_rat' (did you mean 'learning_rate'?)" in fails("--config", config)
    assert "unknown key 'lora_alfa' (did you mean 'lora_alpha'?)" in fails("--lora_alfa", 8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("method: loar", "method must be one of full, lora, dora, qlora, not 'loar'"),
        ("num_train_epochs: many", "invalid float value: 'many' (see --help)"),
        ("dtype: int8", "dtype must be bfloat16, float32 or auto, not"),
        ("save_dtype: fp16", "fp16 overflows in Gemma"),
        ("- a\n- list", "must contain a YAML mapping"),
        ("", "must contain a YAML mapping"),
        ("a: [1", "not readable as YAML"),
        ("eval_strategy: sometimes", "sometimes"),
    ],
)
def test_a_bad_yaml(content, message, fails, tmp_path):
    assert message in fails("--config", write(tmp_path / "c.yaml", content))


def test_no_yaml(fails, tmp_path):
    assert "--config: no such file: no/such.yaml" in fails("--config", "no/such.yaml")
    assert f"--config: {tmp_path} could not be read (Is a directory)" in fails("--config", tmp_path)
    assert "--config: give a YAML file after it" in fails("--config")


def test_fp16_is_refused_wherever_it_is_asked_for(fails, environment, tmp_path):
    assert "fp16 overflows in Gemma" in fails("--fp16", "true")
    assert "fp16 overflows in Gemma" in fails("--dtype", "float16")
    deepspeed = write(tmp_path / "ds.json", {"fp16": {"enabled": True}})
    environment["ACCELERATE_DEEPSPEED_CONFIG_FILE"] = str(deepspeed)
    assert "fp16 overflows in Gemma" in fails()
    del environment["ACCELERATE_DEEPSPEED_CONFIG_FILE"]
    environment["ACCELERATE_MIXED_PRECISION"] = "fp16"
    assert "fp16 overflows in Gemma" in fails()


def test_an_adapter_that_cannot_be(fails, tmp_path):
    message = fails("--method", "lora", "--lora_targets", "q_porj")
    assert "'q_porj' matches no layer" in message and "q_proj" in message
    assert "lm_head is tied" in fails("--method", "lora", "--lora_targets", "lm_head")
    config = write(tmp_path / "c.yaml", "method: lora", "lora_targets: q_porj")  # a string, where a list is meant
    assert "'q_porj' matches no layer" in fails("--config", config)


# --- the model -------------------------------------------------------------------------------------------------------


def test_a_misspelt_model(fails):
    assert "model 'gemma-3-270n'" in (message := fails("--model", "gemma-3-270n"))
    assert "did you mean 'gemma-3-270m'?" in message
    assert "nobody/no-such-model" in fails("--model", "nobody/no-such-model")


def test_a_model_folder_with_missing_weights(fails, tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "copy")
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert "1 missing (model.layers.1.mlp.up_proj.weight)" in fails("--model", folder)
    (folder / "model.safetensors").unlink()
    assert "weights could not be read" in fails("--model", folder)


def test_a_finished_run_and_one_of_other_settings(tiny_folder, tmp_path, out, monkeypatch, environment, capfd):
    """A finished folder is refused; so is one whose checkpoint has other settings or other rows."""
    rows = launch.write_rows(tmp_path / "rows.jsonl", 12)
    sound = ["--model", tiny_folder, "--train", rows, "--output_dir", out, "--eval_rows", 0, "--max_steps", 2]

    def run(*options):
        monkeypatch.setattr(sys, "argv", [str(text) for text in ("it_sft.py", *sound, "--report_to", "none", *options)])
        capfd.readouterr()
        try:
            it_sft.main()
        except SystemExit as exit:
            assert exit.code == 2
        return capfd.readouterr().err.splitlines()[-1]

    run()
    stage = (out / "stage.json").read_text()
    assert "holds a finished run" in run()
    (out / "stage.json").unlink()
    assert "learning_rate: 2e-05 then, 0.5 now" in run("--learning_rate", 0.5)
    rows.write_text(rows.read_text().replace("x", "y", 1))
    assert "other settings (train: " in run()
    assert not (out / "stage.json").exists()
    run("--overwrite", "true")
    again = json.loads((out / "stage.json").read_text())
    assert again["inputs"]["model"] == json.loads(stage)["inputs"]["model"]
    assert again["inputs"]["train"] != json.loads(stage)["inputs"]["train"]


# --- real processes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accelerate", [pytest.param("cpu", marks=pytest.mark.slow), "cpu_ddp"])
def test_one_line_under_accelerate_launch(accelerate, tmp_path, out):
    """The launcher has its own exit status and, with several processes, adds its own report; our line stands once,
    there is no traceback of ours, and no model was loaded."""
    path = write(tmp_path / "bad.jsonl", GOOD, {"messages": [TURN, TURN]})
    done = launch.sft(out, "--train", str(path), "--model", "gemma-3-270m", accelerate=accelerate, check=False)
    assert done.returncode != 0
    ours = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert ours == ["error: row 2 of bad.jsonl: roles must alternate, found user after user"]
    assert "it_sft.py" not in done.stderr.partition("Traceback")[2].partition("torch.distributed")[0]
    assert nothing_was_made(out)


def test_kill_9_and_the_same_command_again(tiny_folder, tmp_path):
    """SIGKILL for the whole process group in the middle of training, somewhere between two checkpoints; then the same
    command. The losses of every step are those of a run that nobody killed, and the finished weights are the same."""
    rows = launch.write_rows(tmp_path / "rows.jsonl")
    options = ["--model", str(tiny_folder), "--train", str(rows), "--max_steps", "32", "--save_steps", "4"]
    options += ["--learning_rate", "3e-3", "--eval_rows", "4", "--sample_tokens", "4", "--sample_rows", "2"]
    options += ["--report_to", "none", "--save_dtype", "float32", "--seed", "7", "--per_device_train_batch_size", "8"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    launch.sft(whole, *options)

    process = launch.start_sft(killed, *options)
    try:
        deadline = time.monotonic() + 120
        while not (mark := between_checkpoints(killed)):
            assert process.poll() is None and time.monotonic() < deadline, "it ended before it could be killed"
            time.sleep(0.005)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert not (killed / "stage.json").exists()
    before = read_lines(killed / "log.jsonl")

    launch.sft(killed, *options)
    assert launch.log(killed, "loss") == pytest.approx(launch.log(whole, "loss"), abs=1e-6)
    assert len(launch.log(killed, "loss")) == 32
    assert json.loads((killed / "stage.json").read_text())["stage"] == "sft"
    # It went on from a checkpoint: the records up to it are those of the killed run, with their times.
    after = read_lines(killed / "log.jsonl")
    kept = [record for record in before if record["step"] <= mark]
    assert mark >= 4 and kept == after[: len(kept)]
    first, second = load_file(whole / "model.safetensors"), load_file(killed / "model.safetensors")
    assert max((first[key] - second[key]).abs().max().item() for key in first) < 1e-6
    assert yaml.safe_load((killed / "config.yaml").read_text())["config"]["max_steps"] == 32


def between_checkpoints(folder):
    """The latest complete checkpoint's step, once a later step is in the log; else None."""
    steps = [int(path.parent.name.rpartition("-")[2]) for path in folder.glob("checkpoint-*/complete")]
    logged = [record["step"] for record in read_lines(folder / "log.jsonl") if "loss" in record]
    return max(steps) if steps and logged and max(logged) > max(steps) else None
