"""From the coordinates a table says to the whole key of a number: scope, defaults, law, period.

`docs/forms.md` states these rules for authors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.core.codes import attribute, codelist
from pipelines.declarations.base import within
from pipelines.declarations.coordinates import COORDINATES
from pipelines.declarations.form import Form
from pipelines.declarations.law import Law
from pipelines.model.content import Scalar
from pipelines.model.periods import Period
from pipelines.reading.standardise.numbered import Key

UNITS_WITHOUT_PERSONS = frozenset({"case", "decision", "request", "referral", "event"})
_OFFENCE, _PERSONS, _PERIOD = (COORDINATES.index(name) for name in ("offence", "person_type", "year"))
"""Where in COORDINATES the offence with its article begins, what is said of persons and more, and the period."""
_APART = frozenset({*COORDINATES[_OFFENCE:_PERSONS], *COORDINATES[_PERIOD:]})
"""What is told apart from the rest: a column that says it makes its cells' addresses different from the row's."""

Said = tuple[tuple[str, str], ...]
"""What a column says: names and codes."""
_PERSONAL = ("person_type", "sex", "age", "age_basis", "citizenship")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an address is not whole, or what must be said of it; a finding without its place."""

    rule: str
    severity: str
    params: Mapping[str, Scalar] = field(default_factory=dict)
    seen: str | None = None
    expected: str | None = None


class Address(NamedTuple):
    """A key, or None where something is missing; and what was noticed."""

    key: Key | None
    troubles: tuple[Trouble, ...] = ()


class _When(NamedTuple):
    """The period of a key; None where none is named."""

    period: Period | None
    troubles: tuple[Trouble, ...] = ()


class _Way(NamedTuple):
    """The part of a key before the offence and after the article; `before` None where something is missing."""

    before: Key | None
    after: Key
    troubles: tuple[Trouble, ...]


class _Offence(NamedTuple):
    """Offence and article of a key; `offence` None where it cannot be told."""

    offence: str | None
    article: str
    troubles: tuple[Trouble, ...] = ()


class Addresser:
    """Makes addresses of one form. Equal coordinates are worked out once, and so are the parts of different ones.

    A workbook of 20,000 numbers has as many addresses, but only some hundred ways to count, some dozen offences and a
    handful of periods; what each part says does not depend on the others.
    """

    def __init__(self, form: Form, law: Law) -> None:
        self.form = form
        self.law = law
        self._cache: dict[tuple[str | None, ...], Address] = {}
        self._periods: dict[str | None, _When] = {}
        self._offences: dict[tuple[str | None, str | None, str], _Offence] = {}
        self._ways: dict[tuple[str | None, ...], _Way] = {}
        self._rows: dict[tuple[str | None, ...], dict[Said, _Way]] = {}

    def address(self, said: Mapping[str, str]) -> Address:
        """The address that some coordinates give under this form."""
        asked = tuple(map(said.get, COORDINATES))
        found = self._cache.get(asked)
        if found is None:
            found = self._cache[asked] = self._work_out(said, asked)
        return found

    def period_code(self, said: Mapping[str, str]) -> str | None:
        """The period that coordinates name, None where they do not name it whole."""
        if (whole := said.get("period")) is not None:
            return whole
        year = said.get("year")
        if year is None or self.form.freq == "A":
            return year
        return f"{year}-Q{said['quarter']}" if "quarter" in said else None

    def of_row(self, common: Mapping[str, str]) -> RowAddresser:
        """The same for cells of one row, of which title, sheet and row say something in common."""
        return RowAddresser(self, common)

    def _work_out(self, said: Mapping[str, str], asked: tuple[str | None, ...]) -> Address:
        counted = (*asked[:_OFFENCE], *asked[_PERSONS:_PERIOD])
        way = self._ways.get(counted)
        if way is None:
            way = self._ways[counted] = self._way(said)
        return self._joined(self._when(self.period_code(said)), way, *asked[_OFFENCE:_PERSONS])

    def _joined(self, when: _When, way: _Way, named: str | None, article: str | None) -> Address:
        if when.period is None:
            return Address(None, when.troubles)
        if way.before is None:
            return Address(None, (*when.troubles, *way.troubles))
        asked = (named, article, when.period.code)
        meant = self._offences.get(asked)
        if meant is None:
            meant = self._offences[asked] = self._offence(named, article, when.period)
        troubles = (*when.troubles, *way.troubles, *meant.troubles)
        if meant.offence is None:
            return Address(None, troubles)
        head = (self.form.freq, when.period.code)
        return Address((*head, *way.before, meant.offence, meant.article, *way.after), troubles)

    def _when(self, code: str | None) -> _When:
        if code not in self._periods:
            self._periods[code] = self._period(code)
        return self._periods[code]

    def _period(self, code: str | None) -> _When:
        form = self.form
        period = None if code is None else Period.of(code)
        if period is None or period.freq != form.freq:
            what = "the year" if form.freq == "A" else "year and quarter"
            return _When(None, (Trouble("period.missing", "error", {"what": what}),))
        if within(period.code, form.valid):
            return _When(period)
        outside = Trouble("period.outside_form", "error", {"form": form.id}, period.code, form.valid)
        return _When(period, (outside,))

    def _way(self, said: Mapping[str, str]) -> _Way:
        """What is counted and of whom: all of the key but period and offence."""
        form, scope = self.form, self.form.scope
        troubles: list[Trouble] = []
        measure, unit = said.get("measure"), said.get("count_unit")
        if measure is None or unit is None:
            what = "measure" if measure is None else "count unit"
            return _Way(None, (), (Trouble("form.incomplete", "error", {"what": what}),))
        kind, rule = attribute("measure", measure, "kind"), attribute("measure", measure, "level_rule")
        level = said.get("level") or (None if rule == "free" else rule)
        if level is None:
            return _Way(None, (), (Trouble("form.incomplete", "error", {"what": f"level of {measure}"}),))
        if rule not in ("free", level):
            what = f"{measure} is counted at the level {rule}, not {level}"
            troubles.append(Trouble("form.contradiction", "error", {"what": what}))
        statistic = said.get("statistic") or (None if kind == "stock" else "count")
        if statistic is None or (kind == "stock") != (statistic in ("start", "end")):
            what = f"statistic of {measure} (start or end for a stock, count for a flow)"
            return _Way(None, (), (*troubles, Trouble("form.incomplete", "error", {"what": what})))
        impersonal = unit in UNITS_WITHOUT_PERSONS
        victims = form.instrument == "victims"
        scoped = {"person_type": "_Z" if victims else scope.person_type, "sex": scope.sex, "age": scope.age,
                  "age_basis": scope.age_basis, "citizenship": scope.citizenship}  # fmt: skip
        personal = {name: said.get(name) or ("_Z" if impersonal else scoped[name]) for name in _PERSONAL}
        if personal["age"] == "_Z":
            personal["age_basis"] = "_Z"
        of_victims = "_T" if victims else "_Z"
        sentence = "_T" if measure.startswith("sentenced_") else "_Z"
        before = (
            said.get("accumulation") or form.accumulation, said.get("date_basis") or form.date_basis, measure, level,
            unit, statistic, said.get("unit_measure") or "NR",
        )  # fmt: skip
        after = (
            personal["person_type"], said.get("victim_status") or scope.victim_status or of_victims, personal["sex"],
            personal["age"], personal["age_basis"], said.get("exploitation") or scope.exploitation or of_victims,
            personal["citizenship"], said.get("sentence_type") or sentence, said.get("sentence_band") or sentence,
            said.get("partner") or "_Z",
        )  # fmt: skip
        return _Way(before, after, tuple(troubles))

    def _offence(self, named: str | None, article: str | None, period: Period) -> _Offence:
        if article == "_T":
            return _Offence(named or "_T", "_T")
        if article is None:
            if named is not None:
                return _Offence(named, "_Z")
            if self.form.scope.offence != "named":
                return _Offence(self.form.scope.offence, "_Z")
            return _Offence(None, "_Z", (Trouble("form.incomplete", "error", {"what": "offence or article"}),))
        row, in_force = self.law.find(article, period.start, period.end)
        if row is None or (not row.offence and named is None):
            params = {"article": article, "jurisdiction": self.form.jurisdiction}
            return _Offence(None, article, (Trouble("article.unknown", "error", params),))
        if in_force:
            return _Offence(named or row.offence, article)
        params = {"article": article, "period": period.code}
        return _Offence(named or row.offence, article, (Trouble("article.not_in_force", "warning", params),))


class RowAddresser:
    """The addresses of the cells of one row."""

    def __init__(self, of: Addresser, common: Mapping[str, str]) -> None:
        self.of = of
        asked = tuple(map(common.get, COORDINATES))
        self.when = of._when(of.period_code(common))
        self.offence = asked[_OFFENCE:_PERSONS]
        self.ways = of._rows.setdefault((*asked[:_OFFENCE], *asked[_PERSONS:_PERIOD]), {})

    def address(self, said: Mapping[str, str], column: Said) -> Address:
        """The address of a cell, of which its place says `said` in all, and its column `column`."""
        way = self.ways.get(column)
        if way is None:
            if not _APART.isdisjoint(name for name, _ in column):
                return self.of.address(said)
            way = self.ways[column] = self.of._way(said)
        return self.of._joined(self.when, way, *self.offence)


def age_band(years: float, bands: tuple[str, ...]) -> str | None:
    """The declared band an age in years lies in (half-open, by the code list `age`); None where none holds it."""
    for band in bands:
        row = codelist("age")[band]
        low = float(row["lower"]) if row["lower"] else 0.0
        high = float(row["upper"]) if row["upper"] else float("inf")
        if low <= years < high:
            return band
    return None
