"""Gives the page its faces as one style sheet, so that each is loaded once and asks no server."""

from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from app.errors import AppError
from app.face import draw
from app.page.texts import say
from persona.card import Card

EVERYDAY = "everyday"


def face_styles(cards: Mapping[str, Card]) -> str:
    """Give the style element in which every face of every persona stands."""
    rules = (
        f'.face[data-face="{_css_text(face_name(card, expression))}"]'
        f'{{background-image:url("data:image/svg+xml,{quote(_picture(card, expression))}")}}'
        for card in cards.values()
        for expression in expressions(card)
    )
    return f"<style>{''.join(rules)}</style>"


def expressions(card: Card) -> list[str]:
    """Give the names of the faces she has; everyday is always one."""
    return [EVERYDAY, *(name for name in card.expressions if name != EVERYDAY)]


def face(card: Card, expression: str = EVERYDAY, *, size: str = "small", label: str = "") -> str:
    """Give a face as HTML; without a label it stands beside her name and says nothing more."""
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    name = escape(face_name(card, expression))
    return f'<span class="face {size}" data-face="{name}" {spoken}></span>'


def stacked_faces(card: Card, language: str) -> str:
    """Give all her faces one above the other, so that a change of expression never flickers."""
    known = ("everyday", "sad", "glad", "thinking")
    pictures = ""
    for name in expressions(card):
        label = say(language, f"face_{name if name in known else 'other'}", name=card.name)
        picture = face(card, name, size="large", label=label)
        pictures += f'<span class="layer" data-expression="{escape(name)}">{picture}</span>'
    return f'<div class="faces">{pictures}</div>'


def face_name(card: Card, expression: str) -> str:
    """Give the name under which the style sheet has a face."""
    return f"{card.id}/{expression}"


def _picture(card: Card, expression: str) -> str:
    try:
        return draw(card.look, card.expressions, expression)
    except AppError:
        # A face that cannot be drawn is no reason to have no page; `doctor` says what is wrong.
        return _initial(card.name)


def _initial(name: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
        '<circle cx="50" cy="50" r="50" fill="#d98a6a"/><text x="50" y="66" font-size="46" '
        f'text-anchor="middle" fill="#fff" font-family="sans-serif">{escape(name[:1])}</text></svg>'
    )


def _css_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\3c ")
