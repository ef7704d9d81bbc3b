"""Case events for tests, written by hand or drawn by the demonstration's own simulation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from pipelines.model.long_tables import CASE_EVENT, empty_table
from pipelines.model.periods import Period
from tests.samples.articles import list_articles
from tests.samples.rows import make_quarter, quarters_between
from tests.samples.simulation import Happening, draw_cohort

FIRST_DAY, LAST_DAY = date(2022, 10, 1), date(2026, 9, 30)
"""What the demonstration's registers hold."""


def written(rows: Iterable[tuple[str, str, str, str, str]], **columns: object) -> pl.DataFrame:
    """Events of rows (proceeding, person, event, level, day), in quarterly returns whose cut-off is their last day."""
    made = []
    for proceeding, person, event, level, day in rows:
        period = Period.from_day(date.fromisoformat(day), "Q")
        made.append(
            {
                "territory": "HR",
                "jurisdiction": "HR",
                "source": "HR_MPU",
                "freq": "Q",
                "period": period.code,
                "proceeding": proceeding,
                "person": person,
                "event": event,
                "level": level,
                "event_date": date.fromisoformat(day),
                "cutoff_date": period.end,
                "offence": "ICCS0204",
                "law_article": "106",
                "sex": "M",
                "age": "Y_GE18",
                "sentence_type": "_Z",
                "sentence_months": None,
                **columns,
            }
        )
    return grouped(
        pl.concat([empty_table(CASE_EVENT), pl.DataFrame(made, schema_overrides=CASE_EVENT)], how="diagonal")
    )


def grouped(events: pl.DataFrame, group: str = "TIP") -> pl.DataFrame:
    return events.with_columns(offence_group=pl.lit(group))


def reported(first: str, last: str, *, without: Iterable[str] = ()) -> pl.DataFrame:
    """The quarters from first to last as reported, nil returns among them."""
    one, other = Period.from_code(first), Period.from_code(last)
    codes = []
    while one <= other:
        codes.append(one.code)
        one = one.next_period()
    kept = [code for code in codes if code not in set(without)]
    return pl.DataFrame(
        {"jurisdiction": "HR", "source": "HR_MPU", "period": kept}, schema_overrides={"period": pl.String}
    )


def simulated(seed: int, jurisdiction: str, until: date = LAST_DAY, since: date = FIRST_DAY) -> pl.DataFrame:
    """The events that a register of courts would hold of the simulation's cases, from `since` to `until`."""
    found: list[Happening] = []
    for article in list_articles(jurisdiction):
        for period in quarters_between(make_quarter(2019, 1), make_quarter(until.year, (until.month + 2) // 3)):
            found += draw_cohort(seed, article, period).happenings
    rows = []
    for one in found:
        if since <= one.day <= until:
            period_ = Period.from_day(one.day, "Q")
            rows.append(
                {
                    "territory": jurisdiction,
                    "jurisdiction": jurisdiction,
                    "source": "REGISTER",
                    "freq": "Q",
                    "period": period_.code,
                    "proceeding": one.proceeding,
                    "person": one.person.number,
                    "event": one.measure,
                    "level": one.level,
                    "event_date": one.day,
                    "cutoff_date": period_.end,
                    "offence": one.person.offence,
                    "law_article": one.person.article,
                    "sex": one.person.sex,
                    "age": "_T",
                    "sentence_type": one.sentence_type,
                    "sentence_months": None if one.months is None else float(one.months),
                }
            )
    made = pl.DataFrame(rows, schema_overrides={k: v for k, v in CASE_EVENT.items() if k in rows[0]})
    return grouped(pl.concat([empty_table(CASE_EVENT), made], how="diagonal"), "ALL")
