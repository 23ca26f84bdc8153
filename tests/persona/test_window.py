"""What stays in the window, and that its front seldom moves."""

import dataclasses
from itertools import pairwise

import pytest

from persona.prompt import Exchange, Template
from persona.window import fit

POSITIONS = 256


def talk(count: int) -> list[Exchange]:
    return [Exchange(f"{n}번째 말이야", 0, f"{n}번째 대답이야") for n in range(count)]


def fitted(template: Template, count: int, **given: object) -> tuple[list[int], object]:
    values = {
        "positions": POSITIONS,
        "name": "지희",
        "facts": ["비를 좋아해"],
        "exchanges": talk(count),
        "user": "지금 뭐 해?",
        "mood": 0,
        "reply_room": 32,
    } | given
    return fit(template, **values)  # type: ignore[arg-type]


def test_a_short_talk_is_kept_whole(template: Template) -> None:
    ids, window = fitted(template, 2)
    assert (window.kept, window.dropped, window.cut) == (2, 0, False)
    assert window.used == len(ids)
    assert window.left == POSITIONS - len(ids)


@pytest.mark.parametrize("count", range(0, 60, 3))
def test_room_for_the_reply_is_always_left(template: Template, count: int) -> None:
    ids, window = fitted(template, count)
    assert len(ids) + 32 <= POSITIONS
    assert window.kept + window.dropped == count


def test_the_newest_stay_and_whole_ones_only(template: Template) -> None:
    ids, window = fitted(template, 40)
    assert window.dropped > 0
    kept = talk(40)[window.dropped :]
    header = template.header_ids("지희", ["비를 좋아해"])
    expected = header + [i for e in kept for i in template.exchange_ids(e)]
    assert ids == expected + template.ask_ids("지금 뭐 해?", 0)


def test_the_front_stays_for_many_turns(template: Template) -> None:
    """Cached keys and values can be used again as long as the first exchange stays the same."""
    starts = [fitted(template, count)[1].dropped for count in range(60)]
    moves = sum(a != b for a, b in pairwise(starts))
    assert starts == sorted(starts)
    assert 0 < moves <= 60 / 3


def test_a_long_exchange_that_fits_is_not_thrown_out_by_its_own_size(template: Template) -> None:
    long = Exchange("긴 이야기야 " * 9, 0, "길었네")
    size = len(template.exchange_ids(long))
    ask = len(template.ask_ids("지금 뭐 해?", 0))
    header = len(template.header_ids("지희", ["비를 좋아해"]))
    positions = int((size + ask + header + 8) / 0.8)
    talk_so_far = [*talk(12), long]
    _, window = fitted(template, 0, exchanges=talk_so_far, positions=positions, reply_room=4)
    assert window.kept >= 1


def test_a_header_longer_than_the_window_loses_its_last_facts(template: Template) -> None:
    facts = [f"{n}번째 사실은 아주 길고 길어서 자리를 많이 차지해" for n in range(40)]
    ids, window = fitted(template, 3, facts=facts)
    assert window.facts_dropped > 0
    assert len(ids) + 32 <= POSITIONS
    assert ids[: len(template.header_ids("지희", []))] == template.header_ids("지희", [])


def test_a_name_longer_than_the_window_is_cut(template: Template) -> None:
    ids, _ = fitted(template, 3, name="가나다라" * 400)
    assert len(ids) + 32 <= POSITIONS


def test_a_message_longer_than_the_window_keeps_its_end(template: Template) -> None:
    ids, window = fitted(template, 3, user="아주 긴 이야기 " * 300 + "마지막 말")
    assert window.cut
    assert window.kept == 0
    tail = template.ask_ids("마지막 말", 0)[1:]
    assert ids[-len(tail) :] == tail
    assert len(ids) + 32 <= POSITIONS


def test_examples_stand_in_front_and_never_leave(template: Template) -> None:
    plain = dataclasses.replace(template, header=False, moods=False)
    examples = [Exchange("뭐 해", 0, "너 기다렸지"), Exchange("나 붙었어", 2, "축하해")]
    front = [i for e in examples for i in plain.exchange_ids(e)]
    for count in range(0, 60, 4):
        ids, window = fitted(plain, count, examples=examples)
        assert ids[: len(front)] == front
        assert window.used == len(ids) <= POSITIONS - 32
        assert window.kept + window.dropped == count
    assert window.dropped > 0


def test_examples_that_would_fill_the_window_are_left_out_from_the_end(template: Template) -> None:
    examples = [Exchange(f"{n}번째로 묻는 말이야", 0, f"{n}번째로 하는 말이야") for n in range(60)]
    ids, window = fitted(template, 0, examples=examples)
    assert window.used <= POSITIONS * 0.75
    header = template.header_ids("지희", ["비를 좋아해"])
    first = template.exchange_ids(examples[0])
    assert ids[len(header) : len(header) + len(first)] == first
    assert window.kept == window.dropped == 0


def test_a_huge_reply_room_leaves_room_for_the_conversation(template: Template) -> None:
    ids, window = fitted(template, 3, reply_room=POSITIONS * 10)
    assert window.kept == 3
    assert len(ids) < POSITIONS
