"""llama.cpp in this process, through xllamacpp: 8-bit weights and shared batches on a CPU."""

import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xllamacpp

from persona.lm.gguf import PRECISIONS, cached_gguf, default_cache, piece, read_pieces
from persona.lm.protocol import EngineError, ModelSpec, Sampling, check_ids, unsupported
from persona.lm.stream import IdStream
from persona.lm.weights import Shape, read_shape

SAMPLERS = ["penalties", "temperature", "top_k", "top_p", "min_p"]
SEEDS = 2**32 - 1  # the last number of 32 bits means a random one to llama.cpp
CACHE_BYTES = 160 * 2**20  # keys and values of all slots; all of it is memory from the start
LEAST_CONTEXT = 256  # llama.cpp rounds a slot's context up to a multiple of it
# A model of fewer weights decodes faster in one thread than two threads can agree to; a larger
# one waits for memory, of which half the threads get as much.
ONE_THREAD_BELOW = 20_000_000


class LlamaBackend:
    """A llama.cpp server that nobody can reach but this process."""

    name = "llamacpp"
    device = "cpu"

    def __init__(self, server: "xllamacpp.Server", shape: Shape) -> None:
        self._server: xllamacpp.Server | None = server
        self._vocabulary = shape.vocabulary
        self.n_positions = shape.positions

    def generate(self, ids: Sequence[int], sampling: Sampling) -> IdStream:
        """Start a reply."""
        if sampling.beams > 1:
            raise unsupported(self.name, "beams", "reference")
        if sampling.no_repeat_ngram:
            raise unsupported(self.name, "no_repeat_ngram", "torch")
        prompt = check_ids(ids, self._vocabulary, self.n_positions - 1)
        stream = IdStream()
        request = {**_request(prompt, sampling), "repeat_last_n": self.n_positions}
        # No daemon: Python cannot end such a thread in the middle of native code without a crash.
        threading.Thread(target=self._generate, args=(request, stream)).start()
        return stream

    def score(self, ids: Sequence[int]) -> list[float]:
        """Give the log-probability of each id but the first.

        The server tells the probability of the id that it gives, before anything is done to the
        logits. So it is made to give the ids that we have, one after the other: the prompt cache
        makes each of them one step.
        """
        whole = check_ids(ids, self._vocabulary, self.n_positions)
        scores = []
        for place, token in enumerate(whole[1:], 1):
            answer = self._next(whole[:place], 1, logit_bias=[[token, 1e9]])
            scores.append(float(answer["logprob"]))
        return scores

    def top(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        """Give the k likeliest next ids."""
        whole = check_ids(ids, self._vocabulary, self.n_positions - 1)
        rivals = self._next(whole, min(k, self._vocabulary))["top_logprobs"]
        return [(int(rival["id"]), float(rival["logprob"])) for rival in rivals]

    def close(self) -> None:
        """Give the memory back once the last reply is over."""
        self._server = None

    def _open_server(self) -> "xllamacpp.Server":
        server = self._server
        if server is None:
            raise EngineError("모델을 닫는 중이에요. (The model is being closed.)")
        return server

    def _next(self, ids: list[int], n_probs: int, **more: Any) -> dict[str, Any]:
        request = {"prompt": ids, "max_tokens": 1, "temperature": 0.0, "n_probs": n_probs, **more}
        answer = self._open_server().handle_completions(request)
        if "error" in answer:
            raise _failed(answer)
        first: dict[str, Any] = answer["choices"][0]["logprobs"]["content"][0]
        return first

    def _generate(self, request: dict[str, Any], stream: IdStream) -> None:
        def take(answer: dict[str, Any]) -> bool:
            """Pass on what came; True makes the server drop the reply and free its slot."""
            if "error" in answer:
                stream.fail(_failed(answer))
                return True
            if "prompt_progress" in answer:
                stream.cached = answer["prompt_progress"]["cache"]
            for token in read_pieces(answer["choices"][0]["text"]):
                stream.push(token)
            return stream.closed

        try:
            self._open_server().handle_completions(request, take)
            stream.end()
        except (EngineError, RuntimeError) as error:
            stream.fail(EngineError(str(error)))


def _request(prompt: list[int], sampling: Sampling) -> dict[str, Any]:
    request: dict[str, Any] = {
        "prompt": prompt,
        "stream": True,
        "return_progress": True,
        "sse_ping_interval": -1,
        "max_tokens": sampling.max_new_tokens,
        "samplers": SAMPLERS,
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repetition_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        "stop": [piece(token) for token in sampling.end_ids],
    }
    if sampling.seed is not None:
        request["seed"] = sampling.seed % SEEDS
    return request


def open_model(spec: ModelSpec, say: Callable[[str], None] = lambda _: None) -> LlamaBackend:
    """Open a checkpoint with llama.cpp, making its GGUF file first where there is none."""
    if spec.device == "cuda":
        raise unsupported("llamacpp", "cuda", "torch")
    precision = "q8_0" if spec.precision == "auto" else spec.precision
    if precision not in PRECISIONS:
        raise unsupported("llamacpp", precision, "torch")
    shape = read_shape(spec.folder)
    cache = spec.cache_dir or default_cache()
    path = cached_gguf(spec.folder, cache, precision, say)
    try:
        server = _serve(path, spec, shape, precision)
    except RuntimeError:
        # The file may have been damaged since it was made; the weights are still there.
        path.unlink(missing_ok=True)
        cached_gguf(spec.folder, cache, precision, say)
        try:
            server = _serve(path, spec, shape, precision)
        except RuntimeError as error:
            raise EngineError(
                f"llama.cpp가 모델을 열지 못했어요 ({error}). --backend torch 로 시작해 주세요. "
                "(llama.cpp cannot open the model; choose the backend torch.)"
            ) from error
    return LlamaBackend(server, shape)


def _serve(path: Path, spec: ModelSpec, shape: Shape, precision: str) -> "xllamacpp.Server":
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    kept = xllamacpp.ggml_type.GGML_TYPE_F16
    if precision == "f32":
        kept = xllamacpp.ggml_type.GGML_TYPE_F32
    params.cache_type_k = params.cache_type_v = kept
    params.n_parallel = slots_that_fit(spec.slots, shape, 4 if precision == "f32" else 2)
    params.n_ctx = _context(shape) * params.n_parallel
    weights = shape.vocabulary * shape.width + 12 * shape.layers * shape.width**2
    params.cpuparams.n_threads = 1 if weights < ONE_THREAD_BELOW else max(1, spec.threads // 2)
    # For prompts, and for the steps of several replies at once.
    params.cpuparams_batch.n_threads = spec.threads
    # Its own attention on a CPU takes longer over what is kept, which every turn of a long
    # conversation reads; matrices take longer only where all of it has to be computed anew.
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.fit_params = False
    params.cache_ram_mib = 0
    params.verbosity = -1
    # The server also listens on a port of 127.0.0.1; nobody knows the key.
    params.api_keys = [secrets.token_hex(32)]
    params.n_threads_http = 1
    params.ui = params.endpoint_slots = False
    with _own_signals():
        return xllamacpp.Server(params)


def slots_that_fit(wanted: int, shape: Shape, number_bytes: int) -> int:
    """Give how many slots, at most as many as wanted, have room for their keys and values."""
    slot_bytes = 2 * shape.layers * _context(shape) * shape.width * number_bytes
    return max(1, min(wanted, CACHE_BYTES // slot_bytes))


def _context(shape: Shape) -> int:
    return -(-shape.positions // LEAST_CONTEXT) * LEAST_CONTEXT


@contextmanager
def _own_signals() -> Iterator[None]:
    """Take back the signals that llama.cpp's server handles as if the process were its own."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in kept.items():
                signal.signal(number, handler or signal.SIG_DFL)


def _failed(answer: dict[str, Any]) -> EngineError:
    reason = answer["error"].get("message", answer["error"])
    return EngineError(
        f"모델이 계산하다 멈췄어요 ({reason}). 다시 보내 주세요. "
        "(The model stopped while computing; send it again.)"
    )
