"""The suites by instrument. Imports neither polars nor Great Expectations, so that definitions may list them."""

from __future__ import annotations

from expectations import justice, register, victims
from expectations.common import Check

SUITES: dict[str, list[Check]] = {module.INSTRUMENT: module.build_suite() for module in (justice, victims, register)}
"""Instrument -> its checks."""


def list_rules(instrument: str) -> tuple[str, ...]:
    """Return the rules that the suite of an instrument checks, each once, in the order of the suite."""
    return tuple(dict.fromkeys(check.rule for check in SUITES[instrument]))
