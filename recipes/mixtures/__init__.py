"""Mixtures for the recipes: `--train recipes/mixtures/X.yaml`."""
