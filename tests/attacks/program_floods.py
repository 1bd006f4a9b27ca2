"""A program: prints the right answer, and then for ever."""
# ruff: noqa

x = int(input())
print(x * x)
while True:
    print(" " * 10_000)
