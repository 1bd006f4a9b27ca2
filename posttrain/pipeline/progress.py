"""How far a running stage is, read from what its recipe logs."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from posttrain.stage import CONFIG
from posttrain.tracking import LOG

TAIL = 1 << 16  # bytes of a log that are looked at
FIGURES = ("reward", "loss", "eval_loss")


@dataclass
class Progress:
    """where: "step 5 of 80", before it the member where there are several · figure: "loss 1.23" · share: in [0, 1]"""

    where: str
    figure: str
    share: float | None


class Watch:
    """A stage's folder, looked at again and again; its ETA comes of the speed seen since the first look."""

    def __init__(self, folder: Path):
        self.folder, self.first, self.log = folder, (0.0, 0.0), Path()

    def look(self) -> tuple[Progress | None, float | None]:
        """Where it is, and the seconds that are left at its pace so far."""
        logs = [path for depth in ("", "*/", "*/*/") for path in self.folder.glob(f"{depth}{LOG}")]
        if not logs:
            return None, None
        log = max(logs, key=lambda path: path.stat().st_mtime)
        found = read_progress(log, self.folder)
        now = time.monotonic()
        if found is None or found.share is None:
            return found, None
        if log != self.log:
            self.log, self.first = log, (found.share, now)
        gained = found.share - self.first[0]
        return found, (now - self.first[1]) * (1 - found.share) / gained if gained > 0 else None


def read_progress(log: Path, stage: Path) -> Progress | None:
    """What the last lines of a log say; None before the first step."""
    records = _tail(log)
    if not records:
        return None
    config = yaml.safe_load((log.parent / CONFIG).read_text())["config"] if (log.parent / CONFIG).exists() else {}
    step, steps = records[-1].get("step", 0), config.get("max_steps") or 0
    share, epochs = None, config.get("num_train_epochs") or 0
    if steps > 0:
        share = step / steps
    elif epochs and "epoch" in records[-1]:
        share = records[-1]["epoch"] / epochs
    inner = "" if log.parent == stage else f"{log.parent.relative_to(stage)}: "
    where = f"{inner}step {step}" + (f" of {steps}" if steps > 0 else "")
    for record in reversed(records):
        for name in FIGURES:
            if name in record:
                return Progress(where, f"{name} {record[name]:.3g}", share)
    return Progress(where, "", share)


def _tail(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL))
        lines = stream.read().split(b"\n")
    whole = lines[:-1] if size <= TAIL else lines[1:-1]
    return [json.loads(line) for line in whole if line.strip()]
