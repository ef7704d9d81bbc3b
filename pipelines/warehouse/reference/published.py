"""Read the figures that were collected by hand from publications, and the invented references of a demonstration."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.warehouse.reference.model import REFERENCE, REFERENCE_KEY, WHOLE_OFFENCES

PUBLISHED = Path(__file__).with_name("published_figures.csv")
INVENTED = Path(__file__).with_name("invented.csv")
GLOTIP_FIGURES = Path(__file__).with_name("glotip_figures.csv")
"""UNODC's figures that docs/methodology/coherence.md compares. Not gathered: homes import the whole table."""
INVENTOR = "Invented observatory (demonstration)"
"""Publisher of the invented references. No such body exists."""
INVENTED_CAVEAT = "Invented for the demonstration; nobody published this figure."


def read_published(path: Path = PUBLISHED) -> pl.DataFrame:
    """Return the collected figures in the schema REFERENCE, in file order; `place` is the line of the file.

    A figure without a code of ours keeps the publisher's words and has a null `measure`. A figure that the collector
    calculated from the text has status `derived` and obs_status E.
    """
    collected = _read(path)
    return _finish(
        collected.with_columns(
            kind=pl.lit("published"),
            source=pl.col("source_title"),
            offence=_offence(),
            obs_status=pl.when(pl.col("status") == "derived").then(pl.lit("E")).otherwise(pl.lit("A")),
            # A length of sentences in years is not a count.
            unit_measure=pl.when(pl.col("count_unit").is_not_null()).then(pl.lit("NR")),
            conf_status=pl.lit("F"),
        )
    )


def read_invented(path: Path = INVENTED) -> pl.DataFrame:
    """Return invented annual references in the schema REFERENCE, for comparison with demonstration figures only."""
    invented = _read(path)
    victims = pl.col("count_unit") == "victim"
    return _finish(
        invented.with_columns(
            kind=pl.lit("invented"),
            jurisdiction=pl.col("territory"),
            source=pl.lit(f"{INVENTOR}, edition 2026"),
            freq=pl.lit("A"),
            period=pl.col("year"),
            period_start=pl.col("year") + "-01-01",
            period_end=pl.col("year") + "-12-31",
            accumulation=pl.lit("discrete"),
            offence_group=pl.lit("TIP"),
            offence=pl.lit("ICCS0204"),
            offence_words=pl.lit("Trafficking in persons"),
            mapping=pl.lit("same"),
            unit_words=pl.col("count_unit"),
            statistic=pl.lit("count"),
            unit_measure=pl.lit("NR"),
            person_type=pl.when(victims).then(pl.lit("_Z")).otherwise(pl.lit("_T")),
            victim_status=pl.when(victims).then(pl.lit("_T")).otherwise(pl.lit("_Z")),
            sex=pl.lit("_T"),
            age=pl.lit("_T"),
            exploitation=pl.when(victims).then(pl.lit("_T")).otherwise(pl.lit("_Z")),
            citizenship=pl.lit("_T"),
            conf_status=pl.when(pl.col("obs_status") == "Q").then(pl.lit("C")).otherwise(pl.lit("F")),
            status=pl.lit("invented"),
            source_title=pl.lit(INVENTOR),
            source_date=pl.lit("2026"),
            caveat=pl.lit(INVENTED_CAVEAT),
        )
    )


def _read(path: Path) -> pl.DataFrame:
    """Read every field as text, empty ones as null, with the line of the file."""
    return pl.read_csv(path, infer_schema=False).with_row_index("line", offset=2)


def _offence() -> pl.Expr:
    return pl.col("offence_group").replace_strict(WHOLE_OFFENCES, default=None)


def _finish(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns that all collected figures share, cast them, and number repeated keys."""
    rows = rows.with_columns(
        instrument=pl.lit("reference"),
        place=pl.format("line {}", pl.col("line")),
        breakdown=(pl.col("breakdown") if "breakdown" in rows.columns else pl.lit(None, pl.String)).fill_null(""),
        occurrence=pl.lit(1, pl.Int64),
    )
    rows = rows.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in REFERENCE.items() if name not in rows.columns
    )
    dates = [pl.col(name).str.to_date() for name in ("period_start", "period_end")]
    typed = rows.with_columns(dates).select(pl.col(name).cast(dtype) for name, dtype in REFERENCE.items())
    key = [name for name in REFERENCE_KEY if name != "occurrence"]
    return typed.with_columns(occurrence=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(key))
