"""Pure loss functions: tensors in, sums (or per-token values) and metrics out."""

from posttrain.losses.distill import dense_kd, jsd_loss, policy_gradient_loss, sparse_kd_loss
from posttrain.losses.nll import nll_loss, token_logps

__all__ = ["dense_kd", "jsd_loss", "nll_loss", "policy_gradient_loss", "sparse_kd_loss", "token_logps"]
