"""What a visitor told is found again when they ask for it, and only then."""

from dataclasses import replace

import numpy as np
import pytest

from persona.prompt import Exchange
from persona.ranker import WORDS
from persona.told import asks, find_told

EVEN = np.ones(WORDS, np.float32)


def talk(*lines: str) -> list[Exchange]:
    return [Exchange(line, 0, "그랬구나.") for line in lines]


@pytest.mark.parametrize(
    "line",
    [
        "내가 아침마다 뭐 한다고 했지?",
        "내 이름 뭐라고 했게요",
        "우리 강아지 이름이 뭐였더라",
        "내 고향이 어디라고?",
        "나 누구랑 간댔지 ㅋㅋ",
        "내 이름 기억해?",
        "면접 몇 시라고 했지 나",
    ],
)
def test_these_ask_for_what_was_told(line: str) -> None:
    assert asks(line)


@pytest.mark.parametrize(
    "line",
    [
        "오늘 뭐 먹지?",
        "친구가 괜찮다고 했어",
        "어제 꿈이 하나도 기억이 안 나",
        "알람 맞춰줘",
        "우리 내일 어디 갈까?",
        "엄마가 뭐라고 하실까",
        "그게 무슨 뜻이야?",
        "임진왜란이 몇 년이었지?",
        "그 가수 이름 뭐였더라",
        "어제 왜 그랬어?",
        "너 이름이 뭐라고?",
        "너 어디 산다고 했지?",
        "사장이 뭐랬어",
        "방금 뭐라고 했어",
    ],
)
def test_these_do_not(line: str) -> None:
    assert not asks(line)


def test_the_line_that_shares_words_with_the_question_is_found() -> None:
    told = talk("나 아침마다 수영해", "물에 들어가면 잠이 확 깨", "점심은 김밥 먹었어")
    assert find_told("내가 아침마다 뭐 한다고 했지?", told, EVEN) == "나 아침마다 수영해"
    assert find_told("점심에 뭐 먹었다고 했지?", told, EVEN) == "점심은 김밥 먹었어"


def test_an_answer_to_her_question_is_found_by_what_stood_before() -> None:
    told = [
        Exchange("내일 면접 있어", 0, "몇 시에?"),
        Exchange("두 시", 0, "떨리겠다."),
        Exchange("점심은 김밥이야", 0, "좋네."),
    ]
    assert find_told("면접 몇 시라고 했지?", told, EVEN) == "두 시"
    unasked = [replace(e, reply="그래.") for e in told]
    assert find_told("면접 몇 시라고 했지?", unasked, EVEN) == "내일 면접 있어"


def test_a_page_of_text_is_not_given_back_and_takes_no_time() -> None:
    long = talk("이" * 20_000, "면접 " * 5_000)
    assert find_told("면접 몇 시라고 했지?", long, EVEN) == ""


def test_a_name_is_found_where_it_was_given() -> None:
    told = talk("안녕 반가워", "나는 민서야", "오늘 날씨 좋다")
    assert find_told("내 이름 뭐라고 했지?", told, EVEN) == "나는 민서야"


def test_nothing_is_found_where_nothing_was_told_or_asked() -> None:
    assert find_told("내 이름 뭐라고 했지?", [], EVEN) == ""
    assert find_told("내 이름 뭐라고 했지?", talk("ㅋㅋㅋ"), EVEN) == ""
    assert find_told("오늘 뭐 먹지?", talk("나는 민서야"), EVEN) == ""
