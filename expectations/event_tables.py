"""Tables of the events of registers, of one return and of those before it; `records/` judges their rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import polars as pl

from expectations.reporting import MOST_LISTED
from pipelines.core import codes
from pipelines.declarations.form import Form
from pipelines.declarations.registry import Registry

RETURN = ["submission_id", "form"]
PERSON = [*RETURN, "jurisdiction", "person"]
CASE = [*RETURN, "jurisdiction", "proceeding", "person"]
BLOCK = [*RETURN, "freq", "period"]
EXIT_ORDER = {"prosecution": 35, "first": 45, "appeal": 67, "final": 75}
"""Place of an exit of a level among the stages (`stage_order` of the code list `measure`): after its decisions."""
OUTCOMES_OF_COURT = ("acquitted", "rejected", "discontinued")
"""Exits that end a proceeding; those into another proceeding, such as a transfer, do not."""
LEVELS_OF_COURT = ("first", "final")
"""Levels at which a court decides on the charge."""
NOT_KNOWN = ("_U", "_Z")


def tabulate_events(events: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return the events of returns (`is_new`) and those known before of other periods, with their place in a case.

    `order` is the order of the stage or exit, null for other events; `is_stage`, `is_entry` and `is_outcome` say what
    kind of event it is; `row` numbers the events, those of the returns in the order of the file.
    """
    own_blocks = events.select(BLOCK).unique()
    earlier = before.join(own_blocks, on=BLOCK, how="anti")
    kinds = {code: row["kind"] for code, row in codes.read_codelist("measure").items()}
    stages = {
        code: int(row["stage_order"]) for code, row in codes.read_codelist("measure").items() if row["kind"] == "flow"
    }
    kind = pl.col("event").replace_strict(kinds, default=None, return_dtype=pl.String)
    is_exit = pl.col("event").is_in(OUTCOMES_OF_COURT)
    return (
        pl.concat([events.with_columns(is_new=pl.lit(True)), earlier.with_columns(is_new=pl.lit(False))])
        .with_row_index("row")
        .with_columns(
            order=pl.when(is_exit)
            .then(pl.col("level").replace_strict(EXIT_ORDER, default=None, return_dtype=pl.Int32))
            .otherwise(pl.col("event").replace_strict(stages, default=None, return_dtype=pl.Int32)),
            is_stage=(kind == "flow").fill_null(False),
            is_entry=(kind == "entry").fill_null(False),
            is_outcome=is_exit | is_conviction(),
        )
    )


def is_conviction() -> pl.Expr:
    """Return the condition that an event is a conviction of any level."""
    return pl.col("event").str.starts_with("convicted_")


def pair_events(known: pl.DataFrame, *, with_earlier: bool) -> pl.DataFrame:
    """Return pairs of events of one case that contradict each other; the columns of the former event end in `_first`.

    An event contradicts a later stage with an earlier date, another outcome of the same level and article, or the same
    event on another day, unless an event between them brought the case back.  `is_repeated` marks the last kind.  The
    pairs are within a return, or, with `with_earlier`, between a return and what was known before.  Pairs of two stages
    of one return are left to the contract `record.order`.
    """
    compared = (
        "event",
        "level",
        "law_article",
        "event_date",
        "order",
        "is_stage",
        "is_outcome",
        "is_new",
        "row",
        "place",
    )
    columns = [*CASE, *compared]
    paired = known.filter(pl.col("order").is_not_null()).select(columns)
    new = paired.filter("is_new")
    others = paired.filter(~pl.col("is_new")) if with_earlier else new
    if new.is_empty() or others.is_empty():
        return _as_pairs(new.head(0).join(new.head(0), on=CASE, suffix="_first"))
    joined = new.join(others, on=CASE, suffix="_first")
    if with_earlier:
        # An older period is also compared with newer ones: the former event is the one with the earlier date.
        forward = joined.filter(pl.col("event_date_first") <= pl.col("event_date"))
        backward = joined.filter(pl.col("event_date_first") > pl.col("event_date"))
        joined = pl.concat([forward, _exchange_sides(backward)])
    else:
        joined = joined.filter(
            (pl.col("event_date_first") < pl.col("event_date"))
            | ((pl.col("event_date_first") == pl.col("event_date")) & (pl.col("row_first") < pl.col("row")))
        )
    is_same_level = (pl.col("level") == pl.col("level_first")) & (pl.col("law_article") == pl.col("law_article_first"))
    is_other_day = pl.col("event_date_first") < pl.col("event_date")
    is_repeated = is_other_day & (pl.col("level") == pl.col("level_first"))
    is_repeated &= pl.col("event") == pl.col("event_first")
    # Both parties may appeal, each on a day of its own.
    is_repeated &= pl.col("event") != "appealed"
    is_exclusive = pl.col("is_outcome") & pl.col("is_outcome_first") & is_same_level
    is_exclusive &= pl.col("event") != pl.col("event_first")
    is_backward = is_other_day & (pl.col("order") < pl.col("order_first"))
    if not with_earlier:
        is_backward &= ~(pl.col("is_stage") & pl.col("is_stage_first"))
    pairs = joined.with_columns(is_repeated=is_repeated).filter(is_repeated | is_exclusive | is_backward)
    return _as_pairs(_drop_brought_back(pairs, known if with_earlier else known.filter("is_new")))


def _exchange_sides(pairs: pl.DataFrame) -> pl.DataFrame:
    """Exchange both events of each pair, but keep the place and number of the event of the return."""
    of_return = {"place", "row", "is_new"}
    names = [name.removesuffix("_first") for name in pairs.columns if name.endswith("_first")]
    exchanged = {name: f"{name}_first" for name in names if name not in of_return}
    return pairs.rename(exchanged | {first: name for name, first in exchanged.items()}).select(pairs.columns)


def _drop_brought_back(pairs: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Drop the pairs between whose days an event brought the case back, as a remittal or a reopening does."""
    entries = known.filter("is_entry").select(*CASE, pl.col("event_date").alias("day_of_entry"))
    is_between = pl.col("day_of_entry").is_between(pl.col("event_date_first"), pl.col("event_date"))
    is_between &= pl.col("event_date_first") < pl.col("event_date")
    brought_back = pairs.select(*CASE, "row", "row_first", "event_date", "event_date_first")
    brought_back = brought_back.join(entries, on=CASE).filter(is_between).select("row", "row_first").unique()
    return pairs.join(brought_back, on=["row", "row_first"], how="anti", maintain_order="left")


def _as_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    if "is_repeated" not in pairs.columns:
        pairs = pairs.with_columns(is_repeated=pl.lit(False))
    return pairs.sort("row", "row_first").unique(CASE, keep="first", maintain_order=True)


def pool_records(rows: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Add the number of `records` that a finding is about: one each, or all of a return where they are many.

    The rows are those of a rule, in the order of the file; of many, the first is kept.
    """
    group = ["submission_id", *by]
    number = pl.len().over(group)
    return (
        rows.with_columns(records=pl.when(number > MOST_LISTED).then(number).otherwise(1))
        .filter((pl.col("records") == 1) | (pl.int_range(pl.len()).over(group) == 0))
        .with_columns(pl.col("records").cast(pl.Int64))
    )


def list_register_forms(registry: Registry) -> list[Form]:
    """Return the forms of registers."""
    return [form for form in registry.forms.values() if form.records is not None]


@cache
def list_declared_events(registry: Registry) -> dict[str, frozenset[str]]:
    """Return the events that each register can report, by its series."""
    declared: dict[str, frozenset[str]] = {}
    for form in list_register_forms(registry):
        assert form.records is not None
        events = {column.event for column in form.records.columns.values() if column.event is not None}
        code_tables = [column.codes or "event" for column in form.records.columns.values() if column.field == "event"]
        for entry in (
            entry for name in code_tables for entry in form.table_entries(name) or form.table_entries("measure")
        ):
            coordinate = entry.set
            measure = entry.code or (None if coordinate is None else coordinate.measure)
            events |= {measure} if measure else set()
        declared[form.series] = declared.get(form.series, frozenset()) | events
    return declared


@cache
def list_declared_fields(registry: Registry) -> dict[str, frozenset[str]]:
    """Return the fields of a record that each register has, by its series."""
    declared: dict[str, frozenset[str]] = {}
    for form in list_register_forms(registry):
        assert form.records is not None
        fields = frozenset(column.field for column in form.records.columns.values() if column.field is not None)
        declared[form.series] = declared.get(form.series, frozenset()) | fields
    return declared


@cache
def list_age_limits() -> pl.DataFrame:
    """Return the columns `age, low, high` of the age bands with limits; `high` is excluded, infinite if open."""
    rows = [
        (code, float(row["lower"]), float(row["upper"] or "inf"))
        for code, row in codes.read_codelist("age").items()
        if row["lower"]
    ]
    return pl.DataFrame(rows, schema={"age": pl.String, "low": pl.Float64, "high": pl.Float64}, orient="row")
