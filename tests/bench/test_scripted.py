"""The scripted visitors are as many and as different as promised, and nobody else's words."""

from collections import Counter

from bench.scripted import memories, neutral_lines, visitors
from persona.card import CARDS_FOLDER, find_cards
from persona.dialogues import own_dialogues
from persona.mood import EVERYDAY, read_cues
from persona.text import clean

# Two people may say the same few words; longer than this it is a copy.
SHORT = 8


def test_there_are_200_visitors_of_8_lines_in_three_moods() -> None:
    found = visitors()
    assert len(found) == len({v.id for v in found}) == 200
    assert {len(v.lines) for v in found} == {8}
    assert len({v.topic for v in found}) >= 80
    moods = Counter(v.mood for v in found)
    assert set(moods) == {0, 1, 2} and min(moods.values()) >= 40


def test_no_visitor_says_what_another_said() -> None:
    lines = [line for v in visitors() for line in v.lines]
    assert len(set(lines)) == len(lines)
    assert all(line == clean(line) and line for line in lines)


def test_50_talks_tell_something_once_and_ask_for_it_within_ten_turns() -> None:
    found = memories()
    assert len(found) == len({m.id for m in found}) == 50
    for talk in found:
        told, *between, asked = talk.lines
        assert len(talk.lines) <= 10
        assert any(form in told for form in talk.expect), talk.id
        assert not any(form in line for form in talk.expect for line in [*between, asked]), talk.id


def test_the_neutral_sentences_have_no_cue_of_a_mood() -> None:
    lines = neutral_lines()
    assert len(lines) == len(set(lines)) >= 60
    assert [line for line in lines if read_cues(line).tag != EVERYDAY] == []


def test_nothing_is_taken_from_the_dialogues() -> None:
    said = {
        "".join(e.user.split())
        for card in find_cards(CARDS_FOLDER).values()
        for d in own_dialogues(card.folder)
        for e in d.exchanges
    }
    ours = [line for talk in [*visitors(), *memories()] for line in talk.lines] + neutral_lines()
    bare = {"".join(line.split()) for line in ours}
    assert [line for line in bare & said if len(line) > SHORT] == []
