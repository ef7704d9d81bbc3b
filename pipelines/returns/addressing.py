"""From the coordinates a table says to the whole key of a number: scope, defaults, law, period.

Belongs here: what a number is when its table does not say it.  `docs/forms.md` states these rules for authors.
Does not belong here: finding coordinates in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.codes import attribute, codelist
from pipelines.readers.model import Scalar
from pipelines.returns.coordinates import COORDINATES
from pipelines.returns.declared import within
from pipelines.returns.form import Form
from pipelines.returns.law import Law
from pipelines.returns.numbered import Key
from pipelines.returns.periods import Period

UNITS_WITHOUT_PERSONS = frozenset({"case", "decision", "request", "referral", "event"})
_PERSONAL = ("person_type", "sex", "age", "age_basis", "citizenship")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an address is not whole, or what must be said of it; a finding without its place."""

    rule: str
    severity: str
    params: Mapping[str, Scalar] = field(default_factory=dict)
    seen: str | None = None
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A key, or None where something is missing; and what was noticed."""

    key: Key | None
    troubles: tuple[Trouble, ...] = ()


class Addresser:
    """Makes addresses of one form. Equal coordinates are worked out once."""

    def __init__(self, form: Form, law: Law) -> None:
        self.form = form
        self.law = law
        self._cache: dict[tuple[str | None, ...], Address] = {}
        self._periods: dict[str, Period] = {}

    def address(self, said: Mapping[str, str]) -> Address:
        """The address that some coordinates give under this form."""
        asked = tuple(map(said.get, COORDINATES))
        found = self._cache.get(asked)
        if found is None:
            found = self._cache[asked] = self._work_out(said)
        return found

    def period_code(self, said: Mapping[str, str]) -> str | None:
        """The period that coordinates name, None where they do not name it whole."""
        if (whole := said.get("period")) is not None:
            return whole
        year = said.get("year")
        if year is None or self.form.freq == "A":
            return year
        return f"{year}-Q{said['quarter']}" if "quarter" in said else None

    def _work_out(self, said: Mapping[str, str]) -> Address:
        form, scope = self.form, self.form.scope
        troubles: list[Trouble] = []
        code = self.period_code(said)
        period = None if code is None else Period.of(code)
        if period is None or period.freq != form.freq:
            what = "the year" if form.freq == "A" else "year and quarter"
            return Address(None, (Trouble("period.missing", "error", {"what": what}),))
        if not within(period.code, form.valid):
            params = {"form": form.id}
            troubles.append(Trouble("period.outside_form", "error", params, period.code, form.valid))
        measure, unit = said.get("measure"), said.get("count_unit")
        if measure is None or unit is None:
            what = "measure" if measure is None else "count unit"
            return Address(None, (*troubles, Trouble("form.incomplete", "error", {"what": what})))
        kind, rule = attribute("measure", measure, "kind"), attribute("measure", measure, "level_rule")
        level = said.get("level") or (None if rule == "free" else rule)
        if level is None:
            return Address(None, (*troubles, Trouble("form.incomplete", "error", {"what": f"level of {measure}"})))
        if rule not in ("free", level):
            what = f"{measure} is counted at the level {rule}, not {level}"
            troubles.append(Trouble("form.contradiction", "error", {"what": what}))
        statistic = said.get("statistic") or (None if kind == "stock" else "count")
        if statistic is None or (kind == "stock") != (statistic in ("start", "end")):
            what = f"statistic of {measure} (start or end for a stock, count for a flow)"
            return Address(None, (*troubles, Trouble("form.incomplete", "error", {"what": what})))
        offence, article, trouble = self._offence(said, period)
        if trouble is not None:
            troubles.append(trouble)
        if offence is None:
            return Address(None, tuple(troubles))
        impersonal = unit in UNITS_WITHOUT_PERSONS
        victims = form.instrument == "victims"
        scoped = {"person_type": "_Z" if victims else scope.person_type, "sex": scope.sex, "age": scope.age,
                  "age_basis": scope.age_basis, "citizenship": scope.citizenship}  # fmt: skip
        personal = {name: said.get(name) or ("_Z" if impersonal else scoped[name]) for name in _PERSONAL}
        if personal["age"] == "_Z":
            personal["age_basis"] = "_Z"
        of_victims = "_T" if victims else "_Z"
        sentence = "_T" if measure.startswith("sentenced_") else "_Z"
        key = (
            form.freq, period.code, said.get("accumulation") or form.accumulation,
            said.get("date_basis") or form.date_basis, measure, level, unit, statistic,
            said.get("unit_measure") or "NR", offence, article, personal["person_type"],
            said.get("victim_status") or scope.victim_status or of_victims, personal["sex"], personal["age"],
            personal["age_basis"], said.get("exploitation") or scope.exploitation or of_victims,
            personal["citizenship"], said.get("sentence_type") or sentence, said.get("sentence_band") or sentence,
            said.get("partner") or "_Z",
        )  # fmt: skip
        return Address(key, tuple(troubles))

    def _offence(self, said: Mapping[str, str], period: Period) -> tuple[str | None, str, Trouble | None]:
        named, article = said.get("offence"), said.get("article")
        if article == "_T":
            return named or "_T", "_T", None
        if article is None:
            if named is not None:
                return named, "_Z", None
            if self.form.scope.offence != "named":
                return self.form.scope.offence, "_Z", None
            return None, "_Z", Trouble("form.incomplete", "error", {"what": "offence or article"})
        row, in_force = self.law.find(article, period.start, period.end)
        if row is None or (not row.offence and named is None):
            params = {"article": article, "jurisdiction": self.form.jurisdiction}
            return None, article, Trouble("article.unknown", "error", params)
        trouble = None
        if not in_force:
            trouble = Trouble("article.not_in_force", "warning", {"article": article, "period": period.code})
        return named or row.offence, article, trouble


def age_band(years: float, bands: tuple[str, ...]) -> str | None:
    """The declared band an age in years lies in (half-open, by the code list `age`); None where none holds it."""
    for band in bands:
        row = codelist("age")[band]
        low = float(row["lower"]) if row["lower"] else 0.0
        high = float(row["upper"]) if row["upper"] else float("inf")
        if low <= years < high:
            return band
    return None
