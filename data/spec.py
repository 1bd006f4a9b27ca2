"""A mixture's YAML: which sources, how much of each, what a row must pass.

seed: 0
kind: chat                      # chat (default), prompt (for RL) or preference
total: 20000                    # rows to train on, shared out by weight (default: what is there)
on_bad_row: skip                # count it and save it in rejected.jsonl (default: error)
filters:
  - empty_or_cut
  - personal_information: {action: mask}
  - duplicates
  - contamination: {against: [gsm8k_test.jsonl, humaneval]}
sources:
  gsm8k: {from: data/gsm8k/*.jsonl, weight: 2, test: 200}
  chat: {from: HuggingFaceH4/no_robots, split: train, weight: 1, format: messages}
  identity: {from: own/identity, options: {rows: 500, name: Ada}, count: 1000, skip_filters: [self_identification]}
"""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from posttrain.data.filters.registry import read_filters
from posttrain.data.formats import FORMATS, KEPT, KINDS
from posttrain.data.preferences import load_function
from posttrain.data.sources import Source, open_source
from posttrain.errors import UserError, nearest

ON_BAD_ROW = ("error", "skip")
MOST = 10**10  # rows, or a weight: what is above is a slip of the pen
DEFAULT_TOKENIZER = "gemma-3-270m"


@dataclass
class SourceSpec:
    """One source: where it is, and how much of it is taken."""

    origin: str  # `from` in the YAML: a path or glob (relative to the spec's folder), a hub id, or a built-in name
    config: str | None = None  # of a hub data set
    split: str = "train"  # of a hub data set or a built-in
    revision: str | None = None  # of a hub data set: pin it
    options: dict[str, Any] = field(default_factory=dict)  # of a built-in
    format: str | None = None  # told by the columns unless stated
    columns: list[str] = field(default_factory=list)  # further columns to keep
    verifier: str | None = None  # module:function of TRL's reward signature, for `samples` that have no `scores`
    limit: int | None = None  # read only its first rows
    weight: float | None = None  # share of the mixture's `total`, over the sum of the weights
    count: int | None = None  # exactly so many rows; more than there are repeats them
    cap: int | None = None  # at most so many rows are taken from the source, chosen by the seed
    test: float = 0  # rows (or a share below 1) held out for the test split
    filters: list = field(default_factory=list)  # after the mixture's, for this source alone
    skip_filters: list[str] = field(default_factory=list)  # of the mixture's filters


@dataclass
class MixtureSpec:
    """What `load_mixture` builds."""

    sources: dict[str, SourceSpec]
    kind: str = "chat"
    seed: int = 0
    total: int | None = None
    shuffle: bool = True
    on_bad_row: str = "error"
    filters: list = field(default_factory=list)
    tokenizer: str | None = None  # counts tokens for the `length` filter and the report, e.g. gemma-3-270m
    folder: Path = Path()  # what relative paths begin at

    def open(self, name: str) -> Source:
        source = self.sources[name]
        return open_source(
            source.origin,
            config=source.config,
            split=source.split,
            revision=source.revision,
            options=source.options,
            folder=self.folder,
        )

    def filters_of(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """(name, settings) of every filter that the source's rows pass, in order."""
        source = self.sources[name]
        shared = [entry for entry in read_filters(self.filters, "filters") if entry[0] not in source.skip_filters]
        return shared + read_filters(source.filters, f"sources.{name}.filters")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for hashing and for the manifest."""
        return {key: value for key, value in dataclasses.asdict(self).items() if key != "folder"}


class _Loader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error: the second would silently take the place of the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice (line {line})")
            seen.add(key.value if isinstance(key.value, str) else repr(key.value))
        return super().construct_mapping(node, deep)


def read_spec(spec: str | Path | dict[str, Any]) -> MixtureSpec:
    """A YAML file's or a dict's spec, checked. Raises UserError that names file and key, and the nearest known key."""
    if isinstance(spec, dict):
        return _mixture(spec, "the spec", Path())
    path = Path(spec).expanduser()
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise UserError(f"{path}: could not be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: a spec must hold keys such as `sources`, found {type(content).__name__}")
    return _mixture(content, path.name, path.parent)


def single_source(
    name: str,
    *,
    split: str = "train",
    limit: int | None = None,
    kind: str = "chat",
    columns: Collection[str] = (),
) -> MixtureSpec:
    """The mixture of one source as it is: every row once, in order, unfiltered."""
    source = SourceSpec(name, split=split, limit=limit, columns=sorted(set(columns) - set(KEPT)))
    return MixtureSpec({Path(name).name or name: source}, kind, shuffle=False)


def _mixture(content: dict[str, Any], where: str, folder: Path) -> MixtureSpec:
    content = dict(content)
    sources = content.pop("sources", None)
    if not isinstance(sources, dict) or not sources:
        raise UserError(f"{where}: `sources` must name at least one source, as {{gsm8k: {{from: train.jsonl}}}}")
    known = {"kind", "seed", "total", "shuffle", "on_bad_row", "filters", "tokenizer"}
    _check_keys(content, known, where)
    spec = MixtureSpec({str(n): _source(s, f"{where}: sources.{n}") for n, s in sources.items()}, folder=folder)
    for key, value in content.items():
        setattr(spec, key, _typed(MixtureSpec, key, value, where))
    _check_mixture(spec, where)
    return spec


def _source(content: Any, where: str) -> SourceSpec:
    content = {"from": content} if isinstance(content, str) else content
    if not isinstance(content, dict) or not isinstance(content.get("from"), str):
        raise UserError(f"{where}: give `from`: a file or glob, a hub id, or a built-in name")
    known = {name.name for name in dataclasses.fields(SourceSpec)} - {"origin"}
    _check_keys(content, known | {"from"}, where)
    source = SourceSpec(content["from"])
    for key, value in content.items():
        if key != "from":
            setattr(source, key, _typed(SourceSpec, key, value, where))
    _check_source(source, where)
    return source


def _check_source(source: SourceSpec, where: str) -> None:
    if source.weight is not None and source.count is not None:
        raise UserError(f"{where}: give `weight` or `count`, not both")
    for key in ("weight", "count", "cap", "limit", "test"):
        value = getattr(source, key)
        if value is not None and not (0 <= value <= MOST):
            raise UserError(f"{where}: `{key}` must be 0 or more, and at most {MOST:g}; not {value}")
    for key in ("cap", "limit"):
        if getattr(source, key) == 0:
            raise UserError(f"{where}: `{key}: 0` takes nothing; leave the source out")
    if source.test >= 1 and source.test != int(source.test):
        raise UserError(f"{where}: `test` is a number of rows, or a share below 1; not {source.test}")
    if source.verifier is not None:
        load_function(source.verifier, "verifier")
    if source.format is not None and source.format not in FORMATS:
        raise UserError(f"{where}: unknown format {source.format!r}{_near(source.format, FORMATS)}")


def _check_mixture(spec: MixtureSpec, where: str) -> None:
    for key, known in (("kind", KINDS), ("on_bad_row", ON_BAD_ROW)):
        if getattr(spec, key) not in known:
            raise UserError(f"{where}: `{key}` must be one of {', '.join(known)}, not {getattr(spec, key)!r}")
    if spec.total is not None and not 1 <= spec.total <= MOST:
        raise UserError(f"{where}: `total` must be at least 1, not {spec.total}")
    if not 0 <= spec.seed < 2**63:
        raise UserError(f"{where}: `seed` must be from 0 to 2^63, not {spec.seed}")
    weights = [source.weight for source in spec.sources.values() if source.weight is not None]
    if weights and not sum(weights):
        raise UserError(f"{where}: every weight is 0: nothing would be taken")
    if spec.total is not None and not weights:
        raise UserError(f"{where}: `total` is shared out by weight, and no source has a `weight`")
    settings = [given for name in spec.sources for _, given in spec.filters_of(name)]
    if spec.tokenizer is None and any("max_tokens" in given for given in settings):
        spec.tokenizer = DEFAULT_TOKENIZER  # or the limit would let everything through
    shared = {name for name, _ in read_filters(spec.filters, f"{where}: filters")}
    for name, source in spec.sources.items():
        read_filters(source.filters, f"{where}: sources.{name}.filters")
        for skipped in source.skip_filters:
            if skipped not in shared:
                raise UserError(f"{where}: sources.{name}.skip_filters: {skipped!r} is none of the mixture's filters")


def _check_keys(content: dict[str, Any], known: set[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise UserError(f"{where}: unknown key {key!r}{_near(key, known)}")


def _near(name: str, known: Collection[str]) -> str:
    return nearest(name, known) or f" (known: {', '.join(sorted(known))})"


def _typed(owner: Any, key: str, value: Any, where: str) -> Any:
    """The value if it is of the field's type; a whole number passes for a float."""
    wanted = next(f.type for f in dataclasses.fields(owner) if f.name == key)
    kinds: dict[Any, tuple[type, ...]] = {
        str: (str,),
        bool: (bool,),
        int: (int,),
        float: (int, float),
        str | None: (str, type(None)),
        int | None: (int, type(None)),
        float | None: (int, float, type(None)),
        dict[str, Any]: (dict,),
        list: (list,),
        list[str]: (list,),
    }
    if not isinstance(value, kinds[wanted]) or (isinstance(value, bool) and wanted is not bool):
        shown = getattr(wanted, "__name__", str(wanted))
        raise UserError(f"{where}: `{key}` must be {shown}, not {value!r:.60}")
    if wanted == list[str] and not all(isinstance(entry, str) for entry in value):  # type: ignore
        raise UserError(f"{where}: `{key}` must be a list of text, not {value!r:.60}")
    return value
