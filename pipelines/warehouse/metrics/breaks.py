"""Breaks in an area's series: moments across which its figures are not comparable, collected from all declarations.

    law        an article came into force or ended (`law.csv`), or a break declared as such (`sims.yml`)
    counting   a counting rule replaced another, or a declared break
    recording  records replaced aggregates or the reverse, or a form covers other persons than the previous one
    source     another office counts, or a declared break

A change of wording alone (`layout` in `sims.yml`) is a note, not a break.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Any, Final

from pipelines.core import codes
from pipelines.core.i18n import mark, tell
from pipelines.declarations.form import Form
from pipelines.declarations.law import LawArticle, partial_date
from pipelines.declarations.registry import Registry
from pipelines.declarations.sims import load_sims
from pipelines.declarations.territory import STATEMENTS, CountingRule, CountsSource
from pipelines.warehouse.metrics.counting import form_says, list_territories, rule_change
from pipelines.warehouse.metrics.spans import range_of, span_of

KINDS: Final = ("law", "counting", "recording", "source")
DECLARED: Final = "declared"
_WORDS: Final = {
    "law_changed": mark("The law changed: {detail}."),
    "rule_changed": mark("Another counting rule holds: {detail}."),
    "office_changed": mark("Another office counts: {detail}."),
    "shape_changed": mark("Counts come from another kind of return: {detail}."),
    "form_changed": mark("The form has another scope: {detail}."),
}
_DOUBTED = ("unverified", "from memory", "not known", "approximate")
"""Words in a note or a source that make a date count as unverified."""


@dataclass(frozen=True)
class Break:
    """One break in the jurisdiction where it happened. Empty `offence_group`, `level` and `measure` mean all.

    It took effect between `first_day` and `last_day`, which are equal if the day is known. `words` is the code of the
    sentence and `detail` its parameter; for a declared break `detail` is the declared English text.
    """

    of_area: str
    kind: str
    code: str
    first_period: str
    first_day: date
    last_day: date
    words: str
    detail: str
    status: str
    offence_group: str = ""
    level: str = ""
    measure: str = ""

    def to_sentence(self, language: str = "en") -> str:
        """Return the break as a sentence, or its declared text."""
        return self.detail if self.words == DECLARED else tell(_WORDS[self.words], language, detail=self.detail)


def list_breaks(registry: Registry) -> list[Break]:
    """Return every break of the territories of a registry, sorted by area, day, code and measure."""
    declared = list(_declared(registry))
    law = list(_law(registry))
    others = [*_rules(registry), *_offices(registry), *_forms(registry)]
    collected = [
        *(
            _with_days_of_law(item, law)
            for item in declared
            if not any(_is_same_break(item, derived) for derived in others)
        ),
        *(change for change in law if not any(_is_same_law_change(item, change) for item in declared)),
        *(_with_declared_text(derived, declared) for derived in others),
    ]
    return sorted(collected, key=lambda b: (b.of_area, b.first_day, b.code, b.measure))


def areas_of(registry: Registry, jurisdiction: str) -> tuple[str, ...]:
    """Return the areas whose figures include a jurisdiction: itself, its territory, the region."""
    territory = registry.territory_of(jurisdiction)
    part = any(j.code == jurisdiction and j.part_of_total for j in territory.jurisdictions)
    region = (codes.REGION,) if territory.kind == "national" and territory.code in list_territories(registry) else ()
    whole = (territory.code,) if part and jurisdiction != territory.code else ()
    return (jurisdiction, *whole, *(region if part or jurisdiction == territory.code else ()))


def _declared(registry: Registry) -> Iterator[Break]:
    for code, sims in sorted(load_sims().items()):
        for entry in sims.breaks if code in registry.territories else ():
            if entry.kind in KINDS:
                day = span_of(entry.period).start
                group = entry.offence_group or ""
                yield Break(
                    entry.jurisdiction, entry.kind, _code(entry.kind, entry.jurisdiction, entry.period, group),
                    entry.period, day, day, DECLARED, " ".join(entry.text.split()), entry.status, offence_group=group,
                )  # fmt: skip


def _law(registry: Registry) -> Iterator[Break]:
    """Yield one break for each jurisdiction, offence group and date at which articles begin or end."""
    changes: dict[tuple[str, str, date, date], list[tuple[str, LawArticle]]] = {}
    for article in registry.law:
        group = codes.get_code_attribute("offence", article.offence, "offence_group") if article.offence else ""
        for sign, window in _days(article):
            changes.setdefault((article.jurisdiction, group, *window), []).append((sign, article))
    for (place, group, first, last), articles in changes.items():
        sure = all(_is_sure(article) for _, article in articles)
        period = f"{first.year}-Q{(first.month + 2) // 3}" if _same_quarter(first, last) else str(first.year)
        detail = ", ".join(sorted({f"{sign}{article.name}" for sign, article in articles}))
        yield Break(
            place, "law", _code("law", place, period, group), period, first, last, "law_changed", detail,
            "verified" if sure else "unverified", offence_group=group,
        )  # fmt: skip


def _days(article: LawArticle) -> Iterator[tuple[str, tuple[date, date]]]:
    """Yield the first days with (+) and without (-) an article, each as earliest and latest day its date allows."""
    begins, ends = article.row["in_force_from"], article.row["in_force_until"]
    if (first := partial_date(begins)) and (last := partial_date(begins, end=True)):
        yield "+", (first, last)
    if (first := partial_date(ends)) and (last := partial_date(ends, end=True)):
        yield "-", (first + timedelta(days=1), last + timedelta(days=1))


def _is_sure(article: LawArticle) -> bool:
    row = article.row
    text = f"{row['note']} {row['source']}".lower()
    return row["status"] == "verified" and not any(word in text for word in _DOUBTED)


def _same_quarter(first: date, last: date) -> bool:
    return (first.year, (first.month - 1) // 3) == (last.year, (last.month - 1) // 3)


def _is_same_law_change(declared: Break, change: Break) -> bool:
    """Return True if a declared break of law is the same as a change found in `law.csv`."""
    span = span_of(declared.first_period)
    return (
        declared.kind == "law"
        and declared.of_area == change.of_area
        and declared.offence_group in ("", change.offence_group)
        and change.last_day >= span.start
        and change.first_day <= span.end
    )


def _with_days_of_law(declared: Break, changes: Sequence[Break]) -> Break:
    # A declared break names the first affected period; `law.csv` may have the exact day.
    same = [change for change in changes if _is_same_law_change(declared, change)]
    if not same:
        return declared
    return replace(declared, first_day=min(c.first_day for c in same), last_day=max(c.last_day for c in same))


def _is_same_break(declared: Break, derived: Break) -> bool:
    return (declared.kind, declared.of_area, declared.first_day) == (derived.kind, derived.of_area, derived.first_day)


def _with_declared_text(derived: Break, declared: Sequence[Break]) -> Break:
    """Return a derived break with the declared text, status and wording code if it was also declared.

    The derived break is kept because it shows which measures or levels are affected.
    """
    for item in declared:
        if _is_same_break(item, derived):
            return replace(derived, words=item.words, detail=item.detail, status=item.status)
    return derived


def _rules(registry: Registry) -> Iterator[Break]:
    rules = [rule for territory in registry.territories.values() for rule in territory.counting_rules]
    for (place, level), group in _grouped(rules, lambda r: (r.jurisdiction, r.level)):
        for rule in group:
            before = [r for r in group if range_of(r.valid)[0] < range_of(rule.valid)[0]]
            if before:
                last = max(before, key=lambda r: (r.count_unit == rule.count_unit, range_of(r.valid)[0]))
                period = _begin(rule.valid)
                status = rule.status if rule.status == last.status else "unverified"
                yield Break(
                    place, "counting", rule_change(place, level, period), period, span_of(period).start,
                    span_of(period).start, "rule_changed", _list_differing_statements(last, rule), status, level=level,
                )  # fmt: skip


def _list_differing_statements(first: CountingRule, second: CountingRule) -> str:
    differing = [statement for statement in STATEMENTS if getattr(first, statement) != getattr(second, statement)]
    return ", ".join(differing or ["stage_definition"])


def _offices(registry: Registry) -> Iterator[Break]:
    rows = [
        (measure, c) for t in registry.territories.values() for c in t.counts_source for measure in c.measures
    ]  # fmt: skip
    for (place, measure), group in _grouped(rows, lambda r: (r[1].jurisdiction, r[0])):
        ordered: list[CountsSource] = sorted((c for _, c in group), key=lambda c: range_of(c.periods))
        for before, after in pairwise(ordered):
            period = _begin(after.periods)
            for kind, words, old, new in (
                ("source", "office_changed", before.source, after.source),
                ("recording", "shape_changed", before.shape, after.shape),
            ):
                if old != new:
                    yield Break(
                        place, kind, _code(kind, place, period, measure), period, span_of(period).start,
                        span_of(period).start, words, f"{old} > {new}", "unverified", measure=measure,
                    )  # fmt: skip


def _forms(registry: Registry) -> Iterator[Break]:
    forms = [form for form in registry.forms.values() if form.second_of is None]
    for (place, source, instrument, _), group in _grouped(
        forms, lambda f: (f.jurisdiction, f.source, f.instrument, f.freq)
    ):
        for before, after in pairwise(sorted(group, key=lambda f: range_of(f.valid))):
            if range_of(before.valid)[1] >= range_of(after.valid)[0]:
                continue  # overlapping forms are parts of one return, not successors
            changed = _list_changed_statements(before, after)
            period = _begin(after.valid)
            for measure in _measures(registry, place, source, instrument, period) if changed else ():
                yield Break(
                    place, "recording", _code("recording", place, period, measure), period, span_of(period).start,
                    span_of(period).start, "form_changed", changed, "unverified", measure=measure,
                )  # fmt: skip


def _list_changed_statements(before: Form, after: Form) -> str:
    old, new = form_says(before), form_says(after)
    return ", ".join(statement for statement in new if old[statement] != new[statement])


def _measures(registry: Registry, place: str, source: str, instrument: str, period: str) -> list[str]:
    quarter = span_of(period).first
    return [
        measure
        for c in registry.territory_of(place).counts_source
        if (c.jurisdiction, c.source, c.instrument) == (place, source, instrument)
        and range_of(c.periods)[0] <= quarter <= range_of(c.periods)[1]
        for measure in c.measures
    ]


def _begin(valid: str | None) -> str:
    return (valid or "").partition("..")[0]


def _code(kind: str, area: str, period: str, of: str) -> str:
    return f"{kind}:{area}:{of or '_T'}:{period}"


def _grouped(items: Iterable[Any], key: Any) -> Iterator[tuple[Any, list[Any]]]:
    for value, group in groupby(sorted(items, key=key), key=key):
        yield value, list(group)
