"""Sequence-level targets: the teacher's own replies to the rows' prompts, the best of several by a reward.

DIR/  answers-0.jsonl, …   a line a prompt, written as they come by each process; a kill loses no whole line
      train.jsonl          written last: rows with `messages`, for SFT
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from accelerate import PartialState
from datasets import Dataset
from tqdm.auto import tqdm

from posttrain.distill_config import TeacherConfig, is_url
from posttrain.errors import UserError
from posttrain.evaluate.backends import Backend, LocalModel, ServedModel
from posttrain.gemma import load_tokenizer
from posttrain.reward.spec import build_reward, check_columns
from posttrain.teacher.local import load_teacher
from posttrain.tracking import append_lines, read_lines, write_whole

SETTINGS, ROWS = "answers.json", "train.jsonl"


def write_answers(args: TeacherConfig, rows: Dataset, folder: Path, state: PartialState) -> None:
    """Ask for the replies that are missing, score them, and write `train.jsonl`. To be called by all processes."""
    reward = build_reward(_read_yaml(args.reward)) if args.reward else None
    if reward is not None:
        check_columns(reward, rows.column_names)
    prompts = [_prompt(row) for row in rows]
    settings = {
        name: getattr(args, name) for name in ("teacher", "teacher_name", "samples", "max_new_tokens", "seed", "reward")
    } | {"rows": len(rows)}
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
                best = max(range(len(texts)), key=lambda n: scores[n], default=None)
                lines.append(
                    {
                        "row": i,
                        "reply": None if best is None else texts[best],
                        "score": None if best is None or reward is None else scores[best],
                        "scores": scores if reward is not None else None,
                        "cut": sum(not reply.stopped for reply in replies),
                    }
                )
            append_lines(path, lines)
            bar.update(len(some))


def _scores(reward: Any, texts: list[str], row: dict[str, Any], prompt: list[dict]) -> list[float]:
    """The reward of each reply; what it cannot judge comes last."""
    if reward is None or not texts:
        return [0.0] * len(texts)
    columns = {name: [value] * len(texts) for name, value in row.items() if name not in ("messages", "prompt")}
    scores = reward(completions=texts, prompts=[prompt] * len(texts), **columns)
    return [float("-inf") if score is None else float(score) for score in scores]


def _backend(args: TeacherConfig, device: Any) -> Backend:
    if is_url(args.teacher):
        assert args.teacher_name is not None
        return ServedModel(args.teacher, args.teacher_name, concurrency=args.batch_size)
    model = load_teacher(args.teacher, args.teacher_dtype, revision=args.teacher_revision, bits=args.teacher_bits)
    tokenizer = load_tokenizer(args.teacher, revision=args.teacher_revision)
    return LocalModel(model if args.teacher_bits else model.to(device), tokenizer, args.batch_size)


def _row(row: dict[str, Any], prompt: list[dict], line: dict[str, Any]) -> dict[str, Any]:
    """The row with the teacher's reply in place of its own, and its other columns."""
    kept = {name: value for name, value in row.items() if name not in ("messages", "prompt") and value is not None}
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


def _read_yaml(path: str | None) -> Any:
    try:
        return yaml.safe_load(Path(str(path)).expanduser().read_text())
    except FileNotFoundError:
        raise UserError(f"reward: no such file: {path}") from None
    except yaml.YAMLError as error:
        raise UserError(f"reward: {path} is not readable as YAML: {' '.join(str(error).split())}") from None


def _summary(lines: Sequence[dict[str, Any]]) -> str:
    scores = [line["score"] for line in lines if line["score"] is not None]
    cut = sum(line["cut"] for line in lines)
    mean = f"mean score of the best {sum(scores) / len(scores):.3f}, " if scores else ""
    return f"{mean}{cut} replies were cut at max_new_tokens and left out"
