"""The publication rule for figures from case records.

Reasons for the thresholds: `docs/methodology/durations.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT

if TYPE_CHECKING:
    import polars as pl

MINIMUM_PERSONS = 10
MINIMUM_PROCEEDINGS = 2
LARGEST_SHARE = 0.5
MINIMUM_SIDE = SMALLEST_PUBLISHED_COUNT
"""Persons on either side of a published quantile and in each published part: the threshold for small counts."""
BANDS = (10, 20, 50, 100, 200, 500)
SHARE_STEP = 0.05
BEHIND = ("n_persons", "n_proceedings", "largest_share")


@dataclass(frozen=True)
class Ruling:
    """The decision, and for internal use the codes of its reasons.

    `reasons`: `few_persons`, `few_proceedings`, `one_over_half`, `not_known`.
    """

    published: bool
    reasons: tuple[str, ...] = ()


def decide_publication(n_persons: int | None, n_proceedings: int | None, largest_share: float | None) -> Ruling:
    """Decide whether a figure from these numbers of persons and proceedings may be published.

    It needs at least 10 persons, at least 2 proceedings, and none with more than half: `largest_share` is the largest
    share of the persons in one proceeding, or of a sum in one person.  A figure with an unknown number is withheld.
    """
    if n_persons is None or n_proceedings is None or largest_share is None or math.isnan(largest_share):
        return Ruling(False, ("not_known",))
    tests = {
        "few_persons": n_persons < MINIMUM_PERSONS,
        "few_proceedings": n_proceedings < MINIMUM_PROCEEDINGS,
        "one_over_half": largest_share > LARGEST_SHARE,
    }
    reasons = tuple(code for code, fails in tests.items() if fails)
    return Ruling(not reasons, reasons)


def has_enough_on_each_side(side: int, side_proceedings: int) -> bool:
    """Return True if enough persons and proceedings are on either side of a quantile, so that it reveals no person."""
    return side >= MINIMUM_SIDE and side_proceedings >= MINIMUM_PROCEEDINGS


def format_size_band(number: int) -> str | None:
    """Return the size of a group as a band that hides the count (`10-19`, `500+`); None below the smallest band."""
    above = [lower for lower in BANDS if lower <= number]
    if not above:
        return None
    upper = BANDS[len(above)] - 1 if len(above) < len(BANDS) else None
    return f"{above[-1]}+" if upper is None else f"{above[-1]}-{upper}"


def apply_rule(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the decision for internal use, `published` and `withheld_because`, to a frame with the columns `BEHIND`."""
    import polars as pl

    rulings = [decide_publication(*row) for row in frame.select(BEHIND).rows()]
    return frame.with_columns(
        published=pl.Series([ruling.published for ruling in rulings], dtype=pl.Boolean()),
        withheld_because=pl.Series([",".join(ruling.reasons) for ruling in rulings], dtype=pl.String()),
    )


def public_quantiles(
    frame: pl.DataFrame,
    by: Sequence[str],
    names: Sequence[str],
    *,
    step: float,
    limit_step: float,
    also: Sequence[str] = (),
) -> pl.DataFrame:
    """Return `by`, `n_band`, and for each quantile its value, `_low`, `_high`, `_obs_status`, `_conf_status`.

    The frame is a result of the modules `durations`, `pending` or `sentences` (columns `<name>_side`,
    `<name>_side_proceedings`). All rows are kept.  A value that fails the rule is null with Q and C for any reason; one
    that the curve does not reach is null with M.  Values are rounded to `step`, limits outward to `limit_step`, in the
    unit of the figure; no count is published.  `also`: further columns to keep, null if the row fails (`oldest_over`).
    """
    import polars as pl

    rows = []
    for row in apply_rule(frame).iter_rows(named=True):
        public_row: dict[str, Any] = {name: row[name] for name in by}
        public_row["n_band"] = format_size_band(row["n_persons"]) if row["published"] else None
        public_row |= {name: row[name] if row["published"] else None for name in also}
        for name in names:
            public_row |= _public_quantile(row, name, step, limit_step)
        rows.append(public_row)
    return pl.DataFrame(rows, schema=_public_schema(frame, by, names, also), orient="row")


def _public_quantile(row: dict[str, Any], name: str, step: float, wide: float) -> dict[str, Any]:
    value, low, high = row[name], row.get(f"{name}_low"), row.get(f"{name}_high")
    status, conf = "A", "F"
    if not row["published"]:
        value, low, high, status, conf = None, None, None, "Q", "C"
    elif value is None:
        # The limits of a quantile that is not reached depend on few persons: they say little and may identify someone.
        low, high, status = None, None, "M"
    elif not has_enough_on_each_side(row[f"{name}_side"], row[f"{name}_side_proceedings"]):
        value, low, high, status, conf = None, None, None, "Q", "C"
    else:
        value = step * math.floor(value / step + 0.5)
        low = None if low is None else min(value, wide * math.floor(low / wide))
        high = None if high is None else max(value, wide * math.ceil(high / wide))
    return {
        name: value,
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_obs_status": status,
        f"{name}_conf_status": conf,
    }


def hidden_parts(parts: Sequence[int]) -> list[bool]:
    """Return which parts of a whole to hide, so that no part of 1 to 4 can be derived from the whole and the others.

    Hides all parts of 1 to 4; then, while the hidden parts have fewer than 5 persons together, the smallest other part
    that is not zero, of equal parts the first.
    """
    hidden = [0 < part < MINIMUM_SIDE for part in parts]
    if not any(hidden):
        return hidden
    others = sorted((place for place, part in enumerate(parts) if part >= MINIMUM_SIDE), key=lambda place: parts[place])
    for place in others:
        if sum(part for part, is_hidden in zip(parts, hidden, strict=True) if is_hidden) >= MINIMUM_SIDE:
            break
        hidden[place] = True
    return hidden


def none_small(*parts: int) -> bool:
    """Return True if no part of a whole is 1 to 4.

    Several published shares of one whole need this together, because each can be derived from the others.
    """
    return not any(0 < part < MINIMUM_SIDE for part in parts)


def find_updatable_cells(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return for each `table, cell` in both frames whether it may be updated after a release (`moved`).

    A figure may be updated if at least five persons of two proceedings were added, removed or changed since.  With
    fewer changes the released figure is kept, because the difference would reveal one to four persons.  The frames
    have the columns `table, cell, person, cluster, token`.
    """
    import polars as pl

    key = ["table", "cell", "person", "cluster", "token"]
    changed = pl.concat(
        [before.select(key).join(now, on=key, how="anti"), now.select(key).join(before, on=key, how="anti")]
    )
    counts = changed.group_by("table", "cell").agg(
        persons=pl.col("person").n_unique(), proceedings=pl.col("cluster").n_unique()
    )
    in_both = before.select("table", "cell").unique().join(now.select("table", "cell").unique(), on=["table", "cell"])
    has_moved = (pl.col("persons") >= MINIMUM_SIDE) & (pl.col("proceedings") >= MINIMUM_PROCEEDINGS)
    return (
        in_both.join(counts, on=["table", "cell"], how="left")
        .select("table", "cell", moved=has_moved.fill_null(False))
        .sort("table", "cell")
    )


def public_parts(frame: pl.DataFrame, by: Sequence[str], parts: Sequence[str]) -> pl.DataFrame:
    """Return one row per part: `by`, `part`, `share` of the whole, `n_band`, `obs_status`, `conf_status`.

    The frame has one row per whole, the persons of each part in the columns `parts`, and `BEHIND`.  Null parts (not
    seen yet) are missing: O.  Shares are rounded to five points, which suits groups of this size and hides the counts.
    A row that fails the rule is withheld as a whole; one that passes loses its small parts.
    """
    import polars as pl

    rows = []
    for row in apply_rule(frame).iter_rows(named=True):
        counts = [row[name] for name in parts]
        is_seen = all(count is not None for count in counts)
        hidden = hidden_parts(counts) if is_seen and row["published"] else [True] * len(parts)
        for name, count, is_hidden in zip(parts, counts, hidden, strict=True):
            status = "O" if not is_seen else "Q" if is_hidden else "A"
            rows.append(
                {column: row[column] for column in by}
                | {
                    "part": name,
                    "share": rounded_share(count / sum(counts)) if status == "A" else None,
                    "n_band": format_size_band(row["n_persons"]) if row["published"] else None,
                    "obs_status": status,
                    "conf_status": "C" if status == "Q" else "F",
                }
            )
    schema: dict[str, Any] = {name: frame.schema[name] for name in by}
    schema |= dict.fromkeys(("part", "n_band", "obs_status", "conf_status"), pl.String()) | {"share": pl.Float64()}
    return pl.DataFrame(rows, schema=schema, orient="row").select(
        *by, "part", "share", "n_band", "obs_status", "conf_status"
    )


def public_shares(frame: pl.DataFrame, by: Sequence[str], names: Sequence[str]) -> pl.DataFrame:
    """Return `by`, `n_band`, and for each share of `record_shares.insert_shares` its value, limits and statuses.

    In addition to the rule of the row, a share needs at least 10 persons, and neither those in it nor the others may
    be 1 to 4.  A share of nothing is M if the row passes; a row without any share yet has no size.  Shares are rounded
    to five points, limits outward.
    """
    import polars as pl

    rows = []
    for row in apply_rule(frame).iter_rows(named=True):
        public_row: dict[str, Any] = {name: row[name] for name in by}
        # The size of a group without any figure yet would only bound withheld counts of the persons in it.
        is_seen = any(row[f"{name}_n"] is not None for name in names)
        public_row["n_band"] = format_size_band(row["n_persons"]) if row["published"] and is_seen else None
        for name in names:
            part, whole = row[f"{name}_n"], row[f"{name}_of"]
            value, low, high, status = None, None, None, "Q"
            if part is None:
                status = "O"  # not seen yet
            elif row["published"] and whole == 0:
                status = "M"
            elif row["published"] and whole >= MINIMUM_PERSONS and not any(hidden_parts([part, whole - part])):
                value, status = rounded_share(row[name]), "A"
                low = min(value, round(SHARE_STEP * math.floor(row[f"{name}_low"] / SHARE_STEP + 1e-9), 2))
                high = max(value, round(SHARE_STEP * math.ceil(row[f"{name}_high"] / SHARE_STEP - 1e-9), 2))
            public_row |= {name: value, f"{name}_low": low, f"{name}_high": high}
            public_row |= {f"{name}_obs_status": status, f"{name}_conf_status": "C" if status == "Q" else "F"}
        rows.append(public_row)
    return pl.DataFrame(rows, schema=_public_schema(frame, by, names), orient="row")


def _public_schema(
    frame: pl.DataFrame, by: Sequence[str], names: Sequence[str], also: Sequence[str] = ()
) -> dict[str, Any]:
    import polars as pl

    schema: dict[str, Any] = {name: frame.schema[name] for name in by} | {"n_band": pl.String()}
    schema |= {name: frame.schema[name] for name in also}
    for name in names:
        schema |= {name: pl.Float64(), f"{name}_low": pl.Float64(), f"{name}_high": pl.Float64()}
        schema |= {f"{name}_obs_status": pl.String(), f"{name}_conf_status": pl.String()}
    return schema


def rounded_share(share: float) -> float:
    """Round a share to the nearest five points, halves up."""
    return round(SHARE_STEP * math.floor(share / SHARE_STEP + 0.5 + 1e-9), 2)
