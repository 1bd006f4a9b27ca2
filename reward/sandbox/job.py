"""One job in a worker, seen from outside: messages to and fro, what it prints, its clocks and its end."""

import contextlib
import json
import os
import select
import signal
import socket
import time
from dataclasses import asdict
from itertools import count

from posttrain.reward.sandbox import isolation as _isolation
from posttrain.reward.sandbox.limits import Limits, Status
from posttrain.reward.sandbox.values import MAX_MESSAGE
from posttrain.reward.sandbox.worker import NoCell, Worker, WorkerLost

GRACE_SECONDS = 8.0  # for a killed job to be gone, beyond the zygote's own patience; then the worker goes
MARK_SECONDS = 0.05  # calls shorter than this are not worth a message about processor time
DRIBBLES = 500  # reads of next to nothing after which we look less often: a program may write byte by byte
_job_numbers = count()


class Job:
    """One job: its channel, what it prints, its clock and its end.

    A timed stretch lies between `begin` and `end`: `receive` ends the job when the stretch exceeds `wall_seconds`, the
    worker when it exceeds `cpu_seconds`. Only one thread may use a job.
    """

    def __init__(self, worker: Worker, limits: Limits, order: dict, stdin: str | None = None, calls: int = 1) -> None:
        self._worker, self._limits = worker, limits
        self._reason: str | None = None
        self._ended: dict | None = None
        self._began = self._since = time.monotonic()  # of the stretch, and what the clocks run from
        self._marked = False
        self._inbox, self._outbox = bytearray(), bytearray()
        self.stdout, self.stderr = bytearray(), bytearray()
        self._dribbles = 0
        self._channel, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._channel.setblocking(False)
        out, out_inside = os.pipe()
        errors, errors_inside = os.pipe()
        given = _readable(stdin)
        self._files = {out: self.stdout, errors: self.stderr}
        self._open = {out, errors, self._channel.fileno()}
        try:
            worker.take(self)
            self._order(calls, [given, out_inside, errors_inside, inside.fileno()])
        except OSError as error:
            self._release()
            raise WorkerLost(f"the worker is gone ({error})") from None
        finally:
            inside.close()
            for descriptor in (given, out_inside, errors_inside):
                os.close(descriptor)
        self.send(json.dumps(order).encode())

    def _order(self, calls: int, descriptors: list[int]) -> None:
        uid = next(_job_numbers) % _isolation.IDS + 1
        if self._worker.isolation == "process":
            uid += _isolation.id_base()
        order = asdict(self._limits) | {"kind": self._worker.isolation, "uid": 0 if os.geteuid() else uid}
        order["cpu_total"] = self._limits.cpu_seconds * calls
        socket.send_fds(self._worker.control, [json.dumps(order).encode()], descriptors)

    def send(self, message: bytes) -> None:
        """Hand the job a message; it goes out while `receive` waits."""
        self._outbox += len(message).to_bytes(4, "big") + message

    def begin(self) -> None:
        self._began = self._since = time.monotonic()

    def end(self) -> None:
        if self._marked:
            self._marked = False
            self._tell(b"u")

    def receive(self) -> bytes | None:
        """The job's next message; None when there will be none."""
        while True:
            if message := self._message():
                return message
            if not self._open and self._ended is not None:
                return None
            self._turn()

    def run(self) -> bytes:
        """Wait until the job has ended of itself or by its limits; its first message, if there was one."""
        first = b""
        while (message := self.receive()) is not None:
            first = first or message
        return first

    def close(self) -> None:
        """End the job, and hear no more of it; the worker clears up while we go on (see `settle`)."""
        self._kill("closed")
        self._release()

    def settle(self) -> None:
        """Wait until the worker has made sure that nothing is left of the job. Raises WorkerLost when it has not."""
        while self._ended is None:
            self._turn()
        if self.lost:
            raise WorkerLost("it did not survive the job before")

    def verdict(self) -> tuple[Status, str]:
        """Why a job that has ended did not answer. Raises WorkerLost where that is not the program's fault."""
        assert self._ended is not None
        code, why = self._ended["code"], self._ended["why"] or ""
        limits = self._limits
        if why.startswith("cell"):
            raise NoCell(why.removeprefix("cell: "))
        if self._reason == "output":
            return "output", f"more than {limits.output_bytes:,} bytes of output"
        if self._reason == "message":
            return "error", "the value is too large"
        if self._reason == "wall":
            return "timeout", f"no end within {limits.wall_seconds:g} s"
        if why == "cpu" or code == -signal.SIGXCPU or (code == -signal.SIGKILL and self.cpu >= limits.cpu_seconds):
            return "timeout", f"more than {limits.cpu_seconds:g} s of processor time"
        if why == "memory":
            return "memory", f"more than {limits.memory_bytes >> 20} MiB of memory"
        if why == "lost":
            return "killed", "its worker did not survive it"
        if code is not None and code < 0:
            return "killed", f"ended by {_signal_name(-code)}"
        return "error", f"the program ended (exit code {code}) before it answered"

    @property
    def code(self) -> int | None:
        """The exit code, or None while it runs or when it was ended."""
        return None if self._ended is None or self._reason or self._ended["why"] else self._ended["code"]

    @property
    def cpu(self) -> float:
        return self._ended["cpu"] if self._ended else 0.0

    @property
    def seconds(self) -> float:
        """Since `begin`."""
        return time.monotonic() - self._began

    def _message(self) -> bytes | None:
        size = int.from_bytes(self._inbox[:4], "big")
        if len(self._inbox) >= 4 and size > MAX_MESSAGE:
            self._inbox.clear()
            self._kill("message")
        if len(self._inbox) < 4 + size or not self._inbox:
            return None
        message = bytes(self._inbox[4 : 4 + size])
        del self._inbox[: 4 + size]
        return message

    def _turn(self) -> None:
        """Wait for whatever comes next: a message, output, the job's end, a deadline."""
        if self._dribbles > DRIBBLES:
            time.sleep(0.002)
        poll = select.poll()
        channel, control = self._channel.fileno(), self._worker.control.fileno()  # −1 when closed
        for descriptor in self._open:
            writing = select.POLLOUT if descriptor == channel and self._outbox else 0
            poll.register(descriptor, select.POLLIN | writing)
        if self._ended is None:
            poll.register(control, select.POLLIN)
        for descriptor, events in poll.poll(self._patience()):
            if descriptor == control:
                self._hear()
            elif descriptor == channel:
                self._exchange(events)
            else:
                self._collect(descriptor)
        self._check_clock()

    def _patience(self) -> float:
        """Milliseconds until a clock must be looked at."""
        elapsed = time.monotonic() - self._since
        if not self._marked and not self.over:
            return 1000 * max(MARK_SECONDS - elapsed, 0.0) + 1
        limit = GRACE_SECONDS if self.over else self._limits.wall_seconds
        return 1000 * max(limit - elapsed, 0.0) + 1

    def _check_clock(self) -> None:
        elapsed = time.monotonic() - self._since
        if self._ended is not None and not self._open:
            return
        if self.over:
            if elapsed > GRACE_SECONDS:
                self._lose()
        elif elapsed > self._limits.wall_seconds:
            self._kill("wall")
        elif elapsed > MARK_SECONDS and not self._marked:
            self._marked = True
            self._tell(b"m")

    def _kill(self, reason: str) -> None:
        if self._reason is None and self._ended is None:
            self._reason = reason
            self._since = time.monotonic()
            self._tell(b"k")

    def _tell(self, command: bytes) -> None:
        if self._ended is None:
            with contextlib.suppress(OSError):  # a dead worker shows when it is listened to
                self._worker.control.send(command)

    def _hear(self) -> None:
        try:
            message = self._worker.control.recv(1 << 16)
        except OSError:
            message = b""
        if message:
            self._ended = json.loads(message)
            self._since = time.monotonic()  # what is still in the pipes comes at once
        else:
            self._lose()

    def _lose(self) -> None:
        """The worker is dead or hangs: nothing more is to be had from it."""
        self._ended = {"code": None, "cpu": 0.0, "peak": 0, "why": "lost"}
        self._worker.close()
        self._release()

    @property
    def over(self) -> bool:
        return self._ended is not None or self._reason is not None

    @property
    def lost(self) -> bool:
        """Whether the worker went with the job, and must be replaced."""
        return self._ended is not None and self._ended["why"] == "lost"

    def _exchange(self, events: int) -> None:
        try:
            if events & select.POLLOUT:
                del self._outbox[: self._channel.send(self._outbox)]
            if events & (select.POLLIN | select.POLLHUP):
                part = self._channel.recv(1 << 18)
                self._inbox += part
                self._dribbles += len(part) < 512 and len(self._inbox) > len(part)
                if not part:
                    self._shut(self._channel.fileno())
                elif len(self._inbox) > MAX_MESSAGE + 4:
                    self._kill("message")
        except BlockingIOError:
            return
        except OSError:  # reset: the job has closed its end with something unread
            self._shut(self._channel.fileno())

    def _collect(self, descriptor: int) -> None:
        """Output, up to the limit; the job that exceeds it is ended and the excess thrown away."""
        part = os.read(descriptor, 1 << 16)
        self._dribbles += len(part) < 512
        room = self._limits.output_bytes - len(self.stdout) - len(self.stderr)
        self._files[descriptor] += part[: max(room, 0)]
        if not part:
            self._shut(descriptor)
        elif len(part) > room:
            self._kill("output")

    def _shut(self, descriptor: int) -> None:
        self._open.discard(descriptor)

    def _release(self) -> None:
        self._open.clear()
        self._channel.close()
        for descriptor in self._files:
            os.close(descriptor)
        self._files.clear()


def _readable(text: str | None) -> int:
    """A descriptor to read the text from: a file, so that nobody need feed a pipe."""
    if text is None:
        return os.open(os.devnull, os.O_RDONLY)
    descriptor = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    data = memoryview(text.encode("utf-8", "surrogatepass"))
    while data:
        data = data[os.write(descriptor, data) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    _seal(descriptor)
    return descriptor


def _seal(descriptor: int) -> None:
    """No one can write to it, or make it larger, any more."""
    import fcntl

    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
