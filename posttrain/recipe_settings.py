"""The recipes by name, and the settings of each: for those who read a recipe's YAML without running it."""

import tempfile
from pathlib import Path
from typing import Any

import yaml

from posttrain.config import AdapterArguments, DataArguments, ModelArguments, SFTConfig, parse
from posttrain.distill_config import DistillConfig, TeacherConfig
from posttrain.qat_config import QATConfig, check_adapter
from posttrain.reward_config import RewardModelConfig
from posttrain.rl_config import RLConfig

# Those that train a model, by the class of their own settings.
TRAINING: dict[str, type] = {
    "it_sft": SFTConfig,
    "it_distill": DistillConfig,
    "it_reward_model": RewardModelConfig,
    "it_rl": RLConfig,
    "it_qat": QATConfig,
}
RECIPES = (*TRAINING, "it_teacher")


def parse_recipe(recipe: str, config: str | Path) -> tuple[Any, ...]:
    """The recipe's settings in a YAML: of a training recipe (model, adapter, data, its own), of it_teacher (data, its
    own). Raises UserError as the recipe itself does; bf16 is left out, since the YAML may be for another machine."""
    if recipe == "it_teacher":
        return parse((DataArguments, TeacherConfig), ["--config", str(config)])
    kinds = (ModelArguments, AdapterArguments, DataArguments, TRAINING[recipe])
    parts = parse(kinds, ["--config", str(config), "--bf16", "false"])
    if recipe == "it_qat":
        check_adapter(parts[1])
    return parts


def check_settings(recipe: str, settings: dict[str, Any]) -> None:
    """Raise UserError for settings that the recipe would refuse."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(settings, file)
        file.flush()
        parse_recipe(recipe, file.name)
