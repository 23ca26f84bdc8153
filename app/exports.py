"""The form of an exported conversation, and what is said of a file that is not in it."""

from datetime import datetime
from typing import Any

from app.errors import AppError
from persona.text import clean

ORIGINS = ("generated", "recalled", "fallback")
FINISHES = ("end", "length", "time", "loop", "stopped", "failed")
FORMAT = "jjinchin-conversation"
VERSION = 1
MAX_CHARACTERS = 7_000_000  # of Hangul, that is a file of about 20 MB
MAX_TURNS = 20_000


def _too_much() -> AppError:
    return AppError(
        f"대화가 너무 커서 가져올 수 없어요. {MAX_TURNS:,}번, {MAX_CHARACTERS:,}자까지 받아요. "
        f"(Too large to import: at most {MAX_TURNS:,} turns and {MAX_CHARACTERS:,} characters.)"
    )


_TEXTS = ("user", "mood_reason", "reply", "model")
_CHOICES: dict[str, tuple[object, ...]] = {
    "mood": (0, 1, 2),
    "origin": ("", *ORIGINS),
    "finish": ("", *FINISHES),
    "rating": (-1, 0, 1),
    "hidden": (False, True),
}
_TURN_DEFAULTS: dict[str, object] = {
    "user": ...,
    "mood": ...,
    "mood_reason": "",
    "reply": ...,
    "origin": "",
    "finish": "",
    "model": "",
    "seed": None,
    "rating": 0,
    "created_at": "",
    "hidden": False,
    "parent": ...,
}
_CONVERSATION_DEFAULTS: dict[str, object] = {
    "format": ...,
    "version": ...,
    "persona": ...,
    "title": "",
    "created_at": "",
    "turns": ...,
    "head": ...,
}
KEPT = tuple(key for key in _TURN_DEFAULTS if key not in ("hidden", "parent"))


def check_export(document: object) -> dict[str, Any]:
    """Give the values of an exported conversation, or say what is wrong with the first bad one."""
    whole = _with_defaults(document, _CONVERSATION_DEFAULTS, "")
    _require_choice(whole["format"], (FORMAT,), "format")
    _require_choice(whole["version"], (VERSION,), "version")
    _require_text(whole["persona"], "persona")
    _require_text(whole["title"], "title")
    _require_time(whole["created_at"], "created_at")
    if not isinstance(whole["turns"], list):
        raise _bad("turns", "목록이어야 해요", "has to be a list")
    if len(whole["turns"]) > MAX_TURNS:
        raise _too_much()
    whole["turns"] = [_checked_turn(value, n) for n, value in enumerate(whole["turns"])]
    texts = [(turn, key) for turn in whole["turns"] for key in _TEXTS]
    if sum(len(turn[key]) for turn, key in texts) > MAX_CHARACTERS:
        raise _too_much()
    for turn, key in texts:
        turn[key] = clean(turn[key])
    _require_place(whole["head"], len(whole["turns"]), "head")
    return whole


def _checked_turn(value: object, number: int) -> dict[str, Any]:
    place = f"turns[{number}]"
    turn = _with_defaults(value, _TURN_DEFAULTS, place)
    for key in _TEXTS:
        _require_text(turn[key], f"{place}.{key}")
    for key, choices in _CHOICES.items():
        _require_choice(turn[key], choices, f"{place}.{key}")
    _require_time(turn["created_at"], f"{place}.created_at")
    # Only an earlier turn: so there is no circle, and the ids grow on the way down.
    _require_place(turn["parent"], number, f"{place}.parent")
    seed = turn["seed"]
    if seed is not None and not (type(seed) is int and -(2**63) <= seed < 2**63):
        raise _bad(f"{place}.seed", "정수이거나 null이어야 해요", "has to be an integer or null")
    return turn


def _with_defaults(value: object, defaults: dict[str, object], place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _bad(place or "file", "이름과 값의 묶음이어야 해요", "has to be an object")
    dot = f"{place}." if place else ""
    for key in sorted(value.keys() - defaults.keys()):
        raise _bad(f"{dot}{key}", "모르는 이름이에요", "is not a name that belongs here")
    whole = defaults | value
    for key in whole:
        if whole[key] is ...:
            raise _bad(f"{dot}{key}", "빠졌어요", "is missing")
    return whole


def _require_text(value: object, place: str) -> None:
    if not isinstance(value, str):
        raise _bad(place, "글이어야 해요", "has to be text")


def _require_choice(value: object, choices: tuple[object, ...], place: str) -> None:
    # True is 1 to Python, and not to us.
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        listed = ", ".join(repr(choice) for choice in choices)
        raise _bad(place, f"{listed} 중 하나여야 해요", f"has to be one of {listed}")


def _require_place(value: object, end: int, place: str) -> None:
    if value is not None and not (type(value) is int and 0 <= value < end):
        raise _bad(
            place,
            f"null이거나 {end}보다 작은 번호여야 해요",
            f"has to be null or the number of a turn below {end}",
        )


def _require_time(value: object, place: str) -> None:
    try:
        if value == "" or datetime.fromisoformat(str(value)).tzinfo:
            return
    except ValueError:
        pass
    raise _bad(
        place,
        "시간대가 있는 ISO 8601 시각이어야 해요",
        "has to be an ISO 8601 time with its zone",
    )


def _bad(place: str, korean: str, english: str) -> AppError:
    return AppError(
        f"가져올 파일이 올바르지 않아요. {place}: {korean}. "
        f"(The file cannot be imported: {place} {english}.)"
    )
