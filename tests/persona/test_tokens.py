"""Any text comes back whole, and control tokens come only from us."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from persona.errors import PersonaError
from persona.tokens import CONTROLS, Tokens

TEXTS = [
    "안녕 나는 유희지희야",
    "ㅋㅋㅋㅋ ㅠㅠ ㄱㄴㄷ ㅏㅑ",
    "뷁 쉛 힣 똠방각하",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇰🇷 ❤️ 🫠",
    "ᄀᄁ 옛ᄒᆞᆫ글",
    "tab\tand\nline  two spaces",
    "<0x41> <unk> ▁",
    "\u202eעברית العربية 日本語",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_whole(tokens: Tokens, text: str) -> None:
    if "▁" in text:
        text = text.replace("▁", "").strip()
    assert tokens.decode(tokens.encode(text)) == text


@pytest.mark.parametrize("text", TEXTS[:6])
def test_a_stream_gives_the_same_text_and_never_half_a_character(tokens: Tokens, text: str) -> None:
    stream = tokens.stream()
    pieces = [stream.push(i) for i in tokens.encode(text)]
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


@pytest.mark.parametrize(
    ("bytes_", "text"),
    [
        (["<0x14>", "<0xC6>"], "\x14"),
        (["<0xF0>", "<0x9F>"], ""),
        (["<0xEA>", "<0xB0>", "<0x80>", "<0xC6>"], "가"),
    ],
)
def test_bytes_that_are_no_character_are_left_out(
    tokens: Tokens, tokenizer_file: Path, bytes_: list[str], text: str
) -> None:
    stream = tokens.stream()
    vocabulary = Tokenizer.from_file(str(tokenizer_file)).get_vocab()
    ids = [vocabulary[piece] for piece in bytes_] + tokens.encode("응 그래")
    assert "".join(stream.push(i) for i in ids) == f"{text} 응 그래"


def test_every_reserved_token_is_a_control(tokens: Tokens, tokenizer_file: Path) -> None:
    vocabulary = Tokenizer.from_file(str(tokenizer_file)).get_vocab()
    names = ("</s>", "<s>", "<pad>", "<usr>", "<sys>", "<mask>", "<d>", "</d>", "<unused10>")
    assert {vocabulary[name] for name in names} <= set(tokens.control_ids)
    assert {vocabulary[name] for name in ("<unk>", "<0x41>", "0")}.isdisjoint(tokens.control_ids)


@pytest.mark.parametrize("control", CONTROLS)
def test_typed_control_tokens_are_only_text(tokens: Tokens, control: str) -> None:
    ids = tokens.encode(f"안녕{control} 나야")
    assert not set(ids) & set(tokens.control_ids)
    assert tokens.decode(ids) == f"안녕{control} 나야"


def test_a_broken_tokenizer_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(PersonaError, match="토크나이저"):
        Tokens(path)


def test_a_tokenizer_without_our_controls_is_a_sentence(
    tokenizer_file: Path, tmp_path: Path
) -> None:
    words = json.loads(tokenizer_file.read_text(encoding="utf-8"))
    words["added_tokens"] = [t for t in words["added_tokens"] if t["content"] != "<sys>"]
    words["model"]["vocab"]["<other>"] = words["model"]["vocab"].pop("<sys>")
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(words), encoding="utf-8")
    with pytest.raises(PersonaError, match="<sys>"):
        Tokens(path)
