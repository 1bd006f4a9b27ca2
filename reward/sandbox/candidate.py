"""The program under test, inside its job: a module whose functions answer calls, one at a time.

    in    {"op": "get", "name"} · {"op": "call", "of", "args", "kwargs"} · {"op": "attribute", "of", "name"}
          {"op": "set", "of", "name", "value"} · {"op": "list" | "length" | "text", "of"} · {"op": "item", "of", "key"}
    out   {"ready": true} or {"compile_error" | "error": …} once, then for every message one of
          {"value", "arguments"?} · {"error": …} · {"missing": "why"}

Values are those of values.py. Where a message has "keep", what is not plain stays here under a number and only the
number leaves; otherwise it is an error. "of" is such a number, or the name of a function.
"""

import itertools
import json
import os
import sys
from typing import Any

from posttrain.reward.sandbox import values
from posttrain.reward.sandbox.frames import Channel
from posttrain.reward.sandbox.source import CompileError, compile_text, describe, new_module, run_code

MAX_ITEMS = 200_000  # of what is not a list but is asked for its items: it may have no end


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
    objects = _Objects(module, where)
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

    def __init__(self, module: Any, where: str) -> None:
        self._module, self._where = module, where
        self._kept: list[Any] = []
        self._numbers: dict[int, int] = {}

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

    def _perform(self, request: dict) -> dict:
        number = self._number if request.get("keep") else None
        match request["op"]:
            case "get":
                value = self._named(request["name"])
            case "call":
                return self._call(request, number)
            case "attribute":
                value = getattr(self._object(request["of"]), request["name"])
            case "set":
                setattr(self._object(request["of"]), request["name"], self._decode(request["value"]))
                value = None
            case "list":
                value = list(itertools.islice(self._object(request["of"]), MAX_ITEMS + 1))
                if len(value) > MAX_ITEMS:
                    raise ValueError(f"more than {MAX_ITEMS} items")
            case "length":
                value = len(self._object(request["of"]))
            case "item":
                value = self._object(request["of"])[self._decode(request["key"])]
            case _:
                value = str(self._object(request["of"]))
        return {"value": values.encode(value, number)}

    def _call(self, request: dict, number: Any) -> dict:
        function = self._object(request["of"])
        arguments = self._decode(request["args"])
        value = function(*arguments, **{name: self._decode(v) for name, v in request.get("kwargs", {}).items()})
        reply = {"value": values.encode(value, number)}
        if value is None:  # by Python's convention it may have worked in place
            reply["arguments"] = values.encode(arguments, number)
        return reply

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
        return values.decode(data, self._kept.__getitem__)

    def _number(self, value: Any) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._kept)
            self._kept.append(value)
        return self._numbers[id(value)]


def _flusher() -> Any:
    """Flushes what was printed, so that it is in the pipe before the answer; a broken stream is the program's."""

    def flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                continue

    return flush
