"""Our own loop over PyTorch, on a GPU or a CPU: one cache, and one batch for all who are asking."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

import torch

from persona.lm.gpt2 import Gpt2, Places, pick_device
from persona.lm.protocol import EngineError, ModelSpec, Sampling, check_ids, unsupported
from persona.lm.sampling import new_generator, pick
from persona.lm.slots import Slots
from persona.lm.stream import IdStream
from persona.lm.weights import load_tensors, read_shape

DTYPES = {
    "auto": torch.float32,
    "f32": torch.float32,
    "f16": torch.float16,
    "bf16": torch.bfloat16,
}


@dataclass(slots=True)
class Request:
    """One reply in the making. `ids` grow; the first `computed` of them are in the cache."""

    ids: list[int]
    room: int
    sampling: Sampling
    generator: torch.Generator
    stream: IdStream = field(default_factory=IdStream)
    slot: int = -1
    computed: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """Something else to be computed between two steps."""

    work: Callable[[], Any]
    result: "Future[Any]" = field(default_factory=Future)


class TorchBackend:
    """A thread that, step by step, computes the next id of every reply at once."""

    name = "torch"

    def __init__(self, model: Gpt2, slots: int) -> None:
        self._model = model
        self._scratch = slots  # the cache has one slot more, for scores
        self._slots = Slots(slots)
        self._inbox: SimpleQueue[Request | Job | None] = SimpleQueue()
        self._waiting: deque[Request] = deque()
        self._active: list[Request] = []
        self._closed = False
        self.device = str(model.device)
        self.n_positions = model.shape.positions
        self._thread = threading.Thread(target=self._run, name="torch-loop", daemon=True)
        self._thread.start()

    def generate(self, ids: Sequence[int], sampling: Sampling) -> IdStream:
        """Start a reply."""
        if sampling.beams > 1:
            raise unsupported(self.name, "beams", "reference")
        prompt = check_ids(ids, self._model.shape.vocabulary, self.n_positions - 1)
        room = min(sampling.max_new_tokens, self.n_positions - len(prompt))
        generator = new_generator(self._model.device, sampling.seed)
        request = Request(prompt, room, sampling, generator)
        self._ask(request)
        return request.stream

    def score(self, ids: Sequence[int]) -> list[float]:
        """Give the log-probability of each id but the first."""
        whole = check_ids(ids, self._model.shape.vocabulary, self.n_positions)
        scores = self._job(
            lambda: self._log_probabilities(whole)[:-1].gather(
                1, torch.tensor(whole[1:], device=self._model.device)[:, None]
            )
        )
        return [float(x) for x in scores[:, 0]]

    def top(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        """Give the k likeliest next ids."""
        whole = check_ids(ids, self._model.shape.vocabulary, self.n_positions)
        count = min(k, self._model.shape.vocabulary)
        values, tokens = self._job(lambda: self._log_probabilities(whole, every=False).topk(count))
        return list(zip(tokens.tolist(), values.tolist(), strict=True))

    def close(self) -> None:
        """End the thread; who still waits is told so."""
        self._inbox.put(None)
        self._thread.join()

    def _ask(self, what: Request | Job) -> None:
        if self._closed:
            raise _closed()
        self._inbox.put(what)

    def _job(self, work: Callable[[], Any]) -> Any:
        job = Job(work)
        self._ask(job)
        return job.result.result()

    def _log_probabilities(self, ids: list[int], *, every: bool = True) -> torch.Tensor:
        logits = self._forward([ids], [self._scratch], [0], every=every)
        return torch.log_softmax(logits[0], -1)

    def _forward(
        self, rows: list[list[int]], slots: list[int], starts: list[int], *, every: bool = False
    ) -> torch.Tensor:
        ids = torch.tensor(rows, device=self._model.device)
        return self._model.forward(ids, Places(slots, starts), every=every)

    # What follows runs in the thread of the loop.

    def _run(self) -> None:
        while self._take_in():
            try:
                self._drop_closed()
                if self._waiting and self._slots.free:
                    self._begin(self._waiting.popleft())
                if self._active:
                    self._step()
            except Exception as error:  # noqa: BLE001 - the edge of the loop: one failure must not end it
                self._fail(error)
        self._closed = True
        for request in (*self._active, *self._waiting):
            request.stream.fail(_closed())

    def _take_in(self) -> bool:
        """Read what was asked, waiting when there is nothing to do; False once it is closed."""
        idle = not self._active and not self._waiting
        while True:
            try:
                asked = self._inbox.get(block=idle)
            except Empty:
                return True
            idle = False
            if asked is None:
                return False
            if isinstance(asked, Request):
                self._waiting.append(asked)
                continue
            try:
                asked.result.set_result(asked.work())
            except Exception as error:  # noqa: BLE001 - the asking thread gets it as a sentence
                asked.result.set_exception(_failed(error))

    def _begin(self, request: Request) -> None:
        request.slot, shared, source = self._slots.take(request.ids)
        if source != request.slot:
            self._model.copy(source, request.slot, shared)
        request.stream.cached = shared
        self._active.append(request)
        logits = self._forward([request.ids[shared:]], [request.slot], [shared])
        request.computed = len(request.ids)
        self._choose(request, logits[0])

    def _step(self) -> None:
        batch = sorted(self._active, key=lambda request: request.slot)
        rows = [request.ids[-1:] for request in batch]
        starts = [request.computed for request in batch]
        logits = self._forward(rows, [request.slot for request in batch], starts)
        for request, row in zip(batch, logits, strict=True):
            request.computed += 1
            self._choose(request, row)

    def _choose(self, request: Request, logits: torch.Tensor) -> None:
        try:
            token = pick(logits, request.ids, request.sampling, request.generator)
        except Exception as error:  # noqa: BLE001 - one reply's numbers are no other reply's trouble
            self._release(request)
            request.stream.fail(_failed(error))
            return
        ended = token in request.sampling.end_ids
        if not ended:
            request.ids.append(token)
            request.room -= 1
            request.stream.push(token)
        if ended or request.room == 0:
            self._release(request)
            request.stream.end()

    def _drop_closed(self) -> None:
        for request in [request for request in self._active if request.stream.closed]:
            self._release(request)
        self._waiting = deque(r for r in self._waiting if not r.stream.closed)

    def _release(self, request: Request) -> None:
        self._active.remove(request)
        self._slots.give_back(request.slot, request.ids[: request.computed])

    def _fail(self, error: Exception) -> None:
        for request in list(self._active):
            request.computed = 0
            self._release(request)
            request.stream.fail(_failed(error))


def open_model(spec: ModelSpec, say: Callable[[str], None] = lambda _: None) -> TorchBackend:
    """Open a checkpoint with our own loop."""
    device = pick_device(spec.device)
    if spec.precision not in DTYPES:
        raise unsupported("torch", spec.precision, "llamacpp")
    if device.type == "cpu" and DTYPES[spec.precision] != torch.float32:
        raise EngineError(
            f"torch 백엔드는 CPU에서 f32로만 계산해요: {spec.precision}. f32를 고르거나 llamacpp "
            "백엔드를 쓰세요. (On a CPU torch computes in f32; choose f32, or llamacpp.)"
        )
    say("PyTorch로 모델을 열고 있어요. (Opening the model with PyTorch.)")
    torch.set_num_threads(spec.threads)
    shape = read_shape(spec.folder)
    tensors = load_tensors(spec.folder, shape)
    model = Gpt2(tensors, shape, spec.slots + 1, device, DTYPES[spec.precision])
    return TorchBackend(model, spec.slots)


def _failed(error: Exception) -> EngineError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return EngineError(
        f"모델이 계산하다 멈췄어요 ({reason}). 다시 보내 주세요. "
        "(The model stopped while computing; send it again.)"
    )


def _closed() -> EngineError:
    return EngineError("모델을 닫는 중이에요. (The model is being closed.)")
