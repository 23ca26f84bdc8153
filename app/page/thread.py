"""Draws a conversation as HTML in which everybody's words are only text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from app.history import Turn
from app.page.faces import face
from app.page.texts import say
from persona.card import Card
from persona.window import Window

_NOTES = {"stopped": "stopped", "length": "length", "time": "length"}
_MARKS = ("fallback", "recalled")


@dataclass(frozen=True, slots=True)
class View:
    """What the thread shows: one conversation, or an empty one that has no id yet."""

    card: Card
    cards: Mapping[str, Card]
    language: str
    conversation: str = ""
    turns: Sequence[Turn] = ()
    window: Window | None = None
    limit: int = 60
    answering: bool = False
    care: Mapping[int, str] | None = None


def render_thread(view: View) -> str:
    """Give the whole thread: who it is with, the newest turns, and what has left the window."""
    hidden = max(0, len(view.turns) - view.limit)
    parts = [
        f'<section class="thread" aria-label="{_text(view, "thread", name=view.card.name)}" '
        f'data-conversation="{escape(view.conversation)}" '
        f'data-persona="{escape(view.card.id)}" data-name="{escape(view.card.name)}">'
    ]
    if hidden:
        parts.append(_button("earlier", _text(view, "earlier"), css="quiet"))
    else:
        if not view.turns:
            parts.append(_picker(view))
        parts.append(_greeting(view))
    parts += _turns(view, hidden)
    parts.append("</section>")
    return "".join(parts)


def render_blank(card: Card, language: str) -> str:
    """Give the turn that the browser fills while she answers; the same markup, so the same size."""
    view = View(card, {}, language)
    return (
        '<div id="jj-blank" hidden><div class="turn" data-turn="live">'
        f"{_mine(view, '', '', '', '')}"
        f"{_hers(view, '', '', dots=True)}"
        "</div></div>"
    )


def care_lines(text: str, language: str) -> str:
    """Give the calm card with the lines that help, and the number to call."""
    return (
        f'<aside class="care" role="note"><strong>{escape(say(language, "care"))}</strong>'
        f'<p dir="auto">{escape(text)}</p>'
        f'<a href="tel:109">{escape(say(language, "care_call"))}</a></aside>'
    )


def mood_words(mood: int, reason: str, language: str) -> str:
    """Give what was read in the visitor's words, as `ㅠㅠ → 슬픔`; nothing if nothing was."""
    if not reason and mood == 0:
        return ""
    if reason == "given":
        reason = say(language, "mood_given")
    label = say(language, f"mood_{mood}")
    return say(language, "mood_of", reason=reason, mood=label) if reason else label


def _turns(view: View, hidden: int) -> Iterator[str]:
    dropped = view.window.dropped if view.window else 0
    for number, turn in enumerate(view.turns):
        if number == dropped and dropped:
            line = _text(view, "forgotten", name=view.card.name)
            yield f'<div class="divider"><span>{line}</span></div>'
        if number >= hidden:
            yield _turn(view, turn, number == len(view.turns) - 1, number < dropped)


def _turn(view: View, turn: Turn, last: bool, gone: bool) -> str:
    classes = "turn" + (" last" if last else "") + (" gone" if gone else "")
    if last and view.answering and not turn.finish:
        classes += " open"
    mood = mood_words(turn.mood, turn.mood_reason, view.language)
    care = (view.care or {}).get(turn.id, "")
    return (
        f'<div class="{classes}" data-turn="{turn.id}">'
        f"{_mine(view, turn.user, turn.created_at, mood, _icon(view, 'edit'))}"
        f"{care_lines(care, view.language) if care else ''}"
        f"{_answer(view, turn, last)}</div>"
    )


def _mine(view: View, words: str, when: str, mood: str, actions: str) -> str:
    return (
        f'<div class="me"><span class="jj-unseen">{_text(view, "me")}</span>'
        f'<div class="bubble" dir="auto">{escape(words)}</div>'
        f'<div class="under">{actions}<span class="mood">{escape(mood)}</span>{_time(when)}'
        "</div></div>"
    )


def _answer(view: View, turn: Turn, last: bool) -> str:
    pager = _pager(view, turn)
    if not turn.finish and view.answering and last:
        words = _text(view, "answering", name=view.card.name)
        return f'<div class="note" role="status">{words}</div>'
    if turn.reply:
        return _hers(view, turn.reply, _actions(view, turn, last) + pager, turn=turn)
    key = "stopped_empty" if turn.finish == "stopped" else "cut" if not turn.finish else "failed"
    again = _button("retry", _text(view, "cut_retry"), css="link")
    undo = _icon(view, "undo") if last else ""
    return f'<div class="note">{_text(view, key)} · {again}{undo}{pager}</div>'


def _hers(
    view: View, words: str, actions: str, *, turn: Turn | None = None, dots: bool = False
) -> str:
    waiting = '<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>' if dots else ""
    note = ""
    if turn is not None and turn.finish in _NOTES:
        note = f'<span class="mark">{_text(view, _NOTES[turn.finish])}</span>'
    if turn is not None and turn.origin in _MARKS:
        note += f'<span class="mark">{_text(view, turn.origin)}</span>'
    return (
        f'<div class="her">{face(view.card)}<div class="said">'
        f'<div class="name">{escape(view.card.name)}</div>'
        f'<div class="bubble" dir="auto"><span class="words">{escape(words)}</span>{waiting}</div>'
        f'<div class="under">{actions}{note}</div></div></div>'
    )


def _actions(view: View, turn: Turn, last: bool) -> str:
    names = ["copy", "retry", "like", "dislike"] + (["undo"] if last else [])
    pressed = {1: "like", -1: "dislike"}.get(turn.rating)
    return "".join(
        _icon(view, name, pressed=name == pressed if name in ("like", "dislike") else None)
        for name in names
    )


def _pager(view: View, turn: Turn) -> str:
    if len(turn.siblings) < 2:
        return ""
    place = turn.siblings.index(turn.id)
    total = len(turn.siblings)
    label = _text(view, "pager", total=total, number=place + 1)
    return (
        f'<span class="pager" role="group" aria-label="{label}">'
        f"{_step(view, 'previous', turn.siblings, place - 1)}"
        f'<span aria-hidden="true">{place + 1}/{total}</span>'
        f"{_step(view, 'next', turn.siblings, place + 1)}</span>"
    )


def _step(view: View, name: str, siblings: Sequence[int], place: int) -> str:
    there = 0 <= place < len(siblings)
    target = f'data-to="{siblings[place]}"' if there else "disabled"
    sign = "‹" if name == "previous" else "›"
    label = _text(view, name)
    return (
        f'<button type="button" class="step" data-act="choose" {target} '
        f'aria-label="{label}" title="{label}">{sign}</button>'
    )


def _greeting(view: View) -> str:
    return f'<div class="turn greeting">{_hers(view, view.card.greeting, "")}</div>'


def _picker(view: View) -> str:
    cards = "".join(
        f'<button type="button" class="person" data-act="pick" '
        f'data-persona="{escape(card.id)}" aria-pressed="{str(card.id == view.card.id).lower()}" '
        f'aria-label="{_text(view, "pick_one", name=card.name)}, {escape(card.title)}">'
        f"{face(card, size='large')}<strong>{escape(card.name)}</strong>"
        f"<span>{escape(card.title)}</span></button>"
        for card in view.cards.values()
    )
    return (
        f'<div class="picker" role="group" aria-label="{_text(view, "pick")}">'
        f'<h2>{_text(view, "pick")}</h2><div class="people">{cards}</div></div>'
    )


def _time(when: str) -> str:
    return f'<time datetime="{escape(when)}"></time>' if when else "<time></time>"


def _icon(view: View, name: str, *, pressed: bool | None = None) -> str:
    label = _text(view, name)
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    return (
        f'<button type="button" class="icon {name}" data-act="{name}" aria-label="{label}" '
        f'title="{label}"{state}></button>'
    )


def _button(action: str, label: str, *, css: str) -> str:
    return f'<button type="button" class="{css}" data-act="{action}">{label}</button>'


def _text(view: View, key: str, **values: object) -> str:
    return escape(say(view.language, key, **values))
