"""Every YAML parses, says how it is launched, and states the memory that `posttrain doctor` finds for it."""

import re
from pathlib import Path

import pytest
import yaml
from accelerate.commands.config.config_args import load_config_from_file

from posttrain.config import AdapterArguments, DataArguments, ModelArguments, SFTConfig, parse
from posttrain.distill_config import DistillConfig, TeacherConfig
from posttrain.doctor import plan_memory
from posttrain.members import read_members
from posttrain.memory import GIB
from posttrain.qat_config import QATConfig
from posttrain.reward_config import RewardModelConfig
from posttrain.rl_config import RLConfig
from posttrain.warp_command import EXTRA

ROOT = Path(__file__).parent.parent
CONFIGS = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("recipes/configs/*.yaml"))]
LAUNCHES = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("accelerate_configs/*.yaml"))]
UNKNOWN_SIZE = ("/teacher_", "/distill_270m", "/rl_270m", "/qat_270m")  # of a model that another command makes
SIZES = ("1b", "4b", "12b", "27b")
RECIPES = {
    "recipes/it_sft.py": (ModelArguments, AdapterArguments, DataArguments, SFTConfig),
    "recipes/it_distill.py": (ModelArguments, AdapterArguments, DataArguments, DistillConfig),
    "recipes/it_reward_model.py": (ModelArguments, AdapterArguments, DataArguments, RewardModelConfig),
    "recipes/it_rl.py": (ModelArguments, AdapterArguments, DataArguments, RLConfig),
    "recipes/it_qat.py": (ModelArguments, AdapterArguments, DataArguments, QATConfig),
    "recipes/it_teacher.py": (DataArguments, TeacherConfig),
}
LAUNCH = re.compile(r"accelerate launch (?P<options>.*?)(?P<recipe>recipes/\w+\.py) (?P<arguments>.*)")
FIGURE = re.compile(
    r"posttrain doctor --config (?P<config>\S+) --launch (?P<launch>\S+)  "
    r"# (?P<device>\d+\.\d) GiB(, host (?P<host>\d+\.\d) GiB a process)?$",
    re.MULTILINE,
)


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    """Commands in the headers are run from the root of the repository."""
    monkeypatch.chdir(ROOT)


def header(path: str) -> str:
    """The comment that a YAML opens with, without its marks."""
    text = Path(path).read_text()
    return "\n".join(line.removeprefix("#").strip() for line in re.match(r"(#.*\n)*", text).group().splitlines())


def option(name: str, text: str) -> str | None:
    found = re.search(rf"--{name} (\S+)", text)
    return found and found.group(1)


def parse_yaml(path: str) -> tuple:
    recipe = LAUNCH.search(header(path))["recipe"]
    on_cpu = [] if recipe.endswith("it_teacher.py") else ["--bf16", "false"]
    return parse(RECIPES[recipe], ["--config", path, *on_cpu])


def test_what_the_teacher_reads_is_what_the_student_reads():
    """The cache of one YAML is read by the other: same rows, same length."""
    for teacher, student in (("teacher_270m_cpu", "distill_270m_cpu"), ("teacher_27b", "distill_1b_cached")):
        data, said = parse_yaml(f"recipes/configs/{teacher}.yaml")
        _, _, rows, args = parse_yaml(f"recipes/configs/{student}.yaml")
        assert data == rows and (said.output_dir, said.max_length) == (args.teacher, args.max_length)


def test_every_size_has_its_configurations():
    wanted = {f"recipes/configs/sft_{size}_{method}.yaml" for size in SIZES for method in ("lora", "full")}
    assert wanted | {"recipes/configs/sft_27b_qlora.yaml"} <= set(CONFIGS)


@pytest.mark.parametrize("path", CONFIGS)
def test_a_configuration_parses_and_names_its_launch(path):
    command = LAUNCH.search(header(path))
    assert command, "the header has no `accelerate launch … recipes/X.py …`"
    assert Path(command["recipe"]).is_file() and option("config", command["arguments"]) == path
    launch = option("config_file", command["options"])
    assert launch is None or launch in LAUNCHES
    parse_yaml(path)


@pytest.mark.parametrize("path", [path for path in CONFIGS if not any(odd in path for odd in UNKNOWN_SIZE)])
def test_the_memory_in_the_header_is_the_estimate(path):
    figures = list(FIGURE.finditer(header(path)))
    launch = option("config_file", LAUNCH.search(header(path))["options"])
    assert figures and launch in {None, *(figure["launch"] for figure in figures)}
    for figure in figures:
        assert figure["config"] == path
        plan, *_ = plan_memory(path, figure["launch"])
        assert figure["device"] == f"{plan.total / GIB:.1f}", figure["launch"]
        assert figure["host"] == (f"{plan.host / GIB:.1f}" if plan.host else None), figure["launch"]


@pytest.mark.parametrize("path", [path for path in CONFIGS if "/sft_" in path])
def test_the_ladder_leaves_memory_and_trains_on_131072_tokens_a_step(path):
    """From 1B on one GPU to 27B on 16: packed rows, one batch, and 15 % of 80 GB to spare under the launch named."""
    model, adapter, _, args = parse_yaml(path)
    size, method = re.fullmatch(r"sft_(\w+)_(\w+)", Path(path).stem).groups()
    assert (model.model, adapter.method) == (f"google/gemma-3-{size}-pt", method)
    assert args.output_dir == f"runs/sft_{size}_{method}"
    launch = option("config_file", LAUNCH.search(header(path))["options"])
    processes = yaml.safe_load(Path(launch).read_text())["num_processes"]
    micro_batch = args.per_device_train_batch_size * args.max_length
    assert micro_batch * args.gradient_accumulation_steps * processes == 131_072 and args.packing
    plan, *_ = plan_memory(path, launch)
    assert plan.total <= 0.85 * 80e9


@pytest.mark.parametrize("name", ["warm_270m_cpu", "warp_270m_cpu"])
def test_members_settings_are_their_recipes(name, tmp_path):
    """Each member's settings, over the YAML that all share, parse as the recipe's own."""
    recipe, extra = ("it_rl", EXTRA) if "warp" in name else ("it_reward_model", {"average": "mean"})
    members, _ = read_members(f"recipes/members/{name}.yaml", recipe, tmp_path, extra)
    for number in range(1, len(members.settings) + 1):
        command = members.command(number)
        given = command[command.index("--config") :]
        parse(RECIPES[f"recipes/{recipe}.py"], [*given, "--bf16", "false"])
    assert f"recipes/members/{name}.yaml" in Path(f"recipes/members/{name}.yaml").read_text()


@pytest.mark.parametrize("path", LAUNCHES)
def test_an_accelerate_config_loads_and_names_itself(path):
    body = Path(path).read_text()
    config = load_config_from_file(path)
    assert option("config_file", header(path)) == path
    assert "fp16" not in body and config.mixed_precision == ("no" if "/cpu" in path else "bf16")
    if "/cpu_" in path:  # with use_cpu, accelerate starts one process and says nothing
        assert (config.num_processes, config.use_cpu) == (2, False)
