"""Memory and speed of exporting a model that is larger than half of this machine's memory.

    python benchmarks/export_memory.py --json benchmarks/results/export_memory.json

The source has the shapes of Gemma 3 12B's language model (11.8 billion numbers, 23.5 GB in bf16); its files are sparse,
so that they take no room. Each export runs in a process of its own, whose highest resident memory is told, beside that
of one which imports the same and exports nothing.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import AutoModelForCausalLM, Gemma3TextConfig

from posttrain.gemma import load_tokenizer, resolve_source, save_tokenizer
from posttrain.tensors import NAMES

SHAPES = {
    "hidden_size": 3840, "intermediate_size": 15360, "num_hidden_layers": 48, "num_attention_heads": 16,
    "num_key_value_heads": 8, "head_dim": 256, "vocab_size": 262144, "query_pre_attn_scalar": 256,
}  # fmt: skip
EXPORTS = {"nothing": None, "gguf q4_0": ("gguf", "q4_0"), "gguf q8_0": ("gguf", "q8_0")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=SHAPES["num_hidden_layers"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(*args.worker)
        return
    found: dict[str, Any] = {"memory_gb": round(psutil.virtual_memory().total / 1e9, 1)}
    with tempfile.TemporaryDirectory(dir=".") as name:
        source = Path(name) / "model"
        found["source_gb"] = round(write_source(source, args.layers) / 1e9, 2)
        for title, form in EXPORTS.items():
            given = [str(source), str(Path(name) / "out"), json.dumps(form)]
            command = [sys.executable, __file__, "--worker", *given]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[title] = json.loads(done.stdout.strip().splitlines()[-1])
            print(title, found[title], flush=True)
            subprocess.run(["rm", "-rf", str(Path(name) / "out")], check=True)
    print(json.dumps(found, indent=2))
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


def work(source: str, out: str, form: str) -> None:
    from posttrain.export import export

    begun, given = time.monotonic(), json.loads(form)
    load_tokenizer(source)
    if given:
        export(source, out, given[0], dtype=given[1])
    size = sum(file.stat().st_size for file in Path(out).glob("*.gguf"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"peak_gb": round(peak / 1e9, 2), "seconds": round(time.monotonic() - begun, 1),
                      "written_gb": round(size / 1e9, 2)}))  # fmt: skip


def write_source(folder: Path, layers: int) -> int:
    """A folder with the 270M's tokenizer and a file of zeros that takes no room; the bytes that it seems to have."""
    folder.mkdir()
    config = Gemma3TextConfig(**SHAPES | {"num_hidden_layers": layers}, dtype="bfloat16")
    config.architectures = ["Gemma3ForCausalLM"]
    config.save_pretrained(folder)
    save_tokenizer(load_tokenizer(resolve_source("gemma-3-270m")), folder)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    header, place = {}, 0
    for name, tensor in model.state_dict().items():
        if name != "lm_head.weight":
            end = place + 2 * tensor.numel()
            header[name] = {"dtype": NAMES[torch.bfloat16], "shape": list(tensor.shape), "data_offsets": [place, end]}
            place = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + place)
    return place


if __name__ == "__main__":
    main()
