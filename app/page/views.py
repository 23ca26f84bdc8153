"""Draws the parts of the page from what the room knows; changes nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from app import care
from app.errors import AppError
from app.history import Conversation
from app.page.ask import Ask
from app.page.decoding import render_drawer
from app.page.menu import render_models, shown_name
from app.page.panels import (
    render_banner,
    render_chats,
    render_controls,
    render_foot,
    render_head,
    render_keys,
    render_side,
)
from app.page.runs import Runs
from app.page.texts import say
from app.page.thread import View, render_blank, render_thread
from app.room import Room
from persona.card import FIRST, Card

Values = dict[str, Any]


class Views:
    """What the page shows, by the names of its parts."""

    def __init__(self, room: Room, runs: Runs) -> None:
        self._room = room
        self._runs = runs

    @property
    def cards(self) -> dict[str, Card]:
        """All personas, the one whom newcomers meet first."""
        cards = self._room.cards
        return ({FIRST: cards[FIRST]} if FIRST in cards else {}) | cards

    def card(self, persona: str) -> Card:
        """Give a persona's card; where there is no such persona, the one whom newcomers meet."""
        cards = self.cards
        return cards.get(persona) or next(iter(cards.values()))

    def empty(self, ask: Ask) -> View:
        """Give the view of a conversation that has not begun."""
        return View(self.card(ask.persona), self.cards, ask.language)

    def conversation(self, ask: Ask, visitor: str) -> View:
        """Give the view of a conversation as it is kept."""
        chat = self._room.history.conversation(visitor, ask.conversation)
        if chat.deleted:
            raise AppError(say(ask.language, "gone"))
        turns = self._room.history.path(visitor, chat.id)
        lines = {turn.id: care.notice(turn.user, ask.language) for turn in turns[-ask.limit :]}
        return View(
            self.card(chat.persona),
            self.cards,
            ask.language,
            conversation=chat.id,
            turns=turns,
            window=self._room.window(visitor, chat.id),
            limit=ask.limit,
            answering=self._runs.answering(chat.id),
            care={turn: line for turn, line in lines.items() if line},
        )

    def whole(self, ask: Ask, chats: Sequence[Conversation], view: View) -> Values:
        """Give every part of the page."""
        language, card = ask.language, view.card
        checkpoint = self._room.checkpoint
        return {
            "side": render_side(language),
            "chats": render_chats(chats, self._room.cards, ask.query, language),
            "foot": render_foot(
                shown_name(checkpoint.name, checkpoint.folder), checkpoint.licence, language
            ),
            "banner": self.banner(replace(ask, persona=card.id)),
            "controls": render_controls(language) + render_blank(card, language),
            "keys": render_keys(language),
            "box": gr.update(
                label=say(language, "box"),
                placeholder=say(language, "box_hint", name=card.name),
                interactive=True,
            ),
        } | (self.talk(view) | self.drawer(card, language))

    def talk(self, view: View) -> Values:
        """Give the conversation and the line above it."""
        head = render_head(view.card, view.window, view.language)
        return {"thread": render_thread(view), "head": head}

    def chats(self, ask: Ask, visitor: str) -> Values:
        """Give the list of conversations."""
        found = self._room.history.conversations(visitor, ask.query)
        return {"chats": render_chats(found, self._room.cards, ask.query, ask.language)}

    def drawer(self, card: Card, language: str) -> Values:
        """Give what can be set: the model where everybody here may choose it, and the knobs."""
        models = self._room.models
        menu = render_models(models, language) if models.may_change else ""
        return {"drawer": render_drawer(card, language, menu)}

    def banner(self, ask: Ask) -> str:
        """Give the lines about what is going on: the model that loads, what is not kept."""
        models = self._room.models
        engine, checkpoint, coming = models.current.engine, models.current.checkpoint, models.coming
        trouble = (models.trouble,) if models.trouble else ()
        return render_banner(
            self.card(ask.persona).name,
            engine,
            (*self._room.notices, *engine.notices, *trouble),
            ask.language,
            hints=checkpoint.notices,
            coming=(
                (shown_name(coming.checkpoint.name, coming.checkpoint.folder), coming.engine)
                if coming
                else None
            ),
        )
