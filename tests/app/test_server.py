"""Health is told honestly, strangers are kept apart, and a taken port is a sentence."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from app.commands.serve import listen
from app.errors import AppError
from app.room import LOCAL_VISITOR, VISITOR_COOKIE, Room
from app.server import VisitorCookie, create_app
from app.settings import Settings
from tests.app.fake_engine import FakeEngine
from tests.app.tiny_checkpoint import make_checkpoint


@dataclass
class Asking:
    """A request with cookies."""

    cookies: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def room(folder: Path, tmp_path: Path) -> Iterator[Room]:
    settings = Settings(
        model=str(folder), data_dir=tmp_path, cache_dir=tmp_path / "cache", recall=False
    )
    made = Room(settings)
    made.model.engine = FakeEngine(made.checkpoint.template.tokens)  # type: ignore[assignment]
    yield made
    made.close()


def test_health_follows_the_engine(room: Room) -> None:
    client = TestClient(create_app(room))
    room.engine.state = "loading"
    assert client.get("/healthz").status_code == 503
    assert client.get("/healthz").json() == {"status": "loading"}
    room.engine.state = "failed: 안 돼요"
    assert client.get("/healthz").json() == {"status": "failed"}
    room.engine.state = "ready"
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "model": room.checkpoint.name, "backend": "fake"}


def test_health_tells_of_a_model_that_loads_beside(room: Room) -> None:
    client = TestClient(create_app(room))
    engine = FakeEngine(room.checkpoint.template.tokens, state="loading")
    other = replace(room.checkpoint, name="someone/next")
    room.models.coming = replace(room.model, checkpoint=other, engine=engine)  # type: ignore[arg-type]
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "model": room.checkpoint.name,
        "backend": "fake",
        "loading": "someone/next",
    }
    room.engine.state = "failed: 안 돼요"
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "loading", "loading": "someone/next"}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "jjinchin.localhost"])
def test_this_machines_names_open_the_page(room: Room, host: str) -> None:
    client = TestClient(create_app(room, only_here=True), base_url=f"http://{host}:7860")
    assert client.get("/config").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.0.9", ""])
def test_another_name_that_points_here_opens_nothing(room: Room, host: str) -> None:
    client = TestClient(create_app(room, only_here=True))
    answer = client.get("/config", headers={"host": host})
    assert answer.status_code == 403
    assert "localhost" in answer.text
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_the_page_is_there(room: Room) -> None:
    assert "gradio" in TestClient(create_app(room)).get("/").text


def test_at_home_there_is_one_visitor(room: Room) -> None:
    assert room.visitor(Asking({VISITOR_COOKIE: "someone"})) == LOCAL_VISITOR


def test_strangers_are_told_apart_by_a_cookie(room: Room) -> None:
    room.settings = replace(room.settings, public=True)
    app = FastAPI()
    app.add_middleware(VisitorCookie)

    @app.get("/who")
    def who(request: Request) -> str:
        return room.visitor(request)

    one, other = TestClient(app), TestClient(app)
    for client in (one, other):
        first = client.get("/who")
        assert "HttpOnly" in first.headers["set-cookie"]
        assert "set-cookie" not in client.get("/who").headers
    assert one.get("/who").json() == f"guest:{one.cookies[VISITOR_COOKIE]}"
    assert one.get("/who").json() != other.get("/who").json()


@pytest.mark.parametrize("name", ["", LOCAL_VISITOR, "../x", "가" * 32, "a" * 33])
def test_a_made_up_cookie_opens_nobodys_talks(room: Room, name: str) -> None:
    room.settings = replace(room.settings, public=True)
    with pytest.raises(AppError):
        room.visitor(Asking({VISITOR_COOKIE: name}))


def test_a_strangers_odd_cookies_do_not_hide_ours(room: Room) -> None:
    room.settings = replace(room.settings, public=True)
    app = FastAPI()
    app.add_middleware(VisitorCookie)

    @app.get("/who")
    def who(request: Request) -> str:
        return room.visitor(request)

    mine = "m" * 32
    headers = {"cookie": f'prefs={{"a":1}}; {VISITOR_COOKIE}={mine}'}
    answer = TestClient(app).get("/who", headers=headers)
    assert answer.json() == f"guest:{mine}"
    assert "set-cookie" not in answer.headers
    empty = TestClient(app).get("/who", headers={"cookie": f"{VISITOR_COOKIE}="})
    assert "set-cookie" in empty.headers


def test_a_taken_port_says_which_to_try() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AppError, match=f"--port {port + 1}"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "999.1.1.1"])
def test_an_address_that_is_not_ours_is_a_sentence(host: str) -> None:
    with pytest.raises(AppError, match="열 수 없어요"):
        listen(host, 7860)
