"""Prepare a form for reading: code tables by folded label, compiled templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipelines.core.text.folding import find_nearest, fold_text
from pipelines.declarations.base import find_placeholders
from pipelines.declarations.coordinates import COORDINATES, HeadingLine
from pipelines.declarations.form import Form
from pipelines.declarations.label_template import Hit, LabelTable, Matcher, Meaning, compile_template, label_table
from pipelines.declarations.law import Law
from pipelines.declarations.registry import Registry
from pipelines.declarations.shapes import CrossedTable
from pipelines.reading.standardise.addressing import Addresser
from pipelines.reading.standardise.numbers import NumberReader

OPEN_TABLES = frozenset({"article", "offence"})
"""Code tables of which a return may leave out rows: an office lists only the articles that had cases."""


@dataclass(frozen=True, slots=True)
class LineMatch:
    """Declared line that matches a text: its declaration, the codes in its words, and the note marks at its end."""

    line: HeadingLine
    template: str
    hit: Hit
    marks: tuple[str, ...] = ()


class LineMatcher:
    """Declared columns or rows of one table, matched by text."""

    def __init__(
        self, declared: Mapping[str, HeadingLine], tables: Mapping[str, LabelTable], numbers: NumberReader
    ) -> None:
        self.declared = declared
        self._numbers = numbers
        self._exact: dict[str, tuple[str, HeadingLine]] = {}
        self._patterns: list[tuple[Matcher, HeadingLine]] = []
        for template, line in declared.items():
            matcher = compile_template(template, tables)
            if matcher.exact is not None:
                self._exact[matcher.exact] = (template, line)
            else:
                self._patterns.append((matcher, line))
        self._cache: dict[tuple[str, str | None], LineMatch | None] = {}
        self._expansions: list[str] | None = None

    def match_text(self, text: str, period: str | None) -> LineMatch | None:
        """Return the line that matches a text, tried as it is and then without note marks at its end."""
        cache_key = (text, period)
        if cache_key not in self._cache:
            line_match = self._match(text, period)
            for shortest in (False, True):
                if line_match is None:
                    body, marks = self._numbers.split_marks(text, shortest=shortest)
                    line_match = self._match(body, period, marks) if marks else None
            self._cache[cache_key] = line_match
        return self._cache[cache_key]

    def _match(self, text: str, period: str | None, marks: tuple[str, ...] = ()) -> LineMatch | None:
        exact = self._exact.get(fold_text(text))
        if exact is not None:
            return LineMatch(exact[1], exact[0], Hit({}), marks)
        for matcher, line in self._patterns:
            hit = matcher.match_text(text, period)
            if hit is not None:
                return LineMatch(line, matcher.template, hit, marks)
        return None

    def nearest_text(self, text: str) -> str | None:
        """Return the most similar declared text: a label of a template whose other words fit, else any text."""
        for matcher, _ in self._patterns:
            stranger = matcher.find_unknown_label(text)
            if stranger is not None and matcher.has_own_words():
                near = find_nearest(stranger[1], matcher.tables[stranger[0]].list_labels())
                if near is not None:
                    return near
        return find_nearest(text, self.list_expansions())

    def list_expansions(self) -> list[str]:
        """Return every declared text, with labels filled in."""
        if self._expansions is None:
            texts = [template for template, _ in self._exact.values()]
            for matcher, _ in self._patterns:
                texts += matcher.list_expansions()
            self._expansions = texts
        return self._expansions

    def expected_lines(self, period: str | None) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
        """Return what a period must have: literal lines, and the codes of closed code tables, each with its words.

        The first maps templates to themselves, the second (table, code) to the template with the label filled in.
        """
        from pipelines.declarations.base import is_within

        coded: dict[tuple[str, str], str] = {}
        excused: set[tuple[str, str]] = set()
        literals = {
            template: template
            for template, line in self._exact.values()
            if not line.optional and (period is None or is_within(period, line.valid))
        }
        for matcher, line in self._patterns:
            for name, table in matcher.tables.items():
                if name in OPEN_TABLES:
                    continue
                for key, meaning in table.meanings_by_code().items():
                    valid = period is None or any(is_within(period, m.valid) for m in _meanings_of(table, key))
                    if not valid or (period is not None and not is_within(period, line.valid)):
                        continue
                    if line.optional:
                        excused.add((name, key))
                    else:
                        words = matcher.template.replace(f"{{{name}}}", meaning.label)
                        coded.setdefault((name, key), words)
        return literals, {k: v for k, v in coded.items() if k not in excused}


def _meanings_of(table: LabelTable, key: str) -> Iterable[Meaning]:
    return (m for meanings in table.by_label.values() for m in meanings if m.key == key)


@dataclass(frozen=True, slots=True)
class TablePlan:
    """One declared table, compiled."""

    number: int
    declared: CrossedTable
    sheet: Matcher | None
    title: Matcher | None
    corner: Matcher
    stub: tuple[Matcher, ...]
    end: tuple[Matcher, ...]
    columns: LineMatcher
    rows: LineMatcher
    fixed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """Form prepared for reading."""

    form: Form
    numbers: NumberReader
    codes: Mapping[str, LabelTable]
    contacts: tuple[Matcher, ...]
    recognise_all: tuple[Matcher, ...]
    recognise_none: tuple[Matcher, ...]
    tables: tuple[TablePlan, ...]
    addresser: Addresser
    ignored_sheets: tuple[Matcher, ...]
    ignored_headings: tuple[Matcher, ...]
    words: frozenset[str] = field(repr=False)
    """Every declared heading and label, folded: what a file of this form is expected to contain."""

    def compile_template(self, template: str) -> Matcher:
        """Compile a template of this form."""
        return compile_template(template, self.codes)

    def is_contact(self, text: str) -> bool:
        """Return True if a cell is one of the compiler's own contact cells."""
        return any(m.match_text(text) is not None for m in self.contacts)

    def is_ignored_heading(self, text: str) -> bool:
        """Return True if a column with this heading is ignored."""
        return any(m.match_text(text) is not None for m in self.ignored_headings)


def plan_of(form: Form, registry: Registry) -> Plan:
    """Return the plan of a form, made once per registry."""
    plan = registry.plans.get(form.id)
    if plan is None or plan.form is not form:
        plan = registry.plans[form.id] = make_plan(form, registry.law_of(form.jurisdiction))
    assert isinstance(plan, Plan)  # nothing else is stored there
    return plan


def code_tables(form: Form, law: Law) -> dict[str, LabelTable]:
    """Return the form's code tables; `article` from the spellings of the law if the form has none."""
    tables = {name: label_table(name, _code_meanings(form, name)) for name in form.codes}
    if "article" not in tables:
        keys = law.by_key
        spelled = [
            Meaning(s, key, {"article": key}) for key, rows in keys.items() for row in rows for s in row.spellings
        ]
        unique = {(fold_text(m.label), m.key): m for m in spelled}
        tables["article"] = label_table("article", unique.values())
    return tables


def _code_meanings(form: Form, name: str) -> Iterable[Meaning]:
    for entry in form.table_entries(name):
        coordinates = entry.set.declared_codes() if entry.set is not None else {name: entry.code or ""}
        key = entry.code or ",".join(f"{k}={v}" for k, v in coordinates.items())
        for label in entry.labels:
            yield Meaning(label, key, coordinates if name in COORDINATES or entry.set is not None else {}, entry.valid)


def make_plan(form: Form, law: Law) -> Plan:
    """Make the plan of a form under a law."""
    codes = code_tables(form, law)
    numbers = NumberReader(form)
    tables = tuple(_make_table_plan(i, t, form, codes, numbers) for i, t in enumerate(form.tables or ()))

    def compile_all(templates: Iterable[str]) -> tuple[Matcher, ...]:
        return tuple(compile_template(t, codes) for t in templates)

    return Plan(
        form,
        numbers,
        codes,
        compile_all(form.contacts),
        compile_all(form.recognise.all),
        compile_all(form.recognise.none),
        tables,
        Addresser(form, law),
        compile_all(form.ignore.sheets),
        compile_all(form.ignore.headings),
        frozenset(_declared_words(form, codes)),
    )


def _make_table_plan(
    number: int, table: CrossedTable, form: Form, codes: Mapping[str, LabelTable], numbers: NumberReader
) -> TablePlan:
    def compile_optional(template: str | None) -> Matcher | None:
        return None if template is None else compile_template(template, codes)

    return TablePlan(
        number,
        table,
        compile_optional(table.sheet),
        compile_optional(table.title),
        compile_template(table.corner, codes),
        tuple(compile_template(t, codes) for t in table.stub),
        tuple(compile_template(t, codes) for t in table.end),
        LineMatcher(table.columns, codes, numbers),
        LineMatcher(table.rows, codes, numbers),
        {**form.fixed.declared_codes(), **table.fixed.declared_codes()},
    )


def _declared_words(form: Form, codes: Mapping[str, LabelTable]) -> Iterable[str]:
    for table in form.tables or ():
        yield fold_text(table.corner)
        for heading in (*table.columns, *table.rows, *table.stub):
            yield from (fold_text(p) for p in heading.split(" / ") if not find_placeholders(p))
    for part in (form.flat, form.records):
        if part is not None:
            yield from (fold_text(heading) for heading in part.columns)
    if form.cube is not None:
        yield from (fold_text(name) for name in form.cube.dims)
    for name, table_ in codes.items():
        if name in form.codes:
            yield from table_.by_label
