"""Rows a second and peak memory of `posttrain data build`, of each filter alone, and of streaming, as rows grow.

    python benchmarks/data_throughput.py --rows 100000 --json benchmarks/results/data_throughput.json
    python benchmarks/data_throughput.py --growth 10000,100000,1000000

Rows are our own subsets and generated sums, written once as JSONL. Every measurement is a process of its own; memory is
the highest resident size of it and, for builds, of its largest worker beside it. CPU seconds are of all its processes,
with imports and the loading of the tokenizer (a few seconds each); other programs on the machine change them less.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

FILTERS = {
    "empty_or_cut": {},
    "repetition": {},
    "personal_information": {"action": "mask"},
    "self_identification": {"name": "Gemma", "maker": "Google DeepMind"},
    "unsafe": {},
    "language": {"expect": ["en", "de", "fr", "es"]},
    "length": {"max_tokens": 4096},
    "contamination": {"against": ["humaneval"]},
    "duplicates": {},
}
LIGHT = ["empty_or_cut", "length"]
CHUNK = 10_000


def write_rows(path: Path, count: int) -> None:
    """`count` rows: a third each from attribution, hedging and sums, no two files' rows alike."""
    from posttrain.data.subsets import attribution, hedging

    def sums(rows: int, seed: int) -> list[dict]:
        return [
            {"prompt": f"Add {seed + i} and {7 * i}, then say how you did it.", "completion": f"{seed + i} + {7 * i} = "
             f"{seed + 8 * i}. I added the tens first, then the ones, and carried what was left over."}
            for i in range(rows)
        ]  # fmt: skip

    written = seed = 0
    with path.open("w") as file:
        while written < count:
            for build in (attribution.build, hedging.build, sums):
                for row in islice(build(min(CHUNK, -(-count // 3)), seed), count - written):
                    row.pop("id", None)
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    written += 1
            seed += CHUNK


def measure(kind: str, path: Path, filters: list[str], workers: int, results) -> None:
    """One build or one pass over a stream, in this process; puts {seconds, cpu_seconds, peak_gb} into `results`."""
    os.environ["POSTTRAIN_CACHE"] = tempfile.mkdtemp()
    tokenizer = os.environ.get("BENCHMARK_TOKENIZER") or None
    spec = {"sources": {"rows": str(path)}, "filters": [{name: FILTERS[name]} for name in filters]}
    spec |= {"tokenizer": tokenizer} if tokenizer else {}
    started = time.perf_counter()
    if kind == "build":
        from posttrain.data.build import build_mixture
        from posttrain.data.spec import read_spec

        with tempfile.TemporaryDirectory() as out:
            build_mixture(read_spec(spec), Path(out), workers=workers)
    else:
        from posttrain.data.stream import MixtureStream

        for _ in MixtureStream(spec):
            pass
    seconds = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    peaks = [round(one.ru_maxrss * 1024 / 1e9, 3) for one in used]
    results.put({"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "peak_gb": peaks})


def run(kind: str, path: Path, filters: list[str], workers: int) -> dict:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=measure, args=(kind, path, filters, workers, results))
    process.start()
    result = results.get()
    process.join()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the builds with each filter")
    parser.add_argument("--growth", default="", help="comma-separated row counts: a stream and a light build of each")
    parser.add_argument("--tokenizer", default="gemma-3-270m", help="counts tokens in the builds; empty: none")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the results here")
    args = parser.parse_args()
    if args.tokenizer:
        from posttrain.gemma import resolve_source

        os.environ["BENCHMARK_TOKENIZER"] = str(resolve_source(args.tokenizer))
    report: dict = {"command": " ".join(["python", *sys.argv]), "workers": args.workers}
    measured = report["growth" if args.growth else "builds"] = {}
    with tempfile.TemporaryDirectory() as folder:
        counts = [int(count) for count in args.growth.split(",") if count]
        for count in dict.fromkeys([*([] if counts else [args.rows]), *counts]):
            path = Path(folder) / f"rows-{count}.jsonl"
            write_rows(path, count)
            if counts:
                for kind, filters in (("stream", LIGHT), ("build", [*LIGHT, "duplicates"])):
                    measured[f"{kind} {count}"] = show(
                        f"{kind}, {count:,} rows", run(kind, path, filters, args.workers), count
                    )
            else:
                choices = {"no filter": [], **{name: [name] for name in FILTERS}, "all filters": list(FILTERS)}
                for name, filters in choices.items():
                    measured[name] = show(name, run("build", path, filters, args.workers), count)
            path.unlink()
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


def show(name: str, result: dict, rows: int) -> dict:
    rate = rows / result["seconds"]
    cpu, peak = result["cpu_seconds"], result["peak_gb"]
    print(f"{name:28} {result['seconds']:8.1f} s {rate:9,.0f} rows/s {cpu:8.1f} CPU s   peak {peak} GB", flush=True)
    return result | {"rows_per_second": round(rate)}


if __name__ == "__main__":
    main()
