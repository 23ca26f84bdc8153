"""How a process of our own is started, from whatever folder the program runs in."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def python_command(module: str) -> list[str]:
    """Give the command that runs one of our modules; -P keeps the working folder's files out."""
    return [sys.executable, "-P", "-m", module]


def child_environment() -> dict[str, str]:
    """Give this process's environment, so changed that our packages are found."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
