"""Preferences: from HH-RLHF style files, and right against wrong samples of one prompt."""

import json

import pytest

from posttrain.data.build import build_mixture
from posttrain.data.formats import AllAlikeError, as_kind, read_row
from posttrain.data.mixture import load_mixture
from posttrain.data.preferences import best_pair
from posttrain.data.spec import read_spec
from posttrain.errors import UserError


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("POSTTRAIN_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize(
    ("samples", "scores", "pair"),
    [
        (["right", "wrong"], [1, 0], (0, 1)),
        (["a", "bb", "ccc"], [0.2, 0.9, 0.5], (1, 0)),  # best against worst, not the middle
        (["a long wrong reply", "short", "right!"], [0, 0, 1], (2, 1)),  # of the two wrong, the one of like length
        (["right one", "right but very long", "wrong, long enough!"], [1, 1, 0], (1, 2)),
        (["a", "b", "c"], [None, 1, 0], (1, 2)),  # what could not be judged is no side
        (["a", "b"], [1, 1], None),
        (["a", "b"], [None, None], None),
        (["a", "b"], [None, 1], None),
        (["same", "same"], [1, 0], None),  # a verifier that wavers
    ],
)
def test_best_pair(samples, scores, pair):
    assert best_pair(samples, scores) == pair


ROW = {"prompt": "2+2?", "samples": ["five", "4", "22"], "scores": [0.0, 1.0, -0.5], "answer": "4"}


def test_scored_samples_in_every_kind():
    row = read_row(ROW, "row 1")
    user = {"role": "user", "content": "2+2?"}
    preference = {
        "prompt": [user],
        "chosen": [{"role": "assistant", "content": "4"}],
        "rejected": [{"role": "assistant", "content": "22"}],
        "margin": 1.5,
        "answer": "4",
    }
    assert as_kind(row, "preference", "row 1") == preference
    chat = as_kind(row, "chat", "row 1")
    assert chat["messages"] == [user, {"role": "assistant", "content": "4"}]
    assert as_kind(row, "prompt", "row 1")["prompt"] == [user]


def test_samples_that_score_alike_are_no_pair():
    with pytest.raises(AllAlikeError, match=r"scores 0.0, 0.0, 0.0"):
        as_kind(read_row(ROW | {"scores": [0.0] * 3}, "row 1"), "preference", "row 1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": []}, "`samples` must be a list of at least one"),
        ({"samples": [1, 2, 3]}, "`samples` must be a list of text"),
        ({"scores": [1]}, "`scores` must hold a number or null for each of the 3 samples"),
        ({"scores": ["1", "2", "3"]}, "`scores` must hold a number or null"),
    ],
)
def test_faults_of_samples(change, message):
    with pytest.raises(UserError, match=f"^row 1: {message}"):
        read_row(ROW | change, "row 1")


def exact(completions, answer, prompts, **columns):
    """A reward of TRL's signature."""
    assert len(prompts) == len(completions) == len(answer)
    return [float(reply == gold) for reply, gold in zip(completions, answer, strict=True)]


def test_a_verifier_scores_samples_and_all_alike_ones_are_counted(tmp_path):
    rows = [{key: value for key, value in ROW.items() if key != "scores"} for _ in range(3)]
    rows[1] = rows[1] | {"answer": "7"}  # all wrong
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = {"from": str(tmp_path / "s.jsonl"), "verifier": "tests.test_preferences:exact"}
    manifest = build_mixture(read_spec({"sources": {"s": source}, "kind": "preference"}), tmp_path / "out")
    assert manifest["sources"]["s"]["dropped"] == {"samples/all_alike": 1}
    loaded = load_mixture(tmp_path / "out")["train"]
    assert [row["margin"] for row in loaded] == [1.0, 1.0]
    assert loaded[0]["chosen"][0]["content"] == "4" and loaded[0]["rejected"][0]["content"] in ("five", "22")


def broken(completions, **columns):
    raise RuntimeError("no\nsuch luck")


def test_a_verifier_s_faults_are_named(tmp_path):
    (tmp_path / "s.jsonl").write_text(json.dumps({"prompt": "p", "samples": ["a", "b"]}))
    source = {"from": str(tmp_path / "s.jsonl")}
    for verifier, message in (
        (None, "samples need `scores`, or a `verifier`"),
        ("tests.test_preferences:broken", "verifier tests.test_preferences:broken failed: RuntimeError: no such luck"),
        ("tests.test_preferences:none", "verifier tests.test_preferences:none: tests.test_preferences has no 'none'"),
        ("nothing", "verifier 'nothing': give module:function"),
    ):
        spec = {"sources": {"s": source | ({} if verifier is None else {"verifier": verifier})}, "kind": "preference"}
        with pytest.raises(UserError, match=message) as caught:
            load_mixture(spec)
        assert "\n" not in str(caught.value)


def test_hh_rlhf_text_becomes_preferences(tmp_path):
    rows = [
        {"chosen": f"\n\nHuman: q{i}\n\nAssistant: good", "rejected": f"\n\nHuman: q{i}\n\nAssistant: bad"}
        for i in range(3)
    ]
    (tmp_path / "hh.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    loaded = load_mixture({"sources": {"hh": str(tmp_path / "hh.jsonl")}, "kind": "preference", "shuffle": False})[
        "train"
    ]
    assert [row["prompt"][0]["content"] for row in loaded] == ["q0", "q1", "q2"]
    assert {row["chosen"][0]["content"] for row in loaded} == {"good"}
