"""The engine in a process of its own: native code that dies takes nobody with it."""

import dataclasses
import itertools
import json
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import IO, Any, Self

from persona.lm.backends import AUTO, ON_CPU, ON_GPU, without_llamacpp
from persona.lm.guard import Guarded, guarded
from persona.lm.process import child_environment, python_command
from persona.lm.protocol import Backend, EngineError, ModelSpec, Sampling
from persona.lm.stream import IdStream
from persona.lm.worker import write_spec

LOADING, READY, FAILED = "loading", "ready", "failed"
PATIENCE_S = 2.0  # for a process that was told to end

Question = tuple[dict[str, Any], "IdStream | Future[Any]"]


class InProcess:
    """A backend of this very process, asked in the same words as an engine."""

    def __init__(self, backend: Backend, notices: Sequence[str] = ()) -> None:
        self._backend = backend
        self.state = READY
        self.backend, self.device = backend.name, backend.device
        self.n_positions = backend.n_positions
        self.notices = list(notices)

    def generate(self, ids: Sequence[int], sampling: Sampling) -> Guarded:
        """Start a reply."""
        return guarded(self._backend, ids, sampling)

    def score(self, ids: Sequence[int]) -> list[float]:
        """Give the log-probability of each id but the first."""
        return self._backend.score(ids)

    def top(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        """Give the k likeliest next ids with their log-probabilities."""
        return self._backend.top(ids, k)

    def close(self) -> None:
        """Give the memory back."""
        self._backend.close()


class Engine:
    """One model for all who ask, from any thread.

    `state` is "loading", "ready" or "failed: " and a sentence; `progress` says in a sentence what
    the loading is at; `notices` are sentences that the visitor should see. A worker that dies
    fails the replies that it was at, and a new one takes its place.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._numbers = itertools.count(1)
        self._open: dict[int, Question] = {}
        self._closed = False
        self._served = False
        self.state = LOADING
        self.progress = ""
        self.backend = self.device = ""
        self.n_positions = 0
        self.notices: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The number of the engine's process, while there is one."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Begin to load the model, unless that was done; returns at once."""
        with self._lock:
            if self._closed:
                raise EngineError("모델을 이미 닫았어요. (The engine was closed.)")
            if self._process is None:
                self._spawn()

    def wait_ready(self, timeout: float | None = None) -> None:
        """Wait until the model can answer, or say why it cannot."""
        self.start()
        with self._changed:
            if not self._changed.wait_for(lambda: self.state != LOADING, timeout):
                raise EngineError(
                    f"모델을 {timeout:g}초 안에 열지 못했어요. 잠시 뒤에 다시 해 보세요. "
                    f"(The model was not ready within {timeout:g} s; try again in a while.)"
                )
            if self.state != READY:
                raise EngineError(self.state.removeprefix(f"{FAILED}: "))

    def generate(self, ids: Sequence[int], sampling: Sampling) -> IdStream:
        """Start a reply; while the model loads, the first id takes as long."""
        number = next(self._numbers)
        stream = IdStream(on_close=lambda: self._send({"id": number, "do": "leave"}))
        how = dataclasses.asdict(sampling)
        self._ask(number, stream, do="generate", ids=list(ids), sampling=how)
        return stream

    def score(self, ids: Sequence[int]) -> list[float]:
        """Give the log-probability of each id but the first."""
        answer: Future[list[float]] = Future()
        self._ask(next(self._numbers), answer, do="score", ids=list(ids))
        return answer.result()

    def top(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        """Give the k likeliest next ids with their log-probabilities."""
        answer: Future[list[tuple[int, float]]] = Future()
        self._ask(next(self._numbers), answer, do="top", ids=list(ids), k=k)
        return [(token, score) for token, score in answer.result()]

    def close(self) -> None:
        """End the process; whoever still waits for it is told so."""
        with self._lock:
            self._closed = True
            process, watcher = self._process, self._watcher
        if process is None or watcher is None:
            return
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        watcher.join(PATIENCE_S)
        if watcher.is_alive():
            process.kill()
            watcher.join()

    def _ask(self, number: int, answer: "IdStream | Future[Any]", **message: Any) -> None:
        with self._lock:
            self.start()
            self._served = True
            self._open[number] = ({"id": number, **message}, answer)
            self._send(self._open[number][0])

    def _send(self, message: dict[str, Any]) -> None:
        with self._lock:
            if self._process is not None:
                assert self._process.stdin is not None
                # A process that is gone is dealt with where its answers are read.
                with suppress(OSError, ValueError):
                    self._process.stdin.write(json.dumps(message).encode() + b"\n")
                    self._process.stdin.flush()

    def _spawn(self) -> None:
        self.state, self.progress, self.backend, self._served = LOADING, "", "", False
        log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the one who watches
        process = subprocess.Popen(
            python_command("persona.lm.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=child_environment(),
        )
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.write(write_spec(self._spec))
            process.stdin.flush()
        self._process = process
        self._watcher = threading.Thread(target=self._watch, args=(process, log), daemon=True)
        self._watcher.start()

    def _watch(self, process: "subprocess.Popen[bytes]", log: IO[bytes]) -> None:
        assert process.stdout is not None
        try:
            # Half a line is what a worker leaves that dies while it writes.
            with suppress(json.JSONDecodeError):
                for line in process.stdout:
                    self._receive(json.loads(line))
        finally:
            self._bury(process, log)

    def _bury(self, process: "subprocess.Popen[bytes]", log: IO[bytes]) -> None:
        """Clear up after a worker that is heard no more."""
        assert process.stdout is not None and process.stdin is not None
        process.kill()  # nothing to one that has ended; one that speaks gibberish would stay
        code = process.wait()
        with log:
            log.seek(0)
            last = log.read().decode(errors="replace").strip().rpartition("\n")[2]
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()
        with self._changed:
            self._process = None
            self._lose(code, last)
            self._changed.notify_all()

    def _receive(self, message: dict[str, Any]) -> None:
        if "id" not in message:
            self._learn(message)
            return
        number = message["id"]
        _, answer = self._open[number]
        if "token" in message:
            assert isinstance(answer, IdStream)
            answer.cached = message.get("cached", answer.cached)
            answer.push(message["token"])
            return
        del self._open[number]
        if "error" in message:
            _refuse(answer, EngineError(message["error"]))
        elif isinstance(answer, IdStream):
            answer.end(message["finish"])
        else:
            answer.set_result(message["value"])

    def _learn(self, message: dict[str, Any]) -> None:
        with self._changed:
            match message:
                case {"opening": backend}:
                    self.backend = backend
                case {"progress": sentence}:
                    self.progress = sentence
                case {"failed": sentence}:
                    self.state = f"{FAILED}: {sentence}"
                case {"ready": backend, **about}:
                    self.backend, self.device = backend, about["device"]
                    self.n_positions = about["n_positions"]
                    self.notices += [n for n in about["notices"] if n not in self.notices]
                    self.progress, self.state = "", READY
            self._changed.notify_all()

    def _lose(self, code: int, last_words: str) -> None:
        """Go on without the worker: with another backend, with a new worker, or not at all."""
        fell_at_start = self.state == LOADING and self.backend == ON_CPU
        if fell_at_start and self._spec.backend == AUTO and not self._closed:
            self.notices.append(without_llamacpp())
            self._spec = dataclasses.replace(self._spec, backend=ON_GPU)
            self._spawn()
            for message, answer in self._open.values():
                self._send(message)
                if isinstance(answer, IdStream) and answer.closed:
                    self._send({"id": message["id"], "do": "leave"})
            self._served = bool(self._open)
            return
        stood = self.state == READY
        if not self.state.startswith(FAILED):
            self.state = f"{FAILED}: {_obituary(code, last_words, self._closed)}"
        error = EngineError(self.state.removeprefix(f"{FAILED}: "))
        questions, self._open = self._open, {}
        for _, answer in questions.values():
            _refuse(answer, error)
        # One that dies without having been asked anything would only die again.
        if stood and self._served and not self._closed:
            self._spawn()


def _refuse(answer: "IdStream | Future[Any]", error: EngineError) -> None:
    if isinstance(answer, IdStream):
        answer.fail(error)
    else:
        answer.set_exception(error)


def _obituary(code: int, last_words: str, closed: bool) -> str:
    if closed:
        return "모델을 닫았어요. (The engine was closed.)"
    reason = last_words[:200] or f"{code}"
    with suppress(ValueError):
        reason = signal.Signals(-code).name
    return (
        f"모델이 갑자기 멈췄어요 ({reason}). 다시 보내면 새로 시작해요. "
        "(The engine stopped all of a sudden; send it again and it starts anew.)"
    )
