"""Protect random decades of seven territories and audit the result for the public and every insider.

The demonstration is one set of figures. Here persons are drawn at random: few or many in a quarter, with jurisdictions
in one territory, late or absent reporters, single categories that dominate, and stocks whose balances may not close.
`python -m benchmarks.random_decades FIRST COUNT` prints one JSON line for each seed.  With a third argument, `small`,
each decade has three territories, which takes a fraction of the time.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import polars as pl

from benchmarks.registry import Figure, Setting, register_benchmark

SEEDS = 100
YEARS = tuple(range(2016, 2026))
TERRITORIES: Mapping[str, tuple[str, ...]] = {
    "AA": ("AA",), "BB": ("B1", "B2", "B3"), "CC": ("CC",), "DD": ("DD",), "EE": ("EE",), "FF": ("FF",), "GG": ("GG",)
}  # fmt: skip
SMALL = ("AA", "BB", "CC")
"""Territories of a small decade."""
GAPS = (0, 0, 0, 1, -1, 3)
"""Cases by which balances do not close; one is drawn for each year."""
OUTCOMES = ("convicted_first", "acquitted", "rejected", "discontinued")
SEXES, AGES, OFFENCES = ("M", "F"), ("Y_GE18", "Y_LT18"), ("ICCS0204_ADULT", "ICCS0204_CHILD", "ICCS02044")
_FAILURES = ("disclosed", "narrow", "unknown", "to_insiders")


@register_benchmark("random", "Protecting random decades from the public and all insiders")
def measure_random_decades(setting: Setting) -> Iterator[Figure]:
    """Count the cells that fail the audits; a hundred seeds in the long run, three small ones in the quick one."""
    is_long = max(setting.scales) > 1
    seeds = setting.seeds or (SEEDS if is_long else 3)
    results = [protect_decade(seed, None if is_long else SMALL) for seed in range(seeds)]
    for name in _FAILURES:
        failed = sum(result[name] for result in results)
        yield Figure(f"{name}, {seeds} decades", failed, "cells", None, "", "0", failed == 0)
    yield Figure("processor, median", float(np.median([result["processor"] for result in results])), "s")


def protect_decade(seed: int, territories: Sequence[str] | None = None) -> dict[str, float]:
    """Return the results of the audits of one random decade, with its numbers of cells and its processor time."""
    from pipelines.publication.disclosure import protect

    cells = build_decade(seed, territories)
    before = sum(os.times()[:2])
    protection = protect.hide_small_counts(cells)
    seconds = sum(os.times()[:2]) - before
    is_hidden = protection.cells["conf_status"] != "F"
    is_above_zero = cells["value"] > 0
    is_small = is_above_zero & (cells["value"] < 5)
    counted = protection.report.count_cells()
    return {
        "seed": seed,
        "cells": cells.height,
        **{name: counted[name] for name in _FAILURES},
        "hidden share": round((is_hidden & is_above_zero).sum() / is_above_zero.sum(), 3),
        "small share": round(is_small.sum() / is_above_zero.sum(), 3),
        "processor": round(seconds, 1),
    }


def build_decade(seed: int, territories: Sequence[str] | None = None) -> pl.DataFrame:
    """Return the cells of decisions at first instance of ten years, as the programme selects them.

    `territories` are those that report, all by default.
    """
    random = np.random.default_rng(seed)
    names = tuple(territories or TERRITORIES)
    persons = _draw_persons(random).filter(pl.col("territory").is_in(names))
    reporters = {year: [name for name in names if random.random() > 0.08] or ["AA", "CC"] for year in YEARS}
    frames = []
    for measure in ("adjudicated_first", *OUTCOMES, "sentenced_first"):
        if measure == "adjudicated_first":
            counted = persons
        elif measure == "sentenced_first":
            counted = persons.filter((pl.col("outcome") == "convicted_first") & pl.col("is_sentenced"))
        else:
            counted = persons.filter(outcome=measure)
        is_stage = measure in ("adjudicated_first", "convicted_first", "sentenced_first")
        frames += [frame.with_columns(measure=pl.lit(measure)) for frame in _list_tables(counted, reporters, is_stage)]
    cases = persons.unique(["area", "quarter", "case"], maintain_order=True)
    frames += [
        frame.with_columns(measure=pl.lit("adjudicated_first"), count_unit=pl.lit("case"))
        for frame in _list_totals(cases, reporters, ("Q", "A"))
    ]
    frames += _list_balances(random, persons, reporters)
    cells = pl.concat(frames, how="diagonal_relaxed")
    return _complete_cells(cells)


def _draw_persons(random: np.random.Generator) -> pl.DataFrame:
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
                "offence": random.choice(OFFENCES, size, p=[dominance[2], *[(1 - dominance[2]) / 2] * 2]),
                "outcome": random.choice(OUTCOMES, size, p=[0.8, 0.1, 0.03, 0.07]),
                "is_sentenced": random.random(size) < 0.95,
                "case": random.integers(0, max(1, size // 2), size),
            }
            for name, values in drawn.items():
                columns.setdefault(name, []).append(values)
    return pl.DataFrame({name: np.concatenate(values) for name, values in columns.items()})


def _list_balances(
    random: np.random.Generator, persons: pl.DataFrame, reporters: Mapping[int, Sequence[str]]
) -> Iterator[pl.DataFrame]:
    """Yield what is pending at first instance at both ends of each year, and what comes in, of each reporter."""
    decided = {(name, year): count for name, year, count in persons.group_by("territory", "year").len().iter_rows()}
    rows = []
    for territory in sorted({name for members in reporters.values() for name in members}):
        opening = int(random.integers(0, 60))
        for year in YEARS:
            resolved = decided.get((territory, str(year)), 0)
            received, gap = int(random.poisson(1.0)), int(random.choice(GAPS))
            indicted = max(0, resolved + int(random.integers(-9, 10)))
            closing = opening + indicted + received - resolved - gap
            indicted, closing = indicted - min(closing, 0), max(closing, 0)
            if territory in reporters[year]:
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
    for dimension, members in (("sex", SEXES), ("age", AGES), ("offence", OFFENCES)):
        grid = reported.join(pl.DataFrame({dimension: members}), how="cross")
        yield _count(persons, grid, ["territory", "year", dimension]).with_columns(
            area_kind=pl.lit("territory"), area="territory", freq=pl.lit("A"), period="year", reporters="territory"
        )
    regional = _region_of(persons, reporters)
    for sexes, ages in ((SEXES, ("_T",)), (("_T",), AGES), (SEXES, AGES)):
        grid = pl.DataFrame(list(product(map(str, YEARS), sexes, ages)), schema=["year", "sex", "age"], orient="row")
        marked = regional.with_columns(
            sex=pl.lit("_T") if sexes == ("_T",) else pl.col("sex"),
            age=pl.lit("_T") if ages == ("_T",) else pl.col("age"),
        )
        counts = _count(marked, grid, ["year", "sex", "age"])
        yield _add_region(counts.with_columns(freq=pl.lit("A"), period="year"), reporters)


def _list_totals(
    persons: pl.DataFrame, reporters: Mapping[int, Sequence[str]], freqs: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield the totals of territories and of the region by quarter, year and pool."""
    reported = _grid_of_reports(reporters)
    regional = _region_of(persons, reporters)
    for freq in freqs:
        if freq == "Q":
            quarters = pl.DataFrame(
                [(str(y), f"{y}-Q{q}") for y in YEARS for q in range(1, 5)], schema=["year", "quarter"], orient="row"
            )
            by_area = _count(persons, reported.join(quarters, on="year"), ["territory", "quarter"])
            by_region = _count(regional, quarters, ["quarter"])
            period = pl.col("quarter")
        elif freq == "A":
            by_area = _count(persons, reported, ["territory", "year"])
            by_region = _count(regional, pl.DataFrame({"year": [str(year) for year in YEARS]}), ["year"])
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
        years = [year for year in YEARS if first <= year < first + length]
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
        "offence_group": "TIP", "obs_status": "A", "table_id": "random",
        **dict.fromkeys(("person_type", "citizenship"), "_T"),
        **dict.fromkeys(("victim_status", "exploitation", "sentence_type", "sentence_band"), "_Z"),
    }  # fmt: skip
    return cells.with_columns(
        *(pl.lit(value).alias(name) for name, value in fixed.items()),
        *(pl.col(name).fill_null("_T") for name in ("sex", "age", "offence")),
        pl.col("count_unit").fill_null("person"),
        pl.col("level").fill_null("first"),
        pl.col("statistic").fill_null("count"),
        pl.col("value").cast(pl.Float64),
        is_additive=pl.lit(True),
    ).select(*codes.CELL_KEY, "territory", "reporters", "is_additive", "value", "obs_status", "table_id")


def main(first: str = "0", count: str = "3", size: str = "") -> None:
    """Print the results of some seeds, one JSON object a line."""
    for seed in range(int(first), int(first) + int(count)):
        print(json.dumps(protect_decade(seed, SMALL if size == "small" else None)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
