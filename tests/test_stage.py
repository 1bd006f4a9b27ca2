"""The run folder: begin, resume, refuse; and the record that marks a finished stage."""

import json
import shutil
import time

import pytest
import yaml

from posttrain.errors import UserError
from posttrain.stage import COMPLETE, CONFIG, STAGE, fingerprint, finish_stage, latest_checkpoint, open_run
from posttrain.tracking import IDENTITY, LOG, SAMPLES

SETTINGS = {
    "model": "m",
    "learning_rate": 1e-3,
    "max_steps": 10,
    "save_steps": 5,
    "output_dir": "out",
    "packing": False,
}
INPUTS = {"train": "aa", "model": "bb"}


def start(folder, *, overwrite=False, main=True, inputs=INPUTS, **changes):
    return open_run(folder, SETTINGS | changes, inputs, overwrite=overwrite, main=main)


def checkpoint(folder, step, complete=True):
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "model.safetensors").touch()
    if complete:
        (path / COMPLETE).touch()
    return path


@pytest.fixture
def begun(tmp_path):
    """A run with checkpoints 5 and 10."""
    folder = tmp_path / "run"
    assert start(folder) is None
    for step in (5, 10):
        checkpoint(folder, step)
    return folder


def test_a_fresh_run_writes_what_it_was_told(tmp_path):
    assert start(tmp_path / "deep" / "run") is None
    saved = yaml.safe_load((tmp_path / "deep" / "run" / CONFIG).read_text())
    assert saved == {"config": SETTINGS, "inputs": INPUTS}


def test_only_the_main_process_writes(tmp_path):
    assert start(tmp_path / "run", main=False) is None
    assert not (tmp_path / "run").exists()


def test_resume_takes_the_latest_checkpoint_by_number(begun):
    assert start(begun) == begun / "checkpoint-10"  # as text, checkpoint-5 is later
    assert start(begun, main=False) == begun / "checkpoint-10"


def test_a_checkpoint_that_a_kill_cut_short_is_passed_over(begun):
    checkpoint(begun, 15, complete=False)
    assert start(begun) == latest_checkpoint(begun) == begun / "checkpoint-10"


def test_without_a_complete_checkpoint_the_run_begins_anew_with_any_settings(tmp_path):
    start(tmp_path)
    checkpoint(tmp_path, 5, complete=False)
    assert start(tmp_path, learning_rate=2.0) is None
    assert yaml.safe_load((tmp_path / CONFIG).read_text())["config"]["learning_rate"] == 2.0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"learning_rate": 1.0}, "learning_rate: 0.001 then, 1.0 now"),
        ({"packing": True}, "packing: False then, True now"),
        ({"model": "other"}, "model: 'm' then, 'other' now"),
        ({"new_key": 1}, "new_key: None then, 1 now"),
    ],
)
def test_a_changed_key_is_refused_and_named(begun, changes, named):
    with pytest.raises(UserError, match=named) as caught:
        start(begun, **changes)
    assert "--overwrite true" in str(caught.value) and "\n" not in str(caught.value)
    assert yaml.safe_load((begun / CONFIG).read_text())["config"] == SETTINGS  # a refusal changes nothing


@pytest.mark.parametrize("inputs", [{"train": "cc", "model": "bb"}, {"train": "aa", "model": "cc"}])
def test_changed_data_or_weights_are_refused_and_named(begun, inputs):
    name = next(key for key in inputs if inputs[key] == "cc")
    with pytest.raises(UserError, match=f"{name}: '{INPUTS[name]}' then, 'cc' now"):
        start(begun, inputs=inputs)


def test_data_of_a_free_looking_name_are_still_held_fast(begun):
    """`eval` is data: its fingerprint is compared although settings that begin with eval_ are free."""
    with pytest.raises(UserError, match="eval_data: None then, 'x' now"):
        start(begun, inputs=INPUTS | {"eval_data": "x"})


def test_what_does_not_shape_the_weights_may_change(begun):
    free = {"max_steps": 20, "save_steps": 2, "output_dir": "moved", "eval_steps": 3, "logging_steps": 7}
    free |= {"sample_tokens": 9, "report_to": "none", "num_train_epochs": 4, "run_name": "r"}
    assert start(begun, **free) == begun / "checkpoint-10"
    assert yaml.safe_load((begun / CONFIG).read_text())["config"]["max_steps"] == 20


@pytest.mark.parametrize("key", ["eval_rows", "dataloader_drop_last"])
def test_what_shapes_the_training_rows_may_not_change_whatever_its_name(begun, key):
    """Rows are held out of the training file, so another eval_rows is another training set."""
    with pytest.raises(UserError, match=f"{key}: None then, 3 now"):
        start(begun, **{key: 3})


def test_a_finished_run_is_refused(begun):
    (begun / STAGE).touch()
    for main in (True, False):
        with pytest.raises(UserError, match="holds a finished run.*--overwrite true"):
            start(begun, main=main)


def test_overwrite_clears_the_old_run_and_nothing_else(begun):
    for name in (STAGE, LOG, SAMPLES, IDENTITY, "model-00001-of-00002.safetensors", "notes.txt"):
        (begun / name).write_text("x")
    assert start(begun, overwrite=True, learning_rate=2.0) is None
    assert sorted(path.name for path in begun.iterdir()) == sorted([CONFIG, "notes.txt"])
    assert yaml.safe_load((begun / CONFIG).read_text())["config"]["learning_rate"] == 2.0


def test_the_fingerprint_of_a_file_changes_with_any_byte(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"x" * 3_000_000)  # beyond one block
    seen = {fingerprint(path)}
    for position in (0, 1_500_000, 2_999_999):
        content = bytearray(b"x" * 3_000_000)
        content[position] = 0
        path.write_bytes(content)
        seen.add(fingerprint(path))
    assert len(seen) == 4
    path.rename(tmp_path / "moved.jsonl")
    assert fingerprint(tmp_path / "moved.jsonl") in seen


def test_the_fingerprint_of_a_model_folder(tiny_folder, tmp_path):
    """A weight, the config, or one more file of weights changes it; a copy, and files beside, do not."""
    folder = shutil.copytree(tiny_folder, tmp_path / "copy")
    original = fingerprint(folder)
    assert original == fingerprint(tiny_folder)
    (folder / "README.md").write_text("x")
    assert fingerprint(folder) == original
    seen = {original}
    for name in ("model.safetensors", "config.json"):
        content = bytearray((folder / name).read_bytes())
        content[-2] ^= 1
        (folder / name).write_bytes(content)
        seen.add(fingerprint(folder))
    (folder / "model-2.safetensors").write_bytes(b"x")
    seen.add(fingerprint(folder))
    assert len(seen) == 4


def test_finish_stage_records_what_it_cost(tmp_path):
    finish_stage(tmp_path, "sft", {"metrics": {"loss": 1.5}, "config": SETTINGS}, time.monotonic() - 60)
    record = json.loads((tmp_path / STAGE).read_text())
    assert record["stage"] == "sft" and record["metrics"] == {"loss": 1.5} and record["config"] == SETTINGS
    assert 60 <= record["wall_seconds"] < 70
    assert 50 * 2**20 < record["peak_memory_bytes"]["host"] < 100 * 2**30  # bytes, not KiB
    assert record["versions"].keys() >= {"posttrain", "python", "torch", "transformers", "trl"}
    assert record["finished"].endswith("+00:00")
    assert [path.name for path in tmp_path.iterdir()] == [STAGE]
