"""Counts what the judges said of the blind sheet: sensible, specific, and how much they agree."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.talks import SYSTEMS, WHOLE

FOLDER = Path(__file__).parent / "judgements"
SHEET_FILE = "sheet.jsonl"
KEY_FILE = "key.json"
VERDICTS = "verdicts-*.jsonl"
LEAST_JUDGES = 2
ASKED = ("sensible", "specific")

# What one judge said: item to (sensible, specific).
Verdicts = dict[str, tuple[int, int]]


def count(hashed: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Give SSA and the sensible share of each system, and the agreement of the judges.

    All is null until two judges have judged replies of this very checkpoint.
    """
    unknown = dict.fromkeys(SYSTEMS)
    nothing = {"ssa": unknown, "ssa_sensible": unknown, "judges": 0, "judges_agree": None}
    if not (folder / KEY_FILE).exists():
        return nothing
    checkpoint, systems = read_key(folder / KEY_FILE)
    if checkpoint != hashed:
        return nothing
    judges = read_verdicts(folder, set(systems))
    if len(judges) < LEAST_JUDGES:
        return nothing
    shares = {system: shares_of(system, systems, judges.values()) for system in SYSTEMS}
    return {
        "ssa": {system: round(sum(both) / 2, 4) for system, both in shares.items()},
        "ssa_sensible": {system: round(both[0], 4) for system, both in shares.items()},
        "judges": len(judges),
        "judges_agree": agreement(list(judges.values())),
    }


def shares_of(
    system: str, systems: dict[str, str], judges: Iterable[Verdicts]
) -> tuple[float, float]:
    """Give the sensible and the specific share of a system's replies over all judges.

    What makes no sense is not specific, whatever a judge wrote.
    """
    said = [v for judge in judges for item, v in judge.items() if systems[item] == system]
    sensible = sum(s for s, _ in said)
    specific = sum(s and p for s, p in said)
    return sensible / max(1, len(said)), specific / max(1, len(said))


def agreement(judges: Sequence[Verdicts]) -> dict[str, dict[str, float]]:
    """Give for each question the share judged alike, and Cohen's kappa, which leaves out luck."""
    found = {}
    for place, name in enumerate(ASKED):
        alike, kappas = [], []
        for one, other in combinations(judges, 2):
            pairs = [(one[item][place], other[item][place]) for item in sorted(one)]
            same = sum(a == b for a, b in pairs) / len(pairs)
            yes = [sum(side) / len(pairs) for side in zip(*pairs, strict=True)]
            luck = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
            alike.append(same)
            kappas.append(1.0 if luck == 1 else (same - luck) / (1 - luck))
        found[name] = {
            "alike": round(sum(alike) / len(alike), 4),
            "kappa": round(sum(kappas) / len(kappas), 4),
        }
    return found


def read_key(path: Path) -> tuple[str, dict[str, str]]:
    """Give the checkpoint that was judged, and for each item whose reply it is."""
    try:
        key = json.loads(path.read_text(encoding="utf-8"))
        systems = {item: str(place["system"]) for item, place in key["items"].items()}
        return str(key["checkpoints"][WHOLE]), systems
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(
            f"{path} 파일을 읽을 수 없어요. 판정을 옮겨 두고 `python -m bench sheets`로 다시 "
            "만들어 주세요. (The key cannot be read; make sheet and key again with `bench sheets`.)"
        ) from error


def read_verdicts(folder: Path, items: set[str]) -> dict[str, Verdicts]:
    """Give each judge's verdicts; a judge who left an item out is an error, as is a wrong row."""
    judges: dict[str, Verdicts] = {}
    for path in sorted(folder.glob(VERDICTS)):
        for place, row in read_rows(path, "the judge"):
            if not _is_verdict(row, items):
                raise BenchError(
                    f"{place}: item(심사지에 있는 것), sensible과 specific(0이나 1), judge(이름)가 "
                    "있어야 해요. (A verdict has an item of the sheet, sensible and specific as 0 "
                    "or 1, and the judge's name.)"
                )
            said = judges.setdefault(row["judge"], {})
            if row["item"] in said:
                raise BenchError(
                    f"{place}: {row['judge']} 님이 {row['item']}번을 두 번 판정했어요. 하나만 남겨 "
                    "주세요. (Judged twice by the same judge; keep one.)"
                )
            said[row["item"]] = (row["sensible"], row["specific"])
    for judge, said in judges.items():
        if items - said.keys():
            raise BenchError(
                f"{judge} 님의 판정에 {min(items - said.keys())}번을 비롯해 "
                f"{len(items - said.keys())}개가 빠졌어요. 마저 채워 주세요. "
                f"({judge} has not judged all items yet.)"
            )
    return judges


def _is_verdict(row: dict[str, Any], items: set[str]) -> bool:
    return (
        set(row) == {"item", "judge", *ASKED}
        and isinstance(row["item"], str)
        and isinstance(row["judge"], str)
        and row["item"] in items
        and all(type(row[name]) is int and row[name] in (0, 1) for name in ASKED)
    )


def read_rows(path: Path, maker: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each object of JSON lines with its place; `maker` is who makes the file anew."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(
            f"{path} 파일을 읽을 수 없어요. 만드는 쪽: {maker}. "
            f"(The file cannot be read; it is made by: {maker}.)"
        ) from error
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise BenchError(
                f"{path}:{number} 줄이 JSON 객체가 아니에요. 그 줄을 고쳐 주세요. "
                "(This line is no JSON object; mend it.)"
            )
        yield f"{path}:{number}", row
