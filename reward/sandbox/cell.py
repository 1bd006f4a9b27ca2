"""A cell for one job: a process that can reach nothing but its own /tmp and the descriptors that it was given.

Under bubblewrap a job has a user namespace of its own (so that its number of processes is its own, and its user nobody
else), and with it its own processes, mounts and IPC; /proc is covered, /tmp is a fresh tmpfs and the only place to
write. No capability is left, none can be had, and a seccomp filter shuts the rest. Without bubblewrap (kind "process")
only resource limits, a session, a temporary folder and, for root, a user of its own remain.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable

from . import seccomp

HOME = "/tmp"
INSIDE_ID = 1000
_NEW_USER, _NEW_PID, _NEW_MOUNTS, _NEW_IPC = 0x10000000, 0x20000000, 0x00020000, 0x08000000
_NOSUID, _NODEV, _NOEXEC, _READ_ONLY = 2, 4, 8, 1
_SET_DUMPABLE, _SET_NO_NEW_PRIVS, _DROP_BOUND, _AMBIENT, _AMBIENT_CLEAR = 4, 38, 24, 47, 4
_CAPABILITIES = 64


def enter(order: dict, descriptors: list[int], job: Callable[[], int]) -> int:
    """Start `job` in a cell; the process id of the cell's first process, once it is confined.

    order: "kind", "uid" (0: keep), "home" (kind "process") and the fields of Limits · descriptors: stdin, stdout,
    stderr, channel: the job's 0, 1, 2 and 3. Raises OSError when the cell cannot be made.
    """
    reader, writer = os.pipe()
    make = _bubblewrap_cell if order["kind"] == "bubblewrap" else _process_cell
    child = os.fork()
    if child == 0:
        os.close(reader)
        _guarded(lambda: make(order, [*descriptors, writer], job), writer)
    os.close(writer)
    report = b""
    while part := os.read(reader, 4096):  # the process id, then "ok" when confined; else what went wrong
        report += part
    os.close(reader)
    pid, _, state = report.partition(b" ")
    if state != b"ok":
        raise OSError(f"no cell for the job: {report.decode(errors='replace') or 'it died at once'}")
    return int(pid)


def _guarded(action: Callable[[], None], writer: int) -> None:
    """Run in a child that must never return to its parent's code; `writer` is told what prevents the cell."""
    try:
        action()
    except BaseException as error:
        os.write(writer, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(70)


def _bubblewrap_cell(order: dict, descriptors: list[int], job: Callable[[], int]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if order["uid"]:
        _become(order["uid"])
        libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0)  # or /proc/self is root's and the maps cannot be written
    uid, gid = os.getuid(), os.getgid()
    _check(libc.unshare(_NEW_USER | _NEW_PID | _NEW_MOUNTS | _NEW_IPC), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{INSIDE_ID} {uid} 1"), ("gid_map", f"{INSIDE_ID} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    pid = os.fork()  # the new process namespace begins with a child
    if pid:
        os.write(descriptors[-1], b"%d " % pid)
        return
    _mount(libc, HOME, f"size={order['file_bytes']},nr_inodes=4096,mode=0700,uid={INSIDE_ID},gid={INSIDE_ID}")
    _mount(libc, "/proc", "size=4096,nr_inodes=2,mode=0555", _READ_ONLY)
    _confine(libc, order, descriptors, HOME)
    _drop_capabilities(libc)
    if seccomp.supported():
        seccomp.install(libc)
    _run(job)


def _process_cell(order: dict, descriptors: list[int], job: Callable[[], int]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    os.write(descriptors[-1], b"%d " % os.getpid())
    if order["uid"]:
        _open_library()
        _become(order["uid"])
    _confine(libc, order, descriptors, order["home"])
    _run(job)


def _run(job: Callable[[], int]) -> None:
    """The cell is closed: say so and begin. Never returns."""
    os.write(4, b"ok")
    os.close(4)
    code = 70
    try:
        code = job()
    finally:
        os._exit(code)


def _confine(libc: ctypes.CDLL, order: dict, descriptors: list[int], home: str) -> None:
    """Session, folder, limits, descriptors; no privilege can be gained from here on."""
    os.setsid()
    os.chdir(home)
    os.umask(0o077)
    os.environ["HOME"] = os.environ["TMPDIR"] = home
    for descriptor in descriptors:
        os.set_inheritable(descriptor, True)
    high = [_above(descriptor) for descriptor in descriptors]
    for number, descriptor in enumerate(high):
        os.dup2(descriptor, number)
    os.closerange(len(descriptors), 1 << 16)
    for name, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(order["cpu_total"]) + 1),
        (resource.RLIMIT_AS, order["memory_bytes"]),
        (resource.RLIMIT_FSIZE, order["file_bytes"]),
        (resource.RLIMIT_NOFILE, order["open_files"]),
        (resource.RLIMIT_NPROC, order["processes"]),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 64),
    ):
        hard = resource.getrlimit(name)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (bound, bound))
    _check(libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _above(descriptor: int) -> int:
    """A copy of the descriptor that no dup2 to 0…4 can overwrite."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 16)


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _open_library() -> None:
    """Where only root may enter the folder of the interpreter, its modules are found through an open descriptor."""
    for i, folder in enumerate(sys.path):
        if folder.startswith("/") and os.path.isdir(folder):
            sys.path[i] = f"/proc/self/fd/{os.open(folder, os.O_PATH | os.O_DIRECTORY)}"


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    for capability in range(_CAPABILITIES):  # those that the kernel has not give an error
        libc.prctl(_DROP_BOUND, capability, 0, 0, 0)
    libc.prctl(_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def _mount(libc: ctypes.CDLL, target: str, options: str, flags: int = 0) -> None:
    flags |= _NOSUID | _NODEV | _NOEXEC
    _check(libc.mount(b"tmpfs", target.encode(), b"tmpfs", ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
