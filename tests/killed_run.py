"""Run a recipe that kills itself (-9) at a chosen place and time; the arguments after them are the recipe's.

python tests/killed_run.py PLACE COUNT RECIPE …   PLACE: generation, reward or optimizer
"""

import importlib
import os
import signal
import sys

import torch

place, count, recipe = sys.argv[1], int(sys.argv[2]), sys.argv[3]
calls = 0


def killing(function):
    def wrapped(*args, **kwargs):
        global calls
        calls += 1
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)

    return wrapped


if place == "generation":
    from posttrain.trainers import rl

    rl.write_rows = killing(rl.write_rows)
elif place == "reward":
    from posttrain.trainers.rl import RLMixin

    RLMixin._calculate_rewards = killing(RLMixin._calculate_rewards)
else:
    torch.optim.AdamW.step = killing(torch.optim.AdamW.step)
sys.argv = [recipe, *sys.argv[4:]]
importlib.import_module(f"posttrain.recipes.{recipe}").main()
