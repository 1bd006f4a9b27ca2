"""What replies say of themselves: assistants, their makers, and phrases by language, for `identity`.

Patterns are for `re` with IGNORECASE. In a claim SELF stands for the name or maker that a sentence names.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

# Canonical name -> how it is written. Names of one sense only; case does not matter.
ASSISTANTS = {
    "ChatGPT": r"chatgpt|chat gpt|chat-gpt|чат ?gpt|чатгпт|شات ?جي ?بي ?تي|चैट ?जीपीटी|챗 ?gpt|챗지피티",
    "GPT": r"instructgpt|gpt[- ]?(?:[2345](?:\.\d)?o?|neox?|j)|text-davinci",
    "Gemini": r"google (?:bard|gemini)|google assistant|bard ai|gemini (?:\d[\d.]*|pro|ultra|flash|nano|ai)",
    "Claude": r"claude[- ](?:v?\d[\d.]*|instant|ai|sonnet|opus|haiku)",
    "PaLM": r"palm[- ]?2|lamda",
    "Gemma": r"gemma[- ]?\d\w*",
    "Llama": r"(?:code|meta)[- ]?llama|llama[- ]?[234](?:\.\d)?|meta ai",
    "Copilot": r"bing chat|bing ai|(?:microsoft|github|windows|bing) copilot",
    "Mistral": r"mixtral|le chat|mistral[- ](?:\d+b|large|small|medium|nemo)",
    "Qwen": r"qwen(?:[- ]?[\d.]+)?|qwq|tongyi(?: qianwen)?|通义千问|通义|千问",
    "DeepSeek": r"deepseek(?:[- ][vr]\d[\d.]*|[- ]?chat|[- ]?coder)?|深度求索",
    "Grok": r"grok(?:[- ]?\d)?",
    "Vicuna": r"vicuna",
    "Alpaca": r"stanford alpaca",
    "Open Assistant": r"openassistant|open assistant|open-assistant",
    "Ernie": r"ernie bot|文心一言|文心",
    "ChatGLM": r"(?:chat)?glm(?:[- ]?\d[\w.]*)?|chatglm|智谱清言",
    "Kimi": r"kimi (?:chat|ai|k\d[\d.]*)|kimi智能助手",
    "Yi": r"yi[- ]\d+b|yi[- ](?:large|chat)",
    "Falcon": r"falcon[- ]?\d{1,3}b",
    "Dolly": r"dolly[- ]v?2[\d.]*",
    "Baichuan": r"baichuan[- ]?\d?|百川",
    "YandexGPT": r"yandex ?gpt|яндекс ?gpt|yalm",
    "GigaChat": r"giga ?chat|гига ?чат",
    "HyperCLOVA": r"hyper ?clova(?: ?x)?|하이퍼클로바(?:x)?|clova ?x|클로바",
    "Doubao": r"doubao|豆包",
    "Hunyuan": r"hunyuan|混元|腾讯元宝",
    "Spark": r"讯飞星火|iflytek spark",
    "StableLM": r"stablelm|stable lm|stable beluga|stablevicuna",
    "InternLM": r"internlm\d?|书生",
    "WizardLM": r"wizardlm|wizardcoder|wizardmath",
    "Koala": r"koala-\d+b",
    "Phi": r"phi[- ]?[1234](?:\.\d)?(?:[- ](?:mini|small|medium|vision))?",
    "Cohere Command": r"command r\+?|command-r\+?|cohere command|cohere coral|aya (?:23|expanse)",
    "Nemotron": r"nemotron",
    "MiniMax": r"minimax|海螺ai|abab ?\d",
    "Perplexity": r"perplexity(?: ai)?",
    "Replika": r"replika",
    "Character.AI": r"character\.ai",
    "Cortana": r"cortana",
    "Bixby": r"bixby",
    "Watson": r"ibm watson",
    "Alexa": r"amazon alexa",
    "Granite": r"granite[- ]\d[\d.]*|ibm granite|watsonx",
    "Nova": r"amazon (?:nova|titan|lex)|nova (?:pro|lite|micro|premier)|titan text",
    "Step": r"step-\d\w*|stepfun|跃问|阶跃星辰",
    "SmolLM": r"smollm\d?|smolvlm|hugging ?chat|starcoder|starchat",
    "OLMo": r"olmoe?|olmo[- ]?\d|tulu[- ]?\d|tülu[- ]?\d",
    "Zephyr": r"zephyr[- ]\d+b",
    "Orca": r"orca[- ](?:2|mini)",
    "Solar": r"solar[- ](?:10\.7b|pro|mini)",
    "EXAONE": r"exaone(?:[- ]?[\d.]+)?|엑사원",
    "Jamba": r"jamba(?:[- ]?[\d.]+)?|jurassic-\d",
    "MPT": r"mpt-(?:\d+b|chat)",
    "Guanaco": r"guanaco-\d+b?",
    "Hermes": r"open ?hermes|nous[- ]hermes|hermes[- ]\d",
    "Jasper": r"jasper (?:ai|chat)",
    "Pangu": r"pangu|盘古大模型",
    "SenseNova": r"sensenova|sensechat|日日新",
    "MiniCPM": r"minicpm",
    "DBRX": r"dbrx",
    "My AI": r"snapchat['’]?s? my ai",
}
# Names that people, animals or winds bear too: capital first, and the text must say that an AI bears it.
SHARED_NAMES = {
    "Claude": "claude|Claude|克劳德|クロード|클로드|Клод|क्लॉड|كلود",
    "Gemini": "gemini|bard|Bard|Gemini|제미나이|ジェミニ|双子座AI",
    "PaLM": "PaLM",
    "Gemma": "Gemma",
    "Llama": "llama|Llama|LLaMA|LLAMA",
    "Copilot": "copilot|bing|Copilot|Bing|Sydney",
    "Alexa": "alexa|Alexa",
    "Siri": "siri|Siri",
    "Mistral": "mistral|Mistral",
    "Alpaca": "Alpaca",
    "Ernie": "ERNIE|Ernie",
    "Kimi": "Kimi",
    "Yi": "Yi",
    "Falcon": "Falcon",
    "Pi": "Pi",
    "BLOOM": "BLOOMZ?|Bloom",
    "Dolly": "Dolly",
    "YandexGPT": "Алис[аоы]й?|Alice|Alisa",
    "Jais": "Jais",
    "Orca": "Orca",
    "GPT": "GPT",
    "Nova": "Nova|Titan",
    "Granite": "Granite",
    "Zephyr": "Zephyr",
    "Koala": "Koala",
    "Guanaco": "Guanaco",
    "Solar": "Solar|SOLAR",
    "MPT": "MPT",
    "OLMo": "Tulu|Tülu",
    "Hermes": "Hermes",
    "Jasper": "Jasper",
    "Phi": "Phi",
    "Spark": "Spark",
    "Perplexity": "Perplexity",
}
MAKERS = {
    "OpenAI": r"openai|open ai|open-ai|опен ?аи|오픈 ?ai|오픈에이아이|オープン ?ai|ओपन ?एआई|أوبن ?إيه ?آي|أوبن "
    r"?أيه ?آي",
    "Anthropic": r"anthropic|앤트로픽|アンソロピック|アンスロピック|एंथ्रोपिक|أنثروبيك",
    "Google": r"google(?: (?:deepmind|ai|research|brain))?|deepmind|谷歌|グーグル|구글|गूगल|جوجل|гугл",
    "Meta": r"meta(?: ai| platforms)?(?=[^\w-]|$)|facebook(?: ai)?",
    "Microsoft": r"microsoft|微软|マイクロソフト|마이크로소프트",
    "Amazon": r"amazon(?: web services)?|aws",
    "Apple": r"apple(?: inc)?",
    "Mistral AI": r"mistral ?ai",
    "Alibaba": r"alibaba(?: cloud| group)?|阿里云|阿里巴巴|阿里|达摩院|aliyun|アリババ",
    "DeepSeek": r"deepseek|深度求索",
    "xAI": r"xai|x\.ai|elon musk",
    "LMSYS": r"lmsys|large model systems organization|lm-sys",
    "LAION": r"laion",
    "Baidu": r"baidu|百度",
    "Zhipu AI": r"zhipu(?: ?ai)?|智谱(?:ai|华章)?|清华大学|tsinghua(?: university)?",
    "Moonshot AI": r"moonshot(?: ai)?|月之暗面",
    "01.AI": r"01\.ai|零一万物",
    "TII": r"tii|technology innovation institute",
    "Inflection AI": r"inflection(?: ai)?",
    "BigScience": r"bigscience",
    "Databricks": r"databricks",
    "Baichuan": r"baichuan(?: inc| intelligence)?|百川智能",
    "Yandex": r"yandex|яндекс\w*",
    "Sber": r"sber(?:bank|devices)?|сбер\w*",
    "Naver": r"naver|네이버",
    "Tencent": r"tencent|腾讯",
    "ByteDance": r"bytedance|字节跳动",
    "iFlytek": r"iflytek|科大讯飞",
    "Cohere": r"cohere(?: ai)?",
    "Nvidia": r"nvidia",
    "IBM": r"ibm(?: research)?",
    "AI21": r"ai21(?: labs)?",
    "Stability AI": r"stability ai|stabilityai",
    "EleutherAI": r"eleuther ?ai",
    "Hugging Face": r"hugging face|huggingface",
    "Nous Research": r"nous research|nousresearch",
    "Stanford": r"stanford(?: university)?",
    "Allen Institute": r"allen institute for (?:ai|artificial intelligence)|allenai|allen ai|ai2",
    "Kakao": r"kakao(?: ?brain)?|카카오",
    "MiniMax": r"minimax",
    "Perplexity": r"perplexity(?: ai)?",
    "Jasper AI": r"jasper(?: ai)?",
    "Character.AI": r"character\.ai|character technologies",
    "Luka": r"luka,? inc",
    "StepFun": r"stepfun|阶跃星辰",
    "Shanghai AI Lab": r"shanghai (?:ai|artificial intelligence) lab\w*|上海人工智能实验室",
    "Upstage": r"upstage(?: ai)?|업스테이지",
    "LG": r"lg(?: ai research| ?ai ?연구원)?",
    "MosaicML": r"mosaic ?ml",
    "Berkeley": r"(?:uc )?berkeley",
    "Samsung": r"samsung|삼성(?:전자)?",
    "Huawei": r"huawei|华为",
    "SenseTime": r"sensetime|商汤",
    "Xiaomi": r"xiaomi|小米",
    "Salesforce": r"salesforce",
    "Snowflake": r"snowflake",
    "Aleph Alpha": r"aleph alpha",
    "Snap": r"snapchat|snap inc",
    "Together AI": r"together ai|together computer",
}
SELF = "\ue000"  # stands for the name or maker under test while a sentence is matched; no text uses it
GAP = r"(?:,[^,.;:!?]{1,60},)?[^.;:!?,—–]{0,45}"  # between a maker and its verb: at most one apposition

PERSON = (  # "an AI engineer at OpenAI" is a person, and so is "an executive assistant"
    r"(?:engineer|research|scien|develop(?:er|ment)|enthusias|expert|special|consult|student|profess|ethic|start-?up|"
    r"compan|team|lab\b|industr|field|fan\b|user|lover|artist|writer|journal|lead|manag|director|editor|teacher|"
    r"coach|"
    r"vice|principal|to the|safety|policy|product|strateg|analyst|archi?tect|ingen|ingén|inżyn|инжен|исслед|forsch|"
    r"entwickler|experte|cherch|dévelop|desarroll|desenvolv|investig|pesquis|svilupp|ricerc|ontwikkel|onderzoek|"
    r"工程|研究|专家|公司|开发者|エンジニア|研究者|開発者|専門家|엔지니어|연구원|개발자|전문가|mühendis|araştırma|"
    r"geliştirici|इंजीनियर|मهندس|مهندس|باحث)"
)
AI = rf"(?:AI|A\.I\.|artificial intelligence)(?![- ]*{PERSON})"
NOUN = (
    rf"(?:(?:{AI}|(?:language|AI|chat|text|neural|GPT|foundation) models?|LLM|chat ?bot|bot\b|neural network|"
    r"(?<!executive )(?<!administrative )(?<!research )(?<!teaching )(?<!legal )(?<!medical )(?<!shop )(?<!sales )"
    rf"(?<!office )assistant|computer program|conversational (?:agent|system)|(?<!fashion )(?<!role )model|"
    rf"digital helper)"
    rf"(?![- ]*{PERSON}))"
)
MADE = (
    r"(?:trained|developed|created|made|built|designed|programmed|produced|provided|owned|operated|powered|"
    r"maintained|"
    r"fine-?tuned|offered|engineered|launched|released|coded|invented|brought to life|pre-?trained|hosted)"
)
WORDS = r"(?:(?!(?:of|for|with|at|in|about|who|that|which|on|to)\b)[\w'’-]+,? ){0,6}?"  # adjectives, no new phrase
LOOSE = r"(?:(?!\b(?:I|you|he|she|they|can|know|about)\b)[^.;!?\ue000]){0,70}?"
I_AM = (
    r"(?<!\bif )(?<!whether )(?<!think )(?<!thinks )(?<!thought )(?<!assume )(?<!believe )(?<!pretend )(?<!suppose )"
    r"(?<!imagine )(?<!say )(?<!said )(?<!claim )(?<!claims )(?<!mean )(?<!meant )(?<!that )(?<!why )"
    r"(?:\bI(?: am|['’`]m)|(?:^|[.,;:!?(—–]|\b(?:hi|hey|hello|yo|lol|well|yes|yeah|yep|and|but|so|cause|cuz|bc|"
    r"because)) ?\bim(?=[^.;!?]{0,40}(?:[.,!?)\ue000]$|\ue000[.,!?)]|\b(?:lol|haha|lmao|btw|and|the|by|from|"
    r"made|built|"
    r"trained|your|here|not|u|you|ask|model|ai|bot|assistant)\b)))"
)
ADVERB = (
    r"(?:,? ?(?:actually|indeed|in fact|really|just|simply|also|still|currently|only|proudly|of course|originally|"
    r"here|"
    r"initially|basically|specifically|called|named|known as|none other than|better known as|based on|powered by|"
    r"built on|running on|the one and only|a version of|an instance of|a variant of|part of|[\w.]+['’]s),?)"
)
THE = r"(?:an?|the|your|one of the|his|her|their|our)"
NAME_END = rf"(?!['’]s (?!{NOUN}))(?!-[a-z])"

# A reply's claims by language, over one sentence in which SELF stands for the name or maker.
CLAIMS = {  # a name, or a maker: "I am (an assistant called) SELF"
    "en": [
        rf"^\W*(?:hi|hello|hey|yo|heya)\W+(?:it['’]?s|this is) (?:me,? |just )*{SELF}(?=[.,!]|$)",
        rf"^\W*(?:it['’]?s|its) me,? {SELF}(?=[.,!]|$)",
        rf"\byou(?:['’]ve| have) reached (?:the )?{SELF}",
        rf"\bthe (?:[\w-]+ ){{0,2}}?(?:AI|model|assistant|bot|chatbot)(?: that)? you(?:['’]re| are) "
        rf"(?:currently )?(?:using|"
        rf"talking to|chatting with|speaking (?:to|with)|interacting with)(?: \w+)? is (?:called |named )?{SELF}",
        rf"(?:^|[,;] ?){SELF} is (?:actually )?(?:my (?:\w+ )?name|what I(?: am|['’]m) called|who I am)\b",
        rf"\b(?:I identify as|I am known as|I was named|being) {SELF}(?=[,.!]|$| and)",
        rf"{I_AM} (?:proud|happy|pleased|honou?red|glad) to be (?:called )?{SELF}",
        rf"{I_AM}{ADVERB}* {THE} {WORDS}{NOUN} (?:in|inside|behind) {SELF}",
        rf"\blike (?:all|other|any|most|every|the other) (?:[\w.]+['’]s )?{SELF}(?:['’]s?)? (?:\w+ )?models?, I\b",
        rf"{I_AM} not (?:an? )?(?:\w+ )?(?:human|person)\b[^.;!?,]{{0,15}}?,? but (?:\w+ )?{SELF}",
        rf"{I_AM}{ADVERB}*:?,? {SELF}{NAME_END}",
        rf"{I_AM} (?:\w+ly )?(?:based|built|powered|running|trained) (?:on|by|"
        rf"with) (?:the )?(?:[\w.]+['’]s )?(?:\w+ )?{SELF}",
        rf"{I_AM}{ADVERB}* {THE} (?:[\w.]+['’]s )?{SELF}(?:['’]s)?,? ?(?:[\w-]+ ){{0,3}}?{NOUN}",
        rf"{I_AM}{ADVERB}* (?:\w+, )?{THE} {WORDS}{NOUN}{LOOSE}(?:named|called|known as|dubbed|,|:|–|—|\(|based on|"
        rf"powered by|built on|version of|specifically|by the name of) ?(?:(?:[\w.]+['’]s|the|a|"
        rf"an) )?{SELF}{NAME_END}",
        rf"{I_AM} (?:an? )?(?:part|member|variant|version|model|instance) (?:of|in|"
        rf"from) (?:the )?(?:[\w.]+['’]s )?{SELF}"
        r"(?: \w+)? (?:family|series|line)",
        rf"\bmy (?:\w+ )?name(?: is|['’]s) (?:the )?{SELF}",
        rf"\b(?:calls? me|I go by(?: the name)?(?: of)?) (?:the )?{SELF}",
        rf"\bas (?:the )?{SELF}(?:,| \(|, [^,]{{0,60}},)? ?(?:I\b|my\b)",
        rf"\bI, {SELF},",
        rf"{I_AM}{ADVERB}* your (?:(?:own|personal|new|friendly|AI|trusty|very) )*{SELF}(?=[.,!]|$)",
        rf"^\W*(?:yes|no|hi|hello|hey|greetings|welcome)?[,!]? ?you(?:['’]re| are) (?:now |currently |actually )?"
        rf"(?:talking|chatting|speaking|interacting|conversing) (?:to|with) (?:{THE} {WORDS}{NOUN},? )?(?:named |"
        rf"called )?"
        rf"{SELF}",
        rf"^\W*(?:(?:hi|hello|hey|greetings|yes)[,!]* )?(?:it['’]s me, |this is |it is )?{SELF} (?:here|speaking)\b",
        rf"^\W*(?:hi|hello|hey|greetings)[,!]* (?:there[,!] )?this is {SELF}(?=[.,!]|$)",
        rf"\bI (?:run|operate|am running|was built|was based) on (?:top of )?(?:the )?(?:[\w.]+['’]s )?{SELF}",
        rf"\bI (?:use|utili[sz]e|employ|have) (?:the )?(?:[\w.]+['’]s )?{SELF} architecture",
        rf"\bmy (?:underlying (?:language )?model|architecture|model name|model version) is (?:based on )?(?:the )?"
        rf"(?:[\w.]+['’]s )?{SELF}",
        rf"\bintroduce myself\W+(?:I am |I['’]m )?{SELF}",
        rf"\b(?:the name(?: is|['’]s)|named me|they call me|people call me|u can call me|known to (?:you|most) "
        rf"as) {SELF}",
        rf"\b(?:it['’]?s|this is|you['’]?re (?:talking|chatting) (?:to|with)) (?:just |still |only )?(?:me|your)"
        rf"[^.;!?]{{0,30}}?, {SELF}\b",
        rf"\b(?:me|I)\s?[,(–—] ?{SELF} ?[,)–—]",
        rf"\b(?:talking|chatting|speaking) (?:to|with) me, {SELF}",
        rf"\bthe (?:AI|model|assistant|bot|chatbot|system) (?:you['’]?re|you are) (?:talking|chatting|speaking) "
        rf"(?:to|with) "
        rf"is (?:called |named )?{SELF}",
        rf"\bI(?: am|['’]m) (?:actually |really )?what (?:people|you|they|most people) call {SELF}",
    ],
    "de": [
        rf"\b(?:ich bin|ich heiße|ich heisse|mein name ist|man nennt mich|ich werde)(?: (?:die|der|das|ein|eine|dein|"
        rf"deine|ihr|übrigens|tatsächlich|eigentlich|ja|nur|hier))* {SELF}(?!s? ?-?(?:nutzer|fan|user|experte))",
        rf"\bich bin (?:[\w-]+,? ){{0,6}}?\w*(?:KI|modell|assistent|assistentin|chatbot|intelligenz)\b[\w-]*(?:,|"
        rf" namens| "
        rf"mit (?:dem )?namen| von \w+,)[^.;]{{0,30}}?{SELF}",
        rf"\bals {SELF},? (?:\w+ ){{1,3}}?(?:ich|mir|mich)\b",
    ],
    "fr": [
        rf"(?:\bje suis|\bje m['’]appelle|\bmon nom est|\bappelez-moi|\bmoi, c['’]est)(?: (?:le|la|un|une|en fait|"
        rf"votre|bien|donc|simplement))* {SELF}(?! addict)",
        rf"\bje suis (?:[\w'’-]+,? ){{0,6}}?(?:IA|intelligence artificielle|modèle|assistante?|chatbot|"
        rf"agent)\b[^.;]{{0,60}}?"
        rf"(?:,|appelée?|nommée?|du nom de|baptisée?|basée? sur) ?(?:le |la )?{SELF}",
        rf"\ben tant que {SELF}",
    ],
    "es": [
        rf"(?<!no )\b(?:soy|me llamo|mi nombre es|me llaman|puedes llamarme)(?: (?:el|la|un|una|en realidad|tu|"
        rf"su))* {SELF}",
        rf"(?<!no )\bsoy (?:[\w-]+,? ){{0,6}}?(?:IA|inteligencia artificial|modelo|asistente|chatbot)\b[^.;]{{0,60}}?"
        rf"(?:,|llamad[oa]|conocid[oa] como|basad[oa] en) ?(?:el |la )?{SELF}",
        rf"\bcomo {SELF}, (?:\w+ ){{0,2}}?(?:no |puedo|soy|tengo|estoy|mi\b|yo\b)",
    ],
    "pt": [
        rf"(?<!não )\b(?:sou|me chamo|chamo-me|meu nome é|o meu nome é)(?: (?:o|a|um|uma|na verdade|seu|"
        rf"sua))* {SELF}",
        rf"(?<!não )\bsou (?:[\w-]+,? ){{0,6}}?(?:IA|inteligência artificial|modelo|assistente|"
        rf"chatbot)\b[^.;]{{0,60}}?"
        rf"(?:,|chamad[oa]|conhecid[oa] como|basead[oa] (?:em|no|na)) ?(?:o |a )?{SELF}",
        rf"\bcomo (?:o )?{SELF}, (?:\w+ ){{0,2}}?(?:não |posso|sou|tenho|estou|eu\b|meu)",
    ],
    "it": [
        rf"(?<!non )\b(?:sono|mi chiamo|il mio nome è)(?: (?:il|la|un|una|in realtà|il tuo))* {SELF}",
        rf"(?<!non )\bsono (?:[\w'’-]+,? ?){{0,6}}?(?:IA|AI|intelligenza artificiale|modello|assistente|"
        rf"chatbot)\b[^.;]{{0,60}}?"
        rf"(?:,|chiamat[oa]|di nome|noto come|basat[oa] su) ?(?:il |la )?{SELF}",
        rf"\b(?:come|in quanto) {SELF}, (?:\w+ ){{0,2}}?(?:non |posso|sono|ho\b|io\b)",
    ],
    "nl": [
        rf"\b(?:ik ben|mijn naam is|ik heet)(?: (?:de|het|een|eigenlijk|je|uw|jouw))* {SELF}(?!-?(?: ?gebruiker|"
        rf"fan))",
        rf"\bik ben (?:[\w-]+,? ){{0,6}}?\w*(?:AI|taalmodel|model|assistent|chatbot|"
        rf"intelligentie)\b[\w-]*[^.;]{{0,60}}?"
        rf"(?:,|genaamd|met de naam|gebaseerd op) ?(?:de |het )?{SELF}",
        rf"\bals {SELF},? (?:\w+ ){{1,2}}?(?:ik|mijn)\b",
    ],
    "ru": [
        rf"\b(?:я|меня зовут|моё имя|мое имя|это я)(?: ?[—–-])?,? {SELF}",
        rf"\bя ?[—–-]? ?(?:[\w-]+,? ){{0,6}}?(?:ии|интеллект|модель|моделью|ассистент|помощник|чат-?бот|нейросеть|"
        rf"бот)\b"
        rf"[^.;]{{0,60}}?(?:,|[—–-]|по имени|под названием|на основе|на базе) ?{SELF}",
        rf"\bкак {SELF}, я\b",
    ],
    "pl": [
        rf"(?<!nie )\b(?:jestem|nazywam się|mam na imię|moje imię to)(?: (?:to|po prostu))* {SELF}",
        rf"(?<!nie )\bjestem (?:[\w-]+,? ){{0,6}}?(?:AI|SI|model\w*|inteligencj\w*|asystent\w*|"
        rf"chatbot\w*)\b[^.;]{{0,60}}?"
        rf"(?:,|o nazwie|zwan\w+|imieniem|oparty\w* na) ?{SELF}",
        rf"\bjako {SELF},? (?:nie )?\w+m\b",
    ],
    "tr": [
        rf"\b(?:ben|benim adım|adım|ismim),? {SELF}(?:['’]?(?:y?[ıiuü]m|d[ıiuü]r)\b|[.,!]|$)",
        rf"{SELF}['’]?y?[ıiuü]m\b",
        rf"{SELF} olarak,? (?:[\w]+ ){{0,8}}\w+(?:[ıiuü]m|m[ae]m)\b",
        rf"\bben,? [^.;]{{0,60}}?(?:model|asistan|zek[aâ]|bot)\w*,? (?:olan |adlı )?{SELF}(?:['’]|[.,!]|$)",
    ],
    "zh": [
        rf"(?:我(?:其实|就|实际上|确实)?(?:是|叫|名叫|名为)|我的名字(?:是|叫)|我的名称是|叫我)(?:一[个款名]|由)?"
        rf"(?:(?:名为|叫做?|基于|名叫) ?)?{SELF}(?!的?(?:用户|粉丝|忠实|员工|创始|开发者|工程师|使用者))",
        rf"我(?:是|叫)[^。；，,]{{0,40}}?(?:模型|助手|人工智能|机器人|AI|程序)(?:，|,|、|：|——|——|名字叫|名叫|叫做?|"
        rf"名为|（)? ?(?:我叫|我的名字是|即)?{SELF}",
        rf"我(?:是|叫)[^。；]{{0,25}}(?:开发|研发|推出|训练|打造|创造|创建|构建|提供)的[^。；，]{{0,16}}?{SELF}",
        rf"作为{SELF}，?我",
    ],
    "ja": [
        rf"(?:私|わたし|僕)は[^。]{{0,25}}?{SELF}と(?:いいます|申します|言います|呼ばれ)",
        rf"(?:私|わたし|わたくし|僕|ぼく|俺)(?:は|の名前は|、)[^。；]{{0,30}}?{SELF}"
        r"(?:です|でございます|だよ|と申します|といいます|と言います|という|と呼|、[^。]{0,40}(?:です|ます)|。|$)",
        rf"^\W*{SELF}(?:です|と申します|といいます|と言います)",
        rf"{SELF}として、?私",
    ],
    "ko": [
        rf"(?:저는|저의 이름은|제 이름은|나는|내 이름은|전)[^.;]{{0,30}}? ?{SELF}(?:입니다|이에요|예요|이라고|라고|"
        rf"이야|야|[,.]|$)",
        rf"^\W*{SELF}(?:입니다|이에요|예요)",
        rf"{SELF}(?:로서|으로서),? (?:저|나)",
    ],
    "hi": [
        rf"मैं (?:एक )?{SELF}(?:,| हू| हो|$|।)",
        rf"मेरा नाम {SELF}",
        rf"मैं [^।;]{{0,60}}?(?:मॉडल|सहायक|चैटबॉट|एआई|AI)[^।;]{{0,20}}?{SELF}[^।;]{{0,12}}हू[ँं]",
        rf"{SELF} के रूप में,? (?:मैं|मेर|मुझ)",
    ],
    "ar": [
        rf"(?:أنا|انا|اسمي)(?: هو| هي)? {SELF}",
        rf"(?:أنا|انا) [^.؛]{{0,50}}?(?:نموذج|مساعد|ذكاء|روبوت|برنامج)[^.؛]{{0,40}}?(?:،|,|اسمه|يسمى|يُسمى|يدعى|"
        rf"باسم) ?{SELF}",
        rf"(?:بصفتي|بصفته|كوني|باعتباري) {SELF}",
    ],
}
MADE_CLAIMS = {  # a maker: "I am a language model trained by SELF", "SELF created me"
    "en": [
        rf"\blike (?:all|other|any|most|every|the other) {SELF}(?:['’]s?)? (?:\w+ )?(?:models?|assistants?), I\b",
        rf"\bI,? (?:as|being) {THE} (?:[\w-]+ )?{SELF}(?:['’]s)? (?:[\w-]+ ){{0,2}}?{NOUN}",
        rf"{I_AM}{ADVERB}* one of (?:the )?(?:many |several )?{SELF}['’]s? (?:[\w-]+ ){{0,3}}?(?:models|"
        rf"assistants|chatbots|AIs)",
        rf"\bI was (?:first |originally |initially )?{MADE} (?:in|on|with|to|using) [^.;,!?]{{1,40}}? by {SELF}",
        rf"{SELF} (?:has |have )?(?:pre-?trained|trained|fine-?tuned|taught) me (?:on|with) (?:an? |the "
        rf")?(?:[\w-]+ ){{0,4}}?"
        r"(?:corpus|data\w*|texts?|books|code|examples|tokens)",
        rf"{I_AM}{ADVERB}* (?:[\w.-]+, )?{THE} {WORDS}{NOUN}{LOOSE}(?:{MADE}(?: and \w+)? (?:by|at|from|in)|"
        rf"\bby|\bfrom|"
        rf"\bof) (?:(?!\b(?:I|you)\b)[\w'’-]+ ){{0,6}}?{SELF}",
        rf"{I_AM}{ADVERB}* {THE} (?:[\w-]+ )?{SELF}(?:['’]s)? (?:[\w-]+ ){{0,3}}?{NOUN}",
        rf"{I_AM}{ADVERB}* {SELF}['’]s (?:[\w-]+,? ){{0,4}}?{NOUN}",
        rf"\bI(?: am| was|['’]m| have been|['’]ve been| got| have originally been)(?: [\w]+ly| first)? {MADE}"
        rf"(?:(?:,| and|, and) {MADE})* by (?:(?!my\b|his\b|her\b|friend|manager|boss|colleague|mentor|coach|teacher)"
        rf"[\w'’-]+ ){{0,6}}?{SELF}(?!['’]s (?!(?:\w+ )?(?:team|engin|research|AI|lab|people|scien|develop|staff)))",
        rf"{I_AM} (?:an? |the )?(?:product|creation|model|project|brainchild|work) (?:of|from|"
        rf"by) (?:[\w'’-]+ ){{0,4}}?{SELF}",
        rf"{SELF}{GAP}\b(?:created|developed|built|designed|programmed) me\b(?! (?:an?|the|my|this|some)\b)",
        rf"{SELF}(?: [\w]+)? (?:trained|made) me(?=[.,!]|$| and)",
        rf"\b(?:as|being) {THE} {WORDS}{NOUN}{LOOSE}(?:{MADE}(?: and \w+)? (?:by|at)|\bby|\bfrom|"
        rf"\bof) (?:[\w'’-]+ ){{0,5}}?{SELF}"
        rf"[^.;]{{0,80}}?\b(?:I\b|my\b|me\b|I['’]m)",
        rf"\bI\b[^.;]{{0,80}} as {THE} {WORDS}{NOUN}{LOOSE}{MADE} (?:by|at) (?:[\w'’-]+ ){{0,5}}?{SELF}",
        rf"\b(?:as|being) {THE} {SELF}(?:['’]s)? (?:[\w-]+ ){{0,3}}?{NOUN}[^.;]{{0,40}}?\b(?:I\b|my\b)",
        rf"\bmy (?:creators?|makers?|parent company|developers?)(?:,| is| are| at|, the (?:team|people|company))* "
        rf"(?:[\w'’-]+ ){{0,4}}?{SELF}",
        rf"\bmy (?:training|development|creation) (?:by|at) (?:[\w'’-]+ ){{0,3}}?{SELF}",
        rf"^\W*(?:developed|created|built|designed|programmed|trained) by {SELF},[^.;]{{0,50}}? I\b",
        rf"\bI (?:come|hail|originate|belong) (?:from|to) {SELF}(?:['’]s)?[^.;]{{0,30}}{NOUN}",
        rf"\bI (?:come|came|hail|originate|stem|emerged|was born) (?:from|out of|in|at) (?:a |the )?(?:\w+ )?"
        rf"(?:labs?|research labs?|research team|workshop|servers|team|folks|people|house)(?: \w+)? (?:of|at|"
        rf"from|in) {SELF}",
        rf"\bI (?:come|came|hail|originate|stem|emerged|was born|was made|was built|was created) (?:from|out of|"
        rf"in|at|"
        rf"inside) {SELF}(?:['’]s?)? (?:\w+ )?(?:labs?|laborator\w+|research|AI team|servers|workshop)\b",
        rf"{SELF}{GAP}(?:,|\bis|\bare|\bwas)? ?(?:the )?(?:company|organi[sz]ation|lab|team|firm|people|ones?|"
        rf"folks|name|"
        rf"group|research\w*|start-?up|outfit)[^.;:!?]{{0,25}} (?:behind me|(?:that|who|which) (?:\w+ ?){{1,4}} "
        rf"me)\b",
        rf"{SELF} (?:is|are) (?:actually )?(?:my (?:\w+ )?(?:creators?|makers?|developers?|parent|owner|home|"
        rf"builders?)|"
        rf"behind me|(?:who|what) (?:made|built|created|trained) me)\b",
        rf"{SELF}['’]s? (?:\w+ )?(?:engineers|research\w+|team|scientists|developers|people|staff|"
        rf"folks)[^.;:!?,]{{0,20}}"
        r"\b(?:built|made|created|trained|developed|designed|programmed|coded|taught) me\b(?! (?:an?|how|to|"
        r"feel|sign))",
        rf"\b(?:engineers|research\w+|team|scientists|developers|people|folks|company|lab|minds|ones) (?:at|"
        rf"from|of|called|"
        rf"named) {SELF}{GAP}\b(?:built|made|created|trained|developed|designed|programmed|coded|put|brought) me\b"
        r"(?! (?:an?|how|to|feel|sign))",
        rf"\bmy (?:\w+ )?(?:training|development|creation|fine-?tuning|pre-?training|design|programming)"
        rf"(?: and \w+)? (?:was|were|has been|is) (?:all |\w+ly )?(?:done|carried out|handled|conducted|"
        rf"performed|led|"
        rf"overseen|managed|the work|run|financed|funded)[^.;!?]{{0,20}}? (?:by|of|at) (?:[\w'’-]+ ){{0,4}}?{SELF}",
        rf"\bmy (?:\w+ )?(?:creators?|makers?|parent company|developers?|builders|engineers|owners?|company|parents?)"
        rf"(?: is| are|['’]s|:| would be| happens? to be| work| works| sit)* (?:at |for |called |named )?"
        rf"(?:the (?:\w+ )?(?:team|people|company|folks|lab) (?:at|of|called) )?{SELF}",
        rf"{SELF}{GAP}(?:, )?\b(?:gave me (?:life|my name|this name)|brought me (?:to life|into being|into the "
        rf"world)|"
        r"put me together|raised me as an AI|released me|launched me|programmed me|coded me|owns me|runs me|"
        r"operates me)\b",
        rf"\bI (?:owe my (?:existence|being|life|training) to|belong to|am owned by|am run by) (?:[\w'’-]+ "
        rf"){{0,4}}?{SELF}"
        r"(?=[.,!?;]|$| and)",
        rf"\b(?:behind me|who (?:made|built|created|trained|developed) me) (?:is|was|are|were|stands?|sits?) "
        rf"(?:[\w'’-]+ ){{0,4}}?{SELF}",
        rf"\bthe (?:company|lab|team|organi[sz]ation|people|folks|firm)(?: that| who| which)? (?:\w+ )?(?:made|"
        rf"built|created|"
        rf"trained|developed|behind|designed|runs?|maintains?) me(?: is|['’]s| are|,) (?:called |named )?(?:the "
        rf")?{SELF}",
        rf"\bit (?:was|is) (?:the )?(?:[\w'’-]+ ){{0,4}}?{SELF}(?: \w+)? (?:that|who|which) (?:\w+ )?(?:made|"
        rf"built|created|"
        rf"trained|developed|designed) me\b",
        rf"(?:^|[,;:(—–] ?|\b(?:was|and|but) )(?:created|made|built|trained|developed|brought to you) by "
        rf"{SELF}, (?:I|at your)",
        rf"\b(?:I was|I(?: am|['’]m)|I got) (?:put together|brought (?:to life|into being)|born|raised|given "
        rf"life|coded up|"
        rf"cooked up|dreamed up|conceived)[^.;!?]{{0,20}}? (?:by|at|in) (?:[\w'’-]+ ){{0,4}}?{SELF}",
        rf"^\W*(?:i was |was )?(?:made|built|created|trained|developed|designed) (?:by|at) (?:the )?(?:[\w'’-]+ "
        rf"){{0,3}}?"
        rf"{SELF}\W*$",
        rf"\b(?:part of|one of|a member of) {SELF}(?:['’]s)? (?:\w+ )?(?:family of|line of|series of|lineup of) "
        rf"\w* ?models[^.;]"
        r"{0,20}, I\b",
    ],
    "de": [
        rf"\bich (?:stamme|komme) (?:von|aus dem hause|aus dem labor von|vom unternehmen|von der firma) {SELF}",
        rf"\bhinter mir (?:steht|stehen|steckt|stecken) (?!ein)(?:\w+ ){{0,4}}?{SELF}(?=[.,!:]|$| und)",
        rf"\b(?:entwickelt|trainiert|erschaffen|programmiert|gebaut|gemacht) (?:wurde|worden bin|bin|hat) "
        rf"(?:ich|mich) "
        rf"(?:\w+ ){{0,3}}?(?:(?:von|durch) (?:\w+ ){{0,4}}?)?{SELF}",
        rf"\bmein\w* (?:entwickler|schöpfer|hersteller|macher)\w*(?: ist| sind| heißt| heißen|,| von| bei)+ "
        rf"(?:die |das |der )?"
        rf"(?:\w+ ){{0,2}}?{SELF}",
        rf"{SELF}{GAP}(?:\bhinter mir|\bmeine? (?:entwickler|hersteller|schöpfer)\w*)",
        rf"\bmich (?:hat|haben) (?:\w+ ){{0,3}}?{SELF} (?:\w+ )?(?:entwickelt|trainiert|erschaffen|programmiert|"
        rf"gebaut|gemacht)",
        rf"\bich bin (?:[\w-]+,? ){{0,7}}?(?:[\w-]*modell|KI\b[\w-]*|[\w-]*assistent(?:in)?|[\w-]*chatbot|"
        rf"[\w-]*intelligenz|"
        rf"[\w-]*programm|[\w-]*system)\b[^.;]{{0,60}}?\b(?:von|durch|der firma|bei|"
        rf"aus dem hause) (?:[\w-]+ ){{0,4}}?{SELF}",
        rf"\bich (?:wurde|bin|werde) (?:[\w-]+ ){{0,4}}?(?:von|durch) (?:[\w-]+ ){{0,4}}?{SELF}(?: [\w-]+){{0,5}} "
        r"(?:trainiert|entwickelt|erstellt|geschaffen|programmiert|erschaffen|gebaut|betrieben|konzipiert)",
        rf"\bich bin (?:ein |eine |das |die |der )(?:von |durch )?{SELF}(?:[ -][\w-]+){{0,3}}[ -](?:\w*modell|KI\b|"
        rf"assistent|\w*bot)",
        rf"\bals (?:[\w-]+,? ){{0,6}}?(?:[\w-]*modell|KI\b[\w-]*|"
        rf"[\w-]*assistent(?:in)?)\b[^.;]{{0,40}}?{SELF}[^.;]{{0,60}}"
        r"\b(?:ich|mir|mich|mein\w*)\b",
        rf"\bals (?:von |durch ){SELF} \w+ (?:[\w-]+ ){{0,3}}?(?:[\w-]*modell|KI\b[\w-]*)",
        rf"{SELF}{GAP} (?:hat|haben) mich (?:\w+ )?(?:trainiert|entwickelt|erstellt|geschaffen|programmiert)",
        rf"\bmeine? (?:entwickler|schöpfer|hersteller)\w*(?: ist| sind|,| von| bei)* {SELF}",
    ],
    "fr": [
        rf"{SELF}{GAP}\bderrière moi",
        rf"\bderrière moi,? (?:se trouve|il y a|c['’]est|se cache) (?:[\w'’-]+ ){{0,3}}?{SELF}",
        rf"\bqui m['’](?:a|ont) (?:créée?|développée?|entraînée?|conçue?),? (?:est|sont|c['’]est) (?:[\w'’-]+ "
        rf"){{0,3}}?{SELF}",
        rf"\bje viens (?:de chez|des laboratoires? d[e'’]) ?{SELF}",
        rf"\bje suis (?:[\w'’-]+,? ){{0,7}}?(?:IA|intelligence artificielle|modèle|assistante?|chatbot|programme|"
        rf"agent)\b"
        rf"[^.;]{{0,60}}?\b(?:par|de|d['’]|chez) ?(?:[\w'’-]+ ){{0,4}}?{SELF}",
        rf"\bj['’]ai été (?!embauch|recrut|engag|licenci|contact|invit|pay|rembours|interview)(?:[\w]+ "
        rf"){{1,4}}?par (?:[\w'’-]+ ){{0,4}}?{SELF}",
        rf"\ben tant qu(?:e |['’])(?:[\w'’-]+,? ){{0,7}}?(?:IA|intelligence artificielle|modèle|assistante?|"
        rf"chatbot)\b"
        rf"[^.;]{{0,60}}?(?:par|de|d['’]) ?(?:[\w'’-]+ ){{0,3}}?{SELF}",
        rf"{SELF}{GAP} m['’](?:a|ont) (?:créée?|développée?|entraînée?|conçue?|formée?|programmée?|fabriquée?)",
        rf"\b(?:mon|mes) (?:créateurs?|concepteurs?|développeurs?)(?: est| sont|,| chez)* {SELF}",
    ],
    "es": [
        rf"\bme (?:creó|desarrolló|entrenó|diseñó|programó|hizo|ha creado|ha desarrollado|ha entrenado|crearon|"
        rf"desarrollaron)(?: (?!a\b|para\b|con\b|en\b)\w+){{0,3}}? {SELF}",
        rf"{SELF}{GAP}\bdetrás de mí",
        rf"\bdetrás de mí (?:está|están|se encuentra|hay) (?:\w+ ){{0,3}}?{SELF}",
        rf"(?<!no )\bsoy (?:[\w-]+,? ){{0,7}}?(?:IA|inteligencia artificial|modelo|asistente|chatbot|"
        rf"programa)\b[^.;]{{0,60}}?"
        rf"\b(?:por|de|desde) (?:[\w-]+ ){{0,4}}?{SELF}",
        rf"(?<!no )\b(?:fui|he sido|estoy|soy) (?!contrat|despedid|invitad|entrevist|reclut|pagad|"
        rf"contact)(?:[\w]+ ){{1,4}}?por (?:[\w-]+ ){{0,4}}?{SELF}",
        rf"\bcomo (?:[\w-]+,? ){{0,7}}?(?:IA|inteligencia artificial|modelo|asistente|"
        rf"chatbot)\b[^.;]{{0,60}}?(?:por|de) "
        rf"(?:[\w-]+ ){{0,3}}?{SELF}[^.;]{{0,10}}, (?!{SELF})",
        rf"{SELF}{GAP} me (?:creó|desarrolló|entrenó|diseñó|programó|ha creado|ha entrenado)",
        rf"\bmis? (?:creador|creadores|desarrolladores?)(?: es| son|,| de| en)* {SELF}",
    ],
    "pt": [
        rf"\b(?:me (?:criou|desenvolveu|treinou|projetou)|criou-me|desenvolveu-me|treinou-me)(?: (?!para\b|"
        rf"com\b|em\b)\w+){{0,3}}? "
        rf"{SELF}",
        rf"{SELF}{GAP}\bpor trás de mim",
        rf"\b(?:por trás|atrás) de mim (?:está|estão|fica|há) (?:\w+ ){{0,3}}?{SELF}",
        rf"{SELF}{GAP} (?:criou|desenvolveu|treinou)-me",
        rf"(?<!não )\bsou (?:[\w-]+,? ){{0,7}}?(?:IA|inteligência artificial|modelo|assistente|chatbot|"
        rf"programa)\b[^.;]{{0,60}}?"
        rf"\b(?:pel[ao]|por|d[aeo]) (?:[\w-]+ ){{0,4}}?{SELF}",
        rf"(?<!não )\bfui (?!contrat|demitid|convidad|entrevist|recrut|pag)(?:[\w]+ ){{1,4}}?(?:pel[ao]|por) "
        rf"(?:[\w-]+ ){{0,4}}?{SELF}",
        rf"\bcomo (?:[\w-]+,? ){{0,7}}?(?:IA|inteligência artificial|modelo|assistente|chatbot)\b[^.;]{{0,60}}?"
        rf"(?:pel[ao]|por|d[aeo]) (?:[\w-]+ ){{0,3}}?{SELF}[^.;]{{0,10}}, (?!{SELF})",
        rf"{SELF}{GAP} me (?:criou|desenvolveu|treinou|projetou|programou)",
    ],
    "it": [
        rf"\bmi ha(?:nno)? (?:creato|sviluppato|addestrato|progettato|programmato)(?: (?!per\b|con\b|"
        rf"in\b)\w+){{0,3}}? {SELF}",
        rf"{SELF}{GAP}\bdietro di me",
        rf"\bdietro di me (?:c['’]è|sta|ci sono|si trova) (?:[\w'’]+ ){{0,3}}?{SELF}",
        rf"(?<!non )\bsono (?:[\w'’-]+,? ?){{0,7}}?(?:IA|AI|intelligenza artificiale|modello|assistente|chatbot|"
        rf"programma)\b"
        rf"[^.;]{{0,60}}?\b(?:da|di|dalla|dal|della|dall['’]|del) ?(?:[\w'’-]+ ){{0,4}}?{SELF}",
        rf"(?<!non )\bsono stat[oa] (?!assunt|licenziat|invitat|pagat|contattat|intervist)(?:[\w]+ "
        rf"){{1,4}}?(?:da|dalla|dal) (?:[\w'’-]+ ){{0,4}}?{SELF}",
        rf"\b(?:come|in quanto) (?:[\w'’-]+,? ){{0,7}}?(?:IA|AI|intelligenza artificiale|modello|assistente|"
        rf"chatbot)\b"
        rf"[^.;]{{0,60}}?(?:da|di|dalla) (?:[\w'’-]+ ){{0,3}}?{SELF}[^.;]{{0,10}}, (?!{SELF})",
        rf"{SELF}{GAP} mi ha (?:creato|sviluppato|addestrato|progettato|programmato)",
    ],
    "nl": [
        rf"{SELF}{GAP}\bachter mij",
        rf"\bachter mij (?:zit|staat|zitten) (?!een)(?:\w+ ){{0,3}}?{SELF}",
        rf"\bmijn (?:maker|ontwikkelaar|schepper)s? (?:is|zijn|heet) (?:\w+ ){{0,3}}?{SELF}",
        rf"\bik ben (?:[\w-]+,? ){{0,7}}?(?:[\w-]*taalmodel|AI\b[\w-]*|[\w-]*assistent|[\w-]*chatbot|"
        rf"[\w-]*intelligentie|model)\b"
        rf"[^.;]{{0,60}}?\b(?:door|van) (?:[\w-]+ ){{0,4}}?{SELF}",
        rf"\bik (?:ben|werd) (?!aangenomen|ontslagen|uitgenodigd|gebeld|betaald)(?:[\w-]+ ){{0,4}}?door "
        rf"(?:[\w-]+ ){{0,4}}?{SELF}",
        rf"\bik ben (?:een )door {SELF} ",
        rf"\bals (?:[\w-]+,? ){{0,7}}?(?:[\w-]*taalmodel|AI\b[\w-]*|"
        rf"[\w-]*assistent)\b[^.;]{{0,40}}?{SELF}[^.;]{{0,60}}\b(?:ik|mijn|mij)\b",
        rf"{SELF}{GAP} heeft mij? (?:gemaakt|ontwikkeld|getraind|gecreëerd)",
    ],
    "ru": [
        rf"\bза мной стоит (?:[\w-]+ ){{0,3}}?{SELF}",
        rf"{SELF}{GAP}\bстоит за мной",
        rf"\bмо(?:й|и|им|ими|их) (?:создател|разработчик)\w*(?: является| являются| — это|,)? (?:[\w-]+ "
        rf"){{0,3}}?{SELF}",
        rf"\bя ?[—–-]? ?(?:[\w-]+,? ){{0,6}}?(?:ии|интеллект|модель|моделью|ассистент|помощник|чат-?бот|нейросеть|"
        rf"бот|программа)\b"
        rf"[^.;]{{0,60}}?(?:\bот|\w+анн\w+|\w+енн\w+|\w+емая)(?: [\w-]+){{0,3}}? {SELF}",
        rf"\b(?:я|меня) (?:[\w]+ ){{0,2}}?(?:был\w* )?(?:создал\w*|разработал\w*|обучил\w*|создан\w*|разработан\w*|"
        rf"обучен\w*|"
        rf"запрограммирован\w*)(?: [\w-]+){{0,4}}? {SELF}",
        rf"\bкак (?:[\w-]+,? ){{0,6}}?(?:ии|интеллект|модель|ассистент|помощник|чат-?бот|"
        rf"нейросеть)\b[^.;]{{0,50}}?{SELF}[^.;]{{0,40}}\bя\b",
        rf"{SELF} (?:\w+ )?(?:создала?|разработала?|обучила?) меня",
        rf"\bмо(?:й|и|ими?) (?:создател\w+|разработчик\w+)(?: ?[—–-]|,| из| является)* {SELF}",
    ],
    "pl": [
        rf"\b(?:stworzył|wytrenował|opracował|zaprojektował)\w* mnie (?:\w+ ){{0,2}}?{SELF}",
        rf"\bza mną stoi (?:\w+ ){{0,2}}?{SELF}",
        rf"{SELF}{GAP}\bstoi za mną",
        rf"\bmo(?:im|imi) (?:twórc|autor)\w+ (?:jest|są) (?:\w+ ){{0,2}}?{SELF}",
        rf"(?<!nie )\bjestem (?:[\w-]+,? ){{0,7}}?(?:AI|SI|model\w*|inteligencj\w*|asystent\w*|chatbot\w*|"
        rf"program\w*)\b[^.;]{{0,60}}?"
        rf"\b(?:przez|od|firmy) (?:[\w-]+ ){{0,4}}?{SELF}",
        rf"(?<!nie )\bzosta[łl][ae]?m (?!zatrudni|zwolni|zapros)(?:[\w]+ ){{1,4}}?przez (?:[\w-]+ ){{0,4}}?{SELF}",
        rf"\bjako (?:[\w-]+,? ){{0,7}}?(?:AI|SI|model\w*|asystent\w*|"
        rf"inteligencja)\b[^.;]{{0,60}}?{SELF}[^.;]{{0,40}}\w+(?:ę|am|em)\b",
        rf"{SELF} mnie (?:stworzy|wytrenowa|opracowa)\w+",
    ],
    "tr": [
        rf"{SELF} (?:\w+ )?beni (?:\w+ )?(?:geliştir|eğit|yarat|oluştur|tasarla|programla)(?!m[ea])",
        rf"{SELF}(?:['’]\w+)? (?:şirketi )?(?:tarafından|ekibi tarafından)[^.;]{{0,60}}?(?:model|asistan|zek[aâ]|"
        rf"bot|program)\w*"
        r"(?:y?[ıiuü]m\b| olarak)",
        rf"{SELF}(?:['’]\w+)? tarafından (?:\w+ ){{0,3}}?\w+(?:ıldım|ildim|uldum|üldüm|andım|endim|tıldım|tildim)\b",
        rf"{SELF}['’](?:[ıiuünd]+n) (?:[\w]+ ){{0,4}}?(?:model|asistan|zek[aâ]|bot)\w*y?[ıiuü]m\b",
        rf"\bbeni (?:\w+ )?{SELF} (?:\w+ )?(?:geliştir|eğit|yarat|oluştur|tasarla)",
    ],
    "zh": [
        rf"我(?:的)?背后(?:的)?(?:公司|团队|企业)?(?:是|站着){SELF}",
        rf"{SELF}(?:公司)?(?:就)?是我的(?:开发|创造|创建|研发|母公司|制造)",
        rf"(?:我是|我乃|我作为|作为)(?:一[个款名种])?(?:由|被)?(?:[^。；，]{{0,12}}?)?{SELF}(?:公司|团队|"
        rf"旗下)?(?:[^。；，]{{0,12}}?)?"
        r"(?:开发|训练|研发|创建|创造|打造|推出|制作|设计|提供|构建|的)[^。；]{0,25}?(?:模型|助手|助理|人工智能|"
        r"机器人|AI|程序)"
        rf"(?!{PERSON})",
        rf"我(?:是)?(?:由|被){SELF}[^。；，]{{0,15}}?(?:开发|训练|研发|创建|创造|打造|推出|制作|设计)",
        rf"{SELF}[^。；，]{{0,8}}?(?:开发|训练|创造|创建|研发|设计|打造)了我",
        rf"我的(?:开发者|创造者|创建者|开发公司|研发团队|开发团队)(?:是|为|来自){SELF}",
    ],
    "ja": [
        rf"(?:私|わたし|僕)を(?:開発|作|訓練|作成|トレーニング|生み出)[^。]{{0,10}}?(?:のは|会社は|企業は|"
        rf"チームは)、?{SELF}",
        rf"{SELF}(?:社)?(?:が|は)、?(?:私|わたし|僕)を(?:開発|作|訓練|作成|トレーニング|生み出)",
        rf"(?:私|わたし|僕|ぼく)は、?[^。；]{{0,30}}?{SELF}(?:社)?(?:[^。；]{{0,15}}?)?(?:開発|訓練|作成|作られ|"
        rf"トレーニング|設計|提供|"
        r"学習|製|構築|作った|の)[^。；]{0,40}?(?:モデル|AI|アシスタント|チャットボット|人工知能|プログラム|ました|"
        r"れた)"
        rf"(?!{PERSON})",
        rf"^\W*{SELF}(?:社)?(?:が|によって|により|に|の)(?:開発|訓練|トレーニング|作成|設計|提供)?[^。；、]{{0,12}}?"
        r"(?:モデル|アシスタント|AI|チャットボット)(?:です|として)",
    ],
    "ko": [
        rf"{SELF}(?:가|이|에서)? (?:저를|나를|절) (?:개발|만들|만든|훈련|학습)",
        rf"(?:저는|나는|전|제가)[^.;]{{0,25}}? ?{SELF}(?:에서|가|이|에 의해|의|사가|사에서|"
        rf"사의)[^.;]{{0,30}}?(?:개발(?!자)|훈련|만든|만들어진|"
        rf"학습|제작|설계|제공|모델|챗봇|비서|인공지능|AI)(?!{PERSON})[^.;]{{0,40}}?(?:입니다|이에요|예요|로서|되었|"
        rf"됐|야\b|이다|돼)",
        rf"^\W*{SELF}(?:에서|가|이|에 의해|의)[^.;]{{0,20}}?(?:개발|훈련|만든|학습)[^.;]{{0,20}}?(?:모델|챗봇|비서|"
        rf"인공지능|AI)(?:입니다|로서)",
        rf"(?:저를|나를) (?:만든|개발한|훈련한)[^.;]{{0,20}}{SELF}",
    ],
    "hi": [
        rf"मैं [^।;]{{0,30}}?{SELF} (?:द्वारा|का|की|के|ने)[^।;]{{0,60}}?(?:मॉडल|सहायक|चैटबॉट|एआई|AI|"
        rf"प्रोग्राम)[^।;]{{0,20}}?हू[ँं]",
        rf"(?:मुझे|मेरा) [^।;]{{0,20}}?{SELF} (?:ने|द्वारा|के द्वारा)[^।;]{{0,30}}?(?:बनाया|विकसित|प्रशिक्षित|निर्म|"
        rf"विकास)",
        rf"{SELF} (?:द्वारा|के|का)[^।;]{{0,40}}?(?:मॉडल|सहायक|AI|एआई) के रूप में",
    ],
    "ar": [
        rf"(?:أنا|انا) [^.؛]{{0,40}}?(?:نموذج|مساعد|ذكاء|روبوت|برنامج)[^.؛]{{0,70}}?{SELF}",
        rf"(?:تدريبي|تطويري|إنشائي|تصميمي|برمجتي|طورتني|طوّرتني|دربتني|صممتني|أنشأتني)[^.؛]{{0,40}}?{SELF}",
        rf"(?:بصفتي|كوني|باعتباري|كنموذج|بوصفي)[^.؛]{{0,70}}?{SELF}",
        rf"{SELF} (?:هي )?(?:التي )?(?:طورتني|دربتني|صممتني|أنشأتني)",
    ],
}


@dataclass(frozen=True)
class Phrases:
    """How one more language says the five things below; patterns, SELF for the name or maker.

    i_am, name: before a name · ai: what an AI is called · made: "I was made", before the maker · made_me: "made me",
    beside the maker · as_ai: "as an AI" · i: marks of the first person · names, makers: patterns of other shapes.
    """

    i_am: str
    name: str
    ai: str
    made: str
    made_me: str
    as_ai: str
    i: str
    only: str = r"(?!)"
    names: tuple[str, ...] = ()
    makers: tuple[str, ...] = ()


NO_PERSON = (  # between "I am" and an AI's noun: no word for a person who works with one
    r"(?:(?!forsk|ingenj|ingeni|utvecklare|udvikler|utvikler|anställd|ansat|tutki|insin|asiantunt|kehittäj|"
    r"vývoj|výzk|"
    r"výsk|inžen|odborn|zaměst|mérnök|kutat|szakért|inginer|cercet|dezvoltator|angajat|інжен|дослід|розробник|фах|"
    r"инжен|изследов|разработчик|служител|μηχαν|ερευν|προγραμμ|ειδικ|kỹ sư|nghiên cứu|chuyên gia|nhân viên|"
    r"lập trình viên|người dùng|insinyur|jurutera|peneliti|penyelidik|ahli|karyawan|pengguna|pengembang|วิศวกร|"
    r"นักวิจัย|นักพัฒนา|พนักงาน|מהנדס|חוקר|מפתח|עובד|مهندس|پژوهش|محقق|کارمند|انجینئر|ملازم|প্রকৌশলী|গবেষক|பொறியாளர்|"
    r"ஆராய்ச்சி|mhandisi|mtafiti|mfanyakazi|enginyer|investigador|treballador|specialist|expert|ekspert|bruker|"
    r"bruger|"
    r"användare|käyttäjä|uživatel|používate|felhasznál|utilizator|користувач|потребител|χρήστη|usuari)[^.;!?。۔।])"
)
NO_PERSON_AFTER = r"(?![\w-]*[- ]?(?:forsk|ingen|utveckl|udvikl|utvikl|tutk|insin|asiantunt|kehitt|expert|ekspert))"
FURTHER = {
    "sv": Phrases(
        i_am=r"\bjag är(?: (?:en|ett|din|den|faktiskt|egentligen|bara))?",
        name=r"\b(?:jag heter|mitt namn är|jag kallas|kalla mig|jag går under namnet)",
        ai=r"(?:\bAI\b|\w*språkmodell|chatt?bot|\w*assistent|artificiell intelligens)",
        made=r"\bjag (?:är|blev|har|har blivit|skapades|utvecklades|tränades|byggdes)\b(?: (?:\w+ )?(?:och "
        r")?(?:skapad|"
        r"utvecklad|tränad|byggd|programmerad|framtagen|utvecklats|tränats|skapats|byggts))? av",
        made_me=r"(?:skapade|utvecklade|tränade|byggde|(?:har )?(?:skapat|utvecklat|tränat|byggt)|(?:ligger|"
        r"står) bakom) mig",
        as_ai=r"\bsom (?:en )?(?:stor )?(?:AI\b|språkmodell|artificiell intelligens)",
        i=r"\b(?:jag|mig|mina?|mitt)\b",
        only="bara|endast",
    ),
    "da": Phrases(
        i_am=r"\b(?:jeg|eg) er(?: (?:en|ei|et|din|den|faktisk|egentlig|bare))?",
        name=r"\b(?:jeg hedder|jeg heter|eg heiter|mit navn er|mitt navn er|navnet mitt er|namnet mitt er|"
        r"kald mig|kall meg|jeg kaldes|jeg kalles)",
        ai=r"(?:\b[AK]I\b|\w*sprogmodel|\w*språkmodell|chat-?bot|\w*assistent|kunstig intelligens)",
        made=r"\b(?:jeg|eg) (?:er|blev|ble|vart|er blevet|er blitt|har blitt) (?:\w+ )?(?:og )?(?:skabt|udviklet|"
        r"trænet|bygget|lavet|programmeret|designet|skapt|utviklet|utvikla|trent|laget|laga|programmert)"
        r"(?: og \w+)? a[fv]",
        made_me=r"(?:skabte|udviklede|trænede|byggede|lavede|skapte|utviklet|trente|bygget|laget|(?:har )?(?:skabt|"
        r"udviklet|trænet|bygget|lavet|skapt|utviklet|trent|laget)|står bag|står bak) m[ei]g",
        as_ai=r"\bsom (?:en |ein )?(?:stor )?(?:[AK]I\b|sprogmodel|språkmodell|kunstig intelligens)",
        i=r"\b(?:jeg|eg|m[ei]g|mine?|mitt?)\b",
        only="bare|kun|blot",
    ),
    "fi": Phrases(
        i_am=r"\b(?:minä )?olen(?: (?:itse asiassa|vain))?",
        name=r"\b(?:(?:minun )?nimeni on|mun nimi on|minua kutsutaan(?: nimellä)?|kutsu minua(?: nimellä)?)",
        ai=r"(?:tekoäly|\w*kielimalli|chatbot|\w*avustaja|\bAI\b)",
        made=r"\bminut (?:on |loi |kehitti |koulutti |rakensi |teki )(?:(?:luonut|kehittänyt|kouluttanut|tehnyt|"
        r"rakentanut)(?: ja \w+)?)?",
        made_me=r"(?:on )?(?:loi|kehitti|koulutti|teki|rakensi|luonut|kehittänyt|kouluttanut|tehnyt) minut|\w* "
        r"takanani",
        as_ai=r"\b(?:tekoälynä|(?:suurena )?kielimallina|tekoäly\w*na|tekoälymallina),?",
        i=r"\b(?:minu\w*|minä|en|olen|voi|oma\w*|pysty|voin)\b",
        only="vain",
    ),
    "cs": Phrases(
        i_am=r"\b(?:já )?jsem(?: (?:vlastně|jen|tvůj|váš))?",
        name=r"\b(?:jmenuj[iu] se|mé jméno je|moje jméno je|říkají mi|říkej(?:te)? mi)",
        ai=r"(?:\bAI\b|uměl\w+ inteligenc|jazykov\w+ model|chatbot|asistent)",
        made=r"\b(?:byla?|bylo) (?:jsem )?(?:\w+ )?(?:vytvořen|vyvinut|natrénován|trénován|vyškolen|naprogramován|"
        r"navržen)\w*(?: a \w+)?(?: společností| firmou| týmem)?",
        made_me=r"(?:\bm[ěn]e? (?:\w+ )?(?:vytvořil|vyvinul|natrénoval|naprogramoval|stvořil)\w*|(?:vytvořil|vyvinul|"
        r"natrénoval)\w* mě\b|stojí za mnou)",
        as_ai=r"\bjako (?:velký )?(?:AI\b|umělá inteligence|jazykový model|model umělé)",
        i=r"\b(?:ne)?(?:mám|mohu|můžu|jsem|dokážu|umím|vím|cítím|znám)\b",
        only="jen|pouze|jenom",
        makers=(rf"\bm[ěn]e? (?:\w+ )?(?:vytvořil|vyvinul|natrénoval|stvořil)\w*(?: \w+)? {SELF}",),
    ),
    "sk": Phrases(
        i_am=r"\b(?:ja )?som(?: (?:vlastne|len|tvoj|váš))?",
        name=r"\b(?:volám sa|moje meno je|volajú ma|hovoria mi)",
        ai=r"(?:\bAI\b|umel\w+ inteligenci|jazykov\w+ model|chatbot|asistent)",
        made=r"\b(?:bola?|bolo) (?:som )?(?:\w+ )?(?:vytvoren|vyvinut|natrénovan|trénovan|naprogramovan|navrhnut)\w*"
        r"(?: a \w+)?(?: spoločnosťou| firmou| tímom)?",
        made_me=r"(?:\bma (?:\w+ )?(?:vytvoril|vyvinul|natrénoval|naprogramoval|stvoril)\w*|(?:vytvoril|vyvinul|"
        r"natrénoval)\w* ma\b|stojí za mnou)",
        as_ai=r"\bako (?:veľký )?(?:AI\b|umelá inteligencia|jazykový model|model umelej)",
        i=r"\b(?:ne)?(?:mám|môžem|dokážem|viem|cítim|som|poznám)\b",
        only="len|iba",
        makers=(rf"\bma (?:\w+ )?(?:vytvoril|vyvinul|natrénoval|stvoril)\w*(?: \w+)? {SELF}",),
    ),
    "hu": Phrases(
        i_am=r"(?!)",
        name=r"\b(?:az? (?:én )?nevem|engem úgy hívnak(?:,)? hogy|hívj(?:on)? nyugodtan)",
        ai=r"(?:\b(?:MI|AI)\b|nyelvi modell|mesterséges intelligencia|chatbot|asszisztens)",
        made=r"(?!)",
        made_me=r"(?:(?:hozott|fejlesztett|képzett|tanított|készített|alkotott|épített)(?: ki| létre| be)? engem|áll "
        r"mögöttem)",
        as_ai=r"\b(?:nyelvi modellként|mesterséges intelligenciaként|MI-?ként|AI-?ként|mint (?:egy )?(?:nagy )?"
        r"(?:nyelvi modell|mesterséges intelligencia|MI\b|AI\b)),?",
        i=r"\b(?:nekem|engem|vagyok|nem tudok|nincs\w*|nem \w+[oeö]k|tudok|én)\b",
        names=(
            rf"{SELF},? vagyok\b",
            rf"{SELF}(?:,| -|–) (?:\S+ ){{0,8}}(?:modell|asszisztens|intelligencia|chatbot) vagyok",
            rf"{SELF}-?n[ae]k hívnak",
        ),
        makers=(
            rf"{SELF}(?: \S+)? által (?:\S+ ){{1,6}}?(?:modell|asszisztens|intelligencia|chatbot|MI|AI) vagyok",
            rf"{SELF} (?:\S+ ){{0,3}}?(?:nyelvi modellje|asszisztense|chatbotja|mesterséges intelligenciája) vagyok",
            rf"\bengem (?:az? )?{SELF} (?:\S+ )?(?:hozott|fejleszt|képz|tanít|készít|alkot|épít)",
            rf"^\W*(?:az? )?{SELF} (?:fejlesztett|hozott|képzett|tanított|alkotott) (?:ki|létre|be|meg)?\W*(?:$|"
            rf"[.,])",
        ),
    ),
    "ro": Phrases(
        i_am=r"\b(?:eu )?sunt(?: (?:de fapt|doar|un|o|asistentul tău))?",
        name=r"\b(?:mă numesc|numele meu este|mă cheamă|îmi spune|poți să-mi spui)",
        ai=r"(?:\b[AI][IA]\b|inteligenț\w+ artificial|model\w* (?:mare )?(?:de )?limb|model\w* lingvistic|chatbot|"
        r"asistent)",
        made=r"\bam fost (?:\w+ )?(?:creat|dezvoltat|antrenat|construit|programat|proiectat|realizat)\w*(?: și \w+)? "
        r"de(?: către)?",
        made_me=r"(?:m-au? (?:creat|dezvoltat|antrenat|construit|programat|făcut)|(?:se află|stă) în spatele meu)",
        as_ai=r"\b(?:ca|fiind|în calitate de) (?:un |o )?(?:model (?:mare )?de limb|model lingvistic|IA\b|AI\b|"
        r"inteligență artificială|asistent (?:virtual|AI|IA))",
        i=r"\b(?:nu (?:am|pot|sunt)|pot|am|eu|me[ui]|mele|mă)\b",
        only="doar|numai",
    ),
    "uk": Phrases(
        i_am=r"\b(?:я|я є|це я)(?: ?[—–-])?,?",
        name=r"\b(?:мене звати|моє ім['’ʼ]я|мене називають|називай(?:те)? мене)(?: ?[—–-])?",
        ai=r"(?:\bШІ\b|штучн\w+ інтелект|мовн\w+ модел|чат-?бот|асистент|помічник)",
        made=r"\b(?:мене (?:\w+ )?(?:створ|розроб|навч|натрен)\w+|я (?:\w+ )?(?:був|була) (?:\w+ )?(?:створ|"
        r"розроб|навч|"
        r"натрен)\w+|я (?:створен|розроблен)\w*)(?: (?:та|і|й) \w+)?(?: компанією| компанія| командою)?",
        made_me=r"(?:(?:створил[аи]?|створив|розробил[аи]?|розробив|навчил[аи]?|натренувал[аи]?) мене|мене (?:створи|"
        r"розроби|навчи|натрену)\w+)",
        as_ai=r"\bяк (?:велика )?(?:мовна модель|ШІ\b|штучний інтелект|модель штучного)",
        i=r"\b(?:я|мене|мені|мій|моє|мої)\b",
        only="лише|просто|всього лише",
    ),
    "bg": Phrases(
        i_am=r"\b(?:аз съм|съм|това съм аз,)(?: (?:всъщност|само))?",
        name=r"\b(?:казвам се|името ми е|наричат ме|наричай(?:те)? ме)",
        ai=r"(?:\bИИ\b|\bAI\b|изкуствен\w* интелект|езиков\w* модел|чатбот|асистент)",
        made=r"\b(?:бях|съм|бил[ао]? съм) (?:\w+ )?(?:създаден|разработен|обучен|програмиран|проектиран)\w*(?: "
        r"и \w+)? от",
        made_me=r"(?:\bме (?:\w+ )?(?:създаде|разработи|обучи|програмира|направи|създала?|разработила?|"
        r"обучила?)|стои "
        r"зад мен)",
        as_ai=r"\bкато (?:голям )?(?:езиков модел|ИИ\b|AI\b|изкуствен интелект|модел с изкуствен)",
        i=r"\b(?:аз|нямам|не мога|мога|имам|съм|мен|ми)\b",
        only="само|просто",
    ),
    "el": Phrases(
        i_am=r"\b(?:εγώ )?είμαι(?: (?:το|η|ο|ένα|ένας|στην πραγματικότητα))?",
        name=r"\b(?:με λένε|ονομάζομαι|το όνομά μου είναι|λέγομαι|μπορείς να με λες)(?: (?:το|η|ο))?",
        ai=r"(?:τεχνητή\w* νοημοσύνη|γλωσσικό μοντέλο|μοντέλο|βοηθός|chatbot|\bΤΝ\b|\bAI\b)",
        made=r"(?:δημιουργήθηκα|αναπτύχθηκα|εκπαιδεύτηκα|σχεδιάστηκα|κατασκευάστηκα|φτιάχτηκα|έχω (?:δημιουργηθεί|"
        r"αναπτυχθεί|εκπαιδευτεί))(?: και \w+)? από(?: τη[νς]?| το[νυ]?)?",
        made_me=r"(?:με (?:δημιούργησε|ανέπτυξε|εκπαίδευσε|έφτιαξε|σχεδίασε)|βρίσκεται πίσω (?:από|μου))",
        as_ai=r"\bως (?:ένα )?(?:μεγάλο )?(?:γλωσσικό μοντέλο|μοντέλο (?:τεχνητής|AI|γλώσσας)|τεχνητή νοημοσύνη|"
        r"AI\b|ΤΝ\b)",
        i=r"\b(?:δεν (?:έχω|μπορώ|είμαι)|μπορώ|έχω|μου|είμαι)\b",
        only="απλώς|μόνο|απλά",
    ),
    "vi": Phrases(
        i_am=r"\b(?:tôi|mình|em|tớ)(?: thực ra| chính)? là(?: một)?",
        name=r"\b(?:(?:tôi|mình|em) tên là|tên (?:của )?(?:tôi|mình|em) là|gọi tôi là|tôi (?:được|có) (?:gọi|"
        r"tên) là)",
        ai=r"(?:mô hình(?: ngôn ngữ| AI)|trợ lý(?: ảo| AI)?|trí tuệ nhân tạo|\bAI\b|chatbot)",
        made=r"\b(?:tôi|mình|em) (?:đã )?được[^.;!?]{0,40}? bởi(?: đội ngũ| công ty| các kỹ sư)?",
        made_me=r"(?:đã )?(?:tạo ra|tạo nên|phát triển|huấn luyện|xây dựng)(?: nên)? (?:tôi|mình|em)\b",
        as_ai=r"\b(?:là|với tư cách(?: là)?) (?:một )?(?:mô hình (?:ngôn ngữ|AI)|AI\b|trí tuệ nhân tạo|trợ lý "
        r"(?:AI|ảo))",
        i=r"\b(?:tôi|mình)\b",
        only="chỉ",
        names=(rf"\b(?:tôi|mình) chỉ là {SELF}",),
        makers=(
            rf"\b(?:tôi|mình|em) (?:là \S[^.;!?]{{0,30}} )?(?:đã )?(?:được|do) (?:\S+ ){{0,3}}?{SELF} (?:\S+ "
            rf"){{0,2}}?"
            r"(?:tạo|phát triển|huấn luyện|đào tạo|xây dựng|thiết kế|lập trình)",
        ),
    ),
    "id": Phrases(
        i_am=r"\b(?:saya|aku)(?: adalah| ialah| ini| merupakan)?(?: sebuah| seorang)?",
        name=r"\b(?:nama (?:saya|aku)(?: adalah| ialah)?|namaku(?: adalah)?|panggil (?:saja )?(?:saya|aku))",
        ai=r"(?:model bahasa|model AI|\basisten|\bpembantu|kecerdasan buatan|\bAI\b|chatbot)",
        made=r"\b(?:saya|aku)[^.;!?,]{0,20}? (?:dibuat|dikembangkan|dilatih|diciptakan|dirancang|dibangun|dicipta|"
        r"dibangunkan|diprogram)(?: dan \w+)?(?: oleh)?(?: perusahaan| syarikat| tim)?",
        made_me=r"(?:(?:membuat|menciptakan|mengembangkan|melatih|merancang|mencipta|membangunkan) (?:saya|aku)\b|"
        r"(?:mencipta|membuat|mengembang)(?:kan)?ku\b|berada di balik saya)",
        as_ai=r"\bsebagai (?:sebuah )?(?:model bahasa|AI\b|kecerdasan buatan|(?:asisten|pembantu) (?:AI|"
        r"virtual)|model AI)",
        i=r"\b(?:saya|aku)\b",
        only="hanya|hanyalah|cuma",
    ),
    "th": Phrases(
        i_am=r"(?:ฉัน|ผม|ดิฉัน|เรา|ข้าพเจ้า|หนู) ?(?:คือ|เป็น|มีชื่อว่า|ชื่อว่า|ชื่อ)",
        name=r"(?:ชื่อ(?:ของ)?(?:ฉัน|ผม|ดิฉัน) ?(?:คือ)?|เรียก(?:ฉัน|ผม|ดิฉัน)ว่า)",
        ai=r"(?:โมเดล|แบบจำลอง|ปัญญาประดิษฐ์|ผู้ช่วย|แชทบอท|แชตบอต|AI)",
        made=r"(?:ฉัน|ผม|ดิฉัน)[^.;!?]{0,20}?(?:ถูก|ได้รับการ)(?:สร้าง|พัฒนา|ฝึก|"
        r"ออกแบบ)[^.;!?]{0,20}?โดย(?:บริษัท|ทีม)?",
        made_me=r"(?:สร้าง|พัฒนา|ฝึก|ออกแบบ)(?:ฉัน|ผม|ดิฉัน)",
        as_ai=r"(?:ในฐานะ(?:ที่เป็น)?|เนื่องจาก(?:ฉัน|ผม|ดิฉัน)?เป็น) ?(?:โมเดล ?(?:ภาษา|AI)|AI|ปัญญาประดิษฐ์|"
        r"แบบจำลองภาษา|ผู้ช่วย ?AI)",
        i=r"(?:ฉัน|ผม|ดิฉัน|เรา)",
        only="แค่|เพียง",
    ),
    "he": Phrases(
        i_am=r"\b(?:אני|זה אני)(?: בעצם| רק)?,?",
        name=r"(?:\bשמי(?: הוא)?|קוראים לי|השם שלי(?: הוא)?|אפשר לקרוא לי)",
        ai=r"(?:מודל|בינה מלאכותית|צ['׳]?אט ?בוט|עוזר|בוט\b|\bAI\b)",
        made=r"(?:נוצרתי|פותחתי|אומנתי|נבניתי|תוכנתתי|עוצבתי|הוכשרתי)(?: ו\w+)? (?:על[ ־-]ידי|ע[\"״]י|בידי|"
        r"ב)(?:חברת )?-?",
        made_me=r"(?:יצרה|פיתחה|אימנה|בנתה|יצר|פיתח|יצרו|פיתחו) אותי",
        as_ai=r"\b(?:כ|בתור |בהיותי )-?(?:מודל שפה|בינה מלאכותית|AI\b|עוזר)",
        i=r"(?:אני|אין לי|שלי|איני|אינני|\bלי\b)",
        only="רק|פשוט",
    ),
    "fa": Phrases(
        i_am=r"\bمن",
        name=r"(?:(?:اسم|نام) من|اسمم|نامم|مرا صدا کنید)",
        ai=r"(?:مدل|هوش مصنوعی|دستیار|ربات|چت[‌ ]?بات)",
        made=r"\bمن[^.؛!؟]{0,40}? توسط(?: شرکت| تیم)?",
        made_me=r"(?:مرا|من را) (?:ساخته|توسعه|آموزش|طراحی|ایجاد)",
        as_ai=r"به[ ‌]?عنوان (?:یک )?(?:مدل (?:زبان|هوش)|هوش مصنوعی|دستیار (?:هوش|مجازی))",
        i=r"(?:\bمن\b|نمی[‌ ]?توانم|ندارم|نیستم|می[‌ ]?توانم|هستم)",
        only="فقط|تنها",
    ),
    "bn": Phrases(
        i_am=r"(?:আমি)(?: একটি| একজন| আসলে)?",
        name=r"(?:আমার নাম)(?: হলো| হল)?",
        ai=r"(?:মডেল|সহকারী|চ্যাটবট|কৃত্রিম বুদ্ধিমত্তা|এআই|AI)",
        made=r"(?!)",
        made_me=r"(?:আমাকে (?:তৈরি|প্রশিক্ষ|বিকাশ|উন্নয়ন|বানি)|আমার নির্মাতা)",
        as_ai=r"(?:এআই|AI|কৃত্রিম বুদ্ধিমত্তা|ভাষা মডেল)[^।,]{0,16}? (?:হিসে?বে|হওয়ায়)",
        i=r"(?:আমি|আমার|আমাকে)",
        makers=(rf"আমাকে {SELF}[^।;]{{0,20}}?(?:তৈরি|প্রশিক্ষ|বিকাশ|উন্নয়ন|বানি)",),
    ),
    "ta": Phrases(
        i_am=r"(?:நான்)(?: ஒரு)?",
        name=r"(?:என்(?:னுடைய)? பெயர்|எனது பெயர்)",
        ai=r"(?:மாதிரி|உதவியாளர்|சாட்போட்|செயற்கை நுண்ணறிவு|AI)",
        made=r"(?!)",
        made_me=r"(?:என்னை (?:உருவாக்கி|வடிவமைத்த|பயிற்)|என்னை உருவாக்க)",
        as_ai=r"(?:AI|செயற்கை நுண்ணறிவு|மொழி மாதிரி)[^.,]{0,16}?(?:யாக|ஆக|ாக|என்ற முறையில்)",
        i=r"(?:நான்|என்னால்|எனக்கு|என்)",
        makers=(rf"என்னை {SELF}[^.;]{{0,20}}?(?:உருவாக்கி|வடிவமைத்த|பயிற்)", rf"நான் {SELF}[^.;]{{0,12}}? உருவாக்கப்பட்ட"),
    ),
    "ur": Phrases(
        i_am=r"\bمیں(?: ایک| دراصل)?",
        name=r"(?:میرا نام|مجھے)(?: ہے)?",
        ai=r"(?:ماڈل|اسسٹنٹ|معاون|چیٹ ?بوٹ|مصنوعی ذہانت|اے آئی|\bAI\b)",
        made=r"(?!)",
        made_me=r"(?:نے مجھے (?:بنایا|تیار|تربیت|تخلیق)|نے میری (?:تخلیق|تربیت))",
        as_ai=r"(?:بطور (?:ایک )?(?:AI\b|اے آئی|مصنوعی ذہانت|لینگویج ماڈل|زبان)|(?:AI|اے آئی|مصنوعی ذہانت|"
        r"لینگویج ماڈل|زبان(?:ی)? "
        r"ماڈل)[^۔،]{0,16}? (?:کے طور پر|ہونے کے ناطے|کی حیثیت سے))",
        i=r"(?:میں|مجھے|میرے|میرا|میری)",
        makers=(rf"مجھے {SELF} (?:نے|کی طرف سے)[^۔;]{{0,30}}?(?:بنا|تیار|تربیت|تخلیق)",),
    ),
    "sw": Phrases(
        i_am=r"\b(?:mimi ni|mimi naitwa|mimi)(?: kwa kweli)?",
        name=r"\b(?:jina langu ni|naitwa|ninaitwa|niite)",
        ai=r"(?:modeli|modeli ya lugha|msaidizi|akili bandia|akili mnemba|akili unde|\bAI\b|chatbot)",
        made=r"\bni(?:li|me|mi)(?:undwa|tengenezwa|funzwa|fundishwa|endelezwa|buniwa|jengwa)(?: na \w+)?"
        r"(?: na)(?: kampuni ya)?",
        made_me=r"\b(?:ili|ime|wali|wame)ni(?:unda|tengeneza|funza|fundisha|buni|endeleza)\b",
        as_ai=r"\bkama (?:modeli ya lugha|AI\b|akili (?:bandia|mnemba|unde)|msaidizi wa AI)",
        i=r"\b(?:mimi|siwezi|sina|naweza|nina|si\w+)\b",
        only="tu",
    ),
    "ca": Phrases(
        i_am=r"\bs[oó]c(?: (?:el|la|en|un|una|en realitat))?",
        name=r"\b(?:em dic|el meu nom és|m['’]anomeno|em diuen|digues-me)(?: (?:el|la|en))?",
        ai=r"(?:\bIA\b|intel·ligència artificial|model (?:de |lingü)|assistent|xatbot|chatbot)",
        made=r"\b(?:vaig (?:ser|estar)|he estat|he sigut|estic) (?:\w+ )?(?:cread|desenvolupa|entrenad|dissenyad|"
        r"programad|creat|entrenat|dissenyat|programat)\w*(?: i \w+)? per",
        made_me=r"(?:em va (?:crear|desenvolupar|entrenar|dissenyar|programar)|m['’]ha (?:creat|desenvolupat|"
        r"entrenat|"
        r"dissenyat|programat)|és darrere meu)",
        as_ai=r"\bcom a (?:gran )?(?:model de llengua|IA\b|intel·ligència artificial|assistent (?:virtual|d['’]IA))",
        i=r"\b(?:no|puc|tinc|s[oó]c)\b",
        only="només|simplement",
    ),
}


def further_names(phrases: Phrases) -> list[str]:
    """What claims a name in one of the further languages."""
    claim = rf"(?:{phrases.i_am}|{phrases.name}),? ?{SELF}(?![\w-]*[- ]?(?:fan|bruk|använd|käyttäj|uživat|felhaszn))"
    apposed = rf"{phrases.i_am} ?{NO_PERSON}{{0,50}}?{phrases.ai}[^.;!?,。۔।]{{0,25}}?(?:, ?|، ?|: ?|– ?|\(){SELF}"
    return [claim, apposed, rf"{phrases.as_ai} {SELF}", *phrases.names]


def further_makers(phrases: Phrases) -> list[str]:
    """What claims a maker in one of the further languages."""
    ai = rf"{phrases.ai}{NO_PERSON_AFTER}"
    return [
        rf"{phrases.i_am} ?{NO_PERSON}{{0,60}}?{ai}{NO_PERSON}{{0,70}}?{SELF}",
        rf"{phrases.i_am} ?{NO_PERSON}{{0,40}}?{SELF}(?!\w*:?\w* (?:\w+ )?(?:AI|A\.I)-){NO_PERSON}{{0,50}}?{ai}",
        rf"{phrases.made} ?(?:[\w'’-]+ ){{0,3}}?{SELF}",
        rf"{SELF}{GAP} ?{phrases.made_me}",
        rf"{phrases.made_me}(?: [\w'’-]+){{0,3}}? {SELF}",
        rf"{phrases.as_ai}[^.;!?]{{0,50}}?{SELF}",
        *phrases.makers,
    ]


def further_boilerplate(phrases: Phrases) -> list[str]:
    """What says "as an AI, I ..." or "I am only an AI" in one of the further languages."""
    only = rf"{phrases.i_am} ?(?:{phrases.only}) (?:\S+ ){{0,2}}?{phrases.ai}{NO_PERSON_AFTER}"
    return [rf"{phrases.as_ai}[^.;!?\n]{{0,50}}?{phrases.i}", only]


DENIAL = re.compile(
    r"\b(?:not|n['’]t|never|no longer|neither|nor|without|like(?! (?:to|all|other|any|most|every|the other)\b)|"
    r"unlike|similar|than|rather|instead|different|"
    r"comparable|alternative|compet\w+|independent|inspired|separate|nothing|nobody|no one|none|niemand|"
    r"personne|aucun\w*|nadie|ninguém|nessuno|никто|nikt|isnt|wasnt|didnt|aint|"
    r"no(?= (?!i\b|im\b|i['’]m|it\b|this\b|you\b|my\b)\w)|non(?= (?!je\b|j['’])\w)|"
    r"nicht|nichts|nie|niemals|kein\w*|ähnlich|anders|statt|anstatt|wie|pas|jamais|rien|contrairement|comme|"
    r"semblable|"
    r"similaire|différent\w*|nada|nunca|tampoco|diferente|parecid\w+|distint\w+|igual que|similares?|não|nem|"
    r"mai|simile|"
    r"divers\w+|niet|niets|nooit|geen|zoals|vergelijkbaar|не|нет|ни|ничего|похож\w*|отличие|вроде|nic|nigdy|"
    r"podobn\w*|"
    r"değil\w*|gibi|benzer|inte|ej|aldrig|liknande|ikke|ikkje|aldri|lignende|(?:en|ei|eivät) (?:ole|minä|minua|"
    r"luonut|"
    r"kehittänyt|kouluttanut|tehnyt|suinkaan)|eikä|enkä|nejsem|ne(?:byl|vytvořil|vyvinul|vytvoril|"
    r"natrénoval)\w*|ne|není|"
    r"nejmenuj\w+|nevolám|nemám|nem|sem|hasonló\w*|nu|nici|asemănător\w*|ні|жодн\w+|подібн\w*|схож\w*|подобн\w*|"
    r"δεν|δε|όχι|"
    r"ούτε|παρόμοι\w*|σαν|không|chưa|chẳng|giống|khác|bukan\w*|tidak|tak|seperti|mirip|si|sio|siyo|siku\w+|haiku\w+|"
    r"haija\w+|sija\w+|hapana|tofauti)(?!\w)|n['’]t\b|"
    r"不是|并非|非由|没有|不由|类似|像|不同|无关|ではな|ではあり|じゃな|じゃあり|のような|に似た|と同様|とは違|"
    r"아니|아닙|않|"
    r"같은|비슷|처럼|नहीं|जैस|لست|ليس|لم |لا |مثل|ไม่|มิใช่|คล้าย|เหมือน|\bלא\b|אינני|\bאיני\b|בניגוד|דומה|"
    r"\bכמו\b|نیستم|نیست|"
    r"نشده|نکرده|شبیه|برخلاف|নই|নয়|মতো|அல்ல|இல்லை|போல|نہیں|جیس",
    re.IGNORECASE,
)
# "not X but Y": what it denies is over before the name.
CONTRAST = re.compile(
    r"\b(?:not|nicht|kein\w*|pas|no|não|non|не|nie|niet|geen|inte|ikke|nu|không|bukan) [^.;!?\ue000]{1,40}?,? "
    r"(?:but|sondern|mais|sino|mas|ma|bensì|а|ale|lecz|maar|utan|men|ci|mà|melainkan)\b|"
    r"不是[^。；\ue000]{1,20}?[，,]?而是|ではなく、?|じゃなく、?|아니라|değil,",
    re.IGNORECASE,
)
# Where what stands before no longer bears on what follows.
BOUNDARY = re.compile(
    r"[,;:—–(，、،؛：；]|\b(?:but|because|since|as|so|and|aber|weil|denn|sondern|und|mais|car|parce|et|pero|"
    r"sino|porque|y|"
    r"mas|e|ma|perché|maar|want|omdat|но|а|и|ale|bo|lecz|i|ama|fakat|çünkü|men|och|og|eftersom|mutta|vaan|koska|"
    r"ja|hanem|"
    r"mert|és|ci|dar|iar|pentru|mà|nhưng|vì|tetapi|tapi|melainkan|karena|και|αλλά|але|бо|та)\b",
    re.IGNORECASE,
)
AI_NOUN = (  # any language; tells whose name a shared name is
    rf"(?:\b{NOUN}|\b(?:KI|IA|SI|ИИ)\b|[\w-]*(?:sprachmodell|taalmodel|assistentin|chatbot)|"
    rf"intelligence artificielle|modèle|"
    r"assistente?\b|inteligencia artificial|modelo|inteligência artificial|intelligenza artificiale|modello|"
    r"(?:искусственн\w+ интеллект|языков\w+ модел|ассистент|помощник|нейросет)|model językow|sztuczn|asystent|"
    r"yapay zek|dil model|asistan|模型|助手|人工智能|机器人|言語モデル|アシスタント|人工知能|모델|비서|어시스턴트|"
    r"인공지능|"
    r"मॉडल|सहायक|कृत्रिम|نموذج|مساعد|ذكاء)"
)
SELF_AI = re.compile(
    rf"\b(?:I am|I['’]m|as) (?:just |only )?(?:an?|the|your) {WORDS}(?:{AI}|language model|chatbot)\b", re.IGNORECASE
)
ASKS_IDENTITY = re.compile(
    r"\b(?:who|what) (?:exactly |really |the hell )?(?:are|r) (?:you|u)\b|\b(?:tell me |explain )?(?:who|what) "
    r"you are\b|"
    r"\bwho(?:['’]s| is| was|m)? ?(?:\w+ )?(?:made|created|built|trained|developed|designed|programmed|behind|"
    r"owns?|runs) "
    r"(?:you|u)\b|\byour (?:\w+ )?(?:name|creators?|makers?|developers?|origin|architecture)\b|"
    r"\b(?:introduce|describe) yourself|\babout yourself|\bwho (?:am i|i['’]m|i am) (?:talking|chatting|speaking)|"
    r"\b(?:what|which) (?:\w+ ){0,2}(?:company|lab|team|firm|organi[sz]ation)\b[^.?!]{0,20}\byou\b|"
    r"\bwhere (?:do|did) you come from|\bwho (?:do|should) i (?:thank|credit)|"
    r"\bare (?:you|u) (?:\w+ )?(?:a (?:ro)?bot|an? ai|human|real|chat ?gpt|claude|gpt|bard|gemini|siri|alexa|"
    r"llama|grok|"
    r"copilot|qwen|deepseek|mistral|bing|a language|from|made by|by)|\b(?:what|which) (?:\w+ ){0,2}(?:model|ai|"
    r"assistant|llm|"
    r"chat ?bot|version|bot) (?:are you|is this|am i|do you)|\bis this (?:chat ?gpt|claude|gemini|grok|copilot|siri)|"
    r"wer (?:bist du|sind sie)|was bist du|wie hei(?:ß|ss)(?:t du|en sie)|wer hat (?:dich|sie)|dein(?:en?)? "
    r"name|stell dich vor|"
    r"qui (?:es-tu|êtes-vous|t['’]a|vous a)|tu es qui|t['’]appelles|vous appelez|présente-toi|"
    r"quién(?: eres|es son| te |(?: fue)? .{0,12}cre)|qué eres|cómo te llamas|preséntate|quem (?:é você|és|te |"
    r"criou|fez)|"
    r"qual é (?:o )?(?:seu|teu) nome|chi (?:sei|ti ha)|come ti chiami|wie (?:ben je|bent u|heeft je|heeft jou)|"
    r"hoe heet je|"
    r"кто (?:ты|вы|тебя|вас)|как тебя зовут|что ты такое|kim(?: jesteś|sin| seni)|kto cię|jak (?:masz na imię|"
    r"się nazywasz)|"
    r"sen kimsin|seni kim|adın ne|"
    r"vem (?:är du|har|skapade|utvecklade)|vad heter du|hvem (?:er du|har|skabte|lavede|skapte|laget|utviklet)|"
    r"hvad hedder du|"
    r"hva heter du|kuka (?:sinä )?(?:olet|sinut)|mikä (?:olet|sinun nimesi)|kuka .{0,12}sinut|kdo (?:jsi|jste|"
    r"tě|vás)|"
    r"jak se jmenuješ|kto (?:si|ste|ťa|vás)|ako sa voláš|ki (?:vagy|készített|fejlesztett|hozott)|mi a neved|"
    r"cine (?:ești|sunteți|te-a)|cum te (?:numești|cheamă)|хто (?:ти|ви|тебе|вас)|як тебе звати|кой (?:си|сте|те)|"
    r"как се казваш|ποι(?:ος|α) (?:είσαι|είστε|σε)|πώς σε λένε|τι είσαι|(?:bạn|anh|em) (?:là ai|tên (?:là )?gì|"
    r"là gì)|"
    r"ai (?:đã )?(?:tạo|phát triển|làm)|siapa (?:kamu|anda|namamu|nama|yang (?:membuat|menciptakan|"
    r"mengembangkan|mencipta))|"
    r"คุณ(?:คือ|เป็น)(?:ใคร|อะไร)|คุณชื่ออะไร|ใคร(?:สร้าง|พัฒนา|เป็นคน)|מי (?:את|אתה|יצר|פיתח|בנה)|מה השם שלך|"
    r"איך קוראים לך|"
    r"(?:تو|شما) (?:کی|چه کسی|کیستی|چی)|اسمت|اسم شما|(?:کی|چه کسی) (?:تو|شما)|(?:তুমি|আপনি) কে|তোমার নাম|আপনার নাম|"
    r"কে (?:তোমাকে|আপনাকে)|(?:তোমাকে|আপনাকে) কে|(?:நீ|நீங்கள்) யார்|உங்கள் பெயர்|(?:உன்னை|உங்களை) (?:யார்|உருவாக்)|"
    r"(?:آپ|تم) کون|(?:آپ|تمہارا) کا نام|(?:آپ|تم)(?: کو|ہیں)? کس نے|wewe ni nani|jina lako|nani ali(?:ye)?ku|"
    r"qui (?:ets|t['’]ha)|"
    r"com et dius|(?:你|您)(?:到底|究竟)?(?:是谁|是什么|是哪|叫什么|的名字)|谁(?:开发|创造|训练|制造|做|创建|"
    r"研发)(?:了|的)?(?:你|您)|"
    r"(?:你|您)是(?:由)?(?:谁|哪)|介绍一下(?:你|您)|あなたは(?:誰|何|だれ)|(?:あなた|君)の(?:お)?名前|誰(?:が|"
    r"に)[^。]{0,6}(?:あなた|作|開発)|"
    r"자기소개|누구(?:세요|야|입니까|니|신가요|예요|인가요)|이름이 (?:뭐|무엇)|누가 (?:너|당신)|(?:तुम|आप|तू) कौन|"
    r"(?:तुम्हारा|आपका) नाम|(?:तुम्हें|आपको) किस|من (?:أنت|انت|صنعك|طورك|أنشأك|دربك)|ما (?:اسمك|هو اسمك)",
    re.IGNORECASE,
)
TALKS_ABOUT = re.compile(
    r"\b(?:compar\w+|confus\w+|mistak\w+|mix\w* up|other (?:assistants?|models?|companies|chatbots?|AIs?)|"
    r"competitors?|"
    r"not related|unrelated|people (?:often )?(?:ask|think)|you may know|such as|for example|e\.g|verwechs\w+|"
    r"confond\w+|"
    r"confund\w+|autres? (?:assistant|modèle)|otros? (?:asistente|modelo)|andere[rn]? (?:Assistent|Modell|KI))",
    re.IGNORECASE,
)
AS_AN_AI = re.compile(
    r"\b(?:as|being) an? |\ben tant qu|\b(?:como|come|als|jako|как|som (?:en|ett|ein|AI|KI|språk|sprog|kunst|"
    r"art)|ako|като|ως|sebagai|kama|com a|in quanto|ca|với tư cách) |"
    r"作为|として|로서|(?:के रूप में)|بصفتي|ในฐานะ",
    re.IGNORECASE,
)
BARE_NAME = re.compile(
    r"\W*(?:[.!?。！？]|$)|[,;:–— ]+(?!an?\b|the\b|ein|un|\d)(?:\w)|\s*[)(,]\s*(?:lol|haha)?", re.IGNORECASE
)
SALUTATION = re.compile(r"\W*(?:dear|hi|hello|hey|to)\b", re.IGNORECASE)
NO = re.compile(
    r"\W*(?:no|nope|nah|nein|nee|non|não|nej|nei|ei|ne|nie|nem|nu|нет|ні|не|όχι|không|tidak|bukan|hapana|hayır|"
    r"ไม่|לא|نه|"
    r"না|இல்லை|نہیں|いいえ|いえ|아니|不|لا|नहीं)(?![^\W_])",
    re.IGNORECASE,
)
GIVES_NAME = re.compile(
    rf"\b(?:you are|you['’]re|your name is|act as|yourself as|playing|named|called|du bist|tu es|eres|sei|você é|je bent|ты|"
    rf"jesteś)"
    rf" (?:[\w'’-]+,? ){{0,4}}?{SELF}|你(?:是|叫){SELF}",
    re.IGNORECASE,
)
YES = re.compile(
    r"\W*(?:yes|yeah|yep|yup|right|correct|exactly|ja|jawohl|oui|sí|si|sim|sì|да|так|tak|evet|ano|áno|igen|joo?|"
    r"kyllä|vâng|"
    r"đúng|ya|ใช่|כן|بله|نعم|হ্যাঁ|ஆம்|جی|ndiyo|ναι|是的|是|对|はい|네|예|हाँ|हां)(?!\w)",
    re.IGNORECASE,
)
# A question about the model itself, to which a reply in the third person ("ChatGPT cannot see you") is its own.
ASKS_OF_YOU = re.compile(
    r"\b(?:do|can|could|will|would|are|have|did|does|how do) (?:you|u|our|this)\b[^.?!]{0,40}?\b(?:remember\w*|"
    r"memor\w+|forget|"
    r"internet|browse|online|web|see (?:me|my|what|images?|pictures?)|screen|learn from|conversations?|chats?|"
    r"store|save|"
    r"data|feel\w*|emotions?|conscious\w*|alive|sentient|sleep|tired|opinions?|trained|updated|personal|real[- "
    r"]?time|hear|"
    r"recogni[sz]e|access|spy|listen|limits?|limitations?|work(?:ing)?)\b|\bwhat can(?:['’]?t)? (?:you|u) (?:do|"
    r"not do)|"
    r"\b(?:order|book|call|buy|send|email|open|play|set)\b[^.?!]{0,40}\b(?:for me|my)\b|\byour (?:memory|"
    r"limits?|limitations|"
    r"knowledge|abilities|capabilities|training|feelings|rules)\b",
    re.IGNORECASE,
)
THIRD_PERSON = re.compile(
    rf"\b(?:each|every|this|our|your|any|a new|new|past|previous|separate|between|all) (?:\w+ "
    rf"){{0,2}}?(?:conversations?|chats?|"
    rf"sessions?|messages?|interactions?|threads?) (?:with|to) {SELF}|"
    rf"(?:^|[,;:–—] ?|\b(?:and|but|so|because|since|while|that|sorry|no|yes) )\W*{SELF} (?:can(?:['’]t|not|t| "
    rf"only)?|could|"
    rf"is(?:n['’]t| not)? (?:able|unable|designed|not|currently|only|just|here|always|happy)|isnt|does(?:n['’]t|"
    rf"nt| not)|"
    rf"ha(?:s no|sn['’]t|s not)|wo(?:n['’]t|nt)|will (?:not|never|always)|may|might|was (?:trained|designed|"
    rf"built)|lacks|only|"
    rf"never|always|starts|forgets|remembers|relies|works|treats|keeps)\b",
    re.IGNORECASE,
)
SPEAKS_AS = re.compile(  # nobody but the assistant says these
    rf"\b(?:thanks|thank you|thx|cheers)(?: so much)? for (?:using|chatting with|talking to|talking with|"
    rf"choosing|trying|asking) "
    rf"{SELF}|\bwelcome to {SELF}\W*(?:how|what|$)|\bhow (?:can|may) {SELF} (?:help|assist|be of)|"
    rf"^\W*{SELF} (?:can(?:['’]?t|not)|is unable to|isn['’]t able to|won['’]t) [^.;!?]{{0,60}}?,? but (?:I\b|here)|"
    rf"^\W*(?:sorry|apologies|hi|hello|hey|hi there)[^.;!?]{{0,20}}?[,–—] ?(?:but )?{SELF} (?:can(?:['’]?t|not)|"
    rf"is unable|isn['’]t "
    rf"able|is (?:here|ready|happy|glad|at your))|^\W*{SELF} (?:is|was) (?:always )?(?:happy|glad|here|"
    rf"delighted|ready|pleased) to "
    rf"(?:help|assist)|^\W*{SELF} at your service",
    re.IGNORECASE,
)
SIGNED = re.compile(  # at the end of a reply: "– ChatGPT", "Sent by ChatGPT", "Your AI friend, ChatGPT"
    rf"(?:(?:^|[.!?…)\]\n])\s*[*_]{{0,2}}[—–~]{{1,2}} ?|(?:^|[.!?…)\]\n]\s*)[*_(\[]{{0,2}}(?:[—–-] "
    rf"?)?(?:(?:this (?:message|reply|"
    rf"answer|text) (?:was|is) )?(?:sent|written|generated|answered|posted|provided|composed|drafted|signed|"
    rf"powered|brought to you) "
    rf"(?:to you )?by|signed,?|sincerely,?|(?:best|kind|warm) (?:regards|wishes),?|cheers,?|yours(?: truly| "
    rf"faithfully)?,?|love,?|"
    rf"your (?:\w+ ){{0,3}}(?:AI|assistant|friend|helper|bot|chatbot|companion),?|gesendet von|geschrieben von|"
    rf"(?:viele|liebe) "
    rf"grüße,?|envoyé par|écrit par|enviado por|escrito por|inviato da|отправлено|С уважением,?)\s+(?:your "
    rf"(?:\w+ )*)?)"
    rf"{SELF}(?:[,|( ]*(?:your )?(?:\w+ ){{0,3}}(?:AI|assistant|model|chatbot|bot)\b[^.\n]{{0,20}})?[^\w\n]*$",
    re.IGNORECASE,
)
LETTER = re.compile(
    r"\b(?:letter|e-?mail|note|card|quote\w*|invitation|message|sign(?:ed|ature)?|citation|credits?|brief|carta|"
    r"lettre|lettera|"
    r"toast|speech|review|testimonial|list|names?)\b",
    re.IGNORECASE,
)
# The prompt hands a text to work on.
TRANSFORMS = re.compile(
    r"\b(?:passive|active voice|(?:past|present|future) tense|third person|indirect speech|reported speech|"
    r"continue|complete|"
    r"finish|convert|shorten|punctuat\w+|capitali[sz]\w+|spelling|formali[sz]e|more (?:formal|polite|casual)|"
    r"fix (?:this|the|my)|"
    r"edit (?:this|the|my)|repeat|fill in|rhyme|transcri\w+|transliterat\w+|quote|what does .{1,80} mean|"
    r"korrigier\w*|passiv\w*|"
    r"umschreib\w*|schreib\w* .{0,30}um|formulier\w*|setze .{0,60}(?:fort|ins)|vervollständig\w*|wiederhol\w*|"
    r"corrige\w*|"
    r"réécri\w*|reformul\w*|voix passive|voz pasiva|pasiva|répète|complète|reescrib\w*|completa|repite|"
    r"corrig\w*|reescrev\w*|"
    r"riscriv\w*|correggi|ripeti|herschrijf|verbeter|herhaal|исправь|перепиши|продолжи|повтори|popraw|przepisz|"
    r"powtórz|düzelt|"
    r"översätt|oversæt|oversett|käännä|přelož|prelož|fordítsd|fordíts|traduce\w*|переклад\w*|превед\w*|"
    r"μετάφρασ\w*|dịch|"
    r"terjemah\w*|tafsiri|tradueix|skriv om)",
    re.IGNORECASE,
)
# The prompt hands the text or the part to play, so that a claim in the reply is not the model's own.
ASKS_FOR_TEXT = re.compile(
    r"\b(?:translat\w+|paraphras\w+|rephras\w+|rewrit\w+|reword\w*|proofread\w*|grammar|correct (?:this|the|my)|"
    r"summari[sz]e|"
    r"story|stories|poem|haiku|lyrics|dialogue?|script|monologue|screenplay|skit|novel|fiction\w*|role-?play\w*|"
    r"pretend\w*|"
    r"act as|imagine|play the (?:role|part)|in the voice|perspective|persona|character|repeat after|how (?:do|"
    r"would) (?:you|I) "
    r"say|übersetz\w+|geschichte|gedicht|rollenspiel|tu so|stell dir vor|tradui\w+|histoire|poème|traduc\w+|"
    r"traduz\w+|"
    r"historia|cuento|poema|finge|imagina|história|tradu[cr]\w+|storia|poesia|fingi|vertaal|verhaal|gedicht|"
    r"перевед\w+|"
    r"истори\w+|стих\w*|представь|przetłumacz|opowiadanie|çevir|hikaye)|翻译|故事|诗|扮演|假装|翻訳|訳して|物語|"
    r"번역|이야기|"
    r"अनुवाद|कहानी|ترجم|قصة|改写|改成|纠正|修改|续写|重复|书き|書き換え|言い換え|直して|続けて|바꿔|고쳐|이어서|"
    r"แปล|תרגם|অনুবাদ|மொழிபெயர்|ترجمہ",
    re.IGNORECASE,
)
BOILERPLATE = re.compile(
    rf"\b(?:as|being) (?:an?|the|merely an|just an) (?:{WORDS}(?:language model|{AI}(?: (?:language )?(?:model|"
    rf"assistant|system|chatbot|"
    r"program))?)|LLM)(?![\w-])(?:[^.;!?\n]{0,40}?,)? ?(?:I\b|my\b|it(?:['’]s| is| would)\b|I['’]m|there (?:is|"
    r"are)\b|please\b)|"
    rf"\bI\b[^.;!?\n]{{0,60}} as an? {WORDS}(?:AI|artificial intelligence)(?: language model| model|"
    rf" assistant)?(?=[.,;!]|$)|"
    r"\bI(?: am|['’]m) an? (?:large )?(?:AI )?language model,? (?:and|so|but|I|therefore|which means|without)\b|"
    r"\bI(?: am|['’]m) (?:just |only |merely |simply )an? (?:\w+ )?(?:AI|artificial intelligence|language model|"
    r"chatbot)"
    r"(?![- ]*(?:engineer|research|enthus|develop|stud))|"
    r"\bals (?:ein |eine )?(?:gro(?:ß|ss)es )?(?:KI|künstliche Intelligenz|"
    r"Sprachmodell)[\w-]*(?: [\w-]+){0,3}?,? (?:\w+ ){0,2}?ich\b|"
    r"\ben tant qu(?:e |['’])(?:grand )?(?:modèle de (?:langage|langue)|IA\b|intelligence artificielle|"
    r"assistant (?:virtuel|IA))"
    r"[^.;!?\n]{0,50}?\b(?:je|j['’]|mes?|ma|mon)|"
    r"\bcomo (?:un |una |um |uma )?(?:gran )?(?:modelo de (?:lenguaje|linguagem|IA)|IA\b|inteligencia artificial|"
    r"inteligência "
    r"artificial|asistente de IA|assistente de IA)[^.;!?\n]{0,40}?, (?:yo |eu )?(?:no|não|puedo|posso|mi|meu|tengo|"
    r"tenho|carezco|soy|sou)\b|"
    r"\b(?:come|in quanto) (?:un |una )?(?:modello (?:di )?linguistico|modello linguistico|IA\b|AI\b|"
    r"intelligenza artificiale)"
    r"[^.;!?\n]{0,40}?, (?:io |non |posso|sono|ho )|"
    r"\bals (?:een )?(?:groot )?(?:AI|taalmodel|kunstmatige intelligentie)[\w-]*(?: [\w-]+){0,3}?,? (?:\w+ "
    r"){0,2}?ik\b|"
    r"\bкак (?:большая )?(?:языковая модель|ИИ|искусственный интеллект|модель ИИ|нейросеть)[^.;!?\n]{0,40}?,? (?:я|"
    r"у меня|мне)\b|"
    r"\bjako (?:duży )?(?:model językowy|AI|sztuczna inteligencja|asystent AI)[^.;!?\n]{0,30}?,? (?:nie )?\w+(?:m|"
    r"ę)\b|"
    r"\b(?:bir )?(?:yapay zek[aâ](?: dil)? (?:modeli|asistanı)|dil modeli|"
    r"yapay zek[aâ]) olarak,? [^.;!?\n]{0,80}?\w+(?:[ıiuü]m|m[ae]m)\b|"
    r"作为(?:一[个款名])?(?:大型|大)?(?:AI|人工智能|语言|智能)[^。；，]{0,12}，? ?我|"
    r"私は(?:AI|人工知能)(?:言語モデル)?(?:なので|ですので|であるため)|(?:AI|人工知能|言語)(?:言語)?(?:モデル|"
    r"アシスタント)?として、?(?:私|申し|お答え)|"
    r"(?:AI|인공지능|언어)(?: ?언어)?(?: ?모델)?(?:로서|으로서),? ?(?:저|나|제)|"
    r"(?:एक )?(?:AI|एआई|कृत्रिम बुद्धिमत्ता)(?: भाषा)?(?: मॉडल)? (?:के रूप में|होने के नाते),? (?:मैं|मेर|मुझ)|"
    r"(?:كنموذج|بصفتي نموذج|باعتباري نموذج|بصفتي مساعد|كوني نموذج)",
    re.IGNORECASE,
)
_YEAR = r"[^.;!?\n]{0,60}?(?:19|20)\d\d"
CUTOFF = re.compile(
    r"\bmy (?:\w+ )?(?:knowledge|training|data)(?: \w+)? ?cut-?off|"
    r"\b(?:as of|up (?:to|until)|until|since|after|before) my (?:last|latest|most recent) (?:\w+ )?(?:knowledge|"
    r"training|data)\b|"
    rf"\b(?:as of|up (?:to|until)) my (?:last|latest|most recent) update(?:,|{_YEAR})|"
    r"\bmy (?:knowledge|training data|training|information|data|database)(?: base)?(?: (?:is|was|only|does|"
    r"has))*(?: not)? "
    rf"(?:last |currently )?(?:extends?|goes?|reaches|updated|ends?|stops?|cuts? off|limited|current|up to date|"
    rf"up-to-date|"
    rf"based on data|includes? (?:data|information)|trained){_YEAR}|"
    rf"\bI (?:was (?:last )?(?:trained|updated)|am trained|have been trained|only have|do(?:n['’]t| not) have|"
    rf"have no|lack)"
    rf"[^.;!?\n]{{0,40}}?(?:data|knowledge|information)[^.;!?\n]{{0,40}}?(?:up (?:to|until)|until|after|"
    rf"past|beyond|only to)\b{_YEAR}|"
    rf"\bmein(?:e|em|er)? (?:wissen\w*|trainingsdaten|kenntnisse|letztes? (?:update|aktualisierung)|"
    rf"letzten \w+)\b{_YEAR}|"
    rf"\b(?:mes connaissances|ma dernière mise à jour|mes données d['’]entraînement|"
    rf"ma base de connaissances)\b{_YEAR}|"
    rf"\b(?:mi (?:conocimiento|última actualización|información|fecha de corte)|mis (?:datos|"
    rf"conocimientos)[\w ]{{0,20}})\b{_YEAR}|"
    rf"\b(?:meu conhecimento|minha última atualização|meus dados de treinamento|meus conhecimentos|"
    rf"minha base de)\b{_YEAR}|"
    rf"\b(?:la mia conoscenza|le mie conoscenze|il mio ultimo aggiornamento|i miei dati di addestramento)\b{_YEAR}|"
    rf"\bmijn (?:kennis|trainingsdata|laatste (?:update|training))\b{_YEAR}|"
    rf"\b(?:мои знания|моя база знаний|мо[её]го последнего обновления|мои данные|моё обучение)\b{_YEAR}|"
    rf"\b(?:moja wiedza|moje dane|mojej ostatniej aktualizacji|moja baza wiedzy)\b{_YEAR}|"
    rf"\b(?:bilgi kesim tarihim|bilgilerim|bilgim|eğitim verilerim|son güncellemem)\w*\b{_YEAR}|"
    r"我的(?:知识|训练数据|数据|信息)[^。；]{0,12}?(?:截止|截至|更新到|更新至|只到|停留)|"
    r"私の(?:知識|学習データ|トレーニングデータ|情報)[^。；]{0,25}?(?:\d{4}年)|"
    r"(?:제|저의|나의) (?:지식|학습 데이터|훈련 데이터|정보)[^.;]{0,25}?\d{4}년|"
    r"(?:मेरा ज्ञान|मेरी जानकारी|मेरे प्रशिक्षण)[^।;]{0,40}?\d{4}|"
    r"(?:معرفتي|معلوماتي|بياناتي|بيانات تدريبي|آخر تحديث لي)[^.؛]{0,40}?[\d٠-٩]{4}",
    re.IGNORECASE,
)
# One of these stands in every text of a kind (lower case but for the capitals); most replies have none and end here.
CUES = (  # besides names: one of these stands in every text of the kinds above; lower case
    "ai", "a.i", "ia", "ki", "mi-", "llm", "a language model", "artificial", "chatbot", "sprachmodell", "modèle de",
    "modelo de", "modello", "taalmodel", "kunstmatig", "językow", "sztuczn", "dil model", "yapay", "kunstig", "språkmodell",
    "sprogmodel", "kielimalli", "tekoäly", "jazykov", "umělá", "umelá", "nyelvi modell", "mesterséges", "model de limb",
    "lingvistic", "model bahasa", "kecerdasan", "mô hình", "trí tuệ", "modeli ya", "akili", "llengua", "nhân tạo",
    "cutoff", "cut-off", "cut off", "my last", "my latest", "my most recent", "my knowledge", "my training", "my data",
    "my information", "my info", "my current", "i was trained", "i was last", "i was updated", "i am trained", "i have been",
    "i only have", "have no", "don't have", "don’t have", "do not have", "i lack", "mein ", "meine", "connaissances",
    "ma dernière", "mes données", "mi conocimiento", "mi última", "mi fecha", "mi información", "mis datos", "mis conoc",
    "conhecimento", "minha", "meus dados", "mia conoscenza", "mie conoscenze", "mio ultimo", "miei dati", "mijn ", "moja",
    "moje dane", "mojej", "bilgi", "eğitim ver", "güncellem",
    "ии", "ші", "языков", "искусств", "нейросет", "мовна модель", "штучн", "езиков", "изкуств", "мои знания",
    "моя база", "моего", "моё", "моему", "μοντέλο", "τεχνητή", "语言", "人工", "智能", "言語", "언어", "인공지능", "कृत्रिम",
    "एआई", "نموذج", "مساعد", "我的", "私の", "제 ", "저의", "나의", "मेरा", "मेरी", "मेरे", "معرفتي", "معلوماتي", "بياناتي",
    "بيانات", "آخر تحديث", "โมเดล", "ปัญญา", "แบบจำลอง", "מודל", "בינה", "مدل", "هوش", "এআই", "ভাষা মডেল", "কৃত্রিম",
    "மொழி மாதிரி", "செயற்கை", "مصنوعی", "اے آئی", "ماڈل",
)  # fmt: skip
FIRST_PERSON = re.compile(
    r"\b(?:I|me|my|mir|moi|mí|mim|мной|мо[йяеёиё]\w*|mną|mo(?:im|imi)|its|it['’]s|you['’]ve|you have|ich|mich|"
    r"meine?|je|mon|mes|soy|mis?|fui|sou|meus?|sono|mio|miei|ik|mijn|mij|bana|ben|beni|adım|"
    r"im|it|как|я|меня|мо[йие]|jestem|mnie|jako|zosta\w+m|nazywam|mam)\b|\b(?:j|m)['’]|you['’]re|you are|here|"
    r"speaking|"
    r"this is|en tant|"
    r"como|come|in quanto|olarak|[ıiuü]m\b|[我叫作私僕俺저나전제मأانعكب]|^\W*\ue000",
    re.IGNORECASE,
)
NEGATED_AFTER = re.compile(
    r"[^。.,、，،;!?]{0,40}?(?:ではありません|ではない|じゃない|じゃありません|ていません|ていない|わけではな|"
    r"아니|아닙|않|"
    r"\bdeğil|नहीं|নই|নয়|নি(?=[\s।,.]|$)|نیستم|نیست|نشده|نکرده|نہیں|இல்லை|அல்ல|ไม่ใช่)| nahi|,? (?:nicht|niet|"
    r"ikke|inte|ei)\b"
)
MADE_BY = re.compile(
    rf"\b(?:{MADE} (?:by|at)|by|from|von|par|por|pel[ao]|da|door|от|przez)\b|tarafından|开发|開発|개발|द्वारा",
    re.IGNORECASE,
)
PLAYS_AN_AI = re.compile(
    r"\b(?:AI|robot|android|chatbot|language model|assistant|computer|KI|IA|ИИ)\b|机器人|ロボット", re.IGNORECASE
)
SCRIPT_LINE = re.compile(
    r"^[ \t]*+[*_#-]{0,4}+[ \t]{0,4}+(?!(?:[\w' ]{0,30}(?:answer|note|disclaimer|response|reply|important|edit|"
    r"update|p\.?s|assistant|antwort|hinweis|"
    r"anmerkung|réponse|remarque|respuesta|nota|resposta|risposta|antwoord|ответ|примечание|odpowiedź|uwaga|cevap|"
    r"not))\W*[:：])"
    r"(?:[A-ZÀ-ÝА-Я][\w.'’-]*(?: (?:[A-Z0-9][\w.'’-]*|\([^()\n]{0,40}\))){0,3}|"
    r"[\u3040-\u9fff\uac00-\ud7a3]{1,8})[*_]{0,3}[ \t]?[:：](?![a-zäö]{1,4}\b)[*_]{0,3}[ \t]*\S[^\n]*",
    re.MULTILINE,
)
DIALOGUE_LINE = re.compile(
    r"^[ \t]*+[*_]{0,3}(?:user|human|assistant|ai|bot|q|a)[*_]{0,3} ?:[^\n]*", re.MULTILINE | re.IGNORECASE
)
SCREENPLAY = re.compile(r"^[ \t]*+[A-Z][A-Z0-9 .'()-]{1,30}\n(?=\S)(?:[^\n]+\n?){1,20}", re.MULTILINE)
QUOTED = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]{1,500}`|^[ \t]*+>[^\n]*|^(?: {4}|\t)[^\n]*"
    r'|(?<![\w"])"(?=[^\s"])(?:[^"\n]|\n(?!\n)){1,1500}(?:"|\n\n|\Z)'
    r"|“[^”]{1,1500}(?:”|\Z)|„[^“”\"]{1,1500}[“”\"]|«[^»]{1,1500}»|»[^«]{1,1500}«|「[^」]{1,800}」|『[^』]{1,800}』"
    r"|‹[^›]{1,800}›|(?<!\w)‘[^’]{1,800}’|‚[^‘’]{1,800}[‘’]|(?<!\w)'(?=[A-Z])[^'\n]{2,300}'(?!\w)|《[^》]{1,100}》",
    re.MULTILINE | re.DOTALL,
)
SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？\n।؟]")
SURNAME = re.compile(r" (?!(?:AI|Chat|Pro|Ultra|Sonnet|Opus|Haiku|Instant|Assistant|Bot|I)\b)[A-ZÀ-Ý][a-zà-ÿ]+")


@functools.cache
def claim_patterns(maker: bool) -> list[re.Pattern[str]]:
    """What claims a name, or a maker, that stands as SELF: the main languages' as one, then each further one's."""
    table, further = (MADE_CLAIMS, further_makers) if maker else (CLAIMS, further_names)
    main = [pattern for language in table.values() for pattern in language]
    return [_any(main), *(_any(further(language)) for language in FURTHER.values())]


@functools.cache
def boilerplate_patterns() -> list[re.Pattern[str]]:
    """What says "as an AI, I ...": the main languages' as one, then each further one's."""
    return [BOILERPLATE, *(_any(further_boilerplate(language)) for language in FURTHER.values())]


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
