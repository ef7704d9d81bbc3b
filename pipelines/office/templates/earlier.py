"""Find the figures accepted last, by the figure next to which they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.declarations.form import Form
from pipelines.model.long_tables import OBS_STATUS_OF_SIGN
from pipelines.office.templates.lists import without_period
from pipelines.reading.standardise.numbered import KEY, Key

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class EarlierFigure:
    """One figure accepted before: its period, and its value or sign as this form writes it."""

    period: str
    text: str


def find_earlier_figures(previous: pl.DataFrame | None, form: Form, period: str) -> Mapping[Key, EarlierFigure]:
    """Map each key without its period to its newest figure up to the period, of the form's own jurisdiction.

    `previous` is in OBSERVATION; rows of other offices, other frequencies and later periods are left out.
    """
    if previous is None or previous.is_empty():
        return {}
    signs = {OBS_STATUS_OF_SIGN[meaning][1]: sign for sign, meaning in form.signs.items()}
    rows = previous.filter(
        (previous["jurisdiction"] == form.jurisdiction)
        & (previous["source"] == form.source)
        & (previous["freq"] == form.freq)
        & (previous["period"] <= period)
    ).sort("period")
    newest: dict[Key, EarlierFigure] = {}
    for row in rows.select(*KEY, "value", "obs_status").iter_rows(named=True):
        key = without_period(tuple(row[name] for name in KEY))
        value, status = row["value"], row["obs_status"]
        newest[key] = EarlierFigure(row["period"], f"{value:g}" if value is not None else signs.get(status, status))
    return newest
