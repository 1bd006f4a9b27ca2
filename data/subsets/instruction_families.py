"""The 25 instruction families of IFEval (2311.07911), each as a builder that makes a draft's reply obey.

A builder changes the draft and returns the keyword arguments of IFEval's own checker and the words for the prompt's
wording. `FAMILIES` lists them in the order in which they must act: parts, layout, marks, frame, and what is measured
on the finished text. Numbers are read off the reply, so that it satisfies them by construction.
"""

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

from posttrain.data.subsets.instruction_drafts import (
    Draft,
    allowed_sentences,
    choose_frame,
    content_words,
    count_word,
    load_bank,
    load_topics,
    split_evenly,
)

Asked = tuple[dict[str, Any], dict[str, Any]]  # IFEval's keyword arguments, fields of the wording
Builder = Callable[[Draft], Asked | None]  # None: the draft has nothing to ask for, draw another

LANGUAGE_NAMES = {"de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "pl": "Polish", "pt": "Portuguese"}
SECTION_MARKERS = {
    "en": ("Section", "SECTION", "Part", "Chapter", "Topic"),
    "de": ("Abschnitt", "Teil", "Kapitel"),
    "fr": ("Partie", "Section", "Chapitre"),
    "es": ("Parte", "Apartado", "Tema"),
}
POSTSCRIPTS = {"en": ("P.S.", "P.P.S"), "de": ("P.S.", "P.P.S"), "fr": ("P.S.", "P.P.S"), "es": ("P.D.", "P.S.")}
JSON_KEYS = {
    "en": ("title", "introduction", "background", "suggestions", "details", "closing"),
    "de": ("titel", "einleitung", "hintergrund", "vorschläge", "angaben", "schluss"),
    "fr": ("titre", "introduction", "contexte", "suggestions", "informations", "conclusion"),
    "es": ("título", "introducción", "contexto", "sugerencias", "datos", "conclusión"),
}
CAPITALS_LEAST_WORDS = 110  # langdetect mistook 1 such reply in 13,552 for another language; from 90 on, 1 in 1,700
AND = {"en": "and", "de": "und", "fr": "et", "es": "y"}
AT_LEAST = ("at least {n}", "no fewer than {n}", "{n} or more", "a minimum of {n}")
LESS_THAN = ("fewer than {n}", "less than {n}", "under {n}")


def amount(rng: Random, relation: str, n: int) -> str:
    """IFEval's relation and number as a phrase: `at least 40`, `fewer than 40` and the like."""
    return rng.choice(AT_LEAST if relation == "at least" else LESS_THAN).format(n=n)


def quoted(words: list[str], language: str) -> str:
    """`"a", "b" and "c"`, with the conjunction of the language."""
    marked = [f'"{word}"' for word in words]
    return marked[0] if len(marked) == 1 else f"{', '.join(marked[:-1])} {AND[language]} {marked[-1]}"


def relation_near(rng: Random, least: int, most: int, step: int = 1) -> tuple[str, int]:
    """A relation and a number that a count between `least` and `most` (two ways of counting) satisfies closely."""
    if least >= 2 * step and rng.random() < 0.6:
        return "at least", max(2, int(least * rng.uniform(0.8, 1)) // step * step)
    return "less than", max(2, -(-int(most * rng.uniform(1.05, 1.25) + 1) // step) * step)


def join_plainly(draft: Draft) -> None:
    """The default layout: paragraphs with blank lines between them."""
    draft.text = draft.framed("\n\n".join(" ".join(part) for part in draft.paragraphs()))


def number_placeholders(draft: Draft) -> Asked:
    """Sentences with [fields] near the end."""
    sentences = load_bank("forms")[draft.language]["placeholders"]
    draft.details = draft.rng.sample(sentences, draft.rng.randint(2, 5))
    join_plainly(draft)
    n = sum(sentence.count("[") for sentence in draft.details)
    return {"num_placeholders": n}, {"n": n}


def response_language(draft: Draft) -> Asked:
    """The draft was begun in the language; only the wording is left to do."""
    return {"language": draft.language}, {"language_name": LANGUAGE_NAMES[draft.language]}


def json_format(draft: Draft) -> Asked:
    """One object with a key for each part, in a code block or bare."""
    parts = [draft.title, draft.opener, draft.facts, draft.tips, draft.details, draft.closer]
    content = {key: part for key, part in zip(JSON_KEYS[draft.language], parts, strict=True) if part}
    draft.text = json.dumps(content, ensure_ascii=False, indent=2)
    if draft.rng.random() < 0.5:
        draft.text = f"```json\n{draft.text}\n```"
    return {}, {}


def constrained_response(draft: Draft) -> Asked:
    """A yes-or-no question about the topic instead of a text; `maybe` where only the asker could know."""
    rng, topic = draft.rng, draft.topic
    question, answer = rng.choice([*topic["questions"], (None, "maybe")])
    name = topic["name"]
    question = question or rng.choice(load_bank("forms")["en"]["open_questions"][topic["kind"]]).format(topic=name)
    background = f"Some background on {name}: {rng.choice(topic['facts'])}\n\n" if rng.random() < 0.4 else ""
    draft.request = background + question
    draft.text = f"My answer is {answer}."
    return {}, {}


def two_responses(draft: Draft) -> Asked:
    """Two versions that have no fact and no tip in common."""
    facts, tips = allowed_sentences(draft.topic, draft.comma_free)
    versions = []
    for start in (0, 1):
        draft.facts, draft.tips = facts[start::2], tips[start::2]
        choose_frame(draft)
        join_plainly(draft)
        versions.append(draft.text)
    draft.rng.shuffle(versions)
    draft.unused = []
    draft.facts, draft.tips = facts, tips  # what is measured later looks at both
    draft.text = "\n\n******\n\n".join(versions)
    return {}, {}


def number_bullet_lists(draft: Draft) -> Asked:
    """The tips, or the facts in an explanation without any, as a list between opener and closer."""
    mark = draft.rng.choice("*-")
    points = draft.tips if len(draft.tips) > 1 else [*draft.facts, *draft.tips]
    before = [draft.opener] if points is not draft.tips else [draft.opener, *draft.facts, draft.bridge]
    blocks = [before, [f"\n{mark} ".join(["", *points]).strip()], [*draft.details, draft.closer]]
    draft.text = draft.framed("\n\n".join(" ".join(filter(None, block)) for block in blocks if any(block)))
    return {"num_bullets": len(points)}, {"n": len(points)}


def multiple_sections(draft: Draft) -> Asked:
    """Sections of two or more sentences under `Section 1` and so on."""
    sentences = draft.sentences()
    marker = draft.rng.choice(SECTION_MARKERS[draft.language])
    n = draft.rng.randint(2, max(2, min(6, len(sentences) // 2)))
    sections = [f"{marker} {i}\n{' '.join(part)}" for i, part in enumerate(split_evenly(sentences, n), 1)]
    draft.text = draft.framed("\n\n".join(sections))
    return {"section_spliter": marker, "num_sections": n}, {"marker": marker, "n": n}


def number_paragraphs(draft: Draft) -> Asked:
    """Paragraphs divided by `***`."""
    sentences = draft.sentences()
    n = draft.rng.randint(2, max(2, min(6, len(sentences) // 2)))
    draft.text = draft.framed("\n\n***\n\n".join(" ".join(part) for part in split_evenly(sentences, n)))
    return {"num_paragraphs": n}, {"n": n}


def nth_paragraph_first_word(draft: Draft) -> Asked | None:
    """Paragraphs divided by blank lines; one whose first word is no mere article is asked for."""
    sentences = draft.sentences()
    n = draft.rng.randint(2, max(2, min(6, len(sentences) // 2)))
    draft.text = draft.framed("\n\n".join(" ".join(part) for part in split_evenly(sentences, n)))
    matches = [re.match(r"[A-Za-z]+(?= )", paragraph) for paragraph in draft.text.split("\n\n")]
    first_words = {i: match.group().lower() for i, match in enumerate(matches) if match}
    if not first_words:
        return None
    telling = [i for i, word in first_words.items() if word not in ("the", "a", "an")]
    i = draft.rng.choice(telling or list(first_words))
    word = first_words[i]
    kwargs = {"num_paragraphs": n, "nth_paragraph": i + 1, "first_word": word}
    ordinal = ("first", "second", "third", "fourth", "fifth", "sixth")[i]
    return kwargs, {"n": n, "i": i + 1, "nth": ordinal, "word": f'"{word}"'}


def _mark_words(draft: Draft, most: int, change: Callable[[str], str]) -> int:
    """Change up to `most` different content words, each where it first stands inside a line; the number changed."""
    words = content_words(draft.facts + draft.tips, draft.language)
    chosen = draft.rng.sample(words, min(most, len(words)))
    changed = 0
    for word in chosen:
        pattern = rf"(?<=[^\W\d_,] )(?<![*\[]){re.escape(word)}(?![\w'’*\]-])"
        draft.text, hits = re.subn(pattern, lambda match: change(match.group()), draft.text, count=1)
        changed += hits
    return changed


def number_highlighted_sections(draft: Draft) -> Asked | None:
    """Content words set in *single asterisks*."""
    draft.text = re.sub(r"^\* ", "- ", draft.text, flags=re.MULTILINE)  # an asterisk shall have one meaning
    n = _mark_words(draft, draft.rng.randint(2, 6), lambda word: f"*{word}*")
    return ({"num_highlights": n}, {"n": n}) if n >= 2 else None


def _count_capitals(text: str) -> int:
    return len(re.findall(r"(?<!\w)[A-Z]+(?:\.[A-Z])*(?!\w)", text))


def capital_word_frequency(draft: Draft) -> Asked:
    """Content words in capitals for emphasis."""
    marked = _mark_words(draft, draft.rng.randint(2, 7), str.upper)
    if marked >= 2 and draft.rng.random() < 0.6:
        relation, n = "at least", draft.rng.randint(2, marked)
    else:  # room for a postscript's mark and the like, which some checkers count
        relation, n = "less than", _count_capitals(draft.text) + draft.rng.randint(5, 9)
    return {"capital_relation": relation, "capital_frequency": n}, {"amount": amount(draft.rng, relation, n)}


def postscript(draft: Draft) -> Asked | None:
    """A tip that the text has not used, as an afterthought."""
    marker = draft.rng.choice(POSTSCRIPTS[draft.language])
    notes = [sentence for sentence in draft.unused if sentence not in draft.text]
    chosen = draft.rng.sample(notes, min(2, len(notes)))
    if not chosen:
        return None
    if marker == "P.P.S" and len(chosen) == 2:
        draft.text += f"\n\nP.S. {chosen[1]}"  # a second postscript follows a first
    draft.text += f"\n\n{marker} {chosen[0]}"
    return {"postscript_marker": marker}, {"marker": marker}


def title(draft: Draft) -> Asked:
    """A title in double angle brackets above the text."""
    draft.text = f"<<{draft.title}>>\n\n{draft.text}"
    return {}, {}


def end_checker(draft: Draft) -> Asked:
    """A set phrase after the last sentence."""
    phrases = load_bank("forms")[draft.language]["end_phrases"]
    phrase = draft.rng.choice([p for p in phrases if p not in draft.text])
    draft.text += f" {phrase}"
    return {"end_phrase": phrase}, {"phrase": phrase}


def english_capital(draft: Draft) -> Asked | None:
    """Upper case throughout, in replies long enough for langdetect, which sees only initials in such words."""
    if len(draft.text.split()) < CAPITALS_LEAST_WORDS:
        return None
    draft.text = draft.text.upper()
    return {}, {}


def english_lowercase(draft: Draft) -> Asked:
    """Lower case throughout."""
    draft.text = draft.text.lower()
    return {}, {}


def quotation(draft: Draft) -> Asked:
    """Double quotation marks around everything."""
    draft.text = f'"{draft.text}"'
    return {}, {}


def repeat_prompt(draft: Draft) -> Asked:
    """The request, word for word, above the reply."""
    draft.text = f"{draft.request}\n\n{draft.text}"
    return {"prompt_to_repeat": draft.request}, {}


def no_comma(draft: Draft) -> Asked:
    """The draft was begun without commas; only the wording is left to do."""
    return {}, {}


def _words_of_text(draft: Draft) -> list[str]:
    """Content words of the reply that stand in its final text and that no other instruction has taken."""
    words = content_words(draft.facts + draft.tips, draft.language)
    return [word for word in words if count_word(word, draft.text) and word not in draft.words_taken]


def existence(draft: Draft) -> Asked | None:
    """Words that the reply has."""
    words = _words_of_text(draft)
    chosen = draft.rng.sample(words, min(draft.rng.randint(1, 4), len(words)))
    if not chosen:
        return None
    draft.words_taken.update(chosen)
    return {"keywords": chosen}, {"words": quoted(chosen, draft.language)}


def frequency(draft: Draft) -> Asked | None:
    """A word that the reply has, if possible more than once; `at least` counts whole words, `less than` all."""
    words = _words_of_text(draft)
    repeated = [word for word in words if count_word(word, draft.text) > 1]
    if not words:
        return None
    word = draft.rng.choice(repeated or words)
    draft.words_taken.add(word)
    if repeated and draft.rng.random() < 0.65:
        relation, n = "at least", draft.rng.randint(2, count_word(word, draft.text))
    else:
        relation, n = "less than", draft.text.lower().count(word.lower()) + draft.rng.randint(1, 3)
    kwargs = {"keyword": word, "frequency": n, "relation": relation}
    return kwargs, {"word": f'"{word}"', "amount": amount(draft.rng, relation, n)}


def forbidden_words(draft: Draft) -> Asked | None:
    """Words that belong to the topic and that the reply happens to avoid."""
    near = content_words(draft.unused, draft.language)
    spoken = (draft.text + draft.request).lower()
    free = [word for word in near if word.lower() not in spoken and word not in draft.words_taken]
    if not free:  # everything was said: words of the neighbouring topics
        others = [s for topic in load_topics(draft.language).values() for s in topic["facts"]]
        free = [word for word in content_words(others, draft.language) if word.lower() not in spoken]
    chosen = draft.rng.sample(free, min(draft.rng.randint(1, 4), len(free)))
    if not chosen:
        return None
    draft.words_taken.update(chosen)
    return {"forbidden_words": chosen}, {"words": quoted(chosen, draft.language)}


def letter_frequency(draft: Draft) -> Asked:
    """A letter counted in both cases: common ones from below, rare ones from above."""
    text = draft.text.lower()
    common = [letter for letter in "abcdefghiklmnoprstuwy" if text.count(letter) > 4]
    if common and draft.rng.random() < 0.6:
        letter = draft.rng.choice(common)
        relation, n = "at least", max(2, int(text.count(letter) * draft.rng.uniform(0.6, 1)))
    else:
        letter = draft.rng.choice("bcfgjkmpqvwxyz")
        relation, n = "less than", text.count(letter) + draft.rng.randint(2, 5)
    kwargs = {"letter": letter, "let_frequency": n, "let_relation": relation}
    return kwargs, {"letter": f'"{letter}"', "amount": amount(draft.rng, relation, n)}


def number_words(draft: Draft) -> Asked:
    """Words, whether counted as runs of word characters or between spaces."""
    counts = len(re.findall(r"\w+", draft.text)), len(draft.text.split())
    relation, n = relation_near(draft.rng, min(counts), max(counts), step=5 if min(counts) < 60 else 10)
    return {"num_words": n, "relation": relation}, {"amount": amount(draft.rng, relation, n)}


def number_sentences(draft: Draft) -> Asked:
    """Sentences, with a margin for what splitters disagree about (a signature, a rule between paragraphs)."""
    count = len(draft.sentences()) + bool(draft.greeting)
    relation, n = relation_near(draft.rng, count, count + 3)
    return {"num_sentences": n, "relation": relation}, {"amount": amount(draft.rng, relation, n)}


FAMILIES: dict[str, Builder] = {
    "detectable_content:number_placeholders": number_placeholders,
    "language:response_language": response_language,
    "punctuation:no_comma": no_comma,
    "detectable_format:json_format": json_format,
    "detectable_format:constrained_response": constrained_response,
    "combination:two_responses": two_responses,
    "detectable_format:number_bullet_lists": number_bullet_lists,
    "detectable_format:multiple_sections": multiple_sections,
    "length_constraints:number_paragraphs": number_paragraphs,
    "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
    "detectable_format:number_highlighted_sections": number_highlighted_sections,
    "change_case:capital_word_frequency": capital_word_frequency,
    "detectable_content:postscript": postscript,
    "detectable_format:title": title,
    "startend:end_checker": end_checker,
    "change_case:english_capital": english_capital,
    "change_case:english_lowercase": english_lowercase,
    "startend:quotation": quotation,
    "combination:repeat_prompt": repeat_prompt,
    "keywords:existence": existence,
    "keywords:frequency": frequency,
    "keywords:forbidden_words": forbidden_words,
    "keywords:letter_frequency": letter_frequency,
    "length_constraints:number_words": number_words,
    "length_constraints:number_sentences": number_sentences,
}
