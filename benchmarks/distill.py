"""What a distillation step costs: with a cached teacher, with a live one, and in TRL's trainers; time and peak memory.

    python benchmarks/distill.py [--method lora|full] [--json OUT]

All train the same student on the same padded rows in the same order, against the same teacher by the forward KL; those
of the first table on the rows' replies, so that all count the same labels:

    sft               ours, hard labels: what the steps below are measured against
    cached            ours, 256 draws a label from a cache on disk; no teacher in memory
    live              ours, the teacher's whole distribution, the teacher in memory
    live-1b           the same with a teacher of Gemma 3 1B's shape (random weights: only time and memory count)
    trl-distill       TRL's DistillationTrainer, its own generation replaced by the rows' replies
    trl-gkd           TRL's experimental GKDTrainer at lmbda=0

and those of the second on replies of --reply-tokens tokens that the student samples at every step (a pre-trained model
seldom stops before): `on-policy` is ours, `trl-distill-own` and `trl-gkd-own` the same trainers as they come.

Each round runs every contender once in a process of its own (so that peak memory is its own), in rotating order. The
first step is warm-up and not counted. The cache is written by `posttrain.teacher` before the rounds.
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

WORDS = ("time", "way", "year", "work", "day", "world", "life", "hand", "part", "place", "week")
GIVEN = ("sft", "cached", "live", "live-1b", "trl-distill", "trl-gkd")
OWN = ("on-policy", "trl-distill-own", "trl-gkd-own")
DRAWS, READS, READ_ROWS = 256, 5000, 4096


def main() -> None:
    args = parse_args()
    if args.contender:
        print(json.dumps(write_cache(args) if args.contender == "write" else measure(args)))
        return
    chosen = args.contenders.split(",")
    results: dict[str, list[dict]] = {name: [] for name in chosen}
    with tempfile.TemporaryDirectory() as folder:
        cache = run_in_process("write", args, folder)
        print(f"cache: {cache}", file=sys.stderr, flush=True)
        for turn in range(args.rounds):
            for offset in range(len(chosen)):
                name = chosen[(turn + offset) % len(chosen)]
                results[name].append(run_in_process(name, args, folder))
                print(f"round {turn + 1}: {name}: {results[name][-1]}", file=sys.stderr, flush=True)
    report(results, cache, args)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="gemma-3-270m", help="of the student, and of the teacher")
    parser.add_argument("--method", default="lora", choices=["lora", "full"])
    parser.add_argument("--steps", type=int, default=4, help="steps a run, the first of which is not counted")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4, help="rows a step")
    parser.add_argument("--reply-tokens", type=int, default=32, help="of the student's own replies")
    parser.add_argument("--contenders", default=",".join((*GIVEN, *OWN)))
    parser.add_argument("--json", help="write the results here too")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--cache", help=argparse.SUPPRESS)
    return parser.parse_args()


def run_in_process(name: str, args: argparse.Namespace, folder: str) -> dict:
    shared = ("model", "method", "steps", "batch", "reply_tokens")
    options = [f"--{key.replace('_', '-')}={getattr(args, key)}" for key in shared]
    command = [sys.executable, __file__, f"--contender={name}", f"--cache={folder}/cache", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def build_rows(count: int) -> list[dict]:
    """Of 40 to 160 words, half of them the reply's."""
    rng = random.Random(0)
    text = lambda n: " ".join(rng.choice(WORDS) for _ in range(n))  # noqa: E731
    rows = []
    for _ in range(count):
        half = rng.randint(20, 80)
        rows.append(
            {"messages": [{"role": "user", "content": text(half)}, {"role": "assistant", "content": text(half)}]}
        )
    return rows


def encode(args: argparse.Namespace, tokenizer):
    """The rows' ids and labels, up to the last label: TRL's trainers would train the newline that follows."""
    from posttrain.chat import encode_rows

    def cut(row):
        end = max(i for i, label in enumerate(row["labels"]) if label != -100) + 1
        return {name: values[:end] for name, values in row.items()}

    return encode_rows(build_rows(args.batch * args.steps), tokenizer)[0].map(cut)


def load(model: str):
    import torch

    from posttrain.gemma import load_model

    return load_model(model, torch.bfloat16 if torch.cuda.is_available() else torch.float32)


def write_cache(args: argparse.Namespace) -> dict:
    """Write the cache; labels written and rows read a second, and the bytes that a label takes."""
    import torch

    from posttrain.teacher.cache import (
        FORMAT,
        SHARD_ROWS,
        TeacherCache,
        begin,
        build_split,
        finish,
        shard_path,
        stamp,
        write_shard,
    )
    from posttrain.teacher.local import LocalTeacher

    model, tokenizer = load(args.model)
    teacher = LocalTeacher(model.to("cuda" if torch.cuda.is_available() else "cpu"))
    encoded = encode(args, tokenizer)
    labels = sum(label != -100 for row in encoded for label in row["labels"])
    folder = Path(args.cache)
    identity = {"format": FORMAT, "method": "draws", "temperature": 1.0, "splits": {"train": {"rows": len(encoded)}}}
    begin(folder, identity)

    def speak(first: int, count: int):
        some = list(encoded.select(range(first, first + count)))
        return teacher.speak(some, first, method="draws", count=DRAWS, temperature=1.0, seed=0)

    started = time.perf_counter()
    build_split(folder, identity, "train", len(encoded), speak)
    seconds = time.perf_counter() - started
    finish(folder, identity, {"train": len(encoded)}, {})
    size = sum(path.stat().st_size for path in folder.glob("*.arrow"))

    # Random reads want more rows than were asked about: the same words, many times over.
    cache, many = TeacherCache(folder), folder / "many"
    begin(many, identity)
    words = [cache.row("train", i) for i in range(len(encoded))]
    for number in range(READ_ROWS // SHARD_ROWS):
        repeated = (words[i % len(words)] for i in range(number * SHARD_ROWS, (number + 1) * SHARD_ROWS))
        write_shard(shard_path(many, "train", number), repeated, "draws", stamp(identity, "train", number))
    finish(many, identity, {"train": READ_ROWS}, {})
    reader, rng = TeacherCache(many), random.Random(0)
    order = [rng.randrange(READ_ROWS) for _ in range(READS)]
    begun = time.perf_counter()
    found = sum(len(reader.row("train", i).lengths) for i in order)
    reading = time.perf_counter() - begun
    return {
        "labels": labels,
        "bytes_per_label": round(size / labels, 1),
        "labels_written_per_second": round(labels / seconds, 1),
        "rows_read_per_second": round(READS / reading),
        "labels_read_per_second": round(found / reading),
    }


def measure(args: argparse.Namespace) -> dict:
    """Train one contender and return seconds, labels and memory of the steps after the first."""
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

    clock = Clock()
    trainer = build_trainer(args, clock, cuda)
    seen = count_labels(trainer)
    trainer.train()
    seconds, labels = clock.marks[-1] - clock.marks[0], sum(seen[1:])
    peak = torch.cuda.max_memory_allocated() if cuda else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "seconds": round(seconds / (args.steps - 1), 3),
        "labels": labels,
        "labels_per_second": round(labels / seconds, 2),
        "peak_gb": round(peak / 1e9, 2),
    }


def build_trainer(args, clock, cuda):
    from posttrain.lora import adapter_config

    name = args.contender.removesuffix("-own")
    own = args.contender in OWN
    model, tokenizer = load(args.model)
    encoded = encode(args, tokenizer)
    settings = {
        "output_dir": tempfile.mkdtemp(),
        "max_steps": args.steps,
        "per_device_train_batch_size": args.batch,
        "bf16": cuda,
        "use_cpu": not cuda,
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": args.steps,
        "disable_tqdm": True,
        "gradient_checkpointing": False,
    }
    shared = {
        "processing_class": tokenizer,
        "peft_config": adapter_config(model, args.method),
        "callbacks": [clock],
    }
    if name.startswith("trl"):
        return build_peer(name, own, args, model, encoded, settings, shared)

    from trl import SFTConfig

    from posttrain.teacher.cache import TeacherCache
    from posttrain.teacher.local import LocalTeacher
    from posttrain.trainers.distill import DistillTrainer, number_rows
    from posttrain.trainers.distill_head import Objective
    from posttrain.trainers.sft import SFTTrainer

    prepared = {"skip_prepare_dataset": True}
    shared["args"] = SFTConfig(**settings, dataset_kwargs=prepared, train_sampling_strategy="sequential")
    if name == "sft":
        return SFTTrainer(model, train_dataset=encoded, **shared)
    if name == "cached":
        teacher, encoded = TeacherCache(args.cache), number_rows(encoded)
    else:
        teacher = LocalTeacher(random_1b() if name == "live-1b" else load(args.model)[0])
    return DistillTrainer(
        model,
        train_dataset=encoded,
        objective=Objective(),
        teacher=teacher,
        on_policy=(1.0, 1.0) if own else (0.0, 0.0),
        reply_tokens=args.reply_tokens,
        **shared,
    )


def build_peer(name, own, args, model, encoded, settings, shared):
    """TRL's trainers, on the ids that ours sees; only where the replies are given is anything of theirs replaced."""
    from datasets import Dataset

    starts = [next(i for i, label in enumerate(row["labels"]) if label != -100) for row in encoded]
    teacher = load(args.model)[0]
    if name == "trl-gkd":
        from trl.experimental.gkd import GKDConfig, GKDTrainer

        data = [
            {"prompt": "", "input_ids": ids, "completion_mask": [0] * start + [1] * (len(ids) - start)}
            for ids, start in zip(encoded["input_ids"], starts, strict=True)
        ]
        config = GKDConfig(
            **settings,
            beta=0.0,
            lmbda=float(own),
            temperature=1.0,
            max_new_tokens=args.reply_tokens,
            max_length=512,
            train_sampling_strategy="sequential",
        )
        return GKDTrainer(model, teacher, args=config, train_dataset=Dataset.from_list(data), **shared)

    from trl import DistillationConfig, DistillationTrainer

    replies = {tuple(ids[:start]): ids[start:] for ids, start in zip(encoded["input_ids"], starts, strict=True)}

    class GivenReplies(DistillationTrainer):
        def _generate_single_turn(self, prompt_ids, *_args, **_kwargs):
            return [replies[tuple(ids)] for ids in prompt_ids]

    config = DistillationConfig(
        **settings, beta=0.0, temperature=1.0, max_completion_length=args.reply_tokens, shuffle_dataset=False
    )
    data = Dataset.from_list([{"prompt": row["messages"][:1]} for row in build_rows(len(encoded))])
    trainer = DistillationTrainer if own else GivenReplies
    return trainer(model, teacher, args=config, train_dataset=data, **shared)


def random_1b():
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    return Gemma3ForCausalLM(
        Gemma3TextConfig(
            vocab_size=262_144,
            hidden_size=1152,
            intermediate_size=6912,
            num_hidden_layers=26,
            num_attention_heads=4,
            num_key_value_heads=1,
            head_dim=256,
            sliding_window=512,
        )
    )


def count_labels(trainer) -> list[int]:
    """Labels of every batch that the trainer computes a loss for; filled while it trains."""
    seen: list[int] = []
    compute_loss = trainer.compute_loss

    def counted(model, inputs, *args, **kwargs):
        trained = inputs["labels"][:, 1:] != -100 if "labels" in inputs else inputs["completion_mask"]
        seen.append(int(trained.sum()))
        return compute_loss(model, inputs, *args, **kwargs)

    trainer.compute_loss = counted
    return seen


def report(results: dict[str, list[dict]], cache: dict, args: argparse.Namespace) -> None:
    medians = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in results.items()
    }
    counts = {run["labels"] for name in GIVEN for run in results.get(name, [])}
    assert len(counts) <= 1, f"the contenders did not train the same labels: {medians}"
    print(f"{args.method}, {args.batch} rows a step, {args.rounds} rounds of {args.steps - 1} counted steps")
    for names, against in ((GIVEN, "cached"), (OWN, "on-policy")):
        if against not in medians:
            continue
        print(f"{'':18}{'s/step':>8}{'labels/s':>10}{'peak GB':>10}{against + ' is':>16}")
        for name in (name for name in names if name in medians):
            run = medians[name]
            faster = medians[against]["labels_per_second"] / run["labels_per_second"]
            print(
                f"{name:18}{run['seconds']:8.2f}{run['labels_per_second']:10.1f}{run['peak_gb']:10.2f}{faster:15.2f}×"
            )
    print("cache: " + " · ".join(f"{value} {key.replace('_', ' ')}" for key, value in cache.items()))
    if args.json:
        shown = {key: value for key, value in vars(args).items() if key not in ("contender", "cache", "json")}
        Path(args.json).write_text(json.dumps({"arguments": shown, "cache": cache, "runs": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
