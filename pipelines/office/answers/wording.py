"""Put a finding of an answer into words: its message, its place, and a suggestion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.core.i18n import tell
from pipelines.findings.places import place_words
from pipelines.findings.texts import code_words, describe_finding, describe_seen, nearest_forms, translate_phrase
from pipelines.office.answers.model import LocalizedFinding, Suggestion
from pipelines.office.answers.suggesting import suggest_correction

if TYPE_CHECKING:
    from pipelines.findings.finding import Finding
    from pipelines.office.answers.declared import DeclaredWords

ACCEPTED_BEFORE = frozenset({"revision.changed"})
"""Rules that compare a figure with the same one in the return accepted before."""


def localize_finding(finding: Finding, language: str, declared: DeclaredWords | None = None) -> LocalizedFinding:
    """Return a finding with its place, words and suggestion."""
    words = describe_finding(finding, language, omit_nearest=True)
    return LocalizedFinding(
        key=finding.key,
        rule=finding.rule,
        severity=finding.severity,
        scope=finding.scope,
        where=finding.where,
        place=place_words(finding.where, language),
        message=words.message,
        remedy=words.remedy,
        seen=describe_seen(finding, language),
        expected=translate_phrase(finding.expected, language),
        suggestion=_suggestion(finding, language, declared),
        finding=finding,
    )


def name_expected(rule: str, language: str) -> str:
    """Return the heading of the value that a rule compares with: it is not expected if it was accepted before."""
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
