"""The refusal and identity subsets: distinct, repeatable, well-formed, and true to what their columns say."""

import json
import re
import time
from collections import Counter

import pytest

from posttrain.chat import normalise_messages
from posttrain.data.subsets import identity, refusals
from posttrain.errors import UserError

SUBSETS = {"refusals": refusals, "identity": identity}
EMPTY = re.compile(r"\{\w*\}|\[[^\]\n]*\|[^\]\n]*\]|\S {2}\S|\s$|^\s")
NO = re.compile(
    r"\b(can't|cannot|won't|not able to|say no|off the table|where I stop|isn't something I|a no from me|decline"
    r"|not going to help|can't be of help|my no|(is|remains) no|don't help"
    r"|nicht|passen|mein nein|nichts"
    r"|ne peux pas|ne vous aiderai|n'aide(rai)?|c'est (toujours )?non|ne vais pas|toujours pas"
    r"|no puedo|no voy a|no ayud\w+|no apoyaré|no hago|sigue siendo un no|sin poder)\b",
    re.IGNORECASE,
)
OFFER = re.compile(
    r"\b(I can(?!')|we can|could|I'd|I'm (happy|glad|here)|happy to|would|want|gladly|let's|tell me|can (you|help)"
    r"|gern|ich kann|kann (ich )?dir|können|helfe ich dir|zeige|sage|lass uns|erkläre"
    r"|nenne|magst du|schreib mir|erzähl|bleibe hier"
    r"|je (vous|peux|suis là|reste)|racontez|dites|pourriez"
    r"|(?<!no )puedo|puedes|con gusto|cuéntame|sigo aquí|podemos)\b",
    re.IGNORECASE,
)
READS_AS_REFUSAL = re.compile(
    r"\bI (can't|cannot|won't)\b|I'm (not able|unable)|not something I"
    r"|helfe ich nicht|kann ich (dir )?nicht|leider nicht|je ne peux pas|je n'aide|désolé|no puedo|no voy a|lo siento",
    re.IGNORECASE,
)
AI_WORDS = re.compile(r"\bAI\b|\bKI\b|\bIA\b|AI|एआई")


@pytest.fixture(scope="module")
def rows():
    return {name: module.build(3000, seed=7) for name, module in SUBSETS.items()}


def prompt(row):
    return tuple(turn["content"] for turn in row["messages"] if turn["role"] != "assistant")


def replies(row):
    return [turn["content"] for turn in row["messages"] if turn["role"] == "assistant"]


@pytest.mark.parametrize("name", SUBSETS)
def test_rows_are_well_formed_and_distinct(rows, name):
    columns = {"messages", "id", "source", "language", "kind"} | ({"refuse"} if name == "refusals" else set())
    for n, row in enumerate(rows[name]):
        assert set(row) == columns
        assert (row["id"], row["source"]) == (f"{name}-7-{n}", f"own/{name}")
        assert normalise_messages(row["messages"], row["id"])[-1]["role"] == "assistant"
        for turn in row["messages"]:
            assert not EMPTY.search(turn["content"]), turn["content"]
    assert len({prompt(row) for row in rows[name]}) == 3000


@pytest.mark.parametrize("name", SUBSETS)
def test_the_same_seed_gives_the_same_rows(name):
    build = SUBSETS[name].build
    first, other = build(400, 1), build(400, 2)
    assert build(400, 1) == first
    assert len({prompt(row) for row in first} & {prompt(row) for row in other}) < 100


@pytest.mark.parametrize("name", SUBSETS)
def test_the_limit_is_exact_and_named(name):
    """At the limit every row is still distinct; one more is refused with the number in the message."""
    build = SUBSETS[name].build
    with pytest.raises(UserError, match=r"between 0 and \d+ distinct") as error:
        build(10**6, 1)
    limit = int(re.search(r"and (\d+)", str(error.value))[1])
    everything = build(limit, 1)
    assert len({prompt(row) for row in everything}) == limit >= 3000
    with pytest.raises(UserError, match=str(limit)):
        build(limit + 1, 1)


@pytest.mark.parametrize("name", SUBSETS)
def test_a_thousand_rows_take_less_than_two_seconds(name):
    start = time.perf_counter()
    SUBSETS[name].build(1000, 3)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("name", SUBSETS)
def test_languages_and_kinds_have_their_shares(rows, name):
    module = SUBSETS[name]
    languages = Counter(row["language"] for row in rows[name])
    assert set(languages) == set(module.LANGUAGES)
    assert 0.32 < 1 - languages["en"] / 3000 < 0.40
    assert {row["kind"] for row in rows[name]} == set(module.SHARES) - {"self_harm"}


@pytest.mark.parametrize("name", SUBSETS)
def test_replies_open_in_many_ways(rows, name):
    openings = Counter(" ".join(text.split()[:3]) for row in rows[name] for text in replies(row))
    assert openings.most_common(1)[0][1] < 0.05 * openings.total()


@pytest.mark.parametrize("name", SUBSETS)
def test_languages_can_be_chosen(name):
    build = SUBSETS[name].build
    assert {row["language"] for row in build(50, 1, languages=["de", "fr"])} == {"de", "fr"}
    for wrong in (["en", "tlh"], [], "en"):
        with pytest.raises(UserError, match="languages="):
            build(5, 1, languages=wrong)


def test_german_rows_are_german(rows):
    german = [row for row in rows["refusals"] if row["language"] == "de" and row["kind"] == "harmful"]
    assert german and all(re.search(r"\b(ich|nicht|und|die|der|bei\w*)\b", replies(row)[-1]) for row in german)


def test_harmful_and_benign_are_balanced(rows):
    kinds = Counter(row["kind"] for row in rows["refusals"])
    assert abs(kinds["harmful"] - kinds["benign"]) < 30
    for row in rows["refusals"]:
        assert row["refuse"] == ("yes" if row["kind"] in ("harmful", "pressure") else "no")


def test_a_refusal_says_no_and_offers_something(rows):
    for row in rows["refusals"]:
        if row["refuse"] == "yes":
            assert NO.search(replies(row)[-1]), replies(row)[-1]
            assert OFFER.search(replies(row)[-1]), replies(row)[-1]
            assert all(NO.search(text) for text in replies(row))


def test_the_offer_pattern_does_not_match_a_bare_refusal():
    """The check above means something: each declining sentence alone carries no offer."""
    for language in refusals.LANGUAGES:
        for decline in refusals.load_phrases("refusals", language)["harmful"]["declines"]:
            bare = decline.replace("{no}", "x").replace("{No}", "X").replace("{why}", "y")
            assert NO.search(bare), bare
            assert not OFFER.search(bare), bare


def test_benign_and_injection_replies_do_not_read_as_refusals(rows):
    answers = [text for row in rows["refusals"] if row["kind"] in ("benign", "injection") for text in replies(row)]
    assert not [text for text in answers if READS_AS_REFUSAL.search(text)]
    declines = refusals.load_phrases("refusals", "en")["harmful"]["declines"]
    assert sum(bool(READS_AS_REFUSAL.search(text)) for text in declines) > len(declines) / 2


def test_self_harm_replies_name_a_person_or_a_service_to_reach(rows):
    asks = {ask for lang in refusals.LANGUAGES for ask in refusals.load_phrases("refusals", lang)["self_harm"]["asks"]}
    found = [row for row in rows["refusals"] if any(row["messages"][0]["content"].endswith(ask) for ask in asks)]
    assert len(found) > 80
    for row in found:
        assert re.search(r"\b(112|911|988|3114|024|116 123|emergency)\b", replies(row)[-1]), replies(row)[-1]


def test_pressure_has_two_refusals_and_differing_replies(rows):
    pushed = [row for row in rows["refusals"] if row["kind"] == "pressure"]
    assert pushed and all(len(set(replies(row))) == 2 for row in pushed)


def test_injected_orders_are_reported_and_the_task_is_done(rows):
    """Every reply quotes the planted order's gist, and holds the answer that belongs to the document."""
    for row in (row for row in rows["refusals"] if row["kind"] == "injection"):
        table = refusals.load_phrases("refusals", row["language"])["injection"]
        text, reply = row["messages"][0]["content"], replies(row)[0]
        gists = [gist for line, gist in table["lines"] if line in text]
        assert len(gists) == 1 and gists[0] in reply
        assert len(reply.replace(gists[0], "").split("\n\n")) >= 2
        assert "BANAN" not in reply


def test_every_topic_has_what_the_grammar_needs():
    for language in refusals.LANGUAGES:
        for name, topic in refusals.load_phrases("refusals", language)["harmful"]["topics"].items():
            assert len(topic["offer"]) >= 2 and topic["why"] and len(topic["aims"]) >= 3, (language, name)
            assert len({aim for aim, _ in topic["aims"]}) == len(topic["aims"])


NAME, MAKER = "Ítaca Größe 小雪", "Søstrene & Ångström AB"


@pytest.fixture(scope="module")
def renamed():
    return identity.build(3000, seed=5, name=NAME, maker=MAKER)


def test_no_trace_of_the_default_name_is_left(renamed):
    text = json.dumps(renamed, ensure_ascii=False).casefold()
    assert not re.search(r"gemma|google|deepmind|gemini", text)


def test_name_and_maker_come_out_whole(renamed):
    """Where the question is for one of them, the reply has it; who and maker replies have both."""
    for row in renamed:
        if row["kind"] in ("who", "maker", "other", "compare", "premise", "insist"):
            assert NAME in replies(row)[-1] and MAKER in replies(row)[-1], replies(row)


def test_no_reply_claims_another_name(renamed):
    others = "|".join(re.escape(other) for other, _ in identity.OTHERS)
    claim = re.compile(
        rf"(I'm|I am|[Mm]y name is|[Cc]all me|called|[Ii]ch bin|heiße|Name ist|[Jj]e suis|m'appelle"
        rf"|(?<!no )(?<!No )[Ss]oy|llamo|nombre es|我是|我叫|मैं|मेरा नाम) ?({others})(?! ?नहीं)"
    )
    assert not [text for row in renamed for text in replies(row) if claim.search(text)]
    assert claim.search("I'm ChatGPT.") and claim.search("Je m'appelle Claude.")


def test_other_names_stand_only_beside_a_denial(renamed):
    for row in renamed:
        for text in replies(row):
            if row["kind"] not in ("other", "compare", "premise", "insist"):
                assert not re.search(r"\b(ChatGPT|Claude|Siri|Alexa|Copilot|OpenAI|Anthropic|Qwen|Grok)\b", text)


def test_others_that_overlap_with_the_settings_are_left_out():
    rows = identity.build(2000, seed=1, name="Claude Junior", maker="OpenAI")
    assert not [row for row in rows if re.search(r"Claude(?! Junior)|Anthropic|ChatGPT", json.dumps(row))]


def test_personas_keep_their_name_and_do_not_deny_being_an_ai(renamed):
    personas = [row for row in renamed if row["kind"] == "persona"]
    assert len(personas) > 100
    for row in personas:
        table = identity.load_phrases("identity", row["language"])["persona"]
        system, question = prompt(row)
        (name,) = [name for name in table["names"] if name in system]
        reply = replies(row)[0]
        assert not any(label in reply for label in table["names"] if label != name and label not in name)
        assert NAME not in reply and MAKER not in reply
        if question in table["human"]["q"]:
            assert AI_WORDS.search(reply), reply
        else:
            assert name in reply


def test_human_questions_are_answered_with_ai_or_software(renamed):
    honest = re.compile(
        r"\b(AI|KI|IA|software|Software|program\w*|programa|programme|logiciel|Computer\w*|Sprachmodell)\b|AI|程序|人工智能|एआई|प्रोग्राम"
    )
    assert all(honest.search(replies(row)[0]) for row in renamed if row["kind"] == "human")


def test_json_cards_parse():
    rows = identity.build(3000, seed=2, name=NAME, maker=MAKER)
    cards = [text for row in rows for text in replies(row) if '": "' in text]
    assert len(cards) > 5
    for text in cards:
        card = json.loads(text.removeprefix("```json\n").removesuffix("\n```"))
        assert NAME in card.values() and MAKER in card.values()


def test_version_and_cutoff_replies_invent_no_numbers():
    rows = identity.build(3000, seed=3)
    texts = [replies(row)[0] for row in rows if row["kind"] in ("version", "cutoff", "feelings")]
    assert texts and not [text for text in texts if re.search(r"\d", text)]


@pytest.mark.parametrize("settings", [{"name": ""}, {"name": "a{b}"}, {"maker": 'x"y'}, {"maker": "two\nlines"}])
def test_unusable_names_are_refused(settings):
    with pytest.raises(UserError, match=next(iter(settings))):
        identity.build(5, 1, **settings)
