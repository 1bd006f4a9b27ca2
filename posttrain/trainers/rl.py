"""RL from rewards: TRL's GRPO and RLOO trainers with what Gemma, BOND and a long run need."""

import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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

from posttrain.chat import encode_prompt
from posttrain.data.draw import generator
from posttrain.errors import UserError
from posttrain.evaluate.decoding import row_generator, sampling
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
            trained = output["completion_mask"] * output.get("tool_mask", 1)
            output["num_items_in_batch"] = self.accelerator.gather(trained.sum()).sum()
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
