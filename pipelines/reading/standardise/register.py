"""Reading a register: one line a defendant with several dates, or one line an event."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pipelines.core.codes import attribute
from pipelines.core.text.folding import nearest
from pipelines.declarations.label_template import LabelTable, label_table
from pipelines.declarations.shapes import RecordColumn, Records
from pipelines.model.content import Cell, Where
from pipelines.model.periods import Period
from pipelines.reading.standardise.addressing import Address, age_band
from pipelines.reading.standardise.collecting import Binding, Collector, Role, nearest_words
from pipelines.reading.standardise.listing import Listing, body, find_listing
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import Sheet

_CODED = ("event", "offence", "article", "sex", "age", "sentence_type", "level")
_AS_TABLE = {"event": "measure"}
_PSEUDONYMS = ("proceeding", "person")
_WITH_SENTENCE = ("sentenced_", "convicted_")
_NO_CODES: Mapping[str, str] = MappingProxyType({})


class _Column(NamedTuple):
    """A column that is read: its heading and number, and what its declaration says."""

    heading: str
    number: int
    declared: RecordColumn
    field: str | None
    event: str | None
    level: str | None
    dated: bool
    pseudonym: bool
    required: bool

    @classmethod
    def of(cls, heading: str, number: int, declared: RecordColumn) -> _Column:
        """The column with a heading."""
        dated = declared.event is not None or declared.field in ("event_date", "cutoff_date")
        pseudonym = declared.field in _PSEUDONYMS
        said = (declared.field, declared.event, declared.level)
        return cls(heading, number, declared, *said, dated, pseudonym, declared.required)


class _Event(NamedTuple):
    measure: str
    level: str
    day: date
    where: Where


class DateReader:
    """Reads dates written by a template of `{day}`, `{month}`, `{year}`; dates stored as such are taken as they are."""

    def __init__(self, template: str) -> None:
        groups = {"{day}": r"(?P<day>\d{1,2})", "{month}": r"(?P<month>\d{1,2})", "{year}": r"(?P<year>\d{4})"}
        parts = re.split(r"(\{(?:day|month|year)\})", template)
        # Offices write 1.9.2024. and 1. 9. 2024. in one column; spaces say nothing.
        words = [groups.get(part) or re.escape(part.strip()) for part in parts]
        self._pattern = re.compile(r"\s*".join(word for word in words if word))
        self._read: dict[str, date | None] = {}
        self.template = template

    def read(self, cell: Cell) -> date | None:
        """The date of a cell, None where it is none."""
        if cell.kind == "date" and isinstance(cell.value, str):
            return datetime.fromisoformat(cell.value).date()
        if cell.text not in self._read:
            self._read[cell.text] = self._date(cell.text)
        return self._read[cell.text]

    def _date(self, text: str) -> date | None:
        found = self._pattern.fullmatch(" ".join(text.split()))
        if found is None:
            return None
        try:
            return date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:  # 31.02.: written in the right way, but no day
            return None


class RecordsReading:
    """Reads the register of one Grid into a basket."""

    def __init__(self, plan: Plan, records: Records, sheets: Sequence[Sheet], basket: Collector) -> None:
        self.plan, self.records, self.sheets, self.basket = plan, records, sheets, basket
        self.dates = DateReader(records.date)
        self._seen: dict[tuple[object, ...], Where] = {}
        self._periods: dict[date, tuple[Period, date]] = {}
        self._tables: dict[str, LabelTable] = {}
        self._addresses: dict[tuple[str | None, ...], Address] = {}
        self._bands: dict[str, str] = {}

    def read(self) -> None:
        """Find the heading row and read every record below it."""
        records, form = self.records, self.plan.form
        headings = list(records.columns)
        listing = find_listing(
            self.plan, self.sheets, headings, self.basket, sheet_words=records.sheet, title_words=records.title
        )
        if listing is None:
            return
        for heading, column in listing.columns.items():
            where = listing.sheet.where(listing.row, column)
            ignored = records.columns[heading].field == "ignore"
            binding = Binding(where, "ignored" if ignored else "heading", {}, listing.sheet.index, listing.row, column)
            self.basket.bindings.append(binding)
        code = self.plan.addresser.period_code({**form.fixed.said(), **listing.said})
        period = None if code is None else Period.of(code)
        if period is not None:
            self.basket.periods.add(period.code)
        ends = [self.plan.compile(t) for t in records.end]
        columns = [_Column.of(heading, column, records.columns[heading]) for heading, column in listing.columns.items()]
        columns = [column for column in columns if column.field != "ignore"]
        for row in body(listing, self.plan, ends, self.basket):
            self._record(listing, columns, row, period)
        if records.cutoff == "period_end" and period is None and self.basket.periods:
            newest = max(Period.of(c) for c in self.basket.periods).end
            for event in self.basket.events:
                event["cutoff_date"] = newest

    def _record(self, listing: Listing, columns: Sequence[_Column], row: int, period: Period | None) -> None:
        fields: dict[str, str] = {}
        events: list[_Event] = []
        day: tuple[date, Where] | None = None
        cutoff: date | None = None
        good = True
        pseudonyms: list[tuple[Where, int]] = []
        sheet, bindings = listing.sheet, self.basket.bindings
        # A line fills half of its columns: those that it leaves out are not looked up cell by cell.
        filled = {cell.column: cell for cell in sheet.filled(row)}
        for heading, column, declared, field, event, level, dated, pseudonym, required in columns:
            cell = filled.get(column)
            if cell is None or self._not_yet(cell.text):
                if required:
                    self.basket.find("record.blank", sheet.where(row, column), field=heading)
                    good = False
                continue
            where = cell.where
            if pseudonym:
                pseudonyms.append((where, column))
            else:
                bindings.append(Binding(where, "value", _NO_CODES, sheet.index, row, column))
            if dated:
                read = self.dates.read(cell)
                if read is None:
                    self.basket.find("record.date", where, seen=cell.text, expected=self.dates.template)
                    good = False
                elif event is not None:
                    events.append(_Event(event, self._level(event, level), read, where))
                elif field == "event_date":
                    day = read, where
                else:
                    cutoff = read
                continue
            value = self._field(declared, heading, cell, where)
            if value is None:
                good = False
            elif field is not None:
                fields[field] = value
        if day is not None and "event" in fields:
            measure = fields["event"]
            events.append(_Event(measure, self._level(measure, fields.get("level")), *day))
        # Only in a line that is a record: whatever else stands in that column, say a second heading, is none.
        role: Role = "pseudonym" if good and events else "value"
        bindings += [Binding(where, role, _NO_CODES, sheet.index, row, column) for where, column in pseudonyms]
        if good and not events:
            self.basket.find("record.no_event", listing.sheet.where(row, min(listing.columns.values())))
        if good and events:
            of_all = self._of_all(fields)
            for happened in events:
                self._add(fields, of_all, happened, period, cutoff)

    def _not_yet(self, text: str) -> bool:
        """Whether a text is empty or a sign, and so says nothing of this record."""
        if not text:
            return True
        meaning = self.plan.numbers.read(text) if not text[0].isdigit() else None
        return meaning is not None and meaning.sign is not None

    @staticmethod
    @lru_cache(maxsize=512)
    def _level(measure: str, given: str | None) -> str:
        rule = attribute("measure", measure, "level_rule")
        return given or ("none" if rule == "free" else rule)

    def _field(self, declared: RecordColumn, heading: str, cell: Cell, where: Where) -> str | None:
        name, text = declared.field, cell.text
        if name in _PSEUDONYMS:
            return text.strip()
        if name in ("age_years", "sentence_months", "sentence_years"):
            read = None
            if cell.kind == "number" and isinstance(cell.value, (int, float)):
                return repr(float(cell.value))
            if cell.kind == "text":
                read = self.plan.numbers.read(text)
            if read is None or read.value is None or read.value < 0:
                self.basket.find("record.value", where, seen=text, field=heading, expected="a number")
                return None
            return repr(read.value)
        if name not in _CODED:
            return text.strip()
        table = self._table(declared.codes or name)
        meaning = table.lookup(text, None)
        if meaning is None:
            near = nearest(text, table.labels())
            self.basket.find("label.undeclared", where, seen=text, nearest=nearest_words(near))
            return None
        return meaning.said.get(_AS_TABLE.get(name, name), meaning.key)

    def _table(self, name: str) -> LabelTable:
        if name not in self._tables:
            known = self.plan.codes.get(name) or self.plan.codes.get(_AS_TABLE.get(name, name))
            self._tables[name] = known if known is not None else label_table(name, ())
        return self._tables[name]

    def _add(
        self,
        fields: Mapping[str, str],
        of_all: Mapping[str, object],
        event: _Event,
        period: Period | None,
        cutoff: date | None,
    ) -> None:
        own, own_end = self._period_of(event.day)
        if period is not None and own != period:
            expected = f"{period.start.isoformat()} to {period.end.isoformat()}"
            self.basket.find("record.outside_period", event.where, seen=event.day.isoformat(), expected=expected)
            return
        end = cutoff or (own_end if period is not None else None)
        if end is not None and event.day > end:
            seen = event.day.isoformat()
            self.basket.find("record.after_cutoff", event.where, seen=seen, expected=end.isoformat())
            return
        address = self._address(fields.get("offence"), fields.get("article"), event, own)
        for trouble in address.troubles:
            self.basket.trouble(trouble, event.where)
        if address.key is None:
            return
        self.basket.periods.add(own.code)
        offence = address.key[9]
        row = self._row(fields, of_all, event, own, end, offence, address.key[10])
        key = (of_all["proceeding"], of_all["person"], event.measure, event.level, event.day, offence)
        other = self._seen.setdefault(key, event.where)
        if other is not event.where:
            what = f"{fields.get('proceeding')}, {event.measure}"
            self.basket.find("key.duplicate", event.where, other=str(other), what=what)
            return
        self.basket.events.append(row)

    def _period_of(self, day: date) -> tuple[Period, date]:
        """The period a day lies in, and its last day."""
        if day not in self._periods:
            own = Period.containing(day, self.plan.form.freq)
            self._periods[day] = own, own.end
        return self._periods[day]

    def _address(self, offence: str | None, article: str | None, event: _Event, period: Period) -> Address:
        asked = (offence, article, event.measure, event.level, period.code)
        found = self._addresses.get(asked)
        if found is None:
            named = {"offence": offence, "article": article}
            said = {name: code for name, code in named.items() if code is not None}
            said |= {"measure": event.measure, "level": event.level, "count_unit": "person", "period": period.code}
            found = self._addresses[asked] = self.plan.addresser.address(said)
        return found

    def _of_all(self, fields: Mapping[str, str]) -> dict[str, object]:
        """What all events of one record have in common."""
        form = self.plan.form
        age = fields.get("age", "_U")
        if "age_years" in fields:
            age = self._band(fields["age_years"])
        return {
            "jurisdiction": form.jurisdiction,
            "source": form.source,
            "freq": form.freq,
            "proceeding": fields.get("proceeding", ""),
            "person": fields.get("person", ""),
            "sex": fields.get("sex", "_U"),
            "age": age,
        }

    def _band(self, years: str) -> str:
        if years not in self._bands:
            self._bands[years] = age_band(float(years), self.records.age_bands) or "_U"
        return self._bands[years]

    @staticmethod
    def _row(
        fields: Mapping[str, str],
        of_all: Mapping[str, object],
        event: _Event,
        period: Period,
        cutoff: date | None,
        offence: str,
        article: str,
    ) -> dict[str, object]:
        sentenced = event.measure.startswith(_WITH_SENTENCE)
        months: float | None = None
        if sentenced and ("sentence_months" in fields or "sentence_years" in fields):
            months = float(fields.get("sentence_months", 0)) + 12 * float(fields.get("sentence_years", 0))
        return {
            **of_all,
            "period": period.code,
            "event": event.measure,
            "level": event.level,
            "event_date": event.day,
            "cutoff_date": cutoff,
            "offence": offence,
            "law_article": article,
            "sentence_type": fields.get("sentence_type", "_U") if sentenced else "_Z",
            "sentence_months": months,
            "place": str(event.where),
        }
