"""Measures what everything that chooses a reply costs beside plain generation."""

from collections.abc import Sequence
from statistics import median
from typing import Protocol

from bench.scripted import visitors
from bench.talks import WHOLE, Said, Talker

QUESTIONS = 40
SEED = 7


class Timeable(Talker, Protocol):
    """Whoever can be talked to and timed."""

    def plain_seconds(self, line: str, reply: str, seed: int) -> float:
        """Time plain generation of as many tokens as the reply to a first line has."""
        ...


def measure(her: Timeable, lines: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
    """Give the medians of both, and the median of the questions' ratios.

    The questions are scripted ones, which no dialogue has: one of a dialogue, held out or not,
    would be found by recall word for word and its reply be there at once.
    """
    asked = [v.lines[0] for v in visitors()[:QUESTIONS]] if lines is None else lines
    whole, plain = [], []
    for line in asked:
        her.talk(WHOLE, [line], SEED)  # the prompt is in the cache for both that follow
        said: Said = her.talk(WHOLE, [line], SEED)[0]
        whole.append(said.seconds)
        plain.append(her.plain_seconds(line, said.reply, SEED))
    ratios = [w / max(p, 1e-9) for w, p in zip(whole, plain, strict=True)]
    return {
        "reply_time": {
            "whole_s": round(median(whole), 4),
            "plain_s": round(median(plain), 4),
            "ratio": round(median(ratios), 2),
        }
    }
