"""Trains the sentence encoder: what means the same lies close, however it is typed."""

import argparse
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    embedding_bag,
    normalize,
)
from tqdm import tqdm

from persona.card import CARDS_FOLDER
from persona.dialogues import Dialogue, own_dialogues
from persona.encoder import BUCKETS, ENCODER_FILE, WIDTH, Encoder, grams, hashes
from persona.reactions import Kinds, Reaction, own_reactions
from training.corpora import find, rows, songys
from training.noise import noised
from training.reactions import held_out_examples, taught_reactions
from training.split import both_sides

# Of a batch, a quarter are pairs judged by hand, a quarter questions that got one answer, and
# half sentences beside their noised copies.
BATCH = 256
# This share of a sentence's n-grams is read at a time: no single one may carry the meaning.
READ = 0.5
# So many kinds of reactions are told apart beside a batch.
KINDS = 192
NARROWNESS = 0.05
JUDGED_WEIGHT = 0.3
# An answer given to more questions than this ("글쎄요") says nothing about them.
MOST_ALIKE = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences, and whether they mean the same, judged by hand."""

    first: str
    second: str
    same: bool


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learned from: judged pairs, groups of paraphrases, single sentences, and kinds.

    Of one kind are sentences that she answers with the same lines.
    """

    judged: Sequence[Pair]
    groups: Sequence[Sequence[str]]
    sentences: Sequence[str]
    kinds: Sequence[Sequence[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--corpora", type=Path, required=True, help="folder of public corpora")
    parser.add_argument("--cards", type=Path, default=CARDS_FOLDER, help="folder of personas")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write into")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--rate", type=float, default=0.04)
    parser.add_argument("--seed", type=int, default=7)


def run(arguments: argparse.Namespace) -> int:
    """Train, write the table, and print what it is worth on the pairs of the test split."""
    tests, lesson = read_lesson(arguments.corpora, arguments.cards)
    table = learn(lesson, arguments.steps, arguments.rate, arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    save_file({"table": table.half().contiguous()}, arguments.out / ENCODER_FILE)
    encoder = Encoder.load(arguments.out / ENCODER_FILE)
    found = own_kinds(arguments.cards)
    if found:
        print(f"{known_kinds(encoder, found):.3f} of the examples held out are likest their kind")
    same = np.array([pair.same for pair in tests])
    print(f"{len(tests)} pairs of the test split: area under the curve, share right at best")
    for name, scores in (("n-grams", shared(tests)), ("encoder", cosines(encoder, tests))):
        right = max(float(((scores >= least) == same).mean()) for least in scores)
        print(f"  {name:8} {area(scores, same):.3f} {right:.3f}")
    return 0


def read_lesson(corpora: Path, cards: Path) -> tuple[list[Pair], Lesson]:
    """Give the test pairs, and the lesson, in which none of their sentences stands."""
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for row in rows(find(corpora, "chat/question_pairs")):
        pairs[row["split"]].append(Pair(row["a"], row["b"], bool(row["same"])))
    tests = pairs["test"]
    unseen = {words for pair in tests for words in (pair.first, pair.second)}
    judged = [
        pair
        for split in ("train", "validation")
        for pair in pairs[split]
        if pair.first not in unseen and pair.second not in unseen
    ]
    asked = defaultdict(list)
    for dialogue in songys(corpora):
        exchange = dialogue.exchanges[0]
        if exchange.user not in unseen:
            asked[exchange.reply].append(exchange.user)
    groups = [group for group in asked.values() if 2 <= len(group) <= MOST_ALIKE]
    sentences = list(_own_sentences(cards))
    sentences += [row["text"] for row in rows(find(corpora, "chat/user_turns"))]
    sentences = [s for s in sentences if s not in unseen]
    kinds = [
        [line for line in reaction.when if line not in unseen]
        for reaction in taught_reactions(own_kinds(cards))
    ]
    return tests, Lesson(judged, groups, sentences, [kind for kind in kinds if len(kind) > 1])


def own_kinds(cards: Path) -> list[Reaction]:
    """Give the reactions of all personas."""
    return [r for folder in _card_folders(cards) for r in own_reactions(folder)]


def _own_sentences(cards: Path) -> Iterator[str]:
    for dialogue in learned_dialogues(cards):
        for exchange in dialogue.exchanges:
            # What visitors say is what will be compared, so it is read twice as often.
            yield from (exchange.user, exchange.user, exchange.reply)


def learned_dialogues(cards: Path) -> list[Dialogue]:
    """Give the dialogues of all personas that are not held out."""
    return [d for f in _card_folders(cards) for d in both_sides(own_dialogues(f))[0]]


def _card_folders(cards: Path) -> list[Path]:
    return sorted(f for f in cards.iterdir() if (f / "card.toml").exists())


class Bags:
    """The n-grams of sentences, each counted out once."""

    def __init__(self) -> None:
        self._known: dict[str, torch.Tensor] = {}

    def __getitem__(self, sentence: str) -> torch.Tensor:
        if sentence not in self._known:
            self._known[sentence] = torch.from_numpy(grams(sentence))
        return self._known[sentence]


def embed(bags: Sequence[torch.Tensor], table: torch.Tensor, read: float) -> torch.Tensor:
    """Give unit vectors [sentences, WIDTH] of the sums of a share of their n-grams' rows."""
    ids = torch.cat(list(bags))
    starts = torch.tensor([0] + [len(bag) for bag in bags[:-1]]).cumsum(0)
    weights = (torch.rand(len(ids)) < read).float()
    return normalize(
        embedding_bag(ids, table, starts, mode="sum", per_sample_weights=weights), dim=1
    )


def contrast(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Give the loss of telling each sentence's other half among all others, both ways."""
    likeness = first @ second.T / NARROWNESS
    places = torch.arange(len(first))
    return (cross_entropy(likeness, places) + cross_entropy(likeness.T, places)) / 2


def learn(lesson: Lesson, steps: int, rate: float, seed: int) -> torch.Tensor:
    """Give the table [BUCKETS, WIDTH]: each row its n-gram's meaning, as long as it counts."""
    torch.manual_seed(seed)
    dice = random.Random(seed)
    bags = Bags()
    table = _beginning([bags[s] for s in lesson.sentences]).requires_grad_()
    judge = torch.tensor([8.0, -4.0], requires_grad=True)
    groups: list[dict[str, Any]] = [{"params": [table]}, {"params": [judge], "lr": 0.02}]
    optimizer = torch.optim.Adam(groups, lr=rate)
    alike = [pair for pair in lesson.judged if pair.same]
    for step in tqdm(range(steps), desc="encoder"):
        optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / 50) * (1 - step / steps)
        couples = [(p.first, p.second) for p in dice.choices(alike, k=BATCH // 4)]
        couples += [
            (a, b)
            for a, b in (dice.sample(g, 2) for g in dice.choices(lesson.groups, k=BATCH // 4))
        ]
        taken = dice.choices(lesson.sentences, k=BATCH // 2)
        first = [bags[a] for a, _ in couples] + [bags[s] for s in taken]
        second = [bags[b] for _, b in couples]
        second += [torch.from_numpy(grams(noised(s, dice))) for s in taken]
        loss = contrast(embed(first, table, READ), embed(second, table, READ))
        if lesson.kinds:  # each kind once, or others of its own would count as strangers
            drawn = dice.sample(lesson.kinds, min(KINDS, len(lesson.kinds)))
            two = [dice.sample(kind, 2) for kind in drawn]
            one, other = ([bags[pair[n]] for pair in two] for n in (0, 1))
            loss = loss + contrast(embed(one, table, READ), embed(other, table, READ))
        pairs = dice.choices(lesson.judged, k=BATCH // 4)
        cosines = (
            embed([bags[p.first] for p in pairs], table, READ)
            * embed([bags[p.second] for p in pairs], table, READ)
        ).sum(1)
        verdicts = torch.tensor([float(p.same) for p in pairs])
        scores = cosines * judge[0] + judge[1]
        loss = loss + JUDGED_WEIGHT * binary_cross_entropy_with_logits(scores, verdicts)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return table.detach()


def _beginning(bags: Sequence[torch.Tensor]) -> torch.Tensor:
    """Give random directions, longer for rarer n-grams: at first only shared n-grams count."""
    spread = torch.bincount(torch.cat([torch.unique(bag) for bag in bags]), minlength=BUCKETS)
    rare = torch.log(1 + len(bags) / (1 + spread))
    return torch.randn(BUCKETS, WIDTH) * (rare / rare.mean())[:, None]


def known_kinds(encoder: Encoder, reactions: Sequence[Reaction]) -> float:
    """Give how often an example that is held out is likest its own of all kinds."""
    kinds = Kinds(taught_reactions(reactions), encoder)
    held_out = held_out_examples(reactions)
    right = [
        kinds.reactions[int(np.argmax(kinds.likeness(line, reaction.mood)))].id == reaction.id
        for reaction, line in held_out
    ]
    return sum(right) / max(1, len(right))


def cosines(encoder: Encoder, pairs: Sequence[Pair]) -> NDArray[np.float32]:
    """Give how alike the encoder finds the two sentences of each pair."""
    first = encoder.encode([pair.first for pair in pairs])
    second = encoder.encode([pair.second for pair in pairs])
    return np.asarray((first * second).sum(axis=1), np.float32)


def shared(pairs: Sequence[Pair]) -> NDArray[np.float32]:
    """Give the share of n-grams that the two sentences have in common: what there was before."""
    found = []
    for pair in pairs:
        first, second = Counter(hashes(pair.first)), Counter(hashes(pair.second))
        sizes = [math.sqrt(sum(n * n for n in bag.values())) for bag in (first, second)]
        found.append(sum(n * second[g] for g, n in first.items()) / max(1, sizes[0] * sizes[1]))
    return np.array(found, np.float32)


def area(scores: NDArray[np.float32], same: NDArray[np.bool_]) -> float:
    """Give how often a true pair scores above a false one, a tie counting half."""
    above = (scores[same][:, None] > scores[~same]).mean()
    level = (scores[same][:, None] == scores[~same]).mean()
    return float(above + level / 2)
