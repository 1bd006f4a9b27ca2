"""posttrain warm and warp: several runs of a recipe, averaged; and the report of what an RL run wrote."""

import json

import pytest
import torch
from safetensors.torch import load_file

from posttrain.cli import main
from posttrain.errors import UserError
from posttrain.evaluate.front import front_point, reply_logps, write_rollouts
from posttrain.gemma import load_model
from posttrain.members import read_members
from posttrain.rollouts import RolloutLog
from posttrain.rollouts_command import changed, suspicious
from tests.launch import ROOT
from tests.test_reward_recipe import write_pairs
from tests.test_rl_recipe import REWARDS

LAUNCH = str(ROOT / "accelerate_configs" / "cpu.yaml")


def weights(folder):
    return load_file(folder / "model.safetensors")


@pytest.fixture
def quick(monkeypatch):
    for name, value in {"OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"}.items():
        monkeypatch.setenv(name, value)


def test_warm_trains_averages_and_compares(tiny_folder, tmp_path, quick, capsys):
    pairs = write_pairs(tmp_path / "pairs.yaml")
    (tmp_path / "rm.yaml").write_text(
        f"model: {tiny_folder}\nmethod: lora\nlora_r: 4\ntrain: {pairs}\nmax_steps: 2\nlearning_rate: 1.0e-4\n"
        "per_device_train_batch_size: 8\nreport_to: none\nsave_dtype: float32\nsave_strategy: 'no'\n"
    )
    spec = tmp_path / "warm.yaml"
    spec.write_text(f"config: {tmp_path}/rm.yaml\nlaunch: {LAUNCH}\nmembers:\n  - {{seed: 1}}\n  - {{seed: 2}}\n")
    out = tmp_path / "warm"
    main(["warm", str(spec), "--out", str(out), "--commands"])
    commands = capsys.readouterr().out.splitlines()
    assert len(commands) == 2 and "--score_head" not in commands[0]
    assert f"--score_head={out}/member-1" in commands[1] and "--eval_seed=0" in commands[1]
    main(["warm", str(spec), "--out", str(out)])
    ones, twos, mean = (weights(out / name) for name in ("member-1", "member-2", "warm"))
    assert all(torch.allclose(mean[name], (ones[name] + twos[name]) / 2, atol=1e-6) for name in mean)
    assert any(not torch.equal(ones[name], twos[name]) for name in mean)
    heads = [(out / f"member-{m}" / "score_head.safetensors").read_bytes() for m in (1, 2)]
    assert heads[0] == heads[1]
    found = json.loads((out / "warm.json").read_text())
    assert set(found) == {"member-1", "member-2", "warm", "warm_less_members"}
    assert found["warm"]["pairs"] == 12 and -1 <= found["warm_less_members"]["difference"] <= 1
    stamps = [(out / f"member-{m}" / "stage.json").stat().st_mtime_ns for m in (1, 2)]
    main(["warm", str(spec), "--out", str(out)])  # nothing is trained twice
    assert stamps == [(out / f"member-{m}" / "stage.json").stat().st_mtime_ns for m in (1, 2)]
    spec.write_text(f"config: {tmp_path}/rm.yaml\nlaunch: {LAUNCH}\nmembers:\n  - {{seed: 1}}\n  - {{seed: 3}}\n")
    with pytest.raises(SystemExit):
        main(["warm", str(spec), "--out", str(out)])
    assert "holds members of other settings" in capsys.readouterr().err


@pytest.mark.parametrize("rounds", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_warp_merges_round_by_round_and_scores_its_front(rounds, tiny_folder, tmp_path, quick, capsys):
    """Two runs a round: each round's members begin from the LITI of the one before."""
    rows = "".join(json.dumps({"prompt": f"say {i}", "answer": str(i)}) + "\n" for i in range(24))
    (tmp_path / "rows.jsonl").write_text(rows)
    (tmp_path / "rewards.py").write_text(REWARDS)
    (tmp_path / "rl.yaml").write_text(
        f"algorithm: rloo\nbeta: 0.1\nanchor: ema\nmethod: lora\nlora_r: 4\ntrain: {tmp_path}/rows.jsonl\n"
        f"reward: {tmp_path}/rewards.py:letters\nmax_completion_length: 8\nnum_generations: 4\nmax_steps: 2\n"
        "per_device_train_batch_size: 8\nlearning_rate: 1.0e-2\nreport_to: none\nsave_strategy: 'no'\neval_rows: 8\n"
    )
    spec = tmp_path / "warp.yaml"
    spec.write_text(
        f"model: {tiny_folder}\nconfig: {tmp_path}/rl.yaml\nlaunch: {LAUNCH}\nrounds: {rounds}\n"
        "eta: 0.5\nfront: [0.5, 1]\nrows: 8\nmembers:\n  - {seed: 1}\n  - {seed: 2}\n"
    )
    out = tmp_path / "warp"
    main(["warp", str(spec), "--out", str(out)])
    start, liti = weights(out / "start"), weights(out / "round-1" / "liti")
    slerp = weights(out / "round-1" / "slerp")
    assert all(torch.allclose(liti[name], (start[name] + slerp[name]) / 2, atol=1e-6) for name in liti)
    second = json.loads((out / f"round-{rounds}" / "member-2" / "stage.json").read_text())["config"]
    begun = out / "start" if rounds == 1 else out / "round-1" / "liti"
    assert second["model"] == str(begun) and second["seed"] == 2 + 1000 * (rounds - 1)
    assert second["save_dtype"] == "float32"
    last = weights(out / f"round-{rounds}" / "slerp")
    assert all(torch.equal(last[name], value) for name, value in weights(out / "front" / "eta-1").items())
    found = json.loads((out / "warp.json").read_text())
    assert set(found) == {"start", "member 1", "member 2", "eta 0.5", "eta 1"}
    assert found["start"]["kl"] == pytest.approx(0, abs=1e-4)
    assert all(point["rows"] == 8 and 0 <= point["reward"] <= 1 for point in found.values())
    assert "take the one whose KL you can afford" in capsys.readouterr().out


def test_a_member_that_fails_says_how_to_go_on(tiny_folder, tmp_path, quick, capsys):
    (tmp_path / "rm.yaml").write_text("train: nowhere.jsonl\n")
    (tmp_path / "warm.yaml").write_text(f"config: {tmp_path}/rm.yaml\nmembers: [{{seed: 1}}]\nlaunch: {LAUNCH}\n")
    with pytest.raises(SystemExit):
        main(["warm", str(tmp_path / "warm.yaml"), "--out", str(tmp_path / "out")])
    assert "member 1 failed (exit code" in capsys.readouterr().err


def test_settings_become_options(tmp_path):
    (tmp_path / "c.yaml").write_text("seed: 1")
    (tmp_path / "spec.yaml").write_text(
        f"config: {tmp_path}/c.yaml\nmembers: [{{seed: 2, lora_targets: [q_proj, v_proj], packing: true}}]"
    )
    members, _ = read_members(tmp_path / "spec.yaml", "it_sft", tmp_path / "out", {})
    command = members.command(1)
    assert command[-5:] == ["--seed=2", "--lora_targets", "q_proj", "v_proj", "--packing=true"]
    assert "--config_file" not in command and command[:3] == ["accelerate", "launch", "--quiet"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("config: nowhere.yaml\nmembers: [{{seed: 1}}]", "`config`: no such file: nowhere.yaml"),
        ("members: [{{seed: 1}}]", "`config`: no such file: None"),
        ("config: {config}\nmembers: 3", "`members` must be a list of settings"),
        ("config: {config}\nmembers: [{{output_dir: a}}]", "member 1: 'output_dir' cannot be set here"),
        ("config: {config}\nmember: [{{seed: 1}}]", "unknown key 'member'.*members"),
        ("config: {config}\nall: [1]\nmembers: [{{seed: 1}}]", "`all` must be a mapping of settings, found list"),
        ("config: {config}\nall: {{config: a}}\nmembers: [{{seed: 1}}]", "all: 'config' cannot be set here"),
        ("- a", "a spec holds `config` and `members`, found list"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_bad_specs(spec, message, tmp_path):
    (tmp_path / "c.yaml").write_text("")
    (tmp_path / "spec.yaml").write_text(spec.format(config=tmp_path / "c.yaml"))
    with pytest.raises(UserError, match=message):
        read_members(tmp_path / "spec.yaml", "it_rl", tmp_path / "out", {})


def test_settings_of_all_members_give_way_to_a_member_s_own(tmp_path):
    (tmp_path / "c.yaml").write_text("")
    (tmp_path / "spec.yaml").write_text(
        f"config: {tmp_path}/c.yaml\nall: {{model: m, seed: 9}}\nmembers: [{{}}, {{seed: 2}}]"
    )
    members, _ = read_members(tmp_path / "spec.yaml", "it_sft", tmp_path / "out", {})
    assert members.settings == [{"model": "m", "seed": 9}, {"model": "m", "seed": 2}]


def test_the_front_s_figures(tiny_folder, tmp_path):
    """KL of a model to itself is 0 to the last digits; to another, the mean log-ratio of its own replies."""
    model, tokenizer = load_model(tiny_folder)
    rows = [{"prompt": [{"role": "user", "content": f"say {i}"}], "answer": str(i)} for i in range(12)]

    def reward(completions, answer, **kwargs):
        return [None if a == "3" else float(len(a)) for a in answer]

    rollouts = write_rollouts(model, tokenizer, rows, reward, max_new_tokens=6, batch_size=5)
    again = write_rollouts(model, tokenizer, rows[:4], reward, max_new_tokens=6, batch_size=2)
    assert [row["reply_ids"] for row in again] == [row["reply_ids"] for row in rollouts[:4]]
    logps = reply_logps(model, rollouts)
    assert logps == pytest.approx([row["logp"] for row in rollouts], abs=1e-4)
    point = front_point(rollouts, logps)
    assert point["kl"] == pytest.approx(0, abs=1e-5) and point["judged"] == 11
    assert point["reward"] == pytest.approx((9 + 2 * 2) / 11)
    shifted = front_point(rollouts, [logp - 2 for logp in logps])
    assert shifted["kl"] == pytest.approx(2, abs=1e-4)


def rollout(step, prompt, reward, watched=None, reply="r"):
    return {
        "prompt": [{"role": "user", "content": prompt}], "reply": reply, "reward": reward, "watched": watched,
        "writer": "policy", "step": step,
    }  # fmt: skip


def test_what_changed_most_and_what_is_suspicious():
    records = [rollout(0, "up", 0.0), rollout(0, "up", 0.2), rollout(3, "up", 0.9, reply="better")]
    records += [rollout(0, "down", 1.0), rollout(2, "down", 0.25), rollout(1, "once", 0.5)]
    first, last = changed(records)
    assert first[0] == pytest.approx(0.8) and first[2]["reply"] == "better"
    assert last[0] == pytest.approx(-0.75) and last[1]["prompt"][0]["content"] == "down"
    honest = [rollout(9, f"p{i}", i / 10, i / 10) for i in range(10)]
    cheat = rollout(9, "cheat", 1.0, 0.0)
    assert suspicious([*honest, cheat])[0] is cheat
    assert suspicious([rollout(9, "a", 1.0)]) == []
    assert suspicious([rollout(9, f"p{i}", i / 10, 0.0) for i in range(10)]) == []  # nothing is told by it


def test_the_report_prints(tmp_path, capsys):
    log = RolloutLog(tmp_path)
    for step in (0, 1):
        rows = [
            rollout(step, f"p{i}", (i + step) / 8, 1 - i / 8, f"reply {step}")
            | {"prompt": json.dumps([{"role": "user", "content": f"p{i}\x1b[2J"}])}
            for i in range(8)
        ]
        log.add(step, 0, [{key: value for key, value in row.items() if key != "step"} for row in rows])
    main(["report", "rollouts", str(tmp_path), "--rows", "2"])
    out = capsys.readouterr().out
    assert "16 replies in 2 steps" in out and "most improved" in out and "most suspicious" in out
    assert "\x1b[2J" not in out
    with pytest.raises(SystemExit):
        main(["report", "rollouts", str(tmp_path / "none")])
    assert "has no rollouts/step-*.parquet" in capsys.readouterr().err
