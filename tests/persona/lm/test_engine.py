"""The engine answers from a process of its own, and outlives it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from persona.lm.engine import Engine, InProcess
from persona.lm.process import child_environment
from persona.lm.protocol import Backend, EngineError, ModelSpec, Sampling
from tests.persona.lm.conftest import VOCABULARY
from tests.persona.lm.fake_backend import FakeBackend

GREEDY = Sampling(temperature=0, max_new_tokens=15)
LONG = Sampling(temperature=5.0, top_k=0, top_p=1.0, max_new_tokens=900)
READY_S = 60
SLOTS = 8


@pytest.fixture(scope="module")
def spec(slow: Path, cache: Path) -> ModelSpec:
    return ModelSpec(folder=slow, backend="llamacpp", device="cpu", slots=SLOTS, cache_dir=cache)


@pytest.fixture(scope="module")
def engine(spec: ModelSpec) -> Iterator[Engine]:
    with Engine(spec) as engine:
        engine.wait_ready(READY_S)
        yield engine


def test_it_says_what_it_is(engine: Engine) -> None:
    assert (engine.state, engine.progress, engine.notices) == ("ready", "", [])
    assert (engine.backend, engine.device, engine.n_positions) == ("llamacpp", "cpu", 1024)
    assert engine.pid != os.getpid()


def test_it_answers_as_the_backend_would(tiny: Path, cache: Path, backend: Backend) -> None:
    spec = ModelSpec(folder=tiny, backend=backend.name, precision="f32", cache_dir=cache)
    here = InProcess(backend)
    with Engine(spec) as engine:
        ids = [5, 6, 7]
        reply, expected = engine.generate(ids, GREEDY), here.generate(ids, GREEDY)
        assert list(reply) == list(expected)
        assert reply.finish == expected.finish == "length"
        assert engine.score(ids) == pytest.approx(here.score(ids), abs=1e-5)
        assert [t for t, _ in engine.top(ids, 3)] == [t for t, _ in here.top(ids, 3)]


def test_what_was_computed_before_is_counted(engine: Engine) -> None:
    first = list(range(40, 100))
    list(engine.generate(first, GREEDY))
    reply = engine.generate([*first, 1, 2, 3], GREEDY)
    next(reply)
    assert reply.cached >= len(first)
    reply.close()


@contextmanager
def witness(engine: Engine) -> Iterator[list[int]]:
    """Take one slot for long, and give the ids that have come so far: they are the clock."""
    reply, seen = engine.generate([1], LONG), []
    seen.append(next(reply))
    reader = threading.Thread(target=lambda: seen.extend(reply))
    reader.start()
    try:
        yield seen
    finally:
        reply.close()
        reader.join()


def test_leaving_stops_it(engine: Engine) -> None:
    with witness(engine) as seen:
        others = [engine.generate([n], LONG) for n in range(SLOTS - 1)]
        assert all(next(reply) >= 0 for reply in others)
        left = others[0]
        left.close()
        assert left.finish == "stopped"
        assert list(left) == []
        next(engine.generate([1], GREEDY))  # in the only slot that can be free by now
        assert len(seen) < LONG.max_new_tokens  # the witness talks on
        for reply in others:
            reply.close()


def test_those_who_leave_make_room(engine: Engine) -> None:
    with witness(engine) as seen:
        for _ in range(SLOTS + 2):  # more than there are slots beside the witness's
            reply = engine.generate([1], LONG)
            next(reply)
            reply.close()
        assert len(list(engine.generate([1], GREEDY))) == 15
        assert len(seen) < LONG.max_new_tokens  # the witness talks on


def test_errors_are_raised_where_the_reply_is_read(engine: Engine) -> None:
    with pytest.raises(EngineError, match="choose reference"):
        list(engine.generate([1], replace(GREEDY, beams=2)))
    with pytest.raises(EngineError, match="no ids"):
        engine.score([])
    with pytest.raises(EngineError, match="There is no id"):
        list(engine.generate([VOCABULARY], GREEDY))
    with pytest.raises(EngineError, match="no room"):
        list(engine.generate([1] * 1024, GREEDY))
    assert engine.state == "ready"


def test_many_at_once_all_get_their_own(engine: Engine) -> None:
    chance = random.Random(1)
    prompts = [[chance.randrange(VOCABULARY) for _ in range(30)] for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda p: list(engine.generate(p, GREEDY)), prompts))
    alone = [list(engine.generate(prompt, GREEDY)) for prompt in prompts]
    assert sum(a == b for a, b in zip(together, alone, strict=True)) >= 15  # but for a tie


def test_a_slow_reader_holds_nobody_up(engine: Engine) -> None:
    slow = [engine.generate([n], replace(LONG, max_new_tokens=200)) for n in range(8)]
    assert len(list(engine.generate([1], GREEDY))) == 15
    assert all(len(list(reply)) > 0 for reply in slow)


def test_a_killed_worker_is_a_sentence_and_then_it_works_again(spec: ModelSpec) -> None:
    with Engine(spec) as engine:
        replies = [engine.generate([n], LONG) for n in range(2)]
        assert all(next(reply) >= 0 for reply in replies)
        first = engine.pid
        assert first
        os.kill(first, signal.SIGKILL)
        for reply in replies:
            with pytest.raises(EngineError, match="SIGKILL"):
                list(reply)
            assert reply.finish == "failed"
        wait_until(lambda: engine.state == "ready")  # before anyone asks again
        assert len(list(engine.generate([1], GREEDY))) == 15
        assert engine.pid not in (None, first)


def test_one_killed_before_it_was_asked_comes_back_when_it_is(spec: ModelSpec) -> None:
    with Engine(spec) as engine:
        engine.wait_ready(READY_S)
        for _ in range(2):  # the one that took its place has not been asked either
            kill_idle(engine)
            assert engine.state.startswith("failed: ")
            assert engine.pid is None
            reply = engine.generate([1], GREEDY)
            assert engine.state == "loading"
            assert len(list(reply)) == 15
            assert engine.state == "ready"
            kill_idle(engine)  # this one was asked
            wait_until(lambda: engine.state == "ready")


def kill_idle(engine: Engine) -> None:
    assert engine.pid
    os.kill(engine.pid, signal.SIGKILL)
    wait_until(lambda: engine.state != "ready")


@pytest.mark.parametrize(
    "end",
    ["os.write(fd, torn); os.kill(os.getpid(), 9)", "os.write(fd, torn + b'\\n'); time.sleep(600)"],
    ids=["dies", "stays"],
)
def test_a_torn_line_is_the_end(
    spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    # The answers' pipe is the only one of the worker's that is none of the standard three.
    (tmp_path / "xllamacpp.py").write_text(f"""
import os, stat, time
torn = b'{{"id": 1, "tok'
for fd in range(3, 50):
    try:
        found = stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError:
        continue
    if found:
        {end}
""")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Engine(spec) as engine:
        reply = engine.generate([1], GREEDY)
        with pytest.raises(EngineError, match="SIGKILL"):
            engine.wait_ready(READY_S)
        with pytest.raises(EngineError, match="SIGKILL"):
            next(reply)
        assert engine.pid is None


def wait_until(condition: object, limit_s: float = 20) -> None:
    ends = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_closing_ends_the_process_and_those_who_wait(spec: ModelSpec) -> None:
    engine = Engine(spec)
    reply = engine.generate([1], LONG)
    next(reply)
    pid = engine.pid
    engine.close()
    with pytest.raises(ProcessLookupError):  # neither alive nor a zombie
        os.kill(pid, 0)
    with pytest.raises(EngineError, match="closed"):
        list(reply)
    with pytest.raises(EngineError, match="closed"):
        engine.generate([1], GREEDY)
    engine.close()


def test_closing_what_never_began_is_nothing(spec: ModelSpec) -> None:
    Engine(spec).close()


def test_a_broken_checkpoint_is_the_state_until_it_is_mended(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with Engine(ModelSpec(folder=folder, cache_dir=tmp_path)) as engine:
        with pytest.raises(EngineError, match="cannot be read"):
            engine.wait_ready(READY_S)
        assert engine.state.startswith("failed: ")
        with pytest.raises(EngineError, match="cannot be read"):
            list(engine.generate([1], GREEDY))
        shutil.copytree(tiny, folder)
        wait_until(lambda: engine.pid is None)
        assert len(list(engine.generate([1], GREEDY))) == 15


def test_waiting_has_an_end(spec: ModelSpec) -> None:
    with Engine(spec) as engine, pytest.raises(EngineError, match="not ready within"):
        engine.wait_ready(0.001)


def test_progress_is_a_sentence_in_two_languages(spec: ModelSpec, tmp_path: Path) -> None:
    seen = set()
    with Engine(replace(spec, cache_dir=tmp_path)) as engine:
        while engine.state == "loading":
            seen.add(engine.progress)
            time.sleep(0.01)
        assert engine.state == "ready"
    assert any("Preparing the model" in sentence for sentence in seen)


@pytest.mark.parametrize("death", ["os.kill(os.getpid(), signal.SIGILL)", "raise ImportError"])
def test_where_llamacpp_does_not_run_torch_answers_and_says_so(
    spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, death: str
) -> None:
    (tmp_path / "xllamacpp.py").write_text(f"import os, signal\n{death}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Engine(replace(spec, backend="auto")) as engine:
        assert len(list(engine.generate([1], GREEDY))) == 15
        assert engine.backend == "torch"
        assert engine.state == "ready"
        (notice,) = engine.notices
        assert "llama.cpp does not run on this machine" in notice


def test_who_asked_for_llamacpp_by_name_gets_no_other(
    spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Engine(spec) as engine, pytest.raises(EngineError, match="SIGILL"):
        engine.wait_ready(READY_S)


def test_the_worker_goes_when_its_parent_is_killed(spec: ModelSpec) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from persona.lm.engine import Engine
from persona.lm.protocol import ModelSpec, Sampling
engine = Engine(ModelSpec(Path(sys.argv[1]), backend="llamacpp", cache_dir=Path(sys.argv[2])))
next(engine.generate([1], Sampling(max_new_tokens=900, temperature=5.0)))
print(engine.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", code, str(spec.folder), str(spec.cache_dir)]
    done = subprocess.run(
        command, env=child_environment(), capture_output=True, check=False, timeout=60
    )
    worker = int(done.stdout)
    wait_until(lambda: is_over(worker))


def is_over(pid: int) -> bool:
    """Say whether a process that is not ours has ended, taken note of or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_the_process_that_asks_loads_nothing_heavy() -> None:
    code = "import persona.lm.engine, sys; print(sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=child_environment(), capture_output=True, check=True
    )
    heavy = {"torch", "transformers", "numpy", "gguf", "xllamacpp", "safetensors", "tokenizers"}
    loaded = done.stdout.decode()
    assert not [name for name in heavy if f"'{name}'" in loaded]


def test_in_process_it_is_asked_in_the_same_words() -> None:
    backend = FakeBackend([5, 6, 7])
    engine = InProcess(backend, ["a notice"])
    assert (engine.state, engine.backend, engine.device) == ("ready", "fake", "cpu")
    assert engine.notices == ["a notice"]
    reply = engine.generate([1, 2], GREEDY)
    assert list(reply) == [5, 6, 7]
    assert (reply.finish, reply.cached) == ("end", 1)
    assert engine.score([1, 2]) == [-1.0]
    assert engine.top([1], 1) == [(5, -1.0)]
    engine.close()
    assert backend.closed
