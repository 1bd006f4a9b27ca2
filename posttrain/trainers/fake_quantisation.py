"""Training through rounding: every linear layer of the language model computes with its weights as a file stores them.

The forward pass takes Q(W), or Q(W + s·BA) under LoRA; the backward pass gives W the gradient of Q(W) (straight-through
estimator, 1308.3432). Rounded weights are made again in the backward pass, so that they take one layer's memory.
"""

import types
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import Tensor, nn
from transformers import PreTrainedModel

from posttrain.errors import UserError
from posttrain.gemma import VISION
from posttrain.quantise import FORMS, round_trip


class RoundedLinear(torch.autograd.Function):
    """y = x·Q(W)ᵀ. x: (…, in) · weight: (out, in), in any dtype · y: (…, out), in x's dtype"""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, form: str) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.form = form
        return x @ round_trip(weight, form).to(x.dtype).T

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,), (x, weight) = grads, ctx.saved_tensors
        to_x = grad @ round_trip(weight, ctx.form).to(grad.dtype) if ctx.needs_input_grad[0] else None
        to_weight = (_flat(grad).T @ _flat(x)).to(weight.dtype) if ctx.needs_input_grad[1] else None
        return to_x, to_weight, None


class RoundedLoraLinear(torch.autograd.Function):
    """y = x·Q(W + s·BA)ᵀ, without the (out, in) gradient of W + s·BA. weight: frozen · a: (r, in) · b: (out, r)"""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, a: Tensor, b: Tensor, scale: float, form: str) -> Tensor:
        ctx.save_for_backward(x, weight, a, b)
        ctx.scale, ctx.form = scale, form
        return x @ round_trip(merged(weight, a, b, scale), form).to(x.dtype).T

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,), (x, weight, a, b) = grads, ctx.saved_tensors
        to_x = None
        if ctx.needs_input_grad[0]:
            to_x = grad @ round_trip(merged(weight, a, b, ctx.scale), ctx.form).to(grad.dtype)
        rows, inputs = _flat(grad), _flat(x)
        to_a = ctx.scale * (rows @ b.to(rows.dtype)).T @ inputs
        to_b = ctx.scale * (rows.T @ (inputs @ a.to(inputs.dtype).T))
        return to_x, None, to_a.to(a.dtype), to_b.to(b.dtype), None, None


def merged(weight: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
    """W + s·BA in float32, by the same operations as PEFT's merge; autocast would multiply in bfloat16."""
    with torch.autocast(weight.device.type, enabled=False):
        return weight.float() + (b.float() @ a.float()) * scale


def add_fake_quantisation(model: nn.Module, form: str) -> int:
    """Let every linear layer of the language model compute with rounded weights; the number of them.

    model: a Gemma, or a PEFT model of one with LoRA. Its modules and parameters stay, so that DDP, ZeRO, FSDP2, saving
    and merging know nothing of it. Raises UserError for adapters that are more than W + s·BA.
    """
    count = 0
    for name, module in model.named_modules():
        if not _in_language(name) or ".lora_" in name:
            continue
        if isinstance(module, LoraLinear):
            _round_lora(name, module, form)
        elif isinstance(module, nn.Linear) and not name.endswith(".base_layer"):
            module.forward = types.MethodType(_forward, module)  # type: ignore[method-assign]
            module.rounded_form = form  # type: ignore[assignment]
        else:
            continue
        module.held = None  # type: ignore[assignment]
        count += 1
    return count


@torch.no_grad()
def round_embedding(model: PreTrainedModel, form: str) -> None:
    """The embedding, and with it the head, once and for all as the file stores it; it is not trained.

    At 8 bits little is lost that training could win back, and the largest tensor of a small Gemma needs no optimizer.
    """
    weight = model.get_input_embeddings().weight
    weight.requires_grad_(False)
    with _whole(weight):
        weight.copy_(round_trip(weight, FORMS[form]))


@torch.no_grad()
def round_weights(model: PreTrainedModel, form: str) -> None:
    """Every weight as the file stores it: what training has computed with, once adapters are merged."""
    round_embedding(model, form)
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and _in_language(name):
            module.weight.copy_(round_trip(module.weight, form))


@contextmanager
def weights_held(model: nn.Module) -> Iterator[None]:
    """Round once for many forward passes without gradients, such as those that write replies."""
    modules = [module for module in model.modules() if hasattr(module, "rounded_form")]
    try:
        with torch.no_grad():
            for module in modules:
                module.held = _rounded_now(module)
        yield
    finally:
        for module in modules:
            module.held = None


def _in_language(name: str) -> bool:
    """Of a module: whether it lies in a decoder layer, and not in the image encoder's."""
    return ".layers." in name and not any(part in name for part in VISION)


def _rounded_now(module: Any) -> Tensor:
    if isinstance(module, LoraLinear):
        base, (a, b, scale) = module.get_base_layer(), _factors(module)
        return round_trip(merged(base.weight, a.weight, b.weight, scale), module.rounded_form).to(base.weight.dtype)
    return round_trip(module.weight, module.rounded_form).to(module.weight.dtype)


def _forward(self: Any, x: Tensor) -> Tensor:
    x = _cast(x)
    if self.held is not None:
        return x @ self.held.to(x.dtype).T
    return RoundedLinear.apply(x, self.weight, self.rounded_form)


def _round_lora(name: str, module: LoraLinear, form: str) -> None:
    """The adapted layer's parts hand out their weights when they are called: ZeRO-3 gathers them for a call."""
    if module.lora_variant or any(isinstance(one, nn.Dropout) and one.p for one in module.lora_dropout.values()):
        raise UserError(f"{name}: with rounded weights an adapter is W + s·BA: no DoRA, no dropout")
    a, b, scale = _factors(module)
    base: Any = module.get_base_layer()

    def factor(self: Any) -> Tensor:
        return self.weight.clone()  # after the call ZeRO-3 lets go of the weight itself

    def rounded(self: Any, x: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return RoundedLoraLinear.apply(x, self.weight, a, b, scale, form)

    def forward(self: Any, x: Tensor) -> Tensor:
        x = _cast(x)
        if self.held is not None:
            return x @ self.held.to(x.dtype).T
        return base(x, a(), b())

    a.forward, b.forward = types.MethodType(factor, a), types.MethodType(factor, b)
    base.forward = types.MethodType(rounded, base)
    module.forward = types.MethodType(forward, module)  # type: ignore[method-assign]
    module.rounded_form = form  # type: ignore[assignment]


def _factors(module: LoraLinear) -> tuple[Any, Any, float]:
    (adapter,) = module.active_adapters
    return module.lora_A[adapter], module.lora_B[adapter], module.scaling[adapter]


def _cast(x: Tensor) -> Tensor:
    """As autocast would, which does not see our functions."""
    kind = x.device.type
    return x.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else x


def _whole(weight: Tensor) -> Any:
    """ZeRO-3 may have scattered a weight as it was loaded."""
    if not hasattr(weight, "ds_id"):
        return nullcontext()
    import deepspeed

    return deepspeed.zero.GatheredParameters([weight], modifier_rank=0)


def _flat(x: Tensor) -> Tensor:
    return x.reshape(-1, x.shape[-1])
