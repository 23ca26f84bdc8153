"""From transcripts to a blind sheet, and from verdicts to shares: nothing made up, nothing lost."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import sheets, transcripts, verdicts
from bench.__main__ import main
from bench.errors import BenchError
from bench.models import checkpoint_hash
from bench.scripted import Visitor
from bench.talks import GENERATION, STUDENT, SYSTEMS, WHOLE
from tests.bench.fake_talker import FakeTalker

HASHES = {STUDENT: "s", GENERATION: "h", WHOLE: "h"}
SCRIPTS = [Visitor(f"{n:03}", "t", 0, (f"{n}가", f"{n}나", f"{n}다")) for n in range(4)]
NULLS = {
    "ssa": dict.fromkeys(SYSTEMS),
    "ssa_sensible": dict.fromkeys(SYSTEMS),
    "judges": 0,
    "judges_agree": None,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for system, hashed in HASHES.items():
        write(tmp_path, system, hashed)
    return tmp_path


def write(folder: Path, system: str, hashed: str, scripts: list[Visitor] = SCRIPTS) -> None:
    her = FakeTalker(lambda system, line, mood: f"{system} {line}")
    rows = list(transcripts.transcribe(her, system, hashed, scripts))
    transcripts.write_rows(folder / f"{system}.jsonl", rows)


def judge(folder: Path, name: str, says: Callable[[str, int], tuple[int, int]]) -> None:
    """Judge every item by its system and its number."""
    items = read_key(folder)["items"]
    said = {item: says(place["system"], int(item)) for item, place in items.items()}
    rows = [
        {"item": item, "sensible": sensible, "specific": specific, "judge": name}
        for item, (sensible, specific) in said.items()
    ]
    transcripts.write_rows(folder / f"verdicts-{name}.jsonl", rows)


def read_key(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = json.loads((folder / "key.json").read_text())
    return found


def test_a_transcript_has_each_turn_with_its_checkpoint() -> None:
    her = FakeTalker()
    rows = list(transcripts.transcribe(her, WHOLE, "h", SCRIPTS[:2]))
    assert rows[1] == {
        "system": WHOLE,
        "conversation": "000",
        "turn": 2,
        "user": "0나",
        "reply": "0나구나",
        "origin": "generated",
        "checkpoint": "h",
    }
    assert [seed for _, _, seed, _ in her.asked] == [7, 107]
    assert len(rows) == 6


def test_a_folder_that_is_not_there_is_said_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "none" / "x.jsonl"
    assert main(["transcripts", "--system", WHOLE, "--out", str(out)]) == 1
    assert "make it first" in capsys.readouterr().err


def test_the_sheet_is_blind_shuffled_and_fair(folder: Path) -> None:
    assert sheets.make(folder, replies=6) == 18
    text = (folder / "sheet.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert [set(row) for row in rows] == [{"item", "before", "user", "reply"}] * 18
    items = read_key(folder)["items"]
    order = [items[row["item"]]["system"] for row in rows]
    assert Counter(order) == dict.fromkeys(SYSTEMS, 6)
    assert order != sorted(order)
    places = {
        system: {(p["conversation"], p["turn"]) for p in items.values() if p["system"] == system}
        for system in SYSTEMS
    }
    assert places[STUDENT] == places[GENERATION] == places[WHOLE]
    assert len({conversation for conversation, _ in places[WHOLE]}) == 4
    for row in rows:
        place = items[row["item"]]
        assert row["reply"] == f"{place['system']} {row['user']}"
        assert len(row["before"]) == int(place["turn"]) - 1


def test_the_same_transcripts_give_the_same_sheet(folder: Path) -> None:
    sheets.make(folder, replies=6)
    first = (folder / "sheet.jsonl").read_bytes()
    sheets.make(folder, replies=6)
    assert (folder / "sheet.jsonl").read_bytes() == first


def test_a_sheet_that_was_judged_is_not_overwritten(folder: Path) -> None:
    sheets.make(folder, replies=6)
    judge(folder, "one", lambda system, number: (1, 1))
    with pytest.raises(BenchError, match="verdicts"):
        sheets.make(folder, replies=6)


def test_transcripts_that_cannot_be_compared_make_no_sheet(folder: Path) -> None:
    with pytest.raises(BenchError, match="Too few replies"):
        sheets.make(folder, replies=13)
    write(folder, STUDENT, "h")
    with pytest.raises(BenchError, match="student is of another"):
        sheets.make(folder, replies=6)
    write(folder, STUDENT, "s", SCRIPTS[:1])
    with pytest.raises(BenchError, match="missing there or too short"):
        sheets.make(folder, replies=6)
    write(folder, GENERATION, "old")
    with pytest.raises(BenchError, match="are of one checkpoint"):
        sheets.make(folder, replies=6)
    (folder / "whole.jsonl").write_bytes((folder / "generation.jsonl").read_bytes())
    with pytest.raises(BenchError, match="no row of whole"):
        sheets.make(folder, replies=6)
    (folder / "whole.jsonl").write_text("[1]\n")
    with pytest.raises(BenchError, match=r"whole\.jsonl:1"):
        sheets.make(folder, replies=6)
    (folder / "whole.jsonl").unlink()
    with pytest.raises(BenchError, match="cannot be read"):
        sheets.make(folder, replies=6)


def test_two_judges_are_counted_into_shares(folder: Path) -> None:
    sheets.make(folder, replies=4)
    # The whole: all sensible, half specific by the first judge; specific without sensible is 0.
    first = {STUDENT: (0, 1), GENERATION: (1, 0), WHOLE: (1, 1)}
    second = {STUDENT: (0, 0), GENERATION: (0, 0), WHOLE: (1, 0)}
    judge(folder, "first", lambda system, number: first[system])
    judge(folder, "second", lambda system, number: second[system])
    found = verdicts.count("h", folder)
    assert found["ssa"] == {STUDENT: 0.0, GENERATION: 0.25, WHOLE: 0.75}
    assert found["ssa_sensible"] == {STUDENT: 0.0, GENERATION: 0.5, WHOLE: 1.0}
    assert found["judges"] == 2
    assert found["judges_agree"]["sensible"]["alike"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["judges_agree"]["specific"] == {"alike": 0.3333, "kappa": 0.0}


def test_kappa_is_one_for_the_same_verdicts_and_below_none_for_opposite_ones() -> None:
    one = {"1": (1, 1), "2": (0, 1)}
    assert verdicts.agreement([one, one])["sensible"] == {"alike": 1.0, "kappa": 1.0}
    assert verdicts.agreement([one, one])["specific"] == {"alike": 1.0, "kappa": 1.0}
    other = {"1": (0, 1), "2": (1, 1)}
    assert verdicts.agreement([one, other])["sensible"] == {"alike": 0.0, "kappa": -1.0}


def test_without_a_sheet_two_judges_or_this_checkpoint_all_is_null(folder: Path) -> None:
    assert verdicts.count("h", folder) == NULLS
    sheets.make(folder, replies=4)
    judge(folder, "one", lambda system, number: (1, 1))
    assert verdicts.count("h", folder) == NULLS
    judge(folder, "two", lambda system, number: (1, 1))
    assert verdicts.count("h", folder)["ssa"][WHOLE] == 1.0
    assert verdicts.count("another", folder) == NULLS


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"item": "999", "sensible": 1, "specific": 1, "judge": "j"}', "has an item"),
        ('{"item": "001", "sensible": 2, "specific": 1, "judge": "j"}', "0 or 1"),
        ('{"item": "001", "sensible": true, "specific": 1, "judge": "j"}', "0 or 1"),
        ('{"item": "001", "sensible": 1, "judge": "j"}', "has an item"),
        ('{"item": ["001"], "sensible": 1, "specific": 1, "judge": "j"}', "has an item"),
        ("sensible", "no JSON object"),
        ('{"item": "001", "sensible": 1, "specific": 1, "judge": "j"}\n' * 2, "Judged twice"),
        ('{"item": "001", "sensible": 1, "specific": 1, "judge": "j"}', "not judged all"),
    ],
)
def test_a_wrong_verdict_is_a_sentence(folder: Path, row: str, said: str) -> None:
    sheets.make(folder, replies=4)
    (folder / "verdicts-j.jsonl").write_text(row + "\n")
    with pytest.raises(BenchError, match=said):
        verdicts.count("h", folder)


def test_the_hash_changes_with_weights_and_not_with_the_model_card(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"1")
    (tmp_path / "config.json").write_text("{}")
    before = checkpoint_hash(tmp_path)
    (tmp_path / "README.md").write_text("card")
    assert checkpoint_hash(tmp_path) == before
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert checkpoint_hash(tmp_path) != before


def test_a_key_that_cannot_be_read_is_a_sentence(folder: Path) -> None:
    for text in ("{", "[]", '{"items": {"001": 1}}'):
        (folder / "key.json").write_text(text)
        with pytest.raises(BenchError, match="key cannot be read"):
            verdicts.count("h", folder)
