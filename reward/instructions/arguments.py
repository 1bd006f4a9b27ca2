"""A row's instructions, from the forms in which public data sets hold them, checked before any reply is.

A row that can never be judged is the user's to mend: UserError names the row, the instruction, the key and the mend.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posttrain.errors import UserError, nearest
from posttrain.language import language_code
from posttrain.reward.instructions.families import FAMILIES
from posttrain.reward.instructions.ifeval import RELATIONS, Check


@dataclass(frozen=True)
class Instruction:
    """One instruction of a row: its family, the family's check, and the keyword arguments that the check takes."""

    id: str
    check: Check
    kwargs: dict[str, Any]


def read_instructions(ids: Any, kwargs: Any, where: str = "") -> list[Instruction]:
    """The instructions of a row.

    ids: a list of ids such as `punctuation:no_comma`, JSON text of it, or one id · kwargs: a list with one object an
    instruction, JSON text of it, or one object for one id; keys whose value is None are absent (Arrow's structs have
    every key of the column), and None stands for no keyword arguments at all.
    where: how messages begin, such as "row 3: ".
    """
    ids, kwargs = _loaded(ids, "instruction_id_list", where), _loaded(kwargs, "instruction_kwargs", where)
    ids = [ids] if isinstance(ids, str) else ids
    if isinstance(ids, Mapping) or not isinstance(ids, Sequence) or not ids:
        raise UserError(
            f"{where}instruction_id_list must be a list of ids such as punctuation:no_comma, not {ids!r:.80}"
        )
    kwargs = [kwargs] if isinstance(kwargs, Mapping) else [None] * len(ids) if kwargs is None else kwargs
    if isinstance(kwargs, str) or not isinstance(kwargs, Sequence):
        raise UserError(f"{where}instruction_kwargs must be a list with one object an instruction, not {kwargs!r:.80}")
    if len(kwargs) != len(ids):
        raise UserError(f"{where}{len(ids)} ids but {len(kwargs)} entries in instruction_kwargs: give one object an id")
    return [_instruction(*pair, where) for pair in zip(ids, kwargs, strict=True)]


def is_without(ids: Any) -> bool:
    """Whether a row's `instruction_id_list` names no instruction: None, an empty list, JSON text of either."""
    if isinstance(ids, float) and ids != ids:  # pandas' gap
        return True
    ids = _loaded(ids, "instruction_id_list", "")
    return ids is None or (isinstance(ids, Sequence) and not ids)


def _loaded(value: Any, name: str, where: str) -> Any:
    """What a column holds, read from JSON where it is JSON text; an array becomes a list."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{", "null")):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise UserError(f"{where}{name} is no valid JSON ({error}): {value!r:.80}") from None


def _instruction(name: Any, kwargs: Any, where: str) -> Instruction:
    if not isinstance(name, str) or name not in FAMILIES:
        hint = nearest(name, FAMILIES) or "; posttrain.reward.instructions.families lists those there are"
        raise UserError(f"{where}there is no instruction {name!r:.80}{hint}")
    check, kinds = FAMILIES[name]
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise UserError(f"{where}{name}: its keyword arguments must be an object, not {kwargs!r:.80}")
    given = {key: value for key, value in (kwargs or {}).items() if value is not None}
    for key in given:
        if key not in kinds:
            known = ", ".join(kinds) or "none"
            raise UserError(f"{where}{name} takes no keyword argument {key!r} (it takes: {known}): leave it out")
    read = {key: _read(given.get(key), kind, f"{where}{name}: {key}") for key, kind in kinds.items()}
    _check_together(name, read, where)
    return Instruction(name, check, read)


def _read(value: Any, kind: str, where: str) -> Any:
    """The value of a keyword argument, or UserError that says what it has to be."""
    description, read = KINDS[kind]
    if value is None:
        raise UserError(f"{where} is missing: give {description}")
    found = read(value)
    if found is None:
        raise UserError(f"{where} must be {description}, not {value!r:.80}")
    return found


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9 else None


def _count(value: Any) -> int | None:
    """A whole number; 5.0 is one, as Arrow and pandas make of a column with gaps."""
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _position(value: Any) -> int | None:
    return _count(value) or None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _texts(value: Any) -> list[str] | None:
    value = value.tolist() if hasattr(value, "tolist") else value
    listed = isinstance(value, list | tuple | set | frozenset) and value and all(map(_text, value))
    return sorted(value) if listed and isinstance(value, set | frozenset) else list(value) if listed else None


def _relation(value: Any) -> str | None:
    return value if value in RELATIONS else None


def _letter(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) and len(value.strip()) == 1 else None


def _language(value: Any) -> str | None:
    return language_code(value)


# kind of keyword argument: (what it has to be, the value as the check takes it or None)
KINDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "count": ("a whole number from 0 on", _count),
    "position": ("a whole number from 1 on", _position),
    "number": ("a number from 0 on", _number),
    "text": ("a text that is not blank", _text),
    "texts": ("a list of texts that are not blank", _texts),
    "relation": (f"one of {', '.join(map(repr, RELATIONS))}", _relation),
    "letter": ("a single letter or sign", _letter),
    "language": ("a language's ISO 639-1 code such as de", _language),
}
# (smaller, larger): no reply can obey where the first is above the second
ORDERED = (
    ("nth_paragraph", "num_paragraphs"),
    ("min_words", "max_words"),
    ("n_start", "n_end"),
)


def _check_together(name: str, kwargs: dict[str, Any], where: str) -> None:
    for smaller, larger in ORDERED:
        if smaller in kwargs and kwargs[smaller] > kwargs[larger]:
            raise UserError(
                f"{where}{name}: no reply can obey {smaller} {kwargs[smaller]} above {larger} {kwargs[larger]}"
            )
