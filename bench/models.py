"""Gives the model that is measured: a checkpoint, or random weights made on the spot."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from persona.checkpoint import find_checkpoint

RANDOM_125M = "random-125m"


@contextmanager
def measured_folder(model: str) -> Iterator[Path]:
    """Give a checkpoint folder; `random-125m` has KoGPT2's size and is gone afterwards."""
    if model != RANDOM_125M:
        yield find_checkpoint(model, Path())
        return
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(7)
    config = GPT2Config(vocab_size=51_200, bos_token_id=1, eos_token_id=1, pad_token_id=3)
    with TemporaryDirectory() as folder:
        weights = GPT2LMHeadModel(config)  # type: ignore[no-untyped-call]
        weights.save_pretrained(folder)
        yield Path(folder)


def checkpoint_hash(folder: Path) -> str:
    """Give 16 letters that change with anything in a checkpoint but its model card."""
    whole = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".json", ".safetensors")):
        whole.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]
