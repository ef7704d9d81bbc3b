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
"""Days covered by the demonstration's registers."""


def build_events(rows: Iterable[tuple[str, str, str, str, str]], **columns: object) -> pl.DataFrame:
    """Build events of rows (proceeding, person, event, level, day), in quarterly returns cut off at their last day."""
    event_rows = []
    for proceeding, person, event, level, day in rows:
        period = Period.from_day(date.fromisoformat(day), "Q")
        event_rows.append(
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
    return assign_group(
        pl.concat([empty_table(CASE_EVENT), pl.DataFrame(event_rows, schema_overrides=CASE_EVENT)], how="diagonal")
    )


def assign_group(events: pl.DataFrame, group: str = "TIP") -> pl.DataFrame:
    return events.with_columns(offence_group=pl.lit(group))


def list_reported(first: str, last: str, *, without: Iterable[str] = ()) -> pl.DataFrame:
    """Return the quarters from first to last as reported, nil returns among them."""
    period, last_period = Period.from_code(first), Period.from_code(last)
    codes = []
    while period <= last_period:
        codes.append(period.code)
        period = period.next_period()
    reported_codes = [code for code in codes if code not in set(without)]
    return pl.DataFrame(
        {"jurisdiction": "HR", "source": "HR_MPU", "period": reported_codes}, schema_overrides={"period": pl.String}
    )


def simulate_events(seed: int, jurisdiction: str, until: date = LAST_DAY, since: date = FIRST_DAY) -> pl.DataFrame:
    """Return the events that a register of courts would hold of the simulation's cases, from `since` to `until`."""
    happenings: list[Happening] = []
    for article in list_articles(jurisdiction):
        for period in quarters_between(make_quarter(2019, 1), make_quarter(until.year, (until.month + 2) // 3)):
            happenings += draw_cohort(seed, article, period).happenings
    rows = []
    for happening in happenings:
        if since <= happening.day <= until:
            period_ = Period.from_day(happening.day, "Q")
            rows.append(
                {
                    "territory": jurisdiction,
                    "jurisdiction": jurisdiction,
                    "source": "REGISTER",
                    "freq": "Q",
                    "period": period_.code,
                    "proceeding": happening.proceeding,
                    "person": happening.person.number,
                    "event": happening.measure,
                    "level": happening.level,
                    "event_date": happening.day,
                    "cutoff_date": period_.end,
                    "offence": happening.person.offence,
                    "law_article": happening.person.article,
                    "sex": happening.person.sex,
                    "age": "_T",
                    "sentence_type": happening.sentence_type,
                    "sentence_months": None if happening.months is None else float(happening.months),
                }
            )
    simulated_rows = pl.DataFrame(rows, schema_overrides={k: v for k, v in CASE_EVENT.items() if k in rows[0]})
    return assign_group(pl.concat([empty_table(CASE_EVENT), simulated_rows], how="diagonal"), "ALL")
