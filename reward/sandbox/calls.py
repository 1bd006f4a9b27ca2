"""Functions called and programs run in a worker: requests out, hostile answers in, a Result for each input."""

from collections.abc import Sequence
from typing import Any

from posttrain.errors import UserError
from posttrain.reward.sandbox import values
from posttrain.reward.sandbox.job import Job
from posttrain.reward.sandbox.limits import Limits, Result
from posttrain.reward.sandbox.values import NotPlain
from posttrain.reward.sandbox.worker import Worker, WorkerLost

TAIL = 4000  # characters kept of what calls print


def read_inputs(call: str | None, inputs: Sequence[Any]) -> list[Any]:
    """The inputs as they will be sent. Raises UserError for what is no argument list or not plain."""
    if isinstance(inputs, (str, bytes)) or not isinstance(inputs, Sequence):
        raise UserError(f"inputs must be a list with one entry a call, found {type(inputs).__name__}")
    return [_read_input(call, given, i) for i, given in enumerate(inputs)]


def _read_input(call: str | None, given: Any, i: int) -> Any:
    if call is None:
        if not isinstance(given, str):
            raise UserError(f"input {i} must be the text of stdin, found {type(given).__name__}")
        return given
    if isinstance(given, (list, tuple)):
        given = {"args": list(given)}
    if not isinstance(given, dict) or not given.keys() <= {"args", "kwargs"}:
        raise UserError(f"input {i} must be a list of arguments or {{'args': […], 'kwargs': {{…}}}}")
    try:
        args = values.encode(list(given.get("args") or []))
        kwargs = {str(name): values.encode(value) for name, value in (given.get("kwargs") or {}).items()}
        request = {"op": "call", "of": call, "args": args, "kwargs": kwargs}
        values.pack(request)
    except NotPlain as error:
        raise UserError(f"input {i}: {error}") from None
    return request


def run_programs(worker: Worker, source: str, _: str, inputs: list[str], limits: Limits) -> list[Result]:
    """Each input in a job of its own; after a compile error or a time-out the rest are not run."""
    results: list[Result] = []
    for given in inputs:
        if results and results[-1].status in ("compile_error", "timeout"):
            results.append(_unrun(results[-1]))
        else:
            results.append(_run_program(worker, source, given, limits))
    return results


def _run_program(worker: Worker, source: str, given: str, limits: Limits) -> Result:
    job = Job(worker, limits, {"mode": "program", "source": source}, stdin=given)
    job.begin()
    said = _read(job.run())
    seconds = job.seconds
    job.close()
    if job.lost:
        raise WorkerLost("it ended during the run")
    printed = {"stdout": _text(job.stdout), "stderr": _text(job.stderr), "seconds": seconds}
    if job.code == 0 and not said:
        return Result("ok", **printed)
    if job.code is not None and job.code >= 0:
        return _failure(said, **printed) or Result("error", message=f"exit code {job.code}", **printed)
    status, message = job.verdict()
    return Result(status, message=message, **printed)


def run_calls(worker: Worker, source: str, _: str, requests: list[dict], limits: Limits) -> list[Result]:
    """All calls in one job, as long as it lives; after one that dies the calls that remain have a fresh one."""
    results: list[Result] = []
    while len(results) < len(requests):
        if results and results[-1].status in ("compile_error", "timeout"):
            results.append(_unrun(results[-1]))
        else:
            results += _run_session(worker, source, requests[len(results) :], limits)
    return results


def _run_session(worker: Worker, source: str, requests: list[dict], limits: Limits) -> list[Result]:
    """Results up to and including the first call that the job did not survive. A program that
    cannot be loaded fails all of them alike: it would not load a second time either."""
    job, loaded = load_job(worker, source, limits, calls=len(requests) + 1)
    results: list[Result] = []
    try:
        if loaded.status != "ok":
            return [loaded] * len(requests)
        for request in requests:
            results.append(_answer(job, request))
            if job.over:
                break
        return results
    finally:
        job.close()


def load_job(worker: Worker, source: str, limits: Limits, calls: int) -> tuple[Job, Result]:
    """A job that has loaded the program, or failed to (as the Result says); `calls`: how many may come."""
    job = Job(worker, limits, {"mode": "calls", "source": source}, calls=calls)
    try:
        return job, _answer(job, None)
    except BaseException:
        job.close()
        raise


def _answer(job: Job, request: dict | None) -> Result:
    """One call (None: the loading of the program), to its Result."""
    job.stdout.clear()
    job.stderr.clear()
    job.begin()
    if request is not None:
        job.send(values.pack(request))
    message = job.receive()
    seconds = job.seconds
    job.end()
    if job.lost:
        raise WorkerLost("it ended during the call")
    printed = {"stdout": _text(job.stdout)[-TAIL:], "stderr": _text(job.stderr)[-TAIL:], "seconds": seconds}
    if message is None:
        status, why = job.verdict()
        return Result(status, message=why, **printed)
    said = _read(message)
    if request is None and said.get("ready") is True:
        return Result("ok", **printed)
    if failure := _failure(said, **printed):
        return failure
    try:
        value = values.decode(said["value"])
        arguments = values.decode(said["arguments"]) if value is None and "arguments" in said else None
    except (NotPlain, KeyError) as error:
        return Result("error", message=str(error) if isinstance(error, NotPlain) else "no value", **printed)
    return Result("ok", value, arguments if isinstance(arguments, list) else None, **printed)


def _read(message: bytes) -> dict:
    """What a job says, as a dict; anything else is an empty one."""
    if not message:
        return {}
    try:
        said = values.parse(message)
    except NotPlain:
        return {"error": {"message": "a malformed answer"}}
    return said if isinstance(said, dict) else {}


def _failure(said: dict, **printed: Any) -> Result | None:
    """The Result of a report of failure; None where it is none. All of it was written by the program, perhaps."""
    if "missing" in said:
        return Result("not_found", message=str(said["missing"])[:300], **printed)
    for status in ("compile_error", "error"):
        report = said.get(status)
        if isinstance(report, dict):
            name, message = str(report.get("name", ""))[:100], str(report.get("message", ""))[:1000]
            text = ": ".join(part for part in (name, message) if part)
            found = "memory" if report.get("type") == "MemoryError" and status == "error" else status
            return Result(found, message=text, traceback=str(report.get("traceback", ""))[:TAIL], **printed)  # type: ignore[arg-type]
    return None


def _unrun(before: Result) -> Result:
    if before.status == "compile_error":
        return before
    return Result("timeout", message="not run: an earlier one ran out of time")


def _text(data: bytearray) -> str:
    return data.decode("utf-8", "replace")
