"""Protect random decades and audit the result for the public and every insider.

The demonstration is one set of figures. Here persons are drawn at random: few or many in a quarter, two crimes and
victims, jurisdictions in one territory, late or absent reporters, single categories that dominate, and stocks whose
balances may not close.  Each decade is published twice: first without the newest year, without a territory that is
late, and without some persons whom corrected returns add; then complete, together with the first edition.
`python -m benchmarks.random_decades FIRST COUNT` prints one JSON line for each seed.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.registry import Figure, Setting, register_benchmark

SEEDS = 100
YEARS = tuple(range(2016, 2026))
TERRITORIES: Mapping[str, tuple[str, ...]] = {
    "AA": ("AA",), "BB": ("B1", "B2", "B3"), "CC": ("CC",), "DD": ("DD",), "EE": ("EE",), "FF": ("FF",), "GG": ("GG",)
}  # fmt: skip
SMALL = ("AA", "BB", "CC")
"""Territories of most decades."""
LARGE_EVERY = 10
"""The first of so many seeds has all seven territories."""
GAPS = (0, 0, 0, 1, -1, 3)
"""Cases by which balances do not close; one is drawn for each year."""
OUTCOMES = ("convicted_first", "acquitted", "rejected", "discontinued")
SEXES, AGES = ("M", "F"), ("Y_GE18", "Y_LT18")
OFFENCES: Mapping[str, tuple[str, ...]] = {
    "TIP": ("ICCS0204_ADULT", "ICCS0204_CHILD", "ICCS02044"), "SOM": ("ICCS08051", "ICCS080511", "ICCS080512")
}  # fmt: skip
"""Offence groups with their offences."""
STATUSES, FORMS = ("presumed", "identified", "injured_party"), ("sexual", "labour", "begging")
MOST_CORRECTED = 7
"""A corrected return adds fewer persons than this in one quarter of one area."""
_FAILURES = ("disclosed", "narrow", "unknown", "to_insiders", "revealed_before")
_COUNTED = (*_FAILURES, "open_to_guess")


@register_benchmark("random", "Protecting random decades from the public and all insiders")
def measure_random_decades(setting: Setting) -> Iterator[Figure]:
    """Count the cells that fail the audits; a hundred seeds in the long run, three small ones in the quick one."""
    is_long = max(setting.scales) > 1
    seeds = setting.seeds or (SEEDS if is_long else 3)
    chosen = {seed: choose_territories(seed) if is_long else SMALL for seed in range(seeds)}
    results = list(_protect_all(chosen, setting.outcomes))
    for name in _FAILURES:
        failed = sum(result[name] for result in results)
        yield Figure(f"{name}, {seeds} decades", failed, "cells", None, "", "0", failed == 0)
    guessed = sum(result["open_to_guess"] for result in results)
    yield Figure(f"open to a guess that a correction closes a balance, {seeds} decades", guessed, "cells")
    yield Figure("processor, median", float(np.median([result["processor"] for result in results])), "s")


def choose_territories(seed: int) -> Sequence[str]:
    """Return the territories of a decade: three of them for most seeds."""
    return tuple(TERRITORIES) if seed % LARGE_EVERY == 0 else SMALL


def _protect_all(chosen: Mapping[int, Sequence[str]], outcomes: Path | None) -> Iterator[dict[str, float]]:
    """Yield the results of each seed, from the file of outcomes if the same code and decade gave them.

    The others are protected in as many processes as there are processors, and appended to the file one by one.  So a
    run of many seeds that was interrupted goes on where it ended.
    """
    from pipelines.publication.disclosure import protect

    code = hashlib.sha256(protect.digest_code().encode() + Path(__file__).read_bytes()).hexdigest()
    lines = outcomes.read_text(encoding="utf-8").splitlines() if outcomes is not None and outcomes.exists() else []
    by_mark = {(line["code"], line["seed"], line["territories"]): line for line in map(json.loads, lines)}
    waiting = {}
    for seed, territories in chosen.items():
        if (result := by_mark.get((code, seed, len(territories)))) is not None:
            yield result
        else:
            waiting[seed] = territories
    for result in _protect_waiting(waiting):
        result |= {"code": code, "territories": len(chosen[int(result["seed"])])}
        if outcomes is not None:
            with outcomes.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
        yield result


def _protect_waiting(waiting: Mapping[int, Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Yield the results of some seeds in the order in which they are ready."""
    processes = min(os.cpu_count() or 1, len(waiting))
    if processes < 2:
        yield from (protect_decade(seed, territories) for seed, territories in waiting.items())
        return
    # Spawned, because a fork of a process with threads of Polars may never end.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(protect_decade, *item) for item in waiting.items()]):
            yield future.result()


def protect_decade(seed: int, territories: Sequence[str]) -> dict[str, Any]:
    """Return the results of the audits of both editions of one random decade, with its cells and processor time."""
    from pipelines.publication.disclosure import earlier, protect
    from pipelines.publication.disclosure.processes import ProblemPool

    before = sum(os.times()[:4])
    releases: list[pl.DataFrame] = []
    failed = dict.fromkeys(_COUNTED, 0)
    for cells in build_editions(seed, territories):
        protection = protect.hide_small_counts(cells, earlier=releases, pool=ProblemPool(1))
        counted = protection.report.count_cells()
        failed = {name: failed[name] + counted[name] for name in _COUNTED}
        releases.append(earlier.record_release(cells, protection.cells["conf_status"]))
    is_hidden = protection.cells["conf_status"] != "F"
    is_above_zero = cells["value"] > 0
    is_small = is_above_zero & (cells["value"] < 5)
    return {
        "seed": seed,
        "cells": cells.height,
        **failed,
        "hidden share": round((is_hidden & is_above_zero).sum() / is_above_zero.sum(), 3),
        "small share": round(is_small.sum() / is_above_zero.sum(), 3),
        "processor": round(sum(os.times()[:4]) - before, 1),
    }


def build_editions(seed: int, territories: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the cells of ten years in an earlier edition and now, as the programme selects them."""
    random = np.random.default_rng(seed)
    reporters = {year: [name for name in territories if random.random() > 0.08] or ["AA", "CC"] for year in YEARS}
    late = str(random.choice([*reporters[YEARS[-2]]]))
    before = {
        year: [name for name in members if (name, year) != (late, YEARS[-2])] or ["AA", "CC"]
        for year, members in reporters.items()
        if year != YEARS[-1]
    }
    earlier: list[pl.DataFrame] = []
    now: list[pl.DataFrame] = []
    for group in OFFENCES:
        persons = _draw_persons(random, group).filter(pl.col("territory").is_in(territories))
        balances = int(random.integers(2**32))
        for edition, counted, members in (
            (earlier, _drop_corrected(random, persons), before), (now, persons, reporters)
        ):  # fmt: skip
            tables = [*_list_family(counted, members), *_list_balances(balances, persons, members)]
            edition += [table.with_columns(offence_group=pl.lit(group)) for table in tables]
    victims = _draw_victims(random).filter(pl.col("territory").is_in(territories))
    for edition, counted, members in (
        (earlier, _drop_corrected(random, victims), before), (now, victims, reporters)
    ):  # fmt: skip
        edition += [table.with_columns(offence_group=pl.lit("TIP")) for table in _list_victims(counted, members)]
    return tuple(_complete_cells(pl.concat(tables, how="diagonal_relaxed")) for tables in (earlier, now))


def _drop_corrected(random: np.random.Generator, persons: pl.DataFrame) -> pl.DataFrame:
    """Return the persons as they were before a corrected return: without some of one quarter of one area."""
    returns = (
        persons.filter(pl.col("year").cast(pl.Int64) < YEARS[-1]).select("area", "quarter").unique().sort(pl.all())
    )
    area, quarter = returns.row(int(random.integers(returns.height)))
    is_corrected = (pl.col("area") == area) & (pl.col("quarter") == quarter)
    most = int(random.integers(1, MOST_CORRECTED))
    return persons.filter(~is_corrected | (is_corrected.cum_sum() > most))


def _list_family(persons: pl.DataFrame, reporters: Mapping[int, Sequence[str]]) -> Iterator[pl.DataFrame]:
    """Yield the tables of decisions at first instance with their parts, and of decided cases."""
    for measure in ("adjudicated_first", *OUTCOMES, "sentenced_first"):
        if measure == "adjudicated_first":
            counted = persons
        elif measure == "sentenced_first":
            counted = persons.filter((pl.col("outcome") == "convicted_first") & pl.col("is_sentenced"))
        else:
            counted = persons.filter(outcome=measure)
        is_stage = measure in ("adjudicated_first", "convicted_first", "sentenced_first")
        for table in _list_tables(counted, reporters, is_stage):
            yield table.with_columns(measure=pl.lit(measure))
    cases = persons.unique(["area", "quarter", "case"], maintain_order=True)
    for table in _list_totals(cases, reporters, ("Q", "A")):
        yield table.with_columns(measure=pl.lit("adjudicated_first"), count_unit=pl.lit("case"))


def _draw_persons(random: np.random.Generator, group: str) -> pl.DataFrame:
    columns: dict[str, list[np.ndarray]] = {}
    for territory, areas in TERRITORIES.items():
        mean = float(np.exp(random.uniform(0.0, 3.2)))
        shares = random.dirichlet(np.ones(len(areas)) * 2)
        dominance = random.uniform(0.5, 0.98, 3)
        for year, quarter in product(YEARS, range(1, 5)):
            size = int(random.poisson(mean))
            drawn = {
                "territory": np.full(size, territory),
                "area": random.choice(areas, size, p=shares),
                "year": np.full(size, str(year)),
                "quarter": np.full(size, f"{year}-Q{quarter}"),
                "sex": random.choice(SEXES, size, p=[dominance[0], 1 - dominance[0]]),
                "age": random.choice(AGES, size, p=[dominance[1], 1 - dominance[1]]),
                "offence": random.choice(OFFENCES[group], size, p=[dominance[2], *[(1 - dominance[2]) / 2] * 2]),
                "outcome": random.choice(OUTCOMES, size, p=[0.8, 0.1, 0.03, 0.07]),
                "is_sentenced": random.random(size) < 0.95,
                "case": random.integers(0, max(1, size // 2), size),
            }
            for name, values in drawn.items():
                columns.setdefault(name, []).append(values)
    return pl.DataFrame({name: np.concatenate(values) for name, values in columns.items()})


def _draw_victims(random: np.random.Generator) -> pl.DataFrame:
    columns: dict[str, list[np.ndarray]] = {}
    for territory, areas in TERRITORIES.items():
        mean = float(np.exp(random.uniform(0.0, 3.2)))
        shares, status = random.dirichlet(np.ones(len(areas)) * 2), random.dirichlet(np.ones(len(STATUSES)) * 2)
        dominance, form = random.uniform(0.5, 0.98, 2), random.dirichlet(np.ones(len(FORMS)))
        for year, quarter in product(YEARS, range(1, 5)):
            size = int(random.poisson(mean))
            drawn = {
                "territory": np.full(size, territory),
                "area": random.choice(areas, size, p=shares),
                "year": np.full(size, str(year)),
                "quarter": np.full(size, f"{year}-Q{quarter}"),
                "victim_status": random.choice(STATUSES, size, p=status),
                "sex": random.choice(SEXES, size, p=[dominance[0], 1 - dominance[0]]),
                "age": random.choice(AGES, size, p=[dominance[1], 1 - dominance[1]]),
                "exploitation": random.choice(FORMS, size, p=form),
            }
            for name, values in drawn.items():
                columns.setdefault(name, []).append(values)
    return pl.DataFrame({name: np.concatenate(values) for name, values in columns.items()})


def _list_victims(victims: pl.DataFrame, reporters: Mapping[int, Sequence[str]]) -> Iterator[pl.DataFrame]:
    """Yield the tables of victims by status and one more category, and of the region by sex and age."""
    in_total = victims.filter(pl.col("victim_status") != "injured_party")
    with_total = pl.concat([victims, in_total.with_columns(victim_status=pl.lit("_T"))])
    for status, counted in ((name, with_total.filter(victim_status=name)) for name in ("_T", *STATUSES)):
        tables = [*_list_totals(counted, reporters, ("Q", "A", "P3", "P5"))]
        for dimension, members in (("sex", SEXES), ("age", AGES), ("exploitation", FORMS)):
            tables.append(_count_category(counted, reporters, dimension, members))
        tables += _list_regional_victims(counted, reporters)
        for table in tables:
            yield table.with_columns(
                victim_status=pl.lit(status), measure=pl.lit("victims_detected"), count_unit=pl.lit("victim"),
                level=pl.lit("none"),
            )  # fmt: skip


def _list_regional_victims(victims: pl.DataFrame, reporters: Mapping[int, Sequence[str]]) -> Iterator[pl.DataFrame]:
    regional = _region_of(victims, reporters)
    years = pl.DataFrame({"year": [str(year) for year in reporters]})
    for dimensions in ({"sex": SEXES, "age": AGES}, {"exploitation": FORMS}):
        grid = years
        for dimension, members in dimensions.items():
            grid = grid.join(pl.DataFrame({dimension: members}), how="cross")
        counts = _count(regional, grid, ["year", *dimensions])
        yield _add_region(counts.with_columns(freq=pl.lit("A"), period="year"), reporters)


def _list_balances(seed: int, persons: pl.DataFrame, reporters: Mapping[int, Sequence[str]]) -> Iterator[pl.DataFrame]:
    """Yield what is pending at first instance at both ends of each year, and what comes in, of each reporter.

    The same seed gives the same stocks, so that a correction of decisions alone changes the gap of a balance.
    """
    random = np.random.default_rng(seed)
    decided = {(name, year): count for name, year, count in persons.group_by("territory", "year").len().iter_rows()}
    rows = []
    for territory in TERRITORIES:
        opening = int(random.integers(0, 60))
        for year in YEARS:
            resolved = decided.get((territory, str(year)), 0)
            received, gap = int(random.poisson(1.0)), int(random.choice(GAPS))
            indicted = max(0, resolved + int(random.integers(-9, 10)))
            closing = opening + indicted + received - resolved - gap
            indicted, closing = indicted - min(closing, 0), max(closing, 0)
            if territory in reporters.get(year, ()):
                rows += [
                    (territory, str(year), "pending_first", "first", "start", opening),
                    (territory, str(year), "pending_first", "first", "end", closing),
                    (territory, str(year), "indicted", "prosecution", "count", indicted),
                    (territory, str(year), "transferred_in", "first", "count", received),
                ]
            opening = closing
    schema = ["territory", "year", "measure", "level", "statistic", "value"]
    of_territories = pl.DataFrame(rows, schema=schema, orient="row").with_columns(freq=pl.lit("A"), period="year")
    yield of_territories.with_columns(area_kind=pl.lit("territory"), area="territory", reporters="territory")
    flows = of_territories.filter(pl.col("statistic") == "count").drop("territory")
    others = [name for name in flows.columns if name != "value"]
    regional = flows.group_by(others, maintain_order=True).agg(pl.col("value").sum())
    yield _add_region(regional, reporters)


def _list_tables(
    persons: pl.DataFrame, reporters: Mapping[int, Sequence[str]], is_stage: bool
) -> Iterator[pl.DataFrame]:
    """Yield the tables of one measure: only stages have quarters, pools, jurisdictions and breakdowns."""
    if not is_stage:
        yield from _list_totals(persons, reporters, ("A",))
        return
    yield from _list_totals(persons, reporters, ("Q", "A", "P3", "P5"))
    reported = _grid_of_reports(reporters)
    parts = pl.DataFrame(
        [(territory, area) for territory, areas in TERRITORIES.items() if len(areas) > 1 for area in areas],
        schema=["territory", "area"],
        orient="row",
    )
    yield _count(persons, reported.join(parts, on="territory"), ["area", "year"]).with_columns(
        area_kind=pl.lit("jurisdiction"), freq=pl.lit("A"), period="year", reporters="area"
    )
    offences = sorted(persons["offence"].unique())
    for dimension, members in (("sex", SEXES), ("age", AGES), ("offence", offences)):
        yield _count_category(persons, reporters, dimension, members)
    grid = pl.DataFrame(list(product(map(str, reporters), SEXES)), schema=["year", "sex"], orient="row")
    counts = _count(_region_of(persons, reporters), grid, ["year", "sex"])
    yield _add_region(counts.with_columns(freq=pl.lit("A"), period="year"), reporters)


def _count_category(
    persons: pl.DataFrame, reporters: Mapping[int, Sequence[str]], dimension: str, members: Sequence[str]
) -> pl.DataFrame:
    """Return the annual counts of each territory by one dimension."""
    grid = _grid_of_reports(reporters).join(pl.DataFrame({dimension: members}), how="cross")
    return _count(persons, grid, ["territory", "year", dimension]).with_columns(
        area_kind=pl.lit("territory"), area="territory", freq=pl.lit("A"), period="year", reporters="territory"
    )


def _list_totals(
    persons: pl.DataFrame, reporters: Mapping[int, Sequence[str]], freqs: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield the totals of territories and of the region by quarter, year and pool."""
    reported = _grid_of_reports(reporters)
    regional = _region_of(persons, reporters)
    for freq in freqs:
        if freq == "Q":
            quarters = pl.DataFrame(
                [(str(y), f"{y}-Q{q}") for y in reporters for q in range(1, 5)],
                schema=["year", "quarter"],
                orient="row",
            )
            by_area = _count(persons, reported.join(quarters, on="year"), ["territory", "quarter"])
            by_region = _count(regional, quarters, ["quarter"])
            period = pl.col("quarter")
        elif freq == "A":
            by_area = _count(persons, reported, ["territory", "year"])
            by_region = _count(regional, pl.DataFrame({"year": [str(year) for year in reporters]}), ["year"])
            period = pl.col("year")
        else:
            yield from _list_pools(persons, reporters, int(freq[1]))
            continue
        yield by_area.with_columns(
            area_kind=pl.lit("territory"), area="territory", freq=pl.lit(freq), period=period, reporters="territory"
        )
        yield _add_region(by_region.with_columns(freq=pl.lit(freq), period=period), reporters)


def _list_pools(persons: pl.DataFrame, reporters: Mapping[int, Sequence[str]], length: int) -> Iterator[pl.DataFrame]:
    """Yield pools of years in which a territory always reported; the region has none, as its reporters change."""
    for first in YEARS[:: length - 1]:
        years = [year for year in reporters if first <= year < first + length]
        members = [name for name in TERRITORIES if all(name in reporters[year] for year in years)]
        if len(years) < length or not members:
            continue
        counted = persons.filter(pl.col("year").is_in([str(year) for year in years]))
        yield _count(counted, pl.DataFrame({"territory": members}), ["territory"]).with_columns(
            area_kind=pl.lit("territory"), area="territory", freq=pl.lit(f"P{length}"), reporters="territory",
            period=pl.lit(f"{first}-{first + length - 1}"),
        )  # fmt: skip


def _count(persons: pl.DataFrame, grid: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    counts = persons.group_by(by).len("value")
    return grid.join(counts, on=by, how="left", maintain_order="left").with_columns(pl.col("value").fill_null(0))


def _grid_of_reports(reporters: Mapping[int, Sequence[str]]) -> pl.DataFrame:
    pairs = [(territory, str(year)) for year, members in reporters.items() for territory in members]
    return pl.DataFrame(pairs, schema=["territory", "year"], orient="row")


def _region_of(persons: pl.DataFrame, reporters: Mapping[int, Sequence[str]]) -> pl.DataFrame:
    return persons.join(_grid_of_reports(reporters), on=["territory", "year"], how="semi")


def _add_region(cells: pl.DataFrame, reporters: Mapping[int, Sequence[str]]) -> pl.DataFrame:
    names = {str(year): ",".join(sorted(members)) for year, members in reporters.items()}
    return cells.with_columns(
        area_kind=pl.lit("region"), area=pl.lit("WB"), territory=pl.lit("WB"),
        reporters=pl.col("period").str.slice(0, 4).replace_strict(names),
    )  # fmt: skip


def _complete_cells(cells: pl.DataFrame) -> pl.DataFrame:
    from pipelines.core import codes

    fixed = {
        "obs_status": "A", "table_id": "random",
        **dict.fromkeys(("person_type", "citizenship"), "_T"),
        **dict.fromkeys(("sentence_type", "sentence_band"), "_Z"),
    }  # fmt: skip
    return (
        cells.with_columns(
            *(pl.lit(value).alias(name) for name, value in fixed.items()),
            *(pl.col(name).fill_null("_T") for name in ("sex", "age", "offence")),
            pl.col("victim_status").fill_null("_Z"),
            exploitation=pl.when(pl.col("victim_status").is_null())
            .then(pl.lit("_Z"))
            .otherwise(pl.col("exploitation").fill_null("_T")),
        )
        .with_columns(
            pl.col("count_unit").fill_null("person"),
            pl.col("level").fill_null("first"),
            pl.col("statistic").fill_null("count"),
            pl.col("value").cast(pl.Float64),
            is_additive=pl.lit(True),
        )
        .select(*codes.CELL_KEY, "territory", "reporters", "is_additive", "value", "obs_status", "table_id")
    )


def main(first: str = "0", count: str = "3") -> None:
    """Print the results of some seeds, one JSON object a line."""
    for seed in range(int(first), int(first) + int(count)):
        print(json.dumps(protect_decade(seed, choose_territories(seed))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
