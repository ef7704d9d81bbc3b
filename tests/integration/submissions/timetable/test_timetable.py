"""Deadlines, the board and the calendar file, held against days counted by hand and states written into a ledger."""

from __future__ import annotations

import calendar as months
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import icalendar
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.core.i18n import list_languages
from pipelines.declarations.export import list_expected_returns
from pipelines.declarations.registry import Registry, load, load_from
from pipelines.ledger.acts import Arrival, Block, CheckResult, Justification
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.schema import SUBMISSION
from pipelines.submissions import decisions, intake, timetable
from pipelines.submissions.accounts import accounts
from pipelines.submissions.timetable import Cell, Deadline
from pipelines.submissions.timetable.names import note_of, office_name, pick_name
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.fakes.returns_fakes import BASE, TERRITORY, make_registry

DAY = date(2026, 11, 20)
ALL = [("*", "*")]


def _registry(folder: Path, entry: str) -> Registry:
    """The made-up territory as a national one, with another calendar."""
    old = TERRITORY[TERRITORY.index("calendar:") : TERRITORY.index("counting_rules:")]
    make_registry(folder, [BASE])
    declared = folder / "ZZ" / "territory.yml"
    text = TERRITORY.replace(old, f"calendar:\n{entry}\n").replace("kind: training", "kind: national")
    declared.write_text(text, encoding="utf-8")
    load_from.cache_clear()
    return load_from((folder,))


def _by_period(found: list[Deadline], place: str, instrument: str) -> dict[str, Deadline]:
    return {d.period: d for d in found if (d.jurisdiction, d.instrument) == (place, instrument)}


# ------------------------------------------------------------------------------------------------------------ deadlines


@pytest.mark.parametrize(
    ("place", "instrument", "period", "days"),
    [
        ("AL", "justice", "2023-Q4", ("2024-02-14", "2024-02-29", "2024-03-15")),  # over a leap day
        ("AL", "justice", "2024-Q4", ("2025-02-14", "2025-03-01", "2025-03-16")),
        ("AL", "justice", "2026-Q3", ("2026-11-14", "2026-11-29", "2026-12-14")),  # a Saturday, a Sunday: not shifted
        ("BA", "victims", "2023", ("2024-04-09", "2024-04-24", "2024-05-09")),
        ("BA", "victims", "2024", ("2025-04-10", "2025-04-25", "2025-05-10")),
    ],
)
def test_days_counted_on_a_paper_calendar(place: str, instrument: str, period: str, days: tuple[str, ...]) -> None:
    one = _by_period(timetable.list_deadlines(load(), today=DAY), place, instrument)[period]
    assert (one.collection, one.queries, one.release) == tuple(date.fromisoformat(d) for d in days)


@given(
    year=st.integers(2020, 2100), quarter=st.integers(1, 4), collection=st.integers(1, 400), more=st.integers(0, 30),
)  # fmt: skip
def test_a_day_is_its_distance_from_the_last_day_of_the_month(
    year: int, quarter: int, collection: int, more: int
) -> None:
    from pipelines.declarations.territory import CalendarEntry
    from pipelines.model.periods import Period

    period = f"{year}-Q{quarter}"
    entry = CalendarEntry(
        instrument="justice", jurisdiction="ZZ", source="ZZ_STAT", freq="Q", periods=f"{period}..{period}",
        deadline_days=collection, query_days=collection + more, release_days=collection + 2 * more,
    )  # fmt: skip
    last = date(year, 3 * quarter, months.monthrange(year, 3 * quarter)[1])
    assert Period.from_code(period).end == last
    days = [Period.from_code(period).end.toordinal() + n for n in entry.days]
    assert [d - last.toordinal() for d in days] == [collection, collection + more, collection + 2 * more]


def test_a_territory_may_declare_days_of_its_own(tmp_path: Path) -> None:
    entry = (
        "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2026-Q3.., deadline_days: 30, "
        "query_days: 40, release_days: 50}"
    )
    (one,) = timetable.list_deadlines(_registry(tmp_path, entry), today=DAY)
    assert (one.collection, one.queries, one.release) == (date(2026, 10, 30), date(2026, 11, 9), date(2026, 11, 19))


def test_a_late_collection_pushes_the_defaults_back(tmp_path: Path) -> None:
    entry = (
        "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2026-Q1.., deadline_days: 90}"
    )
    one = timetable.list_deadlines(_registry(tmp_path, entry), today=DAY)[0]
    assert one.collection == one.queries == one.release == date(2026, 6, 29)


def test_days_out_of_order_are_refused(tmp_path: Path) -> None:
    from pipelines.declarations.yaml_file import DeclarationError

    entry = (
        "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2026-Q3.., deadline_days: 45, "
        "query_days: 40}"
    )
    with pytest.raises(DeclarationError, match="in this order of size"):
        _registry(tmp_path, entry)


def test_what_is_ahead_is_asked_for_and_an_ended_entry_has_no_future(tmp_path: Path) -> None:
    entry = (
        "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2026-Q2.., deadline_days: 45}\n"
        "  - {instrument: victims, jurisdiction: ZZ, source: ZZ_STAT, freq: A, periods: 2024..2025, deadline_days: 90}"
    )
    registry = _registry(tmp_path, entry)
    assert [d.period for d in timetable.list_deadlines(registry, today=DAY)] == ["2026-Q2", "2026-Q3", "2024", "2025"]
    ahead = timetable.list_deadlines(registry, today=DAY, ahead=2)
    assert [d.period for d in ahead] == ["2026-Q2", "2026-Q3", "2026-Q4", "2027-Q1", "2024", "2025"]


def test_deadlines_are_those_the_warehouse_is_given() -> None:
    declared = {
        (r["jurisdiction"], r["instrument"], r["source"], r["freq"], r["period"]): r["deadline"]
        for r in list_expected_returns(load().without_training(), DAY)
    }
    assert {d.key: d.collection for d in timetable.list_deadlines(load(), today=DAY)} == declared


def test_they_are_chosen_by_jurisdiction_and_by_pair() -> None:
    registry = load()
    assert {d.jurisdiction for d in timetable.list_deadlines(registry, jurisdictions=["BA_FED"], today=DAY)} == {
        "BA_FED"
    }
    some = timetable.list_deadlines(registry, pairs=[("RS", "victims"), ("BA", "*")], today=DAY)
    assert {(d.jurisdiction, d.instrument) for d in some} == {("RS", "victims"), ("BA", "victims")}
    assert timetable.list_deadlines(registry, pairs=[], today=DAY) == []


# ------------------------------------------------------------------------------------------------------------ the board

ENTRY = "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2025-Q1.., deadline_days: 45}"


class World:
    """A ledger in which returns of one made-up office stand in chosen states."""

    def __init__(self, folder: Path) -> None:
        self.home: Home
        self.engine: sa.Engine
        self.home, self.engine = home_and_ledger(folder)
        accounts.create_account(self.engine, "zz-office", "Office", grants=[Grant("submitter")], by=SYSTEM)
        self.registry = _registry(folder / "declared", ENTRY)
        self.series = next(iter(self.registry.forms.values())).series

    def comes(
        self, period: str, day: str, state: str = "checked", *, warnings: int = 0, errors: int = 0, nil: bool = False,
        accepted: str | None = None, place: str = "ZZ",
    ) -> str:  # fmt: skip
        at = datetime.fromisoformat(day).replace(tzinfo=UTC)
        name = f"{period} {day} {state}"
        arrival = Arrival(f"{int.from_bytes(name.encode()):064x}"[-64:], 1, name, "zz-office", at, demonstration=True)
        identity = intake.record_arrival(self.engine, arrival).submission_id
        block = Block(place, "justice", self.series, "Q", period, 1, nil)
        intake.record_check(
            self.engine,
            CheckResult(
                identity, "csv", "ZZ", "ZZ-JUSTICE-1", "full", (block,), errors,
                tuple((f"key{n}", "rule") for n in range(warnings)), 0, "d" * 64, "1", "h" * 64, at,
            ),
        )  # fmt: skip
        if state not in ("checked", "refused"):
            with open_write_transaction(self.engine) as connection:
                connection.execute(
                    sa.update(SUBMISSION)
                    .where(SUBMISSION.c.submission_id == identity)
                    .values(state=state, accepted_at=accepted)
                )
        return identity

    def board(self, today: date = DAY, periods: int = 8, pairs: list[tuple[str, str]] = ALL) -> timetable.Board:
        return timetable.build_board(self.engine, self.registry, pairs, today=today, periods=periods)

    def cell(self, period: str, today: date = DAY) -> Cell:
        (row,) = self.board(today).rows
        return next(c for c in row.cells if c.deadline.period == period)


@pytest.fixture
def world(tmp_path: Path, database: str) -> World:
    return World(tmp_path)


LAST = "2026-Q3"  # due on 2026-11-14


@pytest.mark.parametrize(
    ("today", "state", "late"),
    [
        (date(2026, 11, 1), "expected", False),
        (date(2026, 11, 14), "expected", False),
        (date(2026, 11, 15), "overdue", True),
    ],
)
def test_nothing_has_come(world: World, today: date, state: str, late: bool) -> None:
    cell = world.cell(LAST, today)
    assert (cell.state, cell.late, cell.submission_id) == (state, late, None)


@pytest.mark.parametrize(
    ("ledger_state", "warnings", "errors", "state"),
    [
        ("checked", 0, 0, "draft"),
        ("checked", 1, 0, "findings"),
        ("refused", 0, 2, "findings"),
        ("sent", 1, 0, "sent"),
        ("approved", 0, 0, "approved"),
        ("published", 0, 0, "published"),
    ],
)
def test_the_state_is_that_of_the_return(
    world: World, ledger_state: str, warnings: int, errors: int, state: str
) -> None:
    accepted = "2026-11-11T00:00:00Z" if ledger_state in ("approved", "published") else None
    identity = world.comes(LAST, "2026-11-10", ledger_state, warnings=warnings, errors=errors, accepted=accepted)
    cell = world.cell(LAST)
    assert (cell.state, cell.submission_id) == (state, identity)
    # What was not sent before the day has passed is late, however long it has lain there.
    assert cell.late is (state in ("draft", "findings"))


@pytest.mark.parametrize(("ledger_state", "errors"), [("checked", 0), ("refused", 2), ("sent", 0)])
def test_to_who_does_not_work_on_it_a_draft_is_as_if_it_had_not_come(
    world: World, ledger_state: str, errors: int
) -> None:
    identity = world.comes(LAST, "2026-11-10", ledger_state, errors=errors)
    for working, told in (([], False), ([("ZZ", "victims")], False), ([("ZZ", "justice")], True)):
        made = timetable.build_board(world.engine, world.registry, ALL, today=DAY, working=working)
        (cell,) = (cell for row in made.rows for cell in row.cells if cell.deadline.period == LAST)
        seen = told or ledger_state == "sent"
        assert (cell.submission_id == identity) is seen
        assert (cell.state == "overdue") is not seen


def test_a_warning_that_was_answered_is_no_finding(world: World) -> None:
    identity = world.comes(LAST, "2026-11-10", warnings=1)
    assert world.cell(LAST).state == "findings"
    decisions.justify_warnings(
        world.engine, Justification(identity, "real_change", "a large case was opened", "zz-office", "key0")
    )
    assert world.cell(LAST).state == "draft"


def test_a_withdrawn_return_is_no_return(world: World) -> None:
    world.comes(LAST, "2026-11-10", "withdrawn")
    assert world.cell(LAST).state == "overdue"


@pytest.mark.parametrize(("day", "late"), [("2026-11-14T23:59:59", False), ("2026-11-15T00:00:00", True)])
def test_late_but_in(world: World, day: str, late: bool) -> None:
    world.comes(LAST, day, "approved", accepted="2026-11-16T00:00:00Z")
    cell = world.cell(LAST)
    assert cell.is_in and cell.state == "approved" and cell.late is late


def test_a_correction_under_way_changes_neither_state_nor_punctuality(world: World) -> None:
    first = world.comes(LAST, "2026-11-10", "published", accepted="2026-11-11T00:00:00Z")
    second = world.comes(LAST, "2026-11-18", "sent")
    cell = world.cell(LAST)
    assert (cell.state, cell.submission_id, cell.pending, cell.pending_state) == ("published", first, second, "sent")
    assert not cell.late


def test_an_accepted_correction_stands_and_the_first_one_was_in_time(world: World) -> None:
    world.comes(LAST, "2026-11-10", "published", accepted="2026-11-11T00:00:00Z")
    second = world.comes(LAST, "2026-11-18", "approved", accepted="2026-11-19T00:00:00Z")
    cell = world.cell(LAST)
    assert (cell.state, cell.submission_id, cell.pending, cell.late) == ("approved", second, None, False)


def test_what_was_refused_before_the_good_one_is_forgotten(world: World) -> None:
    world.comes(LAST, "2026-11-09", "refused", errors=1)
    good = world.comes(LAST, "2026-11-10", "sent")
    cell = world.cell(LAST)
    assert (cell.state, cell.submission_id, cell.pending) == ("sent", good, None)


def test_a_nil_return_is_in_and_says_so(world: World) -> None:
    world.comes(LAST, "2026-11-10", "approved", nil=True, accepted="2026-11-10T00:00:00Z")
    assert world.cell(LAST).nil and world.cell(LAST).is_in


def test_returns_of_another_office_or_series_are_not_mixed_in(world: World) -> None:
    world.comes(LAST, "2026-11-10", "sent", place="YY")
    assert world.cell(LAST).state == "overdue"


def test_nothing_outside_the_pairs_is_shown(world: World) -> None:
    assert world.board(pairs=[("AL", "*"), ("ZZ", "victims")]).rows == ()
    assert len(world.board(pairs=[("ZZ", "justice")]).rows) == 1


def test_punctuality_adds_up_and_counts_only_what_was_due(world: World) -> None:
    world.comes("2025-Q4", "2026-02-10", "published", accepted="2026-02-11T00:00:00Z")  # 4 days before 2026-02-14
    world.comes("2026-Q1", "2026-05-25", "approved", accepted="2026-05-26T00:00:00Z")  # 10 days after 2026-05-15
    world.comes("2026-Q2", "2026-08-01", "refused", errors=1)
    row = world.board(today=date(2026, 11, 14), periods=4).rows[0]
    assert [c.state for c in row.cells] == ["published", "approved", "findings", "expected"]
    kept = row.punctuality
    assert (kept.due, kept.on_time, kept.late, kept.missing) == (3, 1, 1, 1)
    assert kept.share == pytest.approx(1 / 3) and kept.median_days == pytest.approx((-4 + 10) / 2)


def test_several_offices_of_a_jurisdiction_are_several_rows(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    rows = timetable.build_board(engine, load(), [("HR", "*")], today=DAY).rows
    assert [(r.instrument, r.source) for r in rows] == [
        ("justice", "HR_DZS"), ("register", "HR_MPU"), ("victims", "HR_MUP"),
    ]  # fmt: skip
    assert all(c.state == "overdue" for r in rows for c in r.cells)


def test_years_stand_behind_the_quarters(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    shown = timetable.build_board(engine, load(), [("BA", "*"), ("BA_FED", "*")], today=DAY, periods=8)
    assert shown.periods[:2] == ("2024-Q4", "2025-Q1") and shown.periods[-2:] == ("2024", "2025")
    assert shown.count_cells("overdue") == 10


# ------------------------------------------------------------------------------------------------------------- calendar


def _chosen(code: str) -> list[Deadline]:
    return [
        d for d in timetable.list_deadlines(load(), jurisdictions=[code], today=DAY, ahead=1) if d.collection >= DAY
    ]


def _parsed(content: bytes) -> icalendar.Calendar:
    parsed = icalendar.Calendar.from_ical(content)
    assert isinstance(parsed, icalendar.Calendar)
    return parsed


def test_the_calendar_reads_back_as_it_was_meant() -> None:
    chosen = _chosen("AL")
    with clock.freeze_time(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        content = timetable.export_calendar(chosen, "en", demonstration=False)
    events = list(_parsed(content).walk("VEVENT"))
    assert len(events) == 3 * len(chosen) == 6
    meant = {day for d in chosen for day in (d.collection, d.queries, d.release)}
    assert {e.decoded("DTSTART") for e in events} == meant
    for event in events:
        start, end = event.decoded("DTSTART"), event.decoded("DTEND")
        assert type(start) is date and end - start == timedelta(days=1)
        assert event.decoded("DTSTAMP") == datetime(2026, 11, 20, 9, tzinfo=UTC)
    with_alarm = [e for e in events if list(e.walk("VALARM"))]
    assert {e.decoded("DTSTART") for e in with_alarm} == {d.collection for d in chosen}
    for event in with_alarm:
        assert [a.decoded("TRIGGER").days for a in event.walk("VALARM")] == [-14, -3]
    assert b"Demonstration" not in content


def test_lines_are_folded_between_letters_also_in_cyrillic() -> None:
    content = timetable.export_calendar(_chosen("RS"), "sr", demonstration=True)
    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode("utf-8")  # a fold within a letter would break it
    assert content.endswith(b"END:VCALENDAR\r\n") and b"\n" not in content.replace(b"\r\n", b"")
    names = [str(e["SUMMARY"]) for e in _parsed(content).walk("VEVENT")]
    assert any(office_name(load(), "RS_CENTRE", "sr") in name for name in names)
    assert "Центар за заштиту жртава трговине људима" in office_name(load(), "RS_CENTRE", "sr")


def test_uids_are_stable_and_differ() -> None:
    chosen = _chosen("AL")
    with clock.freeze_time(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        first = timetable.export_calendar(chosen, "en", demonstration=False)
    with clock.freeze_time(datetime(2027, 1, 5, 9, tzinfo=UTC)):
        moved = [replace(d, collection=d.collection + timedelta(days=2)) for d in chosen]
        later = timetable.export_calendar(moved, "sq", demonstration=True)
    uids = [str(e["UID"]) for e in _parsed(first).walk("VEVENT")]
    assert uids == [str(e["UID"]) for e in _parsed(later).walk("VEVENT")]
    assert len(set(uids)) == len(uids)
    assert str(_parsed(first)["UID"]) == str(_parsed(later)["UID"])


def test_a_demonstration_says_so_in_every_title() -> None:
    content = timetable.export_calendar(_chosen("AL"), "en", demonstration=True)
    assert all("Demonstration" in str(e["SUMMARY"]) for e in _parsed(content).walk("VEVENT"))


def test_kosovo_goes_with_its_footnote() -> None:
    events = list(_parsed(timetable.export_calendar(_chosen("XK"), "en", demonstration=False)).walk("VEVENT"))
    assert events and all("resolution 1244" in str(e["DESCRIPTION"]) for e in events)
    assert note_of(load(), "AL", "en") is None


def test_a_calendar_holds_the_days_to_come_and_no_years_gone_by() -> None:
    today = date(2026, 11, 20)
    every = timetable.list_deadlines(load(), jurisdictions=["AL"], today=today, ahead=4)
    kept = timetable.to_come(every, today)
    assert {d.period for d in every} > {d.period for d in kept} >= {"2026-Q3", "2026-Q4"}
    assert all(d.release >= today for d in kept) and [d.collection for d in kept] == sorted(d.collection for d in kept)
    assert "2026-Q2" not in {d.period for d in kept}, "released on 13 September"


def test_every_territory_has_a_name_in_the_languages_of_the_pages() -> None:
    """Kosovo under UNSCR 1244 goes by its English wording where no other is declared."""
    english = {
        (territory.code, language)
        for territory in load().territories.values()
        for language in list_languages()
        if language != "en" and pick_name(territory.names, language).language == "en"
    }
    assert english == {("XK", "bs"), ("XK", "hr"), ("XK", "mk")}
