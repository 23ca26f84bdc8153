"""Measures one visitor and eight at once through the engine's own door."""

import argparse
import random
import threading
import time
from pathlib import Path
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
            crowd(engine, template, 1, seed=0)  # warms up
            visitors = {
                str(count): crowd(engine, template, count, seed=count) for count in VISITORS
            }
    ratio = visitors["8"]["tok_s"] / visitors["1"]["tok_s"]
    figures = {"model": arguments.model, "visitors": visitors, "ratio_8_to_1": round(ratio, 2)}
    show("load", figures, arguments.json)


def crowd(engine: Engine, template: Template, count: int, seed: int) -> dict[str, float]:
    """Let so many visitors talk at once, each `REPLIES` times, and give the figures of all."""
    taken: list[list[Timed]] = [[] for _ in range(count)]
    threads = [
        threading.Thread(target=_visit, args=(engine, template, taken[n], seed * 100 + n))
        for n in range(count)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    replies = [reply for visit in taken for reply in visit]
    visits = sorted(sum(reply.total_s for reply in visit) for visit in taken)
    return {
        "tok_s": round(sum(r.tokens for r in replies) / seconds, 1),
        **spread("ttft", [r.first_s for r in replies]),
        **spread("total", [r.total_s for r in replies]),
        "slowest_to_median": round(visits[-1] / visits[len(visits) // 2], 2),
        "refused": float(count * REPLIES - len(replies)),
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
