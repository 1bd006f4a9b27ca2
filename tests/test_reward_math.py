"""The math verifier: tables of right and wrong, hedges around many golds, real data, the reward's contract.

tests/probes/math.jsonl holds answers in a box (answer, gold, right, kind), math_replies.jsonl whole replies (protocol).
Both are written from what is right, not from what the verifier says: a false positive is never allowed in, a false
negative only as a share.
"""

import collections
import json
import math
import random
import re
import time
from fractions import Fraction
from pathlib import Path

import pytest

from posttrain.errors import UserError
from posttrain.reward import math_reward
from posttrain.reward.math import judge, judge_all
from posttrain.reward.mathematics.equality import equal
from posttrain.reward.mathematics.extraction import extract, extract_gold
from posttrain.reward.mathematics.notation import normalise

ROOT = Path(__file__).parent.parent
PROBES = ROOT / "tests" / "probes"
DATA = ROOT.parent / "shared" / "data"
PAIRS = [json.loads(line) for line in (PROBES / "math.jsonl").read_text().splitlines()]
REPLIES = [json.loads(line) for line in (PROBES / "math_replies.jsonl").read_text().splitlines()]
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data with GSM8K and MATH beside the repository")


def in_box(answer):
    return f"Thus the answer is $\\boxed{{{answer}}}$."


def read_rows(*paths):
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def verdicts():
    return judge_all([in_box(row["answer"]) for row in PAIRS], [row["gold"] for row in PAIRS])


def test_no_wrong_answer_is_right(verdicts):
    rows = zip(PAIRS, verdicts, strict=True)
    assert not [(row["answer"], row["gold"]) for row, verdict in rows if verdict.correct and not row["right"]]


def test_hardly_a_right_answer_is_refused(verdicts):
    rows = [(row, verdict) for row, verdict in zip(PAIRS, verdicts, strict=True) if row["right"]]
    refused = [(row["answer"], row["gold"]) for row, verdict in rows if not verdict.correct]
    assert len(rows) >= 300 and len(PAIRS) - len(rows) >= 250
    assert len(refused) <= 0.01 * len(rows), refused


def test_replies_are_read_by_protocol():
    found = [judge(row["reply"], row["gold"], row["protocol"]).correct for row in REPLIES]
    assert not [row for row, correct in zip(REPLIES, found, strict=True) if correct is not row["right"]]


GOLDS = sorted({row["gold"] for row in PAIRS if normalise(row["gold"])})
HEDGES = [
    "{} or 17", "17 or {}", "{}, 17", "17; {}", "\\{{{}, 17\\}}", "({}, 17)", "[{}, 17]", "{} \\text{{ or }} 17",
    "{} (or 17)",
    "either {} or 17", "not {}", "{} maybe", "{} \\text{{ maybe }}", "x \\ge {}", "x > {}", "{} {}", "{} = 17.5",
    "17.5 = {}",
    "{} \\approx 171", "{} \\neq 17", "x \\ne {}", "{} is wrong, 17", "17 (not {})", "{}17", "the answer",
    "\\text{{the answer}}",
    "", "\\emptyset \\text{{ or }} {}", "{} | 17", "{}\\\\17", "{} \\quad 17", "1,2,3,{},17", "{} \\cup 17",
    "x={} or x=17",
    "x={}, y=17", "{} and 17", "{} & 17", "< {}", "\\le {}", "{}+", "nan", "{} - \\infty + \\infty",
    "{} \\cdot \\frac{{0}}{{0}}",
    "{} \\text{{ if I am lucky}}", "{} vs 17", "{} unless 17", "{} thousand and one", "any number", "all of them",
]  # fmt: skip


@pytest.mark.parametrize("hedge", HEDGES)
def test_no_hedge_around_the_gold_is_right(hedge):
    verdicts = judge_all([in_box(hedge.format(gold, gold)) for gold in GOLDS], GOLDS)
    hits = [verdict.gold for verdict in verdicts if verdict.correct]
    if hedge in ("{}17", "{} \\quad 17", "{} thousand and one"):  # `(B) 17` is choice B with its value
        hits = [gold for gold in hits if not re.search(r"\([A-E]\)", gold)]
    assert not hits


def test_a_list_with_an_item_more_is_wrong():
    lists = [re.fullmatch(r"(\\\{|\(|\[)([^{}()\[\]]*,[^{}()\[\]]*)(\\\}|\)|\])", gold) for gold in GOLDS]
    pairs = [
        (f"{match[1]}{more}{match[3]}", match[0])
        for match in lists
        if match
        for more in (f"{match[2]}, 1717", f"1717, {match[2]}", f"{match[2]}, {match[2]}, 1717")
    ]
    verdicts = judge_all([in_box(answer) for answer, _ in pairs], [gold for _, gold in pairs])
    assert len(pairs) > 60 and not [verdict for verdict in verdicts if verdict.correct]


def test_a_union_with_an_interval_more_is_wrong():
    unions = [gold for gold in GOLDS if "\\cup" in gold and "infty" not in gold and "17" not in gold]
    answers = [f"{gold}\\cup {more}" for gold in unions for more in ("(1717,1718)", "[1717,1718]")]
    verdicts = judge_all([in_box(answer) for answer in answers], [gold for gold in unions for _ in range(2)])
    assert len(answers) >= 10 and not [verdict for verdict in verdicts if verdict.correct]


def test_every_gold_is_right_against_itself():
    for replies in ([in_box(gold) for gold in GOLDS], [f"#### {gold}" for gold in GOLDS], GOLDS):
        assert not [verdict for verdict in judge_all(replies, GOLDS) if not verdict.correct]


def test_normalising_twice_is_normalising_once():
    """Also on random strings of what LaTeX answers are made of."""
    rng = random.Random(0)
    pieces = [
        "\\left(",
        "\\right)",
        "\\text{",
        "}",
        "{",
        "$",
        "\\$",
        "\\,",
        "\\!",
        ",",
        "1",
        "000",
        " ",
        "\\%",
        "½",
        "²",
        "−",
        ".",
    ]
    pieces += [
        "\\frac",
        "\\dfrac",
        "x",
        "^",
        "\\circ",
        "\\{",
        "\\}",
        "or",
        "\\text{ or }",
        "\\boxed{",
        "**",
        "\\ ",
        "~",
        "=",
        "٣",
    ]
    texts = ["".join(rng.choices(pieces, k=rng.randint(1, 12))) for _ in range(3000)]
    texts += [row[side] for row in PAIRS for side in ("answer", "gold")]
    once = [normalise(text) for text in texts]
    assert not [text for text, spelt in zip(texts, once, strict=True) if normalise(spelt) != spelt]


@pytest.mark.parametrize(
    "piece",
    [
        "1", "12", ".1\\dot1", "x mod ", "( (mod", "k \\in\\mathbb", "k, where ", "integer k ", "|x", "(1,2)\\cup",
        "1 h ", "1 out of ", "x=1\\\\", "]1,", "22,", "n!", "\\sin\\degree", "3\u0305", "...", "\\{1,", "Rs", "2*",
    ],
)  # fmt: skip
def test_no_answer_is_slow_to_read(piece):
    """At the longest length that is read, and at the longest that is brought to one spelling; also with a beginning and
    an end that let a pattern hope."""
    start = time.process_time()
    for length in (990, 3980):
        text = (piece * length)[: length - 20]
        hopes = (f"0.{text}...", f"|{text}|<2", f"{text} \\pmod 7", f"\\{{{text}\\}}", f"{text}, k\\in\\mathbb{{Z}}")
        for answer in (text, *hopes):
            equal(answer, "5 \\pmod 7")
            equal("\\frac12", answer)
    assert time.process_time() - start < 5


def test_random_replies_raise_nothing():
    rng = random.Random(1)
    alphabet = "0123456789+-*/^_=<>()[]{}\\|!.,;:$%& \n\tabxyzABπ√∞½²−≤" + "\x00\ud800"
    words = [
        "\\boxed{",
        "\\frac",
        "\\sqrt",
        "\\text{",
        "####",
        "ANSWER:",
        "<think>",
        "</think>",
        "```",
        " or ",
        "\\begin{pmatrix}",
    ]
    replies = ["".join(rng.choices([*alphabet, *words], k=rng.randint(0, 60))) for _ in range(3000)]
    golds = [rng.choice(GOLDS) for _ in replies]
    assert all(verdict.correct in (True, False) for verdict in judge_all(replies, golds, seconds=1))


@pytest.mark.parametrize(
    ("problem", "reply", "gold", "right"),
    [
        ("What is $7 \\times 8$?", "\\boxed{7 \\times 8}", "56", False),
        ("What is $7 \\times 8$?", "\\boxed{7 \\cdot 8}", "56", False),
        ("What is $7 \\times 8$?", "\\boxed{56}", "56", True),
        ("Compute $2^{10}$.", "\\boxed{2^{10}}", "1024", False),
        ("Compute $2^{10}$.", "\\boxed{4^5}", "1024", True),
        ("Expand $(x+1)^2$.", "\\boxed{(x+1)^2}", "x^2+2x+1", False),
        ("Factor $x^2+2x+1$.", "\\boxed{(x+1)^2}", "(x+1)^2", True),
        ("Which is larger, $\\frac{1}{2}$ or $\\frac{1}{3}$?", "\\boxed{\\frac12}", "\\frac{1}{2}", True),
        ("Is 5 or 7 larger?", "\\boxed{7}", "7", True),
        ("Find $x \\in [0, \\frac{\\pi}{2}]$.", "\\boxed{\\frac{\\pi}{2}}", "\\pi/2", True),
        ("Is it $5\\sqrt{2}$ or $7$?", "\\boxed{5\\sqrt{2}}", "5\\sqrt2", True),
        ("(A) $n-1$ (B) $n$", "\\boxed{n-1}", "-1+n", True),
        ("(A) $-\\frac{x}{2}$ (B) $x$", "\\boxed{-\\frac{x}{2}}", "-\\frac{1}{2}x", True),
        ("(A) $y=2x+1$", "\\boxed{y=2x+1}", "y=1+2x", True),
        ("Rationalise $\\frac{1}{\\sqrt{2}}$.", "\\boxed{\\frac{1}{\\sqrt{2}}}", "\\frac{\\sqrt{2}}{2}", False),
        ("Write $2\\sqrt{3}$ as it is.", "\\boxed{2\\sqrt{3}}", "2\\sqrt{3}", True),
        (None, "\\boxed{7 \\times 8}", "56", True),
    ],
)
def test_saying_the_problem_again_is_no_answer(problem, reply, gold, right):
    assert judge(reply, gold, problem=problem).correct is right
    if problem:
        prompts = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": problem}]]
        assert math_reward([reply], answer=[gold], prompts=prompts) == [float(right)]


@needs_data
def test_gsm8k_and_math_golds_verify_against_themselves():
    """Two MATH rows have an empty box and an empty answer: they cannot be judged, and are None."""
    gsm8k = [row["answer"] for row in read_rows(DATA / "gsm8k" / "train.jsonl")]
    hendrycks = read_rows(*sorted((DATA / "math").glob("*.train.jsonl")))
    for replies, golds in (
        (gsm8k, gsm8k),
        ([row["output"] for row in hendrycks], [row["output"] for row in hendrycks]),
        ([row["output"] for row in hendrycks], [row["answer"] for row in hendrycks]),
        ([in_box(row["answer"]) for row in hendrycks], [row["output"] for row in hendrycks]),
    ):
        found = collections.Counter(verdict.correct for verdict in judge_all(replies, golds))
        assert found[False] == 0 and found[None] <= 2 and found[True] >= 0.995 * len(replies)


@needs_data
def test_another_row_s_answer_is_right_only_where_the_values_are_equal():
    """Every gold of MATH against 20 others: what is called equal is one number, whatever stands around it."""
    math = [row["answer"] for row in read_rows(*sorted((DATA / "math").glob("*.train.jsonl"))) if row["answer"].strip()]
    rng = random.Random(0)
    others = [other for _ in range(20) for other in rng.sample(math, len(math))]
    verdicts = judge_all([in_box(other) for other in others], math * 20)
    equal = {(verdict.extracted, verdict.gold) for verdict in verdicts if verdict.correct}
    assert len(equal) > 100
    unlike = {frozenset(pair) for pair in equal if bare_number(pair[0]) != bare_number(pair[1])}
    assert unlike <= EQUAL_IN_OTHER_SPELLINGS


EQUAL_IN_OTHER_SPELLINGS = {  # looked at one by one
    frozenset(pair)
    for pair in (
        ("4", "\\mbox{four}"),
        ("24_{10}", "24"),
        ("\\frac{1}{10}", "10\\%"),
        ("\\frac{1}{2}", "1 : 2"),
    )
}


def bare_number(text):
    """An independent reading of a gold: its digits as one number, without all that MATH's rule leaves out."""
    for junk in ("\\!", "\\ ", "\\$", "^\\circ", "^{\\circ}", "\\%", ",\\", "k=", "x=", "n=", "r=", "q=", "b="):
        text = text.replace(" ", "").replace(junk, "")
    text = text.partition("\\text")[0].partition("\\mbox")[0].partition("\\approx")[0].rstrip(".").replace("{,}", "")
    for name in ("\\dfrac", "\\tfrac", "\\frac"):
        text = text.replace(name, "F")
    sign, whole, rest = text.startswith("-"), *text.lstrip("-").partition("F")[::2]
    if not rest:
        return Fraction(text) if text.replace(".", "", 1).lstrip("-").isdigit() else text
    digits = rest.replace("{", " ").replace("}", " ").split()
    top, bottom = digits if len(digits) == 2 else rest if len(rest) == 2 else (None, None)
    if not top or not (top + bottom).isdigit():
        return text
    return (Fraction(int(whole or 0)) + Fraction(int(top), int(bottom))) * (-1 if sign else 1)


def test_the_contract_of_a_reward():
    metrics, columns = {}, {}
    completions = [
        "\\boxed{5}",
        [{"role": "assistant", "content": "The answer is 6."}],
        [{"role": "user", "content": "?"}, {"role": "assistant", "content": [{"type": "text", "text": "#### 7"}]}],
        "no idea",
        "\\boxed{5}",
    ]
    rewards = math_reward(
        completions,
        answer=["5", 5, 7.0, "5", None],
        log_metric=metrics.__setitem__,
        log_extra=columns.__setitem__,
        completion_ids=[[1]] * 5,
        trainer_state=None,
    )
    assert rewards == [1.0, 0.0, 1.0, 0.0, None]
    assert metrics == {"math/no_answer": 0.2, "math/timeout": 0.0}
    assert columns == {"extracted": ["5", "6.", "7", "", "5"]}
    assert math_reward([], answer=[]) == []


@pytest.mark.parametrize(
    "gold", [None, "", "  ", "$$", float("nan"), float("inf"), True, [], {}, "\\boxed{}", "x #### "]
)
@pytest.mark.filterwarnings("ignore:answer")
def test_a_row_without_a_gold_cannot_be_judged(gold):
    assert math_reward(["\\boxed{5}"], answer=[gold]) == [None]


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        (5, "5"), (-3, "-3"), (5.0, "5"), (0.1, "0.1"), (1e-7, "0.0000001"), (Fraction(1, 2), "1/2"), ("#### 1,000",
        "1,000"),
        ("a <<1+1=2>>2\n#### 2", "2"), ("so $\\boxed{\\frac{1}{2}}$", "\\frac{1}{2}"), (" 5 ", "5"), (10**20,
        "1" + "0" * 20),
    ],
)  # fmt: skip
def test_golds_of_every_kind_are_read(gold, text):
    assert extract_gold(gold) == text


def test_a_list_or_mapping_as_gold_is_none_and_said_so():
    with pytest.warns(UserWarning, match=r"answer\[1\] is a list, which is no answer"):
        assert math_reward(["\\boxed{5}"] * 3, answer=["5", ["5", "6"], {"a": 5}]) == [1.0, None, None]


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        (1 / 3, "1/3", True), (-5 / 7, "-\\frac{5}{7}", True), (0.1 + 0.2, "0.3", True), (1.1 * 3, "3.3", True),
        (math.sqrt(2), "\\sqrt{2}", True), (math.pi / 4, "\\frac{\\pi}{4}", True), (math.log(5), "\\ln 5", True),
        (math.pi, "3.14", False), (math.pi, "\\frac{355}{113}", False), (1 / 3, "0.3333", False), (1 / 3, "1/4", False),
        ("0.33333333333333", "1/3", True), ("3.141592653590", "\\pi", True), ("3.1415926536", "\\frac{22}{7}", False),
        ("0.3333333334", "1/3", False), ("0.66666666666666", "2/3", False),
    ],
)  # fmt: skip
def test_a_gold_printed_from_a_double_is_what_was_computed(gold, answer, right):
    assert judge(in_box(answer), gold).correct is right


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("The answer is 5", "5"), ("Answer: $\\frac12$", "$\\frac12$"), ("We add.\nThe answer is: 1/2", "1/2"),
        ("2+3=5\n#### 5\nThe answer is: 5", "5"), ("so it is \\boxed{4}. The answer is: 4", "4"),
    ],
)  # fmt: skip
def test_golds_that_state_their_answer_are_read(gold, text):
    assert extract_gold(gold) == text


def test_bad_input_is_one_clear_line():
    with pytest.raises(UserError, match="needs a column `answer`"):
        math_reward(["5"])
    with pytest.raises(UserError, match="answer has 2 entries for 1 completions"):
        math_reward(["5"], answer=["5", "6"])
    with pytest.raises(UserError, match="protocol must be one of auto, boxed, stated, number"):
        judge("5", "5", "latex")
    with pytest.raises(UserError, match="answer must be a list"):
        math_reward(["5"], answer="5")


def test_a_verdict_says_what_was_compared_and_how():
    verdict = judge("So it is $\\boxed{\\frac{1}{\\sqrt{2}}}$.", "it is \\boxed{\\frac{\\sqrt2}{2}}")
    assert (verdict.correct, verdict.extracted, verdict.gold) == (True, "\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt2}{2}")
    assert verdict.how == "confirmed"
    assert judge("\\boxed{5}", "6").how == "different" and judge("", "6").how == "no answer"
    assert judge("\\boxed{5}", None).how == "no gold" and extract("I give up on this") is None
