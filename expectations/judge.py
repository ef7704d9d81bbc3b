"""Check many returns at once against the figures known before each, and report findings with their cells."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from expectations import (
    causes,
    contradictions,
    cooperation_tables,
    coverage,
    engine,
    record_limits,
    request_events,
    request_sources,
    series,
    tables,
)
from expectations.figures import PlausibilityRule, ReturnFigures
from expectations.rules import RULES, RULES_VERSION
from expectations.suites import RULES_BY_INSTRUMENT
from pipelines.core import clock
from pipelines.declarations.form import Form
from pipelines.declarations.registry import Registry
from pipelines.findings import rules as all_rules
from pipelines.findings.finding import Finding
from pipelines.model.long_tables import (
    CASE_EVENT,
    CASE_EVENT_KEY,
    DECLARED_SUM,
    OBSERVATION,
    OBSERVATION_KEY,
    empty_table,
)
from pipelines.reading.standardise.standardise import Reading

if TYPE_CHECKING:
    from expectations.engine import TableExpectations

__all__ = ["RULES_VERSION", "History", "JudgedReturn", "judge_returns"]

all_rules.register_rules(RULES)


MOST_ROWS = 500_000
"""Rows of returns and of their history that are judged at once. They take about 1 kB each: the 302 returns of the
demonstration with all accepted returns as history had 1.8 million rows and took 2.1 GB (1 December 2026)."""
_SUMS = {**DECLARED_SUM, "submission_id": pl.String()}
_SUITE_LOCK = threading.Lock()
_Blocks = dict[tuple[str, str], dict[tuple[str, str], pl.DataFrame]]
"""Rows by series (jurisdiction and form) and by frequency and period."""


def _load_suite(instrument: str) -> Sequence[TableExpectations | PlausibilityRule]:
    """Return the contracts and rules of an instrument. Imports Great Expectations, so only when there is a return.

    A suite is built once: two threads that need it first at the same time would otherwise have two contracts of one
    name, and Great Expectations refuses the second (seen with two uploads right after a start).
    """
    with _SUITE_LOCK:
        return _build_suite(instrument)


@cache
def _build_suite(instrument: str) -> Sequence[TableExpectations | PlausibilityRule]:
    suite: Sequence[TableExpectations | PlausibilityRule] = import_module(f"expectations.{instrument}").build_suite()
    return suite


@dataclass(frozen=True)
class History:
    """The newest accepted figures before the checked returns, in the schemas OBSERVATION and CASE_EVENT."""

    observations: pl.DataFrame
    events: pl.DataFrame
    as_of: datetime

    def leave_out(self, submission_ids: Sequence[str]) -> History:
        """Return the history without the rows of some returns."""
        is_other = ~pl.col("submission_id").is_in(list(submission_ids))
        return replace(self, observations=self.observations.filter(is_other), events=self.events.filter(is_other))


@dataclass(frozen=True)
class JudgedReturn:
    """A return to check. `received` is the day for its deadline; without it, today is."""

    submission_id: str
    reading: Reading
    received: datetime | None = None


def judge_returns(
    readings: Sequence[JudgedReturn], history: History | None, registry: Registry, *, in_order: bool = False
) -> dict[str, list[Finding]]:
    """Return the findings of each return by submission id, in the order of the suites, one for each cause.

    Each table of all returns is validated once, or in parts if they and their history have many rows (MOST_ROWS).
    With `history` None, no earlier figures are known: rules of scope `history` then find nothing, and the caller
    reports that they were not run.  With `in_order`, the returns are in the order of arrival, and each is also compared
    with the earlier ones of the batch.
    """
    findings: dict[str, list[Finding]] = {item.submission_id: [] for item in readings}
    if not readings:
        return findings
    earlier_observations, earlier_events = _collect_earlier_rows(readings, history, registry, in_order)
    sister_counts = _collect_sister_counts(readings, history, registry, in_order)
    for instrument in RULES_BY_INSTRUMENT:
        selected = [item for item in readings if registry.forms[item.reading.form].instrument == instrument]
        sizes = [
            item.reading.observations.height
            + item.reading.events.height
            + earlier_observations[item.submission_id].height
            + earlier_events[item.submission_id].height
            for item in selected
        ]
        for part in _split_by_rows(selected, sizes):
            figures = ReturnFigures(
                registry,
                _stack([_tag_with_return(item.reading.observations, item) for item in part], OBSERVATION),
                _stack([earlier_observations[item.submission_id] for item in part], OBSERVATION),
                _stack([_tag_with_return(item.reading.events, item) for item in part], CASE_EVENT),
                _stack([earlier_events[item.submission_id] for item in part], CASE_EVENT),
                _stack([_tag_with_return(item.reading.sums, item) for item in part], _SUMS),
                _tabulate_blocks(part, registry),
                pl.concat([sister_counts[item.submission_id] for item in part]),
            )
            for check in _load_suite(instrument):
                for submission_id, finding in _find(check, figures):
                    findings[submission_id].append(finding)
    return {submission_id: causes.drop_explained(of_return) for submission_id, of_return in findings.items()}


def _split_by_rows(items: Sequence[JudgedReturn], sizes: Sequence[int]) -> Iterator[list[JudgedReturn]]:
    """Yield the returns in parts of at most MOST_ROWS rows, or of one return; `sizes` are their rows."""
    part: list[JudgedReturn] = []
    n_rows = 0
    for item, size in zip(items, sizes, strict=True):
        if part and n_rows + size > MOST_ROWS:
            yield part
            part, n_rows = [], 0
        part.append(item)
        n_rows += size
    if part:
        yield part


def list_contracts() -> tuple[TableExpectations, ...]:
    """Return the contracts of all suites. Imports Great Expectations."""
    suites = [_load_suite(instrument) for instrument in RULES_BY_INSTRUMENT]
    checks = {id(check): check for suite in suites for check in suite if isinstance(check, engine.TableExpectations)}
    return tuple(checks.values())


def _find(check: TableExpectations | PlausibilityRule, figures: ReturnFigures) -> Iterator[tuple[str, Finding]]:
    """Yield the submission id and finding of each row that a contract or a plausibility rule finds."""
    if isinstance(check, PlausibilityRule):
        if figures.has_rows or not check.needs_rows:
            yield from check.report.build_findings(check.find(figures).iter_rows(named=True))
        return
    table = _TABLES[check.table](figures)
    matches: list[tuple[str, Finding]] = []
    for failure in engine.find_failures(check, table):
        rows = (table.row(row, named=True) for row in failure.rows)
        matches += check.templates[failure.position].build_findings(rows)
    # Empty parts of a key come before unknown codes.
    yield from sorted(matches, key=lambda item: item[1].rule != "expect.key")


def _pair_outcomes(figures: ReturnFigures) -> pl.DataFrame:
    """Return the outcomes of whole offence groups, without those that a finding of a single article explains."""
    pairs = tables.pair_outcomes(figures.totals)
    explained = contradictions.list_groups_of(figures.contradictions)
    return pairs.join(explained, on=explained.columns, how="anti", maintain_order="left")


def _tabulate_figures(figures: ReturnFigures) -> pl.DataFrame:
    return tables.mark_empty_codes(tables.tabulate_figures(figures.observations), OBSERVATION_KEY, tables.CODED)


def _select_sums(figures: ReturnFigures, *, whole: bool) -> pl.DataFrame:
    return figures.sums.filter(pl.col("whole") == whole).rename({"added": "sum_of_parts"})


def _tabulate_bounds(figures: ReturnFigures) -> pl.DataFrame:
    return tables.join_bounds(series.select_largest(figures.scored_series), figures.registry)


_TABLES: dict[str, Callable[[ReturnFigures], pl.DataFrame]] = {
    "observations": _tabulate_figures,
    "complete_sums": partial(_select_sums, whole=True),
    "incomplete_sums": partial(_select_sums, whole=False),
    "event_codes": lambda f: tables.mark_empty_codes(f.events, CASE_EVENT_KEY, tables.EVENT_CODED),
    "events": lambda f: record_limits.tabulate_records(f.events, f.registry),
    "requests": lambda f: request_events.tabulate_requests(f.events),
    "coverage": lambda f: coverage.tabulate_coverage(f.blocks, f.earlier_observations, f.registry),
    "bounds": _tabulate_bounds,
    "outcomes": _pair_outcomes,
    "cooperation_dimensions": lambda f: cooperation_tables.tabulate_dimensions(f.observations),
    "cooperation_balances": lambda f: cooperation_tables.tabulate_balances(f.observations),
}
"""Functions that compute the tables of contracts, by the name that `TableExpectations.table` has."""


def _tag_with_return(frame: pl.DataFrame, item: JudgedReturn) -> pl.DataFrame:
    return frame.with_columns(pl.lit(item.submission_id).alias("submission_id"))


def _stack(frames: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat([empty_table(schema), *(frame.select(list(schema)) for frame in frames)])


def _collect_earlier_rows(
    readings: Sequence[JudgedReturn], history: History | None, registry: Registry, in_order: bool
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """Return the observations and events known before each return, tagged with its submission id, by that id.

    Of each period of its series, they are the newest accepted; with `in_order`, also those of earlier returns of the
    batch without errors.
    """
    observations: _Blocks = {}
    events: _Blocks = {}
    if history is not None:
        is_compared = pl.col("form").is_in([item.reading.series for item in readings])
        _add_blocks(observations, history.observations.filter(is_compared))
        _add_blocks(events, history.events.filter(is_compared))
    earlier: tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]] = ({}, {})
    for item in readings:
        series = registry.forms[item.reading.form].jurisdiction, item.reading.series
        for by_series, schema, frames in zip((observations, events), (OBSERVATION, CASE_EVENT), earlier, strict=True):
            blocks = by_series.get(series, {}).values()
            frames[item.submission_id] = _tag_with_return(pl.concat([empty_table(schema), *blocks]), item)
        if in_order and not any(finding.severity == "error" for finding in item.reading.findings):
            _add_blocks(observations, item.reading.observations)
            _add_blocks(events, item.reading.events)
    return earlier


class _Counted(NamedTuple):
    """How an instrument counts what its `sister` counts as well: `tabulate` takes its events or its observations."""

    sister: str
    tabulate: Callable[[pl.DataFrame], pl.DataFrame]
    of_events: bool
    same_office: bool
    """True if only returns of one office are compared."""

    def count_none(self) -> pl.DataFrame:
        """Return the counts of no rows."""
        return self.tabulate(empty_table(CASE_EVENT if self.of_events else OBSERVATION))


_COUNTED = {
    "justice": _Counted("register", tables.count_persons_of_observations, of_events=False, same_office=False),
    "register": _Counted("justice", tables.count_persons_of_events, of_events=True, same_office=False),
    "cooperation": _Counted(
        "requests", request_sources.count_requests_of_observations, of_events=False, same_office=True
    ),
    "requests": _Counted("cooperation", request_sources.count_requests_of_events, of_events=True, same_office=True),
}
"""Pairs of instruments that count the same persons, or the same requests."""

_NO_SISTER = pl.DataFrame(schema={"submission_id": pl.String})
"""The counts for a return of an instrument that counts what no other does. None of its rules reads them."""


def _list_sisters(form: Form, registry: Registry) -> set[str]:
    """Return the series that count what the series of a form counts, in the same jurisdiction."""
    counted = _COUNTED.get(form.instrument)
    if counted is None:
        return set()
    return {
        sister.series
        for sister in registry.forms.values()
        if (sister.jurisdiction, sister.instrument) == (form.jurisdiction, counted.sister)
        and (not counted.same_office or sister.source == form.source)
    }


def _collect_sister_counts(
    readings: Sequence[JudgedReturn], history: History | None, registry: Registry, in_order: bool
) -> dict[str, pl.DataFrame]:
    """Return what the other source of each return counts, a register or counts for example, by submission id.

    The rows are tagged with that id; they are known as in `_collect_earlier_rows`.
    """
    sisters = {item.submission_id: _list_sisters(registry.forms[item.reading.form], registry) for item in readings}
    instruments = {form.series: form.instrument for form in registry.forms.values()}
    needed = set().union(*sisters.values())
    blocks: dict[str, dict[tuple[str, str], pl.DataFrame]] = {}

    def add_counts(observations: pl.DataFrame, events: pl.DataFrame) -> None:
        for name in needed:
            counted = _COUNTED[instruments[name]]
            rows = (events if counted.of_events else observations).filter(pl.col("form") == name)
            if rows.is_empty():
                continue
            counts = counted.tabulate(rows.with_columns(submission_id=pl.lit("")))
            for key, block in counts.partition_by(["freq", "period"], as_dict=True).items():
                blocks.setdefault(name, {})[str(key[0]), str(key[1])] = block

    if history is not None:
        add_counts(history.observations, history.events)
    collected = {}
    for item in readings:
        counted = _COUNTED.get(registry.forms[item.reading.form].instrument)
        if counted is None:
            collected[item.submission_id] = _NO_SISTER
            continue
        of_sisters = [blocks.get(name, {}) for name in sorted(sisters[item.submission_id])]
        known_blocks = [block for by_period in of_sisters for block in by_period.values()]
        none = _COUNTED[counted.sister].count_none()
        collected[item.submission_id] = pl.concat([none, *(_tag_with_return(block, item) for block in known_blocks)])
        if in_order and not any(finding.severity == "error" for finding in item.reading.findings):
            add_counts(item.reading.observations, item.reading.events)
    return collected


def _add_blocks(by_series: _Blocks, rows: pl.DataFrame) -> None:
    """Add the rows of each series and period, replacing those of the same period."""
    for key, block in rows.partition_by(["jurisdiction", "form", "freq", "period"], as_dict=True).items():
        jurisdiction, form, freq, period = (str(part) for part in key)
        by_series.setdefault((jurisdiction, form), {})[freq, period] = block


def _tabulate_blocks(readings: Sequence[JudgedReturn], registry: Registry) -> pl.DataFrame:
    """Return one row per block: `submission_id, jurisdiction, instrument, source, form, freq, period, received, place`.

    `owes_all` is true if a missing line is an omission, as it is not in a patch or a nil return; `nil` is true for the
    latter.
    """
    rows = []
    for item in readings:
        form = registry.forms[item.reading.form]
        received: date = (item.received or clock.now()).date()
        office = (item.submission_id, form.jurisdiction, form.instrument, form.source, form.series)
        # Reading has already reported what it could not read; do not report its figures as missing too.
        is_readable = not any(finding.severity == "error" for finding in item.reading.findings)
        owes_all = item.reading.kind == "full" and not item.reading.nil and is_readable
        rows += [
            (*office, period.freq, period.code, received, "", owes_all, item.reading.nil)
            for period in item.reading.periods
        ]
    schema = {
        "submission_id": pl.String,
        "jurisdiction": pl.String,
        "instrument": pl.String,
        "source": pl.String,
        "form": pl.String,
        "freq": pl.String,
        "period": pl.String,
        "received": pl.Date,
        "place": pl.String,
        "owes_all": pl.Boolean,
        "nil": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
