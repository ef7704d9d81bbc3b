"""Recognise which form a file is, by its words, and say why.

A file's name is never evidence: offices rename files, and so do the people who forward them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.core.text.folding import fold_text
from pipelines.declarations.base import is_within
from pipelines.declarations.form import Form
from pipelines.declarations.label_template import Matcher
from pipelines.declarations.registry import Registry
from pipelines.findings.finding import Finding
from pipelines.model.content import Content, Cube
from pipelines.reading.standardise.plan import Plan, plan_of
from pipelines.reading.standardise.sheets import has_letters

_LONGEST = 400
"""Longest text, in characters, that is still a heading or title; longer ones are prose."""
_NEAREST = 3
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
"""Placeholder of a template; shown to people as a gap."""


@dataclass(frozen=True, slots=True)
class Match:
    """Form that fits a file.

    `evidence` are the declared words in the file; `coverage` is the share of the form's declared words in the file (0
    to 1); `in_period` is True if a period named in the file is in the form's validity (None: the file names none).
    """

    form: Form
    evidence: tuple[str, ...]
    coverage: float
    in_period: bool | None
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The evidence as a phrase for people."""
        return ", ".join(f"'{word}'" for word in self.evidence)


@dataclass(frozen=True, slots=True)
class _WordBag:
    texts: frozenset[str]
    original: tuple[str, ...]


def _collect_words(content: Content) -> _WordBag:
    texts: dict[str, str] = {}
    for text in _iter_texts(content):
        if len(text) <= _LONGEST:
            texts.setdefault(fold_text(text), text)
    return _WordBag(frozenset(texts), tuple(texts))


def _iter_texts(content: Content) -> Iterable[str]:
    for value in content.properties.values():
        if isinstance(value, str):
            yield value
    if isinstance(content, Cube):
        for dimension in content.dimensions:
            yield dimension.id
            yield from dimension.labels.values()
            for member in dimension.members:
                yield member.code
                yield from member.labels.values()
        return
    for table in content.tables:
        yield table.name
        if table.title:
            yield table.title
            yield from table.title.splitlines()
        yield from filter(has_letters, {c.text for c in table.cells if c.kind == "text"})


def _is_in_bag(matcher: Matcher, bag: _WordBag) -> bool:
    if matcher.exact is not None:
        return matcher.exact in bag.texts
    return any(matcher.strict.fullmatch(text) for text in bag.original)


def recognise_forms(content: Content, filename: str | None, registry: Registry) -> list[Match]:
    """Return the forms whose words are all in the file, best first; empty if there is none.

    A form fits if it takes the file's format, every template of `recognise.all` is found whole in a cell, title, sheet
    name, dimension, member or property, and none of `recognise.none` is. They are ordered by: valid for a period that
    the file names; declared for this very format; for workbooks, the form's own mark; share of the declared words
    present. `filename` is only for callers' records.
    """
    bag = _collect_words(content)
    matches = [_match_form(plan_of(form, registry), bag) for form in _forms_of_format(registry, content.format)]
    fitting = [m for m in matches if m is not None and not m.missing]
    return sorted(fitting, key=lambda match: _sort_key(match, content.format))


def _forms_of_format(registry: Registry, format_: str) -> list[Form]:
    return [form for form in registry.forms.values() if form.accepts_format(format_)]


def _sort_key(match: Match, format_: str) -> tuple[int, bool, bool, float, int, str]:
    period = {True: 0, None: 1, False: 2}[match.in_period]
    form = match.form
    is_other_format, is_unmarked = format_ not in form.formats, form.second_of is None
    return period, is_other_format, is_unmarked, -round(match.coverage, 6), -len(match.evidence), form.id


def _match_form(plan: Plan, bag: _WordBag) -> Match | None:
    matchers_found = [m for m in plan.recognise_all if _is_in_bag(m, bag)]
    missing = [m.template for m in plan.recognise_all if m not in matchers_found]
    if any(_is_in_bag(m, bag) for m in plan.recognise_none):
        return None
    words = plan.words
    coverage = len(words & bag.texts) / len(words) if words else 0.0
    evidence = tuple(m.template for m in matchers_found)
    period = None if missing else _names_valid_period(plan, bag)
    return Match(plan.form, evidence, coverage, period, tuple(missing))


def _names_valid_period(plan: Plan, bag: _WordBag) -> bool | None:
    """Return True if a period named in the file is in the form's validity, None if the file names none."""
    form = plan.form
    matchers = _period_matchers(plan)
    period_codes: set[str] = set()
    for text in bag.original:
        coordinates: dict[str, str] = {}
        for matcher in matchers:
            hit = matcher.match_text(text)
            if hit is not None:
                coordinates.update(hit.said)
        code = plan.addresser.period_code(coordinates)
        if code is not None:
            period_codes.add(code)
    if not period_codes:
        return None
    return any(is_within(code, form.valid) and (len(code) == 4) == (form.freq == "A") for code in period_codes)


def _period_matchers(plan: Plan) -> Sequence[Matcher]:
    form = plan.form
    templates = [t.title for t in form.tables or ()] + [t.sheet for t in form.tables or ()]
    templates += [form.flat.title, *(c.template for c in form.flat.columns.values())] if form.flat else []
    templates += [form.records.title] if form.records else []
    templates += [d.template for d in form.cube.dims.values()] if form.cube else []
    templates += [*form.recognise.all, form.nil.words if form.nil else None]
    period_templates = {t for t in templates if t is not None and ("{year}" in t or "{period}" in t)}
    return [plan.compile_template(t) for t in sorted(period_templates)]


def not_recognised(content: Content, registry: Registry) -> Finding:
    """Return the finding for a file of no known form, with the most similar forms."""
    bag = _collect_words(content)
    scored = []
    for form in registry.forms.values():
        match = _match_form(plan_of(form, registry), bag)
        # If a file has no word of a form, having its format means nothing. Neither do single letters, nor codes such as
        # 1 and 2 in another format: a list of `a` and `b` was reported as similar to an SDMX-ML form.
        words = any(len(word) > 1 for word in match.evidence) if match is not None else False
        if match is not None and (words or (match.coverage and form.accepts_format(content.format))):
            share = len(match.evidence) / (len(match.evidence) + len(match.missing))
            scored.append((share + match.coverage + 0.5 * form.accepts_format(content.format), form, match))
    scored.sort(key=lambda s: (-s[0], s[1].id))
    near = []
    for score, form, match in scored[:_NEAREST]:
        # A form half as similar as the most similar one only shares some terms of the trade; naming it would mislead.
        if score >= scored[0][0] / 2:
            lacks = (
                f", lacks {', '.join(repr(_PLACEHOLDER.sub('…', w)) for w in match.missing[:2])}"
                if match.missing
                else ""
            )
            format_note = "" if form.accepts_format(content.format) else f", which comes as {'/'.join(form.formats)}"
            near.append(f"{form.id} ({form.title}{format_note}{lacks})")
    return Finding("return.not_recognised", "error", params={"nearest": "; ".join(near) or "none"}, seen=content.format)
