"""Messages to token ids and label masks, in Gemma's chat format.

    <bos><start_of_turn>user\n{system\n\n}{user}<end_of_turn>\n<start_of_turn>model\n{reply}<end_of_turn>\n
                                                                                   ^^^^^^^^^^^^^^^^^^^^ trained

Ids are built turn by turn and never by tokenising rendered text again, so there is exactly one `<bos>`, and turn
tokens inside a message's *text* stay plain text: nobody can forge a turn by writing `<end_of_turn>`. For all other
text the ids are those of the chat template (`tokenizer.apply_chat_template`), which `tests/test_chat.py` holds fast.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow
from datasets import Dataset
from tqdm.auto import tqdm
from transformers import PreTrainedTokenizerBase

from posttrain.cache import scratch_dir
from posttrain.errors import UserError

START_OF_TURN, END_OF_TURN = "<start_of_turn>", "<end_of_turn>"
IGNORE = -100  # the label of a position that is not trained
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "model": "assistant"}

Message = dict[str, Any]


def normalise_messages(messages: Sequence[Message], where: str = "messages") -> list[Message]:
    """Check a conversation once and fold its system text into the first user turn (Gemma has no system role).

    Roles: user and assistant (or `model`) in turn, user first, an optional system (or `developer`) message before.
    Contents: a string, or a list of `{"type": "text", "text": …}` parts; trimmed as the template trims them.
    Returns [{"role": "user" | "assistant", "content": str}, …]. Raises UserError that begins with `where`.
    """
    return _fold_system(read_messages(messages, where))


def read_messages(messages: Sequence[Message], where: str = "messages", *, allow_empty: bool = False) -> list[Message]:
    """`normalise_messages` without the folding: a system message stays one, first and with a user message after it.

    allow_empty: let empty replies through, for a filter to count.
    """
    if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
        raise UserError(f"{where}: messages must be a list of at least one {{role, content}}, found {messages!r:.60}")
    system: list[Message] = []
    turns: list[Message] = []
    for position, message in enumerate(messages):
        role, content = _read_message(message, f"{where}: message {position + 1}")
        content = content.strip()
        if role == "system":
            if position:
                raise UserError(f"{where}: the system message must come first, found it as message {position + 1}")
            system = [{"role": role, "content": content}]
            continue
        expected = "assistant" if len(turns) % 2 else "user"
        if role != expected:
            before = turns[-1]["role"] if turns else "the start"
            raise UserError(f"{where}: roles must alternate, found {role} after {before}")
        if role == "assistant" and not content and not allow_empty:
            raise UserError(f"{where}: message {position + 1} is an empty reply; drop the row or fill it")
        turns.append({"role": role, "content": content})
    if not turns:
        raise UserError(f"{where}: there is no user message")
    return system + turns


def encode(
    messages: Sequence[Message],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None = None,
    where: str = "messages",
) -> dict[str, list[int]]:
    """One conversation as {"input_ids": [T], "labels": [T]}, with labels -100 where nothing is trained.

    Every reply and its `<end_of_turn>` is trained; headers, user text and the newline between turns are not (no model
    ever generates them). Cut to the first `max_length` tokens, which may leave no label: `encode_rows` drops such rows.
    Raises UserError for a malformed conversation or one that does not end with a reply.
    """
    return encode_batch([messages], tokenizer, max_length, [where])[0]


def encode_prompt(
    messages: Sequence[Message], tokenizer: PreTrainedTokenizerBase, where: str = "messages"
) -> list[int]:
    """The ids that a model continues with its reply: the conversation and the header of the model's turn."""
    turns = normalise_messages(messages, where)
    if turns[-1]["role"] != "user":
        raise UserError(f"{where}: a prompt must end with a user message")
    ids = _encode_turns([turns], tokenizer)[0]["input_ids"]
    return [*ids, tokenizer.convert_tokens_to_ids(START_OF_TURN), *_plain(["model\n"], tokenizer)[0]]


def encode_next_turn(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids between a model's reply, ended by its `<end_of_turn>`, and its next one: a user turn and the header."""
    start, end = (tokenizer.convert_tokens_to_ids(token) for token in (START_OF_TURN, END_OF_TURN))
    said, header, newline = _plain([f"user\n{text.strip()}", "model\n", "\n"], tokenizer)
    return [*newline, start, *said, end, *newline, start, *header]


def encode_batch(
    conversations: Sequence[Sequence[Message]],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None = None,
    wheres: Sequence[str] | None = None,
) -> list[dict[str, list[int]]]:
    """`encode` for many conversations in one tokenizer call."""
    wheres = wheres or [f"row {i + 1}" for i in range(len(conversations))]
    batch = [normalise_messages(messages, where) for messages, where in zip(conversations, wheres, strict=True)]
    for turns, where in zip(batch, wheres, strict=True):
        if turns[-1]["role"] != "assistant":
            raise UserError(f"{where}: a training row must end with a reply, found a user message last")
    return [{key: value[:max_length] for key, value in row.items()} for row in _encode_turns(batch, tokenizer)]


@dataclass
class EncodingReport:
    """What became of the rows: counts of rows, and of tokens in the rows that were kept."""

    rows: int = 0
    dropped: int = 0  # every label was cut by max_length
    truncated: int = 0  # kept, but cut
    tokens: int = 0
    labels: int = 0

    def __str__(self) -> str:
        share = self.labels / max(self.tokens, 1)
        return (
            f"{self.rows - self.dropped} of {self.rows} rows kept ({self.dropped} dropped: no label within max_length; "
            f"{self.truncated} cut), {self.tokens} tokens, {self.labels} of them trained ({share:.0%})"
        )


def count_tokens(
    conversations: Sequence[Sequence[Message]], tokenizer: PreTrainedTokenizerBase
) -> list[tuple[int, int]]:
    """(tokens, trained tokens) of conversations as `read_messages` gives them, uncut; they may end with the user."""
    encoded = _encode_turns([_fold_system(messages) for messages in conversations], tokenizer)
    return [(len(row["labels"]), sum(label != IGNORE for label in row["labels"])) for row in encoded]


def encode_rows(
    rows: Iterable[dict[str, Any]],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None = None,
    *,
    name: str = "rows",
    batch_size: int = 1000,
    progress: bool = False,
) -> tuple[Dataset, EncodingReport]:
    """Rows with `messages` to a Dataset of `input_ids` and `labels`, and a report of what was kept, cut and dropped.

    Rows are taken in batches and encoded to a temporary file that the Dataset maps: memory stays flat in their number.
    Rows whose labels are all beyond `max_length` would train nothing and are dropped. Raises UserError, naming the row
    (its `where`, or its number in `name`), for malformed rows, and when no row is left.
    """
    report = EncodingReport()
    path = scratch_dir() / f"{uuid.uuid4().hex}.arrow"
    schema = pyarrow.schema([(column, pyarrow.list_(pyarrow.int32())) for column in ("input_ids", "labels")])
    progress_bar = tqdm(desc=f"Encoding {name}", unit=" rows", disable=not progress)
    rows = iter(rows)
    with progress_bar, pyarrow.ipc.new_stream(path, schema) as writer:
        while batch := list(islice(rows, batch_size)):
            wheres = [row.get("where") or f"row {report.rows + i + 1} of {name}" for i, row in enumerate(batch)]
            encoded = encode_batch([row["messages"] for row in batch], tokenizer, None, wheres)
            kept = [row for row in (_cut(one, max_length, report) for one in encoded) if row]
            writer.write_batch(pyarrow.RecordBatch.from_pylist(kept, schema=schema))
            progress_bar.update(len(batch))
    if report.dropped == report.rows:
        raise UserError(
            f"{name}: no row is left to train on ({report.rows} rows, {report.dropped} with every label cut by "
            f"max_length={max_length}); raise max_length or shorten the prompts"
        )
    return Dataset.from_file(str(path)), report


def _cut(row: dict[str, list[int]], max_length: int | None, report: EncodingReport) -> dict[str, list[int]] | None:
    """The row's first `max_length` tokens, counted in the report; None when they hold no label."""
    labels = row["labels"][:max_length]
    trained = sum(label != IGNORE for label in labels)
    report.rows += 1
    if not trained:
        report.dropped += 1
        return None
    report.truncated += len(labels) < len(row["labels"])
    report.tokens += len(labels)
    report.labels += trained
    return {"input_ids": row["input_ids"][:max_length], "labels": labels}


def chat_template(tokenizer: PreTrainedTokenizerBase) -> str:
    """Google's own template for the tokenizer's generation (Gemma 2 and 3 number their turn tokens differently)."""
    from trl import chat_template_utils

    is_gemma2 = tokenizer.convert_tokens_to_ids(END_OF_TURN) == 107
    return chat_template_utils.gemma_chat_template if is_gemma2 else chat_template_utils.gemma3_chat_template


def _fold_system(turns: Sequence[Message]) -> list[Message]:
    first, *rest = turns
    if first["role"] != "system":
        return list(turns)
    system = f"{first['content']}\n\n" if first["content"] else ""
    return [{"role": "user", "content": system + rest[0]["content"]}, *rest[1:]]


def _read_message(message: Any, where: str) -> tuple[str, str]:
    if not isinstance(message, dict) or "role" not in message or "content" not in message:
        raise UserError(f"{where} must have `role` and `content`, found {message!r:.60}")
    role = ROLES.get(message["role"]) if isinstance(message["role"], str) else None
    if role is None:
        raise UserError(f"{where} has role {message['role']!r}; known are {', '.join(ROLES)}")
    if message.get("tool_calls"):
        raise UserError(f"{where} has tool calls; they are not trained on this path")
    content = message["content"]
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        if len(parts) < len(content) or not all(isinstance(part, str) for part in parts):
            raise UserError(f"{where} has a part that is not text; images are not trained on this path")
        content = "".join(str(part).strip() for part in parts)
    if not isinstance(content, str):
        raise UserError(f"{where} has a content of type {type(content).__name__}, not text")
    try:
        content.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{where} has half a character at position {error.start} (a lone surrogate); mend it") from None
    return role, content


def _plain(texts: list[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Token ids of plain text: no `<bos>`, and what looks like a special token is only its characters."""
    return tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"] if texts else []


def _encode_turns(batch: list[list[Message]], tokenizer: PreTrainedTokenizerBase) -> list[dict[str, list[int]]]:
    """Ids and labels of normalised conversations; a turn is <start_of_turn> header text <end_of_turn> newline."""
    start, end = (tokenizer.convert_tokens_to_ids(token) for token in (START_OF_TURN, END_OF_TURN))
    header, newline = _plain(["model\n", "\n"], tokenizer)
    texts = [
        turn["content"] if turn["role"] == "assistant" else f"user\n{turn['content']}" for row in batch for turn in row
    ]
    pieces = iter(_plain(texts, tokenizer))
    encoded = []
    for row in batch:
        ids, labels = [tokenizer.bos_token_id], [IGNORE]
        for turn in row:
            text = next(pieces)
            if turn["role"] == "assistant":
                ids += [start, *header, *text, end, *newline]
                labels += [IGNORE] * (1 + len(header)) + [*text, end] + [IGNORE] * len(newline)
            else:
                ids += [start, *text, end, *newline]
                labels += [IGNORE] * (2 + len(text) + len(newline))
        encoded.append({"input_ids": ids, "labels": labels})
    return encoded
