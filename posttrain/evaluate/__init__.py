"""Evaluation by generated replies."""
