"""Our rules of sampling are those of transformers, step by step and all together."""

from typing import Any

import pytest
import torch
from transformers.generation import logits_process as theirs

from persona.lm.protocol import Sampling
from persona.lm.sampling import candidates, forbid, new_generator, ngram_bans, penalize, pick

SIZE = 500


def some_logits(seed: int) -> torch.Tensor:
    return torch.randn(SIZE, generator=torch.Generator().manual_seed(seed)) * 3


@pytest.mark.parametrize("penalty", [0.8, 1.0, 1.3, 2.0])
def test_the_repetition_penalty_is_theirs(penalty: float) -> None:
    history = [1, 5, 5, 400]
    expected = theirs.RepetitionPenaltyLogitsProcessor(penalty)(
        torch.tensor([history]), some_logits(0)[None].clone()
    )[0]
    assert torch.allclose(penalize(some_logits(0), history, penalty, 0.0, 0.0), expected)


def test_frequency_counts_and_presence_does_not() -> None:
    found = penalize(torch.zeros(6), [1, 1, 1, 4], 1.0, 0.5, 0.25)
    assert found.tolist() == [0, -1.75, 0, 0, -0.75, 0]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
@pytest.mark.parametrize(
    "history", [[1, 2, 3, 1, 2], [4, 4, 4, 4], [1, 2, 3, 4, 5], [7], [1, 2] * 9]
)
def test_the_bans_of_ngrams_are_theirs(size: int, history: list[int]) -> None:
    scores = theirs.NoRepeatNGramLogitsProcessor(size)(
        torch.tensor([history]), some_logits(1)[None].clone()
    )[0]
    ours = forbid(some_logits(1), ngram_bans(history, size))
    assert torch.equal(torch.isinf(ours), torch.isinf(scores))
    assert ngram_bans(history, 0) == []


RULES: list[dict[str, Any]] = [
    {},
    {"top_k": 1},
    {"top_k": 7},
    {"top_k": SIZE + 1},
    {"top_p": 0.05},
    {"top_p": 0.9},
    {"min_p": 0.05},
    {"min_p": 0.999},
    {"top_k": 50, "top_p": 0.5, "min_p": 0.1, "temperature": 0.7},
    {"top_k": 40, "top_p": 0.9, "temperature": 2.0},
    {"top_p": 0.8, "min_p": 0.2, "temperature": 0.3},
]


@pytest.mark.parametrize("rules", RULES, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_the_candidates_and_their_chances_are_theirs(rules: dict[str, Any], seed: int) -> None:
    how = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0} | rules
    scores = some_logits(seed)[None]
    steps: list[Any] = [theirs.TemperatureLogitsWarper(float(how["temperature"]))]
    if how["top_k"]:
        steps.append(theirs.TopKLogitsWarper(how["top_k"]))
    if how["top_p"] < 1:
        steps.append(theirs.TopPLogitsWarper(how["top_p"]))
    if how["min_p"]:
        steps.append(theirs.MinPLogitsWarper(how["min_p"]))
    for step in steps:
        scores = step(torch.tensor([[0]]), scores)
    expected = torch.softmax(scores[0], -1)
    ids, chances = candidates(some_logits(seed), **how)
    assert set(ids.tolist()) == set(expected.nonzero()[:, 0].tolist())
    assert torch.allclose(chances, expected[ids], atol=1e-6)
    assert chances.tolist() == sorted(chances.tolist(), reverse=True)


def test_a_temperature_of_zero_takes_the_likeliest() -> None:
    greedy = Sampling(temperature=0, top_k=1, repetition_penalty=1.0)
    assert pick(some_logits(3), [1], greedy, None) == int(some_logits(3).argmax())


def test_greedy_heeds_the_penalties_and_bans() -> None:
    logits = torch.tensor([1.0, 3.0, 2.9, 0.0])
    assert pick(logits, [1], Sampling(temperature=0), None) == 1
    assert pick(logits, [1], Sampling(temperature=0, repetition_penalty=2.0), None) == 2
    assert pick(logits, [1], Sampling(temperature=0, presence_penalty=0.5), None) == 2
    assert pick(logits, [3, 1, 3], Sampling(temperature=0, no_repeat_ngram=2), None) == 2


def test_what_is_forbidden_is_never_chosen() -> None:
    wild = Sampling(temperature=50.0, top_k=0, top_p=1.0, no_repeat_ngram=1)
    history = list(range(SIZE - 3))
    generator = new_generator(torch.device("cpu"), 0)
    seen = {pick(some_logits(0), history, wild, generator) for _ in range(200)}
    assert seen == {SIZE - 3, SIZE - 2, SIZE - 1}


def test_a_seed_repeats_and_is_nobody_elses() -> None:
    how = Sampling(temperature=1.0, top_k=0, top_p=1.0)

    def draw(seed: int | None) -> list[int]:
        generator = new_generator(torch.device("cpu"), seed)
        return [pick(some_logits(i), [0], how, generator) for i in range(20)]

    assert draw(5) == draw(5)
    assert draw(5) != draw(6)
    assert draw(None) != draw(None)
