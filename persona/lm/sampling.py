"""The rules of `Sampling` as functions of one row of logits; they give tensors and keep nothing."""

from collections.abc import Sequence

import torch
from torch import Tensor

from persona.lm.protocol import Sampling


def penalize(
    logits: Tensor, history: Sequence[int], repetition: float, frequency: float, presence: float
) -> Tensor:
    """Make what was said before less likely. logits: [V]; history: ids of prompt and reply."""
    if repetition == 1.0 and frequency == 0.0 and presence == 0.0:
        return logits
    said = torch.tensor(history, device=logits.device, dtype=torch.long)
    counts = torch.bincount(said, minlength=logits.shape[-1])
    seen = counts > 0
    repeated = torch.where(logits > 0, logits / repetition, logits * repetition)
    logits = torch.where(seen, repeated, logits)
    return logits - frequency * counts - presence * seen


def ngram_bans(history: Sequence[int], size: int) -> list[int]:
    """Give the ids that would make the last `size` ids a stretch that was there before."""
    if size == 0 or len(history) < size:
        return []
    ids = list(history)
    start = ids[len(ids) - size + 1 :]
    places = range(len(ids) - size + 1)
    return sorted({ids[i + size - 1] for i in places if ids[i : i + size - 1] == start})


def forbid(logits: Tensor, ids: Sequence[int]) -> Tensor:
    """Make some ids impossible. logits: [V]."""
    if not ids:
        return logits
    return logits.index_fill(-1, torch.tensor(ids, device=logits.device), -torch.inf)


def candidates(
    logits: Tensor, temperature: float, top_k: int, top_p: float, min_p: float
) -> tuple[Tensor, Tensor]:
    """Give the ids that may be chosen and their probabilities, likeliest first. logits: [V]."""
    size = logits.shape[-1]
    scores, ids = torch.topk(logits / temperature, min(top_k, size) if top_k else size)
    probabilities = torch.softmax(scores, -1)
    keep = (probabilities > 0) & (probabilities >= min_p * probabilities[0])
    if top_p < 1:  # rounding alone may fill a whole
        # An id stays while those before it have not filled top_p, so the first one always stays.
        keep &= probabilities.cumsum(-1) - probabilities < top_p
    probabilities = probabilities[keep]
    return ids[keep], probabilities / probabilities.sum()


def pick(
    logits: Tensor, history: Sequence[int], sampling: Sampling, generator: torch.Generator | None
) -> int:
    """Choose the next id. logits: [V]; history: the ids of the prompt and of the reply so far."""
    logits = penalize(
        logits.float(),
        history,
        sampling.repetition_penalty,
        sampling.frequency_penalty,
        sampling.presence_penalty,
    )
    logits = forbid(logits, ngram_bans(history, sampling.no_repeat_ngram))
    if sampling.temperature == 0:
        return int(logits.argmax())
    ids, probabilities = candidates(
        logits, sampling.temperature, sampling.top_k, sampling.top_p, sampling.min_p
    )
    return int(ids[torch.multinomial(probabilities, 1, generator=generator)])


def new_generator(device: torch.device, seed: int | None) -> torch.Generator:
    """Give a source of chance of its own, so that one visitor's seed is no other's."""
    generator = torch.Generator(device)
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    return generator
