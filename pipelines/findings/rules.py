"""The list of all rules: id -> severity, message, remedy, scope.

Readers declare their messages next to the code that raises them, in a `RULES` table per module; this module gathers
them.  Expectations are a layer above this package, which never imports them: they register their rules on import.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pipelines.findings.finding import Finding, RuleScope, Severity
from pipelines.findings.return_rules import RETURN_RULES
from pipelines.model.content import ReadError, Remark


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `message` and `remedy` are templates over the finding's parameters, `{seen}` and `{expected}`."""

    id: str
    severity: Severity
    message: str
    remedy: str
    scope: RuleScope = "file"


_REMARK_SEVERITY: dict[str, Severity] = {
    "read.hidden_sheet": "warning",
    "read.html.cut": "warning",
    "read.pdf.unknown_letters": "warning",
    "read.pdf.unread_figures": "warning",
    "read.px.confidential": "error",
}
"""Severity of remarks of readers that are not just information."""

RULES: dict[str, Rule] = {id_: Rule(id_, *words) for id_, words in RETURN_RULES.items()}
"""Rules of this package and those registered by others. `find_rule` adds the rules of readers on first use."""


def register_rules(rules: Mapping[str, Rule]) -> None:
    """Add rules of another package (expectations call this on import).

    Raises ValueError if an id is already used by a different rule.
    """
    for id_, rule_ in rules.items():
        if RULES.setdefault(id_, rule_) != rule_:
            raise ValueError(f"the rule {id_} is declared twice, with different words")


READER_PACKAGES = ("pipelines.reading.formats", "pipelines.reading.sandbox")
"""Packages whose modules declare a `RULES` table of (message, remedy). They are imported by name on first use, because
readers are a layer above this one and slow to import.
"""


@cache
def _gather_readers() -> None:
    for name in READER_PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            declared = getattr(importlib.import_module(module.name), "RULES", {})
            for id_, (message, remedy) in declared.items():
                RULES.setdefault(id_, Rule(id_, "error", message, remedy))


def find_rule(id_: str) -> Rule:
    """Return a rule by id; raises KeyError if it is not declared."""
    if id_ not in RULES:
        _gather_readers()
    if id_ not in RULES:
        raise KeyError(f"the rule {id_} is not declared by any part that was loaded")
    return RULES[id_]


def all_rules() -> dict[str, Rule]:
    """Return all rules by id, including those of readers."""
    _gather_readers()
    return dict(sorted(RULES.items()))


def list_history_rules() -> tuple[str, ...]:
    """Return the ids of the rules that compare with earlier returns, of the parts that were loaded, in order.

    Readers know one file only and are not loaded for this, which would take more than a tenth of a second.
    """
    return tuple(sorted(id_ for id_, rule in RULES.items() if rule.scope == "history"))


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def fill_parameters(template: str, finding: Finding) -> str:
    """Fill the parameters of a finding into a message or remedy in any language; missing ones become `?`."""
    return template.format_map(
        _Blank(
            finding.params
            | {"seen": finding.seen, "expected": finding.expected}
            | {k: v for k, v in finding.params.items() if v is not None}
        )
    )


def describe_in_english(finding: Finding) -> tuple[str, str]:
    """Return the message and remedy of a finding in English."""
    declared_rule = find_rule(finding.rule)
    return fill_parameters(declared_rule.message, finding), fill_parameters(declared_rule.remedy, finding)


def from_remark(remark: Remark) -> Finding:
    """Convert a remark of a reader to a finding."""
    severity = _REMARK_SEVERITY.get(remark.rule, "information")
    return Finding(remark.rule, severity, remark.where, dict(remark.params))


def from_read_error(error: ReadError) -> Finding:
    """Convert the error of an unreadable file to a finding."""
    return Finding(error.rule, "error", error.where, dict(error.params))
