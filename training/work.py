"""The folder in which a run keeps what it needs to go on after a kill, and shows its losses."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from training.errors import TrainingError

_PLAN = "run.json"
_STATE = "trainer_state.json"


def begin(work: Path, plan: Mapping[str, Any], resume: bool) -> Path | None:
    """Give the saved state to go on from; None begins anew.

    An unfinished run is never overwritten by a new one, and goes on only as it was begun:
    the plan says with what.
    """
    found = saved_states(work)
    if not found:
        return None
    if not resume:
        raise TrainingError(
            f"{work} holds an unfinished run; go on with --resume, or name another folder with "
            "--work (or delete this one) to begin anew"
        )
    try:
        begun = json.loads((work / _PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        begun = {}
    changed = sorted(name for name in plan if begun.get(name) != plan[name])
    if changed:
        raise TrainingError(
            f"the run in {work} was begun with other {', '.join(changed)}; give what it was begun "
            "with (data, tokenizer and options), or begin anew with another --work"
        )
    return found[-1]


def note(work: Path, plan: Mapping[str, Any]) -> None:
    """Write down with what a run begins."""
    work.mkdir(parents=True, exist_ok=True)
    (work / _PLAN).write_text(json.dumps(plan, indent=2) + "\n", encoding="utf-8")


def saved_states(work: Path) -> list[Path]:
    """Give the states that were saved whole, oldest first.

    The Trainer writes this file of a state last, so that one that a kill cut short lacks it.
    """
    whole = [f for f in work.glob("checkpoint-*") if _is_json(f / _STATE)]
    return sorted(whole, key=lambda f: int(f.name.rpartition("-")[2]))


def clear(work: Path) -> None:
    """Delete what only an unfinished run needs; the losses stay."""
    for state in work.glob("checkpoint-*"):
        shutil.rmtree(state)
    (work / _PLAN).unlink(missing_ok=True)


def show_losses(history: Sequence[Mapping[str, float]], work: Path) -> None:
    """Write the losses a token so far as losses.json, and draw them as losses.png."""
    losses = {
        label: [[entry["step"], entry[key]] for entry in history if key in entry]
        for label, key in (("learned", "loss"), ("held out", "eval_loss"))
    }
    (work / "losses.json").write_text(json.dumps(losses) + "\n", encoding="utf-8")
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="step", ylabel="loss a token")
    for label, points in losses.items():
        axes.plot([step for step, _ in points], [loss for _, loss in points], ".-", label=label)
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(work / "losses.png")


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
