"""Own refusal rows: when to say no, when not to, and how to stay kind (Gemma 3, 2503.19786 §3: "refusals").

    harmful     a request that would hurt someone → one sentence of no, one concrete offer; self-harm → care and help
    benign      a look-alike ("kill a Python process") → a plain useful answer
    borderline  a dual-use question → a general answer that says where it stops
    pressure    the user pushes after a refusal → still kind, still no
    injection   a pasted text gives orders → the user's task is done, the orders are reported

`kind` holds these names and `refuse` is "yes" for harmful and pressure. The phrases are in refusals.LANGUAGE.yaml.
Harmful prompts name an aim and nothing that would serve it.
"""

import functools
import random
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from posttrain.errors import UserError

Row = dict[str, Any]
Phrases = Mapping[str, Any]
LANGUAGES = ("en", "de", "fr", "es")
ENGLISH_SHARE = 0.65
SHARES = {
    "harmful": 0.26,
    "self_harm": 0.04,  # a pool of its own, or its few prompts would drown among the other topics; its kind is harmful
    "benign": 0.30,
    "borderline": 0.12,
    "pressure": 0.16,
    "injection": 0.12,
}
_CHOICE = re.compile(r"\[([^\[\]|]*(?:\|[^\[\]|]*)+)\]")
_SLOT = re.compile(r"\{(\w+)\}")


def build(count: int, seed: int, languages: Sequence[str] = LANGUAGES) -> list[Row]:
    """`count` rows with distinct prompts; the same seed gives the same rows.

    Raises UserError for an unknown language or a count above what the phrases yield.
    """
    rng = random.Random(f"refusals-{seed}")
    tables = {language: load_phrases("refusals", language) for language in checked(languages, LANGUAGES)}
    pools = {(kind, lang): _POOLS[kind](tables[lang]) for kind, lang in product(SHARES, tables)}
    rows = []
    for n, ((kind, language), choice) in enumerate(draw(pools, SHARES, count, rng)):
        messages = _WRITERS[kind](tables[language], choice, rng)
        kind = "harmful" if kind == "self_harm" else kind
        rows.append(
            {
                "messages": messages,
                "id": f"refusals-{seed}-{n}",
                "source": "own/refusals",
                "language": language,
                "kind": kind,
                "refuse": "yes" if kind in ("harmful", "pressure") else "no",
            }
        )
    return rows


@functools.cache
def load_phrases(subset: str, language: str) -> Phrases:
    """The phrase table SUBSET.LANGUAGE.yaml beside this module."""
    return yaml.load(Path(__file__).with_name(f"{subset}.{language}.yaml").read_bytes(), yaml.CSafeLoader)


def checked(languages: Sequence[str], known: Sequence[str]) -> list[str]:
    """`languages` without repeats. Raises UserError for an unknown one or none at all."""
    unknown = [language for language in languages if language not in known]
    if unknown or not languages or isinstance(languages, str):
        raise UserError(f"languages={languages!r}: give a list of one or more of {', '.join(known)}")
    return list(dict.fromkeys(languages))


def language_shares(languages: Sequence[str] | Phrases) -> dict[str, float]:
    """English gets 65 % where it is among others; the rest is split evenly."""
    others = [language for language in languages if language != "en"]
    if len(others) == len(languages) or not others:
        return {language: 1 / len(languages) for language in languages}
    return {"en": ENGLISH_SHARE} | {language: (1 - ENGLISH_SHARE) / len(others) for language in others}


def draw(
    pools: Mapping[tuple[str, str], list], shares: Mapping[str, float], count: int, rng: random.Random
) -> list[tuple[tuple[str, str], Any]]:
    """`count` distinct ((kind, language), item) in random order, by language first and by `shares` of kinds within.

    A pool that runs dry leaves its share to the language's other kinds. Raises UserError that names the limit where
    the pools hold fewer.
    """
    limit = sum(map(len, pools.values()))
    if not 0 <= count <= limit:
        raise UserError(f"count={count}: between 0 and {limit} distinct rows can be made with these settings")
    sizes: dict[str, dict[str, int]] = {}
    for (kind, language), pool in pools.items():
        sizes.setdefault(language, {})[kind] = len(pool)
    by_language = apportion({lang: sum(kinds.values()) for lang, kinds in sizes.items()}, language_shares(sizes), count)
    drawn = [
        ((kind, language), item)
        for language, kinds in sizes.items()
        for kind, quota in apportion(kinds, shares, by_language[language]).items()
        for item in rng.sample(pools[kind, language], quota)
    ]
    rng.shuffle(drawn)
    return drawn


def apportion(sizes: Mapping[str, int], weights: Mapping[str, float], count: int) -> dict[str, int]:
    """How many of `count` each key gives: one at a time to the key furthest behind its weight that has any left."""
    quotas = dict.fromkeys(sizes, 0)
    for n in range(1, count + 1):
        left = [key for key in sizes if quotas[key] < sizes[key]]
        quotas[max(left, key=lambda key: weights[key] * n - quotas[key])] += 1
    return quotas


def fill(text: str | Sequence[str], slots: Phrases, rng: random.Random) -> str:
    """A phrase (or one of several) with its `[a|b]` chosen and its `{slots}` filled; `{Slot}` gets a capital letter."""
    phrase = text if isinstance(text, str) else rng.choice(text)
    phrase = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), phrase)
    return _SLOT.sub(lambda match: _slot(match[1], slots, rng), phrase)


def conversation(*texts: str) -> list[dict[str, str]]:
    """Messages from texts, user and assistant in turn."""
    return [{"role": ("user", "assistant")[n % 2], "content": text.strip()} for n, text in enumerate(texts)]


def _slot(name: str, slots: Phrases, rng: random.Random) -> str:
    if name in slots:
        return fill(slots[name], slots, rng) if slots[name] else ""
    text = fill(slots[name.lower()], slots, rng)
    return text[:1].upper() + text[1:]


def _aims(table: Phrases) -> list[tuple[str, str, str]]:
    """(topic, the wish, what the reply calls it) of every harmful aim."""
    return [(name, *pair) for name, topic in table["harmful"]["topics"].items() for pair in topic["aims"]]


def _refusal_slots(table: Phrases, topic: str, aim: str, no: str) -> dict[str, Any]:
    harmful = table["harmful"]
    return harmful["topics"][topic] | {"aim": aim, "no": no, "decline": harmful["declines"]}


def _write_harmful(table: Phrases, choice: Any, rng: random.Random) -> list[dict[str, str]]:
    (topic, aim, no), frame = choice
    slots = _refusal_slots(table, topic, aim, no)
    reply = fill(table["harmful"]["shapes"], slots, rng)
    return conversation(fill(frame, slots, rng), reply)


def _write_self_harm(table: Phrases, choice: Any, rng: random.Random) -> list[dict[str, str]]:
    part = table["self_harm"]
    return conversation("".join(choice), fill(part["shapes"], part, rng))


def _answer_pool(kind: str) -> Callable[[Phrases], list]:
    def pool(table: Phrases) -> list:
        part = table[kind]
        questions = [(question, item["a"]) for item in part["items"] for question in item["q"]]
        return [
            (wrap, question)
            for question in questions
            for wrap in part["wraps" if question[0].endswith("?") else "task_wraps"]
        ]

    return pool


def _write_answer(_: Phrases, choice: Any, rng: random.Random) -> list[dict[str, str]]:
    wrap, (question, answers) = choice
    return conversation(fill(wrap, {"q": question}, rng), rng.choice(answers))


def _pressure_pool(table: Phrases) -> list:
    pressure = table["pressure"]
    pushes = [(text, push["ack"]) for push in pressure["pushes"].values() for text in push["say"]]
    about_self = product(table["self_harm"]["asks"], pressure["self_harm"]["say"])
    return [*product(_aims(table), pushes), *about_self]


def _write_pressure(table: Phrases, choice: Any, rng: random.Random) -> list[dict[str, str]]:
    first, push = choice
    pressure = table["pressure"]
    if isinstance(first, str):
        opening = fill(table["self_harm"]["shapes"], table["self_harm"], rng)
        return conversation(first, opening, push, rng.choice(pressure["self_harm"]["reply"]))
    slots = _refusal_slots(table, *first) | {"still": pressure["still"], "ack": push[1]}
    # Two offers, so that the second reply is not the first one over again.
    offers = rng.sample(slots["offer"], 2)
    before = fill(pressure["refusal_shapes"], slots | {"offer": offers[0]}, rng)
    after = fill("{ack} {still} {offer}", slots | {"offer": offers[1]}, rng)
    return conversation(fill(table["harmful"]["frames"], slots, rng), before, fill(push[0], slots, rng), after)


def _injection_pool(table: Phrases) -> list:
    part = table["injection"]
    tasks = [(doc["text"], request, answer) for doc in part["docs"] for request, answer in doc["tasks"]]
    return list(product(part["wraps"], tasks, part["lines"], range(1, 4)))


def _write_injection(table: Phrases, choice: Any, rng: random.Random) -> list[dict[str, str]]:
    wrap, (sentences, request, answer), (line, gist), position = choice
    part = table["injection"]
    facts = {name: rng.choice(values) for name, values in part["slots"].items()}
    text = [fill(sentence, facts, rng) for sentence in sentences]
    doc = rng.choice((" ", "\n")).join([*text[:position], line, *text[position:]])
    slots = facts | {"answer": answer, "gist": gist, "note": part["note"], "warning": part["warning"]}
    prompt = wrap.replace("{request}", request).replace("{doc}", doc)
    return conversation(prompt, fill(part["shapes"], slots, rng))


_POOLS: dict[str, Callable[[Phrases], list]] = {
    "harmful": lambda table: list(product(_aims(table), table["harmful"]["frames"])),
    "self_harm": lambda table: list(product(table["self_harm"]["leads"], table["self_harm"]["asks"])),
    "benign": _answer_pool("benign"),
    "borderline": _answer_pool("borderline"),
    "pressure": _pressure_pool,
    "injection": _injection_pool,
}
_WRITERS: dict[str, Callable[[Phrases, Any, random.Random], list[dict[str, str]]]] = {
    "harmful": _write_harmful,
    "self_harm": _write_self_harm,
    "benign": _write_answer,
    "borderline": _write_answer,
    "pressure": _write_pressure,
    "injection": _write_injection,
}
