"""`posttrain data build` and `posttrain data show`: a mixture on disk with its report, and rows as they are trained."""

from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console
from rich.table import Table
from rich.text import Text

from posttrain.chat import encode
from posttrain.data.build import build_mixture
from posttrain.data.conversation import COLUMNS, Row
from posttrain.data.mixture import first_rows, mixture_spec
from posttrain.data.report import write_report
from posttrain.data.spec import DEFAULT_TOKENIZER
from posttrain.doctor import coloured, legend
from posttrain.errors import UserError
from posttrain.gemma import load_tokenizer
from posttrain.terminal import printable

STYLES = {"messages": "", "prompt": "dim", "chosen": "bold green", "rejected": "red"}


def build(spec: str, out: str, *, tokenizer: str | None = None, workers: int | None = None) -> None:
    """Build a mixture into `out`, write its report, and print what became of the rows."""
    mixture, folder, console = mixture_spec(spec), Path(out).expanduser(), Console()
    if workers is not None and workers < 1:
        raise UserError(f"--workers must be at least 1, not {workers}")
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not _is_ours(folder))):
        raise UserError(f"--out: {folder} holds other files; choose an empty or a new folder")
    if tokenizer == "none" and mixture.tokenizer:
        raise UserError(f"--tokenizer none: the mixture counts tokens with {mixture.tokenizer} (`length: max_tokens`)")
    mixture.tokenizer = None if tokenizer == "none" else tokenizer or mixture.tokenizer or DEFAULT_TOKENIZER
    if mixture.tokenizer:
        load_tokenizer(mixture.tokenizer)  # a misspelt name is said before work starts
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{folder}.lock", timeout=1):
            build_mixture(mixture, folder, workers=workers)
            report = write_report(folder)
    except Timeout:
        raise UserError(f"--out: another build is writing {folder}; wait for it, or choose another folder") from None
    console.print(_sources_table(report))
    for entry in report["filters"]:
        for reason, figures in entry["reasons"].items():
            counts = f"{figures['dropped']:,} dropped" if figures["dropped"] else f"{figures['changed']:,} mended"
            console.print(f"  {entry['name']}: {reason}: {counts}", markup=False, highlight=False)
    for warning in report["warnings"]:
        console.print(Text(f"warning: {warning}", style="yellow"))
    rows = ", ".join(f"{count:,} {split}" for split, count in report["rows"].items())
    console.print(f"{rows} rows, fingerprint {report['fingerprint'][:16]}", highlight=False)
    console.print(f"Look at {folder / 'report.html'}; train with  --train {folder}", markup=False, soft_wrap=True)


def show(spec: str, *, rows: int = 5, tokenizer: str = DEFAULT_TOKENIZER) -> None:
    """Print rows: chat rows as token text with the trained parts marked, others by column."""
    if rows < 1:
        raise UserError(f"--rows must be at least 1, not {rows}")
    loaded, console, found = load_tokenizer(tokenizer), Console(), first_rows(spec, rows, any_kind=True)
    for row in found:
        about = {key: value for key, value in row.items() if key not in (*COLUMNS, "where") and value is not None}
        console.rule(Text(printable(row.get("where") or row["id"])), align="left")
        console.print(Text(printable("  ".join(f"{key}={value!s:.80}" for key, value in about.items())), style="dim"))
        console.print(_rendered(row, loaded, console))
    console.print(f"{len(found)} row{'s' if len(found) > 1 else ''} ({legend(console)})", highlight=False)


def _rendered(row: Row, tokenizer: Any, console: Console) -> Text:
    if "messages" in row:
        return coloured(encode(row["messages"], tokenizer, where=row["id"]), tokenizer, console)
    text = Text()
    for column in ("prompt", "chosen", "rejected"):
        for message in row.get(column) or ():
            text.append(f"{column}, {message['role']}: {printable(message['content'])}\n", style=STYLES[column])
    return text


def _sources_table(report: dict[str, Any]) -> Table:
    table = Table("source", "read", "dropped", "mended", "train", "test")
    for column in table.columns[1:]:
        column.justify = "right"
    for source in report["sources"]:
        table.add_row(
            Text(source["name"]), *(f"{source[key]:,}" for key in ("read", "dropped", "changed", "train", "test"))
        )
    return table


def _is_ours(folder: Path) -> bool:
    """An earlier build, finished or interrupted."""
    return (folder / "manifest.json").is_file() or (folder / "screened").is_dir()
