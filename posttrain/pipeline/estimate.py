"""What a stage will need, before it is run: memory of a process, and room on the disk. Estimates, to plan by."""

import tempfile
from typing import Any

import yaml

from posttrain.doctor import plan_memory
from posttrain.errors import UserError
from posttrain.memory import GIB, ParameterCount
from posttrain.pipeline.plan import Planned
from posttrain.pipeline.spec import REFERENCE, replace_references
from posttrain.recipe_settings import TRAINING


def needs(one: Planned, plan: list[Planned]) -> tuple[float, float] | None:
    """(GiB of memory a process, GiB on the disk) of a training stage; None of others, and where the model is unknown.

    A model that another stage writes counts as the one that it came from.
    """
    if one.stage.action not in TRAINING:
        return None
    stages = {other.stage.name: other for other in plan}
    settings = replace_references(one.stage.settings, lambda name: _model(stages[name], stages))
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(f"# recipes/{one.stage.action}.py\n{yaml.safe_dump(settings)}")
        file.flush()
        try:
            memory, _, count = plan_memory(file.name, one.stage.launch)
        except (UserError, OSError):
            return None
    return memory.total / GIB, disk_bytes(settings, count) / GIB


def _model(one: Planned, stages: dict[str, Planned]) -> str:
    """The published model, or the folder, that a stage's output descends from."""
    settings = one.stage.settings
    spec: dict[str, Any] = settings["spec"] if isinstance(settings.get("spec"), dict) else {}
    given = settings.get("model") or settings.get("init") or spec.get("model") or (spec.get("all") or {}).get("model")
    folders = settings.get("folders")
    given = given or (folders[0] if isinstance(folders, list) and folders else folders) or settings.get("teacher", "")
    reference = REFERENCE.search(str(given))
    name = reference and (reference["braced"] or reference["plain"])
    return _model(stages[name], stages) if name in stages else str(given)


def disk_bytes(settings: dict[str, Any], count: ParameterCount) -> float:
    """The finished model, and the checkpoints kept for resuming: weights and two Adam moments in float32."""
    whole = count.language + count.vision
    stored = 4 if settings.get("save_dtype") == "float32" else 2
    trained = count.language
    if settings.get("method", "full") != "full":
        trained = settings.get("lora_r", 16) * (count.inputs + count.outputs)
    kept = 0 if settings.get("save_strategy") == "no" else settings.get("save_total_limit") or 2
    return stored * whole + 12 * trained * kept
