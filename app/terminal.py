"""What the commands share: writing to any kind of terminal, and the words that name a model."""

import argparse
import dataclasses
import io
import json
import os
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from app.errors import AppError
from app.settings import Settings
from persona.lm import backends
from persona.lm.protocol import DEVICES, EngineError

if TYPE_CHECKING:
    from persona.lm.engine import Engine

ARGUMENTS_OFF = 2
# A model that is there by then needs no word about it; a big one on a slow disk takes minutes.
SOON_S, PATIENCE_S = 2.0, 1800.0
_DIM, _RESET = "\x1b[2m", "\x1b[0m"


def open_streams() -> None:
    """Let no letter stop the program that the terminal cannot show or that came in broken."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def can_show(letters: str, stream: TextIO) -> bool:
    """Say whether the stream's encoding has these letters."""
    try:
        letters.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def as_json(value: object) -> str:
    """Give a value as one line of JSON, in plain ASCII where the reader takes nothing else."""
    written = json.dumps(value, ensure_ascii=False)
    return written if can_show(written, sys.stdout) else json.dumps(value)


def dimmed(text: str, stream: TextIO, environ: Mapping[str, str] = os.environ) -> str:
    """Give the text as a side remark, without colour where none is wanted or understood.

    NO_COLOR and TERM are the terminal's own words, not settings of ours.
    """
    plain = environ.get("NO_COLOR") or environ.get("TERM") in (None, "", "dumb")
    return text if plain or not stream.isatty() else f"{_DIM}{text}{_RESET}"


def remark(text: str) -> None:
    """Put a side remark on standard error, after whatever is still on its way to the reader."""
    sys.stdout.flush()
    print(dimmed(text, sys.stderr), file=sys.stderr, flush=True)


def refuse(sentence: str) -> NoReturn:
    """End the program because its arguments are off, as argparse does."""
    print(sentence, file=sys.stderr)
    raise SystemExit(ARGUMENTS_OFF)


def width(text: str) -> int:
    """Count the columns that a text takes: a Korean letter takes two."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide


def padded(text: str, columns: int) -> str:
    """Fill a text up to so many columns."""
    return text + " " * (columns - width(text))


def typed_lines(prompt: str) -> Iterator[str]:
    """Give the visitor's lines until Ctrl-D or Ctrl-C; an empty prompt is for a pipe."""
    if prompt:
        # It edits the line, whole Hangul letters at a time; Windows has its own.
        with suppress(ImportError):
            import readline  # noqa: F401
    while True:
        try:
            line = input(prompt)
        except (EOFError, KeyboardInterrupt):
            return
        yield line


@contextmanager
def counted_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Count presses of Ctrl-C: an exception in the middle of a turn would lose what she said.

    The second press ends the program as ever, should she hang.
    """
    presses = 0

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal presses
        presses += 1
        if presses > 1:
            signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: presses > 0
    finally:
        signal.signal(signal.SIGINT, before)


def shortened(text: str, columns: int) -> str:
    """Give a text as one line of at most so many columns."""
    line = " ".join(text.split())
    if width(line) <= columns:
        return line
    while width(line) > columns - 1:
        line = line[:-1]
    return f"{line.rstrip()}…"


def wait_for(engine: "Engine", told: set[str]) -> None:
    """Wait until she can answer, and tell what the visitor should know of it, each thing once."""
    try:
        engine.wait_ready(SOON_S)
    except EngineError:
        if engine.state != "loading":
            raise
        remark(engine.progress or "생각할 준비를 하고 있어요. (The model is being loaded.)")
        engine.wait_ready(PATIENCE_S)
    for notice in engine.notices:
        if notice not in told:
            told.add(notice)
            remark(notice)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which persona speaks and what answers for her."""
    parser.add_argument("--persona", metavar="NAME", help="who answers: a folder of cards/")
    parser.add_argument("--model", metavar="NAME", help="name, folder or hub id of a checkpoint")
    names = (backends.AUTO, *backends.backend_names())
    parser.add_argument("--backend", choices=names, help="what computes it")
    parser.add_argument("--device", choices=DEVICES, help="where")


def chosen_settings(arguments: argparse.Namespace, settings: Settings) -> Settings:
    """Give the settings, overruled by the arguments that were given."""
    names = ("model", "backend", "device")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name)}
    # Nobody else is here, so the memory for other visitors is not taken.
    return dataclasses.replace(settings, slots=1, **given)


def choose_persona(there: Iterable[str], wanted: str | None) -> str:
    """Give the persona that was asked for, or say which ones there are."""
    # With it comes the tokenizer, which `--help` can do without.
    from persona.card import FIRST

    names = list(there)
    if not names:
        raise AppError(
            "페르소나가 하나도 없어요. JJINCHIN_CARDS_DIR을 봐 주세요. "
            "(There is no persona at all: look at JJINCHIN_CARDS_DIR.)"
        )
    if wanted is None:
        return FIRST if FIRST in names else names[0]
    if wanted not in names:
        listed = ", ".join(names)
        refuse(
            f"{wanted!r} 페르소나는 없어요. {listed} 중에서 골라 주세요. "
            f"(No such persona: choose one of {listed}.)"
        )
    return wanted
