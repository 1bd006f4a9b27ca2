r"""The final answer in a reply, and in a gold solution, by protocol.

    auto    the last \boxed{…}; else the last stated answer (below); else the reply itself, if it is nothing but an
            answer; else the number that the reply ends on
    boxed   the last \boxed{…} or \fbox{…} (MATH)
    stated  the last of "ANSWER: …", "the final answer is …", "#### …", <answer>…</answer>; also inside a box
    number  the last number, without `,` `$` and a final full stop (GSM8K's flexible rule)

Of several boxes only the last counts, even when it is empty or cut off. What stands in a thinking passage (<think>…)
never counts, what stands in a fenced block of code only if nothing outside states an answer. A number that the reply
offers as one of several ("4 or 5") is extracted with the others, so that it is not right by coming last.
"""

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from posttrain.errors import UserError
from posttrain.reward.math_answers import Answer, Equation, Several, Words, read
from posttrain.reward.math_notation import closing, normalise, unify_characters
from posttrain.reward.math_units import HEDGES

PROTOCOLS = ("auto", "boxed", "stated", "number")
MAX_REPLY = 400_000  # characters, of which the end is kept
MAX_STATEMENT = 4000  # characters after a mark, or at the end, in which an answer must lie
_THOUGHT = re.compile(
    r"<\|?(think|thinking|thought|reasoning|scratchpad|reflection)\|?>.*?(?:<\|?/\1\|?>|\Z)", re.DOTALL | re.IGNORECASE
)
_THOUGHT_END = re.compile(r"<\|?/(?:think|thinking|thought|reasoning|scratchpad)\|?>", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*")
_STATED = re.compile(
    r"""\#{4,}[ \t]*
      | \b(?:final[ ]+)?answer\s*(?:\*\*|__)?\s*:\s*(?:\*\*|__)?
      | \banswer\s+(?:is|equals|=|would\s+be)\s*:?
      | \b(?:the|my|our|final|correct)\s+(?:final\s+|correct\s+)*(?:result|solution)\s+(?:is|equals|=)\s*:?""",
    re.VERBOSE | re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|(?<=[^\s\d][.!?])\s+(?=[A-Z*(]|$)|(?<=\d\.)\s+(?=[A-Z*]|$)|(?<=[$)}\]])\.\s")
_REASON = re.compile(r",?\s+(?:because|since|as|which|where|so that|when|given)\s|,\s+(?:and )?not\s", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?\s?\$?\s?(?:\d(?:[\d,]*\d)?(?:\.\d+)?|\.\d+)", re.ASCII)
_EITHER = re.compile(r"[^.!?\n]{0,20}\bor\b[^.!?\n]{0,20}", re.IGNORECASE)  # between two alternatives
_LISTED = re.compile(r"\s*[,;]\s*")
_PROSE = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]{2,}")
_MATH = re.compile(r"\$\$(.+?)\$\$|(?<!\\)\$(.+?)(?<!\\)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)


def extract(reply: str, protocol: str = "auto") -> str | None:
    """The final answer's text as it stands in the reply; None if there is none. Raises UserError for a protocol that is
    not known."""
    if protocol not in PROTOCOLS:
        raise UserError(f"protocol must be one of {', '.join(PROTOCOLS)}, not {protocol!r:.40}")
    spoken = without_thought(reply[-MAX_REPLY:])
    outside = _FENCE.sub(" ", spoken)
    for text in dict.fromkeys((outside, spoken)):
        if protocol in ("auto", "boxed") and _BOX.search(text):
            return boxed(text)
        if protocol in ("auto", "stated") and (found := stated(text)) is not None:
            return found
    if protocol == "number":
        return last_number(outside)
    return (whole_reply(outside) or last_value(outside)) if protocol == "auto" else None


def extract_gold(gold: Any) -> str | None:
    """The answer in a gold column: a bare answer, a number, GSM8K's solution with ####, MATH's with a box.

    None where there is nothing to compare with: None, an empty text, NaN, a type that is no answer.
    """
    if isinstance(gold, bool) or not isinstance(gold, str | int | float | Fraction | Decimal):
        return None
    if isinstance(gold, float):
        return _decimal(gold)
    text = str(gold)
    if "####" in text:
        text = text.rpartition("####")[2]
    elif _BOX.search(text):
        text = boxed(text) or ""
    text = re.sub(r"<<[^<>]*>>", "", text).strip()
    return text if normalise(text[:4000]) else None


def _decimal(number: float) -> str | None:
    """Without an exponent, and a whole number without decimals: what a column of floats was meant to say."""
    if not math.isfinite(number):
        return None
    if number == int(number) and abs(number) < 10**16:
        return str(int(number))
    return format(Decimal(repr(number)), "f")


def without_thought(reply: str) -> str:
    """The reply without its thinking passages: from the opening tag, or from the beginning, to the closing one; one
    that never ends takes the rest."""
    ends = [match.end() for match in _THOUGHT_END.finditer(reply)]
    return _THOUGHT.sub(" ", reply[ends[-1] :] if ends else reply)


def boxed(text: str) -> str | None:
    """What the last box holds (of boxes within each other the innermost); None if it is empty or does not close."""
    matches = [*_BOX.finditer(text)]
    if not matches:
        return None
    match = matches[-1]
    rest = text[match.end() :]
    if not rest.startswith("{"):  # `\boxed 5`: TeX would take one sign; people mean the word
        word = re.match(r"[^\s$\\{}]+", rest)
        return word[0] if word else None
    end = closing(rest, 0)
    if end < 0:
        return None
    return rest[1:end].strip() or None


def stated(text: str) -> str | None:
    """What follows the last mark of a stated answer, to the end of its sentence; None if no mark is there."""
    tagged = _last_tag(text)
    if tagged is not None:
        return (boxed(tagged) or "") if _BOX.search(tagged) else tagged
    for match in reversed([*_STATED.finditer(text)]):
        sentence = _sentence(text[match.end() : match.end() + MAX_STATEMENT].lstrip(" \t*_:\n"))
        if _BOX.search(sentence):
            return boxed(sentence) or ""
        if match[0].startswith("####") or ":" in match[0] or _is_short(sentence):
            return sentence
    return None


def _last_tag(text: str) -> str | None:
    """Inside the last <answer>…</answer>."""
    lowered = text.lower()
    end = lowered.rfind("</answer>")
    start = lowered.rfind("<answer>", 0, max(end, 0))
    return text[start + len("<answer>") : end].strip() if start >= 0 else None


def _is_short(sentence: str) -> bool:
    """Whether it can be an answer, not the rest of a phrase ("the answer is easy to see from what we said"); one that
    takes something back ("the answer is surely not the number 5") stays an answer, which is wrong."""
    words = [word.lower() for word in _PROSE.findall(sentence)]
    return bool(sentence) and (len(words) <= 4 or bool(HEDGES.intersection(words)) or len(read(sentence)) > 1)


def _sentence(text: str) -> str:
    """The first sentence, without its reasons and fences; all of a display that begins it."""
    if text.startswith(("$$", "\\[")):
        display = _MATH.match(text)
        if display:
            return next(group for group in display.groups() if group).strip()
    sentence = _SENTENCE_END.split(text, maxsplit=1)[0]
    return _REASON.split(sentence, maxsplit=1)[0].strip(" \t*_`").strip()


def whole_reply(text: str) -> str | None:
    """The reply itself, where it is one short line that reads as an answer and hardly has other words."""
    line = text.strip().strip("*_`").strip()
    if not line or "\n" in line or len(line) > 200 or len(_PROSE.findall(line)) > 3:
        return None
    return line if any(map(_reads_well, read(line))) or len(line.split()) == 1 else None


def _reads_well(reading: Answer) -> bool:
    """Whether nothing in it is mere words."""
    if isinstance(reading, Several):
        return all(_reads_well(item[0]) for item in reading.items)
    if isinstance(reading, Equation):
        return all(_reads_well(one) for side in reading.sides for one in read(side)[:1])
    return not isinstance(reading, Words)


def last_number(text: str) -> str | None:
    """The last number by GSM8K's flexible rule, with the others that it was offered along with ("4 or 5")."""
    text = unify_characters(text[-MAX_STATEMENT:])
    matches = [*_NUMBER.finditer(text)]
    if not matches:
        return None
    first = last = len(matches) - 1
    at_the_end = not re.search(r"\w", text[matches[-1].end() :])  # `in 2019, 18 people` lists nothing
    while first and _joined(text[matches[first - 1].end() : matches[first].start()], at_the_end):
        first -= 1
    numbers = [re.sub(r"[\s,$+]", "", match[0]) for match in matches[first : last + 1]]
    return " or ".join(dict.fromkeys(numbers))


def _joined(between: str, list_may_end: bool) -> bool:
    """Whether two numbers stand side by side as alternatives, or in a list."""
    return len(between) <= 48 and bool(_EITHER.fullmatch(between) or (list_may_end and _LISTED.fullmatch(between)))


def last_value(text: str) -> str | None:
    """The last number as the reply gives it: the formula around it, its fraction, percent sign; or `last_number`.

    `so x = $\\frac{1}{2}$` ends on 1/2 and not on the number 2.
    """
    text = unify_characters(text[-MAX_STATEMENT:])
    matches = [*_NUMBER.finditer(text)]
    if not matches:
        return None
    start, end = matches[-1].span()
    for formula in _MATH.finditer(text):
        if formula.start() <= start and end <= formula.end():
            return next(group for group in formula.groups() if group).strip()
    listed = last_number(text)
    if listed and " or " in listed:
        return listed
    left = max(text.rfind(space, 0, start + 1) for space in (" ", "\n", "\t")) + 1
    left = min(left, start) if text[start:end].strip() == text[start:end] else start
    right = min((found for space in (" ", "\n", "\t") if (found := text.find(space, end)) >= 0), default=len(text))
    token = text[left:right].strip("*_`\"'()[]{}.,;:!?")
    return token if re.search(r"[/^\\=%]", token) else listed
