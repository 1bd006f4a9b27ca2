"""`posttrain run`: a pipeline from its first stage to its last, or from where it was."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from posttrain.memory import GIB
from posttrain.pipeline.estimate import needs
from posttrain.pipeline.plan import Planned, check_run_folder, free_bytes, make_plan, reason, undone, write_plan
from posttrain.pipeline.runner import check_devices, locked, run_plan
from posttrain.pipeline.slurm import write_jobs

Sizes = dict[str, tuple[float, float] | None]  # of `estimate.needs`, by stage


def run(pipeline: str, out: str | None = None, *, dry_run: bool = False, submit: str | None = None) -> None:
    """Plan, print the plan, and run it. Raises UserError for whatever is wrong before anything is started.

    dry_run: only print, with what every stage will need · submit: `slurm` writes job scripts instead of running
    """
    folder, console = Path(out or Path("runs") / Path(pipeline).stem).expanduser().absolute(), Console()
    before = check_run_folder(folder)
    plan = make_plan(pipeline, folder, elsewhere=bool(submit))
    for line in undone(plan):
        console.print(f"note: {line}", markup=False, highlight=False, soft_wrap=True)
    if dry_run:
        sizes = {one.stage.name: needs(one, plan) for one in plan}
        console.print(plan_table(plan, before, sizes))
        for line in notes(plan, folder, before, sizes):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        for one in plan:
            if not one.finished:
                console.print(f"\n{one.stage.name}: {one.typed}", markup=False, highlight=False,
                              soft_wrap=True)  # fmt: skip
        check_devices(plan)
        return
    if not submit:
        check_devices(plan)
    with locked(folder):
        write_plan(plan, pipeline, folder)
        if submit:
            script = write_jobs(plan, folder)
            console.print(f"The jobs are in {script.parent}. Hand them over:  {script}", markup=False, soft_wrap=True)
            return
        console.print(plan_table(plan, before))
        run_plan(plan, folder, console)
    console.print(f"All {len(plan)} stages are finished; see them:  posttrain report {folder}", markup=False,
                  soft_wrap=True)  # fmt: skip


def plan_table(plan: list[Planned], before: dict[str, Any], sizes: Sizes | None = None) -> Table:
    """A row a stage: what it runs, what will be done with it and why, and with `sizes` what it needs."""
    columns = ("devices", "memory", "disk") if sizes else ()
    table = Table("stage", "runs", "after", *columns, "now")
    for one in plan:
        cells = [one.stage.name, one.stage.action, ", ".join(one.stage.needs)]
        if sizes:
            found = sizes[one.stage.name]
            cells += [_devices(one), *(f"{gib:.1f} GiB" for gib in found)] if found else [_devices(one), "", ""]
        table.add_row(*cells, reason(one, before))
    return table


def notes(plan: list[Planned], folder: Path, before: dict[str, Any], sizes: Sizes) -> list[str]:
    """Room on the disk, and folders of the run that no stage of the plan has."""
    wanted = sum(found[1] for one in plan if not one.finished and (found := sizes[one.stage.name]))
    free = free_bytes(folder) / GIB
    said = [f"memory is a process's, disk a stage's: estimates. {wanted:.1f} GiB are needed, {free:.0f} GiB are free"]
    if wanted > free:
        said.append(f"the disk is too small by {wanted - free:.1f} GiB: make room, or give --out a place on another")
    current = {one.label for one in plan}
    folders = folder.glob("*-*") if before else ()
    old = sorted(path.name for path in folders if path.is_dir() and path.name not in current)
    if old:
        said.append(f"of earlier settings, to be deleted when you like: {', '.join(old)}")
    return said


def _devices(one: Planned) -> str:
    if one.gpus is None:
        return "1 GPU, or the CPU"
    if not one.gpus:
        return "CPU"
    nodes = f"{one.machines} nodes of " if one.machines > 1 else ""
    return f"{nodes}{one.gpus} GPU{'s' if one.gpus > 1 else ''}"
