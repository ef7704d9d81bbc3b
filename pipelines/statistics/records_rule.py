"""The one rule of what may be published of a figure that comes from case records.

Why these numbers: `docs/methodology/durations.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

MINIMUM_PERSONS = 10
MINIMUM_PROCEEDINGS = 2
LARGEST_SHARE = 0.5
MINIMUM_SIDE = 5
"""Persons on either side of a published quantile, and behind each published part: the threshold of small counts."""
BANDS = (10, 20, 50, 100, 200, 500)
SHARE_STEP = 0.05
BEHIND = ("n_persons", "n_proceedings", "largest_share")


@dataclass(frozen=True)
class Ruling:
    """`reasons` are codes: `few_persons`, `few_proceedings`, `one_over_half`, `not_known`; for insiders only."""

    published: bool
    reasons: tuple[str, ...] = ()


def publishable(n_persons: int | None, n_proceedings: int | None, largest_share: float | None) -> Ruling:
    """Whether a figure made of so many persons of so many proceedings may be published.

    At least 10 persons, at least 2 proceedings, and none over half: `largest_share` is the largest part of the persons
    that one proceeding has, or of a sum that one person has.  What is not known is not published.
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


def stands(side: int, side_proceedings: int) -> bool:
    """Whether a quantile is no single person's value: enough persons, and not of one proceeding, on either side."""
    return side >= MINIMUM_SIDE and side_proceedings >= MINIMUM_PROCEEDINGS


def band(number: int) -> str | None:
    """`10-19`, `500+`: the size of a group, told so that no count can be got from it; None below the least."""
    above = [lower for lower in BANDS if lower <= number]
    if not above:
        return None
    upper = BANDS[len(above)] - 1 if len(above) < len(BANDS) else None
    return f"{above[-1]}+" if upper is None else f"{above[-1]}-{upper}"


def ruled(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with `n_persons, n_proceedings, largest_share` and, for insiders, `published` and `withheld_because`."""
    import polars as pl

    rulings = [publishable(*row) for row in frame.select(BEHIND).rows()]
    return frame.with_columns(
        published=pl.Series([one.published for one in rulings], dtype=pl.Boolean()),
        withheld_because=pl.Series([",".join(one.reasons) for one in rulings], dtype=pl.String()),
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
    """`by`, `n_band`, and for each quantile its value, `_low`, `_high`, `_obs_status`, `_conf_status`.

    The frame is one of `durations`, `pending` or `sentences` (columns `<name>_side`, `<name>_side_proceedings`).
    Every row stays.  A value that fails the rule is null with Q and C, whatever the reason; one that the curve does
    not reach is null with M.  Values are rounded to `step`, limits outward to `limit_step`, in the unit of the figure;
    no count goes out.  `also`: columns that go with the row, null where it fails (`oldest_over`).
    """
    import polars as pl

    rows = []
    for row in ruled(frame).iter_rows(named=True):
        out: dict[str, Any] = {name: row[name] for name in by}
        out["n_band"] = band(row["n_persons"]) if row["published"] else None
        out |= {name: row[name] if row["published"] else None for name in also}
        for name in names:
            out |= _public_quantile(row, name, step, limit_step)
        rows.append(out)
    return pl.DataFrame(rows, schema=_public_schema(frame, by, names, also), orient="row")


def _public_quantile(row: dict[str, Any], name: str, step: float, wide: float) -> dict[str, Any]:
    value, low, high = row[name], row.get(f"{name}_low"), row.get(f"{name}_high")
    status, conf = "A", "F"
    if not row["published"]:
        value, low, high, status, conf = None, None, None, "Q", "C"
    elif value is None:
        # The limits of what is not reached are an event of somebody few; they say little and may say whose.
        low, high, status = None, None, "M"
    elif not stands(row[f"{name}_side"], row[f"{name}_side_proceedings"]):
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
    """Which parts of a whole are hidden, so that none of 1 to 4 can be worked out from the whole and the shown ones.

    Every part of 1 to 4; then, while those hidden are fewer than 5 persons together, the least other part that is not
    zero.  Of equal parts the first.
    """
    hidden = [0 < one < MINIMUM_SIDE for one in parts]
    if not any(hidden):
        return hidden
    others = sorted((place for place, one in enumerate(parts) if one >= MINIMUM_SIDE), key=lambda place: parts[place])
    for place in others:
        if sum(one for one, is_hidden in zip(parts, hidden, strict=True) if is_hidden) >= MINIMUM_SIDE:
            break
        hidden[place] = True
    return hidden


def none_small(*parts: int) -> bool:
    """Whether no part of a whole is 1 to 4: what several shares of one whole need together, since each can be told
    from the others and the whole."""
    return not any(0 < one < MINIMUM_SIDE for one in parts)


def moved(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Which figures may be told anew after a release: those of which at least five persons, of two proceedings, have
    come, gone or are told otherwise since. A row each `table, cell` that is in both, with `moved`.

    Frames of `table, cell, person, cluster, token`.  A figure that fewer have changed is kept as it was released, or
    the difference of the two would tell of one to four.
    """
    import polars as pl

    key = ["table", "cell", "person", "cluster", "token"]
    changed = pl.concat(
        [before.select(key).join(now, on=key, how="anti"), now.select(key).join(before, on=key, how="anti")]
    )
    counts = changed.group_by("table", "cell").agg(
        persons=pl.col("person").n_unique(), proceedings=pl.col("cluster").n_unique()
    )
    both = before.select("table", "cell").unique().join(now.select("table", "cell").unique(), on=["table", "cell"])
    enough = (pl.col("persons") >= MINIMUM_SIDE) & (pl.col("proceedings") >= MINIMUM_PROCEEDINGS)
    return (
        both.join(counts, on=["table", "cell"], how="left")
        .select("table", "cell", moved=enough.fill_null(False))
        .sort("table", "cell")
    )


def public_parts(frame: pl.DataFrame, by: Sequence[str], parts: Sequence[str]) -> pl.DataFrame:
    """A row a part: `by`, `part`, `share` of the whole, `n_band`, `obs_status`, `conf_status`.

    The frame has one row a whole, the persons of each part in the columns `parts`, and `BEHIND`.  Null parts (not seen
    yet) are missing: O.  Shares are rounded to five points, which is all that groups of this size bear, and so that no
    count can be got from them; a row that fails the rule is withheld whole, one that passes loses its small parts.
    """
    import polars as pl

    rows = []
    for row in ruled(frame).iter_rows(named=True):
        counts = [row[name] for name in parts]
        seen = all(count is not None for count in counts)
        hidden = hidden_parts(counts) if seen and row["published"] else [True] * len(parts)
        for name, count, is_hidden in zip(parts, counts, hidden, strict=True):
            status = "O" if not seen else "Q" if is_hidden else "A"
            rows.append(
                {column: row[column] for column in by}
                | {
                    "part": name,
                    "share": rounded_share(count / sum(counts)) if status == "A" else None,
                    "n_band": band(row["n_persons"]) if row["published"] else None,
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
    """`by`, `n_band`, and for each share of `record_shares.shared` its value, limits and statuses.

    Beside the rule of the row: the share is of at least 10 persons, and neither those in it nor those out of it are 1
    to 4.  A share of nothing is M where the row passes.  Rounded to five points, limits outward.
    """
    import polars as pl

    rows = []
    for row in ruled(frame).iter_rows(named=True):
        out: dict[str, Any] = {name: row[name] for name in by}
        out["n_band"] = band(row["n_persons"]) if row["published"] else None
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
            out |= {name: value, f"{name}_low": low, f"{name}_high": high}
            out |= {f"{name}_obs_status": status, f"{name}_conf_status": "C" if status == "Q" else "F"}
        rows.append(out)
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
    """To the nearest five points, a half up."""
    return round(SHARE_STEP * math.floor(share / SHARE_STEP + 0.5 + 1e-9), 2)
