"""Report codes of a form that are nowhere in a list or cube, which is how a file that was cut short shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipelines.declarations.base import is_within
from pipelines.declarations.label_template import Hit
from pipelines.model.content import Where
from pipelines.reading.standardise.collecting import Collector
from pipelines.reading.standardise.plan import OPEN_TABLES, Plan
from pipelines.reading.standardise.sums import group_numbers


def report_absent_members(
    plan: Plan, tables: Mapping[str, str], hits: Iterable[Hit], where: Where, collector: Collector
) -> None:
    """Report in one finding the declared codes that have no figure in a full return.

    `tables` maps each column or dimension of the form to its code table, `hits` are the members with a figure. A form
    that lets combinations be left out owes none of them; a form whose validity ended may share code tables with its
    successor, so that its files need not have every code.
    """
    if not _owes_all(plan) or not collector.numbers or collector.findings_of_severity("error"):
        return
    present = {key for hit in hits for key in hit.keys}
    periods = sorted(collector.periods)
    absent: list[tuple[str, str]] = []
    for heading, name in tables.items():
        if name in OPEN_TABLES or name not in plan.codes:
            continue
        for code, meaning in plan.codes[name].meanings_by_code().items():
            if (name, code) not in present and _is_valid(plan, name, code, periods):
                absent.append((heading, meaning.label))
    if absent:
        heading, label = absent[0]
        collector.add_finding("list.incomplete", where, seen=heading, expected=label, count=len(absent))


def report_broken_breakdowns(plan: Plan, where: Where, collector: Collector) -> None:
    """Report the declared sums of a list that lack some of their parts, all in one finding.

    Only if the other sums over the same dimension have all parts: the list then ends in the middle of a breakdown.
    """
    if not _owes_all(plan) or collector.findings_of_severity("error"):
        return
    for rule in plan.form.adds_up:
        if rule.parts == "*":
            continue
        groups = [(totals, parts) for totals, parts in group_numbers(collector.numbers, rule).values() if totals]
        broken = [(totals[0], set(rule.parts) - parts.keys()) for totals, parts in groups if parts]
        broken = [(total, absent) for total, absent in broken if absent]
        complete = sum(len(parts) == len(rule.parts) for _, parts in groups)
        if broken and complete > len(broken):
            count = sum(len(absent) for _, absent in broken)
            collector.add_finding("list.cut", where, seen=broken[0][0].label, dim=rule.dim, count=count)
            return


def _owes_all(plan: Plan) -> bool:
    form = plan.form
    return form.kind == "full" and form.absent_cell == "error" and form.valid.endswith("..")


def _is_valid(plan: Plan, name: str, code: str, periods: Sequence[str]) -> bool:
    meanings = [m for same_label in plan.codes[name].by_label.values() for m in same_label if m.key == code]
    return any(is_within(period, meaning.valid) for meaning in meanings for period in periods)
