"""Teaches a new model the language: every token of running text and of public conversations."""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from persona.dialogues import Dialogue
from persona.prompt import Template
from persona.tokens import END
from training.corpora import running_texts, songys, xpersona
from training.loop import Course, Sample, teach
from training.model import Shape, check_out, keep, load_model, new_model, open_template

HELD_OUT_BLOCKS = 64
SONGYS_PASSES = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--corpora", type=Path, required=True, help="folder of public corpora")
    parser.add_argument("--out", type=Path, required=True, help="folder that has tokenizer.json")
    parser.add_argument("--start", type=Path, help="checkpoint folder whose weights go on")
    parser.add_argument("--work", type=Path, default=Path("runs/pretrain"), help="for resuming")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--block", type=int, default=256, help="tokens a sample (default 256)")
    parser.add_argument("--batch", type=int, default=8, help="samples a step (default 8)")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=7e-4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--resume", action="store_true", help="go on where a killed run stopped")


def run(arguments: argparse.Namespace) -> int:
    """Pretrain and write the checkpoint."""
    check_out(arguments.out)
    template = open_template(arguments.out)
    blocks = pack(documents(arguments.corpora, template, arguments.seed), arguments.block)
    shape = Shape(arguments.width, arguments.layers, arguments.heads)
    if arguments.start:
        model = load_model(arguments.start, shape.dropout)
    else:
        model = new_model(template.tokens, shape, arguments.seed)
    print(f"{model.num_parameters():,} parameters, {blocks.size:,} tokens", flush=True)
    samples = [Sample(input_ids=block, labels=block) for block in blocks]
    course = Course(
        work=arguments.work,
        epochs=arguments.epochs,
        batch=arguments.batch,
        rate=arguments.rate,
        seed=arguments.seed,
        resume=arguments.resume,
    )
    loss = teach(model, samples[HELD_OUT_BLOCKS:], samples[:HELD_OUT_BLOCKS], course)
    about = {"header": True, "moods": True, "personas": [], "pretrain_loss": round(loss, 4)}
    keep(model, arguments.out, arguments.out, about)
    print(f"held-out loss {loss:.4f} a token -> {arguments.out}")
    return 0


def documents(folder: Path, template: Template, seed: int) -> Iterator[list[int]]:
    """Give the ids of every document, running text and conversations mixed."""
    end = template.tokens.control(END)
    found = [
        [*template.tokens.encode(text), end]
        for text in tqdm(running_texts(folder), desc="text", unit=" rows")
    ]
    for _ in range(SONGYS_PASSES):
        found += [conversation_ids(d, template) for d in songys(folder)]
    found += [conversation_ids(d, template) for d in xpersona(folder)]
    random.Random(seed).shuffle(found)
    yield from found


def conversation_ids(dialogue: Dialogue, template: Template) -> list[int]:
    """Give a public conversation in the template; its facts go in the header, it has no name."""
    header = template.header_ids("", dialogue.facts) if dialogue.facts else []
    return template.training_ids(header[1:], dialogue.exchanges)[0]


def pack(found: Iterator[list[int]], block: int) -> np.ndarray:
    """Join the documents and cut them into rows of `block` ids; the last piece is dropped."""
    stream = np.fromiter((i for ids in found for i in ids), dtype=np.int32)
    whole = len(stream) // block
    return stream[: whole * block].reshape(whole, block)
