"""Terminals of every kind: other encodings, no colour, pipes, and Ctrl-C."""

import argparse
import io
import json
import os
import pty
import signal
import sys
from pathlib import Path

import pytest

from app import terminal
from app.errors import AppError
from app.settings import Settings


class Tty(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


@pytest.mark.parametrize(
    ("letters", "encoding", "can"),
    [
        ("✓가", "utf-8", True),
        ("가", "cp949", True),
        ("✓", "cp949", False),
        ("가", "ascii", False),
        ("ok", "ascii", True),
    ],
)
def test_what_a_terminal_can_show(letters: str, encoding: str, can: bool) -> None:
    assert terminal.can_show(letters, stream(encoding)) is can


def test_letters_a_terminal_does_not_have_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = stream("ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    terminal.open_streams()
    print("안녕 hi", flush=True)
    assert narrow.buffer.getvalue() == b"?? hi\n"


def test_broken_bytes_from_a_pipe_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.TextIOWrapper(io.BytesIO("가\n".encode() + b"\xff\xfe\n"), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", pipe)
    terminal.open_streams()
    assert list(terminal.typed_lines("")) == ["가", "\ufffd\ufffd"]


def test_json_is_plain_ascii_where_nothing_else_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"reply": "안녕 🙂"}
    for encoding, holds in (("utf-8", "안녕"), ("cp949", "\\uc548"), ("cp1252", "\\uc548")):
        monkeypatch.setattr(sys, "stdout", stream(encoding))
        written = terminal.as_json(value)
        assert holds in written
        assert json.loads(written.encode(encoding).decode(encoding)) == value


@pytest.mark.parametrize(
    ("out", "environ", "dim"),
    [
        (Tty(), {"TERM": "xterm"}, True),
        (Tty(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Tty(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (Tty(), {"TERM": "dumb"}, False),
        (Tty(), {}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_side_remarks_are_dimmed_where_that_is_wanted(
    out: io.StringIO, environ: dict[str, str], dim: bool
) -> None:
    shown = terminal.dimmed("말", out, environ)
    assert shown == ("\x1b[2m말\x1b[0m" if dim else "말")


def test_a_korean_letter_takes_two_columns() -> None:
    assert terminal.width("가a") == 3
    assert terminal.padded("가", 4) == "가  "
    assert terminal.shortened("가나다\n라마", 8) == "가나다…"
    assert terminal.shortened("가나 다", 8) == "가나 다"


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    terminal.add_model_arguments(parser)
    return parser.parse_args(words)


def test_arguments_overrule_the_settings(tmp_path: Path) -> None:
    settings = Settings(model="a", device="cpu", data_dir=tmp_path, cache_dir=tmp_path)
    chosen = terminal.chosen_settings(parse("--model", "b", "--backend", "auto"), settings)
    assert (chosen.model, chosen.backend, chosen.device) == ("b", "auto", "cpu")
    assert chosen.slots == 1


def test_every_backend_may_be_named(tmp_path: Path) -> None:
    folder = Path(terminal.backends.__path__[0])
    names = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    settings = Settings(data_dir=tmp_path, cache_dir=tmp_path)
    for name in names:
        assert terminal.chosen_settings(parse("--backend", name), settings).backend == name


def test_a_persona_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    there = ["helpbot", "yuhee"]
    assert terminal.choose_persona(there, None) == "yuhee"
    assert terminal.choose_persona(["mine", "other"], None) == "mine"
    assert terminal.choose_persona(there, "helpbot") == "helpbot"
    with pytest.raises(SystemExit, match="2"):
        terminal.choose_persona(there, "nobody")
    assert "helpbot, yuhee" in capsys.readouterr().err


def test_without_any_persona_there_is_a_sentence() -> None:
    with pytest.raises(AppError, match="JJINCHIN_CARDS_DIR"):
        terminal.choose_persona([], None)


def test_ctrl_c_is_counted_and_the_second_one_is_meant() -> None:
    before = signal.getsignal(signal.SIGINT)
    with terminal.counted_ctrl_c() as pressed:
        assert not pressed()
        os.kill(os.getpid(), signal.SIGINT)
        assert pressed()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_lines_end_with_ctrl_d(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r", encoding="utf-8") as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        os.write(ours, "안녕\n\n\x04".encode())
        assert list(terminal.typed_lines("")) == ["안녕", ""]
    os.close(ours)
