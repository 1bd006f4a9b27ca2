"""Streams: the same rows for every number of processes, resumed in the middle, memory of one block a source."""

import json
from collections import Counter
from itertools import islice

import pytest

from posttrain.data import stream as stream_module
from posttrain.data.stream import MixtureStream
from posttrain.errors import UserError


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(stream_module, "BLOCK", 7)


@pytest.fixture
def sources(tmp_path):
    for name, count in (("a", 60), ("b", 25), ("c", 10)):
        rows = [{"prompt": f"{name}{i}?", "completion": "yes", "id": f"{name}{i}"} for i in range(count)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {name: {"from": str(tmp_path / f"{name}.jsonl")} for name in "abc"}


def ids(rows):
    return [row["id"] for row in rows]


def odd(row):
    return int(row["id"][1:]) % 2 == 1


def test_without_a_total_every_row_comes_once_and_mixed(sources):
    stream = ids(MixtureStream({"sources": sources}))
    assert sorted(stream) == sorted(
        f"{name}{i}" for name, count in (("a", 60), ("b", 25), ("c", 10)) for i in range(count)
    )
    assert {name[0] for name in stream[:12]} == {"a", "b", "c"}  # not one source after the other
    assert stream == ids(MixtureStream({"sources": sources}))
    assert stream != ids(MixtureStream({"sources": sources, "seed": 1}))


def test_weights_hold_and_small_sources_start_over(sources):
    """2000 rows as 3 : 1 : 0: the shares lie within four standard deviations (0.0097 each)."""
    for name, weight in (("a", 3), ("b", 1), ("c", 0)):
        sources[name]["weight"] = weight
    stream = list(MixtureStream({"sources": sources, "total": 2000}))
    shares = Counter(row["source"] for row in stream)
    assert len(stream) == 2000 and abs(shares["a"] / 2000 - 0.75) < 0.039 and "c" not in shares
    times = Counter(ids(stream))
    assert max(times[f"b{i}"] for i in range(25)) - min(times[f"b{i}"] for i in range(25)) <= 1
    first, second = (
        ids(row for row in stream if row["source"] == "b")[:25],
        ids(row for row in stream if row["source"] == "b")[25:50],
    )
    assert sorted(first) == sorted(second) and first != second  # another order in the second pass


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_the_rows_of_one(sources, processes):
    spec = {"sources": sources, "filters": ["tests.test_stream:odd"]}
    whole = ids(MixtureStream(spec))
    parts = [ids(MixtureStream(spec, rank=rank, processes=processes)) for rank in range(processes)]
    assert all(part == whole[rank::processes] for rank, part in enumerate(parts))
    assert len(whole) == 30 + 12 + 5


@pytest.mark.parametrize("taken", [0, 1, 6, 7, 8, 40, 94, 95])
@pytest.mark.parametrize("settings", [{}, {"filters": ["tests.test_stream:odd"]}, {"total": 300}])
def test_an_interrupted_stream_goes_on_with_the_next_row(sources, taken, settings):
    if "total" in settings:
        sources = {name: one | {"weight": 1} for name, one in sources.items()}
    spec = {"sources": sources} | settings
    whole = ids(MixtureStream(spec))
    first = MixtureStream(spec)
    seen = ids(islice(first, taken))
    state = json.loads(json.dumps(first.state_dict()))
    second = MixtureStream(spec)
    second.load_state_dict(state)
    assert seen + ids(second) == whole


def test_every_process_resumes_its_own_part(sources):
    spec = {"sources": sources}
    for rank in range(2):
        whole = ids(MixtureStream(spec, rank=rank, processes=2))
        first = MixtureStream(spec, rank=rank, processes=2)
        seen = ids(islice(first, 17))
        second = MixtureStream(spec, rank=rank, processes=2)
        second.load_state_dict(first.state_dict())
        assert seen + ids(second) == whole


def test_a_state_of_another_mixture_is_refused(sources):
    state = MixtureStream({"sources": sources}).state_dict()
    with pytest.raises(UserError, match="taken from another mixture"):
        MixtureStream({"sources": sources, "seed": 1}).load_state_dict(state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 3}, r"^a: `count` needs the whole mixture: build it first"),
        ({"test": 0.1}, r"^a: `test` needs the whole mixture"),
        ({"filters": ["duplicates"]}, r"^a: filter duplicates needs the whole mixture: build it first"),
    ],
)
def test_what_needs_the_whole_mixture_is_refused(sources, change, message):
    sources["a"] |= change
    with pytest.raises(UserError, match=message):
        MixtureStream({"sources": sources})


def test_a_source_of_which_nothing_is_left_ends_the_stream_with_an_error(sources):
    sources["a"]["filters"] = ["tests.test_stream:none"]
    with pytest.raises(UserError, match="^a: no row is left after its filters$"):
        list(MixtureStream({"sources": sources}))


def none(row):
    return False


def test_ranks_are_checked(sources):
    with pytest.raises(UserError, match="rank 2 of 2 processes: must be 0 to 1"):
        MixtureStream({"sources": sources}, rank=2, processes=2)
