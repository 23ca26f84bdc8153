"""The rooms import each other only along the arrows of the house."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Who may import what of ours. A room inside another one (persona.lm) is a room of its own.
ARROWS = {
    "app": {"app", "voice", "persona", "persona.lm"},
    "training": {"training", "voice", "persona"},
    "voice": {"voice"},
    "persona": {"persona", "persona.lm"},
    "persona.lm": {"persona.lm"},
    "bench": {"bench", "app", "training", "voice", "persona", "persona.lm"},
}
# What stands outside the rooms (space.py, scripts/, deploy/) may enter any of them but bench.
OUTSIDE = set(ARROWS) - {"bench"}


def room_of(module: str) -> str | None:
    """The innermost room that a dotted name lies in, or None when it is not ours."""
    rooms = [room for room in ARROWS if module == room or module.startswith(f"{room}.")]
    return max(rooms, key=len, default=None)


def leading_text(node: ast.expr) -> str:
    """The text that a string or f-string is known to begin with."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def imports(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import; `package` is what relative ones start from."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                start = ".".join([*base, *([module] if module else [])])
                yield from ((node.lineno, f"{start}.{alias.name}") for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[name, *_],
            ):
                yield node.lineno, leading_text(name)


def sources(root: Path) -> Iterator[Path]:
    """Every Python file that the arrows hold for: the rooms and what stands outside them."""
    yield from root.glob("*.py")
    for folder in ("app", "bench", "deploy", "persona", "scripts", "training", "voice"):
        yield from sorted((root / folder).rglob("*.py"))


def violations(root: Path) -> list[str]:
    """A sentence for each import that goes against the arrows."""
    found = []
    for path in sources(root):
        place = path.relative_to(root)
        package = ".".join(place.parent.parts)
        here = room_of(package)
        for line, name in imports(ast.parse(path.read_text(encoding="utf-8")), package):
            there = room_of(name)
            if there and there not in (ARROWS[here] if here else OUTSIDE):
                found.append(f"{place.as_posix()}:{line} imports {name}")
    return found


def test_the_house_follows_its_arrows() -> None:
    assert violations(ROOT) == []


def test_every_package_is_a_known_room() -> None:
    packages = {path.parent.name for path in ROOT.glob("[a-z]*/__init__.py")}
    assert packages == {room for room in ARROWS if "." not in room}


@pytest.mark.parametrize(
    ("place", "line", "name"),
    [
        ("voice/ears.py", "import persona.card", "persona.card"),
        ("voice/ears.py", "from persona import card", "persona.card"),
        ("persona/card.py", "from voice.tts import gtts", "voice.tts.gtts"),
        ("persona/lm/engine.py", "from persona.card import Card", "persona.card.Card"),
        ("persona/lm/engine.py", "from .. import card", "persona.card"),
        ("persona/lm/backends/torch.py", "from ...card import Card", "persona.card.Card"),
        ("training/sft.py", "import app.settings as settings", "app.settings"),
        ("training/sft.py", "from persona import lm", "persona.lm"),
        ("app/turn.py", "def late():\n    from training import sft", "training.sft"),
        ("app/turn.py", "import bench", "bench"),
        ("app/turn.py", "import importlib\nimportlib.import_module('bench.speed')", "bench.speed"),
        ("voice/ears.py", "from importlib import import_module as i", None),
        ("voice/ears.py", "import_module(f'persona.lm.backends.{name}')", "persona.lm.backends."),
        ("space.py", "from bench import speed", "bench.speed"),
        ("scripts/lock.py", "import bench", "bench"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, place: str, line: str, name: str | None) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line, encoding="utf-8")
    expected = [f"{place}:{line.count(chr(10)) + 1} imports {name}"] if name else []
    assert violations(tmp_path) == expected


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("app/turn.py", "from persona.lm.engine import Engine\nfrom voice import tts"),
        ("app/page/menu.py", "from ..events import Words\nfrom . import picker"),
        ("training/sft.py", "from persona.prompt import Exchange"),
        ("persona/reply.py", "from .lm.protocol import Sampling"),
        ("persona/lm/__init__.py", "from .protocol import Sampling"),
        ("bench/speed.py", "import app.settings, training.sft, persona.lm"),
        ("space.py", "from app.server import application"),
        ("voice/ears.py", "import personality, numpy, voiceprint"),
        ("tests/bench/test_speed.py", "import bench"),
    ],
)
def test_a_right_import_passes(tmp_path: Path, place: str, line: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line, encoding="utf-8")
    assert violations(tmp_path) == []
