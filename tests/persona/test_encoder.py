"""What is typed differently and means the same lies close; a broken file is a sentence."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from persona.encoder import (
    BUCKETS,
    ENCODER_FILE,
    SHIPPED,
    WIDTH,
    Encoder,
    fold,
    grams,
    open_encoder,
)
from persona.errors import PersonaError


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder(SHIPPED)


def alike(encoder: Encoder, first: str, second: str) -> float:
    vectors = encoder.encode([first, second])
    return float(vectors[0] @ vectors[1])


def test_laughter_spaces_and_marks_are_not_read() -> None:
    assert fold("나  시험 붙었어!!! ㅋㅋㅋㅋ") == fold("나 시험붙었어") == "나시험붙었어"
    assert fold("ㅋㅋㅋㅋ") == "ㅋ"
    assert fold("뭐해???") == "뭐해?"


def test_a_vector_has_length_one_and_nothing_said_is_zero(encoder: Encoder) -> None:
    vectors = encoder.encode(["안녕", "", "😀", "!!"])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 0, 0], abs=1e-5)
    assert encoder.encode([]).shape == (0, WIDTH)


def test_grams_are_the_same_on_every_machine() -> None:
    found = grams("안녕")
    assert found.min() >= 0
    assert found.max() < BUCKETS
    assert grams("안녕").tolist() == found.tolist()
    assert len(grams("가나다" * 100_000)) < 5_000


@pytest.mark.parametrize(
    ("said", "same", "other"),
    [
        ("오늘 시험 망쳤어", "시험 완전 망했어요", "오늘 저녁 뭐 먹지"),
        ("남자친구랑 헤어졌어", "남친이랑 헤어졌어ㅠㅠ", "남자친구 생겼어"),
        ("너무 피곤해", "넘 피곤하다", "너무 행복해"),
    ],
)
def test_what_means_the_same_lies_closer(
    encoder: Encoder, said: str, same: str, other: str
) -> None:
    assert alike(encoder, said, same) > alike(encoder, said, other)


def test_a_model_without_an_encoder_takes_the_shipped_one(tmp_path: Path) -> None:
    assert open_encoder(tmp_path).encode(["안녕"]).any()


def test_a_broken_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / ENCODER_FILE).write_bytes(b"nothing of the kind")
    with pytest.raises(PersonaError, match="다시 받아"):
        open_encoder(tmp_path)
    save_file({"table": np.zeros((4, 4), np.float16)}, tmp_path / ENCODER_FILE)
    with pytest.raises(PersonaError, match="training encoder"):
        open_encoder(tmp_path)
