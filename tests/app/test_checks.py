"""What `doctor` looks at: each thing whole, missing and broken."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import checks
from app.checks import CHECKS, GOOD, MISSING, WORSE, judge
from app.history import History
from app.room import HISTORY_FILE, LOCAL_VISITOR
from app.settings import Settings
from persona.card import CARDS_FOLDER, find_cards
from tests.app.tiny_checkpoint import make_checkpoint


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    model = make_checkpoint(tmp_path / "모델")
    yield Settings(model=str(model), data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")
    # Looking changes nothing.
    assert not (tmp_path / "cache").exists()


@pytest.fixture
def history(settings: Settings) -> Path:
    path = settings.data_dir / HISTORY_FILE
    history = History(path)
    talk = history.create(LOCAL_VISITOR, "yuhee").id
    for words in ("하나", "둘"):
        history.begin(LOCAL_VISITOR, talk, None, words, 0, "")
    history.close()
    return path


@pytest.mark.parametrize("topic", CHECKS)
def test_a_whole_installation_is_good(topic: str, settings: Settings) -> None:
    verdict = judge(CHECKS[topic][1], settings)
    # This machine may have other versions than the pinned ones, or none of a needless package.
    assert verdict.state == GOOD or topic == "packages"
    assert verdict.text
    assert "\n" not in verdict.text


def test_the_packages_of_the_project_are_named_with_their_versions(settings: Settings) -> None:
    versions = checks.check_packages(settings).facts["versions"]
    assert {"gradio", "torch", "transformers", "xllamacpp", "py-avataaars"} <= versions.keys()


def test_parameters_are_counted(settings: Settings) -> None:
    facts = checks.check_model(settings).facts
    vocabulary, width, positions = 335, 32, 256
    block = 12 * width * width + 13 * width
    assert facts["parameters"] == (vocabulary + positions) * width + 2 * block + 2 * width
    assert facts["files"] == ["model.safetensors"]
    assert facts["licence"] == "Apache-2.0"


@pytest.mark.parametrize(
    "content", [None, b"", b"\x00" * 4, b"\xff" * 64, b"\x02" + b"\0" * 7 + b"{}"]
)
def test_missing_or_broken_weights_are_missing(settings: Settings, content: bytes | None) -> None:
    weights = Path(settings.model) / "model.safetensors"
    weights.unlink()
    if content is not None:
        weights.write_bytes(content)
    verdict = judge(checks.check_model, settings)
    assert verdict.state == MISSING
    assert "fetch the checkpoint again" in verdict.text


def test_weights_that_were_cut_short_are_missing(settings: Settings) -> None:
    weights = Path(settings.model) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert judge(checks.check_model, settings).state == MISSING


def test_a_pickle_counts_as_weights_and_is_not_opened(settings: Settings) -> None:
    weights = Path(settings.model) / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))
    verdict = judge(checks.check_model, settings)
    assert (verdict.state, verdict.facts["files"]) == (GOOD, ["pytorch_model.bin"])


def test_an_untaught_model_is_marked(settings: Settings) -> None:
    (Path(settings.model) / "persona.json").unlink()
    assert judge(checks.check_model, settings).state == WORSE


def test_a_model_that_is_not_there_is_missing(tmp_path: Path) -> None:
    settings = Settings(model="skt/nothing", data_dir=tmp_path, cache_dir=tmp_path)
    verdict = judge(checks.check_model, settings)
    assert verdict.state == MISSING
    assert "fetch skt/nothing" in verdict.text


def test_an_import_that_fails_is_missing(settings: Settings) -> None:
    def check(_: Settings) -> checks.Verdict:
        import a_package_that_nobody_has  # noqa: F401

        return checks.Verdict(GOOD, "")

    verdict = judge(check, settings)
    assert verdict.state == MISSING
    assert verdict.text.startswith("a_package_that_nobody_has: 설치되지 않았어요")


def test_a_broken_card_is_missing_and_named(settings: Settings, tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    (cards / "mine").mkdir(parents=True)
    (cards / "mine" / "card.toml").write_text("nmae = '나'\n", encoding="utf-8")
    own = Settings(cards_dir=cards, data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")
    verdict = judge(checks.check_cards, own)
    assert verdict.state == MISSING
    assert "nmae" in verdict.text
    assert judge(checks.check_cards, settings).facts["names"] == list(find_cards(CARDS_FOLDER))


def test_a_folder_that_is_a_file_cannot_be_written(settings: Settings) -> None:
    settings.data_dir.write_text("a file", encoding="utf-8")
    verdict = judge(checks.check_data, settings)
    assert verdict.state == WORSE
    assert "JJINCHIN_DATA_DIR" in verdict.text
    settings.data_dir.unlink()


def test_the_history_is_counted(settings: Settings, history: Path) -> None:
    facts = judge(checks.check_history, settings).facts
    assert (facts["conversations"], facts["turns"]) == (1, 2)
    before = history.read_bytes()
    judge(checks.check_history, settings)
    assert history.read_bytes() == before


def test_the_history_is_counted_while_somebody_writes(settings: Settings, history: Path) -> None:
    other = sqlite3.connect(history, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert judge(checks.check_history, settings).facts["turns"] == 2
    other.close()


def test_a_damaged_history_is_told_and_left_alone(settings: Settings, history: Path) -> None:
    damaged = history.read_bytes()[:4096] + b"\x55" * 8192
    history.write_bytes(damaged)
    verdict = judge(checks.check_history, settings)
    assert verdict.state == WORSE
    assert "damaged" in verdict.text
    assert history.read_bytes() == damaged


def test_a_file_that_is_no_history_is_told(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / HISTORY_FILE).write_text("my diary", encoding="utf-8")
    assert judge(checks.check_history, settings).state == WORSE
    (settings.data_dir / HISTORY_FILE).unlink()
    sqlite3.connect(settings.data_dir / HISTORY_FILE).execute("CREATE TABLE mine (a)")
    assert judge(checks.check_history, settings).state == WORSE


@pytest.mark.parametrize("line", ["import nothing_at_all", "import os; os.kill(os.getpid(), 4)"])
def test_without_llamacpp_torch_serves(
    settings: Settings, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text(line, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    verdict = judge(checks.check_backend, replace(settings, device="cpu"))
    assert (verdict.state, verdict.facts["name"]) == (WORSE, "torch")
    assert "SIGILL" in verdict.text or "nothing_at_all" in verdict.text
    chosen = judge(checks.check_backend, replace(settings, backend="llamacpp"))
    assert (chosen.state, chosen.facts["name"]) == (MISSING, None)


def test_the_backend_that_was_chosen_serves(settings: Settings) -> None:
    for name in ("torch", "reference", "llamacpp"):
        verdict = judge(checks.check_backend, replace(settings, backend=name, device="cpu"))
        assert (verdict.state, verdict.facts["name"]) == (GOOD, name)
        assert "as set" in verdict.text
    verdict = judge(checks.check_backend, replace(settings, device="cpu"))
    assert (verdict.facts["name"], verdict.state) == ("llamacpp", GOOD)


def test_a_gpu_that_is_asked_for_and_absent_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(device="cuda", data_dir=tmp_path, cache_dir=tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert judge(checks.check_device, settings).state == MISSING
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA H200, 143771 MiB'\n", encoding="utf-8")
    program.chmod(0o755)
    verdict = judge(checks.check_device, settings)
    assert (verdict.state, verdict.facts["gpus"]) == (GOOD, ["NVIDIA H200, 143771 MiB"])
    program.write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
    assert judge(checks.check_device, settings).state == MISSING
