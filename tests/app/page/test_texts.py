"""Every sentence is there in both languages, with particles that fit."""

import re

import pytest

from app.page.texts import TEXTS, in_language, say


@pytest.mark.parametrize("key", TEXTS)
def test_a_sentence_is_in_both_languages(key: str) -> None:
    korean, english = TEXTS[key]
    assert korean
    assert re.search(r"[가-힣]", english) is None
    places = [set(re.findall(r"\{(\w+)", text)) for text in (korean, english)]
    assert places[0] == places[1]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("유희지희", "유희지희와 이야기하기"),
        ("헬프봇", "헬프봇과 이야기하기"),
        ("Bo", "Bo와 이야기하기"),
    ],
)
def test_a_particle_fits_the_name(name: str, sentence: str) -> None:
    assert say("ko", "pick_one", name=name) == sentence


def test_a_name_is_never_taken_for_a_place() -> None:
    assert say("ko", "box_hint", name="{seconds}{0}") == "{seconds}{0}에게 말 걸기"


@pytest.mark.parametrize(
    ("sentence", "korean", "english"),
    [
        ("안 돼요. (It does not work.)", "안 돼요.", "It does not work."),
        ("안 돼요 (정말로).", "안 돼요 (정말로).", "안 돼요 (정말로)."),
        ("둘 (a) 중 하나예요. (One of (a) or (b).)", "둘 (a) 중 하나예요.", "One of (a) or (b)."),
        ("없어요: 찐친. (There is no 찐친 (yet).)", "없어요: 찐친.", "There is no 찐친 (yet)."),
        ("Only English.", "Only English.", "Only English."),
    ],
)
def test_a_sentence_in_two_languages_is_shown_in_one(
    sentence: str, korean: str, english: str
) -> None:
    assert in_language(sentence, "ko") == korean
    assert in_language(sentence, "en") == english
