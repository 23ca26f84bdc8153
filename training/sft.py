"""Teaches a model to answer as the personas do: only the tokens of their replies are learned."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from persona.card import CARDS_FOLDER, Card, find_cards
from persona.checkpoint import open_checkpoint
from persona.dialogues import Dialogue, own_dialogues
from persona.mood import MoodReader
from persona.prompt import Exchange, Template
from persona.speech_level import JONDAEMAL, keeps_level
from training.banmal import to_banmal
from training.corpora import songys
from training.errors import TrainingError
from training.loop import UNLEARNED, Course, Sample, teach
from training.model import check_out, keep, load_model, open_template
from training.split import held_out_ids

LICENCE = "Apache-2.0, with the attributions of NOTICE"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--start", type=Path, required=True, help="pretrained checkpoint folder")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--cards", type=Path, default=CARDS_FOLDER, help="folder of personas")
    parser.add_argument("--corpora", type=Path, help="folder of public corpora (songys pairs)")
    parser.add_argument("--own-passes", type=int, default=3, help="own dialogues an epoch")
    parser.add_argument("--work", type=Path, default=Path("runs/sft"), help="for resuming")
    parser.add_argument("--epochs", type=float, default=7.0)
    parser.add_argument("--batch", type=int, default=64, help="dialogues a step (default 64)")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--resume", action="store_true", help="go on where a killed run stopped")


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune, write the checkpoint, and print the held-out loss."""
    check_out(arguments.out)
    template = open_template(arguments.start)
    cards = find_cards(arguments.cards)
    model = load_model(arguments.start, arguments.dropout)
    positions = model.config.n_positions
    taught, held_out = own_samples(template, cards, arguments.own_passes, positions)
    if arguments.corpora:
        moods = MoodReader(arguments.start)
        taught += list(public_samples(template, cards, arguments.corpora, moods))
    course = Course(
        work=arguments.work,
        epochs=arguments.epochs,
        batch=arguments.batch,
        rate=arguments.rate,
        seed=arguments.seed,
        shift=0.5,
        resume=arguments.resume,
    )
    print(f"{len(taught):,} dialogues an epoch, {len(held_out):,} held out", flush=True)
    loss = teach(model, taught, held_out, course)
    about = {
        "header": True,
        "moods": True,
        "personas": sorted(cards),
        "licence": licence_of(arguments.start),
        "held_out_loss": round(loss, 4),
    }
    keep(model, arguments.start, arguments.out, about)
    print(f"held-out loss {loss:.4f} a token -> {arguments.out}")
    return 0


def licence_of(start: Path) -> str:
    """Give the licence that the result is under: that of the weights it began with."""
    return open_checkpoint(str(start), start).licence or LICENCE


def own_samples(
    template: Template, cards: dict[str, Card], passes: int, positions: int
) -> tuple[list[Sample], list[Sample]]:
    """Give the personas' own dialogues as samples: those that are taught, those held out."""
    taught, held_out = [], []
    for card in cards.values():
        dialogues = own_dialogues(card.folder)
        kept = held_out_ids(dialogues)
        for dialogue in dialogues:
            pieces = list(cut(template, card, dialogue, positions))
            if dialogue.id in kept:
                held_out += pieces
            else:
                taught += pieces * passes
    if not taught:
        raise TrainingError("no persona has dialogues; put them in NAME/dialogues/*.jsonl")
    if not held_out:
        raise TrainingError(
            "no dialogue can be held out to measure by: all are near copies of one another, or "
            "there is only one; add some that are different"
        )
    return taught, held_out


def public_samples(
    template: Template, cards: dict[str, Card], corpora: Path, moods: MoodReader
) -> Iterator[Sample]:
    """Give each songys pair as each persona would say it; a reply no rule is sure of is left out.

    Its labels name topics, so the mood is read from the words, as it will be in a conversation.
    The header has the name alone: her facts would be most of such a short sample.
    """
    for dialogue in songys(corpora):
        said = dialogue.exchanges[0]
        mood = moods.read(said.user).tag
        for card in cards.values():
            reply = in_level(said.reply, card.speech_level)
            if reply:
                exchange = Exchange(said.user, mood, reply)
                yield to_sample(template, replace(card, facts=()), [exchange])


def in_level(reply: str, level: str) -> str | None:
    """Give a 존댓말 reply in the level asked for, or None where that cannot be done surely."""
    if level == JONDAEMAL:
        return reply if keeps_level(reply, JONDAEMAL) else None
    return to_banmal(reply)


def cut(template: Template, card: Card, dialogue: Dialogue, positions: int) -> Iterator[Sample]:
    """Give a dialogue as one sample, or as several where it is longer than the window allows."""
    exchanges: list[Exchange] = []
    for exchange in dialogue.exchanges:
        longer = [*exchanges, exchange]
        if exchanges and len(to_sample(template, card, longer)["input_ids"]) > positions:
            yield to_sample(template, card, exchanges)
            longer = [exchange]
        exchanges = longer
    yield to_sample(template, card, exchanges)


def to_sample(template: Template, card: Card, exchanges: Sequence[Exchange]) -> Sample:
    """Give exchanges behind the card's header, with labels for her replies only."""
    header = template.header_ids(card.name, card.facts)
    ids, learned = template.training_ids(header, exchanges)
    labels = [i if is_hers else UNLEARNED for i, is_hers in zip(ids, learned, strict=True)]
    return Sample(input_ids=ids, labels=labels)
