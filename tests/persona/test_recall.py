"""She recalls her own line when nearly the same was said to her, and only then."""

import pytest

from persona.dialogues import Dialogue
from persona.prompt import Exchange
from persona.recall import Recall

OPENINGS = [
    Exchange("나 오늘 시험 붙었어!!", 2, "헐 대박, 축하해!"),
    Exchange("심심해", 0, "끝말잇기 할래?"),
    Exchange("심심해 ㅠㅠ", 1, "많이 심심했구나."),
    Exchange("남자친구랑 헤어졌어", 1, "아이고, 많이 아프겠다."),
    Exchange("너 이름이 뭐야", 0, "나는 지희야."),
]


@pytest.fixture(scope="module")
def recall() -> Recall:
    later = Exchange("어제 본 영화 제목 기억나", 0, "겨울 바다라며.")
    return Recall(
        Dialogue(f"d{n}", "yuhee", "t", (opening, later)) for n, opening in enumerate(OPENINGS)
    )


@pytest.mark.parametrize(
    ("said", "mood", "reply"),
    [
        ("나 오늘 시험 붙었어", 2, "헐 대박, 축하해!"),
        ("나 오늘 시험붙었어!!! ㅎㅎ", 2, "헐 대박, 축하해!"),
        ("심심해ㅋㅋㅋㅋ", 0, "끝말잇기 할래?"),
        ("심심해", 1, "많이 심심했구나."),
        ("너 이름이 뭐야?", 0, "나는 지희야."),
        ("내일 비 온대", 0, ""),
        ("오늘 시험 어려웠어", 1, ""),
        ("", 0, ""),
        ("😀", 0, ""),
    ],
)
def test_what_is_alike_is_found(recall: Recall, said: str, mood: int, reply: str) -> None:
    assert recall.find(said, mood, ()) == reply


def test_a_line_is_not_said_twice(recall: Recall) -> None:
    first = recall.find("심심해", 0, ())
    second = recall.find("심심해", 0, {first})
    assert (first, second) == ("끝말잇기 할래?", "많이 심심했구나.")
    assert recall.find("심심해", 0, {first, second}) == ""


def test_a_line_that_leans_on_earlier_ones_is_never_recalled(recall: Recall) -> None:
    assert recall.find("어제 본 영화 제목 기억나", 0, ()) == ""


def test_a_persona_without_dialogues_recalls_nothing() -> None:
    assert Recall([]).find("안녕", 0, ()) == ""
