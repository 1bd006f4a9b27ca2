"""A benchmark in the training loop: when it runs, what it logs and keeps, and that training is not changed by it."""

import contextlib
import json
import os
import signal
import subprocess
import sys

import pytest
import yaml

from posttrain.errors import UserError
from posttrain.evaluate.tasks import TASKS, check_rows
from posttrain.tracking import BENCHMARK, read_lines
from posttrain.trainers.benchmark import BenchmarkCallback
from tests import launch, tiny

ROWS = tiny.chat_rows(*((f"{i}+1?", f"{i + 1}") for i in range(8)))
TASK_ROWS = [{"question": f"{i}+2?", "answer": f"#### {i + 2}"} for i in range(3)]


def test_it_runs_before_every_so_many_steps_and_at_the_end(tiny_folder, tmp_path):
    """Seven steps, every two: 0, 2, 4, 6 and 7; and what training logs every three is what it logs without it."""
    settings = {"max_steps": 7, "per_device_train_batch_size": 2, "logging_steps": 3, "save_strategy": "no"}
    plain = tiny.trainer(tiny_folder, tmp_path / "plain", ROWS, **settings)
    plain.train()
    watched = tiny.trainer(tiny_folder, tmp_path / "watched", ROWS, **settings)
    rows = check_rows(TASKS["gsm8k"], TASK_ROWS)
    watched.add_callback(BenchmarkCallback(watched, TASKS["gsm8k"], rows, every=2, max_new_tokens=4))
    watched.train()
    figures = ("step", "loss", "entropy", "grad_norm")
    logs = [
        [[entry[name] for name in figures] for entry in one.state.log_history if "loss" in entry]
        for one in (plain, watched)
    ]
    assert logs[0] == logs[1] and len(logs[0]) == 2
    logged = {entry["step"]: entry for entry in watched.state.log_history if "eval_gsm8k_accuracy" in entry}
    assert list(logged) == [0, 2, 4, 6, 7]
    figures = logged[7]
    assert figures["eval_gsm8k_accuracy_low"] <= figures["eval_gsm8k_accuracy"] <= figures["eval_gsm8k_accuracy_high"]
    kept = read_lines(tmp_path / "watched" / BENCHMARK)
    assert [record["step"] for record in kept] == [0] * 3 + [2] * 3 + [4] * 3 + [6] * 3 + [7] * 3
    assert {"prompt", "reply", "correct", "extracted", "stopped"} <= kept[0].keys()


@pytest.mark.slow
@pytest.mark.parametrize("accelerate", ["cpu", "cpu_zero3"])
def test_the_recipe_runs_it_on_any_number_of_processes(accelerate, tiny_folder, tmp_path):
    """Three rows on two processes that shard the weights: the figures of one process, and a line in the table."""
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in TASK_ROWS))
    options = ["--model", tiny_folder, "--train", launch.write_rows(tmp_path / "train.jsonl", 12), "--eval_rows", 0]
    options += ["--max_steps", 2, "--benchmark", "gsm8k", "--benchmark_data", data, "--benchmark_steps", 2]
    done = launch.sft(tmp_path / "out", *map(str, options), "--sample_tokens", "4", accelerate=accelerate)
    assert launch.log(tmp_path / "out", "eval_gsm8k_rows") == [3, 3]
    assert [record["step"] for record in read_lines(tmp_path / "out" / BENCHMARK)] == [0] * 3 + [2] * 3
    assert "gsm8k accuracy" in done.stdout


@pytest.mark.parametrize(
    "accelerate", ["cpu_zero3", *(pytest.param(name, marks=pytest.mark.slow) for name in ("fsdp2", "cpu_ddp"))]
)
def test_replies_that_stop_at_unlike_lengths_hang_no_process(accelerate, tiny_folder, tmp_path):
    """Process 0 writes 40 tokens a reply, process 1 one: as many steps more with the weights that they share."""
    config = yaml.safe_load((launch.ROOT / "accelerate_configs" / f"{accelerate}.yaml").read_text())
    config |= {"num_processes": 2, "mixed_precision": "no"} if accelerate == "fsdp2" else {}
    path = tmp_path / f"{accelerate}.yaml"
    path.write_text(yaml.safe_dump(config))
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in TASK_ROWS))
    command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet", "--config_file", path]
    command += [launch.ROOT / "tests" / "uneven_replies.py", *(["--fsdp2"] if accelerate == "fsdp2" else [])]
    command += ["--model", tiny_folder, "--train", launch.write_rows(tmp_path / "train.jsonl", 12), "--eval_rows", 0]
    command += ["--max_steps", 3, "--benchmark", "gsm8k", "--benchmark_data", data, "--benchmark_steps", 2]
    command += ["--sample_tokens", 40, "--output_dir", tmp_path / "out"]
    environment = os.environ | launch.ENVIRONMENT
    process = subprocess.Popen([*map(str, command)], env=environment, cwd=launch.ROOT, start_new_session=True)
    try:
        assert process.wait(timeout=200) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    kept = read_lines(tmp_path / "out" / BENCHMARK)
    assert [record["step"] for record in kept] == [0] * 3 + [2] * 3 + [3] * 3
    assert [record["tokens"] for record in kept[:3]] == [40, 0, 40]


def test_what_is_wrong_with_it_is_said_before_training(tiny_folder, tmp_path, monkeypatch, capsys, environment):
    from posttrain.recipes import it_sft

    rows = launch.write_rows(tmp_path / "train.jsonl", 12)
    sound = ["it_sft.py", "--model", tiny_folder, "--train", rows, "--output_dir", tmp_path / "out"]
    for options, message in (
        (["--benchmark", "gsmk8"], "did you mean 'gsm8k'"),
        (["--benchmark", "exact"], "give --data"),
        (["--benchmark", "gsm8k", "--benchmark_data", rows], "needs `answer`"),
        (["--benchmark", "gsm8k", "--benchmark_rows", 0], "benchmark_rows must be at least 1"),
    ):
        monkeypatch.setattr(sys, "argv", [str(part) for part in (*sound, *options)])
        with pytest.raises((SystemExit, UserError)):
            it_sft.main()
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out" / "log.jsonl").exists()
