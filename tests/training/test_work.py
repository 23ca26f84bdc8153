"""An unfinished run is neither lost nor mixed up with another one."""

import json
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.work import begin, clear, note, saved_states, show_losses

PLAN = {"data": "a sum", "seed": 7}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Give a folder with two states, and a third that a kill cut short."""
    for step in (90, 100, 110):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    (tmp_path / "checkpoint-110" / "trainer_state.json").write_text('{"epoch": 1.')
    (tmp_path / "checkpoint-120").mkdir()
    note(tmp_path, PLAN)
    return tmp_path


def test_the_last_state_that_is_whole_is_found(work: Path) -> None:
    assert [f.name for f in saved_states(work)] == ["checkpoint-90", "checkpoint-100"]
    assert begin(work, PLAN, resume=True) == work / "checkpoint-100"


def test_an_unfinished_run_is_not_overwritten(work: Path) -> None:
    with pytest.raises(TrainingError, match="--resume"):
        begin(work, PLAN, resume=False)


def test_a_run_goes_on_only_as_it_was_begun(work: Path) -> None:
    with pytest.raises(TrainingError, match="other data;"):
        begin(work, PLAN | {"data": "of another tokenizer"}, resume=True)
    (work / "run.json").unlink()
    with pytest.raises(TrainingError, match="other data, seed;"):
        begin(work, PLAN, resume=True)


@pytest.mark.parametrize("resume", [True, False])
def test_with_nothing_saved_it_begins_anew(tmp_path: Path, resume: bool) -> None:
    assert begin(tmp_path / "new", PLAN, resume) is None


def test_a_finished_run_leaves_its_losses(work: Path) -> None:
    history = [{"step": 1, "loss": 3.0}, {"step": 2, "eval_loss": 2.5}, {"step": 2, "loss": 2.0}]
    show_losses(history, work)
    clear(work)
    assert {f.name for f in work.iterdir()} == {"losses.json", "losses.png"}
    losses = json.loads((work / "losses.json").read_text(encoding="utf-8"))
    assert losses == {"learned": [[1, 3.0], [2, 2.0]], "held out": [[2, 2.5]]}
    assert (work / "losses.png").read_bytes().startswith(b"\x89PNG")
