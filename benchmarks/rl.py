"""Does RL raise held-out accuracy on a task with one right answer, and how far does the policy drift for it?

    python benchmarks/rl.py --model runs/demo --json benchmarks/results/rl_letters.json

Task: how often a letter stands in two to five words (reasoning_gym's generator; its scorer is not used). All arms train
the same -IT model on the same prompts by LoRA, through the recipe as a user launches it. Reward: how near the count is,
1 − |x − answer| / 4, at least 0, and 0 for a reply that is no number alone. Held out: greedy accuracy, which is not
the reward, before and after, paired by row; and of sampled replies the reward and the KL to the start.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
ARMS = {
    "grpo": ["--algorithm", "grpo", "--num_generations", "8"],
    "jbond": ["--algorithm", "jbond", "--anchor_samples", "7", "--bond_n", "4", "--anchor_rate", "0.1"],
    "jbond-2": ["--algorithm", "jbond", "--anchor_rate", "0.1"],
}


def closeness(completions, answer, **kwargs):
    """1 − |x − answer| / 4 of a reply that is one whole number, at least 0; else 0."""
    texts = [c if isinstance(c, str) else c[-1]["content"] for c in completions]
    found = [re.fullmatch(r"\s*(\d{1,6})\.?\s*", text) for text in texts]
    return [max(0.0, 1 - abs(int(f[1]) - int(a)) / 4) if f else 0.0 for f, a in zip(found, answer, strict=True)]


def write_rows(path: Path, count: int, seed: int, avoid: set[str]) -> set[str]:
    import reasoning_gym

    data = reasoning_gym.create_dataset("letter_counting", size=3 * count, seed=seed, min_words=2, max_words=5)
    rows = {row["question"]: row["answer"] for row in data if row["question"] not in avoid}
    rows = dict(list(rows.items())[:count])
    lines = (json.dumps({"prompt": question, "answer": answer}) + "\n" for question, answer in rows.items())
    path.write_text("".join(lines))
    return set(rows)


def launch(*options: object) -> None:
    command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet"]
    command += ["--config_file", str(ROOT / "accelerate_configs" / "cpu.yaml"), str(ROOT / "recipes" / "it_rl.py")]
    done = subprocess.run([*command, *map(str, options)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def accuracy(folder: Path) -> dict:
    """Before and after, with intervals and the paired difference."""
    from posttrain.evaluate.statistics import compare_pairs, wilson_interval

    records = [json.loads(line) for line in (folder / "benchmark.jsonl").read_text().splitlines()]
    steps = sorted({record["step"] for record in records})
    by_step = {step: {r["id"]: r["correct"] for r in records if r["step"] == step} for step in steps}
    first, last = ([by_step[step][key] for key in sorted(by_step[steps[0]])] for step in (steps[0], steps[-1]))
    path = {step: sum(values.values()) / len(values) for step, values in by_step.items()}
    ends = {
        name: [sum(v) / len(v), *wilson_interval(sum(v), len(v))] for name, v in (("before", first), ("after", last))
    }
    return {**ends, "path": path, "after_less_before": compare_pairs(first, last)}


def front(folders: dict[str, Path], held_out: Path, tokens: int) -> dict:
    from posttrain.data.mixture import load_splits
    from posttrain.evaluate.front import front_point, reply_logps, write_rollouts
    from posttrain.gemma import load_model

    rows = list(load_splits(str(held_out), None, eval_rows=0, limit=None, seed=0, kind="prompt").train)
    written = {}
    for name, folder in folders.items():
        model, tokenizer = load_model(folder)
        written[name] = write_rollouts(model, tokenizer, rows, closeness, max_new_tokens=tokens, batch_size=64)
    start, _ = load_model(folders["start"])
    return {name: front_point(rollouts, reply_logps(start, rollouts)) for name, rollouts in written.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="runs/demo")
    parser.add_argument("--arms", default="grpo,jbond")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--replies", type=int, default=64, help="a step")
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--held-out", type=int, default=150)
    parser.add_argument("--tokens", type=int, default=8, help="of a reply")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    report: dict = {"arguments": {k: v for k, v in vars(args).items() if k != "json"} | {"model": str(args.model)}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train, held_out = folder / "train.jsonl", folder / "held_out.jsonl"
        seen = write_rows(held_out, args.held_out, 1, set())
        write_rows(train, args.rows, 2, seen)
        folders = {"start": Path(args.model)}
        report["arms"] = {}
        for arm in args.arms.split(","):
            out, begun = folder / arm, time.monotonic()
            size = 3 if arm == "jbond-2" else 8
            launch("--model", args.model, "--method", "lora", "--train", train, "--eval", held_out, "--eval_rows",
                   args.held_out, "--reward", f"{__file__}:closeness", "--watch", "exact_reward", "--output_dir", out,
                   "--max_completion_length", args.tokens, "--per_device_train_batch_size", args.replies // size * size,
                   "--max_steps", args.steps, "--learning_rate", args.learning_rate, "--lr_scheduler_type",
                   "constant_with_warmup", "--warmup_steps", 3, "--seed", args.seed, "--report_to", "none",
                   "--save_strategy", "no", "--save_dtype", "float32", "--benchmark", "exact", "--benchmark_rows",
                   args.held_out, "--benchmark_steps", max(1, args.steps // 2), "--sample_tokens", args.tokens,
                   *ARMS[arm])  # fmt: skip
            log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
            steps = [line for line in log if "reward" in line]
            seconds = {k: sum(line[f"seconds/{k}"] for line in steps[1:]) for k in ("generation", "reward", "training")}
            report["arms"][arm] = {
                "minutes": round((time.monotonic() - begun) / 60, 1),
                "accuracy": accuracy(out),
                "reward_by_step": [round(line["reward"], 3) for line in steps],
                "seconds": {key: round(value / max(len(steps) - 1, 1), 2) for key, value in seconds.items()},
            }
            folders[arm] = out
            print(arm, json.dumps(report["arms"][arm]), flush=True)
        report["front"] = front(folders, held_out, args.tokens)
    print(f"\n{'':10}{'accuracy':>24}{'reward':>24}{'KL, nats a reply':>26}")
    for name, point in report["front"].items():
        found = report["arms"].get(name)
        first = next(iter(report["arms"].values()))["accuracy"]["before"]
        cells = [found["accuracy"]["after"] if found else first]
        cells += [[point[key], point[f"{key}_low"], point[f"{key}_high"]] for key in ("reward", "kl")]
        print(f"{name:10}" + "".join(f"{'{:.3f} [{:.3f}, {:.3f}]'.format(*cell):>25}" for cell in cells))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
