"""Muon and Adam together learn, keep to one rate and go on where they were."""

import copy

import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import GPT2Config, GPT2LMHeadModel

from training.optimizer import Both

IDS = torch.arange(40).reshape(4, 10)


def small() -> GPT2LMHeadModel:
    torch.manual_seed(7)
    return GPT2LMHeadModel(  # type: ignore[no-untyped-call]
        GPT2Config(vocab_size=40, n_positions=16, n_embd=16, n_layer=2, n_head=2)
    ).eval()


def step(model: GPT2LMHeadModel, optimizer: Both) -> float:
    loss = model(input_ids=IDS, labels=IDS).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


def test_it_learns_every_parameter() -> None:
    model = small()
    before = copy.deepcopy(model.state_dict())
    optimizer = Both(model, 0.01, 0.1)
    losses = [step(model, optimizer) for _ in range(20)]
    assert losses[-1] < 0.7 * losses[0]
    still = [n for n, w in model.named_parameters() if torch.equal(w, before[n])]
    assert not still


def test_a_rate_of_zero_leaves_all_as_it_is() -> None:
    model = small()
    optimizer = Both(model, 0.01, 0.1)
    LambdaLR(optimizer, lambda _: 0.0)
    before = copy.deepcopy(model.state_dict())
    step(model, optimizer)
    assert all(torch.equal(w, before[n]) for n, w in model.named_parameters())


def test_it_goes_on_where_it_was() -> None:
    model = small()
    optimizer = Both(model, 0.01, 0.1)
    step(model, optimizer)
    weights, kept = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())
    goes_on = [step(model, optimizer) for _ in range(3)]
    other = small()
    other.load_state_dict(weights)
    resumed = Both(other, 0.5, 0.1)
    resumed.load_state_dict(kept)
    assert {group["lr"] for group in resumed.param_groups} == {0.01}
    assert [step(other, resumed) for _ in range(3)] == goes_on
