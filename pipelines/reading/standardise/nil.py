"""The nil return: a sentence by which an office says that there was nothing to count."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.declarations.base import within
from pipelines.model.content import Where
from pipelines.reading.standardise.collecting import Binding, Collector
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import Sheet


def find_nil(plan: Plan, sheets: Sequence[Sheet], basket: Collector) -> bool:
    """Whether a cell or title says the form's nil words; its period goes to the basket."""
    nil = plan.form.nil
    if nil is None:
        return False
    words = plan.compile(nil.words)
    title = plan.compile(nil.title) if nil.title is not None else None
    said: dict[str, str] = {}
    found = False
    for sheet in sheets:
        for cell in sheet.words:
            hit = words.hit(cell.text)
            if hit is None and title is not None:
                other = title.hit(cell.text)
                if other is not None:
                    said.update(other.said)
            if hit is not None:
                found = True
                said.update(hit.said)
                basket.bindings.append(Binding(cell.where, "nil", hit.said, sheet.index, cell.row, cell.column))
        for text in [sheet.table.title or "", *(sheet.table.title or "").splitlines()]:
            hit = words.hit(text)
            found = found or hit is not None
            said.update(hit.said if hit is not None else {})
            if title is not None and (other := title.hit(text)) is not None:
                said.update(other.said)
    if not found:
        return False
    code = plan.addresser.period_code({**plan.form.fixed.said(), **said})
    if code is None:
        what = "the year" if plan.form.freq == "A" else "year and quarter"
        basket.find("period.missing", Where(), what=what)
    else:
        _tell_period(plan, code, basket)
        basket.periods.add(code)
    return True


def _tell_period(plan: Plan, code: str, basket: Collector) -> None:
    form = plan.form
    if not within(code, form.valid):
        basket.find("period.outside_form", Where(), seen=code, expected=form.valid, form=form.id)
