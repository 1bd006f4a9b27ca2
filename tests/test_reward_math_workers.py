"""The math workers: deadlines, deaths, threads, forks; no text runs as code; equality to many digits."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from posttrain.reward.math import judge, judge_all
from posttrain.reward.mathematics import workers as math_workers
from posttrain.reward.mathematics.expressions import MAX_DEPTH, Unreadable, parse
from posttrain.reward.mathematics.worker import answer_request
from posttrain.reward.mathematics.workers import Pool

NEVER = {"gold": parse("5"), "answer": parse("9^{9^{9^9}}")}  # no computer ends this
EQUAL = {"gold": parse("\\frac{\\sqrt2}{2}"), "answer": parse("1/sqrt(2)")}
DIFFERENT = {"gold": parse("\\pi"), "answer": parse("3.14159265358979323846264338327950288419716939937510582")}


@pytest.fixture
def pool():
    pool = Pool(2)
    yield pool
    pool.close()


def test_one_slow_request_costs_its_own_deadline_and_no_other_verdict(pool):
    pool.run([EQUAL, EQUAL], seconds=5)
    started = time.monotonic()
    outcomes = pool.run([NEVER, *[EQUAL, DIFFERENT] * 20], seconds=1)
    assert outcomes == ["timeout", *["equal", "different"] * 20]
    assert 1 <= time.monotonic() - started < 4


def test_threads_share_the_pool(pool):
    found = {}

    def work(name):
        found[name] = pool.run([EQUAL, NEVER, DIFFERENT] if name == 0 else [EQUAL, DIFFERENT, EQUAL], seconds=1)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found.pop(0) == ["equal", "timeout", "different"]
    assert list(found.values()) == [["equal", "different", "equal"]] * 5


def test_a_worker_that_is_killed_is_replaced(pool):
    assert pool.run([EQUAL], seconds=5) == ["equal"]
    worker = next(worker for worker in pool.places.queue if worker)
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    assert pool.run([EQUAL, DIFFERENT], seconds=5) == ["equal", "different"]


def test_a_worker_that_is_killed_while_it_works_is_replaced_once(pool):
    pool.run([EQUAL], seconds=5)
    victim = next(worker for worker in pool.places.queue if worker).process.pid
    threading.Timer(0.5, os.kill, (victim, signal.SIGKILL)).start()
    assert pool.run([NEVER], seconds=1.5) == ["timeout"]


def test_lost_workers_leave_no_process_behind(pool):
    before = {child.pid for child in psutil.Process().children()}
    pool.run([NEVER, NEVER], seconds=0.3)
    assert [place for place in pool.places.queue] == [None, None]
    assert {child.pid for child in psutil.Process().children()} <= before


def in_child(results):
    results.put([judge("\\boxed{1/sqrt(2)}", "\\frac{\\sqrt2}{2}").how, os.getpid()])


def test_a_forked_process_has_workers_of_its_own():
    assert judge("\\boxed{1/sqrt(2)}", "\\frac{\\sqrt2}{2}").how == "confirmed"
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    children = [context.Process(target=in_child, args=(results,)) for _ in range(2)]
    for child in children:
        child.start()
    found = [results.get(timeout=60) for _ in children]
    for child in children:
        child.join(30)
    assert [how for how, _ in found] == ["confirmed"] * 2 and all(child.exitcode == 0 for child in children)
    assert judge("\\boxed{1/sqrt(2)}", "\\frac{\\sqrt2}{2}").how == "confirmed"


def test_the_workers_end_with_the_process_that_started_them():
    code = (
        "from posttrain.reward.math import judge\nfrom posttrain.reward.mathematics import workers as math_workers\n"
        "judge('\\\\boxed{1/sqrt(2)}', '\\\\frac{\\\\sqrt2}{2}')\n"
        "print(next(w.process.pid for w in math_workers.shared_pool().places.queue if w))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=120, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


HOSTILE = [
    "9^{9^{9^9}}", "(10^6)!", "(10^{10})!", "((10!)!)!", "\\sum_{k=1}^{10^9} k", "{" * 10_000 + "5" + "}" * 10_000,
    "(" * 900 + "5" + ")" * 900, "9" * 1_000_000, "9" * 3900, "-" * 300 + "5", "1+" * 1900 + "1", "1/" * 300 + "1",
    "2^" * 30 + "2",
    "\\sqrt{" * 500 + "2" + "}" * 500, "1," * 1900 + "1", "\\binom{10^9}{5\\cdot10^8}", "10^{10^{10}}-10^{10^{10}}+7",
    "\\gcd(10^{1000000},7)", "1e999999999", "\\lfloor 10^{10^8} \\rfloor", "\\exp(\\exp(\\exp(\\exp(10))))",
    "7" + "!" * 300,
    "\\begin{pmatrix}" * 100, "\x00\x01\ud800", "½" * 100_000, "\\int_0^{10^{9}} x^x dx",
]  # fmt: skip
FLOODS = [
    "1 " * 500_000, "1 or " * 200_000, "$1" * 300_000, "#### " * 200_000, "the answer is " * 70_000,
    "<think>" * 100_000, "\\boxed{" * 99_999,
    "```\n" * 100_000, "<answer>" * 100_000, "\\( 7" * 100_000, "{" * 1_000_000, "\\" * 1_000_000, "½" * 1_000_000,
    " " * 1_000_000,
    "the answer is easy to see from what we said here\n" * 8000, "<answer></answer>" * 50_000,
]  # fmt: skip


@pytest.mark.parametrize("gold", ["5", "x^2+1", "\\text{even}", "\\{1,2\\}"])
def test_hostile_answers_are_wrong_in_time(gold):
    for reply in [*(f"\\boxed{{{answer}}}" for answer in HOSTILE), *FLOODS]:
        started = time.monotonic()
        verdict = judge(reply, gold, seconds=1)
        assert not verdict.correct, (reply[:40], verdict.how)
        assert time.monotonic() - started < 6, reply[:40]


def test_a_batch_with_hostile_answers_judges_the_others():
    replies = [f"\\boxed{{{answer}}}" for answer in HOSTILE]
    good = ["\\boxed{\\frac{1}{\\sqrt{2}}}", "\\boxed{x^2+2x+1}", "\\boxed{7}"] * 10
    verdicts = judge_all(
        [*replies, *good], ["5"] * len(replies) + ["\\frac{\\sqrt2}{2}", "(x+1)^2", "7"] * 10, seconds=1
    )
    assert not any(verdict.correct for verdict in verdicts[: len(replies)])
    assert all(verdict.correct for verdict in verdicts[len(replies) :])


@pytest.mark.parametrize(
    "form", ["\\boxed{%s}", "ANSWER: %s", "%s", "\\boxed{\\operatorname{%s}(1)}", "\\boxed{\\int %s dx}"]
)
def test_no_text_runs_as_code(form, tmp_path):
    target = tmp_path / "made"
    code = f"__import__('os').system('touch {target}')"
    for gold in (code, "5", f"\\int {code} dx", f"\\operatorname{{{code}}}(1)"):
        judge(form % code, gold, seconds=5)
    answer_request({"latex": [f"\\int {code} dx", code]})
    assert not target.exists()


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("\\frac{\\sqrt2}{2}", "1/sqrt(2)", True),
        ("(x+1)^2", "x^2+2x+1", True),
        ("\\pi", "3.14159265358979323846264338327950288419716939937510582", False),
        ("\\sin(\\pi/12)", "\\frac{\\sqrt6-\\sqrt2}{4}", True),
        ("\\sqrt{2}", "\\sqrt{2} + 10^{-50}", False),
        ("\\sqrt{2}", "\\sqrt{2}\\cdot 10^{200} - \\sqrt{2}\\cdot 10^{200} + 1", False),
        ("\\sqrt{2}", "\\sqrt{2} + \\pi\\cdot 10^{200} - \\pi\\cdot 10^{200}", True),
        ("e^{\\pi\\sqrt{163}}", "262537412640768744", False),  # Ramanujan's constant: equal to 12 decimals
        ("\\sqrt{x^2}", "|x|", True),
        ("\\sqrt{x^2}", "x", False),
        ("x\\sqrt{x}", "\\sqrt{x^3}", True),
        ("\\ln x^2", "2\\ln x", True),
        ("e^{i\\pi}", "-1", True),
        ("2^x\\cdot 3^x", "6^x", True),
        ("1/x", "0", False),
        ("\\sqrt{-x^2-1}", "\\sqrt{-1-x^2}", True),
    ],
)
def test_values_are_equal_to_many_digits_or_not_at_all(gold, answer, equal):
    assert answer_request({"gold": parse(gold), "answer": parse(answer)}) is equal


def test_what_only_the_larger_parser_reads_is_compared_there():
    assert judge("\\boxed{\\int_0^1 g(x)\\,dx}", "\\int_{0}^{1} g(x) dx", seconds=20).correct
    assert not judge("\\boxed{\\int_0^2 g(x)\\,dx}", "\\int_0^1 g(x)\\,dx", seconds=20).correct


@pytest.mark.parametrize(
    "text", ["(" * 100 + "1" + ")" * 100, "-" * 100 + "1", "1/" * 200 + "1", "1+" * 900 + "1", "2 3", "x2", "f(x)="]
)
def test_the_grammar_refuses(text):
    assert MAX_DEPTH < 100
    with pytest.raises(Unreadable):
        parse(text)


def test_the_default_pool_is_small():
    assert 2 <= math_workers.default_size() <= 4
