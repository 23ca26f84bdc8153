"""Every file in the folder keeps the one promise of a backend."""

import math
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from persona.lm.backends import backend_names, open_backend
from persona.lm.protocol import Backend, EngineError, ModelSpec, Sampling
from persona.lm.sampling import penalize
from tests.persona.lm.conftest import POSITIONS, VOCABULARY

GREEDY = Sampling(temperature=0, max_new_tokens=40)
WIDE = Sampling(temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=12)
TIE = 1e-3
PROMPTS = [[random.Random(n).randrange(VOCABULARY) for _ in range(3 + 7 * n)] for n in range(9)]


def test_the_folder_was_looked_through() -> None:
    assert {"llamacpp", "reference", "torch"} <= set(backend_names())


def test_it_says_what_it_is(backend: Backend) -> None:
    assert backend.name in backend_names()
    assert backend.device == "cpu"
    assert backend.n_positions == POSITIONS


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"repetition_penalty": 1.3},
        {"frequency_penalty": 0.4, "presence_penalty": 0.3},
        {"repetition_penalty": 0.9, "frequency_penalty": 0.1},
    ],
    ids=str,
)
@pytest.mark.parametrize("prompt", PROMPTS, ids=len)
def test_greedy_ids_are_those_of_the_reference(
    backend: Backend,
    reference: Backend,
    raw_logits: Callable[[list[int]], torch.Tensor],
    prompt: list[int],
    rules: dict[str, float],
) -> None:
    how = replace(GREEDY, **rules)
    ours, theirs = (list(b.generate(prompt, how)) for b in (backend, reference))
    assert len(ours) == len(theirs) == how.max_new_tokens
    pairs = zip(ours, theirs, strict=True)
    place = next((n for n, (a, b) in enumerate(pairs) if a != b), None)
    if place is not None:  # a tie may fall either way, and what follows is another text
        before = [*prompt, *theirs[:place]]
        penalties = (how.repetition_penalty, how.frequency_penalty, how.presence_penalty)
        logits = penalize(raw_logits(before), before, *penalties)
        assert abs(float(logits[ours[place]] - logits[theirs[place]])) < TIE


@pytest.mark.parametrize("prompt", PROMPTS[:4], ids=len)
def test_scores_are_those_of_the_reference(
    backend: Backend, reference: Backend, prompt: list[int]
) -> None:
    ours, theirs = backend.score(prompt), reference.score(prompt)
    assert len(ours) == len(prompt) - 1
    assert ours == pytest.approx(theirs, abs=5e-3)


def test_the_likeliest_come_first(backend: Backend, reference: Backend) -> None:
    prompt = PROMPTS[3]
    ranks = backend.top(prompt, VOCABULARY)
    assert [token for token, _ in ranks[:5]] == [token for token, _ in reference.top(prompt, 5)]
    scores = [score for _, score in ranks]
    assert scores == sorted(scores, reverse=True)
    assert sum(map(math.exp, scores)) == pytest.approx(1, abs=1e-4)
    assert [token for token, _ in backend.top(prompt, 3)] == [token for token, _ in ranks[:3]]
    assert next(backend.generate(prompt, GREEDY)) == ranks[0][0]


def test_only_the_end_ids_end_it_and_are_left_out(backend: Backend) -> None:
    prompt = PROMPTS[2]
    whole = list(backend.generate(prompt, GREEDY))
    end = whole[10]
    first = whole.index(end)
    assert list(backend.generate(prompt, replace(GREEDY, end_ids=(299, end)))) == whole[:first]


def test_a_temperature_of_next_to_nothing_is_greedy(backend: Backend) -> None:
    greedy, cold = (
        list(backend.generate(PROMPTS[2], replace(WIDE, temperature=t))) for t in (0, 1e-45)
    )
    assert cold == greedy
    assert len(list(backend.generate(PROMPTS[2], replace(WIDE, temperature=1e-3)))) == 12


def test_the_end_id_of_the_config_is_an_id_like_any_other(backend: Backend) -> None:
    wild = replace(WIDE, temperature=50.0, max_new_tokens=POSITIONS - 4)
    assert any(1 in backend.generate([5], replace(wild, seed=seed)) for seed in range(60))


def test_a_seed_repeats_and_another_does_not(backend: Backend) -> None:
    def draw(seed: int | None) -> list[int]:
        return list(backend.generate(PROMPTS[1], replace(WIDE, temperature=3.0, seed=seed)))

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)
    assert draw(2**31 + 1) == draw(2**31 + 1)
    assert draw(None) != draw(None)


@pytest.mark.parametrize(
    "rules",
    [
        {"top_k": 5},
        {"top_p": 0.3},
        {"min_p": 0.5},
        {"top_k": 20, "top_p": 0.5, "temperature": 2.0},
        {"top_k": 20, "min_p": 0.4, "temperature": 0.5},
    ],
    ids=str,
)
def test_only_candidates_are_chosen(
    backend: Backend, reference: Backend, rules: dict[str, float]
) -> None:
    how = replace(WIDE, max_new_tokens=1, **rules)
    for prompt in PROMPTS[:4]:
        allowed = allowed_ids(reference, prompt, how)
        for seed in range(25):
            (token,) = backend.generate(prompt, replace(how, seed=seed))
            assert token in allowed


def allowed_ids(reference: Backend, prompt: list[int], how: Sampling) -> set[int]:
    """Work out the candidates from the definition, with a hair's breadth of room at the edges."""
    ranks = [(t, math.exp(s / how.temperature)) for t, s in reference.top(prompt, VOCABULARY)]
    ranks = ranks[: how.top_k or None]
    total = sum(weight for _, weight in ranks)
    allowed, before = set(), 0.0
    for token, weight in ranks:
        if before < how.top_p + 1e-3 and weight >= how.min_p * ranks[0][1] * 0.999:
            allowed.add(token)
        before += weight / total
    assert len(allowed) < VOCABULARY
    return allowed


@pytest.mark.parametrize("rule", [{"beams": 3}, {"no_repeat_ngram": 2}], ids=str)
def test_what_it_cannot_do_is_an_error_and_never_ignored(
    backend: Backend, rule: dict[str, int]
) -> None:
    prompt, how = PROMPTS[4], replace(GREEDY, repetition_penalty=0.7)
    plain = list(backend.generate(prompt, how))
    try:
        other = list(backend.generate(prompt, replace(how, **rule)))
    except EngineError as error:
        sentence = str(error)
    else:
        assert other != plain
        return
    assert next(iter(rule)) in sentence
    assert any(name in sentence for name in backend_names() if name != backend.name)


@pytest.mark.parametrize(
    "ids", [[], [VOCABULARY], [-1], [1] * POSITIONS, [1] * (POSITIONS + 5)], ids=len
)
def test_a_prompt_that_cannot_be_read_is_a_sentence(backend: Backend, ids: list[int]) -> None:
    with pytest.raises(EngineError):
        list(backend.generate(ids, GREEDY))
    assert len(list(backend.generate([1, 2], GREEDY))) == 40


def test_the_window_can_be_filled_to_the_last_place(backend: Backend) -> None:
    for room in (1, 2):
        prompt = [3] * (POSITIONS - room)
        how = replace(GREEDY, max_new_tokens=room)
        assert len(list(backend.generate(prompt, how))) == room
    assert len(backend.score([4] * POSITIONS)) == POSITIONS - 1


def test_eight_at_once_all_finish_with_what_they_would_get_alone(backend: Backend) -> None:
    prompts = PROMPTS[:8]
    alone = [list(backend.generate(prompt, GREEDY)) for prompt in prompts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda prompt: list(backend.generate(prompt, GREEDY)), prompts))
    assert [len(ids) for ids in together] == [40] * 8
    assert (
        sum(a == b for a, b in zip(alone, together, strict=True)) >= 7
    )  # ties may fall either way


def test_a_slow_reader_holds_nobody_up(backend: Backend) -> None:
    slow = [backend.generate(prompt, GREEDY) for prompt in PROMPTS]
    assert all(next(stream) >= 0 for stream in slow)
    started = time.monotonic()
    for prompt in PROMPTS:
        assert len(list(backend.generate(prompt, GREEDY))) == 40
    assert time.monotonic() - started < 30
    assert [len(list(stream)) for stream in slow] == [39] * len(slow)


def test_leaving_ends_the_reply(backend: Backend) -> None:
    for _ in range(30):
        stream = backend.generate(PROMPTS[1], replace(WIDE, max_new_tokens=100))
        next(stream)
        stream.close()
        assert list(stream) == []
    assert len(list(backend.generate(PROMPTS[1], GREEDY))) == 40


def test_leaving_while_another_thread_reads_ends_its_reading(backend: Backend) -> None:
    stream = backend.generate(PROMPTS[1], replace(WIDE, max_new_tokens=100))
    reader = threading.Thread(target=list, args=(stream,))
    reader.start()
    stream.close()
    reader.join(10)
    assert not reader.is_alive()


@pytest.mark.parametrize("name", backend_names())
def test_a_broken_checkpoint_is_a_sentence(name: str, tmp_path: Path, cache: Path) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        open_backend(ModelSpec(folder=tmp_path, backend=name, cache_dir=cache))


@pytest.mark.parametrize("name", backend_names())
def test_closing_is_the_end(name: str, tiny: Path, cache: Path) -> None:
    backend = open_backend(ModelSpec(folder=tiny, backend=name, cache_dir=cache)).backend
    assert len(list(backend.generate([1, 2], GREEDY))) == 40
    backend.close()
    backend.close()
