"""Pure functions: tests, intervals, ratios, decompositions, revisions; durations and cohorts from records.

Belongs here: arithmetic on arrays and on frames of case events, with its source.
Does not belong here: files, tables of the warehouse, words.
"""
