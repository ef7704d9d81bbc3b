"""Comparisons of territories, default windows and the region's range, against SciPy, numpy and the Python rules, over
made-up counts and the declared cards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy import stats

from pipelines.core import clock, codes
from pipelines.core.home import Home, open_home
from pipelines.declarations.registry import load
from pipelines.statistics.comparability import score_comparability
from pipelines.statistics.thresholds import DEFAULT_DISPERSION
from pipelines.warehouse import dbt
from pipelines.warehouse.metrics import breaks, cards_export, counting
from tests.oracles import few
from tests.support.cells import with_key_and_total
from tests.support.kept_builds import build_kept
from tests.support.warehouse.card_tables import write_card_tables
from tests.support.warehouse.dbt_facts import find_bounds, parse_moment
from tests.support.warehouse.made_up_world import NOW, Counts

PLACES = ("AL", "BA", "HR", "ME", "MK", "RS", "XK")
PERIODS = (("Q", "2025-Q1", 1.0), ("A", "2025", 4.0), ("P3", "2023-2025", 12.0), ("P5", "2021-2025", 20.0))
MEANS = {"reported": 14, "indicted": 9, "adjudicated_first": 8, "convicted_first": 6, "convicted_final": 5}
PEOPLE = dict(zip(PLACES, (2_400_000, 3_400_000, 3_900_000, 620_000, 1_830_000, 6_600_000, 1_590_000), strict=True))
HIDDEN = ("ME", "2025", "indicted")
HIDDEN_WOMEN = ("BA", "2021-2025")
MISSING = ("XK", "2025", "indicted")
WITH_CASES, CASES = ("AL", "BA"), 50.0
"""Territories that also count the cases of those indicted, and how many cases each has in every period."""
RATIO, UPPER, LOWER = "convicted_first_per_indicted", "convicted_first", "indicted"
SHARE = "convicted_first_per_adjudicated_first"
FIGURES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("rate", ("indicted",)), ("rate", ("convicted_final",)), (RATIO, (UPPER, LOWER)),
)  # fmt: skip


COMPARED = "compared"
"""Folder of the figures and indicators below the root of a home."""


class Built(NamedTuple):
    cells: pl.DataFrame
    path: Path

    def read_table(self, table: str) -> pl.DataFrame:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(f"select * from {table}").pl()

    def find_value(self, area: str, period: str, measure: str, unit: str = "person", sex: str = "") -> float | None:
        of_all = sex or ("_T" if unit == "person" else "_Z")
        matches = self.cells.filter(area=area, period=period, measure=measure, count_unit=unit, sex=of_all)
        return None if matches.is_empty() else matches.item(0, "value")


@pytest.fixture(scope="module")
def built(made_up_root: Path, request: pytest.FixtureRequest) -> Built:
    """Figures of seven territories, and the indicators made of them; read-only."""

    def build_compared(root: Path) -> None:
        shutil.copytree(made_up_root, root, symlinks=True)
        with clock.freeze_time(parse_moment(NOW)):
            _build_compared(open_home(root))

    root = build_kept(request, "made-up-comparisons", build_compared)
    return Built(pl.read_parquet(root / COMPARED / "mart_count.parquet"), root / COMPARED / "indicators.duckdb")


def _build_compared(home: Home) -> None:
    counts = dbt.latest_counts(home)
    assert counts is not None
    folder = home.root / COMPARED
    shutil.copytree(dbt.tables_folder(counts), folder)
    schema = pl.read_parquet_schema(folder / "mart_count.parquet")
    cells = with_key_and_total(pl.DataFrame(list(_cells()), schema=schema))
    cells.write_parquet(folder / "mart_count.parquet")
    periods = [period for _, period, _ in PERIODS]
    write_card_tables(cards_export.build_frames(load().without_training(), periods), folder)
    _periods().write_parquet(folder / "dim_period.parquet")
    people = [
        {"area": p, "territory": p, "year": year, "population": PEOPLE[p], "population_year": year,
         "is_carried_forward": False}
        for p in PLACES for year in range(2021, 2026)
    ]  # fmt: skip
    pl.DataFrame(people, schema_overrides={"year": pl.Int32, "population_year": pl.Int32}).write_parquet(
        folder / "dim_population.parquet"
    )
    dbt.build_indicators(
        home, input="restricted", source=folder / "mart_count.parquet", target=folder / "indicators.duckdb",
        dimensions=folder,
    )  # fmt: skip


def _periods() -> pl.DataFrame:
    rows = []
    for freq, period, _ in PERIODS:
        start, end = _days(period)
        rows.append(
            {"freq": freq, "period": period, "first_year": start.year, "last_year": end.year,
             "quarter": 1 if freq == "Q" else None, "period_start": start, "period_end": end}
        )  # fmt: skip
    whole = dict.fromkeys(("first_year", "last_year", "quarter"), pl.Int32)
    return pl.DataFrame(rows, schema_overrides=whole)


def _days(period: str) -> tuple[date, date]:
    if len(period) < 9:
        return find_bounds(period)
    return date(int(period[:4]), 1, 1), date(int(period[5:]), 12, 31)


def _cells() -> Iterator[dict[str, Any]]:
    chance = np.random.default_rng(20261120)
    for freq, period, scale in PERIODS:
        for measure, mean in MEANS.items():
            values: dict[str, float | None] = {}
            for number, place in enumerate(PLACES):
                whole = float(chance.poisson(mean * scale * (0.3 + 0.35 * number)))
                if measure == "convicted_first":  # part of those adjudicated
                    whole = float(round(whole * 0.7))
                if measure == "adjudicated_first":
                    whole += 25 * scale
                values[place] = None if (place, period, measure) in (HIDDEN, MISSING) else whole
                status = "Q" if (place, period, measure) == HIDDEN else "O" if values[place] is None else "A"
                yield _cell(freq, period, measure, place, "person", values[place], status)
            if measure == "indicted":  # the women among them
                for number, (place, value) in enumerate(values.items()):
                    women = None if value is None else float(round(value * (0.05 + 0.1 * number)))
                    part = _cell(freq, period, measure, place, "person", women, "A" if value is not None else "O")
                    hidden = (place, period) == HIDDEN_WOMEN
                    yield (
                        part | {"sex": "F"} | ({"value": None, "obs_status": "Q", "conf_status": "C"} if hidden else {})
                    )
            reporting = [place for place, value in values.items() if value is not None]
            yield _cell(
                freq, period, measure, codes.REGION, "person", sum(values[p] or 0 for p in reporting), "A", reporting
            )
        for place in WITH_CASES:  # nobody has a rule for cases
            yield _cell(freq, period, "indicted", place, "case", CASES, "A")


def _cell(
    freq: str, period: str, measure: str, area: str, unit: str, value: float | None, status: str,
    members: list[str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    who = members or ([] if value is None else [area])
    of_all = "_T" if unit == "person" else "_Z"
    return {
        "area_kind": "region" if area == codes.REGION else "territory", "area": area, "territory": area, "freq": freq,
        "period": period, "measure": measure, "level": codes.get_code_attribute("measure", measure, "level_rule"),
        "count_unit": unit, "statistic": "count", "offence_group": "TIP", "offence": "_T",
        "person_type": of_all, "victim_status": "_Z", "sex": of_all,
        "age": of_all, "exploitation": "_Z", "citizenship": "_T", "sentence_type": "_Z",
        "sentence_band": "_Z", "value": value, "obs_status": status, "n_reported": len(who),
        "n_expected": 7 if members else 1, "reporters": ",".join(who), "basis": "reported", "is_additive": True,
        "flags": "", "submission_ids": "", "conf_status": "C" if status == "Q" else "F",
    }  # fmt: skip


def _score(measures: tuple[str, ...], a: str, b: str, period: str) -> tuple[int, set[str]]:
    """Apply the Python rule to the cards and breaks of both sides."""
    registry = load().without_training()
    start, end = _days(period)
    scores, reasons = [], set()
    breaks_by_area: dict[str, frozenset[str]] = {}
    for area in (a, b):
        breaks_by_area[area] = frozenset(
            series_break.code
            for series_break in breaks.list_breaks(registry)
            if area in breaks.areas_of(registry, series_break.of_area)
            and series_break.last_day > start and series_break.first_day <= end
            and series_break.offence_group in ("", "TIP")
            and any(
                series_break.measure in ("", m)
                and series_break.level in ("", codes.get_code_attribute("measure", m, "level_rule"))
                for m in measures
            )
        )  # fmt: skip
    for measure in measures:
        level = codes.get_code_attribute("measure", measure, "level_rule")
        first_side, second_side = (
            counting.build_card(registry, area, level, period, count_unit="person").to_counted(
                measure, "TIP", breaks=breaks_by_area[area]
            )
            for area in (a, b)
        )
        comparability = score_comparability(first_side, second_side)
        scores.append(comparability.score)
        reasons |= set(comparability.reasons)
    return min(scores), reasons


@pytest.mark.parametrize(
    ("metric", "measures"), [("rate", ("indicted",)), ("rate", ("convicted_final",)), (RATIO, (UPPER, LOWER))]
)
@pytest.mark.parametrize("period", [period for _, period, _ in PERIODS])
def test_scores_equal_those_of_the_rule(built: Built, metric: str, measures: tuple[str, ...], period: str) -> None:
    rows = built.read_table("mart_pair").filter(metric=metric, measure=measures[0], period=period, count_unit="person")
    assert rows.height == 21
    for row in rows.rows(named=True):
        score, reasons = _score(measures, row["area_a"], row["area_b"], period)
        assert row["score"] == score and reasons <= set(row["reasons"].split(",")), row
        assert row["is_with_care"] == (score == 2)


def test_break_in_the_period_is_listed_and_lowers_the_score(built: Built) -> None:
    pairs = built.read_table("mart_pair").filter(metric="rate", measure="convicted_first", area_a="AL", area_b="HR")
    of = {row["period"]: row for row in pairs.rows(named=True)}
    assert "breaks_differs" in of["2021-2025"]["reasons"].split(",") and "break" in of["2021-2025"]["flags"].split(",")
    assert of["2021-2025"]["breaks"] == "recording:HR:convicted_first:2023-Q1,source:HR:convicted_first:2023-Q1"
    # The office changed on the first day of this pool, so all of it is from the new one.
    assert (of["2023-2025"]["breaks"], of["2023-2025"]["score"]) == ("", 3)


@pytest.mark.parametrize("mart", ["mart_indicator", "mart_stage_ratio"])
def test_figure_that_hides_a_break_is_detected(
    built: Built,
    home: Home,
    counts: Counts,
    tmp_path: Path,
    mart: str,
) -> None:
    rule = ["assert_no_figure_crosses_a_break_unlabelled"]
    assert dbt.run_tests(home, counts.path, rule, indicators=built.path) == 1
    planted = tmp_path / "planted.duckdb"
    shutil.copyfile(built.path, planted)
    with duckdb.connect(str(planted)) as connection:
        changed = connection.execute(f"update {mart} set breaks = '' where breaks <> '' and area = 'HR'").fetchone()
    assert changed and changed[0] > 0
    with pytest.raises(dbt.WarehouseError, match="crosses_a_break") as failed:
        dbt.run_tests(home, counts.path, rule, indicators=planted)
    (result,) = failed.value.tests
    assert (result.name, result.status) == (*rule, "fail") and result.failures > 0 and "Got" in result.message


def _expected_states(built: Built, measures: tuple[str, ...], period: str) -> dict[str, str]:
    states = {}
    for place in PLACES:
        values = [built.find_value(place, period, m) for m in measures]
        hidden = any((place, period, m) == HIDDEN for m in measures)
        unknown = any(v is None for v in values)
        few_ = any(v is not None and v < 20 for v in values)
        states[place] = "withheld" if hidden else "missing" if unknown else "too_few" if few_ else "enough"
    return states


@pytest.mark.parametrize("period", [period for _, period, _ in PERIODS])
def test_rates_are_tested_by_the_conditional_binomial_with_bonferroni(built: Built, period: str) -> None:
    rows = built.read_table("mart_pair").filter(metric="rate", measure="indicted", period=period, count_unit="person")
    states = _expected_states(built, ("indicted",), period)
    tested = [(a, b) for a, b in combinations(PLACES, 2) if states[a] == states[b] == "enough"]
    assert period == "2025-Q1" or len(tested) > 2
    years = {"2023-2025": 3, "2021-2025": 5}.get(period, 1)
    for row in rows.rows(named=True):
        a, b = row["area_a"], row["area_b"]
        worse = [state for state in ("withheld", "missing", "too_few") if state in (states[a], states[b])]
        if worse:
            assert (row["verdict"], row["low"], row["p"]) == (worse[0], None, None), row
            continue
        x, y = built.find_value(a, period, "indicted"), built.find_value(b, period, "indicted")
        assert x and y
        m, n = PEOPLE[a] * years, PEOPLE[b] * years
        alpha = 0.05 / len(tested)
        phi = _persons_per_case(a, x), _persons_per_case(b, y)
        low, high, p = _test_rates(x, y, m, n, phi, alpha)
        p = min(1.0, p * len(tested))
        assert (row["n_tested"], row["ratio"]) == (len(tested), pytest.approx((x / m) / (y / n)))
        assert (row["low"], row["high"], row["p"]) == (pytest.approx(low), pytest.approx(high), pytest.approx(p))
        assert (row["verdict"] != "no_difference") == (p < 0.05)
        assert row["interval_basis"] == "lower_bound"  # persons, of whose clusters nothing is known here
        # So a difference must also hold if both have at least the default.
        default = max(phi[0], DEFAULT_DISPERSION), max(phi[1], DEFAULT_DISPERSION)
        bounds = _test_rates(x, y, m, n, default, alpha)[:2]
        assert (row["low_at_default"], row["high_at_default"]) == pytest.approx(bounds)
        difference = "higher" if low > 1 else "lower" if high < 1 else "no_difference"
        holds = bounds[0] > 1 or bounds[1] < 1
        assert row["verdict"] == (
            difference if holds or difference == "no_difference" else "depends_on_persons_per_case"
        )


def _persons_per_case(area: str, persons: float) -> float:
    """Return the dispersion of those indicted: in two territories their cases are counted, too."""
    return max(1.0, persons / CASES) if area in WITH_CASES else 1.0


def _test_rates(
    x: float, y: float, m: float, n: float, phi: tuple[float, float], alpha: float
) -> tuple[float, float, float]:
    """Return limits and p-value of the ratio of x/m to y/n by the distributions of SciPy, with effective counts."""
    a, b = x / phi[0], y / phi[1]
    scale = phi[0] / phi[1] * n / m
    low, high = (stats.beta.ppf(alpha / 2, a, b + 1), stats.beta.ppf(1 - alpha / 2, a + 1, b))
    null = 1 / (1 + scale)
    tails = stats.beta.cdf(null, a, b + 1), stats.beta.sf(null, a + 1, b)
    return low / (1 - low) * scale, high / (1 - high) * scale, min(1.0, 2 * min(tails))


@pytest.mark.parametrize(("metric", "lower", "nested"), [(RATIO, LOWER, False), (SHARE, "adjudicated_first", True)])
def test_ratios_are_tested_by_fishers_limits(built: Built, metric: str, lower: str, nested: bool) -> None:
    rows = built.read_table("mart_pair").filter(metric=metric, period="2021-2025", count_unit="person")
    checked = [row for row in rows.rows(named=True) if row["p"] is not None]
    assert len(checked) >= 10
    for row in checked:
        table = []
        for area in (row["area_a"], row["area_b"]):
            x, y = built.find_value(area, "2021-2025", UPPER), built.find_value(area, "2021-2025", lower)
            assert x is not None and y is not None
            phi = 1.0 if nested else (_persons_per_case(area, y) * x + y) / (x + y)
            table.append([x / phi, (y - x if nested else y) / phi])
        level = 1 - 0.05 / len(checked)
        limits = stats.contingency.odds_ratio(np.array(table, dtype=int), kind="conditional").confidence_interval(level)
        assert (row["low"], row["high"]) == (pytest.approx(limits.low, rel=1e-5), pytest.approx(limits.high, rel=1e-5))
        assert row["ratio"] == pytest.approx(table[0][0] * table[1][1] / (table[0][1] * table[1][0]))


def test_shares_are_tested_by_fishers_limits_of_part_and_rest(built: Built) -> None:
    rows = built.read_table("mart_pair").filter(metric="share", period="2021-2025", dimension="sex", category="F")
    assert rows.height == 21
    tested = rows.filter(pl.col("p").is_not_null())
    assert tested.height >= 3 and set(tested["n_tested"]) == {tested.height}
    level = 1 - 0.05 / tested.height
    for row in rows.rows(named=True):
        table = []
        for area in (row["area_a"], row["area_b"]):
            part, whole = (built.find_value(area, "2021-2025", "indicted", sex=sex) for sex in ("F", "_T"))
            table.append((part, whole))
        if any(part is None for part, _ in table):
            assert row["verdict"] == "withheld" and HIDDEN_WOMEN[0] in (row["area_a"], row["area_b"])
            continue
        if any(min(part, whole - part) < 20 for part, whole in table):  # type: ignore[operator]
            assert (row["verdict"], row["p"]) == ("too_few", None)
            continue
        counts_ = np.array([[x, y - x] for x, y in table], dtype=int)  # type: ignore[operator]
        limits = stats.contingency.odds_ratio(counts_, kind="conditional").confidence_interval(level)
        assert (row["low"], row["high"]) == (pytest.approx(limits.low, rel=1e-5), pytest.approx(limits.high, rel=1e-5))
        assert row["value_a"] == pytest.approx(100 * table[0][0] / table[0][1])  # type: ignore[operator]
        difference = "higher" if limits.low > 1 else "lower" if limits.high < 1 else "no_difference"
        assert row["verdict"] in (difference, "depends_on_persons_per_case")
        holds = row["low_at_default"] > 1 or row["high_at_default"] < 1
        assert (row["verdict"] == difference) == (holds or difference == "no_difference")
    assert set(tested["verdict"]) >= {"lower", "no_difference"}, "shares from 5 to 65 per cent are all alike"


def test_a_unit_without_a_rule_is_not_compared(built: Built) -> None:
    rows = built.read_table("mart_pair").filter(metric="rate", count_unit="case")
    assert rows.height == len(PERIODS)
    assert set(rows.select("score", "reasons", "verdict").rows()) == {(0, "count_unit_not_stated", "not_comparable")}


def test_default_window_equals_that_of_the_rule(built: Built) -> None:
    windows = built.read_table("mart_window").filter(count_unit="person")
    for metric, measures in FIGURES:
        windows_of_metric = windows.filter(metric=metric, measure=measures[0])
        rule = few.default_window(
            [list(_expected_states(built, measures, period).values()) for _, period, _ in PERIODS]
        )
        chosen = windows_of_metric.filter(is_default=True)
        assert chosen.height == 1
        row = chosen.row(0, named=True)
        assert (row["freq"], row["n_reaching"], row["n_territories"], row["is_most"]) == tuple(rule)
        assert {r["freq"]: r["period"] for r in windows_of_metric.rows(named=True)} == {
            freq: p for freq, p, _ in PERIODS
        }


def test_region_lists_its_members_and_has_only_their_figures(built: Built) -> None:
    row = built.read_table("mart_region").filter(metric="rate", measure="indicted", period="2025", count_unit="person")
    region = row.row(0, named=True)
    members = [p for p in PLACES if p not in (HIDDEN[0], MISSING[0])]
    values = {p: built.find_value(p, "2025", "indicted") for p in members}
    rates = [float(v or 0) * 100_000 / PEOPLE[p] for p, v in values.items()]
    assert (region["n_reported"], region["n_expected"], region["reporters"]) == (5, 7, ",".join(members))
    assert region["denominator"] == sum(PEOPLE[p] for p in members)
    assert region["value"] == pytest.approx(sum(v or 0 for v in values.values()) * 100_000 / region["denominator"])
    assert (region["n"], region["n_withheld"], region["members"]) == (5, 1, ",".join(members))
    expected = np.quantile(rates, [0, 0.25, 0.5, 0.75, 1])
    names = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")
    assert [region[name] for name in names] == pytest.approx(list(expected))
    # Its two totals are of different territories: the ratio covers those with both sides and lists the others.
    ratio = (
        built.read_table("mart_stage_ratio").filter(metric=RATIO, period="2025", area=codes.REGION).row(0, named=True)
    )
    sides = [sum(built.find_value(p, "2025", measure) or 0 for p in members) for measure in (UPPER, LOWER)]
    assert [ratio["numerator"], ratio["denominator"]] == sides
    assert ratio["value"] == pytest.approx(100 * sides[0] / sides[1])
    assert (ratio["n_reported"], ratio["n_expected"], ratio["reporters"]) == (5, 7, ",".join(members))
    assert ratio["left_out"] == "ME:withheld,XK:not_both_sides" and "common_reporters" in ratio["flags"].split(",")
