"""Which exchanges fit into the model's window, chosen so that the prompt's front seldom changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from persona.prompt import Exchange, Template

# The header may take this share of the window, the reply that one, at the most.
HEADER_SHARE = 0.5
REPLY_SHARE = 0.25
# When an exchange must go, enough go to leave this share of the window free.
FREE_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Window:
    """What the model will see: numbers for the page, counted in ids and in exchanges."""

    positions: int
    used: int
    kept: int
    dropped: int
    facts_dropped: int = 0
    cut: bool = False

    @property
    def left(self) -> int:
        """The ids that are free for her reply and for what comes after."""
        return self.positions - self.used


def fit(
    template: Template,
    positions: int,
    name: str,
    facts: Sequence[str],
    exchanges: Sequence[Exchange],
    user: str,
    mood: int,
    reply_room: int,
    examples: Sequence[Exchange] = (),
) -> tuple[list[int], Window]:
    """Give the prompt's ids and the report of what is in them.

    Room for the reply is set aside first, the header stays (its last facts go if it is too
    long), and so do the examples behind it (the last ones go), then come the newest exchanges
    that fit, whole ones only. What the visitor says now keeps its end if it is too long by itself.
    """
    reply_room = min(reply_room, int(positions * REPLY_SHARE))
    limit = int(positions * HEADER_SHARE)
    header, facts_dropped = _header(template, name, facts, limit)
    for example in examples:
        shown = template.exchange_ids(example)
        if len(header) + len(shown) > limit:
            break
        header += shown
    room = positions - reply_room - len(header)
    ask = template.cut_ask_ids(user, mood, room)
    cut = len(ask) < len(template.ask_ids(user, mood))
    sizes = [len(template.exchange_ids(e)) for e in exchanges]
    first = _first_kept(sizes, len(ask), room, int(positions * FREE_SHARE))
    ids = list(header)
    for exchange in exchanges[first:]:
        ids += template.exchange_ids(exchange)
    ids += ask
    window = Window(positions, len(ids), len(exchanges) - first, first, facts_dropped, cut)
    return ids, window


def _header(
    template: Template, name: str, facts: Sequence[str], limit: int
) -> tuple[list[int], int]:
    for kept in range(len(facts), -1, -1):
        ids = template.header_ids(name, facts[:kept])
        if len(ids) <= limit:
            return ids, len(facts) - kept
    return template.header_ids(name, ())[:limit], len(facts)


def _first_kept(sizes: Sequence[int], ask: int, room: int, free: int) -> int:
    """Replay the conversation to find which exchange the window begins with by now.

    The replay makes the choice the same at every turn without anything to remember: the start
    moves only when the window is full, and then far enough to stay for many turns.
    """
    first = 0
    used = 0
    for n, size in enumerate(sizes):
        used += size
        if used > room:
            while first < n and used > room - free:
                used -= sizes[first]
                first += 1
            if used > room:
                used, first = 0, n + 1
    if used + ask > room:
        while first < len(sizes) and used + ask > max(room - free, ask):
            used -= sizes[first]
            first += 1
    return first
