"""A persona's reactions: kinds of things that visitors say, and lines that answer each kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from persona.dialogues import rows
from persona.encoder import Encoder, Vectors, unit
from persona.errors import PersonaError
from persona.text import clean, is_blank

# An answer to another feeling does not fit, however alike the words are.
OTHER_MOOD = 0.85
LOOKED_INTO = 60


@dataclass(frozen=True, slots=True)
class Reaction:
    """One kind: examples of what a visitor says, in one mood, and what she says to any of them."""

    id: str
    mood: int
    when: tuple[str, ...]
    say: tuple[str, ...]


class Kinds:
    """Says which kinds of a persona's reactions a visitor's words belong to."""

    def __init__(self, reactions: Sequence[Reaction], encoder: Encoder) -> None:
        self.reactions = list(reactions)
        self._encoder = encoder
        self._moods = np.array([r.mood for r in self.reactions])
        self._examples = encoder.encode([line for r in self.reactions for line in r.when])
        sizes = np.array([len(r.when) for r in self.reactions], np.int64)
        self._ends = np.cumsum(sizes)
        self._begins = self._ends - sizes
        if self.reactions:
            sums = np.add.reduceat(self._examples, self._begins)
            self._middles = unit(sums.astype(np.float32))

    def likeness(self, user: str, mood: int) -> Vectors:
        """Give how like each kind the words are: half its likest example, half its middle.

        It is 0 for those whose middle is too far off to be looked into.
        """
        if not self.reactions:
            return np.zeros(0, np.float32)
        words = self._encoder.encode([user])[0]
        middles = self._middles @ words
        likeness = np.zeros(len(middles), np.float32)
        for kind in np.argsort(-middles)[:LOOKED_INTO]:
            nearest = (self._examples[self._begins[kind] : self._ends[kind]] @ words).max()
            likeness[kind] = (nearest + middles[kind]) / 2
        return np.asarray(likeness * np.where(self._moods == mood, 1.0, OTHER_MOOD), np.float32)


def own_reactions(card_folder: Path) -> list[Reaction]:
    """Give a persona's own reactions; a line that is not in their shape is an error."""
    paths = sorted((card_folder / "reactions").glob("*.jsonl"))
    return [_read(row, place) for path in paths for place, row in rows(path)]


def _read(row: Any, place: str) -> Reaction:
    if (
        not isinstance(row, dict)
        or set(row) != {"id", "mood", "when", "say"}
        or not isinstance(row["id"], str)
        or type(row["mood"]) is not int
        or row["mood"] not in (0, 1, 2)
        or not all(_are_lines(row[key]) for key in ("when", "say"))
    ):
        raise PersonaError(
            f"{place}: 반응 한 줄에는 id, mood(0, 1, 2), when과 say(글 목록)가 있어야 해요. "
            "(A reaction has exactly id, mood (0, 1 or 2), when and say, both lists of lines.)"
        )
    when, say = (tuple(clean(line) for line in row[key]) for key in ("when", "say"))
    return Reaction(row["id"], row["mood"], when, say)


def _are_lines(value: Any) -> bool:
    lines = value if isinstance(value, list) else []
    return bool(lines) and all(isinstance(v, str) and not is_blank(clean(v)) for v in lines)
