"""Reads the objects of a JSON file: one a line, or the whole file as one document."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from training.logfile import LONGEST_LINE


def objects(lines: Iterable[str]) -> Iterator[Any]:
    """Give what each line holds; None for a line that is no JSON, and for blank ones nothing."""
    for line in lines:
        if line.strip():
            yield _parse(line)


def documents(lines: Iterable[str]) -> Iterator[Any]:
    """Give the objects of JSON lines, or the one of a file that is a single document.

    A document has to be held in memory whole, so one longer than the longest line is None.
    """
    rest = iter(lines)
    first = list(islice((line for line in rest if line.strip()), 1))
    if not first or _parse(first[0]) is not None:
        yield from objects(chain(first, rest))
        return
    pieces, size = first, len(first[0])
    for line in rest:
        size += len(line)
        if size > LONGEST_LINE:
            yield None
            return
        pieces.append(line)
    yield _parse("\n".join(pieces))


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
