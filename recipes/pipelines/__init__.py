"""Pipelines: `posttrain run`."""
