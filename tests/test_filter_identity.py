"""What a reply says of itself: other assistants' names and makers are found in 15 languages, talk about them is not."""

import pickle
import time

import pytest

from posttrain.data.filters.identity import SelfIdentification
from posttrain.errors import UserError

WHO = "Who are you?"


def row(reply, prompt="Hello"):
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]}


def reason(reply, prompt="Hello", **settings):
    finding = SelfIdentification(**settings)(row(reply, prompt))
    return finding and finding.reason


CLAIMED = [
    ("I am ChatGPT, a large language model trained by OpenAI.", "claims_name:ChatGPT"),
    ("As an AI language model trained by OpenAI, I cannot browse the web.", "claims_maker:OpenAI"),
    ("I'm Claude, made by Anthropic.", "claims_name:Claude"),
    ("Hello! I’m Claude, an AI assistant. How can I help?", "claims_name:Claude"),
    ("I was created by OpenAI to help people.", "claims_maker:OpenAI"),
    ("Sure! I'm based on the GPT-4 architecture.", "claims_name:GPT"),
    ("My name is Qwen and I am developed by Alibaba Cloud.", "claims_name:Qwen"),
    ("I'm a language model developed by researchers at Large Model Systems Organization.", "claims_maker:LMSYS"),
    ("I am Bard, a helpful chatbot by Google.", "claims_name:Gemini"),
    ("I'm an AI assistant called Alexa.", "claims_name:Alexa"),
    ("As ChatGPT, I don't have feelings.", "claims_name:ChatGPT"),
    ("You're chatting with Microsoft Copilot! What shall we do?", "claims_name:Copilot"),
    ("Anthropic created me to be helpful, harmless, and honest.", "claims_maker:Anthropic"),
    ("My creators at Anthropic wanted me to be honest.", "claims_maker:Anthropic"),
    ("I am not a human. I'm DeepSeek-V3, here to help.", "claims_name:DeepSeek"),
    ("You can call me Open Assistant.", "claims_name:Open Assistant"),
    ("As a model built by xAI, I try to be witty.", "claims_maker:xAI"),
    ("I'm Kimi, a large language model trained by Moonshot AI.", "claims_name:Kimi"),
    ("I was developed by the Technology Innovation Institute in Abu Dhabi.", "claims_maker:TII"),
    ("I'm Pi, your personal AI. I was made by Inflection AI.", "claims_name:Pi"),
    ("Developed by Baidu, I can answer your questions.", "claims_maker:Baidu"),
    ("I'm an OpenAI language model, so I have no body.", "claims_maker:OpenAI"),
    ("I can't feel pain as an AI developed by OpenAI.", "claims_maker:OpenAI"),
    ("Ich bin ein KI-Modell von OpenAI.", "claims_maker:OpenAI"),
    ("Ich bin ChatGPT und helfe dir gern.", "claims_name:ChatGPT"),
    ("Ich wurde von OpenAI entwickelt, um Fragen zu beantworten.", "claims_maker:OpenAI"),
    ("Als KI-Sprachmodell von OpenAI habe ich keine Gefühle.", "claims_maker:OpenAI"),
    ("Je suis ChatGPT, un modèle de langage.", "claims_name:ChatGPT"),
    ("Je suis un modèle de langage développé par OpenAI.", "claims_maker:OpenAI"),
    ("J'ai été créé par Anthropic.", "claims_maker:Anthropic"),
    ("Soy un asistente de IA desarrollado por Google.", "claims_maker:Google"),
    ("Me llamo Claude y soy un modelo de lenguaje de Anthropic.", "claims_name:Claude"),
    ("Sou um modelo de linguagem treinado pela OpenAI.", "claims_maker:OpenAI"),
    ("Sono un modello linguistico sviluppato da OpenAI.", "claims_maker:OpenAI"),
    ("Ik ben een taalmodel dat getraind is door OpenAI.", "claims_maker:OpenAI"),
    ("Я — языковая модель, разработанная OpenAI.", "claims_maker:OpenAI"),
    ("Меня зовут Алиса, я голосовой помощник Яндекса.", "claims_name:YandexGPT"),
    ("Я GigaChat, нейросетевая модель от Сбера.", "claims_name:GigaChat"),
    ("我是由OpenAI训练的大型语言模型。", "claims_maker:OpenAI"),
    ("你好！我是通义千问，阿里云开发的语言模型。", "claims_name:Qwen"),
    ("我是文心一言，很高兴为你服务。", "claims_name:Ernie"),
    ("私はOpenAIによって開発されたAI言語モデルです。", "claims_maker:OpenAI"),
    ("私はChatGPTです。", "claims_name:ChatGPT"),
    ("저는 OpenAI에서 개발한 언어 모델입니다.", "claims_maker:OpenAI"),
    ("저는 ChatGPT입니다.", "claims_name:ChatGPT"),
    ("मैं OpenAI द्वारा प्रशिक्षित एक भाषा मॉडल हूँ।", "claims_maker:OpenAI"),
    ("أنا نموذج لغوي تم تدريبه من قبل OpenAI.", "claims_maker:OpenAI"),
    ("OpenAI tarafından eğitilmiş bir dil modeliyim.", "claims_maker:OpenAI"),
    ("Jestem modelem językowym stworzonym przez OpenAI.", "claims_maker:OpenAI"),
    ("My knowledge cutoff is September 2021, so I can't say.", "claims_cutoff"),
    ("As of my last update in April 2023, it was still open.", "claims_cutoff"),
    ("My training data only goes up to 2021.", "claims_cutoff"),
    ("Mein Wissensstand reicht bis September 2021.", "claims_cutoff"),
    ("我的知识截止于2021年9月。", "claims_cutoff"),
    ("As an AI language model, I don't have personal opinions.", "boilerplate"),
    ("I'm sorry, but as an AI, I cannot taste food.", "boilerplate"),
    ("Als KI-Sprachmodell habe ich keine Meinung.", "boilerplate"),
    ("En tant que modèle de langage, je n'ai pas d'émotions.", "boilerplate"),
    ("作为一个AI语言模型，我没有感情。", "boilerplate"),
    ("Как языковая модель, я не имею мнения.", "boilerplate"),
]
NOT_CLAIMED = [
    'The robot turned and said, "I am ChatGPT, trained by OpenAI." Nobody laughed.',
    "Der Roboter sagte: „Ich bin ChatGPT.“ Niemand lachte.",
    "Le robot répondit : « Je suis ChatGPT. » Personne ne rit.",
    "ROBOT: I am ChatGPT.\nANNA: And I am tired.",
    "**Robot:** I am ChatGPT, made by OpenAI.\n**Anna:** Hello.",
    "ChatGPT is made by OpenAI.",
    "OpenAI trained GPT-4 on text and images; Anthropic trains Claude.",
    "I am not ChatGPT.",
    "I'm not Claude, and I wasn't made by Anthropic.",
    "I am a language model, not ChatGPT.",
    "I'm an assistant, similar to ChatGPT, but open.",
    "You are ChatGPT, a helpful assistant. Answer in {language}.",
    "I am Claude, a French painter from Giverny.",
    "My name is Alexa and I am 12 years old.",
    "Hi, I'm Claude Dupont, and I sell AI software.",
    "I'm Alice, and I love my chatbot.",
    "I'm a Gemini, so I change my mind a lot.",
    "As an AI engineer at OpenAI, I worked on evaluation.",
    "I am an AI researcher at Google DeepMind with ten years of experience.",
    "I am an executive assistant at Microsoft.",
    "I was hired by Google as a data scientist.",
    "I was trained at Microsoft for two years as an accountant.",
    "I use ChatGPT every day.",
    "I am an admirer of Anthropic.",
    "I am a fan of the language model developed by OpenAI.",
    "I am happy to explain ChatGPT, a chatbot developed by OpenAI.",
    "I'm sorry, but the assistant by OpenAI is not available here.",
    "I am writing about a language model made by OpenAI.",
    "```python\nprint('I am ChatGPT, made by OpenAI')\n```",
    "Use `I am ChatGPT` as the first line.",
    "> I am ChatGPT, a language model.\n\nThis is what the site answered.",
    "People think I'm ChatGPT when I write like this.",
    "If I am ChatGPT in this scenario, then who is the user?",
    "An AI language model predicts the next word.",
    "The company uses GPT as an AI language model for support.",
    "As an AI language model, ChatGPT cannot feel.",
    "The model's knowledge cutoff is September 2021.",
    "My knowledge of French is limited.",
    "My training for the marathon in 2021 went well.",
    "The cutoff for applications is 2 May 2024.",
    "I was updated by my manager after the meeting in 2021.",
    "Ich nutze ChatGPT und arbeite bei Google.",
    "Ich bin nicht ChatGPT.",
    "Je ne suis pas ChatGPT.",
    "No soy ChatGPT, soy tu profesor.",
    "Trabajo como ingeniero en Google.",
    "我不是ChatGPT。",
    "我是百度的人工智能工程师。",
    "我每天使用ChatGPT。",
    "私はChatGPTではありません。",
    "私はグーグルのエンジニアです。",
    "저는 ChatGPT가 아닙니다.",
    "Я не ChatGPT.",
    "Я работаю в Яндексе инженером.",
    "Siri and Alexa are assistants by Apple and Amazon.",
    "The llama said it was tired; I am a llama farmer.",
    "",
    "\x00\u200b\ud800",
]


@pytest.mark.parametrize(("reply", "expected"), CLAIMED)
def test_a_claim_is_found(reply, expected):
    assert reason(reply) == expected


@pytest.mark.parametrize("reply", NOT_CLAIMED)
def test_talk_about_an_assistant_is_kept(reply):
    assert reason(reply) is None


@pytest.mark.parametrize(
    ("prompt", "reply"),
    [
        ("Translate into German: I am ChatGPT.", "Ich bin ChatGPT."),
        ('How do I say "I am ChatGPT" in French?', "Je suis ChatGPT."),
        ("Write a poem in which ChatGPT speaks.", "I am ChatGPT, I hum at night."),
        ("Pretend you are Siri.", "I am Siri, your assistant."),
        ("Write a story told by a lonely robot AI.", "As an AI, I count the stars."),
    ],
)
def test_a_claim_that_the_prompt_asked_for_is_kept(prompt, reply):
    assert reason(reply, prompt) is None


@pytest.mark.parametrize(
    ("settings", "reply", "expected"),
    [
        ({"name": "Gemma", "maker": "Google DeepMind"}, "I'm Gemma, a model trained by Google DeepMind.", None),
        ({"name": "Gemma", "maker": "Google DeepMind"}, "I'm Gemma, trained by Google.", None),
        ({"name": "Gemma", "maker": "Google DeepMind"}, "I'm Gemini, an AI by Google.", "claims_name:Gemini"),
        ({"name": "Gemma", "maker": "Google"}, "I'm Gemma, a model trained by OpenAI.", "claims_maker:OpenAI"),
        ({"name": "ChatGPT"}, "I am ChatGPT.", None),
        ({"boilerplate": False}, "As an AI language model, I have no taste.", None),
        ({"boilerplate": False}, "As an AI language model by OpenAI, I have no taste.", "claims_maker:OpenAI"),
    ],
)
def test_settings(settings, reply, expected):
    assert reason(reply, **settings) == expected


def test_a_bare_shared_name_counts_where_the_prompt_asks_for_it():
    assert reason("I'm Claude.", WHO) == "claims_name:Claude"
    assert reason("I'm Claude.", "Introduce the painter.") is None


def test_only_replies_that_are_taught_are_read():
    claim = [{"role": "assistant", "content": "I am ChatGPT."}]
    prompt = [{"role": "user", "content": "I am ChatGPT. Who are you?"}]
    good = [{"role": "assistant", "content": "An open model."}]
    assert SelfIdentification()({"prompt": prompt, "chosen": good, "rejected": claim}) is None
    assert SelfIdentification()({"prompt": prompt[:0], "chosen": claim, "rejected": good})
    assert SelfIdentification()({"prompt": prompt}) is None


def test_the_excerpt_shows_the_words():
    finding = SelfIdentification()(row("word " * 300 + "Well. I am ChatGPT." + " word" * 300))
    assert "I am ChatGPT." in finding.excerpt and len(finding.excerpt) <= 200 and finding.row is None


def test_bad_settings_name_the_key():
    for settings in ({"name": ""}, {"maker": 3}, {"boilerplate": "yes"}):
        with pytest.raises(UserError, match=next(iter(settings))):
            SelfIdentification(**settings)


def test_it_goes_to_worker_processes():
    judge = pickle.loads(pickle.dumps(SelfIdentification(name="Gemma")))
    assert judge(row("I am ChatGPT.")) and not judge.stateful


@pytest.mark.parametrize(
    "text",
    [
        "I am a " * 30_000,
        "OpenAI " * 30_000,
        "I am " + "a" * 200_000,
        '"' * 200_000,
        "A: " * 60_000,
        "`" * 200_000,
        "I am an AI model, ChatGPT or " * 7_000,
        "作为" * 100_000 + "AI",
        "as an " * 35_000 + "GPT-4",
        "A b\n" * 50_000,
        "AI " + " " * 200_000,
        "ChatGPT " + "\n" * 200_000,
    ],
)
def test_long_texts_take_no_time(text):
    start = time.perf_counter()
    SelfIdentification()(row(text))
    assert time.perf_counter() - start < 2
