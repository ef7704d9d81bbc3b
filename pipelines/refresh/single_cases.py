"""Find counts of registers whose persons all belong to one proceeding.

A count that is made from case records has no number of cases next to it, but each record names its proceeding, and
lineage leads from each figure to its records.  So totals of years, of the region and of several offices need no further
columns in any model of the counts.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.home import Home
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT
from pipelines.warehouse import build_cache, count_builds

_STEP = "single cases"
# Offices of a territory may number their proceedings alike, and a proceeding may pass from one to another.  Both are
# taken for one proceeding, which hides a count too many rather than too few.
_SINGLE_CASES = """
    with counted as (
        select block_id, count_type_id, submission_id, unnest(fact_ids) as fact_id
        from int_submission_count
        where basis = 'records'
    ),

    of_registers as (
        select
            counted.block_id, counted.count_type_id,
            min(events.territory || ' ' || events.proceeding) as first_case,
            max(events.territory || ' ' || events.proceeding) as last_case
        from counted
        inner join fct_case_event as events using (submission_id, fact_id)
        group by counted.block_id, counted.count_type_id
    ),

    -- Parts that are zero, or have no row, add nobody.
    of_one_case as (
        select lineage.cell_id
        from mart_lineage as lineage
        inner join int_submission_count as counts using (block_id, count_type_id)
        left join of_registers using (block_id, count_type_id)
        where counts.value <> 0
        group by lineage.cell_id
        having
            count(*) = count(of_registers.first_case)
            and min(of_registers.first_case) = max(of_registers.last_case)
            and min(lineage.factor) = 1
    )

    select cell_id
    from mart_count
    where cell_id in (select of_one_case.cell_id from of_one_case) and value >= ?
    order by cell_id
"""


def list_single_cases(home: Home, counts: Path) -> list[str]:
    """Return the `cell_id` of each count of 5 or more whose persons are in one proceeding by the registers.

    `counts` is the DuckDB file of a build of the counts.  What a build gives is kept, so that a refresh without new
    counts asks for nothing.  Raises duckdb.Error if the file is damaged.
    """
    key = build_cache.digest_parts(
        _SINGLE_CASES, str(SMALLEST_PUBLISHED_COUNT), count_builds.tables_folder(counts) / "build.json"
    )
    outcome = build_cache.find_outcome(home, _STEP, key)
    if outcome is None:
        outcome = {"cells": read_single_cases(counts)}
        build_cache.store_outcome(home, _STEP, key, outcome)
    cells: list[str] = outcome["cells"]
    return cells


def read_single_cases(counts: Path) -> list[str]:
    """Return what `list_single_cases` does, from the file. Raises duckdb.Error."""
    with open_duckdb(counts, read_only=True) as connection:
        return [str(cell) for (cell,) in connection.execute(_SINGLE_CASES, [SMALLEST_PUBLISHED_COUNT]).fetchall()]
