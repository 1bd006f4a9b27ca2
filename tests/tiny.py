"""Tiny random Gemmas with a tiny tokenizer that has Gemma's special tokens under Gemma's ids."""

from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3Config,
    Gemma3ForCausalLM,
    Gemma3ForConditionalGeneration,
    Gemma3TextConfig,
    PreTrainedTokenizerFast,
)

from posttrain.gemma import save_model

VOCABULARY = 512
# One local and one global layer (the default pattern of a 2-layer model has only local ones), and a window that 12
# tokens outgrow.
TEXT = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "sliding_window": 4,
    "layer_types": ["sliding_attention", "full_attention"],
    "max_position_embeddings": 512,
    "query_pre_attn_scalar": 16,
}
VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


def tokenizer(generation: int = 3) -> PreTrainedTokenizerFast:
    """Characters and bytes as tokens; <start_of_turn> is 105 in Gemma 3 and 106 in Gemma 2, the newline follows it."""
    first = 105 if generation == 3 else 106
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    pieces += [f"<unused{i}>" for i in range(first - len(pieces))]
    pieces += ["<start_of_turn>", "<end_of_turn>", "\n", "\n\n", "▁"]
    pieces += [chr(c) for c in range(33, 127)] + [f"<0x{byte:02X}>" for byte in range(256)]
    pieces += [f"<unused{i}>" for i in range(first, first + VOCABULARY - len(pieces))]
    model = models.BPE({piece: i for i, piece in enumerate(pieces)}, [], byte_fallback=True, unk_token="<unk>")
    backend = Tokenizer(model)
    backend.normalizer = normalizers.Replace(" ", "▁")
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    special = [piece for piece in pieces if piece.startswith("<") and not piece.startswith("<0x") and len(piece) > 1]
    backend.add_special_tokens([AddedToken(piece, normalized=False, special=True) for piece in special])
    backend.add_tokens([AddedToken(piece, normalized=False) for piece in ("\n", "\n\n")])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=512,
    )


def model(kind: str, seed: int = 0) -> torch.nn.Module:
    """A random model of class `gemma3_text`, `gemma3` (multimodal) or `gemma2`, in float32."""
    torch.manual_seed(seed)
    if kind == "gemma3_text":
        return Gemma3ForCausalLM(Gemma3TextConfig(**TEXT)).eval()
    if kind == "gemma3":
        # Hub checkpoints declare 64 rows more than the text models; here 16.
        config = Gemma3Config(
            text_config={**TEXT, "vocab_size": VOCABULARY + 16},
            vision_config=VISION,
            mm_tokens_per_image=4,
            image_token_index=VOCABULARY,
            boi_token_index=5,
            eoi_token_index=6,
        )
        return Gemma3ForConditionalGeneration(config).eval()
    return Gemma2ForCausalLM(Gemma2Config(**TEXT, attn_logit_softcapping=50.0, final_logit_softcapping=30.0)).eval()


def folder(path: Path, kind: str = "gemma3_text", seed: int = 0) -> Path:
    """A saved tiny checkpoint, as a user would have it."""
    from posttrain.chat import chat_template

    tiny_tokenizer = tokenizer(2 if kind == "gemma2" else 3)
    tiny_tokenizer.chat_template = chat_template(tiny_tokenizer)
    return save_model(model(kind, seed), tiny_tokenizer, path)


def with_sentencepiece(folder: Path) -> Path:
    """The folder with the `tokenizer.model` that its tokenizer would have been made from, as the hub's Gemmas have."""
    from sentencepiece import sentencepiece_model_pb2 as sp

    from posttrain.gemma import load_tokenizer

    kinds = sp.ModelProto.SentencePiece.Type
    loaded = load_tokenizer(folder)
    made = sp.ModelProto()
    for piece, _ in sorted(loaded.get_vocab().items(), key=lambda pair: pair[1]):
        special = piece in loaded.all_special_tokens or piece.startswith("<unused") or piece == "<mask>"
        kind = kinds.UNKNOWN if piece == "<unk>" else kinds.CONTROL if special else kinds.NORMAL
        kind = kinds.BYTE if piece.startswith("<0x") else kind
        kind = kinds.USER_DEFINED if piece in ("\n", "\n\n", "<start_of_turn>", "<end_of_turn>") else kind
        made.pieces.add(piece=piece, score=0.0, type=kind)
    made.trainer_spec.model_type = sp.TrainerSpec.BPE
    made.trainer_spec.vocab_size = len(made.pieces)
    made.trainer_spec.byte_fallback = True
    for name, i in (("pad", 0), ("eos", 1), ("bos", 2), ("unk", 3)):
        setattr(made.trainer_spec, f"{name}_id", i)
        setattr(made.trainer_spec, f"{name}_piece", f"<{name}>")
    made.normalizer_spec.name = "identity"
    made.normalizer_spec.add_dummy_prefix = False
    made.normalizer_spec.remove_extra_whitespaces = False
    made.normalizer_spec.escape_whitespaces = True
    (folder / "tokenizer.model").write_bytes(made.SerializeToString())
    return folder


def trainer(folder: Path, out: Path, rows: list[dict[str, Any]], cls: Any = None, **settings: Any) -> Any:
    """Our SFT trainer (or `cls`) in this process, on `rows`, with nothing logged elsewhere and nothing evaluated."""
    from posttrain.chat import encode_rows
    from posttrain.config import SFTConfig
    from posttrain.gemma import load_model
    from posttrain.trainers.sft import SFTTrainer

    loaded, tiny_tokenizer = load_model(folder)
    names = (
        "sample_rows",
        "callbacks",
        "peft_config",
        "objective",
        "teacher",
        "on_policy",
        "reply_tokens",
        "policy_gradient",
        "vllm",
        "data_collator",
    )
    own = {name: settings.pop(name) for name in names if name in settings}
    if "eval_rows" in settings:
        own["eval_dataset"] = encode_rows(settings.pop("eval_rows"), tiny_tokenizer)[0]
    quiet = {"report_to": "none", "disable_tqdm": True, "eval_on_start": False, "seed": 7}
    quiet["dataset_kwargs"] = {"skip_prepare_dataset": not settings.get("packing")}
    args = SFTConfig(output_dir=str(out), **quiet | settings)
    train = rows if isinstance(rows, Dataset) else encode_rows(rows, tiny_tokenizer)[0]
    return (cls or SFTTrainer)(loaded, args, train_dataset=train, processing_class=tiny_tokenizer, **own)


def chat_rows(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    """Rows of one question and one reply."""
    return [
        {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]}
        for question, reply in pairs
    ]
