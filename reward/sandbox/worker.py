"""A warm worker seen from outside: started by a thread that lives as long as we do, ended with all that is in it."""

import contextlib
import functools
import json
import os
import socket
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from posttrain.reward.sandbox import isolation as _isolation

if TYPE_CHECKING:
    from posttrain.reward.sandbox.job import Job

START_SECONDS = 60.0  # a worker that is not ready by then is given up


class WorkerLost(Exception):
    """The worker died or hangs; the job may be run again on another."""


class NoCell(WorkerLost):
    """The worker did not start, or could not make a cell: no program has run, and none is to blame."""


@functools.cache
def _keeper(pid: int) -> ThreadPoolExecutor:
    """The thread that starts workers: they die with the *thread* that started them, so it must live as we do."""
    return ThreadPoolExecutor(1, thread_name_prefix="sandbox-keeper")


class Worker:
    """One zygote (see zygote.py) in its own bubblewrap."""

    def __init__(self, isolation: _isolation.Isolation) -> None:
        self.isolation = isolation
        self.control, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process: subprocess.Popen | None = None
        self._last: Job | None = None
        try:
            self._process = _keeper(os.getpid()).submit(self._spawn, inside).result()
            inside.close()
            self._expect_ready()
        except BaseException:
            inside.close()
            self.close()
            raise

    def _spawn(self, inside: socket.socket) -> subprocess.Popen:
        info_reader, info = os.pipe()
        block, block_writer = os.pipe()
        try:
            command = _isolation.build_command(self.isolation, inside.fileno(), info, block)
            process = subprocess.Popen(
                command.arguments,
                env=command.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=[inside.fileno(), *([info, block] if command.maps else [])],
                start_new_session=True,  # a Ctrl-C at the terminal is for us alone
            )
            os.close(info)
            info = -1
            if command.maps and (told := _read_all(info_reader)):
                with contextlib.suppress(OSError):  # it has died: the missing answer says so
                    _isolation.write_maps(json.loads(told)["child-pid"])
                    os.write(block_writer, b"1")
            return process
        finally:
            for descriptor in (info_reader, info, block, block_writer):
                if descriptor >= 0:
                    os.close(descriptor)

    def _expect_ready(self) -> None:
        self.control.settimeout(START_SECONDS)
        try:
            ready = self.control.recv(1 << 16)
        except OSError as error:
            raise NoCell(f"no answer from a new worker ({error})") from None
        finally:
            self.control.settimeout(None)
        if not ready:
            self._errors.seek(0)
            told = self._errors.read(4000).decode(errors="replace").strip().splitlines()
            raise NoCell(told[-1] if told else "it ended at once, without a word")

    def take(self, job: "Job") -> None:
        """Make room for a job: wait until nothing is left of the one before. Raises WorkerLost where that fails."""
        if self._last is not None:
            self._last.settle()
        self._last = job

    def close(self) -> None:
        """End the worker and all that is in it."""
        self.control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def abandon(self) -> None:
        """In a forked child: the worker is the parent's; let go of it without a word."""
        self.control.close()
        if self._process is not None:
            self._process.returncode = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 4096):
        parts.append(part)
    return b"".join(parts)
