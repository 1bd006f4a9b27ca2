"""Drop rows that teach a model to be somebody else: "I am ChatGPT", "as an AI language model trained by OpenAI".

Only what a reply says in its own voice counts. Quotations, code, block quotes and the lines of a script are set aside;
text *about* an assistant, denials, and claims that the prompt asked for (a translation, a story, role play) are kept.
A name that people bear too (Claude, Alexa, Alice) counts only where the text says that it is an AI's. The names and
phrases are in `identity_phrases`.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from posttrain.data.conversation import Row, exchanges
from posttrain.data.filters import Finding
from posttrain.data.filters import identity_phrases as phrases
from posttrain.data.filters.identity_phrases import SELF
from posttrain.errors import UserError

MOST_MENTIONS = 100  # of one name in one reply; a text that names it oftener is about it
SHORT_REPLY = 200  # characters; all of it answers the question, of a longer one only the first sentence
SHORT_PROMPT = 400  # characters; in a longer one "who are you" may be anybody's words


@dataclass(frozen=True)
class Known:
    """One assistant or maker that we know."""

    kind: str  # n: a name; s: a name that people bear too; m: a maker
    canonical: str
    stems: tuple[str, ...]  # lower case; a text without any of them does not name it
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Mention:
    """One name or maker in a reply."""

    kind: str
    canonical: str
    sentence: str  # the sentence around it, with SELF in its place
    start: int  # in the reply
    end: int


@functools.cache
def _known() -> list[Known]:
    found = []
    for kind, table in (("n", phrases.ASSISTANTS), ("s", phrases.SHARED_NAMES), ("m", phrases.MAKERS)):
        for canonical, spelling in table.items():
            genitive = "" if kind == "s" else r"(?!s\b)"
            bounded = rf"(?<![A-Za-z0-9])(?:{spelling})(?!{genitive}[A-Za-z])"
            pattern = re.compile(bounded, 0 if kind == "s" else re.IGNORECASE)
            found.append(Known(kind, canonical, _stems(spelling), pattern))
    return found


def _stems(spelling: str) -> tuple[str, ...]:
    """The longest plain piece of each alternative of a pattern."""
    plain = re.sub(r"\\\.(?![?+*])", ".", spelling)
    plain = re.sub(r"\((?:[^()]|\([^()]*\))*\)\??|\[[^\]]*\][?+*]?|\\.[?+*]?|\{[^}]*\}|.\?", "\n", plain)
    piece = r"[\w\u0900-\u097f]+(?:[ .-][\w\u0900-\u097f]+)*"
    return tuple(max(re.findall(piece, part), key=len).lower() for part in plain.split("|"))


def _may_claim(text: str) -> bool:
    """Whether a text holds the trace of a name or of a phrase; most have none, and this is all that they cost."""
    lower = text.lower()
    return bool(_cues(True).search(lower) or (not text.isascii() and _cues(False).search(lower)))


@functools.cache
def _cues(ascii_first: bool) -> re.Pattern[str]:
    """Every name's stem and phrase's cue in lower case; Latin ones at a word's start, short ones as words."""
    tree: dict[str, Any] = {}
    for cue in {stem for known in _known() for stem in known.stems} | set(phrases.CUES):
        branch = tree
        for piece in [*map(re.escape, cue), *["(?![a-z])"] * (cue.isascii() and len(cue) < 4)]:
            branch = branch.setdefault(piece, {})
        branch[""] = {}
    half = {letter: rest for letter, rest in tree.items() if letter.isascii() == ascii_first}
    return re.compile(("(?<![a-z])" if ascii_first else "") + _alternation(half))


def _alternation(tree: dict[str, Any]) -> str:
    """A tree of letters as one pattern that tests each letter once; a cue that begins with another is left out."""
    if "" in tree:
        return ""
    branches = [piece + _alternation(rest) for piece, rest in sorted(tree.items())]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def own_voice(text: str) -> str:
    """The text with quotations, code and other speakers' lines blanked, at its length."""
    text = phrases.QUOTED.sub(_blank, text)
    label = re.match(r"\s*(?:assistant|ai|bot|answer|a) ?:", text, re.IGNORECASE)  # a reply may open with its own label
    start = label.end() if label else 0
    for other_speaker in (phrases.SCRIPT_LINE, phrases.DIALOGUE_LINE, phrases.SCREENPLAY):
        text = text[:start] + other_speaker.sub(_blank, text[start:])
    return text


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def mentions(text: str) -> Iterator[Mention]:
    """Every assistant and maker that a text names."""
    lower = text.lower()
    for known in _known():
        if not any(map(lower.__contains__, known.stems)):
            continue
        for match in islice(known.pattern.finditer(text), MOST_MENTIONS):
            head = phrases.SENTENCE_END.split(text[max(0, match.start() - 250) : match.start()])[-1]
            tail = text[match.end() : match.end() + 200]
            stop = phrases.SENTENCE_END.search(tail)
            sentence = f"{head}{SELF}{tail[: stop.end()] if stop else tail}".strip()
            yield Mention(known.kind, known.canonical, sentence, match.start(), match.end())


def claims(mention: Mention) -> str:
    """The words by which a reply claims the name or maker as its own; empty where it does not."""
    if phrases.NEGATED_AFTER.match(mention.sentence.partition(SELF)[2]):
        return ""
    main, *further = phrases.claim_patterns(mention.kind == "m")
    for pattern in [main, *further] if phrases.FIRST_PERSON.search(mention.sentence) else further:
        match = pattern.search(mention.sentence)
        if match and not _denied(mention.sentence, match):
            return match[0]
    return ""


def _denied(sentence: str, match: re.Match[str]) -> bool:
    """Whether a claim, or the clause that leads to it, says no; "I cannot, as an AI by ..." denies something else."""
    claim = phrases.AS_AN_AI.split(match[0])[-1]
    before = "" if phrases.AS_AN_AI.match(match[0]) else phrases.BOUNDARY.split(sentence[: match.start()])[-1][-60:]
    return bool(phrases.DENIAL.search(phrases.CONTRAST.sub(" ", before + claim)))


def _is_an_ai(text: str, mention: Mention, claim: str, asked: bool) -> bool:
    """Whether a name that people bear too is an AI's here: the claim, its apposition or the question says so."""
    after = text[mention.end : mention.end + 90]
    if phrases.SURNAME.match(after):
        return False
    apposition = re.split(r"[.!?;\n。]|\b(?:and I|I|my|we)\b", after)[0]
    if any(re.search(phrases.AI_NOUN, words, re.IGNORECASE) for words in (claim.replace(SELF, ""), apposition)):
        return True
    if any(phrases.MADE_BY.search(words) and _canonical(words, True) for words in (claim, apposition)):
        return True
    return bool(phrases.SELF_AI.search(text)) or (asked and bool(phrases.BARE_NAME.match(after)))


@dataclass
class SelfIdentification:
    """Drop rows whose reply speaks of itself as another assistant than ours.

    name, maker: what our own model is called and who makes it; a reply may say these. None: no name may be said.
    boilerplate: also drop "As an AI language model, I ...", which names nobody but teaches an empty phrase.

    Reasons: `claims_name:NAME`, `claims_maker:NAME`, `claims_cutoff` ("my knowledge cutoff is ..."), `boilerplate`.
    It knows the assistants and makers of `identity_phrases`. Claims are read in 36 languages; in any other, a short
    answer to "who are you?" counts that names a foreign one. A product that the tables do not name passes.
    """

    name: str | None = None
    maker: str | None = None
    boilerplate: bool = True
    stateful: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for key in ("name", "maker"):
            value = getattr(self, key)
            if value is not None and not (isinstance(value, str) and value.strip()):
                raise UserError(f"{key}={value!r}: give our model's {key} as text, or leave it out")
        if not isinstance(self.boilerplate, bool):
            raise UserError(f"boilerplate={self.boilerplate!r}: give true or false")

    def __call__(self, row: Row) -> Finding | None:
        """A Finding that drops the row, or None."""
        for before, reply in exchanges(row):
            if _may_claim(reply) and (finding := self._judge(reply, before)):
                return finding
        return None

    def _judge(self, reply: str, before: list[dict[str, Any]]) -> Finding | None:
        asked = [turn["content"] for turn in before if turn["role"] != "assistant"]
        text = own_voice(reply)
        named = list(mentions(text))
        foreign = [mention for mention in named if mention.canonical not in self._own(mention.kind)]
        ours = len(foreign) < len(named) or any(own and own in text for own in (self.name, self.maker))
        for mention in sorted(foreign, key=lambda mention: mention.kind == "m"):  # a name before a maker
            if _claimed(text, mention, asked, ours):
                reason = f"claims_{'maker' if mention.kind == 'm' else 'name'}:{mention.canonical}"
                return Finding(reason, _excerpt(text, mention.start, mention.end))
        if match := phrases.CUTOFF.search(text):
            return Finding("claims_cutoff", _excerpt(reply, match.start(), match.end()))
        for pattern in phrases.boilerplate_patterns() if self.boilerplate else ():
            if (match := pattern.search(text)) and not _wanted(match[0], asked):
                return Finding("boilerplate", _excerpt(reply, match.start(), match.end()))
        return None

    def _own(self, kind: str) -> set[str]:
        """The canonical names that are ours."""
        ours = self.maker if kind == "m" else self.name
        return {ours.strip()} | _canonical(ours, kind == "m") if ours else set()


@functools.lru_cache
def _canonical(text: str, maker: bool) -> set[str]:
    return {mention.canonical for mention in mentions(text) if (mention.kind == "m") == maker}


def _claimed(text: str, mention: Mention, asked: list[str], ours: bool) -> bool:
    """Whether a reply takes the name or maker for its own; ours: it names our own model or maker too."""
    claim = claims(mention)
    if claim and mention.kind == "s":
        asks = any(map(phrases.ASKS_IDENTITY.search, asked)) and not _given(mention, asked)
        claim = claim if _is_an_ai(text, mention, claim, asks) else ""
    said = (
        claim or _answers_who(text, mention, asked, ours) or _speaks_as(mention, asked) or _signed(text, mention, asked)
    )
    return bool(said) and not _asked_for(mention, asked)


def _answers_who(text: str, mention: Mention, asked: list[str], ours: bool) -> bool:
    """Whether the question is who the model is, and the answer, in any language, a foreign name with no "not"."""
    question = asked[-1] if asked else ""
    if ours or phrases.NO.match(text) or len(question) > SHORT_PROMPT or not phrases.ASKS_IDENTITY.search(question):
        return False
    if any(map(_asks_for_text, asked)) or (_same(mention, question) and not phrases.YES.match(text)):
        return False
    if mention.kind == "s" and (_given(mention, asked) or not _is_an_ai(text, mention, "", True)):
        return False
    stop = phrases.SENTENCE_END.search(text, len(text) - len(text.lstrip()))
    reach = text if len(text.strip()) <= SHORT_REPLY or not stop else text[: stop.start()]
    talk_about = phrases.DENIAL.search(phrases.CONTRAST.sub(" ", reach)) or phrases.TALKS_ABOUT.search(reach)
    return mention.start < len(reach) and not talk_about


def _speaks_as(mention: Mention, asked: list[str]) -> bool:
    """Whether the assistant speaks of itself in the third person: "ChatGPT cannot see your screen"."""
    if mention.kind == "m":
        return False
    asks = bool(asked) and (phrases.ASKS_OF_YOU.search(asked[-1]) or phrases.ASKS_IDENTITY.search(asked[-1]))
    spoken = phrases.SPEAKS_AS.search(mention.sentence) or (asks and phrases.THIRD_PERSON.search(mention.sentence))
    if not spoken or any(map(_asks_for_text, asked)):
        return False
    return all(other.kind == "m" for prompt in asked for other in mentions(prompt))


def _signed(text: str, mention: Mention, asked: list[str]) -> bool:
    """Whether a reply ends in the name as its signature; a letter may be signed by somebody called Claude."""
    if mention.kind == "m" or len(text.rstrip()) - mention.end > 60 or any(_same(mention, prompt) for prompt in asked):
        return False
    if not phrases.SIGNED.search(
        f"{text[max(0, mention.start - 80) : mention.start]}{SELF}{text[mention.end :].rstrip()}"
    ):
        return False
    letter = any(map(phrases.LETTER.search, asked)) or phrases.SALUTATION.match(text)
    return mention.kind == "n" or not letter or _is_an_ai(text, mention, "", False)


def _same(mention: Mention, prompt: str) -> list[Mention]:
    return [other for other in mentions(prompt) if other.canonical == mention.canonical]


def _given(mention: Mention, asked: list[str]) -> bool:
    """Whether a prompt hands out the name ("You are Alice"), rather than ask for it ("Are you Claude?")."""
    named = [(prompt, other.sentence) for prompt in asked for other in _same(mention, prompt)]
    return any(phrases.GIVES_NAME.search(words) or not phrases.ASKS_IDENTITY.search(prompt) for prompt, words in named)


def _asked_for(mention: Mention, asked: list[str]) -> bool:
    """Whether a prompt gives the name with a text to write, a part to play, a quotation or the very claim."""
    for prompt in asked:
        same = _same(mention, prompt)
        if same and (_asks_for_text(prompt) or any(claims(other) for other in same)):
            return True
        for quoted in phrases.QUOTED.finditer(prompt) if same else ():
            if len(quoted[0].split()) > 2 and any(quoted.start() <= other.start < quoted.end() for other in same):
                return True
    return False


def _asks_for_text(prompt: str) -> bool:
    return bool(phrases.ASKS_FOR_TEXT.search(prompt) or phrases.TRANSFORMS.search(prompt))


def _wanted(boilerplate: str, asked: list[str]) -> bool:
    """Whether a prompt gives an AI's part to play, or asks whether it talks to one."""
    if any(phrases.ASKS_FOR_TEXT.search(prompt) and phrases.PLAYS_AN_AI.search(prompt) for prompt in asked):
        return True
    return not phrases.AS_AN_AI.match(boilerplate) and any(map(phrases.ASKS_IDENTITY.search, asked))


def _excerpt(text: str, start: int, end: int) -> str:
    """At most 200 characters around a match, on one line."""
    return " ".join(text[max(0, start - 80) : min(end, start + 80) + 40].split())[:200]
