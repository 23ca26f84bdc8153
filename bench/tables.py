"""Prints figures as one JSON object or as a table to read."""

import json
from typing import Any


def show(title: str, figures: dict[str, Any], as_json: bool) -> None:
    """Print one bench's figures."""
    if as_json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    print(f"\n{title}")
    for line in _lines(figures, 1):
        print(line)


def _lines(figures: dict[str, Any], depth: int) -> list[str]:
    found = []
    for name, value in figures.items():
        if isinstance(value, dict):
            found += [f"{'  ' * depth}{name}", *_lines(value, depth + 1)]
        else:
            shown = f"{value:.4g}" if isinstance(value, float) else str(value)
            found.append(f"{'  ' * depth}{name:<24}{shown:>14}")
    return found
