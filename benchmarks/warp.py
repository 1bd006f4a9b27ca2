"""A round of WARP (2406.16768) on the real model: is the merge of two RL runs better than they are, at the same drift?

    python benchmarks/warp.py --model runs/demo --json benchmarks/results/warp_arithmetic.json

Two RLOO runs with the KL to their own moving average, in other orders of the prompts, on the sums of
`benchmarks/rl.py`; then `posttrain warp`'s front: SLERP of both, drawn back to the start by shares. Sampled replies to
held-out questions give every model's reward (how near the answer is) and KL to the start. Compared: the front's reward
at the members' mean KL, by straight lines between its points, against the members' mean reward.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import fmean

import numpy as np
from rl import ROOT, SELF, write_rows

FRONT = [0.3, 0.5, 0.7, 1.0, 1.3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="runs/demo")
    parser.add_argument("--steps", type=int, default=16, help="of each member")
    parser.add_argument("--replies", type=int, default=64, help="a step")
    parser.add_argument("--held-out", type=int, default=120, help="rows")
    parser.add_argument("--tokens", type=int, default=12, help="of a reply")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, begun = Path(name), time.monotonic()
        write_rows(folder / "train.jsonl", folder / "held_out.jsonl", args.held_out, 0)
        shared = {
            "method": "lora", "algorithm": "rloo", "beta": 0.05, "anchor": "ema", "anchor_rate": 0.05,
            "num_generations": 8, "per_device_train_batch_size": args.replies, "max_steps": args.steps,
            "learning_rate": args.learning_rate, "lr_scheduler_type": "constant_with_warmup", "warmup_steps": 3,
            "max_prompt_length": 64, "max_completion_length": args.tokens, "report_to": "none", "save_strategy": "no",
            "train": str(folder / "train.jsonl"), "eval": str(folder / "held_out.jsonl"), "eval_rows": args.held_out,
            "reward": f"{SELF}:closeness",
        }  # fmt: skip
        (folder / "rl.yaml").write_text(json.dumps(shared))
        spec = {"model": args.model, "config": str(folder / "rl.yaml"), "front": FRONT, "rows": args.held_out}
        spec |= {"launch": str(ROOT / "accelerate_configs" / "cpu.yaml"), "members": [{"seed": 1}, {"seed": 2}]}
        (folder / "warp.yaml").write_text(json.dumps(spec))
        command = [sys.executable, "-m", "posttrain.cli", "warp", str(folder / "warp.yaml")]
        done = subprocess.run([*command, "--out", str(folder / "warp")], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        print(done.stdout[-2500:])
        points = json.loads((folder / "warp" / "warp.json").read_text())
    members = [point for name, point in points.items() if name.startswith("member")]
    front = sorted((point["kl"], point["reward"]) for name, point in points.items() if not name.startswith("member"))
    kl, reward = (fmean(point[key] for point in members) for key in ("kl", "reward"))
    at_kl = float(np.interp(kl, *zip(*front, strict=True)))
    found = {"members_kl": kl, "members_reward": reward, "front_reward_at_members_kl": at_kl}
    print(", ".join(f"{name} {value:.3f}" for name, value in found.items()))
    if args.json:
        given = {key: value for key, value in vars(args).items() if key != "json"}
        report = {"arguments": given, "minutes": round((time.monotonic() - begun) / 60, 1), "points": points, **found}
        args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
