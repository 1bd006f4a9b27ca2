"""Training rows that hold an evaluation's test items, by the rule of Tülu 3 (2411.15124, §3.2).

A word of a test item matches if it lies in an 8-gram that the item shares with the row; the row overlaps the item, and
is dropped, if more than half of the item's words match. A training set is contaminated with an evaluation set if its
rows overlap more than 2 % of the items (`summarise`). Four rules are ours:

- No n-gram runs over the border of two messages, and no item is put together from two rows.
- An n-gram that stands in 10 items of a set and in more than 1 % of them belongs to the set's template ("Solve the
  following problem, step by step: …"); its words do not count, or every row with that template would overlap all items.
- An item of 4 to 7 words has no 8-gram: it matches a message that holds it word for word and that consists of it by
  more than half. Items of fewer than 4 words never match.
- The same question with other numbers shares few 8-grams. With every number masked, an item of at least 20 words (not
  counting numbers) of which the share `renumbered` matches is dropped too, under a reason of its own that does not
  count for the 2 %.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from posttrain.data import conversation
from posttrain.data.filters import Finding, Row
from posttrain.data.filters.ngrams import BORDER, mask_numbers, ngram_hashes, words
from posttrain.errors import UserError

Items = Mapping[str, Sequence[tuple[str, str]]]
Hashes = NDArray[np.uint64]
SHORTEST = 4  # words; an item of fewer says nothing ("What is 2?")
SHORTEST_RENUMBERED = 20  # words but numbers; a shorter question, numbers masked, is a form that many others have
TEMPLATE_ITEMS, TEMPLATE_SHARE = 10, 0.01
EXCERPT = 80  # characters of the item shown


class Overlap(NamedTuple):
    """A test item of which `share` of the words lies in a row."""

    set: str
    item: str
    share: float
    text: str


class TestIndex:
    """The n-grams of all test items, against which rows are compared one at a time.

    items: set name -> [(item id, text)] · ngram: words · threshold: an item overlaps above this share of its words.
    With numbers masked there is one n-gram a word in a sorted array (`_keys`), beside the place of its first word in
    the items laid end to end (`_places`). Masking only adds matches, so that a row without any is done with.
    """

    __test__ = False  # no test class, whatever pytest makes of the name

    def __init__(self, items: Items, ngram: int = 8, threshold: float = 0.5):
        self.ngram, self.threshold = ngram, threshold
        self.items = [(name, str(key), text) for name, entries in items.items() for key, text in entries]
        texts = [words(text) for _, _, text in self.items]
        self._ends = np.cumsum([len(text.split()) for text in texts])
        self._starts = self._ends - np.diff(self._ends, prepend=0)
        self._short = self._hash_short_items(texts)
        self._plain, is_ngram, is_template = self._hash_items(texts)
        is_number = np.array([word == "0" for text in texts for word in mask_numbers(text).split()], bool)
        self._content = _counts(~is_template)  # words before a place that count
        self._unnumbered = _counts(~is_template & ~is_number)
        self._build_lookup(texts, is_ngram)

    def overlaps(self, *messages: str) -> list[Overlap]:
        """The items of which more than `threshold` lies in one row, given as the texts of its messages."""
        return self.compare(messages)[0]

    def compare(self, messages: Sequence[str], renumbered: float | None = None) -> tuple[list[Overlap], list[Overlap]]:
        """`overlaps`, and the items of which at least the share `renumbered` matches only once numbers are masked."""
        texts = [words(message) for message in messages]
        short = self._find_short(texts)
        row = f" {BORDER} ".join(texts)
        places = self._find_places(ngram_hashes(mask_numbers(row), self.ngram))
        if not places.size:
            return short, []
        masked = self._cover(places)
        if not any(share > self.threshold for share in masked.values()):
            return short, []
        exact = self._cover(places[np.isin(self._plain[places], ngram_hashes(row, self.ngram))])
        exact = {item: share for item, share in exact.items() if share > self._limit(item)}
        found = short + [self._overlap(item, share) for item, share in exact.items()]
        if renumbered is None:
            return found, []
        return found, [
            self._overlap(item, share)
            for item, share in masked.items()
            if share >= renumbered
            and item not in exact
            and self._in_item(item, self._unnumbered) >= SHORTEST_RENUMBERED
        ]

    def _limit(self, item: int) -> float:
        """The share that an item must exceed: what a template leaves of a short one must be there whole."""
        return self.threshold if self._in_item(item, self._content) >= self.ngram else 0.999

    def _overlap(self, item: int, share: float) -> Overlap:
        name, key, text = self.items[item]
        return Overlap(name, key, share, text)

    def _in_item(self, item: int, counts: NDArray[np.int64]) -> int:
        return int(counts[self._ends[item]] - counts[self._starts[item]])

    def _hash_short_items(self, texts: list[str]) -> dict[int, dict[int, list[int]]]:
        """length in words -> hash of the whole item -> items, for items that have no n-gram."""
        short: dict[int, dict[int, list[int]]] = {}
        for item, text in enumerate(texts):
            length = len(text.split())
            if SHORTEST <= length < self.ngram:
                key = int(ngram_hashes(text, length)[0])
                short.setdefault(length, {}).setdefault(key, []).append(item)
        return short

    def _hash_items(self, texts: list[str]) -> tuple[Hashes, NDArray[np.bool_], NDArray[np.bool_]]:
        """Per word: hash of the n-gram that begins there, whether one does, whether the word is of the template."""
        plain = np.zeros(int(self._ends[-1]), np.uint64)
        is_ngram, is_template = np.zeros(plain.size, bool), np.zeros(plain.size, bool)
        spread: dict[str, list[Hashes]] = defaultdict(list)
        for text, start, (name, _, _) in zip(texts, self._starts, self.items, strict=True):
            hashes = ngram_hashes(text, self.ngram)
            plain[start : start + hashes.size] = hashes
            is_ngram[start : start + hashes.size] = True
            spread[name].append(np.unique(hashes))
        shared = np.concatenate([_template_ngrams(hashes) for hashes in spread.values()])
        for place in np.flatnonzero(is_ngram & np.isin(plain, shared)):
            is_template[place : place + self.ngram] = True
            is_ngram[place] = False
        for start, end in zip(self._starts, self._ends, strict=True):
            if is_template[start:end].all():  # the same item again and again: then it is what is looked for
                is_template[start:end] = False
                is_ngram[start : max(start, end - self.ngram + 1)] = True
        return plain, is_ngram, is_template

    def _build_lookup(self, texts: list[str], is_ngram: NDArray[np.bool_]) -> None:
        masked = np.zeros(is_ngram.size, np.uint64)
        for text, start in zip(texts, self._starts, strict=True):
            hashes = ngram_hashes(mask_numbers(text), self.ngram)
            masked[start : start + hashes.size] = hashes
        places = np.flatnonzero(is_ngram)
        order = places[np.argsort(masked[places], kind="stable")]
        self._keys, self._places = masked[order], order.astype(np.int32)
        # Whether any key begins with these bits: one look in memory spares most n-grams of a row the binary search.
        bits = min(26, max(12, self._keys.size.bit_length() + 5))
        self._shift = np.uint64(64 - bits)
        self._begins = np.zeros(1 << bits, bool)
        self._begins[self._keys >> self._shift] = True

    def _find_places(self, hashes: Hashes) -> NDArray[np.int64]:
        """Where in the items the n-grams of a row stand, numbers masked; sorted."""
        hashes = np.unique(hashes[self._begins[hashes >> self._shift]])
        first, last = np.searchsorted(self._keys, hashes, "left"), np.searchsorted(self._keys, hashes, "right")
        runs = [self._places[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True) if a < b]
        return np.sort(np.concatenate(runs)).astype(np.int64) if runs else np.empty(0, np.int64)

    def _cover(self, places: NDArray[np.int64]) -> dict[int, float]:
        """item -> share of its words (the template's left out) that lie in an n-gram at one of the sorted places."""
        if not places.size:
            return {}
        # An n-gram counts up to where the next begins; n-grams never reach into the next item.
        ends = np.minimum(places + self.ngram, np.append(places[1:], places[-1] + self.ngram))
        covered = self._content[ends] - self._content[places]
        owners, first = np.unique(np.searchsorted(self._ends, places, "right"), return_index=True)
        totals = np.add.reduceat(covered, first)
        return {
            item: int(n) / self._in_item(item, self._content) for item, n in zip(owners.tolist(), totals, strict=True)
        }

    def _find_short(self, texts: list[str]) -> list[Overlap]:
        found: dict[int, float] = {}
        for text in texts if self._short else ():
            length = text.count(" ") + 1
            for n, items in self._short.items():
                if self.threshold * length < n <= length:
                    for key in ngram_hashes(text, n).tolist():
                        found |= dict.fromkeys(items.get(key, ()), 1.0)
        return [self._overlap(item, share) for item, share in sorted(found.items())]


def _counts(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many flags are set before each place, and before the end."""
    return np.concatenate(([0], np.cumsum(flags)))


def _template_ngrams(items: list[Hashes]) -> Hashes:
    """The n-grams that stand in so many of the items that they are no item's own. items: distinct n-grams of each."""
    hashes, counts = np.unique(np.concatenate(items), return_counts=True)
    return hashes[(counts >= TEMPLATE_ITEMS) & (counts > TEMPLATE_SHARE * len(items))]


@dataclass
class Contamination:
    """Drops rows that overlap a test item: `contaminated:SET`, or with other numbers `contaminated_renumbered:SET`.

    against: set name -> [(item id, text)] · ngram: words · threshold: above this share of an item's words it overlaps ·
    alarm: `summarise` raises it above this share of a set's items · renumbered: least share with numbers masked; null
    turns that off. The finding's excerpt is "ITEM ID: its first 80 characters". Raises UserError for a bad setting.
    """

    against: Items
    ngram: int = 8
    threshold: float = 0.5
    alarm: float = 0.02
    renumbered: float | None = 0.8
    stateful: bool = False

    def __post_init__(self) -> None:
        sets = dict(self.against) if isinstance(self.against, Mapping) else {}
        if not sets or not all(sets.values()):
            empty = next((name for name, items in sets.items() if not items), None)
            raise UserError(
                "filter contamination: `against` must name evaluation sets that have items"
                + (f"; {empty} has none" if empty is not None else "")
            )
        if not isinstance(self.ngram, int) or isinstance(self.ngram, bool) or self.ngram < SHORTEST:
            raise UserError(f"filter contamination: `ngram` must be a whole number from {SHORTEST}, not {self.ngram!r}")
        for key in ("threshold", "alarm", "renumbered"):
            value = getattr(self, key)
            if key == "renumbered" and value is None:
                continue
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
                raise UserError(f"filter contamination: `{key}` must be a share from 0 to 1, not {value!r}")

    @cached_property
    def index(self) -> TestIndex:
        """Built on first use; ask for it before forking, and the workers share it."""
        return TestIndex(self.against, self.ngram, self.threshold)

    def __call__(self, row: Row) -> Finding | None:
        exact, masked = self.index.compare([text for _, text in conversation.texts(row)], self.renumbered)
        if exact:
            return self._finding("contaminated", exact)
        return self._finding("contaminated_renumbered", masked) if masked else None

    def sizes(self) -> dict[str, int]:
        """Items of each evaluation set, for `summarise`."""
        return {name: len(items) for name, items in self.against.items()}

    def _finding(self, reason: str, overlaps: list[Overlap]) -> Finding:
        first = max(overlaps, key=lambda overlap: overlap.share)
        counted = overlaps if reason == "contaminated" else []
        return Finding(
            reason=f"{reason}:{first.set}",
            excerpt=f"{first.item}: {first.text[:EXCERPT]}",
            overlaps=tuple((overlap.set, overlap.item) for overlap in counted),
        )


def summarise(
    overlaps: Iterable[tuple[str, str]], sizes: Mapping[str, int], alarm: float = 0.02
) -> list[dict[str, Any]]:
    """How much of each evaluation set a training set overlaps, over all its rows.

    overlaps: (set name, item id) of every `contaminated:` finding; repeats count once · sizes: items a set. Each entry
    is {"set", "items", "overlapping", "share", "alarm"}, where alarm says that the share is above the limit `alarm`.
    """
    counts = Counter(name for name, _ in set(overlaps))
    return [
        {
            "set": name,
            "items": size,
            "overlapping": counts[name],
            "share": counts[name] / size if size else 0.0,
            "alarm": counts[name] > alarm * size,
        }
        for name, size in sizes.items()
    ]
