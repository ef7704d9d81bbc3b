"""The quality of what arrived, in the terms of European statistics: one row an indicator of a territory, an instrument
and a period.

None of these figures ranks territories.
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
from pipelines.statistics.quality import comparable_length
from pipelines.statistics.revisions import revision
from pipelines.warehouse.quality.quality_figures import INDICATORS, Delivery, Figure, figures

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
    "reason": pl.String(),  # why there is no value, else empty
}
ALL: Final = "_T"
PUBLICATION: Final[dict[str, pl.DataType]] = {
    "release": pl.String(),
    "published_on": pl.Date(),
    "jurisdiction": pl.String(),
    "instrument": pl.String(),
    "source": pl.String(),
    "freq": pl.String(),
    "period": pl.String(),
}
"""One row a release and a return that counts in it."""
_OFFICE = ("jurisdiction", "instrument", "source", "freq")
_GROUP = ("territory", "instrument", "freq", "period")
_WHOLE: Final[tuple[tuple[str, ...], ...]] = (
    (), ("instrument",), ("freq", "period"), ("instrument", "freq", "period"),
)  # fmt: skip
"""What a group takes all of: nothing; all instruments of a period; all periods of an instrument; everything."""

_Key = tuple[str, ...]


@dataclass(frozen=True)
class Break:
    """The first day from which the figures of a jurisdiction, or of all of a territory, compare no more with before."""

    jurisdiction: str
    start: date


def breaks_of(sims: Iterable[Sims]) -> list[Break]:
    """The declared breaks of some territories."""
    return [Break(b.jurisdiction, Period.of(b.period).start) for one in sims for b in one.breaks]


def table(
    deliveries: pl.DataFrame,
    publications: pl.DataFrame,
    breaks: Sequence[Break],
    today: date,
    *,
    revisions: pl.DataFrame,
    pairs: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The indicators (schema QUALITY) of each territory, instrument and period, and of all instruments and periods.

    `deliveries` are rows of `mart_delivery`; `publications` has the schema PUBLICATION; `revisions` is
    `vintages.ends`, with `instrument` where it is known; `pairs` are verdicts on pairs of offices
    (`coherence.explain`), left out where they may not be told.
    """
    revised = _by_group(_mains(revisions))
    knows_instruments = "instrument" in revisions.columns
    agreed = None if pairs is None else _by_group(pairs.select("territory", "period", "verdict"))
    rows: list[dict[str, Any]] = []
    for key, chosen in sorted(_held(deliveries, publications, breaks).items()):
        known = figures(chosen, today)
        known["DATA_REV_AVGSIZE"] = _revised(revised.get(key), is_known=knows_instruments or key[1] == ALL)
        if agreed is not None:
            known["COHERENCE_RATE"] = _agreed(agreed, key)
        rows += [_row(key, id_, known[id_]) for id_ in INDICATORS if id_ in known]
    return pl.DataFrame(rows, schema=QUALITY).sort("territory", "instrument", "freq", "period", maintain_order=True)


def figures_in(rows: pl.DataFrame, territory: str, instrument: str = ALL) -> dict[str, Figure]:
    """The figures of a territory over all periods, by indicator, as a quality report takes them."""
    chosen = rows.filter(
        (pl.col("territory") == territory) & (pl.col("instrument") == instrument) & (pl.col("period") == ALL)
    )
    return {
        row["indicator"]: Figure(row["value"], row["unit"], row["n"], row["reason"] or None)
        for row in chosen.iter_rows(named=True)
    }


# -- what goes into a row


def _by_group(rows: pl.DataFrame) -> dict[_Key, pl.DataFrame]:
    """The rows of each group that has any. A column of `_GROUP` that they lack is that of all of them in each."""
    out: dict[_Key, pl.DataFrame] = {}
    for whole in _WHOLE:
        parts = [name for name in _GROUP if name in rows.columns and name not in whole]
        for values, found in rows.partition_by(parts, as_dict=True).items():
            named = dict(zip(parts, values, strict=True))
            out[_key(named, whole)] = found
    return out


def _key(named: Mapping[str, Any], whole: Collection[str]) -> _Key:
    return tuple(ALL if name in whole else str(named.get(name, ALL)) for name in _GROUP)


def _held(deliveries: pl.DataFrame, publications: pl.DataFrame, breaks: Sequence[Break]) -> dict[_Key, list[Delivery]]:
    """Each return that was due as a `Delivery`, in every group that it is of."""
    days: dict[tuple[str, ...], list[date]] = {}
    for row in publications.sort("published_on").iter_rows(named=True):
        days.setdefault((*(row[name] for name in _OFFICE), row["period"]), []).append(row["published_on"])
    lengths = _lengths(deliveries, breaks)
    out: dict[_Key, list[Delivery]] = defaultdict(list)
    for row in deliveries.iter_rows(named=True):
        office = (*(row[name] for name in _OFFICE), row["period"])
        released = days.get(office, [])
        arrived = row["first_received_at"] if row["is_reported"] else None
        one = Delivery(
            period_end=Period.of(row["period"]).end,
            due=row["deadline"],
            arrived=arrived.date() if arrived is not None else None,
            published=released[0] if released else None,
            provided=row["cells_provided"],
            required=row["cells_required"],
            final=next((day for day in released if day >= row["final_on"]), None),
            comparable=lengths[office],
        )
        for whole in _WHOLE:
            out[_key(row, whole)].append(one)
    return out


def _lengths(deliveries: pl.DataFrame, breaks: Sequence[Break]) -> dict[tuple[str, ...], int]:
    """CC2 of each office up to each of its periods."""
    out = {}
    for office, group in deliveries.group_by(_OFFICE):
        ordered = group.sort("period")
        periods = [Period.of(code) for code in ordered["period"].to_list()]
        known = ordered["is_reported"].to_list()
        territory = ordered["territory"][0]
        starts = [b.start for b in breaks if b.jurisdiction in (office[0], territory)]
        broken = [any(p.start <= start <= p.end for start in starts) for p in periods]
        for n, period in enumerate(periods, 1):
            out[(*map(str, office), period.code)] = comparable_length(known[:n], broken[:n])
    return out


def _mains(ends: pl.DataFrame) -> pl.DataFrame:
    """Totals of flows of territories. Adults stand where an office counts no others, and never beside all ages."""
    chosen = ends.filter((pl.col("area_kind") == "territory") & (pl.col("statistic") == "count"))
    same = [name for name in chosen.columns if name not in ("age", "total_of", "earlier", "later")]
    everyone = chosen.filter(pl.col("total_of") == "all")
    return pl.concat([everyone, chosen.filter(pl.col("total_of") == "adults").join(everyone, on=same, how="anti")])


def _revised(found: pl.DataFrame | None, *, is_known: bool) -> Figure:
    """A6 over the totals of a territory's flows, whatever their measure; `is_known` if their instrument is."""
    unit = INDICATORS["DATA_REV_AVGSIZE"].unit
    if not is_known:
        return Figure(None, unit, reason="published figures do not say of which return they are")
    if found is None:
        return Figure(None, unit, 0, "no figure is final and known twice")
    size = revision(found["earlier"].to_numpy(), found["later"].to_numpy())
    if math.isnan(size.relative_to_later):
        why = "no figure is final and known twice" if size.periods == 0 else "all figures are 0"
        return Figure(None, unit, size.periods, why)
    return Figure(size.relative_to_later, unit, size.periods)


def _agreed(pairs: Mapping[_Key, pl.DataFrame], key: _Key) -> Figure:
    """Of the cells that two offices fill, the share in which they agree or a declared reason says why not."""
    territory, instrument, _, period = key
    unit = INDICATORS["COHERENCE_RATE"].unit
    if instrument != ALL:
        return Figure(None, unit, reason="two offices are compared over all instruments together")
    found = pairs.get((territory, ALL, ALL, period))
    if found is None:
        return Figure(None, unit, reason="no two offices say the same thing")
    return Figure(float((found["verdict"] != "open").sum()) / found.height, unit, found.height)


def _row(key: tuple[str, ...], id_: str, figure: Figure) -> dict[str, Any]:
    about = INDICATORS[id_]
    return {
        **dict(zip(_GROUP, key, strict=True)), "indicator": id_, "code": about.code, "value": figure.value,
        "unit": about.unit, "n": figure.n, "reason": "" if figure.value is not None else figure.reason or "not given",
    }  # fmt: skip
