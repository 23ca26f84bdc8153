"""Hugging Face transformers' own generate(): slow, complete, and what the others are held to."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import GenerationConfig, GPT2LMHeadModel
from transformers.generation.logits_process import LogitsProcessor, LogitsProcessorList
from transformers.generation.stopping_criteria import StoppingCriteria, StoppingCriteriaList
from transformers.generation.streamers import BaseStreamer
from transformers.utils import logging

from persona.lm.gpt2 import pick_device
from persona.lm.protocol import EngineError, ModelSpec, Sampling, check_ids, unsupported
from persona.lm.sampling import penalize
from persona.lm.stream import IdStream
from persona.lm.weights import load_tensors, read_shape

# Beams show nothing before they are compared, so they stop while there is time to show it.
BEAMS_SHARE = 0.9


class FrequencyPenalty(LogitsProcessor):
    """The two penalties that transformers lacks; ours, row by row."""

    def __init__(self, frequency: float, presence: float) -> None:
        self._frequency, self._presence = frequency, presence

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Give the scores [B, V] with the penalties over input_ids [B, T]."""
        rows = zip(scores, input_ids.tolist(), strict=True)
        return torch.stack([penalize(s, i, 1.0, self._frequency, self._presence) for s, i in rows])


class Streamer(BaseStreamer):
    """Passes new ids on as they come."""

    def __init__(self, stream: IdStream, end_ids: Sequence[int]) -> None:
        self._stream, self._end_ids = stream, end_ids
        self._prompt_seen = False

    def put(self, value: torch.Tensor) -> None:
        """Take the prompt first, then one id at a time."""
        if self._prompt_seen and int(value) not in self._end_ids:
            self._stream.push(int(value))
        self._prompt_seen = True

    def end(self) -> None:
        """The stream is ended by whoever started it."""


class Over(StoppingCriteria):
    """Stops when the reader has left, or when the time is up."""

    def __init__(self, stream: IdStream, ends_at: float) -> None:
        self._stream, self._ends_at = stream, ends_at

    @property
    def late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._ends_at

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """Say of each row whether it is over."""
        over = self._stream.closed or self.late
        return torch.full((input_ids.shape[0],), over, device=input_ids.device)


class ReferenceBackend:
    """One reply after the other: generate() draws from torch's one source of chance."""

    name = "reference"

    def __init__(self, model: Any) -> None:
        self._model = model
        self._turn = threading.Lock()
        self._vocabulary = int(model.config.vocab_size)
        self.device = str(model.device)
        self.n_positions = int(model.config.n_positions)

    def generate(self, ids: Sequence[int], sampling: Sampling) -> IdStream:
        """Start a reply."""
        prompt = check_ids(ids, self._vocabulary, self.n_positions - 1)
        stream = IdStream()
        share = BEAMS_SHARE if sampling.beams > 1 else 1.0
        over = Over(stream, time.monotonic() + share * sampling.time_limit_s)
        arguments = (prompt, sampling, stream, over)
        threading.Thread(target=self._generate, args=arguments, daemon=True).start()
        return stream

    def score(self, ids: Sequence[int]) -> list[float]:
        """Give the log-probability of each id but the first."""
        whole = check_ids(ids, self._vocabulary, self.n_positions)
        rows = self._log_probabilities(whole)
        return [float(rows[i, token]) for i, token in enumerate(whole[1:])]

    def top(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        """Give the k likeliest next ids."""
        rows = self._log_probabilities(check_ids(ids, self._vocabulary, self.n_positions))
        values, tokens = rows[-1].topk(min(k, self._vocabulary))
        return list(zip(tokens.tolist(), values.tolist(), strict=True))

    def close(self) -> None:
        """Nothing is held but memory, which goes with the object."""

    @torch.inference_mode()
    def _log_probabilities(self, ids: list[int]) -> torch.Tensor:
        rows = self._model(torch.tensor([ids], device=self._model.device)).logits[0]
        return torch.log_softmax(rows.float(), -1)

    @torch.inference_mode()
    def _generate(
        self, prompt: list[int], sampling: Sampling, stream: IdStream, over: Over
    ) -> None:
        try:
            with self._turn, torch.random.fork_rng():
                if sampling.seed is None:
                    torch.seed()
                else:
                    torch.manual_seed(sampling.seed)
                self._run(prompt, sampling, stream, over)
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the reader gets it
            stream.fail(
                EngineError(
                    f"모델이 계산하다 멈췄어요 ({error}). 다시 보내 주세요. "
                    "(The model stopped while computing; send it again.)"
                )
            )

    def _run(self, prompt: list[int], sampling: Sampling, stream: IdStream, over: Over) -> None:
        row = torch.tensor([prompt], device=self._model.device)
        beams = sampling.beams > 1
        result = self._model.generate(
            row,
            attention_mask=torch.ones_like(row),
            generation_config=_config(sampling),
            logits_processor=_processors(sampling),
            stopping_criteria=StoppingCriteriaList([over]),
            streamer=None if beams else Streamer(stream, sampling.end_ids),
        )
        if beams:
            for token in result[0, len(prompt) :].tolist():
                if token in sampling.end_ids:
                    break
                stream.push(token)
        stream.end("time" if over.late else "end")


def _config(sampling: Sampling) -> GenerationConfig:
    chance: dict[str, Any] = {"do_sample": False}
    if sampling.temperature > 0:
        chance = {
            "do_sample": True,
            "temperature": sampling.temperature,
            "top_k": sampling.top_k,
            "top_p": sampling.top_p,
            "min_p": sampling.min_p or None,
        }
    return GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=sampling.max_new_tokens,
        num_beams=sampling.beams,
        repetition_penalty=sampling.repetition_penalty,
        no_repeat_ngram_size=sampling.no_repeat_ngram,
        eos_token_id=list(sampling.end_ids) or None,
        pad_token_id=sampling.end_ids[0] if sampling.end_ids else 0,
        **chance,
    )


def _processors(sampling: Sampling) -> LogitsProcessorList:
    if sampling.frequency_penalty == 0 and sampling.presence_penalty == 0:
        return LogitsProcessorList()
    penalty = FrequencyPenalty(sampling.frequency_penalty, sampling.presence_penalty)
    return LogitsProcessorList([penalty])


def open_model(spec: ModelSpec, say: Callable[[str], None] = lambda _: None) -> ReferenceBackend:
    """Open a checkpoint with transformers."""
    if spec.precision not in ("auto", "f32"):
        raise unsupported("reference", spec.precision, "llamacpp, torch")
    device = pick_device(spec.device)
    load_tensors(spec.folder, read_shape(spec.folder))  # says what is wrong, if anything is
    say("PyTorch로 모델을 열고 있어요. (Opening the model with PyTorch.)")
    torch.set_num_threads(spec.threads)
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model: Any = GPT2LMHeadModel.from_pretrained(
        spec.folder, dtype=torch.float32, local_files_only=True
    )
    # What a request leaves out is off.
    model.generation_config = GenerationConfig()  # type: ignore[no-untyped-call]
    return ReferenceBackend(model.eval().to(device))
