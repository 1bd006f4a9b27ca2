"""posttrain: the open implementation of the Gemma post-training recipe."""

__version__ = "0.1.0"
