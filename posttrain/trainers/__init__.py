"""Thin subclasses of TRL's trainers, where a stage needs its own step."""
