"""Tokenizer and pretraining run from a folder of corpora to a checkpoint."""

import json
import lzma
from pathlib import Path

import pytest

from persona.checkpoint import open_checkpoint
from training.__main__ import main
from training.pretrain import pack
from training.tokenizer import train_tokenizer


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
    (stage,) = json.loads((out / "persona.json").read_text(encoding="utf-8"))["training"]
    assert stage["method"] == "pretrain"
    assert stage["tokens"] > 1000 and stage["held_out_loss"] > 1


def test_pretraining_goes_on_from_a_checkpoint_with_its_tokenizer(
    corpora: Path, start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "more"
    words = ["pretrain", "--corpora", str(corpora), "--base", str(start), "--out", str(out)]
    small = ["--block", "64", "--epochs", "0.1", "--work", str(tmp_path / "work")]
    assert main([*words, *small]) == 0
    assert (out / "tokenizer.json").read_bytes() == (start / "tokenizer.json").read_bytes()
    assert open_checkpoint(str(out), out).positions == 128
    assert main([*words, *small, "--block", "256"]) == 1
    assert "128 positions" in capsys.readouterr().err


def test_another_tokenizer_than_the_bases_is_a_sentence(
    start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made"
    out.mkdir()
    train_tokenizer(["다른 글에서 만든 토크나이저"] * 9, 400).save(str(out / "tokenizer.json"))
    words = ["pretrain", "--corpora", str(tmp_path), "--base", str(start), "--out", str(out)]
    assert main(words) == 1
    assert "another tokenizer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [("", "too little to learn from"), ('{"words": "no text"}', "has to be an object with text")],
)
def test_corpora_with_nothing_usable_are_a_sentence(
    corpora: Path,
    start: Path,
    tmp_path: Path,
    line: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for path in corpora.rglob("*.xz"):
        with lzma.open(path, "wt", encoding="utf-8") as file:
            file.write(line)
    for name in ("songys_chatbot", "xpersona_ko"):
        (corpora / "chat" / f"{name}.jsonl").write_text("", encoding="utf-8")
    words = ["pretrain", "--corpora", str(corpora), "--base", str(start), "--block", "64"]
    assert main([*words, "--out", str(tmp_path / "o"), "--work", str(tmp_path / "w")]) == 1
    assert said in capsys.readouterr().err


def test_a_missing_source_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tokenizer", "--corpora", str(tmp_path), "--out", str(tmp_path / "o")]
    assert main(words) == 1
    assert "user_turns" in capsys.readouterr().err


def test_packing_loses_only_the_last_piece() -> None:
    blocks = pack(iter([[1, 2, 3], [4, 5], [6, 7, 8]]), 3)
    assert blocks.tolist() == [[1, 2, 3], [4, 5, 6]]
