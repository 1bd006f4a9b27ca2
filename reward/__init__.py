"""Rewards and verifiers (installs as posttrain.reward): TRL's signature, values in [0, 1], None where one cannot judge.

    f(completions, <row columns>, **kwargs) -> list[float | None]

completions: list of str, or of message lists (then the assistant's last content counts) · every other list has one
entry a completion. Each goes to any TRL trainer as it is.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "math_reward": "math",
    "code_reward": "code",
    "instruction_following_reward": "instruction_following",
    "exact_reward": "form",
    "format_reward": "form",
    "length_reward": "form",
    "language_reward": "form",
    "repetition_reward": "form",
    "stop_reward": "form",
    "refusal_reward": "refusals",
    "RewardModel": "model",
    "combine": "composition",
    "build_reward": "spec",
    "required_columns": "spec",
    "check_columns": "spec",
}


def __getattr__(name: str) -> Any:
    """The public names, imported when asked for: each brings only the libraries that it needs."""
    if name in _HOMES:
        return getattr(import_module(f"posttrain.reward.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
