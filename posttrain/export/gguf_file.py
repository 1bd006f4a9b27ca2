"""A GGUF file of a Gemma, as llama.cpp's own converter writes it; and in Q4_0, which that leaves to another program.

Tensors go through a piece at a time, whatever the model's size. Names, keys and types are those of the `gguf` package.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from torch import Tensor
from tqdm.auto import tqdm
from trl.chat_template_utils import gemma3_chat_template, gemma_chat_template

from posttrain.chat import END_OF_TURN
from posttrain.errors import UserError
from posttrain.export.source import Source, read_json
from posttrain.gemma import VISION, load_tokenizer
from posttrain.quantise import BLOCK, pack_q4_0, pack_q8_0, round_q4_0, round_q8_0

# What a file is called: (matrices, embedding, its kind in llama.cpp's list).
DTYPES = {
    "f16": (Kind.F16, Kind.F16, gguf.LlamaFileType.MOSTLY_F16),
    "bf16": (Kind.BF16, Kind.BF16, gguf.LlamaFileType.MOSTLY_BF16),
    "q8_0": (Kind.Q8_0, Kind.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "q4_0": (Kind.Q4_0, Kind.Q8_0, gguf.LlamaFileType.MOSTLY_Q4_0),
}
ARCHITECTURES = {"gemma2": gguf.MODEL_ARCH.GEMMA2, "gemma3_text": gguf.MODEL_ARCH.GEMMA3}
PERIOD = {"gemma2": 2, "gemma3_text": 6}  # every so many layers one is global, as llama.cpp has it unless it is told
LAYERS_OF_27B = {"gemma2": 46, "gemma3_text": 62}
LARGEST_FP16 = 65504.0


def write_gguf(source: Source, path: Path, dtype: str) -> None:
    """The language model, tokenizer and chat template; of a multimodal checkpoint without its images' side.

    dtype: of DTYPES; norms are in float32. Raises UserError for what llama.cpp would compute otherwise than
    transformers, for weights that `dtype` cannot hold, and for a source without `tokenizer.model`.
    """
    config, kind = source.text_config, source.text_config.model_type
    _check_computable(source)
    names = {name: _language_name(name) for name in source.names if not _is_vision(name)}
    mapping = gguf.get_tensor_name_map(ARCHITECTURES[kind], config.num_hidden_layers)
    writer = gguf.GGUFWriter(None, gguf.MODEL_ARCH_NAMES[ARCHITECTURES[kind]])
    tensors = {}
    for name, plain in names.items():
        found = mapping.get_name(plain, try_suffixes=(".weight",))
        if found is None:
            raise UserError(f"{source.folder}: {name} is no tensor that llama.cpp knows of {kind}")
        matrix, embedding, _ = DTYPES[dtype]
        wanted = embedding if found == "token_embd.weight" else matrix
        tensors[found] = _Tensor(
            source, name, Kind.F32 if plain.endswith("norm.weight") else wanted, plus_one=plain.endswith("norm.weight")
        )
    _describe(writer, source, DTYPES[dtype][2], sum(math.prod(source.shape(name)) for name in names))
    writer.add_type(gguf.GGUFType.MODEL)
    _add_architecture(writer, config)
    _add_tokenizer(writer, source)
    _write(writer, path, tensors, dtype)


def write_mmproj(source: Source, path: Path) -> None:
    """The images' side of a multimodal checkpoint in F16, which llama.cpp reads as a file of its own (`--mmproj`)."""
    config = source.config.vision_config
    mapping = gguf.get_tensor_name_map(gguf.MODEL_ARCH.MMPROJ, config.num_hidden_layers)
    writer = gguf.GGUFWriter(None, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.MMPROJ])
    tensors = {}
    for name in filter(_is_vision, source.names):
        plain = name.removeprefix("model.").replace("projection_weight", "projection.weight")
        if "vision_model." not in plain:  # newer transformers leave that level out
            plain = plain.replace("vision_tower.", "vision_tower.vision_model.")
        if ".head." in plain:  # of SigLIP alone; Gemma does not use it
            continue
        found = mapping.get_name(plain, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise UserError(f"{source.folder}: {name} is no tensor that llama.cpp knows of a Gemma's vision encoder")
        single = len(source.shape(name)) == 1 or ".embeddings." in plain
        tensors[found] = _Tensor(source, name, Kind.F32 if single else Kind.F16, plus_one="soft_emb_norm" in plain)
    _describe(writer, source, gguf.LlamaFileType.MOSTLY_F16, sum(math.prod(one.shape) for one in tensors.values()))
    writer.add_type(gguf.GGUFType.MMPROJ)
    processor = read_json(source.folder / "preprocessor_config.json")
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type(gguf.VisionProjectorType.GEMMA3)
    writer.add_vision_projection_dim(source.text_config.hidden_size)
    writer.add_vision_image_size(config.image_size)
    writer.add_vision_patch_size(config.patch_size)
    writer.add_vision_embedding_length(config.hidden_size)
    writer.add_vision_feed_forward_length(config.intermediate_size)
    writer.add_vision_block_count(config.num_hidden_layers)
    writer.add_vision_head_count(config.num_attention_heads)
    writer.add_vision_attention_layernorm_eps(config.layer_norm_eps)
    writer.add_vision_use_gelu(True)
    writer.add_vision_image_mean(processor.get("image_mean", [0.5] * 3))
    writer.add_vision_image_std(processor.get("image_std", [0.5] * 3))
    side = config.image_size // config.patch_size
    pooled = side // math.isqrt(source.config.mm_tokens_per_image)
    if pooled != 4:  # what llama.cpp takes it for
        writer.add_vision_projector_scale_factor(pooled)
    _write(writer, path, tensors, "mmproj")


class _Tensor:
    """A tensor on its way into the file. kind: what it is stored as · plus_one: a norm's, whose weight Gemma adds to 1

    A matrix whose rows are no multiple of a block is stored as F16, as llama.cpp does it.
    """

    def __init__(self, source: Source, name: str, kind: Kind, *, plus_one: bool):
        self.source, self.name, self.shape = source, name, source.shape(name)
        self.kind = Kind.F16 if kind in _BLOCKS and self.shape[-1] % BLOCK else kind
        self.plus_one = plus_one

    @property
    def nbytes(self) -> int:
        block, size = gguf.GGML_QUANT_SIZES[self.kind]
        return math.prod(self.shape) // block * size

    def pieces(self) -> Iterator[np.ndarray]:
        for piece in self.source.pieces(self.name):
            numbers = piece.float()
            if not numbers.isfinite().all():
                raise UserError(f"{self.source.folder}: {self.name} has numbers that are not finite")
            yield _STORE[self.kind](self.name, numbers + 1 if self.plus_one else numbers).numpy()


def _as_half(name: str, numbers: Tensor) -> Tensor:
    if numbers.abs().max() > LARGEST_FP16:
        raise UserError(f"{name} has weights above 65,504, where fp16 ends: export with --dtype bf16")
    return numbers.half()


_STORE: dict[Kind, Callable[[str, Tensor], Tensor]] = {
    Kind.F32: lambda name, numbers: numbers,
    Kind.F16: _as_half,
    Kind.BF16: lambda name, numbers: numbers.bfloat16().view(torch.uint8),
    Kind.Q8_0: lambda name, numbers: pack_q8_0(round_q8_0(numbers)),
    Kind.Q4_0: lambda name, numbers: pack_q4_0(round_q4_0(numbers)),
}
_BLOCKS = (Kind.Q8_0, Kind.Q4_0)


def _write(writer: gguf.GGUFWriter, path: Path, tensors: dict[str, _Tensor], what: str) -> None:
    for name, one in tensors.items():
        writer.add_tensor_info(name, one.shape, np.dtype(np.float32), one.nbytes, raw_dtype=one.kind)
    writer.write_header_to_file(path)
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    assert writer.fout is not None
    (file,) = writer.fout
    total = sum(one.nbytes for one in tensors.values())
    with tqdm(desc=f"Writing {what}", total=total, unit="B", unit_scale=True, leave=False) as bar:
        for one in tensors.values():
            writer.write_padding(file, file.tell())
            for piece in one.pieces():
                file.write(piece.data)  # numpy's own tofile hides why it failed
                bar.update(piece.nbytes)
            writer.write_padding(file, one.nbytes)
    writer.close()


def _describe(writer: gguf.GGUFWriter, source: Source, file_type: Any, parameters: int) -> None:
    writer.add_name(Path(source.named).name)
    writer.add_size_label(gguf.size_label(parameters, 0, 0, 0))
    writer.add_license("gemma")
    writer.add_file_type(file_type)
    sampling = read_json(source.folder / "generation_config.json")
    for name, add in (
        ("temperature", writer.add_sampling_temp),
        ("top_k", writer.add_sampling_top_k),
        ("top_p", writer.add_sampling_top_p),
    ):
        if sampling.get(name) is not None:
            add(sampling[name])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _add_architecture(writer: gguf.GGUFWriter, config: Any) -> None:
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_sliding_window(config.sliding_window)
    sliding = [kind == "sliding_attention" for kind in config.layer_types]
    if sliding != _pattern(config):
        writer.add_sliding_window_pattern(sliding)
    if config.model_type == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
        return
    rope = config.rope_parameters["full_attention"]
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_freq_base_swa(config.rope_parameters["sliding_attention"]["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])


def _pattern(config: Any) -> list[bool]:
    """Which layers llama.cpp takes for local ones where the file says nothing."""
    period = PERIOD[config.model_type]
    return [(i + 1) % period != 0 for i in range(config.num_hidden_layers)]


def _check_computable(source: Source) -> None:
    """Raises UserError for what a GGUF of this architecture cannot say."""
    config, kind = source.text_config, source.text_config.model_type
    largest = config.num_hidden_layers == LAYERS_OF_27B[kind]
    scale = config.hidden_size / config.num_attention_heads if largest else config.head_dim
    if config.query_pre_attn_scalar != scale:
        raise UserError(
            f"{source.named}: query_pre_attn_scalar is {config.query_pre_attn_scalar}, and llama.cpp divides by the "
            f"root of {scale:g} in a model of {config.num_hidden_layers} layers: it would give other replies"
        )
    if kind == "gemma2" and [layer == "sliding_attention" for layer in config.layer_types] != _pattern(config):
        raise UserError(
            f"{source.named}: llama.cpp takes every second layer of a Gemma 2 for a global one; here others are"
        )
    scaled = kind != "gemma2" and config.rope_parameters["full_attention"]["rope_type"]
    if scaled not in (False, "default", "linear"):
        raise UserError(f"{source.named}: its positions are scaled by {scaled!r}, which no Gemma 3 in llama.cpp is")


def _add_tokenizer(writer: gguf.GGUFWriter, source: Source) -> None:
    tokenizer = load_tokenizer(source.folder)
    tokens, scores, kinds = vocabulary(source, tokenizer)
    writer.add_tokenizer_model("llama")  # llama.cpp's name of sentencepiece's BPE
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_eot_token_id(tokenizer.convert_tokens_to_ids(END_OF_TURN))
    writer.add_unk_token_id(tokenizer.unk_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    template = tokenizer.chat_template
    if template == gemma_chat_template:  # Gemma 2's raises an error at a system message, and llama.cpp folds it its way
        template = gemma3_chat_template
    writer.add_chat_template(template)


def vocabulary(source: Source, tokenizer: Any) -> tuple[list[bytes], list[float], list[int]]:
    """Pieces, scores and kinds of every row of the embedding: those of `tokenizer.model`, and over them the tokens that
    the tokenizer has added to it. Raises UserError for a source without that file."""
    from sentencepiece import SentencePieceProcessor

    path = tokenizer.companion_files.get("tokenizer.model")
    if path is None:
        raise UserError(
            f"{source.folder} has no tokenizer.model, whose scores a GGUF needs: copy it there from the base model"
        )
    pieces = SentencePieceProcessor(model_file=path)
    rows = source.shape(next(name for name in source.names if name.endswith("embed_tokens.weight")))[0]
    if pieces.vocab_size() > rows:
        raise UserError(f"{path} has {pieces.vocab_size()} pieces, and the model {rows}: it is another model's")
    tokens = [f"[PAD{i}]".encode() for i in range(rows)]
    scores, kinds = [-10000.0] * rows, [int(gguf.TokenType.UNUSED)] * rows
    for i in range(pieces.vocab_size()):
        tokens[i], scores[i], kinds[i] = pieces.id_to_piece(i).encode(), pieces.get_score(i), _piece_kind(pieces, i)
    for i, token in tokenizer.added_tokens_decoder.items():
        if i >= rows:
            continue
        text, special = token.content, token.special or _looks_special(token.content)
        tokens[i] = (text if special else text.replace("\u2581", " ")).encode()
        scores[i] = -1000.0
        kinds[i] = int(gguf.TokenType.CONTROL if special else gguf.TokenType.USER_DEFINED)
    return tokens, scores, kinds


def _piece_kind(pieces: Any, i: int) -> int:
    for test, kind in (
        (pieces.is_unknown, gguf.TokenType.UNKNOWN),
        (pieces.is_control, gguf.TokenType.CONTROL),
        (pieces.is_unused, gguf.TokenType.UNUSED),
        (pieces.is_byte, gguf.TokenType.BYTE),
    ):
        if test(i):
            return int(kind)
    return int(gguf.TokenType.NORMAL)


def _looks_special(token: str) -> bool:
    """Gemma's tokenizers do not call all of those special that are."""
    return token in ("<pad>", "<mask>", "<2mass>", "[@BOS@]") or token.startswith("<unused")


def _is_vision(name: str) -> bool:
    return any(part in name for part in VISION)


def _language_name(name: str) -> str:
    """As in a text-only checkpoint: `language_model.model.norm.weight` is `model.norm.weight`."""
    return name.replace("model.language_model.", "model.").removeprefix("language_model.")
