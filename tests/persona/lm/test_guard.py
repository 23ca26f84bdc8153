"""A reply always ends."""

import threading
from itertools import chain, repeat

import pytest

from persona.lm.guard import Guarded, guarded, in_circles
from persona.lm.protocol import EngineError, Sampling
from persona.lm.stream import IdStream
from tests.persona.lm.fake_backend import FakeBackend

PROMPT = [1, 2, 3]


def test_a_reply_that_ends_by_itself_says_so() -> None:
    reply = guarded(FakeBackend([5, 6, 7]), PROMPT, Sampling(max_new_tokens=10))
    assert list(reply) == [5, 6, 7]
    assert reply.finish == "end"
    assert reply.cached == 2
    assert list(reply) == []


def test_a_reply_stops_at_the_length() -> None:
    backend = FakeBackend(range(100))
    reply = guarded(backend, PROMPT, Sampling(max_new_tokens=10))
    assert list(reply) == list(range(10))
    assert reply.finish == "length"


def test_a_reply_never_leaves_the_window() -> None:
    backend = FakeBackend(range(100), n_positions=8)
    reply = guarded(backend, PROMPT, Sampling(max_new_tokens=64))
    assert list(reply) == [0, 1, 2, 3, 4]
    assert reply.finish == "length"
    assert backend.asked[0].max_new_tokens == 5


@pytest.mark.parametrize("length", [8, 9])
def test_a_prompt_that_fills_the_window_is_an_error(length: int) -> None:
    with pytest.raises(EngineError, match="no room for a reply"):
        guarded(FakeBackend([1], n_positions=8), [1] * length, Sampling())


def test_a_reply_stops_at_the_time_limit() -> None:
    times = chain([0.0, 1.0, 2.0, 2.9], repeat(3.1))
    backend = FakeBackend(range(100))
    reply = Guarded(backend, PROMPT, Sampling(time_limit_s=3.0), clock=lambda: next(times))
    assert list(reply) == [0, 1, 2]
    assert reply.finish == "time"
    assert backend.streams[0].closed


def test_a_backend_that_says_nothing_ends_by_time_too() -> None:
    backend, silent = FakeBackend([]), IdStream()
    backend.generate = lambda ids, sampling: silent
    reply = guarded(backend, PROMPT, Sampling(time_limit_s=0.05))
    reader = threading.Thread(target=list, args=(reply,), daemon=True)
    reader.start()
    reader.join(10)
    assert not reader.is_alive()
    assert reply.finish == "time"
    assert silent.closed


def test_a_backend_that_stopped_for_the_time_says_so() -> None:
    backend, stream = FakeBackend([]), IdStream()
    backend.generate = lambda ids, sampling: stream
    stream.push(5)
    stream.end("time")
    reply = guarded(backend, PROMPT, Sampling())
    assert list(reply) == [5]
    assert reply.finish == "time"


def test_a_loop_is_left_and_the_slot_freed() -> None:
    backend = FakeBackend([9, 8, *[1, 2, 3] * 30])
    reply = guarded(backend, PROMPT, Sampling(max_new_tokens=90))
    assert len(list(reply)) < 2 + 21
    assert reply.finish == "loop"
    assert backend.streams[0].closed


def test_closing_stops_it() -> None:
    backend = FakeBackend(range(100))
    reply = guarded(backend, PROMPT, Sampling())
    assert next(reply) == 0
    reply.close()
    assert list(reply) == []
    assert reply.finish == "stopped"
    assert backend.streams[0].closed


def test_closing_after_the_end_changes_nothing() -> None:
    reply = guarded(FakeBackend([5]), PROMPT, Sampling())
    assert list(reply) == [5]
    reply.close()
    assert reply.finish == "end"


def test_closing_from_another_thread_ends_a_reader_who_waits() -> None:
    backend = FakeBackend([])
    reply = guarded(backend, PROMPT, Sampling())
    assert list(reply) == []
    silent = FakeBackend([])
    silent.generate = lambda ids, sampling: type(backend.streams[0])()  # never says anything
    reply = guarded(silent, PROMPT, Sampling())
    reader = threading.Thread(target=list, args=(reply,))
    reader.start()
    reply.close()
    reader.join(5)
    assert not reader.is_alive()
    assert reply.finish == "stopped"


@pytest.mark.parametrize("period", range(1, 17))
def test_every_period_is_seen(period: int) -> None:
    stretch = list(range(100, 100 + period))
    assert in_circles([1, 2, *stretch * 30])
    assert not in_circles([1, 2, *stretch * 2])


@pytest.mark.parametrize(
    "ids",
    [
        [],
        [7] * 12,  # ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ
        [5, 6] * 6,
        list(range(200)),
        [1, 2, 3, 4] * 20 + [9],
        [*[7] * 19, 8],
    ],
)
def test_laughing_and_talking_are_no_loops(ids: list[int]) -> None:
    assert not in_circles(ids)
