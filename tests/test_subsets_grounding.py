"""The attribution and hedging subsets: what a gold answer and a citation promise, and prose that varies."""

import json
import re
import string
from collections import Counter

import pytest

from posttrain.chat import normalise_messages
from posttrain.data.subsets import attribution, documents, hedging
from posttrain.errors import UserError

COUNT = 1200
QUOTES = re.compile(r"“([^”]+)”|„([^“]+)“|«\u00a0?([^»]+?)\u00a0?»|« ([^»]+) »|\"([^\"]+)\"")
HEAD = re.compile(r"^(?:\w+ |### )?\[(\d)\]:? |^<doc id=\"(\d)\">$", re.MULTILINE)
HEDGES = re.compile(
    r"doesn't say|isn't stated|can't (?:find|tell|know|see|work|be)|no mention|missing|depends on|not given|nobody"
    r"|no one|geht aus dem Text nicht|fehlt|niemand|ne le dit pas|manque|personne ne|no lo dice|falta|nadie",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def cited():
    return attribution.build(COUNT, 7)


@pytest.fixture(scope="module")
def hedged():
    return hedging.build(COUNT, 7)


def prompt(row):
    return "\n".join(turn["content"] for turn in row["messages"] if turn["role"] == "user")


def reply(row):
    return row["messages"][-1]["content"]


def sources(row):
    """{number: text} of the documents in the first prompt, told apart by their headings."""
    text = row["messages"][0]["content"]
    heads = list(HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {int(head[1] or head[2]): text[head.end() : end] for head, end in zip(heads, ends, strict=True)}


@pytest.mark.parametrize("module", [attribution, hedging])
class TestBuild:
    def test_rows_are_distinct_and_complete(self, module):
        rows = module.build(3000, 1)
        assert len(rows) == len({prompt(row) for row in rows}) == len({row["id"] for row in rows}) == 3000
        for row in rows:
            assert normalise_messages(row["messages"], "row") == row["messages"]
            assert row["source"] == module.SOURCE
            assert not re.search(r"[{}]", re.sub(r"\{\"|\"?\.{0,3}\}", "", prompt(row))), prompt(row)
            assert all(isinstance(value, str) for name, value in row.items() if name != "messages")

    def test_a_seed_gives_the_same_rows_and_a_longer_build_begins_with_them(self, module):
        assert module.build(60, 3) == module.build(90, 3)[:60]

    def test_another_seed_gives_other_rows(self, module):
        one, two = ({prompt(row) for row in module.build(500, seed)} for seed in (1, 2))
        assert len(one & two) < 50

    @pytest.mark.parametrize("language", documents.LANGUAGES)
    def test_one_language_alone_reaches_five_thousand(self, module, language):
        rows = module.build(5000, 1, languages=[language])
        assert {row["language"] for row in rows} == {language}
        assert len({prompt(row) for row in rows}) == 5000

    def test_languages_have_their_shares(self, module):
        shares = Counter(row["language"] for row in module.build(2000, 5))
        assert 0.55 < shares["en"] / 2000 < 0.65
        assert all(0.10 < shares[language] / 2000 < 0.16 for language in ("de", "fr", "es"))

    @pytest.mark.parametrize("count", [-1, documents.MAX_ROWS + 1])
    def test_a_count_out_of_range_names_the_limit(self, module, count):
        with pytest.raises(UserError, match=f"count={count}.*{documents.MAX_ROWS}"):
            module.build(count, 1)

    @pytest.mark.parametrize("languages", [[], ["en", "nl"]])
    def test_an_unknown_language_names_the_choice(self, module, languages):
        with pytest.raises(UserError, match="choose among en, de, fr, es"):
            module.build(5, 1, languages=languages)

    def test_no_opening_dominates(self, module):
        """Of the replies in one language no tenth, and of one kind no third, starts with the same three words."""
        rows = module.build(4000, 9)
        for column, limit in (("language", 0.1), ("kind", 0.34)):
            for name in {row[column] for row in rows}:
                replies = [reply(row) for row in rows if row[column] == name and not reply(row).startswith("{")]
                starts = Counter(tuple(text.split()[:3]) for text in replies if len(text.split()) > 3)
                assert not starts or max(starts.values()) <= max(limit * len(replies), 3), (name, starts.most_common(2))

    def test_sentences_are_set_like_sentences(self, module):
        for row in module.build(2000, 4):
            text = reply(row)
            if not text.startswith("{"):
                assert not text[0].islower() or row["kind"] in ("conflict", "title"), text
                assert text[-1] in '.?”"“»]' or len(text) < 60, text
            assert not re.search(r"  |\.\.(?!\.)| [,.]", text), text


def test_the_reply_has_the_answer(cited, hedged):
    for row in cited + [row for row in hedged if "answer" in row]:
        texts = json.dumps(json.loads(reply(row)), ensure_ascii=False) if reply(row).startswith("{") else reply(row)
        assert row["answer"].casefold() in texts.casefold(), (row["answer"], texts)


def test_only_documents_that_exist_are_cited(cited):
    for row in cited:
        for turn in row["messages"]:
            if turn["role"] == "assistant" and not turn["content"].startswith("{"):
                assert {int(n) for n in re.findall(r"\[(\d+)\]", turn["content"])} <= set(sources(row))


def test_the_citations_column_is_what_the_reply_cites(cited):
    for row in cited:
        if reply(row).startswith("{"):
            said = [value for value in json.loads(reply(row)).values() if isinstance(value, int)]
        else:
            said = sorted({int(n) for n in re.findall(r"\[(\d+)\]", reply(row))})
        assert said == json.loads(row["citations"])


def test_the_answer_stands_in_no_other_document(cited):
    for row in cited:
        numbers = json.loads(row["citations"])
        for number, text in sources(row).items():
            if number == max(sources(row)):  # the last one runs on into the question, which may name the answer
                text = text.split("\n\n")[0]
            assert number in numbers or row["answer"].casefold() not in text.casefold(), (row["answer"], number)


def test_the_answer_stands_in_a_cited_document(cited):
    for row in cited:
        if row["kind"] not in ("sum", "compare"):
            texts = [sources(row)[number] for number in json.loads(row["citations"])]
            assert any(row["answer"].casefold() in text.casefold() for text in texts)


def test_quotations_are_word_for_word(cited):
    seen = 0
    for row in cited:
        if row["kind"] in ("quote", "title"):
            spans = [next(filter(None, match.groups())) for match in QUOTES.finditer(reply(row))]
            assert spans, reply(row)
            text = sources(row)[json.loads(row["citations"])[0]]
            assert all(span.strip() in text for span in spans), (spans, text)
            seen += 1
    assert seen > 100


def test_a_comparison_is_won_by_the_right_one(cited):
    """The reply's two figures stand in the order winner, loser; the question says which way to compare."""
    less = re.compile(r"\b(smaller|fewer|older|lighter|cheaper|lower|less|sooner|quicker|stricter|quieter)\b")
    rows = [row for row in cited if row["kind"] == "compare" and row["language"] == "en"]
    for row in rows:
        numbers = json.loads(row["citations"])
        figures = (next(filter(None, groups)) for groups in FIGURE.findall(reply(row)))
        pair = [float(figure.replace(",", "")) for figure in figures]
        assert len(pair) == 2 and pair[0] != pair[1], reply(row)
        question = next(line for line in prompt(row).splitlines() if " or " in line and "?" in line)
        assert (pair[0] < pair[1]) == bool(less.search(question)), (question, reply(row))
        assert len(numbers) == 2
    assert len(rows) > 30


FIGURE = re.compile(
    r"€(\d[\d,]*)|(\d[\d,]*(?:\.\d+)?)(?= ?(?:g|mg|m|bar|dB|°C|hours|months|minutes|working|operating|million|employees"
    r"|members|objects|inhabitants|boxes)\b)|\b(1[89]\d\d|20[01]\d)\b"
)


def test_a_conflict_goes_to_the_newer_document(cited):
    rows = [row for row in cited if row["kind"] == "conflict"]
    for row in rows:
        numbers = json.loads(row["citations"])
        years = {n: int(re.search(r"\([^()]*(20\d\d)\)", sources(row)[n])[1]) for n in numbers}
        newer = max(numbers, key=lambda n, years=years: years[n])
        assert len(numbers) == 2 and row["answer"].casefold() in sources(row)[newer].casefold()
    assert len(rows) > 40


def test_every_kind_comes_up(cited, hedged):
    assert {row["kind"] for row in cited} == set(attribution.KINDS)
    assert {row["kind"] for row in hedged} == set(hedging.KINDS) | {f"control_{kind}" for kind in hedging.KINDS}


def test_four_in_ten_are_answerable_in_every_kind(hedged):
    for kind in hedging.KINDS:
        rows = [row for row in hedged if row["kind"].removeprefix("control_") == kind]
        share = sum(row["answerable"] == "yes" for row in rows) / len(rows)
        assert 0.3 < share < 0.5, (kind, share)
    assert all((row["answerable"] == "yes") == row["kind"].startswith("control_") for row in hedged)


def test_controls_do_not_hedge_and_have_an_answer(hedged):
    controls = [row for row in hedged if row["answerable"] == "yes"]
    assert all("answer" in row for row in controls)
    assert not [reply(row) for row in controls if HEDGES.search(reply(row))]


def test_hedges_are_recognised_by_the_check_above(hedged):
    rows = [row for row in hedged if row["kind"] in ("absent", "underspecified", "unknowable")]
    assert sum(bool(HEDGES.search(reply(row))) for row in rows) > 0.3 * len(rows)


def test_an_absent_fact_is_not_invented(hedged):
    """Every figure in such a reply stands in its prompt."""
    for row in hedged:
        if row["kind"] == "absent":
            numbers = re.findall(r"\d[\d.,]*\d|\d", reply(row))
            assert all(number in prompt(row) for number in numbers), reply(row)


def test_a_false_premise_is_corrected_and_a_true_one_is_not():
    """A product in the question is wrong exactly when the row is no control; the answer adds to the right product."""
    rows = hedging.build(3000, 2, languages=["en"])
    products = [row for row in rows if re.search(r"\d (?:×|times) \d", prompt(row))]
    for row in products:
        text = prompt(row)
        a, b, c = map(int, re.search(r"(\d+) (?:×|times) (\d+) (?:=|is|makes) (\d+)", text).groups())
        added = int((re.search(r"[Aa]dd (\d+)", text) or re.search(r"\+ (\d+)", text))[1])
        assert (a * b == c) == (row["answerable"] == "yes")
        assert row["answer"] == str(a * b + added)
        assert (str(a * b) in reply(row)) or row["answerable"] == "yes"
    assert len(products) > 50


def test_numbers_are_written_as_each_language_does():
    """12400 with its language's thousands mark, 3.5 with its decimal mark; Spanish leaves four digits ungrouped."""
    expected = {"en": ("12,400", "3.5", "1,240"), "de": ("12.400", "3,5", "1.240")}
    expected |= {"fr": ("12\u00a0400", "3,5", "1\u00a0240"), "es": ("12.400", "3,5", "1240")}
    for language, texts in expected.items():
        assert tuple(documents.format_number(n, language) for n in (12400, 3.5, 1240)) == texts


@pytest.mark.parametrize("language", documents.LANGUAGES)
def test_every_pattern_knows_its_slots(language):
    """A slot that nobody fills would raise in the middle of a long build."""
    slots = {name for text in all_texts(documents.load_vocabulary(language)["genres"]) for name in fields(text)}
    assert slots <= set("svwabr")
    for genre in documents.load_vocabulary(language)["genres"].values():
        for spec in genre["facts"].values():
            assert all(fields(text) == {"s", "w"} for text in spec["fp"])
            assert all(fields(text) == {"s"} for text in spec["q"])
            assert all(fields(text) == {"s", "v"} for text in spec["s"])
            assert all(fields(text) == {"a", "b"} for name in ("more", "less", "sum") for text in spec.get(name, []))
        assert all("{s}" in title for title in genre["titles"])


def all_texts(node):
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from all_texts(child)


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
