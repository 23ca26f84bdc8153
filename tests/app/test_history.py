"""Conversations are trees on disk: nothing said is lost, and nobody sees somebody else's."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.errors import AppError
from app.history import History, Turn, open_history

ME = "me"
ROOT = Path(__file__).parent.parent.parent


class Clock:
    """A clock that stands still until it is told the time."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.time += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "찐친 자료" / "history.sqlite3"


@pytest.fixture
def history(path: Path, clock: Clock) -> Iterator[History]:
    history = History(path, busy_s=0.1, now=clock)
    yield history
    history.close()


def say(history: History, conversation: str, parent: int | None, user: str, reply: str) -> Turn:
    turn = history.begin(ME, conversation, parent, user, 0, "")
    return history.finish(ME, turn.id, reply=reply, origin="generated", finish="end")


def talk(history: History, *words: str) -> tuple[str, list[Turn]]:
    """Have a conversation, answered with an echo."""
    conversation = history.create(ME, "yuhee").id
    turns: list[Turn] = []
    for word in words:
        turns.append(
            say(history, conversation, turns[-1].id if turns else None, word, f"응, {word}")
        )
    return conversation, turns


def shown(history: History, conversation: str) -> list[str]:
    return [turn.user for turn in history.path(ME, conversation)]


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


# One conversation


def test_a_conversation_is_there_after_a_restart(path: Path, clock: Clock) -> None:
    first = History(path, now=clock)
    conversation = first.create(ME, "yuhee").id
    begun = first.begin(ME, conversation, None, "시험 붙었어!", 2, "시험 붙")
    done = first.finish(
        ME, begun.id, reply="대박!", origin="recalled", finish="length", model="jjinchin", seed=7
    )
    first.close()
    again = History(path)
    assert again.path(ME, conversation) == [done]
    assert done == replace(
        begun, reply="대박!", origin="recalled", finish="length", model="jjinchin", seed=7
    )
    assert (done.user, done.mood, done.mood_reason) == ("시험 붙었어!", 2, "시험 붙")
    assert done.created_at == "2026-03-01T12:00:00.000+00:00"
    assert again.keeps
    again.close()


def test_what_was_begun_and_never_finished_is_shown_and_can_be_answered(history: History) -> None:
    conversation, [first] = talk(history, "안녕")
    begun = history.begin(ME, conversation, first.id, "듣고 있어?", 0, "")
    assert history.path(ME, conversation)[-1] == begun
    assert (begun.finish, begun.reply, begun.origin) == ("", "", "")
    again = say(history, conversation, first.id, "듣고 있어?", "응")
    assert history.path(ME, conversation)[-1].siblings == (begun.id, again.id)


def test_a_reply_ends_once(history: History) -> None:
    _, [turn] = talk(history, "안녕")
    with pytest.raises(AppError, match="이미 끝난"):
        history.finish(ME, turn.id, reply="다른 답", origin="generated", finish="end")
    assert history.path(ME, turn.conversation)[0].reply == "응, 안녕"


def test_a_reply_that_failed_has_no_origin(history: History) -> None:
    turn = history.begin(ME, history.create(ME, "yuhee").id, None, "안녕", 0, "")
    failed = history.finish(ME, turn.id, reply="", origin="", finish="failed")
    assert (failed.reply, failed.origin, failed.finish) == ("", "", "failed")


@pytest.mark.parametrize("finish", ["", "done"])
def test_a_finish_that_nobody_knows_is_a_mistake_of_the_caller(
    history: History, finish: str
) -> None:
    turn = history.begin(ME, history.create(ME, "yuhee").id, None, "안녕", 0, "")
    with pytest.raises(ValueError, match="finish"):
        history.finish(ME, turn.id, reply="응", origin="generated", finish=finish)


def test_text_is_kept_clean(history: History) -> None:
    conversation = history.create(ME, "yuhee").id
    words = unicodedata.normalize("NFD", "안녕 지희야") + "\ud800\x00 👩‍👩‍👧 עברית <usr>"
    turn = say(history, conversation, None, words, unicodedata.normalize("NFD", "반가워"))
    assert turn.user == "안녕 지희야 👩‍👩‍👧 עברית <usr>"
    assert turn.reply == "반가워"


def test_a_like_stays_with_the_turn(history: History) -> None:
    conversation, [turn] = talk(history, "안녕")
    assert history.rate(ME, turn.id, 1).rating == 1
    assert history.rate(ME, turn.id, -1).rating == -1
    assert history.path(ME, conversation)[0].rating == -1
    with pytest.raises(AppError):
        history.rate(ME, turn.id, 5)


# Branches


def test_a_retry_and_an_edit_are_alternatives_of_one_place(history: History) -> None:
    conversation, [first, second] = talk(history, "안녕", "뭐 해?")
    retry = say(history, conversation, first.id, "뭐 해?", "노래 들어")
    edit = say(history, conversation, first.id, "뭐 먹었어?", "나는 못 먹어")
    places = (second.id, retry.id, edit.id)
    assert [turn.siblings for turn in history.path(ME, conversation)] == [(first.id,), places]
    assert shown(history, conversation) == ["안녕", "뭐 먹었어?"]
    history.choose(ME, retry.id)
    assert history.path(ME, conversation)[-1].reply == "노래 들어"


def test_the_first_words_can_have_alternatives_too(history: History) -> None:
    conversation, [first, _] = talk(history, "안녕", "뭐 해?")
    other = say(history, conversation, None, "하이", "왔어?")
    assert shown(history, conversation) == ["하이"]
    assert history.path(ME, conversation)[0].siblings == (first.id, other.id)
    history.choose(ME, first.id)
    assert shown(history, conversation) == ["안녕", "뭐 해?"]


def test_choosing_shows_the_newest_end_of_a_branch(history: History) -> None:
    conversation, [first, second, third] = talk(history, "하나", "둘", "셋")
    say(history, conversation, second.id, "셋 다시", "응")
    newest = say(history, conversation, third.id, "넷", "응")
    say(history, conversation, None, "처음부터", "응")
    history.choose(ME, first.id)
    assert history.conversation(ME, conversation).head == newest.id
    assert shown(history, conversation) == ["하나", "둘", "셋", "넷"]


def test_undo_hides_the_last_turn_and_gives_it_back(history: History) -> None:
    conversation, [first, second] = talk(history, "안녕", "바보야")
    undone = history.undo(ME, conversation)
    assert undone == second
    assert shown(history, conversation) == ["안녕"]
    other = say(history, conversation, first.id, "미안", "괜찮아")
    assert other.siblings == (other.id,)
    assert history.conversations(ME, "바보야") == []


def test_undo_ends_at_the_beginning(history: History) -> None:
    conversation, _ = talk(history, "안녕")
    history.undo(ME, conversation)
    assert history.path(ME, conversation) == []
    with pytest.raises(AppError, match="되돌릴"):
        history.undo(ME, conversation)


def test_going_on_from_an_undone_turn_brings_it_back(history: History) -> None:
    # The other tab still shows it.
    conversation, [first, second] = talk(history, "안녕", "뭐 해?")
    history.undo(ME, conversation)
    history.undo(ME, conversation)
    say(history, conversation, second.id, "응?", "응")
    assert shown(history, conversation) == ["안녕", "뭐 해?", "응?"]
    history.undo(ME, conversation)
    history.undo(ME, conversation)
    history.choose(ME, second.id)
    assert shown(history, conversation) == ["안녕", "뭐 해?"]
    assert history.path(ME, conversation)[0].id == first.id


def test_a_reply_that_ends_after_its_undo_is_kept_and_not_shown(history: History) -> None:
    conversation, [first] = talk(history, "안녕")
    turn = history.begin(ME, conversation, first.id, "잠깐", 0, "")
    history.undo(ME, conversation)
    history.finish(ME, turn.id, reply="응?", origin="generated", finish="stopped")
    assert shown(history, conversation) == ["안녕"]
    history.choose(ME, turn.id)
    assert history.path(ME, conversation)[-1].reply == "응?"


# The list


def test_the_list_is_newest_first(history: History, clock: Clock) -> None:
    first, [turn] = talk(history, "첫째")
    clock.wait(minutes=1)
    second, _ = talk(history, "둘째")
    assert [c.id for c in history.conversations(ME)] == [second, first]
    clock.wait(minutes=1)
    say(history, first, turn.id, "다시", "응")
    assert [c.id for c in history.conversations(ME)] == [first, second]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("안녕", "안녕"),
        ("오늘  있었던\n일을 말해 줄게", "오늘 있었던 일을 말해 줄게"),
        (
            "오늘 회사에서 팀장님이 갑자기 나를 불러서 무슨 일인가 했더니",
            "오늘 회사에서 팀장님이 갑자기 나를 불러서 무슨…",
        ),
        ("가" * 50, "가" * 29 + "…"),
    ],
)
def test_the_first_words_are_the_title(history: History, words: str, title: str) -> None:
    conversation, _ = talk(history, words, "두 번째 말")
    assert history.conversation(ME, conversation).title == title
    assert len(title) <= 31


def test_a_title_given_by_hand_stays(history: History) -> None:
    conversation = history.create(ME, "yuhee").id
    assert history.rename(ME, conversation, "  우리\n이야기 ").title == "우리 이야기"
    say(history, conversation, None, "안녕", "응")
    assert history.conversation(ME, conversation).title == "우리 이야기"
    with pytest.raises(AppError, match="제목"):
        history.rename(ME, conversation, " \u200b ")


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("떡볶이", True),
        (unicodedata.normalize("NFD", "떡볶이"), True),
        ("궁금해", True),
        ("비밀 얘기", True),
        ("100%", True),
        ("1_0", False),
        ("1%0", False),
        ("C:\\길", True),
        ("hello", True),
        ("없는 말", False),
        ("", True),
        ("  ", True),
        ("가" * 1_000_000, False),
        ("\ud800", True),
        ("' OR 1=1 --", False),
    ],
)
def test_search_looks_at_titles_words_and_replies(
    history: History, search: str, found: bool
) -> None:
    conversation, _ = talk(history, "떡볶이 100% C:\\길 Hello")
    say(history, conversation, None, "맛이", "나도 궁금해")
    history.rename(ME, conversation, "비밀 얘기")
    assert [c.id for c in history.conversations(ME, search)] == ([conversation] if found else [])


def test_a_deletion_can_be_taken_back(history: History) -> None:
    conversation, _ = talk(history, "안녕")
    assert history.delete(ME, conversation).deleted
    assert history.conversations(ME) == []
    with pytest.raises(AppError, match="지운 대화"):
        history.begin(ME, conversation, None, "다시", 0, "")
    assert not history.restore(ME, conversation).deleted
    assert shown(history, conversation) == ["안녕"]
    assert len(history.conversations(ME)) == 1


def test_a_day_later_a_deletion_is_for_good(path: Path, clock: Clock) -> None:
    history = History(path, now=clock)
    gone, _ = talk(history, "비밀의 열쇠는 냉장고에", "둘", "셋")
    kept, _ = talk(history, "남길 말")
    history.delete(ME, gone)
    clock.wait(hours=23)
    history.purge()
    assert history.conversation(ME, gone).deleted
    history.close()
    clock.wait(hours=2)
    history = History(path, now=clock)
    with pytest.raises(AppError, match="찾을 수 없"):
        history.conversation(ME, gone)
    assert shown(history, kept) == ["남길 말"]
    history.close()
    assert "냉장고".encode() not in b"".join(files(path.parent).values())


# Visitors


def test_what_belongs_to_somebody_else_is_not_there(history: History) -> None:
    conversation, [turn] = talk(history, "내 비밀")
    before = history.export(ME, conversation)
    assert history.conversations("you") == []
    for forbidden in (
        lambda: history.conversation("you", conversation),
        lambda: history.path("you", conversation),
        lambda: history.rename("you", conversation, "x"),
        lambda: history.delete("you", conversation),
        lambda: history.restore("you", conversation),
        lambda: history.begin("you", conversation, None, "x", 0, ""),
        lambda: history.finish("you", turn.id, reply="x", origin="generated", finish="end"),
        lambda: history.choose("you", turn.id),
        lambda: history.undo("you", conversation),
        lambda: history.rate("you", turn.id, 1),
        lambda: history.export("you", conversation),
        lambda: history.export_markdown("you", conversation, "지희"),
        lambda: history.begin("you", history.create("you", "yuhee").id, turn.id, "x", 0, ""),
    ):
        with pytest.raises(AppError, match="찾을 수 없"):
            forbidden()
    assert history.export(ME, conversation) == before
    assert not history.conversation(ME, conversation).deleted


@pytest.mark.parametrize("made_up", ["", "x", "\ud800", "' OR 1=1 --"])
def test_a_made_up_conversation_is_not_there(history: History, made_up: str) -> None:
    with pytest.raises(AppError, match="찾을 수 없"):
        history.path(ME, made_up)


@pytest.mark.parametrize("made_up", [0, -1, 99, 2**63, -(2**70)])
def test_a_made_up_turn_is_not_there(history: History, made_up: int) -> None:
    conversation, _ = talk(history, "안녕")
    with pytest.raises(AppError, match="찾을 수 없"):
        history.choose(ME, made_up)
    with pytest.raises(AppError, match="찾을 수 없"):
        history.begin(ME, conversation, made_up, "x", 0, "")
    assert shown(history, conversation) == ["안녕"]


def test_a_parent_from_another_conversation_is_not_there(history: History) -> None:
    _, [turn] = talk(history, "여기")
    other, _ = talk(history, "저기")
    with pytest.raises(AppError, match="찾을 수 없"):
        history.begin(ME, other, turn.id, "x", 0, "")


# Export and import


def tree(history: History) -> str:
    conversation, [first, second] = talk(history, "안녕", "뭐 해?")
    say(history, conversation, first.id, "뭐 해?", "노래 들어")
    history.rate(ME, second.id, -1)
    say(history, conversation, None, "하이", "왔어?")
    history.begin(ME, conversation, second.id, "끊긴 말", 1, "ㅠㅠ")
    history.choose(ME, first.id)
    history.undo(ME, conversation)
    return conversation


def test_export_and_import_lose_nothing(history: History, tmp_path: Path) -> None:
    conversation = tree(history)
    exported = history.export(ME, conversation)
    other = History(tmp_path / "other.sqlite3")
    again = other.load("you", json.loads(json.dumps(exported)))
    assert other.export("you", again.id) == exported
    assert shown(history, conversation) == [t.user for t in other.path("you", again.id)]
    other.close()


def test_an_exported_conversation_has_the_promised_shape(history: History) -> None:
    conversation, [first, second] = talk(history, "안녕", "뭐 해?")
    assert history.export(ME, conversation) == {
        "format": "jjinchin-conversation",
        "version": 1,
        "persona": "yuhee",
        "title": "안녕",
        "created_at": "2026-03-01T12:00:00.000+00:00",
        "turns": [
            {
                "user": turn.user,
                "mood": 0,
                "mood_reason": "",
                "reply": turn.reply,
                "origin": "generated",
                "finish": "end",
                "model": "",
                "seed": None,
                "rating": 0,
                "created_at": turn.created_at,
                "hidden": False,
                "parent": parent,
            }
            for turn, parent in ((first, None), (second, 0))
        ],
        "head": 1,
    }


def test_a_file_with_the_words_alone_can_be_imported(history: History) -> None:
    turns = [{"user": "안녕", "mood": 0, "reply": "응", "parent": None}]
    loaded = history.load(ME, document(turns=turns, head=0))
    assert shown(history, loaded.id) == ["안녕"]


def test_a_long_chain_can_be_imported_shown_and_deleted(history: History, clock: Clock) -> None:
    turns = [
        {"user": f"{n}", "mood": 0, "reply": "응", "parent": n - 1 if n else None}
        for n in range(5_000)
    ]
    loaded = history.load(ME, document(turns=turns, head=4_999))
    assert shown(history, loaded.id) == [str(n) for n in range(5_000)]
    history.delete(ME, loaded.id)
    clock.wait(days=2)
    history.purge()
    assert history.conversations(ME) == []


def document(**changes: Any) -> dict[str, Any]:
    whole = {
        "format": "jjinchin-conversation",
        "version": 1,
        "persona": "yuhee",
        "title": "",
        "created_at": "",
        "turns": [],
        "head": None,
    }
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def turn(**changes: Any) -> dict[str, Any]:
    whole = {"user": "안녕", "mood": 0, "reply": "응", "parent": None} | changes
    return {key: value for key, value in whole.items() if value is not ...}


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (None, "file"),
        ([], "file"),
        ("x", "file"),
        ({}, "format"),
        (document(format="other"), "format"),
        (document(version=2), "version"),
        (document(version=True), "version"),
        (document(version="1"), "version"),
        (document(persona=...), "persona"),
        (document(persona=5), "persona"),
        (document(title=None), "title"),
        (document(created_at="gestern"), "created_at"),
        (document(created_at="2026-03-01T12:00:00"), "created_at"),
        (document(created_at=20260301), "created_at"),
        (document(turns={}), "turns"),
        (document(turns="[]"), "turns"),
        (document(head=0), "head"),
        (document(head=-1), "head"),
        (document(head="0"), "head"),
        (document(head=False), "head"),
        (document(extra=1), "extra"),
        (document(turns=["안녕"]), r"turns\[0\]"),
        (document(turns=[turn(), turn(user=...)]), r"turns\[1\]\.user"),
        (document(turns=[turn(user=None)]), r"turns\[0\]\.user"),
        (document(turns=[turn(reply=["응"])]), r"turns\[0\]\.reply"),
        (document(turns=[turn(mood=3)]), r"turns\[0\]\.mood"),
        (document(turns=[turn(mood=True)]), r"turns\[0\]\.mood"),
        (document(turns=[turn(mood=1.0)]), r"turns\[0\]\.mood"),
        (document(turns=[turn(mood=[])]), r"turns\[0\]\.mood"),
        (document(turns=[turn(origin="magic")]), r"turns\[0\]\.origin"),
        (document(turns=[turn(finish="done")]), r"turns\[0\]\.finish"),
        (document(turns=[turn(rating=2)]), r"turns\[0\]\.rating"),
        (document(turns=[turn(seed=2**63)]), r"turns\[0\]\.seed"),
        (document(turns=[turn(seed=1.5)]), r"turns\[0\]\.seed"),
        (document(turns=[turn(hidden=0)]), r"turns\[0\]\.hidden"),
        (document(turns=[turn(created_at="")] * 2 + [turn(created_at="x")]), r"turns\[2\]"),
        (document(turns=[turn(parent=0)]), r"turns\[0\]\.parent"),
        (document(turns=[turn(parent=1), turn()]), r"turns\[0\]\.parent"),
        (document(turns=[turn(parent=-1)]), r"turns\[0\]\.parent"),
        (document(turns=[turn(parent=...)]), r"turns\[0\]\.parent"),
        (document(turns=[turn(id=1)]), r"turns\[0\]\.id"),
        (document(turns=[turn()] * 20_001), "20,000"),
        (document(turns=[turn(user="가" * 1_000_001)] * 7), "7,000,000"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_file_is_refused_whole_and_named(
    history: History, broken: object, named: str
) -> None:
    with pytest.raises(AppError, match=named):
        history.load(ME, broken)
    assert history.conversations(ME) == []


def test_imported_text_is_kept_clean(history: History) -> None:
    nfd = unicodedata.normalize("NFD", "안녕")
    loaded = history.load(
        ME, document(turns=[turn(user=nfd + "\ud800\x07")], head=0, title="\ud800")
    )
    assert shown(history, loaded.id) == ["안녕"]


def test_markdown_shows_the_visible_path_for_reading(history: History) -> None:
    conversation, [first, _] = talk(history, "안녕", "옛날 말")
    say(history, conversation, first.id, "# 제목 <b>아니고</b>\n- *그냥* 말\n1. 응", "오")
    text = history.export_markdown(ME, conversation, "유희지희")
    assert text.startswith("# 안녕\n")
    assert "**나**\n\n안녕\n\n**유희지희**\n\n응, 안녕\n" in text
    assert "옛날 말" not in text
    assert "\\# 제목 \\<b\\>아니고\\</b\\>  \n\\- \\*그냥\\* 말  \n1\\. 응" in text


# Many at once


def test_tabs_that_write_at_once_lose_nothing(path: Path) -> None:
    mine, theirs = History(path), History(path)
    conversation = mine.create(ME, "yuhee").id
    trouble: list[Exception] = []

    def write(history: History, name: str) -> None:
        try:
            for n in range(10):
                say(history, conversation, None, f"{name} {n}", f"응 {name} {n}")
                history.path(ME, conversation)
        except Exception as error:  # noqa: BLE001 - shown by the test's last line
            trouble.append(error)

    threads = [
        threading.Thread(target=write, args=(history, f"{kind}{n}"))
        for kind, history in (("a", mine), ("b", theirs))
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    turns = mine.export(ME, conversation)["turns"]
    assert len({turn["user"] for turn in turns}) == 60
    assert all(turn["reply"] == f"응 {turn['user']}" for turn in turns)
    mine.close()
    theirs.close()


OPENS_AND_WRITES = """
import sys, time
from pathlib import Path
from app.history import History
time.sleep(max(0, float(sys.argv[2]) - time.time()))
history = History(Path(sys.argv[1]))
print(history.create("me", "yuhee").id)
"""


def test_processes_that_start_at_once_share_a_new_history(path: Path) -> None:
    at = str(datetime.now(UTC).timestamp() + 1)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPENS_AND_WRITES, str(path), at],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    made = {child.communicate()[0].strip() for child in children}
    history = History(path)
    assert {c.id for c in history.conversations(ME)} == made
    assert len(made) == 4
    history.close()


# Databases that cannot be used


def test_in_memory_nothing_is_kept_and_everything_works() -> None:
    history = History(None)
    assert not history.keeps
    conversation, _ = talk(history, "안녕", "뭐 해?")
    assert shown(history, conversation) == ["안녕", "뭐 해?"]
    history.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_nobody_else_on_the_machine_may_read_it(history: History, path: Path) -> None:
    talk(history, "비밀")
    assert path.parent.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in path.parent.iterdir())


def logged(path: Path) -> tuple[bytes, bytes]:
    """Give the bytes of a history and of its log, which belong together."""
    log = path.with_name(path.name + "-wal")
    return path.read_bytes(), log.read_bytes() if log.exists() else b""


def filled(path: Path) -> None:
    history = History(path)
    talk(history, *(f"오래된 말 {n} " + "가" * 400 for n in range(60)))
    history.close()


def broken_page(path: Path) -> None:
    """Put nonsense in the middle of a history."""
    if not path.exists():
        filled(path)
    data = bytearray(path.read_bytes())
    assert len(data) > 80_000
    data[40_960:53_248] = b"\xa5" * 12_288
    path.write_bytes(data)


def truncated(path: Path) -> None:
    filled(path)
    path.write_bytes(path.read_bytes()[:9_000])


def not_a_database(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("일기장".encode() * 500)


def broken_beside_a_log(path: Path) -> None:
    """Leave what a crash leaves: a log that closing a connection would write into the file."""
    filled(path)
    child = subprocess.run(
        [sys.executable, "-c", OPENS_AND_WRITES + "import os; os._exit(9)", str(path), "0"],
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
    )
    assert child.returncode == 9
    assert path.with_name(path.name + "-wal").stat().st_size > 0
    broken_page(path)


@pytest.mark.parametrize("spoil", [broken_page, truncated, not_a_database, broken_beside_a_log])
def test_a_damaged_history_is_left_exactly_as_it_is(path: Path, spoil: Any) -> None:
    spoil(path)
    before = logged(path)
    history, sentence = open_history(path)
    assert sentence is not None
    assert "깨졌어요" in sentence
    assert str(path) in sentence
    assert not history.keeps
    conversation, _ = talk(history, "그래도 얘기할래")
    assert shown(history, conversation) == ["그래도 얘기할래"]
    history.close()
    assert logged(path) == before


def test_somebody_elses_database_is_left_exactly_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.commit()
    db.close()
    before = path.read_bytes()
    history, sentence = open_history(path)
    assert sentence is not None
    assert "찐친의 대화 기록이 아니에요" in sentence
    assert not history.keeps
    assert path.read_bytes() == before


def test_a_locked_history_is_a_sentence(path: Path) -> None:
    mine = History(path)
    conversation, _ = talk(mine, "먼저 온 말")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    history, sentence = open_history(path, busy_s=0.1)
    assert sentence is not None
    assert "다른 프로그램" in sentence
    assert not history.keeps
    other.execute("ROLLBACK")
    other.close()
    assert shown(mine, conversation) == ["먼저 온 말"]
    mine.close()


def test_a_lock_that_comes_later_is_a_sentence_and_passes(history: History, path: Path) -> None:
    conversation, [first] = talk(history, "안녕")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(AppError, match="다른 프로그램"):
        history.begin(ME, conversation, first.id, "들려?", 0, "")
    assert shown(history, conversation) == ["안녕"]
    other.execute("ROLLBACK")
    other.close()
    say(history, conversation, first.id, "들려?", "응")
    assert shown(history, conversation) == ["안녕", "들려?"]


@contextmanager
def as_an_ordinary_user(*paths: Path) -> Iterator[None]:
    """Do without root's right to write everywhere, for as long as the block takes."""
    if os.name == "nt" or os.geteuid() != 0:
        yield
        return
    for path in paths:
        os.chown(path, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_history_is_a_sentence(what: str) -> None:
    # Not under tmp_path, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="jjinchin-"))
    path = folder / "history.sqlite3"
    try:
        history = History(path)
        conversation, _ = talk(history, "먼저 온 말")
        history.close()
        before = path.read_bytes()
        with as_an_ordinary_user(path, folder):
            path.chmod(0o400)
            folder.chmod(0o500 if what == "folder" else 0o700)
            history, sentence = open_history(path)
            assert sentence is not None
            assert "쓸 수 없어요" in sentence
            assert not history.keeps
            talk(history, "그래도")
            folder.chmod(0o700)
            path.chmod(0o600)
            assert path.read_bytes() == before
            again = History(path)
            assert shown(again, conversation) == ["먼저 온 말"]
            again.close()
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("place", ["under a file", "is a folder"])
def test_a_place_where_no_file_can_be_is_a_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    path = tmp_path / "file" / "history.sqlite3" if place == "under a file" else tmp_path
    history, sentence = open_history(path)
    assert sentence is not None
    assert "쓸 수 없어요" in sentence
    assert not history.keeps


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let the disk take no more, as a full one does."""
    resource: Any = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("step", ["begin", "finish"])
def test_a_disk_that_fills_up_loses_nothing_that_was_there(path: Path, step: str) -> None:
    history = History(path)
    conversation, [first] = talk(history, "안녕")
    begun = history.begin(ME, conversation, first.id, "짧은 말", 0, "")
    log = path.with_name(path.name + "-wal").stat().st_size
    long = "가" * 100_000
    writes: dict[str, Callable[[], Turn]] = {
        "begin": lambda: history.begin(ME, conversation, begun.id, long, 0, ""),
        "finish": lambda: history.finish(
            ME, begun.id, reply=long, origin="generated", finish="end"
        ),
    }
    with files_no_larger_than(log + 20_000), pytest.raises(AppError, match="디스크"):
        writes[step]()
    assert shown(history, conversation) == ["안녕", "짧은 말"]
    done = history.finish(ME, begun.id, reply=long, origin="generated", finish="end")
    assert done.reply == long
    history.close()
    again = History(path)
    assert [t.reply for t in again.path(ME, conversation)] == ["응, 안녕", long]
    again.close()


def test_detached_from_its_disk_the_conversation_goes_on(path: Path) -> None:
    history = History(path)
    conversation, [first] = talk(history, "안녕")
    history.detach()
    assert not history.keeps
    say(history, conversation, first.id, "뭐 해?", "응")
    assert shown(history, conversation) == ["안녕", "뭐 해?"]
    history.close()
    again = History(path)
    assert shown(again, conversation) == ["안녕"]
    again.close()


def test_a_closed_history_is_a_sentence(path: Path) -> None:
    history = History(path)
    history.close()
    with pytest.raises(AppError, match="대화 기록"):
        history.conversations(ME)
