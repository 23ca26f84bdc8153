"""Measures whether the mood tag steers: can the tag be told from the reply alone?"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from bench.scripted import neutral_lines
from bench.talks import GENERATION, WHOLE, Talker
from persona.card import CARDS_FOLDER, FIRST
from persona.dialogues import Dialogue, own_dialogues
from persona.mood import GLAD, SAD, fold
from training.split import both_sides

LENGTHS = (1, 2, 3)
SEED = 7

Labelled = tuple[str, int]


class Guesser:
    """Tells from a reply which mood it answers: naive Bayes on the character n-grams in it.

    Both moods count as equally likely, so that guessing is right half of the time.
    """

    def __init__(self, labelled: Sequence[Labelled]) -> None:
        counts: dict[int, Counter[str]] = {SAD: Counter(), GLAD: Counter()}
        for reply, mood in labelled:
            counts[mood].update(grams(reply))
        known = counts[SAD].keys() | counts[GLAD].keys()
        total = {mood: count.total() + len(known) for mood, count in counts.items()}
        self._glad = {
            gram: math.log((counts[GLAD][gram] + 1) / total[GLAD])
            - math.log((counts[SAD][gram] + 1) / total[SAD])
            for gram in sorted(known)
        }

    def guess(self, reply: str) -> int:
        """Give the mood, sad or glad."""
        score = math.fsum(self._glad.get(gram, 0.0) for gram in grams(reply))
        return GLAD if score > 0 else SAD

    def share_right(self, labelled: Sequence[Labelled]) -> float:
        """Give the mean of the shares guessed right of either mood."""
        shares = []
        for mood in (SAD, GLAD):
            right = [self.guess(reply) == m for reply, m in labelled if m == mood]
            shares.append(sum(right) / max(1, len(right)))
        return sum(shares) / len(shares)


def measure(her: Talker, lines: Sequence[str] | None = None) -> dict[str, float]:
    """Give the share told right with everything on and by generation alone.

    The guesser learns from her dialogues' replies by the visitor's mood; its own share, on the
    held-out ones, is beside them: no model can be expected to be told apart better.
    """
    taught, held_out = labelled_replies()
    guesser = Guesser(taught)
    asked = neutral_lines() if lines is None else lines
    return {
        "mood_steer": share_told(her, WHOLE, guesser, asked),
        "mood_steer_generation": share_told(her, GENERATION, guesser, asked),
        "mood_steer_guesser": round(guesser.share_right(held_out), 4),
    }


def share_told(her: Talker, system: str, guesser: Guesser, lines: Sequence[str]) -> float:
    """Give the share of the replies to each line with either tag whose tag is guessed right.

    Each reply is judged by itself, without the one to the other tag beside it.
    """
    replies = [
        (her.talk(system, [line], SEED + n, mood)[0].reply, mood)
        for n, line in enumerate(lines)
        for mood in (SAD, GLAD)
    ]
    return round(guesser.share_right(replies), 4)


def labelled_replies() -> tuple[list[Labelled], list[Labelled]]:
    """Give her written replies to a sad or glad visitor with that mood: taught, held out."""
    taught, held_out = both_sides(own_dialogues(CARDS_FOLDER / FIRST))
    return _felt(taught), _felt(held_out)


def _felt(dialogues: list[Dialogue]) -> list[Labelled]:
    exchanges = [e for dialogue in dialogues for e in dialogue.exchanges]
    return [(e.reply, e.mood) for e in exchanges if e.mood in (SAD, GLAD)]


def grams(reply: str) -> Iterator[str]:
    """Give each character n-gram of a reply once."""
    text = fold(reply)
    yield from {text[i : i + n] for n in LENGTHS for i in range(len(text) - n + 1)}
