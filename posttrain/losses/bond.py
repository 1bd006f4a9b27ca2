"""BOND and J-BOND (2407.14622): a policy learns the distribution of the best of N samples of an anchor.

Notation: π policy, π_a anchor, r a reward of whole replies, log π(y) the sum over a reply's tokens, in nats.
"""

import math

import torch
from torch import Tensor

Metrics = dict[str, Tensor]
PENALTY = -math.log(16)


def jbond_reward(policy_reward: Tensor, anchor_rewards: Tensor) -> Tensor:
    """r_J (B,): −log 16 for a reply that is strictly worse than both of the anchor's, else 0 (§5, Alg. 2).

    policy_reward: (B,) · anchor_rewards: (B, 2), of two replies of the anchor to the same prompt
    Where a reward is NaN r_J is NaN too: what could not be judged is neither good nor bad.
    """
    penalty = PENALTY * (policy_reward < anchor_rewards.amin(-1)).to(policy_reward.dtype)
    judged = policy_reward.isfinite() & anchor_rewards.isfinite().all(-1)
    return torch.where(judged, penalty, torch.nan)


def best_of_two(anchor_rewards: Tensor) -> Tensor:
    """(B,) int: which of the anchor's two replies is the better; of a tie the first. anchor_rewards: (B, 2)"""
    return (anchor_rewards[:, 1] > anchor_rewards[:, 0]).long()


def bond_reward(at_most: Tensor, below: Tensor, n: int) -> Tensor:
    """log(π_BoN(y)/π_a(y)) = (N−1)·log p_≤ + log Σ_{i=1}^{N} (p_</p_≤)^{i−1}, exactly (§3, Theorem 1).

    at_most, below: p_≤ and p_<, the chances that a reply of the anchor is at most as good as y, and worse · n: N ≥ 1
    """
    ratio = below / at_most
    return (n - 1) * at_most.log() + sum(ratio**i for i in range(n)).log()


def quantile_reward(policy_reward: Tensor, anchor_rewards: Tensor, n: int) -> Tensor:
    """`bond_reward` with the chances estimated from k replies of the anchor, y itself counted among them (§4.1).

    policy_reward: (B,) · anchor_rewards: (B, k) · Returns (B,), at least (n−1)·log(1/(k+1)); NaN as in `jbond_reward`.
    """
    of = anchor_rewards.shape[-1] + 1
    at_most = ((anchor_rewards <= policy_reward[:, None]).sum(-1) + 1) / of
    below = (anchor_rewards < policy_reward[:, None]).sum(-1) / of
    judged = policy_reward.isfinite() & anchor_rewards.isfinite().all(-1)
    return torch.where(judged, bond_reward(at_most, below, n).to(policy_reward.dtype), torch.nan)


def jbond_loss(
    logps: Tensor,
    anchor_logps: Tensor,
    best_logps: Tensor,
    reward: Tensor,
    *,
    beta: float = 0.5,
    gamma: float = 0.0,
    baseline: Tensor | float | None = None,
) -> tuple[Tensor, Metrics]:
    """Σ over the batch of J-BOND's objective (2407.14622 Alg. 2): divide by the global number of prompts.

    (1−β)·(−log π(y_best)) + β·(−(R−B)·log π(y)) + γ·ρ·log π(y),  R = r − ρ,  ρ = log π(y) − log π_a(y), held fixed
    In expectation (1−β)·KL(π_BoN‖π) + β·KL(π‖π_BoN) + γ·KL(π‖π_a), where r is `bond_reward`; J-BOND's r_J comes near.

    logps, anchor_logps: (B,) of the policy's reply y, under policy and anchor · best_logps: (B,) of the anchor's better
    reply, under the policy · reward: (B,) r_J, or `quantile_reward` · baseline: B, by default the batch's mean of R
    Rows whose reward is NaN are left out. Returns the sum and {"prompts", "kl", "return"}: a count, and sums over it.
    """
    if not 0 <= beta <= 1:
        raise ValueError(f"beta must lie between 0 (forward KL) and 1 (reverse KL), not {beta}")
    own, best, metrics = jbond_weights(logps, anchor_logps, reward, beta=beta, gamma=gamma, baseline=baseline)
    return (own * logps + best * best_logps).sum(), metrics


def jbond_weights(
    logps: Tensor,
    anchor_logps: Tensor,
    reward: Tensor,
    *,
    beta: float = 0.5,
    gamma: float = 0.0,
    baseline: Tensor | float | None = None,
) -> tuple[Tensor, Tensor, Metrics]:
    """What `jbond_loss` multiplies log π(y) and log π(y_best) by, (B,) each, without a gradient; 0 where not judged.

    They can be had as soon as the replies are written, before the policy is trained on either. Arguments and metrics
    are `jbond_loss`'s.
    """
    judged = ~reward.isnan()
    ratio = (logps - anchor_logps).detach()
    returns = reward - ratio
    level = returns.nanmean() if baseline is None else baseline
    own = torch.where(judged, gamma * ratio - beta * (returns - level), 0.0)
    best = torch.where(judged, beta - 1.0, 0.0).to(own.dtype)
    return own, best, {"prompts": judged.sum(), "kl": ratio[judged].sum(), "return": returns[judged].sum()}
