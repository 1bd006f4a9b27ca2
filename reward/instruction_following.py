"""Verifiable instructions: IFEval (2311.07911), IFBench (2507.02833) and our own families, as a metric and as a reward.

The metric is the official one and has no gate. The reward is guarded by two rules of our own, because a policy finds
within hours what a benchmark's replies never try: a reply must have what the instruction is about (`presence`) and must
be an answer at all (`degeneracy`). docs/instruction_following.md lists what is checked, where it differs from the
official implementations and what the guard costs.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from posttrain.errors import UserError
from posttrain.reward.completions import Completion, check_lengths, completion_texts, question_texts
from posttrain.reward.instructions.arguments import Instruction, is_without, read_instructions
from posttrain.reward.instructions.degeneracy import find_degeneracy
from posttrain.reward.instructions.presence import is_present
from posttrain.reward.instructions.rlvr import from_ground_truth, is_ground_truth


def check(reply: str, ids: Any, kwargs: Any = None, where: str = "") -> list[bool]:
    """Whether each instruction is followed, strictly: the reply as it is. A blank reply follows none.

    ids, kwargs: a row's `instruction_id_list` and `instruction_kwargs`, in any form that `read_instructions` knows ·
    where: how error messages begin, such as "row 3: ". Raises UserError for a row that cannot be judged.
    """
    return _follow(reply, read_instructions(ids, kwargs, where))


def check_loosely(reply: str, ids: Any, kwargs: Any = None, where: str = "") -> list[bool]:
    """As `check`, where any of eight variants may follow: first and last lines left out or not, asterisks or not."""
    return _follow_loosely(reply, read_instructions(ids, kwargs, where))


def score_following(
    replies: Sequence[str], instruction_id_list: Sequence[Any], instruction_kwargs: Sequence[Any]
) -> dict[str, float]:
    """The four official figures over all rows, 0–1: prompt_strict, instruction_strict, prompt_loose, instruction_loose.

    A prompt counts where all its instructions are followed; instructions are counted over all rows together. One entry
    a reply in each list. Without any gate, so that the figures compare with published ones. UserError with no rows.
    """
    check_lengths(replies, instruction_id_list=instruction_id_list, instruction_kwargs=instruction_kwargs)
    if not len(replies):
        raise UserError("score_following: there are no replies to score")
    rows = _rows(instruction_id_list, instruction_kwargs)
    figures = {}
    for name, follow in (("strict", _follow), ("loose", _follow_loosely)):
        verdicts = [follow(reply, row) for reply, row in zip(replies, rows, strict=True)]
        figures[f"prompt_{name}"] = sum(map(all, verdicts)) / len(verdicts)
        figures[f"instruction_{name}"] = sum(map(sum, verdicts)) / sum(map(len, verdicts))
    return figures


def instruction_following_reward(
    completions: Sequence[Completion],
    instruction_id_list: Sequence[Any] | None = None,
    instruction_kwargs: Sequence[Any] | None = None,
    prompts: Sequence[Completion] | None = None,
    all_or_nothing: bool = False,
    log_metric: Callable[[str, float], None] | None = None,
    log_extra: Callable[[str, list], None] | None = None,
    **columns: Any,
) -> list[float | None]:
    """The fraction of its instructions that each completion follows (Tülu 3, 2411.15124), 0 for what is no answer.

    instruction_id_list, instruction_kwargs: the rows' columns as google/IFEval and IFBench have them (also as lists in
    JSON text); `kwargs` is another name of the second, and RLVR-IFeval's `ground_truth` stands for both.
    prompts: texts or message lists (a trainer gives them): then copies of the prompt, a few words where a text was
    asked for and texts without one of the prompt's words are worth 0 too.
    all_or_nothing: 1 where every instruction is followed, else 0.
    log_metric, log_extra: the trainer's; `instruction_following/…` has the share of instructions followed before the
    guard (`followed`), of those that lack what they are about (`absent`) and of completions that are no answer
    (`degenerate`, with a metric of its own for each reason).

    Judged strictly, as in `check`; replies are read as they are, thoughts and all: take those out before. A row without
    any instruction (None, an empty list, a `ground_truth` that is no object, as of mathematics) is None. Raises
    UserError, naming the row, for instructions that can never be judged.
    """
    if not isinstance(all_or_nothing, bool):
        raise UserError(
            f"instruction_following_reward: all_or_nothing must be true or false, not {all_or_nothing!r:.60}"
        )
    instruction_id_list, instruction_kwargs = _columns(instruction_id_list, instruction_kwargs, columns)
    check_lengths(
        completions, instruction_id_list=instruction_id_list, instruction_kwargs=instruction_kwargs, prompts=prompts
    )
    texts = completion_texts(completions)
    rows = [
        [] if is_without(ids) else read_instructions(ids, kwargs, f"row {row}: ")
        for row, (ids, kwargs) in enumerate(zip(instruction_id_list, instruction_kwargs, strict=True))
    ]
    asked = [None] * len(texts) if prompts is None else question_texts(prompts)
    followed = [_follow(text, row) for text, row in zip(texts, rows, strict=True)]
    present = [[is_present(one.id, text, one.kwargs) for one in row] for text, row in zip(texts, rows, strict=True)]
    reasons = [
        find_degeneracy(text, prompt, row) if any(verdicts) else ""
        for text, prompt, row, verdicts in zip(texts, asked, rows, followed, strict=True)
    ]
    if log_metric:
        _log(log_metric, followed, present, reasons)
    if log_extra:
        verdicts = [reason or (f"{sum(f)}/{len(f)}" if f else "") for reason, f in zip(reasons, followed, strict=True)]
        log_extra("instruction_following", verdicts)
    return [
        None if not f else 0.0 if reason else _value(list(map(all, zip(f, p, strict=True))), all_or_nothing)
        for reason, f, p in zip(reasons, followed, present, strict=True)
    ]


def _value(verdicts: list[bool], all_or_nothing: bool) -> float:
    return float(all(verdicts)) if all_or_nothing else sum(verdicts) / len(verdicts)


def _columns(ids: Any, kwargs: Any, columns: dict[str, Any]) -> tuple[Any, Any]:
    """The two columns, from the names that public data sets give them."""
    kwargs = columns.get("kwargs") if kwargs is None else kwargs
    if ids is not None:
        return ids, [None] * len(ids) if kwargs is None else kwargs
    if (truths := columns.get("ground_truth")) is None:
        raise UserError(
            "instruction_following_reward needs the columns instruction_id_list and instruction_kwargs (or kwargs), "
            "or RLVR-IFeval's ground_truth"
        )
    check_lengths(truths)
    pairs = [
        from_ground_truth(truth, f"row {row}: ") if is_ground_truth(truth) else ([], [])
        for row, truth in enumerate(truths)
    ]
    return [ids for ids, _ in pairs], [kwargs for _, kwargs in pairs]


def _rows(ids: Sequence[Any], kwargs: Sequence[Any]) -> list[list[Instruction]]:
    pairs = zip(ids, kwargs, strict=True)
    return [read_instructions(id_list, arguments, f"row {row}: ") for row, (id_list, arguments) in enumerate(pairs)]


def _follow(reply: str, instructions: Sequence[Instruction]) -> list[bool]:
    return [bool(reply.strip()) and one.check(reply, one.kwargs) for one in instructions]


def _follow_loosely(reply: str, instructions: Sequence[Instruction]) -> list[bool]:
    verdicts = [_follow(variant, instructions) for variant in loose_variants(reply)]
    return [any(column) for column in zip(*verdicts, strict=True)]


def loose_variants(reply: str) -> list[str]:
    """The different ones of {as it is, less its first line, its last line, both} × {as it is, `*` removed}."""
    lines = reply.split("\n")
    cut = [reply, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return list(dict.fromkeys([*cut, *(text.replace("*", "") for text in cut)]))


def _log(
    log_metric: Callable[[str, float], None], followed: list[list[bool]], present: list[list[bool]], reasons: list[str]
) -> None:
    pairs = [pair for f, p in zip(followed, present, strict=True) for pair in zip(f, p, strict=True)]
    if not pairs:
        return
    log_metric("instruction_following/followed", sum(f for f, _ in pairs) / len(pairs))
    log_metric("instruction_following/absent", sum(f and not p for f, p in pairs) / len(pairs))
    judged = sum(map(bool, followed))
    log_metric("instruction_following/degenerate", sum(map(bool, reasons)) / judged)
    for reason, number in Counter(filter(None, reasons)).items():
        log_metric(f"instruction_following/degenerate_{reason}", number / judged)
