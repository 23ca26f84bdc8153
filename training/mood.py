"""Trains the small linear model that reads the visitor's mood, and prints what it is worth."""

import argparse
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, embedding_bag

from persona.card import CARDS_FOLDER
from persona.dialogues import own_dialogues
from persona.mood import BUCKETS, EVERYDAY, MOODS, ROWS, WEIGHTS_FILE, MoodReader, features, fold
from training.corpora import find, rows
from training.errors import TrainingError
from training.split import held_out_ids

# KOTE names its feelings one by one; these speak plainly for one side.
_GLAD = {"기쁨", "행복", "즐거움/신남", "고마움", "감동/감탄", "환영/호의", "뿌듯함", "아껴주는"}
_SAD = {
    "슬픔",
    "화남/분노",
    "짜증",
    "불평/불만",
    "안타까움/실망",
    "힘듦/지침",
    "절망",
    "서러움",
} | {
    "불안/걱정",
    "공포/무서움",
    "패배/자기혐오",
    "증오/혐오",
}

EPOCHS, RATE, SEED = 4, 4.0, 7
BATCH = 128
MOMENTUM = 0.9
SHRINK = 2e-5
OWN_WORTH, KOTE_WORTH, REVIEW_WORTH = 1.0, 0.3, 0.1
REVIEWS_TAKEN = 4  # every fourth: more of them teach the language of reviews, not of chat
TEMPERATURES = [n / 20 for n in range(10, 41)]

Labelled = list[tuple[str, int]]
Reading = Callable[[str], list[int]]


class Sentence(NamedTuple):
    """A text to learn from; of a polar one only sad against glad is learned."""

    text: str
    mood: int
    worth: float = OWN_WORTH
    polar: bool = False


class Sides(NamedTuple):
    """The visitors' sentences with their moods, split by dialogue."""

    learned: Labelled
    development: Labelled
    held_out: Labelled


class Linear(NamedTuple):
    """Weights [ROWS, 3] and bias [3], and how a text becomes rows."""

    weights: torch.Tensor
    bias: torch.Tensor
    reading: Reading

    def scores(self, texts: Sequence[str]) -> torch.Tensor:
        """Give the scores [texts, 3]."""
        bags = [torch.tensor(self.reading(text), dtype=torch.long) for text in texts]
        return bag_scores(bags, self.weights, self.bias)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--corpora", type=Path, help="folder of public corpora (makes it better)")
    parser.add_argument("--cards", type=Path, default=CARDS_FOLDER, help="folder of personas")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write into")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seed", type=int, default=SEED)


def run(arguments: argparse.Namespace) -> int:
    """Train, write the weights, and print the accuracy on held-out sentences."""
    sides = own_sentences(arguments.cards)
    if not (sides.learned and sides.development):
        raise TrainingError(
            f"{arguments.cards} has too few dialogues to learn moods from; add some to the "
            "personas' dialogues/ folders, or leave --cards away"
        )
    public = public_sentences(arguments.corpora) if arguments.corpora else []
    settings = (arguments.epochs, arguments.rate, arguments.seed)
    # The temperature needs sentences that were not learned; the shipped weights learn those too.
    draft = learn([*owned(sides.learned), *public], *settings)
    temperature = best_temperature(draft, sides.development)
    everything = [*owned(sides.learned + sides.development), *public]
    whole = learn(everything, *settings)
    save(whole, temperature, arguments.out)
    print(f"learned from {len(everything):,} sentences, temperature {temperature}")
    if sides.held_out:
        reader = MoodReader(arguments.out)
        right = sum(reader.read(text).tag == mood for text, mood in sides.held_out)
        print(f"right on {right} of {len(sides.held_out)} held-out sentences")
    return 0


def save(linear: Linear, temperature: float, folder: Path) -> None:
    """Write the weights, divided by the temperature so that the shares are probabilities."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"weights": linear.weights, "bias": linear.bias}
    halves = {name: (t / temperature).half().contiguous() for name, t in tensors.items()}
    save_file(halves, folder / WEIGHTS_FILE)


def own_sentences(cards: Path) -> Sides:
    """Give the visitors' sentences of all personas; whole dialogues go to one side."""
    sides = Sides([], [], [])
    for folder in sorted(f for f in cards.iterdir() if (f / "card.toml").exists()):
        dialogues = own_dialogues(folder)
        kept = held_out_ids(dialogues)
        for dialogue in dialogues:
            side = sides.learned
            if dialogue.id in kept:
                side = sides.held_out
            # By another hash, so that the two choices are unrelated.
            elif zlib.crc32(f"development {dialogue.id}".encode()) % 10 == 0:
                side = sides.development
            side += [(e.user, e.mood) for e in dialogue.exchanges]
    return sides


def owned(labelled: Labelled) -> list[Sentence]:
    """Give the personas' own sentences at their full worth."""
    return [Sentence(text, mood) for text, mood in labelled]


def public_sentences(corpora: Path) -> list[Sentence]:
    """Give labelled sentences of the public sets, each kind at a worth of its own."""
    found = []
    for row in rows(find(corpora, "mood/kote")):
        glad, sad = (len(side & set(row["labels"])) for side in (_GLAD, _SAD))
        if row["split"] == "val" and (glad == 0) != (sad == 0):
            # What people write under news is seldom everyday; that is for the chat to say.
            found.append(Sentence(row["text"], 2 if glad else 1, KOTE_WORTH, polar=True))
    for number, row in enumerate(rows(find(corpora, "mood/nsmc_mood"))):
        if row["split"] == "train" and number % REVIEWS_TAKEN == 0:
            found.append(Sentence(row["text"], row["mood"], REVIEW_WORTH))
    return found


def learn(
    sentences: Sequence[Sentence],
    epochs: int = EPOCHS,
    rate: float = RATE,
    seed: int = SEED,
    reading: Reading = features,
) -> Linear:
    """Fit by cross-entropy and plain descent, the rate falling to nothing."""
    torch.manual_seed(seed)
    bags = [torch.tensor(reading(s.text), dtype=torch.long) for s in sentences]
    moods = torch.tensor([s.mood for s in sentences])
    worth = torch.tensor([s.worth for s in sentences])
    worth = worth / worth.mean()
    barred = torch.zeros(len(sentences), len(MOODS))
    barred[torch.tensor([s.polar for s in sentences]), EVERYDAY] = -30.0
    weights = torch.zeros(ROWS, len(MOODS), requires_grad=True)
    bias = torch.zeros(len(MOODS), requires_grad=True)
    # Adam gives rare n-grams as large a step as common ones and learns the sentences by heart.
    optimizer = torch.optim.SGD([weights, bias], rate, momentum=MOMENTUM, weight_decay=SHRINK)
    steps = max(1, epochs * -(-len(bags) // BATCH))
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1.0 / steps, total_iters=steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(bags)).split(BATCH):  # type: ignore[no-untyped-call]
            scores = bag_scores([bags[i] for i in batch.tolist()], weights, bias)
            losses = cross_entropy(scores + barred[batch], moods[batch], reduction="none")
            optimizer.zero_grad()
            (losses * worth[batch]).mean().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            falling.step()
    return Linear(weights.detach(), bias.detach(), reading)


def bag_scores(
    bags: Sequence[torch.Tensor], weights: torch.Tensor, bias: torch.Tensor
) -> torch.Tensor:
    """Give the scores [sentences, 3]: the sum of a sentence's rows over the root of their count."""
    sizes = torch.tensor([len(bag) for bag in bags])
    starts = torch.cat([torch.zeros(1, dtype=torch.long), sizes.cumsum(0)[:-1]])
    sums = embedding_bag(torch.cat(list(bags)), weights, starts, mode="sum")
    return sums / sizes.clamp(min=1).sqrt()[:, None] + bias


def words(text: str) -> list[int]:
    """Give the rows of a text's words alone: the bag of words that n-grams are measured against."""
    return sorted({zlib.crc32(word.encode()) % BUCKETS for word in fold(text).split()})


def best_temperature(linear: Linear, development: Labelled) -> float:
    """Give what the scores are divided by so that 0.7 is right seven times of ten."""
    scores = linear.scores([text for text, _ in development])
    moods = torch.tensor([mood for _, mood in development])
    return min(TEMPERATURES, key=lambda t: float(cross_entropy(scores / t, moods)))
