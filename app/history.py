"""Keeps conversations on disk: each a tree of turns, of which one path is visible."""

import re
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.exports import FINISHES, FORMAT, KEPT, ORIGINS, VERSION, check_export
from app.migrations import explain, open_database
from persona.text import clean, is_blank

_PURGED_AFTER = timedelta(days=1)
_PURGED_EVERY = timedelta(hours=1)
_TITLE_MOST = 100
_TITLE_OF_WORDS = 30
_SEARCH_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation of one visitor; its visible path ends in the turn `head`."""

    id: str
    visitor: str
    persona: str
    title: str
    created_at: str
    updated_at: str
    head: int | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """The visitor's words and her reply; without `finish`, the reply never came to its end."""

    id: int
    conversation: str
    parent: int | None
    user: str
    mood: int
    mood_reason: str
    reply: str
    origin: str
    finish: str
    model: str
    seed: int | None
    rating: int
    created_at: str
    siblings: tuple[int, ...]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class History:
    """The conversations of all visitors in one SQLite file; several threads may use it at once.

    Every call names the visitor: a conversation of somebody else is not there. Whatever cannot
    be read or written raises an AppError, and what was there before stays.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        busy_s: float = 5.0,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.keeps = path is not None
        self._path = path
        self._now = now
        self._lock = threading.RLock()
        try:
            self._db = open_database(path, busy_s)
        except (sqlite3.Error, OSError) as error:
            raise explain(error, path) from error
        try:
            self.purge()
        except AppError:
            self._db.close()
            raise

    def detach(self) -> None:
        """Go on with a copy in memory, for a disk that takes no more; the file stays as it is."""
        memory = open_database(None, 0)
        with self._reading() as db:
            db.backup(memory)
            self._db, self._path, self.keeps = memory, None, False
            db.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def create(self, visitor: str, persona: str) -> Conversation:
        """Start a conversation; its title comes with the visitor's first words."""
        with self._writing() as db:
            conversation = uuid.uuid4().hex
            self._insert_conversation(db, conversation, visitor, persona, "", self._stamp())
        return self.conversation(visitor, conversation)

    def conversations(self, visitor: str, search: str = "") -> list[Conversation]:
        """List the visitor's conversations, newest first; `search` looks at titles and words."""
        self._purge_by_the_hour()
        words = re.sub(r"([\\%_])", r"\\\1", clean(search[:_SEARCH_CHARACTERS]))
        with self._reading() as db:
            rows = db.execute(
                """
                SELECT * FROM conversations AS c
                WHERE visitor = :visitor AND deleted_at IS NULL AND (
                    title LIKE :like ESCAPE '\\' OR EXISTS (
                        SELECT 1 FROM turns AS t WHERE t.conversation = c.id AND NOT t.hidden
                        AND (t.user LIKE :like ESCAPE '\\' OR t.reply LIKE :like ESCAPE '\\')))
                ORDER BY updated_at DESC, rowid DESC""",
                {"visitor": visitor, "like": f"%{words}%"},
            ).fetchall()
        return [_conversation(row) for row in rows]

    def conversation(self, visitor: str, conversation: str) -> Conversation:
        """Give one conversation, a deleted one as well while it can still be restored."""
        with self._reading() as db:
            row = db.execute(
                "SELECT * FROM conversations WHERE id = ? AND visitor = ?", (conversation, visitor)
            ).fetchone()
        if row is None:
            raise _not_found()
        return _conversation(row)

    def rename(self, visitor: str, conversation: str, title: str) -> Conversation:
        """Give a conversation another title."""
        title = _one_line(title, _TITLE_MOST)
        if is_blank(title):
            raise AppError("제목을 적어 주세요. (A title needs at least one letter.)")
        return self._change(visitor, conversation, "title", title)

    def delete(self, visitor: str, conversation: str) -> Conversation:
        """Put a conversation away; a day later it is gone for good."""
        self.purge()
        return self._change(visitor, conversation, "deleted_at", self._stamp())

    def restore(self, visitor: str, conversation: str) -> Conversation:
        """Take back a deletion, within the day."""
        self.purge()
        return self._change(visitor, conversation, "deleted_at", None)

    def purge(self) -> None:
        """Remove for good what was deleted more than a day ago; opening does this as well."""
        with self._writing() as db:
            self._purged_at = self._now()
            limit = self._stamp(before=_PURGED_AFTER)
            db.execute("DELETE FROM conversations WHERE deleted_at < ?", (limit,))

    def _purge_by_the_hour(self) -> None:
        """Keep the promise of `delete` in a program that is never started anew."""
        if self._now() - self._purged_at > _PURGED_EVERY:
            self.purge()

    def begin(
        self,
        visitor: str,
        conversation: str,
        parent: int | None,
        user: str,
        mood: int,
        mood_reason: str,
    ) -> Turn:
        """Put the visitor's words on disk after the turn `parent`, and show them at once.

        The head moves here and not with the reply, so that after a crash the words are seen.
        """
        with self._writing() as db:
            if self.conversation(visitor, conversation).deleted:
                raise AppError(
                    "지운 대화예요. 되살린 다음 이어서 얘기해 주세요. "
                    "(This conversation was deleted: restore it to go on.)"
                )
            if parent is not None:
                if self._place(db, visitor, parent) != conversation:
                    raise _not_found()
                _show(db, parent)
            words = clean(user)
            turn = db.execute(
                "INSERT INTO turns (conversation, parent, user, mood, mood_reason, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (conversation, parent, words, mood, clean(mood_reason), self._stamp()),
            ).lastrowid
            db.execute(
                "UPDATE conversations SET title = ? WHERE id = ? AND title = ''",
                (_one_line(words, _TITLE_OF_WORDS), conversation),
            )
            self._move_head(db, conversation, turn)
            return _turn(db, turn)

    def finish(
        self,
        visitor: str,
        turn: int,
        *,
        reply: str,
        origin: str,
        finish: str,
        model: str = "",
        seed: int | None = None,
    ) -> Turn:
        """Put the reply on disk, once; when this returns, it is there whatever happens next."""
        if origin not in ("", *ORIGINS) or finish not in FINISHES:
            raise ValueError(f"a turn ends with a known origin and finish: {origin!r}, {finish!r}")
        with self._writing() as db:
            conversation = self._place(db, visitor, turn)
            changed = db.execute(
                "UPDATE turns SET reply = ?, origin = ?, finish = ?, model = ?, seed = ?"
                " WHERE id = ? AND finish = ''",
                (clean(reply), origin, finish, model, seed, turn),
            ).rowcount
            if not changed:
                raise AppError("이미 끝난 답이에요. (This reply has already ended.)")
            # The head moved when the turn began; somebody may have gone on from it since.
            db.execute(
                "UPDATE conversations SET updated_at = ? WHERE id = ?",
                (self._stamp(), conversation),
            )
            return _turn(db, turn)

    def path(self, visitor: str, conversation: str) -> list[Turn]:
        """Give the visible turns, oldest first."""
        with self._reading() as db:
            head = self.conversation(visitor, conversation).head
            return _turns(db, _UPWARDS, head)

    def choose(self, visitor: str, turn: int) -> None:
        """Show the branch of this turn, down to the newest of its leaves."""
        with self._writing() as db:
            conversation = self._place(db, visitor, turn)
            _show(db, turn)
            leaf = db.execute(_NEWEST_BELOW, (turn,)).fetchone()[0]
            self._move_head(db, conversation, leaf)

    def undo(self, visitor: str, conversation: str) -> Turn:
        """Hide the last visible turn and give it back; going on from it would show it again."""
        with self._writing() as db:
            head = self.conversation(visitor, conversation).head
            if head is None:
                raise AppError("되돌릴 말이 없어요. (There is nothing to undo.)")
            db.execute("UPDATE turns SET hidden = 1 WHERE id = ?", (head,))
            undone = _turn(db, head)
            self._move_head(db, conversation, undone.parent)
            return undone

    def rate(self, visitor: str, turn: int, rating: int) -> Turn:
        """Keep what the visitor thinks of a reply: 1 good, -1 bad, 0 nothing."""
        with self._writing() as db:
            self._place(db, visitor, turn)
            db.execute("UPDATE turns SET rating = ? WHERE id = ?", (rating, turn))
            return _turn(db, turn)

    def export(self, visitor: str, conversation: str) -> dict[str, Any]:
        """Give the whole tree as plain values; `load` makes the same tree of them again."""
        with self._reading() as db:
            found = self.conversation(visitor, conversation)
            rows = db.execute(
                "SELECT * FROM turns WHERE conversation = ? ORDER BY id", (conversation,)
            ).fetchall()
        number = {row["id"]: index for index, row in enumerate(rows)}
        turns = [
            {key: row[key] for key in KEPT}
            | {"hidden": bool(row["hidden"]), "parent": number.get(row["parent"])}
            for row in rows
        ]
        return {
            "format": FORMAT,
            "version": VERSION,
            "persona": found.persona,
            "title": found.title,
            "created_at": found.created_at,
            "turns": turns,
            "head": number.get(found.head),
        }

    def export_markdown(self, visitor: str, conversation: str, card_name: str) -> str:
        """Give the visible path for reading, with the words exactly as they were."""
        found = self.conversation(visitor, conversation)
        parts = [f"# {_as_markdown(found.title) or '새 대화'}", f"{card_name} · {found.created_at}"]
        for turn in self.path(visitor, conversation):
            parts += ["**나**", _as_markdown(turn.user)]
            parts += [f"**{_as_markdown(card_name)}**", _as_markdown(turn.reply) or "…"]
        return "\n\n".join(parts) + "\n"

    def load(self, visitor: str, document: object) -> Conversation:
        """Make a new conversation of an exported one, all of it or, if anything is off, nothing."""
        whole = check_export(document)
        conversation = uuid.uuid4().hex
        with self._writing() as db:
            persona, title = (_one_line(whole[key], _TITLE_MOST) for key in ("persona", "title"))
            began = whole["created_at"] or self._stamp()
            self._insert_conversation(db, conversation, visitor, persona, title, began)
            ids: list[int] = []
            for turn in whole["turns"]:
                row = turn | {
                    "conversation": conversation,
                    "parent": None if turn["parent"] is None else ids[turn["parent"]],
                    "created_at": turn["created_at"] or self._stamp(),
                }
                marks = ", ".join(f":{key}" for key in row)
                cursor = db.execute(f"INSERT INTO turns ({', '.join(row)}) VALUES ({marks})", row)
                ids.append(cursor.lastrowid or 0)
            head = whole["head"]
            self._move_head(db, conversation, None if head is None else ids[head])
        return self.conversation(visitor, conversation)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise explain(error, self._path) from error
            except (OverflowError, UnicodeEncodeError) as error:
                # An id that no database can hold was made up by somebody.
                raise _not_found() from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on disk when the block ends, or as if it had never begun."""
        with self._reading() as db, db:
            db.execute("BEGIN IMMEDIATE")
            yield db

    def _stamp(self, before: timedelta = timedelta(0)) -> str:
        return (self._now() - before).isoformat(timespec="milliseconds")

    def _place(self, db: sqlite3.Connection, visitor: str, turn: int) -> str:
        """Give the conversation that a turn of this visitor belongs to."""
        row = db.execute(
            "SELECT c.id FROM turns AS t JOIN conversations AS c ON c.id = t.conversation"
            " WHERE t.id = ? AND c.visitor = ?",
            (turn, visitor),
        ).fetchone()
        if row is None:
            raise _not_found()
        return str(row["id"])

    def _change(
        self, visitor: str, conversation: str, column: str, value: str | None
    ) -> Conversation:
        with self._writing() as db:
            db.execute(
                f"UPDATE conversations SET {column} = ? WHERE id = ? AND visitor = ?",
                (value, conversation, visitor),
            )
            return self.conversation(visitor, conversation)

    def _insert_conversation(
        self,
        db: sqlite3.Connection,
        conversation: str,
        visitor: str,
        persona: str,
        title: str,
        created_at: str,
    ) -> None:
        db.execute(
            "INSERT INTO conversations (id, visitor, persona, title, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (conversation, visitor, persona, title, created_at, self._stamp()),
        )

    def _move_head(self, db: sqlite3.Connection, conversation: str, head: int | None) -> None:
        db.execute(
            "UPDATE conversations SET head = ?, updated_at = ? WHERE id = ?",
            (head, self._stamp(), conversation),
        )


def open_history(path: Path, busy_s: float = 5.0) -> tuple[History, str | None]:
    """Open the history, or one in memory together with the sentence that says why."""
    try:
        return History(path, busy_s=busy_s), None
    except AppError as error:
        return History(None), str(error)


# The rows of turns together with the ids of the alternatives of each one's place.
_TURNS = """
    SELECT t.*, (
        SELECT group_concat(s.id) FROM turns AS s
        WHERE s.conversation = t.conversation AND s.parent IS t.parent
        AND (NOT s.hidden OR s.id = t.id)) AS siblings
    FROM turns AS t WHERE t.id IN ({which}) ORDER BY t.id"""

# A turn and all that lead to it.
_UPWARDS = """
    WITH RECURSIVE up (id) AS (
        VALUES (?) UNION ALL SELECT t.parent FROM turns AS t JOIN up ON t.id = up.id
        WHERE t.parent IS NOT NULL)
    SELECT id FROM up"""

# Of a turn and all that can be seen below it, the one written last; nothing is below that.
_NEWEST_BELOW = """
    WITH RECURSIVE down (id) AS (
        VALUES (?) UNION ALL SELECT t.id FROM turns AS t JOIN down ON t.parent = down.id
        WHERE NOT t.hidden)
    SELECT max(id) FROM down"""


def _turns(db: sqlite3.Connection, which: str, turn: int | None) -> list[Turn]:
    """Give turns in the order of writing, in which a parent always comes before its children."""
    return [
        Turn(
            **{key: row[key] for key in ("id", "conversation", "parent", *KEPT)},
            siblings=tuple(sorted(int(i) for i in row["siblings"].split(","))),
        )
        for row in db.execute(_TURNS.format(which=which), (turn,))
    ]


def _turn(db: sqlite3.Connection, turn: int | None) -> Turn:
    return _turns(db, "?", turn)[0]


def _show(db: sqlite3.Connection, turn: int) -> None:
    """Take back the undoing of a turn and of all that lead to it."""
    db.execute(f"UPDATE turns SET hidden = 0 WHERE hidden AND id IN ({_UPWARDS})", (turn,))


def _conversation(row: sqlite3.Row) -> Conversation:
    kept = ("id", "visitor", "persona", "title", "created_at", "updated_at", "head")
    return Conversation(**{key: row[key] for key in kept}, deleted=row["deleted_at"] is not None)


def _one_line(text: str, most: int) -> str:
    """Give a text as one line, cut between words where there is a place for it."""
    line = " ".join(clean(text).split())
    if len(line) <= most:
        return line
    head, space, _ = line[:most].rpartition(" ")
    return (head if space and len(head) > most // 2 else line[: most - 1]) + "…"


def _as_markdown(text: str) -> str:
    """Escape what Markdown would read as markup, and keep the line breaks."""
    anywhere = re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", text)
    at_the_start = re.sub(r"^([^\S\n]*\d*)([-+=.)])", r"\1\\\2", anywhere, flags=re.MULTILINE)
    return at_the_start.replace("\n", "  \n")


def _not_found() -> AppError:
    return AppError(
        "그 대화를 찾을 수 없어요. 목록에서 다시 골라 주세요. "
        "(That conversation is not there: choose one from the list.)"
    )
