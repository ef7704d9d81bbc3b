"""Reading a list of observations: dimensions in columns of their own, one line a number.

Belongs here: binding columns and lines.  Does not belong here: finding the heading row (`listing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.readers.model import Cell, Where
from pipelines.returns.collecting import Binding, Collector, Role, nearest_words
from pipelines.returns.declared import within
from pipelines.returns.folding import has_lookalike, nearest
from pipelines.returns.form import FlatList, ListColumn
from pipelines.returns.listing import Listing, body, find_listing, text_of
from pipelines.returns.numbered import Number
from pipelines.returns.plan import Plan
from pipelines.returns.sheets import Sheet
from pipelines.returns.template import Hit, Matcher
from pipelines.returns.values import cell_value


class FlatReading:
    """Reads the list of one Grid into a basket."""

    def __init__(self, plan: Plan, flat: FlatList, sheets: Sequence[Sheet], basket: Collector) -> None:
        self.plan, self.flat, self.sheets, self.basket = plan, flat, sheets, basket
        self.base = {**plan.form.fixed.said(), **flat.fixed.said()}
        self._matchers: dict[str, Matcher] = {
            heading: plan.compile(c.template if c.template is not None else f"{{{c.dim}}}")
            for heading, c in flat.columns.items()
            if c.template is not None or c.dim is not None
        }
        self._cache: dict[tuple[str, str], Hit | None] = {}

    def read(self) -> None:
        """Find the heading row and read every line below it."""
        flat = self.flat
        listing = find_listing(
            self.plan, self.sheets, list(flat.columns), self.basket, sheet_words=flat.sheet, title_words=flat.title
        )
        if listing is None:
            return
        for heading, column in listing.columns.items():
            where = listing.sheet.where(listing.row, column)
            role: Role = "ignored" if flat.columns[heading].ignore else "heading"
            self.basket.bindings.append(Binding(where, role, {}, listing.sheet.index, listing.row, column))
        base = {**self.base, **listing.said}
        ends = [self.plan.compile(t) for t in flat.end]
        for row in body(listing, self.plan, ends, self.basket):
            self._line(listing, row, base)

    def _line(self, listing: Listing, row: int, base: Mapping[str, str]) -> None:
        said = dict(base)
        words: list[str] = []
        notes: list[str] = []
        values: list[tuple[ListColumn, str, int]] = []
        good = True
        valid: list[tuple[str, Where, str]] = []
        for heading, column in listing.columns.items():
            declared = self.flat.columns[heading]
            cell = listing.sheet.at(row, column)
            if declared.value:
                values.append((declared, heading, column))
            elif declared.note:
                if text := text_of(cell):
                    notes.append(text)
                    self._bind(listing, cell, "note", {})
            elif not declared.ignore:
                hit = self._dimension(listing, row, column, heading, cell)
                if hit is None:
                    good = False
                    continue
                said.update(hit.said)
                words.append(text_of(cell))
                valid += [(v, listing.sheet.where(row, column), text_of(cell)) for _, v in hit.valid]
        if good:
            period = self.plan.addresser.period_code(said)
            for range_, where, text in valid:
                if period is not None and not within(period, range_):
                    self.basket.find("label.not_valid", where, seen=text, expected=range_, period=period)
            for declared, heading, column in values:
                self._value(listing, row, column, {**said, **declared.set.said()}, [heading, *words], tuple(notes))

    def _dimension(self, listing: Listing, row: int, column: int, heading: str, cell: Cell | None) -> Hit | None:
        where = listing.sheet.where(row, column)
        text = text_of(cell)
        if cell is None or not text:
            self.basket.find("record.blank", where, field=heading)
            return None
        if cell.kind == "date":
            self.basket.find("cell.date", where, seen=text, expected=f"a value of '{heading}'")
            return None
        asked = (heading, text)
        if asked not in self._cache:
            self._cache[asked] = self._matchers[heading].hit(text)
        hit = self._cache[asked]
        if hit is None:
            near = nearest(text, self._matchers[heading].expansions())
            self.basket.find("label.undeclared", where, seen=text, nearest=nearest_words(near))
            self._bind(listing, cell, "unknown", {})
            return None
        if has_lookalike(text):
            self.basket.find("cell.lookalike", where, seen=text)
        self._bind(listing, cell, "label", hit.said)
        return hit

    def _value(
        self,
        listing: Listing,
        row: int,
        column: int,
        said: Mapping[str, str],
        words: Sequence[str],
        notes: tuple[str, ...],
    ) -> None:
        cell = listing.sheet.at(row, column)
        where = listing.sheet.where(row, column)
        address = self.plan.addresser.address(said)
        for trouble in address.troubles:
            self.basket.trouble(trouble, where)
        value = cell_value(cell, where, self.plan, self.basket, listing.sheet.format)
        if address.key is None:
            return
        self.basket.periods.add(address.key[1])
        self.basket.bindings.append(Binding(where, "value", said, listing.sheet.index, row, column))
        if value is None:
            self.basket.refused.append(address.key)
        else:
            self.basket.numbers.append(
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

    def _bind(self, listing: Listing, cell: Cell | None, role: Role, said: Mapping[str, str]) -> None:
        if cell is not None:
            self.basket.bindings.append(Binding(cell.where, role, said, listing.sheet.index, cell.row, cell.column))
