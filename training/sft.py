"""Teaches a model to answer as the personas do: only the tokens of their replies are learned."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from persona.card import CARDS_FOLDER, Card, find_cards
from persona.checkpoint import Checkpoint
from persona.dialogues import Dialogue, own_dialogues
from persona.mood import MoodReader
from persona.prompt import Exchange, Template
from persona.reactions import own_reactions
from persona.speech_level import JONDAEMAL, keeps_level
from training.banmal import to_banmal
from training.corpora import songys
from training.errors import TrainingError
from training.loop import (
    add_course_arguments,
    course_of,
    is_first_process,
    teach,
)
from training.model import add_adapters, check_out, describe, finish, load_model, open_base
from training.reactions import talks, taught_reactions
from training.samples import UNLEARNED, Sample
from training.split import held_out_ids

# Adapters begin at nothing, and may learn as fast in a wide model as in a narrow one.
LORA_RATE = 5e-4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add = parser.add_argument
    add("--base", "--start", required=True, help="to begin with: a checkpoint or a fetched model")
    add("--out", type=Path, required=True, help="checkpoint folder to write")
    add("--cards", type=Path, default=CARDS_FOLDER, help="folder of personas")
    add("--persona", help="only this one")
    add("--corpora", type=Path, help="folder of public corpora (songys pairs)")
    add(
        "--own-passes",
        type=int,
        default=3,
        help="own dialogues an epoch (default 3; 0 for public pairs alone)",
    )
    add("--dropout", type=float, default=0.0)
    lora = "for a small GPU: learn matrices of this rank (16), and add them to the weights after"
    add("--lora", type=int, nargs="?", const=16, metavar="RANK", help=lora)
    add_course_arguments(parser, work="runs/sft", epochs=7, batch=64, rate=6e-4)


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune, write the checkpoint, and print the held-out loss."""
    check_out(arguments.out)
    base = open_base(arguments.base)
    cards = wanted_cards(arguments, base)
    taught, held_out = own_samples(base.template, cards, arguments.own_passes, base.positions)
    if arguments.corpora:
        moods = MoodReader(base.folder)
        taught += public_samples(base.template, cards, arguments.corpora, moods)
    if not taught:
        raise TrainingError("--own-passes 0 leaves nothing to learn from but --corpora; name it")
    model = load_model(base.folder, arguments.dropout)
    course = course_of(arguments, model.config.n_embd, shift=0.5)
    if arguments.lora:
        adapted = add_adapters(model, arguments.lora, base.template.tokens.control_ids)
        course = replace(course, rate=arguments.rate or LORA_RATE)
        learned = teach(adapted, taught, held_out, course)
        model = adapted.merge_and_unload()
    else:
        # What was pretrained here learned with Muon, and goes on with it; others did with Adam.
        course = replace(course, muon=base.template.header)
        learned = teach(model, taught, held_out, course)
    if is_first_process():
        about = describe("sft", learned, base.template, list(cards), base)
        finish(model, base.folder, arguments.out, about, course)
    return 0


def wanted_cards(arguments: argparse.Namespace, base: Checkpoint) -> dict[str, Card]:
    """Give the personas to learn; a base that knows no header cannot tell several apart."""
    cards = find_cards(arguments.cards)
    if arguments.persona and arguments.persona not in cards:
        raise TrainingError(f"no persona {arguments.persona!r}; there are: {', '.join(cards)}")
    if arguments.persona:
        return {arguments.persona: cards[arguments.persona]}
    if len(cards) > 1 and not base.template.header:
        print(
            f"{base.name} knows no header, so it will not tell {', '.join(cards)} apart; choose "
            "one of them with --persona",
            file=sys.stderr,
        )
    return cards


def own_samples(
    template: Template, cards: dict[str, Card], passes: int, positions: int
) -> tuple[list[Sample], list[Sample]]:
    """Give the personas' own dialogues as samples: those that are taught, those held out."""
    own = {card.id: own_dialogues(card.folder) for card in cards.values()}
    kept_out = {(name, kept) for name, found in own.items() for kept in held_out_ids(found)}
    if not kept_out:  # one dialogue, or near copies of one: the last is held out all the same
        kept_out = {(name, found[-1].id) for name, found in own.items() if found}
    taught: list[Sample] = []
    held_out: list[Sample] = []
    too_long = 0
    for card in cards.values():
        for dialogue in own[card.id]:
            pieces: list[Sample] = []
            # What stands on both sides of an exchange that is left out was never said in a row.
            marked = [(fits(template, card, [e], positions), e) for e in dialogue.exchanges]
            for fitting, run in groupby(marked, itemgetter(0)):
                row = tuple(exchange for _, exchange in run)
                if fitting:
                    pieces += cut(template, card, replace(dialogue, exchanges=row), positions)
                else:
                    too_long += len(row)
            if (card.id, dialogue.id) in kept_out:
                held_out += pieces
            else:
                taught += pieces * passes
        for n in range(passes):
            for talk in talks(taught_reactions(own_reactions(card.folder)), card.id, n):
                taught += cut(template, card, talk, positions)
    if too_long:
        print(f"{too_long:,} exchanges are longer than the window and left out", file=sys.stderr)
    if not held_out or (passes and not taught):
        raise TrainingError(
            "no persona has two dialogues that can be learned from; put some more into "
            "NAME/dialogues/*.jsonl"
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
        if exchanges and not fits(template, card, [*exchanges, exchange], positions):
            yield to_sample(template, card, exchanges)
            exchanges = []
        exchanges.append(exchange)
    if exchanges:
        yield to_sample(template, card, exchanges)


def fits(template: Template, card: Card, exchanges: Sequence[Exchange], positions: int) -> bool:
    """Say whether exchanges go into one window."""
    return len(to_sample(template, card, exchanges)["input_ids"]) <= positions


def to_sample(template: Template, card: Card, exchanges: Sequence[Exchange]) -> Sample:
    """Give exchanges behind the card's header, with labels for her replies only."""
    header = template.header_ids(card.name, card.facts)
    ids, learned = template.training_ids(header, exchanges)
    labels = [i if is_hers else UNLEARNED for i, is_hers in zip(ids, learned, strict=True)]
    return Sample(input_ids=ids, labels=labels)
