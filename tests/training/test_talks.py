"""Messages become exchanges in order, and talks begin anew where they should."""

import random
from collections import Counter

import pytest

from persona.prompt import Exchange
from training.check import MOST_CHARACTERS
from training.talks import (
    OVERLONG,
    SILENCE_MINUTES,
    UNANSWERED,
    UNASKED,
    Line,
    dialogues,
)


def talk(script: str, minutes: list[int] | None = None) -> list[Line]:
    """Write a talk: `v` a message of the visitor's, `h` one of hers, `|` another talk."""
    lines = []
    number = 0
    for place, side in enumerate(script):
        if side == "|":
            number += 1
            continue
        at = minutes[len(lines)] if minutes else None
        lines.append(Line(side == "h", f"{side}{place}", at, number))
    return lines


def made(lines: list[Line]) -> tuple[list[list[tuple[str, str]]], Counter[str]]:
    left_out: Counter[str] = Counter()
    found = list(dialogues(lines, lambda _: 0, left_out))
    return [[(e.user, e.reply) for e in d] for d in found], +left_out


def test_neighbours_are_joined() -> None:
    assert made(talk("vvhh")) == ([[("v0 v1", "h2 h3")]], {})


def test_what_got_no_reply_and_what_answers_nobody_is_counted() -> None:
    assert made(talk("hvhv")) == ([[("v1", "h2")]], {UNASKED: 1, UNANSWERED: 1})
    assert made(talk("v|vh|h")) == ([[("v2", "h3")]], {UNASKED: 1, UNANSWERED: 1})


def test_another_talk_is_another_dialogue() -> None:
    assert made(talk("vh|vh"))[0] == [[("v0", "h1")], [("v3", "h4")]]


@pytest.mark.parametrize(("later", "count"), [(SILENCE_MINUTES, 1), (SILENCE_MINUTES + 1, 2)])
@pytest.mark.parametrize("sign", [1, -1])
def test_hours_of_silence_begin_another_dialogue(later: int, count: int, sign: int) -> None:
    start = 10_000
    at = [start, start + 1, start + 1 + sign * later, start + 1 + sign * later]
    assert len(made(talk("vhvh", at))[0]) == count


@pytest.mark.parametrize(
    ("exchanges", "sizes"),
    [
        (1, [1]),
        (3, [3]),
        (12, [12]),
        (13, [10, 3]),
        (14, [11, 3]),
        (15, [12, 3]),
        (40, [12, 12, 12, 4]),
    ],
)
def test_long_talks_are_cut_and_no_piece_is_a_scrap(exchanges: int, sizes: list[int]) -> None:
    assert [len(d) for d in made(talk("vh" * exchanges))[0]] == sizes


def test_long_turns_keep_her_beginning_and_the_visitors_end() -> None:
    long = "가" * (MOST_CHARACTERS - 1)
    lines = [Line(False, long, None, 0), Line(False, "끝", None, 0)]
    lines += [Line(True, "처음", None, 0), Line(True, long, None, 0), Line(True, "또", None, 0)]
    assert made(lines) == ([[("끝", "처음")]], {OVERLONG: 3})


def test_a_message_too_long_by_itself_takes_no_other_with_it() -> None:
    long = "가" * (MOST_CHARACTERS + 1)
    lines = [Line(False, words, None, 0) for words in ("처음", long, "끝")]
    lines.append(Line(True, "응", None, 0))
    assert made(lines) == ([[("처음 끝", "응")]], {OVERLONG: 1})


def test_a_reply_that_is_too_long_leaves_the_question_unanswered() -> None:
    lines = [Line(False, "안녕", None, 0), Line(True, "가" * (MOST_CHARACTERS + 1), None, 0)]
    assert made(lines) == ([], {OVERLONG: 1, UNANSWERED: 1})


def test_the_label_comes_before_what_is_read() -> None:
    lines = [Line(False, "a", None, 0, mood=2), Line(True, "b", None, 0)]
    lines += [Line(False, "c", None, 0), Line(True, "d", None, 0)]
    (found,) = dialogues(lines, lambda _: 1, Counter())
    assert found == (Exchange("a", 2, "b"), Exchange("c", 1, "d"))


def test_nothing_is_lost_doubled_or_moved() -> None:
    """Over many talks: each message is in one exchange, in order, or counted."""
    chance = random.Random(7)
    for _ in range(300):
        lines, at, number = [], 0, 0
        for place in range(chance.randint(0, 120)):
            at += chance.choice([0, 1, 5, SILENCE_MINUTES * 2] if chance.random() < 0.2 else [1])
            number += chance.random() < 0.02
            lines.append(Line(chance.random() < 0.5, f"w{place:03}", at, number))
        found, left_out = made(lines)
        words = [w for d in found for pair in d for w in " ".join(pair).split()]
        assert words == sorted(set(words))
        assert all(1 <= len(d) <= 12 for d in found)
        hers = {line.text for line in lines if line.hers}
        for user, reply in (pair for d in found for pair in d):
            assert not hers & set(user.split())
            assert hers >= set(reply.split())
        if not left_out:
            assert len(words) == len(lines)
