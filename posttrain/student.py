"""A student for distillation: a smaller Gemma cut out of a bigger one.

Layers are dropped and the FFN is narrowed; vocabulary, width and heads stay, so teacher and student read the same
tokens. This is no published Gemma size, and a cut model writes nonsense until it has been trained: it is where
distillation begins. Pruning depth and width and then distilling from the whole model is Minitron's way (2407.14679);
Minitron ranks by activations on sample data, this by the weights alone.
"""

import copy
import re
from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedModel

from posttrain.errors import UserError

PRUNABLE = ("gemma2", "gemma3_text")
_LAYER = re.compile(r"(?<=\blayers\.)\d+(?=\.)")


def build_student(
    model: PreTrainedModel, *, layers: int | None = None, ffn: int | None = None, keep: Sequence[int] | None = None
) -> PreTrainedModel:
    """A smaller Gemma 2 or Gemma 3 text model with weights cut out of `model`, for distillation (see the module).

    layers: decoder layers that stay (`source_layers` says which); None keeps all.
    keep: which layers stay, instead: rising indices of the source, each of the kind of its place in the student.
    ffn: the new `intermediate_size`; in each layer the neurons of most weight stay (`strongest_neurons`); None keeps
    all.

    Embedding, head, norms, rotary frequencies, generation config, dtypes, device and mode are the source's. The source
    is left as it is and shares no memory with the student, whose weights all take gradients. With nothing cut the
    logits are exactly the source's.

    Raises UserError for sizes out of range, a multimodal Gemma, and weights that are not plain: an adapter, a
    quantised, sharded or offloaded model, a head that was untied from the embedding.
    """
    _check_whole(model)
    kept = chosen_layers(model.config, layers, keep)
    config = student_config(model.config, layers=len(kept), ffn=ffn)
    with torch.device("meta"):
        student = type(model)(config)
    student.tie_weights()
    _check_plain(model, student)
    width, decoder = config.intermediate_size, model.base_model.layers
    narrower = width < model.config.intermediate_size
    neurons = {i: strongest_neurons(decoder[i].mlp, width) for i in kept} if narrower else {}
    source = dict(model.named_parameters()) | dict(model.named_buffers())
    for name in [name for name, _ in student.named_parameters()] + [name for name, _ in student.named_buffers()]:
        _place(student, name, _cut(name, source, kept, neurons))
    student.tie_weights()
    student.generation_config = copy.deepcopy(model.generation_config)
    return student.train(model.training)


def student_config(config: Any, *, layers: int | None = None, ffn: int | None = None) -> Any:
    """The student's config: a copy with `layers` decoder layers and an FFN of `ffn` neurons (None: as they are).

    Its `layer_types` are the first `layers` of the source's, which is what Gemma's pattern (5 local layers to 1 global
    in Gemma 3, 1:1 in Gemma 2) gives for that depth, and keeps a pattern that was set by hand.
    Raises UserError for a size out of range and for a config that is no Gemma 2 or Gemma 3 text.
    """
    if config.model_type not in PRUNABLE:
        mend = (
            "load it with text_only=True" if config.model_type == "gemma3" else "give a Gemma 2 or Gemma 3 text model"
        )
        raise UserError(f"a student cannot be cut out of model type {config.model_type!r}: {mend}")
    _check_size("layers", layers, config.num_hidden_layers, "depth")
    _check_size("ffn", ffn, config.intermediate_size, "intermediate_size")
    config = copy.deepcopy(config)
    config.num_hidden_layers = layers or config.num_hidden_layers
    config.layer_types = config.layer_types[: config.num_hidden_layers]
    config.intermediate_size = ffn or config.intermediate_size
    return config


def chosen_layers(config: Any, layers: int | None, keep: Sequence[int] | None) -> list[int]:
    """Indices of the source's layers that stay; see `build_student`. Raises UserError for a `keep` that cannot be."""
    depth = student_config(config, layers=layers).num_hidden_layers
    if keep is None:
        return source_layers(config.layer_types, depth)
    if layers is not None and layers != len(keep):
        raise UserError(f"keep names {len(keep)} layers and layers={layers}: give one of them")
    kinds, kept = config.layer_types, list(keep)
    if not kept or kept != sorted(set(kept)) or not 0 <= kept[0] <= kept[-1] < len(kinds):
        raise UserError(f"keep must be rising indices from 0 to {len(kinds) - 1}, not {', '.join(map(str, kept))}")
    for place, index in enumerate(kept):
        if kinds[index] != kinds[place]:
            fitting = ", ".join(str(i) for i, kind in enumerate(kinds) if kind == kinds[place])
            raise UserError(
                f"keep: layer {index} is {kinds[index]}, and place {place} of the student is {kinds[place]}: "
                f"take one of {fitting}"
            )
    return kept


def source_layers(layer_types: Sequence[str], layers: int) -> list[int]:
    """Indices of the source's layers that fill a student of `layers` layers, rising.

    layer_types: the source's kinds, of which the student's are the first `layers`. Each place takes a source layer of
    its own kind; among all such choices this is the one nearest to an even spread over the depth (least squares). The
    first layer stays, and so does the last where its kind is that of the student's last place.
    """
    last, gaps = len(layer_types) - 1, layers - 1
    best: dict[int, tuple[int, list[int]]] = {-1: (0, [])}  # {latest source layer: (cost, choice so far)}
    for place in range(layers):
        fitting = [i for i, kind in enumerate(layer_types) if kind == layer_types[place]]
        if place == 0:
            fitting = [0]
        elif place == gaps and last in fitting:
            fitting = [last]
        reached = {}
        for i in fitting:
            if before := [choice for latest, choice in best.items() if latest < i]:
                cost, chosen = min(before)
                reached[i] = (cost + (i * gaps - place * last) ** 2, [*chosen, i])  # whole numbers: ties are exact
        best = reached
    return min(best.values())[1]


def strongest_neurons(mlp: torch.nn.Module, count: int) -> torch.Tensor:
    """Indices of the `count` neurons of a gated FFN that matter most by their weights, rising: (count,) int64.

    A neuron's output is down · (act(gate · x) * (up · x)), so its size goes with the product of the three norms
    ‖gate‖ ‖up‖ ‖down‖: the criterion, which needs no data.
    """
    with torch.no_grad():
        gate, up = (linear.weight.float().norm(dim=1) for linear in (mlp.gate_proj, mlp.up_proj))  # (intermediate,)
        down = mlp.down_proj.weight.float().norm(dim=0)  # (intermediate,)
        order = torch.argsort(gate * up * down, descending=True, stable=True)
    return order[:count].sort().values


def _check_size(name: str, value: Any, most: int, what: str) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and 1 <= value <= most):
        raise UserError(f"{name}={value!r}: give a whole number from 1 to {most}, the source's {what}")


def _check_whole(model: PreTrainedModel) -> None:
    if not isinstance(model, PreTrainedModel):
        raise UserError(f"a student cannot be cut out of a {type(model).__name__}: merge its adapter first")
    if getattr(model, "hf_quantizer", None) is not None:
        raise UserError("a student cannot be cut out of a quantised model: load it without quantization_config")
    if absent := [name for name, weight in model.named_parameters() if weight.is_meta or not weight.numel()]:
        raise UserError(f"weights are sharded or offloaded ({absent[0]}): load the whole model in one process")


def _check_plain(model: PreTrainedModel, student: PreTrainedModel) -> None:
    """The source must have the weights of a plain Gemma, no more (an adapter, a second head) and no fewer."""
    found, expected = ({_LAYER.sub("*", name) for name, _ in one.named_parameters()} for one in (model, student))
    if odd := sorted(found ^ expected):
        raise UserError(
            f"the model's weights are not those of a plain Gemma ({', '.join(odd[:3])}): merge its adapter first, and "
            "leave the head tied to the embedding"
        )


def _cut(name: str, source: dict[str, torch.Tensor], kept: list[int], neurons: dict[int, torch.Tensor]) -> torch.Tensor:
    """The student's tensor `name` out of the source's, in memory of its own."""
    index = _LAYER.search(name)
    if index is None:
        return source[name].detach().clone()
    layer = kept[int(index[0])]
    tensor = source[_LAYER.sub(str(layer), name, count=1)].detach()
    if layer in neurons and ".mlp." in name:
        return tensor.index_select(1 if ".down_proj." in name else 0, neurons[layer].to(tensor.device))
    return tensor.clone()


def _place(model: PreTrainedModel, name: str, tensor: torch.Tensor) -> None:
    owner, _, attribute = name.rpartition(".")
    module = model.get_submodule(owner)
    setattr(module, attribute, torch.nn.Parameter(tensor) if attribute in module._parameters else tensor)
