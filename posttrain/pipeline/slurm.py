"""A plan as Slurm jobs: a script a stage, and `submit.sh`, which hands them over with their dependencies."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

from posttrain.pipeline.plan import Planned
from posttrain.tracking import write_whole

SUBMIT = """#!/bin/bash
# Hands the jobs over, each to begin when those before it have ended well. Run it once; `squeue --me` shows them.
set -euo pipefail
cd "$(dirname "$0")"
"""


def write_jobs(plan: list[Planned], run: Path) -> Path:
    """Scripts for the stages that are not finished, in run/slurm; the path of submit.sh.

    Several machines: one task a node, each of which starts accelerate's launcher with its own rank. Jobs may be
    requeued: a recipe goes on from its last checkpoint.
    """
    folder = run / "slurm"
    folder.mkdir(parents=True, exist_ok=True)
    lines, waiting = [SUBMIT], {one.stage.name for one in plan if not one.finished}
    for one in plan:
        name = one.stage.name
        if name not in waiting:
            continue
        write_whole(folder / f"{name}.sbatch", job_script(one, run))
        after = "".join(f":$job_{needed}" for needed in one.stage.needs if needed in waiting)
        dependency = f"--dependency=afterok{after} --kill-on-invalid-dep=yes " if after else ""
        lines.append(f"job_{name}=$(sbatch --parsable {dependency}{name}.sbatch)\necho {name}: job $job_{name}\n")
    submit = folder / "submit.sh"
    write_whole(submit, "".join(lines))
    submit.chmod(0o755)
    return submit


def job_script(one: Planned, run: Path) -> str:
    """The sbatch script of one stage. Its `slurm` mapping goes over what its launch config asks for."""
    asked: dict[str, Any] = {
        "job-name": f"{run.resolve().name}-{one.stage.name}",
        "nodes": one.machines,
        "ntasks-per-node": 1,
        "output": one.log.resolve(),
        "open-mode": "append",
        "requeue": None,
    }
    gpus = 1 if one.gpus is None else one.gpus
    if gpus:
        asked["gpus-per-node"] = gpus
    asked |= one.stage.slurm
    options = [f"#SBATCH --{key}" + ("" if value is None else f"={value}") for key, value in asked.items()]
    task = shlex.join(one.command)
    if one.machines > 1:
        task = _on_every_node(one)
    mark = json.dumps({"key": one.key, "seconds": None})
    return "\n".join(
        [
            "#!/bin/bash",
            *options,
            "set -euo pipefail",
            f"cd {shlex.quote(os.getcwd())}",
            f"export WANDB_RUN_GROUP={shlex.quote(run.resolve().name)}",
            'export MASTER=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
            f"srun --kill-on-bad-exit=1 {task}",
            f"ln -sfn {shlex.quote(one.folder.name)} {shlex.quote(str(run.resolve() / one.stage.name))}",
            f"echo {shlex.quote(mark)} > {shlex.quote(str(one.mark.resolve()))}",
            "",
        ]
    )


def _on_every_node(one: Planned) -> str:
    """The launch with the node's own rank, which only the node's shell knows."""
    begin = one.command.index("accelerate.commands.launch") + 1
    words = [*one.command[:begin], "RANK", *one.command[begin:]]
    rank = '--machine_rank "$SLURM_NODEID" --main_process_ip "$MASTER"'
    return f"bash -c {shlex.quote(shlex.join(words).replace(' RANK ', f' {rank} ', 1))}"
