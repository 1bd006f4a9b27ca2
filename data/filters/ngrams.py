"""Words and n-grams of a text, in the form in which near duplicates and contamination are compared.

`words` folds whatever two copies of one text may differ in without being two texts: case, punctuation, quotes, Unicode
forms, invisible characters, HTML entities, `1,000` against `1000`, `\\$` against `$`. `ngram_hashes` turns a text of
words into one 64-bit number per n-gram, the same in every process and on every machine.
"""

import functools
import html
import re
import unicodedata

import numpy as np
from numpy.typing import NDArray

BORDER = "\0"  # stands between two messages as a word of its own; no text holds it once `words` is through
_THOUSANDS = re.compile(r",(?<=\d,)(?=\d{3}(?!\d))|(?:\{,\}|\\,)(?=\d{3}(?!\d))")  # 1,000 and LaTeX's 1{,}000, 1\,000
_DECIMAL = re.compile(r"\.(?<=\d\.)(?=\d)")
_NUMBER = re.compile(r"\d+(?:p\d+)*", re.ASCII)
_DELETED = "'`´‘’‛ʼʹ\ufe0e\ufe0f"  # apostrophes, so that it's = its = it’s, and the variants of an emoji
_MINUS = "−⁄"  # symbols to Unicode, punctuation to us
# Scripts written without spaces between words: every character is a word.
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class _Fold(dict[int, str | None]):
    """What `str.translate` puts for each character; worked out when the character is first met."""

    def __missing__(self, code: int) -> str | None:
        self[code] = folded = _fold(chr(code))
        return folded


def _fold(char: str) -> str | None:
    kind = unicodedata.category(char)
    if char in _DELETED or kind == "Cf":
        return None
    if kind == "Nd":
        return str(unicodedata.digit(char))
    if _SPACELESS.match(char) or (kind in ("So", "Sm") and not char.isascii() and char not in _MINUS):
        return f" {char} "
    return char if kind[0] in "LMN" else " "


_FOLD = _Fold()


def words(text: str) -> str:
    """The words of `text`, folded, with one space between each two. A decimal point becomes `p`: 3.5 is one word."""
    if "&" in text:
        text = html.unescape(text)
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _DECIMAL.sub("p", _THOUSANDS.sub("", text))
    return " ".join(text.translate(_FOLD).split())


def mask_numbers(text: str) -> str:
    """`words` with every number as 0; there are as many words as before."""
    return _NUMBER.sub("0", text)


def ngram_hashes(text: str, n: int) -> NDArray[np.uint64]:
    """One 64-bit hash per run of `n` words in `text` (words with one space between), in order.

    A polynomial hash modulo 2^64: with prefix sums of character · base^position every run costs one subtraction.
    """
    raw = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    spaces = np.flatnonzero(raw == 32)
    if not raw.size or spaces.size + 1 < n:
        return np.empty(0, np.uint64)
    starts = np.concatenate(([0], spaces[: spaces.size + 1 - n] + 1))
    ends = np.append(spaces[n - 1 :], raw.size)
    powers, inverses = _powers(1 << max(12, raw.size.bit_length()))
    prefix = np.zeros(raw.size + 1, np.uint64)
    np.cumsum(_CHARACTERS[raw] * powers[: raw.size], out=prefix[1:])
    hashes = (prefix[ends] - prefix[starts]) * inverses[starts]
    hashes ^= hashes >> np.uint64(32)
    hashes *= np.uint64(0xD6E8FEB86659FD93)
    return hashes ^ (hashes >> np.uint64(32))


_BASE = 0x9E3779B97F4A7C15  # odd, hence with an inverse modulo 2^64
_CHARACTERS = np.random.Generator(np.random.PCG64(8)).integers(1, 1 << 63, 256).astype(np.uint64)


@functools.lru_cache(maxsize=4)
def _powers(length: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """base^0, base^1, … and base^0, base^-1, … modulo 2^64."""

    def series(base: int) -> NDArray[np.uint64]:
        factors = np.full(length, base, np.uint64)
        factors[0] = 1
        return np.cumprod(factors)

    return series(_BASE), series(pow(_BASE, -1, 1 << 64))
