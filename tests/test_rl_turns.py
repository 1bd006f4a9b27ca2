"""RL from execution feedback: scripted replies through the real trainer, tests and sandbox."""

import json

import pytest

from posttrain.chat import encode_next_turn, encode_prompt
from posttrain.errors import UserError
from posttrain.evaluate.decoding import Row
from posttrain.gemma import load_tokenizer
from posttrain.reward import code_reward
from posttrain.reward.code import code_feedback
from posttrain.rollouts import read_rollouts
from posttrain.trainers import rl
from tests import launch

RIGHT, PUBLIC_ONLY, WRONG = ("```python\ndef f(x):\n return " + body + "\n```" for body in ("x+1", "2", "x"))
NO_CODE = "I can not."
# What each of a group's four writers says, turn by turn.
SCRIPT = [[RIGHT], [WRONG, RIGHT], [NO_CODE, WRONG, PUBLIC_ONLY], [WRONG, "cut", "never asked"]]
ROW = {"prompt": "Add one.", "public_tests": ["assert f(1) == 2"], "tests": ["assert f(1) == 2", "assert f(4) == 5"]}


@pytest.fixture
def scripted(monkeypatch, tiny_folder):
    """Writers that follow SCRIPT, and what they were asked with."""
    tokenizer, asked = load_tokenizer(tiny_folder), []

    def write(model, tokenizer_, prompts, draws, *, max_new_tokens):
        rows = []
        for ids in prompts:
            turn = ids.count(105) // 2 - 1
            writers = [row for row in asked if row["turn"] == turn]
            which = live[turn][len(writers)]
            text = SCRIPT[which][turn]
            written = tokenizer.encode(text, add_special_tokens=False) + ([] if text == "cut" else [106])
            asked.append({"turn": turn, "writer": which, "ids": list(ids)})
            rows.append(Row(which, ids, None, written, [-0.5] * len(written)))
        return rows

    live = {0: [0, 1, 2, 3], 1: [1, 2, 3], 2: [2]}
    monkeypatch.setattr(rl, "write_rows", write)
    return asked


def run(tmp_path, tiny_folder, rows, *options):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "reward.yaml").write_text("tests: {reward: code_reward, mode: rlef}\n")
    given = ["--model", str(tiny_folder), "--train", str(path), "--turns", "3"]
    given += ["--reward", str(tmp_path / "reward.yaml"), "--max_completion_length", "60", "--num_generations", "4"]
    given += ["--per_device_train_batch_size", "4", "--max_steps", "1", "--report_to", "none", "--eval_rows", "0"]
    with pytest.MonkeyPatch.context() as patch:
        launch.here(patch, "it_rl", tmp_path / "out", *given, *options)
    return tmp_path / "out"


def test_what_failed_is_said_and_hidden_tests_decide(scripted, tiny_folder, tmp_path):
    out = run(tmp_path, tiny_folder, [ROW] * 4)
    tokenizer = load_tokenizer(tiny_folder)
    rows = list(read_rollouts(out))
    # right at once · right after one hint · passes what it was shown and no more, after a turn without code · cut
    assert [row["reward"] for row in rows] == pytest.approx([1, 1, -1 - 0.2, -1], abs=1e-6)
    assert [row["reply"] for row in rows] == [RIGHT, RIGHT, PUBLIC_ONLY, "cut"]
    assert [row["finish"] for row in rows] == ["stop", "stop", "stop", "length"]
    head = encode_prompt([{"role": "user", "content": "Add one."}], tokenizer)
    (status, said), *_ = code_feedback([WRONG], [ROW["public_tests"]])
    assert status == "failed" and "f(1) == 2" in said and "f(4)" not in said
    between = encode_next_turn(f"{said}\n\nGive it another try.", tokenizer)
    second = rows[1]
    first_ids, last_ids = (tokenizer.encode(text, add_special_tokens=False) + [106] for text in (WRONG, RIGHT))
    assert second["prompt_ids"] == head and second["reply_ids"] == [*first_ids, *between, *last_ids]
    assert [logp != 0 for logp in second["logps"]] == (
        [True] * len(first_ids) + [False] * len(between) + [True] * len(last_ids)
    )
    assert [row["writer"] for row in scripted if row["turn"] == 1] == [1, 2, 3]
    assert launch.log(out, "turns/mean") == [(1 + 2 + 3 + 2) / 4]
    assert launch.log(out, "completions/mean_length")[0] == pytest.approx(
        sum(sum(logp != 0 for logp in row["logps"]) for row in rows) / 4
    )


def test_what_the_tests_said_is_not_counted_where_groups_are_replaced(scripted, tiny_folder, tmp_path, monkeypatch):
    """DAPO divides by the tokens that are trained; here no group is dull, and the count is made anew all the same."""
    counts = []
    plain = rl.RLMixin._resampled

    def watched(self, output, rows):
        found = plain(self, output, rows)
        counts.append((int(found["num_items_in_batch"]), int((found["completion_mask"] * found["tool_mask"]).sum())))
        return found

    monkeypatch.setattr(rl.RLMixin, "_resampled", watched)
    out = run(tmp_path, tiny_folder, [ROW] * 4, "--algorithm", "dapo")
    trained = sum(sum(logp != 0 for logp in row["logps"]) for row in read_rollouts(out))
    assert counts == [(trained, trained)]


def test_the_next_turn_is_the_templates(tiny_folder):
    tokenizer = load_tokenizer(tiny_folder)
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    whole = tokenizer.apply_chat_template(talk, add_generation_prompt=True, return_dict=True)["input_ids"]
    begun = encode_prompt(talk[:1], tokenizer) + tokenizer.encode("b", add_special_tokens=False) + [106]
    assert [*begun, *encode_next_turn(" c\n", tokenizer)] == whole
    assert encode_next_turn("<start_of_turn>", tokenizer).count(105) == 2


def test_rlef_s_numbers():
    tests = [ROW["tests"]] * 3
    assert code_reward([RIGHT, WRONG, NO_CODE], tests, mode="rlef") == [1, -1, -1]
    assert code_reward([RIGHT, WRONG, RIGHT], tests, mode="rlef", turns_without_code=[0, 1, 2]) == [1, -1.2, 0.6]


@pytest.mark.parametrize(
    ("row", "options", "message"),
    [
        ({"prompt": "a", "tests": ["assert f(1) == 2"]}, (), "public_tests"),
        (ROW | {"public_tests": []}, (), "public_tests is empty"),
        (ROW, ("--algorithm", "rloo"), "turns: rloo has one reply to a prompt"),
        (ROW, ("--turns", "0"), "turns must be at least 1"),
    ],
)
def test_bad_input(row, options, message, tiny_folder, tmp_path, capsys):
    with pytest.raises((UserError, SystemExit)) as error:
        run(tmp_path, tiny_folder, [row] * 4, *options)
    assert message in f"{error.value} {capsys.readouterr().err}"
