"""Where a policy stands between reward and drift: its replies' mean reward, and its KL to where it began."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from posttrain.chat import encode_prompt
from posttrain.evaluate.decoding import Row, decode, row_generator, sampling
from posttrain.evaluate.replies import read_reply
from posttrain.evaluate.statistics import mean_interval
from posttrain.gemma import stop_token_ids
from posttrain.losses.nll import token_logps

Rollouts = list[dict[str, Any]]


@torch.no_grad()
def write_rollouts(
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[dict[str, Any]],
    reward: Callable[..., Any],
    *,
    max_new_tokens: int,
    batch_size: int = 16,
    seed: int = 0,
) -> Rollouts:
    """A reply to each row's `prompt`, sampled from the policy as it is (temperature 1), with its reward.

    rows: with the columns that the reward reads · Returns {"prompt_ids", "reply_ids", "logp" (nats), "reward",
    "stopped"} a row. A reply hangs on seed and row alone, so that two policies are compared on like draws.
    """
    prompts = [encode_prompt(row["prompt"], tokenizer, f"row {i + 1}") for i, row in enumerate(rows)]
    written = [Row(i, ids, row_generator(seed, i)) for i, ids in enumerate(prompts)]
    stops = set(stop_token_ids(tokenizer))
    with sampling(policy), tqdm(desc="Writing", total=len(rows), leave=False) as bar:
        for done in decode(
            policy,
            written,
            max_new_tokens=max_new_tokens,
            batch_size=batch_size,
            stops=stops,
            pad=tokenizer.pad_token_id,
        ):
            bar.update(len(done))
    replies = [read_reply(row.written, stops, tokenizer) for row in written]
    keys = [key for key in rows[0] if key not in ("prompt", "completion", "completion_ids")]
    values = reward(
        prompts=[row["prompt"] for row in rows],
        completions=[[{"role": "assistant", "content": reply.text}] for reply in replies],
        completion_ids=[row.written for row in written],
        **{key: [row[key] for row in rows] for key in keys},
    )
    return [
        {
            "prompt_ids": list(row.prompt),
            "reply_ids": row.written,
            "logp": sum(row.logps),
            "reward": value,
            "stopped": reply.stopped,
        }
        for row, reply, value in zip(written, replies, values, strict=True)
    ]


@torch.no_grad()
def reply_logps(model: PreTrainedModel, rollouts: Rollouts) -> list[float]:
    """log π(reply | prompt) of each rollout under another model, nats."""
    model.eval()
    softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    found = []
    for row in tqdm(rollouts, desc="Comparing", leave=False):
        ids = torch.tensor([row["prompt_ids"] + row["reply_ids"]], device=model.device)
        hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state[0]  # (T, H)
        at, targets = hidden[len(row["prompt_ids"]) - 1 : -1], ids[0, len(row["prompt_ids"]) :]
        found.append(token_logps(at, model.get_output_embeddings().weight, targets, softcap)[0].sum().item())
    return found


def front_point(rollouts: Rollouts, start_logps: Sequence[float]) -> dict[str, float]:
    """Mean reward and KL(policy‖start) in nats a reply, by log π − log π_start on the policy's own replies; with 95 %
    intervals by bootstrap over rows. Rows without a reward are left out of the first."""
    rewards = [row["reward"] for row in rollouts if row["reward"] is not None]
    figures = {"rows": float(len(rollouts)), "judged": float(len(rewards))}
    drift = [row["logp"] - start for row, start in zip(rollouts, start_logps, strict=True)]
    for name, values in (("reward", rewards), ("kl", drift)):
        if values:
            mean, low, high = mean_interval(values)
            figures |= {name: mean, f"{name}_low": low, f"{name}_high": high}
    figures["reply_tokens"] = sum(len(row["reply_ids"]) for row in rollouts) / len(rollouts)
    figures["stop_rate"] = sum(row["stopped"] for row in rollouts) / len(rollouts)
    return figures
