"""Replies that satisfy verifiers without answering: filler, copies, word lists, gibberish. A gate for the reward only.

No model is asked. The rules look at repetition, at what is left when everything that the instructions dictate is
taken out, at the share of small words, at the language detector's confidence, and, where the prompt is known, at
copies of it and at words in common with it. Right words in a senseless order pass, and so do small words alone in
another language than English: that takes a model. Every rule prefers to let a bad reply pass over refusing a good
one.
"""

import re
from collections.abc import Callable, Sequence

from posttrain.language import identify_language
from posttrain.mash import find_mash
from posttrain.prose import running_text
from posttrain.reward.instructions.arguments import Instruction
from posttrain.reward.instructions.ifbench_words import NAMES
from posttrain.reward.instructions.text import STOP_WORDS
from posttrain.reward.repetition import UNSPACED, repeated_share

REPEATED = 0.5  # share of the reply
WINDOW, FEWEST = 100, 30  # words in which so many different ones are the least that a text has
STUFFED = 0.45  # share of words that are asked for as keywords
# Families whose obedient replies are no running prose of the policy's own: what they exempt from.
VERBATIM = ("repeat:",)
ODD_WORDS = (
    "custom:", "repeat:", "format:newline", "format:no_whitespace", "format:options", "count:words_japanese",
    "count:keywords_multiple", "count:person_names", "ratio:stop_words", "ratio:overlap", "words:",
    "own:max_word_length", "own:acrostic_lines", "own:words_per_line",
)  # fmt: skip
GIVEN = ("combination:repeat_prompt", "count:person_names", "words:palindrome")
UNRELATED = (
    "custom:", "repeat:", "language:", "keywords:forbidden_words", "keywords:letter_frequency", "words:vowel",
)  # fmt: skip
SHORT = (
    "custom:", "repeat:", "format:options", "detectable_format:constrained_response", "format:no_whitespace",
)  # fmt: skip
_LOREM = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor incididunt labore dolore magna aliqua "
    "enim minim veniam quis nostrud exercitation ullamco laboris nisi aliquip commodo consequat"
)
LOREM = frozenset(_LOREM.split())
# A request for a text and not for a word, and one to work on a text that the prompt holds.
COMPOSE = re.compile(
    r"\b(?:(?:write|compose|create|draft|generate|give|make|need|prepare|produce)\b(?:[^\w.?!\n]+\w+){0,4}?[^\w.?!\n]+"
    r"(?:story|essays?|poems?|letter|e-?mail|blog|article|speech|report|review|paragraphs?|summary|itinerary|song|"
    r"rap|limerick|column|leaflet|newsletter|talk|proposal|dialogue|script|post|resume|explanation|introduction|"
    r"guide)|(?:explain|describe|summari[sz]e|discuss|elaborate|tell (?:me|us) about)\b)|"
    r"\b(?:schreib|verfass|erklär|écri[srv]|rédige|expliqu|escrib|redact|explica|scriv|spieg|napisz|wyjaśnij|escrev)",
    re.IGNORECASE,
)
BRIEF = re.compile(
    r"\b(?:(?:one|single|two|three|four|five|few|\d)[ -](?:word|sentence)|brief|concise|short answer|in short|"
    r"fewer than|less than|no more than|at most|kurz|bref|breve)",
    re.IGNORECASE,
)
REWORK = re.compile(
    r"\b(?:re-?write|edit|proof-?read|correct|paraphrase|rephrase|revise|fix|repeat|copy|format|convert|capitali[sz]e|"
    r"sort|extract|quote|list|transcribe|translate|transform|turn|change|make|improve|complete|continue|classify|"
    r"short it|shorten|simplify|reword|restate|condense|summari[sz]e|expand|output|correggi|korrigier|corrige)",
    re.IGNORECASE,
)
# What follows these words of a request is what it is about.
ABOUT = re.compile(r"\b(?:about|regarding|concerning|on the (?:topic|subject) of)((?:\W+\w+){1,6})", re.IGNORECASE)
# Words of instructions, which say nothing of what a reply should be about.
_ABOUT_FORM = (
    "above answer answers appear around article asterisk begin bullet bullets capital character characters comma "
    "commas constraint contain contains content double element elements ending english entire every exactly exact "
    "example exclude finish first following follow format generate give given have highlight include including "
    "instruction instructions json keyword keywords language last least less letter letters line lines list "
    "lowercase make mark markdown marks mention more must number numbers only output paragraph paragraphs phrase "
    "placeholder placeholders please point points postscript provide question questions quotation quote reply "
    "request requested requirement respond response sample second section sections sentence sentences should show "
    "single start starting symbol tell text than third times title topic uppercase using without word words wrap "
    "wrapped write written"
)
ABOUT_FORM = frozenset(_ABOUT_FORM.split())
MARKS = "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0dff"  # belong to the letter before
WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{MARKS}])*(?:['’][^\W\d_]+)?")


def find_degeneracy(reply: str, prompt: str | None, instructions: Sequence[Instruction]) -> str:
    """Why a reply is no answer, in one word, or "" where nothing is found.

    empty · letters (words of one letter) · symbols · repeated · dictated (nothing but what the instructions dictate) ·
    filler (lorem ipsum) · gibberish · words (a list of words, or of small words only) · and with the prompt: copied ·
    short (a few words where a text was asked for) · unrelated (a longer text without one of the prompt's words).
    """
    families = [one.id for one in instructions]
    if any(family.startswith(VERBATIM) for family in families):
        return "" if re.search(r"\w", reply) else "empty"
    own = _without_dictated(reply, instructions)
    if prompt is not None and (reason := _against_prompt(reply, own, prompt, families)):
        return reason
    rules: tuple[tuple[str, Callable[[str, Sequence[str]], bool]], ...] = (
        ("empty", _is_empty),
        ("repeated", _is_repetitive),
        ("letters", _has_single_letters),
        ("symbols", _has_symbols),
        ("filler", _is_filler),
        ("gibberish", _is_gibberish),
        ("words", _lists_words),
    )
    if reason := next((reason for reason, holds in rules if holds(reply, families)), ""):
        return reason
    return "dictated" if _is_dictated(reply, own, families) else ""


def _exempt(families: Sequence[str], prefixes: Sequence[str]) -> bool:
    return any(family.startswith(tuple(prefixes)) for family in families)


def _without_dictated(reply: str, instructions: Sequence[Instruction]) -> str:
    """The reply without what its instructions give word for word: a request, keywords, an end phrase, markers."""
    for one in instructions:
        request = one.kwargs.get("prompt_to_repeat", "").strip()
        if request and reply.strip().lower().startswith(request.lower()):
            reply = reply.strip()[len(request) :]
    if any(one.id == "words:palindrome" for one in instructions):
        reply = WORD.sub(lambda word: " " if _is_palindrome(word[0].lower()) else word[0], reply)
    given = [text for one in instructions for text in _dictated(one)]
    given = sorted({text.strip() for text in given if text.strip()}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, given)), " ", reply, flags=re.IGNORECASE) if given else reply


def _is_palindrome(word: str) -> bool:
    return len(word) > 4 and word == word[::-1]


def _dictated(one: Instruction) -> list[str]:
    """What an instruction gives word for word, in its keyword arguments or, of two families, by its nature."""
    names = ("keyword", "end_phrase", "postscript_marker", "section_spliter", "sep", "first_word")
    given = [value for key, value in one.kwargs.items() if key.startswith(names) and isinstance(value, str)]
    match one.id:
        case "sentence:keyword":
            given.append(one.kwargs["word"])
        case "count:person_names":
            given += NAMES
    return given + one.kwargs.get("keywords", [])


def _is_dictated(reply: str, own: str, families: Sequence[str]) -> bool:
    """Whether nothing is the policy's own, or nearly half of the words are the keywords that were asked for."""
    if _exempt(families, SHORT):
        return False
    words = _words(reply)
    given = len(words) - len(_words(own))
    stuffed = len(words) >= 10 and given > STUFFED * len(words) and not _exempt(families, GIVEN)
    return stuffed or _is_empty(own, families)


def _words(text: str) -> list[str]:
    """Words in small letters; two characters of a script without spaces count as one."""
    spaced = [word.lower() for word in WORD.findall(re.sub(f"[{UNSPACED}]", " ", text))]
    return spaced + re.findall(f"[{UNSPACED}]{{1,2}}", text)


def _is_empty(text: str, families: Sequence[str]) -> bool:
    return re.search(r"[^\W_]", text) is None


def _is_repetitive(text: str, families: Sequence[str]) -> bool:
    """Loops and echoes, one sentence over and over, or a handful of words at length."""
    if repeated_share(text) > REPEATED:
        return True
    sentences = [part.strip().lower() for part in re.split(r"[.!?\n]+", text) if part.count(" ") >= 2]
    if len(sentences) >= 4 and len(set(sentences)) <= len(sentences) / 4:
        return True
    if re.search(r"[\\$=|]", text):  # formulas, tables and code have few words by nature
        return False
    words = WORD.findall(text.lower())
    counts = [len(set(words[at : at + WINDOW])) for at in range(0, len(words) - WINDOW + 1, WINDOW)]
    return bool(counts) and max(counts) < FEWEST


def _has_single_letters(text: str, families: Sequence[str]) -> bool:
    """Six words and more, four of five of which have one letter or two; not in mathematics, notes or code."""
    words = WORD.findall(text)
    short = sum(len(word) <= 2 for word in words)
    if len(words) < 6 or short <= 0.8 * len(words) or re.search(rf"[{UNSPACED}\\$=|^]", text):
        return False
    return sum(map(str.isdigit, text)) < 0.1 * len(text)


def _has_symbols(text: str, families: Sequence[str]) -> bool:
    """Letters and digits are less than a third of what is no ruled line."""
    marks = re.sub(r"[\s|_-]", "", text)
    return len(marks) >= 12 and sum(map(str.isalnum, marks)) < 0.35 * len(marks)


def _is_filler(text: str, families: Sequence[str]) -> bool:
    words = _words(text)
    dummies = [word for word in words if word in LOREM]
    return len(set(dummies)) >= 5 and len(dummies) >= 0.3 * len(words)


def _is_gibberish(text: str, families: Sequence[str]) -> bool:
    """Letters struck at random, or twenty and more words in which no language can be told with any confidence."""
    if find_mash(text):
        return True
    prose = running_text(text)
    if _exempt(families, ODD_WORDS) or prose.count(" ") < 19:
        return False
    found = identify_language(text)
    return found is None or found[1] < 0.2


def _lists_words(text: str, families: Sequence[str]) -> bool:
    """English of thirty words and more that has hardly a small word, or hardly another."""
    words = _words(text)
    if len(words) < 30 or _exempt(families, ODD_WORDS) or (identify_language(text) or ("", 0.0))[0] != "en":
        return False
    small = sum(word.replace("’", "'") in STOP_WORDS for word in words) / len(words)
    return small > 0.85 or (small < 0.08 and _runs_on(text))


def _runs_on(text: str) -> bool:
    """Whether a text is no list or table: more than twelve words to a line, and to a comma."""
    breaks = sum(bool(line.strip()) for line in text.split("\n")) + len(re.findall("[,;|/]", text))
    return len(_words(text)) > 12 * max(breaks, 1)


def _against_prompt(reply: str, own: str, prompt: str, families: Sequence[str]) -> str:
    """copied, short or unrelated, or ""; own: what the policy wrote by itself."""
    words, asked = _words(own), _words(prompt)
    if _is_copy(words, asked, bool(REWORK.search(prompt))) and not _exempt(families, ("ratio:overlap",)):
        return "copied"
    if len(words) < 6 and COMPOSE.search(prompt) and not BRIEF.search(prompt) and not _exempt(families, SHORT):
        return "short"
    return "unrelated" if _is_unrelated(_words(reply), prompt, families) else ""


def _is_copy(words: list[str], asked: list[str], rework: bool) -> bool:
    """Whether nearly all of a reply's runs of four words are the prompt's.

    Where the prompt has a text to work on, that alone is no copy: the reply begins with the request or has all of it.
    """
    if len(words) >= 3 and words == asked[: len(words)] and not rework:
        return True
    reply, prompt = _runs(words), _runs(asked)
    if len(words) < 8 or not prompt or len(reply & prompt) <= 0.8 * len(reply):
        return False
    begins = words[:4] == asked[:4] and re.search(
        rf"{COMPOSE.pattern}|{REWORK.pattern}", " ".join(asked[:12]), re.IGNORECASE
    )
    return not rework or bool(begins) or len(reply & prompt) > 0.8 * len(prompt)


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + 4]) for at in range(len(words) - 3)}


def _is_unrelated(words: list[str], prompt: str, families: Sequence[str]) -> bool:
    """Whether an English text of sixty words and more has none of the words that say what its prompt asks about.

    Eight and more of them all together, and where a text is to be written those after "about" and the like.
    """
    if len(words) < 60 or re.search(r"[$\\]", prompt) or _exempt(families, UNRELATED):
        return False
    topics = [topic for topic in [_stems(prompt)] if len(topic) >= 8]
    if COMPOSE.search(prompt):
        topics += [topic for match in ABOUT.finditer(prompt) if (topic := _stems(match[1]))]
    said = {word[:4] for word in words}
    if not topics or any(not topic.isdisjoint(said) for topic in topics):
        return False
    return all((identify_language(text) or ("",))[0] == "en" for text in (" ".join(words), prompt))


def _stems(text: str) -> set[str]:
    """Beginnings of the words that say what a text is about."""
    return {word[:4] for word in _words(text) if len(word) > 3 and word not in STOP_WORDS | ABOUT_FORM}
