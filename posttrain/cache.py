"""Where what is made once and used again is kept: $POSTTRAIN_CACHE, or ~/.cache/posttrain."""

import os
import tempfile
from functools import cache
from pathlib import Path


def cache_dir() -> Path:
    """The cache's folder; it need not exist yet."""
    return Path(os.environ.get("POSTTRAIN_CACHE", "~/.cache/posttrain")).expanduser()


@cache
def _scratch() -> tempfile.TemporaryDirectory:
    root = cache_dir()
    root.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="process-", dir=root)


def scratch_dir() -> Path:
    """A folder that lives as long as the process; in the cache, since /tmp is memory on some machines."""
    return Path(_scratch().name)
