"""The rows that a plausibility rule compares, and the class of rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from expectations import lines, tables
from expectations.reporting import FindingTemplate
from pipelines.declarations.registry import Registry


@dataclass(frozen=True)
class Figures:
    """The rows of the returns under check, and what was known before each of them.

    Every table has the `submission_id` of a return under check, those of earlier rows too, so that several returns are
    compared at once.  `observations` and `earlier_observations` have the schema OBSERVATION, `events` and
    `earlier_events` the schema CASE_EVENT, `sums` the schema DECLARED_SUM; `blocks` has one row per series and period
    of a return.  Earlier rows include an accepted block of the same period, which the return would replace.
    """

    registry: Registry
    observations: pl.DataFrame
    earlier_observations: pl.DataFrame
    events: pl.DataFrame
    earlier_events: pl.DataFrame
    sums: pl.DataFrame
    blocks: pl.DataFrame

    @cached_property
    def totals(self) -> pl.DataFrame:
        """The totals of the returns by offence group; see `tables.tabulate_totals`."""
        return tables.tabulate_totals(self.observations)

    @cached_property
    def earlier_totals(self) -> pl.DataFrame:
        """The totals known before, likewise."""
        return tables.tabulate_totals(self.earlier_observations)

    @cached_property
    def lines(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Present and past cells by breakdown; see `lines.tabulate_lines`."""
        return lines.tabulate_lines(self.observations, self.earlier_observations)


@dataclass(frozen=True)
class PlausibilityRule:
    """A function that finds implausible rows, and how they are reported."""

    find: Callable[[Figures], pl.DataFrame]
    report: FindingTemplate
