"""Chooses the dialogues that are held out: by topic, family by family, always the same ones."""

import zlib
from collections import defaultdict
from collections.abc import Sequence

from persona.dialogues import Dialogue
from training.likeness import letters, near_copies

HELD_OUT_SHARE = 0.1
# Two conversations that were written apart share under a tenth of their pieces, two replies
# under half; a short reply ("그래, 잘 자.") is anybody's and makes no kinship.
ALIKE_DIALOGUES = 0.3
ALIKE_REPLIES = 0.5
_LETTERS_THAT_TELL = 10


def held_out_ids(dialogues: Sequence[Dialogue]) -> frozenset[str]:
    """Give the ids of those of one persona's dialogues that are kept from training.

    Of each topic a tenth is held out, and at least one family where it has two; near copies of one
    another are one family and stand on one side. Topics of a single family are taken together as
    one. Families go in the order of a sum of their first id, so a dialogue that is added moves
    hardly another.
    """
    by_topic: defaultdict[str, list[list[Dialogue]]] = defaultdict(list)
    for family in families(dialogues):
        # A family of several topics is always taught: held out for one, it could empty another.
        topics = {dialogue.topic for dialogue in family}
        if len(topics) == 1:
            by_topic[topics.pop()].append(family)
        else:
            for topic in topics:
                by_topic[topic].append([])
    alone = [family for kin in by_topic.values() if len(kin) == 1 for family in kin]
    groups = [*(kin for kin in by_topic.values() if len(kin) > 1), alone]
    return frozenset(d.id for kin in groups for family in _chosen(kin) for d in family)


def both_sides(dialogues: Sequence[Dialogue]) -> tuple[list[Dialogue], list[Dialogue]]:
    """Give one persona's dialogues that are taught, and those that are kept from training."""
    kept = held_out_ids(dialogues)
    return (
        [dialogue for dialogue in dialogues if dialogue.id not in kept],
        [dialogue for dialogue in dialogues if dialogue.id in kept],
    )


def _chosen(kin: list[list[Dialogue]]) -> list[list[Dialogue]]:
    wanted = max(1, int(HELD_OUT_SHARE * sum(map(len, kin))))
    chosen: list[list[Dialogue]] = []
    for family in sorted(filter(None, kin), key=_rank):
        if sum(map(len, chosen)) >= wanted or len(chosen) + 1 == len(kin):
            break
        chosen.append(family)
    return chosen


def _rank(family: list[Dialogue]) -> tuple[int, str]:
    first = min(dialogue.id for dialogue in family)
    return zlib.crc32(first.encode()) % 1000, first


def tells(reply: str) -> bool:
    """Say whether a reply is long enough that two who write it again are kin."""
    return len(letters(reply)) >= _LETTERS_THAT_TELL


def families(dialogues: Sequence[Dialogue]) -> list[list[Dialogue]]:
    """Put dialogues together that are near copies, or share a reply that is one, kin of kin too."""
    replies = [
        (place, exchange.reply)
        for place, dialogue in enumerate(dialogues)
        for exchange in dialogue.exchanges
        if tells(exchange.reply)
    ]
    heads = list(range(len(dialogues)))

    def head(place: int) -> int:
        while heads[place] != place:
            heads[place] = heads[heads[place]]
            place = heads[place]
        return place

    for one, other in near_copies([d.text for d in dialogues], ALIKE_DIALOGUES):
        heads[head(other)] = head(one)
    for one, other in near_copies([reply for _, reply in replies], ALIKE_REPLIES):
        heads[head(replies[other][0])] = head(replies[one][0])
    found: defaultdict[int, list[Dialogue]] = defaultdict(list)
    for place, dialogue in enumerate(dialogues):
        found[head(place)].append(dialogue)
    return list(found.values())
