"""Moods are read from the visitor's words, with the words they were read from."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from persona.errors import PersonaError
from persona.mood import BUCKETS, EVERYDAY, GLAD, SAD, WEIGHTS_FILE, MoodReader, fold, read_cues
from training.mood import learn

CUES = [
    ("ㅠㅠ 어떡해", SAD, "ㅠㅠ"),
    ("나 헤어졌어", SAD, "헤어졌"),
    ("시험 붙었어", GLAD, "시험 붙"),
    ("오늘 너무 행복해", GLAD, "행복"),
    ("뭐 해?", EVERYDAY, ""),
    ("😭", SAD, "😭"),
    ("고마워 ㅠㅠ", EVERYDAY, ""),
    ("감사합니다", GLAD, "감사합"),
    ("머리가 아파", SAD, "아파"),
    ("영화가 끝났어", EVERYDAY, ""),
    ("새 아파트로 이사했대", EVERYDAY, ""),
    ("아프리카 여행 얘기", EVERYDAY, ""),
    ("기차였어", EVERYDAY, ""),
    ("서울고 나왔어", EVERYDAY, ""),
    ("나 11등 했어", EVERYDAY, ""),
    ("감사팀에서 일해", EVERYDAY, ""),
    ("걱정 마", EVERYDAY, ""),
    ("하나도 안 힘들어", EVERYDAY, ""),
]


@pytest.mark.parametrize(("text", "tag", "reason"), CUES)
def test_cues_give_the_mood_and_the_reason(text: str, tag: int, reason: str) -> None:
    mood = read_cues(text)
    assert (mood.tag, mood.reason) == (tag, reason)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> MoodReader:
    """Train on sentences of a made-up pattern that no cue knows."""
    folder = tmp_path_factory.mktemp("mood")
    learned = [("날씨가 꿀꿀하네", SAD), ("꿀꿀한 하루", SAD), ("룰루랄라 산책", GLAD)]
    learned += [("룰루랄라 출발", GLAD), ("점심 먹는 중", EVERYDAY), ("집에 가는 중", EVERYDAY)]
    weights, bias = learn([(t, m, 1.0) for t, m in learned * 8], epochs=20, rate=0.05, seed=1)
    save_file(
        {"weights": weights.numpy().astype(np.float16), "bias": bias.numpy().astype(np.float16)},
        folder / WEIGHTS_FILE,
    )
    return MoodReader(folder)


def test_the_model_reads_what_no_cue_knows(reader: MoodReader) -> None:
    assert read_cues("오늘 꿀꿀해").tag == EVERYDAY
    assert reader.read("오늘 꿀꿀해").tag == SAD
    assert reader.read("오늘 꿀꿀해").reason == "꿀꿀해"
    assert reader.read("룰루랄라").tag == GLAD


def test_everyday_has_no_reason(reader: MoodReader) -> None:
    mood = reader.read("밥 먹는 중")
    assert (mood.tag, mood.reason) == (EVERYDAY, "")


@pytest.mark.parametrize("text", ["", " ", "👍", "a" * 10_000, "ㅠ" * 5000])
def test_any_text_can_be_read(reader: MoodReader, text: str) -> None:
    assert reader.read(text).tag in (EVERYDAY, SAD, GLAD)


def test_runs_and_digits_are_folded() -> None:
    assert fold("ㅋㅋㅋㅋㅋ 2025년") == fold("ㅋㅋ 1999년")


def test_without_weights_the_cues_speak() -> None:
    assert MoodReader(None).read("나 헤어졌어").tag == SAD


def test_broken_weights_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS_FILE).write_bytes(b"no tensors")
    with pytest.raises(PersonaError, match=WEIGHTS_FILE):
        MoodReader(tmp_path)


def test_weights_of_another_size_are_a_sentence(tmp_path: Path) -> None:
    tensors = {"weights": np.zeros((BUCKETS // 2, 3)), "bias": np.zeros(3)}
    save_file(tensors, tmp_path / WEIGHTS_FILE)
    with pytest.raises(PersonaError, match="training mood"):
        MoodReader(tmp_path)
