"""What 4 bits cost, and what training through them wins back, on the real model.

    posttrain run recipes/pipelines/gemma3_270m_cpu.yaml --out runs/270m
    python benchmarks/qat.py --model runs/270m/final --qat runs/270m/qat --json benchmarks/results/qat_270m.json

The model in F16, Q8_0 and Q4_0 (rounded to nearest), and the trained one in Q4_0, each from the GGUF that `posttrain
export` writes: on held-out rows of the demo (`demo_test`, which no training sees) the KL to the model before rounding
and the perplexity of the rows' replies, with the very weights of the file; and the share of right replies, written by
llama.cpp. Intervals are bootstraps over rows; Q4_0 trained is compared with Q4_0 rounded on the same rows.
"""

import argparse
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGUFReader, quants

from posttrain.chat import IGNORE, encode_rows
from posttrain.data.mixture import load_splits
from posttrain.eval_command import run as evaluate
from posttrain.evaluate.records import read_records
from posttrain.evaluate.statistics import compare_pairs, mean_interval
from posttrain.export import export
from posttrain.export.gguf_file import ARCHITECTURES, gguf
from posttrain.gemma import load_model

VARIANTS = ("f16", "q8_0", "q4_0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="runs/270m/final")
    parser.add_argument("--qat", default="runs/270m/qat", help="it_qat.py's output from it")
    parser.add_argument("--rows", type=int, default=256, help="held-out rows")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = list(load_splits("demo_test", None, eval_rows=0, limit=args.rows, seed=0).train)
    found: dict[str, Any] = {}
    values: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        files = {dtype: (args.model, dtype) for dtype in VARIANTS} | {"q4_0 trained": (args.qat, "q4_0")}
        for title, (source, dtype) in files.items():
            out = export(source, folder / title.replace(" ", "-"), "gguf", dtype=dtype)
            path = out / f"model-{dtype}.gguf"
            values[title] = score(args.model, path, rows) | answer(path, folder / f"{title}-eval", len(rows))
            found[title] = summary(values[title]) | {"megabytes": round(path.stat().st_size / 1e6, 1)}
            print(title, json.dumps(found[title]), flush=True)
    for key in ("kl", "nll", "right"):
        found[f"trained less rounded: {key}"] = compare_pairs(
            values["q4_0"][key], values["q4_0 trained"][key], values["q4_0"]["labels"] if key != "right" else None
        )
    lost, left = (found[name]["kl"] for name in ("q4_0", "q4_0 trained"))
    found["share of the KL won back"] = 1 - left / lost
    print(json.dumps({name: one for name, one in found.items() if name not in files}, indent=2))
    if args.json:
        given = {key: value for key, value in vars(args).items() if key != "json"}
        args.json.write_text(json.dumps({"arguments": given} | found, indent=2) + "\n")


@torch.no_grad()
def score(source: str, path: Path, rows: list[dict]) -> dict[str, list[float]]:
    """{"kl", "nll"}: of each row the mean over its labels, in nats; {"labels"}: their number."""
    model, tokenizer = load_model(source, "float32")
    rounded, _ = load_model(source, "float32")
    take_weights(rounded, path)
    encoded = encode_rows(rows, tokenizer, 256, progress=False)[0]
    found: dict[str, list[float]] = {"kl": [], "nll": [], "labels": []}
    for row in encoded:
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor(row["labels"])[1:]
        at = labels != IGNORE
        logps = [torch.log_softmax(head(one, ids)[at], -1) for one in (model, rounded)]
        kl = (logps[0].exp() * (logps[0] - logps[1])).sum(-1)
        nll = -logps[1].gather(1, labels[at][:, None])
        found["kl"].append(kl.mean().item())
        found["nll"].append(nll.mean().item())
        found["labels"].append(float(at.sum()))
    return found


def head(model: Any, ids: torch.Tensor) -> torch.Tensor:
    return model(input_ids=ids).logits[0, :-1].float()


def take_weights(model: Any, path: Path) -> None:
    """Put a GGUF's numbers into the model of its configuration."""
    config = model.config.get_text_config()
    mapping = gguf.get_tensor_name_map(ARCHITECTURES[config.model_type], config.num_hidden_layers)
    stored = {tensor.name: tensor for tensor in GGUFReader(path).tensors}
    for name, parameter in model.named_parameters():
        tensor = stored[mapping.get_name(name, try_suffixes=(".weight",))]
        numbers = torch.from_numpy(np.array(quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32))
        parameter.copy_(numbers - 1 if name.endswith("norm.weight") else numbers)


def answer(path: Path, out: Path, rows: int) -> dict[str, list[float]]:
    """{"right"}: of each row whether llama.cpp's greedy reply is."""
    options = {"data": "demo_test", "limit": rows, "max_new_tokens": 16, "batch_size": 2, "report_to": "none"}
    evaluate("exact", str(out), model=str(path), backend="llama.cpp", **options)
    return {"right": [float(record["replies"][0]["correct"]) for record in read_records(out, "exact")]}


def summary(values: dict[str, list[float]]) -> dict[str, float]:
    found = {}
    for key in ("kl", "nll", "right"):
        weights = values["labels"] if key != "right" else None
        found[key], found[f"{key}_low"], found[f"{key}_high"] = mean_interval(values[key], weights)
    for end in ("", "_low", "_high"):
        found[f"perplexity{end}"] = math.exp(found[f"nll{end}"])
    return found


if __name__ == "__main__":
    main()
