"""Hold the statements on the context of figures: the release, areas, notes, returns, references, quality."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.core import codes
from pipelines.front.queries import QUALITY

SQL: Mapping[str, str] = {
    "release": "select * from release",
    "areas": "select * from area where kind = 'national' order by sort, area_kind, area",
    "area_names": "select area, language, name from area_name order by area, language",
    "area_map": "select * from area_map order by area",
    "codelist": "select code, label, definition from codelist where codelist = ? order by position",
    "programme": "select * from programme order by position",
    "tables": "select table_name from information_schema.tables order by table_name",
    "coverage": """
        select territory, jurisdiction, instrument, freq, period, deadline, is_due, is_reported, is_on_time
        from coverage
        where instrument in (select unnest(?))
        order by territory, jurisdiction, instrument, source, period
    """,
    "annual_only": """
        select territory from coverage where instrument = ?
        group by territory having count(case when freq = 'Q' then 1 end) = 0 order by territory
    """,
    "counting_rules": "select * from counting_rule where territory in (select unnest(?)) order by jurisdiction, level",
    "notes": "select * from note where territory = ? and kind in (select unnest(?)) order by area, note_id",
    "breaks": """
        select *, (select bool_or(demonstration) from release) as is_demonstration from "break"
        where area in (select unnest(?)) and offence_group in ('', '_T', ?) order by area, first_day, code, measure
    """,
    "metadata": "select * from metadata where territory = ? order by position",
    "population": "select * from population where area = ? order by year desc",
    "submissions": "select * from submission where territory = ? order by accepted_at desc, submission_id",
    "cell_submissions": """
        select submission.* from cell_submission
        inner join submission using (submission_id)
        where cell_submission.cell_id = ? order by submission.jurisdiction, submission.first_period
    """,
    "revisions": f"""
        select release, value from revision where {" and ".join(f"{name} = ?" for name in codes.CELL_KEY)}
        order by vintage
    """,
    "register_submissions": """
        select * from submission where territory = ? and source = ? and instrument = 'register'
        order by accepted_at desc, submission_id
    """,
    "references": """
        select * from reference_figure
        where (? = '' or territory = ?) and (? = '' or offence_group = ? or offence_group is null)
            and kind in (select unnest(?))
        order by territory, jurisdiction, offence_group, measure nulls last, measure_words, period, publisher, source,
            breakdown, occurrence
    """,
    "references_beside": """
        select
            reference.territory, reference.jurisdiction, reference.period, reference.period_start,
            reference.period_end, reference.measure, reference.count_unit, reference.value, reference.obs_status,
            reference.conf_status, reference.kind, reference.source, reference.source_title, reference.source_language,
            reference.publisher, reference.mapping, reference.caveat,
            own.cell_id as own_cell_id, own.table_id, own.value as own_value, own.obs_status as own_obs_status,
            own.conf_status as own_conf_status, own.area_kind, own.area, own.freq, own.level, own.statistic,
            own.offence_group, own.offence, own.person_type, own.victim_status, own.sex, own.age, own.exploitation,
            own.citizenship, own.sentence_type, own.sentence_band,
            case when own.value is not null and reference.value is not null
                    and own.conf_status = 'F' and reference.conf_status = 'F'
                then own.value - reference.value end as difference
        from (
            -- Earlier releases lack the language of titles.
            select * from reference_figure union all by name select null::varchar as source_language where false
        ) as reference
        left join cell as own
            on own.area_kind in ('territory', 'jurisdiction') and own.area = reference.jurisdiction
            and own.freq = reference.freq
            and own.period = reference.period and own.measure = reference.measure
            and own.count_unit = reference.count_unit and own.statistic = reference.statistic
            and own.offence_group = reference.offence_group and own.offence = '_T'
            and own.table_id in ('area_year', 'jurisdiction_year', 'victims_year')
            and own.person_type in ('_T', '_Z') and own.victim_status = reference.victim_status
        where reference.kind = ? and reference.mapping <> 'none' and reference.measure is not null
            and reference.freq = 'A' and coalesce(reference.breakdown, '') = ''
            and reference.sex in ('_T', '_Z') and reference.age in ('_T', '_Z')
            and (? = '' or reference.territory = ?) and reference.offence_group = ?
        order by reference.territory, reference.jurisdiction, reference.measure, reference.period desc
    """,
    "quality": QUALITY,
    "revised": """
        select area, sum(periods)::int as periods, sum(revised)::int as revised from revision_summary
        where area_kind = 'territory' group by area
    """,
    "coherence": """
        select world, territory, jurisdiction, offence_group, period, measure, definition, left_source, left_words,
            left_value, left_parts, left_caveat, right_source, right_words, right_value, right_parts, right_caveat,
            difference, verdict, reason_text
        from coherence order by world desc, territory, jurisdiction, period, measure, left_words
    """,
}
