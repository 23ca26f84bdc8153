"""Reads the public corpora and the personas' own dialogues, and says what each is used for."""

import json
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from persona.dialogues import Dialogue
from persona.prompt import Exchange
from persona.text import clean
from training.errors import TrainingError

# Running text: how often each source is read in one pass, and at most how many of its rows.
# Software documentation (text/docs) is left out: a manual is no conversation.
TEXTS: dict[str, tuple[int, int | None]] = {
    "chat/user_turns": (2, None),
    "text/reviews": (1, 250_000),
    "text/prose": (1, None),
    "text/talks": (1, 1_000),
}


def rows(path: Path, *needed: str) -> Iterator[dict[str, Any]]:
    """Give the objects of a JSON lines file, plain or .xz; each has to have what is needed."""
    if not path.exists():
        raise TrainingError(
            f"{path} is missing; put the public corpora there (the model card lists them with "
            "their sums)"
        )
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise TrainingError(f"{path}:{number} is no JSON: {error}") from error
            if not isinstance(row, dict) or not row.keys() >= set(needed):
                raise TrainingError(f"{path}:{number} has to be an object with {', '.join(needed)}")
            yield row


def find(folder: Path, name: str) -> Path:
    """Give a source's file in the corpora folder, packed or not."""
    plain = folder / f"{name}.jsonl"
    return plain if plain.exists() else folder / f"{name}.jsonl.xz"


def running_texts(folder: Path) -> Iterator[str]:
    """Give the running texts once, in the order of TEXTS."""
    for name, (times, limit) in TEXTS.items():
        for _ in range(times):
            for number, row in enumerate(rows(find(folder, name), "text")):
                if limit is not None and number >= limit:
                    break
                yield clean(row["text"])


def songys(folder: Path) -> Iterator[Dialogue]:
    """Give the songys question-answer pairs, each a dialogue of one exchange."""
    for number, row in enumerate(
        rows(find(folder, "chat/songys_chatbot"), "user", "mood", "reply")
    ):
        exchange = Exchange(clean(row["user"]), int(row["mood"]), clean(row["reply"]))
        yield Dialogue(f"songys-{number}", "songys", "pairs", (exchange,))


def xpersona(folder: Path) -> Iterator[Dialogue]:
    """Give the XPersona conversations with the facts of the one who answers."""
    for number, row in enumerate(rows(find(folder, "chat/xpersona_ko"), "turns", "facts")):
        exchanges = tuple(
            Exchange(clean(t["user"]), 0, clean(t["reply"])) for t in row["turns"] if t.get("reply")
        )
        facts = tuple(clean(fact) for fact in row["facts"])
        yield Dialogue(f"xpersona-{number}", "xpersona", "facts", exchanges, facts)


def dialogue_texts(dialogues: Iterable[Dialogue]) -> Iterator[str]:
    """Give every line of the dialogues, for the tokenizer."""
    for dialogue in dialogues:
        for exchange in dialogue.exchanges:
            yield exchange.user
            yield exchange.reply


def pretraining_texts(folder: Path) -> Iterator[str]:
    """Give all texts the tokenizer learns its merges from."""
    yield from running_texts(folder)
    yield from dialogue_texts(songys(folder))
    yield from dialogue_texts(xpersona(folder))
