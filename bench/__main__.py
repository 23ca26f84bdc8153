"""The command line: `python -m bench [NAME] [--json]`, a file of this folder a bench."""

import argparse
import importlib
import sys
from pathlib import Path

from app.errors import AppError
from bench.errors import BenchError
from bench.models import RANDOM_125M
from persona.errors import PersonaError
from persona.lm.protocol import EngineError
from training.errors import TrainingError

BENCHES = {
    "speed": "tokens a second of every backend beside the naive loop",
    "turns": "time to the first token at turn 2 and turn 20, with and without the prompt cache",
    "load": "one visitor and eight at once",
    "start": "seconds until the page is up, and the memory it takes",
    "quality": "what the replies and the moods are worth on held-out dialogues",
}
# What makes the files that judges read; `make bench` leaves these alone.
MAKERS = {
    "transcripts": "conversations of one system with scripted visitors",
    "sheets": "the blind sheet for judges, from the transcripts in bench/judgements/",
}
# What `make bench` runs: speed at KoGPT2's size as well.
ALL = [[name] for name in BENCHES] + [["speed", "--model", RANDOM_125M]]


def main(words: list[str]) -> int:
    """Run one bench, or all of them one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    benches = parser.add_subparsers(dest="bench", metavar="NAME")
    for name, purpose in BENCHES.items():
        bench = benches.add_parser(name, help=purpose, description=purpose)
        bench.add_argument("--json", action="store_true", help="one JSON object on one line")
        models = f"name or folder{f', or {RANDOM_125M}' if name == 'speed' else ''}"
        bench.add_argument("--model", default="jjinchin", help=models)
        bench.add_argument("--runs", type=int, default=5, help="medians of so many (default 5)")
        if name == "quality":
            bench.add_argument("--corpora", type=Path, help="public corpora, for moods of reviews")
    for name, purpose in MAKERS.items():
        maker = benches.add_parser(name, help=purpose, description=purpose)
        importlib.import_module(f"bench.{name}").add_arguments(maker)
    arguments = parser.parse_args(words)
    try:
        chosen = [arguments] if arguments.bench else [parser.parse_args(words) for words in ALL]
        for each in chosen:
            importlib.import_module(f"bench.{each.bench}").run(each)
    except (AppError, BenchError, PersonaError, EngineError, TrainingError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
