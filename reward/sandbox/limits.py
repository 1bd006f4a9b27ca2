"""What a job may use, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from posttrain.errors import UserError, nearest

Status = Literal["ok", "error", "compile_error", "not_found", "timeout", "memory", "output", "killed", "unavailable"]


@dataclass(frozen=True)
class Limits:
    """Limits of one job. Time is of one call (or one run of a program); the rest is of the job with all its processes.

    The defaults are RLEF's (2410.02089): 10 s and 1 GB a test. The wall clock is wider than the CPU's, so that a busy
    machine does not fail good programs; it ends those that sleep.
    """

    cpu_seconds: float = 10.0
    wall_seconds: float = 15.0
    memory_bytes: int = 1 << 30
    processes: int = 32  # threads count too
    output_bytes: int = 4 << 20  # stdout and stderr together; beyond it the job is ended
    file_bytes: int = 64 << 20  # all that it keeps in its own /tmp
    open_files: int = 64

    def __post_init__(self) -> None:
        for field_ in fields(self):
            value = getattr(self, field_.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UserError(f"{field_.name} must be a number, found {value!r:.40}")
            if not 0 < value < float("inf"):
                raise UserError(f"{field_.name} must be above 0 and finite, found {value!r}")
            if field_.type in (int, "int") and value != int(value):
                raise UserError(f"{field_.name} must be a whole number, found {value!r}")

    @classmethod
    def of(cls, given: Any) -> "Limits | None":
        """Limits as a mapping gives them, of some of the fields; what is None or made already is taken as it is."""
        if given is None or isinstance(given, cls):
            return given
        known = [field_.name for field_ in fields(cls)]
        if not isinstance(given, Mapping):
            raise UserError(f"limits must be a mapping of {', '.join(known)}, not {given!r:.60}")
        for name in given:
            if name not in known:
                hint = nearest(name, known) or f"; they are {', '.join(known)}"
                raise UserError(f"limits have no {name!r}{hint}")
        return cls(**given)


@dataclass(frozen=True)
class Result:
    """What came of one call or one run.

    status    ok · error (it raised, ended early, or its value is not plain) · compile_error · not_found (no such
              function) · timeout · memory · output (more than `output_bytes`) · killed (by a signal or with its worker)
              · unavailable (the sandbox could not run it, for want of processes or memory: no verdict on the program)
    value     what the function returned, exactly of the plain types (None unless ok, or of a program)
    arguments the positional arguments after the call, where it returned None (a function that works in place)
    stdout, stderr   the whole stdout of a program (it is within `output_bytes`); of calls the last 4,000 characters
    seconds   wall time · message: one line that says what went wrong · traceback: the program's own frames
    """

    status: Status
    value: Any = None
    arguments: list | None = None
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    message: str = ""
    traceback: str = field(default="", repr=False)

    @property
    def ok(self) -> bool:
        return self.status == "ok"
