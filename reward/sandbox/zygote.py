"""The fork server that a worker is: one Python process, warm, which starts one job at a time and watches over it.

    outside → in    a job's order (JSON with four descriptors) · b"m" a timed stretch begins · b"u" it ends · b"k" kill
    in → outside    {"ready": true} · {"code", "cpu", "peak", "why"} once nothing of the job is left

It never sees a program: a job reads that from its own channel, so nothing of one job lies in the memory of the next.
Under bubblewrap it is process 1 of its namespace: whatever a job started is its descendant, and `kill(-1)` and waiting
until no child is left prove that nothing outlived the job.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import time

from posttrain.reward.sandbox import cell, program, seccomp

TICK = 0.05  # seconds between two looks at a job's processor time and memory
PATIENCE = 5.0  # seconds for killed processes to be gone
_PAGE = os.sysconf("SC_PAGE_SIZE")
_CLOCK = os.sysconf("SC_CLK_TCK")
# What most programs import: it is there at once. Large and rare ones would make every fork dearer.
_WARM = (
    "abc array ast base64 bisect builtins calendar cmath collections contextlib copy dataclasses datetime decimal enum "
    "fractions functools heapq inspect io itertools json math numbers operator queue random re statistics string "
    "struct sys textwrap threading time traceback types typing unicodedata weakref zlib"
)


def main(control_descriptor: int, kind: str) -> None:
    control = socket.socket(fileno=control_descriptor)
    if kind == "process":
        _adopt_orphans()
    for name in _WARM.split():
        with contextlib.suppress(ImportError):  # a lean build of Python
            __import__(name)
    if seccomp.supported():
        seccomp.compile_filter()
    gc.collect()
    gc.freeze()  # children share these pages as long as nobody writes to them
    _say(control, {"ready": True})
    while order := _receive(control):
        _say(control, _serve(control, *order))


def _receive(control: socket.socket) -> tuple[dict, list[int]] | None:
    """The next order; None when the outside has gone. Commands to a job that is over are skipped."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 8)
        if not message:
            return None
        if message.startswith(b"{"):
            return json.loads(message), descriptors


def _say(control: socket.socket, message: dict) -> None:
    control.send(json.dumps(message).encode())


def _serve(control: socket.socket, order: dict, descriptors: list[int]) -> dict:
    order["others"] = 0
    if order["kind"] == "process":
        import tempfile

        order["home"] = tempfile.mkdtemp(prefix="job-")
        if order["uid"]:
            os.chown(order["home"], order["uid"], order["uid"])
        else:
            order["others"] = _tasks_of(os.getuid())
    watch = _Watch(order)
    why = None
    try:
        watch.pid = cell.enter(order, descriptors, program.main)
        _close(descriptors)
        why = watch.until_over(control)
    except OSError as error:
        _close(descriptors)
        why = f"cell: {error}"
    code = watch.clear()
    if order["kind"] == "process":
        import shutil

        shutil.rmtree(order["home"], ignore_errors=True)
    return {"code": code, "cpu": watch.used, "peak": watch.peak, "why": why}


def _close(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())


class _Watch:
    """One running job: its processor time and memory, and its end."""

    def __init__(self, order: dict) -> None:
        self.order = order
        self.pid = 0  # of the cell's first process, once there is one
        self.used, self.peak = 0.0, 0
        self._since: float | None = None  # processor time at the beginning of the timed stretch

    def until_over(self, control: socket.socket) -> str | None:
        """Wait for the job's end; None when it ended by itself, else "killed", "cpu" or "memory"."""
        over = os.pidfd_open(self.pid)
        try:
            while True:
                ready, _, _ = select.select([over, control.fileno()], [], [], TICK)
                if over in ready:
                    return None
                if control.fileno() in ready:
                    command = control.recv(16)
                    if command in (b"k", b""):
                        return "killed"
                    self._look()
                    self._since = self.used if command == b"m" else None
                elif why := self._look():
                    return why
        finally:
            os.close(over)

    def _look(self) -> str | None:
        seconds, resident = 0.0, 0
        pids = _descendants()
        for pid in pids:
            with contextlib.suppress(OSError, ValueError, IndexError):  # it has just gone
                seconds += _seconds(pid)
                resident += _resident(pid)
        self.used = max(self.used, seconds)
        if resident > self.order["memory_bytes"] and len(pids) > 1:
            resident = sum(_proportional(pid) for pid in pids)  # pages that a fork shares count once
        self.peak = max(self.peak, resident)
        if resident > self.order["memory_bytes"]:
            return "memory"
        if self._since is not None and self.used - self._since > self.order["cpu_seconds"]:
            return "cpu"
        return None

    def clear(self) -> int | None:
        """Kill and bury all that is left; the first process's exit code (−signal if killed).

        Gives up the whole worker when something will not die.
        """
        deadline = time.monotonic() + PATIENCE
        code = None
        while time.monotonic() < deadline:
            if self.pid and code is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)  # the first of its namespace: the kernel ends the others with it
            _kill_descendants()
            try:
                while True:
                    pid, status, usage = os.wait4(-1, os.WNOHANG)
                    if pid == 0:
                        break
                    if pid == self.pid:
                        code = os.waitstatus_to_exitcode(status)
                        self.used = max(self.used, usage.ru_utime + usage.ru_stime)
                        self.peak = max(self.peak, usage.ru_maxrss * 1024)
            except ChildProcessError:
                return code
            time.sleep(0.001)
        os._exit(1)


def _descendants() -> list[int]:
    """Every process that comes from this one, by the numbers of the /proc that we see.

    In a container that masks parts of /proc bubblewrap cannot mount a fresh one; then it is the container's, with its
    numbers for our processes.
    """
    found: list[int] = []
    parents = [os.readlink("/proc/self")]
    while parents:
        with contextlib.suppress(OSError):  # it has just gone
            folder = f"/proc/{parents.pop()}/task"
            for thread in os.listdir(folder):
                with open(f"{folder}/{thread}/children") as file:
                    children = file.read().split()
                found += map(int, children)
                parents += children
    return found


def _kill_descendants() -> None:
    if os.getpid() == 1:  # of its own namespace: elsewhere -1 would be everything of the user's
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        return
    for pid in _descendants():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _tasks_of(uid: int) -> int:
    """Threads of a user on this machine: the kernel counts them all against the limit of one of his processes."""
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == uid:
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _seconds(pid: int) -> float:
    """Processor time of a process and of the children that it has buried."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _CLOCK


def _resident(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * _PAGE


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _adopt_orphans() -> None:
    """Daemons of a job become children of this process, not of the machine's first."""
    import ctypes

    set_child_subreaper = 36
    if ctypes.CDLL(None, use_errno=True).prctl(set_child_subreaper, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "subreaper")
