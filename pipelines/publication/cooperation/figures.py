"""Compute what a release says about cooperation from its published cells: outcomes, balances, days, mirror pairs.

Shares, differences and reconciled pairs are those of published figures alone, so that they say nothing about withheld
ones.  Only the band of the median days comes from figures that are not published; `find_median_band` has its rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from pipelines.core import codes
from pipelines.publication.cooperation.cells import (
    CHANNELS,
    CLOSED,
    OUTCOMES,
    PARTNERS,
    PENDING,
    PUBLISHED,
    REGISTERED,
    TOTAL,
    TOTALS,
)
from pipelines.statistics import columns
from pipelines.statistics.records_rule import LARGEST_SHARE, MINIMUM_PERSONS
from pipelines.statistics.thresholds import MIRROR_REQUESTS, MIRROR_SHARE

COOPERATION_TABLES: Final = (*PUBLISHED, "cooperation_outcome", "mirror", "mirror_year")
"""Tables of a release."""
WITHHELD: Final = "withheld"
MISSING: Final = "missing"
REASONS: Final = ("missing_return", "definition", "channel", "timing", "unexplained")
_BOOK: Final = ("territory", "offence_group", "year", "direction")
_TERMS: Final[Mapping[tuple[str, str], str]] = {
    (PENDING, "start"): "opening",
    (REGISTERED, "count"): "registered",
    **{(measure, "count"): measure.removeprefix("requests_") for measure in OUTCOMES},
    (CLOSED, "count"): "closed",
    (PENDING, "end"): "closing",
}
"""Column of each figure of a set of books."""
_TIMED: Final = ("requests_acknowledged", "requests_executed")
"""Returns have the days until a request was acknowledged, and until it was executed."""
_OTHER_DEFINITION: Final = ("B", "D")


class _Side(NamedTuple):
    """One half of a mirror pair."""

    value: float | None = None
    is_reported: bool = False
    is_other_definition: bool = False
    date_basis: str = ""
    direct: float | None = 0.0
    """Published requests by direct contact with all partners: None if withheld, 0 if not reported."""


def read_reported(figures: pl.LazyFrame) -> pl.DataFrame:
    """Return what outcomes and the mirror need of the figures of `mart_cooperation`."""
    measures = [REGISTERED, *_TIMED]
    columns = ("cooperation_id", *_BOOK, "freq", "measure", "partner", "assistance", "days_band", "value", "obs_status",
               "date_basis")  # fmt: skip
    needed = figures.filter(pl.col("freq") == "A", pl.col("measure").is_in(measures)).select(columns)
    return needed.collect(engine="streaming")


def build_outcomes(public: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each territory, offence group, year and direction: its books, the share executed, and days.

    `public` are the published cells, `figures` those reported (`read_reported`).  A withheld figure is null.  The share
    is that of requests executed in full among those closed; its limits are those of Clopper and Pearson.  `state` is
    that of the balance: `holds`, `gap`, or `withheld` if one of its terms is.
    """
    totals = public.filter(pl.col("table_id") == TOTALS)
    if totals.is_empty():
        return pl.DataFrame(schema=_OUTCOME_SCHEMA)
    wide = (
        totals.with_columns(
            term=pl.struct("measure", "statistic").map_elements(
                lambda cell: _TERMS[cell["measure"], cell["statistic"]], return_dtype=pl.String
            )
        )
        .pivot("term", index=list(_BOOK), values="value", aggregate_function="first")
        .sort(_BOOK)
    )
    wide = wide.with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in _TERMS.values() if name not in wide.columns
    )
    executed, closed = (wide[name].fill_null(np.nan).to_numpy() for name in ("executed", "closed"))
    has_share = (executed <= closed) & (closed > 0)
    method = np.where(has_share, columns.CLOPPER_PEARSON, "")
    limits = columns.compute_limits(method, executed, closed)
    share: Any = np.divide(100.0 * executed, closed, out=np.full(len(closed), np.nan), where=has_share)
    is_hidden = pl.col("executed").is_null() | pl.col("closed").is_null()
    gap = pl.col("closing") - (pl.col("opening") + pl.col("registered") - pl.col("closed"))
    bands = _list_median_bands(figures)
    published = set(totals.filter(pl.col("conf_status") == "F").select(*_BOOK, "measure").iter_rows())
    days: dict[str, list[str]] = {"days_acknowledged": [], "days_executed": []}
    for book in wide.select(_BOOK).iter_rows():
        for name, column in days.items():
            key = (*book, name.replace("days", "requests"))
            column.append(bands.get(key, "") if key in published else "")
    return (
        wide.with_columns(
            share=pl.Series(share),
            low=pl.Series(100.0 * limits.low),
            high=pl.Series(100.0 * limits.high),
            gap=gap,
            **{name: pl.Series(column, dtype=pl.String) for name, column in days.items()},
        )
        .with_columns(pl.col("share", "low", "high").fill_nan(None))
        .with_columns(
            state=pl.when(pl.col("gap").is_null())
            .then(pl.lit(WITHHELD))
            .when(pl.col("gap") == 0)
            .then(pl.lit("holds"))
            .otherwise(pl.lit("gap")),
            # Nothing was closed.
            obs_status=pl.when(is_hidden)
            .then(pl.lit("Q"))
            .when(pl.col("share").is_null())
            .then(pl.lit("M"))
            .otherwise(pl.lit("A")),
            conf_status=pl.when(is_hidden).then(pl.lit("C")).otherwise(pl.lit("F")),
        )
        .select(list(_OUTCOME_SCHEMA))
    )


_OUTCOME_SCHEMA: Final[dict[str, Any]] = {
    "territory": pl.String, "offence_group": pl.String, "year": pl.Int32, "direction": pl.String,
    **dict.fromkeys((*_TERMS.values(), "gap", "share", "low", "high"), pl.Float64),
    **dict.fromkeys(("state", "days_acknowledged", "days_executed", "obs_status", "conf_status"), pl.String),
}  # fmt: skip


def find_median_band(bands: Mapping[str, float], by_partner: Sequence[float]) -> str:
    """Return the band of days in which the lower median is, or an empty text if it may not be published.

    As with figures from case records, there must be enough requests, from more than one partner, none of which has
    more than half of them: a partner knows how long its own requests took.
    """
    total, so_far = sum(bands.values()), 0.0
    is_one_sided = not by_partner or max(by_partner) > LARGEST_SHARE * total
    if total < MINIMUM_PERSONS or is_one_sided:
        return ""
    for band in _list_bands():
        so_far += bands.get(band, 0.0)
        if 2 * so_far >= total:
            return band
    return ""


def _list_bands() -> list[str]:
    """Return the bands of days, shortest first."""
    rows = {code: row for code, row in codes.read_codelist("days_band").items() if row["lower_days"]}
    return sorted(rows, key=lambda code: int(rows[code]["lower_days"]))


def _list_median_bands(figures: pl.DataFrame) -> dict[tuple[Any, ...], str]:
    """Return the band of the median by book and measure."""
    annual = figures.filter(
        pl.col("freq") == "A", pl.col("measure").is_in(_TIMED),
        pl.col("assistance") == TOTAL,
    )  # fmt: skip
    bands: dict[tuple[Any, ...], dict[str, float | None]] = defaultdict(dict)
    partners: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for row in annual.iter_rows(named=True):
        key = (*(row[name] for name in _BOOK), row["measure"])
        if row["partner"] != TOTAL and row["days_band"] in (TOTAL, "_Z") and row["value"] is not None:
            partners[key].append(row["value"])
        elif row["partner"] == TOTAL and row["days_band"] not in (TOTAL, "_Z"):
            bands[key][row["days_band"]] = row["value"]
    complete = {
        key: {band: value for band, value in values.items() if value is not None} for key, values in bands.items()
    }
    return {
        key: find_median_band(values, partners[key])
        for key, values in complete.items()
        if len(values) == len(bands[key]) and "_U" not in values
    }


def build_mirror(
    public: pl.DataFrame, figures: pl.DataFrame, returns: pl.DataFrame, territories: Sequence[str]
) -> pl.DataFrame:
    """Return what one territory sent next to what the other received, for each pair, year and offence group.

    `returns` says which territories reported which year, and which of them had nothing to report
    (`mart_cooperation_return`).  `state` is `missing` if one of the two did not report, `withheld` if a figure is, and
    otherwise `equal`, `agrees` (within the tolerance) or `differs`.  The interval of the ratio is that of two
    independent counts; the interval of the difference is the same one, for the total that both have.
    Reasons are codes of the list `mirror_reason`, separated by commas.
    """
    sides = _read_sides(public, figures, returns)
    years = sorted({(year, group) for _, year, group, _, _ in sides if group})
    rows = []
    for sender in territories:
        for receiver in (code for code in territories if code != sender):
            for year, group in years:
                pair = [
                    (_find_side(sides, sender, number, group, "outgoing", receiver),
                     _find_side(sides, receiver, number, group, "incoming", sender))
                    for number in (year, year - 1, year + 1)
                ]  # fmt: skip
                rows.append((sender, receiver, year, group, *_compare_sides(*pair)))
    mirror = pl.DataFrame(rows, schema=_PAIR_SCHEMA, orient="row").sort("year", "offence_group", maintain_order=True)
    sent, received = (mirror[name].fill_null(np.nan).to_numpy() for name in ("sent", "received"))
    has_ratio = (sent > 0) & (received > 0)
    method = np.where(has_ratio, columns.CONDITIONAL, "")
    limits = columns.compute_limits(method, received, sent)
    ratio: Any = np.divide(received, sent, out=np.full(len(sent), np.nan), where=has_ratio)
    total = sent + received
    return mirror.with_columns(
        difference=pl.col("received") - pl.col("sent"),
        difference_low=pl.Series(total * (limits.low - 1) / (limits.low + 1)).fill_nan(None),
        difference_high=pl.Series(total * (limits.high - 1) / (limits.high + 1)).fill_nan(None),
        ratio=pl.Series(ratio).fill_nan(None),
        low=pl.Series(limits.low).fill_nan(None),
        high=pl.Series(limits.high).fill_nan(None),
        obs_status=pl.col("state").replace_strict({MISSING: "O", WITHHELD: "Q"}, default="A", return_dtype=pl.String),
        conf_status=pl.when(pl.col("state") == WITHHELD).then(pl.lit("C")).otherwise(pl.lit("F")),
    )


_PAIR_SCHEMA: Final[dict[str, Any]] = {
    "sent_by": pl.String, "received_by": pl.String, "year": pl.Int32, "offence_group": pl.String,
    "sent": pl.Float64, "received": pl.Float64, "state": pl.String, "reasons": pl.String,
}  # fmt: skip
_Sides = dict[tuple[str, int, str, str, str], _Side]
"""By territory, year, offence group, direction and partner; a nil return has no group, direction and partner."""


def _read_sides(public: pl.DataFrame, figures: pl.DataFrame, returns: pl.DataFrame) -> _Sides:
    registered = figures.filter(pl.col("freq") == "A", pl.col("measure") == REGISTERED)
    facts: dict[str, tuple[str, str]] = {
        row["cooperation_id"]: (row["obs_status"], row["date_basis"] or "") for row in registered.iter_rows(named=True)
    }
    direct: dict[tuple[Any, ...], float | None] = {
        tuple(row[name] for name in _BOOK): row["value"]
        for row in public.filter(pl.col("table_id") == CHANNELS, pl.col("channel") == "direct").iter_rows(named=True)
    }
    sides: _Sides = {}
    for row in returns.filter("is_nil").iter_rows(named=True):
        sides[row["territory"], row["year"], "", "", ""] = _Side(0.0, True)
    for row in public.filter(pl.col("table_id") == PARTNERS).iter_rows(named=True):
        status, date_basis = facts[row["cooperation_id"]]
        key = (row["territory"], row["year"], row["offence_group"], row["direction"], row["partner"])
        count_direct = direct.get(tuple(row[name] for name in _BOOK), 0.0)
        sides[key] = _Side(row["value"], True, status in _OTHER_DEFINITION, date_basis, count_direct)
    return sides


def _find_side(sides: _Sides, territory: str, year: int, group: str, direction: str, partner: str) -> _Side:
    nothing = sides.get((territory, year, "", "", ""), _Side())
    return sides.get((territory, year, group, direction, partner), nothing)


def is_agreement(sent: float, received: float) -> bool:
    """Return True if two figures of the same requests agree within the tolerance."""
    return abs(received - sent) <= max(MIRROR_REQUESTS, MIRROR_SHARE * max(sent, received))


def _compare_sides(
    now: tuple[_Side, _Side], *other_years: tuple[_Side, _Side]
) -> tuple[float | None, float | None, str, str]:
    """Return both figures, the state and the reasons of a pair in one year."""
    sent, received = now
    if not (sent.is_reported and received.is_reported):
        return sent.value, received.value, MISSING, "missing_return"
    if sent.value is None or received.value is None:
        return None, None, WITHHELD, ""
    if is_agreement(sent.value, received.value):
        return sent.value, received.value, "equal" if sent.value == received.value else "agrees", ""
    reasons = []
    if sent.is_other_definition or received.is_other_definition:
        reasons.append("definition")
    # A withheld figure of the sender may be 0: whether it is must not follow from the reason.
    if received.direct == 0 and sent.direct != 0 and received.value < sent.value:
        reasons.append("channel")
    is_other_date = bool(sent.date_basis and received.date_basis and sent.date_basis != received.date_basis)
    over_two_years = any(
        sent_then.value is not None
        and received_then.value is not None
        and is_agreement(sent.value + sent_then.value, received.value + received_then.value)
        for sent_then, received_then in other_years
    )
    if is_other_date or over_two_years:
        reasons.append("timing")
    return sent.value, received.value, "differs", ",".join(reasons) or "unexplained"


def summarise_mirror(mirror: pl.DataFrame) -> pl.DataFrame:
    """Return how many pairs of each year and offence group agree, and the sums of the pairs that are shown."""
    is_shown = pl.col("state").is_in(["equal", "agrees", "differs"])
    is_reconciled = pl.col("state").is_in(["equal", "agrees"])
    counted = {
        "n_pairs": pl.len(),
        "n_compared": (pl.col("state") != MISSING).sum(),
        "n_shown": is_shown.sum(),
        "n_equal": (pl.col("state") == "equal").sum(),
        "n_reconciled": is_reconciled.sum(),
        **{f"n_{reason}": pl.col("reasons").str.split(",").list.contains(reason).sum() for reason in REASONS},
    }
    return (
        mirror.group_by("year", "offence_group", maintain_order=True)
        .agg(
            *(counts.cast(pl.Int64).alias(name) for name, counts in counted.items()),
            pl.col("sent").filter(is_shown).sum(),
            pl.col("received").filter(is_shown).sum(),
        )
        .with_columns(
            share=pl.when(pl.col("n_shown") > 0).then(100.0 * pl.col("n_reconciled") / pl.col("n_shown")),
        )
        .sort("year", "offence_group")
    )
