"""Makes a fresh GPT-2 and keeps checkpoints in the form that comes with the project."""

import json
import math
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from persona.encoder import ENCODER_FILE
from persona.mood import WEIGHTS_FILE
from persona.prompt import Template
from persona.ranker import RANKER_FILE
from persona.tokens import END, Tokens
from training.errors import TrainingError

SHARD_BYTES = 9_000_000
CHECKPOINT_FILE = re.compile(
    r"(generation_)?config\.json|tokenizer\.json|persona\.json|README\.md"
    r"|[\w-]+\.safetensors(\.index\.json)?"
)
# What lies beside the weights and does not depend on them.
CARRIED = (WEIGHTS_FILE, ENCODER_FILE, RANKER_FILE)


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a new model."""

    width: int = 256
    layers: int = 6
    heads: int = 4
    positions: int = 1024
    dropout: float = 0.0


def new_model(tokens: Tokens, shape: Shape, seed: int) -> GPT2LMHeadModel:
    """Make a GPT-2 with random weights for a vocabulary."""
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=len(tokens),
        n_positions=shape.positions,
        n_embd=shape.width,
        n_layer=shape.layers,
        n_head=shape.heads,
        resid_pdrop=shape.dropout,
        embd_pdrop=shape.dropout,
        attn_pdrop=shape.dropout,
        bos_token_id=tokens.control(END),
        eos_token_id=tokens.control(END),
        pad_token_id=tokens.control(END),
    )
    model = GPT2LMHeadModel(config)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        model.transformer.wpe.weight.copy_(waves(shape.positions, shape.width))
    return model


def waves(positions: int, width: int) -> torch.Tensor:
    """Give sines and cosines [positions, width] for the position embeddings to begin with.

    Neighbouring places look alike from the first step, so that what is learned about "the word
    before" at one place of the window holds at all the others.
    """
    place = torch.arange(positions)[:, None]
    speed = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))[None, :]
    both = torch.stack([torch.sin(place * speed), torch.cos(place * speed)], dim=2)
    return both.reshape(positions, width) * 0.03


def load_model(folder: Path, dropout: float) -> GPT2LMHeadModel:
    """Open a checkpoint for more training, in float32."""
    try:
        config = GPT2Config.from_pretrained(folder)
        config.resid_pdrop = config.embd_pdrop = config.attn_pdrop = dropout
        return GPT2LMHeadModel.from_pretrained(folder, config=config, dtype=torch.float32)
    except (OSError, ValueError, RuntimeError) as error:
        raise TrainingError(
            f"{folder} is no GPT-2 checkpoint that can be trained: {error}"
        ) from error


def open_template(folder: Path) -> Template:
    """Give the template for the tokenizer in a checkpoint folder."""
    return Template(Tokens(folder / "tokenizer.json"))


def check_out(out: Path) -> None:
    """Refuse a folder that holds anything but a checkpoint: saving replaces the whole of it."""
    there = out.iterdir() if out.exists() else ()
    strange = any(not CHECKPOINT_FILE.fullmatch(path.name) for path in there)
    if strange or out.resolve() == Path.cwd() or out.resolve() in Path.cwd().parents:
        raise TrainingError(
            f"{out} holds other things than a checkpoint, and saving would replace them; name a "
            "new folder with --out"
        )


def keep(model: GPT2LMHeadModel, source: Path, out: Path, about: dict[str, Any]) -> None:
    """Write weights in 16 bits and shards, with tokenizer and persona.json; all or nothing.

    Everything is written beside `out` first, so that a full disk leaves the last good
    checkpoint where it was; after a kill between the two renames it is in `out`.old.
    """
    check_out(out)
    draft = out.with_name(out.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    half = GPT2LMHeadModel(model.config)  # type: ignore[no-untyped-call]
    half.load_state_dict(model.state_dict())
    half.to(torch.float16)  # type: ignore[arg-type]
    half.save_pretrained(draft, max_shard_size=SHARD_BYTES)
    shutil.copy(source / "tokenizer.json", draft / "tokenizer.json")
    (draft / "persona.json").write_text(
        json.dumps(about, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    carried = [place / name for place in (source, out) for name in CARRIED]
    for kept in (*carried, out / "README.md"):
        if kept.exists():
            shutil.copy(kept, draft / kept.name)
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.replace(old)
    draft.replace(out)
    shutil.rmtree(old, ignore_errors=True)
