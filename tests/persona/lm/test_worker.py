"""The engine's process speaks its lines and nothing else, and goes when nobody listens."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from persona.lm.process import child_environment, python_command
from persona.lm.protocol import ModelSpec, Sampling
from persona.lm.worker import read_sampling, read_spec, write_spec

LONG = Sampling(temperature=5.0, top_k=0, top_p=1.0, max_new_tokens=500)
# The pipe as file 1 is given away at the start; from then on native code prints to it.
NOISY = """
import os, threading, time
from persona.lm import worker
def shout():
    time.sleep(0.3)
    for _ in range(200):
        os.write(1, b"native code prints what it likes\\n")
        time.sleep(0.01)
threading.Thread(target=shout, daemon=True).start()
worker.main()
"""


class Talk:
    """A worker, asked by hand."""

    def __init__(self, spec: ModelSpec, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
        )
        self.write(write_spec(spec))

    def write(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def ask(self, **message: Any) -> None:
        self.write(json.dumps(message).encode() + b"\n")

    def lines(self) -> Iterator[dict[str, Any]]:
        assert self.process.stdout
        return map(json.loads, self.process.stdout)

    def until(self, key: str) -> list[dict[str, Any]]:
        heard = []
        for message in self.lines():
            heard.append(message)
            if key in message:
                return heard
        raise AssertionError(f"ended without {key}: {heard}")


@pytest.fixture
def talk(slow: Path, cache: Path) -> Iterator[Talk]:
    spec = ModelSpec(folder=slow, backend="llamacpp", cache_dir=cache)
    conversation = Talk(spec, python_command("persona.lm.worker"))
    yield conversation
    conversation.process.kill()
    conversation.process.wait()


def test_specs_and_samplings_cross_over() -> None:
    spec = ModelSpec(folder=Path("/찐 친"), threads=3)
    assert read_spec(write_spec(spec)) == spec
    assert read_spec(write_spec(ModelSpec(Path("a"), cache_dir=Path("b")))).cache_dir == Path("b")
    sampling = Sampling(end_ids=(1, 2), seed=4)
    assert read_sampling(json.loads(json.dumps(asdict(sampling)))) == sampling


def test_questions_asked_before_it_is_ready_are_answered(talk: Talk) -> None:
    talk.ask(id=1, do="top", ids=[1, 2], k=2)
    heard = talk.until("value")
    assert any("opening" in message for message in heard)
    assert any(message.get("ready") == "llamacpp" for message in heard)
    assert len(heard[-1]["value"]) == 2


def test_what_cannot_be_done_is_an_error_of_that_question(talk: Talk) -> None:
    talk.ask(id=1, do="generate", ids=[1], sampling=asdict(Sampling(beams=2)))
    assert "beams" in talk.until("error")[-1]["error"]
    talk.ask(id=2, do="generate", ids=[1], sampling={"temperature": "hot", "end_ids": []})
    assert "temperature" in talk.until("error")[-1]["error"]
    talk.ask(id=3, do="score", ids=[1, 2])
    assert len(talk.until("value")[-1]["value"]) == 1


def test_one_who_leaves_early_is_let_go(talk: Talk) -> None:
    talk.ask(id=1, do="generate", ids=[1], sampling=asdict(LONG))
    talk.ask(id=1, do="leave")
    heard = talk.until("finish")
    assert heard[-1]["finish"] == "stopped"
    talk.ask(id=2, do="generate", ids=[1], sampling=asdict(LONG))
    assert "cached" in talk.until("token")[-1]
    talk.ask(id=2, do="leave")
    heard = talk.until("finish")
    assert heard[-1]["finish"] == "stopped"
    assert len(heard) < 500
    talk.ask(id=99, do="leave")


def test_it_goes_when_nobody_asks_any_more(talk: Talk) -> None:
    talk.ask(id=1, do="generate", ids=[1], sampling=asdict(LONG))
    talk.until("token")
    assert talk.process.stdin
    talk.process.stdin.close()
    assert talk.process.wait(10) == 0


def test_prints_of_native_code_do_not_reach_the_pipe(slow: Path, cache: Path) -> None:
    spec = ModelSpec(folder=slow, backend="llamacpp", cache_dir=cache)
    talk = Talk(spec, [sys.executable, "-c", NOISY])
    talk.until("ready")
    for number in range(2):
        talk.ask(id=number, do="generate", ids=[1], sampling=asdict(LONG))
        assert all("finish" in m or "token" in m for m in talk.until("finish"))
    talk.process.kill()
    talk.process.wait()


def test_what_went_wrong_while_loading_is_its_last_line(tmp_path: Path) -> None:
    talk = Talk(ModelSpec(folder=tmp_path), python_command("persona.lm.worker"))
    assert "config.json cannot be read" in talk.until("failed")[-1]["failed"]
    assert talk.process.wait(10) == 1
