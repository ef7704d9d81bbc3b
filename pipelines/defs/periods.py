"""The partitions: quarters from the first year of the back series to the current quarter."""

import dagster as dg

from pipelines.core import clock
from pipelines.model.periods import Period, span

FIRST = Period("2020-Q1")

QUARTERS = dg.StaticPartitionsDefinition(
    [period.code for period in span(FIRST, Period.containing(clock.now().date(), "Q"))]
)
