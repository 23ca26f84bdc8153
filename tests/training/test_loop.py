"""A killed run ends where it would have ended, and the best weights are those that are kept."""

import dataclasses
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
from transformers import GPT2LMHeadModel

from persona.prompt import Template
from training import work
from training.__main__ import main
from training.errors import TrainingError
from training.loop import Course, teach
from training.model import Shape, new_model
from training.samples import Sample

ROOT = Path(__file__).parent.parent.parent


def sentences(count: int, seed: int) -> list[Sample]:
    """Make samples of many lengths."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        ids = [chance.randrange(300, 330) for _ in range(chance.randrange(4, 24))]
        found.append(Sample(input_ids=ids, labels=ids))
    return found


@pytest.fixture
def fresh(template: Template) -> Callable[[int], GPT2LMHeadModel]:
    def make(seed: int) -> GPT2LMHeadModel:
        return new_model(template.tokens, Shape(32, 2, 2, positions=64), seed)

    return make


def held_out_loss(model: GPT2LMHeadModel, samples: list[Sample]) -> float:
    """Give the loss a token, sample by sample, without the Trainer."""
    model.eval()
    losses, counts = [], []
    for sample in samples:
        ids = torch.tensor([list(sample["input_ids"])])
        with torch.inference_mode():
            losses.append(model(input_ids=ids, labels=ids).loss.item())
        counts.append(ids.shape[1] - 1)
    return sum(x * n for x, n in zip(losses, counts, strict=True)) / sum(counts)


def test_learning_stops_early_and_keeps_the_best_weights(
    fresh: Callable[[int], GPT2LMHeadModel], tmp_path: Path
) -> None:
    """Texts at random teach which ids there are; after that, only what is in them by heart."""
    held_out = sentences(8, seed=2)
    course = Course(tmp_path, epochs=40, batch=8, rate=1e-2, shift=0.0, patience=2)
    model = fresh(1)
    learned = teach(model, sentences(16, seed=1), held_out, course)
    losses = json.loads((tmp_path / "losses.json").read_text(encoding="utf-8"))["held out"]
    assert learned.epochs < 40
    assert losses[-1][0] < 80
    assert losses[-1][1] > losses[-2][1] > learned.held_out_loss - 1e-3
    assert min(loss for _, loss in losses) == pytest.approx(learned.held_out_loss, abs=1e-3)
    assert held_out_loss(model, held_out) == pytest.approx(learned.held_out_loss, rel=0.01)


@pytest.mark.parametrize("muon", [False, True])
def test_a_killed_run_goes_on_where_it_was(
    fresh: Callable[[int], GPT2LMHeadModel],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    muon: bool,
) -> None:
    """Two halves with a stop in the middle of an epoch end at the weights of one whole run."""
    samples = sentences(16, seed=1)
    course = Course(tmp_path / "whole", epochs=3, batch=4, rate=1e-3, shift=0.0, muon=muon)
    whole = fresh(1)
    learned = teach(whole, samples, samples[:4], course)
    shown = []

    def killed(*_: object) -> None:
        shown.append(1)
        if len(shown) == 7:
            raise KeyboardInterrupt

    course = dataclasses.replace(course, work=tmp_path / "again")
    usual = work.show_losses
    monkeypatch.setattr(work, "show_losses", killed)
    with pytest.raises(KeyboardInterrupt):
        teach(fresh(1), samples, samples[:4], course)
    monkeypatch.setattr(work, "show_losses", usual)
    assert work.saved_states(course.work)[-1].name == "checkpoint-6"
    again = fresh(2)
    course = dataclasses.replace(course, resume=True)
    assert teach(again, samples, samples[:4], course) == learned
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_a_process_killed_at_any_step_loses_nothing(
    start: Path, small_cards: Path, tmp_path: Path
) -> None:
    words = ["sft", "--base", str(start), "--cards", str(small_cards)]
    words += ["--epochs", "4", "--batch", "8", "--out"]
    whole, again = tmp_path / "whole", tmp_path / "again"
    assert main([*words, str(whole), "--work", str(tmp_path / "work")]) == 0
    words += [str(again), "--work", str(tmp_path / "killed")]
    step = random.randrange(1, 35)
    kill_at(step, words)
    assert not again.exists()
    assert main([*words, "--resume"]) == 0
    losses = [
        json.loads((out / "persona.json").read_text(encoding="utf-8"))["training"][-1]
        for out in (whole, again)
    ]
    difference = losses[0]["held_out_loss"] - losses[1]["held_out_loss"]
    assert abs(difference) < 0.05, f"killed at step {step}: {losses}"


def kill_at(step: int, words: list[str]) -> None:
    """Start a training command in a process of its own, and kill it as it shows a step done."""
    command = [sys.executable, "-m", "training", *words]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = b""
        while piece := os.read(process.stderr.fileno(), 4096):
            said += piece
            # The bar of training alone has so many steps.
            done = [int(n) for n in re.findall(rb"(\d+)/36 ", said)]
            if done and max(done) >= step:
                process.kill()
                break
    assert process.returncode == -9, said.decode(errors="replace")[-2000:]


@pytest.mark.parametrize("room", [100, 30_000])
def test_a_disk_that_fills_up_leaves_the_last_state(
    fresh: Callable[[int], GPT2LMHeadModel],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_disk: Callable[[int], AbstractContextManager[None]],
    room: int,
) -> None:
    """The third state does not go onto the disk; with room made, the run goes on to its end."""
    samples = sentences(16, seed=1)
    course = Course(tmp_path / "work", epochs=2, batch=4, rate=1e-3, shift=0.0)
    disk, usual, shown = full_disk(room), work.show_losses, []

    def fill(*given: object) -> None:
        usual(*given)  # type: ignore[arg-type]
        shown.append(1)
        if len(shown) == 3:
            disk.__enter__()

    monkeypatch.setattr(work, "show_losses", fill)
    try:
        with pytest.raises(TrainingError, match=r"make room on the disk.*--resume"):
            teach(fresh(1), samples, samples[:4], course)
    finally:
        disk.__exit__(None, None, None)
    assert work.saved_states(course.work)[-1].name == "checkpoint-2"
    teach(fresh(2), samples, samples[:4], dataclasses.replace(course, resume=True))
    assert work.saved_states(course.work)[-1].name == "checkpoint-8"


def test_another_run_is_not_gone_on_with(
    fresh: Callable[[int], GPT2LMHeadModel], tmp_path: Path
) -> None:
    samples = sentences(8, seed=1)
    course = Course(tmp_path, epochs=1, batch=4, rate=1e-3)
    teach(fresh(1), samples, samples[:4], course)
    with pytest.raises(TrainingError, match="unfinished run"):
        teach(fresh(1), samples, samples[:4], course)
    course = dataclasses.replace(course, resume=True, rate=2e-3)
    with pytest.raises(TrainingError, match="other data, rate;"):
        teach(fresh(1), sentences(8, seed=3), samples[:4], course)


def test_a_loss_that_is_no_number_is_a_sentence(
    fresh: Callable[[int], GPT2LMHeadModel], tmp_path: Path
) -> None:
    samples = sentences(8, seed=1)
    model = fresh(1)
    torch.nn.init.constant_(model.transformer.ln_f.weight, float("nan"))
    with pytest.raises(TrainingError, match="--rate"):
        teach(model, samples, samples[:4], Course(tmp_path, epochs=1, batch=4, rate=1e-3))


@pytest.mark.parametrize(("taught", "held_out"), [(0, 4), (4, 0)])
def test_nothing_to_learn_from_is_a_sentence(
    fresh: Callable[[int], GPT2LMHeadModel], tmp_path: Path, taught: int, held_out: int
) -> None:
    course = Course(tmp_path, epochs=1, batch=4, rate=1e-3)
    with pytest.raises(TrainingError, match="too little"):
        teach(fresh(1), sentences(taught, 1), sentences(held_out, 2), course)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_processes_learn_as_one_with_twice_the_batch(
    start: Path, small_cards: Path, tmp_path: Path
) -> None:
    def learn(name: str, batch: str, *launch: str) -> dict[int, float]:
        words = ["sft", "--base", str(start), "--cards", str(small_cards), "--epochs", "4"]
        words += ["--batch", batch, "--out", str(tmp_path / name)]
        command = [sys.executable, "-m", *launch, "training", *words]
        command += ["--work", str(tmp_path / f"{name} work")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        assert done.stdout.count("held-out loss") == 1
        losses = json.loads((tmp_path / f"{name} work" / "losses.json").read_text("utf-8"))
        return dict(losses["held out"])

    launch = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "-m"]
    one, two = learn("one", "16"), learn("two", "8", *launch)
    # Either may stop a little earlier; as far as both went, they went the same way.
    both = one.keys() & two.keys()
    assert len(both) >= 3
    assert {n: two[n] for n in both} == pytest.approx({n: one[n] for n in both}, abs=0.05)
