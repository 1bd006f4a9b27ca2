"""A slowly moving copy of the policy: BOND's anchor and WARP's EMA, kept in float32 and shard by shard."""

import functools
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.nn import Module, Parameter

ADAPTER = "ref"  # TRL's name for the adapter that its trainers take for the reference


class Anchor:
    """θ_a ← (1−η)·θ_a + η·θ after each optimizer step (BOND 2407.14622 Alg. 2; WARP 2406.16768 §3.1).

    model: the anchor, of the policy's shape; or the policy itself, when its `ref` adapter is the anchor
    rate: η, 0 for a reference that stays where it is

    In bf16 a step of η = 0.02 rounds to nothing, so the average itself is kept in float32 wherever the weights are
    not. Each process averages what it holds: under ZeRO-3 and FSDP2 its shards, and nothing is gathered.
    """

    def __init__(self, policy: Module, model: Module, rate: float):
        self.rate, self.policy, self.model = rate, policy, model
        self.average: list[Tensor] | None = None

    @functools.cached_property
    def pairs(self) -> list[tuple[Parameter, Parameter]]:
        """(trained, own) weights; looked up in training, since FSDP2 puts others in their places before it."""
        if self.model is self.policy:
            return _adapter_pairs(self.policy)
        return list(zip(self.policy.parameters(), self.model.parameters(), strict=True))

    @torch.no_grad()
    def step(self) -> None:
        """Move towards the policy. To be called by all processes, after each optimizer step."""
        if not self.rate:
            return
        if self.average is None:
            self.average = [_shard(own).detach().float().clone() for _, own in self.pairs]
        for (trained, own), average in zip(self.pairs, self.average, strict=True):
            average.lerp_(_shard(trained).to(average), self.rate)
            _write(own, average)

    def save(self, folder: Path, rank: int) -> None:
        """The average into a checkpoint: one file where all processes hold the same, else one each."""
        if self.average is not None and (rank == 0 or self._sharded()):
            tensors = {str(i): average.contiguous() for i, average in enumerate(self.average)}
            save_file(tensors, folder / self._name(rank))

    def load(self, folder: Path, rank: int) -> None:
        """Go on from a checkpoint. Before its first step there is none, and the anchor is the policy's start."""
        path = folder / self._name(rank)
        if self.rate and path.exists():
            found = load_file(path)
            device = _shard(self.pairs[0][1]).device
            self.average = [found[str(i)].to(device) for i in range(len(self.pairs))]
            for (_, own), average in zip(self.pairs, self.average, strict=True):
                _write(own, average)

    def _sharded(self) -> bool:
        own = self.pairs[0][1]
        return hasattr(own, "ds_tensor") or isinstance(own.data, DTensor)

    def _name(self, rank: int) -> str:
        return f"anchor-{rank if self._sharded() else 0}.safetensors"


def add_anchor_adapter(model: PeftModel) -> None:
    """A second, frozen adapter that begins as the first, under the name that TRL's trainers take for the reference."""
    if ADAPTER not in model.peft_config:  # TRL's RLOOTrainer adds one whether it is needed or not
        model.add_adapter(ADAPTER, model.peft_config["default"])
    with torch.no_grad():
        for trained, own in _adapter_pairs(model):
            own.copy_(trained)
            own.requires_grad_(False)
    model.set_adapter("default")
    # Alone in checkpoints, where transformers would look for it in a folder of its own if there were two of them.
    model.save_pretrained = functools.partial(model.save_pretrained, selected_adapters=["default"])  # type: ignore[method-assign]


def _adapter_pairs(model: Module) -> list[tuple[Parameter, Parameter]]:
    named = dict(model.named_parameters())
    marks = ".default.", f".{ADAPTER}."
    return [(found, named[name.replace(*marks)]) for name, found in named.items() if marks[0] in name]


def _shard(parameter: Parameter) -> Tensor:
    """What this process holds of it."""
    if hasattr(parameter, "ds_tensor"):
        return parameter.ds_tensor
    return parameter.data.to_local() if isinstance(parameter.data, DTensor) else parameter.data


def _write(parameter: Parameter, average: Tensor) -> None:
    _shard(parameter).copy_(average)
    if hasattr(parameter, "ds_tensor") and parameter.ds_status.name == "AVAILABLE":
        parameter.partition()  # a whole copy that DeepSpeed keeps of a small tensor: fetched anew when it is needed
