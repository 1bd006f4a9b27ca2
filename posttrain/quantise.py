"""Weights as files of 4 and 8 bits store them: rounded to codes and scales, and what these give back.

Training through rounding (it_qat.py) and export share these functions, so that what is written is what was trained.

form   weights of layers                    embedding                   a stored weight
q4_0   4 bits, a scale for every 32 (4.5)   q8_0: 8 bits, for 32 (8.5)  fp16 scale · (code − 8); llama.cpp's Q4_0, Q8_0
int4   4 bits, a scale for every row        8 bits, a scale for a row   fp32 scale · code, in −7 … 7 and −127 … 127

Each gives a weight that it has given back as it is: rounding twice is rounding once (of int4 to the last bit of the
scale). Scales hold no gradient; see `trainers.fake_quantisation`.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from posttrain.errors import UserError

FORMS = {"q4_0": "q8_0", "int4": "int8"}  # of layers: that of the embedding
BLOCK = 32


class Rounded(NamedTuple):
    """codes: (n, size) uint8 with zero at 8 (q4_0) or int8 · scales: (n, 1); n blocks of 32, or n rows"""

    codes: Tensor
    scales: Tensor


def round_trip(weight: Tensor, form: str) -> Tensor:
    """The weight as `form` gives it back, in float32 and its own shape; the arithmetic is in float32.

    weight: (…, in), for q4_0 and q8_0 with `in` a multiple of 32
    """
    return _GIVE_BACK[form](weight.detach().float()).view(weight.shape)


def round_q4_0(weight: Tensor) -> Rounded:
    """llama.cpp's `quantize_row_q4_0_ref`: the number of a block that is largest in size becomes −8 of the scale.

    weight: float32, a multiple of 32 numbers
    """
    blocks = weight.reshape(-1, BLOCK)
    low, high = blocks.aminmax(dim=1, keepdim=True)
    largest = torch.where(high > -low, high, low)
    tied = (high == -low).squeeze(1)  # then it is the first of the two
    if tied.any():
        some = blocks[tied]
        largest[tied] = some.gather(1, some.abs().argmax(1, keepdim=True))
    scales = largest / -8
    inverse = torch.where(scales == 0, 0.0, 1 / scales)
    codes = (blocks * inverse).add_(8.5).to(torch.uint8).clamp_(max=15)
    return Rounded(codes, scales.half())


def round_q8_0(weight: Tensor) -> Rounded:
    """llama.cpp's `quantize_row_q8_0_ref`: the largest of a block becomes ±127 of the scale, halves away from zero."""
    blocks = weight.reshape(-1, BLOCK)
    scales = _largest(blocks) / 127
    inverse = torch.where(scales == 0, 0.0, 1 / scales)
    codes = blocks * inverse
    whole = codes.trunc()
    codes = whole + (2 * (codes - whole)).trunc()  # |x| is below 128: codes − whole is exact
    return Rounded(codes.to(torch.int8), scales.half())


def round_rows(weight: Tensor, most: int) -> Rounded:
    """Symmetric, a scale for each row (output channel): the largest of it becomes ±most."""
    rows = weight.reshape(-1, weight.shape[-1])
    scales = _largest(rows) / most
    inverse = torch.where(scales == 0, 0.0, 1 / scales)
    return Rounded((rows * inverse).round_().to(torch.int8), scales)


def pack_q4_0(rounded: Rounded) -> Tensor:
    """The bytes of a GGUF file, (n, 18) uint8: the scale in fp16, then numbers i and i + 16 in a byte."""
    codes = rounded.codes
    return torch.cat([rounded.scales.view(torch.uint8), codes[:, :16] | (codes[:, 16:] << 4)], 1)


def pack_q8_0(rounded: Rounded) -> Tensor:
    """The bytes of a GGUF file, (n, 34) uint8: the scale in fp16, then a byte a number."""
    return torch.cat([rounded.scales.view(torch.uint8), rounded.codes.view(torch.uint8)], 1)


def check_form(form: str) -> None:
    if form not in FORMS:
        raise UserError(f"quantise must be one of {', '.join(FORMS)}, not {form!r}")


def _largest(rows: Tensor) -> Tensor:
    low, high = rows.aminmax(dim=1, keepdim=True)
    return torch.maximum(high, -low).abs_()  # of zeros alone it may be −0


def _q4_0(weight: Tensor) -> Tensor:
    codes, scales = round_q4_0(weight)
    return codes.float().sub_(8).mul_(scales.float())


def _q8_0(weight: Tensor) -> Tensor:
    codes, scales = round_q8_0(weight)
    return codes.float().mul_(scales.float())


def _rows(most: int):
    def give_back(weight: Tensor) -> Tensor:
        codes, scales = round_rows(weight, most)
        return codes.float().mul_(scales)

    return give_back


_GIVE_BACK = {"q4_0": _q4_0, "q8_0": _q8_0, "int4": _rows(7), "int8": _rows(127)}
