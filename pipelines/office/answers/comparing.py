"""Compare a return with an earlier version, cell by cell; registers in counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pipelines.findings.places import place_words
from pipelines.findings.texts import code_words
from pipelines.model.content import Where
from pipelines.model.long_tables import CASE_EVENT_KEY, OBSERVATION_KEY
from pipelines.office.answers.model import CellChange, EventCount, FormattedValue, RegisterComparison, VersionComparison
from pipelines.office.answers.values import format_value, key_words

if TYPE_CHECKING:
    import polars as pl

KEY = (*OBSERVATION_KEY, "form")
"""Two values belong to the same figure if all of these are equal."""
_STATE = ("value", "obs_status", "conf_status")
_CARRIED = (*_STATE, "place", "label")


def compare_versions(new: pl.DataFrame, old: pl.DataFrame, language: str, *, kind: str) -> VersionComparison:
    """Compare two versions. A change of status counts: 0, missing and withheld differ.

    Both frames are in OBSERVATION, each key once. In a `patch`, a figure that is left out is unchanged. Big changes
    come first: appearing and vanishing figures by their size, then those without a number, in the order of the file.
    """
    import polars as pl

    is_present = pl.lit(True).alias("_there")
    new_figures = new.select(*KEY, *_CARRIED, is_present)
    right = old.select(*KEY, *_CARRIED, is_present)
    joined = new_figures.join(
        right, on=list(KEY), how="full", coalesce=True, suffix="_old", nulls_equal=True, maintain_order="left_right"
    )
    in_new, in_old = pl.col("_there").is_not_null(), pl.col("_there_old").is_not_null()
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_old")) for name in _STATE)
    sorts = joined.with_columns(
        _kind=pl.when(in_new & ~in_old)
        .then(pl.lit("added"))
        .when(in_old & ~in_new)
        .then(pl.lit("unchanged" if kind == "patch" else "withdrawn"))
        .when(same)
        .then(pl.lit("unchanged"))
        .otherwise(pl.lit("changed"))
    )
    changed = sorts.filter(pl.col("_kind") != "unchanged")
    changes = [_change(row, language) for row in changed.iter_rows(named=True)]
    changes.sort(key=lambda c: -_size(c))
    return VersionComparison(tuple(changes), sorts.height - changed.height)


def _change(row: Mapping[str, Any], language: str) -> CellChange:
    kind: Literal["added", "changed", "withdrawn"] = row["_kind"]
    old = None if kind == "added" else format_value(row["value_old"], row["obs_status_old"], language)
    new = None if kind == "withdrawn" else format_value(row["value"], row["obs_status"], language)
    place = row["place"] if new is not None else None
    return CellChange(
        kind=kind,
        key={name: str(row[name]) for name in KEY},
        words=key_words(row, language),
        label=row["label"] if new is not None else row["label_old"],
        place=place_words(Where.from_text(place), language) if place else None,
        old=old,
        new=new,
        difference=_subtract(old, new),
    )


def _subtract(old: FormattedValue | None, new: FormattedValue | None) -> float | None:
    """Return new minus old if both are numbers; a missing value is not zero."""
    if old is None or new is None or old.value is None or new.value is None:
        return None
    return new.value - old.value


def _size(change: CellChange) -> float:
    if change.difference is not None:
        return abs(change.difference)
    if change.old is not None and change.new is not None:
        return max(abs(figure.value or 0.0) for figure in (change.old, change.new))
    figure = change.new or change.old
    return abs(figure.value) if figure is not None and figure.value is not None else 0.0


# ----------------------------------------------------------------------------------------------------------- registers

_EVENT = (*CASE_EVENT_KEY, "form")
_PERSON = ("source", "proceeding", "person")
_PROCEEDING = ("source", "proceeding")
_CONTENT = ("cutoff_date", "law_article", "sex", "age", "sentence_type", "sentence_months", "partner", "direction",
            "assistance")  # fmt: skip


def compare_registers(new: pl.DataFrame, old: pl.DataFrame, language: str) -> RegisterComparison:
    """Compare two registers in counts only; no pseudonym leaves this function.

    Both frames are in CASE_EVENT. A person is changed if present in both versions with different events or attributes.
    """
    import polars as pl

    def select_distinct(frame: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
        return frame.select(key).unique()

    def count_missing_from(frame: pl.DataFrame, other: pl.DataFrame, key: tuple[str, ...]) -> int:
        return (
            select_distinct(frame, key)
            .join(select_distinct(other, key), on=list(key), how="anti", nulls_equal=True)
            .height
        )

    common_persons = select_distinct(new, _PERSON).join(
        select_distinct(old, _PERSON), on=list(_PERSON), how="semi", nulls_equal=True
    )
    whole = (*_EVENT, *(name for name in _CONTENT if name not in _EVENT))
    differing = (
        pl.concat([_rows_without_match(new, old, whole), _rows_without_match(old, new, whole)]).select(_PERSON).unique()
    )
    changed = differing.join(common_persons, on=list(_PERSON), how="semi", nulls_equal=True).height
    unchanged_events = (
        select_distinct(new, _EVENT)
        .join(select_distinct(old, _EVENT), on=list(_EVENT), how="semi", nulls_equal=True)
        .height
    )
    return RegisterComparison(
        proceedings_added=count_missing_from(new, old, _PROCEEDING),
        proceedings_withdrawn=count_missing_from(old, new, _PROCEEDING),
        persons_added=count_missing_from(new, old, _PERSON),
        persons_withdrawn=count_missing_from(old, new, _PERSON),
        persons_changed=changed,
        events_added=count_missing_from(new, old, _EVENT),
        events_withdrawn=count_missing_from(old, new, _EVENT),
        events_unchanged=unchanged_events,
        by_event=_count_by_event(new, old, language),
    )


def _rows_without_match(frame: pl.DataFrame, other: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    return frame.select(key).join(other.select(key), on=list(key), how="anti", nulls_equal=True)


def _count_by_event(new: pl.DataFrame, old: pl.DataFrame, language: str) -> tuple[EventCount, ...]:
    import polars as pl

    by = ["event", "period"]
    counts = [
        frame.group_by(by).agg(pl.len().cast(pl.Int64).alias(name)) for frame, name in ((old, "old"), (new, "new"))
    ]
    joined = counts[0].join(counts[1], on=by, how="full", coalesce=True).fill_null(0).sort("period", "event")
    return tuple(
        EventCount(row["event"], code_words("measure", row["event"], language), row["period"], row["old"], row["new"])
        for row in joined.iter_rows(named=True)
    )
