"""Every public module says in one sentence what it promises."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("app", "bench", "deploy", "persona", "scripts", "training", "voice")


def public_modules(root: Path) -> list[Path]:
    """Every module whose name, and whose folders' names, do not begin with one underscore."""
    found = [*root.glob("*.py")]
    for folder in FOLDERS:
        found += (root / folder).rglob("*.py")
    return sorted(path for path in found if is_public(path.relative_to(root)))


def is_public(place: Path) -> bool:
    """True unless a part of the path is marked private; __init__ and __main__ are public."""
    return not any(part.startswith("_") and not part.startswith("__") for part in place.parts)


def missing_promise(path: Path) -> str | None:
    """What is wrong with a module's docstring, or None."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not text:
        return "has no docstring"
    sentence = text.split("\n\n")[0]
    return None if sentence.endswith((".", "!", "?")) else "does not begin with a whole sentence"


@pytest.mark.parametrize("path", public_modules(ROOT), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_says_what_it_promises(path: Path) -> None:
    assert missing_promise(path) is None


def test_every_room_is_looked_at() -> None:
    seen = {path.relative_to(ROOT).parts[0] for path in public_modules(ROOT)}
    assert {"app", "bench", "persona", "scripts", "training", "voice"} <= seen


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1\n", "has no docstring"),
        ("# A comment is none.\n", "has no docstring"),
        ('""" """\n', "has no docstring"),
        ('"""todo"""\n', "does not begin with a whole sentence"),
        ('"""Reads the mood\nof a line."""\n', None),
        ('"""Reads the mood.\n\nMore: words\n"""\n', None),
    ],
)
def test_a_missing_promise_is_found(tmp_path: Path, text: str, problem: str | None) -> None:
    path = tmp_path / "module.py"
    path.write_text(text, encoding="utf-8")
    assert missing_promise(path) == problem


def test_private_modules_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "app" / "_inner").mkdir(parents=True)
    for place in ("app/__init__.py", "app/_quick.py", "app/_inner/thing.py", "app/turn.py"):
        (tmp_path / place).touch()
    names = [path.name for path in public_modules(tmp_path)]
    assert names == ["__init__.py", "turn.py"]
