"""Recalls what she said when a visitor said nearly the same: a line of her own dialogues."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from persona.dialogues import Dialogue
from persona.prompt import Exchange

# How alike two openings must be, from 0 to 1; below this she answers in words of her own.
ALIKE = 0.40
# An answer to another feeling does not fit, however alike the words are.
OTHER_MOOD = 0.85
LENGTHS = (1, 2, 3)
_NO_LETTERS = re.compile(r"[^0-9a-z가-힣ㄱ-ㅎㅏ-ㅣ]+")
_RUNS = re.compile(r"(.)\1+")
_LAUGHTER = re.compile(r"[ㅋㅎㅠㅜ]+$")


class Recall:
    """The openings of her dialogues, found by the n-grams they share with what was said.

    Only openings are recalled: a later line leans on what was said before it.
    """

    def __init__(self, dialogues: Iterable[Dialogue]) -> None:
        self._lines: list[Exchange] = [d.exchanges[0] for d in dialogues]
        bags = [_grams(line.user) for line in self._lines]
        spread = Counter(gram for bag in bags for gram in bag)
        self._worth = {g: math.log(1 + len(bags) / count) for g, count in spread.items()}
        self._places: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, bag in enumerate(bags):
            for gram, weight in self._weigh(bag).items():
                self._places[gram].append((place, weight))

    def find(self, user: str, mood: int, said: Collection[str]) -> str:
        """Give her reply to the most alike opening, or "" where none is alike enough.

        What was said in this conversation already (`said`) is not said again.
        """
        scores: dict[int, float] = defaultdict(float)
        for gram, weight in self._weigh(_grams(user)).items():
            for place, other in self._places.get(gram, ()):
                scores[place] += weight * other
        best, reply = ALIKE, ""
        for place, score in scores.items():
            line = self._lines[place]
            score *= 1.0 if line.mood == mood else OTHER_MOOD
            if score >= best and line.reply not in said:
                best, reply = score, line.reply
        return reply

    def _weigh(self, bag: Counter[str]) -> dict[str, float]:
        rare = math.log(1 + len(self._lines))
        raw = {gram: count * self._worth.get(gram, rare) for gram, count in bag.items()}
        length = math.sqrt(sum(weight**2 for weight in raw.values())) or 1.0
        return {gram: weight / length for gram, weight in raw.items()}


def _grams(text: str) -> Counter[str]:
    """Give the character n-grams of a text without spaces, marks and trailing laughter."""
    letters = _RUNS.sub(r"\1", _NO_LETTERS.sub("", text.lower()))
    bare = _LAUGHTER.sub("", letters) or letters
    framed = f"^{bare}$"
    return Counter(framed[i : i + n] for n in LENGTHS for i in range(len(framed) - n + 1))
