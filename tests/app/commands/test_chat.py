"""`chat` as it is run: through a pipe, and in a terminal with Ctrl-C and Ctrl-D."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.history import History
from app.room import HISTORY_FILE, LOCAL_VISITOR
from persona.card import CARDS_FOLDER
from tests.app.tiny_checkpoint import make_checkpoint

ROOT = Path(__file__).parents[3]
LIMIT_S = 60


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of its own, and a model that answers nonsense at once."""
    folder = tmp_path_factory.mktemp("찐친 집")
    others = {k: v for k, v in os.environ.items() if not k.startswith("JJINCHIN_")}
    return others | {
        "JJINCHIN_MODEL": str(make_checkpoint(folder / "model")),
        "JJINCHIN_DATA_DIR": str(folder / "data"),
        "JJINCHIN_CACHE_DIR": str(folder / "cache"),
        "JJINCHIN_RECALL": "0",
        "TERM": "xterm",
    }


def chat(environ: dict[str, str], said: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "app", "chat", *words],
        input=said,
        env=environ,
        cwd=ROOT,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )


def kept(environ: dict[str, str]) -> list[str]:
    """What the visitor said in the newest conversation on disk."""
    history = History(Path(environ["JJINCHIN_DATA_DIR"]) / HISTORY_FILE)
    newest = history.conversations(LOCAL_VISITOR)[0]
    turns = history.path(LOCAL_VISITOR, newest.id)
    history.close()
    assert all(turn.reply and turn.finish for turn in turns)
    return [turn.user for turn in turns]


def test_lines_from_a_pipe_are_answered_line_by_line(environ: dict[str, str]) -> None:
    ended = chat(environ, "안녕\n\n나 헤어졌어 ㅠㅠ".encode())
    assert ended.returncode == 0, ended.stderr.decode()
    assert ended.stdout.decode().strip()
    assert "›" not in ended.stdout.decode()
    assert "\x1b" not in ended.stderr.decode()
    assert "슬픔" in ended.stderr.decode()
    assert kept(environ) == ["안녕", "나 헤어졌어 ㅠㅠ"]


def test_the_newest_conversation_goes_on(environ: dict[str, str]) -> None:
    chat(environ, "하나\n".encode())
    assert chat(environ, "둘\n".encode(), "--continue").returncode == 0
    assert kept(environ) == ["하나", "둘"]


def test_bytes_that_are_no_text_stop_nothing(environ: dict[str, str]) -> None:
    assert chat(environ, b"\xff\xfe hi\n\x00\n" + "끝".encode()).returncode == 0
    assert kept(environ)[-1] == "끝"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--persona", "nobody"], 2, "helpbot, yuhee"),
        (["--continue", "zzz"], 1, "No such conversation"),
        (["--model", "no/such"], 1, "fetch no/such"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    environ: dict[str, str], words: list[str], status: int, said: str
) -> None:
    ended = chat(environ, "안녕\n".encode(), *words)
    assert ended.returncode == status
    assert said in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()
    assert ended.stdout == b""


def _at_a_terminal() -> None:
    """Take the terminal, and let it interrupt whoever started the tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.close(os.open(os.ttyname(0), os.O_RDWR))


class Terminal:
    """A terminal with `chat` in it."""

    def __init__(self, environ: dict[str, str], *words: str) -> None:
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "app", "chat", *words]
        self._chat = subprocess.Popen(
            command,
            env=environ,
            cwd=ROOT,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_at_a_terminal,
        )
        os.close(theirs)
        self._bytes = b""
        self.shown = ""
        self._seen = 0

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def wait_for(self, words: str) -> None:
        """Read until the words are shown after what was waited for before."""
        deadline = time.monotonic() + LIMIT_S
        while words not in self.shown[self._seen :]:
            assert time.monotonic() < deadline, self.shown
            assert self._chat.poll() is None, self.shown
            self._read()
        self._seen = self.shown.index(words, self._seen) + len(words)

    def end_with(self, keys: str) -> int:
        """Type goodbye until it is over: a key in the very moment of the prompt may wait."""
        deadline = time.monotonic() + LIMIT_S
        while self._chat.poll() is None:
            assert time.monotonic() < deadline, self.shown
            self.type(keys)
            with suppress(subprocess.TimeoutExpired):
                self._chat.wait(2)
            self._read()
        self._read()
        return self._chat.returncode

    def close(self) -> None:
        self._chat.kill()
        self._chat.wait()
        os.close(self._ours)

    def _read(self) -> None:
        if select.select([self._ours], [], [], 0.2)[0]:
            try:
                self._bytes += os.read(self._ours, 65536)
                self.shown = self._bytes.decode(errors="replace")
            except OSError:  # Linux says so when the other end is closed
                time.sleep(0.05)


@pytest.fixture
def terminal(environ: dict[str, str]) -> Iterator[Terminal]:
    terminal = Terminal(environ)
    yield terminal
    terminal.close()


@pytest.mark.parametrize("keys", ["\x04", "\x03", "/끝\n"])
def test_goodbye_is_polite(terminal: Terminal, keys: str) -> None:
    terminal.wait_for("나 › ")
    assert "유희지희 › " in terminal.shown
    assert terminal.end_with(keys) == 0, terminal.shown
    assert "또 얘기하자" in terminal.shown
    assert "Traceback" not in terminal.shown


def test_a_talk_in_a_terminal(terminal: Terminal, environ: dict[str, str]) -> None:
    terminal.wait_for("나 › ")
    terminal.type("나 시험 붙었어!!\n")
    terminal.wait_for("유희지희 › ")
    terminal.wait_for("나 › ")
    assert "\x1b[2m(기쁨: " in terminal.shown
    terminal.type("/다시\n")
    terminal.wait_for("유희지희 › ")
    terminal.wait_for("나 › ")
    assert terminal.end_with("\x04") == 0
    assert kept(environ) == ["나 시험 붙었어!!"]


def test_ctrl_c_stops_her_and_the_talk_goes_on(environ: dict[str, str], tmp_path: Path) -> None:
    # One who talks for long enough to be interrupted.
    shutil.copytree(CARDS_FOLDER / "yuhee", tmp_path / "cards" / "yuhee")
    card = tmp_path / "cards" / "yuhee" / "card.toml"
    card.write_text(
        re.sub("max_new_tokens = .*", "max_new_tokens = 250", card.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    model = make_checkpoint(tmp_path / "model", layers=32, positions=1024)
    slow = environ | {"JJINCHIN_CARDS_DIR": str(tmp_path / "cards"), "JJINCHIN_MODEL": str(model)}
    terminal = Terminal(slow)
    terminal.wait_for("나 › ")
    terminal.type("길게 얘기해 줘\n")
    terminal.wait_for("유희지희 › ")
    # It goes to the engine's process as well, which has to live on.
    terminal.type("\x03")
    terminal.wait_for("stopped")
    terminal.wait_for("나 › ")
    terminal.type("계속 있어?\n")
    terminal.wait_for("유희지희 › ")
    terminal.wait_for("나 › ")
    assert "Traceback" not in terminal.shown
    assert terminal.end_with("\x04") == 0
    terminal.close()
    assert kept(environ) == ["길게 얘기해 줘", "계속 있어?"]
