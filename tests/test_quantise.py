"""Rounded weights: to the bit those of the `gguf` package, idempotent; and training through them against autograd."""

import copy
import types

import gguf
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from gguf import GGMLQuantizationType as Kind
from peft import get_peft_model
from peft.tuners.lora import Linear as LoraLinear

from posttrain.errors import UserError
from posttrain.lora import adapter_config, merge_adapter
from posttrain.quantise import FORMS, pack_q4_0, pack_q8_0, round_q4_0, round_q8_0, round_rows, round_trip
from posttrain.trainers.fake_quantisation import (
    RoundedLinear,
    add_fake_quantisation,
    round_embedding,
    round_weights,
    weights_held,
)
from tests import tiny

KINDS = ("gemma3_text", "gemma3", "gemma2")
PACKED = {"q4_0": (round_q4_0, pack_q4_0, Kind.Q4_0), "q8_0": (round_q8_0, pack_q8_0, Kind.Q8_0)}


def weights(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """(64, 256): normal numbers, and blocks to go wrong in: zeros, subnormal scales, ties of ±, one sign, halves."""
    found = torch.randn(64, 256, generator=torch.Generator().manual_seed(0)) * 0.02
    found[0, :32] = 0
    found[1, :32] = 1e-9
    found[2, :64] *= 1e-6
    found[3, 5], found[3, 9] = 0.3, -0.3  # the first of the two decides
    found[4, 3], found[4, 20] = -0.3, 0.3
    found[5, :32] = found[5, :32].abs()
    found[6, :32] = -found[6, :32].abs()
    found[7, :32] = torch.arange(32) - 15.5  # halves
    return found.to(dtype).float()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("form", PACKED)
def test_bytes_and_numbers_are_the_gguf_package_s(form, dtype):
    round_off, pack, kind = PACKED[form]
    given = weights(dtype)
    theirs = gguf.quants.quantize(given.numpy(), kind)
    assert np.array_equal(pack(round_off(given)).numpy().reshape(theirs.shape), theirs)
    assert np.array_equal(round_trip(given, form).numpy(), gguf.quants.dequantize(theirs, kind))


@pytest.mark.parametrize("form", ["q4_0", "q8_0", "int4", "int8"])
def test_rounding_twice_is_rounding_once(form):
    once = round_trip(weights(), form)
    assert torch.allclose(round_trip(once, form), once, rtol=0 if form in PACKED else 1e-6, atol=0)
    assert once.dtype == torch.float32 and once.shape == (64, 256)


def test_numbers_by_hand():
    """Of −8, 3.4 and 0.5 in a block the scale is 1: codes 0, 11 and 9 (halves go up), which stand for −8, 3 and 1."""
    block = torch.zeros(1, 32)
    block[0, :3] = torch.tensor([-8, 3.4, 0.5])
    codes, scales = round_q4_0(block)
    assert scales.item() == 1 and codes[0, :4].tolist() == [0, 11, 9, 8]
    assert round_trip(block, "q4_0")[0, :4].tolist() == [-8, 3, 1, 0]
    # The largest is positive: it becomes −8 of a negative scale. −8 itself would be code 16, and is cut to 15.
    block[0, :3] = torch.tensor([8, -8, 1])
    codes, scales = round_q4_0(block)
    assert scales.item() == -1 and codes[0, :3].tolist() == [0, 15, 7]
    rows = torch.tensor([[7.0, -3.4, 0.6], [0.0, 0.0, 0.0]])
    assert round_rows(rows, 7).codes.tolist() == [[7, -3, 1], [0, 0, 0]]
    assert round_trip(torch.tensor([[127.0, -3.5, 2.5] + [0.0] * 29]), "q8_0")[0, :3].tolist() == [127, -4, 3]


def test_the_error_is_at_most_half_a_step():
    """Of the block's scale, and what fp16 rounds off that; a whole step opposite the largest, where 16 codes end."""
    given = weights()
    for form, steps, width in (("q4_0", 1.01, 8), ("q8_0", 0.57, 127)):
        scale = given.view(-1, 32).abs().amax(1, keepdim=True) / width
        error = (round_trip(given, form) - given).view(-1, 32).abs()
        assert (error <= steps * scale + 1e-6).all()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_full_tuning_computes_with_the_rounded_weights(kind, form):
    """Outputs are those of a model whose weights were rounded, and so are gradients (straight-through)."""
    model, ids = tiny.model(kind), torch.randint(5, 500, (2, 14))
    round_embedding(model, form)
    plain = copy.deepcopy(model)
    round_weights(plain, form)
    assert add_fake_quantisation(model, form) == 14  # 7 projections in 2 layers, none of the images' side
    ours, theirs = model(input_ids=ids).logits, plain(input_ids=ids).logits
    assert torch.equal(ours, theirs)
    with torch.no_grad(), weights_held(model):
        assert torch.equal(model(input_ids=ids).logits, theirs)
    ours.square().mean().backward()
    theirs.square().mean().backward()
    wanted = {name: p.grad for name, p in plain.named_parameters() if p.grad is not None}
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert found.keys() == wanted.keys() and not any("embed_tokens" in name for name in found)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_lora_computes_with_the_rounded_sum(kind, form, tmp_path):
    """Against autograd of Q(W + s·BA) with the sum written out; the merged, rounded model computes the very same."""
    model, ids = tiny.model(kind), torch.randint(5, 500, (2, 14))
    round_embedding(model, form)
    base = copy.deepcopy(model)
    model = get_peft_model(model, adapter_config(model, "lora", r=4))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)
    plain = copy.deepcopy(model)
    assert add_fake_quantisation(model, form) == 14

    def forward(self, x):
        a, b = self.lora_A["default"].weight, self.lora_B["default"].weight
        whole = self.base_layer.weight + b @ a * self.scaling["default"]
        return F.linear(x, whole + (round_trip(whole, form) - whole).detach())

    for module in plain.modules():
        if isinstance(module, LoraLinear):
            module.forward = types.MethodType(forward, module)
    ours, theirs = model(input_ids=ids).logits, plain(input_ids=ids).logits
    torch.testing.assert_close(ours, theirs)
    ours.square().mean().backward()
    theirs.square().mean().backward()
    wanted = {name: p.grad for name, p in plain.named_parameters() if p.grad is not None}
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert found.keys() == wanted.keys() and all("lora_" in name for name in found)
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-5 * gradient.abs().max().item())
    model.save_pretrained(tmp_path)
    merged = merge_adapter(base, tmp_path)
    round_weights(merged, form)
    assert torch.equal(merged(input_ids=ids).logits, ours)


def test_the_backward_pass_in_bfloat16_follows_float32():
    x, weight = torch.randn(3, 5, 64), torch.randn(8, 64, requires_grad=True)
    half = x.bfloat16().requires_grad_()
    RoundedLinear.apply(half, weight, "q4_0").float().square().sum().backward()
    found, weight.grad = weight.grad, None
    RoundedLinear.apply(x, weight, "q4_0").square().sum().backward()
    assert half.grad.dtype == torch.bfloat16 and found.dtype == torch.float32
    assert F.cosine_similarity(found.flatten(), weight.grad.flatten(), 0) > 0.999


@pytest.mark.parametrize(("method", "dropout"), [("dora", 0.0), ("lora", 0.1)])
def test_adapters_that_are_more_than_a_sum_are_refused(method, dropout):
    model = tiny.model("gemma3_text")
    model = get_peft_model(model, adapter_config(model, method, r=4, dropout=dropout))
    with pytest.raises(UserError, match="no DoRA, no dropout"):
        add_fake_quantisation(model, "q4_0")


def test_autocast_leaves_the_sum_in_float32(tmp_path):
    """W + s·BA is rounded before products are in bfloat16: what is trained is what is merged and written."""
    model, ids = tiny.model("gemma3_text"), torch.randint(5, 500, (2, 14))
    round_embedding(model, "q4_0")
    base = copy.deepcopy(model)
    model = get_peft_model(model, adapter_config(model, "lora", r=8))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    add_fake_quantisation(model, "q4_0")
    model.save_pretrained(tmp_path)
    plain = merge_adapter(base, tmp_path)
    round_weights(plain, "q4_0")
    with torch.autocast("cpu", torch.bfloat16):
        ours, theirs = model(input_ids=ids).logits, plain(input_ids=ids).logits
    assert torch.equal(ours, theirs)
