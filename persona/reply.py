"""Answers: fits the conversation into the window, asks the engine, gives text as it comes."""

import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from persona.card import Card
from persona.checkpoint import Checkpoint
from persona.lm.protocol import Generation, Sampling
from persona.prompt import Exchange
from persona.text import is_blank
from persona.window import Window, fit

GENERATED = "generated"
RECALLED = "recalled"
FALLBACK = "fallback"
# An empty reply is tried once more before one of the card's own lines is used.
TRIES = 2
SEEDS = 2**31


class Engine(Protocol):
    """What is asked of the engine here: ids in, ids out."""

    def generate(self, ids: Sequence[int], sampling: Sampling) -> Generation:
        """Start a reply."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything an answer depends on."""

    card: Card
    exchanges: Sequence[Exchange]
    user: str
    mood: int
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    recalled: str = ""


def card_sampling(card: Card, **given: float | int | None) -> Sampling:
    """Give the card's sampling, overruled by what was given (None means not given)."""
    chosen = {**card.sampling, **{k: v for k, v in given.items() if v is not None}}
    return Sampling(**chosen)  # type: ignore[arg-type]


def fit_card(
    checkpoint: Checkpoint,
    card: Card,
    exchanges: Sequence[Exchange],
    user: str,
    mood: int,
    reply_room: int,
    facts: Sequence[str] = (),
) -> tuple[list[int], Window]:
    """Fit a conversation with a persona into the window of a checkpoint.

    One that was not tuned learns from the card's examples in front of it how she talks.
    """
    return fit(
        checkpoint.template,
        checkpoint.positions,
        card.name,
        (*card.facts, *facts),
        exchanges,
        user,
        mood,
        reply_room,
        examples=() if checkpoint.tuned else card.examples,
    )


class Answer:
    """One reply: iterate over it for pieces of text, then read how it went."""

    def __init__(self, checkpoint: Checkpoint, engine: Engine, asked: Asked) -> None:
        self._checkpoint = checkpoint
        self._engine = engine
        self._asked = asked
        self._running: Generation | None = None
        self.text = ""
        self.origin = GENERATED
        self.finish = ""
        self.tokens = 0
        self.cached = 0
        first = asked.sampling.seed
        self.seed = random.randrange(SEEDS) if first is None else first
        self._ids, self.window = fit_card(
            checkpoint,
            asked.card,
            asked.exchanges,
            asked.user,
            asked.mood,
            asked.sampling.max_new_tokens,
            asked.facts,
        )

    def __iter__(self) -> Iterator[str]:
        if self._asked.recalled and self.finish != "stopped":
            self.origin, self.finish, self.text = RECALLED, "end", self._asked.recalled
            self.tokens = len(self._checkpoint.template.tokens.encode(self.text))
            yield self.text
            return
        for attempt in range(TRIES):
            self.seed = (self.seed + attempt) % SEEDS
            if self.finish != "stopped":
                yield from self._generate()
            if self.text or self.finish == "stopped":
                return
        self.origin = FALLBACK
        self.text = choose_fallback(self._asked.card, self._asked.exchanges)
        yield self.text

    def close(self) -> None:
        """Stop the reply where it is, from any thread; what was given so far is in `text`."""
        self.finish = "stopped"
        if self._running is not None:
            self._running.close()

    def _generate(self) -> Iterator[str]:
        sampling = dataclasses.replace(
            self._asked.sampling, seed=self.seed, end_ids=self._checkpoint.end_ids
        )
        stream = self._checkpoint.template.tokens.stream()
        # One that was not tuned seldom ends by itself; in its examples a reply is one line.
        line_end = () if self._checkpoint.tuned else ("\n",)
        watch = StopWatch((*self._asked.stop, *line_end))
        running = self._engine.generate(self._ids, sampling)
        self._running = running
        if self.finish == "stopped":  # by another thread, before it could see what is running
            running.close()
        self.tokens = 0
        try:
            for token in running:
                self.tokens += 1
                yield from self._give(watch.push(stream.push(token)))
                if watch.stopped:
                    break
            yield from self._give(watch.rest())
        finally:
            running.close()
        self.cached = running.cached
        if self.finish != "stopped":
            self.finish = "end" if watch.stopped else running.finish

    def _give(self, piece: str) -> Iterator[str]:
        """Pass a piece on, nothing before the first that can be seen."""
        if not self.text:
            piece = piece.lstrip()
            if is_blank(piece):
                return
        if piece:
            self.text += piece
            yield piece


class StopWatch:
    """Ends a text at the first stop string, holding back what may be the start of one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [s for s in stops if s]
        self._held = ""
        self.stopped = False

    def push(self, piece: str) -> str:
        """Give what is certain not to belong to a stop string."""
        text = self._held + piece
        places = [place for place in (text.find(s) for s in self._stops) if place >= 0]
        if places:
            self.stopped, self._held = True, ""
            return text[: min(places)]
        keep = max((_overlap(text, s) for s in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """Give what was held back when no stop string came of it."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Give how many characters at the end of the text begin the stop string."""
    sizes = range(min(len(text), len(stop) - 1), 0, -1)
    return next((n for n in sizes if text.endswith(stop[:n])), 0)


def choose_fallback(card: Card, exchanges: Sequence[Exchange]) -> str:
    """Give the card's line that was used longest ago in this conversation."""
    last_used = {e.reply: n for n, e in enumerate(exchanges)}
    return min(card.fallbacks, key=lambda line: last_used.get(line, -1))
