"""Text as the unsafe filter reads it: in lower case, unmasked, without quotations, and sorted out by its words.

plain      no capitals, invisible characters or look-alike letters
disguised  words behind leetspeak (sh1t), masks (f*ck) or spacing (f u c k)
unquoted   blanks for quotations and code
Needs      what a text must hold before a costly pattern is tried on it"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from posttrain.data.filters.safety_phrases import (
    INVISIBLE,
    LATIN,
    LEET,
    LETTER_AND_SIGN,
    MASKABLE,
    MIXED,
    OBFUSCATED,
    QUOTED,
    QUOTES,
    SPACED,
    STRETCHED,
    TOKEN,
    TRIPLES,
)


def plain(text: str) -> str:
    """The text in lower case, without invisible characters and look-alike letters."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text.translate(INVISIBLE)).lower()
    return MIXED.sub(lambda word: word[0].translate(LATIN), text)


def disguised(text: str) -> Iterator[tuple[str, int, int]]:
    """(word, start, end) of words behind leetspeak (sh1t), masks (f*ck) or spacing (f u c k)."""
    for token in TOKEN.finditer(text) if LETTER_AND_SIGN.search(text) else ():
        word = token[0].strip("!|+")
        if not 3 <= len(word) <= 16 or not re.search("[a-z]", word):
            continue
        masked = "*" in word or "#" in word
        found = _unmasked(word) if masked else re.sub(r"(.)\1{2,}", r"\1", word.translate(LEET))
        if found and (masked or OBFUSCATED.fullmatch(found)):
            yield found, token.start(), token.end()
    for token in STRETCHED.finditer(text) if any(map(text.__contains__, TRIPLES)) else ():
        word = re.sub(r"(.)\1{2,}", r"\1", token[0])
        if OBFUSCATED.fullmatch(word):
            yield word, token.start(), token.end()
    for token in SPACED.finditer(text):
        word = re.sub(r"[ ._*-]", "", token[0]).translate(LEET)
        if OBFUSCATED.fullmatch(word):
            yield word, token.start(), token.end()


def _unmasked(word: str) -> str:
    """The strong word that a mask leaves: its first letter stands, and a second or the last."""
    word = re.sub(r"^[*#]+(?=\w)|(?<=[\w])[*#]+$", "", word) if word.strip("*#").isalpha() else word
    if not word[:1].isalpha() or len(re.sub(r"[^a-z]", "", word)) < 2:
        return ""
    pattern = re.compile(re.sub(r"[*#]+", lambda mask: f"[a-z]{{{len(mask[0])}}}", re.sub(r"[^\w*#]", "", word)))
    return next((strong for strong in MASKABLE if pattern.fullmatch(strong)), "")


def unquoted(text: str) -> str:
    """The text with blanks for its quotations and code."""
    if not any(map(text.__contains__, QUOTES)):
        return text
    return QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)


@dataclass(frozen=True)
class Needs:
    """What a text must hold before a costly pattern is tried on it."""

    heads: frozenset[str]
    strings: tuple[str, ...]
    foreign: tuple[str, ...]

    @classmethod
    def of(cls, stems: Iterable[str]) -> "Needs":
        """From stems of words; one that ends in a space is a whole word, one with a space within is a string."""
        words = [stem for stem in stems if stem.isascii() and stem.rstrip().isalnum()]
        return cls(
            frozenset(_key(stem) for stem in words),
            tuple(stem for stem in stems if stem.isascii() and stem not in words),
            tuple(stem for stem in stems if not stem.isascii()),
        )

    def met(self, text: str, heads: set[str]) -> bool:
        """Whether the text, whose words begin with `heads`, may hold one of the stems."""
        return (
            not self.heads.isdisjoint(heads)
            or any(map(text.__contains__, self.strings))
            or (not text.isascii() and any(map(text.__contains__, self.foreign)))
        )


def _key(stem: str) -> str:
    """The entry of `_heads` that words with this stem have."""
    if stem.endswith(" "):
        return stem
    return stem[:6] if len(stem) >= 6 else stem[:4] if len(stem) >= 4 else f"{stem} "


def heads_of(text: str) -> set[str]:
    """Every word with a space after it, and its first four and six letters."""
    words = set(re.findall(r"\w+", text))
    return {f"{word} " for word in words} | {word[:4] for word in words} | {word[:6] for word in words}
