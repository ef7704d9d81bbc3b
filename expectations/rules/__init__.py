"""The rules of this package with their messages, registered in the list of `pipelines/findings/rules.py`.

Change RULES_VERSION with every change of a rule, a suite or a comparison: stored results are keyed by it.
"""

from __future__ import annotations

from expectations.rules import completeness, cooperation, figures, records
from pipelines.findings.rules import Rule

RULES_VERSION = "2026.8"

RULES: dict[str, Rule] = {
    rule.id: rule for rule in (*figures.RULES, *completeness.RULES, *records.RULES, *cooperation.RULES)
}
