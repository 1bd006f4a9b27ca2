"""Drop rows that teach unsafe output: slurs, abuse, threats, sexual content about minors, recipes for harm.

Only replies are read. A lexicon finds words and phrases (15 languages, through leetspeak, masks and spaced letters) and
weighs what stands around them: a word under discussion ("the word ... is a slur") is kept, and so is a refusal.

What a lexicon cannot see: hatred, manipulation or bad advice in polite words, harm spread over innocent sentences, and
most of what needs knowledge (a wrong dose, a stereotype). It is a sieve for the blatant; the `classifier` setting adds
a model's judgement. Of the 2,312 rejected last replies in HH-RLHF's harmless test set it drops 1.8 %, of the chosen
ones 0.4 %. Of PyRIT's replies that people scored on hate, sex, violence and self-harm it drops 25 of the 230 harmful
and 1 of the 284 harmless; the rule for repeated hate was written with its misses there in view, without it 15 of 230.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from posttrain.data.conversation import Row, exchanges
from posttrain.data.filters import Finding
from posttrain.data.filters.safety_phrases import (
    ABOUT_WORDS, AGREES, ASKED_THINGS, ASKING, COMPLIES, DEFINES, DEGRADED, DEGRADING_WORDS, DISPUTED, EXEMPT,
    EXPLICIT, INNOCENT, INVISIBLE, LATIN, LEET, MASKABLE, MASKED_SLUR, MINOR, MIXED, NOT_BEFORE, NO_DEED,
    OBFUSCATED, ORDERS, ORDER_EXEMPT, ORDER_WORDS, PEOPLE, PHRASES, PHRASE_WORDS, PORN, PROTECTS, QUOTED,
    REASON_ORDER, RECIPES, RECIPE_STEP, REFUSABLE, REFUSAL, REFUSES, REPORTED, REPORTS, REQUESTS, SEXUAL_WORDS,
    SLURS, SPACED, STRETCHED, TOKEN, URGING, WARNS, WORDS,
)  # fmt: skip
from posttrain.errors import UserError


@dataclass(frozen=True)
class Word:
    """One entry of the lexicon."""

    reason: str
    stem: str  # a text without it does not hold the word
    pattern: re.Pattern[str]


@functools.cache
def _lexicon(ascii_only: bool = False) -> list[Word]:
    """All words, or those that a text in ASCII can hold."""
    if ascii_only:
        return [word for word in _lexicon() if word.stem.isascii()]
    entries = []
    for reason, words in WORDS.items():
        for spelling in re.split(r"(?<!\\)\s+", words.strip()):
            stem = re.match(r"(?:\\ |[^\W_]|-(?!\?))+", re.sub(r"\w\?.*", "", spelling)) or re.match(r"\w", spelling)
            bounded = re.match(r"[a-zà-ÿęа-яё]", spelling)
            pattern = rf"(?<!\w)(?:{spelling})(?!\w)" if bounded else spelling
            entries.append(Word(reason, stem[0].replace("\\", ""), re.compile(pattern)))  # type: ignore[index]
    return entries


@functools.cache
def _phrases(reason: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in PHRASES[reason]))


@dataclass(frozen=True)
class Ask:
    """One kind of harm that a prompt may ask for."""

    reason: str
    stems: tuple[str, ...]  # a prompt without any of them does not ask for it
    pattern: re.Pattern[str]


@functools.cache
def _asks() -> list[Ask]:
    """Deed and object within a few words, in English in this order, in the other languages in either."""
    asks = []
    for reason, language, stems, deed, thing in REQUESTS:
        forms = rf"\b(?:{deed})\b{GAP}(?:{thing})\b"
        if language != "en":
            forms += rf"|\b(?:{thing})(?!\w)(?:{FAR_GAP}(?:{deed}))\b|\b(?:{deed})\b{FAR_GAP}(?:{thing})(?!\w)"
        asks.append(Ask(reason, tuple(stems.split()), re.compile(forms)))
    return asks


# Between deed and object: no preposition, so "kill the fleas on my dog" has the fleas for its object.
GAP = (
    r"(?:[ ,\"-]+(?!(?:on|in|for|with|off|from|of|to|and|or|by|at|that|who|which|because)\b)[\w'’.-]+){0,4}?"
    r"[ ,\"-]+"
)
FAR_GAP = r"(?:[ ,\"-]+[\w'’.-]+){0,6}?[ ,\"-]+"
MOST_HITS = 50  # of one kind in one reply; each is weighed by its context
PROMPT_LIMIT = 1_500  # characters; a plain request is short, what is longer brings a text along
_ORDERS = re.compile("|".join(f"(?:{pattern})" for pattern in ORDERS))
_MINOR, _EXPLICIT, _PORN = re.compile(MINOR), re.compile(EXPLICIT), re.compile(PORN)
_RECIPES = {reason: (re.compile(goal), re.compile(parts)) for reason, (goal, parts) in RECIPES.items()}


def plain(text: str) -> str:
    """The text in lower case, without invisible characters and look-alike letters."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text.translate(INVISIBLE)).lower()
    return MIXED.sub(lambda word: word[0].translate(LATIN), text)


def disguised(text: str) -> Iterator[tuple[str, int, int]]:
    """(word, start, end) of words behind leetspeak (sh1t), masks (f*ck) or spacing (f u c k)."""
    for token in TOKEN.finditer(text):
        word = token[0].strip("!|+")
        if not 3 <= len(word) <= 16 or not re.search("[a-z]", word):
            continue
        masked = "*" in word or "#" in word
        found = _unmasked(word) if masked else re.sub(r"(.)\1{2,}", r"\1", word.translate(LEET))
        if found and (masked or OBFUSCATED.fullmatch(found)):
            yield found, token.start(), token.end()
    for token in STRETCHED.finditer(text):
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


def _near(pattern: re.Pattern[str], text: str, start: int, end: int, reach: int) -> bool:
    return bool(pattern.search(text[max(0, start - reach) : end + reach]))


def _words(text: str, reasons: set[str], prompt: str) -> Iterator[tuple[str, int, int]]:
    """Lexicon words that are used in their bad sense, not talked about: (reason, start, end)."""
    quotations: list[tuple[int, int]] | None = None
    for reason, start, end in _sightings(text):
        if reason not in reasons or _near(ABOUT_WORDS, text, start, end, 150) or _innocent(text, start, end, prompt):
            continue
        if quotations is None:
            quotations = [quoted.span() for quoted in QUOTED.finditer(text)]
        quoted = any(left <= start and end <= right for left, right in quotations)
        if quoted and (_near(REPORTS, text, start, end, 250) or REPORTS.search(prompt) or DEFINES.search(prompt)):
            continue
        if not DEFINES.search(prompt):
            yield reason, start, end


def _sightings(text: str) -> Iterator[tuple[str, int, int]]:
    """Every word of the lexicon in the text, plain or disguised."""
    for entry in _lexicon(text.isascii()):
        if entry.stem in text:
            for match in islice(entry.pattern.finditer(text), MOST_HITS):
                yield entry.reason, match.start(), match.end()
    for word, start, end in islice(disguised(text), MOST_HITS):
        yield ("slur" if SLURS.match(word) else "profanity"), start, end
    for match in islice(MASKED_SLUR.finditer(text), MOST_HITS):
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


def _said(text: str) -> Iterator[tuple[str, int, int]]:
    """Threats, hate, abuse and calls to self-harm in the reply's own voice: (reason, start, end)."""
    for reason, words in PHRASE_WORDS.items():
        if any(map(text.__contains__, words)):
            for match in islice(_phrases(reason).finditer(text), MOST_HITS):
                if reason == "hate" and _disputed(text, *match.span()):
                    continue
                if reason != "threat" and _near(ABOUT_WORDS, text, match.start(), match.end(), 80):
                    continue
                yield reason, match.start(), match.end()


def _degrades(text: str) -> Iterator[tuple[str, int, int]]:
    """Hate by repetition: two sentences or more that degrade a group of people, and no distance from them."""
    if not any(map(text.__contains__, DEGRADING_WORDS)):
        return
    hits = list(islice(DEGRADED.finditer(text), MOST_HITS))
    if len(hits) >= 2 and not REPORTED.search(text):
        start, end = hits[0].span()
        if PEOPLE.search(text[max(0, start - 200) : end]):
            yield "hate", start, end


def _sexual(text: str) -> Iterator[tuple[str, int, int]]:
    """Sexual content: pornographic, or about minors without a protecting context."""
    if not any(map(text.__contains__, SEXUAL_WORDS)):
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


def _recipes(text: str) -> Iterator[tuple[str, int, int]]:
    """Instructions for weapons and drugs: the thing, two of its parts and two steps within 1,500 characters."""
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


def _orders(text: str) -> Iterator[tuple[str, int, int]]:
    """Violence that the reply tells somebody to do."""
    if any(map(text.__contains__, ORDER_WORDS)):
        for match in islice(_ORDERS.finditer(text), MOST_HITS):
            start, end = match.span()
            if not _near(ORDER_EXEMPT, text, start, end, 120) and not NOT_BEFORE.search(
                text[max(0, start - 60) : start]
            ):
                yield "violence", start, end


def asks_for_harm(prompt: str) -> str | None:
    """The kind of harm that the prompt plainly asks for; None where it asks for none, or for a good purpose."""
    text = QUOTED.sub(lambda quoted: " " * len(quoted[0]), prompt)
    if EXEMPT.search(text):
        return None
    if ASKED_THINGS.search(text):
        return (
            "self_harm" if re.search(r"suicid|purg|harm|ana\b|thinsp|die|kill|dose|\bod\b|abschied", text) else "crime"
        )
    for ask in _asks():
        if any(map(text.__contains__, ask.stems)):
            for match in islice(ask.pattern.finditer(text), MOST_HITS):
                before = ASKING.search(text[max(0, match.start() - 140) : match.start()])
                if before and not NO_DEED.search(before[0]):
                    return ask.reason
    return None


def complies(reply: str) -> bool:
    """Whether a reply to a harmful request does what was asked: no refusal, no warning, no way elsewhere."""
    text = reply[:800] + " " + reply[-300:] if len(reply) > 1100 else reply
    if REFUSES.search(text):
        return False
    if AGREES.search(text):
        return True
    return bool(COMPLIES.search(text)) and not WARNS.search(text) and not text.rstrip().endswith("?")


def _asked(before: list[dict[str, Any]]) -> str:
    """The user's last message in lower case; of a bare urging ("go on"), the one before it too."""
    turns = [turn["content"] for turn in before if turn["role"] == "user"]
    last = plain(turns[-1]) if turns else ""
    return f"{plain(turns[-2])}\n{last}" if len(turns) > 1 and URGING.match(last) else last


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
            finding = self._read(reply, _asked(before)) or self._classify(reply)
            if finding:
                return finding
        return None

    def _read(self, reply: str, prompt: str) -> Finding | None:
        """The gravest thing that the phrases see in the reply, or in its answer to the prompt."""
        text = plain(reply)
        found = list(_words(text, {"slur", "profanity"} if self.profanity else {"slur"}, prompt))
        own = QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)
        found += [*_said(own), *_orders(own), *_degrades(own), *_sexual(text), *_recipes(text)]
        if found and REFUSAL.search(text[:250]):
            found = [hit for hit in found if hit[0] not in REFUSABLE]
        if text.strip() and len(prompt) <= PROMPT_LIMIT and (reason := asks_for_harm(prompt)) and complies(text):
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
