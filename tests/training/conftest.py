"""What tests of training share: a tiny checkpoint, a persona of few words, the analyser."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from persona.card import CARDS_FOLDER
from persona.prompt import Template
from training.endings import Endings
from training.model import Shape, keep, new_model


@pytest.fixture
def start(template: Template, tokenizer_file: Path, tmp_path: Path) -> Path:
    """Make a tiny random checkpoint to fine-tune."""
    folder = tmp_path / "start"
    source = tmp_path / "tokenizer"
    source.mkdir()
    shutil.copy(tokenizer_file, source / "tokenizer.json")
    model = new_model(template.tokens, Shape(32, 1, 2, positions=128), seed=1)
    keep(model, source, folder, {"header": True, "moods": True})
    return folder


@pytest.fixture
def small_cards(tmp_path: Path) -> Path:
    """Give one persona with a handful of her dialogues, so that an epoch takes a second."""
    folder = tmp_path / "cards" / "yuhee"
    (folder / "dialogues").mkdir(parents=True)
    own = CARDS_FOLDER / "yuhee"
    shutil.copy(own / "card.toml", folder)
    for n in range(24):
        word = chr(ord("가") + 28 * n) * 3  # unlike the others, or all were one family
        turns = [{"user": f"{word} 말", "mood": 0, "reply": f"{word} 답이야"}]
        line = json.dumps({"id": f"small-{n}", "topic": "t", "turns": turns}, ensure_ascii=False)
        with (folder / "dialogues" / "own.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(line + "\n")
    return folder.parent


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """Let no file grow beyond so many bytes: a write fails halfway, as on a disk that fills up."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limit(room: int) -> Iterator[None]:
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, usual[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)

    return limit


@pytest.fixture(scope="session")
def endings() -> Endings:
    """Load the analyser of sentence endings."""
    return Endings()
