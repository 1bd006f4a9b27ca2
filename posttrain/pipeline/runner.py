"""Run a plan on this machine: stages as processes, several at once where the devices allow it.

Our own, in one file, and no workflow library: those that address by content (Snakemake, DVC) know files and not the
settings of a recipe, and none shows a run's steps, starts an accelerate launch on a free share of the GPUs, or goes on
from a checkpoint; the graph itself is twenty lines.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
import torch
from rich.console import Console
from rich.live import Live
from rich.table import Table

from posttrain.errors import UserError
from posttrain.pipeline.plan import Planned
from posttrain.pipeline.progress import Watch
from posttrain.tracking import write_whole

OWNER = "POSTTRAIN_RUN"  # in the environment of all that a run starts: the run's folder
LAST_WORDS = 20  # lines of a failed stage's log that are shown
LOOK = 2.0  # seconds between two looks at the logs, for the table
GRACE = 15.0  # seconds between asking a stage to stop and killing it


@dataclass
class Running:
    """A stage at work. gpus: the devices that it was given, [] of the CPU's one place"""

    one: Planned
    process: subprocess.Popen
    gpus: list[str]
    watch: Watch
    started: float = field(default_factory=time.monotonic)


def run_plan(plan: list[Planned], run: Path, console: Console) -> None:
    """Run what is not finished. Raises UserError for a stage that fails, when those beside it have ended.
    `check_devices` comes first."""
    free, waiting = visible_gpus(), [one for one in plan if not one.finished]
    for one in plan:
        if one.finished:
            _settle(one)
    running: list[Running] = []
    failed: list[Running] = []
    looked = 0.0
    with _stopping(running), Live(console=console, refresh_per_second=2, transient=True) as live:
        while waiting and not failed or running:
            for one in _ready(plan, waiting, running) if not failed else ():
                places = _places(one, free, running)
                if places is not None:
                    waiting.remove(one)
                    running.append(_start(one, run, places, console))
            time.sleep(0.2)
            for job in [job for job in running if job.process.poll() is not None]:
                running.remove(job)
                free += job.gpus
                if job.process.returncode:
                    failed.append(job)
                else:
                    _finish(job, console)
            if time.monotonic() - looked > LOOK:
                live.update(_table(plan, running, waiting, failed))
                looked = time.monotonic()
    if failed:
        raise UserError(_last_words(failed))


def visible_gpus() -> list[str]:
    """The devices that we may use, as CUDA_VISIBLE_DEVICES names them."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count()
    return given.split(",")[:count] if given else [str(number) for number in range(count)]


def check_devices(plan: list[Planned]) -> None:
    """Raise UserError for a stage that this machine cannot start."""
    here = torch.cuda.device_count()
    for one in plan:
        if one.finished:
            continue
        launch = one.launch
        if one.machines > 1 and launch.get("deepspeed_config", {}).get("deepspeed_multinode_launcher") in (
            None,
            "standard",
        ):
            raise UserError(
                f"stage {one.stage.name}: {one.stage.launch} is for {one.machines} machines, each of which has to be "
                "started: use --submit slurm, or a launch config with deepspeed_hostfile and the pdsh launcher"
            )
        if (one.gpus or 0) > here:
            raise UserError(
                f"stage {one.stage.name}: {one.stage.launch or 'its launch config'} wants {one.gpus} GPUs and there "
                f"are {here} here: give the stage a `launch` with num_processes of at most {here}, or one of CPUs"
            )


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """The run's folder for this process alone, and what a killed runner has left at work in it, ended."""
    run.mkdir(parents=True, exist_ok=True)
    with (run / ".lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UserError(
                f"{run}: another `posttrain run` (process {file.read().strip() or 'unknown'}) is at work in it"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _end(_left_behind(run))
        yield


def _left_behind(run: Path) -> list[psutil.Process]:
    """Processes that an earlier runner of this folder started: by their environment, since launchers start anew."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(OWNER) == str(run.resolve()) and process.pid != os.getpid():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(processes, timeout=GRACE)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=GRACE)


@contextmanager
def _stopping(running: list[Running]) -> Iterator[None]:
    """However the block ends, no stage is left at work; SIGTERM ends it as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        processes = []
        for job in running:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(job.process.pid)
                processes += [*process.children(recursive=True), process]
        _end(processes)


def _ready(plan: list[Planned], waiting: list[Planned], running: list[Running]) -> list[Planned]:
    undone = {one.stage.name for one in waiting} | {job.one.stage.name for job in running}
    return [one for one in waiting if not undone & set(one.stage.needs)]


def _places(one: Planned, free: list[str], running: list[Running]) -> list[str] | None:
    """The GPUs that it may have now, taken from `free`; None where it must wait. The CPU has one place."""
    wanted = min(1, torch.cuda.device_count()) if one.gpus is None else one.gpus
    if not wanted:
        return None if any(not job.gpus for job in running) else []
    if wanted > len(free):
        return None
    return [free.pop(0) for _ in range(wanted)]


def _start(one: Planned, run: Path, gpus: list[str], console: Console) -> Running:
    environment = os.environ | {OWNER: str(run.resolve()), "PYTHONUNBUFFERED": "1"}
    environment.setdefault("WANDB_RUN_GROUP", run.resolve().name)
    command = list(one.command)
    if gpus:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
    if one.stage.is_recipe and one.machines == 1 and int(one.launch.get("num_processes") or 1) > 1:
        command[3:3] = ["--main_process_port", str(_free_port())]
    console.print(f"{one.stage.name}: started, log in {one.log}", markup=False, highlight=False, soft_wrap=True)
    with one.log.open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    return Running(one, process, gpus, Watch(one.folder))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _finish(job: Running, console: Console) -> None:
    seconds = round(time.monotonic() - job.started, 1)
    _settle(job.one, seconds)
    spent = timedelta(seconds=round(seconds))
    console.print(f"{job.one.stage.name}: finished in {spent}", markup=False, highlight=False)


def _settle(one: Planned, seconds: float | None = None) -> None:
    """Mark it finished, and let its plain name lead to it."""
    if not one.mark.exists():
        write_whole(one.mark, json.dumps({"key": one.key, "seconds": seconds}) + "\n")
    link = one.run / one.stage.name
    if link.is_symlink() and os.readlink(link) == one.folder.name:
        return
    if link.is_symlink() or not link.exists():
        staging = one.run / f".{one.stage.name}"
        staging.unlink(missing_ok=True)
        staging.symlink_to(one.folder.name)
        os.replace(staging, link)


def _table(plan: list[Planned], running: list[Running], waiting: list[Planned], failed: list[Running]) -> Table:
    table = Table("stage", "state", "where", "loss, reward", "left", title_justify="left")
    at_work = {job.one.key: job for job in running}
    broken = {job.one.key for job in failed}
    for one in plan:
        job = at_work.get(one.key)
        if job is None:
            state = "failed" if one.key in broken else "waits" if one in waiting else "finished"
            table.add_row(one.stage.name, state, "", "", "")
            continue
        progress, left = job.watch.look()
        spent = timedelta(seconds=round(time.monotonic() - job.started))
        eta = "" if left is None else str(timedelta(seconds=round(left)))
        where, figure = (progress.where, progress.figure) if progress else ("", "")
        table.add_row(one.stage.name, f"runs, {spent}", where, figure, eta)
    return table


def _last_words(failed: list[Running]) -> str:
    said = []
    for job in failed:
        lines = job.one.log.read_text(errors="replace").replace("\r", "\n").splitlines()
        words = "\n".join(f"  {line}" for line in lines[-LAST_WORDS:])
        said.append(
            f"stage {job.one.stage.name} failed ({_end_of(job.process.returncode)}). Its last words:\n{words}\n"
            f"All of them: {job.one.log}\nMend it and run the same command again: finished stages are kept, and this "
            "one goes on from its last checkpoint"
        )
    return "\n".join(said)


def _end_of(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    memory = ", as the system does where memory runs out" if -code == signal.SIGKILL else ""
    return f"killed by {signal.Signals(-code).name}{memory}"
