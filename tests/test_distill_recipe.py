"""it_teacher.py and it_distill.py as a user launches them: many processes, kills, refusals, a folder at the end."""

import json
import os
import shutil
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from posttrain.config import parse
from posttrain.data import load_mixture
from posttrain.distill_config import DistillConfig, TeacherConfig
from posttrain.errors import UserError
from posttrain.gemma import load_model, save_model
from posttrain.student import build_student
from posttrain.teacher.cache import TeacherCache
from posttrain.tracking import read_lines
from tests import launch, tiny

STEPS = 6
ROWS = ("--eval_rows", "8", "--max_length", "64", "--seed", "7")
TRAINING = (*ROWS, "--max_steps", str(STEPS), "--learning_rate", "3e-3", "--lr_scheduler_type", "constant")
TRAINING += ("--save_steps", "3", "--report_to", "none", "--save_dtype", "float32", "--sample_tokens", "4")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return str(launch.write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl"))


@pytest.fixture(scope="module")
def teacher(tiny_folder, rows, tmp_path_factory):
    """A few steps of SFT away from the student, and surer of what it says."""
    folder = tmp_path_factory.mktemp("teacher")
    settings = {"max_steps": 30, "learning_rate": 1e-2, "save_strategy": "no"}
    trainer = tiny.trainer(tiny_folder, folder / "run", read_lines(Path(rows)), **settings)
    trainer.train()
    return str(save_model(trainer.model, trainer.processing_class, folder / "model"))


@pytest.fixture(scope="module")
def cache(teacher, rows, tmp_path_factory):
    out = tmp_path_factory.mktemp("cache") / "cache"
    launch.run("it_teacher", out, "--teacher", teacher, "--train", rows, *ROWS, accelerate="cpu_ddp")
    return out


@pytest.fixture(scope="module")
def distill(tiny_folder, rows, tmp_path_factory):
    root = tmp_path_factory.mktemp("distill")

    def distill(name, teacher, *options, accelerate=None, batch="8"):
        """In this process, or launched with an accelerate config."""
        out = root / name
        given = ("--model", str(tiny_folder), "--train", rows, "--teacher", str(teacher))
        given += (*TRAINING, "--per_device_train_batch_size", batch, *options)
        if accelerate:
            launch.run("it_distill", out, *given, accelerate=accelerate)
        else:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, "environ", os.environ.copy())
                launch.here(patch, "it_distill", out, *given)
        return out

    return distill


@pytest.fixture(scope="module")
def cached(distill, cache):
    return distill("cached", cache)


@pytest.fixture(scope="module")
def live(distill, teacher):
    return distill("live", teacher)


@pytest.fixture
def here(monkeypatch, environment):
    return partial(launch.here, monkeypatch)


def test_two_processes_write_what_one_writes(here, cache, teacher, rows, tmp_path):
    here("it_teacher", tmp_path / "one", "--teacher", teacher, "--train", rows, *ROWS)
    names = TeacherCache(cache).manifest["shards"]
    assert names and all((cache / name).read_bytes() == (tmp_path / "one" / name).read_bytes() for name in names)
    manifest = TeacherCache(cache).manifest
    assert manifest["splits"]["train"]["rows"] == 32 and manifest["splits"]["test"]["rows"] == 8
    assert manifest["labels"]["train"] == sum(len(TeacherCache(cache).row("train", i).lengths) for i in range(32))


def test_a_cache_takes_the_place_of_the_teacher(cached, live):
    """The same steps: KL falls alike, within what 256 draws a label leave to chance; and the output is a -IT folder."""
    found, expected = (launch.log(out, "kl") for out in (cached, live))
    assert expected[-1] < 0.9 * expected[0] and found == pytest.approx(expected, abs=0.1 * expected[0])
    for out in (cached, live):
        kl = launch.log(out, "eval_kl")
        assert kl[-1] < kl[0]
        record = json.loads((out / "stage.json").read_text())
        assert record["stage"] == "distill" and record["inputs"]["teacher"]
        assert "distillation from" in (out / "README.md").read_text()
        assert AutoModelForCausalLM.from_pretrained(out).generation_config.eos_token_id == [1, 106]
    assert launch.log(cached, "eval_kl")[0] == pytest.approx(launch.log(live, "eval_kl")[0], rel=0.1)
    assert all(isinstance(row["teacher"], str) for row in read_lines(live / "samples.jsonl"))


def assert_same_run(out, reference):
    assert launch.log(out, "loss") == pytest.approx(launch.log(reference, "loss"), abs=1e-4)
    assert launch.log(out, "eval_kl") == pytest.approx(launch.log(reference, "eval_kl"), abs=1e-4)
    weights, others = (load_file(path / "model.safetensors") for path in (out, reference))
    assert max((weights[name] - others[name]).abs().max().item() for name in weights) < 2e-3


@pytest.mark.slow
@pytest.mark.parametrize("accelerate", ["cpu_ddp", "cpu_zero2", "cpu_zero3"])
def test_cached_on_two_processes(accelerate, distill, cache, cached):
    assert_same_run(distill(f"cached_{accelerate}", cache, accelerate=accelerate, batch="4"), cached)


@pytest.mark.parametrize("accelerate", ["cpu_zero3", pytest.param("fsdp2", marks=pytest.mark.slow)])
def test_live_on_two_processes_with_sharded_weights(accelerate, distill, teacher, live, fsdp2):
    """Student and teacher are sharded alike, and both heads gathered where the loss needs them."""
    launch_config = fsdp2 if accelerate == "fsdp2" else accelerate
    assert_same_run(distill(f"live_{accelerate}", teacher, accelerate=launch_config, batch="4"), live)


@pytest.mark.slow
def test_own_replies_and_an_adapter_on_two_processes(distill, teacher):
    """On-policy steps under ZeRO-2, reverse KL, LoRA: the KL to the teacher falls."""
    options = (
        "--on_policy",
        "0.5",
        "--on_policy_end",
        "1",
        "--beta",
        "1",
        "--method",
        "lora",
        "--learning_rate",
        "2e-2",
    )
    out = distill("on_policy", teacher, *options, "--reply_tokens", "6", accelerate="cpu_zero2", batch="4")
    kl = launch.log(out, "eval_kl")
    assert kl[-1] < kl[0] and len(launch.log(out, "loss")) == STEPS


@pytest.mark.slow
def test_resumed_from_step_three(distill, cache, cached):
    out = distill("resumed", cache)
    shutil.rmtree(out / "checkpoint-6")
    (out / "stage.json").unlink()
    (out / "model.safetensors").unlink()
    assert_same_run(distill("resumed", cache), cached)


@pytest.mark.slow
def test_kill_9_while_caching(cache, teacher, tmp_path):
    """Killed with the first shards there, and again: the very same files."""
    many = launch.write_rows(tmp_path / "rows.jsonl", 1200)
    options = ("--teacher", teacher, "--train", str(many), "--eval_rows", "0", "--max_length", "64")
    launch.run("it_teacher", tmp_path / "whole", *options)
    process = launch.start("it_teacher", tmp_path / "killed", *options)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "killed" / "train-00001.arrow").exists():
            assert process.poll() is None and time.monotonic() < deadline, "it ended before it could be killed"
            time.sleep(0.002)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert not (tmp_path / "killed" / "teacher.json").exists()
    first = (tmp_path / "killed" / "train-00000.arrow").stat().st_mtime_ns
    launch.run("it_teacher", tmp_path / "killed", *options)
    assert (tmp_path / "killed" / "train-00000.arrow").stat().st_mtime_ns == first
    for name in TeacherCache(tmp_path / "whole").manifest["shards"]:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.fixture
def refused(here, capsys):
    def refused(recipe, out, *options):
        with pytest.raises(SystemExit):
            here(recipe, out, *options)
        return next(line for line in capsys.readouterr().err.splitlines() if "error: " in line)

    return refused


def test_what_does_not_fit_is_refused(refused, tiny_folders, teacher, cache, rows, tmp_path):
    """Other rows, another length, a damaged shard, another tokenizer: one line each, and nothing is trained."""
    given = ("--model", tiny_folders["gemma3_text"], "--report_to", "none", "--max_steps", "2", *ROWS)
    other = launch.write_rows(tmp_path / "other.jsonl", 40, seed=1)
    said = refused("it_distill", tmp_path / "a", *given, "--train", other, "--teacher", cache)
    assert "was made with other rows (data:" in said
    said = refused("it_distill", tmp_path / "b", *given, "--train", rows, "--teacher", cache, "--max_length", "32")
    assert "max_length: 64 in the cache's train split, 32 here" in said
    said = refused("it_distill", tmp_path / "c", *given, "--train", rows, "--teacher", cache, "--temperature", "2")
    assert "was made at temperature 1.0, not 2.0" in said
    said = refused("it_distill", tmp_path / "d", *given, "--train", rows, "--teacher", tiny_folders["gemma2"])
    assert "its tokenizer differs from the student's" in said
    said = refused("it_teacher", cache, "--teacher", teacher, "--train", rows, *ROWS, "--draws", "16")
    assert "draws: 256 then, 16 now" in said
    broken = shutil.copytree(cache, tmp_path / "broken")
    content = bytearray((broken / "train-00000.arrow").read_bytes())
    for place in range(len(content) // 4, len(content) // 2):
        content[place] ^= 255
    (broken / "train-00000.arrow").write_bytes(content)
    said = refused("it_distill", tmp_path / "e", *given, "--train", rows, "--teacher", broken)
    assert "train-00000.arrow: row" in said and "cannot be read" in said
    assert not list(tmp_path.glob("*/model.safetensors"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "teacher: name a folder"),
        ({"teacher": "t", "beta": "2"}, "beta must lie between 0"),
        ({"teacher": "t", "on_policy": "1.5"}, "on_policy must lie between 0 and 1"),
        ({"teacher": "t", "label_weight": "-1"}, "label_weight must lie between 0 and 1"),
        ({"teacher": "t", "temperature": "0"}, "temperature must be above 0"),
        ({"teacher": "t", "policy_gradient": "true"}, "set `on_policy: 1`"),
        ({"teacher": "t", "policy_gradient": "true", "on_policy": "1", "beta": "1"}, "leave beta"),
        ({"teacher": "t", "on_policy": "0.5", "packing": "true"}, "set `packing: false`"),
        ({"teacher": "http://localhost:1/v1"}, "give teacher_name"),
        ({"teacher": "http://localhost:1/v1", "teacher_name": "t", "beta": "1"}, "compares whole distributions"),
        ({"teacher": "http://localhost:1/v1", "teacher_name": "t", "temperature": "2"}, "at temperature 1 only"),
        ({"teacher": "CACHE", "beta": "0.5"}, "compares whole distributions"),
        ({"teacher": "t", "use_vllm": "true"}, "set on_policy above 0"),
        ({"teacher": "t", "use_vllm": "true", "on_policy": "1", "vllm_mode": "x"}, "must be colocate or server"),
        ({"teacher": "t", "use_vllm": "true", "on_policy": "1"}, "vLLM is not installed"),
        ({"teacher": "CACHE", "on_policy": "0.5"}, "a cache knows nothing of the student's own replies"),
        ({"teacher": "CACHE", "packing": "true", "packing_strategy": "wrapped"}, "cuts rows"),
        ({"teacher": "http://localhost:1/v1", "teacher_name": "t", "packing": "true"}, "set `packing: false`"),
        ({"teacher": "t", "temperature": "nan"}, "temperature must be above 0"),
        ({"teacher": "t", "teacher_top": "0"}, "teacher_top must lie between 1 and 256"),
        ({"teacher": "t", "reply_tokens": "0"}, "reply_tokens must be at least 1"),
        ({"teacher": "t", "teacher_bits": "3"}, "teacher_bits must be 4 or 8"),
        ({"teacher": "t", "loss_type": "dft"}, "of another loss: leave them out"),
        ({"teacher": "t", "label_smoothing_factor": "0.1"}, "of another loss: leave them out"),
        ({"teacher": "t", "on_policy": "1", "label_weight": "0.5"}, "which on_policy 1 never trains"),
    ],
)
def test_settings_that_do_not_go_together(options, said, cache):
    given = [
        text for name, value in options.items() for text in (f"--{name}", str(cache) if value == "CACHE" else value)
    ]
    with pytest.raises(UserError, match=said):
        parse((DistillConfig,), given)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "all"}, "method must be one of draws, distinct, top"),
        ({"draws": "257"}, "draws must lie between 1 and 256"),
        ({"output": "logits"}, "output must be one of cache, answers"),
        ({"samples": "4", "output": "answers"}, "give `reward`"),
        ({"reward": "r.yaml"}, "set `output: answers`"),
        ({"teacher": "http://localhost:1/v1"}, "give teacher_name and tokenizer"),
        ({"teacher": "http://localhost:1/v1", "teacher_name": "t", "tokenizer": "t"}, "set `method: top`"),
        ({"temperature": "nan"}, "temperature must be above 0"),
        ({"batch_size": "0"}, "must be at least 1"),
        ({"teacher_bits": "5"}, "teacher_bits must be 4 or 8"),
    ],
)
def test_questions_that_cannot_be_asked(options, said):
    with pytest.raises(UserError, match=said):
        parse((TeacherConfig,), [text for name, value in options.items() for text in (f"--{name}", value)])


def test_answers_of_the_teacher_are_rows_for_sft(here, teacher, rows, tmp_path):
    """The best of three by a reward; a kill after some lines, the last one cut off: nothing is asked twice."""
    reward = tmp_path / "reward.yaml"
    reward.write_text("tidy: {reward: repetition_reward}\n")
    options = ("--teacher", teacher, "--train", rows, "--eval_rows", "0", "--output", "answers", "--samples", "3")
    options += ("--reward", reward, "--max_new_tokens", "12", "--progress", "false")
    out = tmp_path / "answers"
    here("it_teacher", out, *options)
    lines = read_lines(out / "answers-0.jsonl")
    assert sorted(line["row"] for line in lines) == list(range(40))
    found = read_lines(out / "train.jsonl")
    replied = [line for line in lines if line["reply"]]
    judged = [[score for score in line["scores"] if score is not None] for line in replied]
    assert len(found) == len(replied) > 0
    assert all(line["score"] == max(scores) for line, scores in zip(replied, judged, strict=True))
    assert all(row["messages"][-1]["role"] == "assistant" and "score" in row for row in found)
    assert load_mixture(str(out / "train.jsonl"))["train"].num_rows == len(found)

    text = (out / "answers-0.jsonl").read_text()
    kept = text.splitlines(keepends=True)[:25]
    (out / "answers-0.jsonl").write_text("".join(kept) + '{"row": 3')
    before = (out / "train.jsonl").read_bytes()
    (out / "train.jsonl").unlink()
    here("it_teacher", out, *options)
    assert (out / "answers-0.jsonl").read_text().startswith("".join(kept))
    assert (out / "train.jsonl").read_bytes() == before


def test_answers_go_on_with_what_they_began_with(refused, here, teacher, rows, cache, tmp_path):
    """Other rows of the same number, another reward in the same file, a cache's folder: refused by name."""
    reward = tmp_path / "reward.yaml"
    reward.write_text("tidy: {reward: repetition_reward}\n")
    options = (
        "--teacher",
        teacher,
        "--output",
        "answers",
        "--max_new_tokens",
        "4",
        "--progress",
        "false",
        "--limit",
        "3",
    )
    options += ("--samples", "2", "--reward", reward)
    out = tmp_path / "answers"
    here("it_teacher", out, "--train", rows, *options)
    assert len(read_lines(out / "answers-0.jsonl")) == 3  # none is held out
    assert "max_new_tokens" in refused("it_teacher", out, "--train", rows, *options, "--max_new_tokens", "5")
    other = launch.write_rows(tmp_path / "other.jsonl", 40, seed=1)
    assert "(data)" in refused("it_teacher", out, "--train", other, *options)
    reward.write_text("tidy: {reward: repetition_reward, weight: 2.0}\n")
    assert "(reward)" in refused("it_teacher", out, "--train", rows, *options)
    assert "is a cache: choose another" in refused("it_teacher", cache, "--train", rows, *options)
    assert "could not be read (Is a directory)" in refused(
        "it_teacher", out, "--train", rows, *options, "--reward", tmp_path
    )


def test_a_teacher_of_another_tokenizer_writes_no_cache(refused, tiny_folders, rows, tmp_path):
    given = ("--teacher", tiny_folders["gemma2"], "--tokenizer", tiny_folders["gemma3_text"], "--train", rows, *ROWS)
    assert "its tokenizer differs from the student's" in refused("it_teacher", tmp_path / "out", *given)


def test_a_teacher_with_a_longer_vocabulary(here, tiny_folders, rows, tmp_path):
    """A multimodal teacher has rows more than its text-only student: of those it says nothing."""
    cache = tmp_path / "cache"
    here("it_teacher", cache, "--teacher", tiny_folders["gemma3"], "--train", rows, *ROWS, "--progress", "false")
    given = ("--model", tiny_folders["gemma3_text"], "--train", rows, "--teacher", cache)
    here("it_distill", tmp_path / "out", *given, *TRAINING)
    kl = launch.log(tmp_path / "out", "eval_kl")
    assert kl[-1] < kl[0]


def test_a_cut_of_the_teacher_is_a_student(here, teacher, rows, cache, tmp_path):
    """The builder's student has the teacher's vocabulary, so its cache serves it."""
    model, tokenizer = load_model(teacher)
    save_model(build_student(model, layers=1), tokenizer, tmp_path / "student")
    given = ("--model", tmp_path / "student", "--train", rows, "--teacher", cache)
    here("it_distill", tmp_path / "out", *given, *TRAINING)
    kl = launch.log(tmp_path / "out", "eval_kl")
    assert kl[-1] < kl[0]
