"""The engine's own process: one backend, asked and answering in lines of JSON over pipes."""

import dataclasses
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from persona.lm.backends import choose, open_backend
from persona.lm.guard import Guarded, guarded
from persona.lm.protocol import Backend, EngineError, ModelSpec, Sampling


class Worker:
    """Answers each question in a thread of its own; when nobody asks any more, it is gone."""

    def __init__(self, asked: BinaryIO, answers: BinaryIO) -> None:
        self._asked = asked
        self._answers = answers
        self._turn = threading.Lock()  # one line at a time
        self._loaded = threading.Event()
        self._backend: Backend
        self._replies: dict[int, Guarded | None] = {}
        self._left: set[int] = set()

    def run(self) -> int:
        """Load the model that the first line names, then answer until the other end is closed."""
        spec = read_spec(self._asked.readline())
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        try:
            self._send(opening=choose(spec))
            opened = open_backend(spec, lambda sentence: self._send(progress=sentence))
        except Exception as error:  # noqa: BLE001 - the edge of the process: the engine gets a sentence
            self._send(failed=_sentence(error))
            return 1
        self._backend = opened.backend
        about = {"device": opened.backend.device, "n_positions": opened.backend.n_positions}
        self._send(ready=opened.backend.name, notices=opened.notices, **about)
        self._loaded.set()
        reader.join()
        return 0

    def _read(self) -> None:
        for line in self._asked:
            message = json.loads(line)
            number, task = message.pop("id"), message.pop("do")
            if task == "leave":
                self._leave(number)
                continue
            if task == "generate":
                self._replies[number] = None
            answer = getattr(self, f"_{task}")
            threading.Thread(target=self._answer, args=(number, answer, message)).start()
        # The one who asked is gone: so are we, whatever is still being computed.
        os._exit(0)

    def _answer(self, number: int, answer: Callable[..., None], message: dict[str, Any]) -> None:
        self._loaded.wait()
        try:
            answer(number, **message)
        except Exception as error:  # noqa: BLE001 - the edge of the process: the engine gets a sentence
            self._send(id=number, error=_sentence(error))
        self._replies.pop(number, None)
        self._left.discard(number)

    def _generate(self, number: int, ids: list[int], sampling: dict[str, Any]) -> None:
        reply = guarded(self._backend, ids, read_sampling(sampling))
        self._replies[number] = reply
        if number in self._left:
            reply.close()
        first = True
        for token in reply:
            self._send(id=number, token=token, **({"cached": reply.cached} if first else {}))
            first = False
        self._send(id=number, finish=reply.finish)

    def _leave(self, number: int) -> None:
        if number in self._replies:
            self._left.add(number)
            reply = self._replies.get(number)
            if reply:
                reply.close()

    def _score(self, number: int, ids: list[int]) -> None:
        self._send(id=number, value=self._backend.score(ids))

    def _top(self, number: int, ids: list[int], k: int) -> None:
        self._send(id=number, value=self._backend.top(ids, k))

    def _send(self, **message: Any) -> None:
        line = json.dumps(message).encode() + b"\n"
        with self._turn:
            self._answers.write(line)
            self._answers.flush()


def read_spec(line: bytes) -> ModelSpec:
    """Read a spec that has crossed over from another process."""
    fields = json.loads(line)
    for name in ("folder", "cache_dir"):
        if fields[name] is not None:
            fields[name] = Path(fields[name])
    return ModelSpec(**fields)


def write_spec(spec: ModelSpec) -> bytes:
    """Write a spec so that it can cross over to another process."""
    return json.dumps(dataclasses.asdict(spec), default=os.fspath).encode() + b"\n"


def read_sampling(fields: dict[str, Any]) -> Sampling:
    """Read a sampling that has crossed over from another process."""
    return Sampling(**{**fields, "end_ids": tuple(fields["end_ids"])})


def _sentence(error: Exception) -> str:
    if isinstance(error, EngineError):
        return str(error)
    return (
        f"모델을 다루다 뜻밖의 문제가 생겼어요 ({type(error).__name__}: {error}). "
        "다시 시도해 주세요. (Something unexpected happened in the engine; try again.)"
    )


def main() -> None:
    """Answer over this process's pipes."""
    # An interrupt is for the program that started us; it closes our input when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever native code prints goes to standard error: the pipe carries our lines alone.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    code = Worker(sys.stdin.buffer, answers).run()
    answers.flush()
    # Without the interpreter's own tidying up, in which native threads may still be running.
    os._exit(code)


if __name__ == "__main__":
    main()
