"""Verdicts a second of the instruction checks, strict and loose, and of the reward with its guard.

    python benchmarks/instruction_following.py --rows 2000 --json benchmarks/results/instruction_following.json

Replies are our own golds, every second one another row's, of all 25 IFEval families and our 13, in one process.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path


def build_cases(rows: int) -> list[tuple[str, str, list[str], list[dict]]]:
    """(prompt, reply, ids, kwargs); every second reply is another row's."""
    from posttrain.data.subsets.instructions import build

    found = build(rows, seed=1) + build(rows // 4, seed=1, held_out=True)
    replies = [row["messages"][1]["content"] for row in found]
    return [
        (
            row["messages"][0]["content"],
            replies[at if at % 2 else at - 1],
            row["instruction_id_list"],
            json.loads(row["instruction_kwargs"]),
        )
        for at, row in enumerate(found)
    ]


def measure(judge: Callable[[], int]) -> dict[str, float]:
    """Instructions a second, the better of two runs."""
    best = 0.0
    for _ in range(2):
        start = time.perf_counter()
        count = judge()
        best = max(best, count / (time.perf_counter() - start))
    return {"verdicts": count, "verdicts_a_second": round(best)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    from posttrain.reward.instruction_following import check, check_loosely, instruction_following_reward

    cases = build_cases(options.rows)
    prompts, replies, ids, kwargs = map(list, zip(*cases, strict=True))

    def reward(**more) -> int:
        instruction_following_reward(replies, ids, kwargs, **more)
        return sum(map(len, ids))

    results = {
        "strict": measure(lambda: sum(len(check(*row[1:])) for row in cases)),
        "loose": measure(lambda: sum(len(check_loosely(*row[1:])) for row in cases)),
        "reward": measure(reward),
        "reward with prompts": measure(lambda: reward(prompts=prompts)),
    }
    for name, result in results.items():
        print(f"{name:22} {result['verdicts_a_second']:8,} verdicts a second over {result['verdicts']:,}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
