r"""Whether a reply's final answer is right: the verifier for mathematics, for RL and for evaluation alike.

    judge(r"… so the answer is \boxed{\frac{1}{2}}.", "0.5")    ->  Verdict(correct=True, extracted="\\frac{1}{2}", …)
    math_reward(completions, answer)                            ->  [1.0, 0.0, None, …]     (TRL's signature)

Four steps, a module each in `mathematics`: the answer is found (extraction), brought to one spelling (notation), read
as a quantity, list, interval, choice, words … (reading) and compared (equality): exactly where that can be done in this
process, by a worker with a hard deadline (workers) where it cannot. No text is ever run as code.

What is right: the gold's value in any spelling, also unevaluated (`2^{10}` is 1024, `7 \times 8` is 56: MATH's rule,
symbolic equality), unless the problem is given and the reply only says it again. A sum, product, integral or limit
sign is not evaluated. Anything that names several values for one, or cannot be read, is wrong.
"""

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from posttrain.errors import UserError
from posttrain.reward.completions import Completion, check_lengths, completion_texts
from posttrain.reward.mathematics.equality import equal
from posttrain.reward.mathematics.extraction import extract, extract_gold, is_strange
from posttrain.reward.mathematics.forms import same_form
from posttrain.reward.mathematics.notation import MAX_LENGTH, normalise
from posttrain.reward.mathematics.spellings import spellings
from posttrain.reward.mathematics.verdicts import Request, first_of
from posttrain.reward.mathematics.workers import shared_pool

SECONDS = 3.0


@dataclass(frozen=True)
class Verdict:
    """On one reply.

    correct: None where the gold gives nothing to compare with · extracted, gold: the two answers' texts, None if there
    is none · how: "equal" (decided here), "confirmed" (by a worker), "different", "no answer", "no gold", "restated"
    (the problem's own expression), "timeout", "crashed" (the worker died of it)
    """

    correct: bool | None
    extracted: str | None
    gold: str | None
    how: str


def judge(
    reply: str, answer: Any, protocol: str = "auto", *, problem: str | None = None, seconds: float = SECONDS
) -> Verdict:
    """The verdict on one reply. See `judge_all`."""
    return judge_all([reply], [answer], protocol, problems=[problem], seconds=seconds)[0]


def judge_all(
    replies: Sequence[str],
    answers: Sequence[Any],
    protocol: str = "auto",
    *,
    problems: Sequence[str | None] | None = None,
    seconds: float = SECONDS,
) -> list[Verdict]:
    """The verdicts on replies, one gold answer (or gold solution) each. Never hangs and raises for no reply's text.

    protocol: see mathematics.extraction · problems: the questions; with them a reply that only says the question's own
    expression again is wrong · seconds: the deadline of each comparison that needs a worker; a batch's run side by side
    Raises UserError for an unknown protocol and for lists of different lengths.
    """
    check_lengths(replies, answer=answers, problems=problems)
    first = [
        _first_look(reply, answer, protocol, problem)
        for reply, answer, problem in zip(replies, answers, problems or [None] * len(replies), strict=True)
    ]
    wanted = {_key(request): request for verdict in first if isinstance(verdict, _Open) for request in verdict.requests}
    found = dict(zip(wanted, shared_pool().run([*wanted.values()], seconds), strict=True))
    return [_close(verdict, found) if isinstance(verdict, _Open) else verdict for verdict in first]


@dataclass(frozen=True)
class _Open:
    """A verdict that hangs on requests, all of which must find their sides equal."""

    extracted: str
    gold: str
    requests: tuple[Request, ...]


def _key(request: Request) -> str:
    return repr(request)


def _first_look(reply: str, answer: Any, protocol: str, problem: str | None) -> Verdict | _Open:
    extracted = extract(reply, protocol)
    gold = extract_gold(answer)
    if gold is None:
        return Verdict(None, extracted, None, "no gold")
    if protocol == "auto" and reply.strip().casefold() == gold.casefold():
        extracted = reply.strip()  # words alone, which state nothing by themselves: `does not exist`
    if extracted is None or not normalise(extracted):
        return Verdict(False, extracted and extracted[:MAX_LENGTH], gold, "no answer")
    verdict = first_of(lambda spelling: equal(gold, spelling), spellings(extracted))
    if verdict is not False and problem and _restates(problem, gold, extracted):
        return Verdict(False, extracted, gold, "restated")
    if isinstance(verdict, tuple):
        return _Open(extracted, gold, verdict)
    return Verdict(verdict, extracted, gold, "equal" if verdict else "different")


def _close(verdict: _Open, found: dict[str, str]) -> Verdict:
    outcomes = {found[_key(request)] for request in verdict.requests}
    if outcomes == {"equal"}:
        return Verdict(True, verdict.extracted, verdict.gold, "confirmed")
    how = next(how for how in ("different", "crashed", "timeout") if how in outcomes)
    return Verdict(False, verdict.extracted, verdict.gold, how)


def _restates(problem: str, gold: str, extracted: str) -> bool:
    """Whether an answer with something left to compute is copied from the problem, and the gold has another form.

    A plain number, fraction or coordinate of the problem may well be its answer.
    """
    said, answer = (re.sub(r"\s|\\(?:cdot|times)(?![a-zA-Z])|\*", "", normalise(text)) for text in (problem, extracted))
    work = re.search(
        r"[\w)}!][-+*/^!]|\\(?:sqrt|frac|binom|sin|cos|tan|log|ln|times|cdot|div)(?![a-zA-Z])|_", normalise(extracted)
    )
    simple = re.fullmatch(r"-?(?:\\frac\{?\d+\}?\{?\d+\}?|\d+/\d+)", answer)
    return bool(work) and not simple and answer in said and not same_form(gold, extracted)


def math_reward(
    completions: Sequence[Completion],
    answer: Sequence[Any] | None = None,
    *,
    protocol: str = "auto",
    prompts: Sequence[Any] | None = None,
    seconds: float = SECONDS,
    log_metric: Callable[[str, float], None] | None = None,
    log_extra: Callable[[str, list], None] | None = None,
    **kwargs: Any,
) -> list[float | None]:
    """1.0 for each completion whose final answer equals its row's `answer`, else 0.0; None where the row has no gold.

    completions, prompts: texts or message lists (TRL hands both over) · answer: the rows' column: a bare answer, a
    number, or a whole solution of GSM8K or MATH · the rest as `judge_all` has it
    Logs math/no_answer, math/timeout (shares of the completions) and the column `extracted`.
    Raises UserError if the column is missing or has another length.
    """
    if answer is None:
        raise UserError("math_reward needs a column `answer` with each row's gold answer")
    check_lengths(completions, answer=answer, prompts=prompts)
    problems = [question(prompt) for prompt in prompts] if prompts is not None else None
    strange = [row for row, gold in enumerate(answer) if is_strange(gold)]
    if strange:
        kind = type(answer[strange[0]]).__name__
        warnings.warn(f"answer[{strange[0]}] is a {kind}, which is no answer: the reward is None", stacklevel=2)
    verdicts = judge_all(completion_texts(completions), answer, protocol, problems=problems, seconds=seconds)
    if log_metric:
        for name, how in (("math/no_answer", "no answer"), ("math/timeout", "timeout")):
            log_metric(name, sum(verdict.how == how for verdict in verdicts) / max(len(verdicts), 1))
    if log_extra:
        log_extra("extracted", [verdict.extracted or "" for verdict in verdicts])
    return [None if verdict.correct is None else float(verdict.correct) for verdict in verdicts]


def question(prompt: Any) -> str | None:
    """What the user asked last: a text as it is, of messages the last that is a user's; None if there is none."""
    if isinstance(prompt, str):
        return prompt
    asked = [message for message in prompt if isinstance(message, dict) and message.get("role") == "user"]
    content = asked[-1].get("content") if asked else None
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else None
