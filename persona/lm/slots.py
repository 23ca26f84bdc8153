"""Remembers which ids each slot of a cache has computed, and picks the slot for the next prompt."""

from collections.abc import Sequence


class Slots:
    """Slots are taken and given back; the ids stay, for the next prompt that begins alike."""

    def __init__(self, count: int) -> None:
        self._kept: list[list[int]] = [[] for _ in range(count)]
        self._free = list(range(count))  # longest unused first

    @property
    def free(self) -> int:
        """How many slots can be taken."""
        return len(self._free)

    def take(self, ids: Sequence[int]) -> tuple[int, int, int]:
        """Take a free slot: give it, how many ids need no computing, and the slot they are in.

        The last id is always computed, since its logits are what is wanted.
        """
        source = max(self._free, key=lambda free: common_prefix(self._kept[free], ids))
        shared = common_prefix(self._kept[source], ids)
        # A shared header alone is no reason to overwrite someone else's conversation.
        slot = source if 2 * shared >= len(self._kept[source]) else self._free[0]
        self._free.remove(slot)
        self._kept[slot] = []
        return slot, min(shared, len(ids) - 1), source

    def give_back(self, slot: int, computed: Sequence[int]) -> None:
        """Free a slot whose first positions hold these ids."""
        self._kept[slot] = list(computed)
        self._free.append(slot)


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """Give the length of the beginning that two texts share."""
    pairs = zip(a, b, strict=False)
    return next((n for n, (x, y) in enumerate(pairs) if x != y), min(len(a), len(b)))
