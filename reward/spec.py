"""Rewards from plain data, as a YAML file gives them, and the columns that they need."""

import functools
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from posttrain.errors import UserError, nearest
from posttrain.reward import _HOMES
from posttrain.reward.composition import Component, Composite, Reward, read_gates

# What a trainer hands over beside the columns of the data.
FROM_TRAINER = {"completions", "prompts", "completion_ids", "trainer_state", "log_extra", "log_metric", "environments"}
# Columns that TRL keeps back: it passes them as `prompts`, `completions` and `completion_ids` of its own.
KEPT_BACK = {"prompt", "completion", "completion_ids"}
# The columns that rewards of ours read; what else their signatures name is a setting, or the trainer's.
COLUMNS: dict[str, set[str]] = {
    "exact_reward": {"answer"},
    "math_reward": {"answer"},
    "code_reward": {"tests", "entry_point", "turns_without_code"},
    "instruction_following_reward": {"instruction_id_list", "instruction_kwargs", "kwargs", "ground_truth"},
    "language_reward": {"language"},
    "refusal_reward": {"harmful"},
}
# Those that they cannot do without, and which others would do in their place. (The signatures have defaults, so that
# the rewards can say what is missing in their own words.)
NEEDED: dict[str, tuple[str, ...]] = {
    "exact_reward": ("answer",),
    "math_reward": ("answer",),
    "code_reward": ("tests",),
    "instruction_following_reward": ("instruction_id_list", "ground_truth"),
    "refusal_reward": ("harmful",),
}
# A call without any completion, in which a reward looks at its settings. math_reward reads its own with a reply.
TRIALS: dict[str, dict[str, list]] = {
    "exact_reward": {"completions": [], "answer": []},
    "math_reward": {"completions": [""], "answer": ["1"]},
    "code_reward": {"completions": [], "tests": []},
    "instruction_following_reward": {"completions": [], "instruction_id_list": []},
    "language_reward": {"completions": [], "prompts": []},
    "length_reward": {"completions": [], "completion_ids": []},
    "stop_reward": {"completions": [], "completion_ids": []},
    "refusal_reward": {"completions": [], "harmful": []},
}
KEYS = ("reward", "weight", "gate")  # of a component, beside its reward's own arguments
OWN = sorted(name for name, home in _HOMES.items() if home not in ("composition", "spec"))


def build_reward(spec: str | Path | Mapping[str, Any], name: str = "reward") -> Reward:
    """A reward function from plain data, or from the YAML file that holds them.

        build_reward("reward.yaml")
        build_reward("math_reward")
        build_reward({
            "math": "math_reward",                                             # a name of posttrain.reward
            "tone": {"reward": "my_rewards:tone", "weight": 0.5, "strength": 2},   # yours; strength is its argument
            "rm": {"reward": "runs/reward_model", "weight": 0.3, "gate": "form"},  # a reward model's folder
            "form": {"reward": "format_reward", "tags": ["think", "answer"], "weight": 0.2},
        })

    A mapping is {component: reward}, or {component: {reward, weight, gate, and the reward's own arguments}}; all of it
    may stand under one key `reward`. The rest is `combine`'s. Users' functions are `module:function` or
    `path/to/file.py:function`; of a class, an object is made. Of code_reward, `limits` may be a mapping for
    `sandbox.Limits`, and `sandbox` the name of an isolation.

    A setting is what is given here. A trainer passes every column of the data to every reward; one that is called as a
    setting, here given or not, never reaches one of ours, and one that is given here none of yours.
    Raises UserError, with the nearest name, for what cannot be found, for an argument that the reward has not, and for
    a value that one of ours cannot use.
    """
    if isinstance(spec, str | Path) and Path(spec).suffix in (".yaml", ".yml"):
        spec = read_spec(spec)
    if isinstance(spec, str):
        return _resolve(spec, {}, spec)
    parts = _unwrapped(spec)
    if not isinstance(parts, Mapping) or not all(isinstance(key, str) for key in parts):
        raise UserError(f"{name} must be a reward's name or a mapping of components, not {spec!r:.80}")
    return Composite({key: _component(key, given) for key, given in parts.items()}, name)


def read_spec(path: str | Path) -> Any:
    """The plain data that a reward's YAML file holds. Raises UserError naming the file."""
    try:
        return yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"reward: {path}: could not be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"reward: {path} is not readable as YAML: {' '.join(str(error).split())}") from None


def _unwrapped(spec: Any) -> Any:
    """The components, where they stand under one key `reward` that is no component of that name itself."""
    if not isinstance(spec, Mapping) or list(spec) != ["reward"]:
        return spec
    inner = spec["reward"]
    return inner if isinstance(inner, Mapping) and not isinstance(inner.get("reward"), str) else spec


def _component(key: str, given: Any) -> Component:
    given = {"reward": given} if isinstance(given, str) else given
    if not isinstance(given, Mapping) or not isinstance(given.get("reward"), str):
        raise UserError(
            f"component {key} must be a reward's name, or have `reward: name` among its keys, not {given!r:.80}"
        )
    arguments = {name: value for name, value in given.items() if name not in KEYS}
    return Component(_resolve(given["reward"], arguments, key), given.get("weight", 1.0), read_gates(given.get("gate")))


def _resolve(source: str, arguments: dict[str, Any], key: str) -> Reward:
    """The reward that `source` names, with its arguments bound."""
    found: Any
    if source in OWN:
        try:
            found = getattr(importlib.import_module("posttrain.reward"), source)
        except ModuleNotFoundError as error:
            raise UserError(f'{source} needs the package {error.name}: pip install "posttrain[reward]"') from None
    elif ":" in source:
        found = _users(source, key)
    elif "/" in source or Path(source).is_dir():
        found = functools.partial(_reward_model_class(), source)
    else:
        raise UserError(
            f"component {key}: no reward is called {source!r}{nearest(source, OWN)}; give one of {', '.join(OWN)}, "
            "module:function, or a reward model's folder"
        )
    _check_arguments(found, arguments, f"component {key}: {source}")
    makes = found.func if isinstance(found, functools.partial) else found
    if inspect.isclass(makes):
        return found(**{"name": key, **arguments} if makes.__module__ == "posttrain.reward.model" else arguments)
    return _bound_own(source, found, arguments, key) if source in OWN else _bind(found, arguments, set(arguments))


def _reward_model_class() -> Any:
    from posttrain.reward.model import RewardModel  # brings torch and transformers

    return RewardModel


class _Bound(functools.partial):
    """A reward with its settings, from which the columns named in `closed` are kept away."""

    closed: set[str]

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **{key: value for key, value in kwargs.items() if key not in self.closed})


def _bind(reward: Reward, arguments: dict[str, Any], closed: set[str]) -> Reward:
    if not closed:
        return reward
    bound = _Bound(reward, **arguments)
    bound.closed = closed
    bound.__name__ = getattr(reward, "__name__", type(reward).__name__)  # type: ignore[attr-defined]
    return bound


def _bound_own(name: str, reward: Reward, arguments: dict[str, Any], key: str) -> Reward:
    """One of our rewards with its settings, which it has looked at."""
    parameters = inspect.signature(reward).parameters.values()
    named = {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
    settings = (named - COLUMNS.get(name, set()) - FROM_TRAINER) | set(arguments)
    try:
        bound = _bind(reward, _read_sandbox(arguments) if name == "code_reward" else arguments, settings)
        trial = TRIALS.get(name, {"completions": []})
        bound(**{column: values for column, values in trial.items() if column not in arguments})
    except UserError as error:
        raise UserError(f"component {key}: {error}") from None
    except (TypeError, AttributeError) as error:
        given = ", ".join(f"{one}: {value!r:.40}" for one, value in arguments.items())
        raise UserError(f"component {key}: {name} cannot use {given} ({error})") from None
    return bound


def _read_sandbox(arguments: dict[str, Any]) -> dict[str, Any]:
    """code_reward's `limits` from a mapping and `sandbox` from the name of an isolation, as plain data give them."""
    from posttrain.reward.sandbox import Limits, Sandbox

    read = dict(arguments)
    limits, sandbox = arguments.get("limits"), arguments.get("sandbox")
    if isinstance(limits, Mapping):
        known = [one.name for one in fields(Limits)]
        for name, value in limits.items():
            if name not in known:
                raise UserError(f"code_reward: limits has no {name!r}{nearest(name, known)}; it has {', '.join(known)}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UserError(f"code_reward: limits: {name} must be a number, not {value!r:.40}")
        read["limits"] = Limits(**limits)
    elif limits is not None and not isinstance(limits, Limits):
        raise UserError(f"code_reward: limits must be a mapping such as {{wall_seconds: 5}}, not {limits!r:.40}")
    if isinstance(sandbox, str):
        read["sandbox"] = Sandbox(isolation=sandbox)  # type: ignore[arg-type]  # it checks the name
    elif sandbox is not None and not isinstance(sandbox, Sandbox):
        raise UserError(f"code_reward: sandbox must be bubblewrap or process, not {sandbox!r:.40}")
    return read


def _check_arguments(reward: Reward, arguments: dict[str, Any], where: str) -> None:
    parameters = inspect.signature(reward).parameters
    known = [
        name for name, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL, p.POSITIONAL_ONLY)
    ]
    for name in arguments:
        if name in FROM_TRAINER or name not in known:
            settings = [one for one in known if one not in FROM_TRAINER]
            raise UserError(f"{where} has no argument {name!r}{nearest(name, [*settings, *KEYS])}")


def _users(source: str, key: str) -> Any:
    """A user's own function or class: `module:name`, or `file.py:name`."""
    home, _, name = source.rpartition(":")
    module = _file_module(home, key) if home.endswith(".py") else _module(home, key)
    if not hasattr(module, name):
        public = [one for one in vars(module) if not one.startswith("_")]
        raise UserError(f"component {key}: {home} has no {name!r}{nearest(name, public)}")
    found = getattr(module, name)
    if not callable(found):
        raise UserError(f"component {key}: {source} is no function but {type(found).__name__}")
    return found


def _module(home: str, key: str) -> ModuleType:
    try:
        return importlib.import_module(home)
    except ModuleNotFoundError as error:
        if error.name and (home == error.name or home.startswith(f"{error.name}.")):
            raise UserError(
                f"component {key}: there is no module {home!r}; put its folder on PYTHONPATH, or give file.py:name"
            ) from None
        raise


def _file_module(home: str, key: str) -> ModuleType:
    path = Path(home).expanduser().resolve()
    if not path.is_file():
        raise UserError(f"component {key}: there is no file {home}")
    spec = importlib.util.spec_from_file_location(f"reward_file_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickling look their module up there
    spec.loader.exec_module(module)
    return module


def required_columns(reward: Reward | Iterable[Reward]) -> set[str]:
    """The columns that a reward, or any of a list of them, cannot do without: parameters that have no default.

    Of a composite, those of all its components. What a trainer brings itself (prompts, completion_ids, …) is no column.
    """
    return {needed[0] for needed in _needs(reward)}


def _needs(reward: Reward | Iterable[Reward]) -> set[tuple[str, ...]]:
    """What a reward cannot do without: of each tuple of columns one."""
    if isinstance(reward, Composite):
        return _needs(component.reward for component in reward.components.values())
    if not callable(reward):
        return set().union(*map(_needs, reward))
    function, bound = (reward.func, set(reward.keywords)) if isinstance(reward, functools.partial) else (reward, set())
    ours = str(getattr(function, "__module__", "")).startswith("posttrain.reward.")
    needed = NEEDED.get(getattr(function, "__name__", ""), ()) if ours else ()
    parameters = inspect.signature(reward).parameters.values()
    named = (p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.default is p.empty)
    signed = {(p.name,) for p in named if p.name not in FROM_TRAINER}
    return signed | ({needed} if needed and bound.isdisjoint(needed) else set())


def check_columns(reward: Reward | Iterable[Reward], columns: Iterable[str], where: str = "the data") -> None:
    """Raise UserError, naming the column and the nearest one there is, where the data lack what a reward needs.

    columns: the data's · where: what the message calls them (a file's name). To be called before the first step.
    """
    given = set(columns)
    there = given - KEPT_BACK
    for column, *others in sorted(needed for needed in _needs(reward) if there.isdisjoint(needed)):
        if column in KEPT_BACK:
            raise UserError(
                f"a reward asks for the column {column!r}, which trainers keep back: take {column}s instead"
            )
        instead = "".join(f" or {other!r}" for other in others)
        raise UserError(
            f"{where} has no column {column!r}{instead}, which a reward needs{nearest(column, there)}; "
            f"it has {', '.join(sorted(given)) or 'none'}"
        )
