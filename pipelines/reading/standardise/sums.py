"""Check all numbers of a return: duplicate keys, and declared sums."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from operator import itemgetter

import polars as pl

from pipelines.core.codes import read_codelist
from pipelines.declarations.form import AddsUp
from pipelines.model.content import Where
from pipelines.model.long_tables import DECLARED_SUM
from pipelines.reading.standardise.collecting import Collector
from pipelines.reading.standardise.numbered import AT, KEY, Key, Number

_NO_LIMIT = 1_000
"""Upper limit of an age group without one."""
_ALONG = {"article": ("law_article", "offence"), "offence": ("offence", "law_article")}
"""Dimensions that change together: an article determines its offence."""
HIDES_PARTS = frozenset({"label.undeclared", "label.blank", "heading.undeclared", "cube.member_undeclared"})
"""Findings after which the file may contain parts that were not read."""


def check_duplicates(numbers: Sequence[Number], collector: Collector) -> list[Number]:
    """Return the numbers without repeated keys; add a finding with both places for each repetition."""
    first: dict[tuple[Key, bool], Number] = {}
    distinct_numbers = []
    for number in numbers:
        first_number = first.setdefault((number.key, number.check), number)
        if first_number is number:
            distinct_numbers.append(number)
        else:
            collector.add_finding("key.duplicate", number.where, other=str(first_number.where), what=number.label)
    return distinct_numbers


def declared_sums(
    numbers: Sequence[Number], rules: Sequence[AddsUp], refused: Sequence[Key] = (), *, hidden: bool = False
) -> pl.DataFrame:
    """Return every declared sum of a return, in DECLARED_SUM: the stated total, and the sum of its parts.

    A sum is taken with all other coordinates equal, over observations and printed totals (`use: check`) alike. If a
    part is missing, or was refused (`refused`: keys of cells that could not be believed), the total may exceed the sum
    of the others and `whole` is false; so it is for a sum of all parts present (`*`) if some may be `hidden`. This
    function only computes; `expectations/` decides.
    """
    refused_numbers = [Number(key, None, "O", "F", Where(), "", "") for key in refused]
    rows: list[dict[str, object]] = []
    for rule in rules:
        part_codes = None if rule.parts == "*" else frozenset(rule.parts)
        incomplete_keys = {
            rest_of_key for rest_of_key, (_, parts) in group_numbers(refused_numbers, rule).items() if parts
        }
        is_complete_list = not (hidden and rule.parts == "*")
        rows += [
            _sum_row(
                total,
                parts,
                rule,
                whole=is_complete_list and part_codes in (None, parts.keys()) and rest_of_key not in incomplete_keys,
            )
            for rest_of_key, (totals, parts) in group_numbers(numbers, rule).items()
            if parts
            for total in totals
            if total.value is not None
        ]
    if not (refused or hidden or any(row["whole"] and row["total"] != row["added"] for row in rows)):
        rows += _largest_difference_between_tables(numbers, rules)
    return pl.DataFrame(rows, schema=DECLARED_SUM)


def _largest_difference_between_tables(numbers: Sequence[Number], rules: Sequence[AddsUp]) -> list[dict[str, object]]:
    """Return the sum of a total that no cell has and that differs most from what another table gives; none if equal.

    A table of minors by sex and a table of all victims by finer ages share no cell, but both give the number of minors:
    there it is derived by adding up men and women. Headings exchanged in one of the two are seen only here.
    """
    explicit_rules = [rule for rule in rules if rule.parts != "*"]
    keys = {number.key for number in numbers}
    derived: dict[Key, tuple[Number, AddsUp]] = {}
    for rule in explicit_rules:
        for totals, parts in group_numbers(numbers, rule).values():
            if not totals and _has_all_parts(parts, rule):
                first = next(iter(parts.values()))
                key = (*first.key[: AT[rule.dim]], rule.total, *first.key[AT[rule.dim] + 1 :])
                if key not in keys:
                    value = sum(number.value or 0.0 for number in parts.values())
                    derived.setdefault(key, (first._replace(key=key, value=value), rule))
    if not derived:
        return []
    all_numbers = [*numbers, *(number for number, _ in derived.values())]
    ages = {number.key[AT["age"]] for number in numbers}
    differing: list[tuple[float, dict[str, object]]] = []
    for rule in [*explicit_rules, *_implied_age_rules(ages, explicit_rules)]:
        for totals, parts in group_numbers(all_numbers, rule).values():
            sources = [derived.get(number.key) for number in (*totals, *parts.values())]
            if all(source is None or source[1] is rule for source in sources) or not _has_all_parts(parts, rule):
                continue
            for total in totals:
                row = _sum_row(total, parts, rule, whole=True)
                if total.value is not None and row["total"] != row["added"]:
                    differing.append((abs(total.value - sum(n.value or 0.0 for n in parts.values())), row))
    return [max(differing, key=itemgetter(0))[1]] if differing else []


def _has_all_parts(parts: Mapping[str, Number], rule: AddsUp) -> bool:
    return parts.keys() == frozenset(rule.parts) and all(number.value is not None for number in parts.values())


def _implied_age_rules(ages: Collection[str], declared: Sequence[AddsUp]) -> list[AddsUp]:
    """Return the sums of ages that hold by their limits, such as 0 to 13 and 14 to 17, without the `declared` ones."""
    codelist = read_codelist("age")
    limits = {
        age: (int(codelist[age]["lower"]), int(codelist[age]["upper"] or _NO_LIMIT))
        for age in sorted(ages)
        if codelist[age]["lower"]
    }
    declared_sets = {(rule.total, frozenset(rule.parts)) for rule in declared if rule.dim == "age"}
    rules = []
    for total, (lower, upper) in sorted(limits.items(), key=itemgetter(1)):
        parts: list[str] = []
        at = lower
        while at < upper:
            bands = [(high, age) for age, (low, high) in limits.items() if low == at and high <= upper and age != total]
            if not bands:
                break
            at, age = min(bands)
            parts.append(age)
        if at == upper and len(parts) > 1 and (total, frozenset(parts)) not in declared_sets:
            rules.append(AddsUp(dim="age", total=total, parts=tuple(parts)))
    return rules


def group_numbers(
    numbers: Sequence[Number], rule: AddsUp
) -> dict[tuple[str, ...], tuple[list[Number], dict[str, Number]]]:
    """Group totals and parts of one rule by the rest of their key; also for a workbook that is not filled in yet."""
    place = AT[rule.dim]
    excluded = {KEY.index(name) for name in _ALONG.get(rule.dim, (KEY[place],))}
    rest_of_key = itemgetter(*(i for i in range(len(KEY)) if i not in excluded))
    conditions = [(AT[name], code) for name, code in rule.where.declared_codes().items() if name in AT]
    parts, total_code = None if rule.parts == "*" else frozenset(rule.parts), rule.total
    groups_by_rest: dict[tuple[str, ...], tuple[list[Number], dict[str, Number]]] = {}
    for number in numbers:
        key = number.key
        code = key[place]
        is_total = code == total_code
        if not is_total and parts is not None and code not in parts:
            continue
        if conditions and any(key[at] != code_ for at, code_ in conditions):
            continue
        totals, part_numbers = groups_by_rest.setdefault(rest_of_key(key), ([], {}))
        if is_total:
            totals.append(number)
        else:
            part_numbers[code] = number
    return groups_by_rest


def _sum_row(total: Number, part_numbers: dict[str, Number], rule: AddsUp, *, whole: bool) -> dict[str, object]:
    """Build a row of DECLARED_SUM; list at most eight parts if total and sum differ."""
    part_values = [n.value for n in part_numbers.values() if n.value is not None]
    parts_sum, parts_text = float(sum(part_values)), ""
    if parts_sum != total.value:
        parts_text = ", ".join(
            [f"{code} {_format_number(n.value)} ({n.where})" for code, n in islice(part_numbers.items(), 8)]
        )
    return {
        "place": str(total.where),
        "label": total.label,
        "dim": rule.dim,
        "total": total.value,
        "added": parts_sum,
        "whole": whole and len(part_values) == len(part_numbers),
        "severity": rule.severity,
        "parts": parts_text,
        "cells": [{"place": str(n.where), "label": n.label, "value": n.value} for n in part_numbers.values()],
    }


def _format_number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
