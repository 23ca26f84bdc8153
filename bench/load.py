"""Measures one visitor and eight at once through the engine's own door."""

import argparse
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.engines import Timed, started_engine, time_reply
from bench.models import measured_folder
from bench.tables import show
from persona.card import CARDS_FOLDER, load_card
from persona.checkpoint import open_checkpoint
from persona.dialogues import own_dialogues
from persona.lm.engine import Engine
from persona.lm.protocol import Sampling
from persona.prompt import Template

VISITORS = (1, 8)
REPLIES = 8
SAMPLING = Sampling(max_new_tokens=48, temperature=0.0)


def run(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    with measured_folder(arguments.model) as folder:
        template = open_checkpoint(str(folder), Path()).template
        with started_engine(folder) as engine:
            found = measure(engine, template, arguments.runs)
    show("load", {"model": arguments.model, "runs": arguments.runs, **found}, arguments.json)


def measure(engine: Engine, template: Template, runs: int) -> dict[str, Any]:
    """Let one visitor and eight talk in turn, `runs` times each; give the figures of all runs."""
    crowds: dict[int, list[Crowd]] = {count: [] for count in VISITORS}
    for n in range(runs + 1):
        for count, found in crowds.items():
            crowd = let_talk(engine, template, count, seed=n)
            if n:  # the first round only warms up
                found.append(crowd)
    visitors = {str(count): figures(found) for count, found in crowds.items()}
    one, most = (visitors[str(count)]["tok_s"] for count in VISITORS)
    return {"visitors": visitors, "ratio_8_to_1": round(most / one, 2)}


@dataclass(frozen=True, slots=True)
class Crowd:
    """Visitors who talked at once: the replies that each got, and how long it took in all."""

    visits: list[list[Timed]]
    seconds: float


def let_talk(engine: Engine, template: Template, count: int, seed: int) -> Crowd:
    """Let so many visitors talk at once, each `REPLIES` times."""
    visits: list[list[Timed]] = [[] for _ in range(count)]
    threads = [
        threading.Thread(target=_visit, args=(engine, template, visit, seed * 100 + n))
        for n, visit in enumerate(visits)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Crowd(visits, time.perf_counter() - started)


def figures(crowds: list[Crowd]) -> dict[str, float]:
    """Give medians over the crowds, and percentiles over all their replies."""
    replies = [reply for crowd in crowds for visit in crowd.visits for reply in visit]
    lasted = [sorted(sum(r.total_s for r in visit) for visit in crowd.visits) for crowd in crowds]
    wanted = sum(len(crowd.visits) * REPLIES for crowd in crowds)
    return {
        "tok_s": round(
            median(
                sum(r.tokens for v in crowd.visits for r in v) / crowd.seconds for crowd in crowds
            ),
            1,
        ),
        **spread("ttft", [r.first_s for r in replies]),
        **spread("total", [r.total_s for r in replies]),
        "slowest_to_median": round(median(s[-1] / s[len(s) // 2] for s in lasted), 2),
        "refused": float(wanted - len(replies)),
    }


def _visit(engine: Engine, template: Template, taken: list[Timed], seed: int) -> None:
    card = load_card(CARDS_FOLDER / "yuhee")
    said = [e for d in own_dialogues(card.folder) for e in d.exchanges]
    ids = template.header_ids(card.name, card.facts)
    for exchange in random.Random(seed).sample(said, REPLIES):
        ask = ids + template.ask_ids(exchange.user, exchange.mood)
        taken.append(time_reply(engine, ask, SAMPLING))
        ids += template.exchange_ids(exchange)


def spread(name: str, seconds: list[float]) -> dict[str, Any]:
    """Give the 50th and the 95th percentile under a name."""
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p95": 0.95}
    return {
        f"{name}_{label}_s": round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4)
        for label, share in at.items()
    }
