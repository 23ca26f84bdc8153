"""A conversation in the terminal: what the visitor types, her replies, and the commands inside."""

import json
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from app.errors import AppError
from app.events import Cared, Done, Event, Felt, Fitted, Trouble, Words
from app.history import Conversation, Turn
from app.room import LOCAL_VISITOR, Room
from app.terminal import counted_ctrl_c, padded, remark, shortened, wait_for
from app.turn import Choice, hear, take_turn

ME = "나"
SHOWN_TURNS = 3
TITLE_COLUMNS = 36
MOODS = {"자동": None, "auto": None, "평소": 0, "슬픔": 1, "기쁨": 2, "0": 0, "1": 1, "2": 2}
MOOD_NAMES = ("평소", "슬픔", "기쁨")
ENDED = {
    "stopped": "멈췄어요 / stopped",
    "length": "말이 길어 여기까지 / cut at the length",
    "time": "시간이 다 되어 여기까지 / cut at the time limit",
    "loop": "같은 말이 되풀이되어 여기까지 / cut where it began to repeat",
}


class Console:
    """Holds one conversation after another with a visitor who types lines."""

    def __init__(self, room: Room, persona: str, *, talkative: bool) -> None:
        """`talkative` shows names, a greeting and help; without it only her replies are printed."""
        self._room = room
        self._persona = persona
        self._talkative = talkative
        self._conversation: str | None = None
        self._mood: int | None = None
        self._listed: list[str] = []
        self._told: set[str] = set()
        self._commands = self._name_commands()

    def hold(self, lines: Iterable[str]) -> None:
        """Answer line after line until the visitor says goodbye or there are no more."""
        if self._conversation is None:
            self._greet()
        for line in lines:
            try:
                if not self._take(line):
                    return
            except AppError as error:
                remark(str(error))

    def open(self, wanted: str) -> None:
        """Go on with a conversation: its number in the list, the start of its id, or the newest."""
        kept = {c.id: c for c in self._room.history.conversations(LOCAL_VISITOR)}
        if not wanted:
            found = list(kept)[:1]
        elif wanted.isdecimal() and len(wanted) < 8:
            found = [i for i in kept if i in self._listed[int(wanted) - 1 : int(wanted)]]
        else:
            found = [i for i in kept if i.startswith(wanted)]
        if len(found) != 1:
            raise AppError(
                "그런 대화가 없어요. /목록 에서 번호를 골라 주세요. "
                "(No such conversation: choose a number from /list.)"
            )
        self._conversation = found[0]
        self._persona = kept[found[0]].persona
        self._show_end(kept[found[0]])

    @property
    def prompt(self) -> str:
        """What stands before the visitor's line."""
        return f"{ME} › "

    def _take(self, line: str) -> bool:
        if line.startswith("/"):
            name, _, rest = line[1:].strip().partition(" ")
            if name in ("끝", "quit", "exit"):
                return False
            command = self._commands.get(name.lower())
            if command is None:
                raise AppError(
                    f"/{name} 명령은 없어요. /도움 을 봐 주세요. (No such command: see /help.)"
                )
            command(rest.strip())
        elif line.strip():
            self._say(line)
        return True

    def _say(self, text: str, instead_of: int | None = None) -> None:
        wait_for(self._room.engine, self._told)
        if self._conversation is None:
            # Words that cannot be taken leave no empty conversation behind.
            heard = hear(text)
            self._conversation = self._room.history.create(LOCAL_VISITOR, self._persona).id
            text = heard
        choice = Choice(mood=self._mood, instead_of=instead_of)
        events = take_turn(self._room, LOCAL_VISITOR, self._conversation, text, choice)
        with counted_ctrl_c() as pressed:
            self._draw(events, pressed)

    def _draw(self, events: Iterator[Event], pressed: Callable[[], bool]) -> None:
        begun = False
        for event in events:
            match event:
                case Cared(text):
                    print(text, file=sys.stderr, flush=True)
                case Felt(mood, reason) if mood or reason:
                    shown = "직접 고름 / chosen" if reason == "given" else f"“{reason}”"
                    remark(f"({MOOD_NAMES[mood]}: {shown})")
                case Fitted(window) if window.cut:
                    remark("(말이 길어 끝부분만 읽었어요 / too long: only the end was read)")
                case Words(text):
                    print(text if begun else self._signed(text), end="", flush=True)
                    begun = True
                    if pressed() and isinstance(events, Generator):
                        # Closing lets the turn keep what she has said so far.
                        events.close()
                        print(flush=True)
                        remark(f"({ENDED['stopped']})")
                        return
                case Trouble(sentence):
                    remark(sentence)
                case Done(turn):
                    print(flush=True)
                    self._say_how_it_ended(turn)

    def _say_how_it_ended(self, turn: Turn) -> None:
        if turn.origin == "fallback":
            remark("(준비해 둔 말이에요 / a line from her card)")
        elif turn.finish in ENDED:
            remark(f"({ENDED[turn.finish]})")

    def _signed(self, text: str) -> str:
        name = self._room.card(self._persona).name
        return f"{name} › {text}" if self._talkative else text

    def _greet(self) -> None:
        if self._talkative:
            card = self._room.card(self._persona)
            print(f"{card.name} · {card.title}   (/도움 /help, /끝 /quit)")
            print(self._signed(card.greeting))

    def _show_end(self, conversation: Conversation) -> None:
        if not self._talkative:
            return
        turns = self._room.history.path(LOCAL_VISITOR, conversation.id)
        remark(f"({conversation.title}: {len(turns)})")
        for turn in turns[-SHOWN_TURNS:]:
            print(f"{self.prompt}{turn.user}")
            print(self._signed(turn.reply or "…"))

    # What the visitor may type inside. Each takes the rest of the line.

    def _name_commands(self) -> dict[str, Callable[[str], None]]:
        return {
            name: command
            for names, command in (
                (("도움", "help"), self._help),
                (("새로", "new"), self._new),
                (("목록", "list"), self._list),
                (("열기", "open"), self._open_listed),
                (("다시", "retry"), self._retry),
                (("되돌리기", "undo"), self._undo),
                (("기분", "mood"), self._choose_mood),
                (("누구", "who"), self._choose_persona),
                (("기억", "memory"), self._show_memory),
                (("저장", "save"), self._save),
            )
            for name in names
        }

    def _help(self, _: str) -> None:
        for names, korean, english in HELP:
            print(f"  {padded(names, 34)}{padded(korean, 30)}{english}")

    def _new(self, _: str) -> None:
        self._conversation = None
        self._greet()

    def _list(self, search: str) -> None:
        kept = self._room.history.conversations(LOCAL_VISITOR, search)
        self._listed = [c.id for c in kept]
        if not kept:
            print("아직 대화가 없어요. / No conversations yet.")
        for number, found in enumerate(kept, start=1):
            mark = "*" if found.id == self._conversation else " "
            when = datetime.fromisoformat(found.updated_at).astimezone()
            name = self._room.card(found.persona).name
            title = padded(shortened(found.title or "…", TITLE_COLUMNS), TITLE_COLUMNS)
            print(f"{mark}{number:3} {title}  {when:%m-%d %H:%M}  {found.id[:8]}  {name}")

    def _open_listed(self, wanted: str) -> None:
        if not self._listed:
            self._listed = [c.id for c in self._room.history.conversations(LOCAL_VISITOR)]
        self.open(wanted)

    def _retry(self, _: str) -> None:
        turn = self._last_turn()
        self._say(turn.user, instead_of=turn.id)

    def _undo(self, _: str) -> None:
        turn = self._last_turn()
        self._room.history.undo(LOCAL_VISITOR, turn.conversation)
        remark(f"(되돌렸어요 / taken back: {shortened(turn.user, TITLE_COLUMNS)})")

    def _choose_mood(self, wanted: str) -> None:
        if wanted.lower() not in MOODS:
            raise AppError(
                "/기분 뒤에 자동, 0(평소), 1(슬픔), 2(기쁨) 중 하나를 적어 주세요. "
                "(After /mood write auto, 0, 1 or 2.)"
            )
        self._mood = MOODS[wanted.lower()]
        name = "자동 / auto" if self._mood is None else MOOD_NAMES[self._mood]
        remark(f"(기분 / mood: {name})")

    def _choose_persona(self, wanted: str) -> None:
        if wanted in self._room.cards:
            self._persona = wanted
            self._new("")
            return
        for name, card in self._room.cards.items():
            mark = "*" if name == self._persona else " "
            print(f"{mark} {name}: {card.name} · {card.title}")
        if wanted:
            raise AppError(
                f"{wanted!r} 페르소나는 없어요. 위에서 골라 주세요. "
                "(No such persona: choose one of those above.)"
            )

    def _show_memory(self, _: str) -> None:
        if self._conversation is None:
            print("아직 기억할 말이 없어요. / Nothing to remember yet.")
            return
        window = self._room.window(LOCAL_VISITOR, self._conversation)
        print(
            f"{window.kept}마디를 기억하고 {window.dropped}마디는 잊었어요 · "
            f"{window.used}/{window.positions} · "
            f"(remembers {window.kept} exchanges, {window.dropped} have left the window)"
        )

    def _save(self, wanted: str) -> None:
        turn = self._last_turn()
        history, name = self._room.history, self._room.card(self._persona).name
        path = Path(wanted).expanduser()
        if path.suffix == ".json":
            whole = history.export(LOCAL_VISITOR, turn.conversation)
            text = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
        elif path.suffix == ".md":
            text = history.export_markdown(LOCAL_VISITOR, turn.conversation, name)
        else:
            raise AppError(
                "/저장 뒤에 .json이나 .md로 끝나는 파일 이름을 적어 주세요. "
                "(After /save write a file name that ends in .json or .md.)"
            )
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError as error:
            raise AppError(
                f"{path} 파일이 이미 있어요. 다른 이름을 적어 주세요. "
                "(That file is there already: choose another name.)"
            ) from error
        except (OSError, ValueError) as error:
            raise AppError(
                f"{path} 에 저장하지 못했어요. 다른 곳을 적어 주세요. "
                f"(It could not be saved there: {error})"
            ) from error
        remark(f"(저장했어요 / saved: {path})")

    def _last_turn(self) -> Turn:
        turns: list[Turn] = []
        if self._conversation is not None:
            turns = self._room.history.path(LOCAL_VISITOR, self._conversation)
        if not turns:
            raise AppError("아직 나눈 말이 없어요. (Nothing has been said yet.)")
        return turns[-1]


HELP = (
    ("/새로 /new", "새 대화", "a new conversation"),
    ("/목록 /list [낱말]", "대화 목록, 낱말로 찾기", "conversations, or those with a word"),
    ("/열기 /open N", "목록의 N번째 대화로", "go on with number N of the list"),
    ("/다시 /retry", "다르게 다시 답하기", "another reply"),
    ("/되돌리기 /undo", "마지막 말 되돌리기", "take the last exchange back"),
    ("/기분 /mood 자동|0|1|2", "기분 정하기", "say how you feel: auto, 0, 1, 2"),
    ("/누구 /who [이름]", "다른 페르소나와 새 대화", "another persona"),
    ("/기억 /memory", "지금 기억하는 만큼", "what she still remembers"),
    ("/저장 /save 파일", ".json이나 .md로 저장", "save as .json or .md"),
    ("/끝 /quit", "끝내기 (Ctrl-D)", "leave (Ctrl-D)"),
    ("Ctrl-C", "답하는 중이면 멈추기", "stop her while she answers"),
)
