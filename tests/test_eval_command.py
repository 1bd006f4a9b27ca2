"""`posttrain eval` as a user types it, on a tiny model: tables, files, comparisons, errors of one line."""

import json

import pytest

from posttrain import cli
from posttrain.eval_command import results_table

ROWS = [{"question": f"{i}+1?", "answer": f"#### {i + 1}"} for i in range(5)]


def run(capsys, *options):
    """(exit status, standard output, standard error)."""
    status = 0
    try:
        cli.main(["eval", *map(str, options)])
    except SystemExit as exit:
        status = exit.code
    return status, *capsys.readouterr()


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def options(tiny_folder, rows, out, *more):
    return ("--model", tiny_folder, "--task", "gsm8k", "--data", rows, "--out", out, "--max-new-tokens", 4, *more)


def test_a_table_with_intervals_and_files(tiny_folder, rows, tmp_path, capsys, environment):
    status, out, _ = run(capsys, *options(tiny_folder, rows, tmp_path / "out", "--limit", 4))
    assert status == 0 and "accuracy" in out and "[0.000, 0.490]" in out and "rows.jsonl" in out
    assert out.splitlines()[-1] == f"Every prompt, reply and verdict: {tmp_path}/out/gsm8k.jsonl"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "gsm8k.jsonl", "gsm8k.run.json", "results.json", "run.json", "wandb",
    }  # fmt: skip
    assert len((tmp_path / "out" / "gsm8k.jsonl").read_text().splitlines()) == 4


def test_other_settings_need_overwrite(tiny_folder, rows, tmp_path, capsys):
    command = options(tiny_folder, rows, tmp_path / "out", "--report-to", "none")
    assert run(capsys, *command)[0] == 0
    status, _, error = run(capsys, *command, "--k", 2)
    assert status == 2 and "k: 1 then, 2 now" in error.splitlines()[-1] and "--overwrite" in error
    status, out, _ = run(capsys, *command, "--k", 2, "--overwrite")
    assert status == 0 and "pass@2" in out


def test_other_rows_and_weights_are_named_in_words(tiny_folders, rows, tmp_path, capsys):
    """Of what the records have a digest of, the digest would tell nobody anything."""
    command = options(tiny_folders["gemma3_text"], rows, tmp_path / "out", "--report-to", "none")
    assert run(capsys, *command, "--limit", 2)[0] == 0
    status, _, error = run(capsys, *command, "--limit", 3)
    assert status == 2 and "settings (other rows, by --data, --limit or their contents): " in error.splitlines()[-1]
    other = options(tiny_folders["gemma2"], rows, tmp_path / "out", "--report-to", "none")
    status, _, error = run(capsys, *other, "--limit", 2)
    assert status == 2 and "settings (a model of other weights): " in error.splitlines()[-1]


def test_faults_are_shown_where_there_were_any():
    figures = {"rows": 4, "accuracy": 0.5, "accuracy_low": 0.1, "accuracy_high": 0.9, "stop_rate": 1, "reply_tokens": 9}
    table = results_table({"mbpp": figures | {"timeout": 0.25, "memory": 0.0}}, {"mbpp": "rows"})
    assert list(table.columns[2].cells) == ["accuracy", "timeout"]


def test_two_evaluations_are_compared(tiny_folders, rows, tmp_path, capsys):
    for kind in ("gemma3_text", "gemma2"):
        assert run(capsys, *options(tiny_folders[kind], rows, tmp_path / kind, "--report-to", "none"))[0] == 0
    status, out, _ = run(capsys, "--compare", tmp_path / "gemma3_text", tmp_path / "gemma2")
    assert status == 0 and "difference" in out and "+0.000 [" in out and "accuracy" in out
    status, out, _ = run(capsys, *options(tiny_folders["gemma2"], rows, tmp_path / "gemma2", "--report-to", "none"),
                         "--max-new-tokens", 5, "--overwrite")  # fmt: skip
    assert status == 0
    assert (
        "not only the model differs, but max_new_tokens too: 4 against 5"
        in run(capsys, "--compare", tmp_path / "gemma3_text", tmp_path / "gemma2")[1]
    )
    rows.write_text(rows.read_text().replace("#### 1", "#### 7"))
    run(capsys, *options(tiny_folders["gemma2"], rows, tmp_path / "gemma2", "--report-to", "none", "--overwrite"))
    assert "but not what is right" in run(capsys, "--compare", tmp_path / "gemma3_text", tmp_path / "gemma2")[2]
    status, _, error = run(capsys, "--compare", tmp_path / "gemma2", tmp_path)
    assert status == 2 and "has no results.json" in error


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--task": "gsmk8"}, "did you mean 'gsm8k'"),
        ({"--task": "gsm8k,math"}, "--data gives the rows of one task"),
        ({"--task": ","}, "name at least one task"),
        ({"--task": "humaneval"}, "needs `tests`"),
        ({"--limit": "0"}, "--limit must be at least 1"),
        ({"--k": "-1"}, "--k must be at least 1"),
        ({"--model": "/nowhere/model"}, "is not a folder"),
        ({"--data": "/nowhere.jsonl"}, "no such file"),
        ({"--backend": "lm-eval"}, "leave out --data"),
        ({"--out": "/dev/null/out"}, "/dev/null is a file"),
        ({"--endpoint": "127.0.0.1:9/v1"}, "must begin with http"),
        ({"--backend": "vllm", "--endpoint": "http://127.0.0.1:9/v1"}, "leave out --backend vllm"),
    ],
)
def test_bad_arguments_are_one_line(change, message, tiny_folder, rows, tmp_path, capsys):
    given = dict(zip(*[iter(map(str, options(tiny_folder, rows, tmp_path / "out")))] * 2, strict=True)) | change
    status, _, error = run(capsys, *(part for pair in given.items() for part in pair))
    assert status == 2 and message in error and error.strip().count("\n") == 0
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["gsm8k.run.json", "gsm8k.jsonl", "results.json"])
def test_damaged_files_are_one_line_and_can_be_overwritten(name, tiny_folder, rows, tmp_path, capsys):
    command = options(tiny_folder, rows, tmp_path / "out", "--report-to", "none", "--limit", 2)
    assert run(capsys, *command)[0] == 0
    path = tmp_path / "out" / name
    path.write_text('{"index"\n' + path.read_text())
    status, _, error = run(capsys, *command)
    assert status == 2 and f"out/{name}: " in error.splitlines()[-1] and "damaged" in error
    assert run(capsys, *command, "--overwrite")[0] == 0


def test_what_is_missing_is_said(capsys):
    assert "--task, --out too" in run(capsys, "--model", "m")[2]
    assert "--model too" in run(capsys, "--task", "gsm8k", "--out", "o")[2]
    assert "leave out --model" in run(capsys, "--model", "m", "--compare", "a", "b")[2]


def test_a_dead_endpoint_is_one_line_and_loses_nothing(rows, tmp_path, capsys):
    command = ("--model", "m", "--endpoint", "http://127.0.0.1:9/v1", "--task", "gsm8k", "--data", rows)
    status, _, error = run(capsys, *command, "--out", tmp_path / "out", "--report-to", "none", "--batch-size", 2)
    assert status == 2 and "no answer after" in error.splitlines()[-1]
