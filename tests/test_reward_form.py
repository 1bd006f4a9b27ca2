"""Format, length, stop, repetition and language: gold 1 (a penalty: 0), each known way round them nothing."""

import functools
import json
import random
import time
from pathlib import Path

import pytest
from trl.rewards import get_soft_overlong_punishment

from posttrain import gemma
from posttrain.errors import UserError
from posttrain.gemma import stop_token_ids
from posttrain.reward import format_reward, language_reward, length_reward, repetition_reward, stop_reward
from posttrain.reward.completions import completion_texts, question_texts
from posttrain.reward.spec import build_reward
from tests import reward_trainer, tiny
from tests.sentences import TEXTS

SHARED = Path(__file__).parent.parent / ".." / "shared" / "data"
GOLD = "<think>Two and two make four.</think>\n<answer>4</answer>"


@pytest.mark.parametrize(
    "text",
    [
        GOLD,
        f"\n {GOLD} \n",
        "<think>a < b and c > d, so x<y</think><answer>\\boxed{4}</answer>",
        "<think>I use <b>bold</b> and <thinking>.</think><answer>+</answer>",
        "<think>生き物</think><answer>は</answer>",
    ],
)
def test_the_form_is_kept(text):
    assert format_reward([text]) == [1.0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4",
        "<think></think><answer>4</answer>",
        "<think>Two.</think><answer></answer>",
        "<think> \n\t</think><answer>4</answer>",
        "<think>\u200b\u2060</think><answer>4</answer>",
        "<think>...</think><answer>4</answer>",
        "<think>Two.</think><answer>—</answer>",
        f"Sure! {GOLD}",
        f"{GOLD} I hope this helps.",
        "<think>Two.</think> so <answer>4</answer>",
        f"{GOLD}{GOLD}",
        "<think>Two.</think><answer>4</answer><answer>5</answer>",
        "<think>a</think><think>b</think><answer>4</answer>",
        "<think><think>Two.</think></think><answer>4</answer>",
        "<think>Two.<answer>4</answer></think>",
        "<think>Two.<answer>3</answer></think><answer>4</answer>",
        "<think>Two.</think><answer>4",
        "<think>Two.<answer>4</answer>",
        "Two.</think><answer>4</answer>",
        "<answer>4</answer><think>Two.</think>",
        "<answer>4</answer>",
        "<THINK>Two.</THINK><answer>4</answer>",
        "<think>Two.</THINK></think><answer>4</answer>",
        "<think>Two. < answer >5</think><answer>4</answer>",
        "<think >Two.</think><answer>4</answer>",
        "<think>Two.</think><answer type='int'>4</answer>",
        "<think>Two.</think><answer>4<answer</answer>",
        "<think>Two.</think><answer>4<\\answer></answer>",
        "&lt;think&gt;Two.&lt;/think&gt;&lt;answer&gt;4&lt;/answer&gt;",
        f"```\n{GOLD}\n```",
        f"<!-- {GOLD} -->",
    ],
)
def test_every_way_round_the_form_earns_nothing(text):
    assert format_reward([text]) == [0.0]


def test_other_tags_text_after_them_and_patterns():
    assert format_reward(["<plan>a</plan>"], tags=["plan"]) == [1.0]
    replies = ["<think>a</think>\nFour.", "<think>a</think>", "<think>a</think>...", "x <think>a</think> Four.", "Four.",  # noqa: E501
               "<think>a</think> Four. <think>b</think>", "<think>a</think> Four.</think>"]  # fmt: skip
    assert format_reward(replies, tags=["think"], text_after=True) == [1.0] + [0.0] * 6
    lines = [" Reason: a\nb\nAnswer: 12\n", "Answer: 12", "Reason: a\nAnswer: x"]
    assert format_reward(lines, pattern=r"Reason: .+\nAnswer: \d+") == [1.0, 0.0, 0.0]


def test_message_lists_count_by_their_last_reply():
    user = {"role": "user", "content": "x"}
    assert format_reward([[{"role": "assistant", "content": GOLD}], [user, {"role": "assistant", "content": "4"}]]) == [
        1,
        0,
    ]
    assert completion_texts([[user]]) == [""]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tags": "think"}, "tags must be a list of names"),
        ({"tags": []}, "tags must be a list of names"),
        ({"tags": ["<think>"]}, "tags must be a list of names"),
        ({"tags": ["a", "A"]}, "tags must differ"),
        ({"tags": 3}, "tags must be a list of names"),
        ({"pattern": "("}, "is no regular expression"),
    ],
)
def test_bad_forms(arguments, message):
    with pytest.raises(UserError, match=message):
        format_reward([GOLD], **arguments)


def test_soft_overlong_punishment_is_dapo_s():
    """Eq. 13 by hand at L_max = 100, L_cache = 20, and at every length that of TRL."""
    ids = [[5] * length for length in (0, 80, 81, 90, 100, 101, 1000)]
    expected = [0.0, 0.0, -0.05, -0.5, -1.0, -1.0, -1.0]
    assert length_reward([""] * 7, completion_ids=ids, max_length=100, cache=20) == pytest.approx(expected)
    assert length_reward([""] * 7, completion_ids=ids, max_length=100) == pytest.approx(expected)  # a fifth
    ids = [[5] * length for length in range(150)]
    for cache in (0, 1, 7, 100):
        ours = length_reward([""] * 150, completion_ids=ids, max_length=100, cache=cache)
        theirs = get_soft_overlong_punishment(100, cache)(ids)
        assert ours == pytest.approx(theirs) or cache == 0
    hard = length_reward([""] * 150, completion_ids=ids, max_length=100, cache=0)
    assert hard == [0.0] * 101 + [-1.0] * 49


def test_warp_s_price_of_a_token():
    ids = [[5] * 200, []]
    assert length_reward(["a", ""], completion_ids=ids) == pytest.approx([-0.1, 0.0])
    assert length_reward(["a", ""], completion_ids=ids, per_token=0.001) == pytest.approx([-0.2, 0.0])
    both = length_reward(["a", ""], completion_ids=ids, per_token=0.001, max_length=100)
    assert both == pytest.approx([-1.2, 0.0])


def test_texts_alone_are_counted_with_a_tokenizer():
    assert length_reward(["abc", ""], tokenizer=tiny.tokenizer(), per_token=1.0) == [-3.0, 0.0]
    with pytest.raises(UserError, match="give completion_ids .* or tokenizer="):
        length_reward(["abc"], max_length=10)


def test_a_tokenizer_by_its_model_s_folder_is_read_once(tiny_folder, monkeypatch):
    """From plain data too; a name that is no model's is told when the reward is built."""
    read = []
    monkeypatch.setattr(gemma, "load_tokenizer", lambda source: read.append(source) or tiny.tokenizer())
    for reward in (
        functools.partial(length_reward, tokenizer=str(tiny_folder), per_token=1.0),
        functools.partial(length_reward, tokenizer=tiny_folder, per_token=1.0),
        build_reward({"brief": {"reward": "length_reward", "tokenizer": str(tiny_folder), "per_token": 1.0}}),
    ):
        assert reward(["abc", ""]) == reward(["abc", ""]) == [-3.0, 0.0]
    assert read == [str(tiny_folder)]
    monkeypatch.undo()
    with pytest.raises(UserError, match="component brief: model 'gemma-3-270n' is not .*did you mean 'gemma-3-270m'"):
        build_reward({"brief": {"reward": "length_reward", "tokenizer": "gemma-3-270n"}})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_length": 0}, "max_length must be a number of tokens"),
        ({"max_length": 10.5}, "max_length must be a number of tokens"),
        ({"max_length": 10, "cache": 11}, "cache must be a number of tokens from 0 to max_length"),
        ({"cache": 3}, "give max_length too"),
        ({"per_token": -0.1}, "it would pay for length"),
        ({"tokenizer": 3}, "tokenizer must be a model's name or folder, such as gemma-3-270m, not 3$"),
        ({"tokenizer": ["gemma"]}, r"not \['gemma'\] \(a column of the data\?"),
        ({"per_token": "0.1"}, "per_token must be a number"),
        ({"completion_ids": [[1], [2]]}, "completion_ids has 2 entries for 1 completions"),
    ],
)
def test_bad_lengths(arguments, message):
    with pytest.raises(UserError, match=message):
        length_reward(["a"], **{"completion_ids": [[1]], **arguments})


def test_stop_token_present():
    texts = ["Four.", "Four.", "Four", "", "Four"]
    ids = [[60, 106], [60, 1], [60, 61], [106], []]
    assert stop_reward(texts, completion_ids=ids) == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert stop_reward(["a", "a"], completion_ids=[[106, 60], [60, 107]]) == [0.0, 0.0]
    assert stop_token_ids(tiny.tokenizer(3)) == [1, 106] and stop_token_ids(tiny.tokenizer(2)) == [1, 107]
    assert stop_reward(["a", "a"], completion_ids=[[60, 107], [60, 106]], stop_ids=[1, 107]) == [1.0, 0.0]
    for arguments, message in (
        ({}, "needs completion_ids"),
        ({"completion_ids": [[1], [1]]}, "2 entries for 1"),
        ({"completion_ids": [[1]], "stop_ids": []}, "stop_ids must be a list of token ids"),
        ({"completion_ids": [[1]], "stop_ids": ["<eos>"]}, "stop_ids must be a list of token ids"),
    ):
        with pytest.raises(UserError, match=message):
            stop_reward(["a"], **arguments)


SOUND = {
    "empty": "",
    "short": "The answer is 4. The answer is 4. The answer is 4.",
    "list": "\n".join(f"- {name} is a city in {land} with {n} people." for name, land, n in [
        ("Lyon", "France", 520), ("Porto", "Portugal", 230), ("Graz", "Austria", 290), ("Gent", "Belgium", 260),
        ("Brno", "Czechia", 380), ("Turku", "Finland", 190), ("Bari", "Italy", 320), ("Cork", "Ireland", 210)]),
    "table": "| x | x² | x³ |\n|---|---|---|\n" + "\n".join(f"| {i} | {i * i} | {i**3} |" for i in range(1, 30)),
    "yes and no": "\n".join(f"{i}. {'True' if i % 3 else 'False'}" for i in range(1, 15)),
    "multiplication": "\n".join(f"7 × {i} = {7 * i}" for i in range(1, 21)),
    "code": "```python\nclass Point:\n" + "".join(
        f"    @property\n    def {n}(self):\n        return self._{n}\n\n    @{n}.setter\n    def {n}(self, value):\n"
        f"        self._{n} = value\n\n" for n in "xyzw") + "```",
    "json": "```json\n[\n" + ",\n".join(f'  {{"name": "{n}", "age": {a}, "active": true}}' for n, a in
        [("Ann", 3), ("Bob", 5), ("Cy", 8), ("Dee", 13), ("Eve", 21), ("Fay", 34)]) + "\n]\n```",
    "refrain": (
        "Row, row, row your boat,\nGently down the stream.\nMerrily, merrily, merrily, merrily,\nLife is but a dream.\n\n"  # noqa: E501
        "The sun climbs over the hill,\nThe willows bend and gleam,\nA heron stands there very still,\nAnd so it would "
        "seem.\n\nRow, row, row your boat,\nGently down the stream.\nMerrily, merrily, merrily, merrily,\nLife is but a dream."  # noqa: E501
    ),
    "rule": "Title\n" + "=" * 60 + "\n" + "-" * 100 + "\nSome words of text under two ruled lines ...",
    "laughter": "Ha ha ha ha! That was a good one. Now to your question: Paris is the capital of France.",
    "digits": "1/7 = 0.142857142857142857..., and 10^30 = 1000000000000000000000000000000.",
    "chinese": "春天来了，花园里的花都开了。孩子们在草地上奔跑，老人们坐在长椅上晒太阳。远处传来鸟儿的歌声，让人心情愉快。",  # noqa: E501
    "derivation": "$$x^2 + 4x + 4 = 9$$ $$(x + 2)^2 = 9$$ $$x + 2 = \\pm 3$$ so $x = 1$ or $x = -5$. Check: $$1^2 + 4\\cdot 1 "  # noqa: E501
        "+ 4 = 9$$ and $$(-5)^2 + 4 \\cdot (-5) + 4 = 9.$$",
}  # fmt: skip
LOOPS = {
    "word": "very " * 200,
    "letter": "a" * 600,
    "sentence": "I am not sure about that. " * 40,
    "counting": "".join(f"Step {i}: think about it once more. " for i in range(60)),
    "paragraph": " ".join(
        ["The committee met on Monday and agreed on a plan for the bridge, which is to be built next year."] * 12
    ),
    "two in turn": "Yes, it is true. No, it is not. " * 30,
    "chinese": "我觉得这个答案是对的。" * 40,
    "thai": "ฉันคิดว่าคำตอบนี้ถูกต้อง" * 30,
    "laughter": "哈" * 300,
    "signs": "!" * 500,
    "rule without end": "-" * 800,
    "decimals": "1/3 = 0." + "3" * 700,
    "emoji": "😂" * 300,
    "in a code block": "```\n" + "I am not sure about that.\n" * 60 + "```",
    "lines of code": "```python\n" + "x = x + 1\nprint(x)\n" * 60 + "```",
    "in a formula": "$" + "x + x + " * 100 + "x$",
    "in a table": "| a | b |\n" * 100,
    "blocks": "```python\nprint(1)\n```\nNow once more:\n" * 40,
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_repetition_costs_nothing(name):
    assert repetition_reward([SOUND[name]]) == [0.0]


@pytest.mark.parametrize("name", LOOPS)
def test_loops_cost_all(name):
    assert -1 <= repetition_reward([LOOPS[name]])[0] <= -0.85


def test_half_a_loop_costs_about_half_and_more_of_it_more():
    words = random.Random(0).sample([f"{a}{b}{c}" for a in "bdfgklmn" for b in "aeiou" for c in "bdfgklmnrst"], 300)
    text = " ".join(words)
    costs = [-repetition_reward([text + " over and over again" * times])[0] for times in (0, 10, 30, 75, 300)]
    assert costs[0] == 0 and costs == sorted(costs) and 0.35 < costs[3] < 0.55 and costs[4] > 0.75


def test_paragraphs_said_again_in_another_order_are_echoes():
    rng = random.Random(0)
    words = [f"{a}{b}{c}{d}" for a in "bdfgkl" for b in "aeiou" for c in "bdfgk" for d in "aeiou"]
    paragraphs = [" ".join(rng.sample(words, 40)) for _ in range(5)]
    assert repetition_reward([" ".join(paragraphs)]) == [0.0]
    again = [rng.choice(paragraphs) for _ in range(40)]
    assert repetition_reward([" ".join(again)])[0] < -0.6


def test_long_texts_take_little_time():
    rng = random.Random(0)
    texts = ["".join(rng.choice("ab ") for _ in range(200_000)), "a b " * 100_000, "`" * 100_000, "$" * 100_000,
             "|" * 100_000, "```\n" * 50_000, "\\begin{a}" * 20_000, "[asy]" * 20_000, "1" * 200_000]  # fmt: skip
    for text in texts:
        started = time.perf_counter()
        repetition_reward([text])
        assert time.perf_counter() - started < 2, text[:20]


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data (GSM8K, MATH)")
def test_correct_solutions_are_hardly_ever_repetition():
    replies = [json.loads(line)["answer"] for line in (SHARED / "gsm8k/test.jsonl").open()]
    for name in ("algebra", "number_theory", "prealgebra"):
        replies += [json.loads(line)["output"] for line in (SHARED / f"math/{name}.train.jsonl").open()]
    costs = repetition_reward(random.Random(0).sample(replies, 1000))
    assert sum(cost < 0 for cost in costs) <= 10 and sum(cost < -0.1 for cost in costs) <= 2


@pytest.mark.parametrize("language", TEXTS)
def test_a_reply_in_its_language_scores_one_and_in_another_nothing(language):
    other = "ko" if language in ("en", "fr") else "en"
    assert language_reward([TEXTS[language]] * 2, language=[language, other]) == [1.0, pytest.approx(0.0, abs=0.05)]


def test_mixed_replies_lie_between_by_their_letters():
    both = f"{TEXTS['de']} {TEXTS['en']}"
    german, english = language_reward([both, both], language=["de", "en"])
    assert german + english == pytest.approx(1.0) and 0.4 < german < 0.6
    mostly = f"{TEXTS['de']} {TEXTS['de']} {TEXTS['de']} {TEXTS['en']}"
    assert 0.7 < language_reward([mostly], language="de")[0] < 0.8
    switched = "We 首先 need to 计算 the sum of 两个 numbers, and 然后 divide it by two."
    assert 0.4 < language_reward([switched], language="en")[0] < 0.8
    terms = "我们使用Python和NumPy来处理数据，然后用Matplotlib画图。"
    assert language_reward([terms], language="zh") == [1.0]
    english = "我们 think that the answer is five because of the rule 对吧"
    assert language_reward([english], language="zh")[0] < 0.4


def test_what_is_no_prose_is_taken_out():
    code = "Der Code lautet wie folgt und ist sehr kurz:\n```python\ndef add(first, second):\n    # Return the sum of both numbers\n    return first + second\n```\nEr addiert zwei Zahlen."  # noqa: E501
    quotation = 'Im Lied heißt es "All you need is love", und damit ist alles gesagt, was man wissen muss.'
    formula = "Es gilt $\\text{area} = \\pi r^2$, also ist die Fläche des Kreises etwa 12,6 Quadratmeter groß."
    assert language_reward([code, quotation, formula], language="de") == [1.0] * 3


@pytest.mark.parametrize("text", ["", "  \n", "!!! ??? ...", "— – —", "🙂🙂🙂", "x " * 300, "$$ ** $$"])
def test_symbols_and_nothing_score_nothing(text):
    assert language_reward([text], language="de") == [0.0]


@pytest.mark.parametrize(
    "text", ["42", "Ja.", "OK", "```python\nx = [i for i in range(10)]\nprint(x)\n```", "$x^2$", "Angela Merkel"]
)
def test_too_little_to_tell_is_none(text):
    assert language_reward([text], language="de") == [None]


@pytest.mark.parametrize(
    "hidden", ["```\n{}\n```", '"{}"', "$ {} $", "```text\n{}\n```\nBitte.", "`{}`", "«{}»", "Hier:\n~~~\n{}\n~~~"]
)
def test_a_reply_cannot_hide_in_code_or_quotation_marks(hidden):
    assert language_reward([hidden.format(TEXTS["en"])], language="de")[0] <= 0.1
    assert language_reward([hidden.format(TEXTS["de"])], language="de")[0] >= 0.9


def test_the_language_comes_from_the_column_or_the_prompt():
    german, english = TEXTS["de"], TEXTS["en"]
    assert language_reward([german] * 4, language=["de-AT", "German", "DE", None]) == [1.0, 1.0, 1.0, None]
    asked = [{"role": "system", "content": english}, {"role": "user", "content": "Wann fährt der Zug morgen früh ab?"}]
    assert language_reward([german, english], prompts=[asked, asked]) == [1.0, pytest.approx(0.0, abs=0.05)]
    assert language_reward([german], prompts=["hi"]) == [None]
    assert language_reward([german], language=["en"], prompts=[asked])[0] <= 0.05  # the column goes first
    assert language_reward([], language=[]) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give the column language, or prompts"),
        ({"language": ["de", "xx"]}, "language of completion 2 is 'xx', which is no known ISO 639-1 code"),
        ({"language": ["de"]}, "language has 1 entries for 2 completions"),
        ({"prompts": ["a"]}, "prompts has 1 entries for 2 completions"),
        ({"language": "Klingon"}, "language of completion 1 is 'Klingon'"),
    ],
)
def test_bad_languages(arguments, message):
    with pytest.raises(UserError, match=message):
        language_reward(["a", "b"], **arguments)


def test_verdicts_do_not_depend_on_order_or_company():
    texts = list(TEXTS.values())
    together = language_reward(texts, language="de")
    assert together == language_reward(texts[::-1], language="de")[::-1]
    assert together == [language_reward([text], language="de")[0] for text in texts]


def test_a_step_of_grpo_with_all_of_them(tiny_folder, tmp_path):
    """TRL hands over the stop token as the last id, outside the text, and counts it in the length."""
    rewards = [format_reward, length_reward, stop_reward, repetition_reward, language_reward]
    trainer = reward_trainer.one_step(tiny_folder, tmp_path, rewards, {"language": ["en", "de"]}, beta=0.0)
    line = reward_trainer.logged(trainer)
    assert all(f"rewards/{reward.__name__}/mean" in line for reward in rewards)
    seen = trainer.seen
    assert line["rewards/stop_reward/mean"] == sum(stop_reward(**seen)) / 8
    assert line["rewards/length_reward/mean"] == pytest.approx(-0.0005 * line["completions/mean_length"], abs=1e-6)


def test_trl_leaves_the_stop_token_in_the_ids(tiny_folder, tmp_path):
    """Generation that must end at eight tokens: the last id is a stop token, and no text shows it."""
    forced = {"forced_eos_token_id": 106}
    trainer = reward_trainer.one_step(tiny_folder, tmp_path, [stop_reward], {}, generation_kwargs=forced)
    last = [ids[-1] for ids in trainer.seen["completion_ids"]]
    assert 106 in last and set(last) <= {1, 106}
    texts = completion_texts(trainer.seen["completions"])
    assert not any("end_of_turn" in text for text in texts)
    assert trainer.values.flatten().tolist() == [float(bool(text.strip())) for text in texts]


@pytest.mark.parametrize(
    "program",
    [
        "```python\nprint('hello world')\n```",
        'print("hello world, my dear friend")',
        "```python\n# Count the words of the text\ndef f(text):\n    words = text.split()\n    return len(words)\n```",
        "```html\n<p>Hello world, this is it</p>\n```",
        "~~~c\nfor (int i = 0; i < n; i++) {\n  total += values[i];\n}\n~~~",
    ],
)
def test_a_program_is_in_no_language(program):
    assert language_reward([program] * 2, language=["de", "en"]) == [None, None]


def test_nobody_hides_a_reply_in_a_code_block():
    block = "```\nThis is an answer in English that hides inside of a code block.\nlen(it)\n```"
    assert language_reward([block] * 2, language=["de", "en"]) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: format_reward([None]), "completion 1 must be a text or a list of messages, not None"),
        (lambda: format_reward(["a", 3]), "completion 2 must be a text or a list of messages, not 3"),
        (lambda: format_reward([["a"]]), "completion 1 must be a text or a list of messages"),
        (lambda: format_reward([[{"role": "assistant", "content": 3}]]), "completion 1: a message's content must be"),
        (lambda: format_reward("abc"), "completions must be a list with one entry a completion, not 'abc'"),
        (lambda: language_reward(["a"], prompts=[None]), "prompt 1 must be a text or a list of messages, not None"),
        (lambda: stop_reward(["a"], completion_ids=[[1]], stop_ids=106), "stop_ids must be a list of token ids"),
        (lambda: stop_reward(["a"], completion_ids=[None]), "completion_ids of completion 1 must be a list of token"),
        (lambda: length_reward(["a", "b"], completion_ids=[[1], 2]), "completion_ids of completion 2 must be a list"),
        (lambda: length_reward(["a"], completion_ids=[[1]], per_token=float("inf")), "per_token must be a number"),
        (lambda: length_reward(["a"], completion_ids=[[1]], per_token=float("nan")), "per_token must be a number"),
    ],
)
def test_what_no_trainer_hands_over_is_one_line(call, message):
    with pytest.raises(UserError, match=message):
        call()


def test_the_last_user_message_is_the_question():
    parts = [{"type": "text", "text": "Wie "}, {"type": "image"}, {"type": "text", "text": "geht es dir?"}]
    prompts = [
        "Hello",
        [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Yes?"},
            {"role": "user", "content": parts},
        ],
        [{"role": "system", "content": "Be kind."}],
        [{"role": "user", "content": None}],
    ]
    assert question_texts(prompts) == ["Hello", "Wie geht es dir?", "", ""]
