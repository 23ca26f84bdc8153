"""Starts the engine as the page does, for the benches that measure it through its own door."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from persona.lm.engine import Engine
from persona.lm.protocol import ModelSpec, Sampling

READY_S = 120


@contextmanager
def started_engine(folder: Path, slots: int = 8) -> Iterator[Engine]:
    """Give an engine that is ready, in a process of its own, on two threads of the processor."""
    with TemporaryDirectory() as cache:
        spec = ModelSpec(folder=folder, device="cpu", threads=2, slots=slots, cache_dir=Path(cache))
        engine = Engine(spec)
        engine.start()
        try:
            engine.wait_ready(READY_S)
            yield engine
        finally:
            engine.close()


@dataclass(frozen=True, slots=True)
class Timed:
    """How one reply went."""

    ids: tuple[int, ...]
    first_s: float
    total_s: float
    cached: int

    @property
    def tokens(self) -> int:
        """How many tokens it has."""
        return len(self.ids)


def time_reply(engine: Engine, ids: Sequence[int], sampling: Sampling) -> Timed:
    """Take a whole reply and say how long it took."""
    started = time.perf_counter()
    first = 0.0
    given = []
    reply = engine.generate(ids, sampling)
    for token in reply:
        first = first or time.perf_counter() - started
        given.append(token)
    return Timed(tuple(given), first, time.perf_counter() - started, reply.cached)
