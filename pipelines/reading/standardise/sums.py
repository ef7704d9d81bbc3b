"""Check all numbers of a return: duplicate keys, and declared sums."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from operator import itemgetter

import polars as pl

from pipelines.declarations.form import AddsUp
from pipelines.model.content import Where
from pipelines.model.long_tables import DECLARED_SUM
from pipelines.reading.standardise.collecting import Collector
from pipelines.reading.standardise.numbered import AT, KEY, Key, Number

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
    return pl.DataFrame(rows, schema=DECLARED_SUM)


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
