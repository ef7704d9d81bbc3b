"""Reading a register: one line a defendant with several dates, or one line an event.

Belongs here: lines to rows of CASE_EVENT.  Does not belong here: counting events or durations (dbt, statistics).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pipelines.codes import attribute
from pipelines.readers.model import Cell, Where
from pipelines.returns.addressing import age_band
from pipelines.returns.collecting import Binding, Collector, nearest_words
from pipelines.returns.folding import nearest
from pipelines.returns.listing import Listing, body, find_listing, text_of
from pipelines.returns.periods import Period
from pipelines.returns.plan import Plan
from pipelines.returns.shapes import RecordColumn, Records
from pipelines.returns.sheets import Sheet
from pipelines.returns.template import LabelTable, label_table

_CODED = ("event", "offence", "article", "sex", "age", "sentence_type", "level")
_AS_TABLE = {"event": "measure"}
_PSEUDONYMS = ("proceeding", "person")
_WITH_SENTENCE = ("sentenced_", "convicted_")


_Column = tuple[str, int, RecordColumn]
"""Heading, number, declaration."""


@dataclass(frozen=True, slots=True)
class _Event:
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
        columns = [(heading, column, records.columns[heading]) for heading, column in listing.columns.items()]
        columns = [item for item in columns if item[2].field != "ignore"]
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
        pseudonyms: list[Binding] = []
        for heading, column, declared in columns:
            cell = listing.sheet.at(row, column)
            text = text_of(cell)
            if cell is None or not text or self._not_yet(declared, text):
                if declared.required:
                    self.basket.find("record.blank", listing.sheet.where(row, column), field=heading)
                    good = False
                continue
            where = cell.where
            bound = Binding(where, "value", {}, listing.sheet.index, row, column)
            (pseudonyms if declared.field in _PSEUDONYMS else self.basket.bindings).append(bound)
            if declared.event is not None or declared.field in ("event_date", "cutoff_date"):
                read = self.dates.read(cell)
                if read is None:
                    self.basket.find("record.date", where, seen=text, expected=self.dates.template)
                    good = False
                elif declared.event is not None:
                    events.append(_Event(declared.event, self._level(declared.event, declared.level), read, where))
                elif declared.field == "event_date":
                    day = read, where
                else:
                    cutoff = read
                continue
            value = self._field(declared, heading, cell, where)
            if value is None:
                good = False
            elif declared.field is not None:
                fields[declared.field] = value
        if day is not None and "event" in fields:
            measure = fields["event"]
            events.append(_Event(measure, self._level(measure, fields.get("level")), *day))
        # Only in a line that is a record: whatever else stands in that column, say a second heading, is none.
        whole = good and bool(events)
        self.basket.bindings += [b._replace(role="pseudonym") for b in pseudonyms] if whole else pseudonyms
        if good and not events:
            self.basket.find("record.no_event", listing.sheet.where(row, min(listing.columns.values())))
        if good:
            for event in events:
                self._add(fields, event, period, cutoff)

    def _not_yet(self, declared: RecordColumn, text: str) -> bool:
        meaning = self.plan.numbers.read(text) if not text[0].isdigit() else None
        return meaning is not None and meaning.sign is not None

    @staticmethod
    def _level(measure: str, given: str | None) -> str:
        rule = attribute("measure", measure, "level_rule")
        return given or ("none" if rule == "free" else rule)

    def _field(self, declared: RecordColumn, heading: str, cell: Cell, where: Where) -> str | None:
        name, text = declared.field, cell.text
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

    def _add(self, fields: Mapping[str, str], event: _Event, period: Period | None, cutoff: date | None) -> None:
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
        said = {k: fields[k] for k in ("offence", "article") if k in fields}
        said |= {"measure": event.measure, "level": event.level, "count_unit": "person", "period": own.code}
        address = self.plan.addresser.address(said)
        for trouble in address.troubles:
            self.basket.trouble(trouble, event.where)
        if address.key is None:
            return
        self.basket.periods.add(own.code)
        row = self._row(fields, event, own, end, address.key[9], address.key[10])
        key = tuple(row[k] for k in ("proceeding", "person", "event", "level", "event_date", "offence"))
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

    def _row(
        self, fields: Mapping[str, str], event: _Event, period: Period, cutoff: date | None, offence: str, article: str
    ) -> dict[str, object]:
        form = self.plan.form
        sentenced = event.measure.startswith(_WITH_SENTENCE)
        months: float | None = None
        if sentenced and {"sentence_months", "sentence_years"} & fields.keys():
            months = float(fields.get("sentence_months", 0)) + 12 * float(fields.get("sentence_years", 0))
        age = fields.get("age", "_U")
        if "age_years" in fields:
            age = age_band(float(fields["age_years"]), self.records.age_bands) or "_U"
        return {
            "jurisdiction": form.jurisdiction,
            "source": form.source,
            "freq": form.freq,
            "period": period.code,
            "proceeding": fields.get("proceeding", ""),
            "person": fields.get("person", ""),
            "event": event.measure,
            "level": event.level,
            "event_date": event.day,
            "cutoff_date": cutoff,
            "offence": offence,
            "law_article": article,
            "sex": fields.get("sex", "_U"),
            "age": age,
            "sentence_type": fields.get("sentence_type", "_U") if sentenced else "_Z",
            "sentence_months": months,
            "place": str(event.where),
        }
