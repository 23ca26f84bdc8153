"""One conversation in a real browser, and what happens while she answers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.room import Room
from app.turn import MOST_CHARACTERS
from tests.app.fake_engine import FakeEngine
from tests.app.page.visit import BOX, HERS, Pace, finishes, kept, mine, say, send, wait_for

pytestmark = pytest.mark.browser


def test_a_message_is_answered_and_kept(page: Page, engine: FakeEngine) -> None:
    engine.replies = ["안녕, 반가워!"]
    say(page, "안녕")
    assert mine(page) == ["안녕"]
    expect(page.locator(HERS)).to_have_text("안녕, 반가워!")
    expect(page.locator(BOX)).to_have_value("")
    page.reload()
    expect(page.locator(HERS)).to_have_text("안녕, 반가워!")


def test_words_stay_words(page: Page, engine: FakeEngine) -> None:
    text = "<img src=x onerror=alert(1)>\n  &amp; `${1+1}` {{value}} </s><usr>"
    engine.replies = [text]
    page.fill(BOX, text)
    page.press(BOX, "Enter")
    expect(page.locator(HERS)).to_have_text(text)
    assert mine(page) == [text]
    assert page.locator("#jj-thread .bubble img, #jj-thread .bubble b").count() == 0


def test_what_is_typed_meanwhile_stays_and_enter_sends_it_afterwards(
    page: Page, engine: FakeEngine, pace: Pace
) -> None:
    pace.hold()
    send(page, "먼저")
    expect(page.locator("#jj-live .dots")).to_be_visible()
    page.locator(BOX).press_sequentially("나중에")
    page.press(BOX, "Enter")
    expect(page.locator("#jj-hint")).to_contain_text("말을 마치면 보낼게요")
    expect(page.locator(BOX)).to_have_value("나중에")
    assert len(engine.asked) == 1
    pace.go_on.set()
    expect(page.locator(HERS)).to_have_count(2)
    assert mine(page) == ["먼저", "나중에"]
    expect(page.locator(BOX)).to_have_value("")
    expect(page.locator("#jj-hint")).to_be_hidden()


def test_typing_on_takes_the_wish_to_send_back(page: Page, pace: Pace) -> None:
    pace.hold()
    send(page, "먼저")
    page.locator(BOX).press_sequentially("아직")
    page.press(BOX, "Enter")
    page.locator(BOX).press_sequentially(" 쓰는 중")
    pace.go_on.set()
    expect(page.locator(HERS)).to_have_count(1)
    expect(page.locator(BOX)).to_have_value("아직 쓰는 중")


def test_her_words_grow_and_nothing_jumps(page: Page, engine: FakeEngine, pace: Pace) -> None:
    engine.replies, pace.each_s = ["천천히 길게 이어지는 대답이에요. " * 6], 0.004
    say(page, "하나")
    page.evaluate("""() => {
        window.places = [];
        const look = () => {
            const live = document.querySelector("#jj-live .her .bubble");
            const kept = [...document.querySelectorAll("#jj-thread [data-turn]")].at(-1);
            const bubble = live || kept?.querySelector(".her .bubble");
            const rect = bubble.getBoundingClientRect();
            window.places.push([Boolean(live), Math.round(rect.top), Math.round(rect.height),
                bubble.textContent.length]);
            requestAnimationFrame(look);
        };
        look();
    }""")
    say(page, "둘")
    page.wait_for_timeout(100)
    places = page.evaluate("window.places")
    swap = max(n for n, place in enumerate(places) if place[0])
    assert len({place[3] for place in places if place[0]}) > 5, "her words did not grow"
    before, after = places[swap], places[swap + 1]
    moved = [abs(a - b) for a, b in zip(before[1:3], after[1:3], strict=True)]
    assert max(moved) <= 1, "the answer moved when it was kept"


def test_the_scroll_stays_where_the_visitor_reads(
    page: Page, engine: FakeEngine, pace: Pace
) -> None:
    page.set_viewport_size({"width": 390, "height": 600})
    engine.replies = ["길게 말하면 여러 줄이 되지요. " * 8]
    say(page, "하나")
    say(page, "둘")
    area = page.locator("#jj-scroll")
    bottom = "e => e.scrollHeight - e.scrollTop - e.clientHeight"
    assert area.evaluate(bottom) < 3
    pace.each_s = 0.004
    send(page, "셋")
    expect(page.locator("#jj-live .words")).not_to_be_empty()
    area.evaluate("e => { e.scrollTop = 100; }")
    expect(page.locator("#jj-to-end")).to_be_visible()
    expect(page.locator(HERS)).to_have_count(3)
    page.wait_for_timeout(100)
    assert area.evaluate("e => e.scrollTop") == 100
    page.click("#jj-to-end")
    assert area.evaluate(bottom) < 3


@pytest.mark.parametrize("how", ["button", "Escape"])
def test_stopping_keeps_what_was_said(
    page: Page, how: str, room: Room, engine: FakeEngine, pace: Pace
) -> None:
    engine.replies, pace.each_s = ["아주 긴 이야기를 해 줄게. " * 20], 0.03
    send(page, "얘기해 줘")
    expect(page.locator("#jj-live .words")).to_contain_text("이야기")
    if how == "button":
        page.click("[data-act=stop]")
    else:
        page.keyboard.press("Escape")
    expect(page.locator("#jj-thread .mark")).to_have_text("여기서 멈췄어요")
    assert finishes(room) == ["stopped"]
    said = page.locator(HERS).text_content() or ""
    assert said.startswith("아주 긴 이야기")
    assert len(said) < len(engine.replies[0])


def test_leaving_ends_the_answer(page: Page, room: Room, engine: FakeEngine, pace: Pace) -> None:
    engine.replies, pace.each_s = ["아주 긴 이야기. " * 400], 0.02
    send(page, "얘기해 줘")
    expect(page.locator("#jj-live .words")).not_to_be_empty()
    page.evaluate("localStorage.clear()")
    page.close()
    wait_for(lambda: finishes(room) == ["stopped"])


def test_a_silent_engine_is_a_polite_line_and_a_way_on(page: Page, engine: FakeEngine) -> None:
    engine.trouble = "목이 잠겼어요. (The engine has stopped.)"
    send(page, "안녕")
    expect(page.locator("#jj-live .notice")).to_have_text("목이 잠겼어요.")
    expect(page.locator("#jj-thread .note")).to_contain_text("답을 받지 못했어요")
    engine.trouble = ""
    page.click("text=다시 받기")
    expect(page.locator(HERS)).to_have_count(1)
    assert mine(page) == ["안녕"]


def test_a_turn_that_breaks_loses_no_words(page: Page, engine: FakeEngine) -> None:
    def broken(_: int) -> None:
        raise RuntimeError("a mistake of ours")

    engine.on_id = broken
    send(page, "안녕")
    expect(page.locator("#jj-live .notice")).to_contain_text("뜻밖의 문제")
    expect(page.locator("#jj-thread .note")).to_contain_text("답이 끊겼어요")
    assert mine(page) == ["안녕"]


def test_words_that_cannot_be_taken_come_back(page: Page, room: Room) -> None:
    send(page, "가" * (MOST_CHARACTERS + 1))
    expect(page.locator("#jj-live .notice")).to_contain_text("메시지가 너무 길어요")
    assert len(page.input_value(BOX)) == MOST_CHARACTERS + 1
    assert kept(room) == []


def test_a_lost_connection_loses_no_words(page: Page, room: Room, wrong: list[str]) -> None:
    say(page, "하나")
    page.context.set_offline(True)
    try:
        send(page, "둘")
        expect(page.locator("#jj-lost")).to_contain_text("연결이 끊겼어요")
        expect(page.locator(BOX)).to_have_value("둘")
        with page.expect_navigation():
            page.context.set_offline(False)
    finally:
        page.context.set_offline(False)
    page.wait_for_selector("#jj-announce", state="attached")
    expect(page.locator(BOX)).to_have_value("둘")
    expect(page.locator(HERS)).to_have_count(1)
    page.press(BOX, "Enter")
    expect(page.locator(HERS)).to_have_count(2)
    assert kept(room) == ["하나", "둘"]
    wrong.clear()


def test_care_stands_beside_the_answer(page: Page) -> None:
    say(page, "그냥 죽고 싶어")
    care = page.locator("#jj-thread .care")
    expect(care).to_contain_text("109")
    expect(care.locator("a")).to_have_attribute("href", "tel:109")
    expect(page.locator(HERS)).to_have_count(1)


def test_the_face_follows_the_mood(page: Page, pace: Pace) -> None:
    shown = page.locator("#jj-head .layer.shown")
    expect(shown).to_have_attribute("data-expression", "everyday")
    pace.hold()
    send(page, "시험 붙었어!")
    expect(shown).to_have_attribute("data-expression", "thinking")
    pace.go_on.set()
    expect(shown).to_have_attribute("data-expression", "glad")
    expect(page.locator(HERS)).to_have_count(1)
    expect(shown).to_have_attribute("data-expression", "glad")
    expect(page.locator("#jj-thread .mood")).to_contain_text("붙 → 기쁨")


def test_a_model_that_failed_is_tried_again_by_sending(
    visit: Callable[..., Page], engine: FakeEngine
) -> None:
    engine.state = "failed: 모델이 멈췄어요. (The model has stopped.)"
    page = visit()
    expect(page.locator("#jj-banner .notice")).to_have_text("모델이 멈췄어요.")
    say(page, "다시 해 볼래?")
    assert len(engine.asked) == 1
    page.click("#jj-thread [data-act=retry]")
    wait_for(lambda: len(engine.asked) == 2)


def test_words_sent_before_the_new_conversation_is_drawn_are_shown(
    page: Page, room: Room, pace: Pace
) -> None:
    say(page, "첫째")
    pace.hold()
    page.evaluate(
        """(box) => {
        document.querySelector("[data-act=new]").click();
        const field = document.querySelector(box);
        field.value = "둘째";
        field.dispatchEvent(new Event("input", { bubbles: true }));
        document.querySelector("[data-act=send]").click();
    }""",
        BOX,
    )
    expect(page.locator("#jj-live .me .bubble")).to_have_text("둘째")
    expect(page.locator("#jj-thread [data-turn]")).to_have_count(0)
    pace.go_on.set()
    expect(page.locator(HERS)).to_have_count(1)
    assert mine(page) == kept(room) == ["둘째"]
    expect(page.locator("#jj-chats .here .title")).to_have_text("둘째")
