"""The light rule tells 반말 from 존댓말 by the ending, and fragments from both."""

import pytest

from persona.speech_level import BANMAL, JONDAEMAL, keeps_level, sentence_level, sentences

POLITE = [
    "괜찮아요",
    "그랬군요",
    "잘하셨어요",
    "어떠세요",
    "그렇죠",
    "말씀해 주시겠어요",
    "좋습니다",
    "그렇습니까",
    "네",
    "아니요",
    "안녕하세요",
    "들어 드릴게요",
    "오늘은 금요일이에요",
    "앉으십시오",
    "그런가요",
    "어디 가요",
    "뭐라고요",
    "저는 잘 지내고요",
]
PLAIN = [
    "괜찮아",
    "그랬구나",
    "잘했어",
    "어때",
    "그치",
    "말해 줘",
    "좋다",
    "그러니까",
    "응",
    "아니",
    "안녕",
    "들어줄게",
    "오늘은 금요일이야",
    "앉아",
    "아니다",
    "그럴까",
    "가자",
    "뭐 먹었니",
    "내가 있잖아",
    "밥이 필요하니까",
]
NEITHER = ["떡볶이", "오늘 저녁 메뉴", "필요", "월요일", "ㅋㅋㅋ", "아이스크림"]


@pytest.mark.parametrize("sentence", POLITE)
def test_polite_endings(sentence: str) -> None:
    assert sentence_level(sentence) == JONDAEMAL


@pytest.mark.parametrize("sentence", PLAIN)
def test_plain_endings(sentence: str) -> None:
    assert sentence_level(sentence) == BANMAL


@pytest.mark.parametrize("fragment", NEITHER)
def test_fragments_show_no_level(fragment: str) -> None:
    assert all(sentence_level(s) is None for s in sentences(fragment))


def test_one_sentence_in_the_other_level_breaks_a_reply() -> None:
    assert keeps_level("헐, 진짜? 잘했어!", BANMAL)
    assert not keeps_level("잘했어! 축하해요.", BANMAL)
    assert not keeps_level("괜찮아요. 힘내.", JONDAEMAL)
    assert keeps_level("떡볶이!", BANMAL)
    assert keeps_level("떡볶이!", JONDAEMAL)
