r"""What is said beside the answer: a check, a note or a farewell after it, the reason that its sentence ends on.

    "x = 7\n\nLet me check: 2*7+1 = 15. Correct!"           ->  "x = 7"
    "She earns $450.\n\nNote: this assumes a 5-day week."   ->  "She earns $450."
    "He needs 12 days, since 1/20 + 1/30 = 1/12."           ->  "He needs 12 days."

Only by a sure sign. A check must end by saying that it holds, a note may only say what was assumed; what takes
something back, offers another value or concludes anew stays, and so does what follows no sentence with a number.
"""

import re
from itertools import pairwise

MAX_AFTERWORDS = 4
_BREAK = re.compile(r"(?<=[.!?✓])[\"')*]*\s+(?=[A-Z*(\d$\\])|\s*\n\s*")
_MARK = re.compile(
    r"[>*_(\s-]*(?:(?P<check>(?:let(?:'s| us| me) |to |quick |i (?:can|will) )?(?:double[- ])?"
    r"(?:check(?:ing)?|verify(?:ing)?|verification))|(?P<note>(?:please )?note\b|this assumes)"
    r"|(?P<farewell>let me know|(?:great|good) question|(?:i )?hope (?:this|that|it)|feel free|happy to))\b",
    re.IGNORECASE,
)
_HOLDS = re.compile(
    r"[,;.!:]?\s*(?:\b(?:so|and|which|that)\s+)?"
    r"(?:\b(?:it|this|that|everything|the (?:answer|equation|check|solution|value))(?:\s+is|'s)?\s+|is\s+)?"
    r"(?:[✓✔✅☑]|\b(?:indeed )?(?:correct|works|checks? out|holds|true|verified|confirmed|right"
    r"|matches|as (?:expected|required|given)))[\s.!)*✓✔✅]*$",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\b(?:not|no|never|\w+n't|wrong|incorrect\w*|mistake\w*|errors?|but|however|instead|actually|wait|answers?|results?"
    r"|solutions?|values?|should|must|correction|corrected|oops|hmm|sorry|gives?|yields|leaves|equals?|becomes)\b",
    re.IGNORECASE,
)
_ANEW = re.compile(
    r"\b(?:so|therefore|thus|hence|then|final|total|also|another|others?|alternative\w*|if|unless|may|might|could|would|or"
    r"|either|really|rather|without|exact(?:ly)?|precise(?:ly)?)\b|\?",
    re.IGNORECASE,
)
_ASSUMED = re.compile(r"\b(?:assum\w+|rounded|rounding|ignor\w+|neglect\w+|based on|do(?:es)? not include|exclud\w+)\b")
_OFFER = re.compile(r"\s+(?:(?:more|other|further|similar)\s+)?(?:examples?|problems?|questions?|steps?|exercises?)\b")
_GIVEN = re.compile(r"[a-zA-Z]\s*=\s*(-?[\d.,/]*\d)", re.ASCII)
_REASON = re.compile(
    r",?\s+because\b|,\s+(?:since|given that|as(?! (?:well|many|much|long|soon|far|if|opposed|of|few|little)\b))\s",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(
    r"\b(?:so|therefore|thus|hence|then|total|answer|leaving|leaves|means|meaning|finally|not|or|maybe|perhaps|guess|but|however|instead"
    r"|wait|actually|should|must|wrong|mis\w+)\b|n't\b|[?;]",
    re.IGNORECASE,
)


def without_asides(text: str) -> str:
    """A reply's text without what surely only stands beside the answer that it ends on."""
    return _without_reason(_without_afterword(text.rstrip()))


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence or line of a text begins and ends."""
    ends = [(match.start(), match.end()) for match in _BREAK.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    return [
        (start, end)
        for start, end in zip(starts, [*(start for start, _ in ends), len(text)], strict=True)
        if end > start
    ]


def _without_afterword(text: str) -> str:
    for _ in range(MAX_AFTERWORDS):
        spans = sentences(text)
        for (start, end), (behind, _) in reversed([*pairwise(spans)]):
            said, rest = text[start:end], text[behind:].strip()
            mark = _MARK.match(rest)
            again = mark and mark["check"] and any(_checks(text[slice(*span)]) for span in spans if span[1] <= start)
            if not mark or again or "?" in said or not any(map(str.isdigit, said)):  # checked twice: two answers
                continue
            if _is_aside(mark, rest[mark.end() :], said):
                text = text[:end].rstrip()
                break
        else:
            return text
    return text


def _checks(sentence: str) -> bool:
    mark = _MARK.match(sentence)
    return bool(mark and mark["check"])


def _is_aside(mark: re.Match[str], rest: str, said: str) -> bool:
    """Whether what follows a mark only checks, notes or takes leave, and says nothing else."""
    if mark["check"]:
        return _is_check(rest, said)
    figures = [*re.finditer(r"\d[\d.,]*", rest)]
    if _OTHERWISE.search(_ASSUMED.sub("", rest)) or "=" in rest or len(figures) > 1:
        return False
    if mark["farewell"]:
        return not figures or bool(_OFFER.match(rest, figures[0].end()))
    assumed = _ASSUMED.search(mark[0] + rest)
    return bool(assumed) and not _ANEW.search(rest) and not (figures and "," in rest[figures[0].end() :])


def _is_check(rest: str, said: str) -> bool:
    """Whether it is work on a number of the sentence before, in equations, that holds; no name gets another value."""
    work = _HOLDS.sub("", rest)
    if work == rest or _OTHERWISE.search(work) or _ANEW.search(work):
        return False
    named = all(said.rstrip(".!*$ ").endswith(number) for number in _GIVEN.findall(work))
    used, stated = _numbers(work.replace("/", " ")), _numbers(said.replace("/", " "))
    return named and (not used or ("=" in work and not used.isdisjoint(stated)))


def _without_reason(text: str) -> str:
    """Without `because …` behind a main clause with a number, in the sentence of the last number."""
    numbered = [span for span in sentences(text) if any(map(str.isdigit, text[slice(*span)]))]
    if not numbered:
        return text
    start, end = numbered[-1]
    for match in _REASON.finditer(text, start, end):
        said, (_, computed, result) = _numbers(text[start : match.start()]), text[match.end() : end].rpartition("=")
        # "200 more pages to reach 800 because 800 - 600 = 200": the reason says which of the numbers is meant
        if said and not (computed and said & _numbers(result)) and not _CONCLUSION.search(text, match.end(), end):
            return text[: match.start()] + "." + text[end:]
    return text


def _numbers(text: str) -> set[str]:
    return {*re.findall(r"\d+(?:\.\d+)?(?:/\d+)?", re.sub(r"(?<=\d),\s?(?=\d{3})", "", text))}
