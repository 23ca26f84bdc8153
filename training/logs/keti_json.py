"""Multi-turn JSON as KETI and AI Hub publish it: anywhere in it, lists of who said what.

The sets differ in the names of their keys and in what lies around the talk, so a dialogue is
any list of objects that have a speaker and a text, however deep; and the pairs HS01, SS01, …
(human, system) of the emotional dialogues.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from training.messages import ASSISTANT, BROKEN_ROW, USER, Event, Message, Unread
from training.objects import documents

_SPEAKERS = ("speaker", "speaker_id", "speakerId", "participantID", "from", "화자")
_TEXTS = ("utterance", "text", "sentence", "form", "value", "발화", "문장")
_ROLES = {
    **dict.fromkeys(("user", "human", "사용자", "고객"), USER),
    **dict.fromkeys(("system", "bot", "assistant", "gpt", "시스템", "챗봇"), ASSISTANT),
}
_SPEAKER_KEY, _TEXT_KEY = (
    re.compile(rf'"(?:{"|".join(keys)})"\s*:') for keys in (_SPEAKERS, _TEXTS)
)
_PAIR = re.compile(r"([HS])S(\d\d)")
_NUMBERED = re.compile(r'"HS01"\s*:')


def fits(head: str) -> bool:
    """Know it by its keys."""
    if not head.lstrip().startswith(("{", "[")):
        return False
    return bool(_NUMBERED.search(head) or (_SPEAKER_KEY.search(head) and _TEXT_KEY.search(head)))


def read(lines: Iterable[str]) -> Iterator[Event]:
    """Give every dialogue that is found, each line or document from the outside in."""
    talk = 0
    for document in documents(lines):
        found = False
        for dialogue in _dialogues(document):
            found = True
            talk += 1
            for speaker, text in dialogue:
                yield Message(speaker, text, talk=talk) if text else Unread(BROKEN_ROW)
        if not found:
            yield Unread(BROKEN_ROW)


def _dialogues(node: Any) -> Iterator[list[tuple[str, str]]]:
    if isinstance(node, list):
        said = [_said(item) for item in node]
        if any(said):
            yield [one or ("", "") for one in said]
            return
        for item in node:
            yield from _dialogues(item)
    elif isinstance(node, dict):
        pairs = _pairs(node)
        if pairs:
            yield pairs
            return
        for item in node.values():
            yield from _dialogues(item)


def _said(item: Any) -> tuple[str, str] | None:
    if not isinstance(item, dict):
        return None
    speaker = next((item[key] for key in _SPEAKERS if item.get(key) not in (None, "")), None)
    text = next((item[key] for key in _TEXTS if isinstance(item.get(key), str)), None)
    if text is None or not isinstance(speaker, str | int):
        return None
    name = str(speaker).strip()
    return _ROLES.get(name.lower(), name), text.strip()


def _pairs(node: dict[str, Any]) -> list[tuple[str, str]]:
    """Give the talk of numbered keys: HS01, SS01, HS02, …; the empty ones are its end."""
    found = [(_PAIR.fullmatch(key), text) for key, text in node.items()]
    numbered = sorted((m[2], m[1], text) for m, text in found if m and isinstance(text, str))
    return [({"H": USER, "S": ASSISTANT}[side], text) for _, side, text in numbered if text.strip()]
