"""Errors that a user can mend: one line that names the file, row or key, and what to do."""

import difflib
import errno
import functools
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, NoReturn


class UserError(ValueError):
    """The input is at fault, not the code. The message is one line and names the mend."""


def nearest(name: Any, known: Iterable[str]) -> str:
    """A question after the nearest known name, for the end of a message: " (did you mean 'x'?)", or ""."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def one_line_errors(main: Callable) -> Callable:
    """Decorate a program's `main`: a `UserError`, or a full disk, becomes one line on stderr and exit status 2.

    With several processes the same error usually strikes all: the others wait, so that the launcher ends them before
    they repeat what rank 0 has said, and speak only when it has not.
    """

    @functools.wraps(main)
    def wrapper(*args, **kwargs):
        try:
            return main(*args, **kwargs)
        except UserError as error:
            _end(str(error).rsplit("UserError: ", 1)[-1].strip())  # a data loader's process sends its whole traceback
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            where = f" while writing {error.filename}" if error.filename else ""
            _end(f"the disk is full{where}: make room, then the same command goes on where it was")
        except KeyboardInterrupt:
            print("interrupted: the same command goes on where it was", file=sys.stderr, flush=True)
            raise SystemExit(130) from None

    return wrapper


def _end(message: str) -> NoReturn:
    rank = int(os.environ.get("RANK", "0"))
    if rank:
        time.sleep(5)
    print(f"error{f' on rank {rank}' if rank else ''}: {message}", file=sys.stderr, flush=True)
    raise SystemExit(2) from None
