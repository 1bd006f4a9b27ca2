"""`posttrain dashboard RUN`: a W&B workspace with a section a stage, built from what the run has logged."""

import os
from pathlib import Path
from typing import Any

from rich.console import Console

from posttrain.errors import UserError
from posttrain.report.collect import CURVES, StageRecord, read_stages, shown
from posttrain.tracking import logged_in, prefix, staged

X = "train/global_step"  # what transformers logs beside every metric


def run(folder: str, *, entity: str | None = None, project: str | None = None) -> None:
    """Save the workspace and print its address. Raises UserError where nobody is logged in."""
    path = Path(folder).expanduser()
    stages = read_stages(path)
    if not logged_in():
        raise UserError(
            "a dashboard is made in W&B, and nobody is logged in: `wandb login`, then upload what was logged offline, "
            f"`wandb sync {path}/*/wandb/offline-run-*`, then this command again"
        )
    import wandb

    entity = entity or os.environ.get("WANDB_ENTITY") or wandb.Api().default_entity
    project = project or os.environ.get("WANDB_PROJECT", "posttrain")
    workspace = build(path.resolve().name, stages, entity, project)
    Console().print(f"The dashboard is at {workspace.save().url}", markup=False, soft_wrap=True)


def build(name: str, stages: list[StageRecord], entity: str, project: str) -> Any:
    """The workspace: the runs of the group `name`, and of each stage the charts for which it has logged something."""
    try:
        from wandb_workspaces import workspaces
        from wandb_workspaces.reports import v2
    except ImportError:
        raise UserError('wandb-workspaces is not installed: pip install "posttrain[dashboard]"') from None
    sections = []
    for stage in stages:
        panels: list[Any] = [
            v2.LinePlot(title=f"{title}, {unit}" if unit else title, x=X, y=[*metrics])
            for title, unit, metrics in charts(stage)
        ]
        if panels:
            sections.append(workspaces.Section(name=stage.name, panels=panels, is_open=True))
    if not sections:
        raise UserError(f"{name}: no stage has logged anything yet")
    group = workspaces.RunsetSettings(filters=[workspaces.Metric("Group") == name])
    return workspaces.Workspace(
        entity=entity, project=project, name=f"posttrain {name}", sections=sections, runset_settings=group
    )


def charts(stage: StageRecord) -> list[tuple[str, str, list[str]]]:
    """(title, unit, metrics as W&B has them) of what the stage has logged, in the report's order."""
    found = []
    for title, unit, keys in CURVES:
        metrics = {
            name
            for inner, records in stage.logs.items()
            for record in records
            for key in record
            if shown(key, keys)
            for name in staged(prefix(stage.folder / inner), {key: None})
        }
        if metrics:
            found.append((title, unit, sorted(metrics)))
    return found
