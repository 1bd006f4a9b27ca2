"""Drafts: a request about a topic and the parts of a sensible reply, from sentence banks in several languages.

A draft is what the instructions of `instruction_families` then shape: they choose its layout, add to it and measure it.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

FOLDER = Path(__file__).parent
PROMPT_LANGUAGES = ("en", "de", "fr", "es")
REPLY_LANGUAGES = ("de", "es", "fr", "it", "pl", "pt")  # what `language:response_language` may ask for


@lru_cache
def load_bank(name: str) -> Any:
    """The content of `instruction_NAME.yaml`, read once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there
    return yaml.load((FOLDER / f"instruction_{name}.yaml").read_text(encoding="utf-8"), Loader=loader)


@lru_cache
def load_topics(language: str) -> dict[str, dict[str, Any]]:
    """English topic name → {"name", "kind", "facts", "tips"} in `language`."""
    english = {topic["name"]: topic for topic in load_bank("topics")}
    if language == "en":
        return english
    local = load_bank(f"topics_{language}")
    return {topic["english"]: topic | {"kind": english[topic["english"]]["kind"]} for topic in local}


@dataclass
class Draft:
    """A base request and the parts of its reply; `text` is the reply as shaped so far."""

    rng: Random
    language: str  # of the reply
    request: str
    topic: dict[str, Any]  # in the language of the reply
    title: str
    facts: list[str]
    tips: list[str]
    unused: list[str]  # sentences of the topic that the reply does without
    form: str
    comma_free: bool
    opener: str = ""
    bridge: str = ""
    closer: str = ""
    greeting: str = ""
    signoff: str = ""
    tips_first: bool = False
    details: list[str] = field(default_factory=list)  # sentences with placeholders
    text: str = ""
    words_taken: set[str] = field(default_factory=set)  # no two instructions speak of the same word

    def paragraphs(self) -> list[list[str]]:
        """The reply as paragraphs of sentences, in the order in which they are read."""
        tips = [self.bridge, *self.tips]
        inner = [[self.opener, *tips], self.facts] if self.tips_first else [[self.opener, *self.facts], tips]
        whole = [*inner, [*self.details, self.closer]]
        return [kept for kept in ([sentence for sentence in part if sentence] for part in whole) if kept]

    def sentences(self) -> list[str]:
        """All sentences in order."""
        return [sentence for paragraph in self.paragraphs() for sentence in paragraph]

    def framed(self, body: str) -> str:
        """The body between greeting and signature, where the form has them."""
        return "\n".join(part for part in (self.greeting, body, self.signoff) if part)


def start_draft(rng: Random, families: list[str], forms: list[str], prompt_language: str, reply_language: str) -> Draft:
    """A draft about a random topic in one of the `forms`; parts without commas where the families forbid them."""
    key = rng.choice(sorted(load_topics(reply_language)))
    topic, asked = load_topics(reply_language)[key], load_topics(prompt_language)[key]
    known = load_bank("forms")
    asked_forms, frames = known[prompt_language]["forms"], known[reply_language]["forms"]
    kinds = {form: asked_forms[form].get("only", topic["kind"]) for form in forms if form in frames}
    form = rng.choice([form for form, kind in kinds.items() if kind == topic["kind"]])
    asking = asked_forms[form]
    audience = rng.choice(known["en"]["audiences"]) if prompt_language == "en" else ""
    request = rng.choice(asking["requests"]).format(topic=asked["name"], audience=audience)
    comma_free = "punctuation:no_comma" in families
    least = 5 if "change_case:english_capital" in families else rng.choice((1, 2, 3))  # short, medium and long replies
    draft = _draft_body(rng, topic, reply_language, request, form, comma_free, least)
    draft.tips_first = asking.get("order") == "tips"
    choose_frame(draft)
    if "startend:end_checker" in families:
        draft.signoff = ""  # the phrase, not a name, has the last word
    return draft


def allowed_sentences(topic: dict[str, Any], comma_free: bool) -> tuple[list[str], list[str]]:
    """The topic's facts and tips, without those that have a comma where none may be used."""
    facts, tips = ([s for s in topic[part] if not (comma_free and "," in s)] for part in ("facts", "tips"))
    return facts, tips


def _draft_body(
    rng: Random, topic: dict[str, Any], language: str, request: str, form: str, comma_free: bool, least: int
) -> Draft:
    allowed = allowed_sentences(topic, comma_free)
    facts, tips = (_choose_in_order(rng, part, min(least, len(part) - 1)) for part in allowed)
    unused = [sentence for part in allowed for sentence in part if sentence not in facts and sentence not in tips]
    titles = load_bank("forms")[language].get("titles", {}).get(topic["kind"], ["{topic}"])
    title = rng.choice(titles).format(topic=title_case(topic["name"]) if language == "en" else topic["name"])
    return Draft(rng, language, request, topic, title, facts, tips, unused, form, comma_free)


def _choose_in_order(rng: Random, sentences: list[str], least: int) -> list[str]:
    """Between `least` and all but one of the sentences, in their order: one is left for a postscript."""
    chosen = set(rng.sample(sentences, rng.randint(max(least, 1), max(1, len(sentences) - 1))))
    return [sentence for sentence in sentences if sentence in chosen]


def choose_frame(draft: Draft) -> None:
    """Opener, bridge and closer, and for a letter greeting and signature."""
    language = load_bank("forms")[draft.language]
    frame = language["forms"][draft.form]

    def pick(options: list[str]) -> str:
        allowed = [sentence for sentence in options if not (draft.comma_free and "," in sentence)]
        return draft.rng.choice(allowed).replace("{topic}", draft.topic["name"])

    draft.opener, draft.closer = pick(frame["openers"]), pick(frame["closers"])
    draft.bridge = pick(language["bridges"][draft.topic["kind"]])
    if "greetings" in frame:
        reader, sender = draft.rng.sample(language["names"], 2)
        draft.greeting = pick(frame["greetings"]).format(name=reader)
        draft.signoff = f"{pick(language['signoffs'])}\n{sender}"


def title_case(name: str) -> str:
    """`how tides work` → `How Tides Work`; short connecting words stay small inside."""
    words = name.split()
    return " ".join(w if i and w in load_bank("words")["small"] else w[:1].upper() + w[1:] for i, w in enumerate(words))


def split_evenly(sentences: list[str], parts: int) -> list[list[str]]:
    """Consecutive groups of nearly equal length; `parts` is at most the number of sentences."""
    bounds = [round(i * len(sentences) / parts) for i in range(parts + 1)]
    return [sentences[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]


def content_words(sentences: list[str], language: str) -> list[str]:
    """Words with meaning of their own, sorted: in German the nouns inside sentences, elsewhere the longer words."""
    found: set[str] = set()
    for sentence in sentences:
        words = re.findall(r"(?<![\w'’-])[^\W\d_]+(?![\w'’-])", sentence)
        for word in words[1:]:  # the first word's capital says nothing
            noun = word[0].isupper() and len(word) >= 4
            if noun if language == "de" else word.islower() and len(word) >= (5 if language == "en" else 6):
                found.add(word)
    return sorted(word for word in found if word.lower() not in load_bank("words")["common"])


def count_word(word: str, text: str) -> int:
    """How often `word` stands in the text as a whole word, in any case."""
    return len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text, flags=re.IGNORECASE))
