"""Tests in `unit`, `integration` and `e2e`, which mirror the source tree; helpers in `support`, formulas in `oracles`.

`samples` writes the demonstration returns, `faults` plants faults in them, and `simulation` draws returns at random.
No test imports another.
"""
