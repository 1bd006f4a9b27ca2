"""Parts of RL by themselves: alarms, replaced groups, the anchor in bf16, the growing table, exact_reward."""

import warnings
from types import SimpleNamespace

import pytest
import torch

from posttrain.errors import UserError
from posttrain.reward import exact_reward
from posttrain.rollouts import RolloutLog
from posttrain.trainers.alarm import RewardAlarm
from posttrain.trainers.anchor import Anchor
from posttrain.trainers.rl import _replace


def play(alarm, records):
    """(warnings, the last logs) of a run's records: (step, reward) or (step, accuracy, low)."""
    told = []
    for step, *values in records:
        logs = {"reward": values[0], "frac_reward_zero_std": 0.0}
        if len(values) == 2:
            logs = {"eval_exact_accuracy": values[0], "eval_exact_accuracy_low": values[1]}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            alarm.on_log(None, SimpleNamespace(global_step=step), None, logs=logs)
        told += [str(one.message) for one in caught]
    return told


RISING = [(step, 0.1 * step) for step in range(1, 10)]


def test_a_reward_that_rises_while_the_benchmark_falls_is_called_out():
    told = play(RewardAlarm("exact"), [(0, 0.6, 0.5), *RISING[:5], (5, 0.4, 0.3)])
    assert len(told) == 1 and "the reward has risen since step 0 while exact fell from 0.600 to 0.400" in told[0]


@pytest.mark.parametrize(
    ("evaluations", "expected"),
    [
        ([(5, 0.55, 0.4)], 0),  # within the interval
        ([(3, 0.55, 0.4), (5, 0.58, 0.4)], 1),  # below the best twice in a row
        ([(3, 0.7, 0.6), (5, 0.65, 0.5)], 0),
        ([(3, 0.4, 0.3), (5, 0.3, 0.2)], 2),
    ],
)
def test_how_far_a_benchmark_must_fall(evaluations, expected):
    records = sorted([(0, 0.6, 0.5), *RISING[:5], *evaluations], key=lambda record: (record[0], len(record)))
    assert len(play(RewardAlarm("exact"), records)) == expected


def test_no_alarm_where_the_reward_falls_too():
    falling = [(step, 1 - 0.1 * step) for step in range(1, 6)]
    assert play(RewardAlarm("exact"), [(0, 0.6, 0.5), *falling, (5, 0.3, 0.2)]) == []
    assert play(RewardAlarm(None), RISING) == []


def test_dull_steps_are_counted_and_told_less_and_less_often():
    alarm = RewardAlarm(None)
    told = []
    for step in range(1, 42):
        logs = {"reward": 1.0, "frac_reward_zero_std": 1.0}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            alarm.on_log(None, SimpleNamespace(global_step=step), None, logs=logs)
        told += [step for _ in caught]
        assert logs["alarm/dull_steps"] == step
    assert told == [5, 10, 20, 40]


def test_rows_are_replaced_at_whatever_width():
    ours = {
        "prompt_ids": torch.tensor([[1, 2], [3, 4], [5, 6], [7, 8]]),
        "completion_ids": torch.ones(4, 3, dtype=torch.long),
        "advantages": torch.zeros(4),
        "num_items_in_batch": torch.tensor(12),
    }
    theirs = {
        "prompt_ids": torch.tensor([[0, 0, 9]] * 4),
        "completion_ids": torch.full((4, 1), 7),
        "advantages": torch.arange(4.0) + 1,
        "num_items_in_batch": torch.tensor(4),
    }
    merged = _replace(ours, theirs, 2, 0, 2)
    assert merged["prompt_ids"].tolist() == [[0, 1, 2], [0, 3, 4], [0, 0, 9], [0, 0, 9]]
    assert merged["completion_ids"].tolist() == [[1, 1, 1], [1, 1, 1], [7, 0, 0], [7, 0, 0]]
    assert merged["advantages"].tolist() == [0, 0, 1, 2] and merged["num_items_in_batch"] == 12
    assert ours["advantages"].tolist() == [0] * 4


def test_an_anchor_in_bf16_moves_although_each_step_rounds_to_nothing(tmp_path):
    policy, own = (torch.nn.Linear(4, 4, bias=False).bfloat16() for _ in range(2))
    with torch.no_grad():
        own.weight.fill_(1.0)
        policy.weight.fill_(1.0 + 2**-6)
    plain = own.weight.data.clone()
    anchor = Anchor(policy, own, 0.02)
    for _ in range(60):
        anchor.step()
        plain.lerp_(policy.weight.data, 0.02)
    expected = 1.0 + 2**-6 * (1 - 0.98**60)
    assert anchor.average[0][0, 0].item() == pytest.approx(expected, abs=1e-6)
    assert own.weight[0, 0].item() == pytest.approx(expected, abs=2**-8)
    assert plain[0, 0].item() == 1.0  # in bf16 alone it would not have moved
    anchor.save(tmp_path, 0)
    other = torch.nn.Linear(4, 4, bias=False).bfloat16()
    again = Anchor(policy, other, 0.02)
    again.load(tmp_path, 0)
    assert torch.equal(again.average[0], anchor.average[0]) and torch.equal(other.weight, own.weight)


def test_an_anchor_that_stays():
    policy, own = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    before = own.weight.clone()
    Anchor(policy, own, 0.0).step()
    assert torch.equal(own.weight, before)


def test_the_table_grows_and_goes_on_after_a_resume(tmp_path, monkeypatch):
    logged = []
    fake = SimpleNamespace(
        run=object(),
        log=lambda values: logged.append(values["rollouts"]),
        Table=lambda columns, data: [list(row) for row in data],
    )
    monkeypatch.setitem(__import__("sys").modules, "wandb", fake)
    rows = [{"prompt": "[]", "reply": f"r{i}", "reward": i, "writer": "policy"} for i in range(4)]
    log = RolloutLog(tmp_path, shown=2)
    log.add(0, 0, rows)
    log.add(1, 0, rows)
    again = RolloutLog(tmp_path, shown=2)
    again.prune_from(1)
    again.add(1, 0, rows)
    assert [len(table) for table in logged] == [2, 4, 4]
    assert [row[0] for row in logged[-1]] == [0, 0, 1, 1] and logged[-1][1][2] == "r1"


def test_exact_reward():
    answer = ["12", "Bolf", "a, b", None, "5", "5", "", "4"]
    replies = ["12.", " bolf\n", "a,b", "x", "4 or 5", "work\n#### 5", "", "4\nor 5"]
    assert exact_reward(replies, answer) == [1, 1, 0, None, 0, 1, 0, 0]
    with pytest.raises(UserError, match="needs a column `answer`"):
        exact_reward(["a"])
