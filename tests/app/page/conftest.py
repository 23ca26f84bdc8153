"""A server with a room whose engine is known, a browser, and the page in it."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, Request, expect, sync_playwright

from app.history import History
from app.room import Room
from app.server import create_app
from app.settings import Settings
from tests.app.fake_engine import FakeEngine
from tests.app.page.visit import Pace
from tests.app.tiny_checkpoint import make_checkpoint

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
]
SLOW_MS = 30_000
expect.set_options(timeout=SLOW_MS)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Room, str]]:
    """One room and its page, served for all tests."""
    place = tmp_path_factory.mktemp("room")
    model = make_checkpoint(place / "tiny")
    room = Room(Settings(model=str(model), data_dir=place, cache_dir=place / "cache", recall=False))
    # The engine is a fake, so the window may be wider than the tiny model's.
    room.model.checkpoint = replace(room.checkpoint, positions=1024)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(room), log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    yield room, f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    """One browser for a file of tests; it keeps what it has loaded, which is most of the waiting.

    It is not kept for longer: while it runs, nothing else in this thread can run an event loop.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        context = browser.new_context(locale="ko-KR", timezone_id="Asia/Seoul")
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(SLOW_MS)
        yield context
        browser.close()


@pytest.fixture
def pace() -> Iterator[Pace]:
    """How fast she speaks."""
    pace = Pace()
    yield pace
    pace.go_on.set()


@pytest.fixture
def room(served: tuple[Room, str], pace: Pace, tmp_path: Path) -> Iterator[Room]:
    """The room as if nobody had been there."""
    room = served[0]
    room.notices.clear()
    room.history = History(tmp_path / "history.sqlite3")
    engine = FakeEngine(room.checkpoint.template.tokens, on_id=pace)
    room.model.engine = engine  # type: ignore[assignment]
    first = room.model
    yield room
    room.models.close()
    room.models.current = first


@pytest.fixture
def engine(room: Room) -> FakeEngine:
    """Her voice: what she is told to say."""
    assert isinstance(room.engine, FakeEngine)
    return room.engine


@pytest.fixture
def wrong() -> list[str]:
    """What went wrong in the browser; a test that means it to empties the list."""
    return []


@pytest.fixture
def visit(
    context: BrowserContext, served: tuple[Room, str], room: Room, pace: Pace, wrong: list[str]
) -> Iterator[Callable[..., Page]]:
    """Opens the page; at the end no request has left the server and nothing went wrong."""
    url = served[1]

    def watch(page: Page) -> None:
        def asked(request: Request) -> None:
            if not request.url.startswith((url, "data:", "blob:")):
                wrong.append(f"asked another host: {request.url}")

        page.on("request", asked)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda m: m.type == "error" and wrong.append(f"console: {m.text}"))

    def visit(place: str = "") -> Page:
        page = context.new_page()
        watch(page)
        page.goto(url + place)
        page.wait_for_selector("#jj-announce", state="attached")
        # Keys that are pressed before the box opens go nowhere.
        page.wait_for_selector("#jj-composer textarea:enabled")
        return page

    yield visit
    pace.go_on.set()
    for page in context.pages:
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.close()
    assert wrong == []


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    """The page, just opened."""
    return visit()
