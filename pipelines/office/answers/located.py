"""Name the figure that a finding is about, and the cells of a figure that is a sum.

A finding has one place. If its figure is the sum of several articles, that is the place of one of them only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from pipelines.core import codes
from pipelines.core.i18n import tell
from pipelines.findings.places import place_words
from pipelines.model.content import Where
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.office.answers.values import dimension_words, key_words

if TYPE_CHECKING:
    from pipelines.findings.finding import Finding
    from pipelines.reading.standardise.standardise import Reading

_NOT_SHARED: Final = ("offence", "law_article", "age_basis", "date_basis")
"""Columns of the key in which the articles of a sum can differ."""


@dataclass(frozen=True, slots=True)
class LocatedFigure:
    """A figure: its measure and unit in words, and the places of the cells that are added, in the order of the file.

    `places` is empty for a figure that is in one cell.
    """

    words: str
    places: tuple[Where, ...] = ()


def find_rows(finding: Finding, reading: Reading | None) -> list[dict[str, Any]]:
    """Return the rows of OBSERVATION that make up the value seen in a finding, in the order of the file.

    That is one row, or the articles of a sum. It is empty if the finding is not about a figure, or if no such rows add
    up to the value seen.
    """
    if reading is None or finding.seen is None or not str(finding.where):
        return []
    try:
        value = float(finding.seen)
    except ValueError:
        return []
    rows = reading.observations.filter(pl.col("place") == str(finding.where))
    if rows.height != 1:
        return []
    row = rows.row(0, named=True)
    return [row] if row["value"] == value else _find_summands(reading.observations, row, value)


def locate_figure(finding: Finding, reading: Reading | None, language: str) -> LocatedFigure | None:
    """Return the figure that is seen in a finding; None if it is not about a figure, or if which one is not certain."""
    rows = find_rows(finding, reading)
    if not rows:
        return None
    if len(rows) == 1:
        return LocatedFigure(key_words(rows[0], language))
    row = next(row for row in rows if row["place"] == str(finding.where))
    return LocatedFigure(_describe_sum(row, language), tuple(Where.from_text(row["place"]) for row in rows))


def describe_places(figure: LocatedFigure, language: str) -> str:
    """Describe the cells of a sum: `sheet I, sum of the cells C9, C10`, or their number and the first of them."""
    first = figure.places[0]
    if all(where.sheet == first.sheet and where.sheet and where.cell for where in figure.places):
        cells = ", ".join(str(where.cell) for where in figure.places)
        return tell("sheet {sheet}, sum of the cells {cells}", language, sheet=first.sheet, cells=cells)
    place = place_words(first, language)
    return tell("sum of {n} figures, the first at: {place}", language, n=len(figure.places), place=place)


def _find_summands(observations: pl.DataFrame, row: Mapping[str, Any], total: float) -> list[dict[str, Any]]:
    """Return the articles of the same offences that add up to the value seen; empty if they do not."""
    shared = [name for name in OBSERVATION_KEY if name not in _NOT_SHARED]
    group = _offence_group(row["offence"])
    articles = observations.filter(
        *(pl.col(name).eq_missing(row[name]) for name in shared),
        pl.col("value").is_not_null(),
        pl.col("place").is_not_null(),
        ~pl.col("law_article").is_in(codes.TOTAL_CODES),
    )
    articles = articles.filter([_offence_group(offence) == group for offence in articles["offence"]])
    return articles.rows(named=True) if articles.height > 1 and articles["value"].sum() == total else []


def _describe_sum(row: Mapping[str, Any], language: str) -> str:
    """Describe a sum of articles as the one at its place, but with the group of offences."""
    article = dimension_words("offence", row["offence"], language)
    before, _, after = key_words({**row, "law_article": None}, language).partition(article)
    return f"{before}{dimension_words('offence_group', _offence_group(row['offence']), language)}{after}"


def _offence_group(offence: str) -> str:
    row = codes.read_codelist("offence").get(offence)
    return offence if row is None else row["offence_group"]
