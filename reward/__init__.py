"""Rewards and verifiers (installs as posttrain.reward)."""
