"""Tests: they mirror the tree. `slow` and `gpu` are left out unless asked for with -m."""
