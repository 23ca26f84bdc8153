"""A turn tells what happens in order, goes on when a part fails, and is kept before it is done."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import AppError
from app.events import Cared, Done, Event, Face, Felt, Fitted, Heard, Trouble, Words
from app.room import HISTORY_FILE, LOCAL_VISITOR, Room
from app.settings import Settings
from app.turn import MOST_CHARACTERS, Choice, take_turn
from persona.dialogues import own_dialogues
from persona.reply import FALLBACK
from tests.app.fake_engine import FakeEngine
from tests.app.tiny_checkpoint import make_checkpoint

PLAIN = Choice()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("작은 모델") / "tiny")


@pytest.fixture
def room(folder: Path, tmp_path: Path) -> Iterator[Room]:
    settings = Settings(
        model=str(folder), data_dir=tmp_path, cache_dir=tmp_path / "cache", recall=False
    )
    made = Room(settings)
    # The engine is a fake, so the window may be wider than the tiny model's.
    made.model.checkpoint = replace(made.checkpoint, positions=1024)
    made.model.engine = FakeEngine(made.checkpoint.template.tokens)  # type: ignore[assignment]
    yield made
    made.close()


@pytest.fixture
def talk(room: Room) -> str:
    return room.history.create(LOCAL_VISITOR, "yuhee").id


def take(room: Room, talk: str, text: str, choice: Choice = PLAIN) -> list[Event]:
    return list(take_turn(room, LOCAL_VISITOR, talk, text, choice))


def done(events: list[Event]) -> Done:
    last = events[-1]
    assert isinstance(last, Done)
    return last


def test_the_order_of_a_turn(room: Room, talk: str) -> None:
    events = take(room, talk, "나 오늘 슬퍼 ㅠㅠ")
    kinds = [type(e) for e in events]
    assert kinds[:5] == [Heard, Felt, Fitted, Face, Face]
    assert set(kinds[5:-1]) == {Words}
    assert events[1] == Felt(1, "슬퍼")
    assert [e.expression for e in events if isinstance(e, Face)] == ["thinking", "sad"]
    said = "".join(e.text for e in events if isinstance(e, Words))
    assert said == "그래, 듣고 있어."
    turn = done(events).turn
    assert (turn.user, turn.reply, turn.mood, turn.finish) == ("나 오늘 슬퍼 ㅠㅠ", said, 1, "end")
    assert done(events).kept
    assert set(done(events).timings) == {"first_words_s", "total_s"}


def test_it_is_on_disk_before_it_is_done(room: Room, talk: str, tmp_path: Path) -> None:
    turn = done(take(room, talk, "안녕")).turn
    with sqlite3.connect(tmp_path / HISTORY_FILE) as other:
        rows = other.execute("SELECT user, reply FROM turns WHERE id = ?", (turn.id,)).fetchall()
    assert rows == [("안녕", turn.reply)]


def test_her_prompt_has_what_came_before(room: Room, talk: str) -> None:
    take(room, talk, "내 이름은 민수야")
    fitted = [e for e in take(room, talk, "내 이름 뭐게") if isinstance(e, Fitted)]
    assert fitted[0].window.kept == 1
    prompt = " ".join(map(str, room.engine.asked[-1][0]))  # type: ignore[attr-defined]
    words = room.checkpoint.template.tokens.encode("내 이름은 민수야")
    assert " ".join(map(str, words)) in prompt


def test_the_visitor_overrules_the_mood(room: Room, talk: str) -> None:
    events = take(room, talk, "ㅠㅠ", Choice(mood=2))
    assert Felt(2, "given") in events
    assert done(events).turn.mood_reason == "given"


def test_the_visitors_sampling_reaches_the_engine(room: Room, talk: str) -> None:
    take(room, talk, "안녕", Choice(sampling={"temperature": 0.0, "seed": 9}))
    sampling = room.engine.asked[-1][1]  # type: ignore[attr-defined]
    assert (sampling.temperature, sampling.seed) == (0.0, 9)


def test_retry_and_edit_are_alternatives_of_one_place(room: Room, talk: str) -> None:
    first = done(take(room, talk, "안녕")).turn
    take(room, talk, "뭐 해")
    again = done(take(room, talk, "안녕", Choice(instead_of=first.id))).turn
    edited = done(take(room, talk, "안녕하세요", Choice(instead_of=again.id))).turn
    assert edited.siblings == (first.id, again.id, edited.id)
    assert [t.user for t in room.history.path(LOCAL_VISITOR, talk)] == ["안녕하세요"]
    assert len(room.engine.asked[-1][0]) < len(room.engine.asked[1][0])  # type: ignore[attr-defined]


def test_a_line_of_her_own_is_recalled_and_another_answer_is_not_the_same_line(
    room: Room, talk: str
) -> None:
    room.settings = replace(room.settings, recall=True)
    openings = [d.exchanges[0] for d in own_dialogues(room.cards["yuhee"].folder)]
    opening = openings[0]
    first = done(take(room, talk, opening.user, Choice(mood=opening.mood))).turn
    assert first.origin == "recalled"
    assert first.reply in {o.reply for o in openings}
    assert room.engine.asked == []  # type: ignore[attr-defined]
    again = done(take(room, talk, opening.user, Choice(instead_of=first.id))).turn
    assert again.reply != first.reply
    knobs = Choice(mood=opening.mood, sampling={"temperature": 0.5})
    assert done(take(room, talk, opening.user, knobs)).turn.origin == "generated"


def test_a_place_that_is_gone_is_a_sentence(room: Room, talk: str) -> None:
    with pytest.raises(AppError, match="새로고침"):
        take(room, talk, "안녕", Choice(instead_of=999))


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200d", "\n\n"])
def test_blank_words_are_not_taken(room: Room, talk: str, text: str) -> None:
    with pytest.raises(AppError, match="적어 주세요"):
        take(room, talk, text)
    assert room.history.path(LOCAL_VISITOR, talk) == []


def test_a_megabyte_is_not_taken(room: Room, talk: str) -> None:
    with pytest.raises(AppError, match="너무 길어요"):
        take(room, talk, "가" * 1_000_000)
    assert done(take(room, talk, "가" * MOST_CHARACTERS)).turn.reply


def test_words_of_danger_get_lines_that_help_whatever_she_says(room: Room, talk: str) -> None:
    events = take(room, talk, "나 죽고 싶어")
    cared = [e for e in events if isinstance(e, Cared)]
    assert "109" in cared[0].text
    assert done(events).turn.reply in room.cards["yuhee"].listening["care"]
    assert room.engine.asked == []  # type: ignore[attr-defined]


def test_an_engine_that_fails_is_a_sentence_and_loses_no_words(room: Room, talk: str) -> None:
    room.engine.trouble = "모델이 쉬고 있어요."  # type: ignore[attr-defined]
    events = take(room, talk, "안녕")
    assert Trouble("모델이 쉬고 있어요.") in events
    assert (done(events).turn.user, done(events).turn.finish) == ("안녕", "failed")
    room.engine.trouble = ""  # type: ignore[attr-defined]
    assert done(take(room, talk, "다시")).turn.finish == "end"


def test_leaving_at_a_trouble_keeps_how_it_ended(room: Room, talk: str) -> None:
    room.engine.trouble = "모델이 쉬고 있어요."  # type: ignore[attr-defined]
    turn = take_turn(room, LOCAL_VISITOR, talk, "안녕", Choice())
    assert any(isinstance(event, Trouble) for event in turn)
    turn.close()
    assert room.history.path(LOCAL_VISITOR, talk)[0].finish == "failed"


def test_dialogues_that_cannot_be_read_are_said_and_she_still_answers(
    room: Room, talk: str, tmp_path: Path
) -> None:
    own = tmp_path / "mine"
    (own / "dialogues").mkdir(parents=True)
    (own / "dialogues" / "windows.jsonl").write_bytes("안녕".encode("cp949"))
    room.cards["yuhee"] = replace(room.cards["yuhee"], folder=own)
    events = take(room, talk, "안녕")
    assert any(isinstance(e, Trouble) and "windows.jsonl" in e.sentence for e in events)
    assert done(events).turn.reply == "그래, 듣고 있어."


def test_an_empty_reply_becomes_a_line_of_the_card(room: Room, talk: str) -> None:
    room.engine.replies = [" "]  # type: ignore[attr-defined]
    turn = done(take(room, talk, "안녕")).turn
    assert turn.origin == FALLBACK
    assert turn.reply in room.cards["yuhee"].fallbacks


def test_leaving_in_the_middle_keeps_what_she_said(room: Room, talk: str) -> None:
    events = take_turn(room, LOCAL_VISITOR, talk, "안녕", Choice())
    said = ""
    for event in events:
        if isinstance(event, Words):
            said += event.text
            break
    events.close()
    turn = room.history.path(LOCAL_VISITOR, talk)[0]
    assert (turn.reply, turn.finish) == (said.strip(), "stopped")


def test_leaving_before_her_first_word_ends_the_turn(room: Room, talk: str) -> None:
    events = take_turn(room, LOCAL_VISITOR, talk, "안녕", Choice())
    for event in events:
        if event == Face("thinking"):
            break
    events.close()
    turn = room.history.path(LOCAL_VISITOR, talk)[0]
    assert (turn.reply, turn.finish) == ("", "stopped")


def test_a_talk_deleted_elsewhere_is_a_sentence_and_no_trouble_of_the_disk(
    room: Room, talk: str
) -> None:
    room.history.delete(LOCAL_VISITOR, talk)
    with pytest.raises(AppError, match="지운 대화"):
        take(room, talk, "안녕")
    assert room.history.keeps


def test_a_disk_that_takes_no_more_is_said_and_the_talk_goes_on(
    room: Room, talk: str, tmp_path: Path
) -> None:
    take(room, talk, "처음")
    lock = sqlite3.connect(tmp_path / HISTORY_FILE, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        events = take(room, talk, "둘째")
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert any(isinstance(e, Trouble) for e in events)
    assert not done(events).kept
    assert [t.user for t in room.history.path(LOCAL_VISITOR, talk)] == ["처음", "둘째"]
    assert done(take(room, talk, "셋째")).turn.reply
    with sqlite3.connect(tmp_path / HISTORY_FILE) as other:
        assert other.execute("SELECT user FROM turns").fetchall() == [("처음",)]
