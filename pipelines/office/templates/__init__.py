"""Write empty workbooks of the forms, each in its office's own language and layout.

`write_template` returns the workbook of a form for a period; `list_forms` lists the forms that have one. Each workbook
is read again
before it is returned: one that this system would reject, or take for something else, is a fault of the declaration and
is reported as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import list_languages, mark, tell
from pipelines.declarations.base import is_within
from pipelines.declarations.form import Form
from pipelines.declarations.registry import Registry
from pipelines.model.periods import Period
from pipelines.office.templates.entry import EntryCell
from pipelines.office.templates.layout import TemplateSheet
from pipelines.office.templates.words import Words, words_of
from pipelines.reading.standardise.plan import plan_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TemplateError", "choose_language", "deadline_of", "list_forms", "workbook_form", "write_template"]

_TO_BE_FILLED = frozenset({"cell.empty", "return.empty", "findings.capped"})
"""Findings of an empty workbook that is otherwise correct."""


_NOT_ITS_PERIOD = {
    "Q": mark("{form} serves the quarters {periods}, not {period}; choose one of these, or another form"),
    "A": mark("{form} serves the years {periods}, not {period}; choose one of these, or another form"),
}


class TemplateError(UserFacingError):
    """A workbook cannot be made: one sentence that explains why, and what to do."""


def list_forms(registry: Registry, jurisdiction: str, instrument: str, period: str) -> list[Form]:
    """Return the forms of a jurisdiction and instrument that are valid in a period and can be written as a workbook.

    A form in another format is represented by its second form. Raises ValueError if the period is not valid.
    """
    when = Period.from_code(period)
    return [
        form
        for form in registry.forms.values()
        if (form.jurisdiction, form.instrument, form.freq) == (jurisdiction, instrument, when.freq)
        and "xlsx" in form.formats
        and is_within(period, form.valid)
    ]


def workbook_form(registry: Registry, form_id: str) -> Form:
    """Return the form by which the workbook of a form is read: itself, or its second form. Raises TemplateError."""
    form = registry.forms.get(form_id)
    if form is None:
        raise TemplateError(
            mark("no form is named {form}; there are {forms}"), form=form_id, forms=", ".join(sorted(registry.forms))
        )
    if "xlsx" in form.formats:
        return form
    return next(candidate for candidate in registry.forms.values() if candidate.second_of == form.id)


def deadline_of(registry: Registry, form: Form, period: str) -> date | None:
    """Return the day when a form's return of a period is due by the territory's calendar; None without a due date."""
    end = Period.from_code(period).end
    for entry in registry.territory_of(form.jurisdiction).calendar:
        same = (entry.jurisdiction, entry.instrument, entry.source, entry.freq)
        if same == (form.jurisdiction, form.instrument, form.source, form.freq) and is_within(period, entry.periods):
            return end + timedelta(days=entry.deadline_days)
    return None


def choose_language(language: str) -> str:
    """Return the language of our sentences for a form's language: the same, without its script, or English."""
    available = list_languages()
    return next((code for code in (language, language.partition("-")[0]) if code in available), "en")


def write_template(
    registry: Registry,
    form_id: str,
    period: str,
    *,
    language: str | None = None,
    deadline: date | None = None,
    previous: pl.DataFrame | None = None,
    demonstration: bool = False,
    contact: str | None = None,
) -> tuple[str, bytes]:
    """Return file name and XLSX bytes of the empty workbook of a form for a period.

    `language` is that of our own sentences, by default the form's; the form's words are always its own. `deadline` is
    by default that of the calendar. `previous` (OBSERVATION) are figures accepted before; the newest of each is shown
    in grey next to its cell. Raises TemplateError for an unknown form, a period that the form does not have, or a
    declaration from which no workbook can be made.
    """
    form = workbook_form(registry, form_id)
    when = _period(form, period)
    our_language = language or choose_language(form.language)
    law = registry.law_of(form.jurisdiction)
    words = words_of(plan_of(form, registry), law, when, office_name(registry, form))
    from pipelines.office.templates.earlier import find_earlier_figures

    before = find_earlier_figures(previous, form, period)
    sheets = _sheets(words, _above(words, our_language, demonstration), frozenset(before))
    from pipelines.office.templates.finish import finish_workbook
    from pipelines.office.templates.workbook import build_bare_workbook, save_workbook

    book = build_bare_workbook(sheets)
    entries = _entries(registry, form, period, save_workbook(book))
    due = deadline or deadline_of(registry, form, period)
    finish_workbook(book, sheets, words, entries, before, our_language, due, contact, demonstration)
    return f"{form.id}_{period}.xlsx", save_workbook(book)


def _period(form: Form, period: str) -> Period:
    try:
        when = Period.from_code(period)
    except ValueError:
        raise TemplateError(mark("{period} is not a period; write 2024-Q3 or 2024"), period=repr(period)) from None
    if when.freq != form.freq or not is_within(period, form.valid):
        raise TemplateError(_NOT_ITS_PERIOD[form.freq], form=form.id, periods=form.valid, period=period)
    return when


def office_name(registry: Registry, form: Form) -> str:
    """Return the office's name in the form's language, else in English, else the first."""
    office = next(o for o in registry.territory_of(form.jurisdiction).offices if o.id == form.source)
    preferred = (form.language, form.language.partition("-")[0], "en")
    ranked = [n.name for language in preferred for n in office.names if n.language == language and not n.accepted_only]
    return ranked[0] if ranked else office.names[0].name


def _above(words: Words, language: str, demonstration: bool) -> list[str]:
    """Return the lines above a table: the words that identify the form and are nowhere else in it, the office, the
    title."""
    form = words.plan.form
    declared = {text for _, text in form.iterate_templates()} | set(form.flat.columns if form.flat else ())
    declared |= set(form.records.columns if form.records else ())
    declared |= {t.corner for t in form.tables or ()} | {s for t in form.tables or () for s in t.stub}
    parts = {part for text in declared for part in text.split(" / ")}
    labels = {label for name in form.codes for label in words.plan.codes[name].list_labels()}
    needed = [t for t in form.recognise.all if t not in declared | parts | labels]
    lines = [_known(words, template) for template in needed]
    lines.append(words.office)
    if demonstration:
        lines.append(tell("Demonstration data: invented, not official.", language))
    return list(dict.fromkeys(lines))


def _known(words: Words, template: str) -> str:
    """Return a template that identifies the form, as words; free words become the period, which ends a mark."""
    return words.fill_template(template.replace("{text}", words.period.code), next(words.list_choices(template), {}))


def _sheets(words: Words, above: Sequence[str], known: frozenset[Any]) -> list[TemplateSheet]:
    from pipelines.office.templates.lists import TooManyLinesError, flat_sheet, records_sheet
    from pipelines.office.templates.tables import table_sheets

    form = words.plan.form
    try:
        if form.tables is not None:
            return table_sheets(words, above)
        if form.flat is not None:
            return [flat_sheet(words, form.flat, above, known)]
        assert form.records is not None  # a workbook is never a cube
        return [records_sheet(words, form.records, above)]
    except TooManyLinesError as error:
        raise TemplateError(error.text, **error.params) from None


def _entries(registry: Registry, form: Form, period: str, data: bytes) -> list[EntryCell]:
    """Return the cells to fill in, as the reader finds them in the bare workbook. Raises TemplateError."""
    from pipelines.reading.formats.read import read_content
    from pipelines.reading.standardise.recognise import recognise_forms
    from pipelines.reading.standardise.standardise import standardise_content

    content = read_content(data, "template.xlsx")
    matches = [match.form.id for match in recognise_forms(content, None, registry)]
    if matches[:1] != [form.id]:
        others = ", ".join(matches) or "no form"
        raise TemplateError(
            mark("the workbook of {form} would be taken for {others}; make `recognise` more telling"),
            form=form.id,
            others=others,
        )
    reading = standardise_content(content, form, registry)
    wrong = [f for f in reading.findings if f.severity != "information" and f.rule not in _TO_BE_FILLED]
    if wrong:
        from pipelines.findings.rules import describe_in_english

        places = "; ".join(f"{f.where}: {describe_in_english(f)[0]}" for f in wrong[:3])
        raise TemplateError(
            mark("the workbook of {form} for {period} would not be read: {places}"),
            form=form.id,
            period=period,
            places=places,
        )
    address = plan_of(form, registry).addresser.find_address
    bound_cells = ((b, address(b.codes).key) for b in reading.bindings if b.role in ("value", "check") and b.codes)
    return [EntryCell(b.table, b.row, b.column, key, b.role == "check") for b, key in bound_cells if key is not None]
