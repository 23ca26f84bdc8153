"""Talks with her in the terminal; the conversations are the same ones that the page shows."""

import argparse
import sys

from app import terminal
from app.settings import Settings

PURPOSE = "a conversation in the terminal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    terminal.add_model_arguments(parser)
    parser.add_argument(
        "--continue",
        dest="conversation",
        nargs="?",
        const="",
        metavar="ID",
        help="go on with the newest conversation, or with the one whose id begins so",
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer what is typed, or what comes through a pipe, until it ends."""
    from app.console import Console
    from app.room import Room

    terminal.open_streams()
    talkative = sys.stdin.isatty() and sys.stdout.isatty()
    room = Room(terminal.chosen_settings(arguments, settings))
    try:
        persona = terminal.choose_persona(room.cards, arguments.persona)
        room.start()
        for notice in (*room.notices, *room.checkpoint.notices):
            terminal.remark(notice)
        console = Console(room, persona, talkative=talkative)
        if arguments.conversation is not None:
            console.open(arguments.conversation)
        console.hold(terminal.typed_lines(console.prompt if talkative else ""))
    finally:
        room.close()
    if talkative:
        print("\n또 얘기하자! / See you.")
    return 0
