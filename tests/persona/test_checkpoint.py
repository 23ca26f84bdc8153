"""A checkpoint is found by name, folder or hub id; each thing wrong with it is a sentence."""

import json
import shutil
from pathlib import Path

import pytest

from persona.checkpoint import CHECKPOINTS_FOLDER, open_checkpoint
from persona.errors import PersonaError
from persona.tokens import Tokens

CONFIG = {"model_type": "gpt2", "n_positions": 256, "vocab_size": 1500}


@pytest.fixture
def folder(tmp_path: Path, tokenizer_file: Path) -> Path:
    made = tmp_path / "나의 모델"
    made.mkdir()
    shutil.copy(tokenizer_file, made / "tokenizer.json")
    (made / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    about = {"header": True, "moods": True, "licence": "Apache-2.0"}
    (made / "persona.json").write_text(json.dumps(about), encoding="utf-8")
    return made


def test_a_folder_is_opened(folder: Path) -> None:
    checkpoint = open_checkpoint(str(folder), folder)
    found = (checkpoint.positions, checkpoint.tuned, checkpoint.licence)
    assert found == (256, True, "Apache-2.0")
    assert checkpoint.template.header
    assert checkpoint.template.moods


def test_without_persona_json_it_is_a_plain_model(folder: Path) -> None:
    (folder / "persona.json").unlink()
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-sa-4.0\n---\n", encoding="utf-8")
    checkpoint = open_checkpoint(str(folder), folder)
    assert checkpoint.licence == "cc-by-nc-sa-4.0"
    template = checkpoint.template
    assert (template.header, template.moods, checkpoint.tuned) == (False, False, False)


def test_a_fetched_model_is_found_by_its_id(folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "someone--model")
    assert open_checkpoint("someone/model", tmp_path).name == "someone/model"


def test_a_model_not_fetched_yet_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match="app fetch someone/model"):
        open_checkpoint("someone/model", tmp_path)


@pytest.mark.parametrize("name", ["nothing", "", "../..", "/no/such/folder"])
def test_an_unknown_name_is_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match="찾을 수 없어요"):
        open_checkpoint(name, tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("config.json", "{", "읽을 수 없어요"),
        ("config.json", "[]", "읽을 수 없어요"),
        ("config.json", json.dumps(CONFIG | {"model_type": "llama"}), "GPT-2 계열이 아니에요"),
        ("config.json", json.dumps(CONFIG | {"vocab_size": None}), "vocab_size"),
        ("config.json", json.dumps(CONFIG | {"vocab_size": 900}), "900개보다"),
        ("persona.json", "header", "읽을 수 없어요"),
        ("tokenizer.json", "", "토크나이저"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, file: str, text: str, said: str) -> None:
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(PersonaError, match=said):
        open_checkpoint(str(folder), folder)


def test_a_tokenizer_of_another_training_is_said(folder: Path) -> None:
    about = {"header": True, "tokenizer": Tokens(folder / "tokenizer.json").fingerprint}
    (folder / "persona.json").write_text(json.dumps(about), encoding="utf-8")
    assert open_checkpoint(str(folder), folder).tuned
    (folder / "persona.json").write_text(json.dumps(about | {"tokenizer": "1"}), encoding="utf-8")
    with pytest.raises(PersonaError, match="토크나이저가 아니에요"):
        open_checkpoint(str(folder), folder)


def test_the_shipped_checkpoint_is_whole_and_small() -> None:
    folder = CHECKPOINTS_FOLDER / "jjinchin"
    checkpoint = open_checkpoint("jjinchin", folder)
    assert checkpoint.positions == 1024
    assert checkpoint.tuned
    assert (folder / "README.md").exists()
    assert all(f.stat().st_size < 10_000_000 for f in folder.iterdir())
