"""Complete the coordinates that a table declares to the whole key of a number: scope, defaults, law, period.

`docs/forms.md` explains these rules to authors of forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.core.codes import (
    COOPERATION_DIMENSIONS,
    get_code_attribute,
    list_cooperation_dimensions,
    read_codelist,
)
from pipelines.declarations.base import is_within
from pipelines.declarations.coordinates import COORDINATES
from pipelines.declarations.form import Form
from pipelines.declarations.law import Law
from pipelines.model.content import Scalar
from pipelines.model.periods import Period
from pipelines.reading.standardise.numbered import Key

UNITS_WITHOUT_PERSONS = frozenset({"case", "decision", "request", "referral", "event"})
_OFFENCE, _PERSONS, _PERIOD = (COORDINATES.index(name) for name in ("offence", "person_type", "year"))
"""Positions in COORDINATES where offence and article begin, where the personal coordinates begin, and of the period."""
_APART = frozenset({*COORDINATES[_OFFENCE:_PERSONS], *COORDINATES[_PERIOD:]})
"""Coordinates that are resolved separately: a column that sets one changes more than the row's counting part."""

CoordinateItems = tuple[tuple[str, str], ...]
"""Names and codes that a column sets."""
_PERSONAL = ("person_type", "sex", "age", "age_basis", "citizenship")
_COOPERATION = ("partner", *COOPERATION_DIMENSIONS)
"""Dimensions of international cooperation: all together if a table does not name one that the measure has."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an address is incomplete, or what must be reported about it: a finding without its place."""

    rule: str
    severity: str
    params: Mapping[str, Scalar] = field(default_factory=dict)
    seen: str | None = None
    expected: str | None = None


class Address(NamedTuple):
    """Key of a number, or None if something is missing, and the troubles that were noticed."""

    key: Key | None
    troubles: tuple[Trouble, ...] = ()


class _PeriodPart(NamedTuple):
    """Period of a key; None if none is named."""

    period: Period | None
    troubles: tuple[Trouble, ...] = ()


class _CountingPart(NamedTuple):
    """Parts of a key before the offence and after the article; `before` is None if something is missing."""

    before: Key | None
    after: Key
    troubles: tuple[Trouble, ...]


class _OffencePart(NamedTuple):
    """Offence and article of a key; `offence` is None if it cannot be determined."""

    offence: str | None
    article: str
    troubles: tuple[Trouble, ...] = ()


class Addresser:
    """Builder of the addresses of one form. Caches equal coordinates, and the parts of different ones.

    A workbook of 20,000 numbers has as many addresses, but only some hundred ways to count, some dozen offences and a
    handful of periods, which are independent of one another.
    """

    def __init__(self, form: Form, law: Law) -> None:
        self.form = form
        self.law = law
        self._cache: dict[tuple[str | None, ...], Address] = {}
        self._periods: dict[str | None, _PeriodPart] = {}
        self._offences: dict[tuple[str | None, str | None, str], _OffencePart] = {}
        self._countings: dict[tuple[str | None, ...], _CountingPart] = {}
        self._rows: dict[tuple[str | None, ...], dict[CoordinateItems, _CountingPart]] = {}

    def find_address(self, coordinates: Mapping[str, str]) -> Address:
        """Return the address that coordinates have under this form."""
        values = tuple(map(coordinates.get, COORDINATES))
        address = self._cache.get(values)
        if address is None:
            address = self._cache[values] = self._build_address(coordinates, values)
        return address

    def period_code(self, coordinates: Mapping[str, str]) -> str | None:
        """Return the period that coordinates name, None if they do not name it completely."""
        if (period := coordinates.get("period")) is not None:
            return period
        year = coordinates.get("year")
        if year is None or self.form.freq == "A":
            return year
        return f"{year}-Q{coordinates['quarter']}" if "quarter" in coordinates else None

    def of_row(self, common: Mapping[str, str]) -> RowAddresser:
        """Return an addresser for the cells of one row, which share the coordinates of title, sheet and row."""
        return RowAddresser(self, common)

    def _build_address(self, coordinates: Mapping[str, str], values: tuple[str | None, ...]) -> Address:
        counting_key = (*values[:_OFFENCE], *values[_PERSONS:_PERIOD])
        counting = self._countings.get(counting_key)
        if counting is None:
            counting = self._countings[counting_key] = self._resolve_counting(coordinates)
        return self._join_parts(
            self._cached_period(self.period_code(coordinates)), counting, *values[_OFFENCE:_PERSONS]
        )

    def _join_parts(
        self, period_part: _PeriodPart, counting: _CountingPart, offence_code: str | None, article: str | None
    ) -> Address:
        """Combine the parts of a key, with the troubles of all of them."""
        if period_part.period is None:
            return Address(None, period_part.troubles)
        if counting.before is None:
            return Address(None, (*period_part.troubles, *counting.troubles))
        offence_key = (offence_code, article, period_part.period.code)
        offence = self._offences.get(offence_key)
        if offence is None:
            offence = self._offences[offence_key] = self._resolve_offence(offence_code, article, period_part.period)
        troubles = (*period_part.troubles, *counting.troubles, *offence.troubles)
        if offence.offence is None:
            return Address(None, troubles)
        head = (self.form.freq, period_part.period.code)
        return Address((*head, *counting.before, offence.offence, offence.article, *counting.after), troubles)

    def _cached_period(self, code: str | None) -> _PeriodPart:
        if code not in self._periods:
            self._periods[code] = self._resolve_period(code)
        return self._periods[code]

    def _resolve_period(self, code: str | None) -> _PeriodPart:
        form = self.form
        period = None if code is None else Period.from_code(code)
        if period is None or period.freq != form.freq:
            missing_part = "the year" if form.freq == "A" else "year and quarter"
            return _PeriodPart(None, (Trouble("period.missing", "error", {"what": missing_part}),))
        if is_within(period.code, form.valid):
            return _PeriodPart(period)
        outside = Trouble("period.outside_form", "error", {"form": form.id}, period.code, form.valid)
        return _PeriodPart(period, (outside,))

    def _resolve_counting(self, coordinates: Mapping[str, str]) -> _CountingPart:
        """Resolve what is counted and of whom: all of the key except period and offence."""
        form, scope = self.form, self.form.scope
        troubles: list[Trouble] = []
        measure, unit = coordinates.get("measure"), coordinates.get("count_unit")
        if measure is None or unit is None:
            problem = "measure" if measure is None else "count unit"
            return _CountingPart(None, (), (Trouble("form.incomplete", "error", {"what": problem}),))
        kind, rule = (
            get_code_attribute("measure", measure, "kind"),
            get_code_attribute("measure", measure, "level_rule"),
        )
        level = coordinates.get("level") or (None if rule == "free" else rule)
        if level is None:
            return _CountingPart(None, (), (Trouble("form.incomplete", "error", {"what": f"level of {measure}"}),))
        if rule not in ("free", level):
            problem = f"{measure} is counted at the level {rule}, not {level}"
            troubles.append(Trouble("form.contradiction", "error", {"what": problem}))
        statistic = coordinates.get("statistic") or (None if kind == "stock" else "count")
        if statistic is None or (kind == "stock") != (statistic in ("start", "end")):
            problem = f"statistic of {measure} (start or end for a stock, count for a flow)"
            return _CountingPart(None, (), (*troubles, Trouble("form.incomplete", "error", {"what": problem})))
        impersonal = unit in UNITS_WITHOUT_PERSONS
        victims = form.instrument == "victims"
        scoped = {
            "person_type": "_Z" if victims else scope.person_type,
            "sex": scope.sex,
            "age": scope.age,
            "age_basis": scope.age_basis,
            "citizenship": scope.citizenship,
        }
        personal = {name: coordinates.get(name) or ("_Z" if impersonal else scoped[name]) for name in _PERSONAL}
        if personal["age"] == "_Z":
            personal["age_basis"] = "_Z"
        of_victims = "_T" if victims else "_Z"
        sentence = "_T" if measure.startswith("sentenced_") else "_Z"
        cooperation = list_cooperation_dimensions(measure)
        if "direction" in cooperation and coordinates.get("direction") is None:
            problem = f"direction of {measure} (incoming or outgoing)"
            return _CountingPart(None, (), (*troubles, Trouble("form.incomplete", "error", {"what": problem})))
        before = (
            coordinates.get("accumulation") or form.accumulation,
            coordinates.get("date_basis") or form.date_basis,
            measure,
            level,
            unit,
            statistic,
            coordinates.get("unit_measure") or "NR",
        )
        after = (
            personal["person_type"],
            coordinates.get("victim_status") or scope.victim_status or of_victims,
            personal["sex"],
            personal["age"],
            personal["age_basis"],
            coordinates.get("exploitation") or scope.exploitation or of_victims,
            personal["citizenship"],
            coordinates.get("sentence_type") or sentence,
            coordinates.get("sentence_band") or sentence,
            *(coordinates.get(name) or ("_T" if name in cooperation else "_Z") for name in _COOPERATION),
        )
        return _CountingPart(before, after, tuple(troubles))

    def _resolve_offence(self, offence_code: str | None, article: str | None, period: Period) -> _OffencePart:
        """Resolve offence and article: an article determines its offence by the law in force in the period."""
        if article == "_T":
            return _OffencePart(offence_code or "_T", "_T")
        if article is None:
            if offence_code is not None:
                return _OffencePart(offence_code, "_Z")
            if self.form.scope.offence != "named":
                return _OffencePart(self.form.scope.offence, "_Z")
            return _OffencePart(None, "_Z", (Trouble("form.incomplete", "error", {"what": "offence or article"}),))
        row, in_force = self.law.find_article(article, period.start, period.end)
        if row is None or (not row.offence and offence_code is None):
            params = {"article": article, "jurisdiction": self.form.jurisdiction}
            return _OffencePart(None, article, (Trouble("article.unknown", "error", params),))
        if in_force:
            return _OffencePart(offence_code or row.offence, article)
        params = {"article": article, "period": period.code}
        return _OffencePart(offence_code or row.offence, article, (Trouble("article.not_in_force", "warning", params),))


class RowAddresser:
    """Builder of the addresses of the cells of one row."""

    def __init__(self, addresser: Addresser, common: Mapping[str, str]) -> None:
        self.addresser = addresser
        coordinates = tuple(map(common.get, COORDINATES))
        self.period_part = addresser._cached_period(addresser.period_code(common))
        self.offence = coordinates[_OFFENCE:_PERSONS]
        self.counting_by_column = addresser._rows.setdefault(
            (*coordinates[:_OFFENCE], *coordinates[_PERSONS:_PERIOD]), {}
        )

    def find_address(self, coordinates: Mapping[str, str], column: CoordinateItems) -> Address:
        """Return the address of a cell from all its coordinates; `column` are the ones that its column adds."""
        counting = self.counting_by_column.get(column)
        if counting is None:
            if not _APART.isdisjoint(name for name, _ in column):
                return self.addresser.find_address(coordinates)
            counting = self.counting_by_column[column] = self.addresser._resolve_counting(coordinates)
        return self.addresser._join_parts(self.period_part, counting, *self.offence)


def age_band(years: float, bands: tuple[str, ...]) -> str | None:
    """Return the declared band that contains an age in years (half-open, by the code list `age`), None if none does."""
    for band in bands:
        row = read_codelist("age")[band]
        low = float(row["lower"]) if row["lower"] else 0.0
        high = float(row["upper"]) if row["upper"] else float("inf")
        if low <= years < high:
            return band
    return None
