"""Pure loss functions: tensors in, sums (or per-token values) and metrics out."""
