"""What a long run of any of TRL's trainers needs: whole checkpoints, a stop at a NaN, resuming to the step."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file

from posttrain.errors import UserError
from posttrain.stage import COMPLETE

if TYPE_CHECKING:
    from transformers import Trainer as _Base
else:
    _Base = object


class NonFiniteError(UserError):
    """The loss or the weights are NaN or infinite; the message names what was saved and what to try."""


class RunMixin(_Base):
    """Goes before TRL's class in a trainer's bases.

    - a loss that is not finite stops the run with the batch saved, and weights that are not finite are never saved;
    - a checkpoint is marked complete after everything else in it was written;
    - a run that is resumed at its last step trains no further one.
    """

    last_evaluated_step = -1

    def evaluate(self, *args, **kwargs):
        metrics = super().evaluate(*args, **kwargs)
        self.last_evaluated_step = self.state.global_step
        return metrics

    def _run_epoch(self, *args, **kwargs):
        # transformers looks whether it is done after a step only: resumed at the last one, it would train one more.
        if self.state.global_step >= self.state.max_steps:
            self.control.should_training_stop = True
            return
        super()._run_epoch(*args, **kwargs)

    def training_step(self, model, inputs, *args, **kwargs):
        loss = super().training_step(model, inputs, *args, **kwargs)
        if not torch.isfinite(loss):
            batch = self._save_batch(inputs)
            raise NonFiniteError(
                f"step {self.state.global_step + 1}: the loss is {loss.item()}; the batch is in {batch}. "
                "Look at it, lower the learning rate, and run again to resume from the last checkpoint"
            )
        return loss

    def save_model(self, output_dir=None, _internal_call=False):
        # DeepSpeed ZeRO-3 leaves parameters empty here: its own shards are not looked at.
        bad = [name for name, p in self.model.named_parameters() if p.requires_grad and not torch.isfinite(p).all()]
        if bad:
            raise NonFiniteError(
                f"step {self.state.global_step}: {len(bad)} weights are not finite ({bad[0]}, …), so this step is not "
                "saved. Lower the learning rate and run again to resume from the last checkpoint"
            )
        if self.is_fsdp_enabled and not _internal_call:
            # Checkpoints stay sharded; transformers would write nothing for a model that is asked for whole.
            self.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
        super().save_model(output_dir, _internal_call)

    def _save_checkpoint(self, model, trial):
        mark = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}" / COMPLETE
        if self.args.should_save:
            mark.unlink(missing_ok=True)
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            mark.touch()

    def create_model_card(self, *args, **kwargs):
        """Nothing: TRL would write a README.md with every checkpoint; ours comes with the finished model."""

    def _save_batch(self, inputs: dict[str, Any] | list) -> Path:
        """The batch as tensors, and as text beside it, for a person to look at; of RL the rows that were answered."""
        stem = Path(self.args.output_dir) / f"nonfinite-step{self.state.global_step + 1}-rank{self.args.process_index}"
        if isinstance(inputs, list):
            Path(f"{stem}.json").write_text(json.dumps(inputs, indent=2, ensure_ascii=False, default=str))
            return Path(f"{stem}.json")
        tensors = {k: v.detach().cpu().contiguous() for k, v in inputs.items() if isinstance(v, torch.Tensor)}
        save_file({k: v.clone() for k, v in tensors.items()}, f"{stem}.safetensors")
        text = self.processing_class.batch_decode(tensors["input_ids"])
        Path(f"{stem}.json").write_text(json.dumps(text, indent=2, ensure_ascii=False))
        return Path(f"{stem}.safetensors")
