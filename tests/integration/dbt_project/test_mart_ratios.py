"""The marts of ratios on random cells, row by row against `pipelines/statistics`: ratios of stages in their versions,
exits, balances, clearance and the split of changes.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.core import clock, codes
from pipelines.core.home import open_home
from pipelines.statistics import intervals, ratios
from pipelines.statistics.intervals import Array
from pipelines.warehouse import dbt
from pipelines.warehouse.metrics import metrics
from pipelines.warehouse.metrics.cards_export import empty_tables
from pipelines.warehouse.records import schema
from tests.oracles import balance, clearance, decomposition, few, shares
from tests.oracles.clearance import Codes
from tests.support.cells import with_key_and_total
from tests.support.kept_builds import build_kept
from tests.support.warehouse.card_tables import write_card_tables
from tests.support.warehouse.dbt_facts import find_bounds, parse_moment
from tests.support.warehouse.made_up_world import NOW

TERRITORIES = ("AA", "BB", "CC", "DD", "EE")
YEARS = ("2020", "2021", "2022", "2023", "2024", "2025")
QUARTERS = tuple(f"{year}-Q{quarter}" for year in ("2024", "2025") for quarter in (1, 2, 3, 4))
LAG = {"A": 1, "Q": 3}
LAG_ZERO = "BB"
"""A territory whose records show a lag of less than half a period."""
PHI = 1.7
FLOWS = {
    "reported": "prosecution", "investigated": "prosecution", "indicted": "prosecution", "adjudicated_first": "first",
    "convicted_first": "first", "sentenced_first": "first", "appealed": "appeal", "decided_on_appeal": "appeal",
}  # fmt: skip
LEVELS = ("prosecution", "first", "appeal")
Key = tuple[str, str, str, str, str]
Row = dict[str, Any]


@dataclass(frozen=True)
class Cells:
    """Random totals of persons by area, period, measure, level and statistic; None where missing or withheld."""

    value: dict[Key, float | None]
    status: dict[Key, str]

    def find_number(self, *key: str) -> float:
        value = self.value.get(key)  # type: ignore[arg-type]
        return float("nan") if value is None else value

    def is_hidden(self, *key: str) -> bool:
        return self.status.get(key) == "Q"  # type: ignore[arg-type]


def draw_cells(seed: int) -> Cells:
    """Draw cells of five territories: one in eleven missing, one in eleven withheld, some absent."""
    chance = random.Random(seed)
    cell_types = [(measure, level, "count") for measure, level in FLOWS.items()]
    cell_types += [("rejected", "prosecution", "count"), ("discontinued", "prosecution", "count")]
    cell_types += [
        ("acquitted", "first", "count"),
        ("requalified_out", "first", "count"),
        ("reopened", "first", "count"),
    ]
    cell_types += [(f"pending_{level}", level, statistic) for level in LEVELS for statistic in ("start", "end")]
    value: dict[Key, float | None] = {}
    status: dict[Key, str] = {}
    for area in TERRITORIES:
        for period in (*YEARS, *QUARTERS):
            for cell_type in cell_types:
                if chance.random() < 0.03:
                    continue  # not in the form: no cell
                fate = chance.random()
                key = (area, period, *cell_type)
                status[key] = "O" if fate < 0.09 else "Q" if fate < 0.18 else "A"
                value[key] = (
                    float(chance.choice((0, 3, 19, 20, 21, 40, 64, 77, 98, 130))) if status[key] == "A" else None
                )
    return Cells(value, status)


def build_table(cells: Cells) -> pl.DataFrame:
    """Build the table of counts that the second phase reads."""
    totals = {
        "count_unit": "person", "offence_group": "TIP", "offence": "_T", "person_type": "_T", "victim_status": "_Z",
        "sex": "_T", "age": "_T", "exploitation": "_Z", "citizenship": "_T", "sentence_type": "_Z",
        "sentence_band": "_Z", "n_reported": 1, "n_expected": 1, "basis": "reported", "is_additive": True, "flags": "",
    }  # fmt: skip
    cells_table = pl.DataFrame(
        [
            {
                **totals, "area_kind": "territory", "area": area, "territory": area, "freq": find_freq(period),
                "period": period, "measure": measure, "level": level, "statistic": statistic,
                "value": cells.value[area, period, measure, level, statistic], "obs_status": status,
                "conf_status": "C" if status == "Q" else "F", "reporters": area, "submission_ids": "",
            }
            for (area, period, measure, level, statistic), status in cells.status.items()
        ],
        schema_overrides={"value": pl.Float64(), "n_reported": pl.Int32(), "n_expected": pl.Int32()},
    )  # fmt: skip
    return with_key_and_total(cells_table)


def find_freq(period: str) -> str:
    return "A" if len(period) == 4 else "Q"


def write_dimensions(folder: Path, source: Path) -> Path:
    """Write dimensions as the first phase does, with all levels comparable and without breaks."""
    folder.mkdir()
    for name in ("measure", "dim_population"):
        shutil.copyfile(source / f"{name}.parquet", folder / f"{name}.parquet")
    write_card_tables(empty_tables(), folder)
    metrics.metric_table(metrics.load()).write_parquet(folder / "metric.parquet")
    metrics.operand_table(metrics.load()).write_parquet(folder / "metric_operand.parquet")
    pl.DataFrame(
        [
            {
                "freq": find_freq(period), "period": period,
                "first_year": int(period[:4]), "last_year": int(period[:4]),
                "quarter": int(period[6]) if find_freq(period) == "Q" else None, "period_start": find_bounds(period)[0],
                "period_end": find_bounds(period)[1],
            }
            for period in (*YEARS, *QUARTERS)
        ],
        schema_overrides={"first_year": pl.Int32(), "last_year": pl.Int32(), "quarter": pl.Int32()},
    ).write_parquet(folder / "dim_period.parquet")  # fmt: skip
    pl.DataFrame(
        [
            {
                "area": area, "freq": find_freq(period), "period": period, "count_unit": "person", "upper_level": upper,
                "lower_level": lower, "is_allowed": True, "reasons": "",
            }
            for area in TERRITORIES for period in (*YEARS, *QUARTERS) for upper in LEVELS for lower in LEVELS
        ]
    ).write_parquet(folder / "dim_card_pair.parquet")  # fmt: skip
    return folder


def write_records(folder: Path) -> Path:
    """Write records: AA has a lag and a dispersion, BB a lag of 0, the others have none."""
    schema.empty_folder(folder)
    who = {"area_kind": "territory", "area": "AA", "territory": "AA", "source": "C", "offence_group": "TIP"}
    lags = [
        {
            **who, "area": area, "territory": area, "stage": "first", "denominator": "indicted", "numerator": measure,
            "freq": freq, "lag_periods": lag, "median_days": 100.0, "is_public": True,
        }
        for measure in ("adjudicated_first", "convicted_first")
        for area, lags_of_area in (("AA", LAG), (LAG_ZERO, dict.fromkeys(LAG, 0)))
        for freq, lag in lags_of_area.items()
    ]  # fmt: skip
    pl.DataFrame(lags, schema=schema.table_schema("record_lag")).write_parquet(folder / "record_lag.parquet")
    pl.DataFrame(
        [{**who, "phi": PHI, "basis": "quasi_exact", "cases_band": "50-99", "is_public": True}],
        schema=schema.table_schema("record_dispersion"),
    ).write_parquet(folder / "record_dispersion.parquet")
    return folder


@dataclass(frozen=True)
class Built:
    cells: Cells
    path: Path

    def read_rows(self, mart: str) -> list[Row]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(f"select * from {mart}").pl().to_dicts()


@pytest.fixture(scope="module")
def built(made_up_root: Path, request: pytest.FixtureRequest) -> Built:
    """Random cells, and the indicators made of them; read-only."""
    cells = draw_cells(76)

    def build_indicators(root: Path) -> None:
        shutil.copytree(made_up_root, root, symlinks=True)
        with clock.freeze_time(parse_moment(NOW)):
            home = open_home(root)
            counts = dbt.latest_counts(home)
            assert counts is not None
            folder = root / "ratios"
            folder.mkdir()
            build_table(cells).write_parquet(folder / "cells.parquet")
            dbt.build_indicators(
                home,
                input="protected",
                source=folder / "cells.parquet",
                target=folder / "indicators.duckdb",
                dimensions=write_dimensions(folder / "dimensions", dbt.tables_folder(counts)),
                records=write_records(folder / "records"),
            )

    return Built(cells, build_kept(request, "made-up-ratios", build_indicators) / "ratios" / "indicators.duckdb")


def null_if_missing(number: float) -> float | None:
    return None if np.isnan(number) else number


def is_near(value: float | None, expected: float) -> bool:
    if np.isnan(expected) or value is None:
        return value is None and bool(np.isnan(expected))
    return value == pytest.approx(expected, rel=1e-9, abs=1e-6)  # limits are rounded to six places


def go_back(period: str, by: int) -> str:
    """Return the period that many whole periods earlier."""
    if find_freq(period) == "A":
        return str(int(period) - by)
    place = int(period[:4]) * 4 + int(period[6]) - 1 - by
    return f"{place // 4}-Q{place % 4 + 1}"


def find_operand(metric: str, side: str) -> tuple[str, str]:
    declared = next(declared_metric for declared_metric in metrics.load() if declared_metric.id == metric)
    terms = declared.numerator if side == "numerator" else declared.denominator
    assert terms is not None and not isinstance(terms, str)
    (measure,) = terms[0].list_measures()
    return measure, terms[0].level_of(measure)


def test_each_ratio_divides_its_two_cells(built: Built) -> None:
    rows = built.read_rows("mart_stage_ratio")
    assert {row["version"] for row in rows} == {"same_period", "lagged"}
    row_counts = {"enough": 0, "too_few": 0, "missing": 0, "withheld": 0}
    for row in rows:
        (upper, up), (lower, down) = (
            find_operand(row["metric"], "numerator"),
            find_operand(row["metric"], "denominator"),
        )
        before = go_back(row["period"], row["lag"])
        above = (row["area"], row["period"], upper, up, "count")
        below = (row["area"], before, lower, down, "count")
        x, y = built.cells.find_number(*above), built.cells.find_number(*below)
        assert (row["numerator"], row["denominator"]) == (null_if_missing(x), null_if_missing(y))
        assert row["denominator_period"] == before
        hidden = built.cells.is_hidden(*above) or built.cells.is_hidden(*below)
        phi, basis = (PHI, "quasi_exact") if row["area"] == "AA" else (1.0, "lower_bound")
        nested = next(
            declared_metric for declared_metric in metrics.load() if declared_metric.id == row["metric"]
        ).nested
        if hidden or np.isnan(x) or np.isnan(y) or y == 0:
            assert (row["value"], row["low"], row["high"], row["interval_basis"]) == (None, None, None, "")
            assert row["state"] == ("withheld" if hidden else "missing")
            assert row["obs_status"] == ("Q" if hidden else "M" if x == x and y == 0 else "O")
        else:
            assert is_near(row["value"], 100 * x / y)
            if nested:
                low, high = intervals.clopper_pearson(x, y, phi) if x <= y else (np.array(np.nan), np.array(np.nan))
            else:
                _, low, high, _ = ratios.compute_ratio(x, y, 1.0, 1.0, phi, phi)
            assert is_near(row["low"], 100 * float(low)) and is_near(row["high"], 100 * float(high))
            state = few.share_states(x, y) if nested else few.figure_states(x, y)
            assert (row["state"], row["interval_basis"]) == (str(state), basis)
            assert ("over_100" in row["flags"]) == (x > y)
        row_counts[row["state"]] += 1
    assert min(row_counts.values()) > 10, row_counts


def test_default_version_follows_from_lag_and_nesting(built: Built) -> None:
    versions: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in built.read_rows("mart_stage_ratio"):
        versions.setdefault((row["metric"], row["area"], row["period"]), {})[row["version"]] = row
    rules = set()
    for (metric, area, period), rows_by_version in versions.items():
        lagged = (
            area == "AA" and metric in ("adjudicated_first_per_indicted", "convicted_first_per_indicted")
            and (area, go_back(period, LAG[find_freq(period)]), "indicted", "prosecution", "count")
            in built.cells.status
        )  # fmt: skip
        nested = next(declared_metric for declared_metric in metrics.load() if declared_metric.id == metric).nested
        is_zero = area == LAG_ZERO and metric in ("adjudicated_first_per_indicted", "convicted_first_per_indicted")
        rule = "lag_known" if lagged else "nested" if nested else "lag_zero" if is_zero else "no_lag"
        assert set(rows_by_version) - {"same_period"} == ({"lagged"} if lagged else set())
        assert {row["default_rule"] for row in rows_by_version.values()} == {rule}
        assert [v for v, row in rows_by_version.items() if row["is_default"]] == ["lagged" if lagged else "same_period"]
        rules.add(rule)
    assert rules == {"lag_known", "lag_zero", "nested", "no_lag"}


def test_each_clearance_has_the_days_of_its_period(built: Built) -> None:
    reasons = set()
    for row in built.read_rows("mart_clearance"):
        kind, _, level = row["metric"].rpartition("_")
        stock, resolved = (sum_side(built.cells, row, side, level) for side in ("stock", "resolved"))
        incoming = sum_side(built.cells, row, "incoming", level)
        pair = {"clearance_rate": (resolved, incoming), "case_turnover": (resolved, stock)}.get(kind, (stock, resolved))
        assert row["days"] == count_days(row["period"])
        if any(hidden for _, hidden in pair):
            assert (row["undefined"], row["value"], row["obs_status"]) == ("withheld", None, "Q")
            continue
        x, y = (number for number, _ in pair)
        expected, why = compute_by_package(kind, x, y, row["period"])
        assert is_near(row["value"], float(expected)), row
        if why is not None:
            assert row["undefined"] == str(why)
        else:
            assert (row["undefined"] == "") == (row["value"] is not None)
        if row["value"] is not None:
            assert row["state"] == str(few.figure_states(x, y))
        reasons.add(row["undefined"])
    assert reasons >= {
        "", "no_incoming", "no_resolved", "nothing_pending", "resolved_missing", "incoming_missing", "stock_missing",
    }  # fmt: skip


def count_days(period: str) -> float:
    first, last = find_bounds(period)
    return float(clearance.count_days(find_freq(period), np.datetime64(first), np.datetime64(last)))


def compute_by_package(kind: str, x: float, y: float, period: str) -> tuple[Array, Codes | None]:
    """Compute value and reason; the package gives no reason for a turnover."""
    if kind == "clearance_rate":
        return clearance.clearance_rate(x, y), clearance.clearance_undefined(x, y)
    if kind == "case_turnover":
        return clearance.case_turnover(x, y), None
    return clearance.disposition_time(x, y, find_freq(period), count_days(period)), clearance.disposition_undefined(
        x, y
    )


def sum_side(cells: Cells, row: Row, side: str, level: str) -> tuple[float, bool]:
    """Sum one side of a level's clearance, NaN if a term is missing; return also whether one is withheld."""
    flows = balance.LEVELS[level]
    terms = {
        "stock": [(flows.stock, level, "end")],
        "incoming": [(flows.entries[0], FLOWS[flows.entries[0]], "count")],
        "resolved": [(measure, level, "count") for measure in flows.exits if measure not in balance.EXITS],
    }[side]
    keys = [(row["area"], row["period"], *term) for term in terms]
    return sum(cells.find_number(*key) for key in keys), any(cells.is_hidden(*key) for key in keys)


def test_each_balance_equals_that_of_the_package(built: Built) -> None:
    states = set()
    for row in built.read_rows("mart_balance"):
        flows = balance.LEVELS[row["level"]]

        def build_key(measure: str, statistic: str = "count", row: Row = row) -> tuple[str, ...]:
            return (str(row["area"]), str(row["period"]), measure, FLOWS.get(measure, str(row["level"])), statistic)

        came, went = ([build_key(measure) for measure in side] for side in (flows.entries, flows.exits))
        stocks = [build_key(flows.stock, "start"), build_key(flows.stock, "end")]
        generic = set(balance.ENTRIES) | set(balance.EXITS)
        absent = {key[2] for key in (*came, *went) if key not in built.cells.status and key[2] in generic}
        assert set(row["not_counted"].split(",")) - {""} == absent
        came, went = ([key for key in side if key[2] not in absent] for side in (came, went))
        opening, closing = (built.cells.find_number(*key) for key in stocks)
        expected = balance.compute_balance(
            [opening], [[built.cells.find_number(*key) for key in came]],
            [[built.cells.find_number(*key) for key in went]], [closing],
        )  # fmt: skip
        hidden = any(built.cells.is_hidden(*key) for key in (*came, *went, *stocks))
        assert row["status"] == ("withheld" if hidden else str(expected.state[0]))
        assert is_near(row["gap"], float("nan") if hidden else float(expected.gap[0]))
        assert (row["opening"], row["closing"]) == (null_if_missing(opening), null_if_missing(closing))
        states.add(row["status"])
    assert states == {"holds", "broken", "unknown", "withheld"}


def test_each_exit_is_a_share_of_all_exits_of_its_level(built: Built) -> None:
    kinds = [
        code for code in codes.list_codes("measure") if codes.get_code_attribute("measure", code, "kind") == "exit"
    ]
    compared = 0
    for row in built.read_rows("mart_exit"):
        at = (row["area"], row["period"])
        reported_kinds = [kind for kind in kinds if (*at, kind, row["level"], "count") in built.cells.status]
        keys = [(*at, kind, row["level"], "count") for kind in reported_kinds]
        cell = (*at, row["measure"], row["level"], "count")
        x, n = built.cells.find_number(*cell), sum(built.cells.find_number(*key) for key in keys)
        phi = PHI if row["area"] == "AA" else 1.0
        assert row["kinds"] == ",".join(sorted(reported_kinds)) and row["numerator"] == null_if_missing(x)
        if row["metric"] == "exit":
            limits = intervals.poisson_interval(x, phi)
            expected = (x, float(limits.low), float(limits.high))
        else:
            assert is_near(row["denominator"], float("nan") if any(built.cells.is_hidden(*key) for key in keys) else n)
            share = (
                shares.compute_share(x, n, nested=True, dispersion=phi)
                if x <= n
                else shares.compute_share(np.nan, 1, nested=True)
            )
            expected = tuple(100 * float(number) for number in share)  # type: ignore[assignment]
        assert all(
            is_near(row[name], number) for name, number in zip(("value", "low", "high"), expected, strict=True)
        ), row
        if row["value"] is not None:
            states = few.figure_states(x) if row["metric"] == "exit" else few.share_states(x, n)
            assert row["state"] == str(states)
        compared += row["value"] is not None
    assert compared > 50


def test_each_change_is_split_over_the_same_reporters(built: Built) -> None:
    rows = {(row["area"], row["period"]): row for row in built.read_rows("mart_decomposition")}
    split = 0
    for year in YEARS[1:]:
        four = {
            area: count_changes(built.cells, area, year)
            for area in TERRITORIES
            if has_both_years(built.cells, area, year)
        }
        split_changes = decomposition.decompose_change(four)
        for area in TERRITORIES:
            if area in four:
                assert rows[area, year]["small"] == (area if area in split_changes.small else "")
        for area, effect in split_changes.by_reporter.items():
            row = rows[area, year]
            assert row["change"] == effect.change
            for name, effect_value in (("volume_effect", effect.volume), ("ratio_effect", effect.ratio)):
                assert is_near(row[name], float("nan") if effect_value is None else effect_value)
            if effect.volume is not None:
                assert row["volume_effect"] + row["ratio_effect"] == pytest.approx(row["change"], abs=1e-12)
                split += 1
        for area in split_changes.left_out:
            assert rows[area, year]["change"] is None
    assert split > 0


def list_keys(area: str, year: str) -> Iterable[tuple[str, ...]]:
    for period in (str(int(year) - 1), year):
        yield (area, period, "indicted", "prosecution", "count")
        yield (area, period, "convicted_first", "first", "count")


def has_both_years(cells: Cells, area: str, year: str) -> bool:
    """Return True if each of the four has a cell, with or without a value."""
    return all(key in cells.status for key in list_keys(area, year))


def count_changes(cells: Cells, area: str, year: str) -> decomposition.Counts:
    return decomposition.Counts(*(cells.find_number(*key) for key in list_keys(area, year)))


def test_365_is_never_the_factor_of_a_quarter(built: Built) -> None:
    days_by_period = {row["period"]: row["days"] for row in built.read_rows("mart_clearance")}
    assert [days_by_period[period] for period in ("2024", "2025", "2024-Q1", "2025-Q1", "2025-Q2", "2025-Q3")] == [
        366, 365, 91, 90, 91, 92,
    ]  # fmt: skip
