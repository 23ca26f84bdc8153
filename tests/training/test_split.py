"""A tenth is held out, no near copy on both sides, every topic on both, and it stays so."""

import random

import pytest

from persona.card import CARDS_FOLDER
from persona.dialogues import Dialogue, own_dialogues
from persona.prompt import Exchange
from training.likeness import near_copies
from training.split import ALIKE_DIALOGUES, both_sides, families, held_out_ids

PERSONAS = sorted(f.name for f in CARDS_FOLDER.iterdir())


def talk(name: str, topic: str, reply: str = "") -> Dialogue:
    """Make a dialogue that is like no other unless its reply is given."""
    drawn = random.Random(name)
    words = ["".join(chr(drawn.randrange(0xAC00, 0xD7A4)) for _ in range(20)) for _ in range(2)]
    return Dialogue(name, "minji", topic, (Exchange(words[0], 0, reply or words[1]),))


def many(topics: int, each: int) -> list[Dialogue]:
    return [talk(f"{topic}-{n}", f"topic {topic}") for topic in range(topics) for n in range(each)]


def test_a_tenth_of_each_topic_is_held_out() -> None:
    dialogues = many(topics=5, each=40)
    held = both_sides(dialogues)[1]
    assert [sum(d.topic == f"topic {n}" for d in held) for n in range(5)] == [4] * 5
    assert {d.id for d in held} == held_out_ids(dialogues)


def test_of_a_small_topic_one_family_is_held_out_if_it_has_two() -> None:
    assert len(held_out_ids(many(topics=1, each=2))) == 1
    assert held_out_ids(many(topics=1, each=1)) == frozenset()
    assert held_out_ids([]) == frozenset()


def test_topics_of_one_dialogue_are_split_together() -> None:
    assert len(held_out_ids(many(topics=30, each=1))) == 3


def test_near_copies_stand_on_one_side() -> None:
    dialogues = many(topics=4, each=10)
    shared = "어제 네가 말한 그 우산은 아직 현관에 있어"
    kin = [talk(f"kin-{n}", "topic 0", shared + "." * n) for n in range(3)]
    assert [kin] == [f for f in families(dialogues + kin) if len(f) > 1]
    for ids in ({d.id for d in kin}, {"0-0", *(d.id for d in kin)}):
        everyone = [d for d in dialogues + kin if d.topic != "topic 0" or d.id in ids]
        held = held_out_ids(everyone)
        assert len(held & {d.id for d in kin}) in (0, 3)


def test_a_short_reply_makes_no_kin() -> None:
    dialogues = [talk("a", "t", "그래, 잘 자."), talk("b", "t", "그래, 잘 자.")]
    assert len(families(dialogues)) == 2


def test_a_family_of_two_topics_is_taught() -> None:
    shared = "어제 네가 말한 그 우산은 아직 현관에 있어"
    across = [talk("a-0", "topic 0", shared), talk("b-0", "topic 1", shared)]
    held = held_out_ids([*across, talk("a-1", "topic 0"), talk("b-1", "topic 1")])
    assert held == {"a-1", "b-1"}


def test_the_order_of_the_files_changes_nothing() -> None:
    dialogues = many(topics=6, each=9)
    shuffled = random.Random(7).sample(dialogues, len(dialogues))
    assert held_out_ids(shuffled) == held_out_ids(dialogues)


def test_a_dialogue_more_moves_at_most_one_other() -> None:
    dialogues = many(topics=6, each=9)
    before = held_out_ids(dialogues)
    moved = [len(before ^ (held_out_ids([*dialogues, new]) - {new.id})) for new in many(1, 40)[9:]]
    assert max(moved) <= 1
    assert sum(moved) < len(moved) / 4


@pytest.mark.parametrize("persona", PERSONAS)
def test_the_projects_own_dialogues_are_split_as_promised(persona: str) -> None:
    dialogues = own_dialogues(CARDS_FOLDER / persona)
    held = both_sides(dialogues)[1]
    taught = [d for d in dialogues if d not in held]
    # A topic has at least one held out: personas with few a topic give more than a tenth.
    assert 0.08 * len(dialogues) <= len(held) <= max(0.12 * len(dialogues), 85)
    assert {d.topic for d in held} == {d.topic for d in taught} == {d.topic for d in dialogues}
    both = [d.text for d in [*taught, *held]]
    pairs = near_copies(both, ALIKE_DIALOGUES)
    assert not [pair for pair in pairs if pair[0] < len(taught) <= pair[1]]
