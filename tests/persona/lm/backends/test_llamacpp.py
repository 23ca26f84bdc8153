"""llama.cpp answers in ids, quickly, and to nobody but us."""

import random
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from persona.lm.backends.llamacpp import open_model, slots_that_fit
from persona.lm.gguf import cached_gguf
from persona.lm.protocol import Backend, EngineError, ModelSpec, Sampling
from persona.lm.weights import Shape
from tests.persona.lm.conftest import VOCABULARY

GREEDY = Sampling(temperature=0, max_new_tokens=20)
LEAST_AGREEMENT = 0.9


@pytest.fixture(scope="module")
def eight_bits(tiny: Path, cache: Path) -> Iterator[Backend]:
    backend = open_model(ModelSpec(folder=tiny, cache_dir=cache))
    yield backend
    backend.close()


def test_eight_bits_nearly_always_agree_on_the_likeliest(
    eight_bits: Backend, reference: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(0)
    texts = [[chance.randrange(VOCABULARY) for _ in range(2 + n % 30)] for n in range(120)]
    agree = sum(eight_bits.top(ids, 1)[0][0] == reference.top(ids, 1)[0][0] for ids in texts)
    with capsys.disabled():
        print(f"\n8-bit top-1 agreement on random weights: {agree}/{len(texts)}")
    assert agree / len(texts) >= LEAST_AGREEMENT


def test_the_next_turn_computes_only_what_is_new(
    eight_bits: Backend, tiny: Path, cache: Path
) -> None:
    first = list(range(20, 70))
    second = [*first, *eight_bits.generate(first, GREEDY), 7, 8, 9]
    stream = eight_bits.generate(second, GREEDY)
    reply = list(stream)
    assert stream.cached >= len(second) - 5
    fresh = open_model(ModelSpec(folder=tiny, cache_dir=cache))
    stream = fresh.generate(second, GREEDY)
    assert (list(stream), stream.cached) == (reply, 0)
    fresh.close()


def test_a_visitor_who_leaves_frees_the_only_slot(slow: Path, cache: Path) -> None:
    backend = open_model(ModelSpec(folder=slow, cache_dir=cache, slots=1))
    endless = backend.generate([1, 2, 3], replace(GREEDY, max_new_tokens=1000))
    next(endless)
    waiting = backend.generate([4, 5, 6], GREEDY)
    endless.close()
    assert len(list(waiting)) == 20
    backend.close()


def test_one_who_waits_and_leaves_takes_no_slot(slow: Path, cache: Path) -> None:
    backend = open_model(ModelSpec(folder=slow, cache_dir=cache, slots=1))
    first = backend.generate([1, 2, 3], replace(GREEDY, max_new_tokens=200))
    for _ in range(20):
        backend.generate([4, 5, 6], replace(GREEDY, max_new_tokens=1000)).close()
    last = backend.generate([7, 8], GREEDY)
    assert len(list(first)) == 200
    assert len(list(last)) == 20
    backend.close()


@pytest.mark.parametrize(
    ("width", "layers", "slots"), [(256, 6, 8), (768, 12, 4), (1280, 36, 1), (1600, 48, 1)]
)
def test_a_larger_model_gets_fewer_slots(width: int, layers: int, slots: int) -> None:
    sizes = {"width": width, "layers": layers, "heads": 1, "inner": 4 * width, "epsilon": 1e-5}
    shape = Shape(vocabulary=51200, positions=1024, tied=True, **sizes)
    assert slots_that_fit(8, shape, number_bytes=2) == slots
    assert slots_that_fit(1, shape, number_bytes=2) == 1


@pytest.fixture
def own_interrupts() -> Iterator[None]:
    """Interrupts as Python has them; whoever started the tests may have had them ignored."""
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, kept)


@pytest.mark.usefixtures("own_interrupts")
def test_interrupts_stay_ours(tiny: Path, cache: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    backend = open_model(ModelSpec(folder=tiny, cache_dir=cache))
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert before == after
    assert len(list(backend.generate([1], GREEDY))) == 20
    backend.close()


def listening_ports() -> set[int]:
    """Find the ports of 127.0.0.1 that this process listens on."""
    files = Path("/proc/self/fd").iterdir()
    sockets = {str(file.readlink()) for file in files if file.is_symlink()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [row for row in rows if f"socket:[{row[9]}]" in sockets and row[3] == "0A"]
    return {int(row[1].rpartition(":")[2], 16) for row in ours}


@pytest.mark.usefixtures("eight_bits")
def test_nobody_else_can_ask_it() -> None:
    ports = listening_ports()
    assert ports
    codes = set()
    for port in ports:
        # Other tests may have a server in this process too; none may answer a question.
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/slots", timeout=5)
        codes.add(refused.value.code)
    assert 401 in codes


@pytest.mark.parametrize(
    ("field", "value", "instead"), [("device", "cuda", "torch"), ("precision", "bf16", "torch")]
)
def test_what_it_cannot_open_names_who_can(
    tiny: Path, cache: Path, field: str, value: str, instead: str
) -> None:
    spec = replace(ModelSpec(folder=tiny, cache_dir=cache), **{field: value})
    with pytest.raises(EngineError, match=f"choose {instead}"):
        open_model(spec)


@pytest.mark.parametrize("harm", [b"GGUF", b"", b"nothing of the kind"])
def test_a_damaged_file_is_made_again(tiny: Path, tmp_path: Path, harm: bytes) -> None:
    path = cached_gguf(tiny, tmp_path, "q8_0")
    path.write_bytes(harm)
    backend = open_model(ModelSpec(folder=tiny, cache_dir=tmp_path))
    assert len(list(backend.generate([1, 2], GREEDY))) == 20
    backend.close()


def test_a_file_cut_short_is_made_again(tiny: Path, tmp_path: Path) -> None:
    path = cached_gguf(tiny, tmp_path, "q8_0")
    path.write_bytes(path.read_bytes()[:-5000])
    backend = open_model(ModelSpec(folder=tiny, cache_dir=tmp_path))
    assert len(list(backend.generate([1, 2], GREEDY))) == 20
    backend.close()
