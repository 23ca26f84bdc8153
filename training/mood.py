"""Trains the small linear model that reads the visitor's mood, and prints what it is worth."""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, embedding_bag

from persona.card import CARDS_FOLDER
from persona.dialogues import own_dialogues
from persona.mood import BUCKETS, MOODS, WEIGHTS_FILE, MoodReader, features, read_cues
from training.corpora import find, rows
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

Labelled = tuple[str, int, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--corpora", type=Path, help="folder of public corpora (makes it better)")
    parser.add_argument("--cards", type=Path, default=CARDS_FOLDER, help="folder of personas")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write into")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=7)


def run(arguments: argparse.Namespace) -> int:
    """Train, write the weights, and print the accuracy on held-out sentences."""
    own, held_out = own_sentences(arguments.cards)
    labelled = [(text, mood, 3.0) for text, mood in own]
    if arguments.corpora:
        labelled += public_sentences(arguments.corpora)
    weights, bias = learn(labelled, arguments.epochs, arguments.rate, arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    tensors = {"weights": weights.half().contiguous(), "bias": bias.half().contiguous()}
    save_file(tensors, arguments.out / WEIGHTS_FILE)
    print(f"learned from {len(labelled):,} sentences, held out {len(held_out)}")
    for name, share in accuracies(held_out, MoodReader(arguments.out)).items():
        print(f"  {name:10} {share:.3f}")
    return 0


def own_sentences(cards: Path) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Give the visitors' sentences of all personas with their moods: learned, held out."""
    sides: tuple[list[tuple[str, int]], list[tuple[str, int]]] = ([], [])
    for folder in sorted(f for f in cards.iterdir() if (f / "card.toml").exists()):
        dialogues = own_dialogues(folder)
        kept = held_out_ids(dialogues)
        for dialogue in dialogues:
            side = sides[dialogue.id in kept]
            side += [(e.user, e.mood) for e in dialogue.exchanges]
    return sides


def public_sentences(corpora: Path) -> list[Labelled]:
    """Give labelled sentences of the public sets, each kind at a weight of its own."""
    found: list[Labelled] = []
    for row in rows(find(corpora, "mood/kote")):
        glad, sad = (len(side & set(row["labels"])) for side in (_GLAD, _SAD))
        if row["split"] == "val" and (glad == 0) != (sad == 0):
            found.append((row["text"], 2 if glad else 1, 0.3))
    for number, row in enumerate(rows(find(corpora, "mood/nsmc_mood"))):
        if row["split"] == "train" and number % 4 == 0 and row["mood"]:
            found.append((row["text"], row["mood"], 0.2))
    # In songys the label is the topic (break-up, love); only its everyday part is a mood.
    for row in rows(find(corpora, "chat/songys_chatbot")):
        mood = read_cues(row["user"]).tag
        if row["mood"] == mood:
            found.append((row["user"], mood, 0.5))
    return found


def learn(
    labelled: Sequence[Labelled], epochs: int, rate: float, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Fit weights [BUCKETS, 3] and bias [3] by cross-entropy, batch after batch."""
    torch.manual_seed(seed)
    bags = [torch.tensor(features(text)) for text, _, _ in labelled]
    moods = torch.tensor([mood for _, mood, _ in labelled])
    worth = torch.tensor([w for _, _, w in labelled])
    weights = torch.zeros(BUCKETS, len(MOODS), requires_grad=True)
    bias = torch.zeros(len(MOODS), requires_grad=True)
    optimizer = torch.optim.AdamW([weights, bias], lr=rate, weight_decay=0.05)
    for _ in range(epochs):
        for rows_ in torch.randperm(len(bags)).split(256):  # type: ignore[no-untyped-call]
            scores = bag_scores([bags[i] for i in rows_.tolist()], weights, bias)
            losses = cross_entropy(scores, moods[rows_], reduction="none") * worth[rows_]
            optimizer.zero_grad()
            (losses.sum() / worth[rows_].sum()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return weights.detach(), bias.detach()


def bag_scores(
    bags: Sequence[torch.Tensor], weights: torch.Tensor, bias: torch.Tensor
) -> torch.Tensor:
    """Give the scores [sentences, 3]: the sum of a sentence's rows over the root of their count."""
    sizes = torch.tensor([len(bag) for bag in bags])
    starts = torch.cat([torch.zeros(1, dtype=torch.long), sizes.cumsum(0)[:-1]])
    sums = embedding_bag(torch.cat(list(bags)), weights, starts, mode="sum")
    return sums / sizes.clamp(min=1).sqrt()[:, None] + bias


def accuracies(held_out: Sequence[tuple[str, int]], reader: MoodReader) -> dict[str, float]:
    """Give the share read right by the majority, by cues alone, and by the whole reader."""
    majority = Counter(mood for _, mood in held_out).most_common(1)[0][1]
    cues = sum(read_cues(text).tag == mood for text, mood in held_out)
    whole = sum(reader.read(text).tag == mood for text, mood in held_out)
    count = len(held_out)
    return {"majority": majority / count, "cues": cues / count, "model": whole / count}
