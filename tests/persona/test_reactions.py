"""Reactions are read strictly, and words are known as one of their kind."""

import json
from pathlib import Path

import numpy as np
import pytest

from persona.encoder import SHIPPED, open_encoder
from persona.errors import PersonaError
from persona.reactions import Kinds, Reaction, own_reactions

WAITING = {
    "id": "waiting",
    "mood": 0,
    "when": ["버스 기다리는 중이야", "줄 서서 기다려", "택배 기다리고 있어"],
    "say": ["기다릴 때는 시계가 꼭 느려진다며."],
}
TIRED = {
    "id": "tired",
    "mood": 1,
    "when": ["너무 피곤해", "피곤해서 눈이 감겨", "하루 종일 피곤하다"],
    "say": ["오늘은 일찍 자자."],
}


def write(folder: Path, *rows: object) -> Path:
    (folder / "reactions").mkdir()
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "reactions" / "some.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_words_are_likest_their_own_kind(tmp_path: Path) -> None:
    found = own_reactions(write(tmp_path, WAITING, TIRED))
    kinds = Kinds(found, open_encoder(SHIPPED))
    assert int(np.argmax(kinds.likeness("지하철 기다리는 중", 0))) == 0
    assert int(np.argmax(kinds.likeness("오늘 진짜 피곤해", 1))) == 1


def test_an_answer_to_another_feeling_counts_less(tmp_path: Path) -> None:
    kinds = Kinds(own_reactions(write(tmp_path, TIRED)), open_encoder(SHIPPED))
    assert kinds.likeness("오늘 진짜 피곤해", 2)[0] < kinds.likeness("오늘 진짜 피곤해", 1)[0]


def test_a_persona_may_have_none(tmp_path: Path) -> None:
    assert own_reactions(tmp_path) == []
    assert not len(Kinds([], open_encoder(SHIPPED)).likeness("안녕", 0))


@pytest.mark.parametrize(
    "row",
    [
        {**WAITING, "mood": 3},
        {**WAITING, "mood": True},
        {**WAITING, "say": []},
        {**WAITING, "say": [" "]},
        {**WAITING, "when": "버스"},
        {**WAITING, "id": 7},
        {**WAITING, "more": 1},
        ["waiting"],
    ],
)
def test_a_line_of_another_shape_is_a_sentence(tmp_path: Path, row: object) -> None:
    with pytest.raises(PersonaError, match=r"some\.jsonl:2.*when과 say"):
        own_reactions(write(tmp_path, WAITING, row))


def test_lines_are_cleaned(tmp_path: Path) -> None:
    row = {**WAITING, "say": ["  기다려 보자. "]}
    (found,) = own_reactions(write(tmp_path, row))
    assert found == Reaction("waiting", 0, tuple(WAITING["when"]), ("기다려 보자.",))
