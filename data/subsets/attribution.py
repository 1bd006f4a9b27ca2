"""In-context attribution: answer from numbered documents and cite the one that says so.

The Gemma 3 report (2503.19786, section 3) adds "subsets of data that encourage better in-context attribution" to cut
hallucination, and Gemini 1.0 (2312.11805, section 5.1.6) trains "attribution to a given source"; neither is published.
Ours asks invented documents, so that a right answer can only have been read. A gold answer stands in no document that
is not cited: whoever cites the wrong one is wrong.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from posttrain.data.subsets.documents import (
    LANGUAGES,
    Document,
    Fact,
    bare,
    check_request,
    draw_date,
    draw_document,
    draw_fact,
    draw_language,
    draw_subjects,
    draw_table,
    fill,
    format_amount,
    label,
    load_vocabulary,
    load_yaml,
    named,
)

Row = dict[str, Any]
SIZES = (1, 2, 2, 3, 3, 3, 4, 4, 5, 6)  # documents in a prompt
HEADS = ("[{n}] {text}", "[{n}] {text}", "{word} [{n}]: {text}", "### [{n}] {text}", '<doc id="{n}">\n{text}\n</doc>')
SOURCE = "own/attribution"


@dataclass
class Example:
    """A question on some documents with its reply; `cited` are positions among the documents."""

    documents: list[Document]
    question: str
    ask: str
    reply: str
    answer: str
    cited: list[int]


def build(count: int, seed: int, languages: Sequence[str] = LANGUAGES) -> list[Row]:
    """`count` distinct rows; the first n of a longer build with the same seed and languages are the same rows.

    `kind` is one of KINDS, `answer` the short gold answer to the last question, `citations` the JSON list of the
    document numbers that the last reply must cite. Raises UserError above 20,000 rows or for an unknown language.
    """
    check_request("attribution", count, languages)
    rng = random.Random(f"attribution-{seed}-{','.join(languages)}")
    rows: list[Row] = []
    seen: set[str] = set()
    while len(rows) < count:
        language = draw_language(rng, languages)
        kind = rng.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
        example = KINDS[kind][1](rng, language)
        if not is_sound(example):
            continue
        messages = converse(rng, language, kind, example)
        prompt = "\n".join(message["content"] for message in messages if message["role"] == "user")
        if messages and prompt not in seen:
            seen.add(prompt)
            rows.append(as_row(example, messages, f"attribution-{seed}-{len(rows)}", language, kind))
    return rows


def as_row(example: Example, messages: list[dict[str, str]], row_id: str, language: str, kind: str) -> Row:
    return {
        "messages": messages,
        "answer": example.answer,
        "citations": json.dumps([position + 1 for position in sorted(example.cited)]),
        "id": row_id,
        "source": SOURCE,
        "language": language,
        "kind": kind,
    }


def is_sound(example: Example) -> bool:
    """Whether the answer can be read in the cited documents only."""
    others = (text.text for position, text in enumerate(example.documents) if position not in example.cited)
    return not any(example.answer.lower() in text.lower() for text in others)


def converse(rng: random.Random, language: str, kind: str, example: Example) -> list[dict[str, str]]:
    """The example as messages; a `followup` gets another question on the same documents before it, if there is one."""
    prompt = show(rng, language, example)
    if kind != "followup":
        return turns(prompt, example.reply)
    facts = [
        (position, fact)
        for position, document in enumerate(example.documents)
        for fact in document.facts
        if fact.key != "why" and fact.line not in example.documents[example.cited[0]].text
    ]
    if not facts:
        return []
    position, fact = rng.choice(facts)
    first = ask_fact(rng, language, example.documents, position, fact, "full")
    again = rng.choice(load_phrases(language)["next"])
    question = again.format(q=example.question, q0=example.question[:1].lower() + example.question[1:])
    return [*turns(show(rng, language, first), first.reply), *turns(question, example.reply)]


def turns(prompt: str, reply: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]


def show(rng: random.Random, language: str, example: Example) -> str:
    """The prompt: documents under one style of heading, the question, and how to answer."""
    phrases = load_phrases(language)
    head = rng.choice(HEADS)
    documents = "\n\n".join(
        head.format(n=number, text=document.text, word=phrases["word"])
        for number, document in enumerate(example.documents, 1)
    )
    return rng.choice(phrases["frames"]).format(docs=documents, q=example.question, ask=example.ask)


def load_phrases(language: str) -> dict[str, Any]:
    return load_yaml("attribution.yaml")[language]


def cite(*positions: int) -> str:
    """[2], or [1][3]; positions count from 0."""
    return "".join(f"[{position + 1}]" for position in positions)


def cited_sentence(sentence: str, mark: str) -> str:
    """The sentence with the citation before its full stop."""
    return f"{sentence.removesuffix('.')} {mark}."


def quoted(rng: random.Random, language: str, text: str) -> str:
    return rng.choice(load_phrases(language)["quotes"]).format(text.removesuffix("."))


def draw_library(
    rng: random.Random, language: str, genre_key: str, key: str, wanted: int, why: bool = False
) -> tuple[list[Document], list[int]]:
    """Documents in random order and the positions of the `wanted` ones, which state the fact `key` of the genre.

    The others are distractors: mostly the same genre on other subjects, often with their own value for the fact.
    """
    genres = load_vocabulary(language)["genres"]
    subjects = draw_subjects(rng, genres[genre_key], 8)
    documents = [
        draw_document(rng, language, genre_key, subjects.pop(), fact_keys(rng, genres[genre_key], key), why)
        for _ in range(wanted)
    ]
    targets = list(documents)
    while len(documents) < max(wanted, rng.choice(SIZES)):
        documents.append(draw_distractor(rng, language, genre_key, key, subjects, why))
    rng.shuffle(documents)
    if rng.random() < 0.3:
        for document in documents:
            document.date = draw_date(rng, language, 2021, 2025)
    return documents, [documents.index(target) for target in targets]


def draw_distractor(
    rng: random.Random, language: str, genre_key: str, key: str, subjects: list[str], why: bool
) -> Document:
    """A document of the same genre on another of the subjects, which it takes out, or now and then of another genre."""
    genres = load_vocabulary(language)["genres"]
    if rng.random() < 0.3:
        other = rng.choice([name for name in genres if name != genre_key])
        subject = draw_subjects(rng, genres[other], 1)[0]
        return draw_document(rng, language, other, subject, fact_keys(rng, genres[other]), rng.random() < 0.2)
    keys = fact_keys(rng, genres[genre_key], key if rng.random() < 0.8 else None)
    return draw_document(rng, language, genre_key, subjects.pop(), keys, why)


def fact_keys(rng: random.Random, genre: dict[str, Any], needed: str | None = None) -> list[str]:
    """One to four of the genre's facts in random order, `needed` among them."""
    others = [key for key in genre["facts"] if key != needed]
    keys = rng.sample(others, rng.randint(1, min(3, len(others)))) + ([needed] if needed else [])
    rng.shuffle(keys)
    return keys


def draw_key(rng: random.Random, language: str, pattern: str = "q") -> tuple[str, str]:
    """A genre and one of its facts that can be asked about in this pattern."""
    genres = load_vocabulary(language)["genres"]
    genre_key = rng.choice(list(genres))
    keys = [key for key, spec in genres[genre_key]["facts"].items() if pattern in spec]
    return (genre_key, rng.choice(keys)) if keys else draw_key(rng, language, pattern)


def ask_fact(
    rng: random.Random, language: str, documents: list[Document], position: int, fact: Fact, style: str
) -> Example:
    """A question for one fact; `style` full, short, quote, title or json says how to answer."""
    document = documents[position]
    spec = load_vocabulary(language)["genres"][document.genre]["facts"][fact.key]
    question = rng.choice(spec["q"]).format(s=fact.subject)
    asked = rng.choice(load_phrases(language)[style])
    if style == "json":
        reply = json.dumps(dict(zip(asked["keys"], [fact.value.text, position + 1], strict=True)), ensure_ascii=False)
        return Example(documents, question, asked["ask"].format(), reply, fact.value.text, [position])
    reply = tell_fact(rng, language, document, fact, cite(position), style)
    return Example(documents, question, asked, reply, fact.value.text, [position])


def tell_fact(rng: random.Random, language: str, document: Document, fact: Fact, mark: str, style: str) -> str:
    """The reply for one fact."""
    genre = load_vocabulary(language)["genres"][document.genre]
    spec = genre["facts"][fact.key]
    sentence = fill(rng.choice(spec["s"]), s=fact.subject, v=fact.value.text)
    return fill(
        rng.choice(load_phrases(language)["replies"][style]),
        S=cited_sentence(sentence, mark),
        P=sentence,
        c=mark,
        v=fact.value.text,
        s=named(genre, fact.subject),
        np=spec["np"],
        label=label(spec),
        line=quoted(rng, language, document.title if style == "title" else fact.line),
    )


def make_single(style: str) -> Callable[[random.Random, str], Example]:
    """A maker of questions that one document answers."""

    def make(rng: random.Random, language: str) -> Example:
        genre_key, key = draw_key(rng, language)
        documents, (position,) = draw_library(rng, language, genre_key, key, 1)
        how = rng.choice(("full", "full", "short")) if style == "full" else style
        return ask_fact(rng, language, documents, position, documents[position].fact(key), how)

    return make


def make_table(rng: random.Random, language: str) -> Example:
    """A cell of a table among other documents."""
    genre_key, key = draw_key(rng, language)
    documents, (position,) = draw_library(rng, language, genre_key, key, 1)
    genre = load_vocabulary(language)["genres"][genre_key]
    about = {fact.subject for document in documents for fact in document.facts}
    subjects = [name for name in draw_subjects(rng, genre, 8) if name not in about][: rng.randint(3, 5)]
    title = rng.choice(load_phrases(language)["table"])
    documents[position] = draw_table(rng, language, genre_key, subjects, fact_keys(rng, genre, key), title)
    facts = [fact for fact in documents[position].facts if fact.key == key]
    style = rng.choice(("full", "full", "short", "json"))
    return ask_fact(rng, language, documents, position, rng.choice(facts), style)


def make_reason(rng: random.Random, language: str) -> Example:
    """Why something was decided; the gold answer is the reason."""
    genre_key, key = draw_key(rng, language)
    documents, (position,) = draw_library(rng, language, genre_key, key, 1, why=True)
    fact = documents[position].fact("why")
    spec = load_vocabulary(language)["genres"][genre_key]["why"]
    phrases = load_phrases(language)
    reply = fill(rng.choice(phrases["replies"]["reason"]), r=fact.reason, c=cite(position))
    question = rng.choice(spec["q"]).format(s=fact.subject, v=fact.value.text)
    return Example(documents, question, rng.choice(phrases["full"]), reply, fact.reason, [position])


def make_compare(rng: random.Random, language: str) -> Example:
    """Which of two subjects has more (or less) of something; the gold answer is its name."""
    pattern = rng.choice(("more", "less"))
    genre_key, key = draw_key(rng, language, pattern)
    documents, positions = draw_library(rng, language, genre_key, key, 2)
    amounts = [documents[position].fact(key).value.amount or 0 for position in positions]
    if amounts[0] == amounts[1]:
        return make_compare(rng, language)
    first_wins = (amounts[0] > amounts[1]) == (pattern == "more")
    x, y = positions if first_wins else positions[::-1]
    genre = load_vocabulary(language)["genres"][genre_key]
    answer = bare(named(genre, documents[x].fact(key).subject))
    return join_facts(rng, language, documents, (x, y), key, pattern, "compare", answer)


def make_sum(rng: random.Random, language: str) -> Example:
    """What two documents' values add up to; the gold answer stands in neither."""
    genre_key, key = draw_key(rng, language, "sum")
    documents, positions = draw_library(rng, language, genre_key, key, 2)
    spec = load_vocabulary(language)["genres"][genre_key]["facts"][key]
    total = sum(documents[position].fact(key).value.amount or 0 for position in positions)
    answer = format_amount(total, spec, language)
    return join_facts(rng, language, documents, (positions[0], positions[1]), key, "sum", "sum", answer)


def join_facts(
    rng: random.Random,
    language: str,
    documents: list[Document],
    pair: tuple[int, int],
    key: str,
    pattern: str,
    style: str,
    answer: str,
) -> Example:
    """A question over the facts of two documents, named in random order; `pair` opens with the one the answer names."""
    genre = load_vocabulary(language)["genres"][documents[pair[0]].genre]
    spec, phrases = genre["facts"][key], load_phrases(language)
    noun = f" {spec['noun']}" if "noun" in spec else ""
    x, y = (documents[position].fact(key) for position in pair)
    a, b = rng.sample([x.subject, y.subject], 2)  # the question must not betray the order
    reply = fill(
        rng.choice(phrases["replies"][style]),
        **{"x": named(genre, x.subject), "vx": x.value.text + noun, "cx": cite(pair[0])},
        **{"y": named(genre, y.subject), "vy": y.value.text + noun, "cy": cite(pair[1])},
        t=answer + noun,
    )
    question = rng.choice(spec[pattern]).format(a=a, b=b)
    return Example(documents, question, rng.choice(phrases["full"]), reply, answer, list(pair))


def make_conflict(rng: random.Random, language: str) -> Example:
    """Two documents of different years that contradict each other; the gold answer is the later one's value."""
    genre_key, key = draw_key(rng, language)
    genre = load_vocabulary(language)["genres"][genre_key]
    documents, (position,) = draw_library(rng, language, genre_key, key, 1)
    older = documents[position]
    subject, value = older.fact(key).subject, older.fact(key).value
    newer = draw_document(rng, language, genre_key, subject, [])
    spec = genre["facts"][key]
    fact = draw_fact(rng, language, genre, subject, key)
    while fact.value.text in value.text or value.text in fact.value.text:
        fact = draw_fact(rng, language, genre, subject, key)
    newer.facts, newer.body = [fact], " ".join(filter(None, [fact.line, newer.body]))
    documents.insert(rng.randint(0, len(documents)), newer)
    for document in documents:
        document.date = draw_date(rng, language, 2021, 2022)
    newer.date = draw_date(rng, language, 2023, 2025)
    x, y = documents.index(older), documents.index(newer)
    phrases = load_phrases(language)
    reply = fill(
        rng.choice(phrases["replies"]["conflict"]),
        **{"vx": value.text, "cx": cite(x), "dx": older.date, "vy": fact.value.text, "cy": cite(y), "dy": newer.date},
        np=spec["np"],
    )
    question = rng.choice(spec["q"]).format(s=subject)
    return Example(documents, question, rng.choice(phrases["conflict"]), reply, fact.value.text, [x, y])


# kind -> (weight, maker)
KINDS: dict[str, tuple[int, Callable[[random.Random, str], Example]]] = {
    "answer": (26, make_single("full")),
    "quote": (14, make_single("quote")),
    "title": (7, make_single("title")),
    "json": (9, make_single("json")),
    "table": (9, make_table),
    "reason": (7, make_reason),
    "compare": (9, make_compare),
    "sum": (7, make_sum),
    "conflict": (8, make_conflict),
    "followup": (8, make_single("full")),
}
