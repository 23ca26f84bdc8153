"""Answers what the browser asks; the history on the server is the truth, never the page's copy."""

import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

import gradio as gr

from app.errors import AppError, DiskError
from app.events import Event
from app.page.ask import Ask, read_ask
from app.page.faces import face_styles
from app.page.layout import EVENTS, Screen
from app.page.live import Live
from app.page.runs import Run, Runs
from app.page.texts import in_language, say
from app.page.views import Values, Views
from app.room import Room
from app.turn import Choice, hear
from persona.errors import PersonaError
from persona.lm.protocol import EngineError

# How often her growing words go to the browser: quick enough to look steady, rare enough to be
# cheap however fast the model is.
BATCH_S = 0.04

TakeTurn = Callable[[Room, str, str, str, Choice], Generator[Event, None, None]]
Act = Callable[[Ask, str], Values]

T = TypeVar("T")

_SENTENCES = (AppError, PersonaError, EngineError)
_log = logging.getLogger(__name__)


class Handlers:
    """What each action does; every method gives the parts of the page that change."""

    def __init__(self, room: Room, take_turn: TakeTurn) -> None:
        self._room = room
        self._take_turn = take_turn
        self._runs = Runs()
        self._views = Views(room, self._runs)

    def bind(self, screen: Screen) -> None:
        """Connect every event of the page to its method."""
        for act in self._small_acts():
            getattr(screen.bus, act.__name__)(
                self._handler(act, screen),
                outputs=screen.outputs(),
                queue=False,
                show_progress="hidden",
                trigger_mode="multiple",
                api_visibility="private",
            )
        screen.bus.say(
            self._streaming_handler(screen),
            outputs=screen.outputs("live", "thread", "head", "chats", "banner", "note"),
            show_progress="hidden",
            concurrency_limit=None,
            # The next message may come before Gradio has closed the last one's stream.
            trigger_mode="multiple",
            api_visibility="private",
        )

    def first(self) -> Values:
        """Give what the page shows before the browser has asked for anything."""
        ask = Ask()
        faces = {"faces": face_styles(self._room.cards)}
        return self._views.whole(ask, [], self._views.empty(ask)) | faces

    def open(self, ask: Ask, visitor: str) -> Values:
        """Show a conversation, or an empty one with the persona asked for."""
        note: Values = {}
        view = self._views.empty(ask)
        if ask.conversation:
            try:
                view = self._views.conversation(ask, visitor)
            except AppError as error:
                note = _note(toast=in_language(str(error), ask.language), gone=True)
        self._runs.look(ask.run, view.conversation)
        chats = self._room.history.conversations(visitor, ask.query)
        return self._views.whole(ask, chats, view) | note

    def say(self, ask: Ask, request: gr.Request) -> Generator[Values, None, None]:
        """Take a turn and give her words as they come, then the conversation as it was kept."""
        live = Live(ask.run, ask.conversation, ask.language)
        run: Run | None = None
        visitor = ""
        try:
            visitor = self._room.visitor(request)
            text = hear(self._kept(live, lambda: self._words(ask, visitor)))
            live.conversation = self._kept(live, lambda: self._into(ask, visitor))
            run = self._runs.begin(ask.run, live.conversation)
            if run is None:
                raise AppError(say(ask.language, "busy"))
            yield from self._stream(ask, visitor, text, live, run)
        except _SENTENCES as error:
            live.notices.append(in_language(str(error), ask.language))
        except Exception:  # noqa: BLE001 - the outermost edge: a sentence here, the rest in the log
            _log.exception("a turn failed")
            live.notices.append(say(ask.language, "broken"))
        finally:
            if run is not None:
                self._runs.end(run)
        live.on = False
        after = self._kept(live, lambda: self._after(ask, visitor, run))
        yield {"live": live.state()} | after

    def stop(self, ask: Ask, visitor: str) -> Values:
        """End the answer that is on its way; what was said so far stays."""
        self._runs.stop(self._room.history.conversation(visitor, ask.conversation).id)
        return {}

    def choose(self, ask: Ask, visitor: str) -> Values:
        """Go to another branch."""
        self._refuse_while_answering(ask)
        self._room.history.choose(visitor, self._turn(ask))
        return self._views.talk(self._views.conversation(ask, visitor))

    def undo(self, ask: Ask, visitor: str) -> Values:
        """Take the last exchange back."""
        self._refuse_while_answering(ask)
        self._room.history.undo(visitor, ask.conversation)
        return self._views.talk(self._views.conversation(ask, visitor))

    def rate(self, ask: Ask, visitor: str) -> Values:
        """Keep what the visitor thinks of an answer."""
        self._room.history.rate(visitor, self._turn(ask), ask.rating)
        return self._views.talk(self._views.conversation(ask, visitor))

    def rename(self, ask: Ask, visitor: str) -> Values:
        """Give a conversation another title."""
        self._room.history.rename(visitor, ask.conversation, ask.text)
        return self._views.chats(ask, visitor)

    def delete(self, ask: Ask, visitor: str) -> Values:
        """Delete a conversation, with a way back."""
        chat = self._room.history.conversation(visitor, ask.conversation)
        self._runs.stop(chat.id)
        self._room.history.delete(visitor, chat.id)
        title = chat.title or say(ask.language, "untitled")
        toast = say(ask.language, "deleted", title=title)
        return self._views.chats(ask, visitor) | _note(toast=toast, restore=chat.id)

    def restore(self, ask: Ask, visitor: str) -> Values:
        """Bring a deleted conversation back."""
        self._room.history.restore(visitor, ask.conversation)
        return self._views.chats(ask, visitor)

    def search(self, ask: Ask, visitor: str) -> Values:
        """List the conversations in which something is said."""
        return self._views.chats(ask, visitor)

    def export(self, ask: Ask, visitor: str) -> Values:
        """Give a conversation as a file, which the browser saves."""
        chat = self._room.history.conversation(visitor, ask.conversation)
        name = re.sub(r'[\\/:*?"<>|\s]+', " ", chat.title).strip(" .")[:60] or "jjinchin"
        if ask.text == "markdown":
            card = self._views.card(chat.persona)
            words = self._room.history.export_markdown(visitor, chat.id, card.name)
            return _note(file={"name": f"{name}.md", "text": words})
        talk = self._room.history.export(visitor, chat.id)
        words = json.dumps(talk, ensure_ascii=False, indent=2)
        return _note(file={"name": f"{name}.json", "text": words})

    def bring(self, ask: Ask, visitor: str) -> Values:
        """Bring an exported conversation in and show it."""
        try:
            data = json.loads(ask.text)
        except (ValueError, RecursionError) as error:
            raise AppError(say(ask.language, "import_broken")) from error
        if not isinstance(data, dict):
            raise AppError(say(ask.language, "import_broken"))
        chat = self._room.history.load(visitor, data)
        note = _note(toast=say(ask.language, "imported"), open=chat.id)
        return self._views.chats(ask, visitor) | note

    def poll(self, ask: Ask, visitor: str) -> Values:
        """Say how far the model has come."""
        return {"banner": self._views.banner(ask)}

    def models(self, ask: Ask, visitor: str) -> Values:
        """List the models that are there by now."""
        return self._views.drawer(self._views.card(ask.persona), ask.language)

    def choose_model(self, ask: Ask, visitor: str) -> Values:
        """Let another model answer, as soon as it can."""
        self._room.models.choose(ask.text)
        return self.open(ask, visitor)

    def _small_acts(self) -> Iterator[Act]:
        """Give every act but `say`, which answers step by step."""
        yield from (getattr(self, name) for name in EVENTS if name != "say")

    def _stream(self, ask: Ask, visitor: str, text: str, live: Live, run: Run) -> Iterator[Values]:
        yield {"live": live.state()}
        choice = Choice(ask.mood, ask.sampling, ask.turn, ask.language, on_answer=run.watch)
        turn = self._take_turn(self._room, visitor, live.conversation, text, choice)
        sent_s = 0.0
        # Closing the turn frees its slot in the engine; a visitor who leaves ends up here too.
        with closing(turn) as events:
            for event in events:
                live.take(event)
                if live.on and time.monotonic() - sent_s >= BATCH_S:
                    yield {"live": live.state()}
                    sent_s = time.monotonic()

    def _after(self, ask: Ask, visitor: str, run: Run | None) -> Values:
        if run is None:
            return {}
        values = self._views.chats(ask, visitor) | {"banner": self._views.banner(ask)}
        if not run.shown:
            return values
        try:
            view = self._views.conversation(replace(ask, conversation=run.conversation), visitor)
        except AppError:
            # Deleted while she was answering; the page has gone elsewhere.
            return values
        return values | self._views.talk(view)

    def _kept(self, live: Live, use: Callable[[], T]) -> T:
        """Use the history; where the disk fails, go on with a copy in memory and say so."""
        try:
            return use()
        except DiskError as error:
            self._room.history.detach()
            live.notices.append(in_language(str(error), live.language))
            return use()

    def _words(self, ask: Ask, visitor: str) -> str:
        """Give what the visitor says; where another answer is wanted, the words that were kept."""
        if ask.turn is None or ask.text:
            return ask.text
        for turn in self._room.history.path(visitor, ask.conversation):
            if turn.id == ask.turn:
                return turn.user
        raise AppError(say(ask.language, "gone"))

    def _into(self, ask: Ask, visitor: str) -> str:
        """Give the conversation that is meant; the first words make one."""
        if ask.conversation:
            return self._room.history.conversation(visitor, ask.conversation).id
        return self._room.history.create(visitor, self._views.card(ask.persona).id).id

    def _turn(self, ask: Ask) -> int:
        if ask.turn is None:
            raise AppError(say(ask.language, "gone"))
        return ask.turn

    def _refuse_while_answering(self, ask: Ask) -> None:
        if self._runs.answering(ask.conversation):
            raise AppError(say(ask.language, "busy"))

    def _handler(
        self, act: Act, screen: Screen
    ) -> Callable[[gr.EventData, gr.Request], dict[gr.Component, object]]:
        def handle(event: gr.EventData, request: gr.Request) -> dict[gr.Component, object]:
            ask = read_ask(event)
            try:
                return screen.put(act(ask, self._room.visitor(request)))
            except _SENTENCES as error:
                return screen.put(_note(toast=in_language(str(error), ask.language)))
            except Exception:  # noqa: BLE001 - the outermost edge, as in `say`
                _log.exception("an action failed")
                return screen.put(_note(toast=say(ask.language, "broken")))

        return handle

    def _streaming_handler(
        self, screen: Screen
    ) -> Callable[[gr.EventData, gr.Request], Iterator[dict[gr.Component, object]]]:
        def handle(
            event: gr.EventData, request: gr.Request
        ) -> Iterator[dict[gr.Component, object]]:
            with closing(self.say(read_ask(event), request)) as steps:
                for values in steps:
                    yield screen.put(values)

        return handle


def _note(**values: object) -> Values:
    """Give a message to the browser; its number makes two equal ones two."""
    return {"note": {"number": uuid.uuid4().hex, **values}}
