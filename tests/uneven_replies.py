"""Run recipes/it_sft.py: process 1 stops each reply at once, process 0 none; with `--fsdp2`, sharded on the CPU."""

import os
import runpy
import sys
from pathlib import Path

from posttrain.evaluate import replies

replies.stop_token_ids = lambda tokenizer: list(range(512)) if os.environ["RANK"] == "1" else [511]
TESTS = Path(__file__).parent
sharded = "--fsdp2" in sys.argv
if sharded:
    sys.argv.remove("--fsdp2")
script = recipe = TESTS.parent / "recipes" / "it_sft.py"
if sharded:
    script = TESTS / "fsdp_on_cpu.py"
sys.argv[:1] = [str(script), str(recipe)] if sharded else [str(recipe)]
runpy.run_path(str(script), run_name="__main__")
