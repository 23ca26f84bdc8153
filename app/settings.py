"""Reads the settings from the environment and a `.env` file, and checks them once."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from app.errors import AppError
from persona.folders import user_folders
from persona.lm.backends import AUTO, backend_names
from persona.lm.protocol import DEVICES

_PREFIX = "JJINCHIN_"
_BACKENDS = (AUTO, *backend_names())
_ON = ("1", "true", "yes", "on")
_OFF = ("0", "false", "no", "off")
_DOTENV_LINE = re.compile(
    r"""(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^'"#\s].*?)?)(?:\s+\#.*|\s*)"""
)


def _usable_cpus() -> int:
    """Count the cores this process may use, up to 8: small models wait more than they win."""
    allowed = getattr(os, "sched_getaffinity", None)
    return min(8, len(allowed(0)) if allowed else os.cpu_count() or 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may be set, each as JJINCHIN_ and the field's name in capitals; always valid."""

    model: str = "jjinchin"
    backend: str = "auto"
    device: str = "auto"
    threads: int = field(default_factory=_usable_cpus)
    slots: int = 8
    # Whether she may answer with a line of her own dialogues, and among how many beginnings of
    # her own she chooses.
    recall: bool = True
    candidates: int = 3
    cards_dir: Path | None = None
    data_dir: Path
    cache_dir: Path
    public: bool = False
    auth: tuple[str, str] | None = field(default=None, repr=False)
    # Promised names: kept here for the voice and the HTTP API.
    stt_model: str = ""
    tts: str = ""
    api_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        _check_choice("backend", self.backend, _BACKENDS)
        _check_choice("device", self.device, DEVICES)
        _check_range("threads", self.threads, 256)
        _check_range("slots", self.slots, 64)
        _check_range("candidates", self.candidates, 16)
        if self.cards_dir and not self.cards_dir.is_dir():
            raise _wrong("cards_dir", "있는 폴더여야 해요", "has to be a folder that exists")

    def describe(self) -> dict[str, str]:
        """Give every name with its value as text; a secret is only said to be there."""
        return {_name(f.name): _shown(getattr(self, f.name), f.repr) for f in fields(self)}


def from_environment(
    environ: Mapping[str, str] = os.environ, dotenv_path: Path | None = None
) -> Settings:
    """Build the settings; the environment wins over the file, an empty value means unset."""
    given = (_read_dotenv(dotenv_path) if dotenv_path else {}) | {
        name: text for name, text in environ.items() if name.startswith(_PREFIX)
    }
    known = {_name(f.name): f.name for f in fields(Settings)}
    for name in sorted(given.keys() - known.keys()):
        raise _unknown(name, list(known))
    values: dict[str, Any] = {
        known[name]: _read(known[name], text.strip())
        for name, text in given.items()
        if text.strip()
    }
    if not {"data_dir", "cache_dir"} <= values.keys():
        data_dir, cache_dir = user_folders(environ)
        values = {"data_dir": data_dir, "cache_dir": cache_dir} | values
    return Settings(**values)


def check_host(host: str, settings: Settings) -> None:
    """Raise an AppError when others could come in without anybody having said that they may."""
    if settings.public or settings.auth or is_loopback(host):
        return
    raise AppError(
        f"주소 '{host}'에서 열면 다른 사람도 들어올 수 있어요. 로그인을 두려면 "
        "JJINCHIN_AUTH=이름:비밀번호, 누구나 들어와도 되면 JJINCHIN_PUBLIC=1 로 정해 주세요. "
        f"(Listening on '{host}' lets others in: set JJINCHIN_AUTH=name:password, or "
        "JJINCHIN_PUBLIC=1 if everybody may.)"
    )


def _read_dotenv(path: Path) -> dict[str, str]:
    """Give our names from a `.env` file; those of other programs are passed over."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise AppError(
            f"{path} 파일을 읽을 수 없어요. UTF-8로 저장됐는지, 읽을 권한이 있는지 봐 주세요. "
            f"({path} cannot be read: it has to be UTF-8 text that you may read.)"
        ) from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _DOTENV_LINE.fullmatch(line.strip())
        if match is None:
            # The line itself is not shown: it may hold a secret.
            raise AppError(
                f"{path} 파일의 {number}번째 줄은 이름=값 꼴이어야 해요. "
                f"(Line {number} of {path} has to read NAME=value.)"
            )
        if match[1].startswith(_PREFIX):
            found[match[1]] = match[2] or match[3] or match[4] or ""
    return found


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise _wrong(name, "숫자여야 해요", "has to be a number")
    return int(text)


def _switch(name: str, text: str) -> bool:
    if text.lower() not in _ON + _OFF:
        raise _wrong(name, "1이나 0이어야 해요", "has to be 1 or 0")
    return text.lower() in _ON


def _folder(name: str, text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise _wrong(name, "있는 사용자의 폴더여야 해요", "names no user's folder") from error


def _login(name: str, text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    if not user or not password:
        raise _wrong(name, "이름:비밀번호 꼴이어야 해요", "has to read name:password")
    return user, password


_READERS: dict[str, Callable[[str, str], object]] = {
    "threads": _number,
    "slots": _number,
    "candidates": _number,
    "cards_dir": _folder,
    "data_dir": _folder,
    "cache_dir": _folder,
    "recall": _switch,
    "public": _switch,
    "auth": _login,
}


def _read(name: str, text: str) -> object:
    reader = _READERS.get(name)
    return reader(name, text) if reader else text


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        listed = ", ".join(choices)
        raise _wrong(name, f"{listed} 중 하나여야 해요", f"has to be one of {listed}")


def _check_range(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise _wrong(name, f"1부터 {most}까지여야 해요", f"has to be from 1 to {most}")


def is_loopback(host: str) -> bool:
    """Say whether an address can only be reached from this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _name(field_name: str) -> str:
    return _PREFIX + field_name.upper()


def _shown(value: object, open_to_all: bool) -> str:
    if value is None or value == "":
        return ""
    if not open_to_all:
        return "********"
    return str(int(value)) if isinstance(value, bool) else str(value)


def _wrong(name: str, korean: str, english: str) -> AppError:
    # The value is not shown: it may be a secret.
    return AppError(f"{_name(name)}: {korean}. ({_name(name)} {english}.)")


def _unknown(name: str, known: list[str]) -> AppError:
    near = get_close_matches(name, known, n=1, cutoff=0.0)[0]
    return AppError(
        f"{name} 설정은 없어요. 혹시 {near}인가요? "
        f"(There is no setting {name}; did you mean {near}?)"
    )
