"""Gemma under a scalar head: reward models as transformers has them (`…ForSequenceClassification`, one label)."""

import contextlib
import copy
import os
from collections.abc import Iterator
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.integrations import deepspeed

from posttrain.errors import UserError
from posttrain.gemma import check_weights, load_config, load_model, load_tokenizer, resolve_dtype, resolve_source

SCORED = "ForSequenceClassification"  # how the class of a reward model's ends


def load_reward_model(
    source: str | os.PathLike, dtype: str | torch.dtype | None = None, *, revision: str = "main"
) -> PreTrainedModel:
    """A Gemma with a scalar score head (`…ForSequenceClassification`, one label), complete or not at all.

    Whole on each process, under ZeRO-3 too. Raises UserError as `load_model` does, and for what is no reward model.
    """
    config = load_config(source, revision=revision)
    if not is_reward_model(config):
        kind = (getattr(config, "architectures", None) or ["a model without `architectures`"])[0]
        raise UserError(
            f"{source} is no reward model but {kind}: its score head would be random. Train one "
            f"(recipes/it_reward_model.py), or give the folder of a …{SCORED} with one label"
        )
    if config.num_labels != 1:
        raise UserError(f"{source}: a reward model has one label, this one has {config.num_labels}")
    try:
        with whole_on_every_process():
            model, info = AutoModelForSequenceClassification.from_pretrained(
                resolve_source(source),
                revision=revision,
                dtype=resolve_dtype(dtype, config),
                ignore_mismatched_sizes=True,  # reported with the rest below
                output_loading_info=True,
                trust_remote_code=False,
            )
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(f"{source}: weights could not be read ({str(error).splitlines()[0]})") from error
    check_weights(info, source)
    return model


def is_reward_model(config: Any) -> bool:
    """Whether the config is of a Gemma with a score head in place of the head over the vocabulary."""
    return (getattr(config, "architectures", None) or [""])[0].endswith(SCORED)


def with_score_head(model: PreTrainedModel) -> PreTrainedModel:
    """The model's own body under a score head that says 0 for everything: a reward model that is yet to learn."""
    config = copy.deepcopy(model.config)
    config.num_labels = 1
    text_config = config.get_text_config()
    text_config.pad_token_id = 0  # the last position that is no padding is scored
    with torch.device("meta"), whole_on_every_process():
        scorer = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)](config)
    scorer.model = model.model
    scorer.score = torch.nn.Linear(text_config.hidden_size, 1, bias=False, dtype=model.dtype, device=model.device)
    torch.nn.init.zeros_(scorer.score.weight)
    config.architectures = [type(scorer).__name__]
    return scorer


@contextlib.contextmanager
def whole_on_every_process() -> Iterator[None]:
    """Hide a run's ZeRO-3 configuration, under which transformers would scatter the weights of what is made inside."""
    hidden = deepspeed._hf_deepspeed_config_weak_ref
    deepspeed.unset_hf_deepspeed_config()
    try:
        yield
    finally:
        deepspeed._hf_deepspeed_config_weak_ref = hidden


def load_scored(
    source: str, dtype: torch.dtype | str, *, revision: str = "main", **kwargs: Any
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A reward model to go on from, or a causal model under a score head that knows nothing; and its tokenizer."""
    if is_reward_model(load_config(source, revision=revision)):
        return load_reward_model(source, dtype, revision=revision), load_tokenizer(source, revision=revision)
    model, tokenizer = load_model(source, dtype, revision=revision, **kwargs)
    return with_score_head(model), tokenizer
