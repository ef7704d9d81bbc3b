"""Import Great Expectations without two rarely used libraries, which take a third of the import.

Only `expect_column_kl_divergence_to_be_less_than`, which no contract uses, needs altair and scipy.stats. All modules of
this package take Great Expectations from here, except for the renderers that it loads by itself (`data_docs`).
"""

from __future__ import annotations

from typing import Any

from pipelines.core.late_imports import import_late

with import_late("altair", "scipy.stats"):
    import great_expectations as gx
    import great_expectations.expectations
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.row_conditions import Column

gxe: Any = great_expectations.expectations
"""The usual name; untyped, because Great Expectations does not export its expectations explicitly."""

__all__ = ["Column", "Expectation", "RunIdentifier", "gx", "gxe"]
