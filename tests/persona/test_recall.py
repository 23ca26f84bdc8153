"""She recalls her own line when nearly the same was said to her, and only then."""

import pytest

from persona.dialogues import Dialogue
from persona.encoder import SHIPPED, Encoder, open_encoder
from persona.prompt import Exchange
from persona.recall import Recall, keys

OPENINGS = [
    Exchange("나 오늘 시험 붙었어!!", 2, "헐 대박, 축하해!"),
    Exchange("심심해", 0, "끝말잇기 할래?"),
    Exchange("심심해 ㅠㅠ", 1, "많이 심심했구나."),
    Exchange("남자친구랑 헤어졌어", 1, "아이고, 많이 아프겠다."),
    Exchange("너 이름이 뭐야", 0, "나는 지희야."),
    Exchange("응", 0, "응? 아직 아무것도 안 물어봤는데."),
    Exchange("우리집 강아지 너무 귀여워", 2, "강아지 이름이 뭐야?"),
]
LATER = Exchange("어제 본 영화 제목 기억나", 0, "겨울 바다라며.")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder(SHIPPED)


@pytest.fixture(scope="module")
def recall(encoder: Encoder) -> Recall:
    return Recall(
        (Dialogue(f"d{n}", "yuhee", "t", (opening, LATER)) for n, opening in enumerate(OPENINGS)),
        encoder,
    )


def found(recall: Recall, said: str, mood: int, exchanges: tuple[Exchange, ...] = ()) -> str:
    lines = recall.find(said, mood, exchanges)
    return lines[0].reply if lines else ""


@pytest.mark.parametrize(
    ("said", "mood", "reply"),
    [
        ("나 오늘 시험 붙었어", 2, "헐 대박, 축하해!"),
        ("나 오늘 시험붙었어!!! ㅎㅎ", 2, "헐 대박, 축하해!"),
        ("심심해ㅋㅋㅋㅋ", 0, "끝말잇기 할래?"),
        ("심심해", 1, "많이 심심했구나."),
        ("너 이름이 뭐야?", 0, "나는 지희야."),
        ("내일 비 온대", 0, ""),
        ("", 0, ""),
        ("😀", 0, ""),
    ],
)
def test_what_is_alike_is_found(recall: Recall, said: str, mood: int, reply: str) -> None:
    assert found(recall, said, mood) == reply


def test_a_line_is_not_said_twice(recall: Recall) -> None:
    lines = recall.find("심심해", 0, most=5)
    assert [line.reply for line in lines] == ["끝말잇기 할래?", "많이 심심했구나."]
    assert lines[0].likeness > lines[1].likeness
    first = Exchange("심심해", 0, lines[0].reply)
    assert found(recall, "심심해", 0, (first,)) == "많이 심심했구나."


def test_a_later_line_is_no_opening(recall: Recall) -> None:
    assert found(recall, LATER.user, 0) == ""


def test_a_later_line_is_found_where_the_same_stood_before_it(encoder: Encoder) -> None:
    first = Exchange("배고파", 0, "뭐 먹을래?")
    later = Exchange("몰라 골라줘", 0, "따뜻한 국물은 어때?")
    recall = Recall([Dialogue("d", "yuhee", "t", (first, later))], encoder)
    assert found(recall, later.user, 0, (first,)) == later.reply


def test_short_words_need_what_stood_before_them(recall: Recall) -> None:
    assert found(recall, "응", 0) == "응? 아직 아무것도 안 물어봤는데."
    assert found(recall, "응", 0, (Exchange("배고파", 0, "라면 먹을래?"),)) == ""


def test_a_line_that_takes_up_words_of_another_conversation_is_not_used(encoder: Encoder) -> None:
    cat = Exchange("우리집 고양이 너무 귀여워", 2, "고양이 이름이 뭐야?")
    recall = Recall([Dialogue("d", "yuhee", "t", (cat,))], encoder)
    assert found(recall, "우리집 고양이 진짜 귀여워", 2) == cat.reply
    assert found(recall, "우리집 오리 너무 귀여워", 2) == ""


def test_a_number_from_another_conversation_is_not_used(encoder: Encoder) -> None:
    line = Exchange("내일 면접이야", 0, "내일 3시라고 했지? 잘할 거야.")
    recall = Recall([Dialogue("d", "yuhee", "t", (line,))], encoder)
    assert found(recall, "내일 면접이야", 0) == ""
    assert found(recall, "내일 면접이야 3시", 0) == line.reply


def test_a_word_is_known_by_its_beginning() -> None:
    assert keys("강아지가 3 BTS를") == keys("강아지는 3 bts") == {"강아", "3", "bts"}


def test_a_persona_without_dialogues_recalls_nothing(encoder: Encoder) -> None:
    assert Recall([], encoder).find("안녕", 0) == []


def test_a_short_opening_does_not_lean_on_the_dialogue_before_it(encoder: Encoder) -> None:
    last = Exchange("이제 자러 갈게", 0, "그래, 잘 자.")
    first = Exchange("안녕", 0, "안녕! 처음 보네, 이름이 뭐야?")
    recall = Recall(
        [Dialogue(str(n), "yuhee", "t", (said,)) for n, said in enumerate((last, first))], encoder
    )
    assert found(recall, "안녕", 0) == first.reply
    assert found(recall, "안녕", 0, (last,)) == ""
