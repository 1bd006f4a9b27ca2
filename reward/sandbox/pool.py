"""The sandbox: a pool of warm workers that runs untrusted programs and hands back plain values, never an exception."""

import asyncio
import atexit
import contextlib
import functools
import os
import queue
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from posttrain.errors import UserError
from posttrain.reward.sandbox import calls, relay
from posttrain.reward.sandbox.isolation import Isolation, require
from posttrain.reward.sandbox.limits import Limits, Result, Status
from posttrain.reward.sandbox.relay import Verdict
from posttrain.reward.sandbox.worker import NoCell, Worker, WorkerLost

T = TypeVar("T")
ATTEMPTS = 2  # a job whose worker dies is run once more, on a new one

_WARNING = (
    "isolation='process': programs run as processes of this machine with limits of time, memory and files only. They "
    "can read what their user can, use the network, and leave files behind. Run it only inside a container or a "
    "virtual machine that holds nothing of value"
)


class Slot:
    """What one program at a time needs: a worker for it, and one for its tests, so that they never meet."""

    def __init__(self, isolation: Isolation) -> None:
        self._isolation = isolation
        self._workers: dict[str, Worker] = {}

    def worker(self, role: str) -> Worker:
        if role not in self._workers:
            self._workers[role] = Worker(self._isolation)
        return self._workers[role]

    def replace(self) -> None:
        """Give up all workers of the slot; the next use starts new ones."""
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()

    def abandon(self) -> None:
        for worker in self._workers.values():
            worker.abandon()
        self._workers.clear()


class Sandbox:
    """A pool of workers for untrusted programs.

        with Sandbox(workers=2) as sandbox:
            sandbox.run("def add(a, b): return a + b", "add", [[1, 2], [3, 4]])     # [Result(value=3), Result(value=7)]
            sandbox.run("print(int(input()) * 2)", None, ["21"])                    # [Result(stdout="42\\n")]

    workers: programs at a time; None: one a core · limits: of every job, unless a call brings its own
    isolation: "bubblewrap" (default): each job is a user of its own in namespaces of its own, without network,
    capabilities, /proc, and with no file to see but Python's and none to write but in its own /tmp, which lives in
    memory and goes with it. "process": the fallback for machines where that cannot be had. It sets limits of time,
    memory, processes and files, a user of its own for each job where we are root, and kills what is left. It does not
    stop a program from using the network, reading every file that its user can read, looking at other processes, or
    leaving files behind. UserError where the isolation that was asked for does not work here; there is no silent step
    down.

    All methods may be called from many threads. In a forked child the pool starts workers of its own.
    """

    def __init__(
        self, workers: int | None = None, limits: Limits | None = None, isolation: Isolation = "bubblewrap"
    ) -> None:
        if workers is not None and workers < 1:
            raise UserError(f"a sandbox needs at least one worker, found workers={workers}")
        require(isolation)
        if isolation == "process":
            warnings.warn(_WARNING, stacklevel=2)
        self.workers = workers or len(os.sched_getaffinity(0))
        self.limits = limits or Limits()
        self.isolation = isolation
        self._closed = False
        self._set_up()
        _open_sandboxes.add(self)

    def _set_up(self) -> None:
        self._slots = [Slot(self.isolation) for _ in range(self.workers)]
        self._free: queue.LifoQueue[Slot] = queue.LifoQueue()  # the warmest first
        for slot in self._slots:
            self._free.put(slot)
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    def run(self, source: str, call: str | None, inputs: Sequence[Any], limits: Limits | None = None) -> list[Result]:
        """Run a program on each input; one Result an input, and no exception whatever the program does.

        source: Python · call: a function's name (`Class.method` for a method of a new object of the class), or None
        for a program that reads stdin · inputs: of a function the lists of its arguments, or {"args", "kwargs"}; of a
        program the texts of its stdin

        Calls of one function share a process, in order, until one kills it; runs of a program share nothing. After a
        time-out the remaining inputs are not tried: they are time-outs too. Raises UserError for inputs that are not
        plain values.
        """
        asked = calls.read_inputs(call, inputs)
        work = calls.run_calls if call is not None else calls.run_programs
        return self._with_slot(
            lambda slot: work(slot.worker("program"), source, call or "", asked, limits or self.limits),
            lambda status, message: [Result(status, message=message) for _ in asked],
        )

    def check(
        self,
        source: str,
        tests: Sequence[str],
        *,
        setup: Sequence[str] = (),
        entry_point: str | None = None,
        prelude: str = "",
        stop: bool = False,
        limits: Limits | None = None,
    ) -> list[Verdict]:
        """Run tests that are source themselves against a program; one Verdict a test, never an exception.

        tests, setup: statements; what they call and do not define is the program's, as is `candidate` (entry_point)
        prelude: definitions that a prompt gives, for the tests' own use · stop: leave the rest out after a failure
        The tests run in a job of their own, which sees plain values of the program's and nothing else; see tester.py.
        """
        order = {"setup": list(setup), "tests": list(tests), "entry_point": entry_point, "prelude": prelude}
        return self._with_slot(
            lambda slot: relay.run_tests(slot.worker, source, order, limits or self.limits, stop),
            lambda status, message: [Verdict(False, status, message) for _ in tests],
        )

    def submit(
        self, source: str, call: str | None, inputs: Sequence[Any], limits: Limits | None = None
    ) -> Future[list[Result]]:
        """`run` in the background."""
        return self._in_background(self.run, source, call, inputs, limits)

    def run_many(self, jobs: Iterable[tuple[str, str | None, Sequence[Any]]]) -> list[list[Result]]:
        """`run` of many (source, call, inputs), all workers busy; results in the order of the jobs."""
        return [future.result() for future in [self.submit(*job) for job in jobs]]

    async def run_async(
        self, source: str, call: str | None, inputs: Sequence[Any], limits: Limits | None = None
    ) -> list[Result]:
        """`run`, awaited."""
        return await asyncio.wrap_future(self.submit(source, call, inputs, limits))

    def map(self, function: Callable[[Any], T], items: Iterable[Any]) -> list[T]:
        """`function` of each item, as many at a time as there are workers; for functions that call this sandbox."""
        return [future.result() for future in [self._in_background(function, item) for item in items]]

    def close(self) -> None:
        """End all workers; jobs that still run are ended too. Harmless when done twice."""
        self._closed = True
        _open_sandboxes.discard(self)
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
        for slot in self._slots:
            slot.replace()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _in_background(self, function: Callable[..., T], *args: Any) -> Future[T]:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self.workers, thread_name_prefix="sandbox")
            return self._executor.submit(function, *args)

    @contextlib.contextmanager
    def _slot(self) -> Iterator[Slot]:
        if self._closed:
            raise UserError("the sandbox is closed")
        free = self._free
        slot = free.get()
        try:
            yield slot
        except BaseException:
            slot.replace()  # in the middle of something: nobody knows of what
            raise
        finally:
            free.put(slot)

    def _with_slot(self, work: Callable[[Slot], T], give_up: Callable[[Status, str], T]) -> T:
        """The work in a free slot; once more on new workers when one is lost, then what `give_up` makes of it."""
        with self._slot() as slot:
            for attempt in range(ATTEMPTS):
                try:
                    return work(slot)
                except WorkerLost as error:
                    slot.replace()
                    if attempt == ATTEMPTS - 1:
                        return give_up(*_blame(error))
        raise AssertionError

    def _abandon(self) -> None:
        """In a forked child."""
        for slot in self._slots:
            slot.abandon()
        self._set_up()


def _blame(error: WorkerLost) -> tuple[Status, str]:
    if isinstance(error, NoCell):
        return "unavailable", f"the sandbox cannot run programs at present: {error}"
    return "killed", f"its worker did not survive it: {error}"


_open_sandboxes: "weakref.WeakSet[Sandbox]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for sandbox in list(_open_sandboxes):
        sandbox.close()


def _after_fork() -> None:
    global _default_lock
    _default_lock = threading.Lock()  # a thread that is not here any more may hold the other
    for sandbox in list(_open_sandboxes):
        sandbox._abandon()


os.register_at_fork(after_in_child=_after_fork)


def default_sandbox(isolation: Isolation = "bubblewrap") -> Sandbox:
    """The sandbox of this process, made when first asked for: the default limits, one worker a core.

    Of several training processes on a machine (LOCAL_WORLD_SIZE, set by torchrun and accelerate) each takes its share.
    """
    with _default_lock:
        return _make_default(isolation)


@functools.cache
def _make_default(isolation: Isolation) -> Sandbox:
    processes = int(os.environ.get("LOCAL_WORLD_SIZE") or 1)
    return Sandbox(max(len(os.sched_getaffinity(0)) // processes, 1), isolation=isolation)


_default_lock = threading.Lock()
