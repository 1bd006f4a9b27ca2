"""Rows that say what an earlier row of the mixture says: the same, or nearly so.

Exact: the same 16-byte hash of all messages, with Unicode forms, case and white space folded. Near: at least `near` of
the runs of three words (shingles) that two rows hold are held by both (Jaccard). Words are those of `ngrams.words`, so
that punctuation and markup make no difference; a message's first and last word also make a run with its border.

Candidates come from MinHash signatures, cut into bands and looked up in hash tables (locality-sensitive hashing): two
rows at the limit meet with a probability of 0.99. Each candidate is then verified on the shingles themselves: those of
a row are kept as 16-bit numbers, all up to `SKETCH` of them and beyond that the sample whose hashes lie below a power
of two, which two rows draw alike. A Jaccard over 16-bit numbers is exact to 0.003; one over a sample has a standard
error of about 0.03. Rows that look alike and are not the same are told apart by three rules:

- The numbers, and the operators between numbers or single letters, that the user wrote must be the same, in order:
  "What is 3+4?" and "What is 3+5?" are two problems, and so are two word problems that differ in one number.
- The Jaccard must be reached without the system messages too: rows that share a long system prompt share nothing else.
- Neither what was asked nor what was replied may be altogether different: questions about one long passage are not
  duplicates of each other.
"""

import math
import re
import struct
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from posttrain.data import conversation
from posttrain.data.filters import Finding, Row
from posttrain.data.filters.ngrams import BORDER, ngram_hashes, words
from posttrain.errors import UserError

WORDS = 3  # words a shingle
BANDS = 12
LONGEST_BAND = 10  # hashes; bounds the signature for a `near` close to 1
SKETCH = 256  # shingles of a row kept for verification
ANOTHER = 0.2  # below this Jaccard, what was asked (or replied) is something else
STEPS, CANDIDATES = 32, 32  # entries looked at in a band, rows verified: bounds where thousands of rows are alike
ROLES = ("system", "user", "assistant")
START = 32  # characters of a row kept, to show which one it was
_OPERATOR = re.compile(r"[-+*/^=<>](?:(?<=\b\w.)|(?<=\b\w\s.)|(?<=[\d)].)|(?<=[\d)]\s.))(?=\s?(?:[\d(]|\w\b))")
_NUMBER = re.compile(r"\d+(?:p\d+)*", re.ASCII)
_ONE_SIGN = str.maketrans("−–×·÷", "--**/")
_HEADER = struct.Struct("<16s8sI3B3H")  # digest, formulas, source, levels and sizes of the three samples
_RANDOM = np.random.Generator(np.random.PCG64(7))
_FLIPS, _FACTORS = _RANDOM.integers(0, 1 << 32, (2, BANDS * LONGEST_BAND), np.uint32)
_FACTORS |= np.uint32(1)
_MIX = _RANDOM.integers(0, 1 << 63, LONGEST_BAND).astype(np.uint64) | np.uint64(1)
_TAGS = _RANDOM.integers(0, 1 << 63, len(ROLES)).astype(np.uint64)  # a user's shingle is not an assistant's

Shingles = list[NDArray[np.uint64]]  # one array of distinct hashes per role


class Sample(NamedTuple):
    """The shingles of one role whose hash begins with `level` zero bits, as the 16 bits after those; sorted."""

    level: int
    values: NDArray[np.uint16]


@dataclass
class Duplicates:
    """Drops a row that an earlier row of any source equals (`exact:…`) or resembles (`near:…`); the first one stays.

    near: least Jaccard of three-word shingles from 0.5 to 1, null for exact duplicates only · by: "conversation"
    compares all messages, "prompt" what system and user say (a question with one other word may still be another one:
    0.9 suits prompts better). A reason ends with `within` if the earlier row has the same source, else with `across`;
    the excerpt is that row's id and how it begins. Holds about 600 bytes for each row of 150 words that it keeps, at
    most 900 for a longer one. Raises UserError for a bad setting.
    """

    near: float | None = 0.8
    by: str = "conversation"
    stateful: bool = True

    def __post_init__(self) -> None:
        is_number = isinstance(self.near, int | float) and not isinstance(self.near, bool)
        if self.near is not None and not (is_number and 0.5 <= self.near <= 1):
            raise UserError(f"filter duplicates: `near` must be a share from 0.5 to 1, or null, not {self.near!r}")
        if self.by not in ("conversation", "prompt"):
            raise UserError(f"filter duplicates: `by` must be conversation or prompt, not {self.by!r}")

    @cached_property
    def _seen(self) -> "_Seen":
        return _Seen(self.near)

    def __call__(self, row: Row) -> Finding | None:
        messages = [
            (role, text)
            for role, text in conversation.texts(row)
            if text.strip() and (self.by == "conversation" or role != "assistant")
        ]
        return self._seen.find_or_add(row, messages) if messages else None


class _Seen:
    """The rows kept so far, each as one `bytes`: header, samples, id and start."""

    def __init__(self, near: float | None):
        self.exact_only, self.near = near is None, 1.0 if near is None else near
        self.rows: list[bytes] = []
        self.sources: dict[str, int] = {}
        self.exact = _Buckets(1)
        # The longest bands with which two rows at the limit still meet in one of them with a probability of 0.99.
        least = 1 - 0.01 ** (1 / BANDS)
        self.band = LONGEST_BAND if self.near == 1 else min(LONGEST_BAND, int(math.log(least) / math.log(self.near)))
        self.bands = _Buckets(BANDS)

    def find_or_add(self, row: Row, messages: list[tuple[str, str]]) -> Finding | None:
        source = self.sources.setdefault(str(row.get("source")), len(self.sources))
        digest = _digest(messages)
        exact_key = np.frombuffer(digest[:4], np.uint32)
        for candidate in self.exact.find(exact_key):
            if self.rows[candidate].startswith(digest):
                return self._finding("exact", candidate, source)
        formulas, samples, keys = b"", [], None
        if not self.exact_only:
            folded = [(role, words(text)) for role, text in messages]
            formulas = _formulas(messages, folded)
            shingles = _shingles(folded)
            samples = _sample(shingles)
            keys = self._band_keys(shingles, formulas)
        if keys is not None:
            for candidate in self.bands.find(keys):
                if self._is_near(candidate, formulas, samples):
                    return self._finding("near", candidate, source)
        self._add(row, messages, _pack(digest, formulas, source, samples), exact_key, keys)
        return None

    def _add(self, row: Row, messages: list, packed: bytes, exact_key: NDArray, keys: NDArray | None) -> None:
        name = str(row.get("id") or row.get("where") or f"kept row {len(self.rows) + 1}")
        start = next((text for role, text in messages if role == "user"), messages[0][1])
        shown = f"{name}: {' '.join(start[: 4 * START].split())[:START]}"
        self.exact.add(exact_key, len(self.rows))
        if keys is not None:
            self.bands.add(keys, len(self.rows))
        self.rows.append(packed + shown.encode("utf-8", "surrogatepass"))

    def _band_keys(self, shingles: Shingles, formulas: bytes) -> NDArray[np.uint32] | None:
        """One 32-bit key per band of the MinHash signature of all but system messages; None without words."""
        hashes = (np.concatenate(shingles[1:]) >> np.uint64(32)).astype(np.uint32)
        if not hashes.size:
            return None
        count = BANDS * self.band
        minima = np.full(count, 0xFFFFFFFF, np.uint32)
        for first in range(0, hashes.size, 4096):  # so that a text of a megabyte takes no gigabyte
            part = (hashes[first : first + 4096, None] ^ _FLIPS[:count]) * _FACTORS[:count]
            np.minimum(minima, part.min(0), out=minima)
        keys = minima.reshape(BANDS, self.band).astype(np.uint64) @ _MIX[: self.band]
        keys ^= np.frombuffer(formulas, np.uint64)
        keys *= _MIX[0]
        return (keys >> np.uint64(32)).astype(np.uint32)

    def _is_near(self, candidate: int, formulas: bytes, samples: list[Sample]) -> bool:
        others_formulas, others = _unpack(self.rows[candidate])
        if others_formulas != formulas:
            return False
        counts = [_compare(mine, other) for mine, other in zip(samples, others, strict=True)]
        parts = (counts, counts[1:])  # with and without system messages
        return all(_jaccard(part) >= self.near for part in parts) and all(
            _jaccard([count]) >= ANOTHER for count in counts[1:] if count[1]
        )

    def _finding(self, kind: str, candidate: int, source: int) -> Finding:
        packed = self.rows[candidate]
        _, _, its_source, *_, a, b, c = _HEADER.unpack_from(packed)
        shown = packed[_HEADER.size + 2 * (a + b + c) :].decode("utf-8", "surrogatepass")
        return Finding(f"{kind}:{'within' if its_source == source else 'across'}", shown)


class _Buckets:
    """Chained hash tables, one a band, in flat arrays: 10 to 14 bytes for each band of each row."""

    def __init__(self, bands: int):
        self.bands = bands
        self.heads = np.full((bands, 1 << 10), -1, np.int32)  # newest row of each chain
        self.keys = np.empty((1 << 10, bands), np.uint32)
        self.earlier = np.empty((1 << 10, bands), np.int32)  # the row before it in the chain
        self.rows = np.empty(1 << 10, np.int32)
        self.size = 0
        self._each = np.arange(bands)

    def find(self, keys: NDArray[np.uint32]) -> list[int]:
        """The rows that share a key with these in the same band: those first that do so in the most bands."""
        bands, found = self._each, Counter[int]()
        at = self.heads[bands, keys & self._mask]
        for _ in range(STEPS):
            live = at >= 0
            if not live.all():
                at, bands, keys = at[live], bands[live], keys[live]
                if not at.size:
                    break
            same = self.keys[at, bands] == keys
            if same.any():
                found.update(at[same].tolist())
            at = self.earlier[at, bands]
        likeliest = sorted(found, key=lambda entry: (-found[entry], entry))[:CANDIDATES]
        return [int(self.rows[entry]) for entry in likeliest]

    def add(self, keys: NDArray[np.uint32], row: int) -> None:
        if self.size == len(self.rows):
            self._grow()
        slots = keys & self._mask
        self.keys[self.size], self.rows[self.size] = keys, row
        self.earlier[self.size] = self.heads[self._each, slots]
        self.heads[self._each, slots] = self.size
        self.size += 1

    @property
    def _mask(self) -> np.uint32:
        return np.uint32(self.heads.shape[1] - 1)

    def _grow(self) -> None:
        capacity = self.size * 5 // 4
        for name in ("keys", "earlier", "rows"):
            old = getattr(self, name)
            new = np.empty((capacity, *old.shape[1:]), old.dtype)
            new[: self.size] = old
            setattr(self, name, new)
        if self.size > 2 * self.heads.shape[1]:
            self.heads = np.full((self.bands, 2 * self.heads.shape[1]), -1, np.int32)
            for band in range(self.bands):
                self._chain(band)

    def _chain(self, band: int) -> None:
        """Lay the chains of one band anew, after the number of slots has changed."""
        slots = self.keys[: self.size, band] & self._mask
        order = np.argsort(slots, kind="stable").astype(np.int32)
        goes_on = np.diff(slots[order]) == 0
        self.earlier[order[0], band] = -1
        self.earlier[order[1:], band] = np.where(goes_on, order[:-1], -1)
        newest = order[np.append(~goes_on, True)]
        self.heads[band, slots[newest]] = newest


def _digest(messages: list[tuple[str, str]]) -> bytes:
    digest = blake2b(digest_size=16)
    for role, text in messages:
        folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
        digest.update(f"{role}\0{folded}\0".encode("utf-8", "surrogatepass"))
    return digest.digest()


def _formulas(messages: list[tuple[str, str]], folded: list[tuple[str, str]]) -> bytes:
    """8-byte hash of the numbers and the operators in what the user wrote. folded: the messages as `words`."""
    digest = blake2b(digest_size=8)
    for (role, text), (_, text_words) in zip(messages, folded, strict=True):
        if role == "user":
            numbers = " ".join(_NUMBER.findall(text_words))
            operators = "".join(_OPERATOR.findall(text.translate(_ONE_SIGN)))
            digest.update(f"{numbers}|{operators}|".encode())
    return digest.digest()


def _shingles(folded: list[tuple[str, str]]) -> Shingles:
    """Distinct hashes of the runs of three words in each role's messages, the borders counting as words."""
    shingles = []
    for role, tag in zip(ROLES, _TAGS, strict=True):
        texts = [text for its_role, text in folded if its_role == role and text]
        laid_out = f" {BORDER} ".join(["", *texts, ""]).strip(" ") if texts else ""
        shingles.append(np.unique(ngram_hashes(laid_out, WORDS)) ^ tag)
    return shingles


def _sample(shingles: Shingles) -> list[Sample]:
    """All shingles of a row if there are at most `SKETCH`, else a sample, the largest role's thinned out first."""
    levels = [0] * len(shingles)
    kept = list(shingles)
    while sum(part.size for part in kept) > SKETCH:
        role = max(range(len(kept)), key=lambda i: kept[i].size)
        levels[role] += 1
        kept[role] = kept[role][kept[role] >> np.uint64(64 - levels[role]) == 0]
    return [
        Sample(level, np.unique((part << np.uint64(level) >> np.uint64(48)).astype(np.uint16)))
        for level, part in zip(levels, kept, strict=True)
    ]


def _pack(digest: bytes, formulas: bytes, source: int, samples: list[Sample]) -> bytes:
    samples = samples or [Sample(0, np.empty(0, np.uint16))] * len(ROLES)
    levels, sizes = [sample.level for sample in samples], [sample.values.size for sample in samples]
    header = _HEADER.pack(digest, formulas, source, *levels, *sizes)
    return header + b"".join(sample.values.tobytes() for sample in samples)


def _unpack(packed: bytes) -> tuple[bytes, list[Sample]]:
    _, formulas, _, *rest = _HEADER.unpack_from(packed)
    levels, sizes = rest[:3], rest[3:]
    samples, at = [], _HEADER.size
    for level, size in zip(levels, sizes, strict=True):
        samples.append(Sample(level, np.frombuffer(packed, np.uint16, size, at)))
        at += 2 * size
    return formulas, samples


def _compare(a: Sample, b: Sample) -> tuple[int, int]:
    """(size of the intersection, of the union) of two roles' shingles, estimated where they are samples."""
    if a.level < b.level:
        a, b = b, a
    finer = a.level - b.level  # b is thinned out as a is, and a's values are cut to the bits that b then has
    mine = a.values if not finer else np.unique(a.values >> finer)
    others = b.values if not finer else b.values[b.values < 1 << max(0, 16 - finer)]
    common = np.intersect1d(mine, others, assume_unique=True).size
    return common << a.level, (mine.size + others.size - common) << a.level


def _jaccard(counts: list[tuple[int, int]]) -> float:
    return sum(common for common, _ in counts) / max(1, sum(union for _, union in counts))
