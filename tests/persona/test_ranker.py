"""What answers the visitor's words comes first, and faults are not made up for."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from persona.card import CARDS_FOLDER, Card, load_card
from persona.encoder import SHIPPED, Encoder, open_encoder
from persona.errors import PersonaError
from persona.prompt import Exchange
from persona.ranker import FEATURES, RANKER_FILE, WORDS, Ranker, Situation, taken_up


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder(SHIPPED)


@pytest.fixture(scope="module")
def ranker(encoder: Encoder) -> Ranker:
    found = Ranker.load(SHIPPED, encoder)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def yuhee() -> Card:
    return load_card(CARDS_FOLDER / "yuhee")


def best(ranker: Ranker, situation: Situation, *replies: str) -> str:
    return replies[int(ranker.score(situation, replies).argmax())]


def test_what_takes_up_the_visitors_words_wins(ranker: Ranker, yuhee: Card) -> None:
    situation = Situation(yuhee, (), "나 오늘 면접 떨어졌어", 1)
    fits, other = "면접 떨어졌구나, 속상하겠다.", "오, 맛있겠다! 나도 궁금해."
    assert best(ranker, situation, other, fits) == fits
    assert best(ranker, situation, fits, other) == fits


def test_the_other_level_loses(ranker: Ranker, yuhee: Card) -> None:
    situation = Situation(yuhee, (), "나 오늘 면접 떨어졌어", 1)
    polite = "면접에서 떨어지셨군요, 속상하시겠어요."
    assert best(ranker, situation, polite, "응, 그렇구나.") == "응, 그렇구나."


def test_her_last_words_are_not_said_again(ranker: Ranker, yuhee: Card) -> None:
    said = "면접 떨어졌구나, 속상하겠다."
    earlier = (Exchange("나 면접 떨어졌어", 1, said),)
    situation = Situation(yuhee, earlier, "면접 떨어졌다니까", 1)
    assert best(ranker, situation, said, said + "!", "응, 들었어.") == "응, 들었어."


def test_a_number_that_nobody_said_loses(ranker: Ranker, yuhee: Card) -> None:
    situation = Situation(yuhee, (), "면접 3시래", 0)
    assert best(ranker, situation, "면접 5시구나!", "그렇구나.") == "그렇구나."
    assert best(ranker, situation, "면접 3시구나!", "그렇구나.") == "면접 3시구나!"


def test_a_gain_in_likelihood_moves_the_score(ranker: Ranker, yuhee: Card) -> None:
    situation = Situation(yuhee, (), "안녕", 0)
    scores = ranker.score(situation, ["안녕, 반가워!"] * 2, gains=[0.0, 1.0])
    assert scores[1] > scores[0]


def test_nothing_to_choose_and_nothing_said(ranker: Ranker, yuhee: Card) -> None:
    situation = Situation(yuhee, (), "", 0)
    assert ranker.score(situation, []).shape == (0,)
    assert np.isfinite(ranker.score(situation, ["", "😀", "응"])).all()


def test_the_last_feature_is_left_to_the_encoder(yuhee: Card) -> None:
    situation = Situation(yuhee, (), "떡볶이 먹었어", 0)
    rows = taken_up(np.ones(WORDS, np.float32), situation, ["떡볶이 좋지", "그래"])
    assert rows.shape == (2, FEATURES)
    assert rows[0, 0] > rows[1, 0]
    assert not rows[:, -1].any()


def test_a_missing_ranker_is_none_and_a_broken_one_a_sentence(
    tmp_path: Path, encoder: Encoder
) -> None:
    assert Ranker.load(tmp_path, encoder) is None
    (tmp_path / RANKER_FILE).write_bytes(b"nothing of the kind")
    with pytest.raises(PersonaError, match="다시 받아"):
        Ranker.load(tmp_path, encoder)
    save_file({"gain": np.zeros(1, np.float16)}, tmp_path / RANKER_FILE)
    with pytest.raises(PersonaError, match="training ranker"):
        Ranker.load(tmp_path, encoder)
