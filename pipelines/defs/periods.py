"""The partitions: quarters from the first back-series year to the quarter that contains the clock's now."""

import dagster as dg

from pipelines import clock
from pipelines.periods import quarters_until

FIRST_YEAR = 2020

QUARTERS = dg.StaticPartitionsDefinition(quarters_until(FIRST_YEAR, clock.now().date()))
