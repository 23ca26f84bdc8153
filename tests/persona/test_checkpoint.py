"""A checkpoint is found by name, folder or hub id; each thing wrong with it is a sentence."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from persona.checkpoint import (
    CHECKPOINTS_FOLDER,
    list_checkpoints,
    open_checkpoint,
    open_folder,
)
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


def test_a_model_that_was_not_tuned_says_so_and_how_to_tune_it(folder: Path) -> None:
    assert open_checkpoint(str(folder), folder).notices == ()
    (folder / "persona.json").unlink()
    assert "training sft --base" in open_checkpoint(str(folder), folder).notices[0]


def put(folder: Path, place: Path, age_s: float) -> Path:
    shutil.copytree(folder, place)
    then = time.time() - age_s
    os.utime(place / "config.json", (then, then))
    return place


def test_models_are_listed_newest_first_with_licence(folder: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    plain = put(folder, models / "someone--model", 20)
    (plain / "persona.json").unlink()
    (plain / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    put(folder, models / "mine", 10)
    put(folder, models / "half.part", 0)
    (models / "nothing").mkdir()
    elsewhere = put(folder, tmp_path / "elsewhere", 5)
    listed = [one for one in list_checkpoints(str(elsewhere), models) if one.name != "jjinchin"]
    assert [(one.name, one.tuned, one.licence) for one in listed] == [
        (str(elsewhere), True, "Apache-2.0"),
        ("mine", True, "Apache-2.0"),
        ("someone/model", False, "mit"),
    ]


def test_ours_is_always_listed_and_nothing_twice(folder: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    put(folder, models / "mine", 10)
    for wanted in ("jjinchin", str(CHECKPOINTS_FOLDER / "jjinchin"), "gone/for-ever"):
        assert {one.name for one in list_checkpoints(wanted, models)} == {"jjinchin", "mine"}
    names = [one.name for one in list_checkpoints(str(models / "mine"), models)]
    assert sorted(names) == sorted([str(models / "mine"), "jjinchin"])


def test_a_broken_one_is_listed_and_refused_when_it_is_opened(folder: Path, tmp_path: Path) -> None:
    broken = put(folder, tmp_path / "models" / "broken", 1)
    (broken / "persona.json").write_text("{", encoding="utf-8")
    assert "broken" in [one.name for one in list_checkpoints("", tmp_path / "models")]
    with pytest.raises(PersonaError, match="읽을 수 없어요"):
        open_folder(broken, "broken")


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
