"""What pretraining and SFT share: samples, collation and the Trainer's settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import torch
from torch.utils.data import Dataset
from transformers import GPT2LMHeadModel, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint, set_seed

from training.errors import TrainingError

UNLEARNED = -100


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
    all of them, and a sample is read the same wherever it stands.
    """

    def __init__(self, positions: int, pad_id: int, shift: float) -> None:
        self._positions = positions
        self._pad_id = pad_id
        self._shift = shift

    def __call__(self, samples: Sequence[Sample]) -> dict[str, torch.Tensor]:
        longest = max(len(s["input_ids"]) for s in samples)
        ids = torch.full((len(samples), longest), self._pad_id)
        labels = torch.full((len(samples), longest), UNLEARNED)
        starts = torch.zeros(len(samples), 1, dtype=torch.long)
        for row, sample in enumerate(samples):
            size = len(sample["input_ids"])
            ids[row, :size] = torch.as_tensor(sample["input_ids"])
            labels[row, :size] = torch.as_tensor(sample["labels"])
            # Torch's own chance, which the Trainer keeps with each saved state.
            if torch.rand(()) < self._shift:
                starts[row] = torch.randint(0, self._positions - longest + 1, ())
        places = starts + torch.arange(longest)[None, :]
        return {"input_ids": ids, "labels": labels, "position_ids": places}


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast to learn."""

    work: Path
    epochs: float
    batch: int
    rate: float
    seed: int = 7
    warm_up: float = 0.03
    decay: float = 0.1
    shift: float = 1.0
    save_every: int = 200
    resume: bool = False


def end_id(model: GPT2LMHeadModel) -> int:
    """Give the id that ends a text, which also pads a batch."""
    found = model.config.eos_token_id
    if not isinstance(found, int):
        raise TrainingError("the model's config.json has no single eos_token_id; add it")
    return found


def teach(
    model: GPT2LMHeadModel, samples: Sequence[Sample], held_out: Sequence[Sample], course: Course
) -> float:
    """Train a model in place; give the held-out loss a token at the end."""
    if not samples:
        raise TrainingError("there is nothing to learn from; check the folders that were named")
    set_seed(course.seed)
    gpu = torch.cuda.is_available()
    arguments = TrainingArguments(
        output_dir=str(course.work),
        num_train_epochs=course.epochs,
        per_device_train_batch_size=course.batch,
        per_device_eval_batch_size=course.batch,
        learning_rate=course.rate,
        lr_scheduler_type="cosine",
        warmup_steps=course.warm_up,
        weight_decay=course.decay,
        adam_beta2=0.95,
        max_grad_norm=1.0,
        bf16=True,
        use_cpu=not gpu,
        logging_steps=50,
        eval_strategy="steps",
        eval_steps=course.save_every,
        save_steps=course.save_every,
        save_total_limit=2,
        report_to="none",
        seed=course.seed,
        prediction_loss_only=True,
        remove_unused_columns=False,
        train_sampling_strategy="group_by_length",
        dataloader_pin_memory=gpu,
    )
    collator = Collator(model.config.n_positions, end_id(model), course.shift)
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=Samples(samples),
        eval_dataset=Samples(held_out),
        data_collator=collator,
    )
    last = None
    if course.resume and course.work.exists():
        last = get_last_checkpoint(str(course.work))  # type: ignore[no-untyped-call]
    trainer.train(resume_from_checkpoint=last)
    return float(trainer.evaluate()["eval_loss"])
