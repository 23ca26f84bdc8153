"""Measures, on dialogues held out from training, what the replies and the moods are worth."""

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import flaws, memory, parts, reply_time, steer, verdicts
from bench.models import checkpoint_hash, measured_folder
from bench.moods import mood_figures
from bench.parts import distinct_pairs
from bench.ranking import measure_ranking
from bench.tables import show
from bench.talks import Companion, open_companion
from persona.card import CARDS_FOLDER, Card, find_cards
from persona.checkpoint import Checkpoint, open_checkpoint
from persona.dialogues import Dialogue, own_dialogues
from persona.lm.backends import open_backend
from persona.lm.engine import InProcess
from persona.lm.protocol import Backend, ModelSpec
from persona.prompt import Exchange
from persona.reply import FALLBACK, Answer, Asked, card_sampling
from persona.speech_level import keeps_level
from training.split import both_sides

AGREEMENT_PLACES = 400


def run(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    with measured_folder(arguments.model) as folder, TemporaryDirectory() as cache:
        judged = verdicts.count(checkpoint_hash(folder))
        checkpoint = open_checkpoint(str(folder), Path())
        spec = ModelSpec(folder, device="cpu", slots=1, cache_dir=Path(cache))
        whole, small = (
            open_backend(replace(spec, backend=name)).backend for name in ("torch", "llamacpp")
        )
        figures = {
            "model": arguments.model,
            **mood_figures(checkpoint.folder, arguments.corpora),  # first: a wrong folder shows
            **measure(checkpoint, whole, small),
        }
        whole.close()
        small.close()
        with open_companion(folder) as her:
            figures |= in_conversation(her)
    show("quality", figures | judged, arguments.json)


def in_conversation(her: Companion) -> dict[str, Any]:
    """Give the figures of conversations that are held as the page holds them."""
    return {
        **steer.measure(her),
        **memory.measure(her),
        **flaws.measure(her),
        **reply_time.measure(her),
        **parts.measure(her),
    }


def measure(checkpoint: Checkpoint, whole: Backend, small: Backend) -> dict[str, Any]:
    """Give the figures: `whole` has the weights as they are, `small` has them in 8 bits."""
    cards = find_cards(CARDS_FOLDER)
    held_out = {card.id: both_sides(own_dialogues(card.folder))[1] for card in cards.values()}
    said = {
        name: sample_replies(checkpoint, small, cards[name], dialogues)
        for name, dialogues in held_out.items()
    }
    answers = [answer for each in said.values() for answer in each]
    talks = [d.exchanges for ds in held_out.values() for d in ds]
    human = [e.reply for talk in talks for e in talk]
    return {
        "held_out_replies": len(human),
        "ppl_char": round(perplexity_per_character(checkpoint, whole, cards, held_out), 3),
        "q8_top1_agreement": round(agreement(checkpoint, whole, small, cards, held_out), 4),
        "speech_level_kept": {
            name: round(share(keeps_level(a.text, cards[name].speech_level) for a in each), 4)
            for name, each in said.items()
        },
        "broken": round(share(flaws.is_broken(a.text, a.finish) for a in answers), 4),
        "cut": round(share(a.finish not in ("end", "loop") for a in answers), 4),
        "loops": round(
            share(
                a.finish == "loop" or flaws.says_again(a.text, last)
                for a, last in zip(answers, replies_before(talks), strict=True)
            ),
            4,
        ),
        "fallbacks": round(share(a.origin == FALLBACK for a in answers), 4),
        "distinct_2": round(distinct_pairs([a.text for a in answers]), 4),
        "distinct_2_human": round(distinct_pairs(human), 4),
        **measure_ranking(checkpoint, whole, cards, held_out),
    }


def sample_replies(
    checkpoint: Checkpoint, backend: Backend, card: Card, dialogues: Sequence[Dialogue]
) -> list[Answer]:
    """Let her answer every held-out line, the dialogue before it being as it was written."""
    answers = []
    for dialogue in dialogues:
        for n, exchange in enumerate(dialogue.exchanges):
            earlier = dialogue.exchanges[:n]
            sampling = card_sampling(card, seed=7)
            asked = Asked(card, earlier, exchange.user, exchange.mood, sampling)
            answer = Answer(checkpoint, InProcess(backend), asked)
            list(answer)
            answers.append(answer)
    return answers


def perplexity_per_character(
    checkpoint: Checkpoint,
    backend: Backend,
    cards: dict[str, Card],
    held_out: dict[str, list[Dialogue]],
) -> float:
    """Give e to the mean loss a character of the held-out replies."""
    lost = 0.0
    characters = 0
    for name, dialogues in held_out.items():
        for dialogue in dialogues:
            ids, learned = whole_dialogue(checkpoint, cards[name], dialogue)
            scores = backend.score(ids)
            lost -= sum(s for s, hers in zip(scores, learned[1:], strict=True) if hers)
            characters += sum(len(e.reply) + 1 for e in dialogue.exchanges)
    return math.exp(lost / characters)


def agreement(
    checkpoint: Checkpoint,
    whole: Backend,
    small: Backend,
    cards: dict[str, Card],
    held_out: dict[str, list[Dialogue]],
) -> float:
    """Give how often both would say the same next token, at places of her held-out replies."""
    same = []
    for name, dialogues in held_out.items():
        for dialogue in dialogues:
            ids, learned = whole_dialogue(checkpoint, cards[name], dialogue)
            places = [n for n, hers in enumerate(learned) if hers][::5]
            same += [whole.top(ids[:n], 1)[0][0] == small.top(ids[:n], 1)[0][0] for n in places]
            if len(same) >= AGREEMENT_PLACES * (1 + list(held_out).index(name)):
                break
    return share(same)


def whole_dialogue(
    checkpoint: Checkpoint, card: Card, dialogue: Dialogue
) -> tuple[list[int], list[bool]]:
    """Give a dialogue behind its header, as training writes it."""
    template = checkpoint.template
    return template.training_ids(template.header_ids(card.name, card.facts), dialogue.exchanges)


def replies_before(talks: Iterable[Sequence[Exchange]]) -> list[str]:
    """Give for every exchange the reply before it in its talk, or "" where none is."""
    return [last for talk in talks for last in ("", *(e.reply for e in talk[:-1]))]


def share(values: Iterable[bool]) -> float:
    """Give how many of the values are true, from 0 to 1."""
    found = list(values)
    return sum(found) / max(1, len(found))
