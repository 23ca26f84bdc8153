"""Looks at one thing each, loads no model and changes nothing; what `doctor` tells."""

import ctypes.util
import importlib.metadata
import os
import platform
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from app.errors import AppError
from app.migrations import explain
from app.settings import Settings
from persona.errors import PersonaError
from persona.lm.protocol import EngineError

GOOD, WORSE, MISSING = "good", "worse", "missing"
ROOT = Path(__file__).parent.parent
LEAST_FREE_MB = 500
# Without these there is nobody to talk to; without the others something is done in another way.
NEEDED = {"gradio", "fastapi", "uvicorn", "tokenizers", "safetensors", "numpy"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one thing is, in a line for the visitor and in values for a program."""

    state: str
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)


def judge(check: Callable[[Settings], Verdict], settings: Settings) -> Verdict:
    """Make one check; what it stumbles over is what is missing."""
    try:
        return check(settings)
    except (AppError, PersonaError, EngineError) as error:
        return Verdict(MISSING, str(error))
    except ImportError as error:
        return Verdict(MISSING, f"{error.name}: {INSTALL}")


INSTALL = (
    "설치되지 않았어요. `make run` 이나 `pip install -r requirements.txt` 로 설치해 주세요. "
    "(Not installed: `make run`, or `pip install -r requirements.txt`.)"
)


def check_python(_: Settings) -> Verdict:
    """Name Python and the system; an older Python would not have come this far."""
    version, system = platform.python_version(), f"{platform.system()} {platform.machine()}"
    return Verdict(GOOD, f"{version} · {system}", {"version": version, "system": system})


def check_packages(_: Settings) -> Verdict:
    """Look at the packages of requirements.in, without importing any."""
    pinned: dict[str, set[str]] = {}
    for name, version in re.findall(r"(?m)^([\w.-]+)==(\S+)", _read(ROOT / "requirements.txt")):
        pinned.setdefault(name.lower(), set()).add(version)
    there: dict[str, str] = {}
    absent, others = [], []
    for name in re.findall(r"(?m)^([\w.-]+)", _read(ROOT / "requirements.in")):
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            absent.append(name)
            continue
        there[name] = version
        # A build of one's own is named after a plus: 2.13.0+cpu.
        if version.partition("+")[0] not in pinned.get(name.lower(), {version}):
            others.append(f"{name} {version}")
    facts = {"versions": there, "absent": absent}
    if absent:
        state = MISSING if NEEDED & set(absent) else WORSE
        return Verdict(state, f"{', '.join(absent)}: {INSTALL}", facts)
    if others:
        shown = f"시험해 본 판과 달라요 / not the tested versions: {', '.join(others)}"
        return Verdict(WORSE, shown, facts)
    return Verdict(GOOD, ", ".join(f"{name} {version}" for name, version in there.items()), facts)


def check_model(settings: Settings) -> Verdict:
    """Look at the checkpoint: its files, and its size by what their headers say."""
    from app.models import models_dir
    from persona.checkpoint import open_checkpoint
    from persona.lm.weights import expected_shapes, read_shape, weight_files

    checkpoint = open_checkpoint(settings.model, models_dir(settings))
    expected = expected_shapes(read_shape(checkpoint.folder))
    files = weight_files(checkpoint.folder)
    absent = expected.keys() - tensor_names(files) if files[0].suffix == ".safetensors" else set()
    if absent:
        raise PersonaError(
            f"{checkpoint.folder} 가중치에 {min(absent)} 등 {len(absent)}개가 없어요. 체크포인트를 "
            "다시 받아 주세요. (Tensors are missing from the weights: fetch the checkpoint again.)"
        )
    parameters = sum(prod(shape) for shape in expected.values())
    size = sum(path.stat().st_size for path in files)
    facts = {
        "name": checkpoint.name,
        "folder": str(checkpoint.folder),
        "files": [path.name for path in files],
        "bytes": size,
        "parameters": parameters,
        "positions": checkpoint.positions,
        "licence": checkpoint.licence,
    }
    shown = f"{checkpoint.name} · {parameters / 1e6:.1f} M · {size / 1e6:.0f} MB"
    if checkpoint.licence:
        shown += f" · {checkpoint.licence}"
    if not checkpoint.tuned:
        shown += " · 대화를 배우기 전의 모델이에요. (Not taught to chat.)"
    return Verdict(GOOD if checkpoint.tuned else WORSE, shown, facts)


def tensor_names(files: Iterable[Path]) -> set[str]:
    """Give GPT-2's own names of the tensors in safetensors files, by the headers alone."""
    from safetensors import SafetensorError, safe_open

    from persona.lm.weights import PREFIX

    names: set[str] = set()
    for path in files:
        try:
            with safe_open(path, "numpy") as file:
                names |= {name.removeprefix(PREFIX) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise PersonaError(
                f"{path} 파일을 읽을 수 없어요. 체크포인트를 다시 받아 주세요. "
                "(The file cannot be read: fetch the checkpoint again.)"
            ) from error
    return names


def check_backend(settings: Settings) -> Verdict:
    """Find out what would compute her replies, in a process that may die of it."""
    from persona.lm.backends import AUTO, ON_CPU, ON_GPU, without_llamacpp
    from persona.lm.process import child_environment

    command = [sys.executable, "-P", "-c", PROBE, settings.backend, settings.device]
    probe = subprocess.run(
        command, env=child_environment(), capture_output=True, text=True, check=False
    )
    chosen, _, torch_too = probe.stdout.strip().partition(" ")
    if not probe.returncode:
        as_set = "정한 대로 / as set" if settings.backend != AUTO else ""
        on_gpu = "GPU가 있어서 / as there is a GPU"
        why = as_set or (on_gpu if chosen == ON_GPU else "GPU가 없어서 / as there is no GPU")
        return Verdict(GOOD, f"{chosen} · {why}", {"name": chosen, "why": why})
    why = _last_words(probe)
    facts = {"name": None, "why": why}
    if settings.backend == AUTO and chosen == ON_CPU and torch_too:
        return Verdict(WORSE, f"{without_llamacpp()} ({why})", facts | {"name": ON_GPU})
    return Verdict(MISSING, f"{chosen}: {INSTALL} ({why})", facts)


def _last_words(process: "subprocess.CompletedProcess[str]") -> str:
    if process.returncode < 0:
        return signal.Signals(-process.returncode).name
    return process.stderr.strip().rpartition("\n")[2]


def check_device(settings: Settings) -> Verdict:
    """Look for a GPU, without importing torch."""
    cores = f"CPU ×{settings.threads}"
    program = shutil.which("nvidia-smi")
    gpus: list[str] = []
    if program:
        query = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
        try:
            told = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
            gpus = told.stdout.splitlines()
        except (OSError, subprocess.SubprocessError):
            # A driver without a device, or one that hangs: the same as none.
            gpus = []
    facts = {"gpus": gpus, "threads": settings.threads}
    if settings.device == "cuda" and not gpus:
        return Verdict(
            MISSING,
            "JJINCHIN_DEVICE=cuda 인데 GPU가 없어요. auto로 바꿔 주세요. "
            "(There is no GPU: set it to auto.)",
            facts,
        )
    return Verdict(GOOD, " · ".join([cores, *gpus]), facts)


def check_cards(settings: Settings) -> Verdict:
    """Read every card."""
    from app.room import read_cards

    cards = read_cards(settings)
    shown = ", ".join(f"{card.id} ({card.name})" for card in cards.values())
    return Verdict(GOOD, shown, {"names": list(cards)})


def check_data(settings: Settings) -> Verdict:
    """Look at whether the folders can be written, and at the room on their disks."""
    facts: dict[str, object] = {}
    for key, folder in (("data", settings.data_dir), ("cache", settings.cache_dir)):
        there = next(place for place in (folder, *folder.parents) if place.exists())
        free_mb = shutil.disk_usage(there).free // 1_000_000
        facts |= {f"{key}_dir": str(folder), f"{key}_free_mb": free_mb}
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            return Verdict(
                WORSE,
                f"{folder} 에 쓸 수 없어요. JJINCHIN_{key.upper()}_DIR을 다른 폴더로 정해 주세요. "
                "(It cannot be written: choose another folder.)",
                facts,
            )
        if free_mb < LEAST_FREE_MB:
            return Verdict(
                WORSE,
                f"{folder} 디스크에 {free_mb} MB만 남았어요. 공간을 비워 주세요. "
                "(Little room is left on this disk: make some.)",
                facts,
            )
    return Verdict(GOOD, f"{settings.data_dir} · {facts['data_free_mb']:,} MB 남음 / free", facts)


def check_history(settings: Settings) -> Verdict:
    """Look into the history through a connection that only reads."""
    from app.room import HISTORY_FILE

    path = settings.data_dir / HISTORY_FILE
    if not path.exists():
        return Verdict(GOOD, "아직 없어요 / none yet", {"conversations": 0, "turns": 0})
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            whole = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            conversations, turns = db.execute(
                "SELECT (SELECT count(*) FROM conversations WHERE deleted_at IS NULL),"
                " (SELECT count(*) FROM turns)"
            ).fetchone()
    except sqlite3.Error as error:
        # She talks without it as well, and says that she does not keep.
        return Verdict(WORSE, str(explain(error, path)), {"path": str(path)})
    facts = {"path": str(path), "conversations": conversations, "turns": turns}
    if whole != "ok":
        damaged = sqlite3.DatabaseError(whole)
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        return Verdict(WORSE, str(explain(damaged, path)), facts)
    return Verdict(
        GOOD,
        f"대화 {conversations}개, 말 {turns}번 / {conversations} conversations, {turns} turns",
        facts,
    )


def check_face(_: Settings) -> Verdict:
    """Look for libcairo, which only a PNG of her face would need."""
    found = ctypes.util.find_library("cairo")
    shown = "" if found else " · libcairo 없이 / without libcairo"
    return Verdict(GOOD, f"SVG{shown}", {"libcairo": found})


# Says which backend is chosen and whether torch is there, then imports what the backend needs.
PROBE = """
import importlib.util, sys
from pathlib import Path
from persona.lm.backends import choose
from persona.lm.protocol import ModelSpec

_, backend, device = sys.argv
chosen = choose(ModelSpec(Path(), backend, device))
torch = importlib.util.find_spec("torch")
print(chosen, "torch" if torch else "", flush=True)
if chosen == "llamacpp":
    import xllamacpp
elif not torch:
    raise ImportError("torch")
"""

CHECKS: dict[str, tuple[str, Callable[[Settings], Verdict]]] = {
    "python": ("파이썬 Python", check_python),
    "packages": ("패키지 packages", check_packages),
    "model": ("모델 model", check_model),
    "backend": ("엔진 backend", check_backend),
    "device": ("장치 device", check_device),
    "personas": ("페르소나 personas", check_cards),
    "folders": ("폴더 folders", check_data),
    "history": ("대화 기록 history", check_history),
    "face": ("얼굴 face", check_face),
}


def _read(path: Path) -> str:
    """Give a file of the project; an installation without it has nothing to compare with."""
    return path.read_text(encoding="utf-8") if path.exists() else ""
