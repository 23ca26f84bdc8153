"""The conversation is drawn so that words stay words and every turn says how it ended."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from app.history import Turn
from app.page.thread import View, mood_words, render_blank, render_thread
from persona.card import CARDS_FOLDER, find_cards
from persona.window import Window

CARDS = find_cards(CARDS_FOLDER)
CARD = CARDS["yuhee"]
WHEN = "2026-05-03T06:24:00+00:00"
TURN = Turn(1, "c1", None, "안녕", 0, "", "왔어?", "generated", "end", "m", 1, 0, WHEN, (1,))
WILD = "<script>alert(1)</script> \"'& ${value} {{value}}\n  둘째 줄 \u202e"


class Reader(HTMLParser):
    """Collects tags, attributes and text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.classes: list[str] = []
        self.acts: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.classes += (given.get("class") or "").split()
        self.acts += [given["data-act"] or ""] if "data-act" in given else []

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def view(*turns: Turn, **changes: object) -> View:
    return replace(View(CARD, CARDS, "ko", conversation="c1", turns=turns), **changes)


def read(*turns: Turn, **changes: object) -> Reader:
    return Reader(render_thread(view(*turns, **changes)))


def test_words_stay_words() -> None:
    card = replace(CARD, name=WILD, greeting=WILD, title=WILD)
    turn = replace(TURN, user=WILD, reply=WILD, mood=1, mood_reason=WILD)
    page = read(turn, card=card, care={1: WILD})
    assert "script" not in page.tags
    assert page.text.count(WILD) >= 4
    assert WILD in read(card=card, cards={"x": card}, turns=()).text


def test_an_empty_conversation_offers_everybody_and_a_greeting() -> None:
    page = read(conversation="")
    assert page.acts.count("pick") == len(CARDS)
    assert CARD.greeting in page.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reply": "", "finish": ""}, "답이 끊겼어요"),
        ({"reply": "", "finish": "failed"}, "답을 받지 못했어요"),
        ({"reply": "", "finish": "stopped"}, "답하기 전에 멈췄어요"),
        ({"finish": "stopped"}, "여기서 멈췄어요"),
        ({"finish": "length"}, "길어져서 여기까지만 말했어요"),
        ({"origin": "fallback"}, "미리 적어 둔 말이에요"),
    ],
)
def test_a_turn_says_how_it_ended(changes: dict[str, str], words: str) -> None:
    page = read(replace(TURN, **changes))
    assert any(words in text for text in page.text)
    assert "retry" in page.acts


def test_a_turn_that_is_being_answered_offers_nothing_yet() -> None:
    page = read(replace(TURN, reply="", finish=""), answering=True)
    assert "open" in page.classes
    assert "retry" not in page.acts


def test_only_the_last_turn_can_be_taken_back() -> None:
    assert read(TURN, replace(TURN, id=2)).acts.count("undo") == 1


def test_the_pager_leads_to_the_neighbours() -> None:
    html = render_thread(view(replace(TURN, id=5, siblings=(3, 5, 9))))
    assert 'data-to="3"' in html
    assert 'data-to="9"' in html
    assert "2/3" in html
    assert "pager" not in read(TURN).classes


def test_what_left_the_window_is_grey_above_a_line() -> None:
    turns = [replace(TURN, id=n) for n in range(1, 6)]
    page = read(*turns, window=Window(100, 60, 2, 3))
    assert page.classes.count("gone") == 3
    assert page.text.count("여기부터 유희지희가 기억해요") == 1
    assert "divider" not in read(*turns, window=Window(100, 60, 5, 0)).classes


def test_a_long_conversation_shows_its_newest_turns() -> None:
    turns = [replace(TURN, id=n, user=f"말 {n}") for n in range(1, 101)]
    page = read(*turns, limit=60)
    assert "earlier" in page.acts
    assert "말 40" not in page.text
    assert "말 41" in page.text
    assert CARD.greeting not in page.text


def test_the_growing_turn_has_the_markup_of_a_kept_one() -> None:
    kept, growing = Reader(render_thread(view(TURN))), Reader(render_blank(CARD, "ko"))
    for part in ("me", "her", "said", "name", "bubble", "words", "under", "face"):
        assert part in kept.classes
        assert part in growing.classes


@pytest.mark.parametrize(
    ("mood", "reason", "words"),
    [(1, "ㅠㅠ", "ㅠㅠ → 슬픔"), (0, "", ""), (2, "given", "직접 고름 → 기쁨"), (1, "", "슬픔")],
)
def test_the_reason_of_a_mood(mood: int, reason: str, words: str) -> None:
    assert mood_words(mood, reason, "ko") == words
