"""One Enter sends one message, with every Korean keyboard."""

import pytest
from playwright.sync_api import Page, expect

from app.room import Room
from tests.app.fake_engine import FakeEngine
from tests.app.page.visit import BOX, HERS, kept, mine, send

pytestmark = pytest.mark.browser


class Keyboard:
    """A Korean keyboard: what it composes, and what browsers report while it does."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._cdp = page.context.new_cdp_session(page)
        page.focus(BOX)

    def compose(self, *steps: str) -> None:
        for text in steps:
            self._cdp.send(
                "Input.imeSetComposition",
                {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
            )

    def commit(self, text: str) -> None:
        self._cdp.send("Input.insertText", {"text": text})

    def enter(self, code: int = 13, *, kind: str = "rawKeyDown", name: str = "Enter") -> None:
        key = {"key": name, "code": "Enter", "windowsVirtualKeyCode": code}
        text = {"text": "\r", "unmodifiedText": "\r"} if kind == "keyDown" else {}
        self._cdp.send("Input.dispatchKeyEvent", {"type": kind, **key, **text})

    def break_line(self) -> None:
        self._cdp.send("Input.dispatchKeyEvent", {"type": "char", "text": "\r", "key": "Enter"})


def on_macos(keys: Keyboard) -> None:
    keys.enter(229)
    keys.commit("하세요")
    keys.enter(kind="keyDown")
    keys.enter(kind="keyUp")


def on_linux(keys: Keyboard) -> None:
    keys.enter(229)
    keys.commit("하세요")
    keys.enter(kind="keyUp")


def on_windows(keys: Keyboard) -> None:
    keys.enter(229, name="Process")
    keys.commit("하세요")
    keys.enter(kind="keyUp")


def on_windows_with_a_line_break(keys: Keyboard) -> None:
    keys.enter(229, name="Process")
    keys.commit("하세요")
    keys.break_line()
    keys.enter(kind="keyUp")


def on_safari(keys: Keyboard) -> None:
    keys.commit("하세요")
    keys.enter(229)
    keys.enter(kind="keyUp")


def without_a_commit(keys: Keyboard) -> None:
    keys.enter(kind="keyDown")
    keys.enter(kind="keyUp")


PLATFORMS = (
    on_macos,
    on_linux,
    on_windows,
    on_windows_with_a_line_break,
    on_safari,
    without_a_commit,
)


def test_one_enter_sends_once_while_a_syllable_is_composed(page: Page, room: Room) -> None:
    keys = Keyboard(page)
    for number, platform in enumerate(PLATFORMS, start=1):
        keys.commit("안녕")
        keys.compose("ㅎ", "하", "하세", "하세요")
        platform(keys)
        expect(page.locator(HERS)).to_have_count(number)
        page.wait_for_timeout(300)
        assert mine(page) == kept(room) == ["안녕하세요"] * number, platform.__name__
        expect(page.locator(BOX)).to_have_value("")
        expect(page.locator(BOX)).to_be_focused()


def test_the_next_enter_works_at_once(page: Page, room: Room) -> None:
    keys = Keyboard(page)
    for number, words in enumerate(("하나", "둘"), start=1):
        keys.compose(words)
        keys.enter(229)
        keys.commit(words)
        keys.enter(kind="keyUp")
        expect(page.locator(HERS)).to_have_count(number)
        expect(page.locator("body.jj-busy")).to_have_count(0)
    assert kept(room) == ["하나", "둘"]


def test_enter_that_picks_a_japanese_candidate_does_not_send(page: Page) -> None:
    keys = Keyboard(page)
    keys.compose("にほん", "日本")
    keys.enter(229)
    keys.commit("日本")
    keys.enter(kind="keyUp")
    page.wait_for_timeout(400)
    expect(page.locator(BOX)).to_have_value("日本")
    page.press(BOX, "Enter")
    expect(page.locator(HERS)).to_have_count(1)


def test_shift_enter_breaks_the_line(page: Page) -> None:
    page.fill(BOX, "첫째 줄")
    page.press(BOX, "Shift+Enter")
    page.keyboard.type("둘째 줄")
    expect(page.locator(BOX)).to_have_value("첫째 줄\n둘째 줄")
    page.press(BOX, "Enter")
    expect(page.locator(HERS)).to_have_count(1)
    assert mine(page) == ["첫째 줄\n둘째 줄"]


def test_a_held_or_hasty_enter_sends_one_message(page: Page, room: Room) -> None:
    page.fill(BOX, "한 번만")
    for _ in range(3):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(page.locator(HERS)).to_have_count(1)
    assert kept(room) == ["한 번만"]


def test_nothing_is_not_sent(page: Page, engine: FakeEngine) -> None:
    for nothing in ("", "   ", "\n \n", "\u200b\u200b", "\ufeff"):
        send(page, nothing)
    page.wait_for_timeout(150)
    assert engine.asked == []
    assert page.locator("#jj-live .turn").count() == 0
