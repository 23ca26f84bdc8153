"""The figures are computed as their names say; the runs themselves are `make bench`."""

import json

import pytest

from bench.load import spread
from bench.parts import distinct_pairs
from bench.quality import replies_before, share
from bench.speed import figures
from bench.tables import show
from bench.turns import ratio_of_medians
from persona.prompt import Exchange


def test_speed_takes_medians_and_the_ratios_of_the_default_backend() -> None:
    taken = {
        "naive": [(0.1, 6.4), (0.2, 64.0), (0.3, 640.0)],
        "reference": [(0.01, 3.2)] * 3,
        "torch": [(0.01, 1.6)] * 3,
        "llamacpp": [(0.01, 0.64)] * 3,
    }
    found = figures("m", 7, 3, taken)
    assert found["naive"] == {"tok_s": 1.0, "ttft_ms": 200.0}
    assert found["llamacpp"]["tok_s"] == 100.0
    assert (found["ratio_to_naive"], found["ratio_to_reference"]) == (100.0, 5.0)


def test_spread_gives_the_middle_and_the_slow_end() -> None:
    seconds = [n / 100 for n in range(100)]
    assert spread("ttft", seconds) == {"ttft_p50_s": 0.5, "ttft_p95_s": 0.95}


def test_turns_compare_medians() -> None:
    found = ratio_of_medians({2: [0.01, 0.02, 0.9], 20: [0.03, 0.02, 0.04]})
    assert found == {"turn_2_ms": 20.0, "turn_20_ms": 30.0, "ratio": 1.5}


def test_distinct_pairs_falls_with_repetition() -> None:
    assert distinct_pairs(["a b c", "d e"]) == 1.0
    assert distinct_pairs(["a b", "a b", "a b", "c d"]) == 0.5
    assert distinct_pairs([]) == 0.0


def test_the_reply_before_is_of_the_same_talk() -> None:
    first, second = Exchange("가", 0, "하나"), Exchange("나", 0, "둘")
    assert replies_before([[first, second], [second]]) == ["", "하나", ""]


def test_share_of_nothing_is_nothing() -> None:
    assert share([]) == 0.0
    assert share([True, False, True, True]) == 0.75


def test_json_is_one_object_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show("speed", {"a": 1, "b": {"c": 0.5}}, as_json=True)
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert json.loads(line) == {"a": 1, "b": {"c": 0.5}}
    show("speed", {"a": 1, "b": {"c": 0.5}}, as_json=False)
    assert "0.5" in capsys.readouterr().out
