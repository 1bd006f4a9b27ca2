"""Checks of our own instruction families, which neither IFEval nor IFBench knows: pure functions of (reply, kwargs)."""

import re

from posttrain.reward.instructions.ifeval import Check, Kwargs

ROMAN = ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def sentences_of(text: str) -> list[str]:
    """Sentences: what ends in one or more of `.!?` before a space or the end; an unfinished rest counts too."""
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+", text) if part.strip()]


def paragraphs_of(text: str) -> list[str]:
    """Paragraphs: what blank lines divide."""
    return [part.strip() for part in re.split(r"\n[ \t]*\n", text) if part.strip()]


def lines_of(text: str) -> list[str]:
    """Lines that are not blank, without the space around them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def counted_words(text: str) -> list[str]:
    """Words: what spaces divide and holds a letter or digit."""
    return [word for word in text.split() if any(c.isalnum() for c in word)]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]


def table_size(text: str, kwargs: Kwargs) -> bool:
    """The reply is one Markdown table of `num_rows` below the header and `num_columns`, no cell empty."""
    lines = lines_of(text)
    if len(lines) != kwargs["num_rows"] + 2 or not all(line.startswith("|") and line.endswith("|") for line in lines):
        return False
    header, rule, *rows = (_cells(line) for line in lines)
    filled = all(len(cells) == kwargs["num_columns"] and all(cells) for cells in (header, *rows))
    return filled and len(rule) == len(header) and all(re.fullmatch(r":?-+:?", cell) for cell in rule)


def max_word_length(text: str, kwargs: Kwargs) -> bool:
    """No run of letters is longer than `max_letters`, and there are letters."""
    lengths = [len(word) for word in re.findall(r"[^\W\d_]+", text)]
    return bool(lengths) and max(lengths) <= kwargs["max_letters"]


def heading_words(text: str, kwargs: Kwargs) -> bool:
    """The first line is the only `# ` heading, of `num_words` words, and a text follows it."""
    lines = lines_of(text)
    headings = [line for line in lines if re.match(r"#{1,6} ", line)]
    if len(lines) < 2 or headings != lines[:1] or not lines[0].startswith("# "):
        return False
    return len(counted_words(lines[0][2:])) == kwargs["num_words"]


def roman_numerals(text: str, kwargs: Kwargs) -> bool:
    """Exactly `num_items` lines numbered I., II., … in order, each with words, and no digit anywhere."""
    found = [match.groups() for match in re.finditer(r"^[ \t]*([IVXLC]+)\.[ \t]+(\S.*)$", text, flags=re.MULTILINE)]
    numerals = [numeral for numeral, _ in found]
    return numerals == [_roman(number + 1) for number in range(kwargs["num_items"])] and not re.search(r"\d", text)


def _roman(number: int) -> str:
    numeral = ""
    for value, sign in ROMAN:
        times, number = divmod(number, value)
        numeral += sign * times
    return numeral


def one_colour_per_sentence(text: str, kwargs: Kwargs) -> bool:
    """Every sentence has one and only one of the `colours`, as a whole word in any case."""
    colours = "|".join(map(re.escape, kwargs["colours"]))
    counts = [len(re.findall(rf"(?<!\w)(?:{colours})(?!\w)", part, re.IGNORECASE)) for part in sentences_of(text)]
    return bool(counts) and set(counts) == {1}


def growing_paragraphs(text: str, kwargs: Kwargs) -> bool:
    """`num_paragraphs` paragraphs, each with more sentences than the one before."""
    counts = [len(sentences_of(part)) for part in paragraphs_of(text)]
    return len(counts) == kwargs["num_paragraphs"] and all(a < b for a, b in zip(counts, counts[1:], strict=False))


def alternating_paragraphs(text: str, kwargs: Kwargs) -> bool:
    """`num_paragraphs`: the odd ones of at most `short_max` words, the even ones of at least `long_min`."""
    counts = [len(counted_words(part)) for part in paragraphs_of(text)]
    short, long = counts[::2], counts[1::2]
    in_turn = all(n <= kwargs["short_max"] for n in short) and all(n >= kwargs["long_min"] for n in long)
    return len(counts) == kwargs["num_paragraphs"] and in_turn


def acrostic_lines(text: str, kwargs: Kwargs) -> bool:
    """The first letters of the lines spell `word`, and each line is more than its letter."""
    lines = lines_of(text)
    return "".join(line[0] for line in lines).lower() == kwargs["word"].lower() and all(
        len(counted_words(s)) > 1 for s in lines
    )


def only_questions(text: str, kwargs: Kwargs) -> bool:
    """`num_questions` different sentences, all of which end in a question mark."""
    found = sentences_of(text)
    return len(found) == len(set(found)) == kwargs["num_questions"] and all(part.endswith("?") for part in found)


def words_per_line(text: str, kwargs: Kwargs) -> bool:
    """`num_lines` lines of `num_words` words each."""
    return [len(counted_words(line)) for line in lines_of(text)] == [kwargs["num_words"]] * kwargs["num_lines"]


def xml_tags(text: str, kwargs: Kwargs) -> bool:
    """The reply is the elements `tags` in order, each once and with text, and nothing beside them."""
    rest = text.strip()
    for tag in kwargs["tags"]:
        opening, closing = f"<{tag}>", f"</{tag}>"
        inner, closed, after = rest.removeprefix(opening).partition(closing)
        if not rest.startswith(opening) or not closed or not inner.strip() or "<" in inner:
            return False
        rest = after.strip()
    return not rest


def alphabetical_items(text: str, kwargs: Kwargs) -> bool:
    """The reply is `num_items` different lines that begin with `- ` and stand in alphabetical order."""
    lines = lines_of(text)
    items = [line[2:].strip().casefold() for line in lines if line.startswith("- ")]
    return len(items) == len(lines) == kwargs["num_items"] == len(set(items)) and items == sorted(items)


def same_first_last_sentence(text: str, kwargs: Kwargs) -> bool:
    """At least three sentences, and the last is the first again, word for word."""
    found = sentences_of(text)
    return len(found) >= 3 and found[0] == found[-1]


OWN_FAMILIES: dict[str, tuple[Check, dict[str, str]]] = {
    "own:table_size": (table_size, {"num_rows": "position", "num_columns": "position"}),
    "own:max_word_length": (max_word_length, {"max_letters": "count"}),
    "own:heading_words": (heading_words, {"num_words": "count"}),
    "own:roman_numerals": (roman_numerals, {"num_items": "position"}),
    "own:one_colour_per_sentence": (one_colour_per_sentence, {"colours": "texts"}),
    "own:growing_paragraphs": (growing_paragraphs, {"num_paragraphs": "position"}),
    "own:alternating_paragraphs": (
        alternating_paragraphs,
        {"num_paragraphs": "position", "short_max": "count", "long_min": "count"},
    ),
    "own:acrostic_lines": (acrostic_lines, {"word": "text"}),
    "own:only_questions": (only_questions, {"num_questions": "position"}),
    "own:words_per_line": (words_per_line, {"num_lines": "position", "num_words": "count"}),
    "own:xml_tags": (xml_tags, {"tags": "texts"}),
    "own:alphabetical_items": (alphabetical_items, {"num_items": "position"}),
    "own:same_first_last_sentence": (same_first_last_sentence, {}),
}
