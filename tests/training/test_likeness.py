"""Near copies are found exactly, whatever stands between them."""

import random

import pytest

from training.likeness import letters, near_copies


def alike(one: str, other: str) -> float:
    """Compare two texts the slow way."""
    first, second = (
        {letters(t)[n : n + 3] for n in range(max(1, len(letters(t)) - 2))} for t in (one, other)
    )
    return len(first & second) / len(first | second)


@pytest.mark.parametrize("likeness", [0.2, 0.5, 0.8, 1.0])
def test_the_index_finds_what_comparing_all_would(likeness: float) -> None:
    drawn = random.Random(7)
    texts = ["".join(drawn.choices("가나다 ", k=drawn.randrange(12))) for _ in range(150)]
    slow = {
        (one, other)
        for other in range(len(texts))
        for one in range(other)
        if alike(texts[one], texts[other]) >= likeness
    }
    assert slow
    assert set(near_copies(texts, likeness)) == slow


def test_spaces_and_marks_make_no_difference() -> None:
    assert list(near_copies(["비가 와, 그치?", "딴 얘기야", "비가와 그치!!"], 1.0)) == [(0, 2)]


def test_nothing_has_no_copies() -> None:
    assert list(near_copies([], 0.5)) == []
    assert list(near_copies(["하나"], 0.5)) == []


def test_ten_thousand_lines_are_no_matter_of_minutes() -> None:
    # Comparing each with each would be 50 million comparisons: the test's time limit holds this.
    drawn = random.Random(7)
    syllables = [chr(0xAC00 + 28 * n) for n in range(300)]
    texts = ["".join(drawn.choices(syllables, k=25)) for _ in range(10_000)]
    assert list(near_copies([*texts, texts[5]], 0.5)) == [(5, 10_000)]
