"""Our own loop: one batch for all, and nothing computed twice."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from persona.lm.backends.torch import TorchBackend, open_model
from persona.lm.gpt2 import Gpt2, Places
from persona.lm.protocol import EngineError, ModelSpec, Sampling
from persona.lm.weights import load_tensors, read_shape

GREEDY = Sampling(temperature=0, max_new_tokens=20)


class Watched(Gpt2):
    """A model that notes what it computes, and waits or fails when it is told to."""

    def __init__(self, folder: Path, slots: int) -> None:
        shape = read_shape(folder)
        tensors = load_tensors(folder, shape)
        super().__init__(tensors, shape, slots + 1, torch.device("cpu"), torch.float32)
        self.sizes: list[tuple[int, int]] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.fails = False
        self.poisoned = -1  # an id; what follows it is no number

    def forward(self, ids: torch.Tensor, places: Places, *, every: bool = False) -> torch.Tensor:
        self.go_on.wait()
        if self.fails:
            raise RuntimeError("CUDA out of memory")
        self.sizes.append((ids.shape[0], ids.shape[1]))
        logits = super().forward(ids, places, every=every).clone()
        for row, read in zip(logits, ids.tolist(), strict=True):
            if self.poisoned in read:
                row.fill_(torch.nan)
        return logits


def watched(folder: Path, slots: int = 8) -> tuple[Watched, TorchBackend]:
    model = Watched(folder, slots)
    return model, TorchBackend(model, slots)


def test_those_who_ask_at_once_share_their_steps(tiny: Path) -> None:
    model, backend = watched(tiny)
    model.go_on.clear()
    streams = [backend.generate([n, n + 1], GREEDY) for n in range(8)]
    model.go_on.set()
    assert [len(list(stream)) for stream in streams] == [20] * 8
    steps = [rows for rows, length in model.sizes if length == 1]
    assert max(steps) == 8
    assert len(steps) < 2 * 20
    backend.close()


def test_more_than_there_are_slots_wait_their_turn(tiny: Path) -> None:
    model, backend = watched(tiny, slots=2)
    streams = [backend.generate([n, n + 1], GREEDY) for n in range(7)]
    assert [len(list(stream)) for stream in streams] == [20] * 7
    assert max(rows for rows, _ in model.sizes) == 2
    backend.close()


def test_one_who_leaves_frees_the_only_slot(tiny: Path) -> None:
    model, backend = watched(tiny, slots=1)
    model.go_on.clear()
    long = backend.generate([1, 2], replace(GREEDY, max_new_tokens=120))
    waiting = backend.generate([3, 4], GREEDY)
    long.close()
    model.go_on.set()
    assert len(list(waiting)) == 20
    assert len(model.sizes) < 30
    backend.close()


def test_one_who_leaves_while_waiting_is_never_begun(tiny: Path) -> None:
    model, backend = watched(tiny, slots=1)
    model.go_on.clear()
    first = backend.generate([1, 2], GREEDY)
    backend.generate([5] * 50, GREEDY).close()
    model.go_on.set()
    assert len(list(first)) == 20
    assert len(list(backend.generate([3, 4], GREEDY))) == 20
    assert all(length < 50 for _, length in model.sizes)
    backend.close()


def test_the_next_turn_computes_only_what_is_new(tiny: Path) -> None:
    model, backend = watched(tiny)
    first = list(range(20, 60))
    second = [*first, *backend.generate(first, GREEDY), 7, 8, 9]
    model.sizes.clear()
    stream = backend.generate(second, GREEDY)
    reply = list(stream)
    assert stream.cached == len(second) - 4
    assert model.sizes[0] == (1, 4)
    backend.close()
    _, fresh = watched(tiny)
    stream = fresh.generate(second, GREEDY)
    assert (list(stream), stream.cached) == (reply, 0)
    fresh.close()


def test_a_header_that_others_have_too_is_copied(tiny: Path) -> None:
    _, backend = watched(tiny)
    header = list(range(100, 120))
    list(backend.generate([*header, *range(30)], GREEDY))
    stream = backend.generate([*header, 200, 201], GREEDY)
    with_header = list(stream)
    assert stream.cached == 20
    stream = backend.generate([*header, *range(30), 7], GREEDY)
    next(stream)
    assert stream.cached == 50
    backend.close()
    _, fresh = watched(tiny)
    assert list(fresh.generate([*header, 200, 201], GREEDY)) == with_header
    fresh.close()


def test_a_failing_step_fails_those_in_it_and_no_one_after(tiny: Path) -> None:
    model, backend = watched(tiny)
    model.go_on.clear()
    streams = [backend.generate([n], GREEDY) for n in (1, 2)]
    model.fails = True
    model.go_on.set()
    for stream in streams:
        with pytest.raises(EngineError, match="CUDA out of memory"):
            list(stream)
    with pytest.raises(EngineError, match="CUDA out of memory"):
        backend.score([1, 2])
    model.fails = False
    assert len(list(backend.generate([1], GREEDY))) == 20
    assert len(backend.score([1, 2, 3])) == 2
    backend.close()


def test_numbers_that_fail_one_reply_fail_no_other(tiny: Path) -> None:
    model, backend = watched(tiny, slots=2)
    model.go_on.clear()
    model.poisoned = 7
    innocent = backend.generate([1, 2], GREEDY)
    bad = [backend.generate([n, 7], Sampling()) for n in range(3)]  # more than there are slots
    model.go_on.set()
    assert len(list(innocent)) == 20
    for stream in bad:
        with pytest.raises(EngineError, match="send it again"):
            list(stream)
    backend.close()


def test_closing_ends_those_who_still_wait(tiny: Path) -> None:
    model, backend = watched(tiny, slots=1)
    model.go_on.clear()
    streams = [backend.generate([n], replace(GREEDY, max_new_tokens=120)) for n in (1, 2)]
    threading.Timer(0.1, model.go_on.set).start()
    backend.close()
    for stream in streams:
        with pytest.raises(EngineError, match="being closed"):
            list(stream)
    with pytest.raises(EngineError, match="being closed"):
        backend.generate([1], GREEDY)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"device": "cuda"}, "choose the device cpu"),
        ({"precision": "bf16"}, "choose f32"),
        ({"precision": "q8_0"}, "choose llamacpp"),
    ],
)
def test_what_it_cannot_open_is_a_sentence(tiny: Path, spec: dict[str, str], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        open_model(ModelSpec(folder=tiny, **spec))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["f32", "bf16", "f16"])
def test_a_gpu_samples_what_its_seed_says(tiny: Path, precision: str) -> None:
    backend = open_model(ModelSpec(folder=tiny, device="cuda", precision=precision))
    how = Sampling(temperature=1.5, top_k=50, top_p=0.95, min_p=0.01, seed=3, max_new_tokens=30)
    first, second = (list(backend.generate([1, 2, 3], how)) for _ in range(2))
    assert first == second
    assert backend.device.startswith("cuda")
    if precision == "f32":
        on_cpu = open_model(ModelSpec(folder=tiny, device="cpu"))
        assert list(backend.generate([1, 2], GREEDY)) == list(on_cpu.generate([1, 2], GREEDY))
        on_cpu.close()
    backend.close()
