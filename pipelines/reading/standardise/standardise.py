"""Turn a file as read, and its form, into standard tables: observations, case events, findings.

The result depends on nothing else: it is deterministic and knows no history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from pipelines.declarations.form import Form
from pipelines.declarations.registry import Registry
from pipelines.findings import rules
from pipelines.findings.finding import Finding, worst_first
from pipelines.model.content import Content, Cube, Grid, Where
from pipelines.model.long_tables import CASE_EVENT, OBSERVATION, empty_table
from pipelines.model.periods import Period
from pipelines.reading.standardise.applied_corrections import apply_corrections
from pipelines.reading.standardise.collecting import Binding, Collector
from pipelines.reading.standardise.cube import CubeReading
from pipelines.reading.standardise.flat import FlatReading
from pipelines.reading.standardise.grid import read_tables
from pipelines.reading.standardise.nil import find_nil
from pipelines.reading.standardise.numbered import KEY, Number
from pipelines.reading.standardise.outside import bind_contacts, bind_ignored, check_hidden, check_outside
from pipelines.reading.standardise.plan import Plan, plan_of
from pipelines.reading.standardise.register import RecordsReading
from pipelines.reading.standardise.sheets import sheets_of
from pipelines.reading.standardise.stated_periods import check_preambles
from pipelines.reading.standardise.stated_units import check_grid_units
from pipelines.reading.standardise.sums import HIDES_PARTS, check_duplicates, declared_sums


@dataclass(frozen=True, slots=True)
class Reading:
    """Return in standard form. `form` is the form's id; rows and blocks have its `series` in their column `form`.

    `sums` (DECLARED_SUM) has every sum that the form declares, for the judgement.
    """

    form: str
    series: str
    kind: Literal["full", "patch"]
    nil: bool
    periods: list[Period]
    observations: pl.DataFrame
    events: pl.DataFrame
    findings: list[Finding]
    bindings: list[Binding]
    sums: pl.DataFrame


def standardise_content(content: Content, form: Form, registry: Registry, *, submission_id: str = "") -> Reading:
    """Read a file by a form.

    Every problem becomes a finding with its place; nothing is raised for a faulty return. `observations` is in
    OBSERVATION, `events` in CASE_EVENT, both possibly empty; `periods` are those covered by the return, in order.
    """
    plan = plan_of(form, registry)
    collector = Collector()
    collector.add_findings([rules.from_remark(remark) for remark in content.remarks])
    nil = False
    if not form.accepts_format(content.format):
        expected = ", ".join(form.formats)
        collector.add_finding("return.wrong_format", Where(), form=form.id, seen=content.format, expected=expected)
    elif isinstance(content, Cube):
        assert form.cube is not None  # checked by the form itself: `cube` is required for cube formats
        CubeReading(plan, form.cube, content, collector).read_cube()
    else:
        nil = _read_grid(content, plan, collector)
    if (
        not nil
        and not collector.events
        and _is_empty(content, collector)
        and not collector.findings_of_severity("error")
    ):
        collector.add_finding("return.empty", Where())
    numbers = _correct_and_deduplicate(collector, plan, registry)
    counted = [number for number in numbers if not number.check]
    territory = registry.territory_of(form.jurisdiction).code
    codes = sorted(collector.periods)
    hidden = any(f.rule in HIDES_PARTS for f in collector.findings)
    return Reading(
        form.id,
        form.series,
        form.kind,
        nil,
        [Period.from_code(code) for code in codes],
        observation_frame(counted, form, territory, submission_id),
        _event_frame(collector, form, territory, submission_id),
        worst_first([*collector.findings, *collector.summarise_capped()]),
        collector.bindings,
        declared_sums(numbers, form.adds_up, collector.refused, hidden=hidden),
    )


def _is_empty(content: Content, collector: Collector) -> bool:
    """Return True if no number was read, or, in a table, only empty cells.

    An empty cell may mean zero or missing, but a table without a single figure or sign is a workbook not filled in.
    """
    if isinstance(content, Cube):
        return not collector.numbers
    return not any(number.seen for number in collector.numbers)


def _read_grid(grid: Grid, plan: Plan, collector: Collector) -> bool:
    """Read a grid by the form's kind; return True for a nil return."""
    form = plan.form
    sheets = sheets_of(grid, without_hidden=form.hidden == "ignore", ignored=plan.ignored_sheets)
    bind_ignored(plan, grid, collector)
    nil = find_nil(plan, sheets, collector)
    if nil and not any(cell.kind == "number" for sheet in sheets for cell in sheet.cells.values()):
        bind_contacts(plan, sheets, collector)
        return True
    unread_sheets: dict[int, tuple[str | None, str]] = {}
    if form.tables is not None:
        unread_sheets = read_tables(plan, sheets, collector)
    elif form.flat is not None:
        FlatReading(plan, form.flat, sheets, collector).read_list()
    elif form.records is not None:
        RecordsReading(plan, form.records, sheets, collector).read_records()
    if nil and not collector.numbers and not collector.events:
        collector.remove_findings({"table.not_found", "table.title_missing", "table.unread"})
        return True
    if nil:
        collector.add_finding("nil.with_figures", Where())
    bind_contacts(plan, sheets, collector)
    check_grid_units(grid, form, sheets, collector)
    check_preambles(grid, sheets, collector)
    check_hidden(form, sheets, collector)
    check_outside(sheets, collector, unread_sheets)
    return False


def _correct_and_deduplicate(collector: Collector, plan: Plan, registry: Registry) -> list[Number]:
    """Return the numbers after corrections, each key once."""
    numbers, correction_findings = apply_corrections(
        collector.numbers, registry.corrections_of(plan.form), plan.form, plan.addresser
    )
    collector.add_findings(correction_findings)
    return check_duplicates(numbers, collector)


def observation_frame(numbers: Sequence[Number], form: Form, territory: str, submission_id: str) -> pl.DataFrame:
    """Return numbers as a frame of OBSERVATION, in the order they were read."""
    if not numbers:
        return empty_table(OBSERVATION)
    constant: dict[str, str] = {
        "territory": territory,
        "jurisdiction": form.jurisdiction,
        "instrument": form.instrument,
        "source": form.source,
        "form": form.series,
        "submission_id": submission_id,
        "origin_submission_id": submission_id,
    }
    columns: dict[str, Sequence[object] | pl.Series] = {}
    for name, values in zip(KEY, zip(*(n.key for n in numbers), strict=True), strict=True):
        # Most of the twenty coordinates are the same for all numbers of a return.
        if values.count(values[0]) == len(values):
            constant[name] = values[0]
        else:
            columns[name] = values
    spans: dict[tuple[str, ...], int] = {}
    placed = [spans.setdefault(n.key[1:3], len(spans)) for n in numbers]
    days = [_first_and_last_day(*span) for span in spans]
    columns["period_start"] = pl.Series([start for start, _ in days], dtype=pl.Date).gather(placed)
    columns["period_end"] = pl.Series([end for _, end in days], dtype=pl.Date).gather(placed)
    columns["value"] = [n.value for n in numbers]
    columns["obs_status"] = [n.status for n in numbers]
    columns["conf_status"] = [n.conf for n in numbers]
    columns["notes"] = ["; ".join(n.notes) if n.notes else None for n in numbers]
    columns["place"] = [str(n.where) for n in numbers]
    columns["label"] = [n.label for n in numbers]
    frame = pl.DataFrame(columns, schema={name: OBSERVATION[name] for name in columns})
    return frame.with_columns(pl.lit(v, pl.String()).alias(k) for k, v in constant.items()).select(list(OBSERVATION))


def _first_and_last_day(code: str, accumulation: str) -> tuple[date, date]:
    period = Period.from_code(code)
    start = period.start.replace(month=1, day=1) if accumulation == "ytd" else period.start
    return start, period.end


def _event_frame(collector: Collector, form: Form, territory: str, submission_id: str) -> pl.DataFrame:
    if not collector.events:
        return empty_table(CASE_EVENT)
    constant = {
        "territory": territory,
        "form": form.series,
        "submission_id": submission_id,
        "origin_submission_id": submission_id,
    }
    return pl.DataFrame([{**row, **constant} for row in collector.events], schema=CASE_EVENT)
