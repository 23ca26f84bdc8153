"""A noised copy is another sentence that means the same, and the same dice make the same copy."""

import random

import pytest

from persona.encoder import fold
from training.noise import noised, other_level, with_slip


@pytest.mark.parametrize(
    ("said", "other"),
    [("오늘 너무 힘들었어", "오늘 너무 힘들었어요"), ("지금 뭐 하세요?", "지금 뭐 해?")],
)
def test_the_level_is_turned_round(said: str, other: str) -> None:
    assert other_level(said) == other


def test_a_slip_changes_a_letter_or_two() -> None:
    said = "오늘 저녁에 뭐 먹을까"
    slips = {with_slip(said, random.Random(n)) for n in range(50)}
    assert len(slips) > 10
    assert all(abs(len(slip) - len(said)) <= 1 for slip in slips)
    assert with_slip("응", random.Random(1)) == "응"


def test_copies_depend_on_the_dice_alone() -> None:
    said = "오늘 저녁에 뭐 먹을까"
    assert noised(said, random.Random(3)) == noised(said, random.Random(3))
    copies = {noised(said, random.Random(n)) for n in range(50)}
    assert len(copies) > 10
    assert len({fold(copy) for copy in copies}) > 5
    assert noised("", random.Random(1)).strip("ㅋㅠㅎㅜ.!~") == ""
