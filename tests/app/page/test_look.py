"""Who speaks, how, and how the page looks and is reached."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from app.room import LOCAL_VISITOR, Room
from tests.app.fake_engine import FakeEngine
from tests.app.page.visit import BOX, HERS, mine, say, send, wait_for

pytestmark = pytest.mark.browser


def test_another_persona_greets_and_answers(page: Page, room: Room) -> None:
    expect(page.locator("#jj-thread .greeting")).to_contain_text("나 유희지희야")
    page.get_by_role("button", name="헬프봇과 이야기하기").click()
    expect(page.locator("#jj-thread .greeting")).to_contain_text("헬프봇이에요")
    say(page, "안녕하세요")
    assert room.history.conversations(LOCAL_VISITOR)[0].persona == "helpbot"


def test_a_mood_by_choice_overrules(page: Page) -> None:
    page.locator("#jj-controls").get_by_text("기쁨").click()
    say(page, "그냥 그래 ㅠㅠ")
    expect(page.locator("#jj-thread .mood")).to_have_text("직접 고름 → 기쁨")


def test_the_drawer_changes_the_next_answer_and_resets(page: Page, engine: FakeEngine) -> None:
    say(page, "처음")
    usual = engine.asked[-1][1]
    page.get_by_label("답하는 방식 정하기").click()
    page.get_by_label("온도").fill("1.2")
    page.get_by_label("시드").fill("7")
    expect(page.locator("output[for=knob-temperature]")).to_have_text("1.2")
    page.keyboard.press("Escape")
    say(page, "다음")
    chosen = engine.asked[-1][1]
    assert chosen == replace(usual, temperature=1.2, seed=7)
    page.get_by_label("답하는 방식 정하기").click()
    page.get_by_role("button", name="처음대로").click()
    expect(page.get_by_label("온도")).to_have_value(str(usual.temperature))
    page.keyboard.press("Escape")
    say(page, "끝")
    again = engine.asked[-1][1]
    assert again == replace(usual, seed=again.seed)


def test_the_meter_and_what_left_the_window(page: Page, engine: FakeEngine) -> None:
    engine.replies = ["창을 채우는 긴 대답이에요. " * 6]
    for number in range(5):
        say(page, f"{number}번째 말")
    gone = page.locator("#jj-thread .turn.gone").count()
    assert 0 < gone < 5
    meter = re.compile(rf"유희지희가 기억하는 주고받은 말 {5 - gone}개 · 남은 자리 \d+%")
    expect(page.locator("#jj-head .meter")).to_contain_text(meter)
    expect(page.locator("#jj-thread .divider")).to_contain_text("여기부터 유희지희가 기억해요")


def test_while_the_model_loads_the_box_works_and_sending_waits(
    visit: Callable[..., Page], engine: FakeEngine
) -> None:
    engine.state = "loading"
    page = visit()
    expect(page.locator("#jj-banner .loading")).to_contain_text("유희지희가 오고 있어요")
    send(page, "기다릴게")
    expect(page.locator("#jj-hint")).to_contain_text("오면 바로 보낼게요")
    assert engine.asked == []
    engine.state = "ready"
    expect(page.locator(HERS)).to_have_count(1)
    assert mine(page) == ["기다릴게"]
    expect(page.locator("#jj-banner .loading")).to_have_count(0)


def test_what_the_room_has_to_say_stands_on_top(
    visit: Callable[..., Page], room: Room, engine: FakeEngine
) -> None:
    room.notices.append("대화를 저장하지 못해요. (Nothing is kept.)")
    engine.state = "failed: 모델을 열 수 없어요. (The model cannot be opened.)"
    lines = visit().locator("#jj-banner .notice")
    expect(lines).to_have_text(["대화를 저장하지 못해요.", "모델을 열 수 없어요."])


def test_the_whole_page_speaks_english_and_remembers_it(page: Page) -> None:
    say(page, "헤어졌어")
    page.locator("#jj-foot").get_by_text("English").click()
    expect(page.locator("#jj-thread .mood")).to_have_text("헤어졌 → Sad")
    expect(page.locator(BOX)).to_have_attribute("placeholder", "Say something to 유희지희")
    page.reload()
    expect(page.locator(BOX)).to_have_attribute("placeholder", "Say something to 유희지희")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_label("Set how she answers").click()
    expect(page.locator("#jj-thread [data-turn]")).to_have_count(1)
    shown = page.evaluate("""() => {
        const names = ".bubble, .name, .who, .title, .meta, .mood, .meter";
        document.querySelectorAll(names).forEach((element) => element.remove());
        return document.querySelector("#jj-app").innerText;
    }""")
    assert re.findall(r"[가-힣]+", shown.replace("한국어", "")) == []


def test_dark_and_light_follow_the_system_and_the_switch(page: Page) -> None:
    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = paper()
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: paper() != light)
    page.get_by_label("밝게").check()
    assert paper() == light
    page.reload()
    page.wait_for_selector("#jj-announce", state="attached")
    assert paper() == light


def test_nothing_sticks_out_sideways(page: Page, engine: FakeEngine) -> None:
    engine.replies = ["아" * 300 + " https://example.com/" + "a" * 200]
    say(page, "가" * 200)
    for width in (320, 360, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 780})
        wide = page.evaluate("""() => [...document.querySelectorAll("#jj-main *")]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && e.offsetParent)
            .map((e) => e.className)""")
        assert wide == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_reaches_the_list_and_the_drawer(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    say(page, "안녕")
    expect(page.locator("#jj-chats .title")).not_to_be_in_viewport()
    page.get_by_label("대화 목록 열기").click()
    expect(page.locator("#jj-chats .title")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#jj-chats .title")).not_to_be_in_viewport()
    page.get_by_label("답하는 방식 정하기").click()
    expect(page.get_by_label("온도")).to_be_in_viewport()


def test_everything_is_reached_by_keyboard_and_has_a_name(page: Page) -> None:
    say(page, "안녕")
    nameless = page.evaluate("""() => [...document.querySelectorAll("button, input, textarea, a")]
        .filter((e) => e.checkVisibility({ visibilityProperty: true }))
        .filter((e) => !(e.ariaLabel || e.innerText || e.labels?.[0]?.innerText))
        .map((e) => e.outerHTML.slice(0, 120))""")
    assert nameless == []
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("""() => {
            const e = document.activeElement;
            const rings = [e, e.closest("label") || e].map((x) => getComputedStyle(x).outlineStyle);
            const seen = rings.some((ring) => ring !== "none") || e.closest("#jj-line");
            return (seen ? "" : "unseen ") + (e.dataset.act || e.name || e.id || e.tagName);
        }""")
        )
    wanted = "new jj-search open more copy retry edit undo drawer send jj-mood jj-language jj-theme"
    assert {*wanted.split(), "TEXTAREA"} <= reached
    assert {name for name in reached if name.startswith("unseen")} <= {"unseen BODY"}


def test_a_wish_of_the_card_between_two_steps_is_kept(
    visit: Callable[..., Page], room: Room, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = room.cards["yuhee"]
    wishes = {**card.sampling, "max_new_tokens": 60, "top_p": 0.92}
    monkeypatch.setitem(room.cards, "yuhee", replace(card, sampling=wishes))
    page = visit()
    page.get_by_label("답하는 방식 정하기").click()
    page.get_by_label("온도").fill("1.2")
    expect(page.locator("output[for=knob-max_new_tokens]")).to_have_text("60")
    page.keyboard.press("Escape")
    say(page, "안녕")
    asked = engine.asked[-1][1]
    assert (asked.temperature, asked.max_new_tokens, asked.top_p) == (1.2, 60, 0.92)


def test_the_head_of_a_phone_keeps_its_height(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    before = page.locator("#jj-head").bounding_box()
    say(page, "안녕")
    expect(page.locator("#jj-head .meter")).to_contain_text("주고받은 말 1개")
    assert page.locator("#jj-head").bounding_box() == before


def test_her_long_answer_does_not_scroll_in_itself(page: Page, engine: FakeEngine) -> None:
    engine.replies = ["긴 이야기를 하나 할게. " * 60]
    page.set_viewport_size({"width": 390, "height": 500})
    say(page, "안녕")
    scrolls = "e => e.scrollHeight > e.clientHeight + 1"
    assert not page.locator("#jj-thread [data-turn] .her .bubble").evaluate(scrolls)


def test_the_drawer_of_a_phone_takes_the_focus_and_gives_it_back(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_label("답하는 방식 정하기").press("Enter")
    expect(page.get_by_label("온도")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("답하는 방식 정하기")).to_be_focused()


def test_those_who_listen_hear_who_speaks_and_nothing_by_the_second(
    visit: Callable[..., Page], engine: FakeEngine
) -> None:
    engine.state = "loading"
    page = visit()
    expect(page.locator("#jj-banner .seconds")).to_have_text(re.compile(r"\([2-9]초째\)"))
    expect(page.locator("#jj-banner .seconds")).to_have_attribute("aria-hidden", "true")
    page.evaluate("document.querySelector('#jj-banner [role=status]').seen = true")
    expect(page.locator("#jj-banner .seconds")).to_have_text(re.compile(r"\([4-9]초째\)"))
    assert page.evaluate("document.querySelector('#jj-banner [role=status]').seen")
    engine.state = "ready"
    expect(page.locator("#jj-banner .loading")).to_have_count(0)
    say(page, "안녕")
    expect(page.locator("#jj-thread [data-turn] .me > :first-child")).to_have_text("나")
    expect(page.locator("#jj-to-end")).to_have_attribute("aria-label", "맨 아래로")
    meter = page.get_by_role("meter", name="유희지희의 기억")
    left = meter.get_attribute("aria-valuenow")
    assert f"남은 자리 {left}%" in (meter.get_attribute("aria-valuetext") or "")
