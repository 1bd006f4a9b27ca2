"""Checks of verifiable instructions, family by family."""
