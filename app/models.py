"""The model that answers, and how another one takes its place while she talks."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import AppError
from app.settings import Settings
from persona.checkpoint import Checkpoint, Listed, find_checkpoint, list_checkpoints, open_folder
from persona.choosing import Chooser
from persona.errors import PersonaError
from persona.folders import models_folder
from persona.lm.engine import Engine
from persona.lm.protocol import EngineError, ModelSpec
from persona.mood import MoodReader


@dataclass(slots=True, eq=False)
class Model:
    """A checkpoint, what reads moods, computes and, by persona, chooses among replies.

    `turns` counts those that it is answering.
    """

    checkpoint: Checkpoint
    moods: MoodReader
    engine: Engine
    turns: int = 0
    choosers: dict[str, Chooser] = field(default_factory=dict)


class Models:
    """One model for the whole program; the next one loads beside it and then takes its place.

    `coming` is the one that loads meanwhile; `trouble` says why the last one chosen is not there.
    """

    def __init__(
        self, settings: Settings, make_engine: Callable[[ModelSpec], Engine] = Engine
    ) -> None:
        self._settings = settings
        self._make_engine = make_engine
        self._lock = threading.Lock()
        folder = find_checkpoint(settings.model, models_dir(settings))
        self.current = self._open(folder, settings.model)
        self.coming: Model | None = None
        self.trouble = ""

    @property
    def may_change(self) -> bool:
        """Whether who asks may choose the model: strangers would choose for everybody."""
        return not self._settings.public

    def listed(self) -> list[Listed]:
        """Give the checkpoints that can be chosen, newest first."""
        return list_checkpoints(self._settings.model, models_dir(self._settings))

    @contextmanager
    def in_use(self) -> Iterator[Model]:
        """Give the model for one turn, which keeps it to its end; the last to leave ends it."""
        with self._lock:
            model = self.current
            model.turns += 1
        try:
            yield model
        finally:
            with self._lock:
                model.turns -= 1
                left = model is not self.current and not model.turns
            if left:
                model.engine.close()

    def choose(self, name: str) -> None:
        """Begin to open a model of the list; the last choice counts.

        She goes on with the one she has until the other can answer, and if it never can. That
        one can be chosen too: while another loads, she keeps it; else it may have been taught
        more since, and is opened anew.
        """
        if not self.may_change:
            raise AppError(
                "여기서는 모델을 바꿀 수 없어요. 모두가 함께 쓰는 모델이에요. "
                "(The model cannot be changed here: everybody shares it.)"
            )
        chosen = next((one for one in self.listed() if one.name == name), None)
        if chosen is None:
            raise AppError(
                "그 모델이 이제 없어요. 목록에서 다시 골라 주세요. "
                "(That model is gone: choose one from the list again.)"
            )
        awaited = self.coming
        self._expect(None)
        if awaited and is_same(chosen, self.current):
            return
        try:
            model = self._open(chosen.folder, chosen.name)
        except PersonaError as error:
            self.trouble = str(error)
            return
        model.engine.start()
        self._expect(model)
        threading.Thread(target=self._welcome, args=(model,), daemon=True).start()

    def close(self) -> None:
        """End every engine."""
        self._expect(None)
        self.current.engine.close()

    def _open(self, folder: Path, name: str) -> Model:
        checkpoint = open_folder(folder, name)
        engine = self._make_engine(model_spec(self._settings, folder))
        return Model(checkpoint, MoodReader(folder), engine)

    def _expect(self, model: Model | None) -> None:
        """Wait for this model from now on, and no longer for the one before."""
        with self._lock:
            before, self.coming, self.trouble = self.coming, model, ""
        if before is not None:
            before.engine.close()

    def _welcome(self, model: Model) -> None:
        """Let the model answer as soon as it can; one that cannot leaves its sentence."""
        trouble = ""
        try:
            model.engine.wait_ready()
        except EngineError as error:
            trouble = str(error)
        with self._lock:
            if model is not self.coming:
                return
            self.coming, self.trouble = None, trouble
            gone = model
            if not trouble:
                gone, self.current = self.current, model
            left = not gone.turns
        if left:
            gone.engine.close()


def is_same(listed: Listed, model: Model | None) -> bool:
    """Say whether a checkpoint of the list is the one of a model."""
    return model is not None and listed.folder.resolve() == model.checkpoint.folder.resolve()


def models_dir(settings: Settings) -> Path:
    """Give the folder of fetched models."""
    return models_folder(settings.cache_dir)


def model_spec(settings: Settings, folder: Path) -> ModelSpec:
    """Say to the engine which weights to open and how."""
    return ModelSpec(
        folder=folder,
        backend=settings.backend,
        device=settings.device,
        threads=settings.threads,
        slots=settings.slots,
        cache_dir=settings.cache_dir / "gguf",
    )
