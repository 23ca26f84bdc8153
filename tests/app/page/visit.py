"""What every browser test does: send words, wait for the answer, read what is shown."""

import threading
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from app.room import LOCAL_VISITOR, Room

BOX = "#jj-box textarea"
MINE = "#jj-thread .me .bubble"
HERS = "#jj-thread [data-turn] .her .words"


class Pace:
    """How fast she speaks; held back, she waits before the next piece of a word."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.each_s = 0.0

    def __call__(self, _: int) -> None:
        self.go_on.wait(30)
        time.sleep(self.each_s)

    def hold(self) -> None:
        """Let her not go on."""
        self.go_on.clear()


def send(page: Page, words: str) -> None:
    """Type and press Enter."""
    page.fill(BOX, words)
    page.press(BOX, "Enter")


def say(page: Page, words: str) -> None:
    """Send and wait for the answer to be kept."""
    count = page.locator(HERS).count()
    send(page, words)
    expect(page.locator(HERS)).to_have_count(count + 1)
    expect(page.locator("body.jj-busy")).to_have_count(0)


def mine(page: Page) -> list[str]:
    """Give the visitor's words as the page shows them."""
    return page.locator(MINE).all_text_contents()


def wait_for(reached: Callable[[], bool], limit_s: float = 15) -> None:
    """Wait until something that no page shows has come true."""
    end = time.monotonic() + limit_s
    while not reached():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def kept(room: Room) -> list[str]:
    """Give what the visitor said in the newest conversation, as the history has it."""
    talks = room.history.conversations(LOCAL_VISITOR)
    return [turn.user for turn in room.history.path(LOCAL_VISITOR, talks[0].id)] if talks else []


def finishes(room: Room) -> list[str]:
    """Give how each answer of the newest conversation ended."""
    talk = room.history.conversations(LOCAL_VISITOR)[0]
    return [turn.finish for turn in room.history.path(LOCAL_VISITOR, talk.id)]
