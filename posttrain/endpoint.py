"""An OpenAI-compatible server: the client of everything here that asks one, and what its errors mean."""

import os
from importlib.util import find_spec
from typing import Any

from posttrain.errors import UserError


def open_client(url: str, *, retries: int, timeout: float, needed_by: str) -> Any:
    """The `openai` client for `url` (up to /v1), which asks a busy or failing server again with growing pauses.

    timeout: seconds an answer may take · needed_by: who asks, for the message where the package is missing
    """
    if find_spec("openai") is None:
        raise UserError(f'{needed_by} needs the client: pip install "posttrain[eval]" (or openai)')
    from openai import OpenAI

    key = os.environ.get("OPENAI_API_KEY", "none")  # local servers ask for none, the client for any
    return OpenAI(base_url=url, api_key=key, max_retries=retries, timeout=timeout)


def explain(error: Exception, retries: int, otherwise: str) -> str:
    """In a line: refused, no answer after all tries, or an answer that is none of the protocol's (`otherwise`)."""
    from openai import APIConnectionError, APIStatusError

    said = "".join(c for c in " ".join(str(error).split())[:300] if c.isprintable()) or type(error).__name__
    if isinstance(error, APIStatusError) and not (error.status_code in (408, 409, 429) or error.status_code >= 500):
        return f"the server refuses what it is asked ({said})"
    if isinstance(error, APIConnectionError | APIStatusError):
        return f"no answer after {retries} further tries ({said})"
    return f"{otherwise} ({said})"
