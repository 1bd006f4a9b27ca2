"""Math verdicts a second, and how many are right, beside math-verify called plainly and TRL's reward, in one run.

    python benchmarks/math_verdicts.py [--data MATH.jsonl …] [--json OUT]

The answers are the table of `tests/probes/math.jsonl` (boxed), of which right and wrong are known. With --data, also
ordinary ones: the solutions of MATH files (`output` or `solution`) against their own answers, all of which are right.
Contenders take turns; each has judged a few answers before, so that imports and workers are warm. Memory is the largest
of this process so far and, for ours, of its workers.

- posttrain     `posttrain.reward.math.judge_all`
- math-verify   `verify(parse(gold), parse(answer))`, with its default extraction, in this thread
- trl           `trl.rewards.accuracy_reward`, which parses LaTeX only
"""

import argparse
import json
import resource
import statistics
import time
from pathlib import Path

import psutil

TABLE = Path(__file__).parent.parent / "tests" / "probes" / "math.jsonl"
Pair = tuple[str, str, bool]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", default=[], help="MATH files, JSON lines")
    parser.add_argument("--limit", type=int, default=1000, help="rows of --data")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", help="write the results here too")
    args = parser.parse_args()
    sets = {"table": read_table()} | ({"math": read_solutions(args.data, args.limit)} if args.data else {})
    results: dict[str, dict[str, dict]] = {name: {} for name in sets}
    contenders = {"posttrain": ours, "math-verify": math_verify_plainly, "trl": trl_reward}
    for name, pairs in sets.items():
        runs: dict[str, list[float]] = {contender: [] for contender in contenders}
        for judge in contenders.values():
            judge(pairs[:40])
        for _ in range(args.rounds):
            for contender, judge in contenders.items():
                start = time.perf_counter()
                verdicts = judge(pairs)
                runs[contender].append(len(pairs) / (time.perf_counter() - start))
                results[name][contender] = score(pairs, verdicts)
        for contender, rates in runs.items():
            results[name][contender] |= {"verdicts_a_second": round(statistics.median(rates), 1), "peak_gb": memory()}
            print(f"{name:6} {contender:12} {results[name][contender]}", flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps({"arguments": vars(args), "results": results}, indent=2) + "\n")


def read_table() -> list[Pair]:
    rows = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]
    return [(f"So the answer is $\\boxed{{{row['answer']}}}$.", row["gold"], row["right"]) for row in rows]


def read_solutions(paths: list[str], limit: int) -> list[Pair]:
    rows = [json.loads(line) for path in paths for line in Path(path).read_text("utf-8").splitlines()]
    chosen = rows[:: max(1, len(rows) // limit)][:limit]
    return [(row.get("solution") or row["output"], row["answer"], True) for row in chosen]


def score(pairs: list[Pair], verdicts: list[bool]) -> dict[str, float]:
    right = sum(verdict == pair[2] for pair, verdict in zip(pairs, verdicts, strict=True))
    wrongly = sum(verdict and not pair[2] for pair, verdict in zip(pairs, verdicts, strict=True))
    return {"answers": len(pairs), "right": round(right / len(pairs), 4), "false_positives": wrongly}


def ours(pairs: list[Pair]) -> list[bool]:
    from posttrain.reward.math import judge_all

    found = judge_all([reply for reply, _, _ in pairs], [gold for _, gold, _ in pairs])
    return [verdict.correct is True for verdict in found]


def math_verify_plainly(pairs: list[Pair]) -> list[bool]:
    from math_verify import parse, verify

    return [bool(verify(parse(f"${gold}$"), parse(reply))) for reply, gold, _ in pairs]


def trl_reward(pairs: list[Pair]) -> list[bool]:
    from trl.rewards import accuracy_reward

    messages = [[{"role": "assistant", "content": reply}] for reply, _, _ in pairs]
    return [value == 1.0 for value in accuracy_reward(messages, [f"${gold}$" for _, gold, _ in pairs])]


def memory() -> float:
    """GB: the peak of this process, and what its workers hold now."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return round((own + sum(child.memory_info().rss for child in psutil.Process().children(recursive=True))) / 1e9, 2)


if __name__ == "__main__":
    main()
