"""Random GPT-2s made on the spot, and every backend opened on one of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from persona.lm.backends import backend_names, open_backend
from persona.lm.protocol import Backend, ModelSpec

VOCABULARY, POSITIONS = 300, 128


def make_gpt2(folder: Path, seed: int = 0, **sizes: int) -> Path:
    """Write a checkpoint whose weights are wide apart, so that its greedy ids are no ties."""
    shape = {"n_embd": 64, "n_layer": 2, "n_head": 2, "n_positions": POSITIONS} | sizes
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=VOCABULARY, initializer_range=0.1, bos_token_id=0, eos_token_id=1, **shape
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a tiny GPT-2."""
    return make_gpt2(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a GPT-2 that takes a while to fill its window."""
    return make_gpt2(tmp_path_factory.mktemp("slow"), n_embd=256, n_layer=4, n_positions=1024)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one cache folder for all tests, with letters that need care."""
    return tmp_path_factory.mktemp("캐시 폴더")


@pytest.fixture(scope="session")
def reference(tiny: Path) -> Iterator[Backend]:
    """Open what the others are held to."""
    backend = open_backend(ModelSpec(folder=tiny, backend="reference")).backend
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def raw_logits(tiny: Path) -> Callable[[list[int]], torch.Tensor]:
    """Give a function that computes the logits [V] after some ids, by transformers alone."""
    model = GPT2LMHeadModel.from_pretrained(tiny).eval()
    return lambda ids: model(torch.tensor([ids])).logits[0, -1].detach()


@pytest.fixture(scope="session", params=backend_names())
def backend(request: pytest.FixtureRequest, tiny: Path, cache: Path) -> Iterator[Backend]:
    """Open each backend that lies in the folder, in 32 bits."""
    spec = ModelSpec(folder=tiny, backend=request.param, precision="f32", cache_dir=cache)
    opened = open_backend(spec).backend
    yield opened
    opened.close()
