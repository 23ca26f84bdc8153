"""A batch is padded and placed; an epoch's order comes back as it was."""

from pathlib import Path

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from training.samples import UNLEARNED, Collator, Order, Sample, Samples


def test_a_batch_is_padded_and_starts_anywhere_in_the_window() -> None:
    samples = [Sample(input_ids=[5, 6, 7], labels=[UNLEARNED, 6, 7])]
    samples.append(Sample(input_ids=[8, 9], labels=[8, 9]))
    collate = Collator(positions=16, shift=1.0)
    starts = set()
    for _ in range(50):
        batch = collate(samples)
        assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 0]]
        assert batch["labels"].tolist() == [[UNLEARNED, 6, 7], [UNLEARNED, 9, UNLEARNED]]
        assert batch["position_ids"].max() < 16
        starts.add(int(batch["position_ids"][0, 0]))
    assert len(starts) > 5


def test_samples_are_counted() -> None:
    assert len(Samples([Sample(input_ids=[1], labels=[1])])) == 1


@pytest.fixture
def arguments(tmp_path: Path) -> TrainingArguments:
    return TrainingArguments(output_dir=str(tmp_path), use_cpu=True)


def at_epoch(order: Order, epoch: float, arguments: TrainingArguments) -> list[int]:
    order.on_epoch_begin(arguments, TrainerState(epoch=epoch), TrainerControl())
    return list(order)


def test_an_order_depends_on_the_seed_and_the_epoch_alone(arguments: TrainingArguments) -> None:
    lengths = [n % 7 for n in range(103)]
    order = Order(lengths, batch=4, seed=7)
    epochs = [at_epoch(order, n, arguments) for n in (0, 1, 2)]
    assert all(sorted(found) == list(range(103)) for found in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    # A run that was killed halfway through an epoch is in that epoch still.
    assert at_epoch(Order(lengths, batch=4, seed=7), 1.5, arguments) == epochs[1]
    assert at_epoch(Order(lengths, batch=4, seed=8), 1, arguments) != epochs[1]


def test_a_batch_is_of_like_lengths_and_batches_come_mixed() -> None:
    lengths = [n * 37 % 100 for n in range(200)]
    found = list(Order(lengths, batch=4, seed=7))
    batches = [[lengths[i] for i in found[n : n + 4]] for n in range(0, 200, 4)]
    assert all(max(b) - min(b) <= 2 for b in batches)
    means = [sum(b) for b in batches]
    assert means != sorted(means) and means != sorted(means, reverse=True)
