"""Plain values as JSON, and nothing but plain values: the one thing that leaves or enters a job.

None, bool, int of any size, float, complex, str, bytes, list, tuple, dict, set, frozenset, and the standard library's
Fraction, Decimal, date, time, datetime, timedelta and Path, of exactly these types. A subclass may say of itself what
it likes (equal to everything, say), so it is refused; the three dicts of `collections` are taken as the dicts they are,
and a namedtuple as the tuple that it is. What JSON lacks is an object of one key:

    {"t": [..]} tuple · {"d": [[k, v], ..]} dict · {"s": [..]} set · {"z": [..]} frozenset · {"b": "hex"} bytes
    {"i": "hex"} int beyond 64 bits · {"f": "nan"} float that JSON has not · {"c": [re, im]} complex
    {"v": [type, text]} number, date, time or path of the standard library
    any other only between a test and the program that it tests: see exchange.py

This module runs on both sides and needs the standard library only. What a job sends is hostile: `decode` checks it.
"""

import datetime
import json
import math
from collections import Counter, OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePosixPath
from typing import Any

MAX_DEPTH = 100
MAX_BYTES = 2 << 20  # of one encoded value: at worst a million empty lists, 80 MB and half a second to decode
MAX_MESSAGE = MAX_BYTES + (64 << 10)  # with what stands around the value
MAX_SAME_HASH = 64  # members of one set or dict with one hash: more would make building it quadratic
_DICTS = (dict, OrderedDict, defaultdict, Counter)
_SMALL = 1 << 63
_OF_NAMEDTUPLES = vars(namedtuple("_Empty", "")).keys() | {"__annotations__", "__orig_bases__", "__annotate_func__"}  # noqa: PYI024
_TEXTS: dict[type, Callable[[str], Any]] = {
    Fraction: lambda text: Fraction(*map(int, text.split("/"))),  # of at most 4,300 digits, as int() reads them
    Decimal: Decimal,
    datetime.date: datetime.date.fromisoformat,
    datetime.time: datetime.time.fromisoformat,
    datetime.datetime: datetime.datetime.fromisoformat,
    PurePosixPath: PurePosixPath,
    PosixPath: PosixPath,
    datetime.timedelta: lambda text: datetime.timedelta(*map(int, text.split())),
}
_NAMED = {kind.__name__: read for kind, read in _TEXTS.items()}


class NotPlain(ValueError):
    """The value is not of the plain types, or too deep or too large to leave a job."""


def dumps(value: Any) -> bytes:
    """Plain value to bytes. Raises NotPlain."""
    return pack(encode(value))


def pack(data: Any) -> bytes:
    """JSON objects to bytes. Raises NotPlain when they are too large."""
    try:
        text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise NotPlain("not a plain value: nested too deeply") from None
    if len(text) > MAX_BYTES:
        raise NotPlain(f"the value is too large: {len(text)} bytes encoded")
    return text.encode()


def loads(text: bytes) -> Any:
    """Bytes to the plain value. Raises NotPlain on anything that `dumps` would not have written."""
    return decode(parse(text))


def parse(text: bytes) -> Any:
    """Hostile bytes to JSON, not yet decoded."""
    if len(text) > MAX_MESSAGE:
        raise NotPlain("a message is too large")
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotPlain(f"not a message: {str(error)[:80]}") from None


def encode(value: Any, refer: Callable[[Any], dict] | None = None, depth: int = 0) -> Any:
    """Plain value to JSON objects. Raises NotPlain, unless `refer` says what stands for what is not plain."""
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -_SMALL < value < _SMALL else {"i": hex(value)}
    if kind is float:
        return value if math.isfinite(value) else {"f": repr(value)}
    if kind is bytes:
        return {"b": value.hex()}
    if kind is complex:
        return {"c": [encode(value.real), encode(value.imag)]}
    if kind in _TEXTS and (text := _text(value)) is not None:
        return {"v": [kind.__name__, text]}
    if depth >= MAX_DEPTH:
        raise NotPlain("not a plain value: nested too deeply")
    below = depth + 1
    if kind is list:
        return [encode(item, refer, below) for item in value]
    if kind in _DICTS and (refer is None or kind is not Counter):
        return {"d": [[encode(key, refer, below), encode(item, refer, below)] for key, item in dict.items(value)]}
    for tag, sequence in (("t", tuple), ("s", set), ("z", frozenset)):
        if kind is sequence:
            return {tag: [encode(item, refer, below) for item in value]}
    if refer is not None:
        return refer(value)
    if fields_of(kind) is not None:
        return {"t": [encode(item, None, below) for item in tuple.__iter__(value)]}
    raise NotPlain(f"not a plain value: {kind.__name__[:60]}")


def fields_of(kind: type) -> list[str] | None:
    """The names of a namedtuple's fields; None where the class is none, or has methods of its own."""
    fields = getattr(kind, "_fields", None) if kind.__bases__ == (tuple,) else None
    if type(fields) is not tuple or not fields or not all(type(name) is str for name in fields):
        return None
    return None if vars(kind).keys() - set(fields) - _OF_NAMEDTUPLES else list(fields)


def _text(value: Any) -> str | None:
    """A number, date or time as text; None where it is not wholly in its text: a time zone with rules, say."""
    if isinstance(value, Decimal):
        return None if value.is_snan() else str(value)  # a signalling NaN raises wherever it is compared
    if isinstance(value, Fraction):
        try:
            return f"{value.numerator}/{value.denominator}"
        except ValueError:  # of more digits than Python prints
            return None
    if isinstance(value, datetime.timedelta):
        return f"{value.days} {value.seconds} {value.microseconds}"
    if isinstance(value, PurePosixPath):
        return str(value)
    zone = getattr(value, "tzinfo", None)
    return value.isoformat() if zone is None or type(zone) is datetime.timezone else None


def decode(data: Any, referred: Callable[[str, Any], Any] | None = None, depth: int = 0) -> Any:
    """JSON objects to the plain value. Raises NotPlain on what `encode` does not make.

    referred: what the forms of exchange.py mean, by tag and body.
    """
    if data is None or isinstance(data, (bool, str, int, float)):
        return data
    if depth > MAX_DEPTH:
        raise NotPlain("not a plain value: nested too deeply")
    if isinstance(data, list):
        return [decode(item, referred, depth + 1) for item in data]
    if not isinstance(data, dict) or len(data) != 1:
        raise NotPlain("not a plain value: an unknown form")
    ((tag, body),) = data.items()
    try:
        return _tagged(tag, body, referred, depth + 1)
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise error if isinstance(error, NotPlain) else NotPlain(f"not a plain value: {str(error)[:80]}") from None


def _tagged(tag: str, body: Any, referred: Callable[[str, Any], Any] | None, depth: int) -> Any:
    if tag in ("i", "f", "b") and not isinstance(body, str):
        raise NotPlain(f"not a plain value: form {tag!r}")
    match tag:
        case "i":
            return int(body, 16)
        case "f" if body in ("nan", "inf", "-inf"):
            return float(body)
        case "b":
            return bytes.fromhex(body)
        case "c":
            real, imaginary = (float(decode(part, None, depth)) for part in _items(body))
            return complex(real, imaginary)
        case "t":
            return tuple(decode(_items(body), referred, depth))
        case "s" | "z":
            members = _hashable(decode(_items(body), referred, depth))
            return set(members) if tag == "s" else frozenset(members)
        case "d":
            pairs = [(decode(key, referred, depth), decode(item, referred, depth)) for key, item in _items(body)]
            _hashable([key for key, _ in pairs])
            return dict(pairs)
        case "v":
            return _of_text(*_items(body))
    if referred is not None:
        return referred(tag, body)
    raise NotPlain(f"not a plain value: form {tag[:20]!r}")


def _of_text(name: Any, text: Any) -> Any:
    if not isinstance(name, str) or not isinstance(text, str):
        raise NotPlain("not a plain value: form 'v'")
    value = _NAMED[name](text)
    if isinstance(value, Decimal) and value.is_snan():
        raise NotPlain("not a plain value: a signalling NaN")
    return value


def _items(body: Any) -> list:
    if not isinstance(body, list):
        raise NotPlain("not a plain value: a list was due")
    return body


def _hashable(members: list) -> list:
    """Refuses members made to collide: a hundred thousand multiples of 2^61 − 1 would hold the reader for minutes."""
    if members and max(Counter(map(hash, members)).values()) > MAX_SAME_HASH:
        raise NotPlain("not a plain value: its hashes collide")
    return members


def _refuse(text: str) -> None:
    raise NotPlain(f"not a message: {text}")
