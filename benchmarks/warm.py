"""Is the mean of reward models (WARM, 2401.12187) worth its members, with clean labels and with a quarter flipped?

    python benchmarks/warm.py --pairs hh_rlhf/harmless_base_test.jsonl.gz --json benchmarks/results/warm_270m.json

Five LoRA runs of the 270M that differ in seed, learning rate and dropout and share one probed head, by `posttrain warm`
as a user calls it; the held-out pairs, whose labels are never flipped, are the same for all. Reported: the share of
held-out pairs that each ranks right, the mean of the members' weights, and the paired difference to the members' mean.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
MEMBERS = [
    {"seed": 1, "learning_rate": 1e-4, "lora_dropout": 0.05},
    {"seed": 2, "learning_rate": 2e-4, "lora_dropout": 0.05},
    {"seed": 3, "learning_rate": 4e-4, "lora_dropout": 0.05},
    {"seed": 4, "learning_rate": 2e-4, "lora_dropout": 0.1},
    {"seed": 5, "learning_rate": 4e-4, "lora_dropout": 0.1},
]


def write_pairs(path: Path, rows: list[dict], flipped: float = 0.0) -> Path:
    """The pairs as JSONL, a share of them with chosen and rejected the other way round."""
    draw = random.Random(0)
    with path.open("w") as file:
        for row in rows:
            one = {key: row[key] for key in ("prompt", "chosen", "rejected")}
            if draw.random() < flipped:
                one["chosen"], one["rejected"] = one["rejected"], one["chosen"]
            file.write(json.dumps(one) + "\n")
    return path


def warm(folder: Path, name: str, train: Path, held_out: Path, args: argparse.Namespace) -> dict:
    """One `posttrain warm`; what its warm.json says."""
    shared = {"model": args.model, "train": str(train), "eval": str(held_out), "eval_rows": args.held_out}
    shared |= {"max_steps": args.steps, "max_length": args.max_length, "eval_on_start": False, "report_to": "none"}
    shared |= {"save_strategy": "no", "per_device_eval_batch_size": 16}
    spec = {"config": str(ROOT / "recipes/configs/rm_270m_cpu.yaml"), "all": shared, "members": MEMBERS}
    spec["launch"] = str(ROOT / "accelerate_configs/cpu.yaml")
    (folder / f"{name}.yaml").write_text(json.dumps(spec))
    begun = time.monotonic()
    command = [sys.executable, "-m", "posttrain.cli", "warm", str(folder / f"{name}.yaml"), "--out", str(folder / name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    print(done.stdout[-2500:], flush=True)
    found = json.loads((folder / name / "warm.json").read_text())
    return found | {"minutes": round((time.monotonic() - begun) / 60, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", required=True, help="preference pairs: a file in any format that the recipes read")
    parser.add_argument("--model", default="gemma-3-270m")
    parser.add_argument(
        "--train", type=int, default=700, help="pairs that the head is probed on and training draws from"
    )
    parser.add_argument("--held-out", type=int, default=400, help="pairs")
    parser.add_argument("--steps", type=int, default=24, help="of 8 pairs, a member")
    parser.add_argument("--max-length", type=int, default=96, help="tokens; of a longer pair the prompt's start is cut")
    parser.add_argument("--flipped", type=float, nargs="+", default=[0.0, 0.25], help="shares of the training labels")
    parser.add_argument("--folder", type=Path, help="keep the runs here, and go on with them")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()

    from posttrain.data.mixture import load_splits

    with tempfile.TemporaryDirectory() as name:
        folder = args.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        spec = {"kind": "preference", "on_bad_row": "skip", "filters": ["empty_or_cut"]}
        spec["sources"] = {"pairs": {"from": str(Path(args.pairs).resolve())}}
        (folder / "pairs.yaml").write_text(json.dumps(spec))
        wanted = {"eval_rows": args.held_out, "limit": None, "seed": 0, "kind": "preference"}
        rows = load_splits(str(folder / "pairs.yaml"), None, **wanted)
        held_out = write_pairs(folder / "held_out.jsonl", list(rows.test))
        report: dict = {"arguments": {k: v for k, v in vars(args).items() if k not in ("json", "folder")}}
        for share in args.flipped:
            train = list(rows.train)[: args.train]
            given = write_pairs(folder / f"train_{share:g}.jsonl", train, share)
            report[f"flipped {share:g}"] = warm(folder, f"flipped_{share:g}", given, held_out, args)
            if args.json:
                args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
