"""Hold the statements on indicators made of several counts: ratios, pairs, the region, clearance, and their counting
cards."""

from __future__ import annotations

from collections.abc import Mapping

INDICATOR_KEYS: Mapping[str, tuple[str, ...]] = {
    "stage_ratio": ("metric", "area", "period", "offence_group", "count_unit", "version"),
    "clearance": ("metric", "area", "period", "offence_group", "count_unit", "level"),
    "exit": ("metric", "area", "period", "offence_group", "count_unit", "level", "measure"),
    "duration": ("metric", "area", "source", "offence_group", "freq", "entered", "statistic"),
    "pending": ("metric", "area", "source", "offence_group", "statistic"),
    "cohort": ("metric", "area", "source", "offence_group", "freq", "cohort", "statistic"),
    "sentence": (
        "metric", "area", "source", "offence_group", "level", "freq", "period", "sentence_type", "sentence_band",
        "statistic",
    ),
}  # fmt: skip
"""Tables of indicators, and the columns that identify one of their rows."""
RECORD_TABLES = ("duration", "pending", "cohort", "sentence")
"""Tables of figures from case records, which have no counts behind them."""

SQL: Mapping[str, str] = {
    "metric_operands": "select * from metric_operand where metric = ? order by side desc, position",
    "ratio_metrics": """
        select metric.* from metric
        where metric.model = 'mart_stage_ratio'
            and metric.metric in (select metric from stage_ratio where offence_group = ? and value is not null)
        order by metric.position
    """,
    "ratio_periods": """
        select freq, period from stage_ratio where metric = ? and offence_group = ?
        group by freq, period order by freq, period desc
    """,
    "ratio_units": """
        select metric, count_unit from stage_ratio where offence_group = ?
        group by metric, count_unit order by metric, case count_unit when 'person' then 0 else 1 end, count_unit
    """,
    "ratios": """
        select * from stage_ratio
        where metric = ? and freq = ? and period = ? and offence_group = ? and count_unit = ?
            and area_kind in ('region', 'territory')
        order by area, version
    """,
    "own_ratios": """
        select * from stage_ratio
        where metric = ? and period = ? and offence_group = ? and count_unit = ? and area_kind = 'territory'
        order by area, is_default desc, version
    """,
    "own_clearance": """
        select * from clearance
        where metric = ? and period = ? and offence_group = ? and count_unit = ? and area_kind = 'territory'
        order by area, level
    """,
    "pairs": """
        select pair.*, coalesce(metric.is_nested, false) as is_nested
        from pair left join metric using (metric)
        where pair.metric = ? and pair.freq = ? and period = ? and offence_group = ? and count_unit = ?
        order by area_a, area_b
    """,
    "share_pairs": """
        select pair.*, coalesce(metric.is_nested, false) as is_nested
        from pair left join metric using (metric)
        where pair.metric = 'share' and dimension = ? and measure = ? and freq = 'A' and period = ?
            and offence_group = ? and count_unit = ? and victim_status = ?
        order by category, area_a, area_b
    """,
    "region_range": """
        select * from region where metric = ? and freq = ? and period = ? and offence_group = ? and count_unit = ?
            and victim_status in ('_T', '_Z')
    """,
    "windows": """
        -- Earlier releases lack the number of territories that have the figure.
        select * from (
            select cast(null as integer) as n_reported where false union all by name select * from "window"
        )
        where metric = ? and offence_group = ? and count_unit = ? and victim_status in ('_T', '_Z')
        order by measure, freq
    """,
    "splits": """
        select * from decomposition where area = ? and offence_group = ? and count_unit = ? order by period desc
    """,
    "exit_years": """
        select period from exit where area = ? and offence_group = ? and count_unit = ? and metric = 'exit'
        group by period order by period desc
    """,
    "exits": """
        select exit.* from exit
        left join codelist as level on level.codelist = 'level' and level.code = exit.level
        left join codelist as measure on measure.codelist = 'measure' and measure.code = exit.measure
        where exit.area = ? and exit.offence_group = ? and exit.count_unit = ? and exit.period = ?
            -- A total of the region exists also for what no territory counts as a whole.
            and exists (
                select 1 from exit as counted
                where counted.area = exit.area and counted.measure = exit.measure and counted.level = exit.level
                    and counted.count_unit = exit.count_unit and counted.reporters <> ''
            )
        order by level.position, exit.measure = 'requalified_out', measure.position, exit.metric
    """,
    "cards_of_metric": """
        select distinct cards.area, cards.level, counting_card.* exclude (level)
        from metric_operand as operand
        inner join codelist on codelist.codelist = 'measure' and codelist.code = operand.measure
        inner join counting_card_of as cards on cards.level = operand.level
        inner join counting_card using (card_id)
        where operand.metric = ? and cards.freq = ? and cards.period = ? and cards.count_unit = ?
            and cards.area in (select unnest(?))
        order by cards.area, cards.level
    """,
    "cards": "select * from counting_card where card_id in (select unnest(?)) order by card_id",
    "cards_of_levels": """
        select cards.area, counting_card.*
        from counting_card_of as cards
        inner join counting_card using (card_id)
        where cards.level in (select unnest(?)) and cards.freq = ? and cards.period = ? and cards.count_unit = ?
            and cards.area in (select unnest(?))
        order by cards.area, cards.level
    """,
    "metric": "select * from metric where metric = ?",
    "clearance_levels": "select distinct level from clearance where offence_group = ? and value is not null",
    "clearance_units": """
        select count_unit from clearance where offence_group = ? and level = ? and value is not null
        group by count_unit order by count(value) desc, count_unit
    """,
    "clearance_periods": """
        select freq, period from clearance
        where offence_group = ? and level = ? and count_unit = ? and value is not null
        group by freq, period order by freq, period desc
    """,
    "clearance": """
        select clearance.* from clearance inner join metric using (metric)
        where clearance.offence_group = ? and clearance.level = ? and clearance.count_unit = ?
            and clearance.freq = ? and clearance.period = ? and clearance.unit_measure in ('PC', 'D')
            and clearance.area_kind in ('region', 'territory')
        order by clearance.area, metric.position
    """,
}


def indicator_statement(table: str, values: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return statement and parameters for the row of an indicator; the table and its columns are those of
    INDICATOR_KEYS."""
    names = INDICATOR_KEYS[table]
    conditions = " and ".join(f"{name} = ?" for name in names)
    return f"select * from {table} where {conditions}", [values.get(name, "") for name in names]
