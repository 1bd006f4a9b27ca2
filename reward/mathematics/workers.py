"""A pool of killable math workers: each request has a hard deadline, and no other request pays for it.

Workers are plain children in a process group of their own, started when first needed, that speak JSON lines and take
one request at a time. One that passes its deadline, or dies, is replaced. The pool may be used from many threads; a
forked process starts a pool of its own and leaves its parent's workers alone.
"""

import atexit
import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

MODULE = "posttrain.reward.mathematics.worker"
START_SECONDS = 60.0  # imports, on a loaded machine; the deadline begins only after them
_ENVIRONMENT = (
    "PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "HOME",
)


class Lost(Exception):
    """The worker is gone, or did not answer in time (`late`)."""

    def __init__(self, late: bool) -> None:
        super().__init__("late" if late else "gone")
        self.late = late


class Worker:
    """One child process. `ask` raises Lost; the worker is then of no more use."""

    def __init__(self) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # -P: a caller's script folder, which may hold a math.py, must not come first on the child's path.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        self.buffer = b""

    def ask(self, request: dict[str, Any], seconds: float) -> bool:
        """The worker's verdict, within `seconds` from when it begins to work on it."""
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps(request | {"seconds": seconds}).encode() + b"\n")
        except OSError:
            raise Lost(late=False) from None
        self._line(time.monotonic() + START_SECONDS)
        return bool(json.loads(self._line(time.monotonic() + seconds))["equal"])

    def _line(self, deadline: float) -> bytes:
        assert self.process.stdout
        descriptor = self.process.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise Lost(late=True)
            chunk = os.read(descriptor, 65536)
            if not chunk:
                raise Lost(late=False)
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def kill(self) -> None:
        """End the process and everything in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.process.wait()


class Pool:
    """`size` places for workers; a place is empty until it is used, and again after its worker was lost."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.places: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        for _ in range(size):
            self.places.put(None)

    def run(self, requests: Sequence[dict[str, Any]], seconds: float) -> list[str]:
        """For each request "equal", "different", "timeout" or "crashed", in order. Requests run side by side."""
        if len(requests) < 2:
            return [self._run_one(request, seconds) for request in requests]
        with ThreadPoolExecutor(min(self.size, len(requests)), thread_name_prefix="math") as threads:
            return list(threads.map(lambda request: self._run_one(request, seconds), requests))

    def _run_one(self, request: dict[str, Any], seconds: float) -> str:
        worker = self.places.get()
        try:
            for _ in range(2):  # a worker that somebody else killed is replaced once
                worker = worker or Worker()
                try:
                    return "equal" if worker.ask(request, seconds) else "different"
                except Lost as lost:
                    worker.kill()
                    worker = None
                    if lost.late:
                        return "timeout"
            return "crashed"
        except BaseException:
            if worker:  # interrupted in the middle of a request: its reply would go to the next one
                worker.kill()
            worker = None
            raise
        finally:
            self.places.put(worker)

    def close(self) -> None:
        """Kill the workers that are idle; the pool can be used on, with new ones."""
        idle = 0
        with contextlib.suppress(queue.Empty):
            while True:
                worker = self.places.get_nowait()
                idle += 1
                if worker:
                    worker.kill()
        for _ in range(idle):
            self.places.put(None)


def default_size() -> int:
    """Two to four workers: enough to go on beside a slow one, few enough for many ranks on a machine."""
    return max(2, min(4, (os.cpu_count() or 2) // 2))


_pool = Pool(default_size())  # empty places: nothing is started on import
_inherited: list[Pool] = []


def shared_pool() -> Pool:
    """This process's pool."""
    return _pool


def _forget() -> None:
    """In a forked child the parent's workers and locks are not ours. Their objects are kept, so that nothing closes."""
    global _pool
    _inherited.append(_pool)
    _pool = Pool(default_size())


os.register_at_fork(after_in_child=_forget)
atexit.register(lambda: _pool.close())
