"""Distillation losses: by hand, against float64, their gradients, their limits, and what sampling does to them."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from posttrain.losses import dense_kd, distill, head, jsd_loss, policy_gradient_loss, sparse_kd_loss
from posttrain.losses.head import Shape, sparse_cross_entropy

EVERY = torch.ones(1, dtype=torch.bool)


def problem(tokens=11, width=6, vocabulary=40, few=4, dtype=torch.float64):
    generator = torch.Generator().manual_seed(5)
    hidden = torch.randn(tokens, width, generator=generator, dtype=dtype, requires_grad=True)
    weight = torch.randn(vocabulary, width, generator=generator, dtype=dtype, requires_grad=True)
    ids = torch.stack([torch.randperm(vocabulary, generator=generator)[:few] for _ in range(tokens)])
    probs = torch.rand(tokens, few, generator=generator, dtype=dtype)
    return hidden, weight, ids, probs / probs.sum(-1, keepdim=True)


def two_heads(**sizes):
    hidden, weight, ids, _ = problem(**sizes)
    generator = torch.Generator().manual_seed(6)
    teacher_hidden = torch.randn(len(hidden), 9, generator=generator, dtype=hidden.dtype)
    teacher_head = torch.randn(len(weight), 9, generator=generator, dtype=hidden.dtype)
    return hidden, weight, teacher_hidden, teacher_head, ids[:, 0]


def test_sparse_by_hand():
    """hidden (1), W = (0, ln 2, ln 5)ᵀ: q = (1, 2, 5)/8. With p = (¼, ·, ¾): ¼·log 8 + ¾·log(8/5) = .8724."""
    weight = torch.tensor([[0.0], [math.log(2)], [math.log(5)]])
    loss, metrics = sparse_kd_loss(
        torch.ones(1, 1), weight, torch.tensor([[0, 2]]), torch.tensor([[0.25, 0.75]]), EVERY
    )
    assert loss.item() == pytest.approx(0.25 * math.log(8) + 0.75 * math.log(8 / 5), abs=1e-6)
    assert metrics["tokens"] == 1 and metrics["entropy"].item() == pytest.approx(0.9003, abs=1e-4)


def test_tail_by_hand():
    """The same q, of which only token 2 is told, with p = ½: ½·log(8/5) + ½·log(8/3)."""
    weight = torch.tensor([[0.0], [math.log(2)], [math.log(5)]])
    ids, probs = torch.tensor([[2, 0]]), torch.tensor([[0.5, 0.0]])  # an entry of 0 is padding, and not token 0
    loss, _ = sparse_kd_loss(torch.ones(1, 1), weight, ids, probs, EVERY, tail=True)
    assert loss.item() == pytest.approx(0.5 * math.log(8 / 5) + 0.5 * math.log(8 / 3), abs=1e-6)


def test_divergences_by_hand():
    """q = (½, ½), p = (¼, ¾): KL(p‖q) = ¼ log ½ + ¾ log 3/2 = .1308; KL(q‖p) = ½ log 2 + ½ log 2/3 = .1438;
    at β = ½ M = (⅜, ⅝): ½(¼ log ⅔ + ¾ log 6/5) + ½(½ log 4/3 + ½ log 4/5) = .0338."""
    student, teacher = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    for beta, expected in ((0.0, 0.1308), (1.0, 0.1438), (0.5, 0.0338)):
        assert jsd_loss(student, teacher, EVERY, beta)[0].item() == pytest.approx(expected, abs=1e-4), beta


def test_policy_gradient_by_hand():
    """Tokens with log q − log p = 1 and −2, the third masked: loss 1·log q₁ − 2·log q₂; gradient (1, −2, 0)."""
    student = torch.tensor([-1.0, -3.0, -5.0], requires_grad=True)
    loss, metrics = policy_gradient_loss(student, torch.tensor([-2.0, -1.0, 0.0]), torch.tensor([True, True, False]))
    loss.backward()
    assert loss.item() == -1.0 + 6.0 and student.grad.tolist() == [1.0, -2.0, 0.0]
    assert metrics == {"tokens": 2, "kl": -1.0}


def test_policy_gradient_is_that_of_the_reverse_kl():
    """Summed over every token with its probability, the gradient is exactly that of KL(q‖p)."""
    logits = torch.randn(12, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    jsd_loss(logits[None], teacher[None], EVERY, 1.0)[0].backward()
    expected, logits.grad = logits.grad, None
    logps = log_softmax(logits, 0)
    advantage = (logps - log_softmax(teacher, 0)).detach()
    (logps.exp().detach() * advantage * logps).sum().backward()
    torch.testing.assert_close(logits.grad, expected)


@pytest.mark.parametrize("tail", [False, True])
@pytest.mark.parametrize(("softcap", "temperature"), [(None, 1.0), (3.0, 1.7)])
@pytest.mark.parametrize(("keep", "chunk"), [(0, 4), (1 << 30, 4), (1 << 30, 64)])
def test_sparse_against_float64_autograd(tail, softcap, temperature, keep, chunk, monkeypatch):
    """Value and gradients in fp32, kept or recomputed, in one chunk or many, with an uneven upstream gradient."""
    monkeypatch.setattr(head, "KEEP_BYTES", keep)
    monkeypatch.setattr(head, "CHUNK", chunk)
    monkeypatch.setattr(head, "PULLS", 9)
    hidden, weight, ids, probs = problem()
    probs = probs * 0.7 if tail else probs
    probs[0, 1:] = 0.0
    upstream = torch.rand(len(ids), dtype=torch.float64)
    expected = plain_sparse(hidden, weight, ids, probs, Shape(softcap, temperature, tail))
    (expected * upstream).sum().backward()
    ours = [hidden.detach().float().requires_grad_(), weight.detach().float().requires_grad_()]
    loss, first, entropy, top1 = sparse_cross_entropy(*ours, ids, probs.float(), Shape(softcap, temperature, tail))
    (loss * upstream.float()).sum().backward()
    torch.testing.assert_close(loss.double(), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours[0].grad.double(), hidden.grad, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours[1].grad.double(), weight.grad, atol=1e-5, rtol=1e-5)
    logq = plain_logq(hidden, weight, Shape(softcap, temperature, tail))
    torch.testing.assert_close(first.double(), logq.gather(1, ids[:, :1]).squeeze(1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(entropy.double(), -(logq.exp() * logq).sum(-1), atol=1e-5, rtol=1e-5)
    assert torch.equal(top1, logq.argmax(-1) == ids[:, 0])


def plain_logq(hidden, weight, shape):
    logits = hidden @ weight.T
    logits = logits if shape.softcap is None else shape.softcap * torch.tanh(logits / shape.softcap)
    return log_softmax(logits / shape.temperature, -1)


def plain_sparse(hidden, weight, ids, probs, shape):
    logq = plain_logq(hidden, weight, shape)
    loss = -(probs * logq.gather(1, ids)).sum(-1)
    if shape.tail:
        told = torch.zeros_like(logq, dtype=torch.bool).scatter(1, ids, probs > 0)
        loss = loss - (1 - probs.sum(-1)) * (logq.exp() * ~told).sum(-1).log()
    return loss


@pytest.mark.parametrize("tail", [False, True])
def test_sparse_gradcheck(tail):
    hidden, weight, ids, probs = problem(tokens=3, vocabulary=8)
    probs = probs * (0.6 if tail else 1)
    mask = torch.tensor([True, False, True])
    for shape in ({}, {"temperature": 2.0, "softcap": 2.0}):
        assert torch.autograd.gradcheck(
            lambda h, w, shape=shape: sparse_kd_loss(h, w, ids, probs, mask, tail=tail, **shape)[0], (hidden, weight)
        )


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_dense_gradcheck(beta):
    hidden, weight, teacher_hidden, teacher_head, targets = two_heads(tokens=3, vocabulary=8)
    for settings in ({}, {"temperature": 2.0, "softcap": 2.0, "teacher_softcap": 3.0, "label_weight": 0.3}):
        assert torch.autograd.gradcheck(
            lambda h, w, settings=settings: dense_kd(
                h, w, teacher_hidden, teacher_head, targets, beta=beta, **settings
            )[0],
            (hidden, weight),
        )
    logits = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(3, 5, dtype=torch.float64)
    mask = torch.tensor([True, False, True])
    assert torch.autograd.gradcheck(lambda z: jsd_loss(z, teacher, mask, beta)[0], (logits,))


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(("keep", "chunk"), [(0, 4), (1 << 30, 4), (1 << 30, 64)])
@pytest.mark.parametrize("more", [0, 3])
def test_dense_against_autograd(beta, keep, chunk, more, monkeypatch):
    """In fp32 against torch's own kl_div in float64; of a longer teacher's head the shared rows count."""
    monkeypatch.setattr(distill, "KEEP_BYTES", keep)
    monkeypatch.setattr(distill, "CHUNK", chunk)
    hidden, weight, teacher_hidden, teacher_head, targets = two_heads()
    longer = torch.cat([teacher_head, 9 * torch.ones(more, 9, dtype=torch.float64)])
    student, teacher = hidden @ weight.T, teacher_hidden @ teacher_head.T
    hard = cross_entropy(student, targets, reduction="none")
    expected = 0.8 * 1.5**2 * plain_divergence(student / 1.5, teacher / 1.5, beta) + 0.2 * hard
    upstream = torch.rand(len(hidden), dtype=torch.float64)
    (expected * upstream).sum().backward()
    ours = [hidden.detach().float().requires_grad_(), weight.detach().float().requires_grad_()]
    theirs = teacher_hidden.float(), longer.float()
    loss, logps, entropy, top1, kl = dense_kd(*ours, *theirs, targets, beta=beta, temperature=1.5, label_weight=0.2)
    (loss * upstream.float()).sum().backward()
    torch.testing.assert_close(loss.double(), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours[0].grad.double(), hidden.grad, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours[1].grad.double(), weight.grad, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(logps.double(), -hard, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(kl.double(), plain_divergence(student, teacher, 0.0), atol=1e-5, rtol=1e-5)
    q = softmax(student, -1)
    torch.testing.assert_close(entropy.double(), -(q * q.log()).sum(-1), atol=1e-5, rtol=1e-5)
    assert torch.equal(top1, student.argmax(-1) == targets)
    logits = student.detach().requires_grad_()
    mask = torch.arange(len(logits)) % 2 == 0
    jsd_loss(logits, torch.cat([teacher, teacher.new_full((len(teacher), more), 50.0)], 1), mask, beta)[0].backward()
    reference = student.detach().requires_grad_()
    plain_divergence(reference, teacher, beta)[mask].sum().backward()
    torch.testing.assert_close(logits.grad, reference.grad)


def plain_divergence(student, teacher, beta):
    q, p = softmax(student, -1), softmax(teacher, -1)
    if beta in (0, 1):
        return kl_div(*((q.log(), p) if beta == 0 else (p.log(), q)), reduction="none").sum(-1)
    m = (beta * p + (1 - beta) * q).log()
    return (beta * kl_div(m, p, reduction="none") + (1 - beta) * kl_div(m, q, reduction="none")).sum(-1)


def test_the_limits_of_the_divergence_are_the_kls():
    """D(β)/β → KL(p‖q) for β → 0, and D(β)/(1−β) → KL(q‖p) for β → 1; values and gradients."""
    student = torch.randn(3, 7, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(3, 7, dtype=torch.float64)
    mask = torch.ones(3, dtype=torch.bool)

    def of(beta, scale=1.0):
        loss = jsd_loss(student, teacher, mask, beta)[0] / scale
        return loss.detach(), torch.autograd.grad(loss, student)[0]

    for near, at, scale in ((1e-6, 0.0, 1e-6), (1 - 1e-6, 1.0, 1e-6)):
        for got, expected in zip(of(near, scale), of(at), strict=True):
            torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


def test_a_certain_teacher_and_a_certain_student_give_numbers():
    """Logits of ±1e4: probabilities of exactly 0, where 0·log 0 would be NaN."""
    student = torch.tensor([[1e4, -1e4, 0.0], [0.0, 1.0, 2.0]], requires_grad=True)
    teacher = torch.tensor([[-1e4, 1e4, 0.0], [1e4, -1e4, -1e4]])
    for beta in (0.0, 0.5, 1.0):
        loss, _ = jsd_loss(student, teacher, torch.ones(2, dtype=torch.bool), beta)
        (grad,) = torch.autograd.grad(loss, student)
        assert loss.isfinite() and grad.isfinite().all(), beta


@pytest.mark.parametrize("beta", [-0.1, 1.1])
def test_beta_outside_of_its_range(beta):
    with pytest.raises(ValueError, match="between 0"):
        jsd_loss(torch.zeros(1, 2), torch.zeros(1, 2), EVERY, beta)


def test_sampled_targets_are_unbiased_and_a_top_k_is_not():
    """The mean gradient over many draws meets that of the whole distribution within its standard error; a renormalised
    top-K stays where it is, many standard errors off."""
    hidden, weight, *_ = problem(tokens=1, vocabulary=40)
    weight = weight.detach()
    p = softmax(torch.randn(40, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 1.5, 0)

    def gradient(ids, probs):
        loss, _ = sparse_kd_loss(hidden, weight, ids, probs, EVERY)
        return torch.autograd.grad(loss, hidden)[0][0]

    exact = gradient(torch.arange(40)[None], p[None])
    draws = torch.multinomial(p, 400 * 16, replacement=True, generator=torch.Generator().manual_seed(3)).view(
        400, 1, 16
    )
    grads = torch.stack([gradient(one, torch.full((1, 16), 1 / 16)) for one in draws])
    error = grads.std(0) / math.sqrt(len(grads))
    assert ((grads.mean(0) - exact).abs() / error).max() < 4
    top = p.topk(8)
    biased = gradient(top.indices[None], top.values[None] / top.values.sum())
    assert ((biased - exact).abs() / error).max() > 12


def test_tail_pulls_at_the_told_tokens_are_exact():
    """The slope of the logits at the K tokens is q − p, as with the whole distribution; beside them the rest keeps q's
    own proportions."""
    p = softmax(torch.randn(9, dtype=torch.float64), 0)
    logits = torch.randn(1, 9, dtype=torch.float64, requires_grad=True)
    top = p.topk(3)
    loss, _ = sparse_kd_loss(
        logits, torch.eye(9, dtype=torch.float64), top.indices[None], top.values[None], EVERY, tail=True
    )
    loss.backward()
    q = softmax(logits.detach()[0], 0)
    torch.testing.assert_close(logits.grad[0, top.indices], (q - p)[top.indices])
    rest = torch.ones(9, dtype=torch.bool).index_fill(0, top.indices, False)
    torch.testing.assert_close(logits.grad[0, rest], q[rest] * (1 - (1 - top.values.sum()) / q[rest].sum()))


@pytest.mark.parametrize("gap", [4, 8, 12, 16, 20, 24])
@pytest.mark.parametrize("told", [1, 3])
def test_the_tail_s_gradient_is_exact_in_float32_however_sure_the_student_is(gap, told):
    """The rest has a mass of e^−gap: formed as a share of all of q it would drown in what is taken off at the ids."""
    logits = torch.cat(
        [torch.linspace(0, -0.5, told), -gap - torch.rand(61, generator=torch.Generator().manual_seed(0))]
    )
    probs = torch.softmax(torch.linspace(0, 1, told), 0)[None] * 0.99
    ids = torch.arange(told)[None]

    def gradient(dtype):
        z = logits[None].to(dtype).requires_grad_()
        loss, _ = sparse_kd_loss(z, torch.eye(len(logits), dtype=dtype), ids, probs.to(dtype), EVERY, tail=True)
        return torch.autograd.grad(loss, z)[0].double()

    assert torch.allclose(gradient(torch.float32), gradient(torch.float64), rtol=1e-4, atol=1e-7)


def test_a_certain_student_has_a_finite_tail():
    """All of q on the told token, to the last bit: the rest's log is that of the smallest number, and no NaN."""
    hidden = torch.tensor([[200.0]], requires_grad=True)
    weight = torch.tensor([[1.0], [0.0], [-1.0]])
    loss, _ = sparse_kd_loss(hidden, weight, torch.tensor([[0]]), torch.tensor([[0.9]]), EVERY, tail=True)
    loss.backward()
    assert loss.isfinite() and hidden.grad.isfinite().all()


def test_no_tokens_at_all():
    hidden, weight, ids, probs = problem()
    none = torch.zeros(len(ids), dtype=torch.bool)
    loss, metrics = sparse_kd_loss(hidden, weight, ids, probs, none)
    loss.backward()
    assert loss == 0 and metrics["tokens"] == 0 and not hidden.grad.any() and not weight.grad.any()
    assert (
        jsd_loss(torch.zeros(2, 3, requires_grad=True), torch.zeros(2, 3), torch.zeros(2, dtype=torch.bool), 0.5)[0]
        == 0
    )


def test_evaluation_prepares_no_gradient_of_the_head(monkeypatch):
    hidden, weight, teacher_hidden, teacher_head, targets = two_heads(dtype=torch.float32)
    monkeypatch.setattr(torch.Tensor, "new_empty", None)  # only what is kept for the head is made by it
    with torch.no_grad():
        assert dense_kd(hidden, weight, teacher_hidden, teacher_head, targets)[0].isfinite().all()
