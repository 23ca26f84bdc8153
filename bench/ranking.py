"""Measures how often the true reply comes first among twenty: by likelihood, by the ranker."""

import random
from collections.abc import Sequence
from typing import Any

from persona.card import Card
from persona.checkpoint import Checkpoint
from persona.dialogues import Dialogue
from persona.encoder import open_encoder
from persona.lm.protocol import Backend
from persona.ranker import Ranker
from persona.window import fit
from training.ranker import SEED, Case, cases, hits

# Reading twenty replies in their dialogue takes a second, so likelihoods are sampled.
LIKELIHOOD_CASES = 100


def measure_ranking(
    checkpoint: Checkpoint,
    backend: Backend,
    cards: dict[str, Card],
    held_out: dict[str, list[Dialogue]],
) -> dict[str, Any]:
    """Give the shares of held-out replies that come first, by each way of judging."""
    found = cases([d for dialogues in held_out.values() for d in dialogues], SEED)
    sample = random.Random(SEED).sample(found, min(LIKELIHOOD_CASES, len(found)))
    scored = [likelihoods(checkpoint, backend, cards[c.dialogue.owner], c) for c in sample]
    likelihood = [[score for score, _ in each] for each in scored]
    gains = [[score - alone for score, alone in each] for each in scored]
    figures: dict[str, Any] = {
        "hits_at_1_of_20": None,
        "hits_at_1_by_likelihood": round(share_first(likelihood), 4),
        "hits_at_1_by_gain": round(share_first(gains), 4),
    }
    ranker = Ranker.load(checkpoint.folder, open_encoder(checkpoint.folder))
    if ranker is None:
        return figures
    ranked = [
        list(ranker.score(case.situation(cards[case.dialogue.owner]), case.replies, gain))
        for case, gain in zip(sample, gains, strict=True)
    ]
    return figures | {
        "hits_at_1_of_20": round(hits(ranker, cards, found), 4),
        "hits_at_1_of_20_sample": round(hits(ranker, cards, sample), 4),
        "hits_at_1_with_gain_sample": round(share_first(ranked), 4),
    }


def likelihoods(
    checkpoint: Checkpoint, backend: Backend, card: Card, case: Case
) -> list[tuple[float, float]]:
    """Give each reply's mean log-probability a token in its dialogue, and behind the header."""
    situation = case.situation(card)
    template = checkpoint.template
    longest = max(len(template.reply_ids(reply)) for reply in case.replies)
    prompt, _ = fit(
        template,
        checkpoint.positions,
        card.name,
        card.facts,
        situation.exchanges,
        situation.user,
        situation.mood,
        longest,
    )
    # The same prompt with nothing said: what she likes to say whatever she hears.
    bare = template.header_ids(card.name, card.facts) + template.ask_ids("", situation.mood)
    return [
        (_mean(backend, prompt, ids), _mean(backend, bare, ids))
        for ids in map(template.reply_ids, case.replies)
    ]


def _mean(backend: Backend, prompt: Sequence[int], reply: Sequence[int]) -> float:
    scores = backend.score([*prompt, *reply])[-len(reply) :]
    return sum(scores) / len(reply)


def share_first(scores: Sequence[Sequence[float]]) -> float:
    """Give how often the first score of a row is above all others of the row."""
    return sum(row[0] > max(row[1:]) for row in scores) / max(1, len(scores))
