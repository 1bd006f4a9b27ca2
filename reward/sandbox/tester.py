"""Tests as source, inside a job of their own: asserts and `check(candidate)` over functions that live in another job.

The program under test never sees the tests. Here its functions are remote: a call goes out through the channel, the
outside passes it on to the program's job, and a plain value comes back. What is not plain stays there, and remote.py
says what a test may do with it. Comparisons in the tests' own source are strict: True is not 1.

A function that returns None has its lists, dicts and sets copied back, so that tests of work in place hold; one that
returns a value has not, or a program could bend what the test compares its value with.
"""

import ast
import builtins
import contextlib
import json
import linecache
import random
import reprlib
import types
from typing import Any

from posttrain.reward.sandbox.candidate import path
from posttrain.reward.sandbox.frames import Channel
from posttrain.reward.sandbox.remote import Gone, Link, Remote, Unpassable, names_class, same
from posttrain.reward.sandbox.source import CompileError, compile_text, describe, new_module, run_code
from posttrain.reward.sandbox.strict import COMPARISONS, Comparisons

_COMPARE = "__posttrain_compare__"
_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = _shown.maxlong = 200
_shown.maxlist = _shown.maxtuple = _shown.maxdict = _shown.maxset = 30


def serve(order: dict, channel: Channel) -> int:
    """Run the tests in order; a message b"v" + JSON after each: {"passed", "status", "message", "traceback"}.

    order: "prelude" (definitions of the prompt's that the tests may use), "setup" (run once), "tests" (each its own
    verdict), "entry_point" · status: passed, failed, error (something was raised), not_found, tests (they themselves
    are at fault: not Python, or an import that is missing here)
    """
    _Tests(order, Link(channel), channel).run()
    return 0


class _Tests:
    def __init__(self, order: dict, link: Link, channel: Channel) -> None:
        self._order, self._link, self._channel = order, link, channel
        self._compared = ""
        self._where = path("tests.py")
        self._module = new_module("tests", self._where)
        self._names = vars(self._module)
        self._tests: list[tuple[str, types.CodeType]] = []
        self._names[_COMPARE] = self._compare

    def run(self) -> None:
        random.seed(0)  # tests that draw their cases draw the same ones for every program
        trouble = self._attempt(self._prepare)
        for i in range(len(self._order["tests"])):
            verdict = trouble or self._attempt(lambda i=i: self._execute(self._tests[i]))
            self._channel.send(b"v" + json.dumps(verdict or {"passed": True, "status": "passed"}).encode())

    def _attempt(self, action: Any) -> dict | None:
        """None when it went well, else the verdict."""
        self._compared = ""
        self._link.error, self._link.misused = None, ""
        try:
            action()
            return _failure("failed", self._link.misused) if self._link.misused else None
        except Gone:
            return _failure("error", "the program ended during the test")
        except (CompileError, Unpassable) as error:
            return _failure("tests", f"the tests are at fault: {error.__cause__ or error}")
        except ImportError as error:
            own = self._link.error and self._link.error[0] is error
            return _failure("error" if own else "tests", f"{'' if own else 'the tests need '}{error}")
        except AssertionError as error:
            text = self._compared or str(error)[:500] or "an assertion is false"
            return _failure("failed", text, describe(error, self._where)["traceback"])
        except BaseException as error:
            report = describe(error, self._where)
            theirs = self._link.error[1] if self._link.error and self._link.error[0] is error else report["traceback"]
            missing = isinstance(error, _NotFound)
            return _failure("not_found" if missing else "error", f"{report['name']}: {report['message'][:500]}", theirs)

    def _prepare(self) -> None:
        entry = self._order["entry_point"]
        if entry:
            self._names["candidate"] = self._names[entry] = self._entry(entry)
        if self._order["prelude"]:
            own = dict(self._names)
            with contextlib.suppress(Exception):  # a prompt may be no program by itself: then the program's names serve
                self._execute(self._rewrite(self._order["prelude"], Comparisons(_COMPARE)))
            self._names.update(own)
        names = Comparisons(_COMPARE)
        setup = [self._rewrite(text, names) for text in self._order["setup"]]
        for text in self._order["tests"]:
            names.acts = False
            self._tests.append(self._rewrite(text, names))
            if not names.acts:
                raise CompileError from ValueError(f"they test nothing: {text.strip()[:80]!r}")
        self._bind(names.read - names.bound - self._names.keys())
        for part in setup:
            self._execute(part)

    def _entry(self, name: str) -> Any:
        first, _, rest = name.partition(".")
        try:
            found = self._get(first)
            for part in rest.split(".") if rest else ():
                found = getattr(found(), part)
            return found
        except NameError:
            raise _NotFound(f"the program defines no `{name}`") from None

    def _bind(self, unknown: set[str]) -> None:
        """Names that the tests use and nobody has defined are the program's.

        Tests without an entry point that use no name but built-in ones, as `sum`, mean the program's own `sum`.
        """
        own = unknown - vars(builtins).keys()
        for name in sorted(own or (set() if self._order["entry_point"] else unknown)):
            with contextlib.suppress(NameError):  # then the test that uses it fails by itself
                self._names[name] = self._get(name)

    def _get(self, name: str) -> Any:
        found = self._link.value(made=True, op="get", name=name, **{"class": names_class(name)})
        return found.that_makes() if isinstance(found, Remote) and names_class(name) else found

    def _rewrite(self, text: str, names: Comparisons) -> tuple[str, types.CodeType]:
        try:
            tree = names.visit(ast.parse(text))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise CompileError from error
        return text, compile_text(tree, self._where)

    def _execute(self, part: tuple[str, types.CodeType]) -> None:
        text, code = part
        linecache.cache[self._where] = (len(text), None, text.splitlines(keepends=True), self._where)
        run_code(code, self._module)

    def _compare(self, left: Any, *rest: Any) -> bool:
        """`left op right op right …`, strictly; the last comparison that was false is what a failed assert shows."""
        for sign, right in zip(rest[::2], rest[1::2], strict=True):
            if not (same(left, right) is (sign == "is") if sign.startswith("is") else COMPARISONS[sign](left, right)):
                self._compared = f"{_show(left)} {sign} {_show(right)} is false"
                return False
            left = right
        return True


class _NotFound(Exception):
    pass


def _show(value: Any) -> str:
    try:
        return _shown.repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _failure(status: str, message: str, traceback: str = "") -> dict:
    return {"passed": False, "status": status, "message": message[:2000], "traceback": traceback}
