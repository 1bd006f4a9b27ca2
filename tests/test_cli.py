"""`posttrain doctor` and `posttrain chat`: what they print, and their exit status."""

import json
import re
import shutil

import pytest
import yaml

from posttrain import cli
from posttrain.errors import UserError
from posttrain.evaluate.tasks import TASKS, Task
from tests import launch


def run(capsys, *options):
    """(exit status, standard output, standard error) of the command, in this process."""
    status = 0
    try:
        cli.main([str(option) for option in options])
    except SystemExit as exit:
        status = exit.code
    return status, *capsys.readouterr()


@pytest.fixture
def rows(tmp_path):
    return launch.write_rows(tmp_path / "rows.jsonl", 5)


@pytest.fixture
def copy(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "copy")


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma3", "gemma2"])
def test_doctor_passes_a_sound_model_and_its_rows(kind, tiny_folders, rows, capsys):
    """Every trap that can be looked at passes; the missing tokenizer.model is noted and fails nothing."""
    status, out, _ = run(capsys, "doctor", "--model", tiny_folders[kind], "--data", rows)
    assert status == 0 and "FAIL" not in out
    assert out.count("pass") == 12
    (line,) = [line for line in out.splitlines() if "tokenizer.model" in line]
    assert "none" in line
    assert "transformers" in out and "cores" in out and "<start_of_turn>" in out


def test_doctor_shows_as_many_rows_as_asked(tiny_folder, rows, capsys):
    _, out, _ = run(capsys, "doctor", "--model", tiny_folder, "--data", rows, "--rows", 2)
    assert "2 of 2 rows" in out


def test_doctor_shows_what_is_trained(tiny_folder, tmp_path, capsys):
    """The reply and its <end_of_turn> have labels in the table; the header has none."""
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": "Hi", "completion": "Yo"}))
    _, out, _ = run(capsys, "doctor", "--model", tiny_folder, "--data", tmp_path / "a.jsonl")
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.count("│") == 5]
    labels = {token: label for _, _, token, label in cells}
    assert labels["'<bos>'"] == labels["'<start_of_turn>'"] == "–"
    assert labels["'Y'"].isdigit() and labels["'o'"].isdigit()
    assert "⟦Yo<end_of_turn>" in out and "between ⟦ and ⟧: trained" in out and "\x1b" not in out
    assert [label for _, _, token, label in cells if token == "'<end_of_turn>'"] == ["–", "106"]


def change_template(folder):
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace('"model"', '"assistant"'))


def make_local_only(folder):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"layer_types": ["sliding_attention"] * 2}))


def shorten_context(folder):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"max_position_embeddings": 8}))


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (change_template, "ids are the chat template's"),
        (make_local_only, "local and global layers"),
        (shorten_context, "rows within the context"),
    ],
)
def test_doctor_fails_a_model_that_would_train_wrongly(spoil, check, copy, rows, capsys):
    spoil(copy)
    status, out, _ = run(capsys, "doctor", "--model", copy, "--data", rows)
    assert status == 1
    (failed,) = [line for line in out.splitlines() if "FAIL" in line]
    assert check in failed


def test_doctor_of_a_configuration(tiny_folder, tmp_path, capsys):
    """What the run needs in memory beside what is here: a tiny model fits; one process of 10^9 tokens does not."""
    config = tmp_path / "config.yaml"
    settings = {"model": str(tiny_folder), "train": "demo", "per_device_train_batch_size": 1, "max_length": 16}
    config.write_text(yaml.safe_dump(settings))
    status, out, _ = run(capsys, "doctor", "--config", config, "--launch", launch.ROOT / "accelerate_configs/cpu.yaml")
    assert status == 0 and "Memory of" in out and "pass needs" in out
    config.write_text(yaml.safe_dump(settings | {"per_device_train_batch_size": 10_000, "max_length": 100_000}))
    status, out, _ = run(capsys, "doctor", "--config", config)
    assert status == 1 and "FAIL needs" in out


def test_every_config_of_ours_is_read(capsys):
    """A recipe's YAML with a misspelt key, or an accelerate config that is moved, shows here."""
    for path in sorted((launch.ROOT / "recipes" / "configs").glob("*.yaml")):
        not_made_yet = ("distill_270m_cpu", "rl_270m_cpu", "qat_270m_cpu")
        if path.stem.startswith("teacher_") or path.stem in not_made_yet:  # the first train none
            continue
        status, out, err = run(capsys, "doctor", "--config", path)
        assert status in (0, 1) and "Memory of" in out, (path, err)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["doctor", "--model", "gemma-3-270m"], "error: doctor checks --model and --data together: give both"),
        (["doctor", "--config", "no/such.yaml"], "error: --config: no such file: no/such.yaml"),
        (["doctor", "--model", "gemma-3-270n", "--data", "ROWS"], "did you mean 'gemma-3-270m'?"),
        (["doctor", "--model", "TINY", "--data", "no/such.jsonl"], "error: no/such.jsonl: no such file"),
        (["doctor", "--launch", "no/such.yaml"], "error: --launch is for --config: give the recipe's YAML too"),
        (["doctor", "--model", "no/such/folder", "--data", "demo"], "error: model 'no/such/folder' is not a folder"),
        (["chat", "--model", "no/such/folder"], "error: model 'no/such/folder' is not a folder"),
        (["chat", "--model", "no/such", "--max-new-tokens", 0], "error: --max-new-tokens must be at least 1, not 0"),
    ],
)
def test_faults_are_one_line_and_exit_status_2(options, message, tiny_folder, rows, capsys):
    status, out, err = run(capsys, *({"ROWS": rows, "TINY": tiny_folder}.get(option, option) for option in options))
    assert status == 2 and message in err and not out
    assert err.startswith("error: ") and err.count("\n") == 1


def test_launch_without_its_file_is_one_line(tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text("model: gemma-3-270m\n")
    status, _, err = run(capsys, "doctor", "--config", config, "--launch", "no/such.yaml")
    assert status == 2 and err == "error: --launch: no such file: no/such.yaml\n"


def test_chat_prints_one_reply_and_leaves(tiny_folder, capsys):
    options = ["chat", "--model", tiny_folder, "--prompt", "x", "--greedy", "--max-new-tokens", 5]
    status, out, _ = run(capsys, *options)
    assert status == 0 and out.strip()
    assert run(capsys, *options)[1] == out  # greedy: the same again


def test_chat_s_conversation(tiny_folder, capsys, monkeypatch):
    """Replies join the conversation, /reset forgets it, an unknown command shows the help, Ctrl-D leaves."""
    from posttrain import terminal

    asked = []

    def reply(self, messages, greedy, max_new_tokens):
        asked.append([message["content"] for message in messages])
        return "" if messages[-1]["content"] == "b" else "ok"

    lines = iter(["a", "", "b", "c", "/what", "/reset", "d"])

    def read(_):
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(terminal.LocalSpeaker, "reply", reply)
    monkeypatch.setattr("builtins.input", read)
    status, out, _ = run(capsys, "chat", "--model", tiny_folder, "--system", "S")
    assert status == 0 and out.count(terminal.HELP) == 2
    # an empty reply is no turn that could be encoded again, so "…" stands for it
    assert asked == [["S", "a"], ["S", "a", "ok", "b"], ["S", "a", "ok", "b", "…", "c"], ["S", "d"]]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("doctor", ["--config", "--launch", "--model", "--data", "--rows"]),
        ("chat", ["--model", "--system", "--prompt", "--greedy", "--max-new-tokens"]),
    ],
)
def test_help_lists_the_options(command, options, capsys):
    status, out, _ = run(capsys, command, "--help")
    assert status == 0 and all(option in out for option in options)
    assert command in run(capsys, "--help")[1]


def test_the_longest_replies_of_help_are_the_tasks():
    said = {name: int(number) for names, number in re.findall(r"([a-z ]+) (\d+)", cli.LONGEST)
            for name in names.split() if name not in ("and", "the")}  # fmt: skip
    assert said.pop("others") == Task.max_new_tokens
    assert said == {name: task.max_new_tokens for name, task in TASKS.items()
                    if task.max_new_tokens != Task.max_new_tokens}  # fmt: skip


def test_a_command_must_be_given(capsys):
    status, _, err = run(capsys)
    assert status == 2 and "required: command" in err


def test_errors_on_other_ranks_wait_for_the_first_and_name_themselves(capsys, monkeypatch):
    from posttrain import errors

    waited = []
    monkeypatch.setattr(errors.time, "sleep", waited.append)
    monkeypatch.setenv("RANK", "1")

    @errors.one_line_errors
    def main():
        raise UserError("row 1: bad")

    with pytest.raises(SystemExit) as exit:
        main()
    assert exit.value.code == 2 and waited == [5]
    assert capsys.readouterr().err == "error on rank 1: row 1: bad\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "runs/x.jsonl"), "the disk is full while writing runs/x.jsonl: "),
        (UserError("Caught UserError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
                   "  File \"a.py\", line 1\nposttrain.errors.UserError: shard.arrow: row 3 cannot be read\n"),
         "error: shard.arrow: row 3 cannot be read\n"),
    ],
)  # fmt: skip
def test_a_full_disk_and_a_data_loader_s_error_are_one_line(error, said, capsys, monkeypatch):
    from posttrain import errors

    monkeypatch.delenv("RANK", raising=False)

    @errors.one_line_errors
    def main():
        raise error

    with pytest.raises(SystemExit) as exit:
        main()
    err = capsys.readouterr().err
    assert exit.value.code == 2 and said in err and err.count("\n") == 1


def test_other_errors_of_the_system_keep_their_trace():
    from posttrain import errors

    @errors.one_line_errors
    def main():
        raise PermissionError(13, "denied", "x")

    with pytest.raises(PermissionError):
        main()
