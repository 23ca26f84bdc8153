"""Moods are learned from the dialogues, and what the shares say is how often they are right."""

import json
import random
from pathlib import Path

import pytest
import torch

from persona.dialogues import own_dialogues
from persona.mood import BUCKETS, EVERYDAY, GLAD, ROWS, SAD
from training.__main__ import main
from training.mood import (
    Linear,
    Sentence,
    best_temperature,
    learn,
    own_sentences,
    public_sentences,
    words,
)
from training.split import held_out_ids

MOODS = {"좋아 룰루": GLAD, "싫다 꿀꿀": SAD, "그냥 밥": EVERYDAY}


def make_card(cards: Path, dialogues: int) -> Path:
    folder = cards / "bori" / "dialogues"
    folder.mkdir(parents=True)
    (folder.parent / "card.toml").touch()
    chance = random.Random(dialogues)
    lines = []
    for n in range(dialogues):
        # Unlike the others, or all were one family.
        reply = "".join(chr(chance.randrange(ord("가"), ord("힣"))) for _ in range(60))
        turns = [{"user": text, "mood": mood, "reply": reply} for text, mood in MOODS.items()]
        lines.append({"id": f"bori-{n}", "topic": "말", "turns": turns})
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (folder / "a.jsonl").write_text(text, encoding="utf-8")
    return cards


def write_corpora(folder: Path) -> Path:
    (folder / "mood").mkdir(parents=True)
    kote = [
        {"text": "기뻐", "labels": ["기쁨"], "split": "val"},
        {"text": "둘 다", "labels": ["기쁨", "슬픔"], "split": "val"},
        {"text": "시험용", "labels": ["슬픔"], "split": "test"},
    ]
    reviews = [{"text": f"평 {n}", "mood": n % 3, "split": "train"} for n in range(8)]
    reviews.append({"text": "시험용", "mood": 1, "split": "test"})
    for name, rows in (("kote", kote), ("nsmc_mood", reviews)):
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / "mood" / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_whole_dialogues_go_to_one_side_and_none_is_lost(tmp_path: Path) -> None:
    cards = make_card(tmp_path, 300)
    sides = own_sentences(cards)
    assert sum(len(side) for side in sides) == 900
    assert all(len(side) % 3 == 0 and side for side in sides)
    assert len(sides.held_out) == 3 * len(held_out_ids(own_dialogues(cards / "bori"))) == 90


def test_test_splits_and_mixed_feelings_are_not_learned(tmp_path: Path) -> None:
    found = public_sentences(write_corpora(tmp_path))
    assert [s.text for s in found] == ["기뻐", "평 0", "평 4"]
    assert (found[0].mood, found[0].polar) == (GLAD, True)


def test_a_polar_sentence_teaches_nothing_about_everyday() -> None:
    taught = [Sentence("아하", GLAD, polar=True), Sentence("에구", SAD, polar=True)] * 20
    scores = learn(taught, epochs=5).scores(["아하"])[0]
    assert scores[GLAD] > scores[SAD]
    assert scores[EVERYDAY] == pytest.approx(0.0, abs=1e-4)


def test_the_temperature_makes_overconfidence_honest() -> None:
    def reading(text: str) -> list[int]:
        return [int(text)]

    weights = torch.zeros(ROWS, 3)
    weights[0, GLAD] = 4.0
    sure = Linear(weights, torch.zeros(3), reading)
    assert best_temperature(sure, [("0", GLAD)] * 6 + [("0", SAD)] * 4) == 2.0
    assert best_temperature(sure, [("0", GLAD)] * 10) == 0.5


def test_a_bag_of_words_knows_whole_words_only() -> None:
    assert words("좋아 룰루 좋아") == words("룰루 좋아")
    assert not set(words("좋아요")) & set(words("좋아"))
    assert words("") == []
    assert max(words("좋아")) < BUCKETS


def test_the_command_writes_weights_and_says_how_right_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cards, out = make_card(tmp_path / "cards", 100), tmp_path / "out"
    assert main(["mood", "--cards", str(cards), "--out", str(out)]) == 0
    assert (out / "mood.safetensors").stat().st_size < 1_000_000
    assert "held-out" in capsys.readouterr().out


def test_too_few_dialogues_are_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = make_card(tmp_path / "cards", 0)
    assert main(["mood", "--cards", str(cards), "--out", str(tmp_path / "out")]) == 1
    assert "dialogues" in capsys.readouterr().err


def test_missing_corpora_are_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cards = make_card(tmp_path / "cards", 100)
    words_ = ["--cards", str(cards), "--corpora", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["mood", *words_]) == 1
    assert "missing" in capsys.readouterr().err
