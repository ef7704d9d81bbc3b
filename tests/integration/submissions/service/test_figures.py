"""Unprotected figures at the desk: which account can see which area, against a table written by hand."""

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
"""The region, a practice territory, and codes that are not areas."""


def make_identity(*grants: Grant) -> Identity:
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
"""Grants -> the areas that are visible at least in part. A viewer of BA itself sees the victims reported for it; one
of justice everywhere sees neither HR nor RS, whose counts come from the registers too."""

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
"""A distinct number per area, so that each figure identifies its area."""


def _insert_row(connection: duckdb.DuckDBPyConnection, table: str, **row: Any) -> None:
    names = ", ".join(row)
    connection.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))


def _make_database(path: Path) -> None:
    total = dict.fromkeys(
        ("offence", "person_type", "sex", "age", "citizenship", "sentence_type", "sentence_band"), "_T"
    )
    with duckdb.connect(str(path)) as connection:
        for table, columns in TABLES.items():
            connection.execute(f"create table {table} ({columns})")
        for kind, area in KINDS:
            area_fields = {"area_kind": kind, "area": area, "offence_group": "TIP"}
            for freq, period, value in (("Q", "2026-Q2", 1.0), ("Q", "2026-Q3", VALUE[area]), ("A", "2025", 7.0)):
                when = {**area_fields, "freq": freq, "period": period}
                count = {**when, **total, "exploitation": "_Z", "level": "first", "statistic": "count", "value": value}
                justice = {**count, "victim_status": "_Z", "count_unit": "person", "measure": "indicted"}
                for metric in ("count", "rate"):
                    _insert_row(connection, "mart_indicator", metric=metric, dimension="_Z", **justice)
                women = {**justice, "sex": "F", "value": 5.0}
                _insert_row(connection, "mart_indicator", metric="count", dimension="_Z", **women)
                victims = {**count, "victim_status": "_T", "count_unit": "victim", "measure": "victims_detected"}
                _insert_row(connection, "mart_indicator", metric="count", dimension="_Z", **victims)
                series = {**when, "count_unit": "person"}
                _insert_row(connection, "mart_stage_ratio", metric="a", version="lagged", value=value, **series)
                _insert_row(connection, "mart_clearance", metric="c", value=value, **series)
                for status, gap in (("broken", value), ("holds", 0.0), ("unknown", None)):
                    _insert_row(connection, "mart_balance", metric="b", status=status, gap=gap, **series)
            record = {**area_fields, "source": SOURCE, "statistic": "median", "value": VALUE[area]}
            _insert_row(connection, "mart_duration", freq="_T", entered="_T", **record)
            _insert_row(connection, "mart_duration", freq="A", entered="2024", **record)
            for day in ("2026-06-30", "2026-09-30"):
                _insert_row(connection, "mart_pending", as_at=day, **record)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = initialise_home(tmp_path_factory.mktemp("figures") / "home", "demonstration")
    _make_database(home.warehouse / figures.FILE)
    yield Desk(home, cast("Any", None), load())


@pytest.mark.parametrize(("grants", "expected"), RIGHTS)
def test_account_reads_figures_of_its_areas_only(
    desk: Desk, grants: tuple[Grant, ...], expected: tuple[str, ...]
) -> None:
    identity = make_identity(*grants)
    assert set(figures.list_areas(desk, identity)) == set(expected)
    for _, area in KINDS:
        if area in expected:
            result = figures.read_figures(desk, identity, area)
            tables = (result.counts, result.rates, result.ratios, result.breaks, result.flow)
            newest = {
                row["gap"] if "gap" in row else row["value"]
                for table in tables
                for row in table
                if row["period"] == "2026-Q3"
            }
            of_records = {row["value"] for row in (*result.durations, *result.pending)}
            assert newest | of_records == {VALUE[area]}, "there must be figures, and only those of the area"
        else:
            with pytest.raises(NotThereError, match=WORDS):
                figures.read_figures(desk, identity, area)


@pytest.mark.parametrize("area", FORGED)
@pytest.mark.parametrize("role", ["viewer", "submitter", "approver", "steward"])
def test_unknown_area_is_refused_like_foreign_area(desk: Desk, role: Role, area: str) -> None:
    with pytest.raises(NotAllowedError) as forged:
        figures.read_figures(desk, make_identity(Grant(role)), area)
    with pytest.raises(NotAllowedError) as foreign:
        figures.read_figures(desk, make_identity(Grant(role, "AL")), "RS")
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
def test_instrument_gives_access_to_its_own_figures_only(
    desk: Desk, grant: Grant, area: str, units: set[str], records: int
) -> None:
    if not units and not records:
        with pytest.raises(NotThereError):
            figures.read_figures(desk, make_identity(grant), area)
        return
    result = figures.read_figures(desk, make_identity(grant), area)
    assert {row["count_unit"] for row in result.counts} == units
    assert len(result.durations) + len(result.pending) == records
    assert bool(result.ratios) == bool(result.breaks) == bool(result.flow) == ("person" in units)


def test_read_figures_returns_totals_of_newest_year_and_quarter(desk: Desk) -> None:
    result = figures.read_figures(desk, make_identity(Grant("steward")), "AL")
    assert dict(result.periods) == {"Q": "2026-Q3", "A": "2025"}
    assert {row["period"] for row in result.counts} == {"2026-Q3", "2025"}
    assert sorted(row["value"] for row in result.counts) == [7.0, 7.0, VALUE["AL"], VALUE["AL"]], (
        "figures of women are not totals"
    )
    assert [row["gap"] for row in result.breaks] == [7.0, VALUE["AL"]], (
        "a balance that holds or is unknown is not a break"
    )
    assert [row["as_at"].isoformat() for row in result.pending] == [] and not result.durations


def test_read_figures_without_access_does_not_open_database(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_to_connect(*_: object, **__: object) -> None:
        raise AssertionError("the file was opened before the right was checked")

    monkeypatch.setattr(duckdb, "connect", fail_to_connect)
    with pytest.raises(NotThereError):
        figures.read_figures(desk, make_identity(Grant("viewer", "XK")), "AL")
    with pytest.raises(AssertionError):
        figures.read_figures(desk, make_identity(Grant("viewer", "XK")), "XK")


def test_read_figures_changes_nothing(desk: Desk) -> None:
    path = desk.home.warehouse / figures.FILE
    before = path.read_bytes()
    figures.read_figures(desk, make_identity(Grant("steward")), "BA")
    assert path.read_bytes() == before and not path.with_name(path.name + ".wal").exists()


def test_missing_busy_or_outdated_figures_are_reported(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "demonstration")
    empty = Desk(home, cast("Any", None), load())
    steward = make_identity(Grant("steward"))
    with pytest.raises(FiguresBusyError, match="No figures have been made"):
        figures.read_figures(empty, steward, "AL")
    path = home.warehouse / figures.FILE
    _make_database(path)
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
