"""Chooses her reply: among lines that are written and what she is beginning to say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from persona.card import ASKED, CARE, LISTENING, TOLD, Card
from persona.mood import SAD
from persona.prompt import Exchange
from persona.ranker import Ranker, Situation
from persona.reactions import Kinds
from persona.recall import Line, Recall
from persona.told import find_told, is_question

# So many of her dialogues' lines and of the kinds of her reactions are looked at, each from a
# likeness on where more fit than not: read off 431 judged replies to scripted visitors.
MOST_LINES, MOST_KINDS = 4, 3
OF_KIND = 0.39
# How alike the situation is tells best whether a line fits. The ranker's score tells little more of
# written lines, but which of them are at fault.
LIKENESS_WORTH, TASTE = 20.0, 0.2
# Her own words have to score so much to be better than a line that only shows that she listens.
LISTENING_WORTH = 6.0
# Worths that differ by about so much say little; chance decides between them.
VARIETY = 0.5


@dataclass(frozen=True, slots=True)
class Written:
    """A line that is there already.

    One that is recalled answers, and is said without more ado; one that is not fits whatever was
    said, and may be worth less than her own words.
    """

    reply: str
    recalled: bool


class Chooser:
    """Finds lines for a situation and says which of several replies is the best one.

    Without a ranker nothing is compared, and she never only listens.
    """

    def __init__(self, recall: Recall, kinds: Kinds, ranker: Ranker | None) -> None:
        self._recall = recall
        self._kinds = kinds
        self._ranker = ranker

    @property
    def compares(self) -> bool:
        """Say whether it can tell replies apart, so that several are worth beginning."""
        return self._ranker is not None

    def written(self, situation: Situation, seed: int, seen: str = "") -> Written | None:
        """Give the best of the lines that are written, if there is any but the one seen.

        Of lines that are about as good, another seed gives another one.
        """
        chance = np.random.default_rng(seed)
        told = self._told(situation, seed)
        if told:
            return Written(told, recalled=True)
        said = {seen, *(exchange.reply for exchange in situation.exchanges)}
        lines = self._lines(situation, said)
        if lines:
            worth = np.array([LIKENESS_WORTH * line.likeness for line in lines])
            if self._ranker is not None:
                worth += TASTE * self._ranker.score(situation, [line.reply for line in lines])
            best = int(np.argmax(worth + VARIETY * chance.gumbel(size=len(lines))))
            return Written(lines[best].reply, recalled=True)
        listening = self._listening(situation, said)
        return Written(listening[chance.integers(len(listening))], False) if listening else None

    def best(self, situation: Situation, line: Written | None, begun: Sequence[str]) -> int:
        """Give the place of the best of what is begun; -1 where the written line is better."""
        if self._ranker is None or not begun:
            return 0 if begun else -1
        scores = self._ranker.score(situation, begun)
        best = int(np.argmax(scores))
        return -1 if line and scores[best] < LISTENING_WORTH else best

    def _told(self, situation: Situation, seed: int) -> str:
        lines = situation.card.told
        if self._ranker is None or not lines:
            return ""
        told = find_told(situation.user, situation.exchanges, self._ranker.rarity)
        quoted = " ".join(told.split()).rstrip(" .~!ㅋㅎ")
        return lines[seed % len(lines)].replace(TOLD, quoted) if quoted else ""

    def _lines(self, situation: Situation, said: set[str]) -> list[Line]:
        """Give lines of her dialogues and reactions that were said to something alike."""
        user, mood, exchanges = situation.user, situation.mood, situation.exchanges
        found = self._recall.find(user, mood, exchanges, MOST_LINES)
        lines = [line for line in found if line.reply not in said]
        likeness = self._kinds.likeness(user, mood)
        for kind in np.argsort(-likeness)[:MOST_KINDS]:
            if likeness[kind] >= OF_KIND:
                lines += [
                    Line(reply, float(likeness[kind]))
                    for reply in self._kinds.reactions[kind].say
                    if reply not in said
                ]
        return lines

    def _listening(self, situation: Situation, said: set[str]) -> list[str]:
        """Give her lines that fit anything in this mood, or any question, and were not said yet."""
        if self._ranker is None:
            return []
        listening = situation.card.listening
        asked = listening.get(ASKED, ()) if is_question(situation.user) else ()
        fitting = [line for line in asked if line not in said]
        mood = listening.get(LISTENING[situation.mood], ())
        return fitting or [line for line in mood if line not in said]


def choose_fallback(card: Card, exchanges: Sequence[Exchange]) -> str:
    """Give the card's line that was used longest ago in this conversation."""
    return _longest_ago(card.fallbacks, exchanges)


def choose_care(card: Card, exchanges: Sequence[Exchange]) -> str:
    """Give the card's line for words of danger; a card without any has its sad ones, or others."""
    lines = card.listening.get(CARE) or card.listening.get(LISTENING[SAD]) or card.fallbacks
    return _longest_ago(lines, exchanges)


def _longest_ago(lines: Sequence[str], exchanges: Sequence[Exchange]) -> str:
    last_used = {e.reply: n for n, e in enumerate(exchanges)}
    return min(lines, key=lambda line: last_used.get(line, -1))
