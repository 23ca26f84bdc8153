"""What a turn says while it happens; the page, the terminal and the API only draw these."""

from dataclasses import dataclass, field

from app.history import Turn
from persona.window import Window


@dataclass(frozen=True, slots=True)
class Heard:
    """The visitor's words as they will be kept (NFC, cleaned)."""

    text: str


@dataclass(frozen=True, slots=True)
class Cared:
    """Lines that help someone in danger; they stand beside the persona's reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Felt:
    """The mood of the visitor's words and where it was read."""

    mood: int
    reason: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """What she still remembers of the conversation, and the room that is left."""

    window: Window


@dataclass(frozen=True, slots=True)
class Words:
    """The next piece of her reply; pieces are never taken back."""

    text: str


@dataclass(frozen=True, slots=True)
class Face:
    """The expression she wears from now on, by its name in the card."""

    expression: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part failed; a sentence for the visitor, and the turn goes on."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Done:
    """The turn as it was kept; `kept` is False when the disk would not take it."""

    turn: Turn
    kept: bool = True
    timings: dict[str, float] = field(default_factory=dict)


Event = Heard | Cared | Felt | Fitted | Words | Face | Trouble | Done
