"""Add limits from published figures of case records to a problem of protection.

Records and counts follow different rules (`statistics/records_rule.py`), but count the same persons.  A quartile of the
lengths of sentences bounds how many persons are in the bands below and above it, and the size band of its group bounds
their total.  The size band of the open cases at the end of a year bounds the stock of that day.  Each of these is an
inequality between cells.  An inequality that the true counts do not fulfil (records and counts of different persons)
gives a reader no true limit and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.core import codes
from pipelines.publication.disclosure.space import Space
from pipelines.publication.disclosure.structure import NOT_APPLICABLE, TOTAL
from pipelines.statistics.records_rule import MINIMUM_SIDE

QUARTILES = {"p25": 1, "median": 2, "p75": 3}
"""Published quantiles of the lengths of sentences, in quarters."""
_ROUNDING = 3
"""Months by which a published length differs at most from the true one, as it is rounded to half a year."""
_PRISON = "prison"
_KEY = ("area", "period", "measure", "offence_group", "sentence_type", "sentence_band")

_Key = tuple[str, ...]


class Inequality(NamedTuple):
    """The sum of rows times coefficients is at least `least`."""

    coefficients: Mapping[int, int]
    least: int


class ReleasedRecordFigures(NamedTuple):
    """The tables of a release with figures from case records that say something about counts."""

    sentences: pl.DataFrame
    pending: pl.DataFrame

    def select_group(self, offence_group: str) -> ReleasedRecordFigures:
        """Return the figures of one offence group, with the columns that say something about counts."""
        columns = ["area", "offence_group", "statistic", "n_band"]
        return ReleasedRecordFigures(
            self.sentences.filter(offence_group=offence_group).select(*columns, "level", "period", "value"),
            self.pending.filter(offence_group=offence_group).select(*columns, "stage", "as_at"),
        )

    def to_csv(self) -> str:
        """Return all figures as a text, from which the outcome of a protected problem is known again."""
        return self.sentences.sort(pl.all()).write_csv() + self.pending.sort(pl.all()).write_csv()


def add_figures(view: Space, cells: pl.DataFrame, figures: ReleasedRecordFigures) -> Space:
    """Return the space of a problem with what figures say about its cells, built from the frame `cells`.

    Each inequality is an equation, whose rest is a further variable.
    """
    rows = _find_rows(view, cells)
    return add_inequalities(view, [*list_inequalities(rows, figures.sentences), *limit_stocks(rows, figures.pending)])


def add_inequalities(view: Space, inequalities: Sequence[Inequality]) -> Space:
    """Return the space of a problem with an equation for each inequality that the true counts fulfil."""
    met = [
        inequality
        for inequality in inequalities
        if sum(factor * view.values[row] for row, factor in inequality.coefficients.items()) >= inequality.least
    ]
    if not met:
        return view
    over = sparse.lil_matrix((len(met), len(view.values)))
    for number, inequality in enumerate(met):
        for row, factor in inequality.coefficients.items():
            over[number, row] = float(factor)
    nothing = sparse.csr_matrix((len(view.values), len(met)))
    matrix = sparse.vstack(
        [
            sparse.hstack([view.matrix, nothing]),
            sparse.hstack([over.tocsr() @ view.matrix, -sparse.identity(len(met), format="csr")]),
        ],
        format="csr",
    )
    return replace(
        view,
        matrix=matrix,
        values=np.concatenate([view.values, [float(inequality.least) for inequality in met]]),
        owners=np.concatenate([view.owners, np.full(len(met), "", dtype=object)]),
        years=None if view.years is None else np.concatenate([view.years, np.full(len(met), "", dtype=object)]),
        ties=view.ties + len(met),
    )


def _find_rows(view: Space, cells: pl.DataFrame) -> dict[_Key, int]:
    """Return the rows of sentences and closing stocks of persons; what does not apply counts as the total."""
    others = [dim for dim in codes.BREAKDOWNS if dim not in ("sentence_type", "sentence_band")]
    is_sentence = pl.col("measure").is_in(["sentenced_first", "sentenced_final"])
    is_counted = (is_sentence | (pl.col("statistic") == "end")) & (pl.col("count_unit") == "person")
    folded = cells.with_columns(
        pl.col(codes.BREAKDOWNS).replace(NOT_APPLICABLE, TOTAL), pl.Series("_in", view.rows)
    ).filter(is_counted & pl.all_horizontal(pl.col(dim) == TOTAL for dim in others))
    if "_row" in folded.columns:
        folded = folded.filter(pl.col("_row").is_not_null())
    return {key: row for *key_parts, row in folded.select(*_KEY, "_in").iter_rows() for key in (tuple(key_parts),)}


def list_inequalities(rows: Mapping[_Key, int], sentences: pl.DataFrame) -> Iterator[Inequality]:
    """Yield what a reader knows of the counts from the lengths of sentences and the sizes of their groups."""
    limits = {
        code: (int(band["lower_months"]), int(band["upper_months"]) if band["upper_months"] else None)
        for code, band in codes.read_codelist("sentence_band").items()
        if band["lower_months"]
    }
    for figure in sentences.filter(pl.col("n_band").is_not_null()).iter_rows(named=True):
        place = (figure["area"], figure["period"], f"sentenced_{figure['level']}", figure["offence_group"])
        if figure["statistic"] not in QUARTILES:
            if figure["statistic"] in ("custodial_share", "suspended_share"):
                yield from _bound_size(rows.get((*place, TOTAL, TOTAL)), figure["n_band"])
            continue
        prison = rows.get((*place, _PRISON, TOTAL))
        yield from _bound_size(prison, figure["n_band"], is_part=True)
        if prison is None or figure["value"] is None:
            continue
        bands = {code: rows[*place, _PRISON, code] for code in limits if (*place, _PRISON, code) in rows}
        shortest, longest = figure["value"] - _ROUNDING, figure["value"] + _ROUNDING
        below = [row for code, row in bands.items() if (limits[code][1] or np.inf) <= shortest]
        above = [row for code, row in bands.items() if limits[code][0] >= longest]
        quarters = QUARTILES[figure["statistic"]]
        for beyond, most in ((below, quarters), (above, 4 - quarters)):
            if beyond:
                yield Inequality({prison: most, **dict.fromkeys(beyond, -4)}, 0)
                yield Inequality({prison: 1, **dict.fromkeys(beyond, -1)}, MINIMUM_SIDE)


def limit_stocks(rows: Mapping[_Key, int], pending: pl.DataFrame) -> Iterator[Inequality]:
    """Yield what a reader knows of closing stocks from the number of open cases at the end of a year."""
    is_end_of_year = (pl.col("as_at").dt.month() == 12) & (pl.col("as_at").dt.day() == 31)
    for figure in pending.filter(is_end_of_year & pl.col("n_band").is_not_null()).iter_rows(named=True):
        place = (figure["area"], str(figure["as_at"].year), f"pending_{figure['stage']}", figure["offence_group"])
        yield from _bound_size(rows.get((*place, TOTAL, TOTAL)), figure["n_band"])


def read_band(band: str) -> tuple[int, int | None]:
    """Return the least and the greatest size in a band, such as `20-49` or `500+`."""
    if band.endswith("+"):
        return int(band[:-1]), None
    least, most = (int(limit) for limit in band.split("-"))
    return least, most


def _bound_size(row: int | None, band: str, *, is_part: bool = False) -> Iterator[Inequality]:
    """Yield the limits of a total; a `part` has a known length, so the total may be larger than the group."""
    if row is None:
        return
    least, most = read_band(band)
    yield Inequality({row: 1}, least)
    if most is not None and not is_part:
        yield Inequality({row: -1}, -most)
