"""Contamination: which rows hold a test item, which only resemble one, and how an evaluation set is summed up."""

import json
import pickle
import random
import re
import subprocess
import sys
import time

import pytest

from posttrain.data.filters.contamination import Contamination, TestIndex, summarise
from posttrain.data.filters.ngrams import mask_numbers, ngram_hashes, words
from posttrain.errors import UserError

EGGS = (
    "Janet’s ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends "
    "every day with four. She sells the remainder at the farmers' market daily for $2 per fresh duck egg. How much in "
    "dollars does she make every day at the farmers' market?"
)
FLIGHT = "Josh flies 1,200 miles in 2.5 hours. At what average speed, in miles per hour, does his small aeroplane fly?"
HELLO = "Hello, how are you?"
SUM = "What is 3+4?"
CODE = "def add(a, b): return the sum of both arguments as one integer, and raise TypeError for text"
CHINESE = "小明有三个苹果，他的妈妈又给了他五个苹果，请问小明现在一共有多少个苹果？"
HINDI = "राम के पास बारह सेब हैं और वह अपने मित्र को पाँच सेब देता है तो अब उसके पास कितने सेब बचे हैं"
LATEX = r"What is the value of $\frac{1{,}000}{8}$ when it is written as a decimal number rounded to two places?"
ITEMS = {"eggs": EGGS, "flight": FLIGHT, "hello": HELLO, "sum": SUM, "code": CODE, "chinese": CHINESE}
ITEMS |= {"hindi": HINDI, "latex": LATEX, "tiny": "What is 2?"}
SETS = {"test": list(ITEMS.items())}


def chat(*texts):
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]}


def part(text, share):
    """The first words of a text, `share` of them."""
    split = text.split()
    return " ".join(split[: round(share * len(split))])


def renumber(text, seed=0):
    rng = random.Random(seed)
    return re.sub(r"\d+", lambda match: str(int(match[0]) + rng.randint(1, 40)), text)


HELD = [
    # name, item, messages of a row
    ("word for word", "eggs", (EGGS, "She makes $18.")),
    ("upper case", "eggs", (EGGS.upper(), "18")),
    ("lower case, no punctuation", "eggs", (re.sub(r"[^\w\s]", "", EGGS.lower()), "18")),
    ("straight quotes", "eggs", (EGGS.replace("’", "'"), "18")),
    ("no-break spaces", "eggs", (EGGS.replace(" ", "\xa0"), "18")),
    ("zero-width spaces", "eggs", (EGGS.replace("e", "e\u200b"), "18")),
    ("full-width letters", "eggs", ("".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in EGGS), "18")),
    ("line breaks", "eggs", (EGGS.replace(". ", ".\n\n"), "18")),
    ("HTML entities", "eggs", (EGGS.replace("'", "&#39;").replace("’", "&rsquo;"), "18")),
    ("markdown", "eggs", (f"**{EGGS.replace('16', '_16_')}**", "18")),
    ("LaTeX dollar", "eggs", (EGGS.replace("$2", r"\$2"), "18")),
    ("inside a longer prompt", "eggs", (f"You are a tutor for children. {EGGS} Think step by step and be kind.", "18")),
    ("inside a long document", "eggs", (" ".join(f"word{i}" for i in range(3000)) + EGGS + " end" * 500, "18")),
    ("in the reply", "eggs", ("Give me a word problem.", f"Here is one: {EGGS}")),
    ("in a later turn", "eggs", ("Hi", "Hello!", EGGS, "18")),
    ("six tenths of it", "eggs", (part(EGGS, 0.6), "18")),
    ("a sentence left out", "eggs", (EGGS.replace("She eats three for breakfast every morning and ", "She "), "18")),
    ("a word replaced", "eggs", (EGGS.replace("muffins", "cakes"), "18")),
    ("one number changed", "eggs", (EGGS.replace("16", "19"), "21")),
    ("thousands without a comma", "flight", (FLIGHT.replace("1,200", "1200"), "480")),
    ("LaTeX thousands", "latex", (LATEX.replace("1{,}000", "1,000"), "125")),
    ("code, other layout", "code", (CODE.replace(": ", ":\n    "), "ok")),
    ("Chinese", "chinese", ("请回答：" + CHINESE, "八个")),
    ("Chinese, spaces and other stops", "chinese", (CHINESE.replace("，", " , "), "八个")),
    ("Hindi", "hindi", (HINDI + "?", "सात")),
    ("a short item", "sum", (SUM, "7")),
    ("a short item with a word more", "sum", ("So what is 3 + 4?", "7")),
    ("a short greeting, whole", "hello", ("hello how are you", "Fine!")),
]
FREE = [
    # name, messages of a row that no item may match
    ("nothing alike", ("How do I boil rice?", "In twice as much water as rice, for a quarter of an hour.")),
    ("empty", ("", "")),
    ("four tenths of it", (part(EGGS, 0.4), "18")),
    ("every seventh word replaced", (" ".join(w if i % 7 else "x" for i, w in enumerate(EGGS.split())), "18")),
    ("its words, in another order", (" ".join(sorted(EGGS.split())), "18")),
    ("backwards", (" ".join(reversed(EGGS.split())), "18")),
    ("split over two messages of every six words", tuple(re.findall(r"(?:\S+\s*){1,6}", EGGS))),
    ("its first sentence", ("Janet’s ducks lay 16 eggs per day. What does this tell us of Janet?", "She keeps ducks.")),
    ("the same topic", ("Janet sells duck eggs at the farmers' market. Is that legal?", "Ask the town.")),
    ("a similar problem", (EGGS.replace("ducks lay", "hens drop").replace("every", "each").replace("She", "He"), "1")),
    ("the rate of another plane", ("Josh drives 90 miles in 2 hours. At what average speed does he drive?", "45")),
    (
        "a greeting in a longer text",
        (f"{HELLO} I wanted to ask you about rice, and how long one has to boil it.", "Hm"),
    ),
    ("another sum", ("What is 3+5?", "8")),
    (
        "the sum in a long reply",
        ("Help", "First ask what is 3 + 4, then add ten, then tell me all the results one by one"),
    ),
    ("an item too short to count", ("What is 2?", "A number.")),
    ("another greeting", ("Hello, who are you?", "A program.")),
    ("short generic code", ("def add(a, b): return a + b", "ok")),
    ("other Chinese problem", ("小红有七本书，借给同学两本，还剩下几本书？", "五本")),
    ("half the Chinese", (CHINESE[:14], "八个")),
    ("other Hindi problem", ("सीता के पास आठ आम हैं और वह तीन खा लेती है", "पाँच")),
    ("other LaTeX", (r"What is the value of $\frac{3}{7}$ when it is squared and then doubled again?", "18/49")),
    ("numbers only", ("16 4 3 2 18 9 1200 2 5 480", "1 2 3 4 5 6 7 8")),
    ("common eight words", ("How much does she make every day at the office?", "She makes 90 dollars every day.")),
    ("punctuation", ("?!… --- *** $$$", "👍")),
]


@pytest.fixture(scope="module")
def contamination():
    return Contamination(SETS)


@pytest.mark.parametrize(("item", "texts"), [case[1:] for case in HELD], ids=[case[0] for case in HELD])
def test_rows_that_hold_an_item(item, texts, contamination):
    finding = contamination(chat(*texts))
    assert finding.reason == "contaminated:test"
    assert finding.excerpt == f"{item}: {ITEMS[item][:80]}"
    assert finding.overlaps == (("test", item),)
    assert finding.row is None


@pytest.mark.parametrize("texts", [case[1] for case in FREE], ids=[case[0] for case in FREE])
def test_rows_that_hold_none(texts, contamination):
    assert contamination(chat(*texts)) is None


def test_an_item_overlaps_above_half_its_words():
    """Item: 20 words. Its first 10 lie in three 8-grams of the row: 10 / 20 is not above a half; 11 / 20 is."""
    item = [f"w{chr(97 + i)}" for i in range(20)]
    index = TestIndex({"s": [("1", " ".join(item))]})
    assert index.overlaps(" ".join(item[:10])) == []
    assert [found[:3] for found in index.overlaps(" ".join(item[:11]))] == [("s", "1", 0.55)]
    # Words 0-7 and 12-19 lie in one 8-gram each: 16 / 20. Seven words in a row lie in none.
    assert [found.share for found in index.overlaps(" ".join([*item[:8], "x", *item[12:]]))] == [0.8]
    assert index.overlaps(" ".join([*item[:7], "x", *item[8:15], "x"])) == []
    assert TestIndex({"s": [("1", " ".join(item))]}, threshold=0.6).overlaps(" ".join(item[:12])) == []
    assert TestIndex({"s": [("1", " ".join(item))]}, ngram=12).overlaps(" ".join(item[:11])) == []


def test_one_half_in_each_of_two_messages_of_a_row_is_one_overlap_and_of_two_rows_none(contamination):
    halves = part(EGGS, 0.5), EGGS[len(part(EGGS, 0.5)) :]
    assert contamination(chat(*halves)).reason == "contaminated:test"
    thirds = part(EGGS, 0.45), EGGS[len(part(EGGS, 0.55)) :]
    assert [contamination(chat(third)) for third in thirds] == [None, None]


def test_every_column_is_looked_at(contamination):
    for column in ("messages", "prompt", "chosen", "rejected"):
        row = {"prompt": [{"role": "user", "content": "Hi"}]} | {column: [{"role": "assistant", "content": EGGS}]}
        assert contamination(row).reason == "contaminated:test", column


def test_all_items_of_all_sets_are_named():
    sets = {"a": [("1", EGGS), ("2", FLIGHT)], "b": [("7", EGGS)], "c": [("1", CODE)]}
    finding = Contamination(sets)(chat(f"{EGGS} {FLIGHT}", "ok"))
    assert set(finding.overlaps) == {("a", "1"), ("a", "2"), ("b", "7")}
    assert finding.reason == "contaminated:a"


@pytest.mark.parametrize("seed", range(3))
def test_an_item_with_other_numbers_has_a_reason_of_its_own(seed):
    """So many numbers that no 8-gram is left; with the numbers masked all of it matches."""
    item = (
        "A shop sells 12 red hats for 15 coins each, 18 blue hats for 21 coins each and 35 green hats for 9 coins each."
        " After 4 days it has 7 red hats, 11 blue hats and 13 green hats. How many coins, less 25 for rent, are left?"
    )
    contamination = Contamination({"s": [("hats", item)]})
    finding = contamination(chat(renumber(item, seed), "1"))
    assert (finding.reason, finding.overlaps) == ("contaminated_renumbered:s", ())  # it does not count for the 2 %
    assert finding.excerpt.startswith("hats: A shop sells 12 red hats")
    assert Contamination({"s": [("hats", item)]}, renumbered=None)(chat(renumber(item, seed), "1")) is None
    assert contamination(chat(item, "1")).reason == "contaminated:s"
    assert contamination(chat(renumber(item.replace("hats", "cups"), seed), "1")) is None


@pytest.mark.parametrize(
    "item",
    [
        "What is the greatest common divisor of 84 and 112 and 140?",
        "Compute 12 + 15 + 18 + 21 + 24 + 27 + 30 + 33 + 36 + 39 + 42 + 45 + 48 + 51 + 54 + 57 + 60 + 63.",
        r"Simplify $\frac{3}{4} \cdot \frac{8}{9} \cdot \frac{12}{5} \cdot \frac{25}{16}$ and write a fraction.",
    ],
)
def test_a_short_question_with_other_numbers_is_another_question(item):
    assert Contamination({"s": [("1", item)]})(chat(renumber(item), "No.")) is None


def test_a_template_that_all_items_have_does_not_count():
    template = "Solve the following problem, think step by step and give your final answer after four hash signs: "
    subjects = ["cats", "dogs", "hens", "pigs", "cows", "rats", "bats", "fish", "ants", "bees", "owls", "emus"]
    items = [
        (s, f"{template}A farmer owns ninety {s} and sells a third of his {s}; how many {s} stay?") for s in subjects
    ]
    index = TestIndex({"s": items})
    assert index.overlaps(f"{template}Why is the sky blue?") == []
    assert {found.item for found in index.overlaps(items[3][1])} == {"pigs"}
    assert {found.item for found in index.overlaps(items[3][1].removeprefix(template))} == {"pigs"}


def test_an_item_that_stands_in_a_set_many_times_is_still_found():
    index = TestIndex({"s": [(str(i), EGGS) for i in range(20)]})
    assert len(index.overlaps(EGGS)) == 20


def test_summary_counts_each_item_once_and_raises_the_alarm_above_two_per_cent():
    overlaps = [("a", "1"), ("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("b", "3")]
    assert summarise(overlaps, {"a": 100, "b": 100, "c": 7}) == [
        {"set": "a", "items": 100, "overlapping": 2, "share": 0.02, "alarm": False},
        {"set": "b", "items": 100, "overlapping": 3, "share": 0.03, "alarm": True},
        {"set": "c", "items": 7, "overlapping": 0, "share": 0.0, "alarm": False},
    ]
    assert [entry["alarm"] for entry in summarise(overlaps, {"a": 100, "b": 100}, alarm=0.05)] == [False, False]


def test_sizes_and_settings_travel_to_other_processes(contamination):
    contamination(chat(EGGS, "18"))
    assert contamination.sizes() == {"test": len(ITEMS)}
    assert not contamination.stateful
    copy = pickle.loads(pickle.dumps(contamination))
    assert copy(chat(EGGS, "18")) == contamination(chat(EGGS, "18"))


def test_hashes_are_the_same_in_every_process():
    code = (
        "from posttrain.data.filters.ngrams import ngram_hashes, words; "
        f"print(ngram_hashes(words({EGGS!r}), 8).tolist())"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == ngram_hashes(words(EGGS), 8).tolist()


def test_hashes_are_those_of_the_runs_of_words():
    rng = random.Random(0)
    text = [rng.choice(["a", "ab", "b", "日", "0", "ba"]) for _ in range(3000)]
    for n in (1, 3, 8):
        runs = [tuple(text[i : i + n]) for i in range(len(text) - n + 1)]
        hashes = ngram_hashes(" ".join(text), n).tolist()
        assert len(hashes) == len(runs)
        assert len(set(zip(runs, hashes, strict=True))) == len(set(runs)) == len(set(hashes))
    assert ngram_hashes("", 1).size == ngram_hashes("a b", 3).size == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 1,234,567.50 — or 3.5%!", "its 1234567p50 or 3p5"),
        ("1,2,3 and 12,34", "1 2 3 and 12 34"),
        ("STRASSE Straße ﬁne", "strasse strasse fine"),
        ("don’t ‘quote’ “me”", "dont quote me"),
        ("東京 Tokyo", "東 京 tokyo"),
        ("हिन्दी में", "हिन्दी में"),
        ("١٢٣ １２", "123 12"),
        (r"\$5 1{,}000 1\,000 x_1", "5 1000 1000 x 1"),
        ("a\u200bb\u00adc d\ufe0f", "abc d"),
        ("A ∪ B ≤ 😀", "a ∪ b ≤ 😀"),
        ("\ud800 \0 \x1f", ""),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


def test_masked_numbers():
    assert mask_numbers("he had 12 or 3p5 of x2 and 1000p25p1") == "he had 0 or 0 of x0 and 0"


ODD = ["\0", "\ud800", "a" * 300_000, "1," * 100_000, "1.1" * 100_000, "字" * 100_000, "&#" * 90_000, EGGS * 1000]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_any_text_is_taken_and_in_good_time(text, contamination):
    start = time.process_time()
    contamination(chat(text, text))
    Contamination({"s": [("odd", text), ("eggs", EGGS)]})(chat(text, EGGS))
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"against": {}}, "`against` must name evaluation sets that have items"),
        ({"against": ["gsm8k"]}, "`against` must"),
        ({"against": {"a": [("1", "x")], "b": []}}, "`against` .*; b has none"),
        ({"ngram": 0}, "`ngram` must be a whole number from 4, not 0"),
        ({"ngram": 8.0}, "`ngram` must"),
        ({"threshold": 50}, "`threshold` must be a share from 0 to 1, not 50"),
        ({"threshold": None}, "`threshold` must"),
        ({"alarm": -1}, "`alarm` must"),
        ({"renumbered": "yes"}, "`renumbered` must"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(UserError, match=f"filter contamination: {message}"):
        Contamination(**{"against": SETS} | settings)
