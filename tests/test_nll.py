"""The head that works where there is a label: against float64, by hand, and through TRL's trainer."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy
from trl.trainer.utils import FusedCausalLMOutput, add_fused_lm_head

from posttrain.losses import head
from posttrain.losses.nll import nll_loss, token_logps
from posttrain.trainers.head import add_labelled_head
from tests import tiny


def problem(tokens=70, width=16, vocabulary=300, dtype=torch.float64):
    generator = torch.Generator().manual_seed(3)
    hidden = torch.randn(tokens, width, generator=generator, dtype=dtype, requires_grad=True)
    weight = torch.randn(vocabulary, width, generator=generator, dtype=dtype, requires_grad=True)
    targets = torch.randint(vocabulary, (tokens,), generator=generator)
    return hidden, weight, targets


def test_by_hand():
    """hidden (1), W = (ln 1, ln 2, ln 5)ᵀ: p = (1, 2, 5)/8, −log p₂ = log(8/5), entropy Σ p log 1/p = .9003."""
    weight = torch.tensor([[0.0], [math.log(2)], [math.log(5)]])
    logps, entropy, top1 = token_logps(torch.ones(2, 1), weight, torch.tensor([2, 0]))
    assert logps.tolist() == pytest.approx([-math.log(8 / 5), -math.log(8)])
    assert entropy.tolist() == pytest.approx([0.9003, 0.9003], abs=1e-4)
    assert top1.tolist() == [True, False]


@pytest.mark.parametrize("softcap", [None, 2.0])
@pytest.mark.parametrize("keep", [0, 1 << 30])
@pytest.mark.parametrize("chunk", [7, 128])
def test_values_and_gradients_against_float64(softcap, keep, chunk, monkeypatch):
    """Kept or recomputed, in one chunk or many, uniform or weighted upstream gradient: autograd's own to 1e-5."""
    monkeypatch.setattr(head, "KEEP_BYTES", keep)
    monkeypatch.setattr(head, "CHUNK", chunk)
    hidden, weight, targets = problem()
    upstream = torch.rand(len(targets), dtype=torch.float64)
    logits = hidden @ weight.T
    logits = logits if softcap is None else softcap * torch.tanh(logits / softcap)
    expected = -cross_entropy(logits, targets, reduction="none")
    (expected * upstream).sum().backward()
    ours = [hidden.detach().float().requires_grad_(), weight.detach().float().requires_grad_()]
    logps, _, top1 = token_logps(*ours, targets, softcap)
    (logps * upstream.float()).sum().backward()
    torch.testing.assert_close(logps.double(), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours[0].grad.double(), hidden.grad, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours[1].grad.double(), weight.grad, atol=1e-5, rtol=1e-5)
    assert torch.equal(top1, logits.argmax(-1) == targets)


def test_bf16_weights_and_hidden_states():
    """Full tuning in bf16 on a CPU: slow, but right to bf16's precision, kept or recomputed."""
    hidden, weight, targets = problem()
    cross_entropy(hidden @ weight.T, targets, reduction="sum").backward()
    for keep in (0, 1 << 30):
        ours = [x.detach().bfloat16().requires_grad_() for x in (hidden, weight)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(head, "KEEP_BYTES", keep)
            (-token_logps(*ours, targets)[0].sum()).backward()
        for x, y in zip(ours, (hidden, weight), strict=True):
            assert x.grad.dtype == torch.bfloat16
            assert (x.grad.double() - y.grad).norm() / y.grad.norm() < 2e-2


def test_evaluation_keeps_nothing(monkeypatch):
    """Without gradients a trained head must not have its gradient prepared (up to 1 GiB)."""
    hidden, weight, targets = problem(dtype=torch.float32)
    monkeypatch.setattr(torch.Tensor, "new_empty", None)  # only the kept exponentials are made by it
    with torch.no_grad():
        logps, _, _ = token_logps(hidden, weight, targets)
    assert logps.isfinite().all()


def test_frozen_head_or_frozen_body():
    hidden, weight, targets = problem(dtype=torch.float32)
    logps, entropy, top1 = token_logps(hidden, weight.detach(), targets)
    assert logps.requires_grad and not entropy.requires_grad and not top1.requires_grad
    logps.sum().backward()
    assert hidden.grad is not None
    token_logps(hidden.detach(), weight, targets)[0].sum().backward()
    torch.testing.assert_close(
        weight.grad, torch.autograd.grad(-cross_entropy(hidden @ weight.T, targets, reduction="sum"), weight)[0]
    )


def test_masked_sum():
    hidden, weight, targets = problem(dtype=torch.float32)
    mask = torch.arange(len(targets)) % 3 == 0
    total, metrics = nll_loss(hidden, weight, targets, mask)
    torch.testing.assert_close(total, cross_entropy((hidden @ weight.T)[mask], targets[mask], reduction="sum"))
    assert metrics["tokens"] == mask.sum()


@pytest.fixture(params=["gemma3_text", "gemma3", "gemma2"])
def models(request):
    """The same model with TRL's head alone and with ours on top; and a batch with padding and an unlabelled row."""
    kind = request.param
    trl_model, ours = tiny.model(kind), tiny.model(kind)
    for model in (trl_model, ours):
        add_fused_lm_head(model, outputs=("log_probs", "entropy", "is_top1"))
    add_labelled_head(ours)
    ids = torch.randint(110, 500, (3, 14), generator=torch.Generator().manual_seed(0))
    labels = ids.clone()
    labels[:, :6], labels[2] = -100, -100
    mask = torch.ones_like(ids)
    mask[1, 10:] = labels[1, 10:] = 0
    labels[1, 10:] = -100
    return trl_model, ours, {"input_ids": ids, "attention_mask": mask, "labels": labels}


def test_head_equals_trl_s(models):
    trl_model, ours, batch = models
    expected, out = (model(**batch, fused_lm_head=True) for model in (trl_model, ours))
    for name in ("loss", "log_probs", "entropy", "is_top1", "label_mask"):
        torch.testing.assert_close(getattr(out, name).float(), getattr(expected, name).float(), atol=1e-5, rtol=1e-5)
    assert isinstance(out, FusedCausalLMOutput)
    for model, loss in ((trl_model, expected.loss), (ours, out.loss)):
        model.zero_grad()
        loss.backward()
    for (name, p), q in zip(trl_model.named_parameters(), ours.parameters(), strict=True):
        if p.grad is not None:
            torch.testing.assert_close(q.grad, p.grad, atol=1e-5, rtol=1e-4, msg=name)


def test_a_batch_without_labels_has_a_zero_gradient(models):
    _, ours, batch = models
    loss = ours(**batch | {"labels": torch.full_like(batch["labels"], -100)}, fused_lm_head=True).loss
    loss.backward()
    assert loss.item() == 0.0
    assert all(p.grad is None or not p.grad.any() for p in ours.parameters())


def test_other_forwards_are_untouched(models):
    trl_model, ours, batch = models
    inputs = {key: value for key, value in batch.items() if key != "labels"}
    assert torch.equal(ours(**inputs).logits, trl_model(**inputs).logits)


def test_only_labelled_positions_reach_the_head(monkeypatch):
    """Count rows of the head's products: labels, not tokens."""
    rows = []
    original = head._compute_rows
    spy = lambda hidden, *rest: rows.append(len(hidden)) or original(hidden, *rest)  # noqa: E731
    monkeypatch.setattr(head, "_compute_rows", spy)
    model = tiny.model("gemma3_text")
    add_fused_lm_head(model)
    add_labelled_head(model)
    ids = torch.arange(110, 150).unsqueeze(0)
    labels = torch.full_like(ids, -100)
    labels[0, -3:] = ids[0, -3:]
    model(input_ids=ids, labels=labels, fused_lm_head=True).loss.backward()
    assert sum(rows) == 3


def test_never_tokens_by_vocabulary():
    """With the head frozen (an adapter), 2,048 labelled tokens need no more logits at once than two chunks."""
    seen = []

    class Spy(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                seen.append(out.numel())
            return out

    hidden, weight, targets = problem(tokens=2048, vocabulary=4096, dtype=torch.float32)
    with Spy():
        token_logps(hidden, weight.detach(), targets)[0].sum().backward()
    assert max(seen) <= head.CHUNK * 4096
