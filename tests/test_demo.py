"""The demo's rows: the same every time, splits apart, every one encodes and its reference reply is right."""

import sys

import pytest

from posttrain.chat import encode_rows, normalise_messages
from posttrain.data import demo as demo_module
from posttrain.data import load_mixture
from posttrain.data.builtin import built_in_rows
from posttrain.data.demo import TASKS, demo_pairs, demo_rows
from posttrain.errors import UserError
from posttrain.evaluate.replies import matches


@pytest.fixture(scope="module")
def demo():
    pytest.importorskip("reasoning_gym")
    return {split: demo_rows(split) for split in ("train", "test")}


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


def test_demo_without_reasoning_gym_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    demo_module._split.cache_clear()
    with pytest.raises(UserError, match=r'pip install "posttrain\[demo\]"'):
        demo_rows("train")


def test_the_pairs_prefer_the_right_answer_to_another_of_the_same_task():
    pairs = demo_pairs()
    right = {row["id"]: row["answer"] for row in demo_rows("train") if "answer" in row}
    assert len(pairs) > 800 and all(right[pair["id"]] == pair["chosen"] != pair["rejected"] for pair in pairs)
    test = {row["messages"][0]["content"] for row in demo_rows("test")}
    assert not test & {pair["prompt"] for pair in pairs}
    assert {row["messages"][0]["content"] for row in built_in_rows("demo_test", "train", {})} <= test
    spec = {"kind": "preference", "sources": {"pairs": {"from": "demo_pairs", "test": 20}}}
    rows = load_mixture(spec)
    assert rows["test"].num_rows == 20 and rows["train"].num_rows == len(pairs) - 20
