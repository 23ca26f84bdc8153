"""Only her replies are learned, moods and header in place; a killed run goes on."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

from persona.card import CARDS_FOLDER, Card, load_card
from persona.checkpoint import open_checkpoint
from persona.dialogues import Dialogue
from persona.prompt import Exchange, Template
from persona.tokens import END, MOOD, SYSTEM
from training.__main__ import main
from training.loop import UNLEARNED, Collator, Course, Sample, Samples, teach
from training.model import Shape, keep, new_model
from training.sft import LICENCE, cut, in_level, licence_of, to_sample

TALK = (Exchange("나 왔어", 0, "왔구나"), Exchange("슬퍼 ㅠㅠ", 1, "무슨 일이야?"))


@pytest.fixture
def card() -> Card:
    return load_card(CARDS_FOLDER / "yuhee")


def test_only_replies_are_learned(template: Template, card: Card) -> None:
    sample = to_sample(template, card, TALK)
    learned = [i for i in sample["labels"] if i != UNLEARNED]
    assert learned == [i for e in TALK for i in template.reply_ids(e.reply)]
    assert template.tokens.control(END) in learned
    assert template.tokens.control(SYSTEM) not in learned
    assert list(sample["input_ids"]).count(template.tokens.control(MOOD)) == len(TALK)


def test_a_dialogue_longer_than_the_window_is_cut_between_exchanges(
    template: Template, card: Card
) -> None:
    long = tuple(Exchange(f"{n}번 " * 20, 0, f"{n}번이구나 " * 20) for n in range(20))
    samples = list(cut(template, card, Dialogue("d", "yuhee", "t", long), 1024))
    assert len(samples) > 1
    assert all(len(s["input_ids"]) <= 1024 for s in samples)
    learned = [i for s in samples for i in s["labels"] if i != UNLEARNED]
    assert learned == [i for e in long for i in template.reply_ids(e.reply)]


def test_public_replies_are_put_in_her_level_or_left_out() -> None:
    assert in_level("좋은 하루예요.", "banmal") == "좋은 하루야."
    assert in_level("좋은 하루예요.", "jondaemal") == "좋은 하루예요."
    assert in_level("좋은 하루야.", "jondaemal") is None


def test_a_batch_is_padded_and_starts_anywhere_in_the_window() -> None:
    samples = [Sample(input_ids=[5, 6, 7], labels=[UNLEARNED, 6, 7])]
    samples.append(Sample(input_ids=[8], labels=[8]))
    collate = Collator(positions=16, pad_id=1, shift=1.0)
    starts = set()
    for _ in range(50):
        batch = collate(samples)
        assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 1, 1]]
        assert batch["labels"].tolist() == [[UNLEARNED, 6, 7], [8, UNLEARNED, UNLEARNED]]
        assert batch["position_ids"].max() < 16
        starts.add(int(batch["position_ids"][0, 0]))
    assert len(starts) > 5


@pytest.fixture
def start(template: Template, tokenizer_file: Path, tmp_path: Path) -> Path:
    """Make a tiny random checkpoint to fine-tune."""
    folder = tmp_path / "start"
    source = tmp_path / "tokenizer"
    source.mkdir()
    shutil.copy(tokenizer_file, source / "tokenizer.json")
    model = new_model(template.tokens, Shape(32, 1, 2, positions=128), seed=1)
    keep(model, source, folder, {"header": True, "moods": True})
    return folder


@pytest.fixture
def small_cards(tmp_path: Path) -> Path:
    """Give one persona with a handful of her dialogues, so that an epoch takes a second."""
    folder = tmp_path / "cards" / "yuhee"
    (folder / "dialogues").mkdir(parents=True)
    own = CARDS_FOLDER / "yuhee"
    shutil.copy(own / "card.toml", folder)
    for n in range(24):
        turns = [{"user": f"{n}번 말", "mood": 0, "reply": f"{n}번 답이야"}]
        line = json.dumps({"id": f"small-{n}", "topic": "t", "turns": turns}, ensure_ascii=False)
        with (folder / "dialogues" / "own.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(line + "\n")
    return folder.parent


def test_the_command_makes_a_checkpoint_that_opens(
    start: Path, small_cards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = f"sft --epochs 2 --batch 8 --own-passes 1 --work {tmp_path / 'work'}".split()
    paths = ["--start", str(start), "--out", str(out), "--cards", str(small_cards)]
    assert main([*words, *paths]) == 0
    assert "held-out loss" in capsys.readouterr().out
    checkpoint = open_checkpoint(str(out), out)
    assert (checkpoint.positions, checkpoint.template.header) == (128, True)
    assert json.loads((out / "persona.json").read_text(encoding="utf-8"))["personas"] == ["yuhee"]
    assert all(f.stat().st_size < 10_000_000 for f in out.iterdir())


def test_a_killed_run_goes_on_where_it_was(template: Template, card: Card, tmp_path: Path) -> None:
    """Two halves with a stop between end at the weights of one whole run."""
    samples = [
        to_sample(template, card, [Exchange(f"{n} 안녕", 0, f"{n} 왔구나")]) for n in range(16)
    ]
    course = Course(work=tmp_path / "whole", epochs=2, batch=4, rate=1e-3, shift=1.0, save_every=4)
    shape = Shape(32, 1, 2, positions=128)
    whole = new_model(template.tokens, shape, seed=1)
    teach(whole, samples, samples[:4], course)
    # Step 4 is where a kill would have left the second run: its later states are not there.
    shutil.copytree(tmp_path / "whole" / "checkpoint-4", tmp_path / "again" / "checkpoint-4")
    again = new_model(template.tokens, shape, seed=2)
    teach(
        again,
        samples,
        samples[:4],
        dataclasses.replace(course, work=tmp_path / "again", resume=True),
    )
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


def test_saving_leaves_the_last_good_checkpoint_when_it_fails(
    start: Path, template: Template, tmp_path: Path
) -> None:
    model = new_model(template.tokens, Shape(32, 1, 2, positions=128), seed=9)
    before = {f.name: f.read_bytes() for f in start.iterdir()}
    with pytest.raises(OSError, match=r"tokenizer\.json"):
        keep(model, tmp_path / "no tokenizer here", start, {})
    assert {f.name: f.read_bytes() for f in start.iterdir()} == before


def test_saving_keeps_the_moods_and_the_card_that_are_there(
    start: Path, template: Template, tmp_path: Path
) -> None:
    model = new_model(template.tokens, Shape(32, 1, 2, positions=128), seed=9)
    (start / "mood.safetensors").write_bytes(b"moods")
    (start / "ranker.safetensors").write_bytes(b"judge")
    out = tmp_path / "out"
    keep(model, start, out, {})
    (out / "README.md").write_text("card", encoding="utf-8")
    keep(model, start, out, {})
    assert (out / "mood.safetensors").read_bytes() == b"moods"
    assert (out / "ranker.safetensors").read_bytes() == b"judge"
    assert (out / "README.md").read_text(encoding="utf-8") == "card"


def test_the_licence_of_the_start_is_carried_on(start: Path) -> None:
    assert licence_of(start) == LICENCE
    (start / "persona.json").unlink()
    (start / "README.md").write_text("---\nlicense: cc-by-nc-sa-4.0\n---\n", encoding="utf-8")
    assert licence_of(start) == "cc-by-nc-sa-4.0"


@pytest.mark.parametrize("name", ["papers", "."])
def test_a_folder_of_other_things_is_never_replaced(
    start: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.txt").write_text("years", encoding="utf-8")
    out = tmp_path / "papers" if name == "papers" else Path(name)
    assert main(["sft", "--start", str(start), "--out", str(out)]) == 1
    assert "--out" in capsys.readouterr().err
    assert (tmp_path / "papers" / "thesis.txt").exists()


def test_samples_are_counted() -> None:
    assert len(Samples([Sample(input_ids=[1], labels=[1])])) == 1


def test_no_dialogues_is_a_sentence(
    start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "none" / "yuhee"
    folder.mkdir(parents=True)
    shutil.copy(CARDS_FOLDER / "yuhee" / "card.toml", folder)
    words = ["sft", "--start", str(start), "--out", str(tmp_path / "o")]
    assert main([*words, "--cards", str(folder.parent)]) == 1
    assert "dialogues" in capsys.readouterr().err
