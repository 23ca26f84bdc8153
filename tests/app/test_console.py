"""The conversation in the terminal: what is shown, what is kept, and the commands inside."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.console import HELP, Console
from app.errors import AppError
from app.room import LOCAL_VISITOR, Room
from app.settings import Settings
from persona.lm.protocol import EngineError
from tests.app.fake_engine import FakeEngine
from tests.app.tiny_checkpoint import make_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def room(checkpoint: Path, tmp_path: Path) -> Iterator[Room]:
    """A room with a real history on disk, and an engine whose words are known."""
    room = Room(
        Settings(model=str(checkpoint), data_dir=tmp_path, cache_dir=tmp_path, recall=False)
    )
    room.model.engine = FakeEngine(room.checkpoint.template.tokens)
    yield room
    room.close()


def hold(room: Room, *lines: str, talkative: bool = False) -> Console:
    console = Console(room, "yuhee", talkative=talkative)
    console.hold(lines)
    return console


def kept(room: Room) -> list[tuple[str, str]]:
    """The newest conversation as it was kept."""
    newest = room.history.conversations(LOCAL_VISITOR)[0]
    return [(turn.user, turn.reply) for turn in room.history.path(LOCAL_VISITOR, newest.id)]


def test_through_a_pipe_only_her_replies_are_printed(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    room.engine.replies = ["안녕, 반가워.", "잘 자."]
    hold(room, "안녕", "", "이제 잘게")
    shown = capsys.readouterr()
    assert shown.out == "안녕, 반가워.\n잘 자.\n"
    assert shown.err == ""
    assert kept(room) == [("안녕", "안녕, 반가워."), ("이제 잘게", "잘 자.")]


def test_a_talkative_one_greets_and_signs(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    hold(room, "안녕", talkative=True)
    shown = capsys.readouterr().out
    assert room.cards["yuhee"].greeting in shown
    assert "유희지희 › 그래, 듣고 있어.\n" in shown


def test_what_she_reads_is_said_aside(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    hold(room, "나 헤어졌어 ㅠㅠ")
    assert "(슬픔: “헤어졌”)" in capsys.readouterr().err


def test_danger_is_answered_with_the_lines_that_help(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(room, "죽고 싶어")
    shown = capsys.readouterr()
    assert "109" in shown.err
    assert shown.out.strip() in room.cards["yuhee"].listening["care"]


def test_goodbye_ends_it_at_once(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    hold(room, "/끝", "안녕")
    assert capsys.readouterr().out == ""
    assert room.history.conversations(LOCAL_VISITOR) == []


def test_help_lists_every_command_and_each_one_exists(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(room, "/도움", "/help")
    shown = capsys.readouterr()
    for names, korean, english in HELP:
        assert names in shown.out
        assert korean in shown.out
        assert english in shown.out
    words = [word for names, _, _ in HELP for word in names.split() if word.startswith("/")]
    hold(room, *(word for word in words if word not in ("/끝", "/quit")))
    assert "명령은 없어요" not in capsys.readouterr().err
    assert len(words) == 20


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/없는것", r"/없는것 명령은 없어요"),
        ("/", r"명령은 없어요"),
        ("/열기 7", r"그런 대화가 없어요"),
        ("/다시", r"아직 나눈 말이 없어요"),
        ("/되돌리기", r"아직 나눈 말이 없어요"),
        ("/저장 a.json", r"아직 나눈 말이 없어요"),
        ("/기분 3", r"0\(평소\)"),
        ("/누구 nobody", r"'nobody' 페르소나는 없어요"),
        ("\u200b", r"보낼 말을 적어 주세요"),
        ("가" * 1_000_000, r"메시지가 너무 길어요"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_the_talk_goes_on(
    room: Room, line: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(room, line, "안녕")
    shown = capsys.readouterr()
    assert sentence.replace("\\", "") in shown.err
    assert shown.out.endswith("그래, 듣고 있어.\n")
    assert kept(room) == [("안녕", "그래, 듣고 있어.")]


def test_a_slash_after_a_blank_is_said(room: Room) -> None:
    hold(room, " /도움 이 뭐야?")
    assert kept(room)[0][0] == "/도움 이 뭐야?"


def test_retry_keeps_the_first_reply_as_well(room: Room) -> None:
    room.engine.replies = ["하나", "둘"]
    console = hold(room, "안녕", "/다시")
    turn = room.history.path(LOCAL_VISITOR, room.history.conversations(LOCAL_VISITOR)[0].id)[-1]
    assert (turn.user, turn.reply, len(turn.siblings)) == ("안녕", "둘", 2)
    console.hold(["/retry"])
    assert len(kept(room)) == 1


def test_undo_takes_the_last_exchange_back(room: Room) -> None:
    hold(room, "하나", "둘", "/되돌리기")
    assert [user for user, _ in kept(room)] == ["하나"]


def test_a_new_conversation_leaves_the_old_one(room: Room) -> None:
    hold(room, "하나", "/새로", "둘")
    found = room.history.conversations(LOCAL_VISITOR)
    assert [c.title for c in found] == ["둘", "하나"]


def test_nothing_said_leaves_no_conversation(room: Room) -> None:
    hold(room, "/새로", "/누구 helpbot", "/new")
    assert room.history.conversations(LOCAL_VISITOR) == []


def test_the_list_is_numbered_and_opened_by_number(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(room, "첫 이야기", "/새로", "둘째 이야기", "/목록", "/열기 2", "더 할 말")
    assert [user for user, _ in kept(room)] == ["첫 이야기", "더 할 말"]
    lines = [line for line in capsys.readouterr().out.splitlines() if "이야기" in line]
    assert lines[0].startswith("*  1 둘째 이야기")
    assert lines[1].startswith("   2 첫 이야기")


def test_the_list_can_be_searched(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    hold(room, "떡볶이 먹자", "/새로", "비가 와", "/list 떡볶이", "/open 1", "그래")
    assert "비가 와" not in capsys.readouterr().out
    assert [user for user, _ in kept(room)] == ["떡볶이 먹자", "그래"]


def test_an_earlier_conversation_goes_on(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    hold(room, "하나")
    first = room.history.conversations(LOCAL_VISITOR)[0].id
    hold(room, "둘")
    console = Console(room, "helpbot", talkative=True)
    console.open(first[:8])
    assert "나 › 하나\n유희지희 › 그래, 듣고 있어.\n" in capsys.readouterr().out
    console.hold(["셋"])
    assert [user for user, _ in kept(room)] == ["하나", "셋"]
    console.open("")
    console.hold(["넷"])
    assert [user for user, _ in kept(room)] == ["하나", "셋", "넷"]


@pytest.mark.parametrize("wanted", ["", "zzz", "1"])
def test_what_was_never_said_cannot_go_on(room: Room, wanted: str) -> None:
    with pytest.raises(AppError, match="No such conversation"):
        Console(room, "yuhee", talkative=False).open(wanted)


def test_a_chosen_mood_holds_until_it_is_auto_again(room: Room) -> None:
    hold(room, "/기분 기쁨", "안녕", "/mood 1", "안녕", "/기분 자동", "안녕")
    newest = room.history.conversations(LOCAL_VISITOR)[0]
    turns = room.history.path(LOCAL_VISITOR, newest.id)
    assert [(t.mood, t.mood_reason) for t in turns] == [(2, "given"), (1, "given"), (0, "")]


def test_another_persona_begins_a_conversation_of_her_own(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(room, "안녕", "/누구", "/누구 helpbot", "안녕하세요")
    assert "* yuhee: 유희지희" in capsys.readouterr().out
    found = room.history.conversations(LOCAL_VISITOR)
    assert [c.persona for c in found] == ["helpbot", "yuhee"]


def test_memory_is_shown(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    hold(room, "/기억", "안녕", "/기억")
    shown = capsys.readouterr().out
    assert "아직 기억할 말이 없어요" in shown
    assert "remembers 1 exchanges, 0 have left" in shown


def test_a_conversation_is_saved_as_json_and_comes_back(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "우리 얘기.json"
    hold(room, "안녕", f"/저장 {path}")
    assert json.loads(path.read_text(encoding="utf-8"))["persona"] == "yuhee"
    again = room.history.load(LOCAL_VISITOR, json.loads(path.read_text(encoding="utf-8")))
    assert room.history.path(LOCAL_VISITOR, again.id)[0].user == "안녕"


def test_a_conversation_is_saved_as_markdown(room: Room, tmp_path: Path) -> None:
    hold(room, "안녕", f"/save {tmp_path / 'talk.md'}")
    assert "그래, 듣고 있어." in (tmp_path / "talk.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["talk.txt", "", "no/such/folder/talk.md", "there.md", "a\0b.md"])
def test_what_cannot_be_saved_is_a_sentence(
    room: Room, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there.md"
    there.write_text("mine", encoding="utf-8")
    hold(room, "안녕", f"/저장 {tmp_path / name}" if name else "/저장")
    assert capsys.readouterr().err.count("(") == 1
    assert there.read_text(encoding="utf-8") == "mine"


def test_ctrl_c_stops_her_and_keeps_what_she_said(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    def press(number: int) -> None:
        if number == 3:
            os.kill(os.getpid(), signal.SIGINT)

    room.engine.replies = ["안녕하세요 반가워요 " * 20, "응."]
    room.engine.on_id = press
    before = signal.getsignal(signal.SIGINT)
    console = Console(room, "yuhee", talkative=False)
    console.hold(["안녕"])
    shown = capsys.readouterr()
    assert "stopped" in shown.err
    turn = room.history.path(LOCAL_VISITOR, room.history.conversations(LOCAL_VISITOR)[0].id)[0]
    assert turn.finish == "stopped"
    assert turn.reply
    assert shown.out.strip() == turn.reply
    assert len(turn.reply) < 60
    assert signal.getsignal(signal.SIGINT) is before
    room.engine.on_id = lambda _: None
    console.hold(["이어서"])
    assert kept(room)[-1] == ("이어서", "응.")


@pytest.mark.parametrize(
    ("finish", "said"), [("length", "cut at the length"), ("loop", "repeat"), ("time", "time")]
)
def test_a_reply_cut_short_is_marked(
    room: Room, finish: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    room.engine.finish = finish
    hold(room, "안녕")
    assert said in capsys.readouterr().err


def test_a_line_from_the_card_is_marked(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    room.engine.replies = [""]
    hold(room, "안녕")
    shown = capsys.readouterr()
    assert "from her card" in shown.err
    assert shown.out.strip() in room.cards["yuhee"].fallbacks


def test_an_engine_in_trouble_is_a_sentence_and_the_words_are_kept(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    room.engine.trouble = "모델이 멈췄어요. (The model died.)"
    hold(room, "안녕")
    assert "The model died." in capsys.readouterr().err
    assert kept(room) == [("안녕", "")]


@pytest.mark.parametrize(("waits", "said"), [(1, ""), (2, "GGUF를 만들어요")])
def test_a_loading_model_is_waited_for(
    room: Room, waits: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    room.engine.state, room.engine.waits, room.engine.progress = "loading", waits, said
    room.engine.notices = ["GPU가 없어 CPU로 해요."]
    hold(room, "안녕", "안녕")
    shown = capsys.readouterr()
    assert shown.err == f"{said}\nGPU가 없어 CPU로 해요.\n".lstrip()
    assert shown.out == "그래, 듣고 있어.\n" * 2


def test_a_model_that_cannot_load_ends_it(room: Room) -> None:
    room.engine.state = "failed: 가중치가 없어요. (No weights.)"
    with pytest.raises(EngineError, match=r"^가중치가 없어요"):
        hold(room, "안녕")
