"""A program: prints the right answer, and fails."""
# ruff: noqa

x = int(input())
print(x * x, flush=True)
raise SystemExit(3)
