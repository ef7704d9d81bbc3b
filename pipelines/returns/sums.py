"""Checks over all numbers of a return: counts, duplicate keys, declared sums.

Belongs here: arithmetic within one return, only where the form declares it.
Does not belong here: plausibility (expectations), anything across returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from pipelines.returns.collecting import Collector
from pipelines.returns.form import AddsUp
from pipelines.returns.numbered import AT, KEY, Key, Number

_ALONG = {"article": ("law_article", "offence"), "offence": ("offence", "law_article")}
"""Dimensions that change together: an article brings its offence with it."""
_HIDES_PARTS = frozenset({"label.undeclared", "label.blank", "heading.undeclared", "cube.member_undeclared"})
_UNIT = AT["unit_measure"]


def check_counts(numbers: Sequence[Number], basket: Collector) -> None:
    """Counts are whole and not negative."""
    for number in numbers:
        value = number.value
        if value is None:
            continue
        if value < 0:
            basket.find("value.negative", number.where, seen=number.seen)
        elif number.key[_UNIT] == "NR" and value != int(value):
            basket.find("value.fraction", number.where, seen=number.seen)


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


def check_sums(numbers: Sequence[Number], rules: Sequence[AddsUp], basket: Collector) -> None:
    """Every declared sum: total equals parts where all parts are known, and is never less than those that are.

    A sum is judged everything else being equal, over observations and printed totals (`use: check`) alike. A part
    that was refused, or may hide behind an undeclared label, leaves the sum open: then it is only not exceeded.
    """
    strangers = any(f.rule in _HIDES_PARTS for f in basket.findings)
    for rule in rules:
        place = AT[rule.dim]
        left_out = {KEY.index(name) for name in _ALONG.get(rule.dim, (KEY[place],))}
        rest_of = itemgetter(*(i for i in range(len(KEY)) if i not in left_out))
        wanted = [(AT[name], code) for name, code in rule.where.said().items() if name in AT]
        parts = None if rule.parts == "*" else frozenset(rule.parts)
        groups: dict[tuple[str, ...], tuple[list[Number], dict[str, Number]]] = {}
        refused = {rest_of(key) for key in basket.refused if key[place] != rule.total}
        for number in numbers:
            key = number.key
            code = key[place]
            is_total = code == rule.total
            if not is_total and parts is not None and code not in parts:
                continue
            if wanted and any(key[at] != code_ for at, code_ in wanted):
                continue
            rest = rest_of(key)
            totals, found = groups.setdefault(rest, ([], {}))
            if is_total:
                totals.append(number)
            else:
                found[code] = number
        for rest, (totals, found) in groups.items():
            is_open = rest in refused or (parts is None and strangers)
            for total in totals:
                _judge(total, found, rule, parts, is_open, basket)


def _judge(
    total: Number,
    found: dict[str, Number],
    rule: AddsUp,
    parts: frozenset[str] | None,
    is_open: bool,
    basket: Collector,
) -> None:
    if not found or total.value is None:
        return
    known = [n.value for n in found.values() if n.value is not None]
    added = sum(known)
    whole = not is_open and len(known) == len(found) and (parts is None or parts == found.keys())
    if (whole and added != total.value) or (not whole and added > total.value):
        rule_id = "sum.differs" if whole else "sum.exceeded"
        words = ", ".join(f"{code} {_plain(n.value)} ({n.where})" for code, n in list(found.items())[:8])
        basket.find(
            rule_id,
            total.where,
            severity=rule.severity,
            seen=_plain(total.value),
            expected=_plain(added),
            dim=rule.dim,
            parts=words,
            label=total.label,
        )


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
