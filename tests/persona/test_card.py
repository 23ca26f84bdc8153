"""A card is read strictly: each kind of mistake is a sentence naming file, key and remedy."""

from pathlib import Path

import pytest

from persona.card import CARDS_FOLDER, find_cards, load_card
from persona.errors import PersonaError
from persona.prompt import Exchange
from persona.speech_level import keeps_level

GOOD = """
name = "지희"
title = "친구"
speech_level = "banmal"
greeting = "왔어?"
facts = ["비를 좋아해"]
fallbacks = ["음, 다시 말해 줘."]
[[examples]]
user = "안녕"
mood = 0
reply = "응 안녕"
[look]
hair_color = "BLACK"
[expressions.sad]
mouth_type = "SAD"
[sampling]
temperature = 1
top_k = 20
[voice]
speed = 1.1
"""


def write(folder: Path, text: str) -> Path:
    card = folder / "minji"
    card.mkdir(exist_ok=True)
    (card / "card.toml").write_text(text, encoding="utf-8")
    return card


def test_a_good_card_is_read_whole(tmp_path: Path) -> None:
    card = load_card(write(tmp_path, GOOD))
    assert (card.id, card.name, card.speech_level) == ("minji", "지희", "banmal")
    assert card.examples == (Exchange("안녕", 0, "응 안녕"),)
    assert card.sampling == {"temperature": 1.0, "top_k": 20}
    assert card.expressions["sad"] == {"mouth_type": "SAD"}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "지희"', "", "name"),
        ('greeting = "왔어?"', "", "greeting"),
        ('greeting = "왔어?"', 'greeting = "  "', "greeting"),
        ('greeting = "왔어?"', "greeting = 3", "greeting"),
        ('speech_level = "banmal"', 'speech_level = "haeyo"', "speech_level"),
        ('fallbacks = ["음, 다시 말해 줘."]', "fallbacks = []", "fallbacks"),
        ('title = "친구"', 'titel = "친구"', "titel"),
        ('title = "친구"', 'title = "친구"\ntold = ["그랬잖아."]', "told[0]"),
        ('title = "친구"', 'title = "친구"\ntold = ["{told} {told}"]', "told[0]"),
        ('title = "친구"', 'title = "친구"\ncolour = "red"', "colour"),
        ("mood = 0", "mood = 3", "examples[0].mood"),
        ("mood = 0", "mood = true", "examples[0].mood"),
        ('reply = "응 안녕"', "", "examples[0].reply"),
        ("[expressions.sad]", "[expressions.bored]", "expressions.bored"),
        ("top_k = 20", 'top_k = "20"', "sampling.top_k"),
        ("top_k = 20", "topk = 20", "sampling.topk"),
        ("speed = 1.1", "volume = 1.1", "voice.volume"),
        ("temperature = 1", "temperature = -5", None),
        ("temperature = 1", "top_p = nan", None),
        ("top_k = 20", "max_new_tokens = 0", None),
    ],
)
def test_each_mistake_names_file_key_and_remedy(
    tmp_path: Path, old: str, new: str, key: str | None
) -> None:
    assert old in GOOD
    folder = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(PersonaError) as caught:
        load_card(folder)
    sentence = str(caught.value)
    assert str(folder / "card.toml") in sentence
    assert f"'{key}'" in sentence if key else new.split(" ")[0] in sentence
    assert any(remedy in sentence for remedy in ("주세요", "여야 해요"))


def test_no_toml_and_no_file_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match="TOML"):
        load_card(write(tmp_path, "name = "))
    with pytest.raises(PersonaError, match=r"card\.toml"):
        load_card(tmp_path)


def test_a_visitors_card_replaces_ours(tmp_path: Path) -> None:
    (tmp_path / "yuhee").mkdir()
    (tmp_path / "yuhee" / "card.toml").write_text(GOOD, encoding="utf-8")
    cards = find_cards(CARDS_FOLDER, tmp_path)
    assert cards["yuhee"].name == "지희"
    assert cards["helpbot"].name == "헬프봇"


@pytest.mark.parametrize("folder", sorted(CARDS_FOLDER.iterdir()), ids=lambda f: f.name)
def test_every_card_that_comes_with_the_project(folder: Path) -> None:
    """Runs over the folder, so that a new card is covered with no edit."""
    card = load_card(folder)
    listening = [line for lines in card.listening.values() for line in lines]
    examples = [e.reply for e in card.examples]
    for line in (card.greeting, *card.fallbacks, *card.told, *listening, *examples):
        assert keeps_level(line, card.speech_level), line
