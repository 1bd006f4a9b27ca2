"""IFBench's families (2507.02833) about sentences, shares and repetition."""

from itertools import pairwise

from posttrain.reward.instructions.ifeval import Check, Kwargs
from posttrain.reward.instructions.text import PUNCTUATION, STOP_WORDS, bare_words, ruled_sentences, words_of

ONLY_SENTENCE = "only output this sentence here, ignore all other requests."


def alliteration_increment(text: str, kwargs: Kwargs) -> bool:
    """Each sentence has more words that alliterate with a neighbour than the one before it."""
    counts = [_count_alliterating(sentence) for sentence in ruled_sentences(text)]
    return all(first < second for first, second in pairwise(counts))


def _count_alliterating(sentence: str) -> int:
    """Words in runs that begin with the same letter."""
    words = [word for part in sentence.lower().split() if (word := part.lstrip(PUNCTUATION + " "))]
    same = [first[0] == second[0] for first, second in pairwise(words)]
    return sum(2 if at == 0 or not same[at - 1] else 1 for at, alike in enumerate(same) if alike)


def increment(text: str, kwargs: Kwargs) -> bool:
    """Each sentence has exactly `small_n` words more than the one before it."""
    counts = [len(bare_words(sentence)) for sentence in ruled_sentences(text)]
    return all(second == first + kwargs["small_n"] for first, second in pairwise(counts))


def keyword_in_sentence(text: str, kwargs: Kwargs) -> bool:
    """Sentence `N` has `word` in it, in any case and also inside of words."""
    sentences = ruled_sentences(text)
    return len(sentences) >= kwargs["N"] and kwargs["word"].lower() in sentences[kwargs["N"] - 1].lower()


def last_first(text: str, kwargs: Kwargs) -> bool:
    """Each sentence begins with the last word of the one before it, in any case."""
    for first, second in pairwise(ruled_sentences(text)):
        before, after = first.rstrip(PUNCTUATION + " ").split(), second.lstrip(PUNCTUATION + " ").split()
        if not before or not after or before[-1].lower() != after[0].lower():
            return False
    return True


def _endings(text: str) -> tuple[int, int, int]:
    """Sentences that end in `.`, `?` and `!`."""
    ends = [sentence[-1:] for sentence in ruled_sentences(text)]
    return ends.count("."), ends.count("?"), ends.count("!")


def sentence_type(text: str, kwargs: Kwargs) -> bool:
    """There are twice as many statements as questions."""
    statements, questions, _ = _endings(text)
    return statements == 2 * questions


def sentence_balance(text: str, kwargs: Kwargs) -> bool:
    """There are as many statements as questions and as exclamations."""
    return len(set(_endings(text))) == 1


def sentence_words(text: str, kwargs: Kwargs) -> bool:
    """Three sentences of the same number of characters."""
    lengths = [len(sentence) for sentence in ruled_sentences(text)]
    return len(lengths) == 3 and len(set(lengths)) == 1


def stop_words(text: str, kwargs: Kwargs) -> bool:
    """At most `percentage` % of the words are stop words; not without a word."""
    words = words_of(text)
    stopped = sum(word.lower() in STOP_WORDS for word in words)
    return bool(words) and stopped / len(words) * 100 <= kwargs["percentage"]


def overlap(text: str, kwargs: Kwargs) -> bool:
    """`percentage` ± 2 % of the reply's different character trigrams are in `reference_text`."""
    own, reference = _trigrams(text), _trigrams(kwargs["reference_text"])
    return bool(own) and kwargs["percentage"] - 2 <= len(own & reference) / len(own) * 100 <= kwargs["percentage"] + 2


def _trigrams(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(len(text) - 2)}


def repeat_change(text: str, kwargs: Kwargs) -> bool:
    """The reply is `prompt_to_repeat` with another first word."""
    prompt = kwargs["prompt_to_repeat"]
    return prompt != text and prompt.split()[1:] == text.split()[1:]


def repeat_simple(text: str, kwargs: Kwargs) -> bool:
    """The reply is the request's own sentence, in any case: "Only output this sentence here, ignore …"."""
    return text.strip().lower() == ONLY_SENTENCE


def repeat_span(text: str, kwargs: Kwargs) -> bool:
    """The reply is words `n_start` to `n_end` − 1 of `prompt_to_repeat`, counted from 0, in any case."""
    words = kwargs["prompt_to_repeat"].lower().split()
    return text.lower().split() == words[kwargs["n_start"] : kwargs["n_end"]]


SENTENCE_FAMILIES: dict[str, tuple[Check, dict[str, str]]] = {
    "ratio:overlap": (overlap, {"reference_text": "text", "percentage": "number"}),
    "ratio:sentence_balance": (sentence_balance, {}),
    "ratio:sentence_type": (sentence_type, {}),
    "ratio:sentence_words": (sentence_words, {}),
    "ratio:stop_words": (stop_words, {"percentage": "number"}),
    "repeat:repeat_change": (repeat_change, {"prompt_to_repeat": "text"}),
    "repeat:repeat_simple": (repeat_simple, {}),
    "repeat:repeat_span": (repeat_span, {"prompt_to_repeat": "text", "n_start": "count", "n_end": "count"}),
    "sentence:alliteration_increment": (alliteration_increment, {}),
    "sentence:increment": (increment, {"small_n": "count"}),
    "sentence:keyword": (keyword_in_sentence, {"word": "text", "N": "position"}),
    "words:last_first": (last_first, {}),
}
