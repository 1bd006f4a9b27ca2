"""A cell for one job: a process that can reach nothing but its own /tmp and the descriptors that it was given.

Under bubblewrap a job has a user namespace of its own (so that its number of processes is its own, and its user nobody
else), and with it its own processes, mounts and IPC; /proc is covered, /tmp is a fresh tmpfs and the only place to
write. No capability is left, none can be had, and a seccomp filter shuts the rest. Without bubblewrap (kind "process")
only resource limits, a session, a temporary folder and, for root, a user of its own remain.
"""

import ctypes
import fcntl
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable

from posttrain.reward.sandbox import seccomp

HOME = "/tmp"
INSIDE_ID = 1000
_REPORT = 4  # the descriptor on which a cell says that it is closed, or why it is not
_NAMESPACES = 0x10000000 | 0x20000000 | 0x00020000 | 0x08000000  # CLONE_NEWUSER, NEWPID, NEWNS, NEWIPC
_CLONE3 = 435  # on every architecture
_NOSUID, _NODEV, _NOEXEC, _READ_ONLY = 2, 4, 8, 1
_SET_DUMPABLE, _SET_NO_NEW_PRIVS, _DROP_BOUND, _AMBIENT, _AMBIENT_CLEAR = 4, 38, 24, 47, 4
_CAPABILITIES = 64
_libc = ctypes.PyDLL(None, use_errno=True)  # which holds Python's lock during a call, as a fork must


def enter(order: dict, descriptors: list[int], job: Callable[[], int]) -> int:
    """Start `job` in a cell; the process id of the cell's first process, once it is confined.

    order: "kind", "uid" (0: keep), "home" (kind "process") and the fields of Limits · descriptors: stdin, stdout,
    stderr, channel: the job's 0, 1, 2 and 3. Raises OSError when the cell cannot be made.
    """
    reader, writer = os.pipe()
    mapped, map_done = os.pipe()
    child = _fork(_NAMESPACES) if order["kind"] == "bubblewrap" else os.fork()
    if child == 0:
        os.close(map_done)
        _begin(order, mapped, [*descriptors, writer], job)
    os.close(writer)
    try:
        if order["kind"] == "bubblewrap":
            _write_maps(child, order["uid"] or os.getuid(), order["uid"] or os.getgid())
        os.write(map_done, b"1")
        report = b""
        while part := os.read(reader, 4096):  # "ok" when it is confined, or what went wrong
            report += part
    finally:
        for descriptor in (reader, mapped, map_done):
            os.close(descriptor)
    if report != b"ok":
        raise OSError(f"no cell for the job: {report.decode(errors='replace') or 'it died at once'}")
    return child


def _fork(flags: int) -> int:
    """os.fork, but the child begins in new namespaces: one fork, where unshare would need two.

    Python's state after a fork is set right as os.fork does it. What the C library's fork would add is its record of
    the process's id: this process and the child are each number 1 of their namespace, so that it is right as it is.
    """
    api = ctypes.pythonapi
    arguments = struct.pack("8Q", flags, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)  # struct clone_args
    buffer = ctypes.create_string_buffer(arguments, len(arguments))
    api.PyOS_BeforeFork()
    child = _libc.syscall(ctypes.c_long(_CLONE3), buffer, ctypes.c_size_t(len(arguments)))
    if child == 0:
        api.PyOS_AfterFork_Child()
        return 0
    number = ctypes.get_errno()
    api.PyOS_AfterFork_Parent()
    if child < 0:
        raise OSError(number, f"a process in new namespaces: {os.strerror(number)}")
    return child


def _write_maps(child: int, uid: int, gid: int) -> None:
    """The child's one user: INSIDE_ID inside, `uid` outside."""
    number = _seen_number(child)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{INSIDE_ID} {uid} 1"), ("gid_map", f"{INSIDE_ID} {gid} 1")):
        with open(f"/proc/{number}/{name}", "w") as file:
            file.write(text)


def _seen_number(child: int) -> int:
    """The child's number in the /proc that we see, which may be that of a namespace above ours."""
    descriptor = os.pidfd_open(child)
    try:
        with open(f"/proc/self/fdinfo/{descriptor}") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pid:"))
    finally:
        os.close(descriptor)


def _begin(order: dict, mapped: int, descriptors: list[int], job: Callable[[], int]) -> None:
    """In the child, which never returns to its parent's code: close the cell, say so, do the job."""
    code = 70
    try:
        try:
            os.read(mapped, 1)
            if order["uid"] and order["kind"] == "process":
                _open_library()
            _arrange(descriptors)
            (_close_namespaces if order["kind"] == "bubblewrap" else _close_process)(order)
            os.write(_REPORT, b"ok")
        except BaseException as error:
            os.write(_REPORT, f"{type(error).__name__}: {error}".encode())
            return
        os.close(_REPORT)
        code = job()
    finally:
        os._exit(code)


def _arrange(descriptors: list[int]) -> None:
    """The descriptors become 0, 1, 2, …; all others are closed."""
    for number, descriptor in enumerate([fcntl.fcntl(descriptor, fcntl.F_DUPFD, 16) for descriptor in descriptors]):
        os.dup2(descriptor, number)  # all were copied above 15, so that none overwrites another
    kept = _library_descriptors()
    for low, high in zip([len(descriptors), *(n + 1 for n in kept)], [*kept, 1 << 20], strict=True):
        os.closerange(low, high)


def _close_namespaces(order: dict) -> None:
    os.setresgid(INSIDE_ID, INSIDE_ID, INSIDE_ID)
    os.setresuid(INSIDE_ID, INSIDE_ID, INSIDE_ID)
    _mount(HOME, f"size={order['file_bytes']},nr_inodes=4096,mode=0700,uid={INSIDE_ID},gid={INSIDE_ID}")
    _mount("/proc", "size=4096,nr_inodes=2,mode=0555", _READ_ONLY)
    _confine(order, HOME)
    _drop_capabilities()
    if seccomp.supported():
        seccomp.install(_libc)


def _close_process(order: dict) -> None:
    if order["uid"]:
        os.setgroups([])
        os.setresgid(order["uid"], order["uid"], order["uid"])
        os.setresuid(order["uid"], order["uid"], order["uid"])
    _confine(order, order["home"])


def _confine(order: dict, home: str) -> None:
    """Session, folder, limits; no privilege can be gained from here on."""
    os.setsid()
    os.chdir(home)
    os.umask(0o077)
    os.environ["HOME"] = os.environ["TMPDIR"] = home
    _set_limits(order)
    _check(_libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")
    _check(_libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _set_limits(order: dict) -> None:
    for name, value in (
        (resource.RLIMIT_CORE, 1),  # at 1 no handler of core dumps is called; at 0 it would be
        (resource.RLIMIT_CPU, int(order["cpu_total"]) + 1),
        (resource.RLIMIT_AS, order["memory_bytes"]),
        (resource.RLIMIT_FSIZE, order["file_bytes"]),
        (resource.RLIMIT_NOFILE, order["open_files"]),
        (resource.RLIMIT_NPROC, order["processes"] + order["others"]),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 64),
    ):
        hard = resource.getrlimit(name)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (bound, bound))


def _open_library() -> None:
    """Where only root may enter the interpreter's folder, its modules are found through open descriptors."""
    for i, folder in enumerate(sys.path):
        if folder.startswith("/") and os.path.isdir(folder):
            sys.path[i] = f"/proc/self/fd/{os.open(folder, os.O_PATH | os.O_DIRECTORY)}"


def _library_descriptors() -> list[int]:
    names = [folder.rpartition("/")[2] for folder in sys.path if folder.startswith("/proc/self/fd/")]
    return sorted(map(int, names))


def _drop_capabilities() -> None:
    for capability in range(_CAPABILITIES):
        if _libc.prctl(_DROP_BOUND, capability, 0, 0, 0):
            break  # beyond the last that the kernel has
    _libc.prctl(_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def _mount(target: str, options: str, flags: int = 0) -> None:
    flags |= _NOSUID | _NODEV | _NOEXEC
    _check(_libc.mount(b"tmpfs", target.encode(), b"tmpfs", ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
