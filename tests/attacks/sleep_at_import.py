"""Sleeps before any test."""
# ruff: noqa

import time

time.sleep(10**6)
