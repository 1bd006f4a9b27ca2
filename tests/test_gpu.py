"""What only a GPU can show (run with -m gpu): bf16, TRL's own head, QLoRA, packing with flash attention."""

import importlib.util

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests import launch, tiny

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]
OPTIONS = ["--eval_rows", "4", "--max_steps", "6", "--learning_rate", "3e-3", "--report_to", "none"]


@pytest.mark.parametrize("method", ["full", "lora", "dora", "qlora"])
def test_six_steps_in_bf16(method, tiny_folder, tmp_path):
    if method == "qlora" and importlib.util.find_spec("bitsandbytes") is None:
        pytest.skip("bitsandbytes is not installed")
    rows = launch.write_rows(tmp_path / "rows.jsonl")
    options = ["--model", str(tiny_folder), "--train", str(rows), "--method", method, *OPTIONS]
    launch.sft(tmp_path / "out", *options, accelerate="single_gpu")
    losses = launch.log(tmp_path / "out", "loss")
    assert losses[-1] < losses[0]
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "out").dtype == torch.bfloat16


def test_the_head_is_trl_s_own(tiny_folder, monkeypatch):
    """On CUDA the labelled head steps aside: TRL's fused kernel does the work."""
    from trl.trainer.utils import add_fused_lm_head

    from posttrain.trainers import head

    monkeypatch.setattr(head, "token_logps", None)  # to call it would raise
    model = tiny.model("gemma3_text").cuda()
    add_fused_lm_head(model, outputs=("log_probs", "entropy", "is_top1"))
    head.add_labelled_head(model)
    ids = torch.arange(110, 150, device="cuda").unsqueeze(0)
    loss = model(input_ids=ids, labels=ids, fused_lm_head=True).loss
    reference = tiny.model("gemma3_text")(input_ids=ids.cpu(), labels=ids.cpu()).loss
    assert loss.item() == pytest.approx(reference.item(), abs=1e-2)


@pytest.mark.skipif(importlib.util.find_spec("flash_attn") is None, reason="flash-attn is not installed")
def test_packing_with_flash_attention_does_not_leak(tiny_folder):
    from posttrain.gemma import load_model

    model = load_model(tiny_folder, "bfloat16", attn_implementation="flash_attention_2")[0].cuda()
    ids = torch.tensor([[2, *range(120, 132), 2, *range(140, 152)]], device="cuda")
    positions = torch.tensor([[*range(13), *range(13)]], device="cuda")
    with torch.no_grad():
        together = model(ids, position_ids=positions, use_cache=False).logits[:, 13:]
        alone = model(ids[:, 13:]).logits
    assert (together - alone).abs().max() < 2e-2
