"""Trains the judge that picks a reply: true replies against others, each in its dialogue."""

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, dropout, normalize
from tqdm import tqdm

from persona.card import CARDS_FOLDER, Card, find_cards
from persona.dialogues import Dialogue, own_dialogues
from persona.encoder import WIDTH, Encoder, open_encoder
from persona.ranker import (
    FEATURES,
    HIDDEN,
    RANKER_FILE,
    WORDS,
    Ranker,
    Situation,
    context_vectors,
    taken_up,
    words,
)
from persona.reactions import own_reactions
from training.corpora import songys, xpersona
from training.reactions import talks, taught_reactions
from training.split import both_sides

OTHERS = 19
SEED = 7
# Public pairs are read at most so often beside our own, and count this much.
PUBLIC_CASES = 2000
PUBLIC_WEIGHT = 0.3
BATCH = 64
HIDE = 0.3
# What a gain in likelihood of one nat a token adds. It cannot be learned with the rest, since a
# model likes what it has learned by heart; on held-out cases more changed nothing for sure.
GAIN = 0.5


@dataclass(frozen=True, slots=True)
class Case:
    """A place in a dialogue, and replies to it of which the first is the true one."""

    dialogue: Dialogue
    place: int
    replies: tuple[str, ...]

    def situation(self, card: Card) -> Situation:
        """Give what the reply answers, the dialogue before it being as it was written."""
        exchanges = self.dialogue.exchanges
        now = exchanges[self.place]
        return Situation(card, exchanges[: self.place], now.user, now.mood)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--corpora", type=Path, help="folder of public corpora (makes it better)")
    parser.add_argument("--cards", type=Path, default=CARDS_FOLDER, help="folder of personas")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write into")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=SEED)


def run(arguments: argparse.Namespace) -> int:
    """Train, write the weights, and print how often the held-out true reply comes first."""
    encoder = open_encoder(arguments.out)
    cards = find_cards(arguments.cards)
    sides = [both_sides(own_dialogues(card.folder)) for card in cards.values()]
    taught = cases([d for own, _ in sides for d in own], arguments.seed)
    taught += cases([d for card in cards.values() for d in reacting(card)], arguments.seed)
    public: list[Case] = []
    if arguments.corpora:
        sources = [*songys(arguments.corpora), *xpersona(arguments.corpora)]
        public = cases(random.Random(arguments.seed).sample(sources, len(sources)), SEED)
        public = public[:PUBLIC_CASES]
    weights = learn(encoder, cards, taught, public, arguments)
    save_file(
        {name: t.half().contiguous() for name, t in weights.items()}, arguments.out / RANKER_FILE
    )
    ranker = Ranker.load(arguments.out, encoder)
    assert ranker is not None
    held_out = cases([d for _, kept in sides for d in kept], SEED)
    share = hits(ranker, cards, held_out)
    print(f"learned from {len(taught):,} replies and {len(public):,} public ones")
    print(f"  true reply first among {1 + OTHERS}: {share:.3f} of {len(held_out)} held out")
    return 0


def reacting(card: Card) -> list[Dialogue]:
    """Give the examples of a persona's reactions that are taught, each a talk of its own."""
    return [
        replace(talk, exchanges=(exchange,))
        for talk in talks(taught_reactions(own_reactions(card.folder)), card.id, SEED)
        for exchange in talk.exchanges
    ]


def cases(dialogues: Sequence[Dialogue], seed: int) -> list[Case]:
    """Give every reply with 19 others of its owner, half of them of its topic if there are.

    Others of the same dialogue are among them, but none that she has said by then.
    """
    dice = random.Random(seed)
    by_owner: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for dialogue in dialogues:
        for exchange in dialogue.exchanges:
            by_owner[dialogue.owner][dialogue.topic].append(exchange.reply)
    everything = {o: [r for rs in topics.values() for r in rs] for o, topics in by_owner.items()}
    found = []
    for dialogue in dialogues:
        near = by_owner[dialogue.owner][dialogue.topic]
        for place, exchange in enumerate(dialogue.exchanges):
            barred = {e.reply for e in dialogue.exchanges[: place + 1]}
            others = _draw(near, OTHERS // 2, barred, dice)
            others += _draw(everything[dialogue.owner], OTHERS - len(others), barred, dice)
            if len(others) == OTHERS:
                found.append(Case(dialogue, place, (exchange.reply, *others)))
    return found


def _draw(replies: Sequence[str], count: int, barred: set[str], dice: random.Random) -> list[str]:
    """Draw different replies that are not barred, and bar them."""
    drawn: list[str] = []
    for reply in dice.sample(replies, min(len(replies), count + len(barred) + 20)):
        if reply not in barred and len(drawn) < count:
            barred.add(reply)
            drawn.append(reply)
    return drawn


def hits(ranker: Ranker, cards: dict[str, Card], held_out: Sequence[Case]) -> float:
    """Give how often the true reply scores above all others."""
    firsts = []
    for case in held_out:
        scores = ranker.score(case.situation(cards[case.dialogue.owner]), case.replies)
        firsts.append(bool((scores[0] > scores[1:]).all()))
    return sum(firsts) / max(1, len(firsts))


def rarity(all_cases: Sequence[Case]) -> torch.Tensor:
    """Give how rare each n-gram is in what visitors and personas say."""
    lines = {line for c in all_cases for e in c.dialogue.exchanges for line in (e.user, e.reply)}
    counts = np.zeros(WORDS)
    for line in sorted(lines):
        counts[words(line)] += 1
    return torch.from_numpy(np.log(1 + len(lines) / (1 + counts))).float()


@dataclass(frozen=True, slots=True)
class Examples:
    """Cases as numbers: contexts [n, 2, WIDTH], moods [n], replies [n, 20, WIDTH], features."""

    contexts: torch.Tensor
    moods: torch.Tensor
    replies: torch.Tensor
    features: torch.Tensor
    weights: torch.Tensor


def examples(
    encoder: Encoder, rare: torch.Tensor, found: Sequence[Case], some_card: Card, public_from: int
) -> Examples:
    """Look at every case once, through the functions that will look at it in a conversation."""
    rare_ = rare.numpy()
    every = sorted({reply for case in found for reply in case.replies})
    known = dict(zip(every, encoder.encode(every), strict=True))
    contexts, replies, features = [], [], []
    for case in tqdm(found, desc="cases"):
        situation = case.situation(some_card)
        contexts.append(context_vectors(encoder, situation))
        vectors = np.stack([known[reply] for reply in case.replies])
        row = taken_up(rare_, situation, case.replies)
        row[:, -1] = vectors @ contexts[-1][0]
        replies.append(vectors.astype(np.float16))
        features.append(row)
    weights = torch.ones(len(found))
    weights[public_from:] = PUBLIC_WEIGHT
    return Examples(
        torch.from_numpy(np.stack(contexts)),
        torch.tensor([c.dialogue.exchanges[c.place].mood for c in found]),
        torch.from_numpy(np.stack(replies)),
        torch.from_numpy(np.stack(features)),
        weights,
    )


def learn(
    encoder: Encoder,
    cards: dict[str, Card],
    taught: Sequence[Case],
    public: Sequence[Case],
    arguments: argparse.Namespace,
) -> dict[str, torch.Tensor]:
    """Give the ranker's weights, fitted so that the true reply wins among the twenty."""
    torch.manual_seed(arguments.seed)
    rare = rarity([*taught, *public])
    some_card = next(iter(cards.values()))  # what is learned does not depend on the card
    seen = examples(encoder, rare, [*taught, *public], some_card, len(taught))
    weights = _beginning()
    weights["mean"] = seen.features.mean((0, 1))
    weights["spread"] = seen.features.std((0, 1)) + 1e-6
    wide = [weights[name].requires_grad_() for name in ("asks", "answers", "moods")]
    narrow = [
        weights[name].requires_grad_() for name in ("inner", "inner_bias", "outer", "sharpness")
    ]
    # The matrices begin where like answers like, and are to stay near it: a smaller rate.
    groups = [{"params": wide}, {"params": narrow, "lr": 5 * arguments.rate}]
    optimizer = torch.optim.AdamW(groups, lr=arguments.rate, weight_decay=0.01)
    for _ in tqdm(range(arguments.epochs), desc="ranker"):
        for batch in _batches(len(seen.moods)):
            scores = judge(weights, seen, batch)
            losses = cross_entropy(
                scores, torch.zeros(len(batch), dtype=torch.long), reduction="none"
            )
            optimizer.zero_grad()
            (losses * seen.weights[batch]).mean().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    weights |= {"rarity": rare, "gain": torch.tensor([GAIN])}
    return {name: t.detach() for name, t in weights.items()}


def _batches(count: int) -> Iterator[torch.Tensor]:
    yield from torch.randperm(count).split(BATCH)  # type: ignore[no-untyped-call]


def _beginning() -> dict[str, torch.Tensor]:
    eye = torch.eye(WIDTH)
    return {
        "asks": torch.stack([eye, 0.3 * eye]),
        "answers": eye.clone(),
        "moods": torch.zeros(3, WIDTH),
        "inner": torch.randn(FEATURES, HIDDEN) * 0.3,
        "inner_bias": torch.zeros(HIDDEN),
        "outer": torch.randn(HIDDEN) * 0.3,
        "sharpness": torch.tensor([5.0]),
    }


def judge(weights: dict[str, torch.Tensor], seen: Examples, batch: torch.Tensor) -> torch.Tensor:
    """Give the scores [batch, 20] as `Ranker.fit` does, some of each vector hidden."""
    contexts = dropout(seen.contexts[batch], HIDE)
    asked = torch.einsum("npw,pwv->nv", contexts, weights["asks"])
    asked = asked + weights["moods"][seen.moods[batch]]
    answers = dropout(seen.replies[batch].float(), HIDE) @ weights["answers"]
    cosines = torch.einsum("nv,ncv->nc", normalize(asked, dim=1), normalize(answers, dim=2))
    normal = (seen.features[batch] - weights["mean"]) / weights["spread"]
    inner = torch.tanh(normal @ weights["inner"] + weights["inner_bias"])
    return inner @ weights["outer"] + weights["sharpness"] * cosines
