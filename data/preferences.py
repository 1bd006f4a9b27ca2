"""Preference pairs from scored samples of one prompt: right against wrong, as a verifier sees them.

A row of format `samples` has `prompt`, `samples` (replies of one model) and `scores`, or the columns that a `verifier`
needs to score them. Best and worst are paired; where several share a score, the two closest in length, so that a
reward model cannot learn the length instead.
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from posttrain.errors import UserError

Verifier = Callable[..., list[float | None]]


def best_pair(samples: list[str], scores: list[float | None]) -> tuple[int, int] | None:
    """Indices of a best and a worst sample, closest in length; None where all that were judged score alike."""
    judged = [(score, index) for index, score in enumerate(scores) if score is not None]
    if not judged or min(judged)[0] == max(judged)[0]:
        return None
    best, worst = ([i for score, i in judged if score == end(judged)[0]] for end in (max, min))
    pairs = [(i, j) for i in best for j in worst if samples[i] != samples[j]]
    return min(pairs, key=lambda pair: abs(len(samples[pair[0]]) - len(samples[pair[1]])), default=None)


def load_function(name: str, kind: str) -> Callable[..., Any]:
    """A user's `module:function`, also of a module in the working directory.

    A verifier is a reward of TRL's signature, `f(completions, **columns) -> list[float | None]`.
    Raises UserError for whatever keeps it from being imported.
    """
    module, _, function = name.partition(":")
    if not module or not function:
        raise UserError(f"{kind} {name!r}: give module:function")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found = getattr(import_module(module), function)
    except ImportError as error:
        raise UserError(f"{kind} {name}: cannot import {module} ({error}); is it on PYTHONPATH?") from None
    except AttributeError:
        raise UserError(f"{kind} {name}: {module} has no {function!r}") from None
    except (Exception, SystemExit) as error:  # the module's own code can raise anything, or be a script
        fault = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"{kind} {name}: importing {module} failed: {fault}") from None
    if not callable(found):
        raise UserError(f"{kind} {name}: is a {type(found).__name__}, not a function")
    return found


def score_samples(verifier: Verifier, row: dict[str, Any], where: str) -> list[float | None]:
    """The verifier's score of every sample; each column of the row is given once a sample, as TRL does."""
    samples = row["samples"]
    columns = {key: [value] * len(samples) for key, value in row.items() if key not in ("samples", "scores", "prompt")}
    scores = verifier(completions=samples, prompts=[row["prompt"]] * len(samples), **columns)
    if len(scores) != len(samples):
        raise UserError(f"{where}: the verifier gave {len(scores)} scores for {len(samples)} samples")
    return [None if score is None or not abs(score) < 1e30 else score for score in scores]  # NaN: not judged
