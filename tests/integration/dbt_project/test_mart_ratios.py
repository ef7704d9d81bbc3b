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

from pipelines.core import codes
from pipelines.core.home import Home
from pipelines.statistics import intervals, ratios
from pipelines.statistics.intervals import Array
from pipelines.warehouse import dbt
from pipelines.warehouse.metrics import metrics
from pipelines.warehouse.metrics.cards_export import empty_tables
from pipelines.warehouse.records import schema
from tests.oracles import balance, clearance, decomposition, few, shares
from tests.oracles.clearance import Codes
from tests.support.cells import with_key_and_total
from tests.support.warehouse.dbt_facts import bounds
from tests.support.warehouse.made_up_world import Counts

TERRITORIES = ("AA", "BB", "CC", "DD", "EE")
YEARS = ("2020", "2021", "2022", "2023", "2024", "2025")
QUARTERS = tuple(f"{year}-Q{quarter}" for year in ("2024", "2025") for quarter in (1, 2, 3, 4))
LAG = {"A": 1, "Q": 3}
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

    def number(self, *key: str) -> float:
        found = self.value.get(key)  # type: ignore[arg-type]
        return float("nan") if found is None else found

    def hidden(self, *key: str) -> bool:
        return self.status.get(key) == "Q"  # type: ignore[arg-type]


def drawn(seed: int) -> Cells:
    """Cells of five territories: one in eleven missing, one in eleven withheld, some not there at all."""
    chance = random.Random(seed)
    asked = [(measure, level, "count") for measure, level in FLOWS.items()]
    asked += [("rejected", "prosecution", "count"), ("discontinued", "prosecution", "count")]
    asked += [("acquitted", "first", "count"), ("requalified_out", "first", "count"), ("reopened", "first", "count")]
    asked += [(f"pending_{level}", level, statistic) for level in LEVELS for statistic in ("start", "end")]
    value: dict[Key, float | None] = {}
    status: dict[Key, str] = {}
    for area in TERRITORIES:
        for period in (*YEARS, *QUARTERS):
            for what in asked:
                if chance.random() < 0.03:
                    continue  # not in the form: no cell
                fate = chance.random()
                key = (area, period, *what)
                status[key] = "O" if fate < 0.09 else "Q" if fate < 0.18 else "A"
                value[key] = (
                    float(chance.choice((0, 3, 19, 20, 21, 40, 64, 77, 98, 130))) if status[key] == "A" else None
                )
    return Cells(value, status)


def table(cells: Cells) -> pl.DataFrame:
    """The cells as the table of counts that the second phase reads."""
    totals = {
        "count_unit": "person", "offence_group": "TIP", "offence": "_T", "person_type": "_T", "victim_status": "_Z",
        "sex": "_T", "age": "_T", "exploitation": "_Z", "citizenship": "_T", "sentence_type": "_Z",
        "sentence_band": "_Z", "n_reported": 1, "n_expected": 1, "basis": "reported", "is_additive": True, "flags": "",
    }  # fmt: skip
    made = pl.DataFrame(
        [
            {
                **totals, "area_kind": "territory", "area": area, "territory": area, "freq": freq(period),
                "period": period, "measure": measure, "level": level, "statistic": statistic,
                "value": cells.value[area, period, measure, level, statistic], "obs_status": status,
                "conf_status": "C" if status == "Q" else "F", "reporters": area, "submission_ids": "",
            }
            for (area, period, measure, level, statistic), status in cells.status.items()
        ],
        schema_overrides={"value": pl.Float64(), "n_reported": pl.Int32(), "n_expected": pl.Int32()},
    )  # fmt: skip
    return with_key_and_total(made)


def freq(period: str) -> str:
    return "A" if len(period) == 4 else "Q"


def dimensions(folder: Path, source: Path) -> Path:
    """What the first phase would write: all levels of these territories may be divided, and nothing breaks."""
    folder.mkdir()
    for name in ("dim_measure", "dim_population"):
        shutil.copyfile(source / f"{name}.parquet", folder / f"{name}.parquet")
    for name, frame in empty_tables().items():
        frame.write_parquet(folder / f"dim_{name}.parquet")
    metrics.metric_table(metrics.list_modelled_metrics()).write_parquet(folder / "dim_metric.parquet")
    metrics.operand_table(metrics.list_modelled_metrics()).write_parquet(folder / "dim_metric_operand.parquet")
    pl.DataFrame(
        [
            {
                "freq": freq(period), "period": period, "first_year": int(period[:4]), "last_year": int(period[:4]),
                "quarter": int(period[6]) if freq(period) == "Q" else None, "period_start": bounds(period)[0],
                "period_end": bounds(period)[1],
            }
            for period in (*YEARS, *QUARTERS)
        ],
        schema_overrides={"first_year": pl.Int32(), "last_year": pl.Int32(), "quarter": pl.Int32()},
    ).write_parquet(folder / "dim_period.parquet")  # fmt: skip
    pl.DataFrame(
        [
            {
                "area": area, "freq": freq(period), "period": period, "count_unit": "person", "upper_level": upper,
                "lower_level": lower, "is_allowed": True, "reasons": "",
            }
            for area in TERRITORIES for period in (*YEARS, *QUARTERS) for upper in LEVELS for lower in LEVELS
        ]
    ).write_parquet(folder / "dim_card_pair.parquet")  # fmt: skip
    return folder


def records(folder: Path) -> Path:
    """AA's records know a lag and a dispersion, the others none."""
    schema.empty_folder(folder)
    who = {"area_kind": "territory", "area": "AA", "territory": "AA", "source": "C", "offence_group": "TIP"}
    lags = [
        {
            **who, "stage": "first", "denominator": "indicted", "numerator": measure, "freq": freq, "lag_periods": lag,
            "median_days": 100.0, "is_public": True,
        }
        for measure in ("adjudicated_first", "convicted_first") for freq, lag in LAG.items()
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

    def rows(self, mart: str) -> list[Row]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(f"select * from {mart}").pl().to_dicts()


@pytest.fixture(scope="module")
def built(
    home: Home,
    counts: Counts,
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    folder = tmp_path_factory.mktemp("ratios")
    cells = drawn(20)
    table(cells).write_parquet(folder / "cells.parquet")
    path = dbt.build_indicators(
        home,
        input="protected",
        source=folder / "cells.parquet",
        target=folder / "indicators.duckdb",
        dimensions=dimensions(folder / "dimensions", dbt.tables_folder(counts.path)),
        records=records(folder / "records"),
    )
    return Built(cells, path)


def shown(number: float) -> float | None:
    return None if np.isnan(number) else number


def near(found: float | None, expected: float) -> bool:
    if np.isnan(expected) or found is None:
        return found is None and bool(np.isnan(expected))
    return found == pytest.approx(expected, rel=1e-9, abs=1e-6)  # limits are rounded to six places


def earlier(period: str, by: int) -> str:
    """The period so many whole periods before."""
    if freq(period) == "A":
        return str(int(period) - by)
    place = int(period[:4]) * 4 + int(period[6]) - 1 - by
    return f"{place // 4}-Q{place % 4 + 1}"


def operand(metric: str, side: str) -> tuple[str, str]:
    declared = next(one for one in metrics.load() if one.id == metric)
    terms = declared.numerator if side == "numerator" else declared.denominator
    assert terms is not None and not isinstance(terms, str)
    (measure,) = terms[0].list_measures()
    return measure, terms[0].level_of(measure)


def test_each_ratio_is_that_of_its_two_cells(built: Built) -> None:
    rows = built.rows("mart_stage_ratio")
    assert {row["version"] for row in rows} == {"same_period", "lagged"}
    seen = {"enough": 0, "too_few": 0, "missing": 0, "withheld": 0}
    for row in rows:
        (upper, up), (lower, down) = operand(row["metric"], "numerator"), operand(row["metric"], "denominator")
        before = earlier(row["period"], row["lag"])
        above = (row["area"], row["period"], upper, up, "count")
        below = (row["area"], before, lower, down, "count")
        x, y = built.cells.number(*above), built.cells.number(*below)
        assert (row["numerator"], row["denominator"]) == (shown(x), shown(y))
        assert row["denominator_period"] == before
        hidden = built.cells.hidden(*above) or built.cells.hidden(*below)
        phi, basis = (PHI, "quasi_exact") if row["area"] == "AA" else (1.0, "lower_bound")
        nested = next(one for one in metrics.load() if one.id == row["metric"]).nested
        if hidden or np.isnan(x) or np.isnan(y) or y == 0:
            assert (row["value"], row["low"], row["high"], row["interval_basis"]) == (None, None, None, "")
            assert row["state"] == ("withheld" if hidden else "missing")
            assert row["obs_status"] == ("Q" if hidden else "M" if x == x and y == 0 else "O")
        else:
            assert near(row["value"], 100 * x / y)
            if nested:
                low, high = intervals.clopper_pearson(x, y, phi) if x <= y else (np.array(np.nan), np.array(np.nan))
            else:
                _, low, high, _ = ratios.compute_ratio(x, y, 1.0, 1.0, phi, phi)
            assert near(row["low"], 100 * float(low)) and near(row["high"], 100 * float(high))
            assert (row["state"], row["interval_basis"]) == (str(few.figure_states(x, y)), basis)
            assert ("over_100" in row["flags"]) == (x > y)
        seen[row["state"]] += 1
    assert min(seen.values()) > 10, seen


def test_the_default_follows_from_what_is_known_of_the_method(built: Built) -> None:
    versions: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in built.rows("mart_stage_ratio"):
        versions.setdefault((row["metric"], row["area"], row["period"]), {})[row["version"]] = row
    rules = set()
    for (metric, area, period), found in versions.items():
        lagged = (
            area == "AA" and metric in ("adjudicated_first_per_indicted", "convicted_first_per_indicted")
            and (area, earlier(period, LAG[freq(period)]), "indicted", "prosecution", "count") in built.cells.status
        )  # fmt: skip
        nested = next(one for one in metrics.load() if one.id == metric).nested
        rule = "lag_known" if lagged else "nested" if nested else "no_lag"
        assert set(found) - {"same_period"} == ({"lagged"} if lagged else set())
        assert {row["default_rule"] for row in found.values()} == {rule}
        assert [v for v, row in found.items() if row["is_default"]] == ["lagged" if lagged else "same_period"]
        rules.add(rule)
    assert rules == {"lag_known", "nested", "no_lag"}


def test_each_clearance_has_the_days_of_its_period(built: Built) -> None:
    reasons = set()
    for row in built.rows("mart_clearance"):
        kind, _, level = row["metric"].rpartition("_")
        stock, resolved = (total(built.cells, row, side, level) for side in ("stock", "resolved"))
        incoming = total(built.cells, row, "incoming", level)
        pair = {"clearance_rate": (resolved, incoming), "case_turnover": (resolved, stock)}.get(kind, (stock, resolved))
        assert row["days"] == days(row["period"])
        if any(hidden for _, hidden in pair):
            assert (row["undefined"], row["value"], row["obs_status"]) == ("withheld", None, "Q")
            continue
        x, y = (number for number, _ in pair)
        expected, why = by_the_package(kind, x, y, row["period"])
        assert near(row["value"], float(expected)), row
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


def days(period: str) -> float:
    first, last = bounds(period)
    return float(clearance.count_days(freq(period), np.datetime64(first), np.datetime64(last)))


def by_the_package(kind: str, x: float, y: float, period: str) -> tuple[Array, Codes | None]:
    """Value and reason; of a turnover the package gives no reason."""
    if kind == "clearance_rate":
        return clearance.clearance_rate(x, y), clearance.clearance_undefined(x, y)
    if kind == "case_turnover":
        return clearance.case_turnover(x, y), None
    return clearance.disposition_time(x, y, freq(period), days(period)), clearance.disposition_undefined(x, y)


def total(cells: Cells, row: Row, side: str, level: str) -> tuple[float, bool]:
    """The sum of one side of a level's clearance, NaN where a term is missing, and whether one is withheld."""
    told = balance.LEVELS[level]
    terms = {
        "stock": [(told.stock, level, "end")],
        "incoming": [(told.entries[0], FLOWS[told.entries[0]], "count")],
        "resolved": [(measure, level, "count") for measure in told.exits if measure not in balance.EXITS],
    }[side]
    keys = [(row["area"], row["period"], *term) for term in terms]
    return sum(cells.number(*key) for key in keys), any(cells.hidden(*key) for key in keys)


def test_each_balance_is_that_of_the_package(built: Built) -> None:
    states = set()
    for row in built.rows("mart_balance"):
        told = balance.LEVELS[row["level"]]

        def term(measure: str, statistic: str = "count", row: Row = row) -> tuple[str, ...]:
            return (str(row["area"]), str(row["period"]), measure, FLOWS.get(measure, str(row["level"])), statistic)

        came, went = ([term(measure) for measure in side] for side in (told.entries, told.exits))
        stocks = [term(told.stock, "start"), term(told.stock, "end")]
        generic = set(balance.ENTRIES) | set(balance.EXITS)
        absent = {key[2] for key in (*came, *went) if key not in built.cells.status and key[2] in generic}
        assert set(row["not_counted"].split(",")) - {""} == absent
        came, went = ([key for key in side if key[2] not in absent] for side in (came, went))
        opening, closing = (built.cells.number(*key) for key in stocks)
        expected = balance.compute_balance(
            [opening], [[built.cells.number(*key) for key in came]], [[built.cells.number(*key) for key in went]],
            [closing],
        )  # fmt: skip
        hidden = any(built.cells.hidden(*key) for key in (*came, *went, *stocks))
        assert row["status"] == ("withheld" if hidden else str(expected.state[0]))
        assert near(row["gap"], float("nan") if hidden else float(expected.gap[0]))
        assert (row["opening"], row["closing"]) == (shown(opening), shown(closing))
        states.add(row["status"])
    assert states == {"holds", "broken", "unknown", "withheld"}


def test_each_exit_is_a_share_of_all_exits_of_its_level(built: Built) -> None:
    kinds = [
        code for code in codes.list_codes("measure") if codes.get_code_attribute("measure", code, "kind") == "exit"
    ]
    found = 0
    for row in built.rows("mart_exit"):
        at = (row["area"], row["period"])
        told = [kind for kind in kinds if (*at, kind, row["level"], "count") in built.cells.status]
        keys = [(*at, kind, row["level"], "count") for kind in told]
        own = (*at, row["measure"], row["level"], "count")
        x, n = built.cells.number(*own), sum(built.cells.number(*key) for key in keys)
        phi = PHI if row["area"] == "AA" else 1.0
        assert row["kinds"] == ",".join(sorted(told)) and row["numerator"] == shown(x)
        if row["metric"] == "exit":
            made = intervals.poisson_interval(x, phi)
            expected = (x, float(made.low), float(made.high))
        else:
            assert near(row["denominator"], float("nan") if any(built.cells.hidden(*key) for key in keys) else n)
            share = (
                shares.compute_share(x, n, nested=True, dispersion=phi)
                if x <= n
                else shares.compute_share(np.nan, 1, nested=True)
            )
            expected = tuple(100 * float(one) for one in share)  # type: ignore[assignment]
        assert all(near(row[name], one) for name, one in zip(("value", "low", "high"), expected, strict=True)), row
        found += row["value"] is not None
    assert found > 50


def test_each_change_is_split_over_the_same_reporters(built: Built) -> None:
    rows = {(row["area"], row["period"]): row for row in built.rows("mart_decomposition")}
    split = 0
    for year in YEARS[1:]:
        four = {area: changed(built.cells, area, year) for area in TERRITORIES if both_years(built.cells, area, year)}
        made = decomposition.decompose_change(four)
        region = rows[codes.REGION, year]
        inside = sorted(set(four) - set(made.left_out))
        assert region["reporters"] == ",".join(inside)
        assert {one.partition(":")[0] for one in region["left_out"].split(",")} - {""} == set(made.left_out)
        assert region["small"] == ",".join(sorted(made.small))
        for area, effect in [*made.by_reporter.items(), *([(codes.REGION, made.total)] if inside else [])]:
            row = rows[area, year]
            assert row["change"] == effect.change
            for name, one in (("volume_effect", effect.volume), ("ratio_effect", effect.ratio)):
                assert near(row[name], float("nan") if one is None else one)
            if effect.volume is not None:
                assert row["volume_effect"] + row["ratio_effect"] == pytest.approx(row["change"], abs=1e-12)
                split += 1
        for area in made.left_out:
            assert rows[area, year]["change"] is None
    assert split > 0


def keys_of(area: str, year: str) -> Iterable[tuple[str, ...]]:
    for period in (str(int(year) - 1), year):
        yield (area, period, "indicted", "prosecution", "count")
        yield (area, period, "convicted_first", "first", "count")


def both_years(cells: Cells, area: str, year: str) -> bool:
    """Whether each of the four has a cell, known or not."""
    return all(key in cells.status for key in keys_of(area, year))


def changed(cells: Cells, area: str, year: str) -> decomposition.Counts:
    return decomposition.Counts(*(cells.number(*key) for key in keys_of(area, year)))


def test_365_is_never_the_factor_of_a_quarter(built: Built) -> None:
    found = {row["period"]: row["days"] for row in built.rows("mart_clearance")}
    assert [found[one] for one in ("2024", "2025", "2024-Q1", "2025-Q1", "2025-Q2", "2025-Q3")] == [
        366, 365, 91, 90, 91, 92,
    ]  # fmt: skip
