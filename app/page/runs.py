"""Knows which conversations are being answered right now, so that one can be stopped."""

import threading
from dataclasses import dataclass
from typing import Protocol


class Closable(Protocol):
    """An answer that can be ended from another thread."""

    def close(self) -> None:
        """End it where it is."""
        ...


@dataclass(slots=True)
class Run:
    """One answer on its way, asked for by one page."""

    name: str
    conversation: str
    # Whether the page that asked still shows this conversation; if not, its thread is left alone.
    shown: bool = True
    stopped: bool = False
    answer: Closable | None = None

    def watch(self, answer: Closable) -> None:
        """Note what is to be closed by `stop`, which may have come before it."""
        self.answer = answer
        if self.stopped:
            answer.close()

    def stop(self) -> None:
        """End the answer where it is, even before its first word."""
        self.stopped = True
        if self.answer is not None:
            self.answer.close()


class Runs:
    """The answers on their way, one a conversation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}

    def begin(self, name: str, conversation: str) -> Run | None:
        """Note an answer; None if there is one on its way in this conversation already."""
        with self._lock:
            if conversation in self._runs:
                return None
            self._runs[conversation] = run = Run(name, conversation)
            return run

    def end(self, run: Run) -> None:
        """Forget an answer."""
        with self._lock:
            if self._runs.get(run.conversation) is run:
                del self._runs[run.conversation]

    def stop(self, conversation: str) -> None:
        """Ask the answer in a conversation to end where it is."""
        with self._lock:
            run = self._runs.get(conversation)
        if run is not None:
            run.stop()

    def answering(self, conversation: str) -> bool:
        """Say whether an answer is on its way in a conversation."""
        with self._lock:
            return conversation in self._runs

    def look(self, name: str, conversation: str) -> None:
        """Note which conversation the page that started the named answer shows by now."""
        with self._lock:
            for run in self._runs.values():
                if name and run.name == name:
                    run.shown = run.conversation == conversation
