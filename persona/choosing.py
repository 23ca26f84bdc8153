"""Chooses her reply: among lines that are written and what she is beginning to say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from persona.card import LISTENING, TOLD
from persona.ranker import Ranker, Situation
from persona.reactions import Kinds
from persona.recall import ALIKE, Line, Recall
from persona.told import find_told

# So many of her dialogues' lines and of the kinds of her reactions are looked at.
MOST_LINES, MOST_KINDS = 8, 5
# What is added to the ranker's score: people wrote her lines for situations like this one, while
# a small model's words may take up what was said, which the ranker likes, and mean nothing.
# Lines that fit anything are written too, but answer nothing.
LIKENESS_WORTH = 10.0
LISTENING_WORTH = 3.0
# Scores that differ by about so much say little; chance decides between them.
VARIETY = 0.5
# From here on what she might say herself is seldom better, and she need not begin it.
SURE = 9.0


@dataclass(frozen=True, slots=True)
class Written:
    """A line that is there already, what it is worth, and whether it is recalled.

    What is not recalled fits whatever was said, and answers nothing.
    """

    reply: str
    recalled: bool
    worth: float

    @property
    def is_sure(self) -> bool:
        """Say whether nothing has to be compared with it."""
        return self.worth >= SURE


class Chooser:
    """Finds lines for a situation and says which of several replies is the best one.

    Without a ranker a line that is recalled is taken as it comes, and nothing else is compared.
    """

    def __init__(self, recall: Recall, kinds: Kinds, ranker: Ranker | None) -> None:
        self._recall = recall
        self._kinds = kinds
        self._ranker = ranker

    @property
    def compares(self) -> bool:
        """Say whether it can tell replies apart, so that several are worth beginning."""
        return self._ranker is not None

    def written(self, situation: Situation, *, recalls: bool, seed: int = 0) -> Written | None:
        """Give the best of the lines that are written, if there is any.

        Of lines that are about as good, another seed gives another one.
        """
        if self._ranker is None:
            return self._likest(situation) if recalls else None
        told = self._told(situation, self._ranker) if recalls else ""
        if told:
            return Written(told, recalled=True, worth=SURE)
        lines = self._lines(situation) if recalls else []
        listening = self._listening(situation)
        replies = [*(line.reply for line in lines), *listening]
        if not replies:
            return None
        worth = self._ranker.score(situation, replies)
        worth[: len(lines)] += [LIKENESS_WORTH * line.likeness for line in lines]
        worth[len(lines) :] += LISTENING_WORTH
        best = int(np.argmax(worth + VARIETY * np.random.default_rng(seed).gumbel(size=len(worth))))
        return Written(replies[best], recalled=best < len(lines), worth=float(worth[best]))

    def best(self, situation: Situation, line: Written | None, begun: Sequence[str]) -> int:
        """Give the place of the best of what is begun; -1 where the written line is better."""
        if self._ranker is None or not begun:
            return 0 if begun else -1
        scores = self._ranker.score(situation, begun)
        best = int(np.argmax(scores))
        return -1 if line and line.worth >= scores[best] else best

    def _likest(self, situation: Situation) -> Written | None:
        found = self._recall.find(situation.user, situation.mood, situation.exchanges)
        sure = [line.reply for line in found if line.likeness >= ALIKE]
        return Written(sure[0], recalled=True, worth=SURE) if sure else None

    def _told(self, situation: Situation, ranker: Ranker) -> str:
        lines = situation.card.told
        told = find_told(situation.user, situation.exchanges, ranker.rarity) if lines else ""
        if not told:
            return ""
        turn = len(situation.exchanges) % len(lines)
        return lines[turn].replace(TOLD, told.rstrip(" .~!ㅋㅎ"))

    def _lines(self, situation: Situation) -> list[Line]:
        """Give lines of her dialogues and reactions that were said to something alike."""
        user, mood, exchanges = situation.user, situation.mood, situation.exchanges
        lines = self._recall.find(user, mood, exchanges, MOST_LINES)
        said = {exchange.reply for exchange in exchanges}
        likeness = self._kinds.likeness(user, mood)
        for kind in np.argsort(-likeness)[:MOST_KINDS]:
            lines += [
                Line(reply, float(likeness[kind]))
                for reply in self._kinds.reactions[kind].say
                if reply not in said
            ]
        return lines

    def _listening(self, situation: Situation) -> list[str]:
        """Give her lines that fit anything in this mood and were not said yet."""
        said = {exchange.reply for exchange in situation.exchanges}
        lines = situation.card.listening.get(LISTENING[situation.mood], ())
        return [line for line in lines if line not in said]
