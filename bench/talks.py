"""Talks to her as the page does: the page's own turn, with a scripted visitor and a fixed seed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from app.events import Done, Trouble
from app.room import LOCAL_VISITOR, Room
from app.settings import Settings
from app.turn import Choice, feel, take_turn
from bench.engines import READY_S, time_reply
from persona.card import FIRST
from persona.lm.protocol import EngineError
from persona.reply import card_sampling

STUDENT, GENERATION, WHOLE = "student", "generation", "whole"


@dataclass(frozen=True, slots=True)
class System:
    """What is turned on in one of the systems that are compared."""

    recall: bool
    candidates: int
    remembers: bool
    sampling: Mapping[str, float | int] = field(default_factory=dict)


SYSTEMS = {
    # What a notebook does: one turn, 40 tokens, always the likeliest. When nothing comes of it
    # she still has her card's lines, which is more than a notebook has.
    STUDENT: System(False, 1, False, {"temperature": 0.0, "max_new_tokens": 40}),
    GENERATION: System(recall=False, candidates=1, remembers=True),
    WHOLE: System(recall=True, candidates=3, remembers=True),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One finished turn, and how long her reply took."""

    user: str
    reply: str
    origin: str
    seconds: float


class Talker(Protocol):
    """Whoever can be talked to."""

    def talk(
        self, system: str, lines: Sequence[str], seed: int, mood: int | None = None
    ) -> list[Said]:
        """Say the lines one after the other and give the turns."""
        ...


class Companion:
    """The first persona in a room of her own."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.card = room.cards[FIRST]
        self.checkpoint = room.checkpoint
        self.engine = room.engine

    def talk(
        self, system: str, lines: Sequence[str], seed: int, mood: int | None = None
    ) -> list[Said]:
        """Say the lines one after the other in a new conversation; her replies are her own.

        Line n is answered with the seed `seed + n`; a mood that is given is not read.
        """
        room, how = self._room, SYSTEMS[system]
        settings = room.settings
        room.settings = replace(settings, recall=how.recall, candidates=how.candidates)
        talk = ""
        said = []
        for n, line in enumerate(lines):
            if not talk or not how.remembers:
                talk = room.history.create(LOCAL_VISITOR, self.card.id).id
            # The seed goes in through the card: sampling that a visitor chooses turns recall off.
            sampling = {**self.card.sampling, **how.sampling, "seed": seed + n}
            room.cards[self.card.id] = replace(self.card, sampling=sampling)
            said.append(take(room, talk, line, Choice(mood=mood)))
        return said

    def plain_seconds(self, line: str, reply: str, seed: int) -> float:
        """Time plain generation of as many tokens as the reply to a first line has."""
        template = self._room.checkpoint.template
        ids = template.header_ids(self.card.name, self.card.facts)
        ids += template.ask_ids(line, feel(self._room, line, None).tag)
        tokens = len(template.reply_ids(reply))
        # Without end ids it goes on to the length; a loop is stopped earlier and scaled up.
        sampling = card_sampling(self.card, max_new_tokens=tokens, seed=seed)
        timed = time_reply(self._room.engine, ids, sampling)
        return timed.total_s * tokens / max(1, timed.tokens)


def take(room: Room, talk: str, line: str, choice: Choice) -> Said:
    """Take one turn to its end; trouble that the page would show ends the bench."""
    for event in take_turn(room, LOCAL_VISITOR, talk, line, choice):
        if isinstance(event, Trouble):
            raise EngineError(event.sentence)
        if isinstance(event, Done):
            turn = event.turn
            return Said(turn.user, turn.reply, turn.origin, event.timings["total_s"])
    raise AssertionError("a turn ends with Done")


@contextmanager
def open_companion(folder: Path) -> Iterator[Companion]:
    """Give her with a checkpoint, on two threads of the processor; nothing of it is kept."""
    with TemporaryDirectory() as own:
        settings = Settings(
            model=str(folder.absolute()),
            device="cpu",
            threads=2,
            data_dir=Path(own),
            cache_dir=Path(own) / "cache",
        )
        with closing(Room(settings, keep_history=False)) as room:
            room.engine.wait_ready(READY_S)
            yield Companion(room)
