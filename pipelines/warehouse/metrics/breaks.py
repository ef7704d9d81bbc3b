"""Breaks: moments before and after which an area's figures do not compare, gathered from all that is declared.

    law        an article came into force or ended (`law.csv`), or a break declared so (`sims.yml`)
    counting   a counting rule followed another, or a declared break
    recording  records took the place of aggregates or the reverse, or a form counts another circle than the one before
    source     another office counts, or a declared break

A change of words alone (`layout` in `sims.yml`) is a note and no break.
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
from pipelines.warehouse.metrics.counting import form_says, national, rule_change
from pipelines.warehouse.metrics.spans import range_of, span_of

KINDS: Final = ("law", "counting", "recording", "source")
DECLARED: Final = "declared"
_WORDS: Final = {
    "law_changed": mark("The law changed: {detail}."),
    "rule_changed": mark("Another counting rule holds: {detail}."),
    "office_changed": mark("Another office counts: {detail}."),
    "shape_changed": mark("Counts come from another kind of return: {detail}."),
    "form_changed": mark("The form counts another circle: {detail}."),
}
_DOUBTED = ("unverified", "from memory", "not known", "approximate")
"""Words of a note or a source that keep a date from being called verified."""


@dataclass(frozen=True)
class Break:
    """One break where it happened. Empty `offence_group`, `level` and `measure` mean all.

    It took effect on a day from `first_day` to `last_day`, the same where the day is known. `words` is the code of the
    sentence and `detail` what goes into it; of a declared break `detail` is its own text, in English.
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

    def text(self, language: str = "en") -> str:
        """The break as a sentence; a declared one as it was declared."""
        return self.detail if self.words == DECLARED else tell(_WORDS[self.words], language, detail=self.detail)


def breaks(registry: Registry) -> list[Break]:
    """Every break of the territories of a registry, where it happened, ordered by area, day and code."""
    declared = list(_declared(registry))
    law = list(_law(registry))
    others = [*_rules(registry), *_offices(registry), *_forms(registry)]
    found = [
        *(_with_days_of_law(one, law) for one in declared if not any(_same(one, other) for other in others)),
        *(one for one in law if not any(_tells_of(said, one) for said in declared)),
        *(_in_declared_words(one, declared) for one in others),
    ]
    return sorted(found, key=lambda b: (b.of_area, b.first_day, b.code, b.measure))


def areas_of(registry: Registry, jurisdiction: str) -> tuple[str, ...]:
    """The areas in whose figures a jurisdiction is: itself, its territory, the region."""
    territory = registry.territory_of(jurisdiction)
    part = any(j.code == jurisdiction and j.part_of_total for j in territory.jurisdictions)
    region = (codes.REGION,) if territory.kind == "national" and territory.code in national(registry) else ()
    whole = (territory.code,) if part and jurisdiction != territory.code else ()
    return (jurisdiction, *whole, *(region if part or jurisdiction == territory.code else ()))


def _declared(registry: Registry) -> Iterator[Break]:
    for code, sims in sorted(load_sims().items()):
        for one in sims.breaks if code in registry.territories else ():
            if one.kind in KINDS:
                day = span_of(one.period).start
                group = one.offence_group or ""
                yield Break(
                    one.jurisdiction, one.kind, _code(one.kind, one.jurisdiction, one.period, group), one.period, day,
                    day, DECLARED, " ".join(one.text.split()), one.status, offence_group=group,
                )  # fmt: skip


def _law(registry: Registry) -> Iterator[Break]:
    """Changes of law by jurisdiction, offence group and days, of all articles that begin or end there together."""
    changes: dict[tuple[str, str, date, date], list[tuple[str, LawArticle]]] = {}
    for article in registry.law:
        group = codes.attribute("offence", article.offence, "offence_group") if article.offence else ""
        for sign, window in _days(article):
            changes.setdefault((article.jurisdiction, group, *window), []).append((sign, article))
    for (place, group, first, last), articles in changes.items():
        sure = all(_is_sure(article) for _, article in articles)
        period = f"{first.year}-Q{(first.month + 2) // 3}" if _same_quarter(first, last) else str(first.year)
        detail = ", ".join(sorted({f"{sign}{article.key}" for sign, article in articles}))
        yield Break(
            place, "law", _code("law", place, period, group), period, first, last, "law_changed", detail,
            "verified" if sure else "unverified", offence_group=group,
        )  # fmt: skip


def _days(article: LawArticle) -> Iterator[tuple[str, tuple[date, date]]]:
    """First days with and without an article, each as the earliest and the latest that its date allows."""
    begins, ends = article.row["in_force_from"], article.row["in_force_until"]
    if (first := partial_date(begins)) and (last := partial_date(begins, end=True)):
        yield "+", (first, last)
    if (first := partial_date(ends)) and (last := partial_date(ends, end=True)):
        yield "-", (first + timedelta(days=1), last + timedelta(days=1))


def _is_sure(article: LawArticle) -> bool:
    row = article.row
    said = f"{row['note']} {row['source']}".lower()
    return row["status"] == "verified" and not any(word in said for word in _DOUBTED)


def _same_quarter(first: date, last: date) -> bool:
    return (first.year, (first.month - 1) // 3) == (last.year, (last.month - 1) // 3)


def _tells_of(declared: Break, change: Break) -> bool:
    """Whether a declared break of law is the change that `law.csv` has too."""
    span = span_of(declared.first_period)
    return (
        declared.kind == "law"
        and declared.of_area == change.of_area
        and declared.offence_group in ("", change.offence_group)
        and change.last_day >= span.start
        and change.first_day <= span.end
    )


def _with_days_of_law(declared: Break, changes: Sequence[Break]) -> Break:
    # A declared period is the first one affected; `law.csv` may know the day within it.
    same = [one for one in changes if _tells_of(declared, one)]
    if not same:
        return declared
    return replace(declared, first_day=min(c.first_day for c in same), last_day=max(c.last_day for c in same))


def _same(declared: Break, found: Break) -> bool:
    return (declared.kind, declared.of_area, declared.first_day) == (found.kind, found.of_area, found.first_day)


def _in_declared_words(found: Break, declared: Sequence[Break]) -> Break:
    """A break that declarations show to be of some measures or levels only, in the words that were written for it."""
    for one in declared:
        if _same(one, found):
            return replace(found, words=one.words, detail=one.detail, status=one.status)
    return found


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
                    span_of(period).start, "rule_changed", _differing(last, rule), status, level=level,
                )  # fmt: skip


def _differing(one: CountingRule, other: CountingRule) -> str:
    differing = [what for what in STATEMENTS if getattr(one, what) != getattr(other, what)]
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
                continue  # side by side: parts of one return, not one after the other
            changed = _changed(before, after)
            period = _begin(after.valid)
            for measure in _measures(registry, place, source, instrument, period) if changed else ():
                yield Break(
                    place, "recording", _code("recording", place, period, measure), period, span_of(period).start,
                    span_of(period).start, "form_changed", changed, "unverified", measure=measure,
                )  # fmt: skip


def _changed(before: Form, after: Form) -> str:
    old, new = form_says(before), form_says(after)
    return ", ".join(what for what in new if old[what] != new[what])


def _measures(registry: Registry, place: str, source: str, instrument: str, period: str) -> list[str]:
    asked = span_of(period).first
    return [
        measure
        for c in registry.territory_of(place).counts_source
        if (c.jurisdiction, c.source, c.instrument) == (place, source, instrument)
        and range_of(c.periods)[0] <= asked <= range_of(c.periods)[1]
        for measure in c.measures
    ]


def _begin(valid: str | None) -> str:
    return (valid or "").partition("..")[0]


def _code(kind: str, area: str, period: str, of: str) -> str:
    return f"{kind}:{area}:{of or '_T'}:{period}"


def _grouped(items: Iterable[Any], key: Any) -> Iterator[tuple[Any, list[Any]]]:
    for value, group in groupby(sorted(items, key=key), key=key):
        yield value, list(group)
