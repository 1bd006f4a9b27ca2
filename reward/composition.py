"""Several rewards as one: weights, gates, components that cannot judge, and what each of them gave, in the log."""

import asyncio
import functools
import inspect
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from posttrain.errors import UserError, nearest
from posttrain.reward.completions import Completion

Reward = Callable[..., Any]


@dataclass
class Component:
    """One reward of a composite.

    weight: its factor in the sum; 0 for one that only gates or is only watched.
    gates: {name of another component: bound}; this reward counts where each of those is above its bound, else it is 0.
    """

    reward: Reward
    weight: float = 1.0
    gates: dict[str, float] = field(default_factory=dict)


def combine(
    rewards: Mapping[str, Reward],
    weights: Mapping[str, float] | None = None,
    gates: Mapping[str, str | Sequence[str] | Mapping[str, float]] | None = None,
    name: str = "reward",
) -> "Composite":
    """One reward function of several: Σ weight · reward, each where its gates are open.

        combine({"math": math_reward, "format": format_reward}, weights={"format": 0.2}, gates={"math": "format"})

    rewards: by names of your choice, which the log carries · weights: 1 where not named · gates: for a component, the
    name or names of those that must be above 0 for it to count, or {name: bound} for another bound.
    Raises UserError for a name in weights or gates that is no component, and for a weight that is no finite number.
    """
    for part, given in (("weights", weights), ("gates", gates)):
        for key in given or ():
            if key not in rewards:
                raise UserError(f"{part} of {name}: {key!r} is no component{nearest(key, rewards)}")
    return Composite(
        {
            key: Component(reward, (weights or {}).get(key, 1.0), read_gates((gates or {}).get(key)))
            for key, reward in rewards.items()
        },
        name,
    )


class Composite:
    """A weighted and gated sum of rewards with TRL's signature; made by `combine` or `build_reward`.

    Where a component cannot judge a row (None, or NaN) it drops out of that row's sum, and the weights of the others
    are scaled up to the same total; where no component with a weight can judge, the row's reward is None. A closed gate
    makes a reward 0 and keeps its weight; a gate that cannot judge takes what it gates out as well.

    It logs rewards/{component}/mean, rewards/{component}/none (the share of rows it could not judge) and, for gated
    ones, rewards/{component}/gated (the share of rows where it did not count); a column {name}/{component} of the
    completions table has the component's raw value in each row. Asynchronous components run side by side.
    """

    def __init__(self, components: Mapping[str, Component], name: str = "reward"):
        self.components = dict(components)
        self.__name__ = name
        self._loop: asyncio.AbstractEventLoop | None = None
        _check_components(self.components, name)

    def __call__(self, completions: Sequence[Completion], **kwargs: Any) -> list[float | None]:
        values = self._values(completions, kwargs)
        terms = {key: self._gated(key, values) for key in self.components}
        self._log(values, terms, kwargs.get("log_metric"), kwargs.get("log_extra"))
        weights = {key: component.weight for key, component in self.components.items() if component.weight}
        return [_weighted({key: terms[key][row] for key in weights}, weights) for row in range(len(completions))]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_loop": None}

    def _values(self, completions: Sequence[Completion], kwargs: dict[str, Any]) -> dict[str, list[float | None]]:
        """Each component's own value for each row."""
        outputs, waiting = {}, {}
        for key, component in self.components.items():
            call = functools.partial(component.reward, completions=completions, **_accepted(component.reward, kwargs))
            if is_async(component.reward):
                waiting[key] = call
            else:
                outputs[key] = call()
        if waiting:
            outputs |= self._gather(waiting)
        return {key: _read_values(outputs[key], len(completions), f"{self.__name__}: {key}") for key in self.components}

    def _gather(self, calls: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """The results of asynchronous rewards, run at the same time in one event loop that lives on in a thread.

        One loop for all calls, since clients of a server are bound to the loop that they were first used in.
        """
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, daemon=True, name=f"{self.__name__}-async").start()

        async def gather() -> list[Any]:
            return await asyncio.gather(*(call() for call in calls.values()))

        results = asyncio.run_coroutine_threadsafe(gather(), self._loop).result()
        return dict(zip(calls, results, strict=True))

    def _gated(self, key: str, values: dict[str, list[float | None]]) -> list[float | None]:
        """A component's value where its gates are open, 0 where one is closed, None where one cannot judge."""
        terms = list(values[key])
        for row in range(len(terms)):
            gates = [(values[gate][row], bound) for gate, bound in self.components[key].gates.items()]
            if any(value is not None and value <= bound for value, bound in gates):
                terms[row] = 0.0
            elif any(value is None for value, _ in gates):
                terms[row] = None
        return terms

    def _log(self, values: dict, terms: dict, log_metric: Any, log_extra: Any) -> None:
        for key, component in self.components.items():
            column = values[key]
            known = [value for value in column if value is not None]
            if log_extra:
                log_extra(f"{self.__name__}/{key}", column)
            if not log_metric or not column:
                continue
            log_metric(f"rewards/{key}/none", 1 - len(known) / len(column))
            if known:
                log_metric(f"rewards/{key}/mean", sum(known) / len(known))
            if component.gates:
                changed = sum(before != after for before, after in zip(column, terms[key], strict=True))
                log_metric(f"rewards/{key}/gated", changed / len(column))


def _weighted(terms: Mapping[str, float | None], weights: Mapping[str, float]) -> float | None:
    """Σ w·r over what is known, scaled by Σ|w| of all over Σ|w| of the known; None where nothing is known."""
    known = {key: value for key, value in terms.items() if value is not None}
    if not known:
        return None
    scale = sum(map(abs, weights.values())) / sum(abs(weights[key]) for key in known)
    return scale * sum(weights[key] * value for key, value in known.items())


def _read_values(output: Any, rows: int, where: str) -> list[float | None]:
    if inspect.isawaitable(output):
        raise UserError(f"{where} returned something to await: define it with `async def`")
    if not hasattr(output, "__len__") or isinstance(output, str | Mapping) or len(output) != rows:
        found = f"{len(output)} values" if hasattr(output, "__len__") else type(output).__name__
        raise UserError(f"{where} must return a list of {rows} rewards, one a completion, and returned {found}")
    try:
        values = [None if value is None else float(value) for value in output]
    except (TypeError, ValueError) as error:
        raise UserError(f"{where} returned a reward that is no number ({error})") from None
    if any(value is not None and math.isinf(value) for value in values):
        raise UserError(f"{where} returned an infinite reward")
    return [None if value is None or math.isnan(value) else value for value in values]


def _check_components(components: dict[str, Component], name: str) -> None:
    if not components:
        raise UserError(f"{name} has no component: name at least one reward")
    for key, component in components.items():
        if not callable(component.reward):
            raise UserError(f"{name}: {key} is no function but {component.reward!r:.60}")
        if not _is_number(component.weight):
            raise UserError(f"{name}: the weight of {key} must be a finite number, not {component.weight!r}")
        for gate, bound in component.gates.items():
            if gate not in components or gate == key:
                others = [other for other in components if other != key]
                raise UserError(f"{name}: the gate {gate!r} of {key} is no other component{nearest(gate, others)}")
            if not _is_number(bound):
                raise UserError(f"{name}: the bound of gate {gate} of {key} must be a number, not {bound!r}")
    if not any(component.weight for component in components.values()):
        raise UserError(f"{name}: every weight is 0, so every reward would be None")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_gates(given: Any) -> dict[str, float]:
    """{component: bound} of a gate as users write it: a name, a list of names, or the mapping itself; None is none."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise UserError(f"a gate is the name of a component, a list of names, or {{name: bound}}, not {given!r}")
    return dict.fromkeys(names, 0.0)


def is_async(reward: Reward) -> bool:
    """Whether a reward must be awaited: an `async def`, one with arguments bound, or an object with an async call."""
    while isinstance(reward, functools.partial):
        reward = reward.func
    return inspect.iscoroutinefunction(reward) or inspect.iscoroutinefunction(getattr(reward, "__call__", None))  # noqa: B004


def _accepted(reward: Reward, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments that a reward takes: all of them with **kwargs, else those that it names."""
    parameters = inspect.signature(reward).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        bound = reward.keywords if isinstance(reward, functools.partial) else {}
        return {key: value for key, value in kwargs.items() if key not in bound}
    return {key: value for key, value in kwargs.items() if key in parameters}
