"""Writes down conversations of one system with the scripted visitors, for judging."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bench.errors import BenchError
from bench.models import checkpoint_hash, measured_folder
from bench.scripted import Visitor, visitors
from bench.talks import SYSTEMS, Talker, open_companion

SEED = 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--model", default="jjinchin", help="name or folder")
    parser.add_argument("--system", choices=SYSTEMS, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON lines")


def run(arguments: argparse.Namespace) -> None:
    """Hold the conversations and write them."""
    if not arguments.out.parent.is_dir():
        raise BenchError(
            f"{arguments.out.parent} 폴더가 없어요. 먼저 만들어 주세요. "
            "(This folder does not exist; make it first.)"
        )
    with measured_folder(arguments.model) as folder, open_companion(folder) as her:
        hashed = checkpoint_hash(folder)
        rows = list(transcribe(her, arguments.system, hashed, visitors()))
    write_rows(arguments.out, rows)
    print(f"{len(rows):,} replies of checkpoint {hashed} -> {arguments.out}")


def transcribe(
    her: Talker, system: str, hashed: str, scripts: Sequence[Visitor]
) -> Iterator[dict[str, Any]]:
    """Give a row for each turn of each conversation."""
    for n, visitor in enumerate(tqdm(scripts, unit="talk", disable=None)):
        said = her.talk(system, visitor.lines, SEED + 100 * n)
        for turn, one in enumerate(said, 1):
            yield {
                "system": system,
                "conversation": visitor.id,
                "turn": turn,
                "user": one.user,
                "reply": one.reply,
                "origin": one.origin,
                "checkpoint": hashed,
            }


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """Write JSON lines."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")
