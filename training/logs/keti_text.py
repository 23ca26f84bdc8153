"""Multi-turn text as KETI's sets have it: `A: 말` a line, a blank line between dialogues."""

import re
from collections.abc import Iterable, Iterator

from training.messages import BROKEN_ROW, Event, Message, Unread

# A short label and a colon or tab; the rest of a text must look so too, or it is prose.
_LINE = re.compile(r"(?:\d+\. )?([A-Za-z가-힣]{1,10}\d{0,2})(?: ?[:：]|\t) ?(\S.*)")
_SURE = 0.8
_LEAST = 2


def fits(head: str) -> bool:
    """Know it by most of its lines."""
    lines = [line for line in head.splitlines() if line.strip()]
    # The last one may be cut.
    found = sum(_LINE.fullmatch(line.strip()) is not None for line in lines)
    return found >= _LEAST and found >= _SURE * len(lines)


def read(lines: Iterable[str]) -> Iterator[Event]:
    """Give each block as a dialogue of its own."""
    talk = 0
    for line in lines:
        if not line.strip():
            talk += 1
        elif found := _LINE.fullmatch(line.strip()):
            yield Message(found[1], found[2], talk=talk)
        else:
            yield Unread(BROKEN_ROW)
