"""How a new persona speaks, as told by her own replies, and the card that says so."""

import json
from collections import Counter
from dataclasses import dataclass, field

from persona.card import SPEECH_LEVELS
from persona.prompt import Exchange
from persona.speech_level import BANMAL, JONDAEMAL, keeps_level

_EXAMPLE_LENGTHS = range(4, 41)
# What a log cannot tell: how she greets, and what she says when she did not understand.
_LINES = {
    BANMAL: (
        "왔어? 오늘 하루 어땠어?",
        ["음, 방금 말은 잘 모르겠어. 조금만 더 얘기해 줄래?", "어, 다시 한번 말해 줘."],
    ),
    JONDAEMAL: (
        "오셨어요? 오늘 하루 어떠셨어요?",
        ["음, 방금 말씀은 잘 모르겠어요. 조금만 더 얘기해 주실래요?", "다시 한번 말해 주세요."],
    ),
}


@dataclass(slots=True)
class Manner:
    """Her speech level, and lines that show it."""

    levels: Counter[str] = field(default_factory=Counter)
    examples: dict[tuple[str, int], Exchange] = field(default_factory=dict)

    def notice(self, exchange: Exchange) -> None:
        """Count the level of a reply, and keep the first good example of each mood."""
        kept = [level for level in SPEECH_LEVELS if keeps_level(exchange.reply, level)]
        # A reply of fragments keeps both, one that mixes keeps none: neither says anything.
        if len(kept) != 1:
            return
        self.levels[kept[0]] += 1
        if all(len(words) in _EXAMPLE_LENGTHS for words in (exchange.user, exchange.reply)):
            self.examples.setdefault((kept[0], exchange.mood), exchange)

    @property
    def speech_level(self) -> str:
        """Give the level that most replies keep; 반말 where none shows any."""
        return JONDAEMAL if self.levels[JONDAEMAL] > self.levels[BANMAL] else BANMAL


def card_toml(name: str, title: str, manner: Manner) -> str:
    """Give the card: her level, lines in it, and an example of each mood from the log."""
    level = manner.speech_level
    greeting, fallbacks = _LINES[level]
    values = {
        "name": name,
        "title": title,
        "speech_level": level,
        "greeting": greeting,
        "fallbacks": fallbacks,
    }
    parts = [_pair(key, value) for key, value in values.items()]
    for (kept, mood), said in sorted(manner.examples.items()):
        if kept == level:
            parts += ["\n[[examples]]", _pair("user", said.user), _pair("mood", mood)]
            parts.append(_pair("reply", said.reply))
    return "\n".join(parts) + "\n"


def _pair(key: str, value: object) -> str:
    # Strings, numbers and lists of JSON are TOML as well.
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
