"""Sequence-level targets: the teacher's own replies to the rows' prompts, the best of several by a reward.

DIR/  answers-0.jsonl, …   a line a prompt, written as they come by each process; a kill loses no whole line
      train.jsonl          written last: rows with `messages`, for SFT
"""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelerate import PartialState
from datasets import Dataset
from tqdm.auto import tqdm

from posttrain.distill_config import TeacherConfig, is_url
from posttrain.errors import UserError
from posttrain.evaluate.backends import Backend, LocalModel, ServedModel
from posttrain.gemma import load_tokenizer, resolve_source
from posttrain.reward.spec import build_reward, check_columns, read_spec
from posttrain.teacher.cache import is_cache
from posttrain.teacher.local import load_teacher
from posttrain.tracking import append_lines, read_lines, write_whole
from posttrain.training import model_hash

SETTINGS, ROWS = "answers.json", "train.jsonl"


def write_answers(args: TeacherConfig, rows: Dataset, folder: Path, state: PartialState) -> None:
    """Ask for the replies that are missing, score them, and write `train.jsonl`. To be called by all processes."""
    chosen = read_spec(args.reward) if args.reward else None
    reward = build_reward(chosen) if args.reward else None
    if reward is not None:
        check_columns(reward, rows.column_names)
    prompts = [_prompt(row) for row in rows]
    settings = _settings(args, chosen, rows, prompts)
    if state.is_main_process:
        _begin(folder, settings)
    state.wait_for_everyone()
    done = {line["row"] for path in folder.glob("answers-*.jsonl") for line in read_lines(path)}
    mine = [i for i in range(len(rows)) if i % state.num_processes == state.process_index and i not in done]
    if mine:
        path = folder / f"answers-{state.process_index}.jsonl"
        _mend(path)
        _ask(args, reward, rows, prompts, mine, path, state)
    state.wait_for_everyone()
    if state.is_main_process:
        lines = [line for path in folder.glob("answers-*.jsonl") for line in read_lines(path)]
        by_row = {line["row"]: line for line in lines}
        found = [_row(rows[i], prompts[i], by_row[i]) for i in sorted(by_row) if by_row[i]["reply"]]
        if not found:
            raise UserError(f"{folder}: no reply can be kept ({_summary(lines)}): raise max_new_tokens, see the reward")
        write_whole(folder / ROWS, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found))
        print(f"{folder / ROWS}: {len(found)} of {len(rows)} rows; {_summary(list(by_row.values()))}")
    state.wait_for_everyone()


def _ask(
    args: TeacherConfig, reward: Any, rows: Dataset, prompts: list, mine: list[int], path: Path, state: Any
) -> None:
    backend = _backend(args, state.device)
    answers = backend.answer(
        prompts,
        k=args.samples,
        max_new_tokens=args.max_new_tokens,
        seed=args.seed,
        done=set(range(len(rows))) - set(mine),
    )
    with tqdm(
        desc="Asking", unit=" prompts", total=len(mine), disable=not (state.is_main_process and args.progress)
    ) as bar:
        for some in answers:
            lines = []
            for i, replies in some.items():
                texts = [reply.text for reply in replies if reply.stopped and reply.text.strip()]
                scores = _scores(reward, texts, rows[i], prompts[i])
                judged = [(score, -n) for n, score in enumerate(scores) if score is not None]
                best = -max(judged)[1] if judged else None
                lines.append(
                    {
                        "row": i,
                        "reply": None if best is None else texts[best],
                        "score": None if best is None or reward is None else scores[best],
                        "scores": scores if reward is not None else None,
                        "cut": sum(not reply.stopped for reply in replies),
                        "unjudged": len(texts) - len(judged),
                    }
                )
            append_lines(path, lines)
            bar.update(len(some))


def _settings(args: TeacherConfig, reward: Any, rows: Dataset, prompts: list) -> dict[str, Any]:
    """What must be the same for replies to be gone on with."""
    names = ("teacher", "teacher_name", "teacher_dtype", "teacher_bits", "samples", "max_new_tokens", "seed")
    source = None if is_url(args.teacher) else model_hash(resolve_source(args.teacher), args.teacher_revision)
    digest = hashlib.sha256()
    for row in prompts if reward is None else rows:
        digest.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
    own = {"teacher_hash": source, "reward": reward, "rows": len(rows), "data": digest.hexdigest()}
    return {name: getattr(args, name) for name in names} | own


def _scores(reward: Any, texts: list[str], row: dict[str, Any], prompt: list[dict]) -> list[float | None]:
    """The reward of each reply; None where it cannot judge, or gives no number."""
    if reward is None or not texts:
        return [0.0] * len(texts)
    columns = {name: [value] * len(texts) for name, value in row.items() if name not in ("messages", "prompt")}
    scores = reward(completions=texts, prompts=[prompt] * len(texts), **columns)
    return [None if score is None or not math.isfinite(score) else float(score) for score in scores]


def _backend(args: TeacherConfig, device: Any) -> Backend:
    if is_url(args.teacher):
        assert args.teacher_name is not None
        return ServedModel(args.teacher, args.teacher_name, concurrency=args.batch_size)
    model = load_teacher(args.teacher, args.teacher_dtype, revision=args.teacher_revision, bits=args.teacher_bits)
    tokenizer = load_tokenizer(args.teacher, revision=args.teacher_revision)
    return LocalModel(model if args.teacher_bits else model.to(device), tokenizer, args.batch_size)


def _row(row: dict[str, Any], prompt: list[dict], line: dict[str, Any]) -> dict[str, Any]:
    """The row with the teacher's reply in place of its own, and its other columns."""
    others = ("messages", "prompt", "where")  # the last names a place in a file that this is not
    kept = {name: value for name, value in row.items() if name not in others and value is not None}
    score = {} if line["score"] is None else {"score": line["score"]}
    return {"messages": [*prompt, {"role": "assistant", "content": line["reply"]}]} | kept | score


def _prompt(row: dict[str, Any]) -> list[dict[str, Any]]:
    """What the teacher is asked: the row's prompt, or its conversation up to the last reply."""
    if row.get("prompt"):
        return row["prompt"]
    messages = row["messages"]
    return messages[:-1] if messages[-1]["role"] == "assistant" else messages


def _begin(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / SETTINGS
    if is_cache(folder) or folder.is_file():
        raise UserError(f"{folder} is {'a file' if folder.is_file() else 'a cache'}: choose another --output_dir")
    if path.exists():
        before = json.loads(path.read_text())
        differing = [name for name in settings if before.get(name) != settings[name]]
        if differing:
            raise UserError(
                f"{folder} holds answers asked for otherwise ({', '.join(differing)}): choose another --output_dir"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(settings, indent=2) + "\n")


def _mend(path: Path) -> None:
    """Drop the last line where a kill has cut it off."""
    if path.exists():
        write_whole(path, "".join(json.dumps(line) + "\n" for line in read_lines(path)))


def _summary(lines: Sequence[dict[str, Any]]) -> str:
    scores = [line["score"] for line in lines if line["score"] is not None]
    cut, unjudged = (sum(line[name] for line in lines) for name in ("cut", "unjudged"))
    mean = f"mean score of the best {sum(scores) / len(scores):.3f}, " if scores else ""
    silent = f", {unjudged} by the reward, which could not judge them" if unjudged else ""
    return f"{mean}{cut} replies were cut at max_new_tokens and left out{silent}"
