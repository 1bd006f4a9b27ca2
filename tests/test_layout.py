"""The shape of the repository, read from its sources: packages, the direction of imports, what is never called."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE_FOLDERS = {
    "posttrain": "posttrain",
    "posttrain.data": "data",
    "posttrain.reward": "reward",
    "posttrain.recipes": "recipes",
    "posttrain.accelerate_configs": "accelerate_configs",
}
LEFT_OUT = {".git", "build", "dist", "runs", "exports", "outputs", "wandb", "__pycache__"}  # as .gitignore does
LANGUAGE = ("language", "prose", "scripts", "mash")
FOUNDATION = ("gemma", "chat", "cache", "losses", "errors", "lora", "memory", "student", *LANGUAGE)
FOUNDATION += ("tensors", "adapters", "sampling", "endpoint", "pairs", "score_head", "yaml_file", "quantise")
ABOVE = ("teacher", "trainers", "evaluate", "export", "tracking", "stage", "averaging", "pipeline", "cli", "doctor")
ABOVE += ("terminal",)
UNDER_DATA_AND_REWARD = ("chat", "pairs", "score_head", "cache", "gemma", "losses", "errors", *LANGUAGE)


def tree() -> list[Path]:
    """Every file of the working tree that git would take."""
    folders, files = [ROOT], []
    while folders:
        for path in folders.pop().iterdir():
            if path.is_file():
                files.append(path)
            elif path.name not in LEFT_OUT and path.suffix != ".egg-info":
                marks = ("pyvenv.cfg", "CACHEDIR.TAG")  # a virtual environment, a tool's cache
                folders += [] if any((path / mark).exists() for mark in marks) else [path]
    return sorted(files)


FILES = tree()
SOURCES = [path for path in FILES if path.suffix == ".py"]


def module_name(path: Path) -> str:
    """The name under which a source is imported: data/rows.py is posttrain.data.rows."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    names = {folder: name for name, folder in PACKAGE_FOLDERS.items()}
    return ".".join([names.get(parts[0], parts[0]), *parts[1:]]).removesuffix(".__init__")


def imported(source: str, package: str) -> set[str]:
    """Absolute names of everything a source imports, at any depth; `package` is what its relative imports begin at.

    `from a import b` gives a and a.b, since b may be a module.
    """
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def imports_of(path: Path) -> set[str]:
    name = module_name(path)
    return imported(path.read_text(), name if path.name == "__init__.py" else name.rpartition(".")[0])


def inside(name: str, packages) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def library(*packages: str) -> dict[str, set[str]]:
    """{module: what it imports} of the modules inside these packages."""
    modules = {module_name(path): path for path in SOURCES}
    return {name: imports_of(path) for name, path in modules.items() if inside(name, packages)}


def forbidden_calls(source: str) -> list[str]:
    """What runs text as code, in a source: eval, exec, pickle and its kin, sympy's parse_expr."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case (
                ast.Call(func=ast.Name(id="eval" | "exec"))
                | ast.Attribute(value=ast.Name(id="builtins"), attr="eval" | "exec")
                | (ast.Name(id="parse_expr") | ast.Attribute(attr="parse_expr"))
                | ast.keyword(arg="weights_only", value=ast.Constant(value=False))
                | ast.keyword(arg="allow_pickle", value=ast.Constant(value=True))
            ):
                found.append(ast.unparse(node))
    picklers = ("pickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve")
    names = imported(source, "posttrain")
    return found + sorted(n for n in names if inside(n, picklers) or n.endswith(".parse_expr"))


def test_the_package_list_is_what_is_on_disk():
    packages = {}
    for path in SOURCES:
        if path.name == "__init__.py" and inside(module_name(path), PACKAGE_FOLDERS):
            packages[module_name(path)] = str(path.parent.relative_to(ROOT))
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert setuptools["packages"] == sorted(packages)
    mapped = {name: folder for name, folder in packages.items() if not folder.startswith("posttrain")}
    assert setuptools["package-dir"] == mapped


def test_every_folder_that_ships_is_a_package():
    """A folder of YAML without __init__.py would be missing from the wheel."""
    folders = {path.parent for path in FILES if path.relative_to(ROOT).parts[0] in PACKAGE_FOLDERS.values()}
    assert not [folder for folder in folders if not (folder / "__init__.py").is_file()]


def test_the_foundation_imports_nothing_above_it():
    above = [f"posttrain.{name}" for name in ABOVE]
    modules = library(*(f"posttrain.{name}" for name in FOUNDATION))
    assert {"posttrain.gemma", "posttrain.chat", "posttrain.errors", "posttrain.lora"} <= modules.keys()
    assert not {(name, n) for name, names in modules.items() for n in names if inside(n, above)}


@pytest.mark.parametrize("package", ["posttrain.data", "posttrain.reward"])
def test_data_and_reward_stand_on_the_foundation_only(package):
    allowed = [package, *(f"posttrain.{name}" for name in UNDER_DATA_AND_REWARD)]
    modules = library(package)
    assert modules
    ours = {(name, n) for name, names in modules.items() for n in names if n.startswith("posttrain.")}
    assert not {(name, n) for name, n in ours if not inside(n, allowed)}


def test_nothing_imports_the_recipes():
    names = {(name, n) for name, names in library("posttrain").items() for n in names}
    recipes = {(name, n) for name, n in names if inside(n, ["posttrain.recipes", "recipes"])}
    assert not {(name, n) for name, n in recipes if not inside(name, ["posttrain.recipes"])}


@pytest.mark.parametrize("name", ["data", "reward"])
def test_the_folders_are_imported_under_the_library_s_name(name):
    """`import reward` from the root would load a second copy."""
    assert not [path for path in SOURCES if any(inside(n, [name]) for n in imports_of(path))]


def test_no_file_trusts_remote_code():
    trusting = re.compile(rb"trust_remote_code\W{1,4}true", re.IGNORECASE)
    assert not [path for path in FILES if trusting.search(path.read_bytes())]


def test_every_source_says_what_it_is():
    assert not [path for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))]


def test_modules_are_nouns():
    assert not [path for path in SOURCES if path.stem in ("utils", "util", "helpers", "helper")]


def test_nothing_runs_text_as_code():
    ours = [path for path in SOURCES if inside(module_name(path), PACKAGE_FOLDERS)]
    assert len(ours) > 20
    assert not {(str(path), call) for path in ours for call in forbidden_calls(path.read_text())}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import posttrain.cli as x", {"posttrain.cli"}),
        ("from posttrain import cli", {"posttrain", "posttrain.cli"}),
        ("def f():\n    from . import cli", {"posttrain", "posttrain.cli"}),
        ("from ..reward import math", {"posttrain.reward", "posttrain.reward.math"}),
    ],
)
def test_imports_are_seen_wherever_they_stand(source, names):
    package = "posttrain.data" if ".." in source else "posttrain"
    assert imported(source, package) == names


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "exec(code)",
        "builtins.exec(code)",
        "import pickle\npickle.loads(b'')",
        "torch.load(path, weights_only=False)",
        "from sympy.parsing.sympy_parser import parse_expr as p",
        "sympy_parser.parse_expr('1')",
    ],
)
def test_forbidden_calls_are_seen(source):
    assert forbidden_calls(source) and not forbidden_calls("model.eval()\nast.literal_eval('1')")
