"""Coherence: the same thing said by two sources, their difference, and whether declared reasons explain it.

A pair is never made across the line between what is real and what is invented: a demonstration's returns are held
against invented references only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from pipelines.warehouse.reference.model import KINDS, REFERENCE

if TYPE_CHECKING:
    from pipelines.core.home import HomeKind
    from pipelines.warehouse.quality.coherence_reasons import Comparison, Reason, Selector

RETURNED: Final = "returned"
"""Kind of counts made from the returns of a real home, beside the kinds of references."""
INVENTED: Final = "invented"

INDICATOR = ("measure", "level", "statistic", "offence_group", "offence", "person_type")
UNIT = ("count_unit", "unit_measure")
PERIOD = ("period_start", "period_end", "accumulation")
OF_WHOM = ("sex", "age", "exploitation", "citizenship")
KEY: Final = ("territory", "jurisdiction", *INDICATOR, *UNIT, *PERIOD, *OF_WHOM)
"""What both sides of a pair agree in. A null is no code of ours and agrees with nothing."""
_SIDE = {
    "source": pl.String(),
    "words": pl.String(),
    "value": pl.Float64(),
    "parts": pl.String(),  # what a figure was added up from, `2017: 83 + 2018: 36`; empty where it was published so
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
    "definition": pl.String(),  # same, or near where a mapping is near or a victim status is not said
}
VERDICTS = ("reconciles", "explained", "open")


class MixedKindsError(ValueError):
    """Real figures would be compared with invented ones."""


def from_counts(counts: pl.DataFrame, home: HomeKind, source: str) -> pl.DataFrame:
    """Rows of `mart_count` in the schema REFERENCE, without the region and without breakdowns by sanction.

    Those of a demonstration are of kind `invented`, those of a real home `returned`; `source` names them in the pairs.
    """
    chosen = counts.filter(
        pl.col("area_kind").is_in(["territory", "jurisdiction"])
        & pl.col("sentence_type").is_in(["_T", "_Z"])
        & pl.col("sentence_band").is_in(["_T", "_Z"])
    )
    spans = {p: _days(p) for p in chosen["period"].unique().to_list()}
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
        measure_words=pl.col("measure"),
        unit_words=pl.col("count_unit"),
        unit_measure=pl.lit("NR"),
        mapping=pl.lit("same"),
        breakdown=pl.lit(""),
        occurrence=pl.lit(1),
    )
    rows = rows.with_columns(pl.lit(None, kind).alias(n) for n, kind in REFERENCE.items() if n not in rows.columns)
    return rows.select(pl.col(name).cast(kind) for name, kind in REFERENCE.items())


def comparable(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that may be paired by their codes: mapped, known, and said once by their source (docs/architecture.md)."""
    return _mapped(rows).filter(pl.col("value").is_not_null())


def match(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Pairs (schema PAIR) of what two sides say of one thing: same indicator, unit, period and persons.

    A figure for several years meets the sum of the other side's years, where one source has every one of them; stocks
    are never summed.  Victim statuses that are both said and differ are no pair; one that is not said (`_U`) meets a
    said one as `near`, and only where there is a single candidate on either side, withheld ones counted.  A source is
    never paired with itself.  Raises MixedKindsError where real and invented figures meet.
    """
    _one_kind(left, right)
    ours, theirs = _mapped(left), _mapped(right)
    ours, theirs = _with_pools(ours, theirs), _with_pools(theirs, ours)
    joined = ours.join(theirs, on=list(KEY), suffix="_right", how="inner")
    joined = joined.filter(pl.col("source") != pl.col("source_right"))
    exact = pl.col("victim_status") == pl.col("victim_status_right")
    unsaid = (pl.col("victim_status") == "_U") | (pl.col("victim_status_right") == "_U")
    here = [*KEY, "source", "source_right"]
    rivals = pl.len().over(here) > 1
    # Withheld figures go last: 159 victims of no said status are not the 154 presumed ones because the identified hide.
    known = pl.col("value").is_not_null() & pl.col("value_right").is_not_null()
    kept = joined.filter(exact | unsaid).filter(exact | ~rivals).filter(known)
    near = (pl.col("mapping") != "same") | (pl.col("mapping_right") != "same") | ~exact
    near = near | (pl.col("victim_status") == "_U")
    return _pairs(
        kept.with_columns(
            comparison=pl.lit("sources"), definition=pl.when(near).then(pl.lit("near")).otherwise(pl.lit("same"))
        )
    )


def parts(rows: pl.DataFrame, dimension: str) -> pl.DataFrame:
    """Pairs (schema PAIR) of a source's own total over a dimension and the sum of the parts it gives, at least two.

    `dimension` is one of `sex age exploitation citizenship`. The words of a source are its own, so that a measure of
    ours is not needed. Left is the total. A withheld part leaves its total unpaired.
    Raises ValueError for another dimension.
    """
    if dimension not in OF_WHOM:
        raise ValueError(f"{dimension!r} is not a dimension of parts; there are {', '.join(OF_WHOM)}")
    _one_kind(rows)
    said = [*KEY, "kind", "source", "measure_words", "offence_words", "unit_words", "victim_status"]
    within = [name for name in said if name != dimension]
    once = rows.filter(~pl.struct(said).is_duplicated() & (pl.col("occurrence") == 1))
    totals = once.filter((pl.col(dimension) == "_T") & pl.col("value").is_not_null())
    broken = once.filter(pl.col(dimension).is_not_null() & ~pl.col(dimension).is_in(["_T", "_Z"]))
    sums = (
        broken.sort(*within, dimension, nulls_last=True)
        .group_by(within, maintain_order=True)
        .agg(
            value=pl.col("value").sum(),
            unknown=pl.col("value").is_null().any(),
            terms=pl.len(),
            parts=_terms(dimension),
            caveat=pl.col("caveat").drop_nulls().unique(maintain_order=True).str.join(" "),
        )
        .filter((pl.col("terms") > 1) & ~pl.col("unknown"))
    )
    joined = _side(totals).join(sums, on=within, how="inner", suffix="_right", nulls_equal=True)
    same = {f"{name}_right": pl.col(name) for name in ("source", "words", "obs_status", "victim_status")}
    return _pairs(joined.with_columns(comparison=pl.lit(f"parts:{dimension}"), definition=pl.lit("same"), **same))


def declared(rows: pl.DataFrame, comparisons: Iterable[Comparison]) -> pl.DataFrame:
    """Pairs (schema PAIR) of figures that declarations put side by side by the source's words.

    Raises LookupError where a declaration does not name exactly one known figure on each side.
    """
    _one_kind(rows)
    made = []
    for comparison in comparisons:
        left, right = (find(rows, side) for side in (comparison.left, comparison.right))
        shared = _side(left).with_columns(comparison=pl.lit(comparison.id), definition=pl.lit(comparison.definition))
        other = _side(right).select(pl.col(name).alias(f"{name}_right") for name in _SIDE)
        made.append(_pairs(shared.hstack(other)))
    return pl.concat(made) if made else pl.DataFrame(schema=PAIR)


def find(rows: pl.DataFrame, selector: Selector) -> pl.DataFrame:
    """The one row with a known value that a selector names. Raises LookupError."""
    wanted = selector.columns()
    found = rows.filter(pl.all_horizontal(pl.col(name) == value for name, value in wanted.items()))
    found = found.filter(pl.col("value").is_not_null())
    if found.height != 1:
        said = ", ".join(f"{name} {value!r}" for name, value in wanted.items())
        raise LookupError(f"{found.height} known figures with {said}; name exactly one")
    return found


def explain(pairs: pl.DataFrame, reasons: Sequence[Reason]) -> pl.DataFrame:
    """The pairs with `difference` (left - right), `relative` (of the left figure, null where that is 0), `explained`
    (sum of the amounts of the reasons that apply), `verdict` and `reasons` (their ids).

    `reconciles`: no difference; `explained`: the reasons' amounts come to the difference exactly; else `open`. A
    reason stated between two sources counts with the other sign where they stand the other way round.
    Raises ValueError where an amount is still a reference to another figure (`resolve_amounts`).
    """
    unsettled = [reason.id for reason in reasons if reason.amount is None]
    if unsettled:
        raise ValueError(f"reasons without an amount: {', '.join(unsettled)}; settle them against the rows first")
    names = [n for n in PAIR if n in pairs.columns]
    applied = [[(r.id, r.applies(pair)) for r in reasons] for pair in pairs.select(names).iter_rows(named=True)]
    amounts = {r.id: r.amount or 0.0 for r in reasons}
    explained = [sum(sign * amounts[id_] for id_, sign in row) for row in applied]
    known = [", ".join(id_ for id_, sign in row if sign) for row in applied]
    difference = pl.col("left_value") - pl.col("right_value")
    return pairs.with_columns(
        difference=difference,
        relative=pl.when(pl.col("left_value") != 0).then(difference / pl.col("left_value")),
        explained=pl.Series(explained, dtype=pl.Float64),
        reasons=pl.Series(known, dtype=pl.String),
    ).with_columns(
        verdict=pl.when(pl.col("difference") == 0)
        .then(pl.lit("reconciles"))
        .when((pl.col("reasons") != "") & (pl.col("explained") == pl.col("difference")))
        .then(pl.lit("explained"))
        .otherwise(pl.lit("open"))
    )


def idle(verdicts: pl.DataFrame, reasons: Sequence[Reason]) -> list[str]:
    """Ids of reasons that explain nothing: no pair they apply to, or only such as reconcile. They are out of date."""
    at_work = verdicts.filter(pl.col("difference") != 0)["reasons"].str.split(", ").explode().to_list()
    return [reason.id for reason in reasons if reason.id not in at_work]


# -- making pairs


def _mapped(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with a measure of ours that their source says once, withheld ones with them."""
    mapped = rows.filter((pl.col("mapping") != "none") & pl.col("measure").is_not_null())
    twice = pl.struct("source", *KEY, "victim_status").is_duplicated()
    return mapped.filter(~twice & (pl.col("occurrence") == 1))


def _one_kind(*sides: pl.DataFrame) -> None:
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


def _side(rows: pl.DataFrame) -> pl.DataFrame:
    """What a pair keeps of a row, under the names of a side."""
    without = rows if "parts" in rows.columns else rows.with_columns(parts=pl.lit(""))
    return without.with_columns(words=pl.col("measure_words"))


def _pairs(joined: pl.DataFrame) -> pl.DataFrame:
    """Two joined sides (the right one with the suffix) in the schema PAIR, in a fixed order."""
    left = [pl.col(name).alias(f"left_{name}") for name in _SIDE]
    right = [pl.col(f"{name}_right").alias(f"right_{name}") for name in _SIDE]
    made = joined.select("comparison", *KEY, "period", *left, *right, "definition")
    order = ["comparison", "territory", "period_start", "period", "left_source", "left_words", *OF_WHOM, "right_source"]
    return made.select(pl.col(name).cast(kind) for name, kind in PAIR.items()).sort(order, nulls_last=True)


def _with_pools(rows: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """The rows as sides, and of their single years the sums over the spans of years that the other side has."""
    spans = other.filter(pl.col("accumulation") == "multi_year").select("period_start", "period_end").unique()
    pools = [_pool(rows, start, end) for start, end in sorted(spans.iter_rows())]
    return pl.concat([_side(rows), *pools], how="diagonal")


def _pool(rows: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    """Sums over whole years from start to end, of series that have each of them; flows only."""
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
            parts=_terms("period"),
            # The least certain status speaks for the sum.
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
    return _side(whole).drop("terms")


def _terms(name: str) -> pl.Expr:
    """`2017: 83 + 2018: 36`, in the order of the rows."""
    number = pl.col("value").cast(pl.Int64).cast(pl.String)
    return pl.concat_str([pl.col(name), number], separator=": ").str.join(" + ")


def _days(period: str) -> tuple[date, date]:
    """First and last day of `2026-Q3`, `2026` or `2023-2025`. Raises ValueError."""
    from pipelines.model.periods import Period

    first, dash, last = period.partition("-")
    if dash and not last.startswith("Q"):
        return Period.of(first).start, Period.of(last).end
    return Period.of(period).start, Period.of(period).end


def resolve_amounts(reasons: Iterable[Reason], rows: pl.DataFrame) -> list[Reason]:
    """Replace each reference to a published figure by its amount. Raises LookupError where the figure is missing."""
    resolved = []
    for reason in reasons:
        if reason.amount_of is not None:
            value = find(rows, reason.amount_of)["value"].item()
            reason = reason.model_copy(update={"amount": value, "amount_of": None})
        resolved.append(reason)
    return resolved
