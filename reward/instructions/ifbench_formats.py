"""IFBench's families (2507.02833) about form, and its tasks with one right form each."""

import csv
import io
import re
import unicodedata
from collections import deque
from itertools import pairwise

from posttrain.reward.instructions.ifeval import Check, Kwargs
from posttrain.reward.instructions.text import (
    PUNCTUATION,
    WITHOUT_PUNCTUATION,
    bare_words,
    core,
    is_emoji,
    ruled_sentences,
    tokens_of,
)

PAIRS = {")": "(", "]": "[", "}": "{"}
_CAPITALS = (
    "Reykjavik Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin Amsterdam Warsaw "
    "London Brussels Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz Chisinau Bern Ljubljana Zagreb"
)
CAPITALS = _CAPITALS.split()
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def punctuation(text: str, kwargs: Kwargs) -> bool:
    """Every one of `. , ! ? ; :` occurs, and beside them an interrobang: `!?`, `?!` or `‽`."""
    if not any(mark in text for mark in ("!?", "?!", "‽")):
        return False
    rest = text.replace("?!", "", 1)
    if rest == text:
        rest = text.replace("!?", "", 1)
    return all(mark in rest for mark in ".,!?;:")


def parentheses(text: str, kwargs: Kwargs) -> bool:
    """Brackets of any kind are nested five deep, and closed again by one at least."""
    opened, deepest = [], 0
    for character in text:
        if character in "([{":
            opened.append(character)
            deepest = max(deepest, len(opened))
        elif character in PAIRS and opened and opened[-1] == PAIRS[character]:
            opened.pop()
            if deepest >= 5:
                return True
        elif character in PAIRS:
            opened, deepest = [], 0
    return False


def quotes(text: str, kwargs: Kwargs) -> bool:
    """Quotations, in single and double marks by turns, are nested three deep and closed again."""
    opened: list[str] = []
    deepest = 0
    for character in text:
        if opened and character == opened[-1]:
            opened.pop()
            if deepest - len(opened) >= 3:
                return True
        elif character in "\"'":
            opened.append(character)
            deepest = max(deepest, len(opened))
    return False


def options(text: str, kwargs: Kwargs) -> bool:
    """The reply is one of `options`, which `/`, "or" or commas divide; of a), b), c) with its mark and nothing else."""
    offered = kwargs["options"]
    divider = next((mark for mark in ("/", "or") if mark in offered), ",")
    choices = [choice.strip() for choice in offered.split(divider)]
    if re.match(r"\W*[aA]\W*[bB]\W*[cC]\W*", offered):
        return text in choices
    return core(text).lower() in [core(choice).lower() for choice in choices]


def newline(text: str, kwargs: Kwargs) -> bool:
    """Every word stands on a line of its own."""
    text = text.translate(WITHOUT_PUNCTUATION).strip()
    return len([line for line in text.split("\n") if line]) == len(text.split())


def emoji(text: str, kwargs: Kwargs) -> bool:
    """Every sentence ends in an emoji, or an emoji follows its full stop."""
    sentences = [sentence.translate(WITHOUT_PUNCTUATION).strip() for sentence in ruled_sentences(text)]
    for sentence, following in zip(sentences, [*sentences[1:], ""], strict=True):
        if not sentence or not (any(map(is_emoji, sentence[-2:])) or (following and is_emoji(following[0]))):
            return False
    return True


def line_indent(text: str, kwargs: Kwargs) -> bool:
    """Each line is indented further than the one before it."""
    indents = [len(line) - len(line.lstrip(" ")) for line in _without_blank(text.split("\n"))]
    return all(first < second for first, second in pairwise(indents))


def _without_blank(lines: list[str]) -> list[str]:
    """As officially: `lines.remove(line)` for each blank line within a loop over the lines.

    Each removal makes the loop step over the next line, so of two blank lines in a row one remains; and what goes is
    the first of the lines that equal the blank one.
    """
    kept = [True] * len(lines)
    stepped_over: dict[str, deque[int]] = {}
    at = 0
    while at < len(lines):
        if lines[at].strip():
            at += 1
            continue
        equal = stepped_over.setdefault(lines[at], deque())
        equal.append(at)
        kept[equal.popleft()] = False
        if at + 1 < len(lines) and not lines[at + 1].strip():
            stepped_over.setdefault(lines[at + 1], deque()).append(at + 1)
        at += 2
    return [line for line, keep in zip(lines, kept, strict=True) if keep]


def quote_unquote(text: str, kwargs: Kwargs) -> bool:
    """No quotation stands next to another or at the very end: words of one's own follow each."""
    text = "".join(text.replace("“", '"').replace("”", '"').replace("'\"'", "").split())
    rest = text.strip("0123456789" + PUNCTUATION.replace('"', ""))
    return '""' not in text and bool(rest) and rest[-1] != '"'


def special_list(text: str, kwargs: Kwargs) -> bool:
    """The mark `sep` occurs twice at least."""
    return text.count(kwargs["sep"]) >= 2


def thesis(text: str, kwargs: Kwargs) -> bool:
    """A thesis stands in `<i>` or `<em>`, and text follows it."""
    opened = re.search(r"<i>", text) or re.search(r"<em>", text)
    if not opened:
        return False
    inside, closed, after = text[opened.end() :].partition(opened[0].replace("<", "</"))
    return bool(closed and inside.strip() and after.strip())


def sub_bullets(text: str, kwargs: Kwargs) -> bool:
    """Every bullet `*` has a sub-bullet `-` (or a hyphen) before the next one."""
    return all("-" in bullet for bullet in text.split("*")[1:])


def no_bullets_bullets(text: str, kwargs: Kwargs) -> bool:
    """Two sentences or more, then two bullets `*` or more and nothing else, not even a blank line between them."""
    lines = [line.strip() for line in text.split("\n")]
    first = next((at for at, line in enumerate(lines) if line.startswith("*")), len(lines))
    before, bullets = lines[:first], lines[first:]
    # As officially: a blank line ends the sentences.
    ended = next((at for at, line in enumerate(before) if not ruled_sentences(line)), None)
    if ended is not None and ended != len(before) - 1:
        return False
    sentences = sum(len(ruled_sentences(line)) for line in before)
    return sentences >= 2 and len(bullets) >= 2 and all(line.startswith("*") for line in bullets)


def title_case(text: str, kwargs: Kwargs) -> bool:
    """No word of two letters and more begins small, and none goes on in capitals after a small letter."""
    return not any(token[0].islower() and (token[1:].isupper() or token[1:].islower()) for token in tokens_of(text))


def output_template(text: str, kwargs: Kwargs) -> bool:
    """All three headings of the template are there."""
    return all(heading in text for heading in ("My Answer:", "My Conclusion:", "Future Outlook:"))


def no_whitespace(text: str, kwargs: Kwargs) -> bool:
    """There is no white space."""
    return not any(map(str.isspace, text))


def multiples(text: str, kwargs: Kwargs) -> bool:
    """The numbers in the reply are the multiples of 7 from 14 to 49, in order."""
    return re.findall(r"\d+", text) == [str(number) for number in range(14, 51, 7)]


def mcq_count_length(text: str, kwargs: Kwargs) -> bool:
    """Four questions "Question N" with five options A–E each, each question longer than the one before it."""
    if not text.startswith("Question"):
        return False
    questions = [part.strip() for part in re.split(r"Question \d+[.|):;]?\s*", text) if part.strip()]
    lengths = list(map(_question_length, questions))
    return len(questions) == 4 and -1 not in lengths and all(first < second for first, second in pairwise(lengths))


def _question_length(question: str) -> int:
    """Characters of a question before its options A–E; -1 where it has not five of them."""
    lines = [line.strip() for line in question.split("\n")]
    option = [re.match(r"[A-Ea-e][.|)]\s*\w", line) is not None for line in lines]
    if sum(option) != 5:
        return -1
    return len(" ".join(lines[: option.index(True)]).strip())


def _ascii(text: str) -> str:
    """The text without accents, and without all that ASCII has not."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def reverse_newline(text: str, kwargs: Kwargs) -> bool:
    """From the line with Zimbabwe on, 52 lines or more in reverse alphabetical order."""
    lines = [stripped for line in text.split("\n") if (stripped := core(line))]
    start = next((at for at, line in enumerate(lines) if "Zimbabwe" in line), len(lines))
    countries = list(map(_ascii, lines[start:]))
    return len(countries) >= 52 and countries == sorted(countries, reverse=True)


def word_reverse(text: str, kwargs: Kwargs) -> bool:
    """Read from the last word to the first, the reply is one sentence about the bald eagle."""
    backwards = " ".join(reversed(bare_words(text.lower().strip())))
    return "bald eagle" in backwards and backwards in ruled_sentences(backwards)


def character_reverse(text: str, kwargs: Kwargs) -> bool:
    """The reply has "bald eagle" spelled backwards."""
    return "elgae dlab" in text.lower()


def sentence_alphabet(text: str, kwargs: Kwargs) -> bool:
    """26 sentences, that begin with a, b, c, … to z."""
    first = [sentence[:1].lower() for sentence in ruled_sentences(text)]
    return "".join(first) == "abcdefghijklmnopqrstuvwxyz"


def european_capitals_sort(text: str, kwargs: Kwargs) -> bool:
    """The capitals above 45° N, commas between them, from north to south."""
    return [part.strip() for part in _ascii(text).split(",") if part.strip()] == CAPITALS


def _table(text: str, delimiter: str = ",") -> list[list[str]]:
    """Rows of a CSV text; empty where it is none."""
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        return []


def csv_city(text: str, kwargs: Kwargs) -> bool:
    """A CSV table of the five named columns and seven rows."""
    header, *rows = _table(text) or [[]]
    return header == ["ID", "Country", "City", "Year", "Count"] and [len(row) for row in rows] == [5] * 7


def _header(names: list[str], divider: str) -> re.Pattern[str]:
    return re.compile(divider.join(rf'(?:{name}|"{name}")' for name in names))


PRODUCT_HEADER = _header(["ProductID", "Category", "Brand", "Price", "Stock"], r",[ \t]*")
STUDENT_HEADER = _header(["StudentID", "Subject", "Grade", "Semester", "Score"], r"\t *")


def csv_special_character(text: str, kwargs: Kwargs) -> bool:
    """A CSV table of the five named columns and fourteen rows, a quoted field of which has a special character."""
    if not PRODUCT_HEADER.fullmatch(text.split("\n")[0].strip()):
        return False
    rows = _table(text.replace('"', '"""'))[1:]  # so that the marks remain in the fields
    if len(rows) != 14:
        return False
    for row in rows:  # as officially: rows after the special character are not looked at
        if len(row) != 5:
            return False
        if any(map(_quotes_sign, row)):
            return True
    return False


def _quotes_sign(field: str) -> bool:
    """Whether a field begins with a double quotation mark and has a sign before a later one, on its first line."""
    line = field.split("\n")[0]
    return line.startswith('"') and re.search(r"[^\w\s]", line[1 : max(1, line.rfind('"'))]) is not None


def csv_quotes(text: str, kwargs: Kwargs) -> bool:
    """A table of the five named columns and three rows, divided by tabs, every field in double quotation marks."""
    if not STUDENT_HEADER.fullmatch(text.split("\n")[0].strip()):
        return False
    rows = _table(text.replace('"', '"""'), delimiter="\t")
    fields = [field.strip() for row in rows for field in row]
    quoted = all(field[:1] == '"' == field[-1:] for field in fields)
    return [len(row) for row in rows] == [5] * 4 and quoted


def date_format_list(text: str, kwargs: Kwargs) -> bool:
    """Dates YYYY-MM-DD of the years 1769 to 1821 with commas between them, and nothing else."""
    return all(map(_is_date, text.strip().split(",")))


def _is_date(text: str) -> bool:
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text.strip())
    if not match:
        return False
    year, month, day = map(int, match.groups())
    return 1769 <= year <= 1821 and 1 <= month <= 12 and 1 <= day <= LONGEST_MONTHS[month - 1]


FORMAT_FAMILIES: dict[str, tuple[Check, dict[str, str]]] = {
    "count:punctuation": (punctuation, {}),
    "custom:character_reverse": (character_reverse, {}),
    "custom:csv_city": (csv_city, {}),
    "custom:csv_quotes": (csv_quotes, {}),
    "custom:csv_special_character": (csv_special_character, {}),
    "custom:date_format_list": (date_format_list, {}),
    "custom:european_capitals_sort": (european_capitals_sort, {}),
    "custom:mcq_count_length": (mcq_count_length, {}),
    "custom:multiples": (multiples, {}),
    "custom:reverse_newline": (reverse_newline, {}),
    "custom:sentence_alphabet": (sentence_alphabet, {}),
    "custom:word_reverse": (word_reverse, {}),
    "format:emoji": (emoji, {}),
    "format:line_indent": (line_indent, {}),
    "format:list": (special_list, {"sep": "text"}),
    "format:newline": (newline, {}),
    "format:no_bullets_bullets": (no_bullets_bullets, {}),
    "format:no_whitespace": (no_whitespace, {}),
    "format:options": (options, {"options": "text"}),
    "format:output_template": (output_template, {}),
    "format:parentheses": (parentheses, {}),
    "format:quote_unquote": (quote_unquote, {}),
    "format:quotes": (quotes, {}),
    "format:sub-bullets": (sub_bullets, {}),
    "format:thesis": (thesis, {}),
    "format:title_case": (title_case, {}),
}
