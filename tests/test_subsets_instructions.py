"""Verifiable instructions: every gold reply obeys, by checks written here from the rules' published definitions."""

import itertools
import json
import re
import time
from collections import Counter

import pytest

from posttrain.data.subsets.instruction_drafts import PROMPT_LANGUAGES, REPLY_LANGUAGES, load_bank, load_topics
from posttrain.data.subsets.instruction_families import FAMILIES
from posttrain.data.subsets.instruction_held_out import HELD_OUT_FAMILIES
from posttrain.data.subsets.instructions import CONFLICT_TABLE, build
from posttrain.errors import UserError
from posttrain.reward.instructions.own import OWN_FAMILIES

HELD_OUT = {family: check for family, (check, _) in OWN_FAMILIES.items()}
KEYS = {  # the keyword arguments of each IFEval instruction
    "change_case:capital_word_frequency": {"capital_frequency", "capital_relation"},
    "change_case:english_capital": set(),
    "change_case:english_lowercase": set(),
    "combination:repeat_prompt": {"prompt_to_repeat"},
    "combination:two_responses": set(),
    "detectable_content:number_placeholders": {"num_placeholders"},
    "detectable_content:postscript": {"postscript_marker"},
    "detectable_format:constrained_response": set(),
    "detectable_format:json_format": set(),
    "detectable_format:multiple_sections": {"section_spliter", "num_sections"},
    "detectable_format:number_bullet_lists": {"num_bullets"},
    "detectable_format:number_highlighted_sections": {"num_highlights"},
    "detectable_format:title": set(),
    "keywords:existence": {"keywords"},
    "keywords:forbidden_words": {"forbidden_words"},
    "keywords:frequency": {"keyword", "frequency", "relation"},
    "keywords:letter_frequency": {"letter", "let_frequency", "let_relation"},
    "language:response_language": {"language"},
    "length_constraints:nth_paragraph_first_word": {"num_paragraphs", "nth_paragraph", "first_word"},
    "length_constraints:number_paragraphs": {"num_paragraphs"},
    "length_constraints:number_sentences": {"num_sentences", "relation"},
    "length_constraints:number_words": {"num_words", "relation"},
    "punctuation:no_comma": set(),
    "startend:end_checker": {"end_phrase"},
    "startend:quotation": set(),
}
FUNCTION_WORDS = {
    "en": "the a an of and to in is that it for with are on you your not this have from",
    "de": "der die das und ist nicht ein eine den mit von zu auf für sie dem im wenn sich des",
    "fr": "de d l s le la les des une et est dans du pour que qui sur vous pas au aux avec votre plus",
    "es": "la de un una a no o antes cada el los las una y es por con su del se para lo en que al más sus sin muy",
    "it": "la a un e il lo gli di che è per una con del della nel non alla dei ogni più vostra prima anche",
    "pt": "de a e o os as um uma não em do da com para no na dos mais ao sua seus à é",
    "pl": "i w na z się do jest nie przez o po od przed przy każdym kilka tę jeden więcej tym",
}


def compares(count, relation, n):
    assert relation in ("at least", "less than")
    return count >= n if relation == "at least" else count < n


def whole_words(word, text):
    return len(re.findall(rf"\b{re.escape(word)}\b", text, flags=re.IGNORECASE))


def sentence_count(text):
    return len(re.findall(r"""[.!?]+["”]?(?=\s|$)""", text))


def language_of(text, among=tuple(FUNCTION_WORDS)):
    words = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    return max(among, key=lambda code: sum(words[word] for word in FUNCTION_WORDS[code].split()))


def prompt_language(row):
    """The topic stands in the quotation marks of the prompt's language; English requests need none."""
    return next((code for code, mark in (("de", "„"), ("fr", "« "), ("es", "«")) if mark in prompt_of(row)), "en")


def is_json(text):
    try:
        return isinstance(json.loads(re.sub(r"^```json\n|\n```$", "", text)), dict)
    except json.JSONDecodeError:
        return False


def first_word_of(paragraph):
    return re.sub(r"""[.,?!'"].*""", "", paragraph.split()[0].lstrip("'\""), flags=re.DOTALL).lower()


def blocks(text):
    return [block for block in text.split("\n\n") if block.strip()]


def two_versions(text):
    versions = [part.strip() for part in text.split("******")]
    return len(versions) == 2 and all(versions) and versions[0] != versions[1]


def nth_paragraph(text, num_paragraphs, nth, word):
    return len(blocks(text)) == num_paragraphs and first_word_of(blocks(text)[nth - 1]) == word


POSTSCRIPTS = {"P.S.": r"p\.\s?s\.", "P.P.S": r"p\.\s?p\.\s?s", "P.D.": r"p\.d\."}
OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
RULES = {
    "change_case:capital_word_frequency": lambda t, k: compares(
        sum(word.strip("*\"'.,!?<>").isupper() for word in t.split()), k["capital_relation"], k["capital_frequency"]
    ),
    "change_case:english_capital": lambda t, k: t.isupper() and language_of(t) == "en",
    "change_case:english_lowercase": lambda t, k: t.islower() and language_of(t) == "en",
    "combination:repeat_prompt": lambda t, k: t.lower().startswith(k["prompt_to_repeat"].lower()),
    "combination:two_responses": lambda t, k: two_versions(t),
    "detectable_content:number_placeholders": lambda t, k: len(re.findall(r"\[.*?\]", t)) >= k["num_placeholders"],
    "detectable_content:postscript": lambda t, k: bool(
        re.search(rf"^\s*{POSTSCRIPTS[k['postscript_marker']]}.*\w", t, re.MULTILINE | re.IGNORECASE)
    ),
    "detectable_format:constrained_response": lambda t, k: t.strip() in OPTIONS,
    "detectable_format:json_format": lambda t, k: is_json(t),
    "detectable_format:multiple_sections": lambda t, k: (
        len(re.findall(rf"^\"?{k['section_spliter']} \d+$", t, re.MULTILINE)) == k["num_sections"]
    ),
    "detectable_format:number_bullet_lists": lambda t, k: (
        len(re.findall(r"^\s*(?:\*[^*]|-).*$", t, re.MULTILINE)) == k["num_bullets"]
    ),
    "detectable_format:number_highlighted_sections": lambda t, k: (
        len(re.findall(r"(?<!\*)\*[^\n*]+\*(?!\*)", t)) >= k["num_highlights"]
    ),
    "detectable_format:title": lambda t, k: bool(re.search(r"<<[^\n<>]*\w[^\n<>]*>>", t)),
    "keywords:existence": lambda t, k: all(whole_words(word, t) for word in k["keywords"]),
    "keywords:forbidden_words": lambda t, k: all(word.lower() not in t.lower() for word in k["forbidden_words"]),
    "keywords:frequency": lambda t, k: compares(whole_words(k["keyword"], t), k["relation"], k["frequency"]),
    "keywords:letter_frequency": lambda t, k: compares(
        t.lower().count(k["letter"].lower()), k["let_relation"], k["let_frequency"]
    ),
    "language:response_language": lambda t, k: language_of(t) == k["language"],
    "length_constraints:nth_paragraph_first_word": lambda t, k: nth_paragraph(
        t, k["num_paragraphs"], k["nth_paragraph"], k["first_word"]
    ),
    "length_constraints:number_paragraphs": lambda t, k: (
        len(t.split("***")) == k["num_paragraphs"] and all(part.strip() for part in t.split("***"))
    ),
    "length_constraints:number_sentences": lambda t, k: compares(sentence_count(t), k["relation"], k["num_sentences"]),
    "length_constraints:number_words": lambda t, k: compares(len(t.split()), k["relation"], k["num_words"]),
    "punctuation:no_comma": lambda t, k: "," not in t,
    "startend:end_checker": lambda t, k: t.strip().strip('"').lower().endswith(k["end_phrase"].lower()),
    "startend:quotation": lambda t, k: len(t) > 1 and t[0] == t[-1] == '"' and t.count('"') == 2,
}
PROSE = "The sea rises, and the moon pulls at it. You can watch this from the pier!"
BROKEN = [  # (instruction, keyword arguments, a reply that does not obey)
    ("change_case:capital_word_frequency", {"capital_relation": "at least", "capital_frequency": 2}, "One WORD only."),
    ("change_case:english_capital", {}, PROSE.upper() + " a"),
    ("change_case:english_lowercase", {}, PROSE),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Write about tides."}, "Sure. Write about tides."),
    ("combination:two_responses", {}, f"{PROSE}\n******\n{PROSE}"),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "Dear [name], hello."),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "Text.\n\nP.S. More."),
    ("detectable_format:constrained_response", {}, "Yes."),
    ("detectable_format:json_format", {}, '{"title": "Tides",}'),
    ("detectable_format:multiple_sections", {"section_spliter": "Part", "num_sections": 2}, "Part 1\nText."),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "- one\n- two\n- three"),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "Only *one* here."),
    ("detectable_format:title", {}, "<< >>\nText."),
    ("keywords:existence", {"keywords": ["moon", "star"]}, PROSE),
    ("keywords:forbidden_words", {"forbidden_words": ["moon"]}, PROSE),
    ("keywords:frequency", {"keyword": "moon", "frequency": 2, "relation": "at least"}, PROSE),
    ("keywords:letter_frequency", {"letter": "e", "let_frequency": 3, "let_relation": "less than"}, PROSE),
    ("language:response_language", {"language": "de"}, PROSE),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "moon"},
        "One.\n\nThe moon.",
    ),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 3}, "One.\n***\nTwo."),
    ("length_constraints:number_sentences", {"num_sentences": 3, "relation": "at least"}, PROSE),
    ("length_constraints:number_words", {"num_words": 5, "relation": "less than"}, PROSE),
    ("punctuation:no_comma", {}, PROSE),
    ("startend:end_checker", {"end_phrase": "The end."}, "The end. Or not."),
    ("startend:quotation", {}, f'"{PROSE}'),
]


@pytest.fixture(scope="module")
def rows():
    return build(2500, seed=5)


@pytest.fixture(scope="module")
def held_out_rows():
    return build(650, seed=5, held_out=True)


def asked(row):
    return list(zip(row["instruction_id_list"], json.loads(row["instruction_kwargs"]), strict=True))


def prompt_of(row):
    return row["messages"][0]["content"]


def reply_of(row):
    return row["messages"][1]["content"]


def test_the_25_families_of_ifeval_and_their_arguments(rows):
    assert set(FAMILIES) == set(KEYS) == set(RULES) == {family for family, _, _ in BROKEN}
    counts = Counter(family for row in rows for family, _ in asked(row))
    assert min(counts[family] for family in KEYS) >= 95
    for row in rows:
        assert all(set(kwargs) == KEYS[family] for family, kwargs in asked(row)), row


@pytest.mark.parametrize("family", KEYS)
def test_every_gold_reply_obeys(family, rows):
    mine = [row for row in rows if family in row["instruction_id_list"]]
    for row in [*mine, *build(60, seed=6, families=[family])]:
        for name, kwargs in asked(row):
            assert RULES[name](reply_of(row), kwargs), (name, kwargs, reply_of(row))


@pytest.mark.parametrize(("family", "kwargs", "reply"), BROKEN)
def test_the_rules_used_here_can_fail(family, kwargs, reply):
    assert set(kwargs) == KEYS[family]
    assert not RULES[family](reply, kwargs)


def test_row_shape(rows):
    for row in rows:
        assert set(row) == {
            "messages", "instruction_id_list", "instruction_kwargs", "id", "source", "language", "kind",
        }  # fmt: skip
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
        assert row["source"] == "own/instructions"
        assert row["kind"] == ("single" if len(asked(row)) == 1 else "composed")
        assert 1 <= len(asked(row)) == len(set(row["instruction_id_list"])) <= 3
        assert "{" not in prompt_of(row), "a field of the wording was left open"
    assert len({row["id"] for row in rows}) == len(rows)
    sizes = Counter(len(asked(row)) for row in rows)
    assert all(sizes[size] > 0.1 * len(rows) for size in (1, 2, 3))


def test_seed_decides_and_prompts_are_distinct(rows):
    assert rows[:300] == build(300, seed=5)
    assert prompt_of(build(1, seed=6)[0]) != prompt_of(rows[0])
    many = build(5000, seed=1)
    assert len({prompt_of(row) for row in many}) == 5000


def test_speed():
    build(1, seed=0)  # reads the banks
    start = time.process_time()
    build(1000, seed=2)
    assert time.process_time() - start < 2


def test_conflicting_instructions_never_meet(rows):
    for row in rows:
        for first, second in itertools.combinations(row["instruction_id_list"], 2):
            assert second not in CONFLICT_TABLE[first]
    assert all(first in CONFLICT_TABLE[second] for first, others in CONFLICT_TABLE.items() for second in others)
    assert "change_case:english_lowercase" in CONFLICT_TABLE["change_case:english_capital"]
    assert "punctuation:no_comma" in CONFLICT_TABLE["detectable_format:json_format"]
    assert "startend:quotation" in CONFLICT_TABLE["combination:repeat_prompt"]


def test_replies_speak_of_the_topic(rows):
    """A reply is made of sentences about what was asked: at least two from one topic's bank."""
    for row in rows:
        if "detectable_format:constrained_response" in row["instruction_id_list"]:
            continue
        reply = re.sub(r"[*]|- ", "", reply_of(row)).lower()
        banks = load_topics(row["language"]).values()
        hits = [sum(s.lower() in reply for s in topic["facts"] + topic["tips"]) for topic in banks]
        assert max(hits) >= 2, row


def test_prompt_words_agree_with_the_arguments(rows):
    """What the checker compares with stands in the prompt as it is: words, phrases, markers and numbers."""
    for row in rows:
        prompt = prompt_of(row)
        for family, kwargs in asked(row):
            if family in ("language:response_language", "detectable_format:constrained_response"):
                continue
            named = [v for key, v in kwargs.items() if key != "nth_paragraph" and not key.endswith("relation")]
            for value in named:
                assert all(str(part) in prompt for part in (value if isinstance(value, list) else [value])), row


def test_the_gist_of_a_relation_is_in_the_prompt():
    for row in build(200, seed=3, families=["length_constraints:number_words"]):
        ((_, kwargs),) = asked(row)
        n = kwargs["num_words"]
        lower = re.search(rf"(at least|no fewer than|a minimum of) {n}\b|\b{n} or more", prompt_of(row))
        assert bool(lower) == (kwargs["relation"] == "at least"), prompt_of(row)


def test_forbidden_words_belong_to_the_topic_and_not_to_the_request():
    for row in build(150, seed=8, families=["keywords:forbidden_words"], languages=["en"]):
        ((_, kwargs),) = asked(row)
        request = re.split(r"\n\n|(?<=[.?]) ", prompt_of(row))[0]
        assert all(whole_words(word, request) == 0 for word in kwargs["forbidden_words"])


def test_languages(rows):
    prompts = [row for row in rows if "language:response_language" not in row["instruction_id_list"]]
    counts = Counter(row["language"] for row in prompts)
    assert set(counts) == set(PROMPT_LANGUAGES)
    assert 0.17 < 1 - (counts["en"] + len(rows) - len(prompts)) / len(rows) < 0.23
    for row in prompts:
        if len(reply_of(row)) > 150:
            assert language_of(reply_of(row), PROMPT_LANGUAGES) == row["language"], row
        assert prompt_language(row) == row["language"], row
    replies = Counter(row["language"] for row in rows if row not in prompts)
    assert set(replies) == set(REPLY_LANGUAGES)


def test_only_the_languages_asked_for():
    assert {row["language"] for row in build(80, seed=1, languages=["fr"])} == {"fr"}
    spanish = build(60, seed=1, families=["startend:quotation"], languages=["es"])
    assert {prompt_language(row) for row in spanish} == {"es"}
    english = build(60, seed=1, families=["detectable_format:title"], languages=["en"])
    assert {row["language"] for row in english} == {"en"}


def test_only_the_families_asked_for():
    families = ["punctuation:no_comma", "startend:quotation"]
    rows = build(100, seed=1, families=families)
    assert {name for row in rows for name in row["instruction_id_list"]} == set(families)
    assert {row["kind"] for row in rows} == {"single", "composed"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"families": ["keyword:existance"]}, "did you mean keywords:existence"),
        ({"families": ["own:tablesize"], "held_out": True}, "did you mean own:table_size"),
        ({"families": ["own:table_size"]}, "held_out=True"),
        ({"families": ["punctuation:no_comma"], "held_out": True}, "held_out=False"),
        ({"languages": ["xx"]}, "no prompts in xx; choose from en, de, fr, es"),
        ({"languages": []}, "no language"),
        ({"families": ["length_constraints:number_words"], "languages": ["de"]}, "add en"),
        ({"held_out": True, "languages": ["de"]}, "add en"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(UserError, match=re.escape(message)) as error:
        build(5, seed=0, **settings)
    assert "\n" not in str(error.value)


def test_more_rows_than_prompts_is_an_error(monkeypatch):
    monkeypatch.setattr("posttrain.data.subsets.instructions.MOST_FAILURES", 0)
    with pytest.raises(UserError, match="different prompts"):
        build(
            100_000, seed=0, families=["own:one_colour_per_sentence", "own:same_first_last_sentence"][1:], held_out=True
        )


def test_banks_are_wide_enough():
    """At least six wordings an instruction, 150 base tasks, eight held-out families."""
    wordings, forms = load_bank("wordings"), load_bank("forms")
    assert set(wordings["en"]) == set(FAMILIES) | set(HELD_OUT_FAMILIES)
    for language in PROMPT_LANGUAGES:
        assert all(len(set(texts)) >= 6 for texts in wordings[language].values()), language
    english = forms["en"]["forms"].values()
    kinds = Counter(topic["kind"] for topic in load_topics("en").values())
    assert sum(kinds[form["only"]] if "only" in form else sum(kinds.values()) for form in english) >= 150
    assert len(HELD_OUT) == len(HELD_OUT_FAMILIES) >= 8


@pytest.mark.parametrize("language", ["en", *REPLY_LANGUAGES])
def test_sentence_banks_are_plain(language):
    """No digits, quotation marks or marks of layout, one sentence each: so that they fit every instruction."""
    for topic in load_topics(language).values():
        for part in ("facts", "tips"):
            assert len(topic[part]) == len(set(topic[part])) >= 3
            for sentence in topic[part]:
                assert re.fullmatch(r"""[^\d"|*<>\[\]{}#.!?\n]+\.""", sentence), sentence
            assert sum("," not in sentence for sentence in topic[part]) >= 2
        assert language_of(" ".join(topic["facts"] + topic["tips"])) == language


def test_held_out_rows(held_out_rows):
    assert (
        {name for row in held_out_rows for name in row["instruction_id_list"]}
        == set(HELD_OUT)
        == set(HELD_OUT_FAMILIES)
    )
    assert len({prompt_of(row) for row in held_out_rows}) == len(held_out_rows)
    for row in held_out_rows:
        assert row["kind"] == "held_out" and row["language"] == "en"
        ((family, kwargs),) = asked(row)
        assert HELD_OUT[family](reply_of(row), kwargs), row


def test_held_out_checks_reject_other_replies(held_out_rows, rows):
    """Replies to other prompts pass a held-out check rarely: each check asks for something."""
    english = [reply_of(row) for row in rows if row["language"] == "en"][:300]
    for family, check in HELD_OUT.items():
        kwargs = [asked(row)[0][1] for row in held_out_rows if row["instruction_id_list"] == [family]]
        passed = sum(check(reply, kwargs[i % len(kwargs)]) for i, reply in enumerate(english))
        assert passed < 0.15 * len(english), (family, passed)


TABLE = "| A | B |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"
COLOURS = {"colours": ["red", "blue"]}
IN_TURN = {"num_paragraphs": 2, "short_max": 2, "long_min": 4}
XML = {"tags": ["facts", "tips"]}
CASES = [
    ("table_size", {"num_rows": 2, "num_columns": 2}, TABLE, True),
    ("table_size", {"num_rows": 3, "num_columns": 2}, TABLE, False),
    ("table_size", {"num_rows": 2, "num_columns": 3}, TABLE, False),
    ("table_size", {"num_rows": 2, "num_columns": 2}, "Here it is:\n" + TABLE, False),
    ("table_size", {"num_rows": 2, "num_columns": 2}, TABLE.replace("4", " "), False),
    ("table_size", {"num_rows": 2, "num_columns": 2}, TABLE.replace("---", "abc"), False),
    ("max_word_length", {"max_letters": 4}, "Tiny text won.", True),
    ("max_word_length", {"max_letters": 4}, "Small text.", False),
    ("max_word_length", {"max_letters": 4}, "12 34", False),
    ("heading_words", {"num_words": 3}, "# A Fine Day\n\nText.", True),
    ("heading_words", {"num_words": 3}, "# A Very Fine Day\n\nText.", False),
    ("heading_words", {"num_words": 3}, "# A Fine Day\n\nText.\n\n# More Of It", False),
    ("heading_words", {"num_words": 3}, "# A Fine Day", False),
    ("heading_words", {"num_words": 3}, "Text.\n# A Fine Day\nText.", False),
    ("roman_numerals", {"num_items": 2}, "I. One thing.\nII. Another thing.", True),
    ("roman_numerals", {"num_items": 2}, "I. One.\nII. Two.\nIII. Three.", False),
    ("roman_numerals", {"num_items": 2}, "I. One.\nIII. Two.", False),
    ("roman_numerals", {"num_items": 2}, "I. One.\nII. 2 things.", False),
    ("roman_numerals", {"num_items": 2}, "I.\nII.", False),
    ("one_colour_per_sentence", COLOURS, "A red hat. A blue coat!", True),
    ("one_colour_per_sentence", COLOURS, "A red and blue hat.", False),
    ("one_colour_per_sentence", COLOURS, "A red hat. A coat.", False),
    ("one_colour_per_sentence", COLOURS, "A reddish hat.", False),
    ("one_colour_per_sentence", COLOURS, "", False),
    ("growing_paragraphs", {"num_paragraphs": 2}, "One.\n\nTwo. Three.", True),
    ("growing_paragraphs", {"num_paragraphs": 2}, "One. Two.\n\nThree. Four.", False),
    ("growing_paragraphs", {"num_paragraphs": 2}, "One.\n\nTwo. Three.\n\nFour. Five. Six.", False),
    ("alternating_paragraphs", IN_TURN, "Two words.\n\nNow four words here.", True),
    ("alternating_paragraphs", IN_TURN, "Now three words.\n\nNow four words here.", False),
    ("alternating_paragraphs", IN_TURN, "Two words.\n\nThree words here.", False),
    ("alternating_paragraphs", IN_TURN, "Two words.", False),
    ("acrostic_lines", {"word": "SEA"}, "Salt water.\nEvery wave.\nAll fish.", True),
    ("acrostic_lines", {"word": "SEA"}, "S\nE\nA", False),
    ("acrostic_lines", {"word": "SEA"}, "Salt water.\nAll fish.\nEvery wave.", False),
    ("only_questions", {"num_questions": 2}, "Why is it so? Who knows?", True),
    ("only_questions", {"num_questions": 2}, "Why? Because.", False),
    ("only_questions", {"num_questions": 2}, "Why? Why?", False),
    ("only_questions", {"num_questions": 2}, "Why? Who? When?", False),
    ("words_per_line", {"num_lines": 2, "num_words": 3}, "One two three.\nFour five - six!", True),
    ("words_per_line", {"num_lines": 2, "num_words": 3}, "One two three.\nFour five.", False),
    ("words_per_line", {"num_lines": 2, "num_words": 3}, "One two three.", False),
    ("xml_tags", XML, "<facts>A.</facts>\n<tips>B.</tips>", True),
    ("xml_tags", XML, "<tips>B.</tips>\n<facts>A.</facts>", False),
    ("xml_tags", XML, "<facts>A.</facts>\n<tips> </tips>", False),
    ("xml_tags", XML, "Sure!\n<facts>A.</facts>\n<tips>B.</tips>", False),
    ("xml_tags", XML, "<facts>A.</facts>\n<tips>B.</tips>\nDone.", False),
    ("xml_tags", XML, "<facts>A.\n<tips>B.</tips></facts>", False),
    ("alphabetical_items", {"num_items": 2}, "- Apples\n- pears", True),
    ("alphabetical_items", {"num_items": 2}, "- Pears\n- apples", False),
    ("alphabetical_items", {"num_items": 2}, "- Apples\n- Apples", False),
    ("alphabetical_items", {"num_items": 2}, "Here:\n- Apples\n- pears", False),
    ("same_first_last_sentence", {}, "We begin. We go on. We begin.", True),
    ("same_first_last_sentence", {}, "We begin. We begin.", False),
    ("same_first_last_sentence", {}, "We begin. We go on. We end.", False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kwargs", "reply", "expected"), CASES)
def test_held_out_checks(name, kwargs, reply, expected):
    assert HELD_OUT[f"own:{name}"](reply, kwargs) is expected


def test_every_held_out_check_has_cases_of_both_kinds():
    for family in HELD_OUT:
        assert {expected for name, _, _, expected in CASES if f"own:{name}" == family} == {True, False}


@pytest.mark.parametrize("reply", ["", " ", "\x00", "\n" * 1000, "a" * 200_000, "| " * 100_000, "I. " * 70_000])
def test_held_out_checks_never_raise(reply, held_out_rows):
    start = time.process_time()
    for row in held_out_rows[: len(HELD_OUT)]:
        ((family, kwargs),) = asked(row)
        HELD_OUT[family](reply, kwargs)
    assert time.process_time() - start < 1
