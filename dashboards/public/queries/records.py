"""Hold the statements on figures from case records: durations, ages of pending cases, cohorts, sentences."""

from __future__ import annotations

from collections.abc import Mapping

SQL: Mapping[str, str] = {
    "record_areas": """
        select area from duration union select area from pending union select area from cohort
        union select area from sentence order by area
    """,
    "duration_ways": """
        select distinct duration.stage, metric.* from duration inner join metric using (metric)
        where duration.offence_group = ? order by metric.position
    """,
    "durations": """
        select * from duration where stage = ? and offence_group = ? and freq = '_T' and entered = '_T'
        order by area, source, statistic
    """,
    "pending": "select * from pending where stage = ? and offence_group = ? order by area, source, statistic",
    "pending_of_area": "select * from pending where area = ? and offence_group = ? order by source, statistic",
    "cohorts": """
        select * from cohort where stage = ? and offence_group = ? and freq = 'A'
        order by area, source, cohort desc, statistic
    """,
    "sentence_years": """
        select period, count(value) as n from sentence where offence_group = ? and level = ? and freq = 'A'
        group by period order by period desc
    """,
    "sentences": """
        select * from sentence
        where offence_group = ? and level = ? and freq = 'A' and period = ? and sentence_band = '_T'
            and sentence_type in ('_T', 'prison')
        order by area, source, statistic
    """,
}
