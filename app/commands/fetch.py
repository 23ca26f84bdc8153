"""Fetches a model from the Hugging Face hub, licence first, so that it is there offline."""

import argparse
import errno
import fnmatch
import logging
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app import terminal
from app.errors import AppError
from app.settings import Settings
from persona.errors import PersonaError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

PURPOSE = "get a model from its hub ahead of time, such as skt/kogpt2-base-v2"
# Room that stays free on the disk, for the GGUF that is made of the weights and for the history.
SPARE_BYTES = 200_000_000

_WHISPER = re.compile(
    r"(openai/)?(whisper-)?((tiny|base|small|medium)(\.en)?|large(-v[123](-turbo)?)?|turbo)"
)
_HUB_ID = re.compile(r"[a-z0-9][\w.-]*/[a-z0-9][\w.-]*", re.ASCII | re.IGNORECASE)
_BY_LICENCE = {
    "cc-by-nc": (
        "상업적으로는 쓸 수 없고, 쓸 때는 만든 이를 밝혀야 해요. "
        "(Not for commercial use; name its makers when you use it.)"
    ),
    "cc-by-nc-sa": (
        "상업적으로는 쓸 수 없고, 만든 이를 밝혀야 하며, 고친 것도 같은 라이선스로 나눠야 해요. "
        "(Not for commercial use; name its makers, and share what you make of it under the same "
        "licence.)"
    ),
    "cc-by-nc-nd": (
        "상업적으로는 쓸 수 없고, 만든 이를 밝혀야 하며, 고친 것은 나눌 수 없어요. "
        "(Not for commercial use; name its makers, and share nothing that you make of it.)"
    ),
}
# For a hub that does not say it.
_KNOWN_LICENCES = {"skt/kogpt2-base-v2": "cc-by-nc-sa-4.0"}


@dataclass(frozen=True, slots=True)
class Found:
    """A model on the hub: which commit, under which licence, and the files we would take."""

    name: str
    commit: str
    licence: str
    sizes: dict[str, int]

    @property
    def weights(self) -> list[str]:
        """The files that hold the parameters."""
        return [name for name in self.sizes if re.fullmatch(r"(model|pytorch_model).*", name)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("name", metavar="NAME", help="owner/name of a GPT-2 on huggingface.co")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Show the licence, fetch what is missing, and say how to use it."""
    from huggingface_hub import HfApi, constants

    from app.models import models_dir

    terminal.open_streams()
    name = arguments.name
    if _WHISPER.fullmatch(name):
        terminal.refuse(
            f"{name}: 듣는 모델은 목소리 기능과 함께 와요. 지금은 대화 모델만 받을 수 있어요. "
            "(Hearing comes with the voice later; for now only chat models can be fetched.)"
        )
    if not _HUB_ID.fullmatch(name):
        terminal.refuse(
            f"{name!r} 은(는) 허브의 이름이 아니에요. skt/kogpt2-base-v2처럼 주인/이름으로 적어 "
            "주세요. (This is no name on the hub: write owner/name, as in skt/kogpt2-base-v2.)"
        )
    # An interrupted download over plain HTTP is taken up where it stopped; Xet's begins again.
    constants.HF_HUB_DISABLE_XET = True
    # Its advice to log in is not for those who only fetch what is open to all.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    return fetch(HfApi(library_name="jjinchin"), name, models_dir(settings))


def fetch(hub: "HfApi", name: str, models: Path) -> int:
    """Bring a model into the folder of models, all of it or nothing."""
    from persona.checkpoint import open_checkpoint

    folder = models / name.replace("/", "--")
    draft = folder.with_name(f"{folder.name}.part")
    with _in_sentences(name, models):
        found = look_up(hub, name)
        print(licence_lines(found), flush=True)
        if not is_whole(folder, found):
            draft.mkdir(parents=True, exist_ok=True)
            described = [file for file in found.sizes if file not in found.weights]
            download(hub, found, described, draft)
            try:
                # A model that she cannot speak with is refused before its weights are fetched.
                open_checkpoint(str(draft), models)
            except PersonaError:
                shutil.rmtree(draft)
                raise
            make_sure_of_room(draft, found)
            download(hub, found, found.weights, draft)
            settle(draft, folder)
    checkpoint = open_checkpoint(name, models)
    print(f"받아 두었어요 / Here it is: {folder}")
    for notice in checkpoint.notices:
        print(notice)
    print(f"이렇게 써요 / Use it: JJINCHIN_MODEL={name} make run")
    return 0


def look_up(hub: "HfApi", name: str) -> Found:
    """Ask the hub what the model is made of; no file is fetched yet."""
    about = hub.model_info(name, files_metadata=True)
    sizes = {file.rfilename: file.size or 0 for file in about.siblings or []}
    stated = about.card_data.get("license") if about.card_data else None
    licence = stated if isinstance(stated, str) else _KNOWN_LICENCES.get(name, "")
    taken = {file: sizes[file] for file in choose_files(list(sizes))}
    found = Found(name, about.sha or "main", licence, taken)
    if "config.json" not in taken or "tokenizer.json" not in taken or not found.weights:
        raise AppError(
            f"{name} 에는 config.json, tokenizer.json, 가중치(safetensors나 pytorch_model.bin)가 "
            "다 있지 않아요. 다른 모델을 골라 주세요. (Some of config.json, tokenizer.json and "
            "weights are not there: choose another model.)"
        )
    return found


def choose_files(there: Sequence[str]) -> list[str]:
    """Choose what we read, and nothing that could run; a pickle only where there is no other."""
    from persona.checkpoint import FETCHED_FILES, WEIGHT_FILES

    described = [file for file in there if file in FETCHED_FILES]
    weights = [
        file
        for file in there
        if "/" not in file and any(fnmatch.fnmatchcase(file, kind) for kind in WEIGHT_FILES)
    ]
    safe = [file for file in weights if re.fullmatch(r"model.*\.safetensors(\.index\.json)?", file)]
    return described + (safe or [file for file in weights if file.endswith(".bin")])


def licence_lines(found: Found) -> str:
    """Say what may be done with the model, before anything is fetched."""
    kind = re.match(r"cc-by-nc(-sa|-nd)?", found.licence)
    lines = [f"{found.name} · {sum(found.sizes.values()) / 1e6:,.0f} MB"]
    if not found.licence or found.licence == "other":
        lines.append(
            "라이선스가 분명하지 않아요. 쓰기 전에 모델 페이지를 읽어 주세요. "
            "(The licence is not clear: read the model's page before you use it.)"
        )
    else:
        lines.append(f"라이선스 / Licence: {found.licence.upper()}")
    if kind:
        lines.append(_BY_LICENCE[kind.group()])
    return "\n".join(lines)


def is_whole(folder: Path, found: Found) -> bool:
    """Say whether every file is in the folder in its full size."""
    files = ((folder / name, size) for name, size in found.sizes.items())
    return all(path.is_file() and path.stat().st_size == size for path, size in files)


def download(hub: "HfApi", found: Found, files: Sequence[str], into: Path) -> None:
    """Fetch files with a progress bar each; what an earlier try left is taken up."""
    for file in files:
        hub.hf_hub_download(found.name, file, revision=found.commit, local_dir=into)


def make_sure_of_room(draft: Path, found: Found) -> None:
    """Raise an AppError when the disk cannot hold what is still to come."""
    here = sum(path.stat().st_size for path in draft.rglob("*") if path.is_file())
    needed = max(0, sum(found.sizes.values()) - here) + SPARE_BYTES
    free = shutil.disk_usage(draft).free
    if free < needed:
        raise _disk_full(draft, f"{needed / 1e6:,.0f} MB 필요, {free / 1e6:,.0f} MB 남음")


def settle(draft: Path, folder: Path) -> None:
    """Put the whole model where it is looked for, in place of a broken one."""
    shutil.rmtree(draft / ".cache", ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


@contextmanager
def _in_sentences(name: str, models: Path) -> Iterator[None]:
    """Turn what the hub, the network and the disk complain about into sentences."""
    import httpx
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise AppError(
            f"{name} 은(는) 주인의 허락이 있어야 받을 수 있어요. huggingface.co에서 허락을 받고 "
            "HF_TOKEN을 정해 주세요. (Its owner has to let you in: ask on huggingface.co, then "
            "set HF_TOKEN.)"
        ) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise AppError(
            f"허브에 {name} 모델이 없어요. 이름을 확인해 주세요. "
            "(There is no such model on the hub: look at the name again.)"
        ) from error
    except (
        httpx.TransportError,
        errors.OfflineModeIsEnabled,
        errors.LocalEntryNotFoundError,
    ) as error:
        raise AppError(
            "허브에 연결할 수 없어요. 인터넷 연결을 보고 같은 명령을 다시 실행하면 받던 데서 "
            "이어져요. (The hub cannot be reached: see to the network and run the same command "
            "again; it goes on where it stopped.)"
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise AppError(
            f"허브가 지금은 보내 주지 못했어요 ({status}). 잠시 뒤에 다시 해 주세요. "
            f"(The hub answered with {status}: try again in a while.)"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(models, str(error.strerror)) from error
        raise AppError(
            f"{models} 에 받지 못했어요: {error}. 폴더의 권한을 보고 다시 해 주세요. "
            "(It could not be kept there: see to the folder's permissions and try again.)"
        ) from error


def _disk_full(folder: Path, why: str) -> AppError:
    return AppError(
        f"디스크 공간이 모자라요 ({why}). 공간을 비우거나 JJINCHIN_CACHE_DIR을 다른 곳으로 정해 "
        f"주세요. (Not enough room on the disk of {folder}: make room or set JJINCHIN_CACHE_DIR.)"
    )
