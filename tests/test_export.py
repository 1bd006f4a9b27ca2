"""Exports read back by others: transformers, PEFT, the gguf package, and llama.cpp itself; and what is refused."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFReader, quants
from peft import PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from posttrain import tensors
from posttrain.chat import encode_prompt
from posttrain.cli import main
from posttrain.errors import UserError
from posttrain.export import export
from posttrain.export.source import open_source
from posttrain.gemma import load_model, load_tokenizer, save_model
from posttrain.lora import adapter_config, merge_adapter
from posttrain.quantise import round_trip
from posttrain.terminal import printable
from posttrain.tracking import read_lines
from tests import tiny

KINDS = ("gemma3_text", "gemma3", "gemma2")
WEIGHTS = "model.safetensors"
CONVERSATIONS = [
    [{"role": "user", "content": "Hi there!"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2+2?\n\nSay  it."}],
    [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b c"},
        {"role": "user", "content": "d"},
    ],
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """{kind: a tiny checkpoint with `tokenizer.model`}."""
    root = tmp_path_factory.mktemp("tiny")
    return {kind: tiny.with_sentencepiece(tiny.folder(root / kind, kind)) for kind in KINDS}


@pytest.fixture(scope="module")
def adapters(folders, tmp_path_factory):
    """{kind: an adapter of that checkpoint that changes something}."""
    root = tmp_path_factory.mktemp("adapters")
    return {kind: make_adapter(folders[kind], root / kind) for kind in KINDS}


def make_adapter(base: Path, out: Path, *, zero: bool = False, **settings) -> Path:
    model, _ = load_model(base, "float32", **settings)
    torch.manual_seed(1)
    tuned = get_peft_model(model, adapter_config(model, "lora", r=4))
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name and not zero:
            torch.nn.init.normal_(parameter, std=0.2)
    tuned.peft_config["default"].base_model_name_or_path = str(base)
    tuned.save_pretrained(out)
    return out


def logits(model, tokenizer) -> torch.Tensor:
    ids = torch.tensor([encode_prompt(CONVERSATIONS[2], tokenizer)])
    with torch.no_grad():
        return model(input_ids=ids).logits.float()


def stored(path: Path) -> dict[str, np.ndarray]:
    """A GGUF's tensors as it gives them back."""
    return {t.name: quants.dequantize(t.data, t.tensor_type) for t in GGUFReader(path).tensors}


# ------------------------------------------------------------------------------------------------------------- hf


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_is_the_model_as_it_is(kind, folders, tmp_path):
    """Keys, numbers and tokenizer are the source's; plain transformers reads it with no option."""
    out = export(folders[kind], tmp_path / "out")
    mine, theirs = load_file(out / WEIGHTS), load_file(folders[kind] / WEIGHTS)
    assert mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in theirs)
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert tokenizer.chat_template and (out / "tokenizer.model").is_file()
    model = AutoModelForCausalLM.from_pretrained(out)
    assert model.generation_config.eos_token_id == [1, 107 if kind == "gemma2" else 106]
    assert torch.equal(logits(model, tokenizer), logits(*load_model(folders[kind])))
    half = export(folders[kind], tmp_path / "half", dtype="bfloat16")
    assert AutoModelForCausalLM.from_pretrained(half).dtype == torch.bfloat16
    assert {tensor.dtype for tensor in load_file(half / WEIGHTS).values()} == {torch.bfloat16}


def test_both_stop_tokens_are_written_whatever_the_base_said(folders, adapters, tmp_path):
    """A pre-trained base stops on <eos> alone, and so would what is merged into it (trap 11)."""
    base = shutil.copytree(folders["gemma3_text"], tmp_path / "base")
    (base / "generation_config.json").write_text('{"eos_token_id": 1, "cache_implementation": "hybrid"}')
    out = export(adapters["gemma3_text"], tmp_path / "out", base=str(base))
    config = json.loads((out / "generation_config.json").read_text())
    assert config["eos_token_id"] == [1, 106] and config["top_k"] == 64 and config["pad_token_id"] == 0
    (base / "generation_config.json").unlink()
    out = export(base, tmp_path / "again")
    assert AutoModelForCausalLM.from_pretrained(out).generation_config.eos_token_id == [1, 106]


def test_the_hub_s_own_layout(folders, tmp_path):
    """Sharded, with `vision_tower.vision_model` as Google's 4B has it: the GGUF that comes of ours, and its keys."""
    weights = {
        name.replace("vision_tower.", "vision_tower.vision_model."): tensor
        for name, tensor in load_file(folders["gemma3"] / WEIGHTS).items()
        if ".head." not in name
    }
    hub = shutil.copytree(folders["gemma3"], tmp_path / "hub")
    (hub / WEIGHTS).unlink()
    names = sorted(weights)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, part in shards.items():
        save_file({name: weights[name] for name in part}, hub / file, {"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: file for file, part in shards.items() for name in part}}
    (hub / "model.safetensors.index.json").write_text(json.dumps(index))
    out = export(str(hub) + "/", tmp_path / "out", "gguf", dtype="q8_0")
    ours = export(folders["gemma3"], tmp_path / "ours", "gguf", dtype="q8_0")
    for file in ("model-q8_0.gguf", "mmproj-f16.gguf"):
        found, wanted = stored(out / file), stored(ours / file)
        assert found.keys() == wanted.keys() and all(np.array_equal(found[name], wanted[name]) for name in wanted)
    assert load_file(export(hub, tmp_path / "hf") / WEIGHTS).keys() == weights.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_is_added_to_its_base_piece_by_piece(kind, folders, adapters, tmp_path, monkeypatch):
    """What PEFT merges in memory, also in pieces of a few rows; nothing else is changed."""
    merged = save_model(
        merge_adapter(load_model(folders[kind], "float32")[0], adapters[kind]),
        load_tokenizer(folders[kind]),
        tmp_path / "merged",
    )
    out = export(adapters[kind], tmp_path / "out")
    wanted, found = load_file(merged / WEIGHTS), load_file(out / WEIGHTS)
    assert found.keys() == wanted.keys()
    changed = [name for name in wanted if not torch.equal(wanted[name], load_file(folders[kind] / WEIGHTS)[name])]
    assert len(changed) == 14
    for name in wanted:
        torch.testing.assert_close(found[name], wanted[name], rtol=1e-6, atol=1e-7)
    source = open_source(str(adapters[kind]))
    monkeypatch.setattr("posttrain.export.source.PIECE", 100)
    for name in changed:
        pieces = list(source.pieces(name))
        assert len(pieces) > 4
        torch.testing.assert_close(torch.cat(pieces).view(source.shape(name)), wanted[name], rtol=1e-6, atol=1e-7)


# -------------------------------------------------------------------------------------------------------- adapter


def vllm_module(name: str, multimodal: bool) -> str:
    """Where vLLM puts an adapter's tensor: `base_model.model.` off, then the class's own mapping of names (the prefixes
    of vllm/model_executor/models/gemma3_mm.py); a name that meets no module is passed over without a word."""
    module = name.removeprefix("base_model.model.").partition(".lora_")[0]
    if multimodal:
        for old, new in (("model.language_model.", "language_model.model."), ("model.vision_tower.", "vision_tower.")):
            module = new + module.removeprefix(old) if module.startswith(old) else module
    return module


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma3", "text side of gemma3", "gemma2"])
def test_an_adapter_carries_the_names_of_the_served_class(kind, folders, adapters, tmp_path, capsys):
    """Also one that was trained on the text side alone: served on the whole checkpoint it would do nothing."""
    base = folders[kind.rpartition(" ")[2]]
    given = adapters.get(kind) or make_adapter(base, tmp_path / "text", text_only=True)
    out = export(given, tmp_path / "out", "adapter")
    assert "moves the base's logits" in capsys.readouterr().out
    multimodal = base.name == "gemma3"
    prefix = "language_model.model.layers." if multimodal else "model.layers."
    names = load_file(out / "adapter_model.safetensors")
    assert len(names) == 28 and all(vllm_module(name, multimodal).startswith(prefix) for name in names)
    config = json.loads((out / "adapter_config.json").read_text())
    targets = config["target_modules"]
    assert isinstance(targets, str) == multimodal and "vision" not in str(targets)
    model, tokenizer = load_model(base)
    before = logits(model, tokenizer)
    tuned = PeftModel.from_pretrained(model, out)
    assert sum("lora_A" in name for name, _ in tuned.named_parameters()) == 14  # and none on the images' side
    assert not torch.equal(logits(tuned, tokenizer), before)
    assert "--max-lora-rank 16" in (out / "README.md").read_text()


def test_an_adapter_that_would_do_nothing_is_refused(folders, adapters, tmp_path):
    zero = make_adapter(folders["gemma3_text"], tmp_path / "zero", zero=True)
    with pytest.raises(UserError, match="changes nothing"):
        export(zero, tmp_path / "out", "adapter")
    other = tiny.folder(tmp_path / "other")
    config = json.loads((other / "config.json").read_text()) | {
        "num_hidden_layers": 1,
        "layer_types": ["full_attention"],
    }
    (other / "config.json").write_text(json.dumps(config))
    kept = {name: t for name, t in load_file(other / WEIGHTS).items() if ".layers.1." not in name}
    save_file(kept, other / WEIGHTS, {"format": "pt"})
    with pytest.raises(UserError, match=r"adapts .*layers\.1\..* which .* has not: it is of another base"):
        export(adapters["gemma3_text"], tmp_path / "out", "adapter", base=str(other))
    with pytest.raises(UserError, match="its base: .*give --base"):
        broken = shutil.copytree(adapters["gemma3_text"], tmp_path / "broken")
        path = broken / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"base_model_name_or_path": "gone/away/model"}))
        export(broken, tmp_path / "out", "adapter")
    with pytest.raises(UserError, match="names no base: give --base"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"base_model_name_or_path": None}))
        export(broken, tmp_path / "out")
    with pytest.raises(UserError, match="has no adapter: it was tuned in full"):
        export(folders["gemma3_text"], tmp_path / "out", "adapter")
    assert not (tmp_path / "out").exists()


# ----------------------------------------------------------------------------------------------------------- gguf


@pytest.mark.parametrize("dtype", ["f16", "bf16", "q8_0", "q4_0"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_gguf_gives_back_the_rounded_weights(kind, dtype, folders, tmp_path):
    """Under llama.cpp's names, by the gguf package's own reader; norms plus one, and the embedding of q4_0 in Q8_0."""
    out = export(folders[kind], tmp_path / "out", "gguf", dtype=dtype)
    found = stored(out / f"model-{dtype}.gguf")
    given = {name.replace("language_model.", ""): t for name, t in load_file(folders[kind] / WEIGHTS).items()}
    forms = {"f16": lambda t: t.half().float(), "bf16": lambda t: t.bfloat16().float()}
    forms |= {name: lambda t, name=name: round_trip(t, name) for name in ("q8_0", "q4_0")}
    matrix, embedding = forms[dtype], forms["q8_0" if dtype == "q4_0" else dtype]
    norms = 6 if kind != "gemma2" else 4  # of a layer
    assert len(found) == 2 * (7 + norms) + 2
    check = {
        "token_embd.weight": embedding(given["model.embed_tokens.weight"]),
        "output_norm.weight": given["model.norm.weight"] + 1,
        "blk.1.attn_q.weight": matrix(given["model.layers.1.self_attn.q_proj.weight"]),
        "blk.0.ffn_down.weight": matrix(given["model.layers.0.mlp.down_proj.weight"]),
        "blk.0.ffn_norm.weight": given["model.layers.0.pre_feedforward_layernorm.weight"] + 1,
        "blk.1.post_ffw_norm.weight": given["model.layers.1.post_feedforward_layernorm.weight"] + 1,
    }
    for name, wanted in check.items():
        assert np.array_equal(found[name], wanted.numpy()), name
    assert (out / "mmproj-f16.gguf").is_file() == (kind == "gemma3")
    modelfile = (out / "Modelfile").read_text()
    assert modelfile.startswith(f"FROM ./model-{dtype}.gguf\n") and 'PARAMETER stop "<end_of_turn>"' in modelfile


def test_the_images_side_goes_into_a_file_of_its_own(folders, tmp_path):
    out = export(folders["gemma3"], tmp_path / "out", "gguf")
    found, given = stored(out / "mmproj-f16.gguf"), load_file(folders["gemma3"] / WEIGHTS)
    assert len(found) == 39 and not any("head" in name for name in found)
    norm = given["multi_modal_projector.mm_soft_emb_norm.weight"]
    assert np.array_equal(found["mm.soft_emb_norm.weight"], (norm + 1).numpy())
    patches = given["vision_tower.embeddings.patch_embedding.weight"]
    assert np.array_equal(found["v.patch_embd.weight"], patches.numpy())
    reader = GGUFReader(out / "mmproj-f16.gguf")
    assert reader.get_field("clip.projector_type").contents() == "gemma3"
    assert reader.get_field("clip.vision.projector.scale_factor").contents() == 1


def test_the_long_context_s_scaling_and_other_layers_are_told(tmp_path):
    """×8 of the global layers (4B and up), and a pattern of layers that is not Gemma's own."""
    folder = tiny.with_sentencepiece(tiny.folder(tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    config["rope_parameters"]["full_attention"] |= {"rope_type": "linear", "factor": 8.0}
    (folder / "config.json").write_text(json.dumps(config))
    reader = GGUFReader(export(folder, tmp_path / "out", "gguf") / "model-f16.gguf")

    def told(name):
        return reader.get_field(name).contents()

    assert told("gemma3.rope.scaling.factor") == 8 and told("gemma3.rope.scaling.type") == "linear"
    assert told("gemma3.rope.freq_base") == 1e6 and told("gemma3.rope.freq_base_swa") == 1e4
    assert told("gemma3.attention.sliding_window_pattern") == [True, False]
    assert told("tokenizer.ggml.eot_token_id") == 106 and told("tokenizer.ggml.add_bos_token") is True
    assert told("general.sampling.top_k") == 64
    config["query_pre_attn_scalar"] = 24
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="query_pre_attn_scalar is 24, .* other replies"):
        export(folder, tmp_path / "other", "gguf")


@pytest.fixture(scope="module")
def serve(folders, tmp_path_factory):
    """(kind, dtype) -> a tiny GGUF in llama.cpp itself, and how to ask it by HTTP."""
    pytest.importorskip("xllamacpp")
    import httpx

    from posttrain.evaluate.llama_cpp import LlamaCpp

    root, made = tmp_path_factory.mktemp("served"), {}

    def serve(kind, dtype="f16"):
        if (kind, dtype) not in made:
            out = export(folders[kind], root / f"{kind}-{dtype}", "gguf", dtype=dtype)
            made[kind, dtype] = LlamaCpp(out / f"model-{dtype}.gguf", 1, 256)
        address = made[kind, dtype].server.listening_address
        return lambda path, **body: httpx.post(f"{address}/{path}", json=body, timeout=60).json()

    return serve


@pytest.mark.parametrize("kind", KINDS)
def test_llama_cpp_renders_the_very_token_ids(kind, serve, folders):
    tokenizer, ask = load_tokenizer(folders[kind]), serve(kind)
    for messages in CONVERSATIONS:
        prompt = ask("apply-template", messages=messages)["prompt"]
        ids = ask("tokenize", content=prompt, add_special=True, parse_special=True)["tokens"]
        assert ids == encode_prompt(messages, tokenizer)


@pytest.mark.parametrize("kind", KINDS)
def test_llama_cpp_answers_as_transformers_does(kind, serve, folders):
    """Greedy, from prompts that outgrow the window of four: no token that transformers finds clearly less likely."""
    model, tokenizer = load_model(folders[kind], "float32")
    written = 0
    for messages in CONVERSATIONS:
        ids = encode_prompt(messages, tokenizer)
        got = serve(kind)("completion", prompt=ids, n_predict=12, temperature=0, return_tokens=True)["tokens"]
        with torch.no_grad():
            scores = model(input_ids=torch.tensor([[*ids, *got]])).logits[0, len(ids) - 1 : -1].float()
        for token, row in zip(got, scores, strict=True):
            assert row.max() - row[token] < 0.02 * row.std(), "another token than transformers'"
        written += len(got)
    assert written > 12


def test_llama_cpp_takes_an_evaluation_and_a_talk(folders, tmp_path, capsys):
    """By command: the same greedy reply both ways."""
    pytest.importorskip("xllamacpp")
    pytest.importorskip("openai")
    path = str(export(folders["gemma3_text"], tmp_path / "gguf", "gguf", dtype="q4_0") / "model-q4_0.gguf")
    (tmp_path / "rows.jsonl").write_text('{"prompt": "What is 1+1?", "answer": "2"}\n')
    engine = ["--model", path, "--backend", "llama.cpp", "--max-new-tokens", "8"]
    rows = ["--task", "exact", "--data", str(tmp_path / "rows.jsonl"), "--report-to", "none"]
    main(["eval", *engine, *rows, "--batch-size", "2", "--out", str(tmp_path / "e")])
    found = json.loads((tmp_path / "e" / "results.json").read_text())["exact"]
    assert found["run"]["backend"] == "llama.cpp" and found["metrics"]["rows"] == 1
    (record,) = read_lines(tmp_path / "e" / "exact.jsonl")
    capsys.readouterr()
    main(["chat", *engine, "--greedy", "--prompt", record["prompt"][-1]["content"]])
    wanted = printable(record["replies"][0]["text"])
    assert wanted.strip() and capsys.readouterr().out.startswith(wanted)
    with pytest.raises(SystemExit):
        main(["eval", "--model", str(folders["gemma2"]), "--backend", "llama.cpp", *rows, "--out", str(tmp_path / "f")])
    assert "reads a .gguf file" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("go") is None, reason="Ollama's template language is Go's")
def test_ollama_s_template_is_gemma_s(tmp_path, tokenizer):
    from posttrain.export.ollama import TEMPLATE

    (tmp_path / "t.txt").write_text(TEMPLATE)
    (tmp_path / "main.go").write_text(GO)
    (tmp_path / "c.json").write_text(
        json.dumps([[{"Role": m["role"], "Content": m["content"]} for m in c] for c in CONVERSATIONS])
    )
    done = subprocess.run(["go", "run", "main.go"], cwd=tmp_path, capture_output=True, text=True, check=True)
    for rendered, messages in zip(done.stdout.split("\0"), CONVERSATIONS, strict=False):
        wanted = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        assert "<bos>" + rendered == wanted


GO = """package main
import ("encoding/json"; "os"; "text/template")
type Message struct { Role string; Content string }
func main() {
  text, _ := os.ReadFile("t.txt"); given, _ := os.ReadFile("c.json")
  var talks [][]Message
  json.Unmarshal(given, &talks)
  t := template.Must(template.New("t").Parse(string(text)))
  for _, talk := range talks {
    t.Execute(os.Stdout, map[string]any{"Messages": talk}); os.Stdout.WriteString("\\x00")
  }
}
"""


# ------------------------------------------------------------------------------------------------ refusals and faults


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "gguff"}, r"--format must be one of hf, adapter, gguf, not 'gguff' \(did you mean 'gguf'\?\)"),
        ({"form": "gguf", "dtype": "q4_k"}, "must be one of f16, bf16, q8_0, q4_0, not 'q4_k'"),
        ({"form": "hf", "dtype": "q4_0"}, "give --format gguf with it"),
        ({"form": "hf", "dtype": "fp16"}, "fp16 overflows"),
        ({"form": "adapter", "dtype": "f16"}, "leave --dtype out"),
        ({"base": "x/y"}, "--base is an adapter's"),
    ],
)
def test_options_that_do_not_fit(options, message, folders, tmp_path):
    with pytest.raises(UserError, match=message):
        export(folders["gemma3_text"], tmp_path / "out", **options)
    assert not list(tmp_path.iterdir())


def test_what_is_no_checkpoint(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no config.json"):
        export(tmp_path / "empty", tmp_path / "out")
    folder = shutil.copytree(folders["gemma3_text"], tmp_path / "cut")
    kept = {name: t for name, t in load_file(folder / WEIGHTS).items() if "layers.1.mlp" not in name}
    save_file(kept, folder / WEIGHTS, {"format": "pt"})
    with pytest.raises(UserError, match=r"lacks weights: \.layers\.1\.mlp\.gate_proj\.weight.*: restore"):
        export(folder, tmp_path / "out", "gguf")
    (folder / WEIGHTS).write_bytes((folders["gemma3_text"] / WEIGHTS).read_bytes()[:-100])
    with pytest.raises(UserError, match="no whole safetensors file"):
        export(folder, tmp_path / "out")
    folder = shutil.copytree(folders["gemma3_text"], tmp_path / "without")
    (folder / "tokenizer.model").unlink()
    with pytest.raises(UserError, match="has no tokenizer.model, .*: copy it there from the base model"):
        export(folder, tmp_path / "out", "gguf")
    for value, message in ((1e5, "above 65,504.*--dtype bf16"), (float("nan"), "not finite")):
        weights = load_file(folders["gemma3_text"] / WEIGHTS)
        weights["model.layers.0.mlp.up_proj.weight"][3, 3] = value
        folder = shutil.copytree(folders["gemma3_text"], tmp_path / f"odd-{value}")
        save_file(weights, folder / WEIGHTS, {"format": "pt"})
        with pytest.raises(UserError, match=message):
            export(folder, tmp_path / "out", "gguf")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").write_text("mine")
    with pytest.raises(UserError, match="exists and is not empty"):
        export(folders["gemma3_text"], tmp_path / "taken")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*.exporting"))


def test_what_cannot_be_exported_is_said_first(folders, adapters, tmp_path, monkeypatch):
    """Before a byte is written: evaluations that are none, impossible places, heads and adapters of other kinds."""
    model = folders["gemma3_text"]
    with pytest.raises(UserError, match="results.json"):
        export(model, tmp_path / "out", evaluations=[str(tmp_path)])
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(UserError, match="is a file"):
            export(model, out)
    with pytest.raises(UserError, match="mount point"):
        export(model, "/proc")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    export(model, tmp_path / "link")
    assert (tmp_path / "real" / WEIGHTS).is_file()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    export(model, ".")
    assert (tmp_path / "here" / WEIGHTS).is_file()
    untied = shutil.copytree(model, tmp_path / "untied")
    config = json.loads((untied / "config.json").read_text()) | {"tie_word_embeddings": False}
    (untied / "config.json").write_text(json.dumps(config))
    half = shutil.copytree(model, tmp_path / "half")
    save_file({name: t.half() for name, t in load_file(model / WEIGHTS).items()}, half / WEIGHTS, {"format": "pt"})
    for folder, message in ((untied, "head of its own"), (half, "stored in float16.*--dtype bfloat16")):
        with pytest.raises(UserError, match=message):
            export(folder, tmp_path / "out")
    for key, value, message in (
        ("use_dora", True, "merge them first"),
        ("init_lora_weights", "pissa", "also changes its base"),
        ("r", 1024, "above 512"),
    ):
        odd = shutil.copytree(adapters["gemma3_text"], tmp_path / key)
        path = odd / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
        with pytest.raises(UserError, match=message):
            export(odd, tmp_path / "out", "adapter")
    assert not (tmp_path / "out").exists()


def test_a_killed_export_leaves_nothing_under_the_name(folders, tmp_path):
    """Killed in the middle of writing; the next call clears away what lay beside, and goes through."""
    code = (
        "import os, signal, sys; from posttrain import export as e; from posttrain.export import gguf_file as g\n"
        "def stop(*args): os.kill(os.getpid(), signal.SIGKILL)\n"
        "e.write_modelfile = stop\n"
        f"e.export({str(folders['gemma3_text'])!r}, {str(tmp_path / 'out')!r}, 'gguf')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"CUDA_VISIBLE_DEVICES": ""}, check=False)
    assert done.returncode == -9 and not (tmp_path / "out").exists()
    assert (tmp_path / ".out.exporting" / "model-f16.gguf").exists()
    export(folders["gemma3_text"], tmp_path / "out", "gguf")
    assert not (tmp_path / ".out.exporting").exists() and (tmp_path / "out" / "stage.json").is_file()


def test_no_room(folders, tmp_path, monkeypatch):
    monkeypatch.setattr("posttrain.stage.shutil.disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 10))
    with pytest.raises(UserError, match="not enough room"):
        export(folders["gemma3_text"], tmp_path / "out", "gguf")


@pytest.mark.parametrize("form", ["hf", "gguf"])
def test_a_large_model_streams(form, tmp_path, monkeypatch):
    """No tensor is ever in memory as a whole: what is read at once is no more than a piece."""
    folder = tiny.with_sentencepiece(tiny.folder(tmp_path / "model"))
    sizes, read = [], torch.frombuffer
    monkeypatch.setattr(torch, "frombuffer", lambda buffer, **kw: sizes.append(len(buffer)) or read(buffer, **kw))
    monkeypatch.setattr(tensors.Tensors.pieces, "__defaults__", (1 << 10,))
    export(folder, tmp_path / "out", form)
    assert max(sizes) == 4 << 10 and len(sizes) > 30


# ------------------------------------------------------------------------------------------------------- card and hub


def test_the_card_tells_where_it_comes_from(folders, tmp_path, capsys):
    """Stages back to the base, their data, what was left out, evaluations with intervals, licence, use."""
    model = shutil.copytree(folders["gemma3_text"], tmp_path / "sft")
    mixture = {
        "spec": {"filters": ["repetition"], "sources": {"mine": {"origin": "mine.jsonl"}}},
        "sources": {"mine": {"read": 12, "kept": 10, "train": 10}},
        "contamination": [{"set": "gsm8k_test", "overlapping": 2, "items": 1319}],
    }
    record = {
        "stage": "sft",
        "config": {"model": "gemma-3-270m", "method": "lora", "train": "mix.yaml"},
        "inputs": {"train": "abc123"},
        "data": {"train": "mix.yaml", "rows": 10, "dropped": 1, "tokens": 99, "mixture": mixture},
    }
    (model / "stage.json").write_text(json.dumps(record))
    metrics = {"rows": 40, "accuracy": 0.5, "accuracy_low": 0.35, "accuracy_high": 0.65}
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "results.json").write_text(json.dumps({"gsm8k": {"metrics": metrics, "run": {}}}))
    main(["export", "--model", str(model), "--format", "gguf", "--dtype", "q8_0", "--out", str(tmp_path / "out"),
          "--evaluation", str(tmp_path / "eval")])  # fmt: skip
    card = (tmp_path / "out" / "README.md").read_text()
    for part in (
        "license: gemma",
        "base_model: google/gemma-3-270m",
        "base_model_relation: quantized",
        "supervised instruction tuning",
        "| mine | `mine.jsonl` | 12 | 2 | 10 |",
        "Decontaminated against `gsm8k_test`",
        "train: `abc123`",
        "| gsm8k | accuracy | 40 | 0.500 [0.350, 0.650] |",
        "Gemma terms of use",
        "llama-server -m",
        "rounded to Q8_0",
    ):
        assert part in card, part
    assert "model-q8_0.gguf" in capsys.readouterr().out


def test_push_is_asked_for_and_says_what_went_wrong(folders, tmp_path, monkeypatch):
    done = []

    class Hub:
        def create_repo(self, name, **settings):
            done.append((name, settings["private"]))

        def upload_folder(self, *, folder_path, repo_id, commit_message):
            done.append((Path(folder_path).name, repo_id))

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    given = ["export", "--model", str(folders["gemma2"])]
    main([*given, "--out", str(tmp_path / "quiet")])
    assert done == []
    main([*given, "--out", str(tmp_path / "out"), "--push", "me/model"])
    assert done == [("me/model", True), ("out", "me/model")]
    with pytest.raises(SystemExit):
        main([*given, "--out", str(tmp_path / "other"), "--push", "model"])
    assert not (tmp_path / "other").exists()


def test_the_card_of_an_adapter_is_that_of_its_run(folders, adapters, tmp_path):
    """Of RUN/adapter the record lies beside it; of an average all members are told."""
    run = tmp_path / "run"
    shutil.copytree(adapters["gemma3_text"], run / "adapter")
    config = {"model": "gemma-3-270m", "method": "lora", "train": "rows.jsonl"}
    data = {"train": "rows.jsonl", "rows": 7, "dropped": 0, "tokens": 70}
    (run / "stage.json").write_text(json.dumps({"stage": "sft", "config": config, "inputs": {}, "data": data}))
    card = (export(run, tmp_path / "out", "adapter") / "README.md").read_text()
    for part in ("base_model: google/gemma-3-270m", "base_model_relation: adapter", "| run | supervised", "| 7 | 70 |"):
        assert part in card, part
    merged = shutil.copytree(folders["gemma3_text"], tmp_path / "merged")
    other = shutil.copytree(run, tmp_path / "other")
    record = {"stage": "average", "config": {"how": "slerp"}, "inputs": {str(run): "a", str(other): "b"}}
    (merged / "stage.json").write_text(json.dumps(record))
    card = (export(merged, tmp_path / "both") / "README.md").read_text()
    assert str(tmp_path) not in card.partition("## Stages")[2]
    assert "| run | supervised" in card and "| other | supervised" in card and "averaging (slerp)" in card


@pytest.mark.real
@pytest.mark.slow
def test_the_real_model_s_file_has_the_size_of_its_format(real_source, tmp_path):
    out = export(real_source, tmp_path / "out", "gguf", dtype="q4_0")
    matrices, embedding = 100_139_008, 262_144 * 640
    size = (out / "model-q4_0.gguf").stat().st_size
    assert size == pytest.approx(matrices * 18 / 32 + embedding * 34 / 32 + 6.4e6, rel=0.01)
