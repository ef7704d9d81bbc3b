"""Turn wide frames into tables of figures from records: exact for offices, by the disclosure rule for the public."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.statistics import records_rule as rule
from pipelines.statistics.cohorts import OUTCOMES
from pipelines.statistics.pending import AGE_BANDS
from pipelines.warehouse.records.declared_programme import RecordProgramme
from pipelines.warehouse.records.wide_frames import GROUPS, RecordFigures

if TYPE_CHECKING:
    import polars as pl

Tables = dict[str, "pl.DataFrame"]
LENGTHS = ("p25", "median", "p75")
CUSTODY = ("custodial_share", "suspended_share")
LAW_SHARES = ("below_minimum", "at_maximum")
RATIOS = ("conviction_ratio", "decided_ratio", "open_share")
QUANTILES = ("median", "p75", "p90")
_DAYS, _MONTHS = (10.0, 30.0), (6.0, 12.0)
"""Rounding steps of values and of their limits."""
PRISON = {"sentence_type": "prison", "sentence_band": "_T"}
WHOLE = {"sentence_type": "_T", "sentence_band": "_T"}


def tabulate_restricted(figures: RecordFigures) -> Tables:
    """Return every figure unrounded; `n_band` is the number of persons. Area columns and lags are added later."""
    wide = figures.wide
    days, cohorts = wide["record_duration"], wide["record_cohort"]
    duration_tables = [
        _exact(days, "record_duration", QUANTILES, "D", "M"),
        _exact(days, "record_duration", ("open_share",), "PC", "M"),
    ]
    ages = wide["record_pending"]
    bands = [code for code, _ in AGE_BANDS]
    pending_tables = [
        _exact(ages, "record_pending", QUANTILES, "D", "M"),
        _exact(_as_shares(ages, bands), "record_pending", bands, "PC", "M"),
    ]
    outcomes = list(OUTCOMES)
    cohort_tables = [
        _exact(cohorts, "record_cohort", RATIOS, "PC", "O"),
        _exact(_as_shares(cohorts, outcomes), "record_cohort", outcomes, "PC", "O"),
    ]
    return _tables(
        duration_tables, pending_tables, cohort_tables, _exact_sentences(wide), _tabulate_dispersion(wide, public=False)
    )


def tabulate_public(figures: RecordFigures, programme: RecordProgramme) -> Tables:
    """Return the public figures of the programme. A figure that the rule forbids keeps its row, without a value."""
    import polars as pl

    wide = figures.wide
    days = wide["record_duration"].filter(pl.col("freq").is_in(programme.durations.public.freqs))
    ages = wide["record_pending"]
    cohorts = wide["record_cohort"].filter(
        pl.col("freq").is_in(programme.cohorts.public.freqs), pl.col("quarters") == programme.cohorts.public.quarters
    )
    duration_tables = [
        _ruled_quantiles(
            days, "record_duration", _intersect(QUANTILES, programme.durations.public.statistics), "D", _DAYS
        ),
        _ruled_shares(days, "record_duration", _intersect(("open_share",), programme.durations.public.statistics)),
    ]
    pending_tables = [
        _ruled_quantiles(ages, "record_pending", _intersect(QUANTILES, programme.pending.public.statistics), "D", _DAYS)
    ]
    cohort_tables = [ruled_cohorts(cohorts, programme.cohorts.public.statistics)]
    return _tables(
        duration_tables,
        pending_tables,
        cohort_tables,
        _ruled_sentences(wide, programme),
        _tabulate_dispersion(wide, public=True),
    )


# --------------------------------------------------------------------------------------------------------- exact


def _exact(wide: pl.DataFrame, table: str, names: Sequence[str], unit: str, absent: str) -> pl.DataFrame:
    """Return one row for each figure, in percent if the unit is PC. `absent` is the status of a missing figure."""
    import polars as pl

    factor = 100.0 if unit == "PC" else 1.0
    parts = [
        wide.with_columns(
            pl.lit(name).alias("statistic"),
            pl.lit(unit).alias("unit_measure"),
            *(
                (
                    pl.col(column).cast(pl.Float64) * factor if column in wide.columns else pl.lit(None, pl.Float64)
                ).alias(to)
                for column, to in ((name, "value"), (f"{name}_low", "low"), (f"{name}_high", "high"))
            ),
            n_band=pl.col("n_persons").cast(pl.String),
            obs_status=pl.when(pl.col(name).is_null()).then(pl.lit(absent)).otherwise(pl.lit("A")),
            conf_status=pl.lit("F"),
        )
        for name in names
    ]
    return _select_columns(pl.concat(parts), table)


def _select_columns(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Select the columns of a table that are present; area columns are added later."""
    names = [*GROUPS[table], *(name for name in _OWN if name in rows.columns)]
    return rows.select(names)


_OWN = (
    "statistic", "unit_measure", "value", "low", "high", "n_band", "obs_status", "conf_status", "seen_from",
    "seen_until", "as_at", "seen_quarters", "sentence_type", "sentence_band",
)  # fmt: skip


def _as_shares(wide: pl.DataFrame, parts: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    whole = pl.sum_horizontal(parts, ignore_nulls=False)
    return wide.with_columns((pl.col(name) / whole).fill_nan(None).alias(name) for name in parts)


def _exact_sentences(wide: Mapping[str, pl.DataFrame]) -> list[pl.DataFrame]:
    import polars as pl

    table, custody, bands = "record_sentence", wide["sentence_custody"], wide["sentence_bands"]
    behind = {*GROUPS[table], "is_whole", "n_persons", "n_proceedings", "largest_share"}
    kinds = [name for name in custody.columns if name not in behind and not name.startswith(CUSTODY)]
    lengths = [name for name in bands.columns if name not in behind]

    def add_labels(rows: pl.DataFrame, **labels: pl.Expr) -> pl.DataFrame:
        return rows.with_columns(**labels)

    whole = {name: pl.lit(code) for name, code in WHOLE.items()}
    prison = {name: pl.lit(code) for name, code in PRISON.items()}
    share, of = pl.lit("share"), pl.col("statistic")
    parts = [
        add_labels(_exact(custody, table, CUSTODY, "PC", "M"), **whole),
        add_labels(
            _exact(_as_shares(custody, kinds), table, kinds, "PC", "M"),
            **whole | {"sentence_type": of, "statistic": share},
        ),
        add_labels(_exact(wide["sentence_lengths"], table, LENGTHS, "MO", "M"), **prison),
        add_labels(
            _exact(_as_shares(bands, lengths), table, lengths, "PC", "M"),
            **prison | {"sentence_band": of, "statistic": share},
        ),
        add_labels(_exact(wide["sentence_against_law"], table, LAW_SHARES, "PC", "M"), **prison),
    ]
    return [_select_columns(part, table) for part in parts]


# --------------------------------------------------------------------------------------------------------- public


def _intersect(names: Sequence[str], allowed: Sequence[str]) -> list[str]:
    return [name for name in names if name in allowed]


def _ruled_quantiles(
    wide: pl.DataFrame, table: str, names: Sequence[str], unit: str, steps: tuple[float, float]
) -> pl.DataFrame:
    also = [name for name in ("seen_from", "seen_until", "as_at") if name in wide.columns]
    by = [*GROUPS[table], *also]
    return _to_rows(rule.public_quantiles(wide, by, names, step=steps[0], limit_step=steps[1]), table, names, unit)


def _ruled_shares(wide: pl.DataFrame, table: str, names: Sequence[str]) -> pl.DataFrame:
    also = [name for name in ("seen_from", "seen_until", "seen_quarters") if name in wide.columns]
    return _to_rows(rule.public_shares(wide, [*GROUPS[table], *also], names), table, names, "PC")


def _to_rows(ruled: pl.DataFrame, table: str, names: Sequence[str], unit: str) -> pl.DataFrame:
    import polars as pl

    factor = 100.0 if unit == "PC" else 1.0
    parts = [
        ruled.with_columns(
            pl.lit(name).alias("statistic"),
            pl.lit(unit).alias("unit_measure"),
            *(
                (pl.col(f"{name}{end}") * factor).round(6).alias(to)
                for end, to in (("", "value"), ("_low", "low"), ("_high", "high"))
            ),
            obs_status=pl.col(f"{name}_obs_status"),
            conf_status=pl.col(f"{name}_conf_status"),
        )
        for name in names
    ]
    empty = ruled.clear().with_columns(
        statistic=pl.lit(""), unit_measure=pl.lit(""), value=pl.lit(0.0), low=pl.lit(0.0), high=pl.lit(0.0),
        obs_status=pl.lit(""), conf_status=pl.lit(""),
    )  # fmt: skip
    return _select_columns(pl.concat([_select_columns(part, table) for part in [empty, *parts]]), table)


def _withhold_unless_allowed(
    rows: pl.DataFrame, wide: pl.DataFrame, table: str, allowed: Callable[[Mapping[str, Any]], Sequence[str]]
) -> pl.DataFrame:
    """Withhold the figures that `allowed` does not return for their row: shares of one whole reveal each other."""
    import polars as pl

    by = [*GROUPS[table]]
    allowed_rows = [
        {name: row[name] for name in by} | {"statistic": name_of}
        for row in wide.iter_rows(named=True)
        for name_of in allowed(row)
    ]
    types: dict[str, Any] = {name: wide.schema[name] for name in by} | {"statistic": pl.String()}
    allowed_frame = pl.DataFrame(allowed_rows, schema=types, orient="row").with_columns(is_allowed=pl.lit(True))
    hide = pl.col("is_allowed").is_null() & pl.col("value").is_not_null()
    return (
        rows.join(allowed_frame, on=[*by, "statistic"], how="left", maintain_order="left")
        .with_columns(
            *(pl.when(~hide).then(pl.col(name)).alias(name) for name in ("value", "low", "high")),
            obs_status=pl.when(hide).then(pl.lit("Q")).otherwise("obs_status"),
            conf_status=pl.when(hide).then(pl.lit("C")).otherwise("conf_status"),
        )
        .drop("is_allowed")
    )


def ruled_cohorts(cohorts: pl.DataFrame, statistics: Sequence[str]) -> pl.DataFrame:
    """Publish the shares of convicted, otherwise ended and not ended together, or none of them.

    A single share would reveal that another part is small and, if the whole is known, its number.
    """

    def list_allowed(row: Mapping[str, Any]) -> Sequence[str]:
        if row["conviction_ratio_n"] is None:
            return RATIOS
        return RATIOS if rule.none_small(row["conviction_ratio_n"], row["ended_otherwise"], row["open_share_n"]) else ()

    return _withhold_unless_allowed(
        _ruled_shares(cohorts, "record_cohort", _intersect(RATIOS, statistics)), cohorts, "record_cohort", list_allowed
    )


def ruled_custody(custody: pl.DataFrame, statistics: Sequence[str]) -> pl.DataFrame:
    """Publish the shares of custody (served, suspended, other, unknown) together or not at all, as for cohorts."""

    def list_allowed(row: Mapping[str, Any]) -> Sequence[str]:
        other_sanctions = row["custodial_share_of"] - row["prison"] - row["prison_suspended"]
        return CUSTODY if rule.none_small(row["prison"], row["prison_suspended"], other_sanctions, row["_U"]) else ()

    return _withhold_unless_allowed(
        _ruled_shares(custody, "record_sentence", _intersect(CUSTODY, statistics)),
        custody,
        "record_sentence",
        list_allowed,
    )


def _ruled_sentences(wide: Mapping[str, pl.DataFrame], programme: RecordProgramme) -> list[pl.DataFrame]:
    import polars as pl

    declared = programme.sentences.public
    frames = {
        name: frame.filter(pl.col("freq").is_in(declared.freqs))
        for name, frame in wide.items()
        if name.startswith("sentence_")
    }
    table, statistics = "record_sentence", declared.statistics
    parts = {
        "sentence_custody": (ruled_custody(frames["sentence_custody"], statistics), WHOLE),
        "sentence_lengths": (
            _ruled_quantiles(frames["sentence_lengths"], table, _intersect(LENGTHS, statistics), "MO", _MONTHS),
            PRISON,
        ),
        "sentence_against_law": (
            _ruled_shares(frames["sentence_against_law"], table, _intersect(LAW_SHARES, statistics)),
            PRISON,
        ),
    }
    return [
        _select_columns(
            _mark_incomplete_years(rows, frames[name]).with_columns(
                **{to: pl.lit(code) for to, code in labels.items()}
            ),
            table,
        )
        for name, (rows, labels) in parts.items()
    ]


def _mark_incomplete_years(rows: pl.DataFrame, wide: pl.DataFrame) -> pl.DataFrame:
    """Mark a year that the records do not cover completely as not available yet (O)."""
    import polars as pl

    by = list(GROUPS["record_sentence"])
    whole = pl.col("is_whole")
    return (
        rows.join(wide.select(*by, "is_whole").unique(), on=by, how="left", maintain_order="left")
        .with_columns(
            *(pl.when(whole).then(pl.col(name)).alias(name) for name in ("value", "low", "high", "n_band")),
            obs_status=pl.when(whole).then("obs_status").otherwise(pl.lit("O")),
            conf_status=pl.when(whole).then("conf_status").otherwise(pl.lit("F")),
        )
        .drop("is_whole")
    )


# ----------------------------------------------------------------------------------------------------- inputs of ratios


def _tabulate_dispersion(wide: Mapping[str, pl.DataFrame], *, public: bool) -> pl.DataFrame:
    """Return the dispersion by area and offence group, rounded up to a tenth.

    If an area has several registers, the one with the most cases is used.
    """
    import polars as pl

    ruled = rule.apply_rule(wide["record_dispersion"])
    bands = [rule.format_size_band(n) if public else str(n) for n in ruled["n_proceedings"]]
    tenths = [math.ceil(round(10 * phi, 9)) / 10 for phi in ruled["phi"]]
    table = ruled.with_columns(
        phi=pl.Series(tenths, dtype=pl.Float64()),
        cases_band=pl.Series(bands, dtype=pl.String()),
        is_public=pl.col("published"),
    )
    largest = _keep_largest(table, "n_proceedings", ["jurisdiction", "offence_group"])
    return largest.filter("is_public") if public else largest


def _keep_largest(frame: pl.DataFrame, size: str, within: Sequence[str]) -> pl.DataFrame:
    order = frame.sort(size, "source", descending=[True, False])
    return order.unique(within, keep="first", maintain_order=True)


def _tables(
    duration: Sequence[pl.DataFrame],
    waiting: Sequence[pl.DataFrame],
    became: Sequence[pl.DataFrame],
    sentence: Sequence[pl.DataFrame],
    dispersed: pl.DataFrame,
) -> Tables:
    import polars as pl

    return {
        "record_duration": pl.concat(duration, how="diagonal"),
        "record_pending": pl.concat(waiting, how="diagonal"),
        "record_cohort": pl.concat(became, how="diagonal"),
        "record_sentence": pl.concat(sentence, how="diagonal"),
        "record_dispersion": dispersed,
    }
