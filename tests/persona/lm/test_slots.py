"""The slot that has most of the prompt already is taken."""

from persona.lm.slots import Slots, common_prefix


def test_a_slot_that_holds_the_beginning_is_used_again() -> None:
    slots = Slots(2)
    slot, shared, source = slots.take([1, 2, 3])
    assert (shared, source) == (0, slot)
    slots.give_back(slot, [1, 2, 3, 4, 5])
    assert slots.take([1, 2, 3, 4, 5, 6, 7]) == (slot, 5, slot)


def test_the_last_id_is_always_computed() -> None:
    slots = Slots(1)
    slots.give_back(slots.take([1, 2, 3])[0], [1, 2, 3, 4])
    assert slots.take([1, 2, 3])[1] == 2


def test_a_shared_header_is_copied_and_the_conversation_kept() -> None:
    slots = Slots(2)
    mine, _, _ = slots.take([1, 2, 10])
    slots.give_back(mine, [1, 2, *range(10, 30)])
    other, shared, source = slots.take([1, 2, 50, 51])
    assert other != mine
    assert (shared, source) == (2, mine)
    slots.give_back(other, [1, 2, 50, 51])
    assert slots.take([1, 2, *range(10, 31)])[:2] == (mine, 22)


def test_with_nothing_shared_the_slot_longest_unused_goes() -> None:
    slots = Slots(3)
    for n in range(3):
        assert slots.take([n])[0] == n
    for n in (1, 2, 0):
        slots.give_back(n, [n] * 9)
    assert slots.take([7])[0] == 1
    assert slots.free == 2


def test_common_prefix() -> None:
    assert common_prefix([1, 2, 3], [1, 2, 4]) == 2
    assert common_prefix([1, 2], [1, 2, 4]) == 2
    assert common_prefix([], [1]) == 0
    assert common_prefix([2], [1]) == 0
