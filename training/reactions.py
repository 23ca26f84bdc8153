"""Gives a persona's reactions as talks, so that what learns from dialogues learns from them too."""

import random
import zlib
from collections.abc import Sequence

from persona.dialogues import Dialogue
from persona.prompt import Exchange
from persona.reactions import Reaction

# One example in so many is held out, to see whether a kind is known by words it was not taught.
HELD_OUT_EVERY = 10
EXCHANGES = 8


def taught_reactions(reactions: Sequence[Reaction]) -> list[Reaction]:
    """Give the reactions without the examples that are held out."""
    return [
        Reaction(r.id, r.mood, tuple(w for w in r.when if not is_held_out(w)) or r.when, r.say)
        for r in reactions
    ]


def held_out_examples(reactions: Sequence[Reaction]) -> list[tuple[Reaction, str]]:
    """Give the examples that are held out, with what they are examples of."""
    taught = {(r.id, line) for r in taught_reactions(reactions) for line in r.when}
    return [(r, line) for r in reactions for line in r.when if (r.id, line) not in taught]


def is_held_out(line: str) -> bool:
    """Say whether an example is kept from training; always the same ones are."""
    return zlib.crc32(line.encode()) % HELD_OUT_EVERY == 0


def talks(reactions: Sequence[Reaction], owner: str, seed: int) -> list[Dialogue]:
    """Give every example once, with one of its replies, some of them behind one another.

    A visitor changes the subject too, and she has to answer what was said last.
    """
    dice = random.Random(seed)
    exchanges = [
        Exchange(line, reaction.mood, dice.choice(reaction.say))
        for reaction in reactions
        for line in reaction.when
    ]
    dice.shuffle(exchanges)
    return [
        Dialogue(f"reactions-{n}", owner, "reactions", tuple(exchanges[n : n + EXCHANGES]))
        for n in range(0, len(exchanges), EXCHANGES)
    ]
