"""Replies in natural words: what stands beside an answer, number words, one value in several spellings.

Whole replies with their golds are in tests/probes/math_replies.jsonl; here each step by itself, and its time.
"""

import time

import pytest

from posttrain.reward.math import judge
from posttrain.reward.mathematics.asides import without_asides
from posttrain.reward.mathematics.extraction import boxed
from posttrain.reward.mathematics.number_words import in_figures
from posttrain.reward.mathematics.spellings import spellings


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("x = 7\n\nLet me check: 2*7+1 = 15. Correct!", "x = 7"),
        ("She has 9.\n\nNote: this assumes a 5-day week.\n\nLet me know if you need more!", "She has 9."),
        ("He needs 12 days, since 1/20 + 1/30 = 1/12.", "He needs 12 days."),
    ],
)
def test_what_only_stands_beside_the_answer_goes(text, left):
    assert without_asides(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "x = 7\n\nLet me check: 2*7+1 = 15, but it should be 17.",
        "x = 7\n\nLet me check: x = 8 works.",
        "x = 3.\n\nNote that x = -3 is also a solution.",
        "We start with 3.\n\nNote that this gives 7.",
        "They pay 5 each because 2 + 3 = 5, so the total is 20.",
        "Since 2 + 3 = 5, they pay 5.",
        "He is right because 3 + 4 = 7.",
    ],
)
def test_what_says_more_than_that_stays(text):
    assert without_asides(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Tom has twenty-one apples.", "Tom has 21 apples."),
        ("3 and 4. So she has six or seven.", "3 and 4. So she has 6 or 7."),
        ("She has 6 or seven.", "She has 6 or 7."),
        ("She has 6 apples, says the second of two friends.", "She has 6 apples, says the second of two friends."),
        ("The two friends meet.", "The two friends meet."),
        ("Two thirds remain.", "Two thirds remain."),
        ("Seven thousand two hundred.", "Seven thousand two hundred."),
        ("", ""),
    ],
)
def test_number_words_that_say_how_many(text, said):
    assert in_figures(text) == said


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("7 \\text{ (seven)}", ("7", "seven")),
        ("3/8 (or 37.5%)", ("3/8", "37.5%")),
        ("$\\frac{3}{8}$ (about 0.38)", ("\\frac{3}{8}",)),
        ("450 ($90 x 5 days)", ("450",)),
        ("2 hours, or 120 minutes", ("2 hours", "120 minutes")),
        ("x+1 or 1+x", ("x+1", "1+x")),
        *(
            (text, (text,))
            for text in ("7 (eight)", "3/8 (or 38%)", "450 (90 x 6)", "2 (2)", "2 hours, or 130 minutes")
        ),
        *((text, (text,)) for text in ("3/8 (about 0.39)", "x+1 or 1-x", "50 (or 50%)", "5", "", "(", "or", "5 or ")),
    ],
)
def test_spellings_of_one_value_are_told_from_several_values(text, values):
    assert spellings(text) == values


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("\\boxed{7} or \\boxed{8}", "7 or 8"),
        ("$\\boxed{7}$, $\\boxed{8}$", "7 or 8"),
        ("\\boxed{7}, \\boxed{7}", "7"),
        ("\\boxed{7}. So \\boxed{8}", "8"),
        ("\\boxed{7} or \\boxed{8", None),
    ],
)
def test_boxes_that_one_sentence_offers_together(text, held):
    assert boxed(text) == held


@pytest.mark.parametrize(
    "piece",
    [
        "(1) ", "( 1", "7 (7", "9. Note: assuming\n", "1 because ", "seven and ", "or ", "\\boxed{1} or ", "1 and a ",
        "12 million ", "let me check: 1=1 correct. ", "a\\text{ (", "1 miles or ", "x = 1 (", "Hope this helps\n",
    ],
)  # fmt: skip
def test_no_reply_is_slow_to_read(piece):
    start = time.process_time()
    for tail in ("(seven)", "=1"):
        for protocol in ("auto", "number"):
            judge((piece * 4000)[:3990] + tail, "7", protocol)
    assert time.process_time() - start < 5
