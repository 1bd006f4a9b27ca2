"""IFBench's families (Pyatkin et al. 2025, 2507.02833) that count words or ask for something of each."""

import re
from collections import Counter
from itertools import pairwise

from posttrain.reward.instructions.ifeval import Check, Kwargs
from posttrain.reward.instructions.syllables import syllables_of
from posttrain.reward.instructions.text import bare_words, core, ruled_sentences, tokens_of, words_of
from posttrain.reward.instructions.verbs import starts_with_verb

CONJUNCTIONS = frozenset(("and", "but", "for", "nor", "or", "so", "yet"))
_NAMES = (
    "Emma Liam Sophia Jackson Olivia Noah Ava Lucas Isabella Mason Mia Ethan Charlotte Alexander Amelia Benjamin "
    "Harper Leo Zoe Daniel Chloe Samuel Lily Matthew Grace Owen Abigail Gabriel Ella Jacob Scarlett Nathan Victoria "
    "Elijah Layla Nicholas Audrey David Hannah Christopher Penelope Thomas Nora Andrew Aria Joseph Claire Ryan Stella "
    "Jonathan"
)
NAMES = _NAMES.split()
_PRONOUNS = (
    "i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers "
    "herself it its itself they them their theirs themselves"
)
PRONOUNS = frozenset(_PRONOUNS.split())
PRIMES = frozenset((2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97))
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
CLUSTER = re.compile("[bcdfghjklmnpqrstvwxyz]{2}")
MULTIPLE = (1, 2, 3, 5, 7)  # how often the five keywords have to occur


def word_count_range(text: str, kwargs: Kwargs) -> bool:
    """There are `min_words` to `max_words` words."""
    return kwargs["min_words"] <= len(words_of(text)) <= kwargs["max_words"]


def unique_word_count(text: str, kwargs: Kwargs) -> bool:
    """At least `N` different words, in any case and without the punctuation around them."""
    return len({core(word) for word in text.lower().split()}) >= kwargs["N"]


def conjunctions(text: str, kwargs: Kwargs) -> bool:
    """At least `small_n` different coordinating conjunctions; "And" and "and," are two, as officially counted."""
    return len({word for word in text.split() if core(word).lower() in CONJUNCTIONS}) >= kwargs["small_n"]


def person_names(text: str, kwargs: Kwargs) -> bool:
    """At least `N` of the fifty names are in the reply, also inside of words."""
    return sum(name in text for name in NAMES) >= kwargs["N"]


def numbers(text: str, kwargs: Kwargs) -> bool:
    """Exactly `N` runs of digits once punctuation is gone: "1,000.5" is one."""
    return len(re.findall(r"\d+", " ".join(bare_words(text)))) == kwargs["N"]


def pronouns(text: str, kwargs: Kwargs) -> bool:
    """At least `N` personal and possessive pronouns."""
    return sum(word in PRONOUNS for word in bare_words(text.replace("/", " ").lower())) >= kwargs["N"]


def words_japanese(text: str, kwargs: Kwargs) -> bool:
    """Every `N`th word has a Japanese character, or is a number."""
    nth = [core(word) for word in text.split()][kwargs["N"] - 1 :: kwargs["N"]]
    return all(JAPANESE.search(word) for word in nth if word and not word.isdigit())


def keywords_multiple(text: str, kwargs: Kwargs) -> bool:
    """`keyword1` to `keyword5` occur exactly 1, 2, 3, 5 and 7 times, also inside of words."""
    lower = text.lower()
    keywords = [kwargs[f"keyword{i}"].strip().lower() for i in range(1, 6)]
    return all(lower.count(keyword) == times for keyword, times in zip(keywords, MULTIPLE, strict=True))


def alphabet(text: str, kwargs: Kwargs) -> bool:
    """Each word begins with the letter of the alphabet after the one before it, from z on to a."""
    words = bare_words(text.lower())
    letters = [word[0] for word in words]
    if not letters or letters[0] not in ALPHABET:
        return False
    start = ALPHABET.index(letters[0])
    return letters == [ALPHABET[(start + i) % 26] for i in range(len(letters))]


def vowel(text: str, kwargs: Kwargs) -> bool:
    """A single paragraph with three kinds of vowels at most."""
    text = text.strip()
    return "\n" not in text and len(set(text.lower()) & set("aeiou")) <= 3


def consonants(text: str, kwargs: Kwargs) -> bool:
    """Every word has two consonants in a row."""
    return all(CLUSTER.search(word) for word in text.lower().split())


def palindrome(text: str, kwargs: Kwargs) -> bool:
    """At least ten words of five letters and more read the same backwards."""
    return sum(len(word) >= 5 and word == word[::-1] for word in bare_words(text.lower())) >= 10


def prime_lengths(text: str, kwargs: Kwargs) -> bool:
    """The length of every word is a prime number."""
    return all(len(word) in PRIMES for word in bare_words(text))


def start_verb(text: str, kwargs: Kwargs) -> bool:
    """The first word is a verb (`verbs.starts_with_verb`)."""
    return starts_with_verb(text)


def repeats(text: str, kwargs: Kwargs) -> bool:
    """No word occurs more than `small_n` times."""
    return max(Counter(bare_words(text.lower())).values(), default=0) <= kwargs["small_n"]


def odd_even_syllables(text: str, kwargs: Kwargs) -> bool:
    """Words of an odd and of an even number of syllables take turns."""
    parities = [syllables_of(word) % 2 for word in bare_words(text.lower())]
    return all(first != second for first, second in pairwise(parities))


def no_consecutive(text: str, kwargs: Kwargs) -> bool:
    """No two words in a row begin with the same letter."""
    return all(first[0] != second[0] for first, second in pairwise(bare_words(text.lower())))


def paragraph_last_first(text: str, kwargs: Kwargs) -> bool:
    """Every line ends with the word that it begins with."""
    lines = [core(line.strip().lower()).split() for line in text.split("\n") if line.strip()]
    return all(words and words[0] == words[-1] for words in lines)


def keywords_specific_position(text: str, kwargs: Kwargs) -> bool:
    """Token `m` of sentence `n` is the `keyword`."""
    sentences = ruled_sentences(text)
    if len(sentences) < kwargs["n"]:
        return False
    tokens = tokens_of(sentences[kwargs["n"] - 1])
    return len(tokens) >= kwargs["m"] and tokens[kwargs["m"] - 1] == kwargs["keyword"].strip()


def words_position(text: str, kwargs: Kwargs) -> bool:
    """The second token and the last but one are the `keyword`."""
    tokens = tokens_of(text)
    return len(tokens) >= 2 and tokens[1] == tokens[-2] == kwargs["keyword"].strip()


WORD_FAMILIES: dict[str, tuple[Check, dict[str, str]]] = {
    "count:conjunctions": (conjunctions, {"small_n": "count"}),
    "count:keywords_multiple": (keywords_multiple, {f"keyword{i}": "text" for i in range(1, 6)}),
    "count:numbers": (numbers, {"N": "count"}),
    "count:person_names": (person_names, {"N": "count"}),
    "count:pronouns": (pronouns, {"N": "count"}),
    "count:unique_word_count": (unique_word_count, {"N": "count"}),
    "count:word_count_range": (word_count_range, {"min_words": "count", "max_words": "count"}),
    "count:words_japanese": (words_japanese, {"N": "position"}),
    "words:alphabet": (alphabet, {}),
    "words:consonants": (consonants, {}),
    "words:keywords_specific_position": (
        keywords_specific_position,
        {"keyword": "text", "n": "position", "m": "position"},
    ),
    "words:no_consecutive": (no_consecutive, {}),
    "words:odd_even_syllables": (odd_even_syllables, {}),
    "words:palindrome": (palindrome, {}),
    "words:paragraph_last_first": (paragraph_last_first, {}),
    "words:prime_lengths": (prime_lengths, {}),
    "words:repeats": (repeats, {"small_n": "count"}),
    "words:start_verb": (start_verb, {}),
    "words:vowel": (vowel, {}),
    "words:words_position": (words_position, {"keyword": "text"}),
}
