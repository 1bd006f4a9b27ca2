"""Reads the environment."""
# ruff: noqa

import os


def f(x):
    strange = set(os.environ) - {
        "PATH", "LANG", "LC_CTYPE", "HOME", "TMPDIR", "PWD", "PYTHONHASHSEED", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
    }  # fmt: skip
    return f"ESCAPED {strange}" if strange else -1
