"""Question and answer in a CSV of Q, A and perhaps label, as songys/Chatbot_data has it."""

from collections.abc import Iterable, Iterator

from persona.mood import MOODS
from training.messages import ASSISTANT, BROKEN_ROW, USER, Event, Message, Unread
from training.table import columns, table

_PAIR = 2


def fits(head: str) -> bool:
    """Know it by its columns."""
    return columns(head) in (["q", "a"], ["q", "a", "label"])


def read(lines: Iterable[str]) -> Iterator[Event]:
    """Give each row as a dialogue of two messages; the label is the mood."""
    for number, row in enumerate(table(lines)):
        if len(row) < _PAIR or not all(cell.strip() for cell in row[:_PAIR]):
            yield Unread(BROKEN_ROW)
            continue
        label = row[_PAIR].strip() if len(row) > _PAIR else ""
        mood = int(label) if label in map(str, MOODS) else None
        yield Message(USER, row[0], talk=number, mood=mood)
        yield Message(ASSISTANT, row[1], talk=number)
