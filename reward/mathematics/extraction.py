r"""The final answer in a reply, and in a gold solution, by protocol.

    auto    the last \boxed{…}; else the last stated answer (below); else the reply itself, if it is nothing but an
            answer; else the number that the reply ends on
    boxed   the last \boxed{…} or \fbox{…} (MATH)
    stated  the last of "ANSWER: …", "the final answer is …", "#### …", <answer>…</answer>; also inside a box
    number  the last number, without `,` `$` and a final full stop (GSM8K's flexible rule)

Of several boxes only the last counts, even when it is empty or cut off; boxes that one sentence offers together (`or`,
a comma) count as the list of what they hold. What stands in a thinking passage (<think>…) never counts, what stands in
a fenced block of code only if nothing outside states an answer. What a reply without a mark ends on is the matter of
endings: of several numbers ("4 or 5") none is right by coming last.
"""

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from posttrain.errors import UserError
from posttrain.reward.mathematics.answers import Answer, Equation, Several, Words
from posttrain.reward.mathematics.asides import without_asides
from posttrain.reward.mathematics.endings import last_number, last_value
from posttrain.reward.mathematics.names import unlabelled
from posttrain.reward.mathematics.notation import closing, normalise
from posttrain.reward.mathematics.reading import read
from posttrain.reward.mathematics.units import HEDGES

PROTOCOLS = ("auto", "boxed", "stated", "number")
MAX_REPLY = 400_000  # characters, of which the end is kept
MAX_STATEMENT = 4000  # characters after a mark, or at the end, in which an answer must lie
_THOUGHT = re.compile(
    r"<\|?(think|thinking|thought|reasoning|scratchpad|reflection)\|?>.*?(?:<\|?/\1\|?>|\Z)", re.DOTALL | re.IGNORECASE
)
_THOUGHT_END = re.compile(r"<\|?/(?:think|thinking|thought|reasoning|scratchpad)\|?>", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_ONLY_FENCE = re.compile(r"\s*```(?:text|txt|plain|plaintext|math|latex|tex)?[ \t]*\n([^\n]*)\n[ \t]*```\s*")
_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*")
MAX_BOXES = 64
_JOINED = re.compile(
    r"[\s$*_]*(?:\\[)\]])?[*_]*\s*[,;]\s*(?:and\b\s*)?[*_]*(?:\\[(\[])?[$*_\s]*(?:[a-zA-Z]\w*\s*=\s*)?"
    r"|(?:[^.!?\n]|\n(?!\n)){0,40}?\bor\b(?:[^.!?\n]|\n(?!\n)){0,40}"
)
_STATED = re.compile(
    r"""\#{4,}[ \t]*
      | \b(?:final[ ]+)?answer\s*(?:\*\*|__)?\s*[:：]\s*(?:\*\*|__)?
      | \b(?:final[ ]+)?answer\s*(?:\*\*|__)?\s+[-–—]\s+
      | (?:最终|最后)?答案\s*(?:是|为|：|:)\s*[:：]?
      | \b(?:correct|right|best)\s+(?:option|choice)\s+(?:is|would\s+be)\s*:?
      | \banswer\s+(?:is|equals|=|would\s+be)\s*:?
      | \b(?:the|my|our|final|correct)\s+(?:final\s+|correct\s+)*(?:result|solution)\s+(?:is|equals|=)\s*:?""",
    re.VERBOSE | re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|。|(?<=[^\s\d][.!?])\s+(?=[A-Z*(]|$)|(?<=\d\.)\s+(?=[A-Z*]|$)|(?<=[$)}\]])\.\s")
_REASON = re.compile(
    r",?\s+(?:because\b|(?:since|as|which|where|so that|when|given)\s)|,\s+(?:and )?not\s", re.IGNORECASE
)
_PROSE = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]{2,}")
_DISPLAY = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]", re.DOTALL)
_ADVERB = re.compile(
    r"(?:therefore|thus|hence|indeed|simply|just|then|so|clearly|obviously|now|precisely|exactly|definitely|certainly"
    r"|also|equal to|given by|found to be|in fact|of course|again|finally|ultimately|consequently|the following)"
    r"\s*[,:]?\s+(?=[$\\(\[{*\w.+-])",
    re.IGNORECASE,
)
_INTERJECTION = re.compile(
    r"^(?:so|ok|okay|well|now|yes|sure|ah|oh|and|then|thus|hence|therefore|finally|in total|in all|altogether|overall)"
    r"\s*[,:!]?\s+(?=[-$\\(*_]*\d[\d,./]*[\d%$*_)]*(?:\s\d+/\d+)?[.!]?(?:\s+[a-zA-Z]{2,}|\s*$))",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:wrong|incorrect|false|bad|not|never|\w+n't|no|possible)\W*(?:the|an?|my)?\W*$", re.IGNORECASE
)


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
    if protocol != "auto":
        return None
    fenced = None if outside.strip() else _ONLY_FENCE.fullmatch(spoken)  # a bare answer, in a fence
    ending = outside if len(outside) > MAX_STATEMENT else without_asides(outside)
    return whole_reply(fenced[1] if fenced else ending) or last_value(outside)


def extract_gold(gold: Any) -> str | None:
    """The answer in a gold column: a bare answer, a number, GSM8K's solution with ####, MATH's with a box, MetaMath's
    and others' that state it ("The answer is: 5").

    None where there is nothing to compare with: None, an empty text, NaN, a type that is no answer (`is_strange`).
    """
    if gold is None or is_strange(gold):
        return None
    if isinstance(gold, float):
        return _decimal(gold)
    text = str(gold)
    if "####" in text:
        text = text.rpartition("####")[2].strip().partition("\n")[0]
    elif _BOX.search(text):
        text = _held(text, [*_BOX.finditer(text)][-1])[0] or ""
    elif _STATED.search(text):
        text = stated(text) or text
    text = re.sub(r"<<[^<>]*>>", "", text).strip()
    return text if normalise(text[:4000]) else None


def is_strange(gold: Any) -> bool:
    """Whether an entry of a gold column is of a type that is no answer: a list, a mapping, a bool."""
    return isinstance(gold, bool) or not (gold is None or isinstance(gold, str | int | float | Fraction | Decimal))


def _decimal(number: float) -> str | None:
    """Without an exponent, and a whole number without decimals: what a column of floats was meant to say."""
    if not math.isfinite(number):
        return None
    if number == int(number) and abs(number) < 10**16:
        return str(int(number))
    short = format(number, ".15g")  # 0.1 + 0.2 was meant to be 0.3, and 1/3 is known to 15 digits
    return format(Decimal(short if len(short) < 15 else repr(number)), "f")


def without_thought(reply: str) -> str:
    """The reply without its thinking passages: from the opening tag, or from the beginning, to the closing one; one
    that never ends takes the rest."""
    ends = [match.end() for match in _THOUGHT_END.finditer(reply)]
    return _THOUGHT.sub(" ", reply[ends[-1] :] if ends else reply)


def boxed(text: str) -> str | None:
    """What a reply's last box holds (of boxes within each other the innermost); None if it is empty or does not close.

    Boxes that one sentence joins by `or` or a comma are offered together: all that they hold, as a list.
    """
    matches = [*_BOX.finditer(text)][-MAX_BOXES:]
    if not matches:
        return None
    held, _ = _held(text, matches[-1])
    offered = [held] if held else []
    for earlier, later in zip(matches[-2::-1], matches[:0:-1], strict=True):
        inside, end = _held(text, earlier)
        if not offered or not inside or end > later.start() or not _JOINED.fullmatch(text, end, later.start()):
            break
        offered.insert(0, inside)
    different = [*dict.fromkeys(offered)]
    return " or ".join(different) if len(different) > 1 else held


def _held(text: str, match: re.Match[str]) -> tuple[str | None, int]:
    """(what a box holds, where it ends); (None, the text's end) if it does not close."""
    start = match.end()
    if not text.startswith("{", start):  # `\boxed 5`: TeX would take one sign; people mean the word
        word = re.compile(r"[^\s$\\{}]+").match(text, start)
        return (word[0], word.end()) if word else (None, len(text))
    end = closing(text, start)
    return (text[start + 1 : end].strip() or None, end + 1) if end >= 0 else (None, len(text))


def stated(text: str) -> str | None:
    """What follows the last mark of a stated answer, to the end of its sentence; None if no mark is there."""
    tagged = _last_tag(text)
    if tagged is not None:
        return (boxed(tagged) or "") if _BOX.search(tagged) else tagged
    for match in reversed([*_STATED.finditer(text)]):
        if _DENIED.search(text[max(0, match.start() - 30) : match.start()].rpartition("\n")[2]):
            return f"not {_sentence(text[match.end() : match.end() + MAX_STATEMENT])}"
        sentence = _sentence(text[match.end() : match.end() + MAX_STATEMENT].lstrip(" \t*_:,\n"))
        if _BOX.search(sentence):
            return boxed(sentence) or ""
        if match[0].startswith("####") or ":" in match[0] or _is_short(sentence):
            return sentence
    return None


def _last_tag(text: str) -> str | None:
    """Inside the last <answer>…</answer>; or behind a last <answer> that never closes (a stop string, or no room left),
    where nothing but an answer follows."""
    lowered = text.lower()
    end = lowered.rfind("</answer>")
    unclosed = lowered.rfind("<answer>", max(end, 0))
    if unclosed >= 0 and (line := whole_reply(text[unclosed + len("<answer>") :])):
        return line
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
        display = _DISPLAY.match(text)
        if display:
            return next(group for group in display.groups() if group).strip()
    sentence = _SENTENCE_END.split(text, maxsplit=1)[0]
    for _ in range(3):  # "indeed just 5"
        sentence = _ADVERB.sub("", sentence, count=1) if _ADVERB.match(sentence) else sentence
    return _REASON.split(sentence, maxsplit=1)[0].strip(" \t*_`").strip()


def whole_reply(text: str) -> str | None:
    """The reply itself, where it is one short line that reads as an answer and hardly has other words."""
    whole = re.sub(r"^[-*+•–—]\s+", "", text.strip()).strip("*_`").strip()
    whole = _INTERJECTION.sub("", whole)
    line = unlabelled(whole)
    if line != whole and "=" in line:  # `Cost a mile: $104 / 52 = $2` ends on its value
        return None
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
