"""Averaging two checkpoints: throughput and peak memory, against loading both with transformers and against copying.

    python benchmarks/averaging.py [--size 1b|4b|270m] [--folder DIR] [--json OUT]

Two models of random bfloat16 weights of a published Gemma 3's shape are written to --folder (deleted afterwards). Each
round runs every contender once in a process of its own, in rotating order; the file cache is warm for all:

    copy            cp of one folder: what writing the output costs
    mean, slerp     ours, piece by piece (slerp reads everything twice: angles come first)
    transformers    both models loaded with from_pretrained, state dicts averaged in float32, save_pretrained
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONTENDERS = ("copy", "mean", "slerp", "transformers")
# hidden, FFN, layers, heads, key-value heads of the published models
SHAPES = {"270m": (640, 2048, 18, 4, 1), "1b": (1152, 6912, 26, 4, 1), "4b": (2560, 10240, 34, 8, 4)}


def main() -> None:
    args = parse_args()
    if args.contender:
        print(json.dumps(measure(args.contender, Path(args.folder))))
        return
    results: dict[str, list[dict]] = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        for seed in range(3):
            subprocess.run([sys.executable, __file__, f"--contender=make-{seed}-{args.size}", f"--folder={folder}"],
                           check=True, capture_output=True)  # fmt: skip
        for turn in range(args.rounds):
            for offset in range(len(CONTENDERS)):
                contender = CONTENDERS[(turn + offset) % len(CONTENDERS)]
                command = [sys.executable, __file__, f"--contender={contender}", f"--folder={folder}"]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    raise SystemExit(f"{contender} failed:\n{done.stderr[-3000:]}")
                results[contender].append(json.loads(done.stdout.splitlines()[-1]))
                print(f"round {turn + 1}: {contender}: {results[contender][-1]}", file=sys.stderr, flush=True)
    report(results, args)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1b", choices=SHAPES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the models go (default: the system's temporary folder)")
    parser.add_argument("--json", help="write the results here too")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    return parser.parse_args()


def make(folder: Path, size: str, seed: int) -> None:
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    hidden, ffn, layers, heads, kv = SHAPES[size]
    torch.manual_seed(seed)
    torch.set_default_dtype(torch.bfloat16)
    config = Gemma3TextConfig(
        vocab_size=262_144,
        hidden_size=hidden,
        intermediate_size=ffn,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv,
        head_dim=256,
    )
    Gemma3ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder / str(seed))


def measure(contender: str, folder: Path) -> dict:
    if contender.startswith("make"):
        _, seed, size = contender.split("-")
        make(folder, size, int(seed))
        return {}
    sources, out = [folder / "1", folder / "2"], folder / "out"
    started = time.perf_counter()
    if contender == "copy":
        shutil.copytree(sources[0], out)
    elif contender == "transformers":
        average_with_transformers(sources, out)
    else:
        from posttrain.averaging import mean, slerp

        started = time.perf_counter()  # as below, without the imports
        if contender == "mean":
            mean(sources, out)
        else:
            slerp(folder / "0", sources, out)
    for path in out.iterdir():  # on the disk, of every contender
        with path.open("rb") as file:
            os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    written = sum(path.stat().st_size for path in out.glob("*.safetensors"))
    shutil.rmtree(out)
    return {
        "seconds": round(seconds, 2),
        "gb_written_per_second": round(written / seconds / 1e9, 3),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
        "output_gb": round(written / 1e9, 2),
    }


def average_with_transformers(sources: list[Path], out: Path) -> None:
    from transformers import AutoModelForCausalLM

    first, second = (AutoModelForCausalLM.from_pretrained(source, dtype="auto") for source in sources)
    others = second.state_dict()
    state = {name: ((t.float() + others[name].float()) / 2).to(t.dtype) for name, t in first.state_dict().items()}
    first.load_state_dict(state)
    first.save_pretrained(out)


def report(results: dict[str, list[dict]], args: argparse.Namespace) -> None:
    medians = {n: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for n, runs in results.items()}
    print(f"two models of Gemma 3 {args.size}'s shape, {medians['mean']['output_gb']} GB each, {args.rounds} rounds")
    print(f"{'':14}{'seconds':>9}{'GB/s written':>14}{'of copying':>12}{'peak GB':>9}")
    for name, run in medians.items():
        share = run["gb_written_per_second"] / medians["copy"]["gb_written_per_second"]
        print(f"{name:14}{run['seconds']:9.2f}{run['gb_written_per_second']:14.3f}{share:11.0%} {run['peak_gb']:9.2f}")
    if args.json:
        shown = {key: value for key, value in vars(args).items() if key in ("size", "rounds")}
        Path(args.json).write_text(json.dumps({"arguments": shown, "runs": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
