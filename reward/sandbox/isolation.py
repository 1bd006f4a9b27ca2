"""What keeps a worker apart from the machine: the command that starts it, and why it may not start here."""

import functools
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from posttrain.errors import UserError

if TYPE_CHECKING:
    from posttrain.reward.sandbox.worker import Worker

Isolation = Literal["bubblewrap", "process"]
INSTALL = "apt install bubblewrap"
IDS = 65_534  # users that root maps into a worker besides its own
# Far above what login, subuid and systemd-nspawn hand out; a process of ours takes a block of its own.
_FIRST_ID = 0x7100_0000
_INSIDE = (
    "candidate",
    "cell",
    "exchange",
    "frames",
    "program",
    "remote",
    "seccomp",
    "source",
    "strict",
    "tester",
    "values",
    "zygote",
)
_FOLDER = Path(__file__).parent
# The package without its own __init__, so that nothing else of ours need be visible.
_BOOT = """import sys, types
for name in ("posttrain", "posttrain.reward", "posttrain.reward.sandbox"):
    sys.modules[name] = package = types.ModuleType(name)
    package.__path__ = [sys.argv[1]]
from posttrain.reward.sandbox.zygote import main
main(int(sys.argv[2]), sys.argv[3])
"""
# Where the C library and its loader lie; of the large folders among them only what Python has loaded from is shown.
_LOADER = ("/lib", "/lib64", "/usr/lib64")
_LIBRARIES = ("/usr/lib/", "/usr/lib64/", "/lib/", "/lib64/", "/nix/store/")
_EXTRA = ("/etc/ld.so.cache", "/usr/share/zoneinfo")
_BROUGHT = (
    "python*",
    "ssl",
    "crypto",
    "ffi",
    "z",
    "bz2",
    "lzma",
    "expat",
    "sqlite3",
    "mpdec",
    "uuid",
    "stdc++",
    "gcc_s",
)
_DEVICES = ("null", "zero", "full", "random", "urandom")
_ENVIRONMENT = {
    "PATH": "/nonexistent",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",  # one verdict for one program: sets are printed in one order
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


# A fresh /proc for a worker; where the machine does not allow it (containers mask parts of theirs), the one there is.
# Jobs see neither.
_FRESH, _BOUND = ["--proc", "/proc"], ["--bind", "/proc", "/proc"]
_proc = list(_FRESH)
SWITCHES = "/proc/sys"
# (switch, the value that forbids user namespaces, the value that allows them): Ubuntu from 23.10, Debian, any kernel
_FORBIDDING = (
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "10000"),
)


@dataclass(frozen=True)
class Command:
    """How a worker is started; `maps` when the parent must write its user map (root only)."""

    arguments: list[str]
    environment: dict[str, str]
    maps: bool


def id_base() -> int:
    """The first of the IDS user ids on this machine that workers of this process run as."""
    return _FIRST_ID + os.getpid() % 4096 * 65_536


def interpreter() -> str:
    """The Python itself, not the wrapper of a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def build_command(isolation: Isolation, control: int, info: int = -1, block: int = -1) -> Command:
    """The command of a worker that talks over the descriptor `control`; info, block: bubblewrap's, for root's map."""
    python = [interpreter(), "-s", "-S", "-P", "-B", "-X", "utf8", "-c", _BOOT]
    if isolation == "process":
        return Command([*python, str(_FOLDER), str(control), isolation], dict(_ENVIRONMENT), False)
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise UserError(f"the sandbox needs bubblewrap, which is not installed: {INSTALL}")
    root = os.geteuid() == 0
    arguments = [bwrap, "--unshare-all", "--unshare-user", "--die-with-parent", "--as-pid-1", "--new-session"]
    arguments += ["--clearenv", "--cap-add", "ALL", "--hostname", "sandbox"]
    if root:
        arguments += ["--uid", "0", "--gid", "0", "--userns-block-fd", str(block), "--info-fd", str(info)]
    arguments += [word for name, value in _ENVIRONMENT.items() for word in ("--setenv", name, value)]
    arguments += [*_view(), "--chdir", "/", "--remount-ro", "/", "--", *python, "/sandbox", str(control), isolation]
    return Command(arguments, {}, root)


def _view() -> list[str]:
    """bubblewrap's arguments for the files that a worker sees: Python, its libraries and our inside modules."""
    words = ["--tmpfs", "/"]
    stdlib = {sysconfig.get_path(name, vars={"base": b, "platbase": b}) for name, b in _bases()}
    shown: list[str] = []
    for path in [*_loader_folders(), *sorted(_library_folders()), *_EXTRA, interpreter(), *_own_libraries(), *stdlib]:
        if os.path.islink(path) and path in _LOADER:
            words += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path) and not any(path == folder or path.startswith(f"{folder}/") for folder in shown):
            for folder in reversed(Path(path).parents):
                words += ["--dir", str(folder)]  # or bubblewrap makes it one that only its owner may enter
            words += ["--ro-bind", os.path.realpath(path), path]
            shown.append(path)
    for path in _package_folders(shown):
        words += ["--tmpfs", path, "--remount-ro", path]  # packages may bring tests, and the repository's own path
    words += [*_proc, "--dir", "/tmp", "--dir", "/dev", "--symlink", "/tmp", "/dev/shm"]
    words += [word for name in _DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")]
    for name in _INSIDE:
        words += ["--ro-bind", str(_FOLDER / f"{name}.py"), f"/sandbox/{name}.py"]
    return words


def _loader_folders() -> list[str]:
    """/lib and /lib64 where they are links, as today; on old systems they are folders, and found by what is loaded."""
    return [path for path in _LOADER if os.path.islink(path) or path.endswith("64")]


def _library_folders() -> set[str]:
    """Folders of the machine from which this process has loaded its C libraries; never /usr as a whole."""
    with open("/proc/self/maps") as maps:
        loaded = {line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line}
    return {os.path.dirname(path) for path in loaded if path.startswith(_LIBRARIES) and "-packages/" not in path}


def _own_libraries() -> list[str]:
    """What a Python that is not the system's brings beside itself: libpython, and under conda the C libraries too."""
    folder = Path(interpreter()).parent.parent / "lib"
    return sorted(str(path) for name in _BROUGHT for path in folder.glob(f"lib{name}.so*"))


def _bases() -> list[tuple[str, str]]:
    return [("stdlib", sys.base_prefix), ("platstdlib", sys.base_exec_prefix)]


def _package_folders(shown: list[str]) -> list[str]:
    """Folders of installed packages that lie inside what is shown, where Python's own modules are too."""
    pythons = [path for folder in shown for path in (Path(folder), *Path(folder).glob("python3*"))]
    names = ("site-packages", "dist-packages")
    return sorted({str(path / name) for path in pythons for name in names if (path / name).is_dir()})


@functools.cache
def check_isolation() -> tuple[Isolation | None, str]:
    """The strongest isolation that works on this machine, and a sentence that says why no better one does.

    ("bubblewrap", …) full isolation · ("process", …) only the fallback, which must be asked for by name · (None, …)
    neither: not Linux. A worker is really started and a program really run; the answer is kept for the process's life.
    """
    if platform.system() != "Linux":
        return None, f"the sandbox runs on Linux, this is {platform.system()}: use a container or a virtual machine"
    from posttrain.reward.sandbox.worker import WorkerLost

    if shutil.which("bwrap") is None:
        return "process", f"bubblewrap is not installed: {INSTALL}"
    try:
        worker = _first_worker()
    except WorkerLost as error:
        return "process", f"bubblewrap does not work here: {error}; {_mend()}"
    try:
        _prove(worker)
    except WorkerLost as error:
        return "process", f"bubblewrap starts, but cannot confine a job: {error}; {_mend()}"
    finally:
        worker.close()
    who = "each job runs as a user of its own" if os.geteuid() == 0 else "each job has a user namespace of its own"
    return "bubblewrap", f"{_version()}: {who}"


def _first_worker() -> "Worker":
    from posttrain.reward.sandbox.worker import Worker, WorkerLost

    for _proc[:] in (_FRESH, _BOUND):
        try:
            return Worker("bubblewrap")
        except WorkerLost as error:
            if "mount proc" not in str(error):
                raise
    raise WorkerLost("neither a fresh /proc nor the one there is can be mounted")


def _prove(worker: "Worker") -> None:
    """Run a program that must work. Raises WorkerLost with the reason where the cell cannot be made."""
    from posttrain.reward.sandbox.job import Job
    from posttrain.reward.sandbox.limits import Limits
    from posttrain.reward.sandbox.worker import WorkerLost

    job = Job(worker, Limits(cpu_seconds=30, wall_seconds=30), {"mode": "calls", "source": "x = 1"})
    job.begin()
    ready = job.receive()
    told = (ready or b"").decode(errors="replace")[:300] or job.verdict()[1]
    job.close()
    if ready != b'{"ready":true}':
        raise WorkerLost(told)
    job.settle()


def _version() -> str:
    result = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)
    return result.stdout.strip() or "bubblewrap"


def _mend() -> str:
    """What to do about it, from the switches that forbid user namespaces."""
    for name, forbids, mend in _FORBIDDING:
        path = Path(SWITCHES, *name.split("."))
        if path.exists() and path.read_text().strip() == forbids:
            return f"user namespaces are forbidden: sudo sysctl -w {name}={mend}"
    return "in a container, user namespaces must be allowed (docker run --security-opt seccomp=unconfined)"


def require(isolation: Isolation) -> None:
    """Raise UserError where the isolation that was asked for does not work here."""
    if isolation not in ("bubblewrap", "process"):
        raise UserError(f"isolation must be bubblewrap or process, found {isolation!r}")
    level, why = check_isolation()
    if level is None or (isolation == "bubblewrap" and level != "bubblewrap"):
        raise UserError(f"{why}. Programs are not run with less; isolation='process' asks for it (see its warning)")


def write_maps(pid: int) -> None:
    """Root's user map of a worker: its own user is ours (who has no right outside), and IDS fresh ones for jobs."""
    text = f"0 0 1\n1 {id_base()} {IDS}\n"
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{name}").write_text(text)
