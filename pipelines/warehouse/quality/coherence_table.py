"""All pairs of sources that a home or a release can hold against each other, with verdict and reasons, as one table.

Two worlds stand in one table and never in one pair: what was really published, and in a demonstration what is invented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from pipelines.warehouse.quality import coherence
from pipelines.warehouse.quality.coherence_reasons import Declarations
from pipelines.warehouse.reference.model import REFERENCE

if TYPE_CHECKING:
    from pipelines.core.home import HomeKind

RETURNS: Final = "returns"
"""How the figures made of returns are named beside the names of publishers."""
COHERENCE: Final[dict[str, pl.DataType]] = {
    "world": pl.String(),  # published: among references; invented or returned: with figures made of returns
    **coherence.PAIR,
    "difference": pl.Float64(),
    "relative": pl.Float64(),
    "explained": pl.Float64(),
    "verdict": pl.String(),
    "reasons": pl.String(),
    "reason_text": pl.String(),  # the reasons' words, with who says so
}
OFFICES: Final = "offices"


def references(rows: pl.DataFrame, said: Declarations) -> pl.DataFrame:
    """Reference against reference (schema COHERENCE): between publishers, within each over its parts, and declared."""
    real = rows.filter(pl.col("kind") != coherence.INVENTED)
    between = _once(coherence.match(real, real))
    within = [coherence.parts(real, dimension) for dimension in coherence.OF_WHOM]
    published = real.filter(pl.col("kind") == "published")
    return _judged(
        pl.concat([between, coherence.declared(published, said.comparisons), *within]), said, published, "published"
    )


def national(counts: pl.DataFrame, rows: pl.DataFrame, said: Declarations, kind: HomeKind) -> pl.DataFrame:
    """Figures made of returns against references (schema COHERENCE): of a demonstration against invented ones only.

    `counts` are rows of `mart_count`, or published cells; what has no value makes no pair.
    """
    invented = kind == "demonstration"
    sides = rows.filter((pl.col("kind") == coherence.INVENTED) == invented)
    ours = coherence.from_counts(counts.filter(pl.col("value").is_not_null()), kind, RETURNS)
    published = rows.filter(pl.col("kind") == "published")
    return _judged(
        coherence.match(ours, sides), said, published, coherence.INVENTED if invented else coherence.RETURNED
    )


def offices(sides: pl.DataFrame, said: Declarations, rows: pl.DataFrame, kind: HomeKind) -> pl.DataFrame:
    """Office against office (schema COHERENCE), from rows of `mart_coherence_input`. Left is the office that counts."""
    made = {
        (counts, source): coherence.from_counts(group, kind, str(source))
        for (counts, source), group in sides.group_by(["counts", "source"], maintain_order=True)
    }
    empty = pl.DataFrame(schema=REFERENCE)
    left = pl.concat([empty, *(frame for (counts, _), frame in made.items() if counts)])
    right = pl.concat([empty, *(frame for (counts, _), frame in made.items() if not counts)])
    pairs = coherence.match(left, right).with_columns(comparison=pl.lit(OFFICES))
    world = coherence.INVENTED if kind == "demonstration" else coherence.RETURNED
    return _judged(pairs, said, rows.filter(pl.col("kind") == "published"), world)


def _once(pairs: pl.DataFrame) -> pl.DataFrame:
    """Of pairs made within one table, each once and not the other way round as well."""
    return pairs.filter(pl.col("left_source") < pl.col("right_source"))


def _judged(pairs: pl.DataFrame, said: Declarations, published: pl.DataFrame, world: str) -> pl.DataFrame:
    reasons = coherence.resolve_amounts(said.reasons, published)
    words = {reason.id: f"{reason.text} ({reason.said_by}; {reason.status})" for reason in reasons}
    judged = coherence.explain(pairs, reasons)
    texts = [" ".join(words[id_] for id_ in row.split(", ") if id_) for row in judged["reasons"].to_list()]
    told = judged.with_columns(pl.lit(world).alias("world"), pl.Series("reason_text", texts, dtype=pl.String))
    order = ["comparison", "territory", "period_start", "left_source", "right_source", *coherence.KEY[2:]]
    return told.select(pl.col(name).cast(kind) for name, kind in COHERENCE.items()).sort(order, nulls_last=True)
