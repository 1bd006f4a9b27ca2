"""Returns, prints and raises text that is no text: half a surrogate pair."""
# ruff: noqa


def f(x):
    print("\ud800")
    if x > 2:
        raise ValueError("\udfff")
    return "\ud800"
