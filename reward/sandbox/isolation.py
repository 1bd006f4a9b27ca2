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
from typing import Literal

from posttrain.errors import UserError

Isolation = Literal["bubblewrap", "process"]
INSTALL = "apt install bubblewrap"
IDS = 65_534  # users that root maps into a worker besides its own
# Far above what login, subuid and systemd-nspawn hand out; a process of ours takes a block of its own.
_FIRST_ID = 0x7100_0000
_INSIDE = ("candidate", "cell", "frames", "program", "seccomp", "source", "strict", "tester", "values", "zygote")
_FOLDER = Path(__file__).parent
# The package without its own __init__, so that nothing else of ours need be visible.
_BOOT = """import sys, types
for name in ("posttrain", "posttrain.reward", "posttrain.reward.sandbox"):
    sys.modules[name] = package = types.ModuleType(name)
    package.__path__ = [sys.argv[1]]
from posttrain.reward.sandbox.zygote import main
main(int(sys.argv[2]), sys.argv[3])
"""
# What Python's own libraries need; never /usr as a whole, where packages (and the tests in them) lie.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo", "/nix/store")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_ENVIRONMENT = {
    "PATH": "/nonexistent",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",  # one verdict for one program: sets are printed in one order
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


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
    for path in _LIBRARIES:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            words += ["--ro-bind", path, path]
    python = interpreter()
    prefix = Path(python).parent.parent
    stdlib = {sysconfig.get_path(name, vars={"base": b, "platbase": b}) for name, b in _bases()}
    libraries = [str(path) for path in (prefix / "lib").glob("lib*.so*")] if str(prefix) != "/usr" else []
    for path in [python, *sorted(stdlib), *libraries]:
        if not path.startswith(("/usr/lib/", "/lib/", "/nix/store/")):
            for folder in reversed(Path(path).parents):
                words += ["--dir", str(folder)]  # or bubblewrap makes it one that only its owner may enter
            words += ["--ro-bind", os.path.realpath(path), path]
    for path in _package_folders(stdlib):
        words += ["--tmpfs", path, "--remount-ro", path]  # packages may bring tests, and the repository's own path
    words += ["--proc", "/proc", "--dir", "/tmp", "--dir", "/dev", "--symlink", "/tmp", "/dev/shm"]
    words += [word for name in _DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")]
    for name in _INSIDE:
        words += ["--ro-bind", str(_FOLDER / f"{name}.py"), f"/sandbox/{name}.py"]
    return words


def _bases() -> list[tuple[str, str]]:
    return [("stdlib", sys.base_prefix), ("platstdlib", sys.base_exec_prefix)]


def _package_folders(stdlib: set[str]) -> list[str]:
    """Folders of installed packages that lie inside what is shown."""
    folders = {f"{path}/{name}" for path in stdlib for name in ("site-packages", "dist-packages")}
    if os.path.isdir("/usr/lib"):
        for entry in os.scandir("/usr/lib"):
            if entry.name.startswith("python"):
                folders |= {f"{entry.path}/{name}" for name in ("site-packages", "dist-packages")}
    return sorted(folder for folder in folders if os.path.isdir(folder))


@functools.cache
def check_isolation() -> tuple[Isolation | None, str]:
    """The strongest isolation that works on this machine, and a sentence that says why no better one does.

    ("bubblewrap", …) full isolation · ("process", …) only the fallback, which must be asked for by name · (None, …)
    neither: not Linux. A worker is really started and a program really run; the answer is kept for the process's life.
    """
    if platform.system() != "Linux":
        return None, f"the sandbox runs on Linux, this is {platform.system()}: use a container or a virtual machine"
    from posttrain.reward.sandbox.worker import Worker, WorkerLost

    if shutil.which("bwrap") is None:
        return "process", f"bubblewrap is not installed: {INSTALL}"
    try:
        worker = Worker("bubblewrap")
    except WorkerLost as error:
        return "process", f"bubblewrap does not work here: {error}; {_mend(str(error))}"
    try:
        worker.prove()
    except WorkerLost as error:
        return "process", f"bubblewrap starts, but cannot confine a job: {error}; {_mend(str(error))}"
    finally:
        worker.close()
    return "bubblewrap", f"{_version()}, a user of its own for every job ({'root' if os.geteuid() == 0 else 'user'})"


def _version() -> str:
    result = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)
    return result.stdout.strip() or "bubblewrap"


def _mend(error: str) -> str:
    """What to do about it, from the switches that forbid user namespaces."""
    for path, forbids, mend in (
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
    ):
        if os.path.exists(path) and Path(path).read_text().strip() == forbids:
            return f"user namespaces are forbidden: sudo sysctl -w {mend}"
    if "proc" in error:
        return "in a container, /proc must not be masked (docker run --security-opt systempaths=unconfined)"
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
