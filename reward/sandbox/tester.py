"""Tests as source, inside a job of their own: asserts and `check(candidate)` over functions that live in another job.

The program under test never sees the tests. Here its functions are remote: a call goes out through the channel, the
outside passes it on to the program's job, and a plain value comes back. What is not plain stays there; the test holds
a `Remote`, of which it may call, read, iterate and pass on what there is, but which equals nothing and is neither true
nor false. Comparisons in the tests' own source are strict: True is not 1.

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

from posttrain.reward.sandbox import values
from posttrain.reward.sandbox.candidate import path
from posttrain.reward.sandbox.frames import Channel
from posttrain.reward.sandbox.source import CompileError, compile_text, describe, new_module, run_code
from posttrain.reward.sandbox.strict import COMPARISONS, Comparisons

_COMPARE = "__posttrain_compare__"
_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = _shown.maxlong = 200
_shown.maxlist = _shown.maxtuple = _shown.maxdict = _shown.maxset = 30


class Gone(BaseException):
    """The program's job has ended: no test can go on."""


class Link:
    """Requests to the program, over the channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.error: tuple[BaseException, str] | None = None  # the last exception, and the program's traceback of it

    def ask(self, **request: Any) -> Any:
        """The program's answer. Raises what the program raised, as the nearest built-in exception."""
        self._channel.send(b"c" + values.pack({"keep": True} | request))
        reply = values.parse(self._channel.receive())
        if not isinstance(reply, dict) or "gone" in reply:
            raise Gone
        if "value" in reply:
            return reply
        if isinstance(reply.get("error"), dict):
            raise self._exception(reply["error"])
        raise NameError(str(reply.get("missing", "an answer of no known form"))[:200])

    def value(self, **request: Any) -> Any:
        return self.decode(self.ask(**request)["value"])

    def decode(self, data: Any) -> Any:
        return values.decode(data, lambda number: Remote(self, number))

    def call(self, number: int, args: tuple, kwargs: dict) -> Any:
        given = {name: self.encode(value) for name, value in kwargs.items()}
        reply = self.ask(op="call", of=number, args=self.encode(list(args)), kwargs=given)
        value = self.decode(reply["value"])
        after = self.decode(reply.get("arguments"))
        if value is None and isinstance(after, list):
            for old, new in zip(args, after, strict=False):
                _copy_back(old, new)
        return value

    def encode(self, value: Any) -> Any:
        return values.encode(value, _number)

    def _exception(self, report: dict) -> BaseException:
        kind = getattr(builtins, str(report.get("type")), None)
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            kind = Exception
        if issubclass(kind, StopIteration | StopAsyncIteration):
            kind = RuntimeError  # as in a generator: `all(map(candidate, cases))` must not end early and be true
        try:
            error = kind(*self.decode(report.get("args")))
        except Exception:
            error = Exception(str(report.get("message")))
        self.error = error, str(report.get("traceback"))
        return error


class Remote:
    """An object of the program's."""

    def __init__(self, link: Link, number: int) -> None:
        vars(self).update(_link=link, _number=number)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._link.call(self._number, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._link.value(op="attribute", of=self._number, name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.ask(op="set", of=self._number, name=name, value=self._link.encode(value))

    def __iter__(self) -> Any:
        return iter(self._link.value(op="list", of=self._number))

    def __len__(self) -> int:
        return self._link.value(op="length", of=self._number)

    def __getitem__(self, key: Any) -> Any:
        return self._link.value(op="item", of=self._number, key=self._link.encode(key))

    def __str__(self) -> str:
        return self._link.value(op="text", of=self._number)

    def __repr__(self) -> str:
        return "<an object that is not a plain value>"

    def __bool__(self) -> bool:
        raise TypeError("not a plain value: neither true nor false")

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Remote) and other._number == self._number

    def __hash__(self) -> int:
        return hash(self._number)


class _Unpassable(Exception):
    """The tests hand over what cannot leave their job, such as a function of their own."""


def _number(value: Any) -> int:
    if isinstance(value, Remote):
        return value._number
    raise _Unpassable(f"they pass an argument that is not plain: {type(value).__name__}")


def _copy_back(old: Any, new: Any) -> None:
    if type(old) is not type(new):
        return
    if isinstance(old, list):
        old[:] = new
    elif isinstance(old, (dict, set)):
        old.clear()
        old.update(new)


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
        self._link.error = None
        try:
            action()
            return None
        except Gone:
            return _failure("error", "the program ended during the test")
        except (CompileError, _Unpassable) as error:
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
            found = self._link.value(op="get", name=first)
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
                self._names[name] = self._link.value(op="get", name=name)

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
            if not COMPARISONS[sign](left, right):
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
