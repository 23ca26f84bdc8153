"""An action changes only what is the visitor's own, and one answer at a time is on its way."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.errors import AppError
from app.history import History
from app.page.ask import Ask
from app.page.handlers import Handlers
from app.page.menu import shown_name
from app.page.runs import Run
from app.page.views import Values
from app.room import LOCAL_VISITOR, Room
from app.turn import MOST_CHARACTERS, take_turn
from persona.errors import PersonaError
from persona.lm.protocol import Sampling
from persona.lm.stream import IdStream
from tests.app.fake_engine import FakeEngine
from tests.app.page.visit import wait_for


@dataclass
class Asking:
    """A request of somebody on this machine."""

    cookies: dict[str, str]


@pytest.fixture
def handlers(room: Room) -> Handlers:
    return Handlers(room, take_turn)


def answer(handlers: Handlers, **what: object) -> list[Values]:
    return list(handlers.say(Ask(**what), Asking({})))  # type: ignore[arg-type]


def test_a_turn_grows_and_is_shown_as_kept(handlers: Handlers, room: Room) -> None:
    steps = answer(handlers, text="안녕", run="r1")
    assert [step["live"]["on"] for step in steps] == [True] * (len(steps) - 1) + [False]
    last = steps[-1]
    assert last["live"]["words"] == "그래, 듣고 있어."
    assert last["live"]["run"] == "r1"
    assert "그래, 듣고 있어." in last["thread"]
    assert set(last) == {"live", "thread", "head", "chats", "banner"}


def test_words_are_not_sent_one_by_one(handlers: Handlers, room: Room) -> None:
    tokens = len(room.checkpoint.template.tokens.encode("그래, 듣고 있어."))
    assert len(answer(handlers, text="안녕")) < tokens


def test_closing_in_the_middle_frees_the_conversation(handlers: Handlers, room: Room) -> None:
    steps = handlers.say(Ask(text="하나"), Asking({}))  # type: ignore[arg-type]
    next(steps)
    chat = room.history.conversations(LOCAL_VISITOR)[0].id
    busy = answer(handlers, text="둘", conversation=chat)
    assert "아직 답하는 중" in busy[-1]["live"]["notices"][0]
    steps.close()
    assert answer(handlers, text="셋", conversation=chat)[-1]["live"]["notices"] == []


def test_strangers_see_and_change_nothing(handlers: Handlers, room: Room) -> None:
    answer(handlers, text="비밀이야")
    chat = room.history.conversations(LOCAL_VISITOR)[0]
    ask = Ask(conversation=chat.id, turn=chat.head, text="남의 제목", rating=1)
    assert "비밀이야" not in str(handlers.open(ask, "stranger"))
    for act in (
        handlers.stop,
        handlers.choose,
        handlers.undo,
        handlers.rate,
        handlers.rename,
        handlers.delete,
        handlers.restore,
        handlers.export,
    ):
        with pytest.raises(Exception, match="대화") as caught:
            act(ask, "stranger")
        assert type(caught.value).__name__ == "AppError"
    assert room.history.conversation(LOCAL_VISITOR, chat.id) == chat


def test_a_deleted_conversation_is_not_shown(handlers: Handlers, room: Room) -> None:
    answer(handlers, text="지울 말")
    chat = room.history.conversations(LOCAL_VISITOR)[0].id
    handlers.delete(Ask(conversation=chat), LOCAL_VISITOR)
    shown = handlers.open(Ask(conversation=chat), LOCAL_VISITOR)
    assert shown["note"]["gone"]
    assert "지울 말" not in shown["thread"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000, '{"format": "x"}'])
def test_a_wrong_file_is_a_sentence(handlers: Handlers, text: str) -> None:
    with pytest.raises(Exception, match=r"\.") as caught:
        handlers.bring(Ask(text=text), LOCAL_VISITOR)
    assert type(caught.value).__name__ == "AppError"


def test_a_name_of_a_file_has_no_folders_in_it(handlers: Handlers, room: Room) -> None:
    answer(handlers, text="../../etc/passwd: <나>?")
    chat = room.history.conversations(LOCAL_VISITOR)[0].id
    note = handlers.export(Ask(conversation=chat), LOCAL_VISITOR)["note"]
    assert Path(note["file"]["name"]).name == note["file"]["name"]
    assert note["file"]["name"].endswith(".json")


def test_a_persona_error_in_a_turn_is_a_line(room: Room) -> None:
    def failing(*_: object) -> Iterator[None]:
        raise PersonaError("카드가 없어졌어요. (The card is gone.)")
        yield

    last = answer(Handlers(room, failing), text="안녕", language="en")[-1]  # type: ignore[arg-type]
    assert last["live"]["notices"] == ["The card is gone."]
    assert last["live"]["kept"] is False


class Silent(FakeEngine):
    """An engine that thinks and thinks; its reply ends only when it is closed."""

    def generate(self, ids: Sequence[int], sampling: Sampling) -> IdStream:  # type: ignore[override]
        self.asked.append((list(ids), sampling))
        return IdStream()


def test_stopping_before_her_first_word_ends_the_answer_at_once(
    handlers: Handlers, room: Room
) -> None:
    engine = Silent(room.checkpoint.template.tokens)
    room.model.engine = engine  # type: ignore[assignment]
    steps: list[Values] = []
    thread = threading.Thread(target=lambda: steps.extend(answer(handlers, text="안녕")))
    thread.start()
    wait_for(lambda: bool(engine.asked))
    asked_at = time.monotonic()
    chat = room.history.conversations(LOCAL_VISITOR)[0].id
    handlers.stop(Ask(conversation=chat), LOCAL_VISITOR)
    thread.join(10)
    assert time.monotonic() - asked_at < 0.3
    assert steps[-1]["live"]["on"] is False
    assert len(engine.asked) == 1
    turn = room.history.path(LOCAL_VISITOR, chat)[0]
    assert (turn.reply, turn.finish) == ("", "stopped")


def test_a_stop_that_comes_before_the_answer_ends_it_too(room: Room) -> None:
    run = Run("r", "c")
    run.stop()
    closed = threading.Event()

    class Answer:
        def close(self) -> None:
            closed.set()

    run.watch(Answer())
    assert closed.is_set()


@pytest.mark.parametrize("text", ["가" * (MOST_CHARACTERS + 1), " \u200b\n"])
def test_refused_first_words_leave_no_empty_conversation(
    handlers: Handlers, room: Room, text: str
) -> None:
    last = answer(handlers, text=text)[-1]
    assert len(last["live"]["notices"]) == 1
    assert last["live"]["conversation"] == ""
    assert room.history.conversations(LOCAL_VISITOR) == []


def test_a_locked_database_keeps_nobody_from_talking(
    handlers: Handlers, room: Room, tmp_path: Path
) -> None:
    file = tmp_path / "locked.sqlite3"
    room.history = History(file, busy_s=0.05)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        last = answer(handlers, text="안녕")[-1]
        assert last["live"]["words"] == "그래, 듣고 있어."
        assert "그래, 듣고 있어." in last["thread"]
        assert len(last["live"]["notices"]) >= 1
        assert "저장" in str(last["live"]["notices"])
        other.execute("ROLLBACK")
        assert other.execute("SELECT count(*) FROM conversations").fetchone() == (0,)


def test_strangers_see_no_menu_of_models_and_may_not_choose(room: Room, tmp_path: Path) -> None:
    open_to_all = Room(replace(room.settings, public=True, data_dir=tmp_path), keep_history=False)
    handlers = Handlers(open_to_all, take_turn)
    for act in (handlers.models, handlers.open):
        drawer = act(Ask(), "guest:somebody")["drawer"]
        assert "knob-temperature" in drawer
        assert "data-model" not in drawer
    with pytest.raises(AppError, match="바꿀 수 없어요"):
        handlers.choose_model(Ask(text="jjinchin"), "guest:somebody")
    open_to_all.close()


def test_at_home_every_model_is_a_button(handlers: Handlers, room: Room) -> None:
    drawer = handlers.models(Ask(language="en"), LOCAL_VISITOR)["drawer"]
    assert drawer.count("data-model=") == 2
    assert drawer.count('aria-pressed="true"') == 1
    with pytest.raises(AppError, match="이제 없어요"):
        handlers.choose_model(Ask(text="../../etc"), LOCAL_VISITOR)


def test_a_folder_of_this_machine_is_not_shown() -> None:
    assert shown_name("/home/somebody/mine", Path("/home/somebody/mine")) == "mine"
    assert shown_name("skt/kogpt2-base-v2", Path("skt--kogpt2-base-v2")) == "skt/kogpt2-base-v2"
