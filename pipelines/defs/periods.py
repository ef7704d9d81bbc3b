"""The partitions: quarters from the first year of the back series to the current quarter."""

import dagster as dg

from pipelines.core import clock
from pipelines.model.periods import Period, periods_between

FIRST = Period("2020-Q1")

QUARTERS = dg.StaticPartitionsDefinition(
    [period.code for period in periods_between(FIRST, Period.from_day(clock.now().date(), "Q"))]
)
