"""RL from rewards: TRL's GRPO and RLOO trainers with what Gemma, BOND and a long run need."""

import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from peft import PeftModel
from torch import Tensor
from torch.nn.functional import pad
from transformers import PreTrainedModel, TrainerCallback
from trl import GRPOTrainer, RLOOTrainer
from trl.models import prepare_deepspeed
from trl.trainer.utils import add_fused_lm_head, use_adapter

from posttrain.chat import END_OF_TURN, encode_next_turn, encode_prompt
from posttrain.data.draw import generator
from posttrain.errors import UserError
from posttrain.evaluate.decoding import row_generator, sampling
from posttrain.losses.bond import best_of_two, jbond_reward, jbond_weights, quantile_reward
from posttrain.reward.code import code_feedback
from posttrain.reward.composition import is_async
from posttrain.rollouts import RolloutLog
from posttrain.trainers.anchor import ADAPTER, Anchor, add_anchor_adapter
from posttrain.trainers.generation import whole_model, write_rows
from posttrain.trainers.head import add_labelled_head
from posttrain.trainers.run import RunMixin

Reward = Callable[..., Any]
GAP = 0.1  # nats a token between sampler and trainer, from which on a warning is given


class RLMixin(RunMixin):
    """TRL's trainer, and beside it (and beside `RunMixin`):

    - prompts are encoded turn by turn (`posttrain.chat`), so that no prompt can forge a turn;
    - without vLLM replies are written by `evaluate.decoding`, which keeps its batch full and does not sort 262,144
      tokens, each from a generator of its own: the same on one process as on many, and after a resume;
    - on CPU the head works on the replies' tokens only;
    - the reference is an `Anchor`: where RL began, or the policy's moving average, also of an adapter and under ZeRO;
    - groups without any difference in reward are replaced, up to `resample` times, and counted;
    - the gap between the log-probabilities that were sampled from and those that are trained is logged, as is where a
      step's time went; every reply is recorded.

    reward: of TRL's signature · watch: another, for the records and the log only · anchor: of full tuning, a model as
    the policy began; an adapter's policy (a PeftModel) is given one here
    """

    def __init__(
        self,
        model: PreTrainedModel | PeftModel,
        reward: Reward,
        args: Any,
        *,
        watch: Reward | None = None,
        anchor: PreTrainedModel | None = None,
        **kwargs: Any,
    ):
        if watch is not None and is_async(watch):
            raise UserError("watch: an async function is trained on, not watched: give a plain one")
        coefficient, args.beta = args.beta, 0.0  # or TRL would load a reference of its own
        super().__init__(model, [reward], args, **kwargs)  # type: ignore[misc]
        args.beta = coefficient
        self.beta = float(args.needs_anchor and (coefficient or 1.0))  # 0: TRL does not ask the reference
        self.watch, self.log_folder = watch, RolloutLog(Path(args.output_dir), args.rollout_rows)
        self.written: dict[str, Any] = {}  # the last generation: ids, log-probabilities, rewards
        self.seconds = {"generation": 0.0, "reward": 0.0, "training": 0.0}
        self.generations = (-1, 0)  # the step of the last generation, and how many there were in it
        self.gap_told = False
        add_labelled_head(model.get_base_model() if isinstance(model, PeftModel) else model, self.temperature)
        self.anchor: Anchor | None = None
        if args.needs_anchor:
            if isinstance(model, PeftModel):
                add_anchor_adapter(model)
            else:
                self.ref_model = self._prepared(anchor)
            self.anchor = Anchor(model, model if anchor is None else anchor, args.moving)
        self.add_callback(_Housekeeping(self))

    def _prepared(self, anchor: PreTrainedModel | None) -> Any:
        if anchor is None:
            raise UserError("full tuning with an anchor needs a second model, as the policy began")
        if self.is_fsdp_enabled:
            raise UserError("an anchor under FSDP2 needs an adapter: set `method: lora`, or take ZeRO")
        add_fused_lm_head(anchor, temperature=self.temperature)
        add_labelled_head(anchor, self.temperature)
        anchor.requires_grad_(False)
        if self.is_deepspeed_enabled:
            return prepare_deepspeed(anchor, self.accelerator)
        return self.accelerator.prepare_model(anchor, evaluation_mode=True)

    def train(self, resume_from_checkpoint: Any = None, **kwargs: Any) -> Any:
        self.resumed_from = resume_from_checkpoint if isinstance(resume_from_checkpoint, str | Path) else None
        return super().train(resume_from_checkpoint=resume_from_checkpoint, **kwargs)

    def training_step(self, *args, **kwargs):
        begun, before = time.perf_counter(), sum(self.seconds.values())
        loss = super().training_step(*args, **kwargs)
        self.seconds["training"] += time.perf_counter() - begun - (sum(self.seconds.values()) - before)
        return loss

    def _save_checkpoint(self, model, trial):
        if self.anchor is not None:
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            folder.mkdir(parents=True, exist_ok=True)
            self.anchor.save(folder, self.args.process_index)
        super()._save_checkpoint(model, trial)

    # --- prompts and replies

    def _tokenize_prompts(self, prompts: list) -> tuple[list[list[int]], None, dict]:
        return [encode_prompt(one, self._tokenizer, f"prompt {i + 1}") for i, one in enumerate(prompts)], None, {}

    def _write(self, prompt_ids: list[list[int]]) -> tuple[list[list[int]], list[list[float]]]:
        """Replies to the prompts and their tokens' log-probabilities, by the policy. By all processes at once."""
        return self._write_part(prompt_ids, range(len(prompt_ids)))

    def _write_part(
        self, prompt_ids: list[list[int]], which: Sequence[int], *, by_anchor: bool = False
    ) -> tuple[list[list[int]], list[list[float]]]:
        """Of the rows `which`, in order. A row's randomness hangs on seed, step, round and place over all processes."""
        step, number = self.generations
        first = self.args.process_index * len(prompt_ids)
        draws = [row_generator(self.args.seed, step, number, first + i) for i in which]
        with (
            self._writer(by_anchor) as model,
            sampling(model, temperature=self.temperature, top_k=self.top_k, top_p=self.top_p),
        ):
            rows = write_rows(
                model,
                self._tokenizer,
                [prompt_ids[i] for i in which],
                draws,
                max_new_tokens=self.max_completion_length,
            )
        return [row.written for row in rows], [row.logps for row in rows]

    @contextmanager
    def _writer(self, by_anchor: bool) -> Iterator[Any]:
        if by_anchor and self.ref_model is not None:
            with whole_model(self, self.ref_model) as model:
                yield model
            return
        with whole_model(self) as model:
            if by_anchor:
                with use_adapter(model, adapter_name=ADAPTER):
                    yield model
            else:
                yield model

    def _generate_single_turn(self, prompt_ids, *args, **kwargs):
        begun = time.perf_counter()
        self._count_generation()
        if self.use_vllm or self.args.use_transformers_continuous_batching:
            found = super()._generate_single_turn(prompt_ids, *args, **kwargs)
            ids, logps = found if isinstance(found, tuple) else (found, None)
        else:
            ids, logps = self._write(prompt_ids)
            found = (ids, logps) if isinstance(self, GRPOTrainer) else ids
        self.written = {"prompt_ids": prompt_ids, "reply_ids": ids, "logps": logps or [[] for _ in ids]}
        self.seconds["generation"] += time.perf_counter() - begun
        return found

    def _count_generation(self) -> None:
        step, number = self.generations
        self.generations = (step, number + 1) if step == self.state.global_step else (self.state.global_step, 0)

    # --- rewards

    def _calculate_rewards(self, inputs, prompts, completions, completion_ids_list):
        begun = time.perf_counter()
        values = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        mine = slice(self.args.process_index * len(prompts), (self.args.process_index + 1) * len(prompts))
        self.written |= {"inputs": inputs, "completions": completions, "rewards": values[mine, 0].tolist()}
        self.written["watched"] = [None] * len(prompts)
        if self.watch is not None:
            keys = [key for key in inputs[0] if key not in ("prompt", "completion", "completion_ids")]
            columns = {key: [row[key] for row in inputs] for key in keys}
            given = {"prompts": prompts, "completions": completions, "completion_ids": completion_ids_list}
            self.written["watched"] = list(self.watch(**given, **columns))
            known = [float(value) for value in self.written["watched"] if value is not None]
            totals = self.accelerator.reduce(
                torch.tensor([sum(known), len(known)], device=values.device), reduction="sum"
            )
            if totals[1]:
                self._metrics["train"]["watched"].append((totals[0] / totals[1]).item())
        self.seconds["reward"] += time.perf_counter() - begun
        return values

    def _generate_and_score_completions(self, inputs):
        if not self.model.training:
            return super()._generate_and_score_completions(inputs)
        self.asked = inputs
        output = super()._generate_and_score_completions(inputs)
        self._add_sampled(output)
        self._record(output)
        if self.args.resample:
            output = self._resampled(output, len(inputs))
        return output

    def _add_sampled(self, output: dict[str, Any]) -> None:
        """RLOOTrainer leaves out what the replies were sampled with."""
        logps = self.written["logps"]
        if "sampling_per_token_logps" not in output and any(logps):
            width = output["completion_ids"].shape[1]
            rows = [pad(torch.tensor(row), (0, width - len(row))) for row in logps]
            output["sampling_per_token_logps"] = torch.stack(rows).to(output["completion_ids"].device)

    def _resampled(self, output: dict[str, Any], rows: int) -> dict[str, Any]:
        """The generation with its groups that teach nothing replaced by others', as far as `resample` rounds go."""
        size = self.num_generations
        dull = [g for g in range(rows // size) if not self._differs(g)]
        count = self._over_all(len(dull))
        self._metrics["train"]["rollouts/dull_groups"].append(count / self._over_all(rows // size))
        for round_number in range(self.args.resample):
            if not self._over_all(len(dull)):
                break
            self.asked = self._other_prompts(rows // size, round_number)
            fresh = super()._generate_and_score_completions(self.asked)
            self._add_sampled(fresh)
            self._record(fresh)
            for g in range(rows // size):
                if dull and self._differs(g):
                    output = _replace(output, fresh, dull.pop() * size, g * size, size)
        if "num_items_in_batch" in output:
            output["num_items_in_batch"] = self.accelerator.gather(output["completion_mask"].sum()).sum()
        self._metrics["train"]["rollouts/dull_groups_left"].append(self._over_all(len(dull)) / max(count, 1))
        return output

    def _differs(self, group: int) -> bool:
        size = self.num_generations
        values = [v for v in self.written["rewards"][group * size : (group + 1) * size] if v == v]  # NaN: not judged
        return len(values) > 1 and max(values) - min(values) > 1e-8

    def _other_prompts(self, groups: int, round_number: int) -> list[dict[str, Any]]:
        rng = generator(self.args.seed, self.state.global_step, f"resample {round_number}")
        drawn = rng.integers(0, len(self.train_dataset), groups * self.accelerator.num_processes)
        mine = drawn[self.args.process_index * groups :][:groups]
        return [self.train_dataset[int(i)] for i in mine for _ in range(self.num_generations)]

    def _over_all(self, count: int) -> float:
        return self.accelerator.reduce(torch.tensor(float(count), device=self.accelerator.device)).item()

    def _record(self, output: dict[str, Any]) -> None:
        """Every reply of all processes, on disk."""
        if not self.args.rollouts:
            return
        step, number = self.generations
        extra = {key.partition("/")[2]: values for key, values in self._last_extra().items()}
        rows = [
            self._rollout(i, {key: values[i] for key, values in extra.items() if i < len(values)}, output)
            for i in range(len(self.written["reply_ids"]))
        ]
        everything = gather_object(rows)
        if self.accelerator.is_main_process:
            self.log_folder.add(step, number, everything)

    def _last_extra(self) -> dict[str, list]:
        """The components that a composite reward told for this process's replies, {name: values}."""
        count, rank = len(self.written["reply_ids"]), self.args.process_index
        world = self.accelerator.num_processes
        logged = {key: list(values)[-count * world :] for key, values in self._logs["extra"].items()}
        return {key: values[rank * count : (rank + 1) * count] for key, values in logged.items()}

    def _rollout(self, i: int, components: dict[str, Any], output: dict[str, Any]) -> dict[str, Any]:
        written, row = self.written, self.written["inputs"][i]
        ids, reward = written["reply_ids"][i], written["rewards"][i]
        completion = written["completions"][i]
        return {
            "prompt": json.dumps(row["prompt"], ensure_ascii=False),
            "reply": completion if isinstance(completion, str) else completion[-1]["content"],
            "prompt_ids": list(written["prompt_ids"][i]),
            "reply_ids": list(ids),
            "logps": list(written["logps"][i]),
            "reward": None if reward != reward else reward,
            "components": [(key, value) for key, value in components.items() if isinstance(value, int | float)],
            "watched": written["watched"][i],
            "advantage": float(output["advantages"][i]) if i < len(output["advantages"]) else None,
            "finish": "stop" if ids and ids[-1] in self.eos_token_ids else "length",
            "source": row.get("source"),
            "id": str(row["id"]) if row.get("id") is not None else None,
            "writer": "policy",
        }

    # --- the loss

    def _get_per_token_logps_and_entropies(self, model, *args, **kwargs):
        found = super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
        if torch.is_grad_enabled():
            self.trained_logps = found[0].detach()
        return found

    def _compute_loss(self, model, inputs):
        loss = super()._compute_loss(model, inputs)
        self._log_gap(inputs)
        return loss

    def _log_gap(self, inputs: dict[str, Tensor]) -> None:
        """|log p sampled − log p trained| a token, where both are of the same weights."""
        sampled = inputs.get("sampling_per_token_logps")
        if sampled is None or self._step % self.args.steps_per_generation or self.num_iterations > 1:
            return
        mask = inputs["completion_mask"].bool() & ~sampled.isnan()
        if "tool_mask" in inputs:
            mask &= inputs["tool_mask"].bool()
        gaps = (sampled - self.trained_logps).abs()[mask]
        mean = gaps.mean().item() if len(gaps) else 0.0
        self._metrics["train"]["sampling/gap_mean"].append(mean)
        self._metrics["train"]["sampling/gap_max"].append(gaps.max().item() if len(gaps) else 0.0)
        if mean > GAP and not self.gap_told:
            self.gap_told = True
            warnings.warn(
                f"step {self.state.global_step + 1}: replies were sampled with log-probabilities {mean:.2f} nats a "
                "token away from those that are trained: the policy gradient is biased. top_k, top_p or another "
                "precision of the sampler does this",
                stacklevel=2,
            )


def _replace(output: dict[str, Any], fresh: dict[str, Any], at: int, come: int, size: int) -> dict[str, Any]:
    """Rows at … of `output` taken from `fresh`, both padded to the longer of the two."""
    merged = dict(output)
    for name, ours in output.items():
        theirs = fresh.get(name)
        if not isinstance(ours, Tensor) or not isinstance(theirs, Tensor) or ours.ndim == 0:
            continue
        if ours.ndim == 2:
            width, left = max(ours.shape[1], theirs.shape[1]), name.startswith("prompt")
            ours, theirs = (
                pad(t, (width - t.shape[1], 0) if left else (0, width - t.shape[1])) for t in (ours, theirs)
            )
        ours = ours.clone()
        ours[at : at + size] = theirs[come : come + size]
        merged[name] = ours
    return merged


class GroupTrainer(RLMixin, GRPOTrainer):
    """GRPO, Dr. GRPO, DAPO and GSPO (TRL's GRPOTrainer by settings)."""


class LeaveOneOutTrainer(RLMixin, RLOOTrainer):
    """RLOO, with the KL to the anchor in the reward: WARP's inner loop where the anchor moves."""


class JBondTrainer(RLMixin, GRPOTrainer):
    """J-BOND (2407.14622 Alg. 2), and BOND with quantiles from more of the anchor's replies.

    A group is one reply of the policy and then `anchor_samples` of the anchor. Of them the policy's and the best of the
    anchor's are trained on, each with its weight (`losses.bond.jbond_weights`).
    """

    def _write(self, prompt_ids):
        size = self.num_generations
        own = [i for i in range(len(prompt_ids)) if i % size == 0]
        others = [i for i in range(len(prompt_ids)) if i % size]
        ids: list[Any] = [None] * len(prompt_ids)
        logps: list[Any] = [None] * len(prompt_ids)
        for which, by_anchor in ((own, False), (others, True)):
            for i, *written in zip(which, *self._write_part(prompt_ids, which, by_anchor=by_anchor), strict=True):
                ids[i], logps[i] = written
        return ids, logps

    def _rollout(self, i, components, output):
        found = super()._rollout(i, components, output)  # a group's advantages are not what is trained
        return found | {"writer": "anchor" if i % self.num_generations else "policy", "advantage": None}

    def _get_per_token_logps_and_entropies(self, model, input_ids, attention_mask, logits_to_keep, *args, **kwargs):
        if torch.is_grad_enabled():
            return super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, *args, **kwargs
            )
        own = slice(None, None, self.num_generations)  # the anchor is asked about the policy's replies alone
        found, *rest = super()._get_per_token_logps_and_entropies(
            model, input_ids[own], attention_mask[own], logits_to_keep, *args, **kwargs
        )
        logps = found.new_zeros(len(input_ids), logits_to_keep)
        logps[own] = found
        return logps, *rest

    def _generate_and_score_completions(self, inputs):
        output = super()._generate_and_score_completions(inputs)
        size, device = self.num_generations, output["completion_ids"].device
        groups = len(inputs) // size
        rewards = torch.tensor(self.written["rewards"], device=device).view(groups, size)
        mask = output["completion_mask"]
        own = torch.arange(groups, device=device) * size
        sampled = output["sampling_per_token_logps"]
        logps, anchor_logps = ((values * mask)[own].sum(1) for values in (sampled, output["ref_per_token_logps"]))
        policy, anchors = rewards[:, 0], rewards[:, 1:]
        if size == 3:
            reward, best = jbond_reward(policy, anchors), best_of_two(anchors)
        else:
            reward = quantile_reward(policy, anchors, self.args.bond_n)
            best = anchors[:, : self.args.bond_n].nan_to_num(-torch.inf).argmax(1)
        settings = {"beta": self.args.jbond_beta, "gamma": self.args.jbond_gamma}
        returns = self.accelerator.gather(reward - (logps - anchor_logps))
        level = returns.nanmean().nan_to_num(0.0)
        own_weight, best_weight, metrics = jbond_weights(logps, anchor_logps, reward, **settings, baseline=level)
        self._log_bond(policy, anchors, reward, metrics)
        kept = torch.stack([own, own + 1 + best], 1).flatten()  # a group's two in turn
        output = {
            name: value[kept] if isinstance(value, Tensor) and value.ndim else value for name, value in output.items()
        }
        output["advantages"] = -torch.stack([own_weight, best_weight], 1).flatten()
        output["is_policy"] = torch.tensor([True, False], device=device).repeat(groups)
        del output["ref_per_token_logps"]
        return output

    def _log_bond(self, policy: Tensor, anchors: Tensor, reward: Tensor, metrics: dict[str, Tensor]) -> None:
        log, gather = self._metrics["train"], self.accelerator.gather
        counts = self.accelerator.reduce(torch.stack([metrics["prompts"], metrics["kl"]]).float())
        log["reward"][-1] = gather(policy).nanmean().item()  # TRL's mean has the anchor's replies in it
        log["anchor_reward"].append(gather(anchors).nanmean().item())
        log["penalised"].append((gather(reward) < 0).float().mean().item())
        log["kl"].append((counts[1] / counts[0].clamp(min=1)).item())  # nats a reply, to the anchor

    def _compute_loss(self, model, inputs):
        ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
        mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
        replies = inputs["completion_mask"]
        logps, entropy, _ = self._get_per_token_logps_and_entropies(
            model, ids, mask, replies.shape[1], compute_entropy=True
        )
        loss = -(inputs["advantages"] * (logps * replies).sum(1)).sum()
        sums = self.accelerator.reduce(torch.stack([(entropy * replies).sum(), replies.sum().float()]).detach())
        self._metrics["train"]["entropy"].append((sums[0] / sums[1].clamp(min=1)).item())
        self._log_gap(inputs | {"completion_mask": replies * inputs["is_policy"][:, None]})
        return loss / (len(ids) / 2) / self.current_gradient_accumulation_steps


class _Housekeeping(TrainerCallback):
    """What happens around the steps: the anchor follows, records of steps to come are dropped, time is told."""

    def __init__(self, trainer: Any):
        self.trainer = trainer

    def on_train_begin(self, args, state, control, **kwargs):
        trainer = self.trainer
        if trainer.anchor is not None and trainer.resumed_from:
            trainer.anchor.load(Path(trainer.resumed_from), args.process_index)
        if state.is_world_process_zero:
            trainer.log_folder.prune_from(state.global_step)
        self.begun = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        trainer, now = self.trainer, time.perf_counter()
        if trainer.anchor is not None:
            trainer.anchor.step()
        whole, self.begun = now - self.begun, now
        for name, seconds in (*trainer.seconds.items(), ("other", whole - sum(trainer.seconds.values()))):
            trainer._metrics["train"][f"seconds/{name}"].append(seconds)
        trainer.seconds = dict.fromkeys(trainer.seconds, 0.0)


class FeedbackTrainer(GroupTrainer):
    """RL from execution feedback (RLEF, 2410.02089): after a reply the row's public tests are run, and what failed is
    said in a user turn, which the model answers; the reward judges the last reply.

    The rows' `public_tests` are as `tests` of code_reward (and `entry_point` beside them). A conversation ends with its
    last turn, when the public tests pass, when a reply was cut, or where the model's positions end. All replies of a
    conversation are trained with its advantage, and what the tests said with none. The reward finds the column
    `turns_without_code`: how many replies before the last held no program.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.rollout_func = self._converse  # TRL's interface for environments

    def _generate(self, prompts):
        found = list(super()._generate(prompts))
        found[3] = [[{"role": "assistant", "content": text}] for text in self.last_replies]
        return tuple(found)

    def _converse(self, prompts, trainer):
        begun = time.perf_counter()
        prompt_ids = self._tokenize_prompts(prompts)[0]
        talks = [_Talk(list(ids)) for ids in prompt_ids]
        for turn in range(self.args.turns):
            which = [i for i, talk in enumerate(talks) if not talk.done]
            for i, ids, logps in self._say([talk.ids for talk in talks], which):
                talks[i].add(ids, logps, trained=1)
            if turn + 1 < self.args.turns:
                self._answer_with_tests(talks, which)
        texts = self._tokenizer.batch_decode([talk.last for talk in talks], skip_special_tokens=True)
        self.last_replies = [text.strip() for text in texts]
        written = {
            "prompt_ids": prompt_ids,
            "completion_ids": [talk.ids[len(ids) :] for talk, ids in zip(talks, prompt_ids, strict=True)],
            "logprobs": [talk.logps for talk in talks],
        }
        self.written = {"prompt_ids": prompt_ids, "reply_ids": written["completion_ids"], "logps": written["logprobs"]}
        self._metrics["train"]["turns/mean"].append(sum(talk.turns for talk in talks) / len(talks))
        self.seconds["generation"] += time.perf_counter() - begun
        empty = [talk.without_code for talk in talks]
        return written | {"env_mask": [talk.trained for talk in talks], "turns_without_code": empty}

    def _say(self, ids: list[list[int]], which: list[int]) -> Iterator[tuple[int, list[int], list[float]]]:
        if not self.use_vllm:
            self._count_generation()
            return zip(which, *self._write_part(ids, which), strict=True)
        replies, logps = super()._generate_single_turn(ids, None, {}, 1)  # of all: its server wants as many of each
        return iter([(i, replies[i], logps[i]) for i in which])

    def _answer_with_tests(self, talks: list["_Talk"], which: list[int]) -> None:
        stop = self._tokenizer.convert_tokens_to_ids(END_OF_TURN)
        for i in which:
            talks[i].done |= talks[i].last[-1:] != [stop]
        open_talks = [i for i in which if not talks[i].done]
        replies = self._tokenizer.batch_decode([talks[i].last for i in open_talks], skip_special_tokens=True)
        rows = [self.asked[i] for i in open_talks]
        names = [row.get("entry_point") for row in rows]
        context = self.model.config.get_text_config().max_position_embeddings
        judged = code_feedback(replies, [row["public_tests"] for row in rows], names) if rows else []
        for i, (status, text) in zip(open_talks, judged, strict=True):
            talk = talks[i]
            said = encode_next_turn(f"{text}\n\nGive it another try.", self._tokenizer)
            beyond_it = status in ("tests", "no tests", "unavailable")  # at fault is not the program
            talk.done = beyond_it or not text or len(talk.ids) + len(said) + self.max_completion_length > context
            if not talk.done:
                talk.without_code += status == "no code"
                talk.add(said, [0.0] * len(said), trained=0)


@dataclass
class _Talk:
    """A conversation so far. ids: prompt and all · trained, logps: of all but the prompt · last: its last reply"""

    ids: list[int]
    logps: list[float] = field(default_factory=list)
    trained: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    turns: int = 0
    without_code: int = 0
    done: bool = False

    def add(self, ids: list[int], logps: list[float], *, trained: int) -> None:
        self.ids = [*self.ids, *ids]
        self.logps += logps
        self.trained += [trained] * len(ids)
        if trained:
            self.last, self.turns = ids, self.turns + 1


TRAINERS = {"rloo": LeaveOneOutTrainer, "jbond": JBondTrainer}


def trainer_class(algorithm: str, turns: int = 1) -> Any:
    return FeedbackTrainer if turns > 1 else TRAINERS.get(algorithm, GroupTrainer)
