"""Phrase tables and what makes rows of them: filling slots, and drawing distinct items by language and kind."""

import functools
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from posttrain.errors import UserError

Phrases = Mapping[str, Any]
ENGLISH_SHARE = 0.65
_CHOICE = re.compile(r"\[([^\[\]|]*(?:\|[^\[\]|]*)+)\]")
_SLOT = re.compile(r"\{(\w+)\}")


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
