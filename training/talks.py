"""Makes dialogues of a stream of messages: turns, exchanges, and where a talk begins anew."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from persona.prompt import Exchange
from training.check import MOST_CHARACTERS

LEAST_EXCHANGES, MOST_EXCHANGES = 3, 12
# Who answers after hours answers something else.
SILENCE_MINUTES = 3 * 60
UNANSWERED = "대답이 없는 말 (turns that got no reply)"
UNASKED = "먼저 꺼낸 말 (her turns that answer nobody)"
OVERLONG = f"{MOST_CHARACTERS}자를 넘는 말 (words beyond {MOST_CHARACTERS} characters a turn)"


class Line(NamedTuple):
    """A message with its side; `talk` is anything that differs between conversations."""

    hers: bool
    text: str
    minute: int | None
    talk: object
    mood: int | None = None


@dataclass(slots=True)
class _Turn:
    """Neighbouring lines of one side, within what a turn may have of characters."""

    hers: bool
    opens: bool
    lines: deque[str] = field(default_factory=deque)
    mood: int | None = None
    size: int = -1
    full: bool = False

    def add(self, line: Line) -> int:
        """Take a line; give how many had to go: she keeps her first words, visitors their last."""
        self.mood = line.mood if line.mood is not None else self.mood
        longer = self.size + 1 + len(line.text)
        hers_is_full = self.hers and (self.full or longer > MOST_CHARACTERS)
        if hers_is_full or len(line.text) > MOST_CHARACTERS:
            self.full = True
            return 1
        self.lines.append(line.text)
        self.size = longer
        gone = 0
        while self.size > MOST_CHARACTERS:
            self.size -= len(self.lines.popleft()) + 1
            gone += 1
        return gone

    @property
    def text(self) -> str:
        return " ".join(self.lines)


def dialogues(
    lines: Iterable[Line], read_mood: Callable[[str], int], left_out: Counter[str]
) -> Iterator[tuple[Exchange, ...]]:
    """Give dialogues of at most 12 exchanges, none shorter than 3 because it was cut."""
    exchanges: list[Exchange] = []
    asked: _Turn | None = None
    for turn in _turns(lines, left_out):
        if turn.opens:
            left_out[UNANSWERED] += asked is not None
            asked = None
            yield from _cut(exchanges)
            exchanges = []
        if not turn.lines:
            continue
        if not turn.hers:
            left_out[UNANSWERED] += asked is not None
            asked = turn
        elif asked is None:
            left_out[UNASKED] += 1
        else:
            mood = asked.mood if asked.mood is not None else read_mood(asked.text)
            exchanges.append(Exchange(asked.text, mood, turn.text))
            asked = None
        if len(exchanges) == MOST_EXCHANGES + LEAST_EXCHANGES:
            yield tuple(exchanges[:MOST_EXCHANGES])
            exchanges = exchanges[MOST_EXCHANGES:]
    left_out[UNANSWERED] += asked is not None
    yield from _cut(exchanges)


def _turns(lines: Iterable[Line], left_out: Counter[str]) -> Iterator[_Turn]:
    turn: _Turn | None = None
    last: Line | None = None
    for line in lines:
        opens = last is None or _is_new_talk(last, line)
        if turn is None or opens or line.hers != turn.hers:
            if turn:
                yield turn
            turn = _Turn(line.hers, opens)
        left_out[OVERLONG] += turn.add(line)
        last = line
    if turn:
        yield turn


def _is_new_talk(last: Line, line: Line) -> bool:
    if line.talk != last.talk:
        return True
    if line.minute is None or last.minute is None:
        return False
    return abs(line.minute - last.minute) > SILENCE_MINUTES


def _cut(exchanges: list[Exchange]) -> Iterator[tuple[Exchange, ...]]:
    """Cut what is left of a talk so that the last piece is no scrap."""
    if len(exchanges) > MOST_EXCHANGES:
        first = len(exchanges) - LEAST_EXCHANGES
        yield tuple(exchanges[:first])
        exchanges = exchanges[first:]
    if exchanges:
        yield tuple(exchanges)
