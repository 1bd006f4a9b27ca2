"""The student builder and `posttrain student`: which layers and neurons stay, and that the cut is a sound Gemma."""

import json
from itertools import combinations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, Gemma2Config, Gemma2ForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig

from posttrain import cli
from posttrain.errors import UserError
from posttrain.gemma import load_model, save_model
from posttrain.student import build_student, source_layers, strongest_neurons, student_config
from tests import tiny

LOCAL, GLOBAL = "sliding_attention", "full_attention"
FIVE_TO_ONE = ([LOCAL] * 5 + [GLOBAL]) * 11  # longer than any Gemma
IDS = torch.arange(120, 144).unsqueeze(0)  # 24 tokens: past the sliding window of 4
EMBEDDING = tiny.VOCABULARY * 32
# q 32×32, k and v 16×32, o 32×32; q and k norms of 16; four norms of 32; gate, up and down of 32 a neuron
LAYER = 1024 + 512 + 512 + 1024 + 2 * 16 + 4 * 32
NEURON = 3 * 32


def deep(kind="gemma3_text", layers=12, seed=0, **settings):
    """A random model of `layers` layers in its family's own pattern, norms and all away from their initial values."""
    shape = {key: value for key, value in tiny.TEXT.items() if key != "layer_types"}
    settings = shape | {"num_hidden_layers": layers, "initializer_range": 0.1} | settings
    torch.manual_seed(seed)
    if kind == "gemma2":
        model = Gemma2ForCausalLM(Gemma2Config(**settings, final_logit_softcapping=30.0))
    else:
        model = Gemma3ForCausalLM(Gemma3TextConfig(**settings))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.normal_(std=0.3)
    return model.eval()


def logits(model, ids=IDS):
    with torch.no_grad():
        return model(input_ids=ids).logits


def greedy(model, use_cache):
    ids = model.generate(IDS, max_new_tokens=12, do_sample=False, use_cache=use_cache, eos_token_id=None)
    return ids[0, IDS.shape[1] :].tolist()


def run(capsys, *options):
    """(exit status, standard output, standard error) of `posttrain student`, in this process."""
    status = 0
    try:
        cli.main(["student", *(str(option) for option in options)])
    except SystemExit as exit:
        status = exit.code
    return status, *capsys.readouterr()


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture(scope="module")
def deep_folder(tmp_path_factory, tokenizer):
    return save_model(deep(), tokenizer, tmp_path_factory.mktemp("deep") / "model")


def test_layers_of_the_270m_by_hand():
    """18 layers to 9: an even spread is 17 p / 8 = 0, 2.1, 4.25, 6.4, 8.5, 10.6, 12.75, 14.9, 17.

    Place 5 is global: of 5, 11 and 17, 11 is nearest to 10.6. The others are the nearest local layers (8 and 9 are
    equally near 8.5, 17 is global, so 16). To 12: the global place 5 is at 7.7, nearer to 5 than to 11, so the five
    before it are all there are; the others are at 9.3, 10.8 (11 is global), 12.4, 13.9, 15.5, and the last stays.
    """
    assert source_layers(FIVE_TO_ONE[:18], 9) == [0, 2, 4, 6, 8, 11, 13, 15, 16]
    assert source_layers(FIVE_TO_ONE[:18], 12) == [0, 1, 2, 3, 4, 5, 9, 10, 12, 14, 15, 17]


@pytest.mark.parametrize(
    "kinds",
    [FIVE_TO_ONE[:18], FIVE_TO_ONE[:26], FIVE_TO_ONE[:34], FIVE_TO_ONE[:62], [LOCAL, GLOBAL] * 13, [GLOBAL, LOCAL] * 4]
    + [[LOCAL] * 3 + [GLOBAL] * 2 + [LOCAL]],
    ids=["270M", "1B", "4B", "27B", "Gemma 2 2B", "global first", "by hand"],
)
def test_every_depth_is_filled_with_layers_of_its_kinds(kinds):
    for layers in range(1, len(kinds) + 1):
        kept = source_layers(kinds, layers)
        assert len(kept) == layers and kept == sorted(set(kept))
        assert [kinds[i] for i in kept] == kinds[:layers]
        assert kept[0] == 0
        if layers > 1 and kinds[layers - 1] == kinds[-1]:
            assert kept[-1] == len(kinds) - 1
    assert kept == list(range(len(kinds)))


def test_no_other_choice_is_nearer_to_an_even_spread():
    """Against every choice of 5 out of 12 layers of a pattern of 2:1 (global at 2, 5, 8, 11)."""
    kinds = [LOCAL, LOCAL, GLOBAL] * 4
    even = torch.linspace(0, 11, 5, dtype=torch.float64)
    valid = [c for c in combinations(range(12), 5) if [kinds[i] for i in c] == kinds[:5] and c[0] == 0]
    distance = {c: (torch.tensor(c) - even).square().sum().item() for c in valid}
    assert distance[tuple(source_layers(kinds, 5))] == min(distance.values()) < max(distance.values())


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma2"])
def test_cutting_nothing_changes_nothing(kind):
    model = deep(kind)
    for student in (build_student(model), build_student(model, layers=12, ffn=64)):
        assert torch.equal(logits(student), logits(model))


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma2"])
def test_layers_are_the_source_s_and_know_their_place(kind):
    model = deep(kind)
    student = build_student(model, layers=7)
    kept = source_layers(model.config.layer_types, 7)
    assert student.config.num_hidden_layers == len(student.model.layers) == len(student.config.layer_types) == 7
    for place, (layer, i) in enumerate(zip(student.model.layers, kept, strict=True)):
        old, new = model.model.layers[i].state_dict(), layer.state_dict()
        assert old.keys() == new.keys() and all(torch.equal(old[name], new[name]) for name in old)
        assert layer.self_attn.layer_idx == place
        assert layer.self_attn.layer_type == student.config.layer_types[place] == model.config.layer_types[i]
        assert layer.self_attn.sliding_window == model.model.layers[i].self_attn.sliding_window
    assert torch.equal(student.model.norm.weight, model.model.norm.weight)


def test_layers_that_do_nothing_can_go():
    """With the output norms of the dropped layers at zero (weight −1), each adds nothing: the logits are equal."""
    model = deep()
    kept = source_layers(model.config.layer_types, 7)
    with torch.no_grad():
        for i in set(range(12)) - set(kept):
            model.model.layers[i].post_attention_layernorm.weight.fill_(-1.0)
            model.model.layers[i].post_feedforward_layernorm.weight.fill_(-1.0)
    assert torch.equal(logits(build_student(model, layers=7)), logits(model))


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma2"])
@pytest.mark.parametrize("layers", [3, 7])
def test_cached_generation_equals_the_forward_pass(kind, layers):
    student = build_student(deep(kind), layers=layers, ffn=40)
    tokens = greedy(student, use_cache=True)
    assert tokens == greedy(student, use_cache=False)
    whole = torch.cat([IDS, torch.tensor([tokens])], dim=1)
    assert logits(student, whole)[0, IDS.shape[1] - 1 : -1].argmax(-1).tolist() == tokens
    assert len(set(tokens)) > 1


def test_the_strongest_neurons_by_hand():
    """Norms (gate, up, down): neuron 0 (1, 1, 1) → 1; 1 (3, 1, 1) → 3; 2 (1, 5, 0) → 0; 3 (2, 2, 1) → 4; 4 as 1."""
    mlp = deep(layers=1, intermediate_size=5).model.layers[0].mlp
    norms = {"gate_proj": [1.0, 3, 1, 2, 3], "up_proj": [1.0, 1, 5, 2, 1], "down_proj": [1.0, 1, 0, 1, 1]}
    with torch.no_grad():
        for name, values in norms.items():
            weight = getattr(mlp, name).weight
            rows = weight.T if name == "down_proj" else weight
            rows.copy_(torch.nn.functional.normalize(rows, dim=1) * torch.tensor(values)[:, None])
    assert strongest_neurons(mlp, 1).tolist() == [3]
    assert strongest_neurons(mlp, 3).tolist() == [1, 3, 4]
    assert strongest_neurons(mlp, 4).tolist() == [0, 1, 3, 4]
    assert strongest_neurons(mlp, 5).tolist() == [0, 1, 2, 3, 4]


def test_neurons_are_cut_alike_and_those_that_write_nothing_go_first():
    """24 neurons of each layer have a zero down column: a student of the other 40 has the same logits."""
    model = deep()
    generator = torch.Generator().manual_seed(1)
    for layer in model.model.layers:
        silent = torch.randperm(64, generator=generator)[:24]
        layer.mlp.down_proj.weight.data[:, silent] = 0
    student = build_student(model, ffn=40)
    assert student.config.intermediate_size == 40
    for layer in student.model.layers:
        assert layer.mlp.gate_proj.weight.shape == layer.mlp.up_proj.weight.shape == (40, 32)
        assert layer.mlp.down_proj.weight.shape == (32, 40)
        assert (layer.mlp.gate_proj.out_features, layer.mlp.down_proj.in_features) == (40, 40)
    torch.testing.assert_close(logits(student), logits(model), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({}, EMBEDDING + 12 * (LAYER + 64 * NEURON) + 32),
        ({"layers": 7}, EMBEDDING + 7 * (LAYER + 64 * NEURON) + 32),
        ({"ffn": 40}, EMBEDDING + 12 * (LAYER + 40 * NEURON) + 32),
        ({"layers": 1, "ffn": 1}, EMBEDDING + LAYER + NEURON + 32),
    ],
)
def test_parameters_by_hand(sizes, expected):
    assert build_student(deep(), **sizes).num_parameters() == expected


def test_the_source_is_unchanged_and_shares_nothing():
    model = deep()
    model.generation_config.eos_token_id = [1, 106]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    config = model.config.to_dict()
    student = build_student(model, layers=7, ffn=40).train()
    for tensor in (*student.parameters(), *student.buffers()):
        with torch.no_grad():
            tensor.add_(1.0)
    student.generation_config.eos_token_id.append(0)
    assert model.config.to_dict() == config and not model.training
    assert model.generation_config.eos_token_id == [1, 106]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    pointers = {t.untyped_storage().data_ptr() for t in (*model.parameters(), *model.buffers())}
    assert pointers.isdisjoint(t.untyped_storage().data_ptr() for t in (*student.parameters(), *student.buffers()))


def test_all_else_is_the_source_s():
    model = deep(sliding_window=5).to(torch.bfloat16)
    model.set_attn_implementation("eager")
    model.requires_grad_(False)
    student = build_student(model, layers=7)
    assert {p.dtype for p in student.parameters()} == {torch.bfloat16} and student.dtype == model.dtype
    assert student.lm_head.weight is student.model.embed_tokens.weight
    assert student.config._attn_implementation == "eager" and student.config.sliding_window == 5
    assert not student.training and all(p.requires_grad for p in student.parameters())
    assert student.generation_config.to_dict() == model.generation_config.to_dict()
    buffers = dict(model.named_buffers())
    assert buffers and all(
        torch.equal(b, buffers[n]) and b.dtype == buffers[n].dtype for n, b in student.named_buffers()
    )


def test_a_student_can_be_trained():
    student = build_student(deep(), layers=7, ffn=40).train()
    student(input_ids=IDS, labels=IDS).loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in student.parameters())


def test_a_pattern_set_by_hand_stays():
    kinds = [LOCAL, GLOBAL, GLOBAL, LOCAL, LOCAL, GLOBAL]
    student = build_student(deep(layers=6, layer_types=kinds), layers=4)
    assert student.config.layer_types == kinds[:4]
    every_third = Gemma3TextConfig(num_hidden_layers=12, sliding_window_pattern=3)
    assert student_config(every_third, layers=5).layer_types == [LOCAL, LOCAL, GLOBAL, LOCAL, LOCAL]


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma2"])
def test_plain_transformers_reads_the_saved_student(kind, tiny_folders, tmp_path):
    _, tokenizer = load_model(tiny_folders[kind])
    student = build_student(deep(kind), layers=9, ffn=40)
    folder = save_model(student, tokenizer, tmp_path / "student")
    plain, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not any(info.values())
    assert plain.config.layer_types == deep(kind).config.layer_types[:9]
    assert torch.equal(logits(plain), logits(student))
    again, _ = load_model(folder)
    assert torch.equal(logits(again), logits(student))
    assert torch.equal(logits(build_student(again, layers=4)), logits(build_student(student, layers=4)))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"layers": 0}, "layers=0: give a whole number from 1 to 12"),
        ({"layers": 13}, "layers=13: .* from 1 to 12"),
        ({"layers": -1}, "layers=-1"),
        ({"layers": 6.0}, "layers=6.0"),
        ({"layers": True}, "layers=True"),
        ({"ffn": 0}, "ffn=0: give a whole number from 1 to 64"),
        ({"ffn": 65}, "ffn=65"),
        ({"ffn": "40"}, "ffn='40'"),
    ],
)
def test_sizes_out_of_range(sizes, message):
    with pytest.raises(UserError, match=message):
        build_student(deep(), **sizes)


def test_models_that_cannot_be_cut(tiny_folders):
    multimodal, _ = load_model(tiny_folders["gemma3"])
    with pytest.raises(UserError, match="gemma3.*text_only=True"):
        build_student(multimodal, layers=1)
    adapted = deep()
    adapted.add_adapter(LoraConfig(target_modules=r".*layers\.11\..*q_proj"))  # on a layer that a depth of 7 has not
    with pytest.raises(UserError, match="lora.*merge its adapter"):
        build_student(adapted, layers=7)
    untied = deep()
    untied.lm_head.weight = torch.nn.Parameter(untied.lm_head.weight.detach().clone())
    with pytest.raises(UserError, match=r"lm_head\.weight.*tied"):
        build_student(untied, layers=7)
    with pytest.raises(UserError, match="PeftModel.*merge its adapter"):
        build_student(get_peft_model(deep(), LoraConfig(target_modules=["q_proj"])), layers=7)
    quantised = deep()
    quantised.hf_quantizer = object()
    with pytest.raises(UserError, match="quantised"):
        build_student(quantised, layers=7)
    with pytest.raises(UserError, match="sharded or offloaded"):
        build_student(deep().to("meta"), layers=7)


def test_the_language_model_of_a_multimodal_gemma(tiny_folders):
    model, _ = load_model(tiny_folders["gemma3"], text_only=True)
    student = build_student(model, layers=1, ffn=40)
    assert isinstance(student, Gemma3ForCausalLM) and student.config.layer_types == [LOCAL]
    assert logits(student).shape == (1, 24, tiny.VOCABULARY + 16)


def test_command_writes_a_student_and_says_what_was_kept(deep_folder, tmp_path, capsys):
    status, out, _ = run(capsys, "--model", deep_folder, "--layers", 7, "--ffn", 40, "--out", tmp_path / "student")
    assert status == 0
    kept = source_layers(deep().config.layer_types, 7)
    (line,) = [line for line in out.splitlines() if line.startswith("source layers kept: ")]
    assert [int(part.split()[0]) for part in line.partition(": ")[2].split(",")] == kept
    sizes = (EMBEDDING + 12 * (LAYER + 64 * NEURON) + 32, EMBEDDING + 7 * (LAYER + 40 * NEURON) + 32)
    assert all(f"{size:,}" in out and f"{size - EMBEDDING:,}" in out for size in sizes)
    student, _ = load_model(tmp_path / "student")
    model, _ = load_model(deep_folder)
    assert torch.equal(logits(student), logits(build_student(model, layers=7, ffn=40)))


def test_command_casts_and_takes_a_multimodal_model(tiny_folders, tmp_path, capsys):
    status, out, _ = run(
        capsys, "--model", tiny_folders["gemma3"], "--layers", 1, "--out", tmp_path / "a", "--dtype", "bf16"
    )
    assert status == 0 and "note: none of them is global" in out
    assert json.loads((tmp_path / "a/config.json").read_text())["model_type"] == "gemma3_text"
    assert {tensor.dtype for tensor in load_file(tmp_path / "a/model.safetensors").values()} == {torch.bfloat16}


def test_command_spares_what_is_there(deep_folder, tmp_path, capsys):
    size, out = ["--model", deep_folder, "--layers", 7], tmp_path / "out"
    before = (deep_folder / "model.safetensors").read_bytes()
    link = tmp_path / "link"
    link.symlink_to(deep_folder)
    for own in (deep_folder, link):
        status, _, err = run(capsys, *size, "--out", own, "--overwrite")
        assert status == 2 and "own folder" in err and err.count("\n") == 1
    assert (deep_folder / "model.safetensors").read_bytes() == before
    assert run(capsys, *size, "--out", out)[0] == 0
    status, _, err = run(capsys, *size, "--ffn", 40, "--out", out)
    assert status == 2 and "not empty" in err and "--overwrite" in err
    assert load_model(out)[0].config.intermediate_size == 64
    assert run(capsys, *size, "--ffn", 40, "--out", out, "--overwrite")[0] == 0
    assert load_model(out)[0].config.intermediate_size == 40
    (out / "stage.json").write_text("{}")
    status, _, err = run(capsys, *size, "--out", out, "--overwrite")
    assert status == 2 and "training run" in err and "stage.json" in err
    status, _, err = run(capsys, *size, "--out", out / "stage.json")
    assert status == 2 and "is a file" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--layers or --ffn"),
        (["--layers", 13], "layers=13"),
        (["--ffn", 65], "ffn=65"),
        (["--layers", 7, "--dtype", "fp16"], "fp16 overflows"),
    ],
)
def test_command_writes_nothing_for_wrong_values(options, message, deep_folder, tmp_path, capsys):
    status, _, err = run(capsys, "--model", deep_folder, *options, "--out", tmp_path / "out")
    assert status == 2 and message in err and not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.real
def test_a_student_of_nine_layers_of_the_real_270m(real_source):
    """A layer by hand: q and o 640×1024, k and v 640×256, FFN 3×640×2048, two norms of 256 and four of 640."""
    model, _ = load_model(real_source)
    student = build_student(model, layers=9)
    layer = 2 * 640 * 1024 + 2 * 640 * 256 + 3 * 640 * 2048 + 2 * 256 + 4 * 640
    assert student.num_parameters() == 262144 * 640 + 9 * layer + 640 == 217_935_488
    assert student.config.layer_types == [LOCAL] * 5 + [GLOBAL] + [LOCAL] * 3
    assert greedy(student, use_cache=True) == greedy(student, use_cache=False)


def test_layers_by_number(tmp_path):
    """Each place takes the layer that was named for it; kinds must fit."""
    model = deep()
    kinds = model.config.layer_types
    assert kinds[5] == kinds[11] != kinds[4]
    kept = [0, 2, 3, 4, 6, 11]
    student = build_student(model, keep=kept)
    assert student.config.num_hidden_layers == 6 and student.config.layer_types == kinds[:6]
    for layer, i in zip(student.model.layers, kept, strict=True):
        old = model.model.layers[i].state_dict()
        assert all(torch.equal(tensor, old[name]) for name, tensor in layer.state_dict().items())
    for bad, said in (
        (
            [0, 1, 2, 3, 4, 6],
            "layer 6 is sliding_attention, and place 5 of the student is full_attention: take one of 5, 11",
        ),
        ([0, 2, 1], "rising indices from 0 to 11, not 0, 2, 1"),
        ([0, 12], "rising indices"),
        ([], "rising indices"),
    ):
        with pytest.raises(UserError, match=said):
            build_student(model, keep=bad)
    with pytest.raises(UserError, match="keep names 2 layers and layers=3"):
        build_student(model, keep=[0, 1], layers=3)
