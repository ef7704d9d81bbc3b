"""Collect the words that a form declares, as candidates for a suggestion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipelines.core.text.folding import fold_text
from pipelines.model.content import Where

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry
    from pipelines.reading.standardise.plan import Plan
    from pipelines.submissions.checking.report import Report

_MISSING = {"heading.missing", "label.missing", "label.absent"}


@dataclass(frozen=True)
class DeclaredWords:
    """Headings and labels as written in a form.

    `taken` are headings and labels that the return has, `missing` those it lacks, each as (sheet, folded words).
    """

    headings: tuple[str, ...]
    labels: tuple[str, ...]
    taken: frozenset[tuple[str | None, str]] = frozenset()
    missing: frozenset[tuple[str | None, str]] = frozenset()
    repeats: bool = False
    """True if labels occur many times, as in a list with one line per number."""

    @cached_property
    def by_fold(self) -> dict[str, str]:
        """Return each word, and each part of a path, by its folded form."""
        words = [*self.headings, *self.labels]
        return {fold_text(part): part for word in words for part in (word, *word.split(" / "))}

    def is_free(self, sheet: str | None, word: str, *, heading: bool) -> bool:
        """Return True if a word may be put on a sheet: it is missing from the return, or not yet on that sheet."""
        if self.repeats and not heading:
            return True
        candidate = (sheet, fold_text(word))
        return candidate in self.missing or candidate not in self.taken


def of_report(report: Report, registry: Registry | None = None) -> DeclaredWords | None:
    """Return the words of the form by which a report was made; None if no form was recognised or the form is not
    declared."""
    from pipelines.declarations.registry import load
    from pipelines.reading.standardise.plan import plan_of

    registry = registry or load()
    if report.form is None or report.form not in registry.forms:
        return None
    plan = plan_of(registry.forms[report.form], registry)
    headings, labels = _headings(plan), _labels(plan)
    missing = frozenset(
        (f.where.sheet, fold_text(f.expected)) for f in report.findings if f.rule in _MISSING and f.expected
    )
    return DeclaredWords(_unique(headings), _unique(labels), frozenset(_taken(report)), missing, not plan.tables)


def _headings(plan: Plan) -> Iterator[str]:
    for table in plan.tables:
        yield from table.columns.list_expansions()
    for part in (plan.form.flat, plan.form.records):
        if part is not None:
            yield from part.columns
    if plan.form.cube is not None:
        yield from plan.form.cube.dims


def _labels(plan: Plan) -> Iterator[str]:
    for table in plan.tables:
        yield from table.rows.list_expansions()
    if not plan.tables:
        for codes in plan.codes.values():
            yield from codes.list_labels()


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    """Return each word once, without those that contain the period placeholder, which are not candidates."""
    return tuple({fold_text(word): word for word in words if "{" not in word}.values())


def _taken(report: Report) -> Iterator[tuple[str | None, str]]:
    if report.reading is None:
        return
    pairs = report.reading.observations.select("place", "label").iter_rows()
    words_seen: set[tuple[str | None, str]] = set()
    for place, label in pairs:
        sheet = Where.from_text(place or "").sheet
        if (sheet, label) not in words_seen:
            words_seen.add((sheet, label))
            yield from ((sheet, fold_text(part)) for part in (label or "").split(" | "))
