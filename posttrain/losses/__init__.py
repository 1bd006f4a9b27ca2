"""Pure loss functions: tensors in, sums (or per-token values) and metrics out."""

from posttrain.losses.bond import bond_reward, jbond_loss, jbond_reward, quantile_reward
from posttrain.losses.distill import dense_kd, jsd_loss, policy_gradient_loss, sparse_kd_loss
from posttrain.losses.nll import nll_loss, token_logps

__all__ = [
    "bond_reward",
    "dense_kd",
    "jbond_loss",
    "jbond_reward",
    "jsd_loss",
    "nll_loss",
    "policy_gradient_loss",
    "quantile_reward",
    "sparse_kd_loss",
    "token_logps",
]
