"""Read a register: one line per defendant or request with several dates, or one line per event."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pipelines.core.codes import get_code_attribute
from pipelines.core.text.folding import find_nearest
from pipelines.declarations.label_template import LabelTable, label_table
from pipelines.declarations.shapes import RecordColumn, Records
from pipelines.model.content import SourceCell, Where
from pipelines.model.periods import Period
from pipelines.reading.standardise.addressing import Address, age_band
from pipelines.reading.standardise.collecting import Binding, Collector, Role, nearest_words
from pipelines.reading.standardise.listing import Listing, find_listing, iter_body_rows
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import Sheet
from pipelines.reading.standardise.values import report_struck_text

_REQUEST = ("direction", "partner", "assistance")
"""Fields of the record of a request."""
_CODED = ("event", "offence", "article", "sex", "age", "sentence_type", "level", *_REQUEST)
_AS_TABLE = {"event": "measure"}
_PSEUDONYMS = ("proceeding", "person")
_WITH_SENTENCE = ("sentenced_", "convicted_")
_PLAUSIBLE_AGES = (10, 110)
"""A defendant is at least a child old enough to be reported, and alive."""
_SAME_CASE_YEARS, _OTHER_CASE_YEARS = 1, 10
"""Largest difference between the ages of a person in one proceeding, and in two whose offences are years apart."""
_CONFLICTS_BY_CHANCE = 5
_NO_CODES: Mapping[str, str] = MappingProxyType({})


class _Column(NamedTuple):
    """Column that is read: its heading and number, and its declaration."""

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
    def from_declaration(cls, heading: str, number: int, declared: RecordColumn) -> _Column:
        """Describe the column with a heading."""
        dated = declared.event is not None or declared.field in ("event_date", "cutoff_date")
        pseudonym = declared.field in _PSEUDONYMS
        coded_fields = (declared.field, declared.event, declared.level)
        return cls(heading, number, declared, *coded_fields, dated, pseudonym, declared.required)


class _Event(NamedTuple):
    measure: str
    level: str
    day: date
    where: Where


class DateReader:
    """Reader of dates written by a template of `{day}`, `{month}`, `{year}`; stored dates are used unchanged."""

    def __init__(self, template: str) -> None:
        groups = {"{day}": r"(?P<day>\d{1,2})", "{month}": r"(?P<month>\d{1,2})", "{year}": r"(?P<year>\d{4})"}
        parts = re.split(r"(\{(?:day|month|year)\})", template)
        # Offices write both 1.9.2024. and 1. 9. 2024. in one column; spaces mean nothing.
        words = [groups.get(part) or re.escape(part.strip()) for part in parts]
        self._pattern = re.compile(r"\s*".join(word for word in words if word))
        self._read: dict[str, date | None] = {}
        self.template = template

    def read_date(self, cell: SourceCell) -> date | None:
        """Return the date of a cell, None if it has none."""
        if cell.kind == "date" and isinstance(cell.value, str):
            return datetime.fromisoformat(cell.value).date()
        if cell.text not in self._read:
            self._read[cell.text] = self._parse_date(cell.text)
        return self._read[cell.text]

    def _parse_date(self, text: str) -> date | None:
        match = self._pattern.fullmatch(" ".join(text.split()))
        if match is None:
            return None
        try:
            return date(int(match["year"]), int(match["month"]), int(match["day"]))
        except ValueError:  # 31.02.: in the declared notation, but not a date
            return None


class RecordsReading:
    """Reader of the register of one Grid into a Collector."""

    def __init__(self, plan: Plan, records: Records, sheets: Sequence[Sheet], collector: Collector) -> None:
        self.plan, self.records, self.sheets, self.collector = plan, records, sheets, collector
        self.dates = DateReader(records.date)
        self._has_persons = any(column.field == "person" for column in records.columns.values())
        self._unit = plan.form.fixed.count_unit or "person"
        self._seen: dict[tuple[object, ...], Where] = {}
        self._periods: dict[date, tuple[Period, date]] = {}
        self._tables: dict[str, LabelTable] = {}
        self._addresses: dict[tuple[str | None, ...], Address] = {}
        self._bands: dict[str, str] = {}
        self._ages: dict[str, dict[str, tuple[float, Where]]] = {}

    def read_records(self) -> None:
        """Find the heading row and read every record below it."""
        records, form = self.records, self.plan.form
        headings = list(records.columns)
        listing = find_listing(
            self.plan, self.sheets, headings, self.collector, sheet_words=records.sheet, title_words=records.title
        )
        if listing is None:
            return
        for heading, column in listing.columns.items():
            where = listing.sheet.place_of(listing.row, column)
            ignored = records.columns[heading].field == "ignore"
            binding = Binding(where, "ignored" if ignored else "heading", {}, listing.sheet.index, listing.row, column)
            self.collector.bindings.append(binding)
        code = self.plan.addresser.period_code({**form.fixed.declared_codes(), **listing.coordinates})
        period = None if code is None else Period.from_code(code)
        if period is not None:
            self.collector.periods.add(period.code)
        ends = [self.plan.compile_template(t) for t in records.end]
        columns = [
            _Column.from_declaration(heading, column, records.columns[heading])
            for heading, column in listing.columns.items()
        ]
        columns = [column for column in columns if column.field != "ignore"]
        for row in iter_body_rows(listing, self.plan, ends, self.collector):
            self._read_record(listing, columns, row, period)
        self._compare_ages()
        if records.cutoff == "period_end" and period is None and self.collector.periods:
            newest = max(Period.from_code(c) for c in self.collector.periods).end
            for event in self.collector.events:
                event["cutoff_date"] = newest

    def _read_record(self, listing: Listing, columns: Sequence[_Column], row: int, period: Period | None) -> None:
        """Read one line: its fields and dates become case events if all of them are valid."""
        fields: dict[str, str] = {}
        places: dict[str, Where] = {}
        events: list[_Event] = []
        day: tuple[date, Where] | None = None
        begun: date | None = None
        cutoff: date | None = None
        is_valid = True
        pseudonyms: list[tuple[Where, int]] = []
        sheet, bindings = listing.sheet, self.collector.bindings
        # A line fills half of its columns: look only at the cells that exist, not at every column.
        filled = {cell.column: cell for cell in sheet.iter_filled(row)}
        for heading, column, declared, field, event, level, dated, pseudonym, required in columns:
            cell = filled.get(column)
            if cell is None or self._is_not_yet_known(cell.text):
                if required:
                    self.collector.add_finding("record.blank", sheet.place_of(row, column), field=heading)
                    is_valid = False
                continue
            where = cell.where
            if cell.struck is not None:
                report_struck_text(cell, where, self.collector)
                is_valid = False
                continue
            if pseudonym:
                pseudonyms.append((where, column))
            else:
                bindings.append(Binding(where, "value", _NO_CODES, sheet.index, row, column))
            if dated:
                parsed_date = self.dates.read_date(cell)
                if parsed_date is None:
                    self.collector.add_finding("record.date", where, seen=cell.text, expected=self.dates.template)
                    is_valid = False
                elif event is not None:
                    if declared.stated_again:
                        begun = parsed_date
                    if not (declared.stated_again and period is not None and parsed_date < period.start):
                        events.append(_Event(event, self._level_of(event, level), parsed_date, where))
                elif field == "event_date":
                    day = parsed_date, where
                else:
                    cutoff = parsed_date
                continue
            value = self._read_field(declared, heading, cell, where)
            if value is None:
                is_valid = False
            elif field is not None:
                fields[field], places[field] = value, where
        if day is not None and "event" in fields:
            measure = fields["event"]
            events.append(_Event(measure, self._level_of(measure, fields.get("level")), *day))
        # Only in a line that is a record: other content of that column, such as a second heading, is not a pseudonym.
        role: Role = "pseudonym" if is_valid and events else "value"
        bindings += [Binding(where, role, _NO_CODES, sheet.index, row, column) for where, column in pseudonyms]
        if is_valid and not events:
            self.collector.add_finding("record.no_event", listing.sheet.place_of(row, min(listing.columns.values())))
        if is_valid and events:
            if "age_years" in fields:
                self._check_age(fields, places["age_years"])
            self._check_sanction(fields, events, places)
            if begun is not None:
                self._check_order(events, begun)
            shared_columns = self._shared_columns(fields)
            for record_event in events:
                self._add_event(fields, shared_columns, record_event, period, cutoff)

    def _check_age(self, fields: Mapping[str, str], where: Where) -> None:
        """Report an age that no defendant has, or that differs from the same person's age in another line."""
        years = float(fields["age_years"])
        lowest, highest = _PLAUSIBLE_AGES
        if not lowest <= years <= highest or not years.is_integer():
            self.collector.add_finding("record.age", where, seen=f"{years:g}", expected=f"{lowest}\N{EN DASH}{highest}")
            return
        person, proceeding = fields.get("person", ""), fields.get("proceeding", "")
        same_case, _ = self._ages.setdefault(person, {}).setdefault(proceeding, (years, where))
        if abs(years - same_case) > _SAME_CASE_YEARS:
            self.collector.add_finding("record.ages", where, seen=f"{years:g}", expected=f"{same_case:g}")

    def _compare_ages(self) -> None:
        """Report persons whose ages in two proceedings are too far apart to be one person's.

        Where many persons differ, the codes are not those of persons but numbers within a proceeding.
        """
        recurring = [list(ages.values()) for ages in self._ages.values() if len(ages) > 1]
        conflicts = [
            (first, later)
            for first, *later_ages in recurring
            for later in later_ages
            if abs(first[0] - later[0]) > _OTHER_CASE_YEARS
        ]
        if len(conflicts) > _CONFLICTS_BY_CHANCE and len(conflicts) > len(recurring) / 5:
            return
        for (years, _), (other_years, where) in conflicts:
            self.collector.add_finding("record.ages", where, seen=f"{other_years:g}", expected=f"{years:g}")

    def _check_order(self, events: Sequence[_Event], begun: date) -> None:
        """Report events before the first event of the record, whose date each line states."""
        for event in events:
            if event.day < begun:
                self.collector.add_finding(
                    "record.before_start", event.where, seen=event.day.isoformat(), expected=begun.isoformat()
                )

    def _check_sanction(self, fields: Mapping[str, str], events: list[_Event], places: Mapping[str, Where]) -> None:
        """Report a sanction or a length in a line without a conviction, where no event takes it."""
        if any(event.measure.startswith(_WITH_SENTENCE) for event in events):
            return
        lone_fields = [name for name in ("sentence_type", "sentence_months", "sentence_years") if name in fields]
        if fields.get("sentence_type") == "_Z":
            lone_fields.remove("sentence_type")
        if lone_fields:
            self.collector.add_finding("record.sanction_alone", places[lone_fields[0]])

    def _is_not_yet_known(self, text: str) -> bool:
        """Return True if a text is empty or a sign, and so states nothing about this record."""
        if not text:
            return True
        meaning = self.plan.numbers.read_number(text) if not text[0].isdigit() else None
        return meaning is not None and meaning.sign is not None

    @staticmethod
    @lru_cache(maxsize=512)
    def _level_of(measure: str, declared_level: str | None) -> str:
        rule = get_code_attribute("measure", measure, "level_rule")
        return declared_level or ("none" if rule == "free" else rule)

    def _read_field(self, declared: RecordColumn, heading: str, cell: SourceCell, where: Where) -> str | None:
        """Return the code or text of a field; None, with a finding, if it is invalid."""
        name, text = declared.field, cell.text
        if name in _PSEUDONYMS:
            return text.strip()
        if name in ("age_years", "sentence_months", "sentence_years"):
            read = None
            if cell.kind == "number" and isinstance(cell.value, (int, float)):
                return repr(float(cell.value))
            if cell.kind == "text":
                read = self.plan.numbers.read_number(text)
            if read is None or read.value is None or read.value < 0:
                self.collector.add_finding("record.value", where, seen=text, field=heading, expected="a number")
                return None
            return repr(read.value)
        if name not in _CODED:
            return text.strip()
        table = self._table_of(declared.codes or name)
        meaning = table.find_meaning(text, None)
        if meaning is None:
            near = find_nearest(text, table.list_labels())
            self.collector.add_finding("label.undeclared", where, seen=text, nearest=nearest_words(near))
            return None
        return meaning.said.get(_AS_TABLE.get(name, name), meaning.key)

    def _table_of(self, name: str) -> LabelTable:
        if name not in self._tables:
            table = self.plan.codes.get(name) or self.plan.codes.get(_AS_TABLE.get(name, name))
            self._tables[name] = table if table is not None else label_table(name, ())
        return self._tables[name]

    def _add_event(
        self,
        fields: Mapping[str, str],
        shared_columns: Mapping[str, object],
        event: _Event,
        period: Period | None,
        cutoff: date | None,
    ) -> None:
        """Add an event; report one outside its period, after the cutoff, or repeated."""
        event_period, event_period_end = self._period_of(event.day)
        if period is not None and event_period != period:
            expected = f"{period.start.isoformat()} to {period.end.isoformat()}"
            self.collector.add_finding(
                "record.outside_period", event.where, seen=event.day.isoformat(), expected=expected
            )
            return
        last_day = cutoff or (event_period_end if period is not None else None)
        if last_day is not None and event.day > last_day:
            day_text = event.day.isoformat()
            self.collector.add_finding("record.after_cutoff", event.where, seen=day_text, expected=last_day.isoformat())
            return
        address = self._address_of(fields, event, event_period)
        for trouble in address.troubles:
            self.collector.add_trouble(trouble, event.where)
        if address.key is None:
            return
        self.collector.periods.add(event_period.code)
        offence = address.key[9]
        row = self._event_row(fields, shared_columns, event, event_period, last_day, offence, address.key[10])
        key = (shared_columns["proceeding"], shared_columns["person"], event.measure, event.level, event.day, offence)
        first_place = self._seen.setdefault(key, event.where)
        if first_place is not event.where:
            event_name = f"{fields.get('proceeding')}, {event.measure}"
            self.collector.add_finding("key.duplicate", event.where, other=str(first_place), what=event_name)
            return
        self.collector.events.append(row)

    def _period_of(self, day: date) -> tuple[Period, date]:
        """Return the period that contains a day, and the period's last day."""
        if day not in self._periods:
            period = Period.from_day(day, self.plan.form.freq)
            self._periods[day] = period, period.end
        return self._periods[day]

    def _address_of(self, fields: Mapping[str, str], event: _Event, period: Period) -> Address:
        coded = {name: fields.get(name) for name in ("offence", "article", *_REQUEST)}
        cache_key = (*coded.values(), event.measure, event.level, period.code)
        address = self._addresses.get(cache_key)
        if address is None:
            coordinates = {name: code for name, code in coded.items() if code is not None}
            coordinates |= {
                "measure": event.measure,
                "level": event.level,
                "count_unit": self._unit,
                "period": period.code,
            }
            address = self._addresses[cache_key] = self.plan.addresser.find_address(coordinates)
        return address

    def _shared_columns(self, fields: Mapping[str, str]) -> dict[str, object]:
        """Return the columns shared by all events of one record."""
        form = self.plan.form
        of_person, of_request = ("_U", "_Z") if self._has_persons else ("_Z", "_U")
        age = fields.get("age", of_person)
        if "age_years" in fields:
            age = self._age_band_of(fields["age_years"])
        return {
            "jurisdiction": form.jurisdiction,
            "source": form.source,
            "freq": form.freq,
            "proceeding": fields.get("proceeding", ""),
            "person": fields.get("person", "" if self._has_persons else "_Z"),
            "sex": fields.get("sex", of_person),
            "age": age,
            **{name: fields.get(name, of_request) for name in _REQUEST},
        }

    def _age_band_of(self, years: str) -> str:
        if years not in self._bands:
            self._bands[years] = age_band(float(years), self.records.age_bands) or "_U"
        return self._bands[years]

    @staticmethod
    def _event_row(
        fields: Mapping[str, str],
        shared_columns: Mapping[str, object],
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
            **shared_columns,
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
