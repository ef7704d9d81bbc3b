"""Judge which territories are in the figures of the region, and say why the others are not.

The static pages and the explorer read the same rows of a release in different ways; the judgement is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.words import Row, regions, reporting
from pipelines.words.formatting import lacks_quarter
from pipelines.words.language import tell
from pipelines.words.notes import ADULT
from pipelines.words.reporting import Reporting
from pipelines.words.terms import join_words

STAGE_RETURNS = ("justice", "register")
"""Instruments whose returns have the stages of proceedings."""
VICTIM_RETURNS = ("victims",)
DEFAULT_MEASURE = "convicted_first"
"""Measure of the figures whose rows name none."""
_DIMENSIONS = (
    "metric", "offence_group", "offence", "measure", "period", "victim_status", "sentence_type", "sentence_band",
    "exploitation", "citizenship", "sex",
)  # fmt: skip
_NO_DIMENSION = ("", "_T", "_Z", None)
_NOT_COLLECTED = "L"


def list_returns(measure: str) -> tuple[str, ...]:
    """Return the instruments whose returns have a measure."""
    return VICTIM_RETURNS if measure.startswith("victims") else STAGE_RETURNS


def group_by_area(rows: Iterable[Row]) -> Mapping[str, Sequence[Row]]:
    """Return the rows on expected and received returns by territory and by part of a territory."""
    by_area: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for code in {row["territory"], row["jurisdiction"]}:
            by_area[code].append(row)
    return by_area


def name_figure(row: Row) -> tuple[str, ...]:
    """Return the dimensions of a figure without its area; a total without minors is a total of all ages here."""
    values = [row.get(name) for name in _DIMENSIONS]
    age = None if row.get("is_total") else row.get("age")
    return tuple("" if value in _NO_DIMENSION else str(value) for value in (*values, age))


def name_crimes(names: Iterable[str]) -> str:
    """Return the sentence that a page is about all crimes, whichever of them its links keep."""
    return tell("The figures on this page cover both crimes: {crimes}.", crimes=join_words(names))


def _is_of_adults(row: Row) -> bool:
    """Return True if a count, or one of the two counts of a ratio, has no minors in it."""
    return ADULT in (row.get("age"), *str(row.get("ages") or "").split("/"))


@dataclass(frozen=True)
class RegionCoverage:
    """The reporting of all territories in one release.

    `rows` are those of `group_by_area`. `names` has the instruments and areas by which outstanding returns are listed,
    `territories` the code and name of each territory in its order.
    """

    rows: Mapping[str, Sequence[Row]]
    names: Mapping[str, str]
    territories: Sequence[tuple[str, str]]
    _judged: dict[tuple[str, str, tuple[str, ...]], Reporting] = field(default_factory=dict)

    def judge_area(self, area: str, period: str, instruments: tuple[str, ...]) -> Reporting:
        """Judge the reporting of a territory, or of one of its parts; each is judged once."""
        key = (area, period, instruments)
        if key not in self._judged:
            rows = [row for row in self.rows.get(area, ()) if row["instrument"] in instruments]
            self._judged[key] = reporting.judge_reporting(rows, period, self.names)
        return self._judged[key]

    def describe_absences(
        self,
        row: Row,
        instruments: tuple[str, ...],
        own_rows: Mapping[str, Row],
        *,
        areas: Sequence[tuple[str, str]] | None = None,
    ) -> str:
        """Name the areas that are not in a figure, with the reasons; empty text if all are in it.

        `areas` are the territories, for a figure of the region, unless others are given; `own_rows` are the figures of
        the areas that are the same as this one, by area: one can be withheld, of adults only, or not complete.
        """
        areas = self.territories if areas is None else areas
        judged = {code: self.judge_area(code, row["period"], instruments) for code, _ in areas}
        collected = {code: figure for code, figure in own_rows.items() if figure["obs_status"] != _NOT_COLLECTED}
        adults = {code for code, figure in collected.items() if _is_of_adults(figure) and not _is_of_adults(row)}
        without_quarter = {code for code, figure in collected.items() if lacks_quarter(figure)}
        left_out = dict(entry.split(":") for entry in str(row.get("left_out") or "").split(",") if entry)
        withheld = {code for code, reason in left_out.items() if reason == "withheld"}
        return reporting.describe_absences(
            str(row["reporters"] or ""), areas, judged, adults, withheld, collected.keys(), without_quarter
        )

    def describe_cover(self, row: Row, absences: str) -> str:
        """Describe which territories are in a figure of the region and why the others are not."""
        return regions.describe_cover(row, len(self.territories), absences)
