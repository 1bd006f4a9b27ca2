"""Averaged weights: against formulas in float64, to the bit where they must be, by pieces and shards, and refusals."""

import json
import math
import shutil

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoTokenizer

from posttrain import averaging, tensors
from posttrain.averaging import ema, greedy_mean, interpolate, mean, slerp, slerp_weights
from posttrain.cli import main
from posttrain.errors import UserError
from posttrain.lora import merge_adapter
from tests import tiny

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A start and three that have gone from it, each its own way."""
    root = tmp_path_factory.mktemp("folders")
    tiny.folder(root / "init")
    start = load_file(root / "init" / WEIGHTS)
    for seed in (1, 2, 3):
        generator = torch.Generator().manual_seed(seed)
        moved = {
            name: tensor + (0.1 * tensor.abs().mean() + 0.01) * torch.randn(tensor.shape, generator=generator)
            for name, tensor in start.items()
        }
        shutil.copytree(root / "init", root / str(seed))
        save_file(moved, root / str(seed) / WEIGHTS, {"format": "pt"})
    return root


def weights(folder):
    return {name: tensor.double() for name, tensor in load_file(folder / WEIGHTS).items()}


def assert_close(found, expected, tolerance=1e-6):
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, expected[name], atol=tolerance, rtol=1e-5, msg=name)


def groups(names):
    """{vector: its tensors}, by hand: a decoder layer's together, all others alone."""
    found = {}
    for name in names:
        parts = name.split(".")
        found.setdefault(parts[parts.index("layers") + 1] if "layers" in parts else name, []).append(name)
    return found


def expected_slerp(start, others, share=None):
    """Two at a time on whole vectors, as the formula stands."""
    result = {}
    for names in groups(start).values():
        flat = lambda w: torch.cat([w[name].flatten() for name in names])  # noqa: E731, B023
        begun = flat(start)
        merged = flat(others[0]) - begun
        for m, other in enumerate(others[1:], 2):
            step, part = flat(other) - begun, 1 / m if share is None else share
            angle = math.acos(torch.dot(merged, step) / (merged.norm() * step.norm()))
            merged = (math.sin((1 - part) * angle) * merged + math.sin(part * angle) * step) / math.sin(angle)
        pieces = (begun + merged).split([start[name].numel() for name in names])
        result |= {name: piece.view_as(start[name]) for name, piece in zip(names, pieces, strict=True)}
    return result


def test_the_mean_is_the_mean_and_the_folder_is_whole(folders, tmp_path):
    out = mean([folders / "1", folders / "2", folders / "3"], tmp_path / "out")
    every = [weights(folders / name) for name in "123"]
    assert_close(weights(out), {name: sum(one[name] for one in every) / 3 for name in every[0]})
    assert AutoModelForCausalLM.from_pretrained(out).generation_config.eos_token_id == [1, 106]
    assert AutoTokenizer.from_pretrained(out).chat_template
    record = json.loads((out / "stage.json").read_text())
    assert record["stage"] == "average" and record["config"]["how"] == "mean" and len(record["inputs"]) == 3
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_mean_of_one_is_itself(dtype, folders, tmp_path):
    source = shutil.copytree(folders / "1", tmp_path / "one")
    save_file({n: t.to(dtype) for n, t in load_file(source / WEIGHTS).items()}, source / WEIGHTS, {"format": "pt"})
    found, given = load_file(mean([source], tmp_path / "out") / WEIGHTS), load_file(source / WEIGHTS)
    assert all(torch.equal(found[name], given[name]) and found[name].dtype == dtype for name in given)


@pytest.mark.parametrize("members", ["12", "21", "123", "312"])
def test_slerp_meets_its_formula(members, folders, tmp_path):
    paths = [folders / name for name in members]
    out = slerp(folders / "init", paths, tmp_path / "out")
    assert_close(weights(out), expected_slerp(weights(folders / "init"), [weights(path) for path in paths]))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, 1.0])
def test_slerp_of_two_by_another_share(share, folders, tmp_path):
    paths = [folders / "1", folders / "2"]
    out = slerp(folders / "init", paths, tmp_path / "out", weight=share)
    expected = expected_slerp(weights(folders / "init"), [weights(path) for path in paths], share)
    assert_close(weights(out), expected)
    if share in (0, 1):  # to the bit
        found, end = load_file(out / WEIGHTS), load_file(paths[int(share)] / WEIGHTS)
        assert all(torch.equal(found[name], end[name]) for name in end)


def test_slerp_keeps_the_norm_where_the_mean_shrinks_it(folders, tmp_path):
    """The task vectors are nearly orthogonal: their mean is shorter by √2, their SLERP as long as they are."""
    start = weights(folders / "init")

    def norms(out):
        found = weights(out)
        return {k: sum((found[n] - start[n]).pow(2).sum() for n in v).sqrt().item() for k, v in groups(start).items()}

    paths = [folders / "1", folders / "2"]
    single, merged, shrunk = (
        norms(out)
        for out in (paths[0], slerp(folders / "init", paths, tmp_path / "slerp"), mean(paths, tmp_path / "mean"))
    )
    for group in (group for group in single if group.isdigit()):  # of the layers
        assert merged[group] == pytest.approx(single[group], rel=0.03)
        assert shrunk[group] == pytest.approx(single[group] / math.sqrt(2), rel=0.05)


@pytest.mark.parametrize(
    ("gram", "expected"),
    [
        ([[1, 0], [0, 1]], [math.sqrt(0.5)] * 2),  # a right angle
        ([[4, 0], [0, 1]], [math.sqrt(0.5)] * 2),  # whatever the lengths
        ([[1, 0.5], [0.5, 1]], [0.57735, 0.57735]),  # 60°: sin 30° / sin 60°
        ([[1, 1], [1, 1]], [0.5, 0.5]),  # the same: linear
        ([[1, -1], [-1, 1]], [0.5, 0.5]),  # opposite: linear
        ([[0, 0], [0, 1]], [0.5, 0.5]),  # one has not moved: linear
        ([[0, 0], [0, 0]], [0.5, 0.5]),
    ],
)
def test_weights_of_slerp_by_hand(gram, expected):
    assert slerp_weights(np.array(gram, dtype=float)) == pytest.approx(expected, abs=1e-5)


def test_interpolation_and_its_ends(folders, tmp_path):
    start, end = (load_file(folders / name / WEIGHTS) for name in ("init", "1"))
    for eta, reference in ((0.0, start), (1.0, end)):
        found = load_file(interpolate(folders / "init", folders / "1", eta, tmp_path / str(eta)) / WEIGHTS)
        assert all(torch.equal(found[name], reference[name]) for name in reference)
    out = interpolate(folders / "init", folders / "1", 0.3, tmp_path / "0.3")
    assert_close(weights(out), {name: 0.7 * start[name].double() + 0.3 * end[name].double() for name in start})


def test_an_average_that_moves_slowly_still_moves(folders, tmp_path):
    """Two bfloat16 checkpoints a rounding apart, rate 0.02: in float32 the average moves by what it should."""
    root = tmp_path / "runs"
    start = {name: tensor.bfloat16() for name, tensor in load_file(folders / "init" / WEIGHTS).items()}
    for name, scale in (("a", 1.0), ("b", 1 + 2**-7)):
        shutil.copytree(folders / "init", root / name)
        save_file({n: t * scale for n, t in start.items()}, root / name / WEIGHTS, {"format": "pt"})
    a, b = weights(root / "a"), weights(root / "b")
    out = weights(ema([root / "a", root / "b", root / "b"], tmp_path / "out", 0.02, dtype="float32"))
    assert_close(out, {name: 0.98**2 * a[name] + (1 - 0.98**2) * b[name] for name in a})
    assert any(not torch.equal(out[name], a[name]) for name in a)


def test_greedy_keeps_what_does_not_harm(folders, tmp_path):
    """Scored by the nearness to folder 1: 2 makes it worse, its own copy does not."""
    goal = weights(folders / "1")
    shutil.copytree(folders / "1", tmp_path / "copy")

    def score(folder):
        return -sum((tensor - goal[name]).abs().sum().item() for name, tensor in weights(folder).items())

    out, members = greedy_mean([folders / "2", folders / "1", tmp_path / "copy"], tmp_path / "out", score)
    assert members == [folders / "1", tmp_path / "copy"]
    assert_close(weights(out), goal)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "out"]


def test_pieces_and_shards_change_nothing(folders, tmp_path, monkeypatch):
    paths = [folders / name for name in "123"]
    whole = weights(slerp(folders / "init", paths, tmp_path / "whole"))
    monkeypatch.setattr(tensors, "PIECE", 100)
    monkeypatch.setattr(tensors, "SHARD_BYTES", 50_000)
    out = slerp(folders / "init", paths, tmp_path / "parts")
    files = sorted(out.glob("*.safetensors"))
    assert len(files) > 2 and not (out / WEIGHTS).exists()
    found = {}
    for file in files:
        with safe_open(str(file), "pt") as opened:
            assert opened.metadata() == {"format": "pt"}
            found |= {name: opened.get_tensor(name).double() for name in opened.keys()}  # noqa: SIM118
    assert_close(found, whole)
    monkeypatch.undo()
    assert_close(weights(mean([out], tmp_path / "again")), whole)  # shards are read, too
    loaded = AutoModelForCausalLM.from_pretrained(out).state_dict()
    assert torch.allclose(loaded["model.norm.weight"].double(), whole["model.norm.weight"])


@pytest.mark.parametrize("kind", ["gemma3", "gemma2"])
def test_other_gemmas(kind, tmp_path):
    for seed in (0, 1, 2):
        tiny.folder(tmp_path / str(seed), kind, seed)
    out = slerp(tmp_path / "0", [tmp_path / "1", tmp_path / "2"], tmp_path / "out")
    auto = AutoModelForImageTextToText if kind == "gemma3" else AutoModelForCausalLM
    _, info = auto.from_pretrained(out, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    assert load_file(out / WEIGHTS).keys() == load_file(tmp_path / "0" / WEIGHTS).keys()


@pytest.fixture(scope="module")
def adapters(folders, tmp_path_factory):
    """Two adapters of one base with unlike ranks and scales, and what they make of the base."""
    root = tmp_path_factory.mktemp("adapters")
    for seed, rank in ((1, 4), (2, 8)):
        torch.manual_seed(seed)
        base = AutoModelForCausalLM.from_pretrained(folders / "init", dtype=torch.float32)
        config = LoraConfig(r=rank, lora_alpha=12, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
        get_peft_model(base, config).save_pretrained(root / str(seed))
        merged = merge_adapter(AutoModelForCausalLM.from_pretrained(folders / "init"), root / str(seed))
        shutil.copytree(folders / "init", root / f"merged-{seed}")
        merged.save_pretrained(root / f"merged-{seed}")
    return root


def applied(folders, adapter):
    """The base with the adapter, by PEFT alone."""
    base = AutoModelForCausalLM.from_pretrained(folders / "init", dtype=torch.float32)
    merged = PeftModel.from_pretrained(base, adapter).merge_and_unload()
    return {name: tensor.double() for name, tensor in merged.state_dict().items()}


@pytest.mark.parametrize("how", ["mean", "slerp", "slerp_0.2", "interpolate"])
def test_adapters_average_as_the_models_that_they_make(how, adapters, folders, tmp_path):
    base, two, full = folders / "init", [adapters / "1", adapters / "2"], [adapters / "merged-1", adapters / "merged-2"]

    def combine(members, out):
        if how == "mean":
            return mean(members, out)
        if how == "interpolate":
            return interpolate(base, members[0], 0.3, out)
        return slerp(base, members, out, weight=0.2 if how == "slerp_0.2" else None)

    adapter = combine(two, tmp_path / "adapter")
    expected = AutoModelForCausalLM.from_pretrained(combine(full, tmp_path / "full"), dtype=torch.float32).state_dict()
    assert_close(applied(folders, adapter), {name: tensor.double() for name, tensor in expected.items()}, 1e-5)
    config = json.loads((adapter / "adapter_config.json").read_text())
    assert config["r"] == config["lora_alpha"] == (4 if how == "interpolate" else 12)
    assert (adapter / "stage.json").exists()


def test_nothing_of_an_adapter_is_its_base(adapters, folders, tmp_path):
    found = applied(folders, interpolate(folders / "init", adapters / "1", 0.0, tmp_path / "out"))
    base = AutoModelForCausalLM.from_pretrained(folders / "init", dtype=torch.float32).state_dict()
    assert all(torch.equal(found[name], tensor.double()) for name, tensor in base.items())


def test_adapters_that_began_from_an_adapter(adapters, folders, tmp_path):
    found = applied(folders, interpolate(adapters / "1", adapters / "2", 0.25, tmp_path / "out"))
    one, other = (applied(folders, adapters / name) for name in "12")
    assert_close(found, {name: 0.75 * one[name] + 0.25 * other[name] for name in one}, 1e-5)


def break_names(folder):
    content = load_file(folder / WEIGHTS)
    content["model.other.weight"] = content.pop("model.norm.weight")
    save_file(content, folder / WEIGHTS, {"format": "pt"})


def break_shape(folder):
    content = load_file(folder / WEIGHTS)
    content["model.norm.weight"] = torch.ones(3)
    save_file(content, folder / WEIGHTS, {"format": "pt"})


def break_dtype(folder):
    content = load_file(folder / WEIGHTS)
    content["model.norm.weight"] = content["model.norm.weight"].bfloat16()
    save_file(content, folder / WEIGHTS, {"format": "pt"})


def make_integers(folder):
    content = load_file(folder / WEIGHTS)
    save_file({name: tensor.to(torch.int8) for name, tensor in content.items()}, folder / WEIGHTS, {"format": "pt"})


def cut(folder):
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def lose_a_shard(folder):
    index = {"metadata": {}, "weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (break_names, r"has the tensor model\.(norm|other)\.weight, which .* has not"),
        (break_shape, r"model\.norm\.weight has shape \(\d+,\) in .*, \(3,\) in"),
        (break_dtype, r"model\.norm\.weight has dtype torch\.float32 in .*, torch\.bfloat16 in"),
        (make_integers, "is of dtype I8: only float weights"),
        (cut, "is no whole safetensors file"),
        (lose_a_shard, "model-00001-of-00002.safetensors is missing"),
        (lambda folder: (folder / WEIGHTS).unlink(), "has no weights"),
        (shutil.rmtree, "is no folder"),
    ],
)
def test_folders_that_do_not_fit(damage, said, folders, tmp_path):
    bad = shutil.copytree(folders / "2", tmp_path / "bad")
    damage(bad)
    for call in (lambda out: mean([folders / "1", bad], out), lambda out: slerp(folders / "init", [bad, bad], out)):
        with pytest.raises(UserError, match=said):
            call(tmp_path / "out")
        assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


def test_adapters_that_do_not_fit(adapters, folders, tmp_path):
    for name, change in (
        ("base", {"base_model_name_or_path": "elsewhere"}),
        ("dora", {"use_dora": True}),
        ("ranks", {"rank_pattern": {"q_proj": 2}}),
    ):
        other = shutil.copytree(adapters / "2", tmp_path / name)
        config = json.loads((other / "adapter_config.json").read_text())
        (other / "adapter_config.json").write_text(json.dumps(config | change))
    for name, said in (
        ("base", "of elsewhere: not of one base"),
        ("dora", "merge them first"),
        ("ranks", "merge them"),
    ):
        with pytest.raises(UserError, match=said):
            mean([adapters / "1", tmp_path / name], tmp_path / "out")
    with pytest.raises(UserError, match="is an adapter and others are whole models"):
        mean([adapters / "1", folders / "1"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_places_that_are_taken_and_numbers_out_of_range(folders, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (folders / "1", tmp_path / "file"):
        with pytest.raises(UserError, match="is there already"):
            mean([folders / "1"], out)
    with pytest.raises(UserError, match="two folders or more"):
        slerp(folders / "init", [folders / "1"], tmp_path / "out")
    with pytest.raises(UserError, match="between 0 and 1"):
        slerp(folders / "init", [folders / "1", folders / "2"], tmp_path / "out", weight=1.5)
    with pytest.raises(UserError, match="eta must be"):
        interpolate(folders / "init", folders / "1", float("nan"), tmp_path / "out")
    with pytest.raises(UserError, match="rate must lie"):
        ema([folders / "1"], tmp_path / "out", 2)
    with pytest.raises(UserError, match="no folders"):
        mean([], tmp_path / "out")


def test_a_kill_or_a_full_disk_leaves_no_folder(folders, tmp_path, monkeypatch):
    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tensors.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        mean([folders / "1"], tmp_path / "out")
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    monkeypatch.setattr(averaging.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(UserError, match="not enough room"):
        mean([folders / "1"], tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_the_command(folders, tmp_path, capsys):
    one, two = str(folders / "1"), str(folders / "2")
    main(["average", "slerp", one, two, "--init", str(folders / "init"), "--out", str(tmp_path / "slerp")])
    assert (tmp_path / "slerp" / "stage.json").exists()
    start = ["--init", str(folders / "init")]
    main(["average", "interpolate", str(tmp_path / "slerp"), *start, "--eta", "0.3", "1", "--out", str(tmp_path / "f")])
    assert (tmp_path / "f" / "eta-0.3" / WEIGHTS).exists() and (tmp_path / "f" / "eta-1" / WEIGHTS).exists()
    main(["average", "mean", one, two, "--out", str(tmp_path / "mean"), "--dtype", "bfloat16"])
    assert {tensor.dtype for tensor in load_file(tmp_path / "mean" / WEIGHTS).values()} == {torch.bfloat16}
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "mean").dtype == torch.bfloat16
    assert "note: " not in capsys.readouterr().out
    for how, note in (
        (["mean", one], "note: of one folder the mean is its own weights, unchanged\n"),
        (["mean", one, two, one + "/"], f"note: {one} is given 2 times, and counts so often\n"),
    ):
        main(["average", *how, "--out", str(tmp_path / f"noted-{len(how)}")])
        assert note in capsys.readouterr().out
    for arguments, said in (
        (["mean", one, "--eta", "1"], "mean takes no --eta"),
        (["slerp", one, two], "slerp needs --init (such as --init runs/sft)"),
        (["ema", one, two], "ema needs --rate (such as --rate 0.1)"),
        (["interpolate", one, *start], "interpolate needs --eta (such as --eta 0.3)"),
        (["interpolate", one, two, *start, "--eta", "1"], "takes one folder beside --init"),
    ):
        with pytest.raises(SystemExit):
            main(["average", *arguments, "--out", str(tmp_path / "x")])
        assert said in capsys.readouterr().err
