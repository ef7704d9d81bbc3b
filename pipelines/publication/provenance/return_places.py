"""Find the numbers in aggregate returns behind a figure, each with its sheet and cell."""

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
"""Dimensions whose codes are the same in returns and figures; ages and sentence lengths are mapped."""
_GROUP = ("jurisdiction", "source", "period")


@dataclass(frozen=True)
class Place:
    """One number of one return. `factor` is -1 if it is subtracted: the previous quarter of a count from January."""

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
    """Return the numbers of aggregate returns behind a cell: totals if the office sends them, else their parts."""
    import polars as pl

    from pipelines.ledger import facts

    paths = [p for i in sorted(accepted) if (p := facts.path_of(home, "observation", i)).exists()]
    if not paths:
        return ()
    rows = pl.read_parquet(paths).filter(pl.col("period").is_in(periods_of(cell)), pl.col("unit_measure") == "NR")
    rows = newest_blocks(rows, accepted)
    rows = _filter_offence(rows, cell)
    for name in PLAIN:
        if (code := cell.get(name)) is not None:
            rows = _keep_fitting(rows, pl.col(name) == code, whole=code in WHOLE)
    rows = _filter_age(rows, cell)
    rows = _filter_sentence_band(rows, cell)
    rows = _filter_period(rows, cell)
    return tuple(_place(row) for row in rows.iter_rows(named=True))


def periods_of(cell: Mapping[str, Any]) -> list[str]:
    """Return the periods of returns behind a figure: itself, a year's quarters, a pool's years, a quarter before."""
    period = str(cell["period"])
    if cell["freq"] == "Q":
        # In a return that counts from January, a quarter is the difference to the previous quarter.
        year, quarter = period[:4], int(period[-1])
        return [period, *([f"{year}-Q{quarter - 1}"] if quarter > 1 else [])]
    years = [int(part) for part in period.split("-")]
    return [p for year in range(years[0], years[-1] + 1) for p in (str(year), *(f"{year}-Q{q}" for q in range(1, 5)))]


def newest_blocks(rows: pl.DataFrame, accepted: Mapping[str, str]) -> pl.DataFrame:
    """Keep only the most recently accepted submission of each block."""
    import polars as pl

    block = [name for name in ("jurisdiction", "instrument", "form", "freq", "period") if name in rows.columns]
    order = pl.col("submission_id").replace_strict(dict(accepted), default="", return_dtype=pl.String)
    return rows.with_columns(_accepted=order).filter(pl.col("_accepted") == pl.col("_accepted").max().over(block))


def _filter_offence(rows: pl.DataFrame, cell: Mapping[str, Any]) -> pl.DataFrame:
    """Keep the rows of the offence; for a whole group its own row if the office sends one, else those of its articles.

    In a table by article, a row without an article (`_Z`) is one of the parts; in a table without articles, the row
    with the group's own code is the group.
    """
    import polars as pl

    offence = codes.read_codelist("offence")
    code_wanted = cell.get("offence")
    whole = code_wanted is None or code_wanted in WHOLE
    group = cell["offence_group"] if whole else offence[str(code_wanted)]["offence_group"]
    among = {code: row["parent"] for code, row in offence.items() if row["offence_group"] == group}
    over = (*_GROUP, "measure", "level", "count_unit")
    rows = rows.filter(pl.col("offence").is_in(list(among)))
    by_article = (~pl.col("law_article").is_in(WHOLE)).any().over(over)
    has_parent = pl.col("offence").is_in([code for code, parent in among.items() if parent])
    part = has_parent | (by_article & (pl.col("law_article") != "_T"))
    if whole:
        return _keep_fitting(rows, ~part, whole=True, over=over)
    rows = rows.filter(part & (pl.col("offence") == code_wanted))
    return _keep_fitting(rows, pl.col("law_article") == "_T", whole=True, over=over)


def _filter_age(rows: pl.DataFrame, cell: Mapping[str, Any]) -> pl.DataFrame:
    """Keep the rows of the age group; for a common group its own row if there is one, else the finer ages within it."""
    import polars as pl

    age = cell.get("age")
    if age is None:
        return rows
    if age in WHOLE:
        return _keep_fitting(rows, pl.col("age") == age, whole=True)
    finer = [code for code, row in codes.read_codelist("age").items() if row["parent"] == age]
    return _keep_fitting(rows.filter(pl.col("age").is_in([age, *finer])), pl.col("age") == age, whole=True)


def _filter_sentence_band(rows: pl.DataFrame, cell: Mapping[str, Any]) -> pl.DataFrame:
    """Keep the rows of the sentence length; reported lengths are mapped to the common bands."""
    import polars as pl

    band = cell.get("sentence_band")
    if band is None:
        return rows
    if band in WHOLE:
        return rows.filter(pl.col("sentence_band").is_in(WHOLE))
    tables = rows.partition_by(*_GROUP, "measure", "level", "sentence_type", maintain_order=True)
    frames = []
    for table in tables:
        becomes = common_bands(table["sentence_band"].unique().to_list())
        frames.append(table.filter(pl.col("sentence_band").is_in([b for b, to in becomes.items() if to == band])))
    return pl.concat([rows.clear(), *frames])


def common_bands(given: Sequence[str]) -> dict[str, str]:
    """Map each reported length of one table to the common band that it fills together with others, else to unknown.

    A band inside another band is left out; if the wider band fits no common band, the wider one is left out instead.
    """
    bands = {code: row for code, row in codes.read_codelist("sentence_band").items() if row["lower_months"]}
    ends = {code: (float(row["lower_months"]), float(row["upper_months"] or "9999")) for code, row in bands.items()}
    lengths = [code for code in given if code in bands]
    left_out = set()
    for narrow in lengths:
        for wide in lengths:
            is_inside = ends[wide][0] <= ends[narrow][0] and ends[narrow][1] <= ends[wide][1]
            if narrow != wide and is_inside:
                left_out.add(narrow if bands[wide]["common_band"] else wide)
    retained = [code for code in lengths if code not in left_out]
    width: dict[str, float] = {}
    for code in retained:
        common = bands[code]["common_band"]
        width[common] = width.get(common, 0.0) + ends[code][1] - ends[code][0]
    full = {common for common in width if common and width[common] == ends[common][1] - ends[common][0]}
    mapping = {code: common if (common := bands[code]["common_band"]) in full else "_U" for code in retained}
    return {**{code: code for code in given if code not in bands}, **mapping}


def _filter_period(rows: pl.DataFrame, cell: Mapping[str, Any]) -> pl.DataFrame:
    """Keep the rows of the period: for a year the office's annual figure or else its quarters.

    For a quarter of a count from January, the previous quarter is subtracted.
    """
    import polars as pl

    cumulative = pl.col("accumulation") == "ytd"
    if cell["freq"] == "Q":
        now = pl.col("period") == cell["period"]
        return rows.filter(now | cumulative).with_columns(_factor=pl.when(now).then(1).otherwise(-1))
    year = pl.col("period").str.slice(0, 4)
    has_annual = (pl.col("freq") == "A").any().over("jurisdiction", "source", year)
    last = pl.col("period").str.ends_with("-Q4")
    rows_kept = rows.filter((pl.col("freq") == "A") | (~has_annual & (~cumulative | last)))
    return rows_kept.with_columns(_factor=pl.lit(1))


def _keep_fitting(
    rows: pl.DataFrame, fits: pl.Expr, *, whole: bool, over: Sequence[str] = (*_GROUP, "measure", "level")
) -> pl.DataFrame:
    """Keep the rows that fit. For a total that an office does not send for a period, keep all its rows as parts."""
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
