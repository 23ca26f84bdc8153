"""Chooses her reply: among lines that are written and what she is beginning to say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from persona.card import LISTENING, TOLD
from persona.ranker import Ranker, Situation
from persona.reactions import Kinds
from persona.recall import ALIKE, Recall
from persona.told import find_told

# So many of her lines are looked at. From a situation that is less than alike a line has to fit
# the better, the less alike it is; read off talks with a scripted visitor.
MOST_LINES = 20
FITS_AT_NONE, FITS_BY_LIKENESS = 10.0, -20.0
# So many kinds of reactions are looked at, from this likeness on.
MOST_KINDS, OF_KIND = 3, 0.4
# People wrote her lines: a small model's words may take up what was said, which the ranker likes,
# and mean nothing. Lines that fit anything are written too, but answer nothing.
RECALLED_WORTH = 4.0
LISTENING_WORTH = 3.0


@dataclass(frozen=True, slots=True)
class Written:
    """A line that is there already: recalled, or one that fits whatever was said."""

    reply: str
    recalled: bool


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

    def told(self, situation: Situation) -> Written | None:
        """Give what the visitor told back to them, when that is what they ask for."""
        if self._ranker is None or not situation.card.told:
            return None
        line = find_told(situation.user, situation.exchanges, self._ranker.rarity)
        if not line:
            return None
        lines = situation.card.told
        said = lines[len(situation.exchanges) % len(lines)]
        return Written(said.replace(TOLD, line.rstrip(" .~!ㅋㅎ")), recalled=True)

    def recalled(self, situation: Situation) -> list[Written]:
        """Give lines of her dialogues and reactions that may answer, the likest first."""
        found = self._recall.find(situation.user, situation.mood, situation.exchanges, MOST_LINES)
        lines = [line.reply for line in found if line.likeness >= ALIKE]
        hardly = found[len(lines) :]
        if self._ranker is not None and hardly:
            scores = self._ranker.score(situation, [line.reply for line in hardly])
            lines += [
                line.reply
                for line, score in zip(hardly, scores, strict=True)
                if score >= FITS_AT_NONE + FITS_BY_LIKENESS * line.likeness
            ]
        lines += self._reactions(situation)
        return [Written(line, recalled=True) for line in dict.fromkeys(lines)]

    def _reactions(self, situation: Situation) -> list[str]:
        said = {exchange.reply for exchange in situation.exchanges}
        likeness = self._kinds.likeness(situation.user, situation.mood)
        likest = [n for n in np.argsort(-likeness)[:MOST_KINDS] if likeness[n] >= OF_KIND]
        return [r for n in likest for r in self._kinds.reactions[n].say if r not in said]

    def listening(self, situation: Situation) -> list[Written]:
        """Give her lines that fit anything in this mood and were not said yet."""
        if self._ranker is None:
            return []
        said = {exchange.reply for exchange in situation.exchanges}
        lines = situation.card.listening.get(LISTENING[situation.mood], ())
        return [Written(line, recalled=False) for line in lines if line not in said]

    def best(self, situation: Situation, written: Sequence[Written], begun: Sequence[str]) -> int:
        """Give the place of the best reply: the written ones are counted first, then the begun."""
        if self._ranker is None:
            return 0
        scores = self._ranker.score(situation, [*(line.reply for line in written), *begun])
        for place, line in enumerate(written):
            scores[place] += RECALLED_WORTH if line.recalled else LISTENING_WORTH
        return int(np.argmax(scores))
