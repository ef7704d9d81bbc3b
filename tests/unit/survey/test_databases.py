"""Share one transaction among changes that wait for the disk."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.survey.databases import Database

METADATA = sa.MetaData()
NOTE = sa.Table("note", METADATA, sa.Column("text", sa.Text, primary_key=True))
WAITING = 6


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "notes.sqlite", METADATA)
    yield opened
    opened.engine.dispose()


def add_note(connection: sa.Connection, text: str) -> str:
    connection.execute(sa.insert(NOTE).values(text=text))
    if text == "faulty":
        raise ValueError(text)
    return text


def read_notes(database: Database) -> set[str]:
    with database.open_read() as connection:
        return set(connection.execute(sa.select(NOTE.c.text)).scalars())


def run_together(database: Database, texts: list[str], commits: list[str]) -> dict[str, object]:
    """Let changes wait for one that holds the database; return the outcome of each and count the commits."""
    outcomes: dict[str, object] = {}
    is_held, may_end = threading.Event(), threading.Event()

    def hold_database(_connection: sa.Connection) -> None:
        is_held.set()
        may_end.wait(10)

    def run(text: str) -> None:
        try:
            outcomes[text] = database.run_write(lambda connection: add_note(connection, text))
        except Exception as error:
            outcomes[text] = error

    first = threading.Thread(target=database.run_write, args=(hold_database,))
    first.start()
    assert is_held.wait(10)
    sa.event.listen(database.engine, "commit", lambda _connection: commits.append("commit"))
    threads = [threading.Thread(target=run, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    while len(database._waiting) < len(texts):
        threading.Event().wait(0.001)
    may_end.set()
    for thread in (first, *threads):
        thread.join(10)
    return outcomes


def test_waiting_changes_share_one_commit(database: Database) -> None:
    texts, commits = [f"note {number}" for number in range(WAITING)], list[str]()
    outcomes = run_together(database, texts, commits)
    assert outcomes == {text: text for text in texts}
    assert len(commits) == 2  # that of the change that held the database, and that of the others
    assert read_notes(database) == set(texts)


def test_change_that_raises_is_undone_alone(database: Database) -> None:
    outcomes = run_together(database, ["before", "faulty", "after"], [])
    assert isinstance(outcomes["faulty"], ValueError)
    assert read_notes(database) == {"before", "after"}


def test_failed_commit_is_reported_to_every_change(database: Database) -> None:
    numbers = itertools.count()

    def fail_second_commit(_connection: sa.Connection) -> None:
        if next(numbers) == 1:
            raise sa.exc.OperationalError("commit", None, OSError("disk full"))

    sa.event.listen(database.engine, "commit", fail_second_commit)
    outcomes = run_together(database, ["one", "two"], [])
    assert [type(outcome) for outcome in outcomes.values()] == [sa.exc.OperationalError] * 2
    assert read_notes(database) == set()
