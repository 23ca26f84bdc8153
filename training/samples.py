"""Samples, the order in which they are learned, and how a batch is made of them."""

from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

UNLEARNED = -100
# Samples are sorted by length within pools of so many batches.
POOL = 50


class Sample(TypedDict):
    """Ids, and the labels of those that are learned (UNLEARNED elsewhere)."""

    input_ids: Sequence[int]
    labels: Sequence[int]


class Samples(Dataset[Sample]):
    """A list of samples in the shape that the Trainer takes."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Sample:
        return self._samples[index]


class Collator:
    """Pads a batch on the right and lets each sample begin at a random position.

    Short samples would leave the far positions of the window untrained; a random start trains
    all of them, and a sample is read the same wherever it stands. With what is padded neither
    looked at nor learned, any id will do there.
    """

    def __init__(self, positions: int, shift: float) -> None:
        self._positions = positions
        self._shift = shift

    def __call__(self, samples: Sequence[Sample]) -> dict[str, torch.Tensor]:
        longest = max(len(s["input_ids"]) for s in samples)
        ids = torch.zeros((len(samples), longest), dtype=torch.long)
        labels = torch.full((len(samples), longest), UNLEARNED)
        starts = torch.zeros(len(samples), 1, dtype=torch.long)
        for row, sample in enumerate(samples):
            size = len(sample["input_ids"])
            ids[row, :size] = torch.as_tensor(sample["input_ids"])
            labels[row, :size] = torch.as_tensor(sample["labels"])
            # Torch's own chance, which the Trainer keeps with each saved state.
            if torch.rand(()) < self._shift:
                starts[row] = torch.randint(0, self._positions - longest + 1, ())
        # Nothing stands before a first id to foretell it by; counted, it would flatter the loss.
        labels[:, 0] = UNLEARNED
        places = starts + torch.arange(longest)[None, :]
        return {"input_ids": ids, "labels": labels, "position_ids": places}


class Order(Sampler[int], TrainerCallback):
    """The order of an epoch: batches of like length, drawn from the seed and the epoch alone.

    So a resumed run finds the very order that it was killed in, and little of a batch is padding
    (2% of 64 dialogues), which spares packing and the masks that it would need.
    As a callback it hears of each epoch, however the loader that asks it is wrapped.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths = lengths
        self._batch = batch
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        chance = np.random.default_rng((self._seed, self._epoch))
        mixed = chance.permutation(len(self))
        pools = np.split(mixed, range(POOL * self._batch, len(mixed), POOL * self._batch))
        near = [int(i) for pool in pools for i in sorted(pool, key=self._lengths.__getitem__)]
        batches = [near[i : i + self._batch] for i in range(0, len(near), self._batch)]
        # The last one may be short, and stays last: the others would shift across their borders.
        for n in [*chance.permutation(len(batches) - 1), len(batches) - 1]:
            yield from batches[n]

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Take the next order."""
        self._epoch = int(state.epoch or 0)
