"""Whatever a browser sends, an action is made of values of the right kind."""

import gradio as gr
import pytest

from app.page.ask import Ask, read_ask
from app.page.decoding import KNOBS, SEED_MOST, read_sampling, render_drawer
from persona.card import CARDS_FOLDER, find_cards
from persona.lm.protocol import Sampling


@pytest.mark.parametrize("data", [None, {}, [], "text", 3, {"language": "xx", "limit": 0}])
def test_nonsense_is_as_if_nothing_was_sent(data: object) -> None:
    assert read_ask(gr.EventData(None, data)) == Ask()


def test_values_of_the_wrong_kind_are_left_out() -> None:
    sent = {"text": 1, "turn": "1", "mood": 7, "rating": 99, "limit": 10**9, "sampling": [1]}
    ask = read_ask(gr.EventData(None, sent))
    assert (ask.text, ask.turn, ask.mood, ask.rating) == ("", None, None, 1)
    assert ask.limit <= 100_000
    assert ask.sampling == {}


def test_what_was_sent_is_read() -> None:
    sent = {"language": "en", "conversation": "c", "turn": 3, "text": "말", "mood": 2}
    ask = read_ask(gr.EventData(None, sent))
    assert ask == Ask(language="en", conversation="c", turn=3, text="말", mood=2)


def test_sampling_is_held_to_its_ranges() -> None:
    asked = {"temperature": 99, "top_k": 3.7, "min_p": -1, "seed": 2**40, "beams": 9, "top_p": "1"}
    given = {"temperature": 2, "top_k": 4, "min_p": 0, "seed": SEED_MOST}
    assert read_sampling(asked) == given
    assert read_sampling({"temperature": float("nan"), "top_k": True}) == {}


def test_every_knob_is_a_setting_and_begins_within_its_range() -> None:
    for card in find_cards(CARDS_FOLDER).values():
        for knob in KNOBS:
            usual = card.sampling.get(knob.name, getattr(Sampling(), knob.name))
            assert knob.least <= usual <= knob.most
            assert f'name="{knob.name}"' in render_drawer(card, "ko")
