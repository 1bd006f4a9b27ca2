"""Repetition: replies that have degenerated into saying one thing over and over, or into garbage.

Every rule prefers to pass a bad row over dropping a good one, and reads the prompt before it objects: a line a hundred
times over is what "write it a hundred times" asks for.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from posttrain.data.conversation import Prompt, exchanges
from posttrain.data.filters import Finding, Row
from posttrain.data.filters.garbage import (
    find_bytes,
    find_entities,
    find_mixed_scripts,
    find_mojibake,
    find_symbols,
)
from posttrain.data.filters.unclosed import CLOSED_FENCE
from posttrain.mash import find_mash

READ = 20_000  # characters of a text that a rule looks at; loops and garbage longer than that show within them

_NUMBER = (
    r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|"
    r"hundred|thousand|dozens?|several|many|multiple|few|couple of|\w+teen|\w+ty(?:-\w+)?|zehn|zwanzig|dreißig|\w+zig|"
    r"\w*hundert|\w*tausend|\w+zehn|zwei|drei|vier|fünf|sechs|sieben|acht|neun|dix|douze|quinze|"
    r"doce|quince|doze|quindici|dodici|vingt|trente|quarante|cinquante|cent|"
    r"mille|cinq|six|sept|huit|neuf|diez|veinte|treinta|cuarenta|cincuenta|cien|mil|cinco|seis|siete|ocho|nueve|dieci|"
    r"venti|trenta|quaranta|cinquanta|cento|cinque|sei|sette|otto|nove|dez|vinte|cinquenta|cem|tien|twintig|\w+tig|"
    r"honderd|vijf|zes|zeven|acht|negen|десять|двадцать|сто|пять|двести|\w+надцать|\w+десят|dziesięć|dwadzieścia|sto|"
    r"tio|tjugo|hundra|yirmi|yüz|on|beş|muchas|viele|plusieurs|molte|muitas|veel)"
)
REPETITION_ASKED = re.compile(
    r"\brepeat|repetit|again and again|over and over|\bnon-?stop\b|\bendless|\bforever\b|until i (?:say|tell)|"
    rf"\b{_NUMBER}[ -]?(?:separate |consecutive |whole )?times\b(?! (?:as|more|larger|the size|"
    rf"bigger|smaller|per|a day))|"
    r"\b(?:write|say|print|type|output|give|show|display|copy|list)\b[^.\n]{0,120}?\b(?:\w+ ){0,1}times\b"
    r"(?! (?:as|more|the|a|per|in|larger|that))|"
    rf"\b{_NUMBER}[ -]?(?:mal|fois|veces|vezes|volte|keer|maal|gånger|ganger|gange|raz[yi]?|"
    rf"раз(?:а|ів|и)?|kez|kere|defa|"
    r"krát|kertaa|lần|kali|ori|φορές|פעמים|مرات|مرة|बार|ครั้ง)\b|"
    rf"\b{_NUMBER}(?: \w+){{0,2}} (?:dash|hyphen|star|asterisk|zero|one|char|letter|symbol|sign|equal|underscore|dot|"
    r"period|emoji|exclamation|question mark|cop(?:y|ies)|repeats|strich|bindestrich|stern|"
    r"zeichen|buchstabe|null|punkt|"
    r"tiret|étoile|caract|lettre|point|zéro|gui[oó]n|asterisco|estrella|letra|cero|tra[çt]|trattin|streep|streepje|"
    r"ster|punt|дефис|тире|звезд|звёзд|символ|нул|точ[ек])|"
    rf"\b{_NUMBER}(?: (?:lots?|rows?|lines?) of)? ?(?:the )?(?:words?|letters?|phrases?|sentences?)?:? ?[\"'“‘«„`]|"
    r"\b(?:a|one|the|eine|une|una|uma|een) (?:\w+ ){0,2}(?:line|row|string|wall|page|run|zeile|reihe|linie|ligne|suite|"
    r"línea|fila|linha|riga|fila|regel|rij) (?:of|aus|von|mit|de|di|van|met|made)\b|"
    r"\d+ ?x\b|\bx ?\d+|wiederhol|\bmal (?:hinter|schreib|aus)|répèt|répét|repit|repet|ripet|herhaal|herhal|upprepa|"
    r"gjenta|gentag|powtórz|powtarza|opakuj|tekrar|toista|lặp|ulangi|επαν[αά]λ|повтор|重复|重複|遍|繰り返|反复|反復|"
    r"[\d一二三四五六七八九十百千]+ ?(?:次|回|個|个)|\d+ ?회|반복|번 |\bloop|chant\b|mantra|ascii|pattern|\bdna\b|"
    r"\brna\b|"
    r"nucleotide|binary|genome|spam\b|scream|laugh|onomatop|\bdraw\b|tongue twister|separator|divider|horizontal line|"
    r"trennlinie|random (?:string|letters|characters)|palindrom|stutter|yes.man|filler|stress "
    r"test|elongat|drawn[- ]out|"
    r"punish|strafarbeit|buffalo|dots?\b.{0,20}\bonly|only\b.{0,20}\bthe (?:word|letter)|nothing but|nichts als",
    re.IGNORECASE,
)
VERSE_ASKED = re.compile(
    r"\bsong|lyric|chorus|refrain|poe[mt]|rhyme|\brap\b|hymn|ballad|haiku|villanelle|pantoum|verse|lullaby|carol|"
    r"liturg|"
    r"prayer|lied\b|gedicht|chanson|poème|canción|poema|canzone|poesia|песн|стих|歌|诗|詩|노래|시를",
    re.IGNORECASE,
)
BLOB_ASKED = re.compile(
    r"base64|base 64|encod|decod|encrypt|decrypt|cipher|hash|\bkey\b|certificate|token|image|random|signature|pgp|"
    r"jwt|uuid|"
    r"password|binary|hex|protein|amino|sequence|string|svg|\bdata:",
    re.IGNORECASE,
)
ART_ASKED = re.compile(
    r"ascii|\bart\b|draw|diagram|chart|emoji|symbol|emoticon|pattern|pyramid|triangle|board|maze|grid|regex|brainf|"
    r"morse|"
    r"table|equation|formula|calculate|solve|\d\s*[-+*/×÷=]|convert|encode|cipher|unicode|punctuat|plot|map|sudoku|"
    r"matrix",
    re.IGNORECASE,
)
ENCODING_ASKED = re.compile(
    r"mojibake|encoding|utf-?8|unicode|latin-?1|cp-?125|iso-?8859|charset|garbled|kodierung", re.IGNORECASE
)
HTML_ASKED = re.compile(
    r"html|xml|\bweb\b|\btags?\b|entit|escap|website|browser|css|react|\bjs\b|markup", re.IGNORECASE
)
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
TOKEN = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])[^\W_])+(?:['’][^\W_]+)?")
ASCII_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)?")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|[。！？।\n]+")
LINE_MARK = re.compile(r"^[\s>*•#-]*(?:\d{1,3}[.):]\s*|[a-z][.)]\s+)?")
LETTER_RUN = re.compile(r"([^\W\d_])\1{29,}|([!?.,;:)(])\2{59,}|(\d)\3{119,}")
DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)
MASH_ASKED = re.compile(
    r"random|password|passwort|contraseña|mot de passe|\bstring|cipher|encrypt|encod|decod|"
    r"\bkey|gibberish|kauderwelsch|"
    r"keyboard|tastatur|nonsense|typing|acronym|abbreviat|\bdna\b|protein|amino|sequence|licen[cs]e|consonant|letters|"
    r"captcha|anagram|scrambl|caesar|rot-?13|vigen|token|language|übersetz|translat|transliter|klingon|elvish|alien|"
    r"lovecraft|cthulhu|\bcode|shorthand|vowels|welsh|polish|czech|slov|croat|serb|hex|unscrambl",
    re.IGNORECASE,
)
ANSWER_KEY_ASKED = re.compile(
    r"classif|label|true or false|true/false|yes or no|sentiment|for each|each of|quiz|answer key|grade|rate|tag |"
    r"categor|which of the following|correct or|spam|jede[rsn]?\b|chaque|cada|^\s*\d+[.)]\s.+\n\s*\d+[.)]",
    re.IGNORECASE | re.MULTILINE,
)
NUMBERS_ASKED = re.compile(
    r"array|list of|zeros|matrix|vector|binary|sequence|random|decimal|digits|expan|series|table|data|csv|\bones\b",
    re.IGNORECASE,
)
SYLLABLES_WORDS = (
    "ha haha he hehe hi ho la na ja jaja ah oh no yes bla blah beep boop tick tock ring knock "
    "kk rs woof meow very really "
    "so da di du dum ra hip go boom bang that had buffalo"
)
SYLLABLES = frozenset(SYLLABLES_WORDS.split())
FUNCTION_WORDS_WORDS = (
    "the and of to a an in is are was with for from or as at by der die das und ist ein mit für von le la les et de du "
    "des un une est el los y en que una il di e è o os um uma het een van"
)
FUNCTION_WORDS = frozenset(FUNCTION_WORDS_WORDS.split())
NUMBER_OR_SIGN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d]+|[^\w\s]")
STEP = re.compile(
    r"^[\s>*•#(-]*(?:(?:step|day|point|item|schritt|tag|étape|paso|passo|stap|шаг)\s)?\d{1,3}\s?[.):]\**\s*", re.I
)
DEFINITION = re.compile(
    r"\s*(?:(?:async |export |public |private |static |final )*(?:def|function|func|fn|class|"
    r"void|int|const|let|var)\s+\w|"
    r"CREATE |#include|import |from \w)"
)


@dataclass
class Repetition:
    """Drops rows with a reply that has degenerated into repetition or garbage.

    After Gopher's rules (Rae et al. 2021, 2112.11446, table A1), which were set for web pages: the shares are raised
    and need a least count, since short replies repeat a phrase for good reason. Reasons: `loop` (a unit of 1–80 words
    over and over, or one character, number, equation, line or function), `repeated_lines` (whole lines, sentences or
    list items, 30 % of the text), `repeated_ngrams` (5-grams, 65 % of the words), `mojibake` (text decoded wrongly,
    U+FFFD), `symbols` (control characters, base64, hexadecimal, HTML entities, letters struck at random, few letters).
    Code blocks are looked at for loops alone, tables not at all; a prompt that asks for repetition allows it, one that
    asks for verse allows refrains. Texts without spaces count by characters.
    """

    stateful = False

    def __call__(self, row: Row) -> Finding | None:
        for before, reply in exchanges(row):
            prompt = Prompt(before)
            text = _running_text(reply)
            if (excerpt := _find_code_loop(reply)) and not prompt.has(REPETITION_ASKED):
                return Finding("loop", excerpt[:120])
            for reason, rule, excused in RULES:
                if (excerpt := rule(text)) and not any(prompt.has(pattern) for pattern in excused):
                    if reason in STRICTER and prompt.has(VERSE_ASKED) and not STRICTER[reason](text):
                        continue
                    return Finding(reason, excerpt[:120])
        return None


def _running_text(reply: str) -> str:
    """The reply without code blocks and table rows; the first and last part of a very long one."""
    text = reply if len(reply) <= READ else reply[: READ // 2] + "\n" + reply[-READ // 2 :]
    if "```" in text or "~~~" in text:
        text = CLOSED_FENCE.sub("\n", text)
    if "[asy]" in text:
        text = DRAWING.sub("\n", text)
    if "|" in text:
        text = "\n".join(line for line in text.split("\n") if line.count("|") < 2)
    return text


@lru_cache(maxsize=2)
def _tokens(text: str) -> list[str]:
    """Words in lower case, and single characters of scripts without spaces; not to be changed by the caller."""
    return (ASCII_TOKEN if text.isascii() else TOKEN).findall(text.lower())


def _find_loop(text: str, stretch: float = 1.0) -> str:
    """The unit that is said over and over without a break, or "".

    `stretch` multiplies the repeats that are borne. Found by the distance to the last occurrence of each trigram, which
    is constant within a loop.
    """
    if run := LETTER_RUN.search(text):
        return run[0][:20]
    tokens = _tokens(text)
    if len(tokens) < 8:
        return ""
    trigrams = list(zip(tokens, tokens[1:], tokens[2:], strict=False))
    if len(trigrams) - len(set(trigrams)) < 4:
        return ""
    seen: dict[tuple[str, ...], int] = {}
    distance = length = 0
    for at, trigram in enumerate(trigrams):
        step = at - seen.get(trigram, -10_000)
        length, distance = (length + 1, distance) if step == distance else (1, step)
        seen[trigram] = at
        if step <= 80 and _is_loop(tokens, at, step, length, stretch):
            return " ".join(tokens[at : at + step])
    return ""


def _is_loop(tokens: list[str], at: int, period: int, length: int, stretch: float) -> bool:
    """Whether `length` trigrams up to `at`, each `period` after its like, make enough repeats to be a loop."""
    covered = length + period + 2
    unit = tokens[at : at + period]
    wide = sum(len(token) == 1 and token >= "\u0e00" for token in unit)
    least = (
        _least_of_one(unit[0]) if period == 1 else 6 if period == 2 else 5 if period <= 8 else 4 if period < 20 else 3
    )
    if wide > period / 2:
        least = 30 if period == 1 else 12 if period == 2 else 8 if period <= 4 else 5 if period < 40 else 4
    if covered < least * stretch * period or (covered < 10 and period > 1):
        return False
    if not any(token[0].isalpha() and (len(token) > 1 or wide) for token in unit) and period > 1:
        return False
    if not any(token[0].isalpha() for token in unit):
        return False
    at_the_end = at + 1 >= len(tokens) - period
    return covered >= 0.2 * len(tokens) or covered >= (24 if at_the_end else 60)


def _least_of_one(word: str) -> int:
    """How often one word must follow on itself to be a loop."""
    return 7 if word in FUNCTION_WORDS else 16 if word in SYLLABLES or len(word) < 2 else 12


def _find_line_loop(text: str) -> str:
    """Eight short lines one like the other, their numbers aside, or lines that go round in circles, or ""."""
    lines = [STEP.sub("", line, count=1).strip().lower() for line in text.split("\n") if line.strip()]
    if len(lines) < 8:
        return ""
    for period in (1, 2, 3, 4):
        length = 0
        for at in range(period, len(lines)):
            alike = lines[at] == lines[at - period] and any(map(str.isalpha, lines[at]))
            length = length + 1 if alike else 0
            if length + period >= max(8, 5 * period) and length + period >= 0.2 * len(lines):
                return " / ".join(lines[at - period + 1 : at + 1])
    return ""


def _find_repeated_items(text: str) -> str:
    """The commonest item of a numbered or bulleted list, two words and more, where 40 % of the items are copies."""
    items = [
        STEP.sub("", line, count=1).strip(" \t*-•.").lower()
        for line in text.split("\n")
        if STEP.match(line) or line.lstrip()[:2] in ("- ", "* ", "• ")
    ]
    counts = Counter(item for item in items if " " in item or (item and item[0] >= "\u0e00" and len(item) > 4))
    copies = sum(number - 1 for number in counts.values())
    if len(items) < 5 or copies < 3 or copies < 0.4 * len(items):
        return ""
    return counts.most_common(1)[0][0]


def _find_number_loop(text: str) -> str:
    """An equation or a number of several digits over and over ("= 42 = 42 = 42"), or ""."""
    counts = Counter(re.findall(r"\d+", text[:6000]))
    if not counts or max(counts.values()) < 6:
        return ""
    parts = NUMBER_OR_SIGN.findall(text[:6000])
    last: dict[str, int] = {}
    period = length = 0
    for at, part in enumerate(parts):
        step = at - last.get(part, -10_000)
        length, period = (length + 1, period) if step == period else (1, step)
        last[part] = at
        repeats = (length + period) // period
        if repeats >= 6 and repeats * period >= 12 and _is_number_loop(parts[at - period + 1 : at + 1], repeats):
            return " ".join(parts[at - period + 1 : at + 1])
    return ""


def _is_number_loop(unit: list[str], repeats: int) -> bool:
    numbers = [part for part in unit if part[0].isdigit()]
    if not numbers or len(numbers) + sum(not part[0].isalnum() for part in unit) < 0.6 * len(unit):
        return False
    if "=" in unit or "≈" in unit or "→" in unit:
        return True
    return repeats >= 12 and all(len(number) > 1 for number in numbers)


def _find_code_loop(reply: str) -> str:
    """A definition, or lines of a code block, over and over in a row, or ""."""
    if "```" not in reply and "\n    " not in reply and "\n\t" not in reply and "def " not in reply:
        return ""
    lines = [
        line.strip() for line in reply[:READ].split("\n") if line.strip() and not line.lstrip().startswith(("#", "//"))
    ]
    if len(lines) < 4:
        return ""
    last: dict[str, int] = {}
    period = length = 0
    for at, line in enumerate(lines):
        step = at - last.get(line, -10_000)
        length, period = (length + 1, period) if step == period else (1, step)
        last[line] = at
        if period > 60 or length < 2 * period or line[0] == "<":
            continue
        unit = lines[at - period + 1 : at + 1]
        repeats = (length + period) // period
        defined = any(map(DEFINITION.match, unit)) and len("".join(unit)) >= 15
        least = 3 if defined and period > 1 else 4 if defined else 6
        if repeats >= least and (defined or (period > 1 and len(set(unit)) > 1 and _is_statement(unit))):
            return " / ".join(unit)
    return ""


def _is_statement(unit: list[str]) -> bool:
    """Code of some length, not the rows of data or markup that a program repeats by right."""
    text = "".join(unit)
    return len(text) >= 30 and "<" not in text and "|" not in text and sum(map(str.isalpha, text)) > 0.4 * len(text)


def _find_repeated_lines(text: str, share: float = 0.3) -> str:
    """The line or sentence said most often, where copies make `share` of the text, or ""."""
    if len(text) < 60:
        return ""
    units = [
        LINE_MARK.sub("", STEP.sub("", unit, count=1), count=1).strip().lower() for unit in SENTENCE_END.split(text)
    ]
    counts = Counter(unit for unit in units if _is_sentence(unit))
    surplus = {unit: number - 1 for unit, number in counts.items() if number > 1}
    copies = sum(surplus.values())
    characters = sum(len(unit) * number for unit, number in surplus.items())
    many = copies >= (3 if characters >= 60 else 5) or characters >= 250
    if many and characters >= share * sum(map(len, units)):
        return max(surplus, key=lambda unit: surplus[unit])
    return ""


def _is_sentence(unit: str) -> bool:
    """Long enough to be said once: "Yes." and "}" are no repetition."""
    words = unit.count(" ") + 1
    if unit[:1] == "[" and not any(map(str.isalpha, unit)):  # a row of a matrix
        return False
    return words >= 4 or (words <= 2 and len(unit) >= 8 and unit[0] >= "\u0e00")


def _find_repeated_ngrams(text: str, share: float = 0.65) -> str:
    """The commonest 5-gram (10 characters without spaces), where repeats cover `share` of the words, or ""."""
    tokens = _tokens(text)[:3000]
    if len(tokens) < 60:
        return ""
    wide = sum(len(token) == 1 and token >= "\u0e00" for token in tokens) > 0.5 * len(tokens)
    if not wide and len(set(tokens)) > 0.45 * len(tokens):
        return ""
    size = 10 if wide else 5
    counts: Counter[tuple[str, ...]] = Counter()
    repeated = bytearray(len(tokens))
    for at in range(len(tokens) - size + 1):
        gram = tuple(tokens[at : at + size])
        counts[gram] += 1
        if counts[gram] > 1 and any(token[0].isalpha() for token in gram):
            repeated[at : at + size] = b"\x01" * size
    few_words = not wide and 80 <= len(tokens) <= 1000 and _distinct_words(tokens) < 0.1
    if sum(repeated) >= share * len(tokens) or few_words:
        return " ".join(counts.most_common(1)[0][0])
    return ""


def _distinct_words(tokens: list[str]) -> float:
    """Share of different words among all; 1 for a text mostly of numbers and single letters, which repeat by nature."""
    words = [token for token in tokens if len(token) > 1 and token.isalpha()]
    return len(set(words)) / len(words) if len(words) > 0.7 * len(tokens) else 1.0


# (reason, rule, what in the prompt excuses it)
RULES: tuple[tuple[str, Callable[[str], str], tuple["re.Pattern[str]", ...]], ...] = (
    ("mojibake", find_mojibake, (ENCODING_ASKED,)),
    ("loop", _find_loop, (REPETITION_ASKED,)),
    ("loop", _find_number_loop, (REPETITION_ASKED, NUMBERS_ASKED)),
    ("repeated_lines", _find_repeated_lines, (REPETITION_ASKED,)),
    ("repeated_lines", _find_repeated_items, (REPETITION_ASKED, ANSWER_KEY_ASKED, VERSE_ASKED)),
    ("loop", _find_line_loop, (REPETITION_ASKED, ANSWER_KEY_ASKED, VERSE_ASKED, NUMBERS_ASKED)),
    ("repeated_ngrams", _find_repeated_ngrams, (REPETITION_ASKED,)),
    ("symbols", find_symbols, (ART_ASKED, REPETITION_ASKED)),
    ("symbols", find_bytes, (BLOB_ASKED,)),
    ("symbols", find_mash, (MASH_ASKED,)),
    ("symbols", find_mixed_scripts, (MASH_ASKED, ENCODING_ASKED)),
    ("symbols", find_entities, (HTML_ASKED,)),
)
# What must hold of verse besides, where refrains belong.
STRICTER: dict[str, Callable[[str], str]] = {
    "loop": lambda text: _find_loop(text, 2.5),
    "repeated_lines": lambda text: _find_repeated_lines(text, 0.7),
    "repeated_ngrams": lambda text: _find_repeated_ngrams(text, 0.9),
}
