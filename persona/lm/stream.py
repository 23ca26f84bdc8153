"""The ids of one reply on their way from the thread that makes them to the one that reads them."""

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

from persona.lm.protocol import EngineError


class IdStream(Iterator[int]):
    """A queue without bounds, so that a slow reader never holds up the one who writes."""

    def __init__(self, on_close: Callable[[], None] | None = None) -> None:
        self.cached = 0
        self.finish = ""
        self.closed = False
        self._on_close = on_close
        # Ids, and last of all either how it ended or what went wrong.
        self._queue: SimpleQueue[int | str | EngineError] = SimpleQueue()

    def push(self, token: int) -> None:
        """Give the reader one more id."""
        self._queue.put(token)

    def end(self, finish: str = "end") -> None:
        """Tell the reader that this was all."""
        self._queue.put(finish)

    def fail(self, error: EngineError) -> None:
        """Raise the error in the reader, after the ids that came before it."""
        self._queue.put(error)

    def __next__(self) -> int:
        token = self.wait(None)
        if token is None:
            raise StopIteration
        return token

    def wait(self, seconds: float | None) -> int | None:
        """Give the next id, or None after the last; TimeoutError when none came in time."""
        if self.finish:
            return None
        try:
            item = self._queue.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        if self.closed:
            return None
        if isinstance(item, EngineError):
            self.finish = "failed"
            raise item
        if isinstance(item, str):
            self.finish = item
            return None
        return item

    def close(self) -> None:
        """Stop reading, from any thread; the writer sees `closed` and frees the slot."""
        if self.finish:
            return
        self.closed, self.finish = True, "stopped"
        self._queue.put("stopped")  # wakes a reader who is waiting in another thread
        if self._on_close:
            self._on_close()
