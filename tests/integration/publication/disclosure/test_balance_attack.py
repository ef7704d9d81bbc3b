"""Attack the released stocks, entries and exits with the outside attacker, which shares no code with protection.

The attacker knows additive tables only, so a balance is written as one.  Everyone who was ever pending at a level came
in by one way in one year (or was there at the start), and left by one way in one year (or is still there).  Those ways
are two dimensions: an entry is a total over all ways out, and a stock counts those who came in before and left after.
Nobody leaves before coming in.  Ways that an office does not count are given as zero, and the number by
which a year does not balance is given, too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support.attacker import DETAIL, NEEDS_ATTACKER, attack_cells, read_cells

pytestmark = NEEDS_ATTACKER
EVERYWHERE_IN = ("transferred_in", "requalified_in", "reopened", "remitted", "severed")
EVERYWHERE_OUT = ("requalified_out", "transferred_out", "joined")
LEVELS = {
    # stock: level, (flow in, its level), (flows out, their level)
    "pending_prosecution": ("prosecution", "reported", "prosecution", ("indicted", "rejected", "discontinued")),
    "pending_first": ("first", "indicted", "prosecution", ("adjudicated_first",)),
    "pending_appeal": ("appeal", "appealed", "appeal", ("decided_on_appeal",)),
}
"""Stocks and flows by the definition of a balance, independent of the project's own list."""
NOT_COUNTED = (0.0, False)
Book = dict[str, dict[str, tuple[float, bool]]]
"""By year and name of a stock or flow: its true value, and whether the release withholds it."""


class Network:
    """The years of one level of one territory as a table of ways in and ways out."""

    def __init__(self, stock: str, book: Book) -> None:
        _, entry, _, exits = LEVELS[stock]
        self._entries, self._exits = (entry, *EVERYWHERE_IN), (*exits, *EVERYWHERE_OUT)
        self._book, self._years = book, sorted(book)
        self.rows: list[dict[str, Any]] = []
        for year in self._years:
            self._add_year(year)

    def _add_year(self, year: str) -> None:
        terms = self._book[year]
        for name in ("start", "end"):
            if name in terms:
                following = year if name == "start" else str(int(year) + 1)
                self._add_cell(f"before {following}", f"from {following}", *terms[name])
        for name in self._entries:
            if name in terms or name in EVERYWHERE_IN:
                self._add_cell(f"{name} {year}", "_T", *terms.get(name, NOT_COUNTED))
        for name in self._exits:
            if name in terms or name in EVERYWHERE_OUT:
                self._add_cell("_T", f"{name} {year}", *terms.get(name, NOT_COUNTED))
        entered = sum(terms[name][0] for name in ("start", *self._entries) if name in terms)
        ended = sum(terms[name][0] for name in ("end", *self._exits) if name in terms)
        self._add_cell(f"gap {year}", "_T", max(ended - entered, 0.0), False)
        self._add_cell("_T", f"gap {year}", max(entered - ended, 0.0), False)
        if year != self._years[0]:
            self._add_cell(f"in {year}", f"before {year}", 0.0, False)

    def _add_cell(self, way_in: str, way_out: str, value: float, is_hidden: bool) -> None:
        public = None if is_hidden else value
        self.rows.append(
            {"in": way_in, "out": way_out, "value": public, "true": value, "flag": "C" if is_hidden else "F"}
        )

    def list_hierarchies(self) -> dict[str, dict[str, list[str]]]:
        following = str(int(self._years[-1]) + 1)
        ways_in = {year: [f"{name} {year}" for name in (*self._entries, "gap")] for year in self._years}
        ways_out = {year: [f"{name} {year}" for name in (*self._exits, "gap")] for year in self._years}
        boundaries = [*self._years, following]
        before = {
            f"before {year}": ["there", *(way for y in self._years if y < year for way in ways_in[y])]
            for year in boundaries
        }
        after = {
            f"from {year}": [*(way for y in self._years if y >= year for way in ways_out[y]), "still"]
            for year in boundaries
        }
        earlier_exits = {
            f"before {year}": [way for y in self._years if y < year for way in ways_out[y]] for year in self._years[1:]
        }
        return {
            "in": {"_T": before[f"before {following}"], **before, **{f"in {y}": ways for y, ways in ways_in.items()}},
            "out": {"_T": after[f"from {self._years[0]}"], **after, **earlier_exits},
        }

    def write_files(self, folder: Path) -> tuple[Path, Path]:
        table, spec = folder / "balance.parquet", folder / "spec.json"
        frame = pl.DataFrame(self.rows, schema_overrides={"value": pl.Float64})
        frame.write_parquet(table)
        spec.write_text(json.dumps({"dims": ["in", "out"], "hierarchies": self.list_hierarchies()}), encoding="ascii")
        return table, spec


def list_books(cells: pl.DataFrame, true: pl.DataFrame) -> Iterator[tuple[str, str, str, Book]]:
    """Yield stock, area, offence group and book of each run of years that have both stocks."""
    key = ["area", "offence_group", "period", "measure", "level", "statistic"]
    is_total = pl.all_horizontal(pl.col(DETAIL).is_in(["_T", "_Z"]))
    is_person = (pl.col("freq") == "A") & (pl.col("area_kind") != "region") & (pl.col("count_unit") == "person")
    counts = (
        cells.filter(is_total & is_person)
        .join(true.select(*key, "area_kind", "freq", "count_unit", *DETAIL, pl.col("value").alias("true")),
              on=[*key, "area_kind", "freq", "count_unit", *DETAIL], how="inner")
        .unique(key)
    )  # fmt: skip
    by_area: dict[tuple[str, str], dict[tuple[str, str, str, str], tuple[float, bool]]] = defaultdict(dict)
    for row in counts.iter_rows(named=True):
        term = (row["period"], row["measure"], row["level"], row["statistic"])
        by_area[row["area"], row["offence_group"]][term] = (row["true"], row["conf_status"] != "F")
    for (area, group), terms in sorted(by_area.items()):
        for stock, (level, entry, entry_level, exits) in LEVELS.items():
            book: Book = defaultdict(dict)
            movements = (*exits, *EVERYWHERE_IN, *EVERYWHERE_OUT)
            for (year, measure, of_level, statistic), count in terms.items():
                if measure == stock:
                    book[year][statistic] = count
                elif (measure, of_level) == (entry, entry_level) or (of_level == level and measure in movements):
                    book[year][measure] = count
            needed = {"start", "end", entry, *exits}
            years = {year: book[year] for year in sorted(book) if needed <= book[year].keys()}
            if years and len(years) == int(max(years)) - int(min(years)) + 1:
                yield stock, area, group, years


@pytest.fixture(scope="module")
def books(built_home: Path) -> list[tuple[str, str, str, Book]]:
    return list(list_books(*read_cells(built_home)))


def test_attack_on_every_balance_finds_no_disclosure(books: list[tuple[str, str, str, Book]], tmp_path: Path) -> None:
    hidden, faults = 0, []
    for stock, area, group, book in books:
        report = attack_cells(*Network(stock, book).write_files(tmp_path), "--zeros", "suppressible")
        hidden += report["suppressed"]
        results = {name: report[name] for name in ("disclosed", "narrow", "contradictions", "unknown")}
        if any(results.values()) or (report["exit"] != 0 and report["audited"]):
            faults.append(f"{stock} {area} {group}: {results}\n{report['output']}")
    assert not faults, "\n".join(faults[:5])
    assert len(books) > 30 and hidden > 300


def test_attacker_finds_the_last_withheld_term_of_a_balance(tmp_path: Path) -> None:
    """Plant a leak: withhold one small exit and nothing else."""
    flows = ("start", "reported", "indicted", "rejected", "discontinued", "end")
    values = {"2024": (30, 20, 8, 3, 0, 39), "2025": (39, 9, 11, 0, 0, 37)}
    book = {year: dict(zip(flows, ((value, False) for value in row), strict=True)) for year, row in values.items()}
    book["2024"]["rejected"] = (3, True)
    report = attack_cells(*Network("pending_prosecution", book).write_files(tmp_path), "--zeros", "suppressible")
    assert (report["disclosed"], report["contradictions"], report["exit"]) == (1, 0, 1), report["output"]
    book["2024"]["end"] = book["2025"]["start"] = (39, True)
    report = attack_cells(*Network("pending_prosecution", book).write_files(tmp_path), "--zeros", "suppressible")
    assert report["disclosed"] == 3, "the next year gives the stock, at its end and start, and the stock the exit"
