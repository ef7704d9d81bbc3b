"""Choose a few totals of a return and compare each with the period before, for the people who confirm or approve it.

Some mistakes only a person can see, for example one that keeps every sum right. A page shows these totals next to the
button that decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pipelines.core import codes

if TYPE_CHECKING:
    import polars as pl

FEWEST, MOST = 6, 10
"""Totals shown: fewer than six only if the return has no more."""
_LARGEST = 6
"""Totals chosen by their size; those that changed most follow."""
_SERIES = (
    "jurisdiction", "freq", "measure", "level", "count_unit", "statistic", "offence_group", "victim_status",
    "accumulation", "sex", "age", "direction",
)  # fmt: skip
_MAIN_UNITS = frozenset({"person", "victim", "migrant", "request"})
_ADULTS = "Y_GE18"
_PARTS = {"sex": ("F", "M"), "age": ("Y_LT18", _ADULTS)}
"""Categories that are shown if a return has fewer than six totals."""


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """A control total with its value in this return and in an earlier period.

    `value` and `earlier_value` are None where the figure is missing; `earlier_period` is None if no earlier period with
    this total was accepted. `accumulation` is `ytd` for a total from January on: the earlier period is then the same
    quarter of a year before, or the quarter before if that year is not known. `age` is `Y_GE18` for adults only.
    """

    jurisdiction: str
    freq: str
    measure: str
    level: str
    count_unit: str
    statistic: str
    offence_group: str
    victim_status: str
    accumulation: str
    sex: str
    age: str
    period: str
    value: float | None
    earlier_period: str | None
    earlier_value: float | None
    direction: str = "_Z"
    """Incoming or outgoing, for requests to other territories."""

    @property
    def difference(self) -> float | None:
        """Return the change since the earlier period, if both figures are known."""
        if self.value is None or self.earlier_value is None:
            return None
        return self.value - self.earlier_value

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ControlTotal:
        """Return the total that `as_json` gave."""
        return cls(**{member.name: content[member.name] for member in fields(cls) if member.name in content})

    def as_json(self) -> dict[str, Any]:
        """Return the total as a dict for the API and `rti submit --json`."""
        return {
            **{name: getattr(self, name) for name in _SERIES},
            "period": self.period,
            "value": self.value,
            "earlier_period": self.earlier_period,
            "earlier_value": self.earlier_value,
            "difference": self.difference,
        }


def compare_control_totals(
    period: str,
    observations: pl.DataFrame,
    events: pl.DataFrame,
    earlier_observations: pl.DataFrame,
    earlier_events: pl.DataFrame,
    *,
    is_nil: bool = False,
) -> tuple[ControlTotal, ...]:
    """Return six to ten totals of one period of a return, in the order of the stages, or fewer if it has fewer.

    The frames are in OBSERVATION and CASE_EVENT; those of earlier periods may have any of the same series. A total that
    the period before had and this return does not is included, without a value; in a nil return its value is 0.
    """
    import polars as pl

    now = _tabulate(observations, events).filter(pl.col("period") == period)
    then = _tabulate(earlier_observations, earlier_events).filter(pl.col("period") < period)
    figures = {_key_of(row): row for row in now.iter_rows(named=True)}
    past: dict[tuple[str, ...], dict[str, float | None]] = {}
    for row in then.iter_rows(named=True):
        past.setdefault(_key_of(row), {})[row["period"]] = row["value"]
    newest_period = then["period"].max()
    totals = []
    for key in {**figures, **past}:
        by_period = past.get(key, {})
        if key not in figures and newest_period not in by_period:
            continue  # a series that ended earlier
        series = dict(zip(_SERIES, key, strict=True))
        earlier = _choose_earlier(by_period, period, series["accumulation"])
        value = figures[key]["value"] if key in figures else 0.0 if is_nil else None
        totals.append(ControlTotal(**series, period=period, value=value, earlier_period=earlier,
                                   earlier_value=None if earlier is None else by_period[earlier]))  # fmt: skip
    return tuple(_choose_totals(totals))


def _key_of(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in _SERIES)


def _choose_earlier(by_period: dict[str, float | None], period: str, accumulation: str) -> str | None:
    """Return the newest earlier period; for a total from January on, the same quarter of an earlier year if known."""
    if accumulation == "discrete":
        return max(by_period, default=None)
    same_quarter = [code for code in by_period if code[4:] == period[4:]]
    same_year = [code for code in by_period if code[:4] == period[:4]]
    return max(same_quarter or same_year, default=None)


def _choose_totals(totals: list[ControlTotal]) -> list[ControlTotal]:
    """Choose the largest main totals and those that changed most, then parts and other units if they are too few."""
    of_all_ages = {_series_of(total) for total in totals if total.age == "_T"}
    main = [
        total for total in totals if _is_main(total) and (total.age == "_T" or _series_of(total) not in of_all_ages)
    ]
    chosen = sorted(main, key=_size, reverse=True)[:_LARGEST]
    changed = sorted((total for total in main if total not in chosen), key=_change, reverse=True)
    chosen += [total for total in changed if _size(total) > 0 or len(chosen) < FEWEST][: MOST - len(chosen)]
    others = sorted((total for total in totals if total not in main and _size(total) > 0), key=_size, reverse=True)
    chosen += others[: max(FEWEST - len(chosen), 0)]
    stages = {code: int(row["stage_order"]) for code, row in codes.read_codelist("measure").items()}
    return sorted(
        chosen,
        key=lambda total: (
            total.jurisdiction,
            total.offence_group,
            stages.get(total.measure, 0),
            total.level,
            total not in main,
            *(str(getattr(total, name)) for name in _SERIES),
        ),
    )


def _is_main(total: ControlTotal) -> bool:
    """Return True for a count of people or requests that is not a part by sex or age, and not a stock at the start."""
    is_whole = total.sex == "_T" and total.age in ("_T", _ADULTS)
    return is_whole and total.count_unit in _MAIN_UNITS and total.statistic != "start"


def _series_of(total: ControlTotal) -> tuple[str, ...]:
    return tuple(getattr(total, name) for name in _SERIES if name not in _PARTS)


def _size(total: ControlTotal) -> float:
    return max(abs(total.value or 0), abs(total.earlier_value or 0))


def _change(total: ControlTotal) -> float:
    """Return the change in multiples of its standard deviation, as if the larger figure were a Poisson count."""
    return abs((total.value or 0) - (total.earlier_value or 0)) / math.sqrt(_size(total) + 1)


# ------------------------------------------------------------------------------------------------------------- totals


def _tabulate(observations: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return totals by series and period, from figures and from case records."""
    import polars as pl

    return pl.concat([_tabulate_figures(observations), _tabulate_persons(events)])


def _tabulate_figures(observations: pl.DataFrame) -> pl.DataFrame:
    """Return totals and their parts by sex and by age: `_SERIES, period, value`.

    If an office reports all articles of a group together, that figure is used, else its articles are added. Where a
    series has no figure of all ages, that of adults takes its place.
    """
    import polars as pl

    dimensions = (*codes.DIMENSIONS_WITH_TOTAL, "partner", *codes.COOPERATION_DIMENSIONS)
    broken_down = [name for name in dimensions if name not in ("victim_status", "direction", *_PARTS)]
    by = [*_SERIES, "period"]
    whole = [pl.col(name).is_in(codes.TOTAL_CODES) for name in broken_down]
    rows = observations.filter(pl.all_horizontal(whole)).with_columns(
        _offence_group(),
        *(pl.when(pl.col(name) == "_Z").then(pl.lit("_T")).otherwise(pl.col(name)).alias(name) for name in _PARTS),
    )
    together = pl.col("law_article") == "_T"
    sums = (
        rows.filter(together | ~together.any().over(by))
        .group_by(by, maintain_order=True)
        .agg(pl.when(pl.col("value").count() > 0).then(pl.col("value").sum()))
    )
    of_series = [name for name in by if name not in _PARTS]
    base_age = pl.when((pl.col("age") == "_T").any().over(of_series)).then(pl.lit("_T")).otherwise(pl.lit(_ADULTS))
    is_total = (pl.col("sex") == "_T") & (pl.col("age") == base_age)
    is_sex = pl.col("sex").is_in(_PARTS["sex"]) & (pl.col("age") == base_age)
    is_age = (pl.col("sex") == "_T") & pl.col("age").is_in(_PARTS["age"])
    return sums.filter(is_total | is_sex | is_age).select(*by, "value")


def _tabulate_persons(events: pl.DataFrame) -> pl.DataFrame:
    """Return the number of persons, or requests, with each event, as totals: `_SERIES, period, value`."""
    import polars as pl

    return (
        events.with_columns(
            _offence_group(),
            pl.col("event").alias("measure"),
            pl.when(pl.col("person") == "_Z").then(pl.lit("request")).otherwise(pl.lit("person")).alias("count_unit"),
            pl.lit("count").alias("statistic"),
            pl.lit("_Z").alias("victim_status"),
            pl.lit("discrete").alias("accumulation"),
            pl.lit("_T").alias("sex"),
            pl.lit("_T").alias("age"),
        )
        .group_by([*_SERIES, "period"], maintain_order=True)
        .agg(pl.struct("proceeding", "person").n_unique().cast(pl.Float64).alias("value"))
    )


def _offence_group() -> pl.Expr:
    import polars as pl

    groups = {code: row["offence_group"] for code, row in codes.read_codelist("offence").items()}
    return (
        pl.col("offence")
        .replace_strict(groups, default=pl.col("offence"), return_dtype=pl.String)
        .alias("offence_group")
    )
