"""KakaoTalk's export on a phone: `2026년 7월 1일 오전 9:00, 이름 : 말`, or `2026. 7. 1. …`."""

import re
from collections.abc import Iterable, Iterator

from training.kakao import day_of, join_lines, minute_of
from training.messages import SYSTEM, Event, Message, Unread

_DAY = r"(\d{4})(?:년|\.) ?(\d{1,2})(?:월|\.) ?(\d{1,2})(?:일|\.)"
_STAMP = rf"{_DAY} (?:(오전|오후) )?(\d{{1,2}}):(\d{{2}})"
_MESSAGE = re.compile(rf"{_STAMP}, (.+)")
_HEAD = re.compile(rf"^{_STAMP}, .+? :", re.MULTILINE)
_RULER = re.compile(rf"{_DAY}(?: .요일)?\s*|{_STAMP}\s*")
# On an iPhone a colon stands where nobody speaks.
_NOBODY = re.compile(rf"{_STAMP}: .+")
_TITLE = re.compile(r"(.+?) 님과 카카오톡 대화\s*")
_BETWEEN = " : "


def fits(head: str) -> bool:
    """Know it by its first message."""
    return _HEAD.search(head) is not None


def read(lines: Iterable[str]) -> Iterator[Event]:
    """Give the messages; the lines are gone through twice, for names with " : " in them."""
    return join_lines(_pieces(lines, _long_names(lines)))


def _pieces(lines: Iterable[str], names: dict[str, str]) -> Iterator[Event | str]:
    for line in lines:
        if found := _MESSAGE.fullmatch(line):
            *day, half, hour, minute, said = found.groups()
            at = minute_of(day_of(*day), half, int(hour), int(minute))
            yield _message(said, names, at)
        elif _NOBODY.fullmatch(line):
            yield Unread(SYSTEM)
        elif not _RULER.fullmatch(line):
            yield line


def _message(said: str, names: dict[str, str], minute: int | None) -> Event:
    # Editors cut the space behind an empty message.
    name, between, text = f"{said} ".partition(_BETWEEN)
    if not between:
        return Unread(SYSTEM)
    whole = names.get(name, name)
    if whole != name and said.startswith(whole + _BETWEEN):
        name, text = whole, said[len(whole + _BETWEEN) :]
    return Message(name.strip(), text.rstrip(), minute)


def _long_names(lines: Iterable[str]) -> dict[str, str]:
    """Give the names that have " : " inside, by their first part.

    A log does not mark where a name ends. What stands before a " : " in everything that a name
    says, more than once, belongs to the name; so does what the log's title says.
    """
    shared: dict[str, list[str]] = {}
    times: dict[str, int] = {}
    titled = ""
    for line in lines:
        if found := _MESSAGE.fullmatch(line):
            name, *parts = f"{found[7]} ".split(_BETWEEN)
            before = shared.setdefault(name, parts[:-1])
            if before:
                same = next(
                    (n for n, p in enumerate(before) if parts[n : n + 1] != [p]), len(before)
                )
                shared[name] = before[: min(same, max(0, len(parts) - 1))]
            times[name] = times.get(name, 0) + 1
        elif title := _TITLE.fullmatch(line):
            titled = title[1]
    names = {n: _BETWEEN.join([n, *s]) for n, s in shared.items() if s and times[n] > 1}
    if _BETWEEN in titled:
        names[titled.partition(_BETWEEN)[0]] = titled
    return names
