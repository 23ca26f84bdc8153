"""Makes the pinned requirements*.txt from the short requirements*.in: one file for every system."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# In this order, because each one includes the file made before it.
NAMES = ("requirements", "requirements-train", "requirements-test")
# GPU libraries: which ones are needed is known by the torch wheel that pip finds, not by us.
LEFT_OUT = re.compile(r"(nvidia|cuda|triton)\b", re.IGNORECASE)


def header(source: str, content: bytes) -> str:
    """The lines above the pins: who made them, from what, so that a stale file can be told."""
    digest = hashlib.sha256(content).hexdigest()
    made_by = f"# Made by `make lock` from {source}; edit that file, not this one.\n"
    return f"{made_by}# sha256 of {source}: {digest}\n"


def resolve(name: str) -> str:
    """Asks uv for pins that hold on Linux, macOS and Windows from Python 3.11 on."""
    options = "--universal --python-version 3.11 --no-header --annotation-style line --quiet"
    command = [sys.executable, "-m", "uv", "pip", "compile", *options.split()]
    files = [f"{name}.in", "--output-file", f"{name}.txt"]
    subprocess.run([*command, *files], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return (ROOT / f"{name}.txt").read_text(encoding="utf-8")


def main() -> int:
    """Writes each pinned file anew; pins that still satisfy the .in file stay as they are."""
    for name in NAMES:
        try:
            pins = resolve(name)
        except subprocess.CalledProcessError as error:
            print(f"{name}.in could not be resolved; uv says why above.", file=sys.stderr)
            return error.returncode
        kept = [line for line in pins.splitlines(keepends=True) if not LEFT_OUT.match(line)]
        text = header(f"{name}.in", (ROOT / f"{name}.in").read_bytes()) + "".join(kept)
        (ROOT / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
