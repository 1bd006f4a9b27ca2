"""Generated replies: order, padding, stops; and what is counted in them."""

import random
from types import SimpleNamespace

import pytest
import torch

from posttrain.evaluate import decoding
from posttrain.evaluate import replies as replies_module
from posttrain.evaluate.decoding import Row, RowSampler, decode, left_padded, row_generator, sampling
from posttrain.evaluate.replies import (
    Reply,
    generate_batches,
    generate_replies,
    matches,
    read_reply,
    score_replies,
)
from posttrain.evaluate.statistics import wilson_interval
from posttrain.gemma import load_model
from tests.conftest import KINDS


@pytest.fixture(scope="module")
def prompts():
    """Nine prompts of unlike length, not sorted by it, that end with unlike tokens."""
    rng = random.Random(0)
    lengths = [11, 3, 29, 7, 2, 17, 5, 23, 13]
    return [[2, *(rng.randrange(112, 200) for _ in range(length))] for length in lengths]


@pytest.mark.parametrize("kind", KINDS)
def test_a_padded_batch_gives_what_one_by_one_gives_in_the_prompts_order(kind, tiny_folders, prompts):
    model, tokenizer = load_model(tiny_folders[kind])
    alone = [generate_replies(model, tokenizer, [prompt], max_new_tokens=9)[0] for prompt in prompts]
    assert len({reply.text for reply in alone}) >= 5  # or their order could not be told
    for batch_size in (4, 16):
        assert generate_replies(model, tokenizer, prompts, max_new_tokens=9, batch_size=batch_size) == alone


@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_that_rows_share_is_read_once_and_changes_nothing(kind, tiny_folders, prompts):
    """Groups of unlike size, as RL and pass@k have them, and a prompt of one token; each row as it is alone."""
    model, tokenizer = load_model(tiny_folders[kind])
    groups = [prompts[0]] * 3 + [prompts[2]] + [prompts[4]] * 2 + [[2]] * 2
    read = []
    hook = model.get_input_embeddings().register_forward_hook(lambda module, args, out: read.append(args[0].shape))

    def write(rows):
        done = decode(model, rows, max_new_tokens=9, batch_size=8, stops={1, 106}, pad=0)
        return {row.key: (row.written, [round(logp, 4) for logp in row.logps]) for some in done for row in some}

    with torch.no_grad(), sampling(model):
        together = write([Row(i, prompt, row_generator(5, i)) for i, prompt in enumerate(groups)])
        first = read[0]
        alone = {}
        for i, prompt in enumerate(groups):
            alone |= write([Row(i, prompt, row_generator(5, i))])
    hook.remove()
    assert [row[0] for row in together.values()] != [] and first == (4, 29)
    assert {key: ids for key, (ids, _) in together.items()} == {key: ids for key, (ids, _) in alone.items()}
    for key, (_, logps) in together.items():
        assert logps == pytest.approx(alone[key][1], abs=1e-3)
        assert len(logps) == len(together[key][0])


def test_no_prompts_give_no_replies(tiny_folder):
    assert generate_replies(*load_model(tiny_folder), []) == []


@pytest.mark.parametrize("training", [True, False])
def test_the_training_mode_is_as_before(training, tiny_folder, prompts):
    model, tokenizer = load_model(tiny_folder)
    model.train(training)
    generate_replies(model, tokenizer, prompts[:1], max_new_tokens=2)
    assert model.training is training and model.model.layers[0].training is training


def test_the_training_mode_is_as_before_also_when_not_all_is_asked_for(tiny_folder, prompts):
    model, tokenizer = load_model(tiny_folder)
    model.train()
    batches = generate_batches(model, tokenizer, prompts, max_new_tokens=2, batch_size=2)
    next(batches)
    batches.close()
    assert model.training


class Scripted:
    """A model that writes a fixed continuation after each marked token, and notes what it was asked."""

    device, training, config = torch.device("cpu"), True, None

    def __init__(self, script):
        self.script, self.calls = script, []

    def train(self, mode=True):
        self.training = mode

    def eval(self):
        self.train(False)

    def generate(self, input_ids, attention_mask, max_new_tokens, past_key_values, **settings):
        self.calls.append({"shape": tuple(input_ids.shape), "training": self.training, **settings})
        new = []
        for row in input_ids.tolist():
            at = next(i for i, token in enumerate(row) if token in self.script)
            written = len(row) - 1 - at
            new.append((self.script[row[at]] + [0] * 99)[written : written + max_new_tokens])
        sequences = torch.cat([input_ids, torch.tensor(new)], dim=1)
        return SimpleNamespace(sequences=sequences, past_key_values=past_key_values)


def test_stops_lengths_and_texts(tokenizer):
    """<eos> (1) and <end_of_turn> (106) both end a reply; they, and what follows them, are not part of it."""
    a, b = tokenizer.convert_tokens_to_ids(["a", "b"])
    model = Scripted({201: [a, b, 106, 0], 202: [a, 1, 0, 0], 203: [a, b, b, a], 204: [106, a, a, a]})
    prompts = [[2, 2, 201], [202], [2, 203], [2, 2, 2, 204]]
    replies = generate_replies(model, tokenizer, prompts, batch_size=3, max_new_tokens=4)
    assert replies == [Reply("ab", 2, True), Reply("a", 1, True), Reply("abba", 4, False), Reply("", 0, True)]
    assert [call["shape"] for call in model.calls] == [(3, 3), (3, 4), (1, 4)]  # by length: little padding
    assert all(call["eos_token_id"] == [1, 106] and not call["training"] for call in model.calls)
    greedy = model.calls[0]
    assert greedy["do_sample"] is False and greedy["temperature"] is greedy["top_k"] is greedy["top_p"] is None
    assert model.training


def test_the_batch_is_kept_full(tokenizer, monkeypatch):
    """Two at a time; one reply of 12 tokens, four of 3: the short ones follow one another beside the long one."""
    monkeypatch.setattr(decoding, "SLICE", 2)
    a = tokenizer.convert_tokens_to_ids("a")
    model = Scripted({201: [a] * 12 + [1]} | {token: [a] * 3 + [1] for token in range(202, 206)})
    replies = generate_replies(model, tokenizer, [[201], [202], [203], [204], [205]], batch_size=2, max_new_tokens=20)
    assert [reply.tokens for reply in replies] == [12, 3, 3, 3, 3]
    steps = [call["shape"][0] for call in model.calls]
    assert max(steps) == 2 and steps[:3] == [2, 2, 2]
    assert [call["shape"] for call in model.calls if call["shape"][1] == 1] == [(2, 1), (1, 1), (1, 1), (1, 1)]
    assert steps.count(2) >= 5  # the long reply is not written alone after the first short one


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_stop_leave_the_batch_and_change_nothing_for_the_others(kind, tiny_folders, prompts, monkeypatch):
    """Against one row at a time in one call; replies go past the sliding window (4), and stops are spread over them."""
    model, tokenizer = load_model(tiny_folders[kind])
    whole = [
        model.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=20, eos_token_id=None)[0, len(prompt) :]
        for prompt in prompts
    ]
    stops = [row.tolist()[at] for row, at in zip(whole, (1, 4, 7, 10, 13), strict=False)]
    monkeypatch.setattr(replies_module, "stop_token_ids", lambda tokenizer: stops)
    monkeypatch.setattr(decoding, "SLICE", 3)
    expected = [read_reply(row.tolist(), set(stops), tokenizer) for row in whole]
    assert len({reply.tokens for reply in expected}) >= 4  # they do leave one after another
    sizes = []
    original = model.generate
    monkeypatch.setattr(model, "generate", lambda **kw: sizes.append(len(kw["input_ids"])) or original(**kw))
    assert generate_replies(model, tokenizer, prompts, max_new_tokens=20, batch_size=9) == expected
    assert sizes[0] == 9 > sizes[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_come_later_are_written_as_if_alone(kind, tiny_folders, prompts, monkeypatch):
    """Nine prompts through three places, with stops at unlike lengths: caches of unlike lengths are joined many times,
    on both sides of the sliding window (4). Google's checkpoints name a cache, which must not matter."""
    model, tokenizer = load_model(tiny_folders[kind])
    model.generation_config.cache_implementation = "hybrid"
    plain = {"do_sample": False, "max_new_tokens": 20, "eos_token_id": None, "cache_implementation": None}
    whole = [model.generate(torch.tensor([prompt]), **plain)[0, len(prompt) :] for prompt in prompts]
    stops = [row.tolist()[at] for row, at in zip(whole, (1, 4, 7, 10, 13), strict=False)]
    monkeypatch.setattr(replies_module, "stop_token_ids", lambda tokenizer: stops)
    expected = [read_reply(row.tolist(), set(stops), tokenizer) for row in whole]
    merges = []
    original = decoding._merge
    monkeypatch.setattr(decoding, "_merge", lambda *two: merges.append(1) or original(*two))
    for size in (2, 3, 5):
        monkeypatch.setattr(decoding, "SLICE", size)
        assert generate_replies(model, tokenizer, prompts, max_new_tokens=20, batch_size=3) == expected
    assert len(merges) >= 9


def test_samples_depend_on_the_seed_alone(tiny_folder, prompts):
    """Not on what was done before (a resumed run), on the batch, or on torch's randomness, which is left as it was."""
    model, tokenizer = load_model(tiny_folder)

    def samples(seed, done=(), batch_size=4):
        settings = {"max_new_tokens": 6, "batch_size": batch_size, "k": 2, "seed": seed, "done": done}
        return {i: r for batch in generate_batches(model, tokenizer, prompts, **settings) for i, r in batch.items()}

    state = torch.get_rng_state()
    all_rows = samples(0)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(len(replies) == 2 for replies in all_rows.values()) and set(all_rows) == set(range(len(prompts)))
    assert len({reply.text for replies in all_rows.values() for reply in replies}) >= 12
    torch.manual_seed(5)
    assert samples(0) == samples(0, batch_size=7) == all_rows
    assert samples(1) != all_rows
    rest = samples(0, done=[0, 3, 8])
    assert rest == {i: replies for i, replies in all_rows.items() if i not in (0, 3, 8)}


def test_the_sampler_draws_by_temperature_top_k_and_top_p():
    """Logits log(8, 4, 2, 1, 1) at temperature 2 are weights √8, 2, √2, 1, 1; top-k 4 leaves shares 0.390, 0.276,
    0.195, 0.138; the first three reach 0.8, so top-p 0.8 drops the fourth, and 0.453, 0.320, 0.227 are left."""
    logits = torch.tensor([2.0, 8.0, 1.0, 4.0, 1.0]).log()
    config = SimpleNamespace(temperature=2.0, top_k=4, top_p=0.8)
    rows = 4000
    draws = [row_generator(0, row) for row in range(rows)]
    allowed = RowSampler(draws, config)(None, logits.repeat(rows, 1))
    assert torch.equal(allowed.isfinite().sum(1), torch.ones(rows, dtype=torch.long))
    shares = torch.bincount(allowed.argmax(1), minlength=5) / rows
    assert shares.tolist() == pytest.approx([0.227, 0.453, 0.0, 0.320, 0.0], abs=0.025)


@pytest.mark.parametrize("settings", [{"top_k": 3}, {"top_p": 0.7}, {"top_k": 5, "top_p": 0.6, "temperature": 0.7}])
def test_the_sampler_keeps_what_transformers_keeps(settings):
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    settings = {"temperature": 1.0, "top_k": None, "top_p": None} | settings
    logits = torch.randn(1, 12, generator=torch.Generator().manual_seed(0))
    kept = TemperatureLogitsWarper(settings["temperature"])(None, logits)
    kept = TopKLogitsWarper(settings["top_k"])(None, kept) if settings["top_k"] else kept
    kept = TopPLogitsWarper(settings["top_p"])(None, kept) if settings["top_p"] else kept
    draws = [row_generator(1, row) for row in range(3000)]
    drawn = RowSampler(draws, SimpleNamespace(**settings))(None, logits.repeat(3000, 1)).argmax(1)
    assert set(drawn.tolist()) == set(kept[0].isfinite().nonzero().flatten().tolist())


def test_padding_is_on_the_left():
    batch = left_padded([[5, 6, 7], [8]], 0, torch.device("cpu"))
    assert batch["input_ids"].tolist() == [[5, 6, 7], [0, 0, 8]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [0, 0, 1]]


def test_a_pad_token_inside_a_prompt_is_not_masked():
    """The mask comes from lengths: a prompt may hold the id of <pad>."""
    assert left_padded([[5, 0, 7], [8]], 0, torch.device("cpu"))["attention_mask"].tolist()[0] == [1, 1, 1]


def test_gemma2_stops_on_its_own_end_of_turn(tiny_folders):
    """107 in Gemma 2, where 106 is <start_of_turn>."""
    from posttrain.gemma import load_tokenizer, stop_token_ids

    tokenizer = load_tokenizer(tiny_folders["gemma2"])
    stops = set(stop_token_ids(tokenizer))
    a = tokenizer.convert_tokens_to_ids("a")
    assert stops == {1, 107}
    assert read_reply([a, 107, a], stops, tokenizer) == Reply("a", 1, True)
    assert not read_reply([a, 106, a], stops, tokenizer).stopped


@pytest.mark.parametrize(
    ("reply", "answer", "right"),
    [
        ("4", "4", True),
        (" 4 \n", "4", True),
        ("Paris.", "paris", True),
        ("paris", "PARIS.", True),
        ("STRASSE", "straße", True),
        ("4\nBecause 2+2=4.", "4", True),  # a base model that answers and rambles on
        ("I think\n4", "4", False),  # the first line counts
        ("2+2=4\n#### 4", "4", True),
        ("#### 5\nno:\n#### 4\nDone.", "4", True),  # the last mark counts, to its line's end
        ("#### 4\n#### 5", "4", False),
        ("####\n4", "4", True),
        ("4\n####", "4", True),  # nothing after the mark: as if it were not there
        ("14", "4", False),
        ("4 or 5", "4", False),
        ("44", "4", False),
        ("4..", "4", False),  # one full stop, not two
        ("", "4", False),
        (" \n ", "4", False),
        ("", "", False),
        ("####", "4", False),
    ],
)
def test_matches(reply, answer, right):
    assert matches(reply, answer) is right


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 1, 0.2065, 1.0)],
)
def test_wilson_interval(successes, trials, low, high):
    """z = 1.96, z² = 3.8416. 5 of 10: centre (.5 + .19208) / 1.38416 = .5, half = 1.96 · √(.025 + .0096040) / 1.38416
    = 1.96 · .186022 / 1.38416 = .26341. 0 of 10: half = centre = .19208 / 1.38416 = .13877, so 0 to .27753.
    1 of 1: 1 / (1 + z²) = .20654."""
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=1e-4)
    assert 0.0 <= wilson_interval(successes, trials)[0] <= wilson_interval(successes, trials)[1] <= 1.0


def test_scores_by_hand():
    """Three of four stopped; (2 + 4 + 6 + 8) / 4 = 5 tokens; 1 of the 2 rows with an answer is right: .5, with the
    Wilson interval of 1 of 2, (.5 + .9604 ± 1.96 · √(.125 + .2401)) / 2.9208 = .5 ± .40547."""
    replies = [Reply("4", 2, True), Reply("x", 4, True), Reply("5", 6, True), Reply("y", 8, False)]
    assert score_replies(replies, ["4", None, "4", None]) == pytest.approx(
        {
            "stop_rate": 0.75,
            "reply_tokens": 5.0,
            "accuracy": 0.5,
            "accuracy_low": 0.09453,
            "accuracy_high": 0.90547,
            "accuracy_rows": 2,
        },
        abs=1e-4,
    )
    assert score_replies(replies, [None] * 4) == {"stop_rate": 0.75, "reply_tokens": 5.0}
