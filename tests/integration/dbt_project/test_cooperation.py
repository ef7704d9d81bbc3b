"""The marts of cooperation against the golden files and an independent comparison of mirror pairs.

The golden files state what each file of the demonstration means; nothing of the readers, forms or SQL is used.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from expectations import cooperation_tables
from pipelines.core import codes
from pipelines.core.home import open_home
from pipelines.statistics import thresholds
from pipelines.warehouse import count_builds, exported_tables
from tests.oracles import mirror
from tests.samples import plan
from tests.support.paths import ROOT

GOLDEN = ROOT / "tests" / "golden" / "cooperation"
DIMENSIONS = ("partner", *codes.COOPERATION_DIMENSIONS)
Key = tuple[str, ...]


def _read_mart(root: Path, name: str) -> pl.DataFrame:
    import duckdb

    counts = count_builds.latest_counts(open_home(root))
    assert counts is not None
    with duckdb.connect(str(counts), read_only=True) as connection:
        return connection.sql(f"select * from {name}").pl()


@cache
def _read_years() -> dict[Key, dict[str, Any]]:
    """Return the years of each territory by key: `value`, `definition` and `date_basis`; quarters only if all four."""
    quarters: dict[Key, dict[int, dict[str, str]]] = defaultdict(dict)
    years: dict[Key, dict[str, Any]] = {}
    for territory in plan.list_territories():
        with (GOLDEN / f"{territory}.csv").open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                group = codes.get_code_attribute("offence", row["offence"], "offence_group")
                dimensions = (row[name] for name in DIMENSIONS)
                key = (territory, row["period"][:4], row["measure"], row["statistic"], group, *dimensions)
                if row["freq"] == "Q":
                    quarters[key][int(row["period"][-1])] = row
                else:
                    years[key] = _describe_year(float(row["value"]), row)
    for key, rows in quarters.items():
        if set(rows) == {1, 2, 3, 4}:
            of_year = {"start": [1], "end": [4]}.get(key[3], [1, 2, 3, 4])
            years[key] = _describe_year(sum(float(rows[number]["value"]) for number in of_year), rows[1])
    return years


def _describe_year(value: float, row: dict[str, str]) -> dict[str, Any]:
    return {"value": value, "definition": row["obs_status"] in ("B", "D"), "date_basis": row["date_basis"]}


def test_years_of_cooperation_are_those_of_the_golden_files(built_home: Path) -> None:
    mart = _read_mart(built_home, "mart_cooperation").filter((pl.col("freq") == "A") & pl.col("value").is_not_null())
    columns = ("territory", "period", "measure", "statistic", "offence_group", *DIMENSIONS)
    actual = {tuple(row[:-1]): row[-1] for row in mart.select(*columns, "value").iter_rows()}
    assert actual == {key: year["value"] for key, year in _read_years().items()}
    assert len(actual) > 10_000


def test_mirror_pairs_have_the_state_and_reasons_of_the_oracle(built_home: Path) -> None:
    years = _read_years()

    def find_side(area: str, year: int, direction: str, partner: str, group: str, kind: str) -> mirror.Side:
        def find_year(partner: str, kind: str, channel: str) -> dict[str, Any] | None:
            dimensions = (partner, direction, kind, "_T", channel, "_Z", "_Z")
            return years.get((area, str(year), "requests_registered", "count", group, *dimensions))

        figure, direct = find_year(partner, kind, "_T"), find_year("_T", "_T", "direct")
        if figure is None:
            return mirror.Side(None)
        return mirror.Side(
            figure["value"], figure["definition"], figure["date_basis"], direct["value"] if direct else 0.0
        )

    pairs = _read_mart(built_home, "mart_mirror")
    assert set(pairs["year"]) == {2024, 2025} and pairs.height == 42 * 2 * 2 * pairs["assistance"].n_unique()
    states: dict[str, int] = defaultdict(int)
    for pair in pairs.iter_rows(named=True):
        group, kind = pair["offence_group"], pair["assistance"]

        def find_sides(year: int, pair: Any = pair, group: str = group, kind: str = kind) -> tuple[mirror.Side, ...]:
            sender, receiver = pair["sender"], pair["receiver"]
            sent = find_side(sender, year, "outgoing", receiver, group, kind)
            return sent, find_side(receiver, year, "incoming", sender, group, kind)

        others = [find_sides(pair["year"] + step) for step in (-1, 1)]
        other_years = [(s.value, r.value) for s, r in others if s.value is not None and r.value is not None]
        sent, received = find_sides(pair["year"])
        state, reasons = mirror.compare_sides(sent, received, other_years)
        assert (pair["sent"], pair["received"]) == (sent.value, received.value), pair
        assert (pair["state"], pair["reasons"]) == (state, ",".join(reasons)), pair
        states[state] += 1
    assert set(states) == {mirror.MISSING, mirror.EQUAL, mirror.AGREES, mirror.DIFFERS}


def test_balances_of_the_demonstration_hold(built_home: Path) -> None:
    balances = _read_mart(built_home, "mart_cooperation_balance").filter(pl.col("state") != "missing")
    assert balances.height > 1_000 and set(balances["state"]) == {"holds"} and set(balances["gap"]) == {0.0}


def test_thresholds_and_terms_are_the_same_in_sql_python_and_oracle() -> None:
    assert (thresholds.MIRROR_REQUESTS, thresholds.MIRROR_SHARE) == (mirror.REQUESTS, mirror.SHARE)
    sql = (ROOT / "dbt_project" / "models" / "marts" / "mart_cooperation_balance.sql").read_text(encoding="utf-8")
    terms = (cooperation_tables.STOCK, *cooperation_tables.ENTRIES, *cooperation_tables.EXITS)
    assert all(f"measure = '{term}'" in sql for term in terms)


@pytest.mark.parametrize("table", [*exported_tables.COUNTS, *exported_tables.INDICATORS], ids=lambda table: table.name)
def test_only_returns_on_cooperation_leave_the_restricted_warehouse(table: exported_tables.ExportedTable) -> None:
    if "cooperation" in table.name or "mirror" in table.name:
        is_of_returns = table.name in ("mart_cooperation_return", "mart_cooperation_submission")
        assert is_of_returns or not (table.is_public or table.released_as)


def _follow_requests(territory: str) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return days, end and openness of each request registered in the golden records, by request and measure."""
    days_of_requests: dict[str, dict[str, date]] = defaultdict(dict)
    described: dict[str, tuple[str, str, str]] = {}
    with (ROOT / "tests" / "golden" / "requests" / f"{territory}.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    until = max(date.fromisoformat(row["cutoff_date"]) for row in rows)
    for row in rows:
        days_of_requests[row["proceeding"]][row["event"]] = date.fromisoformat(row["event_date"])
        described[row["proceeding"]] = (row["direction"], row["partner"], row["assistance"])
    waits: dict[tuple[str, str], tuple[Any, ...]] = {}
    for request, days in days_of_requests.items():
        if "requests_registered" not in days:
            continue
        start = days["requests_registered"]
        executed = days.get("requests_executed", days.get("requests_executed_part"))
        given_up = days.get("requests_refused", days.get("requests_withdrawn"))
        for measure, reached, left_on in (
            ("requests_acknowledged", days.get("requests_acknowledged"), executed or given_up),
            ("requests_executed", executed, given_up),
        ):
            last = reached or left_on or until
            is_open = reached is None and left_on is None
            waits[request, measure] = (
                (last - start).days,
                reached is not None,
                is_open,
                start.year,
                *described[request],
            )
    return waits


@pytest.mark.parametrize("territory", ["AL", "RS"])
def test_waits_of_requests_are_those_of_the_golden_records(built_home: Path, territory: str) -> None:
    mart = _read_mart(built_home, "mart_request_stay").filter(territory=territory)
    columns = ("request", "measure", "days", "has_ended", "is_open", "year", "direction", "partner", "assistance")
    actual = {(row[0], row[1]): row[2:] for row in mart.select(columns).iter_rows()}
    assert actual == _follow_requests(territory)
    assert len(actual) > 400 and 0 < sum(row[2] for row in actual.values()) < len(actual) / 2
