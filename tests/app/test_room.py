"""A room opens with what is there, and says what is wrong with a card or a history."""

from pathlib import Path

import pytest

from app.errors import AppError
from app.room import HISTORY_FILE, LOCAL_VISITOR, Room
from app.settings import Settings
from persona.card import CARDS_FOLDER
from tests.app.tiny_checkpoint import make_checkpoint, make_kogpt2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("model") / "tiny")


def settings(folder: Path, tmp_path: Path, cards_dir: Path | None = None) -> Settings:
    return Settings(
        model=str(folder), data_dir=tmp_path, cache_dir=tmp_path / "cache", cards_dir=cards_dir
    )


def write_card(folder: Path, old: str, new: str) -> Path:
    source = (CARDS_FOLDER / "yuhee" / "card.toml").read_text(encoding="utf-8")
    assert old in source
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "card.toml").write_text(source.replace(old, new, 1), encoding="utf-8")
    return folder


def test_a_visitors_persona_joins_ours(folder: Path, tmp_path: Path) -> None:
    cards = write_card(tmp_path / "cards", 'name = "유희지희"', 'name = "민지"')
    room = Room(settings(folder, tmp_path, cards))
    assert {"yuhee", "helpbot", "mine"} <= set(room.cards)
    assert room.cards["mine"].name == "민지"
    room.close()


def test_a_look_that_cannot_be_drawn_names_the_file_and_the_key(
    folder: Path, tmp_path: Path
) -> None:
    cards = write_card(tmp_path / "cards", 'style = "TRANSPARENT"', 'style = "TRANSPARANT"')
    with pytest.raises(AppError) as caught:
        Room(settings(folder, tmp_path, cards))
    assert str(cards / "mine" / "card.toml") in str(caught.value)
    assert "style" in str(caught.value)
    assert "TRANSPARENT" in str(caught.value)


def test_a_corrupt_history_is_said_left_alone_and_she_still_talks(
    folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / HISTORY_FILE
    file.write_bytes(b"this was a database once" * 100)
    before = file.read_bytes()
    room = Room(settings(folder, tmp_path))
    assert not room.history.keeps
    assert len(room.notices) == 1
    talk = room.history.create(LOCAL_VISITOR, "yuhee")
    assert room.history.path(LOCAL_VISITOR, talk.id) == []
    room.close()
    assert file.read_bytes() == before


def test_the_window_of_a_new_talk_is_the_header_alone(folder: Path, tmp_path: Path) -> None:
    room = Room(settings(folder, tmp_path))
    talk = room.history.create(LOCAL_VISITOR, "yuhee")
    window = room.window(LOCAL_VISITOR, talk.id)
    assert (window.kept, window.dropped) == (0, 0)
    assert 0 < window.used < window.positions
    room.close()


def test_the_window_of_a_model_that_was_not_tuned_begins_with_her_examples(tmp_path: Path) -> None:
    room = Room(settings(make_kogpt2(tmp_path / "kogpt2"), tmp_path))
    talk = room.history.create(LOCAL_VISITOR, "yuhee")
    window = room.window(LOCAL_VISITOR, talk.id)
    template = room.checkpoint.template
    front = [i for e in room.cards["yuhee"].examples for i in template.exchange_ids(e)]
    assert window.used == len(front) + len(template.ask_ids("", 0))
    assert (window.positions, window.kept, window.dropped) == (1024, 0, 0)
    assert room.history.path(LOCAL_VISITOR, talk.id) == []
    room.close()


def test_a_persona_that_is_gone_is_stood_in_for(folder: Path, tmp_path: Path) -> None:
    room = Room(settings(folder, tmp_path))
    assert room.card("no longer here").id in room.cards
    room.close()
