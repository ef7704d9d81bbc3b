"""Interpret number formats of spreadsheets, as described by ECMA-376 part 1, 18.8.31."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache

_TOKEN = re.compile(r'"[^"]*"|\\.|[_*].|\[[^\]]*\]|.', re.DOTALL)
"""Quoted text, an escaped sign, a blank of a width, a fill sign, a colour or condition, any other sign."""
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
_DIGITS = re.compile(r"[0#?@]|general|standard", re.IGNORECASE)
_SCALED = re.compile(r"[0#?],+(?![0#?,])")


@lru_cache(maxsize=512)
def is_percent(number_format: str) -> bool:
    """Return True if a number format shows percent: a `%` outside quoted text, not escaped."""
    return "%" in _TOKEN.findall(number_format)


@lru_cache(maxsize=2048)
def shows_another_number(number_format: str, value: float) -> bool:
    """Return True if a format hides a number (`;;;`), replaces it by text (`"12"`), or shows thousands of it (`0,`).

    Zero shown as nothing or as a sign does not count.
    """
    if value == 0:
        return False
    unquoted_signs = "".join(token for token in _select_section(number_format, value) if len(token) == 1)
    return not _DIGITS.search(unquoted_signs) or _SCALED.search(unquoted_signs) is not None


def _select_section(number_format: str, value: float) -> list[str]:
    """Return the section of a format, in tokens, that applies to a value other than zero.

    A single section applies to all numbers; of two or more, the second applies to negative numbers. A section with a
    condition applies to numbers that meet it, and the last one without a condition to all others.
    """
    sections: list[list[str]] = [[]]
    for token in _TOKEN.findall(number_format):
        if token == ";":  # noqa: S105 - a part of a number format
            sections.append([])
        else:
            sections[-1].append(token)
    conditions = [next(filter(None, map(_CONDITION.fullmatch, section)), None) for section in sections]
    if any(conditions):
        for section, condition in zip(sections, conditions, strict=True):
            if condition is None or _HOLDS[condition[1]](value, float(condition[2])):
                return section
        return []
    return sections[1] if value < 0 and len(sections) > 1 else sections[0]
