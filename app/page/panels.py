"""Draws what stands around the conversation: its head, the list of conversations, the controls."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Protocol

from app.history import Conversation
from app.page.faces import face, stacked_faces
from app.page.texts import in_language, say
from persona.card import Card
from persona.window import Window


class Loading(Protocol):
    """What an engine says of how far it has come."""

    @property
    def state(self) -> str:
        """Say `loading`, `ready`, or `failed: ` and a sentence."""
        ...

    @property
    def progress(self) -> str:
        """Say in a sentence what the loading is at."""
        ...


_LANGUAGE_NAMES = {"ko": "한국어", "en": "English"}
_THEMES = ("system", "light", "dark")


def render_head(card: Card, window: Window | None, language: str) -> str:
    """Give the line above the conversation: face, name, and what she still remembers."""
    return (
        '<div class="head">'
        + _icon("menu", "menu", language)
        + stacked_faces(card, language)
        + f'<div class="who"><h1>{escape(card.name)}</h1><span>{escape(card.title)}</span></div>'
        + _meter(card, window, language)
        + _icon("drawer", "drawer_open", language)
        + "</div>"
    )


def render_side(language: str) -> str:
    """Give the top of the sidebar: the name of the house, a new conversation, the search."""
    label = escape(say(language, "search"))
    return (
        f'<div class="brand"><strong>{escape(say(language, "app"))}</strong>'
        f"<span>{escape(say(language, 'tagline'))}</span>"
        f"{_icon('menu', 'menu_close', language, css='icon close')}</div>"
        f'<button type="button" class="new" data-act="new">{escape(say(language, "new"))}</button>'
        f'<input type="search" id="jj-search" placeholder="{label}" aria-label="{label}" '
        'autocomplete="off" maxlength="200">'
    )


def render_foot(model: str, licence: str, language: str) -> str:
    """Give the bottom of the sidebar: the switches, and whose weights are speaking."""
    about = [("model", {"name": model}), ("licence", {"licence": licence})]
    lines = "".join(
        f"<span>{escape(say(language, key, **value))}</span>"
        for key, value in about
        if all(value.values())
    )
    themes = {theme: say(language, "theme_" + theme) for theme in _THEMES}
    return (
        f'<button type="button" class="quiet import" data-act="import">'
        f"{escape(say(language, 'import'))}</button>"
        f"{_switch('language', _LANGUAGE_NAMES, language)}{_switch('theme', themes, language)}"
        f'<div class="about">{lines}</div>'
    )


def render_chats(
    chats: Sequence[Conversation], cards: Mapping[str, Card], query: str, language: str
) -> str:
    """Give the list of conversations, or a sentence where there is none."""
    label = escape(say(language, "chats"))
    if not chats:
        key = "chats_none" if query else "chats_empty"
        return f'<p class="empty">{escape(say(language, key))}</p>'
    rows = "".join(_chat(chat, cards, language) for chat in chats)
    return f'<nav aria-label="{label}"><ul class="chats">{rows}</ul></nav>'


def render_controls(language: str) -> str:
    """Give what stands over the box: the mood by choice, and the line that says what waits."""
    moods = "".join(
        f'<label><input type="radio" name="jj-mood" value="{value}"'
        f"{' checked' if value == 'auto' else ''}>{escape(say(language, 'mood_' + value))}</label>"
        for value in ("auto", "0", "1", "2")
    )
    label = escape(say(language, "mood"))
    return (
        f'<fieldset class="moods" aria-label="{label}"><span aria-hidden="true">{label}</span>'
        f"{moods}</fieldset>"
    )


def render_keys(language: str) -> str:
    """Give the buttons beside the box."""
    return "".join(_icon(name, name, language, css=f"key {name}") for name in ("send", "stop"))


def render_banner(
    name: str,
    engine: Loading,
    lines: Iterable[str],
    language: str,
    *,
    hints: Iterable[str] = (),
    coming: tuple[str, Loading] | None = None,
) -> str:
    """Give what the visitor should know now: that she is still on the way, what is not kept.

    `hints` are said quietly; `coming` is the name and the engine of a model that is to answer next.
    The browser counts the seconds, so that nothing is drawn and read aloud anew by the second.
    """
    state, _, trouble = ("loading", "", "") if coming else engine.state.partition(":")
    parts = [
        f'<p class="{kind}" role="status">{escape(in_language(line, language))}</p>'
        for kind, said in (("notice", lines), ("hint", hints))
        for line in said
    ]
    if state == "loading":
        model, loads = coming or ("", engine)
        at = in_language(loads.progress, language) or say(language, "loading_wait")
        key = "switching" if coming else "loading"
        words = say(language, key, name=name, model=model, progress=at)
        parts.append(
            f'<p class="loading"><span role="status">{escape(words)}</span> '
            '<span class="seconds" aria-hidden="true"></span></p><div class="bar"><i></i></div>'
        )
    elif state == "failed":
        sentence = escape(in_language(trouble, language))
        parts.append(f'<p class="notice" role="alert">{sentence}</p>')
    return f'<div class="banner" data-state="{state}">{"".join(parts)}</div>'


def _meter(card: Card, window: Window | None, language: str) -> str:
    if window is None:
        # Not seen, but in its place, so that nothing moves when there is something to say.
        return '<div class="meter none"><span>&nbsp;</span><div class="bar"></div></div>'
    left = round(100 * max(0, window.left) / max(1, window.positions))
    words = escape(say(language, "meter", name=card.name, kept=window.kept, left=left))
    label = escape(say(language, "meter_label", name=card.name))
    return (
        f'<div class="meter"><span aria-hidden="true">{words}</span>'
        f'<div class="bar" role="meter" aria-label="{label}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{left}" aria-valuetext="{words}">'
        f'<i style="width:{100 - left}%"></i></div></div>'
    )


def _chat(chat: Conversation, cards: Mapping[str, Card], language: str) -> str:
    title = chat.title or say(language, "untitled")
    card = cards.get(chat.persona)
    name = card.name if card else chat.persona
    picture = face(card) if card else '<span class="face"></span>'
    more = escape(say(language, "more", title=title))
    tools = "".join(
        f'<button type="button" data-act="{act}">{escape(say(language, act))}</button>'
        for act in ("rename", "export_markdown", "export_json", "delete")
    )
    return (
        f'<li data-conversation="{escape(chat.id)}"><div class="row">'
        f'<a href="#c={escape(chat.id)}" data-act="open">'
        f'{picture}<span class="title" dir="auto">{escape(title)}</span>'
        f'<span class="meta">{escape(name)} · <time datetime="{escape(chat.updated_at)}" '
        f"data-short></time></span></a>"
        f'<button type="button" class="icon more" data-act="more" aria-expanded="false" '
        f'aria-label="{more}" title="{more}"></button></div>'
        f'<div class="tools" hidden>{tools}</div></li>'
    )


def _switch(name: str, words: Mapping[str, str], language: str) -> str:
    label = escape(say(language, name))
    choices = "".join(
        f"<label{f' lang={value}' if name == 'language' else ''}>"
        f'<input type="radio" name="jj-{name}" value="{value}">{escape(word)}</label>'
        for value, word in words.items()
    )
    return f'<fieldset class="switch" aria-label="{label}">{choices}</fieldset>'


def _icon(action: str, key: str, language: str, css: str = "") -> str:
    label = escape(say(language, key))
    return (
        f'<button type="button" class="{css or "icon " + action}" data-act="{action}" '
        f'aria-label="{label}" title="{label}"></button>'
    )
