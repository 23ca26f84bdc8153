"""Another model takes over while talks go on; one that cannot be opened changes nothing."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import AppError
from app.events import Done, Words
from app.models import Model, Models, models_dir
from app.room import LOCAL_VISITOR, Room
from app.settings import Settings
from app.turn import Choice, take_turn
from persona.lm.protocol import EngineError, ModelSpec
from persona.tokens import Tokens
from tests.app.fake_engine import FakeEngine
from tests.app.page.visit import wait_for
from tests.app.tiny_checkpoint import make_checkpoint, make_kogpt2


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A room in which a fake answers; what is chosen after it is a real engine."""
    model = make_checkpoint(tmp_path / "first")
    settings = Settings(
        model=str(model), data_dir=tmp_path, cache_dir=tmp_path / "cache", recall=False
    )
    made = Room(settings)
    made.model.engine = FakeEngine(made.checkpoint.template.tokens)  # type: ignore[assignment]
    yield made
    made.close()


@pytest.fixture
def models(room: Room) -> Path:
    return models_dir(room.settings)


def settle(room: Room) -> None:
    wait_for(lambda: room.models.coming is None, 60)


def test_a_chosen_model_answers_and_the_old_one_gives_its_memory_back(
    room: Room, models: Path
) -> None:
    make_kogpt2(models / "someone--plain")
    old = room.engine
    talk = room.history.create(LOCAL_VISITOR, "yuhee").id
    list(take_turn(room, LOCAL_VISITOR, talk, "안녕", Choice()))
    room.models.choose("someone/plain")
    settle(room)
    assert (room.checkpoint.name, room.models.trouble) == ("someone/plain", "")
    assert old.closed  # type: ignore[attr-defined]
    last = list(take_turn(room, LOCAL_VISITOR, talk, "또 나야", Choice()))[-1]
    assert isinstance(last, Done)
    assert last.turn.reply
    names = [turn.model for turn in room.history.path(LOCAL_VISITOR, talk)]
    assert names == [room.settings.model, "someone/plain"]


def test_a_reply_under_way_is_finished_by_the_model_that_began_it(room: Room, models: Path) -> None:
    make_checkpoint(models / "next")
    old = room.engine
    talk = room.history.create(LOCAL_VISITOR, "yuhee").id
    events = take_turn(room, LOCAL_VISITOR, talk, "안녕", Choice())
    next(event for event in events if isinstance(event, Words))
    room.models.choose("next")
    settle(room)
    assert room.checkpoint.name == "next"
    assert not old.closed  # type: ignore[attr-defined]
    last = list(events)[-1]
    assert isinstance(last, Done)
    assert (last.turn.reply, last.turn.model) == ("그래, 듣고 있어.", room.settings.model)
    assert old.closed  # type: ignore[attr-defined]


def break_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"nothing of the kind")


def break_vocabulary(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["added_tokens"] = []
    words = tokenizer["model"]["vocab"]
    words["<another>"] = words.pop("<usr>")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")


def change_config(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        config = json.loads(path.read_text(encoding="utf-8")) | values
        path.write_text(json.dumps(config), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (break_weights, "다시 받아 주세요"),
        (break_vocabulary, "<usr> 토큰이 없어요"),
        (change_config(vocab_size=100), "같은 체크포인트의 파일끼리"),
        (change_config(model_type="llama"), "GPT-2 계열이 아니에요"),
        (change_config(n_embd=64), "config.json과 맞지 않아요"),
    ],
)
def test_a_model_that_cannot_be_opened_changes_nothing_and_says_why(
    room: Room, models: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(make_checkpoint(models / "spoiled"))
    before = room.model
    room.models.choose("spoiled")
    settle(room)
    assert sentence in room.models.trouble
    assert room.model is before
    assert not before.engine.closed  # type: ignore[attr-defined]
    talk = room.history.create(LOCAL_VISITOR, "yuhee").id
    last = list(take_turn(room, LOCAL_VISITOR, talk, "안녕", Choice()))[-1]
    assert isinstance(last, Done)
    assert last.turn.finish == "end"
    room.models.choose(room.settings.model)
    settle(room)
    assert room.models.trouble == ""


def test_a_model_taught_further_in_its_folder_is_opened_anew(room: Room) -> None:
    before = room.model
    room.models.choose(room.settings.model)
    settle(room)
    assert room.model is not before
    assert before.engine.closed  # type: ignore[attr-defined]
    assert room.engine.state == "ready"


def test_only_what_is_listed_can_be_chosen(room: Room, tmp_path: Path) -> None:
    elsewhere = make_checkpoint(tmp_path / "elsewhere")
    for name in (str(elsewhere), "", "../first", "gone"):
        with pytest.raises(AppError, match="이제 없어요"):
            room.models.choose(name)
    assert room.models.coming is None


def test_strangers_may_not_choose(room: Room, models: Path, tmp_path: Path) -> None:
    make_checkpoint(models / "one")
    open_to_all = Room(replace(room.settings, public=True), keep_history=False)
    try:
        assert not open_to_all.models.may_change
        with pytest.raises(AppError, match="바꿀 수 없어요"):
            open_to_all.models.choose("one")
        assert open_to_all.models.coming is None
    finally:
        open_to_all.close()


class Held(FakeEngine):
    """An engine that loads until it is told to be ready, or is closed."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__(Tokens(spec.folder / "tokenizer.json"))
        self.ready = threading.Event()

    def wait_ready(self, timeout: float | None = None) -> None:
        self.ready.wait(timeout)
        if self.closed:
            raise EngineError("닫았어요. (Closed.)")

    def close(self) -> None:
        super().close()
        self.ready.set()


@pytest.fixture
def held(tmp_path: Path) -> Models:
    """Three models, none of which is ready before it is told to be."""
    settings = Settings(model="first", data_dir=tmp_path, cache_dir=tmp_path)
    for name in ("first", "second", "third"):
        make_checkpoint(models_dir(settings) / name)
    return Models(settings, Held)  # type: ignore[arg-type]


def choose(held: Models, name: str) -> Model:
    held.choose(name)
    assert held.coming is not None
    return held.coming


def test_she_keeps_her_model_until_the_next_is_ready(held: Models) -> None:
    first, second = held.current, choose(held, "second")
    assert held.current is first
    second.engine.ready.set()  # type: ignore[attr-defined]
    wait_for(lambda: held.coming is None)
    assert held.current is second
    assert first.engine.closed  # type: ignore[attr-defined]


def test_the_last_choice_counts(held: Models) -> None:
    second, third = choose(held, "second"), choose(held, "third")
    assert second.engine.closed  # type: ignore[attr-defined]
    third.engine.ready.set()  # type: ignore[attr-defined]
    wait_for(lambda: held.coming is None)
    assert held.current is third
    assert not third.engine.closed  # type: ignore[attr-defined]
    assert held.trouble == ""


def test_choosing_the_one_that_answers_keeps_it(held: Models) -> None:
    first, second = held.current, choose(held, "second")
    held.choose("first")
    assert held.coming is None
    assert held.current is first
    assert second.engine.closed  # type: ignore[attr-defined]


def test_closing_ends_what_still_loads(held: Models) -> None:
    second = choose(held, "second")
    held.close()
    assert second.engine.closed  # type: ignore[attr-defined]
    assert held.current.engine.closed  # type: ignore[attr-defined]
