"""RewardModel: whole or not at all, the same score alone and in any batch, the text that TRL's RewardTrainer trains."""

import json
import shutil

import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, Gemma3TextConfig, Gemma3TextForSequenceClassification
from transformers.integrations.deepspeed import HfDeepSpeedConfig, is_deepspeed_zero3_enabled
from trl import RewardConfig, RewardTrainer

from posttrain.errors import UserError
from posttrain.reward import RewardModel
from posttrain.reward.spec import build_reward
from tests import reward_trainer, tiny

PROMPTS = [
    [{"role": "user", "content": "What is 2+2?"}],
    [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],
    [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "Tell me a long story, please."},
    ],
    "Why?",
]
REPLIES = ["4", "Hello there, how are you today, and what can I do for you?", "", "Because of <end_of_turn> and <pad>."]


@pytest.fixture(scope="module")
def reward_folders(tiny_folders, tmp_path_factory):
    """{kind: a reward model's folder, made from the tiny checkpoint as TRL's trainer makes one}."""
    root = tmp_path_factory.mktemp("reward_models")
    for kind, source in tiny_folders.items():
        torch.manual_seed(1)
        model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=1, dtype=torch.float32)
        torch.nn.init.normal_(model.score.weight)
        model.save_pretrained(root / kind)
        for file in source.glob("*token*"):
            shutil.copy(file, root / kind)
        shutil.copy(source / "chat_template.jinja", root / kind)
    return {kind: root / kind for kind in tiny_folders}


@pytest.fixture(scope="module")
def reward_folder(reward_folders):
    return reward_folders["gemma3_text"]


@pytest.fixture(scope="module")
def rm(reward_folder):
    return RewardModel(reward_folder)


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma3", "gemma2"])
def test_a_score_depends_on_its_own_pair_alone(reward_folders, kind):
    """Alone, in one padded batch, in small batches, and in another order; longer than the window of 4."""
    alone = RewardModel(reward_folders[kind], batch_tokens=1)
    scores = alone(PROMPTS, REPLIES)
    assert len(set(scores)) == 4 and all(isinstance(score, float) for score in scores)
    for batch_tokens in (150, 10_000):
        model = RewardModel(reward_folders[kind], batch_tokens=batch_tokens)
        assert model(PROMPTS, REPLIES) == pytest.approx(scores, abs=1e-5)
        assert model(PROMPTS[::-1], REPLIES[::-1]) == pytest.approx(scores[::-1], abs=1e-5)
    assert alone(PROMPTS[:1], REPLIES[:1]) == pytest.approx(scores[:1], abs=1e-6)


def test_the_newline_after_the_last_end_of_turn_is_scored(rm):
    """The head on the body's last hidden state, without padding, by hand."""
    ids = rm.tokenizer.encode(
        "<bos><start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n42<end_of_turn>\n", add_special_tokens=False
    )
    assert ids[-2:] == [106, 107] and ids.count(2) == 1
    with torch.no_grad():
        hidden = rm.model.model(torch.tensor([ids])).last_hidden_state  # (1, T, H)
        expected = rm.model.score(hidden[0, -1]).item()
    assert rm(["Why?"], ["42"]) == pytest.approx([expected], abs=1e-5)
    other = rm.model.score(hidden[0, -2]).item()
    assert abs(other - expected) > 1e-3


def test_the_text_is_the_one_that_trl_trains(reward_folder, tmp_path):
    """RewardTrainer's ids of the chosen replies are ours, and what it saves after a step loads with its scores."""
    rows = [{"prompt": PROMPTS[i], **_pair(REPLIES[i], "no")} for i in (0, 1)]
    model = AutoModelForSequenceClassification.from_pretrained(reward_folder, dtype=torch.float32)
    before = RewardModel(reward_folder)
    args = RewardConfig(
        str(tmp_path / "out"), max_steps=1, per_device_train_batch_size=2, report_to="none", use_cpu=True, bf16=False,
        learning_rate=1e-2, disable_tqdm=True, save_strategy="no",
    )  # fmt: skip
    trainer = RewardTrainer(model, args, train_dataset=Dataset.from_list(rows), processing_class=before.tokenizer)
    ours, cut = before._encode(PROMPTS[:2], REPLIES[:2])
    assert sorted(trainer.train_dataset["chosen_ids"]) == sorted(ours) and cut == 0
    trainer.train()
    trainer.save_model(str(tmp_path / "rm"))
    after = RewardModel(tmp_path / "rm")(PROMPTS, REPLIES)
    assert max(abs(a - b) for a, b in zip(after, before(PROMPTS, REPLIES), strict=True)) > 1e-3


def _pair(chosen, rejected):
    return {key: [{"role": "assistant", "content": text}] for key, text in (("chosen", chosen), ("rejected", rejected))}


def test_completions_of_every_kind_and_their_white_space(rm):
    as_text, as_messages = rm(["Why?"], ["42"]), rm(["Why?"], [[{"role": "assistant", "content": " 42\n"}]])
    assert as_text == as_messages == rm([[{"role": "user", "content": "Why?"}]], ["42"])
    assert rm([], []) == []


def test_no_gradient_and_no_training_mode(rm):
    assert not rm.model.training and not any(p.requires_grad for p in rm.model.parameters())
    assert not isinstance(rm, torch.nn.Module) and rm.__name__ == "reward_model"


def test_scores_are_centred_and_scaled(reward_folder, rm):
    raw = rm(PROMPTS, REPLIES)
    scaled = RewardModel(reward_folder, mean=2.0, std=4.0)(PROMPTS, REPLIES)
    assert scaled == pytest.approx([(score - 2) / 4 for score in raw], abs=1e-5)


def test_a_long_prompt_loses_its_beginning_and_a_long_reply_is_refused(reward_folder):
    """30 tokens: <bos> <start_of_turn> u s e r \\n are kept, then the end of the prompt, and the whole reply."""
    model = RewardModel(reward_folder, max_length=30)
    logged = {}
    rows, cut = model._encode(["x" * 50 + "END", "short"], ["12345", "1"])
    text = model.tokenizer.decode(rows[0])
    assert len(rows[0]) == 30 and cut == 1
    assert text.startswith("<bos><start_of_turn>user\n") and text.endswith("12345<end_of_turn>\n")
    assert "END<end_of_turn>\n<start_of_turn>model\n" in text
    model(["x" * 50, "short"], ["12345", "1"], log_metric=logged.__setitem__)
    assert logged == {"reward_model/prompts_cut": 0.5}
    with pytest.raises(UserError, match="completion 2 \\(40 characters\\) does not fit into max_length=30"):
        model(["a", "a"], ["1", "1" * 40])


@pytest.mark.parametrize(
    ("prompts", "completions", "message"),
    [
        (["a"], ["b", "c"], "prompts has 1 entries for 2 completions"),
        (["<bos><start_of_turn>user\nHi<end_of_turn>\n"], ["b"], "prompt 1 is rendered text"),
        ([[{"role": "assistant", "content": "a"}]], ["b"], "prompt 1: roles must alternate"),
        ([[]], ["b"], "prompt 1: messages must be a list"),
    ],
)
def test_bad_prompts(rm, prompts, completions, message):
    with pytest.raises(UserError, match=message):
        rm(prompts, completions)


def test_a_causal_model_is_no_reward_model(tiny_folders):
    for kind in tiny_folders:
        with pytest.raises(UserError, match="is no reward model but Gemma.*its score head would be random"):
            RewardModel(tiny_folders[kind])


def test_missing_and_left_over_weights_are_named(reward_folder, tmp_path):
    weights = load_file(reward_folder / "model.safetensors")
    for name, change, message in (
        ("headless", lambda w: w.pop("score.weight"), "1 missing .*score.weight"),
        ("more", lambda w: w.update(extra=torch.ones(1)), "1 unexpected .*extra"),
        ("shape", lambda w: w.update({"score.weight": torch.ones(2, 32)}), "1 mismatched .*score.weight"),
    ):
        shutil.copytree(reward_folder, tmp_path / name)
        changed = dict(weights)
        change(changed)
        save_file(changed, tmp_path / name / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(UserError, match=message):
            RewardModel(tmp_path / name)


def test_other_refusals(reward_folder, tmp_path):
    with pytest.raises(UserError, match="fp16 overflows"):
        RewardModel(reward_folder, dtype="float16")
    with pytest.raises(UserError, match="std must be above 0"):
        RewardModel(reward_folder, std=0)
    with pytest.raises(UserError, match="is not a folder"):
        RewardModel("./nowhere/at/all")
    two = Gemma3TextForSequenceClassification(Gemma3TextConfig(**tiny.TEXT, num_labels=2))
    two.save_pretrained(tmp_path / "two")
    with pytest.raises(UserError, match="has one label, this one has 2"):
        RewardModel(tmp_path / "two")


def test_a_score_that_is_not_finite_is_an_error(reward_folder):
    """TRL reads NaN as "no score"."""
    model = RewardModel(reward_folder)
    model.model.score.weight.fill_(float("nan"))
    with pytest.raises(UserError, match="a score is not finite"):
        model(["a"], ["b"])


def test_the_model_is_whole_under_zero3(reward_folder, rm):
    """With a run's ZeRO-3 configuration alive, transformers would scatter every weight that it loads."""
    config = {"zero_optimization": {"stage": 3}, "train_micro_batch_size_per_gpu": 1, "train_batch_size": 1}
    alive = HfDeepSpeedConfig(config)
    try:
        assert is_deepspeed_zero3_enabled()
        inside = RewardModel(reward_folder)
        assert is_deepspeed_zero3_enabled()
    finally:
        del alive
    assert not is_deepspeed_zero3_enabled()
    assert inside(PROMPTS, REPLIES) == pytest.approx(rm(PROMPTS, REPLIES), abs=1e-6)


def test_the_folder_has_one_architecture(reward_folders):
    kinds = {
        kind: json.loads((folder / "config.json").read_text())["architectures"]
        for kind, folder in reward_folders.items()
    }
    assert kinds == {
        "gemma3_text": ["Gemma3TextForSequenceClassification"],
        "gemma3": ["Gemma3ForSequenceClassification"],
        "gemma2": ["Gemma2ForSequenceClassification"],
    }


def test_a_step_of_grpo_with_a_reward_model_from_a_specification(tiny_folder, reward_folder, tmp_path):
    """The folder is named in plain data; its score is gated by the stop token; what TRL logs is what it gives."""
    spec = {
        "rm": {"reward": str(reward_folder), "mean": 1.0, "std": 2.0, "gate": "stop"},
        "stop": {"reward": "stop_reward", "weight": 0.5},
    }
    composite = build_reward(spec)
    trainer = reward_trainer.one_step(tiny_folder, tmp_path, [composite, RewardModel(reward_folder)], {})
    line = reward_trainer.logged(trainer)
    raw = RewardModel(reward_folder)(trainer.seen["prompts"], trainer.seen["completions"])
    assert line["rewards/reward_model/mean"] == pytest.approx(sum(raw) / 8, abs=1e-4)
    assert line["rewards/rm/mean"] == pytest.approx((sum(raw) / 8 - 1) / 2, abs=1e-4)
    assert line["rm/prompts_cut"] == 0 and 0 <= line["rewards/rm/gated"] <= 1
    assert trainer.extra["reward/rm"] == pytest.approx([(score - 1) / 2 for score in raw], abs=1e-4)
