"""Formats: every public one in one shape, told by its columns; every fault one line that names row and column."""

import json

import pytest

from posttrain.data.formats import FORMATS, as_kind, detect_format, last_boxed, read_row
from posttrain.errors import UserError

USER, MODEL = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}
CHAT = [USER, MODEL]
SYSTEM = {"role": "system", "content": "Be brief."}
WRONG = {"role": "assistant", "content": "5"}
PREFERENCE = {"prompt": [USER], "chosen": [MODEL], "rejected": [WRONG]}
CODE = "```python\ndef f(x):\n    return x\n```"
# name -> (format, raw row, the row)
ROWS = {
    "messages": ("messages", {"messages": CHAT}, {"messages": CHAT}),
    "messages and answer": ("messages", {"messages": CHAT, "answer": 4}, {"messages": CHAT, "answer": "4"}),
    "messages as JSON text": ("messages", {"messages": json.dumps(CHAT)}, {"messages": CHAT}),
    "system stays apart": ("messages", {"messages": [SYSTEM, *CHAT]}, {"messages": [SYSTEM, *CHAT]}),
    "model is assistant": ("messages", {"messages": [USER, MODEL | {"role": "model"}]}, {"messages": CHAT}),
    "ShareGPT": (
        "sharegpt",
        {"conversations": [{"from": "human", "value": " 2+2? "}, {"from": "gpt", "value": "4"}]},
        {"messages": CHAT},
    ),
    "ShareGPT with system": (
        "sharegpt",
        {"conversation": [{"from": "user", "value": "2+2?"}, {"from": "model", "value": "4"}], "system": "Be brief."},
        {"messages": [SYSTEM, *CHAT]},
    ),
    "prompt and completion": ("prompt_completion", {"prompt": "2+2?", "completion": "4"}, {"messages": CHAT}),
    "prompt and response": ("prompt_completion", {"prompt": "2+2?", "response": "4"}, {"messages": CHAT}),
    "both as messages": ("prompt_completion", {"prompt": CHAT[:1], "completion": CHAT[1:]}, {"messages": CHAT}),
    "question and answer": (
        "question_answer",
        {"question": "2+2?", "answer": "4"},
        {"messages": CHAT, "answer": "4"},
    ),
    "GSM8K": (
        "question_answer",
        {"question": "3 bags of 4, 1 lost?", "answer": "3*4=<<3*4=12>>12\n12-1=<<12-1=11>>11\n#### 11"},
        {
            "messages": [
                {"role": "user", "content": "3 bags of 4, 1 lost?"},
                {"role": "assistant", "content": "3*4=12\n12-1=11\n#### 11"},
            ],
            "answer": "11",
        },
    ),
    "prose is left as it is": (  # only `####` makes calculator marks and a final answer; `<<` in code is code
        "question_answer",
        {"question": "2+2?", "answer": "cout << x >> y;\nand <<NAME>>."},
        {"messages": [USER, {"role": "assistant", "content": "cout << x >> y;\nand <<NAME>>."}]},
    ),
    "MATH": (
        "math",
        {"problem": "2+2?", "solution": "It is $\\boxed{\\frac{8}{2}}$.", "level": "Level 1", "type": "Algebra"},
        {
            "messages": [USER, {"role": "assistant", "content": "It is $\\boxed{\\frac{8}{2}}$."}],
            "answer": "\\frac{8}{2}",
        },
    ),
    "MATH with its answer": ("math", {"input": "2+2?", "output": "4", "answer": 4}, {"messages": CHAT, "answer": "4"}),
    "Alpaca": (
        "alpaca",
        {"instruction": "Add.", "input": "2 and 2", "output": "4"},
        {"messages": [{"role": "user", "content": "Add.\n\n2 and 2"}, MODEL]},
    ),
    "Alpaca without input": ("alpaca", {"instruction": "2+2?", "input": "", "output": "4"}, {"messages": CHAT}),
    "Alpaca with no input column": ("alpaca", {"instruction": "2+2?", "output": "4"}, {"messages": CHAT}),
    "Dolly": (
        "alpaca",
        {"instruction": "Add.", "context": "2 and 2", "response": "4", "category": "qa"},
        {"messages": [{"role": "user", "content": "Add.\n\n2 and 2"}, MODEL]},
    ),
    "HH-RLHF": (
        "preference",
        {
            "chosen": "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: 2+2?\n\nAssistant: 4",
            "rejected": "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: 2+2?\n\nAssistant: 5",
        },
        {
            "prompt": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, USER],
            "chosen": [MODEL],
            "rejected": [WRONG],
        },
    ),
    "HH-RLHF that parts early": (  # the sides differ from the second reply on
        "preference",
        {
            "chosen": "\n\nHuman: 2+2?\n\nAssistant: 4\n\nHuman: 2+2?\n\nAssistant: 4",
            "rejected": "\n\nHuman: 2+2?\n\nAssistant: 5",
        },
        {"prompt": [USER], "chosen": [MODEL, USER, MODEL], "rejected": [WRONG]},
    ),
    "preference in text": ("preference", {"prompt": "2+2?", "chosen": "4", "rejected": "5"}, PREFERENCE),
    "preference in messages": (
        "preference",
        {"prompt": "2+2?", "chosen": [USER, MODEL], "rejected": [USER, WRONG]},
        PREFERENCE,
    ),
    "preference with replies alone": (
        "preference",
        {"prompt": [USER], "chosen": [MODEL], "rejected": [WRONG]},
        PREFERENCE,
    ),
    "IFEval": (
        "ifeval",
        {
            "key": 1,
            "prompt": "2+2?",
            "instruction_id_list": ["punctuation:no_comma", "keywords:existence"],
            "kwargs": [{}, {"keywords": ["a"], "num_words": None}],
        },
        {
            "prompt": [USER],
            "instruction_id_list": ["punctuation:no_comma", "keywords:existence"],
            "instruction_kwargs": [{}, {"keywords": ["a"]}],
        },
    ),
    "HumanEval": (
        "humaneval",
        {
            "prompt": "def f(x):\n",
            "test": "def check(c): pass",
            "entry_point": "f",
            "canonical_solution": "    return x",
        },
        {
            "messages": [
                {"role": "user", "content": "Complete this Python function.\n\n```python\ndef f(x):\n```"},
                {"role": "assistant", "content": CODE},
            ],
            "tests": "def check(c): pass",
            "entry_point": "f",
        },
    ),
    "MBPP": (
        "mbpp",
        {"text": "Identity.", "code": "def f(x):\n    return x\n", "test_list": ["assert f(1) == 1"]},
        {
            "messages": [
                {
                    "role": "user",
                    "content": "Identity.\n\nYour code should pass these tests:\n\n```python\nassert f(1) == 1\n```",
                },
                {"role": "assistant", "content": CODE},
            ],
            "tests": ["assert f(1) == 1"],
        },
    ),
    "MBPP with what its asserts stand on": (
        "mbpp",
        {
            "prompt": "Identity.",
            "test_imports": ["import math"],
            "test_setup_code": "x = 1\n",
            "test_list": ["assert f(x) == 1"],
        },
        {
            "prompt": [
                {
                    "role": "user",
                    "content": "Identity.\n\nYour code should pass these tests:\n\n```python\nassert f(x) == 1\n```",
                }
            ],
            "tests": ["import math", "x = 1", "assert f(x) == 1"],
        },
    ),
    "chosen and rejected of a question": (
        "preference",
        {"system": "Be brief.", "question": "2+2?", "chosen": "4", "rejected": "5"},
        PREFERENCE | {"prompt": [SYSTEM, USER]},
    ),
    "chosen and rejected of an instruction": (
        "preference",
        {"instruction": "Add.", "input": "2+2?", "chosen": "4", "rejected": "5"},
        PREFERENCE | {"prompt": [{"role": "user", "content": "Add.\n\n2+2?"}]},
    ),
    "a system column beside a prompt": (
        "prompt",
        {"prompt": "2+2?", "system": "Be brief."},
        {"prompt": [SYSTEM, USER]},
    ),
    "a system column beside messages": (
        "messages",
        {"messages": CHAT, "system": "Be brief."},
        {"messages": [SYSTEM, *CHAT]},
    ),
    "a system column that the messages repeat": (
        "messages",
        {"messages": [SYSTEM, *CHAT], "system": "Be brief."},
        {"messages": [SYSTEM, *CHAT]},
    ),
    "samples": (
        "samples",
        {"prompt": "2+2?", "samples": ["4", "5"], "scores": [1, 0.0], "answer": "4"},
        {"prompt": [USER], "samples": ["4", "5"], "scores": [1, 0.0], "answer": "4"},
    ),
    "prompt": ("prompt", {"prompt": "2+2?", "answer": "4"}, {"prompt": [USER], "answer": "4"}),
}


@pytest.mark.parametrize("name", ROWS)
def test_every_format_is_told_by_its_columns_and_read(name):
    format, raw, row = ROWS[name]
    before = json.dumps(raw)
    assert detect_format(raw, "row 1") == format
    assert read_row(raw, "row 1") == read_row(raw, "row 1", format) == row
    assert json.dumps(raw) == before


def test_every_format_is_tested():
    assert {format for format, _, _ in ROWS.values()} == set(FORMATS)


def test_columns_of_null_do_not_tell_a_format():
    """A Parquet table of several kinds has every column in every row."""
    raw = {"messages": None, "prompt": "2+2?", "completion": "4", "chosen": None, "rejected": None}
    assert detect_format(raw, "row 1") == "prompt_completion"


def test_a_stated_format_goes_before_what_the_columns_tell():
    raw = {"instruction": "You are a calculator.", "input": "2+2?", "output": "4", "answer": "4"}
    assert detect_format(raw, "row 1") == "alpaca"
    assert read_row(raw, "row 1", "math") == {"messages": CHAT, "answer": "4"}


def test_further_columns_are_kept_when_asked_for():
    raw = {"messages": CHAT, "level": 3, "topic": "sums"}
    assert read_row(raw, "row 1", columns=("level",)) == {"messages": CHAT, "level": 3}
    with pytest.raises(UserError, match=r"^row 1: no column 'levels' \(columns: messages, level, topic\)$"):
        read_row(raw, "row 1", columns=("levels",))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("$\\boxed{4}$", "4"),
        ("\\boxed{1} then \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("\\boxed{\\text{a {b} c}}.", "\\text{a {b} c}"),
        ("\\boxed{4", None),
        ("so \\fbox{7}.", "7"),
        ("$\\boxed {7}$", "7"),
        ("so we have $3 - 1 = \\boxed 2$.", "2"),  # two solutions of MATH's algebra
        ("\\boxed{3}, no: $\\boxed 2$", "2"),
        ("\\boxedtext{4}", None),
        ("no box", None),
    ],
)
def test_last_boxed(text, answer):
    assert last_boxed(text) == answer


def test_a_row_in_every_kind():
    chat = {"messages": CHAT, "answer": "4"}
    assert as_kind(chat, "chat", "row 1") == chat
    assert as_kind(chat, "prompt", "row 1") == {"prompt": [USER], "answer": "4"}
    assert as_kind(PREFERENCE, "chat", "row 1") == {"messages": CHAT}
    assert as_kind(PREFERENCE, "prompt", "row 1") == {"prompt": [USER]}
    assert as_kind(PREFERENCE, "preference", "row 1") == PREFERENCE
    with pytest.raises(UserError, match="^row 1: a preference needs `chosen` and `rejected`$"):
        as_kind(chat, "preference", "row 1")
    with pytest.raises(
        UserError, match="^row 1: a chat row needs a reply, and this one has only a prompt .no `completion`"
    ):
        as_kind({"prompt": [USER]}, "chat", "row 1")


FAULTS = {
    "no object": ([1, 2], None, r"a row must be a JSON object, found list$"),
    "unknown columns": ({"text": "x", "label": 1}, None, r"columns text, label fit no known format; give `messages`, "),
    "no columns": ({}, None, r"columns \(none\) fit no known format"),
    "unknown format": ({"text": "x"}, "sharegbt", r"unknown format 'sharegbt'; known are ifeval, "),
    "a missing column": (
        {"question": "x", "reply": "y"},
        "question_answer",
        r"format question_answer needs `answer` \+ `question`, found columns question, reply$",
    ),
    "no messages": ({"messages": []}, None, r"`messages` must be a list of at least one entry, found \[\]$"),
    "messages as broken JSON": ({"messages": "[{"}, None, r"`messages` is not readable as JSON \("),
    "two user turns": ({"messages": [USER, *CHAT]}, None, r"roles must alternate, found user after user$"),
    "unknown role": (
        {"messages": [{"role": "human", "content": "x"}]},
        None,
        r"message 1 has role 'human'; known are system, ",
    ),
    "role that is no text": (
        {"messages": [{"role": ["user"], "content": "x"}]},
        None,
        r"message 1 has role \['user'\]",
    ),
    "a tool call of ShareGPT": ({"conversations": [{"from": "function_call", "value": "x"}]}, None, "'function_call'"),
    "a tool turn": ({"conversations": [{"from": "tool", "value": "x"}]}, None, r"message 1 has role 'tool'"),
    "ShareGPT without value": ({"conversations": [{"from": "human"}]}, None, r"entry 1 must have `from` and `value`"),
    "number as question": ({"question": 1, "answer": "x"}, None, r"`question` must be text, found int$"),
    "number as prompt": ({"prompt": 1, "completion": "x"}, None, r"has a content of type int, not text$"),
    "number as instruction": ({"instruction": 1, "output": "x"}, None, r"`instruction` must be text, found int$"),
    "number as chosen": ({"prompt": "x", "chosen": 1, "rejected": "y"}, None, r"`chosen` must be text or a list of"),
    "chosen without prompt": ({"chosen": "a", "rejected": "b"}, None, r"holds only a reply, and there is no `prompt`$"),
    "chosen that is no message": (
        {"chosen": [1], "rejected": [2]},
        None,
        r"`chosen` must be a list of {role, content}",
    ),
    "chosen ends with the user": (
        {"chosen": "\n\nHuman: a\n\nAssistant: b\n\nHuman: c", "rejected": "\n\nHuman: a\n\nAssistant: c"},
        None,
        r"`chosen` must end with a reply$",
    ),
    "kwargs of another length": (
        {"prompt": "x", "instruction_id_list": ["a"], "kwargs": []},
        None,
        r"`instruction_id_list` and `kwargs` must be lists of one length$",
    ),
    "half a character": ({"prompt": "a", "completion": "\ud83d"}, None, r"half a character .*surrogate"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_line_that_names_row_and_column(name):
    raw, format, message = FAULTS[name]
    with pytest.raises(UserError, match=message) as caught:
        read_row(raw, "row 7 of a.jsonl", format)
    assert "\n" not in str(caught.value)
    assert name == "unknown format" or str(caught.value).startswith("row 7 of a.jsonl: ")
