"""What all KakaoTalk exports share: the clock, lines nobody typed, messages of several lines."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache

from training.messages import EMPTY, HEADER, LONG_MESSAGE, MEDIA, SYSTEM, Event, Message, Unread

# KakaoTalk cuts a message at 10,000 characters; more is something else that was pasted in.
MOST_CHARACTERS = 10_000
MOST_OF_A_NOTICE = 300
_NOON = 12
_FILES = "jpe?g|png|gif|webp|heic|mp4|mov|avi|m4a|mp3|wav|pdf|zip|hwpx?|docx?|xlsx?|pptx?|apk|vcf"
_MEDIA = re.compile(
    r"사진(?: \d+장)?|동영상|\(?이모티콘\)?|음성 ?메시지|연락처|지도|투표|톡게시판|샵검색"
    r"|삭제된 메시지입니다\.?|메시지가 삭제되었습니다\.?|관리자가 메시지를 (?:가렸|삭제했)습니다\.?"
    r"|(?:보이스룸|그룹콜|보이스톡|페이스톡|라이브톡)(?: .*)?"
    r"|(?:파일|연락처|지도|일정|투표|샵검색): ?.*"
    r"|(?:선물|송금|정산|라이브|톡게시판) ?'.*|.*송금봉투를? (?:보냈|받았)어요\.?"
    rf"|\S+\.(?:{_FILES})"
)
_SYSTEM = re.compile(
    r".+님이 .*(?:초대|내보냈|들어왔|나갔|되었|변경|설정|해제).*습니다\.?.*"
    r"|.+님을 (?:초대했|내보냈)습니다\.?.*|채팅방 관리자가 .*|운영정책을? .*|.*님과 카카오톡 대화"
    r"|저장한 날짜 ?:.*|채팅방(?:을|이|에) .*습니다\.?"
)


def is_system(line: str) -> bool:
    """Say whether a line is KakaoTalk's own: an invitation, a header."""
    return len(line) <= MOST_OF_A_NOTICE and _SYSTEM.fullmatch(line.strip()) is not None


def minute_of(day: int | None, half: str | None, hour: int, minute: int) -> int | None:
    """Give the minutes since the year 1 of a time on KakaoTalk's clock (오전 12 is midnight)."""
    if day is None:
        return None
    if half:
        hour = hour % _NOON + (_NOON if half in ("오후", "PM") else 0)
    return (day * 24 + hour) * 60 + minute


@lru_cache(maxsize=1 << 12)
def day_of(year: str, month: str, day: str) -> int | None:
    """Give the number of a day, or None where the calendar has none such."""
    try:
        return date(int(year), int(month), int(day)).toordinal()
    except ValueError:
        return None


def judge(message: Message) -> Event:
    """Give a message, or why it is none."""
    text = message.text.strip()
    if not text:
        return Unread(EMPTY)
    if len(text) <= MOST_OF_A_NOTICE and _MEDIA.fullmatch(text):
        return Unread(MEDIA)
    if is_system(text):
        return Unread(SYSTEM)
    return message._replace(text=text)


def join_lines(pieces: Iterable[Event | str]) -> Iterator[Event]:
    """Join stray lines to the message that they go on from, and judge each message as a whole."""
    message: Message | None = None
    for piece in pieces:
        if isinstance(piece, Message):
            if message:
                yield judge(message)
            message = piece
        elif isinstance(piece, Unread):
            yield piece
        elif is_system(piece):
            yield Unread(SYSTEM)
        elif message is None:
            if piece.strip():
                yield Unread(HEADER)
        elif len(message.text) + len(piece) >= MOST_CHARACTERS:
            yield Unread(LONG_MESSAGE)
        else:
            message = message._replace(text=f"{message.text}\n{piece}")
    if message:
        yield judge(message)
