"""lm-evaluation-harness as another way to score what it has, for figures that compare with others' published ones."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from posttrain.errors import UserError, nearest
from posttrain.tracking import write_whole

# Our names of tasks, by the harness's; any other name goes to it as it is. It would run the code tasks' replies in its
# own process, without a sandbox: those are refused.
NAMES = {"gsm8k": "gsm8k_cot_zeroshot", "math": "hendrycks_math500", "ifeval": "ifeval"}
RUNS_CODE = ("humaneval", "mbpp")
RESULTS = "lm_eval.json"


def evaluate_with_harness(
    source: str,
    tasks: list[str],
    folder: Path,
    *,
    limit: int | None,
    batch_size: int,
    seed: int,
    max_new_tokens: int | None,
) -> dict[str, dict[str, float]]:
    """{task: figures} of a checkpoint by `lm_eval.simple_evaluate`, through the chat template; also in `lm_eval.json`.

    Raises UserError where lm-eval or a package of a task's is not installed, where its rows cannot be had, for names
    that it does not know and for tasks that run the model's code.
    """
    for task in tasks:
        if task.startswith(RUNS_CODE):
            raise UserError(f"--backend lm-eval runs the code of {task} without a sandbox: take --backend hf for it")
    if find_spec("lm_eval") is None:
        raise UserError("--backend lm-eval: it is not installed: pip install 'lm-eval>=0.4.9'")
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    harness_names = [NAMES.get(task, task) for task in tasks]
    known = TaskManager().all_tasks
    for name in harness_names:
        if name not in known:
            raise UserError(f"--task: lm-eval has no task {name!r}{nearest(name, known)}")
    try:
        output = simple_evaluate(
            model="hf",
            model_args={"pretrained": source, "trust_remote_code": False},
            tasks=harness_names,
            limit=limit,
            batch_size=batch_size,
            device="cuda" if torch.cuda.is_available() else "cpu",  # its default is "cuda" wherever it is
            apply_chat_template=True,
            random_seed=seed,
            gen_kwargs=f"max_gen_toks={max_new_tokens}" if max_new_tokens else None,
        )
    except ModuleNotFoundError as error:
        raise UserError(f"--backend lm-eval: {', '.join(tasks)} needs a package more: {error}") from error
    except ConnectionError as error:
        raise UserError(f"--backend lm-eval: the rows of {', '.join(tasks)} cannot be had: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, Any]] = output["results"]
    write_whole(folder / RESULTS, json.dumps(results, indent=2, default=str) + "\n")
    return {
        task: {key: value for key, value in results[name].items() if isinstance(value, int | float)}
        for task, name in zip(tasks, harness_names, strict=True)
        if name in results
    }
