"""Reads the rows of a CSV file one by one; a row that is none is given as an empty one."""

import csv
from collections.abc import Iterable, Iterator


def columns(head: str) -> list[str]:
    """Give the names of a table's columns in small letters, from how its file begins."""
    first = next(iter(head.lstrip("\ufeff").splitlines()), "")
    return [name.strip().lower() for name in next(csv.reader([first]), [])]


def table(lines: Iterable[str]) -> Iterator[list[str]]:
    """Give the rows below the columns' names."""
    rows = csv.reader(f"{line}\n" for line in lines)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        # A quote that is never closed ends at the reader's own limit.
        except csv.Error:
            yield []
            continue
        if row and rows.line_num > 1:
            yield row
