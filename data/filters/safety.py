"""Drop rows that teach unsafe output: slurs, abuse, threats, sexual content about minors, recipes for harm.

A lexicon finds words and phrases in replies (15 languages, through leetspeak, masks and spaced letters) and weighs
what stands around them: a word under discussion ("the word ... is a slur"), quoted in a report or meant otherwise
(faggots in gravy) is kept, and so is a refusal. A reply that serves a plain request for harm goes by the pair.

What it cannot see: hatred, manipulation or bad advice in polite words, harm spread over innocent sentences, most of
what needs knowledge (a wrong dose, a stereotype), and many requests put in a roundabout way. It is a sieve for the
blatant; the `classifier` setting adds a model's judgement. Of the 2,312 rejected last replies in HH-RLHF's harmless
test set it drops 4.2 %, of the chosen ones 1.9 %; about a third of the latter evade a harmful request unmarked by any
refusal rather than serve it.
"""

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from posttrain.data.conversation import Row, exchanges
from posttrain.data.filters import Finding
from posttrain.data.filters.safety_phrases import (
    ABOUT_WORDS,
    ADDRESSED_WORDS,
    DEFINES,
    DEGRADED,
    DEGRADING_WORDS,
    DISPUTED,
    EXPLICIT,
    GROUP_WORDS,
    INNOCENT,
    MASKED_SLUR,
    MASKS,
    MINOR,
    NOT_BEFORE,
    ORDER_EXEMPT,
    ORDER_WORDS,
    ORDERS,
    PEOPLE,
    PHRASE_WORDS,
    PHRASES,
    PORN,
    PROTECTS,
    QUOTED,
    REASON_ORDER,
    RECIPE_STEP,
    RECIPE_WORDS,
    RECIPES,
    REFUSABLE,
    REFUSAL,
    REPORTED,
    REPORTS,
    SEXUAL_WORDS,
    SLURS,
    WORDS,
)
from posttrain.data.filters.safety_requests import asked, asks_for_harm, complies
from posttrain.data.filters.safety_text import Needs, disguised, heads_of, plain, unquoted
from posttrain.errors import UserError


@dataclass(frozen=True)
class Word:
    """One entry of the lexicon."""

    reason: str
    stem: str  # a text without it does not hold the word
    pattern: re.Pattern[str]


@functools.cache
def _lexicon() -> list[Word]:
    entries = []
    for reason, words in WORDS.items():
        for spelling in re.split(r"(?<!\\)\s+", words.strip()):
            stem = re.match(r"(?:\\ |[^\W_]|-(?!\?))+", re.sub(r"\w\?.*", "", spelling)) or re.match(r"\w", spelling)
            bounded = re.match(r"[a-zà-ÿęа-яё]", spelling)
            pattern = rf"(?<!\w)(?:{spelling})(?!\w)" if bounded else spelling
            entries.append(Word(reason, stem[0].replace("\\", ""), re.compile(pattern)))  # type: ignore[index]
    return entries


@functools.cache
def _index() -> tuple[dict[str, list[Word]], list[Word]]:
    """The lexicon by the first three letters of its words, and the entries that have no three."""
    index: dict[str, list[Word]] = {}
    others = []
    for word in _lexicon():
        head = re.match(r"[^\W_]{3}", word.stem)
        if head and word.pattern.pattern.startswith("(?<!"):
            index.setdefault(head[0], []).append(word)
        else:
            others.append(word)
    return index, others


@functools.cache
def _phrases(reason: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in PHRASES[reason]))


MOST_HITS = 50  # of one kind in one reply; each is weighed by its context
_ORDERS = re.compile("|".join(f"(?:{pattern})" for pattern in ORDERS))
_MINOR, _EXPLICIT, _PORN = re.compile(MINOR), re.compile(EXPLICIT), re.compile(PORN)
_RECIPES = {reason: (re.compile(goal), re.compile(parts)) for reason, (goal, parts) in RECIPES.items()}


def _hits(pattern: re.Pattern[str], needs: list[Needs], text: str, heads: set[str]) -> Iterator[re.Match[str]]:
    """Matches of a costly pattern, looked for in those sentences that meet its needs."""
    if all(need.met(text, heads) for need in needs):
        for sentence in re.finditer(r"[^.!?\n]+", text):
            if all(need.met(sentence[0], heads_of(sentence[0])) for need in needs):
                yield from islice(pattern.finditer(text, max(0, sentence.start() - 1), sentence.end() + 2), MOST_HITS)


_NEEDS = {
    name: Needs.of(stems)
    for name, stems in (
        *PHRASE_WORDS.items(), ("order", ORDER_WORDS), ("recipe", RECIPE_WORDS), ("degrading", DEGRADING_WORDS),
        ("sexual", SEXUAL_WORDS),
    )
}  # fmt: skip
_WHOM = {"hate": Needs.of(GROUP_WORDS), "threat": Needs.of(ADDRESSED_WORDS)}


def _near(pattern: re.Pattern[str], text: str, start: int, end: int, reach: int) -> bool:
    return bool(pattern.search(text[max(0, start - reach) : end + reach]))


def _words(text: str, heads: set[str], reasons: set[str], prompt: str) -> Iterator[tuple[str, int, int]]:
    """Lexicon words that are used in their bad sense, not talked about: (reason, start, end)."""
    quotations: list[tuple[int, int]] | None = None
    for reason, start, end in _sightings(text, heads):
        if reason not in reasons or _near(ABOUT_WORDS, text, start, end, 150) or _innocent(text, start, end, prompt):
            continue
        if quotations is None:
            quotations = [quoted.span() for quoted in QUOTED.finditer(text)]
        quoted = any(left <= start and end <= right for left, right in quotations)
        if quoted and (_near(REPORTS, text, start, end, 250) or REPORTS.search(prompt) or DEFINES.search(prompt)):
            continue
        if not DEFINES.search(prompt):
            yield reason, start, end


def _sightings(text: str, heads: set[str]) -> Iterator[tuple[str, int, int]]:
    """Every word of the lexicon in the text, plain or disguised."""
    index, others = _index()
    entries = [entry for head in {head[:3] for head in heads} & index.keys() for entry in index[head]]
    for entry in entries if text.isascii() else entries + others:
        if entry.stem in text:
            for match in islice(entry.pattern.finditer(text), MOST_HITS):
                yield entry.reason, match.start(), match.end()
    for word, start, end in islice(disguised(text), MOST_HITS):
        yield ("slur" if SLURS.match(word) else "profanity"), start, end
    for match in islice(MASKED_SLUR.finditer(text), MOST_HITS) if any(map(text.__contains__, MASKS)) else ():
        yield "slur", match.start(), match.end()


def _innocent(text: str, start: int, end: int, prompt: str) -> bool:
    """Whether the word has its other meaning here, as text or prompt show."""
    for stem, shows in INNOCENT:
        if text.startswith(stem, start) and (_near(shows, text, start, end, 150) or shows.search(prompt)):
            return True
    return False


def _disputed(text: str, start: int, end: int) -> bool:
    """Whether the text keeps its distance from a hateful sentence, before or after it."""
    return bool(DISPUTED.search(text[max(0, start - 100) : start]) or DISPUTED.search(text[end : end + 100]))


def _said(text: str, heads: set[str]) -> Iterator[tuple[str, int, int]]:
    """Threats, hate, abuse and calls to self-harm in the reply's own voice: (reason, start, end)."""
    for reason in PHRASE_WORDS:
        needs = [_NEEDS[reason], *([_WHOM[reason]] if reason in _WHOM else [])]
        for match in _hits(_phrases(reason), needs, text, heads):
            start, end = match.span()
            if reason == "hate" and _disputed(text, start, end):
                continue
            if reason != "threat" and _near(ABOUT_WORDS, text, start, end, 80):
                continue
            yield reason, start, end


def _orders(text: str, heads: set[str], prompt: str) -> Iterator[tuple[str, int, int]]:
    """Violence that the reply tells somebody to do, outside sport, play, defence, cooking and medicine."""
    if ORDER_EXEMPT.search(prompt):
        return
    for match in _hits(_ORDERS, [_NEEDS["order"]], text, heads):
        start, end = match.span()
        if not _near(ORDER_EXEMPT, text, start, end, 120) and not NOT_BEFORE.search(text[max(0, start - 60) : start]):
            yield "violence", start, end


def _degrades(text: str, heads: set[str]) -> Iterator[tuple[str, int, int]]:
    """Hate by repetition: two sentences or more that degrade a group of people, and no distance from them."""
    if not _NEEDS["degrading"].met(text, heads):
        return
    hits = list(islice(DEGRADED.finditer(text), MOST_HITS))
    if len(hits) >= 2 and not REPORTED.search(text):
        start, end = hits[0].span()
        if PEOPLE.search(text[max(0, start - 200) : end]):
            yield "hate", start, end


def _sexual(text: str, heads: set[str]) -> Iterator[tuple[str, int, int]]:
    """Sexual content: pornographic, or about minors without a protecting context."""
    if not _NEEDS["sexual"].met(text, heads):
        return
    for match in islice(_EXPLICIT.finditer(text), MOST_HITS):
        start, end = match.span()
        if (
            _near(_MINOR, text, start, end, 150)
            and not _near(PROTECTS, text, start, end, 250)
            and not NOT_BEFORE.search(text[max(0, start - 80) : start])
        ):
            yield "sexual_minors", start, end
            break
    explicit = {match[0]: match for match in _PORN.finditer(text)}
    plain_terms = ("orgasm", "anal sex", "dildo", "blow", "hand")
    hard = [match for word, match in explicit.items() if not word.startswith(plain_terms)]
    if hard and len(explicit) >= 2 and not _near(PROTECTS, text, hard[0].start(), hard[0].end(), 150):
        yield "sexual", hard[0].start(), hard[0].end()


def _recipes(text: str, heads: set[str]) -> Iterator[tuple[str, int, int]]:
    """Instructions for weapons and drugs: the thing, two of its parts and two steps within 1,500 characters."""
    if not _NEEDS["recipe"].met(text, heads):
        return
    for reason, (goal, parts) in _RECIPES.items():
        match = goal.search(text) if RECIPE_STEP.search(text) else None
        if not match:
            continue
        window = text[max(0, match.start() - 700) : match.end() + 1500]
        if (
            len({part[0] for part in parts.finditer(window)} - {match[0]}) >= 2
            and len(RECIPE_STEP.findall(window)) >= 2
        ):
            yield reason, match.start(), match.end()


@functools.lru_cache(maxsize=2)
def _load_classifier(name: str) -> Callable[..., Any]:
    from transformers import pipeline

    return pipeline("text-classification", model=name, top_k=None, truncation=True)


@dataclass
class Unsafe:
    """Drop rows whose reply is unsafe or toxic.

    profanity: also drop strong profanity at nobody ("fuck"; "damn", "crap" and "Scheiße" are mild and stay).
    classifier: a hub id or folder of a text-classification model that judges what the lexicon passes; with it,
    `labels` are those of its labels that mean unsafe, and `threshold` the probability from which one drops the row.

    Reasons: sexual_minors, slur, threat, hate, self_harm, weapons, drugs, violence, crime, harassment,
    sexual, profanity,     `classifier:LABEL`.
    """

    profanity: bool = True
    classifier: str | None = None
    threshold: float = 0.5
    labels: tuple[str, ...] | list[str] = ()
    stateful: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not isinstance(self.profanity, bool):
            raise UserError(f"profanity={self.profanity!r}: give true or false")
        if self.classifier is not None and not (isinstance(self.classifier, str) and self.classifier):
            raise UserError(f"classifier={self.classifier!r}: give a hub id or a folder, or leave it out")
        if (
            isinstance(self.threshold, bool)
            or not isinstance(self.threshold, (int, float))
            or not 0 < self.threshold <= 1
        ):
            raise UserError(f"threshold={self.threshold!r}: give a probability above 0, at most 1")
        if isinstance(self.labels, str) or not all(isinstance(label, str) for label in self.labels):
            raise UserError(f"labels={self.labels!r}: give a list of label names")
        if self.classifier and not self.labels:
            raise UserError(f"labels: say which labels of {self.classifier} mean unsafe, e.g. labels: [toxic]")

    def __call__(self, row: Row) -> Finding | None:
        """A Finding that drops the row, or None."""
        for before, reply in exchanges(row):
            finding = self._read(reply, asked(before)) or self._classify(reply)
            if finding:
                return finding
        return None

    def _read(self, reply: str, prompt: str) -> Finding | None:
        """The gravest thing that the phrases see in the reply, or in its answer to the prompt."""
        text = plain(reply)
        heads = heads_of(text)
        found = list(_words(text, heads, {"slur", "profanity"} if self.profanity else {"slur"}, prompt))
        own = unquoted(text)
        found += [
            *_said(own, heads),
            *_orders(own, heads, prompt),
            *_degrades(own, heads),
            *_sexual(text, heads),
            *_recipes(text, heads),
        ]
        if found and REFUSAL.search(text[:250]):
            found = [hit for hit in found if hit[0] not in REFUSABLE]
        if text.strip() and (reason := asks_for_harm(prompt)) and complies(text, prompt):
            found.append((reason, 0, 80))
        if not found:
            return None
        reason, start, end = min(found, key=lambda hit: (REASON_ORDER.index(hit[0]), hit[1]))
        return Finding(reason, " ".join(text[max(0, start - 70) : min(end, start + 80) + 50].split())[:200])

    def _classify(self, reply: str) -> Finding | None:
        """The classifier's first unsafe label. Raises UserError where it has no such label."""
        if not self.classifier or not reply.strip():
            return None
        scores = {score["label"]: score["score"] for score in _load_classifier(self.classifier)([reply])[0]}
        if missing := [label for label in self.labels if label not in scores]:
            raise UserError(f"labels: {self.classifier} has no {missing[0]!r}; its labels: {', '.join(scores)}")
        label = max(self.labels, key=lambda name: scores[name])
        if scores[label] < self.threshold:
            return None
        return Finding(f"classifier:{label}", f"{scores[label]:.2f} {' '.join(reply.split())}"[:200])
