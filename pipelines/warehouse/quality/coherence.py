"""Coherence: compare the same figure in two sources, and check whether declared reasons explain the difference.

Real figures are never compared with invented ones; a demonstration's returns are compared with invented references.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from pipelines.core import codes
from pipelines.warehouse.reference.model import KINDS, REFERENCE

if TYPE_CHECKING:
    from pipelines.core.home import HomeKind
    from pipelines.warehouse.quality.coherence_reasons import ComparablePair, Reason, Selector

RETURNED: Final = "returned"
"""Kind of the counts from the returns of a real home, in addition to the kinds of references."""
INVENTED: Final = "invented"

INDICATOR = ("measure", "level", "statistic", "offence_group", "offence", "person_type")
UNIT = ("count_unit", "unit_measure")
PERIOD = ("period_start", "period_end", "accumulation")
OF_WHOM = ("sex", "age", "exploitation", "citizenship")
KEY: Final = ("territory", "jurisdiction", *INDICATOR, *UNIT, *PERIOD, *OF_WHOM)
"""Columns that are equal on both sides of a pair. A null is a missing code and never matches."""
_SIDE = {
    "source": pl.String(),
    "words": pl.String(),
    "value": pl.Float64(),
    "parts": pl.String(),  # terms of a sum, `2017: 83 + 2018: 36`; empty for a figure published as such
    "obs_status": pl.String(),
    "victim_status": pl.String(),
    "caveat": pl.String(),
}
PAIR: Final[dict[str, pl.DataType]] = {
    "comparison": pl.String(),  # sources, parts:<dimension>, or the id of a declared comparison
    **{name: REFERENCE[name] for name in KEY},
    "period": pl.String(),
    **{f"left_{name}": kind for name, kind in _SIDE.items()},
    **{f"right_{name}": kind for name, kind in _SIDE.items()},
    "definition": pl.String(),  # same; near if a mapping is near or a victim status is not stated
}
VERDICTS = ("reconciles", "explained", "open")


class MixedKindsError(ValueError):
    """Real figures would be compared with invented ones."""


def from_counts(counts: pl.DataFrame, home: HomeKind, source: str) -> pl.DataFrame:
    """Return rows of `mart_count` in the schema REFERENCE, without the region and without breakdowns by sanction.

    Their kind is `invented` for a demonstration and `returned` for a real home; `source` names them in the pairs.
    """
    chosen = counts.filter(is_of_reference())
    spans = {p: _first_and_last_day(p) for p in chosen["period"].unique().to_list()}
    start, end = ({p: days[i] for p, days in spans.items()} for i in (0, 1))
    pooled = pl.col("freq").str.starts_with("P")
    rows = chosen.with_columns(
        kind=pl.lit(INVENTED if home == "demonstration" else RETURNED),
        jurisdiction=pl.col("area"),
        source=pl.lit(source),
        period_start=pl.col("period").replace_strict(start, return_dtype=pl.Date()),
        period_end=pl.col("period").replace_strict(end, return_dtype=pl.Date()),
        accumulation=pl.when(pooled).then(pl.lit("multi_year")).otherwise(pl.lit("discrete")),
        offence_words=pl.col("offence"),
        measure_words=pl.col("measure").replace(_labels("measure")),
        unit_words=pl.col("count_unit"),
        unit_measure=pl.lit("NR"),
        mapping=pl.lit("same"),
        breakdown=pl.lit(""),
        occurrence=pl.lit(1),
    )
    rows = rows.with_columns(pl.lit(None, kind).alias(n) for n, kind in REFERENCE.items() if n not in rows.columns)
    return rows.select(pl.col(name).cast(kind) for name, kind in REFERENCE.items())


def is_of_reference() -> pl.Expr:
    """Return the filter for rows of `mart_count` that `from_counts` returns."""
    return (
        pl.col("area_kind").is_in(["territory", "jurisdiction"])
        & pl.col("sentence_type").is_in(["_T", "_Z"])
        & pl.col("sentence_band").is_in(["_T", "_Z"])
    )


READ = {*REFERENCE, *codes.CELL_KEY}
"""Columns of `mart_count` that `from_counts` reads, and some that it does not."""


def _labels(codelist: str) -> dict[str, str]:
    return {code: codes.get_code_label(codelist, code) for code in codes.list_codes(codelist)}


def match_figures(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Return pairs (schema PAIR) of figures of two sides with the same indicator, unit, period and persons.

    A figure for several years is compared with the sum of the other side's years, if one source has all of them; stocks
    are never summed.  Two different stated victim statuses never match; an unstated one (`_U`) matches a stated one as
    `near`, but only if there is a single candidate on each side, including withheld ones.  A source is never paired
    with itself.  Raises MixedKindsError if real figures would be compared with invented ones.
    """
    _refuse_mixed_kinds(left, right)
    left_rows, right_rows = _mapped(left), _mapped(right)
    left_rows, right_rows = _with_pools(left_rows, right_rows), _with_pools(right_rows, left_rows)
    joined = left_rows.join(right_rows, on=list(KEY), suffix="_right", how="inner")
    joined = joined.filter(pl.col("source") != pl.col("source_right"))
    is_exact = pl.col("victim_status") == pl.col("victim_status_right")
    is_unstated = (pl.col("victim_status") == "_U") | (pl.col("victim_status_right") == "_U")
    pair_key = [*KEY, "source", "source_right"]
    has_rivals = pl.len().over(pair_key) > 1
    # Withheld figures are dropped last: 159 victims of unstated status do not match 154 presumed victims merely because
    # the identified ones are withheld.
    both_known = pl.col("value").is_not_null() & pl.col("value_right").is_not_null()
    matches = joined.filter(is_exact | is_unstated).filter(is_exact | ~has_rivals).filter(both_known)
    is_near = (pl.col("mapping") != "same") | (pl.col("mapping_right") != "same") | ~is_exact
    is_near = is_near | (pl.col("victim_status") == "_U")
    return _pairs(
        matches.with_columns(
            comparison=pl.lit("sources"), definition=pl.when(is_near).then(pl.lit("near")).otherwise(pl.lit("same"))
        )
    )


def pair_parts(rows: pl.DataFrame, dimension: str) -> pl.DataFrame:
    """Return pairs (schema PAIR) of a source's own total over a dimension and the sum of its parts, at least two.

    `dimension` is one of `sex age exploitation citizenship`. Figures are matched by the source's own words, so they
    need no measure of ours. The total is on the left. A total with a withheld part is not paired.
    Raises ValueError for another dimension.
    """
    if dimension not in OF_WHOM:
        raise ValueError(f"{dimension!r} is not a dimension of parts; there are {', '.join(OF_WHOM)}")
    _refuse_mixed_kinds(rows)
    identity = [*KEY, "kind", "source", "measure_words", "offence_words", "unit_words", "victim_status"]
    within = [name for name in identity if name != dimension]
    once = rows.filter(~pl.struct(identity).is_duplicated() & (pl.col("occurrence") == 1))
    totals = once.filter((pl.col(dimension) == "_T") & pl.col("value").is_not_null())
    broken = once.filter(pl.col(dimension).is_not_null() & ~pl.col(dimension).is_in(["_T", "_Z"]))
    sums = (
        broken.sort(*within, dimension, nulls_last=True)
        .group_by(within, maintain_order=True)
        .agg(
            value=pl.col("value").sum(),
            unknown=pl.col("value").is_null().any(),
            terms=pl.len(),
            parts=_join_terms(_name_parts(dimension)),
            caveat=pl.col("caveat").drop_nulls().unique(maintain_order=True).str.join(" "),
        )
        .filter((pl.col("terms") > 1) & ~pl.col("unknown"))
    )
    joined = _as_side(totals).join(sums, on=within, how="inner", suffix="_right", nulls_equal=True)
    same = {f"{name}_right": pl.col(name) for name in ("source", "words", "obs_status", "victim_status")}
    return _pairs(joined.with_columns(comparison=pl.lit(f"parts:{dimension}"), definition=pl.lit("same"), **same))


def _name_parts(dimension: str) -> pl.Expr:
    """Return the names of parts: codes, but for forms of exploitation the publisher's words where there are some.

    "labour incl. 26 forced begging" is more than the code `labour`.
    """
    code = pl.col(dimension)
    return pl.coalesce(pl.col("breakdown").replace("", None), code) if dimension == "exploitation" else code


def pair_declared(rows: pl.DataFrame, comparisons: Iterable[ComparablePair]) -> pl.DataFrame:
    """Return pairs (schema PAIR) of figures that are declared as comparable by the source's words.

    Raises LookupError if a declaration does not select exactly one known figure on each side.
    """
    _refuse_mixed_kinds(rows)
    frames = []
    for comparison in comparisons:
        left_row, right_row = (find_row(rows, side) for side in (comparison.left, comparison.right))
        left_side = _as_side(left_row).with_columns(
            comparison=pl.lit(comparison.id), definition=pl.lit(comparison.definition)
        )
        right_side = _as_side(right_row).select(pl.col(name).alias(f"{name}_right") for name in _SIDE)
        frames.append(_pairs(left_side.hstack(right_side)))
    return pl.concat(frames) if frames else pl.DataFrame(schema=PAIR)


def find_row(rows: pl.DataFrame, selector: Selector) -> pl.DataFrame:
    """Return the one row with a known value that a selector names. Raises LookupError."""
    conditions = selector.conditions_by_column()
    matches = rows.filter(pl.all_horizontal(pl.col(name) == value for name, value in conditions.items()))
    matches = matches.filter(pl.col("value").is_not_null())
    if matches.height != 1:
        description = ", ".join(f"{name} {value!r}" for name, value in conditions.items())
        raise LookupError(f"{matches.height} known figures with {description}; name exactly one")
    return matches


def explain_differences(pairs: pl.DataFrame, reasons: Sequence[Reason]) -> pl.DataFrame:
    """Add the difference, its verdict and its reasons to each pair.

    New columns: `difference` (left - right), `relative` (to the left figure, null if that is 0), `explained` (sum of
    the amounts of the reasons that apply), `verdict` and `reasons` (their ids). The verdict is `reconciles` if there is
    no difference, `explained` if the amounts add up to the difference exactly, else `open`. The amount of a reason
    changes its sign if the pair has the two sources in reverse order.
    Raises ValueError if an amount is still a reference to another figure (`resolve_amounts`).
    """
    unsettled = [reason.id for reason in reasons if reason.amount is None]
    if unsettled:
        raise ValueError(f"reasons without an amount: {', '.join(unsettled)}; settle them against the rows first")
    names = [n for n in PAIR if n in pairs.columns]
    applied = [[(r.id, r.find_direction(pair)) for r in reasons] for pair in pairs.select(names).iter_rows(named=True)]
    amounts = {r.id: r.amount or 0.0 for r in reasons}
    explained = [sum(sign * amounts[id_] for id_, sign in row) for row in applied]
    reason_ids = [", ".join(id_ for id_, sign in row if sign) for row in applied]
    difference = pl.col("left_value") - pl.col("right_value")
    return pairs.with_columns(
        difference=difference,
        relative=pl.when(pl.col("left_value") != 0).then(difference / pl.col("left_value")),
        explained=pl.Series(explained, dtype=pl.Float64),
        reasons=pl.Series(reason_ids, dtype=pl.String),
    ).with_columns(
        verdict=pl.when(pl.col("difference") == 0)
        .then(pl.lit("reconciles"))
        .when((pl.col("reasons") != "") & (pl.col("explained") == pl.col("difference")))
        .then(pl.lit("explained"))
        .otherwise(pl.lit("open"))
    )


def find_idle_reasons(verdicts: pl.DataFrame, reasons: Sequence[Reason]) -> list[str]:
    """Return the ids of obsolete reasons: they apply to no pair, or only to pairs without a difference."""
    at_work = verdicts.filter(pl.col("difference") != 0)["reasons"].str.split(", ").explode().to_list()
    return [reason.id for reason in reasons if reason.id not in at_work]


# -- Building pairs


def _mapped(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with a measure of ours that are unique in their source, including withheld ones."""
    mapped = rows.filter((pl.col("mapping") != "none") & pl.col("measure").is_not_null())
    twice = pl.struct("source", *KEY, "victim_status").is_duplicated()
    return mapped.filter(~twice & (pl.col("occurrence") == 1))


def _refuse_mixed_kinds(*sides: pl.DataFrame) -> None:
    kinds = {kind for side in sides for kind in side["kind"].unique().to_list()}
    unknown = kinds - {*KINDS, RETURNED}
    if unknown:
        raise ValueError(f"rows of the kind {', '.join(map(str, sorted(unknown, key=str)))} are not known here")
    if INVENTED in kinds and len(kinds) > 1:
        others = ", ".join(sorted(kinds - {INVENTED}))
        raise MixedKindsError(
            f"invented figures would be compared with real ones ({others}); keep a demonstration's returns to invented "
            "references, and leave these out of everything else"
        )


def _as_side(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns that one side of a pair needs."""
    without = rows if "parts" in rows.columns else rows.with_columns(parts=pl.lit(""))
    return without.with_columns(words=pl.col("measure_words"))


def _pairs(joined: pl.DataFrame) -> pl.DataFrame:
    """Return two joined sides (the right one with a suffix) in the schema PAIR, in a fixed order."""
    left_columns = [pl.col(name).alias(f"left_{name}") for name in _SIDE]
    right_columns = [pl.col(f"{name}_right").alias(f"right_{name}") for name in _SIDE]
    pairs = joined.select("comparison", *KEY, "period", *left_columns, *right_columns, "definition")
    order = ["comparison", "territory", "period_start", "period", "left_source", "left_words", *OF_WHOM, "right_source"]
    return pairs.select(pl.col(name).cast(kind) for name, kind in PAIR.items()).sort(order, nulls_last=True)


def _with_pools(rows: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Return the rows as sides, together with sums of single years over the multi-year periods of the other side."""
    spans = other.filter(pl.col("accumulation") == "multi_year").select("period_start", "period_end").unique()
    pools = [_pool(rows, start, end) for start, end in sorted(spans.iter_rows())]
    return pl.concat([_as_side(rows), *pools], how="diagonal")


def _pool(rows: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    """Return sums over the years from start to end, for flows that have a figure for every year."""
    years = end.year - start.year + 1
    group = [name for name in ("source", "measure_words", *KEY, "victim_status", "mapping") if name not in PERIOD]
    single = rows.filter(
        (pl.col("statistic") == "count")
        & (pl.col("accumulation") == "discrete")
        & (pl.col("period") == pl.col("period_start").dt.year().cast(pl.String))
        & pl.col("period_start").is_between(start, end)
        & (pl.col("period_end") <= end)
    )
    summed = (
        single.sort("period_start")
        .group_by(group, maintain_order=True)
        .agg(
            value=pl.when(pl.col("value").is_not_null().all()).then(pl.col("value").sum()),
            terms=pl.len(),
            parts=_join_terms(pl.col("period")),
            # The sum has the least certain status of its terms.
            obs_status=pl.when((pl.col("obs_status") != "A").any())
            .then(pl.col("obs_status").filter(pl.col("obs_status") != "A").first())
            .otherwise(pl.lit("A")),
            caveat=pl.col("caveat").drop_nulls().unique(maintain_order=True).str.join(" "),
            kind=pl.col("kind").first(),
        )
        .filter(pl.col("terms") == years)
    )
    whole = summed.with_columns(
        period=pl.lit(f"{start.year}-{end.year}"),
        period_start=pl.lit(start),
        period_end=pl.lit(end),
        accumulation=pl.lit("multi_year"),
    )
    return _as_side(whole).drop("terms")


def _join_terms(name: pl.Expr) -> pl.Expr:
    """Return an expression for the terms of a sum: `2017: 83 + 2018: 36`, in the order of the rows."""
    number = pl.col("value").cast(pl.Int64).cast(pl.String)
    return pl.concat_str([name, number], separator=": ").str.join(" + ")


def _first_and_last_day(period: str) -> tuple[date, date]:
    """Return first and last day of `2026-Q3`, `2026` or `2023-2025`. Raises ValueError."""
    from pipelines.model.periods import Period

    first, dash, last = period.partition("-")
    if dash and not last.startswith("Q"):
        return Period.from_code(first).start, Period.from_code(last).end
    return Period.from_code(period).start, Period.from_code(period).end


def resolve_amounts(reasons: Iterable[Reason], rows: pl.DataFrame) -> list[Reason]:
    """Replace each reference to a published figure by its amount. Raises LookupError if the figure is missing."""
    resolved = []
    for reason in reasons:
        if reason.amount_of is not None:
            value = find_row(rows, reason.amount_of)["value"].item()
            reason = reason.model_copy(update={"amount": value, "amount_of": None})
        resolved.append(reason)
    return resolved
