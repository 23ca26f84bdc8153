"""Opens a history database and brings it to today's shape: ordered steps, each recorded in it."""

import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from app.errors import AppError, DiskError


def m001_conversations(db: sqlite3.Connection) -> None:
    """Conversations, each a tree of turns; its head is the turn where the visible path ends."""
    db.execute("""
        CREATE TABLE conversations (
            id TEXT PRIMARY KEY,
            visitor TEXT NOT NULL,
            persona TEXT NOT NULL,
            title TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            deleted_at TEXT,
            head INTEGER REFERENCES turns (id)
        )""")
    db.execute("""
        CREATE TABLE turns (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
            parent INTEGER REFERENCES turns (id),
            user TEXT NOT NULL,
            mood INTEGER NOT NULL CHECK (mood IN (0, 1, 2)),
            mood_reason TEXT NOT NULL,
            reply TEXT NOT NULL DEFAULT '',
            origin TEXT NOT NULL DEFAULT '',
            finish TEXT NOT NULL DEFAULT '',
            model TEXT NOT NULL DEFAULT '',
            seed INTEGER,
            rating INTEGER NOT NULL DEFAULT 0 CHECK (rating IN (-1, 0, 1)),
            hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
            created_at TEXT NOT NULL
        )""")
    db.execute("CREATE INDEX conversations_by_visitor ON conversations (visitor, updated_at)")
    db.execute("CREATE INDEX turns_by_place ON turns (conversation, parent)")
    # The foreign keys look rows up by these when a conversation is deleted.
    db.execute("CREATE INDEX turns_by_parent ON turns (parent)")
    db.execute("CREATE INDEX conversations_by_head ON conversations (head)")


MIGRATIONS = (m001_conversations,)


def open_database(path: Path | None, busy_s: float) -> sqlite3.Connection:
    """Give a connection for many threads to take turns with; without a path it is in memory.

    A file that is broken or not ours is left exactly as it was.
    """
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_writable(path.parent)
        if path.exists():
            _check_writable(path)
            _check_whole(path)
        else:
            # These are private words: nobody else on the machine may read them.
            path.touch(mode=0o600)
    db = sqlite3.connect(
        path or ":memory:", timeout=busy_s, isolation_level=None, check_same_thread=False
    )
    db.row_factory = sqlite3.Row
    try:
        _applied(db)
        _log_ahead(db, busy_s)
        # What a visitor deletes is overwritten, not only unlinked.
        for pragma in ("foreign_keys=ON", "synchronous=FULL", "secure_delete=ON"):
            db.execute(f"PRAGMA {pragma}")
        migrate(db)
    except BaseException:
        # Whatever it was, an interrupt too, the file must not stay open; it is raised on.
        db.close()
        raise
    return db


def _log_ahead(db: sqlite3.Connection, busy_s: float) -> None:
    """Switch to a write-ahead log; SQLite itself waits for nobody when two switch at once."""
    end = time.monotonic() + busy_s
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(0.01)


def migrate(db: sqlite3.Connection) -> None:
    """Apply the steps that are missing, all of them or none."""
    with db:
        # Of two processes that start at once, the first does it and the second finds it done.
        db.execute("BEGIN IMMEDIATE")
        missing = MIGRATIONS[len(_applied(db)) :]
        db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at TEXT)")
        for step in missing:
            step(db)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            db.execute("INSERT INTO migrations VALUES (?, ?)", (step.__name__, now))


def explain(error: Exception, path: Path | None) -> DiskError:
    """Say in a sentence what SQLite or the system complains about, and what to do."""
    if isinstance(error, OSError):
        code = sqlite3.SQLITE_CANTOPEN
    else:
        # The lower byte is the kind of error; the rest says where it arose.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    korean, english = _SENTENCES.get(code, _OTHERWISE)
    return DiskError(f"{korean} ({english})".format(path=path or ":memory:", why=error))


_NOT_WRITABLE = (
    "대화 기록 {path}에 쓸 수 없어요. 쓰기 권한을 주거나 JJINCHIN_DATA_DIR을 바꿔 주세요.",
    "The history {path} cannot be written: give the permission, or set JJINCHIN_DATA_DIR.",
)
_HELD = (
    "다른 프로그램이 대화 기록 {path}를 잡고 있어요. 찐친이 하나 더 켜져 있는지 확인해 주세요.",
    "Another program holds the history {path}: see whether this one is running twice.",
)
_BROKEN = (
    "대화 기록 {path} 파일이 깨졌어요. 손대지 않았으니 다른 곳으로 옮긴 뒤 다시 켜 주세요.",
    "The history {path} is damaged and was left as it is: move it away and start again.",
)
_OTHERWISE = ("대화 기록에 문제가 생겼어요: {why}.", "Something is wrong with the history: {why}.")
_SENTENCES = {
    sqlite3.SQLITE_READONLY: _NOT_WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _NOT_WRITABLE,
    sqlite3.SQLITE_PERM: _NOT_WRITABLE,
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
    sqlite3.SQLITE_CORRUPT: _BROKEN,
    sqlite3.SQLITE_NOTADB: _BROKEN,
    sqlite3.SQLITE_FULL: (
        "디스크가 가득 차서 대화를 적지 못했어요. 공간을 비우고 다시 해 주세요.",
        "The disk is full, so nothing was written: make room and try again.",
    ),
    sqlite3.SQLITE_IOERR: (
        "대화 기록 {path}를 디스크에서 읽거나 쓰지 못했어요. 디스크와 남은 공간을 확인해 주세요.",
        "The disk did not read or write the history {path}: look at it and the room left.",
    ),
}


def _check_writable(path: Path) -> None:
    """Raise a PermissionError before SQLite leaves logs behind that cannot be written either."""
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(path)


def _check_whole(path: Path) -> None:
    """Raise an AppError if the file is damaged, looking at it through a connection that only reads.

    A connection that may write could already change the file by closing.
    """
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=0)) as db:
            verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise explain(error, path) from error
        # Whatever else keeps it from being read, opening it in earnest will say.
        return
    if verdict != "ok":
        damaged = sqlite3.DatabaseError(verdict)
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise explain(damaged, path)


def _applied(db: sqlite3.Connection) -> list[str]:
    """Give the names of the steps that this database has had; they have to be our first ones."""
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return []
    if "migrations" not in tables:
        raise AppError(
            "이 파일은 찐친의 대화 기록이 아니에요. JJINCHIN_DATA_DIR을 다른 폴더로 정해 주세요. "
            "(This database is not a history of ours: set JJINCHIN_DATA_DIR to another folder.)"
        )
    applied = [row[0] for row in db.execute("SELECT name FROM migrations ORDER BY rowid")]
    if applied != [step.__name__ for step in MIGRATIONS[: len(applied)]]:
        raise AppError(
            "대화 기록이 더 새로운 찐친에서 만들어졌어요. 찐친을 새 버전으로 올려 주세요. "
            "(The history was made by a newer version: bring this program up to date.)"
        )
    return applied
