"""Build the table of all pairs of sources in a home or a release, with verdict and reasons.

The table may contain real and invented figures, but a pair never combines the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from pipelines.core import codes
from pipelines.warehouse.quality import coherence
from pipelines.warehouse.quality.coherence_reasons import Declarations
from pipelines.warehouse.reference.model import REFERENCE, WHOLE_OFFENCES

if TYPE_CHECKING:
    from pipelines.core.home import HomeKind

RETURNS: Final = "returns"
"""Source name of the figures from returns."""
COHERENCE: Final[dict[str, pl.DataType]] = {
    "world": pl.String(),  # published: among references; invented or returned: with figures from returns
    **coherence.PAIR,
    "difference": pl.Float64(),
    "relative": pl.Float64(),
    "explained": pl.Float64(),
    "verdict": pl.String(),
    "reasons": pl.String(),
    "reason_text": pl.String(),  # text of the reasons, with the body that states them
}
OFFICES: Final = "offices"
_SANCTIONS = ("sentence_type", "sentence_band")


def compare_references(rows: pl.DataFrame, declarations: Declarations) -> pl.DataFrame:
    """Compare references (schema COHERENCE): between publishers, totals with parts in each, and as declared."""
    real = rows.filter(pl.col("kind") != coherence.INVENTED)
    between = _keep_one_direction(coherence.match_figures(real, real))
    within = [coherence.pair_parts(real, dimension) for dimension in coherence.OF_WHOM]
    published = real.filter(pl.col("kind") == "published")
    return _add_verdicts(
        pl.concat([between, coherence.pair_declared(published, declarations.comparisons), *within]),
        declarations,
        published,
        "published",
    )


def compare_returns(
    counts: pl.DataFrame | pl.LazyFrame, rows: pl.DataFrame, declarations: Declarations, kind: HomeKind
) -> pl.DataFrame:
    """Compare figures from returns with references (schema COHERENCE), in a demonstration with invented ones only.

    `counts` are rows of `mart_count`, or published cells; rows without a value are not paired. Publishers give figures
    of a whole group of offences, so they are compared with the total of the group and not with one of its offences.
    """
    invented = kind == "demonstration"
    sides = rows.filter((pl.col("kind") == coherence.INVENTED) == invented)
    comparable = select_comparable(counts.lazy()).collect()
    returned = coherence.from_counts(_whole_offences(comparable), kind, RETURNS)
    published = rows.filter(pl.col("kind") == "published")
    return _add_verdicts(
        coherence.match_figures(returned, sides),
        declarations,
        published,
        coherence.INVENTED if invented else coherence.RETURNED,
    )


def select_comparable(counts: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows of `mart_count` that `compare_returns` pairs, in its columns."""
    names = counts.collect_schema().names()
    return counts.filter(pl.col("value").is_not_null(), _is_whole(), coherence.is_of_reference()).select(
        name for name in names if name in coherence.READ
    )


def find_published_elsewhere(counts: pl.DataFrame, rows: pl.DataFrame, kind: HomeKind) -> pl.DataFrame:
    """Return the keys of totals for which a reference has an equal figure.

    The keys are those of `codes.CELL_KEY`, and `counts` are cells with their true values.  Sums of years are left out,
    because they are not cells.
    """
    invented = kind == "demonstration"
    sides = rows.filter((pl.col("kind") == coherence.INVENTED) == invented)
    with_value = counts.filter(pl.col("value").is_not_null())
    pairs = coherence.match_figures(coherence.from_counts(_whole_offences(with_value), kind, RETURNS), sides)
    equal = pairs.filter(
        pl.col("left_value") == pl.col("right_value"), pl.col("definition") == "same", pl.col("left_parts") == ""
    ).with_columns(area=pl.col("jurisdiction"), offence=pl.lit("_T"), victim_status=pl.col("left_victim_status"))
    totals = with_value.filter(
        pl.col("area_kind") != "region", *(pl.col(name).is_in(codes.TOTAL_CODES) for name in _SANCTIONS)
    )
    of_pair = [name for name in codes.CELL_KEY if name in equal.columns]
    return totals.join(equal.select(of_pair), on=of_pair, how="semi").select(codes.CELL_KEY)


def compare_offices(
    sides: pl.DataFrame, declarations: Declarations, rows: pl.DataFrame, kind: HomeKind
) -> pl.DataFrame:
    """Compare offices (schema COHERENCE), from rows of `mart_coherence_input`. The counting office is on the left."""
    frames = {
        (counts, source): coherence.from_counts(group, kind, str(source))
        for (counts, source), group in sides.group_by(["counts", "source"], maintain_order=True)
    }
    empty = pl.DataFrame(schema=REFERENCE)
    counting_side = pl.concat([empty, *(frame for (counts, _), frame in frames.items() if counts)])
    other_side = pl.concat([empty, *(frame for (counts, _), frame in frames.items() if not counts)])
    pairs = coherence.match_figures(counting_side, other_side).with_columns(comparison=pl.lit(OFFICES))
    world = coherence.INVENTED if kind == "demonstration" else coherence.RETURNED
    return _add_verdicts(pairs, declarations, rows.filter(pl.col("kind") == "published"), world)


def _whole_offences(counts: pl.DataFrame) -> pl.DataFrame:
    """Return the totals of groups of offences, with the code that references have for the whole group.

    Pools of years are left out: `match_figures` adds up the years of a reference's own period.
    """
    return counts.filter(_is_whole()).with_columns(
        offence=pl.col("offence_group").replace_strict(WHOLE_OFFENCES, default=None, return_dtype=pl.String)
    )


def _is_whole() -> pl.Expr:
    return (pl.col("offence") == "_T") & ~pl.col("freq").str.starts_with("P")


def _keep_one_direction(pairs: pl.DataFrame) -> pl.DataFrame:
    """Keep each pair within one table once, without its mirror image."""
    return pairs.filter(pl.col("left_source") < pl.col("right_source"))


def _add_verdicts(pairs: pl.DataFrame, declarations: Declarations, published: pl.DataFrame, world: str) -> pl.DataFrame:
    reasons = coherence.resolve_amounts(declarations.reasons, published)
    reason_texts = {reason.id: f"{reason.text.rstrip('.')} ({reason.said_by}; {reason.status})." for reason in reasons}
    verdicts = coherence.explain_differences(pairs, reasons)
    texts = [" ".join(reason_texts[id_] for id_ in row.split(", ") if id_) for row in verdicts["reasons"].to_list()]
    labelled = verdicts.with_columns(pl.lit(world).alias("world"), pl.Series("reason_text", texts, dtype=pl.String))
    order = ["comparison", "territory", "period_start", "left_source", "right_source", *coherence.KEY[2:]]
    return labelled.select(pl.col(name).cast(kind) for name, kind in COHERENCE.items()).sort(order, nulls_last=True)
