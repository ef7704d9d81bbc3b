"""Try to join invitations with answers from a full copy of both stores, the ledger, the outbox, logs and backups.

The attacks use everything but the private key of an open round, which backups leave out and closing removes
(docs/decisions/0026-questionnaire.md).
"""

from __future__ import annotations

import io
import itertools
import logging
import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.statistics.thresholds import FEWEST_RESPONDENTS
from pipelines.survey import letters, service
from pipelines.survey.links import parse_token
from pipelines.survey.service import SurveyDesk
from tests.support import surveys as fakes

CELLS = (("AL", "police", 9), ("AL", "judge", 2), ("ME", "prosecutor", 8), ("ME", "judge", 3), ("RS", "police", 6))
SILENT = "judge2@me.example"
KEYS = "keys"


@dataclass
class Story:
    """A round from its opening to its end, a backup after each person, and what each person really answered."""

    desk: SurveyDesk
    round_id: str
    backups: list[Path]
    answers: dict[str, dict[str, tuple[str, ...]]]
    links: dict[str, str]
    log: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("anonymity")
    written_log = io.StringIO()
    handler = logging.StreamHandler(written_log)
    logging.getLogger().addHandler(handler)
    rng = random.Random(5)
    with clock.freeze_time(clock.parse_time(fakes.MONDAY)):
        desk = fakes.make_desk(folder)
        round_id = fakes.open_round(desk, fakes.make_invitees(CELLS))
        letters.send_letters(desk.surveys)
    tokens = {address: sent[0] for address, sent in fakes.read_outbox(desk.surveys.home).items()}
    people = [address for address in tokens if address != SILENT]
    rng.shuffle(people)
    backups, answers = [], {}
    for number, address in enumerate(people):
        with clock.freeze_time(clock.parse_time(f"2026-11-{5 + number // 3:02d}T09:{number:02d}:00Z")):
            answers[address] = fakes.fill_in(desk.surveys, round_id, tokens[address], rng)
        backups.append(copy_files(desk, folder / f"backup-{number}"))
    with clock.freeze_time(clock.parse_time(fakes.AFTER)):
        service.run_daily_work(desk)
    backups.append(copy_files(desk, folder / "after"))
    logging.getLogger().removeHandler(handler)
    yield Story(desk, round_id, backups, answers, tokens, written_log.getvalue())
    desk.engine.dispose()


def copy_files(desk: SurveyDesk, target: Path) -> Path:
    """Copy the restricted folder as a backup does: everything but the keys of rounds."""
    return Path(shutil.copytree(desk.surveys.home.restricted, target, ignore=shutil.ignore_patterns(KEYS)))


def read_rows(backup: Path, store: str, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{backup}/survey/{store}.sqlite?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def read_answered(backup: Path) -> set[str]:
    return {row[0] for row in read_rows(backup, "invitations", "select address from invitation where answered")}


def read_bytes(backup: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((backup / "survey").iterdir()) if path.is_file())


def test_all_answers_are_stored_and_counted(story: Story) -> None:
    rows = read_rows(story.backups[-1], "answers", "select answer_id, series, code from answer_code")
    stored: dict[str, set[tuple[str, str]]] = {}
    for answer_id, series, code in rows:
        stored.setdefault(answer_id, set()).add((series.partition(".")[0], code))
    expected = [{(q, code) for q, codes in answer.items() for code in codes} for answer in story.answers.values()]
    assert sorted(map(sorted, stored.values())) == sorted(map(sorted, expected))
    responses = story.desk.surveys.invitations.count_responses(story.round_id)
    assert sum(r.answered for r in responses) == len(story.answers)
    assert sum(r.invited for r in responses) == len(story.answers) + 1


def test_no_column_and_no_value_joins_the_stores(story: Story) -> None:
    for backup in (story.backups[0], story.backups[-2], story.backups[-1]):
        values: list[set[str]] = []
        for store in ("invitations", "answers"):
            tables = [row[0] for row in read_rows(backup, store, "select name from sqlite_master where type = 'table'")]
            assert len(tables) >= 4
            cells = {
                str(value) for table in tables for row in read_rows(backup, store, f"select * from {table}")
                for value in row if isinstance(value, str)
            }  # fmt: skip
            values.append({text for text in cells if len(text) > 12 and text != story.round_id})
        assert not values[0] & values[1]


def test_no_table_has_a_rowid_or_a_time(story: Story) -> None:
    for store in ("invitations", "answers"):
        for (statement,) in read_rows(story.backups[-1], store, "select sql from sqlite_master where type = 'table'"):
            assert "WITHOUT ROWID" in statement
        content = "\n".join(
            str(row)
            for (table,) in read_rows(story.backups[-1], store, "select name from sqlite_master where type = 'table'")
            for row in read_rows(story.backups[-1], store, f"select * from {table}")
        )
        assert not re.search(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", content)
    days = read_rows(story.backups[-1], "answers", "select distinct day from answer")
    assert days == [(fakes.AFTER[:10],)]


def test_closing_leaves_no_trace_of_who_answered(story: Story) -> None:
    after = story.backups[-1]
    assert read_rows(after, "invitations", "select distinct answered from invitation") == [(None,)]
    assert read_rows(after, "invitations", "select count(*) from link") == [(0,)]
    for table in ("draft", "sealed", "spent"):
        assert read_rows(after, "answers", f"select count(*) from {table}") == [(0,)]
    assert not list((story.desk.surveys.home.restricted / "survey" / KEYS).iterdir())
    content = read_bytes(after)
    for token in story.links.values():
        link = parse_token(token)
        assert link is not None
        for digest in (link.invitation_digest, link.spent_digest, link.draft_digest):
            assert digest.encode() not in content


def test_open_round_shows_no_answer_without_its_key(story: Story) -> None:
    for backup in story.backups[:-1]:
        content = read_bytes(backup)
        assert b"More time, idea" not in content
        assert b"FR01" not in content
        sizes = read_rows(backup, "answers", "select distinct length(content) from sealed")
        assert len(sizes) == 1
        assert read_rows(backup, "answers", "select count(*) from answer") == [(0,)]


def test_order_of_stored_answers_is_not_that_of_sending(story: Story) -> None:
    """Compare the order in which people answered (from the backups) with each order that the stores hold."""
    order = [sorted(read_answered(new) - read_answered(old)) for old, new in itertools.pairwise(story.backups[:-1])]
    sent = [address for step in order for address in step]
    assert len(sent) == len(story.answers) - 1
    rows = read_rows(story.backups[-1], "answers", "select answer_id, series, code from answer_code")
    answer_of: dict[frozenset[tuple[str, str]], str] = {}
    by_id: dict[str, set[tuple[str, str]]] = {}
    for answer_id, series, code in rows:
        by_id.setdefault(answer_id, set()).add((series.partition(".")[0], code))
    for address, answer in story.answers.items():
        answer_of[frozenset((q, code) for q, codes in answer.items() for code in codes)] = address
    stored = [answer_of[frozenset(by_id[answer_id])] for answer_id in sorted(by_id)]
    with_sent = [address for address in stored if address in sent]
    in_place = sum(a == b for a, b in zip(with_sent, sent, strict=True))
    assert in_place < len(sent) // 2, "the order of keys is that of sending"
    raw = (story.backups[-1] / "survey" / "answers.sqlite").read_bytes()
    places = sorted(by_id, key=lambda answer_id: raw.index(answer_id.encode()))
    on_disk = [a for a in (answer_of[frozenset(by_id[answer_id])] for answer_id in places) if a in sent]
    assert sum(a == b for a, b in zip(on_disk, sent, strict=True)) < len(sent) // 2


def test_knowing_who_answered_leaves_at_least_five_candidates(story: Story) -> None:
    """Join by territory and role, the strongest attack that is left: each person has enough candidates."""
    rows = read_rows(story.backups[-1], "answers", "select territory, role, count(*) from answer group by 1, 2")
    groups = {(territory, role): n for territory, role, n in rows}
    assert min(groups.values()) >= FEWEST_RESPONDENTS
    people = read_rows(story.backups[-2], "invitations", "select territory, role from invitation where answered")
    for territory, role in people:
        candidates = sum(
            n for (t, r), n in groups.items() if t in (territory, "_X") and r in (role, "_X")
        )  # fmt: skip
        assert candidates >= FEWEST_RESPONDENTS


def test_backups_between_two_people_show_one_more_and_nothing_of_it(story: Story) -> None:
    """Differences of two backups: who answered is known while the round is open; the new row is sealed and unnamed."""
    for old, new in itertools.pairwise(story.backups[:-1]):
        before = set(read_rows(old, "answers", "select sealed_id, round_id from sealed"))
        added = set(read_rows(new, "answers", "select sealed_id, round_id from sealed")) - before
        assert len(added) == 1
    final_ids = {row[0] for row in read_rows(story.backups[-1], "answers", "select answer_id from answer")}
    sealed_ids = {
        row[0] for backup in story.backups for row in read_rows(backup, "answers", "select sealed_id from sealed")
    }
    assert not final_ids & sealed_ids


def test_audit_log_and_logs_name_no_person(story: Story) -> None:
    entries = audit_log.list_entries(story.desk.engine)
    survey = [entry for entry in entries if entry["action"].startswith("survey.")]
    assert [entry["action"] for entry in survey] == ["survey.plan", "survey.open", "survey.close"]
    text = f"{entries}\n{story.log}"
    for address, token in story.links.items():
        assert address not in text
        assert token not in text
    assert "idea" not in text


def test_free_texts_are_not_joined_with_anything(story: Story) -> None:
    columns = [row[1] for row in read_rows(story.backups[-1], "answers", "pragma table_info(free_text)")]
    assert columns == ["text_id", "round_id", "series", "text"]


def test_times_of_files_do_not_follow_the_people(story: Story) -> None:
    """Check that closing the round writes all files of the questionnaire again."""
    folder = story.desk.surveys.home.restricted / "survey"
    stamps = {path.name: path.stat().st_mtime for path in folder.iterdir() if path.is_file()}
    newest_mail = max(path.stat().st_mtime for path in (folder.parent / "outbox").glob("*.eml"))
    assert {"answers.sqlite", "invitations.sqlite"} <= set(stamps)
    assert min(stamps["answers.sqlite"], stamps["invitations.sqlite"]) > newest_mail
    for store in ("answers", "invitations"):
        log = folder / f"{store}.sqlite-wal"
        assert not log.exists() or log.stat().st_size == 0
    assert Counter(path.stat().st_mode & 0o077 for path in folder.glob("*.sqlite")) == {0: 2}
