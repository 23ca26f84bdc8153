"""Ids cross from the thread that makes them to the one that reads them."""

import threading

import pytest

from persona.lm.protocol import EngineError
from persona.lm.stream import IdStream


def test_ids_come_in_order_and_then_the_end() -> None:
    stream = IdStream()
    for token in (3, 1, 2):
        stream.push(token)
    stream.end("length")
    assert list(stream) == [3, 1, 2]
    assert stream.finish == "length"
    assert list(stream) == []


def test_an_error_comes_after_the_ids_before_it() -> None:
    stream = IdStream()
    stream.push(7)
    stream.fail(EngineError("gone"))
    assert next(stream) == 7
    with pytest.raises(EngineError, match="gone"):
        next(stream)
    assert list(stream) == []


def test_nobody_waits_for_a_slow_reader() -> None:
    stream = IdStream()
    for token in range(100_000):
        stream.push(token)
    stream.end()
    assert sum(1 for _ in stream) == 100_000


def test_closing_tells_the_writer_once_and_ends_the_reading() -> None:
    told = []
    stream = IdStream(on_close=lambda: told.append(True))
    stream.push(1)
    stream.close()
    stream.close()
    assert told == [True]
    assert stream.closed
    assert stream.finish == "stopped"
    assert list(stream) == []


def test_closing_after_the_end_changes_nothing() -> None:
    told = []
    stream = IdStream(on_close=lambda: told.append(True))
    stream.end("end")
    assert list(stream) == []
    stream.close()
    assert (stream.finish, told) == ("end", [])


def test_waiting_has_an_end() -> None:
    stream = IdStream()
    with pytest.raises(TimeoutError):
        stream.wait(0.01)
    stream.push(4)
    assert stream.wait(0) == 4
    stream.end()
    assert stream.wait(0) is None
    assert stream.finish == "end"


def test_closing_wakes_a_reader_in_another_thread() -> None:
    stream = IdStream()
    reader = threading.Thread(target=list, args=(stream,))
    reader.start()
    stream.close()
    reader.join(5)
    assert not reader.is_alive()
