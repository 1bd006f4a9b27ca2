"""Sources, formats, filters, mixtures and their report: everything that trains reads through here."""

from typing import Any


def __getattr__(name: str) -> Any:
    """`posttrain.data.load_mixture`, imported when asked for: it brings `datasets`, which most modules need not."""
    if name == "load_mixture":
        from posttrain.data.mixture import load_mixture

        return load_mixture
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
