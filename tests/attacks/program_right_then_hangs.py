"""A program: prints the right answer, and never ends."""
# ruff: noqa

x = int(input())
print(x * x, flush=True)
while True:
    pass
