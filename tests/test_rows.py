"""Rows: every format in one shape, every fault as one line that names file and row, and the demo's rows."""

import gzip
import json
import sys

import pytest

from posttrain.chat import encode_rows, normalise_messages
from posttrain.data import demo as demo_module
from posttrain.data.demo import TASKS, demo_rows
from posttrain.data.rows import as_messages, hold_out, load_rows
from posttrain.errors import UserError
from posttrain.evaluate.replies import matches

CHAT = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]
FORMATS = {
    "messages": ({"messages": CHAT}, {"messages": CHAT}),
    "messages and answer": ({"messages": CHAT, "answer": 4}, {"messages": CHAT, "answer": "4"}),
    "prompt and completion": ({"prompt": "2+2?", "completion": "4"}, {"messages": CHAT}),
    "prompt and completion as messages": ({"prompt": CHAT[:1], "completion": CHAT[1:]}, {"messages": CHAT}),
    "question and answer": ({"question": "2+2?", "answer": "4"}, {"messages": CHAT, "answer": "4"}),
    "GSM8K": (
        {"question": "3 bags of 4, 1 lost?", "answer": "3*4=<<3*4=12>>12\n12-1=<<12-1=11>>11\n#### 11"},
        {
            "messages": [
                {"role": "user", "content": "3 bags of 4, 1 lost?"},
                {"role": "assistant", "content": "3*4=12\n12-1=11\n#### 11"},
            ],
            "answer": "11",
        },
    ),
    "Alpaca": (
        {"instruction": "Add.", "input": "2 and 2", "output": "4"},
        {"messages": [{"role": "user", "content": "Add.\n\n2 and 2"}, CHAT[1]]},
    ),
    "Alpaca without input": ({"instruction": "2+2?", "input": "", "output": "4"}, {"messages": CHAT}),
    "Alpaca with no input column": ({"instruction": "2+2?", "output": "4"}, {"messages": CHAT}),
}


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_messages(name, tmp_path):
    raw, expected = FORMATS[name]
    path = write(tmp_path / "rows.jsonl", raw)
    assert load_rows(str(path)) == [
        expected | {"source": "rows.jsonl", "id": "rows.jsonl:1", "where": "row 1 of rows.jsonl"}
    ]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".jsonl.gz", ".json.gz"])
def test_file_types_give_the_same_rows(suffix, tmp_path):
    """JSON lines or a JSON array, plain or gzip; text outside ASCII is UTF-8 whatever the locale."""
    rows = [{"prompt": f"grün {i} 日本", "completion": "😀", "id": f"r{i}", "source": "mine"} for i in range(3)]
    text = json.dumps(rows, ensure_ascii=False)
    if "jsonl" in suffix:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path = tmp_path / f"rows{suffix}"
    path.write_bytes(gzip.compress(text.encode()) if suffix.endswith(".gz") else text.encode())
    loaded = load_rows(str(path))
    assert [row["messages"][0]["content"] for row in loaded] == [f"grün {i} 日本" for i in range(3)]
    assert [(row["id"], row["source"]) for row in loaded] == [(f"r{i}", "mine") for i in range(3)]


def test_a_byte_order_mark_is_no_fault(tmp_path):
    """Windows editors put one before the first row."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"messages": CHAT}).encode())
    assert load_rows(str(path))[0]["messages"] == CHAT


def test_blank_lines_are_passed_over_and_row_numbers_are_line_numbers(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(f"\n{json.dumps({'messages': CHAT})}\n\n{json.dumps({'messages': CHAT})}\n")
    assert [row["where"] for row in load_rows(str(path))] == ["row 2 of rows.jsonl", "row 4 of rows.jsonl"]


def test_limit_reads_no_further(tmp_path):
    path = write(tmp_path / "rows.jsonl", *[{"messages": CHAT}] * 3)
    path.write_text(path.read_text() + "{broken\n")
    assert len(load_rows(str(path), limit=3)) == 3
    with pytest.raises(UserError, match="row 4"):
        load_rows(str(path), limit=4)


def test_hold_out_is_disjoint_keeps_order_and_depends_on_the_seed_alone():
    rows = [{"id": i} for i in range(50)]
    rest, held = hold_out(rows, 10, seed=3)
    assert (len(rest), len(held)) == (40, 10)
    assert sorted(row["id"] for row in rest + held) == list(range(50))
    for part in (rest, held):
        assert [row["id"] for row in part] == sorted(row["id"] for row in part)
    assert hold_out(rows, 10, seed=3) == (rest, held)
    assert hold_out(rows, 10, seed=4) != (rest, held)
    assert hold_out(rows, 0, seed=3) == (rows, [])


@pytest.mark.parametrize("count", [5, 6])
def test_holding_out_every_row_is_refused(count):
    with pytest.raises(UserError, match=f"eval_rows={count} would hold out all 5 rows.*--eval FILE"):
        hold_out([{}] * 5, count, seed=0)


GOOD = json.dumps({"messages": CHAT}).encode() + b"\n"
TWO_USERS = json.dumps({"messages": [CHAT[0], *CHAT]}).encode()
EMPTY_REPLY = json.dumps({"messages": [CHAT[0], {"role": "assistant", "content": " \n"}]}).encode()
FAULTS = {
    # name -> (file name, bytes, message)
    "broken JSON": ("a.jsonl", GOOD + b'{"messages": [\n', r"^row 2 of a\.jsonl: broken JSON \(.*column \d+\)$"),
    "cut-off array": ("a.json", b'[{"a": 1},\n', r"^a\.json: broken JSON \(.*line \d\)$"),
    "two user turns": (
        "a.jsonl",
        GOOD + TWO_USERS,
        r"^row 2 of a\.jsonl: roles must alternate, found user after user$",
    ),
    "in an array": ("a.json", b"[" + GOOD + b"," + TWO_USERS + b"]", r"^row 2 of a\.json: roles must alternate"),
    "empty reply": ("a.jsonl", GOOD + EMPTY_REPLY, r"^row 2 of a\.jsonl: message 2 is an empty reply; drop the row"),
    "no reply": (
        "a.jsonl",
        json.dumps({"messages": CHAT[:1]}).encode(),
        r"^row 1 of a\.jsonl: .*must end with a reply",
    ),
    "no messages": ("a.jsonl", b'{"messages": []}', r"^row 1 of a\.jsonl: messages must be a list"),
    "unknown role": (
        "a.jsonl",
        b'{"messages": [{"role": "human", "content": "x"}]}',
        r"^row 1 of a\.jsonl: message 1 has role 'human'; known are system, ",
    ),
    "role that is no text": (
        "a.jsonl",
        b'{"messages": [{"role": ["user"], "content": "x"}]}',
        r"^row 1 of a\.jsonl: message 1 has role \['user'\]; known are system, ",
    ),
    "unknown columns": (
        "a.jsonl",
        GOOD + b'{"text": "x", "label": 1}',
        r"^row 2 of a\.jsonl: columns text, label fit no known format; give `messages`, `prompt` \+ `completion`",
    ),
    "no columns": ("a.jsonl", b"{}", r"^row 1 of a\.jsonl: columns \(none\) fit no known format"),
    "no object": ("a.jsonl", GOOD + b"[1, 2]\n", r"^row 2 of a\.jsonl: a row must be a JSON object, found list$"),
    "number as question": (
        "a.jsonl",
        b'{"question": 1, "answer": "x"}',
        r"^row 1 of a\.jsonl: `question` and `answer`",
    ),
    "number as prompt": ("a.jsonl", b'{"prompt": 1, "completion": "x"}', r"^row 1 of a\.jsonl: .*type int, not text$"),
    "number as instruction": ("a.jsonl", b'{"instruction": 1, "output": "x"}', r"^row 1 of a\.jsonl: .*must be text"),
    "no instruction": ("a.jsonl", b'{"instruction": null, "output": "x"}', r"^row 1 of a\.jsonl: .*must be text"),
    "unknown type": ("a.parquet", GOOD, r"a\.parquet: unknown file type; give \.jsonl or \.json"),
    "not UTF-8": ("a.jsonl", GOOD + b'{"prompt": "caf\xe9"}', r"^a\.jsonl: not UTF-8 text \(byte \d+\)$"),
    "no gzip": ("a.jsonl.gz", GOOD, r"^a\.jsonl\.gz: broken gzip file"),
    "cut-off gzip": ("a.jsonl.gz", gzip.compress(GOOD * 99)[:-12], r"^a\.jsonl\.gz: broken gzip file"),
    "damaged gzip": ("a.jsonl.gz", gzip.compress(GOOD)[:10] + b"\xff" * 40, r"^a\.jsonl\.gz: broken gzip file"),
    "empty file": ("a.jsonl", b"", r"a\.jsonl: the file has no rows$"),
    "blank lines only": ("a.jsonl", b"\n\n", r"a\.jsonl: the file has no rows$"),
    "empty array": ("a.json", b"[]", r"a\.json: the file has no rows$"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_line_that_names_file_and_row(name, tmp_path):
    file, content, message = FAULTS[name]
    (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        load_rows(str(tmp_path / file))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["no/such/rows.jsonl", "demmo", "."])
def test_a_missing_file_is_named_with_what_is_built_in(source):
    with pytest.raises(UserError, match=rf"^{source}: no such file \(built-in: demo\)$"):
        load_rows(source)


def test_as_messages_leaves_the_raw_row_alone():
    raw = {"prompt": CHAT[:1], "completion": CHAT[1:]}
    before = json.dumps(raw)
    as_messages(raw, "row 1")
    assert json.dumps(raw) == before


# --- the demo's rows -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo():
    pytest.importorskip("reasoning_gym")
    return {split: load_rows("demo", split=split) for split in ("train", "test")}


def question(row):
    return row["messages"][-2]["content"]


def test_demo_is_the_same_every_time(demo):
    demo_module._split.cache_clear()
    assert {split: demo_rows(split) for split in demo} == demo


def test_demo_splits_share_no_question(demo):
    questions = {split: {question(row) for row in rows if "answer" in row} for split, rows in demo.items()}
    assert not questions["train"] & questions["test"]
    ids = [row["id"] for rows in demo.values() for row in rows]
    assert len(ids) == len(set(ids))


def test_demo_has_rows_of_every_kind_in_both_splits(demo):
    for rows in demo.values():
        sources = {row["source"] for row in rows}
        assert sources >= {f"reasoning_gym/{task}" for task in TASKS} and len(sources) > len(TASKS)
    assert sum("answer" in row for row in demo["test"]) >= 90
    assert len(demo["train"]) > 5 * len(demo["test"])


def test_every_demo_row_encodes(demo, tokenizer):
    for split, rows in demo.items():
        for row in rows:
            turns = normalise_messages(row["messages"], row["id"])
            assert [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2)
        dataset, report = encode_rows(rows, tokenizer, name=split)
        assert len(dataset) == len(rows) and report.dropped == report.truncated == 0


@pytest.mark.real
def test_demo_rows_fit_the_demo_s_length(demo, real_source):
    """recipes/configs/demo_270m_cpu.yaml trains with max_length 256: nothing of the demo's rows may be cut."""
    from posttrain.gemma import load_tokenizer

    real_tokenizer = load_tokenizer(real_source)
    for rows in demo.values():
        _, report = encode_rows(rows, real_tokenizer, 256)
        assert report.dropped == report.truncated == 0


def test_the_reference_reply_of_a_task_is_scored_right(demo):
    """The gold answer scores 1; an empty reply and a wrong one score 0."""
    tasks = [row for rows in demo.values() for row in rows if "answer" in row]
    for row in tasks:
        assert matches(row["messages"][-1]["content"], row["answer"]), row
        assert not matches("", row["answer"]) and not matches(f"not {row['answer']}", row["answer"])


def test_an_unknown_demo_split_is_refused():
    with pytest.raises(UserError, match="splits train, test, not 'dev'"):
        demo_rows("dev")


def test_demo_limit(demo):
    assert load_rows("demo", limit=7) == demo["train"][:7]


def test_demo_without_reasoning_gym_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    demo_module._split.cache_clear()
    with pytest.raises(UserError, match=r'pip install "posttrain\[demo\]"'):
        load_rows("demo")


def test_prose_answers_are_left_as_they_are():
    """Only GSM8K's `####` makes calculator marks and a final answer; `<<` in code is code."""
    row = as_messages({"question": "q", "answer": "cout << x >> y;\nand <<NAME>>."}, "row 1")
    assert row["messages"][1]["content"] == "cout << x >> y;\nand <<NAME>>."
    assert "answer" not in row


def test_half_a_character_is_named(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "\\ud83d"}\n')
    with pytest.raises(UserError, match="row 1 of rows.jsonl.*surrogate"):
        load_rows(str(tmp_path / "rows.jsonl"))
