"""Invented documents with known facts: what the attribution and hedging subsets ask about.

The words are in `documents_LANGUAGE.yaml`: genres (a product sheet, minutes, a timetable ...) with the facts each can
state and the questions that ask for them. Companies, towns, people and figures are invented, so that an answer can come
from the given text alone.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

from posttrain.errors import UserError

LANGUAGES = ("en", "de", "fr", "es")
ENGLISH_SHARE = 0.6  # where English is among the languages; the others share the rest
MAX_ROWS = 20_000
MONTHS = {
    language: names.split()
    for language, names in {
        "en": "January February March April May June July August September October November December",
        "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    }.items()
}
DATE = {"en": "{d} {m} {y}", "de": "{d}. {m} {y}", "fr": "{d} {m} {y}", "es": "{d} de {m} de {y}"}
TIME = {"en": "{h}:{m:02}", "de": "{h}:{m:02} Uhr", "fr": "{h} h {m:02}", "es": "{h}:{m:02}"}
ARTICLE = re.compile(r"^(the|der|die|das|le|la|el|los|las)\s+|^l'", re.IGNORECASE)
EMAIL = {
    "en": "From: {a}\nTo: {b}\n\nHello,\n\n{text}\n\nBest wishes,\n{a}",
    "de": "Von: {a}\nAn: {b}\n\nGuten Tag,\n\n{text}\n\nViele Grüße\n{a}",
    "fr": "De : {a}\nÀ : {b}\n\nBonjour,\n\n{text}\n\nBien à vous,\n{a}",
    "es": "De: {a}\nPara: {b}\n\nHola:\n\n{text}\n\nSaludos,\n{a}",
}
COLON = {"fr": " :"}  # French sets a no-break space before it


@dataclass(frozen=True)
class Value:
    """What a fact states, as text in the document's language; `amount` where it can be compared or added."""

    text: str
    amount: float | None = None


@dataclass(frozen=True)
class Fact:
    """One stated fact; `line` stands in its document word for word."""

    subject: str
    key: str
    value: Value
    line: str
    reason: str = ""


@dataclass
class Document:
    """A text of one genre. A table speaks of several subjects, every other document of one."""

    genre: str
    title: str
    body: str
    facts: list[Fact] = field(default_factory=list)
    date: str = ""

    @property
    def text(self) -> str:
        """Everything of the document that a prompt shows."""
        return f"{self.title}{f' ({self.date})' if self.date else ''}\n{self.body}"

    def fact(self, key: str) -> Fact:
        return next(fact for fact in self.facts if fact.key == key)


@cache
def load_vocabulary(language: str) -> dict[str, Any]:
    """Names, genres and sentence patterns of one language."""
    return load_yaml(f"documents_{language}.yaml")


@cache
def load_yaml(name: str) -> dict[str, Any]:
    """A vocabulary file that ships beside this module."""
    text = resources.files("posttrain.data.subsets").joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def check_request(name: str, count: int, languages: Sequence[str]) -> None:
    """Raise UserError for a count or a language that a builder cannot serve."""
    if not 0 <= count <= MAX_ROWS:
        raise UserError(f"own/{name}: count={count} is outside 0 to {MAX_ROWS}; ask for at most {MAX_ROWS} rows")
    unknown = [language for language in languages if language not in LANGUAGES]
    if unknown or not languages:
        raise UserError(f"own/{name}: languages={list(languages)}; choose among {', '.join(LANGUAGES)}")


def draw_language(rng: random.Random, languages: Sequence[str]) -> str:
    """English in three rows of five, the others evenly; evenly all where English is not asked for."""
    others = [language for language in languages if language != "en"]
    if "en" in languages and (not others or rng.random() < ENGLISH_SHARE):
        return "en"
    return rng.choice(others)


def fill(template: str, **slots: Any) -> str:
    """The template with its slots filled and a capital at its start."""
    text = template.format(**slots)
    return text[:1].upper() + text[1:]


def format_number(number: float, language: str) -> str:
    """12400 as 12,400 (en), 12.400 (de, es), 12 400 (fr, no-break space); 3.5 as 3,5 outside English."""
    text = f"{number:,}"
    if language == "en":
        return text
    if language == "es" and number < 10_000:  # Spanish groups from five digits on
        text = text.replace(",", "")
    thousands = "\u00a0" if language == "fr" else "."
    return text.translate({ord(","): thousands, ord("."): ","})


def format_money(number: float, language: str) -> str:
    """Whole euros as each language writes them."""
    text = format_number(number, language)
    return f"€{text}" if language == "en" else f"{text} {'Euro' if language == 'de' else 'euros'}"


def format_date(day: int, month: int, year: int, language: str) -> str:
    """A written-out date; `month` counts from 1."""
    return DATE[language].format(d=day, m=MONTHS[language][month - 1], y=year)


def draw_person(rng: random.Random, language: str) -> str:
    words = load_vocabulary(language)
    return f"{rng.choice(words['first_names'])} {rng.choice(words['last_names'])}"


def draw_date(rng: random.Random, language: str, first: int, last: int) -> str:
    # From the 2nd on: French writes the first of a month in another form.
    return format_date(rng.randint(2, 28), rng.randint(1, 12), rng.randint(first, last), language)


def format_amount(number: float, spec: dict[str, Any], language: str) -> str:
    """A number as this kind of fact shows it, with its unit."""
    if spec["v"].startswith("money"):
        return format_money(number, language)
    if spec["v"].startswith("year"):
        return str(number)
    return format_number(number, language) + (f" {spec['unit']}" if "unit" in spec else "")


def draw_value(rng: random.Random, spec: dict[str, Any], language: str) -> Value:
    """A random value of the kind that `v` names: int, dec, year, money, date, time, person, code, pick or list."""
    kind, _, rest = spec["v"].partition(" ")
    if kind == "pick":
        return Value(rng.choice(load_vocabulary(language)[rest]))
    if kind == "list":
        return Value(rng.choice(rest.strip("[]").split(", ")))
    if kind == "person":
        return Value(draw_person(rng, language))
    if kind == "code":
        return Value(f"{rng.choice('BDFHKNRT')}{rng.choice('ACEMPX')}-{rng.randint(110, 989)}")
    low, high, *step = map(int, rest.split())
    if kind == "date":
        return Value(draw_date(rng, language, low, high))
    if kind == "time":
        return Value(TIME[language].format(h=rng.randint(low, high), m=rng.randrange(5, 60, 5)))
    amount = rng.randint(low * 10, high * 10) / 10 if kind == "dec" else rng.randrange(low, high + 1, *step)
    return Value(format_amount(amount, spec, language), amount)


def draw_other(rng: random.Random, spec: dict[str, Any], language: str, avoid: Iterable[str]) -> Value:
    """A value that is not among those to avoid."""
    avoid = set(avoid)
    while (value := draw_value(rng, spec, language)).text in avoid:
        pass
    return value


def draw_subjects(rng: random.Random, genre: dict[str, Any], count: int) -> list[str]:
    """Distinct names of the genre's kind; parts recur, so that documents on like-named subjects meet."""
    subjects: list[str] = []
    while len(subjects) < count:
        name = genre.get("join", " ").join(rng.choice(part) for part in genre["names"])
        if name not in subjects:
            subjects.append(name)
    return subjects


def named(genre: dict[str, Any], subject: str) -> str:
    """The subject as it stands inside a sentence: "the Lumo 210"."""
    return genre.get("name", "{s}").format(s=subject)


def bare(phrase: str) -> str:
    """The phrase without its article."""
    return ARTICLE.sub("", phrase)


def label(spec: dict[str, Any]) -> str:
    """The fact's name as a heading: "Founding year"."""
    name = bare(spec["np"])
    return name[:1].upper() + name[1:]


def draw_document(
    rng: random.Random, language: str, genre_key: str, subject: str, keys: Sequence[str], why: bool = False
) -> Document:
    """A document of the genre that states these facts and, with `why`, a decision with its reason (key "why")."""
    genre = load_vocabulary(language)["genres"][genre_key]
    layout = rng.choice(genre["layouts"])
    facts: list[Fact] = []
    for key in [*keys, *(["why"] if why else [])]:
        known = bool(facts) and layout != "sheet" and rng.random() < 0.7
        draw = draw_reason if key == "why" else draw_fact
        facts.append(draw(rng, language, genre, subject, key, layout, known))
    lines = [fact.line for fact in facts]
    for filler in rng.sample(genre["filler"], rng.randint(0, 2)):
        lines.insert(len(lines) if layout == "sheet" else rng.randint(min(1, len(lines)), len(lines)), filler)
    title = fill(rng.choice(genre["titles"]), s=subject)
    return Document(genre_key, title, lay_out(rng, language, layout, lines), facts)


def draw_fact(
    rng: random.Random,
    language: str,
    genre: dict[str, Any],
    subject: str,
    key: str,
    layout: str = "prose",
    known: bool = False,
) -> Fact:
    """A fact with a random value; its line is "Label: value" on a sheet, else a sentence ("It" style where `known`)."""
    spec = genre["facts"][key]
    value = draw_value(rng, spec, language)
    if layout == "sheet":
        return Fact(subject, key, value, f"{label(spec)}{COLON.get(language, ':')} {value.text}")
    template = refer(rng.choice(spec["s"]), genre, known)
    return Fact(subject, key, value, fill(template, s=subject, v=value.text))


def draw_reason(
    rng: random.Random,
    language: str,
    genre: dict[str, Any],
    subject: str,
    key: str = "why",
    layout: str = "prose",
    known: bool = False,
) -> Fact:
    """The genre's decision with a reason, a sentence under every layout."""
    spec = genre[key]
    value, reason = draw_value(rng, spec, language), rng.choice(spec["reasons"])
    template = refer(rng.choice(spec["s"]), genre, known)
    return Fact(subject, key, value, fill(template, s=subject, v=value.text, r=reason), reason)


def refer(template: str, genre: dict[str, Any], known: bool) -> str:
    """The template with "the company" for a name that was given before, where the genre has such a word."""
    if not known or "again" not in genre:
        return template
    again = genre["again"]
    return template.replace(" {s}", f" {again}".rstrip()).replace("{s}", again)


def lay_out(rng: random.Random, language: str, layout: str, lines: Sequence[str]) -> str:
    """The lines as running text, an e-mail, bullets, or a sheet with one line each."""
    if layout == "email":
        names = {"a": draw_person(rng, language), "b": draw_person(rng, language)}
        return EMAIL[language].format(text=" ".join(lines), **names)
    if layout == "prose":
        return " ".join(lines)
    return "\n".join(f"- {line}" for line in lines) if layout == "bullets" else "\n".join(lines)


def draw_table(
    rng: random.Random, language: str, genre_key: str, subjects: Sequence[str], keys: Sequence[str], title: str
) -> Document:
    """A Markdown table: a row for each subject, a column for each fact."""
    genre = load_vocabulary(language)["genres"][genre_key]
    rows, facts = [], []
    for subject in subjects:
        values = [draw_value(rng, genre["facts"][key], language) for key in keys]
        rows.append(f"| {' | '.join([bare(named(genre, subject)), *(value.text for value in values)])} |")
        facts += [Fact(subject, key, value, rows[-1]) for key, value in zip(keys, values, strict=True)]
    head = f"| | {' | '.join(label(genre['facts'][key]) for key in keys)} |"
    return Document(genre_key, title, "\n".join([head, "|---" * (len(keys) + 1) + "|", *rows]), facts)
