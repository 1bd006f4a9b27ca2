"""A teacher behind a server: a real HTTP server on loopback that answers as `vllm serve` does, out of a tiny model."""

import importlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from torch.nn.functional import log_softmax

from posttrain.errors import UserError
from posttrain.gemma import load_model
from posttrain.teacher.cache import TeacherCache
from posttrain.teacher.local import LocalTeacher
from posttrain.teacher.served import ServedTeacher
from posttrain.trainers.distill import DistillTrainer
from posttrain.trainers.distill_head import Objective
from tests import launch, tiny

ROWS = tiny.chat_rows(("1+1", "2"), ("22+22", "44"), ("a longer question", "a longer reply"))
LIMIT = 20  # tokens a position, as --max-logprobs has it


class Server:
    """`behave(request number, body)` gives (status, body) or None to go on; `spoil` changes what is told."""

    def __init__(self, model):
        self.model, self.requests = model, []
        self.behave, self.spoil = lambda number, body: None, lambda told: told
        lock, owner = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    owner.requests.append({"path": self.path, **body})
                    status, answer = owner.behave(len(owner.requests), body) or (200, owner.answer(body))
                content = json.dumps(answer).encode()
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
        told = None
        if "prompt_logprobs" in body:
            if body["prompt_logprobs"] > LIMIT:
                return {"error": {"message": f"at most {LIMIT}"}}
            told = self.spoil([None, *self.told(body["prompt"], body["prompt_logprobs"])])
        choice = {"index": 0, "text": "written", "finish_reason": "length", "logprobs": None, "prompt_logprobs": told}
        return {"id": "1", "object": "text_completion", "created": 1, "model": "m", "choices": [choice]}

    def told(self, ids, count):
        with torch.no_grad():
            logps = log_softmax(self.model(torch.tensor([ids])).logits[0, :-1].double(), -1)
        for row, own in zip(logps, ids[1:], strict=True):
            tokens = dict.fromkeys([*row.topk(count).indices.tolist(), own])
            yield {str(t): {"logprob": row[t].item(), "rank": 1, "decoded_token": None} for t in tokens}


@pytest.fixture(scope="module")
def model(tiny_folder):
    return load_model(tiny_folder)[0]


@pytest.fixture
def server(model):
    server = Server(model)
    yield server
    server.http.shutdown()
    server.http.server_close()


def teacher(server, top=8, **settings):
    return ServedTeacher(server.url, "m", top, **{"concurrency": 2, "retries": 2, "timeout": 5.0} | settings)


@pytest.fixture
def batch():
    ids = torch.tensor([[2, 105, 200, 201, 202, 106], [2, 105, 210, 106, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])
    at = torch.tensor([[False, False, True, True, True], [False, True, True, False, False]])
    return {"input_ids": ids, "attention_mask": mask}, at


def test_the_likeliest_tokens_of_a_server_are_those_of_the_model(server, model, batch):
    inputs, at = batch
    found = teacher(server).targets(inputs, at)
    with torch.no_grad():
        logps = log_softmax(model(**inputs).logits[:, :-1][at], -1)
    expected = logps.topk(8)
    assert found.tail and found.ids.sort(-1).values.tolist() == expected.indices.sort(-1).values.tolist()
    torch.testing.assert_close(found.probs.sum(-1), expected.values.exp().sum(-1), atol=1e-5, rtol=1e-4)
    assert server.requests[0]["path"] == "/v1/completions" and server.requests[0]["max_tokens"] == 1


def test_single_tokens(server, model, batch):
    inputs, at = batch
    found = teacher(server).targets(inputs, at, own_tokens=True)
    local = LocalTeacher(model).targets(inputs, at, own_tokens=True)
    assert {request["prompt_logprobs"] for request in server.requests} == {0}
    torch.testing.assert_close(found.logps, local.logps, atol=1e-5, rtol=1e-4)


def test_ids_of_images_are_part_of_the_rest(server, batch):
    """A served 4B has 64 rows more; what it says of them is mass that no token of the student's has."""
    plain = teacher(server).targets(*batch)
    server.spoil = lambda told: changed(told, "262150", -20.0)
    found = teacher(server).targets(*batch)
    assert torch.equal(found.ids, plain.ids) and torch.equal(found.probs, plain.probs)


def test_busy_and_failing_servers_are_asked_again(server, batch):
    server.behave = lambda number, body: (503, {"error": {"message": "busy"}}) if number in (1, 3) else None
    assert teacher(server).targets(*batch).ids.shape == (5, 8)
    assert len(server.requests) == 4


def changed(told, token, logprob):
    """With a token more at every position, or with every number changed."""
    one = {"logprob": logprob, "rank": 1}
    return [said and ({t: one for t in said} if token is None else said | {token: one}) for said in told]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda told: told[:-2], "told fewer positions than it was asked for"),
        (lambda told: None, "tells no log-probabilities of a prompt's tokens"),
        (lambda told: [*told, told[-1]], "told more positions than it was asked for"),
        (lambda told: [one and dict(list(one.items())[:3]) for one in told], "told no log-probability|told 3 tokens"),
        (lambda told: changed(told, "262208", -9.0), r"a token id beyond the vocabulary \(.* … 262208\)"),
        (lambda told: changed(told, "-7", -9.0), "a token id beyond the vocabulary"),
        (lambda told: changed(told, str(1 << 70), -9.0), "a token id beyond the vocabulary"),
        (lambda told: changed(told, None, 0.0), "probabilities that sum to more than 1"),
        (lambda told: changed(told, None, 0.5), "a log-probability that is none"),
        (lambda told: changed(told, None, -1e400), "a log-probability that is none"),
        (lambda told: changed(told, None, float("nan")), "a log-probability that is none"),
        (lambda told: changed(told, None, "x\x1b[31m"), r"tells no log-probabilities.*'x\\x1b"),
        (lambda told: [one and {t: {"rank": 1} for t in one} for one in told], "tells no log-probabilities"),
    ],
)
def test_answers_that_are_short_are_refused(server, batch, spoil, said):
    server.spoil = spoil
    with pytest.raises(UserError, match=said):
        teacher(server).targets(*batch)


def test_a_server_that_is_dead_refuses_or_hangs(server, batch):
    with pytest.raises(UserError, match="no answer after 0 further tries"):
        ServedTeacher("http://127.0.0.1:9/v1", "m", 8, retries=0, timeout=1.0).targets(*batch)
    server.behave = lambda number, body: (400, {"error": {"message": "prompt_logprobs: at most 5"}})
    with pytest.raises(UserError, match="refuses what it is asked.*at most 5"):
        teacher(server).targets(*batch)
    hang = threading.Event()
    server.behave = lambda number, body: hang.wait(3) and None
    with pytest.raises(UserError, match="no answer after 0 further tries"):
        teacher(server, retries=0, timeout=0.3).targets(*batch)
    hang.set()


def test_training_from_a_server(server, tiny_folder, tmp_path):
    """The student begins as its teacher: nothing to learn at first, and its own replies may be judged too."""
    for single, share in ((False, 0.5), (True, 1.0)):
        trainer = tiny.trainer(
            tiny_folder,
            tmp_path / str(single),
            ROWS,
            DistillTrainer,
            objective=Objective(),
            teacher=teacher(server),
            policy_gradient=single,
            on_policy=(share, share),
            reply_tokens=4,
            max_steps=2,
            save_strategy="no",
            sample_rows=ROWS,
            eval_rows=ROWS,
        )
        metrics = trainer.evaluate()
        assert metrics["eval_kl"] == pytest.approx(0.0, abs=1e-4)
        trainer.train()
        assert (
            json.loads((tmp_path / str(single) / "samples.jsonl").read_text().splitlines()[0])["teacher"] == "written"
        )


def test_a_server_with_other_words_for_the_same_ids(server, batch, tokenizer):
    """Its pieces are compared to the student's once; of spaces and bytes servers make what they like."""
    inputs, at = batch
    pieces = tokenizer.convert_ids_to_tokens(range(512))
    letters = [token for token, piece in enumerate(pieces) if piece.isalpha()]
    inputs = inputs | {"input_ids": torch.tensor([[2, 105, *letters[:4]], [2, 105, *letters[4:6], 0, 0]])}

    def say(shift):
        def spoil(told):
            word = lambda token: " " + pieces[(int(token) + shift) % 512]  # noqa: E731
            return [one and {t: value | {"decoded_token": word(t)} for t, value in one.items()} for one in told]

        return spoil

    server.spoil = say(0)
    asked = teacher(server, tokenizer=tokenizer)
    asked.targets(inputs, at)
    server.spoil = say(1)
    asked.targets(inputs, at)  # looked at once
    with pytest.raises(UserError, match="its tokenizer differs from the student's: it reads"):
        teacher(server, tokenizer=tokenizer).targets(inputs, at)


@pytest.fixture
def it_teacher(server, tiny_folder, tmp_path, monkeypatch, environment):
    rows = launch.write_rows(tmp_path / "rows.jsonl", 12)
    options = ["--teacher", server.url, "--teacher_name", "m", "--tokenizer", str(tiny_folder), "--train", str(rows)]
    options += ["--method", "top", "--draws", "8", "--eval_rows", "0", "--max_length", "64", "--progress", "false"]

    def run(*more):
        monkeypatch.setattr(sys, "argv", ["it_teacher.py", "--output_dir", str(tmp_path / "out"), *options, *more])
        importlib.import_module("posttrain.recipes.it_teacher").main()
        return tmp_path / "out"

    return run


def test_a_cache_from_a_server_that_dies_on_the_way(it_teacher, server, model, monkeypatch, capsys):
    """The shards that were whole stay, the same command goes on, and what is cached is what the model says."""
    monkeypatch.setattr("posttrain.teacher.cache.SHARD_ROWS", 5)
    server.behave = lambda number, body: (400, {"error": {"message": "gone"}}) if number > 8 else None
    with pytest.raises(SystemExit):
        it_teacher()
    assert "gone" in capsys.readouterr().err
    server.behave = lambda number, body: None
    before = len(server.requests)
    read = TeacherCache(it_teacher())
    assert len(server.requests) - before == 7  # of the first shard's five rows, none again
    assert len(read.manifest["shards"]) == 3 and read.method == "top"
    assert read.targets("train", [0]).ids.shape[1] == 8
