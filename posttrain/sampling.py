"""Draws from distributions over a large vocabulary."""

import torch
from torch import Tensor
from torch.nn.functional import pad

BLOCK = 512  # ids of a block


def draw(weights: Tensor, uniforms: Tensor) -> Tensor:
    """Ids (n, N), ascending, drawn with replacement in proportion to weights (n, V).

    uniforms: (n, N) in [0, 1), float64, the randomness. By inversion in two steps: a block of BLOCK ids by the sums of
    all blocks, then the id by the running sums of the few blocks that were drawn.
    """
    rows, vocabulary = weights.shape
    blocks = pad(weights, (0, -vocabulary % BLOCK)).view(rows, -1, BLOCK)
    edges = blocks.sum(-1, dtype=torch.float64).cumsum(-1)  # (n, blocks)
    mass = edges[:, -1:]
    points = torch.minimum(uniforms * mass, mass.nextafter(torch.zeros_like(mass))).sort(-1).values  # below all of it
    block = torch.searchsorted(edges, points, right=True)
    before = torch.cat([torch.zeros_like(edges[:, :1]), edges], 1).gather(1, block)
    which = torch.arange(rows, device=weights.device)[:, None] * edges.shape[1] + block  # of all the rows' blocks
    opened, place = torch.unique_consecutive(which, return_inverse=True)  # (U,), (n, N)
    inner = blocks.flatten(0, 1)[opened].double().cumsum(-1)  # (U, BLOCK)
    # Each opened block's sums over its whole, plus its number: one ascending line for all points.
    whole = inner[:, -1:]
    line = (inner / whole + torch.arange(len(opened), device=weights.device)[:, None]).flatten()
    share = ((points - before) / whole.squeeze(1)[place]).clamp(0, 1)
    at = torch.searchsorted(line, share + place, right=True)
    at = torch.minimum(at, place * BLOCK + BLOCK - 1) - place * BLOCK
    last = (blocks.flatten(0, 1)[opened] > 0).double().cumsum(-1).argmax(-1)  # no draw falls on what has no weight
    return block * BLOCK + torch.minimum(at, last[place])
