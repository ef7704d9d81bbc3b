"""Faults planted in the demonstration returns, each with the place where it must be found.

Belongs here: editors of the formats, the catalogue of faults, the random mutations.  Does not belong here: the code
that finds them.  The editors share nothing with the readers under test.
"""
