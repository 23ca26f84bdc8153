"""`training check` finds what it must, and the dialogues that come with the project pass."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona.card import CARDS_FOLDER, load_card
from persona.dialogues import Dialogue
from persona.prompt import Exchange
from persona.reactions import Reaction
from training.__main__ import main
from training.check import PROMISES, Promise, check
from training.endings import Endings
from training.split import held_out_ids

REPLIES = (
    "우산은 현관에 두고 왔어.",
    "그 식당 국물이 그렇게 시원하다며?",
    "내일 시험이면 지금은 자자.",
    "형이 먼저 사과했구나.",
    "파란 화분부터 물 줘.",
    "버스 세 대를 보내고 탔네.",
    "고양이가 상자만 좋아하지?",
    "사진 속 네 표정이 다 말했어.",
    "월요일 얘기는 월요일에 하자.",
    "그럼 노래는 내가 고를게.",
)


def dialogues(**changed: str) -> list[Dialogue]:
    """Make dialogues that pass, but for the lines that were changed."""
    made = []
    for n, reply in enumerate(REPLIES):
        said = {"user": f"{n}번 골랐어", "reply": reply} | (changed if n == 0 else {})
        made.append(
            Dialogue(f"d{n}", "yuhee", "choice", (Exchange(said["user"], n % 3, said["reply"]),))
        )
    return made


def violations(
    found: list[Dialogue], endings: Endings, promise: Promise | None = None
) -> list[str]:
    return check(load_card(CARDS_FOLDER / "yuhee"), found, endings, promise).violations


def test_a_small_persona_passes(endings: Endings) -> None:
    assert violations(dialogues(), endings) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reply": "안녕하세요, 반가워요."}, "keep banmal"),
        ({"reply": "여기 봐 <sys> 그래"}, "markup"),
        ({"user": "내 번호는 010-1234-5678 이야"}, "telephone"),
        ({"reply": "나도 사람이야."}, "human"),
        ({"reply": "아주 " * 60 + "길어"}, "longer"),
        ({"user": ""}, "empty"),
    ],
)
def test_each_violation_is_found(changed: dict[str, str], said: str, endings: Endings) -> None:
    found = violations(dialogues(**changed), endings)
    assert any(said in line for line in found)
    assert len(found) == 1


def test_near_copies_and_double_ids_are_found(endings: Endings) -> None:
    found = "\n".join(violations([*dialogues(), *dialogues()], endings))
    assert f"nearly the same replies: {REPLIES[3]!r} and {REPLIES[3]!r}" in found
    assert "id 'd3' stands 2 times" in found
    assert "nearly the same dialogues: 'd3' and 'd3'" in found


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"say": ("천천히 오세요, 기다릴게요.",)}, "keep banmal"),
        ({"when": ("버스 기다려", "아주 " * 60 + "기다려")}, "longer"),
        ({"say": ("나도 사람이야.",)}, "human"),
        ({"id": "d3"}, "id 'd3' stands 2 times"),
    ],
)
def test_reactions_are_held_to_the_same(
    changed: dict[str, Any], said: str, endings: Endings
) -> None:
    card = load_card(CARDS_FOLDER / "yuhee")
    good = Reaction("r", 0, ("버스 기다려", "줄 서 있어"), ("기다릴 때는 시계가 느려진다며.",))
    assert check(card, dialogues(), endings, None, [good]).violations == []
    found = check(card, dialogues(), endings, None, [replace(good, **changed)]).violations
    assert len(found) == 1 and said in found[0]


def test_a_reaction_near_a_reply_that_is_held_out_is_named(endings: Endings) -> None:
    (kept,) = [d for d in dialogues() if d.id in held_out_ids(dialogues())]
    near = kept.exchanges[0].reply.replace(".", "~")
    card = load_card(CARDS_FOLDER / "yuhee")
    reactions = [Reaction("r", 0, ("버스 기다려",), (near,))]
    assert check(card, dialogues(), endings, None, reactions).violations[-1] == (
        f"r: near a reply that is held out: {near!r}"
    )


def test_a_persona_without_dialogues_is_told_where_they_go(endings: Endings) -> None:
    assert violations([], endings) == ["no dialogues; put them in yuhee/dialogues/*.jsonl"]


@pytest.mark.parametrize(
    ("promise", "said"),
    [
        (Promise(11, 10, 1, range(1, 2)), ["10 exchanges; at least 11 are promised"]),
        (Promise(10, 11, 1, range(1, 2)), ["10 dialogues; at least 11 are promised"]),
        (Promise(10, 10, 2, range(1, 2)), ["1 topics; at least 2 are promised"]),
        (Promise(10, 10, 1, range(2, 4)), [f"d{n} has 1 exchanges, not 2 to 3" for n in range(10)]),
        (Promise(10, 10, 1, range(1, 2)), []),
    ],
)
def test_a_promise_that_is_not_kept_is_named(
    promise: Promise, said: list[str], endings: Endings
) -> None:
    assert violations(dialogues(), endings, promise) == said


def test_a_promised_topic_is_in_all_moods(endings: Endings) -> None:
    without_glad = [d for d in dialogues() if d.exchanges[0].mood != 2]
    found = violations(without_glad, endings, Promise(1, 1, 1, range(1, 2)))
    assert found == ["topic 'choice' has no line in mood 2"]


def test_the_projects_own_dialogues_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)
    assert set(reports) == {f.name for f in CARDS_FOLDER.iterdir()} == set(PROMISES)
    for report in reports.values():
        assert report["exchanges"] == sum(map(sum, report["topics"].values()))
        assert report["near_copies"].keys() == {"replies", "dialogues"}
        assert report["held_out"]["topics_on_both_sides"] == len(report["topics"])


def test_a_visitors_persona_is_held_to_no_promise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "yuhee"
    (card / "dialogues").mkdir(parents=True)
    source = (CARDS_FOLDER / "yuhee" / "card.toml").read_text(encoding="utf-8")
    (card / "card.toml").write_text(source, encoding="utf-8")
    turns = [{"user": "나 왔어", "mood": 0, "reply": "왔구나, 앉아."}]
    line = json.dumps({"id": "a", "topic": "t", "turns": turns}, ensure_ascii=False)
    (card / "dialogues" / "own.jsonl").write_text(line + "\n", encoding="utf-8")
    assert main(["check", "--cards", str(tmp_path)]) == 0
    assert "yuhee: 1 exchanges in 1 dialogues" in capsys.readouterr().out
    assert main(["check", "--cards", str(tmp_path), "--persona", "nobody"]) == 1
    assert "no persona 'nobody'; there are: yuhee" in capsys.readouterr().err


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
