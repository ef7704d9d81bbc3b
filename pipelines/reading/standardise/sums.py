"""Over all numbers of a return: duplicate keys, and what the declared sums come to."""

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
"""Dimensions that change together: an article brings its offence with it."""
HIDES_PARTS = frozenset({"label.undeclared", "label.blank", "heading.undeclared", "cube.member_undeclared"})
"""Findings after which parts may stand in the file that were not read."""


def check_duplicates(numbers: Sequence[Number], basket: Collector) -> list[Number]:
    """The numbers without those whose key has been there before; each of these is a finding with both places."""
    first: dict[tuple[Key, bool], Number] = {}
    out = []
    for number in numbers:
        other = first.setdefault((number.key, number.check), number)
        if other is number:
            out.append(number)
        else:
            basket.find("key.duplicate", number.where, other=str(other.where), what=number.label)
    return out


def declared_sums(
    numbers: Sequence[Number], rules: Sequence[AddsUp], refused: Sequence[Key] = (), *, hidden: bool = False
) -> pl.DataFrame:
    """Every declared sum of a return, in DECLARED_SUM: what stands as the total, and what its parts add up to.

    A sum is taken everything else being equal, over observations and printed totals (`use: check`) alike.  Where a part
    is missing, or was refused (`refused`: keys of cells that could not be believed), the total may exceed the rest and
    `whole` is false; so is it, of all parts present (`*`), where some may be `hidden`.  Nothing is decided here:
    `expectations/` does.
    """
    unread = [Number(key, None, "O", "F", Where(), "", "") for key in refused]
    rows: list[dict[str, object]] = []
    for rule in rules:
        wanted = None if rule.parts == "*" else frozenset(rule.parts)
        broken = {rest for rest, (_, found) in groups(unread, rule).items() if found}
        told = not (hidden and rule.parts == "*")
        rows += [
            _row(total, found, rule, whole=told and wanted in (None, found.keys()) and rest not in broken)
            for rest, (totals, found) in groups(numbers, rule).items()
            if found
            for total in totals
            if total.value is not None
        ]
    return pl.DataFrame(rows, schema=DECLARED_SUM)


def groups(numbers: Sequence[Number], rule: AddsUp) -> dict[tuple[str, ...], tuple[list[Number], dict[str, Number]]]:
    """Totals and parts of one rule, by the rest of their key; also of a workbook that is not filled in yet."""
    place = AT[rule.dim]
    left_out = {KEY.index(name) for name in _ALONG.get(rule.dim, (KEY[place],))}
    rest_of = itemgetter(*(i for i in range(len(KEY)) if i not in left_out))
    wanted = [(AT[name], code) for name, code in rule.where.said().items() if name in AT]
    parts, whole = None if rule.parts == "*" else frozenset(rule.parts), rule.total
    groups: dict[tuple[str, ...], tuple[list[Number], dict[str, Number]]] = {}
    for number in numbers:
        key = number.key
        code = key[place]
        is_total = code == whole
        if not is_total and parts is not None and code not in parts:
            continue
        if wanted and any(key[at] != code_ for at, code_ in wanted):
            continue
        totals, found = groups.setdefault(rest_of(key), ([], {}))
        if is_total:
            totals.append(number)
        else:
            found[code] = number
    return groups


def _row(total: Number, found: dict[str, Number], rule: AddsUp, *, whole: bool) -> dict[str, object]:
    known = [n.value for n in found.values() if n.value is not None]
    added, words = float(sum(known)), ""
    if added != total.value:
        words = ", ".join([f"{code} {_plain(n.value)} ({n.where})" for code, n in islice(found.items(), 8)])
    return {
        "place": str(total.where),
        "label": total.label,
        "dim": rule.dim,
        "total": total.value,
        "added": added,
        "whole": whole and len(known) == len(found),
        "severity": rule.severity,
        "parts": words,
    }


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
