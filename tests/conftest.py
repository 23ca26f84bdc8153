"""What many tests need: a small tokenizer made on the spot."""

from pathlib import Path

import pytest

from persona.card import CARDS_FOLDER
from persona.dialogues import own_dialogues
from persona.prompt import Template
from persona.tokens import Tokens
from training.corpora import dialogue_texts
from training.tokenizer import train_tokenizer


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a tokenizer of 1,500 entries on one persona's dialogues."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    texts = dialogue_texts(own_dialogues(CARDS_FOLDER / "yuhee"))
    train_tokenizer(texts, vocabulary=1500, alphabet=900).save(str(path))
    return path


@pytest.fixture(scope="session")
def tokens(tokenizer_file: Path) -> Tokens:
    """Open the small tokenizer."""
    return Tokens(tokenizer_file)


@pytest.fixture(scope="session")
def template(tokens: Tokens) -> Template:
    """Give the template with header and moods."""
    return Template(tokens)
