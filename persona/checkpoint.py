"""Finds a checkpoint by name, folder or hub id, and reads what it says of itself."""

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona.errors import PersonaError
from persona.prompt import Template
from persona.tokens import END, Tokens

CHECKPOINTS_FOLDER = Path(__file__).parent.parent / "checkpoints"
HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")
# What is fetched from a hub: never a repository's code.
FETCHED_FILES = ("config.json", "tokenizer.json", "persona.json", "mood.safetensors", "README.md")
WEIGHT_FILES = ("*.safetensors", "*.safetensors.index.json", "pytorch_model.bin")
# What a fetch or a training leaves beside a checkpoint while it writes.
UNFINISHED = (".part", ".old")
UNTUNED = (
    "이 모델은 대화를 배우기 전이라 엉뚱한 답이 많을 수 있어요. `python -m training sft --base`에 "
    "이 모델을 주면 대화를 가르칠 수 있어요. (This model has not been tuned to chat, so expect odd "
    "answers; `python -m training sft --base` tunes it.)"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A checkpoint as it stands in a list: nothing of it has been opened yet."""

    name: str
    folder: Path
    tuned: bool
    licence: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model folder that has been looked over; the weights themselves are the engine's."""

    name: str
    folder: Path
    positions: int
    template: Template
    tuned: bool
    licence: str

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences that whoever talks with this model should see."""
        return () if self.tuned else (UNTUNED,)

    @property
    def end_ids(self) -> tuple[int, ...]:
        """Every control id ends her reply: after `</s>` nothing is hers."""
        tokens = self.template.tokens
        return (tokens.control(END), *(i for i in tokens.control_ids if i != tokens.control(END)))


def open_checkpoint(wanted: str, models_dir: Path) -> Checkpoint:
    """Open a checkpoint by its name here, a folder, or the id of a model fetched before."""
    return open_folder(find_checkpoint(wanted, models_dir), wanted)


def open_folder(folder: Path, wanted: str) -> Checkpoint:
    """Open the checkpoint in a folder under the name that it was asked for by."""
    config = _read_json(folder / "config.json", wanted)
    if config.get("model_type") != "gpt2":
        raise PersonaError(
            f"{wanted} 모델은 GPT-2 계열이 아니에요 ({config.get('model_type')}). KoGPT2 같은 "
            "GPT-2 모델을 골라 주세요. (Not a GPT-2 model; choose one such as KoGPT2.)"
        )
    try:
        positions, vocabulary = int(config["n_positions"]), int(config["vocab_size"])
    except (KeyError, TypeError, ValueError) as error:
        raise PersonaError(
            f"{folder / 'config.json'} 에 n_positions나 vocab_size가 없어요. 체크포인트를 다시 "
            "받아 주세요. (n_positions or vocab_size is missing; fetch the checkpoint again.)"
        ) from error
    tokens = Tokens(folder / "tokenizer.json")
    if len(tokens) > vocabulary:
        raise PersonaError(
            f"{wanted}: 토크나이저의 낱말 {len(tokens)}개가 모델의 {vocabulary}개보다 많아요. "
            "같은 체크포인트의 파일끼리 두세요. (Tokenizer and weights are of different "
            "vocabularies; keep the files of one checkpoint together.)"
        )
    about = folder / "persona.json"
    persona = _read_json(about, wanted) if about.exists() else {}
    if persona.get("tokenizer", tokens.fingerprint) != tokens.fingerprint:
        raise PersonaError(
            f"{wanted}: 이 모델이 배운 토크나이저가 아니에요. 같은 체크포인트의 tokenizer.json을 "
            "다시 두세요. (The model was trained with another tokenizer; put the tokenizer.json of "
            "the same checkpoint back.)"
        )
    return Checkpoint(
        name=wanted,
        folder=folder,
        positions=positions,
        template=Template(tokens, bool(persona.get("header")), bool(persona.get("moods"))),
        tuned=about.exists(),
        licence=_licence(folder, persona),
    )


def list_checkpoints(wanted: str, models_dir: Path) -> list[Listed]:
    """Give ours, the one that is set, and those in the folder of models, newest first.

    A name that several would have is the one's that `find_checkpoint` gives for it.
    """
    found = {path.name: path for path in CHECKPOINTS_FOLDER.glob("*")}
    with suppress(PersonaError):
        found.setdefault(wanted, find_checkpoint(wanted, models_dir))
    for path in models_dir.glob("*"):
        found.setdefault(path.name.replace("--", "/", 1), path)
    listed: dict[Path, tuple[float, Listed]] = {}
    for name, folder in found.items():
        config = folder / "config.json"
        if folder.suffix not in UNFINISHED and config.is_file():
            listed.setdefault(folder.resolve(), (config.stat().st_mtime, _label(name, folder)))
    return [label for _, label in sorted(listed.values(), key=lambda one: one[0], reverse=True)]


def _label(name: str, folder: Path) -> Listed:
    about = folder / "persona.json"
    persona: dict[str, Any] = {}
    # What is wrong with it is said to whoever opens it.
    with suppress(PersonaError):
        persona = _read_json(about, name)
    return Listed(name, folder, about.exists(), _licence(folder, persona))


def find_checkpoint(wanted: str, models_dir: Path) -> Path:
    """Give the folder of a checkpoint, or say how to get it."""
    own = CHECKPOINTS_FOLDER / wanted
    given = Path(wanted).expanduser()
    fetched = models_dir / wanted.replace("/", "--")
    for folder in (own, given, fetched):
        if wanted and (folder / "config.json").exists():
            return folder
    if HUB_ID.match(wanted) and not given.is_dir():
        raise PersonaError(
            f"{wanted} 모델이 아직 없어요. 먼저 `python -m app fetch {wanted}` 로 받아 주세요. "
            f"(Not here yet; get it with `python -m app fetch {wanted}`.)"
        )
    known = ", ".join(sorted(f.name for f in CHECKPOINTS_FOLDER.glob("*") if f.is_dir()))
    raise PersonaError(
        f"{wanted!r} 체크포인트를 찾을 수 없어요. config.json이 있는 폴더나 이름({known})을 적어 "
        f"주세요. (No such checkpoint; name a folder with config.json, or one of: {known}.)"
    )


def _licence(folder: Path, persona: dict[str, Any]) -> str:
    """Give the licence in persona.json, or in the model card's front matter as fetched ones do."""
    if persona.get("licence"):
        return str(persona["licence"])
    try:
        card = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = re.search(r"^license:\s*(.+)$", card, re.MULTILINE)
    return found[1].strip(" '\"") if found else ""


def _read_json(path: Path, wanted: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    except (OSError, ValueError):
        pass
    raise PersonaError(
        f"{wanted}: {os.fspath(path)} 파일을 읽을 수 없어요. 체크포인트를 다시 받아 주세요. "
        "(The file cannot be read; fetch the checkpoint again.)"
    )
