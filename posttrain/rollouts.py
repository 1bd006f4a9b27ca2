"""Every reply of an RL run on disk: what was asked and written, what it was worth, and how it ended."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from posttrain.errors import UserError

FOLDER = "rollouts"
SCHEMA = pyarrow.schema(
    [
        ("step", pyarrow.int64()),
        ("prompt", pyarrow.string()),  # the messages, as JSON
        ("reply", pyarrow.string()),
        ("prompt_ids", pyarrow.list_(pyarrow.int32())),
        ("reply_ids", pyarrow.list_(pyarrow.int32())),
        ("logps", pyarrow.list_(pyarrow.float32())),  # of reply_ids when they were sampled; empty where not known
        ("reward", pyarrow.float64()),
        ("components", pyarrow.map_(pyarrow.string(), pyarrow.float64())),  # of the reward
        ("watched", pyarrow.float64()),  # the reward that is not trained
        ("advantage", pyarrow.float64()),
        ("finish", pyarrow.string()),  # stop, or length
        ("source", pyarrow.string()),
        ("id", pyarrow.string()),
        ("writer", pyarrow.string()),  # policy, or anchor
    ]
)


class RolloutLog:
    """`rollouts/step-NNNNNN-K.parquet`, a file a generation (the K-th of its step), whole or not there at all."""

    def __init__(self, folder: Path):
        self.folder = folder / FOLDER

    def add(self, step: int, number: int, rows: Sequence[dict[str, Any]]) -> None:
        """Record the replies of one generation, by the weights after `step` steps. By one process only."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"step-{step:06d}-{number}.parquet"
        staging = path.with_name(f".{path.name}")
        table = pyarrow.Table.from_pylist([{"step": step, **row} for row in rows], schema=SCHEMA)
        try:
            pyarrow.parquet.write_table(table, staging)
            staging.replace(path)
        finally:
            staging.unlink(missing_ok=True)

    def prune_from(self, step: int) -> None:
        """Drop what a resumed run will write again."""
        for path in self.folder.glob("step-*.parquet"):
            if int(path.stem.split("-")[1]) >= step:
                path.unlink()


def read_rollouts(folder: str | Path) -> Iterator[dict[str, Any]]:
    """The records of a run, in the order of its steps; `components` as a dict, `prompt` as messages."""
    paths = sorted((Path(folder).expanduser() / FOLDER).glob("step-*.parquet"))
    if not paths:
        raise UserError(f"{folder}: has no {FOLDER}/step-*.parquet: give the folder of an RL run")
    for path in paths:
        for row in pyarrow.parquet.read_table(path).to_pylist():
            yield row | {"components": dict(row["components"] or ()), "prompt": json.loads(row["prompt"])}
