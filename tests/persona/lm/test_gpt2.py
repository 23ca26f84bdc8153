"""The cache changes how much is computed, never what."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from persona.lm.gpt2 import Gpt2, Places, pick_device
from persona.lm.protocol import EngineError
from persona.lm.weights import load_tensors, read_shape

TEXT = [5, 6, 7, 100, 23, 8, 299, 0, 4, 4]


@pytest.fixture
def model(tiny: Path) -> Gpt2:
    shape = read_shape(tiny)
    return Gpt2(load_tensors(tiny, shape), shape, 4, torch.device("cpu"), torch.float32)


def all_logits(model: Gpt2, ids: list[int], slot: int = 3) -> torch.Tensor:
    return model.forward(torch.tensor([ids]), Places([slot], [0]), every=True)[0]


def test_piece_by_piece_gives_the_same_as_at_once(model: Gpt2) -> None:
    whole = all_logits(model, TEXT)
    first = model.forward(torch.tensor([TEXT[:4]]), Places([1], [0]))
    assert torch.allclose(first[0], whole[3], atol=1e-5)
    for place in range(4, len(TEXT)):
        step = model.forward(torch.tensor([[TEXT[place]]]), Places([1], [place]))
        assert torch.allclose(step[0], whole[place], atol=1e-5)


def test_the_logits_are_those_of_transformers(
    model: Gpt2, raw_logits: Callable[[list[int]], torch.Tensor]
) -> None:
    assert torch.allclose(all_logits(model, TEXT)[-1], raw_logits(TEXT), atol=2e-5)


@pytest.mark.parametrize("slots", [[0, 1], [0, 2], [1, 2]])
def test_texts_of_different_lengths_share_a_step(model: Gpt2, slots: list[int]) -> None:
    long, short = TEXT, [9, 8, 7]
    for slot, ids in zip(slots, (long, short), strict=True):
        model.forward(torch.tensor([ids[:-1]]), Places([slot], [0]))
    ends = [len(long) - 1, len(short) - 1]
    step = model.forward(torch.tensor([long[-1:], short[-1:]]), Places(slots, ends))
    assert torch.allclose(step[0], all_logits(model, long)[-1], atol=1e-5)
    assert torch.allclose(step[1], all_logits(model, short)[-1], atol=1e-5)


def test_a_copied_beginning_serves_as_well_as_a_computed_one(model: Gpt2) -> None:
    all_logits(model, TEXT, slot=2)
    model.copy(2, 0, 6)
    rest = model.forward(torch.tensor([TEXT[6:]]), Places([0], [6]))
    assert torch.allclose(rest[0], all_logits(model, TEXT)[-1], atol=1e-5)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said() -> None:
    assert pick_device("auto") == pick_device("cpu") == torch.device("cpu")
    with pytest.raises(EngineError, match="choose the device cpu"):
        pick_device("cuda")
