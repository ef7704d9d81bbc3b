"""Practice: one person can go through the whole cycle, and nothing of it appears anywhere else.

The findings of the files are compared with a list written here by hand.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.declarations import registry
from pipelines.declarations.export import build_tables
from pipelines.declarations.registry import load
from pipelines.ledger.identity import SYSTEM, Grant, Identity, NotAllowedError
from pipelines.submissions import notices, service, timetable
from pipelines.submissions.accounts import accounts
from pipelines.submissions.checking.check import check_file
from pipelines.submissions.service import practice
from pipelines.submissions.service.desk import Desk
from tests.support.paths import SAMPLES

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
EXPECTED_FINDINGS = {
    "good": set(),
    "mistakes": {
        ("cell.empty", "D8"), ("cell.not_a_number", "F9"), ("value.negative", "J8"), ("sum.differs", "B7"),
    },
    "warning": {("plausible.bounds", "B8")},
    "heading": {("heading.missing", "A5"), ("heading.undeclared", "E6"), ("heading.undeclared", "F6"),
                ("heading.undeclared", "G6")},
    "correction": set(),
    "nil": set(),
    "victims": set(),
}  # fmt: skip


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("RTI_NOW", clock.format_timestamp(NOW))
    yield service.open_desk(initialise_home(tmp_path / "home", "real"))


@pytest.fixture
def person(real: Desk) -> Identity:
    accounts.create_account(
        real.engine, "al-office", "Office", grants=[Grant("submitter", "AL")], language="sq", by=SYSTEM
    )
    return accounts.get_identity(real.engine, "al-office")


def _find_practice_file(kind: str) -> practice.PracticeFile:
    return next(f for f in practice.make_practice_files(today=NOW.date()) if f.name.startswith(f"practice-{kind}-"))


def _read_snapshot(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table of the real ledger, and every other file of its home."""
    with sqlite3.connect(f"file:{home.restricted / 'ledger.sqlite'}?mode=ro", uri=True) as connection:
        tables = [r[0] for r in connection.execute("select name from sqlite_master where type = 'table'")]
        rows = {name: list(connection.execute(f"select * from {name}")) for name in tables}
    rows["files"] = [
        (str(p.relative_to(home.root)), p.stat().st_size)
        for p in sorted(home.root.rglob("*"))
        if p.is_file() and home.root / practice.FOLDER not in p.parents and ".sqlite" not in p.name
    ]
    return rows


# ------------------------------------------------------------------------------------------------------------ the files


@pytest.mark.parametrize("kind", EXPECTED_FINDINGS)
def test_practice_file_has_exactly_its_findings(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", clock.format_timestamp(NOW))
    practice_file = _find_practice_file(kind)
    report = check_file(practice_file.data, practice_file.name, registry=load())
    findings = {(f.rule, f.where.cell or "") for f in report.findings if f.severity != "information"}
    assert findings == EXPECTED_FINDINGS[kind] == set(practice_file.findings)
    assert report.form == practice_file.form and report.territory is not None
    assert load().territories[report.territory].kind == "training"
    assert [b.period for b in report.blocks] == ["2026-Q3"]


def test_good_practice_files_are_read_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare with the cells as openpyxl reads them, and with the list as the csv module reads it."""
    monkeypatch.setenv("RTI_NOW", clock.format_timestamp(NOW))
    sheet = openpyxl.load_workbook(io.BytesIO(_find_practice_file("good").data)).active
    assert sheet is not None
    expected = {
        (article, stage, sex): sheet.cell(row, 2 + 3 * s + x).value
        for row, article in ((8, "901"), (9, "902"))
        for s, stage in enumerate(("reported", "indicted", "convicted_first"))
        for x, sex in enumerate(("_T", "M", "F"))
    }
    reading = check_file(_find_practice_file("good").data, "a.xlsx", registry=load()).reading
    assert reading is not None
    rows = reading.observations.select("law_article", "measure", "sex", "value").rows()
    assert {(a, m, s): v for a, m, s, v in rows} == expected
    listed = list(csv.DictReader(io.StringIO(_find_practice_file("victims").data.decode())))
    reading = check_file(_find_practice_file("victims").data, "a.csv", registry=load()).reading
    assert reading is not None
    assert sorted(reading.observations["value"]) == sorted(float(r["Victims identified"]) for r in listed)


@pytest.mark.parametrize(
    ("day", "period"), [(date(2026, 1, 1), "2025-Q4"), (date(2026, 3, 31), "2025-Q4"), (date(2026, 4, 1), "2026-Q1")]
)
def test_practice_files_are_of_last_ended_quarter(day: date, period: str) -> None:
    assert all(period in name for name, _, _ in practice.make_practice_files(today=day))


def test_practice_files_have_distinct_descriptions() -> None:
    lessons = [teaches for _, _, teaches in practice.make_practice_files("en", today=NOW.date())]
    assert len(set(lessons)) == len(lessons) == len(EXPECTED_FINDINGS) and all(len(t) > 30 for t in lessons)


# ------------------------------------------------------------------------------------------------------------ the cycle


def test_whole_cycle_of_practice_changes_nothing_real(real: Desk, person: Identity) -> None:
    before = _read_snapshot(real.home)
    practice_desk = practice.open(real, person)
    trainee = practice.make_practice_identity(practice_desk, person)
    assert (trainee.account, trainee.language) == (person.account, "sq")
    assert (
        trainee.has_role("submitter", *_find_pair(practice_desk))
        and trainee.has_role("approver", *_find_pair(practice_desk))
        and not trainee.has_role("submitter", "AL", "*")
    )

    bad = service.upload_file(practice_desk, trainee, _find_practice_file("mistakes").data, "bad.xlsx")
    assert bad.state == "refused"
    good = service.upload_file(practice_desk, trainee, _find_practice_file("good").data, "good.xlsx")
    assert good.state == "checked" and good.submission_id is not None
    assert service.send_submission(practice_desk, trainee, good.submission_id) is not None
    # Practice also requires a second person.
    with pytest.raises((NotAllowedError, service.TransitionError)):
        service.approve_submission(practice_desk, trainee, good.submission_id)
    practice.colleague_gives_back(practice_desk, person, good.submission_id)
    assert service.get_submission(practice_desk, trainee, good.submission_id).state == "checked"
    service.send_submission(practice_desk, trainee, good.submission_id)
    practice.colleague_approves(practice_desk, person, good.submission_id)
    assert service.get_submission(practice_desk, trainee, good.submission_id).state == "approved"

    board = timetable.build_board(
        practice_desk.engine, practice_desk.registry, trainee.list_pairs(), today=NOW.date(), kind="training"
    )
    states = {row.instrument: row.cells[-1].state for row in board.rows}
    assert states == {"justice": "approved", "victims": "overdue"}
    assert _read_snapshot(real.home) == before


def _find_pair(practice_desk: Desk) -> tuple[str, str]:
    (place,) = [
        j.code for t in practice_desk.registry.territories.values() if t.kind == "training" for j in t.jurisdictions
    ]
    return place, "justice"


def test_colleague_sends_a_return_to_approve(real: Desk, person: Identity) -> None:
    practice_desk = practice.open(real, person)
    entry = practice.colleague_sends(practice_desk, person)
    assert entry.state == "sent" and entry.may_approve
    service.approve_submission(
        practice_desk, practice.make_practice_identity(practice_desk, person), entry.submission_id
    )
    assert (
        service.get_submission(
            practice_desk, practice.make_practice_identity(practice_desk, person), entry.submission_id
        ).state
        == "approved"
    )


def test_practice_of_nil_return_and_justified_warning(real: Desk, person: Identity) -> None:
    practice_desk = practice.open(real, person)
    trainee = practice.make_practice_identity(practice_desk, person)
    nil_upload = service.upload_file(practice_desk, trainee, _find_practice_file("nil").data, "nil.xlsx")
    assert nil_upload.state == "checked"
    upload = service.upload_file(practice_desk, trainee, _find_practice_file("warning").data, "warning.xlsx")
    assert upload.submission_id is not None
    ((key, rule),) = upload.open_warnings
    assert rule == "plausible.bounds"
    assert (
        service.justify_warnings(
            practice_desk, trainee, upload.submission_id, key, "real_change", "one large case was opened"
        )
        == 0
    )
    assert service.send_submission(practice_desk, trainee, upload.submission_id) is not None


def test_practice_sends_no_notices(real: Desk, person: Identity) -> None:
    practice.colleague_sends(practice.open(real, person), person)
    assert notices.list_notices(real.engine) == []


# ---------------------------------------------------------------------------------------------------------------- walls


def test_real_desk_refuses_practice_file(real: Desk, person: Identity) -> None:
    for grants in ([], [Grant("submitter", "*", "*")]):
        for grant in grants:
            accounts.grant_role(real.engine, person.account, grant, by=SYSTEM)
        identity = accounts.get_identity(real.engine, person.account)
        upload = service.upload_file(real, identity, _find_practice_file("good").data, "good.xlsx")
        assert upload.submission_id is None and upload.report.findings[0].rule == "desk.practice"
    assert not [p for p in real.home.store.rglob("*") if p.is_file()] and service.list_submissions(real, person) == []


def test_practice_desk_refuses_real_file(real: Desk, person: Identity) -> None:
    practice_desk = practice.open(real, person)
    sample = next(p for p in sorted((SAMPLES / "AL").rglob("*.csv")))
    upload = service.upload_file(
        practice_desk, practice.make_practice_identity(practice_desk, person), sample.read_bytes(), sample.name
    )
    assert upload.submission_id is None and upload.report.findings[0].rule == "desk.not_practice"
    assert not [p for p in practice_desk.home.store.rglob("*") if p.is_file()]


def test_practice_ledger_ignores_ledger_url_of_environment(
    real: Desk, person: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_LEDGER_URL", f"sqlite:///{real.home.restricted / 'ledger.sqlite'}")
    practice_desk = practice.reset_practice(real, person)
    assert str(practice_desk.home.root) in practice_desk.home.ledger_url and str(practice_desk.home.root) in str(
        practice_desk.engine.url
    )


def test_each_account_has_its_own_practice(real: Desk, person: Identity) -> None:
    accounts.create_account(real.engine, "rs-office", "Office", grants=[Grant("viewer", "RS")], by=SYSTEM)
    colleague = accounts.get_identity(real.engine, "rs-office")
    practice.colleague_sends(practice.open(real, person), person)
    colleague_desk = practice.open(real, colleague)
    assert service.list_submissions(colleague_desk, practice.make_practice_identity(colleague_desk, colleague)) == []


def test_reset_practice_starts_with_empty_ledger(real: Desk, person: Identity) -> None:
    practice_desk = practice.open(real, person)
    entry = practice.colleague_sends(practice_desk, person)
    assert practice.open(real, person) is practice_desk
    new_desk = practice.reset_practice(real, person)
    assert service.list_submissions(new_desk, practice.make_practice_identity(new_desk, person)) == []
    with pytest.raises(NotAllowedError):
        service.get_submission(new_desk, practice.make_practice_identity(new_desk, person), entry.submission_id)
    assert [p.name for p in (real.home.root / practice.FOLDER).iterdir()] == [new_desk.home.root.name]


def test_open_practice_after_reset_by_another_process(real: Desk, person: Identity) -> None:
    practice_desk = practice.open(real, person)
    practice.colleague_sends(practice_desk, person)
    # Change the folder like `reset_practice` in another process.
    practice_desk.home.root.rename(practice_desk.home.root.with_name("gone"))
    initialise_home(practice_desk.home.root, "demonstration")
    new_desk = practice.open(real, person)
    assert (
        new_desk is not practice_desk
        and service.list_submissions(new_desk, practice.make_practice_identity(new_desk, person)) == []
    )


def test_open_practice_without_role_raises(real: Desk) -> None:
    with pytest.raises(NotAllowedError):
        practice.open(real, Identity("nobody", "Nobody", "en", ()))


def test_open_practice_from_practice_desk_raises(real: Desk, person: Identity) -> None:
    practice_desk = practice.open(real, person)
    with pytest.raises(ValueError, match="real desk"):
        practice.open(practice_desk, practice.make_practice_identity(practice_desk, person))
    with pytest.raises(ValueError, match="not a practice"):
        practice.make_practice_identity(real, person)


# ------------------------------------------------------------------------------------------------- outside the region


def test_training_territory_is_neither_exported_nor_due() -> None:
    declared = load()
    training = {code for code, t in declared.territories.items() if t.kind == "training"}
    assert training
    places = {j.code for code in training for j in declared.territories[code].jurisdictions}
    for name, frame in build_tables(declared.without_training()).items():
        for column in ("code", "territory", "jurisdiction"):
            if column in frame.columns:
                assert not (training | places) & set(frame[column]), name
    assert not {d.territory for d in timetable.list_deadlines(declared, today=NOW.date())} & training
    assert declared.without_training().digest == declared.digest


def test_exported_tables_are_same_without_training_folder(tmp_path: Path) -> None:
    training = {code for code, t in load().territories.items() if t.kind == "training"}
    for folder in registry.TERRITORIES.iterdir():
        if folder.name not in training:
            (tmp_path / folder.name).symlink_to(folder)
    without = build_tables(registry.load_from((tmp_path,)))
    with_folder = build_tables(registry.load_from((registry.TERRITORIES,)).without_training())
    assert without.keys() == with_folder.keys()
    for name, frame in with_folder.items():
        assert frame.equals(without[name]), name


def test_submit_command_refuses_practice_file(
    real: Desk, person: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_HOME", str(real.home.root))
    monkeypatch.delenv("RTI_ACTOR", raising=False)
    (file := tmp_path / "good.xlsx").write_bytes(_find_practice_file("good").data)
    assert main.main(["submit", str(file), "--as", person.account, "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert (content["submission_id"], content["report"]["findings"][0]["rule"]) == (None, "desk.practice")
    assert service.list_submissions(real, person) == [] and not [p for p in real.home.store.rglob("*") if p.is_file()]


def test_real_board_has_no_row_of_training_territory(real: Desk) -> None:
    rows = timetable.build_board(real.engine, real.registry, [("*", "*")], today=NOW.date()).rows
    assert len({row.territory for row in rows}) == 7
    assert all(real.registry.territories[row.territory].kind == "national" for row in rows)
