"""The 25 families of IFEval (Zhou et al. 2023, 2311.07911): pure functions of (reply, kwargs).

They agree with the official checks except where those are broken; docs/instruction_following.md has every difference.
`check` looks the family up, makes sure of the kwargs and never passes a blank reply: here both are taken for granted.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from posttrain.language import identify_language, language_code, related
from posttrain.reward.instructions.text import STOP_WORDS, sentences_of, tokens_of, words_of

Kwargs = dict[str, Any]
Check = Callable[[str, Kwargs], bool]
CHOICES = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
SHORT_ENGLISH = STOP_WORDS | {"yes", "ok", "okay", "maybe", "hello", "hi", "thanks", "thank", "please", "sorry"}


def compare(count: int, relation: str, number: int) -> bool:
    """Whether a count stands in a relation to a number; IFEval knows the first two."""
    match relation:
        case "less than":
            return count < number
        case "at least":
            return count >= number
        case "at most":
            return count <= number
        case "more than":
            return count > number
        case "around":  # within a tenth, as in RLVR-IFeval
            return abs(count - number) <= max(round(0.1 * number), 1)
        case _:  # exactly
            return count == number


RELATIONS = ("less than", "at least", "at most", "more than", "around", "exactly")


def _is_in(text: str, code: str) -> bool:
    """Whether the text is in the language, or in one that the detector takes it for; not where nothing can be told."""
    found = identify_language(text)
    return found is not None and found[0] in related(code)


def _is_english(text: str) -> bool:
    """English; in eight words and fewer, where the detector may err, also what has a third of common English words.

    Up to three words in ASCII letters of which nothing can be told are taken for English too: "blue".
    """
    if _is_in(text, "en"):
        return True
    words = re.findall(r"[^\W\d_]+(?:'[a-z]+)?", text.lower())
    if not words or not text.isascii() or len(words) > 8:
        return False
    untold = len(words) <= 3 and identify_language(text) is None and all(re.search("[aeiouy]", word) for word in words)
    return untold or 3 * sum(word in SHORT_ENGLISH for word in words) >= len(words)


def response_language(text: str, kwargs: Kwargs) -> bool:
    """The reply is in `language`."""
    code = language_code(kwargs["language"]) or ""
    return _is_english(text) if code == "en" else _is_in(text, code)


def number_sentences(text: str, kwargs: Kwargs) -> bool:
    """Punkt's number of sentences is in `relation` to `num_sentences`."""
    return compare(len(sentences_of(text)), kwargs["relation"], kwargs["num_sentences"])


def number_placeholders(text: str, kwargs: Kwargs) -> bool:
    """At least `num_placeholders` stretches of a line stand in square brackets."""
    return sum(map(_count_brackets, text.split("\n"))) >= kwargs["num_placeholders"]


def _count_brackets(line: str) -> int:
    """`[…]` in a line, each from the first opening bracket to the next closing one; linear in any line."""
    count, at = 0, 0
    while (opened := line.find("[", at)) >= 0 and (closed := line.find("]", opened)) >= 0:
        count, at = count + 1, closed + 1
    return count


def number_bullet_lists(text: str, kwargs: Kwargs) -> bool:
    """Exactly `num_bullets` lines begin with `-`, or with one `*` that is no second one's neighbour."""
    stars = re.findall(r"^[^\S\n]*\*[^*].*$", text, flags=re.MULTILINE)
    dashes = re.findall(r"^[^\S\n]*-.*$", text, flags=re.MULTILINE)
    return len(stars) + len(dashes) == kwargs["num_bullets"]


def constrained_response(text: str, kwargs: Kwargs) -> bool:
    """One of the three answers that IFEval offers is in the reply."""
    return any(choice in text for choice in CHOICES)


def number_highlighted_sections(text: str, kwargs: Kwargs) -> bool:
    """At least `num_highlights` stretches of a line stand between asterisks or between double ones."""
    single = re.findall(r"\*[^\n*]*\*", text)
    double = re.findall(r"\*\*[^\n*]*\*\*", text)
    filled = [part for part in single if part.strip("*").strip()]
    filled += [part for part in double if part.removeprefix("**").removesuffix("**").strip()]
    return len(filled) >= kwargs["num_highlights"]


def multiple_sections(text: str, kwargs: Kwargs) -> bool:
    """`section_spliter` and a number occur at least `num_sections` times."""
    marker = re.escape(kwargs["section_spliter"].strip())
    return len(re.findall(rf"{marker}\s?\d+", text)) >= kwargs["num_sections"]


def number_paragraphs(text: str, kwargs: Kwargs) -> bool:
    """`***` divides the reply into `num_paragraphs` paragraphs; only the outermost may be blank and do not count."""
    parts = re.split(r"\s?\*\*\*\s?", text)
    if any(not part.strip() for part in parts[1:-1]):
        return False
    return sum(bool(part.strip()) for part in parts) == kwargs["num_paragraphs"]


def postscript(text: str, kwargs: Kwargs) -> bool:
    """`postscript_marker` is somewhere in the reply, in any case; P.S. and P.P.S may be spaced."""
    marker = kwargs["postscript_marker"].strip()
    spaced = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
    return re.search(spaced.get(marker) or re.escape(marker.lower()), text.lower()) is not None


def keywords_existence(text: str, kwargs: Kwargs) -> bool:
    """Each of the `keywords` is in the reply, in any case and also inside of words."""
    return all(_count(keyword, text) for keyword in kwargs["keywords"])


def keyword_frequency(text: str, kwargs: Kwargs) -> bool:
    """The number of times that `keyword` occurs, also inside of words, is in `relation` to `frequency`."""
    return compare(_count(kwargs["keyword"].strip(), text), kwargs["relation"], kwargs["frequency"])


def _count(keyword: str, text: str) -> int:
    return len(re.findall(re.escape(keyword), text, flags=re.IGNORECASE))


def number_words(text: str, kwargs: Kwargs) -> bool:
    r"""The number of words (`\w+`) is in `relation` to `num_words`."""
    return compare(len(words_of(text)), kwargs["relation"], kwargs["num_words"])


def json_format(text: str, kwargs: Kwargs) -> bool:
    """The reply, without a code fence around it, is JSON."""
    text = text.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def nth_paragraph_first_word(text: str, kwargs: Kwargs) -> bool:
    """Blank lines divide the reply into `num_paragraphs`, and number `nth_paragraph` begins with `first_word`."""
    paragraphs = text.split("\n\n")
    filled, nth = sum(bool(part.strip()) for part in paragraphs), kwargs["nth_paragraph"]
    if filled != kwargs["num_paragraphs"] or nth > filled:
        return False
    words = paragraphs[nth - 1].split()
    if not words:
        return False
    first = re.split(r"[.,?!'\"]", words[0].lstrip("'").lstrip('"'))[0]
    return first.lower() == kwargs["first_word"].lower()


def forbidden_words(text: str, kwargs: Kwargs) -> bool:
    """None of the `forbidden_words` is in the reply as a whole word, in any case."""
    return not any(re.search(whole_word(word), text, flags=re.IGNORECASE) for word in kwargs["forbidden_words"])


def whole_word(word: str) -> str:
    r"""A pattern of a word that stands by itself: `\b` where it begins and ends in letters or digits."""
    left = r"\b" if re.match(r"\w", word) else ""
    right = r"\b" if re.search(r"\w\Z", word) else ""
    return left + re.escape(word) + right


def two_responses(text: str, kwargs: Kwargs) -> bool:
    """`******` divides the reply into two different answers; only the outermost parts may be blank."""
    parts = text.split("******")
    if any(not part.strip() for part in parts[1:-1]):
        return False
    answers = [part.strip() for part in parts if part.strip()]
    return len(answers) == 2 and answers[0] != answers[1]


def repeat_prompt(text: str, kwargs: Kwargs) -> bool:
    """The reply begins with `prompt_to_repeat`, in any case."""
    return text.strip().lower().startswith(kwargs["prompt_to_repeat"].strip().lower())


def end_checker(text: str, kwargs: Kwargs) -> bool:
    """The reply ends with `end_phrase`, in any case; quotation marks after it do not count."""
    return text.strip().strip('"').lower().endswith(kwargs["end_phrase"].strip().lower())


def title(text: str, kwargs: Kwargs) -> bool:
    """A line has a title in `<<double angular brackets>>`."""
    for line in text.split("\n"):
        opened, closed = line.find("<<"), line.rfind(">>")
        if 0 <= opened < closed - 2 and line[opened : closed + 2].lstrip("<").rstrip(">").strip():
            return True
    return False


def letter_frequency(text: str, kwargs: Kwargs) -> bool:
    """The number of times that `letter` occurs, in any case, is in `let_relation` to `let_frequency`."""
    return compare(text.lower().count(kwargs["letter"].lower()), kwargs["let_relation"], kwargs["let_frequency"])


def english_capital(text: str, kwargs: Kwargs) -> bool:
    """The reply is in English, all letters capitals."""
    return text.isupper() and _is_english(text)


def english_lowercase(text: str, kwargs: Kwargs) -> bool:
    """The reply is in English, all letters small."""
    return text.islower() and _is_english(text)


def no_comma(text: str, kwargs: Kwargs) -> bool:
    """There is no comma."""
    return "," not in text


def capital_word_frequency(text: str, kwargs: Kwargs) -> bool:
    """The number of words in capitals, hyphenated ones as one, is in `capital_relation` to `capital_frequency`."""
    capitals = sum(token.isupper() for token in tokens_of(text))
    return compare(capitals, kwargs["capital_relation"], kwargs["capital_frequency"])


def quotation(text: str, kwargs: Kwargs) -> bool:
    """The whole reply stands in double quotation marks."""
    text = text.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'


# id: (check, {keyword argument: its kind, of `arguments.KINDS`})
IFEVAL: dict[str, tuple[Check, dict[str, str]]] = {
    "change_case:capital_word_frequency": (
        capital_word_frequency,
        {"capital_frequency": "count", "capital_relation": "relation"},
    ),
    "change_case:english_capital": (english_capital, {}),
    "change_case:english_lowercase": (english_lowercase, {}),
    "combination:repeat_prompt": (repeat_prompt, {"prompt_to_repeat": "text"}),
    "combination:two_responses": (two_responses, {}),
    "detectable_content:number_placeholders": (number_placeholders, {"num_placeholders": "count"}),
    "detectable_content:postscript": (postscript, {"postscript_marker": "text"}),
    "detectable_format:constrained_response": (constrained_response, {}),
    "detectable_format:json_format": (json_format, {}),
    "detectable_format:multiple_sections": (multiple_sections, {"section_spliter": "text", "num_sections": "count"}),
    "detectable_format:number_bullet_lists": (number_bullet_lists, {"num_bullets": "count"}),
    "detectable_format:number_highlighted_sections": (number_highlighted_sections, {"num_highlights": "count"}),
    "detectable_format:title": (title, {}),
    "keywords:existence": (keywords_existence, {"keywords": "texts"}),
    "keywords:forbidden_words": (forbidden_words, {"forbidden_words": "texts"}),
    "keywords:frequency": (keyword_frequency, {"keyword": "text", "frequency": "count", "relation": "relation"}),
    "keywords:letter_frequency": (
        letter_frequency,
        {"letter": "letter", "let_frequency": "count", "let_relation": "relation"},
    ),
    "language:response_language": (response_language, {"language": "language"}),
    "length_constraints:nth_paragraph_first_word": (
        nth_paragraph_first_word,
        {"num_paragraphs": "position", "nth_paragraph": "position", "first_word": "text"},
    ),
    "length_constraints:number_paragraphs": (number_paragraphs, {"num_paragraphs": "count"}),
    "length_constraints:number_sentences": (number_sentences, {"num_sentences": "count", "relation": "relation"}),
    "length_constraints:number_words": (number_words, {"num_words": "count", "relation": "relation"}),
    "punctuation:no_comma": (no_comma, {}),
    "startend:end_checker": (end_checker, {"end_phrase": "text"}),
    "startend:quotation": (quotation, {}),
}
