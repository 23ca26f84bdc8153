"""Fetched models lie in the cache, wherever that is."""

from pathlib import Path

import pytest

from persona.errors import PersonaError
from persona.folders import fetched_models, models_folder, user_folders

HOME = {"HOME": "/home/me"}


def test_fetched_models_lie_in_the_cache() -> None:
    assert models_folder(Path("/c")) == Path("/c/models")
    assert fetched_models(HOME | {"JJINCHIN_CACHE_DIR": "/c"}) == Path("/c/models")
    assert fetched_models(HOME) == models_folder(user_folders(HOME)[1])


def test_no_home_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(PersonaError, match="JJINCHIN_CACHE_DIR"):
        user_folders({}, "linux")
