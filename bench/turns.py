"""Measures the first token at turns 2 and 20, with and without the prompt cache."""

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from bench.engines import started_engine, time_reply
from bench.models import measured_folder
from bench.tables import show
from persona.card import CARDS_FOLDER, load_card
from persona.checkpoint import Checkpoint, open_checkpoint
from persona.dialogues import own_dialogues
from persona.lm.engine import Engine
from persona.lm.protocol import Sampling
from persona.prompt import Exchange, Template

TURNS = 20


def run(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    with measured_folder(arguments.model) as folder:
        checkpoint = open_checkpoint(str(folder), Path())
        with started_engine(folder) as engine:
            figures = measure(checkpoint, engine, arguments.runs)
    show("turns", {"model": arguments.model, **figures}, arguments.json)


def measure(checkpoint: Checkpoint, engine: Engine, runs: int) -> dict[str, Any]:
    """Hold `runs` conversations; without the cache is the same with a header never seen before.

    The replies are the model's own, as in a conversation: what it has said needs no computing.
    """
    card = load_card(CARDS_FOLDER / "yuhee")
    said = [e for d in own_dialogues(card.folder) for e in d.exchanges]
    sampling = Sampling(max_new_tokens=24, temperature=0.0, end_ids=checkpoint.end_ids)
    with_cache: dict[int, list[float]] = {2: [], TURNS: []}
    without: dict[int, list[float]] = {2: [], TURNS: []}
    lengths: list[int] = []
    for n in range(runs):
        asked = said[n * TURNS : (n + 1) * TURNS]
        # The same words are new at turn 20 as at turn 2, so that only what stands before differs.
        asked[-1] = asked[1]
        talk: list[Exchange] = []
        for turn, ask in enumerate(asked, 1):
            ids = prompt(checkpoint.template, f"지희 {n}", card.facts, talk, ask)
            reply = time_reply(engine, ids, sampling)
            if turn in with_cache:
                with_cache[turn].append(reply.first_s)
                fresh = prompt(checkpoint.template, f"처음 {n}-{turn}", card.facts, talk, ask)
                without[turn].append(time_reply(engine, fresh, sampling).first_s)
            talk.append(replace(ask, reply=checkpoint.template.tokens.decode(reply.ids)))
        lengths.append(len(ids))
    return {
        "runs": runs,
        "prompt_tokens_turn_20": median(lengths),
        "with_cache": ratio_of_medians(with_cache),
        "without_cache": ratio_of_medians(without),
    }


def prompt(
    template: Template, name: str, facts: tuple[str, ...], talk: list[Exchange], ask: Exchange
) -> list[int]:
    """Give the prompt for what is asked after a talk."""
    ids = template.header_ids(name, facts)
    for exchange in talk:
        ids += template.exchange_ids(exchange)
    return ids + template.ask_ids(ask.user, ask.mood)


def ratio_of_medians(times: dict[int, list[float]]) -> dict[str, float]:
    """Give the medians of turns 2 and 20 in milliseconds, and how much slower turn 20 is."""
    early, late = (median(times[turn]) for turn in (2, TURNS))
    return {
        "turn_2_ms": round(1000 * early, 2),
        "turn_20_ms": round(1000 * late, 2),
        "ratio": round(late / early, 2),
    }
