"""The command line: which command a line means, and how it ends."""

import argparse
import os
import pkgutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import commands
from app.__main__ import main

ROOT = Path(__file__).parents[2]
COMMANDS = [module.name for module in pkgutil.iter_modules(commands.__path__)]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the visitor's own is read or written."""
    for name in os.environ:
        if name.startswith("JJINCHIN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("JJINCHIN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JJINCHIN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_the_promised_commands_are_there() -> None:
    assert {"serve", "say", "chat", "fetch", "doctor"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_what_a_command_has(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main([name, "--help"])
    assert f"python -m app {name}" in capsys.readouterr().out


def test_help_lists_every_command_with_its_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["say"],
        ["say", "안녕", "--nonsense"],
        ["say", "안녕", "--mood", "7"],
        ["say", "안녕", "--backend", "nonsense"],
        ["say", "안녕", "--device", "tpu"],
        ["say", "안녕", "--temperature", "hot"],
        ["fetch"],
        ["fetch", "kogpt2"],
        ["doctor", "now"],
        ["--port", "many"],
        ["--nonsense"],
    ],
)
def test_arguments_that_are_off_end_with_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(words)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.strip()


def test_without_a_word_the_page_is_served(
    taken_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--port", str(taken_port)], ["serve", "--port", str(taken_port)]):
        assert main(words) == 1
        assert f"--port {taken_port + 1}" in capsys.readouterr().err


def test_what_cannot_be_done_is_one_sentence_and_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["say", "안녕", "--model", "nobody/nothing"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert "fetch nobody/nothing" in shown.err
    monkeypatch.setenv("JJINCHIN_MODLE", "jjinchin")
    assert main(["doctor"]) == 1
    assert "JJINCHIN_MODEL" in capsys.readouterr().err


def test_settings_come_from_a_dotenv_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text("JJINCHIN_MODEL=some/where\n", encoding="utf-8")
    assert main(["say", "안녕"]) == 1
    assert "some/where" in capsys.readouterr().err


def test_nothing_heavy_is_imported_for_help() -> None:
    heavy = ("torch", "gradio", "transformers", "huggingface_hub", "numpy", "tokenizers")
    program = (
        "import sys, contextlib\n"
        "from app.__main__ import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        f"sys.exit([name for name in {heavy!r} if name in sys.modules] or 0)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_command_takes_its_arguments_from_its_own_file() -> None:
    for name in COMMANDS:
        module = __import__(f"app.commands.{name}", fromlist=["run"])
        parser = argparse.ArgumentParser()
        module.add_arguments(parser)
        assert module.PURPOSE
        assert callable(module.run)
