"""Garbage: text decoded wrongly, and symbols, letters and bytes that say nothing.

Each rule returns the garbage that it found in a text, or "". What in a prompt excuses it stands in `repetition.RULES`.
"""

import re
import unicodedata
from functools import lru_cache

INVISIBLE = re.compile("[\\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe0e\ufe0f\ufeff\x00-\x1f\x7f-\x9f]+")
CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef]")
ENTITY = re.compile(r"&(?:nbsp|amp|quot|lt|gt|apos|#39|#x27|#160|rsquo|lsquo|rdquo|ldquo|mdash|ndash);")
# Base64: one long run, or lines of one length. Hexadecimal: bytes one after another, or digests in a row.
SUSPECT = re.compile("[^\x00-\x7f]{2}|[ÃÂâ] ")  # wrong decoding makes two characters of one
BLOB = re.compile(
    r"(?<![A-Za-z0-9+/=_.-])[A-Za-z0-9+/_-]{88,}={0,2}|(?:^[A-Za-z0-9+/]{48,76}={0,2}\n?){3,}", re.MULTILINE
)
HEX = re.compile(
    r"(?<![\w#])(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s,]{1,3}){24,}|(?<![\w/])[0-9a-fA-F]{96,}(?!\w)|"
    r"(?:^[0-9a-fA-F]{4,8}:?\s+(?:[0-9a-fA-F]{2,4}\s+){6,}[^\n]{0,40}\n?){2,}",
    re.MULTILINE,
)
PUNCTUATION = re.compile(r"(?:[!-/:-@\[-`{-~§¶±¬][ \t]{0,2}){16,}")
BRACKETS = re.compile(r"(?:[()\[\]{}<>][ \t]{0,2}){16,}")
COMBINING = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{3,}")
LATEX_COMMAND = re.compile(r"\\[A-Za-z]{2,}|\\[\[(]")
WORD = re.compile(r"[^\W\d_]+")
SCRIPTS = ((0x24F, "latin"), (0x3FF, "greek"), (0x52F, "cyrillic"), (0x58F, "armenian"), (0x5FF, "hebrew"))


def find_mojibake(text: str) -> str:
    """The first stretch of UTF-8 read as another encoding, or of U+FFFD, or ""."""
    if text.isascii():
        return ""
    if "\ufffd" not in text and not SUSPECT.search(text):
        return ""
    if (lost := text.count("\ufffd")) >= 2 or (lost and lost >= 0.01 * len(text)):
        return text[max(0, text.index("\ufffd") - 20) :][:60]
    from ftfy import fix_encoding
    from ftfy.badness import BADNESS_RE

    bad = BADNESS_RE.search(text)
    if bad and fix_encoding(line := text[max(0, bad.start() - 40) : bad.end() + 40]) != line:
        return line
    return ""


def find_symbols(text: str) -> str:
    """Control characters, a text nearly without letters, or a long stretch of mixed punctuation or rare symbols."""
    if len(control := CONTROL.findall(text)) >= 3 or (control and len(control) >= 0.02 * len(text)):
        return repr(text[:60])
    marks = "".join(text.split()) if text.isascii() else INVISIBLE.sub("", text)
    if len(marks) < 20 or ("\\" in text and LATEX_COMMAND.search(text)):
        return ""
    letters = sum(map(str.isalnum, marks)) + sum(unicodedata.category(mark)[0] == "M" for mark in set(marks))
    if letters < 0.35 * len(marks) and len(marks) >= 40:
        return text.strip()[:60]
    if len(marks) - letters < 12:
        return ""
    for soup in PUNCTUATION.finditer(text):
        if len(set(soup[0])) >= 8 or (BRACKETS.match(soup[0]) and len(set(soup[0])) >= 4):
            return soup[0][:60]
    return "" if text.isascii() else _find_rare_symbols(marks)


def _find_rare_symbols(marks: str) -> str:
    """Dingbats, private and unassigned characters and the like as a third of a text; stacked accents; mixed scripts."""
    counts = {mark: marks.count(mark) for mark in set(marks)}
    rare = {mark: number for mark, number in counts.items() if _is_rare(mark)}
    if len(rare) >= 6 and sum(rare.values()) >= max(12, 0.3 * len(marks)):
        return "".join(rare)[:60]
    if len(stacks := COMBINING.findall(marks)) >= 5:
        return stacks[0][:20]
    return ""


@lru_cache(maxsize=20_000)
def _is_rare(mark: str) -> bool:
    """A symbol outside running text; emoji, arrows and the signs of mathematics are none."""
    point = ord(mark)
    if point < 0xA1 or 0x2010 <= point <= 0x205E or 0x2190 <= point <= 0x22FF or point >= 0x1F000:
        return point >= 0xE0000
    return unicodedata.category(mark) in ("So", "Co", "Cn", "Cs", "Sk", "Lm") or 0x2300 <= point <= 0x2BFF


def find_mixed_scripts(text: str) -> str:
    """Words whose letters are of several alphabets ("хpиt"), as a third of all words, or ""."""
    if text.isascii():
        return ""
    words = WORD.findall(text[:4000])
    mixed = [word for word in words if not word.isascii() and len({_alphabet(letter) for letter in word} - {""}) > 1]
    return " ".join(mixed[:6]) if len(mixed) >= 4 and len(mixed) >= 0.3 * len(words) else ""


@lru_cache(maxsize=5_000)
def _alphabet(letter: str) -> str:
    return next((name for end, name in SCRIPTS if ord(letter) <= end), "")


def find_bytes(text: str) -> str:
    """A long run of base64, told from words, DNA and bits by its mixture of characters, or of hexadecimal, or ""."""
    parts = text.split()
    if max(map(len, parts), default=0) < 48 and sum(map(str.isdigit, text)) < 8:
        return ""
    for blob in BLOB.finditer(text):
        run = blob[0][:2000]
        kinds = sum(bool(re.search(kind, run)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
        if kinds == 3 and len(set(run)) >= 28 and len(re.findall(r"[a-z][A-Z0-9]", run)) >= 0.1 * len(run):
            return run[:60]
    for dump in HEX.finditer(text):
        if len(set(dump[0].lower()) & set("abcdef")) >= 3 and re.search(r"\d", dump[0]):
            return dump[0][:60]
    return ""


def find_entities(text: str) -> str:
    """Three character references of HTML in plain text, or ""."""
    return " ".join(found[:3]) if "&" in text and len(found := ENTITY.findall(text)) >= 3 else ""
