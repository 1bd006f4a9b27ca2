"""Reward models: TRL's RewardTrainer, the head's start by linear probing, and evaluation on whole held-out pairs."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import PartialState
from accelerate.utils import gather_object
from datasets import Dataset
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm.auto import tqdm
from transformers import EvalPrediction, PreTrainedModel
from trl import RewardTrainer

from posttrain.errors import UserError
from posttrain.evaluate.preferences import metrics_of, pair_records
from posttrain.trainers.run import RunMixin

STARTING_HEAD = "score_head.safetensors"
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # of the probe's weights, chosen among by held-out folds
FOLDS = 5


class RewardModelTrainer(RunMixin, RewardTrainer):
    """TRL's trainer, and beside it (and beside `RunMixin`) `preference_metrics` of the held-out pairs.

    The datasets are those of `pairs.encode_pairs`; `records` has the last evaluation's rewards, a line a pair.
    """

    def __init__(self, *args: Any, eval_dataset: Dataset | None = None, **kwargs: Any):
        super().__init__(*args, eval_dataset=eval_dataset, compute_metrics=self._pair_metrics, **kwargs)

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            loss, outputs = self.compute_loss(model, inputs, return_outputs=True)
        self._metrics["eval"].clear()  # TRL's means over batches would take the place of ours over pairs
        pairs = outputs.logits.view(2, -1).T.float().contiguous()  # (B, 2): chosen, rejected
        return loss.detach(), pairs, torch.zeros_like(pairs[:, 0])  # transformers computes no metric without labels

    def _pair_metrics(self, prediction: EvalPrediction) -> dict[str, float]:
        chosen, rejected = prediction.predictions.T.tolist()
        self.records = pair_records(chosen, rejected, self.eval_dataset)
        return metrics_of(self.records)


def start_head(
    model: PreTrainedModel, choice: str, pairs: Dataset, folder: Path, pad: int, centring: float = 0.0
) -> dict[str, float]:
    """Give the model its starting score head, and leave that head in `folder` for other runs to share.

    choice: `probe`, `zero`, `keep`, or the folder of a run with a starting head · centring: as in `probe`
    Returns what there is to log.
    Raises UserError for a folder without one, or whose head is of another width.
    """
    state, weight = PartialState(), model.score.weight
    report: dict[str, float] = {}
    if choice == "probe":
        if hasattr(next(model.model.parameters()), "ds_id"):
            raise UserError(
                "score_head: probe needs the model whole on each process, and ZeRO-3 has scattered it: probe in a run "
                "without ZeRO-3 and give its folder here, or set `score_head: zero`"
            )
        chosen, rejected = features(model.to(state.device), pairs, pad)
        head, report = probe(chosen, rejected, centring)
        weight.data.copy_(head[None])
    elif choice == "zero":
        torch.nn.init.zeros_(weight)
    elif choice == "keep":
        if not weight.any():
            raise UserError("score_head: keep is for a reward model that is trained further, and this is none yet")
    else:
        path = Path(choice).expanduser() / STARTING_HEAD
        if not path.is_file():
            raise UserError(
                f"score_head: {choice} holds no {STARTING_HEAD}: give probe, zero, keep, or a reward model's run"
            )
        found = load_file(path)["score.weight"]
        if found.shape != weight.shape:
            raise UserError(f"score_head: that of {choice} is {found.shape[1]} wide, this model {weight.shape[1]}")
        weight.data.copy_(found)
    if state.is_main_process:
        save_file({"score.weight": weight.data.float().cpu()}, folder / STARTING_HEAD)
    return report


@torch.inference_mode()
def features(model: PreTrainedModel, pairs: Dataset, pad: int) -> tuple[Tensor, Tensor]:
    """The hidden states that the head scores, of the chosen and the rejected replies: (N, H) each, float64."""
    state = PartialState()
    ids = [row for pair in zip(pairs["chosen_ids"], pairs["rejected_ids"], strict=True) for row in pair]
    mine = range(state.process_index, len(ids), state.num_processes)
    order = sorted(mine, key=lambda i: len(ids[i]))
    found: list[tuple[int, np.ndarray]] = []
    model.eval()
    for begin in tqdm(range(0, len(order), 8), desc="Probing the head", disable=not state.is_main_process):
        batch = order[begin : begin + 8]
        rows = [torch.tensor(ids[i], device=model.device) for i in batch]
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)  # (B, T)
        hidden = model.model(padded, attention_mask=(padded != pad).long(), use_cache=False).last_hidden_state
        last = torch.tensor([len(row) - 1 for row in rows], device=model.device)
        scored = hidden[torch.arange(len(rows), device=model.device), last].float().cpu().numpy()
        found += zip(batch, scored, strict=True)
    model.train()
    whole = [vector for _, vector in sorted(gather_object(found), key=lambda item: item[0])]
    both = torch.from_numpy(np.stack(whole)).double()  # (2N, H), a pair's two in turn
    return both[0::2], both[1::2]


def probe(chosen: Tensor, rejected: Tensor, centring: float = 0.0) -> tuple[Tensor, dict[str, float]]:
    """The head (H,) that tells the features of chosen from those of rejected replies, (N, H) each, best, in float64.

    min_w mean [−log σ(w·(f⁺ − f⁻)) + c·(w·(f⁺ + f⁻))²] + λ/2·|w|², which is the trainer's own loss at centring c, over
    features scaled so that f⁺ − f⁻ has a root mean square of 1; λ of PENALTIES, by the loss in five folds. Linear
    probing before fine-tuning keeps the features whole, and one head for all members is what lets their weights be
    averaged (WARM, 2401.12187 §2.2; 2202.10054).
    """
    difference, total = chosen - rejected, chosen + rejected
    scale = difference.pow(2).mean(0).sqrt().clamp_min(1e-12)
    difference, total = difference / scale, total / scale
    fold = torch.arange(len(difference)) % FOLDS
    losses = {}
    for penalty in PENALTIES:
        parts = []
        for k in range(FOLDS) if len(difference) >= 2 * FOLDS else ():
            rest = fold != k
            weights = _logistic(difference[rest], total[rest], penalty, centring)
            parts.append(F.softplus(-(difference[~rest] @ weights)))
        losses[penalty] = float(torch.cat(parts).mean()) if parts else -penalty  # of a few pairs: the strongest
    best = min(losses, key=losses.__getitem__)
    weights = _logistic(difference, total, best, centring)
    return weights / scale, {"probe_penalty": best, "probe_loss_in_folds": losses[best]}


def _logistic(difference: Tensor, total: Tensor, penalty: float, centring: float) -> Tensor:
    weights = torch.zeros(difference.shape[1], dtype=difference.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights],
        max_iter=500,
        history_size=20,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-7,
        tolerance_change=1e-12,
    )

    def objective() -> Tensor:
        optimizer.zero_grad()
        loss = F.softplus(-(difference @ weights)).mean() + penalty / 2 * weights.pow(2).sum()
        loss = loss + centring * (total @ weights).pow(2).mean()
        loss.backward()
        return loss

    optimizer.step(objective)
    return weights.detach()
