"""Nobody can be told from what is written: names, numbers, addresses and links are replaced."""

import random

import pytest

from training.forbidden import forbidden_kinds
from training.privacy import Veil, name_words


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("지은아 밥 먹었어?", "친구야 밥 먹었어?"),
        ("김지은 왔어", "친구 왔어"),
        ("지은이가 그랬어", "친구가 그랬어"),
        ("지은이 왔어", "친구가 왔어"),
        ("지은이랑 지은씨는 지은님", "친구랑 친구씨는 친구님"),
        ("지은은 지은을 지은과", "친구는 친구를 친구와"),
        ("우리지은이랑 왔어", "우리친구랑 왔어"),
        ("오늘김지은만나", "오늘친구만나"),
        ("지은아밥먹자", "친구아밥먹자"),
        ("밖에 지은 집", "밖에 친구 집"),
        ("내가 지은이한테 줬어", "내가 친구한테 줬어"),
    ],
)
def test_a_name_goes_with_what_follows_it(text: str, hidden: str) -> None:
    assert Veil(["김지은"])(text) == hidden


@pytest.mark.parametrize("text", ["국민지원금 받았어", "여기까지은 아니야", "엄마 보고 싶다"])
def test_other_words_stay(text: str) -> None:
    assert Veil(["김민지", "박지은", "우리 엄마", "."])(text) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("민지🐰", "민지야 와"),
        ("김민지(회사)", "민지 왔대"),
        ("김민지 대리님", "민지 대리 왔대"),
        ("민지엄마", "민지야 와"),
        ("지은이", "지은아 와"),
        ("남궁민수", "민수야 와"),
        ("김현", "현아 와"),
        ("Minji Kim", "minji 왔어"),
        ("박보라쌤", "보라쌤 안녕하세요"),
    ],
)
def test_names_as_phone_books_have_them(name: str, text: str) -> None:
    veil = Veil([name])
    assert "친구" in veil(text)
    assert veil.replaced["이름"] == 1


def test_what_people_are_is_no_name() -> None:
    assert set(name_words("우리 엄마 ♥")) == set()
    assert set(name_words("나")) == set()
    assert set(name_words("회사 김지은")) == {"김지은", "지은"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *[
            (f"내 번호 {number}야", "전화번호")
            for number in ("010-1234-5678", "01012345678", "010 1234 5678", "010.1234.5678")
        ],
        ("+82 10-1234-5678", "전화번호"),
        ("02-123-4567로 전화해", "전화번호"),
        ("031)123-4567", "전화번호"),
        ("메일은hong.gil@example.co.kr로", "이메일"),
        ("900101-1234567", "주민번호"),
        ("9001011234567", "주민번호"),
        ("900101-2******", "주민번호"),
        ("신한 110-123-456789", "계좌번호"),
        ("110123456789 신한", "계좌번호"),
        ("110 123 456789", "계좌번호"),
        ("123456-04-123456", "계좌번호"),
        ("1234-5678-1234-5678", "계좌번호"),
        ("https://example.com/a?b=1 봐", "링크"),
        ("www.example.com봐", "링크"),
        ("naver.com/abc 들어가", "링크"),
    ],
)
def test_numbers_and_addresses_go(text: str, word: str) -> None:
    veil = Veil([])
    hidden = veil(text)
    assert veil.replaced == {word: 1}
    assert word in hidden
    assert not any(part in hidden for part in ("1234", "4567", "hong", "example", "naver", "*"))


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-02 15:30에 봐",
        "12,000원",
        "3.14",
        "10 20 30",
        "100000원",
        "1학년 3반 25번",
        "오전 9:00",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert Veil([])(text) == text


def test_markup_goes_and_lines_become_one() -> None:
    assert Veil([])("하트 <3 <sys> [공지] **굵게** @민지 {} \\n\n끝\t!") == (
        "하트 ♥ sys> 공지 굵게 민지 끝 !"
    )


PIECES = [
    *["010", "1234", "5678", "900101", "1234567", "-", ".", " ", "@", "a", "민지", "김민지", "야"],
    *[
        "<",
        "/",
        "[",
        "]",
        "{",
        "}",
        "**",
        "http",
        "://",
        "www.",
        "com",
        "TODO",
        "\\n",
        "가",
        "1",
        "`",
        "#",
    ],
]


def test_whatever_was_written_passes_the_check_and_has_no_name() -> None:
    chance = random.Random(7)
    veil = Veil(["김민지"])
    for _ in range(3000):
        text = "".join(chance.choices(PIECES, k=chance.randint(1, 8)))
        hidden = veil(text) or "응"
        assert not list(forbidden_kinds(hidden, is_reply=True)), (text, hidden)
        assert "김민지" not in hidden
        assert veil(hidden) == hidden, text
