"""Makes or opens a GPT-2, and keeps checkpoints in the form that comes with the project."""

import json
import math
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from pickle import PickleError
from typing import Any

import torch
from peft import LoraConfig, PeftMixedModel, PeftModel, get_peft_model
from safetensors import SafetensorError
from transformers import GPT2Config, GPT2LMHeadModel

from persona.checkpoint import Checkpoint, open_checkpoint
from persona.encoder import ENCODER_FILE
from persona.folders import fetched_models
from persona.mood import WEIGHTS_FILE
from persona.prompt import Template
from persona.ranker import RANKER_FILE
from persona.tokens import END, Tokens
from training.errors import TrainingError
from training.loop import Course, Learned
from training.work import clear

LICENCE = "Apache-2.0, with the attributions of NOTICE"
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


def open_base(wanted: str) -> Checkpoint:
    """Open what training begins with: a checkpoint's name here, a folder, or a fetched model.

    A model that was never taught to chat, such as KoGPT2, knows no header; it learns the moods.
    """
    base = open_checkpoint(wanted, fetched_models(os.environ))
    return base if base.tuned else replace(base, template=replace(base.template, moods=True))


def load_model(folder: Path, dropout: float) -> GPT2LMHeadModel:
    """Open a checkpoint for more training, in float32."""
    try:
        config = GPT2Config.from_pretrained(folder)
        config.resid_pdrop = config.embd_pdrop = config.attn_pdrop = dropout
        # A pickled .bin is opened with weights_only: nothing that lies in it is run.
        opened: Any = GPT2LMHeadModel.from_pretrained(
            folder, config=config, dtype=torch.float32, output_loading_info=True
        )
        model: GPT2LMHeadModel = opened[0]
        missing: set[str] = opened[1]["missing_keys"]
    except (OSError, ValueError, RuntimeError, EOFError, PickleError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"{folder} cannot be trained: {reason}; fetch or make the checkpoint again"
        ) from error
    if missing:
        raise TrainingError(
            f"{folder} lacks weights of a GPT-2 ({min(missing)}, ...); fetch or make "
            "the checkpoint again"
        )
    return model


def add_adapters(
    model: GPT2LMHeadModel, rank: int, control_ids: tuple[int, ...]
) -> PeftModel | PeftMixedModel:
    """Freeze a model but for small matrices beside its layers, and the control tokens' rows.

    A base that was never taught to chat has not learned a control token, so those rows have to.
    """
    return get_peft_model(
        model,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=rank,
            lora_alpha=2 * rank,
            target_modules=["c_attn", "c_proj", "c_fc"],
            fan_in_fan_out=True,
            trainable_token_indices={"wte": sorted(control_ids)},
        ),
    )


def describe(
    method: str,
    learned: Learned,
    template: Template,
    personas: Sequence[str],
    base: Checkpoint | None,
) -> dict[str, Any]:
    """Give what persona.json says: how to be spoken with, the licence, and how it was made."""
    about: dict[str, Any] = {"header": template.header, "moods": template.moods}
    about |= {"personas": sorted(personas), "licence": licence_of(base) if base else LICENCE}
    earlier: dict[str, Any] = {}
    if base and base.tuned:
        earlier = json.loads((base.folder / "persona.json").read_text(encoding="utf-8"))
    elif base:
        earlier = {"base": base.folder.name if Path(base.name).is_dir() else base.name}
    if "base" in earlier:
        about["base"] = earlier["base"]
    about["training"] = [*earlier.get("training", []), {"method": method, **asdict(learned)}]
    return about


def licence_of(base: Checkpoint) -> str:
    """Give the licence that the result is under: that of the weights it began with."""
    return base.licence or (LICENCE if base.tuned else f"that of {base.name}")


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
    try:
        _write(model, source, out, draft, about)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise TrainingError(
            f"{out} could not be saved ({error}), and is as it was; make room on the disk, then "
            "the same command with --resume saves it from the last saved state"
        ) from error
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.replace(old)
    draft.replace(out)
    shutil.rmtree(old, ignore_errors=True)


def finish(
    model: GPT2LMHeadModel, source: Path, out: Path, about: dict[str, Any], course: Course
) -> None:
    """Keep what a run has made; what it would need to go on is deleted only then."""
    keep(model, source, out, about)
    clear(course.work)
    loss = about["training"][-1]["held_out_loss"]
    print(f"held-out loss {loss:.4f} a token -> {out}; losses -> {course.work / 'losses.png'}")


def _write(
    model: GPT2LMHeadModel, source: Path, out: Path, draft: Path, about: dict[str, Any]
) -> None:
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    half = GPT2LMHeadModel(model.config)  # type: ignore[no-untyped-call]
    half.load_state_dict(model.state_dict())
    half.to(torch.float16)  # type: ignore[arg-type]
    half.save_pretrained(draft, max_shard_size=SHARD_BYTES)
    shutil.copy(source / "tokenizer.json", draft / "tokenizer.json")
    tokens = Tokens(draft / "tokenizer.json")
    # So that a checkpoint whose tokenizer was exchanged for another is known by it.
    (draft / "persona.json").write_text(
        json.dumps(about | {"tokenizer": tokens.fingerprint}, ensure_ascii=False, indent=2) + "\n",
        encoding="utf-8",
    )
    carried = [place / name for place in (source, out) for name in CARRIED]
    for kept in (*carried, out / "README.md"):
        if kept.exists():
            shutil.copy(kept, draft / kept.name)
