"""Resolve the words of a form in one period: code tables restricted to it, templates filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from pipelines.core.text.folding import fold_text
from pipelines.declarations.base import find_placeholders, is_within
from pipelines.declarations.coordinates import PERIOD_PARTS
from pipelines.declarations.label_template import LabelTable, Meaning, label_table, write_template
from pipelines.declarations.law import Law
from pipelines.model.periods import Period
from pipelines.reading.standardise.plan import Plan

Codes = Mapping[str, str]
"""Code table -> the code chosen from it."""


@dataclass(frozen=True)
class Words:
    """The words of a form in one period. `office` is written for free words, such as those of a source line."""

    plan: Plan
    law: Law
    period: Period
    tables: Mapping[str, LabelTable]
    office: str

    def list_choices(self, *templates: str | None) -> Iterator[dict[str, str]]:
        """Return every combination of codes for the placeholders of some templates in the period, in order."""
        names = [n for t in templates if t is not None for n in find_placeholders(t)]
        coded = [n for n in dict.fromkeys(names) if n in self.tables and n not in PERIOD_PARTS]
        for keys in product(*(self.tables[name].meanings_by_code() for name in coded)):
            yield dict(zip(coded, keys, strict=True))

    def fill_template(self, template: str, codes: Codes | None = None) -> str:
        """Fill in a template with words of the period."""
        period = {"year": str(self.period.year), "quarter": str(self.period.quarter), "period": self.period.code}
        return write_template(template.replace("{text}", self.office), self.tables, {**period, **(codes or {})})

    def fill_path(self, template: str, codes: Codes) -> tuple[str, ...]:
        """Return a heading or label path as its parts, the widest first."""
        return tuple(self.fill_template(part, codes) for part in template.split(" / "))

    def list_paths(self, template: str) -> list[tuple[str, ...]]:
        """Return every path that a template can become in the period, each once."""
        paths: dict[tuple[str, ...], tuple[str, ...]] = {}
        for codes in self.list_choices(template):
            path = self.fill_path(template, codes)
            paths.setdefault(tuple(map(fold_text, path)), path)
        return list(paths.values())

    def find_meaning(self, name: str, key: str) -> Meaning:
        """Return the meaning of a code of a table in the period."""
        return self.tables[name].meanings_by_code()[key]


def words_of(plan: Plan, law: Law, period: Period, office: str) -> Words:
    """Return the words of a form in a period: labels valid then, of articles in force then."""
    tables = {
        name: label_table(
            name, (m for meanings in table.by_label.values() for m in meanings if _holds(name, m, law, period))
        )
        for name, table in plan.codes.items()
    }
    return Words(plan, law, period, tables, office)


def _holds(name: str, meaning: Meaning, law: Law, period: Period) -> bool:
    parts = {"year": str(period.year), "quarter": str(period.quarter), "period": period.code}
    if name in PERIOD_PARTS:
        return meaning.key == parts[name]
    if any(meaning.said.get(part, code) != code for part, code in parts.items()):
        return False
    article = meaning.said.get("article")
    in_force = article is None or article == "_T" or law.find_article(article, period.start, period.end)[1]
    return in_force and is_within(period.code, meaning.valid)
