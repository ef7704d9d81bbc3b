"""Pure functions of statistics: tests, and later intervals and durations.

Belongs here: arithmetic on arrays, with its source.  Does not belong here: files, tables of the warehouse, words.
"""
