"""A small home with something to monitor: results of the questionnaire, counts of cooperation, and an assessed law."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from pipelines.submissions.assessments import Assessment, ListedAssessment, record_listed
from pipelines.survey import results
from tests.support import surveys as survey_fakes
from tests.support.fakes.ledger_fakes import time_at

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.survey.service import SurveyDesk

_COOPERATION = """
    create table mart_cooperation as
    select 'AL' as territory, measure, statistic, offence_group, direction, '_T' as assistance, '_T' as channel,
           'A' as freq, '2025' as period, '_T' as partner, '_T' as legal_basis, '_T' as refusal_reason,
           '_T' as days_band, cast(value as double) as value
    from (values
        ('requests_executed', 'count', 'TIP', 'outgoing', 3), ('requests_executed_part', 'count', 'TIP', 'outgoing', 2),
        ('requests_refused', 'count', 'TIP', 'outgoing', 20), ('requests_withdrawn', 'count', 'TIP', 'outgoing', 0),
        ('pending_requests', 'end', 'TIP', 'incoming', 7)
    ) as figures (measure, statistic, offence_group, direction, value)
"""
_DAYS = """
    create table mart_cooperation_days as
    select 'AL' as territory, 'requests_executed' as measure, 'TIP' as offence_group, 'outgoing' as direction,
           '_T' as assistance, upper_days, 'A' as freq, '2025' as period, '_T' as partner,
           cast(within as double) as value_so_far, cast(3 as double) as total
    from (values (30, 1), (90, 2), (180, 3)) as bands (upper_days, within)
"""


# Half of 12 requests took 40 days at most; 3 of them still wait.
_WAITS = """
    create table mart_request_stay as
    select 'AL' as territory, 'AL_MOJ' as source, 'Z' || number as request, 'TIP' as offence_group,
           'outgoing' as direction, case when number % 2 = 0 then 'RS' else 'MK' end as partner,
           'evidence' as assistance, 'requests_executed' as measure, year, cast(days as integer) as days,
           number <= 9 as has_ended, number > 9 as is_open, date '2025-12-31' as seen_until
    from (select number, 2025 as year, case when number <= 6 then 34 + number else 60 + 10 * number end as days
          from range(1, 13) as numbers(number)) as requests
"""


def write_counts(home: Home) -> None:
    """Write a build of the counts with figures of cooperation of Albania."""
    home.warehouse.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(home.warehouse / "counts-000001.duckdb")) as connection:
        connection.execute(_COOPERATION)
        connection.execute(_DAYS)
        connection.execute(_WAITS)


def write_results(desk: SurveyDesk) -> None:
    """Write results of two rounds: ten to twelve respondents in Albania and North Macedonia, and smaller groups."""
    first = [("FR01.1", "1")] * 10 + [("FR01.1", "4")] * 2
    second = [("FR01.1", "5")] * 8 + [("FR01.1", "4")] * 2
    days = [("FR02.1", "d8_30")] * 8 + [("FR02.1", "d0_7")] * 2
    tables = survey_fakes.make_tables(
        [
            ("r1", "AL", second),
            ("r2", "AL", first),
            ("r2", "XK", [*first[:2], ("FR01.1", "2")]),
            ("r2", "ME", [*first[:3], ("FR01.1", "4")]),
            ("r2", "MK", days),
        ],
    )
    table = results.compute_results(desk.surveys, *tables)
    table.write_parquet(desk.surveys.answers.folder / results.FILE)


def assess_law(desk: SurveyDesk, proposer: str, approver: str) -> None:
    """Assess one element of the law of Albania, which two treaties provide for."""
    assessment = Assessment(
        "AL", "COSTS", {"EU_MLA": "met", "ETS182": "partly"}, "Article 12, Act on Cooperation", "p. 3", "2024-05",
        "judge",
    )  # fmt: skip
    record_listed(desk.engine, [ListedAssessment(assessment, proposer, time_at(1), approver, time_at(2))])
