"""Practice: the whole cycle alone, and nothing of it anywhere else.

The files are held against findings listed here by hand, not by what the check says of them.
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
FOUND = {
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


def _file(kind: str) -> practice.PracticeFile:
    return next(f for f in practice.make_practice_files(today=NOW.date()) if f.name.startswith(f"practice-{kind}-"))


def _snapshot(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the real ledger, and every file beside it."""
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


@pytest.mark.parametrize("kind", FOUND)
def test_each_file_has_just_the_findings_it_teaches(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", clock.format_timestamp(NOW))
    given = _file(kind)
    report = check_file(given.data, given.name, registry=load())
    seen = {(f.rule, f.where.cell or "") for f in report.findings if f.severity != "information"}
    assert seen == FOUND[kind] == set(given.findings)
    assert report.form == given.form and report.territory is not None
    assert load().territories[report.territory].kind == "training"
    assert [b.period for b in report.blocks] == ["2026-Q3"]


def test_the_good_files_are_read_as_they_were_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workbook is opened by hand here and added up; the list is read by Python's own reader."""
    monkeypatch.setenv("RTI_NOW", clock.format_timestamp(NOW))
    sheet = openpyxl.load_workbook(io.BytesIO(_file("good").data)).active
    assert sheet is not None
    meant = {
        (article, stage, sex): sheet.cell(row, 2 + 3 * s + x).value
        for row, article in ((8, "901"), (9, "902"))
        for s, stage in enumerate(("reported", "indicted", "convicted_first"))
        for x, sex in enumerate(("_T", "M", "F"))
    }
    reading = check_file(_file("good").data, "a.xlsx", registry=load()).reading
    assert reading is not None
    rows = reading.observations.select("law_article", "measure", "sex", "value").rows()
    assert {(a, m, s): v for a, m, s, v in rows} == meant
    listed = list(csv.DictReader(io.StringIO(_file("victims").data.decode())))
    reading = check_file(_file("victims").data, "a.csv", registry=load()).reading
    assert reading is not None
    assert sorted(reading.observations["value"]) == sorted(float(r["Victims identified"]) for r in listed)


@pytest.mark.parametrize(
    ("day", "period"), [(date(2026, 1, 1), "2025-Q4"), (date(2026, 3, 31), "2025-Q4"), (date(2026, 4, 1), "2026-Q1")]
)
def test_their_quarter_is_the_one_that_ended_last(day: date, period: str) -> None:
    assert all(period in name for name, _, _ in practice.make_practice_files(today=day))


def test_each_says_what_it_teaches() -> None:
    taught = [teaches for _, _, teaches in practice.make_practice_files("en", today=NOW.date())]
    assert len(set(taught)) == len(taught) == len(FOUND) and all(len(t) > 30 for t in taught)


# ------------------------------------------------------------------------------------------------------------ the cycle


def test_the_whole_cycle_can_be_learnt_alone_and_touches_nothing_real(real: Desk, person: Identity) -> None:
    before = _snapshot(real.home)
    here = practice.open(real, person)
    me = practice.make_practice_identity(here, person)
    assert (me.account, me.language) == (person.account, "sq")
    assert (
        me.has_role("submitter", *_pair(here))
        and me.has_role("approver", *_pair(here))
        and not me.has_role("submitter", "AL", "*")
    )

    bad = service.upload_file(here, me, _file("mistakes").data, "bad.xlsx")
    assert bad.state == "refused"
    good = service.upload_file(here, me, _file("good").data, "good.xlsx")
    assert good.state == "checked" and good.submission_id is not None
    assert service.send_submission(here, me, good.submission_id) is not None
    # The rule of the second person holds here too.
    with pytest.raises((NotAllowedError, service.TransitionError)):
        service.approve_submission(here, me, good.submission_id)
    practice.colleague_gives_back(here, person, good.submission_id)
    assert service.get_submission(here, me, good.submission_id).state == "checked"
    service.send_submission(here, me, good.submission_id)
    practice.colleague_approves(here, person, good.submission_id)
    assert service.get_submission(here, me, good.submission_id).state == "approved"

    shown = timetable.build_board(here.engine, here.registry, me.list_pairs(), today=NOW.date(), kind="training")
    states = {row.instrument: row.cells[-1].state for row in shown.rows}
    assert states == {"justice": "approved", "victims": "overdue"}
    assert _snapshot(real.home) == before


def _pair(here: Desk) -> tuple[str, str]:
    (place,) = [j.code for t in here.registry.territories.values() if t.kind == "training" for j in t.jurisdictions]
    return place, "justice"


def test_the_colleague_sends_something_to_decide_on(real: Desk, person: Identity) -> None:
    here = practice.open(real, person)
    entry = practice.colleague_sends(here, person)
    assert entry.state == "sent" and entry.may_approve
    service.approve_submission(here, practice.make_practice_identity(here, person), entry.submission_id)
    assert (
        service.get_submission(here, practice.make_practice_identity(here, person), entry.submission_id).state
        == "approved"
    )


def test_a_nil_return_and_a_justified_warning(real: Desk, person: Identity) -> None:
    here = practice.open(real, person)
    me = practice.make_practice_identity(here, person)
    nil = service.upload_file(here, me, _file("nil").data, "nil.xlsx")
    assert nil.state == "checked"
    warned = service.upload_file(here, me, _file("warning").data, "warning.xlsx")
    assert warned.submission_id is not None
    ((key, rule),) = warned.open_warnings
    assert rule == "plausible.bounds"
    assert (
        service.justify_warnings(here, me, warned.submission_id, key, "real_change", "one large case was opened") == 0
    )
    assert service.send_submission(here, me, warned.submission_id) is not None


def test_practice_tells_nobody_by_mail(real: Desk, person: Identity) -> None:
    practice.colleague_sends(practice.open(real, person), person)
    assert notices.list_notices(real.engine) == []


# ---------------------------------------------------------------------------------------------------------------- walls


def test_a_practice_file_is_not_taken_by_the_real_desk(real: Desk, person: Identity) -> None:
    for grants in ([], [Grant("submitter", "*", "*")]):
        for grant in grants:
            accounts.grant_role(real.engine, person.account, grant, by=SYSTEM)
        who = accounts.get_identity(real.engine, person.account)
        done = service.upload_file(real, who, _file("good").data, "good.xlsx")
        assert done.submission_id is None and done.report.findings[0].rule == "desk.practice"
    assert not [p for p in real.home.store.rglob("*") if p.is_file()] and service.list_submissions(real, person) == []


def test_a_real_file_is_not_taken_at_practice(real: Desk, person: Identity) -> None:
    here = practice.open(real, person)
    sample = next(p for p in sorted((SAMPLES / "AL").rglob("*.csv")))
    done = service.upload_file(here, practice.make_practice_identity(here, person), sample.read_bytes(), sample.name)
    assert done.submission_id is None and done.report.findings[0].rule == "desk.not_practice"
    assert not [p for p in here.home.store.rglob("*") if p.is_file()]


def test_the_ledger_of_practice_is_its_own_whatever_the_environment_says(
    real: Desk, person: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_LEDGER_URL", f"sqlite:///{real.home.restricted / 'ledger.sqlite'}")
    here = practice.reset_practice(real, person)
    assert str(here.home.root) in here.home.ledger_url and str(here.home.root) in str(here.engine.url)


def test_everybody_has_a_practice_of_his_own(real: Desk, person: Identity) -> None:
    accounts.create_account(real.engine, "rs-office", "Office", grants=[Grant("viewer", "RS")], by=SYSTEM)
    other = accounts.get_identity(real.engine, "rs-office")
    practice.colleague_sends(practice.open(real, person), person)
    theirs = practice.open(real, other)
    assert service.list_submissions(theirs, practice.make_practice_identity(theirs, other)) == []


def test_reset_begins_anew(real: Desk, person: Identity) -> None:
    here = practice.open(real, person)
    entry = practice.colleague_sends(here, person)
    assert practice.open(real, person) is here
    anew = practice.reset_practice(real, person)
    assert service.list_submissions(anew, practice.make_practice_identity(anew, person)) == []
    with pytest.raises(NotAllowedError):
        service.get_submission(anew, practice.make_practice_identity(anew, person), entry.submission_id)
    assert [p.name for p in (real.home.root / practice.FOLDER).iterdir()] == [anew.home.root.name]


def test_another_process_may_begin_it_anew(real: Desk, person: Identity) -> None:
    here = practice.open(real, person)
    practice.colleague_sends(here, person)
    # What `reset` of another process does to the folder, seen from this one.
    here.home.root.rename(here.home.root.with_name("gone"))
    initialise_home(here.home.root, "demonstration")
    anew = practice.open(real, person)
    assert anew is not here and service.list_submissions(anew, practice.make_practice_identity(anew, person)) == []


def test_an_account_without_a_role_has_no_practice(real: Desk) -> None:
    with pytest.raises(NotAllowedError):
        practice.open(real, Identity("nobody", "Nobody", "en", ()))


def test_practice_is_opened_from_the_real_desk_only(real: Desk, person: Identity) -> None:
    here = practice.open(real, person)
    with pytest.raises(ValueError, match="real desk"):
        practice.open(here, practice.make_practice_identity(here, person))
    with pytest.raises(ValueError, match="not a practice"):
        practice.make_practice_identity(real, person)


# ------------------------------------------------------------------------------------------------- outside the region


def test_nothing_gathered_or_due_is_the_training_territorys() -> None:
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


def test_what_is_gathered_is_the_same_without_the_folder(tmp_path: Path) -> None:
    training = {code for code, t in load().territories.items() if t.kind == "training"}
    for folder in registry.TERRITORIES.iterdir():
        if folder.name not in training:
            (tmp_path / folder.name).symlink_to(folder)
    without = build_tables(registry.load_from((tmp_path,)))
    here = build_tables(registry.load_from((registry.TERRITORIES,)).without_training())
    assert without.keys() == here.keys()
    for name, frame in here.items():
        assert frame.equals(without[name]), name


def test_no_command_hands_a_practice_file_to_the_real_ledger(
    real: Desk, person: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_HOME", str(real.home.root))
    monkeypatch.delenv("RTI_ACTOR", raising=False)
    (file := tmp_path / "good.xlsx").write_bytes(_file("good").data)
    assert main.main(["submit", str(file), "--as", person.account, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["submission_id"], told["report"]["findings"][0]["rule"]) == (None, "desk.practice")
    assert service.list_submissions(real, person) == [] and not [p for p in real.home.store.rglob("*") if p.is_file()]


def test_the_real_board_has_no_row_of_it_also_for_whoever_may_see_everything(real: Desk) -> None:
    rows = timetable.build_board(real.engine, real.registry, [("*", "*")], today=NOW.date()).rows
    assert len({row.territory for row in rows}) == 7
    assert all(real.registry.territories[row.territory].kind == "national" for row in rows)
