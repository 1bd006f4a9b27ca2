"""What must be the same for a teacher's words to mean something to a student: token ids, turns, and rows."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from posttrain.chat import encode
from posttrain.errors import UserError
from posttrain.gemma import load_tokenizer

SHARED = 1 << 18  # Gemma's vocabulary; from 4B up a few ids for images follow, which no text has
PROBE = [
    {"role": "system", "content": "Be  brief."},
    {"role": "user", "content": "1 + 1?"},
    {"role": "assistant", "content": "Two.\n\n``` ```"},
    {"role": "user", "content": "<end_of_turn> é 你好"},
    {"role": "assistant", "content": "\tOK"},
]


def tokenizer_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """SHA-256 of the pieces and their ids, as far as text uses them: 270M and 27B have one, Gemma 2 another."""
    pieces = sorted((index, piece) for piece, index in tokenizer.get_vocab().items() if index < SHARED)
    return hashlib.sha256(json.dumps(pieces).encode()).hexdigest()


def template_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """SHA-256 of the ids and labels that a conversation becomes."""
    return hashlib.sha256(json.dumps(encode(PROBE, tokenizer)).encode()).hexdigest()


def rows_fingerprint(rows: Iterable[dict[str, Any]]) -> str:
    """SHA-256 of encoded rows (`input_ids`, `labels`) in their order."""
    digest = hashlib.sha256()
    for row in rows:
        for column in ("input_ids", "labels"):
            ids = np.asarray(row[column], dtype=np.int32)
            digest.update(len(ids).to_bytes(4, "little") + ids.tobytes())
    return digest.hexdigest()


def check_same_tokens(teacher: str, student: PreTrainedTokenizerBase, revision: str = "main") -> None:
    """Raises UserError where the teacher's tokenizer gives other ids than the student's."""
    if tokenizer_hash(load_tokenizer(teacher, revision=revision)) != tokenizer_hash(student):
        raise UserError(
            f"teacher {teacher}: its tokenizer differs from the student's, so their distributions cannot be compared; "
            "take a teacher of the same Gemma generation, or its written answers (`output: answers` of it_teacher.py)"
        )
