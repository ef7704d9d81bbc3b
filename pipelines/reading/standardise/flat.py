"""Read a list of observations: dimensions in columns of their own, one line per number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

from pipelines.core.text.folding import find_nearest, has_lookalike
from pipelines.declarations.base import is_within
from pipelines.declarations.label_template import Hit, Matcher
from pipelines.declarations.shapes import FlatList, ListColumn
from pipelines.model.content import SourceCell, Where
from pipelines.reading.standardise.absent_members import report_absent_members, report_broken_breakdowns
from pipelines.reading.standardise.collecting import Binding, Collector, Role, nearest_words
from pipelines.reading.standardise.finding_tables import PERIOD_NAMES
from pipelines.reading.standardise.listing import Listing, find_listing, iter_body_rows, text_of
from pipelines.reading.standardise.numbered import Number
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import Sheet
from pipelines.reading.standardise.values import ZERO, Value, cell_value

MAX_COMBINATIONS = 200_000
"""Most combinations that are searched for gaps, as for a cube."""


class FlatReading:
    """Reader of the list of one Grid into a Collector."""

    def __init__(self, plan: Plan, flat: FlatList, sheets: Sequence[Sheet], collector: Collector) -> None:
        self.plan, self.flat, self.sheets, self.collector = plan, flat, sheets, collector
        self.base = {**plan.form.fixed.declared_codes(), **flat.fixed.declared_codes()}
        self._matchers: dict[str, Matcher] = {
            heading: plan.compile_template(c.template if c.template is not None else f"{{{c.dim}}}")
            for heading, c in flat.columns.items()
            if c.template is not None or c.dim is not None
        }
        self._repeats = {h: plan.codes[c.repeats] for h, c in flat.columns.items() if c.repeats is not None}
        self._contradicted: set[str] = set()
        self._cache: dict[tuple[str, str], Hit | None] = {}
        self._lines: dict[tuple[str, ...], None] = {}
        self._hits: list[dict[str, tuple[Hit, str]]] = []

    def read_list(self) -> None:
        """Find the heading row and read every line below it."""
        flat = self.flat
        listing = find_listing(
            self.plan, self.sheets, list(flat.columns), self.collector, sheet_words=flat.sheet, title_words=flat.title
        )
        if listing is None:
            return
        for heading, column in listing.columns.items():
            where = listing.sheet.place_of(listing.row, column)
            role: Role = "ignored" if flat.columns[heading].ignore else "heading"
            self.collector.bindings.append(Binding(where, role, {}, listing.sheet.index, listing.row, column))
        base = {**self.base, **listing.coordinates}
        ends = [self.plan.compile_template(t) for t in flat.end]
        last = listing.row
        for row in iter_body_rows(listing, self.plan, ends, self.collector):
            self._read_line(listing, row, base)
            last = row
        if flat.crossed:
            self._fill_gaps(listing, base)
        tables = {heading: column.dim for heading, column in flat.columns.items() if column.dim is not None}
        hits = [hit for hit in self._cache.values() if hit is not None]
        where = listing.sheet.place_of(last, 1)
        report_absent_members(self.plan, tables, hits, where, self.collector)
        report_broken_breakdowns(self.plan, where, self.collector)

    def _read_line(self, listing: Listing, row: int, base: Mapping[str, str]) -> None:
        """Read one line: match its dimensions, then read each value column."""
        coordinates = dict(base)
        words: list[str] = []
        notes: list[str] = []
        values: list[tuple[ListColumn, str, int]] = []
        is_valid = True
        valid_ranges: list[tuple[str, Where, str]] = []
        members: list[tuple[str, Hit]] = []
        for heading, column in listing.columns.items():
            declared = self.flat.columns[heading]
            cell = listing.sheet.cell_at(row, column)
            if declared.value:
                values.append((declared, heading, column))
            elif declared.note:
                if text := text_of(cell):
                    notes.append(text)
                    self._bind_cell(listing, cell, "note", {})
            elif not declared.ignore:
                hit = self._match_dimension(listing, row, column, heading, cell)
                if hit is None:
                    is_valid = False
                    continue
                self._report_other_period(listing, row, column, hit)
                coordinates.update(hit.said)
                words.append(text_of(cell))
                members.append((text_of(cell), hit))
                valid_ranges += [(v, listing.sheet.place_of(row, column), text_of(cell)) for _, v in hit.valid]
        if is_valid:
            self._check_repeated_words(listing, row, coordinates)
            period = self.plan.addresser.period_code(coordinates)
            for range_, where, text in valid_ranges:
                if period is not None and not is_within(period, range_):
                    self.collector.add_finding("label.not_valid", where, seen=text, expected=range_, period=period)
            if self.flat.crossed:
                self._remember_members(members)
            for declared, heading, column in values:
                self._read_value(
                    listing,
                    row,
                    column,
                    {**coordinates, **declared.set.declared_codes()},
                    [heading, *words],
                    tuple(notes),
                )

    def _check_repeated_words(self, listing: Listing, row: int, coordinates: Mapping[str, str]) -> None:
        """Report words that mean something else than the codes of their line, once for each column of words."""
        for heading, table in self._repeats.items():
            cell = listing.sheet.cell_at(row, listing.columns[heading]) if heading in listing.columns else None
            meaning = table.find_meaning(text_of(cell), None)
            if cell is None or meaning is None:
                continue
            if heading not in self._contradicted and any(
                coordinates.get(name, code) != code for name, code in meaning.said.items()
            ):
                self._contradicted.add(heading)
                codes = {name: coordinates[name] for name in meaning.said if name in coordinates}
                expected = next((m.label for m in table.meanings_by_code().values() if m.said == codes), None)
                expected = expected or ", ".join(codes.values())
                self.collector.add_finding("line.words_differ", cell.where, seen=cell.text, expected=expected)

    def _report_other_period(self, listing: Listing, row: int, column: int, hit: Hit) -> None:
        """Report a line of another period than sheet and title name: one of the two is from an older file."""
        for name in PERIOD_NAMES & hit.said.keys() & listing.coordinates.keys():
            if hit.said[name] != listing.coordinates[name]:
                where = listing.sheet.place_of(row, column)
                self.collector.add_finding(
                    "period.contradiction", where, seen=hit.said[name], expected=listing.coordinates[name]
                )

    def _states_nothing(self, cell: SourceCell | None) -> bool:
        """Return True if a line without a number counts as left out, as it would be in a cube of this form."""
        return self.flat.crossed and self.plan.form.absent_cell == "missing" and not text_of(cell)

    def _remember_members(self, members: Sequence[tuple[str, Hit]]) -> None:
        if not self._hits:
            self._hits = [{} for _ in members]
        for hits_by_name, (text, hit) in zip(self._hits, members, strict=True):
            hits_by_name.setdefault(_member_name(hit), (hit, text))
        self._lines[tuple(_member_name(hit) for _, hit in members)] = None

    def _fill_gaps(self, listing: Listing, base: Mapping[str, str]) -> None:
        """Handle combinations of the members that no line states: zero or a finding, as for a cube; else nothing."""
        meaning = self.plan.form.absent_cell
        if meaning == "missing" or not self._hits or prod(map(len, self._hits)) > MAX_COMBINATIONS:
            return
        gaps = [key for key in product(*self._hits) if key not in self._lines]
        words = [[self._hits[i][name][1] for i, name in enumerate(key)] for key in gaps]
        where = listing.sheet.place_of(listing.row, 1)
        if meaning == "error":
            if gaps:
                self.collector.add_finding("cube.absent", where, count=len(gaps), seen=", ".join(words[0]))
            return
        for key, texts in zip(gaps, words, strict=True):
            coordinates = dict(base)
            for index, name in enumerate(key):
                coordinates.update(self._hits[index][name][0].said)
            place = Where(keyword="left out: " + ", ".join(texts))
            for heading, column in self.flat.columns.items():
                if column.value:
                    self._add_number(place, {**coordinates, **column.set.declared_codes()}, [heading, *texts], ZERO)

    def _add_number(self, where: Where, coordinates: Mapping[str, str], words: Sequence[str], value: Value) -> None:
        """Add a number that no cell states."""
        address = self.plan.addresser.find_address(coordinates)
        for trouble in address.troubles:
            self.collector.add_trouble(trouble, where)
        if address.key is not None:
            self.collector.periods.add(address.key[1])
            label = " | ".join(words)
            number = Number(address.key, value.value, value.status, value.conf, where, label, value.seen)
            self.collector.numbers.append(number)

    def _match_dimension(
        self, listing: Listing, row: int, column: int, heading: str, cell: SourceCell | None
    ) -> Hit | None:
        """Match a cell to a declared member; None, with a finding, if it is blank, a date or undeclared."""
        where = listing.sheet.place_of(row, column)
        text = text_of(cell)
        if cell is None or not text:
            self.collector.add_finding("record.blank", where, field=heading)
            return None
        if cell.kind == "date":
            self.collector.add_finding("cell.date", where, seen=text, expected=f"a value of '{heading}'")
            return None
        cache_key = (heading, text)
        if cache_key not in self._cache:
            self._cache[cache_key] = self._matchers[heading].match_text(text)
        hit = self._cache[cache_key]
        if hit is None:
            near = find_nearest(text, self._matchers[heading].list_expansions())
            self.collector.add_finding("label.undeclared", where, seen=text, nearest=nearest_words(near))
            self._bind_cell(listing, cell, "unknown", {})
            return None
        if has_lookalike(text):
            self.collector.add_finding("cell.lookalike", where, seen=text)
        self._bind_cell(listing, cell, "label", hit.said)
        return hit

    def _read_value(
        self,
        listing: Listing,
        row: int,
        column: int,
        coordinates: Mapping[str, str],
        words: Sequence[str],
        notes: tuple[str, ...],
    ) -> None:
        """Read one value cell of a line as a number with its address."""
        cell = listing.sheet.cell_at(row, column)
        where = listing.sheet.place_of(row, column)
        address = self.plan.addresser.find_address(coordinates)
        for trouble in address.troubles:
            self.collector.add_trouble(trouble, where)
        is_left_out = self._states_nothing(cell)
        value = None if is_left_out else cell_value(cell, where, self.plan, self.collector, listing.sheet.format)
        if address.key is None:
            return
        self.collector.periods.add(address.key[1])
        self.collector.bindings.append(Binding(where, "value", coordinates, listing.sheet.index, row, column))
        if is_left_out:
            return
        if value is None:
            self.collector.refused.append(address.key)
        else:
            self.collector.numbers.append(
                Number(
                    address.key,
                    value.value,
                    value.status,
                    value.conf,
                    where,
                    " | ".join(words),
                    value.seen,
                    (*value.notes, *notes),
                )
            )

    def _bind_cell(self, listing: Listing, cell: SourceCell | None, role: Role, coordinates: Mapping[str, str]) -> None:
        if cell is not None:
            self.collector.bindings.append(
                Binding(cell.where, role, coordinates, listing.sheet.index, cell.row, cell.column)
            )


def _member_name(hit: Hit) -> str:
    """Return what distinguishes one member of a column from another: its codes, regardless of spelling."""
    return ",".join(f"{name}={key}" for name, key in hit.keys) or ",".join(f"{k}={v}" for k, v in hit.said.items())
