"""Logs that survive a kill, one W&B run over the life of a run, sample tables that grow."""

import io
import json
from types import SimpleNamespace

import pytest
import wandb
from rich.console import Console
from transformers.integrations import integration_utils

from posttrain import tracking
from posttrain.tracking import (
    IDENTITY,
    LOG,
    SAMPLES,
    JsonlLog,
    SampleTable,
    append_lines,
    before_after,
    before_after_table,
    prune_after,
    read_lines,
    setup_tracking,
)

STEPS = [{"step": step, "loss": 1.0 / (step + 1)} for step in range(5)]


def test_a_last_line_that_a_kill_cut_off_is_left_out(tmp_path):
    path = tmp_path / LOG
    append_lines(path, STEPS)
    whole = path.read_text()
    for cut in (1, 5, len(json.dumps(STEPS[-1]))):
        path.write_text(whole[:-cut])
        assert read_lines(path) == STEPS[:-1]
    assert read_lines(tmp_path / "missing.jsonl") == []


def test_text_that_looks_like_line_ends_stays_in_its_record(tmp_path):
    records = [{"step": 0, "reply": "a\nb\u2028c\x85d\x0be\r\n"}]
    append_lines(tmp_path / LOG, records)
    assert read_lines(tmp_path / LOG) == records


def test_prune_after_drops_later_steps_and_the_cut_line(tmp_path):
    path = tmp_path / LOG
    append_lines(path, STEPS)
    path.write_text(path.read_text() + '{"step": 5, "lo')
    prune_after(path, 2)
    append_lines(path, [{"step": 3, "loss": 9.0}])
    assert read_lines(path) == [*STEPS[:3], {"step": 3, "loss": 9.0}]
    prune_after(tmp_path / "missing.jsonl", 2)
    assert [file.name for file in tmp_path.iterdir()] == [LOG]


def test_the_log_of_a_resumed_run_drops_what_it_will_write_again(tmp_path):
    log = JsonlLog(tmp_path)
    state = SimpleNamespace(is_world_process_zero=True, global_step=0)
    log.on_train_begin(None, state, None)
    for step in (1, 2, 3):
        state.global_step = step
        log.on_log(None, state, None, logs={"loss": float(step)})
    state.global_step = 2  # a kill after step 3, and on from checkpoint-2
    resumed = JsonlLog(tmp_path)
    resumed.on_train_begin(None, state, None)
    state.global_step = 3
    resumed.on_log(None, state, None, logs={"loss": 30.0})
    records = read_lines(tmp_path / LOG)
    assert [(record["step"], record["loss"]) for record in records] == [(1, 1.0), (2, 2.0), (3, 30.0)]
    assert all(record["seconds"] >= 0 for record in records)


def test_other_processes_write_no_log(tmp_path):
    log = JsonlLog(tmp_path)
    state = SimpleNamespace(is_world_process_zero=False, global_step=1)
    log.on_train_begin(None, state, None)
    log.on_log(None, state, None, logs={"loss": 1.0})
    assert not list(tmp_path.iterdir())


# --- W&B -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_login(environment, tmp_path):
    environment["NETRC"] = str(tmp_path / "netrc")
    return environment


def test_one_id_for_the_life_of_a_run(no_login, tmp_path):
    setup_tracking(tmp_path, "sft")
    first = dict(no_login)
    assert first["WANDB_RUN_ID"] == json.loads((tmp_path / IDENTITY).read_text())["id"]
    assert first["WANDB_RESUME"] == "allow" and first["WANDB_DIR"] == str(tmp_path)
    assert first["WANDB_RUN_GROUP"] == tmp_path.name and first["WANDB_JOB_TYPE"] == "sft"
    for name in [name for name in no_login if name.startswith("WANDB_")]:  # a new process
        del no_login[name]
    setup_tracking(tmp_path, "sft")
    assert dict(no_login) == first
    (tmp_path / "other").mkdir()
    del no_login["WANDB_RUN_ID"]
    setup_tracking(tmp_path / "other", "sft")
    assert no_login["WANDB_RUN_ID"] != first["WANDB_RUN_ID"]


def test_the_user_s_variables_stay(no_login, tmp_path):
    mine = {"WANDB_PROJECT": "mine", "WANDB_MODE": "online", "WANDB_RUN_ID": "abc", "WANDB_RUN_GROUP": "g"}
    no_login.update(mine)
    setup_tracking(tmp_path, "sft")
    assert {name: no_login[name] for name in mine} == mine


def test_offline_without_a_login(no_login, tmp_path):
    setup_tracking(tmp_path, "sft")
    assert no_login["WANDB_MODE"] == "offline"


@pytest.mark.parametrize("host", ["api.wandb.ai", "wandb.example.org"])
def test_a_login_for_the_host_goes_online(host, no_login, tmp_path):
    (tmp_path / "netrc").write_text(f"machine {host}\n  login user\n  password {'k' * 40}\n")
    if host != "api.wandb.ai":
        no_login["WANDB_BASE_URL"] = f"https://{host}:8080"
    setup_tracking(tmp_path, "sft")
    assert "WANDB_MODE" not in no_login


@pytest.mark.parametrize("content", ["machine api.example.org login u password p\n", "not a netrc {\n"])
def test_another_login_or_a_broken_file_is_none(content, no_login, tmp_path):
    (tmp_path / "netrc").write_text(content)
    setup_tracking(tmp_path, "sft")
    assert no_login["WANDB_MODE"] == "offline"


def test_a_key_in_the_environment_is_a_login(no_login, tmp_path):
    no_login["WANDB_API_KEY"] = "k" * 40
    setup_tracking(tmp_path, "sft")
    assert "WANDB_MODE" not in no_login


def sample_row(name, **changes):
    return {"prompt": name, "reply": f"to {name}", "answer": "4", "stopped": True, "tokens": 3} | changes


def test_the_sample_table_grows_over_the_evaluations(tmp_path):
    """W&B shows the last table only, so each must hold all rows; a step evaluated again replaces its rows."""
    table = SampleTable(tmp_path)
    table.add(0, [sample_row("a"), sample_row("b")])
    table.add(4, [sample_row("a"), sample_row("b")])
    table.add(4, [sample_row("a", reply="again"), sample_row("b")])
    records = read_lines(tmp_path / SAMPLES)
    assert [(record["step"], record["reply"]) for record in records] == [
        (0, "to a"),
        (0, "to b"),
        (4, "again"),
        (4, "to b"),
    ]


@pytest.mark.parametrize(("stage", "begins"), [("sft", "sft"), ("reward_model", "rm"), ("distill", "distill")])
def test_metrics_are_named_by_their_stage(stage, begins, no_login, tmp_path, monkeypatch):
    monkeypatch.setattr(integration_utils, "rewrite_logs", integration_utils.rewrite_logs)  # put back afterwards
    setup_tracking(tmp_path, stage)
    named = integration_utils.rewrite_logs({"loss": 1.0, "eval_loss": 2.0, "rewards/a/mean": 3.0})
    assert named == {f"{begins}/loss": 1.0, f"{begins}/eval/loss": 2.0, f"{begins}/rewards/a/mean": 3.0}


def test_every_row_so_far_goes_to_wandb(tmp_path, environment):
    """A real offline run: the table of the last evaluation, as W&B stores it, holds the rows of all evaluations."""
    (tmp_path / IDENTITY).write_text('{"stage": "sft"}')
    environment["WANDB_SILENT"] = "true"
    table = SampleTable(tmp_path)
    table.add(0, [sample_row("before the run")])  # no wandb.run: the file alone
    run = wandb.init(mode="offline", dir=tmp_path, project="test")
    try:
        table.add(3, [sample_row("a"), sample_row("b", answer=None)])
        table.add(6, [sample_row("a", stopped=False)])
        stored = sorted((tmp_path / "wandb").glob("offline-run-*/files/media/table/sft/*.table.json"))
    finally:
        run.finish()
    contents = [json.loads(path.read_text()) for path in stored]
    last = max(contents, key=lambda content: len(content["data"]))
    assert sorted(len(content["data"]) for content in contents) == [3, 4]
    assert last["columns"] == list(tracking.SAMPLE_COLUMNS)
    assert last["data"] == [[row.get(c) for c in tracking.SAMPLE_COLUMNS] for row in read_lines(tmp_path / SAMPLES)]


# --- before and after ------------------------------------------------------------------------------------------------


def test_before_after_is_the_first_and_the_last_evaluation(tmp_path):
    """One evaluation is logged as two records (TRL's and the replies'); training records are no evaluation."""
    append_lines(
        tmp_path / LOG,
        [
            {"step": 0, "eval_loss": 4.0, "eval_mean_token_accuracy": 0.1},
            {"step": 0, "eval_stop_rate": 0.0},
            {"step": 1, "loss": 3.0},
            {"step": 5, "eval_loss": 2.0},
            {"step": 10, "eval_loss": 1.0, "eval_mean_token_accuracy": 0.6},
            {"step": 10, "eval_stop_rate": 0.9},
            {"step": 10, "train_runtime": 7.0},
        ],
    )
    assert before_after(tmp_path) == {
        "before": {"eval_loss": 4.0, "eval_mean_token_accuracy": 0.1, "eval_stop_rate": 0.0},
        "after": {"eval_loss": 1.0, "eval_mean_token_accuracy": 0.6, "eval_stop_rate": 0.9},
    }


def test_before_after_without_an_evaluation(tmp_path):
    append_lines(tmp_path / LOG, [{"step": 1, "loss": 3.0}])
    assert before_after(tmp_path) == before_after(tmp_path / "missing") == {}
    assert before_after_table({}).row_count == 0


def test_the_table_shows_what_both_evaluations_have():
    side = {"eval_loss": 4.25, "eval_accuracy": 0.5, "eval_accuracy_low": 0.237, "eval_accuracy_high": 0.763}
    metrics = {"before": side, "after": side | {"eval_loss": 1.0, "eval_stop_rate": 0.5, "eval_runtime": 3.0}}
    console = Console(file=io.StringIO(), width=100)
    console.print(before_after_table(metrics))
    text = console.file.getvalue()
    assert "loss, nats a token" in text and "4.250" in text and "1.000" in text
    assert "0.500 [0.237, 0.763]" in text
    assert "runtime" not in text
    assert "–" in next(line for line in text.splitlines() if "stop rate" in line)
