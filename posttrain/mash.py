"""Words that no language has: letters struck at random on a keyboard."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

NO_WORD = re.compile(
    r"https?://\S+|\w+(?:[_./@]\w+)+|\b[a-z]+[A-Z]\w*|`[^`\n]*`"
)  # addresses, paths, names in programs
WORD = re.compile(r"[^\W\d_]+")
# Letter pairs that hardly occur in European languages written in Latin letters, accents removed, by first letter.
RARE_PAIRS = {
    first + second
    for first, seconds in {
        "b": "cdghmpqvxz", "c": "bdfgmpwx", "d": "x", "f": "cdkmpqvwx", "g": "cfqvxz", "h": "chkqxz", "i": "w",
        "j": "bcfghjklpqrvxyz", "k": "qvxz", "m": "ghqvxz", "p": "bckqvwxz", "q": "bcdefghjkmnopqrstwxyz", "r": "x",
        "s": "x", "t": "q", "u": "q", "v": "bfghmpqtvwxz", "w": "bfgjmpqvx", "x": "bdfghjklnqrsvwxz", "y": "qxz",
        "z": "fjqrsx",
    }.items()
    for second in seconds
}  # fmt: skip
KEY_ROWS = re.compile(
    r"qwer|wert[yz]|rtyu|tyui|asdf|sdfg|dfgh|fghj|ghjk|hjkl|jklö|zxcv|xcvb|cvbn|vbnm|lkjh|fdsa|poiu|rewq"
)
CONSONANTS = re.compile(r"[b-df-hj-np-tv-xz]{5,}")
VOWELS = frozenset("aeiouyæœøıаеиоуыэюяєіїё")


def find_mash(text: str) -> str:
    """Words of letters struck at random, four and more and most of what follows the first of them, or ""."""
    if "\\" in text:  # LaTeX: \\sqrt is no word
        return ""
    if sum(map(_is_mashed, WORD.findall(text[:4000]))) < 2:
        return ""
    words = [word for word in WORD.findall(NO_WORD.sub(" ", text[:4000])) if len(word) > 1]
    struck = [_is_mashed(word) for word in words]
    if sum(struck) < 2:
        return ""
    first, last = struck.index(True), len(struck) - 1 - struck[::-1].index(True)
    weight = sum(max(1, len(word) // 8) for word, bad in zip(words, struck, strict=True) if bad)
    if weight >= 4 and sum(struck) >= 0.6 * (last + 1 - first) and sum(struck) >= min(6, 0.5 * len(words)):
        return " ".join(words[first:])[:60]
    return ""


@lru_cache(maxsize=20_000)
def _is_mashed(word: str) -> bool:
    """Whether a word of Latin letters cannot be one: no vowel, five consonants, a row of keys, or rare letter pairs."""
    if len(word) < 4 or word.isupper() or ord(max(word)) > 0x24F:
        return False
    letters = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    rare = sum(first + second in RARE_PAIRS for first, second in pairwise(letters))
    if not rare and len(letters) < 6 and re.search(r"[a-z][rl][a-z]", letters):
        return False  # Slavic words of which r or l is the vowel
    if VOWELS.isdisjoint(letters) or KEY_ROWS.search(letters):
        return True
    return rare >= max(1, 0.12 * len(letters)) or (bool(CONSONANTS.search(letters)) and len(letters) < 12)
