"""GPT-2 as one function over a cache of keys and values that is made once and then reused."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from persona.lm.protocol import EngineError
from persona.lm.weights import HEAD, Shape

if TYPE_CHECKING:
    from persona.lm.weights import Array


@dataclass(frozen=True, slots=True)
class Places:
    """Where the rows of a batch are kept. slots: [B]; starts: [B], the first new position."""

    slots: list[int]
    starts: list[int]


class Gpt2:
    """The weights, and a cache with room for so many texts at once."""

    def __init__(
        self,
        tensors: "dict[str, Array]",
        shape: Shape,
        slots: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.shape = shape
        self._weights = {
            name: torch.tensor(_laid_out(name, array), device=device, dtype=dtype)
            for name, array in tensors.items()
        }
        self._head = self._weights[HEAD if HEAD in tensors else "wte.weight"]
        head_dim = shape.width // shape.heads
        size = (shape.layers, 2, slots, shape.heads, shape.positions, head_dim)
        self._cache = torch.zeros(size, device=device, dtype=dtype)
        self.device = device

    @torch.inference_mode()
    def forward(self, ids: Tensor, places: Places, *, every: bool = False) -> Tensor:
        """Compute new ids [B, T] of texts in the cache; give logits [B, V], or [B, T, V] for every.

        Row b goes to positions starts[b].. of slots[b], whose earlier positions are there already.
        """
        starts = torch.tensor(places.starts, device=self.device)
        positions = starts[:, None] + torch.arange(ids.shape[1], device=self.device)
        end = max(places.starts) + ids.shape[1]
        # Position i may look at j <= i. [B, 1, T, end]
        mask = (torch.arange(end, device=self.device) <= positions[:, :, None])[:, None]
        x = functional.embedding(ids, self._weights["wte.weight"])
        x = x + functional.embedding(positions, self._weights["wpe.weight"])
        for layer in range(self.shape.layers):
            name = f"h.{layer}"
            x = x + self._attend(self._norm(x, f"{name}.ln_1"), layer, places, positions, mask)
            wide = self._linear(self._norm(x, f"{name}.ln_2"), f"{name}.mlp.c_fc")
            x = x + self._linear(functional.gelu(wide, approximate="tanh"), f"{name}.mlp.c_proj")
        x = self._norm(x if every else x[:, -1], "ln_f")
        return functional.linear(x, self._head).float()

    def copy(self, source: int, target: int, count: int) -> None:
        """Let a slot begin like another one."""
        self._cache[:, :, target, :, :count] = self._cache[:, :, source, :, :count]

    def _attend(
        self, x: Tensor, layer: int, places: Places, positions: Tensor, mask: Tensor
    ) -> Tensor:
        rows, new, width = x.shape
        name = f"h.{layer}.attn"
        q, k, v = (
            part.view(rows, new, self.shape.heads, -1)
            for part in self._linear(x, f"{name}.c_attn").chunk(3, -1)
        )
        slots = torch.tensor(places.slots, device=self.device)
        # Indexed by [B, 1] and [B, T] the cache is seen as [B, T, heads, head_dim].
        self._cache[layer, 0][slots[:, None], :, positions] = k
        self._cache[layer, 1][slots[:, None], :, positions] = v
        keys, values = self._kept(layer, places.slots, mask.shape[-1])
        out = functional.scaled_dot_product_attention(q.transpose(1, 2), keys, values, mask)
        return self._linear(out.transpose(1, 2).reshape(rows, new, width), f"{name}.c_proj")

    def _kept(self, layer: int, slots: list[int], end: int) -> tuple[Tensor, Tensor]:
        """Give keys and values [B, heads, end, head_dim] of the slots, copied only if scattered."""
        first, last = slots[0], slots[-1]
        neighbours = slots == list(range(first, last + 1))
        rows = slice(first, last + 1) if neighbours else torch.tensor(slots, device=self.device)
        kept = self._cache[layer, :, :, :, :end][:, rows]
        return kept[0], kept[1]

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return functional.layer_norm(x, (self.shape.width,), weight, bias, self.shape.epsilon)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])


def _laid_out(name: str, array: "Array") -> "Array":
    """Turn GPT-2's linear layers, which are stored input first, the way torch has them."""
    return array.T.copy() if array.ndim == 2 and name.startswith("h.") else array


def pick_device(wanted: str) -> torch.device:
    """Give the device that was asked for, or say that it is not there."""
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise EngineError(
            "torch가 쓸 수 있는 GPU가 없어요. --device cpu 로 시작해 주세요. "
            "(There is no GPU that torch can use; choose the device cpu.)"
        )
    return torch.device("cuda" if there and wanted != "cpu" else "cpu")
