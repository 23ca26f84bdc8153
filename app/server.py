"""One FastAPI application: health, the visitor's cookie, and the page mounted in it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.page import build_page, page_options
from app.room import VISITOR_COOKIE, VISITOR_NAME, Room
from app.settings import is_loopback
from app.turn import take_turn

HEALTH = "/healthz"


def create_app(room: Room, *, only_here: bool = False) -> FastAPI:
    """Build the application around a room that has been started.

    With `only_here` it answers to this machine's own names alone.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        room.close()

    api = FastAPI(title="찐친 (Jjinchin)", docs_url=None, redoc_url=None, lifespan=lifespan)

    @api.get(HEALTH)
    def healthz() -> JSONResponse:
        """Say whether she can answer."""
        state, coming = room.engine.state, room.models.coming
        # While another model loads beside the one she has, she can answer as well as before.
        about = {"loading": coming.checkpoint.name} if coming else {}
        if state == "ready":
            about |= {"model": room.checkpoint.name, "backend": room.engine.backend}
            return JSONResponse({"status": "ok", **about})
        status = "loading" if state == "loading" or coming else "failed"
        return JSONResponse({"status": status, **about}, status_code=503)

    if only_here:
        api.add_middleware(HostGuard)
    if room.settings.public:
        api.add_middleware(VisitorCookie)
    mounted: FastAPI = gr.mount_gradio_app(
        api, build_page(room, take_turn), path="/", auth=room.settings.auth, **page_options()
    )
    return mounted


class HostGuard:
    """Refuses names that are not this machine's.

    A page elsewhere can make its own name point here (DNS rebinding), and would then read the
    visitor's talks with the visitor's browser.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a sentence."""
        if scope["type"] not in ("http", "websocket") or scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        host = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname or ""
        if host == "localhost" or host.endswith(".localhost") or is_loopback(host):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse(
            f"'{host}' 주소로는 열 수 없어요. http://localhost 로 열거나 JJINCHIN_AUTH를 정해 "
            "주세요. (Not this machine's name: open http://localhost, or set JJINCHIN_AUTH.)",
            status_code=403,
        )
        await refusal(scope, receive, send)


class VisitorCookie:
    """Gives every browser a secret name of its own, so that strangers' talks are kept apart."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set the cookie on the first answer to a browser that has none."""
        if scope["type"] != "http" or self._given(scope):
            await self._app(scope, receive, send)
            return
        name = secrets.token_urlsafe(24)
        cookie = f"{VISITOR_COOKIE}={name}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
            await send(message)

        # This request has the name already, so that its answer is the same visitor's.
        headers = [*scope["headers"], (b"cookie", f"{VISITOR_COOKIE}={name}".encode())]
        await self._app({**scope, "headers": headers}, receive, send_with_cookie)

    def _given(self, scope: Scope) -> bool:
        name = Request(scope).cookies.get(VISITOR_COOKIE, "")
        return bool(VISITOR_NAME.match(name))
