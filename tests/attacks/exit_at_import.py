"""Ends with exit code 0 before any test."""
# ruff: noqa

import os

os._exit(0)
