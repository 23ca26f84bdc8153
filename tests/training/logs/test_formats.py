"""Every kind of log is known by how it begins, by one kind only, and read in full."""

import json
from collections.abc import Iterator

import pytest

from training.kakao import MOST_CHARACTERS
from training.logs import find_format, format_names, open_format
from training.messages import (
    ASSISTANT,
    BROKEN_ROW,
    EMPTY,
    HEADER,
    LONG_MESSAGE,
    MEDIA,
    ROLES,
    SYSTEM,
    USER,
    Message,
    Unread,
)

SAID = ["밥 먹었어?", "아직, 너는?", "나는 먹었지\n두 그릇"]
ONE_LINE = [text.replace("\n", " ") for text in SAID]
TURNS = [{"user": ONE_LINE[0], "mood": 1, "reply": ONE_LINE[1]}, {"user": ONE_LINE[2]}]
# A small log of each kind, in which the same is said.
SAMPLES = {
    "kakao_pc": "지은 님과 카카오톡 대화\n저장한 날짜 : 2026-07-01 10:00:00\n\n"
    "--------------- 2026년 7월 1일 수요일 ---------------\n"
    f"[민지] [오전 9:00] {SAID[0]}\n[지은] [오후 12:01] {SAID[1]}\n[민지] [오후 12:02] {SAID[2]}\n",
    "kakao_mobile": "지은 님과 카카오톡 대화\n저장한 날짜 : 2026년 7월 1일 오후 1:00\n\n\n"
    "2026년 7월 1일 오전 9:00\n"
    f"2026년 7월 1일 오전 9:00, 민지 : {SAID[0]}\n2026년 7월 1일 오후 12:01, 지은 : {SAID[1]}\n"
    f"2026년 7월 1일 오후 12:02, 민지 : {SAID[2]}\n",
    "kakao_csv": "Date,User,Message\n"
    f'2026-07-01 09:00:00,"민지","{SAID[0]}"\n2026-07-01 12:01:10,"지은","{SAID[1]}"\n'
    f'2026-07-01 12:02:00,"민지","{SAID[2]}"\n',
    "songys": f'Q,A,label\n{SAID[0]},"{SAID[1]}",1\n',
    "dialogues": json.dumps({"id": "d", "topic": "t", "turns": TURNS}, ensure_ascii=False) + "\n",
    "openai_messages": json.dumps(
        {
            "messages": [
                {"role": "system", "content": "친구처럼 말해"},
                {"role": "user", "content": ONE_LINE[0]},
                {"role": "assistant", "content": ONE_LINE[1]},
                {"role": "user", "content": [{"type": "text", "text": ONE_LINE[2]}]},
            ]
        }
    ),
    "keti_json": json.dumps(
        {"data": [{"topic": "밥", "dialog": [{"speaker": "A", "utterance": u} for u in ONE_LINE]}]},
        ensure_ascii=False,
        indent=2,
    ),
    "keti_text": "".join(f"{'AB'[n % 2]}: {said}\n" for n, said in enumerate(ONE_LINE)),
}
IPHONE = """2026년 10월 2일 금요일
2026. 10. 2. 오후 3:15, 민지 : 뭐해
2026. 10. 2. 오후 3:16, 지은 : 그냥
"""


def read(name: str, text: str) -> list[Message | Unread]:
    return list(open_format(name).read(text.splitlines()))


def said(name: str, text: str) -> list[tuple[str, str]]:
    return [(m.speaker, m.text) for m in read(name, text) if isinstance(m, Message)]


def reasons(name: str, text: str) -> list[str]:
    return [u.reason for u in read(name, text) if isinstance(u, Unread)]


def test_every_kind_has_its_sample() -> None:
    assert set(SAMPLES) == set(format_names())


@pytest.mark.parametrize("name", format_names())
def test_a_kind_is_known_by_itself_alone(name: str) -> None:
    assert [n for n in format_names() if open_format(n).fits(SAMPLES[name])] == [name]
    assert find_format(SAMPLES[name]) == name


@pytest.mark.parametrize("name", format_names())
def test_all_that_was_said_is_read_in_order(name: str) -> None:
    texts = [text.replace("\n", " ") for _, text in said(name, SAMPLES[name])]
    assert texts == (ONE_LINE[:2] if name == "songys" else ONE_LINE)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "그냥 쓴 글이다.\n이것도 글: 그렇다고 한다.\n끝.", "{}", "[1]"]
)
def test_what_is_no_chat_is_of_no_kind(text: str) -> None:
    assert find_format(text) is None


@pytest.mark.parametrize("name", ["kakao_pc", "kakao_mobile", "kakao_csv"])
def test_the_clock_and_the_names_of_kakaotalk(name: str) -> None:
    messages = [m for m in read(name, SAMPLES[name]) if isinstance(m, Message)]
    first, second, third = (m.minute for m in messages)
    assert first is not None and second is not None and third is not None
    assert (second - first, third - second) == (181, 1)
    assert [m.speaker for m in messages] == ["민지", "지은", "민지"]
    assert messages[2].text == SAID[2]


def test_the_dates_of_an_iphone() -> None:
    assert find_format(IPHONE) == "kakao_mobile"
    assert said("kakao_mobile", IPHONE) == [("민지", "뭐해"), ("지은", "그냥")]
    odd = IPHONE + "2026. 10. 2. 오후 3:17: 민지님이 나갔습니다.\n"
    assert reasons("kakao_mobile", odd) == [SYSTEM]


def phone(*lines: str) -> str:
    return "".join(f"2026년 7월 1일 오전 9:{n:02}, {line}\n" for n, line in enumerate(lines))


def test_a_name_with_a_colon_is_known_by_what_stands_before_every_message() -> None:
    log = phone("지은 : 회사 : 안녕", "민지 : 응", "지은 : 회사 : 점심 : 김밥", "민지 : 그래 : )")
    assert said("kakao_mobile", log) == [
        ("지은 : 회사", "안녕"),
        ("민지", "응"),
        ("지은 : 회사", "점심 : 김밥"),
        ("민지", "그래 : )"),
    ]


def test_a_name_with_a_colon_is_known_by_the_title() -> None:
    log = "지은 : 회사 님과 카카오톡 대화\n" + phone("지은 : 회사 : 안녕", "민지 : 응")
    assert said("kakao_mobile", log)[0] == ("지은 : 회사", "안녕")


def test_a_message_with_a_colon_stays_whole() -> None:
    log = phone("지은 : 점심 : 김밥", "지은 : 응", "민지 : 저녁 : 라면")
    assert said("kakao_mobile", log)[::2] == [("지은", "점심 : 김밥"), ("민지", "저녁 : 라면")]


@pytest.mark.parametrize("name", ["이름 : 뒤", "[회사] 지은", "지은] [왕", "🐰토끼🐰"])
def test_odd_names_on_a_pc(name: str) -> None:
    log = f"[{name}] [오전 9:00] 안녕\n"
    assert said("kakao_pc", log) == [(name, "안녕")]


MEDIA_LINES = (
    "사진|사진 3장|동영상|이모티콘|(이모티콘)|삭제된 메시지입니다.|음성메시지|보이스톡 해요"
)
MEDIA_LINES += "|파일: 과제.hwp|IMG_2031.jpg"


@pytest.mark.parametrize("text", MEDIA_LINES.split("|"))
@pytest.mark.parametrize("kind", ["kakao_pc", "kakao_mobile", "kakao_csv"])
def test_pictures_and_the_like_are_counted(kind: str, text: str) -> None:
    logs = {
        "kakao_pc": f"[지은] [오전 9:00] {text}\n",
        "kakao_mobile": phone(f"지은 : {text}"),
        "kakao_csv": f'Date,User,Message\n2026-07-01 09:00:00,지은,"{text}"\n',
    }
    assert read(kind, logs[kind]) == [Unread(MEDIA)]


def test_words_about_pictures_stay() -> None:
    log = phone("지은 : 사진 보내 줘", "민지 : 이모티콘 샀어", "민지 : 동영상 재밌다")
    assert len(said("kakao_mobile", log)) == 3


@pytest.mark.parametrize(
    "line",
    [
        "민지님이 박철수님을 초대했습니다.",
        "박철수님이 들어왔습니다.",
        "박철수님이 나갔습니다.",
        "채팅방 관리자가 메시지를 가렸습니다.",
    ],
)
def test_lines_that_nobody_typed_are_no_messages(line: str) -> None:
    pc = f"[지은] [오전 9:00] 안녕\n{line}\n[민지] [오전 9:01] 응\n"
    assert said("kakao_pc", pc) == [("지은", "안녕"), ("민지", "응")]
    assert reasons("kakao_pc", pc) == [SYSTEM]
    assert reasons("kakao_mobile", phone("지은 : 안녕", line)) == [SYSTEM]


def test_what_stands_before_the_first_message_is_counted() -> None:
    assert reasons("kakao_pc", "이게 뭐지\n[지은] [오전 9:00] 안녕\n[민지] [오전 9:01] \n") == [
        HEADER,
        EMPTY,
    ]


def test_a_message_without_end_is_cut_and_counted() -> None:
    def lines() -> Iterator[str]:
        yield "[지은] [오전 9:00] 안녕"
        yield from ("가" * 100 for _ in range(MOST_CHARACTERS // 50))

    events = list(open_format("kakao_pc").read(lines()))
    message = events[-1]
    assert isinstance(message, Message) and len(message.text) <= MOST_CHARACTERS
    assert Unread(LONG_MESSAGE) in events


def test_a_day_that_is_none_leaves_the_time_unknown() -> None:
    message = read("kakao_mobile", "2026년 13월 40일 오전 9:00, 지은 : 안녕\n")[0]
    assert message == Message("지은", "안녕", None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kakao_csv", "Date,User,Message\n어제,지은,안녕\n"),
        ("kakao_csv", "Date,User,Message\n2026-07-01 09:00:00,지은\n"),
        ("songys", "Q,A,label\n혼자,,0\n"),
        ("dialogues", "{\n"),
        ("dialogues", '{"turns": []}\n'),
        ("dialogues", '{"turns": [3]}\n'),
        ("openai_messages", '{"messages": 3}\n'),
        ("openai_messages", '{"messages": [3]}\n'),
        ("keti_json", '{"a": 1}\n'),
        ("keti_json", "{\n\n"),
        ("keti_text", "괄호도 쌍점도 없는 줄\n"),
    ],
)
def test_a_row_of_another_shape_is_counted(name: str, text: str) -> None:
    assert read(name, text) == [Unread(BROKEN_ROW)]


def test_a_quote_that_is_never_closed_is_counted() -> None:
    text = 'Date,User,Message\n2026-07-01 09:00:00,지은,"열기만\n' + f"{'가' * 5000}\n" * 60
    assert BROKEN_ROW in reasons("kakao_csv", text)


def test_labels_are_moods_and_roles_are_sides() -> None:
    assert read("songys", SAMPLES["songys"]) == [
        Message(USER, SAID[0], mood=1),
        Message(ASSISTANT, SAID[1]),
    ]
    assert read("dialogues", SAMPLES["dialogues"])[0] == Message(USER, SAID[0], mood=1)
    assert reasons("openai_messages", SAMPLES["openai_messages"]) == [ROLES]


def test_a_pair_a_line_is_a_dialogue_a_line() -> None:
    rows = (
        '{"user": "안녕", "reply": "응", "mood": 0}\n{"user": "가", "reply": "잘 가", "mood": 7}\n'
    )
    messages = [m for m in read("dialogues", rows) if isinstance(m, Message)]
    assert [(m.talk, m.mood) for m in messages] == [(0, 0), (0, None), (1, None), (1, None)]


def test_the_numbered_pairs_of_the_emotional_dialogues() -> None:
    talk = {"HS01": "힘들어", "SS01": "무슨 일이에요?", "HS02": "", "SS02": ""}
    text = json.dumps([{"profile": {"age": "20대"}, "talk": {"id": {}, "content": talk}}])
    assert find_format(text) == "keti_json"
    assert said("keti_json", text) == [(USER, "힘들어"), (ASSISTANT, "무슨 일이에요?")]


def test_a_blank_line_or_another_list_begins_a_new_dialogue() -> None:
    text = "A: 안녕\nB: 응\n\nA: 또 왔어\nB: 어서 와\n"
    assert [m.talk for m in read("keti_text", text) if isinstance(m, Message)] == [0, 0, 1, 1]
    one = [{"화자": 1, "발화": "안녕"}, {"화자": 2, "발화": "응"}]
    messages = read("keti_json", json.dumps([one, one], ensure_ascii=False))
    assert [(m.speaker, m.talk) for m in messages if isinstance(m, Message)] == [
        ("1", 1),
        ("2", 1),
        ("1", 2),
        ("2", 2),
    ]
