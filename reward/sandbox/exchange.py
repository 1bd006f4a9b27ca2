"""What a test and the program that it tests hand to each other beyond plain values (values.py), as JSON.

Both ways, as copies:

    {"range" | "slice": [..]} · {"deque": [length or null, [..]]} · {"keys" | "values": [..]}, {"items": [[k, v], ..]}
    {"bytearray": "hex"} · {"counter": a dict}
    {"named": [fields, items, n or null]} a namedtuple, of which the program may have the original under a number

From the program: {"r": [n, known]} its object number n, which stays there; known: of a class that the tests name
    {"g": n} a generator or another iterator of Python's own · {"a": n} a coroutine · {"p": [k]} as below
From the tests: {"r": n} the program's object · {"iterator": [..]} · {"u": [module, name]} of the standard library
    {"p": [k, name, parameters or null]} their function number k, which stays with them
"""

import functools
import importlib
import itertools
import operator
import sys
import types
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from posttrain.reward.sandbox.values import NotPlain

MAX_ITEMS = 200_000  # of an iterator that tests hand over: it may have no end
_EMPTY: dict = {}
_VIEWS = {type(_EMPTY.keys()): "keys", type(_EMPTY.values()): "values", type(_EMPTY.items()): "items"}
_ITERABLE: tuple = ([], (), {}, set(), "", "é", b"", range(0), range(1 << 70), deque(), {}.values(), {}.items())
ITERATORS = frozenset(
    [types.GeneratorType, map, filter, zip, enumerate, reversed, type(reversed([])), type(reversed({}))]
    + [type(iter(one)) for one in _ITERABLE]
    + [kind for kind in vars(itertools).values() if isinstance(kind, type)]
)
_LIBRARY = sys.stdlib_module_names | {"builtins"}
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, functools.partial, type)


class Record(tuple):
    """A namedtuple on the other side: its items, with its fields as attributes."""

    _fields: tuple[str, ...] = ()
    _number_: int | None = None  # of the original, where the program has it

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))


def encode_copy(value: Any, encode: Callable[[Any], Any]) -> dict | None:
    """The form of a range, slice, deque, bytearray, Counter or view of a dict; None for all else."""
    kind = type(value)
    if kind is range or kind is slice:
        return {kind.__name__: [encode(part) for part in (value.start, value.stop, value.step)]}
    if kind is deque:
        return {"deque": [value.maxlen, encode(list(value))]}
    if kind is bytearray:
        return {"bytearray": value.hex()}
    if kind is Counter:
        return {"counter": encode(dict(value))}
    name = _VIEWS.get(kind)
    return {name: encode([list(item) for item in value] if name == "items" else list(value))} if name else None


def decode_copy(tag: str, body: Any, decode: Callable[[Any], Any]) -> Any:
    """What `encode_copy` has made. Raises NotPlain for another form, and what hostile parts raise."""
    if tag in ("range", "slice"):
        return {"range": range, "slice": slice}[tag](*map(decode, body))
    if tag == "deque":
        return deque(decode(body[1]), body[0])
    if tag == "bytearray":
        return bytearray.fromhex(body)
    if tag == "counter":
        return Counter(decode(body))
    if tag == "keys":
        return dict.fromkeys(decode(body)).keys()
    if tag == "values":
        return dict(enumerate(decode(body))).values()
    if tag == "items":
        return dict(decode(body)).items()
    if tag == "named":
        return _record(decode, *body)
    raise NotPlain(f"not a plain value: form {tag[:20]!r}")


def _record(decode: Callable[[Any], Any], fields: Any, items: Any, number: Any) -> Record:
    found = decode(items)
    if len(fields) != len(found) or not all(isinstance(name, str) and not name.startswith("_") for name in fields):
        raise NotPlain("not a plain value: fields without their items")
    names = {name: property(operator.itemgetter(i)) for i, name in enumerate(fields)}
    record = type("Record", (Record,), names)(found)
    record._fields, record._number_ = tuple(fields), number if type(number) is int else None
    return record


def library_name(value: Any) -> list[str] | None:
    """[module, name] of a function, class or method of the standard library, None for all else."""
    owner = getattr(value, "__objclass__", value)
    module, name = getattr(owner, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module.partition(".")[0] not in _LIBRARY:
        return None
    try:
        return [module, name] if library_value(module, name) is value else None
    except (AttributeError, ImportError):
        return None


def library_value(module: str, name: str) -> Any:
    """What `library_name` names."""
    return functools.reduce(getattr, name.split("."), importlib.import_module(module))
