"""A history database is brought to today's shape once, step by step, all of it or none."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import migrations
from app.errors import AppError
from app.history import History
from app.migrations import MIGRATIONS, explain, migrate, open_database

NAMES = [step.__name__ for step in MIGRATIONS]


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    yield db
    db.close()


def applied(db: sqlite3.Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT name FROM migrations ORDER BY rowid")]


def shape(db: sqlite3.Connection) -> set[str]:
    return {row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


def test_the_steps_are_in_order_and_say_what_they_do() -> None:
    found = sorted(name for name in vars(migrations) if name[:1] == "m" and name[1:4].isdigit())
    assert found == NAMES
    assert [name[:4] for name in NAMES] == [f"m{n:03}" for n in range(1, len(NAMES) + 1)]
    assert all(step.__doc__ for step in MIGRATIONS)


def test_a_new_database_gets_every_step_once(db: sqlite3.Connection) -> None:
    migrate(db)
    first = shape(db)
    migrate(db)
    assert applied(db) == NAMES
    assert shape(db) == first


def test_a_later_step_finds_the_rows_of_earlier_ones(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(db)
    db.execute("INSERT INTO conversations VALUES ('c', 'me', 'yuhee', 't', 'a', 'b', NULL, NULL)")

    def m999_mood_of_the_day(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE conversations ADD COLUMN day TEXT NOT NULL DEFAULT 'sunny'")

    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, m999_mood_of_the_day))
    migrate(db)
    assert applied(db) == [*NAMES, "m999_mood_of_the_day"]
    assert db.execute("SELECT id, day FROM conversations").fetchall() == [("c", "sunny")]


def test_a_step_that_fails_leaves_nothing_behind(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(db)
    before = shape(db)

    def m999_half(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE half (x)")
        db.execute("CREATE TABLE half (x)")

    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, m999_half))
    with pytest.raises(sqlite3.OperationalError):
        migrate(db)
    assert shape(db) == before
    assert applied(db) == NAMES


def test_a_history_from_a_newer_version_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    open_database(path, 1).close()
    db = sqlite3.connect(path)
    db.execute("INSERT INTO migrations VALUES ('m998_from_the_future', '')")
    db.commit()
    db.close()
    before = path.read_bytes()
    with pytest.raises(AppError, match="더 새로운"):
        History(path)
    assert path.read_bytes() == before


def test_the_connection_keeps_what_it_promises(tmp_path: Path) -> None:
    db = open_database(tmp_path / "a b" / "history.sqlite3", 1)
    told = {
        name: db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
    }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    db.close()


def test_a_full_disk_is_a_sentence(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as caught:
        migrate(db)
    assert "디스크가 가득" in str(explain(caught.value, Path("/x/history.sqlite3")))


def test_what_nobody_thought_of_is_told_in_its_own_words() -> None:
    sentence = str(explain(sqlite3.OperationalError("a {strange} thing"), None))
    assert "a {strange} thing" in sentence
