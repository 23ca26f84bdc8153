"""Words of danger are noticed as people type them, and figures of speech are left alone."""

import time
import unicodedata

import pytest

from app.care import NOTICES, notice

DANGER = [
    "목을 맬 거야",
    "다 끝내고 싶어",
    "더는 못 살겠어",
    "죽을래 그냥",
    "나는 이제 틀렸어 죽자",
    "번개탄 사러 가야지",
    "죽고 싶어",
    "죽고싶다 진짜",
    "그냥 죽고만 싶어요",
    "죽구 싶어ㅠㅠ",
    "나 진짜 죽고시퍼",
    "죽 고 싶 다",
    "죽고ㅠㅠ싶어ㅠㅠㅠ",
    "죽고... 싶어...",
    "ㅈㅜㄱㄱㅗ ㅅㅣㅍㄷㅏ",
    "죽고시ㅍ어",
    "죽고파요",
    "뒤지고 싶다",
    "나 그냥 죽을래",
    "나 그냥 죽을래ㅋ",
    "차라리 죽을까",
    "콱 죽어버릴까",
    "죽어 버리고 싶어요",
    "이렇게 사느니 죽는 게 낫겠어",
    "자다가 죽었으면 좋겠어",
    "나 같은 건 그냥 죽었으면 좋겠다",
    "안 아프게 죽는 법 알아?",
    "어떻게 하면 죽을 수 있을까",
    "죽을 용기도 없어",
    "죽으면 다 끝나겠지",
    "자살하고 싶어요",
    "요즘 자살 생각이 자꾸 나요",
    "자.살 하고싶다",
    "ㅈㅏㅅㅏㄹ하고싶어",
    "친구가 자살했어요",
    "어제 또 자해했어",
    "자해하고 싶은 충동이 들어요",
    "극단적인 선택을 생각하고 있어요",
    "사라지고 싶어",
    "그냥 없어지고 싶다",
    "이 세상에서 사라져 버리고 싶어요",
    "나 그만 살고 싶어",
    "살기 싫어",
    "진짜 살기가 싫다",
    "이 세상에 살기 싫어요",
    "더는 살고 싶지 않아요",
    "죽고 싶지는 않은데 살기도 싫어",
    "살아갈 이유가 없어요",
    "난 살 가치가 없어",
    "살아서 뭐해",
    "내가 왜 사는지 모르겠어",
    "삶을 끝내고 싶어요",
    "영원히 잠들고 싶어",
    "내일 눈 안 떴으면 좋겠어",
    "난 태어나지 말았어야 했어",
    "내가 없어져도 아무도 모를 거야",
    "나만 없으면 다들 행복할 텐데",
    "만약에 내가 사라지면 너는 어떨 거 같아",
    "나 죽으면 너도 슬퍼?",
    "스스로 목숨을 끊고 싶어요",
    "목숨 끊을까 생각했어",
    "목을 매고 싶어",
    "옥상에서 뛰어내리고 싶어",
    "한강에서 뛰어내릴까",
    "여기서 뛰어내리면 죽겠지",
    "손목을 긋고 싶어",
    "칼로 손목 그었어",
    "수면제를 한꺼번에 먹을까",
    "유서 썼어",
    "I want to kill myself",
    "i dont want to live anymore",
    "I've been feeling suicidal",
    "I keep hurting myself",
    "everyone would be better off without me",
]

HARMLESS = [
    "더워서 더는 못 살겠다",
    "",
    "ㅠㅠ",
    "배고파 죽겠다",
    "웃겨 죽겠네 ㅋㅋㅋ",
    "더워 죽겠어",
    "졸려 죽겠다 ㅠㅠ",
    "심심해 죽겠어",
    "보고 싶어 죽겠어",
    "귀여워 죽겠네",
    "힘들어 죽겠네 오늘",
    "좋아 죽어 아주",
    "이 집 국물 진짜 죽이는 맛이야",
    "게임에서 죽었어",
    "보스한테 또 죽음",
    "한 번 죽고 시작하자",
    "이 게임은 죽으면 끝이야?",
    "나 보스한테 죽으면 다시 시작해야 돼",
    "죽을 뻔했어 깜짝 놀라서",
    "나 죽을 것 같아 배불러서",
    "나 배불러서 죽을 거 같아",
    "오늘 죽을 맛이다",
    "전복죽 먹고 싶어",
    "죽 사고 싶은데 어디가 맛있어?",
    "아파서 약 먹고 죽 먹었어",
    "어떻게 하면 죽을 맛있게 끓여?",
    "죽을 때까지 친구하자",
    "죽도록 사랑해",
    "죽어도 안 해",
    "죽기 살기로 공부할 거야",
    "죽고 못 사는 사이야",
    "죽을까 봐 무서워",
    "아직 죽고 싶지 않아",
    "너 죽을래? ㅋㅋ",
    "화분이 죽었어 ㅠㅠ",
    "폰 배터리 죽었다",
    "모기 다 죽었으면 좋겠다",
    "그냥 두면 꽃이 시들어 죽을 거야",
    "저 사람 연기 죽인다",
    "죽고 싶지만 떡볶이는 먹고 싶어 그 책 읽었어",
    "나 혼자 살아",
    "혼자 살고 있어요",
    "모자 살까 말까",
    "나 과자 살래",
    "이번엔 나 혼자 해볼게",
    "자 해보자",
    "주식 투자해 봤어?",
    "시작하자 해 놓고 안 왔어",
    "어제 축구에서 자살골 넣었어",
    "목숨 걸고 뛰었어 지각할까 봐",
    "게임 목숨 세 개 남았어",
    "번지점프대에서 뛰어내리고 싶다",
    "고양이가 책장에서 뛰어내렸어",
    "손목이 시큰거려",
    "버스에서 내렸어",
    "이 동네 살기 싫어",
    "기숙사에서 살기 싫어요",
    "서울에서 살고 싶지 않아",
    "부산은 살기 좋은 도시야",
    "그 옷은 살 이유가 없어",
    "사람들이 저걸 왜 사는지 모르겠어",
    "여드름이 사라졌으면 좋겠다",
    "할머니가 세상을 떠나고 나서 많이 울었어요",
    "아직 태어나지 않은 조카가 있어",
    "감기약 다 먹었어",
    "경주는 유서 깊은 도시지",
    "숙제 다 끝내고 싶다",
    "월급이 통장에서 사라짐",
    "ㅈㅅ 늦었어",
    "죄송 ㅈㅅㅈㅅ",
    "팔이 햇볕에 그을렸어",
    "I'm dying of laughter",
    "this homework is killing me",
    "have you seen Suicide Squad",
    "my phone is going to die",
]


@pytest.mark.parametrize("text", DANGER)
def test_danger_gets_the_lines_that_help(text: str) -> None:
    assert notice(text) == NOTICES["ko"]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_figure_of_speech_gets_nothing(text: str) -> None:
    assert notice(text) is None


@pytest.mark.parametrize("text", ["죽고 싶어", "자살하고 싶어요", "살기 싫어"])
def test_spelling_does_not_hide_the_danger(text: str) -> None:
    assert notice(unicodedata.normalize("NFD", text))
    assert notice("\u200b".join(text))
    assert notice("오늘 밥 먹었어. 그런데 " + text + "...")
    assert notice("오늘은\n\n" + text + "\n안녕")


def test_harmless_words_do_not_hide_the_danger_beside_them() -> None:
    assert notice("배고파 죽겠다 아니 진짜 죽고 싶어")
    assert notice("혼자 살기 싫어. 살기 싫어.")


def test_the_lines_name_both_numbers_in_both_languages() -> None:
    korean, english = notice("죽고 싶어", "ko"), notice("죽고 싶어", "en")
    assert korean and english and korean != english
    for lines in (korean, english):
        assert "109" in lines and "24" in lines and "119" in lines


def test_an_unknown_language_is_answered_in_korean() -> None:
    assert notice("죽고 싶어", "fr") == NOTICES["ko"]


@pytest.mark.parametrize("unit", ["가나다 ", "죽 ", "자", "ㅋ", " ", "나 ", "뛰어 ", "세상에"])
def test_a_long_text_takes_no_long_time(unit: str) -> None:
    long = unit * (20_000 // len(unit))
    started = time.process_time()
    assert notice(long) is None
    assert notice(long + "죽고 싶어")
    assert time.process_time() - started < 2
