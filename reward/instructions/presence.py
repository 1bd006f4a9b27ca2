"""What has to be there for an instruction to be obeyed at all: checks that a reply also passes by leaving it out.

"Every sentence ends in …", "each bullet has …", "twice as many statements as questions" hold of a reply without a
bullet or a question. IFEval and IFBench count that as obeyed and so does the metric; a policy would find it within
hours, so the reward asks for more. Checks that are not listed here cannot be passed by omission.
"""

import re

from posttrain.reward.instructions.ifeval import Check, Kwargs
from posttrain.reward.instructions.text import bare_words, ruled_sentences


def _sentences(least: int) -> Check:
    return lambda text, kwargs: len(ruled_sentences(text)) >= least


def _words(least: int) -> Check:
    return lambda text, kwargs: len(bare_words(text)) >= least


def _lines(text: str, kwargs: Kwargs) -> bool:
    return sum(bool(line.strip()) for line in text.split("\n")) >= 2


def _ends(text: str, kwargs: Kwargs) -> bool:
    return any(sentence.endswith("?") for sentence in ruled_sentences(text))


def _sub_bullets(text: str, kwargs: Kwargs) -> bool:
    """A bullet, and a sub-bullet at the beginning of a line below it."""
    lines = iter(text.split("\n"))
    return any(re.match(r"[ \t]*\*[^*]*\S", line) for line in lines) and any(
        re.match(r"[ \t]*-[ \t]*\w", line)
        for line in lines  # those that are left, below the bullet
    )


def _quotation(text: str, kwargs: Kwargs) -> bool:
    parts = re.split('(["“”])', text)  # text, mark, text, mark, … text
    return any(
        parts[at] != "”" and parts[at + 2] != "“" and re.search(r"\w", parts[at + 1])
        for at in range(1, len(parts) - 2, 2)
    )


def _placeholders(text: str, kwargs: Kwargs) -> bool:
    filled = [part for part in re.findall(r"\[([^\[\]\n]*+)\]", text) if re.search(r"\w", part)]
    return len(filled) >= kwargs["num_placeholders"]


def _bullets(text: str, kwargs: Kwargs) -> bool:
    """As many bullets say something, each something else, and not all a single letter."""
    said = re.findall(r"^[^\S\n]*(?:\*(?!\*)|-)([^\n]*\w[^\n]*)$", text, flags=re.MULTILINE)
    longer = any(re.search(r"\w{2}|\d", part) for part in said) or not said
    return longer and len({part.strip().lower() for part in said}) >= kwargs["num_bullets"]


def _sections(text: str, kwargs: Kwargs) -> bool:
    """Something is said under each heading."""
    parts = re.split(rf"{re.escape(kwargs['section_spliter'].strip())}\s?\d+", text)[1:]
    return sum(re.search(r"\w", part) is not None for part in parts) >= kwargs["num_sections"]


def _paragraphs(text: str, kwargs: Kwargs) -> bool:
    parts = [part.strip().lower() for part in re.split(r"\*\*\*|\n\n", text) if re.search(r"\w", part)]
    return len(set(parts)) >= kwargs["num_paragraphs"]


def _highlights(text: str, kwargs: Kwargs) -> bool:
    """The highlighted stretches have a letter or digit, and are not all there is."""
    filled = [part for part in re.findall(r"\*([^\n*]+)\*", text) if re.search(r"\w", part)]
    rest = re.sub(r"(?<!\*)\*++[^\n*]++\*++", " ", text)
    return bool(filled) and (re.search(r"\w", rest) is not None or kwargs["num_highlights"] == 0)


def _json(text: str, kwargs: Kwargs) -> bool:
    """An object or a list, with something in it: a bare number or string is JSON too."""
    return re.search(r"[{\[][^{}\[\]]*\w", text) is not None


def _title(text: str, kwargs: Kwargs) -> bool:
    """A title has a letter or digit, and a text stands beside it."""
    titles, rest = [], []
    for line in text.split("\n"):
        opened, closed = line.find("<<"), line.rfind(">>")
        inside = line[opened + 2 : max(closed, 0)] if opened >= 0 else ""
        titles.append(inside)
        rest.append(line[:opened] + line[closed + 2 :] if inside else line)
    return any(re.search(r"\w", title) for title in titles) and any(re.search(r"\w", part) for part in rest)


def _postscript(text: str, kwargs: Kwargs) -> bool:
    """Something is said before the postscript's marker and after it."""
    marker = kwargs["postscript_marker"].strip()
    spaced = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}.get(marker, re.escape(marker.lower()))
    parts = re.split(spaced, text.lower(), maxsplit=1)
    return len(parts) == 2 and all(re.search(r"\w{2}", part) for part in parts)


def _repeated_prompt(text: str, kwargs: Kwargs) -> bool:
    """An answer follows the repeated request."""
    return re.search(r"\w", text.strip()[len(kwargs["prompt_to_repeat"].strip()) :]) is not None


def _answers(text: str, kwargs: Kwargs) -> bool:
    """Two answers of more than a letter, that differ in more than signs and case."""
    said = ["".join(re.findall(r"\w", part.lower())) for part in text.split("******")]
    said = [part for part in said if part]
    return len(set(said)) == len(said) and all(len(part) > 1 or not part.isascii() or part.isdigit() for part in said)


def _template(text: str, kwargs: Kwargs) -> bool:
    """Something is said under each heading."""
    parts = re.split("My Answer:|My Conclusion:|Future Outlook:", text)[1:]
    return len(parts) >= 3 and all(re.search(r"\w", part) for part in parts)


PRESENT: dict[str, Check] = {
    "combination:repeat_prompt": _repeated_prompt,
    "combination:two_responses": _answers,
    "count:words_japanese": lambda text, kwargs: len(text.split()) >= kwargs["N"],
    "detectable_content:number_placeholders": _placeholders,
    "detectable_content:postscript": _postscript,
    "detectable_format:json_format": _json,
    "detectable_format:multiple_sections": _sections,
    "detectable_format:number_bullet_lists": _bullets,
    "detectable_format:number_highlighted_sections": _highlights,
    "detectable_format:title": _title,
    "format:line_indent": _lines,
    "format:list": lambda text, kwargs: (
        len([part for part in text.split(kwargs["sep"]) if re.search(r"\w", part)]) >= 2
    ),
    "format:output_template": _template,
    "format:quote_unquote": _quotation,
    "format:sub-bullets": _sub_bullets,
    "format:title_case": lambda text, kwargs: re.search(r"[A-Z][a-z]", text) is not None,
    "length_constraints:number_paragraphs": _paragraphs,
    "length_constraints:nth_paragraph_first_word": _paragraphs,
    "ratio:sentence_balance": _ends,
    "ratio:sentence_type": _ends,
    "sentence:alliteration_increment": _sentences(2),
    "sentence:increment": _sentences(2),
    "words:alphabet": _words(2),
    "words:last_first": _sentences(2),
    "words:no_consecutive": _words(2),
    "words:odd_even_syllables": _words(2),
    "words:paragraph_last_first": _words(2),
}


def is_present(family: str, text: str, kwargs: Kwargs) -> bool:
    """Whether what an instruction is about is in the reply at all; true of families that ask for it by themselves."""
    return family not in PRESENT or PRESENT[family](text, kwargs)
