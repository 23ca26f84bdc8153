"""One turn, in order: hear, care, feel, remember, fit, answer, show, keep."""

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from app import care
from app.errors import AppError, DiskError
from app.events import Cared, Done, Event, Face, Felt, Fitted, Heard, Trouble, Words
from app.history import Turn
from app.room import Room, finished
from persona.errors import PersonaError
from persona.lm.protocol import EngineError
from persona.mood import Mood
from persona.reply import Answer, Asked, card_sampling
from persona.text import clean, is_blank

MOST_CHARACTERS = 20_000
GIVEN = "given"
EXPRESSIONS = ("everyday", "sad", "glad")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the visitor chose for this turn; whatever is not given is read or the card's.

    `on_answer` is told of the answer before it begins, so that another thread can close it.
    """

    mood: int | None = None
    sampling: Mapping[str, float | int] = field(default_factory=dict)
    instead_of: int | None = None
    language: str = "ko"
    on_answer: Callable[[Answer], None] | None = None


def take_turn(
    room: Room, visitor: str, conversation: str, text: str, choice: Choice
) -> Generator[Event, None, None]:
    """Take a turn and tell what happens; closing the iterator stops her and keeps what she said.

    Words that cannot be taken (blank, far too long) raise an AppError before anything is kept.
    """
    started = time.monotonic()
    heard = hear(text)
    yield Heard(heard)

    line = care.notice(heard, choice.language)
    if line:
        yield Cared(line)

    mood = feel(room, heard, choice.mood)
    yield Felt(mood.tag, mood.reason)

    earlier = remember(room, visitor, conversation, choice.instead_of)
    card = room.card(room.history.conversation(visitor, conversation).persona)
    # Whoever asks for another answer has seen this one.
    seen = replaced(room, visitor, conversation, choice.instead_of, heard)
    exchanges = finished(earlier)
    with room.models.in_use() as model:
        chooser = None
        # Whoever turns the knobs of sampling wants to hear what they do.
        if not choice.sampling:
            try:
                chooser = room.chooser(card, model)
            except PersonaError as error:
                yield Trouble(str(error))
        asked = Asked(
            card=card,
            exchanges=exchanges,
            user=heard,
            mood=mood.tag,
            sampling=card_sampling(card, **choice.sampling),
            chooser=chooser,
            recalls=room.settings.recall,
            seen=seen,
            careful=bool(line),
            candidates=room.candidates(model),
        )
        answer = Answer(model.checkpoint, model.engine, asked)
        yield Fitted(answer.window)

        parent = earlier[-1].id if earlier else None
        keeper = _Keeper(room, visitor, conversation, model.checkpoint.name)
        keeper.begin(parent, heard, mood)
        if choice.on_answer:
            choice.on_answer(answer)
        yield from _answer(answer, keeper, EXPRESSIONS[mood.tag], started)


def _answer(
    answer: Answer, keeper: "_Keeper", expression: str, started: float
) -> Generator[Event, None, None]:
    timings: dict[str, float] = {}
    trouble = ""
    try:
        if keeper.trouble:
            yield Trouble(keeper.trouble)
        yield Face("thinking")
        for piece in answer:
            if not timings:
                timings["first_words_s"] = time.monotonic() - started
                yield Face(expression)
            yield Words(piece)
    except EngineError as error:
        trouble = str(error)
        answer.finish = "failed"
    except GeneratorExit:
        answer.close()
        keeper.finish(answer)
        raise
    timings["total_s"] = time.monotonic() - started
    turn = keeper.finish(answer)
    if trouble:
        yield Trouble(trouble)
    if keeper.trouble:
        yield Trouble(keeper.trouble)
    yield Done(turn, keeper.keeps, timings)


def hear(text: str) -> str:
    """Give the visitor's words as they will be kept, or say why they cannot be taken."""
    if len(text) > MOST_CHARACTERS:
        raise AppError(
            f"메시지가 너무 길어요. {MOST_CHARACTERS:,}자까지 보낼 수 있으니 나눠서 보내 주세요. "
            f"(Too long: send at most {MOST_CHARACTERS:,} characters at a time.)"
        )
    heard = clean(text)
    if is_blank(heard):
        raise AppError("보낼 말을 적어 주세요. (Write something to send.)")
    return heard


def feel(room: Room, heard: str, given: int | None) -> Mood:
    """Give the mood of the words; the visitor can overrule what is read from them."""
    return room.model.moods.read(heard) if given is None else Mood(given, GIVEN)


def replaced(
    room: Room, visitor: str, conversation: str, instead_of: int | None, heard: str
) -> str:
    """Give her reply to the same words that is to be replaced, or "" where none is."""
    shown = room.history.path(visitor, conversation)
    turn = next((t for t in shown if instead_of in (t.id, *t.siblings)), None)
    return turn.reply if turn and turn.user == heard else ""


def remember(room: Room, visitor: str, conversation: str, instead_of: int | None) -> list[Turn]:
    """Give the turns that came before: all that are shown, or those before the one replaced."""
    turns = room.history.path(visitor, conversation)
    if instead_of is None:
        return turns
    for place, turn in enumerate(turns):
        if instead_of in (turn.id, *turn.siblings):
            return turns[:place]
    raise AppError(
        "그 대화는 이미 바뀌었어요. 페이지를 새로고침해 주세요. "
        "(That place of the conversation has changed; reload the page.)"
    )


class _Keeper:
    """Keeps one turn on disk; when the disk will not take it, the turn goes on and says so."""

    def __init__(self, room: Room, visitor: str, conversation: str, model: str) -> None:
        self._room = room
        self._visitor = visitor
        self._conversation = conversation
        self._model = model
        self._turn_id = 0
        self.trouble = ""

    @property
    def keeps(self) -> bool:
        """Say whether what is written now will be there after a restart."""
        return self._room.history.keeps

    def begin(self, parent: int | None, heard: str, mood: Mood) -> None:
        """Keep the visitor's words before she answers them."""

        def write() -> Turn:
            return self._room.history.begin(
                self._visitor, self._conversation, parent, heard, mood.tag, mood.reason
            )

        self._turn_id = self._kept(write).id

    def finish(self, answer: Answer) -> Turn:
        """Keep her reply; it is on disk before the turn is called done."""

        def write() -> Turn:
            return self._room.history.finish(
                self._visitor,
                self._turn_id,
                reply=answer.text,
                origin=answer.origin,
                finish=answer.finish,
                model=self._model,
                seed=answer.seed,
            )

        return self._kept(write)

    def _kept(self, write: Callable[[], Turn]) -> Turn:
        self.trouble = ""
        try:
            return write()
        except DiskError as error:
            # What is on disk stays as it was; the conversation goes on from a copy in memory.
            self._room.history.detach()
            self.trouble = str(error)
            return write()
