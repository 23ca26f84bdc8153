"""`doctor`: lines for people, an object for programs, and 0 only when she can talk."""

import io
import json
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from app.checks import CHECKS
from app.commands import doctor
from app.settings import Settings
from tests.app.tiny_checkpoint import make_checkpoint


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        model=str(make_checkpoint(tmp_path / "모델")),
        data_dir=tmp_path,
        cache_dir=tmp_path,
        api_key="sk-secret",
        auth=("me", "hunter2"),
    )


def run(settings: Settings, *, as_json: bool = False) -> int:
    return doctor.run(Namespace(json=as_json), settings)


def test_each_thing_has_its_line(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(settings) == 0
    shown = capsys.readouterr().out.splitlines()
    checked = [line for line in shown if line[:2] in ("✓ ", "△ ")]
    for line, (title, _) in zip(checked, CHECKS.values(), strict=True):
        assert line[2:].startswith(title)
    assert max(len(line) for line in checked) < 100
    assert "She can talk." in shown[-1]


def test_all_settings_are_listed_and_secrets_are_not(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    run(settings)
    shown = capsys.readouterr().out
    run(settings, as_json=True)
    written = json.loads(capsys.readouterr().out)["settings"]
    assert all(f"  {name}={value}" in shown for name, value in written.items())
    assert written["JJINCHIN_API_KEY"] == written["JJINCHIN_AUTH"] == "********"
    assert "sk-secret" not in shown
    assert "hunter2" not in shown


def test_one_object_on_one_line(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(settings, as_json=True) == 0
    shown = capsys.readouterr()
    assert shown.out.count("\n") == 1
    assert shown.err == ""
    told = json.loads(shown.out)
    assert told["ok"] is True
    assert told["checks"].keys() == CHECKS.keys()
    assert {check["state"] for check in told["checks"].values()} <= {"good", "worse", "missing"}


def test_without_a_model_she_cannot_talk(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(settings.model) / "model.safetensors").unlink()
    assert run(settings) == 1
    shown = capsys.readouterr().out
    assert "✗ 모델" in shown
    assert "She cannot talk yet" in shown
    assert run(settings, as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_marks_are_plain_where_the_terminal_has_no_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="cp949")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert run(settings) == 0
    narrow.flush()
    shown = narrow.buffer.getvalue().decode("cp949")
    assert shown.startswith("[ok] 파이썬 Python")


def test_torch_is_not_imported(settings: Settings) -> None:
    already = {"torch", "transformers", "xllamacpp"} & sys.modules.keys()
    run(settings)
    assert {"torch", "transformers", "xllamacpp"} & sys.modules.keys() == already
