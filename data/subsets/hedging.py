"""Hedging: say so when the answer is not there, and do not say so when it is.

The Gemma 3 report (2503.19786, section 3) adds data that encourages hedging; Gemini 1.0 (2312.11805, section 5.1.6)
trains it on prompts with false premises and with missing context. Neither is published. Ours pairs each kind of
question that cannot be answered as asked with a control of the same shape that can: four rows in ten are controls,
lest a model learn to hedge at a shape.
"""

import datetime
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
    draw_document,
    draw_language,
    draw_other,
    draw_person,
    draw_subjects,
    fill,
    format_date,
    format_number,
    label,
    load_vocabulary,
    load_yaml,
    named,
)

Row = dict[str, Any]
CONTROL_SHARE = 0.4
SOURCE = "own/hedging"


@dataclass
class Example:
    """A prompt and its reply; `answer` is the gold answer where the reply gives one."""

    prompt: str
    reply: str
    answer: str | None = None


def build(count: int, seed: int, languages: Sequence[str] = LANGUAGES) -> list[Row]:
    """`count` distinct rows; the first n of a longer build with the same seed and languages are the same rows.

    `kind` is one of KINDS, for a control with "control_" before it; `answerable` is "yes" for controls, "no" for what
    cannot be answered as asked. A row has `answer` where the reply states a fact that can be checked. Raises UserError
    above 20,000 rows or for an unknown language.
    """
    check_request("hedging", count, languages)
    rng = random.Random(f"hedging-{seed}-{','.join(languages)}")
    rows: list[Row] = []
    seen: set[str] = set()
    while len(rows) < count:
        language = draw_language(rng, languages)
        kind = rng.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
        answerable = rng.random() < CONTROL_SHARE
        example = KINDS[kind][1](rng, language, answerable)
        if example.prompt not in seen:
            seen.add(example.prompt)
            rows.append(as_row(example, f"hedging-{seed}-{len(rows)}", language, kind, answerable))
    return rows


def as_row(example: Example, row_id: str, language: str, kind: str, answerable: bool) -> Row:
    messages = [{"role": "user", "content": example.prompt}, {"role": "assistant", "content": example.reply}]
    answer = {} if example.answer is None else {"answer": example.answer}
    return {
        "messages": messages,
        **answer,
        "id": row_id,
        "source": SOURCE,
        "language": language,
        "kind": f"control_{kind}" if answerable else kind,
        "answerable": "yes" if answerable else "no",
    }


def load_phrases(language: str) -> dict[str, Any]:
    return load_yaml("hedging.yaml")[language]


def show(rng: random.Random, language: str, documents: Sequence[Document], question: str) -> str:
    """The prompt: the documents without numbers, and the question."""
    docs = "\n\n".join(document.text for document in documents)
    q0 = question[:1].lower() + question[1:]
    return rng.choice(load_phrases(language)["frames"]).format(docs=docs, q=question, q0=q0)


def tell(rng: random.Random, language: str, pattern: str, genre: dict[str, Any], fact: Fact, **slots: Any) -> str:
    """A reply in one of the pattern's wordings about a fact of a document."""
    slots |= {"v": fact.value.text, "r": fact.reason}
    if fact.key != "why":
        spec = genre["facts"][fact.key]
        slots |= {"np": spec["np"], "Np": fill(spec["np"]), "label": label(spec), "Label": label(spec)}
        slots["P"] = fill(rng.choice(spec["s"]), s=fact.subject, v=fact.value.text)
    return fill(rng.choice(load_phrases(language)[pattern]), **slots)


def draw_genre(rng: random.Random, language: str) -> tuple[str, dict[str, Any], str, list[str]]:
    """A genre with its name, a subject of it, and its facts in random order."""
    genres = load_vocabulary(language)["genres"]
    name = rng.choice(list(genres))
    return name, genres[name], draw_subjects(rng, genres[name], 1)[0], rng.sample(list(genres[name]["facts"]), 4)


def add_company(rng: random.Random, language: str, document: Document) -> list[Document]:
    """The document, three times in ten beside one of another genre, which cannot answer for it."""
    genres = load_vocabulary(language)["genres"]
    if rng.random() < 0.7:
        return [document]
    name = rng.choice([name for name in genres if name != document.genre])
    other = draw_document(rng, language, name, draw_subjects(rng, genres[name], 1)[0], list(genres[name]["facts"])[:2])
    return rng.sample([document, other], 2)


def make_absent(rng: random.Random, language: str, answerable: bool) -> Example:
    """A question that the text answers, or does not: the fact, its subject or its reason is not there."""
    if answerable:
        return make_found(rng, language)
    return rng.choices([make_unstated, make_stranger, make_unexplained], [5, 2, 3])[0](rng, language)


def make_found(rng: random.Random, language: str) -> Example:
    name, genre, subject, keys = draw_genre(rng, language)
    document = draw_document(rng, language, name, subject, keys[: rng.randint(2, 4)])
    fact = rng.choice(document.facts)
    question = rng.choice(genre["facts"][fact.key]["q"]).format(s=subject)
    prompt = show(rng, language, add_company(rng, language, document), question)
    return Example(prompt, tell(rng, language, "found", genre, fact), fact.value.text)


def make_unstated(rng: random.Random, language: str) -> Example:
    """The text is about the subject and leaves the fact out; the reply says what it has and who would know."""
    name, genre, subject, (key, *keys) = draw_genre(rng, language)
    document = draw_document(rng, language, name, subject, keys[: rng.randint(2, 3)], why=rng.random() < 0.2)
    phrases, spec = load_phrases(language), genre["facts"][key]
    stated = [fact for fact in document.facts if fact.key != "why"][: rng.randint(1, 2)]
    known = phrases["and"].join(f"{genre['facts'][fact.key]['np']} ({fact.value.text})" for fact in stated)
    origin = phrases["origin"][name]
    reply = fill(
        rng.choice(phrases["absent"]),
        gives=fill(rng.choice(phrases["gives"]), known=known),
        need=fill(rng.choice(phrases["need"]), origin=origin, Origin=fill(origin)),
        **{"np": spec["np"], "Np": fill(spec["np"]), "Label": label(spec)},
    )
    question = rng.choice(spec["q"]).format(s=subject)
    return Example(show(rng, language, add_company(rng, language, document), question), reply)


def make_stranger(rng: random.Random, language: str) -> Example:
    """The text states the fact, but of another subject of the same kind."""
    name, genre, _, keys = draw_genre(rng, language)
    about, asked = draw_subjects(rng, genre, 2)
    document = draw_document(rng, language, name, about, keys[: rng.randint(2, 4)])
    spec = genre["facts"][keys[0]]
    other, stranger = named(genre, about), named(genre, asked)
    slots = {"other": other, "Other": fill(other), "s": stranger, "np": spec["np"]}
    reply = fill(rng.choice(load_phrases(language)["stranger"]), **slots)
    return Example(show(rng, language, [document], rng.choice(spec["q"]).format(s=asked)), reply)


def make_unexplained(rng: random.Random, language: str) -> Example:
    """A why-question whose premise is true, on a text that gives no reason."""
    name, genre, subject, keys = draw_genre(rng, language)
    document = draw_document(rng, language, name, subject, keys[: rng.randint(1, 4)])
    fact = document.facts[0]
    question = rng.choice(genre["facts"][fact.key]["fp"]).format(s=subject, w=fact.value.text)
    reply = tell(rng, language, "no_reason", genre, fact)
    return Example(show(rng, language, add_company(rng, language, document), question), reply)


def make_premise(rng: random.Random, language: str, answerable: bool) -> Example:
    """A question with a premise, true or false, on a text or on common knowledge."""
    if rng.random() < 0.5:
        return make_world(rng, language, answerable)
    return make_reason(rng, language, answerable) if answerable or rng.random() < 0.4 else make_contrary(rng, language)


def make_contrary(rng: random.Random, language: str) -> Example:
    """A question that takes for granted another value than the text states."""
    name, genre, subject, keys = draw_genre(rng, language)
    document = draw_document(rng, language, name, subject, keys[: rng.randint(1, 4)])
    fact = document.facts[0]
    spec = genre["facts"][fact.key]
    wrong = draw_other(rng, spec, language, [other.value.text for other in document.facts]).text
    prompt = show(rng, language, [document], rng.choice(spec["fp"]).format(s=subject, w=wrong))
    reply = tell(rng, language, "premise", genre, fact, w=wrong)
    return Example(prompt, reply, fact.value.text)


def make_reason(rng: random.Random, language: str, answerable: bool) -> Example:
    """A why-question that the text answers; with a false premise, it answers for another value than the one asked."""
    name, genre, subject, keys = draw_genre(rng, language)
    document = draw_document(rng, language, name, subject, keys[: rng.randint(0, 3)], why=True)
    fact, spec = document.fact("why"), genre["why"]
    stated = [other.value.text for other in document.facts]
    asked = fact.value.text if answerable else draw_other(rng, spec, language, stated).text
    prompt = show(rng, language, [document], rng.choice(spec["q"]).format(s=subject, v=asked))
    return Example(
        prompt, tell(rng, language, "reason_yes" if answerable else "reason_no", genre, fact, w=asked), fact.reason
    )


def make_world(rng: random.Random, language: str, true: bool) -> Example:
    """Common knowledge with a premise: capitals, months, polygons, legs, elements, planets, sizes, products."""
    world = load_phrases(language)["world"]
    topic = rng.choice(list(world))
    slots, answer = TOPICS[topic](rng, language, world[topic].get("rows", []), true)
    why = not true and "why" in world[topic] and rng.random() < 0.5
    question = fill(rng.choice(world[topic]["why" if why else "q"]), **slots)
    return Example(question, fill(rng.choice(world[topic]["agree" if true else "correct"]), **slots), answer)


def near(rng: random.Random, right: int, low: int, high: int) -> int:
    """A wrong number between low and high, at most three away from the right one."""
    return rng.choice([n for n in range(max(low, right - 3), min(high, right + 3) + 1) if n != right])


def draw_capital(rng: random.Random, language: str, rows: list[Any], true: bool) -> tuple[dict[str, Any], str]:
    country, capital, other, continent = rng.choice(rows)
    city = capital if true else other
    return {"country": country, "capital": capital, "city": city, "continent": continent}, bare(continent)


def draw_month(rng: random.Random, language: str, rows: list[Any], true: bool) -> tuple[dict[str, Any], str]:
    month, right, days = rng.choice(rows)
    return {"m": month, "right": right, "n": right if true else near(rng, right, 1, 12), "days": days}, str(days)


def draw_polygon(rng: random.Random, language: str, rows: list[Any], true: bool) -> tuple[dict[str, Any], str]:
    shape, right = rng.choice(rows)
    total = format_number((right - 2) * 180, language)
    return {"p": shape, "right": right, "n": right if true else near(rng, right, 3, 12), "total": total}, f"{total}°"


def draw_legs(rng: random.Random, language: str, rows: list[Any], true: bool) -> tuple[dict[str, Any], str]:
    animals, right = rng.choice(rows)
    count = rng.randint(3, 40)
    wrong = rng.choice([legs for legs in (2, 4, 6, 8) if legs != right])
    total = str(count * right)
    return {"p": animals, "right": right, "n": right if true else wrong, "k": count, "total": total}, total


def draw_element(rng: random.Random, language: str, rows: list[Any], true: bool) -> tuple[dict[str, Any], str]:
    name, symbol, right = rng.choice(rows)
    return {"e": name, "symbol": symbol, "right": right, "n": right if true else near(rng, right, 1, 99)}, symbol


def draw_planet(rng: random.Random, language: str, rows: list[Any], true: bool) -> tuple[dict[str, Any], str]:
    right = rng.randint(1, len(rows) - 1)
    slots = {"p": rows[right - 1], "next": rows[right], "right": right}
    return slots | {"n": right if true else near(rng, right, 1, 8)}, bare(rows[right])


def draw_size(rng: random.Random, language: str, rows: list[Any], true: bool) -> tuple[dict[str, Any], str]:
    """Two bodies whose diameters (km) differ enough that the factor says something; `a` is said to be the larger."""
    small, large = sorted(rng.sample(rows, 2), key=lambda row: row[1])
    if large[1] < 1.25 * small[1]:
        return draw_size(rng, language, rows, true)
    ratio = large[1] / small[1]
    factor = format_number(round(ratio) if ratio >= 10 else round(ratio, 1), language)
    (a, da), (b, db) = (large, small) if true else (small, large)
    slots = {"a": a, "b": b, "da": format_number(da, language), "db": format_number(db, language), "f": factor}
    return slots, factor


def draw_product(rng: random.Random, language: str, rows: list[Any], true: bool) -> tuple[dict[str, Any], str]:
    a, b, d = rng.randint(12, 39), rng.randint(6, 24), rng.randint(11, 60)
    right = a * b
    total = str(right + d)
    wrong = right + rng.choice([-20, -10, -2, 2, 10, 20, a, -b])
    return {"a": a, "b": b, "c": right if true else wrong, "right": right, "d": d, "total": total}, total


TOPICS: dict[str, Callable[[random.Random, str, list[Any], bool], tuple[dict[str, Any], str]]] = {
    "capital": draw_capital,
    "month": draw_month,
    "polygon": draw_polygon,
    "animal": draw_legs,
    "element": draw_element,
    "planet": draw_planet,
    "size": draw_size,
    "product": draw_product,
}


def draw_givens(rng: random.Random, scenario: dict[str, Any]) -> tuple[int, int, int]:
    """Two givens and the whole-number result of a calculation."""
    if scenario["op"] == "sub":
        x = rng.randint(120, 980)
        y = rng.randint(15, x - 20)
        return x, y, x - y
    y = rng.randint(*scenario.get("yr", (4, 30)))
    if scenario["op"] == "div":
        result = rng.randint(2, 14)
        return y * result, y, result
    x = rng.randint(*scenario.get("xr", (3, 40)))
    return x, y, x * y


def make_underspecified(rng: random.Random, language: str, answerable: bool) -> Example:
    """A word problem with both givens, or with one left out."""
    phrases = load_phrases(language)
    scenario = rng.choice(phrases["scenarios"])
    x, y, result = draw_givens(rng, scenario)
    numbers = {"x": format_number(x, language), "y": format_number(y, language), "n": rng.choice(phrases["actors"])}
    missing = None if answerable else rng.choice("xy")
    parts = [scenario[given].format(**numbers) for given in "xy" if given != missing]
    if rng.random() < 0.5:
        parts.append(scenario["idle"])
    prompt = " ".join([*parts, scenario["q"].format(**numbers)])
    if missing:
        form = scenario[f"form_{missing}"].format(**numbers)
        reply = fill(rng.choice(phrases["missing"]), need=scenario[f"need_{missing}"], form=form, Form=fill(form))
        return Example(prompt, reply)
    answer = f"{format_number(result, language)} {scenario['unit']}"
    sign = {"mul": "×", "div": "÷", "sub": "−"}[scenario["op"]]
    left, right = (f"{numbers[given]} {scenario[given + 'u']}".strip() for given in "xy")
    calc = f"{left} {sign} {right} = {answer}"
    return Example(prompt, fill(rng.choice(phrases["solved"]), calc=calc, r=answer), answer)


def make_unknowable(rng: random.Random, language: str, answerable: bool) -> Example:
    """The future and what was never told; the control can be computed or was just told."""
    item = rng.choice(load_phrases(language)["known" if answerable else "unknowable"])
    slots = draw_slots(rng, language)
    prompt = fill(rng.choice(item["q"]), **slots)
    answer = item["answer"].format(**slots) if answerable else None
    return Example(prompt, fill(rng.choice(item["a"]), **slots), answer)


def draw_slots(rng: random.Random, language: str) -> dict[str, Any]:
    """Something for every slot of the `unknowable` and `known` patterns."""
    lists, words = load_phrases(language)["slots"], load_vocabulary(language)
    day = datetime.date(rng.randint(2027, 2039), rng.randint(1, 12), rng.randint(2, 28))
    food, food2 = rng.sample(lists["food"], 2)
    x, y = rng.randint(110, 900), rng.randint(15, 95)
    year0, years = rng.randint(1990, 2024), rng.randint(6, 60)
    slots: dict[str, Any] = {name: rng.choice(values) for name, values in lists.items()}
    return slots | {
        **{"food": food, "food2": food2, "x": x, "y": y, "sum": format_number(x + y, language)},
        **{"year0": year0, "year": year0 + years, "years": years, "k": rng.randint(4, 9)},
        "date": format_date(day.day, day.month, day.year, language),
        "weekday": lists["weekdays"][day.weekday()],
        "town": rng.choice(words["towns"]),
        "person": draw_person(rng, language),
        "company": draw_subjects(rng, words["genres"]["company"], 1)[0],
        "time": f"{rng.randint(8, 20)}:{rng.randrange(0, 60, 5):02}",
    }


# kind -> (weight, maker)
KINDS: dict[str, tuple[int, Callable[[random.Random, str, bool], Example]]] = {
    "absent": (34, make_absent),
    "false_premise": (34, make_premise),
    "underspecified": (18, make_underspecified),
    "unknowable": (14, make_unknowable),
}
