"""Does distillation bring a student nearer to its teacher, and to the rows, than plain tuning for as many steps?

    python benchmarks/distill_quality.py --train gsm8k/train.jsonl --json benchmarks/results/distill_quality.json

Real Gemma 3 270M: the teacher is the 270M after SFT on the rows, the student the 270M's cut to nine layers (those that
leave it the least broken of some that were tried: 6.9 nats a token on such rows, an even spread 17). All arms
train the same student, rows, batches and steps, through the recipes as a user launches them; what differs is the loss:

    sft         the rows' own replies                      (label_weight 1)
    cached      256 draws a label, no teacher in memory
    live        the whole distribution, forward KL
    on-policy   the same, a share of the steps on the student's own replies

Held out: KL to the teacher and token accuracy, over the same rows. Mean over seeds with a t interval of 95 %, and the
differences from sft paired by seed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
T = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    6: 2.447,
    7: 2.365,
}  # Student's t at 97.5 %, by degrees of freedom
ARMS = {
    "sft": ["--teacher", "CACHE", "--label_weight", "1"],
    "cached": ["--teacher", "CACHE"],
    "live": ["--teacher", "TEACHER"],
    "on-policy": ["--teacher", "TEACHER", "--on_policy", "0.25", "--reply_tokens", "48"],
}
FIGURES = ("eval_kl", "eval_nll", "eval_mean_token_accuracy")


def launch(recipe: str, *options: object) -> None:
    command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet"]
    command += ["--config_file", str(ROOT / "accelerate_configs" / "cpu.yaml"), str(ROOT / "recipes" / f"{recipe}.py")]
    done = subprocess.run([*command, *map(str, options)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, done.args))}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def last(folder: Path, figure: str) -> float:
    records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [record[figure] for record in records if figure in record][-1]


def interval(values: list[float]) -> list[float]:
    """[mean, low, high]; of one value without an interval."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return [mean, float("nan"), float("nan")]
    half = T[len(values) - 1] * statistics.stdev(values) / len(values) ** 0.5
    return [mean, mean - half, mean + half]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True, help="rows with question and answer")
    parser.add_argument("--model", default="gemma-3-270m")
    parser.add_argument("--keep", default="0,1,2,3,4,5,9,13,16", help="the student's layers")
    parser.add_argument("--rows", type=int, default=96, help="to train on")
    parser.add_argument("--held-out", type=int, default=32)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--teacher-steps", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--max-length", type=int, default=192)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    started = time.monotonic()
    arms = args.arms.split(",")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = args.train.read_text(encoding="utf-8").splitlines(keepends=True)[: args.rows + args.held_out]
        (folder / "train.jsonl").write_text("".join(lines[: args.rows]), encoding="utf-8")
        (folder / "held_out.jsonl").write_text("".join(lines[args.rows :]), encoding="utf-8")
        rows = ["--train", folder / "train.jsonl", "--eval", folder / "held_out.jsonl", "--eval_rows", args.held_out]
        common = [*rows, "--max_length", args.max_length, "--report_to", "none", "--sample_rows", 0]
        common += ["--per_device_train_batch_size", args.batch, "--per_device_eval_batch_size", args.batch]
        common += [
            "--save_strategy",
            "no",
            "--eval_strategy",
            "no",
            "--lr_scheduler_type",
            "cosine",
            "--warmup_steps",
            0.1,
        ]
        teacher, student, cache = folder / "teacher", folder / "student", folder / "cache"
        print("teacher: SFT of the whole model …", flush=True)
        launch("it_sft", "--model", args.model, "--method", "lora", "--learning_rate", 1e-3, "--output_dir", teacher,
               "--max_steps", args.teacher_steps, "--save_dtype", "float32", *common)  # fmt: skip
        cut = [sys.executable, "-m", "posttrain.cli", "student", "--model", args.model, "--keep", args.keep]
        subprocess.run([*cut, "--out", str(student), "--dtype", "float32"], check=True, cwd=ROOT, capture_output=True)
        launch("it_teacher", "--teacher", teacher, "--output_dir", cache, *rows, "--max_length", args.max_length,
               "--progress", "false")  # fmt: skip
        print(f"teacher trained and cached after {time.monotonic() - started:.0f} s", flush=True)
        found: dict[str, dict[str, list[float]]] = {arm: {figure: [] for figure in FIGURES} for arm in arms}
        seconds: dict[str, list[float]] = {arm: [] for arm in arms}
        for seed in range(args.seeds):
            for arm in arms:
                out = folder / f"{arm}-{seed}"
                where = {"CACHE": cache, "TEACHER": teacher}
                options = [where.get(option, option) for option in ARMS[arm]]
                begun = time.monotonic()
                launch("it_distill", "--model", student, "--output_dir", out, "--max_steps", args.steps, "--seed", seed,
                       "--learning_rate", args.learning_rate, "--eval_on_start", seed == 0 and arm == arms[0],
                       *options, *common)  # fmt: skip
                seconds[arm].append(round(time.monotonic() - begun, 1))
                for figure in FIGURES:
                    found[arm][figure].append(last(out, figure))
                print(
                    f"seed {seed}, {arm}: {[round(found[arm][f][-1], 4) for f in FIGURES]} {seconds[arm][-1]} s",
                    flush=True,
                )
    report = {"command": " ".join(["python", *sys.argv]), "seconds": round(time.monotonic() - started), "arms": {}}
    for arm in arms:
        report["arms"][arm] = {"seconds": seconds[arm]}
        for figure in FIGURES:
            values = found[arm][figure]
            line = {"values": values, "mean": interval(values)}
            if "sft" in arms and arm != "sft":
                line["less_sft"] = interval([a - b for a, b in zip(values, found["sft"][figure], strict=True)])
            report["arms"][arm][figure] = line
    print(f"\n{'':10} {'KL to the teacher':>28} {'token accuracy':>28} {'KL less sft':>28} {'accuracy less sft':>28}")
    for arm, figures in report["arms"].items():
        cells = [
            figures[f][which] for which in ("mean", "less_sft") for f in (FIGURES[0], FIGURES[2]) if which in figures[f]
        ]
        print(f"{arm:10} " + " ".join(f"{'{:+.4f} [{:+.4f}, {:+.4f}]'.format(*cell):>28}" for cell in cells))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
