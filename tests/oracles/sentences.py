"""Expected numbers, periods, territories and coverage of the sentences on public pages.

Nothing of the product is used: the tables are read from the release's Parquet files, and names, numbers and periods are
formatted again here. `EXPECTED` has one function `expect_…` for each message of the catalogues that has a number, a
period or the name of an area among its parameters; `expect_parameters` above the function lists its messages. It takes
the release `r`, the selection `s` in which a sentence was formed, and the parameters `p` of that sentence, and returns
what some or all of these parameters must be:

- a text, or a set of texts of which it must be one;
- ABOUT, for titles: each number and each area named in it must be of the selection;
- BEGINS, for a sentence within another one: it must begin with one that was checked for the same selection.

PARTS are messages that say nothing by themselves, such as "{n} persons": they must be within a sentence that is
checked, or within a field of a table whose number is checked by its source.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property, wraps
from itertools import product
from math import floor
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

Row = Mapping[str, Any]
Selection = Mapping[str, str]
Params = Mapping[str, Any]
Expected = Mapping[str, Any]
ABOUT, BEGINS = object(), object()
ENOUGH, HIDDEN, FEWEST_IN_REGION, FEWEST_IN_RANGE = 20, 4, 4, 3
SEPARATOR = ","
MARKS = ("*", "†", "‡", "§")
STAGES = {
    "first": ("reported", "investigated", "indicted", "adjudicated_first", "convicted_first", "sentenced_first"),
    "final": ("reported", "investigated", "indicted", "adjudicated_final", "convicted_final", "sentenced_final"),
}
UNITS = {
    "person": ("person", "persons"),
    "case": ("case", "cases"),
    "victim": ("victim", "victims"),
    "migrant": ("migrant", "migrants"),
    "sanction": ("sanction", "sanctions"),
    "offence": ("offence", "offences"),
}
NESTED = {
    f"{part}_{track}_per_{whole}_{track}"
    for part, whole in (("convicted", "adjudicated"), ("sentenced", "convicted"))
    for track in ("first", "final")
}
"""Ratios of a count to another one that everyone in it is in, too."""
CRIMES = {"TIP": "Trafficking in persons", "SOM": "Smuggling of migrants"}
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
EXPECTED: dict[str, Callable[[Release, Selection, Params], Expected]] = {}
PARTS: set[str] = set()
CONSTANTS = {
    "enough": str(ENOUGH),
    "fewest": str(FEWEST_IN_REGION),
    "hidden": str(HIDDEN),
    "most": str(HIDDEN),
    "partners": "9",
    "people": "10",
    "respondents": "5",
}
"""Thresholds, which are the same in every sentence."""
MADE_OF = {
    "totals": ("cell", "programme"),
    "cells": ("cell",),
    "cells_by_id": ("cell",),
    "periods": ("cell",),
    "counting": ("cell",),
    "indicators": ("indicator",),
    "headings": ("area", "cell", "codelist"),
}
"""Indexes of a release that take long, by the tables that they are made of; `checking.py` adds two."""


def compute_once(function: Any) -> Any:
    """Compute something once for each release and each set of arguments."""
    name = f"once.{function.__module__}.{function.__name__}"

    @wraps(function)
    def compute_or_recall(r: Release, *arguments: Any) -> Any:
        results = r.__dict__.setdefault(name, {})
        if arguments not in results:
            results[arguments] = function(r, *arguments)
        return results[arguments]

    return compute_or_recall


def expect_parameters(*messages: str) -> Callable[[Any], Any]:
    """Register the function that returns the expected parameters of some messages."""

    def register_function(function: Any) -> Any:
        for message in messages:
            assert message not in EXPECTED, message
            EXPECTED[message] = function
        return function

    return register_function


@cache
def round_number(value: float, digits: int = 0) -> Decimal:
    """Round the decimal number that a reader would round, a half away from zero."""
    steps = floor(abs(Fraction(f"{value:.15g}")) * 10**digits + Fraction(1, 2))
    return Decimal(steps if value >= 0 else -steps).scaleb(-digits)


@cache
def format_number(value: float, digits: int = 0) -> str:
    """Format a number as English pages do."""
    return f"{round_number(value, digits):,.{digits}f}".replace(",", SEPARATOR)


def format_signed(value: float) -> str:
    rounded = round_number(value)
    return "0" if rounded == 0 else f"{rounded:+,.0f}".replace(",", SEPARATOR).replace("-", "\u2212")


def count_units(value: float, unit: str) -> str:
    singular, plural = UNITS[unit]
    return f"{format_number(value)} {singular if round(value) == 1 else plural}"


def format_period(period: str) -> str:
    """Format a period as tables do."""
    return period.replace("-Q", " Q") if "-Q" in period else period.replace("-", "–")


def spell_period(period: str) -> str:
    """Format a period as sentences do."""
    if "-Q" in period:
        year, quarter = period.split("-Q")
        return f"the {('first', 'second', 'third', 'fourth')[int(quarter) - 1]} quarter of {year}"
    return "the years {} to {}".format(*period.split("-")) if "-" in period else period


def format_day(value: date) -> str:
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def join_words(items: Iterable[str]) -> str:
    parts = list(items)
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def lower_first(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def find_span(period: str) -> tuple[date, date]:
    """Return the first and the last day of a period."""
    if "-Q" in period:
        year, quarter = map(int, period.split("-Q"))
        end = date(year + quarter // 4, quarter % 4 * 3 + 1, 1)
        return date(year, 3 * quarter - 2, 1), end - timedelta(days=1)
    years = period.split("-")
    return date(int(years[0]), 1, 1), date(int(years[-1]), 12, 31)


def name_stage(measure: str) -> str:
    return measure.split("_")[0].capitalize()


def split_codes(text: Any) -> list[str]:
    return [part for part in str(text or "").split(",") if part]


def add_interval(value: str, low: float | None, high: float | None, digits: int) -> str:
    if low is None:
        return value
    if high is None or high == float("inf"):
        return f"{value} (95% confidence interval {format_number(low, digits)} or more)"
    return f"{value} (95% confidence interval {format_number(low, digits)} to {format_number(high, digits)})"


def add_states(figure: str, states: Iterable[str]) -> str:
    """Return a figure, or the name of an area, with what is said of it in brackets."""
    joined = ", ".join(filter(None, states))
    return f"{figure} ({joined})" if joined else figure


def list_states_of_figure(row: Row | None) -> list[str]:
    """Return the words behind a figure: few, provisional. The demonstration has no earlier release."""
    if row is None or row["value"] is None:
        return []
    is_few = row["state"] == "too_few" if "numerator" in row else row["value"] < ENOUGH
    return ["few"] * is_few + ["provisional figure"] * ("provisional" in split_codes(row["flags"]))


PARTS |= {
    "{figure} ({states})",
    "all {all} territories",
    "{present} of {all} territories",
    "{present} of {all} jurisdictions",
}


def describe_absent(row: Row | None) -> str:
    """Return the word for a figure without a value."""
    if row is None:
        return "not collected"
    if row["conf_status"] not in (None, "F") or row["obs_status"] == "Q":
        return "withheld"
    words = {"M": "not applicable", "K": "in another category", "L": "not collected"}
    is_awaited = row.get("n_reported") == 0 and row.get("area_kind") != "region"
    is_awaited &= "quarter_missing" not in split_codes(row.get("flags"))
    return words.get(row["obs_status"], "not received" if is_awaited else "not available")


@dataclass
class Release:
    """The tables of a release, with the indexes that sentences need. `tables` replace those of the files."""

    folder: Path
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def count_cover(self, row: Row | None) -> str:
        """Return how many territories are in a figure of the region, or how many parts in one of a territory."""
        if row is None or row["value"] is None:
            return ""
        present = len(split_codes(row["reporters"]))
        if row["area_kind"] == "region":
            whole = len(self.territories)
            text = f"all {whole} territories" if present == whole else f"{present} of {whole} territories"
            return text if present >= FEWEST_IN_REGION else ""
        is_in_part = row["area_kind"] == "territory" and 0 < present < (row.get("n_expected") or 0)
        return f"{present} of {row['n_expected']} jurisdictions" if is_in_part else ""

    def name_counted_area(self, area: str, row: Row | None) -> str:
        """Return the name of an area with how many territories are in its figure."""
        return add_states(self.marked[area], [self.count_cover(row)])

    def describe_ends(self, area: str, texts: Sequence[str], rows: Sequence[Row | None]) -> dict[str, str]:
        """Return the name of an area and its two figures as a change has them; `texts` are the plain figures."""
        covers = [self.count_cover(row) for row in rows]
        is_same = all(covers) and len({str(row["reporters"]) for row in rows if row}) == 1
        before, after = (
            add_states(text, [*(list_states_of_figure(row) if text[:1].isdigit() else []), "" if is_same else cover])
            for text, row, cover in zip(texts, rows, covers, strict=True)
        )
        name = add_states(self.marked[area], covers[:1]) if is_same else self.marked[area]
        return {"area": name, "before": before, "after": after}

    def read_rows(self, table: str) -> list[dict[str, Any]]:
        """Return a table, read once."""
        if table not in self.tables:
            with duckdb.connect() as connection:
                cursor = connection.execute(
                    "select * from read_parquet(?)", [str(self.folder / "data" / f"{table}.parquet")]
                )
                columns = [column[0] for column in cursor.description or ()]
                self.tables[table] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return self.tables[table]

    def replace_table(self, table: str, rows: list[dict[str, Any]]) -> Release:
        """Return a release with other rows of one table. What was made of other tables alone is used again."""
        copy = Release(self.folder, {**self.tables, table: rows})
        indexes = {key: index for key, index in self._indexes.items() if not key.startswith(f"{table}.")}
        copy.__dict__["_indexes"] = indexes
        for name, sources in MADE_OF.items():
            if table not in sources and name in self.__dict__:
                copy.__dict__[name] = self.__dict__[name]
        return copy

    def index_rows(self, table: str, *columns: str) -> dict[Any, list[dict[str, Any]]]:
        """Return the rows of a table by some columns, in the order of the table."""
        key = f"{table}.{columns}"
        if key not in self._indexes:
            index: dict[Any, list[dict[str, Any]]] = defaultdict(list)
            for row in self.read_rows(table):
                index[tuple(row[column] for column in columns)].append(row)
            self._indexes[key] = dict(index)
        return self._indexes[key]

    @cached_property
    def _indexes(self) -> dict[str, dict[Any, list[dict[str, Any]]]]:
        return {}

    @cached_property
    def areas(self) -> dict[str, dict[str, Any]]:
        rows = [row for row in self.read_rows("area") if row["kind"] == "national"]
        return {row["area"]: row for row in sorted(rows, key=lambda row: (row["sort"], row["area_kind"], row["area"]))}

    @cached_property
    def territories(self) -> list[str]:
        return [code for code, row in self.areas.items() if row["area_kind"] == "territory"]

    @cached_property
    def region(self) -> str:
        return next(code for code, row in self.areas.items() if row["area_kind"] == "region")

    def list_parts(self, territory: str) -> list[str]:
        return [c for c, r in self.areas.items() if r["area_kind"] == "jurisdiction" and r["territory"] == territory]

    @cached_property
    def plain(self) -> dict[str, str]:
        return {code: row["name_en"] for code, row in self.areas.items()}

    @cached_property
    def marked(self) -> dict[str, str]:
        noted = [code for code, row in self.areas.items() if row["footnote_en"]]
        return {c: n + (MARKS[noted.index(c) % 4] if c in noted else "") for c, n in self.plain.items()}

    @cached_property
    def label(self) -> dict[tuple[str, str], str]:
        return {(row["codelist"], row["code"]): row["label"] for row in self.read_rows("codelist")}

    @cached_property
    def id(self) -> str:
        return str(self.read_rows("release")[0]["release"])

    @cached_property
    def metric(self) -> dict[str, dict[str, Any]]:
        # A page has the apostrophe of typography.
        return {row["metric"]: {**row, "name": row["name"].replace("'", "’")} for row in self.read_rows("metric")}

    @cached_property
    def totals(self) -> dict[tuple[str, ...], dict[str, Any]]:
        """Totals of stages and victims by area, period, crime, measure, unit and status of victims."""
        order = {row["table_id"]: row["position"] for row in self.read_rows("programme")}
        totals: dict[tuple[str, ...], dict[str, Any]] = {}
        for row in sorted(self.read_rows("cell"), key=lambda row: order.get(row["table_id"], 999)):
            if row["is_total"] and row["statistic"] == "count" and row["table_id"] in order:
                key = (row["area"], row["period"], row["offence_group"], row["measure"], row["count_unit"])
                totals.setdefault(key, row)
                totals.setdefault((*key, row["victim_status"]), row)
        return totals

    def find_total(
        self, area: str, period: str, crime: str, measure: str, unit: str = "person"
    ) -> dict[str, Any] | None:
        return self.totals.get((area, period, crime, measure, unit))

    @cached_property
    def indicators(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        return {(row["cell_id"], row["metric"], row["dimension"]): row for row in self.read_rows("indicator")}

    @cached_property
    def cells(self) -> dict[str, dict[str, Any]]:
        return {row["cell_id"]: row for row in self.read_rows("cell")}

    @cached_property
    def periods(self) -> dict[tuple[str, str], list[str]]:
        """Periods of the region's stages by crime and frequency, newest first."""
        periods: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self.read_rows("cell"):
            if row["area_kind"] == "region" and row["table_id"] in ("area_quarter", "area_year", "area_pool"):
                periods[row["offence_group"], row["freq"]].add(row["period"])
        return {key: sorted(values, reverse=True) for key, values in periods.items()}

    @cached_property
    def names_in_texts(self) -> re.Pattern[str]:
        """Names of territories, and of their parts that say which part of what."""
        return re.compile("|".join(re.escape(self.plain[code]) for code in (self.region, *self.territories)))


def find_unit(s: Selection) -> str:
    measure = s.get("indicator", "").partition(".")[0] if s.get("page") == "compare" else ""
    only = {"victims_detected": "victim", "severed": "case", "joined": "case"}.get(measure, "person")
    return s.get("figure_unit") or s.get("unit") or ("victim" if s.get("page") == "victims" else only)


def find_crime(s: Selection) -> str:
    return s.get("figure_crime") or s.get("crime") or "TIP"


# ----------------------------------------------------------------------------------------------- reporting and coverage


@compute_once
def list_absences(r: Release, figure: FigureKey, reporters: str, instruments: tuple[str, ...]) -> list[str]:
    """Name the territories that are not in a figure of the region, each with the reason that its own figure gives."""
    of_region, by_area = find_figures(r, figure)
    left_out = dict(entry.split(":") for entry in split_codes(of_region.get("left_out")))
    texts = []
    for code in r.territories:
        if code in split_codes(reporters):
            continue
        is_recorded = records_sanction(r, of_region, code)
        own_figure = by_area.get(code, {"obs_status": "O" if is_recorded else "L"})
        is_collected = own_figure["obs_status"] != "L"
        if left_out.get(code) == "withheld":
            reason = "withheld"
        elif is_collected and counts_adults(own_figure) and not counts_adults(of_region):
            reason = "adults only"
        elif is_collected and "quarter_missing" in split_codes(own_figure.get("flags")):
            reason = "at least one quarter is missing"
        else:
            reason = explain_absence(r, code, figure.period, instruments)
            if reason == "not collected" and is_collected:
                reason = "reported, but without this figure"
        texts.append(f"{r.marked[code]} ({reason})")
    return texts


def records_sanction(r: Release, of_region: Row, area: str) -> bool:
    """Return True if an area has this sanction in another year or crime, and other sanctions in this one."""
    name = next((n for n in ("sentence_band", "sentence_type") if of_region.get(n, "_Z") not in ("_T", "_Z")), "")
    if not name:
        return False
    same = [
        x
        for x in r.index_rows("cell", "area").get((area,), ())
        if x["table_id"] == of_region["table_id"] and x["measure"] == of_region["measure"] and x["freq"] == "A"
    ]
    has_others = any(
        (x["offence_group"], x["period"]) == (of_region["offence_group"], of_region["period"]) for x in same
    )
    earlier = [x for x in same if x[name] == of_region[name] and x["period"] <= of_region["period"]]
    return has_others and any(x["obs_status"] != "L" for x in earlier)


def describe_unnamed(r: Release, figure: Row, area: str) -> str:
    """Return the word for a sanction that the data of a territory do not name: that of the others if none came."""
    same = [
        x
        for x in r.index_rows("cell", "area").get((area,), ())
        if all(x[name] == figure[name] for name in ("table_id", "measure", "offence_group", "period"))
    ]
    is_received = any(x["value"] is not None or x["conf_status"] != "F" for x in same)
    return "not in the data" if is_received else describe_absent(same[0])


def counts_adults(row: Row) -> bool:
    return "Y_GE18" in (row.get("age"), *str(row.get("ages") or "").split("/"))


class FigureKey(NamedTuple):
    """The key of a figure of the region: its cell, or its metric and version; `measure` if neither is known."""

    period: str
    crime: str
    measure: str
    unit: str
    cell: str = ""
    metric: str = ""
    version: str = ""
    left_out: str = ""


def key_figure(row: Row, crime: str, measure: str, unit: str) -> FigureKey:
    """Return the key of a row of the region."""
    values = {name: str(row.get(column) or "") for name, column in _KEY_COLUMNS.items()}
    return FigureKey(row["period"], crime, measure, unit, **values)


_KEY_COLUMNS = {"cell": "cell_id", "metric": "metric", "version": "version", "left_out": "left_out"}


def find_figures(r: Release, figure: FigureKey) -> tuple[Row, dict[str, Row]]:
    """Return a figure of the region, and the same figure of each territory.

    A rate, a share and a change have the status of their count. Of a ratio, a territory has the same version if there
    is one, or that which is recommended; static pages name no version, as they show only what is recommended.
    """
    table = "stage_ratio" if "_per_" in figure.metric else "clearance"
    rows = r.index_rows(table, "metric", "offence_group", "period").get(
        (figure.metric, figure.crime, figure.period), ()
    )
    if rows:
        figures: dict[str, Row] = {}
        for x in rows:
            is_shown = x["unit_measure"] == "PC" if table == "clearance" else x["is_default"]
            is_same = bool(figure.version) and x["version"] == figure.version
            has_same = bool(figure.version) and figures.get(x["area"], {}).get("version") == figure.version
            if x["count_unit"] == figure.unit and (
                is_same or (not has_same and (is_shown or x["area"] not in figures))
            ):
                figures[x["area"]] = x
        return figures[r.region], figures
    cell = r.cells.get(figure.cell)
    if cell is None or cell["is_total"]:
        status = cell["victim_status"] if cell is not None else "_Z"
        key = (figure.period, figure.crime, figure.measure, figure.unit)
        own_cells = {code: r.totals.get((code, *key, status), r.totals.get((code, *key))) for code in r.territories}
        of_region = cell if cell is not None else {"left_out": figure.left_out}
    else:
        same = ("offence_group", "offence", "measure", "count_unit", "sex", "age", "victim_status", "sentence_type",
                "sentence_band", "exploitation", "citizenship", "statistic", "period")  # fmt: skip
        by_key = r.index_rows("cell", *same)
        own_cells = {x["area"]: x for x in by_key[tuple(cell[name] for name in same)]}
        of_region = cell
    return of_region, {code: row for code, row in own_cells.items() if row is not None}


def explain_absence(r: Release, area: str, period: str, instruments: tuple[str, ...], *, mark: bool = True) -> str:
    state = judge_returns(r, area, period, instruments)
    names = r.marked if mark else r.plain
    match state["state"]:
        case "yearly":
            return "not due: reports once a year"
        case "not_due":
            return "not due yet"
        case "not_received":
            return f"late: due on {format_day(state['deadline'])}, not received"
        case "in_part":
            outstanding = join_words(name_returns(r, state["overdue"], state["inside"], names))
            return f"in part, {state['received']} of {len(state['inside'])}: {outstanding} outstanding"
    return "not collected"


@compute_once
def judge_returns(r: Release, area: str, period: str, instruments: tuple[str, ...], freq: str = "") -> dict[str, Any]:
    """Judge the returns of an area for a period."""
    start, end = find_span(period)
    rows = [
        row
        for row in r.read_rows("coverage")
        if row["instrument"] in instruments
        and freq in ("", row["freq"])
        and (row["territory"] == area if freq else area in (row["territory"], row["jurisdiction"]))
    ]
    rows.sort(key=lambda row: (row["territory"], row["jurisdiction"], row["instrument"], row["source"], row["period"]))
    inside = [row for row in rows if start <= find_span(row["period"])[0] and find_span(row["period"])[1] <= end]
    result: dict[str, Any] = {"inside": inside, "received": sum(row["is_reported"] for row in inside)}
    overdue = [row for row in inside if row["is_due"] and not row["is_reported"]]
    late = [row for row in inside if row["is_on_time"] is False]
    newest = [row for row in inside if find_span(row["period"])[1] == end]
    streams = {(row["jurisdiction"], row["instrument"]) for row in rows}
    if not inside:
        if rows and "-Q" in period and {row["freq"] for row in rows} == {"A"}:
            state = "yearly"
        else:
            state = "not_due" if rows and max(find_span(row["period"])[1] for row in rows) < start else "not_collected"
    elif overdue:
        state = "in_part" if result["received"] else "not_received"
        result["deadline"] = min(row["deadline"] for row in overdue)
    elif not any(row["is_due"] for row in newest) and {(x["jurisdiction"], x["instrument"]) for x in newest} != streams:
        state = "not_due"
    else:
        state = "received"
    return {**result, "state": state, "overdue": overdue, "late": late}


def name_returns(r: Release, chosen: Sequence[Row], inside: Sequence[Row], names: Mapping[str, str]) -> list[str]:
    """Name returns by what differs among those of the period: part, kind, period."""
    parts = {row["jurisdiction"] for row in inside}
    kinds = {(row["jurisdiction"], row["instrument"]) for row in inside}
    has_periods = len({row["period"] for row in inside}) > 1
    labels = []
    for row in chosen:
        pieces = [names.get(row["jurisdiction"], row["jurisdiction"])] if len(parts) > 1 else []
        pieces += [lower_first(r.label["instrument", row["instrument"]])] if len(kinds) > len(parts) else []
        pieces += [format_period(row["period"])] if has_periods or not pieces else []
        labels.append(", ".join(pieces))
    return list(dict.fromkeys(labels))


def describe_cover(r: Release, row: Row, crime: str, measure: str, unit: str, instruments: tuple[str, ...]) -> str:
    """Return the sentences on the coverage of a figure of the region."""
    present, whole = split_codes(row["reporters"]), len(r.territories)
    if not present:
        return "No territory has reported."
    text = f"Figures cover {f'all {whole}' if len(present) == whole else f'{len(present)} of {whole}'} territories."
    if len(present) < FEWEST_IN_REGION:
        text = f"Only {len(present)} of {whole} territories can be included; a regional figure needs at least 4."
    missing = list_absences(r, key_figure(row, crime, measure, unit), row["reporters"], instruments)
    return f"{text} Not included: {join_words(missing)}." if missing else text


def list_instruments(s: Selection) -> tuple[str, ...]:
    if s.get("figure_instruments"):
        return tuple(s["figure_instruments"].split(","))
    is_of_victims = s["page"] == "victims" or s.get("part") == "static_victims"
    is_of_victims |= s["page"] == "compare" and s["indicator"] == "victims_detected"
    return ("victims",) if is_of_victims else ("justice", "register")


@expect_parameters("Not included: {areas}.")
def expect_areas_not_included(r: Release, s: Selection, p: Params) -> Expected:
    if "figure_period" not in s:  # parts of a territory whose total needs all of them
        periods = [s["period"]] if "period" in s else r.periods[s["crime"], s["over"]]  # a trend has all
        options = set()
        for territory, period in product(r.territories, periods):
            for measure in STAGES[s["decisions"]]:
                row = r.find_total(territory, period, s["crime"], measure, find_unit(s))
                if row is None or row["value"] is not None or not r.list_parts(territory):
                    continue
                texts = [
                    f"{r.plain[part]} ({explain_absence(r, part, period, list_instruments(s), mark=True)})"
                    for part in r.list_parts(territory)
                    if part not in split_codes(row["reporters"])
                ]
                options.add(join_words(texts))
        return {"areas": options}
    figure = FigureKey(*(s[f"figure_{name}"] for name in FigureKey._fields))
    absences = list_absences(r, figure, s["figure_reporters"], list_instruments(s))
    return {"areas": join_words(absences)}


@expect_parameters(
    "{area} (not due yet)",
    "{area} (not due: reports once a year)",
    "{area} (not collected)",
    "{area} (reported, but without this figure)",
    "{area} (adults only)",
    "{area} (at least one quarter is missing)",
    "{area} (withheld)",
    "{area} (late: due on {deadline}, not received)",
    "{area} (in part, {received} of {expected}: {outstanding} outstanding)",
)
def expect_reason_of_absence(r: Release, s: Selection, p: Params) -> Expected:
    code = next(code for code in r.areas if p["area"] in (r.plain[code], r.marked[code]))
    period = s.get("figure_period") or s.get("period") or find_newest_quarter(r)
    instruments = (
        list_instruments(s) if s["page"] != "static" or "figure_period" in s else ("justice", "register", "victims")
    )
    state = judge_returns(r, code, period, instruments)
    expected: dict[str, Any] = {"area": p["area"]}
    if "deadline" in p:
        expected["deadline"] = format_day(state["deadline"])
    if "received" in p:
        expected |= {
            "received": str(state["received"]),
            "expected": str(len(state["inside"])),
            "outstanding": join_words(name_returns(r, state["overdue"], state["inside"], r.marked)),
        }
    return expected


@expect_parameters("{n} more notes")
def expect_folded_notes(r: Release, s: Selection, p: Params) -> Expected:
    """Allow what the notes of a table can be; tests of lists of notes compare the number with the list."""
    return {"n": {str(n) for n in range(2, 20)}}


@expect_parameters("Figures cover all {whole} territories.", "Figures cover {n} of {whole} territories.")
def expect_number_covered(r: Release, s: Selection, p: Params) -> Expected:
    whole = len(r.territories)
    if "n" not in p:
        return {"whole": str(whole)}
    return {"whole": str(whole), "n": {n for n in count_reporters(r, s) if int(n) >= FEWEST_IN_REGION}}


@expect_parameters("Only {n} of {whole} territories can be included; a regional figure needs at least {fewest}.")
def expect_number_too_few(r: Release, s: Selection, p: Params) -> Expected:
    few = {n for n in count_reporters(r, s) if 0 < int(n) < FEWEST_IN_REGION}
    return {"whole": str(len(r.territories)), "n": few, "fewest": "4"}


def count_reporters(r: Release, s: Selection) -> set[str]:
    """Return how many territories are in the figures of a selection."""
    return {str(len(split_codes(row["reporters"]))) for row in list_figures_of_region(r, s)}


def list_figures_of_region(r: Release, s: Selection) -> list[Row]:
    """Return the figures of the region that a selection shows."""
    cache = r.__dict__.setdefault("figures", {})
    if id(s) not in cache:
        cache[id(s)] = s, _select_figures(r, s)
    return cache[id(s)][1]


def _select_figures(r: Release, s: Selection) -> list[Row]:
    crime, unit, region = find_crime(s), find_unit(s), r.region
    part, period = s.get("part", ""), s.get("period", "")
    if s["page"] == "static":
        rows = [
            row
            for row in r.index_rows("cell", "area").get((region,), ())
            if row["is_total"] and row["offence_group"] == crime
        ]
        if part in ("count", "home", "comparison", "trend"):
            return [row for row in rows if row["measure"] == s.get("measure", row["measure"])]
        return [*rows, *r.index_rows("stage_ratio", "area", "offence_group").get((region, crime), ())]
    if s["page"] == "compare":
        return list_compared_of_region(r, s)
    if part == "show_splits":
        return r.index_rows("decomposition", "area", "offence_group", "count_unit").get((s["area"], crime, unit), [])
    if part == "show_trends":
        return [
            row
            for year in (s["since"], r.periods[crime, "A"][0])
            if (row := r.find_total(region, year, crime, s["change_of"], unit)) is not None
        ]
    if part == "show_cross_table":
        return [
            row
            for row in r.index_rows("cell", "table_id", "area", "period").get((s["table_id"], region, s["year"]), ())
            if row["offence_group"] == crime and row["count_unit"] == unit
        ]
    if s["page"] == "victims":
        return [
            row
            for row in r.index_rows("cell", "area", "period").get((region, period), ())
            if row["table_id"] in ("victims_quarter", "victims_year")
            and row["offence_group"] == crime
            and row["count_unit"] == unit
        ]
    if part in ("_show_ratios", "show_clearance"):
        name = "stage_ratio" if part == "_show_ratios" else "clearance"
        rows = r.index_rows(name, "area", "offence_group").get((region, crime), [])
        return [row for row in rows if row["period"] == s.get("period", row["period"])]
    rows = [row for m in STAGES[s["decisions"]] if (row := r.find_total(region, period, crime, m, unit)) is not None]
    if part == "show_spread":
        rows += r.index_rows("region", "metric", "period", "offence_group", "count_unit").get(
            ("rate", period, crime, unit), []
        )
    return rows


# ------------------------------------------------------------------------------------------------- page that compares


@compute_once
def index_compared(
    r: Release, kind: str, indicator: str, unit: str, share_of: str, crime: str, version: str
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the figure of an indicator of the page "Compare" in each area and period."""
    if kind in ("count", "rate"):
        rows = _compared_counts(r, kind, indicator, unit, crime)
    elif kind == "ratio":
        rows = [
            x
            for x in r.index_rows("stage_ratio", "metric", "offence_group", "count_unit").get(
                (indicator, crime, unit), ()
            )
            if version in ("recommended", x["version"])
        ]
        # The recommended version, else that of the same period.
        rows = [x for x in rows if version != "recommended" or x["is_default"] or x["version"] == "same_period"]
        rows.sort(key=lambda x: bool(x["is_default"]))
    elif kind == "share":
        dimension, _, category = share_of.partition(".")
        rows = [
            x
            for x in r.index_rows("indicator", "metric", "measure", "dimension", "offence_group", "count_unit").get(
                ("share", indicator, dimension, crime, unit), ()
            )
            if r.cells[x["cell_id"]][dimension] == category
            and x["victim_status"] in ("_T", "_Z")
            and all(x[crossed] in ("_T", "_Z") for crossed in {"sex", "age"} - {dimension})
        ]
    else:
        rows = r.index_rows("clearance", "metric", "offence_group", "count_unit").get((indicator, crime, unit), [])
    figures = {}
    for x in rows:
        # A ratio and a clearance rate have their states in the release.
        is_of_few = x["area"] == r.region and 0 < len(split_codes(x["reporters"])) < FEWEST_IN_REGION
        if is_of_few and kind not in ("ratio", "clearance"):
            x = {**x, "value": None, "low": None, "high": None, "state": "too_few_territories", "obs_status": "M"}
        if x["area_kind"] in ("region", "territory"):
            figures[x["area"], x["period"]] = x
    return figures


def _compared_counts(r: Release, kind: str, indicator: str, unit: str, crime: str) -> list[dict[str, Any]]:
    measure, _, level = indicator.partition(".")
    rows = []
    tables = {x["table_id"] for x in r.read_rows("programme")}
    for x in r.index_rows("cell", "measure", "offence_group", "count_unit").get((measure, crime, unit), ()):
        if not x["is_total"] or x["statistic"] != "count" or x["victim_status"] not in ("_T", "_Z"):
            continue
        if (level and x["level"] != level) or x["table_id"] not in tables:
            continue
        number = r.indicators.get((x["cell_id"], kind, "_Z"))
        absent = x if kind == "count" or x["value"] is None else {"obs_status": "M", "conf_status": x["conf_status"]}
        displayed: dict[str, Any] = number or {**absent, "low": None, "high": None, "state": None, "value": None}
        value = x["value"] if kind == "count" else displayed["value"]
        rows.append({**x, **{name: displayed[name] for name in ("low", "high", "state", "obs_status")}, "value": value})
        rows[-1]["conf_status"] = displayed["conf_status"]
    assert len({x["level"] for x in rows}) < 2, indicator
    return rows


def find_compared(r: Release, s: Selection) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the figures that the page "Compare" shows, by area and period."""
    version = s.get("version", "recommended")
    return index_compared(r, s["kind"], s["indicator"], find_unit(s), s.get("share_of", ""), s["crime"], version)


def list_compared_of_region(r: Release, s: Selection) -> list[Row]:
    """Return the figures of the region on the page "Compare"."""
    rows: list[Row] = [row for (area, _), row in find_compared(r, s).items() if area == r.region]
    if s.get("part") == "show_versions":
        return r.index_rows("stage_ratio", "area", "metric", "period", "offence_group", "count_unit").get(
            (r.region, s["indicator"], s["period"], s["crime"], find_unit(s)), []
        )
    if s.get("part") in ("show_time", "show_periods", "show_changes"):
        return [row for row in rows if row["freq"] == s["freq"]]
    return [row for row in rows if row["period"] == s["period"]]


@expect_parameters("{n} of {whole}")
def expect_number_of_whole(r: Release, s: Selection, p: Params) -> Expected:
    """Either the territories in a figure of the region, or those of a spread that have enough."""
    if s.get("part") == "show_spread" and int(p["whole"]) != len(r.territories):
        rows = [row for row in list_figures_of_region(r, s) if "n_enough" in row]
        return {("n", "whole"): {(str(row["n_enough"]), str(row["n"])) for row in rows}}
    if s.get("part") == "show_spread":
        rows = [row for row in list_figures_of_region(r, s) if "n_enough" in row]
        return {
            ("n", "whole"): {(str(row["n_enough"]), str(row["n"])) for row in rows}
            | {(n, str(len(r.territories))) for n in count_reporters(r, s)}
        }
    if s.get("part") == "show_flow":
        # At the side of the stages are the outcomes, each with its own territories.
        exits = [
            row
            for row in r.read_rows("exit")
            if (row["area"], row["offence_group"], row["period"], row["count_unit"])
            == (r.region, s["crime"], s["period"], s["unit"])
        ]
        numbers = {str(len(split_codes(row["reporters"]))) for row in exits if row["value"] is not None}
        return {"n": {*count_reporters(r, s), *numbers}, "whole": str(len(r.territories))}
    return {"n": count_reporters(r, s), "whole": str(len(r.territories))}


@expect_parameters("{count} territories")
def expect_territories_counted(r: Release, s: Selection, p: Params) -> Expected:
    return {"count": {f"{n} of {len(r.territories)}" for n in count_reporters(r, s)}}


@expect_parameters("{count} territories ({names})")
def expect_territories_named(r: Release, s: Selection, p: Params) -> Expected:
    return {
        ("count", "names"): {
            (f"{len(present)} of {len(r.territories)}", join_words(r.marked[c] for c in r.territories if c in present))
            for present in (split_codes(row["reporters"]) for row in list_figures_of_region(r, s))
        }
    }


@expect_parameters("{low} to {high} of {whole}")
def expect_span_of_territories(r: Release, s: Selection, p: Params) -> Expected:
    by_pair: dict[Any, set[int]] = defaultdict(set)
    across = s.get("across", "measure")
    allowed = None if across != "measure" else set(list_measures(s))
    for row in list_figures_of_region(r, s):
        if allowed is None or row["measure"] in allowed:
            by_pair[row["sex"], row["age"]].add(len(split_codes(row["reporters"])))
    return {("low", "high"): {(str(min(v)), str(max(v))) for v in by_pair.values()}, "whole": str(len(r.territories))}


def list_measures(s: Selection) -> list[str]:
    measures = STAGES[s.get("decisions") or s.get("track") or "first"]
    if s.get("stages") == "main":
        return [m for m in measures if not m.startswith(("reported", "adjudicated"))]
    return list(measures)


@expect_parameters("{subject}: {count} territories, depending on the column")
def expect_span_by_column(r: Release, s: Selection, p: Params) -> Expected:
    spans = expect_span_of_territories(r, s, p)[("low", "high")]
    whole = len(r.territories)
    numbers = {a for a, _ in spans}
    return {
        "count": {f"{a} to {b} of {whole}" for a, b in spans} | {f"{n} of {whole}" for n in numbers},
        "subject": ABOUT,
    }


@expect_parameters("The total needs all {n} parts.")
def expect_number_of_parts(r: Release, s: Selection, p: Params) -> Expected:
    return {"n": {str(len(r.list_parts(code))) for code in r.territories if r.list_parts(code)}}


@expect_parameters("{area}, {crime}: {period} is the newest period. {coverage}")
def expect_newest_period(r: Release, s: Selection, p: Params) -> Expected:
    newest = r.periods[s["crime"], "Q"][0]
    row = r.find_total(r.region, newest, s["crime"], "convicted_first")
    text = describe_cover(r, row, s["crime"], "convicted_first", "person", ("justice", "register")) if row else ""
    about = {"area": r.plain[r.region], "crime": lower_first(CRIMES[s["crime"]])}
    return about | {"period": format_period(newest), "coverage": text}


@compute_once
def find_newest_quarter(r: Release) -> str:
    """Return the newest quarter for which returns are expected or were received."""
    return max(row["period"] for row in r.read_rows("coverage") if row["freq"] == "Q")


@expect_parameters("{area}, {period}: {state}.")
def expect_state_of_returns(r: Release, s: Selection, p: Params) -> Expected:
    newest = find_newest_quarter(r)
    judged = judge_returns(r, s["area"], newest, ("justice", "register", "victims"))
    if judged["state"] == "received":
        state = "late" if judged["late"] else "on time"
    elif judged["state"] == "in_part":
        expected = expect_returns_received_in_part(r, s, p)
        state = f"in part ({expected['received']} of {expected['expected']}). Outstanding: {expected['outstanding']}"
    else:
        # In brackets here, after a colon where the reason is in brackets itself.
        reason, _, detail = explain_absence(r, s["area"], newest, ("justice", "register", "victims")).partition(": ")
        state = f"{reason} ({detail})" if detail else reason
    return {"area": r.marked[s["area"]], "period": format_period(newest), "state": state}


@expect_parameters("in part ({received} of {expected}). Outstanding: {outstanding}")
def expect_returns_received_in_part(r: Release, s: Selection, p: Params) -> Expected:
    judged = judge_returns(r, s["area"], find_newest_quarter(r), ("justice", "register", "victims"))
    return {
        "received": str(judged["received"]),
        "expected": str(len(judged["inside"])),
        "outstanding": join_words(name_returns(r, judged["overdue"], judged["inside"], r.marked)),
    }


@expect_parameters("in part ({received} of {expected})")
def expect_returns_in_part(r: Release, s: Selection, p: Params) -> Expected:
    states = [x for x in judge_board(r) if x["state"] == "in_part"]
    return {("received", "expected"): {(str(x["received"]), str(len(x["inside"]))) for x in states}}


@compute_once
def judge_board(r: Release) -> list[dict[str, Any]]:
    """Return the states of the reporting board: all territories in the newest quarters and years."""
    states = []
    kinds = ("justice", "register", "victims")
    for freq, n in (("Q", 8), ("A", 4)):
        newest = sorted({x["period"] for x in r.read_rows("coverage") if x["freq"] == freq}, reverse=True)[:n]
        for code in r.territories:
            states += [
                {**judge_returns(r, code, period, kinds, freq), "area": code, "period": period} for period in newest
            ]
    return states


@expect_parameters("{area}, {period}: {returns} outstanding.")
def expect_returns_outstanding(r: Release, s: Selection, p: Params) -> Expected:
    return {
        ("area", "period", "returns"): {
            (
                r.marked[x["area"]],
                format_period(x["period"]),
                join_words(name_returns(r, x["overdue"], x["inside"], names)),
            )
            for x in judge_board(r)
            for names in (r.plain, r.marked)
        }
    }


@expect_parameters("{area}: {returns} late.")
def expect_returns_late(r: Release, s: Selection, p: Params) -> Expected:
    states = judge_board(r)
    if s.get("part") == "profile":
        newest = find_newest_quarter(r)
        states = [{**judge_returns(r, s["area"], newest, ("justice", "register", "victims")), "area": s["area"]}]
    return {
        ("area", "returns"): {
            (r.marked[x["area"]], join_words(name_returns(r, x["late"], x["inside"], names)))
            for x in states
            for names in (r.plain, r.marked)
            if x["late"] and len(x["inside"]) > 1
        }
    }
