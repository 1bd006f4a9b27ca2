"""The share of a text that repeats itself: what runs in a loop, and what was said before.

Plain n-gram diversity (2502.03373, appendix C.2; TRL's get_repetition_penalty_reward) also punishes length, code,
tables and refrains. Here two things are measured on words, single characters of scripts without spaces, and signs:

- *loops*: stretches where a unit of 1–160 tokens follows on itself, at least 3 (long units) to 12 times (one token),
  in code, formulas and tables 8 to 40 times. Numbers that change hide no loop: "Step 1: think. Step 2: think. …";
- *echoes*: words within an n-gram that occurred before (6 words, 12 characters without spaces).

Each has an allowance, and what is beyond it counts in proportion: a tenth for loops, for echoes a third of running text
and 70 % of code and the like, whose lines are alike by nature. The larger of the two is the share.
"""

import re
from collections.abc import Iterator

import numpy as np

from posttrain.prose import FENCE, FORMULAS

READ = 40_000  # characters; of a longer text the first and last halves of so many
LONGEST_UNIT = 160  # tokens
ALLOWED_LOOPS, ALLOWED_ECHOES, ALLOWED_ECHOES_IN_CODE = 0.1, 1 / 3, 0.7
LEAST = 60  # words: in fewer nothing is an echo

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
TOKEN = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])\w)+|[^\w\s]")
# One character over and over, longer than any word, number or ruled line: told character by character.
RUN = re.compile(r"([^\W\d_])\1{9,}|(\d)\2{39,}|([^\w\s]|_)\3{119,}")
RULE = re.compile(r"([-=_*#~+.|/\\─━═│·•])\1{2,}")  # a ruled line, an ellipsis
NUMBER = re.compile(r"\d+")
LONGEST_FORMULA = 3000  # characters: what is longer between two signs of mathematics is text
TABLE_ROW = re.compile(r"^[^\n|]*\|[^\n|]*\|[^\n]*$", re.MULTILINE)


def repeated_share(text: str) -> float:
    """Share of the text that repetition makes up, 0–1, beyond what is allowed; 0 for an empty text."""
    if len(text) > READ:
        text = text[: READ // 2] + "\n" + text[-READ // 2 :]
    parts = [(tokens, is_code) for part, is_code in _split(text) if (tokens := _tokens(part))]
    total = sum(len(tokens) for tokens, _ in parts)
    if not total:
        return 0.0
    looped = sum(_count_looped(tokens, is_code) for tokens, is_code in parts) / total
    echoed = sum(_echo_share(tokens, is_code) * len(tokens) for tokens, is_code in parts) / total
    return max(_beyond(looped, ALLOWED_LOOPS), echoed)


def _beyond(share: float, allowed: float) -> float:
    return max(0.0, (share - allowed) / (1 - allowed))


def _split(text: str) -> Iterator[tuple[str, bool]]:
    """(running text, False) and (code blocks, formulas, drawings and table rows, True)."""
    code = [match[2] for match in FENCE.finditer(text)]
    text = FENCE.sub("\n", text)

    def taken(match: re.Match[str]) -> str:
        if len(match[0]) > LONGEST_FORMULA and not match[0].startswith("[asy]"):
            return match[0]
        code.append(match[0])
        return ""

    for pattern in (FORMULAS, TABLE_ROW):
        text = pattern.sub(taken, text)
    yield text, False
    yield "\n".join(code), True


def _tokens(text: str) -> list[str]:
    """Words in lower case, single characters of scripts without spaces, and signs."""
    text = RUN.sub(lambda run: f" {' '.join(run[0])} ", text)
    return TOKEN.findall(RULE.sub(" ", text).lower())


def _count_looped(tokens: list[str], is_code: bool) -> int:
    """Tokens that stand in a loop, where numbers count as they are or all as the same."""
    masked = [NUMBER.sub("0", token) for token in tokens]
    looped = _looped(tokens, is_code)
    if masked != tokens and not is_code:
        looped |= _looped(masked, is_code, counting=True)
    return int(looped.sum())


def _looped(tokens: list[str], is_code: bool, counting: bool = False) -> np.ndarray:
    """(N,) bool: the tokens in a stretch that equals itself when it is moved by the length of a unit."""
    number: dict[str, int] = {}
    ids = np.array([number.setdefault(token, len(number)) for token in tokens], dtype=np.int32)
    word = np.array([token[0].isalpha() for token in tokens])
    looped = np.zeros(len(ids), dtype=bool)
    for unit in range(1, min(LONGEST_UNIT, len(ids) // 3) + 1):
        least = 8 if counting else _least_repeats(unit, is_code)
        if unit * least > len(ids):
            continue
        same = ids[unit:] == ids[:-unit]
        if np.count_nonzero(same) < unit * (least - 1):
            continue
        edges = np.flatnonzero(np.diff(same, prepend=False, append=False))
        starts, ends = edges[::2], edges[1::2] + unit
        for at in np.flatnonzero(ends - starts >= unit * least):
            start, end = starts[at], ends[at]
            words = int(word[start : start + unit].sum())
            if (words or end - start >= 40 * unit) and not (counting and words < 4):
                looped[start:end] = True
    return looped


def _least_repeats(unit: int, is_code: bool) -> int:
    """How often a unit of so many tokens must follow on itself to be a loop."""
    if is_code:
        return 40 if unit == 1 else 16 if unit < 12 else 8
    return 12 if unit == 1 else 6 if unit < 5 else 5 if unit < 12 else 3


def _echo_share(tokens: list[str], is_code: bool) -> float:
    """Share of the words that were said before, within an n-gram, beyond the allowance."""
    words = [token for token in tokens if token[0].isalnum()]
    if len(words) < LEAST:
        return 0.0
    unspaced = sum(re.match(rf"[{UNSPACED}]", word) is not None for word in words)
    size = 12 if unspaced > len(words) / 2 else 6
    seen: set[tuple[str, ...]] = set()
    echoed = np.zeros(len(words), dtype=bool)
    for at in range(len(words) - size + 1):
        gram = tuple(words[at : at + size])
        if gram in seen:
            echoed[at : at + size] = True
        seen.add(gram)
    return _beyond(float(echoed.mean()), ALLOWED_ECHOES_IN_CODE if is_code else ALLOWED_ECHOES)
