"""What can be done with a turn, and with a whole conversation."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.room import LOCAL_VISITOR, Room
from app.turn import MOST_CHARACTERS
from tests.app.fake_engine import FakeEngine
from tests.app.page.visit import BOX, HERS, MINE, Pace, mine, say, send

pytestmark = pytest.mark.browser


def test_another_answer_keeps_the_first(page: Page, engine: FakeEngine) -> None:
    engine.replies = ["첫 번째 답"]
    say(page, "안녕")
    engine.replies = ["두 번째 답"]
    page.click("#jj-thread [data-act=retry]")
    expect(page.locator(HERS)).to_have_text("두 번째 답")
    pager = page.locator("#jj-thread .pager")
    expect(pager).to_contain_text("2/2")
    page.get_by_label("이전 버전").click()
    expect(page.locator(HERS)).to_have_text("첫 번째 답")
    expect(pager).to_contain_text("1/2")
    expect(page.get_by_label("이전 버전")).to_be_disabled()
    page.get_by_label("다음 버전").click()
    expect(page.locator(HERS)).to_have_text("두 번째 답")


def test_editing_goes_on_without_losing_the_old_branch(page: Page) -> None:
    say(page, "하나")
    say(page, "둘")
    turn = page.locator("#jj-thread [data-turn]").first
    turn.hover()
    turn.locator("[data-act=edit]").click()
    editor = page.get_by_label("고칠 말")
    expect(editor).to_have_value("하나")
    editor.fill("하나 고침")
    editor.press("Enter")
    expect(page.locator(MINE)).to_have_text(["하나 고침"])
    expect(page.locator("#jj-thread .pager")).to_contain_text("2/2")
    page.get_by_label("이전 버전").click()
    expect(page.locator(MINE)).to_have_text(["하나", "둘"])


def test_undo_takes_the_last_words_back(page: Page) -> None:
    say(page, "하나")
    say(page, "둘")
    page.click("#jj-thread .last [data-act=undo]")
    expect(page.locator(MINE)).to_have_text(["하나"])


def test_a_rating_is_kept_with_the_turn(page: Page) -> None:
    say(page, "안녕")
    like = page.locator("#jj-thread [data-act=like]")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(like).to_have_attribute("aria-pressed", "true")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "false")
    page.click("#jj-thread [data-act=dislike]")
    expect(page.locator("#jj-thread [data-act=dislike]")).to_have_attribute("aria-pressed", "true")


def test_copying_takes_her_words(page: Page, engine: FakeEngine) -> None:
    engine.replies = ["복사할 말\n두 줄 <b>"]
    say(page, "안녕")
    page.click("#jj-thread [data-act=copy]")
    expect(page.locator("#jj-toast")).to_have_text("복사했어요.")
    assert page.evaluate("navigator.clipboard.readText()") == "복사할 말\n두 줄 <b>"


def test_an_answer_cut_off_by_a_crash_can_be_asked_again(
    visit: Callable[..., Page], room: Room
) -> None:
    chat = room.history.create(LOCAL_VISITOR, "yuhee")
    room.history.begin(LOCAL_VISITOR, chat.id, None, "듣고 있어?", 0, "")
    page = visit(f"#c={chat.id}")
    expect(page.locator("#jj-thread .note")).to_contain_text("답이 끊겼어요")
    page.click("text=다시 받기")
    expect(page.locator(HERS)).to_have_count(1)
    assert mine(page) == ["듣고 있어?"]


def test_a_conversation_is_found_renamed_deleted_and_restored(page: Page) -> None:
    say(page, "바다 이야기")
    page.click("[data-act=new]")
    expect(page.locator(MINE)).to_have_count(0)
    say(page, "산 이야기")
    titles = page.locator("#jj-chats .title")
    expect(titles).to_have_text(["산 이야기", "바다 이야기"])
    page.fill("#jj-search", "바다")
    expect(titles).to_have_text(["바다 이야기"])
    page.fill("#jj-search", "없는 말")
    expect(page.locator("#jj-chats .empty")).to_have_text("검색 결과가 없어요.")
    page.fill("#jj-search", "")
    expect(titles).to_have_count(2)

    page.get_by_label("‘바다 이야기’ 메뉴").click()
    page.get_by_role("button", name="이름 바꾸기").first.click()
    field = page.get_by_label("대화의 새 이름")
    field.fill("여름 바다")
    field.press("Enter")
    expect(titles).to_have_text(["산 이야기", "여름 바다"])

    page.get_by_label("‘산 이야기’ 메뉴").click()
    page.get_by_role("button", name="지우기").click()
    expect(titles).to_have_text(["여름 바다"])
    expect(page.locator("#jj-thread .picker")).to_be_visible()
    page.click("#jj-toast button")
    expect(titles).to_have_count(2)


def test_opening_another_conversation_and_going_back(page: Page) -> None:
    say(page, "첫째")
    page.click("[data-act=new]")
    expect(page.locator(MINE)).to_have_count(0)
    say(page, "둘째")
    page.locator("#jj-chats a").nth(1).click()
    expect(page.locator(MINE)).to_have_text(["첫째"])
    page.go_back()
    expect(page.locator(MINE)).to_have_text(["둘째"])


def test_leaving_a_conversation_lets_her_finish_there(page: Page, pace: Pace) -> None:
    say(page, "첫째")
    page.click("[data-act=new]")
    expect(page.locator(MINE)).to_have_count(0)
    pace.hold()
    send(page, "둘째")
    expect(page.locator("#jj-live .dots")).to_be_visible()
    page.locator("#jj-chats a", has_text="첫째").click()
    expect(page.locator(MINE)).to_have_text(["첫째"])
    pace.go_on.set()
    expect(page.locator("body.jj-busy")).to_have_count(0)
    expect(page.locator(MINE)).to_have_text(["첫째"])
    page.locator("#jj-chats a", has_text="둘째").click()
    expect(page.locator(HERS)).to_have_count(1)
    expect(page.locator(MINE)).to_have_text(["둘째"])


def test_what_waits_to_be_sent_is_not_sent_into_another_conversation(
    page: Page, pace: Pace
) -> None:
    say(page, "첫째")
    page.click("[data-act=new]")
    expect(page.locator(MINE)).to_have_count(0)
    pace.hold()
    send(page, "둘째")
    expect(page.locator("#jj-live .dots")).to_be_visible()
    send(page, "여기서만 할 말")
    expect(page.locator("#jj-hint")).to_be_visible()
    page.locator("#jj-chats a", has_text="첫째").click()
    expect(page.locator(MINE)).to_have_text(["첫째"])
    expect(page.locator("#jj-hint")).to_be_hidden()
    pace.go_on.set()
    expect(page.locator("body.jj-busy")).to_have_count(0)
    expect(page.locator(MINE)).to_have_text(["첫째"])
    expect(page.locator(BOX)).to_have_value("여기서만 할 말")


def test_export_and_import_bring_the_same_turns(page: Page, tmp_path: Path) -> None:
    say(page, "가져갈 말")
    for kind, ending in (("JSON으로 저장", ".json"), ("글로 저장", ".md")):
        page.locator("#jj-chats .more").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=kind).click()
        assert download.value.suggested_filename == f"가져갈 말{ending}"
        download.value.save_as(tmp_path / f"talk{ending}")
        page.locator("#jj-chats .more").click()
    assert "가져갈 말" in (tmp_path / "talk.md").read_text(encoding="utf-8")
    page.click("[data-act=new]")
    with page.expect_file_chooser() as chooser:
        page.click("[data-act=import]")
    chooser.value.set_files(tmp_path / "talk.json")
    expect(page.locator("#jj-chats .title")).to_have_text(["가져갈 말", "가져갈 말"])
    expect(page.locator(MINE)).to_have_text(["가져갈 말"])


def test_a_wrong_file_is_a_sentence(page: Page, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[1, 2", encoding="utf-8")
    with page.expect_file_chooser() as chooser:
        page.click("[data-act=import]")
    chooser.value.set_files(wrong)
    expect(page.locator("#jj-toast")).to_contain_text("찐친에서 내보낸 대화가 아니에요")


def test_two_pages_of_one_conversation(page: Page, visit: Callable[..., Page], pace: Pace) -> None:
    say(page, "하나")
    other = visit(page.url.partition("/#")[2] and "#" + page.url.partition("#")[2])
    expect(other.locator(MINE)).to_have_text(["하나"])
    pace.hold()
    send(page, "둘")
    expect(page.locator("#jj-live .dots")).to_be_visible()
    send(other, "셋")
    expect(other.locator("#jj-live .notice")).to_contain_text("아직 답하는 중")
    expect(other.locator(BOX)).to_have_value("셋")
    pace.go_on.set()
    expect(page.locator(MINE)).to_have_text(["하나", "둘"])
    other.press(BOX, "Enter")
    expect(other.locator(MINE)).to_have_text(["하나", "둘", "셋"])


def test_an_open_edit_field_outlives_what_is_drawn_anew(page: Page) -> None:
    say(page, "하나")
    page.click("#jj-thread [data-act=edit]")
    editor = page.get_by_label("고칠 말")
    editor.press_sequentially(" 고치는 중")
    editor.press("ArrowLeft")
    page.click("#jj-thread [data-act=dislike]")
    expect(page.locator("#jj-thread [data-act=dislike]")).to_have_attribute("aria-pressed", "true")
    expect(editor).to_have_value("하나 고치는 중")
    assert editor.evaluate("field => field.selectionStart") == len("하나 고치는 ")
    editor.focus()
    page.evaluate(
        "setTimeout(() => document.querySelector('[name=jj-language][value=en]').click())"
    )
    expect(page.get_by_label("Your message")).to_have_value("하나 고치는 중")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.get_by_label("Your message").press("Enter")
    expect(page.locator(MINE)).to_have_text(["하나 고치는 중"])
    expect(page.locator("#jj-thread .editor")).to_have_count(0)


def test_an_edit_that_is_refused_is_given_back(page: Page) -> None:
    say(page, "하나")
    page.click("#jj-thread [data-act=edit]")
    editor = page.get_by_label("고칠 말")
    long = "가" * (MOST_CHARACTERS + 1)
    editor.fill(long)
    editor.press("Enter")
    expect(page.locator("#jj-live .notice")).to_contain_text("메시지가 너무 길어요")
    expect(editor).to_have_value(long)
    editor.press("Escape")
    expect(page.locator(MINE)).to_have_text(["하나"])


def test_a_new_name_half_written_outlives_what_is_drawn_anew(page: Page, pace: Pace) -> None:
    say(page, "하나")
    pace.hold()
    send(page, "둘")
    expect(page.locator("#jj-live .dots")).to_be_visible()
    page.locator("#jj-chats .more").click()
    page.get_by_role("button", name="이름 바꾸기").click()
    field = page.get_by_label("대화의 새 이름")
    field.fill("새 이")
    pace.go_on.set()
    expect(page.locator(HERS)).to_have_count(2)
    expect(field).to_have_value("새 이")
    expect(field).to_be_focused()
    field.press_sequentially("름")
    field.press("Enter")
    expect(page.locator("#jj-chats .title")).to_have_text(["새 이름"])
