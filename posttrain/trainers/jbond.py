"""J-BOND: a policy that learns the best of n replies of an anchor, which follows it."""

from typing import Any

import torch
from torch import Tensor
from trl import GRPOTrainer

from posttrain.losses.bond import best_of_two, jbond_reward, jbond_weights, quantile_reward
from posttrain.trainers.rl import RLMixin


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
