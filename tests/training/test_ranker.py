"""Cases are drawn as promised, and the ranker learns to find the true reply on made-up talk."""

import argparse

import pytest

from persona.card import CARDS_FOLDER, Card, find_cards
from persona.dialogues import Dialogue
from persona.encoder import SHIPPED, Encoder, open_encoder
from persona.prompt import Exchange
from persona.ranker import Ranker
from training.ranker import OTHERS, cases, hits, learn

THINGS = ["사과", "기차", "우산", "피아노", "고양이", "바다", "시계", "모자", "나무", "빵집"]


def talks(count: int, topic: str) -> list[Dialogue]:
    """Give dialogues in which she takes up what was named."""
    return [
        Dialogue(
            f"{topic}{n}",
            "yuhee",
            topic,
            tuple(
                Exchange(f"{topic} {thing} {n} 봤어", 0, f"{topic} {thing} {n} 봤구나")
                for thing in THINGS[:3]
            ),
        )
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def cards() -> dict[str, Card]:
    return find_cards(CARDS_FOLDER)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder(SHIPPED)


def test_half_of_the_others_are_of_the_topic_and_none_was_said() -> None:
    found = cases([d for thing in THINGS for d in talks(4, thing)], seed=7)
    assert len(found) == 120
    for case in found:
        said = [e.reply for e in case.dialogue.exchanges[: case.place + 1]]
        true, *others = case.replies
        assert true == said[-1]
        assert len(set(others)) == OTHERS
        assert not set(others) & set(said)
        assert sum(o.startswith(case.dialogue.topic) for o in others) >= OTHERS // 2
    assert found == cases([d for thing in THINGS for d in talks(4, thing)], seed=7)


def test_too_few_replies_make_no_case() -> None:
    assert cases(talks(2, "사과"), seed=7) == []


def test_the_true_reply_is_found_after_learning(cards: dict[str, Card], encoder: Encoder) -> None:
    found = cases([d for thing in THINGS for d in talks(4, thing)], seed=7)
    arguments = argparse.Namespace(seed=7, epochs=3, rate=1e-3)
    weights = learn(encoder, cards, found[:60], found[60:80], arguments)
    ranker = Ranker({name: t.numpy() for name, t in weights.items()}, encoder)
    assert hits(ranker, cards, found[80:]) > 0.5
