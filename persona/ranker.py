"""Judges candidate replies: which of them answers what was just said, as she would say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from persona.card import Card
from persona.encoder import WIDTH, Encoder, Vectors, hashes, unit
from persona.errors import PersonaError
from persona.prompt import Exchange
from persona.recall import keys, numbers
from persona.speech_level import keeps_level

RANKER_FILE = "ranker.safetensors"
# Words taken up are looked for among more n-grams than the encoder tells apart.
WORD_BITS = 17
WORDS = 1 << WORD_BITS
# The visitor's words now, hers before them, the visitor's before those, all that is older of
# both, and what is new in the visitor's words now.
PLACES = 6
FEATURES = PLACES + 9
HIDDEN = 16
# What no fit makes up for: her own last words or the visitor's again, the other speech level, a
# number from nowhere. A score differs by less than this between two fitting replies.
FAULT = 20.0
SAME = 0.9
GREETING = 5
LOOK_BACK = 4
_SHAPES = {
    "rarity": (WORDS,),
    "asks": (2, WIDTH, WIDTH),
    "answers": (WIDTH, WIDTH),
    "moods": (3, WIDTH),
    "mean": (FEATURES,),
    "spread": (FEATURES,),
    "inner": (FEATURES, HIDDEN),
    "inner_bias": (HIDDEN,),
    "outer": (HIDDEN,),
    "sharpness": (1,),
    "gain": (1,),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What a reply answers: who speaks, what was said before, the visitor's words, their mood."""

    card: Card
    exchanges: Sequence[Exchange]
    user: str
    mood: int


class Ranker:
    """Scores replies by what they take up, by what usually answers such words, and by rules."""

    def __init__(self, weights: dict[str, NDArray[np.float32]], encoder: Encoder) -> None:
        self._weights = weights
        self._encoder = encoder

    @property
    def rarity(self) -> NDArray[np.float32]:
        """How much each n-gram tells, by its place in `words`."""
        return self._weights["rarity"]

    @classmethod
    def load(cls, folder: Path, encoder: Encoder) -> "Ranker | None":
        """Read a checkpoint's ranker; None where it has none."""
        path = folder / RANKER_FILE
        if not path.exists():
            return None
        try:
            weights = {name: t.astype(np.float32) for name, t in load_file(path).items()}
        except (SafetensorError, OSError) as error:
            raise PersonaError(
                f"{path} 파일을 읽을 수 없어요. 체크포인트를 다시 받아 주세요. "
                f"(Cannot be read; fetch the checkpoint again: {error})"
            ) from error
        if {name: t.shape for name, t in weights.items()} != _SHAPES:
            raise PersonaError(
                f"{path} 파일의 크기가 달라요. `python -m training ranker`로 다시 만들어 주세요. "
                "(The sizes differ; make it again with `python -m training ranker`.)"
            )
        return cls(weights, encoder)

    def score(
        self,
        situation: Situation,
        replies: Sequence[str],
        gains: Sequence[float] | None = None,
    ) -> Vectors:
        """Give a score for each reply, the best one highest.

        A gain is how much likelier the situation makes a reply, by a language model: its mean
        log-probability a token in the prompt minus the one with nothing said.
        """
        if not replies:
            return np.zeros(0, np.float32)
        vectors = self._encoder.encode(replies)
        scores = self._fit(situation, replies, vectors)
        if gains is not None:
            scores = scores + self._weights["gain"] * np.asarray(gains, np.float32)
        return np.asarray(scores - FAULT * self._faults(situation, replies, vectors), np.float32)

    def _fit(self, situation: Situation, replies: Sequence[str], vectors: Vectors) -> Vectors:
        """Give how well each reply answers, learned on true against other replies."""
        found = self._weights
        context = context_vectors(self._encoder, situation)
        asked = np.einsum("pw,pwv->v", context, found["asks"]) + found["moods"][situation.mood]
        answers = vectors @ found["answers"]
        cosines = unit(answers) @ unit(asked)
        features = taken_up(found["rarity"], situation, replies)
        features[:, -1] = vectors @ context[0]
        normal = (features - found["mean"]) / found["spread"]
        inner = np.tanh(normal @ found["inner"] + found["inner_bias"])
        return np.asarray(inner @ found["outer"] + found["sharpness"] * cosines, np.float32)

    def _faults(self, situation: Situation, replies: Sequence[str], vectors: Vectors) -> Vectors:
        card, exchanges = situation.card, situation.exchanges
        said = [e.reply for e in exchanges[-LOOK_BACK:]]
        # To give a greeting back is polite; to give a sentence back is what a parrot does.
        heard = [situation.user] if len(situation.user) > GREETING else []
        again = vectors @ self._encoder.encode([*said, *heard, ""]).T
        lines = [situation.user, *card.facts, *(t for e in exchanges for t in (e.user, e.reply))]
        known = numbers(" ".join(lines))
        faults = [
            (not keeps_level(reply, card.speech_level))
            + bool(numbers(reply) - known)
            + (reply in said or likest > SAME)
            for reply, likest in zip(replies, again.max(axis=1), strict=True)
        ]
        return np.array(faults, np.float32)


def context_vectors(encoder: Encoder, situation: Situation) -> Vectors:
    """Give the vectors [2, WIDTH] of the visitor's words and of hers before them."""
    before = situation.exchanges[-1].reply if situation.exchanges else ""
    return encoder.encode([situation.user, before])


@lru_cache(maxsize=1 << 14)
def words(text: str) -> NDArray[np.int64]:
    """Give the different n-grams of a text, as places in the table of their rarity."""
    return np.unique(hashes(text) >> np.uint64(64 - WORD_BITS)).astype(np.int64)


def taken_up(
    rarity: NDArray[np.float32], situation: Situation, replies: Sequence[str]
) -> NDArray[np.float32]:
    """Give the features [replies, FEATURES] of what each reply takes up; the last is left 0."""
    exchanges = situation.exchanges
    last, older = exchanges[-1:], exchanges[:-1]
    texts = (
        [situation.user],
        [e.reply for e in last],
        [e.user for e in last],
        [e.user for e in older],
        [e.reply for e in older],
    )
    places = [np.unique(np.concatenate([words(t) for t in [*part, ""]])) for part in texts]
    places.append(np.setdiff1d(places[0], np.concatenate(places[1:])))
    said = [words(reply) for reply in replies]
    owners = np.repeat(np.arange(len(said)), [len(grams) for grams in said])
    every = np.concatenate([*said, np.zeros(0, np.int64)])
    worth = rarity**2
    marks = np.stack([_stands(every, place) for place in places]) * worth[every]

    def per_reply(values: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(owners, values, len(said)), np.float64)

    sizes = per_reply(worth[every]) + 1e-6
    shared = np.stack([per_reply(values) for values in marks])
    heard, asks = keys(situation.user), "?" in situation.user
    questions = np.array(["?" in reply for reply in replies])
    features = np.zeros((len(replies), FEATURES), np.float32)
    for number, (values, place) in enumerate(zip(shared, places, strict=True)):
        features[:, number] = values / np.sqrt((worth[place].sum() + 1e-6) * sizes)
    features[:, PLACES:-1] = np.stack(
        (
            per_reply(marks.max(axis=0)) / sizes,
            np.sqrt(shared[0]) / 10,
            shared[0] / sizes,
            np.log([1 + len(reply) for reply in replies]),
            questions,
            questions & asks,
            features[:, 0] * (not exchanges),
            np.array([len(heard & keys(reply)) for reply in replies]) / np.sqrt(1 + len(heard)),
        ),
        axis=1,
    )
    return features


def _stands(grams: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say for each n-gram whether it stands in a place, whose n-grams are in order."""
    if not len(place):
        return np.zeros(len(grams), np.bool_)
    found = place[np.searchsorted(place, grams).clip(max=len(place) - 1)]
    return np.asarray(found == grams, np.bool_)
