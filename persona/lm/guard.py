"""Sees to it that every reply ends: by itself, by length, by time, or when it loops."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence

from persona.lm.protocol import Backend, EngineError, Sampling

# A loop is the same stretch of up to so many ids ...
LONGEST_PERIOD = 16
# ... at least so many times in a row ...
REPEATS = 3
# ... over at least so many ids: a heartfelt ㅋㅋㅋㅋㅋㅋㅋㅋ is shorter than that.
SHORTEST_LOOP = 20


class Guarded(Iterator[int]):
    """A reply that ends, says how it ended, and is never longer than the window."""

    def __init__(
        self,
        backend: Backend,
        ids: Sequence[int],
        sampling: Sampling,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.finish = ""
        self._room = min(sampling.max_new_tokens, backend.n_positions - len(ids))
        if self._room < 1:
            raise EngineError(
                f"글이 모델의 창({backend.n_positions}토큰)을 가득 채워서 답할 자리가 없어요. "
                "줄여서 보내 주세요. (The prompt fills the window, which leaves no room for a "
                "reply; send less.)"
            )
        self._clock = clock
        self._ends_at = clock() + sampling.time_limit_s
        self._given: list[int] = []
        self._stream = backend.generate(
            ids, dataclasses.replace(sampling, max_new_tokens=self._room)
        )

    @property
    def cached(self) -> int:
        """How many ids of the prompt needed no computing."""
        return self._stream.cached

    def __next__(self) -> int:
        if self.finish:
            raise StopIteration
        token = self._wait(self._ends_at - self._clock())
        if self.finish:  # closed by another thread meanwhile
            raise StopIteration
        if token is None:
            raise self._end("length" if len(self._given) >= self._room else self._stream.finish)
        self._given.append(token)
        if in_circles(self._given):
            raise self._end("loop")
        return token

    def close(self) -> None:
        """Stop, and free the slot."""
        self.finish = self.finish or "stopped"
        self._stream.close()

    def _wait(self, seconds: float) -> int | None:
        try:
            if seconds >= 0:
                return self._stream.wait(seconds)
        except TimeoutError:
            pass
        raise self._end("time")

    def _end(self, finish: str) -> StopIteration:
        self.finish = self.finish or finish
        self._stream.close()
        return StopIteration()


def guarded(backend: Backend, ids: Sequence[int], sampling: Sampling) -> Guarded:
    """Start a reply that is sure to end."""
    return Guarded(backend, ids, sampling)


def in_circles(ids: Sequence[int]) -> bool:
    """Say whether the ids end in the same stretch over and over."""
    for period in range(1, LONGEST_PERIOD + 1):
        length = max(REPEATS * period, SHORTEST_LOOP)
        if length > len(ids) or ids[-1] != ids[-1 - period]:
            continue
        tail = ids[-length:]
        if all(tail[i] == tail[i - period] for i in range(length - 1, period - 1, -1)):
            return True
    return False
