"""Measures whether she still knows what she was told a few turns before."""

from collections.abc import Sequence

from bench.scripted import Memory, memories
from bench.talks import GENERATION, WHOLE, Talker

SEED = 7


def measure(her: Talker, talks: Sequence[Memory] | None = None) -> dict[str, float]:
    """Give the share answered right with everything on, and by generation alone."""
    asked = memories() if talks is None else talks
    return {
        "memory_recall": share_right(her, WHOLE, asked),
        "memory_recall_generation": share_right(her, GENERATION, asked),
    }


def share_right(her: Talker, system: str, talks: Sequence[Memory]) -> float:
    """Give the share of the talks whose last reply has what their first line told."""
    right = 0
    for talk in talks:
        last = her.talk(system, talk.lines, SEED)[-1].reply
        right += any(form in last for form in talk.expect)
    return round(right / max(1, len(talks)), 4)
