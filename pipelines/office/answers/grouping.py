"""Group findings by cause, worst first, with the consequences of a cause folded under it.

The cascades were observed by planting faults into real returns: a changed heading is at once an unknown heading, a
missing one, and a column of numbers outside every table; a table moved by a column gave 28 findings for one cause; a
lost title leaves an undeclared table; an unread label makes a part exceed its whole.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipelines.core import i18n
from pipelines.core.i18n import mark
from pipelines.core.text.folding import fold_text
from pipelines.findings import rules
from pipelines.findings.finding import Finding
from pipelines.findings.texts import in_language
from pipelines.model.content import Scalar, Where
from pipelines.office.answers import declared as words_of_form
from pipelines.office.answers.located import find_rows
from pipelines.office.answers.model import Group, LocalizedFinding
from pipelines.office.answers.suggesting import suggest_correction
from pipelines.office.answers.wording import localize_finding
from pipelines.reading.formats.common import column_number

if TYPE_CHECKING:
    from pipelines.office.answers.declared import DeclaredWords
    from pipelines.reading.standardise.standardise import Reading
    from pipelines.submissions.checking.report import Report

_RANK = {"error": 0, "warning": 1, "information": 2}
_CAPPED = "findings.capped"
_OF_WORDS = frozenset({"label.undeclared", "heading.undeclared", "mark.undeclared", "cell.lookalike"})
"""Rules that are about the word seen; for other rules the value seen does not distinguish causes."""
_OF_LACKING = frozenset({"heading.missing", "label.missing", "label.absent"})
"""Rules that are about a word that is missing."""
_DEFERRED = mark(
    "First correct the label or heading that the form does not have: this problem will then probably disappear."
)
"""Remedy of a missing word whose row or column is there under a wrong one: the rule's own remedy is to add it, which
would give the row twice, once with a false 0."""
_VALUES = frozenset(
    {"value", "count", "n", "mean", "p", "low", "high", "other", "what", "label", "parts", "added", "id", "nearest"}
)
"""Parameters that identify the cell or the amount, not the kind of problem."""
_TAILS = frozenset({"nearest", "under"})
_MANY = 3
"""If one rule has more groups than this on one table, or in one file, they are merged into one."""
_LABEL_PARTS = re.compile(r" [|/] ")
"""Separators in a label that was put together from headings and the label of a row."""
_PLACE = re.compile(r"([A-Z]{1,3})(\d+)|R(\d+)C(\d+)|row (\d+) column (\d+)")


def _cell(where: Where) -> object:
    return (where.as_dict() and str(where)) or None


def _table(where: Where) -> object:
    return (where.sheet, where.page, where.table)


def _file(_where: Where) -> object:
    return "file"


@dataclass(frozen=True)
class _Cascade:
    """`causes` lead to `effects` within the same cell, table or file. A name ending in `.` covers all rules of its
    kind."""

    causes: tuple[str, ...]
    effects: tuple[str, ...]
    within: Callable[[Where], object]


_UNREAD = (
    "table.not_found", "table.title_missing", "heading.undeclared", "heading.missing", "label.undeclared",
    "label.blank", "cell.not_a_number", "cell.date", "cell.formula", "cell.error", "cell.merged_value", "cell.empty",
    "cell.boolean", "cell.percent", "cell.shown_otherwise", "cell.struck", "value.negative", "value.fraction",
)  # fmt: skip
"""Rules after which a number is missing, so that it cannot be compared with another."""
_CASCADES: tuple[_Cascade, ...] = (
    _Cascade(("table.not_found",), ("table.undeclared",), _file),
    _Cascade(("table.not_found", "table.title_missing"), ("table.undeclared", "cell.unbound"), _table),
    _Cascade(("heading.undeclared",), ("heading.missing",), _table),
    _Cascade(("label.undeclared", "label.blank"), ("label.missing", "label.absent"), _table),
    _Cascade(
        ("heading.undeclared", "heading.blank", "heading.missing"), ("cell.unbound", "key.duplicate", "sum."), _table
    ),
    _Cascade(
        ("table.title_missing", "heading.undeclared", "heading.missing"), ("form.incomplete", "period.missing"), _file
    ),
    _Cascade(("cell.hidden",), ("read.hidden_sheet",), _table),
    _Cascade(("cell.", "value.", "label.", "record."), ("plausible.", "sum."), _cell),
    _Cascade(
        ("coverage.too_early", "period.outside_form", "period.contradiction"),
        ("coverage.unexpected", "coverage.late", "plausible."),
        _file,
    ),
    _Cascade(_UNREAD, ("plausible.outcome", "plausible.lag", "plausible.stock", "plausible.year_so_far"), _file),
)


def group_findings(report: Report, language: str) -> list[Group]:
    """Put every finding of a report into one group, or under the group that causes it; worst first, then largest."""
    declared = words_of_form.of_report(report)
    capped = {str(f.params.get("rule")): int(f.params.get("count") or 0) for f in report.findings if f.rule == _CAPPED}
    findings = sorted((f for f in report.findings if f.rule != _CAPPED), key=_sort_by_place(report))
    meanings = _intended_words(findings, declared)
    causes = _causes(findings, meanings, report.reading)
    roots = [f for n, f in enumerate(findings) if causes[n] == n]
    result: list[Group] = []
    for members in _by_cause(roots, meanings):
        member_ids = {id(f) for f in members}
        effects = [f for n, f in enumerate(findings) if causes[n] != n and id(findings[causes[n]]) in member_ids]
        under = [
            _defer_remedy(_group(some, language, declared, meanings, report.reading), language)
            for some in _by_cause(effects, meanings)
        ]
        result.append(
            replace(
                _group(members, language, declared, meanings, report.reading), consequences=tuple(_worst_first(under))
            )
        )
    largest: dict[str, Group] = {}
    for group in (member_group for cause in result for member_group in (cause, *cause.consequences)):
        if group.rule not in largest or group.places > largest[group.rule].places:
            largest[group.rule] = group
    return _worst_first(_with_unlisted(group, capped, largest) for group in result)


def _defer_remedy(group: Group, language: str) -> Group:
    """Replace the remedy of a consequence if following it before the cause is corrected would make another error."""
    if group.rule not in _OF_LACKING:
        return group
    remedy = i18n.tell(_DEFERRED, language)  # marked above
    return replace(group, remedy=remedy, findings=tuple(replace(finding, remedy=remedy) for finding in group.findings))


def _with_unlisted(group: Group, capped: Mapping[str, int], largest: Mapping[str, Group]) -> Group:
    """Add the findings that were counted but not listed: counts are by rule, so the largest group of the rule gets
    them."""
    under = tuple(_with_unlisted(consequence, capped, largest) for consequence in group.consequences)
    more = capped.get(group.rule, 0) if largest[group.rule] is group else 0
    return replace(group, consequences=under, unlisted=more)


def _worst_first(groups_to_sort: Iterable[Group]) -> list[Group]:
    return sorted(groups_to_sort, key=lambda g: (_RANK[g.severity], -g.places))


# -------------------------------------------------------------------------------------------------------------- causes


def _causes(findings: Sequence[Finding], meanings: _Meant, reading: Reading | None) -> list[int]:
    """Return, for each finding, the number of the finding that finally causes it; its own number if it has no cause.

    Of several causes it is the one with the word that is expected, else with a label of the figures seen, else the
    first.
    """
    parent = list(range(len(findings)))
    for cascade in _CASCADES:
        first: dict[object, int] = {}
        by_word: dict[tuple[object, str], int] = {}
        for n, finding in enumerate(findings):
            if _named(finding.rule, cascade.causes) and (place := cascade.within(finding.where)) is not None:
                first.setdefault(place, n)
                by_word.setdefault((place, fold_text(meanings.get(id(finding), ""))), n)
        for n, finding in enumerate(findings):
            if parent[n] != n or not _named(finding.rule, cascade.effects):
                continue
            place = cascade.within(finding.where)
            words = [finding.expected or "", *(_list_labels(finding, reading) if cascade.within is _file else ())]
            candidates = (by_word.get((place, fold_text(word))) for word in words if word)
            cause = next((number for number in candidates if number is not None), first.get(place))
            if cause is not None and cause != n and _RANK[findings[cause].severity] <= _RANK[finding.severity]:
                parent[n] = cause
    return [_final_cause(parent, n) for n in range(len(findings))]


def _list_labels(finding: Finding, reading: Reading | None) -> list[str]:
    """Return the labels of the cells that make up the value seen, each of their parts alone."""
    labels = (row["label"] or "" for row in find_rows(finding, reading))
    return list(dict.fromkeys(part for label in labels for part in _LABEL_PARTS.split(label)))


def _final_cause(parent: Sequence[int], start: int) -> int:
    """Follow causes to the last one. Cascades lead from reading to judging and never back, so that this ends."""
    n, passed = start, {start}
    while parent[n] != n and parent[n] not in passed:
        n = parent[n]
        passed.add(n)
    return n


def _named(rule: str, names: Iterable[str]) -> bool:
    return any(rule.startswith(name) if name.endswith(".") else rule == name for name in names)


_Meant = Mapping[int, str]
"""By `id` of a finding, the declared word that it most likely means."""


def _intended_words(findings: Sequence[Finding], declared: DeclaredWords | None) -> _Meant:
    suggestions = ((f, suggest_correction(f, declared)) for f in findings if f.rule in _OF_WORDS)
    return {id(f): suggestion.value for f, suggestion in suggestions if suggestion is not None}


# -------------------------------------------------------------------------------------------------------------- groups


def _by_cause(findings: Sequence[Finding], meanings: _Meant) -> list[list[Finding]]:
    """Group findings with the same rule and parameters; if a rule has many such groups, by table, then all in one."""
    fine = _gather_by_key(findings, lambda finding: _identity(finding, meanings))
    causes: list[list[Finding]] = []
    for rule in dict.fromkeys((f.rule, f.severity) for f in findings):
        some = [g for g in fine if (g[0].rule, g[0].severity) == rule]
        for key in (_table, _file):
            by_place: dict[object, list[list[Finding]]] = {}
            for group in some:
                places = {key(f.where) for f in group}
                by_place.setdefault(places.pop() if len(places) == 1 else id(group), []).append(group)
            some = [m for alike in by_place.values() for m in ([_join_groups(alike)] if len(alike) > _MANY else alike)]
        causes += some
    return causes


def _join_groups(alike: Sequence[Sequence[Finding]]) -> list[Finding]:
    return [finding for group in alike for finding in group]


def _gather_by_key(findings: Sequence[Finding], key: Callable[[Finding], object]) -> list[list[Finding]]:
    findings_by_key: dict[object, list[Finding]] = {}
    for finding in findings:
        findings_by_key.setdefault(key(finding), []).append(finding)
    return list(findings_by_key.values())


def _identity(finding: Finding, meanings: _Meant) -> tuple[object, ...]:
    params = tuple(sorted((k, str(v)) for k, v in finding.params.items() if k not in _VALUES))
    word = fold_text(_wrong_word(finding, meanings)) if finding.rule in _OF_WORDS else None
    missing = finding.expected if finding.rule in _OF_LACKING else None
    return (finding.rule, finding.severity, params, word, missing)


def _wrong_word(finding: Finding, meanings: _Meant) -> str:
    """Return the wrong word: of a path, only its upper part if that differs from the form, else all of it."""
    have, want = (text.split(" / ") for text in (finding.seen or "", meanings.get(id(finding), "")))
    if len(have) == len(want):
        wrong = (part for part, right in zip(have[:-1], want[:-1], strict=True) if fold_text(part) != fold_text(right))
        return next(wrong, finding.seen or "")
    return finding.seen or ""


def _group(
    findings: Sequence[Finding],
    language: str,
    declared: DeclaredWords | None,
    meanings: _Meant,
    reading: Reading | None,
) -> Group:
    members = tuple(localize_finding(f, language, declared, reading) for f in findings)
    first = findings[0]
    title, remedy = _summarize_group(findings, members, language, meanings)
    parts = [first.rule, first.severity, first.where.as_dict(), first.seen, first.expected, first.params, len(findings)]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    anchor = "g-" + hashlib.sha256(text.encode()).hexdigest()[:12]
    return Group(anchor, first.rule, first.severity, title, remedy, members)


def _summarize_group(
    findings: Sequence[Finding], members: Sequence[LocalizedFinding], language: str, meanings: _Meant
) -> tuple[str, str]:
    """Return message and remedy for a group: parameters that its findings share stay, others become three dots.

    If too little would remain to be read, return those of the first finding and the number of similar ones.
    """
    if len({(m.message, m.remedy) for m in members}) == 1:
        return members[0].message, members[0].remedy
    localized = [in_language(f, language, apart=True) for f in findings]
    common = localized[0]
    names = {name for f in localized for name in f.params}
    params: dict[str, Scalar] = {
        n: _common_value([f.params.get(n) for f in localized], "" if n in _TAILS else "\u2026") for n in sorted(names)
    }
    common_seen = _common_value(
        [_wrong_word(f, meanings) if f.rule in _OF_WORDS else f.seen for f in findings], "\u2026"
    )
    expected = _common_value([f.expected for f in localized], "\u2026")
    try:
        rule = rules.find_rule(common.rule)
    except KeyError:
        return members[0].message, members[0].remedy  # a rule of an earlier version, of which only the id is known
    over = replace(common, params=params, seen=common_seen, expected=expected)
    title = rules.fill_parameters(i18n.gettext(rule.message, language), over)
    if title.count("\u2026") > 1:
        more = len(members) - 1
        title = i18n.many(
            "{first} And {n} more like it.",
            "{first} And {n} more like these.",
            more,
            language,
            first=members[0].message,
        )
    return title, rules.fill_parameters(i18n.gettext(rule.remedy, language), over)


def _common_value(values: Sequence[object], otherwise: str) -> str | None:
    first = values[0]
    if any(value != first for value in values):
        return otherwise
    return None if first is None else str(first)


# --------------------------------------------------------------------------------------------------------------- order


def _sort_by_place(report: Report) -> Callable[[Finding], tuple[object, ...]]:
    """Sort findings in the order of the file: sheets as they were read, then row and column, or page and height, or
    line."""
    places: list[Where] = []
    if report.reading is not None:
        places = [Where.from_text(p) for p in report.reading.observations["place"].unique(maintain_order=True) if p]
    sheets = dict.fromkeys(w.sheet for w in (*places, *(f.where for f in report.findings)) if w.sheet is not None)
    number = {name: n for n, name in enumerate(sheets)}

    def make_sort_key(finding: Finding) -> tuple[object, ...]:
        where = finding.where
        return (
            -1 if where.sheet is None else number[where.sheet],
            where.page or 0,
            where.box[1] if where.box is not None else 0.0,
            where.box[0] if where.box is not None else 0.0,
            where.table or 0,
            *_position(where.cell),
            where.line or 0,
            where.column or 0,
        )

    return make_sort_key


def _position(cell: str | None) -> tuple[int, int]:
    match = _PLACE.fullmatch(cell or "")
    if match is None:
        return 0, 0
    letters, row, *remainder = match.groups()
    if letters is not None:
        return int(row), column_number(letters)
    row, column = (int(part) for part in remainder if part is not None)
    return row, column
