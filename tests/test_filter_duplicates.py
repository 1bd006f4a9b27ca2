"""Duplicates: what counts as the same row, what only looks like it, and that the hashing finds what pairwise would."""

import pickle
import random
import time

import pytest

from posttrain.data.filters.duplicates import Duplicates
from posttrain.errors import UserError

STORY = (
    "The lighthouse keeper climbed the narrow stairs every evening at dusk, carrying oil for the lamp and a small loaf "
    "of bread for his supper. From the gallery he could see the fishing boats returning to the harbour, their lanterns "
    "swaying in the wind, and he counted them one by one until all were safe. When a boat was missing he would ring "
    "the great bronze bell, and the village would come down to the shore with ropes and blankets."
)
REPLY = (
    "The passage describes a keeper who tends a lamp each night and watches over the boats of his village, ringing a "
    "bell to call for help whenever one of them fails to return from the sea."
)
APPLES = (
    "Maria picks 48 apples in the orchard behind her house on Monday morning. On Tuesday she picks half as many, and "
    "on Wednesday she gives a dozen of them to her neighbour. She packs the rest into boxes for the market. How many "
    "apples does Maria bring to the market?"
)
SYSTEM = f"You are a careful assistant of the harbour office. {STORY} Answer in one short sentence and nothing else."
GERMAN = (
    "Schreibe eine kurze Zusammenfassung des folgenden Textes über die Geschichte der Stadt und nenne dabei die drei "
    "wichtigsten Ereignisse, die im Text vorkommen, in der Reihenfolge, in der sie geschehen sind."
)
CHINESE = (
    "请用简单的语言解释什么是机器学习，并举三个日常生活中的例子来说明它是如何帮助人们解决问题的，同时指出它的局限性。"
)
CODE = (
    "def mean(values):\n    total = 0\n    for value in values:\n        total += value\n"
    "    return total / len(values)\n\nThis function adds up all of the values that it is given and divides the sum by "
    "how many of them there are."
)


def chat(question, reply=None, source="a", system=None):
    messages = [{"role": "user", "content": question}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    if reply is not None:
        messages.append({"role": "assistant", "content": reply})
    return {"id": "x", "source": source, "messages": messages}


def reason(first, second, **settings):
    duplicates = Duplicates(**settings)
    assert duplicates(first) is None
    finding = duplicates(second)
    return finding.reason.split(":")[0] if finding else None


PAIRS = [
    # name, first row, second row, expected
    ("same", chat(STORY, REPLY), chat(STORY, REPLY), "exact"),
    ("other case", chat(STORY, REPLY), chat(STORY.upper(), REPLY), "exact"),
    ("other white space", chat(STORY, REPLY), chat(STORY.replace(" ", "\n \t"), REPLY + "\n"), "exact"),
    ("no-break spaces", chat(STORY, REPLY), chat(STORY.replace(" ", "\xa0"), REPLY), "exact"),
    ("full-width letters", chat("ABC は何？", "１２"), chat("ＡＢＣ は何?", "12"), "exact"),
    ("composed and decomposed", chat("Was heißt über?", "Cafe\u0301"), chat("Was heißt u\u0308ber?", "Café"), "exact"),
    ("short and the same", chat("Hi", "Hello!"), chat("hi", "hello!"), "exact"),
    ("emoji only", chat("👍", "🙂"), chat("👍", "🙂"), "exact"),
    ("curly quotes", chat("It's 'fine', Anna's way", "ok then"), chat("It’s ‘fine’, Anna’s way", "ok then"), "near"),
    ("no punctuation", chat(STORY, REPLY), chat(STORY.replace(",", "").replace(".", ""), REPLY), "near"),
    (
        "bold and bullets",
        chat("List fruit", "Apple\nPear\nPlum"),
        chat("List fruit", "- **Apple**\n- Pear\n* Plum"),
        "near",
    ),
    ("HTML entities", chat(STORY, "a & b, c < d"), chat(STORY, "a &amp; b, c &lt; d"), "near"),
    ("zero-width spaces", chat(STORY, REPLY), chat(STORY.replace("light", "light\u200b"), REPLY), "near"),
    ("one word of many", chat(STORY, REPLY), chat(STORY.replace("bronze", "iron"), REPLY), "near"),
    (
        "three words of many",
        chat(STORY, REPLY),
        chat(STORY.replace("bronze", "iron"), "Well: " + REPLY + " Yes."),
        "near",
    ),
    ("a sentence more", chat(STORY, REPLY), chat(STORY, REPLY + " I hope that this helps!"), "near"),
    ("'please' before", chat(STORY, REPLY), chat("Please summarise: " + STORY, REPLY), "near"),
    ("a short system message more", chat(STORY, REPLY), chat(STORY, REPLY, system="You are helpful."), "near"),
    (
        "thousands separator",
        chat(APPLES.replace("48", "4800"), REPLY),
        chat(APPLES.replace("48", "4,800"), REPLY),
        "near",
    ),
    ("reply's number", chat(STORY, REPLY + " In 1850 or so."), chat(STORY, REPLY + " In 1851 or so."), "near"),
    ("German, one word", chat(GERMAN, REPLY), chat(GERMAN.replace("kurze", "knappe"), REPLY), "near"),
    ("Chinese, no final stop", chat(CHINESE, CHINESE), chat(CHINESE, CHINESE.replace("。", "")), "near"),
    ("Chinese, one character", chat(CHINESE, CHINESE), chat(CHINESE, CHINESE.replace("日", "目")), "near"),
    ("code, other indent and operator", chat("Write mean", CODE), chat("Write mean", CODE.replace("+=", "-=")), "near"),
    ("empty and blank", chat("", " \n"), chat("", ""), None),
    ("other digit", chat("What is 3+4?", "7"), chat("What is 3+5?", "8"), None),
    ("other digit, same reply", chat("Is 3+4 odd?", "Yes, it is."), chat("Is 3+6 odd?", "Yes, it is."), None),
    ("other operator", chat("What is 2*2?", "4"), chat("What is 2+2?", "4"), None),
    ("other operator, spaces", chat("What is 6 / 3 ?", "The result"), chat("What is 6 - 3 ?", "The result"), None),
    ("other relation", chat("Solve x < y now", "No idea at all"), chat("Solve x > y now", "No idea at all"), None),
    ("a number changed", chat(APPLES, REPLY), chat(APPLES.replace("48", "52"), REPLY), None),
    ("a decimal changed", chat(APPLES.replace("48", "4.8"), REPLY), chat(APPLES.replace("48", "4.9"), REPLY), None),
    ("all numbers changed", chat("Add 12 and 13.", "12+13=25"), chat("Add 14 and 18.", "14+18=32"), None),
    ("numbers swapped", chat(APPLES + " 7 or 9?", REPLY), chat(APPLES + " 9 or 7?", REPLY), None),
    (
        "long system message",
        chat("Who rings?", "Me.", system=SYSTEM),
        chat("What swims?", "Fish.", system=SYSTEM),
        None,
    ),
    ("one passage, two questions", chat(f"{STORY} Who climbs?", "He"), chat(f"{STORY} What is rung?", "A bell"), None),
    ("one question, two replies", chat("Tell me a story.", STORY), chat("Tell me a story.", REPLY), None),
    (
        "one reply, two questions",
        chat("Is it raining?", "No, it is not."),
        chat("Are you ill?", "No, it is not."),
        None,
    ),
    ("same words, other order", chat("dog bites man today", "b a"), chat("man bites dog today", "a b"), None),
    ("other label", chat(STORY + " Label it.", "positive"), chat(STORY + " Label it.", "negative"), None),
    ("roles swapped", chat(STORY, REPLY), chat(REPLY, STORY), None),
    ("other emoji", chat("What is meant by 😀", "?"), chat("What is meant by 😡", "?"), None),
    ("other capital", chat("Capital of France?", "It is Paris."), chat("Capital of Spain?", "It is Madrid."), None),
    ("other language", chat("Say it in French.", "Bonjour"), chat("Say it in Danish.", "Goddag"), None),
    ("half the story", chat(STORY, REPLY), chat(STORY[: len(STORY) // 2], REPLY), None),
    ("other Chinese question", chat("法国的首都是哪里？", "巴黎"), chat("英国的首都是哪里？", "伦敦"), None),
    ("one more turn's worth", chat("Hi", "Hello"), chat("Hi there, how do I cook rice?", "Hello"), None),
    ("German numbers", chat("Was ist 12 mal 12?", "144"), chat("Was ist 12 mal 13?", "156"), None),
]


@pytest.mark.parametrize(("first", "second", "expected"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_pairs(first, second, expected):
    assert reason(first, second) == expected
    assert reason(second, first) == expected


def test_the_reason_says_where_and_the_excerpt_which():
    duplicates = Duplicates()
    assert duplicates(chat(STORY, REPLY, "a") | {"id": "a:1"}) is None
    found = [
        duplicates(chat(STORY, REPLY, "a")),
        duplicates(chat(STORY, REPLY, "b")),
        duplicates(chat(STORY, REPLY + " So.", "a")),
        duplicates(chat(STORY, REPLY + " So.", "b")),
    ]
    assert [finding.reason for finding in found] == ["exact:within", "exact:across", "near:within", "near:across"]
    assert {finding.excerpt for finding in found} == {f"a:1: {STORY[:32]}"}
    assert all(finding.row is None for finding in found)


def test_only_kept_rows_are_remembered():
    """C resembles B, which was dropped for resembling A; C does not resemble A and stays."""
    words = [f"word{i:c}" for i in range(ord("a"), ord("a") + 26)] * 1
    words += [word[::-1] for word in words] + [word * 2 for word in words]
    b, c = list(words), list(words)
    b[5] = b[30] = "other"
    c[5] = c[30] = c[50] = c[70] = "other"
    duplicates = Duplicates()
    rows = [chat(" ".join(text)) for text in (words, b, c)]
    assert [duplicates(row) is None for row in rows] == [True, False, True]
    assert reason(rows[1], rows[2]) == "near"


def test_by_prompt_looks_at_what_was_asked_alone():
    first, second = chat(STORY, REPLY), chat(STORY, "Something else altogether.")
    assert reason(first, second) is None
    assert reason(first, second, by="prompt") == "exact"
    prompt = {"id": "p", "source": "b", "prompt": [{"role": "user", "content": STORY.replace("bronze", "iron")}]}
    assert reason(first, prompt, by="prompt") == "near"
    assert reason(chat(APPLES), chat(APPLES.replace("48", "50")), by="prompt") is None


def test_preferences_are_compared_with_both_replies():
    def preference(chosen, rejected):
        replies = {"chosen": chosen, "rejected": rejected}
        turns = {key: [{"role": "assistant", "content": text}] for key, text in replies.items()}
        return {"id": "x", "source": "a", "prompt": [{"role": "user", "content": "Tell me."}], **turns}

    assert reason(preference(STORY, REPLY), preference(STORY, REPLY)) == "exact"
    assert reason(preference(STORY, REPLY), preference(STORY, APPLES)) is None


def test_near_null_finds_exact_duplicates_only():
    assert reason(chat(STORY, REPLY), chat(STORY, REPLY + " So."), near=None) is None
    assert reason(chat(STORY, REPLY), chat(STORY.upper(), REPLY), near=None) == "exact"


@pytest.mark.parametrize(("near", "expected"), [(0.5, "near"), (0.7, "near"), (0.95, None), (1, None)])
def test_near_is_the_least_jaccard(near, expected):
    """One word of 50 replaced breaks 3 of 50 runs (borders counted): 47 / 53 = 0.89; two words: 44 / 56 = 0.79."""
    words = [f"{a}{b}" for a in "abcde" for b in "bcdfghjklm"]
    changed = list(words)
    changed[20] = "other"
    assert reason(chat(" ".join(words)), chat(" ".join(changed)), near=near) == expected
    assert reason(chat(" ".join(words)), chat(" ".join(changed))) == "near"
    changed[40] = "other"
    assert reason(chat(" ".join(words)), chat(" ".join(changed))) is None


def make_texts(count, rng, length=(60, 200)):
    """Texts of made-up words, half of them copies of an earlier one with up to a twelfth of the words replaced."""
    vocabulary = ["".join(rng.choices("bcdfghaeiou", k=rng.randint(3, 7))) for _ in range(3000)]
    texts = []
    for _ in range(count):
        text = rng.choices(vocabulary, k=rng.randint(*length))
        if texts and rng.random() < 0.5:
            text = list(rng.choice(texts))
            for place in rng.sample(range(len(text)), rng.randint(0, len(text) // 12)):
                text[place] = rng.choice(vocabulary)
        texts.append(text)
    return texts


def shingles(text):
    padded = ["", *text, ""]
    return {tuple(padded[i : i + 3]) for i in range(len(text))}


def jaccard(a, b):
    return len(a & b) / len(a | b)


def agreement(texts):
    """(recall, precision) of the filter against a pairwise comparison that keeps the same rows."""
    duplicates, kept, right, wrong, missed = Duplicates(), [], 0, 0, 0
    for text in texts:
        mine = shingles(text)
        resembles = any(jaccard(mine, other) >= 0.8 for other in kept)
        dropped = duplicates(chat(" ".join(text))) is not None
        right, wrong, missed = (
            right + (dropped and resembles),
            wrong + (dropped > resembles),
            missed + (resembles > dropped),
        )
        if not dropped:
            kept.append(mine)
    assert right > 100
    return right / (right + missed), right / (right + wrong)


def test_finds_what_a_pairwise_comparison_finds():
    recall, precision = agreement(make_texts(600, random.Random(0)))
    assert recall >= 0.98 and precision >= 0.99


def test_long_rows_are_compared_by_a_sample():
    """Above 256 shingles the Jaccard is an estimate: rows near the limit may fall to either side."""
    recall, precision = agreement(make_texts(500, random.Random(1), length=(400, 900)))
    assert recall >= 0.9 and precision >= 0.9


def test_tables_that_grow_lose_nothing():
    """5,000 rows make every table grow several times; all rows are found again, and nothing else."""
    rng = random.Random(2)
    rows = [chat(" ".join("".join(rng.choices("abcdefgh", k=4)) for _ in range(20))) for _ in range(5000)]
    duplicates = Duplicates()
    assert all(duplicates(row) is None for row in rows)
    assert all(duplicates(row).reason == "exact:within" for row in rows)
    repunctuated = [chat(row["messages"][0]["content"] + "!") for row in rows[::10]]
    assert all(duplicates(row).reason == "near:within" for row in repunctuated)


def test_rows_from_one_template_take_no_quadratic_time_and_hide_no_duplicate():
    """2,000 rows of which each resembles each other (Jaccard about 0.7): no step looks at all of them."""
    rng = random.Random(3)
    words = STORY.split()

    def row():
        return chat(" ".join(words[:66] + ["".join(rng.choices("abcdefgh", k=6)) for _ in range(12)]))

    duplicates = Duplicates()
    times, halves = [], [[row() for _ in range(1000)] for _ in range(2)]
    for rows in halves:
        start = time.process_time()
        assert all(duplicates(row) is None for row in rows)
        times.append(time.process_time() - start)
    assert times[1] < 2 * times[0] + 1
    copies = [chat(row["messages"][0]["content"].replace("keeper", "guard")) for row in halves[0]]
    assert sum(duplicates(row) is not None for row in copies) > 950


def test_one_pass_is_like_another_and_the_filter_travels():
    rows = [chat(" ".join(text)) for text in make_texts(100, random.Random(4))]
    first, second = Duplicates(), pickle.loads(pickle.dumps(Duplicates()))
    assert first.stateful
    assert [first(row) for row in rows] == [second(row) for row in rows]


ODD = [
    "",
    " ",
    "\0",
    "\ud800",
    "a" * 300_000,
    "1+" * 100_000,
    "- " * 100_000,
    "\u0301" * 9999,
    "字" * 100_000,
    "&#" * 50_000,
]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_any_text_is_taken_and_in_good_time(text):
    start = time.process_time()
    duplicates = Duplicates()
    duplicates(chat(text, text))
    duplicates({"id": text, "source": None, "messages": [{"role": "user", "content": text + "."}]})
    duplicates({})
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"near": 0.3}, "`near` must be a share from 0.5 to 1, or null, not 0.3"),
        ({"near": 80}, "`near` must"),
        ({"near": True}, "`near` must"),
        ({"near": "0.8"}, "`near` must"),
        ({"by": "prompts"}, "`by` must be conversation or prompt, not 'prompts'"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(UserError, match=f"filter duplicates: {message}"):
        Duplicates(**settings)
