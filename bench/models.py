"""Gives the model that is measured: a checkpoint, or random weights made on the spot."""

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
