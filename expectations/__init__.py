"""Contracts that a return must satisfy, and rules that compare it with its history; one module per instrument.

polars computes the tables (`tables.py`, `record_limits.py`, `coverage.py`, `comparisons.py`, `series.py`, `copies.py`),
Great Expectations checks the contracts on them (`contracts.py`, `engine.py`, `screening.py`), and `plausibility.py`
judges the comparisons.  Every failing row points back to its cell.
Suites are built from the code lists and from the bounds that each territory declares; neither is repeated here.
Errors in turning a file into rows are found where it is read (`pipelines/reading/standardise/`), so that each rule is
in one place only.
"""
