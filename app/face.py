"""Draws a persona's face from the words of her card, as SVG that is safe to put on a page."""

import hashlib
import importlib
import inspect
import re
import sys
import threading
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from types import ModuleType
from typing import Protocol, cast
from xml.etree import ElementTree

from app.errors import AppError

EVERYDAY = "everyday"

_WORDS = {
    EVERYDAY: "평소 표정",
    "sad": "슬픈 표정",
    "glad": "기쁜 표정",
    "listening": "듣고 있는 표정",
    "thinking": "생각하는 표정",
    "speaking": "말하는 표정",
}

# All that the drawings are made of; whatever else a template may bring one day is left out.
_DRAWS = re.compile(
    "svg|g|defs|mask|use|path|rect|circle|ellipse|polygon|linearGradient|stop"
    "|filter|feOffset|feColorMatrix|feComposite|feMerge|feMergeNode"
)
_LINK_INSIDE = re.compile(r"""url\(['"]?#([\w-]+)['"]?\)""")

_import_lock = threading.Lock()


class _Avatar(Protocol):
    """The one method of a py-avataaars picture that is used here."""

    def render_svg(self) -> str: ...


class _AvatarClass(Protocol):
    """py-avataaars' picture class: it takes one enum member a part of the face."""

    def __call__(self, *, simplify: bool, **parts: object) -> _Avatar: ...


def check_look(
    look: Mapping[str, str], expressions: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Raise an AppError that names the key and its nearest words if a card cannot be drawn."""
    _members(look, "[look]")
    for name, changes in (expressions or {}).items():
        _members(changes, f"[expressions.{name}]")


def draw(
    look: Mapping[str, str],
    expressions: Mapping[str, Mapping[str, str]],
    expression: str,
    *,
    title: str = "",
    prefix: str = "",
) -> str:
    """Give the face as an SVG element, sized by the page's CSS.

    An expression that the card does not have is drawn as the everyday one. `title` is what a
    screen reader says. Ids inside differ from face to face; `prefix` makes them differ between
    two drawings of the same face.
    """
    if expression not in expressions:
        expression = EVERYDAY
    words = tuple(sorted({**look, **expressions.get(expression, {})}.items()))
    return _draw(words, title or _WORDS.get(expression, expression), prefix)


@lru_cache(maxsize=256)
def _draw(words: tuple[tuple[str, str], ...], title: str, prefix: str) -> str:
    parts = _members(dict(words), "[look]")
    picture = cast(_AvatarClass, _library().PyAvataaar)
    # `simplify` would number the ids anew in each picture, so that two pictures share them.
    drawn = picture(simplify=False, **parts).render_svg()
    root = ElementTree.fromstring(drawn)
    name = prefix or "face-" + hashlib.sha256(repr(words).encode()).hexdigest()[:8]
    _keep_what_draws(root)
    _rename_ids(root, name)
    return _finished(root, title, f"{name}-title")


def _finished(root: ElementTree.Element, title: str, title_id: str) -> str:
    """Give the text of the picture with a name for screen readers and no size of its own."""
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.attrib |= {
        "xmlns": "http://www.w3.org/2000/svg",
        "role": "img",
        "aria-labelledby": title_id,
    }
    heading = ElementTree.Element("title", {"id": title_id})
    heading.text = title
    root.insert(0, heading)
    return ElementTree.tostring(root, encoding="unicode")


def _keep_what_draws(element: ElementTree.Element) -> None:
    """Leave only shapes, without namespaces, scripts, styles and links that lead outside."""
    element.tag = _local(element.tag)
    element.text = element.tail = None
    attributes = {_local(key): value for key, value in element.attrib.items()}
    element.attrib = {
        key: value
        for key, value in attributes.items()
        if not key.startswith("on")
        and key != "style"
        and (_target(key, value) or (key != "href" and "url(" not in value))
    }
    for child in list(element):
        if _DRAWS.fullmatch(_local(child.tag)):
            _keep_what_draws(child)
        else:
            element.remove(child)


def _rename_ids(root: ElementTree.Element, name: str) -> None:
    """Keep only the ids that something links to, under names that no other face has."""
    everything = list(root.iter())
    links = [
        (element, key, target)
        for element in everything
        for key, value in element.attrib.items()
        if (target := _target(key, value))
    ]
    wanted = {target for _, _, target in links}
    new: dict[str, str] = {}
    for element in everything:
        old = element.attrib.pop("id", "")
        if old in wanted:
            new[old] = element.attrib["id"] = f"{name}-{len(new)}"
    for element, key, target in links:
        if target in new:
            element.attrib[key] = f"#{new[target]}" if key == "href" else f"url(#{new[target]})"
        else:
            # A picture without a circle names a mask that it does not have; some browsers
            # then draw nothing at all.
            del element.attrib[key]


def _target(key: str, value: str) -> str:
    """Give the id that an attribute links to inside the picture, or nothing."""
    if key == "href":
        return value[1:] if value.startswith("#") else ""
    match = _LINK_INSIDE.fullmatch(value)
    return match[1] if match else ""


def _local(name: str) -> str:
    """Give a tag or attribute name without its namespace."""
    return name.rpartition("}")[2]


def _members(words: Mapping[str, str], place: str) -> dict[str, object]:
    """Turn a card's words into py-avataaars' enum members, or say which word it does not know."""
    known = _parts()
    found: dict[str, object] = {}
    for key, word in words.items():
        if key not in known:
            raise _unknown(place, key, key, list(known))
        if word not in known[key]:
            raise _unknown(place, key, word, list(known[key]))
        found[key] = known[key][word]
    return found


def _unknown(place: str, key: str, word: object, known: list[str]) -> AppError:
    near = ", ".join(get_close_matches(str(word), known, n=3, cutoff=0.5) or known)
    return AppError(
        f"카드의 {place} {key}에 있는 '{word}'라는 말을 몰라요. 이 중에서 골라 주세요: {near}. "
        f"(The card's {place} {key} says '{word}', which py-avataaars does not know; "
        f"choose from: {near}.)"
    )


@lru_cache(maxsize=1)
def _parts() -> dict[str, dict[str, object]]:
    """Give each part of a face with the words it may have, as the library itself declares them."""
    library = _library()
    return {
        name: dict(parameter.annotation.__members__)
        for name, parameter in inspect.signature(library.PyAvataaar).parameters.items()
        if hasattr(parameter.annotation, "__members__")
    }


@lru_cache(maxsize=1)
def _library() -> ModuleType:
    """Import py-avataaars, also where libcairo is missing: only its PNG needs that."""
    with _import_lock:
        try:
            importlib.import_module("cairosvg")
        except (ImportError, OSError):
            return _import_without_cairo()
        return _import_avataaars()


def _import_without_cairo() -> ModuleType:
    stand_in = ModuleType("cairosvg")
    stand_in.__dict__["svg2png"] = None
    sys.modules["cairosvg"] = stand_in
    try:
        return _import_avataaars()
    finally:
        del sys.modules["cairosvg"]


def _import_avataaars() -> ModuleType:
    try:
        return importlib.import_module("py_avataaars")
    except ImportError as error:
        raise AppError(
            "얼굴을 그리는 py-avataaars가 없어요. pip install py-avataaars 로 설치해 주세요. "
            "(py-avataaars, which draws the face, is not installed: pip install py-avataaars.)"
        ) from error
