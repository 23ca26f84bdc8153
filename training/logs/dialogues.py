"""JSON lines of the dialogues' own shape: turns of user, mood and reply, or one turn a line."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from persona.mood import MOODS
from training.messages import ASSISTANT, BROKEN_ROW, USER, Event, Message, Unread
from training.objects import objects

_USER, _REPLY = (re.compile(rf'"{key}"\s*:') for key in ("user", "reply"))


def fits(head: str) -> bool:
    """Know it by its keys."""
    return head.lstrip().startswith("{") and bool(_USER.search(head) and _REPLY.search(head))


def read(lines: Iterable[str]) -> Iterator[Event]:
    """Give each line as a dialogue of its own."""
    for number, row in enumerate(objects(lines)):
        turns = row.get("turns", [row]) if isinstance(row, dict) else None
        if not isinstance(turns, list) or not turns:
            yield Unread(BROKEN_ROW)
            continue
        for turn in turns:
            yield from _turn(turn, number)


def _turn(turn: Any, number: int) -> Iterator[Event]:
    if not isinstance(turn, dict) or not isinstance(turn.get("user"), str):
        yield Unread(BROKEN_ROW)
        return
    mood = turn.get("mood")
    yield Message(USER, turn["user"], talk=number, mood=mood if mood in MOODS else None)
    if isinstance(turn.get("reply"), str):
        yield Message(ASSISTANT, turn["reply"], talk=number)
