"""Measures every backend end to end beside the naive loop, all in turn in one run."""

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import GPT2LMHeadModel

from bench.models import measured_folder
from bench.tables import show
from persona.lm.backends import open_backend
from persona.lm.protocol import Backend, ModelSpec, Sampling

PROMPT_TOKENS = 200
NEW_TOKENS = 64
THREADS = 2
BACKENDS = ("reference", "torch", "llamacpp")
DEFAULT = "llamacpp"

# Gives seconds to the first token and to the last.
Run = Callable[[Sequence[int]], tuple[float, float]]


def run(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    with measured_folder(arguments.model) as folder, TemporaryDirectory() as cache:
        show("speed", measure(arguments.model, folder, Path(cache), arguments.runs), arguments.json)


def measure(model: str, folder: Path, cache: Path, runs: int) -> dict[str, Any]:
    """Give the figures of interface.md for one checkpoint."""
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    vocabulary = json.loads((folder / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    naive = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32)
    naive.train(False)
    spec = ModelSpec(folder, device="cpu", threads=THREADS, slots=1, cache_dir=cache)
    backends = {n: open_backend(replace(spec, backend=n)).backend for n in BACKENDS}
    ways: dict[str, Run] = {"naive": lambda ids: time_naive(naive, ids)}
    ways |= {name: timed(backend) for name, backend in backends.items()}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    draw = random.Random(7)
    for n in range(runs + 1):
        for name, way in ways.items():
            # A new prompt each time, so that nothing kept from an earlier run can help.
            ids = [draw.randrange(300, vocabulary) for _ in range(PROMPT_TOKENS)]
            seconds = way(ids)
            if n:  # the first round only warms up
                taken[name].append(seconds)
    for backend in backends.values():
        backend.close()
    return figures(model, naive.num_parameters(), runs, taken)


def timed(backend: Backend) -> Run:
    """Give a way to time one backend: greedy, and no id ends the reply early."""
    sampling = Sampling(max_new_tokens=NEW_TOKENS, temperature=0.0)

    def way(ids: Sequence[int]) -> tuple[float, float]:
        started = time.perf_counter()
        first = 0.0
        count = 0
        for _ in backend.generate(ids, sampling):
            first = first or time.perf_counter() - started
            count += 1
        if count != NEW_TOKENS:
            raise RuntimeError(f"{backend.name} gave {count} tokens instead of {NEW_TOKENS}")
        return first, time.perf_counter() - started

    return way


def time_naive(model: GPT2LMHeadModel, prompt: Sequence[int]) -> tuple[float, float]:
    """Time the loop of student projects: the whole text again for every token."""
    ids = torch.tensor([list(prompt)])
    started = time.perf_counter()
    first = 0.0
    with torch.inference_mode():
        for _ in range(NEW_TOKENS):
            scores = model(ids, use_cache=False).logits[:, -1]
            ids = torch.cat([ids, scores.argmax(-1, keepdim=True)], dim=1)
            first = first or time.perf_counter() - started
    return first, time.perf_counter() - started


def figures(
    model: str, params: int, runs: int, taken: dict[str, list[tuple[float, float]]]
) -> dict[str, Any]:
    """Give the medians and the ratios of the default backend."""
    total = {name: median(whole for _, whole in times) for name, times in taken.items()}
    return {
        "model": model,
        "params": params,
        "prompt_tokens": PROMPT_TOKENS,
        "new_tokens": NEW_TOKENS,
        "runs": runs,
        **{
            name: {
                "tok_s": round(NEW_TOKENS / total[name], 1),
                "ttft_ms": round(1000 * median(first for first, _ in times), 1),
            }
            for name, times in taken.items()
        },
        "ratio_to_naive": round(total["naive"] / total[DEFAULT], 2),
        "ratio_to_reference": round(total["reference"] / total[DEFAULT], 2),
    }
