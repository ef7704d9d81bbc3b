"""The rows that a plausibility rule compares, and the class of rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, wraps

import polars as pl

from expectations import (
    comparisons,
    contradictions,
    copies,
    event_comparisons,
    event_tables,
    gone_figures,
    lines,
    series,
    tables,
)
from expectations.reporting import FindingTemplate
from pipelines.declarations.registry import Registry


@dataclass(frozen=True)
class ReturnFigures:
    """The rows of the returns under check, and what was known before each of them.

    Every table has the `submission_id` of a return under check, those of earlier rows too, so that several returns are
    compared at once.  `observations` and `earlier_observations` have the schema OBSERVATION, `events` and
    `earlier_events` the schema CASE_EVENT, `sums` the schema DECLARED_SUM; `blocks` has one row per series and period
    of a return.  Earlier rows include an accepted block of the same period, which the return would replace.
    `sister_counts` has what the other source of the jurisdiction counts: of a register or counts the persons of each
    stage (`tables.count_persons_of_events`), of records or counts of requests those of each event
    (`request_sources.count_requests_of_events`).
    """

    registry: Registry
    observations: pl.DataFrame
    earlier_observations: pl.DataFrame
    events: pl.DataFrame
    earlier_events: pl.DataFrame
    sums: pl.DataFrame
    blocks: pl.DataFrame
    sister_counts: pl.DataFrame
    shared_results: dict[Callable[[ReturnFigures], pl.DataFrame], pl.DataFrame] = field(default_factory=dict)
    """Rows that several rules need, by the function that computes them; see `share_result`."""

    @property
    def has_rows(self) -> bool:
        """True if a return has figures or records, or owes them."""
        rows = (self.observations, self.events, self.sums, self.blocks.filter("owes_all"))
        return not all(table.is_empty() for table in rows)

    @cached_property
    def totals(self) -> pl.DataFrame:
        """The totals of the returns by offence group; see `tables.tabulate_totals`."""
        return tables.tabulate_totals(self.observations)

    @cached_property
    def earlier_totals(self) -> pl.DataFrame:
        """The totals known before, likewise."""
        return tables.tabulate_totals(self.earlier_observations)

    @cached_property
    def broken_stocks(self) -> pl.DataFrame:
        """The stocks that differ from the end of the period before; see `comparisons.compare_stocks`."""
        compared = comparisons.compare_stocks(self.totals, self.earlier_totals)
        return compared.filter(pl.col("value") != pl.col("expected"))

    @cached_property
    def known_periods(self) -> pl.DataFrame:
        """The returns compared with every known period of their series; see `copies.compare_with_known`."""
        return copies.compare_with_known(self.observations, self.earlier_observations)

    @cached_property
    def copied_periods(self) -> pl.DataFrame:
        """Periods that were copied from another one; see `copies.find_copies`."""
        return copies.find_copies(self.known_periods, self.observations, self.earlier_observations)

    @cached_property
    def scored_series(self) -> pl.DataFrame:
        """All series of the returns with their p-values; see `series.score_series`."""
        return series.score_series(*series.tabulate_discrete(self.observations, self.earlier_observations))

    @cached_property
    def surprising_series(self) -> pl.DataFrame:
        """Those that are surprising given the periods before; see `series.select_surprising`."""
        return series.select_surprising(self.scored_series)

    @cached_property
    def contradictions(self) -> pl.DataFrame:
        """The figures of the returns that contradict each other; see `contradictions.find_contradictions`."""
        return contradictions.find_contradictions(self.observations, self.sums)

    @cached_property
    def gone_lines(self) -> pl.DataFrame:
        """The lines of earlier periods that full returns no longer have; see `comparisons.find_missing_lines`."""
        return comparisons.find_missing_lines(self.observations, self.earlier_observations, self.blocks)

    @cached_property
    def gone_figures(self) -> pl.DataFrame:
        """The figures that full returns leave out; see `gone_figures.tabulate_gone_figures`."""
        return gone_figures.tabulate_gone_figures(
            self.observations, self.earlier_observations, self.blocks, self.gone_lines
        )

    @cached_property
    def known_events(self) -> pl.DataFrame:
        """The events of the returns (`is_new`) and those known before of other periods; see `event_tables.py`.

        An accepted block of a period that the return has would be replaced, so it is not among them.
        """
        return event_tables.tabulate_events(self.events, self.earlier_events)

    @cached_property
    def event_pairs(self) -> pl.DataFrame:
        """The events of a return that contradict each other; see `event_tables.pair_events`."""
        return event_tables.pair_events(self.known_events, with_earlier=False)

    @cached_property
    def event_pairs_with_earlier(self) -> pl.DataFrame:
        """The events that contradict those known before; see `event_tables.pair_events`."""
        return event_tables.pair_events(self.known_events, with_earlier=True)

    @cached_property
    def gaps(self) -> pl.DataFrame:
        """The stretches without events in periods of registers; see `event_comparisons.select_gaps`."""
        return event_comparisons.select_gaps(self.known_events)

    @cached_property
    def copied_event_periods(self) -> pl.DataFrame:
        """The periods of registers that copy an earlier one; see `event_comparisons.find_copied_periods`."""
        return event_comparisons.find_copied_periods(self.known_events)

    @cached_property
    def shifted_shares(self) -> pl.DataFrame:
        """The shares in registers that differ from those before; see `event_comparisons.select_shifted_shares`."""
        return event_comparisons.select_shifted_shares(self.known_events)

    @cached_property
    def lines(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Present and past cells by breakdown; see `lines.tabulate_lines`."""
        return lines.tabulate_lines(self.observations, self.earlier_observations)


@dataclass(frozen=True)
class PlausibilityRule:
    """A function that finds implausible rows, and how they are reported."""

    find: Callable[[ReturnFigures], pl.DataFrame]
    report: FindingTemplate
    needs_rows: bool = True
    """False if it finds something in a return without figures and records, and without an omission of them."""


def share_result(find: Callable[[ReturnFigures], pl.DataFrame]) -> Callable[[ReturnFigures], pl.DataFrame]:
    """Compute the rows of a function once for each Figures, because other rules leave out what it finds."""

    @wraps(find)
    def find_once(figures: ReturnFigures) -> pl.DataFrame:
        if find not in figures.shared_results:
            figures.shared_results[find] = find(figures)
        return figures.shared_results[find]

    return find_once
