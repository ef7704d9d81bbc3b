"""The steps of a refresh, as plain functions in their order. Dagster's assets call them; `rti refresh` runs that job.

    arrive -> take_in (each territory) -> document, gather -> build_counts -> records, protect -> build_indicators
    -> draft

Every step is keyed by what it is made of: with nothing new it does nothing, and says so.
"""

from pipelines.refresh.counts import build_counts, build_indicators, records
from pipelines.refresh.due import News, deadlines, news
from pipelines.refresh.publication import complete_publication, publish, roll_back
from pipelines.refresh.release import draft, protect
from pipelines.refresh.results import Log, RefreshError, Step, TakenIn
from pipelines.refresh.returns import RAW_SAMPLES, arrive, document, gather, samples, take_in

__all__ = [
    "RAW_SAMPLES",
    "Log",
    "News",
    "RefreshError",
    "Step",
    "TakenIn",
    "arrive",
    "build_counts",
    "build_indicators",
    "complete_publication",
    "deadlines",
    "document",
    "draft",
    "gather",
    "news",
    "protect",
    "publish",
    "records",
    "roll_back",
    "samples",
    "take_in",
]
