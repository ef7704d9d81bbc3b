"""Figures from case records: the step between the two phases of the dbt project."""

import dagster as dg

from pipelines import refresh
from pipelines.defs.home import LockedHomeResource
from pipelines.defs.step_report import SECRETARIAT, report_step
from pipelines.defs.warehouse import RECORDS


@dg.asset(
    key=RECORDS,
    group_name="records",
    owners=[SECRETARIAT],
    deps=[dg.AssetKey(["counts", name]) for name in ("fct_case_event", "int_block", "dim_area")],
    kinds={"polars", "parquet"},
    description=(
        "Durations, ages of what is pending, cohorts and sentences from case records, for offices as they are and for "
        "the public by the rule of records; the lags of ratios and the dispersion of counts of persons."
    ),
)
def case_record_figures(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with report_step(context) as step:
        result = refresh.build_records(locked_home.open(), log=step.write_line)
    return dg.MaterializeResult(metadata=step.add_seconds(result.as_metadata()))
