"""Replies of an evaluation a second: plain `generate` in the prompts' order against ours, alternating in one run.

    python benchmarks/eval_throughput.py [--model runs/demo] [--json OUT]

Both answer the same prompts greedily with the same model, batch size and longest reply, and give the same replies:

- `plain`: transformers' `generate` on batches of left-padded prompts in the order in which they come;
- `posttrain`: `posttrain.evaluate.replies`: prompts of like length together; rows that have stopped leave the batch.

The prompts are short tasks and long ones (the built-in `demo` test rows and `own/instructions`), mixed, so that lengths
of prompts and replies vary as they do in a mixture of benchmarks. Tokens are those of the replies up to their stop.
Each contender runs in a process of its own, so that peak memory is its own; loading is not counted.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

CONTENDERS = ("plain", "posttrain")


def main() -> None:
    args = parse_args()
    if args.contender:
        print(json.dumps(measure(args)))
        return
    runs: dict[str, list[dict]] = {name: [] for name in CONTENDERS}
    for turn in range(args.rounds):
        for name in CONTENDERS[:: 1 if turn % 2 == 0 else -1]:
            runs[name].append(run_in_process(name, args))
            print(f"round {turn + 1}: {name}: {runs[name][-1]}", file=sys.stderr, flush=True)
    assert len({run["digest"] for results in runs.values() for run in results}) == 1, "the replies differ"
    medians = {name: statistics.median(run["tokens_per_second"] for run in results) for name, results in runs.items()}
    ratio = medians["posttrain"] / medians["plain"]
    print(f"{medians['plain']:.1f} against {medians['posttrain']:.1f} tokens/s: {ratio:.2f} ×")
    if args.json:
        Path(args.json).write_text(json.dumps({"arguments": vars(args), "runs": runs, "ratio": ratio}, indent=2) + "\n")


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="runs/demo", help="an -IT folder, such as `make demo` leaves")
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--max-new-tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", help="write the results here too")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    return parser.parse_args()


def run_in_process(name: str, args: argparse.Namespace) -> dict:
    options = {key: value for key, value in vars(args).items() if key not in ("contender", "json", "rounds")}
    command = [sys.executable, __file__, f"--contender={name}"]
    command += [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def build_prompts(tokenizer, count: int) -> list[list[int]]:
    from posttrain.chat import encode_prompt
    from posttrain.data.builtin import built_in_rows

    half = count // 2
    short = [row for row, _ in zip(built_in_rows("demo", "test", {}), range(half), strict=False)]
    long = list(built_in_rows("own/instructions", "test", {"rows": count - half}))
    rows = short + long
    random.Random(0).shuffle(rows)
    return [encode_prompt(row["messages"][:1], tokenizer) for row in rows]


def answer_plainly(model, tokenizer, prompts: list[list[int]], args: argparse.Namespace) -> list:
    import torch

    from posttrain.evaluate.decoding import GREEDY, left_padded
    from posttrain.evaluate.replies import read_reply
    from posttrain.gemma import stop_token_ids

    stops, replies = set(stop_token_ids(tokenizer)), []
    for start in range(0, len(prompts), args.batch):
        inputs = left_padded(prompts[start : start + args.batch], tokenizer.pad_token_id, model.device)
        with torch.no_grad():
            output = model.generate(**inputs, max_new_tokens=args.max_new_tokens, eos_token_id=sorted(stops), **GREEDY)
        width = inputs["input_ids"].shape[1]
        replies += [read_reply(ids, stops, tokenizer) for ids in output[:, width:].tolist()]
    return replies


def measure(args: argparse.Namespace) -> dict:
    import hashlib

    import torch

    from posttrain.evaluate.replies import generate_replies
    from posttrain.gemma import load_model

    model, tokenizer = load_model(args.model)
    if torch.cuda.is_available():
        model.to("cuda")
    prompts = build_prompts(tokenizer, args.rows)
    generate_replies(model, tokenizer, prompts[:2], max_new_tokens=4)  # warm-up
    start = time.perf_counter()
    if args.contender == "plain":
        replies = answer_plainly(model, tokenizer, prompts, args)
    else:
        replies = generate_replies(model, tokenizer, prompts, max_new_tokens=args.max_new_tokens, batch_size=args.batch)
    seconds = time.perf_counter() - start
    tokens = sum(reply.tokens for reply in replies)
    return {
        "seconds": round(seconds, 2),
        "tokens": tokens,
        "tokens_per_second": round(tokens / seconds, 2),
        "stop_rate": sum(reply.stopped for reply in replies) / len(replies),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "digest": hashlib.sha256("\n".join(reply.text for reply in replies).encode()).hexdigest()[:16],
    }


if __name__ == "__main__":
    main()
