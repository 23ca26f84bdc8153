"""A scripted talk is the page's own turn: what is on is on, and the seed is fixed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.room import Room
from app.settings import Settings
from bench.talks import GENERATION, STUDENT, WHOLE, Companion
from persona.dialogues import own_dialogues
from persona.lm.protocol import EngineError
from persona.reply import GENERATED, RECALLED
from tests.app.fake_engine import FakeEngine
from tests.app.tiny_checkpoint import make_checkpoint

LINES = ["ㄱㄴㄷ 하나", "ㄱㄴㄷ 둘", "ㄱㄴㄷ 셋"]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    folder = make_checkpoint(tmp_path / "tiny")
    settings = Settings(model=str(folder), data_dir=tmp_path, cache_dir=tmp_path / "cache")
    made = Room(settings, keep_history=False)
    # The engine is a fake, so the window may be wider than the tiny model's.
    made.model.checkpoint = replace(made.checkpoint, positions=1024)
    made.model.engine = FakeEngine(made.checkpoint.template.tokens)  # type: ignore[assignment]
    yield made
    made.close()


def fake(room: Room) -> FakeEngine:
    assert isinstance(room.engine, FakeEngine)
    return room.engine


def test_a_talk_grows_by_her_own_replies_and_its_seeds_are_fixed(room: Room) -> None:
    fake(room).replies = ["그래", "응", "좋아"]
    said = Companion(room).talk(GENERATION, LINES, seed=7)
    assert [(s.user, s.reply, s.origin) for s in said] == [
        (line, reply, GENERATED) for line, reply in zip(LINES, ["그래", "응", "좋아"], strict=True)
    ]
    assert [sampling.seed for _, sampling in fake(room).asked] == [7, 8, 9]
    decode = room.checkpoint.template.tokens.decode
    last = decode(fake(room).asked[-1][0])
    assert "하나" in last and "응" in last


def test_the_card_keeps_its_own_sampling(room: Room) -> None:
    card = room.cards["yuhee"]
    Companion(room).talk(GENERATION, LINES[:1], seed=7)
    sampling = fake(room).asked[0][1]
    assert sampling.temperature == card.sampling["temperature"]
    assert sampling.max_new_tokens == card.sampling["max_new_tokens"]


def test_the_student_is_greedy_takes_40_tokens_and_forgets(room: Room) -> None:
    Companion(room).talk(STUDENT, LINES, seed=7)
    asked = fake(room).asked
    assert {(s.temperature, s.max_new_tokens) for _, s in asked} == {(0.0, 40)}
    assert "하나" not in room.checkpoint.template.tokens.decode(asked[-1][0])


def test_only_the_whole_recalls(room: Room) -> None:
    opening = own_dialogues(room.cards["yuhee"].folder)[0].exchanges[0]
    her = Companion(room)
    # In this order: what one system turned off is on again for the next.
    origins = [
        her.talk(system, [opening.user], 7, opening.mood)[0].origin
        for system in (GENERATION, WHOLE, STUDENT)
    ]
    assert origins == [GENERATED, RECALLED, GENERATED]


def test_a_given_mood_stands_in_the_prompt(room: Room) -> None:
    her = Companion(room)
    her.talk(GENERATION, ["음"], 7, mood=1)
    her.talk(GENERATION, ["음"], 7, mood=2)
    ask = room.checkpoint.template.ask_ids
    assert [ids[-len(ask("음", 1)) :] for ids, _ in fake(room).asked] == [
        ask("음", 1),
        ask("음", 2),
    ]


def test_trouble_ends_the_bench(room: Room) -> None:
    fake(room).trouble = "out of memory"
    with pytest.raises(EngineError, match="out of memory"):
        Companion(room).talk(GENERATION, LINES, seed=7)


def test_plain_generation_is_of_the_reply_s_length_and_does_not_end_early(room: Room) -> None:
    her = Companion(room)
    assert her.plain_seconds("음", "좋아", 7) > 0
    ids, sampling = fake(room).asked[-1]
    template = room.checkpoint.template
    assert sampling.max_new_tokens == len(template.reply_ids("좋아"))
    assert sampling.end_ids == ()
    her.talk(GENERATION, ["음"], 7)
    assert fake(room).asked[-1][0] == ids
