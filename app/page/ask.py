"""Reads what the browser sent with an action: ids and words, and nothing of it is believed."""

from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from app.page.decoding import read_sampling
from app.page.texts import LANGUAGES

_MOST_SHOWN = 100_000


@dataclass(frozen=True, slots=True)
class Ask:
    """One action of the visitor. Whose conversation it is, is for the history to say."""

    language: str = "ko"
    conversation: str = ""
    persona: str = ""
    turn: int | None = None
    text: str = ""
    query: str = ""
    run: str = ""
    rating: int = 0
    limit: int = 60
    mood: int | None = None
    sampling: dict[str, float | int] = field(default_factory=dict)


def read_ask(event: gr.EventData) -> Ask:
    """Give the action with every value of the right kind; a wrong one is as if it were not sent."""

    def given(name: str) -> Any:
        # What a strange client sends may be no table at all, which Gradio answers with TypeError.
        try:
            return getattr(event, name, None)
        except TypeError:
            return None

    def words(name: str) -> str:
        value = given(name)
        return value if isinstance(value, str) else ""

    def number(name: str) -> int | None:
        value = given(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    language = words("language")
    mood = number("mood")
    return Ask(
        language=language if language in LANGUAGES else LANGUAGES[0],
        conversation=words("conversation"),
        persona=words("persona"),
        turn=number("turn"),
        text=words("text"),
        query=words("query"),
        run=words("run"),
        rating=max(-1, min(1, number("rating") or 0)),
        limit=max(1, min(_MOST_SHOWN, number("limit") or 60)),
        mood=mood if mood in (0, 1, 2) else None,
        sampling=read_sampling(given("sampling")),
    )
