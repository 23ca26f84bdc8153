"""A hub on this machine: just what huggingface_hub asks of the real one, from a folder."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """One model in a folder; the knobs make the hub behave badly."""

    name: str
    folder: Path
    licence: str | None = None
    gated: bool = False
    status: int = 200
    # How many bytes of a file are sent before the line is cut, once.
    cut_after: int | None = None
    endpoint: str = ""
    # Every file that was fetched, with the byte at which it began.
    fetched: list[tuple[str, int]] = field(default_factory=list)

    def about(self) -> dict[str, object]:
        """What the hub says of the model."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {
            "id": self.name,
            "sha": COMMIT,
            "cardData": {"license": self.licence} if self.licence else {},
            "tags": [],
            "siblings": [
                {"rfilename": path.relative_to(self.folder).as_posix(), "size": path.stat().st_size}
                for path in files
            ],
        }


class HubServer(ThreadingHTTPServer):
    """A web server that stands for one hub."""

    def __init__(self, hub: FakeHub) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = hub


class Handler(BaseHTTPRequestHandler):
    """Answers as the hub does; the hub it speaks for is the server's."""

    protocol_version = "HTTP/1.1"
    server: "HubServer"

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def answer(self, with_body: bool) -> None:
        hub = self.server.hub
        path = urlsplit(self.path).path
        if hub.status != 200:
            self.send(hub.status, b"{}", {}, with_body)
        elif path == f"/api/models/{hub.name}":
            self.send(200, json.dumps(hub.about()).encode(), {}, with_body)
        elif hub.gated:
            self.send(403, b"{}", {"X-Error-Code": "GatedRepo"}, with_body)
        elif path.startswith(f"/{hub.name}/resolve/{COMMIT}/"):
            self.send_file(path.split(f"/{COMMIT}/")[1], with_body)
        else:
            # The real one says 401 to strangers, for what is private and what is not there.
            self.send(401, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)

    def send_file(self, name: str, with_body: bool) -> None:
        body = (self.server.hub.folder / name).read_bytes()
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(body).hexdigest()}"'}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        if with_body:
            self.server.hub.fetched.append((name, start))
        self.send(206 if asked else 200, body[start:], headers, with_body)

    def send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not with_body:
            return
        if self.server.hub.cut_after is not None and len(body) > self.server.hub.cut_after:
            body, self.server.hub.cut_after = body[: self.server.hub.cut_after], None
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve the hub on a port of its own."""

    server = HubServer(hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
