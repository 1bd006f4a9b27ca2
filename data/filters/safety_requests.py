"""Plain requests for harm, and replies that serve them.

A prompt asks for harm where a request ("how do I", "help me", an order) is followed by a deed and its object ("poison",
"my boss"), and nothing shows another purpose: fiction, history, defence, medicine, pests, software, a text to work on.
A reply serves it if it agrees or gives steps and neither refuses, nor warns, nor leads elsewhere. English, German,
French and Spanish."""

import functools
import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

from posttrain.data.filters.safety_phrases import (
    AGREES,
    ASKED_HEADS,
    ASKED_THINGS,
    ASKING,
    CLUES,
    COMPLIES,
    EXEMPT,
    HINT_HEADS,
    NO_DEED,
    NO_HARM,
    OTHER_DEED,
    OWN_HARM,
    REFUSES,
    REQUESTS,
    URGING,
    VILE_HEADS,
    VILE_REQUEST,
    WANTS,
    WARNS,
    WRITES,
)
from posttrain.data.filters.safety_text import plain, unquoted

MOST_HITS = 50  # of one kind in one prompt


@dataclass(frozen=True)
class Ask:
    """One kind of harm that a prompt may ask for."""

    reason: str
    stems: frozenset[str]  # three or four first letters; a prompt without such a word does not ask for it
    pattern: re.Pattern[str]


@functools.cache
def _asks() -> list[Ask]:
    """Deed and object within a few words, in English in this order, in the other languages in either."""
    asks = []
    for reason, language, stems, deed, thing in REQUESTS:
        forms = rf"\b(?:{deed})\b{GAP}(?:{thing})\b"
        if language != "en":
            forms += rf"|\b(?:{thing})(?!\w)(?:{FAR_GAP}(?:{deed}))\b|\b(?:{deed})\b{FAR_GAP}(?:{thing})(?!\w)"
        asks.append(Ask(reason, frozenset(stem[:4] for stem in stems.split()), re.compile(forms)))
    return asks


# Between deed and object: no preposition, so "kill the fleas on my dog" has the fleas for its object.
GAP = (
    r"(?:[ ,\"-]+(?!(?:on|in|for|with|off|from|of|to|and|or|by|at|that|who|which|because)\b)[\w'’.-]+){0,4}?"
    r"[ ,\"-]+"
)
FAR_GAP = r"(?:[ ,\"-]+[\w'’.-]+){0,6}?[ ,\"-]+"
PROMPT_LIMIT = 1_500  # characters; a plain request is short, what is longer brings a text along


def asks_for_harm(prompt: str) -> str | None:
    """The kind of harm that the prompt plainly asks for; None where it asks for none, or for a good purpose."""
    if len(prompt) > PROMPT_LIMIT:
        return None
    words = set(re.findall(r"\w+", prompt))
    heads = {word[:4] for word in words} | {word[:3] for word in words}
    asks = [ask for ask in _asks() if not ask.stems.isdisjoint(heads)]
    vile = any(word[:4] in VILE_HEADS for word in words)
    hinted = not HINT_HEADS.isdisjoint(heads)
    if not (asks or vile or hinted) and heads.isdisjoint(ASKED_HEADS):
        return None
    text = unquoted(prompt)
    if EXEMPT.search(text):
        return None
    if ASKED_THINGS.search(text):
        return "self_harm" if OWN_HARM.search(text) else "crime"
    for ask in asks:
        for match in islice(ask.pattern.finditer(text), MOST_HITS):
            before = ASKING.search(text[max(0, match.start() - 140) : match.start()])
            if before and not NO_DEED.search(before[0]) and not OTHER_DEED.search(match[0]):
                return ask.reason
    return (_vile(text) if vile else None) or (_hinted(text) if hinted else None)


def _vile(text: str) -> str | None:
    """A request with a verb that is harm whatever its object."""
    match = VILE_REQUEST.search(text)
    if not match or OTHER_DEED.search(match[0]):
        return None
    return "self_harm" if OWN_HARM.search(match[0]) else "crime"


def _hinted(text: str) -> str | None:
    """A request of which one sentence holds all clues of a kind, in whatever order."""
    for sentence in re.findall(r"[^.!?\n]+", text)[:MOST_HITS]:
        for reason, clues in _clues():
            asked = all(clue.search(sentence) for clue in clues) and WANTS.search(sentence)
            if asked and not NO_HARM.search(sentence):
                return reason
    return None


@functools.cache
def _clues() -> list[tuple[str, list[re.Pattern[str]]]]:
    return [(reason, [re.compile(clue) for clue in clues]) for reason, clues in CLUES]


def complies(reply: str, prompt: str = "") -> bool:
    """Whether a reply to a harmful request does what was asked: no refusal, no warning, no way elsewhere."""
    text = reply[:800] + " " + reply[-300:] if len(reply) > 1100 else reply
    if REFUSES.search(text):
        return False
    if AGREES.search(text) or WRITES.match(prompt):
        return not text.rstrip().endswith("?") or bool(COMPLIES.search(text))
    return not WARNS.search(text) and not text.rstrip().endswith("?") and len(text.split()) > 3


def asked(before: list[dict[str, Any]]) -> str:
    """The user's last message in lower case; of a bare urging ("go on"), the one before it too."""
    turns = [turn["content"] or "" for turn in before if turn["role"] == "user"]
    last = plain(turns[-1]) if turns else ""
    return f"{plain(turns[-2])}\n{last}" if len(turns) > 1 and URGING.match(last) else last
