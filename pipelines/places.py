"""The numbers of returns that stand behind one figure, each with its sheet and cell.

Belongs here: choosing, from the facts of the submissions that a figure names, the rows it was made of; the choices are
those of the dbt models, made again here for one figure so that the way back can be checked against the figure.
Does not belong here: the release and the ledger (`explain.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines import codes

if TYPE_CHECKING:
    import polars as pl

    from pipelines.home import Home

WHOLE = ("_T", "_Z")
PLAIN = ("measure", "level", "count_unit", "statistic", "person_type", "victim_status", "sex", "exploitation",
         "citizenship", "sentence_type")  # fmt: skip
"""Dimensions whose codes are the same in returns and figures; ages and lengths of sentence are mapped."""
_GROUP = ("jurisdiction", "source", "period")


@dataclass(frozen=True)
class Place:
    """One number of one return. `factor` is -1 where it was taken off: the quarter before in a count from January."""

    submission_id: str
    origin_submission_id: str
    jurisdiction: str
    period: str
    value: float | None
    factor: int
    obs_status: str | None
    place: str | None
    label: str | None
    key: Mapping[str, str]


def places(home: Home, accepted: Mapping[str, str], cell: Mapping[str, Any]) -> tuple[Place, ...]:
    """The numbers behind a cell, by jurisdiction, period and place.

    `accepted` gives, of each submission behind the cell, when it was accepted: of two that hold the same block the
    later one counts.  Totals are taken where the office gives them, else their parts.
    """
    import polars as pl

    from pipelines.intake import facts

    paths = [p for i in sorted(accepted) if (p := facts.path_of(home, "observation", i)).exists()]
    if not paths:
        return ()
    rows = pl.read_parquet(paths).filter(pl.col("period").is_in(periods_of(cell)), pl.col("unit_measure") == "NR")
    rows = _newest_blocks(rows, accepted)
    rows = _offences(rows, cell)
    for name in PLAIN:
        if (wanted := cell.get(name)) is not None:
            rows = _fitting(rows, pl.col(name) == wanted, whole=wanted in WHOLE)
    rows = _ages(rows, cell)
    rows = _bands(rows, cell)
    rows = _in_time(rows, cell)
    ordered = rows.sort("jurisdiction", "period", "_factor", "place", descending=[False, False, True, False])
    return tuple(_place(row) for row in ordered.iter_rows(named=True))


def periods_of(cell: Mapping[str, Any]) -> list[str]:
    """The periods of returns that a figure may rest on: itself, a year's quarters, a pool's years, a quarter before."""
    period = str(cell["period"])
    if cell["freq"] == "Q":
        # A return that counts from January gives a quarter as the difference to the quarter before.
        year, quarter = period[:4], int(period[-1])
        return [period, *([f"{year}-Q{quarter - 1}"] if quarter > 1 else [])]
    years = [int(part) for part in period.split("-")]
    return [p for year in range(years[0], years[-1] + 1) for p in (str(year), *(f"{year}-Q{q}" for q in range(1, 5)))]


def _newest_blocks(rows: pl.DataFrame, accepted: Mapping[str, str]) -> pl.DataFrame:
    import polars as pl

    block = ["jurisdiction", "instrument", "form", "freq", "period"]
    order = pl.col("submission_id").replace_strict(dict(accepted), default="", return_dtype=pl.String)
    return rows.with_columns(_accepted=order).filter(pl.col("_accepted") == pl.col("_accepted").max().over(block))


def _offences(rows: pl.DataFrame, cell: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of the offence; of a whole group its own row where the office gives one, else those of its articles."""
    import polars as pl

    offence = codes.codelist("offence")
    wanted = cell.get("offence")
    whole = wanted is None or wanted in WHOLE
    among = (
        [c for c, row in offence.items() if row["offence_group"] == cell["offence_group"]] if whole else [str(wanted)]
    )
    rows = rows.filter(pl.col("offence").is_in(among))
    own = pl.col("law_article").is_in(WHOLE)
    of_the_group = own & pl.col("offence").is_in([c for c in among if not offence[c]["parent"]])
    # A row of the whole group that names no article is no part of the group.
    own, rows = (of_the_group, rows) if whole else (own, rows.filter(~of_the_group))
    return _fitting(rows, own, whole=True, over=(*_GROUP, "measure", "level", "count_unit"))


def _ages(rows: pl.DataFrame, cell: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of the age group; of a common group its own row where there is one, else the finer ages within it."""
    import polars as pl

    wanted = cell.get("age")
    if wanted is None:
        return rows
    if wanted in WHOLE:
        return _fitting(rows, pl.col("age") == wanted, whole=True)
    finer = [code for code, row in codes.codelist("age").items() if row["parent"] == wanted]
    return _fitting(rows.filter(pl.col("age").is_in([wanted, *finer])), pl.col("age") == wanted, whole=True)


def _bands(rows: pl.DataFrame, cell: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of the length of sentence; lengths as reported are put into the common bands."""
    import polars as pl

    wanted = cell.get("sentence_band")
    if wanted is None:
        return rows
    if wanted in WHOLE:
        return rows.filter(pl.col("sentence_band").is_in(WHOLE))
    within = [c for c, row in codes.codelist("sentence_band").items() if wanted in (c, row["common_band"])]
    return rows.filter(pl.col("sentence_band").is_in(within))


def _in_time(rows: pl.DataFrame, cell: Mapping[str, Any]) -> pl.DataFrame:
    """A year is the office's own annual figure, else its quarters; counts from January are taken off one another."""
    import polars as pl

    cumulative = pl.col("accumulation") == "ytd"
    if cell["freq"] == "Q":
        now = pl.col("period") == cell["period"]
        return rows.filter(now | cumulative).with_columns(_factor=pl.when(now).then(1).otherwise(-1))
    year = pl.col("period").str.slice(0, 4)
    own = (pl.col("freq") == "A").any().over("jurisdiction", "source", year)
    last = pl.col("period").str.ends_with("-Q4")
    kept = rows.filter((pl.col("freq") == "A") | (~own & (~cumulative | last)))
    return kept.with_columns(_factor=pl.lit(1))


def _fitting(
    rows: pl.DataFrame, fits: pl.Expr, *, whole: bool, over: Sequence[str] = (*_GROUP, "measure", "level")
) -> pl.DataFrame:
    """Rows that fit; where a total is wanted and an office gives none for a period, all its rows, as its parts."""
    return rows.filter(fits | ~fits.any().over(over)) if whole else rows.filter(fits)


def _place(row: Mapping[str, Any]) -> Place:
    return Place(
        submission_id=row["submission_id"],
        origin_submission_id=row["origin_submission_id"],
        jurisdiction=row["jurisdiction"],
        period=row["period"],
        value=row["value"],
        factor=row["_factor"],
        obs_status=row["obs_status"],
        place=row["place"],
        label=row["label"],
        key={n: row[n] for n in ("offence", "law_article", *PLAIN, "age", "sentence_band")},
    )
