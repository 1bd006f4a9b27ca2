"""The distillation trainer in this process: its head, cached against live teachers, the student's own replies."""

import json
import random

import numpy as np
import pytest
import torch
from torch.nn.functional import log_softmax, nll_loss, softmax
from trl import pack_dataset

from posttrain.chat import encode_rows
from posttrain.errors import UserError
from posttrain.gemma import load_model
from posttrain.teacher import cache as teacher_cache
from posttrain.teacher.cache import TeacherCache, begin, build_split, finish
from posttrain.teacher.local import LocalTeacher
from posttrain.teacher.targets import DenseTargets, SparseTargets, TokenTargets
from posttrain.trainers.distill import DistillTrainer, number_rows
from posttrain.trainers.distill_head import Objective, compute_rows
from tests import tiny

RNG = random.Random(0)
ROWS = tiny.chat_rows(*(("x" * RNG.randint(1, 9) + f"{i}+{i}", f"{2 * i}" * RNG.randint(1, 5)) for i in range(1, 25)))
HELD_OUT = tiny.chat_rows(("9+9", "18"), ("a", "b"), ("ccc", "d"))
SETTINGS = {"max_steps": 4, "save_strategy": "no", "learning_rate": 3e-3, "lr_scheduler_type": "constant"}


@pytest.fixture(scope="module")
def teacher(tiny_folder):
    """Another model of the same shape, sure of what it says."""
    model, _ = load_model(tiny_folder)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * parameter.std())
        model.get_input_embeddings().weight.mul_(8)
    return LocalTeacher(model)


def caches(tmp_path, teacher, tokenizer, method="draws", count=256, splits=None):
    """A cache of ROWS (and more splits), and the numbered rows."""
    encoded = {name: encode_rows(rows, tokenizer)[0] for name, rows in (splits or {"train": ROWS}).items()}
    identity = {
        "format": teacher_cache.FORMAT,
        "temperature": 1.0,
        "method": method,
        "splits": {n: {"rows": len(r)} for n, r in encoded.items()},
    }
    begin(tmp_path, identity)
    settings = {"method": method, "count": count, "temperature": 1.0, "seed": 0}
    for name, rows in encoded.items():
        some = list(rows)
        speak = lambda f, n, s=some: teacher.speak(s[f : f + n], f, **settings)  # noqa: E731
        build_split(tmp_path, identity, name, len(some), speak)
    finish(tmp_path, identity, {name: len(rows) for name, rows in encoded.items()}, {})
    return TeacherCache(tmp_path), {name: number_rows(rows, held_out=name == "test") for name, rows in encoded.items()}


def losses(trainer):
    trainer.train()
    return [record["loss"] for record in trainer.state.log_history if "loss" in record]


def distill(tiny_folder, out, rows=ROWS, **settings):
    settings = {"objective": Objective(), "teacher": None} | SETTINGS | settings
    return tiny.trainer(tiny_folder, out, rows, DistillTrainer, **settings)


def problem(tokens=9, width=8, vocabulary=50):
    generator = torch.Generator().manual_seed(2)
    draw = lambda *size: torch.randn(*size, generator=generator)  # noqa: E731
    hidden, weight = draw(tokens, width).requires_grad_(), draw(vocabulary, width).requires_grad_()
    labels = torch.randint(vocabulary, (tokens,), generator=generator)
    return hidden, weight, labels, DenseTargets(draw(tokens, 5), draw(vocabulary, 5))


@pytest.mark.parametrize("tail", [False, True])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("hard", [0.0, 0.25, 1.0])
def test_rows_of_sparse_targets(tail, temperature, hard):
    """(1−w)·T²·CE at T + w·NLL at 1, the hard label merged where it can be; KL against what the targets stand for."""
    hidden, weight, labels, dense = problem()
    p = softmax(dense.hidden @ dense.head.T, -1)
    top = p.topk(6)
    probs = top.values if tail else top.values / top.values.sum(-1, keepdim=True)
    targets = SparseTargets(top.indices, probs, torch.full((9,), torch.nan), tail)
    rows = compute_rows(hidden, weight, labels, targets, Objective(0.0, temperature, hard))
    logits = hidden @ weight.T
    logq = log_softmax(logits / temperature, -1)
    cross = -(probs * logq.gather(1, top.indices)).sum(-1)
    entropy = torch.special.entr(probs).sum(-1)
    if tail:
        rest = 1 - probs.sum(-1)
        cross = cross - rest * (1 - logq.gather(1, top.indices).exp().sum(-1)).log()
        entropy = entropy + torch.special.entr(rest)
    hard_loss = nll_loss(log_softmax(logits, -1), labels, reduction="none")
    expected = (1 - hard) * temperature**2 * cross + hard * hard_loss
    torch.testing.assert_close(rows.loss, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(rows.logps, -hard_loss, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(rows.kl, cross - entropy, atol=1e-4, rtol=1e-3)
    ours = torch.autograd.grad(rows.loss.sum(), (hidden, weight))
    for grad, reference in zip(ours, torch.autograd.grad(expected.sum(), (hidden, weight)), strict=True):
        torch.testing.assert_close(grad, reference, atol=1e-4, rtol=1e-3)


def test_rows_of_draws_take_the_whole_distribution_s_entropy():
    """With p itself as target, CE − H(p) is KL(p‖q) exactly; with draws it is so in the mean."""
    hidden, weight, labels, dense = problem()
    logp, logq = log_softmax(dense.hidden @ dense.head.T, -1), log_softmax(hidden @ weight.T, -1)
    ids = torch.arange(50).expand(9, 50)
    entropy = -(logp.exp() * logp).sum(-1)
    rows = compute_rows(hidden, weight, labels, SparseTargets(ids, logp.exp(), entropy, False), Objective())
    torch.testing.assert_close(rows.kl, (logp.exp() * (logp - logq)).sum(-1).detach(), atol=1e-5, rtol=1e-4)


def test_rows_of_single_tokens_are_the_policy_gradient():
    hidden, weight, labels, _ = problem()
    told = torch.linspace(-4, -1, 9)
    rows = compute_rows(hidden, weight, labels, TokenTargets(told), Objective())
    logps = log_softmax(hidden @ weight.T, -1).gather(1, labels[:, None]).squeeze(1)
    torch.testing.assert_close(rows.loss, (logps - told).detach() * logps, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(rows.kl, (logps - told).detach(), atol=1e-5, rtol=1e-5)


def test_a_student_that_is_its_teacher_learns_nothing(tiny_folder, tmp_path):
    trainer = distill(tiny_folder, tmp_path, teacher=LocalTeacher(load_model(tiny_folder)[0]), max_steps=2, optim="sgd")
    before = {name: p.detach().clone() for name, p in trainer.model.named_parameters()}
    assert losses(trainer) == pytest.approx([0.0, 0.0], abs=1e-4)
    assert [r["kl"] for r in trainer.state.log_history if "kl" in r] == pytest.approx([0.0, 0.0], abs=1e-5)
    assert max((p - before[n]).abs().max() for n, p in trainer.model.named_parameters()) < 1e-6


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_live_distillation_draws_the_student_near(beta, tiny_folder, tmp_path, teacher):
    trainer = distill(
        tiny_folder, tmp_path, teacher=teacher, objective=Objective(beta), max_steps=12, eval_rows=HELD_OUT
    )
    before = trainer.evaluate()
    assert losses(trainer)[-1] < 0.9 * losses_of(trainer)[0]
    after = trainer.evaluate()
    assert after["eval_kl"] < before["eval_kl"] and {"eval_nll", "eval_mean_token_accuracy"} <= after.keys()


def losses_of(trainer):
    return [record["loss"] for record in trainer.state.log_history if "loss" in record]


def test_evaluation_means_over_tokens(tiny_folder, tmp_path, teacher):
    """eval_kl and eval_nll against the models' own full logits, token by token."""
    trainer = distill(tiny_folder, tmp_path, teacher=teacher, eval_rows=HELD_OUT)
    metrics = trainer.evaluate()
    kl, nll, count = 0.0, 0.0, 0
    for row in encode_rows(HELD_OUT, trainer.processing_class)[0]:
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor(row["labels"][1:])
        with torch.no_grad():
            logp, logq = (
                log_softmax(m(ids).logits[0, :-1], -1)[labels != -100] for m in (teacher.model, trainer.model)
            )
        kl += (logp.exp() * (logp - logq)).sum().item()
        nll += nll_loss(logq, labels[labels != -100], reduction="sum").item()
        count += len(logq)
    assert metrics["eval_kl"] == pytest.approx(kl / count, rel=1e-4)
    assert metrics["eval_nll"] == pytest.approx(nll / count, rel=1e-4)


def test_cached_training_meets_the_live_teacher_s(tiny_folder, tmp_path, teacher):
    """Forward KL: with 256 draws the gradients differ by sampling only, so every step's KL lies near the live one's."""
    _, tokenizer = load_model(tiny_folder)
    cache, rows = caches(tmp_path / "cache", teacher, tokenizer)
    cached = distill(tiny_folder, tmp_path / "a", rows["train"], teacher=cache, max_steps=8)
    live = distill(tiny_folder, tmp_path / "b", teacher=teacher, max_steps=8)
    for trainer in (cached, live):
        trainer.train()
    found, expected = ([r["kl"] for r in t.state.log_history if "kl" in r] for t in (cached, live))
    assert expected[-1] < 0.9 * expected[0]
    assert found == pytest.approx(expected, rel=0.05)
    entropy = np.array(losses_of(cached)) - np.array(
        found
    )  # the loss is the cross-entropy: KL and the teacher's entropy
    assert (entropy > 0).all()


@pytest.mark.parametrize("method", ["distinct", "top"])
def test_other_methods_train_too(method, tiny_folder, tmp_path, teacher):
    _, tokenizer = load_model(tiny_folder)
    cache, rows = caches(tmp_path / "cache", teacher, tokenizer, method, 32, {"train": ROWS, "test": HELD_OUT})
    trainer = distill(tiny_folder, tmp_path / "run", rows["train"], teacher=cache, max_steps=8)
    before = trainer.evaluate(rows["test"])
    assert losses(trainer)[-1] < losses_of(trainer)[0]
    assert trainer.evaluate(rows["test"])["eval_kl"] < before["eval_kl"]


def test_packed_rows_bring_their_words_along(tiny_folder, tmp_path, teacher):
    """One batch of all rows, padded, and laid end to end: the same loss, with rows that stand beside themselves."""
    _, tokenizer = load_model(tiny_folder)
    cache, rows = caches(tmp_path / "cache", teacher, tokenizer, count=32)
    found = []
    for packing in (False, True):
        trainer = distill(
            tiny_folder,
            tmp_path / str(packing),
            pack_dataset(rows["train"], 1024) if packing else rows["train"],
            teacher=cache,
            max_steps=1,
            packing=packing,
            max_length=1024,
            dataset_kwargs={"skip_prepare_dataset": True},
            per_device_train_batch_size=1 if packing else 24,
        )
        assert len(trainer.train_dataset) == (1 if packing else 24)
        found += losses(trainer)
    assert found[0] == pytest.approx(found[1], rel=1e-5)
    twice = trainer.data_collator([rows["train"][3], rows["train"][3]])
    assert len(twice["teacher_ids"]) == 2 * sum(label != -100 for label in rows["train"][3]["labels"])


def test_own_replies_take_the_place_of_the_rows(tiny_folder, tmp_path, teacher):
    """The prompt stays, what follows is the student's, every token of it is trained, and the count of them divides."""
    trainer = distill(tiny_folder, tmp_path, teacher=teacher, on_policy=(1.0, 1.0), reply_tokens=5)
    loader = trainer.get_train_dataloader()
    given = next(iter(loader))
    batches, items = trainer.get_batch_samples(iter(loader), 1, trainer.args.device)
    again, _ = trainer.get_batch_samples(iter(loader), 1, trainer.args.device)
    (batch,) = batches
    assert items == (batch["labels"][:, 1:] != -100).sum()
    assert torch.equal(batch["input_ids"], again[0]["input_ids"])  # of the same step: the same draws
    for ids, labels, old_ids, old_labels in zip(
        batch["input_ids"], batch["labels"], given["input_ids"], given["labels"], strict=True
    ):
        begin = int((old_labels != -100).nonzero()[0])
        assert torch.equal(ids[:begin], old_ids[:begin]) and (labels[:begin] == -100).all()
        written = labels[labels != -100]
        assert 1 <= len(written) <= 5 and torch.equal(written, ids[begin : begin + len(written)])
    assert trainer.model.generation_config.top_k == 64  # as it was


class FakeVLLM:
    """In the place of TRL's class, of which tests/test_upstream.py knows the calls: answers with two letters."""

    def __init__(self, model, accelerator, processing_class, **settings):
        self.settings, self.synced, self.asked = settings, 0, []
        self.reply = processing_class("ok", add_special_tokens=False)["input_ids"]

    def sync_weights(self):
        self.synced += 1

    def generate(self, prompts, images, num_generations):
        self.asked += prompts
        assert images is None and num_generations == 1
        return prompts, [self.reply for _ in prompts], None, None


def test_vllm_writes_the_student_s_replies(tiny_folder, tmp_path, teacher, monkeypatch):
    monkeypatch.setattr("posttrain.trainers.distill.VLLMGeneration", FakeVLLM)
    settings = {"teacher": teacher, "on_policy": (1.0, 1.0), "reply_tokens": 5, "vllm": {"mode": "colocate"}}
    trainer = distill(
        tiny_folder, tmp_path, max_steps=3, per_device_train_batch_size=4, gradient_accumulation_steps=2, **settings
    )
    vllm, seen = trainer.vllm, []
    tell = teacher.targets
    monkeypatch.setattr(teacher, "targets", lambda inputs, at, **how: seen.append(inputs) or tell(inputs, at))
    trainer.train()
    assert vllm.synced == 3  # once a step, not once a batch
    assert vllm.settings["mode"] == "colocate" and vllm.settings["max_completion_length"] == 5
    assert vllm.settings["generation_kwargs"] == {"stop_token_ids": [1, 106]}
    assert len(seen) == 6
    for batch in seen:
        for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
            assert ids[labels != -100].tolist() == vllm.reply
            assert ids[: int((labels != -100).nonzero()[0])].tolist() in vllm.asked


def test_the_last_of_many_replies_is_written_anew(tiny_folder, tmp_path, teacher):
    messages = [{"role": r, "content": t} for r, t in zip(["user", "assistant"] * 2, "abcd", strict=True)]
    trainer = distill(tiny_folder, tmp_path, [{"messages": messages}], teacher=teacher, reply_tokens=3)
    batch = trainer.with_own_replies(next(iter(trainer.get_train_dataloader())))
    ids, labels = batch["input_ids"][0], batch["labels"][0]
    text = trainer.processing_class.decode(ids[labels == -100])
    turns = "".join(
        f"<start_of_turn>{r}\n{t}<end_of_turn>\n" for r, t in (("user", "a"), ("model", "b"), ("user", "c"))
    )
    assert text.removesuffix("<pad>") == f"<bos>{turns}<start_of_turn>model\n"


def test_shares_of_own_replies_follow_their_schedule(tiny_folder, tmp_path, teacher):
    trainer = distill(tiny_folder, tmp_path, teacher=teacher, on_policy=(0.0, 1.0))
    trainer.state.max_steps = 2000
    turns = [trainer._is_on_policy(step) for step in range(2000)]
    assert sum(turns[:500]) / 500 == pytest.approx(0.125, abs=0.05)
    assert sum(turns[1500:]) / 500 == pytest.approx(0.875, abs=0.05)
    assert turns == [trainer._is_on_policy(step) for step in range(2000)]


@pytest.mark.parametrize("objective", [Objective(0.0), Objective(1.0)])
def test_on_policy_training_draws_the_student_near(objective, tiny_folder, tmp_path, teacher):
    trainer = distill(
        tiny_folder, tmp_path, teacher=teacher, objective=objective, on_policy=(0.5, 0.5), max_steps=12, reply_tokens=6
    )
    before = trainer.evaluate(encode_rows(HELD_OUT, trainer.processing_class)[0])
    trainer.train()
    after = trainer.evaluate(encode_rows(HELD_OUT, trainer.processing_class)[0])
    assert after["eval_kl"] < before["eval_kl"]
    assert all(np.isfinite(losses_of(trainer)))


def test_policy_gradient_training_lowers_the_reverse_kl(tiny_folder, tmp_path, teacher):
    trainer = distill(
        tiny_folder,
        tmp_path,
        teacher=teacher,
        policy_gradient=True,
        on_policy=(1.0, 1.0),
        max_steps=40,
        per_device_train_batch_size=24,
        reply_tokens=6,
        learning_rate=1e-2,
    )

    def reverse_kl():
        """KL(q‖p), exactly, a token of the replies that the student would write now."""
        own = trainer.with_own_replies(next(iter(trainer.get_train_dataloader())))
        with torch.no_grad():
            q, p = (log_softmax(m(own["input_ids"]).logits[:, :-1], -1) for m in (trainer.model, teacher.model))
        return (q.exp() * (q - p)).sum(-1)[own["labels"][:, 1:] != -100].mean().item()

    held_out = encode_rows(HELD_OUT, trainer.processing_class)[0]
    exact = distill(tiny_folder, tmp_path / "exact", teacher=teacher).evaluate(held_out)
    assert trainer.evaluate(held_out)["eval_kl"] == pytest.approx(exact["eval_kl"], rel=1e-5)  # not of one token
    before = reverse_kl()
    trainer.train()
    assert reverse_kl() < 0.9 * before


def test_hard_labels_are_the_rows_own(tiny_folder, tmp_path, teacher):
    """On its own replies the student learns from the teacher alone, whatever label_weight is."""
    found = {}
    for weight in (0.0, 0.5):
        trainer = distill(tiny_folder, tmp_path, teacher=teacher, objective=Objective(label_weight=weight))
        given = next(iter(trainer.get_train_dataloader()))
        own = trainer.with_own_replies(given)
        found[weight] = [trainer.compute_loss(trainer.model, dict(batch)).item() for batch in (given, own)]
    assert found[0.0][1] == found[0.5][1] and found[0.0][0] != pytest.approx(found[0.5][0], rel=1e-3)


@pytest.mark.parametrize("larger", ["teacher", "student"])
def test_heads_of_unlike_length(larger, tiny_folders, tmp_path):
    """512 ids are shared; the 16 further rows of a multimodal Gemma are no tokens of the other's text."""
    kinds = ("gemma3_text", "gemma3") if larger == "teacher" else ("gemma3", "gemma3_text")
    student, other = (tiny_folders[kind] for kind in kinds)
    model, _ = load_model(other)
    with torch.no_grad():
        load = model.get_input_embeddings().weight
        load[512:] = 3 * load[:512].abs().amax()  # which the larger would like to say
    live = LocalTeacher(model, 512)
    trainer = distill(student, tmp_path, teacher=live, on_policy=(0.5, 0.5), reply_tokens=8, max_steps=4)
    if larger == "student":
        with torch.no_grad():
            trainer.model.get_input_embeddings().weight[512:] = 3.0
        own = trainer.with_own_replies(next(iter(trainer.get_train_dataloader())))
        assert own["input_ids"].max() < 512
        assert trainer.model.generation_config.suppress_tokens is None  # as it was
    assert all(np.isfinite(losses(trainer)))
    read, rows = caches(tmp_path / "cache", live, trainer.processing_class)
    assert max(int(read.row("train", i).ids.max()) for i in range(len(ROWS))) < 512
    cached = distill(student, tmp_path / "cached", rows["train"], teacher=read, max_steps=2)
    assert all(np.isfinite(losses(cached)))


def test_rows_that_are_not_those_of_the_cache_stop_the_batch(tiny_folder, tmp_path, teacher):
    read, rows = caches(tmp_path / "cache", teacher, distill(tiny_folder, tmp_path, teacher=teacher).processing_class)
    cut = rows["train"].map(lambda row: {name: row[name][:-2] for name in ("input_ids", "labels", "teacher_at")})
    with pytest.raises(UserError, match=r"of rows \[.*\] … it has \d+ labels, not \d+"):
        losses(distill(tiny_folder, tmp_path / "out", cut, teacher=read))


def test_a_log_of_the_run_has_kl(tiny_folder, tmp_path, teacher):
    trainer = distill(tiny_folder, tmp_path, teacher=teacher, max_steps=1)
    trainer.train()
    assert json.dumps(trainer.state.log_history).count('"kl"') == 1
