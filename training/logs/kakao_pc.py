"""KakaoTalk's export on a PC: `[이름] [오전 9:00] 말` under rulers with the date."""

import re
from collections.abc import Iterable, Iterator

from training.kakao import day_of, join_lines, minute_of
from training.messages import Event, Message

_CLOCK = r"\[(?:(오전|오후) )?(\d{1,2}):(\d{2})(?: (AM|PM))?\]"
_MESSAGE = re.compile(rf"\[(.+?)\] {_CLOCK} ?(.*)")
_HEAD = re.compile(rf"^\[.+?\] {_CLOCK}", re.MULTILINE)
_RULER = re.compile(r"-{3,} ?(\d{4})년 (\d{1,2})월 (\d{1,2})일.*-{3,}\s*")


def fits(head: str) -> bool:
    """Know it by its first message."""
    return _HEAD.search(head) is not None


def read(lines: Iterable[str]) -> Iterator[Event]:
    """Give the messages with the time of the last ruler's day."""
    return join_lines(_pieces(lines))


def _pieces(lines: Iterable[str]) -> Iterator[Event | str]:
    day = None
    for line in lines:
        if found := _MESSAGE.fullmatch(line):
            speaker, before, hour, minute, after, text = found.groups()
            at = minute_of(day, before or after, int(hour), int(minute))
            yield Message(speaker.strip(), text, at)
        elif ruler := _RULER.fullmatch(line):
            day = day_of(*ruler.groups())
        else:
            yield line
