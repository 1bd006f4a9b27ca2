"""Adapters: the language model only, and a merge that gives the adapted model's logits under the base's own keys."""

import re

import pytest
import torch
from peft import PeftModel, get_peft_model
from safetensors.torch import load_file

from posttrain.errors import UserError
from posttrain.gemma import load_model, save_model
from posttrain.lora import PROJECTIONS, adapter_config, linear_layers, merge_adapter, quantization_config
from tests.conftest import KINDS
from tests.tiny import TEXT

IDS = torch.arange(120, 144).unsqueeze(0)  # 24 tokens: past the sliding window of 4


def logits(model):
    with torch.no_grad():
        return model.eval()(input_ids=IDS).logits


def adapted(folder, method="lora", **settings):
    """A tiny model with an adapter whose every tensor is random: PEFT starts B at zero, where a merge changes
    nothing, and DoRA's magnitude at the weight's own norm."""
    model, tokenizer = load_model(folder)
    model = get_peft_model(model, adapter_config(model, method, r=4, alpha=8, **settings))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
    return model, tokenizer


def adapted_modules(model):
    return {name.rpartition(".lora_A")[0] for name, _ in model.named_parameters() if ".lora_A." in name}


@pytest.mark.parametrize("kind", KINDS)
def test_default_targets_are_the_language_model_s_projections(kind, tiny_folders):
    """Layers x 7, none of them in the tower (PEFT's `all-linear` takes 12 more in the multimodal model: trap 7)."""
    model, _ = adapted(tiny_folders[kind])
    names = adapted_modules(model)
    assert len(names) == TEXT["num_hidden_layers"] * len(PROJECTIONS) == 14
    assert {name.rpartition(".")[2] for name in names} == set(PROJECTIONS)
    assert not [name for name in names if re.search("vision|projector|embed|lm_head", name)]
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trained and all("lora_" in name and "vision" not in name for name in trained)


def test_the_tower_would_match_by_name(tiny_folders):
    """The test above says something only while the vision tower has layers of the same names."""
    model, _ = load_model(tiny_folders["gemma3"])
    in_tower = {name.rpartition(".")[2] for name, _ in model.named_modules() if "vision_tower" in name}
    assert {"q_proj", "k_proj", "v_proj"} <= in_tower
    assert "fc1" in in_tower and "fc1" not in linear_layers(model)


@pytest.mark.parametrize("targets", [["embed_tokens"], ["lm_head"], ["q_proj", "lm_head", "embed_tokens"]])
@pytest.mark.parametrize("kind", KINDS)
def test_tied_layers_are_refused(kind, targets, tiny_folders):
    model, _ = load_model(tiny_folders[kind])
    with pytest.raises(UserError, match="is tied.*Leave it out") as caught:
        adapter_config(model, "lora", targets=targets)
    assert all(name in str(caught.value) for name in targets if name != "q_proj")


@pytest.mark.parametrize("target", ["q_porj", "fc1", "proj", ".*", "out_proj"])
def test_a_target_that_matches_nothing_is_refused_and_what_exists_is_named(target, tiny_folders):
    """`fc1` and `out_proj` are the vision tower's; names are whole names and no regular expressions."""
    model, _ = load_model(tiny_folders["gemma3"])
    with pytest.raises(UserError, match=f"{re.escape(repr(target))} matches no layer") as caught:
        adapter_config(model, "lora", targets=["q_proj", target])
    assert ", ".join(sorted(PROJECTIONS)) in str(caught.value)


def test_chosen_targets(tiny_folder):
    model, _ = adapted(tiny_folder, targets=["q_proj", "v_proj"])
    assert {name.rpartition(".")[2] for name in adapted_modules(model)} == {"q_proj", "v_proj"}
    assert len(adapted_modules(model)) == 4


def test_methods(tiny_folder):
    model, _ = load_model(tiny_folder)
    assert adapter_config(model, "full") is None
    flags = {method: adapter_config(model, method).use_dora for method in ("lora", "dora", "qlora")}
    assert flags == {"lora": False, "dora": True, "qlora": False}
    config = adapter_config(model, "lora", r=4, alpha=12, dropout=0.25)
    assert (config.r, config.lora_alpha, config.lora_dropout) == (4, 12, 0.25)


def test_dora_trains_a_magnitude(tiny_folder):
    model, _ = adapted(tiny_folder, "dora")
    assert sum("lora_magnitude_vector" in name for name, _ in model.named_parameters()) == 14


@pytest.mark.skipif(torch.cuda.is_available(), reason="here it works")
def test_qlora_without_cuda_is_refused():
    with pytest.raises(UserError, match="needs a CUDA device.*use method lora"):
        quantization_config("qlora")


@pytest.mark.parametrize("method", ["full", "lora", "dora"])
def test_only_qlora_quantises(method):
    assert quantization_config(method) is None


@pytest.mark.parametrize(("kind", "method"), [*((kind, "lora") for kind in KINDS), ("gemma3_text", "dora")])
def test_merge(kind, method, tiny_folders, tmp_path):
    """Merged logits are the adapter's and not the base's (trap 4: an adapter that is silently ignored); saved, the
    merged model has the base's keys and its tie (trap 5), and reloads to the same logits."""
    base, _ = load_model(tiny_folders[kind])
    model, tokenizer = adapted(tiny_folders[kind], method)
    model.save_pretrained(tmp_path / "adapter")
    expected, original = logits(model), logits(base)
    assert (expected - original).abs().max() > 0.1

    merged = merge_adapter(base, tmp_path / "adapter")
    assert (logits(merged) - expected).abs().max() < 1e-5
    assert type(merged) is type(load_model(tiny_folders[kind])[0]) and not isinstance(merged, PeftModel)
    assert merged.get_output_embeddings().weight is merged.get_input_embeddings().weight

    out = save_model(merged, tokenizer, tmp_path / "merged")
    stored = load_file(tiny_folders[kind] / "model.safetensors")
    saved = load_file(out / "model.safetensors")
    assert saved.keys() == stored.keys()
    changed = {key for key in saved if not torch.equal(saved[key], stored[key])}
    assert len(changed) == 14 and all("vision" not in key and "embed" not in key for key in changed)
    again, _ = load_model(out)
    assert torch.equal(logits(again), logits(merged))
    assert again.config.get_text_config().tie_word_embeddings
    assert again.get_output_embeddings().weight is again.get_input_embeddings().weight
