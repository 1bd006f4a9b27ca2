"""What a GRPO step costs and where its time goes, beside TRL's GRPOTrainer with the same settings, in turn, in one run.

    python benchmarks/rl_step.py --model runs/demo --json benchmarks/results/rl_step_cpu.json

Real Gemma 3 270M, LoRA r16, fp32, the demo's prompts; groups of eight replies of at most --tokens tokens. The first
step of each run is left out. posttrain: generation, reward and training are its own `seconds/…`; TRL tells the whole.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CONTENDERS = ("trl", "posttrain")


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="runs/demo")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3, help="of a run, the first of which is left out")
    parser.add_argument("--prompts", type=int, default=4, help="a step")
    parser.add_argument("--tokens", type=int, default=32, help="of a reply, at most")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    return parser.parse_args()


def settings(args: argparse.Namespace, out: str) -> dict:
    return {
        "output_dir": out, "per_device_train_batch_size": 8 * args.prompts, "num_generations": 8, "seed": 1,
        "max_steps": args.steps, "max_completion_length": args.tokens, "learning_rate": 1e-5, "temperature": 1.0,
        "logging_steps": 1, "save_strategy": "no", "report_to": "none", "disable_tqdm": True, "use_cpu": True,
        "bf16": False, "gradient_checkpointing": False, "loss_type": "grpo",
    }  # fmt: skip


def measure(args: argparse.Namespace) -> dict:
    from peft import get_peft_model
    from trl import GRPOConfig, GRPOTrainer

    from posttrain.data.mixture import load_splits
    from posttrain.gemma import load_model
    from posttrain.lora import adapter_config
    from posttrain.reward import exact_reward
    from posttrain.rl_config import RLConfig, judged_rows
    from posttrain.trainers.rl import GroupTrainer

    rows = load_splits("demo", None, eval_rows=0, limit=None, seed=0, kind="prompt").train
    rows, _ = judged_rows(rows, ["answer"], "demo")
    model, tokenizer = load_model(args.model, "float32")
    model = get_peft_model(model, adapter_config(model, "lora"))
    with tempfile.TemporaryDirectory() as out:
        common = {"train_dataset": rows, "processing_class": tokenizer}
        if args.contender == "trl":
            trainer = GRPOTrainer(model, [exact_reward], GRPOConfig(**settings(args, out)), **common)
        else:
            config = RLConfig(**settings(args, out), reward="exact_reward", algorithm="grpo")
            trainer = GroupTrainer(model, exact_reward, config, **common)
        trainer.train()
    steps = [line for line in trainer.state.log_history if "step_time" in line][1:]
    found = {"step": statistics.mean(line["step_time"] for line in steps)}
    for part in ("generation", "reward", "training"):
        if f"seconds/{part}" in steps[0]:
            found[part] = statistics.mean(line[f"seconds/{part}"] for line in steps)
    found["reply_tokens"] = statistics.mean(line["completions/mean_length"] for line in steps)
    found["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {key: round(value, 3) for key, value in found.items()}


def main() -> None:
    args = parse_args()
    if args.contender:
        print(json.dumps(measure(args)))
        return
    results: dict[str, list[dict]] = {name: [] for name in CONTENDERS}
    given = [f"--{key}={getattr(args, key)}" for key in ("model", "steps", "prompts", "tokens")]
    for turn in range(args.rounds):
        for name in CONTENDERS if turn % 2 == 0 else CONTENDERS[::-1]:
            command = [sys.executable, __file__, f"--contender={name}", *given]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
            results[name].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"round {turn + 1}: {name}: {results[name][-1]}", file=sys.stderr, flush=True)
    means = {n: {key: statistics.mean(run[key] for run in runs) for key in runs[0]} for n, runs in results.items()}
    for name, run in means.items():
        print(f"{name:10}" + "  ".join(f"{key} {value:.2f}" for key, value in run.items()))
    print(f"samples a second, posttrain to TRL: {means['trl']['step'] / means['posttrain']['step']:.2f}")
    if args.json:
        shown = {key: str(value) for key, value in vars(args).items() if key not in ("json", "contender")}
        args.json.write_text(json.dumps({"arguments": shown, "runs": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
