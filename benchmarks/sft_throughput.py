"""Supervised tuning against TRL's SFTTrainer: labelled tokens a second and peak memory, alternating in one run.

    python benchmarks/sft_throughput.py [--rows chat|short] [--method lora|full] [--json OUT]

The contenders train the same model on the same rows with the same optimiser:

- `trl`: TRL's SFTTrainer as its documentation uses it (conversational rows, padding, gradient checkpointing);
- `trl-best`: the same at its best here (packing, no gradient checkpointing);
- `posttrain`: ours with the settings of `trl-best`; on CPU the head works on labelled positions alone;
- `posttrain-ckpt`: ours with gradient checkpointing, as `trl` has it.

Each round runs every contender once in a process of its own (so that peak memory is its own), in rotating order. The
first step is warm-up and not counted. The floating-point work that a step must do is counted beside the time: with P
parameters in the body, L labelled and T real tokens, V × H the head, 2 operations a product and a sum:

    full   6·P·T + 6·V·H·L       lora   4·P·T + 4·V·H·L   (no gradient of frozen weights; adapters left out)
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = ("time", "way", "year", "work", "day", "world", "life", "hand", "part", "place", "week")  # fmt: skip
CONTENDERS = ("trl", "trl-best", "posttrain", "posttrain-ckpt")
OURS = ("contender", "json", "peak_tflops")  # options that a contender's own process needs not know


def main() -> None:
    args = parse_args()
    if args.contender:
        print(json.dumps(measure(args)))
        return
    results: dict[str, list[dict]] = {name: [] for name in CONTENDERS}
    for turn in range(args.rounds):
        for offset in range(len(CONTENDERS)):
            name = CONTENDERS[(turn + offset) % len(CONTENDERS)]
            results[name].append(run_in_process(name, args))
            print(f"round {turn + 1}: {name}: {results[name][-1]}", file=sys.stderr, flush=True)
    report(results, args)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="gemma-3-270m")
    parser.add_argument("--rows", default="chat", choices=["chat", "short"])
    parser.add_argument("--method", default="lora", choices=["lora", "full"])
    parser.add_argument("--steps", type=int, default=4, help="steps a run, the first of which is not counted")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8, help="rows a step (packed contenders see as many tokens)")
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--peak-tflops", type=float, help="of the device: states the model-FLOPs utilisation")
    parser.add_argument("--json", help="write the results here too")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    return parser.parse_args()


def run_in_process(name: str, args: argparse.Namespace) -> dict:
    options = [f"--{key.replace('_', '-')}={value}" for key, value in vars(args).items() if key not in OURS]
    done = subprocess.run([sys.executable, __file__, f"--contender={name}", *options], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def build_rows(kind: str, count: int) -> list[dict]:
    """Chat rows of which about half the tokens are trained, or questions with a short answer.

    Lengths vary as they do in real mixtures (a factor of 4 within a batch), so that padding costs what it costs.
    """
    rng = random.Random(0)
    text = lambda n: " ".join(rng.choice(WORDS) for _ in range(n))  # noqa: E731
    rows = []
    for _ in range(count):
        length = rng.randint(40, 160)
        question, reply = (length // 2, length // 2) if kind == "chat" else (length // 2, 2)
        rows.append(
            {"messages": [{"role": "user", "content": text(question)}, {"role": "assistant", "content": text(reply)}]}
        )
    return rows


def measure(args: argparse.Namespace) -> dict:
    """Train one contender and return seconds, tokens and memory of the steps after the first."""
    import torch
    import transformers
    from transformers import TrainerCallback

    transformers.utils.logging.set_verbosity_error()
    cuda = torch.cuda.is_available()

    class Clock(TrainerCallback):
        def __init__(self):
            self.marks = []

        def on_step_end(self, *_args, **_kwargs):
            if cuda:
                torch.cuda.synchronize()
            self.marks.append(time.perf_counter())

    from posttrain.gemma import load_model

    model, tokenizer = load_model(args.model, torch.bfloat16 if cuda and args.method == "lora" else torch.float32)
    parameters = sum(p.numel() for p in model.parameters()) - model.get_input_embeddings().weight.numel()
    head = model.get_input_embeddings().weight.numel()
    clock = Clock()
    trainer = build_trainer(args, model, tokenizer, clock, cuda)
    seen = count_tokens(trainer)
    trainer.train()
    tokens, labels = (sum(batch[i] for batch in seen[1:]) for i in (0, 1))
    seconds = clock.marks[-1] - clock.marks[0]
    factor = 4 if args.method == "lora" else 6
    peak = torch.cuda.max_memory_allocated() if cuda else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "seconds": round(seconds, 3),
        "tokens": tokens,
        "labels": labels,
        "labels_per_second": round(labels / seconds, 2),
        "required_tflop": round(factor * (parameters * tokens + head * labels) / 1e12, 3),
        "gflops": round(factor * (parameters * tokens + head * labels) / seconds / 1e9, 1),
        "peak_gb": round(peak / 1e9, 2),
    }


def build_trainer(args, model, tokenizer, clock, cuda):
    from datasets import Dataset
    from trl import SFTConfig

    from posttrain.chat import encode_rows
    from posttrain.lora import adapter_config

    rows = build_rows(args.rows, args.batch * args.steps * 4)
    packed = args.contender != "trl"
    tokens = [len(row["input_ids"]) for row in encode_rows(rows, tokenizer)[0]]
    # A packed row holds about max_length tokens: as many rows a step as make the padded contender's real tokens.
    per_step = max(1, round(statistics.mean(tokens) * args.batch / args.max_length)) if packed else args.batch
    config = SFTConfig(
        output_dir=tempfile.mkdtemp(),
        max_steps=args.steps,
        per_device_train_batch_size=per_step,
        max_length=args.max_length,
        packing=packed,
        bf16=cuda,
        use_cpu=not cuda,
        report_to="none",
        save_strategy="no",
        logging_steps=args.steps,
        disable_tqdm=True,
        assistant_only_loss=args.contender.startswith("trl"),
        gradient_checkpointing=args.contender in ("trl", "posttrain-ckpt"),
    )
    shared = {
        "args": config,
        "processing_class": tokenizer,
        "peft_config": adapter_config(model, args.method),
        "callbacks": [clock],
    }
    if args.contender.startswith("posttrain"):
        from posttrain.trainers.sft import SFTTrainer

        return SFTTrainer(model, train_dataset=encode_rows(rows, tokenizer)[0], **shared)
    from trl import SFTTrainer as TRLSFTTrainer

    return TRLSFTTrainer(model, train_dataset=Dataset.from_list(rows), **shared)


def count_tokens(trainer) -> list[tuple[int, int]]:
    """(real tokens, labels) of every batch that the trainer computes a loss for; filled while it trains.

    TRL's template also trains the newline after a reply's <end_of_turn>; it is left out, so that all count the same.
    """
    end = trainer.processing_class.convert_tokens_to_ids("<end_of_turn>")
    seen: list[tuple[int, int]] = []
    compute_loss = trainer.compute_loss

    def counted(model, inputs, *args, **kwargs):
        mask = inputs.get("attention_mask")
        tokens = int(mask.sum()) if mask is not None else inputs["input_ids"].numel()
        trained = (inputs["labels"][:, 1:] != -100) & (inputs["input_ids"][:, :-1] != end)
        seen.append((tokens, int(trained.sum())))
        return compute_loss(model, inputs, *args, **kwargs)

    trainer.compute_loss = counted
    return seen


def report(results: dict[str, list[dict]], args: argparse.Namespace) -> None:
    medians = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in results.items()
    }
    ours = medians["posttrain"]["labels_per_second"]
    print(f"{args.rows} rows, {args.method}, {args.rounds} rounds of {args.steps - 1} counted steps")
    print(f"{'':16}{'labels/s':>10}{'tokens/s':>10}{'GFLOP/s':>10}{'peak GB':>10}{'ours is':>10}")
    for name, run in medians.items():
        speed = run["labels_per_second"]
        tokens = run["tokens"] / run["seconds"]
        print(f"{name:16}{speed:10.1f}{tokens:10.1f}{run['gflops']:10.1f}{run['peak_gb']:10.2f}{ours / speed:9.2f}×")
        if args.peak_tflops:
            print(f"{'':16}model-FLOPs utilisation {run['gflops'] / args.peak_tflops / 1e3:.1%}")
    if args.json:
        Path(args.json).write_text(json.dumps({"arguments": vars(args), "runs": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
