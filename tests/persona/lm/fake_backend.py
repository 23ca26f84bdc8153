"""A backend that answers known ids."""

from collections.abc import Iterable, Sequence

from persona.lm.protocol import Sampling
from persona.lm.stream import IdStream


class FakeBackend:
    """Gives the same ids to everyone, no more than were asked for."""

    name = "fake"
    device = "cpu"

    def __init__(self, ids: Iterable[int], n_positions: int = 1024) -> None:
        self.n_positions = n_positions
        self.ids = list(ids)
        self.asked: list[Sampling] = []
        self.streams: list[IdStream] = []
        self.closed = False

    def generate(self, ids: Sequence[int], sampling: Sampling) -> IdStream:
        self.asked.append(sampling)
        stream = IdStream()
        stream.cached = len(ids) - 1
        for token in self.ids[: sampling.max_new_tokens]:
            stream.push(token)
        stream.end()
        self.streams.append(stream)
        return stream

    def score(self, ids: Sequence[int]) -> list[float]:
        return [-1.0] * (len(ids) - 1)

    def top(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        return [(token, -1.0) for token in self.ids[:k]]

    def close(self) -> None:
        self.closed = True
