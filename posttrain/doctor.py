"""`posttrain doctor`: what is installed, what a run will need in memory, and whether model and data fit together."""

import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from transformers import GenerationConfig

from posttrain.cache import cache_dir
from posttrain.chat import END_OF_TURN, IGNORE, START_OF_TURN, encode, encode_prompt, normalise_messages
from posttrain.config import AdapterArguments, DataArguments, ModelArguments
from posttrain.data.mixture import check_sources, first_rows
from posttrain.distill_config import DistillConfig
from posttrain.errors import UserError
from posttrain.gemma import BUILT_IN, load_config, load_model, resolve_source, stop_token_ids
from posttrain.memory import ARCHITECTURES, GIB, MemoryPlan, ParameterCount, count_parameters, estimate_memory
from posttrain.recipe_settings import TRAINING, parse_recipe
from posttrain.reward.sandbox import check_isolation
from posttrain.reward_config import RewardModelConfig
from posttrain.rl_config import RLConfig
from posttrain.stage import versions
from posttrain.terminal import printable

MARKS = ("⟦", "⟧")
MAX_TABLE = 64  # tokens of the first row that are shown one a line


@dataclass
class Check:
    """One trap that was looked at: what it asks, whether it passed, and what was seen.

    required: without it training would go wrong; what only a later step may want is noted and fails nothing.
    """

    name: str
    passed: bool
    seen: str
    required: bool = True


def doctor(
    *,
    config: str | None,
    launch: str | None,
    model: str | None,
    data: str | None,
    rows: int = 3,
    console: Console | None = None,
) -> bool:
    """Print the report; False when a check failed.

    config: a recipe's YAML · launch: an accelerate config (for the number of processes and the ZeRO stage)
    model, data: checked together over the first `rows` rows.
    """
    _check_given(config, launch, model, data)
    console = console or Console()
    console.print(_pairs("Versions", versions().items()))
    console.print(_pairs("This machine", machine().items()))
    level, why = check_isolation()
    console.print(f"sandbox of the code rewards: {level or 'none'} ({why})", markup=False, highlight=False)
    passed = True
    if config:
        plan, available, _ = plan_memory(config, launch)
        console.print(
            _pairs(f"Memory of {config}: an estimate, GiB a process", [(n, f"{gib:.2f}") for n, gib in plan.rows()])
        )
        if available is None:
            console.print(f"needs {plan.total / GIB:.1f} GiB a GPU; there is none here to compare with")
        else:
            fits = plan.total <= available
            passed &= fits
            console.print(f"{_mark(fits)} needs {plan.total / GIB:.1f} GiB, {available / GIB:.1f} GiB here")
    if model and data:
        checks = check_model_and_data(model, data, rows, console)
        passed &= all(check.passed or not check.required for check in checks)
        console.print(_checks_table(checks))
    return passed


def _check_given(config: str | None, launch: str | None, model: str | None, data: str | None) -> None:
    """What is missing is said before anything is printed. Raises UserError."""
    if launch and not config:
        raise UserError("--launch is for --config: give the recipe's YAML too")
    if bool(model) != bool(data):
        raise UserError("doctor checks --model and --data together: give both")
    if config and not Path(config).is_file():
        raise UserError(f"--config: no such file: {config}")
    _read_launch(launch)
    if model and data:
        check_sources(data)
        resolve_source(model)


def machine() -> dict[str, str]:
    """Cores, memory, disk and accelerators."""
    memory = psutil.virtual_memory()
    facts = {
        "CPU": f"{psutil.cpu_count(logical=False)} cores, {platform.machine()}",
        "memory": f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB free",
        "disk here": f"{shutil.disk_usage('.').free / GIB:.0f} GiB free",
        "cache": str(cache_dir()),
    }
    for i in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(i)
        facts[f"GPU {i}"] = (
            f"{properties.name}, {properties.total_memory / GIB:.0f} GiB, bf16 {torch.cuda.is_bf16_supported()}"
        )
    return facts | ({} if torch.cuda.is_available() else {"GPU": "none: float32 on the CPU"})


def plan_memory(config: str, launch: str | None = None) -> tuple[MemoryPlan, int | None, ParameterCount]:
    """The estimate for a recipe's YAML under an accelerate config, the bytes that a process has here, and the model's
    parameters.

    The bytes are None where the plan is for GPUs and this machine has none.
    """
    kind = _kind(_text(config))
    model_args, adapter, data, args = parse_recipe(kind, config)
    setting = _read_launch(launch)
    deepspeed = setting.get("deepspeed_config", {})
    cuda = torch.cuda.is_available() if launch is None else setting.get("mixed_precision") == "bf16"
    architecture = _architecture(model_args.model, model_args.revision, model_args.text_only)
    plan = estimate_memory(
        architecture,
        method=adapter.method,
        lora_r=adapter.lora_r,
        zero_stage=deepspeed.get("zero_stage", 0),
        fsdp=setting.get("distributed_type") == "FSDP",
        offload=deepspeed.get("offload_optimizer_device", "none") != "none",
        processes=setting.get("num_processes", 1),
        gradient_checkpointing=args.gradient_checkpointing,
        precision="bf16" if cuda else "fp32",
        device="cuda" if cuda else "cpu",
        **_batch(args, data),
        **_beside(args, model_args, adapter),
    )
    here: int | None = psutil.virtual_memory().total // setting.get("num_processes", 1)
    if cuda:
        here = torch.cuda.get_device_properties(0).total_memory if torch.cuda.is_available() else None
    return plan, here, count_parameters(architecture)


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).is_file() else ""  # the parser says what is wrong with it


def check_model_and_data(source: str, data: str, count: int, console: Console) -> list[Check]:
    """Load the model, encode the first rows, print them, and look at every trap that can be seen from here."""
    rows = first_rows(data, max(count, 1))
    model, tokenizer = load_model(source)
    encoded = [encode(row["messages"], tokenizer, where=row.get("where", "row")) for row in rows]
    console.print(token_table(encoded[0], tokenizer))
    console.print(Text(f"Rows as trained ({legend(console)})", style="bold"))
    for row in encoded:
        console.print(coloured(row, tokenizer, console))
    return [
        *model_checks(source, model, tokenizer),
        *row_checks(rows, encoded, tokenizer, model.config.get_text_config().max_position_embeddings),
    ]


def model_checks(source: str, model: Any, tokenizer: Any) -> list[Check]:
    """Traps of the checkpoint. Missing and unexpected weights have raised before this."""
    head, embedding = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    start, end = (tokenizer.convert_tokens_to_ids(token) for token in (START_OF_TURN, END_OF_TURN))
    layers = set(model.config.get_text_config().layer_types)
    try:
        own = GenerationConfig.from_pretrained(resolve_source(source)).eos_token_id
    except OSError:
        own = None
    return [
        Check(
            "every weight present, none left over (1, 2)",
            True,
            f"{sum(p.numel() for p in model.parameters()):,} parameters",
        ),
        Check("head tied to the embedding (5, 6)", head is embedding, f"{embedding.shape[0]:,} rows"),
        Check(
            "tokens fit the embedding (8, 30)", len(tokenizer) <= embedding.shape[0] + 1, f"{len(tokenizer):,} tokens"
        ),
        Check(
            "its own generation_config stops on both (11)",
            set(stop_token_ids(tokenizer)) <= set(own if isinstance(own, list) else [own]),
            f"{own}; ours are set on loading and saving",
            required=False,
        ),
        Check("turn tokens are single ids (10)", None not in (start, end) and end == start + 1, f"{start}, {end}"),
        Check("local and global layers (20)", len(layers) == 2, ", ".join(sorted(layers))),
        Check(
            "tokenizer.model for llama.cpp (37)",
            "tokenizer.model" in tokenizer.companion_files,
            "export to GGUF needs it",
            required=False,
        ),
    ]


def row_checks(rows: list[dict], encoded: list[dict], tokenizer: Any, context: int) -> list[Check]:
    """Traps of the encoded rows."""
    bos = [row["input_ids"].count(tokenizer.bos_token_id) for row in encoded]
    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    trained = [sum(label != IGNORE for label in row["labels"]) for row in encoded]
    same = [
        row["input_ids"] == _template_ids(raw["messages"], tokenizer) for raw, row in zip(rows, encoded, strict=True)
    ]
    prompts = [encode_prompt(raw["messages"][:-1], tokenizer) for raw in rows]
    prefix = [row["input_ids"][: len(p)] == p for row, p in zip(encoded, prompts, strict=True)]
    longest = max(len(row["input_ids"]) for row in encoded)
    return [
        Check("<end_of_turn> is trained (10)", all(end in row["labels"] for row in encoded), f"id {end} in the labels"),
        Check("exactly one <bos> (13, 14)", set(bos) == {1}, f"{bos[:8]}"),
        Check("ids are the chat template's (15, 18)", all(same), f"{sum(same)} of {len(same)} rows"),
        Check("something is trained in every row (16, 17)", min(trained) > 0, f"labels {trained[:8]}"),
        Check("training begins as generation does (18)", all(prefix), f"{sum(prefix)} of {len(prefix)} rows"),
        Check("rows within the context (24)", longest <= context, f"longest {longest} of {context} tokens"),
    ]


def token_table(row: dict[str, list[int]], tokenizer: Any) -> Table:
    """Position, id, token and label of the first row, one token a line."""
    table = Table("position", "id", "token", "label", title="First row")
    for position, (token, label) in enumerate(zip(row["input_ids"][:MAX_TABLE], row["labels"], strict=False)):
        trained = label != IGNORE
        cells = [str(position), str(token), escape(repr(tokenizer.decode([token]))), str(label) if trained else "–"]
        table.add_row(*cells, style="bold green" if trained else "dim")
    if len(row["input_ids"]) > MAX_TABLE:
        table.caption = f"{len(row['input_ids']) - MAX_TABLE} more"
    return table


def legend(console: Console) -> str:
    """How `coloured` shows what is trained."""
    return "bold green: trained; dim: not" if console.is_terminal else f"between {MARKS[0]} and {MARKS[1]}: trained"


def coloured(row: dict[str, list[int]], tokenizer: Any, console: Console) -> Text:
    """The row's text, trained parts bold green; between MARKS where the console is a file or a pipe without colours."""
    text = Text()
    before, after = ("", "") if console.is_terminal else MARKS
    spans: list[tuple[bool, list[int]]] = []
    for token, label in zip(row["input_ids"], row["labels"], strict=True):
        trained = label != IGNORE
        if not spans or spans[-1][0] != trained:
            spans.append((trained, []))
        spans[-1][1].append(token)
    for trained, tokens in spans:
        said = printable(tokenizer.decode(tokens))
        text.append(f"{before}{said}{after}" if trained else said, style="bold green" if trained else "dim")
    return text


def _template_ids(messages: list[dict], tokenizer: Any) -> list[int]:
    return tokenizer.apply_chat_template(normalise_messages(messages), return_dict=True)["input_ids"]


def _architecture(model: str, revision: str, text_only: bool = False) -> Any:
    name = _published(model)
    config = ARCHITECTURES[name]() if name in ARCHITECTURES else load_config(model, revision=revision)
    return config.get_text_config() if text_only else config


def _published(model: str) -> str:
    """Its name among ARCHITECTURES, which has the pre-trained ones."""
    name = f"google/{model}" if model in BUILT_IN else model
    return name.removesuffix("-it") if "270m" in name else name.replace("-it", "-pt")


def _kind(text: str) -> str:
    """The recipe of a YAML: the one that it names in its header, or by its keys."""
    named = re.search(r"recipes/(it_\w+)\.py", text)
    if named and named[1] in TRAINING:
        return named[1]
    keys = {"quantise": "it_qat", "teacher": "it_distill", "reward": "it_rl", "score_head": "it_reward_model"}
    return next((kind for key, kind in keys.items() if re.search(rf"^{key}:", text, re.M)), "it_sft")


def _batch(args: Any, data: DataArguments) -> dict[str, Any]:
    """What a process trains on at once, and whether it writes replies."""
    rows = args.per_device_train_batch_size
    if isinstance(args, RewardModelConfig):  # two replies a pair, and no head over the vocabulary
        return {"micro_batch": 2 * rows, "sequence_length": args.max_length or 2048, "labelled_fraction": 0.0}
    if isinstance(args, RLConfig):
        reply = args.turns * (args.max_completion_length or 1024)
        length = args.max_prompt_length + reply
        kept = 2 / (args.anchor_samples + 1) if args.algorithm == "jbond" else 1  # of what is written
        lengths = {"sequence_length": length, "labelled_fraction": reply / length}
        return {"micro_batch": max(1, round(rows * kept)), "sampling": True, **lengths}
    sampling = args.sample_rows > 0 and data.eval_rows > 0
    return {"micro_batch": rows, "sequence_length": args.max_length or 2048, "sampling": sampling}


def _beside(args: Any, model_args: ModelArguments, adapter: AdapterArguments) -> dict[str, Any]:
    """A model beside the trained one: a teacher (a published one, or a folder), or RL's anchor in full tuning. Caches,
    servers and adapters take no memory of that kind."""
    if isinstance(args, RLConfig) and args.needs_anchor and adapter.method == "full":
        return {"teacher": _architecture(model_args.model, model_args.revision, model_args.text_only)}
    if not isinstance(args, DistillConfig):
        return {}
    source = str(args.teacher or model_args.model)  # of QAT by default the model itself
    if _published(source) not in ARCHITECTURES and not (Path(source) / "config.json").is_file():
        return {}
    return {"teacher": _architecture(source, args.teacher_revision), "teacher_bits": args.teacher_bits}


def _read_launch(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    if not Path(path).is_file():
        raise UserError(f"--launch: no such file: {path}")
    return yaml.safe_load(Path(path).read_text()) or {}


def _pairs(title: str, pairs: Any) -> Table:
    table = Table(title=title, show_header=False, title_justify="left", min_width=len(title))
    for name, value in pairs:
        table.add_row(str(name), str(value))
    return table


def _checks_table(checks: list[Check]) -> Table:
    table = Table("", "check (trap)", "seen", title="Checks")
    for check in checks:
        table.add_row(_mark(check.passed, check.required), check.name, check.seen)
    return table


def _mark(passed: bool, required: bool = True) -> str:
    if passed:
        return "[green]pass[/green]"
    return "[bold red]FAIL[/bold red]" if required else "[yellow]none[/yellow]"
