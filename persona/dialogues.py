"""A persona's own dialogues: what a visitor said, how it felt, and what she answered."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona.errors import PersonaError
from persona.prompt import Exchange
from persona.text import clean


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation that may be learned from, and whose it is (a card's id, or a source's)."""

    id: str
    owner: str
    topic: str
    exchanges: tuple[Exchange, ...]
    facts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All that is said in it, in one line."""
        return " ".join(words for e in self.exchanges for words in (e.user, e.reply))


def own_dialogues(card_folder: Path) -> list[Dialogue]:
    """Give a persona's own dialogues; a line that is not in their shape is an error."""
    found = []
    for path in sorted((card_folder / "dialogues").glob("*.jsonl")):
        for place, row in rows(path):
            found.append(_read(row, card_folder.name, place))
    return found


def rows(path: Path) -> Iterator[tuple[str, Any]]:
    """Give what stands in the lines of a JSON lines file, each with its place for errors."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = file.readlines()
    except (UnicodeDecodeError, OSError) as error:
        raise PersonaError(
            f"{path} 파일을 UTF-8로 읽을 수 없어요. UTF-8로 저장해 주세요. "
            f"(Cannot be read; save it as UTF-8: {error})"
        ) from error
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise PersonaError(
                f"{path}:{number} 줄을 JSON으로 읽을 수 없어요. 그 줄을 고쳐 주세요. "
                f"(This line is no JSON; mend it: {error})"
            ) from error
        yield f"{path}:{number}", row


def _read(row: Any, owner: str, place: str) -> Dialogue:
    if (
        not isinstance(row, dict)
        or set(row) != {"id", "topic", "turns"}
        or not isinstance(row["turns"], list)
        or not row["turns"]
    ):
        raise PersonaError(
            f"{place}: 대화 한 줄에는 id, topic, turns가 있어야 해요. "
            "(A dialogue has exactly id, topic and turns, and at least one turn.)"
        )
    exchanges = []
    for turn in row["turns"]:
        if (
            not isinstance(turn, dict)
            or set(turn) != {"user", "mood", "reply"}
            or turn["mood"] not in (0, 1, 2)
            or not all(isinstance(turn[who], str) for who in ("user", "reply"))
        ):
            raise PersonaError(
                f"{place}: turns에는 user, mood(0, 1, 2), reply가 있어야 해요. "
                "(A turn has exactly user, mood (0, 1 or 2) and reply.)"
            )
        exchanges.append(Exchange(clean(turn["user"]), turn["mood"], clean(turn["reply"])))
    return Dialogue(row["id"], owner, row["topic"], tuple(exchanges))
