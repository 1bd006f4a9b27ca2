"""Backends: a real HTTP server that fails at times, and stand-ins for vLLM and lm-eval, which CI has not."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType, SimpleNamespace

import pytest
import torch

from posttrain.errors import UserError
from posttrain.evaluate.backends import ServedModel, VllmModel
from posttrain.evaluate.benchmark import run_task
from posttrain.evaluate.harness import evaluate_with_harness
from posttrain.evaluate.replies import Reply
from posttrain.evaluate.tasks import TASKS, check_rows

ROWS = check_rows(TASKS["gsm8k"], [{"question": f"What is {i}?", "answer": f"#### {i}"} for i in range(7)])
PROMPTS = [row["prompt"] for row in ROWS]


class Server:
    """An OpenAI-compatible server on loopback; `behave(request number, body)` gives (status, body) or None to go on."""

    def __init__(self):
        self.requests, self.behave, self.choices = [], lambda number, body: None, None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner.requests.append({"path": self.path, "key": self.headers["Authorization"], **body})
                status, answer = owner.behave(len(owner.requests), body) or (200, owner.answer(body))
                content = answer.encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def answer(self, body):
        said = body["messages"][-1]["content"].split("?")[0].rpartition(" ")[2]
        count = self.choices or body.get("n", 1)
        choice = {"message": {"role": "assistant", "content": f"It is {said}"}, "finish_reason": "stop"}
        choices = [choice | {"index": i} for i in range(count)]
        return json.dumps(
            {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}
            | {"usage": {"completion_tokens": 3 * count, "prompt_tokens": 1, "total_tokens": 4}}
        )


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def served(server, **settings):
    return ServedModel(server.url, "m", **{"concurrency": 2, "retries": 2, "timeout": 5.0} | settings)


def test_a_served_model_is_scored_by_the_same_code(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    metrics = run_task(served(server), TASKS["gsm8k"], ROWS, model="m")
    assert metrics["accuracy"] == 1.0 and metrics["stop_rate"] == 1.0 and metrics["reply_tokens"] == 3
    request = server.requests[0]
    assert request["path"] == "/v1/chat/completions" and request["key"] == "Bearer secret"
    assert request["temperature"] == 0 and "n" not in request and request["max_tokens"] == TASKS["gsm8k"].max_new_tokens


def test_a_busy_server_is_asked_again(server):
    server.behave = lambda number, body: (429 if number % 2 else 503, "{}") if number in (1, 2, 5) else None
    metrics = run_task(served(server, concurrency=1), TASKS["gsm8k"], ROWS, model="m")
    assert metrics["accuracy"] == 1.0 and len(server.requests) == len(ROWS) + 3


def test_a_server_that_dies_loses_nothing_that_it_has_answered(server, tmp_path):
    server.behave = lambda number, body: (500, "{}") if number > 4 else None
    with pytest.raises(UserError, match=r"no answer after 1 further tries.*500.*; 4 of 7 rows of gsm8k are kept in"):
        run_task(served(server, retries=1), TASKS["gsm8k"], ROWS, model="m", folder=tmp_path)
    kept = (tmp_path / "gsm8k.jsonl").read_text()
    assert kept.count("\n") == 4
    server.behave, before = lambda number, body: None, len(server.requests)
    metrics = run_task(served(server), TASKS["gsm8k"], ROWS, model="m", folder=tmp_path)
    assert metrics["rows"] == 7 and len(server.requests) - before == 3
    assert (tmp_path / "gsm8k.jsonl").read_text().startswith(kept)


def test_a_long_reply_holds_up_no_other(server):
    """Two at a time: while the first is written, the second's place goes to all the others."""
    others_are_asked = threading.Event()

    def behave(number, body):
        if "What is 0?" in body["messages"][-1]["content"]:
            assert others_are_asked.wait(20)
        elif len(server.requests) == len(ROWS):
            others_are_asked.set()

    server.behave = behave
    batches = list(served(server, timeout=30.0).answer(PROMPTS, k=1, max_new_tokens=4, seed=0, done=()))
    answered = [i for batch in batches for i in batch]
    assert sorted(answered) == list(range(len(ROWS))) and answered[:5] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_request_that_is_refused_is_not_repeated(server, status):
    server.behave = lambda number, body: (status, '{"error": {"message": "no such model"}}')
    with pytest.raises(UserError, match="refuses what it is asked.*no such model"):
        next(iter(served(server, concurrency=1).answer(PROMPTS, k=1, max_new_tokens=4, seed=0, done=())))
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", ["not JSON", "{}", '{"choices": []}', '{"choices": 3}', "[1]"])
def test_an_answer_that_is_none_is_one_clear_error(server, answer):
    server.behave = lambda number, body: (200, answer)
    with pytest.raises(UserError, match=f"{server.url}: the answer is not that of a chat completions endpoint"):
        next(iter(served(server, retries=0).answer(PROMPTS, k=1, max_new_tokens=4, seed=0, done=())))


def test_no_server_at_all():
    backend = ServedModel("http://127.0.0.1:9/v1", "m", retries=0, timeout=2.0)
    with pytest.raises(UserError, match="127.0.0.1:9/v1: no answer"):
        next(iter(backend.answer(PROMPTS, k=1, max_new_tokens=4, seed=0, done=())))


@pytest.mark.parametrize(("choices", "requests"), [(None, 1), (1, 3), (2, 2)])
def test_k_replies_also_from_a_server_that_gives_fewer_choices(server, choices, requests):
    server.choices = choices
    backend = served(server)
    (batch,) = backend.answer(PROMPTS[:1], k=3, max_new_tokens=4, seed=0, done=())
    assert [reply.text for reply in batch[0]] == ["It is 0"] * 3 and len(server.requests) == requests
    assert all(request["temperature"] == 1.0 for request in server.requests)
    assert len({request["seed"] for request in server.requests}) == requests


@pytest.fixture
def vllm(monkeypatch):
    """A module with what we use of vLLM (LLM, SamplingParams), which answers with the number of prompt tokens."""
    module = ModuleType("vllm")
    module.calls = []

    class LLM:
        def __init__(self, model):
            self.model = model

        def generate(self, prompts, parameters, use_tqdm):
            module.calls.append((prompts, parameters))
            outputs = []
            for prompt, one in zip(prompts, parameters, strict=True):
                length = len(prompt["prompt_token_ids"])
                choice = SimpleNamespace(text=str(length), token_ids=[7, 106], finish_reason="stop")
                outputs.append(SimpleNamespace(outputs=[choice] * one.n))
            return outputs

    module.LLM, module.SamplingParams = LLM, SimpleNamespace
    module.__spec__ = SimpleNamespace(name="vllm")
    monkeypatch.setitem(sys.modules, "vllm", module)
    return module


def test_vllm_is_asked_by_token_ids(vllm, tokenizer):
    backend = VllmModel("folder", tokenizer, [1, 106], batch_size=4)
    batches = list(backend.answer(PROMPTS, k=2, max_new_tokens=9, seed=3, done=[1]))
    assert [list(batch) for batch in batches] == [[0, 2, 3, 4], [5, 6]]
    prompts, parameters = vllm.calls[0]
    assert prompts[0]["prompt_token_ids"][0] == tokenizer.bos_token_id
    list(backend.answer(PROMPTS, k=2, max_new_tokens=9, seed=4, done=[1]))
    seeds = [one.seed for _, parameters in vllm.calls for one in parameters]
    assert len(set(seeds)) == len(seeds) == 12  # no row under one seed has another's under the next
    assert (parameters[0].n, parameters[0].max_tokens, parameters[0].stop_token_ids) == (2, 9, [1, 106])
    assert (parameters[0].temperature, parameters[0].top_k, parameters[0].top_p) == (1.0, 64, 0.95)
    assert batches[0][0] == [Reply(str(len(prompts[0]["prompt_token_ids"])), 1, True)] * 2


def test_vllm_that_is_not_installed(tokenizer, monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.setattr("posttrain.evaluate.backends.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install vllm"):
        VllmModel("folder", tokenizer, [1])


def test_lm_eval_is_called_by_its_own_names(monkeypatch, tmp_path):
    calls = []
    module = ModuleType("lm_eval")
    module.__spec__ = SimpleNamespace(name="lm_eval")
    results = {
        "gsm8k_cot_zeroshot": {"alias": "gsm8k", "exact_match,flexible-extract": 0.25},
        "arc_easy": {"acc,none": 0.5},
    }
    module.simple_evaluate = lambda **kwargs: calls.append(kwargs) or {"results": results}
    tasks = ModuleType("lm_eval.tasks")
    tasks.TaskManager = lambda: SimpleNamespace(all_tasks=["arc_easy", "gsm8k_cot_zeroshot"])
    monkeypatch.setitem(sys.modules, "lm_eval", module)
    monkeypatch.setitem(sys.modules, "lm_eval.tasks", tasks)
    options = {"limit": 8, "batch_size": 2, "seed": 1, "max_new_tokens": None}
    found = evaluate_with_harness("m", ["gsm8k", "arc_easy"], tmp_path, **options)
    assert found == {"gsm8k": {"exact_match,flexible-extract": 0.25}, "arc_easy": {"acc,none": 0.5}}
    assert calls[0]["tasks"] == ["gsm8k_cot_zeroshot", "arc_easy"] and calls[0]["apply_chat_template"]
    assert calls[0]["device"] == ("cuda" if torch.cuda.is_available() else "cpu")
    assert json.loads((tmp_path / "lm_eval.json").read_text()) == results
    with pytest.raises(UserError, match="no task 'arc_esay' .did you mean 'arc_easy'"):
        evaluate_with_harness("m", ["arc_esay"], tmp_path, **options)
    with pytest.raises(UserError, match="without a sandbox"):
        evaluate_with_harness("m", ["humaneval"], tmp_path, **options)

    def lacking(**kwargs):
        raise ModuleNotFoundError("No module named 'langdetect'")

    module.simple_evaluate = lacking
    with pytest.raises(UserError, match="arc_easy needs a package more: No module named 'langdetect'"):
        evaluate_with_harness("m", ["arc_easy"], tmp_path, **options)


def test_lm_eval_that_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setattr("posttrain.evaluate.harness.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install 'lm-eval"):
        evaluate_with_harness("m", ["gsm8k"], tmp_path, limit=1, batch_size=1, seed=0, max_new_tokens=None)
