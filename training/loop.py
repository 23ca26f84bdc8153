"""What pretraining and SFT share: the course, the Trainer's settings, and what goes wrong."""

import argparse
import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import PartialState
from peft import PeftMixedModel, PeftModel
from safetensors import SafetensorError
from transformers import (
    EarlyStoppingCallback,
    GPT2LMHeadModel,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_utils import set_seed

from training import work
from training.errors import TrainingError
from training.optimizer import Both
from training.samples import Collator, Order, Sample, Samples

# The width for which the commands' usual rates are.
USUAL_WIDTH = 256


Learner = GPT2LMHeadModel | PeftModel | PeftMixedModel


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
    patience: int = 3
    save_every: int = 200
    resume: bool = False
    muon: bool = False
    compiled: bool = False


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of it: the held-out loss a token of the weights kept, and what they have seen."""

    held_out_loss: float
    epochs: float
    tokens: int


def add_course_arguments(
    parser: argparse.ArgumentParser, *, work: str, epochs: float, batch: int, rate: float
) -> None:
    """Say what every training command takes, with a command's own usual values."""
    add = parser.add_argument
    add("--work", type=Path, default=Path(work), help=f"for resuming, and losses ({work})")
    add("--epochs", type=float, default=epochs, help=f"at most (default {epochs:g})")
    add("--batch", type=int, default=batch, help=f"samples a step and GPU (default {batch})")
    add("--rate", type=float, help=f"learning rate (default {rate:g}, less for a wider --base)")
    add("--patience", type=int, default=3, help="stop after N worse held-out losses (default 3)")
    add("--seed", type=int, default=7)
    add("--resume", action="store_true", help="go on where a killed run stopped")
    parser.set_defaults(usual_rate=rate)


def course_of(arguments: argparse.Namespace, width: int, shift: float = 1.0) -> Course:
    """Give the course that a command was asked for; what is wider has to learn more slowly."""
    for name in ("epochs", "batch", "rate", "patience"):
        given = getattr(arguments, name)
        if given is not None and not given > 0:
            raise TrainingError(f"--{name} has to be more than 0, not {given}")
    return Course(
        work=arguments.work,
        epochs=arguments.epochs,
        batch=arguments.batch,
        rate=arguments.rate or arguments.usual_rate * min(1.0, USUAL_WIDTH / width) ** 2,
        seed=arguments.seed,
        shift=shift,
        patience=arguments.patience,
        resume=arguments.resume,
    )


def is_first_process() -> bool:
    """Say whether this process writes and speaks: with several GPUs there are several."""
    return PartialState().is_main_process is True


def teach(
    model: Learner, samples: Sequence[Sample], held_out: Sequence[Sample], course: Course
) -> Learned:
    """Train a model in place, up to the weights with the least held-out loss."""
    if not samples or not held_out:
        raise TrainingError("there is too little to learn from; check the folders that were named")
    positions: int = model.config.n_positions  # type: ignore[union-attr]
    arguments = settings(course)
    plan = plan_of(course, samples, held_out, model)
    state = work.begin(course.work, plan, course.resume)
    if is_first_process():
        if not state:
            work.note(course.work, plan)
        print(f"{len(samples):,} samples an epoch, {len(held_out):,} held out", flush=True)
    batch = arguments.train_batch_size * arguments.world_size
    steps = math.ceil(math.ceil(len(samples) / batch) * course.epochs)
    every = max(1, min(course.save_every, steps // 10))
    arguments.eval_steps = arguments.save_steps = every
    arguments.logging_steps = max(1, every // 4)
    set_seed(course.seed)
    order = Order([len(s["input_ids"]) for s in samples], batch, course.seed)
    trainer = _Trainer(
        model=model,
        args=arguments,
        train_dataset=Samples(samples),
        eval_dataset=Samples(held_out),
        data_collator=Collator(positions, course.shift),
        callbacks=[order, EarlyStoppingCallback(course.patience), _Losses()],
    )
    trainer.order = order
    trainer.muon = course.muon
    _train(trainer, state)
    # What one process has read, another may delete from now on.
    PartialState().wait_for_everyone()
    loss, kept = trainer.state.best_metric, trainer.state.best_global_step
    if loss is None or not math.isfinite(loss):
        raise TrainingError("the held-out loss is no number any more; begin anew, lower --rate")
    epochs = min(course.epochs, (kept or 0) * batch / len(samples))
    seen = sum(len(s["input_ids"]) for s in samples) * epochs
    return Learned(round(loss, 4), round(epochs, 2), round(seen))


def settings(course: Course) -> TrainingArguments:
    """Put a course into the Trainer's words."""
    gpu = torch.cuda.is_available()
    return TrainingArguments(
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
        bf16=has_bf16(gpu),
        use_cpu=not gpu,
        eval_strategy="steps",
        save_strategy="steps",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        report_to="none",
        seed=course.seed,
        prediction_loss_only=True,
        remove_unused_columns=False,
        dataloader_pin_memory=gpu,
        ddp_find_unused_parameters=False,
        torch_compile=course.compiled,
    )


def has_bf16(gpu: bool) -> bool:
    """Say whether the processor computes in bfloat16; imitating it would be slower than float32."""
    if gpu:
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(
        there and name.endswith("bf16") for name, there in torch.cpu.get_capabilities().items()
    )


def plan_of(
    course: Course, samples: Sequence[Sample], held_out: Sequence[Sample], model: Learner
) -> dict[str, Any]:
    """Give all that has to be the same when a run goes on; other text or ids give another sum."""
    data = hashlib.sha256()
    for sample in (*samples, *held_out):
        data.update(np.asarray(sample["input_ids"], np.int32).tobytes())
        data.update(np.asarray(sample["labels"], np.int32).tobytes())
    free = ("work", "resume", "compiled")
    asked = {k: v for k, v in asdict(course).items() if k not in free}
    asked["processes"] = PartialState().num_processes
    return {**asked, "data": data.hexdigest(), "parameters": model.num_parameters()}


def _train(trainer: Trainer, state: Path | None) -> None:
    try:
        trainer.train(resume_from_checkpoint=str(state) if state else None)
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            "the GPU's memory is too small for this; try a smaller --batch (half of it), or "
            "`training sft --lora`"
        ) from error
    except (OSError, SafetensorError, RuntimeError) as error:
        # Torch's own writer says of a full disk only this.
        if isinstance(error, RuntimeError) and "PytorchStreamWriter" not in str(error):
            raise
        raise TrainingError(
            f"{trainer.args.output_dir} could not be written ({error}); make room on the disk, "
            "then go on from the last saved state with --resume"
        ) from error


class _Trainer(Trainer):
    """The Trainer with our order of the samples."""

    order: Order
    muon: bool

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        if self.muon and self.optimizer is None:
            assert self.model is not None
            args = self.args
            self.optimizer = Both(self.model, args.learning_rate, args.weight_decay)
        return super().create_optimizer(model)

    def _get_train_sampler(self, train_dataset: Any = None) -> Order:
        return self.order


class _Losses(TrainerCallback):
    """Shows the losses anew whenever there is a new one of the held-out samples."""

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if state.is_world_process_zero:
            work.show_losses(state.log_history, Path(str(args.output_dir)))
