"""From wide frames of figures to the tables of the records: exact for offices, by the rule for the public."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.statistics import records_rule as rule
from pipelines.statistics.cohorts import OUTCOMES
from pipelines.statistics.pending import AGE_BANDS
from pipelines.warehouse.records.declared_programme import RecordProgramme
from pipelines.warehouse.records.wide_frames import GROUPS, Figures

if TYPE_CHECKING:
    import polars as pl

Tables = dict[str, "pl.DataFrame"]
LENGTHS = ("p25", "median", "p75")
CUSTODY = ("custodial_share", "suspended_share")
LAW_SHARES = ("below_minimum", "at_maximum")
RATIOS = ("conviction_ratio", "decided_ratio", "open_share")
QUANTILES = ("median", "p75", "p90")
_DAYS, _MONTHS = (10.0, 30.0), (6.0, 12.0)
"""Steps of values and of their limits."""
PRISON = {"sentence_type": "prison", "sentence_band": "_T"}
WHOLE = {"sentence_type": "_T", "sentence_band": "_T"}


def restricted(found: Figures) -> Tables:
    """Every figure as it is; `n_band` is the number of persons. The area is put on later, and so are the lags."""
    wide = found.wide
    days, cohorts = wide["record_duration"], wide["record_cohort"]
    duration = [
        _exact(days, "record_duration", QUANTILES, "D", "M"),
        _exact(days, "record_duration", ("open_share",), "PC", "M"),
    ]
    ages = wide["record_pending"]
    bands = [code for code, _ in AGE_BANDS]
    waiting = [
        _exact(ages, "record_pending", QUANTILES, "D", "M"),
        _exact(_as_shares(ages, bands), "record_pending", bands, "PC", "M"),
    ]
    outcomes = list(OUTCOMES)
    became = [
        _exact(cohorts, "record_cohort", RATIOS, "PC", "O"),
        _exact(_as_shares(cohorts, outcomes), "record_cohort", outcomes, "PC", "O"),
    ]
    return _tables(duration, waiting, became, _exact_sentences(wide), _dispersed(wide, public=False))


def public(found: Figures, programme: RecordProgramme) -> Tables:
    """What the programme names and the rule allows; a figure that fails is withheld, not dropped."""
    import polars as pl

    wide, asked = found.wide, programme
    days = wide["record_duration"].filter(pl.col("freq").is_in(asked.durations.public.freqs))
    ages = wide["record_pending"]
    cohorts = wide["record_cohort"].filter(
        pl.col("freq").is_in(asked.cohorts.public.freqs), pl.col("quarters") == asked.cohorts.public.quarters
    )
    duration = [
        _ruled_quantiles(days, "record_duration", _among(QUANTILES, asked.durations.public.statistics), "D", _DAYS),
        _ruled_shares(days, "record_duration", _among(("open_share",), asked.durations.public.statistics)),
    ]
    waiting = [_ruled_quantiles(ages, "record_pending", _among(QUANTILES, asked.pending.public.statistics), "D", _DAYS)]
    became = [ruled_cohorts(cohorts, asked.cohorts.public.statistics)]
    return _tables(duration, waiting, became, _ruled_sentences(wide, asked), _dispersed(wide, public=True))


# ------------------------------------------------------------------------------------------------------------ as it is


def _exact(wide: pl.DataFrame, table: str, names: Sequence[str], unit: str, absent: str) -> pl.DataFrame:
    """A row each figure; percent where the unit says so. `absent`: the status of a figure that is not there."""
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
    return _told(pl.concat(parts), table)


def _told(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """The columns of a table that are there; the area is put on later."""
    names = [*GROUPS[table], *(one for one in _OWN if one in rows.columns)]
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

    def labelled(rows: pl.DataFrame, **labels: pl.Expr) -> pl.DataFrame:
        return rows.with_columns(**labels)

    whole = {name: pl.lit(code) for name, code in WHOLE.items()}
    prison = {name: pl.lit(code) for name, code in PRISON.items()}
    share, of = pl.lit("share"), pl.col("statistic")
    parts = [
        labelled(_exact(custody, table, CUSTODY, "PC", "M"), **whole),
        labelled(
            _exact(_as_shares(custody, kinds), table, kinds, "PC", "M"),
            **whole | {"sentence_type": of, "statistic": share},
        ),
        labelled(_exact(wide["sentence_lengths"], table, LENGTHS, "MO", "M"), **prison),
        labelled(
            _exact(_as_shares(bands, lengths), table, lengths, "PC", "M"),
            **prison | {"sentence_band": of, "statistic": share},
        ),
        labelled(_exact(wide["sentence_against_law"], table, LAW_SHARES, "PC", "M"), **prison),
    ]
    return [_told(part, table) for part in parts]


# ------------------------------------------------------------------------------------------------------------ the rule


def _among(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return [name for name in names if name in wanted]


def _ruled_quantiles(
    wide: pl.DataFrame, table: str, names: Sequence[str], unit: str, steps: tuple[float, float]
) -> pl.DataFrame:
    also = [name for name in ("seen_from", "seen_until", "as_at") if name in wide.columns]
    by = [*GROUPS[table], *also]
    return _melted(rule.public_quantiles(wide, by, names, step=steps[0], limit_step=steps[1]), table, names, unit)


def _ruled_shares(wide: pl.DataFrame, table: str, names: Sequence[str]) -> pl.DataFrame:
    also = [name for name in ("seen_from", "seen_until", "seen_quarters") if name in wide.columns]
    return _melted(rule.public_shares(wide, [*GROUPS[table], *also], names), table, names, "PC")


def _melted(ruled: pl.DataFrame, table: str, names: Sequence[str], unit: str) -> pl.DataFrame:
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
    return _told(pl.concat([_told(part, table) for part in [empty, *parts]]), table)


def _without(
    rows: pl.DataFrame, wide: pl.DataFrame, table: str, allowed: Callable[[Mapping[str, Any]], Sequence[str]]
) -> pl.DataFrame:
    """The rows of figures that may not stand beside the others of their whole withheld: shares of one whole tell one
    another."""
    import polars as pl

    by = [*GROUPS[table]]
    keep = [
        {name: row[name] for name in by} | {"statistic": name_of}
        for row in wide.iter_rows(named=True)
        for name_of in allowed(row)
    ]
    types: dict[str, Any] = {name: wide.schema[name] for name in by} | {"statistic": pl.String()}
    kept = pl.DataFrame(keep, schema=types, orient="row").with_columns(stands=pl.lit(True))
    hide = pl.col("stands").is_null() & pl.col("value").is_not_null()
    return (
        rows.join(kept, on=[*by, "statistic"], how="left", maintain_order="left")
        .with_columns(
            *(pl.when(~hide).then(pl.col(name)).alias(name) for name in ("value", "low", "high")),
            obs_status=pl.when(hide).then(pl.lit("Q")).otherwise("obs_status"),
            conf_status=pl.when(hide).then(pl.lit("C")).otherwise("conf_status"),
        )
        .drop("stands")
    )


def ruled_cohorts(cohorts: pl.DataFrame, told: Sequence[str]) -> pl.DataFrame:
    """Convicted, otherwise ended, not ended: their shares are public together, or none of them is.

    One share alone would say that another part is small; of a known whole even which number.
    """

    def allowed(row: Mapping[str, Any]) -> Sequence[str]:
        if row["conviction_ratio_n"] is None:
            return RATIOS
        return RATIOS if rule.none_small(row["conviction_ratio_n"], row["ended_otherwise"], row["open_share_n"]) else ()

    return _without(_ruled_shares(cohorts, "record_cohort", _among(RATIOS, told)), cohorts, "record_cohort", allowed)


def ruled_custody(custody: pl.DataFrame, told: Sequence[str]) -> pl.DataFrame:
    """To be served, suspended, another sanction, none known: as for cohorts."""

    def allowed(row: Mapping[str, Any]) -> Sequence[str]:
        other = row["custodial_share_of"] - row["prison"] - row["prison_suspended"]
        return CUSTODY if rule.none_small(row["prison"], row["prison_suspended"], other, row["_U"]) else ()

    return _without(
        _ruled_shares(custody, "record_sentence", _among(CUSTODY, told)), custody, "record_sentence", allowed
    )


def _ruled_sentences(wide: Mapping[str, pl.DataFrame], programme: RecordProgramme) -> list[pl.DataFrame]:
    import polars as pl

    asked = programme.sentences.public
    frames = {
        name: frame.filter(pl.col("freq").is_in(asked.freqs))
        for name, frame in wide.items()
        if name.startswith("sentence_")
    }
    table, told = "record_sentence", asked.statistics
    parts = {
        "sentence_custody": (ruled_custody(frames["sentence_custody"], told), WHOLE),
        "sentence_lengths": (
            _ruled_quantiles(frames["sentence_lengths"], table, _among(LENGTHS, told), "MO", _MONTHS),
            PRISON,
        ),
        "sentence_against_law": (
            _ruled_shares(frames["sentence_against_law"], table, _among(LAW_SHARES, told)),
            PRISON,
        ),
    }
    return [
        _told(_only_whole(rows, frames[name]).with_columns(**{to: pl.lit(code) for to, code in labels.items()}), table)
        for name, (rows, labels) in parts.items()
    ]


def _only_whole(rows: pl.DataFrame, wide: pl.DataFrame) -> pl.DataFrame:
    """A year that the records do not hold whole is not available yet (O)."""
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


def _dispersed(wide: Mapping[str, pl.DataFrame], *, public: bool) -> pl.DataFrame:
    """The dispersion by area and group, upward to a tenth; of several registers of one area that of the most cases."""
    import polars as pl

    ruled = rule.ruled(wide["record_dispersion"])
    bands = [rule.band(n) if public else str(n) for n in ruled["n_proceedings"]]
    tenths = [math.ceil(round(10 * phi, 9)) / 10 for phi in ruled["phi"]]
    out = ruled.with_columns(
        phi=pl.Series(tenths, dtype=pl.Float64()),
        cases_band=pl.Series(bands, dtype=pl.String()),
        is_public=pl.col("published"),
    )
    chosen = _of_most(out, "n_proceedings", ["jurisdiction", "offence_group"])
    return chosen.filter("is_public") if public else chosen


def _of_most(frame: pl.DataFrame, size: str, within: Sequence[str]) -> pl.DataFrame:
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
