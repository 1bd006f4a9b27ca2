"""The demo's rows: short tasks with one right answer, made by reasoning_gym, and our own chat rows.

Both ship with the installation (`demo` extra), so that a first run needs no download of data.
"""

import json
import random
from functools import cache
from importlib import resources
from typing import Any

from posttrain.errors import UserError

# name -> (settings of the generator, rows to train on). What a 270M model can gain on in a few minutes.
TASKS: dict[str, tuple[dict[str, Any], int]] = {
    "letter_counting": ({"min_words": 1, "max_words": 4}, 400),
    "chain_sum": ({"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}, 130),
    "word_sequence_reversal": ({"min_words": 3, "max_words": 4}, 260),
    "spell_backward": ({"min_word_len": 3, "max_word_len": 4}, 260),
}
TEST_ROWS_PER_TASK = 30
TEST_CHAT_ROWS = 24
# reasoning_gym makes item i from Random(seed + i): seeds of the splits lie further apart than either is long.
SEEDS = {"train": 1_000_000, "test": 2_000_000}


@cache
def _split(split: str) -> tuple[dict[str, Any], ...]:
    chat = _chat_rows()
    tasks = [row for name in TASKS for row in _task_rows(name, split)]
    rows = tasks + (chat[TEST_CHAT_ROWS:] if split == "train" else chat[:TEST_CHAT_ROWS])
    random.Random(0).shuffle(rows)
    return tuple(rows)


def demo_rows(split: str) -> list[dict[str, Any]]:
    """Rows of `train` or `test`; no question of the test split stands in the training split."""
    if split not in SEEDS:
        raise UserError(f"the demo has splits {', '.join(SEEDS)}, not {split!r}")
    return list(_split(split))


def demo_pairs() -> list[dict[str, Any]]:
    """The training tasks as preference pairs: the right answer is preferred to that of the task's question before."""
    pairs = []
    for name in TASKS:
        before = ""
        for row in _task_rows(name, "train"):
            if before not in ("", row["answer"]):
                prompt = row["messages"][0]["content"]
                pairs.append({"prompt": prompt, "chosen": row["answer"], "rejected": before, "id": row["id"]})
            before = row["answer"]
    random.Random(0).shuffle(pairs)
    return pairs


def _task_rows(name: str, split: str) -> list[dict[str, Any]]:
    settings, train_rows = TASKS[name]
    if split == "train":
        return _generate(name, settings, SEEDS["train"], train_rows, set())
    seen = {row["messages"][0]["content"] for row in _task_rows(name, "train")}
    return _generate(name, settings, SEEDS["test"], TEST_ROWS_PER_TASK, seen)


def _generate(name: str, settings: dict[str, Any], seed: int, count: int, seen: set[str]) -> list[dict[str, Any]]:
    """The first `count` distinct items whose question is not in `seen`; fewer where the task has no more."""
    try:
        import reasoning_gym
    except ImportError:
        raise UserError('the demo rows need reasoning-gym: pip install "posttrain[demo]"') from None
    seen = set(seen)
    rows: list[dict[str, Any]] = []
    for item in reasoning_gym.create_dataset(name, seed=seed, size=50 * count, **settings):
        question, answer = item["question"].strip(), str(item["answer"])
        if question in seen:
            continue
        seen.add(question)
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        source = f"reasoning_gym/{name}"
        rows.append({"messages": messages, "answer": answer, "source": source, "id": f"{name}-{seed}-{len(rows)}"})
        if len(rows) == count:
            break
    return rows


def _chat_rows() -> list[dict[str, Any]]:
    lines = (
        resources.files("posttrain.data").joinpath("demo_chat.jsonl").read_text(encoding="utf-8").strip().split("\n")
    )
    return [json.loads(line) for line in lines]
