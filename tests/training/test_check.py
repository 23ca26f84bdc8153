"""`training check` finds what it must, and the dialogues that come with the project pass."""

import json
from pathlib import Path

import pytest

from persona.card import CARDS_FOLDER, load_card
from persona.dialogues import Dialogue
from persona.prompt import Exchange
from training.__main__ import main
from training.check import LEAST_EXCHANGES, check

REPLIES = [f"{n}번은 네가 고른 거야." for n in range(LEAST_EXCHANGES)]


def dialogues(**changed: str) -> list[Dialogue]:
    """Make dialogues that pass, but for the lines that were changed."""
    made = []
    for n, reply in enumerate(REPLIES):
        said = {"user": f"{n}번 골랐어", "reply": reply} | (changed if n == 0 else {})
        made.append(
            Dialogue(f"d{n}", "yuhee", "choice", (Exchange(said["user"], 0, said["reply"]),))
        )
    return made


def violations(found: list[Dialogue]) -> list[str]:
    return check(load_card(CARDS_FOLDER / "yuhee"), found).violations


def test_good_dialogues_pass() -> None:
    assert violations(dialogues()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reply": "안녕하세요, 반가워요."}, "in level"),
        ({"reply": "여기 봐 <sys> 그래"}, "markup"),
        ({"user": "내 번호는 010-1234-5678 이야"}, "telephone"),
        ({"reply": "아주 " * 60 + "길어"}, "longer"),
        ({"user": ""}, "empty"),
    ],
)
def test_each_violation_is_found(changed: dict[str, str], said: str) -> None:
    assert any(said in line for line in violations(dialogues(**changed)))


def test_too_few_repeated_and_double_ids_are_found() -> None:
    same = [Dialogue("d", "yuhee", "t", (Exchange("안녕", 0, "응 왔어"),))] * 20
    found = "\n".join(violations(same))
    assert "at least" in found
    assert "said 20 times" in found
    assert "stands 20 times" in found


def test_the_projects_own_dialogues_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)
    assert set(reports) == {f.name for f in CARDS_FOLDER.iterdir()}
    assert all(r["exchanges"] >= LEAST_EXCHANGES for r in reports.values())


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"id": "a", "topic": "t"}',
        '{"id": "a", "topic": "t", "turns": []}',
        '{"id": "a", "topic": "t", "turns": [{"user": "a", "mood": 3, "reply": "b"}]}',
        '{"id": "a", "topic": "t", "turns": [{"user": "a", "mood": 0}]}',
    ],
)
def test_a_line_that_is_no_dialogue_is_named(
    tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "yuhee"
    (card / "dialogues").mkdir(parents=True)
    source = (CARDS_FOLDER / "yuhee" / "card.toml").read_text(encoding="utf-8")
    (card / "card.toml").write_text(source, encoding="utf-8")
    (card / "dialogues" / "broken.jsonl").write_text(line + "\n", encoding="utf-8")
    assert main(["check", "--cards", str(tmp_path)]) == 1
    assert "broken.jsonl:1" in capsys.readouterr().err
