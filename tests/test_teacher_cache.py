"""The teacher's cache: what is written is what is read, from many processes, after kills, and never half or changed."""

import json
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import softmax

from posttrain.errors import UserError
from posttrain.gemma import load_model
from posttrain.sampling import draw
from posttrain.teacher import cache
from posttrain.teacher.cache import TeacherCache, begin, build_split, finish, missing_shards, shard_path, write_shard
from posttrain.teacher.local import LocalTeacher
from posttrain.teacher.targets import METHODS, DenseTargets, Picked, padded, pick

IDENTITY = {
    "format": cache.FORMAT,
    "method": "draws",
    "temperature": 1.0,
    "splits": {"train": {"rows": 10, "data": "d"}},
}
IDENTITY |= {"tokenizer": "t", "template": "x", "max_length": 64}


def dense(tokens=5, width=8, vocabulary=262_144):
    generator = torch.Generator().manual_seed(0)
    return DenseTargets(
        torch.randn(tokens, width, generator=generator), torch.randn(vocabulary, width, generator=generator)
    )


def uniforms(tokens=5, count=256, seed=1):
    return torch.rand(tokens, count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def spoken(row: int, labels: int | None = None, method="draws") -> Picked:
    labels = labels or row % 5 + 1
    return pick(dense(labels), uniforms(labels, 32, seed=row), method)


def write_cache(folder, rows=10, method="draws", split="train"):
    identity = IDENTITY | {"method": method, "splits": {split: {"rows": rows, "data": "d"}}}
    begin(folder, identity)
    build_split(folder, identity, split, rows, lambda f, n: (spoken(f + i, method=method) for i in range(n)))
    finish(folder, identity, {split: rows}, {})
    return TeacherCache(folder)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(cache, "SHARD_ROWS", 4)
    monkeypatch.setattr(cache, "BATCH_ROWS", 3)


def test_draws_are_the_inverse_of_the_distribution():
    """p = (.1, .2, .7): the points .05, .15, .35, .65, .95 of the unit interval fall on 0, 1, 2, 2, 2."""
    few = DenseTargets(torch.ones(1, 1), torch.tensor([[0.1], [0.2], [0.7]]).log())
    points = torch.tensor([[0.95, 0.05, 0.35, 0.15, 0.65]], dtype=torch.float64)
    picked = pick(few, points, "draws")
    assert picked.ids.tolist() == [0, 1, 2] and picked.weights.tolist() == [1, 1, 3] and picked.lengths.tolist() == [3]
    assert picked.entropy.item() == pytest.approx(-sum(p * math.log(p) for p in (0.1, 0.2, 0.7)))
    two = pick(few, points[:, :2], "distinct")
    assert two.ids.tolist() == [0, 2] and two.weights.tolist() == pytest.approx([0.125, 0.875])
    top = pick(few, points[:, :2], "top")
    assert top.ids.tolist() == [1, 2] and top.weights.tolist() == pytest.approx([0.2, 0.7])
    warm = pick(few, points[:, :2], "top", temperature=2.0)
    roots = [math.sqrt(p) for p in (0.1, 0.2, 0.7)]
    assert warm.weights.tolist() == pytest.approx([root / sum(roots) for root in roots[1:]])


@pytest.mark.parametrize("vocabulary", [3, 512, 513, 262_208])
def test_draws_are_those_of_the_running_sums(vocabulary):
    """Against one cumulative sum in float64, with tokens and whole blocks that have no weight; the last points too."""
    generator = torch.Generator().manual_seed(4)
    weights = torch.rand(3, vocabulary, generator=generator) ** 30
    weights[:, 1:2] = 0
    weights[:, max(2, vocabulary - 700) :] = 0
    weights[:, 0] = 0.5
    points = uniforms(3, 200)
    points[:, :2] = torch.tensor([0.0, 1 - 2**-53])
    edges = weights.double().cumsum(-1)
    expected = torch.searchsorted(edges, (points * edges[:, -1:]).sort(-1).values, right=True)
    found = draw(weights, points)
    inside = expected < vocabulary  # the very last point may round to the whole
    assert torch.equal(found[inside], expected[inside])
    assert (weights.gather(1, found) > 0).all()


def test_draws_follow_the_teacher_s_probabilities(monkeypatch):
    monkeypatch.setattr("posttrain.teacher.targets.ROWS", 2)
    given = dense(tokens=3, vocabulary=20)
    counts = torch.zeros(3, 20)
    for seed in range(100):
        sparse = padded(pick(given, uniforms(3, 100, seed), "draws"), "draws")
        counts.scatter_add_(1, sparse.ids, sparse.probs)
    p = softmax(given.hidden @ given.head.T, -1)
    assert ((counts / 100 - p).abs() < 5 * (p * (1 - p) / 10_000).sqrt() + 1e-9).all()


@pytest.mark.parametrize("method", METHODS)
def test_what_is_written_is_what_is_read(tmp_path, method):
    read = write_cache(tmp_path, method=method)
    for number in (9, 0, 3, 4, 9):
        row, expected = read.row("train", number), spoken(number, method=method)
        assert torch.equal(row.lengths, expected.lengths) and torch.equal(row.ids, expected.ids)
        exact = method == "draws"
        torch.testing.assert_close(row.weights, expected.weights.float(), rtol=0 if exact else 1e-3, atol=1e-7)
        torch.testing.assert_close(row.entropy, expected.entropy, rtol=1e-3, atol=1e-3)
    sparse = read.targets("train", [2, 0])
    assert len(sparse.ids) == 3 + 1 and sparse.tail == (method == "top")
    mass = sparse.probs.sum(-1)
    assert (mass <= 1 + 1e-6).all() if sparse.tail else torch.allclose(mass, torch.ones(4))


def test_every_id_of_the_vocabulary_fits():
    ids = torch.tensor([0, 1, 65_535, 65_536, 131_072, 200_000, 262_143])
    row = Picked(torch.tensor([7]), ids, torch.tensor([256, 1, 2, 3, 4, 5, 6]), torch.tensor([12.5]))
    columns = cache._columns(row, "draws")
    read = object.__new__(TeacherCache)
    read.method = "draws"
    again = read._unpack(columns)
    assert torch.equal(again.ids, ids) and again.weights.tolist() == [256, 1, 2, 3, 4, 5, 6]
    assert sum(column.nbytes for column in columns.values()) == 1 + 7 * 2 + 2 + 7 + 2


def test_processes_share_the_shards_and_the_whole_is_the_same(tmp_path):
    alone = write_cache(tmp_path / "alone", rows=14)
    folder = tmp_path / "three"
    folder.mkdir()
    for rank in (2, 0, 1):
        build_split(folder, alone.identity, "train", 14, lambda f, n: map(spoken, range(f, f + n)), rank=rank, world=3)
    for name in alone.manifest["shards"]:
        assert (folder / name).read_bytes() == (alone.folder / name).read_bytes()


def test_a_kill_leaves_whole_shards_and_the_next_run_goes_on(tmp_path):
    """The second shard is cut in the middle of its making; nothing of it is there, and nothing else is made twice."""
    made = []

    def speak(first, count):
        made.append(first)
        for i in range(count):
            if (first, i, made.count(first)) == (4, 2, 1):
                raise KeyboardInterrupt
            yield spoken(first + i)

    begin(tmp_path, IDENTITY)
    with pytest.raises(KeyboardInterrupt):
        build_split(tmp_path, IDENTITY, "train", 10, speak)
    assert [path.name for path in tmp_path.glob("*.arrow")] == ["train-00000.arrow"]
    with pytest.raises(UserError, match="is not finished: run it_teacher.py again"):
        TeacherCache(tmp_path)
    shard_path(tmp_path, "train", 2).write_bytes(shard_path(tmp_path, "train", 0).read_bytes()[:100])  # not ours: torn
    assert missing_shards(tmp_path, IDENTITY, "train", 10) == [1, 2]
    build_split(tmp_path, IDENTITY, "train", 10, speak)
    assert made == [0, 4, 4, 8]
    whole = write_cache(tmp_path / "whole")
    for name in whole.manifest["shards"]:
        assert (tmp_path / name).read_bytes() == (whole.folder / name).read_bytes()


def test_other_settings_do_not_go_on(tmp_path):
    begin(tmp_path, IDENTITY)
    begin(tmp_path, IDENTITY)
    with pytest.raises(UserError, match="max_length: 64 then, 128 now"):
        begin(tmp_path, IDENTITY | {"max_length": 128})


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "fsync", full)
    with pytest.raises(UserError, match=r"train-00000.arrow: could not be written \(No space left on device\)"):
        write_shard(shard_path(tmp_path, "train", 0), iter([spoken(0)]), "draws", {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["tokenizer", "template", "max_length", "rows", "data"])
def test_other_rows_are_refused_by_the_field_that_differs(tmp_path, key):
    read = write_cache(tmp_path)
    student = IDENTITY | {"rows": 10, "data": "d"}
    read.check("train", student)
    with pytest.raises(UserError, match=f"{key}: .* in the cache's train split, other here"):
        read.check("train", student | {key: "other"})
    with pytest.raises(UserError, match="rows: 0 in the cache's test split"):
        read.check("test", student)


def test_missing_and_short_shards(tmp_path):
    write_cache(tmp_path)
    path = shard_path(tmp_path, "train", 1)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(UserError, match=r"train-00001.arrow has \d+ bytes, not \d+: delete it"):
        TeacherCache(tmp_path)
    path.unlink()
    with pytest.raises(UserError, match=r"train-00001.arrow is missing: run it_teacher.py"):
        TeacherCache(tmp_path)
    with pytest.raises(UserError, match="is no teacher's cache"):
        TeacherCache(tmp_path / "nowhere")


def test_no_changed_bit_is_ever_read(tmp_path):
    """Bytes of a shard changed, one at a time: an error that names the shard, or the very same words.

    Every byte of a batch's metadata is among them: a length that has changed must not be followed out of the file.
    """
    whole = [write_cache(tmp_path).row("train", number) for number in range(4)]
    path = shard_path(tmp_path, "train", 0)
    content = path.read_bytes()
    found = 0
    begin_of_batch = content.index(b"\xff\xff\xff\xff", 16)
    places = [*range(0, len(content), 97), *range(begin_of_batch, begin_of_batch + 700, 2)]
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        read = TeacherCache(tmp_path)
        for number, expected in enumerate(whole):
            try:
                row = read.row("train", number)
            except UserError as error:
                assert "train-00000.arrow: row" in str(error)
                found += 1
                continue
            assert all(
                torch.equal(getattr(row, name), getattr(expected, name)) for name in ("lengths", "ids", "weights")
            )
    assert found > len(places) / 3


def test_shards_that_have_changed_places_are_not_read(tmp_path):
    write_cache(tmp_path, rows=8)
    write_cache(tmp_path / "other", rows=8, method="top")
    one, other = (shard_path(tmp_path, "train", number) for number in (0, 1))
    contents = one.read_bytes(), other.read_bytes()
    manifest = json.loads((tmp_path / "teacher.json").read_text())
    manifest["shards"] = {one.name: len(contents[1]), other.name: len(contents[0])}
    (tmp_path / "teacher.json").write_text(json.dumps(manifest))
    one.write_bytes(contents[1])
    other.write_bytes(contents[0])
    for row in (0, 4):
        with pytest.raises(UserError, match="it is a shard of another cache, or another one of this"):
            TeacherCache(tmp_path).row("train", row)
    assert missing_shards(tmp_path, TeacherCache(tmp_path).identity, "train", 8) == [0, 1]


def test_shards_without_a_manifest_are_no_beginning(tmp_path):
    write_cache(tmp_path)
    (tmp_path / "teacher.json").unlink()
    with pytest.raises(UserError, match=r"train-00000.arrow is there without teacher.json: delete the shards"):
        begin(tmp_path, IDENTITY)


def test_the_rest_of_top_is_kept_as_it_is(tmp_path):
    """A mass of 3e-6, where float16 probabilities near 1 are 5e-4 apart."""
    rest = torch.tensor([3e-6, 0.25, 0.0])
    said = Picked(torch.tensor([2, 1, 1]), torch.tensor([3, 9, 5, 7]), torch.tensor([0.6, 0.399997, 0.75, 1.0]), rest)
    write_shard(tmp_path / "train-00000.arrow", iter([said]), "top", {})
    columns = cache._Shard(tmp_path / "train-00000.arrow", {}).row(0)
    assert columns["weights"].dtype == np.float16
    read = Picked(
        *(torch.from_numpy(columns[name].astype(np.float32)) for name in ("lengths", "low", "weights", "entropy"))
    )
    read.lengths.add_(1)
    told = padded(read, "top").probs.double().sum(-1)
    torch.testing.assert_close(1 - told, rest.double(), rtol=0.02, atol=1e-7)


@pytest.mark.parametrize("bad", [-1, 1 << 18])
def test_ids_beyond_the_shared_vocabulary_are_never_stored(tmp_path, bad):
    said = Picked(torch.tensor([1]), torch.tensor([bad]), torch.tensor([1]), torch.zeros(1))
    with pytest.raises(ValueError, match="ids must lie between 0 and 262143"):
        write_shard(tmp_path / "train-00000.arrow", iter([said]), "draws", {})
    assert not list(tmp_path.iterdir())


def test_a_manifest_that_is_no_manifest(tmp_path):
    read = write_cache(tmp_path)
    (tmp_path / "teacher.json").write_text(json.dumps(read.manifest | {"format": 99}))
    with pytest.raises(UserError, match=f"format 99; this version reads format {cache.FORMAT}"):
        TeacherCache(tmp_path)
    for text in ("{", "[]", "null", json.dumps({"format": cache.FORMAT}), "\xff"):
        (tmp_path / "teacher.json").write_bytes(text.encode("latin-1"))
        with pytest.raises(UserError, match="teacher.json is damaged"):
            TeacherCache(tmp_path)
    for key in ("method", "temperature", "splits", "identity", "shards"):
        (tmp_path / "teacher.json").write_text(json.dumps({k: v for k, v in read.manifest.items() if k != key}))
        with pytest.raises(UserError, match="teacher.json is damaged"):
            TeacherCache(tmp_path)


def test_an_output_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file is a file: choose another"):
        begin(tmp_path / "file", IDENTITY)


def test_the_words_about_a_row_hang_on_the_row_alone(tiny_folder):
    """However rows are batched and from wherever one begins: the same ids and counts."""
    teacher = LocalTeacher(load_model(tiny_folder)[0])
    generator = np.random.default_rng(0)
    rows = []
    for length in (9, 4, 20, 5, 12):
        ids = generator.integers(110, 500, length).tolist()
        rows.append({"input_ids": ids, "labels": [-100, -100, *ids[2:-1], -100]})
    settings = {"method": "draws", "count": 32, "temperature": 1.0, "seed": 3}
    together = list(teacher.speak(rows, 0, **settings))
    alone = [one for i, row in enumerate(rows) for one in teacher.speak([row], i, **settings)]
    for row, one, other in zip(rows, together, alone, strict=True):
        assert len(one.lengths) == sum(label != -100 for label in row["labels"])
        assert torch.equal(one.ids, other.ids) and torch.equal(one.weights, other.weights)
    logits = teacher.model(torch.tensor([rows[0]["input_ids"]])).logits[0]
    p = softmax(logits[1:-2], -1)
    torch.testing.assert_close(together[0].entropy, -(p * p.log()).sum(-1), atol=1e-4, rtol=1e-4)
