"""The sandbox in which untrusted programs run: inputs go in, plain values come out, verdicts are made outside.

    with Sandbox(workers=2) as sandbox:
        results = sandbox.run("def add(a, b): return a + b", "add", [[1, 2], [3, 4]])

Outside: pool.py (Sandbox) hands jobs to warm workers (worker.py, job.py, and isolation.py for how they are started);
calls.py and relay.py speak with the jobs. Inside: zygote.py forks a cell (cell.py, seccomp.py) for each job, in which
candidate.py or tester.py answers. docs/sandbox.md says what is stopped and what is not.
"""

from posttrain.reward.sandbox.isolation import check_isolation
from posttrain.reward.sandbox.limits import Limits, Result
from posttrain.reward.sandbox.pool import Sandbox, default_sandbox
from posttrain.reward.sandbox.relay import Verdict

__all__ = ["Limits", "Result", "Sandbox", "Verdict", "check_isolation", "default_sandbox"]
