"""What the page, the terminal and the API share: cards, model, engine, moods and history."""

import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from app.errors import AppError
from app.face import check_look
from app.history import History, Turn, open_history
from app.models import Model, Models
from app.settings import Settings
from persona.card import CARDS_FOLDER, FIRST, Card, find_cards
from persona.checkpoint import Checkpoint
from persona.choosing import Chooser
from persona.dialogues import own_dialogues
from persona.encoder import open_encoder
from persona.errors import PersonaError
from persona.lm.engine import Engine
from persona.prompt import Exchange
from persona.ranker import Ranker
from persona.reactions import Kinds, own_reactions
from persona.recall import Recall
from persona.reply import card_sampling, fit_card
from persona.window import Window

HISTORY_FILE = "history.sqlite3"
VISITOR_COOKIE = "jjinchin_visitor"
VISITOR_NAME = re.compile(r"^[\w-]{32}$", re.ASCII)
LOCAL_VISITOR = "local"


class Request(Protocol):
    """The part of a web request that says who is asking."""

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies that the browser sent."""
        ...


class Room:
    """Everything one process needs to hold conversations; made once, closed once."""

    def __init__(self, settings: Settings, *, keep_history: bool = True) -> None:
        self.settings = settings
        self.notices: list[str] = []
        self.cards = read_cards(settings)
        self.models = Models(settings)
        self.history = self._open_history(keep_history)
        self._reading = threading.Lock()

    @property
    def model(self) -> Model:
        """The model that answers now; a turn holds its own with `models.in_use`."""
        return self.models.current

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint of the model that answers now."""
        return self.model.checkpoint

    @property
    def engine(self) -> Engine:
        """The engine of the model that answers now."""
        return self.model.engine

    def start(self) -> None:
        """Begin to load the model in its own process, and the dialogues; returns at once."""
        self.engine.start()
        threading.Thread(target=self._read_dialogues, daemon=True).start()

    def close(self) -> None:
        """End the engine's process and close the history."""
        self.models.close()
        self.history.close()

    def visitor(self, request: Request) -> str:
        """Say whose conversations a request may see: strangers' are kept apart by a cookie."""
        if not self.settings.public:
            return LOCAL_VISITOR
        name = request.cookies.get(VISITOR_COOKIE, "")
        if not VISITOR_NAME.match(name):
            raise AppError(
                "이 브라우저가 쿠키를 받지 않아서 대화를 구분할 수 없어요. 쿠키를 허용하고 "
                "새로고침해 주세요. (Allow cookies and reload: they keep your talks yours.)"
            )
        return f"guest:{name}"

    def card(self, persona: str) -> Card:
        """Give a persona's card; one that is gone by now is stood in for by the first."""
        cards = self.cards
        return cards.get(persona) or cards.get(FIRST) or next(iter(cards.values()))

    def chooser(self, card: Card, model: Model) -> Chooser:
        """Give what chooses a persona's replies with a model; it is read at the first call."""
        with self._reading:
            if card.id not in model.choosers:
                folder = model.checkpoint.folder
                encoder = open_encoder(folder)
                recall = Recall(own_dialogues(card.folder), encoder)
                kinds = Kinds(own_reactions(card.folder), encoder)
                ranker = Ranker.load(folder, encoder)
                model.choosers[card.id] = Chooser(recall, kinds, ranker)
        return model.choosers[card.id]

    def candidates(self, model: Model) -> int:
        """Give how many replies to begin, so that all who talk now find their slots free."""
        talking = max(1, model.turns)
        return max(1, min(self.settings.candidates, self.settings.slots // (2 * talking)))

    def _read_dialogues(self) -> None:
        for card in self.cards.values():
            # One that cannot be read is told to whoever talks to that persona.
            with suppress(PersonaError):
                self.chooser(card, self.model)

    def window(self, visitor: str, conversation: str) -> Window:
        """Say what she remembers of a conversation, before the visitor's next words."""
        turns = self.history.path(visitor, conversation)
        card = self.card(self.history.conversation(visitor, conversation).persona)
        room = card_sampling(card).max_new_tokens
        return fit_card(self.checkpoint, card, finished(turns), "", 0, room)[1]

    def _open_history(self, keep: bool) -> History:
        if not keep:
            return History(None)
        history, trouble = open_history(self.settings.data_dir / HISTORY_FILE)
        if trouble:
            self.notices.append(trouble)
        return history


def _check_look(card: Card) -> None:
    """Hold a card to py-avataaars' words, which persona/ knows nothing of."""
    try:
        check_look(card.look, card.expressions)
    except AppError as error:
        raise AppError(f"{card.folder / 'card.toml'}: {error}") from error


def finished(turns: Sequence[Turn]) -> list[Exchange]:
    """Give the turns that have an answer, as the prompt needs them."""
    return [Exchange(t.user, t.mood, t.reply) for t in turns if t.reply]


def read_cards(settings: Settings) -> dict[str, Card]:
    """Read and check the project's own personas and the visitor's."""
    cards = find_cards(*card_folders(settings))
    for card in cards.values():
        _check_look(card)
    return cards


def card_folders(settings: Settings) -> tuple[Path, ...]:
    """Give the folders of personas: the project's own, then the visitor's."""
    return (CARDS_FOLDER, *([settings.cards_dir] if settings.cards_dir else []))
