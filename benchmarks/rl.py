"""Does RL raise held-out accuracy on a task with one right answer, and how far does the policy drift for it?

    python benchmarks/rl.py --model runs/demo --json benchmarks/results/rl_arithmetic.json

Task: sums of small numbers, asked in three ways; the held-out questions are of other pairs of numbers.
All arms train the same -IT model on the same prompts by LoRA, through the recipe as a user launches it: `grpo` on
`math_reward` (right or wrong), `jbond` and `grpo-close` on a continuous reward, how near the reply's last number is.
Held out, before and after: greedy accuracy by the MATH judge, paired by row; and of sampled replies the continuous
reward and the KL to the start.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SELF = Path(__file__).resolve()
GROUP = ["--num_generations", "8"]
ANCHORED = ["--algorithm", "jbond", "--anchor_samples", "7", "--anchor_rate", "0.1"]
ARMS = {
    "grpo": ["--algorithm", "grpo", "--reward", "math_reward", *GROUP],
    "grpo-close": ["--algorithm", "grpo", "--reward", f"{SELF}:closeness", *GROUP],
    "jbond": [*ANCHORED, "--bond_n", "4", "--reward", f"{SELF}:closeness"],
}
QUESTIONS = ("What is {a} plus {b}?", "{a} + {b} = ?", "Calculate {a} + {b}.")


def closeness(completions, answer, **kwargs):
    """1 − |x − answer| / 8 of a reply's last whole number x, at least 0; 0 without one."""
    texts = [c if isinstance(c, str) else c[-1]["content"] for c in completions]
    found = [re.findall(r"\d{1,6}", text) for text in texts]
    return [max(0.0, 1 - abs(int(f[-1]) - int(a)) / 8) if f else 0.0 for f, a in zip(found, answer, strict=True)]


def write_rows(train: Path, held_out: Path, rows: int, seed: int) -> None:
    """Sums of 2 to 12 and 2 to 9; `rows` held out, of pairs that training does not have."""
    pairs = [(a, b) for a in range(2, 13) for b in range(2, 10)]
    random.Random(seed).shuffle(pairs)
    held = rows // len(QUESTIONS)
    for path, part in ((held_out, pairs[:held]), (train, pairs[held:])):
        lines = [{"prompt": text.format(a=a, b=b), "answer": str(a + b)} for a, b in part for text in QUESTIONS]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def launch(*options: object) -> None:
    command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet"]
    command += ["--config_file", str(ROOT / "accelerate_configs" / "cpu.yaml"), str(ROOT / "recipes" / "it_rl.py")]
    done = subprocess.run([*command, *map(str, options)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def measured(folders: dict[str, Path], held_out: Path, tokens: int) -> dict:
    """By model: greedy accuracy with its interval and against the start's, and its place on the front."""
    from posttrain.chat import encode_prompt
    from posttrain.data.mixture import load_splits
    from posttrain.evaluate.front import front_point, reply_logps, write_rollouts
    from posttrain.evaluate.judges import judge_math
    from posttrain.evaluate.replies import generate_replies
    from posttrain.evaluate.statistics import compare_pairs, wilson_interval
    from posttrain.gemma import load_model

    rows = list(load_splits(str(held_out), None, eval_rows=0, limit=None, seed=0, kind="prompt").train)
    written, found, right = {}, {}, {}
    for name, folder in folders.items():
        model, tokenizer = load_model(folder)
        prompts = [encode_prompt(row["prompt"], tokenizer, "row") for row in rows]
        replies = generate_replies(model, tokenizer, prompts, max_new_tokens=tokens, batch_size=64)
        right[name] = [one["correct"] for one in judge_math(rows, [reply.text for reply in replies])]
        correct = sum(right[name])
        found[name] = {"accuracy": [correct / len(rows), *wilson_interval(correct, len(rows))]}
        if name != "start":
            found[name]["against_start"] = compare_pairs(right["start"], right[name])
        written[name] = write_rollouts(model, tokenizer, rows, closeness, max_new_tokens=tokens, batch_size=64)
    start, _ = load_model(folders["start"])
    for name, rollouts in written.items():
        found[name]["front"] = front_point(rollouts, reply_logps(start, rollouts))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="runs/demo")
    parser.add_argument("--arms", default="grpo,grpo-close,jbond")
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--replies", type=int, default=64, help="a step")
    parser.add_argument("--held-out", type=int, default=120, help="rows")
    parser.add_argument("--tokens", type=int, default=12, help="of a reply")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    report: dict = {"arguments": {k: v for k, v in vars(args).items() if k != "json"} | {"model": str(args.model)}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train, held_out = folder / "train.jsonl", folder / "held_out.jsonl"
        write_rows(train, held_out, args.held_out, args.seed)
        folders = {"start": Path(args.model)}
        report["arms"] = {}
        for arm in args.arms.split(","):
            out, begun = folder / arm, time.monotonic()
            launch("--model", args.model, "--method", "lora", "--train", train, "--eval", held_out, "--output_dir", out,
                   "--max_completion_length", args.tokens, "--per_device_train_batch_size", args.replies,
                   "--max_steps", args.steps, "--learning_rate", args.learning_rate, "--lr_scheduler_type",
                   "constant_with_warmup", "--warmup_steps", 3, "--seed", args.seed, "--report_to", "none",
                   "--save_strategy", "no", "--save_dtype", "float32", *ARMS[arm])  # fmt: skip
            log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
            steps = [line for line in log if "reward" in line]
            seconds = {k: sum(line[f"seconds/{k}"] for line in steps[1:]) for k in ("generation", "reward", "training")}
            report["arms"][arm] = {
                "minutes": round((time.monotonic() - begun) / 60, 1),
                "reward_by_step": [round(line["reward"], 3) for line in steps],
                "seconds": {key: round(value / max(len(steps) - 1, 1), 2) for key, value in seconds.items()},
            }
            folders[arm] = out
            print(arm, json.dumps(report["arms"][arm]), flush=True)
        report["held_out"] = measured(folders, held_out, args.tokens)
    print(f"\n{'':10}{'greedy accuracy':>25}{'closeness, sampled':>25}{'KL, nats a reply':>25}")
    for name, found in report["held_out"].items():
        point = found["front"]
        cells = [found["accuracy"]]
        cells += [[point[key], point[f"{key}_low"], point[f"{key}_high"]] for key in ("reward", "kl")]
        print(f"{name:10}" + "".join(f"{'{:.3f} [{:.3f}, {:.3f}]'.format(*cell):>25}" for cell in cells))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
