"""Build the table of quality indicators of European statistics, by territory, instrument and period.

These figures are not meant for ranking territories.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from pipelines.model.periods import Period
from pipelines.statistics.quality import list_comparable_lengths
from pipelines.statistics.revisions import measure_revision
from pipelines.warehouse.quality.quality_figures import (
    INDICATORS,
    Delivery,
    QualityFigure,
    measure_length,
    measure_quality,
)

if TYPE_CHECKING:
    from pipelines.declarations.sims import Sims

QUALITY: Final[dict[str, pl.DataType]] = {
    "territory": pl.String(),
    "instrument": pl.String(),  # _T: all of them
    "freq": pl.String(),
    "period": pl.String(),  # _T with freq _T: all periods
    "indicator": pl.String(),  # an id of `quality_figures.INDICATORS`
    "code": pl.String(),  # that of the ESS guidelines; empty for an indicator of our own
    "value": pl.Float64(),
    "unit": pl.String(),
    "n": pl.Int32(),  # returns, figures or pairs behind it
    "reason": pl.String(),  # why the value is null, else empty
}
ALL: Final = "_T"
LENGTH: Final = "COMPAR_LENGTH"
"""The indicator that is given for single periods only: a length in quarters and one in years have no common figure."""
_PERIODS: Final = {"Q": "quarters", "A": "years"}
"""Units of a length by frequency, in a quality report."""
PUBLICATION: Final[dict[str, pl.DataType]] = {
    "release": pl.String(),
    "published_on": pl.Date(),
    "jurisdiction": pl.String(),
    "instrument": pl.String(),
    "source": pl.String(),
    "freq": pl.String(),
    "period": pl.String(),
}
"""One row for each release and each return that counts in it."""
_OFFICE = ("jurisdiction", "instrument", "source", "freq")
_GROUP = ("territory", "instrument", "freq", "period")
_WHOLE: Final[tuple[tuple[str, ...], ...]] = (
    (), ("instrument",), ("freq", "period"), ("instrument", "freq", "period"),
)  # fmt: skip
"""Columns that a group aggregates over: none; instruments; periods; instruments and periods."""

_Key = tuple[str, ...]


@dataclass(frozen=True)
class ComparabilityBreak:
    """First day from which figures of a jurisdiction, or of a whole territory, are not comparable with earlier ones."""

    jurisdiction: str
    start: date


def breaks_of(sims: Iterable[Sims]) -> list[ComparabilityBreak]:
    """Return the declared breaks of some territories, without changes of layout, after which figures compare."""
    return [
        ComparabilityBreak(b.jurisdiction, Period.from_code(b.period).start)
        for territory_sims in sims
        for b in territory_sims.breaks
        if b.separates_figures
    ]


def build_quality_table(
    deliveries: pl.DataFrame,
    publications: pl.DataFrame,
    breaks: Sequence[ComparabilityBreak],
    today: date,
    *,
    revisions: pl.DataFrame,
    pairs: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the indicators (schema QUALITY) of each territory, instrument and period, and over all of them.

    The length of a series is that up to each period, in periods of its frequency.

    `deliveries` are rows of `mart_delivery`; `publications` has the schema PUBLICATION; `revisions` is
    `vintages.select_ends`, with `instrument` if it is known; `pairs` are verdicts on pairs of offices
    (`coherence.explain_differences`), omitted where they may not be disclosed.
    """
    revisions_by_group = _by_group(_select_totals(revisions))
    knows_instruments = "instrument" in revisions.columns
    verdicts_by_group = None if pairs is None else _by_group(pairs.select("territory", "period", "verdict"))
    rows: list[dict[str, Any]] = []
    for key, group_deliveries in sorted(_group_deliveries(deliveries, publications, breaks).items()):
        indicators = measure_quality(group_deliveries, today)
        if key[3] != ALL:
            indicators[LENGTH] = measure_length(group_deliveries)
        indicators["DATA_REV_AVGSIZE"] = _revision_figure(
            revisions_by_group.get(key), is_known=knows_instruments or key[1] == ALL
        )
        if verdicts_by_group is not None:
            indicators["COHERENCE_RATE"] = _coherence_figure(verdicts_by_group, key)
        rows += [_row(key, id_, indicators[id_]) for id_ in INDICATORS if id_ in indicators]
    return pl.DataFrame(rows, schema=QUALITY).sort("territory", "instrument", "freq", "period", maintain_order=True)


def figures_in(rows: pl.DataFrame, territory: str, instrument: str = ALL) -> dict[str, QualityFigure]:
    """Return the figures of a territory over all periods by indicator, for a quality report.

    The length of its series is that up to its newest quarter; of a territory that sends years alone, its newest year.
    """
    chosen = rows.filter((pl.col("territory") == territory) & (pl.col("instrument") == instrument))
    whole = chosen.filter((pl.col("period") == ALL) & (pl.col("indicator") != LENGTH))
    lengths = chosen.filter((pl.col("period") != ALL) & (pl.col("indicator") == LENGTH))
    newest = lengths.sort("freq", "period", descending=True).head(1)
    return {
        row["indicator"]: QualityFigure(
            row["value"], _PERIODS.get(row["freq"], row["unit"]), row["n"], row["reason"] or None
        )
        for row in pl.concat([whole, newest]).iter_rows(named=True)
    }


# -- Building rows


def _by_group(rows: pl.DataFrame) -> dict[_Key, pl.DataFrame]:
    """Return the rows of each non-empty group. A column of `_GROUP` that the rows lack is always `ALL`."""
    groups: dict[_Key, pl.DataFrame] = {}
    for whole in _WHOLE:
        parts = [name for name in _GROUP if name in rows.columns and name not in whole]
        for values, group_rows in rows.partition_by(parts, as_dict=True).items():
            values_by_name = dict(zip(parts, values, strict=True))
            groups[_key(values_by_name, whole)] = group_rows
    return groups


def _key(values_by_name: Mapping[str, Any], whole: Collection[str]) -> _Key:
    return tuple(ALL if name in whole else str(values_by_name.get(name, ALL)) for name in _GROUP)


def _group_deliveries(
    deliveries: pl.DataFrame, publications: pl.DataFrame, breaks: Sequence[ComparabilityBreak]
) -> dict[_Key, list[Delivery]]:
    """Return each return that was due as a `Delivery`, in every group that it belongs to."""
    days: dict[tuple[str, ...], list[date]] = {}
    for row in publications.sort("published_on").iter_rows(named=True):
        days.setdefault((*(row[name] for name in _OFFICE), row["period"]), []).append(row["published_on"])
    lengths = _comparable_lengths(deliveries, breaks)
    groups: dict[_Key, list[Delivery]] = defaultdict(list)
    for row in deliveries.iter_rows(named=True):
        office = (*(row[name] for name in _OFFICE), row["period"])
        released = days.get(office, [])
        arrived = row["first_received_at"] if row["is_reported"] else None
        delivery = Delivery(
            period_end=Period.from_code(row["period"]).end,
            due=row["deadline"],
            arrived=arrived.date() if arrived is not None else None,
            published=released[0] if released else None,
            provided=row["cells_provided"],
            required=row["cells_required"],
            final=next((day for day in released if day >= row["final_on"]), None),
            comparable=lengths[office],
        )
        for whole in _WHOLE:
            groups[_key(row, whole)].append(delivery)
    return groups


def _comparable_lengths(deliveries: pl.DataFrame, breaks: Sequence[ComparabilityBreak]) -> dict[tuple[str, ...], int]:
    """Return the comparable length (CC2) of each office up to each of its periods."""
    lengths = {}
    for office, group in deliveries.group_by(_OFFICE):
        ordered = group.sort("period")
        periods = [Period.from_code(code) for code in ordered["period"].to_list()]
        is_reported = ordered["is_reported"].to_list()
        territory = ordered["territory"][0]
        starts = [b.start for b in breaks if b.jurisdiction in (office[0], territory)]
        broken = [any(p.start <= start <= p.end for start in starts) for p in periods]
        for period, length in zip(periods, list_comparable_lengths(is_reported, broken), strict=True):
            lengths[(*map(str, office), period.code)] = length
    return lengths


def _select_totals(ends: pl.DataFrame) -> pl.DataFrame:
    """Return the totals of flows of territories: all ages, or adults if an office counts only adults."""
    chosen = ends.filter((pl.col("area_kind") == "territory") & (pl.col("statistic") == "count"))
    same = [name for name in chosen.columns if name not in ("age", "total_of", "earlier", "later")]
    everyone = chosen.filter(pl.col("total_of") == "all")
    return pl.concat([everyone, chosen.filter(pl.col("total_of") == "adults").join(everyone, on=same, how="anti")])


def _revision_figure(ends: pl.DataFrame | None, *, is_known: bool) -> QualityFigure:
    """Return A6 over the totals of a territory's flows of any measure; `is_known`: whether the instrument is known."""
    unit = INDICATORS["DATA_REV_AVGSIZE"].unit
    if not is_known:
        return QualityFigure(None, unit, reason="published figures do not say of which return they are")
    if ends is None:
        return QualityFigure(None, unit, 0, "no figure is final and known twice")
    size = measure_revision(ends["earlier"].to_numpy(), ends["later"].to_numpy())
    if math.isnan(size.relative_to_later):
        why = "no figure is final and known twice" if size.periods == 0 else "all figures are 0"
        return QualityFigure(None, unit, size.periods, why)
    return QualityFigure(size.relative_to_later, unit, size.periods)


def _coherence_figure(pairs: Mapping[_Key, pl.DataFrame], key: _Key) -> QualityFigure:
    """Return the share of cells filled by two offices that agree or whose difference a declared reason explains."""
    territory, instrument, _, period = key
    unit = INDICATORS["COHERENCE_RATE"].unit
    if instrument != ALL:
        return QualityFigure(None, unit, reason="two offices are compared over all instruments together")
    group_pairs = pairs.get((territory, ALL, ALL, period))
    if group_pairs is None:
        return QualityFigure(None, unit, reason="no two offices say the same thing")
    return QualityFigure(float((group_pairs["verdict"] != "open").sum()) / group_pairs.height, unit, group_pairs.height)


def _row(key: tuple[str, ...], id_: str, figure: QualityFigure) -> dict[str, Any]:
    about = INDICATORS[id_]
    return {
        **dict(zip(_GROUP, key, strict=True)), "indicator": id_, "code": about.code, "value": figure.value,
        "unit": about.unit, "n": figure.n, "reason": "" if figure.value is not None else figure.reason or "not given",
    }  # fmt: skip
