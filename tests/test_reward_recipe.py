"""it_reward_model.py as a user launches it: adapter and whole model, many processes, resuming, a folder at the end."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from posttrain.data import load_mixture
from posttrain.errors import UserError
from posttrain.gemma import load_model
from posttrain.reward import RewardModel
from posttrain.score_head import with_score_head
from posttrain.stage import latest_checkpoint
from posttrain.tracking import read_lines
from posttrain.trainers.reward_model import STARTING_HEAD, start_head
from tests import launch

STEPS = 6
OPTIONS = ("--eval_rows", "12", "--max_length", "64", "--seed", "7", "--max_steps", str(STEPS), "--save_steps", "3")
OPTIONS += ("--learning_rate", "1e-4", "--lr_scheduler_type", "constant", "--report_to", "none")
OPTIONS += ("--save_dtype", "float32", "--lora_r", "4")


def write_pairs(path: Path, count: int = 60) -> Path:
    """The reply with more of the letter `a` is preferred; replies of unlike length, two sources."""
    rng = random.Random(0)
    rows = []
    for i in range(count):
        texts = sorted(
            ("".join(rng.choice("aab" if side else "abb") for _ in range(rng.randint(5, 20))) for side in (0, 1)),
            key=lambda text: text.count("a") / len(text),
        )
        rows.append({"prompt": f"{i}", "chosen": texts[1], "rejected": texts[0], "margin": i % 3})
    for name, part in (("people", rows[0::2]), ("verifier", rows[1::2])):
        (path.parent / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    sources = "".join(f"  {name}: {{from: {name}.jsonl, test: 6}}\n" for name in ("people", "verifier"))
    path.write_text(f"kind: preference\nsources:\n{sources}")
    return path


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("pairs") / "pairs.yaml")


@pytest.fixture(scope="module")
def train(tiny_folder, pairs, tmp_path_factory):
    root = tmp_path_factory.mktemp("rm")

    def train(name, *options, accelerate=None, batch="8"):
        """In this process, or launched with an accelerate config."""
        given = ("--model", str(tiny_folder), "--train", str(pairs), *OPTIONS)
        given += ("--per_device_train_batch_size", batch, "--per_device_eval_batch_size", "5", *options)
        if accelerate:
            launch.run("it_reward_model", root / name, *given, accelerate=accelerate)
        else:
            with pytest.MonkeyPatch.context() as patch:
                launch.here(patch, "it_reward_model", root / name, *given)
        return root / name

    return train


@pytest.fixture(scope="module")
def lora(train):
    return train("lora", "--method", "lora", "--lora_dropout", "0.0")


@pytest.fixture(scope="module")
def full(train):
    return train("full", "--method", "full")


@pytest.mark.parametrize("method", ["lora", "full"])
def test_what_was_trained_is_what_scores(method, request, pairs):
    """The folder's rewards are those of the last evaluation, and it tells the pairs apart better than at the start."""
    out = request.getfixturevalue(method)
    held_out = read_lines(out / "held_out.jsonl")
    assert len(held_out) == 12 and {line["source"] for line in held_out} == {"people", "verifier"}
    rows = load_mixture(pairs)["test"]
    model = RewardModel(out)
    for side in ("chosen", "rejected"):
        found = model(rows["prompt"], rows[side])
        assert sorted(found) == pytest.approx(sorted(line[side] for line in held_out), abs=2e-4)
    loss = launch.log(out, "eval_loss")
    assert max(loss) < 0.6 and loss[0] != loss[-1]
    record = json.loads((out / "stage.json").read_text())
    after = record["metrics"]["before_after"]["after"]
    assert record["stage"] == "reward_model" and 0 <= after["eval_accuracy_low"] <= after["eval_accuracy"]
    assert {"eval_accuracy_people", "eval_accuracy_verifier", "eval_calibration_error"} <= set(after)
    right = [line["chosen"] > line["rejected"] for line in held_out]
    assert after["eval_accuracy"] == pytest.approx(sum(right) / 12)
    assert record["metrics"]["probe"]["probe_penalty"] in (1e-3, 1e-2, 1e-1, 1.0, 10.0)
    card = (out / "README.md").read_text()
    assert "as a reward model" in card and "RewardModel(" in card and "text-classification" in card
    model, info = AutoModelForSequenceClassification.from_pretrained(out, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and model.config.num_labels == 1
    assert "lm_head.weight" not in load_file(out / "model.safetensors")


def assert_same_run(out, reference, **close):
    for key in ("loss", "eval_loss", "eval_accuracy", "eval_margin"):
        assert launch.log(out, key) == pytest.approx(launch.log(reference, key), **(close or {"abs": 1e-4})), key
    weights, others = (load_file(path / "model.safetensors") for path in (out, reference))
    assert max((weights[name] - others[name]).abs().max().item() for name in weights) < 2e-3


@pytest.mark.slow
@pytest.mark.parametrize("accelerate", ["cpu_zero2", "cpu_ddp"])
def test_two_processes(accelerate, train, lora):
    """The probe is shared out, and the head that it finds is the same."""
    out = train(accelerate, "--method", "lora", "--lora_dropout", "0.0", accelerate=accelerate, batch="4")
    assert_same_run(out, lora)


def test_zero3_takes_the_head_of_a_run_that_probed(train, full):
    out = train("zero3", "--method", "full", "--score_head", str(full), accelerate="cpu_zero3", batch="4")
    assert_same_run(out, full)


def test_scattered_weights_cannot_be_probed(tiny_folder, tmp_path):
    model = with_score_head(load_model(tiny_folder)[0])
    next(model.model.parameters()).ds_id = 0  # as DeepSpeed marks a weight that ZeRO-3 has scattered
    with pytest.raises(UserError, match="probe needs the model whole on each process, and ZeRO-3 has scattered"):
        start_head(model, "probe", Dataset.from_list([]), tmp_path, 0)


def test_a_resumed_run_is_the_uninterrupted_one(train, lora, tmp_path):
    out = train("resumed", "--method", "lora", "--lora_dropout", "0.0", "--max_steps", "3")
    (out / "stage.json").unlink()
    assert latest_checkpoint(out).name == "checkpoint-3"
    head = (out / STARTING_HEAD).read_bytes()
    train("resumed", "--method", "lora", "--lora_dropout", "0.0")
    assert launch.log(out, "loss") == pytest.approx(launch.log(lora, "loss"), abs=1e-6)
    weights, others = (load_file(path / "model.safetensors") for path in (out, lora))
    assert max((weights[name] - others[name]).abs().max().item() for name in weights) < 1e-5
    assert (out / STARTING_HEAD).read_bytes() == head == (lora / STARTING_HEAD).read_bytes()


def test_margins_and_centring_by_hand(train, lora, pairs):
    """All pairs in one batch, nothing learned: the loss from the folder's own rewards."""
    options = ("--max_steps", "1", "--learning_rate", "0", "--margin_scale", "0.5", "--score_head", str(lora))
    out = train("margins", "--method", "full", "--center_rewards_coefficient", "0.02", *options, batch="48")
    rows, model = load_mixture(pairs)["train"], RewardModel(out)
    chosen, rejected = (torch.tensor(model(rows["prompt"], rows[side])) for side in ("chosen", "rejected"))
    margin = 0.5 * torch.tensor(list(rows["margin"]))
    loss = -torch.sigmoid(chosen - rejected - margin).log().mean() + 0.02 * (chosen + rejected).pow(2).mean()
    assert launch.log(out, "loss") == pytest.approx([loss.item()], rel=1e-4)


def test_dropout_of_the_adapter_is_not_turned_off(train, lora):
    """TRL turns every dropout off by default."""
    out = train("dropout", "--method", "lora", "--lora_dropout", "0.5", "--score_head", str(lora))
    assert launch.log(out, "loss") != pytest.approx(launch.log(lora, "loss"), abs=1e-4)
    assert launch.log(out, "eval_loss")[0] == pytest.approx(launch.log(lora, "eval_loss")[0], abs=1e-6)


def test_a_reward_model_can_be_trained_further(train, lora, full):
    """Gemini's flywheel: the reward model is refreshed. Its head goes on, or starts anew."""
    out = train("further", "--method", "lora", "--model", str(full), "--score_head", "keep")
    assert launch.log(out, "eval_loss")[0] == pytest.approx(launch.log(full, "eval_loss")[-1], abs=1e-4)
    out = train("anew", "--method", "lora", "--model", str(full), "--score_head", "zero", "--max_steps", "1")
    assert launch.log(out, "eval_loss")[0] == pytest.approx(0.6931, abs=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--train", "demo"), "demo.*: a preference needs `chosen` and `rejected`"),
        (
            ("--score_head", "nowhere"),
            "score_head: nowhere holds no score_head.safetensors: give probe",
        ),
        (("--score_head", "keep"), "keep is for a reward model that is trained further"),
        (("--margin_scale", "-1"), "margin_scale must be 0 or more"),
        (("--attention_dropout", "1"), "attention_dropout must be at least 0 and below 1"),
        (("--fp16", "true"), "fp16 overflows in Gemma"),
        (("--max_length", "12"), "no pair is left to train on"),
        (("--margin_scales", "1"), "unknown key 'margin_scales'.*margin_scale"),
        (("--method", "lora", "--lora_targets", "score"), "'score' matches no layer"),
    ],
)
def test_bad_input(train, options, message, capsys):
    with pytest.raises((UserError, SystemExit)) as error:
        train("bad", *options, "--overwrite", "true")
    assert re.search(message, f"{error.value} {capsys.readouterr().err}", re.DOTALL)


def test_a_head_of_another_width_is_refused(train, lora, tmp_path):
    shutil.copytree(lora, tmp_path / "other")
    save_file({"score.weight": torch.zeros(1, 8)}, tmp_path / "other" / STARTING_HEAD)
    with pytest.raises((UserError, SystemExit)):
        train("wide", "--score_head", str(tmp_path / "other"))
