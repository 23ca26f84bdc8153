"""Only her replies are learned, moods and header in place; what cannot be is a sentence."""

import json
import shutil
from pathlib import Path

import pytest

from persona.card import CARDS_FOLDER, Card, load_card
from persona.checkpoint import open_checkpoint
from persona.dialogues import Dialogue
from persona.prompt import Exchange, Template
from persona.tokens import END, MOOD, SYSTEM
from training.__main__ import main
from training.errors import TrainingError
from training.samples import UNLEARNED
from training.sft import cut, in_level, own_samples, to_sample

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
    about = json.loads((out / "persona.json").read_text(encoding="utf-8"))
    assert about["personas"] == ["yuhee"]
    assert about["training"][-1]["method"] == "sft"
    assert 0 < about["training"][-1]["epochs"] <= 2
    losses = json.loads((tmp_path / "work" / "losses.json").read_text(encoding="utf-8"))
    assert losses["learned"] and losses["held out"]
    assert not list((tmp_path / "work").glob("checkpoint-*"))
    assert all(f.stat().st_size < 10_000_000 for f in out.iterdir())


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


def test_no_dialogues_is_a_sentence(
    start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "none" / "yuhee"
    folder.mkdir(parents=True)
    shutil.copy(CARDS_FOLDER / "yuhee" / "card.toml", folder)
    words = ["sft", "--start", str(start), "--out", str(tmp_path / "o")]
    assert main([*words, "--cards", str(folder.parent)]) == 1
    assert "dialogues" in capsys.readouterr().err


def test_one_dialogue_alone_is_a_sentence_and_two_are_enough(
    template: Template, small_cards: Path
) -> None:
    own = small_cards / "yuhee" / "dialogues" / "own.jsonl"
    first, second, *_ = own.read_text(encoding="utf-8").splitlines()
    cards = {"yuhee": load_card(small_cards / "yuhee")}
    own.write_text(first, encoding="utf-8")
    with pytest.raises(TrainingError, match="two dialogues"):
        own_samples(template, cards, 3, 128)
    own.write_text(first + "\n" + second, encoding="utf-8")
    taught, held_out = own_samples(template, cards, 3, 128)
    assert (len(taught), len(held_out)) == (3, 1)


def test_reactions_are_learned_beside_the_dialogues(template: Template, small_cards: Path) -> None:
    cards = {"yuhee": load_card(small_cards / "yuhee")}
    before = own_samples(template, cards, 2, 128)
    (small_cards / "yuhee" / "reactions").mkdir()
    row = {"id": "r", "mood": 0, "when": ["버스 기다려"], "say": ["곧 오겠지."]}
    path = small_cards / "yuhee" / "reactions" / "own.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    taught, held_out = own_samples(template, cards, 2, 128)
    assert (len(taught), len(held_out)) == (len(before[0]) + 2, len(before[1]))
    learned = [i for i in taught[-1]["labels"] if i != UNLEARNED]
    assert learned == template.reply_ids("곧 오겠지.")


def test_without_own_dialogues_public_ones_are_needed(
    start: Path, small_cards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sft", "--start", str(start), "--cards", str(small_cards), "--own-passes", "0"]
    assert main([*words, "--out", str(tmp_path / "o")]) == 1
    assert "name it" in capsys.readouterr().err


def test_what_is_longer_than_the_window_is_counted(
    template: Template, small_cards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    turns = [{"user": "안녕", "mood": 0, "reply": words} for words in ("그래 " * 200, "응")]
    long = json.dumps({"id": "long", "topic": "t", "turns": turns}, ensure_ascii=False)
    (small_cards / "yuhee" / "dialogues" / "long.jsonl").write_text(long, encoding="utf-8")
    cards = {"yuhee": load_card(small_cards / "yuhee")}
    samples = [s for side in own_samples(template, cards, 1, 128) for s in side]
    assert len(samples) == 25
    assert all(len(s["input_ids"]) <= 128 for s in samples)
    assert "1 exchanges are longer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (("--epochs", "0"), "--epochs has to be more than 0"),
        (("--rate", "-1"), "--rate has to be more than 0"),
        (("--persona", "nobody"), "nobody"),
        (("--base", "nowhere"), "nowhere"),
    ],
)
def test_an_option_that_is_off_is_a_sentence(
    start: Path,
    small_cards: Path,
    tmp_path: Path,
    word: tuple[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["sft", "--base", str(start), "--cards", str(small_cards), *word]
    assert main([*words, "--out", str(tmp_path / "o")]) == 1
    assert said in capsys.readouterr().err
