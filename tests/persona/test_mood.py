"""Moods are read from the visitor's words, with the words they were read from."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from persona.errors import PersonaError
from persona.mood import (
    BUCKETS,
    CERTAIN,
    EVERYDAY,
    GLAD,
    ROWS,
    SAD,
    WEIGHTS_FILE,
    MoodReader,
    features,
    fold,
    read_cues,
)
from training.mood import learn, owned, save

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
    save(learn(owned(learned * 40), epochs=20), 1.0, folder)
    return MoodReader(folder)


def test_the_model_reads_what_no_cue_knows(reader: MoodReader) -> None:
    assert read_cues("오늘 꿀꿀해").tag == EVERYDAY
    assert reader.read("오늘 꿀꿀해").tag == SAD
    assert reader.read("오늘 꿀꿀해").reason == "꿀꿀해"
    assert reader.read("룰루랄라").tag == GLAD


def test_the_reason_is_written_as_the_visitor_wrote_it(reader: MoodReader) -> None:
    assert reader.read("3시부터  꿀꿀해애애애").reason == "꿀꿀해애애애"
    long = reader.read("가" * 400 + " 꿀꿀" + "해" * 400)
    assert (long.tag, long.reason) == (SAD, "꿀꿀" + "해" * 18)


def test_a_cue_together_with_laughter_or_tears_is_a_sign_of_its_own() -> None:
    texts = (
        "망했다",
        "망했다 ㅋㅋ",
        "망했다 ㅠㅠ",
        "합격",
        "합격 ㅠㅠ",
        "합격 ㅎㅎ",
        "망했다 😂",
        "응",
    )
    signs = [features(text)[-1] for text in texts]
    assert all(sign >= BUCKETS for sign in signs)
    assert signs[0] != signs[1] != signs[2]
    assert len({signs[3], signs[4], signs[5], signs[7]}) == 4


def test_laughter_can_turn_a_sad_cue_round(tmp_path: Path) -> None:
    learned = [("망했다", SAD), ("망했다 ㅋㅋ", GLAD), ("ㅋㅋ 그래", EVERYDAY), ("그래", EVERYDAY)]
    save(learn(owned(learned * 60), epochs=20), 1.0, tmp_path)
    reader = MoodReader(tmp_path)
    assert [reader.read(text).tag for text, _ in learned] == [mood for _, mood in learned]


@pytest.mark.parametrize(("share", "tag"), [(CERTAIN - 0.02, EVERYDAY), (CERTAIN + 0.02, SAD)])
def test_an_unsure_mood_is_everyday(tmp_path: Path, share: float, tag: int) -> None:
    bias = np.log(np.array([1e-3, share, 1 - share - 1e-3], dtype=np.float32))
    save_file({"weights": np.zeros((ROWS, 3), np.float32), "bias": bias}, tmp_path / WEIGHTS_FILE)
    assert MoodReader(tmp_path).read("글쎄").tag == tag


def test_everyday_has_no_reason(reader: MoodReader) -> None:
    mood = reader.read("밥 먹는 중")
    assert (mood.tag, mood.reason) == (EVERYDAY, "")


@pytest.mark.parametrize("text", ["", " ", "👍", "a" * 10_000, "ㅠ" * 5000])
def test_any_text_can_be_read(reader: MoodReader, text: str) -> None:
    assert reader.read(text).tag in (EVERYDAY, SAD, GLAD)


def test_runs_and_digits_are_folded() -> None:
    assert fold("ㅋㅋㅋㅋㅋ 2025년") == fold("ㅋㅋ 1999년")


def test_emoji_are_folded_into_the_letters_people_type() -> None:
    assert fold("😭") == fold("ㅜㅜ") == fold("ㅠㅠㅠ")
    assert fold("😂") == fold("ㅋㅋㅋ") and fold("🎉") == fold("ㅎㅎ")


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
