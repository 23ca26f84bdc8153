"""Measures how well the visitor's mood is read, beside cues, the majority and a bag of words."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona.card import CARDS_FOLDER
from persona.mood import EVERYDAY, MOODS, WEIGHTS_FILE, MoodReader, read_cues
from training.corpora import find, rows
from training.mood import Labelled, Linear, learn, own_sentences, owned, public_sentences, words

REVIEWS = 4000
BINS = 10
NO_REVIEWS = (
    "영화평의 기분은 재지 않았어요. 공개 말뭉치 폴더를 --corpora로 알려 주세요. "
    "(Moods of reviews are not measured, and the bag of words learns from the dialogues alone; "
    "give the folder of public corpora as --corpora.)"
)


def mood_figures(checkpoint: Path, corpora: Path | None) -> dict[str, Any]:
    """Give the figures on held-out chat and, where the public corpora are, on reviews."""
    if not corpora:
        print(NO_REVIEWS, file=sys.stderr)
    sides = own_sentences(CARDS_FOLDER)
    public = public_sentences(corpora) if corpora else []
    bag = learn([*owned(sides.learned + sides.development), *public], reading=words)
    reader = MoodReader(checkpoint)
    read = [reader.read(text).tag for text, _ in sides.held_out]
    moods = [mood for _, mood in sides.held_out]
    gap = None  # cues alone give no probabilities
    if (checkpoint / WEIGHTS_FILE).exists():
        shares = np.stack([reader.probabilities(text) for text, _ in sides.held_out])
        gap = round(calibration_error(shares, moods), 4)
    given = [(r, m) for r, m in zip(read, moods, strict=True) if r != EVERYDAY]
    chat = accuracies(sides.held_out, reader, bag)
    return {
        "mood_accuracy": chat.pop("model"),
        **{f"mood_accuracy_{name}": right for name, right in chat.items()},
        "mood_confusion": confusion(moods, read),
        "mood_given_right": round(sum(r == m for r, m in given) / max(1, len(given)), 4),
        "mood_calibration_error": gap,
        "mood_nsmc": accuracies(reviews(corpora), reader, bag) if corpora else None,
    }


def accuracies(labelled: Labelled, reader: MoodReader, bag: Linear) -> dict[str, float]:
    """Give the share read right by the reader, by cues alone, the majority and a bag of words."""
    moods = [mood for _, mood in labelled]
    guessed = bag.scores([text for text, _ in labelled]).argmax(dim=1).tolist()
    right = {
        "model": sum(reader.read(text).tag == mood for text, mood in labelled),
        "cues": sum(read_cues(text).tag == mood for text, mood in labelled),
        "majority": Counter(moods).most_common(1)[0][1],
        "bag_of_words": sum(g == m for g, m in zip(guessed, moods, strict=True)),
    }
    return {name: round(count / len(labelled), 4) for name, count in right.items()}


def confusion(moods: Sequence[int], read: Sequence[int]) -> list[list[int]]:
    """Count each pair: a row for what the mood is, a column for what was read."""
    counts = Counter(zip(moods, read, strict=True))
    return [[counts[mood, tag] for tag in MOODS] for mood in MOODS]


def calibration_error(probabilities: NDArray[np.float32], moods: Sequence[int]) -> float:
    """Give how far certainty lies from being right, over ten bins of certainty, by their size."""
    certainty = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == np.array(moods)
    bins = np.minimum((certainty * BINS).astype(int), BINS - 1)
    gaps = [abs(float((right[bins == n] - certainty[bins == n]).sum())) for n in range(BINS)]
    return sum(gaps) / len(moods)


def reviews(corpora: Path) -> Labelled:
    """Give test reviews with the mood of their rating, from all over the file."""
    test = [
        (row["text"], row["mood"])
        for row in rows(find(corpora, "mood/nsmc_mood"))
        if row["split"] == "test"
    ]
    return test[:: max(1, len(test) // REVIEWS)]
