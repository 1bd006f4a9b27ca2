"""Verifiable instruction following: prompts whose instructions code can check, with replies that obey them.

The 25 families, ids and keyword arguments of IFEval (2311.07911) in our own words and on our own topics, singly or two
and three together; and families of our own (`held_out=True`) that neither IFEval nor IFBench has, since Tülu 3
(2411.15124) found obedience to carry over poorly to kinds of instruction that were never trained on.

A row: {"messages": [user, assistant], "instruction_id_list": [id, …], "instruction_kwargs": JSON text of a list with
one object an instruction, "id", "source": "own/instructions", "language": that of the reply, "kind": "single" |
"composed" | "held_out"}. Pass `instruction_kwargs` to IFEval's checkers as they are.
"""

import difflib
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from posttrain.data.conversation import Row
from posttrain.data.subsets.instruction_drafts import (
    PROMPT_LANGUAGES,
    REPLY_LANGUAGES,
    Draft,
    load_bank,
    start_draft,
)
from posttrain.data.subsets.instruction_families import FAMILIES, Asked, join_plainly
from posttrain.data.subsets.instruction_held_out import HELD_OUT_FAMILIES
from posttrain.errors import UserError

SOURCE = "own/instructions"
MULTILINGUAL_SHARE = 0.2  # of all rows have a prompt that is not English, where the families allow it
SIZES = (1, 1, 1, 2, 2, 3)  # instructions a prompt, drawn from these
MOST_FAILURES = 2000  # draws in a row that give nothing new: the families have no more prompts

LAYOUTS = (
    "detectable_format:json_format",
    "detectable_format:constrained_response",
    "combination:two_responses",
    "detectable_format:number_bullet_lists",
    "detectable_format:multiple_sections",
    "length_constraints:number_paragraphs",
    "length_constraints:nth_paragraph_first_word",
)
CASES = ("change_case:capital_word_frequency", "change_case:english_capital", "change_case:english_lowercase")
GOES_WITH_LANGUAGE = (  # what can be asked about a reply in a language other than the prompt's
    "punctuation:no_comma",
    "detectable_format:number_bullet_lists",
    "length_constraints:number_paragraphs",
    "detectable_format:title",
    "startend:quotation",
)
# Each pair of a row's first entry with one of its second cannot be obeyed together, or only by a trick.
CONFLICTS: tuple[tuple[Sequence[str], Sequence[str]], ...] = (
    (LAYOUTS, LAYOUTS),
    (CASES, CASES),
    (["detectable_format:constrained_response"], list(FAMILIES)),
    (["language:response_language"], [family for family in FAMILIES if family not in GOES_WITH_LANGUAGE]),
    (
        ["detectable_format:json_format"],
        [
            *CASES,
            "punctuation:no_comma",
            "detectable_format:number_highlighted_sections",
            "detectable_content:postscript",
            "detectable_format:title",
            "startend:end_checker",
            "startend:quotation",
            "combination:repeat_prompt",
            "length_constraints:number_sentences",
        ],
    ),
    (
        ["combination:two_responses"],
        [
            "detectable_content:number_placeholders",
            "detectable_content:postscript",
            "detectable_format:title",
            "startend:end_checker",
            "startend:quotation",
            "combination:repeat_prompt",
            "length_constraints:number_sentences",
        ],
    ),
    (
        ["combination:repeat_prompt"],
        [
            *CASES,
            "punctuation:no_comma",
            "startend:quotation",
            "length_constraints:nth_paragraph_first_word",
            "length_constraints:number_sentences",
        ],
    ),
    (
        ["length_constraints:nth_paragraph_first_word"],
        ["detectable_content:postscript", "detectable_format:title"],
    ),
    (
        ["length_constraints:number_sentences"],
        [
            "change_case:english_capital",
            "change_case:english_lowercase",
            "detectable_format:number_bullet_lists",
            "detectable_format:multiple_sections",
        ],
    ),
    (
        ["change_case:english_capital", "change_case:english_lowercase"],
        ["detectable_format:multiple_sections", "keywords:letter_frequency"],
    ),
)
PROSE = ("explain", "summary", "leaflet", "newsletter", "blog", "advice", "column", "talk", "ad")
NOT_SPOKEN = ("explain", "summary", "leaflet", "newsletter", "blog", "advice", "plan", "column", "ad", "friend")
OUTLINE = ("summary", "leaflet", "plan", "advice", "explain")
FORMS: dict[str, Sequence[str]] = {  # forms of text that an instruction makes sense for; the others fit all
    "detectable_content:number_placeholders": ("newsletter", "ad", "leaflet", "talk"),
    "detectable_content:postscript": ("friend", "newsletter", "column", "blog", "ad", "leaflet"),
    "detectable_format:json_format": ("summary", "leaflet", "plan", "explain", "ad", "newsletter"),
    "detectable_format:number_bullet_lists": NOT_SPOKEN,
    "detectable_format:multiple_sections": (*OUTLINE, "newsletter", "blog"),
    "detectable_format:number_highlighted_sections": NOT_SPOKEN,
    **{family: PROSE for family in HELD_OUT_FAMILIES},
    "own:table_size": OUTLINE,
    "own:roman_numerals": OUTLINE,
    "own:alphabetical_items": OUTLINE,
}


def _conflicts() -> dict[str, set[str]]:
    table: dict[str, set[str]] = {family: {family} for family in FAMILIES}
    for first, second in CONFLICTS:
        for a in first:
            for b in second:
                table[a].add(b)
                table[b].add(a)
    return table


CONFLICT_TABLE = _conflicts()


def build(
    count: int,
    seed: int,
    families: list[str] | None = None,
    held_out: bool = False,
    languages: Sequence[str] = PROMPT_LANGUAGES,
) -> list[Row]:
    """`count` rows with distinct prompts; the same arguments give the same rows, and more rows begin with the fewer.

    families: instruction ids to draw from (default: the 25 of IFEval, or with `held_out` our own). languages: of the
    prompts; a family without a wording in them is passed over. Raises UserError for unknown families or languages and
    where the families do not have `count` different prompts.
    """
    chosen, languages = _check_arguments(families, held_out, languages)
    rng = Random(seed)
    rows: list[Row] = []
    seen: set[str] = set()
    failures = 0
    while len(rows) < count:
        family = rng.choice(chosen) if failures else chosen[len(rows) % len(chosen)]
        row = _build_row(rng, family, chosen, languages)
        if row is None or row["messages"][0]["content"] in seen:
            failures += 1
            if failures > MOST_FAILURES:
                raise UserError(f"count={count}: only {len(rows)} different prompts; lower it or name more families")
            continue
        failures = 0
        seen.add(row["messages"][0]["content"])
        rows.append(row | {"id": f"{SOURCE}:{'held_out:' if held_out else ''}{seed}:{len(rows)}"})
    return rows


def _check_arguments(
    families: list[str] | None, held_out: bool, languages: Sequence[str]
) -> tuple[list[str], list[str]]:
    known = list(HELD_OUT_FAMILIES if held_out else FAMILIES)
    chosen = list(dict.fromkeys(known if families is None else families))
    for family in chosen:
        if family not in known:
            near = difflib.get_close_matches(family, known, n=1, cutoff=0)[0]
            elsewhere = family in HELD_OUT_FAMILIES or family in FAMILIES
            mend = f"set held_out={not held_out}" if elsewhere else f"did you mean {near}?"
            raise UserError(f"families: no {'held-out ' if held_out else ''}instruction family {family}; {mend}")
    for language in languages:
        if language not in PROMPT_LANGUAGES:
            raise UserError(f"languages: no prompts in {language}; choose from {', '.join(PROMPT_LANGUAGES)}")
    chosen = [family for family in chosen if any(family in load_bank("wordings")[code] for code in languages)]
    if not chosen:
        raise UserError(f"families: none of them can be asked for in {', '.join(languages) or '(no language)'}; add en")
    return chosen, list(languages)


def _build_row(rng: Random, family: str, chosen: list[str], languages: list[str]) -> Row | None:
    """A row about `family` and perhaps others of `chosen`; None where the drawn text gives too little to ask for."""
    language = _choose_language(rng, family, chosen, languages)
    held_out = family in HELD_OUT_FAMILIES
    together = [family] if held_out else _choose_companions(rng, family, chosen, language)
    reply_language = rng.choice(REPLY_LANGUAGES) if "language:response_language" in together else language
    draft = start_draft(rng, together, _forms_for(together, language), language, reply_language)
    asked = _apply(draft, together)
    if asked is None:
        return None
    rng.shuffle(together)
    prompt = _word_prompt(draft, language, together, [asked[name][1] for name in together])
    return {
        "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": draft.text}],
        "instruction_id_list": together,
        "instruction_kwargs": json.dumps([asked[name][0] for name in together], ensure_ascii=False),
        "source": SOURCE,
        "language": reply_language,
        "kind": "held_out" if held_out else "single" if len(together) == 1 else "composed",
    }


def _choose_language(rng: Random, family: str, chosen: list[str], languages: list[str]) -> str:
    """English, or another language often enough that `MULTILINGUAL_SHARE` of all rows come out in one."""
    wordings = load_bank("wordings")
    possible = [code for code in languages if family in wordings[code]]
    others = [code for code in possible if code != "en"]
    if not others or not possible or (len(others) < len(possible) and rng.random() >= _other_share(chosen, languages)):
        return "en"
    return rng.choice(others)


def _other_share(chosen: list[str], languages: list[str]) -> float:
    wordings = load_bank("wordings")
    capable = sum(any(family in wordings[code] for code in languages if code != "en") for family in chosen)
    return min(0.5, MULTILINGUAL_SHARE * len(chosen) / capable)


def _choose_companions(rng: Random, family: str, chosen: list[str], language: str) -> list[str]:
    """`family` and up to two others that can be obeyed, and make sense, together with it."""
    together = [family]
    size = rng.choice(SIZES)
    for other in rng.sample(chosen, len(chosen)):
        if len(together) == size:
            break
        fits = other in load_bank("wordings")[language] and not any(other in CONFLICT_TABLE[name] for name in together)
        if fits and _forms_for([*together, other], language):
            together.append(other)
    return together


def _forms_for(families: list[str], language: str) -> list[str]:
    """The forms of text in `language` that every one of the families makes sense for."""
    forms = load_bank("forms")[language]["forms"]
    return [form for form in forms if all(form in FORMS.get(family, forms) for family in families)]


def _apply(draft: Draft, families: list[str]) -> dict[str, Asked] | None:
    """Make the draft obey the families in their proper order; None where one of them finds nothing to ask for."""
    builders = FAMILIES | HELD_OUT_FAMILIES
    asked: dict[str, Asked] = {}
    join_plainly(draft)  # what a layout, if one is asked for, undoes
    for family in (name for name in builders if name in families):
        outcome = builders[family](draft)
        if outcome is None:
            return None
        asked[family] = outcome
    return asked


def _word_prompt(draft: Draft, language: str, families: list[str], fields: list[dict[str, Any]]) -> str:
    """Request and instructions in one running text, in two paragraphs, or with the instructions as a list."""
    rng, wordings = draft.rng, load_bank("wordings")[language]
    said = [rng.choice(wordings[family]).format(**values) for family, values in zip(families, fields, strict=True)]
    alone = "combination:repeat_prompt" in families  # the request must be a paragraph of its own
    if len(said) > 1 and rng.random() < 0.4:
        header = rng.choice(load_bank("forms")[language]["headers"])
        return "\n".join([draft.request, "", header, *(f"- {text}" for text in said)])
    closed = all(text[-1] in '.!?"' for text in said[:-1])
    between = "\n\n" if alone or rng.random() < 0.4 else " "
    return draft.request + between + (" " if closed else "\n").join(said)
