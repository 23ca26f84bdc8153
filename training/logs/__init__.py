"""One file a kind of chat log; which one a file is of is seen from how it begins."""

import importlib
import pkgutil
from typing import cast

from training.messages import Format


def format_names() -> list[str]:
    """Give the names of all kinds."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def open_format(name: str) -> Format:
    """Give a kind by its name."""
    return cast(Format, importlib.import_module(f"{__name__}.{name}"))


def find_format(head: str) -> str | None:
    """Give the name of the kind that a text beginning so is of, or None."""
    return next((name for name in format_names() if open_format(name).fits(head)), None)
