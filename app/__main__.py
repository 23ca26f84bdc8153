"""The command line: `python -m app [COMMAND]`, a file of commands/ a command."""

import argparse
import importlib
import os
import pkgutil
import sys
from pathlib import Path

from app import commands
from app.errors import AppError
from app.settings import from_environment
from persona.errors import PersonaError
from persona.lm.protocol import EngineError

DEFAULT = "serve"
DOTENV = Path(".env")


def main(words: list[str]) -> int:
    """Run a command; 0 done, 1 it could not be done, 2 the arguments are off."""
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    if not words or (words[0] not in names and words[0] not in ("-h", "--help")):
        words = [DEFAULT, *words] if not words or words[0].startswith("-") else words
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    found = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in names:
        command = importlib.import_module(f"app.commands.{name}")
        command.add_arguments(found.add_parser(name, help=command.PURPOSE))
    arguments = parser.parse_args(words)
    try:
        settings = from_environment(os.environ, DOTENV if DOTENV.exists() else None)
        command = importlib.import_module(f"app.commands.{arguments.command}")
        return int(command.run(arguments, settings))
    except (AppError, PersonaError, EngineError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `doctor | head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
