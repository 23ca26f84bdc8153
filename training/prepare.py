"""Makes a persona of a visitor's own chats: a card, and dialogues to train on."""

import argparse
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tqdm import tqdm

from persona.checkpoint import CHECKPOINTS_FOLDER
from persona.mood import MoodReader
from persona.text import clean, is_blank
from training.errors import TrainingError
from training.logfile import LogFile, NotTextError
from training.logs import find_format, open_format
from training.manner import Manner, card_toml
from training.messages import (
    ASSISTANT,
    BROKEN_TEXT,
    EMPTY,
    LONG_LINE,
    USER,
    Format,
    Message,
    Unread,
)
from training.privacy import NAME, Veil
from training.talks import Line, dialogues

TITLE = "내 대화 속 친구"
MOODS_OF = CHECKPOINTS_FOLDER / "jjinchin"
LEAST_DIALOGUES = 2
UNKNOWN = "아는 대화 형식이 아닌 파일 (files of no known chat format)"
UNREADABLE = "열 수 없는 파일 (files that cannot be opened)"
_MOST_LISTED = 15
_STEP = 1000
_NO_FOLDER_NAME = re.compile(r"[^\w-]+")


@dataclass(slots=True)
class Log:
    """A file, and how it is read."""

    file: LogFile
    format: Format


Heard = tuple[Log, Message]
# The few names of a log stand in each of its lines.
_clean_name = lru_cache(maxsize=1 << 12)(clean)


@dataclass(slots=True)
class Result:
    """What was made, and what was left out by reason."""

    left_out: Counter[str]
    dialogues: int = 0
    exchanges: int = 0
    manner: Manner = field(default_factory=Manner)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help="files and folders")
    parser.add_argument("--speaker", help="who in the chats becomes the persona")
    parser.add_argument("--out", type=Path, required=True, help="folder of personas to write into")
    parser.add_argument("--title", default=TITLE, help="what the card says of her")


def run(arguments: argparse.Namespace) -> int:
    """Read the logs twice (who speaks, then what is said) and write the persona's folder."""
    left_out: Counter[str] = Counter()
    logs = list(_open_logs(arguments.sources, left_out))
    if not logs:
        raise TrainingError(
            "읽을 수 있는 대화가 없어요. 카카오톡 내보내기(txt, csv)나 Q,A,label CSV, 대화 JSON을 "
            "적어 주세요. (There is no chat that can be read; name KakaoTalk exports, CSV of "
            f"Q,A,label, or JSON dialogues.)\n{_table(left_out)}"
        )
    if arguments.speaker:
        _check_free(arguments.out, arguments.speaker)
    heard = _messages(logs, Counter(), "1/2 누가 (who speaks)")
    speakers = Counter(message.speaker for _, message in heard)
    name = choose_speaker(speakers, arguments.speaker)
    folder = _check_free(arguments.out, name)
    veil = Veil(set(speakers) - {name, USER, ASSISTANT})
    result = Result(left_out)
    heard = _messages(logs, left_out, "2/2 무슨 말을 (what is said)")
    lines = _lines(heard, {name, ASSISTANT}, veil, left_out)
    _write(folder, name, clean(arguments.title) or TITLE, result, lines)
    _show(result, speakers, veil, arguments.out, folder)
    return 0


def choose_speaker(speakers: Counter[str], wanted: str | None) -> str:
    """Give who becomes the persona, or ask: a persona needs to be named, and to be answered."""
    people = {s: n for s, n in speakers.items() if s not in (USER, ASSISTANT)}
    listed = [f"{who} ({n:,})" for who, n in speakers.most_common(_MOST_LISTED)]
    if len(speakers) > _MOST_LISTED:
        listed.append(f"… +{len(speakers) - _MOST_LISTED}")
    heard = ", ".join(listed)
    if len(speakers) < 2:
        raise TrainingError(
            f"두 사람이 나눈 대화가 필요한데, 말한 사람이 {heard or '없음'}뿐이에요. "
            f"상대의 말도 든 파일을 적어 주세요. (A dialogue needs two who "
            f"speak; here: {heard or 'nobody'}. Name a log with both sides.)"
        )
    if wanted is None and people:
        raise TrainingError(
            f"누구를 닮은 캐릭터로 만들까요? --speaker 이름 을 적어 주세요: {heard}. "
            f"(Who becomes the persona? Name one with --speaker; these speak, with "
            f"the number of their messages: {heard}.)"
        )
    wanted = clean(wanted or NAME)
    if people and wanted not in people:
        raise TrainingError(
            f"{wanted!r} 이라는 사람은 이 대화에 없어요. --speaker 에 이 가운데 하나를 적어 "
            f"주세요: {heard}. (Nobody of that name speaks; give --speaker one of these: {heard}.)"
        )
    return wanted


def folder_name(speaker: str) -> str:
    """Give a name that any file system takes, and that is no hidden folder."""
    return _NO_FOLDER_NAME.sub("-", speaker).strip("-_")[:60] or "persona"


def _open_logs(sources: list[Path], left_out: Counter[str]) -> Iterator[Log]:
    """Open each file once, whatever is named; what is no chat is counted."""
    seen = set()
    for source in sources:
        if not source.exists():
            raise TrainingError(
                f"{source} 파일이나 폴더가 없어요. 경로를 확인해 주세요. "
                "(There is no such file or folder; check the path.)"
            )
        found = sorted(source.rglob("*")) if source.is_dir() else [source]
        for path in found:
            hidden = any(part.startswith(".") for part in path.relative_to(source).parts)
            if hidden or not path.is_file() or path.resolve() in seen:
                continue
            seen.add(path.resolve())
            try:
                file = LogFile(path)
            except NotTextError as reason:
                left_out[str(reason)] += 1
                continue
            except OSError:
                left_out[UNREADABLE] += 1
                continue
            kind = find_format(file.head())
            if kind is None:
                left_out[UNKNOWN] += 1
            else:
                yield Log(file, open_format(kind))


def _messages(logs: list[Log], left_out: Counter[str], doing: str) -> Iterator[Heard]:
    """Give all messages with the log they are from, and count what became none."""
    total, done = sum(log.file.size for log in logs), 0
    with tqdm(total=total, unit="B", unit_scale=True, desc=doing) as bar:
        for log in logs:
            for number, event in enumerate(log.format.read(log.file)):
                if number % _STEP == 0:
                    bar.update(done + log.file.position - bar.n)
                if isinstance(event, Unread):
                    left_out[event.reason] += 1
                elif "\ufffd" in event.text or "\ufffd" in event.speaker:
                    left_out[BROKEN_TEXT] += 1
                else:
                    yield log, event._replace(speaker=_clean_name(event.speaker))
            left_out[LONG_LINE] += log.file.long_lines
            done += log.file.size
            bar.update(done - bar.n)


def _lines(
    heard: Iterator[Heard], hers: set[str], veil: Veil, left_out: Counter[str]
) -> Iterator[Line]:
    """Give what was said with everybody hidden."""
    for log, message in heard:
        text = veil(clean(message.text))
        if is_blank(text):
            left_out[EMPTY] += 1
            continue
        talk = (log.file.path, message.talk)
        yield Line(message.speaker in hers, text, message.minute, talk, message.mood)


def _check_free(out: Path, speaker: str) -> Path:
    folder = out / folder_name(clean(speaker))
    if folder.exists():
        raise TrainingError(
            f"{folder} 가 이미 있어서 덮어쓰지 않았어요. 지우거나 --out 에 다른 폴더를 적어 "
            "주세요. (It is there already and was left alone; remove it, or name another --out.)"
        )
    return folder


def _write(folder: Path, name: str, title: str, result: Result, lines: Iterator[Line]) -> None:
    """Write card and dialogues beside their place, and move them there when all is well."""
    # find_cards passes over names with a dot, should this be killed.
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        (draft / "dialogues").mkdir(parents=True)
        _write_dialogues(draft / "dialogues" / "prepared.jsonl", result, lines)
        if result.dialogues < LEAST_DIALOGUES:
            raise TrainingError(
                f"배울 대화가 너무 적어요: 주고받은 말 {result.exchanges}개, 대화 "
                f"{result.dialogues}개. 더 긴 대화를 적어 주세요. (Too little to learn from: "
                f"{result.exchanges} exchanges in {result.dialogues} dialogues; name longer chats, "
                f"with {LEAST_DIALOGUES} dialogues at least.)\n{_table(result.left_out)}"
            )
        (draft / "card.toml").write_text(card_toml(name, title, result.manner), encoding="utf-8")
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_dialogues(path: Path, result: Result, lines: Iterator[Line]) -> None:
    moods = MoodReader(MOODS_OF)
    number = 1
    with path.open("w", encoding="utf-8") as file:
        for exchanges in dialogues(lines, lambda text: moods.read(text).tag, result.left_out):
            turns = [{"user": e.user, "mood": e.mood, "reply": e.reply} for e in exchanges]
            row = {"id": f"prepared-{number:06}", "topic": "chat", "turns": turns}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            number += 1
            result.dialogues += 1
            result.exchanges += len(exchanges)
            for exchange in exchanges:
                result.manner.notice(exchange)


def _table(counts: Counter[str]) -> str:
    return "\n".join(f"  {n:>9,}  {reason}" for reason, n in counts.most_common() if n)


def _show(result: Result, speakers: Counter[str], veil: Veil, out: Path, folder: Path) -> None:
    heard = speakers.total()
    print(
        f"말한 사람 {len(speakers)}명, 메시지 {heard:,}개 -> 대화 {result.dialogues:,}개, "
        f"주고받은 말 {result.exchanges:,}개, {result.manner.speech_level}\n"
        f"({heard:,} messages of {len(speakers)} speakers -> {result.exchanges:,} exchanges in "
        f"{result.dialogues:,} dialogues)"
    )
    if veil.replaced:
        print(f"바꿔 적은 것 (replaced):\n{_table(veil.replaced)}")
    if result.left_out.total():
        print(f"뺀 것 (left out):\n{_table(result.left_out)}")
    print(f"-> {folder}")
    print(
        f"다음 (next): python -m training sft --start checkpoints/jjinchin --cards {out} --out mine"
    )
