"""What a chat log is read into: messages, and what was left out with the reason why."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

# Who speaks in sources that name roles and no people.
USER, ASSISTANT = "user", "assistant"

# Reasons, as the report shows them.
MEDIA = "사진·동영상·이모티콘·삭제된 메시지 (pictures, stickers, calls, deleted messages)"
SYSTEM = "초대·나가기 같은 안내 줄 (lines that nobody typed)"
HEADER = "첫 메시지보다 앞에 있는 줄 (lines before the first message)"
EMPTY = "빈 메시지 (empty messages)"
BROKEN_ROW = "모양이 다른 줄 (rows of another shape)"
BROKEN_TEXT = "글자가 깨진 메시지 (messages with undecodable characters)"
LONG_LINE = "지나치게 긴 줄 (lines of millions of characters)"
LONG_MESSAGE = "너무 긴 메시지의 나머지 (the rest of overlong messages)"
ROLES = "시스템·도구의 말 (system prompts and tools)"


class Message(NamedTuple):
    """One thing that somebody said; a new `talk` in the same file begins a new dialogue."""

    speaker: str
    text: str
    minute: int | None = None
    talk: int = 0
    mood: int | None = None


class Unread(NamedTuple):
    """Something that became no message, and why."""

    reason: str


Event = Message | Unread


class Format(Protocol):
    """A kind of chat log; a file of training/logs/ is one."""

    def fits(self, head: str) -> bool:
        """Say whether a file that begins so is of this kind."""

    def read(self, lines: Iterable[str]) -> Iterator[Event]:
        """Give what the lines hold, in order; they may be gone through more than once."""
