"""What a training run will need in memory, per process, before it starts: arithmetic only, nothing is allocated.

Each part is the most that it holds, and parts peak at different moments (the head before the gradients exist), so
`MemoryPlan.total` leans high. Not counted: DeepSpeed's communication buckets and ZeRO-3's cache of live parameters
(its JSON sets both), images, generation caches, a reference model, fragmentation.

Letters: D hidden size, F feed-forward size, Q = heads x head_dim, K = key/value heads x head_dim, V vocabulary,
N trained parameters, P processes, T sequence length, c bytes of the compute dtype (bf16 2, fp32 4).
"""

from dataclasses import astuple, dataclass
from functools import partial
from typing import Literal

import torch
from transformers import AutoModelForCausalLM, Gemma3Config, Gemma3TextConfig

from posttrain.errors import UserError
from posttrain.gemma import VISION
from posttrain.lora import METHODS, PROJECTIONS

GIB = 2**30
NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)  # 4 bits, an 8-bit scale a block of 64, an fp32 scale per 256 scales
CUDA_TILE = (4096, 32768)  # tokens, vocabulary rows: the most that the training loss computes at once on CUDA
CPU_CHUNK, CPU_KEEP = 96, GIB  # rows at once, bytes kept for backward: `posttrain.losses.head` on CPU
# Python, torch and transformers, measured beside the 270M; CUDA context, cuBLAS and NCCL workspaces, assumed.
PROCESS_BYTES = {"cpu": 600_000_000, "cuda": 1_000_000_000}


def _build_config(layers, width, ffn, heads, kv_heads, head_dim=256, vision=False):
    """A config of these dimensions: right for counting, not for loading weights (RoPE scaling is left out)."""
    text = {"num_hidden_layers": layers, "hidden_size": width, "intermediate_size": ffn, "head_dim": head_dim}
    text |= {"num_attention_heads": heads, "num_key_value_heads": kv_heads}
    if not vision:
        return Gemma3TextConfig(vocab_size=262_144, sliding_window=512, **text)
    tower = {"model_type": "siglip_vision_model", "image_size": 896, "patch_size": 14, "vision_use_head": False}
    tower |= {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16}
    text |= {"vocab_size": 262_208, "sliding_window": 1024}  # these checkpoints carry 64 more rows
    return Gemma3Config(text_config=text, vision_config=tower)


# Call an entry to get its config: ARCHITECTURES["google/gemma-3-1b-pt"]().
ARCHITECTURES = {
    "google/gemma-3-270m": partial(_build_config, 18, 640, 2048, 4, 1),
    "google/gemma-3-1b-pt": partial(_build_config, 26, 1152, 6912, 4, 1),
    "google/gemma-3-4b-pt": partial(_build_config, 34, 2560, 10240, 8, 4, vision=True),
    "google/gemma-3-12b-pt": partial(_build_config, 48, 3840, 15360, 16, 8, vision=True),
    "google/gemma-3-27b-pt": partial(_build_config, 62, 5376, 21504, 32, 16, head_dim=128, vision=True),
}


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes that one process needs on its training device; `host`: what offload puts in host memory instead."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    head: int
    other: int
    host: int = 0
    teacher: int = 0

    @property
    def total(self) -> int:
        """Bytes on the training device: everything but `host`."""
        return sum(astuple(self)) - self.host

    def rows(self) -> list[tuple[str, float]]:
        """(name, GiB) in the order of printing."""
        beside = ("teacher",) if self.teacher else ()
        names = (*beside, "weights", "gradients", "optimizer", "activations", "head", "other", "total", "host")
        return [(name, getattr(self, name) / GIB) for name in names]


@dataclass(frozen=True)
class ParameterCount:
    """Parameters of a model by their part in memory; tied weights count once."""

    language: int  # everything but the vision side
    vision: int  # SigLIP tower and projector: frozen in every method
    linear: int  # the seven projections of every language layer
    inputs: int  # sum of their input widths
    outputs: int  # sum of their output widths
    embedding: int  # V x D
    layer: int  # one decoder layer
    largest: int  # the largest single module: DeepSpeed's `largest_layer_params`


@dataclass(frozen=True)
class _Run:
    method: str
    lora_r: int
    zero_stage: int
    fsdp: bool
    offload: bool
    processes: int
    precision: str
    device: str

    def __post_init__(self):
        if self.method not in METHODS or self.precision not in ("fp32", "bf16") or self.device not in PROCESS_BYTES:
            raise UserError(f"method {self.method}, precision {self.precision}, device {self.device}: one is unknown")
        if self.zero_stage not in range(4) or (self.fsdp and self.zero_stage):
            raise UserError(f"zero_stage is 0 to 3, and 0 beside fsdp: found {self.zero_stage} with fsdp={self.fsdp}")
        if self.offload and not (self.fsdp or self.zero_stage):
            raise UserError("offload needs zero_stage 1 to 3 or fsdp")

    @property
    def compute(self) -> int:
        """c."""
        return 2 if self.precision == "bf16" else 4

    @property
    def stored(self) -> int:
        """Bytes of a resting weight: 4 on CPU, under FSDP, for full tuning without DeepSpeed; a frozen base has c."""
        whole = self.fsdp or (self.method == "full" and not self.zero_stage)
        return 4 if self.device == "cpu" or whole else self.compute

    @property
    def autocast(self) -> bool:
        """Accelerate enters autocast for bf16, but under DeepSpeed, whose engine casts the model instead."""
        return self.precision == "bf16" and not self.zero_stage


def count_parameters(config) -> ParameterCount:
    """Counts of a gemma3_text, gemma3 or gemma2 config, from the real model class on the meta device."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    language = {n: p.numel() for n, p in model.named_parameters() if not any(v in n for v in VISION)}
    linears = [m for n, m in model.named_modules() if n.endswith(PROJECTIONS) and not any(v in n for v in VISION)]
    return ParameterCount(
        language=sum(language.values()),
        vision=model.num_parameters() - sum(language.values()),
        linear=sum(m.weight.numel() for m in linears),
        inputs=sum(m.in_features for m in linears),
        outputs=sum(m.out_features for m in linears),
        embedding=model.get_input_embeddings().weight.numel(),
        layer=sum(size for name, size in language.items() if ".layers.0." in name),
        largest=max(sum(p.numel() for p in m.parameters(recurse=False)) for m in model.modules()),
    )


def _deepspeed_states(count: ParameterCount, run: _Run) -> tuple[int, int, int, int]:
    """(weights, gradients, optimizer, host) of full bf16 tuning, with the totals of DeepSpeed's own estimators.

    Stage 2: 2N + 18N/P: bf16 weights 2N; of N/P each, gradients bf16 2 + fp32 4, master weights 4, moments 8.
    Stage 3: 18N/P + 4 bytes a parameter of the largest module, gathered. Stage 1, without an estimator of its own:
    stage 2 with whole bf16 gradients. `host`: their figure for one node (zero.Init, buffer factor 1.5) over P.
    The frozen vision side adds 2 bytes a parameter, sharded or offloaded at stage 3 only.
    """
    from deepspeed.runtime.zero.stage3 import estimate_zero3_model_states_mem_needs as estimate_zero3
    from deepspeed.runtime.zero.stage_1_and_2 import estimate_zero2_model_states_mem_needs as estimate_zero2

    n, p, here = count.language, run.processes, 0 if run.offload else 1
    if run.zero_stage == 3:
        node, device, gathered = estimate_zero3(n, count.largest, p, 1, run.offload, cpu_offload_params=run.offload)
        vision, moved = here * 2 * count.vision // p, (1 - here) * 2 * count.vision // p
        weights, gradients = gathered + here * (2 * n // p), here * (4 * n // p)
    else:
        node, device = estimate_zero2(n, p, cpu_offload=run.offload)
        whole = 2 * n - here * (2 * n // p) if run.zero_stage == 1 else 0
        device, vision, moved = device + whole, 2 * count.vision, 0
        weights, gradients = 2 * n, here * (6 * n // p) + whole
    return weights + vision, gradients, device - weights - gradients, (1 - here) * (node // p) + moved


def _states(count: ParameterCount, run: _Run) -> tuple[int, int, int, int]:
    """(weights, gradients, optimizer, host) of adapters with any sharding, and of full tuning but DeepSpeed's in bf16.

    A trained parameter takes 16 bytes: fp32 weight, gradient, two Adam moments (DeepSpeed in fp32 adds a master copy;
    DDP's buckets hold the gradients a second time). Adapters: r for each input and output of a linear, DoRA one
    magnitude more an output. Optimizer sharded from ZeRO-1, gradients from ZeRO-2, weights at ZeRO-3 and by FSDP;
    offload moves to the host what is sharded.
    """
    magnitudes = count.outputs if run.method == "dora" else 0
    adapters = run.lora_r * (count.inputs + count.outputs) + magnitudes
    trained = count.language if run.method == "full" else adapters
    level = 3 if run.fsdp else run.zero_stage
    gradient = 8 if run.processes > 1 and level == 0 else 4
    moments = 12 if run.method == "full" and run.zero_stage else 8
    resting = 4 * trained + _frozen_bytes(count, run)
    device, host = [], 0
    for shards_from, size in ((3, resting), (2, gradient * trained), (1, moments * trained)):
        share = int(size / run.processes if level >= shards_from else size)
        moved = share if run.offload and level >= shards_from else 0
        device.append(share - moved)
        host += moved
    return device[0] + _working_copies(count, run), device[1], device[2], host


def _frozen_bytes(count: ParameterCount, run: _Run) -> float:
    """Bytes of the frozen weights: the vision side, and an adapter's base, of which QLoRA has the linears in NF4."""
    linear = NF4_BYTES if run.method == "qlora" else run.stored
    base = 0 if run.method == "full" else linear * count.linear + run.stored * (count.language - count.linear)
    return base + run.stored * count.vision


def _working_copies(count: ParameterCount, run: _Run) -> int:
    """Bytes of weights made to compute with, beside those that rest; full tuning adds the gradient of what is gathered.

    FSDP: embedding, the layer in use and the next, in c. ZeRO-3: the largest module. Autocast in full tuning: a cast
    copy of every linear, until the forward ends. QLoRA: one layer dequantised.
    """
    gradient = 1 if run.method == "full" else 0
    if run.fsdp:
        return run.compute * (count.embedding + (2 + gradient) * count.layer)
    gathered = run.stored * (1 + gradient) * count.largest if run.zero_stage == 3 else 0
    cast = run.compute * count.linear if gradient and run.autocast else 0
    return gathered + cast + (run.compute * count.layer if run.method == "qlora" else 0)


def _layer_bytes(text, run: _Run, sequence_length: int) -> int:
    """Bytes that autograd keeps for one token in one decoder layer (`text`: a text config), attention by sdpa or flash.

    norms   4 x D, and Q + K for Gemma 3's QK-norm: the input (fp32); a trained scale also keeps the normed value (fp32)
    linears D for q, k, v; D for gate, up; 5 x D under autocast, which casts once a module; o_proj shares the attention
            output, but adapters under autocast copy it (Q); down_proj shares the product below            (c each)
    attn    rotated q (Q), rotated k and v (K each; Q each where the CPU repeats heads), output (Q)        (c each)
    MLP     gate, gelu(gate), up, product: 4 x F                                                           (c each)
    adapter r a linear; DoRA the outputs of base and adapter too, to scale them by its magnitude           (c each)
    T term  none on CUDA (flash, no mask). CPU: the fp32 mask, 4T a layer; with Gemma 2's soft-capping, which sdpa
            refuses, tanh and softmax outputs of every head: 8T a head
    """
    c, trained = run.compute, run.method == "full"
    d, ffn, heads = text.hidden_size, text.intermediate_size, text.num_attention_heads
    q, k = heads * text.head_dim, text.num_key_value_heads * text.head_dim
    normed = 4 * d + (0 if text.model_type == "gemma2" else q + k)
    linears = (5 if run.autocast else 2) * d + (q if run.autocast and not trained else 0)
    attention = 2 * q + 2 * (q if run.device == "cpu" and text.num_key_value_heads > 1 else k)
    adapter = 0 if trained else len(PROJECTIONS) * run.lora_r
    adapter += 2 * (q + 2 * k + 2 * ffn + 2 * d) if run.method == "dora" else 0
    square = 0 if run.device == "cuda" else 8 * heads if text.attn_logit_softcapping else 4
    return (8 if trained else 4) * normed + c * (linears + attention + 4 * ffn + adapter) + square * sequence_length


def _activation_bytes(text, run: _Run, tokens: int, sequence_length: int, gradient_checkpointing: bool) -> int:
    """Bytes of activations of one micro batch where they peak, between forward and backward.

    Every layer in full; with checkpointing each layer's input (in the dtype that weights rest in) and one layer in
    full. Then the final norm and its output, and the gradients in flight: three of width F in c, two of D in fp32.
    DoRA makes one down_proj dense: an F x F identity and three F x D, fp32 (peft 0.21 `DoraLinearLayer.forward`).
    """
    d, ffn, layers = text.hidden_size, text.intermediate_size, text.num_hidden_layers
    layer = _layer_bytes(text, run, sequence_length)
    kept = layers * run.stored * d + layer if gradient_checkpointing else layers * layer
    final = ((8 if run.method == "full" else 4) + run.compute) * d
    dense = 4 * ffn * ffn + 12 * ffn * d if run.method == "dora" else 0
    return tokens * (kept + final + 3 * run.compute * ffn + 8 * d) + dense


def _head_bytes(text, run: _Run, labelled: int) -> int:
    """Bytes of the loss over `labelled` tokens; the others never reach the head.

    CUDA: two tiles in c, logits and the gradient made from them. CPU: the same two as fp32 chunks, and for full tuning
    the gradient of all labelled logits where it fits `CPU_KEEP`. Both: the fp32 gradient of the labelled hidden states
    and, in full tuning, one fp32 V x D: the tied embedding's two gradients exist before they are added.
    """
    vocabulary, full = text.vocab_size, run.method == "full"
    if run.device == "cuda":
        logits = 2 * run.compute * min(labelled, CUDA_TILE[0]) * min(vocabulary, CUDA_TILE[1])
    else:
        kept = 4 * labelled * vocabulary
        logits = 8 * min(labelled, CPU_CHUNK) * vocabulary + (kept if full and kept <= CPU_KEEP else 0)
    return logits + 4 * text.hidden_size * (labelled + (vocabulary if full else 0))


def _teacher_bytes(count: ParameterCount, run: _Run, bits: int | None) -> int:
    """Frozen weights: c bytes each, sharded by ZeRO-3 and FSDP; quantised ones (the linear layers) lie whole."""
    size = count.language + count.vision
    if bits:
        packed = NF4_BYTES if bits == 4 else 1
        return round(packed * count.linear + run.compute * (size - count.linear))
    return run.compute * size // (run.processes if run.fsdp or run.zero_stage == 3 else 1)


def estimate_memory(
    config,
    *,
    method: Literal["full", "lora", "dora", "qlora"] = "full",
    lora_r: int = 16,
    zero_stage: int = 0,
    fsdp: bool = False,
    offload: bool = False,
    processes: int = 1,
    micro_batch: int,
    sequence_length: int,
    labelled_fraction: float = 0.5,
    gradient_checkpointing: bool,
    precision: Literal["fp32", "bf16"] = "bf16",
    device: Literal["cuda", "cpu"] = "cuda",
    sampling: bool = False,
    teacher=None,
    teacher_bits: int | None = None,
) -> MemoryPlan:
    """The memory of each process that trains `config`, a transformers config of type gemma3_text, gemma3 or gemma2.

    processes: data-parallel ranks, on one node · micro_batch: rows a process and step · sequence_length: tokens a row,
    padding included · labelled_fraction: share of them with a label · sampling: evaluation generates replies, for which
    ZeRO-3 gathers the whole model · teacher: config of a model beside it that is not trained, sharded as it is, in
    the compute dtype or quantised to `teacher_bits`. The functions above say what they count.
    """
    run = _Run(method, lora_r, zero_stage, fsdp, offload, processes, precision, device)
    text, count, tokens = config.get_text_config(), count_parameters(config), micro_batch * sequence_length
    by_deepspeed = method == "full" and zero_stage and precision == "bf16"
    weights, gradients, optimizer, host = (_deepspeed_states if by_deepspeed else _states)(count, run)
    activations = _activation_bytes(text, run, tokens, sequence_length, gradient_checkpointing)
    head = _head_bytes(text, run, round(tokens * labelled_fraction))
    gathered = run.compute * (count.language + count.vision) if sampling and zero_stage == 3 else 0
    other = PROCESS_BYTES[device] + max(0, gathered - activations - head)  # no training step runs meanwhile
    beside = 0 if teacher is None else _teacher_bytes(count_parameters(teacher), run, teacher_bits)
    return MemoryPlan(weights, gradients, optimizer, activations, head, other, host, beside)
