"""Unprotected figures at the desk: who sees those of which area. What is expected is a table written here by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from pipelines.core.home import initialise_home
from pipelines.declarations.registry import load
from pipelines.ledger.identity import EVERY, Grant, Identity, Role
from pipelines.submissions.service import Desk, NotAllowedError, figures
from pipelines.submissions.service.figures import FiguresBusyError
from pipelines.submissions.service.rights import NotThereError

WORDS = "These figures do not exist, or you do not have access to them."
PARTS = ("BA_STATE", "BA_FED", "BA_SRP", "BA_BRC")
FOUR = tuple(Grant("viewer", part) for part in PARTS)
REST = ("HR", "ME", "MK", "RS", "XK")
SOURCE = "HR_MPU"
FORGED = ("WB", "QP", "ZZ", "", "*", "al", "AL_PP", "AL' or 1=1 --", "BA_", "_T")
"""The region, a practice territory, and what is no area at all."""


def who(*grants: Grant) -> Identity:
    return Identity("somebody", "Somebody", "en", grants)


RIGHTS: tuple[tuple[tuple[Grant, ...], tuple[str, ...]], ...] = (
    ((), ()),
    ((Grant("viewer", "XK"),), ("XK",)),
    ((Grant("submitter", "AL", "justice"),), ("AL",)),
    ((Grant("approver", "AL", "justice"),), ("AL",)),
    ((Grant("viewer", "AL", "victims"),), ("AL",)),
    ((Grant("submitter", "MK"), Grant("approver", "RS")), ("MK", "RS")),
    ((Grant("submitter", "BA_BRC"),), ("BA_BRC",)),
    (FOUR[:3], ("BA_STATE", "BA_FED", "BA_SRP")),
    (FOUR, ("BA", *PARTS)),
    ((Grant("viewer", "BA"),), ("BA",)),
    ((Grant("steward", "BA_FED"),), ("BA_FED",)),
    ((Grant("viewer", EVERY, "justice"),), ("AL", "BA", *PARTS, "ME", "MK", "XK")),
    ((Grant("steward"),), ("AL", "BA", *PARTS, *REST)),
    ((Grant("submitter", "HR", "register"),), ("HR",)),
    ((Grant("viewer", "QP"),), ()),
)
"""Grants -> the areas of which something is seen. A viewer of BA itself sees the victims that are reported for it; one
of justice everywhere sees neither HR nor RS, whose counts come of the registers too."""

_COUNT = (
    "area_kind varchar, area varchar, freq varchar, period varchar, metric varchar, dimension varchar, measure varchar,"
    "level varchar, count_unit varchar, statistic varchar, offence_group varchar, offence varchar, person_type varchar,"
    "victim_status varchar, sex varchar, age varchar, exploitation varchar, citizenship varchar, sentence_type varchar,"
    "sentence_band varchar, value double, low double, high double, interval_basis varchar, state varchar,"
    "unit_measure varchar, obs_status varchar, conf_status varchar, flags varchar"
)
_SERIES = "metric varchar, area_kind varchar, area varchar, freq varchar, period varchar, offence_group varchar,"
_END = "state varchar, is_allowed boolean, reasons varchar, obs_status varchar, conf_status varchar, flags varchar"
_MEASURED = "value double, low double, high double, interval_basis varchar, numerator double, denominator double,"
_RECORDS = (
    "metric varchar, area_kind varchar, area varchar, source varchar, offence_group varchar, stage varchar,"
    "statistic varchar, unit_measure varchar, value double, low double, high double, n_band varchar, state varchar,"
    "obs_status varchar, conf_status varchar,"
)
TABLES = {
    "mart_indicator": _COUNT,
    "mart_stage_ratio": f"{_SERIES} count_unit varchar, version varchar, {_MEASURED} lag integer,"
    f"denominator_period varchar, is_default boolean, default_rule varchar, {_END}",
    "mart_balance": f"{_SERIES} count_unit varchar, level varchar, opening double, entries double, exits double,"
    "closing double, gap double, status varchar, not_counted varchar, reasons varchar, flags varchar",
    "mart_clearance": f"{_SERIES} count_unit varchar, level varchar, {_MEASURED} unit_measure varchar, days integer,"
    f"undefined varchar, {_END}",
    "mart_duration": f"{_RECORDS} freq varchar, entered varchar, seen_from date, seen_until date",
    "mart_pending": f"{_RECORDS} as_at date, seen_from date",
}
AREAS = (("region", "WB"), ("territory", "BA"), *(("jurisdiction", part) for part in PARTS))
KINDS = (*AREAS, *(("territory", code) for code in ("AL", *REST)))
VALUE = {area: 100.0 + place for place, (_, area) in enumerate(KINDS)}
"""Each area's own number, so that a figure says whose it is."""


def _put(connection: duckdb.DuckDBPyConnection, table: str, **row: Any) -> None:
    names = ", ".join(row)
    connection.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))


def _make(path: Path) -> None:
    total = dict.fromkeys(
        ("offence", "person_type", "sex", "age", "citizenship", "sentence_type", "sentence_band"), "_T"
    )
    with duckdb.connect(str(path)) as connection:
        for table, columns in TABLES.items():
            connection.execute(f"create table {table} ({columns})")
        for kind, area in KINDS:
            own = {"area_kind": kind, "area": area, "offence_group": "TIP"}
            for freq, period, value in (("Q", "2026-Q2", 1.0), ("Q", "2026-Q3", VALUE[area]), ("A", "2025", 7.0)):
                when = {**own, "freq": freq, "period": period}
                count = {**when, **total, "exploitation": "_Z", "level": "first", "statistic": "count", "value": value}
                justice = {**count, "victim_status": "_Z", "count_unit": "person", "measure": "indicted"}
                for metric in ("count", "rate"):
                    _put(connection, "mart_indicator", metric=metric, dimension="_Z", **justice)
                women = {**justice, "sex": "F", "value": 5.0}
                _put(connection, "mart_indicator", metric="count", dimension="_Z", **women)
                victims = {**count, "victim_status": "_T", "count_unit": "victim", "measure": "victims_detected"}
                _put(connection, "mart_indicator", metric="count", dimension="_Z", **victims)
                series = {**when, "count_unit": "person"}
                _put(connection, "mart_stage_ratio", metric="a", version="lagged", value=value, **series)
                _put(connection, "mart_clearance", metric="c", value=value, **series)
                for status, gap in (("broken", value), ("holds", 0.0), ("unknown", None)):
                    _put(connection, "mart_balance", metric="b", status=status, gap=gap, **series)
            record = {**own, "source": SOURCE, "statistic": "median", "value": VALUE[area]}
            _put(connection, "mart_duration", freq="_T", entered="_T", **record)
            _put(connection, "mart_duration", freq="A", entered="2024", **record)
            for day in ("2026-06-30", "2026-09-30"):
                _put(connection, "mart_pending", as_at=day, **record)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = initialise_home(tmp_path_factory.mktemp("figures") / "home", "demonstration")
    _make(home.warehouse / figures.FILE)
    yield Desk(home, cast("Any", None), load())


@pytest.mark.parametrize(("grants", "expected"), RIGHTS)
def test_an_account_sees_the_areas_of_its_offices_and_no_other(
    desk: Desk, grants: tuple[Grant, ...], expected: tuple[str, ...]
) -> None:
    one = who(*grants)
    assert set(figures.list_areas(desk, one)) == set(expected)
    for _, area in KINDS:
        if area in expected:
            found = figures.read_figures(desk, one, area)
            tables = (found.counts, found.rates, found.ratios, found.breaks, found.flow)
            newest = {
                row["gap"] if "gap" in row else row["value"]
                for table in tables
                for row in table
                if row["period"] == "2026-Q3"
            }
            of_records = {row["value"] for row in (*found.durations, *found.pending)}
            assert newest | of_records == {VALUE[area]}, "its own figures, and something of them"
        else:
            with pytest.raises(NotThereError, match=WORDS):
                figures.read_figures(desk, one, area)


@pytest.mark.parametrize("area", FORGED)
@pytest.mark.parametrize("role", ["viewer", "submitter", "approver", "steward"])
def test_what_is_no_area_is_refused_like_a_foreign_one(desk: Desk, role: Role, area: str) -> None:
    with pytest.raises(NotAllowedError) as forged:
        figures.read_figures(desk, who(Grant(role)), area)
    with pytest.raises(NotAllowedError) as foreign:
        figures.read_figures(desk, who(Grant(role, "AL")), "RS")
    assert str(forged.value) == str(foreign.value) and type(forged.value) is type(foreign.value)


@pytest.mark.parametrize(
    ("grant", "area", "units", "records"),
    [
        (Grant("submitter", "AL", "justice"), "AL", {"person"}, 0),
        (Grant("viewer", "AL", "victims"), "AL", {"victim"}, 0),
        (Grant("viewer", "AL"), "AL", {"person", "victim"}, 0),
        (Grant("submitter", "HR", "register"), "HR", set(), 2),
        (Grant("submitter", "HR", "justice"), "HR", set(), 0),
        (Grant("viewer", "HR"), "HR", {"person", "victim"}, 2),
    ],
)
def test_an_instrument_opens_what_comes_of_it_and_nothing_else(
    desk: Desk, grant: Grant, area: str, units: set[str], records: int
) -> None:
    if not units and not records:
        with pytest.raises(NotThereError):
            figures.read_figures(desk, who(grant), area)
        return
    found = figures.read_figures(desk, who(grant), area)
    assert {row["count_unit"] for row in found.counts} == units
    assert len(found.durations) + len(found.pending) == records
    assert bool(found.ratios) == bool(found.breaks) == bool(found.flow) == ("person" in units)


def test_the_newest_year_and_quarter_are_shown_and_only_totals(desk: Desk) -> None:
    found = figures.read_figures(desk, who(Grant("steward")), "AL")
    assert dict(found.periods) == {"Q": "2026-Q3", "A": "2025"}
    assert {row["period"] for row in found.counts} == {"2026-Q3", "2025"}
    assert sorted(row["value"] for row in found.counts) == [7.0, 7.0, VALUE["AL"], VALUE["AL"]], "women are no total"
    assert [row["gap"] for row in found.breaks] == [7.0, VALUE["AL"]], "what holds or is not known is no break"
    assert [row["as_at"].isoformat() for row in found.pending] == [] and not found.durations


def test_nothing_is_read_for_whom_nothing_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the file was opened before the right was asked for")

    monkeypatch.setattr(duckdb, "connect", never)
    with pytest.raises(NotThereError):
        figures.read_figures(desk, who(Grant("viewer", "XK")), "AL")
    with pytest.raises(AssertionError):
        figures.read_figures(desk, who(Grant("viewer", "XK")), "XK")


def test_reading_changes_nothing(desk: Desk) -> None:
    path = desk.home.warehouse / figures.FILE
    before = path.read_bytes()
    figures.read_figures(desk, who(Grant("steward")), "BA")
    assert path.read_bytes() == before and not path.with_name(path.name + ".wal").exists()


def test_a_home_without_figures_and_one_whose_figures_are_being_made_are_told(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "demonstration")
    empty = Desk(home, cast("Any", None), load())
    steward = who(Grant("steward"))
    with pytest.raises(FiguresBusyError, match="No figures have been made"):
        figures.read_figures(empty, steward, "AL")
    path = home.warehouse / figures.FILE
    _make(path)
    writer = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", writer], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"open\n"
        with pytest.raises(FiguresBusyError, match="being updated"):
            figures.read_figures(empty, steward, "AL")
        process.communicate(timeout=30)
    assert figures.read_figures(empty, steward, "AL").counts
    with duckdb.connect(str(path)) as older:
        older.execute("alter table mart_duration drop column seen_from")
    with pytest.raises(FiguresBusyError, match="an earlier version of the program"):
        figures.read_figures(empty, steward, "AL")
