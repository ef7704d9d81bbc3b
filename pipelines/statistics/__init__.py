"""Statistical functions without side effects: tests, intervals, ratios, revisions, durations and cohorts.

Imports `core`, `model` and `declarations`.
"""
