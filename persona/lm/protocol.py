"""What a backend promises, and the words in which sampling is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PRECISIONS = ("auto", "q8_0", "f32", "f16", "bf16")
DEVICES = ("auto", "cpu", "cuda")
# Logits divided by less than this are greedy in all but name, and no numbers in 32 bits.
LEAST_TEMPERATURE = 1e-3

# Field: least and greatest value. Whole numbers are those whose bounds are whole numbers.
_RANGES: dict[str, tuple[float, float]] = {
    "max_new_tokens": (1, 1_000_000),
    "temperature": (0.0, 100.0),
    "top_k": (0, 1_000_000),
    "top_p": (1e-6, 1.0),
    "min_p": (0.0, 1.0),
    "repetition_penalty": (0.01, 100.0),
    "frequency_penalty": (-100.0, 100.0),
    "presence_penalty": (-100.0, 100.0),
    "no_repeat_ngram": (0, 1_000_000),
    "beams": (1, 64),
    "seed": (0, 2**63 - 1),
    "time_limit_s": (1e-3, 86_400.0),
}


class EngineError(Exception):
    """Says in one sentence what went wrong in the engine and what to do about it."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next id is chosen; the same meaning in every backend.

    The order is: repetition, frequency and presence penalties (over the prompt and the
    reply), no-repeat n-gram, temperature, top-k, top-p, min-p. A temperature of 0 is greedy, and
    one below 0.001 becomes 0; a zero (or, for top-p and the repetition penalty, a one) turns a
    rule off. Only the end ids end a reply, and they are not part of it.
    """

    max_new_tokens: int = 64
    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.9
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    no_repeat_ngram: int = 0
    beams: int = 1
    seed: int | None = None
    time_limit_s: float = 60.0
    end_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if value is None and name == "seed":
                continue
            kinds = (int,) if isinstance(least, int) else (int, float)
            # Written so that NaN, which compares to nothing, is refused too.
            if type(value) not in kinds or not least <= value <= most:
                kind, words = ("정수", "a whole number") if kinds == (int,) else ("수", "a number")
                raise EngineError(
                    f"{name} 값은 {least}에서 {most} 사이의 {kind}여야 해요: {value!r}. "
                    f"({name} has to be {words} from {least} to {most}.)"
                )
        if self.temperature < LEAST_TEMPERATURE:
            object.__setattr__(self, "temperature", 0.0)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which weights to open, and how; plain values, so that it can cross to another process.

    The precision `auto` is what suits the backend: 8-bit for llama.cpp, 32-bit for the others.
    A backend may take fewer slots than asked for when their caches would not fit in memory.
    """

    folder: Path
    backend: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    threads: int = 2
    slots: int = 8
    cache_dir: Path | None = None

    def __post_init__(self) -> None:
        for name, choices in (("precision", PRECISIONS), ("device", DEVICES)):
            if getattr(self, name) not in choices:
                known = ", ".join(choices)
                raise EngineError(
                    f"{name} 값은 {known} 가운데 하나여야 해요: {getattr(self, name)!r}. "
                    f"({name} has to be one of: {known}.)"
                )
        for name in ("threads", "slots"):
            if getattr(self, name) < 1:
                raise EngineError(
                    f"{name} 값은 1 이상이어야 해요: {getattr(self, name)!r}. "
                    f"({name} has to be at least 1.)"
                )


class Generation(Iterator[int], Protocol):
    """The ids of one reply as they come; it ends by end, length, time, loop or stopped."""

    @property
    def cached(self) -> int:
        """How many ids of the prompt needed no computing; known from the first id on."""
        ...

    @property
    def finish(self) -> str:
        """Empty until the reply is over, then how it ended."""
        ...

    def close(self) -> None:
        """Stop, and free the slot; nothing happens when the reply is over already."""
        ...


class Stream(Generation, Protocol):
    """What a backend gives: one can wait for an id without waiting for ever."""

    def wait(self, seconds: float) -> int | None:
        """Give the next id, or None after the last; TimeoutError when none came in time."""
        ...


class Backend(Protocol):
    """A model that several threads may ask at once."""

    name: str
    device: str
    n_positions: int

    def generate(self, ids: Sequence[int], sampling: Sampling) -> Stream:
        """Start a reply and give the ids that follow, the end id left out."""
        ...

    def score(self, ids: Sequence[int]) -> list[float]:
        """Give the log-probability of each id but the first, given those before it."""
        ...

    def top(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        """Give the k likeliest next ids with their log-probabilities, likeliest first."""
        ...

    def close(self) -> None:
        """Give the memory back."""
        ...


def check_ids(ids: Sequence[int], n_vocab: int, n_positions: int) -> list[int]:
    """Give the ids of a prompt back as a list, or say why the model cannot read them."""
    if not ids:
        raise EngineError("모델에 보낼 말이 비어 있어요. (The prompt has no ids.)")
    if len(ids) > n_positions:
        raise EngineError(
            f"글이 너무 길어요: 토큰 {len(ids)}개인데 모델은 {n_positions}개까지 읽어요. "
            f"줄여서 보내 주세요. ({len(ids)} ids, and the model reads {n_positions} at most; "
            "send fewer.)"
        )
    wrong = next((i for i in ids if not 0 <= i < n_vocab), None)
    if wrong is not None:
        raise EngineError(
            f"모델에 없는 토큰 번호예요: {wrong} (0부터 {n_vocab - 1}까지). 토크나이저와 가중치가 "
            f"같은 체크포인트의 것인지 확인해 주세요. (There is no id {wrong}: do tokenizer and "
            "weights belong together?)"
        )
    return list(ids)


def unsupported(backend: str, what: str, instead: str) -> EngineError:
    """Give the error for what a backend cannot do, naming one that can."""
    return EngineError(
        f"{backend} 백엔드에서는 {what} 기능을 쓸 수 없어요. {instead} 백엔드를 골라 주세요. "
        f"(The {backend} backend cannot do {what}; choose {instead}.)"
    )
