"""Prints one reply and ends; it neither reads nor writes history."""

import argparse
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from app import terminal
from app.errors import AppError
from app.settings import Settings
from persona.lm.protocol import EngineError

if TYPE_CHECKING:
    from persona.reply import Answer

PURPOSE = "one reply on standard output"
# What the engine calls them; argparse makes --max-new-tokens of max_new_tokens.
SAMPLING = {
    "seed": int,
    "max_new_tokens": int,
    "temperature": float,
    "top_k": int,
    "top_p": float,
}
MOODS = {"auto": None, "0": 0, "1": 1, "2": 2}
WINDOW = ("positions", "used", "kept", "dropped")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("text", metavar="TEXT", help="what you say; - reads it from a pipe")
    terminal.add_model_arguments(parser)
    parser.add_argument("--mood", choices=MOODS, default="auto", help="yours")
    for name, kind in SAMPLING.items():
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=kind, metavar="N" if kind is int else "X")
    parser.add_argument("--json", action="store_true", help="one object on one line")
    parser.add_argument("--out", metavar="FILE", help="a sound file (comes with the voice)")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer once; the reply goes to standard output, all else to standard error."""
    from app import care
    from app.room import Room
    from app.turn import feel, hear
    from persona.reply import FALLBACK, Answer, Asked, card_sampling

    terminal.open_streams()
    if arguments.out is not None:
        terminal.refuse(
            "--out: 목소리는 다음에 와요. 지금은 글로만 답해요. "
            "(The voice comes later; for now she answers in text only.)"
        )
    try:
        heard = hear(sys.stdin.read() if arguments.text == "-" else arguments.text)
    except AppError as error:
        terminal.refuse(str(error))
    with closing(Room(terminal.chosen_settings(arguments, settings), keep_history=False)) as room:
        card = room.cards[terminal.choose_persona(room.cards, arguments.persona)]
        try:
            given = {name: getattr(arguments, name) for name in SAMPLING}
            sampling = card_sampling(card, **given)
        except EngineError as error:
            terminal.refuse(str(error))
        room.start()
        for notice in room.checkpoint.notices:
            terminal.remark(notice)
        line = care.notice(heard)
        if line and not arguments.json:
            print(line, file=sys.stderr, flush=True)
        mood = feel(room, heard, MOODS[arguments.mood])
        terminal.wait_for(room.engine, told=set())
        own_words = any(value is not None for value in given.values())
        asked = Asked(
            card,
            (),
            heard,
            mood.tag,
            sampling,
            chooser=None if own_words else room.chooser(card, room.model),
            recalls=room.settings.recall,
            candidates=room.candidates(room.model),
        )
        answer = Answer(room.checkpoint, room.engine, asked)
        encode = room.checkpoint.template.tokens.encode
        first_token_s, total_s = speak(answer, aloud=not arguments.json)
        if arguments.json:
            told = {
                "reply": answer.text,
                "persona": card.id,
                "mood": mood.tag,
                "mood_reason": mood.reason,
                "origin": answer.origin,
                "model": room.checkpoint.name,
                "backend": room.engine.backend,
                # A line from her card was never generated, but has its tokens as well.
                "tokens": len(encode(answer.text)) if answer.origin == FALLBACK else answer.tokens,
                "first_token_s": round(first_token_s, 4),
                "total_s": round(total_s, 4),
                "window": {key: getattr(answer.window, key) for key in WINDOW},
            }
            print(terminal.as_json(told | ({"care": line} if line else {})))
    return 0


def speak(answer: "Answer", *, aloud: bool) -> tuple[float, float]:
    """Let her answer, and give the seconds to the first words and to the last."""
    started = time.monotonic()
    first_s = 0.0
    for piece in answer:
        first_s = first_s or time.monotonic() - started
        if aloud:
            print(piece, end="", flush=True)
    if aloud:
        print(flush=True)
    return first_s, time.monotonic() - started
