"""The program's objects as the tests hold them, and the requests that stand behind them.

How far an object is believed depends on how the tests came by it, never on what it says of itself:

    Foreign   what a function of the program's has returned. It may be called and has attributes, since both lead to
              plain values in the end; it is no value: not iterable, without length, items, truth, order or equality,
              and without the methods that plain values have (`f(x).startswith`). So it can pass for no plain value.
    Remote    of a class that the tests name, `Stack`: it has the operators that its class gives it, and equals what
              its class says it equals, among such objects. One that the tests have made themselves, `Stack()`, has all
              methods too.
    Items     a generator or another iterator of Python's own: it gives its items once.

A tests' use of a Foreign object as a value fails the test, also where the tests catch the exception.
"""

import builtins
import contextlib
import inspect
import pathlib
import re
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

from posttrain.reward.sandbox import values
from posttrain.reward.sandbox.exchange import (
    FUNCTIONS,
    ITERATORS,
    MAX_ITEMS,
    Record,
    decode_copy,
    encode_copy,
    library_name,
)
from posttrain.reward.sandbox.frames import Channel
from posttrain.reward.sandbox.strict import contains

_PLAIN = (str, bytes, bytearray, float, int, complex, list, tuple, dict, set, range, deque, Counter, Decimal, Fraction)
_PLAIN += (datetime, time, timedelta, pathlib.PosixPath)  # type: ignore[assignment]
# `group` is a match's too, which is no plain value and has no lie to tell by it.
PLAIN_METHODS = {name for kind in _PLAIN for name in dir(kind) if callable(getattr(kind, name))} - {"group"}
AHEAD = 256  # items of an iterator that are fetched at once, after the first few, which come one by one


class Gone(BaseException):
    """The program's job has ended: no test can go on."""


class NotAValue(TypeError):
    """The tests use as a value what the program has returned, and it is none."""


class Unpassable(Exception):
    """The tests hand over what cannot leave their job, such as an open file."""


class Link:
    """Requests to the program, over the channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._own: list[Callable] = []  # functions of the tests' that the program may call
        self.error: tuple[BaseException, str] | None = None  # the last exception, and the program's traceback of it
        self.misused = ""  # why the test cannot pass any more

    def ask(self, **request: Any) -> dict:
        """The program's answer. Raises what the program raised, as the nearest built-in exception."""
        self._send({"keep": True} | request)
        while True:
            reply = values.parse(self._channel.receive())
            if not isinstance(reply, dict) or "gone" in reply:
                raise Gone
            if "value" in reply:
                return reply
            if isinstance(reply.get("error"), dict):
                raise self._exception(reply["error"])
            if "callback" not in reply:
                raise NameError(str(reply.get("missing", "an answer of no known form"))[:200])
            self._send(self._call_back(reply))

    def value(self, made: bool = False, **request: Any) -> Any:
        """The answer's value; made: the tests have made the object themselves, by naming its class."""
        return self.decode(self.ask(**request)["value"], made)

    def operate(self, name: str, *operands: Any, made: bool = False) -> Any:
        return self.value(made, op="operate", name=name, args=self.encode(list(operands)))

    def call(self, number: int, args: tuple, kwargs: dict, made: bool = False) -> Any:
        given = {name: self.encode(value) for name, value in kwargs.items()}
        reply = self.ask(op="call", of=number, args=self.encode(list(args)), kwargs=given)
        value = self.decode(reply["value"], made)
        after = self.decode(reply.get("arguments"))
        if value is None and isinstance(after, list):
            for old, new in zip(args, after, strict=False):
                _copy_back(old, new)
        return value

    def encode(self, value: Any) -> Any:
        return values.encode(value, self._refer)

    def _refer(self, value: Any) -> dict:
        if isinstance(value, Foreign | Items | Record) and value._number_ is not None:
            return {"r": value._number_}
        if isinstance(value, tuple) and (fields := values.fields_of(type(value))) is not None:
            return {"named": [fields, self.encode(list(value)), None]}
        if (copy := encode_copy(value, self.encode)) is not None:
            return copy
        if type(value) in ITERATORS:
            items = list(islice(value, MAX_ITEMS + 1))
            if len(items) <= MAX_ITEMS:
                return {"iterator": self.encode(items)}
        if (name := library_name(value)) is not None:
            return {"u": name}
        if isinstance(value, FUNCTIONS):
            if value not in self._own:
                self._own.append(value)
            return {"p": [self._own.index(value), getattr(value, "__name__", ""), _parameters(value)]}
        raise Unpassable(f"they pass an argument that is not plain: {type(value).__name__}")

    def decode(self, data: Any, made: bool = False) -> Any:
        """made: of the outermost object."""

        def referred(tag: str, body: Any) -> Any:
            if tag == "r":
                outermost = made and data == {"r": body}
                kind = Remote if outermost or body[1] is True else Foreign
                return kind(self, _number(body[0]), outermost)
            if tag == "g":
                return Items(self, _number(body))
            if tag == "a":
                return self._awaited(_number(body))
            if tag == "p":
                return self._own[_number(body[0])]
            return decode_copy(tag, body, lambda part: values.decode(part, referred))

        return values.decode(data, referred)

    def misuse(self, what: str) -> NotAValue:
        self.misused = f"the program returned an object that is no plain value; the test {what}"
        return NotAValue(self.misused)

    def _send(self, request: dict) -> None:
        self._channel.send(b"c" + values.pack(request))

    async def _awaited(self, number: int) -> Any:
        return self.value(op="await", of=number)

    def _call_back(self, asked: dict) -> dict:
        """The program calls a function that the tests have handed over."""
        try:
            function = self._own[_number(asked["callback"])]
            named = {str(name): self.decode(value) for name, value in dict(asked["kwargs"]).items()}
            return {"returned": self.encode(function(*self.decode(asked["args"]), **named))}
        except Exception as error:
            return {"raised": _named_error(error)}

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


class Foreign:
    """An object of the program's that a function has returned: no value."""

    _link_: Link
    _number_: int
    _made_: bool  # whether the tests have made or named it
    _makes_: bool  # whether what they get by calling it they have made: a class, by its name

    def __init__(self, link: Link, number: int, made: bool = False) -> None:
        vars(self).update(_link_=link, _number_=number, _made_=made, _makes_=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._link_.call(self._number_, args, kwargs, self._makes_)
        except Unpassable as error:
            if self._made_:
                raise
            raise self._link_.misuse(f"calls it, and {error}") from None  # whoever returned it may not blame the tests

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__doc__", "__wrapped__"):
            raise AttributeError(name)
        value = self._link_.value(op="attribute", of=self._number_, name=name)
        if name in PLAIN_METHODS and not self._made_ and isinstance(value, Foreign | Items):
            raise self._link_.misuse(f"uses its method {name}, as if it were one")
        if self._makes_ and names_class(name) and isinstance(value, Foreign):
            return Remote(self._link_, value._number_, True).that_makes()
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self._link_.ask(op="set", of=self._number_, name=name, value=self._link_.encode(value))

    def __enter__(self) -> Any:
        entered = self._link_.operate("enter", self)
        return self if isinstance(entered, Foreign) and entered._number_ == self._number_ else entered

    def __exit__(self, kind: Any, error: Any, _: Any) -> None:
        """The program hears of the exception, and cannot suppress it: it would suppress what the tests assert."""
        self._link_.operate("exit", self, None if error is None else _named_error(error))

    def __repr__(self) -> str:
        return "<an object that is not a plain value>"

    def __str__(self) -> str:
        raise self._link_.misuse("takes it as text")

    def __format__(self, form: str) -> str:
        raise self._link_.misuse("takes it as text")

    def __bool__(self) -> bool:
        raise self._link_.misuse("takes it as true or false")

    def __eq__(self, other: Any) -> bool:
        raise self._link_.misuse("compares it")

    __hash__ = None  # type: ignore[assignment]


class Remote(Foreign):
    """An object of the program's of a class that the tests name, or that they name itself."""

    def that_makes(self) -> "Remote":
        """This, as a class: what the tests get by calling it they have made."""
        vars(self)["_makes_"] = True
        return self

    def _operate_(self, name: str, *operands: Any) -> Any:
        return self._link_.operate(name, *operands, made=self._made_)

    def __eq__(self, other: Any) -> bool:
        if isinstance(other, Remote):
            return self._operate_("eq", self, other) is True
        if isinstance(other, Foreign) or not self._made_:
            raise self._link_.misuse("compares it")
        return False

    def __hash__(self) -> int:  # type: ignore[override]
        return self._operate_("hash", self)

    def __bool__(self) -> bool:
        return self._operate_("bool", self)

    def __str__(self) -> str:
        return self._operate_("str", self)

    def __format__(self, form: str) -> str:
        return self._operate_("format", self, form)

    def __iter__(self) -> Any:
        found = Items(self._link_, _number(self._link_.ask(op="iterate", of=self._number_)["value"]))
        return found if self._made_ else iter(self._counted_(list(found)))

    def __len__(self) -> int:
        if not self._made_:
            with contextlib.suppress(TypeError):  # it may have a length and no items
                return len(list(iter(self)))
        return self._operate_("len", self)

    def __contains__(self, item: Any) -> bool:
        return self._operate_("contains", self, item) if self._made_ else contains(item, list(iter(self)))

    def __next__(self) -> Any:
        reply = self._link_.ask(op="next", of=self._number_, count=1)
        if not (found := self._link_.decode(reply["value"])):
            raise StopIteration
        return found[0]

    def __instancecheck__(self, value: Any) -> bool:
        named = isinstance(value, Foreign | Record) and value._number_ is not None
        return named and self._operate_("isinstance", value, self)

    def __subclasscheck__(self, value: Any) -> bool:
        return isinstance(value, Foreign) and self._operate_("issubclass", value, self)

    def _counted_(self, items: list) -> list:
        """The items of what was returned, which must be as many as it says itself."""
        with contextlib.suppress(TypeError, AttributeError):  # it need not have a length
            if self._operate_("len", self) != len(items):
                raise self._link_.misuse("asks for its items, which are not as many as its length")
        return items


def _operator(name: str, turned: bool = False) -> Callable:
    def operate(self: Remote, *others: Any) -> Any:
        return self._operate_(name, *((*others, self) if turned else (self, *others)))

    return operate


def _order(name: str) -> Callable:
    def order(self: Remote, other: Any) -> Any:
        if not self._made_ and not isinstance(other, Remote):
            raise self._link_.misuse("compares it")
        return self._operate_(name, self, other)

    return order


for _name in ("lt", "le", "gt", "ge"):
    setattr(Remote, f"__{_name}__", _order(_name))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor"):
    setattr(Remote, f"__{_name}__", _operator(_name))
    setattr(Remote, f"__r{_name}__", _operator(_name, turned=True))
for _name in ("neg", "pos", "abs", "invert", "getitem", "setitem", "delitem", "int", "float", "index", "round"):
    setattr(Remote, f"__{_name}__", _operator(_name))


class Items:
    """An iterator of the program's: its items are fetched as they are asked for, the first few one by one."""

    def __init__(self, link: Link, number: int) -> None:
        self._link, self._number_ = link, number
        self._ready: deque[Any] = deque()
        self._fetched, self._done = 0, False

    def __iter__(self) -> "Items":
        return self

    def __next__(self) -> Any:
        if not self._ready and not self._done:
            count = 1 if self._fetched < 8 else min(self._fetched, AHEAD)
            reply = self._link.ask(op="next", of=self._number_, count=count)
            self._ready.extend(self._link.decode(reply["value"]))
            self._done = reply.get("done") is not False
            self._fetched += count
        if not self._ready:
            raise StopIteration
        return self._ready.popleft()

    def __getattr__(self, name: str) -> Any:
        if name not in ("send", "throw", "close"):
            raise AttributeError(name)
        return self._link.value(op="attribute", of=self._number_, name=name)

    def __bool__(self) -> bool:
        raise self._link.misuse("takes it as true or false")

    def __eq__(self, other: Any) -> bool:
        raise self._link.misuse("compares it")

    __hash__ = None  # type: ignore[assignment]


def same(left: Any, right: Any) -> bool:
    """`left is right`, also of two references to one object of the program's."""
    both = isinstance(left, Foreign) and isinstance(right, Foreign)
    return left._number_ == right._number_ if both else left is right


def _number(given: Any) -> int:
    if type(given) is not int or given < 0:
        raise values.NotPlain("not a plain value: a number was due")
    return given


def names_class(name: str) -> bool:
    """Whether a name in the tests is a class's by its looks: `LinkedList`, and neither `Find_Max` nor `LIMIT`."""
    return re.fullmatch(r"_*[A-Z](?:[A-Za-z0-9]*[a-z][A-Za-z0-9]*)?", name) is not None


def _named_error(error: BaseException) -> list[str]:
    """[the nearest built-in type, text]"""
    kind = next(kind for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)
    return [kind.__name__, str(error)[:1000]]


def _parameters(function: Any) -> list[list] | None:
    """[name, kind, has a default] of each parameter, for programs that ask how many a function takes."""
    with contextlib.suppress(TypeError, ValueError):
        found = inspect.signature(function).parameters.values()
        return [[one.name, int(one.kind), one.default is not one.empty] for one in found]
    return None


def _copy_back(old: Any, new: Any) -> None:
    if type(old) is not type(new):
        return
    if isinstance(old, list):
        old[:] = new
    elif isinstance(old, (dict, set)):
        old.clear()
        old.update(new)
    elif isinstance(old, deque):
        old.clear()
        old.extend(new)
