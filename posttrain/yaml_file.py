"""A user's YAML file that holds a mapping."""

from pathlib import Path
from typing import Any

import yaml

from posttrain.errors import UserError


def read_mapping(path: str | Path, expected: str) -> dict[str, Any]:
    """What the file holds. Raises UserError that names it where it cannot be read or is no mapping.

    expected: the beginning of that last message, "a pipeline is a mapping"
    """
    try:
        value = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: could not be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: {expected}, found {type(value).__name__}")
    return value
