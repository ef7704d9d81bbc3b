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
from pipelines.model.long_tables import CASE_EVENT, OBSERVATION, empty
from pipelines.model.periods import Period
from pipelines.reading.standardise.applied_corrections import apply_corrections
from pipelines.reading.standardise.collecting import Binding, Collector
from pipelines.reading.standardise.cube import CubeReading
from pipelines.reading.standardise.flat import FlatReading
from pipelines.reading.standardise.grid import GridReading
from pipelines.reading.standardise.nil import find_nil
from pipelines.reading.standardise.numbered import KEY, Number
from pipelines.reading.standardise.outside import bind_contacts, bind_ignored, check_hidden, check_outside
from pipelines.reading.standardise.plan import Plan, plan_of
from pipelines.reading.standardise.register import RecordsReading
from pipelines.reading.standardise.sheets import sheets_of
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


def standardise(content: Content, form: Form, registry: Registry, *, submission_id: str = "") -> Reading:
    """Read a file by a form.

    Every problem becomes a finding with its place; nothing is raised for a faulty return. `observations` is in
    OBSERVATION, `events` in CASE_EVENT, both possibly empty; `periods` are those covered by the return, in order.
    """
    plan = plan_of(form, registry)
    basket = Collector()
    basket.add([rules.from_remark(remark) for remark in content.remarks])
    nil = False
    if not form.takes(content.format):
        expected = ", ".join(form.formats)
        basket.find("return.wrong_format", Where(), form=form.id, seen=content.format, expected=expected)
    elif isinstance(content, Cube):
        assert form.cube is not None  # checked by the form itself: `cube` is required for cube formats
        CubeReading(plan, form.cube, content, basket).read()
    else:
        nil = _read_grid(content, plan, basket)
    if not nil and not basket.events and _is_empty(content, basket) and not basket.findings_of_severity("error"):
        basket.find("return.empty", Where())
    numbers = _correct_and_deduplicate(basket, plan, registry)
    counted = [number for number in numbers if not number.check]
    territory = registry.territory_of(form.jurisdiction).code
    codes = sorted(basket.periods)
    hidden = any(f.rule in HIDES_PARTS for f in basket.findings)
    return Reading(
        form.id,
        form.series,
        form.kind,
        nil,
        [Period.of(code) for code in codes],
        observation_frame(counted, form, territory, submission_id),
        _event_frame(basket, form, territory, submission_id),
        worst_first([*basket.findings, *basket.capped()]),
        basket.bindings,
        declared_sums(numbers, form.adds_up, basket.refused, hidden=hidden),
    )


def _is_empty(content: Content, basket: Collector) -> bool:
    """Return True if no number was read, or, in a table, only empty cells.

    An empty cell may mean zero or missing, but a table without a single figure or sign is a workbook not filled in.
    """
    if isinstance(content, Cube):
        return not basket.numbers
    return not any(number.seen for number in basket.numbers)


def _read_grid(grid: Grid, plan: Plan, basket: Collector) -> bool:
    form = plan.form
    sheets = sheets_of(grid, without_hidden=form.hidden == "ignore", ignored=plan.ignored_sheets)
    bind_ignored(plan, grid, basket)
    nil = find_nil(plan, sheets, basket)
    if nil and not any(cell.kind == "number" for sheet in sheets for cell in sheet.cells.values()):
        bind_contacts(plan, sheets, basket)
        return True
    if form.tables is not None:
        GridReading(plan, sheets, basket).read()
    elif form.flat is not None:
        FlatReading(plan, form.flat, sheets, basket).read()
    elif form.records is not None:
        RecordsReading(plan, form.records, sheets, basket).read()
    if nil and not basket.numbers and not basket.events:
        basket.forget({"table.not_found", "table.title_missing"})
        return True
    if nil:
        basket.find("nil.with_figures", Where())
    bind_contacts(plan, sheets, basket)
    check_hidden(form, sheets, basket)
    check_outside(sheets, basket)
    return False


def _correct_and_deduplicate(basket: Collector, plan: Plan, registry: Registry) -> list[Number]:
    """Return the numbers after corrections, each key once."""
    numbers, correction_findings = apply_corrections(
        basket.numbers, registry.corrections_of(plan.form), plan.form, plan.addresser
    )
    basket.add(correction_findings)
    return check_duplicates(numbers, basket)


def observation_frame(numbers: Sequence[Number], form: Form, territory: str, submission_id: str) -> pl.DataFrame:
    """Return numbers as a frame of OBSERVATION, in the order they were read."""
    if not numbers:
        return empty(OBSERVATION)
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
    period = Period.of(code)
    start = period.start.replace(month=1, day=1) if accumulation == "ytd" else period.start
    return start, period.end


def _event_frame(basket: Collector, form: Form, territory: str, submission_id: str) -> pl.DataFrame:
    if not basket.events:
        return empty(CASE_EVENT)
    constant = {
        "territory": territory,
        "form": form.series,
        "submission_id": submission_id,
        "origin_submission_id": submission_id,
    }
    return pl.DataFrame([{**row, **constant} for row in basket.events], schema=CASE_EVENT)
