"""Measures how soon `python -m app` is well, and the memory it takes."""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from app.errors import AppError
from bench.tables import show

LIMIT_S = 60


def run(arguments: argparse.Namespace) -> None:
    """Start the page several times, the files being warm, and print the figures."""
    with TemporaryDirectory() as folder:
        own = {"JJINCHIN_DATA_DIR": f"{folder}/data", "JJINCHIN_CACHE_DIR": f"{folder}/cache"}
        environ = {**os.environ, **own, "JJINCHIN_MODEL": arguments.model}
        start(environ)  # makes the GGUF file and warms the disk
        found = [start(environ) for _ in range(arguments.runs)]
    figures = {
        "model": arguments.model,
        "runs": arguments.runs,
        "healthz_ok_s": round(median(s for s, _ in found), 2),
        "gradio_import_s": round(median(import_s("gradio") for _ in range(3)), 2),
        "memory_mb": round(median(m for _, m in found), 1),
    }
    show("start", figures, arguments.json)


def start(environ: dict[str, str]) -> tuple[float, float]:
    """Start the page; give seconds until /healthz says ok, and the PSS of all its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    words = [sys.executable, "-m", "app", "--port", str(port)]
    with subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL) as page:
        try:
            while not _is_well(port):
                if page.poll() is not None or time.perf_counter() - began > LIMIT_S:
                    raise AppError("the page did not start; `python -m app` says why")
                time.sleep(0.02)
            seconds = time.perf_counter() - began
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
                answer.read()
            return seconds, sum(pss_mb(pid) for pid in family(page.pid))
        finally:
            page.terminate()


def import_s(module: str) -> float:
    """Give the seconds that a module takes to import in a new process."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def family(pid: int) -> list[int]:
    """Give a process and all below it (Linux)."""
    found = [pid]
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            found += family(int(child))
    return found


def pss_mb(pid: int) -> float:
    """Give a process's share of memory: its own, and its part of what it shares (Linux)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _is_well(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            status: Any = json.load(answer)["status"]
            return bool(status == "ok")
    except OSError:
        return False
