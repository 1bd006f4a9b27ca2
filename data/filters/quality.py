"""Quality: replies that are empty, placeholders or cut off, and rows of an unwanted length.

Every rule prefers to pass a bad row over dropping a good one, and reads the prompt before it objects: "None" is a fine
answer to a question.
"""

import re
import unicodedata
from dataclasses import dataclass

from posttrain.data.conversation import Prompt, exchanges
from posttrain.data.filters import Finding, Row
from posttrain.data.filters.endings import breaks_off
from posttrain.data.filters.garbage import INVISIBLE
from posttrain.data.filters.repetition import REPETITION_ASKED
from posttrain.errors import UserError

READ = 20_000  # characters of a text that a rule looks at

FILLER_WORDS = (
    "n/a|#n/a|na|n.a|tbd|tba|tbc|todo|to do|to be done|to be added|to be completed|"
    "to be determined|fixme|xxx|xxxx|placeholder|no output|nooutput|no input|noinput|"
    "no response|no reply|no answer|no answer provided|no content|no text|no data|empty|blank|"
    "left blank|nil|null|none|nan|undefined|asdf|asdfasdf|lorem ipsum|insert answer|"
    "insert text here|insert answer here|your answer here|your answer|answer here|answer goes here|"
    "response goes here|text goes here|your response here|write your answer here|"
    "type your answer here|enter your answer here|add answer here|output goes here|coming soon|"
    "deleted|removed|redacted|output|response|k. a|k.a|keine angabe|keine ausgabe|sin respuesta|"
    "sin contenido|aucune réponse|pas de réponse|sem resposta|nessuna risposta|нет ответа|无输出|暂无|"
    "暂无内容|无内容|出力なし|回答なし|없음|antwort|réponse|respuesta|risposta|resposta|antwoord|ответ|sample text|"
    "dummy text|example text|some text here|text here|bla bla|bla bla bla|blah blah|blah blah blah|to be written|"
    "to be filled|to be filled in|to be provided|to be continued later|pending|work in progress|wip|keine antwort|"
    "antwort folgt|folgt|folgt noch|wird nachgereicht|wird noch ergänzt|noch auszufüllen|platzhalter|à compléter|"
    "à remplir|à venir|à définir|à faire|pendiente|por completar|por definir|por hacer|a completar|a definir|"
    "da completare|da definire|da fare|segnaposto|a ser definido|a ser preenchido|a preencher|nog in te vullen|"
    "nog te bepalen|volgt nog|geen antwoord|do uzupełnienia|brak odpowiedzi|нет ответа|заполнить|будет добавлено|"
    "ответ будет позже|待补充|待定|待填写|待完成|未定|未入力|記入予定|작성 예정|미정|추후 작성"
)
FILLERS = frozenset(FILLER_WORDS.split("|"))
# Fillers that are good answers to some questions: word → what in the prompt makes them one.
CODE_WORDS = r"code|print|output|return|value|variable|function|pointer|field|json|sql|java|python|program|type|keyword"
ANSWERS = {
    **dict.fromkeys(("null", "nil", "nan", "undefined"), CODE_WORDS),
    **dict.fromkeys(
        ("n/a", "na", "#n/a", "n.a", "tbd", "tba", "tbc"),
        r"\bn/?\.?a\b|not applicable|unknown|otherwise|"
        r"\bif (?:there|it|the|no|none|not|any)|stand for|abbreviat|acronym|symbol|sodium|excel|spreadsheet|"
        + CODE_WORDS,
    ),
    **dict.fromkeys(
        ("none", "empty", "blank", "no output", "no data", "없음"),
        r"\?|？|\bnone\b|which|any\b|empty|blank|"
        r"extract|identif|find|classif|detect|label|\bif\b|how many|opposite|synonym|antonym|" + CODE_WORDS,
    ),
    **dict.fromkeys(
        [
            "todo",
            "to do",
            "fixme",
            "xxx",
            "output",
            "response",
            "removed",
            "deleted",
            "redacted",
            "placeholder",
            "no response",
            "no answer",
            "no reply",
            *("antwort", "réponse", "respuesta", "risposta", "resposta", "antwoord", "ответ", "pending", "pendiente"),
            *("wip", "folgt", "待定", "未定", "미정"),
            *(
                "work in progress",
                "à faire",
                "à venir",
                "por hacer",
                "por definir",
                "à définir",
                "da fare",
                "da definire",
            ),
        ],
        r"\?|？|\bword\b|label|classif|synonym|antonym|tag|comment|if\b|status",
    ),
}
SLOT = re.compile(
    r"[\[<({]{1,3}\s*(?:please\s+)?(?:insert|enter|add|put|fill in|type|write|paste|your|the|model|assistant|bot|ai|"
    r"no|empty|blank|placeholder|todo|tbd|to be|answer|response|output|reply|text|content|completion|result|n/?a|"
    r"null|none)\b"
    r"[^\[\]<>(){}\n]{0,60}[\]>)}]{1,3}\.?",
    re.IGNORECASE,
)
ANSWER_SLOT = re.compile(
    r"[\[<{]{1,2}\s*(?:insert|enter|add|put|your|write|type)\s+(?:the\s+|your\s+|an?\s+)?(?:correct\s+|final\s+)?"
    r"(?:answer|response|output|reply|explanation|solution|text)(?:\s+(?:here|text))?\s*[\]>}]{1,2}",
    re.IGNORECASE,
)
# "Insert the answer here" in other languages, as verb + noun, noun + "here" or "your" + noun.
_NOUN = (
    r"antwort(?:text)?|ergebnis|lösung|réponses?|texte|résultat|respuestas?|texto|resultado|rispost[ae]|testo|"
    r"respostas?|antwoord(?:en)?|tekst|odpowied[źz]|svar|cevap|yanıt|ответ|текст|відповідь|"
    r"answer|response|reply|output|"
    r"text|story|explanation|solution|result"
)
_VERB = (
    r"(?:hier )?(?:einfügen|eintragen|eingeben|einsetzen|ergänzen)|insér(?:er|ez)|saisi(?:r|ssez)|écri(?:re|vez)|"
    r"inserte|insert(?:ar|a)|escrib[ae]|introduzca|ponga|inserisci|inserire|scrivi|insira|inserir|escreva|digite|"
    r"(?:hier )?invullen|invoegen|vul|wstaw|wpisz|infoga|indsæt|buraya|вставьте|вставить|введите|напишите|вставте|"
    r"insert|enter|add|write|type|paste|put"
)
_HERE = r"hier(?:her|hin)?|ici|aquí|acá|qui|aqui|tutaj|här|her|buraya|здесь|сюда|тут|here"
_YOUR = r"ihre?|deine?|meine?|votre|ta|ton|su|tu|tua|sua|la tua|la sua|jouw|uw|ваш|твой|ваша|your"
FOREIGN_SLOT = re.compile(
    rf"\b(?:(?:{_VERB})\b[^\n]{{0,30}}\b(?:{_NOUN})|(?:{_NOUN})\b[^\n]{{0,20}}\b(?:{_VERB}|{_HERE})|"
    rf"(?:{_HERE})\b[^\n]{{0,30}}\b(?:{_NOUN})|(?:{_YOUR}) (?:{_NOUN}))\b|"
    r"(?:在此|在这里|此处|请|这里)?(?:填写|输入|插入)(?:你的|您的)?(?:答案|回答|回复|内容)|(?:答案|回答|回复)(?:在此|写在这里)|"
    r""
    r"(?:ここに|こちらに).{0,6}(?:回答|答え|入力|記入|テキスト)|(?:여기에).{0,6}(?:답변|답|입력|텍스트)|أدخل.{0,12}(?:الإجابة|"
    r"هنا)|"
    r"(?:यहाँ|यहां).{0,12}(?:उत्तर|जवाब)",
    re.IGNORECASE,
)
BRACKETED = re.compile(r"[\[<({【（«#_*%$]{1,4}\s*([^\[\]<>{}\n]{2,90}?)\s*[\]>)}】）»#_*%$]{1,4}[.:]?")
VARIABLE = re.compile(
    r"(?:\$?\{\{?|<%=?|%%?|\$|__|<\|?)\s*\w{0,20}(?:answer|response|reply|completion|output|"
    r"content|assistant|endoftext|"
    r"eos|pad|unk)\w{0,20}\s*(?:\}\}?|%>|%%?|\$|__|\|?>)",
    re.IGNORECASE,
)
LOREM = re.compile(r"\W{0,9}(?:[^\n.]{0,60}[:\n]\s{0,4})?lorem ipsum\b(?! (?:is|was|ist|est|es|è|é)\b)", re.IGNORECASE)
LOREM_ASKED = r"lorem|dummy|filler|placeholder|blindtext|platzhalter|faux[- ]texte|relleno|riempitivo|mock|sample|html"
TEMPLATE_ASKED = re.compile(
    r"template|placeholder|html|\btags?\b|form\b|fill[- ]in|skeleton|format|todo|to-do", re.IGNORECASE
)
SIGN_ASKED = re.compile(
    r"symbol|operator|punctuation|character|\bsigns?\b|emoji|\bmarks?\b|zeichen|signe|signo|simbol|symbole|ascii|"
    r"delimiter|"
    r"separator|bracket|print|output|regex|morse|draw|знак|символ|符号|記号|标点|기호|\?\s*$|fill|blank|missing",
    re.IGNORECASE,
)


@dataclass
class EmptyOrCut:
    """Drops rows with a reply that says nothing (`empty`), stands for one (`placeholder`) or breaks off (`cut`).

    A reply is `cut` where its end shows it: an open code fence, formula, bracket, tag, table row or JSON value, a
    comma, a word that ends no sentence, a list number without its item, or a last sentence without the stop that those
    before it have.
    """

    stateful = False

    def __call__(self, row: Row) -> Finding | None:
        for before, reply in exchanges(row):
            prompt = Prompt(before)
            if _is_empty(reply, prompt):
                return Finding("empty", repr(reply[:40]))
            if _is_placeholder(reply, prompt):
                return Finding("placeholder", reply.strip()[:80])
            if breaks_off(reply.rstrip(), prompt):
                return Finding("cut", reply.rstrip()[-120:])
        return None


def _is_empty(reply: str, prompt: Prompt) -> bool:
    marks = INVISIBLE.sub("", reply[:READ])
    if not marks:
        return not INVISIBLE.sub("", reply)
    if len(marks) > 40 or any(unicodedata.category(mark)[0] in "LNSM" for mark in marks):
        return False
    if marks in ("[]", "{}", "()", '""', "''"):  # what a program prints
        return False
    if len(marks) > 3:
        return not (prompt.has(r"morse|ascii|draw|pattern|regex|brainf") or prompt.has(REPETITION_ASKED))
    return marks in ("...", "…", "-", "--", "—", ".") or not prompt.has(SIGN_ASKED)


def _is_placeholder(reply: str, prompt: Prompt) -> bool:
    text = reply.strip()
    if LOREM.match(text):
        return not prompt.has(LOREM_ASKED)
    if len(text) > 200:
        return False
    word = " ".join(text.casefold().strip(" \t\r\n.!:;*_`\"'[](){}<>-–—…【】（）。#?").split())
    if word in FILLERS:
        bracketed = text[0] in "[<({"
        sensible = ANSWERS.get(word)
        return not (sensible and prompt.has(sensible)) and not (bracketed and prompt.has(TEMPLATE_ASKED))
    if re.fullmatch(r"x{3,20}|(?:asdf|qwer(?:ty)?|jkl|test ?|bla+h?[ ,]*)+", word):
        return not prompt.has(REPETITION_ASKED) and not prompt.has(r"\?|keyboard|word|roman")
    if _is_slot(text):
        return not prompt.has(TEMPLATE_ASKED) and not prompt.has(r"translat|übersetz|tradu[ciz]|vertaal|перевед|翻译")
    todo = re.match(r"(?:TODO|FIXME|TBD|TBA)\b\s*(?:[:\-–]|$)", text)
    return bool(todo) and "\n" not in text and not prompt.has(r"todo|to-do|comment")


def _is_slot(text: str) -> bool:
    """Whether the text is, or holds, the bracketed request to put an answer there."""
    if SLOT.fullmatch(text) or VARIABLE.fullmatch(text) or ANSWER_SLOT.search(text):
        return True
    inner = BRACKETED.search(text)
    if inner and FOREIGN_SLOT.search(inner[1]):
        return len(inner[0]) > 0.3 * len(text)
    return len(text) < 60 and bool(re.fullmatch(rf"(?:{FOREIGN_SLOT.pattern})[^\n]{{0,12}}[.…]*", text, re.IGNORECASE))


# --- length ----------------------------------------------------------------------------------------------------------


@dataclass
class Length:
    """Drops rows that are too long or too short: `too_long`, `too_short`, `too_many_turns`.

    `max_tokens` is held against the row's `tokens` (the whole row in the model's tokens, counted before filters run); a
    row without that column passes it. The character limits hold for every reply, surrounding white space not counted.
    Turns are user and assistant messages, the system message not counted.
    """

    max_tokens: int | None = None
    min_reply_chars: int = 1
    max_reply_chars: int | None = None
    max_turns: int | None = None
    stateful = False

    def __post_init__(self) -> None:
        for key, least in (("max_tokens", 1), ("min_reply_chars", 0), ("max_reply_chars", 1), ("max_turns", 1)):
            value = getattr(self, key)
            if value is None and key != "min_reply_chars":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise UserError(f"length: {key} must be a whole number of at least {least}, not {value!r}")
        if self.max_reply_chars is not None and self.max_reply_chars < self.min_reply_chars:
            raise UserError(
                f"length: max_reply_chars={self.max_reply_chars} is below min_reply_chars={self.min_reply_chars}; "
                "no reply could pass"
            )

    def __call__(self, row: Row) -> Finding | None:
        tokens = row.get("tokens")
        if self.max_tokens is not None and isinstance(tokens, int) and tokens > self.max_tokens:
            return Finding("too_long", f"{tokens} tokens")
        turns = _count_turns(row)
        if self.max_turns is not None and turns > self.max_turns:
            return Finding("too_many_turns", f"{turns} turns")
        for reply in (reply.strip() for _, reply in exchanges(row)):
            if len(reply) < self.min_reply_chars:
                return Finding("too_short", reply)
            if self.max_reply_chars is not None and len(reply) > self.max_reply_chars:
                return Finding("too_long", f"{len(reply)} characters: {reply[:80]}")
        return None


def _count_turns(row: Row) -> int:
    """User and assistant messages along the row's longest path; of a preference only one of the two replies."""
    path = [*(row.get("prompt") or ()), *(row.get("messages") or ()), *(row.get("chosen") or ())]
    return sum(message["role"] != "system" for message in path)
