"""Put a finding of an answer into words: its message, its place, and a suggestion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.core.i18n import tell
from pipelines.findings.places import place_words
from pipelines.findings.texts import code_words, describe_finding, describe_seen, nearest_forms, translate_phrase
from pipelines.office.answers.located import describe_places, locate_figure
from pipelines.office.answers.model import LocalizedFinding, Suggestion
from pipelines.office.answers.suggesting import suggest_correction

if TYPE_CHECKING:
    from pipelines.findings.finding import Finding
    from pipelines.office.answers.declared import DeclaredWords
    from pipelines.reading.standardise.standardise import Reading

ACCEPTED_BEFORE = frozenset({"revision.changed"})
"""Rules that compare a figure with the same one in the return accepted before."""
AT_MOST = frozenset({"parts.exceeded", "plausible.outcome", "plausible.lag"})
"""Rules by which a figure may be as large as another one, or smaller."""
AT_LEAST = frozenset({"sum.exceeded", "plausible.year_so_far"})
"""Rules by which a figure may be as small as another one, or larger."""

BY_DAY = frozenset({"coverage.late"})
"""Rules by which a return may come on a day, or earlier."""


def localize_finding(
    finding: Finding, language: str, declared: DeclaredWords | None = None, reading: Reading | None = None
) -> LocalizedFinding:
    """Return a finding with its place, words and suggestion; `reading` has the figures of the return."""
    words = describe_finding(finding, language, omit_nearest=True)
    place, figure = place_words(finding.where, language), locate_figure(finding, reading, language)
    return LocalizedFinding(
        key=finding.key,
        rule=finding.rule,
        severity=finding.severity,
        scope=finding.scope,
        where=finding.where,
        place=place,
        message=words.message,
        remedy=words.remedy,
        seen=describe_seen(finding, language),
        expected=translate_phrase(finding.expected, language),
        suggestion=_suggestion(finding, language, declared),
        finding=finding,
        figure="" if figure is None else figure.words,
        places=place if figure is None or not figure.places else describe_places(figure, language),
    )


def name_expected(rule: str, language: str) -> str:
    """Return the heading of the value that a rule compares with: a limit, the same figure as accepted before, or else
    the value that is expected."""
    if rule in AT_MOST:
        return tell("Expected at most", language)
    if rule in AT_LEAST:
        return tell("Expected at least", language)
    if rule in BY_DAY:
        return tell("Expected by", language)
    return tell("Accepted before", language) if rule in ACCEPTED_BEFORE else tell("Expected", language)


def _suggestion(finding: Finding, language: str, declared: DeclaredWords | None) -> Suggestion | None:
    suggestion = suggest_correction(finding, declared)
    if suggestion is None or finding.rule != "return.not_recognised":
        return suggestion
    near = nearest_forms("; ".join((suggestion.value, *suggestion.others)), language)
    return replace(suggestion, value=near[0], others=tuple(near[1:]))


def severity_words(severity: str, language: str) -> str:
    """Return the word for error, warning or information."""
    return code_words("severity", severity, language)
