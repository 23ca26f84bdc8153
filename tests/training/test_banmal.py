"""Sentences change their level by rules that are sure, or not at all."""

import pytest

from training.banmal import to_banmal


@pytest.mark.parametrize(
    ("polite", "plain"),
    [
        ("괜찮아요.", "괜찮아."),
        ("친구예요.", "친구야."),
        ("선물이에요!", "선물이야!"),
        ("푹 쉬세요.", "푹 쉬어."),
        ("그렇죠?", "그렇지?"),
        ("산책해 보세요. 기분이 나아질 거예요.", "산책해 봐. 기분이 나아질 거야."),
        ("저는 좋아요.", "나는 좋아."),
        ("노력합니다.", "노력해."),
        ("이미 반말이야.", "이미 반말이야."),
        ("잘 하실 거예요.", "잘 할 거야."),
        ("제 생각에는 좋아요.", "내 생각에는 좋아."),
    ],
)
def test_sure_endings(polite: str, plain: str) -> None:
    assert to_banmal(polite) == plain


@pytest.mark.parametrize(
    "polite",
    [
        "누구인가요?",
        "저는 AI입니다.",
        "아프시겠어요.",
        "드시지 마세요.",
        "좋은 선택하셨네요.",
        "당신이 소중해요.",
        "행복하게 사세요.",
        "말씀해 주세요.",
    ],
)
def test_unsure_sentences_are_left_out(polite: str) -> None:
    assert to_banmal(polite) is None
