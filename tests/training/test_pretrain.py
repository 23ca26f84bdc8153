"""Tokenizer and pretraining run from a folder of corpora to a checkpoint."""

import json
import lzma
from pathlib import Path

import pytest

from persona.checkpoint import open_checkpoint
from training.__main__ import main
from training.pretrain import pack


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Make every source as a small file of our own sentences, packed and plain."""
    folder = tmp_path / "corpora"
    lines = [{"text": f"오늘은 {n}번째 날이라서 기분이 조금 좋다."} for n in range(300)]
    for name in ("chat/user_turns", "text/reviews", "text/prose", "text/talks"):
        path = folder / f"{name}.jsonl.xz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with lzma.open(path, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    pairs = [{"user": f"{n}시야", "reply": f"벌써 {n}시네요.", "mood": 0} for n in range(60)]
    talks = [{"facts": ["나는 차를 좋아해."], "turns": [{"user": "안녕", "reply": "안녕!"}]}] * 20
    for name, found in (("songys_chatbot", pairs), ("xpersona_ko", talks)):
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in found)
        (folder / "chat" / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_from_texts_to_a_checkpoint(corpora: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    given = ["--corpora", str(corpora), "--out", str(out)]
    assert main(["tokenizer", *given, "--vocabulary", "700"]) == 0
    small = ["--width", "32", "--layers", "1", "--heads", "2", "--block", "64", "--epochs", "0.2"]
    assert main(["pretrain", *given, *small, "--work", str(tmp_path / "work")]) == 0
    checkpoint = open_checkpoint(str(out), out)
    assert checkpoint.positions == 1024
    assert 400 < len(checkpoint.template.tokens) <= 700
    assert "pretrain_loss" in json.loads((out / "persona.json").read_text(encoding="utf-8"))


def test_a_missing_source_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tokenizer", "--corpora", str(tmp_path), "--out", str(tmp_path / "o")]
    assert main(words) == 1
    assert "user_turns" in capsys.readouterr().err


def test_packing_loses_only_the_last_piece() -> None:
    blocks = pack(iter([[1, 2, 3], [4, 5], [6, 7, 8]]), 3)
    assert blocks.tolist() == [[1, 2, 3], [4, 5, 6]]
