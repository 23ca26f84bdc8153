"""Recalls what she said when a visitor said nearly the same: a line of her own dialogues."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

import numpy as np

from persona.dialogues import Dialogue
from persona.encoder import Encoder, Vectors, unit
from persona.prompt import Exchange
from persona.reactions import OTHER_MOOD

# How alike two situations must be, from 0 to 1, for a line to fit mostly. Read off held-out talk.
ALIKE = 0.6
# What stood before the last words counts this much, where her line had something before it.
BEFORE = 0.25
# A word in more than this share of her lines belongs to no conversation ("오늘", "진짜").
COMMON = 0.01
_WORDS = re.compile(r"[0-9]+|[a-z]+|[가-힣]{2,}")
_NUMBER = re.compile(r"[0-9]+")
# Words as short as these say nothing without what stood before them ("응", "왜?").
SHORT = 2
_BARE = re.compile(r"[^0-9a-zA-Z가-힣]")
BEFORE_SHORT = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """A line of hers that may fit, and how alike the situation was in which she said it."""

    reply: str
    likeness: float


class Recall:
    """The lines of her dialogues, found by what the visitor said last and what stood before."""

    def __init__(self, dialogues: Iterable[Dialogue], encoder: Encoder) -> None:
        self._encoder = encoder
        spoken = [d.exchanges for d in dialogues]
        lines = [e for exchanges in spoken for e in exchanges]
        self._replies = [e.reply for e in lines]
        self._moods = np.array([e.mood for e in lines])
        self._opens = np.array(
            [n == 0 for exchanges in spoken for n in range(len(exchanges))], dtype=bool
        )
        self._users = encoder.encode([e.user for e in lines])
        self._befores = np.roll(_halfway(self._users, encoder.encode(self._replies)), 1, axis=0)
        self._befores[self._opens] = 0  # nothing stood before an opening
        self._leans = list(_leanings(spoken))

    def find(
        self, user: str, mood: int, exchanges: Sequence[Exchange] = (), most: int = 1
    ) -> list[Line]:
        """Give her lines from the most alike situations, likest first; none where none is alike.

        What she said in this conversation is not said again, and a line that takes up words of
        another conversation is used only where the same words were said in this one.
        """
        if not self._replies:
            return []
        likeness = self._likeness(user, mood, exchanges)
        spoken = keys(" ".join([user, *(f"{e.user} {e.reply}" for e in exchanges)]))
        taken = {e.reply for e in exchanges}
        found: list[Line] = []
        for place in np.argsort(-likeness):
            reply = self._replies[place]
            if len(found) == most or likeness[place] < ALIKE:
                break
            if reply not in taken and self._leans[place] <= spoken:
                taken.add(reply)
                found.append(Line(reply, float(likeness[place])))
        return found

    def _likeness(self, user: str, mood: int, exchanges: Sequence[Exchange]) -> Vectors:
        """Give how alike the situation of each of her lines is to the one now."""
        words = self._encoder.encode([user])[0]
        likeness = (self._users @ words) * np.where(self._moods == mood, 1.0, OTHER_MOOD)
        if not exchanges:
            return np.asarray(np.where(self._opens, likeness, 0), np.float32)
        last = exchanges[-1]
        before = self._befores @ _halfway(*self._encoder.encode([last.user, last.reply]))
        short = _is_short(user)
        share = BEFORE_SHORT if short else BEFORE
        mixed = (1 - share) * likeness + share * before
        # An opening leans on nothing, so it may be said at any time, if it says enough.
        return np.asarray(mixed if short else np.where(self._opens, likeness, mixed), np.float32)


def _is_short(user: str) -> bool:
    return len(_BARE.sub("", user)) <= SHORT


def keys(text: str) -> set[str]:
    """Give what stands for the words of a text: numbers whole, Hangul words by their beginning.

    Two syllables hold most stems and names, and none of the particles and endings after them.
    """
    return {w[:2] if w[0] >= "가" else w for w in _WORDS.findall(text.lower())}


def numbers(text: str) -> set[str]:
    """Give the numbers written in a text."""
    return set(_NUMBER.findall(text))


def _halfway(first: Vectors, second: Vectors) -> Vectors:
    """Give the unit vectors between pairs of unit vectors."""
    return unit(first + second)


def _leanings(spoken: Sequence[Sequence[Exchange]]) -> Iterable[Set[str]]:
    """Give for each line the words that it takes from its own conversation, and its numbers."""
    counts = Counter(key for exchanges in spoken for e in exchanges for key in keys(e.reply))
    limit = max(2.0, COMMON * sum(len(exchanges) for exchanges in spoken))
    for exchanges in spoken:
        earlier: set[str] = set()
        for exchange in exchanges:
            earlier |= keys(exchange.user)
            hers = keys(exchange.reply)
            taken = {k for k in hers & earlier if counts[k] <= limit}
            yield taken | numbers(exchange.reply)
            earlier |= hers
