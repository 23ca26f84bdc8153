"""The command line: `python -m training COMMAND`, a file of this folder a command."""

import argparse
import importlib
import sys

from persona.errors import PersonaError
from training.errors import TrainingError

COMMANDS = {
    "check": "hold the personas' own dialogues to their shape and speech level",
    "prepare": "make a persona of your own chats",
    "tokenizer": "make the tokenizer",
    "pretrain": "teach a new model the language",
    "sft": "teach a model to answer as the personas do",
    "encoder": "train the sentence encoder that finds what means the same",
    "ranker": "train the judge that picks a reply among candidates",
    "mood": "train the small model that reads the visitor's mood",
}


def main(words: list[str]) -> int:
    """Run a command; 0 done, 1 it could not be done, 2 the arguments are off."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Only the command that was asked for is imported: torch takes seconds.
    wanted = next((w for w in words if w in COMMANDS), None)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        if name == wanted:
            importlib.import_module(f"training.{name}").add_arguments(command)
    arguments = parser.parse_args(words)
    try:
        return int(importlib.import_module(f"training.{arguments.command}").run(arguments))
    except (TrainingError, PersonaError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
