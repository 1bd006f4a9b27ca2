"""Prompts with replies to be judged, as token ids: what a reward model scores and is trained on.

Gemma's chat format, built turn by turn as in `posttrain.chat`, to the newline after the last `<end_of_turn>`: the
template and TRL's RewardTrainer end there, and its position is scored. From a pair that is too long the beginning of
the prompt's text is cut away, after `<bos>` and the header of its turn; a reply is never cut, since its end is scored.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Dataset
from tqdm.auto import tqdm
from transformers import PreTrainedTokenizerBase

from posttrain.chat import END_OF_TURN, Message, encode_prompt
from posttrain.errors import UserError

# Ordinal labels of how much better, as Llama 2 collected them (2307.09288 §3.2.1 and Table 27, its large margins / 3).
ORDINAL = {"significantly better": 1.0, "better": 2 / 3, "slightly better": 1 / 3, "negligibly better": 0.0}


def encode_scored(
    prompts: Sequence[Sequence[Message]],
    replies: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None = None,
    wheres: Sequence[str] | None = None,
) -> list[tuple[list[int], bool]]:
    """(ids, whether the prompt was cut) of each prompt with its reply; no ids where the reply alone is too long.

    prompts: messages that end with the user · replies: one a prompt, maybe empty. Raises UserError for a malformed
    prompt, named by `wheres`.
    """
    texts = [reply.strip() for reply in replies] + ["\n", "user\n", "model\n"]
    encoded = tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    *bodies, newline, user, model = encoded
    tail = [tokenizer.convert_tokens_to_ids(END_OF_TURN), *newline]
    first, last = 2 + len(user), 2 + len(newline) + len(model)  # <bos><start_of_turn>user\n … <end_of_turn>\n<…>model\n
    rows: list[tuple[list[int], bool]] = []
    known: dict[str, list[int]] = {}
    for i, (prompt, body) in enumerate(zip(prompts, bodies, strict=True)):
        key = repr(prompt)  # the completions of a group share one
        if key not in known:
            known[key] = encode_prompt(prompt, tokenizer, wheres[i] if wheres else f"prompt {i + 1}")
        head, reply = known[key], [*body, *tail]
        excess = 0 if max_length is None else max(0, len(head) + len(reply) - max_length)
        if excess > len(head) - first - last:
            rows.append(([], True))
        else:
            rows.append(([*head[:first], *head[first + excess :], *reply], excess > 0))
    return rows


@dataclass
class PairsReport:
    """What became of the pairs: counts of pairs, and of tokens in the pairs that were kept."""

    rows: int = 0
    dropped: int = 0  # a reply does not fit into max_length
    truncated: int = 0  # kept, but the prompt's beginning was cut
    tokens: int = 0
    longer_chosen: int = 0  # kept, and the chosen reply is the longer one

    def __str__(self) -> str:
        kept = self.rows - self.dropped
        return (
            f"{kept} of {self.rows} pairs kept ({self.dropped} dropped: a reply does not fit into max_length; "
            f"{self.truncated} prompts cut), {self.tokens} tokens; "
            f"the chosen reply is the longer one in {self.longer_chosen / max(kept, 1):.0%}"
        )


def encode_pairs(
    rows: Iterable[Mapping[str, Any]],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None = None,
    *,
    name: str = "pairs",
    margin_scale: float = 0.0,
    progress: bool = False,
) -> tuple[Dataset, PairsReport]:
    """Preference rows to a Dataset for RewardTrainer, and a report of what was kept, cut and dropped.

    rows: `prompt`, `chosen`, `rejected` as message lists; maybe `margin` (a number, or one of ORDINAL's labels) and
    `source`. Columns: chosen_ids, rejected_ids; length (of both, in tokens); chosen_length, rejected_length (of the
    last replies, in characters); source; where margin_scale is not 0, margin = margin_scale times the row's.
    Raises UserError for rows that are no pairs, for an unknown margin, and when no pair is left.
    """
    report, kept = PairsReport(), []
    for number, row in enumerate(tqdm(rows, desc=f"Encoding {name}", unit=" pairs", disable=not progress), 1):
        where = row.get("where") or f"row {number} of {name}"
        if not row.get("chosen") or not row.get("rejected"):
            raise UserError(f"{where}: a pair needs `prompt`, `chosen` and `rejected`; see `kind: preference`")
        prompts = [[*row["prompt"], *row[side][:-1]] for side in ("chosen", "rejected")]
        replies = [row[side][-1]["content"] for side in ("chosen", "rejected")]
        (chosen, cut), (rejected, cut_too) = encode_scored(prompts, replies, tokenizer, max_length, [where] * 2)
        margin = read_margin(row.get("margin"), where)
        report.rows += 1
        if not chosen or not rejected:
            report.dropped += 1
            continue
        report.truncated += cut or cut_too
        report.tokens += len(chosen) + len(rejected)
        lengths = [len(reply.strip()) for reply in replies]
        report.longer_chosen += lengths[0] > lengths[1]
        pair = {"chosen_ids": chosen, "rejected_ids": rejected, "source": row.get("source") or name}
        pair |= {"chosen_length": lengths[0], "rejected_length": lengths[1], "length": len(chosen) + len(rejected)}
        kept.append(pair | ({"margin": margin_scale * margin} if margin_scale else {}))
    if not kept:
        raise UserError(
            f"{name}: no pair is left to train on ({report.rows} pairs, {report.dropped} with a reply longer than "
            f"max_length={max_length}): raise max_length"
        )
    return Dataset.from_list(kept), report


def read_margin(value: Any, where: str) -> float:
    """How much better the chosen reply is: 0 unless stated."""
    if value is None:
        return 0.0
    if isinstance(value, str):
        words = value.strip().lower().replace("_", " ")
        if words not in ORDINAL:
            raise UserError(f"{where}: margin {value!r} is no number and none of {', '.join(ORDINAL)}")
        return ORDINAL[words]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise UserError(f"{where}: margin must be a number of 0 or more, not {value!r}")
    return float(value)
