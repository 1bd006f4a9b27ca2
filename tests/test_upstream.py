"""The few places where we lean on the insides of TRL and transformers: each fails here, by name, when they change."""

import dataclasses
import hashlib
import importlib.metadata
import inspect
import tomllib
from pathlib import Path

import pytest
import torch
import trl
from accelerate.utils.fsdp_utils import fsdp2_prepare_model
from packaging.requirements import Requirement
from transformers import Trainer
from trl import chat_template_utils
from trl.generation.vllm_generation import VLLMGeneration
from trl.models.utils import prepare_deepspeed
from trl.trainer.utils import FusedCausalLMOutput, maybe_gather_lm_head_ctx

from posttrain.gemma import load_model
from posttrain.trainers import head
from posttrain.trainers.sft import SFTTrainer
from tests import tiny
from tests.launch import ROOT

FIELDS = ("loss", "log_probs", "entropy", "is_top1", "label_mask")
# Google's templates as TRL 1.16 ships them. A changed template trains another format: compare it before a new hash.
TEMPLATES = {
    "gemma3_chat_template": "7de1c58e208eda46e9c7f86397df37ec49883aeece39fb961e0a6b24088dd3c4",
    "gemma_chat_template": "ecd6ae513fe103f0eb62e8ab5bfa8d0fe45c1074fa398b089c93a7e70c15cfd6",
}


def test_the_versions_are_those_that_were_read():
    """pyproject.toml pins TRL's minor version; what is installed must be within every range that it states."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    requirements = {Requirement(text).name: Requirement(text).specifier for text in dependencies}
    assert str(requirements["trl"]) in (">=1.16.0,<1.17", "<1.17,>=1.16.0")
    for name in ("trl", "transformers", "peft", "accelerate", "datasets", "torch"):
        assert requirements[name].contains(importlib.metadata.version(name).split("+")[0], prereleases=True), name


def test_the_output_type_has_the_fields_that_our_head_fills():
    fields = {field.name: field.default for field in dataclasses.fields(FusedCausalLMOutput)}
    assert set(FIELDS) <= set(fields)
    assert all(default is None for default in fields.values())  # what we leave out (aux_loss, …) is None


def test_the_gather_context_takes_a_weight():
    weight = torch.ones(2, 2)
    with maybe_gather_lm_head_ctx(weight):
        assert weight.sum() == 4  # whole inside, as it was


class Watched:
    """An output that notes which of its fields were read."""

    def __init__(self, output):
        self._output, self.read = output, set()

    def __getattr__(self, name):
        self.read.add(name)
        return getattr(self._output, name)


@pytest.mark.parametrize("trainer_class", ["trl", "posttrain"])
def test_trl_s_loss_asks_for_the_fused_head_and_reads_these_fields(trainer_class, tiny_folder, tmp_path):
    """One compute_loss with a spy for a model. TRL's own head and ours must give the loss of the full logits."""
    cls = {"trl": trl.SFTTrainer, "posttrain": SFTTrainer}[trainer_class]
    trainer = tiny.trainer(tiny_folder, tmp_path, tiny.chat_rows(("ab", "cde"), ("ab", "f")), cls)
    calls = []

    def spy(**inputs):
        calls.append((inputs, Watched(trainer.model(**inputs))))
        return calls[-1][1]

    inputs = next(iter(trainer.get_train_dataloader()))
    labels = inputs["labels"][:, 1:]
    loss = trainer.compute_loss(spy, dict(inputs), num_items_in_batch=torch.tensor(7))
    ((sent, watched),) = calls
    assert sent["fused_lm_head"] is True and sent["labels"] is inputs["labels"]
    assert watched.read >= {"log_probs", "entropy", "is_top1", "label_mask"}
    assert watched.read <= set(FIELDS)  # nothing that our head leaves None
    assert isinstance(watched._output, FusedCausalLMOutput)
    assert watched._output.log_probs.shape == labels.shape
    with torch.no_grad():
        logits = load_model(tiny_folder)[0](input_ids=inputs["input_ids"]).logits[:, :-1]
    by_hand = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum") / 7
    assert loss.item() == pytest.approx(by_hand.item(), abs=1e-5)


def test_our_head_is_what_runs(tiny_folder, tmp_path, monkeypatch):
    """A TRL that no longer goes through `model.forward` would pass by our head in silence."""
    seen = []
    original = head.token_logps
    monkeypatch.setattr(head, "token_logps", lambda hidden, *rest: seen.append(len(hidden)) or original(hidden, *rest))
    rows = tiny.chat_rows(("ab", "cde"))
    tiny.trainer(tiny_folder, tmp_path, rows, max_steps=1, save_strategy="no").train()
    assert seen == [4]  # c, d, e and <end_of_turn>: labelled positions and no other


def parameters(function):
    return list(inspect.signature(function).parameters)


def test_the_methods_that_we_override_are_called_as_we_take_them():
    assert parameters(Trainer.training_step)[:3] == ["self", "model", "inputs"]
    assert parameters(Trainer._save_checkpoint) == parameters(trl.SFTTrainer._save_checkpoint)
    assert parameters(Trainer._save_checkpoint) == ["self", "model", "trial"]
    assert "metric_key_prefix" in parameters(Trainer.evaluate)
    assert parameters(Trainer.save_model) == ["self", "output_dir", "_internal_call"]
    source = inspect.getsource(Trainer)
    assert "self._save_checkpoint(model, trial)" in source
    assert "self.training_step(model, inputs, num_items_in_batch)" in source
    assert source.count("self._run_epoch(") == 1 and "def _run_epoch(" in source


def test_what_distillation_overrides_is_called_as_we_take_it():
    assert parameters(Trainer.get_batch_samples) == ["self", "epoch_iterator", "num_batches", "device"]
    assert parameters(Trainer._get_num_items_in_batch) == ["self", "batch_samples", "device"]
    loop = inspect.getsource(Trainer._run_epoch)
    assert "self.get_batch_samples(" in loop  # own replies are written here, before the count of tokens is taken
    assert "self._set_signature_columns_if_needed()" in inspect.getsource(Trainer)
    assert "self.data_collator" in inspect.getsource(Trainer._get_dataloader)  # read when it is needed


def test_what_prepares_a_teacher_takes_a_model_and_an_accelerator():
    assert parameters(prepare_deepspeed)[:2] == ["model", "accelerator"]
    assert parameters(fsdp2_prepare_model) == ["accelerator", "model"]


def test_trl_s_vllm_takes_these_settings_and_gives_the_replies_second():
    taken = parameters(VLLMGeneration.__init__)
    assert taken[1:4] == ["model", "accelerator", "processing_class"]
    assert set(taken) >= {"mode", "server_base_url", "gpu_memory_utilization", "max_model_length"}
    assert set(taken) >= {"max_completion_length", "generation_kwargs"}
    defaults = {k: v.default for k, v in inspect.signature(VLLMGeneration.__init__).parameters.items()}
    assert (defaults["temperature"], defaults["top_p"], defaults["top_k"], defaults["min_p"]) == (1.0, 1.0, 0, 0.0)
    assert parameters(VLLMGeneration.generate)[:4] == ["self", "prompts", "images", "num_generations"]
    source = inspect.getsource(VLLMGeneration.generate)
    assert "return prompt_ids, completion_ids, logprobs, logprob_token_ids" in source
    assert parameters(VLLMGeneration.sync_weights) == ["self"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_chat_templates_are_byte_for_byte_those_that_were_read(name):
    template = getattr(chat_template_utils, name)
    assert "<start_of_turn>" in template and "<end_of_turn>" in template
    assert hashlib.sha256(template.encode()).hexdigest() == TEMPLATES[name]
    folder = Path(trl.__file__).parent / "chat_templates"
    assert (folder / f"{name.removesuffix('_chat_template')}.jinja").read_text() == template


# What posttrain.trainers.rl overrides or calls in TRL's RL trainers, with the arguments that it counts on.
RL_HOOKS = {
    "_tokenize_prompts": ["self", "prompts"],
    "_generate": ["self", "prompts"],
    "_calculate_rewards": ["self", "inputs", "prompts", "completions", "completion_ids_list"],
    "_generate_and_score_completions": ["self", "inputs"],
    "_compute_loss": ["self", "model", "inputs"],
    "training_step": ["self", "model", "inputs", "num_items_in_batch"],
}


@pytest.mark.parametrize("trainer", [trl.GRPOTrainer, trl.RLOOTrainer], ids=lambda trainer: trainer.__name__)
def test_the_rl_trainers_have_what_ours_override(trainer):
    for name, arguments in RL_HOOKS.items():
        assert list(inspect.signature(getattr(trainer, name)).parameters) == arguments, name
    first = list(inspect.signature(trainer._generate_single_turn).parameters)[:4]
    assert first == ["self", "prompt_ids", "images", "multimodal_fields"]
    logps = list(inspect.signature(trainer._get_per_token_logps_and_entropies).parameters)[:5]
    assert logps == ["self", "model", "input_ids", "attention_mask", "logits_to_keep"]
    source = inspect.getsource(trainer._generate_and_score_completions)
    for used in ('"ref" in model.peft_config', "self.beta != 0.0", "self.ref_model is not None", '"advantages"'):
        assert used in source, used
    assert "disable_dropout" in inspect.getsource(trainer.__init__) and "args.beta" in inspect.getsource(
        trainer.__init__
    )


def test_grpo_takes_rollouts_with_a_mask_of_what_the_environment_said():
    source = inspect.getsource(trl.GRPOTrainer._generate)
    for used in ("self.rollout_func(prompts, self)", '"prompt_ids", "completion_ids", "logprobs"', '"env_mask"'):
        assert used in source, used
    assert "sampling_per_token_logps" in inspect.getsource(trl.GRPOTrainer._generate_and_score_completions)
    assert "return prompt_ids, completion_ids, tool_mask, completions" in source


def test_the_reward_trainer_has_what_ours_leans_on():
    source = inspect.getsource(trl.RewardTrainer.compute_loss)
    assert 'self._metrics[mode]["accuracy"]' in source and "torch.chunk(outputs.logits.squeeze(-1), chunks=2)" in source
    assert 'inputs["margin"]' in source and "center_rewards_coefficient" in source
    assert trl.RewardConfig.__dataclass_fields__["disable_dropout"].default is True  # ours is False


@pytest.mark.parametrize("name", ["WandbCallback", "TensorBoardCallback", "TrackioCallback"])
def test_trackers_ask_one_function_for_the_names_of_metrics(name):
    """Which `setup_tracking` replaces, so that they begin with the stage."""
    from transformers.integrations import integration_utils

    source = inspect.getsource(getattr(integration_utils, name).on_log)
    assert "rewrite_logs(" in source and "rewrite_logs" in vars(integration_utils)
