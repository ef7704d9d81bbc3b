"""Faults planted in the demonstration returns, each with the place where it must be found.

The editors share nothing with the readers under test.
"""
