"""Planted contamination: how much of it `posttrain data build` finds in a large mixture, and what it drops wrongly.

    python benchmarks/data_contamination.py --train gsm8k/train.jsonl --test gsm8k/test.jsonl --rows 100000 \\
        --json benchmarks/results/data_contamination.json
    python benchmarks/data_contamination.py --train gsm8k/test.jsonl --test gsm8k/train.jsonl math/*.jsonl \\
        --rows 1000000 --json benchmarks/results/data_contamination_million.json

Every test question is planted three times among the rows: as it is, in another case with other punctuation, and with
every number changed. The other rows are the training split and rows of our own subsets: `clean` counts those of the
training split, without the real copies that it holds, which are listed beside the question that they repeat. A real
copy is a row whose question shares more than `COPY` of its words with the test question, in order (difflib's ratio).
"""

import argparse
import difflib
import json
import os
import random
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

from data_throughput import write_rows

from posttrain.data.build import build_mixture
from posttrain.data.spec import read_spec

PLANTS = ("verbatim", "re-cased", "re-numbered")
QUESTION = ("question", "problem", "input")  # columns that hold one, in GSM8K and two spellings of MATH
COPY = 0.8


def plant(question: str, kind: str, rng: random.Random) -> str:
    if kind == "re-cased":
        return rng.choice([str.upper, str.lower, str.title])(question).replace("'", "’").replace(". ", " . ")
    if kind == "re-numbered":
        return re.sub(r"\d+", lambda match: str(int(match[0]) + rng.randint(1, 90)), question)
    return question


def read_questions(path: Path) -> list[str]:
    rows = map(json.loads, path.read_text(encoding="utf-8").strip().split("\n"))
    return [next(row[column] for column in QUESTION if column in row) for row in rows]


def write_rows_of(path: Path, questions: list[str], ids: list[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for question, one in zip(questions, ids, strict=True):
            file.write(json.dumps({"prompt": question, "completion": "Let me think.", "id": one}) + "\n")


def write_mixture(folder: Path, trained: list[str], tests: list[str], rows: int) -> tuple[dict, dict[str, int]]:
    """Files train.jsonl, planted.jsonl and other.jsonl: the rows in each, and the plants of each kind."""
    rng = random.Random(0)
    planted, ids = [], []
    for kind in PLANTS:
        for number, question in enumerate(tests):
            changed = plant(question, kind, rng)
            if kind == "verbatim" or changed != question:  # some have no number to change
                planted.append(changed)
                ids.append(f"{kind}/{number}")
    write_rows_of(folder / "planted.jsonl", planted, ids)
    write_rows_of(folder / "train.jsonl", trained, [str(number) for number in range(len(trained))])
    others = max(rows - len(trained) - len(planted), 1)
    write_rows(folder / "other.jsonl", others)
    plants = {kind: sum(one.startswith(f"{kind}/") for one in ids) for kind in PLANTS}
    return {"train": len(trained), "planted": len(planted), "other": others}, plants


def judge_dropped(dropped: list[dict], trained: list[str], tests: dict[str, list[str]]) -> list[dict]:
    """Each dropped row of the training split beside its test question, and whether it is a real copy of it."""
    judged = []
    for line in dropped:
        number, _, file = line["excerpt"].partition(":")[0].removeprefix("row ").split(" ", 2)
        row, item = trained[int(line["id"])], tests[file][int(number) - 1]
        share = difflib.SequenceMatcher(None, row.split(), item.split(), autojunk=False).ratio()
        judged.append({"row": row, "item": item, "words_in_common": round(share, 2), "copy": share > COPY})
    return judged


def usage() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def cpu_seconds() -> float:
    return sum(one.ru_utime + one.ru_stime for one in usage())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, nargs="+", required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="write the results here")
    args = parser.parse_args()
    trained, tests = read_questions(args.train), {path.name: read_questions(path) for path in args.test}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["POSTTRAIN_CACHE"] = str(folder / "cache")
        sizes, plants = write_mixture(folder, trained, sum(tests.values(), []), args.rows)
        (folder / "tests").mkdir()
        for file, questions in tests.items():
            write_rows_of(folder / "tests" / file, questions, [str(number) for number in range(len(questions))])
        against = [str(folder / "tests" / file) for file in tests]
        spec = {
            "sources": {name: str(folder / f"{name}.jsonl") for name in sizes},
            "filters": [{"contamination": {"against": against}}],
        }
        started = time.perf_counter()
        cpu = cpu_seconds()
        manifest = build_mixture(read_spec(spec), folder / "out")
        seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
        dropped = [json.loads(line) for line in (folder / "out/rejected.jsonl").open(encoding="utf-8")]
    ids = [line["id"] for line in dropped if line["source"] == "planted"]
    found = {kind: sum(one.startswith(f"{kind}/") for one in ids) for kind in PLANTS}
    judged = judge_dropped([line for line in dropped if line["source"] == "train"], trained, tests)
    copies = sum(one["copy"] for one in judged)
    report = {
        "command": " ".join(["python", *sys.argv]),
        "rows": sizes,
        "items": sum(map(len, tests.values())),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_gb": [round(one.ru_maxrss * 1024 / 1e9, 3) for one in usage()],  # of the build, of its largest worker
        "planted": plants,
        "found": found,
        "clean": {"rows": len(trained) - copies, "false_alarms": len(judged) - copies},
        "other_dropped": sum(line["source"] == "other" for line in dropped),
        "contamination": [one | {"set": Path(one["set"]).name} for one in manifest["contamination"]],
        "train_dropped": judged,
    }
    print(json.dumps(report, indent=2, ensure_ascii=False))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
