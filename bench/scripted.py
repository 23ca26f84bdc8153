"""Gives what the scripted visitors say; nothing of it is in any dialogue."""

import json
from dataclasses import dataclass
from pathlib import Path

DATA_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Eight lines of one visitor, written to make sense whatever is answered."""

    id: str
    topic: str
    mood: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """A talk whose first line tells something and whose last asks for it.

    The reply to the last line is right when one of the expected forms stands in it.
    """

    id: str
    lines: tuple[str, ...]
    expect: tuple[str, ...]


def visitors() -> list[Visitor]:
    """Give the visitors of the transcripts."""
    rows = (json.loads(line) for line in _lines("visitors.jsonl"))
    return [Visitor(r["id"], r["topic"], r["mood"], tuple(r["lines"])) for r in rows]


def memories() -> list[Memory]:
    """Give the talks that ask for what they told."""
    rows = (json.loads(line) for line in _lines("memory.jsonl"))
    return [Memory(r["id"], tuple(r["lines"]), tuple(r["expect"])) for r in rows]


def neutral_lines() -> list[str]:
    """Give sentences that one may say in any mood."""
    return _lines("neutral.txt")


def _lines(name: str) -> list[str]:
    return (DATA_FOLDER / name).read_text(encoding="utf-8").splitlines()
