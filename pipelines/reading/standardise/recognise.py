"""Which form a file is, by its words, and why.

A file's name is never evidence: offices rename files, people rename them again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.core.text.folding import fold
from pipelines.declarations.base import within
from pipelines.declarations.form import Form
from pipelines.declarations.label_template import Matcher
from pipelines.declarations.registry import Registry
from pipelines.findings.finding import Finding
from pipelines.model.content import Content, Cube
from pipelines.reading.standardise.plan import Plan, plan_of
from pipelines.reading.standardise.sheets import has_letters

_LONGEST = 400
"""Characters of a text that is still a heading or title; longer ones are prose."""
_NEAREST = 3
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
"""What a template leaves open; people are shown a gap."""


@dataclass(frozen=True, slots=True)
class Match:
    """A form that fits. `evidence` are the declared words found; `coverage` the share of its declared words in the
    file (0 to 1); `in_period` whether a period named in the file lies in its validity (None: none was named)."""

    form: Form
    evidence: tuple[str, ...]
    coverage: float
    in_period: bool | None
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The evidence in one sentence part, for people."""
        return ", ".join(f"'{word}'" for word in self.evidence)


@dataclass(frozen=True, slots=True)
class _Bag:
    texts: frozenset[str]
    original: tuple[str, ...]


def _bag(content: Content) -> _Bag:
    texts: dict[str, str] = {}
    for text in _texts(content):
        if len(text) <= _LONGEST:
            texts.setdefault(fold(text), text)
    return _Bag(frozenset(texts), tuple(texts))


def _texts(content: Content) -> Iterable[str]:
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


def _found(matcher: Matcher, bag: _Bag) -> bool:
    if matcher.exact is not None:
        return matcher.exact in bag.texts
    return any(matcher.strict.fullmatch(text) for text in bag.original)


def recognise(content: Content, filename: str | None, registry: Registry) -> list[Match]:
    """The forms whose words are all in the file, best first; empty where there is none.

    A form fits if it takes the file's format, every template of `recognise.all` is found whole in a cell, title, sheet
    name, dimension, member or property, and none of `recognise.none` is. Of several, first those valid for a period
    that the file names, then those declared for its very format, then a workbook by its own mark, then the one more of
    whose declared words are there. `filename` is only for callers' records.
    """
    bag = _bag(content)
    matches = [_match(plan_of(form, registry), bag) for form in _of_format(registry, content.format)]
    fitting = [m for m in matches if m is not None and not m.missing]
    return sorted(fitting, key=lambda match: _order(match, content.format))


def _of_format(registry: Registry, format_: str) -> list[Form]:
    return [form for form in registry.forms.values() if form.takes(format_)]


def _order(match: Match, format_: str) -> tuple[int, bool, bool, float, int, str]:
    period = {True: 0, None: 1, False: 2}[match.in_period]
    form = match.form
    other, unmarked = format_ not in form.formats, form.second_of is None
    return period, other, unmarked, -round(match.coverage, 6), -len(match.evidence), form.id


def _match(plan: Plan, bag: _Bag) -> Match | None:
    found = [m for m in plan.recognise_all if _found(m, bag)]
    missing = [m.template for m in plan.recognise_all if m not in found]
    if any(_found(m, bag) for m in plan.recognise_none):
        return None
    words = plan.words
    coverage = len(words & bag.texts) / len(words) if words else 0.0
    evidence = tuple(m.template for m in found)
    period = None if missing else _in_period(plan, bag)
    return Match(plan.form, evidence, coverage, period, tuple(missing))


def _in_period(plan: Plan, bag: _Bag) -> bool | None:
    """Whether a period that the file's words name lies in the form's validity."""
    form = plan.form
    matchers = _period_matchers(plan)
    named: set[str] = set()
    for text in bag.original:
        said: dict[str, str] = {}
        for matcher in matchers:
            hit = matcher.hit(text)
            if hit is not None:
                said.update(hit.said)
        code = plan.addresser.period_code(said)
        if code is not None:
            named.add(code)
    if not named:
        return None
    return any(within(code, form.valid) and (len(code) == 4) == (form.freq == "A") for code in named)


def _period_matchers(plan: Plan) -> Sequence[Matcher]:
    form = plan.form
    templates = [t.title for t in form.tables or ()] + [t.sheet for t in form.tables or ()]
    templates += [form.flat.title, *(c.template for c in form.flat.columns.values())] if form.flat else []
    templates += [form.records.title] if form.records else []
    templates += [d.template for d in form.cube.dims.values()] if form.cube else []
    templates += [*form.recognise.all, form.nil.words if form.nil else None]
    wanted = {t for t in templates if t is not None and ("{year}" in t or "{period}" in t)}
    return [plan.compile(t) for t in sorted(wanted)]


def not_recognised(content: Content, registry: Registry) -> Finding:
    """The finding for a file that is no known form, with the forms it is nearest to."""
    bag = _bag(content)
    scored = []
    for form in registry.forms.values():
        match = _match(plan_of(form, registry), bag)
        # Of a file that has no word of a form, being of its format says nothing. A letter is no word, and codes such as
        # 1 and 2 say nothing where the format is another, too: a list of `a` and `b` was told to be near to an SDMX-ML.
        words = any(len(word) > 1 for word in match.evidence) if match is not None else False
        if match is not None and (words or (match.coverage and form.takes(content.format))):
            share = len(match.evidence) / (len(match.evidence) + len(match.missing))
            scored.append((share + match.coverage + 0.5 * form.takes(content.format), form, match))
    scored.sort(key=lambda s: (-s[0], s[1].id))
    near = []
    for score, form, match in scored[:_NEAREST]:
        # A form half as near as the nearest only has some words of the trade in it: naming it misleads.
        if score >= scored[0][0] / 2:
            lacks = (
                f", lacks {', '.join(repr(_PLACEHOLDER.sub('…', w)) for w in match.missing[:2])}"
                if match.missing
                else ""
            )
            other = "" if form.takes(content.format) else f", which comes as {'/'.join(form.formats)}"
            near.append(f"{form.id} ({form.title}{other}{lacks})")
    return Finding("return.not_recognised", "error", params={"nearest": "; ".join(near) or "none"}, seen=content.format)
