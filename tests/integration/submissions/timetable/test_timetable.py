"""Deadlines, the board and the calendar file, compared with days counted by hand and states written to a ledger."""

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
from pipelines.submissions.timetable import Deadline, ExpectedReturn
from pipelines.submissions.timetable.names import note_of, office_name, pick_name
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.fakes.returns_fakes import BASE, TERRITORY, make_registry

pytestmark = pytest.mark.sampled(of="database")

DAY = date(2026, 11, 20)
ALL = [("*", "*")]


def _make_registry(folder: Path, entry: str) -> Registry:
    """Load the made-up territory as a national one with another calendar."""
    old = TERRITORY[TERRITORY.index("calendar:") : TERRITORY.index("counting_rules:")]
    make_registry(folder, [BASE])
    declared = folder / "ZZ" / "territory.yml"
    text = TERRITORY.replace(old, f"calendar:\n{entry}\n").replace("kind: training", "kind: national")
    declared.write_text(text, encoding="utf-8")
    load_from.cache_clear()
    return load_from((folder,))


def _index_by_period(deadlines: list[Deadline], place: str, instrument: str) -> dict[str, Deadline]:
    return {d.period: d for d in deadlines if (d.jurisdiction, d.instrument) == (place, instrument)}


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
def test_deadlines_match_days_counted_by_hand(place: str, instrument: str, period: str, days: tuple[str, ...]) -> None:
    deadline = _index_by_period(timetable.list_deadlines(load(), today=DAY), place, instrument)[period]
    assert (deadline.collection, deadline.queries, deadline.release) == tuple(date.fromisoformat(d) for d in days)


@given(
    year=st.integers(2020, 2100), quarter=st.integers(1, 4), collection=st.integers(1, 400), more=st.integers(0, 30),
)  # fmt: skip
def test_deadline_days_count_from_last_day_of_period(year: int, quarter: int, collection: int, more: int) -> None:
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


def test_territory_can_declare_its_own_days(tmp_path: Path) -> None:
    entry = (
        "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2026-Q3.., deadline_days: 30, "
        "query_days: 40, release_days: 50}"
    )
    (deadline,) = timetable.list_deadlines(_make_registry(tmp_path, entry), today=DAY)
    assert (deadline.collection, deadline.queries, deadline.release) == (
        date(2026, 10, 30),
        date(2026, 11, 9),
        date(2026, 11, 19),
    )


def test_late_collection_moves_default_days(tmp_path: Path) -> None:
    entry = (
        "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2026-Q1.., deadline_days: 90}"
    )
    deadline = timetable.list_deadlines(_make_registry(tmp_path, entry), today=DAY)[0]
    assert deadline.collection == deadline.queries == deadline.release == date(2026, 6, 29)


def test_days_out_of_order_raise(tmp_path: Path) -> None:
    from pipelines.declarations.yaml_file import DeclarationError

    entry = (
        "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2026-Q3.., deadline_days: 45, "
        "query_days: 40}"
    )
    with pytest.raises(DeclarationError, match="in this order of size"):
        _make_registry(tmp_path, entry)


def test_list_deadlines_ahead_excludes_ended_entries(tmp_path: Path) -> None:
    entry = (
        "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2026-Q2.., deadline_days: 45}\n"
        "  - {instrument: victims, jurisdiction: ZZ, source: ZZ_STAT, freq: A, periods: 2024..2025, deadline_days: 90}"
    )
    registry = _make_registry(tmp_path, entry)
    assert [d.period for d in timetable.list_deadlines(registry, today=DAY)] == ["2026-Q2", "2026-Q3", "2024", "2025"]
    ahead = timetable.list_deadlines(registry, today=DAY, ahead=2)
    assert [d.period for d in ahead] == ["2026-Q2", "2026-Q3", "2026-Q4", "2027-Q1", "2024", "2025"]


def test_deadlines_equal_those_of_the_warehouse() -> None:
    declared = {
        (r["jurisdiction"], r["instrument"], r["source"], r["freq"], r["period"]): r["deadline"]
        for r in list_expected_returns(load().without_training(), DAY)
    }
    assert {d.key: d.collection for d in timetable.list_deadlines(load(), today=DAY)} == declared


def test_list_deadlines_filters_by_jurisdiction_and_pair() -> None:
    registry = load()
    assert {d.jurisdiction for d in timetable.list_deadlines(registry, jurisdictions=["BA_FED"], today=DAY)} == {
        "BA_FED"
    }
    some = timetable.list_deadlines(registry, pairs=[("RS", "victims"), ("BA", "*")], today=DAY)
    assert {(d.jurisdiction, d.instrument) for d in some} == {
        ("RS", "victims"), ("BA", "cooperation"), ("BA", "victims"),
    }  # fmt: skip
    assert timetable.list_deadlines(registry, pairs=[], today=DAY) == []


# ------------------------------------------------------------------------------------------------------------ the board

ENTRY = "  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2025-Q1.., deadline_days: 45}"


class World:
    """A ledger with returns of one made-up office in chosen states."""

    def __init__(self, folder: Path) -> None:
        self.home: Home
        self.engine: sa.Engine
        self.home, self.engine = home_and_ledger(folder)
        accounts.create_account(self.engine, "zz-office", "Office", grants=[Grant("submitter")], by=SYSTEM)
        self.registry = _make_registry(folder / "declared", ENTRY)
        self.series = next(iter(self.registry.forms.values())).series

    def record_return(
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

    def build_board(
        self, today: date = DAY, periods: int = 8, pairs: list[tuple[str, str]] = ALL
    ) -> timetable.TimetableBoard:
        return timetable.build_board(self.engine, self.registry, pairs, today=today, periods=periods)

    def find_cell(self, period: str, today: date = DAY) -> ExpectedReturn:
        (row,) = self.build_board(today).rows
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
def test_cell_without_return_is_expected_or_overdue(world: World, today: date, state: str, late: bool) -> None:
    cell = world.find_cell(LAST, today)
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
def test_cell_has_state_of_its_return(world: World, ledger_state: str, warnings: int, errors: int, state: str) -> None:
    accepted = "2026-11-11T00:00:00Z" if ledger_state in ("approved", "published") else None
    identity = world.record_return(
        LAST, "2026-11-10", ledger_state, warnings=warnings, errors=errors, accepted=accepted
    )
    cell = world.find_cell(LAST)
    assert (cell.state, cell.submission_id) == (state, identity)
    # A return that was not sent by the deadline is late, no matter when it was uploaded.
    assert cell.late is (state in ("draft", "findings"))


@pytest.mark.parametrize(("ledger_state", "errors"), [("checked", 0), ("refused", 2), ("sent", 0)])
def test_board_hides_draft_from_people_of_other_instruments(world: World, ledger_state: str, errors: int) -> None:
    identity = world.record_return(LAST, "2026-11-10", ledger_state, errors=errors)
    for working, works_on_it in (([], False), ([("ZZ", "victims")], False), ([("ZZ", "justice")], True)):
        board = timetable.build_board(world.engine, world.registry, ALL, today=DAY, working=working)
        (cell,) = (cell for row in board.rows for cell in row.cells if cell.deadline.period == LAST)
        is_visible = works_on_it or ledger_state == "sent"
        assert (cell.submission_id == identity) is is_visible
        assert (cell.state == "overdue") is not is_visible


def test_justified_warning_makes_cell_a_draft(world: World) -> None:
    identity = world.record_return(LAST, "2026-11-10", warnings=1)
    assert world.find_cell(LAST).state == "findings"
    decisions.justify_warnings(
        world.engine, Justification(identity, "real_change", "a large case was opened", "zz-office", "key0")
    )
    assert world.find_cell(LAST).state == "draft"


def test_withdrawn_return_leaves_cell_overdue(world: World) -> None:
    world.record_return(LAST, "2026-11-10", "withdrawn")
    assert world.find_cell(LAST).state == "overdue"


@pytest.mark.parametrize(("day", "late"), [("2026-11-14T23:59:59", False), ("2026-11-15T00:00:00", True)])
def test_accepted_late_return_is_in_and_late(world: World, day: str, late: bool) -> None:
    world.record_return(LAST, day, "approved", accepted="2026-11-16T00:00:00Z")
    cell = world.find_cell(LAST)
    assert cell.is_in and cell.state == "approved" and cell.late is late


def test_pending_correction_changes_neither_state_nor_punctuality(world: World) -> None:
    first = world.record_return(LAST, "2026-11-10", "published", accepted="2026-11-11T00:00:00Z")
    second = world.record_return(LAST, "2026-11-18", "sent")
    cell = world.find_cell(LAST)
    assert (cell.state, cell.submission_id, cell.pending, cell.pending_state) == ("published", first, second, "sent")
    assert not cell.late


def test_accepted_correction_keeps_punctuality_of_first_return(world: World) -> None:
    world.record_return(LAST, "2026-11-10", "published", accepted="2026-11-11T00:00:00Z")
    second = world.record_return(LAST, "2026-11-18", "approved", accepted="2026-11-19T00:00:00Z")
    cell = world.find_cell(LAST)
    assert (cell.state, cell.submission_id, cell.pending, cell.late) == ("approved", second, None, False)


def test_refused_return_is_ignored_after_good_one(world: World) -> None:
    world.record_return(LAST, "2026-11-09", "refused", errors=1)
    good = world.record_return(LAST, "2026-11-10", "sent")
    cell = world.find_cell(LAST)
    assert (cell.state, cell.submission_id, cell.pending) == ("sent", good, None)


def test_nil_return_is_in_and_marked_nil(world: World) -> None:
    world.record_return(LAST, "2026-11-10", "approved", nil=True, accepted="2026-11-10T00:00:00Z")
    assert world.find_cell(LAST).nil and world.find_cell(LAST).is_in


def test_return_of_another_office_does_not_fill_cell(world: World) -> None:
    world.record_return(LAST, "2026-11-10", "sent", place="YY")
    assert world.find_cell(LAST).state == "overdue"


def test_board_shows_given_pairs_only(world: World) -> None:
    assert world.build_board(pairs=[("AL", "*"), ("ZZ", "victims")]).rows == ()
    assert len(world.build_board(pairs=[("ZZ", "justice")]).rows) == 1


def test_punctuality_adds_up_and_counts_due_returns_only(world: World) -> None:
    world.record_return(
        "2025-Q4", "2026-02-10", "published", accepted="2026-02-11T00:00:00Z"
    )  # 4 days before 2026-02-14
    world.record_return(
        "2026-Q1", "2026-05-25", "approved", accepted="2026-05-26T00:00:00Z"
    )  # 10 days after 2026-05-15
    world.record_return("2026-Q2", "2026-08-01", "refused", errors=1)
    row = world.build_board(today=date(2026, 11, 14), periods=4).rows[0]
    assert [c.state for c in row.cells] == ["published", "approved", "findings", "expected"]
    punctuality = row.punctuality
    assert (punctuality.due, punctuality.on_time, punctuality.late, punctuality.missing) == (3, 1, 1, 1)
    assert punctuality.share == pytest.approx(1 / 3) and punctuality.median_days == pytest.approx((-4 + 10) / 2)


def test_board_has_one_row_per_office_of_a_jurisdiction(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    rows = timetable.build_board(engine, load(), [("HR", "*")], today=DAY).rows
    assert [(r.instrument, r.source) for r in rows] == [
        ("justice", "HR_DZS"), ("register", "HR_MPU"), ("victims", "HR_MUP"), ("cooperation", "HR_MOJ"),
    ]  # fmt: skip
    assert all(c.state == "overdue" for r in rows for c in r.cells)


def test_board_lists_years_after_quarters(tmp_path: Path) -> None:
    _, engine = home_and_ledger(tmp_path)
    board = timetable.build_board(engine, load(), [("BA", "*"), ("BA_FED", "*")], today=DAY, periods=8)
    assert board.periods[:2] == ("2024-Q4", "2025-Q1") and board.periods[-2:] == ("2024", "2025")
    assert board.count_cells("overdue") == 11


# ------------------------------------------------------------------------------------------------------------- calendar


def _list_coming_deadlines(code: str) -> list[Deadline]:
    return [
        d for d in timetable.list_deadlines(load(), jurisdictions=[code], today=DAY, ahead=1) if d.collection >= DAY
    ]


def _parse_calendar(content: bytes) -> icalendar.Calendar:
    parsed = icalendar.Calendar.from_ical(content)
    assert isinstance(parsed, icalendar.Calendar)
    return parsed


def test_exported_calendar_reads_back_with_same_days() -> None:
    chosen = _list_coming_deadlines("AL")
    with clock.freeze_time(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        content = timetable.export_calendar(chosen, "en", demonstration=False)
    events = list(_parse_calendar(content).walk("VEVENT"))
    assert len(events) == 3 * len(chosen) == 12
    expected = {day for d in chosen for day in (d.collection, d.queries, d.release)}
    assert {e.decoded("DTSTART") for e in events} == expected
    for event in events:
        start, end = event.decoded("DTSTART"), event.decoded("DTEND")
        assert type(start) is date and end - start == timedelta(days=1)
        assert event.decoded("DTSTAMP") == datetime(2026, 11, 20, 9, tzinfo=UTC)
    with_alarm = [e for e in events if list(e.walk("VALARM"))]
    assert {e.decoded("DTSTART") for e in with_alarm} == {d.collection for d in chosen}
    for event in with_alarm:
        assert [a.decoded("TRIGGER").days for a in event.walk("VALARM")] == [-14, -3]
    assert b"Demonstration" not in content


def test_calendar_lines_are_folded_between_letters_in_cyrillic() -> None:
    content = timetable.export_calendar(_list_coming_deadlines("RS"), "sr", demonstration=True)
    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode("utf-8")  # a fold within a letter would break it
    assert content.endswith(b"END:VCALENDAR\r\n") and b"\n" not in content.replace(b"\r\n", b"")
    names = [str(e["SUMMARY"]) for e in _parse_calendar(content).walk("VEVENT")]
    assert any(office_name(load(), "RS_CENTRE", "sr") in name for name in names)
    assert "Центар за заштиту жртава трговине људима" in office_name(load(), "RS_CENTRE", "sr")


def test_calendar_uids_are_stable_and_unique() -> None:
    chosen = _list_coming_deadlines("AL")
    with clock.freeze_time(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        first = timetable.export_calendar(chosen, "en", demonstration=False)
    with clock.freeze_time(datetime(2027, 1, 5, 9, tzinfo=UTC)):
        moved = [replace(d, collection=d.collection + timedelta(days=2)) for d in chosen]
        later = timetable.export_calendar(moved, "sq", demonstration=True)
    uids = [str(e["UID"]) for e in _parse_calendar(first).walk("VEVENT")]
    assert uids == [str(e["UID"]) for e in _parse_calendar(later).walk("VEVENT")]
    assert len(set(uids)) == len(uids)
    assert str(_parse_calendar(first)["UID"]) == str(_parse_calendar(later)["UID"])


def test_calendar_of_demonstration_is_marked_in_every_title() -> None:
    content = timetable.export_calendar(_list_coming_deadlines("AL"), "en", demonstration=True)
    assert all("Demonstration" in str(e["SUMMARY"]) for e in _parse_calendar(content).walk("VEVENT"))


def test_calendar_has_footnote_for_kosovo() -> None:
    events = list(
        _parse_calendar(timetable.export_calendar(_list_coming_deadlines("XK"), "en", demonstration=False)).walk(
            "VEVENT"
        )
    )
    assert events and all("resolution 1244" in str(e["DESCRIPTION"]) for e in events)
    assert note_of(load(), "AL", "en") is None
    assert "Резолуцијата 1244" in str(note_of(load(), "XK", "mk"))


def test_to_come_keeps_future_deadlines_only() -> None:
    today = date(2026, 11, 20)
    all_deadlines = timetable.list_deadlines(load(), jurisdictions=["AL"], today=today, ahead=4)
    coming = timetable.to_come(all_deadlines, today)
    assert {d.period for d in all_deadlines} > {d.period for d in coming} >= {"2026-Q3", "2026-Q4"}
    assert all(d.release >= today for d in coming) and [d.collection for d in coming] == sorted(
        d.collection for d in coming
    )
    assert "2026-Q2" not in {d.period for d in coming}, "released on 13 September"


def test_territories_have_names_in_all_languages() -> None:
    english = {
        (territory.code, language)
        for territory in load().territories.values()
        for language in list_languages()
        if language != "en" and pick_name(territory.names, language).language == "en"
    }
    assert english == set()
