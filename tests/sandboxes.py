"""What the tests of the sandbox share: a pool of one worker, and a clear reason to skip where it cannot be had."""

import functools

import pytest

from posttrain.reward.sandbox import check_isolation

GOOD = "def f(x):\n    return x * x\n"


@functools.cache
def missing() -> str | None:
    """Why bubblewrap cannot be used here; None where it can."""
    level, why = check_isolation()
    return None if level == "bubblewrap" else why


def need_bubblewrap() -> None:
    if why := missing():
        pytest.skip(f"no full isolation here: {why}")
