"""A process killed at any moment loses no turn that it had shown as done, and no reply in part."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from app.history import History

ROOT = Path(__file__).parent.parent.parent

# Takes turns for ever, and says so: begun turns, and those that the page would show as done.
TAKES_TURNS = """
import sys
from pathlib import Path
from app.history import History
history = History(Path(sys.argv[1]))
found = history.conversations("me")
conversation = found[0].id if found else history.create("me", "yuhee").id
turns = history.path("me", conversation)
parent = turns[-1].id if turns else None
while True:
    begun = history.begin("me", conversation, parent, f"말 {parent}", 0, "")
    print("begun", begun.id, flush=True)
    reply = f"답 {begun.id} " + "가" * (begun.id * 997 % 20_000) + " 끝"
    history.finish("me", begun.id, reply=reply, origin="generated", finish="end")
    print("done", begun.id, flush=True)
    parent = begun.id
"""


def killed_after(path: Path, delay_s: float) -> list[tuple[str, int]]:
    """Let a child take turns for a moment, kill it, and give what it said."""
    child = subprocess.Popen(
        [sys.executable, "-c", TAKES_TURNS, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    lines = [child.stdout.readline()]
    time.sleep(delay_s)
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    assert child.wait() == -signal.SIGKILL
    # The last line may have been cut by the kill.
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(word, int(number)) for word, number in whole]


def check(path: Path, said: list[tuple[str, int]]) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    history = History(path)
    [conversation] = history.conversations("me")
    turns = {turn.id: turn for turn in history.path("me", conversation.id)}
    assert {number for _, number in said} <= turns.keys()
    assert all(turns[number].finish == "end" for word, number in said if word == "done")
    for turn in turns.values():
        assert turn.user == f"말 {turn.parent}"
        whole = f"답 {turn.id} " + "가" * (turn.id * 997 % 20_000) + " 끝"
        assert turn.reply == (whole if turn.finish else "")
    history.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
@pytest.mark.parametrize(
    "kills", [8, pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
)
def test_no_kill_loses_a_turn(tmp_path: Path, kills: int) -> None:
    path = tmp_path / "history.sqlite3"
    moments = random.Random(kills)
    said: list[tuple[str, int]] = []
    for _ in range(kills):
        said += killed_after(path, moments.uniform(0, 0.15))
        check(path, said)
    assert sum(word == "done" for word, _ in said) > kills
