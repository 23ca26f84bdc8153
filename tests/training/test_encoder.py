"""The encoder learns from judged pairs, never sees the test split, and says what it is worth."""

import json
from pathlib import Path

import numpy as np
import pytest

from persona.encoder import BUCKETS, ENCODER_FILE, WIDTH, Encoder
from training.__main__ import main
from training.encoder import Lesson, Pair, area, cosines, learn, read_lesson, shared

PAIRS = [
    {"a": "배가 너무 고파", "b": "뭐 좀 먹고 싶다", "same": 1, "split": "train"},
    {"a": "배가 너무 고파", "b": "잠이 안 온다", "same": 0, "split": "train"},
    {"a": "시험을 망쳤어", "b": "점수가 바닥이야", "same": 1, "split": "validation"},
    {"a": "산책 가고 싶다", "b": "좀 걷고 싶네", "same": 1, "split": "test"},
    {"a": "산책 가고 싶다", "b": "춥고 졸려", "same": 0, "split": "test"},
    {"a": "춥고 졸려", "b": "잠이 안 온다", "same": 0, "split": "train"},
]
ASKED = [
    {"user": "심심한데 뭐 하지", "reply": "같이 놀아요.", "mood": 0},
    {"user": "할 게 없네", "reply": "같이 놀아요.", "mood": 0},
    {"user": "산책 가고 싶다", "reply": "같이 놀아요.", "mood": 0},
]
TURNS = [{"text": "오늘 날씨 좋다"}, {"text": "춥고 졸려"}]
TALK = {"id": "d", "topic": "t", "turns": [{"user": "나 왔어", "mood": 0, "reply": "왔구나"}]}


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    sources = {"question_pairs": PAIRS, "songys_chatbot": ASKED, "user_turns": TURNS}
    (tmp_path / "chat").mkdir()
    for name, found in sources.items():
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in found)
        (tmp_path / "chat" / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    folder = tmp_path / "cards" / "minji"
    (folder / "dialogues").mkdir(parents=True)
    (folder / "card.toml").write_text("", encoding="utf-8")
    talk = json.dumps(TALK, ensure_ascii=False)
    (folder / "dialogues" / "a.jsonl").write_text(talk, encoding="utf-8")
    return folder.parent


def test_nothing_of_the_test_split_is_learned(corpora: Path, cards: Path) -> None:
    tests, lesson = read_lesson(corpora, cards)
    assert len(tests) == 2
    assert [(p.first, p.same) for p in lesson.judged] == [
        ("배가 너무 고파", True),
        ("배가 너무 고파", False),
        ("시험을 망쳤어", True),
    ]
    assert lesson.groups == [["심심한데 뭐 하지", "할 게 없네"]]
    assert "춥고 졸려" not in lesson.sentences
    assert {"오늘 날씨 좋다", "나 왔어", "왔구나"} <= set(lesson.sentences)


def test_judged_pairs_come_together_and_the_seed_decides() -> None:
    alike = [Pair("배가 너무 고파", "뭐 좀 먹고 싶다", True)]
    unlike = [Pair("배가 너무 고파", "잠이 안 온다", False)]
    groups = [["심심한데 뭐 하지", "할 게 없네"]]
    kinds = [["버스 기다려", "줄 서 있어"], ["피곤하다", "눈이 감겨"]]
    lesson = Lesson(alike + unlike, groups, ["오늘 날씨 좋다", "나 왔어", "왔구나"], kinds)
    table = learn(lesson, steps=8, rate=0.1, seed=7)
    assert table.shape == (BUCKETS, WIDTH)
    assert table.equal(learn(lesson, steps=8, rate=0.1, seed=7))
    before, after = (
        cosines(Encoder(learn(lesson, steps, 0.1, 7).numpy()), alike + unlike) for steps in (0, 8)
    )
    assert after[0] > before[0] + 0.1
    assert after[0] > after[1] + 0.1


def test_the_command_writes_a_table_that_opens(
    corpora: Path, cards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--corpora", str(corpora), "--cards", str(cards), "--out", str(tmp_path / "out")]
    assert main(["encoder", *words, "--steps", "2"]) == 0
    assert "2 pairs of the test split" in capsys.readouterr().out
    path = tmp_path / "out" / ENCODER_FILE
    assert path.stat().st_size < 5_000_000
    assert Encoder.load(path).encode(["안녕"]).shape == (1, WIDTH)


def test_a_missing_corpus_is_a_sentence(
    tmp_path: Path, cards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--corpora", str(tmp_path), "--cards", str(cards), "--out", str(tmp_path / "out")]
    assert main(["encoder", *words]) == 1
    assert "question_pairs" in capsys.readouterr().err


def test_area_counts_pairs_in_order_and_ties_by_half() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.1], np.float32)
    assert area(scores, np.array([True, True, False, False])) == 0.875
    assert area(scores, np.array([False, False, True, True])) == 0.125


def test_shared_ngrams_of_the_same_words_are_all() -> None:
    found = shared([Pair("배고파", "배고파!", True), Pair("배고파", "응", False)])
    assert found[0] == pytest.approx(1.0)
    assert found[1] < 0.2
