"""The steps of a refresh as plain functions, in this order. Dagster's assets call them; `rti refresh` runs that job.

    enter_arrivals -> take_in (each territory) -> build_data_docs, gather_tables -> build_counts -> build_records
    -> protect_cells -> build_indicators -> draft_release

Each step that builds something is keyed by the digest of its inputs: if no input has changed, it does nothing and logs
that.  The package imports `submissions`, `warehouse` and `publication`; Dagster stays in `pipelines/defs/`.
"""

from pipelines.refresh.counts import build_counts, build_indicators, build_records
from pipelines.refresh.due import News, find_news, list_passed_deadlines
from pipelines.refresh.publication import complete_publication, publish_draft, roll_back
from pipelines.refresh.quarters import EVERY_QUARTER, QuarterRange
from pipelines.refresh.release import draft_release, protect_cells
from pipelines.refresh.results import IntakeResult, Log, RefreshError, Step
from pipelines.refresh.returns import (
    RAW_SAMPLES,
    build_data_docs,
    enter_arrivals,
    find_sample_folder,
    gather_tables,
    hand_over_results,
    take_in,
)
from pipelines.refresh.suites import SuiteResult, summarise_suites

__all__ = [
    "EVERY_QUARTER",
    "RAW_SAMPLES",
    "IntakeResult",
    "Log",
    "News",
    "QuarterRange",
    "RefreshError",
    "Step",
    "SuiteResult",
    "build_counts",
    "build_data_docs",
    "build_indicators",
    "build_records",
    "complete_publication",
    "draft_release",
    "enter_arrivals",
    "find_news",
    "find_sample_folder",
    "gather_tables",
    "hand_over_results",
    "list_passed_deadlines",
    "protect_cells",
    "publish_draft",
    "roll_back",
    "summarise_suites",
    "take_in",
]
