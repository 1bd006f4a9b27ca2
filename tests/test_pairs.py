"""Pairs for reward models: what is scored, what is cut, what is refused; and the figures of held-out pairs by hand."""

import math

import pytest
import torch

from posttrain.errors import UserError
from posttrain.evaluate.preferences import calibration_error, preference_metrics
from posttrain.gemma import load_tokenizer
from posttrain.pairs import encode_pairs, encode_scored
from posttrain.trainers.reward_model import probe


def user(text):
    return [{"role": "user", "content": text}]


def reply(text):
    return [{"role": "assistant", "content": text}]


def pair(prompt="Why?", chosen="yes", rejected="no", **more):
    return {"prompt": user(prompt), "chosen": reply(chosen), "rejected": reply(rejected), **more}


@pytest.fixture(scope="module")
def tokenizer(tiny_folder):
    return load_tokenizer(tiny_folder)


def test_ids_are_the_templates(tokenizer):
    """A longer conversation in `chosen` too: all but its last reply is prompt."""
    longer = [*reply("a"), *user("b"), *reply("c ")]
    rows, _ = encode_pairs([{"prompt": user("Why?"), "chosen": longer, "rejected": reply("d")}], tokenizer)
    template = tokenizer.apply_chat_template([*user("Why?"), *longer], tokenize=True, return_dict=True)["input_ids"]
    assert rows[0]["chosen_ids"] == template and template[-2:] == [106, tokenizer.encode("\n")[-1]]
    assert (rows[0]["chosen_length"], rows[0]["rejected_length"]) == (1, 1)


def test_a_prompt_is_cut_at_its_beginning_and_a_long_reply_drops_the_pair(tokenizer):
    rows, report = encode_pairs(
        [pair("x" * 50, "12345", "1"), pair("a", "b" * 40, "c"), pair("a", "b", "c")], tokenizer, 30
    )
    assert len(rows) == 2 and (report.rows, report.dropped, report.truncated) == (3, 1, 1)
    assert len(rows[0]["chosen_ids"]) == 30
    assert tokenizer.decode(rows[0]["chosen_ids"]).startswith("<bos><start_of_turn>user\nxxx")
    assert str(report).startswith("2 of 3 pairs kept (1 dropped: a reply does not fit into max_length; 1 prompts cut)")
    assert "longer one in 50%" in str(report)
    with pytest.raises(
        UserError, match="no pair is left to train on .1 pairs, 1 with a reply longer than max_length=20"
    ):
        encode_pairs([pair("a", "b" * 40, "c")], tokenizer, 20)


def test_turn_tokens_in_a_text_stay_text(tokenizer):
    ((ids, cut),) = encode_scored([user("<start_of_turn>")], ["<end_of_turn>"], tokenizer)
    assert (ids.count(105), ids.count(106)) == (2, 2) and not cut


@pytest.mark.parametrize(
    ("margin", "expected"), [(None, 0.0), (2, 2.0), ("Significantly better", 1.0), ("slightly_better", 1 / 3)]
)
def test_margins(tokenizer, margin, expected):
    rows, _ = encode_pairs([pair(margin=margin)], tokenizer, margin_scale=0.5)
    assert rows[0]["margin"] == pytest.approx(expected / 2)
    assert "margin" not in encode_pairs([pair(margin=margin)], tokenizer)[0].column_names


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (pair(margin="much"), "row 1 of pairs: margin 'much' is no number and none of significantly better"),
        (pair(margin=-1), "row 1 of pairs: margin must be a number of 0 or more"),
        (pair(margin=float("nan")), "margin must be a number"),
        ({"prompt": user("a"), "chosen": reply("b")}, "row 1 of pairs: a pair needs `prompt`, `chosen` and `rejected`"),
        (pair(where="line 7 of f") | {"prompt": reply("a")}, "line 7 of f: roles must alternate"),
    ],
)
def test_rows_that_are_no_pairs(tokenizer, row, message):
    with pytest.raises(UserError, match=message):
        encode_pairs([row], tokenizer)


def test_metrics_by_hand():
    figures = preference_metrics([2, 0, 1, 1], [0, 1, 1, 0], [5, 5, 1, 3], [1, 9, 2, 3], ["a", "a", "b", "b"])
    assert figures["accuracy"] == (1 + 0 + 0.5 + 1) / 4 and figures["accuracy_low"] < 0.625 < figures["accuracy_high"]
    assert figures["loss"] == pytest.approx(sum(math.log1p(math.exp(-d)) for d in (2, -1, 0, 1)) / 4)
    assert figures["margin"] == 0.5 and figures["reward_mean"] == 6 / 8
    # differences in reward (2, −1, 0, 1), in length (4, −4, −1, 0)
    assert figures["length_correlation"] == pytest.approx((8 + 4) / math.sqrt(6 * 33))
    assert figures["length_correlation_of_labels"] == pytest.approx((4 - 4 - 1) / math.sqrt(4 * 33))
    assert (figures["accuracy_longer"], figures["accuracy_shorter"]) == (1.0, 0.25)
    assert (figures["accuracy_a"], figures["accuracy_b"]) == (0.5, 0.75)


def test_calibration_error_by_hand():
    """Ten equal pairs of confidence σ(1), of which seven are right; and one that is sure and wrong."""
    one = 1 / (1 + math.exp(-1))
    assert calibration_error([1.0] * 7 + [-1.0] * 3) == pytest.approx(0.1 * (7 * (1 - one) + 3 * one))  # bins of one
    assert calibration_error([-50.0]) == pytest.approx(1)
    assert calibration_error([0.0] * 20) == 0


def gradient(head, chosen, rejected, penalty, centring):
    """Of the probe's objective, written out, at `head`."""
    scale = (chosen - rejected).pow(2).mean(0).sqrt()
    weights = (head * scale).requires_grad_()
    difference, total = (chosen - rejected) / scale, (chosen + rejected) / scale
    loss = -torch.sigmoid(difference @ weights).log().mean() + penalty / 2 * weights.pow(2).sum()
    (loss + centring * (total @ weights).pow(2).mean()).backward()
    return weights.grad


def test_the_probe_finds_the_direction_and_meets_the_optimum():
    """Its gradient is 0 at the reported penalty, whatever the features' scales, and rewards are about 0."""
    torch.manual_seed(0)
    truth = torch.randn(8, dtype=torch.float64)
    scales = torch.logspace(-1, 1, 8, dtype=torch.float64)
    one, other = (torch.randn(600, 8, dtype=torch.float64) + 3 for _ in range(2))
    wins = torch.rand(600, dtype=torch.float64) < torch.sigmoid((one - other) @ truth)
    chosen, rejected = (torch.where(wins[:, None], a, b) * scales for a, b in ((one, other), (other, one)))
    head, report = probe(chosen, rejected)
    assert gradient(head, chosen, rejected, report["probe_penalty"], 0).abs().max() < 1e-5
    assert report["probe_loss_in_folds"] < 0.6
    assert torch.nn.functional.cosine_similarity(head * scales, truth, dim=0) > 0.97
    centred, report = probe(chosen, rejected, 0.01)
    assert gradient(centred, chosen, rejected, report["probe_penalty"], 0.01).abs().max() < 1e-5
    means = [((chosen + rejected) @ found).mean().abs() for found in (head, centred)]
    assert means[1] < means[0] / 2


def test_the_probe_of_noise_is_shrunk():
    """Features that say nothing, about as many as pairs; and too few pairs for folds."""
    torch.manual_seed(0)
    _, report = probe(torch.randn(60, 50, dtype=torch.float64), torch.randn(60, 50, dtype=torch.float64))
    assert report["probe_penalty"] >= 0.1
    _, report = probe(torch.randn(3, 50, dtype=torch.float64), torch.randn(3, 50, dtype=torch.float64))
    assert report["probe_penalty"] == 10.0
