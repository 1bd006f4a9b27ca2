"""Quantisation-aware training: distillation from the unrounded model, with rounded weights."""

from typing import Any

from posttrain.trainers.distill import DistillTrainer
from posttrain.trainers.fake_quantisation import add_fake_quantisation


class QATTrainer(DistillTrainer):
    """DistillTrainer, whose model computes with its weights as `form` stores them: in training, evaluation and replies.

    model: with its embedding rounded already (`round_embedding`)
    """

    def __init__(self, *args: Any, form: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        add_fake_quantisation(self.model, form)
