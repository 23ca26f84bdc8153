"""The worth of the parts is told on a small engine that always says the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from bench import parts
from persona.card import CARDS_FOLDER, Card, load_card
from persona.checkpoint import CHECKPOINTS_FOLDER, Checkpoint, open_checkpoint
from persona.lm.protocol import Sampling


class SaysOneThing:
    """An engine whose every reply has the same ids."""

    def __init__(self, ids: list[int]) -> None:
        self._ids = ids
        self.begun = 0

    def generate(self, ids: Sequence[int], sampling: Sampling) -> "Saying":
        self.begun += 1
        return Saying(self._ids)


class Saying:
    cached = 0
    finish = "end"

    def __init__(self, ids: list[int]) -> None:
        self._left = iter(ids)

    def __iter__(self) -> Iterator[int]:
        return self._left

    def close(self) -> None:
        self._left = iter(())


@dataclass
class Her:
    card: Card
    checkpoint: Checkpoint
    engine: SaysOneThing


@pytest.fixture(scope="module")
def her() -> Her:
    checkpoint = open_checkpoint("jjinchin", CHECKPOINTS_FOLDER)
    ids = checkpoint.template.tokens.encode("그래 그래 그래 맞아.")
    return Her(load_card(CARDS_FOLDER / "yuhee"), checkpoint, SaysOneThing(ids))


def test_each_part_is_left_out_once(her: Her) -> None:
    found = parts.measure(her, every=40)["parts"]
    people, generation = found.pop("people"), found["generation"]
    assert generation["generated"] == 1.0
    assert generation["distinct_2"] < 0.5 < people["distinct_2"]
    for figures in found.values():
        shares = sum(figures[origin] for origin in ("recalled", "generated", "fallback"))
        assert shares == pytest.approx(1.0, abs=1e-3)
        assert figures["broken"] == 0
    assert found["whole"]["recalled"] > found["without reactions"]["recalled"]
    assert found["whole"]["distinct_2"] > generation["distinct_2"]
    assert found["without the ranker"]["fallback"] == 0


def test_pairs_of_words_are_counted_over_all_replies() -> None:
    assert parts.distinct_pairs(["가 나 다", "가 나"]) == pytest.approx(2 / 3)
    assert parts.distinct_pairs([]) == 0
