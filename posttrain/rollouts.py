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
TABLE = ("step", "prompt", "reply", "reward", "watched", "finish", "writer")


class RolloutLog:
    """`rollouts/step-NNNNNN-K.parquet`, a file a generation (the K-th of its step), whole or not there at all."""

    def __init__(self, folder: Path, shown: int = 0):
        """shown: how many replies of each generation go into the W&B table."""
        self.folder, self.shown = folder / FOLDER, shown
        self.table: list[list[Any]] | None = None

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
        self._show(step)

    def _show(self, step: int) -> None:
        """W&B shows the last table of a name only, so each has all rows so far; a resumed run's begin on the disk."""
        import wandb

        if wandb.run is None or not self.shown:
            return
        paths = sorted(self.folder.glob("step-*.parquet"))
        rows = [self._rows(path) for path in (paths if self.table is None else paths[-1:])]
        self.table = (self.table or []) + [row for some in rows for row in some]
        wandb.log({"rollouts": wandb.Table(columns=list(TABLE), data=self.table), "train/global_step": step})

    def _rows(self, path: Path) -> list[list[Any]]:
        some = pyarrow.parquet.read_table(path, columns=list(TABLE)).slice(0, self.shown)
        return [list(row.values()) for row in some.to_pylist()]

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
