"""The program under test, inside its job: a module whose functions answer calls, one at a time.

    in    {"op": "get", "name", "class"?} · {"op": "call", "of", "args", "kwargs"} · {"op": "attribute", "of", "name"}
          {"op": "set", "of", "name", "value"} · {"op": "operate", "name", "args"} · {"op": "iterate" | "await", "of"}
          {"op": "next", "of", "count"} · {"returned"} or {"raised": [type, text]} after a callback
    out   {"ready": true} or {"compile_error" | "error": …} once, then for every message one of
          {"value", "arguments"?, "done"?} · {"error": …} · {"missing": "why"} · {"callback": k, "args", "kwargs"}

Values are those of values.py. Where a message has "keep" they are those of exchange.py too: what is not plain stays
here under a number and only the number leaves; otherwise it is an error. "of" is such a number, or a function's name.
"""

import inspect
import json
import operator
import os
import sys
import threading
import types
from typing import Any

from posttrain.reward.sandbox import values
from posttrain.reward.sandbox.exchange import ITERATORS, decode_copy, encode_copy, library_value
from posttrain.reward.sandbox.frames import Channel
from posttrain.reward.sandbox.source import CompileError, compile_text, describe, new_module, run_code


def path(name: str) -> str:
    """Where a job's sources lie."""
    return os.path.join(os.environ["HOME"], name)


class Missing(Exception):
    """The program has no such function."""


def serve(order: dict, channel: Channel) -> int:
    """Load the source as module `solution`, then answer until the outside closes the channel."""
    where = path("solution.py")
    try:
        code = compile_text(order["source"], where)
        module = new_module("solution", where, order["source"])
        run_code(code, module)
    except CompileError as error:
        channel.send(json.dumps({"compile_error": describe(error.__cause__ or error, where)}).encode())
        return 1
    except BaseException as error:
        channel.send(json.dumps({"error": describe(error, where)}).encode())
        return 1
    objects = _Objects(module, where, channel)
    flush = _flusher()
    flush()
    channel.send(b'{"ready":true}')
    while True:
        try:
            request = json.loads(channel.receive())
        except EOFError:
            return 0
        reply = objects.answer(request)
        flush()
        channel.send(reply)


class _Objects:
    """The module and whatever of it a test holds a number of."""

    def __init__(self, module: Any, where: str, channel: Channel) -> None:
        self._module, self._where, self._channel = module, where, channel
        self._kept: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._classes: list[type] = []  # that the tests name
        self._theirs: dict[int, Callback] = {}
        self._late: dict[int, BaseException] = {}  # what an iterator raised after items that have left already
        self._turn = threading.RLock()

    def answer(self, request: dict) -> bytes:
        """One reply, already packed; every exception of the program is an answer too."""
        try:
            return values.pack(self._perform(request))
        except Missing as error:
            return values.pack({"missing": str(error)})
        except BaseException as error:
            report = describe(error, self._where)
            try:
                report["args"] = values.encode(list(error.args))
                return values.pack({"error": report})
            except BaseException:
                return values.pack({"error": report | {"args": [report["message"]]}})

    def call_back(self, number: int, args: tuple, kwargs: dict) -> Any:
        """Call a function of the tests', which may ask for things in the meantime."""
        named = {name: values.encode(value, self._refer) for name, value in kwargs.items()}
        asked = {"callback": number, "args": values.encode(list(args), self._refer), "kwargs": named}
        with self._turn:
            self._channel.send(values.pack(asked))
            while "op" in (reply := json.loads(self._channel.receive())):
                self._channel.send(self.answer(reply))
        if "raised" in reply:
            raise library_value("builtins", reply["raised"][0])(reply["raised"][1])
        return self._decode(reply["returned"])

    def _perform(self, request: dict) -> dict:
        refer = self._refer if request.get("keep") else None
        match request["op"]:
            case "get":
                value = self._named(request["name"])
                if request.get("class") and isinstance(value, type):
                    self._classes.append(value)
            case "call":
                return self._call(request, refer)
            case "attribute":
                value = getattr(self._object(request["of"]), request["name"])
            case "set":
                setattr(self._object(request["of"]), request["name"], self._decode(request["value"]))
                value = None
            case "iterate":
                value = self._number(iter(self._object(request["of"])))
            case "next":
                return self._next(request["of"], request["count"])
            case "await":
                import asyncio  # large, and rarely asked for

                value = asyncio.run(self._object(request["of"]))
            case _:
                value = _OPERATIONS[request["name"]](*self._decode(request["args"]))
        return {"value": values.encode(value, refer)}

    def _call(self, request: dict, refer: Any) -> dict:
        function = self._object(request["of"])
        arguments = self._decode(request["args"])
        value = function(*arguments, **{name: self._decode(v) for name, v in request.get("kwargs", {}).items()})
        reply = {"value": values.encode(value, refer)}
        if value is None:  # by Python's convention it may have worked in place
            reply["arguments"] = values.encode(arguments, refer)
        return reply

    def _next(self, of: int, count: int) -> dict:
        """Up to `count` items of an iterator; what it raises comes after the items before."""
        items: list[Any] = []
        try:
            if of in self._late:
                raise self._late.pop(of)
            while len(items) < count:
                items.append(next(self._kept[of]))
        except StopIteration:
            return {"value": values.encode(items, self._refer), "done": True}
        except BaseException as error:
            if not items:
                raise
            self._late[of] = error
        return {"value": values.encode(items, self._refer), "done": False}

    def _object(self, of: int | str) -> Any:
        return self._kept[of] if isinstance(of, int) else self._function(of)

    def _named(self, name: str) -> Any:
        try:
            return vars(self._module)[name]
        except KeyError:
            raise Missing(f"no `{name}` in the program") from None

    def _function(self, name: str) -> Any:
        """`name`, or `Class.name` of a new object of the class; a bare `name` is looked for in `Solution` too."""
        found, _, method = name.partition(".")
        if not method and found not in vars(self._module) and hasattr(vars(self._module).get("Solution"), found):
            found, method = "Solution", name
        target = self._named(found)
        for part in method.split(".") if method else ():
            instance = target() if isinstance(target, type) else target
            try:
                target = getattr(instance, part)
            except AttributeError:
                raise Missing(f"no `{name}` in the program") from None
        if not callable(target):
            raise Missing(f"`{name}` is not a function")
        return target

    def _decode(self, data: Any) -> Any:
        return values.decode(data, self._referred)

    def _referred(self, tag: str, body: Any) -> Any:
        match tag:
            case "r":
                return self._kept[body]
            case "u":
                return library_value(*body)
            case "iterator":
                return iter(self._decode(body))
            case "p":
                return self._theirs.setdefault(body[0], Callback(self, *body))
        return decode_copy(tag, body, self._decode)

    def _refer(self, value: Any) -> dict:
        """What stands for a value that is not plain."""
        kind = type(value)
        if kind is Callback:
            return {"p": [value.number]}
        if issubclass(kind, tuple) and (fields := values.fields_of(kind)) is not None:
            return {"named": [fields, values.encode(list(value), self._refer), self._number(value)]}
        if (copy := encode_copy(value, lambda part: values.encode(part, self._refer))) is not None:
            return copy
        if kind in ITERATORS:
            return {"g": self._number(value)}
        if kind is types.CoroutineType:
            return {"a": self._number(value)}
        return {"r": [self._number(value), any(one is named for one in kind.__mro__ for named in self._classes)]}

    def _number(self, value: Any) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._kept)
            self._kept.append(value)
        return self._numbers[id(value)]


class Callback:
    """A function of the tests', which is called where they are."""

    def __init__(self, objects: _Objects, number: int, name: str, parameters: list[list] | None) -> None:
        self._objects, self.number = objects, number
        self.__name__ = self.__qualname__ = name
        if parameters is None:
            return
        made = [
            inspect.Parameter(n, inspect._ParameterKind(k), default=None if d else inspect._empty)
            for n, k, d in parameters
        ]
        self.__signature__ = inspect.Signature(made)
        self.__code__ = types.SimpleNamespace(
            co_argcount=sum(one.kind <= 1 for one in made), co_varnames=tuple(n for n, *_ in parameters)
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._objects.call_back(self.number, args, kwargs)


class _Stranger:
    """Equal to nothing, unless to what equals everything."""


def _equal(left: Any, right: Any) -> bool:
    """By the program's own `__eq__`, if it does not hold everything to be equal."""
    if not operator.eq(left, right):
        return False
    try:
        return not operator.eq(left, _Stranger())
    except Exception:  # it asks for attributes that a stranger has not
        return True


def _exit(manager: Any, raised: list | None) -> None:
    error = library_value("builtins", raised[0])(raised[1]) if raised else None
    type(manager).__exit__(manager, type(error) if error else None, error, None)


def _operations() -> dict[str, Any]:
    arithmetic = (
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "xor",
        "neg",
        "pos",
        "abs",
        "invert",
    )
    others = ("getitem", "setitem", "delitem", "contains", "lt", "le", "gt", "ge", "index")
    found = {name: getattr(operator, name) for name in arithmetic + others}
    found |= {one.__name__: one for one in (len, hash, bool, str, int, float, round, format, isinstance, issubclass)}
    found |= {"and": operator.and_, "or": operator.or_, "eq": _equal, "exit": _exit}
    return found | {"enter": lambda manager: type(manager).__enter__(manager)}


_OPERATIONS = _operations()


def _flusher() -> Any:
    """Flushes what was printed, so that it is in the pipe before the answer; a broken stream is the program's."""

    def flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                continue

    return flush
