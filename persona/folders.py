"""Where a user's system keeps what is theirs: the data, the cache, the fetched models."""

import sys
from collections.abc import Mapping
from pathlib import Path

from persona.errors import PersonaError


def user_folders(environ: Mapping[str, str], platform: str = sys.platform) -> tuple[Path, Path]:
    """Give the folders for data and for the cache where the user's system keeps such things."""
    if platform == "win32":
        local = environ.get("LOCALAPPDATA")
        base = Path(local) if local else _home(environ) / "AppData" / "Local"
        return base / "jjinchin", base / "jjinchin" / "Cache"
    if platform == "darwin":
        library = _home(environ) / "Library"
        return library / "Application Support" / "jjinchin", library / "Caches" / "jjinchin"
    return (
        _xdg("XDG_DATA_HOME", Path(".local", "share"), environ) / "jjinchin",
        _xdg("XDG_CACHE_HOME", Path(".cache"), environ) / "jjinchin",
    )


def models_folder(cache: Path) -> Path:
    """Give the folder of fetched models."""
    return cache / "models"


def fetched_models(environ: Mapping[str, str]) -> Path:
    """Give the folder of fetched models for who has the environment alone to go by."""
    given = environ.get("JJINCHIN_CACHE_DIR", "").strip()
    return models_folder(Path(given).expanduser() if given else user_folders(environ)[1])


def _xdg(name: str, default: Path, environ: Mapping[str, str]) -> Path:
    folder = Path(environ.get(name, ""))
    # A relative path there is to be ignored, says the XDG specification.
    return folder if folder.is_absolute() else _home(environ) / default


def _home(environ: Mapping[str, str]) -> Path:
    given = environ.get("HOME") or environ.get("USERPROFILE")
    try:
        return Path(given) if given else Path.home()
    except RuntimeError as error:
        raise PersonaError(
            "홈 폴더를 찾을 수 없어요. JJINCHIN_DATA_DIR과 JJINCHIN_CACHE_DIR을 정해 주세요. "
            "(There is no home folder: set JJINCHIN_DATA_DIR and JJINCHIN_CACHE_DIR.)"
        ) from error
