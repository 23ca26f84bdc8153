"""OpenAI's JSON lines for fine-tuning: `{"messages": [{"role": …, "content": …}, …]}`."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from training.messages import ASSISTANT, BROKEN_ROW, ROLES, USER, Event, Message, Unread
from training.objects import objects

_KEY = re.compile(r'"messages"\s*:')


def fits(head: str) -> bool:
    """Know it by its key."""
    return head.lstrip().startswith("{") and _KEY.search(head) is not None


def read(lines: Iterable[str]) -> Iterator[Event]:
    """Give each line as a dialogue of its own."""
    for number, row in enumerate(objects(lines)):
        messages = row.get("messages") if isinstance(row, dict) else None
        if not isinstance(messages, list):
            yield Unread(BROKEN_ROW)
            continue
        for message in messages:
            yield _event(message, number)


def _event(message: Any, number: int) -> Event:
    if not isinstance(message, dict):
        return Unread(BROKEN_ROW)
    if message.get("role") not in (USER, ASSISTANT):
        return Unread(ROLES)
    text = _text(message.get("content"))
    return Message(message["role"], text, talk=number) if text else Unread(BROKEN_ROW)


def _text(content: Any) -> str:
    """Give the words of a content, which may be a list of parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return " ".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""
