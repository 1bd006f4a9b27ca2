"""Composition: weights, gates, rewards that cannot judge; rewards from plain data; one real GRPO step with each."""

import asyncio
import functools
import pickle
import re
import textwrap
from pathlib import Path

import pytest
import yaml

from posttrain.errors import UserError
from posttrain.reward import combine, format_reward, length_reward
from posttrain.reward.composition import Component, Composite, is_async
from posttrain.reward.spec import build_reward, check_columns, required_columns
from tests import reward_trainer


def constant(*values):
    """A reward that gives these values, whatever the completions."""

    def reward(completions, **kwargs):
        return list(values)

    return reward


def of_answer(completions, answer, strict=False, **kwargs):
    return [float(c == a) for c, a in zip(completions, answer, strict=True)]


async def slow(completions, **kwargs):
    await asyncio.sleep(0.01)
    return [0.5] * len(completions)


class Async:
    """An object with an asynchronous call, bound to the first loop that it was used in, as a server's client is."""

    loop = None

    async def __call__(self, completions, **kwargs):
        self.loop = self.loop or asyncio.get_running_loop()
        assert self.loop is asyncio.get_running_loop()
        return [1.0] * len(completions)


def test_a_weighted_sum_by_hand():
    """1·(1, 0, .5) + 0.2·(0, 1, 1) − 0.5·(1, 1, 0)"""
    both = combine(
        {"a": constant(1, 0, 0.5), "b": constant(0, 1, 1), "c": constant(1, 1, 0)}, weights={"b": 0.2, "c": -0.5}
    )
    assert both(["x"] * 3) == pytest.approx([0.5, -0.3, 0.7])
    assert both.__name__ == "reward"
    assert combine({"a": constant()})([]) == []


def test_what_cannot_judge_drops_out_and_the_rest_is_scaled_to_the_whole_weight():
    """Weights 1 and 3, total 4. Row 1: 1·1 + 3·0; row 2: b alone, 0.5·3·4/3 = 2; row 3: a alone, 1·4/1; row 4: none."""
    both = combine({"a": constant(1, None, 1, None), "b": constant(0, 0.5, None, float("nan"))}, weights={"b": 3})
    assert both(["x"] * 4) == [1.0, 2.0, 4.0, None]


def test_a_row_of_zero_weights_alone_is_none():
    both = combine({"a": constant(None, 1), "watched": constant(1, 1)}, weights={"watched": 0})
    assert both(["x"] * 2) == [None, 1.0]


def test_gates():
    """Open above the bound; closed makes 0 with its weight kept; a gate that cannot judge takes its reward out."""
    a, gate = constant(1, 1, 1, None, None), constant(1, 0, None, 0, 1)
    both = combine({"a": a, "b": constant(*[0.5] * 5), "gate": gate}, weights={"gate": 0}, gates={"a": "gate"})
    assert both(["x"] * 5) == [1.5, 0.5, 1.0, 0.5, 1.0]
    penalty = combine(
        {"a": constant(1, 1), "length": constant(-0.4, -0.9)}, weights={"length": 0}, gates={"a": {"length": -0.5}}
    )
    assert penalty(["x"] * 2) == [1.0, 0.0]
    several = combine(
        {"a": constant(1, 1, 1), "g": constant(1, 0, None), "h": constant(1, None, 0)},
        weights={"g": 0, "h": 0},
        gates={"a": ["g", "h"]},
    )
    assert several(["x"] * 3) == [1.0, 0.0, 0.0]


def test_what_is_logged():
    metrics, columns = {}, {}
    both = combine({"a": constant(1, None), "b": constant(0, 1)}, gates={"a": "b"}, name="total")
    both(["x", "y"], log_metric=metrics.__setitem__, log_extra=columns.__setitem__)
    assert columns == {"total/a": [1.0, None], "total/b": [0.0, 1.0]}
    assert metrics == {
        "rewards/a/mean": 1.0,
        "rewards/a/none": 0.5,
        "rewards/a/gated": 0.5,
        "rewards/b/mean": 0.5,
        "rewards/b/none": 0.0,
    }


def test_asynchronous_components_share_a_loop_and_run_beside_plain_ones():
    both = combine({"slow": slow, "object": Async(), "bound": functools.partial(slow, x=1), "plain": constant(1, 0)})
    assert both(["x", "y"]) == [3.0, 2.0]
    assert both(["x", "y"]) == [3.0, 2.0]  # the client's loop is the same one

    async def inside_a_loop():  # as in a notebook
        return both(["x", "y"])

    assert asyncio.run(inside_a_loop()) == [3.0, 2.0]
    assert is_async(slow) and is_async(Async()) and not is_async(of_answer) and not is_async(both)


def test_a_composite_travels_to_another_process():
    both = combine({"format": format_reward, "length": functools.partial(length_reward, max_length=10)})
    both.components["slow"] = Component(slow)
    ids = [[1] * 20]
    before = both(["x"], completion_ids=ids)
    assert pickle.loads(pickle.dumps(both))(["x"], completion_ids=ids) == before == [-0.5]


def test_composites_nest_and_pass_columns_on():
    inner = combine({"answer": of_answer}, name="inner")
    outer = combine({"inner": inner, "strict": functools.partial(of_answer, strict=True)})
    assert outer(["4", "5"], answer=["4", "4"], source=["a", "b"]) == [2.0, 0.0]
    assert required_columns(outer) == {"answer"}


def test_a_reward_without_kwargs_gets_what_it_names():
    def narrow(completions, answer):
        return [1.0] * len(answer)

    assert combine({"n": narrow})(["x"], answer=["y"], source=["z"], trainer_state=None) == [1.0]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([1.0], "a must return a list of 2 rewards, one a completion, and returned 1 values"),
        (1.0, "and returned float"),
        (None, "and returned NoneType"),
        (["1", "good"], "a returned a reward that is no number"),
        ([1.0, float("inf")], "an infinite reward"),
    ],
)
def test_what_a_reward_returns_is_checked(returned, message):
    with pytest.raises(UserError, match=message):
        combine({"a": lambda completions, **kwargs: returned})(["x", "y"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({},), "reward has no component"),
        (({"a": 1},), "a is no function but 1"),
        (({"form": slow}, {"from": 1.0}), r"weights of reward: 'from' is no component \(did you mean 'form'\?\)"),
        (({"form": slow}, {"form": "1"}), "the weight of form must be a finite number, not '1'"),
        (({"form": slow}, {"form": float("nan")}), "must be a finite number"),
        (({"form": slow}, {"form": 0}), "every weight is 0"),
        (
            ({"a": slow, "form": slow}, {}, {"a": "forn"}),
            r"gate 'forn' of a is no other component \(did you mean 'form'",
        ),
        (({"a": slow}, {}, {"a": "a"}), "gate 'a' of a is no other component"),
        (({"a": slow, "b": slow}, {}, {"a": {"b": None}}), "the bound of gate b of a must be a number"),
        (({"a": slow, "b": slow}, {}, {"a": 3}), "a gate is the name of a component"),
    ],
)
def test_bad_compositions(arguments, message):
    with pytest.raises(UserError, match=message):
        combine(*arguments)


SPEC = """
form: {reward: format_reward, tags: [thought, answer], weight: 0.5}
length: {reward: length_reward, max_length: 8, weight: 0.25, gate: {form: -1}}
own: {reward: "my_rewards:of_answer", strict: true, gate: form}
file: {reward: "FOLDER/my_rewards.py:Fixed", value: 2.0, weight: 0.1}
plain: my_rewards:plain
"""
OWN_MODULE = """
    class Fixed:
        def __init__(self, value=1.0):
            self.value = value
        def __call__(self, completions, **kwargs):
            return [self.value] * len(completions)

    def of_answer(completions, answer, strict=False, **kwargs):
        return [float(strict and a in c) for c, a in zip(completions, answer)]

    def plain(completions, **kwargs):
        return [0.0] * len(completions)

    number = 3
"""


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "my_rewards.py").write_text(textwrap.dedent(OWN_MODULE))
    (tmp_path / "needs_more.py").write_text("import not_installed_anywhere")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_reward_from_yaml(own_module):
    """0.5·1 + 0.25·(−1) + 1·1 + 0.1·2 + 0 = 1.45; without the form: 0.5·0 − 0.25 + 0 + 0.2 + 0."""
    reward = build_reward(yaml.safe_load(SPEC.replace("FOLDER", str(own_module))))
    replies = ["<thought>hm</thought><answer>4</answer>", "4"]
    assert reward(replies, answer=["4", "4"], completion_ids=[[5] * 9] * 2) == pytest.approx([1.45, -0.05])
    assert required_columns(reward) == {"answer"}


def test_a_reward_from_a_yaml_file(own_module):
    """With the key `reward` above the components, as in the documentation, and without it."""
    bare = SPEC.replace("FOLDER", str(own_module))
    wrapped = "reward:\n" + textwrap.indent(bare, "  ")
    replies = ["<thought>hm</thought><answer>4</answer>", "4"]
    for name, text in (("bare.yaml", bare), ("wrapped.yml", wrapped)):
        (own_module / name).write_text(text)
        for spec in (own_module / name, str(own_module / name), yaml.safe_load(text)):
            found = build_reward(spec)(replies, answer=["4", "4"], completion_ids=[[5] * 9] * 2)
            assert found == pytest.approx([1.45, -0.05])
    (own_module / "name.yaml").write_text("format_reward")
    assert build_reward(own_module / "name.yaml")(["4"]) == [0.0]


def test_a_component_may_be_called_reward():
    assert list(build_reward({"reward": {"reward": "format_reward"}}).components) == ["reward"]
    assert list(build_reward({"reward": "format_reward"}).components) == ["reward"]


def test_yaml_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match=r"nowhere.yaml: could not be read \(No such file"):
        build_reward(tmp_path / "nowhere.yaml")
    (tmp_path / "broken.yaml").write_text("math: [")
    with pytest.raises(UserError, match="broken.yaml is not readable as YAML") as error:
        build_reward(tmp_path / "broken.yaml")
    assert "\n" not in str(error.value)
    (tmp_path / "empty.yaml").write_text("")
    with pytest.raises(UserError, match="must be a reward's name or a mapping of components, not None"):
        build_reward(tmp_path / "empty.yaml")


def test_one_reward_by_its_name(own_module):
    assert build_reward("format_reward")(["<think>a</think><answer>b</answer>", "b"]) == [1.0, 0.0]
    assert build_reward("format_reward").__name__ == "format_reward"
    assert build_reward("my_rewards:plain")(["x"]) == [0.0]
    assert build_reward(f"{own_module}/my_rewards.py:Fixed")(["x"]) == [1.0]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("math_rewad", r"component math_rewad: no reward is called 'math_rewad' \(did you mean 'math_reward'\?\)"),
        ({"f": "formatreward"}, r"component f: no reward is called 'formatreward' \(did you mean 'format_reward'\?\)"),
        (
            {"f": {"reward": "format_reward", "tag": ["a"]}},
            r"format_reward has no argument 'tag' \(did you mean 'tags'",
        ),
        ({"f": {"reward": "format_reward", "completions": ["a"]}}, "format_reward has no argument 'completions'"),
        ({"f": {"reward": "format_reward", "wieght": 2}}, r"no argument 'wieght' \(did you mean 'weight'\?\)"),
        ({"f": {"reward": "stop_reward", "gates": "g"}}, r"no argument 'gates' \(did you mean 'gate'\?\)"),
        ({"f": {"reward": "stop_reward", "rewards": "g"}}, r"no argument 'rewards' \(did you mean 'reward'\?\)"),
        ({"f": {"weight": 1}}, "component f must be a reward's name, or have `reward: name` among"),
        ({"f": 3}, "component f must be a reward's name"),
        ({1: "format_reward"}, "reward must be a reward's name or a mapping"),
        ({}, "reward has no component"),
        ("my_rewards:plian", r"my_rewards has no 'plian' \(did you mean 'plain'\?\)"),
        ("my_rewards:number", "my_rewards:number is no function but int"),
        ("my_reward:plain", "there is no module 'my_reward'; put its folder on PYTHONPATH"),
        ("nowhere/my_rewards.py:plain", "there is no file nowhere/my_rewards.py"),
        ({"rm": "nowhere/at/all/rm"}, "nowhere/at/all/rm' is not a folder"),
        ({"f": {"reward": "format_reward", "weight": "much"}}, "the weight of f must be a finite number"),
        ({"f": {"reward": "format_reward", "gate": "g"}}, "gate 'g' of f is no other component"),
    ],
)
def test_bad_specifications(own_module, spec, message):
    with pytest.raises(UserError, match=message):
        build_reward(spec)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"reward": "format_reward", "tags": "think"}, "tags must be a list of names such as .*, not 'think'$"),
        ({"reward": "format_reward", "pattern": "("}, "pattern '\\(' is no regular expression"),
        ({"reward": "format_reward", "text_after": "no"}, "text_after must be true or false, not 'no'"),
        ({"reward": "length_reward", "max_length": 10, "cache": 20}, "cache must be a number of tokens from 0 to"),
        ({"reward": "length_reward", "per_token": float("inf")}, "per_token must be a number"),
        (
            {"reward": "stop_reward", "stop_ids": 106},
            r"stop_ids must be a list of token ids such as \[1, 106\], not 106",
        ),
        ({"reward": "math_reward", "protocol": "bxed"}, "protocol must be one of"),
        ({"reward": "code_reward", "mode": "some"}, "mode must be all, fraction or rlef"),
        (
            {"reward": "code_reward", "limits": {"wal_seconds": 2}},
            r"limits has no 'wal_seconds' \(did you mean 'wall_s",
        ),
        ({"reward": "code_reward", "limits": {"wall_seconds": "2 s"}}, "wall_seconds must be a number, not '2 s'"),
        ({"reward": "code_reward", "limits": {"wall_seconds": 0}}, "wall_seconds must be above 0"),
        ({"reward": "code_reward", "limits": 10}, "limits must be a mapping such as"),
        ({"reward": "code_reward", "sandbox": "docker"}, "isolation must be bubblewrap or process"),
        ({"reward": "code_reward", "sandbox": 3}, "sandbox must be bubblewrap or process"),
        ({"reward": "instruction_following_reward", "all_or_nothing": "x"}, "all_or_nothing must be true or false"),
    ],
)
def test_settings_are_looked_at_when_a_reward_is_built(spec, message):
    with pytest.raises(UserError, match=message) as error:
        build_reward({"part": spec})
    assert str(error.value).startswith("component part: ")


COLLIDING = {
    "format_reward": {"tags": [["math", "easy"]], "pattern": ["a"], "text_after": [True]},
    "length_reward": {"max_length": [3], "cache": ["gone"], "per_token": [None], "tokenizer": ["t"]},
    "stop_reward": {"stop_ids": [[4]]},
    "repetition_reward": {"text": ["a"]},
    "math_reward": {"protocol": ["http"], "seconds": [3]},
    "refusal_reward": {"label": [3]},
    "instruction_following_reward": {"all_or_nothing": ["yes"]},
}
THERE = {
    "completion_ids": [[5, 106]], "answer": ["4"], "harmful": ["no"], "instruction_id_list": [["punctuation:no_comma"]],
}  # fmt: skip


@pytest.mark.parametrize("name", COLLIDING)
def test_a_column_that_is_called_as_a_setting_does_not_reach_it(name):
    """As TRL calls it, with every column, given alone, in a composite and after pickling."""
    reply = ["<think>a</think><answer>4</answer>"]
    for reward in (build_reward(name), pickle.loads(pickle.dumps(build_reward(name))), build_reward({"part": name})):
        expected = reward(completions=reply, **THERE)
        assert reward(completions=reply, **THERE, **COLLIDING[name]) == expected


def test_a_column_does_not_replace_a_setting_that_was_given(own_module):
    """Nor one of a user's own reward; of the settings that were not given there, a column may be meant."""
    (own_module / "tuned.py").write_text("def f(completions, low=0, high=1, **kwargs):\n    return [low] * len(high)\n")
    assert build_reward({"part": {"reward": "tuned:f", "low": 3}})(["a"], low=[7], high=[8]) == [3.0]
    given = build_reward({"part": {"reward": "format_reward", "tags": ["plan"]}})
    assert given(["<plan>a</plan>"], tags=[["math"]]) == [1.0]


def test_a_setting_that_is_a_column_says_so():
    """What is no list with an entry a completion is no column, and is not called one."""
    for tags in ([["math"]], [None]):
        with pytest.raises(UserError, match="a column of the data\\? build_reward keeps those out"):
            format_reward(["a"], tags=tags)
    for tags in ("math", [["math"]], 3):
        with pytest.raises(UserError, match="must be a list of names such as") as error:
            format_reward(["a", "b"], tags=tags)
        assert "column" not in str(error.value)


def test_the_sandbox_s_limits_and_isolation_from_plain_data():
    """A program that sleeps for four seconds, within the default limits and beyond those of the specification."""
    pytest.importorskip("posttrain.reward.sandbox")
    program = "import time\ndef f():\n    time.sleep(4)\n    return 1"
    hurried = build_reward({"code": {"reward": "code_reward", "limits": {"wall_seconds": 1}}})
    assert hurried([program], tests=[["assert f() == 1"]], limits=["none"]) == [0.0]
    with pytest.warns(UserWarning, match="process"):
        fallback = build_reward({"code": {"reward": "code_reward", "sandbox": "process"}})
    assert fallback([program], tests=[["assert f() == 1"]]) == [1.0]


@pytest.mark.parametrize(
    "columns",
    [
        ["prompt", "instruction_id_list", "kwargs"],
        ["prompt", "instruction_id_list", "instruction_kwargs"],
        ["prompt", "instruction_id_list"],
        ["prompt", "ground_truth"],
    ],
)
def test_every_form_of_the_instructions_columns_will_do(columns):
    check_columns(build_reward("instruction_following_reward"), columns)
    check_columns(build_reward({"part": "instruction_following_reward"}), columns)


def test_an_error_inside_a_user_s_module_is_not_hidden(own_module):
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        build_reward("needs_more:f")


def test_columns_are_checked_before_a_run():
    composite = combine({"a": of_answer, "format": format_reward})
    assert required_columns([composite, slow]) == {"answer"}
    assert required_columns(functools.partial(of_answer, answer=["4"])) == set()
    assert required_columns(build_reward({"math": "math_reward", "refusal": "refusal_reward"})) == {"answer", "harmful"}
    check_columns(composite, ["prompt", "answer"])
    with pytest.raises(
        UserError, match=r"train.jsonl has no column 'answer'.*did you mean 'answers'\?\); it has answers"
    ):
        check_columns(composite, ["prompt", "answers"], "train.jsonl")
    with pytest.raises(UserError, match="no column 'answer', which a reward needs; it has completion, prompt$"):
        check_columns(composite, iter(["prompt", "completion"]))

    def old(completions, prompt):
        return []

    with pytest.raises(UserError, match="asks for the column 'prompt', which trainers keep back"):
        check_columns(old, ["prompt"])

    with pytest.raises(UserError, match="no column 'instruction_id_list' or 'ground_truth', which a reward needs"):
        check_columns(build_reward("instruction_following_reward"), ["prompt", "kwargs"])
    with pytest.raises(UserError, match="no column 'harmful'"):
        check_columns(build_reward("refusal_reward"), ["prompt"])


def test_a_step_of_grpo_with_a_composite_that_cannot_judge_some_rows(tiny_folder, tmp_path):
    """Its metrics are in the log, its columns in the table of completions, and None reached TRL as NaN."""

    def of_first(completions, answer, **kwargs):
        return [None if a is None else 1.0 for a in answer]

    composite = combine({"first": of_first, "slow": slow}, weights={"slow": 0}, name="total")
    columns = {"answer": ["hello", None]}
    check_columns(composite, columns)
    trainer = reward_trainer.one_step(tiny_folder, tmp_path, [composite], columns)
    line = reward_trainer.logged(trainer)
    assert line["rewards/first/mean"] == 1.0 and line["rewards/first/none"] == 0.5
    assert line["rewards/slow/mean"] == 0.5 and line["rewards/total/mean"] == 1.0
    assert trainer.values.isnan().sum() == 4
    assert sorted(trainer.extra) == ["total/first", "total/slow"]
    assert sorted(map(str, trainer.extra["total/first"])) == ["1.0"] * 4 + ["None"] * 4


def test_asynchronous_rewards_and_composites_stand_side_by_side_in_trl(tiny_folder, tmp_path):
    trainer = reward_trainer.one_step(tiny_folder, tmp_path, [slow, combine({"slow": slow, "object": Async()})], {})
    line = reward_trainer.logged(trainer)
    assert line["rewards/slow/mean"] == 0.5 and line["rewards/reward/mean"] == 1.5


def test_composites_of_parts_have_names_of_their_own():
    assert Composite({"a": Component(slow)}, "mine").__name__ == "mine"


def test_the_example_of_the_documentation_works(tmp_path, monkeypatch):
    """docs/rewards.md, without its trained reward model: 1 + 0.2·1 + 0.5·0 + 2."""
    page = (Path(__file__).parent.parent / "docs" / "rewards.md").read_text()
    spec = yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])["reward"]
    assert spec.pop("helpful")["gate"] == ["form", "stop"]
    (tmp_path / "my_rewards.py").write_text("def tone(completions, strength, **kwargs):\n    return [strength]\n")
    monkeypatch.chdir(tmp_path)
    reward = build_reward(spec)
    assert reward(["<think>a</think><answer>4</answer>"], answer=["4"], completion_ids=[[5, 106]]) == [3.2]


def test_what_makes_rewards_is_no_reward():
    for name in ("build_reward", "combine", "check_columns"):
        with pytest.raises(UserError, match="no reward is called"):
            build_reward({"part": name})
