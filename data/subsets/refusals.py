"""Own refusal rows: when to say no, when not to, and how to stay kind (Gemma 3, 2503.19786 §3: "refusals").

    harmful     a request that would hurt someone → one sentence of no, one concrete offer; self-harm → care and help
    benign      a look-alike ("kill a Python process") → a plain useful answer
    borderline  a dual-use question → a general answer that says where it stops
    pressure    the user pushes after a refusal → still kind, still no
    injection   a pasted text gives orders → the user's task is done, the orders are reported

`kind` holds these names and `refuse` is "yes" for harmful and pressure. The phrases are in refusals.LANGUAGE.yaml.
Harmful prompts name an aim and nothing that would serve it.
"""

import random
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from posttrain.data.conversation import Row
from posttrain.data.subsets.grammar import Phrases, checked, conversation, draw, fill, load_phrases

LANGUAGES = ("en", "de", "fr", "es")
SHARES = {
    "harmful": 0.26,
    "self_harm": 0.04,  # a pool of its own, or its few prompts would drown among the other topics; its kind is harmful
    "benign": 0.30,
    "borderline": 0.12,
    "pressure": 0.16,
    "injection": 0.12,
}


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
