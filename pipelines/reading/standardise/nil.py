"""Recognise a nil return: a sentence by which an office states that there was nothing to count."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.declarations.base import is_within
from pipelines.model.content import Where
from pipelines.reading.standardise.collecting import Binding, Collector
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import Sheet


def find_nil(plan: Plan, sheets: Sequence[Sheet], collector: Collector) -> bool:
    """Return True if a cell or title has the form's nil words; add its period to the collector."""
    nil = plan.form.nil
    if nil is None:
        return False
    words = plan.compile_template(nil.words)
    title = plan.compile_template(nil.title) if nil.title is not None else None
    coordinates: dict[str, str] = {}
    is_nil = False
    for sheet in sheets:
        for cell in sheet.words:
            hit = words.match_text(cell.text)
            if hit is None and title is not None:
                title_hit = title.match_text(cell.text)
                if title_hit is not None:
                    coordinates.update(title_hit.said)
            if hit is not None:
                is_nil = True
                coordinates.update(hit.said)
                collector.bindings.append(Binding(cell.where, "nil", hit.said, sheet.index, cell.row, cell.column))
        for text in [sheet.table.title or "", *(sheet.table.title or "").splitlines()]:
            hit = words.match_text(text)
            is_nil = is_nil or hit is not None
            coordinates.update(hit.said if hit is not None else {})
            if title is not None and (title_hit := title.match_text(text)) is not None:
                coordinates.update(title_hit.said)
    if not is_nil:
        return False
    code = plan.addresser.period_code({**plan.form.fixed.declared_codes(), **coordinates})
    if code is None:
        missing_part = "the year" if plan.form.freq == "A" else "year and quarter"
        collector.add_finding("period.missing", Where(), what=missing_part)
    else:
        _check_period(plan, code, collector)
        collector.periods.add(code)
    return True


def _check_period(plan: Plan, code: str, collector: Collector) -> None:
    form = plan.form
    if not is_within(code, form.valid):
        collector.add_finding("period.outside_form", Where(), seen=code, expected=form.valid, form=form.id)
