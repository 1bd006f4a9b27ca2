"""Where running text breaks off: at a word that ends no sentence, or without the stop that its other sentences have."""

import re

from posttrain.data.conversation import Prompt
from posttrain.data.filters.unclosed import CLOSED_FENCE, FENCE, fence_is_open, is_unclosed
from posttrain.language import language_scores

READ = 20_000  # characters of a text that are looked at, from its end
STOPS = ".!?…。！？؟।॥۔．｡։።;~"
CLOSERS = "\"'”’»›)]}*_`」』）】》~"
COMMAS = ",،、，"
# Words that end no sentence, by language: articles, conjunctions, possessives, relative pronouns, prepositions.
DANGLING_WORDS = {
    "en": "the an and or but because of including include includes whose although whereas while unless if their my our "
    "your every than into onto with without from by at its as such toward towards upon between among during since "
    "via per not very which who whom whether these",
    "de": "und oder aber sondern denn weil dass obwohl während sowie als wenn damit der die den dem des ein eine einen "
    "einem eines einer kein keine keinen mein meine dein deine sein seine seinen seiner ihr ihre ihren ihrer unser "
    "unsere zum zur vom im am beim ins durch für von mit bei nach aus gegen ohne zwischen wegen deren dessen welche "
    "welcher welches sehr bzw z.b",
    "fr": "et ou où mais donc car le la les l un une des du de d à dans avec sans que qui quand qu "
    "dont lorsque puisque "
    "parce si comme aux au sur sous entre vers chez par pour mon ma mes ton ta tes son sa ses notre nos votre vos leur "
    "leurs ce cette ces est sont très afin",
    "es": "y e o u pero porque aunque cuando si como el los las la lo de del un una unos unas en con "
    "sin por para entre "
    "sobre desde hasta hacia que cuyo cuya su sus mi mis tu tus nuestro nuestra al a es son fue muy más se",
    "it": "e ed o ma perché quando se come il lo la i gli le di del dello della dei degli delle un uno una con senza "
    "per tra fra che cui nel nello nella nei nelle al allo alla ai alle dal dalla sul sulla in da a suo sua suoi mio "
    "mia tuo tua è sono molto",
    "pt": "e ou mas porque quando se como o os a as de do da dos das um uma uns umas em com sem por pelo pela para que "
    "no na nos nas ao aos à às entre sobre desde até cujo cuja seu sua seus suas meu minha nosso nossa é são foi muito",
    "nl": "en of maar want omdat dat als wanneer terwijl hoewel de het een van voor met zonder naar "
    "bij tussen door uit "
    "tot om te die wie mijn jouw zijn haar hun ons onze deze dit zeer is",
    "ru": "и а но или что чтобы когда если как который которая которое которые которых в во на к ко "
    "с со из от до для по "
    "за о об при без через между не его её их",
    "uk": "і й та а але або що щоб коли якщо як який яка яке які в у на до з із зі від для по за про при без через між "
    "не його її їх",
    "pl": "i a ale lub oraz że żeby gdy jeśli jak który która które których w we na do z ze od dla po za o przy bez "
    "przez między nie jego jej ich",
    "sv": "och eller men att som när om en ett den det de av för med från till på i vid utan mellan sin sitt sina min "
    "din är mycket",
    "da": "og eller men at som når hvis en et den det de af for med fra til på i ved uden mellem sin sit sine min din "
    "er meget",
    "no": "og eller men at som når hvis en et den det de av for med fra til på i ved uten mellom sin sitt sine min din "
    "er veldig",
    "tr": "ve veya ama çünkü için ile bir gibi kadar",
    "cs": "a ale nebo že aby když pokud jak který která které v ve na do z ze od pro po za o při bez přes mezi",
    "ro": "și sau dar că să când dacă care cu fără de din în la pe pentru un o ale al",
    "id": "dan atau tetapi karena yang di ke dari untuk dengan pada adalah",
}
DANGLING = {
    word: frozenset(code for code, words in DANGLING_WORDS.items() if word in words.split())
    for words in DANGLING_WORDS.values()
    for word in words.split()
}
# The same in text without spaces; not 为, 和, 由, 的, … which also end what may stand last (行为, 饱和, 自由, 是的).
CJK_OPEN = re.compile(
    r"(?:[，、把被与與或及]|以及|因为|因為|由于|由於|例如|比如|包括|但是|而且|并且|並且|或者|虽然|雖然|如果|转化为|轉化為|分为|分為|称为|稱為|"
    r"成为|成為|作为|作為|为了|為了|通过|透過|を|および|または|ならびに|例えば|そして)$"
)
# Closing words in these languages that a finished clause without its stop may well have: a verb's prefix, a pronoun.
SELDOM_WORDS = "ein an aus mit bei nach durch der die den sein als ihr im am ohne zur"
SELDOM = {"de": frozenset(SELDOM_WORDS.split())}
# English words that end a sentence only in some constructions (`COMPLETE`): prepositions, auxiliaries, "that".
WEAK_WORDS = (
    "to for in on about through over under after before around against that is are was were be been being has have had "
    "will would can could should must may might do does a what how where when why this more most other only also"
)
WEAK = frozenset(WEAK_WORDS.split())
PARTICLES_WORDS = "in on over through about around under before after this more most other only also"
PARTICLES = frozenset(PARTICLES_WORDS.split())
COMPLETE = re.compile(
    r"\b(?:what|which|who|whom|whose|where|how|that|to|than|as|so|neither|nor|ever|never|it|there|they|he|she|we|you|"
    r"i|don't|doesn't|didn't|isn't|wasn't|and)\b[^.,;!?]{0,60}$",
    re.IGNORECASE,
)
ENDS_IN_PREPOSITION = re.compile(
    r"\b(?:what|which|who|whom|where|how|that|to|be|been|is|are|was|were)\b[^.,;!?]*$", re.IGNORECASE
)
PREPOSITIONS_WORDS = "of with from by at into onto than without as toward towards upon between among if"
PREPOSITIONS = frozenset(PREPOSITIONS_WORDS.split())
COPULAS = frozenset(["est", "sont", "es", "son", "è", "sono", "é", "são", "fue", "foi", "er", "är", "zijn"])
ASKED_BEFORE = re.compile(
    r"\b(?:qui|que|quel\w*|où|comment|quién|qué|cómo|dónde|cuál|chi|che|cosa|dove|come|quem|onde|como|wie|waar|wat|"
    r"hvem|hvad|hva|hvor|vem|vad|var)\b",
    re.IGNORECASE,
)
PARTICLE_VERB = re.compile(
    r"\b(?:log|sign|come|go|turn|check|get|mov|hold|keep|put|tr[yi]|step|drop|break|giv|bring|carr|jump|tun|plug|fill|"
    r"zoom|liv|work|let|fit|join|thr[eo]w|pass|think|talk|car[ei]|start|end|tak|look|look|stop|settl|slip|wait|ask|pay|"
    r"rel|dream|worr|hear|know|tell|t[eo]ld|s[ae]y|writ)\w*(?: \w+)?$",
    re.IGNORECASE,
)
BEFORE_A = re.compile(
    r"\b(?:has|have|had|with|into|such|like|is|was|were|by|for|in|on|of|as|from|to|at|took|made|need|use|using|create|"
    r"and|or|become|makes|through)$"
)
FRAGMENT_ASKED = re.compile(
    r"complete the|finish the|incomplete|unfinished|cliffhanger|cliff-hanger|fill in|continue|next (?:word|line)|"
    r"fragment|first half|beginning of|opening|stop word|preposition|conjunction|article|repeat|copy|truncat|cut off|"
    r"extract|tokeni|vervollständig|ergänze|complète|completa|preencha|vul aan|последн|допиши|"
    r"(?:without|no|ohne|sans|sin|senza|sem|zonder) (?:any )?(?:punctuation|full stop|period|satzzeichen|ponctuation|"
    r"puntuación|punteggiatura|pontuação|leestekens)|remove (?:all |the )?punctuation|last word|letztes wort",
    re.IGNORECASE,
)
CASUAL_ASKED = re.compile(
    r"tweet|slogan|tagline|headline|title|caption|poe[mt]|lyric|song|haiku|verse|rap\b|rhyme|text message|\bsms\b|chat|"
    r"casual|informal|slang|lower ?case|hashtag|bio\b|button|label|translit|transcri|subtitle|gedicht|lied\b|titel|"
    r"poème|titre|poema|título|poesia|titolo|gedicht|bullet|outline|keywords|commit message|imperative",
    re.IGNORECASE,
)
LIST_MARK = re.compile(r"^\s*(?:(\d{1,3})[.)]|([-*•]))\s*(\**)\s*$")
LIST_ITEM = re.compile(r"^\s*(?:(\d{1,3})[.)]|([-*•]))\s+\S")
CODE_LIKE = re.compile(
    r"[{};=<>|\\$#]|\w\(|//|https?:|www\.|^\s*(?:def|class|import|from|return|for|if|else|while)\b.*:$"
)
SIGN_OFF = re.compile(
    r"let me know|hope|feel free|thank|good luck|enjoy|answer is|i'm sorry|have a |take care|cheers|regards|love|"
    r"sincerely|looking forward|yours|wishes|see you|grüße|liebe|viel (?:spaß|erfolg|glück)|cordial|atentamente|"
    r"saludos|bisous|amitiés|bon courage|abraç|baci\b|groet|suerte",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"(?:what|how|who|where|when|why|which|do|does|did|can|could|would|will|is|are|shall|should|have)\b.{0,60}$",
    re.IGNORECASE,
)
ASKING = re.compile(
    r"please|provide|send|share|paste|question|enter|text|\bbitte\b|follow(?:ing)? (?:line|link)", re.IGNORECASE
)
GERMAN = re.compile(r"\b(?:der|die|das|und|ist)\b")
SENTENCE_STOP = re.compile(
    r"(?<=[^\W\d_])(?<!\b[A-Za-z])(?<!Mr)(?<!Dr)(?<!Ms)(?<!St)(?<!Mrs)(?<!vs)(?<!etc)(?<!approx)(?<!bzw)"
    r"[\"'”’»)]{0,2}[.!?][\"'”’»)]{0,2}(?=\s+[\"'“«„¿¡(]?[^\W\d_a-zà-ÿа-я]|\s*$)|(?<=\d)[.!?](?=\s+[A-ZÀ-ÞА-Я])"
)


def breaks_off(reply: str, prompt: Prompt) -> bool:
    """Whether the reply, white space at its end removed, ends before its end."""
    if fence_is_open(reply):
        return not prompt.has(r"```[^`]*\Z")
    if FENCE.match(reply.rpartition("\n")[2]):
        return False
    prose = CLOSED_FENCE.sub("\n", reply[-READ:]) if "```" in reply or "~~~" in reply else reply[-READ:]
    if is_unclosed(reply[-READ:] if len(reply) > READ else reply):
        return not prompt.has(FRAGMENT_ASKED)
    lines = [line for line in prose.split("\n") if line.strip()]
    if not lines:
        return False
    if _item_is_missing(lines):
        return True
    last = lines[-1].strip()
    words = last.split()
    if last[-1] in STOPS or last.rstrip(CLOSERS)[-1:] in (*STOPS, "") or CODE_LIKE.search(last[-200:]):
        return False
    if len(words) < 5:
        return len("".join(lines)) >= 20 and bool(CJK_OPEN.search(last))
    found = any(rule(last, words, lines) for rule in (_dangles, _bracket_is_open)) or (
        _sentence_is_open(last, lines) and not prompt.has(CASUAL_ASKED)
    )
    return found and not prompt.has(FRAGMENT_ASKED)


def _item_is_missing(lines: list[str]) -> bool:
    """Whether the last line is a list mark and an earlier item has the mark before it."""
    mark = LIST_MARK.match(lines[-1])
    items = [item for item in map(LIST_ITEM.match, lines[-12:-1]) if item]
    if not mark or not items:
        return False
    if mark[1]:
        return any(item[1] and int(item[1]) == int(mark[1]) - 1 for item in items)
    return items[-1][2] == mark[2]


def _dangles(last: str, words: list[str], lines: list[str]) -> bool:
    """A comma, a colon, a hyphen or a word at the end that must go on."""
    letters = sum(map(str.isalpha, last))
    if letters < 0.6 * len(last):
        return False
    if last[-1] in COMMAS:
        return not SIGN_OFF.search(last[-60:]) and not (
            len(lines) > 3 and all(len(line.split()) < 10 for line in lines[-4:]) and len(words) < 8
        )
    if last[-1] in ":：":
        return not ASKING.search(last) and not last.startswith(("#", "*"))
    if last[-1] in "-–—" and len(words) >= 6:
        return words[-1][:-1].isalpha() or len(words[-1]) == 1
    word = words[-1].strip("(\"'“«„*_").lower()
    return (words[-1].islower() or word != words[-1]) and _ends_no_sentence(word, last, lines)


def _ends_no_sentence(word: str, last: str, lines: list[str]) -> bool:
    if word.endswith(("l'", "d'", "qu'", "l’", "d’", "qu’")):
        return True
    languages = set(DANGLING.get(word, ()))
    before = last.rpartition(" ")[0]
    sentence = SENTENCE_STOP.split(before)[-1]
    if word in PREPOSITIONS and ENDS_IN_PREPOSITION.search(sentence):
        languages.discard("en")
    if word in COPULAS and ASKED_BEFORE.search(sentence):
        return False
    if word in WEAK and _weak_word_dangles(word, before, sentence):
        languages.add("en")
    if not languages:
        return False
    scores = language_scores("\n".join(lines[-6:]))
    sure = {code: score for code, score in scores.items() if code in languages}
    if len(last) < 60 and not SENTENCE_STOP.search(last):
        sure = {code: score for code, score in sure.items() if word not in SELDOM.get(code, ())}
    return sum(sure.values()) > (0.4 if "en" in sure else 0.6)


def _weak_word_dangles(word: str, before: str, sentence: str) -> bool:
    """Whether an English word that may end a sentence cannot end this one."""
    if word == "a":  # an article only where a variable or an option cannot stand
        return bool(BEFORE_A.search(before))
    if word in PARTICLES and (PARTICLE_VERB.search(before) or len(sentence.split()) < 7):
        return False
    return not COMPLETE.search(sentence) or bool(
        re.search(r"\b(?:is|was) that (?:it|they|he|she|we|you|i)$", sentence, re.I)
    )


def _bracket_is_open(last: str, words: list[str], lines: list[str]) -> bool:
    """A bracket or quotation that the last line opens and leaves open, in a text long enough to be prose."""
    if len(words) < 8 or sum(map(str.isalpha, last)) < 0.6 * len(last):
        return False
    plain = re.sub(r"[:;=8]['-]?[()\[\]]", "", last)
    open_ = sum(plain.count(mark) for mark in "([“«") - sum(plain.count(mark) for mark in ")]”»")
    if open_ > 0 and not plain.startswith("“"):
        return True
    return (
        last.count('"') % 2 == 1
        and not re.search(r'\d"', last)
        and not last.startswith('"')
        and len(words) + 8 * len(lines) > 18
    )


def _sentence_is_open(last: str, lines: list[str]) -> bool:
    """Running prose whose sentences end properly, but for the last one, which has at least four words."""
    if LIST_ITEM.match(last) or last[0] in "#|>*-•" or not last[-1].isalpha():
        return False
    parts = [part.strip() for part in SENTENCE_STOP.split(last)]
    fragment = parts[-1].split()
    if not 4 <= len(fragment) <= 60 or SIGN_OFF.search(parts[-1]) or QUESTION.match(parts[-1]):
        return False
    earlier = [word for part in parts[:-1] for word in part.split()]
    if parts[-1][:1].islower() or sum(map(str.isalpha, parts[-1])) < 0.7 * len(parts[-1]):
        return False
    body = [line.strip() for line in lines[:-1] if len(line.split()) >= 6 and not LIST_ITEM.match(line)]
    if not all(line.rstrip(CLOSERS)[-1:] in (*STOPS, ":") for line in body):
        return False
    small = fragment[-1].islower() or bool(GERMAN.search(last))  # where nouns have capitals, one proves nothing
    if len(earlier) >= 4 and (small or len(parts) >= 3):
        return True
    stops = sum(len(SENTENCE_STOP.findall(line)) for line in body[-8:])
    return small and stops >= 3 and len(fragment) >= 6 and len("".join(lines)) >= 200
