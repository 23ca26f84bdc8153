"""Chooses her reply: among lines of her own dialogues and what she is beginning to say."""

from collections.abc import Sequence

import numpy as np

from persona.ranker import Ranker, Situation
from persona.recall import ALIKE, Recall

# So many of her lines are looked at; one from a situation that is hardly alike has to fit well, and
# all are preferred by this much, since people wrote them: a small model's words may take up
# what was said, which the ranker likes, and mean nothing.
MOST_LINES = 5
FITS_WELL = 1.0
WRITTEN = 4.0


class Chooser:
    """Finds lines for a situation and says which of several replies is the best one.

    Without a ranker a line that is recalled is taken as it comes, and nothing else is compared.
    """

    def __init__(self, recall: Recall, ranker: Ranker | None) -> None:
        self._recall = recall
        self._ranker = ranker

    @property
    def compares(self) -> bool:
        """Say whether it can tell replies apart, so that several are worth beginning."""
        return self._ranker is not None

    def lines(self, situation: Situation) -> list[str]:
        """Give lines of hers that may answer, the likest first."""
        found = self._recall.find(situation.user, situation.mood, situation.exchanges, MOST_LINES)
        sure = [line.reply for line in found if line.likeness >= ALIKE]
        if self._ranker is None:
            return sure
        replies = [line.reply for line in found]
        scores = self._ranker.score(situation, replies)
        return sure + [
            reply
            for reply, score in zip(replies[len(sure) :], scores[len(sure) :], strict=True)
            if score >= FITS_WELL
        ]

    def best(self, situation: Situation, lines: Sequence[str], begun: Sequence[str]) -> int:
        """Give the place of the best reply: her lines are counted first, then what is begun."""
        if self._ranker is None:
            return 0
        scores = self._ranker.score(situation, [*lines, *begun])
        scores[: len(lines)] += WRITTEN
        return int(np.argmax(scores))
