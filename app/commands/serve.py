"""Serves the page; what `python -m app` does without any word."""

import argparse
import socket
import sys

from app.errors import AppError
from app.settings import Settings, check_host, is_loopback

PURPOSE = "serve the page (the default)"
LEAVE_S = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (7860)")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Start the engine, then the page while the model loads."""
    check_host(arguments.host, settings)
    listening = listen(arguments.host, arguments.port)
    from app.room import Room

    room = Room(settings)
    room.start()
    # Gradio takes seconds to import; by now the model is loading in its own process.
    import uvicorn

    from app.server import create_app

    only_here = is_loopback(arguments.host) and not (settings.public or settings.auth)
    app = create_app(room, only_here=only_here)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=LEAVE_S)
    shown = "localhost" if arguments.host in ("127.0.0.1", "::1") else arguments.host
    port = listening.getsockname()[1]
    print(f"찐친이 기다려요 → http://{shown}:{port}  (Ctrl+C로 끝내기 / to stop)", flush=True)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        room.close()
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow is done, or say what to do when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        raise AppError(
            f"{host}:{port} 에서 열 수 없어요. 이미 쓰고 있다면 다른 포트로 열어 보세요: "
            f"--port {min(port + 1, 65535)} (Cannot listen on {host}:{port}; if it is taken, try "
            f"another port: {error})"
        ) from error
    return listening
