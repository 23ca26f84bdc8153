"""KakaoTalk's export on a Mac: a CSV of Date, User, Message."""

import re
from collections.abc import Iterable, Iterator

from training.kakao import day_of, judge, minute_of
from training.messages import BROKEN_ROW, Event, Message, Unread
from training.table import columns, table

_COLUMNS = ["date", "user", "message"]
_STAMP = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{2})")


def fits(head: str) -> bool:
    """Know it by its columns."""
    return columns(head) == _COLUMNS


def read(lines: Iterable[str]) -> Iterator[Event]:
    """Give the messages, those of several lines in one piece."""
    for row in table(lines):
        stamp = _STAMP.match(row[0]) if len(row) == len(_COLUMNS) else None
        if stamp is None or not row[1].strip():
            yield Unread(BROKEN_ROW)
            continue
        *day, hour, minute = stamp.groups()
        at = minute_of(day_of(*day), None, int(hour), int(minute))
        yield judge(Message(row[1].strip(), row[2], at))
