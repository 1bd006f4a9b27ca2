"""Run a recipe, the first argument, with FSDP2 in CPU processes: accelerate itself falls back to DDP there.

accelerate gives FSDP to processes on accelerators only. This calls CPU processes by that name and leaves the rest of
accelerate, and all of PyTorch's FSDP2, as they are: sharding, gathering and saving are the real ones, over gloo.
"""

import runpy
import sys

from accelerate import DistributedType, PartialState

init = PartialState.__init__


def _renamed(self, *args, **kwargs):
    init(self, *args, **kwargs)
    if self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.MULTI_GPU  # the device stays the CPU


PartialState.__init__ = _renamed
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
