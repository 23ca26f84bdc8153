"""The menu of models: another one answers without a restart, or a sentence says why it does not."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.models import models_dir
from app.room import LOCAL_VISITOR, Room
from tests.app.fake_engine import FakeEngine
from tests.app.page.visit import HERS, Pace, mine, say, send
from tests.app.tiny_checkpoint import make_checkpoint, make_kogpt2

pytestmark = pytest.mark.browser


@pytest.fixture
def models(room: Room) -> Iterator[Path]:
    """The folder of models, with one as it was fetched and one whose weights are broken."""
    folder = models_dir(room.settings)
    plain, broken = make_kogpt2(folder / "someone--plain"), make_checkpoint(folder / "broken")
    (broken / "model.safetensors").write_bytes(b"nothing of the kind")
    # Years from now, so that they are the newest.
    for age, model in enumerate((broken, plain)):
        os.utime(model / "config.json", (4e9 + age, 4e9 + age))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def home(models: Path, visit: Callable[..., Page]) -> Page:
    """The page with those models, the drawer open."""
    page = visit()
    page.get_by_label("답하는 방식 정하기").click()
    expect(page.get_by_label("온도")).to_be_focused()
    return page


def button(page: Page, name: str) -> Locator:
    return page.locator(f'#jj-drawer [data-model="{name}"]')


def pressed(page: Page) -> Locator:
    return page.locator("#jj-drawer [data-model][aria-pressed=true]")


def test_another_model_answers_without_a_restart(
    home: Page, room: Room, engine: FakeEngine, pace: Pace
) -> None:
    shown = home.locator("#jj-drawer .models li")
    expect(shown).to_have_count(4)
    expect(shown.first).to_have_text(re.compile(r"someone/plain.*cc-by-nc-sa-4.0 · 튜닝 안 됨"))
    expect(shown.nth(1)).to_have_text(re.compile(r"broken.*Apache-2.0"))
    expect(pressed(home)).to_have_text(re.compile("tiny"))
    expect(home.locator("#jj-banner .hint")).to_have_count(0)
    home.get_by_label("온도").fill("1.2")

    pace.hold()
    send(home, "안녕")
    expect(home.locator("body.jj-busy")).to_have_count(1)
    button(home, "someone/plain").press("Enter")
    expect(pressed(home)).to_have_text(re.compile("someone/plain"))
    expect(button(home, "someone/plain")).to_be_focused()
    expect(home.locator("#jj-foot .about")).to_contain_text("모델 someone/plain")
    expect(home.locator("#jj-banner .hint")).to_have_count(1)
    expect(home.locator("#jj-banner .hint")).to_contain_text("training sft --base")
    expect(home.get_by_label("온도")).to_have_value("1.2")
    assert not engine.closed

    pace.go_on.set()
    expect(home.locator(HERS)).to_have_text(["그래, 듣고 있어."])
    expect(home.locator("body.jj-busy")).to_have_count(0)
    say(home, "또 나야")
    assert engine.closed
    talk = room.history.conversations(LOCAL_VISITOR)[0]
    turns = room.history.path(LOCAL_VISITOR, talk.id)
    assert [turn.model for turn in turns] == [room.settings.model, "someone/plain"]
    assert mine(home) == ["안녕", "또 나야"]


def test_a_broken_model_leaves_the_old_one_and_a_sentence(home: Page, room: Room) -> None:
    button(home, "broken").click()
    expect(home.locator("#jj-banner .notice")).to_contain_text("체크포인트를 다시 받아 주세요")
    expect(home.locator("#jj-drawer [data-model][aria-busy=true]")).to_have_count(0)
    expect(pressed(home)).to_have_text(re.compile("tiny"))
    say(home, "안녕")
    assert room.checkpoint.name == room.settings.model


def test_what_loads_is_said_as_at_the_start_and_words_wait_for_it(
    home: Page, room: Room, engine: FakeEngine
) -> None:
    other = FakeEngine(room.checkpoint.template.tokens, state="loading", progress="옮기고 있어요.")
    named = replace(room.checkpoint, name="someone/plain", folder=Path("someone--plain"))
    room.models.coming = replace(room.model, checkpoint=named, engine=other)  # type: ignore[arg-type]
    say(home, "안녕")
    expect(home.locator("#jj-banner .loading")).to_contain_text("someone/plain 모델을 여는 중")
    expect(home.locator("#jj-banner .loading")).to_contain_text("옮기고 있어요.")
    send(home, "기다릴게")
    expect(home.locator("#jj-hint")).to_be_visible()
    assert len(engine.asked) == 1
    room.models.coming = None
    expect(home.locator(HERS)).to_have_count(2)
    assert len(engine.asked) == 2


def test_on_a_phone_the_drawer_makes_way(models: Path, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_label("답하는 방식 정하기").click()
    row = button(page, "broken")
    expect(row).to_be_in_viewport(ratio=1)  # it has slid in
    box = row.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] >= 40
    row.click()
    expect(page.locator("body.jj-drawer-open")).to_have_count(0)
    expect(page.get_by_label("답하는 방식 정하기")).to_be_focused()
    expect(page.locator("#jj-banner .notice")).to_be_in_viewport()


def test_a_model_that_has_come_meanwhile_is_listed_when_the_drawer_opens(
    models: Path, page: Page
) -> None:
    make_checkpoint(models / "fresh")
    page.get_by_label("답하는 방식 정하기").click()
    expect(button(page, "fresh")).to_have_count(1)
