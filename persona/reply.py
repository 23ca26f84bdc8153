"""Answers: fits the conversation into the window, asks the engine, gives text as it comes."""

import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from persona.card import Card
from persona.checkpoint import Checkpoint
from persona.choosing import Chooser, Written, choose_care, choose_fallback
from persona.lm.protocol import Generation, Sampling
from persona.prompt import Exchange
from persona.ranker import Situation
from persona.text import is_blank
from persona.tokens import TextStream
from persona.window import Window, fit

GENERATED = "generated"
RECALLED = "recalled"
FALLBACK = "fallback"
# An empty reply is tried once more before one of the card's own lines is used.
TRIES = 2
# Replies are compared by their first phrase: what ends so, or is so long.
PHRASE_TOKENS = 8
PHRASE_ENDS = (".", "?", "!", "~", "…", "\n")
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
    # Who finds written lines, if she may say such, and chooses among so many beginnings; she says
    # what comes without. What the visitor has seen is not found again.
    chooser: Chooser | None = None
    recalls: bool = False
    candidates: int = 1
    seen: str = ""
    # To words of danger she says one of the lines that were written for them, and nothing else.
    careful: bool = False


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
        self._voices: list[_Voice] = []
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
        if self._asked.careful:
            yield self._take(Written(choose_care(self._asked.card, self._asked.exchanges), False))
            return
        for attempt in range(TRIES):
            if attempt:  # other seeds than those that nothing came of
                self.seed = (self.seed + max(1, len(self._voices))) % SEEDS
            if self.finish != "stopped":
                yield from self._say(recalls=self._asked.recalls and attempt == 0)
            if self.text or self.finish == "stopped":
                return
        self.origin = FALLBACK
        self.text = choose_fallback(self._asked.card, self._asked.exchanges)
        yield self.text

    def close(self) -> None:
        """Stop the reply where it is, from any thread; what was given so far is in `text`."""
        self.finish = "stopped"
        for voice in self._voices:
            voice.close()

    def _say(self, *, recalls: bool) -> Iterator[str]:
        """Begin several replies, choose one early, and go on with it: nothing is taken back."""
        asked = self._asked
        chooser = asked.chooser
        situation = Situation(asked.card, asked.exchanges, asked.user, asked.mood)
        line = None
        if chooser and recalls:
            line = chooser.written(situation, self.seed, asked.seen)
        if self.finish == "stopped":
            return
        if line and line.recalled:
            yield self._take(line)
            return
        compares = chooser is not None and chooser.compares
        seeds = range(self.seed, self.seed + (asked.candidates if compares else 1))
        self._voices = [self._begin(seed % SEEDS) for seed in seeds]
        if self.finish == "stopped":  # by another thread, before it could see who speaks
            self.close()
        try:
            yield from self._go_on(self._choose(situation, line))
        finally:
            for voice in self._voices:
                voice.close()

    def _choose(self, situation: Situation, line: Written | None) -> "_Voice | Written":
        """Give the line or the voice that answers best so far."""
        if line is None and len(self._voices) == 1:
            return self._voices[0]
        begun = [voice for voice in self._voices if voice.begin()]
        assert self._asked.chooser is not None
        best = self._asked.chooser.best(situation, line, [voice.text for voice in begun])
        return begun[best] if best >= 0 else line or self._voices[0]

    def _go_on(self, chosen: "_Voice | Written") -> Iterator[str]:
        if self.finish == "stopped":
            return
        if isinstance(chosen, Written):
            yield self._take(chosen)
            return
        for voice in self._voices:
            if voice is not chosen:
                voice.close()
        self.seed = chosen.seed
        if chosen.text:
            self.text = chosen.text
            yield chosen.text
        for piece in chosen:
            self.text = chosen.text
            yield piece
        self.tokens, self.cached = chosen.tokens, chosen.cached
        if self.finish != "stopped":
            self.finish = chosen.finish

    def _take(self, line: Written) -> str:
        self.origin = RECALLED if line.recalled else FALLBACK
        self.finish, self.text = "end", line.reply
        self.tokens = len(self._checkpoint.template.tokens.encode(line.reply))
        return line.reply

    def _begin(self, seed: int) -> "_Voice":
        sampling = dataclasses.replace(
            self._asked.sampling, seed=seed, end_ids=self._checkpoint.end_ids
        )
        # One that was not tuned seldom ends by itself; in its examples a reply is one line.
        line_end = () if self._checkpoint.tuned else ("\n",)
        return _Voice(
            seed,
            self._engine.generate(self._ids, sampling),
            self._checkpoint.template.tokens.stream(),
            StopWatch((*self._asked.stop, *line_end)),
        )


class _Voice(Iterator[str]):
    """One reply on its way from ids to text; nothing comes before what can be seen."""

    def __init__(
        self, seed: int, running: Generation, stream: TextStream, watch: "StopWatch"
    ) -> None:
        self.seed = seed
        self.text = ""
        self.tokens = 0
        self._running = running
        self._stream = stream
        self._watch = watch
        self._pieces = self._read()

    @property
    def cached(self) -> int:
        """How many ids of the prompt needed no computing."""
        return self._running.cached

    @property
    def finish(self) -> str:
        """How it ended."""
        return "end" if self._watch.stopped else self._running.finish

    def __next__(self) -> str:
        piece = next(self._pieces)
        self.text += piece
        return piece

    def begin(self) -> str:
        """Wait for the first phrase and give it."""
        for _ in self:
            if self.tokens >= PHRASE_TOKENS or self.text.rstrip().endswith(PHRASE_ENDS):
                break
        return self.text

    def close(self) -> None:
        """Stop, and free the slot."""
        self._running.close()

    def _read(self) -> Iterator[str]:
        for token in self._running:
            self.tokens += 1
            yield from self._seen(self._watch.push(self._stream.push(token)))
            if self._watch.stopped:
                break
        yield from self._seen(self._watch.rest())

    def _seen(self, piece: str) -> Iterator[str]:
        if not self.text:
            piece = piece.lstrip()
            if is_blank(piece):
                return
        if piece:
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
