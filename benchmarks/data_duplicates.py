"""The filter `duplicates` against a plain pairwise comparison: seconds, what each finds, bytes a row.

    python benchmarks/data_duplicates.py [--rows 10000] [--words 150] [--json FILE]

Rows are sentences of a made-up vocabulary (drawn by Zipf's law, so that rows share frequent runs of words), a fifth of
them built from a common template, and `--planted` of them copies of an earlier row with so many words replaced that the
Jaccard of three-word shingles lies between 0.5 and 1. The plain comparison takes the set of shingles of every row, in
order, and drops it if its Jaccard with any kept row is at least 0.8. It is quadratic and left out above 10,000 rows.

- recall: of the rows that the plain comparison drops, the share that the filter drops;
- precision: of the rows that the filter drops, the share with a Jaccard of at least 0.8 to the row that it names;
- bytes a row: what the filter holds after the first 20,000 rows, by tracemalloc, for each row it keeps.

Seconds are CPU seconds of one thread.
"""

import argparse
import itertools
import json
import random
import sys
import time
import tracemalloc
from pathlib import Path

from posttrain.data.filters.duplicates import Duplicates

NEAR, SHINGLE = 0.8, 3
PAIRWISE_ROWS = 10_000


def main() -> None:
    args = parse_args()
    rows = make_rows(args.rows, args.words, args.planted, args.seed)
    ours, seconds = run_filter(rows)
    result = {"command": " ".join(["python", *sys.argv]), "rows": len(rows), "words": args.words, "dropped": len(ours)}
    result |= {
        "seconds": seconds,
        "us_per_row": 1e6 * seconds / len(rows),
        "bytes_per_row": measure_memory(rows[:20_000]),
    }
    shingles = {i: shingle_set(text_of(row)) for i, row in enumerate(rows) if i in ours or i in ours.values()}
    right = sum(jaccard(shingles[i], shingles[j]) >= NEAR for i, j in ours.items())
    result["precision"] = right / max(1, len(ours))
    if len(rows) <= PAIRWISE_ROWS:
        plain, plain_seconds = run_pairwise(rows)
        result |= {"plain_dropped": len(plain), "plain_seconds": plain_seconds, "ratio": plain_seconds / seconds}
        result["recall"] = len(plain.keys() & ours.keys()) / max(1, len(plain))
    for name, value in result.items():
        print(f"{name:14} {value:12,.3f}" if isinstance(value, float) else f"{name:14} {value!s:>12}")
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=2) + "\n")


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=150, help="mean words a row")
    parser.add_argument("--planted", type=float, default=0.1, help="share of rows that copy an earlier one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", help="write the result here too")
    return parser.parse_args()


def make_rows(count: int, words: int, planted: float, seed: int) -> list[dict]:
    """Conversations of one question and one reply, `words` words together on average."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(20_000)]
    weights = list(itertools.accumulate(1 / rank for rank in range(1, len(vocabulary) + 1)))

    def draw(k: int) -> list[str]:
        return rng.choices(vocabulary, cum_weights=weights, k=k)

    template = draw(words // 3)
    rows: list[dict] = []
    for i in range(count):
        if rows and rng.random() < planted:
            text = replace_words(rng.choice(rows)["text"], rng, draw)
        else:
            text = draw(rng.randint(words // 2, words * 3 // 2))
            if rng.random() < 0.2:
                text = template + text[len(template) :]
        rows.append({"id": str(i), "source": f"s{i % 3}", "text": text})
    return [as_row(row) for row in rows]


def replace_words(text: list[str], rng: random.Random, draw) -> list[str]:
    """A copy whose shingles overlap with the original's by a Jaccard drawn from 0.5 to 1 (one word breaks three)."""
    wanted = rng.uniform(0.5, 1)
    changed = round(len(text) * (1 - wanted) / (1 + wanted) / SHINGLE)
    copy = list(text)
    for place in rng.sample(range(len(copy)), changed):
        copy[place] = draw(1)[0]
    return copy


def as_row(row: dict) -> dict:
    half = len(row["text"]) // 3
    question, reply = " ".join(row["text"][:half]), " ".join(row["text"][half:])
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
    return {"id": row["id"], "source": row["source"], "messages": messages}


def text_of(row: dict) -> str:
    return " ".join(message["content"] for message in row["messages"])


def shingle_set(text: str) -> set[str]:
    words = text.split()
    return {" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}


def jaccard(a: set[str], b: set[str]) -> float:
    common = len(a & b)
    return common / max(1, len(a) + len(b) - common)


def run_pairwise(rows: list[dict]) -> tuple[dict[int, int], float]:
    """Dropped row -> the kept row that it resembles, and the seconds that it took."""
    start = time.process_time()
    kept: list[tuple[int, set[str]]] = []
    dropped: dict[int, int] = {}
    for i, row in enumerate(rows):
        shingles = shingle_set(text_of(row))
        earlier = next((j for j, other in kept if jaccard(shingles, other) >= NEAR), None)
        if earlier is None:
            kept.append((i, shingles))
        else:
            dropped[i] = earlier
    return dropped, time.process_time() - start


def run_filter(rows: list[dict]) -> tuple[dict[int, int], float]:
    """Dropped row -> the row that the filter names, and the seconds that it took."""
    start = time.process_time()
    duplicates = Duplicates(near=NEAR)
    found = [duplicates(row) for row in rows]
    seconds = time.process_time() - start
    return {i: int(finding.excerpt.split(":")[0]) for i, finding in enumerate(found) if finding}, seconds


def measure_memory(rows: list[dict]) -> float:
    """Bytes that the filter holds for each row it keeps."""
    tracemalloc.start()
    duplicates = Duplicates(near=NEAR)
    kept = sum(duplicates(row) is None for row in rows)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / kept


if __name__ == "__main__":
    main()
