"""Makes the blind sheet that judges read, and the key that only the count reads."""

import argparse
import json
import random
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.talks import GENERATION, STUDENT, SYSTEMS, WHOLE
from bench.transcripts import write_rows
from bench.verdicts import FOLDER, KEY_FILE, SHEET_FILE, VERDICTS, read_rows

REPLIES = 100
SEED = 7

Talks = dict[str, list[dict[str, Any]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes: nothing, as everything lies in one folder."""


def run(arguments: argparse.Namespace) -> None:
    """Make both files from the transcripts."""
    items = make(FOLDER)
    print(f"{items} replies to judge -> {FOLDER / SHEET_FILE}")


def make(folder: Path, replies: int = REPLIES) -> int:
    """Draw so many replies of each system, shuffle them, and write sheet and key.

    All systems are judged at the same places of the same scripts, so that none has it easier;
    the places are spread over conversations and turns.
    """
    if any(folder.glob(VERDICTS)):
        raise BenchError(
            f"{folder} 에 이 심사지에 대한 판정({VERDICTS})이 있어요. 새로 만들려면 먼저 옮겨 "
            "주세요. (There are verdicts on the sheet that is there; move them away first.)"
        )
    talks = {system: read_transcript(folder / f"{system}.jsonl", system) for system in SYSTEMS}
    checkpoints = read_checkpoints(talks)
    draw = random.Random(SEED)
    places = draw_places(talks[WHOLE], replies, draw)
    drawn = [(system, *place) for system in SYSTEMS for place in places]
    draw.shuffle(drawn)
    sheet, key = [], {}
    for number, (system, conversation, turn) in enumerate(drawn, 1):
        item = f"{number:03}"
        sheet.append({"item": item, **shown(talks, system, conversation, turn)})
        key[item] = {"system": system, "conversation": conversation, "turn": turn}
    write_rows(folder / SHEET_FILE, sheet)
    text = json.dumps({"checkpoints": checkpoints, "items": key}, indent=1)
    (folder / KEY_FILE).write_text(text + "\n", encoding="utf-8")
    return len(sheet)


def shown(talks: dict[str, Talks], system: str, conversation: str, turn: int) -> dict[str, Any]:
    """Give what a judge sees of a turn: the conversation before it, the line and the reply."""
    rows = talks[system].get(conversation, [])[:turn]
    if len(rows) < turn:
        raise BenchError(
            f"{system}.jsonl 에 {conversation} 대화가 없거나 짧아요. 다른 것들처럼 다시 만들어 "
            f"주세요. (Conversation {conversation} is missing there or too short; make it again.)"
        )
    *before, last = rows
    earlier = [[row["user"], row["reply"]] for row in before]
    return {"before": earlier, "user": last["user"], "reply": last["reply"]}


def draw_places(talks: Talks, replies: int, draw: random.Random) -> list[tuple[str, int]]:
    """Give conversations and turns: each conversation once before any is twice, turns in turn."""
    order = sorted(talks)
    draw.shuffle(order)
    lengths = {name: len(rows) for name, rows in talks.items()}
    rounds = range(max(lengths.values(), default=0))
    places = [
        (name, (n + later) % lengths[name] + 1) for later in rounds for n, name in enumerate(order)
    ]
    unlike = list(dict.fromkeys(places))
    if len(unlike) < replies:
        raise BenchError(
            f"대화록에 답이 {len(unlike)}개뿐이라 {replies}개를 뽑을 수 없어요. "
            "`python -m bench transcripts`로 다시 만들어 주세요. "
            "(Too few replies in the transcripts; make them again.)"
        )
    return unlike[:replies]


def read_transcript(path: Path, system: str) -> Talks:
    """Give the rows of each conversation of a transcript, in order."""
    talks: Talks = {}
    for place, row in read_rows(path, f"python -m bench transcripts --system {system}"):
        if row.get("system") != system:
            raise BenchError(
                f"{place}: {system}의 대화가 아니에요. 파일 이름을 확인해 주세요. "
                f"(This is no row of {system}; is the file named after its system?)"
            )
        talks.setdefault(row["conversation"], []).append(row)
    return talks


def read_checkpoints(talks: dict[str, Talks]) -> dict[str, str]:
    """Give each system's checkpoint: one for the whole and generation, the student's another."""
    found = {}
    for system, conversations in talks.items():
        hashes = {row["checkpoint"] for rows in conversations.values() for row in rows}
        if len(hashes) != 1:
            raise BenchError(
                f"{system}.jsonl 에 체크포인트가 {len(hashes)}개예요. 하나로 다시 만들어 주세요. "
                "(A transcript is of exactly one checkpoint; make it again with one.)"
            )
        found[system] = str(hashes.pop())
    if found[GENERATION] != found[WHOLE] or found[STUDENT] == found[WHOLE]:
        raise BenchError(
            "generation과 whole은 같은 체크포인트로, student는 학생 방식으로 학습한 다른 "
            "체크포인트로 만들어 주세요. (generation and whole are of one checkpoint, and student "
            "is of another, trained by the student recipe.)"
        )
    return found
