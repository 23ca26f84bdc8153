"""Measures what each part that chooses a reply does, at places that no part has learned from.

Without a judge: where the replies came from, how various they are, and how like the replies that
people wrote there.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Protocol

import numpy as np

from bench.flaws import is_broken, says_again
from persona.card import Card
from persona.checkpoint import Checkpoint
from persona.choosing import Chooser
from persona.dialogues import Dialogue, own_dialogues
from persona.encoder import Encoder, open_encoder
from persona.prompt import Exchange
from persona.ranker import Ranker
from persona.reactions import Kinds, own_reactions
from persona.recall import Recall
from persona.reply import FALLBACK, GENERATED, RECALLED, Answer, Asked, Engine, card_sampling
from training.reactions import taught_reactions
from training.split import both_sides

EVERY = 3
SEED = 7
CANDIDATES = 3


class Speaker(Protocol):
    """Whoever speaks: a persona, a checkpoint and its engine."""

    card: Card
    checkpoint: Checkpoint

    @property
    def engine(self) -> Engine:
        """What computes."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a dialogue: what stood before, what the visitor says, and the reply there."""

    earlier: tuple[Exchange, ...]
    now: Exchange


def measure(her: Speaker, every: int = EVERY) -> dict[str, dict[str, dict[str, float]]]:
    """Give the figures of everything, of everything but one part, and of generation alone."""
    taught, held_out = both_sides(own_dialogues(her.card.folder))
    places = list(_places(held_out))[::every]
    encoder = open_encoder(her.checkpoint.folder)
    ranker = Ranker.load(her.checkpoint.folder, encoder)
    dialogues, none = Recall(taught, encoder), Recall([], encoder)
    reactions = Kinds(taught_reactions(own_reactions(her.card.folder)), encoder)
    no_reactions = Kinds([], encoder)
    parts = {
        "whole": (Chooser(dialogues, reactions, ranker), CANDIDATES),
        "without her dialogues' lines": (Chooser(none, reactions, ranker), CANDIDATES),
        "without reactions": (Chooser(dialogues, no_reactions, ranker), CANDIDATES),
        "without several beginnings": (Chooser(dialogues, reactions, ranker), 1),
        "without the ranker": (Chooser(dialogues, reactions, None), 1),
        "generation": (None, 1),
    }
    written = [place.now.reply for place in places]
    figures = {
        name: _figures(list(_answers(her, places, chooser, candidates)), places, encoder)
        for name, (chooser, candidates) in parts.items()
    }
    figures["people"] = {
        "distinct_2": round(distinct_pairs(written), 4),
        "like_people": round(_likeness(encoder, written, written[1:] + written[:1]), 4),
    }
    return {"parts": figures}


def distinct_pairs(texts: Sequence[str]) -> float:
    """Give the share of different pairs of neighbouring words among all of them."""
    pairs = [pair for t in texts for pair in zip(t.split(), t.split()[1:], strict=False)]
    return len(set(pairs)) / max(1, len(pairs))


def _places(dialogues: Sequence[Dialogue]) -> Iterator[Place]:
    for dialogue in dialogues:
        for n, exchange in enumerate(dialogue.exchanges):
            yield Place(dialogue.exchanges[:n], exchange)


@dataclass(frozen=True, slots=True)
class _Timed:
    answer: Answer
    seconds: float


def _answers(
    her: Speaker, places: Sequence[Place], chooser: Chooser | None, candidates: int
) -> Iterator[_Timed]:
    for n, place in enumerate(places):
        asked = Asked(
            her.card,
            place.earlier,
            place.now.user,
            place.now.mood,
            card_sampling(her.card, seed=SEED + n),
            chooser=chooser,
            recalls=chooser is not None,
            candidates=candidates,
        )
        begun = perf_counter()
        answer = Answer(her.checkpoint, her.engine, asked)
        list(answer)
        yield _Timed(answer, perf_counter() - begun)


def _figures(
    found: Sequence[_Timed], places: Sequence[Place], encoder: Encoder
) -> dict[str, float]:
    answers = [timed.answer for timed in found]
    texts = [answer.text for answer in answers]
    origins = Counter(answer.origin for answer in answers)
    lasts = [place.earlier[-1].reply if place.earlier else "" for place in places]
    again = [says_again(text, last) for text, last in zip(texts, lasts, strict=True)]
    broken = [is_broken(answer.text, answer.finish) for answer in answers]
    return {
        **{
            name: round(origins[name] / len(answers), 4) for name in (RECALLED, GENERATED, FALLBACK)
        },
        "distinct_2": round(distinct_pairs(texts), 4),
        "like_people": round(_likeness(encoder, texts, [p.now.reply for p in places]), 4),
        "again": round(sum(again) / len(answers), 4),
        "broken": round(sum(broken) / len(answers), 4),
        "median_ms": round(1000 * median(timed.seconds for timed in found), 1),
    }


def _likeness(encoder: Encoder, texts: Sequence[str], others: Sequence[str]) -> float:
    """Give the mean cosine between texts and others at the same places."""
    return float(np.mean((encoder.encode(texts) * encoder.encode(others)).sum(axis=1)))
