"""A log goes in, and a persona comes out that training and the page take as it is."""

import json
import random
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from persona.card import CARDS_FOLDER, Card, find_cards
from persona.dialogues import Dialogue, own_dialogues
from persona.prompt import Template
from persona.speech_level import sentence_level, sentences
from training.__main__ import main
from training.check import check
from training.endings import Endings
from training.manner import Manner, card_toml
from training.prepare import folder_name
from training.sft import own_samples

ASKED = [
    "밥 먹었어?",
    "오늘 힘들었어 ㅠㅠ",
    "나 시험 붙었어!!",
    "지은아 뭐 해?",
    "주말에 영화 볼까?",
]
ANSWERED = {
    "banmal": [
        "응 먹었어, 너는?",
        "무슨 일 있었어?",
        "와 축하해, 진짜 잘됐다!",
        "민지야 나 쉬고 있어",
    ],
    "jondaemal": [
        "네, 먹었어요.",
        "무슨 일 있었어요?",
        "와, 정말 축하해요!",
        "민지씨, 저는 쉬고 있어요.",
    ],
}


def phone_log(days: int, level: str = "banmal", seed: int = 7) -> Iterator[str]:
    """Write a log of the given number of days, 20 messages each."""
    chance = random.Random(seed)
    for day in range(days):
        stamp = f"{2000 + day // 300}년 {day // 28 % 12 + 1}월 {day % 28 + 1}일 오후"
        for n in range(10):
            yield f"{stamp} 8:{2 * n:02}, 김민지 : {chance.choice(ASKED)} {day}\n"
            yield f"{stamp} 8:{2 * n + 1:02}, 이지은 : {chance.choice(ANSWERED[level])}\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Give a log of three days."""
    path = tmp_path / "log.txt"
    path.write_text("".join(phone_log(3)), encoding="utf-8")
    return path


def prepare(*sources: Path, out: Path, speaker: str | None = "이지은") -> int:
    named = ["--speaker", speaker] if speaker else []
    return main(["prepare", *map(str, sources), "--out", str(out), *named])


def made(out: Path, name: str = "이지은") -> tuple[Card, list[Dialogue]]:
    return find_cards(out)[name], own_dialogues(out / name)


@pytest.mark.parametrize("level", ["banmal", "jondaemal"])
def test_a_persona_comes_out(tmp_path: Path, endings: Endings, level: str) -> None:
    log = tmp_path / "log.txt"
    log.write_text("".join(phone_log(5, level)), encoding="utf-8")
    assert prepare(log, out=tmp_path / "cards") == 0
    card, dialogues = made(tmp_path / "cards")
    assert (card.name, card.speech_level, len(dialogues)) == ("이지은", level, 5)
    assert {len(d.exchanges) for d in dialogues} == {10}
    assert {e.mood for e in card.examples} == {0, 1, 2}
    for line in (card.greeting, *card.fallbacks):
        assert {sentence_level(s) for s in sentences(line)} <= {level, None}
    found = check(card, dialogues, endings).violations
    assert not [v for v in found if v.startswith(("prepared-", "id "))]


def test_training_and_the_page_take_it(log: Path, tmp_path: Path, template: Template) -> None:
    out = tmp_path / "cards"
    assert prepare(log, out=out) == 0
    taught, held_out = own_samples(template, find_cards(out), 1, 1024)
    assert taught and held_out
    assert "이지은" in find_cards(CARDS_FOLDER, out)


def test_two_dialogues_are_enough_to_learn_and_to_hold_out(
    tmp_path: Path, template: Template
) -> None:
    log, out = tmp_path / "log.txt", tmp_path / "cards"
    log.write_text("".join(phone_log(2)), encoding="utf-8")
    assert prepare(log, out=out) == 0
    taught, held_out = own_samples(template, find_cards(out), 1, 1024)
    assert (len(taught), len(held_out)) == (1, 1)


def test_others_are_hidden_and_she_keeps_her_name(log: Path, tmp_path: Path) -> None:
    assert prepare(log, out=tmp_path / "cards") == 0
    written = "".join(
        f.read_text(encoding="utf-8") for f in (tmp_path / "cards").rglob("*") if f.is_file()
    )
    assert "민지" not in written
    assert "친구야 나 쉬고 있어" in written
    assert "지은아 뭐 해?" in written


def test_all_kinds_in_one_folder_make_one_persona(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "deeper"
    folder.mkdir(parents=True)
    log.rename(folder / "phone.txt")
    (folder / "pairs.csv").write_bytes("Q,A,label\n심심해,나랑 놀자,0\n".encode("cp949"))
    messages = [{"role": r, "content": c} for r, c in (("user", "안녕"), ("assistant", "왔어?"))]
    row = json.dumps({"messages": messages}, ensure_ascii=False)
    (folder / "openai.jsonl").write_text(row, encoding="utf-16")
    (folder / ".hidden.csv").write_text("Q,A\n숨은,말\n", encoding="utf-8")
    assert prepare(folder.parent, folder / "phone.txt", out=tmp_path / "cards") == 0
    _, dialogues = made(tmp_path / "cards")
    assert sorted(len(d.exchanges) for d in dialogues) == [1, 1, 10, 10, 10]


def test_roles_alone_need_no_name(tmp_path: Path) -> None:
    log = tmp_path / "pairs.csv"
    log.write_text(
        "Q,A,label\n심심해,나랑 놀자,0\n헤어졌어,많이 아프겠다,1\n", encoding="utf-8-sig"
    )
    assert prepare(log, out=tmp_path / "cards", speaker=None) == 0
    card, dialogues = made(tmp_path / "cards", "친구")
    assert [d.exchanges[0].mood for d in dialogues] == [0, 1]
    assert prepare(log, out=tmp_path / "cards", speaker="하루") == 0
    assert made(tmp_path / "cards", "하루")[0].name == "하루"
    assert card.title == "내 대화 속 친구"


def test_the_report_counts_everything(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = tmp_path / "more.txt"
    lines = ["사진", "010-1234-5678로 전화해", "가" * 200, "\ufffd깨짐"]
    stamp = "2026. 10. 2. 오후 3:15"
    more.write_text("".join(f"{stamp}, 김민지 : {line}\n" for line in lines), encoding="utf-8")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "prose.txt").write_text("그냥 글.\n", encoding="utf-8")
    assert prepare(tmp_path, out=tmp_path / "cards") == 0
    shown = capsys.readouterr()
    for reason in ("pictures", "beyond 120", "undecodable", "no text", "no known", "no reply"):
        line = next(line for line in shown.out.splitlines() if reason in line)
        assert line.split()[0] == "1", line
    assert "전화번호" in shown.out
    assert "100%" in shown.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"2026. 10. 2. \xec\x98\xa4\xed\x9b\x84 3:15, A : hi\n", "Name a log with both sides"),
        (bytes(5000), "files that are no text"),
        (random.Random(7).randbytes(5000), "files that are no text"),
        (b"", "empty files"),
        ("그냥 글이다.\n".encode(), "no known chat format"),
        ("A: 안녕\nB: 응\n".encode(), "Too little to learn from"),
        ("A: 안녕\nB: \n".encode(), "no known chat format"),
    ],
)
def test_what_nothing_can_be_made_of_is_a_sentence(
    tmp_path: Path, content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "log.txt").write_bytes(content)
    out = tmp_path / "cards"
    assert prepare(tmp_path / "logs", out=out, speaker="A") == 1
    assert said in capsys.readouterr().err
    assert not out.exists() or not list(out.iterdir())


def test_an_empty_folder_and_one_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(tmp_path, out=tmp_path / "cards") == 1
    assert prepare(tmp_path / "no", out=tmp_path / "cards") == 1
    shown = capsys.readouterr().err
    assert "no chat that can be read" in shown
    assert "check the path" in shown


@pytest.mark.parametrize("speaker", [None, "박철수"])
def test_who_she_is_has_to_be_said(
    log: Path, tmp_path: Path, speaker: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(log, out=tmp_path / "cards", speaker=speaker) == 1
    assert "김민지 (30), 이지은 (30)" in capsys.readouterr().err


def test_a_persona_that_is_there_is_left_alone(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "cards" / "이지은"
    mine.mkdir(parents=True)
    (mine / "card.toml").write_text("mine", encoding="utf-8")
    assert prepare(log, out=tmp_path / "cards") == 1
    assert "left alone" in capsys.readouterr().err
    assert (mine / "card.toml").read_text(encoding="utf-8") == "mine"
    assert [f.name for f in mine.parent.iterdir()] == ["이지은"]


@pytest.mark.parametrize(
    ("speaker", "folder"),
    [("이지은", "이지은"), ("지은 : 회사/../🐰", "지은-회사"), ("..", "persona"), ("_a.", "a")],
)
def test_a_folder_name_is_safe(speaker: str, folder: str) -> None:
    assert folder_name(speaker) == folder


def test_any_name_is_written_so_that_the_card_opens(tmp_path: Path) -> None:
    name = 'a"b\\c 🐰 = [x]'
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "card.toml").write_text(card_toml(name, "줄\n바꿈", Manner()), "utf-8")
    assert find_cards(tmp_path)["x"].name == name


def test_time_grows_with_the_log_and_memory_does_not(tmp_path: Path) -> None:
    """A log four times as long takes about four times the work, in the same memory."""
    work, memory = {}, {}
    for days in (25, 100, 200, 800):
        log = tmp_path / f"{days}.txt"
        with log.open("w", encoding="utf-8") as file:
            file.writelines(phone_log(days))
        if days < 200:
            tracemalloc.start()
            assert prepare(log, out=tmp_path / f"traced{days}") == 0
            memory[days] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        if days > 100:
            start = time.process_time()
            assert prepare(log, out=tmp_path / f"cards{days}") == 0
            work[days] = time.process_time() - start
    assert memory[100] < memory[25] + 300_000
    assert work[800] < work[200] * 8


def test_generated_logs_come_out_whole(tmp_path: Path) -> None:
    """Over many small logs: every reply in the file is hers, and words keep their order."""
    for seed in range(20):
        chance = random.Random(seed)
        said, lines, minute = Counter[str](), [], 0
        for n in range(chance.randint(100, 160)):
            speaker = chance.choice(["이지은", "김민지", "박하늘"])
            minute += 400 if chance.random() < 0.1 else 1
            text = f"{chance.choice('가나다라')}{n}번째 말"
            said[text] = speaker == "이지은"
            clock = f"오{'전후'[minute // 720 % 2]} {minute // 60 % 12 or 12}:{minute % 60:02}"
            if minute // 1440 != (minute - 1) // 1440 or n == 0:
                lines.append(f"--------------- 2026년 7월 {1 + minute // 1440}일 ---------------")
            lines.append(f"[{speaker}] [{clock}] {text}")
        log, out = tmp_path / f"{seed}.txt", tmp_path / f"cards{seed}"
        log.write_text("\r\n".join(lines), encoding=chance.choice(["utf-8-sig", "cp949", "utf-16"]))
        assert prepare(log, out=out) == 0
        numbers = []
        for exchange in (e for d in made(out)[1] for e in d.exchanges):
            for words, hers in ((exchange.user, 0), (exchange.reply, 1)):
                texts = [f"{t} 말" for t in words.split(" 말") if t]
                texts = [t.strip() for t in texts]
                assert all(said[t] == hers for t in texts)
                numbers += [int(t[1:].split("번")[0]) for t in texts]
        assert numbers == sorted(set(numbers))
