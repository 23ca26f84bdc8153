"""An engine that says what it was told to say, and remembers what it was asked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from persona.lm.protocol import EngineError, Sampling
from persona.tokens import Tokens


class FakeGeneration:
    """Known ids; `on_id` is called before each one, as if she were slow."""

    def __init__(self, ids: Sequence[int], finish: str, on_id: Callable[[int], None]) -> None:
        self._ids = ids
        self._on_id = on_id
        self._ends = finish
        self.finish = ""
        self.cached = 0
        self.closed = False

    def __iter__(self) -> Iterator[int]:
        for number, token in enumerate(self._ids):
            if self.closed:
                self.finish = "stopped"
                return
            self._on_id(number)
            yield token
        self.finish = self._ends

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeEngine:
    """Gives the replies in turn, and the last one for ever after."""

    tokens: Tokens
    replies: list[str] = field(default_factory=lambda: ["그래, 듣고 있어."])
    finish: str = "end"
    state: str = "ready"
    # How often it is waited for until it has loaded, and what it is at meanwhile.
    waits: int = 1
    progress: str = ""
    backend: str = "fake"
    device: str = "cpu"
    notices: list[str] = field(default_factory=list)
    on_id: Callable[[int], None] = lambda _: None
    trouble: str = ""
    asked: list[tuple[list[int], Sampling]] = field(default_factory=list)
    closed: bool = False

    def start(self) -> None:
        pass

    def wait_ready(self, timeout: float) -> None:
        if self.state == "loading":
            self.waits -= 1
            if self.waits:
                raise EngineError(f"not within {timeout} s")
            self.state = "ready"
        if self.state != "ready":
            raise EngineError(self.state.removeprefix("failed: "))

    def generate(self, ids: Sequence[int], sampling: Sampling) -> FakeGeneration:
        if self.trouble:
            raise EngineError(self.trouble)
        self.asked.append((list(ids), sampling))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return FakeGeneration(self.tokens.encode(reply), self.finish, self.on_id)

    def close(self) -> None:
        self.closed = True
