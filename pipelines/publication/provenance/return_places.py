"""The numbers of returns that stand behind one figure, each with its sheet and cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.core import codes

if TYPE_CHECKING:
    import polars as pl

    from pipelines.core.home import Home

WHOLE = codes.TOTAL_CODES
PLAIN = tuple(name for name in codes.COUNT_TYPE if name not in ("offence_group", "offence", "age", "sentence_band"))
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


def find_counted_places(home: Home, accepted: Mapping[str, str], cell: Mapping[str, Any]) -> tuple[Place, ...]:
    """Return the numbers of aggregate returns behind a cell: totals where the office gives them, else their parts."""
    import polars as pl

    from pipelines.ledger import facts

    paths = [p for i in sorted(accepted) if (p := facts.path_of(home, "observation", i)).exists()]
    if not paths:
        return ()
    rows = pl.read_parquet(paths).filter(pl.col("period").is_in(periods_of(cell)), pl.col("unit_measure") == "NR")
    rows = newest_blocks(rows, accepted)
    rows = _offences(rows, cell)
    for name in PLAIN:
        if (wanted := cell.get(name)) is not None:
            rows = _fitting(rows, pl.col(name) == wanted, whole=wanted in WHOLE)
    rows = _ages(rows, cell)
    rows = _bands(rows, cell)
    rows = _in_time(rows, cell)
    return tuple(_place(row) for row in rows.iter_rows(named=True))


def periods_of(cell: Mapping[str, Any]) -> list[str]:
    """The periods of returns that a figure may rest on: itself, a year's quarters, a pool's years, a quarter before."""
    period = str(cell["period"])
    if cell["freq"] == "Q":
        # A return that counts from January gives a quarter as the difference to the quarter before.
        year, quarter = period[:4], int(period[-1])
        return [period, *([f"{year}-Q{quarter - 1}"] if quarter > 1 else [])]
    years = [int(part) for part in period.split("-")]
    return [p for year in range(years[0], years[-1] + 1) for p in (str(year), *(f"{year}-Q{q}" for q in range(1, 5)))]


def newest_blocks(rows: pl.DataFrame, accepted: Mapping[str, str]) -> pl.DataFrame:
    """Of each block the rows of the submission that was accepted last."""
    import polars as pl

    block = [name for name in ("jurisdiction", "instrument", "form", "freq", "period") if name in rows.columns]
    order = pl.col("submission_id").replace_strict(dict(accepted), default="", return_dtype=pl.String)
    return rows.with_columns(_accepted=order).filter(pl.col("_accepted") == pl.col("_accepted").max().over(block))


def _offences(rows: pl.DataFrame, cell: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of the offence; of a whole group its own row where the office gives one, else those of its articles.

    In a table by article a row without one (`_Z`) is a part beside the others; in a table without any article the row
    of the group's own code is the group.
    """
    import polars as pl

    offence = codes.codelist("offence")
    wanted = cell.get("offence")
    whole = wanted is None or wanted in WHOLE
    group = cell["offence_group"] if whole else offence[str(wanted)]["offence_group"]
    among = {code: row["parent"] for code, row in offence.items() if row["offence_group"] == group}
    over = (*_GROUP, "measure", "level", "count_unit")
    rows = rows.filter(pl.col("offence").is_in(list(among)))
    by_article = (~pl.col("law_article").is_in(WHOLE)).any().over(over)
    has_parent = pl.col("offence").is_in([code for code, parent in among.items() if parent])
    part = has_parent | (by_article & (pl.col("law_article") != "_T"))
    if whole:
        return _fitting(rows, ~part, whole=True, over=over)
    rows = rows.filter(part & (pl.col("offence") == wanted))
    return _fitting(rows, pl.col("law_article") == "_T", whole=True, over=over)


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
    tables = rows.partition_by(*_GROUP, "measure", "level", "sentence_type", maintain_order=True)
    kept = []
    for table in tables:
        becomes = common_bands(table["sentence_band"].unique().to_list())
        kept.append(table.filter(pl.col("sentence_band").is_in([b for b, to in becomes.items() if to == wanted])))
    return pl.concat([rows.clear(), *kept])


def common_bands(given: Sequence[str]) -> dict[str, str]:
    """What each reported length of one table counts as: the common band that it and its like fill, else unknown.

    A band within a band is left out, unless the wider one fits no common band: then the wider one is.
    """
    bands = {code: row for code, row in codes.codelist("sentence_band").items() if row["lower_months"]}
    ends = {code: (float(row["lower_months"]), float(row["upper_months"] or "9999")) for code, row in bands.items()}
    lengths = [code for code in given if code in bands]
    left_out = set()
    for narrow in lengths:
        for wide in lengths:
            inside = ends[wide][0] <= ends[narrow][0] and ends[narrow][1] <= ends[wide][1]
            if narrow != wide and inside:
                left_out.add(narrow if bands[wide]["common_band"] else wide)
    kept = [code for code in lengths if code not in left_out]
    width: dict[str, float] = {}
    for code in kept:
        common = bands[code]["common_band"]
        width[common] = width.get(common, 0.0) + ends[code][1] - ends[code][0]
    full = {common for common in width if common and width[common] == ends[common][1] - ends[common][0]}
    out = {code: common if (common := bands[code]["common_band"]) in full else "_U" for code in kept}
    return {**{code: code for code in given if code not in bands}, **out}


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
