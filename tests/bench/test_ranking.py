"""The first of twenty is first only when no other reply is level with it."""

from bench.ranking import share_first


def test_a_tie_is_no_hit() -> None:
    assert share_first([[1.0, 0.5], [1.0, 1.0], [0.0, 2.0], [3.0, 0.0]]) == 0.5
    assert share_first([]) == 0.0
