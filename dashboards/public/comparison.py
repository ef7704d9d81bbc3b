"""Read any indicator of a release as rows of one shape, so that one page can compare territories by all of them.

A row is the figure of one area in one period: `area`, `freq`, `period`, `value`, `low`, `high`, `state`, `obs_status`,
`conf_status`, `reporters` and `flags`. Rows are selected, never added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dashboards.public import queries, tables
from pipelines import words
from pipelines.core import codes
from pipelines.core.i18n import mark
from pipelines.words import FormattedFigure, Row, figures, indicators, regions
from pipelines.words.language import Texts, lower_first, tell, upper_first

KINDS: Mapping[str, str] = Texts(
    {
        "count": mark("Counts"),
        "rate": mark("Rates"),
        "ratio": mark("Ratios"),
        "share": mark("Shares"),
        "clearance": mark("Clearance"),
        "duration": mark("Durations"),
        "sentence": mark("Sentences"),
    }
)
"""Kinds of indicators, in the order of the control."""
DEFAULT_KIND = "rate"
"""Kind in which the page opens: rates compare territories of different size, and more of them have enough cases than
for a ratio."""
FIRST_CHOICES: Mapping[str, str] = {
    "count": "convicted_first",
    "rate": "convicted_first",
    "ratio": "convicted_first_per_adjudicated_first",
    "share": "convicted_first",
    "clearance": "clearance_rate_first",
    "duration": "duration_first",
}
RECOMMENDED = "recommended"
VERSIONS: Mapping[str, str] = Texts(
    {
        RECOMMENDED: mark("Recommended"),
        "same_period": mark("Same period"),
        "lagged": mark("With time lag"),
        "cohort": mark("Followed cases"),
    }
)
"""Versions of a ratio: which cases of the later stage are divided by which of the earlier one."""
_FREQS = ("A", "Q", "P3", "P5")


@dataclass(frozen=True)
class Choice:
    """One indicator: its kind, and the codes that find its rows; empty where its kind has none."""

    kind: str
    code: str
    unit: str = ""
    part: str = ""
    """Dimension and category of a share, as `sex.F`."""

    @property
    def measure(self) -> str:
        """Return the measure of a count, a rate or a share."""
        return self.code.partition(".")[0] if self.kind in ("count", "rate", "share") else ""

    @property
    def level(self) -> str:
        """Return the level of a measure. Measures that have several name it after a dot."""
        measure, _, level = self.code.partition(".")
        return level or str(codes.get_code_attribute("measure", measure, "level_rule"))


def read_metrics(path: str) -> dict[str, Row]:
    """Return the declared indicators by code."""
    return {row["metric"]: row for row in queries.read_rows(path, "metrics")}


@lru_cache(maxsize=256)
def list_codes(path: str, kind: str, crime: str) -> Mapping[str, Sequence[str]]:
    """Return the codes of the indicators of a kind that have a figure, each with its count units.

    Those of sentences are the kinds of decisions. Each redraw of the page asks for those of all kinds.
    """
    units: dict[str, list[str]] = {}
    if kind in ("count", "rate"):
        for row in queries.read_rows(path, "compared_measures", metric=kind, offence_group=crime):
            rule = codes.get_code_attribute("measure", row["measure"], "level_rule")
            code = row["measure"] if row["level"] == rule else f"{row['measure']}.{row['level']}"
            units.setdefault(code, []).append(row["count_unit"])
    elif kind == "ratio" and queries.has_table(path, "stage_ratio"):
        units = {row["metric"]: [] for row in queries.read_rows(path, "ratio_metrics", crime)}
        for row in queries.read_rows(path, "ratio_units", crime):
            units.get(row["metric"], []).append(row["count_unit"])
    elif kind == "share":
        for row in queries.read_rows(path, "compared_categories", crime):
            units.setdefault(row["measure"], []).append(row["count_unit"])
    elif kind == "clearance" and queries.has_table(path, "clearance"):
        for row in queries.read_rows(path, "compared_clearances", crime):
            units.setdefault(row["metric"], []).append(row["count_unit"])
    elif kind == "duration" and queries.has_table(path, "duration"):
        units = {row["metric"]: [""] for row in queries.read_rows(path, "duration_ways", crime)}
    elif kind == "sentence" and queries.has_table(path, "sentence"):
        years = {track: queries.read_rows(path, "sentence_years", crime, track) for track in words.TRACKS}
        units = {track: [""] for track, rows in years.items() if any(row["n"] for row in rows)}
    return {code: list(dict.fromkeys(of_code)) for code, of_code in units.items()}


def list_kinds(path: str, crime: str) -> list[str]:
    """Return the kinds of indicators that have a figure for a crime."""
    return [kind for kind in KINDS if list_codes(path, kind, crime)]


def list_parts(path: str, crime: str, measure: str, unit: str) -> list[str]:
    """Return the categories whose shares can be shown for a measure, with their dimension (`sex.F`)."""
    rows = queries.read_rows(path, "compared_categories", crime)
    return [
        f"{row['dimension']}.{row['category']}"
        for row in rows
        if (row["measure"], row["count_unit"]) == (measure, unit)
    ]


def read_figures(path: str, choice: Choice, crime: str) -> list[Row]:
    """Return the rows of an indicator in all areas and periods; a ratio has several versions of each.

    A figure of the region from too few territories is taken out, as on every page; of ratios and clearance rates the
    release has done so.
    """
    rows: Sequence[Row]
    if choice.kind in ("count", "rate"):
        rows = queries.read_rows(
            path, "compared_cells", metric=choice.kind, measure=choice.measure, level=choice.level,
            offence_group=crime, count_unit=choice.unit,
        )  # fmt: skip
    elif choice.kind == "ratio":
        rows = queries.read_rows(path, "compared_ratios", choice.code, crime, choice.unit)
    elif choice.kind == "share":
        dimension, _, category = choice.part.partition(".")
        unnamed = queries.find_unnamed(path, dimension, (choice.code,), crime, choice.unit)
        rows = (
            *queries.read_rows(path, "compared_shares", choice.code, dimension, category, crime, choice.unit),
            *({**row, "state": "missing"} for row in unnamed if row[dimension] == category),
        )
    else:
        rows = queries.read_rows(path, "compared_clearance", choice.code, crime, choice.unit)
    return [_with_region_rule(row) for row in rows]


def _with_region_rule(row: Row) -> Row:
    if row["area_kind"] != "region" or not regions.is_refused(row):
        return row
    return {**row, "value": None, "low": None, "high": None, "state": "too_few_territories", "obs_status": "M"}


def select_version(rows: Sequence[Row], version: str) -> list[Row]:
    """Return one row for each area and period: the recommended version of a ratio, or one of them for all areas.

    An area without a recommendation has the one in which both counts are of the same period. Rows of other indicators
    have no version and are returned as they are.
    """
    if not rows or "version" not in rows[0]:
        return list(rows)
    if version != RECOMMENDED:
        return [row for row in rows if row["version"] == version]
    chosen: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row["area"], row["period"])
        if row["is_default"] or (row["version"] == "same_period" and key not in chosen):
            chosen[key] = row
    return list(chosen.values())


def list_versions(rows: Sequence[Row]) -> list[str]:
    """Return the versions to choose between; empty if there is only one."""
    present = {row["version"] for row in rows if "version" in row}
    return [version for version in VERSIONS if version in {RECOMMENDED, *present}] if len(present) > 1 else []


def name_version(version: str, freq: str) -> str:
    """Return the name of a version for figures of one frequency."""
    return VERSIONS[version] if version == RECOMMENDED else indicators.name_version(version, freq)


def group_periods(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return the periods that have a figure of a territory, newest first, by frequency; years come first."""
    periods: dict[str, set[str]] = {}
    for row in rows:
        if row["area_kind"] == "territory" and row["value"] is not None:
            periods.setdefault(row["freq"], set()).add(row["period"])
    return {freq: sorted(periods[freq], reverse=True) for freq in _FREQS if freq in periods}


def select_period(rows: Sequence[Row], period: str) -> dict[str, Row]:
    """Return the row of each area in one period."""
    return {row["area"]: row for row in rows if row["period"] == period}


def count_digits(kind: str) -> int:
    """Return the decimals of the figures of a kind."""
    return 2 if kind == "rate" else 0


def find_basis(path: str, choice: Choice) -> str:
    """Return what the figures of an indicator are made of, as a key of `indicators.FEW`."""
    if choice.kind == "ratio":
        return indicators.choose_basis(choice.code, is_nested=bool(read_metrics(path)[choice.code]["is_nested"]))
    return indicators.choose_basis(choice.kind)


def format_compared(row: Row | None, kind: str) -> FormattedFigure:
    """Format a figure with its interval, or the word that says why there is none.

    "Not received" differs from "not available": no office that counts it has sent anything.
    """
    figure = indicators.format_figure(row, count_digits(kind))
    if row is not None and figure.kind == "unavailable" and words.is_awaited(row):
        return words.format_status("unreceived")
    return figure


def make_absent(area: str, period: str) -> Row:
    """Return the row of a figure that was never collected, for a period in which other areas have one."""
    return {
        "area": area, "period": period, "value": None, "obs_status": "L", "conf_status": "F", "state": "missing",
        "flags": "", "reporters": "",
    }  # fmt: skip


def is_few(row: Row | None) -> bool:
    """Return True if there is a figure and it is too few to compare."""
    return row is not None and row["value"] is not None and row["state"] == "too_few"


def name_tested_metric(choice: Choice) -> str:
    """Return the metric whose pairs are tested. Counts are tested by their rates, since populations differ."""
    if choice.kind in ("ratio", "clearance"):
        return choice.code
    return "share" if choice.kind == "share" else "rate"


def select_family(rows: Sequence[Row], choice: Choice) -> list[Row]:
    """Return the pairs of one indicator among those of its metric in one period, which are tested together."""
    dimension, _, category = choice.part.partition(".")
    # Rates are those of the total of a measure, which is of one level.
    is_total = choice.kind != "count" or "." not in choice.code
    return [
        row
        for row in rows
        if is_total
        and (choice.kind in ("ratio", "clearance") or row["measure"] == choice.measure)
        and (choice.kind != "share" or (row["dimension"], row["category"]) == (dimension, category))
        and row["victim_status"] in codes.TOTAL_CODES
    ]


def select_pairs(rows: Sequence[Row], areas: Sequence[str]) -> list[Row]:
    """Return the tested and untested pairs of the chosen territories."""
    return [row for row in rows if {row["area_a"], row["area_b"]} <= set(areas)]


def find_address(release: str, choice: Choice, row: Row) -> str:
    """Return the address of the page that explains the source of a figure."""
    if choice.kind in ("count", "rate"):
        return tables.source_address(release, row, "rate" if choice.kind == "rate" else "")
    if choice.kind == "share":
        return tables.source_address(release, row, choice.part.partition(".")[0])
    return tables.indicator_address(release, "stage_ratio" if choice.kind == "ratio" else "clearance", row)


def name_measure(path: str, code: str) -> str:
    """Return the name of a measure, with its level where a measure has several."""
    measure, _, level = code.partition(".")
    name = queries.read_labels(path, "measure").get(measure, measure)
    if not level or figures.is_level_named(measure, level):
        return name
    return f"{name} ({lower_first(queries.read_labels(path, 'level').get(level, level))})"


def name_part(path: str, part: str) -> str:
    """Return the name of a category with its dimension: "Female (sex)"."""
    dimension, _, category = part.partition(".")
    label = queries.read_labels(path, dimension).get(category, category)
    return f"{label} ({lower_first(figures.DIMENSIONS[dimension])})"


def name_indicator(path: str, choice: Choice, metrics: Mapping[str, Row]) -> str:
    """Return the name of an indicator without its scale."""
    if choice.kind in ("count", "rate"):
        return f"{name_measure(path, choice.code)} ({words.unit_name(choice.unit)})"
    if choice.kind == "share":
        return f"{name_measure(path, choice.code)}, {lower_first(name_part(path, choice.part))}"
    return tell(metrics[choice.code]["name"])  # marked where declared


def name_scale(choice: Choice, freq: str) -> str:
    """Return what the axis counts."""
    if choice.kind == "rate":
        is_single = freq in ("Q", "A")
        return tell("per 100,000 inhabitants") if is_single else tell("per 100,000 inhabitants a year")
    if choice.kind == "ratio":
        return tell("per 100")
    if choice.kind == "duration" or choice.code.startswith("disposition_time"):
        return tell("days")
    return tell("per cent") if choice.kind in ("share", "clearance") else words.unit_name(choice.unit)


def name_with_scale(name: str, choice: Choice, freq: str) -> str:
    """Return the name of an indicator as a title has it: with its scale, unless the name says it."""
    return name if choice.kind in ("count", "ratio") else f"{name}, {name_scale(choice, freq)}"


def name_column(choice: Choice, freq: str) -> str:
    """Return the heading of the figures of a table."""
    return tell("{scale} (95% confidence interval)", scale=upper_first(name_scale(choice, freq)))
