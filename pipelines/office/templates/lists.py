"""Arrange lists: one observation per line, and registers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from pipelines.core.codes import COOPERATION_DIMENSIONS
from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.declarations.shapes import FlatList, Records
from pipelines.office.templates.layout import LayoutText, TableArea, TemplateSheet, sheet_name
from pipelines.office.templates.words import Words
from pipelines.reading.standardise.addressing import UNITS_WITHOUT_PERSONS
from pipelines.reading.standardise.numbered import AT, Key

MANY_LINES = 1500
"""Above this number of combinations, only those that the warehouse distinguishes get a line (`_is_distinguished`)."""
_MOST_LINES = 20_000
MOST_COMBINATIONS = 200_000
"""Above this number of combinations nothing is prepared: a list of requests has millions, of which an office fills in
some dozens. Its workbook has headings, choices and empty lines."""
_SPARE_LINES = 100
_SPARE_RECORDS = 500
_BREAKDOWNS = frozenset(
    {
        *("sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band", "person_type", "partner"),
        *COOPERATION_DIMENSIONS,
    }
)
_TOGETHER = (frozenset({"sex", "age"}), frozenset({"sentence_type", "sentence_band"}))
_CODED = frozenset({"event", "offence", "article", "sex", "age", "sentence_type", "level"})
_AS_TABLE = {"event": "measure"}


class TooManyLinesError(UserFacingError):
    """A list has more combinations than a person can fill in."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A prepared line: its words by column, the keys of its numbers, and whether a number is impossible (persons of a
    case)."""

    words: Mapping[str, str]
    keys: tuple[Key, ...]
    cannot: bool


def flat_sheet(words: Words, flat: FlatList, above: Sequence[str], known: Collection[Key]) -> TemplateSheet:
    """Return the sheet of a list of observations; `known` are the keys, without period, of the last accepted figures.

    With accepted figures, an open list gets the same lines; else all combinations. Raises TooManyLinesError.
    """
    used_names: set[str] = set()
    sheet = TemplateSheet(sheet_name(words.fill_template(flat.sheet) if flat.sheet else words.plan.form.id, used_names))
    row = _write_words_above(sheet, words, flat.title, above)
    headings = list(flat.columns)
    _head(sheet, row, headings)
    lines = _lines(words, flat, known)
    for number, line in enumerate(lines, start=row + 1):
        for column, heading in enumerate(headings, start=1):
            if (text := line.words.get(heading)) is not None:
                sheet.texts.append(LayoutText(number, column, text, "label"))
    sheet.spare = _SPARE_LINES
    sheet.choices = {n: c.dim for n, c in enumerate(flat.columns.values(), start=1) if c.dim is not None}
    values = [n for n, c in enumerate(flat.columns.values(), start=1) if c.value]
    sheet.areas.append(TableArea(row, row, min(values), len(headings), row + len(lines)))
    return sheet


def records_sheet(words: Words, records: Records, above: Sequence[str]) -> TemplateSheet:
    """Return the sheet of a register: its headings, and empty lines."""
    sheet = TemplateSheet(
        sheet_name(words.fill_template(records.sheet) if records.sheet else words.plan.form.id, set())
    )
    row = _write_words_above(sheet, words, records.title, above)
    _head(sheet, row, list(records.columns))
    dates, quantities = [], []
    for column, declared in enumerate(records.columns.values(), start=1):
        if declared.event is not None or declared.field in ("event_date", "cutoff_date"):
            dates.append(column)
        elif declared.field in ("age_years", "sentence_months", "sentence_years"):
            quantities.append(column)
        elif declared.field in _CODED:
            name = declared.codes or declared.field
            table = name if name in words.tables else _AS_TABLE.get(name, name)
            if table in words.tables:
                sheet.choices[column] = table
    sheet.spare, sheet.dates, sheet.quantities = _SPARE_RECORDS, tuple(dates), tuple(quantities)
    sheet.areas.append(TableArea(row, row, 1, len(records.columns), row))
    return sheet


def _write_words_above(sheet: TemplateSheet, words: Words, title: str | None, above: Sequence[str]) -> int:
    """Add the words above a list; return the row of its headings."""
    lines = list(above)
    if title is not None and (written := words.fill_template(title)) not in lines:
        lines.insert(0, written)
    sheet.texts += [LayoutText(n, 1, line, "mark" if n > 1 else "title") for n, line in enumerate(lines, start=1)]
    return len(lines) + 2


def _head(sheet: TemplateSheet, row: int, headings: Sequence[str]) -> None:
    sheet.texts += [LayoutText(row, n, heading, "heading") for n, heading in enumerate(headings, start=1)]


def _lines(words: Words, flat: FlatList, known: Collection[Key]) -> list[_Line]:
    form = words.plan.form
    size = prod(len(words.tables[c.dim].meanings_by_code()) for c in flat.columns.values() if c.dim is not None)
    whole = flat.crossed and form.absent_cell != "missing"
    if whole and size > _MOST_LINES:
        raise TooManyLinesError(
            mark("{form} has {size} combinations; declare its workbook by hand (`second_of`)"), form=form.id, size=size
        )
    if size > MOST_COMBINATIONS:
        return []
    few = size > MANY_LINES and not whole
    known_keys: set[Key] = set()
    lines: list[_Line] = []
    for codes, line in _combinations(words, flat):
        if few and not _is_distinguished(codes):
            continue
        if line.cannot and flat.crossed and form.absent_cell == "missing":
            continue
        if line.keys and known_keys.isdisjoint(line.keys):
            known_keys.update(line.keys)
            lines.append(line)
    if not flat.crossed and known:
        same = [line for line in lines if any(without_period(key) in known for key in line.keys)]
        return same or lines
    return lines


def _combinations(words: Words, flat: FlatList) -> Iterator[tuple[dict[str, str], _Line]]:
    form = words.plan.form
    coded = [(heading, c.dim) for heading, c in flat.columns.items() if c.dim is not None]
    plain = {
        heading: words.fill_template(c.template, next(words.list_choices(c.template), {}))
        for heading, c in flat.columns.items()
        if c.template is not None
    }
    base = {**form.fixed.declared_codes(), **flat.fixed.declared_codes(), "period": words.period.code}
    values = [column for column in flat.columns.values() if column.value]
    for keys in product(*(words.tables[dim].meanings_by_code() for _, dim in coded)):
        meanings = [words.find_meaning(dim, key) for (_, dim), key in zip(coded, keys, strict=True)]
        codes = {**base}
        for meaning in meanings:
            codes.update(meaning.said)
        column_codes = [{**codes, **column.set.declared_codes()} for column in values]
        addresses = [words.plan.addresser.find_address(combination) for combination in column_codes]
        cannot = all(a.key is not None and has_no_number(a.key) for a in addresses)
        labels = {heading: meaning.label for (heading, _), meaning in zip(coded, meanings, strict=True)}
        cell_keys = tuple(a.key for a in addresses if a.key is not None)
        yield codes, _Line({**plain, **labels}, cell_keys if len(cell_keys) == len(values) else (), cannot)


def has_no_number(key: Key) -> bool:
    """Return True if a figure cannot exist: the sex or age of a case, a decision, a request."""
    persons = any(key[AT[name]] not in ("_T", "_Z") for name in ("sex", "age", "citizenship"))
    return persons and key[AT["count_unit"]] in UNITS_WITHOUT_PERSONS


def _is_distinguished(codes: Mapping[str, str]) -> bool:
    """Return True if a combination is broken down by nothing, by one dimension, or by one of the published pairs."""
    breakdowns = {name for name in _BREAKDOWNS & codes.keys() if codes[name] != "_T"}
    return len(breakdowns) < 2 or any(breakdowns <= pair for pair in _TOGETHER)


def without_period(key: Key) -> Key:
    """Return a key without its period, as the same figure of another quarter has it."""
    at = AT["period"]
    return (*key[:at], *key[at + 1 :])
