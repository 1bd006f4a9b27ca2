"""Planted contamination: how much of it `posttrain data build` finds in a large mixture, and what it drops wrongly.

    python benchmarks/data_contamination.py --train gsm8k/train.jsonl --test gsm8k/test.jsonl --rows 100000 \\
        --json benchmarks/results/data_contamination.json

Every test question is planted three times among the rows: as it is, in another case with other punctuation, and with
every number changed. The other rows are the training split (whose real near copies of test questions are listed) and
rows of our own subsets.
"""

import argparse
import json
import os
import random
import re
import tempfile
import time
from pathlib import Path

from data_throughput import write_rows

from posttrain.data.build import build_mixture
from posttrain.data.spec import read_spec

PLANTS = ("verbatim", "re-cased", "re-numbered")


def plant(question: str, kind: str, rng: random.Random) -> str:
    if kind == "re-cased":
        return rng.choice([str.upper, str.lower, str.title])(question).replace("'", "’").replace(". ", " . ")
    if kind == "re-numbered":
        return re.sub(r"\d+", lambda match: str(int(match[0]) + rng.randint(1, 90)), question)
    return question


def write_mixture(folder: Path, train: Path, test: Path, rows: int) -> tuple[dict[str, int], dict[str, int]]:
    """Files train.jsonl, planted.jsonl and other.jsonl: the rows in each, and the plants of each kind."""
    plants = dict.fromkeys(PLANTS, 0)
    rng = random.Random(0)
    questions = [json.loads(line)["question"] for line in test.read_text().strip().split("\n")]
    trained = train.read_text().strip().split("\n")
    (folder / "train.jsonl").write_text("\n".join(trained) + "\n")
    with (folder / "planted.jsonl").open("w") as file:
        for kind in PLANTS:
            for number, question in enumerate(questions):
                changed = plant(question, kind, rng)
                if kind == "verbatim" or changed != question:  # some have no number to change
                    plants[kind] += 1
                    row = {"prompt": changed, "completion": "Let me think.", "id": f"{kind}/{number}"}
                    file.write(json.dumps(row) + "\n")
    planted = sum(plants.values())
    others = max(rows - len(trained) - planted, 1)
    write_rows(folder / "other.jsonl", others)
    return {"train": len(trained), "planted": planted, "other": others}, plants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="write the results here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["POSTTRAIN_CACHE"] = str(folder / "cache")
        sizes, plants = write_mixture(folder, args.train, args.test, args.rows)
        against = [str(args.test.resolve())]
        spec = {
            "sources": {name: str(folder / f"{name}.jsonl") for name in sizes},
            "filters": [{"contamination": {"against": against}}],
        }
        started = time.perf_counter()
        manifest = build_mixture(read_spec(spec), folder / "out")
        seconds = time.perf_counter() - started
        dropped = [json.loads(line) for line in (folder / "out/rejected.jsonl").open()]
    ids = [line["id"] for line in dropped if line["source"] == "planted"]
    found = {kind: sum(one.startswith(f"{kind}/") for one in ids) for kind in PLANTS}
    report = {"rows": sizes, "seconds": round(seconds, 1), "planted": plants, "found": found}
    report["contamination"] = [one | {"set": args.test.name} for one in manifest["contamination"]]
    for source in ("train", "other"):
        lines = [line for line in dropped if line["source"] == source]
        report[f"{source}_dropped"] = [{"row": line["id"], "item": line["excerpt"].partition(":")[0]} for line in lines]
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
