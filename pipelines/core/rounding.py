"""Round numbers for display the way readers do: a half is rounded away from zero.

Python's `round` and its format codes round a half to the even neighbour, and they round the binary number, which is
often just below the decimal one: 0.625 becomes 0.62, and 2.675 becomes 2.67. Data files keep the number as it is.
"""

from __future__ import annotations

import math
import sys
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache


@lru_cache(maxsize=8192)
def round_half_up(value: float, digits: int = 0) -> float:
    """Return a number rounded to `digits` decimals, a half away from zero; infinite and undefined ones unchanged.

    The number is first taken to the 15 significant digits that a double holds for sure, so that 100 * 0.145, which is
    14.499999999999998, is rounded as 14.5. A negative zero becomes zero.
    """
    if not math.isfinite(value):
        return float(value)
    return float(_round_decimal(value, digits)) if _may_be_half(value, digits) else round(float(value), digits) + 0.0


@lru_cache(maxsize=8192)
def format_half_up(value: float, digits: int = 0) -> str:
    """Return a number with `digits` decimals and commas between thousands, rounded like `round_half_up`."""
    if math.isfinite(value) and _may_be_half(value, digits):
        return f"{_round_decimal(value, digits):,.{digits}f}"
    return f"{round(float(value), digits) + 0.0:,.{digits}f}"


def _may_be_half(value: float, digits: int) -> bool:
    """Return True if Python might round a number to the other neighbour: decimals are ten times as slow.

    A double of 15 significant digits is within a billionth of a step of its decimal number below 1,000,000 steps.
    """
    steps = abs(value) * 10.0**digits
    return steps >= 1e6 or abs(steps % 1.0 - 0.5) < 1e-8


def _round_decimal(value: float, digits: int) -> Decimal:
    number = Decimal(f"{value:.{sys.float_info.dig}g}")
    return number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP) + 0
