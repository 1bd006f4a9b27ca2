"""Evaluation by generated replies: benchmarks, their judges and intervals."""

from typing import Any


def __getattr__(name: str) -> Any:
    """`posttrain.evaluate.evaluate`, imported when asked for: it brings every backend, which trainers need not."""
    if name == "evaluate":
        from posttrain.evaluate.benchmark import evaluate

        return evaluate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
