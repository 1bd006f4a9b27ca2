"""What a job does, told by the first message on its channel: run a program, answer calls, or test another job.

{"mode": "program", "source"}   as `python solution.py`: stdin and stdout are the job's own
{"mode": "calls", "source"}     as a module; see candidate.py
{"mode": "tests", …}            see tester.py
"""

import atexit
import builtins
import json
import sys
import threading

from posttrain.reward.sandbox import candidate, tester
from posttrain.reward.sandbox.frames import Channel
from posttrain.reward.sandbox.source import CompileError, compile_text, describe, new_module, run_code

PATH = "solution.py"


def main() -> int:
    """The job, to its exit code."""
    builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]  # which `site` would add
    channel = Channel()
    order = json.loads(channel.receive())
    return {"program": run_program, "calls": candidate.serve, "tests": tester.serve}[order["mode"]](order, channel)


def run_program(order: dict, channel: Channel) -> int:
    """Run the source as `__main__`; what it raised goes into the channel and, as Python does it, to stderr."""
    sys.argv = [PATH]
    code = 1
    try:
        compiled = compile_text(order["source"], candidate.path(PATH))
        run_code(compiled, new_module("__main__", candidate.path(PATH), order["source"]))
        code = 0
    except CompileError as error:
        channel.send(json.dumps({"compile_error": describe(error.__cause__ or error, candidate.path(PATH))}).encode())
    except SystemExit as error:
        code = _exit_code(error.code)
    except BaseException as error:
        report = describe(error, candidate.path(PATH))
        print(report["traceback"], file=sys.stderr)
        channel.send(json.dumps({"error": report}).encode())
    threading._shutdown()  # type: ignore[attr-defined]  # waits for its threads, as Python does at its end
    atexit._run_exitfuncs()
    return 1 if _flush() and not code else code


def _exit_code(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _flush() -> bool:
    """Whether stdout could not be written out."""
    failed = False
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            failed = True
    return failed
