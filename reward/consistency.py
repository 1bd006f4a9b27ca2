"""How much of a reply is in the language that was expected.

The prose of a reply (without code, formulas, quotations, numbers and addresses) is cut into sentences, each of which
`posttrain.language` identifies; the share is weighted by letters. Within a sentence, letters of a script that the
language is not written in count against it, so that a Chinese word in an English sentence costs its part; Latin letters
in another script are names and terms, and cost nothing up to the weight of its own letters.
"""

import re
from collections import Counter
from collections.abc import Iterator

from posttrain.language import LATIN, identify_language, related, scores_of
from posttrain.prose import FENCE, FENCED, LATEX, running_text
from posttrain.scripts import SCRIPTS, script_of

SEGMENT = 30  # letters: shorter sentences are joined to what follows
WORDLESS = 100  # letters without a sentence that could be told: no answer in any language
SURE = 0.5  # probability of the expected language from which a sentence counts as written in it
PROMPT_LETTERS, PROMPT_SURE = 12, 0.6  # what makes a prompt's language known

BREAK = re.compile(r"(?<=[.!?…])\s+|[。！？؟।\n]+")
PROGRAM = 0.3  # share of a block's letters in lines of code from which it is a program, comments and all
CODE_LINE = re.compile(
    r"\w[(\[]|[^=!<>]=[^=]|[=!<>]=|[;{}]\s{0,9}$|->|</?[a-zA-Z]|^\s*+(?:import|from|def|class|return|if|for|while|else|try|end)\b.*[:\w]$"
)
CALL = re.compile(r"^[ \t]*[\w.]{1,60}\([fbru]{0,2}[\"'].*$", re.MULTILINE)  # print("…")
MARK = re.compile(r"```\w*|~~~\w*|`|\$+|[\"“”„«»「」『』]")


def language_share(text: str, language: str) -> float | None:
    """Share of the reply's prose in `language` (ISO 639-1) or its near relatives, 0–1.

    0 for a reply without any letter or digit, and for 100 letters and more that make no words; None for one with too
    little prose to tell, such as a number, a name or a program. Code, formulas and quotations count once they are prose
    and longer than all the rest: nobody can hide a reply in them.
    """
    if not any(character.isalnum() for character in text):
        return 0.0
    plain = _segments(LATEX.sub(" ", FENCED.sub("\n", text)))
    unfenced = FENCE.sub(lambda block: "\n" if _is_program(block[2]) else block[0], text)
    bare = _segments(MARK.sub(" ", CALL.sub("", unfenced)))
    letters = sum(map(str.isalpha, text))
    if _letters(bare) > 2 * _letters(plain) and _letters(bare) >= 0.6 * letters:
        plain = bare
    verdicts = [(_weight(segment), share) for segment in plain if (share := _share_of(segment, language)) is not None]
    total = sum(weight for weight, _ in verdicts)
    if total:
        return sum(weight * share for weight, share in verdicts) / total
    only_letters = letters + sum(map(str.isspace, text)) >= 0.9 * len(text)
    return 0.0 if only_letters and letters >= WORDLESS else None


def prompt_language(text: str) -> str | None:
    """The language of a prompt (ISO 639-1); None where it is too short or unsure."""
    found = identify_language(text)
    known = found and found[1] >= PROMPT_SURE and sum(map(_letter_weight, running_text(text))) >= PROMPT_LETTERS
    return found[0] if found and known else None


def _segments(text: str) -> list[str]:
    """The prose of a text in pieces of some 30 letters and more, at the ends of sentences and lines."""
    return list(_joined(prose for piece in BREAK.split(text) if _weight(prose := running_text(piece))))


def _is_program(block: str) -> bool:
    """Whether a block of code holds code, and not a reply that hides from the eye."""
    lines = block.split("\n")
    code = sum(_letters([line]) for line in lines if CODE_LINE.search(line))
    return code > 0 and code >= PROGRAM * _letters(lines)


def _joined(pieces: Iterator[str]) -> Iterator[str]:
    waiting = ""
    for piece in pieces:
        if waiting and _script(waiting) != _script(piece):
            yield waiting
            waiting = ""
        waiting = f"{waiting} {piece}".strip()
        if _weight(waiting) >= SEGMENT:
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def _script(prose: str) -> int:
    """The commonest script of a piece; those of Japanese and Chinese are one here."""
    counts = Counter(
        max(1, at) if (at := script_of(character)) >= 0 else at for character in prose if character.isalpha()
    )
    return max(counts, key=lambda script: counts[script], default=-1)


def _share_of(prose: str, language: str) -> float | None:
    """Part of a sentence that is in the language; None where the detector cannot tell."""
    scores = scores_of(prose)
    if not scores:
        return None
    accepted = related(language)
    probability = sum(scores.get(one, 0.0) for one in accepted)
    best = max(scores, key=lambda one: (scores[one], one))
    own = _own_share(prose, accepted)
    return own if best in accepted or probability >= SURE else min(probability, own)


def _own_share(prose: str, accepted: set[str]) -> float:
    """Letters of the languages' scripts among those and the letters of others, by weight.

    Latin letters in a language of another script count only so far as they outweigh its own.
    """
    own = foreign = latin = 0
    for character in filter(str.isalpha, prose):
        script = script_of(character)
        if script == -1:
            latin += 1
        elif not accepted.isdisjoint(SCRIPTS[script][2]) or ("ja" in accepted and SCRIPTS[script][0] == "han"):
            own += _letter_weight(character)
        else:
            foreign += _letter_weight(character)
    if accepted.isdisjoint(LATIN):
        foreign += max(0, latin - own)
    else:
        own += latin
    return own / (own + foreign) if own + foreign else 0.0


def _weight(prose: str) -> int:
    return sum(map(_letter_weight, prose))


def _letters(segments: list[str]) -> int:
    return sum(sum(map(str.isalpha, segment)) for segment in segments)


def _letter_weight(character: str) -> int:
    """1 for a letter, 3 for one that stands for a syllable or a word, 0 for anything else."""
    return 0 if not character.isalpha() else 3 if "\u3040" <= character <= "\ud7a3" else 1
