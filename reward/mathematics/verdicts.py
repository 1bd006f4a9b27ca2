"""Verdicts that may hang on a worker: False, True, or requests that must all be confirmed; and how they combine."""

from collections.abc import Callable, Iterable
from typing import Any

Request = dict[str, Any]
Verdict = bool | tuple[Request, ...]


def first_of(check: Callable[[Any], Verdict], candidates: Iterable[Any]) -> Verdict:
    """True if any candidate is, else the first whose requests may make it so."""
    open_verdict: Verdict = False
    for candidate in candidates:
        verdict = check(candidate)
        if verdict is True:
            return True
        open_verdict = open_verdict or verdict
    return open_verdict


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """True if all are; their requests together; False as soon as one is."""
    requests: tuple[Request, ...] = ()
    for verdict in verdicts:
        if verdict is False:
            return False
        requests += () if verdict is True else verdict
    return requests or True
