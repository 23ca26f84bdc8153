"""A persona's card: a folder with card.toml, read strictly: a typing error is a sentence."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from persona.errors import PersonaError
from persona.lm.protocol import EngineError, Sampling
from persona.prompt import Exchange
from persona.text import clean, is_blank

CARDS_FOLDER = Path(__file__).parent / "cards"
# Whom a newcomer meets, and who stands in for a persona that is gone.
FIRST = "yuhee"
SPEECH_LEVELS = ("banmal", "jondaemal")
EXPRESSIONS = (
    "everyday",
    "sad",
    "glad",
    "listening",
    "thinking",
    "speaking",
    "surprised",
    "sleepy",
)
VOICE_KEYS = {"engine": str, "speed": float, "pitch": float}
SAMPLING_KEYS = {
    "temperature": float,
    "top_k": int,
    "top_p": float,
    "min_p": float,
    "repetition_penalty": float,
    "frequency_penalty": float,
    "presence_penalty": float,
    "no_repeat_ngram": int,
    "max_new_tokens": int,
    "seed": int,
}
_KINDS = {str: "글을", int: "정수를", float: "수를", list: "목록을", dict: "표를"}
REQUIRED = ("name", "title", "speech_level", "greeting", "fallbacks")
OPTIONAL = ("facts", "listening", "told", "examples", "look", "expressions", "voice", "sampling")
# Lines that fit whatever was said in a mood; a mood's number is its place here.
LISTENING = ("everyday", "sad", "glad")
# Lines that fit whatever was asked.
ASKED = "asked"
# Lines for whoever may be in danger.
CARE = "care"
# Where a visitor's earlier words stand in a line that gives them back.
TOLD = "{told}"


@dataclass(frozen=True, slots=True)
class Card:
    """Who is speaking: everything the card says, checked."""

    id: str
    folder: Path
    name: str
    title: str
    speech_level: str
    greeting: str
    fallbacks: tuple[str, ...]
    facts: tuple[str, ...] = ()
    listening: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    examples: tuple[Exchange, ...] = ()
    look: Mapping[str, str] = field(default_factory=dict)
    expressions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    voice: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, float | int] = field(default_factory=dict)


def load_card(folder: Path) -> Card:
    """Read and check one card; whatever is wrong is a sentence naming file, key and remedy."""
    path = folder / "card.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise PersonaError(
            f"{path} 파일이 없어요. 카드 폴더에 card.toml을 넣어 주세요. "
            "(There is no card.toml in this folder; add one.)"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise PersonaError(
            f"{path} 파일을 TOML(UTF-8)로 읽을 수 없어요: {error}. 그 줄을 고쳐 주세요. "
            "(Not valid TOML in UTF-8; mend the line named.)"
        ) from error
    return _Reader(path, raw).card()


def find_cards(*roots: Path) -> dict[str, Card]:
    """Read every card below the folders, by id; a later folder's card replaces an earlier one's."""
    cards: dict[str, Card] = {}
    for root in roots:
        for folder in _card_folders(root):
            cards[folder.name] = load_card(folder)
    return cards


def _card_folders(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        raise PersonaError(
            f"카드 폴더 {root} 가 없어요. JJINCHIN_CARDS_DIR를 확인해 주세요. "
            "(The cards folder does not exist; check JJINCHIN_CARDS_DIR.)"
        )
    yield from sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith((".", "_")))


class _Reader:
    """Takes a card's TOML apart key by key."""

    def __init__(self, path: Path, raw: dict[str, Any]) -> None:
        self._path = path
        self._raw = raw

    def card(self) -> Card:
        self._known(self._raw, (*REQUIRED, *OPTIONAL), "")
        for key in REQUIRED:
            if key not in self._raw:
                raise self._error(key, "항목이 빠졌어요. 넣어 주세요", "is missing; add it")
        level = self._text(self._raw["speech_level"], "speech_level")
        if level not in SPEECH_LEVELS:
            raise self._error(
                "speech_level",
                f"{level!r} 라는 말투는 없어요. banmal 또는 jondaemal로 적어 주세요",
                f"{level!r} is no speech level; write banmal or jondaemal",
            )
        return Card(
            id=self._path.parent.name,
            folder=self._path.parent,
            name=self._text(self._raw["name"], "name"),
            title=self._text(self._raw["title"], "title"),
            speech_level=level,
            greeting=self._text(self._raw["greeting"], "greeting"),
            fallbacks=self._texts("fallbacks", least=1),
            facts=self._texts("facts"),
            listening=self._listening(),
            told=self._told(),
            examples=self._examples(),
            look=self._strings(self._raw.get("look", {}), "look"),
            expressions=self._expressions(),
            voice=self._numbers("voice", VOICE_KEYS),
            sampling=self._sampling(),
        )

    def _error(self, key: str, korean: str, english: str) -> PersonaError:
        return PersonaError(f"{self._path}: '{key}' {korean}. ('{key}' {english}.)")

    def _known(self, table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                korean, english = "지워 주세요", "remove it"
                if near:
                    korean = f"지우거나 {near[0]} 항목으로 고쳐 주세요"
                    english = f"remove it or write {near[0]}"
                raise self._error(place + key, f"항목은 없어요. {korean}", f"is unknown; {english}")

    def _of(self, value: Any, kind: type[Any], key: str) -> Any:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self._error(
                key,
                f"항목에는 {_KINDS[kind]} 적어 주세요",
                f"must be of type {kind.__name__}; mend the value",
            )
        return value

    def _text(self, value: Any, key: str) -> str:
        text = clean(self._of(value, str, key))
        if is_blank(text):
            raise self._error(
                key, "항목이 비어 있어요. 글을 적어 주세요", "is empty; write something"
            )
        return text

    def _texts(self, key: str, least: int = 0) -> tuple[str, ...]:
        return self._lines(self._raw.get(key, []), key, least)

    def _listening(self) -> Mapping[str, tuple[str, ...]]:
        table = self._of(self._raw.get("listening", {}), dict, "listening")
        self._known(table, (*LISTENING, ASKED, CARE), "listening.")
        return {mood: self._lines(v, f"listening.{mood}", 1) for mood, v in table.items()}

    def _told(self) -> tuple[str, ...]:
        lines = self._texts("told")
        for n, line in enumerate(lines):
            if line.count(TOLD) != 1:
                raise self._error(
                    f"told[{n}]",
                    f"항목에는 {TOLD} 자리를 한 번 적어 주세요",
                    f"must have the place {TOLD} once; add it",
                )
        return lines

    def _lines(self, given: Any, key: str, least: int) -> tuple[str, ...]:
        values = self._of(given, list, key)
        if len(values) < least:
            raise self._error(
                key,
                f"항목을 {least}개 이상 적어 주세요",
                f"needs at least {least} line(s); add some",
            )
        return tuple(self._text(value, f"{key}[{n}]") for n, value in enumerate(values))

    def _strings(self, table: Any, key: str) -> Mapping[str, str]:
        checked = self._of(table, dict, key)
        return {k: self._text(v, f"{key}.{k}") for k, v in checked.items()}

    def _examples(self) -> tuple[Exchange, ...]:
        found = []
        for n, row in enumerate(self._of(self._raw.get("examples", []), list, "examples")):
            place = f"examples[{n}]."
            table = self._of(row, dict, place[:-1])
            self._known(table, ("user", "mood", "reply"), place)
            for key in ("user", "mood", "reply"):
                if key not in table:
                    raise self._error(
                        place + key, "항목이 빠졌어요. 넣어 주세요", "is missing; add it"
                    )
            mood = self._of(table["mood"], int, place + "mood")
            if mood not in (0, 1, 2):
                raise self._error(
                    place + "mood", "0, 1, 2 중 하나로 적어 주세요", "must be 0, 1 or 2"
                )
            user, reply = (self._text(table[k], place + k) for k in ("user", "reply"))
            found.append(Exchange(user, mood, reply))
        return tuple(found)

    def _expressions(self) -> Mapping[str, Mapping[str, str]]:
        table = self._of(self._raw.get("expressions", {}), dict, "expressions")
        self._known(table, EXPRESSIONS, "expressions.")
        return {name: self._strings(parts, f"expressions.{name}") for name, parts in table.items()}

    def _sampling(self) -> Mapping[str, float | int]:
        table = self._numbers("sampling", SAMPLING_KEYS)
        try:
            Sampling(**table)
        except EngineError as error:
            raise PersonaError(f"{self._path}: [sampling] {error}") from error
        return table

    def _numbers(self, key: str, kinds: Mapping[str, type]) -> Mapping[str, Any]:
        table = self._of(self._raw.get(key, {}), dict, key)
        self._known(table, tuple(kinds), f"{key}.")
        return {k: self._of(v, kinds[k], f"{key}.{k}") for k, v in table.items()}
