"""it_qat.py as a user launches it: what is written is what was trained, by one process and many, after a kill too."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFReader, quants
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from posttrain.chat import encode_prompt
from posttrain.config import parse
from posttrain.errors import UserError
from posttrain.evaluate.replies import generate_replies
from posttrain.export import export
from posttrain.gemma import load_model, load_tokenizer, save_model
from posttrain.pipeline.plan import make_plan, undone
from posttrain.qat_config import QATConfig
from posttrain.quantise import round_trip
from posttrain.recipe_settings import check_settings
from posttrain.teacher.local import LocalTeacher
from posttrain.tracking import read_lines
from posttrain.trainers.distill_head import Objective
from posttrain.trainers.fake_quantisation import round_embedding, round_weights
from posttrain.trainers.generation import answer_together
from posttrain.trainers.qat import QATTrainer
from tests import launch, tiny

STEPS = 8
OPTIONS = ("--eval_rows", "8", "--max_length", "64", "--seed", "7", "--max_steps", str(STEPS), "--save_steps", "4")
OPTIONS += ("--learning_rate", "1e-3", "--lr_scheduler_type", "constant", "--report_to", "none", "--sample_tokens", "4")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return str(launch.write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl"))


@pytest.fixture(scope="module")
def model(tiny_folder, tmp_path_factory):
    """A tiny model with weights so large that it is sure of what it says, and rounding to 4 bits takes from it."""
    loaded, tokenizer = load_model(tiny_folder)
    with torch.no_grad():
        for name, parameter in loaded.named_parameters():
            if parameter.dim() == 2:
                parameter.mul_(20 if "embed" in name else 10)
    return str(tiny.with_sentencepiece(save_model(loaded, tokenizer, tmp_path_factory.mktemp("model") / "model")))


@pytest.fixture(scope="module")
def qat(model, rows, tmp_path_factory):
    root = tmp_path_factory.mktemp("qat")

    def qat(name, *options, accelerate=None, batch="8"):
        out = root / name
        given = ("--model", model, "--train", rows, *OPTIONS, "--per_device_train_batch_size", batch, *options)
        if accelerate:
            launch.run("it_qat", out, *given, accelerate=accelerate)
        else:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, "environ", os.environ.copy())
                launch.here(patch, "it_qat", out, *given)
        return out

    return qat


@pytest.fixture(scope="module")
def lora(qat):
    return qat("lora", "--method", "lora")


@pytest.fixture(scope="module")
def full(qat):
    return qat("full", "--gradient_checkpointing", "true")


@pytest.mark.parametrize("run", ["lora", "full"])
def test_the_file_holds_exactly_what_was_trained(run, request, model, tmp_path):
    """Q4_0 of the output gives back its weights to the bit, and they are those that the last evaluation was of."""
    out = request.getfixturevalue(run)
    kl = launch.log(out, "eval_kl")
    assert len(kl) == 2 and kl[-1] < kl[0]
    weights = load_file(out / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
    path = export(out, tmp_path / "gguf", "gguf", dtype="q4_0") / "model-q4_0.gguf"
    found = {t.name: quants.dequantize(t.data, t.tensor_type) for t in GGUFReader(path).tensors}
    assert np.array_equal(found["token_embd.weight"], weights["model.embed_tokens.weight"].numpy())
    before = load_file(f"{model}/model.safetensors")
    for ours, theirs in (
        ("self_attn.q_proj", "attn_q"),
        ("mlp.down_proj", "ffn_down"),
        ("self_attn.o_proj", "attn_output"),
    ):
        for layer in (0, 1):
            name = f"model.layers.{layer}.{ours}.weight"
            assert np.array_equal(found[f"blk.{layer}.{theirs}.weight"], weights[name].numpy())
            assert not torch.equal(weights[name], round_trip(before[name], "q4_0"))
    assert json.loads((out / "stage.json").read_text())["stage"] == "qat"
    assert "rounding to q4_0" in (out / "README.md").read_text() and not (out / "adapter").exists()


def test_its_replies_are_those_of_the_finished_model(lora):
    last = [row for row in read_lines(lora / "samples.jsonl") if row["step"] == STEPS]
    plain, tokenizer = AutoModelForCausalLM.from_pretrained(lora), load_tokenizer(lora)
    prompts = [encode_prompt([{"role": "user", "content": row["prompt"]}], tokenizer) for row in last]
    replies = generate_replies(plain, tokenizer, prompts, max_new_tokens=4)
    assert [reply.text for reply in replies] == [row["reply"] for row in last]


def test_rows_of_4_bits_have_one_scale(qat):
    out = qat("int4", "--quantise", "int4")
    weight = load_file(out / "model.safetensors")["model.layers.0.mlp.up_proj.weight"]
    assert all(len(row.unique()) <= 15 for row in weight)
    assert launch.log(out, "eval_kl")[-1] < launch.log(out, "eval_kl")[0]


def test_a_cache_serves_as_the_teacher(qat, model, rows, tmp_path, monkeypatch, environment, full):
    launch.here(monkeypatch, "it_teacher", tmp_path / "cache", "--teacher", model, "--train", rows, *OPTIONS[:6])
    out = qat("cached", "--teacher", str(tmp_path / "cache"))
    assert launch.log(out, "eval_kl") == pytest.approx(launch.log(full, "eval_kl"), rel=0.2, abs=0.02)


@pytest.mark.parametrize(
    ("method", "accelerate"),
    [
        ("lora", "cpu_zero3"),
        pytest.param("full", "cpu_zero2", marks=pytest.mark.slow),
        pytest.param("lora", "cpu_zero2", marks=pytest.mark.slow),
        pytest.param("full", "cpu_zero3", marks=pytest.mark.slow),
        pytest.param("full", "fsdp2", marks=pytest.mark.slow),
        pytest.param("lora", "fsdp2", marks=pytest.mark.slow),
    ],
)
def test_many_processes_train_as_one(qat, request, method, accelerate, fsdp2):
    reference = request.getfixturevalue(method)
    launch_config = fsdp2 if accelerate == "fsdp2" else accelerate
    out = qat(f"{method}-{accelerate}", "--method", method, accelerate=launch_config, batch="4")
    assert launch.log(out, "loss") == pytest.approx(launch.log(reference, "loss"), abs=1e-3)
    assert launch.log(out, "eval_kl") == pytest.approx(launch.log(reference, "eval_kl"), abs=1e-3)


def test_a_run_goes_on_from_its_checkpoint(qat, lora, capsys):
    """Stopped after four of eight steps, it ends with the weights of the run that was not."""
    out = qat("first", "--method", "lora", "--max_steps", "4")
    for name in ("stage.json", "model.safetensors"):
        (out / name).unlink()
    capsys.readouterr()
    again = qat("first", "--method", "lora")
    assert "resuming from" in capsys.readouterr().out
    found, wanted = (load_file(path / "model.safetensors") for path in (again, lora))
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_replies_in_training_are_of_the_rounded_weights(tiny_folder, rows, tmp_path):
    """And rounding once for all of them leaves nothing behind that a next step would take."""
    data = read_lines(Path(rows))
    base, _ = load_model(tiny_folder)

    class Trainer(QATTrainer):
        def __init__(self, loaded, *args, **kwargs):
            round_embedding(loaded, "q4_0")
            super().__init__(loaded, *args, form="q4_0", **kwargs)

    trainer = tiny.trainer(tiny_folder, tmp_path, data, Trainer, objective=Objective(), teacher=LocalTeacher(base))
    prompts = [[2, 105, 30 + i, 107] for i in range(3)]
    replies = answer_together(trainer, prompts, max_new_tokens=5)
    assert all(module.held is None for module in trainer.model.modules() if hasattr(module, "rounded_form"))
    plain = tiny.trainer(tiny_folder, tmp_path, data).model
    round_weights(plain, "q4_0")
    tokenizer = trainer.processing_class
    assert [r.text for r in replies] == [r.text for r in generate_replies(plain, tokenizer, prompts, max_new_tokens=5)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quantise": "q5_0"}, "quantise must be one of q4_0, int4"),
        ({"method": "qlora"}, "use full or lora"),
        ({"method": "dora"}, "use full or lora"),
        ({"method": "lora", "lora_dropout": 0.1}, "leave it out"),
        ({"use_vllm": True, "on_policy": 0.5}, "vLLM"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        check_settings("it_qat", {"train": "demo", **settings})


def test_training_on_after_it_is_warned_of(qat, full, rows, tmp_path, monkeypatch, environment, capsys):
    """Trap 38: without rounding, what it has won is lost."""
    launch.here(monkeypatch, "it_sft", tmp_path / "sft", "--model", str(full), "--train", rows, *OPTIONS[:6],
                "--max_steps", "1", "--report_to", "none", "--save_strategy", "no", "--sample_rows", "0")  # fmt: skip
    assert "was trained through rounding (q4_0)" in capsys.readouterr().out
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        "stages:\n  qat: {recipe: it_qat, with: {train: demo}}\n"
        "  sft: {recipe: it_sft, with: {model: $qat, train: demo}}\n"
    )
    (said,) = undone(make_plan(path, tmp_path / "run"))
    assert said.startswith("sft trains on after qat")


def test_the_default_teacher_is_the_model_itself():
    (args,) = parse((QATConfig,), ["--output_dir", "x"])
    assert args.teacher is None and args.quantise == "q4_0"
