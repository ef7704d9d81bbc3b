"""Report one cause once: of findings that have the same cause, keep the one that says most about it.

Rules judge independently of each other, so one wrong figure can break several of them. CAUSES lists the rules that then
give way to each other; every other finding stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.findings.finding import Finding, worst_first


@dataclass(frozen=True)
class Cause:
    """Rules that one cause can break, the one that says most about it first.

    `identify` returns what two findings of these rules share if they have the same cause, or None if a finding has a
    cause of its own.
    """

    rules: tuple[str, ...]
    identify: Callable[[Finding], object]


def _identify_place(finding: Finding) -> str | None:
    return str(finding.where) or None


def _identify_exchanged_sexes(finding: Finding) -> object:
    categories = {finding.params.get("category", "sex=F"), finding.params.get("other_category", "sex=M")}
    return finding.params["period"] if categories == {"sex=F", "sex=M"} else None


CAUSES = (
    Cause(
        (
            # The figures that contradict it are known.
            "plausible.stock",
            "plausible.stocks",
            "plausible.balance",
            # It is impossible or improbable by itself.
            "plausible.bounds",
            "plausible.jump",
            "plausible.jump_of_part",
            # It is improbable next to others.
            "plausible.lag",
            "structure.changed",
        ),
        _identify_place,
    ),
    Cause(("structure.exchanged", "plausible.exchanged"), _identify_exchanged_sexes),
)


def drop_explained(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings of a return without those whose cause another one reports, in the same order.

    A finding never gives way to a less severe one. Findings of one rule do not give way to each other.
    """
    explained: set[int] = set()
    for cause in CAUSES:
        rank = {rule: number for number, rule in enumerate(cause.rules)}
        rules_kept: dict[object, str] = {}
        concerned = sorted((f for f in findings if f.rule in rank), key=lambda f: rank[f.rule])
        for finding in worst_first(concerned):
            identity = cause.identify(finding)
            if identity is not None and rules_kept.setdefault(identity, finding.rule) != finding.rule:
                explained.add(id(finding))
    return [finding for finding in findings if id(finding) not in explained]
