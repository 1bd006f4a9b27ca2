"""The SFT trainer in this process: it stops on NaN with the evidence saved, marks checkpoints, answers samples."""

import json
import shutil
import sys

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

from posttrain.config import SFTConfig
from posttrain.errors import UserError
from posttrain.gemma import load_model
from posttrain.recipes import it_sft
from posttrain.stage import COMPLETE, latest_checkpoint
from posttrain.tracking import SAMPLES, read_lines
from posttrain.trainers import generation
from posttrain.trainers.run import NonFiniteError
from tests import launch, tiny

ROWS = tiny.chat_rows(*((f"{i}+{i}", str(2 * i)) for i in range(1, 9)))
EVALUATION = tiny.chat_rows(("9+9", "18"), ("a", "b"), ("ccc", "d"))


def poison(model, token):
    with torch.no_grad():
        model.get_input_embeddings().weight[token] = float("nan")


class Spoil(TrainerCallback):
    """Makes one weight infinite after the optimizer step `step`, as a step that was too long does."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if state.global_step == self.step:
            with torch.no_grad():
                next(p for p in model.parameters() if p.requires_grad)[0, 0] = float("inf")


def test_a_nan_loss_stops_the_run_and_saves_its_batch(tiny_folder, tmp_path):
    """The embedding of `Q` is NaN, and `Q` stands in the one row of step 3."""
    rows = tiny.chat_rows(("a", "b"), ("c", "d"), ("eQf", "g"), ("h", "i"))
    trainer = tiny.trainer(
        tiny_folder,
        tmp_path,
        rows,
        max_steps=4,
        per_device_train_batch_size=1,
        train_sampling_strategy="sequential",
        save_steps=1,
    )
    q = trainer.processing_class.convert_tokens_to_ids("Q")
    # The tied head would spread the NaN to every row's loss at once: this one looks at the input only.
    trainer.model.get_input_embeddings().register_forward_hook(
        lambda module, args, output: output.masked_fill((args[0] == q).unsqueeze(-1), float("nan"))
    )
    with pytest.raises(
        NonFiniteError, match=r"^step 3: the loss is nan; the batch is in .*safetensors\. Look"
    ) as caught:
        trainer.train()
    assert "\n" not in str(caught.value)
    batch = load_file(tmp_path / "nonfinite-step3-rank0.safetensors")
    assert str(tmp_path / "nonfinite-step3-rank0.safetensors") in str(caught.value)
    assert batch["input_ids"].shape == batch["labels"].shape and (batch["input_ids"] == q).sum() == 1
    (text,) = json.loads((tmp_path / "nonfinite-step3-rank0.json").read_text())
    assert text.startswith("<bos><start_of_turn>user\neQf<end_of_turn>")
    assert latest_checkpoint(tmp_path).name == "checkpoint-2"  # what there is to resume from


def test_an_infinite_loss_stops_too(tiny_folder, tmp_path):
    trainer = tiny.trainer(tiny_folder, tmp_path, ROWS, max_steps=1)
    original = trainer.compute_loss
    trainer.compute_loss = lambda *args, **kwargs: original(*args, **kwargs) * float("inf")
    with pytest.raises(NonFiniteError, match="the loss is inf"):
        trainer.train()


@pytest.mark.parametrize("method", ["full", "lora"])
def test_weights_that_are_not_finite_are_not_saved(method, tiny_folder, tmp_path):
    """Step 4 spoils a weight after its loss was found sound: checkpoint-2 stays the latest, and no 4 comes to be."""
    from posttrain.lora import adapter_config

    adapter = adapter_config(load_model(tiny_folder)[0], method)
    trainer = tiny.trainer(
        tiny_folder, tmp_path, ROWS, max_steps=6, save_steps=2, callbacks=[Spoil(4)], peft_config=adapter
    )
    with pytest.raises(NonFiniteError, match=r"^step 4: 1 weights are not finite \(.*not\s+saved"):
        trainer.train()
    assert latest_checkpoint(tmp_path).name == "checkpoint-2"
    assert not list(tmp_path.glob("checkpoint-4/*"))


def test_the_final_weights_are_looked_at_where_no_checkpoint_was(tiny_folder, tmp_path):
    """With save_strategy `no`, the step that spoils a weight may be the last: the finished model must not have it."""
    trainer = tiny.trainer(tiny_folder, tmp_path, ROWS, max_steps=2, save_strategy="no", callbacks=[Spoil(2)])
    trainer.train()
    with pytest.raises(NonFiniteError, match="step 2: 1 weights are not finite"):
        trainer.save_model(str(tmp_path / "final"))
    assert not (tmp_path / "final").exists()


def test_the_complete_mark_comes_last(tiny_folder, tmp_path):
    """At the moment of the mark, everything that resuming reads is there."""
    trainer = tiny.trainer(tiny_folder, tmp_path, ROWS, max_steps=3, save_steps=1, save_total_limit=2)
    seen = []
    write = trainer._save_optimizer_and_scheduler
    trainer._save_optimizer_and_scheduler = lambda folder: seen.append(latest_checkpoint(tmp_path)) or write(folder)
    trainer.train()
    first, second, third = (tmp_path / f"checkpoint-{step}" for step in (1, 2, 3))
    assert seen == [None, first, second]
    assert not first.exists() and second.exists() and latest_checkpoint(tmp_path) == third
    assert {path.name for path in third.iterdir()} >= {
        COMPLETE,
        "model.safetensors",
        "optimizer.pt",
        "scheduler.pt",
        "rng_state.pth",
        "trainer_state.json",
        "tokenizer.json",
    }


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma2"])
def test_evaluation_answers_the_sample_rows(kind, tiny_folders, tmp_path):
    """Stop rate and length are logged with the evaluation, accuracy for rows that have an answer; the reference reply
    is not shown to the model; the table grows."""
    samples = [EVALUATION[0] | {"answer": "18"}, *EVALUATION[1:]]
    trainer = tiny.trainer(
        tiny_folders[kind],
        tmp_path,
        ROWS,
        max_steps=2,
        save_strategy="no",
        eval_strategy="steps",
        eval_steps=2,
        eval_on_start=True,
        eval_rows=EVALUATION,
        sample_rows=samples,
        sample_tokens=5,
    )
    trainer.train()
    logged = [record for record in trainer.state.log_history if "eval_stop_rate" in record]
    assert [record["step"] for record in logged] == [0, 2]
    for record in logged:
        assert 0 <= record["eval_stop_rate"] <= 1 and 0 <= record["eval_reply_tokens"] <= 5
        assert record["eval_accuracy"] == 0.0 and record["eval_accuracy_rows"] == 1
    assert any("eval_loss" in record for record in trainer.state.log_history)
    assert trainer.last_evaluated_step == 2
    rows = read_lines(tmp_path / SAMPLES)
    assert [(row["step"], row["prompt"], row["answer"]) for row in rows] == [
        (step, prompt, answer) for step in (0, 2) for prompt, answer in [("9+9", "18"), ("a", "b"), ("ccc", "d")]
    ]
    assert all(isinstance(row["reply"], str) and row["tokens"] <= 5 for row in rows)


def test_evaluation_without_sample_rows_generates_nothing(tiny_folder, tmp_path):
    trainer = tiny.trainer(tiny_folder, tmp_path, ROWS, eval_rows=EVALUATION)
    metrics = trainer.evaluate()
    assert "eval_loss" in metrics and "eval_stop_rate" not in metrics
    assert not (tmp_path / SAMPLES).exists()


def test_the_prompt_of_a_conversation_holds_its_earlier_turns(tiny_folder, tmp_path, monkeypatch):

    messages = [{"role": role, "content": text} for role, text in zip(["user", "assistant"] * 2, "abcd", strict=True)]
    trainer = tiny.trainer(
        tiny_folder, tmp_path, ROWS, eval_rows=EVALUATION, sample_rows=[{"messages": messages}], sample_tokens=2
    )
    prompts = []
    original = generation.generate_replies

    def spy(model, tokenizer, ids, **settings):
        prompts.extend(tokenizer.batch_decode(ids))
        return original(model, tokenizer, ids, **settings)

    monkeypatch.setattr(generation, "generate_replies", spy)
    trainer.evaluate()
    turns = [("user", "a"), ("model", "b"), ("user", "c")]
    expected = "".join(f"<start_of_turn>{role}\n{text}<end_of_turn>\n" for role, text in turns)
    assert prompts == [f"<bos>{expected}<start_of_turn>model\n"]


def recipe(monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", ["it_sft.py", *map(str, options)])
    it_sft.main()


@pytest.mark.parametrize(("kind", "method"), [("gemma3_text", "full"), ("gemma3", "lora"), ("gemma2", "full")])
def test_three_steps_of_the_recipe_give_a_folder_for_plain_transformers(
    kind, method, tiny_folders, tmp_path, monkeypatch, environment, capsys
):
    """Plain transformers takes the folder with no option, stops where Gemma stops, and has other weights than the base;
    the multimodal model keeps its tower; nothing of the making is left."""
    out, rows = tmp_path / "out", launch.write_rows(tmp_path / "rows.jsonl", 12)
    options = ["--model", tiny_folders[kind], "--train", rows, "--output_dir", out, "--method", method]
    options += [
        "--max_steps",
        3,
        "--eval_rows",
        4,
        "--sample_tokens",
        4,
        "--report_to",
        "none",
        "--learning_rate",
        1e-2,
    ]
    recipe(monkeypatch, *options, "--save_dtype", "float32")

    model, tokenizer = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    base = AutoModelForCausalLM.from_pretrained(tiny_folders[kind])
    assert type(model) is type(base)
    assert model.generation_config.eos_token_id == [1, 107 if kind == "gemma2" else 106]
    assert load_file(out / "model.safetensors").keys() == load_file(tiny_folders[kind] / "model.safetensors").keys()
    encoded = tokenizer.apply_chat_template([{"role": "user", "content": "1+1"}], return_tensors="pt", return_dict=True)
    with torch.no_grad():
        logits, before = model(**encoded).logits, base(**encoded).logits
    assert torch.isfinite(logits).all() and (logits - before).abs().max() > 1e-2
    if kind == "gemma3":
        tower = {name: p for name, p in model.named_parameters() if "vision" in name}
        assert tower and all(torch.equal(p, dict(base.named_parameters())[name]) for name, p in tower.items())

    record = json.loads((out / "stage.json").read_text())
    assert record["stage"] == "sft" and record["config"]["max_steps"] == 3
    mixture = record["data"].pop("mixture")
    assert mixture["sources"]["rows.jsonl"]["read"] == 12 and mixture["fingerprint"] == record["inputs"]["train"]
    assert record["data"] | {"tokens": 0, "labels": 0} == {
        "train": str(rows),
        "rows": 8,
        "dropped": 0,
        "truncated": 0,
        "tokens": 0,
        "labels": 0,
    }
    assert record["metrics"]["before_after"].keys() == {"before", "after"}
    assert record["metrics"]["train"]["train_loss"] == pytest.approx(sum(launch.log(out, "loss")) / 3, abs=1e-3)
    card = (out / "README.md").read_text()
    assert "Gemma terms of use" in card and record["inputs"]["train"] in card
    assert {row["step"] for row in read_lines(out / SAMPLES)} == {0, 3}
    assert not (out / ".trained").exists() and not list(tmp_path.glob(".*"))
    printed = capsys.readouterr().out
    assert "8 of 8 rows kept" in printed and "on held-out rows" in printed and "posttrain chat --model" in printed


def test_a_kill_after_the_last_step_trains_no_further(tiny_folder, tmp_path, monkeypatch, environment):
    """Killed between the last checkpoint and stage.json: the next run makes the model of that checkpoint."""
    out, rows = tmp_path / "out", launch.write_rows(tmp_path / "rows.jsonl", 12)
    options = ["--model", tiny_folder, "--train", rows, "--output_dir", out, "--per_device_train_batch_size", 3]
    options += ["--max_steps", 4, "--save_steps", 2]  # step 4 is the first of the second epoch's three
    options += ["--eval_rows", 4, "--sample_tokens", 4, "--report_to", "none", "--save_dtype", "float32"]
    recipe(monkeypatch, *options)
    first, losses = load_file(out / "model.safetensors"), launch.log(out, "loss")
    before = json.loads((out / "stage.json").read_text())["metrics"]["before_after"]
    (out / "stage.json").unlink()
    shutil.copytree(out / "checkpoint-2", out / ".trained")  # as the kill may leave it
    recipe(monkeypatch, *options)
    again = load_file(out / "model.safetensors")
    assert launch.log(out, "loss") == losses
    assert all(torch.equal(first[key], again[key]) for key in first)
    metrics = json.loads((out / "stage.json").read_text())["metrics"]["before_after"]
    for side in ("before", "after"):
        for key in ("eval_loss", "eval_stop_rate", "eval_reply_tokens"):
            assert metrics[side][key] == pytest.approx(before[side][key], abs=1e-6), (side, key)


def test_one_checkpoint_is_too_few():
    """transformers deletes the old one before the new one is known to be whole."""
    with pytest.raises(UserError, match="2 or more"):
        SFTConfig(save_total_limit=1)


def test_cpu_means_cpu_where_there_is_a_gpu(monkeypatch):
    """accelerate_configs/cpu.yaml on a machine with a GPU: the launcher says so in the environment."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    config = SFTConfig()
    assert config.use_cpu and config.bf16 is False and not config.dataloader_pin_memory


@pytest.mark.parametrize("option", ["fp16_full_eval", "bf16_full_eval", "eval_packing", "padding_free", "push_to_hub"])
def test_options_that_would_spoil_a_run_are_refused(option):
    with pytest.raises(UserError, match=f"{option} is not supported"):
        SFTConfig(**{option: True})


def test_the_model_s_own_folder_is_no_output_dir(tiny_folder, tmp_path, monkeypatch):
    """--overwrite true would delete the weights before they are read."""
    rows = launch.write_rows(tmp_path / "rows.jsonl", 12)
    options = ["--model", tiny_folder, "--train", rows, "--output_dir", tiny_folder, "--overwrite", "true"]
    with pytest.raises(SystemExit):
        recipe(monkeypatch, *options, "--eval_rows", 0)
    assert (tiny_folder / "model.safetensors").exists()
