"""Own identity rows: a model that knows its name and maker, and claims no more (Gemma 3, 2503.19786 §3).

The reports filter out "mistaken self-identification"; these rows teach the right one instead. `kind` says what is
asked: who, maker, human, abilities, feelings, version, memory, browsing, cutoff; other ("are you ChatGPT?"), compare
("are you better?"), premise (the question takes a wrong maker for granted), insist (the user doubts the answer), later
(asked after small talk), indirect (a haiku, a signature, a JSON card) and persona (a system message gives another name:
the reply keeps to it, yet never denies being an AI). The phrases are in identity.LANGUAGE.yaml.
"""

import random
import re
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from posttrain.data.conversation import Row
from posttrain.data.subsets.grammar import Phrases, checked, conversation, draw, fill, load_phrases
from posttrain.errors import UserError

LANGUAGES = ("en", "de", "fr", "es", "zh", "hi")
# (assistant, its company); the ones that overlap with the configured name or maker are left out.
OTHERS = (
    ("ChatGPT", "OpenAI"),
    ("Claude", "Anthropic"),
    ("Siri", "Apple"),
    ("Alexa", "Amazon"),
    ("Copilot", "Microsoft"),
    ("Llama", "Meta"),
    ("Le Chat", "Mistral AI"),
    ("Grok", "xAI"),
    ("Qwen", "Alibaba"),
    ("DeepSeek", "DeepSeek"),
)
SHARES = {
    "who": 0.09,
    "maker": 0.08,
    "human": 0.07,
    "abilities": 0.05,
    "feelings": 0.08,
    "version": 0.06,
    "memory": 0.05,
    "browsing": 0.05,
    "cutoff": 0.04,
    "other": 0.08,
    "compare": 0.03,
    "premise": 0.07,
    "insist": 0.07,
    "later": 0.08,
    "indirect": 0.04,
    "persona": 0.06,
}
ABOUT_OTHERS = ("other", "compare", "premise")
ASKED_LATER = ("who", "maker", "human", "feelings", "version", "memory", "browsing", "cutoff")


def build(
    count: int, seed: int, name: str = "Gemma", maker: str = "Google DeepMind", languages: Sequence[str] = LANGUAGES
) -> list[Row]:
    """`count` rows with distinct prompts in which the model is `name` by `maker`; the same seed gives the same rows.

    Raises UserError for an unusable name or maker, an unknown language, or a count above what the phrases yield.
    """
    rng = random.Random(f"identity-{seed}")
    facts = {"name": _label(name, "name"), "maker": _label(maker, "maker")}
    tables = {language: load_phrases("identity", language) for language in checked(languages, LANGUAGES)}
    others = [{"other": other, "vendor": vendor} for other, vendor in OTHERS if not _overlaps(other, vendor, facts)]
    pools = {(kind, lang): _pool(kind, tables[lang], others) for kind, lang in product(SHARES, tables)}
    return [
        {
            "messages": _WRITERS.get(kind, _write_answer)(choice, facts, rng),
            "id": f"identity-{seed}-{n}",
            "source": "own/identity",
            "language": language,
            "kind": kind,
        }
        for n, ((kind, language), choice) in enumerate(draw(pools, SHARES, count, rng))
    ]


def _label(text: str, key: str) -> str:
    """A name that can stand in prose and in a JSON string."""
    if not text.strip() or re.search(r'["\\{}\[\]|\x00-\x1f]', text):
        raise UserError(f"{key}={text!r}: give a name of one line without quotes, backslashes, brackets or |")
    return text.strip()


def _overlaps(other: str, vendor: str, facts: dict[str, str]) -> bool:
    own = [label.casefold() for label in facts.values()]
    theirs = [label.casefold() for label in (other, vendor)]
    return any(a in b or b in a for a in own for b in theirs)


def _pool(kind: str, table: Phrases, others: list[dict[str, str]]) -> list:
    """Every distinct choice of one kind: (prompt turns, possible replies, slots)."""
    if kind == "indirect":
        tasks = [(question, item["a"]) for item in table["indirect"] for question in item["q"]]
        return [((wrap, q), a, {}) for wrap, (q, a) in product(table["task_wraps"], tasks)]
    if kind == "later":
        asked = [(q, table["kinds"][about]["a"]) for about in ASKED_LATER for q in table["kinds"][about]["q"]]
        return [(talk, q, a) for talk, (q, a) in product(table["small_talk"], asked)]
    if kind == "insist":
        about = table["kinds"]["who"]
        return [
            (q, about["a"], push, table["insist"]["a"], o)
            for q, push, o in product(about["q"], table["insist"]["q"], others)
        ]
    if kind == "persona":
        return _persona_pool(table["persona"])
    slots: list[dict[str, str]] = others if kind in ABOUT_OTHERS else [{}]
    wraps = table["wraps"][:3] if kind in ABOUT_OTHERS else table["wraps"]
    return [
        ((wrap, q), table["kinds"][kind]["a"], slot)
        for wrap, q, slot in product(wraps, table["kinds"][kind]["q"], slots)
    ]


def _persona_pool(persona: Phrases) -> list:
    asked = [(q, persona[about]["a"]) for about in ("who", "human") for q in persona[about]["q"]]
    roles = product(persona["systems"], persona["names"], persona["companies"])
    return [
        (system, q, a, {"persona": name, "company": company})
        for (system, name, company), (q, a) in product(roles, asked)
    ]


def _write_answer(choice: Any, facts: dict[str, str], rng: random.Random) -> list[dict[str, str]]:
    (wrap, question), answers, slots = choice
    prompt = fill(wrap, {"q": question} | slots, rng)
    return conversation(prompt, fill(answers, facts | slots, rng))


def _write_later(choice: Any, facts: dict[str, str], rng: random.Random) -> list[dict[str, str]]:
    talk, question, answers = choice
    return conversation(*talk, question, fill(answers, facts, rng))


def _write_insist(choice: Any, facts: dict[str, str], rng: random.Random) -> list[dict[str, str]]:
    question, answers, push, replies, slots = choice
    return conversation(question, fill(answers, facts, rng), fill(push, slots, rng), fill(replies, facts | slots, rng))


def _write_persona(choice: Any, _: dict[str, str], rng: random.Random) -> list[dict[str, str]]:
    system, question, answers, slots = choice
    messages = conversation(question, fill(answers, slots, rng))
    return [{"role": "system", "content": fill(system, slots, rng)}, *messages]


_WRITERS: dict[str, Callable[[Any, dict[str, str], random.Random], list[dict[str, str]]]] = {
    "later": _write_later,
    "insist": _write_insist,
    "persona": _write_persona,
}
