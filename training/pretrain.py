"""Teaches a new model the language: every token of running text and of public conversations."""

import argparse
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from persona.checkpoint import Checkpoint
from persona.dialogues import Dialogue
from persona.prompt import Template
from persona.tokens import END, Tokens
from training.corpora import running_texts, songys, xpersona
from training.errors import TrainingError
from training.loop import (
    USUAL_WIDTH,
    add_course_arguments,
    course_of,
    is_first_process,
    teach,
)
from training.model import (
    Shape,
    check_out,
    describe,
    finish,
    load_model,
    new_model,
    open_base,
)
from training.samples import Sample

HELD_OUT_BLOCKS = 64
SONGYS_PASSES = 3
# A new model learns with Muon, which takes larger steps than what goes on with Adam.
RATE, RATE_GOING_ON = 2e-3, 7e-4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--corpora", type=Path, required=True, help="folder of public corpora")
    parser.add_argument("--out", type=Path, required=True, help="folder that has tokenizer.json")
    parser.add_argument("--base", "--start", help="checkpoint whose weights and tokenizer go on")
    parser.add_argument("--width", type=int, default=256, help="of a new model (256)")
    parser.add_argument("--layers", type=int, default=6, help="of a new model (6)")
    parser.add_argument("--heads", type=int, default=4, help="of a new model (4)")
    parser.add_argument("--block", type=int, default=256, help="tokens a sample (default 256)")
    parser.add_argument(
        "--compile", action="store_true", help="1.4 times as fast; needs a C++ compiler"
    )
    add_course_arguments(parser, work="runs/pretrain", epochs=1, batch=8, rate=RATE)
    parser.epilog = f"With --base the usual --rate is {RATE_GOING_ON:g}."


def run(arguments: argparse.Namespace) -> int:
    """Pretrain and write the checkpoint."""
    check_out(arguments.out)
    shape = Shape(arguments.width, arguments.layers, arguments.heads)
    base = open_base(arguments.base) if arguments.base else None
    if base:
        check_tokenizer(arguments.out, base)
        template, model = base.template, load_model(base.folder, shape.dropout)
    else:
        template = Template(Tokens(arguments.out / "tokenizer.json"))
        model = new_model(template.tokens, shape, arguments.seed)
    if arguments.block > model.config.n_positions:
        raise TrainingError(f"--block is more than the {model.config.n_positions} positions")
    blocks = pack(documents(arguments.corpora, template, arguments.seed), arguments.block)
    print(f"{model.num_parameters():,} parameters, {blocks.size:,} tokens", flush=True)
    samples = [Sample(input_ids=block, labels=block) for block in blocks]
    kept_out = min(HELD_OUT_BLOCKS, len(samples) // 10)
    if base:
        arguments.usual_rate = RATE_GOING_ON
    course = course_of(arguments, model.config.n_embd if base else USUAL_WIDTH)
    course = replace(course, muon=base is None, compiled=arguments.compile)
    learned = teach(model, samples[kept_out:], samples[:kept_out], course)
    if is_first_process():
        source = base.folder if base else arguments.out
        about = describe("pretrain", learned, template, (), base)
        finish(model, source, arguments.out, about, course)
    return 0


def check_tokenizer(out: Path, base: Checkpoint) -> None:
    """Refuse a folder whose tokenizer is not the one that the base knows."""
    own = out / "tokenizer.json"
    if own.exists() and Tokens(own).fingerprint != base.template.tokens.fingerprint:
        raise TrainingError(
            f"{base.name} was trained with another tokenizer than {own}; name a new folder with "
            "--out, or leave out --base"
        )


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
