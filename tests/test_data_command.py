"""`posttrain data build` and `data show`, as a user runs them."""

import json

import datasets
import pytest

from posttrain import cli


@pytest.fixture(autouse=True)
def surroundings(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("POSTTRAIN_CACHE", str(tmp_path_factory.mktemp("cache")))


def run(capsys, *options):
    status = 0
    try:
        cli.main([str(option) for option in options])
    except SystemExit as exit:
        status = exit.code
    return status, *capsys.readouterr()


@pytest.fixture
def spec(tmp_path):
    rows = [{"prompt": f"q{i}?", "completion": f"reply {i}"} for i in range(20)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) * 2)
    path = tmp_path / "m.yaml"
    path.write_text("sources: {a: {from: a.jsonl, test: 4}}\nfilters: [{duplicates: {near: null}}]\n")
    return path


def test_build_writes_the_rows_and_a_report_that_train_takes(spec, tmp_path, tiny_folder, capsys):
    status, out, _ = run(capsys, "data", "build", spec, "--out", tmp_path / "out", "--tokenizer", tiny_folder)
    assert status == 0
    assert "duplicates: exact:within: 20 dropped" in out and "16 train, 4 test rows, fingerprint" in out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        *("train-00000-of-00001.parquet", "test-00000-of-00001.parquet", "manifest.json"),
        *("report.html", "report.json", "rejected.jsonl", "changed.jsonl"),
    }
    from posttrain.data.mixture import load_splits

    splits = load_splits(str(tmp_path / "out"), None, eval_rows=64, limit=None, seed=0)
    assert (len(splits.train), len(splits.test)) == (16, 4)
    assert splits.fingerprints["train"].startswith(out.partition("fingerprint ")[2][:16])


def test_build_again_into_the_same_folder(spec, tmp_path, capsys):
    for _ in range(2):
        status, out, _ = run(capsys, "data", "build", spec, "--out", tmp_path / "out", "--tokenizer", "none")
        assert status == 0 and "16 train, 4 test rows" in out


def test_build_does_not_write_among_other_files(spec, tmp_path, capsys):
    status, _, error = run(capsys, "data", "build", spec, "--out", tmp_path, "--tokenizer", "none")
    assert status == 2 and "holds other files; choose an empty or a new folder" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--workers", "0"), "--workers must be at least 1, not 0"),
        (("--tokenizer", "gemma-3-271m"), "gemma-3-271m"),
    ],
)
def test_faults_of_build(options, message, spec, tmp_path, capsys):
    status, _, error = run(capsys, "data", "build", spec, "--out", tmp_path / "out", *options)
    assert status == 2 and message in error and error.count("\n") == 1


def test_show_prints_rows_with_what_is_trained(spec, tiny_folder, capsys):
    status, out, _ = run(capsys, "data", "show", spec, "--rows", 2, "--tokenizer", tiny_folder)
    assert status == 0
    assert (
        "row 1 of a.jsonl" in out
        and "format=prompt_completion" in out
        and "reply 1" in out
        and "<end_of_turn>" in out
        and "2 rows (between ⟦ and ⟧: trained)" in out
    )
    assert "⟦reply 1<end_of_turn>" in out and out.count("⟦") == out.count("⟧") == 3


def test_show_in_a_terminal_is_coloured_and_unmarked(spec, tiny_folder, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    status, out, _ = run(capsys, "data", "show", spec, "--rows", 1, "--tokenizer", tiny_folder)
    assert status == 0 and "1 row (bold green: trained; dim: not)" in out and "\x1b[1;32m" in out and "⟦" not in out


def test_a_folder_that_is_not_there_is_no_hub_id(tiny_folder, capsys, monkeypatch):
    """It looks like one; the message says both."""

    def missing(*args, **kwargs):
        raise FileNotFoundError("Dataset 'no/such' doesn't exist on the Hub")

    monkeypatch.setattr(datasets, "load_dataset", missing)
    status, _, error = run(capsys, "data", "show", "no/such", "--tokenizer", tiny_folder)
    assert status == 2 and error.count("\n") == 1
    assert "no/such: no such file or folder here, and as a hub id it cannot be read: Dataset 'no/such' does" in error


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({"prompt": "q?", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}, "prompt, user: q?"),
        ({"prompt": "q?", "samples": ["a", "b"], "scores": [0, 1]}, "prompt, user: q?"),
        ({"prompt": "q?", "chosen": "good", "rejected": "bad"}, "rejected, assistant: bad"),
    ],
)
def test_show_prints_a_file_as_what_it_is(row, shown, tmp_path, tiny_folder, capsys):
    (tmp_path / "p.jsonl").write_text(json.dumps(row) + "\n")
    status, out, _ = run(capsys, "data", "show", tmp_path / "p.jsonl", "--tokenizer", tiny_folder)
    assert status == 0 and shown in out and "format=" in out


def test_show_prints_preferences_by_side(tmp_path, tiny_folder, capsys):
    (tmp_path / "p.jsonl").write_text(json.dumps({"prompt": "q?", "chosen": "good\x1b[31m", "rejected": "bad"}))
    (tmp_path / "m.yaml").write_text("sources: {p: p.jsonl}\nkind: preference\n")
    _, out, _ = run(capsys, "data", "show", tmp_path / "m.yaml", "--tokenizer", tiny_folder)
    assert "prompt, user: q?" in out and "chosen, assistant: good" in out and "rejected, assistant: bad" in out
    assert "\x1b[31m" not in out  # a terminal's orders in the data are not obeyed
