"""Muon for the matrices of the layers and Adam for the rest, as one optimizer.

From scratch this learns the language from about half the tokens that Adam alone needs
(bench/LOG.md). Muon's steps are scaled to be as large as Adam's, so one rate serves both.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.optim import AdamW, Muon, Optimizer


class Both(Optimizer):
    """Two optimizers that are stepped, saved and given their rate together."""

    def __init__(self, model: torch.nn.Module, rate: float, decay: float) -> None:
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        layers = [p for n, p in named if p.ndim == 2 and ".h." in n]
        theirs = set(layers)
        rest = [p for _, p in named if p not in theirs]
        self._parts: list[Optimizer] = [
            Muon(layers, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
            AdamW(
                [
                    {"params": [p for p in rest if p.ndim == 2], "weight_decay": decay},
                    {"params": [p for p in rest if p.ndim != 2], "weight_decay": 0.0},
                ],
                lr=rate,
                betas=(0.9, 0.95),
            ),
        ]
        super().__init__([p for _, p in named], {})
        self._share()

    def _share(self) -> None:
        """Show the parts' own groups, so that who sets the rate here sets it there."""
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step with each."""
        for part in self._parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """Give what each has to keep."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what each had kept."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share()
