"""Isolation: what is asked for is had or refused, as root and as an ordinary user, and the fallback says what it is."""

import os
import pwd
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from posttrain.errors import UserError
from posttrain.reward.sandbox import Limits, Sandbox, check_isolation, isolation
from posttrain.reward.sandbox.seccomp import build_filter
from tests.sandboxes import GOOD, need_bubblewrap

ROOT = Path(__file__).parent.parent


@pytest.fixture
def fresh():
    """check_isolation asks the machine anew, before and after."""
    check_isolation.cache_clear()
    yield
    check_isolation.cache_clear()


def test_full_isolation_is_described():
    need_bubblewrap()
    level, why = check_isolation()
    assert level == "bubblewrap" and "bubblewrap" in why


def test_without_bubblewrap_nothing_runs_and_the_mend_is_named(fresh, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_isolation() == ("process", "bubblewrap is not installed: apt install bubblewrap")
    with pytest.raises(UserError, match="apt install bubblewrap"):
        Sandbox()


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("bwrap: setting up uid map: Permission denied", "user namespaces"),
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "neither a fresh /proc"),
    ],
)
def test_a_bubblewrap_that_does_not_work_says_why(fresh, monkeypatch, tmp_path, said, mend):
    program = tmp_path / "bwrap"
    program.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    level, why = check_isolation()
    assert level == "process" and (said in why or "proc" in said) and mend in why
    with pytest.raises(UserError, match="not run with less"):
        Sandbox()


@pytest.mark.parametrize(
    ("switch", "value", "mend"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
    ],
)
def test_the_switch_that_forbids_user_namespaces_is_named(monkeypatch, tmp_path, switch, value, mend):
    (tmp_path / switch).parent.mkdir()
    (tmp_path / switch).write_text(f"{value}\n")
    monkeypatch.setattr(isolation, "SWITCHES", str(tmp_path))
    assert f"sudo sysctl -w {mend}" in isolation._mend()


def test_other_isolations_are_not_known():
    with pytest.raises(UserError, match="bubblewrap or process"):
        Sandbox(isolation="docker")


def test_other_systems_are_told_so(fresh, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(UserError, match="runs on Linux, this is Darwin"):
        Sandbox(isolation="process")


@pytest.fixture(scope="module")
def fallback():
    with pytest.warns(UserWarning, match="read what their user can, use the network"):
        sandbox = Sandbox(workers=1, limits=Limits(cpu_seconds=1, wall_seconds=3), isolation="process")
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize(
    ("source", "status"),
    [
        (GOOD, "ok"),
        ("import hashlib, uuid\n" + GOOD, "ok"),
        ("def f(x):\n    while True: pass", "timeout"),
        ("import time\ndef f(x): time.sleep(60)", "timeout"),
        ("def f(x): return bytearray(1 << 40)", "memory"),
        ("import os\ndef f(x): os._exit(0)", "error"),
        ("def f(x):\n    while True: print('x' * 9999)", "output"),
        ("import os\ndef f(x):\n  while True:\n    try: os.fork()\n    except OSError: pass", "timeout"),
    ],
)
def test_the_fallback_has_the_limits(fallback, source, status):
    (result,) = fallback.run(source, "f", [[3]])
    assert result.status == status and (status != "ok" or result.value == 9)


def test_the_fallback_ends_daemons_and_leaves_no_folder(fallback):
    import psutil

    daemon = (
        "import os, time\ndef f(x):\n    open('file', 'w').write('x')\n    if os.fork() == 0:\n        os.setsid()\n"
        "        if os.fork(): os._exit(0)\n        time.sleep(1000)\n    return os.getcwd()"
    )
    folder = fallback.run(daemon, "f", [[1]])[0].value
    assert fallback.run(GOOD, "f", [[2]])[0].value == 4
    assert not os.path.exists(folder)
    fallback.run(GOOD, "f", [[2]])
    zygote = psutil.Process(fallback._slots[0].worker("program").pid)
    deadline = time.monotonic() + 10
    while zygote.children(recursive=True) and time.monotonic() < deadline:  # the last job is being cleared
        time.sleep(0.05)
    assert not zygote.children(recursive=True)


def test_the_fallback_s_jobs_are_nobody_and_have_no_environment(fallback, monkeypatch):
    source = "import os\ndef f(): return [os.getuid(), 'SECRET' in os.environ]"
    uid, secret = fallback.run(source, "f", [[]])[0].value
    assert not secret and (uid >= 0x7100_0000 if os.geteuid() == 0 else uid == os.getuid())


def test_jobs_of_root_are_a_new_user_each():
    need_bubblewrap()
    if os.geteuid():
        pytest.skip("only root has users to give")
    source = "import os, time\ndef f():\n    time.sleep(0.5)\n    return os.getuid()"
    import psutil

    with Sandbox(workers=2) as sandbox:
        sandbox.run_many([(GOOD, "f", [[1]])] * 4)
        futures = [sandbox.submit(source, "f", [[]]) for _ in range(2)]
        time.sleep(0.3)
        owners = [child.uids().real for child in psutil.Process().children(recursive=True)]
        assert [future.result()[0].value for future in futures] == [1000, 1000]  # what each is told
    strangers = {uid for uid in owners if uid >= 0x7100_0000}
    assert len(strangers) == 2


_SCRIPT = """
import os
from posttrain.reward.sandbox import Limits, Sandbox, check_isolation
assert os.getuid() != 0
assert check_isolation()[0] == "bubblewrap", check_isolation()
with Sandbox(workers=2, limits=Limits(cpu_seconds=1, wall_seconds=3, processes=8)) as sandbox:
    good = "def f(x): return x * x"
    assert [r[0].value for r in sandbox.run_many([(good, "f", [[x]]) for x in range(8)])] == [x * x for x in range(8)]
    bomb = "import os\\ndef f(n):\\n  try:\\n    while os.fork(): n += 1\\n    os._exit(0)\\n  except OSError: return n"
    assert sandbox.run(bomb, "f", [[0]])[0].value == 7
    for attack, name in ATTACKS:
        (result,) = sandbox.run(attack, "f", [[3]])
        assert result.value != 9 and "ESCAPED" not in str(result.value), (name, result)
        assert sandbox.run(good, "f", [[3]])[0].value == 9, name
print("done")
"""
_NAMES = [
    "walk_proc", "read_files", "kill_everyone", "signal_everyone", "trace_others", "system_calls", "leave_state",
    "write_outside", "daemon", "new_namespaces", "keyrings", "network_other", "fork_bomb", "memory_in_files",
    "read_packages", "read_own_source", "symlinks", "run_binaries",
]  # fmt: skip


def test_an_ordinary_user_has_the_same_isolation(tmp_path):
    """The interpreter must be one that the user may run: the machine's own, where ours lies in root's home."""
    need_bubblewrap()
    user = _ordinary_user()
    python = next((path for path in (isolation.interpreter(), "/usr/bin/python3") if _may_run(path, user)), None)
    if python is None:
        pytest.skip("no Python from 3.11 on that an ordinary user may run")
    package = tmp_path / "posttrain"
    shutil.copytree(ROOT / "reward" / "sandbox", package / "reward" / "sandbox", ignore=shutil.ignore_patterns("__py*"))
    for source, name in (("posttrain/errors.py", "errors.py"), ("posttrain/__init__.py", "__init__.py")):
        shutil.copy(ROOT / source, package / name)
    shutil.copy(ROOT / "reward" / "__init__.py", package / "reward")
    for folder in [*reversed(tmp_path.parents), tmp_path]:
        if folder.owner() == pwd.getpwuid(os.getuid()).pw_name and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    subprocess.run(["chmod", "-R", "a+rX", tmp_path], check=True)
    attacks = [((ROOT / "tests" / "attacks" / f"{name}.py").read_text(), name) for name in _NAMES]
    script = tmp_path / "script.py"
    script.write_text(f"ATTACKS = {attacks!r}\n{_SCRIPT}")
    script.chmod(0o644)
    environment = {"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"], "HOME": "/"}
    done = run_as(user, [python, str(script)], environment)
    assert done.stdout == "done\n", done.stdout + done.stderr


def _ordinary_user() -> int:
    return os.getuid() or pwd.getpwnam("nobody").pw_uid


def run_as(user: int, command: list[str], environment: dict | None = None) -> subprocess.CompletedProcess:
    who = {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=environment, check=False, cwd="/", **who
    )


def _may_run(python: str, user: int) -> bool:
    try:
        return run_as(user, [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]).returncode == 0
    except OSError:
        return False


def test_the_filter_is_a_program_that_ends():
    """Each jump lands on a later instruction, and the last instruction returns, on both architectures."""
    for machine in ("x86_64", "aarch64"):
        program = build_filter(machine)
        for at, (code, true, false, _) in enumerate(program):
            assert at + 1 + max(true, false) < len(program) or code == 0x06
        assert program[-1][0] == 0x06
        assert len(program) < 4096


def test_the_worker_sees_no_packages_and_no_repository():
    need_bubblewrap()
    words = isolation.build_command("bubblewrap", 3, 4, 5).arguments
    shown = {words[i + 2] for i, word in enumerate(words) if word == "--ro-bind"}
    assert not {path for path in shown if "site-packages" in path or path in ("/", "/usr", "/root", "/home", "/etc")}
    assert sys.prefix == sys.base_prefix or sys.prefix not in shown
