"""What visitors type comes out clean, and nothing that can be seen is lost."""

import unicodedata

import pytest

from persona.text import clean, is_blank


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  안녕  ", "안녕"),
        (unicodedata.normalize("NFD", "유희지희야"), "유희지희야"),
        ("a\ud800b", "ab"),
        ("줄\r\n바꿈\r", "줄\n바꿈"),
        ("\u200b안녕\ufeff", "안녕"),
        ("벨\x07소리\x00", "벨소리"),
        ("👩‍👩‍👧 가족", "👩‍👩‍👧 가족"),
        ("\u202eשלום", "\u202eשלום"),
        ("ㅋㅋㅋ ㅠ", "ㅋㅋㅋ ㅠ"),
        ("\ud83d\ude00", "😀"),
    ],
)
def test_clean_keeps_what_can_be_seen(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize(
    "text", ["", "   ", "\n\t", "\u200b\u200d\ufeff", "\u3164", "\u2060 \u00ad"]
)
def test_blank_is_what_nobody_can_see(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["ㅇ", ".", "👍", "0", "\u200b가"])
def test_one_visible_character_is_not_blank(text: str) -> None:
    assert not is_blank(text)
